# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assignment of targets and session numbers."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._fleet.target_assignment import (
    Assignment,
    NumberRange,
    assign_targets,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.fleet.builders import target


def test_session_number_is_kept_or_lowest_free():
    assert NumberRange.parse("7") == NumberRange(7, 7)
    assert NumberRange.parse("1-3").choose([1, 3], None) == 2
    assert NumberRange.parse("1-3").choose([1, 2], 9) == 3
    assert NumberRange.parse("1-3").choose([2, 3], 1) == 1


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), max_size=30),
    st.lists(st.tuples(st.sampled_from([None, 1, 3]), st.sets(st.sampled_from("abc"))), min_size=1, max_size=6),
    st.lists(st.integers(0, 4), min_size=6, max_size=6),
)
def test_heaps_assign_like_linear_search(assignments, targets, others):
    """Reference: of the targets with capacity, those in the zone first, then the least loaded, then the first."""
    targets = [target(number, capacity, zones) for number, (capacity, zones) in enumerate(targets)]
    assignments = [
        Assignment(f"eni-{at:02}", zone, targets[0].id if on == 0 else None)
        for at, (zone, on) in enumerate(assignments)
    ]
    load = {one.id: count for one, count in zip(targets, others, strict=False)}
    assigned = assign_targets(assignments, targets, load)
    first = targets[0]
    kept = [seat.interface for seat in assignments if seat.target is not None][: first.capacity]
    load[first.id] += len(kept)
    for seat in assignments:
        if seat.interface in kept:
            expected = first
        else:
            available = [one for one in targets if one.capacity is None or load[one.id] < one.capacity]
            expected = min(available, key=lambda one: (seat.zone not in one.zones, load[one.id]), default=None)
            if expected is not None:
                load[expected.id] += 1
        assert assigned[seat.interface] is expected
