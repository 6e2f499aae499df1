# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies of the fifteen actions, through boto3."""

from __future__ import annotations

from typing import Any

from tests.emulator_tests.helpers import (
    APP_1,
    ENDPOINT,
    FILTER,
    GONE,
    NLB,
    NLB_B,
    OWNER,
    SENSOR,
    TARGET,
    WEB,
    eni_target,
    new_filter,
    refused,
    rule_request,
    session,
    tag_spec,
    without_metadata,
)


def test_filter_is_created_empty(ec2: Any) -> None:
    reply = ec2.create_traffic_mirror_filter(
        Description="all", TagSpecifications=tag_spec("filter", Name="f"), ClientToken="one"
    )
    made = reply["TrafficMirrorFilter"]
    assert made == {
        "TrafficMirrorFilterId": made["TrafficMirrorFilterId"],
        "IngressFilterRules": [],
        "EgressFilterRules": [],
        "NetworkServices": [],
        "Description": "all",
        "Tags": [{"Key": "Name", "Value": "f"}],
    }
    assert reply["ClientToken"] == "one"
    assert len(made["TrafficMirrorFilterId"]) == len("tmf-") + 17
    described = ec2.describe_traffic_mirror_filters(TrafficMirrorFilterIds=[made["TrafficMirrorFilterId"]])
    assert without_metadata(described) == {"TrafficMirrorFilters": [made]}


def test_filter_without_description(ec2: Any) -> None:
    reply = ec2.create_traffic_mirror_filter()
    assert "Description" not in reply["TrafficMirrorFilter"]
    assert reply["TrafficMirrorFilter"]["Tags"] == []
    # botocore generates a token.
    assert len(reply["ClientToken"]) == 36


def test_rule_lifecycle(ec2: Any) -> None:
    ports = {"FromPort": 80, "ToPort": 443}
    request = rule_request(Protocol=6, DestinationPortRange=ports, Description="web")
    made = ec2.create_traffic_mirror_filter_rule(**request, TagSpecifications=tag_spec("filter-rule", a="b"))
    rule = made["TrafficMirrorFilterRule"]
    rule_id = rule["TrafficMirrorFilterRuleId"]
    assert rule == {**request, "TrafficMirrorFilterRuleId": rule_id, "Tags": [{"Key": "a", "Value": "b"}]}
    described = ec2.describe_traffic_mirror_filter_rules(TrafficMirrorFilterRuleIds=[rule_id])
    assert without_metadata(described) == {"TrafficMirrorFilterRules": [rule]}
    parent = ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"][0]
    assert [r["RuleNumber"] for r in parent["IngressFilterRules"]] == [100, 200]
    assert parent["IngressFilterRules"][1] == rule

    changed = ec2.modify_traffic_mirror_filter_rule(
        TrafficMirrorFilterRuleId=rule_id,
        TrafficDirection="egress",
        RuleNumber=7,
        RuleAction="reject",
        Protocol=17,
        SourcePortRange={"FromPort": 53, "ToPort": 53},
        RemoveFields=["destination-port-range", "description"],
    )["TrafficMirrorFilterRule"]
    assert changed == {
        "TrafficMirrorFilterRuleId": rule_id,
        "TrafficMirrorFilterId": FILTER,
        "TrafficDirection": "egress",
        "RuleNumber": 7,
        "RuleAction": "reject",
        "Protocol": 17,
        "SourcePortRange": {"FromPort": 53, "ToPort": 53},
        "SourceCidrBlock": "10.0.0.0/8",
        "DestinationCidrBlock": "0.0.0.0/0",
    }
    parent = ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"][0]
    assert [r["RuleNumber"] for r in parent["EgressFilterRules"]] == [7, 100]
    reply = ec2.delete_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId=rule_id)
    assert without_metadata(reply) == {"TrafficMirrorFilterRuleId": rule_id}
    assert len(ec2.describe_traffic_mirror_filter_rules()["TrafficMirrorFilterRules"]) == 2


def test_rules_of_one_filter(ec2: Any) -> None:
    other = new_filter(ec2)
    mine = ec2.create_traffic_mirror_filter_rule(**rule_request(TrafficMirrorFilterId=other))
    found = ec2.describe_traffic_mirror_filter_rules(TrafficMirrorFilterId=other)["TrafficMirrorFilterRules"]
    assert found == [mine["TrafficMirrorFilterRule"]]


def test_ipv6_rule(ec2: Any) -> None:
    made = ec2.create_traffic_mirror_filter_rule(
        **rule_request(SourceCidrBlock="2001:DB8:0::/32", DestinationCidrBlock="::/0")
    )["TrafficMirrorFilterRule"]
    assert (made["SourceCidrBlock"], made["DestinationCidrBlock"]) == ("2001:db8::/32", "::/0")


def test_network_services(ec2: Any) -> None:
    on = ec2.modify_traffic_mirror_filter_network_services(
        TrafficMirrorFilterId=FILTER, AddNetworkServices=["amazon-dns"]
    )["TrafficMirrorFilter"]
    assert on["NetworkServices"] == ["amazon-dns"]
    assert on["Tags"] == []
    assert len(on["IngressFilterRules"]) == 1
    shown = ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"][0]
    assert shown["NetworkServices"] == ["amazon-dns"]
    assert shown["Tags"] == [{"Key": "Name", "Value": "lab-filter"}]
    off = ec2.modify_traffic_mirror_filter_network_services(
        TrafficMirrorFilterId=FILTER, RemoveNetworkServices=["amazon-dns"]
    )["TrafficMirrorFilter"]
    assert off["NetworkServices"] == []


