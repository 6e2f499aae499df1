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


def mirror_filter(world: World, thing: Thing, *, lagging: bool = False) -> dict[str, Any]:
    """A filter with its rules, by number, without its own tags. lagging leaves out the rules still hidden."""
    rules = [rule_thing for rule_thing in rules_of(world, thing) if not (lagging and rule_thing.hidden)]
    shown = {
        direction: [
            # Guess: [rule-tags-in-filter] the rules inside a filter carry their tags; a knob takes them away.
            {**rule(r), "Tags": r.tag_set()}
            for r in sorted(rules, key=lambda r: int(r.fields["RuleNumber"]))
            if r.fields["TrafficDirection"] == direction
        ]
        for direction in ("ingress", "egress")
    }
    return {
        "TrafficMirrorFilterId": thing.id,
        "IngressFilterRules": shown["ingress"],
        "EgressFilterRules": shown["egress"],
        **thing.fields,
    }


def rules_of(world: World, thing: Thing) -> list[Thing]:
    """The rules of a filter."""
    rules = world.own(thing.account, thing.region, RULE).values()
    return [r for r in rules if r.fields["TrafficMirrorFilterId"] == thing.id]


def target(thing: Thing) -> dict[str, Any]:
    """A target without its tags: only the destination key that applies, and Type."""
    return {"TrafficMirrorTargetId": thing.id, "OwnerId": thing.account, **thing.fields}


def row(world: World, thing: Thing, viewer: str | None = None) -> dict[str, Any]:
    """Any object with its tags, as Create and Describe show it (viewer None means its owner)."""
    plain = {
        SESSION: lambda: session(world, thing),
        FILTER: lambda: mirror_filter(world, thing, lagging=viewer is not None),
        RULE: lambda: rule(thing),
        TARGET: lambda: target(thing),
    }[thing.kind]()
    # Guess: [foreign-tags] another account's tags are not shown.
    foreign = viewer is not None and viewer != thing.account
    return {**plain, "Tags": [] if foreign else thing.tag_set()}
