# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packets a list of rules copies, exactly.

A set of packets is a list of boxes that do not overlap. A box is a tuple of ranges, both ends included, one for each
thing that a rule looks at: direction, protocol, source and destination address, source and destination port.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from .._model.api_objects import sort_rules
from .._model.converters import ANY_PROTOCOL, port_range, protocol_number
from .._model.resource_types import ModuleParams

Box = tuple[tuple[int, int], ...]

# IPv6 addresses come after the IPv4 ones, so that one range holds either but no rule both.
_IPV6 = 2**32
_ANY_ADDRESS = (0, _IPV6 + 2**128 - 1)
_ANY_PROTOCOL, _ANY_PORT = (0, 255), (0, 65535)
ALL: Box = ((0, 1), _ANY_PROTOCOL, _ANY_ADDRESS, _ANY_ADDRESS, _ANY_PORT, _ANY_PORT)


def box(rule: ModuleParams) -> Box:
    """The packets that fit this rule, whatever it does with them."""
    direction = 0 if rule["direction"] == "ingress" else 1
    protocol = _ANY_PROTOCOL
    if rule["protocol"] != ANY_PROTOCOL:
        protocol = (protocol_number(rule["protocol"]),) * 2
    addresses = (_addresses(rule[option]) for option in ("source_cidr", "destination_cidr"))
    ports = (port_range(rule[option]) if rule[option] else _ANY_PORT for option in ("source_port", "destination_port"))
    return ((direction, direction), protocol, *addresses, *ports)


def copied(rules: Iterable[ModuleParams], boxes: Iterable[Box]) -> list[Box]:
    """Those of the packets in these boxes that the rules accept.

    The rule with the lowest number that fits a packet decides; what fits none is not copied (Traffic Mirroring guide,
    filters).
    """
    accepted: list[Box] = []
    left = list(boxes)
    for rule in sort_rules(list(rules)):
        fitting = box(rule)
        if rule["action"] == "accept":
            accepted += filter(None, (_common(one, fitting) for one in left))
        left = [rest for one in left for rest in _without(one, fitting)]
    return accepted


def copies_all(rules: Iterable[ModuleParams], boxes: Iterable[Box]) -> bool:
    """Whether the rules accept every packet in these boxes."""
    left = list(boxes)
    for rule in sort_rules(list(rules)):
        fitting = box(rule)
        if rule["action"] == "reject" and any(_common(one, fitting) for one in left):
            return False
        left = [rest for one in left for rest in _without(one, fitting)]
    return not left


def within(boxes: Iterable[Box], rules: Iterable[ModuleParams]) -> list[Box]:
    """Those parts of the boxes that fit any of these rules; they may overlap."""
    fitting = [box(rule) for rule in rules]
    return [common for one in boxes for other in fitting if (common := _common(one, other))]


def _common(one: Box, other: Box) -> Box | None:
    """The packets in both."""
    ranges = tuple((max(a, c), min(b, d)) for (a, b), (c, d) in zip(one, other))
    return ranges if all(low <= high for low, high in ranges) else None


def _without(one: Box, other: Box) -> list[Box]:
    """The packets of one that are not in the other: what sticks out on either side, range by range."""
    if _common(one, other) is None:
        return [one]
    outside = []
    for at, ((low, high), (first, last)) in enumerate(zip(one, other)):
        for part in ((low, min(high, first - 1)), (max(low, last + 1), high)):
            if part[0] <= part[1]:
                outside.append((*one[:at], part, *one[at + 1 :]))
        one = (*one[:at], (max(low, first), min(high, last)), *one[at + 1 :])
    return outside


def _addresses(cidr: str) -> tuple[int, int]:
    network = ipaddress.ip_network(cidr)
    base = _IPV6 if network.version == 6 else 0
    return base + int(network.network_address), base + int(network.broadcast_address)
