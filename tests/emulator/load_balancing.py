# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe of load balancers, listeners, target groups and target health; the checks of changes that moto lacks.

The rows are those of moto with these corrections towards Elastic Load Balancing: a load balancer without security
groups has no member SecurityGroups, only HTTPS and TLS listeners have an SSL policy, and target health depends on the
listeners, the enabled zones, the instance and the setting target_health.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from . import describe, machines, managed_interfaces, query_wire
from .calls import Call
from .errors import ApiError
from .machines import ApiObject
from .query_wire import invalid

SERVICE = "elbv2"
# Sends an action to moto: (action, form without Action and Version) -> body of the reply. Raises ApiError.
Sender = Callable[[str, list[tuple[str, str]]], bytes]
# Actions: the member with the rows, the member that sorts the rows, the parameters that name rows.
_PAGED = {
    "DescribeListeners": ("Listeners", "ListenerArn", ("ListenerArns",)),
    "DescribeLoadBalancers": ("LoadBalancers", "LoadBalancerArn", ("LoadBalancerArns", "Names")),
    "DescribeTargetGroups": ("TargetGroups", "TargetGroupArn", ("TargetGroupArns", "Names")),
}
_PLAIN = ("DescribeLoadBalancerAttributes", "DescribeTargetGroupAttributes", "DescribeTargetHealth")
ACTIONS = (*_PAGED, *_PLAIN)
MAX_ARNS = 20  # API Reference, DescribeLoadBalancers
# Protocols of the target groups that a listener can forward to (Network Load Balancer guide, target groups).
_FORWARDED = {"TCP": ("TCP", "TCP_UDP"), "UDP": ("UDP", "TCP_UDP"), "TCP_UDP": ("TCP_UDP",), "TLS": ("TLS", "TCP")}
# States of the setting target_health: reason and description (Elastic Load Balancing API Reference, TargetHealth).
HEALTH = {
    "draining": ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
    "healthy": ("", ""),
    "initial": ("Elb.RegistrationInProgress", "Target registration is in progress"),
    "unavailable": ("Target.HealthCheckDisabled", "Health checks are disabled for this target group"),
    "unhealthy": ("Target.FailedHealthChecks", "Health checks failed"),
    "unused": ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"),
}


def answer(call: Call, pairs: list[tuple[str, str]], send: Sender) -> dict[str, Any]:
    """Return the reply of one of ACTIONS. Call.parameters: as in the request, set to the parsed request."""
    action = call.action
    given = query_wire.parse(SERVICE, action, pairs)
    _check_request(action, given)
    if action not in _PAGED:
        call.mark_validated()
        result = query_wire.decode(SERVICE, action, send(action, _form(pairs)))
        return _with_health(call, given, result) if action == "DescribeTargetHealth" else result
    member, key, names = _PAGED[action]
    query_wire.check_range(
        "PageSize", given.get("PageSize"), query_wire.model(SERVICE).operation_model(action).input_shape
    )
    renamed = {"PageSize": "MaxResults", "Marker": "NextToken"}
    call.parameters = {renamed.get(name, name): value for name, value in given.items()}
    try:
        position = describe.parse_paging(call, 1, 400)
    except ApiError as error:
        raise invalid(f"Invalid marker: {given.get('Marker')}") from error
    call.mark_validated()
    of_balancer = given.get("LoadBalancerArn") if action == "DescribeTargetGroups" else None
    if of_balancer:
        # moto keeps the load balancer of a target group whose listener was deleted.
        _check_balancer(call, of_balancer)
        pairs = [pair for pair in pairs if pair[0] != "LoadBalancerArn"]
    rows = [_corrected(call, action, row) for row in _all_rows(action, member, pairs, send)]
    if of_balancer:
        rows = [row for row in rows if of_balancer in row["LoadBalancerArns"]]
    # Sorts "sensors" before "sensors-b".
    keyed = sorted(((row[key].replace("/", "\1"), row) for row in rows), key=lambda pair: pair[0])
    page, token = describe.paginate(call, keyed, position, paged=not any(given.get(name) for name in names))
    return {member: page, **({"NextMarker": token["NextToken"]} if token else {})}


