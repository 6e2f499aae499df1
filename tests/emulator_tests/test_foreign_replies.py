# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies that are not EC2's, request ids, unknown actions and expired credentials."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from typing import Any

import botocore.exceptions
import botocore.parsers
import pytest

from tests.emulator import gates, identity
from tests.emulator.client import Emulator
from tests.emulator.replies import BODIES
from tests.emulator_tests.helpers import OWNER, raw, refused, session


def send(emulator: Emulator, form: str, service: str = "ec2") -> tuple[int, str, str]:
    """Send a form without botocore. Returns (HTTP status, x-amzn-requestid, body)."""
    scope = f"{identity.access_key(OWNER)}/20260101/eu-west-1/{service}/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Host": f"{service}.eu-west-1.amazonaws.com",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    request = urllib.request.Request(emulator.url + "/", data=form.encode(), headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as reply:
            return reply.status, reply.headers.get("x-amzn-requestid", ""), reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("x-amzn-requestid", ""), error.read().decode()


@pytest.mark.parametrize(
    ("service", "form"),
    [
        ("ec2", "Version=2016-11-15&Action=DescribeTrafficMirrorSessions"),
        ("ec2", "Version=2016-11-15&Action=DescribeTrafficMirrorSessions&TrafficMirrorSessionId.1=tms-x"),
        ("ec2", "Version=2016-11-15&Action=DescribeNetworkInterfaces"),
        ("ec2", "Version=2016-11-15&Action=DescribeVpcs"),
        ("ec2", "Version=2016-11-15&Action=DescribeVpcs&VpcId.1=vpc-1"),
        ("ec2", "Version=2016-11-15&Action=Nonsense"),
        ("sts", "Version=2011-06-15&Action=GetCallerIdentity"),
        ("sts", "Version=2011-06-15&Action=AssumeRole&RoleArn=x&RoleSessionName=y"),
        ("elasticloadbalancing", "Version=2015-12-01&Action=DescribeLoadBalancers"),
        ("elasticloadbalancing", "Version=2015-12-01&Action=DeleteLoadBalancer&LoadBalancerArn=x"),
        ("iam", "Version=2010-05-08&Action=ListUsers"),
    ],
)
def test_every_reply_has_its_request_id(emulator: Emulator, service: str, form: str) -> None:
    _status, header, body = send(emulator, form, service)
    found = re.search(r"<requestid>([^<]+)</requestid>", body, re.IGNORECASE)
    assert header
    assert found is not None
    assert header == found.group(1)


def test_clients_read_the_request_id(ec2: Any) -> None:
    metadata = ec2.describe_traffic_mirror_targets()["ResponseMetadata"]
    assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amzn-requestid"]
    with refused("InvalidParameterValue") as caught:
        session(ec2, number=0)
    metadata = caught.value.response["ResponseMetadata"]
    assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amzn-requestid"]


@pytest.mark.parametrize("action", ["Nonsense", "CreateTrafficMirrorTap", "describeVpcs", "DescribeVPCs", ""])
def test_unknown_action(emulator: Emulator, action: str) -> None:
    status, code, _body = raw(emulator, {"Action": action})
    assert (status, code) == (400, "InvalidAction")


def test_request_without_action(emulator: Emulator) -> None:
    status, code, _body = raw(emulator, {})
    assert (status, code) == (400, "MissingAction")


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("status", [200, 403, 502])
@pytest.mark.parametrize("executed", [False, True])
def test_replaced_reply(ec2: Any, emulator: Emulator, body: str, status: int, executed: bool) -> None:
    emulator.settings(
        replace_replies={"CreateTrafficMirrorSession": {"body": body, "status": status, "executed": executed}}
    )
    emulator.clear_log()
    # An empty reply with status 200 has no rows; botocore accepts it, and helpers.session misses the member.
    errors = (botocore.parsers.ResponseParserError, botocore.exceptions.ClientError, KeyError)
    with pytest.raises(errors):
        session(ec2, ClientToken="t")
    (entry,) = emulator.log()
    assert (entry["code"], entry["replaced"]) == ("OK" if executed else "", True)
    assert len(ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == int(executed)
    session(ec2, ClientToken="t")
    assert len(ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == 1


def test_every_reply_can_be_replaced(ec2: Any, emulator: Emulator, clients: Any) -> None:
    emulator.settings(replace_replies={"*": {"count": 3, "body": "html", "status": 200}})
    for call in (
        ec2.describe_vpcs,
        ec2.describe_traffic_mirror_filters,
        clients(service="sts").get_caller_identity,
    ):
        with pytest.raises(botocore.parsers.ResponseParserError):
            call()
    ec2.describe_vpcs()


def test_reply_of_a_refused_call_can_be_replaced(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(replace_replies={"CreateTrafficMirrorSession": {"body": "text", "executed": True}})
    emulator.clear_log()
    with pytest.raises((botocore.parsers.ResponseParserError, botocore.exceptions.ClientError)):
        session(ec2, number=0)
    assert [entry["code"] for entry in emulator.log()] == ["InvalidParameterValue"]


def test_expired_credentials(ec2: Any, emulator: Emulator, clients: Any) -> None:
    emulator.settings(credential_calls=2)
    session(ec2)
    ec2.describe_traffic_mirror_sessions()
    for _time in "12":
        with refused("RequestExpired") as caught:
            ec2.describe_traffic_mirror_sessions()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with refused("RequestExpired"):
        ec2.describe_vpcs()
    with refused("ExpiredToken") as caught:
        clients(service="sts").get_caller_identity()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    with refused("ExpiredToken"):
        clients(service="elbv2").describe_load_balancers()
    with refused("ExpiredTokenException"):
        clients(service="resourcegroupstaggingapi").get_resources()
    emulator.settings(credential_calls=None)
    assert len(ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == 1


@pytest.mark.parametrize(
    ("action", "parameters", "limit"),
    [
        ("DescribeTrafficMirrorSessions", {}, (100, 20)),
        ("DescribeTrafficMirrorFilterRules", {}, (100, 20)),
        ("DescribeInstances", {}, (50, 10)),
        ("DescribeInstances", {"DryRun": False}, (50, 10)),
        ("DescribeInstances", {"MaxResults": 5}, (100, 20)),
        ("DescribeInstances", {"InstanceIds": ["i-1"]}, (100, 20)),
        ("DescribeNetworkInterfaces", {}, (50, 10)),
        ("DescribeNetworkInterfaces", {"Filters": [{}]}, (100, 20)),
        ("DescribeSecurityGroups", {}, (50, 10)),
        ("DescribeSubnets", {}, (100, 20)),
        ("DescribeVpcEndpoints", {}, (100, 20)),
        ("DescribeTags", {}, (100, 20)),
        ("GetConsoleOutput", {"InstanceId": "i-1"}, (100, 20)),
        ("CreateTags", {}, (100, 10)),
        ("DeleteTags", {}, (100, 10)),
        ("CreateTrafficMirrorSession", {}, (50, 5)),
        ("StopInstances", {}, (50, 5)),
    ],
)
def test_every_action_has_its_bucket(action: str, parameters: dict[str, Any], limit: tuple[int, int]) -> None:
    assert gates.published_limit(action, parameters) == limit


def test_buckets_of_moto_actions(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(throttle="published")
    with refused("RequestLimitExceeded"):
        for _time in range(90):
            ec2.delete_key_pair(KeyName="none")
    ec2.describe_subnets()
