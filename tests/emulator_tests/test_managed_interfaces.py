# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interfaces of Network Load Balancers and Gateway Load Balancer endpoints."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import ENDPOINT, NLB, NLB_B, OTHER, OWNER, SUBNET, VPC, eni_target, refused, session

Clients = Callable[..., Any]
SUBNET_B = "subnet-0a1b2c3d4e5f60712"
SENSORS_GROUP, GROUP = "sg-0a1b2c3d4e5f60782", "sg-0a1b2c3d4e5f60783"
SERVICE = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a1b2c3d4e5f60772"
NODES = {
    name: [f"eni-0a1b2c3d4e5f6079{n}" for n in numbers] for name, numbers in (("sensors", "12"), ("sensors-b", "34"))
}
OF_ENDPOINT = "eni-0a1b2c3d4e5f60795"


@pytest.fixture
def elb(clients: Clients) -> Any:
    return clients(service="elbv2")


def found(ec2: Any, **filters: str) -> list[dict[str, Any]]:
    """Return the interfaces that match all filters. An underscore in a name stands for a hyphen."""
    wanted = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    rows: list[dict[str, Any]] = ec2.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]
    return rows


def nodes(ec2: Any, arn: str) -> dict[str, dict[str, Any]]:
    """Return the interfaces of a load balancer by subnet."""
    rows = found(ec2, description=f"ELB {arn.partition(':loadbalancer/')[2]}")
    return {row["SubnetId"]: row for row in rows}


def groups(row: dict[str, Any]) -> list[str]:
    return [group["GroupId"] for group in row["Groups"]]


def new_balancer(elb: Any, name: str = "more", **given: Any) -> str:
    given = given or {"Subnets": [SUBNET]}
    made = elb.create_load_balancer(Name=name, Type="network", Scheme="internal", **given)
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def new_subnet(ec2: Any, block: str = "10.71.2.0/24", zone: str = "eu-west-1c", vpc: str = VPC) -> str:
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)
    return str(made["Subnet"]["SubnetId"])


def new_endpoint(ec2: Any, **given: Any) -> dict[str, Any]:
    given = {"VpcId": VPC, "SubnetIds": [SUBNET_B], "VpcEndpointType": "GatewayLoadBalancer", **given}
    made: dict[str, Any] = ec2.create_vpc_endpoint(ServiceName=SERVICE, **given)["VpcEndpoint"]
    return made


def test_lab_names_ids(emulator: Emulator) -> None:
    assert (emulator.lab["nodes"], emulator.lab["endpoint_interface"]) == (NODES, OF_ENDPOINT)


def test_lab_balancers_have_interface_in_each_enabled_subnet(ec2: Any, elb: Any) -> None:
    for name, arn in (("sensors", NLB), ("sensors-b", NLB_B)):
        (balancer,) = elb.describe_load_balancers(Names=[name])["LoadBalancers"]
        enabled = [zone["SubnetId"] for zone in balancer["AvailabilityZones"]]
        assert enabled == [SUBNET, SUBNET_B]
        assert [nodes(ec2, arn)[subnet]["NetworkInterfaceId"] for subnet in enabled] == NODES[name]
    addresses = {row["NetworkInterfaceId"]: row["PrivateIpAddress"] for row in found(ec2, requester_managed="true")}
    expected = ["10.71.0.101", "10.71.1.101", "10.71.0.102", "10.71.1.102"]
    assert addresses == dict(zip([*NODES["sensors"], *NODES["sensors-b"], OF_ENDPOINT], [*expected, "10.71.0.103"]))


