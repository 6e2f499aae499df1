# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States in between, deletions behind sessions and targets, and the lag of moto's resources."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import (
    APP_1,
    APP_2,
    DB,
    ENDPOINT,
    NLB_B,
    SENSOR_B,
    SUBNET,
    TARGET,
    UNATTACHED,
    WEB,
    eni_target,
    new_filter,
    refused,
    rule_request,
    session,
)

INSTANCES = {"web": "i-0a1b2c3d4e5f60718", "app": "i-0a1b2c3d4e5f60721", "db": "i-0a1b2c3d4e5f60751"}


def state(ec2: Any, name: str) -> str:
    (whole,) = ec2.describe_instances(InstanceIds=[INSTANCES.get(name, name)])["Reservations"]
    return str(whole["Instances"][0]["State"]["Name"])


def interface(ec2: Any, eni: str) -> dict[str, Any]:
    row: dict[str, Any] = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"][0]
    return row


def attachment(ec2: Any, eni: str) -> tuple[str, str | None]:
    row = interface(ec2, eni)
    return row["Status"], row.get("Attachment", {}).get("Status")


def session_ids(ec2: Any) -> list[str]:
    return [row["TrafficMirrorSessionId"] for row in ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]]


def test_terminated_instance_is_shutting_down_first(ec2: Any, emulator: Emulator) -> None:
    made = session(ec2)["TrafficMirrorSessionId"]
    emulator.settings(transitions={"reads": 2})
    ec2.terminate_instances(InstanceIds=[INSTANCES["web"]])
    assert [state(ec2, "web"), interface(ec2, WEB)["Status"], session_ids(ec2)] == ["shutting-down", "in-use", [made]]
    with refused("NetworkInterfaceNotSupported"):
        session(ec2, WEB, 2)
    with refused("InvalidParameterValue", "currently in use"):
        ec2.delete_network_interface(NetworkInterfaceId=WEB)
    # A second request changes nothing.
    ec2.terminate_instances(InstanceIds=[INSTANCES["web"]])
    assert [state(ec2, "web"), state(ec2, "web")] == ["shutting-down", "terminated"]
    with refused("InvalidNetworkInterfaceID.NotFound"):
        interface(ec2, WEB)
    assert session_ids(ec2) == []


def test_stopped_and_started_instance(ec2: Any, emulator: Emulator) -> None:
    made = session(ec2, DB)["TrafficMirrorSessionId"]
    emulator.settings(transitions={"reads": 1})
    states = []
    for change in (ec2.stop_instances, ec2.start_instances):
        change(InstanceIds=[INSTANCES["db"]])
        states += [state(ec2, "db"), state(ec2, "db")]
    assert states == ["stopping", "stopped", "pending", "running"]
    assert session_ids(ec2) == [made]
    ec2.start_instances(InstanceIds=[INSTANCES["web"]])
    with refused("NetworkInterfaceNotSupported"):
        session(ec2, WEB)


