# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The document of a stack: its filters, targets and sessions, parsed and checked without calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from .._batch.guards import Limit, parse_limit
from .._model.desired_state import DesiredState
from .._model.errors import ValidationError
from .._model.expiry import Expiry
from .._model.resource_types import (
    FILTER,
    SESSION,
    SESSIONS_PER_INTERFACE,
    TARGET,
    ModuleParams,
    ResourceType,
)
from .._model.tags import STACK, check_name
from .._model.text import truncate
from .._model.validation import check_number
from .._resources import filter as filter_resource
from .._resources import session as session_resource
from .._resources import session_expiry
from .._resources import target as target_resource
from .._runtime.argument_spec import MAX_WAIT_TIMEOUT

# The resource types of a stack by the option with the list, in the order in which they are created.
LISTS = {"filters": FILTER, "targets": TARGET, "sessions": SESSION}
TYPES = tuple(LISTS.values())
OPTIONS = {resource_type: option for option, resource_type in LISTS.items()}
_CHECKS = {FILTER: filter_resource.check, TARGET: target_resource.check, SESSION: session_resource.check}
# Options of entries that are not fields. A duration is not among them: a document does not state when it starts.
EXTRA_OPTIONS: dict[ResourceType, dict[str, Any]] = {
    FILTER: {"purge_rules": {"type": "bool", "default": True}},
    SESSION: {"expires_at": session_expiry.OPTIONS["expires_at"]},
}
# Options that stand once for the whole document, because they concern what the stack may do.
_COMMON = ("adopt", "allow_replacement", "purge_tags", "default_tags", "ignore_tag_keys", "ignore_tag_key_prefixes")


@dataclass(frozen=True, eq=False)
class Item:
    """One entry of the document.

    desired: the desired state. The filter and the target of a session are in its values if the entry has their ids.
    names: the names of the others, by the option of the session module that takes the name.
    """

    desired: DesiredState
    names: dict[str, str]

    @property
    def resource_type(self) -> ResourceType:
        """The type of the resource."""
        return self.desired.resource_type

    @property
    def key(self) -> str:
        """What identifies the entry among those of its type: its name, otherwise its id."""
        return self.desired.name or self.desired.id or ""

    @property
    def expired(self) -> Expiry | None:
        """The expiry of the entry if its time has passed. The entry then means that the session is absent."""
        return self.desired.expiry.find_expired(None) if self.desired.expiry else None

    @property
    def label(self) -> str:
        """The entry in messages, such as C(session web-1)."""
        return f"{self.resource_type.noun} {truncate(self.key)}"


@dataclass(frozen=True)
class Stack:
    """The options of a task.

    name: of the stack. names: the values of the tag STACK that mark its resources: the name and the names to adopt.
    items: the entries of the document by resource type, None for a list that the task omits: its resources are left
    unchanged. expired: the entries of sessions whose time has passed, which are not in C(items). purge: whether to
    delete resources of the stack that are not listed. max_deletes: the limit of deletions.
    """

    name: str
    names: tuple[str, ...]
    present: bool
    items: dict[ResourceType, tuple[Item, ...] | None]
    expired: tuple[Item, ...]
    purge: bool
    max_deletes: Limit

    @classmethod
    def from_options(cls, params: ModuleParams, check_mode: bool = False) -> Stack:
        """Parse and check the options of the module. Raises ValidationError."""
        names = (params["name"], *(params["adopt_stacks"] or ()))
        check_name("name", params["name"])
        for nth, one in enumerate(names[1:]):
            check_name(f"adopt_stacks[{nth}]", one)
            if one == names[0]:
                raise ValidationError(f"adopt_stacks[{nth}] is the name of this stack; list only other stacks.")
        check_number("wait_timeout", params["wait_timeout"], 1, MAX_WAIT_TIMEOUT, " seconds")
        items = {
            resource_type: _parse_list(option, names, params, check_mode) for option, resource_type in LISTS.items()
        }
        stack = cls(
            name=params["name"],
            names=names,
            present=params["state"] == "present",
            items={
                resource_type: None if listed is None else tuple(one for one in listed if one.expired is None)
                for resource_type, listed in items.items()
            },
            expired=tuple(one for one in items[SESSION] or () if one.expired is not None),
            purge=params["purge"],
            max_deletes=parse_limit("max_deletes", params["max_deletes"]),
        )
        _check_interfaces(stack)
        return stack

    def listed(self, resource_type: ResourceType) -> tuple[Item, ...]:
        """The entries of this type, none if the list is omitted."""
        return self.items[resource_type] or ()

    def deletes(self, resource_type: ResourceType) -> bool:
        """Whether the task deletes resources of this type that the document does not list."""
        return not self.present or (self.purge and self.items[resource_type] is not None)

    @property
    def needs_rule_tags(self) -> bool:
        """Whether the plan depends on the tags of rules: the document sets them, or a new filter may inherit them."""
        return any(
            item.desired.allow_replacement
            or any(rule.tags.tags is not None or rule.tags.desired() for rule in item.desired.children or ())
            for item in self.listed(FILTER)
        )

    def find(self, resource_type: ResourceType, name: str) -> Item | None:
        """The entry with this name."""
        return next((item for item in self.listed(resource_type) if item.desired.name == name), None)

    def owns(self, row: ModuleParams) -> bool:
        """Whether a resource has the mark of the stack."""
        return row["tags"].get(STACK) in self.names


