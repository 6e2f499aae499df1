# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of any run of a fleet, for any sessions and options, against the emulator over HTTP."""

from __future__ import annotations

import re

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import Status, summarize
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._fleet import guards, planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.coverage import measure_coverage, sessions_after
from ansible_collections.vtap.aws.plugins.module_utils._fleet.discovery import describe_current, resolve
from ansible_collections.vtap.aws.plugins.module_utils._fleet.executor import FleetExecutor
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._fleet.ownership import check_other_fleets
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.unit.emulator_state import create_prerequisites, replace_sessions
from tests.unit.fleet.builders import options as fleet_options
from tests.unit.property_settings import EMULATED

ENIS = [f"eni-0a1b2c3d4e5f607{end}" for end in ("18", "21", "22", "51")]
ASSIGNED_BY_EC2 = {"traffic_mirror_session_id", "arn", "owner_id", "virtual_network_id", "packet_length"}
FLEET_TAG = "vtap:fleet"
EXISTING = st.fixed_dictionaries(
    {
        "NetworkInterfaceId": st.sampled_from(ENIS),
        "SessionNumber": st.sampled_from([1, 2, 3, 9]),
        "filter": st.integers(0, 1),
        "target": st.integers(0, 2),
        "tags": st.sampled_from(
            [{}, {}, {FLEET_TAG: "ids"}, {FLEET_TAG: "ids"}, {FLEET_TAG: "other"}, {FLEET_TAG: "ids", "Team": "x"}]
        ),
        "aws_tags": st.sampled_from([{}, {"aws:stack": "s"}]),
    },
    optional={"PacketLength": st.sampled_from([35, 100, 8500]), "Description": st.sampled_from(["old", "x"])},
)
OPTIONS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["present"] * 5 + ["absent"]),
        "selected": st.sets(st.sampled_from(ENIS), min_size=1),
        "excluded": st.sets(st.sampled_from(ENIS), max_size=2),
        "assignments": st.lists(
            st.tuples(st.integers(0, 2), st.sampled_from([None, None, 1, 2])),
            min_size=1,
            max_size=3,
            unique_by=lambda pair: pair[0],
        ),
        "session_numbers": st.sampled_from([None, None, "1-3", "1-32766", "2", "8-9"]),
        "adopt_fleets": st.sampled_from([None, None, ["other"]]),
        "max_deletes": st.sampled_from(["10 or 10%", "0", "1", "40%"]),
        "adopt": st.booleans(),
        "purge": st.booleans(),
        "purge_tags": st.booleans(),
    },
    optional={
        "packet_length": st.sampled_from([0, 35, 8500]),
        "description": st.sampled_from(["", "x"]),
        "tags": st.sampled_from([{}, {"Team": "x"}, {"Team": "y", "Stage": "z"}]),
    },
)


@pytest.fixture(scope="module")
def prerequisites(running):
    running[0].reset()
    return create_prerequisites(running)


def run(prerequisites, drawn, check):
    """Run one task as the module does. Returns its result, and the entries."""
    client, filters, targets = prerequisites[1:]
    given_options = dict(drawn)
    selected, excluded = given_options.pop("selected"), given_options.pop("excluded")
    if given_options["state"] == "absent":
        given_options["adopt_fleets"] = None
    params = fleet_options(
        sources=[{"network_interface_ids": sorted(selected)}],
        exclude=[{"network_interface_ids": sorted(excluded)}] if excluded else None,
        targets=[
            {"traffic_mirror_target_id": targets[index], "capacity": capacity}
            for index, capacity in given_options.pop("assignments")
        ],
        traffic_mirror_filter_id=filters[0],
        **given_options,
    )
    fleet, ec2 = Fleet.from_options(params), Ec2(client, sts=lambda: client)
    state = describe_current(fleet, resolve(fleet, params, ec2, check) if fleet.present else None, ec2)
    entries = planner.plan(fleet, state)
    check_other_fleets(fleet, state, entries)
    if guards.find_excess_deletions(fleet, entries) is not None:
        entries = planner.plan(fleet, state, hold_deletions=True)
    guards.check_limits(fleet, entries)
    last_read, changed = state.sessions, any(entry.is_open for entry in entries)
    if not check:
        executor = FleetExecutor(fleet, state, ec2, workers=3)
        executor.run(entries)
        last_read, changed = executor.sessions, any(entry.is_changed for entry in entries)
        assert [entry.error for entry in entries if entry.has_failed] == []
    sessions = sessions_after(last_read, entries, is_planned=check)
    if not check:
        assert {one["traffic_mirror_session_id"]: one for one in sessions} == describe_sessions(prerequisites)
    coverage = measure_coverage(fleet, state, entries, sessions)
    result = {
        "plan": [entry.describe() for entry in entries],
        "summary": summarize(entries),
        "changed": changed,
        "coverage": coverage.describe(),
    }
    # Ids of new sessions are placeholders in check mode.
    result["coverage"]["dead_sessions"] = [one["reason"] for one in result["coverage"]["dead_sessions"]]
    return result, entries


