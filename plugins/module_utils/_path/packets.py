# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option C(packet): the packets whose way is traced. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .._model.converters import ANY_PROTOCOL, PROTOCOLS, parse_protocol
from .._model.errors import ValidationError
from .._model.resource_types import DIRECTIONS, ModuleParams
from .._model.text import quote, truncate
from .._model.validation import check_number
from .._resources.rule_coverage import Box, matching_box
from .addresses import host_cidr

_PORTS = ("source_port", "destination_port")
_SUBOPTIONS = ("direction", "protocol", "source", "destination", *_PORTS)
_WITH_PORTS = ("tcp", "udp")

DNS_SERVICE = "amazon-dns"
_DNS_PORT = 53
# Addresses of the Amazon DNS server in every VPC (VPC user guide, "DNS attributes for your VPC").
_DNS_SERVERS = ("169.254.169.253", "fd00:ec2::253")
# Services whose packets EC2 never mirrors (Traffic Mirroring guide, considerations), by address (EC2 user guide).
_NEVER_MIRRORED = {
    "169.254.169.254": "instance metadata",
    "fd00:ec2::254": "instance metadata",
    "169.254.169.123": "NTP",
    "fd00:ec2::123": "NTP",
    "169.254.169.250": "Windows activation",
    "169.254.169.251": "Windows activation",
    "fd00:ec2::250": "Windows activation",
    "fd00:ec2::251": "Windows activation",
}
_DHCP_PORTS = {67, 68}


@dataclass(frozen=True)
class Packet:
    """A packet, or all packets that differ only in the ports that are None.

    direction: from the point of view of the interface. protocol: a result of parse_protocol, except ANY_PROTOCOL.
    source, destination: addresses of the same family in canonical spelling.
    """

    direction: str
    protocol: str
    source: str
    destination: str
    source_port: int | None = None
    destination_port: int | None = None

    @property
    def box(self) -> Box:
        """The packets as a box of rule_coverage."""
        return matching_box(
            {
                "direction": self.direction,
                "protocol": self.protocol,
                "source_cidr": host_cidr(self.source),
                "destination_cidr": host_cidr(self.destination),
                **{option: "" if getattr(self, option) is None else str(getattr(self, option)) for option in _PORTS},
            }
        )

    @property
    def remote(self) -> tuple[str, str]:
        """The address of the other end, and the option with the port of the other end."""
        return (self.source, _PORTS[0]) if self.direction == "ingress" else (self.destination, _PORTS[1])

    @property
    def open_ports(self) -> tuple[str, ...]:
        """The options of ports that the packets have and that are not given."""
        if self.protocol not in _WITH_PORTS:
            return ()
        return tuple(option for option in _PORTS if getattr(self, option) is None)

    @property
    def may_be_dns(self) -> bool:
        """Whether the Amazon DNS server of some VPC could send or receive these packets.

        The address of the server is the third of the VPC's CIDR block, which has at least 16 addresses (VPC user
        guide), so its last four bits are 0010.
        """
        address, port = self.remote
        parsed = ipaddress.ip_address(address)
        return (
            self.protocol in _WITH_PORTS
            and getattr(self, port) in (None, _DNS_PORT)
            and parsed.version == 4
            and int(parsed) % 16 == 2
        )

    def describe(self) -> str:
        """The packet in messages: C(ingress tcp 198.51.100.7 to 10.0.1.10 port 443)."""
        ports = [f" port {getattr(self, option)}" if getattr(self, option) is not None else "" for option in _PORTS]
        return f"{self.direction} {self.protocol} {self.source}{ports[0]} to {self.destination}{ports[1]}"

    def never_mirrored(self) -> str:
        """The service of these packets if EC2 never mirrors it, otherwise empty."""
        if self.protocol == "udp" and {self.source_port, self.destination_port} == _DHCP_PORTS:
            return "DHCP"
        return _NEVER_MIRRORED.get(self.remote[0], "")

    def dns_rule(self, servers: Iterable[str]) -> ModuleParams | None:
        """A filter rule that matches the packets of the Amazon DNS server among these, None if there are none.

        servers: see dns_servers.
        """
        address, port = self.remote
        if self.protocol not in _WITH_PORTS or address not in servers:
            return None
        ports = {option: str(_DNS_PORT) if option == port else "" for option in _PORTS}
        return {"direction": self.direction, "protocol": self.protocol, **ports}


def parse_packet(given: ModuleParams) -> Packet:
    """Convert the option packet. Suboptions that are None count as omitted.

    Raises ValidationError, which names the suboption and the accepted values.
    """
    unknown = [one for one in given if one not in _SUBOPTIONS]
    if unknown:
        raise ValidationError(f"packet must have only {', '.join(_SUBOPTIONS)}, not {truncate(unknown[0])}.")
    missing = [one for one in ("direction", "source", "destination") if given.get(one) is None]
    if missing:
        raise ValidationError(f"packet requires {', '.join(missing)}.")
    if given["direction"] not in DIRECTIONS:
        raise ValidationError(f"packet: direction must be ingress or egress, not {truncate(given['direction'])}.")
    protocol = _parse_protocol(given.get("protocol"))
    addresses = [_parse_address(option, given[option]) for option in ("source", "destination")]
    if addresses[0].version != addresses[1].version:
        raise ValidationError(
            "packet: source and destination must both be IPv4 or both IPv6, not "
            f"{truncate(given['source'])} and {truncate(given['destination'])}."
        )
    for option in _PORTS:
        _check_port(option, given.get(option), protocol)
    source, destination = map(str, addresses)
    return Packet(given["direction"], protocol, source, destination, *(given.get(option) for option in _PORTS))


def dns_servers(vpc_cidrs: Iterable[str]) -> frozenset[str]:
    """The addresses of the Amazon DNS server. vpc_cidrs: the IPv4 CIDR blocks of the VPC.

    The server is in the primary CIDR block. The third address of any other block is reserved, too, so no other host
    has the address.
    """
    return frozenset([*_DNS_SERVERS, *(str(ipaddress.ip_network(cidr)[2]) for cidr in vpc_cidrs)])


def _parse_protocol(value: Any) -> str:
    if value is None:
        return "tcp"
    known = ", ".join(PROTOCOLS)
    try:
        protocol = ANY_PROTOCOL if isinstance(value, bool) else parse_protocol(str(value))
    except ValueError:
        protocol = ANY_PROTOCOL
    if protocol == ANY_PROTOCOL:
        raise ValidationError(f"packet: protocol must be 1 to 255 or one of {known}, not {truncate(value)}.")
    return protocol


def _parse_address(option: str, value: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        # Not of numbers, which ipaddress converts to addresses, and without a zone, which EC2's rules do not have.
        if isinstance(value, str) and "%" not in value:
            return ipaddress.ip_address(value.strip())
    except ValueError:
        pass
    text = quote(value) if isinstance(value, str) else truncate(value)
    raise ValidationError(f"packet: {option} must be an address such as 10.0.1.10 or 2001:db8::1, not {text}.")


def _check_port(option: str, value: Any, protocol: str) -> None:
    if value is None:
        return
    if not isinstance(value, int):
        raise ValidationError(f"packet: {option} must be 0 to 65535, not {truncate(value)}.")
    check_number(f"packet: {option}", value, 0, 65535)
    if protocol not in _WITH_PORTS:
        raise ValidationError(f"packet: {option} requires protocol tcp or udp, not {protocol}.")
