# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which network interfaces a fleet means, and which of them EC2 can mirror. Pure."""

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

# The options of a selector that hold ids, with the prefix of those.
IDS = {"network_interface_ids": "eni", "instance_ids": "i", "vpc_ids": "vpc", "subnet_ids": "subnet"}
# What narrows a selector; tag_source, interfaces and instance_states only say how the rest is meant.
CRITERIA = (*IDS, "availability_zones", "instance_types", "tags")
STATES = ("pending", "running", "shutting-down", "stopping", "stopped", "terminated")
TAG_SOURCES = ("any", "interface", "instance")
# The value that any tag of this key has.
ANY = "*"


@dataclass(frozen=True)
class Instance:
    """An instance: id, type (C(m5.large)), state (one of STATES) and tags."""

    id: str
    type: str
    state: str
    tags: dict[str, str]

    @classmethod
    def read(cls, row: ApiParams) -> Instance:
        """From an instance in DescribeInstances' words."""
        return cls(row["InstanceId"], row["InstanceType"], row["State"]["Name"], _tags(row.get("Tags", [])))


@dataclass(frozen=True)
class Interface:
    """A network interface.

    type: C(interface), C(nat_gateway), ... zone: of its subnet. primary: whether it is its instance's first.
    attached_to: the id of its instance, empty if there is none. instance: that instance, None if it does not show.
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
    def read(cls, row: ApiParams) -> Interface:
        """From an interface in DescribeNetworkInterfaces' words, which do not describe its instance."""
        attachment = row.get("Attachment", {})
        return cls(
            id=row["NetworkInterfaceId"],
            owner_id=row.get("OwnerId", ""),
            vpc_id=row.get("VpcId", ""),
            subnet_id=row.get("SubnetId", ""),
            zone=row.get("AvailabilityZone", ""),
            type=row.get("InterfaceType", "interface"),
            requester_managed=row.get("RequesterManaged", False),
            ipv6_only=row.get("Ipv6Native", False),
            primary=attachment.get("DeviceIndex") == 0,
            tags=_tags(row.get("TagSet", [])),
            attached_to=attachment.get("InstanceId", ""),
        )

    def of(self, instances: dict[str, Instance]) -> Interface:
        """The same with its instance, which is one of these, by id."""
        return replace(self, instance=instances.get(self.attached_to))


@dataclass(frozen=True)
class Selector:
    """One entry of O(sources) or O(exclude): an interface fits if it fits every criterion that is given.

    values: criterion to the values of which one must fit. tags: key to such values. tag_source: whose tags count; of
    C(any) the instance's, with the interface's own over them, or with excludes the one's or the other's: who leaves out
    what has a tag means both. primary: whether only primary interfaces fit. states: of the instance, None for any.
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
        """label: of the entry in messages. Raises ValidationError."""
        if all(given.get(option) is None for option in CRITERIA):
            raise ValidationError(
                f"{label} must have at least one of {', '.join(CRITERIA)}; "
                "instance_types: ['*'] means every instance of the region."
            )
        for option in CRITERIA:
            if given.get(option) is not None and not given[option]:
                raise ValidationError(f"{label}: {option} must not be empty; leave it out if it does not matter.")
        check_zones(f"{label}: availability_zones", given.get("availability_zones") or ())
        check_types(f"{label}: instance_types", given.get("instance_types") or ())
        for option, prefix in IDS.items():
            for one in given.get(option) or ():
                try:
                    check_id(option, one, prefix)
                except ValidationError as error:
                    raise ValidationError(f"{label}: {error}") from error
        chosen = given.get("instance_states") or (None if excludes else ("running",))
        return cls(
            values={
                option: frozenset(given[option])
                for option in (*IDS, "availability_zones")
                if given.get(option) is not None
            },
            instance_types=tuple(given["instance_types"]) if given.get("instance_types") else None,
            tags={str(key): _values(label, key, value) for key, value in (given.get("tags") or {}).items()},
            tag_source=given.get("tag_source") or "any",
            primary=given.get("interfaces") == "primary",
            states=None if chosen is None else frozenset(chosen),
            excludes=excludes,
        )

    def matches(self, one: Interface) -> bool:
        """Whether the interface is meant."""
        instance = one.instance
        facts = {
            "network_interface_ids": one.id,
            "instance_ids": one.attached_to,
            "vpc_ids": one.vpc_id,
            "subnet_ids": one.subnet_id,
            "availability_zones": one.zone,
        }
        if any(facts[option] not in values for option, values in self.values.items()):
            return False
        if self.primary and not one.primary:
            return False
        if self.states is not None and instance is not None and instance.state not in self.states:
            return False
        if self.instance_types is not None and not (instance and matches_glob(instance.type, self.instance_types)):
            return False
        return not self.tags or self._tagged(one)

    def _tagged(self, one: Interface) -> bool:
        inherited = one.instance.tags if one.instance and self.tag_source != "interface" else {}
        own = one.tags if self.tag_source != "instance" else {}
        places = (inherited, own) if self.excludes else ({**inherited, **own},)
        return all(
            any(key in tags and (ANY in values or tags[key] in values) for tags in places)
            for key, values in self.tags.items()
        )


@dataclass(frozen=True)
class Limits:
    """What EC2 mirrors. instance_types: globs of supported ones. targets: interfaces that are mirror targets.
    foreign: accounts that are not the caller's."""

    instance_types: tuple[str, ...]
    targets: frozenset[str]
    foreign: frozenset[str]