def _form(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in pairs if name not in ("Action", "Version", "PageSize", "Marker")]


def _check_request(action: str, given: Mapping[str, Any]) -> None:
    if len(given.get("LoadBalancerArns", ())) > MAX_ARNS:
        raise invalid(f"The maximum number of load balancers in one request is {MAX_ARNS}")
    if action == "DescribeListeners" and bool(given.get("LoadBalancerArn")) == bool(given.get("ListenerArns")):
        raise invalid("You must specify either listener ARNs or a load balancer ARN")
    names = [name for name in ("LoadBalancerArns", "LoadBalancerArn", "TargetGroupArns", "Names") if given.get(name)]
    if action in ("DescribeLoadBalancers", "DescribeTargetGroups") and len(names) > 1:
        raise invalid(f"{' and '.join(names)} cannot be specified at the same time")


def _check_balancer(call: Call, arn: str) -> None:
    if arn not in elbv2_backends[call.account][call.region].load_balancers:
        raise ApiError("LoadBalancerNotFound", f"Load balancer '{arn}' not found")


def _all_rows(action: str, member: str, pairs: list[tuple[str, str]], send: Sender) -> list[ApiObject]:
    rows: list[ApiObject] = []
    form = [*_form(pairs), ("PageSize", "400")]
    while True:
        reply = query_wire.decode(SERVICE, action, send(action, form))
        rows += reply.get(member, [])
        if not reply.get("NextMarker"):
            return rows
        form = [*_form(pairs), ("PageSize", "400"), ("Marker", reply["NextMarker"])]


def _corrected(call: Call, action: str, row: ApiObject) -> ApiObject:
    absent: set[str] = set()
    if action == "DescribeLoadBalancers" and not row.get("SecurityGroups"):
        absent = {"SecurityGroups"}
    if action == "DescribeListeners" and row["Protocol"] not in ("HTTPS", "TLS"):
        absent = {"SslPolicy", "AlpnPolicy", "Certificates"}
        if not row["Protocol"]:
            absent |= {"Port", "Protocol"}  # of a Gateway Load Balancer (API Reference, CreateListener)
    if action == "DescribeTargetGroups":
        row = {**row, "LoadBalancerArns": sorted(_balancers(call.account, call.region, row["TargetGroupArn"]))}
    return {name: value for name, value in row.items() if name not in absent}


def _balancers(account: str, region: str, group: str) -> dict[str, Any]:
    """Return the load balancers with a listener that forwards to a target group, by ARN."""
    found = elbv2_backends[account][region].load_balancers
    return {
        arn: balancer
        for arn, balancer in found.items()
        if any(
            group in _groups_of(action.data) for one in balancer.listeners.values() for action in one.default_actions
        )
    }


def _groups_of(action: Mapping[str, Any]) -> set[str]:
    weighted = action.get("ForwardConfig", {}).get("TargetGroups", [])
    return {action.get("TargetGroupArn", ""), *(one["TargetGroupArn"] for one in weighted)}


