# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs from the declarations of resource types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible.module_utils.common.validation import check_type_float, check_type_int

from .._model.resource_types import Field, ModuleParams, ResourceType

# What a play may set once for the whole action group, so every module must take it.
DEFAULTS = {
    "default_tags": {"type": "dict"},
    "ignore_tag_keys": {"type": "list", "elements": "str", "no_log": False},
    "ignore_tag_key_prefixes": {"type": "list", "elements": "str", "no_log": False},
    "verify_permissions": {"type": "bool", "default": False},
}
# A day. What needs as many seconds as no clock can count to would fail after the change.
WAIT_TIMEOUT = 86400
_NUMBERS = {"int": check_type_int, "float": check_type_float}


def _unread(argument_spec: dict[str, Any]) -> dict[str, Any]:
    """The same options, with numbers as they come."""
    return {
        option: {
            **one,
            **({"type": "raw"} if one.get("type") in _NUMBERS else {}),
            **({"options": _unread(one["options"])} if "options" in one else {}),
        }
        for option, one in argument_spec.items()
    }


def _too_large(argument_spec: dict[str, Any], params: ModuleParams) -> Iterator[tuple[str, Any]]:
    """Options and their values that make AnsibleModule's check of numbers overflow."""
    for option, one in argument_spec.items():
        value = params.get(option)
        if one.get("type") in _NUMBERS:
            try:
                _NUMBERS[one["type"]](value)
            except OverflowError:
                yield option, value
            except TypeError:
                pass
        if "options" in one:
            for entry in value if isinstance(value, list) else [value]:
                yield from _too_large(one["options"], entry or {})


def _spec(field: Field) -> dict[str, Any]:
    """The argument spec of one option."""
    return {
        "type": field.type,
        **({"elements": "str"} if field.type == "list" else {}),
        **({"choices": list(field.choices)} if field.choices else {}),
        **({"required": True} if field.required else {}),
    }


def _part_spec(resource_type: ResourceType) -> dict[str, Any]:
    """The argument spec of the list of an object's parts. An entry is the whole of a part, so there are defaults."""
    options = {
        field.option: {**_spec(field), **({} if field.unset is None else {"default": field.unset})}
        for field in resource_type.fields
    }
    return {
        "type": "list",
        "elements": "dict",
        "options": {resource_type.id_option: {}, "tags": {"type": "dict"}, **options},
    }
