# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create the resources that a page requires, such as those of another tool, with the tags of that tool."""

from __future__ import annotations

from typing import Any

from tests.emulator.client import Emulator

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/mirror/0a1b2c3d-4e5f-6071-8192-a3b4c5d6e7f8"


def tagged(kind: str, tags: dict[str, str]) -> list[dict[str, Any]]:
    """Return TagSpecifications for a kind of resource, such as filter."""
    rows = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceType": f"traffic-mirror-{kind}", "Tags": rows}]


def create_filter(ec2: Any) -> str:
    """Create a filter of the Name dns-and-tls that accepts DNS and inbound HTTPS. Returns its id."""
    reply = ec2.create_traffic_mirror_filter(TagSpecifications=tagged("filter", {"Name": "dns-and-tls"}))
    filter_id: str = reply["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    ec2.modify_traffic_mirror_filter_network_services(
        TrafficMirrorFilterId=filter_id, AddNetworkServices=["amazon-dns"]
    )
    ec2.create_traffic_mirror_filter_rule(
        TrafficMirrorFilterId=filter_id,
        TrafficDirection="ingress",
        RuleNumber=100,
        RuleAction="accept",
        Protocol=6,
        SourceCidrBlock="0.0.0.0/0",
        DestinationCidrBlock="0.0.0.0/0",
        DestinationPortRange={"FromPort": 443, "ToPort": 443},
    )
    return filter_id


def create_target(emulator: Emulator, ec2: Any) -> str:
    """Create a target of the Name sensors for the load balancer sensors-b of the lab. Returns its id."""
    reply = ec2.create_traffic_mirror_target(
        NetworkLoadBalancerArn=emulator.lab["load_balancers"]["sensors-b"],
        TagSpecifications=tagged("target", {"Name": "sensors"}),
    )
    target_id: str = reply["TrafficMirrorTarget"]["TrafficMirrorTargetId"]
    return target_id


def create_session(ec2: Any, interface: str, filter_id: str, target_id: str, tags: dict[str, str], **more: Any) -> str:
    """Create session number 1 of an interface. more: other parameters of the call. Returns its id."""
    reply = ec2.create_traffic_mirror_session(
        NetworkInterfaceId=interface,
        TrafficMirrorFilterId=filter_id,
        TrafficMirrorTargetId=target_id,
        TagSpecifications=tagged("session", tags),
        **{"SessionNumber": 1, **more},
    )
    session_id: str = reply["TrafficMirrorSession"]["TrafficMirrorSessionId"]
    return session_id


def create_in_lab(emulator: Emulator, interface: str, **tags: str) -> None:
    """Create a session on an interface of the lab, with the filter and the target of the lab."""
    lab = emulator.lab
    create_session(emulator.client(), lab["interfaces"][interface], lab["filter"], lab["target"], tags)


def detach_interface(emulator: Emulator) -> None:
    """Create the session "app to sensor", and detach its interface."""
    create_in_lab(emulator, "app-3", Name="app to sensor")
    ec2, interface = emulator.client(), emulator.lab["interfaces"]["app-3"]
    (found,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
    ec2.detach_network_interface(AttachmentId=found["Attachment"]["AttachmentId"])


def create_sessions(emulator: Emulator) -> None:
    """Create sessions of a team, one of them without a name, of a fleet, and with an expiry."""
    create_in_lab(emulator, "web", Name="web to sensor", Team="netsec")
    create_in_lab(emulator, "app-1", Name="app", **{"vtap:fleet": "ids-prod"})
    create_in_lab(emulator, "app-2", Team="netsec")
    create_in_lab(emulator, "db", Name="incident 4711", **{"vtap:expires": "2026-11-20T16:00:00Z 4h"})


def create_by_terraform(emulator: Emulator) -> None:
    """Create the resources of the HCL in from_terraform.rst."""
    ec2, lab = emulator.client(), emulator.lab
    filter_id, target_id = create_filter(ec2), create_target(emulator, ec2)
    for name, interface in (("web-1", "web"), ("web-2", "app-1")):
        create_session(ec2, lab["interfaces"][interface], filter_id, target_id, {"Name": name})


def create_by_cloudformation(emulator: Emulator) -> None:
    """Create the resources of the template in from_cloudformation.rst. The deletion of the stack keeps the tags."""
    ec2, lab = emulator.client(), emulator.lab
    filter_id, target_id = create_filter(ec2), create_target(emulator, ec2)
    session_id = create_session(ec2, lab["interfaces"]["web"], filter_id, target_id, {"Name": "web-1"})
    for identifier, logical_id in ((filter_id, "Filter"), (target_id, "Sensors"), (session_id, "Web1")):
        tags = {"stack-id": STACK_ID, "stack-name": "mirror", "logical-id": logical_id}
        emulator.tags(identifier, **{f"aws:cloudformation:{key}": value for key, value in tags.items()})


def create_by_lambda(emulator: Emulator) -> None:
    """Create what AutoMirror created for web and app, and tag the instances."""
    ec2, lab = emulator.client(), emulator.lab
    names = ("web", "app", "db")
    instances = {name: lab["instances"][name] for name in names}
    ec2.create_tags(Resources=list(instances.values()), Tags=[{"Key": "Mirror", "Value": "True"}])
    for name, interface in (("web", "web"), ("app", "app-1")):
        create_session(
            ec2,
            lab["interfaces"][interface],
            lab["filter"],
            lab["target"],
            {"Name": instances[name]},
            Description="Created by AutoMirror",
        )
