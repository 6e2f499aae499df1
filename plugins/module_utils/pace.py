# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps the calls of many workers within EC2's token buckets."""

from __future__ import annotations

import threading
import time
from typing import Callable

# EC2 throttles each action by itself: a bucket of 50 tokens, refilled with 5 per second, for actions that change
# something ("Request throttling for the Amazon EC2 API").
BURST, PER_SECOND = 50, 5.0


class Pace:
    """A copy of EC2's buckets, one for each action, for any number of threads.

    burst: tokens in a full bucket. per_second: the refill. clock, sleep: for tests.
    """

    def __init__(
        self,
        burst: int = BURST,
        per_second: float = PER_SECOND,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._burst, self._per_second, self._clock, self._sleep = burst, per_second, clock, sleep
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}  # action: tokens, when counted; below 0 they are promised

    def wait(self, operation: str) -> None:
        """Take a token for one call of this action, and sleep until it is there."""
        with self._lock:
            tokens = self._count(operation) - 1
            self._buckets[operation] = (tokens, self._clock())
        if tokens < 0:
            self._sleep(-tokens / self._per_second)

    def throttled(self, operation: str) -> None:
        """EC2 has refused a call for want of tokens: somebody else has used them, so there are none here either."""
        with self._lock:
            self._buckets[operation] = (min(self._count(operation), 0.0), self._clock())

    def _count(self, operation: str) -> float:
        now = self._clock()
        tokens, then = self._buckets.get(operation, (float(self._burst), now))
        return min(float(self._burst), tokens + (now - then) * self._per_second)
