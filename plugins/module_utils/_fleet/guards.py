# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a fleet within the limits of the task. Pure."""

from __future__ import annotations

from .._batch.guards import list_reasons, need_deletions
from .._model.errors import ConflictError
from .._model.tags import FLEET
from .._model.text import count_of
from .options import Fleet
from .ownership import check_other_fleets
from .plan_entry import AwsState, FleetEntry, Selection
from .planner import plan

_ACTIONS = {"max_creates": "create", "max_updates": "update"}


def plan_guarded(fleet: Fleet, aws_state: AwsState) -> tuple[list[FleetEntry], str | None]:
    """Plan. Returns the entries, and the message if deletions are held back. Raises ConflictError."""
    entries = plan(fleet, aws_state)
    check_other_fleets(fleet, aws_state, entries)
    excess = find_excess_deletions(fleet, entries)
    if excess is None:
        return entries, None
    try:
        return plan(fleet, aws_state, hold_deletions=True), excess
    except ConflictError as error:
        raise need_deletions(excess, error) from error


def check_limits(fleet: Fleet, entries: list[FleetEntry]) -> None:
    """Raise ConflictError if the plan exceeds max_creates or max_updates."""
    for option, action in _ACTIONS.items():
        limit = fleet.limits.get(option)
        chosen = [entry for entry in entries if entry.action == action]
        total = _count_selected(entries) if action == "create" else _count_existing(entries)
        if limit is not None and len(chosen) > limit.value(total):
            raise ConflictError(
                f"The plan {action}s {count_of(len(chosen), 'session')}; {option} allows {limit.describe(total)}. "
                f"Nothing was changed. Reasons: {list_reasons(chosen)}. Correct the task or raise {option}."
            )


def find_excess_deletions(fleet: Fleet, entries: list[FleetEntry]) -> str | None:
    """The message if the plan deletes more sessions than max_deletes allows, or all of the fleet; otherwise None.

    Sessions that mirror nothing, because their interface or instance does not exist, do not count. Nor do those that
    the fleet only adopts by this plan.
    """
    deletions = [entry for entry in entries if entry.action == "delete" and not entry.is_safe_deletion]
    own = [entry for entry in entries if entry.plan.before is not None and FLEET in entry.plan.before["tags"]]
    existing = sum(not entry.is_safe_deletion for entry in own)
    if not fleet.present or not deletions:
        return None
    reasons = f"Reasons: {list_reasons(deletions)}."
    if len(deletions) == existing:
        next_run = (
            " The next run does not delete every session, because it counts the new sessions as well: it deletes these "
            "if max_deletes allows it."
        )
        has_creations = any(entry.action == "create" for entry in entries)
        return (
            f"The plan deletes every session of fleet {fleet.name} ({existing}). {reasons} Correct sources and "
            f"exclude, or use state: absent to delete the fleet.{next_run if has_creations else ''}"
        )
    limit = fleet.limits["max_deletes"]
    if len(deletions) <= limit.value(existing):
        return None
    return (
        f"The plan deletes {count_of(len(deletions), 'session')}; max_deletes allows {limit.describe(existing)}. "
        f"{reasons} Correct sources and exclude, or raise max_deletes."
    )


def check_eligible(fleet_entries: list[FleetEntry]) -> None:
    """Raise ConflictError if EC2 cannot mirror a selected interface."""
    ineligible = [entry for entry in fleet_entries if entry.selection is Selection.INELIGIBLE]
    if ineligible:
        raise ConflictError(
            "on_ineligible is fail, and selected interfaces cannot be mirrored. Nothing was changed. Reasons: "
            f"{list_reasons(ineligible)}."
        )


def _count_existing(entries: list[FleetEntry]) -> int:
    """The number of the fleet's sessions, and of those that it adopts."""
    return sum(entry.plan.before is not None for entry in entries)


def _count_selected(entries: list[FleetEntry]) -> int:
    return sum(entry.selection is not Selection.NOT_SELECTED for entry in entries)
