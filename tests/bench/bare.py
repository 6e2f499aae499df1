# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of one of our tasks without Ansible: python bare.py WHAT INTERFACE NUMBER FILTER TARGET

What a shell script would do for each of its sessions: look, then act, in a process of its own.
"""

from __future__ import annotations

import sys

import boto3


def main(does: str, interface: str, number: str, filter_id: str, target_id: str) -> None:
    ec2 = boto3.client("ec2")
    filters = [{"Name": "network-interface-id", "Values": [interface]}]
    rows = ec2.describe_traffic_mirror_sessions(Filters=filters, MaxResults=1000)["TrafficMirrorSessions"]
    found = [row["TrafficMirrorSessionId"] for row in rows if row["SessionNumber"] == int(number)]
    # The scripts keep what they count on, so that a benchmark of nothing does not pass for a fast one.
    if len(found) != (does != "create"):
        sys.exit(f"{len(found)} sessions {number} on {interface}")
    if does == "create":
        tags = [{"Key": "Name", "Value": "bench"}, {"Key": "Team", "Value": "netsec"}, {"Key": "Stage", "Value": "one"}]
        ec2.create_traffic_mirror_session(
            NetworkInterfaceId=interface,
            SessionNumber=int(number),
            TrafficMirrorFilterId=filter_id,
            TrafficMirrorTargetId=target_id,
            Description="first",
            TagSpecifications=[{"ResourceType": "traffic-mirror-session", "Tags": tags}],
        )
    if does.startswith("change"):
        ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=found[0], Description=does)
    if does == "change with tags":
        ec2.create_tags(Resources=found, Tags=[{"Key": "Team", "Value": "core"}])
        ec2.delete_tags(Resources=found, Tags=[{"Key": "Stage"}])
    if does == "absent":
        ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=found[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
