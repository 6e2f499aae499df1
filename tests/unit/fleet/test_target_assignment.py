# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assignment of targets."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.vtap.aws.plugins.module_utils._fleet.target_assignment import (
    Assignment,
    TargetPool,
    assign_targets,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fleet.builders import PROPERTY, target

ZONES = st.sampled_from("abcd")
TARGETS = st.lists(
    st.tuples(st.sampled_from([None, 0, 1, 3]), st.sets(st.sampled_from("abc"))), min_size=1, max_size=6
).map(lambda drawn: [target(number, capacity, zones) for number, (capacity, zones) in enumerate(drawn)])
LOADS = st.lists(st.integers(0, 4), min_size=6, max_size=6)
# The zones of interfaces, and the number of the target of their session; those without a target have no session.
INTERFACES = st.lists(st.tuples(ZONES, st.none() | st.integers(0, 7)), max_size=30)


def create_assignments(drawn):
    return [
        Assignment(f"eni-{at:02}", zone, None if on is None else target(on).id) for at, (zone, on) in enumerate(drawn)
    ]


def find_best(targets, load, zone):
    """The target by linear search: with capacity, in the zone first, then the least loaded, then the first."""
    available = [one for one in targets if one.capacity is None or load[one.id] < one.capacity]
    return min(available, key=lambda one: (zone not in one.zones, load[one.id]), default=None)


@PROPERTY
@given(INTERFACES, TARGETS, LOADS)
def test_heaps_assign_like_linear_search(drawn, targets, others):
    """Reference: sessions keep their targets within the capacity; then those without one, old sessions first."""
    assignments = create_assignments(drawn)
    load = {one.id: count for one, count in zip(targets, others)}
    assigned = assign_targets(assignments, targets, load)
    by_id, kept = {one.id: one for one in targets}, Counter()
    expected = {}
    for one in assignments:
        old = by_id.get(one.target)
        if old is not None and (old.capacity is None or kept[old.id] < old.capacity):
            expected[one.interface] = old
            kept[old.id] += 1
    load = Counter(load) + kept
    for one in sorted(assignments, key=lambda one: one.target is None):
        if one.interface not in expected:
            best = find_best(targets, load, one.zone)
            expected[one.interface] = best
            if best is not None:
                load[best.id] += 1
    assert assigned == expected


@PROPERTY
@given(INTERFACES, TARGETS, LOADS)
def test_assignment_is_stable(drawn, targets, others):
    """With the assigned targets, nothing moves."""
    assignments, load = create_assignments(drawn), {one.id: count for one, count in zip(targets, others)}
    assigned = assign_targets(assignments, targets, load)
    again = [
        Assignment(one.interface, one.zone, assigned[one.interface].id if assigned[one.interface] else one.target)
        for one in assignments
    ]
    moved = assign_targets(again, targets, load)
    assert moved == assigned


def test_existing_sessions_are_moved_before_new_ones_are_created():
    """Whatever the order of the interfaces."""
    assignments = [Assignment("eni-1", "a", None), Assignment("eni-2", "a", target(9).id)]
    assigned = assign_targets(assignments, [target(1, 1)], {})
    assert assigned == {"eni-1": None, "eni-2": target(1, 1)}


def test_session_keeps_its_target_whatever_the_load_of_others():
    assignments = [Assignment("eni-1", "b", target(1).id)]
    targets = [target(1, 1, "a"), target(2, None, "b")]
    assert assign_targets(assignments, targets, {target(1).id: 5}) == {"eni-1": targets[0]}


@PROPERTY
@given(st.lists(ZONES | st.integers(0, 5), max_size=30), TARGETS, LOADS)
def test_full_target_is_not_used_again(steps, targets, others):
    """A step is the zone of a new session, or the number of a target that EC2 refused. Reference: linear search."""
    load = {one.id: count for one, count in zip(targets, others)}
    pool, full = TargetPool(targets, [load[one.id] for one in targets]), []
    for step in steps:
        if isinstance(step, int):
            if step < len(targets):
                pool.mark_full(targets[step])
                full.append(targets[step])
            continue
        best = find_best([one for one in targets if one not in full], load, step)
        index = pool.take(step)
        assert (None if index is None else targets[index]) == best
        if best is not None:
            load[best.id] += 1
    assert [pool.is_full(one) for one in targets] == [one in full for one in targets]


def test_parallel_workers_do_not_exceed_the_capacity():
    targets = [target(number, 50, "a") for number in range(4)]
    pool = TargetPool(targets, [0] * 4)
    with ThreadPoolExecutor(8) as workers:
        taken = Counter(workers.map(lambda _at: pool.take("a"), range(300)))
    assert taken == {**dict.fromkeys(range(4), 50), None: 100}
