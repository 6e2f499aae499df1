# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the resources behind targets can receive packets, as far as Describe calls show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable

from .._ec2.client import VALUES_PER_REQUEST, Ec2
from .._ec2.errors import Ec2Error
from .._model.resource_types import ENI, GWLBE, NLB, TARGET, ApiParams, ModuleParams
from .plan_entry import Destination
from .selection import Instance, Interface

# States of a load balancer (Elastic Load Balancing API Reference, LoadBalancerState) and of an endpoint (EC2 API
# Reference, VpcEndpoint) in which it forwards packets.
_ACTIVE_BALANCER, _AVAILABLE_ENDPOINT = ("active", "active_impaired"), "available"


def read_destinations(
    targets: Iterable[ModuleParams], interfaces: dict[str, Interface], ec2: Ec2
) -> dict[str, Destination]:
    """The destinations of these targets, by target id.

    interfaces: those that were read already, with their instances. Resources that may not be read are unverified.
    Raises Ec2Error if a call of EC2 fails for another reason than a missing permission.
    """
    destinations: dict[str, Destination] = {}
    # Resource id to the ids of its targets, by target type.
    by_type: dict[str, dict[str, list[str]]] = {ENI: {}, NLB: {}, GWLBE: {}}
    for target in targets:
        target_id, type_ = target[TARGET.id_option], target.get("type", "")
        resource = next((target[option] for option in TARGET.identifying if target.get(option)), "")
        if ec2.is_foreign(target.get("owner_id")):
            destinations[target_id] = Destination(unverified=f"owned by account {target['owner_id']}")
        elif type_ in by_type:
            by_type[type_].setdefault(resource, []).append(target_id)
        else:
            destinations[target_id] = Destination(unverified=f"unknown type {type_}")
    readers: dict[str, Callable[[list[str]], dict[str, Destination]]] = {
        ENI: lambda ids: _read_interfaces(ids, interfaces, ec2),
        NLB: lambda arns: _read_load_balancers(arns, ec2),
        GWLBE: lambda ids: _read_endpoints(ids, ec2),
    }
    for type_, resources in by_type.items():
        if resources:
            found = readers[type_](sorted(resources))
            destinations.update({one: found[key] for key, target_ids in resources.items() for one in target_ids})
    return destinations


def read_interfaces(ids: Iterable[str], ec2: Ec2) -> dict[str, Interface]:
    """The interfaces with these ids, with their instances, by id. An interface that does not exist is not included."""
    rows = _describe("DescribeNetworkInterfaces", "NetworkInterfaces", "network-interface-id", ids, ec2)
    found = [Interface.from_api(row) for row in rows]
    attached = {interface.attached_to for interface in found if interface.attached_to}
    reservations = _describe("DescribeInstances", "Reservations", "instance-id", attached, ec2)
    instances = [Instance.from_api(row) for reservation in reservations for row in reservation["Instances"]]
    by_id = {instance.id: instance for instance in instances}
    return {interface.id: interface.with_instance(by_id) for interface in found}


def _read_interfaces(ids: list[str], known: dict[str, Interface], ec2: Ec2) -> dict[str, Destination]:
    try:
        known = {**known, **read_interfaces([one for one in ids if one not in known], ec2)}
    except Ec2Error as error:
        return _unverified(ids, error)
    return {one: check_interface(one, known.get(one)) for one in ids}


def check_interface(interface_id: str, interface: Interface | None) -> Destination:
    """The destination of a target that is a network interface. interface: None if it does not exist."""
    label = f"the target's network interface {interface_id}"
    if interface is None:
        return Destination(problem=f"{label} does not exist")
    instance = interface.instance
    if not interface.attached_to and not interface.managed_by:
        return Destination(interface.zone, problem=f"{label} is not attached to an instance")
    if instance is None:
        return Destination(interface.zone, unverified="the state of the target's instance is not visible")
    problem = "" if instance.state == "running" else f"the instance of {label} is {instance.state}"
    return Destination(interface.zone, instance.type, problem)


def _read_load_balancers(arns: list[str], ec2: Ec2) -> dict[str, Destination]:
    try:
        rows = ec2.services.load_balancers(arns)
    except Ec2Error as error:
        return _unverified(arns, error)
    states = {arn: str(row.get("State", {}).get("Code", "unknown")) for arn, row in rows.items()}
    return {arn: check_load_balancer(arn, states.get(arn)) for arn in arns}


def check_load_balancer(arn: str, state: str | None) -> Destination:
    """The destination of a target that is a load balancer. state: None if it does not exist."""
    return Destination(problem=_state_problem(f"the target's load balancer {arn}", state, _ACTIVE_BALANCER))


def _read_endpoints(ids: list[str], ec2: Ec2) -> dict[str, Destination]:
    try:
        rows = _describe("DescribeVpcEndpoints", "VpcEndpoints", "vpc-endpoint-id", ids, ec2)
    except Ec2Error as error:
        return _unverified(ids, error)
    states = {row["VpcEndpointId"]: str(row.get("State", "")) for row in rows}
    return {one: check_endpoint(one, states.get(one)) for one in ids}


def check_endpoint(endpoint_id: str, state: str | None) -> Destination:
    """The destination of a target that is a Gateway Load Balancer endpoint. state: None if it does not exist."""
    # EC2 documents the states with a capital letter and returns them in lower case.
    state = None if state is None else state.lower()
    return Destination(problem=_state_problem(f"the target's endpoint {endpoint_id}", state, [_AVAILABLE_ENDPOINT]))


def _state_problem(label: str, state: str | None, working: Iterable[str]) -> str:
    if state is None:
        return f"{label} does not exist"
    return "" if state in working else f"{label} is {state}"


def _unverified(resources: Iterable[str], error: Ec2Error) -> dict[str, Destination]:
    """The destinations that a call could not read. Raises the error if EC2 failed for another reason."""
    is_other_service = error.operation == "DescribeLoadBalancers"
    if not error.denied and not is_other_service:
        raise error
    return {one: Destination(unverified=f"{error.operation} failed: {error.code}") for one in resources}


def _describe(operation: str, member: str, filter_name: str, ids: Iterable[str], ec2: Ec2) -> list[ApiParams]:
    """The rows with these ids. A filter, unlike an id parameter, is not an error for an id that does not exist."""
    ids, rows = sorted(ids), []
    for start in range(0, len(ids), VALUES_PER_REQUEST):
        pages: Any = ec2.pages(operation, {filter_name: ids[start : start + VALUES_PER_REQUEST]})
        rows += [row for page in pages for row in page[member]]
    return rows
