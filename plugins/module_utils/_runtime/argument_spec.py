# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs of modules, generated from the declarations of resource types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ansible.module_utils.common.validation import check_type_float, check_type_int

from .._model.resource_types import Field, ModuleParams, ResourceType

# Options that a play may set in module_defaults for the action group, so every module must accept them.
COMMON_OPTIONS = {
    "default_tags": {"type": "dict"},
    "ignore_tag_keys": {"type": "list", "elements": "str", "no_log": False},
    "ignore_tag_key_prefixes": {"type": "list", "elements": "str", "no_log": False},
    "verify_permissions": {"type": "bool", "default": False},
}
WAIT_OPTIONS = {"wait": {"type": "bool", "default": False}, "wait_timeout": {"type": "int", "default": 120}}
# Maximum wait_timeout in seconds: a day. A number too large for the clock would fail only after the change.
MAX_WAIT_TIMEOUT = 86400
_NUMBER_CHECKS = {"int": check_type_int, "float": check_type_float}


def without_number_types(argument_spec: dict[str, Any]) -> dict[str, Any]:
    """Return the argument spec with type raw instead of int and float."""
    return {
        option: {
            **one,
            **({"type": "raw"} if one.get("type") in _NUMBER_CHECKS else {}),
            **({"options": without_number_types(one["options"])} if "options" in one else {}),
        }
        for option, one in argument_spec.items()
    }


def find_too_large(argument_spec: dict[str, Any], params: ModuleParams) -> Iterator[tuple[str, Any]]:
    """Iterate over the (option, value) pairs that raise OverflowError in AnsibleModule's number checks.

    A suboption has its list or dict before it, such as C(sessions: session_number).
    """
    for option, one in argument_spec.items():
        value = params.get(option)
        if one.get("type") in _NUMBER_CHECKS:
            try:
                _NUMBER_CHECKS[one["type"]](value)
            except OverflowError:
                yield option, value
            except TypeError:
                pass
        if "options" in one:
            for entry in value if isinstance(value, list) else [value]:
                for suboption, number in find_too_large(one["options"], entry or {}):
                    yield f"{option}: {suboption}", number


def field_spec(field: Field) -> dict[str, Any]:
    """Return the argument spec of the option for a field."""
    return {
        "type": field.type,
        **({"elements": "str"} if field.type == "list" else {}),
        **({"choices": list(field.choices)} if field.choices else {}),
        **({"required": True} if field.required else {}),
    }


def resource_options(
    resource_type: ResourceType, references: Iterable[str] = (), extra_options: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the argument spec of the options that identify and describe one resource.

    references: the options that identify another resource by its Name tag. extra_options: the argument spec of further
    options.
    """
    children = resource_type.children
    return {
        resource_type.id_option: {"aliases": ["id"]},
        "name": {},
        **{option: {} for option in (*references, *resource_type.read_only)},
        **{field.option: field_spec(field) for field in resource_type.fields},
        **({children.list_option: child_list_spec(children)} if children else {}),
        **(extra_options or {}),
        "tags": {"type": "dict", "aliases": ["resource_tags"]},
    }


def exclusive_options(
    resource_type: ResourceType, references: dict[str, tuple[str, ResourceType]]
) -> list[tuple[str, ...]]:
    """Return the groups of options of one resource of which a task can set only one.

    references: for each option that identifies another resource by its Name tag, the option that takes its id and the
    type of that resource.
    """
    return [
        *((option, id_option) for option, (id_option, _type) in references.items()),
        *([resource_type.identifying] if len(resource_type.natural_keys) > 1 else []),
    ]


def child_list_spec(resource_type: ResourceType) -> dict[str, Any]:
    """Return the argument spec of a parent's option with the list of child resources.

    An entry is the complete desired state of a child, so omitted suboptions have defaults.
    """
    options = {
        field.option: {**field_spec(field), **({} if field.unset is None else {"default": field.unset})}
        for field in resource_type.fields
    }
    return {
        "type": "list",
        "elements": "dict",
        "options": {resource_type.id_option: {}, "tags": {"type": "dict"}, **options},
    }
