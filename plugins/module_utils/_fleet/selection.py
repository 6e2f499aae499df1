# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Selection of the network interfaces of a fleet, and why an interface is selected or not. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from .._model.errors import ValidationError
from .._model.resource_types import ApiParams, ModuleParams
from .._model.text import list_some, quote, truncate
from .._model.validation import check_id, check_string
from .patterns import Patterns, is_pattern

# The selector options that are lists of ids, with the prefix of the ids.
IDS = {"network_interface_ids": "eni", "instance_ids": "i", "vpc_ids": "vpc", "subnet_ids": "subnet"}
# A selector requires at least one of these. The options tag_source, interfaces and instance_states only modify them.
CRITERIA = (*IDS, "availability_zones", "instance_types", "tags")
STATES = ("pending", "running", "shutting-down", "stopping", "stopped", "terminated")
TAG_SOURCES = ("any", "interface", "instance")
# As a tag value: matches any value of the key.
ANY = "*"
# Maximum number of allowed values that a message lists with "or".
MAX_ALTERNATIVES = 3


@dataclass(frozen=True)
class Instance:
    """An instance. type: such as C(m5.large). state: one of STATES."""

    id: str
    type: str
    state: str
    tags: dict[str, str]

    @classmethod
    def from_api(cls, response: ApiParams) -> Instance:
        """Parse an instance of a DescribeInstances response."""
        return cls(
            response["InstanceId"],
            response["InstanceType"],
            response["State"]["Name"],
            _parse_tags(response.get("Tags", [])),
        )


@dataclass(frozen=True)
class Interface:
    """A network interface.

    type: C(interface), C(nat_gateway), ... zone: Availability Zone. managed_by: the requester of a requester-managed
    interface, such as C(amazon-rds), otherwise empty. primary: whether its device index is 0. attached_to: id of the
    instance it is attached to, or empty. instance: that instance, None if DescribeInstances did not return it.
    """

    id: str
    owner_id: str
    vpc_id: str
    subnet_id: str
    zone: str
    type: str
    managed_by: str
    ipv6_only: bool
    primary: bool
    tags: dict[str, str]
    attached_to: str
    instance: Instance | None = None

    @classmethod
    def from_api(cls, response: ApiParams) -> Interface:
        """Parse an interface of a DescribeNetworkInterfaces response, which does not describe the instance."""
        attachment = response.get("Attachment", {})
        return cls(
            id=response["NetworkInterfaceId"],
            owner_id=response.get("OwnerId", ""),
            vpc_id=response.get("VpcId", ""),
            subnet_id=response.get("SubnetId", ""),
            zone=response.get("AvailabilityZone", ""),
            type=response.get("InterfaceType", "interface"),
            managed_by=(response.get("RequesterId") or "an AWS service") if response.get("RequesterManaged") else "",
            ipv6_only=response.get("Ipv6Native", False),
            primary=attachment.get("DeviceIndex") == 0,
            tags=_parse_tags(response.get("TagSet", [])),
            attached_to=attachment.get("InstanceId", ""),
        )

    def with_instance(self, instances: dict[str, Instance]) -> Interface:
        """A copy with its instance. instances: by id."""
        return replace(self, instance=instances.get(self.attached_to))


