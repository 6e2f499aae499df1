# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as a CSV table (RFC 4180), with a line for each row of the plans. Pure."""

from __future__ import annotations

import csv
import io
from typing import Any

from .._model.text import printable
from .document import Document

_REPORT_COLUMNS = ("created_at", "check_mode")
_FLEET_COLUMNS = ("label", "account_id", "region", "fleet")
_ROW_COLUMNS = (
    "availability_zone",
    "network_interface_id",
    "instance_id",
    "instance_name",
    "coverage",
    "coverage_reason",
    "action",
    "cause",
    "status",
    "reason",
    "traffic_mirror_session_id",
    "session_number",
    "traffic_mirror_target_id",
    "virtual_network_id",
    "error_code",
    "error",
)
COLUMNS = (*_REPORT_COLUMNS, *_FLEET_COLUMNS, *_ROW_COLUMNS)
# Spreadsheets execute cells that begin with these characters as formulas. printable escapes tabs and line ends.
_FORMULA_STARTS = ("=", "+", "-", "@")


def render_csv(document: Document) -> str:
    """The table as text, with a heading. A fleet without a plan has one line with its error."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    report = [_to_cell(document[key]) for key in _REPORT_COLUMNS]
    for fleet in document["fleets"]:
        first = [*report, *(_to_cell(fleet[key]) for key in _FLEET_COLUMNS)]
        for row in fleet["plan"] or ([{"error": fleet["error"]}] if fleet["error"] is not None else []):
            writer.writerow([*first, *(_to_cell(row.get(key)) for key in _ROW_COLUMNS)])
    return text.getvalue()


def _to_cell(value: Any) -> str:
    """The text of a cell: one line, and never a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = printable(str(value))
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
