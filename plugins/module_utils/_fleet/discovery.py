# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fleet's plan must know, read from EC2 in whole pages, several kinds at once."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .._ec2.client import VALUES_PER_REQUEST, Ec2
from .._model.desired_state import UnresolvedRef
from .._model.errors import AmbiguousMatchError, ConflictError, NotFoundError
from .._model.resource_types import ENI, FILTER, SESSION, TARGET, ModuleParams
from .._resources import session
from .._resources.references import list_resources, resolve_name
from .options import SOURCES_PER_INTERFACE_TARGET, Fleet
from .plan_entry import AwsState
from .selection import Instance, Interface, Limits, server_side
from .target_assignment import Target

# The Describes that go side by side: sessions, instances, interfaces. Each is one page after the other.
READERS = 3


@dataclass(frozen=True)
class References:
    """What a task names. filter_id: of the filter. targets: each entry's, None for one that an earlier task would make.
    known: every target that the account sees."""

    filter_id: str | UnresolvedRef
    targets: tuple[ModuleParams | None, ...]
    known: tuple[ModuleParams, ...]


def resolve(fleet: Fleet, params: ModuleParams, ec2: Ec2, predict: bool) -> References:
    """Find the filter and the targets. params: the task's options. predict: check mode, where what is named and not
    there counts as made by an earlier task. Raises NotFoundError, ConflictError, Ec2Error."""
    filter_id = fleet.values.get(FILTER.id_option)
    if filter_id is None:
        filter_id = resolve_name(
            FILTER, "traffic_mirror_filter_name", params["traffic_mirror_filter_name"], ec2, predict
        )
    elif predict and not ec2.describe(FILTER, ids=(filter_id,)):
        raise session.missing(FILTER, filter_id)
    known = ec2.describe(TARGET)
    targets = tuple(_find(at, given, known, predict) for at, given in enumerate(fleet.targets))
    ids = [row[TARGET.id_option] for row in targets if row is not None]
    if len(set(ids)) < len(ids):
        raise ConflictError("targets: two entries are the same target; remove one.")
    for row in filter(None, targets):
        session.check_length(fleet.values.get("packet_length"), row["type"])
    return References(filter_id, targets, tuple(known))


def describe_current(fleet: Fleet, references: References | None, ec2: Ec2) -> AwsState:
    """Read everything. references: None to remove the fleet. Raises Ec2Error."""
    if references is None:
        sessions = ec2.describe(SESSION)
        foreign = _foreign((row.get("owner_id") for row in sessions), ec2)
        return AwsState(sessions, [], (), None, Limits((), frozenset(), foreign))
    filters = server_side(fleet.sources, VALUES_PER_REQUEST)
    with ThreadPoolExecutor(READERS) as pool:
        reading_sessions = pool.submit(ec2.describe, SESSION)
        reading_instances = pool.submit(_instances, filters, ec2)
        reading_interfaces = pool.submit(_interfaces, filters, ec2)
        instances = reading_instances.result()
        interfaces = [one.of(instances) for one in reading_interfaces.result()]
        sessions = reading_sessions.result()
    foreign = _foreign([*(row.get("owner_id") for row in sessions), *(one.owner_id for one in interfaces)], ec2)
    in_targets = frozenset(row["network_interface_id"] for row in references.known if "network_interface_id" in row)
    zones = _zones(fleet, references, interfaces, ec2)
    targets = tuple(_target(given, row, zones) for given, row in zip(fleet.targets, references.targets))
    limits = Limits(fleet.instance_types, in_targets, foreign)
    names = {row[TARGET.id_option]: row["tags"]["Name"] for row in references.known if "Name" in row["tags"]}
    return AwsState(sessions, interfaces, targets, references.filter_id, limits, names)


def _instances(filters: dict[str, list[str]], ec2: Ec2) -> dict[str, Instance]:
    """By id, those that the interfaces of these filters can be attached to.

    An instance can have interfaces in other subnets and VPCs than its own, but not in another zone.
    """
    names = {"availability-zone": "availability-zone", "attachment.instance-id": "instance-id"}
    return {
        row["InstanceId"]: Instance.read(row)
        for page in ec2.pages("DescribeInstances", {names[name]: filters[name] for name in filters if name in names})
        for reservation in page["Reservations"]
        for row in reservation["Instances"]
    }


def _interfaces(filters: dict[str, list[str]], ec2: Ec2) -> list[Interface]:
    return [
        Interface.read(row)
        for page in ec2.pages("DescribeNetworkInterfaces", filters)
        for row in page["NetworkInterfaces"]
    ]


def _find(at: int, given: ModuleParams, known: list[ModuleParams], predict: bool) -> ModuleParams | None:
    """The target that an entry means."""
    label, desired, name = f"targets[{at}]", given.get(TARGET.id_option), given.get("traffic_mirror_target_name")
    rows = [row for row in known if (row[TARGET.id_option] == desired if desired else row["tags"].get("Name") == name)]
    if len(rows) > 1:
        named = list_resources(TARGET, rows)
        raise AmbiguousMatchError(
            f"{label}: {len(rows)} targets have the name {name}, give traffic_mirror_target_id: {named}."
        )
    if rows or (predict and name):
        return rows[0] if rows else None
    there = f" There are: {list_resources(TARGET, known)}." if known else ""
    raise NotFoundError(f"{label}: there is no target {desired or f'named {name}'} in this account and region.{there}")


def _target(given: ModuleParams, row: ModuleParams | None, zones: dict[str, str]) -> Target:
    """What an entry and the target that it means say together. zones: of interface targets, by target id."""
    said = frozenset(given.get("availability_zones") or ())
    if row is None:
        return Target(UnresolvedRef(given["traffic_mirror_target_name"]), None, given.get("capacity"), said)
    found = row[TARGET.id_option]
    default = SOURCES_PER_INTERFACE_TARGET if row["type"] == ENI else None
    capacity = default if given.get("capacity") is None else given["capacity"]
    return Target(found, row["type"], capacity, said or frozenset([zones[found]] if found in zones else ()))


def _zones(fleet: Fleet, references: References, interfaces: list[Interface], ec2: Ec2) -> dict[str, str]:
    """The zone of each of the fleet's interface targets that does not say it, by target id. It matters only where
    there is a choice."""
    if len(fleet.targets) < 2:
        return {}
    meant = {
        row["network_interface_id"]: row[TARGET.id_option]
        for given, row in zip(fleet.targets, references.targets)
        if row is not None and "network_interface_id" in row and not given.get("availability_zones")
    }
    zones = {meant[one.id]: one.zone for one in interfaces if one.id in meant}
    unread = sorted(interface for interface, target in meant.items() if target not in zones)
    for start in range(0, len(unread), VALUES_PER_REQUEST):
        chunk = unread[start : start + VALUES_PER_REQUEST]
        zones.update({meant[one.id]: one.zone for one in _interfaces({"network-interface-id": chunk}, ec2)})
    return zones


def _foreign(owners: Iterable[str | None], ec2: Ec2) -> frozenset[str]:
    return frozenset(owner for owner in set(owners) if owner and ec2.is_foreign(owner))