def test_target_has_one_destination_member(ec2: Any) -> None:
    destinations = {
        "network-interface": {"NetworkInterfaceId": SENSOR},
        "network-load-balancer": {"NetworkLoadBalancerArn": NLB_B},
        "gateway-load-balancer-endpoint": {"GatewayLoadBalancerEndpointId": ENDPOINT},
    }
    for kind, destination in destinations.items():
        made = ec2.create_traffic_mirror_target(**destination)["TrafficMirrorTarget"]
        wanted = made["TrafficMirrorTargetId"]
        assert made == {"TrafficMirrorTargetId": wanted, "OwnerId": OWNER, "Type": kind, "Tags": [], **destination}
        shown = ec2.describe_traffic_mirror_targets(TrafficMirrorTargetIds=[wanted])["TrafficMirrorTargets"]
        assert shown == [made]


def test_delete_target_and_filter(ec2: Any) -> None:
    assert ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGET)["TrafficMirrorTargetId"] == TARGET
    assert ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"] == []
    # The destination is available again.
    ec2.create_traffic_mirror_target(NetworkLoadBalancerArn=NLB)
    assert ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=FILTER)["TrafficMirrorFilterId"] == FILTER
    assert ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"] == []
    # The rules were deleted with the filter.
    assert ec2.describe_traffic_mirror_filter_rules()["TrafficMirrorFilterRules"] == []


def test_session_on_an_interface_target(ec2: Any) -> None:
    target = eni_target(ec2)
    made = session(
        ec2, TrafficMirrorTargetId=target, VirtualNetworkId=0, TagSpecifications=tag_spec("session", Name="s")
    )
    assert made == {
        "TrafficMirrorSessionId": made["TrafficMirrorSessionId"],
        "OwnerId": OWNER,
        "TrafficMirrorTargetId": target,
        "TrafficMirrorFilterId": FILTER,
        "NetworkInterfaceId": WEB,
        "SessionNumber": 1,
        "VirtualNetworkId": 0,
        "Tags": [{"Key": "Name", "Value": "s"}],
    }
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == [made]
    reply = ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=made["TrafficMirrorSessionId"])
    assert without_metadata(reply) == {"TrafficMirrorSessionId": made["TrafficMirrorSessionId"]}
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []


def test_packet_length_depends_on_the_target(ec2: Any) -> None:
    made = session(ec2)
    assert made["PacketLength"] == 8500
    wanted = made["TrafficMirrorSessionId"]
    eni = eni_target(ec2)

    def modify(**more: Any) -> dict[str, Any]:
        reply = ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=wanted, **more)
        result: dict[str, Any] = reply["TrafficMirrorSession"]
        return result

    assert "PacketLength" not in modify(TrafficMirrorTargetId=eni)
    assert modify(PacketLength=9000)["PacketLength"] == 9000
    assert "PacketLength" not in modify(RemoveFields=["packet-length"])
    assert modify(TrafficMirrorTargetId=TARGET)["PacketLength"] == 8500
    assert modify(PacketLength=100)["PacketLength"] == 100
    assert modify(RemoveFields=["packet-length"])["PacketLength"] == 8500


def test_modify_session(ec2: Any) -> None:
    made = session(ec2, Description="d", VirtualNetworkId=7, TagSpecifications=tag_spec("session", Name="s"))
    wanted = made["TrafficMirrorSessionId"]
    other = new_filter(ec2)
    changed = ec2.modify_traffic_mirror_session(
        TrafficMirrorSessionId=wanted,
        TrafficMirrorFilterId=other,
        SessionNumber=2,
        RemoveFields=["description", "virtual-network-id"],
    )["TrafficMirrorSession"]
    assert changed["TrafficMirrorFilterId"] == other
    assert changed["SessionNumber"] == 2
    assert changed["VirtualNetworkId"] != 7
    assert "Description" not in changed
    # Modify never returns tags, Describe does.
    assert changed["Tags"] == []
    shown = ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert shown == [{**changed, "Tags": [{"Key": "Name", "Value": "s"}]}]
    # The old filter and the old number are no longer in use.
    ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=FILTER)
    session(ec2, TrafficMirrorFilterId=other)


def test_session_number_is_unique_per_interface(ec2: Any) -> None:
    made = session(ec2)
    session(ec2, APP_1)
    reply = ec2.modify_traffic_mirror_session(
        TrafficMirrorSessionId=made["TrafficMirrorSessionId"], SessionNumber=1, Description="x"
    )
    assert reply["TrafficMirrorSession"]["SessionNumber"] == 1


def test_random_vnis_differ(ec2: Any) -> None:
    vnis = {session(ec2, eni, n)["VirtualNetworkId"] for eni in (WEB, APP_1) for n in (1, 2, 3)}
    assert len(vnis) == 6
    assert all(0 <= vni < 2**24 for vni in vnis)


def test_text_that_xml_must_escape(ec2: Any) -> None:
    text = "<a> & \"b\" 'c' ü 日本"
    made = session(ec2, Description=text, TagSpecifications=tag_spec("session", **{text: text, "empty": ""}))
    assert made["Description"] == text
    assert {"Key": text, "Value": text} in made["Tags"]
    assert {"Key": "empty", "Value": ""} in made["Tags"]


def test_eight_digit_ids_are_well_formed(ec2: Any) -> None:
    # The code is NotFound, not Malformed.
    for short_page in ("tms-01234567", f"tms-{GONE}"):
        with refused("InvalidTrafficMirrorSessionId.NotFound"):
            ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=short_page)
