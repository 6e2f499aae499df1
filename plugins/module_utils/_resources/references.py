# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What more than one kind of object is looked up by: its name, and the sessions that use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from .._model.desired_state import UnresolvedRef
from .._model.errors import AmbiguousMatchError, InUseError, NotFoundError
from .._model.plan import Plan
from .._model.resource_types import SESSION, ModuleParams, ResourceType

# What a module takes whose objects sessions use.
IN_USE_OPTIONS = {"removed_session_ids": {"type": "list", "elements": "str"}}

# A message lists so many objects at most; the rest is counted.
LISTED = 10


class Reader(Protocol):
    """What reading needs of ec2.Ec2."""

    def describe(
        self,
        resource_type: ResourceType,
        ids: tuple[str, ...] = ...,
        filters: dict[str, list[str]] | None = ...,
        part_tags: bool = ...,
    ) -> list[ModuleParams]:
        """The objects of this kind."""

    def is_foreign(self, owner: str | None) -> bool:
        """Whether that is another account."""


def resolve_name(
    resource_type: ResourceType, option: str, name: str, reader: Reader, predict: bool
) -> str | UnresolvedRef:
    """The id of the one object of this kind whose Name tag is the value of this option.

    predict: check mode, where one that does not exist yet is Pending. Raises NotFoundError for it otherwise, and
    AmbiguousMatchError for a name that several have; both list the candidates.
    """
    rows = reader.describe(resource_type)
    named = [row for row in rows if row["tags"].get("Name") == name]
    if len(named) > 1:
        raise AmbiguousMatchError(
            f"{option}: {len(named)} have the name {name}: {list_resources(resource_type, named)}."
        )
    if named:
        found: str = named[0][resource_type.id_option]
        return found
    if predict:
        return UnresolvedRef(name)
    others = [row for row in rows if "Name" in row["tags"]]
    there = f"There are: {list_resources(resource_type, others)}." if others else f"No {resource_type.noun} has a name."
    raise NotFoundError(f"{option}: there is no {resource_type.noun} named {name} in this account and region. {there}")


def sessions_using(resource_type: ResourceType, found: ModuleParams, reader: Reader) -> list[ModuleParams]:
    """The sessions that use this filter or target, other accounts' among them where EC2 shows them."""
    return reader.describe(SESSION, filters={f"{resource_type.tag_type}-id": [found[resource_type.id_option]]})


def check_unused(
    resource_type: ResourceType, plan: Plan, sessions: Iterable[ModuleParams], params: ModuleParams
) -> None:
    """Raise InUseError if the plan removes what any of these sessions uses.

    params: the task's options. Sessions that its option in IN_USE_OPTIONS lists do not count, since an earlier task
    removes them.
    """
    left = [row for row in sessions if row[SESSION.id_option] not in (params.get("removed_session_ids") or ())]
    if left and plan.before is not None and plan.after is None:
        raise InUseError(
            f"{resource_type.label(plan.before)} is in use and was not removed. Remove these sessions first, or give "
            f"them another {resource_type.noun}, or list those that an earlier task of the play removes in "
            f"removed_session_ids: {list_resources(SESSION, left)}."
        )


def list_resources(resource_type: ResourceType, rows: list[ModuleParams]) -> str:
    """The objects' labels, shortened to what a person reads."""
    more = [f"and {len(rows) - LISTED} more"] if len(rows) > LISTED else []
    return "; ".join([resource_type.label(row) for row in rows[:LISTED]] + more)
