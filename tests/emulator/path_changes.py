# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of changes of the network that moto accepts and EC2 does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from . import machines, managed_interfaces
from .errors import ApiError


def check(account: str, region: str, action: str, parameters: Mapping[str, Any]) -> None:
    """Raise ApiError for a change of a route, a security group, a subnet or an endpoint that EC2 rejects."""
    ec2 = ec2_backends[account][region]
    if action in ("CreateRoute", "ReplaceRoute"):
        gateway = parameters.get("TransitGatewayId")
        if gateway is not None and gateway not in ec2.transit_gateways:
            raise ApiError("InvalidTransitGatewayID.NotFound", f"The transitGateway ID '{gateway}' does not exist")
    if action == "DeleteRoute":
        _check_local_route(ec2, parameters)
    if action == "DeleteSecurityGroup":
        _check_group_unused(account, region, parameters.get("GroupId", ""))
    if action == "DeleteSubnet":
        wanted = parameters.get("SubnetId", "")
        if any(eni.subnet.id == wanted for eni in ec2.enis.values()):
            # Code and text as quoted in issues of Terraform's AWS provider.
            raise ApiError("DependencyViolation", f"The subnet '{wanted}' has dependencies and cannot be deleted.")
    managed_interfaces.check_endpoint_change(account, region, action, parameters)


def _check_local_route(ec2: Any, parameters: Mapping[str, Any]) -> None:
    table = ec2.route_tables.get(parameters.get("RouteTableId", ""))
    block = parameters.get("DestinationCidrBlock")
    for route in table.routes if table is not None else ():
        if route.local and block is not None and route.destination_cidr_block == block:
            # Code and text as quoted in issues of Terraform's AWS provider.
            raise ApiError("InvalidParameterValue", f"cannot remove local route {block} in route table {table.id}")


def _check_group_unused(account: str, region: str, group: str) -> None:
    """Raise DependencyViolation (EC2 API Reference, DeleteSecurityGroup) if an interface or a balancer has the group.

    Application Load Balancers have the group through interfaces that the emulator does not model.
    """
    ec2, balancers = ec2_backends[account][region], elbv2_backends[account][region].load_balancers.values()
    on_interface = any(group in {one.id for one in machines.groups_of(eni)} for eni in ec2.enis.values())
    if on_interface or any(group in (one.security_groups or ()) for one in balancers):
        raise ApiError("DependencyViolation", f"resource {group} has a dependent object")
