# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of a report: classes, zones and VNIs of the interfaces."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.coverage import CLASSES
from ansible_collections.vtap.aws.plugins.module_utils._fleet.plan_entry import Selection
from ansible_collections.vtap.aws.plugins.module_utils._fleet.report_rows import describe_rows, describe_vni_map
from ansible_collections.vtap.aws.plugins.module_utils._report.document import COVERAGE_KEYS
from hypothesis import given

from tests.unit.fleet.builders import FLEETS, PROPERTY, aws_state, aws_states, fleet, interface, measure, session


def test_rows():
    one_fleet = fleet()
    interfaces = [interface(1, name="web"), interface(2, zone="b", state="stopped"), interface(3, mirror=False)]
    state = aws_state(interfaces, [session(1, 1), session(2, 1, session_number=2), session(3, 3)])
    entries = planner.plan(one_fleet, state)
    rows = describe_rows(entries, measure(one_fleet, state)[0])
    keys = ("availability_zone", "instance_name", "action", "coverage", "virtual_network_id")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ("a", "web", "unchanged", "mirrored", 1),
        # The second session is deleted.
        ("a", "web", "delete", None, None),
        ("b", None, "skip", "stopped", None),
        ("a", None, "delete", None, None),
    ]
    assert describe_vni_map(entries)[0]["instance_name"] == "web"
    # A plan that was not carried out says nothing about the sessions after it.
    assert {(row["coverage"], row["virtual_network_id"]) for row in describe_rows(entries, None)} == {(None, None)}


@PROPERTY
@given(FLEETS, aws_states())
def test_rows_and_zones_have_the_numbers_of_the_coverage(one_fleet, state):
    coverage = measure(one_fleet, state)[0]
    described = coverage.describe()
    rows = describe_rows(planner.plan(one_fleet, state), coverage)
    for name in CLASSES:
        assert sum(row["coverage"] == name for row in rows) == described[name]
    for key in COVERAGE_KEYS:
        assert sum(zone[key] for zone in described["zones"]) == described[key]
    assert all(row["coverage_reason"] for row in rows if row["coverage"] not in (None, "mirrored"))
    selected = [one for one in planner.plan(one_fleet, state) if one.selection is not Selection.NOT_SELECTED]
    assert sum(row["coverage"] is not None for row in rows) == len(selected)
