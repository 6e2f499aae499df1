# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM policies of users and roles: the resources each action is authorized on, and the error messages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

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
from tests.emulator_tests.users import User, allow

Clients = Callable[..., Any]
ARN = f"arn:aws:ec2:eu-west-1:{OWNER}:"
TAGS = [{"Key": "a", "Value": "b"}]


Authorized = dict[str, tuple[Callable[[Any], Any], list[str]]]
FILTER_ARN, TARGET_ARN = f"traffic-mirror-filter/{FILTER}", f"traffic-mirror-target/{TARGET}"
RULE_ARN = f"traffic-mirror-filter-rule/{RULE}"


def create_calls() -> Authorized:
    """Return a call of each Create action, and the resource parts of the ARNs that it is authorized on."""
    endpoint = {"GatewayLoadBalancerEndpointId": ENDPOINT}
    return {
        "CreateTrafficMirrorFilter": (new_filter, ["traffic-mirror-filter/*"]),
        "CreateTrafficMirrorFilterRule": (
            lambda ec2: ec2.create_traffic_mirror_filter_rule(**rule_request()),
            [FILTER_ARN, "traffic-mirror-filter-rule/*"],
        ),
        "CreateTrafficMirrorSession": (
            lambda ec2: session(ec2, DB),
            [f"network-interface/{DB}", FILTER_ARN, "traffic-mirror-session/*", TARGET_ARN],
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
    }


def modify_calls(session_id: str, filter_id: str, target_id: str) -> Authorized:
    """Return a call of each Modify action and of the tag actions, see create_calls.

    session_id: the session to modify. filter_id and target_id: a filter and a target that no session uses.
    """
    session_arn = f"traffic-mirror-session/{session_id}"
    return {
        "ModifyTrafficMirrorSession": (
            lambda ec2: ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session_id, Description="new"),
            [session_arn],
        ),
        "ModifyTrafficMirrorSession both": (
            lambda ec2: ec2.modify_traffic_mirror_session(
                TrafficMirrorSessionId=session_id, TrafficMirrorFilterId=filter_id, TrafficMirrorTargetId=target_id
            ),
            [session_arn, f"traffic-mirror-filter/{filter_id}", f"traffic-mirror-target/{target_id}"],
        ),
        "ModifyTrafficMirrorFilterNetworkServices": (
            lambda ec2: ec2.modify_traffic_mirror_filter_network_services(
                TrafficMirrorFilterId=FILTER, AddNetworkServices=["amazon-dns"]
            ),
            [FILTER_ARN],
        ),
        "ModifyTrafficMirrorFilterRule": (
            lambda ec2: ec2.modify_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId=RULE, Description="new"),
            [FILTER_ARN, RULE_ARN],
        ),
        "CreateTags": (
            lambda ec2: ec2.create_tags(Resources=[FILTER, WEB], Tags=TAGS),
            [FILTER_ARN, f"network-interface/{WEB}"],
        ),
        "DeleteTags": (lambda ec2: ec2.delete_tags(Resources=[RULE, TARGET], Tags=TAGS), [RULE_ARN, TARGET_ARN]),
    }


def delete_calls(session_id: str, filter_id: str, rule_filter_id: str, rule_id: str, target_id: str) -> Authorized:
    """Return a call of each Delete action for these resources, see create_calls. The rule is in rule_filter_id."""
    return {
        "DeleteTrafficMirrorFilterRule": (
            lambda ec2: ec2.delete_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId=rule_id),
            [f"traffic-mirror-filter/{rule_filter_id}", f"traffic-mirror-filter-rule/{rule_id}"],
        ),
        "DeleteTrafficMirrorFilter": (
            lambda ec2: ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=filter_id),
            [f"traffic-mirror-filter/{filter_id}"],
        ),
        "DeleteTrafficMirrorSession": (
            lambda ec2: ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=session_id),
            [f"traffic-mirror-session/{session_id}"],
        ),
        "DeleteTrafficMirrorTarget": (
            lambda ec2: ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=target_id),
            [f"traffic-mirror-target/{target_id}"],
        ),
    }


def calls(root: Any) -> Authorized:
    """Create the resources of modify_calls and delete_calls, and return all calls in the order to send them."""
    session_id = session(root, WEB)["TrafficMirrorSessionId"]
    second, third = new_filter(root), new_filter(root)
    target_id = eni_target(root, SENSOR_B)
    new_rule = {**rule_request(), "TrafficMirrorFilterId": second}
    rule_id = root.create_traffic_mirror_filter_rule(**new_rule)["TrafficMirrorFilterRule"]["TrafficMirrorFilterRuleId"]
    return {
        **create_calls(),
        **modify_calls(session_id, second, target_id),
        **delete_calls(session_id, third, second, rule_id, target_id),
    }


def test_each_action_requires_exactly_its_resources(user: User, ec2: Any) -> None:
    for name, (call, resources) in calls(ec2).items():
        action, arns = name.partition(" ")[0], [ARN + resource for resource in resources]
        for missing in arns:
            user.may(allow(action, on=[arn for arn in arns if arn != missing] or [f"{ARN}nothing/*"]))
            text = f"user/mirror is not authorized to perform: ec2:{action} on resource: {missing} because no identity"
            with refused("UnauthorizedOperation", text):
                call(user.ec2)
        user.may(allow(action, on=arns))
        call(user.ec2)


