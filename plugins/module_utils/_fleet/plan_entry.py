# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of the account, and one entry of a fleet's plan."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .._model.desired_state import UnresolvedRef
from .._model.errors import ConflictError
from .._model.plan import Plan
from .._model.resource_types import SESSION, TARGET, ModuleParams
from .options import ACTIONS
from .selection import Interface, Limits
from .target_assignment import Target


class DeletionSkipped(ConflictError):
    """A session that was to be removed stays after all."""


@dataclass(frozen=True)
class AwsState:
    """What is there. interfaces: those the selection may mean. sessions: all that the account sees. targets: of the
    fleet. filter_id: of the fleet. limits: what EC2 mirrors. target_names: the Name tags of all targets, by id."""

    sessions: list[ModuleParams]
    interfaces: list[Interface]
    targets: tuple[Target, ...]
    filter_id: str | UnresolvedRef | None
    limits: Limits
    target_names: dict[str, str] = field(default_factory=dict)


@dataclass
class PlanEntry:
    """One interface in the plan.

    action: one of ACTIONS. reason: why. interface: None if it does not show. plan: the calls. target: the session's,
    None where there is nothing to make. changes: option to [before, after]. after_deletions: whether it needs room or
    a number that a removal makes free. ineligible: whether EC2 could not mirror it. unassigned: whether it could, but
    there is no place for it or nothing is left of what it had. others: the ids of the interface's sessions that are
    not the fleet's. selected: whether sources mean it. failed: whether EC2 did not let it pass. kept_session_id: the
    id of the session beside which this one, that goes, is one too many; None if it goes anyway.
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
        """The session as it will be, as it is if it goes, empty if there is none."""
        return self.plan.after or self.plan.before or {}

    def describe(self) -> ModuleParams:
        """As results have it."""
        instance = self.interface.instance if self.interface else None
        known = {
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
            **{option: value for option, value in known.items() if value is not None},
        }


def summary(rows: Iterable[PlanEntry]) -> dict[str, int]:
    """How many rows have each action."""
    counts = Counter(row.action for row in rows)
    return {action: counts[action] for action in ACTIONS}


def grouped(sessions: Iterable[ModuleParams]) -> dict[str, list[ModuleParams]]:
    """The sessions by interface."""
    found: dict[str, list[ModuleParams]] = defaultdict(list)
    for row in sessions:
        found[row["network_interface_id"]].append(row)
    return found


def _id(row: ModuleParams) -> str:
    return str(row[SESSION.id_option])
