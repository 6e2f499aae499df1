# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateTrafficMirrorSession, ModifyTrafficMirrorSession, DeleteTrafficMirrorSession."""

from __future__ import annotations

import random
from typing import Any

from . import checks, moto_lag, prerequisites, views
from .calls import Call
from .errors import ApiError, combination, invalid_value
from .store import FILTER, SESSION, TARGET, Resource

_REMOVABLE = {
    "packet-length": "PacketLength",
    "description": "Description",
    "virtual-network-id": "VirtualNetworkId",
}
_MODIFIABLE = (
    "TrafficMirrorTargetId",
    "TrafficMirrorFilterId",
    "PacketLength",
    "SessionNumber",
    "VirtualNetworkId",
    "Description",
    "RemoveFields",
)
MAX_VNI = 2**24 - 1
# Source: Traffic Mirroring guide, "Traffic Mirroring limitations", MTU and packet length limitations. Read on
# 2026-11-25.
LEAST_PACKET_LENGTH = 35
LEAST_PACKET_LENGTH_IPV6 = 55
MAX_PACKET_LENGTH = 65535


def create(call: Call) -> dict[str, Any]:
    """Create a session. Returns the session with its tags."""
    given = call.parameters
    prerequisites.check_interface_id(given["NetworkInterfaceId"])
    tags = checks.tag_specifications(given.get("TagSpecifications", []), SESSION)
    _check_values(given)
    call.mark_validated()
    eni_id, number = given["NetworkInterfaceId"], given["SessionNumber"]
    eni = prerequisites.interface(call.account, call.region, eni_id)
    if eni is None or call.hides(moto_lag.INTERFACE, eni_id):
        raise ApiError("InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{eni_id}' does not exist")
    target = call.get(TARGET, given["TrafficMirrorTargetId"])
    call.get_own(FILTER, given["TrafficMirrorFilterId"])
    prerequisites.check_source(eni, call.settings["source_families"], call.settings["source_metal_families"])
    _check_not_target(call, eni_id)
    _check_packet_length(given.get("PacketLength"), eni, target)
    _check_number(call, eni_id, number, None)
    call.check_quota(SESSION, "sessions", "TrafficMirrorSessionLimitExceeded")
    limit = call.settings["quotas"]["sessions_per_interface"]
    if len(_on_interface(call, eni_id)) >= limit:
        raise ApiError(
            "TrafficMirrorSessionsPerInterfaceLimitExceeded", f"Sessions per interface limit reached ({limit + 1})"
        )
    _check_target_capacity(call, target, eni_id)
    fields = {
        "TrafficMirrorTargetId": target.id,
        "TrafficMirrorFilterId": given["TrafficMirrorFilterId"],
        "NetworkInterfaceId": eni_id,
        "PacketLength": given.get("PacketLength"),
        "SessionNumber": number,
        "VirtualNetworkId": given["VirtualNetworkId"] if "VirtualNetworkId" in given else _random_vni(call),
        "Description": given.get("Description"),
    }
    resource = call.create(SESSION, fields, tags, target.account)
    return {"TrafficMirrorSession": views.row(call.store, resource)}


def modify(call: Call) -> dict[str, Any]:
    """Modify a session. Returns the new state with an empty tag list, as in the AWS CLI's examples."""
    given = call.parameters
    checks.resource_id(SESSION, given["TrafficMirrorSessionId"], "TrafficMirrorSessionId")
    # Assumption: [session-modify-nothing] a Modify without any change is rejected.
    if not any(given.get(name) not in (None, []) for name in _MODIFIABLE):
        raise combination("The request must contain at least one field to modify")
    removed = checks.removals(given, _REMOVABLE)
    _check_values(given)
    call.mark_validated()
    resource = call.get_own(SESSION, given["TrafficMirrorSessionId"])
    target = call.store.target_of(resource)
    moved = "TrafficMirrorTargetId" in given and given["TrafficMirrorTargetId"] != target.id
    if "TrafficMirrorTargetId" in given:
        target = call.get(TARGET, given["TrafficMirrorTargetId"])
    if "TrafficMirrorFilterId" in given:
        call.get_own(FILTER, given["TrafficMirrorFilterId"])
    fields = {name: value for name, value in resource.fields.items() if name not in removed}
    fields.update({name: given[name] for name in _MODIFIABLE if name in given and name != "RemoveFields"})
    # Assumption: [packet-length-moved-to-balancer] a session moved to an NLB keeps its explicit length. The
    # call is rejected if the length exceeds the NLB's maximum.
    eni = prerequisites.interface(call.account, call.region, fields["NetworkInterfaceId"])
    _check_packet_length(fields.get("PacketLength"), eni, target)
    _check_number(call, fields["NetworkInterfaceId"], fields["SessionNumber"], resource)
    if moved:
        _check_target_capacity(call, target, fields["NetworkInterfaceId"])
    # Assumption: [vni-removed] removing the VNI assigns a new random VNI, the default.
    if "VirtualNetworkId" not in fields:
        fields["VirtualNetworkId"] = _random_vni(call)
    call.start_lag(resource)
    call.store.change_session(resource, fields, target.account)
    return {"TrafficMirrorSession": {**views.session(call.store, resource), "Tags": []}}


