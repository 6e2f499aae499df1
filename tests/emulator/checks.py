# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of single values: ids, ranges, texts, CIDRs, tags. All raise ApiError."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import ApiError, combination, invalid_value, missing
from .store import ResourceType

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MAX_TAGS = 50


def resource_id(resource_type: ResourceType, value: str, parameter: str) -> None:
    """Check a resource id: prefix and 8 or 17 lower-case hex digits."""
    # Assumption: [malformed-id] InvalidParameterValue; no ...Malformed code is documented for these four resource
    # types.
    if not re.fullmatch(rf"{resource_type.prefix}-([0-9a-f]{{8}}|[0-9a-f]{{17}})", value):
        raise invalid_value(parameter, value, f"Expected: '{resource_type.prefix}-...'")


def integer(value: int, low: int, high: int, parameter: str) -> None:
    """Check that low <= value <= high."""
    # Assumption: [number-out-of-range] the code for a number out of range.
    if not low <= value <= high:
        raise invalid_value(parameter, value, f"It must be between {low} and {high}")


def description(value: str | None) -> None:
    """Check a description: None, or 1 to 255 characters without control characters."""
    if value is None:
        return
    # Assumption: [description-empty] "" is rejected; whether EC2 stores or drops it is unknown.
    if value == "":
        raise invalid_value("Description", value, "It must not be empty")
    # Assumption: [description-length] 255, as for other EC2 descriptions; no limit is documented.
    if len(value) > 255:
        raise invalid_value("Description", value, "Character sets beyond 255 characters are not supported")
    # Assumption: [description-control] control characters are rejected.
    if _CONTROL.search(value):
        raise invalid_value("Description", value, "It must not contain control characters")


def cidr(value: str, parameter: str) -> Network:
    """Parse a CIDR block. Host bits are rejected, as in Terraform's provider."""
    # Assumption: [cidr-malformed] [cidr-host-bits] the code, and that host bits are rejected, not cleared.
    if not re.fullmatch(r"[0-9a-fA-F.:]+/\d{1,3}", value):
        raise invalid_value(parameter, value, "This is not a valid CIDR block")
    try:
        return ipaddress.ip_network(value, strict=True)
    except ValueError as error:
        raise invalid_value(parameter, value, f"This is not a valid CIDR block: {error}") from error


def client_token(value: str | None) -> None:
    """Check a client token: None, or at most 64 printable ASCII characters (EC2 Developer Guide, idempotency)."""
    if value is not None and not re.fullmatch(r"[\x21-\x7e]{1,64}", value):
        raise ApiError("InvalidClientToken", f"The client token is not valid: {value!r}")


def unique(values: Iterable[str], parameter: str) -> None:
    """Check that no value is repeated."""
    # Assumption: [list-repeated] repeated list members are rejected.
    values = list(values)
    if len(set(values)) != len(values):
        raise invalid_value(parameter, ", ".join(values), "Values must not be repeated")


def removals(parameters: Mapping[str, Any], members: Mapping[str, str]) -> set[str]:
    """Return the members that RemoveFields lists. members: {field name: API member}."""
    fields = parameters.get("RemoveFields", [])
    unique(fields, "RemoveField")
    named = {members[name] for name in fields}
    # Assumption: [set-and-removed] a field both set and removed is rejected.
    if both := sorted(named & set(parameters)):
        raise combination(f"The parameter {both[0]} cannot be both set and removed")
    return named


def is_reserved(key: str) -> bool:
    """Return whether a tag key has the prefix aws: in any case of letters."""
    return key.lower().startswith("aws:")


def tags(given: Iterable[Mapping[str, str]], *, values_needed: bool = True) -> list[tuple[str, str | None]]:
    """Return the tags as (key, value) pairs: unique keys of 1 to 127 characters without aws:, values up to 256.

    A missing value is "" if values_needed, else None. Any character is allowed that a request can carry (EC2 User
    Guide, tag restrictions). Source of the lengths: the botocore model's Tag shape.
    """
    pairs: list[tuple[str, str | None]] = []
    for tag in given:
        key, value = tag.get("Key", ""), tag.get("Value", "" if values_needed else None)
        if key == "":
            raise ApiError("InvalidParameterValue", "Tag key cannot be null or empty.")
        if is_reserved(key):
            raise ApiError("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
        if len(key) > 127:
            raise ApiError("InvalidParameterValue", f"Tag key exceeds the maximum length of 127 characters: '{key}'")
        if value is not None and len(value) > 256:
            raise ApiError("InvalidParameterValue", f"Tag value exceeds the maximum length of 256: '{value}'")
        pairs.append((key, value))
    keys = [key for key, _value in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ApiError("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
    return pairs


def tag_limit(present: Mapping[str, str]) -> None:
    """Check that there are at most 50 tags, not counting aws: tags."""
    if sum(not is_reserved(key) for key in present) > MAX_TAGS:
        raise ApiError("TagLimitExceeded", f"The maximum of {MAX_TAGS} tags per resource would be exceeded")


def tag_specifications(specifications: list[dict[str, Any]], resource_type: ResourceType) -> dict[str, str]:
    """Return the tags of a Create request. A specification for another resource type is rejected."""
    if len(specifications) > 1:
        # Assumption: [tag-specifications-two] two specifications of the only possible type are rejected.
        raise ApiError("InvalidParameterValue", "The same resource type may not be specified more than once")
    result: dict[str, str] = {}
    for specification in specifications:
        given = specification.get("ResourceType")
        if given is None:
            raise missing("TagSpecification.ResourceType")
        if given != resource_type.type_name:
            raise ApiError("InvalidParameterValue", f"'{given}' is not a valid taggable resource type here.")
        if not specification.get("Tags"):
            # Assumption: [tag-specification-empty] a specification without tags is rejected.
            raise ApiError("InvalidParameterValue", "Tag specification must have at least one tag")
        result.update({key: value or "" for key, value in tags(specification["Tags"])})
    tag_limit(result)
    return result
