# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of a fleet's plan: table, warnings, coverage."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet import report as fleet_report
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._fleet.target_assignment import Target
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import UnresolvedRef

from tests.unit.fleet.builders import aws_state, interface, options, session, target


def test_table_shows_changed_options():
    entries = planner.plan(Fleet.from_options(options(packet_length=128)), aws_state([interface(1)], [session(1, 1)]))
    assert "  packet_length 8500 -> 128\n" in fleet_report.table(entries, 10, {})


def test_table_has_aligned_columns_heading_and_counts():
    state = aws_state([interface(1), interface(2, instance_type="m6i.metal"), interface(3)], [session(3, 3)])
    entries = planner.plan(Fleet.from_options(options()), state)
    heading, *lines, counts, end = fleet_report.table(entries, 10, {}).split("\n")
    assert heading.split() == list(fleet_report.HEADING) and end == ""
    assert counts == "1 to create, 0 to update, 0 to delete, 1 unchanged, 1 skipped"
    for line in lines:
        assert all(line[heading.index(one) - 2 : heading.index(one)] == "  " for one in fleet_report.HEADING[1:])
    assert [line.split()[0] for line in lines] == ["create", "skip"]
    assert lines[0].endswith("new match") and "(new)" in lines[0]


def test_table_shows_target_names_and_number_of_omitted_lines():
    state = aws_state([interface(at) for at in range(1, 6)])
    entries = planner.plan(Fleet.from_options(options()), state)
    lines = fleet_report.table(entries, 2, {str(state.targets[0].id): "sensors"}).splitlines()
    assert all("  sensors  " in line for line in lines[1:3])
    assert lines[3] == "create  ... and 3 more"


def test_table_groups_skips_by_reason():
    entries = planner.plan(
        Fleet.from_options(options()), aws_state([interface(at, instance_type="m6i.metal") for at in (1, 2)])
    )
    (line,) = fleet_report.table(entries, 10, {}).splitlines()[1:-1]
    assert line.split()[:3] == ["skip", "2", "interfaces"]


@pytest.mark.parametrize("name", ["web\ncreate  eni-1", "\x1b[31mred", "a\rb", r"tab\state", "\u202eevil"])
def test_table_escapes_control_characters_of_names(name):
    one = interface(1)
    one = replace(one, instance=replace(one.instance, tags={**one.instance.tags, "Name": name}))
    entries = planner.plan(Fleet.from_options(options()), aws_state([one]))
    text = fleet_report.table(entries, 10, {})
    assert text.count("\n") == 3 and all(line.isprintable() for line in text.splitlines())


def test_table_without_changes_has_only_counts():
    entries = planner.plan(Fleet.from_options(options()), aws_state([interface(1)], [session(1, 1)]))
    assert fleet_report.table(entries, 10, {}) == "0 to create, 0 to update, 0 to delete, 1 unchanged, 0 skipped\n"


def test_failed_creation_is_not_mirrored():
    entries = planner.plan(Fleet.from_options(options()), aws_state([interface(1), interface(2)], [session(2, 2)]))
    entries[0].failed = True
    report = fleet_report.coverage(entries)
    assert (report["eligible"], report["mirrored"], report["unmirrored"]) == (2, 1, [interface(1).id])


def test_warnings():
    state = aws_state([interface(1), interface(2), interface(3)], targets=[target(1, capacity=1)])
    assert fleet_report.warnings(planner.plan(Fleet.from_options(options()), state), {}) == [
        f"2 eligible interfaces are not mirrored: {interface(2).id}, {interface(3).id}. "
        "Reasons: 2 x all targets are at capacity."
    ]
    (nothing,) = fleet_report.warnings([], {})
    assert nothing.startswith("sources match no interface.")
    state = replace(
        state,
        filter_id=UnresolvedRef("dns", "tmf"),
        targets=(Target(UnresolvedRef("sensors", "tmt"), None, None, frozenset()),),
    )
    names = fleet_report.pending(state)
    assert names == {"traffic_mirror_filter_id": "dns", "targets": ["sensors"]}
    (missing,) = fleet_report.warnings(planner.plan(Fleet.from_options(options()), state), names)
    assert missing.startswith("Filter or target not found: dns, sensors. Check mode assumes")
    assert fleet_report.pending(aws_state()) == {}
