# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All error codes, by action and request."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator_tests.helpers import (
    DB,
    ENDPOINT,
    FILTER,
    GONE,
    NLB,
    NLB_B,
    OLD,
    RULE,
    SENSOR,
    TARGET,
    UNATTACHED,
    WEB,
    eni_target,
    new_filter,
    refused,
    rule_request,
    session,
    tag_spec,
)

VALUE = "InvalidParameterValue"
COMBINATION = "InvalidParameterCombination"
MISSING = "MissingParameter"


def session_request(**more: Any) -> dict[str, Any]:
    base = {"NetworkInterfaceId": WEB, "TrafficMirrorTargetId": TARGET, "TrafficMirrorFilterId": FILTER}
    return {**base, "SessionNumber": 1, **more}


SESSIONS = [
    ({"NetworkInterfaceId": "eni-junk"}, "InvalidNetworkInterfaceId.Malformed"),
    ({"NetworkInterfaceId": f"eni-{GONE}"}, "InvalidNetworkInterfaceID.NotFound"),
    ({"NetworkInterfaceId": OLD}, "NetworkInterfaceNotSupported"),
    ({"NetworkInterfaceId": UNATTACHED}, "NetworkInterfaceNotSupported"),
    ({"TrafficMirrorTargetId": f"tmt-{GONE}"}, "InvalidTrafficMirrorTargetId.NotFound"),
    ({"TrafficMirrorFilterId": f"tmf-{GONE}"}, "InvalidTrafficMirrorFilterId.NotFound"),
    ({"TrafficMirrorTargetId": "tmt-junk"}, VALUE),
    ({"TrafficMirrorTargetId": f"tmt-{GONE}0"}, VALUE),
    ({"TrafficMirrorTargetId": f"tmt-{GONE.upper()}"}, VALUE),
    ({"TrafficMirrorFilterId": TARGET}, VALUE),
    ({"SessionNumber": 0}, VALUE),
    ({"SessionNumber": 32767}, VALUE),
    ({"SessionNumber": "one"}, VALUE),
    ({"SessionNumber": 2**31}, VALUE),
    ({"VirtualNetworkId": -1}, VALUE),
    ({"VirtualNetworkId": 2**24}, VALUE),
    ({"PacketLength": 0}, VALUE),
    ({"PacketLength": 34}, VALUE),
    ({"PacketLength": 8501}, VALUE),
    ({"PacketLength": 65536}, VALUE),
    ({"Description": ""}, VALUE),
    ({"Description": "x" * 256}, VALUE),
    ({"Description": "a\nb"}, VALUE),
    ({"TagSpecifications": tag_spec("filter", a="b")}, VALUE),
    ({"TagSpecifications": tag_spec("session", a="b") * 2}, VALUE),
    ({"TagSpecifications": [{"ResourceType": "traffic-mirror-session"}]}, VALUE),
    ({"TagSpecifications": [{"Tags": [{"Key": "a", "Value": "b"}]}]}, MISSING),
    ({"TagSpecifications": tag_spec("session", **{"aws:x": "b"})}, VALUE),
    ({"TagSpecifications": tag_spec("session", **{"AWS:x": "b"})}, VALUE),
    ({"TagSpecifications": tag_spec("session", **{"k" * 128: "b"})}, VALUE),
    ({"TagSpecifications": tag_spec("session", a="v" * 257)}, VALUE),
    ({"TagSpecifications": tag_spec("session", **{f"k{n}": "v" for n in range(51)})}, "TagLimitExceeded"),
    ({"ClientToken": "t" * 65}, "InvalidClientToken"),
    ({"ClientToken": "tökén"}, "InvalidClientToken"),
]


@pytest.mark.parametrize(("change", "code"), SESSIONS, ids=lambda v: str(v)[:50])
def test_create_session(ec2: Any, change: dict[str, Any], code: str) -> None:
    with refused(code):
        ec2.create_traffic_mirror_session(**session_request(**change))
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []


