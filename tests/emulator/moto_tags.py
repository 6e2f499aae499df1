# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags of moto's EC2 resources, read and written in moto's backend.

moto's own actions count aws: tags towards the limit, accept ids of nonexistent instances, interfaces and
endpoints, keep the tags of deleted interfaces, and lose carriage returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends, validate_resource_ids
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

from . import machines, moto_lag, prerequisites, wire
from .calls import Call
from .errors import ApiError
from .store import new_delay

# moto's names of resource types that differ from those of EC2's model.
_TYPE_NAMES = {
    "dedicated_host": "dedicated-host",
    "flow-logs": "vpc-flow-log",
    "managed-prefix-list": "prefix-list",
    "nat-gateway": "natgateway",
    "reserved-instance": "reserved-instances",
    "spot-instance-request": "spot-instances-request",
    "vpc-elastic-ip": "elastic-ip",
}
# The types whose Describe can lag, by the prefix of the id.
_LAGGING = {"i": moto_lag.INSTANCE, "eni": moto_lag.INTERFACE}


def type_name(identifier: str) -> str:
    """Return the resource type of an id, "" for an unknown prefix."""
    name: str = EC2_PREFIX_TO_RESOURCE.get(get_prefix(identifier), "")
    return _TYPE_NAMES.get(name, name)


def check_exists(account: str, region: str, identifier: str) -> None:
    """Raise the resource type's NotFound or Malformed code, or InvalidID, unless moto has the resource."""
    backend = ec2_backends[account][region]
    prefix = get_prefix(identifier)
    # moto does not check that these three exist.
    if prefix == "i":
        prerequisites.check_instance_id(identifier)
        if backend.get_instance_by_id(identifier) is None:
            raise ApiError("InvalidInstanceID.NotFound", f"The instance ID '{identifier}' does not exist")
    elif prefix == "eni":
        prerequisites.check_interface_id(identifier)
        if identifier not in backend.enis:
            text = f"The networkInterface ID '{identifier}' does not exist"
            raise ApiError("InvalidNetworkInterfaceID.NotFound", text)
    elif prefix == "vpce":
        prerequisites.check_endpoint_id(identifier)
        if identifier not in backend.vpc_end_points:
            raise ApiError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{identifier}' does not exist")
    elif type_name(identifier) not in wire.model().shape_for("ResourceType").enum:
        raise ApiError("InvalidID", f"The ID '{identifier}' is not valid")
    else:
        try:
            validate_resource_ids([identifier])
            backend.do_resources_exist([identifier])
        except ServiceException as error:
            raise ApiError(error.code, error.message) from error


def current(call: Call, identifier: str) -> dict[str, str]:
    """Return a copy of the present tags of a resource."""
    return dict(ec2_backends[call.account][call.region].tags.get(identifier, {}))


def change(call: Call, ids: list[str], new_tags: Callable[[dict[str, str]], dict[str, str]]) -> None:
    """Replace the tags of each resource by new_tags(present tags). Describe returns them after the lag."""
    before = moto_lag.copies(call.account, call.region) if new_delay(call.settings["lag"]) else None
    stored = ec2_backends[call.account][call.region].tags
    for identifier in ids:
        present = current(call, identifier)
        tags = new_tags(present)
        # An entry without tags means that the resource had tags.
        if tags or present:
            stored[identifier] = tags
    if before is not None:
        moto_lag.start(call.store, call.account, call.region, before, lambda: new_delay(call.settings["lag"]))


def described(call: Call) -> Iterator[tuple[str, dict[str, str]]]:
    """Return (id, tags as Describe returns them) of all resources that have or had tags."""
    backend = ec2_backends[call.account][call.region]
    present: dict[str, dict[str, Any]] = {
        moto_lag.INTERFACE: prerequisites.interfaces(call.account, call.region),
        moto_lag.INSTANCE: {
            machine.id: machine
            for reservation in prerequisites.reservations(call.account, call.region)
            for machine in reservation.instances
        },
    }
    for kind, resources in present.items():
        # DescribeTags does not count as a read, as for mirroring resources.
        for identifier, found in moto_lag.shown(call.store, call.account, call.region, kind, resources, ()).items():
            tags = machines.tags_of(found)
            if tags or (identifier in backend.tags and not backend.tags[identifier]):
                yield identifier, tags
    for identifier, tags in list(backend.tags.items()):
        if get_prefix(identifier) not in _LAGGING:
            yield identifier, tags
