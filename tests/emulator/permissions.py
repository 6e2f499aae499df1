# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check EC2 calls against the policies of an IAM user or role.

Users, roles, policies and the evaluation of a statement come from moto. moto's enforcement is not used, because it
ignores resources and does not cover the emulator's actions. An access key without a user or role belongs to the
account's root user, who has all permissions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.iam.access_control import (
    AssumedRoleAccessKey,
    IAMPolicy,
    IAMUserAccessKey,
    PermissionResult,
)

from . import roles
from .errors import ApiError, UnsupportedError
from .identity import Caller, partition
from .store import FILTER, RULE, SESSION, TARGET, ResourceType, Store, resource_type_of

# The prefixes of IAM actions that differ from the service name in signatures.
PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
LOAD_BALANCING, MONITORING, QUEUES = "elasticloadbalancing", "monitoring", "sqs"
# The services of moto whose calls are checked.
OTHER_SERVICES = (LOAD_BALANCING, MONITORING, QUEUES)
_INTERFACE, _ENDPOINT = "network-interface", "vpc-endpoint"
# The resources that each action is authorized on: resource type and the member that contains the id, None for the new
# resource. All must be allowed. "?": only if the request contains the member. Source: Service Authorization Reference
# for EC2, required and optional resource types.
# Assumption: [iam-optional-resources] an optional resource is checked if the request contains it.
_CHECKED: dict[str, tuple[tuple[str, str | None], ...]] = {
    "CreateTrafficMirrorFilter": ((FILTER.type_name, None),),
    "CreateTrafficMirrorFilterRule": ((FILTER.type_name, FILTER.id_member), (RULE.type_name, None)),
    "CreateTrafficMirrorSession": (
        (_INTERFACE, "NetworkInterfaceId"),
        (FILTER.type_name, FILTER.id_member),
        (SESSION.type_name, None),
        (TARGET.type_name, TARGET.id_member),
    ),
    "CreateTrafficMirrorTarget": (
        (TARGET.type_name, None),
        (_INTERFACE, "NetworkInterfaceId?"),
        (_ENDPOINT, "GatewayLoadBalancerEndpointId?"),
    ),
    "DeleteTrafficMirrorFilter": ((FILTER.type_name, FILTER.id_member),),
    "DeleteTrafficMirrorFilterRule": ((FILTER.type_name, FILTER.id_member), (RULE.type_name, RULE.id_member)),
    "DeleteTrafficMirrorSession": ((SESSION.type_name, SESSION.id_member),),
    "DeleteTrafficMirrorTarget": ((TARGET.type_name, TARGET.id_member),),
    "GetManagedPrefixListEntries": (("prefix-list", "PrefixListId"),),
    "ModifyTrafficMirrorFilterNetworkServices": ((FILTER.type_name, FILTER.id_member),),
    "ModifyTrafficMirrorFilterRule": ((FILTER.type_name, FILTER.id_member), (RULE.type_name, RULE.id_member)),
    "ModifyTrafficMirrorSession": (
        (SESSION.type_name, SESSION.id_member),
        (FILTER.type_name, f"{FILTER.id_member}?"),
        (TARGET.type_name, f"{TARGET.id_member}?"),
    ),
}
# Resource types of moto's resources, by the prefix of the id, for CreateTags and DeleteTags.
_TYPES = {"eni": _INTERFACE, "i": "instance", "subnet": "subnet", "vpc": "vpc", "vpce": _ENDPOINT}


def check(caller: Caller, token: str, action: str, parameters: Mapping[str, Any], store: Store) -> None:
    """Raise UnauthorizedOperation unless the caller's policies allow the call. token: the session token.

    The call is one of EC2, of the Resource Groups Tagging API, of load balancers, of CloudWatch or of SQS, see
    caller.service.
    """
    policies = _policies(caller, token)
    if policies is None:
        return
    for name, resource in _required_permissions(caller, action, parameters, store):
        results = {policy.is_action_permitted(name, resource) for policy in policies}
        if PermissionResult.DENIED in results:
            raise _unauthorized(caller, name, resource, "with an explicit deny in an identity-based policy")
        if PermissionResult.PERMITTED not in results:
            raise _unauthorized(caller, name, resource, f"because no identity-based policy allows the {name} action")


def _policies(caller: Caller, token: str) -> list[IAMPolicy] | None:
    """Return the policies of a user or role, None for a root user. Raises UnsupportedError."""
    role, where = roles.assumed(caller), partition(caller.region)
    if role is not None:
        if role.policy:
            raise UnsupportedError("the emulator does not support session policies")
        key: Any = AssumedRoleAccessKey(caller.account, where, caller.key, {"X-Amz-Security-Token": token})
    elif roles.user(caller) is not None:
        key = IAMUserAccessKey(caller.account, where, caller.key, {})
    else:
        return None
    policies = [IAMPolicy(policy) for policy in key.collect_policies()]
    for policy in policies:
        document = policy._policy_json["Statement"]
        for statement in document if isinstance(document, list) else [document]:
            _check_known(statement)
    return policies


