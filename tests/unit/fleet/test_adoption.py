# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adoption of sessions without a fleet, and of the sessions of other fleets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import EntrySkipped
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.guards import find_excess_deletions
from hypothesis import given

from tests.unit.fleet.builders import (
    DETACHED,
    FLEETS,
    HIDDEN,
    PROPERTY,
    apply_plan,
    aws_state,
    aws_states,
    fleet,
    get_only,
    interface,
    is_owned,
    session,
    target,
)

OLD = {"vtap:fleet": "old", "Name": "web"}
TOO_MANY_TAGS = {f"key{number}": "" for number in range(50)}


def summarize(entries):
    return [(entry.action, entry.session["traffic_mirror_session_id"][-1]) for entry in entries]


@pytest.mark.parametrize("session_numbers", [None, "1-3", "9"])
@pytest.mark.parametrize("targets", [[target(1)], [target(1, 1)], [target(1), target(2)]])
def test_own_session_wins_over_an_adoptable_one(session_numbers, targets):
    """Although the adoptable one has a number and a target of the fleet, and the own one has not."""
    sessions = [session(1, 1, session_number=7, target=9), session(2, 1, session_number=2, tags={})]
    one_fleet = fleet(adopt=True, session_numbers=session_numbers)
    entry = get_only(planner.plan(one_fleet, aws_state([interface(1)], sessions, targets)))
    assert entry.session["traffic_mirror_session_id"] == f"tms-{1:017x}" and entry.action != "delete"
    assert entry.others == (f"tms-{2:017x}",)


def test_adopted_session_gets_only_the_tag():
    state = aws_state([interface(1)], [session(1, 1, session_number=7, tags={"Name": "web"})])
    entry = get_only(planner.plan(fleet(adopt=True), state))
    assert (entry.action, entry.reason) == ("update", f"adopts tms-{1:017x}")
    assert [action.operation for action in entry.plan.actions] == ["CreateTags"]
    assert entry.plan.after == {**state.sessions[0], "tags": {"Name": "web", "vtap:fleet": "ids"}}


def test_adopted_session_is_updated_to_the_options():
    state = aws_state([interface(1)], [session(1, 1, session_number=7, tags={})])
    entry = get_only(planner.plan(fleet(adopt=True, session_numbers="1-3", description="new"), state))
    assert (entry.action, sorted(entry.changes)) == ("update", ["description", "session_number", "tags"])
    assert entry.plan.after["session_number"] == 1


def test_interface_without_adoptable_session_gets_a_new_one():
    sessions = [session(1, 1, tags={"vtap:stack": "lab"}, filter_id="tmf-other"), session(2, 2, tags={})]
    entries = planner.plan(fleet(adopt=True), aws_state([interface(1), interface(2)], sessions))
    assert [entry.action for entry in entries] == ["create", "update"]


@pytest.mark.parametrize("capacity", [1, 2])
def test_sessions_over_the_capacity_are_adopted_where_they_are(capacity):
    """No session that exists loses its place for want of capacity."""
    sessions = [session(1, 1, tags={}), session(2, 2, tags={})]
    state = aws_state([interface(1), interface(2)], sessions, [target(1, capacity)])
    entries = planner.plan(fleet(adopt=True), state)
    assert [entry.action for entry in entries] == ["update", "update"]
    assert [bool(entry.problem) for entry in entries] == [False, capacity == 1]
    assert all(one["traffic_mirror_target_id"] == target(1).id for one in apply_plan(entries, sessions))


@pytest.mark.parametrize("mirrored", [{}, {"mirror": False}, {"tags": {"Role": "sensor"}}, {"ipv6_only": True}])
def test_only_sessions_of_eligible_interfaces_are_adopted(mirrored):
    one_fleet = fleet(adopt=True, exclude=[{"tags": {"Role": "sensor"}}])
    entries = planner.plan(one_fleet, aws_state([interface(1, **mirrored)], [session(1, 1, tags={})]))
    assert [entry.action for entry in entries if entry.plan.actions] == (["update"] if not mirrored else [])


def test_session_with_too_many_tags_is_not_adopted_and_does_not_stop_others():
    sessions = [session(1, 1, tags=TOO_MANY_TAGS), session(2, 2, tags={})]
    entries = planner.plan(fleet(adopt=True), aws_state([interface(1), interface(2)], sessions))
    assert [entry.action for entry in entries] == ["skip", "update"]
    assert entries[0].problem.startswith("TagLimitExceeded: the resource would have 51 tags")


