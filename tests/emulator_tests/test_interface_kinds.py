# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All kinds of interfaces: how they are described, and which can be a source or a target."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.client import Emulator
from tests.emulator.interface_kinds import KINDS
from tests.emulator_tests.helpers import OTHER, OWNER, eni_target, refused, session

# What can be mirrored, by the Traffic Mirroring guide: type interface; of the services only RDS and ElastiCache; no
# IPv6-only subnets; an interface by its owner or by the owner of its subnet.
SOURCES = {"rds", "elasticache", "participant"}
OWN = {"efa", "trunk", "ipv6-only"}
# Interfaces that forward packets of other addresses.
FORWARDING = {"network-load-balancer", "gateway-load-balancer", "gateway-load-balancer-endpoint", "nat-gateway"}


def described(ec2: Any, eni: str) -> dict[str, Any]:
    row: dict[str, Any] = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"][0]
    return row


@pytest.fixture
def shared(emulator: Emulator) -> Emulator:
    """Return the emulator with a lab in the other account."""
    emulator.seed(OTHER)
    return emulator


@pytest.mark.parametrize("kind", KINDS)
def test_source(ec2: Any, shared: Emulator, kind: str) -> None:
    eni = shared.add_interface(kind)
    if kind in SOURCES:
        session(ec2, eni)
    else:
        with refused("NetworkInterfaceNotSupported", eni):
            session(ec2, eni)


@pytest.mark.parametrize("kind", [kind for kind, what in KINDS.items() if what.attached_by])
def test_interfaces_of_services(ec2: Any, shared: Emulator, kind: str) -> None:
    row = described(ec2, shared.add_interface(kind))
    assert (row["RequesterManaged"], row["OwnerId"]) == (True, OWNER)
    assert row["RequesterId"] == {
        "rds": "amazon-rds",
        "elasticache": "amazon-elasticache",
        "application-load-balancer": "amazon-elb",
    }.get(kind, row["RequesterId"])
    assert row["Attachment"]["InstanceOwnerId"].startswith("amazon-")
    assert "InstanceId" not in row["Attachment"]
    assert row["Attachment"]["AttachmentId"].startswith("ela-attach-")
    assert "AttachTime" not in row["Attachment"]
    assert row["SourceDestCheck"] == (row["Groups"] != []) == (kind not in FORWARDING)
    with refused("InvalidParameterValue", "currently in use"):
        ec2.delete_network_interface(NetworkInterfaceId=row["NetworkInterfaceId"])
    with refused("OperationNotPermitted"):
        ec2.detach_network_interface(AttachmentId=row["Attachment"]["AttachmentId"])


def test_types(ec2: Any, shared: Emulator) -> None:
    found = {kind: described(ec2, shared.add_interface(kind))["InterfaceType"] for kind in KINDS}
    assert {kind for kind, name in found.items() if name == "interface"} == {
        *("rds", "elasticache", "application-load-balancer", "efs", "ipv6-only", "participant")
    }
    # The wire has other names than the model for some types.
    assert found["nat-gateway"] == "nat_gateway"
    rows = ec2.describe_network_interfaces(Filters=[{"Name": "interface-type", "Values": ["efa", "trunk"]}])
    assert len(rows["NetworkInterfaces"]) == 2
    rows = ec2.describe_network_interfaces(Filters=[{"Name": "requester-id", "Values": ["amazon-*"]}])
    assert len(rows["NetworkInterfaces"]) == 3
    rows = ec2.describe_network_interfaces(Filters=[{"Name": "requester-managed", "Values": ["true"]}])
    in_lab = sum(len(ids) for ids in shared.lab["nodes"].values()) + 1
    assert len(rows["NetworkInterfaces"]) == len(KINDS) - len(OWN) - 1 + in_lab


def test_ipv6_only(ec2: Any, emulator: Emulator) -> None:
    row = described(ec2, emulator.add_interface("ipv6-only"))
    assert row["Ipv6Native"] is True
    assert row["PrivateIpAddresses"] == []
    assert "PrivateIpAddress" not in row
    assert row["Ipv6Addresses"][0]["Ipv6Address"].startswith("2001:db8::")


def test_deleted_database_takes_session_along(ec2: Any, emulator: Emulator) -> None:
    eni = emulator.add_interface("rds")
    session(ec2, eni)
    emulator.delete_interface(eni)
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []


def test_participant_and_owner_of_the_subnet(ec2: Any, shared: Emulator, clients: Any) -> None:
    other = clients(OTHER)
    eni = shared.add_interface("participant", tags={"Name": "tapped"})
    mine, theirs = described(ec2, eni), described(other, eni)
    assert mine["OwnerId"] == theirs["OwnerId"] == mine["Attachment"]["InstanceOwnerId"] == OTHER
    # The instance is visible to its owner only.
    instance = [{"Name": "instance-id", "Values": [mine["Attachment"]["InstanceId"]]}]
    assert [len(each.describe_instances(Filters=instance)["Reservations"]) for each in (ec2, other)] == [0, 1]
    assert mine["TagSet"] == []
    assert theirs["TagSet"] == [{"Key": "Name", "Value": "tapped"}]
    by_tag = {"Filters": [{"Name": "tag:Name", "Values": ["tapped"]}]}
    assert ec2.describe_network_interfaces(**by_tag)["NetworkInterfaces"] == []
    assert ec2.describe_network_interfaces(Filters=[{"Name": "tag-key", "Values": ["Name"]}])["NetworkInterfaces"]
    # Each account mirrors the interface with its own targets and does not see the other's sessions.
    session(ec2, eni, 1)
    with refused("InvalidParameterValue", "already being used"):
        session(other, eni, 1)
    session(other, eni, 2)
    session(other, eni, 3)
    with refused("TrafficMirrorSessionsPerInterfaceLimitExceeded"):
        session(ec2, eni, 4)
    assert [len(each.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) for each in (ec2, other)] == [1, 2]
    shared.delete_interface(eni)
    assert [len(each.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) for each in (ec2, other)] == [0, 0]


def test_interface_of_a_third_account_is_not_visible(shared: Emulator, clients: Any) -> None:
    eni = shared.add_interface("participant")
    third = clients("111122223333")
    shared.seed("111122223333")
    with refused("InvalidNetworkInterfaceID.NotFound"):
        described(third, eni)
    with refused("InvalidNetworkInterfaceID.NotFound"):
        session(third, eni)


def test_foreign_interface_as_target(ec2: Any, shared: Emulator) -> None:
    with refused("UnauthorizedOperation"):
        eni_target(ec2, shared.add_interface("participant"))


def test_unknown_kind(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        emulator.add_interface("satellite")
