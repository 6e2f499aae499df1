# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

# What the columns hold: the faults that begin with these words.
COLUMNS = {
    "throttled": ("throttled",),
    "5xx": ("5xx",),
    "reset": ("reset",),
    "lost": ("lost",),
    "half": ("half",),
    "slow": ("slow", "too slow"),
    "denied": ("denied",),
    "lag": ("lag",),
    "deletes": ("actor deletes",),
    "creates": ("actor creates",),
    "changes": ("actor changes",),
}
HOW = ("done", "failed", "refused", "DEFECT")


def column(fault: str) -> str:
    """The column of a fault."""
    return next(name for name, starts in COLUMNS.items() if fault.startswith(starts))


def text(counts: Counter[str]) -> str:
    """done/failed, /refused if there are any, and the defects."""
    if not sum(counts.values()):
        return "."
    shown = f"{counts['done']}/{counts['failed']}"
    shown += f"/{counts['refused']}" if counts["refused"] else ""
    return shown + (f" {counts['DEFECT']}!" if counts["DEFECT"] else "")


def table(title: str, columns: Iterable[str], found: dict[tuple[str, str], Counter[str]]) -> str:
    """found: row and column to how many ended how. With a line and a column of sums."""
    columns, rows = list(columns), list(dict.fromkeys(row for row, _column in found))
    lines = [[title, *columns, "all"]]
    for row in rows:
        counts = [found.get((row, name), Counter()) for name in columns]
        lines.append([row, *map(text, counts), text(sum(counts, Counter()))])
    sums = [sum((found.get((row, name), Counter()) for row in rows), Counter()) for name in columns]
    lines.append(["all", *map(text, sums), text(sum(sums, Counter()))])
    widths = [max(map(len, cells)) for cells in zip(*lines)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
