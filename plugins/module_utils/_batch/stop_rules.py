# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When to stop sending calls, because all further calls of the same kind would fail too."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from .._ec2.error_messages import format_error
from .._ec2.errors import ACCOUNT_CODES, QUOTA_CODES, Ec2Error

# An EC2 action stops after this many refusals with the same code without a success in between. Thousands of further
# calls could take hours. A smaller number could be chance: permissions and quotas can concern some objects only.
MAX_REFUSALS = 50


@dataclass(frozen=True)
class Stop:
    """Why calls are not sent. code: EC2's code. reason: a sentence."""

    code: str
    reason: str


class StopRules:
    """The refusals of a run. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._account: Stop | None = None
        self._stopped: dict[str, Stop] = {}  # by EC2 action
        self._refusals: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))  # by EC2 action and code

    def find(self, operations: Iterable[str]) -> Stop | None:
        """The reason why these EC2 actions are not to be sent, None if they are."""
        with self._lock:
            return self._account or next((self._stopped[one] for one in operations if one in self._stopped), None)

    def add_success(self, operation: str) -> None:
        """Store that EC2 carried out a call."""
        with self._lock:
            self._refusals.pop(operation, None)

    def add_refusal(self, operation: str, error: Ec2Error) -> None:
        """Store that EC2 refused a call for a reason that may concern other objects as well."""
        code = error.code or "no reply"
        with self._lock:
            count = self._refusals[operation][code] = self._refusals[operation][code] + 1
            if code in ACCOUNT_CODES:
                self._account = self._account or Stop(
                    error.code, f"Not tried after this failure: {format_error(error)}"
                )
            elif code in QUOTA_CODES or count >= MAX_REFUSALS:
                times = "this failure" if code in QUOTA_CODES else f"{count} failures in a row"
                self._stopped.setdefault(operation, Stop(error.code, f"Not tried after {times}: {format_error(error)}"))
