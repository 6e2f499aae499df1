# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Existing resources as the document of a stack. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Callable

from .._model.expiry import parse_tag
from .._model.resource_types import FILTER, RULE, SESSION, TARGET, ModuleParams, ResourceType
from .._model.tags import EXPIRES, INTERNAL_TAGS, OWNERSHIP_MARKS, STACK, is_reserved
from .options import LISTS, TYPES
from .snapshot import Resources


def is_listed(row: ModuleParams, stack: str | None) -> bool:
    """Whether a resource belongs into the document of this stack, None for resources without an ownership mark."""
    if stack is not None:
        return bool(row["tags"].get(STACK) == stack)
    return not any(mark in row["tags"] for mark in OWNERSHIP_MARKS)


def build_document(rows: Resources, stack: str | None, now: datetime) -> dict[str, list[ModuleParams]]:
    """Return the resources of a stack, or without an ownership mark, as the lists of the stack module.

    rows: all resources of the account by type. now: the current time. An entry has the name of the resource if it is
    unique in the account, otherwise its id. It has all options that a task can set, except Name, ownership marks and
    tags of AWS in its tags. A time of expiry in the past is omitted, because such an entry would delete the session.
    """
    keys = {
        resource_type: _choose_keys(resource_type, rows[resource_type], lambda row: is_listed(row, stack))
        for resource_type in TYPES
    }
    return {
        option: [
            _build_entry(resource_type, row, keys, now)
            for row in rows[resource_type]
            if row[resource_type.id_option] in keys[resource_type]
        ]
        for option, resource_type in LISTS.items()
    }


def _choose_keys(
    resource_type: ResourceType, rows: Iterable[ModuleParams], is_chosen: Callable[[ModuleParams], bool]
) -> dict[str, str | None]:
    """Return the name that identifies each chosen resource, None if its id must, by id."""
    rows = list(rows)
    counts = Counter(row["tags"].get("Name") for row in rows)
    names = {row[resource_type.id_option]: row["tags"].get("Name") or None for row in rows if is_chosen(row)}
    return {resource_id: name if counts[name] == 1 else None for resource_id, name in names.items()}


def _build_entry(
    resource_type: ResourceType, row: ModuleParams, keys: dict[ResourceType, dict[str, str | None]], now: datetime
) -> ModuleParams:
    """Return a resource as an entry of the document. keys: see _choose_keys."""
    name = keys[resource_type][row[resource_type.id_option]]
    identity = {resource_type.id_option: row[resource_type.id_option]} if name is None else {"name": name}
    entry = {**identity, **_settable(resource_type, row)}
    expiry = parse_tag(row["tags"].get(EXPIRES)) if resource_type is SESSION else None
    if expiry is not None and expiry.time > now:
        entry["expires_at"] = expiry.expires_at
    if resource_type is FILTER:
        rules = [{**_settable(RULE, rule), "tags": _own_tags(rule)} for rule in row[RULE.list_option]]
        entry[RULE.list_option] = rules
    for referenced in (FILTER, TARGET) if resource_type is SESSION else ():
        used = keys[referenced].get(row.get(referenced.id_option, ""))
        if used is not None:
            del entry[referenced.id_option]
            entry[f"{referenced.key}_name"] = used
    tags = _own_tags(row)
    if name is not None:
        del tags["Name"]
    return {**entry, "tags": tags}


def _settable(resource_type: ResourceType, row: ModuleParams) -> ModuleParams:
    """Return the fields of a resource that a task can set."""
    return {
        field.option: row[field.option]
        for field in resource_type.fields
        if field.change != "never" and field.option in row
    }


def _own_tags(row: ModuleParams) -> dict[str, str]:
    """Return the tags that a task can set."""
    return {key: value for key, value in row["tags"].items() if not (is_reserved(key) or key in INTERNAL_TAGS)}
