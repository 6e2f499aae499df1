# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which resource belongs to which entry of the document."""

from __future__ import annotations

from typing import Callable

from .._model.desired_state import DesiredState
from .._model.errors import ConflictError, TransientError
from .._model.matching import has_values
from .._model.plan import Plan
from .._model.resource_types import SESSION, ModuleParams, ResourceType
from .._model.tags import REPLACES
from .options import TYPES, Item, Stack
from .snapshot import ResourceId, Snapshot


class ClaimedError(TransientError):
    """A resource belongs to another entry of the document, at least until that entry is planned."""


class Claims:
    """The entries of the document by the id of their resource.

    An id in the document takes precedence over a name. If several resources of the stack have the name of an entry,
    because two runs created them or a replacement is unfinished, the others belong to no entry. Raises ConflictError
    for an unfinished replacement that the task does not allow.
    """

    def __init__(self, stack: Stack, snapshot: Snapshot) -> None:
        self._stack, self._snapshot = stack, snapshot
        self._items: dict[ResourceId, Item] = {}
        self._own_ids: dict[Item, str] = {}
        for resource_type in TYPES:
            self._find_own(resource_type)

    def own_id(self, item: Item) -> str | None:
        """The id that the entry has, otherwise that of the stack's resource with the name of the entry."""
        return item.desired.id or self._own_ids.get(item)

    def find(self, resource_id: ResourceId | None) -> Item | None:
        """The entry that a resource belongs to, None if it belongs to none."""
        return None if resource_id is None else self._items.get(resource_id)

    def add(self, resource_id: ResourceId, item: Item) -> None:
        """Store the resource of a planned entry."""
        self._items[resource_id] = item

    def check(self, item: Item, plan: Plan) -> None:
        """Raise ClaimedError if the plan of an entry concerns a resource that belongs to another entry."""
        for row in (plan.before, plan.after):
            other = self.find((row or {}).get(item.resource_type.id_option))
            if row is not None and other is not None and other is not item:
                raise ClaimedError(
                    f"{item.resource_type.label(row)} is {other.label} of the document. Correct one of the two "
                    "entries, or change them in two runs."
                )

    def list_unlisted(self, resource_type: ResourceType) -> list[ModuleParams]:
        """The stack's resources of this type that belong to no entry, sorted by name."""
        rows = (
            row
            for row in self._snapshot.describe(resource_type)
            if self._stack.owns(row) and row[resource_type.id_option] not in self._items
        )
        own = (row for row in rows if not self._snapshot.is_foreign(row.get("owner_id")))
        return sorted(own, key=lambda row: str(row["tags"].get("Name", "")))

    def _find_own(self, resource_type: ResourceType) -> None:
        items = self._stack.listed(resource_type)
        self._items.update({item.desired.id: item for item in items if item.desired.id is not None})
        by_name: dict[str, list[ModuleParams]] = {}
        for row in self.list_unlisted(resource_type):
            by_name.setdefault(row["tags"].get("Name", ""), []).append(row)
        for item in items:
            rows = by_name.get(item.desired.name or "", []) if item.desired.id is None else []
            if len(rows) > 1:
                _check_finished(item, rows)
                rows = sorted(rows, key=self._preference(item.desired))
            if rows:
                self._own_ids[item] = rows[0][resource_type.id_option]
                self._items[self._own_ids[item]] = item

    def _preference(self, desired: DesiredState) -> Callable[[ModuleParams], tuple[bool, int, str]]:
        """The sort key of the stack's resources of one name: the first is the one to manage.

        It has the natural key of the entry. With O(allow_replacement) it has another one: the plan then finishes the
        replacement by the resource with the natural key. Otherwise it has the most sessions.
        """
        resource_type = desired.resource_type
        key = next((one for options in resource_type.natural_keys if (one := desired.key(options))), {})

        def sort_key(row: ModuleParams) -> tuple[bool, int, str]:
            resource_id = row[resource_type.id_option]
            users = self._snapshot.describe(SESSION, filters={resource_type.id_option: [resource_id]})
            return has_values(row, key) == desired.allow_replacement, -len(users), resource_id

        return sort_key


def _check_finished(item: Item, rows: list[ModuleParams]) -> None:
    """Raise ConflictError if one of these resources replaces another one, and the task does not allow that."""
    ids = {row[item.resource_type.id_option] for row in rows}
    for row in rows:
        if row["tags"].get(REPLACES) in ids and not item.desired.allow_replacement:
            raise ConflictError(
                f"{item.label}: {item.resource_type.label(row)} was created to replace {row['tags'][REPLACES]}, and "
                "the replacement is not finished. To finish it, set allow_replacement: true."
            )