def test_rename_changes_only_the_tag():
    """Of all sessions of the old fleet, wherever they are."""
    interfaces = [interface(1), interface(2, state="stopped"), interface(3, **HIDDEN), interface(4)]
    sessions = [session(at, at, session_number=at, tags=OLD) for at in range(1, 5)]
    state = aws_state(interfaces, [*sessions, session(5, 4, session_number=9, tags={"vtap:fleet": "soc"})])
    one_fleet = fleet(adopt_fleets=["old"])
    entries = planner.plan(one_fleet, state)
    assert [entry.action for entry in entries] == ["update"] * 4
    for entry, before in zip(entries, sessions):
        assert [action.operation for action in entry.plan.actions] == ["CreateTags"]
        assert entry.plan.after == {**before, "tags": {"Name": "web", "vtap:fleet": "ids"}}
    assert entries[0].reason == f"adopts tms-{1:017x} of fleet old"
    renamed = aws_state(interfaces, apply_plan(entries, state.sessions))
    assert not any(entry.plan.actions for entry in planner.plan(fleet(), renamed))


@pytest.mark.parametrize(
    ("purge", "expected"),
    [(True, ["delete"] * 4), (False, ["update"] * 4)],
)
def test_sessions_of_adopted_fleets_that_do_not_match_are_treated_as_own(purge, expected):
    one_fleet = fleet(adopt_fleets=["old"], purge=purge, exclude=[{"tags": {"Role": "sensor"}}])
    interfaces = [
        interface(1, mirror=False),
        interface(2, tags={"Role": "sensor"}),
        interface(3, tags={"Mirror": "yes"}, **DETACHED),
    ]
    sessions = [session(at, at, tags=OLD) for at in range(1, 5)]
    entries = planner.plan(one_fleet, aws_state(interfaces, sessions))
    assert [entry.action for entry in entries] == expected
    assert (find_excess_deletions(one_fleet, entries) is not None) is purge
    if not purge:
        assert all(entry.reason.endswith("; kept because purge is false") for entry in entries)
        assert all(entry.plan.after["tags"]["vtap:fleet"] == "ids" for entry in entries)


def test_session_of_an_adopted_fleet_is_deleted_next_to_an_own_one():
    sessions = [session(1, 1, session_number=9), session(2, 1, session_number=1, tags=OLD)]
    entries = planner.plan(fleet(adopt_fleets=["old"]), aws_state([interface(1)], sessions))
    assert summarize(entries) == [("delete", "2"), ("unchanged", "1")]


def test_number_of_a_deleted_session_is_free_after_the_deletion():
    """The own session, with a number outside the range, gets the number of the session of the adopted fleet."""
    sessions = [session(1, 1, session_number=9), session(2, 1, session_number=2, tags=OLD)]
    one_fleet, state = fleet(adopt_fleets=["old"], session_numbers="2"), aws_state([interface(1)], sessions)
    deletion, update = planner.plan(one_fleet, state)
    assert (deletion.action, update.action, update.changes) == ("delete", "update", {"session_number": [9, 2]})
    assert deletion.phase < update.phase
    held = planner.plan(one_fleet, state, hold_deletions=True)[1]
    assert (held.action, held.problem) == ("unchanged", "keeps session number 9: no free session number in 2")


def test_session_that_is_only_renamed_is_planned_again():
    """With the sessions that the interface has now. A deleted session is not created again."""
    one_fleet = fleet(adopt_fleets=["old"], purge=False)
    state = aws_state([interface(1, mirror=False)], [session(1, 1, tags=OLD)])
    entry = get_only(planner.plan(one_fleet, state))
    assert planner.replan(one_fleet, state, entry, state.sessions) == entry.plan
    with pytest.raises(EntrySkipped, match="the session was deleted during the run"):
        planner.replan(one_fleet, state, entry, [])
    with pytest.raises(EntrySkipped, match="session no longer has this fleet's tag"):
        planner.replan(one_fleet, state, entry, [session(1, 1, tags={"vtap:fleet": "soc"})])


@PROPERTY
@given(FLEETS, aws_states())
def test_adoption_deletes_no_other_sessions(one_fleet, state):
    """Adoption concerns only interfaces without a session of the fleet, and adds no session there."""
    plans = [planner.plan(replace(one_fleet, adopt=adopt), state) for adopt in (True, False)]
    deleted, without = (
        {entry.session["traffic_mirror_session_id"] for entry in entries if entry.action == "delete"}
        for entries in plans
    )
    assert deleted == without
    owned = {one["network_interface_id"] for one in state.sessions if is_owned(one_fleet, one)}
    for entry in plans[0]:
        before = entry.plan.before
        if before is not None and not is_owned(one_fleet, before):
            assert entry.action == "update" and entry.key not in owned
