# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the tests that run fleets against the emulator."""

from __future__ import annotations

import pytest

# The imports of the collection are inside the fixtures: pytest loads this file before the hook pytest_configure of
# tests/unit/conftest.py, which makes the collection importable.


@pytest.fixture
def emulator(running):
    """The emulator in its initial state."""
    running[0].reset()
    return running[0]


@pytest.fixture
def run_fleet(running, emulator):
    """Run a fleet once. Returns the FleetRun."""
    from tests.unit.fleet.runs import FleetRun, connect

    def run(rate_limiter=None, **given):
        return FleetRun(connect(running, rate_limiter=rate_limiter), **given).execute()

    return run


@pytest.fixture
def duplicates(running, emulator):
    """The ids of two sessions of the fleet on the interface of the web server, the one to keep first."""
    from tests.unit.fleet.runs import web_session_params

    created = [running[1].create_traffic_mirror_session(**web_session_params(number)) for number in (1, 2)]
    return [one["TrafficMirrorSession"]["TrafficMirrorSessionId"] for one in created]
