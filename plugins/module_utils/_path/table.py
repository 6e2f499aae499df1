# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings as a table. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict

from .._batch.plan_table import align_columns
from .._model.text import count_of
from .findings import Finding, Status
from .paths import SessionPath

# The number of lines of the table. The findings in the result are complete.
MAX_LINES = 100
# The number of sessions that a line of the table names.
MAX_LABELS = 3
_HEADING = ("status", "stage", "session", "finding")


def format_table(paths: list[SessionPath]) -> str:
    """The findings that are not ok, problems first, each with its fix below; then the counts of the verdicts.

    Sessions with the same finding share a line.
    """
    rows: dict[tuple[Status, str, str, str], list[str]] = defaultdict(list)
    for path in paths:
        for finding in path.open_findings or [Finding("all", Status.OK, "all conditions hold")]:
            rows[(finding.status, finding.stage, finding.message, finding.fix)].append(path.label)
    lines: list[tuple[str, ...]] = []
    for (status, stage, message, fix), labels in sorted(rows.items(), key=lambda row: row[0][0], reverse=True):
        names = ", ".join(labels[:MAX_LABELS])
        names += f" and {len(labels) - MAX_LABELS} more" if len(labels) > MAX_LABELS else ""
        lines += [(status.value, stage, names, message), *([("", "", "", f"-> {fix}")] if fix else [])]
    more = [f"... and {len(lines) - MAX_LINES} more lines"] if len(lines) > MAX_LINES else []
    counts = Counter(path.verdict for path in paths)
    total = ", ".join(f"{counts[status]} {status.value}" for status in sorted(Status, reverse=True))
    table = align_columns([_HEADING, *lines[:MAX_LINES]], len(_HEADING)) if lines else []
    return "\n".join([*table, *more, f"{count_of(len(paths), 'session')}: {total}", ""])
