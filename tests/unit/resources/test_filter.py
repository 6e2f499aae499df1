# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of plans for filters, with fixed Describe results."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model import api_objects
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import CreatedIdRef, DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import (
    ConflictError,
    InUseError,
    NotFoundError,
    ValidationError,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import REPLACES
from ansible_collections.vtap.aws.plugins.module_utils._resources import filter as filter_resource

from tests.unit.resources.rule_options import rule

FILTER_ID = "tmf-" + "1" * 17


class FakeReader:
    """Returns these filters and sessions, and records the Describe calls."""

    def __init__(self, *filters, sessions=()):
        self.rows = {FILTER: list(filters), SESSION: list(sessions)}
        self.calls = []

    def describe(self, resource_type, ids=(), filters=None, child_tags=False):
        self.calls.append((resource_type.noun, "ids" if ids else "all", *(["tags"] if child_tags else [])))
        rows = [row for row in self.rows[resource_type] if not ids or row[resource_type.id_option] in ids]
        for name, values in (filters or {}).items():
            rows = [row for row in rows if row[name.replace("-", "_")] in values]
        return rows

    def is_foreign(self, owner):
        return False  # EC2 returns no owner of a filter


def filter_row(digit="1", name="dns", rules=(), **members):
    reply = {"TrafficMirrorFilterId": f"tmf-{digit * 17}", "Description": "old", "NetworkServices": [], **members}
    tags = {**({"Name": name} if name else {}), **members.pop("tags", {})}
    reply = {**reply, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    read = api_objects.from_api(FILTER, reply, "arn:aws:ec2:eu-west-1")
    children = DesiredState.from_options(FILTER, {**OPTIONS, "rules": list(rules)}).children
    ids = {"traffic_mirror_filter_rule_id": "tmfr-" + "1" * 17, "tags": {}}
    return {**read, "rules": [{**child.values, **ids, "tags": dict(child.tags.tags or {})} for child in children]}


def session_row(digit="1", filter_id=FILTER_ID):
    return {
        "traffic_mirror_session_id": f"tms-{digit * 17}",
        "traffic_mirror_filter_id": filter_id,
        "network_interface_id": "eni-" + digit * 17,
        "session_number": 1,
        "tags": {},
    }


OPTIONS = {"state": "present", "purge_tags": True, "purge_rules": True, "allow_replacement": False, "adopt": False}


def plan_filter(reader, **options):
    params = {**OPTIONS, **options}
    desired = DesiredState.from_options(FILTER, params)
    filter_resource.check(desired)
    return filter_resource.create_planner(params)(desired, reader, False)


def operations(plan_):
    return [action.operation for action in plan_.actions]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Identify the filter by traffic_mirror_filter_id or by name"),
        ({"name": ""}, "name must have 1 to 256 characters, not 0"),
        ({"traffic_mirror_filter_id": "tmf-1"}, "traffic_mirror_filter_id must be tmf- followed by"),
        ({"name": "f", "network_services": ["amazon-dns", "amazon-dns"]}, "must not list a service twice"),
    ],
)
def test_invalid_options(options, message):
    reader = FakeReader()
    with pytest.raises(ValidationError, match=message):
        plan_filter(reader, **options)
    assert reader.calls == []


def test_create_calls():
    result = plan_filter(
        FakeReader(), name="dns", network_services=["amazon-dns"], rules=[rule(1), rule(2)], tags={"Team": "a"}
    )
    assert operations(result) == [
        "CreateTrafficMirrorFilter",
        "ModifyTrafficMirrorFilterNetworkServices",
        "CreateTrafficMirrorFilterRule",
        "CreateTrafficMirrorFilterRule",
    ]
    assert "Description" not in result.actions[0].params, "EC2 rejects an empty description"
    assert result.after["description"] == "" and [row["rule_number"] for row in result.after["rules"]] == [1, 2]


def test_create_with_an_id_fails():
    with pytest.raises(
        NotFoundError, match=f"filter {FILTER_ID} does not exist in this.*omit traffic_mirror_filter_id and set name"
    ):
        plan_filter(FakeReader(), traffic_mirror_filter_id=FILTER_ID, name="dns")


def test_omitted_options_are_not_changed():
    current = filter_row(rules=[rule(1)], NetworkServices=["amazon-dns"])
    reader = FakeReader(current)
    assert operations(plan_filter(reader, traffic_mirror_filter_id=FILTER_ID)) == []
    assert operations(plan_filter(reader, name="dns")) == []
    assert reader.calls == [("filter", "ids"), ("filter", "all")]


