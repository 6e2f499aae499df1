# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sweep.yml deletes the resources of old test runs and no others."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any

from tests.emulator.client import Emulator


def create_resources(emulator: Emulator, mark: str, cidr: str) -> None:
    """Create the resources that a killed target leaves: a network, an instance, a load balancer, a session."""
    ec2, elbv2 = emulator.client(), emulator.client("elbv2")
    tags = [{"Key": "vtap-test", "Value": mark}]

    def tagged(kind: str) -> dict[str, Any]:
        return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]}

    vpc = ec2.create_vpc(CidrBlock=cidr, **tagged("vpc"))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, **tagged("subnet"))["Subnet"]["SubnetId"]
    elbv2.create_load_balancer(Name=mark.split()[1], Type="network", Scheme="internal", Subnets=[subnet], Tags=tags)
    machine = ec2.run_instances(
        ImageId="ami-1", InstanceType="t3.nano", SubnetId=subnet, MinCount=1, MaxCount=1, **tagged("instance")
    )["Instances"][0]
    loose = ec2.create_network_interface(SubnetId=subnet, **tagged("network-interface"))["NetworkInterface"]
    target = ec2.create_traffic_mirror_target(
        NetworkInterfaceId=loose["NetworkInterfaceId"], **tagged("traffic-mirror-target")
    )["TrafficMirrorTarget"]
    traffic_mirror_filter = ec2.create_traffic_mirror_filter(**tagged("traffic-mirror-filter"))["TrafficMirrorFilter"]
    everything = {"SourceCidrBlock": "0.0.0.0/0", "DestinationCidrBlock": "0.0.0.0/0"}
    ec2.create_traffic_mirror_filter_rule(
        TrafficMirrorFilterId=traffic_mirror_filter["TrafficMirrorFilterId"],
        TrafficDirection="ingress",
        RuleNumber=1,
        RuleAction="accept",
        **everything,
    )
    ec2.create_traffic_mirror_session(
        NetworkInterfaceId=machine["NetworkInterfaces"][0]["NetworkInterfaceId"],
        TrafficMirrorTargetId=target["TrafficMirrorTargetId"],
        TrafficMirrorFilterId=traffic_mirror_filter["TrafficMirrorFilterId"],
        SessionNumber=1,
        **tagged("traffic-mirror-session"),
    )


def count_resources(emulator: Emulator, mark: str) -> int:
    """Return the number of resources with the tag."""
    ec2 = emulator.client()
    rows = [
        *ec2.describe_vpcs()["Vpcs"],
        *ec2.describe_subnets()["Subnets"],
        *(row for whole in ec2.describe_instances()["Reservations"] for row in whole["Instances"]),
        *({"Tags": row["TagSet"]} for row in ec2.describe_network_interfaces()["NetworkInterfaces"]),
        *ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"],
        *ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"],
        *ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"],
    ]
    alive = [row for row in rows if row.get("State", {}) != {"Code": 48, "Name": "terminated"}]
    return sum({"Key": "vtap-test", "Value": mark} in row.get("Tags", []) for row in alive)


def test_sweep_deletes_only_resources_of_old_runs(
    emulator: Emulator, play: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    def mark(hours: float, name: str) -> str:
        return f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() - hours * 3600))} {name}"

    old, new = mark(7, "vtap-test-old"), mark(5, "vtap-test-new")
    create_resources(emulator, old, "10.229.0.0/24")
    create_resources(emulator, new, "10.230.0.0/24")
    assert (count_resources(emulator, old), count_resources(emulator, new)) == (7, 7)
    lab = emulator.lab
    done = play("../sweep.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (count_resources(emulator, old), count_resources(emulator, new)) == (0, 7)
    balancers = emulator.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert sorted(row["LoadBalancerName"] for row in balancers) == ["sensors", "sensors-b", "vtap-test-new"]
    assert len(emulator.client().describe_traffic_mirror_targets(TrafficMirrorTargetIds=[lab["target"]])) > 0
