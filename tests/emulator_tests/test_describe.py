# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters and pagination of the four Describe actions."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.emulator_tests.helpers import (
    APP_1,
    FILTER,
    GONE,
    NLB,
    OWNER,
    RULE,
    SENSOR,
    TARGET,
    WEB,
    eni_target,
    new_filter,
    refused,
    rule_request,
    session,
    tag_spec,
)


@pytest.fixture
def two_sessions(ec2: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    one = session(ec2, WEB, 1, Description="one", VirtualNetworkId=11, PacketLength=100)
    two = session(ec2, APP_1, 2, TrafficMirrorTargetId=eni_target(ec2), TrafficMirrorFilterId=new_filter(ec2))
    return one, two


def ids(ec2: Any, **filters: Any) -> list[str]:
    entries = [{"Name": name.replace("_", "-"), "Values": values} for name, values in filters.items()]
    rows = ec2.describe_traffic_mirror_sessions(Filters=entries)["TrafficMirrorSessions"]
    return [row["TrafficMirrorSessionId"] for row in rows]


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("description", "Description"),
        ("network_interface_id", "NetworkInterfaceId"),
        ("packet_length", "PacketLength"),
        ("session_number", "SessionNumber"),
        ("traffic_mirror_filter_id", "TrafficMirrorFilterId"),
        ("traffic_mirror_session_id", "TrafficMirrorSessionId"),
        ("traffic_mirror_target_id", "TrafficMirrorTargetId"),
        ("virtual_network_id", "VirtualNetworkId"),
    ],
)
def test_session_filters(ec2: Any, two_sessions: tuple[dict[str, Any], dict[str, Any]], name: str, member: str) -> None:
    one, _two = two_sessions
    assert ids(ec2, **{name: [str(one[member])]}) == [one["TrafficMirrorSessionId"]]
    assert ids(ec2, **{name: ["nothing"]}) == []


def test_filter_values_are_ored_and_filters_are_anded(
    ec2: Any, two_sessions: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    one, two = (s["TrafficMirrorSessionId"] for s in two_sessions)
    assert ids(ec2, owner_id=[OWNER]) == sorted([one, two])
    assert ids(ec2, session_number=["1", "2"]) == sorted([one, two])
    assert ids(ec2, session_number=["1", "2"], network_interface_id=[APP_1]) == [two]
    assert ids(ec2, session_number=["1"], network_interface_id=[APP_1]) == []


@pytest.mark.usefixtures("two_sessions")
def test_no_wildcards_and_case_sensitive(ec2: Any) -> None:
    assert ids(ec2, description=["o*"]) == []
    assert ids(ec2, description=["ONE"]) == []
    # A resource without description matches no filter by description.
    assert ids(ec2, description=["None", ""]) == []


def test_the_default_packet_length_matches(ec2: Any) -> None:
    made = session(ec2)
    assert ids(ec2, packet_length=["8500"]) == [made["TrafficMirrorSessionId"]]


RULE_FILTERS = [
    ("traffic-mirror-filter-rule-id", None),
    ("traffic-mirror-filter-id", None),
    ("rule-number", "200"),
    ("rule-action", "reject"),
    ("traffic-direction", "egress"),
    ("protocol", "17"),
    ("source-cidr-block", "10.9.0.0/16"),
    ("destination-cidr-block", "10.8.0.0/16"),
    ("description", "mine"),
]


@pytest.mark.parametrize(("name", "value"), RULE_FILTERS)
def test_rule_filters(ec2: Any, name: str, value: str | None) -> None:
    ec2.delete_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId="tmfr-0a1b2c3d4e5f60719")
    request = rule_request(
        TrafficMirrorFilterId=new_filter(ec2),
        TrafficDirection="egress",
        RuleAction="reject",
        Protocol=17,
        SourceCidrBlock="10.9.0.0/16",
        DestinationCidrBlock="10.8.0.0/16",
        Description="mine",
    )
    made = ec2.create_traffic_mirror_filter_rule(**request)["TrafficMirrorFilterRule"]
    members = {"traffic-mirror-filter-rule-id": "TrafficMirrorFilterRuleId"}
    wanted = value or made[members.get(name, "TrafficMirrorFilterId")]
    reply = ec2.describe_traffic_mirror_filter_rules(Filters=[{"Name": name, "Values": [wanted]}])
    assert reply["TrafficMirrorFilterRules"] == [made]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("network-load-balancer-arn", NLB),
        ("traffic-mirror-target-id", TARGET),
        ("owner-id", OWNER),
        ("network-interface-id", SENSOR),
        ("description", "to the sensor"),
    ],
)
def test_target_filters(ec2: Any, name: str, value: str) -> None:
    made = eni_target(ec2, Description="to the sensor")
    expected = {"owner-id": sorted([made, TARGET]), "network-interface-id": [made], "description": [made]}
    reply = ec2.describe_traffic_mirror_targets(Filters=[{"Name": name, "Values": [value]}])
    found = [row["TrafficMirrorTargetId"] for row in reply["TrafficMirrorTargets"]]
    assert found == expected.get(name, [TARGET])


def test_filter_filters(ec2: Any) -> None:
    made = new_filter(ec2, Description="d")
    for name, value, expected in (("description", "d", made), ("traffic-mirror-filter-id", FILTER, FILTER)):
        reply = ec2.describe_traffic_mirror_filters(Filters=[{"Name": name, "Values": [value]}])
        assert [row["TrafficMirrorFilterId"] for row in reply["TrafficMirrorFilters"]] == [expected]


