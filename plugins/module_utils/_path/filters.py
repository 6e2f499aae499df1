# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings on the filter of a session, and on the other sessions of its interface. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .._fleet.filter_table import FilterTable, filter_of
from .._model.resource_types import SESSION, ModuleParams
from .._model.text import list_some
from .aws_state import AwsState
from .findings import Finding, Status, not_readable
from .packet_trace import judge_packet, trace_packet
from .packets import Packet, dns_servers


def judge_filter(
    session: ModuleParams,
    sessions: Iterable[ModuleParams],
    filters: FilterTable,
    packet: Packet | None,
    state: AwsState,
) -> list[Finding]:
    """The findings on the filter of a session. sessions: all sessions of its interface. filters: the readable ones."""
    filter_id, sessions = filter_of(session), list(sessions)
    if filter_id not in filters.rows:
        fix = "Check traffic_mirror_filter_id of the session."
        failure = state.find_failure("DescribeTrafficMirrorFilters")
        findings = [not_readable("filter", filter_id, failure, [filter_id], fix)]
    elif not filters.accepts_packets(filter_id):
        fix = "Add an accept rule or a network service to the filter."
        findings = [Finding("filter", Status.PROBLEM, f"{filter_id} accepts no packets", fix, (filter_id,))]
    else:
        findings = [_describe_packets(filter_id, filters), *_judge_lower(session, sessions, filters)]
    if packet is not None:
        findings.append(_judge_packet(session, sessions, filters, packet, state))
    return findings


def _describe_packets(filter_id: str, filters: FilterTable) -> Finding:
    """The finding on a filter that accepts packets."""
    services, directions = filters.rows[filter_id].get("network_services"), filters.list_directions(filter_id)
    accepted = f"{' and '.join(directions)} packets" if directions else "no packets by rules"
    more = f", and packets of {list_some(services)}" if services else ""
    return Finding("filter", Status.OK, f"{filter_id} accepts {accepted}{more}", ids=(filter_id,))


def _judge_lower(session: ModuleParams, sessions: list[ModuleParams], filters: FilterTable) -> list[Finding]:
    """The findings on the packets that sessions with lower numbers leave for this session."""
    filter_id, session_id = filter_of(session), session[SESSION.id_option]
    lower = sorted(
        (one for one in sessions if one["session_number"] < session["session_number"]),
        key=lambda one: int(one["session_number"]),
    )
    known = [one for one in lower if filter_of(one) in filters.rows]
    takers = [
        one[SESSION.id_option]
        for nth, one in enumerate(known)
        if filters.takes_packets(filter_of(one), None, filter_id, map(filter_of, known[:nth]))
    ]
    if filters.is_shadowed(filter_id, map(filter_of, known)):
        message = f"sessions with lower numbers mirror all packets that {filter_id} accepts: {list_some(takers)}"
        fix = f"Give {session_id} a lower session_number, or narrow the filters of the others."
        return [Finding("filter", Status.PROBLEM, message, fix, (session_id, *takers))]
    findings = []
    if takers:
        message = f"sessions with lower numbers mirror some of these packets instead: {list_some(takers)}"
        findings.append(Finding("filter", Status.OK, message, ids=(session_id, *takers)))
    hidden = [filter_of(one) for one in lower if one not in known]
    if hidden:
        message = f"filters of sessions with lower numbers cannot be read: {list_some(hidden)}"
        fix = "Check that they leave packets for this session."
        findings.append(Finding("filter", Status.UNKNOWN, message, fix, (session_id, *hidden)))
    return findings


def _judge_packet(
    session: ModuleParams,
    sessions: list[ModuleParams],
    filters: FilterTable,
    packet: Packet,
    state: AwsState,
) -> Finding:
    """Which session and rule decide on the packet."""
    vpc_id = state.interfaces.get(session["network_interface_id"], {}).get("VpcId", "")
    cidrs = state.local_cidrs(vpc_id)
    if not cidrs and packet.may_be_dns:
        failure = state.find_failure("DescribeNetworkInterfaces", "DescribeRouteTables")
        label = f"the CIDR blocks of the VPC, which decide whether {packet.remote[0]} is the Amazon DNS server,"
        ids = [session["network_interface_id"], vpc_id]
        return not_readable("filter", label, failure, ids, "Check the address of the DNS server.")
    return judge_packet(session, packet, trace_packet(packet, sessions, filters.rows, dns_servers(cidrs)))
