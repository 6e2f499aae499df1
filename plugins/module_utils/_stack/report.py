# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of a stack's plan: the table, warnings, pending references and the resources by name."""

from __future__ import annotations

from typing import cast

from .._batch.entry import Entry, Status
from .._batch.plan_table import format_reason, format_table
from .._model.api_objects import add_expires_at
from .._model.placeholders import UnresolvedRef, with_placeholders
from .._model.plan import add_placeholders
from .._model.resource_types import SESSION, ModuleParams
from .._resources.references import pending_warning
from .._resources.session import REFERENCES
from .options import LISTS, OPTIONS
from .plan_entry import StackEntry

_HEADING = ("action", "resource", "name", "id", "reason")


def format_plan(entries: list[StackEntry], max_lines: int) -> str:
    """The plan as a table. max_lines: the number of lines of each action."""
    return format_table(entries, _HEADING, _format_cells, max_lines, "resources")


def list_warnings(entries: list[StackEntry]) -> list[str]:
    """Warnings of the plan. In check mode also about filters and targets that do not exist yet."""
    pending = list_pending(entries)
    messages = [text for entry in entries for text in entry.plan.warnings]
    messages += [
        pending_warning(option, resource_type.noun, name)
        for option, (id_option, resource_type) in REFERENCES.items()
        for name in pending.get(id_option, ())
    ]
    return list(dict.fromkeys(messages))


def list_pending(entries: list[StackEntry]) -> dict[str, list[str]]:
    """In check mode, the names of filters and targets outside the document that do not exist yet, by option."""
    pending: dict[str, list[str]] = {}
    for id_option, _type in REFERENCES.values():
        values = [entry.desired.values.get(id_option) for entry in entries if entry.resource_type is SESSION]
        names = {value.name for value in values if isinstance(value, UnresolvedRef) and not value.registered}
        if names:
            pending[id_option] = sorted(names)
    return pending


def list_resources(entries: list[StackEntry]) -> dict[str, dict[str, ModuleParams]]:
    """The resources of the stack after the run, by list and name."""
    resources: dict[str, dict[str, ModuleParams]] = {option: {} for option in LISTS}
    for entry in entries:
        is_deleted = entry.action == "delete" and entry.status in (Status.PLANNED, Status.DONE)
        if entry.after is not None and not is_deleted:
            row = add_placeholders(entry.resource_type, with_placeholders(entry.after))
            row = add_expires_at(entry.resource_type, row)
            resources[OPTIONS[entry.resource_type]][entry.name] = row
    return resources


def _format_cells(entry: Entry) -> tuple[str, ...]:
    """The cells of an entry, in the columns of _HEADING."""
    entry = cast(StackEntry, entry)
    row = entry.plan.before or {}
    new = "(new)" if entry.action == "create" else "-"
    resource_id = str(row.get(entry.resource_type.id_option, new))
    return entry.action, entry.resource_type.noun, entry.name, resource_id, format_reason(entry)
