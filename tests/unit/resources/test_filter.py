# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for filters, from plain values."""

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

from tests.unit.resources.test_filter_rules import rule

TMF = "tmf-" + "1" * 17


class Reader:
    """What Describe would show."""

    def __init__(self, *filters, sessions=()):
        self.rows = {FILTER: list(filters), SESSION: list(sessions)}
        self.calls = []

    def describe(self, kind, ids=(), filters=None, part_tags=False):
        self.calls.append((kind.noun, "ids" if ids else "all", *(["tags"] if part_tags else [])))
        rows = [row for row in self.rows[kind] if not ids or row[kind.id_option] in ids]
        for name, values in (filters or {}).items():
            rows = [row for row in rows if row[name.replace("-", "_")] in values]
        return rows


def a_filter(digit="1", name="dns", rules=(), **members):
    found = {"TrafficMirrorFilterId": f"tmf-{digit * 17}", "Description": "old", "NetworkServices": [], **members}
    tags = {**({"Name": name} if name else {}), **members.pop("tags", {})}
    reply = {**found, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    read = api_objects.from_api(FILTER, reply, "arn:aws:ec2:eu-west-1")
    parts = DesiredState.from_options(FILTER, {**OPTIONS, "rules": list(rules)}).parts
    ids = {"traffic_mirror_filter_rule_id": "tmfr-" + "1" * 17, "tags": {}}
    return {**read, "rules": [{**part.values, **ids, "tags": dict(part.tags.tags or {})} for part in parts]}


def a_session(digit="1", on=TMF):
    return {
        "traffic_mirror_session_id": f"tms-{digit * 17}",
        "traffic_mirror_filter_id": on,
        "network_interface_id": "eni-" + digit * 17,
        "session_number": 1,
        "tags": {},
    }


OPTIONS = {"state": "present", "purge_tags": True, "purge_rules": True, "allow_replacement": False}


def plan(reader, **options):
    params = {**OPTIONS, **options}
    wanted = DesiredState.from_options(FILTER, params)
    filter_resource.check(wanted)
    return filter_resource.make_plan(params)(wanted, reader, False)


def calls(made):
    return [action.operation for action in made.actions]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Say which filter: traffic_mirror_filter_id or name"),
        ({"name": ""}, "name must have 1 to 256 characters, not 0"),
        ({"traffic_mirror_filter_id": "tmf-1"}, "traffic_mirror_filter_id must be tmf- followed by"),
        ({"name": "f", "network_services": ["amazon-dns", "amazon-dns"]}, "must not name a service twice"),
    ],
)
def test_bad_options(options, message):
    reader = Reader()
    with pytest.raises(ValidationError, match=message):
        plan(reader, **options)
    assert reader.calls == []


def test_create_is_one_call_and_one_for_each_rule_and_one_for_the_services():
    made = plan(Reader(), name="dns", network_services=["amazon-dns"], rules=[rule(1), rule(2)], tags={"Team": "a"})
    assert calls(made) == [
        "CreateTrafficMirrorFilter",
        "ModifyTrafficMirrorFilterNetworkServices",
        "CreateTrafficMirrorFilterRule",
        "CreateTrafficMirrorFilterRule",
    ]
    assert "Description" not in made.actions[0].params, "EC2 takes no empty description"
    assert made.after["description"] == "" and [row["rule_number"] for row in made.after["rules"]] == [1, 2]


def test_an_id_cannot_be_chosen():
    with pytest.raises(
        NotFoundError, match=f"There is no filter {TMF}.*leave traffic_mirror_filter_id out and give name"
    ):
        plan(Reader(), traffic_mirror_filter_id=TMF, name="dns")


def test_what_is_omitted_is_left_alone():
    current = a_filter(rules=[rule(1)], NetworkServices=["amazon-dns"])
    reader = Reader(current)
    assert calls(plan(reader, traffic_mirror_filter_id=TMF)) == []
    assert calls(plan(reader, name="dns")) == []
    assert reader.calls == [("filter", "ids"), ("filter", "all")]


