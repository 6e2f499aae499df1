# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings on the target of a session. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .._fleet.destinations import check_endpoint, check_interface
from .._model.resource_types import ENI, GWLBE, NLB, TARGET, ApiParams, ModuleParams
from .._resources.target_sources import max_sources
from .aws_state import AwsState
from .findings import Finding, Status, not_readable
from .load_balancers import judge_load_balancer


def judge_target(
    session: ModuleParams, target: ModuleParams | None, sources: int, is_foreign: bool, state: AwsState
) -> list[Finding]:
    """The findings on the target. sources: the number of source interfaces. is_foreign: owned by another account."""
    target_id = session[TARGET.id_option]
    if target is None:
        fix = "Check whether the owner deleted it or stopped sharing it."
        return [not_readable("target", target_id, state.find_failure("DescribeTrafficMirrorTargets"), [target_id], fix)]
    if is_foreign:
        message = (
            f"{target_id} belongs to account {target.get('owner_id')}; its resource, security groups and network ACLs "
            "are not visible"
        )
        return [Finding("target", Status.UNKNOWN, message, "Check them in that account.", (target_id,))]
    if target.get("type") == ENI:
        return list(_judge_interface(target["network_interface_id"], sources, state))
    if target.get("type") == NLB:
        zone = state.interfaces.get(session["network_interface_id"], {}).get("AvailabilityZone", "")
        return list(judge_load_balancer(target["network_load_balancer_arn"], zone, state))
    if target.get("type") == GWLBE:
        return list(_judge_endpoint(target["gateway_load_balancer_endpoint_id"], state))
    message = f"{target_id} has the unknown type {target.get('type')}"
    return [Finding("target", Status.UNKNOWN, message, "Check its resource.", (target_id,))]


def _judge_interface(interface_id: str, sources: int, state: AwsState) -> Iterator[Finding]:
    interface = state.parse_interface(interface_id)
    failure = state.find_failure("DescribeNetworkInterfaces")
    if interface is None and failure:
        yield not_readable("target", interface_id, failure, [interface_id])
        return
    ids = tuple(filter(None, (interface_id, interface.attached_to if interface else "")))
    destination = check_interface(interface_id, interface)
    if destination.problem:
        fix = "Attach the interface to a sensor, start the sensor, or use another target."
        yield Finding("target", Status.PROBLEM, destination.problem, fix, ids)
        return
    if destination.unverified:
        label = f"the instance of {interface_id}"
        yield not_readable("target", label, state.find_failure("DescribeInstances"), ids, "Check that the sensor runs.")
        return
    yield Finding("target", Status.OK, f"{interface_id} is attached to a running instance", ids=ids)
    limit = max_sources(destination.instance_type)
    message = f"sources of {interface_id}: {sources}; EC2 allows {limit} with instance type {destination.instance_type}"
    if sources > limit:
        fix = "Use a larger instance or a Network Load Balancer."
        yield Finding("target", Status.PROBLEM, message, fix, ids)
    else:
        yield Finding("target", Status.OK, message, ids=ids)


def _judge_endpoint(endpoint_id: str, state: AwsState) -> Iterator[Finding]:
    row = state.endpoints.get(endpoint_id)
    failure = state.find_failure("DescribeVpcEndpoints")
    if row is None and failure:
        yield not_readable("target", endpoint_id, failure, [endpoint_id])
        return
    problem = check_endpoint(endpoint_id, None if row is None else str(row.get("State", "unknown"))).problem
    if row is None or problem:
        fix = "Accept the connection in the service of the endpoint, or use another target."
        yield Finding("target", Status.PROBLEM, problem, fix, (endpoint_id,))
        return
    yield Finding("target", Status.OK, f"{endpoint_id} is available", ids=(endpoint_id,))
    yield from _judge_service(endpoint_id, row, state)


def _judge_service(endpoint_id: str, endpoint: ApiParams, state: AwsState) -> Iterator[Finding]:
    """The service of an endpoint, and the load balancers behind it if this account owns the service."""
    name = str(endpoint.get("ServiceName", ""))
    service = state.services.get(name)
    label = f"the Gateway Load Balancer behind {endpoint_id}"
    if service is None:
        fix = "Check in the account of the service that its targets are healthy."
        failure = state.find_failure("DescribeVpcEndpointServices")
        yield not_readable("target", f"{label} ({name})", failure, [endpoint_id], fix)
        return
    if name not in state.service_balancers:
        owner = service.get("Owner", "its owner")
        fix = f"Check in account {owner} that the targets of {name} are healthy."
        failure = state.find_failure("DescribeVpcEndpointServiceConfigurations")
        yield not_readable("target", f"{label}, {name} of account {owner},", failure, [endpoint_id], fix)
        return
    zone = (state.find_endpoint_interface(endpoint) or {}).get("AvailabilityZone", "")
    for arn in state.service_balancers[name]:
        yield from judge_load_balancer(arn, zone, state, origin="endpoint")
    if not state.service_balancers[name]:
        yield not_readable("target", f"{label} ({name})", None, [endpoint_id], "Check the service of the endpoint.")
