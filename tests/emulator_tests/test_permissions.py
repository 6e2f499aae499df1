# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies of users and roles: which action is checked on which resources, and what a refusal says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import (
    DB,
    ENDPOINT,
    FILTER,
    NLB_B,
    OTHER,
    OWNER,
    RULE,
    SENSOR,
    SENSOR_B,
    TARGET,
    WEB,
    eni_target,
    new_filter,
    refused,
    rule_request,
    session,
    tag_spec,
)
from tests.emulator_tests.test_roles import assume, client_with, trust

Clients = Callable[..., Any]
ARN = f"arn:aws:ec2:eu-west-1:{OWNER}:"
TAGS = [{"Key": "a", "Value": "b"}]


def allow(*actions: str, on: Any = "*", effect: str = "Allow") -> dict[str, Any]:
    """A statement."""
    return {"Effect": effect, "Action": [f"ec2:{action}" for action in actions], "Resource": on}


class User:
    """An IAM user of the lab's account: .ec2 is a client of its own, .may(statements) gives it its only policy."""

    def __init__(self, emulator: Emulator, iam: Any) -> None:
        self._iam = iam
        env = emulator.user({"Version": "2012-10-17", "Statement": [allow("*")]})
        self.key = env["AWS_ACCESS_KEY_ID"]
        self.ec2 = boto3.client(
            "ec2",
            region_name="eu-west-1",
            endpoint_url=emulator.url,
            aws_access_key_id=self.key,
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )

    def may(self, *statements: Any) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self._iam.put_user_policy(UserName="mirror", PolicyName="only", PolicyDocument=policy)


@pytest.fixture
def user(emulator: Emulator, clients: Clients) -> User:
    return User(emulator, clients(service="iam"))


def calls(root: Any) -> dict[str, tuple[Callable[[Any], Any], list[str]]]:
    """A call of each action and the ARNs, without their beginning, that it is checked on."""
    on_web = session(root, WEB)["TrafficMirrorSessionId"]
    second, third = new_filter(root), new_filter(root)
    endpoint = {"GatewayLoadBalancerEndpointId": ENDPOINT}
    spare = eni_target(root, SENSOR_B)
    new_rule = {**rule_request(), "TrafficMirrorFilterId": second}
    rule = root.create_traffic_mirror_filter_rule(**new_rule)["TrafficMirrorFilterRule"]["TrafficMirrorFilterRuleId"]
    the_filter, the_target = f"traffic-mirror-filter/{FILTER}", f"traffic-mirror-target/{TARGET}"
    a_session, a_rule = f"traffic-mirror-session/{on_web}", f"traffic-mirror-filter-rule/{RULE}"
    return {
        "CreateTrafficMirrorFilter": (new_filter, ["traffic-mirror-filter/*"]),
        "CreateTrafficMirrorFilterRule": (
            lambda ec2: ec2.create_traffic_mirror_filter_rule(**rule_request()),
            [the_filter, "traffic-mirror-filter-rule/*"],
        ),
        "CreateTrafficMirrorSession": (
            lambda ec2: session(ec2, DB),
            [f"network-interface/{DB}", the_filter, "traffic-mirror-session/*", the_target],
        ),
        "CreateTrafficMirrorTarget": (
            lambda ec2: eni_target(ec2, SENSOR),
            ["traffic-mirror-target/*", f"network-interface/{SENSOR}"],
        ),
        "CreateTrafficMirrorTarget endpoint": (
            lambda ec2: ec2.create_traffic_mirror_target(**endpoint),
            ["traffic-mirror-target/*", f"vpc-endpoint/{ENDPOINT}"],
        ),
        "CreateTrafficMirrorTarget balancer": (
            lambda ec2: ec2.create_traffic_mirror_target(NetworkLoadBalancerArn=NLB_B),
            ["traffic-mirror-target/*"],
        ),
        "ModifyTrafficMirrorSession": (
            lambda ec2: ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=on_web, Description="new"),
            [a_session],
        ),
        "ModifyTrafficMirrorSession both": (
            lambda ec2: ec2.modify_traffic_mirror_session(
                TrafficMirrorSessionId=on_web, TrafficMirrorFilterId=second, TrafficMirrorTargetId=spare
            ),
            [a_session, f"traffic-mirror-filter/{second}", f"traffic-mirror-target/{spare}"],
        ),
        "ModifyTrafficMirrorFilterNetworkServices": (
            lambda ec2: ec2.modify_traffic_mirror_filter_network_services(
                TrafficMirrorFilterId=FILTER, AddNetworkServices=["amazon-dns"]
            ),
            [the_filter],
        ),
        "ModifyTrafficMirrorFilterRule": (
            lambda ec2: ec2.modify_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId=RULE, Description="new"),
            [the_filter, a_rule],
        ),
        "CreateTags": (
            lambda ec2: ec2.create_tags(Resources=[FILTER, WEB], Tags=TAGS),
            [the_filter, f"network-interface/{WEB}"],
        ),
        "DeleteTags": (lambda ec2: ec2.delete_tags(Resources=[RULE, TARGET], Tags=TAGS), [a_rule, the_target]),
        "DeleteTrafficMirrorFilterRule": (
            lambda ec2: ec2.delete_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId=rule),
            [f"traffic-mirror-filter/{second}", f"traffic-mirror-filter-rule/{rule}"],
        ),
        "DeleteTrafficMirrorFilter": (
            lambda ec2: ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=third),
            [f"traffic-mirror-filter/{third}"],
        ),
        "DeleteTrafficMirrorSession": (
            lambda ec2: ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=on_web),
            [a_session],
        ),
        "DeleteTrafficMirrorTarget": (
            lambda ec2: ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=spare),
            [f"traffic-mirror-target/{spare}"],
        ),
    }


