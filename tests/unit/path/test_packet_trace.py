# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which session mirrors given packets, and which rule decides."""

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._path.findings import Status
from ansible_collections.vtap.aws.plugins.module_utils._path.packet_trace import (
    Result,
    describe_ports,
    judge_packet,
    trace_packet,
)
from ansible_collections.vtap.aws.plugins.module_utils._path.packets import dns_servers, parse_packet
from ansible_collections.vtap.aws.plugins.module_utils._resources.filter_overlap import has_packet
from ansible_collections.vtap.aws.plugins.module_utils._resources.rule_coverage import intersect
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.path.builders import covers
from tests.unit.resources.rule_options import described_rules, rule, rule_lists

HTTPS = {
    "direction": "ingress",
    "source": "198.51.100.7",
    "destination": "10.0.1.10",
    "source_port": 50000,
    "destination_port": 443,
}
PACKET = "ingress tcp 198.51.100.7 port 50000 to 10.0.1.10 port 443"
ACCEPT_ALL = rule(100, "ingress", "accept")


def session(number, filter_id="tmf-1"):
    return {
        "traffic_mirror_session_id": f"tms-{number}",
        "session_number": number,
        "traffic_mirror_filter_id": filter_id,
        "network_interface_id": "eni-1",
    }


def filter_(filter_id, *rules, services=()):
    rows = [{**row, "traffic_mirror_filter_rule_id": f"tmfr-{row['rule_number']}"} for row in described_rules(rules)]
    return {"traffic_mirror_filter_id": filter_id, "rules": rows, "network_services": list(services)}


def judge(sessions, filters, servers=None, **changes):
    """The findings on the sessions, in the order of their numbers."""
    packet = parse_packet({**HTTPS, **changes})
    known = {one["traffic_mirror_filter_id"]: one for one in filters}
    shares = trace_packet(packet, reversed(sessions), known, servers)
    return [judge_packet(one, packet, shares) for one in sessions]


def test_accepted():
    reject = rule(50, "ingress", "reject", source_cidr="10.0.0.0/8")
    (finding,) = judge([session(1)], [filter_("tmf-1", reject, ACCEPT_ALL)])
    assert (finding.stage, finding.status, finding.fix) == ("filter", Status.OK, "")
    assert finding.message == f"tms-1 (session number 1) mirrors {PACKET}: rule ingress 100 of tmf-1 accepts"
    assert finding.ids == ("tms-1", "tmf-1", "tmfr-100")


def test_rejected():
    reject = rule(50, "ingress", "reject", source_cidr="198.51.100.0/24")
    (finding,) = judge([session(1)], [filter_("tmf-1", reject, ACCEPT_ALL)])
    assert finding.status is Status.PROBLEM
    assert finding.message == f"rule ingress 50 of tmf-1 of tms-1 rejects {PACKET}"
    assert finding.fix == "Add a rule to tmf-1 that accepts the packet, before rule ingress 50."
    assert finding.ids == ("tms-1", "tmf-1", "tmfr-50")


@pytest.mark.parametrize("rules", [[], [rule(100, "egress", "accept")], [rule(1, source_cidr="10.0.0.0/8")]])
def test_no_rule_matches(rules):
    (finding,) = judge([session(1)], [filter_("tmf-1", *rules)])
    assert finding.status is Status.PROBLEM
    assert finding.message == f"no rule of tmf-1 of tms-1 matches {PACKET}"
    assert finding.fix == "Add a rule to tmf-1 that accepts the packet."


def test_the_lowest_session_that_accepts_the_packet_mirrors_it():
    filters = [filter_("tmf-1", rule(1, protocol="udp")), filter_("tmf-2", ACCEPT_ALL), filter_("tmf-3", ACCEPT_ALL)]
    first, second, third = judge([session(1), session(2, "tmf-2"), session(3, "tmf-3")], filters)
    assert (first.status, second.status, third.status) == (Status.PROBLEM, Status.OK, Status.PROBLEM)
    assert third.message == f"tms-2 (session number 2) mirrors {PACKET}: rule ingress 100 of tmf-2 accepts"
    assert third.fix == "Give tms-3 a lower session_number than tms-2."
    assert third.ids == ("tms-3", "tmf-3", "tms-2", "tmf-2", "tmfr-100")


