# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assignment of targets to the interfaces of a fleet. Pure and stable: a session keeps a target that is still valid."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace

from .._model.placeholders import UnresolvedRef


@dataclass(frozen=True)
class Target:
    """A target of the fleet.

    type: as EC2 returns it, None if the account cannot describe the target. capacity: the maximum number of sessions,
    None for no limit. zones: Availability Zones, empty if unknown.
    """

    id: str | UnresolvedRef
    type: str | None
    capacity: int | None
    zones: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Assignment:
    """An interface that needs a target.

    interface: id. zone: Availability Zone. target: id of the target of its existing session, None without a session.
    """

    interface: str
    zone: str
    target: str | None


def assign_targets(
    assignments: Iterable[Assignment], targets: Iterable[Target], other_load: dict[str, int]
) -> dict[str, Target | None]:
    """The target of each interface, by interface id; None if all targets are at capacity.

    other_load: by target id, the number of sessions outside these assignments. An interface keeps its target if that
    is still in targets and these assignments alone do not exceed its capacity, whatever the other load. All other
    interfaces, first those with a session, in order of their ids, get the least-loaded target in their zone, otherwise
    the least-loaded target. Among equal loads the first target of the list is chosen.
    """
    assignments, targets = sorted(assignments, key=lambda one: (one.target is None, one.interface)), list(targets)
    by_id = {target.id: target for target in targets}
    kept: dict[str | UnresolvedRef, int] = dict.fromkeys(by_id, 0)
    assigned: dict[str, Target | None] = {}
    for one in assignments:
        target = by_id.get(one.target) if one.target is not None else None
        if target is not None and (target.capacity is None or kept[target.id] < target.capacity):
            assigned[one.interface] = target
            kept[target.id] += 1
    pool = TargetPool(targets, [kept[target.id] + other_load.get(str(target.id), 0) for target in targets])
    for one in assignments:
        if one.interface not in assigned:
            index = pool.take(one.zone)
            assigned[one.interface] = None if index is None else targets[index]
    return assigned


class TargetPool:
    """Selects the target of each new session. Uses heaps: a fleet can have thousands of sessions, hundreds of targets.

    loads: the number of sessions of each target, in the order of targets; updated in place. Thread-safe.
    """

    def __init__(self, targets: list[Target], loads: list[int]) -> None:
        self._targets, self._loads = targets, loads
        self._full: set[int] = set()
        self._lock = threading.Lock()
        # Heaps of (load, index of the target), by zone and of all targets. A load may be out of date;
        # _find_least_loaded corrects it.
        self._by_zone: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for index, target in enumerate(targets):
            for zone in target.zones:
                self._by_zone[zone].append((loads[index], index))
        self._all = [(load, index) for index, load in enumerate(loads)]
        for heap in (self._all, *self._by_zone.values()):
            heapify(heap)

    def take(self, zone: str) -> int | None:
        """Add a session of an interface in this zone to a target.

        Returns the index of the target, None if all targets are at capacity.
        """
        with self._lock:
            index = self._find_least_loaded(self._by_zone.get(zone, []))
            if index is None:
                index = self._find_least_loaded(self._all)
            if index is not None:
                self._loads[index] += 1
            return index

    def mark_full(self, target: Target) -> None:
        """Do not use a target again, because EC2 refused a session of it."""
        with self._lock:
            self._full.add(self._targets.index(target))

    def is_full(self, target: Target) -> bool:
        """Whether mark_full was called for the target."""
        with self._lock:
            return any(self._targets[index] == target for index in self._full)

    def _find_least_loaded(self, heap: list[tuple[int, int]]) -> int | None:
        while heap:
            load, index = heap[0]
            capacity = self._targets[index].capacity
            if index in self._full or (capacity is not None and self._loads[index] >= capacity):
                heappop(heap)
            elif load != self._loads[index]:
                heapreplace(heap, (self._loads[index], index))
            else:
                return index
        return None
