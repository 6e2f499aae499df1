# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replies are read with what EC2's service model promises, and rows that were not requested are dropped."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._model.api_objects import from_api
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, RULE, SESSION, TARGET
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ec2.canned import connect, normal

ARN = "arn:aws:ec2:eu-west-1"
TYPES = {"session": SESSION, "filter": FILTER, "target": TARGET, "rule": RULE}


class CannedEc2(Ec2):
    """An Ec2 whose server ignores ids and filters."""

    def __init__(self, rows):
        self.rows, self.calls, self.arn_base = rows, [], ARN

    def call(self, operation, **params):
        self.calls.append((operation, params))
        return {operation.removeprefix("Describe"): self.rows}


def session(number, **members):
    return {
        "TrafficMirrorSessionId": f"tms-{number}",
        "NetworkInterfaceId": f"eni-{number}",
        "SessionNumber": number,
        **members,
    }


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, ["tms-1", "tms-10", "tms-2"]),
        ({"ids": ("tms-2",)}, ["tms-2"]),
        ({"ids": iter(["tms-2", "tms-9"])}, ["tms-2"]),
        ({"filters": {"session-number": ["1"]}}, ["tms-1"]),
        ({"filters": {"network-interface-id": ["eni-1", "eni-2"]}}, ["tms-1", "tms-2"]),
        ({"filters": {"network-interface-id": ["eni-1"], "session-number": ["2"]}}, []),
        ({"ids": ("tms-1",), "filters": {"session-number": ["2"]}}, []),
        ({"filters": {"network-interface-id": ["ENI-1"]}}, []),
        ({"filters": {"owner-id": ["123456789012"]}}, ["tms-10"]),
        ({"filters": {"virtual-network-id": ["7"]}}, ["tms-2"]),
        ({"filters": {"traffic-mirror-session-id": ["tms-1"]}}, ["tms-1"]),
        ({"filters": {"description": ["text"]}}, ["tms-1"]),
        ({"filters": {"network-interface-id": ["eni-1*"]}}, ["tms-1", "tms-10"]),
        ({"filters": {"network-interface-id": ["eni-?"]}}, ["tms-1", "tms-2"]),
        ({"filters": {"network-interface-id": [r"eni-\*"]}}, []),
        # Left to EC2, which alone has the values.
        ({"filters": {"tag:Name": ["x"], "another": ["y"]}}, ["tms-1", "tms-10", "tms-2"]),
    ],
)
def test_rows_that_were_not_requested_are_dropped(arguments, expected):
    rows = [session(2, VirtualNetworkId=7), session(1, Description="text"), session(10, OwnerId="123456789012")]
    assert [row["traffic_mirror_session_id"] for row in CannedEc2(rows).describe(SESSION, **arguments)] == expected


def test_child_tags_are_read_for_requested_rows_of_a_server_that_ignores_filters():
    rule = {"TrafficMirrorFilterRuleId": "tmfr-1", "TrafficMirrorFilterId": "tmf-1"}
    members = "<trafficMirrorFilterSet><item><trafficMirrorFilterId>{0}</trafficMirrorFilterId><ingressFilterRuleSet>"
    members += "<item><trafficMirrorFilterRuleId>tmfr-1</trafficMirrorFilterRuleId></item><item/>"
    members += "</ingressFilterRuleSet></item><item><description>without an id</description></item>"
    members += "</trafficMirrorFilterSet>"
    tags = "<trafficMirrorFilterRuleSet><item/><item><trafficMirrorFilterRuleId>tmfr-1</trafficMirrorFilterRuleId>"
    tags += "<tagSet><item><key>a</key><value>b</value></item><item><key>c</key></item></tagSet></item>"
    tags += "</trafficMirrorFilterRuleSet>"
    ec2, http = connect(
        normal("DescribeTrafficMirrorFilters", members.format("tmf-1")),
        normal("DescribeTrafficMirrorFilterRules", tags),
    )
    (row,) = ec2.describe(FILTER, ids=("tmf-1",), child_tags=True)
    assert [one["tags"] for one in row["rules"]] == [{"a": "b", "c": ""}] and len(http.requests) == 2
    assert rule["TrafficMirrorFilterRuleId"] == row["rules"][0]["traffic_mirror_filter_rule_id"]


