# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of the decision whether packets remain for a session."""

from __future__ import annotations

import ipaddress
import itertools
import random

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.api_objects import from_api
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER
from ansible_collections.vtap.aws.plugins.module_utils._resources import rule_coverage
from ansible_collections.vtap.aws.plugins.module_utils._resources.filter_overlap import (
    accepts_packets,
    has_packet,
    is_shadowed,
    takes_packets,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.resources.rule_options import desired_state, rule_lists

PROPERTY = settings(max_examples=80)
ANY_V4, ANY_V6 = "0.0.0.0/0", "::/0"
TCP, UDP = 6, 17


def api_rule(number, action="accept", direction="ingress", source=ANY_V4, destination=ANY_V4, **more):
    """Return a rule as EC2 returns it. source, destination: CIDR blocks, None to omit the member."""
    members = {"SourceCidrBlock": source, "DestinationCidrBlock": destination, **more}
    return {
        "TrafficMirrorFilterRuleId": f"tmfr-{number:017x}",
        "TrafficDirection": direction,
        "RuleNumber": number,
        "RuleAction": action,
        **{member: value for member, value in members.items() if value is not None},
    }


def ports(first, last=None):
    return {"FromPort": first, "ToPort": first if last is None else last}


def api_filter(*rules, services=()):
    """Return a filter as EC2 returns it."""
    return {
        "TrafficMirrorFilterId": "tmf-0a1b2c3d4e5f60718",
        "IngressFilterRules": [rule for rule in rules if rule["TrafficDirection"] == "ingress"],
        "EgressFilterRules": [rule for rule in rules if rule["TrafficDirection"] == "egress"],
        "NetworkServices": list(services),
    }


def row(reply):
    """Return the filter as a Describe result is converted."""
    return from_api(FILTER, reply, "arn:aws:ec2:eu-west-1")


def described(*rules, services=()):
    return row(api_filter(*rules, services=services))


ACCEPT_ALL = [
    api_rule(n, direction=d, source=c, destination=c)
    for d in ("ingress", "egress")
    for n, c in ((1000, ANY_V4), (1001, ANY_V6))
]


@pytest.mark.parametrize(
    ("rules", "services", "expected"),
    [
        pytest.param([], [], False, id="no rules"),
        pytest.param([], ["amazon-dns"], True, id="network service"),
        pytest.param([api_rule(1)], [], True, id="accept rule"),
        pytest.param([api_rule(1, "reject")], [], False, id="reject rule"),
        pytest.param([api_rule(1, "reject")], ["amazon-dns"], True, id="network service with a reject rule"),
        pytest.param([api_rule(1, "reject"), api_rule(2)], [], False, id="rejected before it is accepted"),
        pytest.param([api_rule(2, "reject"), api_rule(1)], [], True, id="accepted before it is rejected"),
        pytest.param([api_rule(1, "reject"), api_rule(2, direction="egress")], [], True, id="other direction"),
        pytest.param([api_rule(1, "reject", source="10.0.0.0/8"), api_rule(2)], [], True, id="partly rejected"),
        pytest.param(
            [api_rule(1, "reject", source="0.0.0.0/1"), api_rule(2, "reject", source="128.0.0.0/1"), api_rule(3)],
            [],
            False,
            id="rejected by two rules together",
        ),
        pytest.param([api_rule(1, "reject", source=ANY_V6, destination=ANY_V6), api_rule(2)], [], True, id="family"),
        pytest.param([api_rule(1, source=ANY_V6)], [], False, id="IPv6 source with IPv4 destination"),
        pytest.param([api_rule(1, destination=ANY_V6)], [], False, id="IPv4 source with IPv6 destination"),
        pytest.param([api_rule(1, source=None, destination=ANY_V6)], [], True, id="missing source"),
        pytest.param([api_rule(1, source="10.0.0.0/99", destination=ANY_V6)], [], True, id="source is not a CIDR"),
        pytest.param([api_rule(1, SourcePortRange=ports(443, 80))], [], False, id="inverted ports"),
    ],
)
def test_accepts_packets(rules, services, expected):
    """A filter accepts packets by its network services, or by accept rules that lower reject rules leave packets to."""
    assert accepts_packets(described(*rules, services=services)) is expected


@pytest.mark.parametrize(
    ("rules", "lower", "expected"),
    [
        pytest.param([api_rule(1)], [], False, id="no other session"),
        pytest.param([], [], True, id="accepts nothing"),
        pytest.param([api_rule(1)], [[api_rule(7)]], True, id="same filter"),
        pytest.param([api_rule(1)], [[]], False, id="the other filter accepts nothing"),
        pytest.param([api_rule(1)], [[api_rule(1, source="10.0.0.0/8")]], False, id="the other filter is narrower"),
        pytest.param([api_rule(1, source="10.0.0.0/8")], [[api_rule(1)]], True, id="the other filter is wider"),
        pytest.param([api_rule(1)], [[api_rule(1, direction="egress")]], False, id="other direction"),
        pytest.param(
            [api_rule(1)],
            [[api_rule(1, source="0.0.0.0/1")], [api_rule(1, source="128.0.0.0/1")]],
            True,
            id="two filters together",
        ),
        pytest.param(
            [api_rule(1)],
            [[api_rule(1, source="0.0.0.0/1")], [api_rule(1, source="128.0.0.0/2")]],
            False,
            id="two filters with a gap",
        ),
        pytest.param([api_rule(1)], [[api_rule(1, source=None, destination=None)]], True, id="missing CIDRs"),
        pytest.param([api_rule(1, source=None, destination=None)], [[api_rule(1)]], False, id="IPv6 remains"),
        pytest.param([api_rule(1, source=None, destination=None)], [ACCEPT_ALL], True, id="both families"),
        pytest.param([api_rule(1, Protocol=TCP)], [[api_rule(1, Protocol=UDP)]], False, id="other protocol"),
        pytest.param([api_rule(1, Protocol=TCP)], [[api_rule(1)]], True, id="any protocol: missing"),
        pytest.param([api_rule(1, Protocol=TCP)], [[api_rule(1, Protocol=0)]], True, id="any protocol: 0"),
        pytest.param([api_rule(1, Protocol=TCP)], [[api_rule(1, Protocol=-1)]], True, id="any protocol: -1"),
        pytest.param([api_rule(1)], [[api_rule(1, Protocol=TCP)], [api_rule(1, Protocol=UDP)]], False, id="icmp"),
        pytest.param(
            [api_rule(1, Protocol=TCP, DestinationPortRange=ports(443))],
            [[api_rule(1, Protocol=TCP)]],
            True,
            id="any port",
        ),
        pytest.param(
            [api_rule(1, Protocol=TCP)],
            [[api_rule(1, Protocol=TCP, DestinationPortRange=ports(0, 65534))]],
            False,
            id="one port remains",
        ),
        pytest.param(
            [api_rule(1, Protocol=TCP)],
            [
                [api_rule(1, Protocol=TCP, DestinationPortRange=ports(0, 443))],
                [api_rule(1, Protocol=TCP, DestinationPortRange=ports(444, 65535))],
            ],
            True,
            id="adjacent ports",
        ),
        pytest.param(
            [api_rule(1, Protocol=TCP, DestinationPortRange=ports(443))],
            [[api_rule(1, Protocol=TCP, SourcePortRange=ports(443))]],
            False,
            id="source port is not destination port",
        ),
        pytest.param(
            [api_rule(1, Protocol=TCP, SourcePortRange=ports(443))],
            [[api_rule(1, Protocol=TCP, SourcePortRange={"FromPort": 443})]],
            True,
            id="missing end of the port range",
        ),
        pytest.param(
            [api_rule(1, Protocol=TCP)],
            [[api_rule(1, Protocol=TCP, SourcePortRange=ports(-1))]],
            True,
            id="ports that are none count as any",
        ),
        pytest.param(
            [api_rule(1)],
            [[api_rule(1, "reject", source="10.0.0.0/8"), api_rule(2)]],
            False,
            id="exception in the other filter",
        ),
        pytest.param(
            [api_rule(1, "reject", source="10.0.0.0/8"), api_rule(2)],
            [[api_rule(1, "reject", source="10.1.0.0/16"), api_rule(2)]],
            True,
            id="smaller exception in the other filter",
        ),
    ],
)
def test_is_shadowed(rules, lower, expected):
    """A filter is shadowed if the other filters together accept each of its packets."""
    assert is_shadowed(described(*rules), [described(*other) for other in lower]) is expected


def test_network_services_are_packets_of_their_own():
    """Rules neither accept nor refuse the packets of a network service."""
    service, rules = described(services=["amazon-dns"]), described(*ACCEPT_ALL)
    both = described(*ACCEPT_ALL, services=["amazon-dns"])
    assert not is_shadowed(service, [rules])
    assert not is_shadowed(rules, [service])
    assert is_shadowed(service, [both])
    assert not is_shadowed(both, [rules])
    assert not is_shadowed(both, [service])
    assert is_shadowed(both, [rules, service])
    assert not has_packet([service, rules], [])
    assert not takes_packets(both, rules, rules, [])
    assert takes_packets(both, rules, service, [])
    assert not takes_packets(both, rules, both, [service])


def test_takes_packets():
    """A session loses the packets that only the new filter of the session in front of it accepts."""
    everything, nothing = described(*ACCEPT_ALL), described()
    ten, ten_one = described(api_rule(1, source="10.0.0.0/8")), described(api_rule(1, source="10.1.0.0/16"))
    assert takes_packets(ten, None, everything, [])
    assert takes_packets(ten, ten_one, everything, [])
    assert not takes_packets(ten_one, ten, everything, []), "the session in front gives packets back"
    assert not takes_packets(ten, ten, everything, [])
    assert not takes_packets(ten, None, nothing, [])
    assert not takes_packets(ten_one, None, everything, [ten]), "another session had those packets"
    assert takes_packets(ten, None, everything, [ten_one])


CIDRS = {
    4: [ANY_V4, "10.0.0.0/8", "0.0.0.0/1", "128.0.0.0/1"],
    6: [ANY_V6, "2001:db8::/32"],
}
NETWORKS = {cidr: ipaddress.ip_network(cidr) for cidrs in CIDRS.values() for cidr in cidrs}
PORTS = [None, ports(0, 52), ports(53), ports(53, 65535), ports(65535)]


@st.composite
def api_filters(draw):
    """Draw a filter as EC2 returns it, with few and overlapping values, also those that this collection refuses."""
    rules = []
    for number in draw(st.lists(st.sampled_from(range(1, 8)), unique=True, max_size=5)):
        families = draw(st.sampled_from([(4, 4), (4, 4), (4, 4), (6, 6), (4, 6)]))
        cidrs = [draw(st.sampled_from([*CIDRS[family], None])) for family in families]
        rules.append(
            api_rule(
                number,
                draw(st.sampled_from(["accept", "accept", "reject"])),
                draw(st.sampled_from(["ingress", "ingress", "egress"])),
                *cidrs,
                Protocol=draw(st.sampled_from([None, None, -1, 0, TCP, UDP])),
                SourcePortRange=draw(st.sampled_from([None, None, *PORTS])),
                DestinationPortRange=draw(st.sampled_from([None, None, *PORTS])),
            )
        )
    return api_filter(*rules, services=draw(st.sampled_from([[], [], ["amazon-dns"]])))


# One value of each part into which CIDRS and PORTS divide all values.
ADDRESSES = [["0.0.0.0", "10.0.0.1", "11.0.0.1", "128.0.0.1"], ["::1", "2001:db8::1"]]
PORT_VALUES = [0, 53, 54, 65535]
PACKETS = [
    packet
    for family in ADDRESSES
    for addresses in [[ipaddress.ip_address(address) for address in family]]
    for packet in itertools.product(
        ["ingress", "egress"], [1, TCP, UDP], addresses, addresses, PORT_VALUES, PORT_VALUES
    )
]


def accepted_packets(reply):
    """Return the representative packets that the filter accepts: the first rule that matches a packet decides."""
    undecided, accepted = set(PACKETS), set(reply["NetworkServices"])
    rules = [*reply["IngressFilterRules"], *reply["EgressFilterRules"]]
    for rule in sorted(rules, key=lambda rule: rule["RuleNumber"]):
        matching = {packet for packet in undecided if matches(rule, packet)}
        undecided -= matching
        accepted |= matching if rule["RuleAction"] == "accept" else set()
    return accepted


def matches(rule, packet):
    """Whether the rule matches the packet, by each of the rule's members in turn."""
    direction, protocol, *values = packet
    if rule["TrafficDirection"] != direction or rule.get("Protocol", -1) not in (-1, 0, protocol):
        return False
    for member, address in zip(("SourceCidrBlock", "DestinationCidrBlock"), values[:2]):
        if member in rule and address not in NETWORKS[rule[member]]:
            return False
    for member, port in zip(("SourcePortRange", "DestinationPortRange"), values[2:]):
        if member in rule and not rule[member]["FromPort"] <= port <= rule[member]["ToPort"]:
            return False
    return True


@PROPERTY
@given(replies=st.lists(api_filters(), min_size=1, max_size=4), data=st.data())
def test_has_packet_agrees_with_single_packets(replies, data):
    """The decision equals the search through one packet of each kind."""
    count = data.draw(st.integers(1, len(replies)))
    rows, packets = list(map(row, replies)), list(map(accepted_packets, replies))
    expected = set.intersection(*packets[:count]).difference(*packets[count:])
    assert has_packet(rows[:count], rows[count:]) == bool(expected)
    assert accepts_packets(rows[0]) == bool(packets[0])
    assert is_shadowed(rows[0], rows[1:]) == (packets[0] <= set().union(*packets[1:]))


@PROPERTY
@given(replies=st.lists(api_filters(), min_size=3, max_size=4), is_new=st.booleans())
def test_takes_packets_agrees_with_single_packets(replies, is_new):
    """A session loses packets if it mirrors a packet before the change and does not mirror it afterwards."""
    (new, old, victim, *lower), packets = map(row, replies), list(map(accepted_packets, replies))
    others = set().union(*packets[3:])
    before = packets[2] - others - (set() if is_new else packets[1])
    after = packets[2] - others - packets[0]
    assert takes_packets(new, None if is_new else old, victim, lower) == bool(before - after)


@PROPERTY
@given(entries=rule_lists(), lower=rule_lists(), is_renumbered=st.booleans(), data=st.data())
def test_is_shadowed_agrees_with_rule_coverage(entries, lower, is_renumbered, data):
    """The comparison of boxes gives the same answer, for other rules and for the same rules with other numbers."""
    rules, others = ([child.values for child in desired_state(one).children] for one in (entries, lower))
    if is_renumbered:
        numbers = data.draw(st.permutations(range(1, len(rules) + 1)))
        others = [{**rule, "rule_number": number} for rule, number in zip(rules, numbers)]
    covered = rule_coverage.accepts_all(others, rule_coverage.accepted_boxes(rules, [rule_coverage.ALL]))
    assert is_shadowed({"rules": rules}, [{"rules": others}]) == covered


def divide(count):
    """Divide all IPv4 packets at random into this number of parts. Return the parts as members of rules."""
    generator = random.Random(16)
    whole = [(0, 2**32), (0, 2**32), (0, 2**16), (0, 2**16)]  # source, destination, ports: first value, size
    parts = [whole]
    while len(parts) < count:
        part = parts.pop(generator.randrange(len(parts)))
        at = generator.randrange(len(part))
        first, size = part[at]
        left = size // 2 if at < 2 else generator.randrange(1, size)
        parts += [[*part[:at], half, *part[at + 1 :]] for half in ((first, left), (first + left, size - left))]
    return [
        {
            "source": f"{ipaddress.ip_address(source)}/{33 - source_size.bit_length()}",
            "destination": f"{ipaddress.ip_address(destination)}/{33 - destination_size.bit_length()}",
            "SourcePortRange": ports(from_port, from_port + from_size - 1),
            "DestinationPortRange": ports(to_port, to_port + to_size - 1),
        }
        for (source, source_size), (destination, destination_size), (from_port, from_size), (to_port, to_size) in parts
    ]


@pytest.mark.parametrize("missing", [None, 0, 101, 179])
def test_filters_with_many_rules(missing):
    """Three filters with 60 rules each cover all packets. One missing rule is detected.

    Their ranges have millions of combinations, so that a search through each of them would not end.
    """
    rules = [api_rule(at + 1, **part) for at, part in enumerate(divide(180)) if at != missing]
    lower = [described(*rules[at::3]) for at in range(3)]
    exceptions = [
        api_rule(at, "reject", Protocol=TCP, SourcePortRange=ports(900 * at, 1000 * at), DestinationPortRange=ports(at))
        for at in range(1, 60)
    ]
    assert is_shadowed(described(*exceptions, api_rule(100)), lower) == (missing is None)
