# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which session of an interface mirrors given packets, and which rule decides. Pure and exact.

EC2 mirrors a packet once, by the session with the lowest number whose filter accepts the packet (Traffic Mirroring
guide, "Traffic mirror sessions"). In a filter, the matching rule with the lowest number decides. As in filter_overlap,
the packets of a network service are accepted by the filters that list the service, regardless of their rules.

Sessions and filters are dicts of module options (see resource_types).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .._model.api_objects import sort_rules
from .._model.resource_types import FILTER, SESSION, ModuleParams
from .._model.text import list_some
from .._resources.rule_coverage import Box, accepted_boxes
from .findings import Finding, Status
from .packets import DNS_SERVICE, Packet, dns_servers

# A filter rule that matches every packet of a direction.
_ANY_PACKET = {"rule_number": 1, "action": "accept", "protocol": "all", "source_port": "", "destination_port": ""}
_PORTS = ("source port", "destination port")  # the last dimensions of a box
_ANY_PORT = (0, 65535)


class Result(enum.Enum):
    """What a session does with packets that no session with a lower number mirrors.

    UNKNOWN: its filter is not readable.
    """

    MIRRORED = "mirrored"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Share:
    """What one session does with a part of the packets.

    rule: the rule that decides; None for packets that no rule matches, and for packets of a network service. service:
    the network service of the packets, otherwise empty. boxes: the packets, disjoint. is_certain: false if a session
    with a lower number, whose filter is not readable, may mirror the packets instead.
    """

    session: ModuleParams
    result: Result
    rule: ModuleParams | None
    service: str
    boxes: tuple[Box, ...]
    is_certain: bool = True


def trace_packet(
    packet: Packet,
    sessions: Iterable[ModuleParams],
    filters: Mapping[str, ModuleParams],
    servers: Iterable[str] | None = None,
) -> list[Share]:
    """What the sessions of one interface do with these packets, in the order of evaluation.

    filters: the readable filters, by id. servers: the addresses of the Amazon DNS server, see dns_servers; None for
    those that every VPC has. A packet that a session mirrors is in no share of a session with a higher number.
    """
    shares: list[Share] = []
    dns_rule = packet.dns_rule(dns_servers([]) if servers is None else frozenset(servers))
    dns, others = _split([packet.box], dns_rule) if dns_rule else ([], [packet.box])
    is_certain = True
    for session in sorted(sessions, key=lambda one: int(one["session_number"])):
        row = filters.get(session[FILTER.id_option])
        if row is None:
            if dns or others:
                shares.append(Share(session, Result.UNKNOWN, None, "", (*others, *dns), is_certain))
            is_certain = False
            continue
        own, others = _apply_rules(session, row, others, packet.direction, is_certain)
        shares += own
        if dns:
            result = Result.MIRRORED if DNS_SERVICE in row.get("network_services", ()) else Result.REJECTED
            shares.append(Share(session, result, None, DNS_SERVICE, tuple(dns), is_certain))
            dns = dns if result is Result.REJECTED else []
    return shares


