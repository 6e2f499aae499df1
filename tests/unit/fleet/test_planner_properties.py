# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties that every plan of a fleet has, whatever the state and the options."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import Status
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.guards import find_excess_deletions
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import FLEET
from ansible_collections.vtap.aws.plugins.module_utils._resources.filter_overlap import has_packet
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fleet.builders import (
    FLEETS,
    MINE,
    PROPERTY,
    apply_plan,
    aws_states,
    filters_of,
    gets_packet,
    is_owned,
    list_lower,
    on_interface,
    target,
)


def list_open(entries):
    """The entries with calls that the run carries out."""
    return [entry for entry in entries if entry.is_open]


def loses_packet(one, before, after):
    """Whether a session loses a packet. before, after: all sessions of its interface."""
    had, has = (list_lower(one, sessions) for sessions in (before, after))
    return any(has_packet(filters_of([one, taker]), filters_of(had)) for taker in has)


@PROPERTY
@given(FLEETS, aws_states(), st.booleans())
def test_second_plan_has_no_actions(fleet, state, hold):
    """Except for interfaces whose second session remains, because its deletion is held back: it may come first now."""
    entries = planner.plan(fleet, state, hold)
    again = planner.plan(fleet, replace(state, sessions=apply_plan(entries, state.sessions)), hold)
    held = {one.key for one in entries if one.status is Status.HELD_BACK and one.reason.startswith("duplicate")}
    assert [entry.describe() for entry in list_open(again) if entry.key not in held] == []


@PROPERTY
@given(FLEETS, aws_states(), st.booleans())
def test_plan_changes_only_own_and_adopted_sessions(fleet, state, hold):
    changed = {
        one
        for entry in list_open(planner.plan(fleet, state, hold))
        for action in entry.plan.actions
        for one in (action.params.get("TrafficMirrorSessionId"), *action.params.get("Resources", ()))
    }
    for one in state.sessions:
        may_be_adopted = fleet.adopt and one["owner_id"] == MINE and not any(":" in key for key in one["tags"])
        assert is_owned(fleet, one) or may_be_adopted or one["traffic_mirror_session_id"] not in changed


@PROPERTY
@given(FLEETS, aws_states(), st.booleans())
def test_plan_respects_numbers_capacity_and_session_limit(fleet, state, hold):
    entries = planner.plan(fleet, state, hold)
    after = apply_plan(entries, state.sessions)
    places = Counter((one["network_interface_id"], one["session_number"]) for one in after)
    assert max(places.values(), default=1) == 1
    load, before = (Counter(one["traffic_mirror_target_id"] for one in rows) for rows in (after, state.sessions))
    for one in state.targets:
        assert one.capacity is None or load[one.id] <= max(one.capacity, before[one.id])
    for entry in entries:
        if entry.action == "create":
            number = entry.session["session_number"]
            assert 1 <= number <= 32766 and (fleet.session_numbers is None or number in fleet.session_numbers)
            assert len(on_interface(entry.key, after)) <= 3


@PROPERTY
@given(FLEETS, aws_states(), st.booleans())
def test_deletions_come_after_creations_and_before_what_needs_them(fleet, state, hold):
    """With the entries of all phases up to each one, no target exceeds its capacity and no number is used twice."""
    entries = planner.plan(fleet, state, hold)
    sessions = state.sessions
    for phase in (planner.FIRST, planner.DELETIONS, planner.AFTER_DELETIONS):
        before = Counter(one["traffic_mirror_target_id"] for one in sessions)
        sessions = apply_plan([entry for entry in entries if entry.phase == phase], sessions)
        load = Counter(one["traffic_mirror_target_id"] for one in sessions)
        for one in state.targets:
            assert one.capacity is None or load[one.id] <= max(one.capacity, before[one.id])
        places = Counter((one["network_interface_id"], one["session_number"]) for one in sessions)
        assert max(places.values(), default=1) == 1
    assert all((entry.action == "delete") == (entry.phase == planner.DELETIONS) for entry in entries)


@PROPERTY
@given(FLEETS, aws_states(), st.booleans())
def test_by_default_no_other_session_loses_a_packet(fleet, state, hold):
    fleet = replace(fleet, session_numbers=None)
    after = apply_plan(planner.plan(fleet, state, hold), state.sessions)
    for one in state.sessions:
        if one in after and not is_owned(fleet, one):
            interface_id = one["network_interface_id"]
            assert not loses_packet(one, on_interface(interface_id, state.sessions), on_interface(interface_id, after))


@PROPERTY
@given(FLEETS, aws_states(), st.booleans())
def test_created_session_gets_packets(fleet, state, hold):
    """Unless its filter accepts none, or the filters are not readable."""
    entries = planner.plan(fleet, state, hold)
    after = apply_plan(entries, state.sessions)
    for entry in entries:
        sessions = on_interface(entry.key, after)
        is_known = all(state.filters.accepts_packets(one["traffic_mirror_filter_id"]) is not None for one in sessions)
        if entry.action == "create" and is_known and state.filters.accepts_packets(state.filter_id):
            (created,) = (one for one in sessions if one["session_number"] == entry.session["session_number"])
            assert gets_packet(created, sessions)


