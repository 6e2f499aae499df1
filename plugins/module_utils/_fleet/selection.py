# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Selection of the network interfaces of a fleet, and of those that EC2 can mirror. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from .._model.errors import ValidationError
from .._model.resource_types import ApiParams, ModuleParams
from .._model.text import quote, truncate
from .._model.validation import check_id
from .instance_types import is_bare_metal, is_supported

# The selector options that are lists of ids, with the prefix of the ids.
IDS = {"network_interface_ids": "eni", "instance_ids": "i", "vpc_ids": "vpc", "subnet_ids": "subnet"}
# A selector requires at least one of these. The options tag_source, interfaces and instance_states only modify them.
CRITERIA = (*IDS, "availability_zones", "instance_types", "tags")
STATES = ("pending", "running", "shutting-down", "stopping", "stopped", "terminated")
TAG_SOURCES = ("any", "interface", "instance")
# As a tag value: matches any value of the key.
ANY = "*"


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

    type: C(interface), C(nat_gateway), ... zone: Availability Zone. primary: whether its device index is 0.
    attached_to: id of the instance it is attached to, or empty. instance: that instance, None if DescribeInstances did
    not return it.
    """

    id: str
    owner_id: str
    vpc_id: str
    subnet_id: str
    zone: str
    type: str
    requester_managed: bool
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
            requester_managed=response.get("RequesterManaged", False),
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

    values: criterion to its allowed values. tags: key to its allowed values. tag_source: one of TAG_SOURCES. With
    C(any), tags of the interface override tags of the instance in sources; in exclude, a tag of either one matches.
    primary: whether only primary interfaces match. states: allowed states of the instance, None for any. excludes:
    whether the entry is one of O(exclude).
    """

    values: dict[str, frozenset[str]]
    instance_types: tuple[str, ...] | None
    tags: dict[str, frozenset[str]]
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
        check_types(f"{label}: instance_types", given.get("instance_types") or ())
        for option, prefix in IDS.items():
            for one in given.get(option) or ():
                try:
                    check_id(option, one, prefix)
                except ValidationError as error:
                    raise ValidationError(f"{label}: {error}") from error
        states = given.get("instance_states") or (None if excludes else ("running",))
        return cls(
            values={
                option: frozenset(given[option])
                for option in (*IDS, "availability_zones")
                if given.get(option) is not None
            },
            instance_types=tuple(given["instance_types"]) if given.get("instance_types") else None,
            tags={str(key): _parse_tag_values(label, key, value) for key, value in (given.get("tags") or {}).items()},
            tag_source=given.get("tag_source") or "any",
            primary=given.get("interfaces") == "primary",
            states=None if states is None else frozenset(states),
            excludes=excludes,
        )

    def matches(self, interface: Interface) -> bool:
        """Whether the interface matches every criterion."""
        instance = interface.instance
        properties = {
            "network_interface_ids": interface.id,
            "instance_ids": interface.attached_to,
            "vpc_ids": interface.vpc_id,
            "subnet_ids": interface.subnet_id,
            "availability_zones": interface.zone,
        }
        if any(properties[option] not in values for option, values in self.values.items()):
            return False
        if self.primary and not interface.primary:
            return False
        if self.states is not None and instance is not None and instance.state not in self.states:
            return False
        if self.instance_types is not None and not (instance and matches_glob(instance.type, self.instance_types)):
            return False
        return not self.tags or self._matches_tags(interface)

    def _matches_tags(self, interface: Interface) -> bool:
        use_instance, use_interface = self.tag_source != "interface", self.tag_source != "instance"
        instance_tags = interface.instance.tags if interface.instance and use_instance else {}
        interface_tags = interface.tags if use_interface else {}
        tag_sets = (instance_tags, interface_tags) if self.excludes else ({**instance_tags, **interface_tags},)
        return all(
            any(key in tags and (ANY in values or tags[key] in values) for tags in tag_sets)
            for key, values in self.tags.items()
        )


@dataclass(frozen=True)
class Limits:
    """Limits of what EC2 mirrors.

    instance_types: globs of the supported types; empty: the list in instance_types.py. targets: ids of interfaces that
    are mirror targets. foreign: ids of other accounts.
    """

    instance_types: tuple[str, ...]
    targets: frozenset[str]
    foreign: frozenset[str]


