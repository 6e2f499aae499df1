# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers: ids of the lab, functions that create resources, and checks of errors."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import identity
from tests.emulator.client import Emulator

WEB = "eni-0a1b2c3d4e5f60718"
APP_1, APP_2, APP_3 = (f"eni-0a1b2c3d4e5f6072{n}" for n in (1, 2, 3))
OLD = "eni-0a1b2c3d4e5f60731"
SENSOR = "eni-0a1b2c3d4e5f60741"
SENSOR_B = "eni-0a1b2c3d4e5f60742"
DB = "eni-0a1b2c3d4e5f60751"
UNATTACHED = "eni-0a1b2c3d4e5f60761"
FILTER = "tmf-0a1b2c3d4e5f60718"
RULE = "tmfr-0a1b2c3d4e5f60718"
TARGET = "tmt-0a1b2c3d4e5f60718"
ENDPOINT = "vpce-0a1b2c3d4e5f60771"
NLB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors/0a1b2c3d4e5f6071"
NLB_B = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors-b/0a1b2c3d4e5f6072"
VPC = "vpc-0a1b2c3d4e5f60701"
SUBNET = "subnet-0a1b2c3d4e5f60711"
GONE = "0123456789abcdef0"
OWNER = "123456789012"
OTHER = "210987654321"


@contextmanager
def refused(code: str, text: str = "") -> Iterator[pytest.ExceptionInfo[ClientError]]:
    """Expect an error with exactly this code, and the text in the message."""
    with pytest.raises(ClientError) as caught:
        yield caught
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert text in error["Message"]


def session(ec2: Any, eni: str = WEB, number: int = 1, **more: Any) -> dict[str, Any]:
    """Create a session with the lab's target and filter."""
    given = {"TrafficMirrorTargetId": TARGET, "TrafficMirrorFilterId": FILTER, **more}
    made = ec2.create_traffic_mirror_session(NetworkInterfaceId=eni, SessionNumber=number, **given)
    result: dict[str, Any] = made["TrafficMirrorSession"]
    return result


def eni_target(ec2: Any, eni: str = SENSOR, **more: Any) -> str:
    """Create a target with an interface. Returns the id."""
    made = ec2.create_traffic_mirror_target(NetworkInterfaceId=eni, **more)
    return str(made["TrafficMirrorTarget"]["TrafficMirrorTargetId"])


def new_filter(ec2: Any, **more: Any) -> str:
    """Create a filter without rules. Returns the id."""
    return str(ec2.create_traffic_mirror_filter(**more)["TrafficMirrorFilter"]["TrafficMirrorFilterId"])


def rule_request(**more: Any) -> dict[str, Any]:
    """Return the parameters of a rule for the lab's filter."""
    return {
        "TrafficMirrorFilterId": FILTER,
        "TrafficDirection": "ingress",
        "RuleNumber": 200,
        "RuleAction": "accept",
        "SourceCidrBlock": "10.0.0.0/8",
        "DestinationCidrBlock": "0.0.0.0/0",
        **more,
    }


def tag_spec(resource_type: str, **tags: str) -> list[dict[str, Any]]:
    """Return TagSpecifications for a mirroring resource type."""
    return [
        {"ResourceType": f"traffic-mirror-{resource_type}", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
    ]


def without_metadata(reply: dict[str, Any]) -> dict[str, Any]:
    """Return a reply without botocore's ResponseMetadata."""
    return {name: value for name, value in reply.items() if name != "ResponseMetadata"}


def raw(emulator: Emulator, form: dict[str, str], signed: bool = True) -> tuple[int, str, str]:
    """Send a form without botocore. Returns (HTTP status, error code or "", body)."""
    scope = f"{identity.access_key(OWNER)}/20260101/eu-west-1/ec2/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    data = urllib.parse.urlencode({"Version": "2016-11-15", **form}).encode()
    request = urllib.request.Request(emulator.url + "/", data=data, headers=headers if signed else {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as reply:
            status, body = reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read().decode()
    found = re.search(r"<Code>(.*?)</Code>", body)
    return status, found.group(1) if found else "", body
