# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings: quotas, denied actions, throttling, lag and faults."""

from __future__ import annotations

import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.exceptions
import pytest

from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import (
    APP_1,
    APP_2,
    APP_3,
    DB,
    ENDPOINT,
    FILTER,
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
)


def test_three_sessions_per_interface(ec2: Any) -> None:
    for number in (1, 2, 3):
        session(ec2, number=number)
    with refused("TrafficMirrorSessionsPerInterfaceLimitExceeded"):
        session(ec2, number=4)


def test_ten_rules_per_filter(ec2: Any) -> None:
    for number in range(1, 9):
        ec2.create_traffic_mirror_filter_rule(**rule_request(RuleNumber=number))
    with refused("TrafficMirrorFilterRuleLimitExceeded"):
        ec2.create_traffic_mirror_filter_rule(**rule_request(TrafficDirection="egress"))


def test_account_quotas(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(quotas={"sessions": 1, "targets": 2, "filters": 2})
    session(ec2)
    with refused("TrafficMirrorSessionLimitExceeded"):
        session(ec2, APP_1)
    new_filter(ec2)
    with refused("TrafficMirrorFilterLimitExceeded"):
        new_filter(ec2)
    eni_target(ec2)
    with refused("TrafficMirrorTargetLimitExceeded"):
        ec2.create_traffic_mirror_target(GatewayLoadBalancerEndpointId=ENDPOINT)
    emulator.settings(quotas=None)
    session(ec2, APP_1)


def test_sources_per_target(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(quotas={"sources_per_target": 2, "sources_per_large_target": 3})
    target = eni_target(ec2)
    session(ec2, WEB, TrafficMirrorTargetId=target)
    session(ec2, APP_1, TrafficMirrorTargetId=target)
    with refused("TrafficMirrorSourcesPerTargetLimitExceeded", "(3)"):
        session(ec2, APP_2, TrafficMirrorTargetId=target)
    with refused("TrafficMirrorSessionsPerTargetLimitExceeded"):
        session(ec2, WEB, 2, TrafficMirrorTargetId=target)
    # The quota also applies to Modify.
    third = session(ec2, APP_2)
    with refused("TrafficMirrorSourcesPerTargetLimitExceeded"):
        ec2.modify_traffic_mirror_session(
            TrafficMirrorSessionId=third["TrafficMirrorSessionId"], TrafficMirrorTargetId=target
        )
    emulator.settings(types_with_100_sources=["m5.xlarge"])
    session(ec2, APP_3, TrafficMirrorTargetId=target)
    with refused("TrafficMirrorSourcesPerTargetLimitExceeded", "(4)"):
        session(ec2, DB, TrafficMirrorTargetId=target)
    # A load balancer target has no quota.
    session(ec2, DB)


def test_denied(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(denied=["ec2:CreateTrafficMirrorSession"])
    with refused("UnauthorizedOperation", "is not authorized to perform: ec2:CreateTrafficMirrorSession") as caught:
        session(ec2)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert f"arn:aws:iam::{OWNER}:user/" in str(caught.value)
    emulator.settings(denied=None)
    session(ec2)


def test_tags_on_creation_require_create_tags(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(denied=["ec2:CreateTags"])
    with refused("UnauthorizedOperation", "ec2:CreateTags"):
        session(ec2, TagSpecifications=tag_spec("session", a="b"))
    session(ec2)


def test_denied_by_wildcard_by_id_and_for_moto_actions(ec2: Any, emulator: Emulator, clients: Any) -> None:
    emulator.settings(denied=["ec2:Delete*", f"ec2:CreateTags {FILTER}", "sts:*", "ec2:DescribeVpcs"])
    with refused("UnauthorizedOperation"):
        ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGET)
    with refused("UnauthorizedOperation"):
        ec2.create_tags(Resources=[FILTER], Tags=[{"Key": "a", "Value": "b"}])
    ec2.create_tags(Resources=[TARGET], Tags=[{"Key": "a", "Value": "b"}])
    with refused("AccessDenied"):
        clients(service="sts").get_caller_identity()
    with refused("UnauthorizedOperation"):
        ec2.describe_vpcs()


def test_throttle(ec2: Any, emulator: Emulator, clients: Any) -> None:
    emulator.settings(throttle={"DescribeTrafficMirrorTargets": [2, 4]})
    describe = ec2.describe_traffic_mirror_targets
    describe()
    describe()
    with refused("RequestLimitExceeded") as caught:
        describe()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    # Other actions and other regions have separate buckets.
    ec2.describe_traffic_mirror_filters()
    clients(region="eu-west-2").describe_traffic_mirror_targets()
    time.sleep(0.3)
    describe()


def test_throttle_allows_bucket_and_refill(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(throttle={"DescribeTrafficMirrorTargets": [100, 50]})

    def describe(_n: int) -> None:
        with contextlib.suppress(botocore.exceptions.ClientError):
            ec2.describe_traffic_mirror_targets()

    emulator.clear_log()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(describe, range(400)))
    entries = emulator.log()
    assert {e["code"] for e in entries} == {"OK", "RequestLimitExceeded"}
    # At a refusal the bucket is empty. Later calls can be too slow to empty it again.
    last = max(at for at, e in enumerate(entries) if e["code"] == "RequestLimitExceeded")
    allowed = sum(e["code"] == "OK" for e in entries[:last])
    assert abs(allowed - (100 + 50 * (entries[last]["time"] - entries[0]["time"]))) < 2


def test_published_throttle(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(throttle="published")
    with refused("RequestLimitExceeded"):
        for _time in range(70):
            ec2.create_traffic_mirror_filter()
    emulator.settings(throttle=None)
    # A burst of 50, and a refill of 5 per second meanwhile.
    assert 50 <= len(ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]) - 1 < 60


def test_lag_in_reads(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(lag={"reads": 2})
    made = session(ec2)["TrafficMirrorSessionId"]
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []
    # Describe calls of other resource types do not count.
    ec2.describe_traffic_mirror_filters()
    with refused("InvalidTrafficMirrorSessionId.NotFound"):
        ec2.describe_traffic_mirror_sessions(TrafficMirrorSessionIds=[made])
    assert len(ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == 1


def test_writes_ignore_lag(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(lag={"reads": 5})
    traffic_mirror_filter = new_filter(ec2)
    ec2.create_traffic_mirror_filter_rule(**rule_request(TrafficMirrorFilterId=traffic_mirror_filter))
    made = session(ec2, TrafficMirrorFilterId=traffic_mirror_filter)["TrafficMirrorSessionId"]
    modified = ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=made, SessionNumber=9)
    assert modified["TrafficMirrorSession"]["SessionNumber"] == 9
    ec2.create_tags(Resources=[made], Tags=[{"Key": "a", "Value": "b"}])
    deleted = ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=made)
    assert deleted["TrafficMirrorSessionId"] == made


def test_rule_lags_in_its_filter(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(lag={"reads": 1})
    ec2.create_traffic_mirror_filter_rule(**rule_request())
    counts = []
    for _time in range(2):
        row = ec2.describe_traffic_mirror_filters(TrafficMirrorFilterIds=[FILTER])["TrafficMirrorFilters"][0]
        counts.append(len(row["IngressFilterRules"]))
    assert counts == [1, 2]


def test_change_lags(ec2: Any, emulator: Emulator) -> None:
    made = session(ec2, number=1)["TrafficMirrorSessionId"]
    emulator.settings(lag={"reads": 1})
    ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=made, SessionNumber=2)
    ec2.create_tags(Resources=[made], Tags=[{"Key": "a", "Value": "b"}])
    of_it = [{"Name": "resource-id", "Values": [made]}]
    assert ec2.describe_tags(Filters=of_it)["Tags"] == []
    by_number = {"Filters": [{"Name": "session-number", "Values": ["2"]}]}
    assert ec2.describe_traffic_mirror_sessions(**by_number)["TrafficMirrorSessions"] == []
    (row,) = ec2.describe_traffic_mirror_sessions(**by_number)["TrafficMirrorSessions"]
    assert row["Tags"] == [{"Key": "a", "Value": "b"}]
    ec2.delete_tags(Resources=[made], Tags=[{"Key": "a"}])
    assert [len(ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"][0]["Tags"]) for _time in "12"] == [1, 0]


def test_describe_by_ids_counts_only_these_ids(ec2: Any, emulator: Emulator) -> None:
    one, other = (session(ec2, number=number)["TrafficMirrorSessionId"] for number in (1, 2))
    emulator.settings(lag={"reads": 1})
    for found in (one, other):
        ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=found)
    ec2.describe_traffic_mirror_sessions(TrafficMirrorSessionIds=[one])
    rows = ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert [row["TrafficMirrorSessionId"] for row in rows] == [other]


def test_deletion_lags(ec2: Any, emulator: Emulator) -> None:
    target = eni_target(ec2)
    made = session(ec2, TrafficMirrorTargetId=target)["TrafficMirrorSessionId"]
    emulator.settings(lag={"reads": 2})
    ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=made)
    with refused("InvalidTrafficMirrorSessionId.NotFound"):
        ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=made)
    ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=target)
    for found in ([made], [made], []):
        rows = ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
        assert [row["TrafficMirrorSessionId"] for row in rows] == found
    rows = ec2.describe_traffic_mirror_targets(TrafficMirrorTargetIds=[target])
    assert rows["TrafficMirrorTargets"][0]["NetworkInterfaceId"] == SENSOR


def test_filter_lags_with_its_rules(ec2: Any, emulator: Emulator) -> None:
    traffic_mirror_filter = new_filter(ec2)
    of_it = {"TrafficMirrorFilterId": traffic_mirror_filter}
    ec2.modify_traffic_mirror_filter_network_services(**of_it, AddNetworkServices=["amazon-dns"])
    rules = [
        ec2.create_traffic_mirror_filter_rule(**rule_request(**of_it, RuleNumber=number))["TrafficMirrorFilterRule"]
        for number in (1, 2)
    ]
    emulator.settings(lag={"reads": 1})
    ids = [{"TrafficMirrorFilterRuleId": rule["TrafficMirrorFilterRuleId"]} for rule in rules]
    ec2.modify_traffic_mirror_filter_network_services(**of_it, RemoveNetworkServices=["amazon-dns"])
    ec2.modify_traffic_mirror_filter_rule(**ids[0], RuleNumber=9)
    ec2.delete_traffic_mirror_filter_rule(**ids[1])

    def shown() -> list[tuple[list[str], list[int]]]:
        rows = ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]
        return [
            (row["NetworkServices"], [rule["RuleNumber"] for rule in row["IngressFilterRules"]])
            for row in rows
            if row["TrafficMirrorFilterId"] == traffic_mirror_filter
        ]

    assert [shown(), shown()] == [[(["amazon-dns"], [1, 2])], [([], [9])]]
    ec2.delete_traffic_mirror_filter(**of_it)
    assert [shown(), shown()] == [[([], [9])], []]


def test_lag_in_seconds(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(lag={"seconds": 0.3})
    new_filter(ec2)
    assert len(ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]) == 1
    time.sleep(0.35)
    assert len(ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]) == 2


