# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exact set of packets that a list of filter rules accepts.

A set of packets is a list of disjoint boxes. A box is a tuple of inclusive ranges, one for each property that a rule
matches: direction, protocol, source address, destination address, source port, destination port.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable

from .._model.api_objects import sort_rules
from .._model.converters import ANY_PROTOCOL, port_range, protocol_number
from .._model.resource_types import ModuleParams

Box = tuple[tuple[int, int], ...]

# IPv6 addresses are numbered after the IPv4 addresses: one range can cover both families, and no CIDR overlaps both.
_IPV6_OFFSET = 2**32
IPV4_ADDRESSES, IPV6_ADDRESSES = (0, _IPV6_OFFSET - 1), (_IPV6_OFFSET, _IPV6_OFFSET + 2**128 - 1)
_ANY_ADDRESS = (IPV4_ADDRESSES[0], IPV6_ADDRESSES[1])
_ANY_PROTOCOL, _ANY_PORT = (0, 255), (0, 65535)
ALL: Box = ((0, 1), _ANY_PROTOCOL, _ANY_ADDRESS, _ANY_ADDRESS, _ANY_PORT, _ANY_PORT)


def matching_box(rule: ModuleParams) -> Box:
    """Return the packets that match this rule, regardless of the rule's action."""
    direction = 0 if rule.get("direction") == "ingress" else 1
    protocol = _ANY_PROTOCOL
    if rule["protocol"] != ANY_PROTOCOL:
        protocol = (protocol_number(rule["protocol"]),) * 2
    addresses = (_address_range(rule.get(option)) for option in ("source_cidr", "destination_cidr"))
    ports = (_port_range(rule[option]) for option in ("source_port", "destination_port"))
    return ((direction, direction), protocol, *addresses, *ports)


def intersect(box: Box, other: Box) -> Box | None:
    """Return the packets that are in both boxes, None if there are none."""
    ranges = tuple((max(a, c), min(b, d)) for (a, b), (c, d) in zip(box, other))
    return ranges if all(low <= high for low, high in ranges) else None


def accepted_boxes(rules: Iterable[ModuleParams], boxes: Iterable[Box]) -> list[Box]:
    """Return the packets in these boxes that the rules accept.

    The matching rule with the lowest number decides. A packet that matches no rule is not mirrored (Traffic Mirroring
    guide, filters).
    """
    accepted: list[Box] = []
    undecided = list(boxes)
    for rule in sort_rules(list(rules)):
        matching = matching_box(rule)
        if rule.get("action") == "accept":
            accepted += filter(None, (intersect(box, matching) for box in undecided))
        undecided = [part for box in undecided for part in _subtract(box, matching)]
    return accepted


def accepts_all(rules: Iterable[ModuleParams], boxes: Iterable[Box]) -> bool:
    """Whether the rules accept every packet in these boxes."""
    undecided = list(boxes)
    for rule in sort_rules(list(rules)):
        matching = matching_box(rule)
        if rule.get("action") == "reject" and any(intersect(box, matching) for box in undecided):
            return False
        undecided = [part for box in undecided for part in _subtract(box, matching)]
    return not undecided


def intersect_with_rules(boxes: Iterable[Box], rules: Iterable[ModuleParams]) -> list[Box]:
    """Return the parts of the boxes that match any of these rules. The parts may overlap."""
    matching = [matching_box(rule) for rule in rules]
    return [common for box in boxes for other in matching if (common := intersect(box, other))]


def _subtract(box: Box, other: Box) -> list[Box]:
    """Return the packets of the first box that are not in the other box, as disjoint boxes.

    Each dimension yields at most two boxes, below and above the other box's range; the box is then clipped to that
    range for the next dimension.
    """
    if intersect(box, other) is None:
        return [box]
    outside = []
    for dimension, ((low, high), (first, last)) in enumerate(zip(box, other)):
        for part in ((low, min(high, first - 1)), (max(low, last + 1), high)):
            if part[0] <= part[1]:
                outside.append((*box[:dimension], part, *box[dimension + 1 :]))
        box = (*box[:dimension], (max(low, first), min(high, last)), *box[dimension + 1 :])
    return outside


def _port_range(ports: str) -> tuple[int, int]:
    """Return the range of ports. A value of EC2 that is not a port range counts as any port."""
    try:
        return port_range(ports) if ports else _ANY_PORT
    except ValueError:
        return _ANY_PORT


@functools.lru_cache(maxsize=4096)  # the rules of an account have few different networks
def _address_range(cidr: str | None) -> tuple[int, int]:
    """Return the range of addresses. A value of EC2 that is not a CIDR block counts as any address."""
    try:
        network = ipaddress.ip_network(cidr or "")
    except ValueError:
        return _ANY_ADDRESS
    offset = _IPV6_OFFSET if network.version == 6 else 0
    return offset + int(network.network_address), offset + int(network.broadcast_address)
