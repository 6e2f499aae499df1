# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits that keep a plan from doing more than the task allows."""

from __future__ import annotations

from collections import defaultdict

from .._model.errors import ConflictError
from .options import LIMITS, Fleet
from .plan_entry import PlanEntry, summary

# A message gives so many reasons at most.
REASONS = 3


def check_limits(fleet: Fleet, rows: list[PlanEntry]) -> None:
    """Raise ConflictError if the plan does more than the task allows, or would empty the fleet by an empty
    selection."""
    counts, had = summary(rows), sum(1 for row in rows if row.plan.before is not None)
    selected = sum(1 for row in rows if row.selected)
    if fleet.present and counts["delete"] and counts["delete"] == had and not counts["create"]:
        raise ConflictError(
            f"Nothing is left of what sources select, while the fleet has {had} sessions; nothing was changed. They "
            f"would go for: {_why(rows, 'delete')}. Correct the task, or say state: absent to remove the fleet."
        )
    for option, action in LIMITS.items():
        if option not in fleet.limits:
            continue
        number, percent = fleet.limits[option]
        whole = selected if action == "create" else had
        most = whole * number // 100 if percent else number
        if counts[action] > most:
            of = f"{number}% of {whole} = {most}" if percent else str(most)
            raise ConflictError(
                f"The plan has {counts[action]} interfaces to {action}, and {option} allows {of}; nothing was changed. "
                f"Why: {_why(rows, action)}. Raise {option}, or correct the task."
            )


def _why(rows: list[PlanEntry], action: str) -> str:
    """The most frequent reasons of this action, each with an example."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.action == action:
            by_reason[row.reason].append(row.interface_id)
    frequent = sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
    more = [f"and {len(frequent) - REASONS} other reasons"] if len(frequent) > REASONS else []
    return "; ".join(
        [f"{len(ids)} x {reason} ({ids[0]}{', ...' if ids[1:] else ''})" for reason, ids in frequent[:REASONS]] + more
    )
