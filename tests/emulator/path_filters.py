# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documented filters of the actions in paths.py (botocore model), by action.

All actions also support tag:<key> and tag-key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

# Returns the values that a filter compares with one row.
Getter = Callable[[dict[str, Any]], Iterable[Any]]


def _get(*path: str) -> Getter:
    """Return a getter of the values at a path of members. Lists are searched member by member."""

    def values(row: dict[str, Any]) -> Iterable[Any]:
        found: list[Any] = [row]
        for name in path:
            inner = [item[name] for item in found if name in item]
            found = [value for item in inner for value in (item if isinstance(item, list) else [item])]
        return found

    return values


def _permissions(direction: str, prefix: str) -> dict[str, Getter]:
    return {
        f"{prefix}.cidr": _get(direction, "IpRanges", "CidrIp"),
        f"{prefix}.from-port": _get(direction, "FromPort"),
        f"{prefix}.group-id": _get(direction, "UserIdGroupPairs", "GroupId"),
        f"{prefix}.group-name": _get(direction, "UserIdGroupPairs", "GroupName"),
        f"{prefix}.ipv6-cidr": _get(direction, "Ipv6Ranges", "CidrIpv6"),
        f"{prefix}.prefix-list-id": _get(direction, "PrefixListIds", "PrefixListId"),
        f"{prefix}.protocol": _get(direction, "IpProtocol"),
        f"{prefix}.to-port": _get(direction, "ToPort"),
        f"{prefix}.user-id": _get(direction, "UserIdGroupPairs", "UserId"),
    }


def _side(name: str, member: str) -> dict[str, Getter]:
    return {
        f"{name}.cidr-block": _get(member, "CidrBlock"),
        f"{name}.owner-id": _get(member, "OwnerId"),
        f"{name}.vpc-id": _get(member, "VpcId"),
    }


FILTERS: dict[str, dict[str, Getter]] = {
    "DescribeManagedPrefixLists": {
        "owner-id": _get("OwnerId"),
        "prefix-list-id": _get("PrefixListId"),
        "prefix-list-name": _get("PrefixListName"),
    },
    "DescribeNetworkAcls": {
        "association.association-id": _get("Associations", "NetworkAclAssociationId"),
        "association.network-acl-id": _get("Associations", "NetworkAclId"),
        "association.subnet-id": _get("Associations", "SubnetId"),
        "default": _get("IsDefault"),
        "entry.cidr": _get("Entries", "CidrBlock"),
        "entry.egress": _get("Entries", "Egress"),
        "entry.ipv6-cidr": _get("Entries", "Ipv6CidrBlock"),
        "entry.port-range.from": _get("Entries", "PortRange", "From"),
        "entry.port-range.to": _get("Entries", "PortRange", "To"),
        "entry.protocol": _get("Entries", "Protocol"),
        "entry.rule-action": _get("Entries", "RuleAction"),
        "entry.rule-number": _get("Entries", "RuleNumber"),
        "network-acl-id": _get("NetworkAclId"),
        "owner-id": _get("OwnerId"),
        "vpc-id": _get("VpcId"),
    },
    "DescribeRouteTables": {
        "association.gateway-id": _get("Associations", "GatewayId"),
        "association.main": _get("Associations", "Main"),
        "association.route-table-association-id": _get("Associations", "RouteTableAssociationId"),
        "association.route-table-id": _get("Associations", "RouteTableId"),
        "association.subnet-id": _get("Associations", "SubnetId"),
        "owner-id": _get("OwnerId"),
        "route-table-id": _get("RouteTableId"),
        "route.destination-cidr-block": _get("Routes", "DestinationCidrBlock"),
        "route.destination-ipv6-cidr-block": _get("Routes", "DestinationIpv6CidrBlock"),
        "route.destination-prefix-list-id": _get("Routes", "DestinationPrefixListId"),
        "route.gateway-id": _get("Routes", "GatewayId"),
        "route.instance-id": _get("Routes", "InstanceId"),
        "route.nat-gateway-id": _get("Routes", "NatGatewayId"),
        "route.origin": _get("Routes", "Origin"),
        "route.state": _get("Routes", "State"),
        "route.transit-gateway-id": _get("Routes", "TransitGatewayId"),
        "route.vpc-peering-connection-id": _get("Routes", "VpcPeeringConnectionId"),
        "vpc-id": _get("VpcId"),
    },
    "DescribeSecurityGroups": {
        "description": _get("Description"),
        **_permissions("IpPermissionsEgress", "egress.ip-permission"),
        "group-id": _get("GroupId"),
        "group-name": _get("GroupName"),
        **_permissions("IpPermissions", "ip-permission"),
        "owner-id": _get("OwnerId"),
        "vpc-id": _get("VpcId"),
    },
    "DescribeSubnets": {
        "availability-zone": _get("AvailabilityZone"),
        "availability-zone-id": _get("AvailabilityZoneId"),
        "availabilityZone": _get("AvailabilityZone"),
        "available-ip-address-count": _get("AvailableIpAddressCount"),
        "cidr-block": _get("CidrBlock"),
        "cidr": _get("CidrBlock"),
        "cidrBlock": _get("CidrBlock"),
        "default-for-az": _get("DefaultForAz"),
        "defaultForAz": _get("DefaultForAz"),
        "ipv6-cidr-block-association.association-id": _get("Ipv6CidrBlockAssociationSet", "AssociationId"),
        "ipv6-cidr-block-association.ipv6-cidr-block": _get("Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock"),
        "ipv6-cidr-block-association.state": _get("Ipv6CidrBlockAssociationSet", "Ipv6CidrBlockState", "State"),
        "ipv6-native": _get("Ipv6Native"),
        "map-public-ip-on-launch": _get("MapPublicIpOnLaunch"),
        "owner-id": _get("OwnerId"),
        "state": _get("State"),
        "subnet-arn": _get("SubnetArn"),
        "subnet-id": _get("SubnetId"),
        "vpc-id": _get("VpcId"),
    },
    "DescribeVpcEndpointServiceConfigurations": {
        "service-id": _get("ServiceId"),
        "service-name": _get("ServiceName"),
        "service-state": _get("ServiceState"),
        "supported-ip-address-types": _get("SupportedIpAddressTypes"),
    },
    "DescribeVpcEndpointServices": {
        "owner": _get("Owner"),
        "service-name": _get("ServiceName"),
        "service-type": _get("ServiceType", "ServiceType"),
        "supported-ip-address-types": _get("SupportedIpAddressTypes"),
    },
    "DescribeVpcPeeringConnections": {
        **_side("accepter-vpc-info", "AccepterVpcInfo"),
        **_side("requester-vpc-info", "RequesterVpcInfo"),
        "status-code": _get("Status", "Code"),
        "status-message": _get("Status", "Message"),
        "vpc-peering-connection-id": _get("VpcPeeringConnectionId"),
    },
}
