# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Effects of changes of moto's resources on mirroring; the control API; the emulator process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.emulator.client import ROOT, Emulator
from tests.emulator_tests.helpers import (
    APP_1,
    APP_2,
    DB,
    FILTER,
    NLB,
    NLB_B,
    RULE,
    SUBNET,
    TARGET,
    VPC,
    WEB,
    eni_target,
    refused,
    session,
)


def sessions(ec2: Any) -> list[str]:
    return [row["TrafficMirrorSessionId"] for row in ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]]


def test_lab_resources_exist_in_moto(ec2: Any, emulator: Emulator, clients: Any) -> None:
    lab = emulator.lab
    assert ec2.describe_vpcs(VpcIds=[VPC])["Vpcs"][0]["CidrBlock"] == "10.71.0.0/16"
    subnets = ec2.describe_subnets(SubnetIds=list(lab["subnets"].values()))["Subnets"]
    assert sorted(s["AvailabilityZone"] for s in subnets) == ["eu-west-1a", "eu-west-1b"]
    enis = ec2.describe_network_interfaces(NetworkInterfaceIds=list(lab["interfaces"].values()))["NetworkInterfaces"]
    assert len(enis) == 9
    assert {e["Attachment"]["InstanceId"] for e in enis if "Attachment" in e} == set(lab["instances"].values())
    run = ec2.describe_instances(InstanceIds=[lab["instances"]["app"]])["Reservations"][0]["Instances"][0]
    assert run["InstanceType"] == "c5.large"
    assert [e["NetworkInterfaceId"] for e in run["NetworkInterfaces"]] == [APP_1, APP_2, "eni-0a1b2c3d4e5f60723"]
    endpoint = ec2.describe_vpc_endpoints(VpcEndpointIds=[lab["endpoint"]])["VpcEndpoints"][0]
    assert endpoint["VpcEndpointType"] == "GatewayLoadBalancer"
    elbv2 = clients(service="elbv2")
    for name, arn in lab["load_balancers"].items():
        balancer = elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
        assert (balancer["LoadBalancerName"], balancer["Type"]) == (name, "network")
    assert (lab["filter"], lab["target"], lab["rules"]["ingress"]) == (FILTER, TARGET, RULE)
    assert clients(service="iam").list_users()["Users"] == []


def test_endpoints_are_filtered_by_documented_names(ec2: Any, emulator: Emulator) -> None:
    def endpoints(name: str, *values: str) -> list[str]:
        rows = ec2.describe_vpc_endpoints(Filters=[{"Name": name, "Values": list(values)}])["VpcEndpoints"]
        return [row["VpcEndpointId"] for row in rows]

    lab = emulator.lab["endpoint"]
    other = ec2.create_vpc_endpoint(VpcId=VPC, ServiceName="com.amazonaws.eu-west-1.s3")["VpcEndpoint"]["VpcEndpointId"]
    assert sorted(endpoints("vpc-endpoint-id", lab, other, "vpce-0a1b2c3d4e5f60779")) == sorted([lab, other])
    assert endpoints("vpc-endpoint-id", lab) == endpoints("vpc-endpoint-type", "GatewayLoadBalancer") == [lab]
    assert endpoints("vpc-endpoint-id", "vpce-0a1b2c3d4e5f60779") == []
    ec2.delete_vpc_endpoints(VpcEndpointIds=[lab])
    assert endpoints("vpc-endpoint-state", "available") == [other]
    for name in ("id", "state", "endpoint-id"):
        with refused("InvalidParameterValue", f"The filter '{name}' is invalid"):
            endpoints(name, lab)


def test_new_instance_can_be_mirrored(ec2: Any) -> None:
    run = ec2.run_instances(ImageId="ami-1", InstanceType="m5.large", MinCount=1, MaxCount=1, SubnetId=SUBNET)
    interface = run["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"]
    assert session(ec2, interface)["NetworkInterfaceId"] == interface


def test_deleting_interface_deletes_sessions(ec2: Any) -> None:
    session(ec2, APP_2)
    session(ec2, APP_2, 2)
    kept = session(ec2, APP_1)["TrafficMirrorSessionId"]
    row = ec2.describe_network_interfaces(NetworkInterfaceIds=[APP_2])["NetworkInterfaces"][0]
    ec2.detach_network_interface(AttachmentId=row["Attachment"]["AttachmentId"])
    ec2.delete_network_interface(NetworkInterfaceId=APP_2)
    assert sessions(ec2) == [kept]


def test_terminating_instance_deletes_sessions(ec2: Any, emulator: Emulator) -> None:
    primary = session(ec2, APP_1)
    secondary = session(ec2, APP_2)
    ec2.terminate_instances(InstanceIds=[emulator.lab["instances"]["app"]])
    with refused("InvalidNetworkInterfaceID.NotFound"):
        ec2.describe_network_interfaces(NetworkInterfaceIds=[APP_1])
    # An interface attached after launch remains after termination, with its session.
    eni = ec2.describe_network_interfaces(NetworkInterfaceIds=[APP_2])["NetworkInterfaces"][0]
    assert eni["Status"] == "available"
    assert sessions(ec2) == [secondary["TrafficMirrorSessionId"]]
    with refused("InvalidTrafficMirrorSessionId.NotFound"):
        ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=primary["TrafficMirrorSessionId"])


def test_termination_deletes_primary_interface(ec2: Any) -> None:
    run = ec2.run_instances(ImageId="ami-1", InstanceType="m5.large", MinCount=1, MaxCount=1, SubnetId=SUBNET)
    session(ec2, run["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"])
    ec2.terminate_instances(InstanceIds=[run["Instances"][0]["InstanceId"]])
    assert sessions(ec2) == []


