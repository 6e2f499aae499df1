# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security groups: whether they allow encapsulated packets."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._path.aws_state import AwsState
from ansible_collections.vtap.aws.plugins.module_utils._path.findings import Status
from ansible_collections.vtap.aws.plugins.module_utils._path.security_groups import (
    Peer,
    allows,
    judge_security_groups,
    prefix_list_ids,
    via_load_balancer,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.path.builders import ADDRESSES, SOURCE, cidr_blocks, covers, entries, group, permission

PEER = Peer(SOURCE, frozenset(["sg-source"]))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (permission("10.0.1.5/32"), True),
        (permission("10.0.0.0/8", "192.168.0.0/16"), True),
        (permission("10.0.2.0/24"), False),
        (permission("::/0"), False),
        (permission("0.0.0.0/0", protocol="tcp"), False),
        (permission("0.0.0.0/0", protocol="17"), True),
        (permission("0.0.0.0/0", protocol="icmp", ports=(-1, -1)), False),
        (permission("0.0.0.0/0", protocol="-1", ports=None), True),
        (permission("0.0.0.0/0", ports=(0, 65535)), True),
        (permission("0.0.0.0/0", ports=(4790, 65535)), False),
        (permission("0.0.0.0/0", ports=(0, 4788)), False),
        (permission(groups=["sg-source"]), True),
        (permission(groups=["sg-other"]), False),
        (permission(groups=["sg-source"], peering="active"), True),
        (permission(groups=["sg-source"], peering="deleted"), False),
        (permission(lists=["pl-known"]), True),
        (permission(lists=["pl-other"]), False),
        (permission(lists=["pl-other", "pl-unknown"]), None),
        (permission("10.0.1.0/24", lists=["pl-unknown"]), True),
        (permission(lists=["pl-unknown"], protocol="tcp"), False),
        (permission(), False),
    ],
)
def test_rule(rule, expected):
    lists = {"pl-known": entries("192.168.0.0/16", "10.0.1.0/24"), "pl-other": entries("10.0.2.0/24")}
    assert allows([group("sg-1", rule)], PEER, lists) is expected
    assert allows([group("sg-2"), group("sg-1", rule)], PEER, lists) is expected
    assert allows([group("sg-1", egress=[rule])], PEER, lists, egress=True) is expected
    assert allows([group("sg-1", egress=[rule])], PEER, lists) is False


def test_a_rule_without_unknown_entries_decides():
    groups = [group("sg-1", permission(lists=["pl-1"])), group("sg-2", permission("10.0.0.0/8"))]
    assert allows(groups, PEER, {}) is True


def test_port_of_the_target_group():
    groups = [group("sg-1", permission("10.0.0.0/8", ports=(5000, 5001)))]
    assert [allows(groups, PEER, {}, port=port) for port in (4789, 5000, 5001, 5002)] == [False, True, True, False]


def test_targets_of_a_load_balancer_do_not_see_the_groups_of_the_source():
    from_source, from_balancer = permission(groups=["sg-source"]), permission(groups=["sg-nlb"])
    peer = via_load_balancer(PEER, ["sg-nlb"])
    assert allows([group("sg-1", from_source)], peer, {}) is False
    assert allows([group("sg-1", from_balancer)], peer, {}) is True
    assert allows([group("sg-1", permission("10.0.1.5/32"))], peer, {}) is True


def judge(group_ids, groups, lists=None, **options):
    known = {one["GroupId"]: one for one in groups}
    state = AwsState(security_groups=known, prefix_lists=lists or {})
    return judge_security_groups("eni-2", group_ids, PEER, state, **options)


def test_ok():
    finding = judge(["sg-1", "sg-2"], [group("sg-1", permission("10.0.0.0/8")), group("sg-2")])
    assert finding.status is Status.OK and not finding.fix
    assert finding.message == "security groups sg-1, sg-2 of eni-2 allow UDP 4789 from 10.0.1.5"
    assert finding.ids == ("eni-2", "sg-1", "sg-2")


def test_problem():
    finding = judge(["sg-1"], [group("sg-1", permission("10.0.2.0/24"))])
    assert finding.status is Status.PROBLEM
    assert finding.message == "security group sg-1 of eni-2 does not allow UDP 4789 from 10.0.1.5"
    assert finding.fix == "Allow inbound UDP 4789 from 10.0.1.5/32 in sg-1."
    finding = judge(["sg-1", "sg-2"], [group("sg-1"), group("sg-2")], egress=True, port=5000)
    assert finding.message == "security groups sg-1, sg-2 of eni-2 do not allow outbound UDP 5000 to 10.0.1.5"
    assert finding.fix == "Allow outbound UDP 5000 to 10.0.1.5/32 in one of sg-1, sg-2."


