# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateTrafficMirrorSession, ModifyTrafficMirrorSession, DeleteTrafficMirrorSession."""

from __future__ import annotations

import random
from typing import Any

from . import checks, surroundings, views
from .calls import Call
from .errors import ApiError, combination, invalid_value
from .store import FILTER, SESSION, TARGET, Thing

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


def create(call: Call) -> dict[str, Any]:
    """The new session with its tags."""
    given = call.parameters
    surroundings.check_interface_id(given["NetworkInterfaceId"])
    tags = checks.tag_specifications(given.get("TagSpecifications", []), SESSION)
    _check_values(given)
    call.checked()
    eni_id, number = given["NetworkInterfaceId"], given["SessionNumber"]
    eni = surroundings.interface(call.account, call.region, eni_id)
    if eni is None:
        raise ApiError("InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{eni_id}' does not exist")
    target = call.get(TARGET, given["TrafficMirrorTargetId"])
    call.get_own(FILTER, given["TrafficMirrorFilterId"])
    surroundings.check_source(eni, call.knobs["source_families"])
    _check_not_target(call, eni_id)
    _check_packet_length(given.get("PacketLength"), target)
    _check_number(call, eni_id, number, None)
    call.quota(SESSION, "sessions", "TrafficMirrorSessionLimitExceeded")
    limit = call.knobs["quotas"]["sessions_per_interface"]
    if len(_on_interface(call, eni_id)) >= limit:
        raise ApiError(
            "TrafficMirrorSessionsPerInterfaceLimitExceeded", f"Sessions per interface limit reached ({limit + 1})"
        )
    _check_room(call, target, eni_id)
    fields = {
        "TrafficMirrorTargetId": target.id,
        "TrafficMirrorFilterId": given["TrafficMirrorFilterId"],
        "NetworkInterfaceId": eni_id,
        "PacketLength": given.get("PacketLength"),
        "SessionNumber": number,
        "VirtualNetworkId": given["VirtualNetworkId"] if "VirtualNetworkId" in given else _fresh_vni(call),
        "Description": given.get("Description"),
    }
    thing = call.create(SESSION, fields, tags, target.account)
    return {"TrafficMirrorSession": views.row(call.world, thing)}


def modify(call: Call) -> dict[str, Any]:
    """The session as it now is, with an empty list of tags whatever it has, as in the AWS CLI's examples."""
    given = call.parameters
    checks.identifier(SESSION, given["TrafficMirrorSessionId"], "TrafficMirrorSessionId")
    # Guess: [session-modify-nothing] a Modify with nothing to modify is refused.
    if not any(given.get(name) not in (None, []) for name in _MODIFIABLE):
        raise combination("The request must contain at least one field to modify")
    removed = checks.removals(given, _REMOVABLE)
    _check_values(given)
    call.checked()
    thing = call.get_own(SESSION, given["TrafficMirrorSessionId"])
    target = call.world.target_of(thing)
    moved = "TrafficMirrorTargetId" in given and given["TrafficMirrorTargetId"] != target.id
    if "TrafficMirrorTargetId" in given:
        target = call.get(TARGET, given["TrafficMirrorTargetId"])
    if "TrafficMirrorFilterId" in given:
        call.get_own(FILTER, given["TrafficMirrorFilterId"])
    fields = {name: value for name, value in thing.fields.items() if name not in removed}
    fields.update({name: given[name] for name in _MODIFIABLE if name in given and name != "RemoveFields"})
    # Guess: [packet-length-moved-to-balancer] a session moved to an NLB keeps its explicit length, and is refused if
    # that is too long for one.
    _check_packet_length(fields.get("PacketLength"), target)
    _check_number(call, fields["NetworkInterfaceId"], fields["SessionNumber"], thing)
    if moved:
        _check_room(call, target, fields["NetworkInterfaceId"])
    # Guess: [vni-removed] removing the VNI gives a fresh random one, its default.
    if "VirtualNetworkId" not in fields:
        fields["VirtualNetworkId"] = _fresh_vni(call)
    call.will_change(thing)
    call.world.change_session(thing, fields, target.account)
    return {"TrafficMirrorSession": {**views.session(call.world, thing), "Tags": []}}


