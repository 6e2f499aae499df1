# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several sessions of a fleet on one interface, and deletions that are no longer valid."""

from __future__ import annotations

from contextlib import nullcontext, suppress

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet import plan_entry, planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet

from tests.unit.fleet.builders import OTHER, aws_state, get_only, interface, options, session


def test_duplicate_is_deleted():
    entries = planner.plan(
        Fleet.from_options(options()), aws_state([interface(1)], [session(2, 1, session_number=2), session(1, 1)])
    )
    assert [(entry.action, entry.session["session_number"]) for entry in entries] == [("unchanged", 1), ("delete", 2)]


def test_duplicate_is_deleted_without_purge():
    state = aws_state([interface(1)], [session(2, 1, session_number=2), session(1, 1)])
    entries = planner.plan(Fleet.from_options(options(purge=False)), state)
    assert [entry.action for entry in entries] == ["unchanged", "delete"]


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
    fleet, state = Fleet.from_options(options()), aws_state([interface(1)], THREE)
    duplicates = planner.plan(fleet, state)[1:]
    deleted = []
    for number, entry in enumerate(duplicates, 2):
        with suppress(plan_entry.DeletionSkipped):
            assert planner.replan(fleet, state, entry, shown).actions in (entry.plan.actions, ())
            deleted.append(number)
    assert deleted == expected


@pytest.mark.parametrize(("purge", "is_skipped"), [(True, False), (False, True)])
def test_replan_deletes_last_session_of_excluded_interface(purge, is_skipped):
    fleet = Fleet.from_options(options(purge=purge, exclude=[{"network_interface_ids": [interface(1).id]}]))
    state = aws_state([interface(1)], THREE[:2])
    duplicate = planner.plan(fleet, state)[1]
    assert duplicate.action == "delete"
    with pytest.raises(plan_entry.DeletionSkipped) if is_skipped else nullcontext():
        planner.replan(fleet, state, duplicate, THREE[1:2])


@pytest.mark.parametrize("shown", [[], [session(2, 1, session_number=2)]])
def test_replan_omits_call_for_deleted_session(shown):
    fleet, state = (
        Fleet.from_options(options(state="absent", sources=None, targets=None)),
        aws_state([], [session(1, 1)]),
    )
    entry = get_only(planner.plan(fleet, state))
    assert planner.replan(fleet, state, entry, [session(1, 1), *shown]) == entry.plan
    assert planner.replan(fleet, state, entry, shown).actions == ()


@pytest.mark.parametrize("now", [{"tags": {}}, {"tags": {"vtap:fleet": "other"}}, {"owner": OTHER}])
def test_replan_keeps_session_that_left_the_fleet(now):
    fleet, state = Fleet.from_options(options()), aws_state([interface(1, mirror=False)], [session(1, 1)])
    entry = get_only(planner.plan(fleet, state))
    with pytest.raises(plan_entry.DeletionSkipped, match="session no longer has this fleet's tag"):
        planner.replan(fleet, state, entry, [session(1, 1, **now)])