@dataclass(frozen=True)
class Selector:
    """One entry of O(sources) or O(exclude). An interface matches if it matches every criterion of the entry.

    label: the entry in messages, such as C(sources[0]). values: criterion to its allowed values. tags: key to its
    allowed values. tag_source: one of TAG_SOURCES. With C(any), tags of the interface override tags of the instance in
    sources; in exclude, a tag of either one matches. primary: whether only primary interfaces match. states: allowed
    states of the instance, None for any. excludes: whether the entry is one of O(exclude).
    """

    label: str
    values: dict[str, frozenset[str]]
    instance_types: Patterns | None
    tags: dict[str, Patterns]
    tag_source: str
    primary: bool
    states: frozenset[str] | None
    excludes: bool

    @classmethod
    def from_options(cls, label: str, given: ModuleParams, excludes: bool) -> Selector:
        """Parse and check an entry. label: of the entry in messages. Raises ValidationError."""
        if all(given.get(option) is None for option in CRITERIA):
            raise ValidationError(
                f"{label} must have at least one of {', '.join(CRITERIA)}; "
                "instance_types: ['*'] means every instance in the region."
            )
        for option in CRITERIA:
            if given.get(option) is not None and not given[option]:
                raise ValidationError(f"{label}: {option} must not be empty; omit it to match any value.")
        check_zones(f"{label}: availability_zones", given.get("availability_zones") or ())
        check_types(f"{label}: instance_types", given.get("instance_types") or (), families=False)
        for option, prefix in IDS.items():
            for one in given.get(option) or ():
                try:
                    check_id(option, one, prefix)
                except ValidationError as error:
                    raise ValidationError(f"{label}: {error}") from error
        states = given.get("instance_states") or (None if excludes else ("running",))
        return cls(
            label=label,
            values={option: frozenset(given[option]) for option in _PROPERTIES if given.get(option) is not None},
            instance_types=Patterns.of(given["instance_types"]) if given.get("instance_types") else None,
            tags={key: _parse_tag_values(label, key, value) for key, value in (given.get("tags") or {}).items()},
            tag_source=given.get("tag_source") or "any",
            primary=given.get("interfaces") == "primary",
            states=None if states is None else frozenset(states),
            excludes=excludes,
        )

    def matches(self, interface: Interface) -> bool:
        """Whether the interface matches every criterion."""
        return self._matches_state(interface) and self.matches_except_state(interface)

    def matches_except_state(self, interface: Interface) -> bool:
        """Whether the interface matches every criterion except instance_states."""
        return self._find_mismatch(interface) is None

    def explain_mismatch(self, interface: Interface) -> str:
        """The first criterion that the interface does not match, such as C(tag Mirror is missing); empty if none."""
        mismatch = self._find_mismatch(interface)
        if mismatch is not None:
            return self._explain(interface, *mismatch)
        if interface.instance is not None and self.states is not None and not self._matches_state(interface):
            return f"instance is {interface.instance.state}, not {_either(sorted(self.states))}"
        return ""

    def describe(self) -> str:
        """The criteria of the entry, such as C(tag Mirror 'no'). It names no interface, because reasons are counted."""
        texts = [f"{_PROPERTIES[option].noun} {_either(sorted(values))}" for option, values in self.values.items()]
        if self.instance_types is not None:
            texts.append(f"instance type {_either(self.instance_types.values)}")
        texts += [f"tag {truncate(key)} {_either(map(quote, allowed.values))}" for key, allowed in self.tags.items()]
        if self.primary:
            texts.append("primary interface")
        if self.states is not None:
            texts.append(f"instance {_either(sorted(self.states))}")
        return list_some(texts)

    def _matches_state(self, interface: Interface) -> bool:
        return self.states is None or interface.instance is None or interface.instance.state in self.states

    def _find_mismatch(self, interface: Interface) -> tuple[str, str] | None:
        """The first criterion except instance_states that fails, with the key of the tag if it is tags."""
        for option, allowed in self.values.items():
            if _PROPERTIES[option].read(interface) not in allowed:
                return option, ""
        instance = interface.instance
        if self.instance_types is not None and not (instance and self.instance_types.match(instance.type)):
            return "instance_types", ""
        for key, patterns in self.tags.items():
            if not any(map(patterns.match, self._read_tag(interface, key))):
                return "tags", key
        return ("interfaces", "") if self.primary and not interface.primary else None

    def _read_tag(self, interface: Interface, key: str) -> list[str]:
        """The values of a tag that count for this entry: none, one, or in exclude that of interface and instance."""
        values = []
        if self.tag_source != "instance" and key in interface.tags:
            values.append(interface.tags[key])
        if self.tag_source != "interface" and interface.instance is not None and key in interface.instance.tags:
            values.append(interface.instance.tags[key])
        return values if self.excludes else values[:1]

    def _explain(self, interface: Interface, option: str, key: str) -> str:
        """The text for a result of _find_mismatch."""
        if option == "tags":
            return self._explain_tag(interface, key)
        if option == "interfaces":
            return "not the primary interface of the instance"
        if option in ("instance_ids", "instance_types") and not interface.attached_to:
            return "not attached to an instance"
        if option == "instance_types" and self.instance_types is not None:
            if interface.instance is None:
                return "instance type is unknown, because the instance is not visible"
            return f"instance type is {interface.instance.type}, not {_either(self.instance_types.values)}"
        compared = _PROPERTIES[option]
        return f"{compared.noun} is {compared.read(interface)}, not {_either(sorted(self.values[option]))}"

    def _explain_tag(self, interface: Interface, key: str) -> str:
        allowed, tag = self.tags[key].values, f"tag {truncate(key)}"
        required = _either(map(quote, allowed))
        values = self._read_tag(interface, key)
        if values:
            return f"{tag} is {' and '.join(map(quote, dict.fromkeys(values)))}, not {required}"
        if self.tag_source != "interface" and interface.attached_to and interface.instance is None:
            return f"{tag} is unknown, because the instance is not visible"
        return f"{tag} is missing" if ANY in allowed else f"{tag} is missing; {required} is required"


