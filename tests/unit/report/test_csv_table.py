# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CSV table: its columns and lines, and that no cell is a formula."""

from __future__ import annotations

import csv
import io

from ansible_collections.vtap.aws.plugins.module_utils._report.csv_table import COLUMNS, render_csv
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.report.documents import CREATED_AT, document, fleet, mixed_document, row


def read(one):
    text = render_csv(one)
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_lines():
    one = mixed_document()
    rows = read(one)
    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) == sum(len(part["plan"]) for part in one["fleets"]) + 1
    assert {line["created_at"] for line in rows} == {CREATED_AT} and {line["check_mode"] for line in rows} == {"false"}
    failed = [line for line in rows if line["status"] == "failed"]
    assert [(line["error_code"], line["cause"]) for line in failed] == [
        ("TrafficMirrorSessionLimitExceeded", "new_match")
    ]
    last = {key: value for key, value in rows[-1].items() if value}
    assert last == {
        "created_at": CREATED_AT,
        "check_mode": "false",
        "label": "lab-us-east-1",
        "region": "us-east-1",
        "error": "AssumeRole failed: AccessDenied: not authorized",
    }


@given(st.text())
@example("=1+1")
@example("@SUM(A1)")
@example("\t=1")
@example('a "b", c\r\nd')
def test_cells_are_one_line_and_no_formula(value):
    rows = read(document(fleet([row(1, instance_name=value), row(2)])))
    assert len(rows) == 2 and rows[1]["instance_name"] == "web-2"
    cell = rows[0]["instance_name"]
    assert cell.isprintable() and not cell.startswith(("=", "+", "-", "@"))
    if value.isprintable():
        assert cell.removeprefix("'") == value.removeprefix("'")