def is_to_be_mirrored(fleet, interface, limits):
    """Whether an interface with a session of the fleet is to keep one, as documented for the fleets of FLEETS."""
    instance = interface.instance
    if instance is None:
        return bool(interface.attached_to) and interface.owner_id == MINE  # perhaps not visible yet
    is_selected = "Mirror" in {**instance.tags, **interface.tags} and "Role" not in interface.tags
    is_possible = interface.owner_id == MINE and not interface.ipv6_only and interface.id not in limits.targets
    is_kept = fleet.keeps_stopped or instance.state in fleet.sources[0].states
    return is_selected and is_possible and instance.state != "terminated" and (instance.state == "running" or is_kept)


@PROPERTY
@given(FLEETS, aws_states(), st.booleans())
def test_no_session_is_deleted_for_want_of_a_better_place(fleet, state, hold):
    """Whatever the numbers, the targets and the filters: only a second session of an interface is deleted."""
    after = apply_plan(planner.plan(fleet, state, hold), state.sessions)
    for interface in state.interfaces:
        had, has = (
            [one for one in on_interface(interface.id, sessions) if is_owned(fleet, one)]
            for sessions in (state.sessions, after)
        )
        if is_to_be_mirrored(fleet, interface, state.limits) or not fleet.purge:
            assert not had or has
        if fleet.purge and not hold and not is_to_be_mirrored(fleet, interface, state.limits):
            assert not has


@PROPERTY
@given(FLEETS, aws_states())
def test_carried_out_deletions_never_exceed_the_limit(fleet, state):
    """Deleted sessions of terminated instances and deleted interfaces count neither as deletions nor as sessions."""
    entries = planner.plan(fleet, state)
    if find_excess_deletions(fleet, entries) is not None:
        entries = planner.plan(fleet, state, hold_deletions=True)
    after = apply_plan(entries, state.sessions)
    ended = {one.id for one in state.interfaces if one.instance and one.instance.state == "terminated"}
    mirrored = {one.id for one in state.interfaces} - ended
    owned = [one for one in state.sessions if is_owned(fleet, one)]
    left = {one["traffic_mirror_session_id"] for one in after}
    deleted = [one for one in owned if one["traffic_mirror_session_id"] not in left]
    counted = [one for one in deleted if one["network_interface_id"] in mirrored]
    total = len(owned) - len(deleted) + len(counted)
    assert len(counted) <= fleet.limits["max_deletes"].value(total)
    assert not counted or len(counted) < total


@PROPERTY
@given(FLEETS, aws_states())
def test_holding_deletions_removes_only_these_and_what_depends_on_them(fleet, state):
    entries, held = planner.plan(fleet, state), planner.plan(fleet, state, hold_deletions=True)
    assert [(one.key, one.action, one.session) for one in entries if one.action == "delete"] == [
        (one.key, one.action, one.session) for one in held if one.action == "delete"
    ]
    for one in held:
        if one.action == "delete":
            assert (one.status is Status.HELD_BACK) is not one.is_safe_deletion
    for action in ("create", "update"):
        planned, still = ({one.key for one in rows if one.action == action} for rows in (entries, held))
        assert still <= planned
    freed = {one.session["traffic_mirror_target_id"] for one in held if one.status is Status.HELD_BACK}
    if not freed:
        assert [one.describe() for one in entries] == [one.describe() for one in held]
    assert all(one.phase != planner.AFTER_DELETIONS for one in held) or any(
        one.action == "delete" and one.is_safe_deletion for one in held
    )


@PROPERTY
@given(FLEETS, aws_states())
def test_added_target_keeps_existing_assignments(fleet, state):
    applied = replace(state, sessions=apply_plan(planner.plan(fleet, state), state.sessions))
    more = replace(applied, targets=(*applied.targets, target(9, None, "abc")))
    listed = {one.id for one in applied.targets}
    load = Counter(one["traffic_mirror_target_id"] for one in applied.sessions)
    full = {one.id for one in applied.targets if one.capacity is not None and load[one.id] > one.capacity}
    for entry in planner.plan(fleet, more):
        if "traffic_mirror_target_id" in (entry.changes or {}):
            old = entry.plan.before["traffic_mirror_target_id"]
            assert old not in listed or old in full


@PROPERTY
@given(FLEETS, aws_states())
def test_absent_deletes_exactly_the_sessions_of_the_fleet(fleet, state):
    fleet, state = replace(fleet, present=False, adopt=False, adopt_fleets=()), replace(state, interfaces=[])
    entries = planner.plan(fleet, state)
    assert find_excess_deletions(fleet, entries) is None
    left = apply_plan(entries, state.sessions)
    assert left == [one for one in state.sessions if not is_owned(fleet, one)]
    assert {one["tags"].get(FLEET) for one in state.sessions if one not in left} <= {fleet.name}
