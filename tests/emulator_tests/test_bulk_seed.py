# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bulk-seeded instances behave like those of the lab, in any account; connections stay open."""

from __future__ import annotations

import http.client
import re
from typing import Any

import pytest

from tests.emulator import identity
from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import FILTER, OTHER, OWNER, TARGET, WEB, eni_target, refused, session

LAB_INTERFACES, LAB_INSTANCES = 14, 6
MIRROR = {"target": TARGET, "filter": FILTER}


def pages(ec2: Any, operation: str, **given: Any) -> list[list[Any]]:
    """Return the rows of each page."""
    found = ec2.get_paginator(operation).paginate(**given)
    return [next(value for value in page.values() if isinstance(value, list)) for page in found]


def sessions(ec2: Any) -> dict[str, dict[str, Any]]:
    """Return all sessions by interface."""
    rows = [row for page in pages(ec2, "describe_traffic_mirror_sessions") for row in page]
    return {row["NetworkInterfaceId"]: row for row in rows}


def test_pages_contain_each_row_once(ec2: Any, emulator: Emulator) -> None:
    made = emulator.bulk_seed(1200, sessions=MIRROR)
    assert [len(ids) for ids in made.values()] == [1200] * 3
    for operation, member, new, there in (
        ("describe_network_interfaces", "NetworkInterfaceId", made["interfaces"], LAB_INTERFACES),
        ("describe_instances", "InstanceId", made["instances"], LAB_INSTANCES),
        ("describe_traffic_mirror_sessions", "TrafficMirrorSessionId", made["sessions"], 0),
    ):
        for size in (1000, 250):
            found = pages(ec2, operation, PaginationConfig={"PageSize": size})
            full, rest = divmod(1200 + there, size)
            assert [len(page) for page in found] == [size] * full + [rest] * bool(rest)
            rows = [row["Instances"][0] if "Instances" in row else row for page in found for row in page]
            ids = [row[member] for row in rows]
            assert ids == sorted(set(ids))
            assert set(ids) >= set(new)


def test_seeded_instances_have_requested_attributes(ec2: Any, emulator: Emulator) -> None:
    made = emulator.bulk_seed(4, instance_type="c5.xlarge", tags={"env": "prod", "Name": "bulk_seed"}, interfaces=3)
    rows = {row["NetworkInterfaceId"]: row for row in ec2.describe_network_interfaces()["NetworkInterfaces"]}
    enis = [rows[eni] for eni in made["interfaces"]]
    assert len(enis) == 12
    assert len({eni["PrivateIpAddress"] for eni in enis}) == len({eni["MacAddress"] for eni in enis}) == 12
    assert [eni["Attachment"]["DeviceIndex"] for eni in enis] == [0, 1, 2] * 4
    assert [eni["Attachment"]["DeleteOnTermination"] for eni in enis] == [True, False, False] * 4
    assert [eni["AvailabilityZone"][-1] for eni in enis] == [*"aaabbb"] * 2
    assert [eni["Attachment"]["InstanceId"] for eni in enis[::3]] == made["instances"]
    wanted = ec2.describe_instances(InstanceIds=made["instances"])["Reservations"]
    assert [len(whole["Instances"]) for whole in wanted] == [1] * 4
    for whole in wanted:
        row = whole["Instances"][0]
        assert (row["InstanceType"], row["State"]["Name"]) == ("c5.xlarge", "running")
        assert {tag["Key"]: tag["Value"] for tag in row["Tags"]} == {"env": "prod", "Name": "bulk_seed"}
        assert [device["Ebs"]["Status"] for device in row["BlockDeviceMappings"]] == ["attached"]
    assert all(re.fullmatch(r"(i|eni)-[0-9a-f]{17}", wanted) for wanted in made["instances"] + made["interfaces"])
    subnets = {row["SubnetId"]: row for row in ec2.describe_subnets()["Subnets"]}
    for zone in "ab":
        [subnet] = {eni["SubnetId"] for eni in enis if eni["AvailabilityZone"].endswith(zone)}
        assert subnets[subnet]["AvailableIpAddressCount"] == 2**15 - 5 - 6
        assert subnets[subnet]["VpcId"] == enis[0]["VpcId"]


def test_repeated_seeds_add_instances_with_reproducible_ids(emulator: Emulator) -> None:
    def twice() -> list[dict[str, list[str]]]:
        return [emulator.bulk_seed(3, interfaces=2, sessions=MIRROR), emulator.bulk_seed(2, sessions=MIRROR)]

    first, second = twice()
    assert len({*first["interfaces"], *second["interfaces"]}) == 8
    emulator.reset()
    assert twice() == [first, second]


def test_seed_in_another_account_and_region(emulator: Emulator, clients: Any) -> None:
    emulator.seed(OTHER)
    where = [(OWNER, "eu-west-1"), (OTHER, "eu-west-1"), (OWNER, "us-east-1")]
    made = [emulator.bulk_seed(5, account=account, region=region) for account, region in where]
    assert len({eni for ids in made for eni in ids["interfaces"]}) == 15
    for (account, region), ids in zip(where, made, strict=True):
        ec2 = clients(account, region)
        rows = ec2.describe_network_interfaces(NetworkInterfaceIds=ids["interfaces"])["NetworkInterfaces"]
        assert {row["OwnerId"] for row in rows} == {account}
        assert {row["AvailabilityZone"] for row in rows} == {f"{region}a", f"{region}b"}
        with refused("InvalidInstanceID.NotFound"):
            clients("111122223333").describe_instances(InstanceIds=ids["instances"])
    session(clients(OTHER), made[1]["interfaces"][0])
    with refused("InvalidNetworkInterfaceID.NotFound"):
        session(clients(OTHER), made[0]["interfaces"][0])


