# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings on the filter of a session, and on the sessions with lower numbers."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet.filter_table import FilterTable
from ansible_collections.vtap.aws.plugins.module_utils._path.filters import judge_filter
from ansible_collections.vtap.aws.plugins.module_utils._path.findings import Status
from ansible_collections.vtap.aws.plugins.module_utils._path.packets import parse_packet

from tests.unit.path.surroundings import (
    assert_ok,
    described_filter,
    failed,
    only,
    problem,
    session,
    statuses,
    surroundings,
    unknown,
)
from tests.unit.resources.rule_options import rule

ALL_INGRESS, ALL_EGRESS = rule(100, "ingress", "accept"), rule(100, "egress", "accept")
ALL_IPV6 = rule(110, "ingress", "accept", source_cidr="::/0", destination_cidr="::/0")
NO_PACKETS = rule(100, "ingress", "reject")
HTTPS = rule(100, "ingress", "accept", protocol="tcp", destination_port="443")
DENIED = "ec2:DescribeTrafficMirrorFilters"


def judge(*filters, number=1, sessions=None, packet=None, **changes):
    """The findings on a session. sessions: the numbers of those of the interface; number n uses filter n."""
    numbers = sessions or sorted({number, *(int(one["traffic_mirror_filter_id"][4:]) for one in filters)})
    rows = [session(one) for one in numbers]
    findings = judge_filter(session(number), reversed(rows), FilterTable(filters), packet, surroundings(**changes))
    assert {finding.stage for finding in findings} == {"filter"}
    return findings


@pytest.mark.parametrize(
    ("rules", "services", "text"),
    [
        ([ALL_INGRESS], (), "tmf-1 accepts ingress packets"),
        ([ALL_EGRESS], (), "tmf-1 accepts egress packets"),
        ([ALL_INGRESS, ALL_EGRESS], (), "tmf-1 accepts ingress and egress packets"),
        ([ALL_INGRESS], ["amazon-dns"], "tmf-1 accepts ingress packets, and packets of amazon-dns"),
        ([NO_PACKETS], ["amazon-dns"], "tmf-1 accepts no packets by rules, and packets of amazon-dns"),
        ([rule(50, "egress", "reject"), ALL_EGRESS, HTTPS], (), "tmf-1 accepts ingress packets"),
    ],
)
def test_accepted_packets(rules, services, text):
    findings = judge(described_filter(1, *rules, services=services))
    assert_ok(findings, 1)
    assert findings[0].message == text and findings[0].ids == ("tmf-1",)


@pytest.mark.parametrize(
    "row",
    [
        {**described_filter(1), "rules": []},
        described_filter(1, NO_PACKETS),
        described_filter(1, rule(50, "ingress", "reject"), HTTPS),
    ],
    ids=["no rules", "reject rule", "shadowed rule"],
)
def test_no_packets(row):
    finding = problem(judge(row))
    assert finding.message == "tmf-1 accepts no packets" and finding.ids == ("tmf-1",)


def test_filters_cannot_be_read():
    finding = unknown(judge(failures=failed(DENIED)))
    assert finding.message == f"tmf-1 cannot be read: {DENIED} is not allowed"
    assert finding.fix == f"Allow {DENIED}."


def test_filter_does_not_exist():
    finding = unknown(judge(described_filter(2)))
    assert finding.message == "tmf-1 cannot be read" and "Allow" not in finding.fix


def test_all_packets_are_mirrored_by_a_lower_session():
    findings = judge(described_filter(1), described_filter(2, HTTPS), number=2)
    finding = only(findings, Status.PROBLEM)
    assert finding.message == "sessions with lower numbers mirror all packets that tmf-2 accepts: tms-1"
    assert finding.ids == ("tms-2", "tms-1") and "tms-2" in finding.fix
    assert statuses(findings) == [Status.OK, Status.PROBLEM]


def test_two_lower_sessions_mirror_all_packets_together():
    findings = judge(
        described_filter(1, rule(1, source_cidr="0.0.0.0/1")),
        described_filter(2, rule(1, source_cidr="128.0.0.0/1")),
        described_filter(3),
        number=3,
    )
    assert "tms-1, tms-2" in only(findings, Status.PROBLEM).message


