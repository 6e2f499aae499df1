# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Visibility and permissions across accounts and regions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator import identity
from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import (
    FILTER,
    OTHER,
    OWNER,
    TARGET,
    WEB,
    eni_target,
    new_filter,
    refused,
    session,
    tag_spec,
)

Clients = Callable[..., Any]


@pytest.mark.parametrize("account", ["123456789012", "000000000001", "999999999999", OTHER])
def test_keys_encode_accounts(account: str) -> None:
    key = identity.access_key(account)
    assert re.fullmatch("AKIA[A-Z2-7]{16}", key)
    assert identity.account_of(key, {}) == account
    assert identity.account_of(key, {key: "111111111111"}) == "111111111111"


@pytest.mark.parametrize("key", ["testing", "AKIAIOSFODNN7EXAMPLE", ""])
def test_other_keys_belong_to_the_default_account(key: str) -> None:
    assert identity.account_of(key, {}) == OWNER


def test_account_is_decoded_from_access_key(emulator: Emulator, clients: Clients) -> None:
    for account in (OWNER, OTHER):
        assert clients(account, service="sts").get_caller_identity()["Account"] == account
    emulator.settings(accounts={identity.access_key(OTHER): "333333333333"})
    assert clients(OTHER, service="sts").get_caller_identity()["Account"] == "333333333333"


@pytest.mark.parametrize(
    ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("us-east-1", "aws")]
)
def test_lab_in_another_region(emulator: Emulator, clients: Clients, region: str, partition: str) -> None:
    ec2 = clients(region=region)
    assert ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"] == []
    lab = emulator.seed(region=region)
    target = ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"][0]
    assert target["NetworkLoadBalancerArn"] == lab["load_balancers"]["sensors"]
    assert lab["load_balancers"]["sensors"].startswith(f"arn:{partition}:elasticloadbalancing:{region}:{OWNER}:")
    session(ec2)
    other = ec2.create_traffic_mirror_target(NetworkLoadBalancerArn=lab["load_balancers"]["sensors-b"])
    assert other["TrafficMirrorTarget"]["Type"] == "network-load-balancer"
    assert clients().describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []


def test_accounts_are_isolated(clients: Clients) -> None:
    mine, theirs = clients(), clients(OTHER)
    made = session(mine)["TrafficMirrorSessionId"]
    for kind in ("sessions", "filters", "filter_rules", "targets"):
        reply = getattr(theirs, f"describe_traffic_mirror_{kind}")()
        assert [value for name, value in reply.items() if name.startswith("Traffic")] == [[]]
    with refused("InvalidTrafficMirrorSessionId.NotFound"):
        theirs.delete_traffic_mirror_session(TrafficMirrorSessionId=made)
    with refused("InvalidID"):
        theirs.create_tags(Resources=[made], Tags=[{"Key": "a", "Value": "b"}])
    assert FILTER not in [row["ResourceId"] for row in theirs.describe_tags()["Tags"]]


def test_source_interface_must_belong_to_caller(clients: Clients) -> None:
    theirs = clients(OTHER)
    made = new_filter(theirs)
    with refused("InvalidNetworkInterfaceID.NotFound"):
        session(theirs, WEB, TrafficMirrorFilterId=made)
    with refused("InvalidTrafficMirrorTarget"):
        eni_target(theirs)


@pytest.fixture
def shared(emulator: Emulator, clients: Clients) -> str:
    """Return a target of the lab's account that is shared with the other account, which also has a lab."""
    emulator.seed(OTHER)
    target = eni_target(clients(), TagSpecifications=tag_spec("target", secret="x"))
    emulator.share(target, OTHER)
    return target


def test_shared_target_can_be_described_and_used(clients: Clients, shared: str) -> None:
    mine, theirs = clients(), clients(OTHER)
    row = theirs.describe_traffic_mirror_targets(TrafficMirrorTargetIds=[shared])["TrafficMirrorTargets"][0]
    assert (row["OwnerId"], row["Tags"]) == (OWNER, [])
    assert mine.describe_traffic_mirror_targets(TrafficMirrorTargetIds=[shared])["TrafficMirrorTargets"][0]["Tags"]
    made = session(theirs, TrafficMirrorTargetId=shared, TagSpecifications=tag_spec("session", secret="y"))
    assert made["OwnerId"] == OTHER
    # The owner of the target can describe the session that uses it.
    seen = mine.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert seen == [{**made, "Tags": []}]
    with refused("TrafficMirrorTargetInUse"):
        mine.delete_traffic_mirror_target(TrafficMirrorTargetId=shared)


def test_shared_resources_cannot_be_changed(clients: Clients, shared: str) -> None:
    mine, theirs = clients(), clients(OTHER)
    made = session(theirs, TrafficMirrorTargetId=shared)["TrafficMirrorSessionId"]
    with refused("UnauthorizedOperation"):
        theirs.delete_traffic_mirror_target(TrafficMirrorTargetId=shared)
    with refused("UnauthorizedOperation"):
        theirs.create_tags(Resources=[shared], Tags=[{"Key": "a", "Value": "b"}])
    with refused("UnauthorizedOperation"):
        mine.modify_traffic_mirror_session(TrafficMirrorSessionId=made, SessionNumber=2)
    with refused("UnauthorizedOperation"):
        mine.delete_traffic_mirror_session(TrafficMirrorSessionId=made)
    assert theirs.describe_traffic_mirror_sessions()["TrafficMirrorSessions"][0]["SessionNumber"] == 1


def test_unshared_target_keeps_sessions(emulator: Emulator, clients: Clients, shared: str) -> None:
    theirs = clients(OTHER)
    made = session(theirs, TrafficMirrorTargetId=shared)["TrafficMirrorSessionId"]
    emulator.share(shared)
    with refused("InvalidTrafficMirrorTargetId.NotFound"):
        theirs.describe_traffic_mirror_targets(TrafficMirrorTargetIds=[shared])
    with refused("InvalidTrafficMirrorTargetId.NotFound"):
        session(theirs, number=2, TrafficMirrorTargetId=shared)
    # The session still exists, and its target can be changed.
    assert theirs.describe_traffic_mirror_sessions()["TrafficMirrorSessions"][0]["TrafficMirrorTargetId"] == shared
    theirs.modify_traffic_mirror_session(TrafficMirrorSessionId=made, TrafficMirrorTargetId=TARGET)
    clients().delete_traffic_mirror_target(TrafficMirrorTargetId=shared)


def test_only_targets_can_be_shared(emulator: Emulator) -> None:
    for wrong in (FILTER, "tmt-junk", "vpc-1"):
        with pytest.raises(ValueError, match=r"only targets|no"):
            emulator.share(wrong, OTHER)
