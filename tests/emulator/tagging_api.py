# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Resource Groups Tagging API for mirroring resources, moto's EC2 resources and load balancers.

Tags of EC2 resources are changed by CreateTags and DeleteTags, so that both APIs have the same limits. Source:
Resource Groups Tagging API Reference and botocore's model.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from moto.core.exceptions import ServiceException
from moto.elbv2.models import elbv2_backends

from . import checks, moto_tags, prerequisites, tagging_wire, tags, wire
from .calls import Call
from .errors import ApiError, UnsupportedError
from .identity import Caller, partition
from .replies import Answer
from .settings import Settings
from .store import Store, resource_type_of
from .tagging_wire import invalid

# The service name in signatures; the prefix of IAM actions is "tag".
SERVICE = "tagging"
EC2, BALANCING = "ec2", "elasticloadbalancing"
_ARN = re.compile(r"arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):([0-9]{12}|):(\S+)")
# The model has no default.
_PAGE = 50
_MAX_TYPES = 100
Tags = dict[str, str]


class Arn(NamedTuple):
    """The parts of an ARN. resource: type and id, for example traffic-mirror-filter/tmf-..."""

    text: str
    partition: str
    service: str
    region: str
    account: str
    resource: str

    @property
    def identifier(self) -> str:
        """The part after the type."""
        return self.resource.partition("/")[2]

    @property
    def types(self) -> set[str]:
        """The resource type filters that match: service, service:type, and the subtype of load balancers."""
        parts = self.resource.split("/")
        subtypes = {f"{self.service}:{parts[0]}/{parts[1]}"} if parts[0] == "loadbalancer" else set()
        return {self.service, f"{self.service}:{parts[0]}", *subtypes}


@dataclass(frozen=True)
class TaggingCall:
    """One call. authorize(service, action, parameters) raises ApiError unless the caller may send that call."""

    store: Store
    settings: Settings
    caller: Caller
    authorize: Callable[[str, str, dict[str, Any]], None]

    def ec2(self, action: str, parameters: dict[str, Any]) -> Call:
        """Return an EC2 call of the caller."""
        return Call(self.store, self.settings, self.caller.account, self.caller.region, action, parameters)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of the caller."""
        return f"arn:{partition(self.caller.region)}:{service}:{self.caller.region}:{self.caller.account}:{resource}"


def answer(call: TaggingCall, target: str, body: bytes) -> Answer:
    """Return the answer of a request. target: the header X-Amz-Target. Raises ApiError, UnsupportedError."""
    who = call.caller
    if not who.service:
        raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token")
    if who.service != SERVICE or not prerequisites.is_known_region(who.account, who.region):
        raise ApiError("InvalidSignatureException", f"Credential should be scoped to service {SERVICE} and a region.")
    prefix, _dot, action = target.rpartition(".")
    if prefix != tagging_wire.TARGET:
        raise ApiError("UnknownOperationException", f"Unknown operation {target}")
    given = tagging_wire.parse(action, body)
    if action not in _ACTIONS:
        raise UnsupportedError(f"the emulator does not support {action}")
    return tagging_wire.reply(action, _ACTIONS[action](call, given))


def _tag_resources(call: TaggingCall, given: dict[str, Any]) -> dict[str, Any]:
    for key in given["Tags"]:
        _check_key(key)
    pairs = [{"Key": key, "Value": value} for key, value in given["Tags"].items()]

    def change(arn: Arn) -> None:
        if arn.service == BALANCING:
            call.authorize(BALANCING, "AddTags", {"ResourceArns": [arn.text]})
            _change_balancer(arn, lambda backend: backend.add_tags([arn.text], pairs))
        else:
            call.authorize(EC2, "CreateTags", {"Resources": [arn.identifier]})
            tags.create(call.ec2("CreateTags", {"Resources": [arn.identifier], "Tags": pairs}))

    return _change_each(call, given["ResourceARNList"], change)


def _untag_resources(call: TaggingCall, given: dict[str, Any]) -> dict[str, Any]:
    keys = given["TagKeys"]
    for key in keys:
        _check_key(key)
    if len(set(keys)) != len(keys):
        # Assumption: [tagging-api-repeated] repeated ARNs and keys are rejected.
        raise invalid("TagKeys must not be repeated")

    def change(arn: Arn) -> None:
        if arn.service == BALANCING:
            call.authorize(BALANCING, "RemoveTags", {"ResourceArns": [arn.text]})
            _change_balancer(arn, lambda backend: backend.remove_tags([arn.text], keys))
        else:
            call.authorize(EC2, "DeleteTags", {"Resources": [arn.identifier]})
            given_tags = [{"Key": key} for key in keys]
            tags.delete(call.ec2("DeleteTags", {"Resources": [arn.identifier], "Tags": given_tags}))

    return _change_each(call, given["ResourceARNList"], change)


def _check_key(key: str) -> None:
    if checks.is_reserved(key):
        raise invalid(f"Tag keys starting with 'aws:' are reserved for internal use: {key}")


def _change_each(call: TaggingCall, arns: list[str], change: Callable[[Arn], None]) -> dict[str, Any]:
    """Change each resource and return the failures, by ARN."""
    failures = {}
    for arn in _parse_arns(arns):
        try:
            _check_place(call, arn)
            change(arn)
        except ApiError as error:
            # Assumption: [tagging-api-failures] the code and status of the other service's API.
            failures[arn.text] = {"StatusCode": error.status, "ErrorCode": error.code, "ErrorMessage": error.message}
    return {"FailedResourcesMap": failures}


def _parse_arns(arns: list[str]) -> list[Arn]:
    """Return the parts of the ARNs. Raises InvalidParameterException."""
    if len(set(arns)) != len(arns):
        # Assumption: [tagging-api-repeated] repeated ARNs and keys are rejected.
        raise invalid("ResourceARNList must not contain repeated ARNs")
    parsed = []
    for text in arns:
        found = _ARN.fullmatch(text)
        if found is None or (found.group(2) == EC2 and "/" not in text):
            # Assumption: [tagging-api-malformed-arn] one malformed ARN fails the whole call.
            raise invalid(f"{text} is not a valid ARN")
        parsed.append(Arn(text, *found.groups()))
    return parsed


def _check_place(call: TaggingCall, arn: Arn) -> None:
    """Raise InvalidParameterException unless the ARN can be one of the caller's resources in the region."""
    if arn.service not in (EC2, BALANCING):
        raise UnsupportedError(f"the emulator does not support {arn.service} in the Resource Groups Tagging API")
    # Assumption: [tagging-api-failures] the code for a resource of another account or region.
    if arn.text != call.arn(arn.service, arn.resource):
        raise invalid(f"{arn.text} is not in account {call.caller.account} and region {call.caller.region}")
    if arn.service == EC2:
        name, identifier = arn.resource.split("/", 1)
        resource_type = resource_type_of(identifier)
        if name != (resource_type.type_name if resource_type else moto_tags.type_name(identifier)):
            raise invalid(f"{identifier} is not the ID of a resource of type {name}")