def find_ineligible_reason(interface: Interface, limits: Limits, mirrored: bool = False) -> str | None:
    """The reason why EC2 cannot mirror the interface, None if it can.

    mirrored: whether the interface has a session. If so, EC2 has accepted its instance type, whatever limits list.

    Source: Traffic Mirroring guide, "Traffic mirror sessions" and "Limitations". By that guide, requester-managed
    interfaces of Amazon RDS and ElastiCache can be mirrored. EC2 returns no instance for them, so their type cannot be
    checked; the session module can mirror them.
    """
    instance = interface.instance
    if interface.owner_id in limits.foreign:
        return f"owned by account {interface.owner_id}"
    if interface.type != "interface":
        return f"interface type is {interface.type}; EC2 mirrors only interface"
    if interface.requester_managed:
        return "managed by an AWS service (requester-managed)"
    if instance is None and interface.attached_to:
        return f"instance {interface.attached_to} is not visible yet"
    if instance is None:
        return "not attached to an instance"
    if instance.state in ("shutting-down", "terminated"):
        return f"instance {instance.id} is {instance.state}"
    if interface.ipv6_only:
        return f"subnet {interface.subnet_id} is IPv6-only"
    if interface.id in limits.targets:
        return "the interface is a mirror target"
    return None if mirrored else _find_unsupported_type_reason(instance.type, limits.instance_types)


def _find_unsupported_type_reason(instance_type: str, patterns: tuple[str, ...]) -> str | None:
    """The reason why EC2 cannot mirror instances of this type, None if it can. patterns: see Limits.instance_types."""
    if matches_glob(instance_type, patterns) if patterns else is_supported(instance_type):
        return None
    if not patterns and is_bare_metal(instance_type):
        return f"instance type {instance_type} is bare metal without support for Traffic Mirroring"
    return f"instance type {instance_type} is not in supported_instance_types"


def build_api_filters(sources: Iterable[Selector], max_values: int) -> dict[str, list[str]]:
    """Filters of DescribeNetworkInterfaces that every interface matched by the sources passes.

    A criterion becomes a filter if all sources have it. max_values: the number of filter values in one request.
    """
    filters: dict[str, list[str]] = {}
    sources = list(sources)
    for option, name in (
        ("network_interface_ids", "network-interface-id"),
        ("instance_ids", "attachment.instance-id"),
        ("vpc_ids", "vpc-id"),
        ("subnet_ids", "subnet-id"),
        ("availability_zones", "availability-zone"),
    ):
        values = sorted({value for source in sources for value in source.values.get(option, ())})
        if all(option in source.values for source in sources) and len(values) <= max_values:
            filters[name] = values
            max_values -= len(values)
    return filters


def check_zones(option: str, zones: Iterable[str]) -> None:
    """Raise ValidationError unless these have the form of Availability Zone names."""
    for one in zones:
        if not re.fullmatch(r"[a-z0-9-]+", one):
            raise ValidationError(f"{option} must be names such as eu-west-1a, not {quote(one)}.")


def check_types(option: str, patterns: Iterable[str]) -> None:
    """Raise ValidationError unless these are instance types or globs with C(*) and C(?).

    Brackets are rejected because fnmatch interprets them.
    """
    for one in patterns:
        if not re.fullmatch(r"[a-z0-9.*?-]+", one):
            raise ValidationError(f"{option} must be instance types such as m5.large or m5.*, not {quote(one)}.")


@lru_cache(maxsize=4096)
def matches_glob(text: str, patterns: tuple[str, ...]) -> bool:
    """Whether any of the patterns matches the text. Cached, because thousands of interfaces have few types.

    patterns: with C(*) and C(?).
    """
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def _parse_tag_values(label: str, key: Any, value: Any) -> frozenset[str]:
    values = value if isinstance(value, list) else [value]
    if not values or any(one is None or isinstance(one, (dict, list)) for one in values):
        raise ValidationError(f"{label}: tags: {truncate(key)} must be a value, a list of values, or '*' for any.")
    if any(isinstance(one, bool) for one in values):
        # C(Mirror: no) would match the tag value "False", so an exclusion would exclude nothing without an error.
        raise ValidationError(
            f"{label}: tags: {truncate(key)} is a boolean. YAML reads unquoted yes, no, on and off as booleans; "
            "quote the value."
        )
    return frozenset(str(one) for one in values)


def _parse_tags(tags: list[ApiParams]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}
