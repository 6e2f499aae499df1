# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The initial state of the property-based tests: filters, targets and sessions in the emulator."""

from __future__ import annotations

from collections import defaultdict


def create_prerequisites(running):
    """Create filters and targets for sessions.

    Returns the emulator, its EC2 client, the ids of two filters, and the ids of three targets: a Network Load Balancer,
    an interface and a Gateway Load Balancer endpoint.
    """
    emulator, client = running
    filter_id = client.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    destinations = {
        "NetworkInterfaceId": "eni-0a1b2c3d4e5f60741",
        "GatewayLoadBalancerEndpointId": "vpce-0a1b2c3d4e5f60771",
    }
    target_ids = [
        client.create_traffic_mirror_target(**{member: value})["TrafficMirrorTarget"]["TrafficMirrorTargetId"]
        for member, value in destinations.items()
    ]
    return emulator, client, ["tmf-0a1b2c3d4e5f60718", filter_id], ["tmt-0a1b2c3d4e5f60718", *target_ids]


def replace_sessions(prerequisites, existing):
    """Delete all sessions in the emulator and create these, except those that exceed EC2's limits.

    prerequisites: the result of create_prerequisites. existing: for each session the members of its Create call, with
    "filter" and "target" as positions in the prerequisites, "tags" and "aws_tags" as dicts, and "Name".
    """
    emulator, client, filters, targets = prerequisites
    for row in client.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]:
        client.delete_traffic_mirror_session(TrafficMirrorSessionId=row["TrafficMirrorSessionId"])
    used_numbers = defaultdict(set)
    for entry in existing:
        members = dict(entry)
        numbers = used_numbers[members["NetworkInterfaceId"]]
        if members["SessionNumber"] in numbers or len(numbers) == 3:
            continue
        numbers.add(members["SessionNumber"])
        tags = {**members.pop("tags", {}), **({"Name": members.pop("Name")} if "Name" in members else {})}
        aws_tags = members.pop("aws_tags", {})
        members["TrafficMirrorFilterId"] = filters[members.pop("filter")]
        members["TrafficMirrorTargetId"] = targets[members.pop("target")]
        if tags:
            pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
            members["TagSpecifications"] = [{"ResourceType": "traffic-mirror-session", "Tags": pairs}]
        session_id = client.create_traffic_mirror_session(**members)["TrafficMirrorSession"]["TrafficMirrorSessionId"]
        if aws_tags:
            emulator.tags(session_id, **aws_tags)