def test_services_are_added_before_and_removed_after_rule_changes():
    current = filter_row(rules=[rule(1)], NetworkServices=["amazon-dns"])
    result = plan_filter(FakeReader(current), name="dns", network_services=[], rules=[rule(2)])
    assert operations(result)[-1] == "ModifyTrafficMirrorFilterNetworkServices"
    assert result.actions[-1].params["RemoveNetworkServices"] == ["amazon-dns"]
    result = plan_filter(FakeReader(filter_row()), name="dns", network_services=["amazon-dns"], rules=[rule(2)])
    assert operations(result)[0] == "ModifyTrafficMirrorFilterNetworkServices"


def test_rule_tags_are_read_only_if_the_task_sets_rule_tags():
    reader = FakeReader(filter_row())
    plan_filter(reader, name="dns", rules=[rule(1)])
    plan_filter(reader, name="dns", rules=[rule(1, tags={})])
    plan_filter(reader, name="dns", rules=[rule(1)], default_tags={"a": "b"})
    assert reader.calls == [("filter", "all"), ("filter", "all", "tags"), ("filter", "all", "tags")]


def test_default_tags_apply_to_listed_rules():
    result = plan_filter(
        FakeReader(filter_row(rules=[rule(1)])), name="dns", rules=[rule(1), rule(2)], default_tags={"By": "us"}
    )
    assert [row["tags"] for row in result.after["rules"]] == [{"By": "us"}, {"By": "us"}]
    assert operations(result) == ["CreateTrafficMirrorFilterRule", "CreateTags", "CreateTags"]


def test_ambiguous_name_fails():
    with pytest.raises(
        ConflictError,
        match=r"name dns matches 2 filters; identify one by traffic_mirror_filter_id: filter tmf-1+ .*tmf-2+",
    ):
        plan_filter(FakeReader(filter_row("1"), filter_row("2")), name="dns")


def test_rename_to_a_used_name_fails():
    with pytest.raises(ConflictError, match=r"name 'web' is already the name of filter tmf-2+ .*Name web"):
        plan_filter(
            FakeReader(filter_row("1"), filter_row("2", name="web")), traffic_mirror_filter_id=FILTER_ID, name="web"
        )
    assert operations(plan_filter(FakeReader(filter_row("1")), traffic_mirror_filter_id=FILTER_ID, name="web")) == [
        "CreateTags"
    ]


def test_absent_lists_the_sessions_that_use_the_filter():
    reader = FakeReader(
        filter_row(), sessions=[session_row("1"), session_row("2"), session_row("3", filter_id="tmf-other")]
    )
    with pytest.raises(InUseError, match=r"in use and was not deleted.*tms-1+ .*tms-2+ ") as error:
        plan_filter(reader, name="dns", state="absent")
    assert "tms-3" not in str(error.value)
    removed_ids = ["tms-" + digit * 17 for digit in "12"]
    assert operations(plan_filter(reader, name="dns", state="absent", removed_session_ids=removed_ids)) == [
        "DeleteTrafficMirrorFilter"
    ]


def test_absent_fails_if_the_name_does_not_match():
    with pytest.raises(ConflictError, match="is not named 'dns'; nothing was deleted"):
        plan_filter(FakeReader(filter_row(name="web")), traffic_mirror_filter_id=FILTER_ID, name="dns", state="absent")
    assert operations(plan_filter(FakeReader(), name="dns", state="absent")) == []
    assert operations(plan_filter(FakeReader(), traffic_mirror_filter_id=FILTER_ID, state="absent")) == []


def test_description_change_requires_allow_replacement():
    reader = FakeReader(filter_row())
    for options in ({}, {"allow_replacement": True, "traffic_mirror_filter_id": FILTER_ID, "name": None}):
        with pytest.raises(ConflictError, match="from 'old' to 'new'.*set name and allow_replacement: true"):
            plan_filter(reader, **{"name": "dns", "description": "new", **options})
    assert operations(plan_filter(reader, name="dns", description="old")) == []


def test_replacement_inherits_settings_and_switches_sessions():
    tags = {"Team": "a", "aws:x": "y"}
    old = filter_row(rules=[rule(1, tags={"Why": "dns"}), rule(2)], NetworkServices=["amazon-dns"], tags=tags)
    reader = FakeReader(old, sessions=[session_row("1"), session_row("2")])
    result = plan_filter(reader, name="dns", description="new", allow_replacement=True)
    assert operations(result) == [
        "CreateTrafficMirrorFilter",
        "ModifyTrafficMirrorFilterNetworkServices",
        *["CreateTrafficMirrorFilterRule"] * 2,
        *["ModifyTrafficMirrorSession"] * 2,
        "DeleteTrafficMirrorFilter",
        "DeleteTags",
    ]
    marked = {"Name": "dns", "Team": "a", REPLACES: FILTER_ID}
    spec = result.actions[0].params["TagSpecifications"][0]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in spec} == marked
    assert result.actions[4].params["TrafficMirrorFilterId"] == CreatedIdRef(FILTER, "dns")
    assert result.actions[-1].resource == "filter (Name dns)"
    assert result.after["tags"] == {"Name": "dns", "Team": "a"} and result.after["rules"][0]["tags"] == {"Why": "dns"}
    assert all("traffic_mirror_filter_rule_id" not in row for row in result.after["rules"])


