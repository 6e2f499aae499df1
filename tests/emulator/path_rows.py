# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrections of moto's rows in paths.py: the state of routes, CIDRs of peerings, services of endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends

from .machines import ApiObject

if TYPE_CHECKING:
    from .calls import Call

# The account of the Gateway Load Balancer behind an endpoint whose service the account does not own.
SERVICE_OWNER = "210987654321"


def route_table(call: Call, row: ApiObject) -> ApiObject:
    """Return a route table with the state of each route. moto always returns active."""
    routes = [{**route, "State": _state(call, row["VpcId"], route)} for route in row.get("Routes", ())]
    return {**row, "Routes": routes}


def _state(call: Call, vpc: str, route: ApiObject) -> str:
    """Return blackhole if the target of a route is not available, as the botocore model documents it, else active."""
    ec2 = ec2_backends[call.account][call.region]
    target = route.get("GatewayId", "")
    if "VpcPeeringConnectionId" in route:
        found = ec2.vpc_pcxs.get(route["VpcPeeringConnectionId"])
        usable = found is not None and found._status.code == "active"
    elif "TransitGatewayId" in route:
        usable = _is_attached(ec2, route["TransitGatewayId"], vpc)
    elif "NatGatewayId" in route:
        found = ec2.nat_gateways.get(route["NatGatewayId"])
        usable = found is not None and found.state == "available"
    elif "NetworkInterfaceId" in route or "InstanceId" in route:
        usable = _is_running(ec2, route)
    elif target.startswith("igw-"):
        found = ec2.internet_gateways.get(target)
        usable = found is not None and found.vpc is not None and found.vpc.id == vpc
    elif target.startswith("vpce-"):
        found = ec2.vpc_end_points.get(target)
        usable = found is not None and found.state == "available"
    else:
        # moto accepts routes to gateways that do not exist. Their rows have no target.
        usable = bool(target) or any(name in route for name in ("CarrierGatewayId", "EgressOnlyInternetGatewayId"))
    return "active" if usable else "blackhole"


def _is_attached(ec2: Any, gateway: str, vpc: str) -> bool:
    """Return whether a transit gateway and its attachment of the VPC are available."""
    found = ec2.transit_gateways.get(gateway)
    if found is None or found.state != "available":
        return False
    return any(
        attachment.transit_gateway_id == gateway and attachment.resource_id == vpc and attachment.state == "available"
        for attachment in ec2.transit_gateway_attachments.values()
    )


def _is_running(ec2: Any, route: ApiObject) -> bool:
    """Return whether the interface of a route is attached to a running instance, or the instance runs."""
    if "NetworkInterfaceId" in route:
        eni = ec2.enis.get(route["NetworkInterfaceId"])
        return eni is not None and eni.instance is not None and eni.instance.state == "running"
    return any(
        member.id == route["InstanceId"] and member.state == "running"
        for whole in ec2.reservations.values()
        for member in whole.instances
    )


def peering(_call: Call, row: ApiObject) -> ApiObject:
    """Return a peering connection with the IPv4 CIDR blocks of both VPCs, which moto lacks."""
    sides = {}
    for side in ("AccepterVpcInfo", "RequesterVpcInfo"):
        info = row[side]
        blocks = [{"CidrBlock": info["CidrBlock"]}] if info.get("CidrBlock") else []
        sides[side] = {**info, **({"CidrBlockSet": blocks} if blocks else {})}
    return {**row, **sides}


def service_configuration(_call: Call, row: ApiObject) -> ApiObject:
    """Return an endpoint service of the account with the type that moto lacks."""
    return {**row, "ServiceType": [{"ServiceType": "GatewayLoadBalancer"}]} if "GatewayLoadBalancerArns" in row else row


def configured_services(call: Call) -> set[str]:
    """Return the names of the endpoint services that the account has created."""
    return {
        configuration.service_name for configuration in ec2_backends[call.account][call.region].configurations.values()
    }


def services(call: Call) -> list[ApiObject]:
    """Return the services of the account's Gateway Load Balancer endpoints, except those in hidden_services."""
    ec2 = ec2_backends[call.account][call.region]
    zones = sorted({zone for zone, subnets in ec2.subnets.items() if subnets})
    names = {
        endpoint.service_name
        for endpoint in ec2.vpc_end_points.values()
        if endpoint.vpc_endpoint_type == "GatewayLoadBalancer" and endpoint.state != "deleted"
    }
    return [
        {
            "ServiceName": name,
            "ServiceId": name.rpartition(".")[2],
            "ServiceType": [{"ServiceType": "GatewayLoadBalancer"}],
            "AvailabilityZones": zones,
            "Owner": SERVICE_OWNER,
            "BaseEndpointDnsNames": [],
            "VpcEndpointPolicySupported": False,
            "AcceptanceRequired": False,
            "ManagesVpcEndpoints": False,
            "Tags": [],
            "SupportedIpAddressTypes": ["ipv4"],
        }
        for name in sorted(names - configured_services(call) - set(call.settings["hidden_services"]))
    ]
