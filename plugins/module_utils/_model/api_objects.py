# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conversion of resources between EC2's API parameters and module options."""

from __future__ import annotations

from .resource_types import ApiParams, ModuleParams, ResourceType


def from_api(resource_type: ResourceType, reply: ApiParams, arn_base: str) -> ModuleParams:
    """Convert a resource in an EC2 response to module options.

    reply: the resource's member of the response. arn_base: C(arn:PARTITION:ec2:REGION). The ARN format is from the
    Service Authorization Reference for EC2. The result includes the child resources, sorted (see sort_rules), and
    C(tags) as a dict.
    """
    row = {resource_type.id_option: reply[resource_type.id_member]}
    for field in resource_type.fields:
        value = reply.get(field.member)
        if value is not None:
            row[field.option] = field.converter.from_api(value) if field.converter else value
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
            ]
        )
    row["tags"] = {tag["Key"]: tag["Value"] for tag in reply.get("Tags", [])}
    return row


def sort_rules(rules: list[ModuleParams]) -> list[ModuleParams]:
    """Return the rules in the order in which EC2 lists and evaluates them: ingress first, then by rule number."""
    return sorted(rules, key=lambda rule: (rule["direction"] != "ingress", rule["rule_number"]))


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
