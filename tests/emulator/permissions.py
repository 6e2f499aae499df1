# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the policies of an IAM user or a role let it do at EC2. Users, roles and policies are moto's, and so is the
evaluation of a statement; moto's own enforcement looks neither at resources nor at the actions that are ours.

A key that belongs to no user and no role is its account's root user, who may do everything.
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
from .errors import ApiError, Unknown
from .identity import Caller, partition
from .store import FILTER, RULE, SESSION, TARGET, Kind, World, kind_of

_INTERFACE, _ENDPOINT = "network-interface", "vpc-endpoint"
# What each action is checked on: the resource type and the member that names the resource, None for the new one. All
# must be allowed. With a "?" the type counts only if the request names one. Source: the Service Authorization Reference
# for EC2, required and optional resource types.
# Guess: [iam-optional-resources] what it calls optional is checked whenever the request names it.
_CHECKED: dict[str, tuple[tuple[str, str | None], ...]] = {
    "CreateTrafficMirrorFilter": ((FILTER.resource_type, None),),
    "CreateTrafficMirrorFilterRule": ((FILTER.resource_type, FILTER.id_member), (RULE.resource_type, None)),
    "CreateTrafficMirrorSession": (
        (_INTERFACE, "NetworkInterfaceId"),
        (FILTER.resource_type, FILTER.id_member),
        (SESSION.resource_type, None),
        (TARGET.resource_type, TARGET.id_member),
    ),
    "CreateTrafficMirrorTarget": (
        (TARGET.resource_type, None),
        (_INTERFACE, "NetworkInterfaceId?"),
        (_ENDPOINT, "GatewayLoadBalancerEndpointId?"),
    ),
    "DeleteTrafficMirrorFilter": ((FILTER.resource_type, FILTER.id_member),),
    "DeleteTrafficMirrorFilterRule": ((FILTER.resource_type, FILTER.id_member), (RULE.resource_type, RULE.id_member)),
    "DeleteTrafficMirrorSession": ((SESSION.resource_type, SESSION.id_member),),
    "DeleteTrafficMirrorTarget": ((TARGET.resource_type, TARGET.id_member),),
    "ModifyTrafficMirrorFilterNetworkServices": ((FILTER.resource_type, FILTER.id_member),),
    "ModifyTrafficMirrorFilterRule": ((FILTER.resource_type, FILTER.id_member), (RULE.resource_type, RULE.id_member)),
    "ModifyTrafficMirrorSession": (
        (SESSION.resource_type, SESSION.id_member),
        (FILTER.resource_type, f"{FILTER.id_member}?"),
        (TARGET.resource_type, f"{TARGET.id_member}?"),
    ),
}
# Resource types of what is not ours, by the prefix of the id, for tags.
_TYPES = {"eni": _INTERFACE, "i": "instance", "subnet": "subnet", "vpc": "vpc", "vpce": _ENDPOINT}


def check(caller: Caller, token: str, action: str, parameters: Mapping[str, Any], world: World) -> None:
    """Raise UnauthorizedOperation unless the policies of the caller allow the EC2 call. token: its session token."""
    policies = _policies(caller, token)
    if policies is None:
        return
    for name, resource in _needed(caller, action, parameters, world):
        results = {policy.is_action_permitted(name, resource) for policy in policies}
        if PermissionResult.DENIED in results:
            raise _refusal(caller, name, resource, "with an explicit deny in an identity-based policy")
        if PermissionResult.PERMITTED not in results:
            raise _refusal(caller, name, resource, f"because no identity-based policy allows the {name} action")


def _policies(caller: Caller, token: str) -> list[IAMPolicy] | None:
    """The policies of a user or role, None for a root user. Those with what is not known here are a defect."""
    role, where = roles.assumed(caller), partition(caller.region)
    if role is not None:
        if role.policy:
            raise Unknown("the emulator does not know session policies")
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
    """Raise Unknown unless moto takes the statement as IAM does: it compares case, knows no "?" and no
    variables, and passes over conditions."""
    plain = {"Effect", "Action", "Resource"} <= set(statement) <= {"Sid", "Effect", "Action", "Resource"}
    patterns = {"Action": r"\*|[a-z0-9-]+:[A-Z*][A-Za-z0-9*]*", "Resource": r"[\w:/*-]+"}
    for element, pattern in patterns.items():
        values = statement.get(element, [])
        for value in values if isinstance(values, list) else [values]:
            plain = plain and bool(re.fullmatch(pattern, value))
    if not plain:
        raise Unknown(f"the emulator does not know what this statement means: {json.dumps(statement)}")


def _needed(caller: Caller, action: str, parameters: Mapping[str, Any], world: World) -> Iterator[tuple[str, str]]:
    """Each action and resource that the call must be allowed."""
    if action.startswith("Describe"):
        yield f"ec2:{action}", "*"
        return
    if action in ("CreateTags", "DeleteTags"):
        for identifier in parameters.get("Resources", ["*"]):
            yield f"ec2:{action}", _arn(caller, _type_of(identifier), identifier, world)
        return
    if action not in _CHECKED:
        raise Unknown(f"the emulator does not know which resources {action} is checked on")
    for resource_type, member in _CHECKED[action]:
        name = (member or "").rstrip("?")
        if member is None or name in parameters:
            identifier = parameters.get(name, "*")
        elif member.endswith("?"):
            continue
        else:
            identifier = _parent(caller, parameters, world)
        yield f"ec2:{action}", _arn(caller, resource_type, identifier, world)
    # Tags of a new object need this too (Service Authorization Reference, dependent actions).
    for specification in parameters.get("TagSpecifications", []):
        yield "ec2:CreateTags", _arn(caller, specification.get("ResourceType", "*"), "*", world)


def _parent(caller: Caller, parameters: Mapping[str, Any], world: World) -> str:
    """The filter of the rule that a call changes without naming the filter, else "*": the request is not whole."""
    rule = world.own(caller.account, caller.region, RULE).get(parameters.get(RULE.id_member, ""))
    return "*" if rule is None else str(rule.fields[FILTER.id_member])


def _type_of(identifier: str) -> str:
    kind = kind_of(identifier)
    if kind is not None:
        return kind.resource_type
    prefix = identifier.rpartition("-")[0]
    if prefix not in _TYPES and identifier != "*":
        raise Unknown(f"the emulator does not know the resource type of {identifier}")
    return _TYPES.get(prefix, "*")


def _arn(caller: Caller, resource_type: str, identifier: str, world: World) -> str:
    """The ARN of a resource. That of a target has its owner's account."""
    # Guess: [iam-whose-resource] the owner's account, and that a resource that is not there is checked in the caller's.
    account, kind = caller.account, kind_of(identifier)
    if kind is TARGET:
        account = _owner(caller, kind, identifier, world)
    return f"arn:{partition(caller.region)}:ec2:{caller.region}:{account}:{resource_type}/{identifier}"


def _owner(caller: Caller, kind: Kind, identifier: str, world: World) -> str:
    try:
        return world.get(caller.account, caller.region, kind, identifier).account
    except ApiError:
        return caller.account


def _refusal(caller: Caller, name: str, resource: str, why: str) -> ApiError:
    """EC2's words as issues and logs of its clients quote them. Of actions without resources it names none."""
    on = "" if resource == "*" else f"on resource: {resource} "
    return ApiError(
        "UnauthorizedOperation",
        "You are not authorized to perform this operation. "
        f"User: {roles.arn(caller)} is not authorized to perform: {name} {on}{why}",
    )
