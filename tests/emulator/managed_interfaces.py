# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requester-managed interfaces: of Network Load Balancers, of Gateway Load Balancer endpoints, of other services.

moto creates no interfaces for load balancers and Gateway Load Balancer endpoints. Sources: the Network Load Balancer
guide (one interface per enabled subnet), the AWS PrivateLink guide (one interface in the subnet of the endpoint), and a
reply of DescribeNetworkInterfaces of a Network Load Balancer in the test data of the network analyzer Batfish.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from moto.ec2.models import EC2Backend, ec2_backends
from moto.elbv2.models import ELBv2Backend

from . import machines
from .errors import ApiError


@dataclass(frozen=True)
class InterfaceTemplate:
    """The values of one kind of interface.

    requester: its RequesterId, "" for an interface that is not requester-managed. attached_by: the service that
    attached it, None for an instance. forwards: it forwards packets of other addresses, so it has no source/destination
    check, and no security groups by default.
    """

    interface_type: str = "interface"
    description: str = ""
    requester: str = ""
    attached_by: str | None = None
    forwards: bool = False


# The account of a service that has no alias.
SERVICE_ACCOUNT = "440000000017"
NODE = InterfaceTemplate("network_load_balancer", "ELB ", SERVICE_ACCOUNT, "amazon-aws", forwards=True)
ENDPOINT = InterfaceTemplate(
    "gateway_load_balancer_endpoint", "VPC Endpoint Interface ", SERVICE_ACCOUNT, "amazon-aws", forwards=True
)
GATEWAY_ENDPOINT = "GatewayLoadBalancer"


def make_managed(eni: Any, what: InterfaceTemplate) -> None:
    """Change an interface of moto to one that a service created and attached."""
    eni.interface_type, eni.source_dest_check = what.interface_type, not what.forwards
    eni.requester_managed, eni.requester_id = True, what.requester
    eni.attached_by, eni.device_index = what.attached_by, 1
    eni.attachment_id, eni.status = f"ela-attach-{eni.id.removeprefix('eni-')}", "in-use"
    if what.forwards:
        eni._group_set[:] = []


def is_network(balancer: Any) -> bool:
    """Return whether a load balancer of moto is a Network Load Balancer."""
    return bool(balancer.type == "network")


def node_description(arn: str) -> str:
    """Return the description of the interfaces of a load balancer: "ELB net/NAME/ID"."""
    return NODE.description + arn.partition(":loadbalancer/")[2]


def nodes(ec2: Any, arn: str) -> dict[str, Any]:
    """Return the interfaces of a Network Load Balancer by subnet."""
    text = node_description(arn)
    return {eni.subnet.id: eni for eni in ec2.enis.values() if eni.requester_managed and eni.description == text}


def subnets_of(ec2: Any, balancer: Any) -> list[Any]:
    """Return the enabled subnets of a load balancer."""
    return [ec2.get_subnet(one if isinstance(one, str) else one.id) for one in balancer.subnets]


def update_nodes(ec2: Any, balancer: Any, addresses: Mapping[str, str] | None = None) -> None:
    """Create and delete interfaces until each enabled subnet has one, and set their security groups.

    addresses: {subnet: address} of new interfaces; default: free addresses.
    """
    present, enabled = nodes(ec2, balancer.arn), {subnet.id: subnet for subnet in subnets_of(ec2, balancer)}
    for identifier, eni in present.items():
        if identifier not in enabled:
            eni.delete()
    groups = [ec2.get_security_group_from_id(group) for group in balancer.security_groups or ()]
    for identifier, subnet in enabled.items():
        eni = present.get(identifier)
        if eni is None:
            eni = _create(ec2, subnet, NODE, node_description(balancer.arn), (addresses or {}).get(identifier))
        eni._group_set[:] = groups


def delete_nodes(ec2: Any, arn: str) -> None:
    """Delete the interfaces of a deleted load balancer."""
    for eni in nodes(ec2, arn).values():
        eni.delete()


def add_to_endpoint(ec2: Any, endpoint: Any, address: str | None = None) -> None:
    """Create the interface of a Gateway Load Balancer endpoint. address: default: a free one."""
    made = [
        _create(ec2, ec2.get_subnet(subnet), ENDPOINT, ENDPOINT.description + endpoint.id, address)
        for subnet in endpoint.subnet_ids or ()
    ]
    endpoint.network_interface_ids = [eni.id for eni in made]


