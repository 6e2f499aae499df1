# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AssumeRole and temporary credentials."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.emulator import identity
from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import OTHER, OWNER, refused, session

Clients = Callable[..., Any]
ROLE = f"arn:aws:iam::{OTHER}:role/mirror"


def trust(clients: Clients, *principals: str, external_id: str = "", name: str = "mirror", **more: Any) -> None:
    """Create a role in the other account that trusts the principals."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": list(principals)}}
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": external_id}}} if external_id else {}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, **condition, **more}]}
    iam = clients(OTHER, service="iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(everything))


def assume(sts: Any, **more: Any) -> dict[str, str]:
    """Assume the role. Returns the credentials."""
    reply = sts.assume_role(**{"RoleArn": ROLE, "RoleSessionName": "test", **more})
    result: dict[str, str] = reply["Credentials"]
    return result


def client_with(
    emulator: Emulator, credentials: dict[str, str], service: str, token: str | None, region: str = "eu-west-1"
) -> Any:
    """Return a client with these credentials and this session token."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=emulator.url,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize("principal", [OWNER, f"arn:aws:iam::{OWNER}:root", f"arn:aws:iam::{OWNER}:user/x"])
def test_assumed_role_uses_its_account(emulator: Emulator, clients: Clients, principal: str) -> None:
    trust(clients, principal)
    emulator.seed(OTHER, "us-east-1")
    credentials = assume(clients(service="sts"))
    assert identity.account_of(credentials["AccessKeyId"], {}) == OTHER
    assert credentials["AccessKeyId"].startswith("ASIA")

    who = client_with(emulator, credentials, "sts", credentials["SessionToken"]).get_caller_identity()
    assert (who["Account"], who["Arn"]) == (OTHER, f"arn:aws:sts::{OTHER}:assumed-role/mirror/test")
    made = session(client_with(emulator, credentials, "ec2", credentials["SessionToken"], "us-east-1"))
    assert made["OwnerId"] == OTHER
    assert len(clients(OTHER, "us-east-1").describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == 1
    assert clients().describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []


def test_temporary_key_requires_session_token(emulator: Emulator, clients: Clients) -> None:
    trust(clients, OWNER)
    credentials, others = assume(clients(service="sts")), assume(clients(service="sts"))
    assert credentials["SessionToken"] != others["SessionToken"]
    unknown = {**credentials, "AccessKeyId": identity.access_key(OTHER).replace("AKIA", "ASIA")}
    for given, token in [
        (credentials, None),
        (credentials, "wrong"),
        (credentials, others["SessionToken"]),
        (unknown, credentials["SessionToken"]),
    ]:
        for action in ("describe_traffic_mirror_sessions", "describe_instances"):
            with refused("AuthFailure", "not able to validate"):
                getattr(client_with(emulator, given, "ec2", token), action)()
        with refused("InvalidClientTokenId", "token included in the request is invalid"):
            client_with(emulator, given, "sts", token).get_caller_identity()
    emulator.reset()
    with refused("AuthFailure"):
        client_with(emulator, credentials, "ec2", credentials["SessionToken"]).describe_traffic_mirror_sessions()


def test_untrusted_caller_is_denied(clients: Clients) -> None:
    trust(clients, "333333333333", f"arn:aws:iam::{OWNER}:user/y")
    text = f"User: arn:aws:iam::{OWNER}:user/x is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    with refused("AccessDenied", text):
        assume(clients(service="sts"))
    # A nonexistent role and a denied role have the same error.
    with refused("AccessDenied", f"{text}s"):
        assume(clients(service="sts"), RoleArn=f"{ROLE}s")
    with refused("AccessDenied"):
        assume(clients(service="sts"), RoleArn=ROLE.replace("arn:aws:", "arn:aws-cn:"))
    assert assume(clients("333333333333", service="sts"))


def test_external_id_is_required(clients: Clients) -> None:
    trust(clients, OWNER, external_id="vtap-7")
    sts = clients(service="sts")
    for wrong in ({}, {"ExternalId": "vtap-8"}):
        with refused("AccessDenied", ROLE):
            assume(sts, **wrong)
    assert assume(sts, ExternalId="vtap-7")
    # An external id that the trust policy does not require is ignored.
    trust(clients, OWNER, name="open")
    assert assume(sts, RoleArn=f"arn:aws:iam::{OTHER}:role/open", ExternalId="vtap-7")


def test_role_chaining(emulator: Emulator, clients: Clients) -> None:
    trust(clients, OWNER)
    trust(clients, f"arn:aws:sts::{OTHER}:assumed-role/mirror/test", name="next")
    target = f"arn:aws:iam::{OTHER}:role/next"
    with refused("AccessDenied", "user/x is not"):
        assume(clients(service="sts"), RoleArn=target)
    first = assume(clients(service="sts"))
    second = assume(client_with(emulator, first, "sts", first["SessionToken"]), RoleArn=target)
    assert second["SessionToken"] != first["SessionToken"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"RoleArn": "mirror"},
        {"RoleArn": f"arn:aws:iam::{OTHER}:user/mirror"},
        {"RoleSessionName": "two words"},
        {"RoleSessionName": "x" * 65},
    ],
)
def test_invalid_assume_role_is_rejected(clients: Clients, wrong: dict[str, str]) -> None:
    trust(clients, OWNER)
    with refused("ValidationError"):
        assume(clients(service="sts"), **wrong)


@pytest.mark.parametrize(
    "unknown",
    [
        {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
        {"Effect": "Deny"},
        {"Principal": {"Service": "ec2.amazonaws.com"}},
    ],
)
def test_unsupported_trust_policy_is_internal_error(clients: Clients, unknown: dict[str, Any]) -> None:
    trust(clients, OWNER, **unknown)
    with refused("InternalError", "does not support this policy statement"):
        assume(clients(service="sts"))
