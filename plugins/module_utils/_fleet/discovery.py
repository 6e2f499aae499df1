# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Discovery: read the resources that the plan of a fleet depends on, in pages and in parallel."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .._ec2.client import VALUES_PER_REQUEST, Ec2
from .._ec2.errors import Ec2Error
from .._model.errors import AmbiguousMatchError, ConflictError, NotFoundError
from .._model.placeholders import UnresolvedRef, is_placeholder, parse_placeholder
from .._model.resource_types import ENI, FILTER, SESSION, TARGET, ModuleParams
from .._resources.packet_length import check_packet_length
from .._resources.references import list_resources, match_name, not_found_error
from .._resources.target_sources import max_sources
from .destinations import read_destinations, read_interfaces
from .eligibility import Limits
from .filter_table import FilterTable, filter_of
from .options import Fleet
from .ownership import list_owned
from .plan_entry import AwsState, Destination
from .selection import Instance, Interface, build_api_filters
from .target_assignment import Target

# Parallel Describe calls: sessions, instances and interfaces. Pages of the same call are read one after another.
READERS = 3


@dataclass(frozen=True)
class References:
    """The filter and the targets that a task refers to.

    filter_id: id of the filter. filters: of the account. targets: the target of each entry of O(targets), in order; in
    check mode, None if an earlier task would create it. known: every target that the account can describe.
    """

    filter_id: str | UnresolvedRef
    filters: FilterTable
    targets: tuple[ModuleParams | None, ...]
    known: tuple[ModuleParams, ...]


def resolve(fleet: Fleet, params: ModuleParams, ec2: Ec2, check_mode: bool) -> References:
    """Resolve the filter and the targets of the task.

    params: the module options. check_mode: assume that an earlier task creates a missing filter or target. Raises
    NotFoundError, AmbiguousMatchError, ConflictError, Ec2Error.
    """
    filter_id, filters = _resolve_filter(fleet, params, ec2, check_mode)
    known = ec2.describe(TARGET)
    targets = tuple(_resolve_target(index, given, known, check_mode) for index, given in enumerate(fleet.targets))
    ids = [target[TARGET.id_option] for target in targets if target is not None]
    if len(set(ids)) < len(ids):
        raise ConflictError("targets: two entries refer to the same target; remove one.")
    for target in filter(None, targets):
        check_packet_length(fleet.values.get("packet_length"), target["type"])
    return References(filter_id, filters, targets, tuple(known))


def describe_current(fleet: Fleet, references: References | None, ec2: Ec2) -> AwsState:
    """Read the sessions, interfaces and instances, and what is behind the targets.

    references: None to delete the fleet. Raises Ec2Error.
    """
    if references is None:
        sessions = ec2.describe(SESSION)
        foreign = _list_foreign((session.get("owner_id") for session in sessions), ec2)
        return AwsState(sessions, [], (), None, Limits(fleet.types, frozenset(), foreign))
    filters = build_api_filters(fleet.sources, VALUES_PER_REQUEST)
    with ThreadPoolExecutor(READERS) as pool:
        reading_sessions = pool.submit(ec2.describe, SESSION)
        reading_instances = pool.submit(_read_instances, filters, ec2)
        reading_interfaces = pool.submit(_read_interfaces, filters, ec2)
        instances = reading_instances.result()
        interfaces = {one.id: one.with_instance(instances) for one in reading_interfaces.result()}
        sessions = reading_sessions.result()
    owners = [*(session.get("owner_id") for session in sessions), *(one.owner_id for one in interfaces.values())]
    limits = Limits(
        fleet.types,
        frozenset(one["network_interface_id"] for one in references.known if "network_interface_id" in one),
        _list_foreign(owners, ec2),
        fleet.managed_services,
        _read_own_subnets(ec2) if fleet.participant_interfaces else frozenset(),
    )
    owned = list_owned(fleet, sessions, limits)
    # The filters above hide the interfaces of sessions that are to be deleted, and EC2 is eventually consistent.
    hidden = {one.id for one in interfaces.values() if one.attached_to and one.instance is None}
    unread = {one["network_interface_id"] for one in owned} - (interfaces.keys() - hidden)
    interfaces.update(read_interfaces(unread, ec2))
    known = {one[TARGET.id_option]: one for one in references.known}
    used = {
        *(one[TARGET.id_option] for one in references.targets if one is not None),
        *(one[TARGET.id_option] for one in owned),
    }
    destinations = read_destinations([known[one] for one in sorted(used & known.keys())], interfaces, ec2)
    targets = tuple(
        _build_target(given, found, destinations) for given, found in zip(fleet.targets, references.targets)
    )
    return AwsState(
        sessions,
        list(interfaces.values()),
        targets,
        references.filter_id,
        limits,
        references.filters,
        known,
        destinations,
    )