def judge_packet(session: ModuleParams, packet: Packet, shares: Sequence[Share]) -> Finding:
    """The finding on a session. shares: the result of trace_packet for all sessions of the interface."""
    session_id, filter_id = session[SESSION.id_option], session[FILTER.id_option]
    ids = (session_id, filter_id)
    service = packet.never_mirrored()
    if service:
        message = f"EC2 does not mirror {service}: {packet.describe()}"
        return Finding("filter", Status.PROBLEM, message, "Trace another packet.", ids)
    own = [share for share in shares if share.session[SESSION.id_option] == session_id]
    lower = [
        share
        for share in shares
        if int(share.session["session_number"]) < int(session["session_number"])
        and share.session[SESSION.id_option] != session_id
    ]
    taken = [share for share in lower if share.result is Result.MIRRORED]
    mirrored = [share for share in own if share.result is Result.MIRRORED]
    hidden = [share for share in own if share.result is Result.UNKNOWN]
    others = [*taken, *(share for share in own if share.result is Result.REJECTED)]
    if hidden:
        message = f"filter {filter_id} of {session_id} cannot be read; it decides on {_name_packets(packet, hidden)}"
        fix = f"Check that {filter_id} accepts {packet.describe()}."
        return Finding("filter", Status.UNKNOWN, message, fix, ids)
    if mirrored and not all(share.is_certain for share in mirrored):
        return _judge_uncertain(session, packet, mirrored, lower)
    if mirrored:
        parts = [_explain(share, packet, bool(others)) for share in mirrored]
        if not others:
            return Finding("filter", Status.OK, "; ".join(parts), ids=(*ids, *_rule_ids(mirrored)))
        parts += [_explain(share, packet, True) for share in others]
        fix = f"Set {' and '.join(packet.open_ports)} in packet."
        return Finding("filter", Status.UNKNOWN, _list_parts(parts), fix, (*ids, *_rule_ids(mirrored)))
    several = len(others) > 1
    message = _list_parts([_explain(share, packet, several) for share in others])
    fixes = dict.fromkeys(_fix(share, session) for share in others)
    return Finding("filter", Status.PROBLEM, message, " ".join(fixes), _all_ids(ids, others))


def describe_ports(boxes: Iterable[Box]) -> str:
    """The ports of boxes that differ only in ports: C(destination port 0-442, destination port 444-65535)."""
    texts = []
    for ports in _merge([box[-2:] for box in boxes]):
        ends = [
            f"{label} {first}" if first == last else f"{label} {first}-{last}"
            for label, (first, last) in zip(_PORTS, ports)
            if (first, last) != _ANY_PORT
        ]
        texts.append(" with ".join(ends) or "any ports")
    return list_some(texts)


def _apply_rules(
    session: ModuleParams, row: ModuleParams, boxes: list[Box], direction: str, is_certain: bool
) -> tuple[list[Share], list[Box]]:
    """The shares of a session by the rules of its filter, and the packets that it does not mirror."""
    shares: list[Share] = []
    passed: list[Box] = []
    for rule in sort_rules([one for one in row.get("rules", ()) if one.get("direction") == direction]):
        matching, boxes = _split(boxes, rule)
        if not matching:
            continue
        is_accepted = rule.get("action") == "accept"
        result = Result.MIRRORED if is_accepted else Result.REJECTED
        shares.append(Share(session, result, rule, "", tuple(matching), is_certain))
        passed += [] if is_accepted else matching
    if boxes:
        shares.append(Share(session, Result.REJECTED, None, "", tuple(boxes), is_certain))
    return shares, [*passed, *boxes]


def _split(boxes: list[Box], rule: ModuleParams) -> tuple[list[Box], list[Box]]:
    """The packets that match the rule, and the others."""
    if not boxes:
        return [], []
    first = {**rule, "rule_number": 0}
    everything = {**_ANY_PACKET, "direction": rule["direction"]}
    matching = accepted_boxes([{**first, "action": "accept"}], boxes)
    return matching, accepted_boxes([{**first, "action": "reject"}, everything], boxes)


def _explain(share: Share, packet: Packet, is_part: bool) -> str:
    """What the session does with these packets, and why. is_part: whether there are other packets."""
    session_id, filter_id = share.session[SESSION.id_option], share.session[FILTER.id_option]
    packets = _name_packets(packet, [share]) if is_part else packet.describe()
    if share.result is Result.MIRRORED:
        number = share.session["session_number"]
        reason = f"{_label_rule(share.rule)} of {filter_id}" if share.rule else f"{share.service} of {filter_id}"
        return f"{session_id} (session number {number}) mirrors {packets}: {reason} accepts"
    if share.service:
        return f"{filter_id} of {session_id} does not accept {packets}: {share.service} is not in network_services"
    if share.rule is None:
        return f"no rule of {filter_id} of {session_id} matches {packets}"
    return f"{_label_rule(share.rule)} of {filter_id} of {session_id} rejects {packets}"


