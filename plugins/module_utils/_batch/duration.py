# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a plan over many objects takes at EC2's rate limits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from .._ec2.rate_limiter import TAG_ACTIONS, RateLimiter
from .entry import Entry
from .tag_groups import group_tags, split_tags


def estimate_seconds(entries: Sequence[Entry], burst: int, per_second: float) -> int:
    """The time in seconds, rounded up, that the open entries take at these rate limits: 0 if the burst is sufficient.

    burst, per_second: as for RateLimiter, whose model of EC2's token buckets decides. All calls of a phase are assumed
    to wait from its start. The time that EC2 takes to reply and the delays of throttled calls are not included.
    """
    now, delay = 0.0, 0.0

    def store_delay(seconds: float) -> None:
        nonlocal delay
        delay = max(delay, seconds)

    limiter = RateLimiter(burst, per_second, clock=lambda: now, sleep=store_delay)
    for phase in sorted({entry.phase for entry in entries}):
        delay = 0.0
        for operation in _list_calls(entry for entry in entries if entry.phase == phase and entry.is_open):
            limiter.wait(operation)
        now += delay
    return math.ceil(now)


def format_duration(seconds: int) -> str:
    """A duration as text with two units at most, such as C(33 min 10 s) or C(2 h 5 min)."""
    minutes, rest = divmod(seconds, 60)
    if minutes == 0:
        return "under 1 min"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _list_calls(entries: Iterable[Entry]) -> Iterator[str]:
    """The operations of the calls of one phase, as the executor sends them."""
    tags = []
    for entry in entries:
        plan, deferred = split_tags(entry.plan)
        yield from (action.operation for action in plan.actions)
        tags.append((entry, deferred))
    for operation in TAG_ACTIONS:
        yield from (operation for _group in group_tags(operation, tags))
