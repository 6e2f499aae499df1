# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adoption of sessions without a fleet tag."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet

from tests.unit.fleet.builders import OTHER_FILTER, aws_state, get_only, interface, options, session, target

NO_CAPACITY = "all targets are at capacity"


@pytest.mark.parametrize(
    ("adopt", "purge", "expected"),
    [
        (False, False, [("skip", f"{NO_CAPACITY}; kept because purge is false")]),
        (True, False, [("skip", f"{NO_CAPACITY}; kept because purge is false")]),
        (True, True, [("delete", NO_CAPACITY)]),
    ],
)
def test_adoption_requires_target_capacity(adopt, purge, expected):
    """Both sessions are on interface 2. Interface 1 uses the only capacity of the target."""
    sessions = [session(1, 1), session(2, 2, target=9), session(3, 2, session_number=2, tags={})]
    state = aws_state([interface(1), interface(2)], sessions, [target(1, 1)])
    entries = planner.plan(Fleet.from_options(options(adopt=adopt, purge=purge)), state)
    assert [(entry.action, entry.reason) for entry in entries[1:]] == expected
    assert entries[1].session["traffic_mirror_session_id"] == f"tms-{2:017x}"


@pytest.mark.parametrize("adopt", [False, True])
def test_adoption_requires_free_session_number(adopt):
    sessions = [
        session(1, 1, session_number=5),
        session(2, 1, session_number=7, tags={}),
        session(3, 1, filter_id=OTHER_FILTER, tags={}),
    ]
    fleet = Fleet.from_options(options(adopt=adopt, purge=False, session_numbers="1"))
    entry = get_only(planner.plan(fleet, aws_state([interface(1)], sessions)))
    assert (entry.action, entry.session["traffic_mirror_session_id"]) == ("skip", f"tms-{1:017x}")
    assert entry.reason == "no free session number in 1-1; kept because purge is false"


def test_adoptions_are_limited_by_target_capacity():
    """Two interfaces have an adoptable session, and the target has capacity for one session."""
    sessions = [
        session(1, 1, target=9),
        session(2, 1, session_number=2, tags={}),
        session(3, 2, target=9),
        session(4, 2, session_number=2, tags={}),
    ]
    state = aws_state([interface(1), interface(2)], sessions, [target(1, 1)])
    entries = planner.plan(Fleet.from_options(options(adopt=True, purge=False)), state)
    assert [(entry.action, entry.session["traffic_mirror_session_id"]) for entry in entries] == [
        ("delete", f"tms-{1:017x}"),
        ("update", f"tms-{2:017x}"),
        ("skip", f"tms-{3:017x}"),
    ]


def test_adopted_session_gets_number_of_replaced_session():
    sessions = [session(1, 1, session_number=2, target=9), session(2, 1, session_number=3, tags={})]
    fleet = Fleet.from_options(options(adopt=True, session_numbers="2"))
    entries = planner.plan(fleet, aws_state([interface(1)], sessions, [target(1, 1)]))
    assert [(entry.action, entry.after_deletions) for entry in entries] == [("delete", False), ("update", True)]
    assert entries[1].changes["session_number"] == [3, 2]
