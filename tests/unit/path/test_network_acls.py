# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network ACLs: whether they allow encapsulated packets."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._path.addresses import Place
from ansible_collections.vtap.aws.plugins.module_utils._path.aws_state import AwsState
from ansible_collections.vtap.aws.plugins.module_utils._path.findings import Status
from ansible_collections.vtap.aws.plugins.module_utils._path.network_acls import (
    find_deciding_entry,
    find_network_acl,
    judge_network_acls,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.path.builders import (
    ADDRESSES,
    SOURCE,
    SOURCE_SUBNET,
    TARGET,
    TARGET_SUBNET,
    VPC,
    acl_entry,
    cidr_blocks,
    covers,
    network_acl,
)

FROM, TO = Place(SOURCE, SOURCE_SUBNET, VPC), Place(TARGET, TARGET_SUBNET, VPC)
OPEN = (acl_entry(100, egress=True), acl_entry(100))


def judge(source_entries, target_entries):
    acls = [
        network_acl("acl-1", ["subnet-9", SOURCE_SUBNET], *source_entries),
        network_acl("acl-2", [TARGET_SUBNET], *target_entries),
    ]
    return judge_network_acls(FROM, TO, AwsState(network_acls=acls))


def test_default_network_acl_allows_both_ways():
    acls = [network_acl("acl-1", [SOURCE_SUBNET, TARGET_SUBNET], *OPEN)]
    findings = judge_network_acls(FROM, TO, AwsState(network_acls=acls))
    assert [finding.status for finding in findings] == [Status.OK, Status.OK]
    assert [finding.message for finding in findings] == [
        f"rule 100 of network ACL acl-1 of {SOURCE_SUBNET} allows outbound UDP 4789 to 10.0.2.9",
        f"rule 100 of network ACL acl-1 of {TARGET_SUBNET} allows inbound UDP 4789 from 10.0.1.5",
    ]
    assert findings[0].ids == ("acl-1", SOURCE_SUBNET)


def test_network_acls_do_not_apply_within_a_subnet():
    (finding,) = judge_network_acls(FROM, Place(TARGET, SOURCE_SUBNET, VPC), AwsState(network_acls=[]))
    assert finding.status is Status.OK
    assert finding.message == f"source and target are in {SOURCE_SUBNET}; network ACLs do not apply within a subnet"


@pytest.mark.parametrize(
    ("own", "rule"),
    [
        ([], "*"),
        ([acl_entry(100, "10.0.1.0/24", egress=True)], "*"),  # not the destination's network
        ([acl_entry(100)], "*"),  # inbound
        ([acl_entry(100, egress=True, protocol="6", ports=(0, 65535))], "*"),
        ([acl_entry(100, egress=True, protocol="17", ports=(1, 4788))], "*"),
        ([acl_entry(100, "::/0", egress=True)], "*"),
        ([acl_entry(200, egress=True), acl_entry(90, "10.0.2.0/24", "deny", egress=True)], 90),
        ([acl_entry(90, action="deny", egress=True, protocol="17", ports=(4000, 5000)), OPEN[0]], 90),
    ],
)
def test_outbound_problem(own, rule):
    outbound, inbound = judge(own, OPEN)
    assert inbound.status is Status.OK and outbound.status is Status.PROBLEM
    assert (
        outbound.message == f"rule {rule} of network ACL acl-1 of {SOURCE_SUBNET} denies outbound UDP 4789 to 10.0.2.9"
    )
    number = "" if rule == "*" else f", with a rule number below {rule}"
    assert outbound.fix == f"Allow outbound UDP 4789 to 10.0.2.9/32 in acl-1{number}."


def test_inbound_problem():
    outbound, inbound = judge(OPEN, [acl_entry(100, "10.0.2.0/24"), *OPEN[:1]])
    assert outbound.status is Status.OK and inbound.status is Status.PROBLEM
    assert inbound.message == f"rule * of network ACL acl-2 of {TARGET_SUBNET} denies inbound UDP 4789 from 10.0.1.5"
    assert inbound.fix == "Allow inbound UDP 4789 from 10.0.1.5/32 in acl-2."


def test_the_lowest_number_decides_regardless_of_the_order():
    deny, allow = (
        acl_entry(200, action="deny", egress=True),
        acl_entry(100, egress=True, protocol="17", ports=(4789, 4789)),
    )
    assert [judge(own, OPEN)[0].status for own in ([deny, allow], [allow, deny])] == [Status.OK, Status.OK]


def test_unreadable_network_acl():
    outbound, inbound = judge_network_acls(
        FROM, Place(TARGET), AwsState(network_acls=[network_acl("acl-1", ["subnet-9"])])
    )
    assert outbound.status is inbound.status is Status.UNKNOWN
    assert outbound.message == f"the network ACL of {SOURCE_SUBNET} cannot be read"
    assert inbound.message == "the network ACL of the target's subnet cannot be read"
    assert inbound.fix == ("Check that the network ACL of the target's subnet allows inbound UDP 4789 from 10.0.1.5.")
    assert inbound.ids == ()


def test_places_without_a_known_subnet_are_not_in_the_same_subnet():
    findings = judge_network_acls(Place(SOURCE), Place(TARGET), AwsState(network_acls=[]))
    assert [finding.status for finding in findings] == [Status.UNKNOWN, Status.UNKNOWN]


def test_no_entry_at_all_denies():
    acl = {**network_acl("acl-1", [SOURCE_SUBNET]), "Entries": []}
    assert find_deciding_entry(acl, True, TARGET) is None
    assert judge_network_acls(FROM, TO, AwsState(network_acls=[acl]))[0].status is Status.PROBLEM
    assert find_network_acl(SOURCE_SUBNET, [acl]) is acl and find_network_acl("subnet-8", [acl]) is None


ENTRIES = st.builds(
    acl_entry,
    st.integers(1, 8),
    cidr_blocks(),
    st.sampled_from(["allow", "deny"]),
    st.booleans(),
    st.sampled_from(["-1", "17", "17", "6", "1"]),
    st.sampled_from([(4789, 4789), (4000, 5000), (0, 65535), (1, 4788)]),
)


def naive(entries, egress, address, port):
    """Whether the entries allow the packet."""
    for number in range(1, 32768):
        for entry in entries:
            if entry["RuleNumber"] != number or entry["Egress"] != egress:
                continue
            ports = entry["PortRange"]
            is_udp = entry["Protocol"] == "17" and ports["From"] <= port <= ports["To"]
            cidr = entry.get("CidrBlock") or entry["Ipv6CidrBlock"]
            if (entry["Protocol"] == "-1" or is_udp) and covers(cidr, address):
                return entry["RuleAction"] == "allow"
    return False


@given(
    entries=st.lists(ENTRIES, max_size=8, unique_by=lambda entry: (entry["Egress"], entry["RuleNumber"])),
    egress=st.booleans(),
    address=st.sampled_from(ADDRESSES),
    port=st.sampled_from([4788, 4789, 5000, 5001]),
)
def test_entries_agree_with_single_packets(entries, egress, address, port):
    acl = network_acl("acl-1", [SOURCE_SUBNET, TARGET_SUBNET], *entries)
    entry = find_deciding_entry(acl, egress, address, port)
    allowed = naive(entries, egress, address, port)
    assert allowed is (entry is not None and entry["RuleAction"] == "allow")
    ends = (SOURCE, address) if egress else (address, TARGET)
    findings = judge_network_acls(
        Place(ends[0], SOURCE_SUBNET), Place(ends[1], TARGET_SUBNET), AwsState(network_acls=[acl]), port
    )
    assert findings[0 if egress else 1].status is (Status.OK if allowed else Status.PROBLEM)
