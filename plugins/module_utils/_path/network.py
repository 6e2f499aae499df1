# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings on the network between the source and the target of a session. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .._model.resource_types import ENI, GWLBE, NLB, ApiParams, ModuleParams
from .._model.text import list_some
from .addresses import Place
from .aws_state import AwsState, Balancer, balancer_label, get_port, group_ids, to_place
from .findings import Finding, Status, not_readable
from .load_balancers import list_receivers
from .network_acls import judge_network_acls
from .routes import judge_route
from .security_groups import Peer, judge_security_groups, via_load_balancer


def judge_network(
    session: ModuleParams, target: ModuleParams | None, is_foreign: bool, state: AwsState
) -> list[Finding]:
    """The findings on security groups, network ACLs and the route, for the VXLAN packets of a session.

    Empty if the source or the target is not visible, or if the source has no IPv4 address: other stages have findings
    on these.
    """
    source = state.interfaces.get(session["network_interface_id"], {})
    if not source.get("PrivateIpAddress") or target is None or is_foreign:
        return []
    if target.get("type") == ENI:
        return list(_judge_interface(source, target["network_interface_id"], state))
    if target.get("type") == NLB:
        return list(_judge_balancer(source, target["network_load_balancer_arn"], state))
    if target.get("type") == GWLBE:
        return list(_judge_endpoint(source, target["gateway_load_balancer_endpoint_id"], state))
    return []


def _judge_interface(source: ApiParams, interface_id: str, state: AwsState) -> Iterator[Finding]:
    target = state.interfaces.get(interface_id)
    if target is not None and not target.get("PrivateIpAddress"):
        message = f"{interface_id} has no IPv4 address, which is the destination of mirrored packets"
        fix = "Use an interface with an IPv4 address as target."
        yield Finding("network", Status.PROBLEM, message, fix, (interface_id,))
    elif target is not None:
        yield from _judge_way(to_place(source), to_place(target), state)
        yield judge_security_groups(interface_id, group_ids(target), _peer(source), state)


def _judge_balancer(source: ApiParams, arn: str, state: AwsState) -> Iterator[Finding]:
    """The way to the load balancer's node in the zone of the source, and from there to the registered targets."""
    balancer = state.balancers.get(arn)
    if balancer is None or balancer.row is None:
        return
    label, zone = balancer_label(arn), source.get("AvailabilityZone", "")
    node = state.find_node(arn, zone)
    if node is not None:
        yield from _judge_way(to_place(source), to_place(node), state)
    elif zone in balancer.zones:
        message = f"the address of {label} in {zone} is not visible; routes and network ACLs are not checked"
        fix = "Check them between the subnets of the source, the load balancer and its targets."
        yield Finding("network", Status.UNKNOWN, message, fix, (arn,))
    else:
        message = (
            f"{label} is not enabled in {zone}, the zone of the source; the zone that receives the packets "
            "is not visible, so routes and network ACLs are not checked"
        )
        yield Finding("network", Status.UNKNOWN, message, f"Enable {zone} for {label}.", (arn,))
    yield judge_security_groups(arn, balancer.security_groups, _peer(source), state)
    yield from _judge_registered(source, node, arn, balancer, state)


def _judge_registered(
    source: ApiParams, node: ApiParams | None, arn: str, balancer: Balancer, state: AwsState
) -> Iterator[Finding]:
    """The way from the load balancer to the registered targets that receive packets; one finding if all is ok.

    The load balancer preserves the address of the source, and sends packets to the port of the target. node: its
    interface, None if not visible.
    """
    peer = via_load_balancer(_peer(source), balancer.security_groups)
    hidden: list[str] = []
    visible: list[str] = []
    findings: list[Finding] = []
    for row in list_receivers(balancer, source.get("AvailabilityZone", "") if node else "", state):
        target_id = str(row["Target"]["Id"])
        target = state.find_registered(row["Target"], balancer.vpc_id)
        if target is None:
            hidden.append(target_id)
            continue
        visible.append(target_id)
        place, port = to_place(target), get_port(row)
        if not target_id.startswith("i-"):
            place = replace(place, address=target_id)  # possibly a secondary address
        if balancer.security_groups:
            findings.append(
                judge_security_groups(arn, balancer.security_groups, Peer(place.address), state, port, egress=True)
            )
        if node is not None:
            findings += judge_network_acls(replace(to_place(node), address=peer.address), place, state, port)
        findings.append(judge_security_groups(target["NetworkInterfaceId"], group_ids(target), peer, state, port))
    open_findings = [finding for finding in findings if finding.status is not Status.OK]
    yield from dict.fromkeys(open_findings)
    if visible and not open_findings:
        message = f"targets of {balancer_label(arn)} accept UDP from {peer.address}: {list_some(visible)}"
        yield Finding("network", Status.OK, message, ids=(arn, *visible))
    if hidden:
        label = f"the security groups of targets of {balancer_label(arn)} ({list_some(hidden)})"
        fix = f"Check that their security groups allow UDP from {peer.address}."
        yield not_readable("network", label, state.find_failure("DescribeNetworkInterfaces"), (arn, *hidden), fix)


def _judge_endpoint(source: ApiParams, endpoint_id: str, state: AwsState) -> Iterator[Finding]:
    endpoint = state.endpoints.get(endpoint_id)
    if endpoint is None:
        return
    row = state.find_endpoint_interface(endpoint)
    if row is not None:
        yield from _judge_way(to_place(source), to_place(row), state)
    else:
        message = f"the address of {endpoint_id} is not visible; routes and network ACLs are not checked"
        fix = "Check them between the subnets of the source and the endpoint."
        yield Finding("network", Status.UNKNOWN, message, fix, (endpoint_id,))


def _judge_way(source: Place, target: Place, state: AwsState) -> list[Finding]:
    """The route and the network ACLs from the source to the target."""
    return [judge_route(source, target, state), *judge_network_acls(source, target, state)]


def _peer(source: ApiParams) -> Peer:
    return Peer(source.get("PrivateIpAddress", ""), frozenset(group_ids(source)))
