# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rate limiter: its token bucket, and runs against throttled calls."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.rate_limiter import RateLimiter

from tests.unit.fleet.runs import CREATE, list_calls, list_fleet_sessions


def test_rate_limiter_avoids_throttling(run_fleet, emulator):
    emulator.settings(throttle={CREATE: [2, 20]})
    _entries, results = run_fleet(rate_limiter=RateLimiter(burst=2, per_second=20))
    assert not results.failed
    assert len(list_calls(emulator, CREATE)) <= 8  # six, and at most two throttled calls


def test_throttled_calls_are_retried(run_fleet, emulator):
    emulator.settings(throttle={CREATE: [1, 20]})
    _entries, results = run_fleet(rate_limiter=RateLimiter(burst=50, per_second=20))
    assert not results.failed


def test_rate_limiter_adapts_to_lower_rate(run_fleet, running, emulator):
    """Other clients consume half the rate; the rate limiter finds the available rate with few throttled calls."""
    emulator.bulk_seed(100, tags={"Role": "many"})
    emulator.settings(throttle={CREATE: [5, 50]})
    _entries, results = run_fleet(
        rate_limiter=RateLimiter(burst=50, per_second=100), sources=[{"tags": {"Role": "many"}}]
    )
    assert not results.failed and len(list_fleet_sessions(running)) == 100
    assert len(list_calls(emulator, CREATE)) <= 150


def test_rate_limiter_is_a_token_bucket():
    now, slept = [0.0], []
    rate_limiter = RateLimiter(burst=2, per_second=4, clock=lambda: now[0], sleep=slept.append)
    for _call in range(4):
        rate_limiter.wait("A")
    rate_limiter.wait("B")
    assert slept == [0.25, 0.5]
    now[0] = 10.0
    rate_limiter.throttled("A")
    rate_limiter.wait("A")
    assert slept[2:] == [pytest.approx(1 / (4 * 0.9 * 1.01))]


def test_rate_limiter_slows_down_and_recovers():
    now, slept = [0.0], []
    rate_limiter = RateLimiter(burst=1, per_second=4, clock=lambda: now[0], sleep=slept.append)
    for _error in range(1000):
        rate_limiter.throttled("A")
    rate_limiter.wait("A")
    assert slept[-1] == pytest.approx(2, rel=0.02)
    for _call in range(1000):
        now[0] += 10
        rate_limiter.wait("A")
    rate_limiter.wait("A")
    assert slept[-1] == pytest.approx(0.25)
