# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings on a load balancer and the targets registered with it. Pure.

Without cross-zone load balancing, the node of an Availability Zone forwards packets only to targets in the zone.
Traffic Mirroring sends packets to the node in the zone of the source, also if the node has no healthy targets (Traffic
Mirroring guide, "Network Load Balancer").
"""

from __future__ import annotations

from collections.abc import Iterator

from .._fleet.destinations import check_load_balancer
from .._model.resource_types import ApiParams
from .._model.text import list_some
from .aws_state import AwsState, Balancer, TargetGroup, balancer_label, get_port, list_target_ids
from .findings import Finding, Status, not_readable

# The zone of a registered address that gets packets of all zones (Elastic Load Balancing API Reference,
# TargetDescription).
_ALL = "all"


def judge_load_balancer(arn: str, zone: str, state: AwsState, origin: str = "source") -> Iterator[Finding]:
    """The findings on a Network Load Balancer, or on the Gateway Load Balancer of an endpoint service.

    origin: what sends packets to the load balancer. zone: of the origin, empty if unknown.
    """
    balancer, label = state.balancers.get(arn), balancer_label(arn)
    if balancer is None:
        yield not_readable("target", label, state.find_failure("DescribeLoadBalancers"), [arn])
        return
    status = None if balancer.row is None else str(balancer.row.get("State", {}).get("Code", "unknown"))
    if status is None:
        fix = "Create the load balancer and a target for it, or use another target."
        yield Finding("target", Status.PROBLEM, f"{label} does not exist", fix, (arn,))
        return
    if check_load_balancer(arn, status).problem:
        fix = "Wait until it is active, or use another target."
        yield Finding("target", Status.PROBLEM, f"{label} is {status}", fix, (arn,))
        return
    yield Finding("target", Status.OK, f"{label} is {status}", ids=(arn,))
    if balancer.listeners is None:
        yield not_readable("target", f"the listeners of {label}", state.find_failure("DescribeListeners"), [arn])
        return
    # A Gateway Load Balancer listens on all ports (Elastic Load Balancing API Reference, CreateListener).
    listener, port = ("listener", "") if balancer.is_gateway else ("UDP listener", " for UDP port 4789")
    if not balancer.listeners:
        fix = f"Create a {listener}{' on port 4789' if port else ''} that forwards to the sensors."
        yield Finding("target", Status.PROBLEM, f"{label} has no listener{port}", fix, (arn,))
        return
    yield Finding("target", Status.OK, f"{label} has a listener{port}", ids=(arn,))
    if not balancer.groups:
        fix = "Set a target group with a weight above 0 in the default action of the listener."
        yield Finding("target", Status.PROBLEM, f"the listener of {label} forwards to no target group", fix, (arn,))
    yield from _judge_target_groups(arn, balancer, zone, origin, state)


def _judge_target_groups(arn: str, balancer: Balancer, zone: str, origin: str, state: AwsState) -> Iterator[Finding]:
    """The findings on the health of the targets that get the packets of a zone."""
    label = balancer_label(arn)
    for group in balancer.groups:
        if group.health is None:
            subject = f"the health of the targets of {label}"
            failure = state.find_failure("DescribeTargetHealth")
            yield not_readable("target", subject, failure, [arn, group.arn])
            continue
        ids = list_target_ids(group.healthy)
        if ids:
            yield Finding("target", Status.OK, f"healthy targets of {label}: {list_some(ids)}", ids=(arn, *ids))
            yield from _judge_zones(arn, balancer, group, zone, origin, state)
            continue
        ids = list_target_ids(group.health)
        message = f"no target of {label} is healthy: {list_some(ids)}" if ids else f"{label} has no registered targets"
        fix = "Register the sensors, and check their health checks."
        yield Finding("target", Status.PROBLEM, message, fix, (arn, *ids))


def list_receivers(balancer: Balancer, zone: str, state: AwsState) -> list[ApiParams]:
    """The registered targets that packets of a zone are for, as C(TargetHealthDescription). zone: empty if unknown.

    An instance or address can be registered several times, with different ports.
    """
    rows = {}
    for group in balancer.groups:
        zones = {"", _ALL, zone} if zone and group.cross_zone is False else set()
        for row in group.candidates:
            if not zones or _find_zone(row, balancer, state) in zones:
                rows[(row["Target"]["Id"], get_port(row))] = row
    return list(rows.values())


def _judge_zones(
    arn: str, balancer: Balancer, group: TargetGroup, zone: str, origin: str, state: AwsState
) -> Iterator[Finding]:
    """Whether the node in the zone of the source or endpoint has a healthy target."""
    zones = {_find_zone(row, balancer, state) for row in group.healthy}
    if group.cross_zone or not zone or {zone, _ALL} & zones or (balancer.zones and balancer.zones <= zones):
        return
    ids, label = (arn, *list_target_ids(group.healthy)), balancer_label(arn)
    if group.cross_zone is None:
        failure = state.find_failure("DescribeTargetGroupAttributes", "DescribeLoadBalancerAttributes")
        yield not_readable("target", f"cross-zone load balancing of {label}", failure, ids)
    elif "" in zones:
        message = f"the zone of a healthy target of {label} is not visible, and cross-zone load balancing is off"
        yield Finding("target", Status.UNKNOWN, message, "Turn on cross-zone load balancing.", ids)
    elif zone not in balancer.zones:
        message = (
            f"{label} is not enabled in {zone}, the zone of the {origin}, cross-zone load balancing is off, "
            "and not all of its zones have healthy targets"
        )
        yield Finding("target", Status.UNKNOWN, message, "Turn on cross-zone load balancing.", ids)
    else:
        message = (
            f"no healthy target of {label} is in {zone}, the zone of the {origin}, and cross-zone load balancing is off"
        )
        fix = f"Turn on cross-zone load balancing, or add a sensor in {zone}."
        yield Finding("target", Status.PROBLEM, message, fix, ids)


def _find_zone(row: ApiParams, balancer: Balancer, state: AwsState) -> str:
    """The zone of a registered target, _ALL if it gets packets of all zones, empty if unknown."""
    zone = str(row["Target"].get("AvailabilityZone", ""))
    if not zone:
        zone = (state.find_registered(row["Target"], balancer.vpc_id) or {}).get("AvailabilityZone", "")
    return zone
