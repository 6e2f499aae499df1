# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table: medians over the rounds, and medians of the ratios within each round.

The scripts have no rows of their own: each stands in the row of the task that makes the same calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from .measure import Figures
from .subjects import FILTER, PING, PLAY, REFERENCE, SCRIPTS, SESSION, TARGET, VPC, WALL_TARGET, Subject

Rounds = list[dict[Subject, Figures]]
_HEAD = (
    "looped task",
    "calls",
    "target",
    "ms",
    "min-max",
    f"/ {REFERENCE.rpartition('.')[2]}",
    "target",
    "bare ms",
    "/ bare",
    "/ ping",
)
# The order of rows, with an empty line between groups.
_GROUPS = (*((of, f"{of}_info") for of in (SESSION, FILTER, TARGET)), (PING, REFERENCE, VPC))


def _ratio(rounds: Rounds, subject: Subject, other: Subject | None) -> float | None:
    """Return the median of the ratios within each round, so that a temporary load affects both values."""
    if other is None:
        return None
    return median(one[subject].seconds / one[other].seconds for one in rounds)


def _bare(subject: Subject) -> Subject | None:
    return next((script for script in SCRIPTS if subject.ours and script.does == subject.script), None)


def _only(of: str) -> Subject:
    return next(subject for subject in PLAY if subject.of == of)


def _times(rounds: Rounds, subject: Subject) -> list[float]:
    return [one[subject].seconds * 1000 for one in rounds]


def _items(rounds: Rounds, subject: Subject) -> list[tuple[str, ...]]:
    return [calls for one in rounds for calls in one[subject].calls]


def misses(rounds: Rounds) -> list[str]:
    """Return a line for each subject with unexpected calls."""
    return [
        f"{subject.label}: expected calls: {', '.join(subject.calls)}; actual calls: {', '.join(calls) or 'nothing'}"
        for subject in (*PLAY, *SCRIPTS)
        if subject.calls is not None
        for calls in sorted(set(_items(rounds, subject)))
        if sorted(calls) != sorted(subject.calls)
    ]


def verdict(text: str, met: bool) -> str:
    """Return the text with the judgement."""
    return f"{text} {'ok' if met else 'MISSED'}"


def align(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return the lines of a table. The first column is aligned to the left, the others to the right."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        ).rstrip()
        for line in lines
    )


def _row(rounds: Rounds, subject: Subject) -> tuple[str, ...]:
    times = _times(rounds, subject)
    bare = _bare(subject)
    counts = sorted({len(calls) for calls in _items(rounds, subject)})
    wanted = subject.calls
    met = all(sorted(calls) == sorted(wanted or ()) for calls in _items(rounds, subject))
    against = _ratio(rounds, subject, _only(REFERENCE))
    assert against is not None

    def shown(ratio: float | None) -> str:
        return "" if ratio is None else f"{ratio:.2f}"

    return (
        subject.label,
        "-".join(str(count) for count in (counts if len(counts) == 1 else (counts[0], counts[-1]))),
        "" if wanted is None else verdict(str(len(wanted)), met),
        f"{median(times):.0f}",
        f"{min(times):.0f}-{max(times):.0f}",
        shown(against),
        verdict(f"{WALL_TARGET}", against <= WALL_TARGET) if subject.ours else "",
        "" if bare is None else f"{median(_times(rounds, bare)):.0f}",
        shown(_ratio(rounds, subject, bare)),
        shown(_ratio(rounds, subject, _only(PING))),
    )


def table(rounds: Rounds) -> str:
    """Return the table of all tasks, grouped by module."""
    groups = [[_row(rounds, subject) for of in group for subject in PLAY if subject.of == of] for group in _GROUPS]
    rows = [_HEAD, *(row for group in groups for row in group)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]

    def line(row: tuple[str, ...]) -> str:
        cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        return "  ".join([row[0].ljust(widths[0]), *cells]).rstrip()

    lines = [line(_HEAD), line(tuple("-" * width for width in widths))]
    for number, group in enumerate(groups):
        lines += [*([""] if number else []), *map(line, group)]
    return "\n".join(lines)
