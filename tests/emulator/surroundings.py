# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What moto has around the mirrors: interfaces, instances, load balancers, endpoints."""

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
from .store import SESSION, World


def known_region(account: str, region: str) -> bool:
    """Whether there is such a region."""
    return region in ec2_backends[account]


def interface(account: str, region: str, wanted: str) -> Any | None:
    """moto's NetworkInterface of that account, None if there is none."""
    return ec2_backends[account][region].enis.get(wanted)


def interfaces(account: str, region: str) -> dict[str, Any]:
    """All of moto's NetworkInterfaces of that account, by id."""
    found: dict[str, Any] = ec2_backends[account][region].enis
    return found


def reservations(account: str, region: str) -> list[Any]:
    """All of moto's Reservations of that account, each with at least one instance."""
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
    # Guess: [balancer-not-found] this code and not NetworkLoadBalancerNotFoundException; the EC2 API Reference lists
    # both.
    found = elbv2_backends[account][region].load_balancers.get(arn)
    if found is None or found.type != "network":
        raise ApiError("InvalidNetworkLoadBalancerArn.NotFound", f"The load balancer '{arn}' does not exist")


@contextmanager
def balancers_named_by(kind: str | None) -> Iterator[None]:
    """Let moto give load balancers that are made in here the ARNs of their type, and not always those of type app."""
    word = {"network": "net", "gateway": "gwy"}.get(kind or "", "app")

    def arn(**given: str) -> str:
        made: str = make_arn_for_load_balancer(**given)
        return made.replace(":loadbalancer/app/", f":loadbalancer/{word}/", 1)

    with patch("moto.elbv2.models.make_arn_for_load_balancer", arn):
        yield


def check_endpoint(account: str, region: str, wanted: str) -> None:
    """Raise InvalidVpcEndpointId.NotFound or InvalidVpcEndpointType unless it is a Gateway Load Balancer endpoint."""
    # Guess: [endpoint-not-found] [endpoint-other-type] which of the listed codes stands for which case.
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
    # Guess: [source-stopped] [source-terminated] [source-requester-managed] a stopped instance will do, a terminated
    # one will not, and RDS's interfaces, which moto does not have, are refused with the other requester-managed ones.
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
    """The type of the instance an interface is attached to, "" if there is none."""
    eni = interface(account, region, eni_id)
    return eni.instance.instance_type if eni is not None and eni.instance is not None else ""


def settle_terminations(account: str, region: str) -> None:
    """Do to the interfaces of terminated instances what EC2 does; moto leaves them attached."""
    backend = ec2_backends[account][region]
    for eni in list(backend.enis.values()):
        if eni.instance is None or eni.instance.state != "terminated":
            continue
        # Guess: [primary-interface-goes] the primary interface always goes. moto does not tell
        # DeleteOnTermination=false from its absence.
        if eni.device_index == 0:
            del backend.enis[eni.id]
        else:
            eni.instance.detach_eni(eni)


def drop_orphans(world: World) -> None:
    """Delete the sessions whose source interface is gone (Traffic Mirroring guide, session concepts)."""
    for (account, region), place in world.places.items():
        sessions = place.things[SESSION]
        if not sessions:
            continue
        enis = ec2_backends[account][region].enis
        for session in [s for s in sessions.values() if s.fields["NetworkInterfaceId"] not in enis]:
            world.remove(session)