def test_injected_failures(ec2: Any, emulator: Emulator) -> None:
    made = session(ec2)["TrafficMirrorSessionId"]
    emulator.settings(fail={"DeleteTrafficMirrorSession": ["InternalError", 2], "DescribeVpcs": ["Unavailable", 1]})
    for _time in range(2):
        with refused("InternalError") as caught:
            ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=made)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=made)
    with refused("Unavailable"):
        ec2.describe_vpcs()
    ec2.describe_vpcs()


def test_call_with_dropped_reply_is_executed(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(drop_replies={"CreateTrafficMirrorSession": 1})
    with pytest.raises(botocore.exceptions.ConnectionClosedError):
        session(ec2, ClientToken="t")
    found = ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert len(found) == 1
    # The client token prevents a duplicate.
    assert session(ec2, ClientToken="t") == found[0]
    entries = [e for e in emulator.log() if e["action"] == "CreateTrafficMirrorSession"]
    assert [(e["code"], e["dropped"]) for e in entries] == [("OK", True), ("OK", False)]


def test_interleave(ec2: Any, emulator: Emulator) -> None:
    made = session(ec2)["TrafficMirrorSessionId"]
    step = {"action": "DeleteTrafficMirrorSession", "parameters": {"TrafficMirrorSessionId": made}}
    emulator.settings(
        interleave=[{"after": "DescribeTrafficMirrorSessions", "do": [step]}],
        # Another client deletes, so the denied actions of this client do not apply.
        denied=["ec2:DeleteTrafficMirrorSession"],
    )
    assert len(ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == 1
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []
    deleted = [e for e in emulator.log() if e["interleaved"]]
    assert [(e["action"], e["code"]) for e in deleted] == [("DeleteTrafficMirrorSession", "OK")]
    assert emulator.settings()["interleave"] == []


def test_interleave_after_second_call_and_with_moto_actions(ec2: Any, emulator: Emulator) -> None:
    step = {"action": "TerminateInstances", "parameters": {"InstanceIds": ["i-0a1b2c3d4e5f60741"]}}
    emulator.settings(interleave=[{"after": "DescribeVpcs", "calls": 2, "do": [step]}])
    ec2.describe_vpcs()
    ec2.describe_network_interfaces(NetworkInterfaceIds=[SENSOR])
    ec2.describe_vpcs()
    with refused("InvalidNetworkInterfaceID.NotFound"):
        ec2.describe_network_interfaces(NetworkInterfaceIds=[SENSOR])


@pytest.mark.parametrize(
    "settings",
    [
        {"nonsense": 1},
        {"quotas": {"nonsense": 1}},
        {"quotas": 5},
        {"throttle": "sometimes"},
        {"fail": {"X": "Y"}},
        {"interleave": [{"do": []}]},
        {"interleave": [{"after": "X", "do": [{"action": "Nonsense"}]}]},
        {"interleave": [{"after": "X", "do": [{"action": "DeleteTrafficMirrorSession"}]}]},
    ],
    ids=str,
)
def test_invalid_settings_change_nothing(emulator: Emulator, settings: dict[str, Any]) -> None:
    before = emulator.settings()
    with pytest.raises(ValueError, match="setting"):
        emulator.settings(**settings)
    assert emulator.settings() == before


def test_log(ec2: Any, emulator: Emulator) -> None:
    emulator.clear_log()
    ec2.describe_vpcs()
    with refused("InvalidParameterValue"):
        session(ec2, number=0)
    session(ec2, WEB, TagSpecifications=tag_spec("session", a="b"))
    entries = emulator.log()
    assert [(e["n"], e["action"], e["code"]) for e in entries] == [
        (1, "DescribeVpcs", "OK"),
        (2, "CreateTrafficMirrorSession", "InvalidParameterValue"),
        (3, "CreateTrafficMirrorSession", "OK"),
    ]
    assert entries[2]["parameters"]["SessionNumber"] == 1
    assert entries[2]["parameters"]["TagSpecifications"] == tag_spec("session", a="b")
    assert (entries[2]["account"], entries[2]["region"], entries[2]["dry_run"]) == (OWNER, "eu-west-1", False)
    assert abs(entries[2]["time"] - time.time()) < 60
    assert all(0 < e["seconds"] < 10 for e in entries)
    assert [e["n"] for e in emulator.log(moto=False)] == [2, 3]
    last = json.loads(emulator.log_file.read_text().splitlines()[-1])  # type: ignore[attr-defined]
    assert last == entries[2]


def test_rule_tags_setting(ec2: Any, emulator: Emulator) -> None:
    request = rule_request(TrafficMirrorFilterId=new_filter(ec2), TagSpecifications=tag_spec("filter-rule", Why="dns"))
    made = ec2.create_traffic_mirror_filter_rule(**request)["TrafficMirrorFilterRule"]
    assert made["Tags"] == [{"Key": "Why", "Value": "dns"}]

    def described() -> list[dict[str, Any]]:
        ids = [made["TrafficMirrorFilterId"]]
        rows = ec2.describe_traffic_mirror_filters(TrafficMirrorFilterIds=ids)["TrafficMirrorFilters"]
        return [rule for row in rows for rule in row["IngressFilterRules"]]

    assert described() == [made]
    emulator.settings(rule_tags=False)
    assert described() == [{name: value for name, value in made.items() if name != "Tags"}]
    filters = [{"Name": "traffic-mirror-filter-id", "Values": [made["TrafficMirrorFilterId"]]}]
    assert ec2.describe_traffic_mirror_filter_rules(Filters=filters)["TrafficMirrorFilterRules"] == [made]
