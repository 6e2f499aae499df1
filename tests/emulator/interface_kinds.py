# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create network interfaces that no client can create: of AWS services, of other accounts, of special types.

Source: botocore model, NetworkInterface.RequesterId ("the alias or AWS account ID of the principal or service that
created the network interface") and NetworkInterfaceType; aliases, descriptions and attachments as in replies of
DescribeNetworkInterfaces that public programs quote (read 2026-11-25).
"""

from __future__ import annotations

import ipaddress
import random
from typing import Any

from moto.ec2.models import ec2_backends

from . import lab
from .identity import DEFAULT_ACCOUNT
from .managed_interfaces import SERVICE_ACCOUNT as _SERVICE
from .managed_interfaces import InterfaceTemplate, make_managed

# An AWS service that has no alias appears with a 12-digit account or with a role and an account.
_ROLE = "AROA2EXAMPLE7LAMBDA22:123456789012"
KINDS = {
    "rds": InterfaceTemplate("interface", "RDSNetworkInterface", "amazon-rds", "amazon-rds"),
    "elasticache": InterfaceTemplate("interface", "ElastiCache cache-001", "amazon-elasticache", "amazon-elasticache"),
    "application-load-balancer": InterfaceTemplate(
        "interface", "ELB app/web/50dc6c495c0c9188", "amazon-elb", "amazon-elb"
    ),
    "network-load-balancer": InterfaceTemplate(
        "network_load_balancer", "ELB net/sensors/50dc6c495c0c9199", _SERVICE, "amazon-aws", forwards=True
    ),
    "gateway-load-balancer": InterfaceTemplate(
        "gateway_load_balancer", "ELB gwy/taps/50dc6c495c0c91aa", _SERVICE, "amazon-aws", forwards=True
    ),
    "gateway-load-balancer-endpoint": InterfaceTemplate(
        "gateway_load_balancer_endpoint",
        "VPC Endpoint Interface vpce-0a1b2c3d4e5f60776",
        _SERVICE,
        "amazon-aws",
        forwards=True,
    ),
    "vpc-endpoint": InterfaceTemplate(
        "vpc_endpoint", "VPC Endpoint Interface vpce-0a1b2c3d4e5f60773", _SERVICE, "amazon-aws"
    ),
    "nat-gateway": InterfaceTemplate(
        "nat_gateway", "Interface for NAT Gateway nat-0a1b2c3d4e5f60774", _SERVICE, "amazon-aws", forwards=True
    ),
    "lambda": InterfaceTemplate(
        "lambda", "AWS Lambda VPC ENI-f-11111111-2222-3333-4444-555555555555", _ROLE, "amazon-aws"
    ),
    "efs": InterfaceTemplate("interface", "EFS mount target for fs-0a1b2c3d4e5f60775", _SERVICE, "amazon-aws"),
    "efa": InterfaceTemplate("efa"),
    "trunk": InterfaceTemplate("trunk"),
    "branch": InterfaceTemplate("branch", "aws-k8s-branch-eni", _SERVICE, "amazon-aws"),
    "ipv6-only": InterfaceTemplate(),
    # Of another account ("participant") in a subnet that the account shares with it.
    "participant": InterfaceTemplate(),
}


def create(
    kind: str,
    *,
    instance: str = "app",
    owner: str = "210987654321",
    tags: dict[str, str] | None = None,
    account: str = DEFAULT_ACCOUNT,
    region: str = lab.REGION,
) -> dict[str, str]:
    """Create an interface in subnet a of the account's lab. Returns {"id": id}.

    instance: the name of the lab's instance to attach it to, for the kinds efa, trunk and ipv6-only. owner: for
    participant, the account that owns the interface and its instance, which is created; the account's lab must exist.
    tags: the owner's tags.
    Raises ValueError for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; valid: {', '.join(KINDS)}")
    ec2, what = ec2_backends[account][region], KINDS[kind]
    subnet = _ipv6_subnet(ec2) if kind == "ipv6-only" else ec2.get_subnet(lab.SUBNETS["a"])
    # The constructor requires an IPv4 address, which is removed from an interface in an IPv6-only subnet.
    address = "10.71.0.4" if kind == "ipv6-only" else subnet.get_available_subnet_ip(kind)
    eni = ec2.create_network_interface(subnet, address, description=what.description)
    eni.interface_type = what.interface_type
    if kind == "participant":
        # The owner of the subnet describes interfaces of participants (Amazon VPC User Guide, "VPC sharing").
        eni.ec2_backend = ec2_backends[owner][region]
        eni.ec2_backend.enis[eni.id] = eni
    if kind == "ipv6-only":
        eni.private_ip_address, eni.private_ip_addresses = None, []
        eni.ipv6_addresses = [str(ipaddress.IPv6Address("2001:db8::") + random.getrandbits(64))]
    eni.add_tags(tags or {})
    if what.requester:
        make_managed(eni, what)
    else:
        machine = _instance_of(eni, instance)
        machine.attach_eni(eni, max(machine.nics) + 1)
    return {"id": eni.id}


def delete(identifier: str) -> None:
    """Delete an interface of any account, as the service or account that owns it does."""
    for regions in ec2_backends.values():
        for backend in regions.values():
            eni = backend.enis.pop(identifier, None)
            if eni is not None and eni.instance is not None:
                eni.instance.detach_eni(eni)


def _instance_of(eni: Any, name: str) -> Any:
    """Return the lab's instance of this name, for another account a new one with its type, because labs share ids."""
    if eni.ec2_backend.account_id == eni.subnet.ec2_backend.account_id:
        return eni.ec2_backend.get_instance(lab.INSTANCES[name][0])
    return lab.launch(eni.ec2_backend, lab.INSTANCES[name][1], "a", {})


def _ipv6_subnet(ec2: Any) -> Any:
    for subnets in ec2.subnets.values():
        for subnet in subnets.values():
            if subnet.ipv6_native:
                return subnet
    return ec2.create_subnet(lab.VPC, None, "2001:db8::/64", availability_zone=f"{ec2.region_name}a", ipv6_native=True)
