# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A source and a sensor with everything between them, as EC2 describes it, in which all conditions hold."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._path.aws_state import (
    AwsState,
    Balancer,
    TargetGroup,
    node_description,
)
from ansible_collections.vtap.aws.plugins.module_utils._path.findings import ReadFailure, Status

from tests.unit.path.builders import (
    ACCOUNT,
    LOCAL,
    SOURCE,
    SOURCE_SUBNET,
    TARGET,
    TARGET_SUBNET,
    VPC,
    acl_entry,
    group,
    network_acl,
    permission,
    route_table,
)
from tests.unit.resources.rule_options import described_rules, rule

SOURCE_ENI, SENSOR_ENI, NODE_ENI = "eni-source", "eni-sensor", "eni-node"
SOURCE_INSTANCE, SENSOR_INSTANCE = "i-source", "i-sensor"
SOURCE_GROUP, SENSOR_GROUP, BALANCER_GROUP = "sg-source", "sg-sensor", "sg-balancer"
ZONE, OTHER_ZONE = "eu-west-1a", "eu-west-1b"
NODE = "10.0.2.20"
ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors/0a1b"
ENDPOINT = "vpce-1"
ENI_TARGET = {
    "traffic_mirror_target_id": "tmt-1",
    "type": "network-interface",
    "owner_id": ACCOUNT,
    "network_interface_id": SENSOR_ENI,
}
NLB_TARGET = {
    "traffic_mirror_target_id": "tmt-1",
    "type": "network-load-balancer",
    "owner_id": ACCOUNT,
    "network_load_balancer_arn": ARN,
}
ENDPOINT_TARGET = {
    "traffic_mirror_target_id": "tmt-1",
    "type": "gateway-load-balancer-endpoint",
    "owner_id": ACCOUNT,
    "gateway_load_balancer_endpoint_id": ENDPOINT,
}


def session(number=1, **changes):
    """A session. number: part of its id, and its session number."""
    return {
        "traffic_mirror_session_id": f"tms-{number}",
        "session_number": number,
        "network_interface_id": SOURCE_ENI,
        "traffic_mirror_filter_id": f"tmf-{number}",
        "traffic_mirror_target_id": "tmt-1",
        "packet_length": 100,
        "tags": {},
        **changes,
    }


def described_filter(number=1, *rules, services=()):
    """A filter. rules: options of rules, see rule_options.rule; default: one that accepts all ingress packets."""
    rows = described_rules(rules or [rule(100, "ingress", "accept")])
    rows = [{**row, "traffic_mirror_filter_rule_id": f"tmfr-{row['rule_number']}"} for row in rows]
    return {"traffic_mirror_filter_id": f"tmf-{number}", "rules": rows, "network_services": list(services)}


def by_id(*filters):
    return {one["traffic_mirror_filter_id"]: one for one in filters}


def interface(interface_id, address, subnet_id, zone, instance_id="", groups=(), **changes):
    """An interface, attached as the primary interface if there is an instance_id."""
    attachment = {"Attachment": {"InstanceId": instance_id, "DeviceIndex": 0}} if instance_id else {}
    return {
        "NetworkInterfaceId": interface_id,
        "OwnerId": ACCOUNT,
        "VpcId": VPC,
        "SubnetId": subnet_id,
        "AvailabilityZone": zone,
        "InterfaceType": "interface",
        "PrivateIpAddress": address,
        "PrivateIpAddresses": [{"PrivateIpAddress": address, "Primary": True}],
        "Groups": [{"GroupId": one} for one in groups],
        **attachment,
        **changes,
    }


def instance(instance_id, type_="m5.large", state="running"):
    return {"InstanceId": instance_id, "InstanceType": type_, "State": {"Name": state}}


def registered(target_id, state="healthy", **more):
    """A registered target with its health."""
    return {"Target": {"Id": target_id, "Port": 4789, **more}, "TargetHealth": {"State": state}}


GROUP_ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/sensors/0a1b"


