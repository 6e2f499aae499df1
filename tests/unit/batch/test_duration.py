# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estimated duration of a plan."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.duration import estimate_seconds, format_duration
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import Status
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.batch.fakes import DELETE, MODIFY, act, entry, modifications, tag, untag
from tests.unit.fleet.builders import PROPERTY


def deletions(count, **fields):
    return [entry(number, act(DELETE, number), action="delete", phase=1, **fields) for number in range(count)]


def tagged(count, tags):
    """Entries whose only call writes a tag. tags: by the number of the entry."""
    return [entry(number, tag(number, tags(number))) for number in range(count)]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], 0),
        (modifications(50), 0),
        (modifications(51), 1),
        (modifications(10000), 1990),
        # Each action has its bucket, and a phase begins when the preceding one is complete.
        ([*modifications(150), *deletions(150)], 40),
        # The bucket of an action is refilled while the plan carries out a phase with other actions only.
        ([*deletions(100), *(entry(1, act(MODIFY, 1), phase=2) for _one in range(100))], 20),
        # One call writes the same tags to 1000 sessions, and each session with other tags needs a call.
        (tagged(3000, lambda number: {"Team": "a"}), 0),
        (tagged(200, lambda number: {"Team": str(number)}), 10),
        ([entry(1, untag(1, str(number))) for number in range(120)], 2),
        (deletions(100, status=Status.HELD_BACK), 0),
        ([entry(number, action="skip") for number in range(100)], 0),
    ],
)
def test_estimate(entries, expected):
    assert estimate_seconds(entries, 50, 5.0) == expected


def test_estimate_depends_on_the_limits_of_the_task():
    assert estimate_seconds(modifications(1000), 50, 2.5) == 380
    assert estimate_seconds(modifications(1000), 100, 100.0) == 9
    assert estimate_seconds(tagged(200, lambda number: {"Team": str(number)}), 1, 0.01) == 10


@PROPERTY
@given(st.integers(0, 500), st.integers(1, 60), st.sampled_from([0.5, 5.0, 100.0]))
def test_calls_of_one_action_wait_for_the_tokens_beyond_the_burst(count, burst, per_second):
    assert estimate_seconds(modifications(count), burst, per_second) == pytest.approx(
        max(0, count - burst) / per_second, abs=1
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "under 1 min"),
        (59, "under 1 min"),
        (60, "1 min 0 s"),
        (1990, "33 min 10 s"),
        (3599, "59 min 59 s"),
        (7500, "2 h 5 min"),
        (360000, "100 h 0 min"),
    ],
)
def test_text(seconds, expected):
    assert format_duration(seconds) == expected
