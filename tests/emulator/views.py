# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirroring resources in the API's form: dicts by API member name that conform to botocore's model."""

from __future__ import annotations

from typing import Any

from .store import FILTER, RULE, SESSION, TARGET, Resource, Store

NLB = "network-load-balancer"
ENI = "network-interface"
GWLBE = "gateway-load-balancer-endpoint"
NLB_PACKET_LENGTH = 8500


def session(store: Store, resource: Resource) -> dict[str, Any]:
    """Return a session without tags. The packet length for an NLB defaults to 8500; other unset values are absent."""
    row = {"TrafficMirrorSessionId": resource.id, "OwnerId": resource.account, **resource.fields}
    # Assumption: [packet-length-moved-from-balancer] [packet-length-endpoint] a default length is not stored: it
    # disappears when the session leaves an NLB, and an endpoint has no default.
    if store.target_of(resource).fields["Type"] == NLB:
        row.setdefault("PacketLength", NLB_PACKET_LENGTH)
    return row


def rule(resource: Resource) -> dict[str, Any]:
    """Return a rule without tags; unset protocol, port ranges and description are absent."""
    return {"TrafficMirrorFilterRuleId": resource.id, **resource.fields}


def traffic_mirror_filter(store: Store, resource: Resource) -> dict[str, Any]:
    """Return a filter with its rules, sorted by number, without the filter's tags."""
    # Assumption: [rule-tags-in-filter] a filter's rules include their tags; a setting removes them.
    rules = _rules([row(store, each) for each in rules_of(store, resource)])
    return {"TrafficMirrorFilterId": resource.id, **rules, **resource.fields}


def _rules(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the rules as a filter's ingress and egress lists."""
    ordered = sorted(rows, key=lambda row: int(row["RuleNumber"]))
    return {
        f"{direction.title()}FilterRules": [row for row in ordered if row["TrafficDirection"] == direction]
        for direction in ("ingress", "egress")
    }


def rules_of(store: Store, resource: Resource) -> list[Resource]:
    """Return the rules of a filter."""
    rules = store.own(resource.account, resource.region, RULE).values()
    return [r for r in rules if r.fields["TrafficMirrorFilterId"] == resource.id]


def target(resource: Resource) -> dict[str, Any]:
    """Return a target without tags: one destination member, and Type."""
    return {"TrafficMirrorTargetId": resource.id, "OwnerId": resource.account, **resource.fields}


def row(store: Store, resource: Resource) -> dict[str, Any]:
    """Return the present state of a resource, with tags."""
    plain = {
        SESSION: lambda: session(store, resource),
        FILTER: lambda: traffic_mirror_filter(store, resource),
        RULE: lambda: rule(resource),
        TARGET: lambda: target(resource),
    }[resource.resource_type]()
    return {**plain, "Tags": resource.tag_set()}


def describe_resource(store: Store, resource: Resource, viewer: str | None = None) -> dict[str, Any] | None:
    """Return a resource with tags as Describe returns it, or None. viewer: an account, None for the owner."""
    if not resource.is_described:
        return None
    shown = resource.lag.row if resource.lag is not None and resource.is_lagging else row(store, resource)
    if shown is not None and resource.resource_type is FILTER:  # rules lag independently of the filter
        scope = store.scope(resource.account, resource.region)
        rules = [
            *rules_of(store, resource),
            *(r for r in scope.deleted[RULE].values() if r.fields[FILTER.id_member] == resource.id),
        ]
        shown = {**shown, **_rules([found for each in rules if (found := describe_resource(store, each)) is not None])}
    # Assumption: [foreign-tags] another account's tags are not returned.
    foreign = viewer is not None and viewer != resource.account
    return {**shown, "Tags": []} if shown is not None and foreign else shown
