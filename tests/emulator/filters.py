# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters, their network services and their rules: create, modify, delete."""

from __future__ import annotations

from typing import Any

from . import checks, views
from .calls import Call
from .errors import ApiError, combination, invalid_value, missing
from .store import FILTER, RULE, SESSION, Thing

_REMOVABLE = {
    "destination-port-range": "DestinationPortRange",
    "source-port-range": "SourcePortRange",
    "protocol": "Protocol",
    "description": "Description",
}
_CIDRS = ("SourceCidrBlock", "DestinationCidrBlock")
_PORTS = ("SourcePortRange", "DestinationPortRange")
_RULE_FIELDS = (
    "TrafficDirection",
    "RuleNumber",
    "RuleAction",
    "Protocol",
    "DestinationPortRange",
    "SourcePortRange",
    "DestinationCidrBlock",
    "SourceCidrBlock",
    "Description",
)
TCP, UDP = 6, 17


def create(call: Call) -> dict[str, Any]:
    """The new filter: no rules, no network services."""
    given = call.parameters
    checks.description(given.get("Description"))
    tags = checks.tag_specifications(given.get("TagSpecifications", []), FILTER)
    call.checked()
    call.quota(FILTER, "filters", "TrafficMirrorFilterLimitExceeded")
    thing = call.create(FILTER, {"NetworkServices": [], "Description": given.get("Description")}, tags)
    return {"TrafficMirrorFilter": views.row(call.world, thing)}


def delete(call: Call) -> dict[str, Any]:
    """The id. Its rules go with it; a filter a session uses is refused."""
    wanted = call.parameters["TrafficMirrorFilterId"]
    checks.identifier(FILTER, wanted, "TrafficMirrorFilterId")
    call.checked()
    thing = call.get_own(FILTER, wanted)
    users = sorted(s.id for s in call.own(SESSION).values() if s.fields["TrafficMirrorFilterId"] == wanted)
    if users:
        # Guess: [filter-in-use-text] the text, after the one seen for targets.
        raise ApiError("TrafficMirrorFilterInUse", f"Cannot delete {wanted} . Filter is in use by {users[0]}")
    # Guess: [filter-delete-with-rules] the rules are deleted and not an obstacle; nothing in the documentation asks for
    # their removal first.
    for rule in views.rules_of(call.world, thing):
        call.remove(rule)
    call.remove(thing)
    return {"TrafficMirrorFilterId": wanted}


def modify_network_services(call: Call) -> dict[str, Any]:
    """The filter as it now is, with an empty list of tags."""
    given = call.parameters
    checks.identifier(FILTER, given["TrafficMirrorFilterId"], "TrafficMirrorFilterId")
    add, remove = given.get("AddNetworkServices", []), given.get("RemoveNetworkServices", [])
    # Guess: [services-neither] [services-both] [services-twice] the codes for neither, both and twice.
    if not add and not remove:
        raise missing("AddNetworkService")
    checks.distinct(add, "AddNetworkService")
    checks.distinct(remove, "RemoveNetworkService")
    if both := sorted(set(add) & set(remove)):
        raise combination(f"The network service {both[0]} cannot be both added and removed")
    call.checked()
    thing = call.get_own(FILTER, given["TrafficMirrorFilterId"])
    present = thing.fields["NetworkServices"]
    # Guess: [service-added-again] [service-removed-again] adding what is on and removing what is off are refused.
    for name in add:
        if name in present:
            raise invalid_value("AddNetworkService", name, "The network service is already mirrored")
    for name in remove:
        if name not in present:
            raise invalid_value("RemoveNetworkService", name, "The network service is not mirrored")
    call.will_change(thing)
    thing.fields["NetworkServices"] = [name for name in [*present, *add] if name not in remove]
    # Guess: [services-reply-tags] no tags here, as in the CLI's example and as with ModifyTrafficMirrorSession.
    return {"TrafficMirrorFilter": {**views.mirror_filter(call.world, thing), "Tags": []}}


def create_rule(call: Call) -> dict[str, Any]:
    """The new rule with its tags."""
    given = call.parameters
    checks.identifier(FILTER, given["TrafficMirrorFilterId"], "TrafficMirrorFilterId")
    tags = checks.tag_specifications(given.get("TagSpecifications", []), RULE)
    _check_values(given)
    _check_whole(given)
    call.checked()
    given = _canonical(given)
    parent = call.get_own(FILTER, given["TrafficMirrorFilterId"])
    _check_number(call, parent.id, given, None)
    # Guess: [rule-quota-both-directions] the quota counts both directions together.
    limit = call.knobs["quotas"]["rules_per_filter"]
    if len(views.rules_of(call.world, parent)) >= limit:
        raise ApiError("TrafficMirrorFilterRuleLimitExceeded", f"The limit of {limit} rules per filter is reached")
    fields = {"TrafficMirrorFilterId": parent.id, **{name: given.get(name) for name in _RULE_FIELDS}}
    thing = call.create(RULE, fields, tags)
    return {"TrafficMirrorFilterRule": views.row(call.world, thing)}


