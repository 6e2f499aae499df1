# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which object a task means, and how it differs from what the task asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .desired_state import DesiredState, UnresolvedRef
from .errors import AmbiguousMatchError, ConflictError, ValidationError
from .resource_types import ModuleParams, ResourceType
from .text import truncate


def find_match(desired: DesiredState, rows: Iterable[ModuleParams]) -> ModuleParams | None:
    """The one object that the task means, None if it does not exist.

    rows: every object that could be it. In this order: its id, its natural key, its name within its scope. Raises
    AmbiguousMatchError if there are several, ConflictError if two of the three point at different objects.
    """
    resource_type, rows = desired.resource_type, list(rows)
    key = next((key for options in resource_type.natural_keys if (key := desired.key(options))), None)
    scope = {option: desired.values[option] for option in resource_type.name_scope if option in desired.values}
    by_id = [row for row in rows if desired.id is not None and row[resource_type.id_option] == desired.id]
    by_key = [row for row in rows if key is not None and has_values(row, key)]
    by_name = [row for row in rows if desired.name is not None and row["tags"].get("Name") == desired.name]
    by_name = [row for row in by_name if has_values(row, scope)]
    if desired.id is not None:
        candidates, words = by_id, f"{resource_type.id_option} {desired.id}"
    elif by_key:
        # What EC2 does not hold to be unique may still be told apart by its name.
        candidates = [row for row in by_key if row in by_name] if len(by_key) > 1 else by_key
        candidates, words = (
            candidates or by_key,
            " and ".join(f"{option} {value}" for option, value in (key or {}).items()),
        )
    else:
        candidates, words = by_name, f"name {desired.name}"
    if len(candidates) > 1:
        raise AmbiguousMatchError(
            f"{words} fits {len(candidates)} {resource_type.noun}s, give {resource_type.id_option}: "
            f"{_labels(resource_type, candidates)}."
        )
    if not candidates:
        return None
    one = candidates[0]
    others = [row for row in by_key if row is not one and one not in by_key]
    if one not in by_name:
        others += [row for row in by_name if row not in others]
    if others:
        raise ConflictError(
            f"The options point at different {resource_type.noun}s: {words} at {resource_type.label(one)}, "
            f"the rest at {_labels(resource_type, others)}. Correct the options, or rename or renumber one of "
            "them first."
        )
    return one


def has_values(row: ModuleParams, values: ModuleParams) -> bool:
    """Whether the object has these values, and its parts have those of theirs."""
    return all(_equals(row.get(option), value) for option, value in values.items())


def matches(resource_type: ResourceType, row: ModuleParams, expected: ModuleParams, before: ModuleParams) -> bool:
    """Whether a described object is as expected, whatever tags somebody else has given it or its parts meanwhile.

    before: the object before the change, which says what tags have gone.
    """
    parts = resource_type.parts.listed if resource_type.parts else ""
    tags = expected.get("tags", {})
    removed = before.get("tags", {}).keys() - tags.keys()
    if not tags.items() <= row["tags"].items() or not removed.isdisjoint(row["tags"]):
        return False
    if not has_values(row, {option: value for option, value in expected.items() if option not in ("tags", parts)}):
        return False
    if not resource_type.parts or parts not in expected:
        return True
    old = {part[resource_type.parts.id_option]: part for part in before.get(parts, ())}
    return len(row[parts]) == len(expected[parts]) and all(
        matches(resource_type.parts, part, desired, old.get(part[resource_type.parts.id_option], {}))
        for part, desired in zip(row[parts], expected[parts])
    )


def differences(resource_type: ResourceType, current: ModuleParams, values: ModuleParams) -> ModuleParams:
    """Those of the values that the object does not have and a task can ask for."""
    return {
        f.option: values[f.option]
        for f in resource_type.fields
        if f.change != "never" and f.option in values and current.get(f.option) != values[f.option]
    }


def check_needed(desired: DesiredState, values: ModuleParams) -> None:
    """Raise ValidationError unless these values suffice to make the object."""
    missing = [option for option in desired.resource_type.needed if option not in values]
    if missing:
        raise ValidationError(
            f"No such {desired.resource_type.noun} exists, and to create one the task lacks: {', '.join(missing)}."
        )


def check_read_only(desired: DesiredState, current: ModuleParams) -> None:
    """Raise ConflictError if the task states an owner or ARN that the object does not have."""
    for option in desired.resource_type.read_only:
        if desired.values.get(option, current.get(option)) != current.get(option):
            label = desired.resource_type.label(current)
            raise ConflictError(
                f"{option} is {current.get(option)} for {label}, not {truncate(desired.values[option])}; it "
                "cannot be set."
            )


def without_unresolved(found: ModuleParams) -> ModuleParams:
    """The object without the keys whose value nobody but EC2 knows yet."""
    return {key: value for key, value in found.items() if not isinstance(value, UnresolvedRef)}


def merge_reply(after: ModuleParams, resource_type: ResourceType, row: ModuleParams) -> ModuleParams:
    """The object with what EC2's reply shows of it, or of one of its parts.

    Tags are those of the plan: they are what was asked for, and a Modify reply does not hold them. So are the parts of
    the object where the reply is not about one of them: each has a reply of its own.
    """
    if resource_type.parent:
        parts = [
            {**row, "tags": part["tags"]} if all(part[o] == row[o] for o in resource_type.identifying) else part
            for part in after[resource_type.listed]
        ]
        return {**after, resource_type.listed: parts}
    kept = {resource_type.parts.listed: after[resource_type.parts.listed]} if resource_type.parts else {}
    return {**row, **kept, "tags": after["tags"]}


def _equals(value: Any, expected: Any) -> bool:
    if isinstance(expected, list) and isinstance(value, list) and any(isinstance(one, dict) for one in expected):
        return len(value) == len(expected) and all(has_values(row, values) for row, values in zip(value, expected))
    return bool(value == expected)


def _labels(resource_type: ResourceType, rows: Iterable[ModuleParams]) -> str:
    return "; ".join(resource_type.label(row) for row in rows)
