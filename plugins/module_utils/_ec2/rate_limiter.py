# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps the calls of many workers within EC2's token buckets."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Callable

# EC2 throttles each action by itself: a bucket of 50 tokens, refilled with 5 per second, for actions that change
# something ("Request throttling for the Amazon EC2 API").
BURST, PER_SECOND = 50, 5.0
# What a refused call does to the rate, and what each call does to get it back. Where others take half of the refill,
# this ends near one refused call in eleven.
SLOWER, FASTER = 0.9, 1.01
# Calls per second that are always tried, or a bucket that stays empty would be waited for without end.
SLOWEST = 0.5


@dataclass
class _Bucket:
    """tokens: below 0 they are promised. counted: when. per_second: the refill that is believed in."""

    tokens: float
    counted: float
    per_second: float


class RateLimiter:
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
        self._buckets: dict[str, _Bucket] = {}  # by action

    def wait(self, operation: str) -> None:
        """Take a token for one call of this action, and sleep until it is there."""
        with self._lock:
            bucket = self._count(operation)
            bucket.tokens -= 1
            bucket.per_second = min(self._per_second, bucket.per_second * FASTER)
            pause = -bucket.tokens / bucket.per_second
        if pause > 0:
            self._sleep(pause)

    def throttled(self, operation: str) -> None:
        """EC2 has refused a call for want of tokens: others have used them, and may well go on."""
        with self._lock:
            bucket = self._count(operation)
            bucket.tokens = min(bucket.tokens, 0.0)
            bucket.per_second = max(bucket.per_second * SLOWER, min(self._per_second, SLOWEST))

    def _count(self, operation: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.setdefault(operation, _Bucket(self._burst, now, self._per_second))
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.counted) * bucket.per_second)
        bucket.counted = now
        return bucket