def _with_health(call: Call, given: Mapping[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Return the reply with the health of each target. moto returns healthy for all running instances."""
    group = elbv2_backends[call.account][call.region].target_groups[given["TargetGroupArn"]]
    balancers = list(_balancers(call.account, call.region, group.arn).values())
    rows = []
    for row in result["TargetHealthDescriptions"]:
        # Of registered targets only; moto also returns targets that were deregistered.
        if row["Target"]["Id"] in group.targets:
            row = {**row, "TargetHealth": _health(call, group, balancers, row)}
        rows.append(row)
    return {"TargetHealthDescriptions": rows}


def _health(call: Call, group: Any, balancers: list[Any], row: ApiObject) -> ApiObject:
    target = row["Target"]["Id"]
    if group.target_type == "instance":
        machine = _machine(call, target)
        state = "terminated" if machine is None else machine.state
        if state != "running":
            return _health_row("unused", "Target.InvalidState", f"Target is in the {state} state")
        zone, is_reachable = machine.placement.availability_zone if machine else None, True
    else:
        zone, is_reachable = _address(call, target)
    zone = row["Target"].get("AvailabilityZone", zone)
    if not balancers:
        return _health_row("unused", *HEALTH["unused"])
    ec2 = ec2_backends[call.account][call.region]
    enabled = {one.availability_zone for found in balancers for one in managed_interfaces.subnets_of(ec2, found)}
    if zone and zone != "all" and zone not in enabled:
        text = "Target is in an Availability Zone that is not enabled for the load balancer"
        return _health_row("unused", "Target.NotInUse", text)
    setting = call.settings["target_health"]
    state = setting.get(f"{group.name} {target}", setting.get(target, "" if is_reachable else "timeout"))
    if state == "timeout":
        return _health_row("unhealthy", "Target.Timeout", "Request timed out")
    return _health_row(state or "healthy", *HEALTH[state or "healthy"])


def _health_row(state: str, reason: str, text: str) -> ApiObject:
    return {"State": state, **({"Reason": reason, "Description": text} if reason else {})}


def _machine(call: Call, identifier: str) -> Any | None:
    ec2 = ec2_backends[call.account][call.region]
    members = (member for whole in ec2.reservations.values() for member in whole.instances)
    return next((member for member in members if member.id == identifier), None)


def _address(call: Call, address: str) -> tuple[str | None, bool]:
    """Return the zone of an IP address, and whether a running instance of the account has it."""
    for eni in ec2_backends[call.account][call.region].enis.values():
        if address in (*machines.addresses_of(eni), *eni.ipv6_addresses):
            return eni.subnet.availability_zone, eni.instance is not None and eni.instance.state == "running"
    return None, False


def check_change(account: str, region: str, action: str, pairs: list[tuple[str, str]]) -> None:
    """Reject calls that moto accepts and Elastic Load Balancing does not. pairs: the form of the request."""
    backend, parameters = elbv2_backends[account][region], dict(pairs)
    found = backend.load_balancers.get(parameters.get("LoadBalancerArn", ""))
    if action == "CreateLoadBalancer" and parameters.get("Type") == "network":
        given = query_wire.parse(SERVICE, action, pairs)
        vpc = managed_interfaces.check_subnets(account, region, given)
        managed_interfaces.check_groups(account, region, given.get("SecurityGroups", ()), vpc)
    if found is None or not managed_interfaces.is_network(found):
        return
    # Source of the codes: Elastic Load Balancing API Reference, SetSecurityGroups, SetSubnets and CreateListener.
    if action == "SetSecurityGroups":
        if not found.security_groups:
            text = "You cannot set security groups on a Network Load Balancer that was created without security groups"
            raise ApiError("InvalidConfigurationRequest", text)
        groups = query_wire.parse(SERVICE, action, pairs)["SecurityGroups"]
        if not groups:
            raise invalid("SecurityGroups must not be empty")
        managed_interfaces.check_groups(account, region, groups, found.vpc_id)
    if action == "SetSubnets":
        managed_interfaces.check_subnets(account, region, query_wire.parse(SERVICE, action, pairs), found)
    if action == "CreateListener":
        _check_listener(account, region, found, parameters)


def _check_listener(account: str, region: str, found: Any, parameters: Mapping[str, str]) -> None:
    if any(str(one.port) == parameters.get("Port") for one in found.listeners.values()):
        raise ApiError("DuplicateListener", "A listener already exists on this port for this load balancer")
    for name, arn in parameters.items():
        group = elbv2_backends[account][region].target_groups.get(arn) if name.endswith("TargetGroupArn") else None
        if group is None:
            continue
        if set(_balancers(account, region, arn)) - {found.arn}:
            text = f"The following target groups cannot be associated with more than one load balancer: {arn}"
            raise ApiError("TargetGroupAssociationLimit", text)
        if group.protocol not in _FORWARDED.get(parameters.get("Protocol", ""), (group.protocol,)):
            raise ApiError("IncompatibleProtocols", f"Target group {group.name} has protocol {group.protocol}")
