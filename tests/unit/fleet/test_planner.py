# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans of a fleet: creations, deletions, assignments and sessions outside the fleet."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._fleet import guards, planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet import report as fleet_report
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet

from tests.unit.fleet.builders import OTHER, aws_state, get_only, interface, options, session, target


def test_new_match_gets_session():
    entry = get_only(planner.plan(Fleet.from_options(options()), aws_state([interface(1), interface(2, mirror=False)])))
    assert (entry.action, entry.session["session_number"]) == ("create", 1)
    tags = entry.plan.actions[0].params["TagSpecifications"][0]["Tags"]
    assert tags == [{"Key": "vtap:fleet", "Value": "ids"}]


def test_session_limit_skips_interface():
    others = [session(number, 1, session_number=number + 10, tags={}) for number in (1, 2, 3)]
    entry = get_only(planner.plan(Fleet.from_options(options()), aws_state([interface(1)], others)))
    assert (entry.action, entry.reason) == ("skip", "session limit reached: 3 sessions outside this fleet")


def test_interface_without_free_session_number_is_skipped():
    others = [session(number, 1, session_number=number, tags={}) for number in (1, 2)]
    entries = planner.plan(Fleet.from_options(options(session_numbers="1-2")), aws_state([interface(1)], others))
    assert (get_only(entries).action, get_only(entries).reason) == ("skip", "no free session number in 1-2")
    assert fleet_report.coverage(entries) == {
        "selected": 1,
        "eligible": 1,
        "mirrored": 0,
        "unmirrored": [interface(1).id],
    }


def test_new_sessions_use_least_loaded_target_in_zone():
    targets = (target(1, None, "a"), target(2, None, "b"), target(3, None, "b"))
    state = aws_state([interface(number, zone="b") for number in (1, 2)], targets=targets)
    entries = planner.plan(Fleet.from_options(options()), state)
    assert [entry.session["traffic_mirror_target_id"] for entry in entries] == [targets[1].id, targets[2].id]


def test_creation_waits_for_freed_capacity():
    state = aws_state([interface(1)], [session(1, 2)], [target(1, 1)])
    entries = planner.plan(Fleet.from_options(options()), state)
    assert [(entry.action, entry.after_deletions) for entry in entries] == [("create", True), ("delete", False)]


def test_sessions_outside_the_fleet_are_listed():
    others = [session(1, 1, tags={}), session(2, 1, session_number=2, owner=OTHER)]
    entry = get_only(planner.plan(Fleet.from_options(options()), aws_state([interface(1)], others)))
    assert (entry.action, entry.session["session_number"]) == ("create", 3)
    assert entry.describe()["other_session_ids"] == [f"tms-{1:017x}", f"tms-{2:017x}"]
    adopted = get_only(planner.plan(Fleet.from_options(options(adopt=True)), aws_state([interface(1)], others)))
    assert (adopted.action, adopted.describe()["other_session_ids"]) == ("update", [f"tms-{2:017x}"])


def test_absent_deletes_only_sessions_of_the_fleet():
    fleet = Fleet.from_options(options(state="absent", sources=None, targets=None))
    state = aws_state([], [session(1, 1), session(2, 1, session_number=2, tags={}), session(3, 2, owner=OTHER)])
    entries = planner.plan(fleet, state)
    guards.check_limits(fleet, entries)
    assert [(entry.action, entry.session["traffic_mirror_session_id"]) for entry in entries] == [
        ("delete", f"tms-{1:017x}")
    ]
