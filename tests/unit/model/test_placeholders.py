# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of placeholders for ids that EC2 assigns."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.placeholders import (
    UnresolvedRef,
    is_placeholder,
    parse_placeholder,
    with_placeholders,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import add_placeholders, plan_unresolved
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION, TARGET
from hypothesis import given
from hypothesis import strategies as st

OPTIONS = {"state": "present", "purge_tags": True, "allow_replacement": False, "adopt": False}
NEW_FILTER = "tmf-(known after apply: dns)"
ENI = "eni-" + "1" * 17


def desired_state(resource_type, check_mode=True, **options):
    return DesiredState.from_options(resource_type, {**OPTIONS, **options}, check_mode)


@given(name=st.text(), prefix=st.sampled_from(["tms", "tmf", "tmt", "tmfr"]))
def test_text_of_a_reference_is_parsed_to_the_same_reference(name, prefix):
    """Names may have parentheses, newlines and text that looks like a placeholder."""
    text = str(UnresolvedRef(name, prefix))
    assert parse_placeholder(text, prefix) == UnresolvedRef(name, prefix, registered=True)
    assert is_placeholder(text) and str(parse_placeholder(text, prefix)) == text


@pytest.mark.parametrize(
    "value",
    [None, 1, [], "", "tmf-", "tmf-0a1b2c3d4e5f60718", "tmf-(known after apply: dns", "xtmf-(known after apply: dns)"],
)
def test_other_values_are_no_placeholders(value):
    assert parse_placeholder(value, "tmf") is None and not is_placeholder(value)


@pytest.mark.parametrize("prefix", ["eni", "vpce", "i", "x"])
def test_only_ids_of_this_collections_resources_have_placeholders(prefix):
    text = f"{prefix}-(known after apply: web)"
    assert not is_placeholder(text) and parse_placeholder(text, prefix) is None


def test_text_replaces_references_at_any_depth():
    reference = UnresolvedRef("dns", "tmf")
    value = {"a": [reference, {"b": reference}], "c": (reference, 1), "d": "x", "e": None}
    assert with_placeholders(value) == {"a": [NEW_FILTER, {"b": NEW_FILTER}], "c": [NEW_FILTER, 1], "d": "x", "e": None}


@pytest.mark.parametrize(
    ("resource_type", "option", "prefix"),
    [
        (SESSION, "traffic_mirror_session_id", "tms"),
        (SESSION, "traffic_mirror_filter_id", "tmf"),
        (SESSION, "traffic_mirror_target_id", "tmt"),
        (FILTER, "traffic_mirror_filter_id", "tmf"),
        (TARGET, "traffic_mirror_target_id", "tmt"),
    ],
)
def test_id_options_accept_placeholders_of_their_type_only_in_check_mode(resource_type, option, prefix):
    placeholder = f"{prefix}-(known after apply: a b)"
    desired = desired_state(resource_type, **{option: placeholder})
    reference = UnresolvedRef("a b", prefix, registered=True)
    assert reference in (desired.unresolved_id, desired.values.get(option))
    with pytest.raises(ValidationError, match=f"^{option}: tm.*a b. is a placeholder that check mode returned"):
        desired_state(resource_type, check_mode=False, **{option: placeholder})
    other = "tmt" if prefix != "tmt" else "tmf"
    for check_mode in (True, False):
        with pytest.raises(ValidationError, match=f"^{option} must be {prefix}- followed by"):
            desired_state(resource_type, check_mode, **{option: f"{other}-(known after apply: a b)"})


@pytest.mark.parametrize("option", ["network_interface_id", "gateway_load_balancer_endpoint_id"])
def test_options_of_other_resources_refuse_placeholders(option):
    prefix = "eni" if option == "network_interface_id" else "vpce"
    with pytest.raises(ValidationError, match=f"^{option} must be {prefix}- followed by"):
        desired_state(TARGET, **{option: f"{prefix}-(known after apply: web)"})


def test_new_resources_get_placeholders_by_name_or_natural_key():
    rule = {"direction": "ingress", "rule_number": 1, "tags": {}}
    row = add_placeholders(FILTER, {"description": "", "rules": [rule], "tags": {"Name": "dns"}})
    assert row["traffic_mirror_filter_id"] == NEW_FILTER and "arn" not in row
    assert row["rules"][0]["traffic_mirror_filter_rule_id"] == "tmfr-(known after apply: ingress 1)"
    row = add_placeholders(SESSION, {"network_interface_id": ENI, "session_number": 2, "tags": {}})
    assert row["traffic_mirror_session_id"] == f"tms-(known after apply: {ENI} 2)"
    assert add_placeholders(TARGET, {"network_interface_id": ENI, "tags": {}})["traffic_mirror_target_id"] == (
        f"tmt-(known after apply: {ENI})"
    )
    existing = {"traffic_mirror_target_id": "tmt-1", "tags": {}}
    assert add_placeholders(TARGET, existing) == existing


def test_pending_resource_is_unchanged_with_a_warning_and_its_deletion_is_a_change():
    desired = desired_state(FILTER, traffic_mirror_filter_id=NEW_FILTER, tags={"a": "b"})
    plan = plan_unresolved(desired)
    assert plan.actions == () and plan.before == plan.after and len(plan.warnings) == 1
    assert "filter tmf-(known after apply: dns) does not exist yet" in plan.warnings[0]
    plan = plan_unresolved(desired_state(FILTER, traffic_mirror_filter_id=NEW_FILTER, state="absent"))
    (action,) = plan.actions
    assert action.operation == "DeleteTrafficMirrorFilter" and action.pending and plan.after is None
