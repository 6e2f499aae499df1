# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes: where the route table of the source's subnet sends encapsulated packets."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._path.addresses import Place
from ansible_collections.vtap.aws.plugins.module_utils._path.aws_state import AwsState
from ansible_collections.vtap.aws.plugins.module_utils._path.findings import Status
from ansible_collections.vtap.aws.plugins.module_utils._path.routes import (
    find_route_table,
    find_routes,
    judge_route,
    peering_ids,
    prefix_list_ids,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.path.builders import (
    ADDRESSES,
    LOCAL,
    OTHER_VPC,
    SOURCE,
    SOURCE_SUBNET,
    TARGET,
    TARGET_SUBNET,
    VPC,
    cidr_blocks,
    covers,
    entries,
    peering,
    route,
    route_table,
)

FROM, TO = Place(SOURCE, SOURCE_SUBNET, VPC), Place(TARGET, TARGET_SUBNET, VPC)
REMOTE = Place("10.9.0.1", "subnet-9", OTHER_VPC)
IGW, NAT, TGW = ("GatewayId", "igw-1"), ("NatGatewayId", "nat-1"), ("TransitGatewayId", "tgw-1")
PCX = ("VpcPeeringConnectionId", "pcx-1")
VGW = ("GatewayId", "vgw-1")
ACTIVE = peering("pcx-1")


def judge(*routes, target=TO, source=FROM, peerings=None, lists=None):
    """The finding with these routes besides the local route."""
    table = route_table("rtb-1", LOCAL, *routes, subnets=[SOURCE_SUBNET])
    known = {one["VpcPeeringConnectionId"]: one for one in ([ACTIVE] if peerings is None else peerings)}
    state = AwsState(route_tables=[table], peerings=known, prefix_lists=lists or {})
    return judge_route(source, target, state)


def test_same_vpc():
    finding = judge(route("0.0.0.0/0", IGW))
    assert (finding.status, finding.fix) == (Status.OK, "")
    assert finding.message == f"route table rtb-1 delivers packets to 10.0.2.9 in {VPC}"
    assert finding.ids == ("rtb-1", VPC)


def test_active_peering_connection_with_the_vpc_of_the_target():
    finding = judge(route("10.9.0.0/16", PCX), target=REMOTE)
    assert finding.status is Status.OK
    assert finding.message == f"route table rtb-1 sends packets to 10.9.0.1 to pcx-1, which leads to {OTHER_VPC}"
    # The source can be at either end.
    reverse = peering("pcx-1", vpcs=(OTHER_VPC, VPC))
    assert judge(route("10.9.0.0/16", PCX), target=REMOTE, peerings=[reverse]).status is Status.OK


@pytest.mark.parametrize(
    ("given_peering", "message", "fix"),
    [
        (
            peering("pcx-1", "pending-acceptance"),
            "which is pending-acceptance",
            "Accept pcx-1, or replace the route in rtb-1.",
        ),
        (
            peering("pcx-1", vpcs=(VPC, "vpc-9")),
            f"which leads to vpc-9; the target is in {OTHER_VPC}",
            f"Route 10.9.0.1/32 in rtb-1 through a peering connection with {OTHER_VPC}.",
        ),
        (
            peering("pcx-1", regions=("eu-west-1", "us-east-1")),
            "which connects different regions",
            "Use a target in the region of the source.",
        ),
    ],
)
def test_unsuitable_peering_connection(given_peering, message, fix):
    finding = judge(route("10.9.0.0/16", PCX), target=REMOTE, peerings=[given_peering])
    assert finding.status is Status.PROBLEM and finding.ids[:2] == ("rtb-1", "pcx-1")
    assert finding.message == f"route table rtb-1 sends packets to 10.9.0.1 to pcx-1, {message}"
    assert finding.fix == fix


def test_unreadable_peering_connection():
    finding = judge(route("10.9.0.0/16", PCX), target=REMOTE, peerings=[])
    assert finding.status is Status.UNKNOWN and finding.message.endswith("to pcx-1, which cannot be read")
    assert finding.fix == f"Check that pcx-1 is active and leads to {OTHER_VPC}."


@pytest.mark.parametrize(
    ("hop", "status", "message"),
    [
        (TGW, Status.UNKNOWN, "transit gateway tgw-1, whose forwarding is not checked"),
        (("NetworkInterfaceId", "eni-9"), Status.UNKNOWN, "network interface eni-9, whose forwarding is not checked"),
        (
            ("GatewayId", "vpce-9"),
            Status.UNKNOWN,
            "Gateway Load Balancer endpoint vpce-9, whose forwarding is not checked",
        ),
        (("GatewayId", "lgw-9"), Status.UNKNOWN, "gateway lgw-9, whose forwarding is not checked"),
        (("CoreNetworkArn", "arn:x"), Status.UNKNOWN, "core network arn:x, whose forwarding is not checked"),
        (("FutureId", "x-1"), Status.UNKNOWN, "an unknown next hop, whose forwarding is not checked"),
        (IGW, Status.PROBLEM, "internet gateway igw-1, which does not lead to the target's VPC"),
        (NAT, Status.PROBLEM, "NAT gateway nat-1, which does not lead to the target's VPC"),
        (VGW, Status.PROBLEM, "virtual private gateway vgw-1, which does not lead to the target's VPC"),
    ],
)
def test_other_next_hop(hop, status, message):
    finding = judge(route("0.0.0.0/0", hop), target=REMOTE)
    assert finding.status is status and finding.fix
    assert finding.message.startswith(f"route table rtb-1 sends packets to 10.9.0.1 to {message}")


def test_appliance_in_the_same_vpc():
    hop = ("NetworkInterfaceId", "eni-9")
    finding = judge(route("10.0.2.0/24", hop, InstanceId="i-9", InstanceOwnerId="123456789012"))
    assert finding.status is Status.UNKNOWN and finding.ids == ("rtb-1", "eni-9")
    assert finding.fix == "Check that eni-9 forwards UDP from 10.0.1.5 to 10.0.2.9."


def test_no_route():
    finding = judge(target=REMOTE)
    assert finding.status is Status.PROBLEM and finding.message == "route table rtb-1 has no route to 10.9.0.1"
    assert finding.fix == "Add a route to 10.9.0.1/32 in rtb-1, through a peering connection or a transit gateway."


def test_blackhole():
    finding = judge(route("10.9.0.0/24", TGW, State="blackhole"), route("0.0.0.0/0", PCX), target=REMOTE)
    assert finding.status is Status.PROBLEM
    assert finding.message == "the route to 10.9.0.1 in rtb-1 is a blackhole: transit gateway tgw-1 is not available"
    assert finding.fix == f"Attach {VPC} to tgw-1, or replace the route in rtb-1."
    deleted = judge(route("10.9.0.0/24", PCX, State="blackhole"), target=REMOTE, peerings=[])
    assert deleted.message.endswith("is a blackhole: peering connection pcx-1 is not available")
    assert deleted.fix == "Replace the route in rtb-1."


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        ("pending-acceptance", "Accept pcx-1, or replace the route in rtb-1."),
        ("rejected", "Replace the route in rtb-1."),
        ("expired", "Replace the route in rtb-1."),
    ],
)
def test_blackhole_to_a_peering_connection(status, fix):
    """The status of the connection says why the route is a blackhole."""
    given = {"target": REMOTE, "peerings": [peering("pcx-1", status)]}
    finding = judge(route("10.9.0.0/24", PCX, State="blackhole"), **given)
    assert (finding.status, finding.fix) == (Status.PROBLEM, fix)
    assert finding.message == f"route table rtb-1 sends packets to 10.9.0.1 to pcx-1, which is {status}"