def test_sessions_on_seeded_interfaces(ec2: Any, emulator: Emulator) -> None:
    first, *others = emulator.bulk_seed(3, tags={"a": "b"})["interfaces"]
    made = session(ec2, first, VirtualNetworkId=5)
    with refused("InvalidParameterValue", "already being used"):
        session(ec2, first)
    assert sessions(ec2) == {first: made}
    with refused("InterfaceInUseByTrafficMirrorSession"):
        eni_target(ec2, first)
    eni_target(ec2, others[0])
    with refused("InterfaceInUseByTrafficMirrorTarget"):
        session(ec2, others[0])
    [small] = emulator.bulk_seed(1, instance_type="t2.micro")["interfaces"]
    with refused("NetworkInterfaceNotSupported"):
        session(ec2, small)


def test_seeded_sessions(ec2: Any, emulator: Emulator) -> None:
    made = emulator.bulk_seed(3, sessions={**MIRROR, "number": 7, "tags": {"why": "test"}})
    found = sessions(ec2)
    assert sorted(row["TrafficMirrorSessionId"] for row in found.values()) == made["sessions"]
    assert {row["VirtualNetworkId"] for row in found.values()} == {1, 2, 3}
    like = session(
        ec2,
        WEB,
        7,
        TagSpecifications=[{"ResourceType": "traffic-mirror-session", "Tags": [{"Key": "why", "Value": "test"}]}],
    )
    own = ("TrafficMirrorSessionId", "NetworkInterfaceId", "VirtualNetworkId")
    for row in found.values():
        assert {k: v for k, v in row.items() if k not in own} == {k: v for k, v in like.items() if k not in own}
    eni, row = next(iter(found.items()))
    with refused("InvalidParameterValue", "already being used"):
        session(ec2, eni, 7)
    with refused("TrafficMirrorTargetInUse"):
        ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGET)
    ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=row["TrafficMirrorSessionId"], SessionNumber=8)
    session(ec2, eni, 7)
    ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=row["TrafficMirrorSessionId"])
    session(ec2, eni, 8)


def test_changes_of_seeded_instances(ec2: Any, emulator: Emulator) -> None:
    made = emulator.bulk_seed(4, interfaces=2, sessions=MIRROR)
    stopped, gone, bare, tagged = made["instances"]
    enis = dict(
        zip(made["instances"], zip(made["interfaces"][::2], made["interfaces"][1::2], strict=True), strict=True)
    )
    ec2.stop_instances(InstanceIds=[stopped])
    ec2.terminate_instances(InstanceIds=[gone])
    second = ec2.describe_network_interfaces(NetworkInterfaceIds=[enis[bare][1]])["NetworkInterfaces"][0]
    ec2.detach_network_interface(AttachmentId=second["Attachment"]["AttachmentId"])
    ec2.create_tags(Resources=[tagged, enis[tagged][0]], Tags=[{"Key": "a", "Value": "b"}])
    rows = [r["Instances"][0] for r in ec2.describe_instances(InstanceIds=made["instances"])["Reservations"]]
    assert [row["State"]["Name"] for row in rows] == ["stopped", "terminated", "running", "running"]
    assert [len(row["BlockDeviceMappings"]) for row in rows] == [1, 0, 1, 1]
    assert [row.get("Tags") for row in rows] == [None, None, None, [{"Key": "a", "Value": "b"}]]
    every = {row["NetworkInterfaceId"]: row for row in ec2.describe_network_interfaces()["NetworkInterfaces"]}
    # Termination deletes the primary interface and detaches the other.
    assert set(made["interfaces"]) - set(every) == {enis[gone][0]}
    available = {eni for eni in made["interfaces"] if eni in every and every[eni]["Status"] == "available"}
    assert available == {enis[gone][1], enis[bare][1]}
    assert every[enis[tagged][0]]["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert set(made["interfaces"]) - set(sessions(ec2)) == {enis[gone][0]}
    ec2.delete_network_interface(NetworkInterfaceId=enis[bare][1])
    assert enis[bare][1] not in sessions(ec2)
    # New ids do not collide with existing ones.
    assert not {*emulator.bulk_seed(4)["instances"]} & {*made["instances"]}


@pytest.mark.parametrize(
    "given",
    [
        {"number": -1},
        {"number": 1, "interfaces": 0},
        {"number": 70000},
        {"number": 1, "colour": "red"},
        {"number": 1, "sessions": {"target": TARGET}},
        {"number": 1, "sessions": {"target": "tmt-1", "filter": FILTER}},
        {"number": 1, "sessions": {**MIRROR, "colour": "red"}},
    ],
    ids=str,
)
def test_invalid_seed_is_rejected(ec2: Any, emulator: Emulator, given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Error"):
        emulator.call("POST", "bulk_seed", given)
    assert len(ec2.describe_instances()["Reservations"]) == LAB_INSTANCES


def test_connections_stay_open(emulator: Emulator) -> None:
    scope = f"{identity.access_key(OWNER)}/20260101/eu-west-1/ec2/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"), timeout=30)
    connection.connect()
    socket = connection.sock
    for body in ("Action=DescribeTrafficMirrorTargets", "Action=Nonsense", "Action=DescribeVpcs", "Action=x" * 9000):
        connection.request("POST", "/", f"Version=2016-11-15&{body}", headers)
        reply = connection.getresponse()
        assert int(reply.headers["Content-Length"]) == len(reply.read())
        assert connection.sock is socket
    connection.close()