def test_interface_of_load_balancer(ec2: Any) -> None:
    row = nodes(ec2, NLB)[SUBNET]
    assert re.fullmatch("[0-9a-f:]{17}", row.pop("MacAddress"))
    assert row == {
        "Attachment": {
            "AttachmentId": "ela-attach-0a1b2c3d4e5f60791",
            "DeleteOnTermination": False,
            "DeviceIndex": 1,
            "InstanceOwnerId": "amazon-aws",
            "NetworkCardIndex": 0,
            "Status": "attached",
        },
        "AvailabilityZone": "eu-west-1a",
        "Description": "ELB net/sensors/0a1b2c3d4e5f6071",
        "Groups": [],
        "InterfaceType": "network_load_balancer",
        "Ipv6Addresses": [],
        "NetworkInterfaceId": NODES["sensors"][0],
        "OwnerId": OWNER,
        "PrivateDnsName": "ip-10-71-0-101.eu-west-1.compute.internal",
        "PrivateIpAddress": "10.71.0.101",
        "PrivateIpAddresses": [
            {
                "Primary": True,
                "PrivateDnsName": "ip-10-71-0-101.eu-west-1.compute.internal",
                "PrivateIpAddress": "10.71.0.101",
            }
        ],
        "RequesterId": "440000000017",
        "RequesterManaged": True,
        "SourceDestCheck": False,
        "Status": "in-use",
        "SubnetId": SUBNET,
        "TagSet": [],
        "VpcId": VPC,
    }
    assert groups(nodes(ec2, NLB_B)[SUBNET_B]) == [GROUP]


def test_interface_of_endpoint(ec2: Any) -> None:
    (endpoint,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[ENDPOINT])["VpcEndpoints"]
    assert endpoint["NetworkInterfaceIds"] == [OF_ENDPOINT]
    (row,) = found(ec2, interface_type="gateway_load_balancer_endpoint")
    assert (row["NetworkInterfaceId"], row["Description"]) == (OF_ENDPOINT, f"VPC Endpoint Interface {ENDPOINT}")
    assert (row["SubnetId"], row["Groups"], row["RequesterManaged"], row["Status"]) == (SUBNET, [], True, "in-use")
    assert (row["SourceDestCheck"], row["Attachment"]["InstanceOwnerId"]) == (False, "amazon-aws")
    assert "InstanceId" not in row["Attachment"]


def test_addresses_of_lab_are_unchanged(ec2: Any, emulator: Emulator) -> None:
    rows = ec2.describe_network_interfaces(NetworkInterfaceIds=list(emulator.lab["interfaces"].values()))
    last = {"10.71.0": 0, "10.71.1": 0}
    for row in rows["NetworkInterfaces"]:
        network, _dot, number = row["PrivateIpAddress"].rpartition(".")
        last[network] = max(last[network], int(number))
    assert last == {"10.71.0": 9, "10.71.1": 6}
    run = ec2.run_instances(ImageId="ami-1", InstanceType="m5.large", MinCount=1, MaxCount=1, SubnetId=SUBNET)
    assert run["Instances"][0]["PrivateIpAddress"] == "10.71.0.10"


def test_security_group_of_lab_balancer_allows_egress(ec2: Any) -> None:
    (group,) = ec2.describe_security_groups(GroupIds=[GROUP])["SecurityGroups"]
    (rule,) = group["IpPermissionsEgress"]
    assert (rule["IpProtocol"], [one["CidrIp"] for one in rule["IpRanges"]]) == ("-1", ["0.0.0.0/0"])


def test_interfaces_follow_load_balancer(ec2: Any, elb: Any) -> None:
    arn = new_balancer(elb, Subnets=[SUBNET, SUBNET_B], SecurityGroups=[GROUP])
    made = nodes(ec2, arn)
    assert {subnet: groups(row) for subnet, row in made.items()} == {SUBNET: [GROUP], SUBNET_B: [GROUP]}
    addresses = [row["PrivateIpAddress"] for row in made.values()]
    assert sorted(addresses) == ["10.71.0.10", "10.71.1.7"]
    elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[GROUP, SENSORS_GROUP])
    assert [groups(row) for row in nodes(ec2, arn).values()] == [[SENSORS_GROUP, GROUP]] * 2
    third = new_subnet(ec2)
    reply = elb.set_subnets(LoadBalancerArn=arn, Subnets=[SUBNET, third])["AvailabilityZones"]
    assert {row["SubnetId"] for row in reply} == {SUBNET, third}
    changed = nodes(ec2, arn)
    assert set(changed) == {SUBNET, third}
    # The interface in the subnet that remains enabled is the same. The new one has the security groups.
    assert changed[SUBNET] == {**made[SUBNET], "Groups": changed[SUBNET]["Groups"]}
    assert groups(changed[third]) == [SENSORS_GROUP, GROUP]
    with refused("InvalidNetworkInterfaceID.NotFound"):
        ec2.describe_network_interfaces(NetworkInterfaceIds=[made[SUBNET_B]["NetworkInterfaceId"]])
    elb.delete_load_balancer(LoadBalancerArn=arn)
    assert nodes(ec2, arn) == {}
    assert len(found(ec2, interface_type="network_load_balancer")) == 4


