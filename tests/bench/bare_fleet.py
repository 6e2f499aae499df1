# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send the API calls of a fleet without Ansible: python bare_fleet.py WHAT WORKERS RETRY_MODE FILTER TARGET

WHAT is "read": page through all that a fleet reads; "create": that, then a session on each interface whose instance is
tagged and that has none; "repair": that, then take the description from each session that has one, and remove those of
other interfaces. With a thread pool, as the quickest script one would write.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

_TAGS = [{"ResourceType": "traffic-mirror-session", "Tags": [{"Key": "vtap:fleet", "Value": "bench"}]}]


def _read(ec2: Any, target_id: str) -> tuple[set[str], list[Any]]:
    """Return the interfaces of running, tagged instances, and all sessions. Also reads what is behind the target."""

    def rows(operation: str, member: str) -> list[Any]:
        pages = ec2.get_paginator(operation).paginate(PaginationConfig={"PageSize": 1000})
        return [row for page in pages for row in page[member]]

    rows("describe_traffic_mirror_filters", "TrafficMirrorFilters")
    targets = rows("describe_traffic_mirror_targets", "TrafficMirrorTargets")
    target = next(row for row in targets if row["TrafficMirrorTargetId"] == target_id)
    if "NetworkLoadBalancerArn" in target:
        boto3.client("elbv2").describe_load_balancers(LoadBalancerArns=[target["NetworkLoadBalancerArn"]])
    if "GatewayLoadBalancerEndpointId" in target:
        ec2.describe_vpc_endpoints(VpcEndpointIds=[target["GatewayLoadBalancerEndpointId"]])
    sessions = rows("describe_traffic_mirror_sessions", "TrafficMirrorSessions")
    tagged = {
        row["InstanceId"]
        for reservation in rows("describe_instances", "Reservations")
        for row in reservation["Instances"]
        if {"Key": "Mirror", "Value": "yes"} in row.get("Tags", []) and row["State"]["Name"] == "running"
    }
    interfaces = rows("describe_network_interfaces", "NetworkInterfaces")
    wanted = (row for row in interfaces if row.get("Attachment", {}).get("InstanceId") in tagged)
    return {row["NetworkInterfaceId"] for row in wanted}, sessions


def main(what: str, workers: str, mode: str, filter_id: str, target_id: str) -> None:
    config = Config(max_pool_connections=int(workers), retries={"mode": mode, "total_max_attempts": 10})
    ec2 = boto3.client("ec2", config=config)
    wanted, sessions = _read(ec2, target_id)

    def create(interface: str) -> None:
        ec2.create_traffic_mirror_session(
            NetworkInterfaceId=interface,
            SessionNumber=1,
            TrafficMirrorFilterId=filter_id,
            TrafficMirrorTargetId=target_id,
            TagSpecifications=_TAGS,
        )

    def repair(row: Any) -> None:
        ec2.modify_traffic_mirror_session(
            TrafficMirrorSessionId=row["TrafficMirrorSessionId"], RemoveFields=["description"]
        )

    def remove(row: Any) -> None:
        ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=row["TrafficMirrorSessionId"])

    def each(action: Callable[[Any], None], items: Iterable[Any]) -> None:
        with ThreadPoolExecutor(int(workers)) as pool:
            list(pool.map(action, items))

    if what == "create":
        each(create, sorted(wanted.difference(row["NetworkInterfaceId"] for row in sessions)))
    if what == "repair":
        each(repair, (row for row in sessions if "Description" in row and row["NetworkInterfaceId"] in wanted))
        each(remove, (row for row in sessions if row["NetworkInterfaceId"] not in wanted))


if __name__ == "__main__":
    main(*sys.argv[1:])
