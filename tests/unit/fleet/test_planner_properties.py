# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties that every plan of a fleet has, whatever the state and the options."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from hypothesis import given, settings

from tests.unit.fleet.builders import FLEETS, MINE, OTHER, apply_plan, aws_states, target


@settings(deadline=None, max_examples=300)
@given(FLEETS, aws_states())
def test_second_plan_has_no_actions(fleet, state):
    entries = planner.plan(fleet, state)
    again = planner.plan(fleet, replace(state, sessions=apply_plan(entries, state.sessions)))
    assert [entry.describe() for entry in again if entry.plan.actions] == []


@settings(deadline=None, max_examples=300)
@given(FLEETS, aws_states())
def test_plan_changes_only_sessions_of_the_fleet(fleet, state):
    foreign = {
        session["traffic_mirror_session_id"]
        for session in state.sessions
        if session["owner_id"] != MINE
        or session["tags"].get("vtap:fleet", "ids") != "ids"
        or (not session["tags"] and not fleet.adopt)
    }
    changed = {
        one
        for entry in planner.plan(fleet, state)
        for action in entry.plan.actions
        for one in (action.params.get("TrafficMirrorSessionId"), *action.params.get("Resources", ()))
    }
    assert not changed & foreign


@settings(deadline=None, max_examples=300)
@given(FLEETS, aws_states())
def test_plan_respects_numbers_capacity_and_quota(fleet, state):
    entries = planner.plan(fleet, state)
    after = apply_plan(entries, state.sessions)
    places = Counter((session["network_interface_id"], session["session_number"]) for session in after)
    assert max(places.values(), default=1) == 1
    load = Counter(session["traffic_mirror_target_id"] for session in after)
    before = Counter(session["traffic_mirror_target_id"] for session in state.sessions)
    for one in state.targets:
        assert one.capacity is None or load[one.id] <= max(one.capacity, before[one.id])
    for entry in entries:
        if entry.action in ("create", "update"):
            assert fleet.session_numbers.lowest <= entry.session["session_number"] <= fleet.session_numbers.highest
        if entry.action == "create":
            assert Counter(one["network_interface_id"] for one in after)[entry.interface_id] <= 3


@settings(deadline=None, max_examples=200)
@given(FLEETS, aws_states())
def test_added_target_keeps_existing_assignments(fleet, state):
    fleet = replace(fleet, purge=True)  # otherwise a session without a target is kept until one has capacity
    applied = replace(state, sessions=apply_plan(planner.plan(fleet, state), state.sessions))
    more = replace(applied, targets=(target(9, None, "abc"), *applied.targets))
    moved = [entry for entry in planner.plan(fleet, more) if entry.action in ("update", "delete")]
    # A session that is adopted only now had no target before.
    assert [entry for entry in moved if entry.plan.before["tags"]] == []


@settings(deadline=None, max_examples=300)
@given(FLEETS, aws_states())
def test_purge_false_keeps_every_interface_mirrored(fleet, state):
    fleet = replace(fleet, purge=False)

    def mirrored(sessions):
        return {session["network_interface_id"] for session in planner.list_owned(fleet, sessions, frozenset([OTHER]))}

    assert mirrored(state.sessions) <= mirrored(apply_plan(planner.plan(fleet, state), state.sessions))