def _create(ec2: Any, subnet: Any, what: InterfaceTemplate, description: str, address: str | None) -> Any:
    if address is None:
        address = _free_address(ec2, subnet)
    else:
        subnet.request_ip(address, what)
    eni = ec2.create_network_interface(subnet, address, description=description)
    make_managed(eni, what)
    return eni


def _free_address(ec2: Any, subnet: Any) -> str:
    """Return an address of the subnet that no interface has. moto does not reserve the addresses of all interfaces."""
    used = _used(ec2)
    while True:
        address = str(subnet.get_available_subnet_ip(None))
        if address not in used:
            return address


def _used(ec2: Any) -> set[str]:
    return {address for eni in ec2.enis.values() for address in machines.addresses_of(eni)}


@contextmanager
def patched() -> Iterator[None]:
    """Patch moto to create, change and delete the interfaces of load balancers and endpoints."""
    with (
        patch.object(EC2Backend, "create_vpc_endpoint", _creating_endpoint(EC2Backend.create_vpc_endpoint)),
        patch.object(EC2Backend, "delete_vpc_endpoints", _deleting_endpoints(EC2Backend.delete_vpc_endpoints)),
        patch.object(ELBv2Backend, "create_load_balancer", _creating_balancer(ELBv2Backend.create_load_balancer)),
        patch.object(ELBv2Backend, "delete_load_balancer", _deleting_balancer(ELBv2Backend.delete_load_balancer)),
        patch.object(ELBv2Backend, "set_security_groups", _setting_groups(ELBv2Backend.set_security_groups)),
        patch.object(ELBv2Backend, "set_subnets", _setting_subnets(ELBv2Backend.set_subnets)),
    ):
        yield


Method = Callable[..., Any]


def _creating_endpoint(original: Method) -> Method:
    def create_vpc_endpoint(ec2: Any, *args: Any, **kwargs: Any) -> Any:
        endpoint = original(ec2, *args, **kwargs)
        if endpoint.vpc_endpoint_type == GATEWAY_ENDPOINT:
            add_to_endpoint(ec2, endpoint)
        return endpoint

    return create_vpc_endpoint


def _deleting_endpoints(original: Method) -> Method:
    def delete_vpc_endpoints(ec2: Any, vpce_ids: list[str] | None = None) -> None:
        original(ec2, vpce_ids)
        for endpoint in filter(None, map(ec2.vpc_end_points.get, vpce_ids or ())):
            if endpoint.vpc_endpoint_type == GATEWAY_ENDPOINT:
                for eni in filter(None, map(ec2.enis.get, endpoint.network_interface_ids)):
                    eni.delete()
                endpoint.network_interface_ids = []

    return delete_vpc_endpoints


def _creating_balancer(original: Method) -> Method:
    def create_load_balancer(elb: Any, **kwargs: Any) -> Any:
        balancer = original(elb, **kwargs)
        if is_network(balancer):
            update_nodes(elb.ec2_backend, balancer, _addresses(kwargs.get("subnet_mappings")))
        return balancer

    return create_load_balancer


def _deleting_balancer(original: Method) -> Method:
    def delete_load_balancer(elb: Any, arn: str) -> None:
        original(elb, arn)
        delete_nodes(elb.ec2_backend, arn)

    return delete_load_balancer


def _setting_groups(original: Method) -> Method:
    def set_security_groups(elb: Any, arn: str, sec_groups: list[str]) -> None:
        original(elb, arn, sec_groups)
        if is_network(elb.load_balancers[arn]):
            update_nodes(elb.ec2_backend, elb.load_balancers[arn])

    return set_security_groups


def _setting_subnets(original: Method) -> Method:
    def set_subnets(elb: Any, arn: str, subnets: list[str], subnet_mappings: list[dict[str, Any]]) -> Any:
        balancer = elb.load_balancers.get(arn)
        if balancer is None or not is_network(balancer):
            return original(elb, arn, subnets, subnet_mappings)
        # moto requires two zones, as for Application Load Balancers. check_subnets() checked the subnets.
        wanted = [*subnets, *(mapping["SubnetId"] for mapping in subnet_mappings)]
        balancer.subnets = [elb.ec2_backend.get_subnet(subnet) for subnet in wanted]
        update_nodes(elb.ec2_backend, balancer, _addresses(subnet_mappings))
        return balancer.availability_zones

    return set_subnets


