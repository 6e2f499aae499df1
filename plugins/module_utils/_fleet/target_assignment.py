# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assignment of targets and session numbers to the interfaces of a fleet.

Pure and stable: a session keeps its target and session number as long as both are still valid.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace

from .._model.errors import ValidationError
from .._model.placeholders import UnresolvedRef
from .._model.resource_types import SESSION, ModuleParams
from .._model.text import quote

NUMBERS = next(field for field in SESSION.fields if field.option == "session_number")


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


@dataclass(frozen=True)
class NumberRange:
    """The session numbers that a fleet uses, both inclusive."""

    lowest: int
    highest: int

    @classmethod
    def parse(cls, text: str) -> NumberRange:
        """Parse C(1-3) or C(5). Raises ValidationError."""
        match = re.fullmatch(r"\s*([0-9]{1,5})\s*(?:-\s*([0-9]{1,5})\s*)?", text)
        lowest, highest = (int(match.group(1)), int(match.group(2) or match.group(1))) if match else (0, 0)
        if not (NUMBERS.minimum or 0) <= lowest <= highest <= (NUMBERS.maximum or 0):
            raise ValidationError(
                f"session_numbers must be a number or LOWEST-HIGHEST within {NUMBERS.range()}, not {quote(text)}."
            )
        return cls(lowest, highest)

    def choose(self, used: Iterable[int], current: int | None) -> int | None:
        """The current number if it is in the range, otherwise the lowest number that is not used, otherwise None."""
        if current is not None and current in self:
            return current
        unavailable = set(used)
        return next((number for number in range(self.lowest, self.highest + 1) if number not in unavailable), None)

    def __contains__(self, number: int) -> bool:
        return self.lowest <= number <= self.highest

    def __str__(self) -> str:
        return f"{self.lowest}-{self.highest}"


def assign_targets(
    assignments: Iterable[Assignment], targets: Iterable[Target], other_load: dict[str, int]
) -> dict[str, Target | None]:
    """The target of each interface, by interface id; None if all targets are at capacity.

    other_load: by target id, the number of sessions outside these assignments. An interface keeps its target if that
    is still in targets and these assignments alone do not exceed its capacity, whatever the other load. All other
    interfaces, in order of their ids, get the least-loaded target in their zone, otherwise the least-loaded target.
    Among equal loads the first target of the list is chosen.
    """
    assignments, targets = sorted(assignments, key=lambda one: one.interface), list(targets)
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

    loads: the number of sessions of each target, in the order of targets; updated in place.
    """

    def __init__(self, targets: list[Target], loads: list[int]) -> None:
        self._targets, self._loads = targets, loads
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
        index = self._find_least_loaded(self._by_zone.get(zone, []))
        if index is None:
            index = self._find_least_loaded(self._all)
        if index is not None:
            self._loads[index] += 1
        return index

    def _find_least_loaded(self, heap: list[tuple[int, int]]) -> int | None:
        while heap:
            load, index = heap[0]
            capacity = self._targets[index].capacity
            if capacity is not None and self._loads[index] >= capacity:
                heappop(heap)
            elif load != self._loads[index]:
                heapreplace(heap, (self._loads[index], index))
            else:
                return index
        return None


def list_session_numbers(sessions: Iterable[ModuleParams]) -> list[int]:
    """The session numbers of these sessions."""
    return [session["session_number"] for session in sessions]