def test_load_balancer_without_security_groups():
    finding = judge([], [])
    assert finding.status is Status.OK
    assert finding.message == "eni-2 has no security groups, so UDP 4789 from 10.0.1.5 is allowed"


def test_unknown_prefix_list():
    rules = permission(lists=["pl-1"]), permission("10.0.2.0/24", lists=["pl-2"]), permission(lists=["pl-0"])
    finding = judge(["sg-1"], [group("sg-1", *rules)], {"pl-0": []})
    assert finding.status is Status.UNKNOWN and finding.ids == ("eni-2", "sg-1", "pl-1", "pl-2")
    assert finding.message == (
        "security group sg-1 of eni-2 allows UDP 4789 from 10.0.1.5 only if pl-1, pl-2 contain 10.0.1.5, which cannot "
        "be read"
    )
    assert finding.fix == "Check that pl-1, pl-2 contain 10.0.1.5."
    assert prefix_list_ids([group("sg-1", *rules)]) == {"pl-0", "pl-1", "pl-2"}
    assert prefix_list_ids([group("sg-1", *rules)], port=80) == set()


def test_unreadable_security_group():
    finding = judge(["sg-1", "sg-2"], [group("sg-1")])
    assert finding.status is Status.UNKNOWN
    assert finding.message == "security group sg-2 of eni-2 cannot be read"
    assert finding.fix == "Check that sg-2 allows UDP 4789 from 10.0.1.5."
    assert judge(["sg-1", "sg-2"], [group("sg-1", permission("10.0.0.0/8"))]).status is Status.OK


LISTS = ["pl-1", "pl-2", "pl-3"]
GROUPS = ["sg-a", "sg-b", "sg-c"]
PERMISSIONS = st.builds(
    lambda cidrs, **options: permission(*cidrs, **options),
    st.lists(cidr_blocks(), max_size=2),
    protocol=st.sampled_from(["udp", "udp", "17", "tcp", "-1", "icmp"]),
    ports=st.sampled_from([(4789, 4789), (4789, 5000), (1, 4788), (0, 65535), (5000, 5000)]),
    groups=st.lists(st.sampled_from(GROUPS), max_size=1),
    lists=st.lists(st.sampled_from(LISTS), max_size=2, unique=True),
)
ENTRIES = st.lists(cidr_blocks(), max_size=2)


def naive(groups, peer, contents, port):
    """Whether the groups allow the packet, if the prefix lists have these CIDR blocks."""
    for one in groups:
        for rule in one["IpPermissions"]:
            if rule["IpProtocol"] not in ("udp", "17", "-1"):
                continue
            if rule["IpProtocol"] != "-1" and port not in range(rule["FromPort"], rule["ToPort"] + 1):
                continue
            cidrs = [x["CidrIp"] for x in rule["IpRanges"]] + [x["CidrIpv6"] for x in rule["Ipv6Ranges"]]
            for x in rule["PrefixListIds"]:
                cidrs += contents[x["PrefixListId"]]
            if any(covers(cidr, peer.address) for cidr in cidrs):
                return True
            if any(pair["GroupId"] in peer.group_ids for pair in rule["UserIdGroupPairs"]):
                return True
    return False


@given(
    rules=st.lists(st.lists(PERMISSIONS, max_size=3), max_size=3),
    contents=st.fixed_dictionaries(dict.fromkeys(LISTS, ENTRIES)),
    known=st.sets(st.sampled_from(LISTS)),
    address=st.sampled_from(ADDRESSES),
    own=st.sets(st.sampled_from(GROUPS), max_size=1),
    port=st.sampled_from([4788, 4789, 5000]),
)
def test_answers_agree_with_single_packets(rules, contents, known, address, own, port):
    groups = [group(f"sg-{at}", *some) for at, some in enumerate(rules)]
    peer = Peer(address, frozenset(own))
    answer = allows(groups, peer, {one: entries(*contents[one]) for one in known}, port)
    # An unknown prefix list may contain no address or all addresses.
    everything, nothing = ["0.0.0.0/0", "::/0"], []
    possible = {
        naive(groups, peer, {**dict.fromkeys(LISTS, rest), **{one: contents[one] for one in known}}, port)
        for rest in (everything, nothing)
    }
    assert answer is (possible.pop() if len(possible) == 1 else None)