def test_detach_and_stop_keep_session(ec2: Any, emulator: Emulator) -> None:
    kept = sorted(session(ec2, eni)["TrafficMirrorSessionId"] for eni in (APP_2, DB))
    eni = ec2.describe_network_interfaces(NetworkInterfaceIds=[APP_2])["NetworkInterfaces"][0]
    ec2.detach_network_interface(AttachmentId=eni["Attachment"]["AttachmentId"])
    ec2.stop_instances(InstanceIds=[emulator.lab["instances"]["db"]])
    assert sessions(ec2) == kept


def test_destination_of_target_can_be_deleted(ec2: Any, clients: Any) -> None:
    target = eni_target(ec2)
    one = session(ec2, WEB, TrafficMirrorTargetId=target)["TrafficMirrorSessionId"]
    two = session(ec2, APP_1)["TrafficMirrorSessionId"]
    ec2.terminate_instances(InstanceIds=["i-0a1b2c3d4e5f60741"])
    clients(service="elbv2").delete_load_balancer(LoadBalancerArn=NLB)
    assert sessions(ec2) == sorted([one, two])
    assert len(ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"]) == 2
    other = ec2.create_traffic_mirror_target(NetworkLoadBalancerArn=NLB_B)["TrafficMirrorTarget"]
    moved = ec2.modify_traffic_mirror_session(
        TrafficMirrorSessionId=one, TrafficMirrorTargetId=other["TrafficMirrorTargetId"]
    )
    assert moved["TrafficMirrorSession"]["TrafficMirrorSessionId"] == one
    ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=target)


@pytest.mark.parametrize(("kind", "word"), [("application", "app"), ("network", "net"), ("gateway", "gwy")])
def test_load_balancer_arn_depends_on_type(ec2: Any, clients: Any, kind: str, word: str) -> None:
    in_lab = [{"Name": "vpc-id", "Values": [VPC]}]
    subnets = [row["SubnetId"] for row in ec2.describe_subnets(Filters=in_lab)["Subnets"]]
    made = clients(service="elbv2").create_load_balancer(Name="mine", Type=kind, Subnets=subnets)["LoadBalancers"][0]
    assert f":loadbalancer/{word}/mine/" in made["LoadBalancerArn"]


def test_reset_restores_initial_state_quickly(ec2: Any, emulator: Emulator, clients: Any) -> None:
    session(ec2)
    ec2.create_vpc(CidrBlock="10.0.0.0/16")
    clients(service="iam").create_user(UserName="u")
    emulator.seed(region="us-east-1")
    emulator.settings(denied=["ec2:*"], throttle="published")
    start = time.monotonic()
    emulator.reset()
    assert time.monotonic() - start < 1
    assert emulator.log() == []
    assert sessions(ec2) == []
    assert len(ec2.describe_vpcs()["Vpcs"]) == 2
    assert clients(service="iam").list_users()["Users"] == []
    assert clients(region="us-east-1").describe_traffic_mirror_targets()["TrafficMirrorTargets"] == []


def test_invalid_control_requests_are_rejected(emulator: Emulator) -> None:
    assert emulator.call("GET", "ready") == {"ready": True}
    for method, name, data in (
        ("GET", "nonsense", None),
        ("POST", "settings", {}),
        ("POST", "tags", {}),
        ("POST", "tags", {"id": "tmf-x", "tags": {}}),
    ):
        with pytest.raises(ValueError, match=r"no|KeyError"):
            emulator.call(method, name, data)


def test_start_prints_environment_and_stops_on_sigterm() -> None:
    start = [sys.executable, "-m", "tests.emulator", "--port", "0"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    signals: dict[int, Any] = {signal.SIGTERM: subprocess.Popen(start, cwd=ROOT, **pipes)}
    signals[signal.SIGINT] = subprocess.Popen(start, cwd=ROOT, **pipes)
    for number, process in signals.items():
        lines = [process.stdout.readline().strip()]
        while not lines[-1].startswith("# target:"):
            lines.append(process.stdout.readline().strip())
        process.send_signal(number)
        _out, err = process.communicate(timeout=10)
        assert (process.returncode, err) == (0, "")
        names = [line.split("=")[0] for line in lines if line.startswith("export ")]
        assert names == [
            "export AWS_ENDPOINT_URL",
            "export AWS_ACCESS_KEY_ID",
            "export AWS_SECRET_ACCESS_KEY",
            "export AWS_DEFAULT_REGION",
        ]
        assert f"# interfaces web: {WEB}" in lines
        shell = subprocess.run(["sh", "-euc", "\n".join([*lines, "env"])], capture_output=True, text=True, check=True)
        assert "AWS_ENDPOINT_URL=http://127.0.0.1:" in shell.stdout


def test_concurrent_clients(ec2: Any) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda n: session(ec2, WEB, n), [1, 2, 3]))
        list(pool.map(lambda _: ec2.create_traffic_mirror_filter(), range(60)))
    assert sessions(ec2) == sorted(row["TrafficMirrorSessionId"] for row in made)
    assert len(ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]) == 61


def test_initial_settings_are_restored_by_reset() -> None:
    with Emulator(settings={"denied": ["ec2:DescribeVpcs"]}) as emulator:
        emulator.settings(denied=[])
        emulator.reset()
        assert emulator.settings()["denied"] == ["ec2:DescribeVpcs"]
        assert emulator.env["AWS_ENDPOINT_URL"] == emulator.url
    with pytest.raises(OSError, match=r"refused|timed out"):
        emulator.reset()
    assert "AWS_ENDPOINT_URL" not in os.environ