@pytest.mark.parametrize("name", list(session_request()))
def test_create_session_requires_parameters(ec2: Any, name: str) -> None:
    request = session_request()
    del request[name]
    with refused(MISSING, name):
        ec2.create_traffic_mirror_session(**request)


RULES = [
    ({"TrafficMirrorFilterId": f"tmf-{GONE}"}, "InvalidTrafficMirrorFilterId.NotFound"),
    ({"RuleNumber": 100}, "TrafficMirrorFilterRuleAlreadyExists"),
    ({"RuleNumber": 0}, VALUE),
    ({"RuleNumber": 32767}, VALUE),
    ({"TrafficDirection": "sideways"}, VALUE),
    ({"RuleAction": "deny"}, VALUE),
    ({"Protocol": -1}, VALUE),
    ({"Protocol": 256}, VALUE),
    ({"SourceCidrBlock": "10.0.0.1/8"}, VALUE),
    ({"SourceCidrBlock": "10.0.0.0"}, VALUE),
    ({"SourceCidrBlock": "10.0.0.0/33"}, VALUE),
    ({"SourceCidrBlock": "anywhere"}, VALUE),
    ({"SourceCidrBlock": "2001:db8::/32"}, VALUE),
    ({"DestinationPortRange": {"FromPort": 1, "ToPort": 2}}, VALUE),
    ({"Protocol": 1, "DestinationPortRange": {"FromPort": 1, "ToPort": 2}}, VALUE),
    ({"Protocol": 6, "DestinationPortRange": {"FromPort": 2, "ToPort": 1}}, VALUE),
    ({"Protocol": 6, "DestinationPortRange": {"FromPort": -1, "ToPort": 1}}, VALUE),
    ({"Protocol": 6, "SourcePortRange": {"FromPort": 1, "ToPort": 65536}}, VALUE),
    ({"Protocol": 6, "SourcePortRange": {"FromPort": 1}}, MISSING),
    ({"Protocol": 6, "SourcePortRange": {"ToPort": 1}}, MISSING),
    ({"Description": ""}, VALUE),
    ({"TagSpecifications": tag_spec("filter", a="b")}, VALUE),
]


@pytest.mark.parametrize(("change", "code"), RULES, ids=lambda v: str(v)[:50])
def test_create_rule(ec2: Any, change: dict[str, Any], code: str) -> None:
    with refused(code):
        ec2.create_traffic_mirror_filter_rule(**rule_request(**change))
    assert len(ec2.describe_traffic_mirror_filter_rules()["TrafficMirrorFilterRules"]) == 2


@pytest.mark.parametrize("name", list(rule_request()))
def test_create_rule_requires_parameters(ec2: Any, name: str) -> None:
    request = rule_request()
    del request[name]
    with refused(MISSING, name):
        ec2.create_traffic_mirror_filter_rule(**request)


def test_rule_number_is_unique_per_filter_and_direction(ec2: Any) -> None:
    ec2.create_traffic_mirror_filter_rule(**rule_request())
    ec2.create_traffic_mirror_filter_rule(**rule_request(TrafficDirection="egress"))
    ec2.create_traffic_mirror_filter_rule(**rule_request(TrafficMirrorFilterId=new_filter(ec2)))
    with refused("TrafficMirrorFilterRuleAlreadyExists"):
        ec2.create_traffic_mirror_filter_rule(**rule_request(RuleAction="reject"))


