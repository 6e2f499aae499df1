# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VNIs of a range: which one each session of a fleet gets."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.guards import plan_guarded
from ansible_collections.vtap.aws.plugins.module_utils._fleet.number_range import NumberRange
from ansible_collections.vtap.aws.plugins.module_utils._fleet.planner import AFTER_DELETIONS, FIRST
from ansible_collections.vtap.aws.plugins.module_utils._fleet.vni_assignment import assign_vnis
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, ValidationError
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fleet.builders import (
    FLEETS,
    OTHER,
    PROPERTY,
    apply_plan,
    aws_state,
    aws_states,
    fleet,
    interface,
    session,
    target,
)

RANGE = NumberRange(1000, 1009)
IDS = [interface(number).id for number in range(1, 31)]


def assign(current, vnis=RANGE, used=(), freed=()):
    return assign_vnis(vnis, current, used, freed)


def new(*interfaces):
    return dict.fromkeys(interfaces)


def test_vni_depends_on_the_interface_and_the_range_only():
    """The same ids get the same VNIs in every run and on every controller."""
    assert assign(new(*IDS[:3]), NumberRange(5000, 5999)) == {IDS[0]: 5372, IDS[1]: 5973, IDS[2]: 5003}
    alone = {one: assign(new(one), NumberRange(0, 16777215))[one] for one in IDS}
    assert assign(new(*IDS), NumberRange(0, 16777215)) == alone


def test_collision_gets_the_next_free_vni():
    first = assign(new(IDS[0]))[IDS[0]]
    following = 1000 if first == 1009 else first + 1
    assert assign(new(IDS[0]), used=[first])[IDS[0]] == following
    assert set(assign(new(*IDS[:10])).values()) == set(range(1000, 1010))


def test_session_keeps_a_vni_of_the_range():
    assert assign({IDS[0]: 1003, IDS[1]: None, IDS[2]: 7})[IDS[0]] == 1003
    # The VNI of a session outside the fleet is not kept.
    assert assign({IDS[0]: 1003}, used=[1003])[IDS[0]] != 1003
    # Of two sessions with one VNI, the one keeps it whose hash gives it.
    hashed = assign(new(IDS[0]))[IDS[0]]
    both = assign({IDS[0]: hashed, IDS[5]: hashed})
    assert both[IDS[0]] == hashed and both[IDS[5]] != hashed


def test_vnis_of_deleted_sessions_are_the_last_resort():
    assert set(assign(new(*IDS[:3]), freed=range(1000, 1007)).values()) == {1007, 1008, 1009}
    assert set(assign(new(*IDS[:10]), freed=range(1000, 1007)).values()) == set(range(1000, 1010))


@pytest.mark.parametrize(("count", "used"), [(11, []), (8, [1001, 1002, 1003]), (1, range(1000, 1010))])
def test_range_that_is_too_small_is_refused(count, used):
    taken = len(list(used))
    with pytest.raises(ConflictError) as error:
        assign(new(*IDS[:count]), used=[*used, 5, 5])
    assert str(error.value) == (
        f"vni_range 1000-1009 has 10 VNIs, of which {taken} are used by other sessions, and {count} sessions of the "
        "fleet need one each. Nothing was changed. Set a larger vni_range."
    )


@PROPERTY
@given(
    st.dictionaries(st.sampled_from(IDS), st.one_of(st.none(), st.integers(995, 1045)), max_size=20),
    st.lists(st.integers(995, 1045), max_size=15),
    st.lists(st.integers(995, 1045), max_size=15),
)
def test_vnis_are_unique_and_stable(current, used, freed):
    vnis = NumberRange(1000, 1039)
    assigned = assign(current, vnis, used, freed)
    assert assigned.keys() == current.keys() and len(set(assigned.values())) == len(assigned)
    assert all(vni in vnis for vni in assigned.values()) and not set(assigned.values()) & set(used)
    assert assign(assigned, vnis, used) == assigned
    # A further interface changes nothing for those that have a session.
    more = assign({**assigned, interface(99).id: None}, vnis, used)
    assert {one: more[one] for one in assigned} == assigned


def test_new_session_gets_a_vni_and_old_ones_are_changed():
    sessions = [session(1, 1), {**session(2, 2), "virtual_network_id": 1004}]
    state = aws_state([interface(1), interface(2), interface(3)], sessions)
    changed, kept, created = planner.plan(fleet(vni_range="1000-1009"), state)
    vnis = [entry.session["virtual_network_id"] for entry in (changed, kept, created)]
    assert len(set(vnis)) == 3 and vnis[1] == 1004 and all(vni in RANGE for vni in vnis)
    assert (changed.action, kept.action, created.action) == ("update", "unchanged", "create")
    assert changed.changes == {"virtual_network_id": [1, vnis[0]]}
    assert created.plan.actions[0].params["VirtualNetworkId"] == vnis[2]
    assert planner.replan(fleet(vni_range="1000-1009"), state, created, []).actions == created.plan.actions


@pytest.mark.parametrize("tags", [{}, {"vtap:fleet": "other"}])
@pytest.mark.parametrize("owner", [None, OTHER])
def test_sessions_outside_the_fleet_keep_their_vnis(tags, owner):
    others = [{**session(at, 9, tags=tags, owner=owner or OTHER), "virtual_network_id": at} for at in range(1000, 1009)]
    (entry,) = planner.plan(fleet(vni_range="1000-1009"), aws_state([interface(1)], others))
    assert entry.session["virtual_network_id"] == 1009


def test_session_with_the_vni_of_a_deleted_one_follows_the_deletion():
    old = {**session(1, 1), "virtual_network_id": 1000}
    state = aws_state([interface(1, mirror=False), interface(2)], [old])
    for vni_range, phase in (("1000", AFTER_DELETIONS), ("1000-1001", FIRST)):
        deletion, creation = planner.plan(fleet(vni_range=vni_range), state)
        assert (deletion.action, creation.action, creation.phase) == ("delete", "create", phase)


def test_held_back_deletions_keep_their_vnis():
    """Then the range can be too small."""
    interfaces = [interface(1, mirror=False), interface(2), interface(3)]
    state = aws_state(interfaces, [{**session(at, at), "virtual_network_id": 1000 + at} for at in (1, 2)])
    with pytest.raises(ConflictError, match=r"max_deletes allows 0.*changes need the deletions: vni_range 1001-1002"):
        plan_guarded(fleet(vni_range="1001-1002", max_deletes="0"), state)
    entries, excess = plan_guarded(fleet(vni_range="1001-1003", max_deletes="0"), state)
    assert excess and [entry.session["virtual_network_id"] for entry in entries] == [1001, 1002, 1003]


def test_interface_without_a_target_needs_no_vni():
    state = aws_state([interface(1), interface(2)], [], [target(1, capacity=1)])
    created, skipped = planner.plan(fleet(vni_range="7"), state)
    assert (created.session["virtual_network_id"], skipped.action) == (7, "skip")


@PROPERTY
@given(FLEETS, aws_states())
def test_no_plan_gives_two_sessions_one_vni(one_fleet, state):
    after = apply_plan(planner.plan(one_fleet, state), state.sessions)
    if one_fleet.vni_range is not None:
        vnis = [one["virtual_network_id"] for one in after]
        assert len(set(vnis)) == len(vnis)


@pytest.mark.parametrize("text", ["", "-1", "5-4", "0-16777216", "16777216", "1000-", "a-b", "1000:1009", "\u0661"])
def test_invalid_range_fails(text):
    with pytest.raises(ValidationError, match=r"vni_range must be a number or LOWEST-HIGHEST within 0 to 16777215"):
        fleet(vni_range=text)
