# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of the account that a plan starts from, and an entry of a fleet's plan."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .._model.errors import ConflictError
from .._model.placeholders import UnresolvedRef
from .._model.plan import Plan
from .._model.resource_types import SESSION, TARGET, ModuleParams
from .options import ACTIONS
from .selection import Interface, Limits
from .target_assignment import Target


class DeletionSkipped(ConflictError):
    """A planned deletion is no longer valid, and the session is kept."""


@dataclass(frozen=True)
class AwsState:
    """The resources of the account and region that a plan depends on.

    sessions: all that the account can describe. interfaces: those that the sources may match. targets: of the fleet.
    filter_id: of the fleet; None to delete the fleet. limits: which interfaces EC2 can mirror. target_names: the Name
    tags of all targets, by id.
    """

    sessions: list[ModuleParams]
    interfaces: list[Interface]
    targets: tuple[Target, ...]
    filter_id: str | UnresolvedRef | None
    limits: Limits
    target_names: dict[str, str] = field(default_factory=dict)


@dataclass
class PlanEntry:
    """One interface of the plan.

    action: one of ACTIONS. reason: of the action. interface: None if EC2 does not return the interface. plan: the
    calls. target: of the session; None if the entry neither creates nor updates. changes: option to [before, after].
    after_deletions: whether the entry needs target capacity or a session number that a deletion frees.
    ineligible: whether EC2 cannot mirror the interface. unassigned: whether an eligible interface has no target or
    session number, or lost its session during the run. others: ids of the interface's sessions outside this fleet.
    selected: whether the sources match. failed: whether a call of the entry failed. kept_session_id: if the entry
    deletes a duplicate, the id of the session that is kept; None if the deletion does not depend on another session.
    """

    interface_id: str
    action: str
    reason: str
    interface: Interface | None = None
    plan: Plan = field(default_factory=Plan)
    target: Target | None = None
    changes: dict[str, list[Any]] | None = None
    after_deletions: bool = False
    ineligible: bool = False
    unassigned: bool = False
    others: tuple[str, ...] = ()
    selected: bool = True
    failed: bool = False
    kept_session_id: str | None = None

    @property
    def session(self) -> ModuleParams:
        """The planned session, the existing session if the plan deletes it, or {} without a session."""
        return self.plan.after or self.plan.before or {}

    def describe(self) -> ModuleParams:
        """The entry as an item of the result C(plan)."""
        instance = self.interface.instance if self.interface else None
        optional = {
            "instance_id": instance.id if instance else None,
            SESSION.id_option: self.session.get(SESSION.id_option),
            "session_number": self.session.get("session_number"),
            TARGET.id_option: self.session.get(TARGET.id_option),
            "changes": self.changes,
            "other_session_ids": list(self.others) or None,
        }
        return {
            "network_interface_id": self.interface_id,
            "action": self.action,
            "reason": self.reason,
            **{option: value for option, value in optional.items() if value is not None},
        }


def summary(entries: Iterable[PlanEntry]) -> dict[str, int]:
    """The number of entries of each action."""
    counts = Counter(entry.action for entry in entries)
    return {action: counts[action] for action in ACTIONS}


def group_by_interface(sessions: Iterable[ModuleParams]) -> dict[str, list[ModuleParams]]:
    """The sessions by network interface id."""
    by_interface: dict[str, list[ModuleParams]] = defaultdict(list)
    for session in sessions:
        by_interface[session["network_interface_id"]].append(session)
    return by_interface


def get_session_id(session: ModuleParams) -> str:
    """The id of a session."""
    return str(session[SESSION.id_option])
