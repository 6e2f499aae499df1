# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a plan over many objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Callable

from .._model.placeholders import with_placeholders
from .._model.text import printable
from .entry import DIFFERS, Entry, Status, summarize

# The labels of the counts in the last line of the table, by key of the summary. Failures occur after the plan.
_COUNT_LABELS = {
    "created": "to create",
    "updated": "to update",
    "deleted": "to delete",
    "unchanged": "unchanged",
    "skipped": "skipped",
}
Cells = tuple[str, ...]


def format_table(
    entries: Iterable[Entry],
    heading: Cells,
    format_cells: Callable[[Entry], Cells],
    max_lines: int,
    objects: str,
    notes: Sequence[str] = (),
) -> str:
    """The plan as text: a heading, a line for each creation, update and deletion and each reason to skip, the counts.

    heading: the columns; the first is the action, the second the key, the last the reason. format_cells: returns the
    cells of an entry. max_lines: the number of lines of each action. objects: what the entries are, in the plural.
    notes: lines before the counts.
    """
    entries = list(entries)
    lines: list[Cells] = []
    for action in ("create", "update", "delete"):
        chosen = [entry for entry in entries if entry.action == action]
        lines += [_mark(entry, format_cells(entry)) for entry in chosen[:max_lines]]
        lines += [(action, f"... and {len(chosen) - max_lines} more")] if len(chosen) > max_lines else []
    skipped: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.action == "skip":
            skipped[entry.reason].append(entry)
    for reason, group in sorted(skipped.items())[:max_lines]:
        group_cells = ("skip", f"{len(group)} {objects}", *[""] * (len(heading) - 3), reason)
        lines.append(format_cells(group[0]) if len(group) == 1 else group_cells)
    lines += [("skip", f"... and {len(skipped) - max_lines} more reasons")] if len(skipped) > max_lines else []
    return "\n".join(
        [
            *align_columns([heading, *lines] if lines else [], len(heading)),
            *map(printable, notes),
            _count_line(entries),
            "",
        ]
    )


def format_reason(entry: Entry) -> str:
    """The cell with the reason of an entry and what changes.

    An update that only corrects differences shows the changes. The values of dicts and lists are left out: they are in
    the result C(plan).
    """
    changes = [
        option if isinstance(after, (dict, list)) else f"{option} {before!r} -> {after!r}"
        for option, (before, after) in with_placeholders(entry.changes or {}).items()
    ]
    # Without its reason, an adoption would look like a change of tags.
    reasons = [] if changes and entry.reason.startswith(DIFFERS) else [entry.reason]
    return "; ".join([*reasons, *([", ".join(changes)] if changes else [])])


def _mark(entry: Entry, cells: Cells) -> Cells:
    """The cells with the status, if the entry will not be carried out."""
    return (f"{cells[0]} (held back)", *cells[1:]) if entry.status is Status.HELD_BACK else cells


def _count_line(entries: list[Entry]) -> str:
    counts = summarize(entries)
    held_back = f", {counts['held_back']} deletions held back" if counts["held_back"] else ""
    return ", ".join(f"{counts[key]} {label}" for key, label in _COUNT_LABELS.items()) + held_back


def align_columns(lines: Sequence[Cells], columns: int) -> list[str]:
    """The lines with aligned cells. Names come from tags, so control characters are escaped."""
    escaped = [tuple(map(printable, line)) for line in lines]
    # The "... and N more" lines have fewer cells and do not widen the columns.
    full = [line for line in escaped if len(line) == columns]
    widths = [max(map(len, column)) for column in zip(*full)] or [0]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in escaped]
