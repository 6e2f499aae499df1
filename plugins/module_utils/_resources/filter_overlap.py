# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether packets remain for a session, given the filters of the sessions with lower numbers on its interface.

EC2 mirrors a packet once, by the session with the lowest number whose filter accepts the packet (Traffic Mirroring
guide, "Traffic mirror sessions"). In a filter, the matching rule with the lowest number decides. The packets of a
network service are accepted by the filters that list the service, regardless of their rules.

A filter is a dict of module options (see resource_types). The functions are pure, and their answers are exact.

The search for a packet: all rules are numbered, and a set of rules is an int with one bit for each rule. Per property
of packets, such as the source address, the values form classes: the rules match all values of a class or none. A packet
is a choice of one class for each property, and the rules in all chosen classes match it. The search chooses class by
class and stops as soon as the result is certain. It skips classes that are no better than another class, and sets of
rules that it has already searched: otherwise, the number of combinations would be too large.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Sequence

from .._model.api_objects import sort_rules
from .._model.resource_types import ModuleParams
from .rule_coverage import ALL, IPV4_ADDRESSES, IPV6_ADDRESSES, Box, intersect, matching_box

_Filter = tuple[int, bool]  # the rules of a filter, and whether the filter must accept the packet

# The packets of each address family. A rule whose addresses have different families matches no packet.
_FAMILIES: tuple[Box, ...] = tuple(
    (*ALL[:2], addresses, addresses, *ALL[4:]) for addresses in (IPV4_ADDRESSES, IPV6_ADDRESSES)
)


def has_packet(accepting: Sequence[ModuleParams], refusing: Sequence[ModuleParams]) -> bool:
    """Whether a packet exists that all filters in accepting accept and no filter in refusing accepts.

    accepting: at least one filter.
    """
    services = set.intersection(*(set(row.get("network_services", ())) for row in accepting))
    if services.difference(*(row.get("network_services", ()) for row in refusing)):
        return True
    return any(_Search(accepting, refusing, family).run() for family in _FAMILIES)


def accepts_packets(row: ModuleParams) -> bool:
    """Whether the filter accepts any packet."""
    return has_packet([row], [])


def is_shadowed(row: ModuleParams, lower: Sequence[ModuleParams]) -> bool:
    """Whether lower, the filters of the sessions with lower numbers, accept every packet that the filter accepts.

    Also true if the filter accepts no packet.
    """
    return not has_packet([row], lower)


def takes_packets(
    new: ModuleParams, old: ModuleParams | None, victim: ModuleParams, lower: Sequence[ModuleParams]
) -> bool:
    """Whether a session loses packets when the filter of a session with a lower number changes from old to new.

    old: None if the other session is created. victim: the filter of the session that loses packets. lower: the filters
    of all other sessions with lower numbers than the victim.
    """
    return has_packet([new, victim], [*([old] if old else []), *lower])


class _Search:
    """The search for a packet of one address family."""

    def __init__(self, accepting: Sequence[ModuleParams], refusing: Sequence[ModuleParams], family: Box) -> None:
        self.accept = 0  # the rules with the action accept
        self.helpful = 0  # accept rules of accepting filters, reject rules of refusing filters
        self.filters: list[_Filter] = []
        boxes: list[Box] = []
        for row in (*accepting, *refusing):
            is_accepting = len(self.filters) < len(accepting)
            start = len(boxes)
            for rule in sort_rules(row.get("rules", [])):
                box = intersect(matching_box(rule), family)
                if box is None:
                    continue
                is_accept = rule.get("action") == "accept"
                self.accept |= is_accept << len(boxes)
                self.helpful |= (is_accept == is_accepting) << len(boxes)
                boxes.append(box)
            self.filters.append(((1 << len(boxes)) - (1 << start), is_accepting))
        self.all_rules = (1 << len(boxes)) - 1
        self.classes = {at: _find_classes(ranges, whole) for at, (ranges, whole) in enumerate(zip(zip(*boxes), family))}
        self.failed: set[tuple[int, ...]] = set()  # rules and remaining properties for which no packet exists

    def run(self) -> bool:
        """Whether a packet exists."""
        return self._find(self.classes, self.all_rules, self.filters)

    def _find(self, classes: dict[int, list[int]], rules: int, filters: list[_Filter]) -> bool:
        """Whether the remaining properties can be chosen so that a packet results.

        classes: the classes of each remaining property. rules: the rules that match the choices so far. filters: the
        filters whose decision is not certain after the choices so far.
        """
        certain = rules  # the rules that match whatever is chosen
        for choices in classes.values():
            rules &= functools.reduce(operator.or_, choices)
            certain &= functools.reduce(operator.and_, choices)
        relevant, undecided = 0, []
        for members, is_accepting in filters:
            own = self._drop_irrelevant(rules & members, certain)
            accepts_all = bool(own & certain) and not own & ~self.accept
            if own and not accepts_all:
                relevant |= own
                undecided.append((members, is_accepting))
            elif accepts_all != is_accepting:
                return False
        if not undecided:
            return True
        if (relevant, *classes) in self.failed:
            return False
        best = {at: self._select_best(choices, relevant) for at, choices in classes.items()}
        fewest = best.pop(min(best, key=lambda at: len(best[at])))
        if any(self._find(best, relevant & matching, undecided) for matching in fewest):
            return True
        self.failed.add((relevant, *classes))
        return False

    def _drop_irrelevant(self, rules: int, certain: int) -> int:
        """Return the rules of one filter that can decide: up to the first certain rule, without final reject rules.

        A final reject rule has no effect, since a packet that matches no rule is not mirrored.
        """
        first = rules & certain & -(rules & certain)
        if first:
            rules &= 2 * first - 1
        return rules & ((1 << (rules & self.accept).bit_length()) - 1)

    def _select_best(self, classes: list[int], relevant: int) -> list[int]:
        """Return the best classes, limited to relevant rules, with the most promising ones first.

        A class is left out if another class includes the same helpful rules or more, and the same harmful rules or
        fewer: every packet of the class has a counterpart in the other class.
        """
        harmful = relevant & ~self.helpful
        advantages = sorted({(rules & relevant) ^ harmful for rules in classes}, key=_count_rules, reverse=True)
        best: list[int] = []
        for candidate in advantages:
            if all(candidate & ~other for other in best):
                best.append(candidate)
        return [candidate ^ harmful for candidate in best]


def _find_classes(ranges: Iterable[tuple[int, int]], whole: tuple[int, int]) -> list[int]:
    """Return the classes of the values in the whole range. Bit N stands for the range at index N."""
    changes = {whole[0]: 0}  # by the first value of a class, the ranges that begin or have ended there
    for at, (low, high) in enumerate(ranges):
        for edge in (low, high + 1):
            changes[edge] = changes.get(edge, 0) ^ (1 << at)
    changes.pop(whole[1] + 1, None)
    matching, classes = 0, []
    for edge in sorted(changes):
        matching ^= changes[edge]
        classes.append(matching)
    return classes


def _count_rules(rules: int) -> int:
    return bin(rules).count("1")
