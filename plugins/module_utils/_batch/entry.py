# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An entry of a plan over many objects, and its status during the run."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .._model.errors import ConflictError
from .._model.plan import Plan
from .._model.resource_types import ModuleParams

ACTIONS = ("create", "update", "unchanged", "delete", "skip")
# The beginning of the reason of an update that adopts and replaces nothing.
DIFFERS = "differs in"


class Status(enum.Enum):
    """The status of an entry. The values appear in results.

    PLANNED: not carried out yet, or nothing to carry out. HELD_BACK: a safety limit prevents the deletion. DONE: all
    calls are complete. FAILED: a call failed. NOT_TRIED: no call was sent, because all such calls fail.
    """

    PLANNED = "planned"
    HELD_BACK = "held_back"
    DONE = "done"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


# The keys of summary in the result. The action names do not work: in a template, summary.update is a dict method.
_SUMMARY_KEYS = dict(zip(ACTIONS, ("created", "updated", "unchanged", "deleted", "skipped")))
_NOT_CARRIED_OUT = {Status.HELD_BACK: "held_back", Status.FAILED: "failed", Status.NOT_TRIED: "failed"}
SUMMARY_KEYS = (*_SUMMARY_KEYS.values(), "held_back", "failed")


class EntrySkipped(ConflictError):
    """During the run, an entry became unnecessary or invalid. The message is the reason."""


@dataclass
class Entry:
    """One object of the plan.

    key: identifies the object in results and messages. action: one of ACTIONS. reason: of the action. plan: the calls,
    and the object before and after them. phase: entries of a lower phase are complete before an entry of a higher phase
    starts. changes: option to [before, after]. result: the object after the completed calls. is_changed: whether a call
    of the entry changed something. error_code, error: EC2's code, empty if unknown, and the message of a failure.
    """

    key: str
    action: str
    reason: str
    plan: Plan = field(default_factory=Plan)
    phase: int = 0
    changes: dict[str, list[Any]] | None = None
    status: Status = Status.PLANNED
    result: ModuleParams | None = None
    is_changed: bool = False
    error_code: str = ""
    error: str = ""

    @property
    def after(self) -> ModuleParams | None:
        """The object after the run as far as known, before the run the planned object; None if it does not exist."""
        if self.status is Status.DONE:
            return self.result
        return self.plan.after if self.status is Status.PLANNED else self.plan.before

    @property
    def is_open(self) -> bool:
        """Whether the entry has calls that remain to be carried out."""
        return self.status is Status.PLANNED and bool(self.plan.actions)

    @property
    def has_failed(self) -> bool:
        """Whether a call of the entry failed or was not tried."""
        return self.status in (Status.FAILED, Status.NOT_TRIED)

    def describe_action(self) -> ModuleParams:
        """The action and its reason, as keys of an item of the result C(plan)."""
        return {
            "action": self.action,
            "reason": self.reason,
            **({} if self.status in (Status.PLANNED, Status.DONE) else {"status": self.status.value}),
            **({"changes": self.changes} if self.changes is not None else {}),
        }

    def describe(self) -> ModuleParams:
        """The entry as an item of the result C(plan)."""
        return self.describe_action()

    def skip(self, reason: str) -> None:
        """Leave the object unchanged. A deletion keeps its reason: it also says why the object is not wanted."""
        reason = f"{self.reason}; {reason}" if self.action == "delete" else reason
        self.action, self.reason, self.changes = "skip", reason, None
        self.plan = Plan(before=self.plan.before, after=self.plan.before)

    def finish_without_calls(self, result: ModuleParams | None) -> None:
        """Store that the object has the desired state although this run changed nothing, and the object."""
        self.result, self.changes = result, None
        if result is None:
            self.action, self.reason = "skip", f"{self.reason}; deleted by another client"
        else:
            self.action, self.reason = "unchanged", "another client made the same change"

    def fail(self, code: str, message: str, status: Status = Status.FAILED) -> None:
        """Store a failure. status: FAILED or NOT_TRIED."""
        self.status, self.error_code, self.error = status, code, message


def summarize(entries: Iterable[Entry]) -> dict[str, int]:
    """The number of entries by what was done, see SUMMARY_KEYS; before the run, by what is planned."""
    counts = Counter(_NOT_CARRIED_OUT.get(entry.status, _SUMMARY_KEYS[entry.action]) for entry in entries)
    return {key: counts[key] for key in SUMMARY_KEYS}


def list_changes(before: ModuleParams, after: ModuleParams) -> dict[str, list[Any]]:
    """The options that differ, each with [before, after]."""
    return {key: [before.get(key), after[key]] for key in after if after[key] != before.get(key)}
