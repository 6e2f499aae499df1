# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the route table of the source's subnet sends encapsulated packets. Pure.

The route with the longest prefix applies. Between routes with the same prefix length, static routes come first, then
routes with a prefix list, then propagated routes (VPC user guide, "How route priority works"). The local route has
priority over all propagated routes. The order of two routes with prefix lists, or of two propagated routes, with the
same prefix length is not visible.

Source and target can be in different VPCs if a peering connection in the region or a transit gateway connects the VPCs
(Traffic Mirroring guide, "How Traffic Mirroring works").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._model.resource_types import ApiParams
from .addresses import Place, PrefixLists, host_cidr, longest_prefix, max_length, prefix_length
from .aws_state import AwsState
from .findings import Finding, Status, not_readable

_STATIC, _PREFIX_LIST, _PROPAGATED = 3, 2, 1
# Routes of a virtual private gateway and of a VPC Route Server (EC2's service model, RouteOrigin).
_PROPAGATED_ORIGINS = ("EnableVgwRoutePropagation", "Advertisement")
_LOCAL = "local"
_PENDING = "pending-acceptance"  # a status of a peering connection (EC2 API Reference)

# Members of a route with the next hop: what it is, and whether packets can reach a private address in a VPC that way.
# None: it depends on a configuration that is not checked. A route to an instance also has the network interface.
_NEXT_HOPS: dict[str, tuple[str, bool | None]] = {
    "TransitGatewayId": ("transit gateway", None),
    "CoreNetworkArn": ("core network", None),
    "NetworkInterfaceId": ("network interface", None),
    "InstanceId": ("instance", None),
    "LocalGatewayId": ("local gateway", None),
    "OdbNetworkArn": ("ODB network", None),
    "NatGatewayId": ("NAT gateway", False),
    "EgressOnlyInternetGatewayId": ("egress-only internet gateway", False),
    "CarrierGatewayId": ("carrier gateway", False),
}
# The same by the prefix of GatewayId.
_GATEWAYS: dict[str, tuple[str, bool | None]] = {
    "vpce": ("Gateway Load Balancer endpoint", None),
    "igw": ("internet gateway", False),
    "vgw": ("virtual private gateway", False),
}


def find_route_table(subnet_id: str, vpc_id: str, tables: Iterable[ApiParams]) -> ApiParams | None:
    """The route table of a subnet: the associated one, otherwise the main route table of the VPC.

    tables: as in the replies of DescribeRouteTables, all those of the VPC.
    """
    main = None
    for table in tables:
        for association in table.get("Associations") or ():
            if (association.get("AssociationState") or {}).get("State") in ("disassociated", "failed"):
                continue
            if association.get("SubnetId") == subnet_id:
                return table
            if association.get("Main") and table.get("VpcId") == vpc_id:
                main = table
    return main


def find_routes(table: ApiParams, address: str, prefix_lists: PrefixLists) -> list[ApiParams | None]:
    """The routes of which one applies to packets to this address. None in the list: possibly no route applies.

    There are several if routes have the same priority, or if the entries of a prefix list are unknown and a route with
    it may apply.
    """
    matching: list[tuple[tuple[int, int], ApiParams]] = []
    uncertain: list[ApiParams] = []
    for route in table.get("Routes") or ():
        list_id = route.get("DestinationPrefixListId")
        if list_id and list_id not in prefix_lists:
            uncertain.append(route)
            continue
        length = longest_prefix(prefix_lists[list_id], address) if list_id else _match_cidr(route, address)
        if length is not None:
            matching.append(((length, _priority(route)), route))
    if any(route.get("GatewayId") == _LOCAL for _rank, route in matching):
        matching = [(rank, route) for rank, route in matching if rank[1] != _PROPAGATED]
    best = max((rank for rank, _route in matching), default=(-1, 0))
    routes: list[ApiParams | None] = [route for rank, route in matching if rank == best]
    if best <= (max_length(address), _PREFIX_LIST):
        routes = [*(routes or [None]), *uncertain]
    return routes or [None]