def _addresses(mappings: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    return {one["SubnetId"]: one["PrivateIPv4Address"] for one in mappings or () if "PrivateIPv4Address" in one}


def check_subnets(account: str, region: str, given: Mapping[str, Any], balancer: Any | None = None) -> str:
    """Check Subnets and SubnetMappings of a call for a Network Load Balancer. Returns the VPC.

    balancer: None for a new one. Codes: Elastic Load Balancing API Reference, CreateLoadBalancer and SetSubnets.
    """
    ec2, mappings = ec2_backends[account][region], given.get("SubnetMappings", [])
    wanted = [*given.get("Subnets", ()), *(mapping.get("SubnetId", "") for mapping in mappings)]
    if bool(given.get("Subnets")) == bool(mappings):
        raise ApiError("ValidationError", "You must specify either subnets or subnet mappings")
    known = {identifier: subnet for subnets in ec2.subnets.values() for identifier, subnet in subnets.items()}
    for identifier in wanted:
        if identifier not in known:
            raise ApiError("SubnetNotFound", f"The subnet ID '{identifier}' does not exist")
    found = [known[identifier] for identifier in wanted]
    if len({subnet.availability_zone for subnet in found}) < len(found):
        text = "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        raise ApiError("InvalidConfigurationRequest", text)
    vpcs = {subnet.vpc_id for subnet in found} | ({balancer.vpc_id} if balancer is not None else set())
    if len(vpcs) > 1:
        raise ApiError("InvalidConfigurationRequest", f"The subnets are in several VPCs: {', '.join(sorted(vpcs))}")
    enabled = nodes(ec2, balancer.arn) if balancer is not None else {}
    for identifier, address in _addresses(mappings).items():
        own = machines.addresses_of(enabled[identifier]) if identifier in enabled else []
        if address not in own and not _is_free(ec2, known[identifier], address, identifier in enabled):
            raise ApiError("InvalidConfigurationRequest", f"The address {address} is not available in {identifier}")
    return str(vpcs.pop())


def _is_free(ec2: Any, subnet: Any, address: str, is_enabled: bool) -> bool:
    """Return whether a new interface in the subnet can have the address.

    The address of a node does not change (Network Load Balancer guide). The first four and the last are reserved.
    """
    try:
        number = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    usable = number in subnet.cidr and number - 4 >= subnet.cidr[0] and number != subnet.cidr[-1]
    return usable and not is_enabled and address not in subnet._subnet_ips and address not in _used(ec2)


def check_groups(account: str, region: str, groups: Iterable[str], vpc: str) -> None:
    """Raise InvalidSecurityGroup or InvalidConfigurationRequest unless the groups exist and are in the VPC."""
    for group in groups:
        found = ec2_backends[account][region].get_security_group_from_id(group)
        if found is None:
            raise ApiError("InvalidSecurityGroup", f"Security group {group} does not exist")
        if found.vpc_id != vpc:
            raise ApiError("InvalidConfigurationRequest", f"Security group {group} is not in {vpc}")


def check_endpoint_change(account: str, region: str, action: str, given: Mapping[str, Any]) -> None:
    """Reject what moto accepts for Gateway Load Balancer endpoints. Source: botocore model; AWS PrivateLink guide.

    An endpoint has one subnet, which cannot change, and no security groups.
    """
    ec2 = ec2_backends[account][region]
    if action == "CreateVpcEndpoint" and given.get("VpcEndpointType") == GATEWAY_ENDPOINT:
        wanted = given.get("SubnetIds", [])
        if len(wanted) != 1 or given.get("SecurityGroupIds"):
            raise ApiError("InvalidParameter", "A Gateway Load Balancer endpoint has one subnet and no security groups")
        subnet = next((subnets[wanted[0]] for subnets in ec2.subnets.values() if wanted[0] in subnets), None)
        if subnet is None:
            raise ApiError("InvalidSubnetID.NotFound", f"The subnet ID '{wanted[0]}' does not exist")
        if subnet.vpc_id != given.get("VpcId"):
            raise ApiError("InvalidParameter", f"The subnet {subnet.id} is not in {given.get('VpcId')}")
    if action == "ModifyVpcEndpoint":
        endpoint = ec2.vpc_end_points.get(given.get("VpcEndpointId", ""))
        fixed = ("AddSubnetIds", "RemoveSubnetIds", "AddSecurityGroupIds", "RemoveSecurityGroupIds")
        if endpoint is not None and endpoint.vpc_endpoint_type == GATEWAY_ENDPOINT and any(map(given.get, fixed)):
            text = "The subnet and the security groups of a Gateway Load Balancer endpoint cannot change"
            raise ApiError("InvalidParameter", text)