def test_open_ports_are_divided_between_sessions():
    filters = [
        filter_("tmf-1", rule(10, protocol="tcp", destination_port="443")),
        filter_("tmf-2", rule(10, action="reject", protocol="tcp", destination_port="0-79"), ACCEPT_ALL),
    ]
    first, second = judge([session(1), session(2, "tmf-2")], filters, source_port=None, destination_port=None)
    packets = "ingress tcp 198.51.100.7 to 10.0.1.10"
    assert first.status is second.status is Status.UNKNOWN
    assert first.message == (
        f"tms-1 (session number 1) mirrors {packets} (destination port 443): rule ingress 10 of tmf-1 accepts; "
        f"no rule of tmf-1 of tms-1 matches {packets} (destination port 0-442, destination port 444-65535)"
    )
    assert first.fix == second.fix == "Set source_port and destination_port in packet."
    assert second.message == (
        f"tms-2 (session number 2) mirrors {packets} (destination port 80-442, destination port 444-65535): "
        "rule ingress 100 of tmf-2 accepts; "
        f"tms-1 (session number 1) mirrors {packets} (destination port 443): rule ingress 10 of tmf-1 accepts; "
        f"rule ingress 10 of tmf-2 of tms-2 rejects {packets} (destination port 0-79)"
    )


def test_several_reasons():
    filters = [
        filter_("tmf-1", rule(10, protocol="tcp", destination_port="443")),
        filter_("tmf-2", rule(10, action="reject", protocol="tcp", destination_port="0-1023")),
    ]
    finding = judge([session(1), session(2, "tmf-2")], filters, destination_port=None)[1]
    assert finding.status is Status.PROBLEM and finding.message.count("; ") == 2
    assert finding.fix == (
        "Give tms-2 a lower session_number than tms-1. Add a rule to tmf-2 that accepts the packet, before rule "
        "ingress 10. Add a rule to tmf-2 that accepts the packet."
    )


def test_unreadable_filter():
    sessions = [session(1), session(2, "tmf-2"), session(3, "tmf-3")]
    first, second, third = judge(sessions, [filter_("tmf-2", ACCEPT_ALL), filter_("tmf-3", ACCEPT_ALL)])
    assert (first.status, second.status, third.status) == (Status.UNKNOWN, Status.UNKNOWN, Status.PROBLEM)
    assert first.message == f"filter tmf-1 of tms-1 cannot be read; it decides on {PACKET}"
    assert first.fix == f"Check that tmf-1 accepts {PACKET}."
    assert second.message == (
        f"tms-2 mirrors {PACKET} unless tms-1, with a lower number, mirrors it first; tmf-1 cannot be read"
    )
    assert second.ids == ("tms-2", "tmf-2", "tms-1", "tmf-1")
    # A lower session takes the packet before the session with the unreadable filter.
    first, second = judge([session(1, "tmf-2"), session(2)], [filter_("tmf-2", ACCEPT_ALL)])
    assert (first.status, second.status) == (Status.OK, Status.PROBLEM)