def test_services_go_on_before_the_rules_change_and_off_after():
    current = a_filter(rules=[rule(1)], NetworkServices=["amazon-dns"])
    made = plan(Reader(current), name="dns", network_services=[], rules=[rule(2)])
    assert calls(made)[-1] == "ModifyTrafficMirrorFilterNetworkServices"
    assert made.actions[-1].params["RemoveNetworkServices"] == ["amazon-dns"]
    made = plan(Reader(a_filter()), name="dns", network_services=["amazon-dns"], rules=[rule(2)])
    assert calls(made)[0] == "ModifyTrafficMirrorFilterNetworkServices"


def test_tags_of_rules_are_read_only_if_the_task_has_a_say_in_them():
    reader = Reader(a_filter())
    plan(reader, name="dns", rules=[rule(1)])
    plan(reader, name="dns", rules=[rule(1, tags={})])
    plan(reader, name="dns", rules=[rule(1)], default_tags={"a": "b"})
    assert reader.calls == [("filter", "all"), ("filter", "all", "tags"), ("filter", "all", "tags")]


def test_default_tags_are_for_the_listed_rules_too():
    made = plan(Reader(a_filter(rules=[rule(1)])), name="dns", rules=[rule(1), rule(2)], default_tags={"By": "us"})
    assert [row["tags"] for row in made.after["rules"]] == [{"By": "us"}, {"By": "us"}]
    assert calls(made) == ["CreateTrafficMirrorFilterRule", "CreateTags", "CreateTags"]


def test_two_of_one_name():
    with pytest.raises(
        ConflictError, match=r"name dns fits 2 filters, give traffic_mirror_filter_id: filter tmf-1+ .*tmf-2+"
    ):
        plan(Reader(a_filter("1"), a_filter("2")), name="dns")


def test_a_name_that_another_filter_has_is_not_given_again():
    with pytest.raises(ConflictError, match="point at different filters"):
        plan(Reader(a_filter("1"), a_filter("2", name="web")), traffic_mirror_filter_id=TMF, name="web")
    assert calls(plan(Reader(a_filter("1")), traffic_mirror_filter_id=TMF, name="web")) == ["CreateTags"]


def test_removal_in_use_names_the_sessions():
    reader = Reader(a_filter(), sessions=[a_session("1"), a_session("2"), a_session("3", on="tmf-other")])
    with pytest.raises(InUseError, match=r"in use and was not removed.*tms-1+ .*tms-2+ ") as refusal:
        plan(reader, name="dns", state="absent")
    assert "tms-3" not in str(refusal.value)
    removed = ["tms-" + digit * 17 for digit in "12"]
    assert calls(plan(reader, name="dns", state="absent", removed_session_ids=removed)) == ["DeleteTrafficMirrorFilter"]


def test_absent_removes_nothing_that_does_not_fit():
    with pytest.raises(ConflictError, match="is not named 'dns'; nothing was removed"):
        plan(Reader(a_filter(name="web")), traffic_mirror_filter_id=TMF, name="dns", state="absent")
    assert calls(plan(Reader(), name="dns", state="absent")) == []
    assert calls(plan(Reader(), traffic_mirror_filter_id=TMF, state="absent")) == []


def test_another_description_needs_leave():
    reader = Reader(a_filter())
    for options in ({}, {"allow_replacement": True, "traffic_mirror_filter_id": TMF, "name": None}):
        with pytest.raises(ConflictError, match="from 'old' to 'new'.*give name and allow_replacement: true"):
            plan(reader, **{"name": "dns", "description": "new", **options})
    assert calls(plan(reader, name="dns", description="old")) == []


