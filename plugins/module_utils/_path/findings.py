# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings: the conditions on the way of a mirrored packet, and whether they hold. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from .._model.resource_types import ModuleParams

# In the order in which a packet meets them.
STAGES = ("source", "filter", "network", "target", "evidence")
_RERUN = "Run the task again."


class Status(enum.Enum):
    """Whether a condition holds, from best to worst. The values appear in results.

    UNKNOWN: the condition depends on something that cannot be read.
    """

    OK = "ok"
    UNKNOWN = "unknown"
    PROBLEM = "problem"

    def __lt__(self, other: object) -> bool:
        """Whether this status is better than the other."""
        if not isinstance(other, Status):
            return NotImplemented
        order = list(Status)
        return order.index(self) < order.index(other)


@dataclass(frozen=True)
class Finding:
    """The result of checking one condition.

    stage: one of STAGES. message: one line. fix: what to do, in one line; empty if the condition holds. ids: the ids or
    ARNs of the resources concerned.
    """

    stage: str
    status: Status
    message: str
    fix: str = ""
    ids: tuple[str, ...] = ()

    def describe(self) -> ModuleParams:
        """The finding in results."""
        return {
            "stage": self.stage,
            "status": self.status.value,
            "message": self.message,
            "fix": self.fix,
            "ids": list(self.ids),
        }


@dataclass(frozen=True)
class ReadFailure:
    """A call that failed. action: the IAM action. code: the error code, empty if the caller may not call the action."""

    action: str
    code: str = ""

    @property
    def reason(self) -> str:
        """Why the call failed: C(ec2:DescribeInstances is not allowed)."""
        return f"{self.action} failed: {self.code}" if self.code else f"{self.action} is not allowed"

    @property
    def fix(self) -> str:
        """What to do."""
        return _RERUN if self.code else f"Allow {self.action}."


def not_readable(
    stage: str, subject: str, failure: ReadFailure | None, ids: Iterable[str], otherwise: str = _RERUN
) -> Finding:
    """The finding on something that no call returned. otherwise: what to do if no call failed."""
    reason, fix = (f": {failure.reason}", failure.fix) if failure else ("", otherwise)
    return Finding(stage, Status.UNKNOWN, f"{subject} cannot be read{reason}", fix, tuple(filter(None, ids)))


def worst(findings: Iterable[Finding]) -> Status:
    """The worst status of the findings, OK if there are none."""
    return max((finding.status for finding in findings), default=Status.OK)