def test_dns_is_accepted_by_network_services_only():
    dns = {"direction": "egress", "protocol": "udp", "source": "10.0.1.10", "destination": "10.0.0.2"}
    dns = {**dns, "source_port": None, "destination_port": 53}
    filters = [filter_("tmf-1", rule(1, "egress")), filter_("tmf-2", services=["amazon-dns"])]
    sessions, servers = [session(1), session(2, "tmf-2")], dns_servers(["10.0.0.0/16"])
    first, second = judge(sessions, filters, servers, **dns)
    assert (first.status, second.status) == (Status.PROBLEM, Status.OK)
    packets = "egress udp 10.0.1.10 to 10.0.0.2 port 53"
    assert first.message == f"tmf-1 of tms-1 does not accept {packets}: amazon-dns is not in network_services"
    assert first.fix == "Add amazon-dns to network_services of tmf-1."
    assert second.message == f"tms-2 (session number 2) mirrors {packets}: amazon-dns of tmf-2 accepts"
    # The session with the lowest number that lists the service gets the packets.
    both = [filter_(one, services=["amazon-dns"]) for one in ("tmf-1", "tmf-2")]
    first, second = judge(sessions, both, servers, **dns)
    assert (first.status, second.status) == (Status.OK, Status.PROBLEM)
    assert second.fix == "Give tms-2 a lower session_number than tms-1."
    # Another DNS server, and other ports of the Amazon DNS server, are ordinary packets.
    first, second = judge(sessions, filters, servers, **{**dns, "destination": "10.0.0.3"})
    assert (first.status, second.status) == (Status.OK, Status.PROBLEM)
    first, second = judge(sessions, filters, servers, **{**dns, "destination_port": None})
    assert first.status is second.status is Status.UNKNOWN
    assert (
        "mirrors egress udp 10.0.1.10 to 10.0.0.2 (destination port 0-52, destination port 54-65535)" in first.message
    )
    assert "mirrors egress udp 10.0.1.10 to 10.0.0.2 (destination port 53): amazon-dns of tmf-2" in second.message


def test_packets_that_are_never_mirrored():
    changes = {"direction": "egress", "destination": "169.254.169.254", "source": "10.0.1.10", "destination_port": 80}
    (finding,) = judge([session(1)], [filter_("tmf-1", rule(1, "egress"))], **changes)
    assert finding.status is Status.PROBLEM
    assert finding.message.startswith("EC2 does not mirror instance metadata: egress tcp 10.0.1.10 port 50000 to")


def test_describe_ports():
    box = parse_packet({**HTTPS, "source_port": None, "destination_port": None}).box

    def describe(*ports):
        return describe_ports([(*box[:-2], *one) for one in ports])

    whole = (0, 65535)
    assert describe((whole, whole)) == describe(((0, 9), whole), ((10, 65535), whole)) == "any ports"
    assert describe(((5, 5), (53, 53))) == "source port 5 with destination port 53"
    assert describe((whole, (444, 500)), (whole, (442, 443))) == "destination port 442-500"
    assert describe(((0, 9), (0, 9)), ((0, 9), (10, 65535)), ((10, 65535), whole)) == "any ports"


ADDRESSES = ["10.1.2.3", "10.1.9.9", "192.168.1.1", "172.16.0.1", "2001:db8::1", "2001:db9::1"]
PORTS = [0, 1, 2, 49, 50, 52, 53, 54, 100, 101, 443, 444, 65535]
SERVICES = st.sampled_from([(), (), ("amazon-dns",)])
SERVER = "10.1.2.3"  # the DNS server in the property


def naive_match(row, packet):
    """Whether a rule matches a packet with ports."""
    return (
        row["direction"] == packet["direction"]
        and row["protocol"] in ("all", packet["protocol"])
        and covers(row["source_cidr"], packet["source"])
        and covers(row["destination_cidr"], packet["destination"])
        and all(
            not row[option]
            or packet[option] in range(int(row[option].split("-")[0]), int(row[option].split("-")[-1]) + 1)
            for option in ("source_port", "destination_port")
        )
    )


def naive_trace(packet, sessions, filters):
    """(session number, result, rule number or None) for each session that the packet reaches."""
    remote, port = (
        ("source", "source_port") if packet["direction"] == "ingress" else ("destination", "destination_port")
    )
    is_dns = packet["protocol"] in ("tcp", "udp") and packet[remote] == SERVER and packet[port] == 53
    for one in sorted(sessions, key=lambda row: row["session_number"]):
        number, row = one["session_number"], filters.get(one["traffic_mirror_filter_id"])
        if row is None:
            yield number, Result.UNKNOWN, None
            continue
        if is_dns:
            rule_number, is_accepted = None, "amazon-dns" in row["network_services"]
        else:
            matching = [each for each in row["rules"] if naive_match(each, packet)]
            first = min(matching, key=lambda each: each["rule_number"], default=None)
            rule_number, is_accepted = first and first["rule_number"], bool(first) and first["action"] == "accept"
        yield number, Result.MIRRORED if is_accepted else Result.REJECTED, rule_number
        if is_accepted:
            return