def _check_known(statement: dict[str, Any]) -> None:
    """Raise UnsupportedError for a statement that moto evaluates differently from IAM.

    moto compares action names case-sensitively, supports neither "?" nor variables, and ignores conditions."""
    plain = {"Effect", "Action", "Resource"} <= set(statement) <= {"Sid", "Effect", "Action", "Resource"}
    patterns = {"Action": r"\*|[a-z0-9-]+:[A-Z*][A-Za-z0-9*]*", "Resource": r"[\w:/*-]+"}
    for element, pattern in patterns.items():
        values = statement.get(element, [])
        for value in values if isinstance(values, list) else [values]:
            plain = plain and bool(re.fullmatch(pattern, value))
    if not plain:
        raise UnsupportedError(f"the emulator does not support this policy statement: {json.dumps(statement)}")


def _required_permissions(
    caller: Caller, action: str, parameters: Mapping[str, Any], store: Store
) -> Iterator[tuple[str, str]]:
    """Return (action, resource ARN) of each permission that the call requires."""
    if caller.service == LOAD_BALANCING:
        # Its Describe actions have no resource types (Service Authorization Reference).
        if not action.startswith("Describe"):
            raise UnsupportedError(f"the emulator has no resource types for {action}")
        yield f"{LOAD_BALANCING}:{action}", "*"
        return
    if caller.service == MONITORING:
        # Without resource types (Service Authorization Reference).
        if action != "GetMetricData":
            raise UnsupportedError(f"the emulator has no resource types for {action}")
        yield f"cloudwatch:{action}", "*"
        return
    if caller.service == QUEUES:
        # Batches require the permission of the single action (SQS Developer Guide, API permissions).
        queue = str(parameters.get("QueueName", parameters.get("QueueUrl", "*"))).rpartition("/")[2]
        where = f"{partition(caller.region)}:sqs:{caller.region}:{caller.account}"
        yield f"sqs:{action.removesuffix('Batch')}", f"arn:{where}:{queue}"
        return
    if caller.service != "ec2":
        # The actions of the Resource Groups Tagging API have no resource types (Service Authorization Reference).
        for arn in parameters.get("ResourceArns", ["*"]):
            yield f"{PREFIXES.get(caller.service, caller.service)}:{action}", arn
        return
    if action.startswith("Describe"):
        yield f"ec2:{action}", "*"
        return
    if action in ("CreateTags", "DeleteTags"):
        for identifier in parameters.get("Resources", ["*"]):
            yield f"ec2:{action}", _arn(caller, _type_of(identifier), identifier, store)
        return
    if action not in _CHECKED:
        raise UnsupportedError(f"the emulator has no resource types for {action}")
    for type_name, member in _CHECKED[action]:
        name = (member or "").rstrip("?")
        if member is None or name in parameters:
            identifier = parameters.get(name, "*")
        elif member.endswith("?"):
            continue
        else:
            identifier = _parent(caller, parameters, store)
        yield f"ec2:{action}", _arn(caller, type_name, identifier, store)
    # Tags of a new resource require ec2:CreateTags (Service Authorization Reference, dependent actions).
    for specification in parameters.get("TagSpecifications", []):
        yield "ec2:CreateTags", _arn(caller, specification.get("ResourceType", "*"), "*", store)


def _parent(caller: Caller, parameters: Mapping[str, Any], store: Store) -> str:
    """Return the id of the filter that contains the rule of the request, "*" if the rule does not exist."""
    rule = store.own(caller.account, caller.region, RULE).get(parameters.get(RULE.id_member, ""))
    return "*" if rule is None else str(rule.fields[FILTER.id_member])


def _type_of(identifier: str) -> str:
    resource_type = resource_type_of(identifier)
    if resource_type is not None:
        return resource_type.type_name
    prefix = identifier.rpartition("-")[0]
    if prefix not in _TYPES and identifier != "*":
        raise UnsupportedError(f"the emulator has no resource type for {identifier}")
    return _TYPES.get(prefix, "*")


def _arn(caller: Caller, type_name: str, identifier: str, store: Store) -> str:
    """Return the ARN of a resource. The account of a target's ARN is the target's owner."""
    # Assumption: [iam-whose-resource] the owner's account; the caller's account for a nonexistent resource.
    account, resource_type = caller.account, resource_type_of(identifier)
    if resource_type is TARGET:
        account = _owner(caller, resource_type, identifier, store)
    return f"arn:{partition(caller.region)}:ec2:{caller.region}:{account}:{type_name}/{identifier}"


def _owner(caller: Caller, resource_type: ResourceType, identifier: str, store: Store) -> str:
    try:
        return store.get(caller.account, caller.region, resource_type, identifier).account
    except ApiError:
        return caller.account


def _unauthorized(caller: Caller, name: str, resource: str, why: str) -> ApiError:
    """Return UnauthorizedOperation, or AccessDenied outside EC2, with the text that issues and client logs quote.

    resource "*" is omitted.
    """
    on = "" if resource == "*" else f"on resource: {resource} "
    return ApiError(
        "UnauthorizedOperation" if caller.service == "ec2" else "AccessDenied",
        "You are not authorized to perform this operation. "
        f"User: {roles.arn(caller)} is not authorized to perform: {name} {on}{why}",
    )
