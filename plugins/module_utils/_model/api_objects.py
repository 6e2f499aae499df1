# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conversion of resources between EC2's API parameters and module options."""

from __future__ import annotations

import functools
from typing import Any

from .converters import Converter
from .expiry import parse_tag
from .resource_types import SESSION, ApiParams, ModuleParams, ResourceType
from .tags import EXPIRES


def from_api(resource_type: ResourceType, reply: ApiParams, arn_base: str) -> ModuleParams:
    """Convert a resource in an EC2 response to module options.

    reply: the resource's member of the response; every member but the id is optional. A value that its converter does
    not accept is returned as text, so that one resource never prevents the lookup of others. arn_base:
    C(arn:PARTITION:ec2:REGION). The ARN format is from the Service Authorization Reference for EC2. The result includes
    the child resources, sorted (see sort_rules), and C(tags) as a dict.
    """
    row = {resource_type.id_option: reply[resource_type.id_member]}
    for field in resource_type.fields:
        value = reply.get(field.member)
        if value is not None:
            row[field.option] = _convert(field.converter, value) if field.converter else value
        elif field.unset is not None:
            row[field.option] = field.unset
    if resource_type.has_owner and "OwnerId" in reply:
        row["owner_id"] = reply["OwnerId"]
        row["arn"] = f"{arn_base}:{reply['OwnerId']}:{resource_type.tag_type}/{reply[resource_type.id_member]}"
    if resource_type.children is not None:
        row[resource_type.children.list_option] = sort_rules(
            [
                from_api(resource_type.children, child, arn_base)
                for member in resource_type.children.list_members
                for child in reply.get(member, [])
                if resource_type.children.id_member in child
            ]
        )
    row["tags"] = {tag["Key"]: tag.get("Value", "") for tag in reply.get("Tags", []) if "Key" in tag}
    return row


def _convert(converter: Converter, value: Any) -> str:
    """Return the canonical spelling of an API value, the value as text if the converter does not accept it."""
    try:
        return _convert_text(converter, value) if isinstance(value, str) else converter.from_api(value)
    except (ValueError, TypeError, KeyError):
        return str(value)


@functools.lru_cache(maxsize=4096)
def _convert_text(converter: Converter, value: str) -> str:
    """Return the canonical spelling of a text. Cached: the rules of an account have few different networks."""
    return converter.from_api(value)


def sort_rules(rules: list[ModuleParams]) -> list[ModuleParams]:
    """Return the rules in the order in which EC2 lists and evaluates them: ingress first, then by rule number."""

    def position(rule: ModuleParams) -> tuple[bool, int]:
        number = rule.get("rule_number")
        return rule.get("direction") != "ingress", number if isinstance(number, int) else 0

    return sorted(rules, key=position)


def to_api_params(resource_type: ResourceType, values: ModuleParams) -> ApiParams:
    """Convert module options to the parameters of a Create or Modify call. Omits unset values (see Field.unset)."""
    return {
        field.member: field.converter.to_api(values[field.option]) if field.converter else values[field.option]
        for field in resource_type.fields
        if field.change in ("modify", "replace") and values.get(field.option, field.unset) != field.unset
    }


def fields_to_reset(resource_type: ResourceType, values: ModuleParams) -> list[str]:
    """Return the C(RemoveFields) entries of a Modify call for the values that reset a field (see Field.unset)."""
    return [
        field.remove
        for field in resource_type.fields
        if field.remove and field.option in values and values[field.option] == field.unset
    ]


def add_expires_at(resource_type: ResourceType, row: ModuleParams) -> ModuleParams:
    """Return a resource for results: a session with a valid tag EXPIRES has the option C(expires_at) with its time."""
    expiry = parse_tag(row.get("tags", {}).get(EXPIRES)) if resource_type is SESSION else None
    return row if expiry is None else {**row, "expires_at": expiry.expires_at}
