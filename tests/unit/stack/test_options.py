# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documents that are refused without a call, and how entries are parsed."""

from __future__ import annotations

import re

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._stack.options import Stack

from tests.unit.resources.rule_options import rule
from tests.unit.stack.runs import (
    APP1,
    BALANCER,
    LAB_FILTER,
    LAB_TARGET,
    SENSOR,
    WEB,
    filter_entry,
    options,
    session_entry,
    target_entry,
)

LONG = "n" * 257
PLACEHOLDER = "tmf-(known after apply: f)"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": ""}, "name must have 1 to 256 characters, not 0"),
        ({"name": LONG}, "name must have 1 to 256 characters, not 257"),
        ({"name": "a\0"}, "name must not"),
        ({"adopt_stacks": ["old", ""]}, r"adopt_stacks\[1\] must have 1 to 256 characters, not 0"),
        ({"wait_timeout": 0}, "wait_timeout must be 1 to"),
        ({"max_deletes": "many"}, "max_deletes must be a number"),
        ({"max_deletes": "101%"}, "max_deletes must be a number"),
        ({"filters": [filter_entry()]}, r"filters\[0\]: name or traffic_mirror_filter_id is required"),
        (
            {"targets": [target_entry("t"), target_entry(network_interface_id=SENSOR)]},
            r"targets\[1\]: name or traffic_mirror_target_id is required",
        ),
        (
            {"sessions": [session_entry(None, "f", "t", WEB, 1)]},
            r"sessions\[0\]: name or traffic_mirror_session_id is required",
        ),
        ({"filters": [filter_entry("f"), filter_entry("f")]}, "filters: several entries have name f"),
        (
            {"filters": [filter_entry("f", traffic_mirror_filter_id=LAB_FILTER), filter_entry(LONG)]},
            f"filters: {'n' * 10}.*name must have 1 to 256 characters",
        ),
        (
            {"filters": [filter_entry(one, traffic_mirror_filter_id=LAB_FILTER) for one in "ab"]},
            f"filters: several entries have traffic_mirror_filter_id {LAB_FILTER}",
        ),
        (
            {"targets": [target_entry(one, network_interface_id=SENSOR) for one in "ab"]},
            f"targets: several entries have network_interface_id {SENSOR}",
        ),
        (
            {"targets": [target_entry(one, network_load_balancer_arn=BALANCER) for one in "ab"]},
            "targets: several entries have network_load_balancer_arn arn:aws",
        ),
        (
            {"sessions": [session_entry(one, "f", "t", WEB, 7) for one in "ab"]},
            f"sessions: several entries have network_interface_id and session_number {WEB} and 7",
        ),
        (
            {"sessions": [session_entry(one, "f", "t", WEB) for one in "abcd"]},
            f"sessions: 4 entries have network_interface_id {WEB}; an interface can have at most 3 sessions",
        ),
        (
            {
                "sessions": [session_entry("s", "f", "t", WEB)],
                "targets": [target_entry("t", network_interface_id=WEB)],
            },
            f"targets: t: network_interface_id {WEB} is also the source of a session",
        ),
        ({"filters": [filter_entry("f", traffic_mirror_filter_id="x")]}, "filters: f: traffic_mirror_filter_id"),
        (
            {"filters": [filter_entry("f", rules=[rule(100), rule(100)])]},
            "filters: f: rules: .*100",
        ),
        (
            {"filters": [filter_entry("f", rules=[rule(100, source_cidr="here")])]},
            "filters: f: rules: ingress 100: source_cidr",
        ),
        (
            {"filters": [filter_entry("f", network_services=["amazon-dns", "amazon-dns"])]},
            "filters: f: network_services must not list a service twice",
        ),
        (
            {"targets": [target_entry("t", network_interface_id=SENSOR, type="network-load-balancer")]},
            "targets: t: type of a target with network_interface_id is network-interface",
        ),
        (
            {"sessions": [session_entry("s", "f", "t", WEB, 32767)]},
            "sessions: s: session_number must be 1 to 32766, not 32767",
        ),
        ({"sessions": [session_entry("s", "", "t", WEB)]}, "sessions: s: traffic_mirror_filter_name must have 1 to"),
        ({"sessions": [session_entry("s", "f", LONG, WEB)]}, "sessions: s: traffic_mirror_target_name must have 1 to"),
        (
            {"sessions": [session_entry("s", None, "t", WEB, traffic_mirror_filter_id="tmt-1")]},
            "sessions: s: traffic_mirror_filter_id",
        ),
        ({"filters": [filter_entry("f", tags={"Name": "g"})]}, "filters: f: name is 'f' but tags sets Name to 'g'"),
        ({"filters": [filter_entry("f")], "default_tags": {"Name": "x"}}, "filters: f: default_tags must not set Name"),
        ({"filters": [filter_entry("f")], "ignore_tag_keys": ["Name"]}, "filters: f: name sets the Name tag"),
        (
            {"sessions": [session_entry("s", None, "t", WEB, traffic_mirror_filter_id=PLACEHOLDER)]},
            "sessions: s: traffic_mirror_filter_id: .* is a placeholder",
        ),
        (
            {"filters": [filter_entry("f", traffic_mirror_filter_id=PLACEHOLDER)]},
            "filters: f: traffic_mirror_filter_id: .* is a placeholder",
        ),
    ],
)
def test_invalid_documents(given, message):
    with pytest.raises(ValidationError) as error:
        Stack.from_options(options(**given))
    assert re.match(message, str(error.value))


