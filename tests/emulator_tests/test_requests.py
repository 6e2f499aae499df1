# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request parsing, dry runs, client tokens and error documents."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.session import Session

from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import (
    FILTER,
    GONE,
    NLB_B,
    RULE,
    TARGET,
    WEB,
    raw,
    refused,
    rule_request,
    session,
    without_metadata,
)

ACTIONS = sorted(n for n in Session().get_service_model("ec2").operation_names if "TrafficMirror" in n)
VALID: dict[str, dict[str, str]] = {
    "CreateTrafficMirrorFilter": {},
    "CreateTrafficMirrorFilterRule": {k: str(v) for k, v in rule_request().items()},
    "CreateTrafficMirrorSession": {
        "NetworkInterfaceId": WEB,
        "TrafficMirrorTargetId": TARGET,
        "TrafficMirrorFilterId": FILTER,
        "SessionNumber": "1",
    },
    "CreateTrafficMirrorTarget": {"NetworkLoadBalancerArn": NLB_B},
    "DeleteTrafficMirrorFilter": {"TrafficMirrorFilterId": FILTER},
    "DeleteTrafficMirrorFilterRule": {"TrafficMirrorFilterRuleId": RULE},
    # A dry run does not check that the resource exists.
    "DeleteTrafficMirrorSession": {"TrafficMirrorSessionId": f"tms-{GONE}"},
    "DeleteTrafficMirrorTarget": {"TrafficMirrorTargetId": TARGET},
    "DescribeTrafficMirrorFilterRules": {},
    "DescribeTrafficMirrorFilters": {},
    "DescribeTrafficMirrorSessions": {},
    "DescribeTrafficMirrorTargets": {},
    "ModifyTrafficMirrorFilterNetworkServices": {"TrafficMirrorFilterId": FILTER, "AddNetworkService.1": "amazon-dns"},
    "ModifyTrafficMirrorFilterRule": {"TrafficMirrorFilterRuleId": RULE, "RuleNumber": "5"},
    "ModifyTrafficMirrorSession": {"TrafficMirrorSessionId": f"tms-{GONE}", "SessionNumber": "5"},
}


def state(ec2: Any) -> list[Any]:
    return [
        without_metadata(describe())
        for describe in (
            ec2.describe_traffic_mirror_filters,
            ec2.describe_traffic_mirror_filter_rules,
            ec2.describe_traffic_mirror_sessions,
            ec2.describe_traffic_mirror_targets,
        )
    ]


def test_fifteen_actions_are_implemented() -> None:
    assert len(ACTIONS) == 15
    assert sorted(VALID) == ACTIONS


@pytest.mark.parametrize("action", ACTIONS)
def test_dry_run_changes_nothing(emulator: Emulator, ec2: Any, action: str) -> None:
    before = state(ec2)
    status, code, _body = raw(emulator, {"Action": action, "DryRun": "true", **VALID[action]})
    assert (status, code) == (412, "DryRunOperation")
    assert state(ec2) == before
    entry = next(entry for entry in emulator.log() if entry["dry_run"])
    assert (entry["action"], entry["code"]) == (action, "DryRunOperation")


@pytest.mark.parametrize("action", ACTIONS)
def test_dry_run_checks_permissions_before_syntax(emulator: Emulator, action: str) -> None:
    form = {"Action": action, "DryRun": "true", **VALID[action]}
    assert raw(emulator, {**form, "Bogus": "1"})[:2] == (400, "UnknownParameter")
    emulator.settings(denied=[f"ec2:{action}"])
    assert raw(emulator, form)[:2] == (403, "UnauthorizedOperation")


@pytest.mark.parametrize("action", ACTIONS)
def test_unknown_parameters_and_invalid_booleans(emulator: Emulator, action: str) -> None:
    form = {"Action": action, **VALID[action]}
    assert raw(emulator, {**form, "Description.X": "1", "Bogus": "1"})[1] == "UnknownParameter"
    assert raw(emulator, {**form, "DryRun": "yes"})[:2] == (400, "InvalidParameterValue")


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ({"TagSpecification.1.Tags.1.Key": "a"}, "UnknownParameter"),
        ({"TagSpecification.x.ResourceType": "a"}, "UnknownParameter"),
        ({"TagSpecification": "a"}, "UnknownParameter"),
        ({"SessionNumber.1": "1"}, "InvalidParameterValue"),
        ({"PacketLength": "1.5"}, "InvalidParameterValue"),
        ({"PacketLength": ""}, "InvalidParameterValue"),
        ({"ClientToken": ""}, "InvalidClientToken"),
    ],
)
def test_malformed_forms(emulator: Emulator, extra: dict[str, str], code: str) -> None:
    form = {"Action": "CreateTrafficMirrorSession", **VALID["CreateTrafficMirrorSession"], **extra}
    assert raw(emulator, form)[:2] == (400, code)


def test_error_document(emulator: Emulator) -> None:
    status, code, body = raw(
        emulator, {"Action": "DescribeTrafficMirrorFilters", "TrafficMirrorFilterId.1": f"tmf-{GONE}"}
    )
    assert (status, code) == (400, "InvalidTrafficMirrorFilterId.NotFound")
    error = "<Errors><Error><Code>[^<]+</Code><Message>[^<]+</Message></Error></Errors>"
    assert re.search(f"<Response>{error}<RequestID>[^<]+</RequestID></Response>$", body)


def test_reply_has_no_token_without_request_token(emulator: Emulator) -> None:
    status, _code, body = raw(emulator, {"Action": "CreateTrafficMirrorFilter"})
    assert status == 200
    assert "clientToken" not in body
    assert '<CreateTrafficMirrorFilterResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">' in body


def test_unsigned_and_unknown_requests(emulator: Emulator) -> None:
    assert raw(emulator, {"Action": "DescribeTrafficMirrorFilters"}, signed=False)[:2] == (401, "AuthFailure")
    assert raw(emulator, {"Action": "ModifyTrafficMirrorTarget"})[:2] == (400, "InvalidAction")


def test_repeated_token_replays_reply(ec2: Any) -> None:
    first = without_metadata(ec2.create_traffic_mirror_filter(Description="d", ClientToken="t"))
    assert without_metadata(ec2.create_traffic_mirror_filter(Description="d", ClientToken="t")) == first
    assert len(ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]) == 2
    with refused("IdempotentParameterMismatch"):
        ec2.create_traffic_mirror_filter(Description="e", ClientToken="t")
    # A replay after the deletion does not create the resource again.
    ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=first["TrafficMirrorFilter"]["TrafficMirrorFilterId"])
    assert without_metadata(ec2.create_traffic_mirror_filter(Description="d", ClientToken="t")) == first
    assert len(ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]) == 1


def test_repeated_token_creates_no_duplicate_session(ec2: Any) -> None:
    assert session(ec2, ClientToken="t") == session(ec2, ClientToken="t")
    with refused("InvalidParameterValue"):
        session(ec2, ClientToken="u")
    # A failed request does not consume the token.
    session(ec2, number=2, ClientToken="u")


def test_dry_run_does_not_consume_token(ec2: Any) -> None:
    with refused("DryRunOperation"):
        ec2.create_traffic_mirror_filter(ClientToken="t", DryRun=True)
    ec2.create_traffic_mirror_filter(ClientToken="t", Description="d")


def test_tokens_are_per_action(ec2: Any) -> None:
    made = ec2.create_traffic_mirror_filter(ClientToken="t")
    assert made["ClientToken"] == "t"
    assert session(ec2, ClientToken="t")["TrafficMirrorSessionId"].startswith("tms-")
