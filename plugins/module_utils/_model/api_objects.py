# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects in EC2's words and in the options' words, and back."""

from __future__ import annotations

from .resource_types import ApiParams, ModuleParams, ResourceType


def from_api(resource_type: ResourceType, reply: ApiParams, arn_base: str) -> ModuleParams:
    """An object in EC2's words turned into the options' words, with its parts in their order.

    arn_base: C(arn:PARTITION:ec2:REGION); the ARN's form is that of the Service Authorization Reference for EC2.
    """
    found = {resource_type.id_option: reply[resource_type.id_member]}
    for field in resource_type.fields:
        value = reply.get(field.member)
        if value is not None:
            found[field.option] = field.converter.from_api(value) if field.converter else value
        elif field.unset is not None:
            found[field.option] = field.unset
    if resource_type.owned and "OwnerId" in reply:
        found["owner_id"] = reply["OwnerId"]
        found["arn"] = f"{arn_base}:{reply['OwnerId']}:{resource_type.tag_type}/{reply[resource_type.id_member]}"
    if resource_type.parts is not None:
        found[resource_type.parts.listed] = sort_rules(
            [
                from_api(resource_type.parts, row, arn_base)
                for member in resource_type.parts.lists
                for row in reply.get(member, [])
            ]
        )
    found["tags"] = {tag["Key"]: tag["Value"] for tag in reply.get("Tags", [])}
    return found


def sort_rules(rules: list[ModuleParams]) -> list[ModuleParams]:
    """Rules as EC2 lists and applies them: ingress before egress, the lowest number first."""
    return sorted(rules, key=lambda rule: (rule["direction"] != "ingress", rule["rule_number"]))


def to_api_params(resource_type: ResourceType, values: ModuleParams) -> ApiParams:
    """The request members for these values; a value that means "not set" has none."""
    return {
        field.member: field.converter.to_api(values[field.option]) if field.converter else values[field.option]
        for field in resource_type.fields
        if field.change in ("modify", "replace") and values.get(field.option, field.unset) != field.unset
    }


def fields_to_reset(resource_type: ResourceType, values: ModuleParams) -> list[str]:
    """The C(RemoveFields) entries for those of these values that ask for a reset."""
    return [
        field.remove
        for field in resource_type.fields
        if field.remove and field.option in values and values[field.option] == field.unset
    ]
