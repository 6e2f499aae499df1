# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Matching of existing resources with the desired state, and their differences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .desired_state import DesiredState
from .errors import AmbiguousMatchError, ConflictError, ValidationError
from .resource_types import ModuleParams, ResourceType
from .text import truncate


def find_match(desired: DesiredState, rows: Iterable[ModuleParams]) -> ModuleParams | None:
    """Return the resource that the task identifies, or None if it does not exist.

    rows: the candidate resources. A resource is identified by its id, otherwise by a natural key, otherwise by its name
    within ResourceType.name_scope. Raises AmbiguousMatchError if several resources match.
    """
    resource_type, rows = desired.resource_type, list(rows)
    if desired.id is not None:
        return _single(resource_type, [row for row in rows if row[resource_type.id_option] == desired.id], "the id")
    key = next((key for options in resource_type.natural_keys if (key := desired.key(options))), None)
    by_key = [row for row in rows if key is not None and has_values(row, key)]
    # EC2 can return two resources with one natural key for a moment, when one replaces the other. The name tells which.
    named = [row for row in by_key if desired.name is not None and row["tags"].get("Name") == desired.name]
    if by_key:
        identity = " and ".join(f"{option} {value}" for option, value in (key or {}).items())
        return _single(resource_type, named if len(by_key) > 1 and named else by_key, identity)
    scope = {option: desired.values[option] for option in resource_type.name_scope if option in desired.values}
    by_name = [row for row in rows if desired.name is not None and row["tags"].get("Name") == desired.name]
    return _single(resource_type, [row for row in by_name if has_values(row, scope)], f"name {desired.name}")


def _single(resource_type: ResourceType, rows: list[ModuleParams], identity: str) -> ModuleParams | None:
    """Return the only resource of a list, None if it is empty. Raises AmbiguousMatchError if there are several."""
    if len(rows) > 1:
        raise AmbiguousMatchError(
            f"{identity} matches {len(rows)} {resource_type.noun}s; identify one by {resource_type.id_option}: "
            f"{_labels(resource_type, rows)}."
        )
    return rows[0] if rows else None


def has_values(row: ModuleParams, values: ModuleParams) -> bool:
    """Whether a resource has these values. Lists of child resources are compared by the values given for each child."""
    return all(_equals(row.get(option), value) for option, value in values.items())


def matches(resource_type: ResourceType, row: ModuleParams, expected: ModuleParams, before: ModuleParams) -> bool:
    """Whether a described resource has the expected values and tags, also in its child resources.

    before: the resource before the change; its tags that are not expected must be deleted. Ignores other additional
    tags, which another client may have set.
    """
    list_option = resource_type.children.list_option if resource_type.children else ""
    tags = expected.get("tags", {})
    removed = before.get("tags", {}).keys() - tags.keys()
    if not tags.items() <= row["tags"].items() or not removed.isdisjoint(row["tags"]):
        return False
    if not has_values(
        row, {option: value for option, value in expected.items() if option not in ("tags", list_option)}
    ):
        return False
    if not resource_type.children or list_option not in expected:
        return True
    old = {child[resource_type.children.id_option]: child for child in before.get(list_option, ())}
    return len(row[list_option]) == len(expected[list_option]) and all(
        matches(resource_type.children, child, desired, old.get(child[resource_type.children.id_option], {}))
        for child, desired in zip(row[list_option], expected[list_option])
    )


def differences(resource_type: ResourceType, current: ModuleParams, values: ModuleParams) -> ModuleParams:
    """Return the values that differ from the current ones, except those of fields that a task cannot set."""
    return {
        f.option: values[f.option]
        for f in resource_type.fields
        if f.change != "never" and f.option in values and current.get(f.option) != values[f.option]
    }


def check_create_options(desired: DesiredState, values: ModuleParams) -> None:
    """Raise ValidationError unless the values include all options that creating the resource requires."""
    missing = [option for option in desired.resource_type.required_to_create if option not in values]
    if missing:
        raise ValidationError(
            f"The {desired.resource_type.noun} does not exist, and creating it requires: {', '.join(missing)}."
        )


def check_read_only(desired: DesiredState, current: ModuleParams) -> None:
    """Raise ConflictError if a read-only option of the task, such as the owner, differs from the resource."""
    for option in desired.resource_type.read_only:
        if desired.values.get(option, current.get(option)) != current.get(option):
            label = desired.resource_type.label(current)
            raise ConflictError(
                f"{option} is {current.get(option)} for {label}, not {truncate(desired.values[option])}; it "
                "cannot be set."
            )


def merge_reply(after: ModuleParams, resource_type: ResourceType, row: ModuleParams) -> ModuleParams:
    """Update the planned resource with a resource, or child resource, of an EC2 response.

    after: the resource as planned, with the child resources and responses merged so far. resource_type, row: the type
    and the values (see from_api) of the resource in the response. Tags are kept from the plan, because the response to
    a Modify call has none. Child resources are kept too unless the response is about one of them.
    """
    if resource_type.parent_id_member:
        children = [
            {**row, "tags": child["tags"]} if all(child[o] == row[o] for o in resource_type.identifying) else child
            for child in after[resource_type.list_option]
        ]
        return {**after, resource_type.list_option: children}
    kept = (
        {resource_type.children.list_option: after[resource_type.children.list_option]}
        if resource_type.children
        else {}
    )
    return {**row, **kept, "tags": after["tags"]}


def _equals(value: Any, expected: Any) -> bool:
    """Whether a value is the expected one. Compares lists of dicts by the expected keys only."""
    if isinstance(expected, list) and isinstance(value, list) and any(isinstance(one, dict) for one in expected):
        return len(value) == len(expected) and all(has_values(row, values) for row, values in zip(value, expected))
    return bool(value == expected)


def _labels(resource_type: ResourceType, rows: Iterable[ModuleParams]) -> str:
    """Return the labels of resources, for a message."""
    return "; ".join(resource_type.label(row) for row in rows)
