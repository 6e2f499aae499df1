# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limit of deletions of a stack."""

from __future__ import annotations

from .._batch.guards import list_reasons, need_deletions
from .._model.errors import ConflictError
from .._model.text import count_of
from .._resources.references import Reader
from .options import Stack
from .plan_entry import StackEntry
from .planner import plan
from .snapshot import Snapshot, read_resources


def plan_guarded(stack: Stack, reader: Reader, check_mode: bool) -> tuple[list[StackEntry], str | None]:
    """Read the resources and plan. Returns the entries, and the message if deletions are held back.

    check_mode: see plan. Raises the errors of plan.
    """
    rows = read_resources(reader, stack.needs_rule_tags)
    entries = plan(stack, Snapshot(rows, reader), check_mode)
    existing = sum(stack.owns(row) for one in rows.values() for row in one)
    excess = find_excess_deletions(stack, entries, existing)
    if excess is None:
        return entries, None
    try:
        return plan(stack, Snapshot(rows, reader), check_mode, hold_deletions=True), excess
    except ConflictError as error:
        raise need_deletions(excess, error) from error


def find_excess_deletions(stack: Stack, entries: list[StackEntry], existing: int) -> str | None:
    """The message if the plan deletes more than max_deletes allows, or leaves nothing of the stack; otherwise None.

    existing: the number of resources that the stack had before. Replaced resources, duplicates and expired sessions do
    not count as deleted.
    """
    deletions = [
        entry
        for entry in entries
        if entry.action == "delete" and not (entry.is_replaced or entry.is_duplicate or entry.is_expired)
    ]
    if not stack.present or not deletions:
        return None
    reasons = f"Reasons: {list_reasons(deletions)}."
    if len(deletions) == existing == len(entries):
        return (
            f"The plan deletes every resource of stack {stack.name} ({existing}). {reasons} Correct the document, or "
            "use state: absent to delete the stack."
        )
    if len(deletions) <= stack.max_deletes.value(existing):
        return None
    return (
        f"The plan deletes {count_of(len(deletions), 'resource')}; max_deletes allows "
        f"{stack.max_deletes.describe(existing)}. {reasons} Correct the document, or raise max_deletes."
    )