def test_network_load_balancer_can_have_one_subnet(ec2: Any, elb: Any) -> None:
    elb.set_subnets(LoadBalancerArn=NLB, Subnets=[SUBNET_B])
    assert [row["NetworkInterfaceId"] for row in nodes(ec2, NLB).values()] == NODES["sensors"][1:]
    (row,) = elb.describe_load_balancers(LoadBalancerArns=[NLB])["LoadBalancers"]
    assert [zone["SubnetId"] for zone in row["AvailabilityZones"]] == [SUBNET_B]
    elb.set_subnets(LoadBalancerArn=NLB, Subnets=[SUBNET, SUBNET_B])
    assert set(nodes(ec2, NLB)) == {SUBNET, SUBNET_B}


def test_address_of_subnet_mapping(ec2: Any, elb: Any) -> None:
    mapping = {"SubnetId": SUBNET, "PrivateIPv4Address": "10.71.0.77"}
    arn = new_balancer(elb, SubnetMappings=[mapping])
    assert [row["PrivateIpAddress"] for row in nodes(ec2, arn).values()] == ["10.71.0.77"]
    elb.set_subnets(LoadBalancerArn=arn, SubnetMappings=[mapping, {"SubnetId": SUBNET_B}])
    assert nodes(ec2, arn)[SUBNET]["PrivateIpAddress"] == "10.71.0.77"
    changed = {**mapping, "PrivateIPv4Address": "10.71.0.78"}
    with refused("InvalidConfigurationRequest", "10.71.0.78"):
        elb.set_subnets(LoadBalancerArn=arn, SubnetMappings=[changed])
    for number, address in enumerate(("10.71.0.77", "10.71.0.101", "10.71.0.3", "10.71.0.255", "10.71.1.9", "x")):
        with refused("InvalidConfigurationRequest", address):
            new_balancer(elb, f"x{number}", SubnetMappings=[{**mapping, "PrivateIPv4Address": address}])


def test_address_of_existing_interface_is_not_used(ec2: Any, elb: Any) -> None:
    ec2.create_network_interface(SubnetId=SUBNET, PrivateIpAddress="10.71.0.10")
    arn = new_balancer(elb)
    assert [row["PrivateIpAddress"] for row in nodes(ec2, arn).values()] == ["10.71.0.11"]


def test_other_load_balancers_have_no_interfaces(ec2: Any, elb: Any) -> None:
    for kind in ("application", "gateway"):
        elb.create_load_balancer(Name=kind, Type=kind, Subnets=[SUBNET, SUBNET_B])
    assert found(ec2, description="ELB app/*") == found(ec2, description="ELB gwy/*") == []


def test_load_balancer_is_checked(ec2: Any, elb: Any) -> None:
    other = ec2.create_vpc(CidrBlock="10.72.0.0/16")["Vpc"]["VpcId"]
    elsewhere = new_subnet(ec2, "10.72.0.0/24", "eu-west-1b", other)
    foreign = ec2.create_security_group(GroupName="other", Description="other", VpcId=other)["GroupId"]
    same_zone = new_subnet(ec2, zone="eu-west-1a")
    for code, given in (
        ("SubnetNotFound", {"Subnets": ["subnet-0123456789abcdef0"]}),
        ("InvalidConfigurationRequest", {"Subnets": [SUBNET, same_zone]}),
        ("InvalidConfigurationRequest", {"Subnets": [SUBNET, elsewhere]}),
        ("ValidationError", {"Subnets": [SUBNET], "SubnetMappings": [{"SubnetId": SUBNET_B}]}),
        ("ValidationError", {"Subnets": []}),
    ):
        with refused(code):
            new_balancer(elb, **given)
        with refused(code):
            elb.set_subnets(LoadBalancerArn=NLB, **given)
    with refused("InvalidConfigurationRequest", "several VPCs"):
        elb.set_subnets(LoadBalancerArn=NLB, Subnets=[elsewhere])
    for code, wanted in (
        ("InvalidSecurityGroup", ["sg-0123456789abcdef0"]),
        ("InvalidConfigurationRequest", [foreign]),
    ):
        with refused(code):
            new_balancer(elb, Subnets=[SUBNET], SecurityGroups=wanted)
        with refused(code):
            elb.set_security_groups(LoadBalancerArn=NLB_B, SecurityGroups=wanted)
    with refused("ValidationError"):
        elb.set_security_groups(LoadBalancerArn=NLB_B, SecurityGroups=[])
    assert len(found(ec2, interface_type="network_load_balancer")) == 4


