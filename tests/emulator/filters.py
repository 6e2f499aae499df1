# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters, their network services and their rules: create, modify, delete."""

from __future__ import annotations

from typing import Any

from . import checks, views
from .calls import Call
from .errors import ApiError, combination, invalid_value, missing
from .store import FILTER, RULE, SESSION, Resource

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
    """Create a filter without rules and network services."""
    given = call.parameters
    checks.description(given.get("Description"))
    tags = checks.tag_specifications(given.get("TagSpecifications", []), FILTER)
    call.mark_validated()
    call.check_quota(FILTER, "filters", "TrafficMirrorFilterLimitExceeded")
    resource = call.create(FILTER, {"NetworkServices": [], "Description": given.get("Description")}, tags)
    return {"TrafficMirrorFilter": views.row(call.store, resource)}


def delete(call: Call) -> dict[str, Any]:
    """Delete a filter and its rules. A filter in use by a session is rejected."""
    wanted = call.parameters["TrafficMirrorFilterId"]
    checks.resource_id(FILTER, wanted, "TrafficMirrorFilterId")
    call.mark_validated()
    resource = call.get_own(FILTER, wanted)
    users = sorted(s.id for s in call.own(SESSION).values() if s.fields["TrafficMirrorFilterId"] == wanted)
    if users:
        # Assumption: [filter-in-use-text] the text, by analogy with the observed text for targets.
        raise ApiError("TrafficMirrorFilterInUse", f"Cannot delete {wanted} . Filter is in use by {users[0]}")
    # Assumption: [filter-delete-with-rules] the rules are deleted with the filter; the documentation does not
    # require deleting them first.
    for rule in views.rules_of(call.store, resource):
        call.remove(rule)
    call.remove(resource)
    return {"TrafficMirrorFilterId": wanted}


def modify_network_services(call: Call) -> dict[str, Any]:
    """Change network services. Returns the new state of the filter, with an empty tag list."""
    given = call.parameters
    checks.resource_id(FILTER, given["TrafficMirrorFilterId"], "TrafficMirrorFilterId")
    add, remove = given.get("AddNetworkServices", []), given.get("RemoveNetworkServices", [])
    # Assumption: [services-neither] [services-both] [services-twice] the codes if no service is given, if one is both
    # added and removed, and if one is repeated.
    if not add and not remove:
        raise missing("AddNetworkService")
    checks.unique(add, "AddNetworkService")
    checks.unique(remove, "RemoveNetworkService")
    if both := sorted(set(add) & set(remove)):
        raise combination(f"The network service {both[0]} cannot be both added and removed")
    call.mark_validated()
    resource = call.get_own(FILTER, given["TrafficMirrorFilterId"])
    present = resource.fields["NetworkServices"]
    # Assumption: [service-added-again] [service-removed-again] adding an enabled service and removing a disabled one
    # are rejected.
    for name in add:
        if name in present:
            raise invalid_value("AddNetworkService", name, "The network service is already mirrored")
    for name in remove:
        if name not in present:
            raise invalid_value("RemoveNetworkService", name, "The network service is not mirrored")
    call.start_lag(resource)
    resource.fields["NetworkServices"] = [name for name in [*present, *add] if name not in remove]
    # Assumption: [services-reply-tags] no tags, as in the AWS CLI example and in ModifyTrafficMirrorSession.
    return {"TrafficMirrorFilter": {**views.traffic_mirror_filter(call.store, resource), "Tags": []}}


def create_rule(call: Call) -> dict[str, Any]:
    """Create a rule. Returns the rule with its tags."""
    given = call.parameters
    checks.resource_id(FILTER, given["TrafficMirrorFilterId"], "TrafficMirrorFilterId")
    tags = checks.tag_specifications(given.get("TagSpecifications", []), RULE)
    _check_values(given)
    _check_combination(given)
    call.mark_validated()
    given = _canonical(given)
    parent = call.get_own(FILTER, given["TrafficMirrorFilterId"])
    _check_number(call, parent.id, given, None)
    # Assumption: [rule-quota-both-directions] the quota covers both directions together.
    limit = call.settings["quotas"]["rules_per_filter"]
    if len(views.rules_of(call.store, parent)) >= limit:
        raise ApiError("TrafficMirrorFilterRuleLimitExceeded", f"The limit of {limit} rules per filter is reached")
    fields = {"TrafficMirrorFilterId": parent.id, **{name: given.get(name) for name in _RULE_FIELDS}}
    resource = call.create(RULE, fields, tags)
    return {"TrafficMirrorFilterRule": views.row(call.store, resource)}