def describe_sessions(prerequisites):
    sessions = Ec2(prerequisites[1], sts=lambda: prerequisites[1]).describe(SESSION)
    return {session["traffic_mirror_session_id"]: session for session in sessions}


def check_prediction(entries, after):
    """The sessions that exist are those that the plan predicts, except for values that EC2 assigns."""
    for entry in entries:
        on_interface = [one for one in after.values() if one["network_interface_id"] == entry.key]
        if entry.status is Status.HELD_BACK:
            assert entry.plan.before in on_interface
        elif entry.action == "delete":
            assert entry.plan.before["traffic_mirror_session_id"] not in after
        elif entry.plan.after is not None:
            expected = entry.plan.after
            number = expected["session_number"]
            (actual,) = (one for one in on_interface if one["session_number"] == number)
            assert set(actual) - set(expected) <= ASSIGNED_BY_EC2
            assert expected == {key: actual[key] for key in expected}


def check_others(drawn, start, after):
    """Sessions outside the fleet, and tags of AWS, are unchanged."""
    owned = {"ids", *(drawn.get("adopt_fleets") or ())}
    for key, session in start.items():
        owner = session["tags"].get(FLEET_TAG)
        if owner not in owned and (owner is not None or not drawn["adopt"]):
            assert after[key] == session, "a session outside the fleet was changed"
        if key in after:
            aws = {tag: value for tag, value in session["tags"].items() if tag.startswith("aws:")}
            assert aws.items() <= after[key]["tags"].items()


@settings(EMULATED, max_examples=40)
@given(
    existing=st.lists(EXISTING, max_size=8),
    drawn=OPTIONS,
)
def test_check_mode_predicts_run_and_second_run_changes_nothing(prerequisites, existing, drawn):
    replace_sessions(prerequisites, existing)
    start = describe_sessions(prerequisites)
    try:
        predicted, _entries = run(prerequisites, drawn, check=True)
    except ConflictError as error:
        event("failed")
        with pytest.raises(ConflictError, match=re.escape(str(error))):
            run(prerequisites, drawn, check=False)
        assert describe_sessions(prerequisites) == start
        return
    assert describe_sessions(prerequisites) == start, "check mode changed something"

    actual, entries = run(prerequisites, drawn, check=False)
    event(f"changed: {actual['changed']}")
    event(f"held back: {actual['summary']['held_back'] > 0}")
    assert actual == predicted
    after = describe_sessions(prerequisites)
    assert actual["changed"] == (after != start)
    check_prediction(entries, after)
    check_others(drawn, start, after)

    if actual["summary"]["held_back"]:
        return  # the task failed, and the sessions that it created count in the next run
    again, _entries = run(prerequisites, drawn, check=False)
    assert not again["changed"] and describe_sessions(prerequisites) == after
    for key in ("eligible", "mirrored", "unmirrored", "ineligible", "stopped", "excluded", "dead_sessions"):
        assert again["coverage"][key] == actual["coverage"][key]