@dataclass(frozen=True)
class _Property:
    """A property of an interface that a criterion compares with a list.

    noun: the name in messages. api_filter: the filter of DescribeNetworkInterfaces.
    """

    noun: str
    api_filter: str
    read: Callable[[Interface], str]


_PROPERTIES = {
    "network_interface_ids": _Property("network interface", "network-interface-id", lambda interface: interface.id),
    "instance_ids": _Property("instance", "attachment.instance-id", lambda interface: interface.attached_to),
    "vpc_ids": _Property("VPC", "vpc-id", lambda interface: interface.vpc_id),
    "subnet_ids": _Property("subnet", "subnet-id", lambda interface: interface.subnet_id),
    "availability_zones": _Property("availability zone", "availability-zone", lambda interface: interface.zone),
}


def find_unknown_values(selectors: Iterable[Selector], interfaces: Iterable[Interface]) -> list[str]:
    """A text for each selector with ids or tag keys that no interface, or its instance, has. They may be mistyped."""
    interfaces = list(interfaces)
    ids = {option: {_PROPERTIES[option].read(interface) for interface in interfaces} for option in IDS}
    keys = {
        "interface": {key for interface in interfaces for key in interface.tags},
        "instance": {key for interface in interfaces if interface.instance for key in interface.instance.tags},
    }
    keys["any"] = keys["interface"] | keys["instance"]
    texts = []
    for selector in selectors:
        unknown = {option: selector.values.get(option, frozenset()) - ids[option] for option in IDS}
        parts = [f"{option} {list_some(sorted(values))}" for option, values in unknown.items() if values]
        missing = sorted(selector.tags.keys() - keys[selector.tag_source])
        if missing:
            parts.append(f"tag key {list_some(missing)}")
        if {"true", "false"}.intersection(missing):
            # Ansible converts keys to strings before a module starts, so that a boolean key cannot be rejected.
            parts[-1] += " (YAML reads unquoted yes, no, on and off as booleans; quote the key)"
        if parts:
            texts.append(f"{selector.label}: nothing has {'; '.join(parts)}")
    return texts


def _either(values: Iterable[str]) -> str:
    """Alternatives as text, of which long lists are shortened."""
    values = list(values)
    return " or ".join(map(truncate, values)) if len(values) <= MAX_ALTERNATIVES else f"one of {list_some(values)}"


def build_api_filters(sources: Iterable[Selector], max_values: int) -> dict[str, list[str]]:
    """Filters of DescribeNetworkInterfaces that every interface matched by the sources passes.

    A criterion becomes a filter if all sources have it. max_values: the number of filter values in one request.
    """
    filters: dict[str, list[str]] = {}
    sources = list(sources)
    for option, compared in _PROPERTIES.items():
        values = sorted({value for source in sources for value in source.values.get(option, ())})
        if all(option in source.values for source in sources) and len(values) <= max_values:
            filters[compared.api_filter] = values
            max_values -= len(values)
    return filters


def check_zones(option: str, zones: Iterable[str]) -> None:
    """Raise ValidationError unless these have the form of Availability Zone names."""
    for one in zones:
        if not re.fullmatch(r"[a-z0-9-]+", one):
            raise ValidationError(f"{option} must be names such as eu-west-1a, not {quote(one)}.")


def check_types(option: str, patterns: Iterable[str], families: bool = True) -> None:
    """Raise ValidationError unless these are instance types or patterns with C(*) and C(?).

    families: whether families such as C(m8g) are valid as well.
    """
    for one in patterns:
        if not re.fullmatch(r"[a-z0-9.*?-]+", one):
            raise ValidationError(f"{option} must be instance types such as m5.large or m5.*, not {quote(one)}.")
        if not families and "." not in one and not is_pattern(one):
            raise ValidationError(f"{option}: {quote(one)} is a family, not an instance type; use {truncate(one)}.*.")


def _parse_tag_values(label: str, key: str, value: Any) -> Patterns:
    values = value if isinstance(value, list) else [value]
    if not values or any(one is None or isinstance(one, (dict, list)) for one in values):
        raise ValidationError(f"{label}: tags: {truncate(key)} must be a value, a list of values, or '*' for any.")
    for one in values:
        # C(Mirror: no) would match the tag value "False", so an exclusion would exclude nothing without an error.
        check_string(f"{label}: tags", truncate(key), one)
    return Patterns.of(values)


def _parse_tags(tags: list[ApiParams]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}