def test_a_lower_session_mirrors_some_packets():
    findings = judge(described_filter(1, HTTPS), described_filter(2), number=2)
    assert_ok(findings, 2)
    assert findings[1].message == "sessions with lower numbers mirror some of these packets instead: tms-1"
    assert findings[1].ids == ("tms-2", "tms-1")


def test_only_sessions_that_get_packets_of_the_filter_mirror_them_instead():
    """Session 2 accepts the packets, but session 1 mirrors all of those before; session 3 has other packets."""
    findings = judge(
        described_filter(1, HTTPS),
        described_filter(2, HTTPS),
        described_filter(3, ALL_EGRESS),
        described_filter(4),
        number=4,
    )
    assert_ok(findings, 2)
    assert findings[1].ids == ("tms-4", "tms-1")


def test_higher_sessions_and_sessions_with_other_packets_do_not_count():
    assert_ok(judge(described_filter(1, HTTPS), described_filter(2), number=1), 1)
    assert_ok(judge(described_filter(1, ALL_EGRESS), described_filter(2), number=2), 1)
    assert_ok(judge(described_filter(1, HTTPS), described_filter(2, ALL_IPV6), number=2), 1)


def test_a_service_is_left_if_only_the_rules_are_covered():
    findings = judge(described_filter(1), described_filter(2, services=["amazon-dns"]), number=2)
    assert_ok(findings, 2)


def test_a_lower_filter_cannot_be_read():
    findings = judge(described_filter(2), number=2, sessions=[1, 2])
    finding = unknown(findings)
    assert finding.message == "filters of sessions with lower numbers cannot be read: tmf-1"
    assert finding.ids == ("tms-2", "tmf-1") and len(findings) == 2


def test_a_hidden_filter_does_not_hide_what_the_others_show():
    hidden = {"number": 3, "sessions": [1, 2, 3]}
    findings = judge(described_filter(2, HTTPS), described_filter(3), **hidden)
    assert statuses(findings) == [Status.OK, Status.OK, Status.UNKNOWN] and "tms-2" in findings[1].ids
    findings = judge(described_filter(2), described_filter(3, HTTPS), **hidden)
    assert only(findings, Status.PROBLEM).message.startswith("sessions with lower numbers mirror all packets")


def packet(**changes):
    given = {"direction": "ingress", "source": "198.51.100.7", "destination": "10.0.1.5", "destination_port": 443}
    return parse_packet({**given, "source_port": 50000, **changes})


def test_packet_is_mirrored():
    findings = judge(described_filter(1), packet=packet())
    assert_ok(findings, 2)
    assert findings[-1].message.startswith("tms-1 (session number 1) mirrors ingress tcp 198.51.100.7")


def test_packet_is_mirrored_by_a_lower_session():
    findings = judge(described_filter(1, HTTPS), described_filter(2), number=2, packet=packet())
    assert only(findings, Status.PROBLEM).message.startswith("tms-1 (session number 1) mirrors")


def test_packet_is_rejected():
    findings = judge(described_filter(1, HTTPS), packet=packet(destination_port=80))
    assert "no rule of tmf-1" in only(findings, Status.PROBLEM).message


def test_packet_of_a_filter_that_cannot_be_read():
    findings = judge(packet=packet(), failures=failed(DENIED))
    assert statuses(findings) == [Status.UNKNOWN, Status.UNKNOWN]


@pytest.mark.parametrize(
    ("server", "is_dns"), [("169.254.169.253", True), ("10.0.0.2", True), ("10.0.1.2", False), ("10.0.2.2", False)]
)
def test_packet_of_the_dns_server(server, is_dns):
    """The DNS server has the third address of the VPC, not of the subnet. The local route has the VPC 10.0.0.0/16."""
    dns = packet(protocol="udp", source=server, source_port=53, destination_port=50000)
    findings = judge(described_filter(1, services=["amazon-dns"]), packet=dns)
    assert ("amazon-dns of tmf-1 accepts" in findings[-1].message) == is_dns, findings[-1].message
