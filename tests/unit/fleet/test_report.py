# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a fleet as text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet import report as fleet_report
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet

from tests.unit.fleet.test_planner import interface, options, session, world


def test_the_table_says_what_changes():
    rows = planner.plan(Fleet.from_options(options(packet_length=128)), world([interface(1)], [session(1, 1)]))
    assert "  packet_length 8500 -> 128\n" in fleet_report.table(rows, 10, {})


def test_the_table_has_columns_a_heading_and_a_summary():
    there = world([interface(1), interface(2, instance_type="m5.metal"), interface(3)], [session(3, 3)])
    rows = planner.plan(Fleet.from_options(options()), there)
    heading, *lines, counts, end = fleet_report.table(rows, 10, {}).split("\n")
    assert heading.split() == list(fleet_report.HEADING) and end == ""
    assert counts == "1 to create, 0 to update, 0 to delete, 1 unchanged, 1 skipped"
    for line in lines:
        assert all(line[heading.index(one) - 2 : heading.index(one)] == "  " for one in fleet_report.HEADING[1:])
    assert [line.split()[0] for line in lines] == ["create", "skip"]
    assert lines[0].endswith("new match") and "(new)" in lines[0]


def test_the_table_names_targets_and_counts_what_it_leaves_out():
    there = world([interface(at) for at in range(1, 6)])
    rows = planner.plan(Fleet.from_options(options()), there)
    lines = fleet_report.table(rows, 2, {str(there.targets[0].id): "sensors"}).splitlines()
    assert all("  sensors  " in line for line in lines[1:3])
    assert lines[3] == "create  ... and 3 more"


def test_the_table_groups_what_is_skipped_for_one_reason():
    rows = planner.plan(
        Fleet.from_options(options()), world([interface(at, instance_type="m5.metal") for at in (1, 2)])
    )
    (line,) = fleet_report.table(rows, 10, {}).splitlines()[1:-1]
    assert line.split()[:3] == ["skip", "2", "interfaces"]


@pytest.mark.parametrize("name", ["web\ncreate  eni-1", "\x1b[31mred", "a\rb", "tab\there", "\u202eevil"])
def test_a_name_cannot_forge_a_line_of_the_table(name):
    one = interface(1)
    one = replace(one, instance=replace(one.instance, tags={**one.instance.tags, "Name": name}))
    rows = planner.plan(Fleet.from_options(options()), world([one]))
    text = fleet_report.table(rows, 10, {})
    assert text.count("\n") == 3 and all(line.isprintable() for line in text.splitlines())


def test_nothing_to_do_is_a_summary_alone():
    rows = planner.plan(Fleet.from_options(options()), world([interface(1)], [session(1, 1)]))
    assert fleet_report.table(rows, 10, {}) == "0 to create, 0 to update, 0 to delete, 1 unchanged, 0 skipped\n"
