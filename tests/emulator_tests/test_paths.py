# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network between source and target: security groups, ACLs, routes, peerings, prefix lists, endpoints."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import ENDPOINT, OTHER, SENSOR, SENSOR_B, SUBNET, VPC, WEB, refused

Clients = Callable[..., Any]
GROUPS = {name: f"sg-0a1b2c3d4e5f6078{n}" for n, name in enumerate(("default", "sensors", "balancers"), 1)}
ACL, TABLE = "acl-0a1b2c3d4e5f60784", "rtb-0a1b2c3d4e5f60785"
SUBNET_B = "subnet-0a1b2c3d4e5f60712"
SERVICE = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a1b2c3d4e5f60772"
VXLAN = {"IpProtocol": "udp", "FromPort": 4789, "ToPort": 4789, "IpRanges": [{"CidrIp": "10.71.0.0/16"}]}


def ingress(ec2: Any, group: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    return rows


def route(ec2: Any, destination: str) -> dict[str, Any]:
    table = ec2.describe_route_tables(RouteTableIds=[TABLE])["RouteTables"][0]
    member = "DestinationPrefixListId" if destination.startswith("pl-") else "DestinationCidrBlock"
    found: dict[str, Any] = next(one for one in table["Routes"] if one.get(member) == destination)
    return found


def test_lab_names_ids(emulator: Emulator) -> None:
    lab = emulator.lab
    assert (lab["security_groups"], lab["network_acl"], lab["route_table"]) == (GROUPS, ACL, TABLE)


def test_lab_lets_packets_reach_sensors(ec2: Any) -> None:
    rows = ec2.describe_network_interfaces(NetworkInterfaceIds=[SENSOR, SENSOR_B, WEB])["NetworkInterfaces"]
    groups = {row["NetworkInterfaceId"]: [group["GroupId"] for group in row["Groups"]] for row in rows}
    assert groups == {SENSOR: [GROUPS["sensors"]], SENSOR_B: [GROUPS["sensors"]], WEB: [GROUPS["default"]]}
    for name in ("sensors", "balancers"):
        (rule,) = ingress(ec2, GROUPS[name])
        assert {member: rule[member] for member in VXLAN} == VXLAN
    (rule,) = ingress(ec2, GROUPS["default"])
    assert (rule["IpProtocol"], rule["UserIdGroupPairs"][0]["GroupId"]) == ("-1", GROUPS["default"])


def test_security_group_rule_is_revoked_and_restored(ec2: Any) -> None:
    ec2.revoke_security_group_ingress(GroupId=GROUPS["sensors"], IpPermissions=[VXLAN])
    assert ingress(ec2, GROUPS["sensors"]) == []
    ec2.authorize_security_group_ingress(GroupId=GROUPS["sensors"], IpPermissions=[VXLAN])
    assert len(ingress(ec2, GROUPS["sensors"])) == 1


def test_security_group_rule_of_each_kind(ec2: Any) -> None:
    listed = ec2.create_managed_prefix_list(
        PrefixListName="sources", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "10.71.0.0/24"}]
    )["PrefixList"]["PrefixListId"]
    kinds = {
        "IpRanges": [{"CidrIp": "10.71.0.0/24"}],
        "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
        "PrefixListIds": [{"PrefixListId": listed}],
        "UserIdGroupPairs": [{"GroupId": GROUPS["default"], "UserId": "123456789012"}],
    }
    ec2.revoke_security_group_ingress(GroupId=GROUPS["sensors"], IpPermissions=[VXLAN])
    rule = {"IpProtocol": "udp", "FromPort": 4789, "ToPort": 4789, **kinds}
    ec2.authorize_security_group_ingress(GroupId=GROUPS["sensors"], IpPermissions=[rule])
    (found,) = ingress(ec2, GROUPS["sensors"])
    assert found == rule
    filters = [{"Name": "ip-permission.prefix-list-id", "Values": [listed]}]
    rows = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    assert [row["GroupId"] for row in rows] == [GROUPS["sensors"]]


def test_groups_of_interface_are_changed(ec2: Any) -> None:
    ec2.modify_network_interface_attribute(NetworkInterfaceId=SENSOR, Groups=[GROUPS["default"]])
    row = ec2.describe_network_interfaces(NetworkInterfaceIds=[SENSOR])["NetworkInterfaces"][0]
    assert [group["GroupId"] for group in row["Groups"]] == [GROUPS["default"]]