def modify_rule(call: Call) -> dict[str, Any]:
    """The rule as it now is, without tags (model)."""
    given = call.parameters
    checks.identifier(RULE, given["TrafficMirrorFilterRuleId"], "TrafficMirrorFilterRuleId")
    # Guess: [rule-modify-nothing] a Modify with nothing to modify is refused.
    if not any(given.get(name) not in (None, []) for name in (*_RULE_FIELDS, "RemoveFields")):
        raise combination("The request must contain at least one field to modify")
    removed = checks.removals(given, _REMOVABLE)
    _check_values(given)
    # Guess: [rule-ports-without-protocol] the code. That the protocol must come along is what Terraform's provider
    # notes.
    if any(ports in given for ports in _PORTS) and "Protocol" not in given:
        raise invalid_value("Protocol", "null", "A port range needs the protocol in the same request")
    call.checked()
    thing = call.get_own(RULE, given["TrafficMirrorFilterRuleId"])
    fields = {name: value for name, value in thing.fields.items() if name not in removed}
    fields.update({name: value for name, value in _canonical(given).items() if name in _RULE_FIELDS})
    _check_whole(fields)
    _check_number(call, fields["TrafficMirrorFilterId"], fields, thing)
    call.will_change(thing)
    thing.fields = fields
    return {"TrafficMirrorFilterRule": views.rule(thing)}


def delete_rule(call: Call) -> dict[str, Any]:
    """The id."""
    wanted = call.parameters["TrafficMirrorFilterRuleId"]
    checks.identifier(RULE, wanted, "TrafficMirrorFilterRuleId")
    call.checked()
    call.remove(call.get_own(RULE, wanted))
    return {"TrafficMirrorFilterRuleId": wanted}


def _check_values(given: dict[str, Any]) -> None:
    """Each value by itself: number 1-32766, protocol 0-255, ports 0-65535 with both ends, CIDRs."""
    if "RuleNumber" in given:
        # Guess: [rule-number-range] the range, that of network ACL rules.
        checks.whole(given["RuleNumber"], 1, 32766, "RuleNumber")
    if "Protocol" in given:
        # Guess: [rule-protocol-range] [rule-protocol-zero] -1 and 256 are refused; 0 is a protocol (IANA's HOPOPT) and
        # is kept and shown.
        checks.whole(given["Protocol"], 0, 255, "Protocol")
    for name in _PORTS:
        if name not in given:
            continue
        for end in ("FromPort", "ToPort"):
            # Guess: [rule-port-one-end] both ends are needed, as in CloudFormation's schema.
            if end not in given[name]:
                raise missing(f"{name}.{end}")
            checks.whole(given[name][end], 0, 65535, f"{name}.{end}")
        if given[name]["FromPort"] > given[name]["ToPort"]:
            raise invalid_value(f"{name}.FromPort", given[name]["FromPort"], "It must not be greater than ToPort")
    for name in _CIDRS:
        if name in given:
            checks.cidr(given[name], name)
    checks.description(given.get("Description"))


def _canonical(given: dict[str, Any]) -> dict[str, Any]:
    """The parameters with their CIDRs in canonical form: IPv6 compressed and in lower case."""
    # Guess: [rule-ipv6-canonical] as EC2 does with IPv6 in security groups; clients that compare texts shall notice.
    cidrs = {name: str(checks.cidr(given[name], name)) for name in _CIDRS if name in given}
    return {**given, **cidrs}


def _check_whole(fields: dict[str, Any]) -> None:
    """The values together: one address family, and ports only with TCP or UDP."""
    source, destination = fields["SourceCidrBlock"], fields["DestinationCidrBlock"]
    if checks.cidr(source, "SourceCidrBlock").version != checks.cidr(destination, "DestinationCidrBlock").version:
        # Guess: [rule-families-mixed] the code.
        raise invalid_value("DestinationCidrBlock", destination, f"It is not of the address family of {source}")
    # Guess: [rule-ports-other-protocol] [rule-protocol-removed] ports that nothing could match are refused, and so is
    # removing the protocol from under them.
    if any(fields.get(name) for name in _PORTS) and fields.get("Protocol") not in (TCP, UDP):
        raise invalid_value("Protocol", fields.get("Protocol", "null"), "Port ranges need protocol 6 (TCP) or 17 (UDP)")


def _check_number(call: Call, filter_id: str, fields: dict[str, Any], itself: Thing | None) -> None:
    """A number is unique in its filter and direction (model)."""
    wanted = (filter_id, fields["TrafficDirection"], fields["RuleNumber"])
    for other in call.own(RULE).values():
        there = tuple(other.fields[name] for name in ("TrafficMirrorFilterId", "TrafficDirection", "RuleNumber"))
        if other is not itself and there == wanted:
            # Guess: [rule-number-taken-modify] Modify refuses with the code documented for Create.
            raise ApiError(
                "TrafficMirrorFilterRuleAlreadyExists",
                f"Rule {wanted[2]} ({wanted[1]}) already exists in {filter_id} as {other.id}",
            )
