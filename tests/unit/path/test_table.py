# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of the findings."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._path.findings import Finding, Status
from ansible_collections.vtap.aws.plugins.module_utils._path.paths import SessionPath
from ansible_collections.vtap.aws.plugins.module_utils._path.table import MAX_LINES, format_table

from tests.unit.path.surroundings import session

OK = Finding("source", Status.OK, "it is attached")
HINT = Finding("source", Status.UNKNOWN, "the MTU is not visible", "Compare the MTU.")
CLOSED = Finding("network", Status.PROBLEM, "the group is closed", "Open the group.")
STOPPED = Finding("target", Status.PROBLEM, "the sensor is stopped", "Start the sensor.")


def path(number, *findings, name=""):
    return SessionPath(session(number, tags={"Name": name} if name else {}), list(findings))


def test_problems_come_first_in_the_order_of_the_way():
    assert format_table([path(1, OK, HINT, CLOSED, STOPPED, name="web"), path(2, OK)]).splitlines() == [
        "status   stage    session  finding",
        "problem  network  web      the group is closed",
        "                           -> Open the group.",
        "problem  target   web      the sensor is stopped",
        "                           -> Start the sensor.",
        "unknown  source   web      the MTU is not visible",
        "                           -> Compare the MTU.",
        "ok       all      tms-2    all conditions hold",
        "2 sessions: 1 problem, 0 unknown, 1 ok",
    ]


@pytest.mark.parametrize(
    ("number", "names"), [(1, "tms-0"), (3, "tms-0, tms-1, tms-2"), (5, "tms-0, tms-1, tms-2 and 2 more")]
)
def test_sessions_with_the_same_finding_share_a_line(number, names):
    lines = format_table([path(one, HINT) for one in range(number)]).splitlines()
    assert len(lines) == 4
    assert lines[1] == f"unknown  source  {names.ljust(len('session'))}  the MTU is not visible" and lines[-1].endswith(
        f": 0 problem, {number} unknown, 0 ok"
    )


def test_number_of_lines_is_limited():
    findings = [Finding("filter", Status.PROBLEM, f"fault {one}", "Fix it.") for one in range(MAX_LINES)]
    lines = format_table([path(1, *findings)]).splitlines()
    assert len(lines) == 1 + MAX_LINES + 2
    assert lines[-2] == f"... and {MAX_LINES} more lines"


def test_control_characters_of_names_are_escaped():
    assert "\x1b" not in format_table([path(1, CLOSED, name="\x1b[31mred")])


def test_no_sessions():
    assert format_table([]) == "0 sessions: 0 problem, 0 unknown, 0 ok\n"


def test_an_interface_without_a_session():
    missing = SessionPath({"network_interface_id": "eni-1"}, [CLOSED])
    assert "eni-1" in format_table([missing])
