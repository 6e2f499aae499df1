# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What more than one kind of object is looked up by: its name, and the sessions that use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ansible_collections.vtap.aws.plugins.module_utils.plan import Pending, Plan
from ansible_collections.vtap.aws.plugins.module_utils.resource import (
    SESSION,
    Ambiguous,
    InUse,
    Kind,
    NotThere,
    Options,
)

# What a module takes whose objects sessions use.
OPTIONS = {"removed_session_ids": {"type": "list", "elements": "str"}}

# A message lists so many objects at most; the rest is counted.
LISTED = 10


class Reader(Protocol):
    """What reading needs of ec2.Ec2."""

    def describe(
        self, kind: Kind, ids: tuple[str, ...] = ..., filters: dict[str, list[str]] | None = ..., part_tags: bool = ...
    ) -> list[Options]:
        """The objects of this kind."""

    def is_foreign(self, owner: str | None) -> bool:
        """Whether that is another account."""


def id_of(kind: Kind, option: str, name: str, reader: Reader, predict: bool) -> str | Pending:
    """The id of the one object of this kind whose Name tag is the value of this option.

    predict: check mode, where one that does not exist yet is Pending. Raises NotThere for it otherwise, and Ambiguous
    for a name that several have; both list the candidates.
    """
    rows = reader.describe(kind)
    named = [row for row in rows if row["tags"].get("Name") == name]
    if len(named) > 1:
        raise Ambiguous(f"{option}: {len(named)} have the name {name}: {listing(kind, named)}.")
    if named:
        found: str = named[0][kind.id_option]
        return found
    if predict:
        return Pending(name)
    others = [row for row in rows if "Name" in row["tags"]]
    there = f"There are: {listing(kind, others)}." if others else f"No {kind.noun} has a name."
    raise NotThere(f"{option}: there is no {kind.noun} named {name} in this account and region. {there}")


def users(kind: Kind, found: Options, reader: Reader) -> list[Options]:
    """The sessions that use this filter or target, other accounts' among them where EC2 shows them."""
    return reader.describe(SESSION, filters={f"{kind.resource_type}-id": [found[kind.id_option]]})


def check_unused(kind: Kind, plan: Plan, sessions: Iterable[Options], params: Options) -> None:
    """Raise InUse if the plan removes what any of these sessions uses.

    params: the task's options. Sessions that its option in OPTIONS lists do not count, since an earlier task removes
    them.
    """
    left = [row for row in sessions if row[SESSION.id_option] not in (params.get("removed_session_ids") or ())]
    if left and plan.before is not None and plan.after is None:
        raise InUse(
            f"{kind.label(plan.before)} is in use and was not removed. Remove these sessions first, or give them "
            f"another {kind.noun}, or list those that an earlier task of the play removes in removed_session_ids: "
            f"{listing(SESSION, left)}."
        )


def listing(kind: Kind, rows: list[Options]) -> str:
    """The objects' labels, shortened to what a person reads."""
    more = [f"and {len(rows) - LISTED} more"] if len(rows) > LISTED else []
    return "; ".join([kind.label(row) for row in rows[:LISTED]] + more)
