# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Discovery: read the resources that the plan of a fleet depends on, in pages and in parallel."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .._ec2.client import VALUES_PER_REQUEST, Ec2
from .._model.errors import AmbiguousMatchError, ConflictError, NotFoundError
from .._model.placeholders import UnresolvedRef, is_placeholder, parse_placeholder
from .._model.resource_types import ENI, FILTER, SESSION, TARGET, ModuleParams
from .._resources.packet_length import check_packet_length
from .._resources.references import list_resources, not_found_error, resolve_name
from .options import SOURCES_PER_INTERFACE_TARGET, Fleet
from .plan_entry import AwsState
from .selection import Instance, Interface, Limits, build_api_filters
from .target_assignment import Target

# Parallel Describe calls: sessions, instances and interfaces. Pages of the same call are read one after another.
READERS = 3


@dataclass(frozen=True)
class References:
    """The filter and the targets that a task refers to.

    filter_id: id of the filter. targets: the target of each entry of O(targets), in order; in check mode, None if an
    earlier task would create it. known: every target that the account can describe.
    """

    filter_id: str | UnresolvedRef
    targets: tuple[ModuleParams | None, ...]
    known: tuple[ModuleParams, ...]


def resolve(fleet: Fleet, params: ModuleParams, ec2: Ec2, check_mode: bool) -> References:
    """Resolve the filter and the targets of the task.

    params: the module options. check_mode: assume that an earlier task creates a missing filter or target. Raises
    NotFoundError, AmbiguousMatchError, ConflictError, Ec2Error.
    """
    filter_id = fleet.values.get(FILTER.id_option)
    if filter_id is None:
        filter_id = resolve_name(
            FILTER, "traffic_mirror_filter_name", params["traffic_mirror_filter_name"], ec2, check_mode
        )
    elif isinstance(filter_id, str) and check_mode and not ec2.describe(FILTER, ids=(filter_id,)):
        raise not_found_error(FILTER, filter_id)
    known = ec2.describe(TARGET)
    targets = tuple(_resolve_target(index, given, known, check_mode) for index, given in enumerate(fleet.targets))
    ids = [target[TARGET.id_option] for target in targets if target is not None]
    if len(set(ids)) < len(ids):
        raise ConflictError("targets: two entries refer to the same target; remove one.")
    for target in filter(None, targets):
        check_packet_length(fleet.values.get("packet_length"), target["type"])
    return References(filter_id, targets, tuple(known))


def describe_current(fleet: Fleet, references: References | None, ec2: Ec2) -> AwsState:
    """Read the sessions, interfaces and instances. references: None to delete the fleet. Raises Ec2Error."""
    if references is None:
        sessions = ec2.describe(SESSION)
        foreign = _list_foreign((session.get("owner_id") for session in sessions), ec2)
        return AwsState(sessions, [], (), None, Limits((), frozenset(), foreign))
    filters = build_api_filters(fleet.sources, VALUES_PER_REQUEST)
    with ThreadPoolExecutor(READERS) as pool:
        reading_sessions = pool.submit(ec2.describe, SESSION)
        reading_instances = pool.submit(_read_instances, filters, ec2)
        reading_interfaces = pool.submit(_read_interfaces, filters, ec2)
        instances = reading_instances.result()
        interfaces = [interface.with_instance(instances) for interface in reading_interfaces.result()]
        sessions = reading_sessions.result()
    owners = [*(session.get("owner_id") for session in sessions), *(interface.owner_id for interface in interfaces)]
    foreign = _list_foreign(owners, ec2)
    in_targets = frozenset(one["network_interface_id"] for one in references.known if "network_interface_id" in one)
    zones = _read_target_zones(fleet, references, interfaces, ec2)
    targets = tuple(_build_target(given, found, zones) for given, found in zip(fleet.targets, references.targets))
    limits = Limits(fleet.instance_types, in_targets, foreign)
    names = {one[TARGET.id_option]: one["tags"]["Name"] for one in references.known if "Name" in one["tags"]}
    return AwsState(sessions, interfaces, targets, references.filter_id, limits, names)


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


def _build_target(given: ModuleParams, found: ModuleParams | None, zones: dict[str, str]) -> Target:
    """Combine an entry of O(targets) with the target that it refers to.

    found: None if an earlier task would create the target. zones: zone of interface targets, by target id.
    """
    given_zones = frozenset(given.get("availability_zones") or ())
    if found is None:
        reference = parse_placeholder(given.get(TARGET.id_option), TARGET.prefix)
        reference = reference or UnresolvedRef(given["traffic_mirror_target_name"], TARGET.prefix)
        return Target(reference, None, given.get("capacity"), given_zones)
    target_id = found[TARGET.id_option]
    default = SOURCES_PER_INTERFACE_TARGET if found["type"] == ENI else None
    capacity = default if given.get("capacity") is None else given["capacity"]
    known_zones = frozenset([zones[target_id]] if target_id in zones else ())
    return Target(target_id, found["type"], capacity, given_zones or known_zones)


def _read_target_zones(fleet: Fleet, references: References, interfaces: list[Interface], ec2: Ec2) -> dict[str, str]:
    """The zone, by target id, of each interface target of the fleet without the suboption availability_zones.

    Empty if the fleet has a single target, because zones matter only for the choice between targets.
    """
    if len(fleet.targets) < 2:
        return {}
    without_zone = {
        found["network_interface_id"]: found[TARGET.id_option]
        for given, found in zip(fleet.targets, references.targets)
        if found is not None and "network_interface_id" in found and not given.get("availability_zones")
    }
    zones = {without_zone[interface.id]: interface.zone for interface in interfaces if interface.id in without_zone}
    unread = sorted(interface_id for interface_id, target_id in without_zone.items() if target_id not in zones)
    for start in range(0, len(unread), VALUES_PER_REQUEST):
        chunk = unread[start : start + VALUES_PER_REQUEST]
        found_interfaces = _read_interfaces({"network-interface-id": chunk}, ec2)
        zones.update({without_zone[interface.id]: interface.zone for interface in found_interfaces})
    return zones


def _list_foreign(owners: Iterable[str | None], ec2: Ec2) -> frozenset[str]:
    """The ids of other accounts among the owners."""
    return frozenset(owner for owner in set(owners) if owner and ec2.is_foreign(owner))
