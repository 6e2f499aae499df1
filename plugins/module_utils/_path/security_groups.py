# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether security groups allow the encapsulated packets of a session. Pure.

The outbound rules of the source's security groups are not checked: "Mirrored outbound traffic from a source instance is
not subject to security group evaluation" (Traffic Mirroring guide, considerations). The security groups of the target
must allow UDP port 4789 from the source.

A Network Load Balancer without security groups accepts all packets. One with security groups applies the inbound rules
to the packets of clients, and the outbound rules to the packets that it forwards. The target groups of UDP listeners
always preserve the client's address. Therefore, the security groups of the registered targets must allow the address of
the source, or reference a security group of the load balancer (NLB user guide, security groups and target group
attributes). The security groups of the source do not count there; see via_load_balancer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .._model.resource_types import ApiParams
from .._model.text import list_some
from .addresses import VXLAN_PORT, PrefixLists, host_cidr, longest_prefix, prefix_length
from .aws_state import AwsState, balancer_label
from .findings import Finding, Status, not_readable

_UDP = ("udp", "17")
_ANY_PROTOCOL = "-1"


@dataclass(frozen=True)
class Peer:
    """The other end of a packet, to which the rules of security groups refer.

    address: the primary private IPv4 address. AWS documents that mirrored packets come from the primary address of the
    source interface, so secondary addresses do not count. group_ids: the security groups of that end. Ids of security
    groups are unique across accounts, so the account in a reference is not compared.
    """

    address: str
    group_ids: frozenset[str] = frozenset()


def via_load_balancer(source: Peer, balancer_group_ids: Iterable[str]) -> Peer:
    """The source from the point of view of the registered targets of a Network Load Balancer."""
    return Peer(source.address, frozenset(balancer_group_ids))


def allows(
    groups: Iterable[ApiParams], peer: Peer, prefix_lists: PrefixLists, port: int = VXLAN_PORT, egress: bool = False
) -> bool | None:
    """Whether one of the security groups allows UDP from the peer to this port, with egress from this end to the peer.

    groups: as in the replies of DescribeSecurityGroups. None if it depends on the entries of an unknown prefix list.
    """
    unknown = False
    for permission in _permissions(groups, port, egress):
        if _names_peer(permission, peer, prefix_lists):
            return True
        unknown = unknown or bool(_unknown_lists(permission, prefix_lists))
    return None if unknown else False


def judge_security_groups(
    owner: str, group_ids: Sequence[str], peer: Peer, state: AwsState, port: int = VXLAN_PORT, egress: bool = False
) -> Finding:
    """The finding on the security groups of an interface or load balancer.

    owner: the id or ARN of the interface or load balancer. group_ids: the security groups of the owner; if there are
    none, all packets are allowed. state: the readable security groups and prefix lists.
    """
    way = f"{'outbound ' if egress else ''}UDP {port} {'to' if egress else 'from'} {peer.address}"
    ids, label = (owner, *group_ids), balancer_label(owner) if owner.startswith("arn:") else owner
    if not group_ids:
        return Finding("network", Status.OK, f"{label} has no security groups, so {way} is allowed", ids=ids)
    one = len(group_ids) == 1
    subject = f"security group{'' if one else 's'} {list_some(group_ids)} of {label}"
    readable = [state.security_groups[group_id] for group_id in group_ids if group_id in state.security_groups]
    hidden = [group_id for group_id in group_ids if group_id not in state.security_groups]
    answer = allows(readable, peer, state.prefix_lists, port, egress)
    if answer:
        return Finding("network", Status.OK, f"{subject} allow{'s' if one else ''} {way}", ids=ids)
    if hidden:
        subject = f"security group{'' if len(hidden) == 1 else 's'} {list_some(hidden)} of {label}"
        fix = f"Check that {list_some(hidden)} allow{'s' if len(hidden) == 1 else ''} {way}."
        return not_readable("network", subject, state.find_failure("DescribeSecurityGroups"), ids, fix)
    if answer is False:
        message = f"{subject} do{'es' if one else ''} not allow {way}"
        return Finding("network", Status.PROBLEM, message, _allow(group_ids, peer, port, egress), ids)
    permissions = _permissions(readable, port, egress)
    lists = sorted({one for rule in permissions for one in _unknown_lists(rule, state.prefix_lists)})
    contain = f"contain{'s' if len(lists) == 1 else ''} {peer.address}"
    subject += f" allow{'s' if one else ''} {way} only if {list_some(lists)} {contain}, which"
    failure = state.find_failure("GetManagedPrefixListEntries")
    return not_readable("network", subject, failure, (*ids, *lists), f"Check that {list_some(lists)} {contain}.")


def prefix_list_ids(groups: Iterable[ApiParams], port: int = VXLAN_PORT, egress: bool = False) -> set[str]:
    """The prefix lists on which the answer for this port can depend, to be read before."""
    return {
        one["PrefixListId"] for rule in _permissions(groups, port, egress) for one in rule.get("PrefixListIds") or ()
    }


def _permissions(groups: Iterable[ApiParams], port: int, egress: bool) -> Iterator[ApiParams]:
    """Yield the rules of the groups for UDP to this port, regardless of the peer."""
    for group in groups:
        for permission in group.get("IpPermissionsEgress" if egress else "IpPermissions") or ():
            protocol = str(permission.get("IpProtocol", _ANY_PROTOCOL)).lower()
            if protocol == _ANY_PROTOCOL or (protocol in _UDP and _has_port(permission, port)):
                yield permission


def _has_port(permission: ApiParams, port: int) -> bool:
    """Whether the rule has the port. Both ends of the range are optional in EC2's service model."""
    first = permission.get("FromPort", permission.get("ToPort"))
    last = permission.get("ToPort", permission.get("FromPort"))
    return first is None or last is None or first <= port <= last


def _names_peer(permission: ApiParams, peer: Peer, prefix_lists: PrefixLists) -> bool:
    """Whether the rule is known to apply to the peer."""
    cidrs = [
        *(one.get("CidrIp") for one in permission.get("IpRanges") or ()),
        *(one.get("CidrIpv6") for one in permission.get("Ipv6Ranges") or ()),
    ]
    if any(prefix_length(cidr, peer.address) is not None for cidr in cidrs):
        return True
    for pair in permission.get("UserIdGroupPairs") or ():
        # A reference over a peering connection that was deleted is stale and has no effect.
        if pair.get("GroupId") in peer.group_ids and pair.get("PeeringStatus") in (None, "", "active"):
            return True
    lists = [one["PrefixListId"] for one in permission.get("PrefixListIds") or ()]
    return any(longest_prefix(prefix_lists.get(one) or (), peer.address) is not None for one in lists)


def _unknown_lists(permission: ApiParams, prefix_lists: PrefixLists) -> list[str]:
    """The prefix lists of the rule whose entries are unknown."""
    lists = (one["PrefixListId"] for one in permission.get("PrefixListIds") or ())
    return [one for one in lists if one not in prefix_lists]


def _allow(group_ids: Sequence[str], peer: Peer, port: int, egress: bool) -> str:
    """The fix: the rule to add."""
    direction, preposition = ("outbound", "to") if egress else ("inbound", "from")
    place = group_ids[0] if len(group_ids) == 1 else f"one of {list_some(group_ids)}"
    return f"Allow {direction} UDP {port} {preposition} {host_cidr(peer.address)} in {place}."
