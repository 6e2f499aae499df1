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
    assert run_fleet(rate_limiter=RateLimiter(burst=2, per_second=20)).summary == {"created": 6}
    assert len(list_calls(emulator, CREATE)) <= 8  # six, and at most two throttled calls


def test_throttled_calls_are_retried(run_fleet, emulator):
    emulator.settings(throttle={CREATE: [1, 20]})
    assert run_fleet(rate_limiter=RateLimiter(burst=50, per_second=20)).summary == {"created": 6}


def test_rate_limiter_adapts_to_lower_rate(run_fleet, running, emulator):
    """Other clients consume half the rate; the rate limiter finds the available rate with few throttled calls."""
    emulator.bulk_seed(100, tags={"Role": "many"})
    emulator.settings(throttle={CREATE: [5, 50]})
    run = run_fleet(rate_limiter=RateLimiter(burst=50, per_second=100), sources=[{"tags": {"Role": "many"}}])
    assert run.summary == {"created": 100} and len(list_fleet_sessions(running)) == 100
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


@pytest.mark.parametrize("burst", [1, 50, 1000])
@pytest.mark.parametrize("per_second", [0.01, 5, 1000])
@pytest.mark.parametrize("operation", ["CreateTags", "DeleteTags"])
def test_tag_actions_have_their_own_buckets(operation, burst, per_second):
    """EC2 allows 100 calls at once and 10 per second, whatever api_rate and api_burst say about other actions."""
    now, slept = [0.0], []
    rate_limiter = RateLimiter(burst, per_second, clock=lambda: now[0], sleep=slept.append)
    rate_limiter.wait("CreateTrafficMirrorSession")
    for _call in range(100):
        rate_limiter.wait(operation)
    assert slept == []
    for _call in range(3):
        rate_limiter.wait(operation)
    assert slept == [pytest.approx(0.1), pytest.approx(0.2), pytest.approx(0.3)]
    now[0] = 1000.0
    for _call in range(100):
        rate_limiter.wait(operation)
    assert len(slept) == 3
    rate_limiter.wait(operation)
    assert slept[3:] == [pytest.approx(0.1)]


def test_tag_actions_do_not_share_a_bucket():
    slept = []
    rate_limiter = RateLimiter(1, 1, clock=lambda: 0.0, sleep=slept.append)
    for operation in ("CreateTags", "DeleteTags"):
        for _call in range(100):
            rate_limiter.wait(operation)
    assert slept == []


@pytest.mark.parametrize(("operation", "slowest"), [("CreateTags", 2), ("CreateTrafficMirrorSession", 100)])
def test_lower_rates_than_the_minimum_are_kept(operation, slowest):
    """api_rate can be lower than the rate at which the rate limiter stops slowing down; it has no effect on tags."""
    slept = []
    rate_limiter = RateLimiter(burst=1, per_second=0.01, clock=lambda: 0.0, sleep=slept.append)
    for _error in range(1000):
        rate_limiter.throttled(operation)
    rate_limiter.wait(operation)
    assert slept == [pytest.approx(slowest, rel=0.02)]


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