def ineligible(one: Interface, limits: Limits, mirrored: bool = False) -> str | None:
    """Why EC2 cannot mirror the interface, None if it can.

    mirrored: whether it has a session already. Then EC2 has taken its instance type, whatever our list says.

    Source: Traffic Mirroring guide, "Traffic mirror sessions" and "Limitations". Requester-managed interfaces of
    Amazon RDS and ElastiCache can be mirrored by that page; they show no instance, so no type to judge by, and are
    left to the single session module.
    """
    if one.owner_id in limits.foreign:
        return f"it belongs to account {one.owner_id}"
    if one.type != "interface":
        return f"its type is {one.type}; EC2 mirrors only the type interface"
    if one.requester_managed:
        return "it is managed by an AWS service (requester-managed)"
    if one.instance is None and one.attached_to:
        return f"its instance {one.attached_to} does not show yet"
    if one.instance is None:
        return "it is not attached to an instance"
    if one.instance.state in ("shutting-down", "terminated"):
        return f"its instance {one.instance.id} is {one.instance.state}"
    if one.ipv6_only:
        return f"its subnet {one.subnet_id} is IPv6-only"
    if one.id in limits.targets:
        return "it is itself a mirror target"
    if mirrored:
        return None
    if "metal" in one.instance.type.partition(".")[2]:
        return f"instance type {one.instance.type} is bare metal"
    if not matches_glob(one.instance.type, limits.instance_types):
        return f"instance type {one.instance.type} is not among supported_instance_types"
    return None


def server_side(sources: Iterable[Selector], most: int) -> dict[str, list[str]]:
    """The filters of DescribeNetworkInterfaces that no interface of these sources fails.

    most: values in one request. A criterion counts if every source has it.
    """
    found: dict[str, list[str]] = {}
    sources = list(sources)
    for option, name in (
        ("network_interface_ids", "network-interface-id"),
        ("instance_ids", "attachment.instance-id"),
        ("vpc_ids", "vpc-id"),
        ("subnet_ids", "subnet-id"),
        ("availability_zones", "availability-zone"),
    ):
        values = sorted({value for one in sources for value in one.values.get(option, ())})
        if all(option in one.values for one in sources) and len(values) <= most:
            found[name] = values
            most -= len(values)
    return found


def check_zones(option: str, zones: Iterable[str]) -> None:
    """Raise ValidationError unless these may be availability zones."""
    for one in zones:
        if not re.fullmatch(r"[a-z0-9-]+", one):
            raise ValidationError(f"{option} must be names such as eu-west-1a, not {quote(one)}.")


def check_types(option: str, patterns: Iterable[str]) -> None:
    """Raise ValidationError unless these are instance types, with C(*) and C(?). Brackets mean something to fnmatch."""
    for one in patterns:
        if not re.fullmatch(r"[a-z0-9.*?-]+", one):
            raise ValidationError(f"{option} must be instance types such as m5.large or m5.*, not {quote(one)}.")


@lru_cache(maxsize=4096)
def matches_glob(text: str, patterns: tuple[str, ...]) -> bool:
    """Whether any of the patterns, with C(*) and C(?), is the text. Thousands of interfaces have few types."""
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def _values(label: str, key: Any, value: Any) -> frozenset[str]:
    values = value if isinstance(value, list) else [value]
    if not values or any(one is None or isinstance(one, (dict, list)) for one in values):
        raise ValidationError(f"{label}: tags: {truncate(key)} must be a value, a list of values, or '*' for any.")
    if any(isinstance(one, bool) for one in values):
        # C(Mirror: no) would look for a tag "False", and an exclusion would quietly exclude nothing.
        raise ValidationError(
            f"{label}: tags: {truncate(key)} is true or false, which is how YAML reads yes, no, on and off; quote it."
        )
    return frozenset(str(one) for one in values)


def _tags(rows: list[ApiParams]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in rows}