def test_a_replacement_has_all_that_the_old_one_had_and_moves_the_sessions():
    tags = {"Team": "a", "aws:x": "y"}
    old = a_filter(rules=[rule(1, tags={"Why": "dns"}), rule(2)], NetworkServices=["amazon-dns"], tags=tags)
    reader = Reader(old, sessions=[a_session("1"), a_session("2")])
    made = plan(reader, name="dns", description="new", allow_replacement=True)
    assert calls(made) == [
        "CreateTrafficMirrorFilter",
        "ModifyTrafficMirrorFilterNetworkServices",
        *["CreateTrafficMirrorFilterRule"] * 2,
        *["ModifyTrafficMirrorSession"] * 2,
        "DeleteTrafficMirrorFilter",
        "DeleteTags",
    ]
    marked = {"Name": "dns", "Team": "a", REPLACES: TMF}
    spec = made.actions[0].params["TagSpecifications"][0]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in spec} == marked
    assert made.actions[4].params["TrafficMirrorFilterId"] == CreatedIdRef(FILTER)
    assert made.actions[-1].resource == "filter (Name dns)"
    assert made.after["tags"] == {"Name": "dns", "Team": "a"} and made.after["rules"][0]["tags"] == {"Why": "dns"}
    assert all("traffic_mirror_filter_rule_id" not in row for row in made.after["rules"])


def test_a_replacement_that_was_interrupted_goes_on_where_it_stopped():
    old, half = (
        a_filter("1", rules=[rule(1), rule(2)]),
        a_filter("2", rules=[rule(1)], Description="new", tags={REPLACES: TMF}),
    )
    reader = Reader(old, half, sessions=[a_session("1")])
    options = {"name": "dns", "description": "new", "allow_replacement": True}
    rest = [
        "CreateTrafficMirrorFilterRule",
        "ModifyTrafficMirrorSession",
        "DeleteTrafficMirrorFilter",
        "DeleteTags",
    ]
    assert calls(plan(reader, **options)) == rest
    assert calls(plan(reader, **options, traffic_mirror_filter_id=TMF)) == rest
    assert calls(plan(Reader(half), **options)) == ["DeleteTags"]
    assert calls(plan(Reader(half), **options, traffic_mirror_filter_id=TMF)) == ["DeleteTags"]
    with pytest.raises(ConflictError, match="fits 2 filters"):
        plan(reader, name="dns")
    with pytest.raises(ConflictError, match="not finished and has the description 'new'"):
        plan(reader, **{**options, "description": "newer"})
    for back in ({"description": "old"}, {}):
        with pytest.raises(
            ConflictError, match="not finished and has the description 'new'.* or give the sessions of tmf-2"
        ):
            plan(reader, **{key: one for key, one in options.items() if key != "description"}, **back)


def test_rules_keep_their_tags_where_ec2_shows_them_only_with_the_rules():
    reader = Reader(a_filter(rules=[rule(1, tags={"Why": "dns"})]))
    made = plan(reader, name="dns", description="new", allow_replacement=True)
    assert ("filter", "all", "tags") in reader.calls
    assert [row["tags"] for row in made.after["rules"]] == [{"Why": "dns"}]


def test_a_replacement_with_rules_and_without_purging():
    old = a_filter(rules=[rule(1), rule(2, description="kept")])
    options = {"name": "dns", "description": "new", "allow_replacement": True, "rules": [rule(1, action="reject")]}
    made = plan(Reader(old), **options)
    assert [(row["rule_number"], row["action"]) for row in made.after["rules"]] == [(1, "reject")]
    made = plan(Reader(old), **options, purge_rules=False)
    assert [(row["rule_number"], row["action"]) for row in made.after["rules"]] == [(1, "reject"), (2, "accept")]


def test_the_mark_stays_as_long_as_it_is_needed():
    old, half = a_filter("1"), a_filter("2", Description="new", tags={REPLACES: TMF})
    options = {"traffic_mirror_filter_id": half[FILTER.id_option], "tags": {"Name": "dns"}}
    made = plan(Reader(old, half), **options)
    assert calls(made) == [] and made.after["tags"][REPLACES] == TMF
    made = plan(Reader(half), **options)
    assert calls(made) == ["DeleteTags"] and REPLACES not in made.after["tags"]


def test_a_replacement_with_too_many_rules():
    old = a_filter(rules=[rule(n) for n in range(1, 9)])
    options = {"name": "dns", "description": "new", "allow_replacement": True, "purge_rules": False}
    with pytest.raises(ConflictError, match="the filter would have 11 rules, and EC2 takes 10"):
        plan(Reader(old), **options, rules=[rule(n) for n in range(20, 23)])