def test_describe_actions_have_no_resource(user: User) -> None:
    user.may(allow("DescribeTrafficMirrorTargets"), allow("DescribeTrafficMirrorFilters", on=f"{ARN}*"))
    user.ec2.describe_traffic_mirror_targets()
    for denied in (
        "DescribeTrafficMirrorFilters",
        "DescribeTrafficMirrorSessions",
        "DescribeVpcs",
        "DescribeInstances",
    ):
        text = f"is not authorized to perform: ec2:{denied} because no identity-based policy allows the ec2:{denied}"
        with refused("UnauthorizedOperation", text):
            user.ec2._make_api_call(denied, {})


def test_load_balancers_require_a_permission_of_their_service(user: User) -> None:
    denied = "elasticloadbalancing:DescribeLoadBalancers because no identity-based policy allows"
    with refused("AccessDenied", denied):
        user.load_balancing.describe_load_balancers()
    statement = {"Effect": "Allow", "Action": "elasticloadbalancing:Describe*", "Resource": "*"}
    user.may(statement)
    assert user.load_balancing.describe_load_balancers()["LoadBalancers"]
    user.may({**statement, "Resource": f"{ARN}*"})
    with refused("AccessDenied", denied):
        user.load_balancing.describe_load_balancers()


def test_tags_on_creation_require_create_tags(user: User) -> None:
    user.may(allow("CreateTrafficMirror*"), allow("CreateTags", on=f"{ARN}traffic-mirror-target/*"))
    with refused("UnauthorizedOperation", f"ec2:CreateTags on resource: {ARN}traffic-mirror-session/*"):
        session(user.ec2, TagSpecifications=tag_spec("session", a="b"))
    session(user.ec2)
    eni_target(user.ec2, TagSpecifications=tag_spec("target", a="b"))


def test_explicit_deny_overrides_allow(user: User) -> None:
    user.may(allow("*"), allow("Delete*", on=f"{ARN}traffic-mirror-filter/*", effect="Deny"))
    text = f"ec2:DeleteTrafficMirrorFilter on resource: {ARN}traffic-mirror-filter/{FILTER} with an explicit deny"
    with refused("UnauthorizedOperation", text):
        user.ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=FILTER)
    user.ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGET)


def test_dry_run_checks_permissions(user: User) -> None:
    user.may(allow("CreateTrafficMirrorSession"))
    with refused("DryRunOperation"):
        session(user.ec2, DryRun=True)
    with refused("UnauthorizedOperation", "ec2:DeleteTrafficMirrorTarget"):
        user.ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGET, DryRun=True)


def test_arn_of_shared_target_has_owner_account(user: User, emulator: Emulator, clients: Clients) -> None:
    emulator.seed(OTHER)
    shared = eni_target(clients(OTHER))
    emulator.share(shared, OWNER)
    user.may(allow("CreateTrafficMirrorSession", on=f"{ARN}*"))
    text = f"on resource: arn:aws:ec2:eu-west-1:{OTHER}:traffic-mirror-target/{shared}"
    with refused("UnauthorizedOperation", text):
        session(user.ec2, TrafficMirrorTargetId=shared)
    others = f"arn:aws:ec2:eu-west-1:{OTHER}:traffic-mirror-target/*"
    user.may(allow("CreateTrafficMirrorSession", on=[f"{ARN}*", others]))
    session(user.ec2, TrafficMirrorTargetId=shared)


def test_role_policy_applies(emulator: Emulator, clients: Clients) -> None:
    emulator.seed(OTHER)
    trust(clients, OWNER)
    credentials = assume(clients(service="sts"))
    ec2 = client_with(emulator, credentials, "ec2", credentials["SessionToken"])
    session(ec2)
    iam = clients(OTHER, service="iam")
    iam.delete_role_policy(RoleName="mirror", PolicyName="all")
    text = f"User: arn:aws:sts::{OTHER}:assumed-role/mirror/test is not authorized to perform: ec2:DescribeVpcs because"
    with refused("UnauthorizedOperation", text):
        ec2.describe_vpcs()
    # A managed policy has the same effect as an inline policy.
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow("DescribeVpcs")]})
    managed = iam.create_policy(PolicyName="look", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="mirror", PolicyArn=managed)
    ec2.describe_vpcs()


def test_unknown_key_is_root_user(user: User, ec2: Any) -> None:
    user.may(allow("DescribeVpcs"))
    assert session(ec2)["OwnerId"] == OWNER


def test_user_assumes_role(user: User, emulator: Emulator, clients: Clients) -> None:
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
def test_unsupported_statement_is_internal_error(user: User, unknown: dict[str, Any]) -> None:
    user.may(allow("*"), {**allow("DescribeVpcs", effect="Deny"), **unknown})
    with refused("InternalError", "does not support this policy statement"):
        user.ec2.describe_vpcs()


def test_not_action_is_internal_error(user: User) -> None:
    user.may({"Effect": "Allow", "NotAction": "ec2:Delete*", "Resource": "*"})
    with refused("InternalError", "does not support this policy statement"):
        user.ec2.describe_vpcs()


def test_action_without_resource_types_is_internal_error(user: User) -> None:
    with refused("InternalError", "has no resource types for CreateVpc"):
        user.ec2.create_vpc(CidrBlock="10.0.0.0/16")


def test_session_policy_is_internal_error(emulator: Emulator, clients: Clients) -> None:
    trust(clients, OWNER)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow("*")]})
    credentials = assume(clients(service="sts"), Policy=policy)
    with refused("InternalError", "session policies"):
        client_with(emulator, credentials, "ec2", credentials["SessionToken"]).describe_vpcs()
