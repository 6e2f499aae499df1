# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as the API shows them: dicts in API member names that fit botocore's model."""

from __future__ import annotations

from typing import Any

from .store import FILTER, RULE, SESSION, TARGET, Thing, World

NLB = "network-load-balancer"
ENI = "network-interface"
GWLBE = "gateway-load-balancer-endpoint"
NLB_PACKET_LENGTH = 8500


def session(world: World, thing: Thing) -> dict[str, Any]:
    """A session without its tags. An NLB's packet length defaults to 8500 and shows; otherwise unset is absent."""
    row = {"TrafficMirrorSessionId": thing.id, "OwnerId": thing.account, **thing.fields}
    # Guess: [packet-length-moved-from-balancer] [packet-length-endpoint] a length never set is not kept: it goes when
    # the session leaves an NLB, and an endpoint does not show one either.
    if world.target_of(thing).fields["Type"] == NLB:
        row.setdefault("PacketLength", NLB_PACKET_LENGTH)
    return row


def rule(thing: Thing) -> dict[str, Any]:
    """A rule without its tags; unset protocol, port ranges and description are absent."""
    return {"TrafficMirrorFilterRuleId": thing.id, **thing.fields}


def mirror_filter(world: World, thing: Thing) -> dict[str, Any]:
    """A filter with its rules, by number, without its own tags."""
    # Guess: [rule-tags-in-filter] the rules inside a filter carry their tags; a knob takes them away.
    rules = _rules([row(world, each) for each in rules_of(world, thing)])
    return {"TrafficMirrorFilterId": thing.id, **rules, **thing.fields}


def _rules(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A filter's two lists of these rules."""
    ordered = sorted(rows, key=lambda row: int(row["RuleNumber"]))
    return {
        f"{direction.title()}FilterRules": [row for row in ordered if row["TrafficDirection"] == direction]
        for direction in ("ingress", "egress")
    }


def rules_of(world: World, thing: Thing) -> list[Thing]:
    """The rules of a filter."""
    rules = world.own(thing.account, thing.region, RULE).values()
    return [r for r in rules if r.fields["TrafficMirrorFilterId"] == thing.id]


def target(thing: Thing) -> dict[str, Any]:
    """A target without its tags: only the destination key that applies, and Type."""
    return {"TrafficMirrorTargetId": thing.id, "OwnerId": thing.account, **thing.fields}


def row(world: World, thing: Thing) -> dict[str, Any]:
    """Any object with its tags, as it is."""
    plain = {
        SESSION: lambda: session(world, thing),
        FILTER: lambda: mirror_filter(world, thing),
        RULE: lambda: rule(thing),
        TARGET: lambda: target(thing),
    }[thing.kind]()
    return {**plain, "Tags": thing.tag_set()}


def described(world: World, thing: Thing, viewer: str | None = None) -> dict[str, Any] | None:
    """Any object with its tags as Describe shows it, None if it does not (viewer None means its owner)."""
    if not thing.described:
        return None
    shown = thing.lag.row if thing.lag is not None and thing.lagging else row(world, thing)
    if shown is not None and thing.kind is FILTER:  # its rules come and go by themselves
        place = world.place(thing.account, thing.region)
        rules = [
            *rules_of(world, thing),
            *(r for r in place.gone[RULE].values() if r.fields[FILTER.id_member] == thing.id),
        ]
        shown = {**shown, **_rules([found for each in rules if (found := described(world, each)) is not None])}
    # Guess: [foreign-tags] another account's tags are not shown.
    foreign = viewer is not None and viewer != thing.account
    return {**shown, "Tags": []} if shown is not None and foreign else shown