def test_interface_follows_endpoint(ec2: Any) -> None:
    made = new_endpoint(ec2)
    assert len(made["NetworkInterfaceIds"]) == 1
    (endpoint,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"]
    assert (endpoint["NetworkInterfaceIds"], endpoint["Groups"]) == (made["NetworkInterfaceIds"], [])
    (row,) = found(ec2, description=f"VPC Endpoint Interface {made['VpcEndpointId']}")
    assert (row["SubnetId"], row["PrivateIpAddress"]) == (SUBNET_B, "10.71.1.7")
    assert (row["InterfaceType"], row["Groups"]) == ("gateway_load_balancer_endpoint", [])
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    (endpoint,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"]
    assert (endpoint["State"], endpoint["NetworkInterfaceIds"]) == ("deleted", [])
    rows = found(ec2, interface_type="gateway_load_balancer_endpoint")
    assert [row["NetworkInterfaceId"] for row in rows] == [OF_ENDPOINT]


def test_endpoint_is_checked(ec2: Any) -> None:
    other = ec2.create_vpc(CidrBlock="10.72.0.0/16")["Vpc"]["VpcId"]
    for code, given in (
        ("InvalidParameter", {"SubnetIds": []}),
        ("InvalidParameter", {"SubnetIds": [SUBNET, SUBNET_B]}),
        ("InvalidParameter", {"SecurityGroupIds": [GROUP]}),
        ("InvalidParameter", {"VpcId": other}),
        ("InvalidSubnetID.NotFound", {"SubnetIds": ["subnet-0123456789abcdef0"]}),
    ):
        with refused(code):
            new_endpoint(ec2, **given)
    for change in ({"AddSubnetIds": [SUBNET_B]}, {"RemoveSubnetIds": [SUBNET]}, {"AddSecurityGroupIds": [GROUP]}):
        with refused("InvalidParameter"):
            ec2.modify_vpc_endpoint(VpcEndpointId=ENDPOINT, **change)


@pytest.mark.parametrize("eni", [NODES["sensors-b"][0], OF_ENDPOINT])
def test_client_cannot_change_interface(ec2: Any, eni: str) -> None:
    (row,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"]
    text = "You do not have permission to access the specified resource"
    for change in ({"Groups": [SENSORS_GROUP]}, {"SourceDestCheck": {"Value": True}}, {"Description": {"Value": "x"}}):
        with refused("AuthFailure", text):
            ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, **change)
    for action in (ec2.assign_private_ip_addresses, ec2.unassign_private_ip_addresses):
        with refused("AuthFailure", text):
            action(NetworkInterfaceId=eni, PrivateIpAddresses=["10.71.0.99"])
    with refused("AuthFailure", text):
        ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6AddressCount=1)
    with refused("AuthFailure", text):
        ec2.associate_address(NetworkInterfaceId=eni, AllocationId=ec2.allocate_address(Domain="vpc")["AllocationId"])
    with refused("InvalidParameterValue", "currently in use"):
        ec2.delete_network_interface(NetworkInterfaceId=eni)
    with refused("OperationNotPermitted"):
        ec2.detach_network_interface(AttachmentId=row["Attachment"]["AttachmentId"])
    with refused("InvalidNetworkInterface.InUse"):
        ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId="i-0a1b2c3d4e5f60718", DeviceIndex=1)
    interfaces = [{"NetworkInterfaceId": eni, "DeviceIndex": 0}]
    with refused("InvalidNetworkInterface.InUse"):
        ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, NetworkInterfaces=interfaces)
    assert ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"] == [row]
    ec2.create_tags(Resources=[eni], Tags=[{"Key": "Name", "Value": "node"}])
    assert [one["NetworkInterfaceId"] for one in found(ec2, **{"tag:Name": "node"})] == [eni]


