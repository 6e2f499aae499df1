# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeInstances and DescribeNetworkInterfaces for moto's resources, with ids, filters and pagination."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from . import describe, machines, prerequisites
from .calls import Call
from .errors import ApiError, combination
from .tags import Forward

# Returns the value or values that a filter compares.
Getter = Callable[[Any], str | Iterable[str] | None]

# The documented filters that the collection sends. Others are rejected. Both actions also support tag:<key>.
_INTERFACE_FILTERS: dict[str, Getter] = {
    "attachment.device-index": lambda eni: str(eni.device_index) if eni.instance else None,
    "attachment.instance-id": lambda eni: eni.instance.id if eni.instance else None,
    "availability-zone": lambda eni: eni.subnet.availability_zone,
    "description": lambda eni: eni.description,
    "group-id": lambda eni: [group.id for group in eni.group_set],
    "network-interface-id": lambda eni: eni.id,
    "private-ip-address": machines.addresses_of,
    "status": lambda eni: eni.status,
    "subnet-id": lambda eni: eni.subnet.id,
    "tag-key": machines.tags_of,
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
    "tag-key": machines.tags_of,
    "vpc-id": lambda instance: instance.vpc_id,
}


def interfaces(call: Call, _forward: Forward) -> dict[str, Any]:
    """Return one page of network interfaces, sorted by id."""
    passes, position = _parse_request(call, "NetworkInterfaceIds", prerequisites.check_interface_id, _INTERFACE_FILTERS)
    everything = prerequisites.interfaces(call.account, call.region)
    ids = call.parameters.get("NetworkInterfaceIds")
    for wanted in ids or ():
        if wanted not in everything:
            raise ApiError("InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{wanted}' does not exist")
    chosen = {wanted: everything[wanted] for wanted in ids} if ids else everything
    page, token = describe.paginate(call, sorted(chosen.items(), key=lambda pair: pair[0]), position, passes)
    return {"NetworkInterfaces": [machines.interface(eni) for eni in page], **token}


def instances(call: Call, _forward: Forward) -> dict[str, Any]:
    """Return one page of reservations, sorted by the id of the first instance, with the matching instances.

    Assumption: [max-results-reservations] MaxResults counts reservations; seeded ones have one instance each.
    """
    passes, position = _parse_request(call, "InstanceIds", prerequisites.check_instance_id, _INSTANCE_FILTERS)
    reservations = prerequisites.reservations(call.account, call.region)
    ids = set(call.parameters.get("InstanceIds", ()))
    if missing := sorted(ids.difference(member.id for whole in reservations for member in whole.instances)):
        text = f"The instance ID '{missing[0]}' does not exist"
        if len(missing) > 1:
            text = f"The instance IDs '{', '.join(missing)}' do not exist"
        raise ApiError("InvalidInstanceID.NotFound", text)

    def chosen(whole: Any) -> list[Any]:
        return [member for member in whole.instances if (not ids or member.id in ids) and passes(member)]

    keyed = sorted(((whole.instances[0].id, whole) for whole in reservations), key=lambda pair: pair[0])
    page, token = describe.paginate(call, keyed, position, lambda whole: bool(chosen(whole)))
    return {"Reservations": [machines.reservation(whole, chosen(whole)) for whole in page], **token}


def _parse_request(
    call: Call, ids: str, check_id: Callable[[str], None], known: dict[str, Getter]
) -> tuple[Callable[[Any], bool], str]:
    """Return a predicate that applies all filters, and the id after which the page starts."""
    given = call.parameters
    for wanted in given.get(ids, ()):
        check_id(wanted)
    if given.get(ids) and ("MaxResults" in given or "NextToken" in given):
        raise combination(f"The parameter {ids} cannot be used with the parameter MaxResults or NextToken")
    names = dict.fromkeys((*known, "tag:"), "")
    tests = [_test(name, values, known) for name, values in describe.parse_filters(given.get("Filters", []), names)]
    position = describe.parse_paging(call)
    call.mark_validated()
    return lambda resource: all(test(resource) for test in tests), position


def _test(name: str, values: list[str], known: dict[str, Getter]) -> Callable[[Any], bool]:
    """Return a predicate for one filter: any of the values, case-sensitive, with the wildcards * and ?.

    A backslash escapes * and ? (EC2 User Guide, "Filter your resources").
    """
    plain = {value for value in values if not re.search(r"[*?\\]", value)}
    patterns = "|".join(_pattern(value) for value in values if value not in plain)
    wild = re.compile(patterns, re.DOTALL) if patterns else None

    def matches(value: str) -> bool:
        return value in plain or (wild is not None and wild.fullmatch(value) is not None)

    if name.startswith("tag:"):
        key = name[4:]
        return lambda resource: key in (tags := machines.tags_of(resource)) and matches(tags[key])
    get = known[name]

    def passes(resource: Any) -> bool:
        found = get(resource)
        if found is None or isinstance(found, str):
            return found is not None and matches(found)
        return any(matches(value) for value in found)

    return passes


def _pattern(value: str) -> str:
    marks = {"*": ".*", "?": "."}
    parts = re.findall(r"\\.|.", value, re.DOTALL)
    return "".join(marks.get(part) or re.escape(part[1:] if len(part) > 1 else part) for part in parts)