def _change_balancer(arn: Arn, change: Callable[[Any], None]) -> None:
    try:
        change(elbv2_backends[arn.account][arn.region])
    except ServiceException as error:
        raise ApiError(error.code, error.message) from error


def _described(call: TaggingCall) -> Iterator[tuple[Arn, Tags]]:
    """Return (ARN, tags) of the caller's resources that have or had tags, sorted by ARN."""
    ec2 = call.ec2("DescribeTags", {})
    found: dict[str, Tags] = {}
    for resource, rows in tags.described(ec2):
        # Assumption: [tagging-api-had-tags] resources that had tags are returned until they are deleted.
        if rows or resource.had_tags:
            arn = call.arn(EC2, f"{resource.resource_type.type_name}/{resource.id}")
            found[arn] = {row["Key"]: row["Value"] for row in rows}
    for identifier, present in moto_tags.described(ec2):
        found[call.arn(EC2, f"{moto_tags.type_name(identifier)}/{identifier}")] = present
    # moto does not store whether a load balancer had tags.
    for balancer in elbv2_backends[ec2.account][ec2.region].iter_tagged_resources():
        if balancer.tags:
            found[balancer.arn] = balancer.tags
    return ((_parse_arns([arn])[0], found[arn]) for arn in sorted(found))


def _get_resources(call: TaggingCall, given: dict[str, Any]) -> dict[str, Any]:
    # An empty token is the first page (API Reference).
    given = {name: value for name, value in given.items() if (name, value) != ("PaginationToken", "")}
    _check_get(given)
    only = {arn.text for arn in _parse_arns(given.get("ResourceARNList", []))}
    types = set(given.get("ResourceTypeFilters", []))
    chosen = [
        (arn, present)
        for arn, present in _described(call)
        if (not only or arn.text in only)
        and (not types or types & arn.types)
        and all(_passes(present, each) for each in given.get("TagFilters", []))
    ]
    page, token = (chosen, "") if only else _paginate(call, chosen, given)
    rows = [
        {"ResourceARN": arn.text, "Tags": [{"Key": key, "Value": present[key]} for key in sorted(present)]}
        for arn, present in page
    ]
    return {"ResourceTagMappingList": rows, "PaginationToken": token}