def test_three_sessions_of_an_interface_are_valid():
    entries = [session_entry(one, "f", "t", WEB) for one in "abc"] + [session_entry("d", "f", "t", APP1)]
    assert len(Stack.from_options(options(sessions=entries)).listed(SESSION)) == 4


def test_unnumbered_sessions_do_not_share_a_natural_key():
    stack = Stack.from_options(options(sessions=[session_entry(one, "f", "t", WEB) for one in "ab"]))
    assert [item.key for item in stack.listed(SESSION)] == ["a", "b"]


def test_state_absent_ignores_lists():
    """The lists of the document may stay in the task."""
    stack = Stack.from_options(options(state="absent", filters=[filter_entry("f")], purge=False))
    assert stack.listed(FILTER) == () and not stack.present
    assert all(stack.deletes(one) for one in (FILTER, TARGET, SESSION))


@pytest.mark.parametrize("purge", [True, False])
def test_omitted_and_empty_lists(purge):
    stack = Stack.from_options(options(filters=[], targets=None, purge=purge))
    assert stack.items[FILTER] == () and stack.items[TARGET] is None and stack.listed(TARGET) == ()
    assert stack.deletes(FILTER) == purge and not stack.deletes(TARGET)


def test_entry_has_options_of_the_top():
    given = {"adopt": True, "allow_replacement": True, "purge_tags": False, "default_tags": {"Env": "x"}}
    stack = Stack.from_options(options(filters=[filter_entry("f", tags={"A": "1"})], **given))
    desired = stack.listed(FILTER)[0].desired
    assert desired.adopt and desired.allow_replacement and not desired.tags.purge
    assert desired.tags.desired() == {"Env": "x", "A": "1", "Name": "f"}
    assert desired.tags.change({}).result == {"Env": "x", "A": "1", "Name": "f", "vtap:stack": "ids"}


def test_adoption_removes_no_mark_of_others():
    stack = Stack.from_options(options(filters=[filter_entry("f")], adopt=True))
    change = stack.listed(FILTER)[0].desired.tags.change({"Name": "f", "vtap:fleet": "web"})
    assert change.remove == () and change.write == {"vtap:stack": "ids"}


def test_adopted_stacks_are_owned():
    stack = Stack.from_options(options(adopt_stacks=["old", "older"]))
    assert stack.names == ("ids", "old", "older")
    owned = [name for name in ("ids", "old", "older", "other") if stack.owns({"tags": {"vtap:stack": name}})]
    assert owned == ["ids", "old", "older"] and not stack.owns({"tags": {}})


def test_items_are_found_by_name_and_labelled_by_key():
    entries = [filter_entry("f"), filter_entry(None, traffic_mirror_filter_id=LAB_FILTER)]
    stack = Stack.from_options(options(filters=entries))
    assert [item.label for item in stack.listed(FILTER)] == ["filter f", f"filter {LAB_FILTER}"]
    assert stack.find(FILTER, "f") is stack.listed(FILTER)[0]
    assert stack.find(FILTER, LAB_FILTER) is None and stack.find(TARGET, "f") is None


def test_references_keep_names_and_parse_ids():
    entry = session_entry("s", "f", None, WEB, traffic_mirror_target_id=LAB_TARGET)
    item = Stack.from_options(options(sessions=[entry])).listed(SESSION)[0]
    assert item.names == {"traffic_mirror_filter_name": "f"}
    assert item.desired.values == {"network_interface_id": WEB, "traffic_mirror_target_id": LAB_TARGET}


def test_placeholders_are_valid_in_check_mode():
    entry = session_entry("s", None, "t", WEB, traffic_mirror_filter_id=PLACEHOLDER)
    item = Stack.from_options(options(sessions=[entry]), check_mode=True).listed(SESSION)[0]
    assert str(item.desired.values["traffic_mirror_filter_id"]) == PLACEHOLDER