def modify_rule(call: Call) -> dict[str, Any]:
    """Modify a rule. Returns the new state without tags (botocore model)."""
    given = call.parameters
    checks.resource_id(RULE, given["TrafficMirrorFilterRuleId"], "TrafficMirrorFilterRuleId")
    # Assumption: [rule-modify-nothing] a Modify without any change is rejected.
    if not any(given.get(name) not in (None, []) for name in (*_RULE_FIELDS, "RemoveFields")):
        raise combination("The request must contain at least one field to modify")
    removed = checks.removals(given, _REMOVABLE)
    _check_values(given)
    # Assumption: [rule-ports-without-protocol] the code. Terraform's provider documents that the protocol is
    # required.
    if any(ports in given for ports in _PORTS) and "Protocol" not in given:
        raise invalid_value("Protocol", "null", "A port range needs the protocol in the same request")
    call.mark_validated()
    resource = call.get_own(RULE, given["TrafficMirrorFilterRuleId"])
    fields = {name: value for name, value in resource.fields.items() if name not in removed}
    fields.update({name: value for name, value in _canonical(given).items() if name in _RULE_FIELDS})
    _check_combination(fields)
    _check_number(call, fields["TrafficMirrorFilterId"], fields, resource)
    call.start_lag(resource)
    resource.fields = fields
    return {"TrafficMirrorFilterRule": views.rule(resource)}


def delete_rule(call: Call) -> dict[str, Any]:
    """Delete a rule."""
    wanted = call.parameters["TrafficMirrorFilterRuleId"]
    checks.resource_id(RULE, wanted, "TrafficMirrorFilterRuleId")
    call.mark_validated()
    call.remove(call.get_own(RULE, wanted))
    return {"TrafficMirrorFilterRuleId": wanted}


def _check_values(given: dict[str, Any]) -> None:
    """Check each value: number 1-32766, protocol 0-255, ports 0-65535 with both ends, CIDRs."""
    if "RuleNumber" in given:
        # Assumption: [rule-number-range] the range, as for network ACL rules.
        checks.integer(given["RuleNumber"], 1, 32766, "RuleNumber")
    if "Protocol" in given:
        # Assumption: [rule-protocol-range] [rule-protocol-zero] -1 and 256 are rejected; 0 is a protocol (IANA's
        # HOPOPT), which is stored and returned.
        checks.integer(given["Protocol"], 0, 255, "Protocol")
    for name in _PORTS:
        if name not in given:
            continue
        for end in ("FromPort", "ToPort"):
            # Assumption: [rule-port-one-end] both ends are required, as in CloudFormation's schema.
            if end not in given[name]:
                raise missing(f"{name}.{end}")
            checks.integer(given[name][end], 0, 65535, f"{name}.{end}")
        if given[name]["FromPort"] > given[name]["ToPort"]:
            raise invalid_value(f"{name}.FromPort", given[name]["FromPort"], "It must not be greater than ToPort")
    for name in _CIDRS:
        if name in given:
            checks.cidr(given[name], name)
    checks.description(given.get("Description"))


def _canonical(given: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with CIDRs in canonical form: IPv6 compressed and in lower case."""
    # Assumption: [rule-ipv6-canonical] as for IPv6 in security groups; exposes clients that compare text.
    cidrs = {name: str(checks.cidr(given[name], name)) for name in _CIDRS if name in given}
    return {**given, **cidrs}


def _check_combination(fields: dict[str, Any]) -> None:
    """Check the combination of values: one address family, and ports only with TCP or UDP."""
    source, destination = fields["SourceCidrBlock"], fields["DestinationCidrBlock"]
    if checks.cidr(source, "SourceCidrBlock").version != checks.cidr(destination, "DestinationCidrBlock").version:
        # Assumption: [rule-families-mixed] the code.
        raise invalid_value("DestinationCidrBlock", destination, f"It is not of the address family of {source}")
    # Assumption: [rule-ports-other-protocol] [rule-protocol-removed] ports without a protocol that has ports are
    # rejected, also if a Modify removes the protocol.
    if any(fields.get(name) for name in _PORTS) and fields.get("Protocol") not in (TCP, UDP):
        raise invalid_value("Protocol", fields.get("Protocol", "null"), "Port ranges need protocol 6 (TCP) or 17 (UDP)")


def _check_number(call: Call, filter_id: str, fields: dict[str, Any], itself: Resource | None) -> None:
    """Check that the rule number is unique in the filter and direction (botocore model)."""
    wanted = (filter_id, fields["TrafficDirection"], fields["RuleNumber"])
    for other in call.own(RULE).values():
        there = tuple(other.fields[name] for name in ("TrafficMirrorFilterId", "TrafficDirection", "RuleNumber"))
        if other is not itself and there == wanted:
            # Assumption: [rule-number-taken-modify] Modify uses the code that is documented for Create.
            raise ApiError(
                "TrafficMirrorFilterRuleAlreadyExists",
                f"Rule {wanted[2]} ({wanted[1]}) already exists in {filter_id} as {other.id}",
            )