def delete(call: Call) -> dict[str, Any]:
    """The id. What the session used is free again at once."""
    wanted = call.parameters["TrafficMirrorSessionId"]
    checks.identifier(SESSION, wanted, "TrafficMirrorSessionId")
    call.checked()
    call.remove(call.get_own(SESSION, wanted))
    return {"TrafficMirrorSessionId": wanted}


def _check_values(given: dict[str, Any]) -> None:
    """Ranges: number 1-32766 (model), VNI 0-16777215 (RFC 7348's 24 bits), packet length 1-65535."""
    for kind in (TARGET, FILTER):
        if kind.id_member in given:
            checks.identifier(kind, given[kind.id_member], kind.id_member)
    if "SessionNumber" in given:
        checks.whole(given["SessionNumber"], 1, 32766, "SessionNumber")
    if "VirtualNetworkId" in given:
        # Guess: [vni-zero] [vni-twice] 0 is a valid VNI, and one the caller chose need not be unique.
        checks.whole(given["VirtualNetworkId"], 0, MAX_VNI, "VirtualNetworkId")
    if "PacketLength" in given:
        # Guess: [packet-length-most] [packet-length-least] 65535 for interfaces and endpoints, and 1 as the least
        # everywhere; the guide says 35 or 55 and the model 1, and Terraform's acceptance tests send less than 35.
        checks.whole(given["PacketLength"], 1, 65535, "PacketLength")
    checks.description(given.get("Description"))


def _check_packet_length(value: int | None, target: Thing) -> None:
    """An NLB target takes 1 to 8500 (model)."""
    if value is not None and target.fields["Type"] == views.NLB:
        checks.whole(value, 1, views.NLB_PACKET_LENGTH, "PacketLength")


def _on_interface(call: Call, eni_id: str) -> list[Thing]:
    return call.world.sessions_on_interface(call.account, call.region, eni_id)


def _check_not_target(call: Call, eni_id: str) -> None:
    for target in call.own(TARGET).values():
        if target.fields.get("NetworkInterfaceId") == eni_id:
            raise ApiError("InterfaceInUseByTrafficMirrorTarget", f"{eni_id} is in use by target {target.id}")


def _check_number(call: Call, eni_id: str, number: int, itself: Thing | None) -> None:
    for other in _on_interface(call, eni_id):
        if other is not itself and other.fields["SessionNumber"] == number:
            # Guess: [session-number-taken] [session-number-taken-modify] the code, and that Modify refuses like Create.
            # Clients in the wild look for the words.
            why = f"Session number {number} is already being used by {other.id} on {eni_id}"
            raise invalid_value("SessionNumber", number, why)


def _check_room(call: Call, target: Thing, eni_id: str) -> None:
    """Sources per interface target: 10, or 100 by the type of the target's instance (guide, quotas)."""
    if target.fields["Type"] != views.ENI:
        return
    quotas = call.knobs["quotas"]
    kind = surroundings.instance_type(target.account, target.region, target.fields["NetworkInterfaceId"])
    limit = quotas["sources_per_big_target" if kind in call.knobs["big_types"] else "sources_per_target"]
    sessions = call.world.sessions_on_target(target)
    sources = {(s.account, s.fields["NetworkInterfaceId"]) for s in sessions} | {(call.account, eni_id)}
    if len(sources) > limit:
        raise ApiError(
            "TrafficMirrorSourcesPerTargetLimitExceeded",
            f"Sources per interface-target limit reached ({len(sources)})",
        )
    # Guess: [sessions-per-target] the same number bounds the sessions, which older copies of the quotas page say.
    if len(sessions) >= limit:
        raise ApiError(
            "TrafficMirrorSessionsPerTargetLimitExceeded",
            f"Sessions per interface-target limit reached ({len(sessions) + 1})",
        )


def _fresh_vni(call: Call) -> int:
    """A random VNI that no session of the account has (model: account-wide unique)."""
    while call.world.vni_used(call.account, vni := random.randint(1, MAX_VNI)):
        pass
    return vni