MODIFIED_RULES = [
    ({}, COMBINATION),
    ({"RemoveFields": []}, COMBINATION),
    ({"RemoveFields": ["tags"]}, VALUE),
    ({"RemoveFields": ["description", "description"]}, VALUE),
    ({"RemoveFields": ["description"], "Description": "x"}, COMBINATION),
    ({"RemoveFields": ["protocol"], "Protocol": 6}, COMBINATION),
    # The rule already has protocol 6 and ports; a port range still requires the protocol.
    ({"SourcePortRange": {"FromPort": 1, "ToPort": 2}}, VALUE),
    ({"RemoveFields": ["protocol"]}, VALUE),
    ({"Protocol": 1}, VALUE),
    ({"SourceCidrBlock": "2001:db8::/32"}, VALUE),
    ({"RuleNumber": 100}, "TrafficMirrorFilterRuleAlreadyExists"),
    ({"Description": ""}, VALUE),
    ({"TrafficMirrorFilterRuleId": f"tmfr-{GONE}", "Description": "x"}, "InvalidTrafficMirrorFilterRuleId.NotFound"),
    ({"TrafficMirrorFilterRuleId": f"tmf-{GONE}", "Description": "x"}, VALUE),
]


@pytest.mark.parametrize(("change", "code"), MODIFIED_RULES, ids=lambda v: str(v)[:50])
def test_modify_rule(ec2: Any, change: dict[str, Any], code: str) -> None:
    made = ec2.create_traffic_mirror_filter_rule(
        **rule_request(Protocol=6, DestinationPortRange={"FromPort": 1, "ToPort": 2})
    )["TrafficMirrorFilterRule"]
    with refused(code):
        ec2.modify_traffic_mirror_filter_rule(
            **{"TrafficMirrorFilterRuleId": made["TrafficMirrorFilterRuleId"], **change}
        )
    assert made in ec2.describe_traffic_mirror_filter_rules()["TrafficMirrorFilterRules"]


def test_modify_rule_direction_with_duplicate_number(ec2: Any) -> None:
    with refused("TrafficMirrorFilterRuleAlreadyExists"):
        ec2.modify_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId=RULE, TrafficDirection="egress")


MODIFIED_SESSIONS = [
    ({}, COMBINATION),
    ({"RemoveFields": ["packet-length"], "PacketLength": 100}, COMBINATION),
    ({"RemoveFields": ["virtual-network-id"], "VirtualNetworkId": 5}, COMBINATION),
    ({"RemoveFields": ["session-number"]}, VALUE),
    ({"RemoveFields": ["description", "description"]}, VALUE),
    ({"SessionNumber": 999999}, VALUE),
    ({"PacketLength": 34}, VALUE),
    ({"PacketLength": 8501}, VALUE),
    ({"VirtualNetworkId": 2**24}, VALUE),
    ({"Description": ""}, VALUE),
    ({"TrafficMirrorTargetId": f"tmt-{GONE}"}, "InvalidTrafficMirrorTargetId.NotFound"),
    ({"TrafficMirrorFilterId": f"tmf-{GONE}"}, "InvalidTrafficMirrorFilterId.NotFound"),
    ({"TrafficMirrorSessionId": f"tms-{GONE}", "Description": "x"}, "InvalidTrafficMirrorSessionId.NotFound"),
    ({"TrafficMirrorSessionId": "tms-junk", "Description": "x"}, VALUE),
]


@pytest.mark.parametrize(("change", "code"), MODIFIED_SESSIONS, ids=lambda v: str(v)[:50])
def test_modify_session(ec2: Any, change: dict[str, Any], code: str) -> None:
    made = session(ec2, Description="before")
    with refused(code):
        ec2.modify_traffic_mirror_session(**{"TrafficMirrorSessionId": made["TrafficMirrorSessionId"], **change})
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == [made]


def test_duplicate_session_number(ec2: Any) -> None:
    session(ec2)
    with refused(VALUE, "already being used"):
        session(ec2)
    second = session(ec2, number=2)
    with refused(VALUE, "already being used"):
        ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=second["TrafficMirrorSessionId"], SessionNumber=1)


def test_long_packet_length_prevents_change_to_nlb(ec2: Any) -> None:
    made = session(ec2, TrafficMirrorTargetId=eni_target(ec2), PacketLength=9000)
    wanted = made["TrafficMirrorSessionId"]
    with refused(VALUE):
        ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=wanted, TrafficMirrorTargetId=TARGET)
    moved = ec2.modify_traffic_mirror_session(
        TrafficMirrorSessionId=wanted, TrafficMirrorTargetId=TARGET, RemoveFields=["packet-length"]
    )
    assert moved["TrafficMirrorSession"]["PacketLength"] == 8500


