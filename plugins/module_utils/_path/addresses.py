# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses, places in VPCs and prefix lists, as the checks of the network use them. Pure."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Union

from .._model.resource_types import ApiParams

# Mirrored packets are encapsulated in VXLAN: UDP to this port (Traffic Mirroring guide, packet format).
VXLAN_PORT = 4789

# The entries of prefix lists by prefix list id, as in the replies of GetManagedPrefixListEntries. The entries of a
# prefix list that is not included are unknown.
PrefixLists = Mapping[str, Iterable[ApiParams]]

# The number of parsed addresses and networks that are kept: a prefix list can have thousands of entries.
_CACHED = 2**16

_Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
_Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


@dataclass(frozen=True)
class Place:
    """Where encapsulated packets start or end.

    address: the primary private IPv4 address of the interface. The guide's page on the packet format documents that the
    encapsulated packet has the primary addresses of the source and of the target. Behind a load
    balancer, the target is the registered address, which can be a secondary one.
    subnet_id, vpc_id: empty if unknown.
    """

    address: str
    subnet_id: str = ""
    vpc_id: str = ""


def prefix_length(cidr: str | None, address: str) -> int | None:
    """Return the prefix length of a CIDR block that contains the address, None if it does not contain the address."""
    if not cidr:
        return None
    network, one = _parse_network(cidr), _parse_address(address)
    return network.prefixlen if network.version == one.version and one in network else None


def longest_prefix(entries: Iterable[ApiParams], address: str) -> int | None:
    """Return the longest prefix length in a prefix list that contains the address, None if no entry contains it."""
    lengths = (prefix_length(entry.get("Cidr"), address) for entry in entries)
    return max((length for length in lengths if length is not None), default=None)


@functools.lru_cache(maxsize=_CACHED)
def host_cidr(address: str) -> str:
    """Return the CIDR block of one address: C(10.0.1.5/32)."""
    return str(ipaddress.ip_network(address))


def max_length(address: str) -> int:
    """Return the prefix length of a CIDR block of one address of this family."""
    return _parse_address(address).max_prefixlen


@functools.lru_cache(maxsize=_CACHED)
def _parse_network(cidr: str) -> _Network:
    return ipaddress.ip_network(cidr, strict=False)


@functools.lru_cache(maxsize=_CACHED)
def _parse_address(address: str) -> _Address:
    return ipaddress.ip_address(address)
