# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resources as EC2 describes them, and strategies for CIDR blocks."""

from __future__ import annotations

import ipaddress

from hypothesis import strategies as st

ACCOUNT = "123456789012"
SOURCE, TARGET = "10.0.1.5", "10.0.2.9"
SOURCE_SUBNET, TARGET_SUBNET = "subnet-0a0a0a0a0a0a0a0a1", "subnet-0a0a0a0a0a0a0a0a2"
VPC, OTHER_VPC = "vpc-0b0b0b0b0b0b0b0b1", "vpc-0b0b0b0b0b0b0b0b2"

# Few addresses, so that drawn CIDR blocks and addresses meet, near and far from each other, in both families.
ADDRESSES = ["10.0.1.5", "10.0.1.6", "10.0.2.9", "10.9.0.1", "192.168.0.1", "2001:db8::1", "2001:db8:1::1"]


def group(group_id, *permissions, egress=()):
    """A security group."""
    return {
        "Description": "sensors",
        "GroupName": group_id,
        "GroupId": group_id,
        "OwnerId": ACCOUNT,
        "VpcId": VPC,
        "IpPermissions": list(permissions),
        "IpPermissionsEgress": list(egress),
        "Tags": [],
    }


def permission(*cidrs, protocol="udp", ports=(4789, 4789), groups=(), lists=(), peering=None):
    """A rule of a security group. groups: the ids of referenced groups. lists: prefix list ids."""
    pairs = [{"GroupId": one, "UserId": ACCOUNT} for one in groups]
    if peering:
        pairs = [{**pair, "VpcPeeringConnectionId": "pcx-1", "PeeringStatus": peering} for pair in pairs]
    versions = {cidr: ipaddress.ip_network(cidr, strict=False).version for cidr in cidrs}
    return {
        "IpProtocol": protocol,
        **({"FromPort": ports[0], "ToPort": ports[1]} if ports else {}),
        "UserIdGroupPairs": pairs,
        "IpRanges": [{"CidrIp": cidr} for cidr in cidrs if versions[cidr] == 4],
        "Ipv6Ranges": [{"CidrIpv6": cidr} for cidr in cidrs if versions[cidr] == 6],
        "PrefixListIds": [{"PrefixListId": one} for one in lists],
    }


def acl_entry(number, cidr="0.0.0.0/0", action="allow", egress=False, protocol="-1", ports=None):
    """An entry of a network ACL."""
    member = "CidrBlock" if ipaddress.ip_network(cidr, strict=False).version == 4 else "Ipv6CidrBlock"
    return {
        "Egress": egress,
        "Protocol": protocol,
        "RuleAction": action,
        "RuleNumber": number,
        member: cidr,
        **({"PortRange": {"From": ports[0], "To": ports[1]}} if ports else {}),
    }


def network_acl(acl_id, subnet_ids, *entries):
    """A network ACL, with the entries that every network ACL ends with."""
    return {
        "Associations": [
            {"NetworkAclAssociationId": f"aclassoc-{one}", "NetworkAclId": acl_id, "SubnetId": one}
            for one in subnet_ids
        ],
        "Entries": [*entries, *(acl_entry(32767, action="deny", egress=egress) for egress in (True, False))],
        "IsDefault": False,
        "NetworkAclId": acl_id,
        "Tags": [],
        "VpcId": VPC,
        "OwnerId": ACCOUNT,
    }


def route(destination, hop, **more):
    """A route. destination: a CIDR block or a prefix list id. hop: (member, id)."""
    if destination.startswith("pl-"):
        member = "DestinationPrefixListId"
    else:
        is_ipv4 = ipaddress.ip_network(destination).version == 4
        member = "DestinationCidrBlock" if is_ipv4 else "DestinationIpv6CidrBlock"
    return {member: destination, hop[0]: hop[1], "Origin": "CreateRoute", "State": "active", **more}


LOCAL = route("10.0.0.0/16", ("GatewayId", "local"), Origin="CreateRouteTable")


def route_table(table_id, *routes, subnets=(), main=False, vpc_id=VPC):
    """A route table."""
    base = {"RouteTableId": table_id, "AssociationState": {"State": "associated"}}
    associations = [{**base, "Main": False, "RouteTableAssociationId": one, "SubnetId": one} for one in subnets]
    associations += [{**base, "Main": True, "RouteTableAssociationId": f"main-{table_id}"}] if main else []
    return {
        "Associations": associations,
        "PropagatingVgws": [],
        "RouteTableId": table_id,
        "Routes": list(routes),
        "Tags": [],
        "VpcId": vpc_id,
        "OwnerId": ACCOUNT,
    }


def peering(peering_id, status="active", vpcs=(VPC, OTHER_VPC), regions=("eu-west-1", "eu-west-1")):
    """A peering connection."""
    ends = [{"OwnerId": ACCOUNT, "VpcId": vpc, "Region": region} for vpc, region in zip(vpcs, regions)]
    return {
        "VpcPeeringConnectionId": peering_id,
        "RequesterVpcInfo": ends[0],
        "AccepterVpcInfo": ends[1],
        "Status": {"Code": status, "Message": status},
        "Tags": [],
    }


def entries(*cidrs):
    """The entries of a prefix list."""
    return [{"Cidr": cidr, "Description": ""} for cidr in cidrs]


@st.composite
def cidr_blocks(draw, addresses=tuple(ADDRESSES)):
    """Draw a CIDR block that contains one of the addresses."""
    address = ipaddress.ip_address(draw(st.sampled_from(addresses)))
    lengths = [0, 8, 16, 23, 24, 31, 32] if address.version == 4 else [0, 32, 47, 48, 64, 128]
    return str(ipaddress.ip_network(f"{address}/{draw(st.sampled_from(lengths))}", strict=False))


# The naive counterpart of ipaddress in the tests of properties: bits as text.


def bits(address):
    """The bits of an address, as text."""
    parsed = ipaddress.ip_address(address)
    return format(int(parsed), f"0{parsed.max_prefixlen}b")


def covers(cidr, address):
    """Whether a CIDR block contains an address: its first bits are those of the address."""
    network, length = cidr.split("/")
    same_family = (":" in network) == (":" in address)
    return same_family and bits(network)[: int(length)] == bits(address)[: int(length)]