@pytest.mark.parametrize("eni", [NODES["sensors"][0], OF_ENDPOINT])
def test_interface_is_neither_source_nor_target(ec2: Any, eni: str) -> None:
    with refused("NetworkInterfaceNotSupported", eni):
        session(ec2, eni)
    with refused("NetworkInterfaceNotSupported", eni):
        eni_target(ec2, eni)


def test_group_and_subnet_in_use_cannot_be_deleted(ec2: Any, elb: Any) -> None:
    group = ec2.create_security_group(GroupName="nlb", Description="nlb", VpcId=VPC)["GroupId"]
    subnet = new_subnet(ec2)
    arn = new_balancer(elb, Subnets=[subnet], SecurityGroups=[group])
    with refused("DependencyViolation", group):
        ec2.delete_security_group(GroupId=group)
    with refused("DependencyViolation", subnet):
        ec2.delete_subnet(SubnetId=subnet)
    elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[GROUP])
    ec2.delete_security_group(GroupId=group)
    elb.delete_load_balancer(LoadBalancerArn=arn)
    ec2.delete_subnet(SubnetId=subnet)


@pytest.mark.parametrize(
    ("name", "value", "ids"),
    [
        ("description", "ELB net/sensors/0a1b2c3d4e5f6071", NODES["sensors"]),
        ("description", "ELB net/sensors/*", NODES["sensors"]),
        ("description", f"VPC Endpoint Interface {ENDPOINT}", [OF_ENDPOINT]),
        ("private-ip-address", "10.71.1.102", NODES["sensors-b"][1:]),
        ("addresses.private-ip-address", "10.71.1.102", NODES["sensors-b"][1:]),
        ("interface-type", "network_load_balancer", [*NODES["sensors"], *NODES["sensors-b"]]),
        ("requester-id", "440000000017", [*NODES["sensors"], *NODES["sensors-b"], OF_ENDPOINT]),
        ("attachment.instance-owner-id", "amazon-aws", [*NODES["sensors"], *NODES["sensors-b"], OF_ENDPOINT]),
        ("group-id", GROUP, NODES["sensors-b"]),
        (
            "attachment.device-index",
            "1",
            ["eni-0a1b2c3d4e5f60722", *NODES["sensors"], *NODES["sensors-b"], OF_ENDPOINT],
        ),
    ],
)
def test_interfaces_are_filtered(ec2: Any, name: str, value: str, ids: list[str]) -> None:
    assert [row["NetworkInterfaceId"] for row in found(ec2, **{name: value, "vpc-id": VPC})] == ids
    assert found(ec2, **{name: value, "vpc-id": "vpc-0123456789abcdef0"}) == []


def test_unknown_filter_is_rejected(ec2: Any) -> None:
    with refused("InvalidParameterValue", "addresses.private-ip"):
        found(ec2, **{"addresses.private-ip": "10.71.1.102"})


def test_interfaces_lag(ec2: Any, elb: Any, emulator: Emulator) -> None:
    emulator.settings(lag={"reads": 1})
    arn = new_balancer(elb)
    assert [len(nodes(ec2, arn)) for _time in "12"] == [0, 1]
    elb.delete_load_balancer(LoadBalancerArn=arn)
    assert [len(nodes(ec2, arn)) for _time in "12"] == [1, 0]
    made = new_endpoint(ec2)
    by_id = {"Filters": [{"Name": "network-interface-id", "Values": made["NetworkInterfaceIds"]}]}
    assert [len(ec2.describe_network_interfaces(**by_id)["NetworkInterfaces"]) for _time in "12"] == [0, 1]


def test_lab_of_other_account_has_its_own_interfaces(ec2: Any, emulator: Emulator, clients: Clients) -> None:
    assert emulator.seed(OTHER)["nodes"] == NODES
    clients(OTHER, service="elbv2").delete_load_balancer(LoadBalancerArn=NLB.replace(OWNER, OTHER))
    assert [len(found(client, interface_type="network_load_balancer")) for client in (ec2, clients(OTHER))] == [4, 2]
    assert {row["OwnerId"] for row in found(clients(OTHER), requester_managed="true")} == {OTHER}