def test_new_instance_is_pending(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(transitions={"reads": 1})
    request = {"ImageId": "ami-0a1b2c3d4e5f60701", "InstanceType": "m5.large", "MinCount": 1, "MaxCount": 1}
    launched = ec2.run_instances(**request, SubnetId=SUBNET)["Instances"][0]
    assert launched["State"]["Name"] == "pending"
    with refused("NetworkInterfaceNotSupported"):
        session(ec2, launched["NetworkInterfaces"][0]["NetworkInterfaceId"])
    assert [state(ec2, launched["InstanceId"]) for _time in "12"] == ["pending", "running"]
    session(ec2, launched["NetworkInterfaces"][0]["NetworkInterfaceId"])


def test_attaching_and_detaching(ec2: Any, emulator: Emulator) -> None:
    made = session(ec2, APP_2)["TrafficMirrorSessionId"]
    emulator.settings(transitions={"reads": 1})
    where = {"NetworkInterfaceId": UNATTACHED, "InstanceId": INSTANCES["db"], "DeviceIndex": 1}
    ec2.attach_network_interface(**where)
    with refused("NetworkInterfaceNotSupported"):
        session(ec2, UNATTACHED)
    with refused("InvalidNetworkInterface.InUse"):
        ec2.attach_network_interface(**where)
    assert [attachment(ec2, UNATTACHED) for _time in "12"] == [("attaching", "attaching"), ("in-use", "attached")]
    session(ec2, UNATTACHED)
    ec2.detach_network_interface(AttachmentId=interface(ec2, APP_2)["Attachment"]["AttachmentId"])
    with refused("InvalidParameterValue", "currently in use"):
        ec2.delete_network_interface(NetworkInterfaceId=APP_2)
    assert [attachment(ec2, APP_2) for _time in "12"] == [("detaching", "detaching"), ("available", None)]
    # A detached interface keeps its session until the interface is deleted.
    assert made in session_ids(ec2)
    ec2.delete_network_interface(NetworkInterfaceId=APP_2)
    assert made not in session_ids(ec2)


def test_transitions_in_seconds(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(transitions={"seconds": 60})
    ec2.stop_instances(InstanceIds=[INSTANCES["db"]])
    assert [state(ec2, "db") for _time in "12"] == ["stopping"] * 2


def test_primary_interface_cannot_be_detached(ec2: Any) -> None:
    with refused("OperationNotPermitted"):
        ec2.detach_network_interface(AttachmentId=interface(ec2, APP_1)["Attachment"]["AttachmentId"])


@pytest.mark.parametrize("with_lag", [False, True])
def test_deleted_interface_takes_sessions_along(ec2: Any, emulator: Emulator, with_lag: bool) -> None:
    made = session(ec2)["TrafficMirrorSessionId"]
    emulator.settings(lag={"reads": 1 if with_lag else 0})
    ec2.terminate_instances(InstanceIds=[INSTANCES["web"]])
    assert session_ids(ec2) == ([made] if with_lag else [])
    assert session_ids(ec2) == []


def test_deletions_behind_targets_leave_sessions(ec2: Any, clients: Any) -> None:
    targets = [
        eni_target(ec2, SENSOR_B),
        ec2.create_traffic_mirror_target(NetworkLoadBalancerArn=NLB_B)["TrafficMirrorTarget"]["TrafficMirrorTargetId"],
        ec2.create_traffic_mirror_target(GatewayLoadBalancerEndpointId=ENDPOINT)["TrafficMirrorTarget"][
            "TrafficMirrorTargetId"
        ],
    ]
    for number, target in enumerate(targets, 1):
        session(ec2, WEB, number, TrafficMirrorTargetId=target)
    ec2.terminate_instances(InstanceIds=["i-0a1b2c3d4e5f60742"])
    clients(service="elbv2").delete_load_balancer(LoadBalancerArn=NLB_B)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[ENDPOINT])
    assert len(session_ids(ec2)) == 3
    found = ec2.describe_traffic_mirror_targets(TrafficMirrorTargetIds=targets)["TrafficMirrorTargets"]
    assert len(found) == 3
    # A session can be changed away from such a target, and to it.
    for identifier, target in zip(session_ids(ec2), reversed(targets)):
        ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=identifier, TrafficMirrorTargetId=TARGET)
        ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=identifier, TrafficMirrorTargetId=target)


