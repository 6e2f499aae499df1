# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether network ACLs allow encapsulated packets from one subnet to another. Pure.

The outbound rules of the first subnet and the inbound rules of the second apply. Network ACLs do not apply to packets
within a subnet. They are stateless, but mirrored packets have no replies. Behind a Network Load Balancer, the way from
the subnet of the load balancer to the subnet of the registered target is checked in the same manner, with the address
of the source, which the load balancer preserves.
"""

from __future__ import annotations

from collections.abc import Iterable

from .._model.resource_types import ApiParams
from .addresses import VXLAN_PORT, Place, host_cidr, prefix_length
from .aws_state import AwsState
from .findings import Finding, Status, not_readable

# The entry that every network ACL ends with, shown as * by the console: 32767 for IPv4, 32768 for IPv6.
_LAST_RULE = 32767
_ANY_PROTOCOL, _UDP = "-1", "17"


def find_network_acl(subnet_id: str, acls: Iterable[ApiParams]) -> ApiParams | None:
    """The network ACL of a subnet. acls: as in the replies of DescribeNetworkAcls."""
    for acl in acls:
        if any(one.get("SubnetId") == subnet_id for one in acl.get("Associations") or ()):
            return acl
    return None


def find_deciding_entry(acl: ApiParams, egress: bool, address: str, port: int = VXLAN_PORT) -> ApiParams | None:
    """The entry that decides on UDP to this port: the matching one with the lowest number. None if no entry matches.

    address: the destination of outbound packets, the source of inbound packets. A packet that no entry matches is
    denied.
    """
    matching = (
        entry
        for entry in acl.get("Entries") or ()
        if bool(entry.get("Egress")) == egress and _matches(entry, address, port)
    )
    return min(matching, key=lambda entry: int(entry["RuleNumber"]), default=None)


def judge_network_acls(source: Place, target: Place, state: AwsState, port: int = VXLAN_PORT) -> list[Finding]:
    """The findings on the network ACLs between two places: outbound of the first, inbound of the second.

    If the source is a load balancer that forwards packets, its place has the address of the client.
    """
    if source.subnet_id and source.subnet_id == target.subnet_id:
        message = f"source and target are in {source.subnet_id}; network ACLs do not apply within a subnet"
        return [Finding("network", Status.OK, message, ids=(source.subnet_id,))]
    return [
        _judge(source.subnet_id, True, target.address, state, port),
        _judge(target.subnet_id, False, source.address, state, port),
    ]


def _judge(subnet_id: str, egress: bool, address: str, state: AwsState, port: int) -> Finding:
    """The finding on one direction of one subnet."""
    direction, preposition = ("outbound", "to") if egress else ("inbound", "from")
    way = f"{direction} UDP {port} {preposition} {address}"
    acl = find_network_acl(subnet_id, state.network_acls) if subnet_id else None
    if acl is None:
        subnet = subnet_id or f"the {'source' if egress else 'target'}'s subnet"
        label, fix = f"the network ACL of {subnet}", f"Check that the network ACL of {subnet} allows {way}."
        return not_readable("network", label, state.find_failure("DescribeNetworkAcls"), [subnet_id], fix)
    acl_id = str(acl.get("NetworkAclId", ""))
    entry = find_deciding_entry(acl, egress, address, port)
    number = _LAST_RULE if entry is None else int(entry["RuleNumber"])
    rule = f"rule {'*' if number >= _LAST_RULE else number}"
    if entry is not None and entry.get("RuleAction") == "allow":
        message = f"{rule} of network ACL {acl_id} of {subnet_id} allows {way}"
        return Finding("network", Status.OK, message, ids=(acl_id, subnet_id))
    message = f"{rule} of network ACL {acl_id} of {subnet_id} denies {way}"
    before = "" if number >= _LAST_RULE else f", with a rule number below {number}"
    fix = f"Allow {direction} UDP {port} {preposition} {host_cidr(address)} in {acl_id}{before}."
    return Finding("network", Status.PROBLEM, message, fix, (acl_id, subnet_id))


def _matches(entry: ApiParams, address: str, port: int) -> bool:
    """Whether an entry matches UDP to this port. An entry for all protocols has no ports."""
    protocol = str(entry.get("Protocol", _ANY_PROTOCOL))
    if protocol not in (_ANY_PROTOCOL, _UDP):
        return False
    if protocol == _UDP and entry.get("PortRange"):
        ports = entry["PortRange"]
        if not ports.get("From", 0) <= port <= ports.get("To", 65535):
            return False
    return any(prefix_length(entry.get(member), address) is not None for member in ("CidrBlock", "Ipv6CidrBlock"))