def test_default_acl_allows_all(ec2: Any) -> None:
    (acl,) = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [VPC]}])["NetworkAcls"]
    assert (acl["NetworkAclId"], acl["IsDefault"]) == (ACL, True)
    assert {row["SubnetId"] for row in acl["Associations"]} == {SUBNET, SUBNET_B}
    entries = {(row["Egress"], row["RuleNumber"]): row["RuleAction"] for row in acl["Entries"]}
    ends = {
        (egress, number): action for egress in (False, True) for number, action in ((100, "allow"), (32767, "deny"))
    }
    assert entries == ends


def test_acl_entry_is_replaced(ec2: Any) -> None:
    entry = {"NetworkAclId": ACL, "RuleNumber": 100, "Protocol": "-1", "Egress": False, "CidrBlock": "0.0.0.0/0"}

    def action() -> str:
        (acl,) = ec2.describe_network_acls(NetworkAclIds=[ACL])["NetworkAcls"]
        return str(next(row["RuleAction"] for row in acl["Entries"] if not row["Egress"] and row["RuleNumber"] == 100))

    ec2.replace_network_acl_entry(**entry, RuleAction="deny")
    assert action() == "deny"
    ec2.replace_network_acl_entry(**entry, RuleAction="allow")
    assert action() == "allow"


def test_acl_entry_has_ports_and_ipv6(ec2: Any) -> None:
    ports = {"From": 4789, "To": 4789}
    entry = {"NetworkAclId": ACL, "Protocol": "17", "Egress": True, "RuleAction": "deny", "PortRange": ports}
    ec2.create_network_acl_entry(**entry, RuleNumber=50, CidrBlock="10.71.1.0/24")
    ec2.create_network_acl_entry(**entry, RuleNumber=51, Ipv6CidrBlock="2001:db8::/32")
    (acl,) = ec2.describe_network_acls(Filters=[{"Name": "entry.port-range.from", "Values": ["4789"]}])["NetworkAcls"]
    rows = {row["RuleNumber"]: row for row in acl["Entries"] if row["RuleNumber"] in (50, 51)}
    assert rows[50]["CidrBlock"] == "10.71.1.0/24"
    assert rows[51]["Ipv6CidrBlock"] == "2001:db8::/32"
    assert all((row["PortRange"], row["Protocol"]) == (ports, "17") for row in rows.values())


def test_acl_of_subnet_is_replaced(ec2: Any) -> None:
    (acl,) = ec2.describe_network_acls(NetworkAclIds=[ACL])["NetworkAcls"]
    old = next(row for row in acl["Associations"] if row["SubnetId"] == SUBNET_B)
    new = ec2.create_network_acl(VpcId=VPC)["NetworkAcl"]["NetworkAclId"]
    ec2.replace_network_acl_association(AssociationId=old["NetworkAclAssociationId"], NetworkAclId=new)
    filters = [{"Name": "association.subnet-id", "Values": [SUBNET_B]}]
    (acl,) = ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
    assert (acl["NetworkAclId"], acl["IsDefault"]) == (new, False)
    assert not [row for row in acl["Entries"] if row["RuleAction"] == "allow"]


def test_main_table_and_explicit_association(ec2: Any) -> None:
    by_subnet = [{"Name": "association.subnet-id", "Values": [SUBNET]}]
    assert ec2.describe_route_tables(Filters=by_subnet)["RouteTables"] == []
    main = [{"Name": "vpc-id", "Values": [VPC]}, {"Name": "association.main", "Values": ["true"]}]
    (table,) = ec2.describe_route_tables(Filters=main)["RouteTables"]
    assert (table["RouteTableId"], route(ec2, "10.71.0.0/16")["GatewayId"]) == (TABLE, "local")
    other = ec2.create_route_table(VpcId=VPC)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=other, SubnetId=SUBNET)
    (table,) = ec2.describe_route_tables(Filters=by_subnet)["RouteTables"]
    assert table["RouteTableId"] == other
    assert [row["Main"] for row in table["Associations"]] == [False]