def test_lag_of_instances_and_interfaces(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(lag={"reads": 1})
    ec2.stop_instances(InstanceIds=[INSTANCES["db"]])
    ec2.create_tags(Resources=[INSTANCES["app"], DB], Tags=[{"Key": "team", "Value": "ids"}])
    # Counts a read of db only.
    assert [state(ec2, "db"), state(ec2, "db")] == ["running", "stopped"]
    by_tag = {"Filters": [{"Name": "tag:team", "Values": ["ids"]}]}
    assert [len(ec2.describe_instances(**by_tag)["Reservations"]) for _time in "12"] == [0, 1]
    assert [len(ec2.describe_network_interfaces(**by_tag)["NetworkInterfaces"]) for _time in "12"] == [0, 1]
    made = ec2.create_network_interface(SubnetId=SUBNET)["NetworkInterface"]["NetworkInterfaceId"]
    with refused("InvalidNetworkInterfaceID.NotFound"):
        interface(ec2, made)
    assert interface(ec2, made)["Status"] == "available"
    ec2.attach_network_interface(NetworkInterfaceId=made, InstanceId=INSTANCES["app"], DeviceIndex=5)
    assert [attachment(ec2, made) for _time in "12"] == [("available", None), ("in-use", "attached")]
    ec2.detach_network_interface(AttachmentId=interface(ec2, made)["Attachment"]["AttachmentId"])
    ec2.delete_network_interface(NetworkInterfaceId=made)
    assert interface(ec2, made)["Status"] == "in-use"
    with refused("InvalidNetworkInterfaceID.NotFound"):
        interface(ec2, made)


def test_lag_of_tags_agrees_in_describe_tags(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(lag={"reads": 1})
    ec2.create_tags(Resources=[DB], Tags=[{"Key": "team", "Value": "ids"}])
    of_db = {"Filters": [{"Name": "resource-id", "Values": [DB]}, {"Name": "key", "Values": ["team"]}]}
    assert ec2.describe_tags(**of_db)["Tags"] == []
    assert "team" not in str(interface(ec2, DB))
    assert [tag["Value"] for tag in ec2.describe_tags(**of_db)["Tags"]] == ["ids"]
    assert "team" in str(interface(ec2, DB))


def test_lag_of_load_balancers_and_endpoints(ec2: Any, emulator: Emulator, clients: Any) -> None:
    elb = clients(service="elbv2")
    emulator.settings(lag={"reads": 1})
    made = elb.create_load_balancer(Name="late", Type="network", Subnets=[SUBNET])["LoadBalancers"][0]
    with refused("LoadBalancerNotFound"):
        elb.describe_load_balancers(LoadBalancerArns=[made["LoadBalancerArn"]])
    assert elb.describe_load_balancers(Names=["late"])["LoadBalancers"][0]["LoadBalancerName"] == "late"
    elb.delete_load_balancer(LoadBalancerArn=NLB_B)
    names = [len(elb.describe_load_balancers()["LoadBalancers"]) for _time in "12"]
    assert names == [3, 2]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[ENDPOINT])
    endpoints = [ec2.describe_vpc_endpoints()["VpcEndpoints"] for _time in "12"]
    assert [[row["State"] for row in rows] for rows in endpoints] == [["available"], ["deleted"]]


def test_lag_of_references(ec2: Any, emulator: Emulator, clients: Any) -> None:
    emulator.settings(lag={"reads": 1, "references": True})
    found = new_filter(ec2)
    with refused("InvalidTrafficMirrorFilterId.NotFound"):
        ec2.create_traffic_mirror_filter_rule(**rule_request(TrafficMirrorFilterId=found))
    ec2.create_traffic_mirror_filter_rule(**rule_request(TrafficMirrorFilterId=found))
    made = clients(service="elbv2").create_load_balancer(Name="late", Type="network", Subnets=[SUBNET])
    arn = made["LoadBalancers"][0]["LoadBalancerArn"]
    with refused("InvalidNetworkLoadBalancerArn.NotFound"):
        ec2.create_traffic_mirror_target(NetworkLoadBalancerArn=arn)
    ec2.create_traffic_mirror_target(NetworkLoadBalancerArn=arn)
    eni = ec2.create_network_interface(SubnetId=SUBNET)["NetworkInterface"]["NetworkInterfaceId"]
    with refused("InvalidTrafficMirrorTarget"):
        eni_target(ec2, eni)
    with refused("InvalidID"):
        target = eni_target(ec2, eni)
        ec2.create_tags(Resources=[target], Tags=[{"Key": "a", "Value": "b"}])
