# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters and pagination of instances and interfaces."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator_tests.helpers import APP_1, APP_2, APP_3, DB, GONE, SENSOR, SUBNET, UNATTACHED, VPC, WEB, refused

WEB_INSTANCE, APP_INSTANCE = "i-0a1b2c3d4e5f60718", "i-0a1b2c3d4e5f60721"
OLD_INSTANCE, DB_INSTANCE = "i-0a1b2c3d4e5f60731", "i-0a1b2c3d4e5f60751"


def interfaces(ec2: Any, **filters: list[str]) -> list[str]:
    """Return the ids of the matching interfaces. tag_key=["a"] stands for tag-key."""
    return [row["NetworkInterfaceId"] for row in ec2.describe_network_interfaces(**asked(filters))["NetworkInterfaces"]]


def instances(ec2: Any, **filters: list[str]) -> list[str]:
    found = ec2.describe_instances(**asked(filters))["Reservations"]
    return [row["InstanceId"] for whole in found for row in whole["Instances"]]


def asked(filters: dict[str, list[str]]) -> dict[str, Any]:
    return {"Filters": [{"Name": name.replace("_", "-"), "Values": values} for name, values in filters.items()]}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"attachment.instance-id": [APP_INSTANCE]}, [APP_1, APP_2, APP_3]),
        ({"attachment.instance-id": [APP_INSTANCE, WEB_INSTANCE]}, [WEB, APP_1, APP_2, APP_3]),
        ({"attachment.instance-id": [APP_INSTANCE], "tag:Name": ["app-3"]}, [APP_3]),
        ({"attachment.instance-id": [APP_INSTANCE], "attachment.device-index": ["1"]}, [APP_2]),
        ({"tag:Name": ["app-*"]}, [APP_2, APP_3]),
        ({"tag:Name": ["app*", "w?b"]}, [WEB, APP_1, APP_2, APP_3]),
        ({"tag:Name": ["app-?*"]}, [APP_2, APP_3]),
        ({"tag:Name": ["app-[23]"]}, []),
        ({"tag:Name": ["app-\\*"]}, []),
        ({"tag:Name": ["APP"]}, []),
        ({"tag:name": ["*"]}, []),
        ({"tag-key": ["Na*"], "status": ["available"]}, [UNATTACHED]),
        ({"status": ["in-use"], "subnet-id": [SUBNET], "tag:Name": ["web", "db"]}, [WEB]),
        ({"availability-zone": ["eu-west-1b"], "tag:Name": ["db"]}, [DB]),
        ({"network-interface-id": [WEB, f"eni-{GONE}"]}, [WEB]),
        ({"vpc-id": [VPC], "description": ["Primary *"], "tag:Name": ["sensor"]}, [SENSOR]),
        ({"vpc-id": ["vpc-*"], "network-interface-id": ["*61"]}, [UNATTACHED]),
        ({"private-ip-address": ["192.*"]}, []),
    ],
    ids=str,
)
def test_filters_of_interfaces(ec2: Any, filters: dict[str, list[str]], expected: list[str]) -> None:
    assert interfaces(ec2, **filters) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"instance-type": ["t*"]}, [OLD_INSTANCE, DB_INSTANCE]),
        ({"instance-type": ["t*", "c5.large"], "subnet-id": [SUBNET]}, [APP_INSTANCE, OLD_INSTANCE]),
        ({"instance-id": [WEB_INSTANCE], "instance-state-name": ["running"]}, [WEB_INSTANCE]),
        ({"instance-state-name": ["stopped"]}, []),
        ({"image-id": ["ami-*701"], "tag:Name": ["web"]}, [WEB_INSTANCE]),
        ({"image-id": ["ami-1"]}, []),
        ({"tag:Name": ["?b", "w?b"]}, [WEB_INSTANCE, DB_INSTANCE]),
        (
            {"tag-key": ["Name"], "availability-zone": ["*a"], "vpc-id": [VPC], "instance-type": ["m5.*"]},
            [WEB_INSTANCE],
        ),
        ({"tag-key": ["name"]}, []),
    ],
    ids=str,
)
def test_filters_of_instances(ec2: Any, filters: dict[str, list[str]], expected: list[str]) -> None:
    assert instances(ec2, **filters) == expected


def test_each_interface_of_the_lab_has_an_address_of_its_own(ec2: Any) -> None:
    rows = ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [VPC]}])["NetworkInterfaces"]
    addresses = {row["NetworkInterfaceId"]: row["PrivateIpAddress"] for row in rows}
    assert len(set(addresses.values())) == len(addresses) == 14
    assert addresses["eni-0a1b2c3d4e5f60761"] == "10.71.0.9"


def test_filters_by_address_and_group(ec2: Any) -> None:
    row = ec2.describe_network_interfaces(NetworkInterfaceIds=[WEB])["NetworkInterfaces"][0]
    assert interfaces(ec2, private_ip_address=[row["PrivateIpAddress"]]) == [WEB]
    assert instances(ec2, private_ip_address=[row["PrivateIpAddress"]]) == [WEB_INSTANCE]
    ec2.assign_private_ip_addresses(NetworkInterfaceId=WEB, PrivateIpAddresses=["10.71.0.200"])
    assert interfaces(ec2, private_ip_address=["10.71.0.200"]) == [WEB]
    assert WEB in interfaces(ec2, group_id=[row["Groups"][0]["GroupId"]])
    assert interfaces(ec2, group_id=["sg-1"]) == []


