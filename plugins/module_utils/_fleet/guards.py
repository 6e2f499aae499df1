# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that a plan stays within the limits of the task."""

from __future__ import annotations

from collections import defaultdict

from .._model.errors import ConflictError
from .options import LIMITS, Fleet
from .plan_entry import PlanEntry, summary

# The number of reasons in a message.
MAX_REASONS = 3


def check_limits(fleet: Fleet, entries: list[PlanEntry]) -> None:
    """Raise ConflictError if the plan exceeds max_creates, max_updates or max_deletes, or deletes every session.

    Only O(state=absent) may delete every session without creating one.
    """
    counts = summary(entries)
    existing = sum(1 for entry in entries if entry.plan.before is not None)
    selected = sum(1 for entry in entries if entry.selected)
    if fleet.present and counts["delete"] and counts["delete"] == existing and not counts["create"]:
        raise ConflictError(
            f"The plan would delete all {existing} sessions of fleet {fleet.name}; nothing was changed. "
            f"Reasons: {_list_reasons(entries, 'delete')}. "
            "Correct sources and exclude, or use state: absent to delete the fleet."
        )
    for option, action in LIMITS.items():
        if option not in fleet.limits:
            continue
        number, is_percentage = fleet.limits[option]
        total = selected if action == "create" else existing
        limit = total * number // 100 if is_percentage else number
        if counts[action] > limit:
            allowed = f"{limit} ({number}% of {total})" if is_percentage else str(limit)
            raise ConflictError(
                f"The plan {action}s {counts[action]} sessions; {option} allows {allowed}. Nothing was changed. "
                f"Reasons: {_list_reasons(entries, action)}. Correct the task or raise {option}."
            )


def _list_reasons(entries: list[PlanEntry], action: str) -> str:
    """The most frequent reasons for an action, each with its count and an example."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        if entry.action == action:
            by_reason[entry.reason].append(entry.interface_id)
    frequent = sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
    more = [f"and {len(frequent) - MAX_REASONS} other reasons"] if len(frequent) > MAX_REASONS else []
    return "; ".join(
        [f"{len(ids)} x {reason} ({ids[0]}{', ...' if ids[1:] else ''})" for reason, ids in frequent[:MAX_REASONS]]
        + more
    )
