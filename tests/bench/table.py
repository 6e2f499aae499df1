# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table: medians over the rounds, and medians of the ratios within each round."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from .measure import Figures
from .subjects import BARE, PING, PLAY, REFERENCE, SCRIPTS, WALL_TARGET, Subject

Rounds = list[dict[Subject, Figures]]
_HEAD = (
    "looped task",
    "calls",
    "target",
    "ms",
    "min-max",
    f"/ {REFERENCE.rpartition('.')[2]}",
    "target",
    "/ bare",
    "/ ping",
)


def _ratio(rounds: Rounds, subject: Subject, other: Subject | None) -> float | None:
    """The median of the ratios of one round each: what slows the machine for a while slows both."""
    if other is None:
        return None
    return median(one[subject].seconds / one[other].seconds for one in rounds)


def _bare(subject: Subject) -> Subject | None:
    # An info task makes the call that a no-op makes.
    does = subject.does or "no-op"
    return next((script for script in SCRIPTS if subject.ours and script.does == does), None)


def _only(of: str) -> Subject:
    return next(subject for subject in PLAY if subject.of == of)


def _items(rounds: Rounds, subject: Subject) -> list[tuple[str, ...]]:
    return [calls for one in rounds for calls in one[subject].calls]


def misses(rounds: Rounds) -> list[str]:
    """The subjects of which an item made other calls than it should, with the calls."""
    return [
        f"{subject.label}: should call {', '.join(subject.calls)}; called {', '.join(calls) or 'nothing'}"
        for subject in PLAY
        if subject.calls is not None
        for calls in sorted(set(_items(rounds, subject)))
        if sorted(calls) != sorted(subject.calls)
    ]


def _verdict(target: str, met: bool) -> str:
    return f"{target} {'ok' if met else 'MISSED'}"


def _row(rounds: Rounds, subject: Subject) -> tuple[str, ...]:
    times = [one[subject].seconds * 1000 for one in rounds]
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
        "" if wanted is None else _verdict(str(len(wanted)), met),
        f"{median(times):.0f}",
        f"{min(times):.0f}-{max(times):.0f}",
        shown(against),
        _verdict(f"{WALL_TARGET}", against <= WALL_TARGET) if subject.ours else "",
        shown(_ratio(rounds, subject, _bare(subject))),
        shown(_ratio(rounds, subject, _only(PING))),
    )


def table(rounds: Rounds) -> str:
    """All subjects, grouped by whose they are, in columns."""
    order: tuple[Callable[[Subject], bool], ...] = (
        lambda s: s.ours,
        lambda s: s.of == BARE,
        lambda s: s.of == PING,
        lambda s: s.of == REFERENCE,
        lambda _: True,
    )
    subjects = sorted((*PLAY, *SCRIPTS), key=lambda s: next(i for i, fits in enumerate(order) if fits(s)))
    rows = [_HEAD, *(_row(rounds, subject) for subject in subjects)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    rows.insert(1, tuple("-" * width for width in widths))
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)