def _resolve_filter(
    fleet: Fleet, params: ModuleParams, ec2: Ec2, check_mode: bool
) -> tuple[str | UnresolvedRef, FilterTable]:
    """The id of the fleet's filter, and the filters of the account. With an id, the filters need not be readable."""
    filter_id = fleet.values.get(FILTER.id_option)
    try:
        rows = ec2.describe(FILTER)
    except Ec2Error as error:
        if filter_id is None or not error.denied:
            raise
        return filter_id, FilterTable(unreadable=f"{error.operation} failed: {error.code}")
    if filter_id is None:
        option = "traffic_mirror_filter_name"
        filter_id = match_name(FILTER, option, params[option], rows, check_mode)
    elif isinstance(filter_id, str) and filter_id not in map(filter_of, rows):
        raise not_found_error(FILTER, filter_id)
    return filter_id, FilterTable(rows)


def _read_instances(filters: dict[str, list[str]], ec2: Ec2) -> dict[str, Instance]:
    """The instances, by id, that the interfaces of these filters can be attached to.

    Filters by subnet and VPC are not used: an instance can have interfaces in other subnets and VPCs, but only in its
    own Availability Zone. filters: of DescribeNetworkInterfaces.
    """
    names = {"availability-zone": "availability-zone", "attachment.instance-id": "instance-id"}
    return {
        instance["InstanceId"]: Instance.from_api(instance)
        for page in ec2.pages("DescribeInstances", {names[name]: filters[name] for name in filters if name in names})
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    }


def _read_interfaces(filters: dict[str, list[str]], ec2: Ec2) -> list[Interface]:
    return [
        Interface.from_api(interface)
        for page in ec2.pages("DescribeNetworkInterfaces", filters)
        for interface in page["NetworkInterfaces"]
    ]


def _resolve_target(
    index: int, given: ModuleParams, known: list[ModuleParams], check_mode: bool
) -> ModuleParams | None:
    """The target that an entry of O(targets) refers to; None in check mode if an earlier task would create it."""
    label = f"targets[{index}]"
    target_id, name = given.get(TARGET.id_option), given.get("traffic_mirror_target_name")
    matches = [
        one for one in known if (one[TARGET.id_option] == target_id if target_id else one["tags"].get("Name") == name)
    ]
    if len(matches) > 1:
        raise AmbiguousMatchError(
            f"{label}: {len(matches)} targets are named {name}: {list_resources(TARGET, matches)}. "
            f"Use {TARGET.id_option} instead."
        )
    if matches or (check_mode and (name or is_placeholder(target_id))):
        return matches[0] if matches else None
    problem = f"target {target_id} does not exist" if target_id else f"no target is named {name}"
    existing = f" Existing targets: {list_resources(TARGET, known)}." if known else ""
    raise NotFoundError(f"{label}: {problem} in this account and region.{existing}")


def _build_target(given: ModuleParams, found: ModuleParams | None, destinations: dict[str, Destination]) -> Target:
    """Combine an entry of O(targets) with the target that it refers to.

    found: None if an earlier task would create the target. Its capacity is then unlimited, unless it is given.
    """
    zones, capacity = frozenset(given.get("availability_zones") or ()), given.get("capacity")
    if found is None:
        reference = parse_placeholder(given.get(TARGET.id_option), TARGET.prefix)
        reference = reference or UnresolvedRef(given["traffic_mirror_target_name"], TARGET.prefix)
        return Target(reference, None, capacity, zones)
    destination = destinations.get(found[TARGET.id_option], Destination())
    if capacity is None and found["type"] == ENI:
        capacity = max_sources(destination.instance_type)
    zones = zones or frozenset([destination.zone] if destination.zone else ())
    return Target(found[TARGET.id_option], found["type"], capacity, zones)


def _read_own_subnets(ec2: Ec2) -> frozenset[str]:
    """The ids of the subnets that this account owns."""
    return frozenset(
        subnet["SubnetId"]
        for page in ec2.pages("DescribeSubnets")
        for subnet in page["Subnets"]
        if not ec2.is_foreign(subnet.get("OwnerId"))
    )


def _list_foreign(owners: Iterable[str | None], ec2: Ec2) -> frozenset[str]:
    """The ids of other accounts among the owners."""
    return frozenset(owner for owner in set(owners) if owner and ec2.is_foreign(owner))