def test_route_of_deleted_peering_is_blackhole(ec2: Any) -> None:
    other = ec2.create_vpc(CidrBlock="10.72.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_peering_connection(VpcId=VPC, PeerVpcId=other)["VpcPeeringConnection"]
    peering = made["VpcPeeringConnectionId"]
    ec2.create_route(RouteTableId=TABLE, DestinationCidrBlock="10.72.0.0/16", VpcPeeringConnectionId=peering)
    assert route(ec2, "10.72.0.0/16")["State"] == "blackhole"
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert route(ec2, "10.72.0.0/16")["State"] == "active"
    filters = [{"Name": "status-code", "Values": ["active"]}, {"Name": "requester-vpc-info.vpc-id", "Values": [VPC]}]
    (row,) = ec2.describe_vpc_peering_connections(Filters=filters)["VpcPeeringConnections"]
    assert row["AccepterVpcInfo"]["CidrBlockSet"] == [{"CidrBlock": "10.72.0.0/16"}]
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert route(ec2, "10.72.0.0/16")["State"] == "blackhole"
    ec2.delete_route(RouteTableId=TABLE, DestinationCidrBlock="10.72.0.0/16")
    with pytest.raises(StopIteration):
        route(ec2, "10.72.0.0/16")


def test_peering_of_two_accounts(ec2: Any, clients: Clients) -> None:
    other = clients(OTHER)
    vpc = other.create_vpc(CidrBlock="10.72.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_peering_connection(VpcId=VPC, PeerVpcId=vpc, PeerOwnerId=OTHER)["VpcPeeringConnection"]
    ids = [made["VpcPeeringConnectionId"]]

    def states() -> list[str]:
        replies = [client.describe_vpc_peering_connections(VpcPeeringConnectionIds=ids) for client in (ec2, other)]
        return [reply["VpcPeeringConnections"][0]["Status"]["Code"] for reply in replies]

    assert states() == ["pending-acceptance"] * 2
    other.accept_vpc_peering_connection(VpcPeeringConnectionId=ids[0])
    assert states() == ["active"] * 2
    ec2.create_route(RouteTableId=TABLE, DestinationCidrBlock="10.72.0.0/16", VpcPeeringConnectionId=ids[0])
    assert route(ec2, "10.72.0.0/16")["State"] == "active"


def test_changes_are_checked(ec2: Any) -> None:
    with refused("InvalidParameterValue", "cannot remove local route"):
        ec2.delete_route(RouteTableId=TABLE, DestinationCidrBlock="10.71.0.0/16")
    with refused("InvalidTransitGatewayID.NotFound"):
        ec2.create_route(
            RouteTableId=TABLE, DestinationCidrBlock="10.0.0.0/8", TransitGatewayId="tgw-0123456789abcdef0"
        )
    for name in ("sensors", "balancers"):
        with refused("DependencyViolation"):
            ec2.delete_security_group(GroupId=GROUPS[name])
    unused = ec2.create_security_group(GroupName="unused", Description="unused", VpcId=VPC)["GroupId"]
    ec2.delete_security_group(GroupId=unused)
    with refused("InvalidGroup.NotFound"):
        ec2.describe_security_groups(GroupIds=[unused])


def test_route_of_unattached_transit_gateway_is_blackhole(ec2: Any) -> None:
    gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    made = ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=gateway, VpcId=VPC, SubnetIds=[SUBNET])
    ec2.create_route(RouteTableId=TABLE, DestinationCidrBlock="10.0.0.0/8", TransitGatewayId=gateway)
    assert route(ec2, "10.0.0.0/8")["State"] == "active"
    attachment = made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attachment)
    assert route(ec2, "10.0.0.0/8")["State"] == "blackhole"


def test_route_of_detached_internet_gateway_is_blackhole(ec2: Any) -> None:
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=VPC)
    ec2.create_route(RouteTableId=TABLE, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    assert route(ec2, "0.0.0.0/0")["State"] == "active"
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=VPC)
    assert route(ec2, "0.0.0.0/0")["State"] == "blackhole"


def test_route_to_stopped_instance_is_blackhole(ec2: Any, emulator: Emulator) -> None:
    ec2.create_route(RouteTableId=TABLE, DestinationCidrBlock="10.74.0.0/16", NetworkInterfaceId=WEB)
    assert route(ec2, "10.74.0.0/16")["State"] == "active"
    ec2.stop_instances(InstanceIds=[emulator.lab["instances"]["web"]])
    assert route(ec2, "10.74.0.0/16")["State"] == "blackhole"


