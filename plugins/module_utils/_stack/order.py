# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order in which the entries of a stack's plan are carried out."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from .._model.desired_state import CreatedIdRef
from .._model.resource_types import FILTER, SESSION, TARGET, ModuleParams, ResourceType
from .plan_entry import StackEntry

# The stages of a run. Filters and targets are independent of each other.
CREATIONS = {FILTER: 0, TARGET: 0, SESSION: 1}
DELETIONS = {SESSION: 2, TARGET: 3, FILTER: 3}
_Key = tuple[Any, ...]


class ExecutionOrder:
    """The entries that were planned so far, and what each of them creates and frees."""

    def __init__(self) -> None:
        self.entries: list[StackEntry] = []
        self._creators: dict[CreatedIdRef, StackEntry] = {}
        self._freed_by: dict[_Key, list[StackEntry]] = defaultdict(list)  # see _held

    def add(self, entry: StackEntry, stage: int, needs: tuple[StackEntry, ...] = ()) -> None:
        """Add an entry. Sets its needs, in addition to the given ones, and its position.

        An entry needs those that create the resources it refers to, and those that free what it requires.
        """
        needed = {id(one): one for one in needs}
        needed.update({id(one): one for key in _required(entry) for one in self._freed_by[key]})
        for reference in {one for action in entry.plan.actions for one in action.created_refs}:
            if reference in self._creators:
                needed[id(self._creators[reference])] = self._creators[reference]
        entry.needs = tuple(needed.values())
        depth = max((one.position[1] + 1 for one in entry.needs if one.position[0] == stage), default=0)
        entry.position = (stage, depth)
        resource_type, before, after = entry.resource_type, entry.plan.before, entry.plan.after
        for key in _held(resource_type, before) - _held(resource_type, after):
            self._freed_by[key].append(entry)
        for action in entry.plan.actions:
            if action.creates is not None:
                self._creators[action.creates] = entry
        self.entries.append(entry)

    def sort(self) -> list[StackEntry]:
        """The entries in the order of execution. Sets their phases."""
        entries = sorted(self.entries, key=lambda entry: (entry.position, entry.rank))
        phases = {position: phase for phase, position in enumerate(dict.fromkeys(one.position for one in entries))}
        for entry in entries:
            entry.phase = phases[entry.position]
        return entries


def _held(resource_type: ResourceType, row: ModuleParams | None) -> set[_Key]:
    """What a session has that others may need: its interface, its number there, its use of filter and target."""
    if row is None or resource_type is not SESSION:
        return set()
    interface = row.get("network_interface_id")
    used = {("user", row.get(one.id_option)) for one in (FILTER, TARGET)}
    return {("source", interface), ("number", interface, row.get("session_number")), *used}


def _required(entry: StackEntry) -> set[_Key]:
    """What sessions must not have any more before an entry can be carried out."""
    resource_type, before, after = entry.resource_type, entry.plan.before, entry.plan.after
    if after is None:
        return {("user", (before or {}).get(resource_type.id_option))}
    if resource_type is TARGET:
        return {("source", after.get("network_interface_id"))}
    return {key for key in _held(resource_type, after) - _held(resource_type, before) if key[0] != "user"}