def delete(call: Call) -> dict[str, Any]:
    """Delete a session. Its interface, number and VNI are available immediately."""
    wanted = call.parameters["TrafficMirrorSessionId"]
    checks.resource_id(SESSION, wanted, "TrafficMirrorSessionId")
    call.mark_validated()
    call.remove(call.get_own(SESSION, wanted))
    return {"TrafficMirrorSessionId": wanted}


def _check_values(given: dict[str, Any]) -> None:
    """Check ranges: number 1-32766 (botocore model), VNI 0-16777215 (RFC 7348: 24 bits), packet length 35-65535."""
    for resource_type in (TARGET, FILTER):
        if resource_type.id_member in given:
            checks.resource_id(resource_type, given[resource_type.id_member], resource_type.id_member)
    if "SessionNumber" in given:
        checks.integer(given["SessionNumber"], 1, 32766, "SessionNumber")
    if "VirtualNetworkId" in given:
        # Assumption: [vni-zero] [vni-twice] 0 is a valid VNI, and an explicit VNI need not be unique.
        checks.integer(given["VirtualNetworkId"], 0, MAX_VNI, "VirtualNetworkId")
    if "PacketLength" in given:
        # Assumption: [packet-length-most] [packet-length-least] at most 65535 for interfaces and endpoints, and at
        # least the guide's minimum. The botocore model documents 1, and Terraform's acceptance tests send less.
        checks.integer(given["PacketLength"], LEAST_PACKET_LENGTH, MAX_PACKET_LENGTH, "PacketLength")
    checks.description(given.get("Description"))


def _check_packet_length(value: int | None, eni: Any, target: Resource) -> None:
    """Check the minimum, which depends on the source interface, and the maximum 8500 of NLB targets (botocore model).

    eni: moto's NetworkInterface, None if it does not exist.
    """
    if value is None:
        return
    # Assumption: [packet-length-least-ipv6] the minimum for IPv6 traffic applies if the interface has an IPv6 address.
    has_ipv6 = eni is not None and any(eni.ipv6_addresses)
    least = LEAST_PACKET_LENGTH_IPV6 if has_ipv6 else LEAST_PACKET_LENGTH
    most = views.NLB_PACKET_LENGTH if target.fields["Type"] == views.NLB else MAX_PACKET_LENGTH
    checks.integer(value, least, most, "PacketLength")


def _on_interface(call: Call, eni_id: str) -> list[Resource]:
    """Return the sessions of all accounts that can mirror the interface."""
    eni = prerequisites.interface(call.account, call.region, eni_id)
    # Assumption: [shared-subnet-sessions] the limit per interface and the session numbers are shared by the owners of
    # an interface and of its subnet, although they do not see each other's sessions.
    accounts = {call.account} if eni is None else prerequisites.accounts_of(eni)
    of_accounts = (call.store.sessions_on_interface(account, call.region, eni_id) for account in sorted(accounts))
    return [found for sessions in of_accounts for found in sessions]


def _check_not_target(call: Call, eni_id: str) -> None:
    for target in call.own(TARGET).values():
        if target.fields.get("NetworkInterfaceId") == eni_id:
            raise ApiError("InterfaceInUseByTrafficMirrorTarget", f"{eni_id} is in use by target {target.id}")


def _check_number(call: Call, eni_id: str, number: int, itself: Resource | None) -> None:
    for other in _on_interface(call, eni_id):
        if other is not itself and other.fields["SessionNumber"] == number:
            # Assumption: [session-number-taken] [session-number-taken-modify] the code, and that Modify uses it too.
            # Existing clients match the text.
            why = f"Session number {number} is already being used by {other.id} on {eni_id}"
            raise invalid_value("SessionNumber", number, why)


def _check_target_capacity(call: Call, target: Resource, eni_id: str) -> None:
    """Check the quota of sources per interface target: 10 or 100, by the target's instance type (guide, quotas)."""
    if target.fields["Type"] != views.ENI:
        return
    quotas = call.settings["quotas"]
    instance_type = prerequisites.instance_type(target.account, target.region, target.fields["NetworkInterfaceId"])
    is_large = instance_type in call.settings["types_with_100_sources"]
    limit = quotas["sources_per_large_target" if is_large else "sources_per_target"]
    sessions = call.store.sessions_on_target(target)
    sources = {(s.account, s.fields["NetworkInterfaceId"]) for s in sessions} | {(call.account, eni_id)}
    if len(sources) > limit:
        raise ApiError(
            "TrafficMirrorSourcesPerTargetLimitExceeded",
            f"Sources per interface-target limit reached ({len(sources)})",
        )
    # Assumption: [sessions-per-target] the same quota limits the sessions, as in older versions of the quotas page.
    if len(sessions) >= limit:
        raise ApiError(
            "TrafficMirrorSessionsPerTargetLimitExceeded",
            f"Sessions per interface-target limit reached ({len(sessions) + 1})",
        )


def _random_vni(call: Call) -> int:
    """Return a random VNI that no session of the account uses (botocore model: unique per account)."""
    while call.store.is_vni_used(call.account, vni := random.randint(1, MAX_VNI)):
        pass
    return vni