def target_group(*health, cross_zone=True, arn=GROUP_ARN):
    """A target group. health: see registered."""
    return TargetGroup(arn, list(health), cross_zone)


def balancer(*health, groups=(), state="active", cross_zone=True, zones=(ZONE,), **changes):
    """A load balancer with a listener and a target group. health: see registered; default: the sensor, healthy."""
    row = {
        "LoadBalancerArn": ARN,
        "VpcId": VPC,
        "State": {"Code": state},
        "AvailabilityZones": [{"ZoneName": zone, "SubnetId": SOURCE_SUBNET} for zone in zones],
        **({"SecurityGroups": list(groups)} if groups else {}),
    }
    listeners = [{"Port": 4789, "Protocol": "UDP"}]
    targets = changes.pop("health", list(health or [registered(SENSOR_INSTANCE)]))
    given = {
        "row": row,
        "listeners": listeners,
        "groups": changes.pop("target_groups", (TargetGroup(GROUP_ARN, targets, cross_zone),)),
        **changes,
    }
    return Balancer(**given)


def node(address=NODE, subnet_id=TARGET_SUBNET, zone=ZONE, interface_id=NODE_ENI):
    """An interface of the load balancer."""
    more = {"Description": node_description(ARN), "InterfaceType": "network_load_balancer"}
    return interface(interface_id, address, subnet_id, zone, **more)


def surroundings(*more, without=(), **changes):
    """The surroundings. more: interfaces to add or replace. without: ids of interfaces to leave out."""
    rows = [
        interface(SOURCE_ENI, SOURCE, SOURCE_SUBNET, ZONE, SOURCE_INSTANCE, [SOURCE_GROUP]),
        interface(SENSOR_ENI, TARGET, TARGET_SUBNET, OTHER_ZONE, SENSOR_INSTANCE, [SENSOR_GROUP]),
        *more,
    ]
    allowing = [acl_entry(100, egress=egress) for egress in (True, False)]
    groups = {
        SOURCE_GROUP: group(SOURCE_GROUP),
        SENSOR_GROUP: group(SENSOR_GROUP, permission("10.0.0.0/16")),
        BALANCER_GROUP: group(BALANCER_GROUP, permission("10.0.0.0/16"), egress=[permission("10.0.0.0/16")]),
    }
    given = {
        "interfaces": {row["NetworkInterfaceId"]: row for row in rows if row["NetworkInterfaceId"] not in without},
        "instances": {one: instance(one) for one in (SOURCE_INSTANCE, SENSOR_INSTANCE)},
        "network_acls": [network_acl("acl-1", [SOURCE_SUBNET, TARGET_SUBNET], *allowing)],
        "route_tables": [route_table("rtb-1", LOCAL, main=True)],
        "security_groups": groups,
    }
    return AwsState(**{**given, **changes})


def failed(*actions, code=""):
    """Calls that failed. actions: IAM actions. code: empty if they are denied."""
    return {action.partition(":")[2]: ReadFailure(action, code) for action in actions}


def statuses(findings):
    return [finding.status for finding in findings]


def only(findings, status):
    """The only finding with this status. It is one line, has ids, and a fix unless it is ok."""
    (found,) = (finding for finding in findings if finding.status is status)
    assert found.message and "\n" not in found.message and "\n" not in found.fix
    assert bool(found.fix) == (status is not Status.OK), found
    return found


def problem(findings):
    """The only problem. All other findings are ok."""
    assert [one for one in findings if one.status is Status.UNKNOWN] == []
    return only(findings, Status.PROBLEM)


def unknown(findings):
    """The only finding that is unknown. No finding is a problem."""
    assert [one for one in findings if one.status is Status.PROBLEM] == []
    return only(findings, Status.UNKNOWN)


def assert_ok(findings, number=None):
    """All findings are ok. number: of findings, any but 0 if None."""
    assert set(statuses(findings)) == {Status.OK}, findings
    assert number in (None, len(findings)), findings