def test_target_in_another_vpc_with_the_same_addresses():
    finding = judge(route("10.0.2.0/23", PCX), target=Place(SOURCE, "subnet-9", OTHER_VPC))
    assert finding.status is Status.PROBLEM
    assert finding.message == f"route table rtb-1 keeps packets to 10.0.1.5 in {VPC}; the target is in {OTHER_VPC}"


@pytest.mark.parametrize("routes", [[], [route("10.0.2.0/24", PCX)]])
def test_vpc_of_the_target_is_unknown(routes):
    finding = judge(*routes, target=Place(TARGET))
    assert finding.status is Status.UNKNOWN and "the target's VPC is not visible" in finding.message


def test_priority_of_routes_with_the_same_prefix_length():
    lists = {"pl-1": entries("10.9.0.0/16", "0.0.0.0/0"), "pl-2": entries("10.9.0.0/16")}
    propagated = route("10.9.0.0/16", VGW, Origin="EnableVgwRoutePropagation")
    static, listed = route("10.9.0.0/16", PCX), route("pl-1", TGW)
    table = route_table("rtb-1", LOCAL, propagated, listed, static)
    assert find_routes(table, "10.9.0.1", lists) == [static]
    assert find_routes({**table, "Routes": [propagated, listed]}, "10.9.0.1", lists) == [listed]
    # The longest prefix comes first, whatever the kind of route.
    longer = {**propagated, "DestinationCidrBlock": "10.9.0.0/24"}
    assert find_routes({**table, "Routes": [static, listed, longer]}, "10.9.0.1", lists) == [longer]
    finding = judge(listed, route("pl-2", PCX), target=REMOTE, lists=lists)
    assert finding.status is Status.UNKNOWN
    assert finding.message == "routes in rtb-1 to tgw-1, pcx-1 have the same priority for 10.9.0.1"
    assert finding.fix == "Add a static route to 10.9.0.1/32 in rtb-1."