@pytest.mark.parametrize("target_type", ["balancer", "interface"])
def test_shortest_packet_length_depends_on_ipv6(ec2: Any, target_type: str) -> None:
    target = TARGET if target_type == "balancer" else eni_target(ec2)
    made = session(ec2, WEB, TrafficMirrorTargetId=target, PacketLength=35)
    assert made["PacketLength"] == 35
    wanted = made["TrafficMirrorSessionId"]
    ec2.assign_ipv6_addresses(NetworkInterfaceId=WEB, Ipv6Addresses=["2001:db8::1"])
    for number, length in enumerate([35, 54], 2):
        with refused(VALUE, "55"):
            session(ec2, WEB, number, TrafficMirrorTargetId=target, PacketLength=length)
        with refused(VALUE, "55"):
            ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=wanted, PacketLength=length)
    assert session(ec2, WEB, 2, TrafficMirrorTargetId=target, PacketLength=55)["PacketLength"] == 55
    # Modify checks the length that the session has afterwards.
    with refused(VALUE, "55"):
        ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=wanted, Description="x")
    ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=wanted, PacketLength=55)
    ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=wanted, Description="x")
    ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=wanted, RemoveFields=["packet-length"])


TARGETS = [
    ({}, MISSING),
    ({"NetworkInterfaceId": SENSOR, "NetworkLoadBalancerArn": NLB_B}, COMBINATION),
    ({"NetworkInterfaceId": "eni-junk"}, "InvalidNetworkInterfaceId.Malformed"),
    ({"NetworkInterfaceId": f"eni-{GONE}"}, "InvalidTrafficMirrorTarget"),
    ({"NetworkLoadBalancerArn": "sensors"}, "InvalidNetworkLoadBalancerArn.Malformed"),
    ({"NetworkLoadBalancerArn": NLB.replace("/net/", "/app/")}, "InvalidNetworkLoadBalancerArn.Malformed"),
    ({"NetworkLoadBalancerArn": NLB[:-1] + "9"}, "InvalidNetworkLoadBalancerArn.NotFound"),
    ({"NetworkLoadBalancerArn": NLB}, "NlbInUseByTrafficMirrorTargetException"),
    ({"GatewayLoadBalancerEndpointId": "vpce-junk"}, "InvalidVpcEndpointId.Malformed"),
    ({"GatewayLoadBalancerEndpointId": f"vpce-{GONE}"}, "InvalidVpcEndpointId.NotFound"),
    ({"NetworkInterfaceId": SENSOR, "Description": ""}, VALUE),
    ({"NetworkInterfaceId": SENSOR, "TagSpecifications": tag_spec("session", a="b")}, VALUE),
]


@pytest.mark.parametrize(("request_", "code"), TARGETS, ids=lambda v: str(v)[:50])
def test_create_target(ec2: Any, request_: dict[str, Any], code: str) -> None:
    with refused(code):
        ec2.create_traffic_mirror_target(**request_)
    assert len(ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"]) == 1


def test_endpoint_of_another_type(ec2: Any) -> None:
    made = ec2.create_vpc_endpoint(VpcId="vpc-0a1b2c3d4e5f60701", ServiceName="com.amazonaws.eu-west-1.s3")
    with refused("InvalidVpcEndpointType"):
        ec2.create_traffic_mirror_target(GatewayLoadBalancerEndpointId=made["VpcEndpoint"]["VpcEndpointId"])


def test_destination_has_one_target(ec2: Any) -> None:
    eni_target(ec2)
    with refused("InterfaceInUseByTrafficMirrorTarget"):
        eni_target(ec2)
    ec2.create_traffic_mirror_target(GatewayLoadBalancerEndpointId=ENDPOINT)
    with refused(VALUE):
        ec2.create_traffic_mirror_target(GatewayLoadBalancerEndpointId=ENDPOINT)


def test_interface_cannot_be_source_and_target(ec2: Any) -> None:
    eni_target(ec2)
    with refused("InterfaceInUseByTrafficMirrorTarget", "is in use by target"):
        session(ec2, SENSOR)
    made = session(ec2, WEB)
    with refused("InterfaceInUseByTrafficMirrorSession"):
        eni_target(ec2, WEB)
    ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=made["TrafficMirrorSessionId"])
    eni_target(ec2, WEB)


