# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several sessions of a fleet on one interface, and deletions that are no longer valid."""

from __future__ import annotations

from contextlib import suppress

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import EntrySkipped
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from hypothesis import given

from tests.unit.fleet.builders import (
    FILTER_ID,
    FLEETS,
    LIMITS,
    OTHER,
    OTHER_FILTER,
    PROPERTY,
    apply_plan,
    aws_state,
    aws_states,
    fleet,
    get_only,
    interface,
    is_owned,
    session,
)


@pytest.mark.parametrize("purge", [True, False])
def test_duplicate_is_deleted(purge):
    state = aws_state([interface(1)], [session(2, 1, session_number=2), session(1, 1)])
    entries = planner.plan(fleet(purge=purge), state)
    assert [(entry.action, entry.session["session_number"]) for entry in entries] == [("unchanged", 1), ("delete", 2)]
    assert entries[1].reason == f"duplicate of tms-{1:017x}"


def test_session_to_keep_is_not_moved_because_of_a_duplicate():
    """The new filter takes packets only from the session that is deleted, unless the deletion is held back."""
    sessions = [session(1, 1, filter_id=OTHER_FILTER), session(2, 1, session_number=2, filter_id=FILTER_ID)]
    state = aws_state([interface(1)], sessions)
    update, deletion = planner.plan(fleet(), state)
    assert (update.changes, deletion.action) == ({"traffic_mirror_filter_id": [OTHER_FILTER, FILTER_ID]}, "delete")
    assert update.phase < deletion.phase
    assert planner.plan(fleet(), state, hold_deletions=True)[1].changes["session_number"] == [1, 3]


def test_session_to_keep_gets_another_number_after_the_deletion():
    """Before, the duplicate would have the lowest number, and a concurrent run would keep it."""
    victim = session(3, 1, session_number=5, tags={})
    sessions = [session(1, 1, filter_id=OTHER_FILTER), session(2, 1, session_number=2, filter_id=OTHER_FILTER), victim]
    deletion, update = planner.plan(fleet(), aws_state([interface(1)], sessions))
    assert (deletion.action, update.changes["session_number"]) == ("delete", [1, 6])
    assert deletion.phase < update.phase


THREE = [session(number, 1, session_number=number) for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (THREE, [2, 3]),
        (THREE[1:], [3]),
        (THREE[2:], [2]),
        ([session(1, 1, tags={}), *THREE[1:]], [3]),
        ([*THREE[1:], session(4, 1)], [2, 3]),
        ([], [2, 3]),
    ],
)
def test_replan_never_deletes_last_session(shown, expected):
    """The plan keeps the first of three sessions; the sessions at the time of deletion decide which are deleted."""
    state = aws_state([interface(1)], THREE)
    duplicates = planner.plan(fleet(), state)[1:]
    deleted = []
    for number, entry in enumerate(duplicates, 2):
        with suppress(EntrySkipped):
            assert planner.replan(fleet(), state, entry, shown).actions in (entry.plan.actions, ())
            deleted.append(number)
    assert deleted == expected


@pytest.mark.parametrize(("purge", "is_skipped"), [(True, False), (False, True)])
def test_replan_deletes_last_session_of_excluded_interface(purge, is_skipped):
    one_fleet = fleet(purge=purge, exclude=[{"network_interface_ids": [interface(1).id]}])
    state = aws_state([interface(1)], THREE[:2])
    removal, duplicate = planner.plan(one_fleet, state)
    assert (removal.action, duplicate.action) == ("skip" if is_skipped else "delete", "delete")
    if not is_skipped:
        assert planner.replan(one_fleet, state, removal, THREE[:1]).actions == removal.plan.actions
    with pytest.raises(EntrySkipped, match="the fleet's other session was deleted"):
        planner.replan(one_fleet, state, duplicate, THREE[1:2])


@pytest.mark.parametrize("shown", [[], [session(2, 1, session_number=2)]])
def test_replan_omits_call_for_deleted_session(shown):
    absent, state = fleet(state="absent", sources=None, targets=None), aws_state([], [session(1, 1)])
    entry = get_only(planner.plan(absent, state))
    assert planner.replan(absent, state, entry, [session(1, 1), *shown]) == entry.plan
    assert planner.replan(absent, state, entry, shown).actions == ()


@pytest.mark.parametrize("now", [{"tags": {}}, {"tags": {"vtap:fleet": "other"}}, {"owner": OTHER}])
def test_replan_keeps_session_that_left_the_fleet(now):
    state = aws_state([interface(1, mirror=False)], [session(1, 1)])
    entry = get_only(planner.plan(fleet(), state))
    with pytest.raises(EntrySkipped, match="session no longer has this fleet's tag"):
        planner.replan(fleet(), state, entry, [session(1, 1, **now)])


@PROPERTY
@given(FLEETS, aws_states())
def test_concurrent_runs_leave_one_session(one_fleet, state):
    """After the deletion of duplicates, each interface that had sessions of the fleet has one."""
    interfaces = {one["network_interface_id"] for one in state.sessions}
    entries = planner.find_duplicates(one_fleet, state, interfaces, state.sessions)
    left = apply_plan(entries, state.sessions)
    for interface_id in interfaces:
        had, has = (
            [one for one in sessions if one["network_interface_id"] == interface_id and is_owned(one_fleet, one)]
            for sessions in (state.sessions, left)
        )
        assert len(has) == min(len(had), 1)
        assert not had or has == planner.list_owned(one_fleet, had, LIMITS)[:1]
    assert [one for one in state.sessions if not is_owned(one_fleet, one)] == [
        one for one in left if not is_owned(one_fleet, one)
    ]


def test_duplicates_of_other_interfaces_are_not_deleted():
    """A concurrent run may still need them. This run created no session there."""
    assert planner.find_duplicates(fleet(), aws_state(), set(), THREE) == []