def test_the_local_route_comes_before_propagated_routes():
    propagated = route("10.0.2.0/24", VGW, Origin="EnableVgwRoutePropagation")
    assert judge(propagated).status is Status.OK
    assert judge(route("10.0.2.0/24", VGW)).status is Status.PROBLEM


def test_unknown_prefix_list():
    finding = judge(route("pl-1", TGW), target=REMOTE)
    assert finding.status is Status.UNKNOWN and finding.ids == ("rtb-1", "pl-1", "tgw-1")
    assert finding.message == "the route to 10.9.0.1 in rtb-1 depends on the entries of pl-1, which cannot be read"
    assert finding.fix == "Check whether pl-1 contains 10.9.0.1."
    # The entries do not matter if both routes lead to the same place, or if a static route has the longest prefix.
    assert judge(route("pl-1", PCX), route("10.9.0.0/16", PCX), target=REMOTE).status is Status.OK
    assert judge(route("pl-1", TGW), route("10.9.0.1/32", PCX), target=REMOTE).status is Status.OK
    assert judge(route("pl-1", IGW), target=REMOTE).status is Status.PROBLEM
    # The order of two prefix lists with the address itself is not visible.
    both = route("pl-1", TGW), route("pl-2", PCX)
    assert judge(*both, target=REMOTE, lists={"pl-2": entries("10.9.0.1/32")}).status is Status.UNKNOWN


def test_ids_to_read():
    table = route_table("rtb-1", LOCAL, route("pl-1", TGW), route("10.9.0.0/16", PCX))
    assert (prefix_list_ids(table), peering_ids(table)) == ({"pl-1"}, {"pcx-1"})


def test_find_route_table():
    main = route_table("rtb-main", LOCAL, main=True)
    other_main = route_table("rtb-other", main=True, vpc_id=OTHER_VPC)
    explicit = route_table("rtb-1", LOCAL, subnets=["subnet-9", SOURCE_SUBNET])
    edge = route_table("rtb-edge", LOCAL)
    edge["Associations"] = [{"Main": False, "GatewayId": "igw-1", "RouteTableId": "rtb-edge"}]
    for tables in itertools.permutations([main, other_main, explicit, edge]):
        assert find_route_table(SOURCE_SUBNET, VPC, tables) is explicit
        assert find_route_table("subnet-8", VPC, tables) is main
        assert find_route_table("subnet-8", OTHER_VPC, tables) is other_main
        assert find_route_table("subnet-8", "vpc-9", tables) is None
    explicit["Associations"][1]["AssociationState"] = {"State": "disassociated"}
    assert find_route_table(SOURCE_SUBNET, VPC, [explicit, main]) is main


