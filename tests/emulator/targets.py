# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateTrafficMirrorTarget and DeleteTrafficMirrorTarget."""

from __future__ import annotations

from typing import Any

from . import checks, surroundings, views
from .calls import Call
from .errors import ApiError, combination, missing
from .store import TARGET

_TYPES = {
    "NetworkInterfaceId": views.ENI,
    "NetworkLoadBalancerArn": views.NLB,
    "GatewayLoadBalancerEndpointId": views.GWLBE,
}
_SYNTAX = {
    "NetworkInterfaceId": surroundings.check_interface_id,
    "NetworkLoadBalancerArn": surroundings.check_load_balancer_arn,
    "GatewayLoadBalancerEndpointId": surroundings.check_endpoint_id,
}


def create(call: Call) -> dict[str, Any]:
    """The new target with its tags."""
    given = call.parameters
    named = [name for name in _TYPES if name in given]
    # Guess: [target-destination-none] [target-destination-several] the codes for no destination and for several.
    if not named:
        raise missing("NetworkInterfaceId")
    if len(named) > 1:
        raise combination(f"The parameters {' and '.join(named)} cannot be used together")
    member, destination = named[0], given[named[0]]
    _SYNTAX[member](destination)
    checks.description(given.get("Description"))
    tags = checks.tag_specifications(given.get("TagSpecifications", []), TARGET)
    call.checked()
    _check_destination(call, member, destination)
    call.quota(TARGET, "targets", "TrafficMirrorTargetLimitExceeded")
    fields = {member: destination, "Type": _TYPES[member], "Description": given.get("Description")}
    thing = call.create(TARGET, fields, tags)
    return {"TrafficMirrorTarget": views.row(call.world, thing)}


def delete(call: Call) -> dict[str, Any]:
    """The id. A target a session uses, anybody's session, is refused."""
    wanted = call.parameters["TrafficMirrorTargetId"]
    checks.identifier(TARGET, wanted, "TrafficMirrorTargetId")
    call.checked()
    thing = call.get_own(TARGET, wanted)
    users = sorted(session.id for session in call.world.sessions_on_target(thing))
    if users:
        # The code without "Exception", and this text, are those seen in the wild.
        raise ApiError("TrafficMirrorTargetInUse", f"Cannot delete {wanted} . Target is in use by {users[0]}")
    call.remove(thing)
    call.world.shares.pop((call.account, call.region, wanted), None)
    return {"TrafficMirrorTargetId": wanted}


def _check_destination(call: Call, member: str, destination: str) -> None:
    """It exists, and is neither a source nor another target's destination."""
    if member == "NetworkInterfaceId":
        eni = surroundings.interface(call.account, call.region, destination)
        if eni is None:
            # The code and the text a third-party README quotes; the EC2 API Reference does not say.
            raise ApiError("InvalidTrafficMirrorTarget", f"The interface ID '{destination}' does not exist")
        # Guess: [target-unattached] only the type is checked; an interface not attached to an instance will do.
        if eni.interface_type != "interface":
            raise ApiError("NetworkInterfaceNotSupported", f"{destination} is not of type interface")
        for session in call.world.sessions_on_interface(call.account, call.region, destination):
            raise ApiError("InterfaceInUseByTrafficMirrorSession", f"{destination} is in use by {session.id}")
    elif member == "NetworkLoadBalancerArn":
        surroundings.check_load_balancer(call.account, call.region, destination)
    else:
        surroundings.check_endpoint(call.account, call.region, destination)
    for target in call.own(TARGET).values():
        if target.fields.get(member) == destination:
            # Guess: [target-endpoint-twice] an endpoint is refused like the other two, with this code.
            code = {
                "NetworkInterfaceId": "InterfaceInUseByTrafficMirrorTarget",
                "NetworkLoadBalancerArn": "NlbInUseByTrafficMirrorTargetException",
            }.get(member, "InvalidParameterValue")
            raise ApiError(code, f"{destination} is in use by target {target.id}")
