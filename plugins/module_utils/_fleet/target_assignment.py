# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which target and which session number each interface of a fleet gets. Pure, and stable: what has a place keeps it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace

from .._model.desired_state import UnresolvedRef
from .._model.errors import ValidationError
from .._model.resource_types import SESSION, ModuleParams
from .._model.text import quote

NUMBERS = next(field for field in SESSION.fields if field.option == "session_number")


@dataclass(frozen=True)
class Target:
    """A target of the fleet.

    type: as EC2 says, None where the account cannot see it. capacity: how many sessions it takes, None for no limit.
    zones: those it is in, empty if they are not known.
    """

    id: str | UnresolvedRef
    type: str | None
    capacity: int | None
    zones: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Assignment:
    """An interface that needs a target: its id and zone, and the target that its session has, None if it has none."""

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
        """From C(1-3) or C(5). Raises ValidationError."""
        found = re.fullmatch(r"\s*([0-9]{1,5})\s*(?:-\s*([0-9]{1,5})\s*)?", text)
        lowest, highest = (int(found.group(1)), int(found.group(2) or found.group(1))) if found else (0, 0)
        if not (NUMBERS.minimum or 0) <= lowest <= highest <= (NUMBERS.maximum or 0):
            raise ValidationError(
                f"session_numbers must be a number or LOWEST-HIGHEST within {NUMBERS.range()}, not {quote(text)}."
            )
        return cls(lowest, highest)

    def choose(self, taken: Iterable[int], current: int | None) -> int | None:
        """The number a session keeps if it is in the band, else the lowest free one; None if none is free."""
        if current is not None and current in self:
            return current
        held = set(taken)
        return next((number for number in range(self.lowest, self.highest + 1) if number not in held), None)

    def __contains__(self, number: int) -> bool:
        return self.lowest <= number <= self.highest

    def __str__(self) -> str:
        return f"{self.lowest}-{self.highest}"


def place(seats: Iterable[Assignment], targets: Iterable[Target], others: dict[str, int]) -> dict[str, Target | None]:
    """The target of each interface, by its id; None where no target has room.

    others: how many sessions that are not of these seats each target has. A seat keeps its target as long as that is
    one of these and the seats alone do not exceed its capacity, whatever others add. The rest go, in the order of
    their ids, to a target in their zone, of those to the least loaded, of those to the first.
    """
    seats, targets = sorted(seats, key=lambda seat: seat.interface), list(targets)
    by_id = {target.id: target for target in targets}
    kept: dict[str | UnresolvedRef, int] = dict.fromkeys(by_id, 0)
    placed: dict[str, Target | None] = {}
    for seat in seats:
        target = by_id.get(seat.target) if seat.target is not None else None
        if target is not None and (target.capacity is None or kept[target.id] < target.capacity):
            placed[seat.interface] = target
            kept[target.id] += 1
    loads = [kept[target.id] + others.get(str(target.id), 0) for target in targets]
    room = TargetPool(targets, loads)
    for seat in seats:
        if seat.interface not in placed:
            at = room.take(seat.zone)
            placed[seat.interface] = None if at is None else targets[at]
    return placed


class TargetPool:
    """Which target takes the next session. Heaps, because thousands of sessions may have hundreds of targets.

    loads: how many sessions each target has, in the same order; kept up to date.
    """

    def __init__(self, targets: list[Target], loads: list[int]) -> None:
        self._targets, self._loads = targets, loads
        # By zone, and of all: the targets with the load that they had when they were last looked at.
        self._by_zone: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for at, target in enumerate(targets):
            for zone in target.zones:
                self._by_zone[zone].append((loads[at], at))
        self._all = [(load, at) for at, load in enumerate(loads)]
        for heap in (self._all, *self._by_zone.values()):
            heapify(heap)

    def take(self, zone: str) -> int | None:
        """Take a place for an interface of this zone. Returns where its target is in the list, None if all are full."""
        at = self._least(self._by_zone.get(zone, []))
        if at is None:
            at = self._least(self._all)
        if at is not None:
            self._loads[at] += 1
        return at

    def _least(self, heap: list[tuple[int, int]]) -> int | None:
        while heap:
            load, at = heap[0]
            capacity = self._targets[at].capacity
            if capacity is not None and self._loads[at] >= capacity:
                heappop(heap)
            elif load != self._loads[at]:
                heapreplace(heap, (self._loads[at], at))
            else:
                return at
        return None


def numbers_taken(sessions: Iterable[ModuleParams]) -> list[int]:
    """The session numbers that these sessions have."""
    return [row["session_number"] for row in sessions]