def test_every_resource_must_be_allowed_and_no_other(user: User, ec2: Any) -> None:
    for name, (call, resources) in calls(ec2).items():
        action, arns = name.partition(" ")[0], [ARN + resource for resource in resources]
        for missing in arns:
            user.may(allow(action, on=[arn for arn in arns if arn != missing] or [f"{ARN}nothing/*"]))
            words = f"user/mirror is not authorized to perform: ec2:{action} on resource: {missing} because no identity"
            with refused("UnauthorizedOperation", words):
                call(user.ec2)
        user.may(allow(action, on=arns))
        call(user.ec2)


def test_actions_that_describe_have_no_resource(user: User) -> None:
    user.may(allow("DescribeTrafficMirrorTargets"), allow("DescribeTrafficMirrorFilters", on=f"{ARN}*"))
    user.ec2.describe_traffic_mirror_targets()
    for denied in (
        "DescribeTrafficMirrorFilters",
        "DescribeTrafficMirrorSessions",
        "DescribeVpcs",
        "DescribeInstances",
    ):
        words = f"is not authorized to perform: ec2:{denied} because no identity-based policy allows the ec2:{denied}"
        with refused("UnauthorizedOperation", words):
            user.ec2._make_api_call(denied, {})


def test_tags_of_a_new_object_are_an_action_of_their_own(user: User) -> None:
    user.may(allow("CreateTrafficMirror*"), allow("CreateTags", on=f"{ARN}traffic-mirror-target/*"))
    with refused("UnauthorizedOperation", f"ec2:CreateTags on resource: {ARN}traffic-mirror-session/*"):
        session(user.ec2, TagSpecifications=tag_spec("session", a="b"))
    session(user.ec2)
    eni_target(user.ec2, TagSpecifications=tag_spec("target", a="b"))


def test_a_deny_wins(user: User) -> None:
    user.may(allow("*"), allow("Delete*", on=f"{ARN}traffic-mirror-filter/*", effect="Deny"))
    words = f"ec2:DeleteTrafficMirrorFilter on resource: {ARN}traffic-mirror-filter/{FILTER} with an explicit deny"
    with refused("UnauthorizedOperation", words):
        user.ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=FILTER)
    user.ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGET)


