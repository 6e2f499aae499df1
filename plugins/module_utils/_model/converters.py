# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Converters for option values that have several spellings or another representation in the EC2 API."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Callable

from .text import quote

# Protocol numbers by lower-case name (IANA, "Assigned Internet Protocol Numbers").
PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "egp": 8,
    "udp": 17,
    "ipv6": 41,
    "rsvp": 46,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmpv6": 58,
    "eigrp": 88,
    "ospf": 89,
    "pim": 103,
    "vrrp": 112,
    "l2tp": 115,
    "sctp": 132,
    "udplite": 136,
}
ANY_PROTOCOL = "all"
_PROTOCOL_NAMES = {number: name for name, number in PROTOCOLS.items()}
_PROTOCOL_ALIASES = {"ipv6-icmp": "icmpv6", "ospfigp": "ospf", "-1": ANY_PROTOCOL}


@dataclass(frozen=True)
class Converter:
    """The conversion functions of one value format.

    parse: converts any accepted spelling to the canonical spelling, which results use. Raises ValueError; its text
    follows the option's name, for example "must be a port". to_api, from_api: convert the canonical spelling to the
    API's value and back.
    """

    parse: Callable[[str], str]
    to_api: Callable[[str], Any]
    from_api: Callable[[Any], str]


def parse_protocol(text: str) -> str:
    """Convert a protocol to its canonical spelling: V(6), V(TCP) and V(tcp) to V(tcp).

    A number (1 to 255) without a name in PROTOCOLS stays a number, as a string. V(0) and V(-1) become ANY_PROTOCOL.
    Raises ValueError.
    """
    word = text.strip().lower()
    word = _PROTOCOL_ALIASES.get(word, word)
    if word == ANY_PROTOCOL or word in PROTOCOLS:
        return word
    if not re.fullmatch(r"[0-9]{1,3}", word) or int(word) > 255:
        known = ", ".join([ANY_PROTOCOL, *PROTOCOLS])
        raise ValueError(f"must be 0 to 255 or one of {known}, not {quote(text)}")
    return _protocol_name(int(word))


def protocol_number(protocol: str) -> int:
    """Return the protocol number. protocol: a result of parse_protocol, except ANY_PROTOCOL."""
    return PROTOCOLS[protocol] if protocol in PROTOCOLS else int(protocol)


def _protocol_name(number: int) -> str:
    """Return the canonical spelling of a protocol number."""
    # Terraform's provider does not distinguish 0 from a missing number in EC2's replies; both mean any protocol.
    return _PROTOCOL_NAMES.get(number, str(number)) if number not in (0, -1) else ANY_PROTOCOL


def parse_ports(text: str) -> str:
    """Convert a port or port range to its canonical spelling: V(443-443) to V(443); V(8000-8100) is unchanged.

    Raises ValueError.
    """
    ends = re.fullmatch(r"\s*([0-9]{1,5})\s*(?:-\s*([0-9]{1,5})\s*)?", text)
    first, last = (int(ends[1]), int(ends[2] or ends[1])) if ends else (65536, 65536)
    if max(first, last) > 65535:
        raise ValueError(f"must be a port or a range such as 8000-8100, 0 to 65535, not {quote(text)}")
    if first > last:
        raise ValueError(f"must not start above its end: {quote(text)}; use {last}-{first}")
    return str(first) if first == last else f"{first}-{last}"


def _ports_from_api(ends: dict[str, int]) -> str:
    """Return the canonical spelling of a port range in a reply. Both ends are optional in EC2's service model."""
    first, last = ends.get("FromPort", ends.get("ToPort")), ends.get("ToPort", ends.get("FromPort"))
    return "" if first is None else str(first) if first == last else f"{first}-{last}"


def port_range(ports: str) -> tuple[int, int]:
    """Return the first and last port. ports: a result of parse_ports."""
    first, _dash, last = ports.partition("-")
    return int(first), int(last or first)


def parse_cidr(text: str) -> str:
    """Convert a CIDR block to its shortest form, with IPv6 addresses in lower case. Raises ValueError."""
    if not re.fullmatch(r"[0-9a-fA-F:.]{2,45}/[0-9]{1,3}", text.strip()):
        raise ValueError(f"must be a network such as 10.0.0.0/8 or 2001:db8::/32, not {quote(text)}")
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError:
        pass
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise ValueError(f"must be a network such as 10.0.0.0/8 or 2001:db8::/32: {error}") from error
    raise ValueError(f"must not have host bits set: {quote(text)}; use {network}")


def _parse_load_balancer(text: str) -> str:
    """Return the ARN unchanged. Raises ValueError unless it is the ARN of a Network Load Balancer."""
    if not re.fullmatch(
        r"arn:[\w-]+:elasticloadbalancing:[\w-]+:\d{12}:loadbalancer/net/[\w-]{1,32}/[0-9a-f]+", text, re.ASCII
    ):
        raise ValueError(
            "must be the ARN of a Network Load Balancer, such as arn:aws:elasticloadbalancing:eu-west-1:123456789012:"
            f"loadbalancer/net/sensors/0a1b2c3d4e5f6071, not {quote(text)}"
        )
    return text


PROTOCOL = Converter(parse_protocol, protocol_number, _protocol_name)
PORTS = Converter(
    parse_ports,
    to_api=lambda ports: dict(zip(("FromPort", "ToPort"), port_range(ports))),
    from_api=_ports_from_api,
)
CIDR = Converter(parse_cidr, str, lambda text: str(ipaddress.ip_network(text, strict=False)))
LOAD_BALANCER = Converter(_parse_load_balancer, str, str)
