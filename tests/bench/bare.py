# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send the API calls of one task without Ansible: python bare.py WHAT INTERFACE NAME FILTER TARGET

Like a shell script, it reads the session, filter or target, then changes it, in one process per resource.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import boto3

_STAGE = [{"Key": "Team", "Value": "netsec"}, {"Key": "Stage", "Value": "one"}]


def _expect(there: list[Any], wanted: bool) -> None:
    """Exit with an error unless the resource exists (wanted) or not, so that a script without effect is detected."""
    if len(there) != wanted:
        sys.exit(f"{len(there)} found, expected {wanted:d}")


def _named(rows: list[Any], name: str) -> list[Any]:
    return [row for row in rows if {"Key": "Name", "Value": name} in row["Tags"]]


def session(ec2: Any, does: str, interface: str, name: str, filter_id: str, target_id: str) -> None:
    create, renamed = does.startswith("create"), f"{name} renamed"
    if does == "absent by name":
        rows = _named(ec2.describe_traffic_mirror_sessions(MaxResults=1000)["TrafficMirrorSessions"], renamed)
    else:
        filters = [{"Name": "network-interface-id", "Values": [interface]}]
        rows = ec2.describe_traffic_mirror_sessions(Filters=filters, MaxResults=1000)["TrafficMirrorSessions"]
    found = [row["TrafficMirrorSessionId"] for row in rows if row["SessionNumber"] == 1]
    _expect(found, not create)
    if does in ("create with name", "rename"):
        rows = ec2.describe_traffic_mirror_sessions(MaxResults=1000)["TrafficMirrorSessions"]
        _expect(_named(rows, renamed if does == "rename" else name), False)
    if create:
        tags = [{"Key": "Name", "Value": name if does == "create with name" else "bench"}, *_STAGE]
        ec2.create_traffic_mirror_session(
            NetworkInterfaceId=interface,
            SessionNumber=1,
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
    if does == "rename":
        ec2.create_tags(Resources=found, Tags=[{"Key": "Name", "Value": renamed}])
    if does.startswith("absent"):
        ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=found[0])


def traffic_mirror_filter(ec2: Any, does: str, _interface: str, name: str, *_ids: str) -> None:
    found = _named(ec2.describe_traffic_mirror_filters(MaxResults=1000)["TrafficMirrorFilters"], name)
    _expect(found, does != "create")
    if does == "create":
        _create_filter(ec2, name)
        return
    wanted = found[0]["TrafficMirrorFilterId"]
    rules = {
        (row["TrafficDirection"], row["RuleNumber"]): row["TrafficMirrorFilterRuleId"]
        for row in found[0]["IngressFilterRules"] + found[0]["EgressFilterRules"]
    }

    def modify(direction: str, number: int, **changes: Any) -> None:
        ec2.modify_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId=rules[direction, number], **changes)

    if does == "change port":
        modify("ingress", 400, DestinationPortRange={"FromPort": 8443, "ToPort": 8443}, Protocol=6)
    if does == "renumber":
        modify("egress", 500, RuleNumber=150)
    if does == "change three":
        modify("egress", 100, RemoveFields=["source-port-range"])
        modify("ingress", 100, SourceCidrBlock="10.0.0.0/8")
        modify("ingress", 200, RuleAction="reject")
        ec2.modify_traffic_mirror_filter_network_services(
            TrafficMirrorFilterId=wanted, RemoveNetworkServices=["amazon-dns"]
        )
    if does == "absent":
        _expect(_users(ec2, "filter", wanted), False)
        ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=wanted)


def _create_filter(ec2: Any, name: str) -> None:
    tags = [{"Key": "Name", "Value": name}, *_STAGE]
    made = ec2.create_traffic_mirror_filter(
        Description="first", TagSpecifications=[{"ResourceType": "traffic-mirror-filter", "Tags": tags}]
    )["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    ec2.modify_traffic_mirror_filter_network_services(TrafficMirrorFilterId=made, AddNetworkServices=["amazon-dns"])
    for direction, port_of in (("ingress", "DestinationPortRange"), ("egress", "SourcePortRange")):
        for number, port in ((100, 22), (200, 53), (300, 80), (400, 443), (500, 8080)):
            rule = {
                "TrafficDirection": direction,
                "RuleNumber": number,
                "RuleAction": "accept",
                "Protocol": 6,
                "SourceCidrBlock": "0.0.0.0/0",
                "DestinationCidrBlock": "0.0.0.0/0",
                port_of: {"FromPort": port, "ToPort": port},
            }
            ec2.create_traffic_mirror_filter_rule(TrafficMirrorFilterId=made, **rule)


def target(ec2: Any, does: str, interface: str, name: str, *_ids: str) -> None:
    create, named = does.startswith("create"), does.endswith("name")
    if named:
        found = _named(ec2.describe_traffic_mirror_targets(MaxResults=1000)["TrafficMirrorTargets"], name)
    else:
        filters = [{"Name": "network-interface-id", "Values": [interface]}]
        found = ec2.describe_traffic_mirror_targets(Filters=filters, MaxResults=1000)["TrafficMirrorTargets"]
    _expect(found, not create)
    if create:
        tags = [*([{"Key": "Name", "Value": name}] if named else []), *_STAGE]
        ec2.create_traffic_mirror_target(
            NetworkInterfaceId=interface,
            Description="first",
            TagSpecifications=[{"ResourceType": "traffic-mirror-target", "Tags": tags}],
        )
    if does.startswith("absent"):
        wanted = found[0]["TrafficMirrorTargetId"]
        _expect(_users(ec2, "target", wanted), False)
        ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=wanted)


def _users(ec2: Any, kind: str, wanted: str) -> list[Any]:
    """Return the sessions that use a filter or target."""
    filters = [{"Name": f"traffic-mirror-{kind}-id", "Values": [wanted]}]
    found: list[Any] = ec2.describe_traffic_mirror_sessions(Filters=filters, MaxResults=1000)["TrafficMirrorSessions"]
    return found


_KINDS: dict[str, Callable[..., None]] = {"session": session, "filter": traffic_mirror_filter, "target": target}


def run(ec2: Any, what: str, *values: str) -> None:
    """Send the calls of one script. values: INTERFACE, NAME, FILTER and TARGET."""
    kind, _space, does = what.partition(" ")
    _KINDS[kind](ec2, does, *values)


if __name__ == "__main__":
    run(boto3.client("ec2"), *sys.argv[1:])
