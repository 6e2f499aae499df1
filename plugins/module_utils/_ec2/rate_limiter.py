# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client-side rate limiting of EC2 calls, shared by several threads."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Callable

# EC2 has one token bucket for each mutating action: 50 tokens, refilled with 5 per second
# ("Request throttling for the Amazon EC2 API").
BURST, PER_SECOND = 50, 5.0
# The buckets of the tag actions, which do not depend on the resource type (same source).
TAG_BURST, TAG_PER_SECOND = 100, 10.0
# In this order, no tag is lost if the second call fails.
TAG_ACTIONS = ("CreateTags", "DeleteTags")
# Factors of the assumed refill rate: after a throttled call and before each call. If other clients use half of the
# refill, about one call in eleven is throttled.
DECREASE, INCREASE = 0.9, 1.01
# Minimum rate in calls per second. Without it, the delay would grow without limit while the bucket stays empty.
MIN_RATE = 0.5


@dataclass
class _Bucket:
    """The state of one token bucket.

    tokens: available tokens; a negative number counts waiting calls. updated_at: clock time, in seconds, at which
    C(tokens) was computed. per_second: the assumed refill rate.
    """

    tokens: float
    updated_at: float
    per_second: float


class RateLimiter:
    """A client-side model of EC2's token buckets, one for each action. Thread-safe.

    burst: capacity of a bucket in tokens. per_second: maximum refill rate in tokens per second. Both apply to all
    actions except the tag actions. clock, sleep: functions that tests replace.
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
        """Take one token for a call of this action. Sleeps until the token is available."""
        with self._lock:
            bucket = self._refilled(operation)
            bucket.tokens -= 1
            bucket.per_second = min(self._bucket_size(operation)[1], bucket.per_second * INCREASE)
            delay = -bucket.tokens / bucket.per_second
        if delay > 0:
            self._sleep(delay)

    def throttled(self, operation: str) -> None:
        """Empty the bucket of this action and reduce its refill rate, after EC2 throttled a call.

        Other clients of the account use tokens of the same bucket and are likely to continue.
        """
        with self._lock:
            bucket = self._refilled(operation)
            bucket.tokens = min(bucket.tokens, 0.0)
            bucket.per_second = max(bucket.per_second * DECREASE, min(self._bucket_size(operation)[1], MIN_RATE))

    def _refilled(self, operation: str) -> _Bucket:
        """Return the bucket of this action, with the tokens refilled since its last use. Call with the lock held."""
        now = self._clock()
        burst, per_second = self._bucket_size(operation)
        bucket = self._buckets.setdefault(operation, _Bucket(burst, now, per_second))
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.updated_at) * bucket.per_second)
        bucket.updated_at = now
        return bucket

    def _bucket_size(self, operation: str) -> tuple[int, float]:
        """Return the capacity and the maximum refill rate of the bucket of this action."""
        return (TAG_BURST, TAG_PER_SECOND) if operation in TAG_ACTIONS else (self._burst, self._per_second)