def judge_route(source: Place, target: Place, state: AwsState) -> Finding:
    """The finding on the route from the source to the address of the target.

    state: the readable route tables, peering connections and prefix lists.
    """
    table = find_route_table(source.subnet_id, source.vpc_id, state.route_tables)
    if table is None:
        label = f"the route table of {source.subnet_id or 'the source subnet'}"
        fix = f"Check that it has a route to {target.address}."
        return not_readable("network", label, state.find_failure("DescribeRouteTables"), [source.subnet_id], fix)
    routes = find_routes(table, target.address, state.prefix_lists)
    findings = [_judge_next_hop(route, str(table["RouteTableId"]), source, target, state) for route in routes]
    if len(set(findings)) == 1 or all(finding.status is Status.PROBLEM for finding in findings):
        return findings[0]
    return _undecided(routes, str(table["RouteTableId"]), target, state)


def prefix_list_ids(table: ApiParams) -> set[str]:
    """The prefix lists in the routes of a table, to be read before."""
    return {
        route["DestinationPrefixListId"] for route in table.get("Routes") or () if route.get("DestinationPrefixListId")
    }


def peering_ids(table: ApiParams) -> set[str]:
    """The peering connections in the routes of a table, to be read before."""
    return {
        route["VpcPeeringConnectionId"] for route in table.get("Routes") or () if route.get("VpcPeeringConnectionId")
    }


def _match_cidr(route: ApiParams, address: str) -> int | None:
    for member in ("DestinationCidrBlock", "DestinationIpv6CidrBlock"):
        length = prefix_length(route.get(member), address)
        if length is not None:
            return length
    return None


def _priority(route: ApiParams) -> int:
    """The priority among routes with the same prefix length; higher numbers come first."""
    if route.get("Origin") in _PROPAGATED_ORIGINS:
        return _PROPAGATED
    return _PREFIX_LIST if route.get("DestinationPrefixListId") else _STATIC


def _judge_next_hop(route: ApiParams | None, table_id: str, source: Place, target: Place, state: AwsState) -> Finding:
    """The finding if this route applies."""
    address = target.address
    if route is None:
        fix = f"Add a route to {host_cidr(address)} in {table_id}, through a peering connection or a transit gateway."
        return Finding("network", Status.PROBLEM, f"route table {table_id} has no route to {address}", fix, (table_id,))
    hop, hop_id, passes = _next_hop(route)
    label = f"{hop} {hop_id}".strip()
    ids = (table_id, *([hop_id] if hop_id else []))
    is_blackhole = route.get("State") == "blackhole"
    # The status of a peering connection has the reason why the route is a blackhole.
    if route.get("VpcPeeringConnectionId") and (hop_id in state.peerings or not is_blackhole):
        return _judge_peering(table_id, hop_id, source, target, state)
    if is_blackhole:
        message = f"the route to {address} in {table_id} is a blackhole: {label} is not available"
        attach = f"Attach {source.vpc_id} to {hop_id}, or replace" if route.get("TransitGatewayId") else "Replace"
        return Finding("network", Status.PROBLEM, message, f"{attach} the route in {table_id}.", ids)
    if route.get("State", "active") != "active":
        message = f"the route to {address} in {table_id} has the state {route['State']}"
        return Finding("network", Status.UNKNOWN, message, f"Check the route in {table_id}.", ids)
    if hop == _LOCAL:
        return _judge_local(table_id, source, target)
    message = f"route table {table_id} sends packets to {address} to {label}"
    if passes is None:
        fix = f"Check that {hop_id or hop} forwards UDP from {source.address} to {address}."
        return Finding("network", Status.UNKNOWN, f"{message}, whose forwarding is not checked", fix, ids)
    fix = f"Route {host_cidr(address)} in {table_id} through a peering connection or a transit gateway."
    return Finding("network", Status.PROBLEM, f"{message}, which does not lead to the target's VPC", fix, ids)


def _judge_local(table_id: str, source: Place, target: Place) -> Finding:
    ids, address = (table_id, *filter(None, (source.vpc_id,))), target.address
    if not target.vpc_id:
        message = (
            f"route table {table_id} keeps packets to {address} in {source.vpc_id}; the target's VPC is not visible"
        )
        return Finding("network", Status.UNKNOWN, message, f"Check that the target is in {source.vpc_id}.", ids)
    if target.vpc_id != source.vpc_id:
        message = (
            f"route table {table_id} keeps packets to {address} in {source.vpc_id}; the target is in {target.vpc_id}"
        )
        fix = f"Use a target outside the CIDR blocks of {source.vpc_id}, or a Gateway Load Balancer endpoint."
        return Finding("network", Status.PROBLEM, message, fix, (*ids, target.vpc_id))
    return Finding(
        "network", Status.OK, f"route table {table_id} delivers packets to {address} in {source.vpc_id}", ids=ids
    )


