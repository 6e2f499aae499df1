# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the properties over HTTP start from: any sessions in the emulator's lab."""

from __future__ import annotations

from collections import defaultdict


def with_choice(running):
    """The emulator, a client of it, and two filters and three targets (NLB, interface, endpoint) to choose from."""
    emulator, client = running
    made = client.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    kinds = {
        "NetworkInterfaceId": "eni-0a1b2c3d4e5f60741",
        "GatewayLoadBalancerEndpointId": "vpce-0a1b2c3d4e5f60771",
    }
    targets = [
        client.create_traffic_mirror_target(**{member: value})["TrafficMirrorTarget"]["TrafficMirrorTargetId"]
        for member, value in kinds.items()
    ]
    return emulator, client, ["tmf-0a1b2c3d4e5f60718", made], ["tmt-0a1b2c3d4e5f60718", *targets]


def furnish(world, existing):
    """Leave just these sessions in the emulator; those that EC2 would refuse beside the others are left out.

    world: as with_choice gives it. existing: for each the members of Create, but "filter" and "target" by position,
    "tags" and "aws_tags" as dicts, and "Name".
    """
    emulator, client, filters, targets = world
    for row in client.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]:
        client.delete_traffic_mirror_session(TrafficMirrorSessionId=row["TrafficMirrorSessionId"])
    taken = defaultdict(set)
    for wanted in existing:
        members = dict(wanted)
        numbers = taken[members["NetworkInterfaceId"]]
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
        made = client.create_traffic_mirror_session(**members)["TrafficMirrorSession"]["TrafficMirrorSessionId"]
        if aws_tags:
            emulator.tags(made, **aws_tags)