def test_interface_in_ipv6_only_subnet(ec2: Any) -> None:
    subnet = ec2.create_subnet(VpcId=VPC, Ipv6CidrBlock="2001:db8::/64", Ipv6Native=True)["Subnet"]["SubnetId"]
    made = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    rows = ec2.describe_network_interfaces(NetworkInterfaceIds=[made, WEB])["NetworkInterfaces"]
    assert {row["NetworkInterfaceId"]: row.get("Ipv6Native") for row in rows} == {made: True, WEB: None}


def test_changes_are_described(ec2: Any) -> None:
    def tags() -> tuple[Any, Any]:
        instance = ec2.describe_instances(InstanceIds=[WEB_INSTANCE])["Reservations"][0]["Instances"][0]
        interface = ec2.describe_network_interfaces(NetworkInterfaceIds=[WEB])["NetworkInterfaces"][0]
        return instance.get("Tags"), interface["TagSet"]

    name = {"Key": "Name", "Value": "web"}
    assert tags() == ([name], [name])
    ec2.create_tags(Resources=[WEB, WEB_INSTANCE], Tags=[{"Key": "Name", "Value": "b & <a>"}])
    assert tags() == ([{"Key": "Name", "Value": "b & <a>"}],) * 2
    ec2.delete_tags(Resources=[WEB, WEB_INSTANCE], Tags=[{"Key": "Name"}])
    # An instance without tags has no member Tags.
    assert tags() == (None, [])
    ec2.stop_instances(InstanceIds=[WEB_INSTANCE])
    assert instances(ec2, instance_state_name=["stopped"]) == [WEB_INSTANCE]


def test_interfaces_are_paginated(ec2: Any) -> None:
    every = [row["NetworkInterfaceId"] for row in ec2.describe_network_interfaces()["NetworkInterfaces"]]
    assert len(every) == 14
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = ec2.describe_network_interfaces(MaxResults=5, **token)
        assert len(page["NetworkInterfaces"]) <= 5
        found += [row["NetworkInterfaceId"] for row in page["NetworkInterfaces"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == sorted(every)


def test_instances_are_paginated(ec2: Any) -> None:
    first = ec2.describe_instances(MaxResults=5)
    second = ec2.describe_instances(MaxResults=5, NextToken=first["NextToken"])
    assert (len(first["Reservations"]), len(second["Reservations"]), "NextToken" in second) == (5, 1, False)
    ids = [row["Instances"][0]["InstanceId"] for page in (first, second) for row in page["Reservations"]]
    assert ids == sorted(set(ids))


def test_filtered_results_are_paginated(ec2: Any) -> None:
    filters = [{"Name": "subnet-id", "Values": [SUBNET]}]
    first = ec2.describe_network_interfaces(MaxResults=5, Filters=filters)
    assert {row["SubnetId"] for row in first["NetworkInterfaces"]} == {SUBNET}
    with refused("InvalidNextToken"):
        ec2.describe_network_interfaces(MaxResults=5, NextToken=first["NextToken"])


def test_invalid_requests_are_rejected(ec2: Any) -> None:
    with refused("InvalidParameterCombination"):
        ec2.describe_network_interfaces(NetworkInterfaceIds=[WEB], MaxResults=5)
    with refused("InvalidParameterValue", "MaxResults"):
        ec2.describe_network_interfaces(MaxResults=1001)
    with refused("InvalidParameterValue", "The filter 'colour' is invalid"):
        ec2.describe_instances(Filters=[{"Name": "colour", "Values": ["red"]}])
    with refused("InvalidNetworkInterfaceID.NotFound"):
        ec2.describe_network_interfaces(NetworkInterfaceIds=[f"eni-{GONE}"])
    with refused("InvalidInstanceID.NotFound", f"i-{GONE}"):
        ec2.describe_instances(InstanceIds=[WEB_INSTANCE, f"i-{GONE}"])
    with refused("InvalidInstanceID.Malformed"):
        ec2.describe_instances(InstanceIds=["i-xyz"])
    with refused("InvalidNetworkInterfaceId.Malformed"):
        ec2.describe_network_interfaces(NetworkInterfaceIds=[WEB_INSTANCE])
    with refused("FilterLimitExceeded"):
        ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": [f"i-{n:017x}" for n in range(201)]}])
    with refused("DryRunOperation"):
        ec2.describe_instances(DryRun=True)


def test_new_security_groups_of_an_attached_interface_replace_the_old_ones(emulator):
    """EC2 API Reference, ModifyNetworkInterfaceAttribute. moto keeps the groups of the instance."""
    ec2, lab = emulator.client(), emulator.lab
    group = ec2.create_security_group(GroupName="new", Description="x", VpcId=lab["vpc"])["GroupId"]
    given = {"ImageId": "ami-0a1b2c3d4e5f60701", "MinCount": 1, "MaxCount": 1, "SubnetId": lab["subnets"]["a"]}
    old = {"SecurityGroupIds": [lab["security_groups"]["sensors"]]}
    instance = ec2.run_instances(InstanceType="m5.large", **given, **old)["Instances"][0]
    eni = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Groups=[group])
    (row,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"]
    assert [one["GroupId"] for one in row["Groups"]] == [group]
    rows = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"][0]["Instances"]
    assert [one["GroupId"] for one in rows[0]["SecurityGroups"]] == [group]