def _parse_list(option: str, names: tuple[str, ...], params: ModuleParams, check_mode: bool) -> tuple[Item, ...] | None:
    """Parse one list of the document, None if it is omitted. Raises ValidationError."""
    entries = params[option]
    if entries is None or params["state"] == "absent":
        return None
    items = tuple(_parse_entry(option, nth, names, params, check_mode) for nth in range(len(entries)))
    resource_type = LISTS[option]
    for kind, values in _identities(resource_type, items):
        double = [value for value, count in Counter(values).items() if count > 1]
        if double:
            raise ValidationError(f"{option}: several entries have {kind} {truncate(double[0])}; it must be unique.")
    return items


def _parse_entry(option: str, nth: int, names: tuple[str, ...], params: ModuleParams, check_mode: bool) -> Item:
    """Parse one entry. Raises ValidationError, with the list and the name of the entry in the message."""
    resource_type, entry = LISTS[option], params[option][nth]
    given_id, name = entry[resource_type.id_option], entry["name"]
    key = name or given_id
    label = f"{option}: {truncate(key)}" if key else f"{option}[{nth}]"
    if given_id is None and name is None:
        raise ValidationError(f"{label}: name or {resource_type.id_option} is required.")
    common = {one: params[one] for one in _COMMON}
    try:
        desired = DesiredState.from_options(resource_type, {**common, **entry, "state": "present"}, check_mode)
        tags = replace(desired.tags, internal_tags={STACK: names[0]}, removed_marks=())
        desired = replace(desired, tags=tags, stacks=names)
        _CHECKS[resource_type](desired)
        references = session_resource.REFERENCES if resource_type is SESSION else {}
        given = {one: entry[one] for one in references if entry[one] is not None}
        for one, value in given.items():
            check_name(one, value)
    except ValidationError as error:
        raise ValidationError(f"{label}: {error}") from error
    return Item(desired, given)


def _identities(resource_type: ResourceType, items: tuple[Item, ...]) -> Iterator[tuple[str, list[str]]]:
    """Iterate over what must be unique in a list: names, ids and natural keys, each with the values of the entries."""
    yield "name", [item.desired.name for item in items if item.desired.name is not None]
    yield resource_type.id_option, [item.desired.id for item in items if item.desired.id is not None]
    for options in resource_type.natural_keys:
        keys = filter(None, (item.desired.key(options) for item in items if item.expired is None))
        yield " and ".join(options), [" and ".join(map(str, key.values())) for key in keys]


def _check_interfaces(stack: Stack) -> None:
    """Raise ValidationError if EC2 cannot mirror the interfaces of the document.

    An interface cannot be the source of a session and the destination of a target (Traffic Mirroring guide, sessions).
    """
    sources = Counter(
        item.desired.values["network_interface_id"]
        for item in stack.listed(SESSION)
        if "network_interface_id" in item.desired.values
    )
    for interface, count in sources.items():
        if count > SESSIONS_PER_INTERFACE:
            raise ValidationError(
                f"sessions: {count} entries have network_interface_id {interface}; an interface can have at most "
                f"{SESSIONS_PER_INTERFACE} sessions."
            )
    for item in stack.listed(TARGET):
        if item.desired.values.get("network_interface_id") in sources:
            raise ValidationError(
                f"targets: {truncate(item.key)}: network_interface_id {item.desired.values['network_interface_id']} is "
                "also the source of a session in sessions; an interface cannot be both."
            )
