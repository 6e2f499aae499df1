# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AWS CLI as a client. It bundles botocore, so it shares no code with boto3."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import FILTER, GONE, NLB_B, TARGET, WEB

AWS = pathlib.Path(sys.executable).with_name("aws")

pytestmark = pytest.mark.skipif(not AWS.exists(), reason="no aws command beside this Python")


def aws(emulator: Emulator, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_PAGER": "", **emulator.env}
    command = [sys.executable, str(AWS), "ec2", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def data(emulator: Emulator, *arguments: str) -> Any:
    result = aws(emulator, *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout) if result.stdout else None


def test_session_lifecycle(emulator: Emulator) -> None:
    made = data(
        emulator, "create-traffic-mirror-filter", "--description", "by hand",
        "--tag-specifications", "ResourceType=traffic-mirror-filter,Tags=[{Key=Name,Value=cli}]",
        "--query", "TrafficMirrorFilter.[TrafficMirrorFilterId,Description,Tags[0].Value]",
    )  # fmt: skip
    assert made[1:] == ["by hand", "cli"]
    traffic_mirror_filter = made[0]
    rule = data(
        emulator, "create-traffic-mirror-filter-rule", "--traffic-mirror-filter-id", traffic_mirror_filter,
        "--traffic-direction", "ingress", "--rule-number", "1", "--rule-action", "accept", "--protocol", "6",
        "--destination-port-range", "FromPort=443,ToPort=443",
        "--source-cidr-block", "10.0.0.0/8", "--destination-cidr-block", "0.0.0.0/0",
    )["TrafficMirrorFilterRule"]  # fmt: skip
    assert rule["DestinationPortRange"] == {"FromPort": 443, "ToPort": 443}
    target = data(
        emulator, "create-traffic-mirror-target", "--network-load-balancer-arn", NLB_B,
        "--query", "TrafficMirrorTarget.TrafficMirrorTargetId",
    )  # fmt: skip
    session = data(
        emulator, "create-traffic-mirror-session", "--network-interface-id", WEB, "--session-number", "1",
        "--traffic-mirror-target-id", target, "--traffic-mirror-filter-id", traffic_mirror_filter,
        "--packet-length", "128",
    )["TrafficMirrorSession"]  # fmt: skip
    shown = data(
        emulator, "describe-traffic-mirror-sessions", "--filters", "Name=session-number,Values=1,2",
        "--query", "TrafficMirrorSessions[].[TrafficMirrorSessionId,PacketLength,VirtualNetworkId]",
    )  # fmt: skip
    assert shown == [[session["TrafficMirrorSessionId"], 128, session["VirtualNetworkId"]]]
    changed = data(
        emulator, "modify-traffic-mirror-session",
        "--traffic-mirror-session-id", session["TrafficMirrorSessionId"], "--remove-fields", "packet-length",
    )["TrafficMirrorSession"]  # fmt: skip
    assert (changed["PacketLength"], changed["Tags"]) == (8500, [])
    data(emulator, "delete-traffic-mirror-session", "--traffic-mirror-session-id", session["TrafficMirrorSessionId"])
    data(emulator, "delete-traffic-mirror-target", "--traffic-mirror-target-id", target)
    data(emulator, "delete-traffic-mirror-filter", "--traffic-mirror-filter-id", traffic_mirror_filter)
    actions = [entry["action"] for entry in emulator.log()]
    assert actions[-3:] == ["DeleteTrafficMirrorSession", "DeleteTrafficMirrorTarget", "DeleteTrafficMirrorFilter"]
    assert {entry["code"] for entry in emulator.log()} == {"OK"}


def test_cli_reports_errors(emulator: Emulator) -> None:
    cases = [
        (("describe-traffic-mirror-targets", "--traffic-mirror-target-ids", f"tmt-{GONE}"),
         "(InvalidTrafficMirrorTargetId.NotFound)"),
        (("delete-traffic-mirror-filter", "--traffic-mirror-filter-id", FILTER, "--dry-run"), "(DryRunOperation)"),
        (("describe-traffic-mirror-filters", "--filters", "Name=tag:Name,Values=x"), "(InvalidParameterValue)"),
    ]  # fmt: skip
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda case: aws(emulator, *case[0]), cases))
    for result, (_arguments, code) in zip(results, cases, strict=True):
        assert result.returncode != 0
        assert code in result.stderr
    assert len(data(emulator, "describe-traffic-mirror-filters")["TrafficMirrorFilters"]) == 1
    assert TARGET in aws(emulator, "describe-tags", "--output", "text").stdout