def test_a_dry_run_is_checked_the_same(user: User) -> None:
    user.may(allow("CreateTrafficMirrorSession"))
    with refused("DryRunOperation"):
        session(user.ec2, DryRun=True)
    with refused("UnauthorizedOperation", "ec2:DeleteTrafficMirrorTarget"):
        user.ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGET, DryRun=True)


def test_a_shared_target_is_its_owners(user: User, emulator: Emulator, clients: Clients) -> None:
    emulator.seed(OTHER)
    shared = eni_target(clients(OTHER))
    emulator.share(shared, OWNER)
    user.may(allow("CreateTrafficMirrorSession", on=f"{ARN}*"))
    words = f"on resource: arn:aws:ec2:eu-west-1:{OTHER}:traffic-mirror-target/{shared}"
    with refused("UnauthorizedOperation", words):
        session(user.ec2, TrafficMirrorTargetId=shared)
    others = f"arn:aws:ec2:eu-west-1:{OTHER}:traffic-mirror-target/*"
    user.may(allow("CreateTrafficMirrorSession", on=[f"{ARN}*", others]))
    session(user.ec2, TrafficMirrorTargetId=shared)


def test_a_role_has_its_own_policy(emulator: Emulator, clients: Clients) -> None:
    emulator.seed(OTHER)
    trust(clients, OWNER)
    credentials = assume(clients(service="sts"))
    ec2 = client_with(emulator, credentials, "ec2", credentials["SessionToken"])
    session(ec2)
    iam = clients(OTHER, service="iam")
    iam.delete_role_policy(RoleName="mirror", PolicyName="all")
    words = (
        f"User: arn:aws:sts::{OTHER}:assumed-role/mirror/test is not authorized to perform: ec2:DescribeVpcs because"
    )
    with refused("UnauthorizedOperation", words):
        ec2.describe_vpcs()
    # A managed policy counts like one of its own.
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow("DescribeVpcs")]})
    managed = iam.create_policy(PolicyName="look", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="mirror", PolicyArn=managed)
    ec2.describe_vpcs()


def test_keys_of_nobody_are_the_root_users(user: User, ec2: Any) -> None:
    user.may(allow("DescribeVpcs"))
    assert session(ec2)["OwnerId"] == OWNER


def test_users_assume_roles(user: User, emulator: Emulator, clients: Clients) -> None:
    trust(clients, f"arn:aws:iam::{OWNER}:user/mirror")
    with refused("AccessDenied", "user/x is not authorized"):
        assume(clients(service="sts"))
    assert assume(client_with(emulator, {"AccessKeyId": user.key, "SecretAccessKey": "x"}, "sts", None))


@pytest.mark.parametrize(
    "unknown",
    [
        {"Condition": {"StringEquals": {"aws:ResourceTag/Team": "netsec"}}},
        {"Action": "ec2:describeVpcs"},
        {"Resource": "arn:aws:ec2:eu-west-?:123456789012:vpc/*"},
        {"Resource": "arn:aws:ec2:*:123456789012:vpc/${aws:username}"},
    ],
)
def test_a_statement_that_is_not_understood_is_a_defect(user: User, unknown: dict[str, Any]) -> None:
    user.may(allow("*"), {**allow("DescribeVpcs", effect="Deny"), **unknown})
    with refused("InternalError", "does not know what this statement means"):
        user.ec2.describe_vpcs()


def test_all_but_some_actions_is_not_understood(user: User) -> None:
    user.may({"Effect": "Allow", "NotAction": "ec2:Delete*", "Resource": "*"})
    with refused("InternalError", "does not know what this statement means"):
        user.ec2.describe_vpcs()


def test_an_action_whose_resources_are_not_known_is_a_defect(user: User) -> None:
    with refused("InternalError", "does not know which resources CreateVpc is checked on"):
        user.ec2.create_vpc(CidrBlock="10.0.0.0/16")


def test_session_policies_are_not_understood(emulator: Emulator, clients: Clients) -> None:
    trust(clients, OWNER)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow("*")]})
    credentials = assume(clients(service="sts"), Policy=policy)
    with refused("InternalError", "session policies"):
        client_with(emulator, credentials, "ec2", credentials["SessionToken"]).describe_vpcs()