VALUES = st.one_of(st.none(), st.text(max_size=5), st.integers(-2, 70000), st.lists(st.text(max_size=3), max_size=2))
ENDS = st.dictionaries(st.sampled_from(["FromPort", "ToPort"]), st.integers(-1, 70000))
TAGS = st.lists(st.dictionaries(st.sampled_from(["Key", "Value"]), st.text(max_size=3)), max_size=2)


def members_of(resource_type):
    converted = {"SourcePortRange": ENDS, "DestinationPortRange": ENDS, "Protocol": st.integers(-1, 256), "Tags": TAGS}
    names = [field.member for field in resource_type.fields] + ["OwnerId", "Tags"]
    return st.fixed_dictionaries({}, optional={name: converted.get(name, VALUES) for name in names})


@given(st.data())
@pytest.mark.parametrize("name", TYPES)
def test_an_odd_row_never_breaks_the_lookup_of_others(name, data):
    """All members but the id are optional, and their values have any format."""
    resource_type = TYPES[name]
    odd = {**data.draw(members_of(resource_type)), resource_type.id_member: "odd"}
    if resource_type.children:
        rules = st.lists(members_of(RULE), max_size=3)
        for member in RULE.list_members:
            odd[member] = [
                {**rule, RULE.id_member: f"tmfr-{index}"} if index % 2 == 0 else rule
                for index, rule in enumerate(data.draw(rules))
            ]
    usual = {resource_type.id_member: "usual", "Tags": [{"Key": "Name", "Value": "usual"}]}
    without_id = {"Description": "x"}
    rows = CannedEc2([odd, usual, without_id]).describe(resource_type)
    assert [row[resource_type.id_option] for row in rows] == ["odd", "usual"]
    assert rows[1]["tags"] == {"Name": "usual"}


@pytest.mark.parametrize(
    ("members", "option", "value"),
    [
        ({}, "protocol", "all"),
        ({"Protocol": 0}, "protocol", "all"),
        ({"Protocol": -1}, "protocol", "all"),
        ({"Protocol": 6}, "protocol", "tcp"),
        ({"Protocol": 300}, "protocol", "300"),
        ({}, "source_port", ""),
        ({"SourcePortRange": {}}, "source_port", ""),
        ({"SourcePortRange": {"FromPort": 80}}, "source_port", "80"),
        ({"SourcePortRange": {"ToPort": 80}}, "source_port", "80"),
        ({"SourcePortRange": {"FromPort": 0, "ToPort": 0}}, "source_port", "0"),
        ({"SourcePortRange": {"FromPort": 80, "ToPort": 90}}, "source_port", "80-90"),
        ({"SourceCidrBlock": "10.0.0.1/8"}, "source_cidr", "10.0.0.0/8"),
        ({"SourceCidrBlock": "pl-0a1b2c3d"}, "source_cidr", "pl-0a1b2c3d"),
        ({"RuleAction": "count"}, "action", "count"),
        ({"TrafficDirection": "both"}, "direction", "both"),
    ],
)
def test_optional_and_unknown_values(members, option, value):
    assert from_api(RULE, {"TrafficMirrorFilterRuleId": "tmfr-1", **members}, ARN)[option] == value


def test_optional_members_of_filters_sessions_and_targets():
    row = from_api(FILTER, {"TrafficMirrorFilterId": "tmf-1"}, ARN)
    assert row == {
        "traffic_mirror_filter_id": "tmf-1",
        "description": "",
        "network_services": [],
        "rules": [],
        "tags": {},
    }
    assert "virtual_network_id" not in from_api(SESSION, {"TrafficMirrorSessionId": "tms-1"}, ARN)
    row = from_api(TARGET, {"TrafficMirrorTargetId": "tmt-1", "Type": "quantum-link"}, ARN)
    assert row["type"] == "quantum-link"
