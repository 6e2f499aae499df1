# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeInstances and DescribeNetworkInterfaces for moto's resources, with ids, filters and pagination."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import describe, machines, moto_lag, prerequisites, transitions
from .calls import Call
from .errors import ApiError, combination

# Returns the value or values that a filter compares.
Getter = Callable[[Any], str | Iterable[str] | None]

# The documented filters that are implemented. Others are rejected. Both actions also support tag:<key> and tag-key.
_INTERFACE_FILTERS: dict[str, Getter] = {
    "addresses.private-ip-address": machines.addresses_of,
    "attachment.device-index": lambda eni: str(eni.device_index) if eni.attachment_id else None,
    "attachment.instance-id": lambda eni: eni.instance.id if eni.instance else None,
    "attachment.instance-owner-id": lambda eni: machines.attachment_owner(eni) if eni.attachment_id else None,
    "availability-zone": lambda eni: eni.subnet.availability_zone,
    "description": lambda eni: eni.description,
    "group-id": lambda eni: [group.id for group in machines.groups_of(eni)],
    "interface-type": lambda eni: eni.interface_type,
    "network-interface-id": lambda eni: eni.id,
    "owner-id": lambda eni: eni.owner_id,
    "private-ip-address": machines.addresses_of,
    "requester-id": lambda eni: eni.requester_id if eni.requester_managed else None,
    "requester-managed": lambda eni: "true" if eni.requester_managed else "false",
    "status": lambda eni: eni.status,
    "subnet-id": lambda eni: eni.subnet.id,
    "vpc-id": lambda eni: eni.subnet.vpc_id,
}
_INSTANCE_FILTERS: dict[str, Getter] = {
    "availability-zone": lambda instance: instance.placement.availability_zone,
    "image-id": lambda instance: instance.image_id,
    "instance-id": lambda instance: instance.id,
    "instance-state-name": lambda instance: instance.state,
    "instance-type": lambda instance: instance.instance_type,
    "private-ip-address": lambda instance: getattr(machines.primary_of(instance), "private_ip_address", None),
    "subnet-id": lambda instance: instance.subnet_id,
    "vpc-id": lambda instance: instance.vpc_id,
}


def interfaces(call: Call) -> dict[str, Any]:
    """Return one page of network interfaces, sorted by id."""
    passes, position = _parse_request(call, "NetworkInterfaceIds", prerequisites.check_interface_id, _INTERFACE_FILTERS)
    ids = call.parameters.get("NetworkInterfaceIds")
    present = prerequisites.interfaces(call.account, call.region)
    everything = moto_lag.shown(call.store, call.account, call.region, moto_lag.INTERFACE, present, ids)
    for wanted in ids or ():
        if wanted not in everything:
            raise ApiError("InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{wanted}' does not exist")
    chosen = {wanted: everything[wanted] for wanted in ids} if ids else everything
    page, token = describe.paginate(call, sorted(chosen.items(), key=lambda pair: pair[0]), position, passes, not ids)
    transitions.count_reads(call.store, page)
    return {"NetworkInterfaces": [machines.interface(eni, call.account) for eni in page], **token}


def instances(call: Call) -> dict[str, Any]:
    """Return one page of reservations, sorted by the id of the first instance, with the matching instances.

    Assumption: [max-results-reservations] MaxResults counts reservations; seeded ones have one instance each.
    """
    passes, position = _parse_request(call, "InstanceIds", prerequisites.check_instance_id, _INSTANCE_FILTERS)
    ids = set(call.parameters.get("InstanceIds", ()))
    reservations = prerequisites.reservations(call.account, call.region)
    present = {member.id: member for whole in reservations for member in whole.instances}
    everything = moto_lag.shown(call.store, call.account, call.region, moto_lag.INSTANCE, present, ids or None)
    if missing := sorted(ids - set(everything)):
        text = f"The instance ID '{missing[0]}' does not exist"
        if len(missing) > 1:
            text = f"The instance IDs '{', '.join(missing)}' do not exist"
        raise ApiError("InvalidInstanceID.NotFound", text)

    def chosen(whole: Any) -> list[Any]:
        members = (everything.get(member.id) for member in whole.instances if not ids or member.id in ids)
        return [member for member in members if member is not None and passes(member)]

    keyed = sorted(((whole.instances[0].id, whole) for whole in reservations), key=lambda pair: pair[0])
    page, token = describe.paginate(call, keyed, position, lambda whole: bool(chosen(whole)), not ids)
    rows = [(whole, chosen(whole)) for whole in page]
    transitions.count_reads(call.store, (member for _whole, members in rows for member in members))
    return {"Reservations": [machines.reservation(whole, members) for whole, members in rows], **token}


def _parse_request(
    call: Call, ids: str, check_id: Callable[[str], None], known: dict[str, Getter]
) -> tuple[Callable[[Any], bool], str]:
    """Return a predicate that applies all filters, and the id after which the page starts."""
    given = call.parameters
    for wanted in given.get(ids, ()):
        check_id(wanted)
    if given.get(ids) and ("MaxResults" in given or "NextToken" in given):
        raise combination(f"The parameter {ids} cannot be used with the parameter MaxResults or NextToken")
    names = dict.fromkeys((*known, "tag-key", "tag:"), "")
    filters = describe.parse_filters(given.get("Filters", []), names)
    tests = [_test(name, values, known, call.account) for name, values in filters]
    position = describe.parse_paging(call)
    call.mark_validated()
    return lambda resource: all(test(resource) for test in tests), position


def _test(name: str, values: list[str], known: dict[str, Getter], viewer: str) -> Callable[[Any], bool]:
    """Return a predicate for one filter, see describe.value_matcher. viewer: the caller's account."""
    matches = describe.value_matcher(values)
    if name.startswith("tag:"):
        key = name[4:]
        return lambda resource: key in (tags := machines.tags_of(resource, viewer)) and matches(tags[key])
    if name == "tag-key":
        return lambda resource: any(matches(key) for key in machines.tags_of(resource, viewer))
    get = known[name]

    def passes(resource: Any) -> bool:
        found = get(resource)
        if found is None or isinstance(found, str):
            return found is not None and matches(found)
        return any(matches(value) for value in found)

    return passes
