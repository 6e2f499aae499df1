# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateTrafficMirrorTarget and DeleteTrafficMirrorTarget."""

from __future__ import annotations

from typing import Any

from . import checks, moto_lag, prerequisites, views
from .calls import Call
from .errors import ApiError, combination, missing
from .store import TARGET

_TYPES = {
    "NetworkInterfaceId": views.ENI,
    "NetworkLoadBalancerArn": views.NLB,
    "GatewayLoadBalancerEndpointId": views.GWLBE,
}
_SYNTAX = {
    "NetworkInterfaceId": prerequisites.check_interface_id,
    "NetworkLoadBalancerArn": prerequisites.check_load_balancer_arn,
    "GatewayLoadBalancerEndpointId": prerequisites.check_endpoint_id,
}


def create(call: Call) -> dict[str, Any]:
    """Create a target. Returns the target with its tags."""
    given = call.parameters
    named = [name for name in _TYPES if name in given]
    # Assumption: [target-destination-none] [target-destination-several] the codes for no destination and for several
    # destinations.
    if not named:
        raise missing("NetworkInterfaceId")
    if len(named) > 1:
        raise combination(f"The parameters {' and '.join(named)} cannot be used together")
    member, destination = named[0], given[named[0]]
    _SYNTAX[member](destination)
    checks.description(given.get("Description"))
    tags = checks.tag_specifications(given.get("TagSpecifications", []), TARGET)
    call.mark_validated()
    _check_destination(call, member, destination)
    call.check_quota(TARGET, "targets", "TrafficMirrorTargetLimitExceeded")
    fields = {member: destination, "Type": _TYPES[member], "Description": given.get("Description")}
    resource = call.create(TARGET, fields, tags)
    return {"TrafficMirrorTarget": views.row(call.store, resource)}


def delete(call: Call) -> dict[str, Any]:
    """Delete a target. A target in use by a session of any account is rejected."""
    wanted = call.parameters["TrafficMirrorTargetId"]
    checks.resource_id(TARGET, wanted, "TrafficMirrorTargetId")
    call.mark_validated()
    resource = call.get_own(TARGET, wanted)
    users = sorted(session.id for session in call.store.sessions_on_target(resource))
    if users:
        # The code, without "Exception", and the text were observed at EC2.
        raise ApiError("TrafficMirrorTargetInUse", f"Cannot delete {wanted} . Target is in use by {users[0]}")
    call.remove(resource)
    call.store.shares.pop((call.account, call.region, wanted), None)
    return {"TrafficMirrorTargetId": wanted}


def _check_destination(call: Call, member: str, destination: str) -> None:
    """Check that the destination exists and is neither a source nor another target's destination."""
    if member == "NetworkInterfaceId":
        eni = prerequisites.interface(call.account, call.region, destination)
        if eni is None or call.hides(moto_lag.INTERFACE, destination):
            # A third-party README quotes code and text; the EC2 API Reference documents neither.
            raise ApiError("InvalidTrafficMirrorTarget", f"The interface ID '{destination}' does not exist")
        # Assumption: [target-participant] the owner of a subnet cannot use a participant's interface as a target.
        if eni.owner_id != call.account:
            raise ApiError("UnauthorizedOperation", f"You are not authorized to use {destination}.")
        # Assumption: [target-unattached] only the type is checked; an unattached interface is accepted.
        if eni.interface_type != "interface":
            raise ApiError("NetworkInterfaceNotSupported", f"{destination} is not of type interface")
        for session in call.store.sessions_on_interface(call.account, call.region, destination):
            raise ApiError("InterfaceInUseByTrafficMirrorSession", f"{destination} is in use by {session.id}")
    elif member == "NetworkLoadBalancerArn":
        hidden = call.hides(moto_lag.BALANCER, destination)
        prerequisites.check_load_balancer(call.account, call.region, destination, hidden)
    else:
        hidden = call.hides(moto_lag.ENDPOINT, destination)
        prerequisites.check_endpoint(call.account, call.region, destination, hidden)
    for target in call.own(TARGET).values():
        if target.fields.get(member) == destination:
            # Assumption: [target-endpoint-twice] an endpoint is rejected like the other two, with this code.
            code = {
                "NetworkInterfaceId": "InterfaceInUseByTrafficMirrorTarget",
                "NetworkLoadBalancerArn": "NlbInUseByTrafficMirrorTargetException",
            }.get(member, "InvalidParameterValue")
            raise ApiError(code, f"{destination} is in use by target {target.id}")