@pytest.mark.parametrize("kind", ["sessions", "filters", "filter_rules", "targets"])
@pytest.mark.parametrize(
    "name", ["tag:Name", "tag-key", "type", "gateway-load-balancer-endpoint-id", "Description", "x"]
)
def test_undocumented_filters_are_rejected(ec2: Any, kind: str, name: str) -> None:
    with refused("InvalidParameterValue", f"The filter '{name}' is invalid"):
        getattr(ec2, f"describe_traffic_mirror_{kind}")(Filters=[{"Name": name, "Values": ["lab-filter"]}])


def test_filter_limits(ec2: Any) -> None:
    values = [str(n) for n in range(200)]
    filters = [{"Name": "session-number", "Values": values}]
    assert ec2.describe_traffic_mirror_sessions(Filters=filters)["TrafficMirrorSessions"] == []
    with refused("FilterLimitExceeded"):
        ec2.describe_traffic_mirror_sessions(Filters=[*filters, {"Name": "description", "Values": ["x"]}])
    with refused("InvalidParameterValue"):
        ec2.describe_traffic_mirror_sessions(Filters=[{"Name": "description"}])
    with refused("MissingParameter"):
        ec2.describe_traffic_mirror_sessions(Filters=[{"Values": ["x"]}])


def test_nonexistent_id_fails_the_call(ec2: Any) -> None:
    made = session(ec2)["TrafficMirrorSessionId"]
    with refused("InvalidTrafficMirrorSessionId.NotFound", f"tms-{GONE}"):
        ec2.describe_traffic_mirror_sessions(TrafficMirrorSessionIds=[made, f"tms-{GONE}"])
    with refused("InvalidTrafficMirrorFilterId.NotFound"):
        ec2.describe_traffic_mirror_filter_rules(TrafficMirrorFilterId=f"tmf-{GONE}")
    twice = ec2.describe_traffic_mirror_sessions(TrafficMirrorSessionIds=[made, made])
    assert len(twice["TrafficMirrorSessions"]) == 1


def make_filters(ec2: Any, count: int) -> None:
    for n in range(count):
        new_filter(ec2, Description=f"d{n % 2}", TagSpecifications=tag_spec("filter", n=str(n)))


def test_paginator(ec2: Any) -> None:
    make_filters(ec2, 11)
    pages = list(ec2.get_paginator("describe_traffic_mirror_filters").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["TrafficMirrorFilters"]) for page in pages] == [5, 5, 2]
    assert "NextToken" not in pages[-1]
    found = [row["TrafficMirrorFilterId"] for page in pages for row in page["TrafficMirrorFilters"]]
    assert len(set(found)) == 12
    assert found == sorted(found)


def test_full_last_page_has_no_token(ec2: Any) -> None:
    make_filters(ec2, 4)
    assert "NextToken" not in ec2.describe_traffic_mirror_filters(MaxResults=5)


def test_rules_are_paginated(ec2: Any) -> None:
    for n in range(1, 7):
        ec2.create_traffic_mirror_filter_rule(**rule_request(RuleNumber=n))
    request: dict[str, Any] = {"TrafficMirrorFilterId": FILTER, "MaxResults": 5}
    first = ec2.describe_traffic_mirror_filter_rules(**request)
    second = ec2.describe_traffic_mirror_filter_rules(**request, NextToken=first["NextToken"])
    assert len(first["TrafficMirrorFilterRules"] + second["TrafficMirrorFilterRules"]) == 8
    assert "NextToken" not in second


def test_pagination_continues_after_deletion(ec2: Any) -> None:
    make_filters(ec2, 9)
    first = ec2.describe_traffic_mirror_filters(MaxResults=5)
    for row in first["TrafficMirrorFilters"]:
        ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=row["TrafficMirrorFilterId"])
    second = ec2.describe_traffic_mirror_filters(MaxResults=5, NextToken=first["NextToken"])
    assert len(second["TrafficMirrorFilters"]) == 5


def test_invalid_pagination_is_rejected(ec2: Any) -> None:
    make_filters(ec2, 9)
    token = ec2.describe_traffic_mirror_filters(MaxResults=5)["NextToken"]
    for size in (4, 1001, 0, -1):
        with refused("InvalidParameterValue"):
            ec2.describe_traffic_mirror_filters(MaxResults=size)
    for bad in ("junk", "", token[:-4], "é"):
        with refused("InvalidNextToken"):
            ec2.describe_traffic_mirror_filters(NextToken=bad)
    # A token is valid only for the same request.
    with refused("InvalidNextToken"):
        ec2.describe_traffic_mirror_targets(NextToken=token)
    with refused("InvalidNextToken"):
        ec2.describe_traffic_mirror_filters(NextToken=token, Filters=[{"Name": "description", "Values": ["d1"]}])
    for extra in ({"MaxResults": 5}, {"NextToken": token}):
        with refused("InvalidParameterCombination"):
            ec2.describe_traffic_mirror_filters(TrafficMirrorFilterIds=[FILTER], **extra)
    with refused("InvalidParameterCombination"):
        ec2.describe_traffic_mirror_filter_rules(TrafficMirrorFilterRuleIds=[RULE], MaxResults=5)


def test_default_page_size_is_1000(ec2: Any) -> None:
    for _time in itertools.repeat(None, 1000):
        ec2.create_traffic_mirror_filter()
    first = ec2.describe_traffic_mirror_filters()
    assert len(first["TrafficMirrorFilters"]) == 1000
    second = ec2.describe_traffic_mirror_filters(NextToken=first["NextToken"])
    assert len(second["TrafficMirrorFilters"]) == 1
