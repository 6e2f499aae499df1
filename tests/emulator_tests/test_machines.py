# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of instances and interfaces, compared with moto's; validation of replies against botocore's model."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from tests.emulator import __main__ as program
from tests.emulator import identity, wire
from tests.emulator_tests.helpers import DB, OWNER, SUBNET, VPC, WEB

# Members that EC2 returns for every instance or address, and moto does not.
ADDED = {
    "CapacityReservationSpecification",
    "EnaSupport",
    "EnclaveOptions",
    "MaintenanceOptions",
    "PlatformDetails",
    "PrivateDnsNameOptions",
    "UsageOperation",
    "UsageOperationUpdateTime",
}
EMPTY: tuple[Any, ...] = ({}, {"Code": "", "Message": ""}, "None")


@pytest.fixture(scope="module")
def application() -> Iterator[program.Emulator]:
    """Return an in-process emulator with additional addresses, keys, groups and a launch of several instances."""
    emulator = program.Emulator()
    group = call(emulator.moto, "CreateSecurityGroup", GroupName="g", Description="d", VpcId=VPC)["GroupId"]
    call(emulator.moto, "CreateKeyPair", KeyName="k")
    nic = {
        "DeviceIndex": 0,
        "SubnetId": SUBNET,
        "AssociatePublicIpAddress": True,
        "Groups": [group],
        "DeleteOnTermination": True,
    }
    some = {"MinCount": 2, "MaxCount": 2, "ImageId": "ami-12345678", "InstanceType": "m5.large"}
    tags = [{"Key": "z", "Value": "1"}, {"Key": "a", "Value": "<&>"}]
    call(
        emulator.moto,
        "RunInstances",
        **some,
        KeyName="k",
        ClientToken="t",
        NetworkInterfaces=[nic],
        HibernationOptions={"Configured": True},
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    spot = {"InstanceMarketOptions": {"MarketType": "spot"}, "SecurityGroupIds": [group], "SubnetId": SUBNET}
    call(emulator.moto, "RunInstances", **some, **spot)
    address = call(emulator.moto, "AllocateAddress", Domain="vpc")["AllocationId"]
    call(emulator.moto, "AssociateAddress", AllocationId=address, NetworkInterfaceId=WEB)
    call(emulator.moto, "AssignPrivateIpAddresses", NetworkInterfaceId=DB, SecondaryPrivateIpAddressCount=2)
    lab = program.lab.names()["instances"]
    call(emulator.moto, "ModifyInstanceMetadataOptions", InstanceId=lab["web"], HttpTokens="required")
    call(emulator.moto, "AssociateSubnetCidrBlock", SubnetId=SUBNET, Ipv6CidrBlock="2001:db8::/64")
    call(emulator.moto, "AssignIpv6Addresses", NetworkInterfaceId=WEB, Ipv6AddressCount=2)
    call(emulator.moto, "StopInstances", InstanceIds=[lab["db"]])
    call(emulator.moto, "TerminateInstances", InstanceIds=[lab["old"]])
    yield emulator
    emulator.reset()


def call(where: Any, action: str, **parameters: Any) -> dict[str, Any]:
    """Send a call to the emulator or to moto. Returns the reply as parsed by botocore."""
    scope = f"Credential={identity.access_key(OWNER)}/20260101/eu-west-1/ec2/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        "Host": "ec2.eu-west-1.amazonaws.com",
        "X-Moto-Account-Id": OWNER,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    reply = Client(where).post("/", data=wire.encode(action, parameters), headers=headers)
    assert reply.status_code == 200, reply.data
    return wire.decode(action, reply.data)


def members(row: Any, leave_out: set[str]) -> Any:
    """Return a row without these members and without empty values, recursively."""
    if isinstance(row, list):
        return [members(item, leave_out) for item in row]
    if isinstance(row, dict):
        return {k: members(v, leave_out) for k, v in row.items() if k not in leave_out and v not in EMPTY}
    return row


def test_interfaces_equal_those_of_moto(application: program.Emulator) -> None:
    # moto cannot describe interfaces that are attached without an instance.
    unmanaged = {"Filters": [{"Name": "requester-managed", "Values": ["false"]}]}
    ours = call(application, "DescribeNetworkInterfaces", **unmanaged)["NetworkInterfaces"]
    ids = [row["NetworkInterfaceId"] for row in ours]
    motos = call(application.moto, "DescribeNetworkInterfaces", NetworkInterfaceIds=ids)["NetworkInterfaces"]
    assert len(ours) == 13 - 1
    for row, other in zip(ours, sorted(motos, key=lambda row: str(row["NetworkInterfaceId"])), strict=True):
        # The association is also part of its address, as in an instance.
        association = row["PrivateIpAddresses"][0].pop("Association", None)
        assert (association is None) == ("Association" not in row)
        assert members(row, {"PrivateDnsName"}) == members(other, {"PrivateDnsName"})
        name = f"ip-{row['PrivateIpAddress'].replace('.', '-')}.eu-west-1.compute.internal"
        assert row["PrivateDnsName"] == row["PrivateIpAddresses"][0]["PrivateDnsName"] == name


def test_instances_equal_those_of_moto(application: program.Emulator) -> None:
    ours = call(application, "DescribeInstances")["Reservations"]
    motos = call(application.moto, "DescribeInstances")["Reservations"]
    assert sorted(len(whole["Instances"]) for whole in ours) == [1] * 6 + [2] * 2
    motos.sort(key=lambda whole: str(whole["Instances"][0]["InstanceId"]))
    differ = {"SecurityGroups", "HibernationOptions", "PrivateDnsName"}
    assert members(ours, {*ADDED, *differ}) == members(motos, differ)
    for whole, other in zip(ours, motos, strict=True):
        for row, motos_row in zip(whole["Instances"], other["Instances"], strict=True):
            assert set(row) >= ADDED
            assert row["PrivateDnsName"] == motos_row["PrivateDnsName"]
            assert row["HibernationOptions"] == (motos_row.get("HibernationOptions") or {"Configured": False})
            assert row["SecurityGroups"] == row["NetworkInterfaces"][0]["Groups"] != []
            assert ("StateReason" in row) == (row["State"]["Name"] != "running")


def test_instances_of_one_reservation_can_be_selected(application: program.Emulator) -> None:
    launch = next(r for r in call(application, "DescribeInstances")["Reservations"] if len(r["Instances"]) == 2)
    first, second = (row["InstanceId"] for row in launch["Instances"])
    for wanted in (first, second):
        for given in ({"InstanceIds": [wanted]}, {"Filters": [{"Name": "instance-id", "Values": [wanted]}]}):
            found = call(application, "DescribeInstances", **given)["Reservations"]
            assert [[row["InstanceId"] for row in whole["Instances"]] for whole in found] == [[wanted]]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"Colour": "red"}, r"DescribeNetworkInterfaces\.NetworkInterfaces has no member Colour"),
        ({"Attachment": {"Colour": "red"}}, r"NetworkInterfaces\.Attachment has no member Colour"),
        ({"OwnerId": 5}, r"NetworkInterfaces\.OwnerId: 5 is not of type string"),
        ({"Attachment": {"DeviceIndex": True}}, r"Attachment\.DeviceIndex: True is not of type integer"),
        ({"SourceDestCheck": "true"}, r"SourceDestCheck: 'true' is not of type boolean"),
        ({"Status": "idle"}, r"Status: 'idle' is not one of"),
        ({"Attachment": {"AttachTime": datetime.datetime(2026, 1, 1)}}, r"AttachTime: .* is not of type timestamp"),
        ({"Description": "\x01"}, "XML received"),
        ({"Description": "a\ufffeb"}, "XML received"),
    ],
    ids=str,
)
def test_invalid_reply_raises(row: dict[str, Any], text: str) -> None:
    # A valid reply with the same structure has been sent before.
    wire.reply("DescribeNetworkInterfaces", {"NetworkInterfaces": [{"Description": "a"}]}, "x")
    with pytest.raises(Exception, match=text):
        wire.reply("DescribeNetworkInterfaces", {"NetworkInterfaces": [row]}, "x")