def test_unreadable_route_table():
    finding = judge_route(FROM, TO, AwsState())
    assert finding.status is Status.UNKNOWN and finding.ids == (SOURCE_SUBNET,)
    assert finding.message == f"the route table of {SOURCE_SUBNET} cannot be read"
    assert finding.fix == "Check that it has a route to 10.0.2.9."


LISTS = ["pl-1", "pl-2", "pl-3"]
HOPS = [IGW, NAT, TGW, PCX, VGW]
STATIC = st.builds(route, st.one_of(cidr_blocks(), st.sampled_from(LISTS)), st.sampled_from(HOPS))
PROPAGATED = st.builds(route, cidr_blocks(), st.just(VGW), Origin=st.just("EnableVgwRoutePropagation"))
LOCALS = st.sampled_from([[], [LOCAL], [LOCAL, route("2001:db8::/48", ("GatewayId", "local"))]])


def naive(routes, contents, address):
    """The routes with the highest priority, if the prefix lists have these CIDR blocks; [None] if none matches."""
    is_local = any(one.get("GatewayId") == "local" and covers(destinations(one, {})[0], address) for one in routes)
    for length in range(128, -1, -1):
        for kind in ("static", "prefix list", "propagated"):
            found = [
                one
                for one in routes
                if kind_of(one) == kind
                and not (is_local and kind == "propagated")
                and any(covers(cidr, address) and cidr.endswith(f"/{length}") for cidr in destinations(one, contents))
            ]
            if found:
                return found
    return [None]


def destinations(one, contents):
    if "DestinationPrefixListId" in one:
        return contents[one["DestinationPrefixListId"]]
    return [one.get("DestinationCidrBlock") or one.get("DestinationIpv6CidrBlock")]


def kind_of(one):
    if one["Origin"] == "EnableVgwRoutePropagation":
        return "propagated"
    return "prefix list" if "DestinationPrefixListId" in one else "static"


@given(
    local=LOCALS,
    routes=st.lists(st.one_of(STATIC, STATIC, PROPAGATED), max_size=6),
    contents=st.fixed_dictionaries(dict.fromkeys(LISTS, st.lists(cidr_blocks(), max_size=2))),
    known=st.sets(st.sampled_from(LISTS)),
    address=st.sampled_from(ADDRESSES),
)
def test_routes_agree_with_single_packets(local, routes, contents, known, address):
    table = route_table("rtb-1", *local, *routes)
    found = find_routes(table, address, {one: entries(*contents[one]) for one in known})
    # An unknown prefix list may have any entry. The longest one includes the cases of ties with known routes.
    unknown = [one for one in LISTS if one not in known]
    width = 128 if ":" in address else 32
    choices = [[], *([f"{address}/{width}"],)]
    possible = []
    for drawn in itertools.product(choices, repeat=len(unknown)):
        possible += naive(table["Routes"], {**contents, **dict(zip(unknown, drawn))}, address)
    assert {id(one) for one in found} == {id(one) for one in possible}


def test_routes_of_a_route_server_are_propagated():
    """They come after static routes, and after the local route."""
    advertised = route("10.9.0.0/24", IGW, Origin="Advertisement")
    assert judge(advertised, route("10.9.0.0/24", PCX), target=REMOTE).status is Status.OK
    assert judge(route("10.0.2.0/24", IGW, Origin="Advertisement")).status is Status.OK


def test_a_route_with_an_unknown_state():
    finding = judge(route("10.9.0.0/24", TGW, State="filtered"), target=REMOTE)
    assert finding.status is Status.UNKNOWN and finding.message.endswith("has the state filtered")