def test_route_of_unavailable_endpoint_is_blackhole(ec2: Any, emulator: Emulator) -> None:
    ec2.create_route(RouteTableId=TABLE, DestinationCidrBlock="10.75.0.0/16", VpcEndpointId=ENDPOINT)
    assert route(ec2, "10.75.0.0/16")["State"] == "active"
    emulator.endpoint_state(ENDPOINT, "rejected")
    assert route(ec2, "10.75.0.0/16")["State"] == "blackhole"


def test_prefix_list_entries_are_paged(ec2: Any) -> None:
    entries = [{"Cidr": f"10.{n}.0.0/16"} for n in range(5)]
    made = ec2.create_managed_prefix_list(
        PrefixListName="sources", MaxEntries=5, AddressFamily="IPv4", Entries=entries
    )["PrefixList"]["PrefixListId"]
    pages = ec2.get_paginator("get_managed_prefix_list_entries").paginate(
        PrefixListId=made, PaginationConfig={"PageSize": 2}
    )
    sizes = [[entry["Cidr"] for entry in page["Entries"]] for page in pages]
    assert [len(page) for page in sizes] == [2, 2, 1]
    assert [cidr for page in sizes for cidr in page] == [entry["Cidr"] for entry in entries]
    (row,) = ec2.describe_managed_prefix_lists(PrefixListIds=[made])["PrefixLists"]
    assert (row["PrefixListName"], row["State"]) == ("sources", "create-complete")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.create_route(RouteTableId=TABLE, DestinationPrefixListId=made, GatewayId=gateway)
    assert route(ec2, made)["State"] == "blackhole"


@pytest.mark.parametrize("state", ["pendingAcceptance", "failed", "deleted"])
def test_endpoint_state_is_set(ec2: Any, emulator: Emulator, state: str) -> None:
    emulator.endpoint_state(ENDPOINT, state)
    (row,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[ENDPOINT])["VpcEndpoints"]
    assert row["State"] == state
    emulator.endpoint_state(ENDPOINT, "available")
    filters = [{"Name": "vpc-endpoint-state", "Values": ["available"]}]
    assert len(ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]) == 1


def test_endpoint_state_is_checked(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="not one of"):
        emulator.endpoint_state(ENDPOINT, "on")


def test_endpoint_service_is_visible_unless_hidden(ec2: Any, emulator: Emulator) -> None:
    reply = ec2.describe_vpc_endpoint_services(ServiceNames=[SERVICE])
    (row,) = reply["ServiceDetails"]
    assert reply["ServiceNames"] == [SERVICE]
    assert (row["ServiceType"], row["Owner"]) == ([{"ServiceType": "GatewayLoadBalancer"}], "210987654321")
    emulator.settings(hidden_services=[SERVICE])
    with refused("InvalidServiceName"):
        ec2.describe_vpc_endpoint_services(ServiceNames=[SERVICE])


def test_endpoint_services_are_filtered_by_name(ec2: Any, emulator: Emulator) -> None:
    """The emulator asks moto only for the services that the filter can match."""
    balancer = emulator.client("elbv2").create_load_balancer(Name="own", Type="gateway", Subnets=[SUBNET])
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    created = ec2.create_vpc_endpoint_service_configuration(GatewayLoadBalancerArns=[arn])
    own = created["ServiceConfiguration"]["ServiceName"]
    everything = ec2.describe_vpc_endpoint_services()["ServiceNames"]
    s3 = "com.amazonaws.eu-west-1.s3"
    assert {SERVICE, own, s3} < set(everything)
    for values in (
        [SERVICE],
        [own],
        [SERVICE, own],
        [own, s3],
        ["*.vpce-svc-*"],
        [f"{own[:-1]}?"],
        ["none"],
        [own[:-1]],
    ):
        reply = ec2.describe_vpc_endpoint_services(Filters=[{"Name": "service-name", "Values": values}])
        wanted = [name for name in everything if any(fnmatch.fnmatchcase(name, value) for value in values)]
        assert reply["ServiceNames"] == wanted, values