def test_interrupted_replacement_is_resumed():
    old, successor = (
        filter_row("1", rules=[rule(1), rule(2)]),
        filter_row("2", rules=[rule(1)], Description="new", tags={REPLACES: FILTER_ID}),
    )
    reader = FakeReader(old, successor, sessions=[session_row("1")])
    options = {"name": "dns", "description": "new", "allow_replacement": True}
    remaining = [
        "CreateTrafficMirrorFilterRule",
        "ModifyTrafficMirrorSession",
        "DeleteTrafficMirrorFilter",
        "DeleteTags",
    ]
    assert operations(plan_filter(reader, **options)) == remaining
    assert operations(plan_filter(reader, **options, traffic_mirror_filter_id=FILTER_ID)) == remaining
    assert operations(plan_filter(FakeReader(successor), **options)) == ["DeleteTags"]
    assert operations(plan_filter(FakeReader(successor), **options, traffic_mirror_filter_id=FILTER_ID)) == [
        "DeleteTags"
    ]
    with pytest.raises(ConflictError, match="matches 2 filters"):
        plan_filter(reader, name="dns")
    with pytest.raises(ConflictError, match="with the description 'new' is not finished"):
        plan_filter(reader, **{**options, "description": "newer"})
    for previous in ({"description": "old"}, {}):
        with pytest.raises(
            ConflictError, match="with the description 'new' is not finished.* or switch the sessions of tmf-2"
        ):
            plan_filter(reader, **{key: value for key, value in options.items() if key != "description"}, **previous)


def test_several_unfinished_replacements_fail():
    """Two tasks replaced the filter at once. Finishing one of them would leave two filters of the name."""
    old = filter_row("1")
    successors = [filter_row(digit, Description="new", tags={REPLACES: FILTER_ID}) for digit in "23"]
    with pytest.raises(ConflictError, match="has 2 unfinished replacements: filter tmf-2.*; filter tmf-3.* Delete all"):
        plan_filter(FakeReader(old, *successors), name="dns", description="new", allow_replacement=True)


def test_replacement_keeps_rule_tags():
    reader = FakeReader(filter_row(rules=[rule(1, tags={"Why": "dns"})]))
    result = plan_filter(reader, name="dns", description="new", allow_replacement=True)
    assert ("filter", "all", "tags") in reader.calls
    assert [row["tags"] for row in result.after["rules"]] == [{"Why": "dns"}]


def test_replacement_with_and_without_purge_rules():
    old = filter_row(rules=[rule(1), rule(2, description="kept")])
    options = {"name": "dns", "description": "new", "allow_replacement": True, "rules": [rule(1, action="reject")]}
    result = plan_filter(FakeReader(old), **options)
    assert [(row["rule_number"], row["action"]) for row in result.after["rules"]] == [(1, "reject")]
    result = plan_filter(FakeReader(old), **options, purge_rules=False)
    assert [(row["rule_number"], row["action"]) for row in result.after["rules"]] == [(1, "reject"), (2, "accept")]


def test_replaces_tag_is_kept_until_the_old_filter_is_deleted():
    old, successor = filter_row("1"), filter_row("2", Description="new", tags={REPLACES: FILTER_ID})
    options = {"traffic_mirror_filter_id": successor[FILTER.id_option], "tags": {"Name": "dns"}}
    result = plan_filter(FakeReader(old, successor), **options)
    assert operations(result) == [] and result.after["tags"][REPLACES] == FILTER_ID
    result = plan_filter(FakeReader(successor), **options)
    assert operations(result) == ["DeleteTags"] and REPLACES not in result.after["tags"]


def test_replacement_with_too_many_rules_fails():
    old = filter_row(rules=[rule(n) for n in range(1, 9)])
    options = {"name": "dns", "description": "new", "allow_replacement": True, "purge_rules": False}
    with pytest.raises(ConflictError, match="the filter would have 11 ingress rules; EC2 allows 10"):
        plan_filter(FakeReader(old), **options, rules=[rule(n) for n in range(20, 23)])
