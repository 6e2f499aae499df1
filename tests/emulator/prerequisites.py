# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources in moto that mirroring refers to: interfaces, instances, load balancers, endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.elbv2.utils import make_arn_for_load_balancer

from .errors import ApiError
from .store import SESSION, Store


def is_known_region(account: str, region: str) -> bool:
    """Return whether the region exists."""
    return region in ec2_backends[account]


def interface(account: str, region: str, wanted: str) -> Any | None:
    """Return moto's NetworkInterface, None if it does not exist."""
    return ec2_backends[account][region].enis.get(wanted)


def interfaces(account: str, region: str) -> dict[str, Any]:
    """Return moto's NetworkInterfaces by id."""
    found: dict[str, Any] = ec2_backends[account][region].enis
    return found


def reservations(account: str, region: str) -> list[Any]:
    """Return moto's Reservations that have an instance."""
    return [whole for whole in ec2_backends[account][region].reservations.values() if whole.instances]


def check_instance_id(value: str) -> None:
    """Raise InvalidInstanceID.Malformed (EC2 API Reference) unless it is i- and 8 or 17 hex digits."""
    if not re.fullmatch(r"i-([0-9a-f]{8}|[0-9a-f]{17})", value):
        raise ApiError("InvalidInstanceID.Malformed", f'Invalid id: "{value}" (expecting "i-...")')


def check_interface_id(value: str) -> None:
    """Raise InvalidNetworkInterfaceId.Malformed (EC2 API Reference) unless it is eni- and 8 or 17 hex digits."""
    if not re.fullmatch(r"eni-([0-9a-f]{8}|[0-9a-f]{17})", value):
        raise ApiError("InvalidNetworkInterfaceId.Malformed", f'Invalid id: "{value}" (expecting "eni-...")')


def check_load_balancer_arn(value: str) -> None:
    """Raise InvalidNetworkLoadBalancerArn.Malformed (EC2 API Reference) unless it can be an NLB's ARN."""
    if not re.fullmatch(
        r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer/net/[^/]+/[0-9a-f]+", value
    ):
        raise ApiError("InvalidNetworkLoadBalancerArn.Malformed", f"The ARN '{value}' is not a Network Load Balancer's")


def check_endpoint_id(value: str) -> None:
    """Raise InvalidVpcEndpointId.Malformed (EC2 API Reference) unless it is vpce- and 8 or 17 hex digits."""
    if not re.fullmatch(r"vpce-([0-9a-f]{8}|[0-9a-f]{17})", value):
        raise ApiError("InvalidVpcEndpointId.Malformed", f'Invalid id: "{value}" (expecting "vpce-...")')


def check_load_balancer(account: str, region: str, arn: str) -> None:
    """Raise InvalidNetworkLoadBalancerArn.NotFound unless the account has that NLB in the region."""
    # Assumption: [balancer-not-found] this code and not NetworkLoadBalancerNotFoundException; the EC2 API Reference
    # lists both.
    found = elbv2_backends[account][region].load_balancers.get(arn)
    if found is None or found.type != "network":
        raise ApiError("InvalidNetworkLoadBalancerArn.NotFound", f"The load balancer '{arn}' does not exist")


@contextmanager
def patch_load_balancer_arns(balancer_type: str | None) -> Iterator[None]:
    """Patch moto to create load balancer ARNs by type; moto always uses loadbalancer/app."""
    word = {"network": "net", "gateway": "gwy"}.get(balancer_type or "", "app")

    def arn(**given: str) -> str:
        made: str = make_arn_for_load_balancer(**given)
        return made.replace(":loadbalancer/app/", f":loadbalancer/{word}/", 1)

    with patch("moto.elbv2.models.make_arn_for_load_balancer", arn):
        yield


def check_endpoint(account: str, region: str, wanted: str) -> None:
    """Raise InvalidVpcEndpointId.NotFound or InvalidVpcEndpointType unless it is a Gateway Load Balancer endpoint."""
    # Assumption: [endpoint-not-found] [endpoint-other-type] which of the documented codes applies to which case.
    found = ec2_backends[account][region].vpc_end_points.get(wanted)
    if found is None or found.state == "deleted":
        raise ApiError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{wanted}' does not exist")
    if found.vpc_endpoint_type != "GatewayLoadBalancer":
        raise ApiError("InvalidVpcEndpointType", f"'{wanted}' is not a Gateway Load Balancer endpoint")


def check_source(eni: Any, families: list[str]) -> None:
    """Raise NetworkInterfaceNotSupported unless the interface may be mirrored.

    It must be of type interface, not requester-managed, and attached to an instance of a supported virtualized type
    (Traffic Mirroring guide, session concepts and limitations).
    """
    instance = eni.instance
    family, _dot, size = (instance.instance_type if instance else "").partition(".")
    # Assumption: [source-stopped] [source-terminated] [source-requester-managed] a stopped instance is accepted, a
    # terminated one is not, and requester-managed interfaces, such as those of RDS, are rejected.
    if (
        eni.interface_type != "interface"
        or eni.requester_managed
        or instance is None
        or instance.state == "terminated"
        or family not in families
        or "metal" in size
    ):
        raise ApiError("NetworkInterfaceNotSupported", f"{eni.id} must be attached to a supported instance")


def instance_type(account: str, region: str, eni_id: str) -> str:
    """Return the type of the instance that an interface is attached to, "" if unattached."""
    eni = interface(account, region, eni_id)
    return eni.instance.instance_type if eni is not None and eni.instance is not None else ""


def release_interfaces(account: str, region: str) -> None:
    """Delete or detach the interfaces of terminated instances, as EC2 does. moto leaves them attached."""
    backend = ec2_backends[account][region]
    for eni in list(backend.enis.values()):
        if eni.instance is None or eni.instance.state != "terminated":
            continue
        # Assumption: [primary-interface-goes] the primary interface is always deleted. moto does not
        # distinguish DeleteOnTermination=false from an unset value.
        if eni.device_index == 0:
            del backend.enis[eni.id]
        else:
            eni.instance.detach_eni(eni)


def delete_orphaned_sessions(store: Store) -> None:
    """Delete the sessions whose source interface was deleted (Traffic Mirroring guide, session concepts)."""
    for (account, region), scope in store.scopes.items():
        sessions = scope.resources[SESSION]
        if not sessions:
            continue
        enis = ec2_backends[account][region].enis
        for session in [s for s in sessions.values() if s.fields["NetworkInterfaceId"] not in enis]:
            store.remove(session)