def _check_get(given: dict[str, Any]) -> None:
    """Check the options of GetResources. Source: botocore's model, GetResourcesInput."""
    others = {"TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "TagsPerPage", "PaginationToken"}
    if "ResourceARNList" in given and (both := sorted(others & set(given))):
        raise invalid(f"ResourceARNList cannot be used with {both[0]}")
    for name, low, high in (("ResourcesPerPage", 1, 100), ("TagsPerPage", 100, 500)):
        if not low <= given.get(name, low) <= high:
            raise invalid(f"{name} must be between {low} and {high}")
    if given.get("ExcludeCompliantResources") and not given.get("IncludeComplianceDetails"):
        raise invalid("ExcludeCompliantResources requires IncludeComplianceDetails")
    if given.get("IncludeComplianceDetails"):
        raise UnsupportedError("the emulator does not support tag policies")
    for each in given.get("TagFilters", []):
        if "Key" not in each:
            raise invalid("TagFilters requires Key")
    types = given.get("ResourceTypeFilters", [])
    if len(types) > _MAX_TYPES:
        raise invalid(f"ResourceTypeFilters can contain at most {_MAX_TYPES} types")
    for each in types:
        service, _colon, name = each.partition(":")
        known = wire.model().shape_for("ResourceType").enum
        # Assumption: [tagging-api-type-unknown] a type that EC2 does not have is rejected.
        if not re.fullmatch(r"[a-z0-9-]+(:[A-Za-z0-9/._-]+)?", each) or (service == EC2 and name and name not in known):
            raise invalid(f"{each} is not a valid resource type")


def _passes(present: Tags, tag_filter: Mapping[str, Any]) -> bool:
    """Return whether tags match a filter: the key, with one of the values if there are any, without wildcards."""
    key, values = tag_filter["Key"], tag_filter.get("Values", [])
    return key in present and (not values or present[key] in values)


def _paginate(
    call: TaggingCall, rows: Iterable[tuple[Arn, Tags]], given: dict[str, Any]
) -> tuple[list[tuple[Arn, Tags]], str]:
    """Return one page and the token of the next one, "" on the last page. Raises PaginationTokenExpiredException."""
    asked = {name: value for name, value in given.items() if name not in _PAGING}
    mark = json.dumps([call.caller.account, call.caller.region, asked], sort_keys=True)
    digest, position = hashlib.sha256(mark.encode()).hexdigest()[:16], ""
    if "PaginationToken" in given:
        try:
            of_request, position = json.loads(base64.urlsafe_b64decode(given["PaginationToken"]))
        except (ValueError, TypeError):
            of_request, position = "", ""
        # Assumption: [page-token-of-other-request] a token is valid only with the request that returned it.
        if of_request != digest or not isinstance(position, str):
            raise ApiError("PaginationTokenExpiredException", "The token is expired or invalid")
    page: list[tuple[Arn, Tags]] = []
    number_of_tags = 0
    for arn, present in rows:
        if arn.text <= position:
            continue
        # A resource without tags counts as one tag, and the tags of a resource are never split.
        number_of_tags += max(1, len(present))
        full = len(page) >= given.get("ResourcesPerPage", _PAGE)
        if page and (full or number_of_tags > given.get("TagsPerPage", number_of_tags)):
            text = json.dumps([digest, page[-1][0].text])
            return page, base64.urlsafe_b64encode(text.encode()).decode()
        page.append((arn, present))
    return page, ""


_PAGING = ("ResourcesPerPage", "TagsPerPage", "PaginationToken")


def _get_tag_keys(call: TaggingCall, given: dict[str, Any]) -> dict[str, Any]:
    _refuse_token(given)
    keys = {key for _arn, present in _described(call) for key in present}
    return {"TagKeys": sorted(keys), "PaginationToken": ""}


def _get_tag_values(call: TaggingCall, given: dict[str, Any]) -> dict[str, Any]:
    _refuse_token(given)
    key = given["Key"]
    values = {present[key] for _arn, present in _described(call) if key in present}
    return {"TagValues": sorted(values), "PaginationToken": ""}


def _refuse_token(given: dict[str, Any]) -> None:
    """Raise PaginationTokenExpiredException for any token, because the reply has a single page."""
    if given.get("PaginationToken"):
        raise ApiError("PaginationTokenExpiredException", "The token is expired or invalid")


_ACTIONS: dict[str, Callable[[TaggingCall, dict[str, Any]], dict[str, Any]]] = {
    "GetResources": _get_resources,
    "GetTagKeys": _get_tag_keys,
    "GetTagValues": _get_tag_values,
    "TagResources": _tag_resources,
    "UntagResources": _untag_resources,
}