def _judge_peering(table_id: str, peering_id: str, source: Place, target: Place, state: AwsState) -> Finding:
    peering = state.peerings.get(peering_id)
    ids, route = (table_id, peering_id), f"route table {table_id} sends packets to {target.address} to {peering_id}"
    if peering is None:
        fix = f"Check that {peering_id} is active and leads to {target.vpc_id or 'the VPC of the target'}."
        failure = state.find_failure("DescribeVpcPeeringConnections")
        return not_readable("network", f"{route}, which", failure, ids, fix)
    ends = [peering.get(member) or {} for member in ("RequesterVpcInfo", "AccepterVpcInfo")]
    vpcs, regions = [end.get("VpcId", "") for end in ends], {end["Region"] for end in ends if end.get("Region")}
    status = (peering.get("Status") or {}).get("Code", "")
    other = next((vpc for vpc in vpcs if vpc != source.vpc_id), "")
    if status != "active":
        accept = f"Accept {peering_id}, or replace" if status == _PENDING else "Replace"
        fix = f"{accept} the route in {table_id}."
        return Finding("network", Status.PROBLEM, f"{route}, which is {status or 'not active'}", fix, ids)
    if len(regions) > 1:
        message = f"{route}, which connects different regions"
        return Finding("network", Status.PROBLEM, message, "Use a target in the region of the source.", ids)
    if target.vpc_id and other != target.vpc_id:
        message = f"{route}, which leads to {other or source.vpc_id}; the target is in {target.vpc_id}"
        fix = f"Route {host_cidr(target.address)} in {table_id} through a peering connection with {target.vpc_id}."
        return Finding("network", Status.PROBLEM, message, fix, (*ids, target.vpc_id))
    if not target.vpc_id:
        message = f"{route}, which leads to {other}; the target's VPC is not visible"
        return Finding("network", Status.UNKNOWN, message, f"Check that the target is in {other}.", ids)
    return Finding("network", Status.OK, f"{route}, which leads to {other}", ids=ids)


def _next_hop(route: ApiParams) -> tuple[str, str, bool | None]:
    """What a route leads to, its id, and whether packets can reach a private address that way."""
    if route.get("VpcPeeringConnectionId"):
        return "peering connection", str(route["VpcPeeringConnectionId"]), True
    for member, (hop, passes) in _NEXT_HOPS.items():
        if route.get(member):
            return hop, str(route[member]), passes
    gateway = str(route.get("GatewayId") or "")
    if gateway == _LOCAL:
        return _LOCAL, "", True
    hop, passes = _GATEWAYS.get(gateway.partition("-")[0], ("gateway" if gateway else "an unknown next hop", None))
    return hop, gateway, passes


def _undecided(routes: Sequence[ApiParams | None], table_id: str, target: Place, state: AwsState) -> Finding:
    """The finding if routes with different results may apply."""
    found = [route.get("DestinationPrefixListId", "") for route in routes if route is not None]
    unknown = sorted({one for one in found if one and one not in state.prefix_lists})
    hops = tuple(dict.fromkeys(_next_hop(route)[1] or _LOCAL for route in routes if route is not None))
    ids = (table_id, *unknown, *(one for one in hops if one != _LOCAL))
    if unknown:
        lists = ", ".join(unknown)
        label = f"the route to {target.address} in {table_id} depends on the entries of {lists}, which"
        fix = f"Check whether {lists} {'contains' if len(unknown) == 1 else 'contain'} {target.address}."
        return not_readable("network", label, state.find_failure("GetManagedPrefixListEntries"), ids, fix)
    message = f"routes in {table_id} to {', '.join(hops)} have the same priority for {target.address}"
    fix = f"Add a static route to {host_cidr(target.address)} in {table_id}."
    return Finding("network", Status.UNKNOWN, message, fix, ids)