def _fix(share: Share, session: ModuleParams) -> str:
    """How the session would get the packets."""
    filter_id = share.session[FILTER.id_option]
    if share.result is Result.MIRRORED:
        lower_id = share.session[SESSION.id_option]
        return f"Give {session[SESSION.id_option]} a lower session_number than {lower_id}."
    if share.service:
        return f"Add {share.service} to network_services of {filter_id}."
    if share.rule is None:
        return f"Add a rule to {filter_id} that accepts the packet."
    return f"Add a rule to {filter_id} that accepts the packet, before {_label_rule(share.rule)}."


def _judge_uncertain(session: ModuleParams, packet: Packet, mirrored: list[Share], lower: Iterable[Share]) -> Finding:
    """The finding on a session that mirrors packets unless a session with an unreadable filter mirrors them."""
    hidden = {
        share.session[SESSION.id_option]: share.session[FILTER.id_option]
        for share in lower
        if share.result is Result.UNKNOWN
    }
    session_id, filters = session[SESSION.id_option], list_some(dict.fromkeys(hidden.values()))
    message = (
        f"{session_id} mirrors {_name_packets(packet, mirrored)} unless {list_some(hidden)}, with a lower number, "
    )
    message += f"mirrors it first; {filters} cannot be read"
    fix = f"Check whether {filters} accepts {packet.describe()}."
    ids = (session_id, session[FILTER.id_option], *hidden, *hidden.values())
    return Finding("filter", Status.UNKNOWN, message, fix, tuple(dict.fromkeys(ids)))


def _name_packets(packet: Packet, shares: Iterable[Share]) -> str:
    """The packets of these shares; the ports are named only as far as the option does not give them."""
    boxes = [box for share in shares for box in share.boxes]
    whole = packet.box
    ports = describe_ports(
        [
            (*box[:-2], *(_ANY_PORT if part == all_ else part for part, all_ in zip(box[-2:], whole[-2:])))
            for box in boxes
        ]
    )
    return f"{packet.describe()}{'' if ports == 'any ports' else f' ({ports})'}"


def _list_parts(parts: Iterable[str], limit: int = 4) -> str:
    """Join the parts of a message, at most this many."""
    parts = list(dict.fromkeys(parts))
    more = [f"and {len(parts) - limit} more cases"] if len(parts) > limit else []
    return "; ".join([*parts[:limit], *more])


def _label_rule(rule: ModuleParams) -> str:
    return f"rule {rule['direction']} {rule['rule_number']}"


def _rule_ids(shares: Iterable[Share]) -> list[str]:
    rules = [share.rule.get("traffic_mirror_filter_rule_id") for share in shares if share.rule]
    return [str(one) for one in rules if one]


def _all_ids(ids: Iterable[str], shares: Iterable[Share]) -> tuple[str, ...]:
    """The ids with those of the sessions, filters and rules of the shares."""
    shares = list(shares)
    more = [share.session[option] for share in shares for option in (SESSION.id_option, FILTER.id_option)]
    return tuple(dict.fromkeys([*ids, *more, *_rule_ids(shares)]))


def _merge(boxes: Sequence[Box]) -> list[Box]:
    """The same packets with fewer boxes: neighbours that differ in one dimension are joined."""
    merged = sorted(set(boxes))
    for dimension in (1, 0):
        merged.sort(key=lambda box: (box[1 - dimension], box[dimension]))
        joined: list[Box] = []
        for box in merged:
            last = joined[-1] if joined else None
            if last and last[1 - dimension] == box[1 - dimension] and last[dimension][1] + 1 >= box[dimension][0]:
                ends = (last[dimension][0], max(last[dimension][1], box[dimension][1]))
                joined[-1] = (ends, box[1]) if dimension == 0 else (box[0], ends)
            else:
                joined.append(box)
        merged = joined
    return sorted(merged)