def test_filter_and_target_in_use_cannot_be_deleted(ec2: Any) -> None:
    made = session(ec2)
    with refused("TrafficMirrorFilterInUse", made["TrafficMirrorSessionId"]):
        ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=FILTER)
    with refused("TrafficMirrorTargetInUse", made["TrafficMirrorSessionId"]):
        ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGET)
    assert len(ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]) == 1
    assert len(ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"]) == 1
    ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=made["TrafficMirrorSessionId"])
    ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=FILTER)
    ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGET)


SERVICES = [
    ({}, MISSING),
    ({"AddNetworkServices": ["amazon-ntp"]}, VALUE),
    ({"AddNetworkServices": ["amazon-dns"], "RemoveNetworkServices": ["amazon-dns"]}, COMBINATION),
    ({"AddNetworkServices": ["amazon-dns", "amazon-dns"]}, VALUE),
    ({"RemoveNetworkServices": ["amazon-dns"]}, VALUE),
    (
        {"TrafficMirrorFilterId": f"tmf-{GONE}", "AddNetworkServices": ["amazon-dns"]},
        "InvalidTrafficMirrorFilterId.NotFound",
    ),
]


@pytest.mark.parametrize(("change", "code"), SERVICES, ids=lambda v: str(v)[:50])
def test_network_services(ec2: Any, change: dict[str, Any], code: str) -> None:
    with refused(code):
        ec2.modify_traffic_mirror_filter_network_services(**{"TrafficMirrorFilterId": FILTER, **change})
    assert ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"][0]["NetworkServices"] == []


def test_adding_a_network_service_twice(ec2: Any) -> None:
    request = {"TrafficMirrorFilterId": FILTER, "AddNetworkServices": ["amazon-dns"]}
    ec2.modify_traffic_mirror_filter_network_services(**request)
    with refused(VALUE):
        ec2.modify_traffic_mirror_filter_network_services(**request)


DELETES = [
    ("session", "TrafficMirrorSessionId", "tms", "InvalidTrafficMirrorSessionId.NotFound"),
    ("filter", "TrafficMirrorFilterId", "tmf", "InvalidTrafficMirrorFilterId.NotFound"),
    ("filter_rule", "TrafficMirrorFilterRuleId", "tmfr", "InvalidTrafficMirrorFilterRuleId.NotFound"),
    ("target", "TrafficMirrorTargetId", "tmt", "InvalidTrafficMirrorTargetId.NotFound"),
]


@pytest.mark.parametrize(("name", "member", "prefix", "code"), DELETES)
def test_nonexistent_ids(ec2: Any, name: str, member: str, prefix: str, code: str) -> None:
    delete = getattr(ec2, f"delete_traffic_mirror_{name}")
    describe = getattr(ec2, f"describe_traffic_mirror_{name}s")
    with refused(code, GONE):
        delete(**{member: f"{prefix}-{GONE}"})
    with refused(VALUE):
        delete(**{member: f"{prefix}-junk"})
    with refused(MISSING, member):
        delete()
    with refused(code):
        describe(**{f"{member}s": [f"{prefix}-{GONE}"]})
    with refused(VALUE):
        describe(**{f"{member}s": [f"{prefix}-junk"]})


def test_second_delete_fails(ec2: Any) -> None:
    made = session(ec2, DB)
    ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=made["TrafficMirrorSessionId"])
    with refused("InvalidTrafficMirrorSessionId.NotFound"):
        ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=made["TrafficMirrorSessionId"])