@st.composite
def packets(draw):
    """Draw a valid option packet."""
    source = draw(st.sampled_from(ADDRESSES))
    family = [one for one in ADDRESSES if (":" in one) == (":" in source)]
    protocol = draw(st.sampled_from(["tcp", "tcp", "udp", "icmp", "gre"]))
    ports = st.one_of(st.none(), st.sampled_from(PORTS)) if protocol in ("tcp", "udp") else st.none()
    return {
        "direction": draw(st.sampled_from(["ingress", "egress"])),
        "protocol": protocol,
        "source": source,
        "destination": draw(st.sampled_from(family)),
        "source_port": draw(ports),
        "destination_port": draw(ports),
    }


@given(
    option=packets(),
    drawn=st.lists(st.tuples(rule_lists(sizes=(0, 6)), SERVICES, st.booleans()), min_size=1, max_size=3),
    ports=st.lists(st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS)), min_size=4, max_size=4),
)
def test_trace_agrees_with_single_packets(option, drawn, ports):
    sessions = [session(number, f"tmf-{number}") for number in range(len(drawn), 0, -1)]
    filters = {
        f"tmf-{at}": filter_(f"tmf-{at}", *rules, services=services)
        for at, (rules, services, is_hidden) in enumerate(drawn, 1)
        if not (is_hidden and at == 2)
    }
    packet = parse_packet(option)
    shares = trace_packet(packet, sessions, filters, {SERVER})
    for drawn_ports in ports:
        names = ("source_port", "destination_port")
        values = [given_one if option[name] is None else option[name] for name, given_one in zip(names, drawn_ports)]
        # Packets without ports are in the boxes of all ports.
        single = {**option, **dict(zip(names, values))}
        point = (*packet.box[:-2], *((value, value) for value in values))
        found = [share for share in shares if any(intersect(point, box) for box in share.boxes)]
        expected = list(naive_trace(single, sessions, filters))
        assert [
            (share.session["session_number"], share.result, share.rule and share.rule["rule_number"]) for share in found
        ] == expected
        assert [share.is_certain for share in found] == [
            Result.UNKNOWN not in [result for _number, result, _rule in expected[:at]] for at in range(len(expected))
        ]


@given(option=packets(), drawn=st.lists(st.tuples(rule_lists(sizes=(0, 6)), SERVICES), min_size=1, max_size=3))
def test_findings_agree_with_shares(option, drawn):
    sessions = [session(number, f"tmf-{number}") for number in range(1, len(drawn) + 1)]
    filters = {f"tmf-{at}": filter_(f"tmf-{at}", *rules, services=own) for at, (rules, own) in enumerate(drawn, 1)}
    packet = parse_packet(option)
    shares = trace_packet(packet, sessions, filters, {SERVER})
    for one in sessions:
        finding = judge_packet(one, packet, shares)
        own = [share for share in shares if share.session is one]
        mirrored = [share for share in own if share.result is Result.MIRRORED]
        whole = sum(map(size, [packet.box]))
        got = sum(size(box) for share in mirrored for box in share.boxes)
        expected = Status.PROBLEM if not got else Status.OK if got == whole else Status.UNKNOWN
        assert finding.status is expected
        assert bool(finding.fix) is (expected is not Status.OK) and "\n" not in finding.message + finding.fix
        if any(share.rule for share in mirrored):
            lower = [filters[each["traffic_mirror_filter_id"]] for each in sessions[: sessions.index(one)]]
            assert has_packet([filters[one["traffic_mirror_filter_id"]]], lower)
    # The boxes of all shares that end a packet's way are the packets, without overlap.
    ended = [share for share in shares if share.result is Result.MIRRORED or share.session is sessions[-1]]
    assert sum(size(box) for share in ended for box in share.boxes) == size(packet.box)


def size(box):
    """The number of packets in a box."""
    count = 1
    for low, high in box:
        count *= high - low + 1
    return count


def test_addresses_of_the_property_are_canonical():
    assert all(str(ipaddress.ip_address(one)) == one for one in ADDRESSES)
