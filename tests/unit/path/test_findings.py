# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings: their order and their form in results."""

from __future__ import annotations

import itertools

from ansible_collections.vtap.aws.plugins.module_utils._path.findings import Finding, Status, worst


def test_a_problem_is_worse_than_unknown_and_unknown_is_worse_than_ok():
    assert Status.OK < Status.UNKNOWN < Status.PROBLEM
    assert all(sorted(order) == list(Status) for order in itertools.permutations(Status))


def test_worst():
    findings = [Finding("source", one, "x") for one in (Status.OK, Status.PROBLEM, Status.UNKNOWN)]
    assert worst(findings) is Status.PROBLEM
    assert worst([findings[0], findings[2]]) is Status.UNKNOWN
    assert worst(findings[:1]) is worst([]) is Status.OK


def test_describe():
    finding = Finding("network", Status.PROBLEM, "sg-1 does not allow it", "Allow it.", ("eni-1", "sg-1"))
    assert finding.describe() == {
        "stage": "network",
        "status": "problem",
        "message": "sg-1 does not allow it",
        "fix": "Allow it.",
        "ids": ["eni-1", "sg-1"],
    }
    assert Finding("source", Status.OK, "x").describe()["fix"] == ""
