# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option packet."""

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._path.packets import Packet, dns_servers, parse_packet
from ansible_collections.vtap.aws.plugins.module_utils._resources.rule_coverage import ALL, intersect
from hypothesis import given
from hypothesis import strategies as st

GIVEN = {"direction": "ingress", "source": "198.51.100.7", "destination": "10.0.1.10"}


def test_defaults():
    packet = parse_packet({**GIVEN, "protocol": None, "source_port": None})
    assert packet == Packet("ingress", "tcp", "198.51.100.7", "10.0.1.10")
    assert packet.open_ports == ("source_port", "destination_port")
    assert packet.describe() == "ingress tcp 198.51.100.7 to 10.0.1.10"


def test_box():
    packet = parse_packet({**GIVEN, "protocol": "UDP", "destination_port": 443})
    source, destination = (int(ipaddress.ip_address(GIVEN[one])) for one in ("source", "destination"))
    assert packet.box == ((0, 0), (17, 17), (source, source), (destination, destination), (0, 65535), (443, 443))
    assert packet.describe() == "ingress udp 198.51.100.7 to 10.0.1.10 port 443"
    assert packet.open_ports == ("source_port",)


def test_spellings():
    given_v6 = {"direction": "egress", "source": " 2001:DB8:0::1 ", "destination": "2001:db8::2"}
    packet = parse_packet({**given_v6, "protocol": 58})
    assert packet == Packet("egress", "icmpv6", "2001:db8::1", "2001:db8::2") and packet.open_ports == ()
    assert parse_packet({**GIVEN, "protocol": "6", "source_port": 0}).protocol == "tcp"
    assert parse_packet({**GIVEN, "protocol": "254"}).box[1] == (254, 254)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"direction": None}, "packet requires direction."),
        ({"source": None, "destination": None}, "packet requires source, destination."),
        ({"direction": "in"}, "packet: direction must be ingress or egress, not in."),
        ({"protocol": "all"}, "packet: protocol must be 1 to 255 or one of icmp, "),
        ({"protocol": "0"}, "packet: protocol must be 1 to 255 or one of icmp, "),
        ({"protocol": True}, "packet: protocol must be 1 to 255 or one of icmp, "),
        ({"protocol": "http"}, "not http."),
        (
            {"source": "10.0.0.0/8"},
            "packet: source must be an address such as 10.0.1.10 or 2001:db8::1, not '10.0.0.0/8'.",
        ),
        ({"source": 17}, "packet: source must be an address such as 10.0.1.10 or 2001:db8::1, not 17."),
        ({"destination": "fe80::1%eth0"}, "packet: destination must be an address"),
        (
            {"destination": "::1"},
            "packet: source and destination must both be IPv4 or both IPv6, not 198.51.100.7 and ::1.",
        ),
        ({"source_port": 65536}, "packet: source_port must be 0 to 65535, not 65536."),
        ({"source_port": -1}, "packet: source_port must be 0 to 65535, not -1."),
        ({"destination_port": True}, "packet: destination_port must be 0 to 65535, not True."),
        ({"destination_port": "443"}, "packet: destination_port must be 0 to 65535, not 443."),
        ({"protocol": "icmp", "source_port": 0}, "packet: source_port requires protocol tcp or udp, not icmp."),
        (
            {"port": 443},
            "packet must have only direction, protocol, source, destination, source_port, destination_port, not port.",
        ),
    ],
)
def test_invalid(changes, message):
    with pytest.raises(ValidationError) as caught:
        parse_packet({**GIVEN, **changes})
    assert message in str(caught.value) and "\n" not in str(caught.value)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers(), max_size=2),
    st.sampled_from(["ingress", "egress", "tcp", "udp", "icmp", "10.0.0.1", "::1", "0", "-1", "all", 53, 65535]),
)  # fmt: skip
NAMES = ("direction", "protocol", "source", "destination", "source_port", "destination_port")


@given(st.fixed_dictionaries({}, optional={**dict.fromkeys(NAMES, VALUES), "port": st.integers()}))
def test_any_value_is_accepted_or_named(values):
    try:
        packet = parse_packet(values)
    except ValidationError as error:
        message = str(error)
    else:
        message = ""
    if message:
        assert message.startswith("packet") and message.isprintable() and len(message) < 600
        return
    assert intersect(packet.box, ALL) == packet.box
    ranges = packet.box[:-2] if packet.open_ports else packet.box[:4]
    assert all(low == high for low, high in ranges)
    assert parse_packet({name: getattr(packet, name) for name in NAMES}) == packet


@pytest.mark.parametrize(
    ("changes", "service"),
    [
        ({"direction": "egress", "destination": "169.254.169.254", "destination_port": 80}, "instance metadata"),
        ({"source": "169.254.169.123", "protocol": "udp"}, "NTP"),
        ({"direction": "egress", "destination": "169.254.169.250"}, "Windows activation"),
        ({"protocol": "udp", "source_port": 67, "destination_port": 68}, "DHCP"),
        ({"protocol": "tcp", "source_port": 67, "destination_port": 68}, ""),
        ({"protocol": "udp", "source_port": 67}, ""),
        ({"destination": "169.254.169.254"}, ""),  # the packet comes from another end
    ],
)
def test_packets_that_are_never_mirrored(changes, service):
    assert parse_packet({**GIVEN, **changes}).never_mirrored() == service


def test_dns_servers():
    assert dns_servers(["10.0.0.0/16"]) == {"169.254.169.253", "fd00:ec2::253", "10.0.0.2"}


@pytest.mark.parametrize(
    ("changes", "ports"),
    [
        ({"direction": "egress", "destination": "10.0.0.2", "protocol": "udp"}, ("", "53")),
        ({"direction": "ingress", "source": "10.0.0.2"}, ("53", "")),
        ({"direction": "egress", "destination": "10.0.0.2", "protocol": "icmp"}, None),
        ({"direction": "egress", "destination": "10.0.0.3"}, None),
        ({"direction": "ingress", "destination": "10.0.0.2"}, None),
    ],
)
def test_packets_of_the_dns_server(changes, ports):
    packet = parse_packet({**GIVEN, **changes})
    rule = packet.dns_rule(dns_servers(["10.0.0.0/16"]))
    assert (rule and (rule["source_port"], rule["destination_port"])) == ports
