# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

# {column: prefixes of the faults in it}
COLUMNS = {
    "throttled": ("throttled",),
    "5xx": ("5xx",),
    "reset": ("reset",),
    "lost": ("lost",),
    "half": ("half",),
    "slow": ("slow", "too slow"),
    "denied": ("denied",),
    "html": ("html",),
    "expired": ("expired",),
    "lag": ("lag",),
    "deletes": ("actor deletes",),
    "creates": ("actor creates",),
    "changes": ("actor changes",),
}
HOW = ("done", "failed", "conflict", "DEFECT")


def column(fault: str) -> str:
    """Return the column of a fault."""
    return next(name for name, starts in COLUMNS.items() if fault.startswith(starts))


def text(counts: Counter[str]) -> str:
    """Format the counts: done/failed, /conflict and defects only if there are any."""
    if not sum(counts.values()):
        return "."
    shown = f"{counts['done']}/{counts['failed']}"
    shown += f"/{counts['conflict']}" if counts["conflict"] else ""
    return shown + (f" {counts['DEFECT']}!" if counts["DEFECT"] else "")


def table(title: str, columns: Iterable[str], found: dict[tuple[str, str], Counter[str]]) -> str:
    """Return the table with sums. found: {(row, column): counts by outcome}."""
    columns, rows = list(columns), list(dict.fromkeys(row for row, _column in found))
    lines = [[title, *columns, "all"]]
    for row in rows:
        counts = [found.get((row, name), Counter()) for name in columns]
        lines.append([row, *map(text, counts), text(sum(counts, Counter()))])
    sums = [sum((found.get((row, name), Counter()) for row in rows), Counter()) for name in columns]
    lines.append(["all", *map(text, sums), text(sum(sums, Counter()))])
    widths = [max(map(len, cells)) for cells in zip(*lines)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
