# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources in moto that mirroring refers to: interfaces, instances, load balancers, endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.ec2.models import ec2_backends
from moto.ec2.models.vpcs import VPCEndPoint
from moto.elbv2.models import elbv2_backends
from moto.elbv2.utils import make_arn_for_load_balancer

from . import instance_types
from .errors import ApiError
from .identity import DEFAULT_ACCOUNT
from .store import SESSION, Resource, Store

# RequesterId of the services whose interfaces can be mirrored (Traffic Mirroring guide, limitations).
MIRRORED_SERVICES = ("amazon-rds", "amazon-elasticache")
# States of an endpoint, in the form of replies (botocore model, State).
ENDPOINT_STATES = ("available", "deleted", "deleting", "expired", "failed", "pending", "pendingAcceptance", "rejected")
# Changes of an interface that are not possible if it is requester-managed (EC2 User Guide, "Requester-managed network
# interfaces"). Tags can be changed.
_MANAGED_REJECT = (
    "AssignIpv6Addresses",
    "AssignPrivateIpAddresses",
    "AssociateAddress",
    "ModifyNetworkInterfaceAttribute",
    "UnassignIpv6Addresses",
    "UnassignPrivateIpAddresses",
)
# Filters of DescribeVpcEndpoints (botocore model) that the emulator supports.
_ENDPOINT_FILTERS = ("service-name", "tag-key", "vpc-endpoint-id", "vpc-endpoint-state", "vpc-endpoint-type", "vpc-id")


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


def check_load_balancer(account: str, region: str, arn: str, hidden: bool) -> None:
    """Raise InvalidNetworkLoadBalancerArn.NotFound unless the account has that NLB in the region. hidden: it lags."""
    # Assumption: [balancer-not-found] this code and not NetworkLoadBalancerNotFoundException; the EC2 API Reference
    # lists both.
    found = elbv2_backends[account][region].load_balancers.get(arn)
    if found is None or hidden or found.type != "network":
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


def check_endpoint(account: str, region: str, wanted: str, hidden: bool) -> None:
    """Raise InvalidVpcEndpointId.NotFound or InvalidVpcEndpointType unless it is a Gateway Load Balancer endpoint.

    hidden: it lags.
    """
    # Assumption: [endpoint-not-found] [endpoint-other-type] which of the documented codes applies to which case.
    found = ec2_backends[account][region].vpc_end_points.get(wanted)
    if found is None or hidden or found.state == "deleted":
        raise ApiError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{wanted}' does not exist")
    if found.vpc_endpoint_type != "GatewayLoadBalancer":
        raise ApiError("InvalidVpcEndpointType", f"'{wanted}' is not a Gateway Load Balancer endpoint")


def set_endpoint_state(endpoint: str, state: str, account: str = DEFAULT_ACCOUNT, region: str = "eu-west-1") -> None:
    """Set the state of an endpoint, as the owner of its service or EC2 does. Raises ValueError."""
    found = ec2_backends[account][region].vpc_end_points.get(endpoint)
    if found is None or state not in ENDPOINT_STATES:
        raise ValueError(f"no endpoint {endpoint!r}, or state {state!r} is not one of {', '.join(ENDPOINT_STATES)}")
    found.state = state


def check_endpoint_filters(action: str, parameters: Mapping[str, Any]) -> None:
    """Reject filters of DescribeVpcEndpoints that EC2 does not document. moto accepts the name of any attribute."""
    for entry in parameters.get("Filters", ()) if action == "DescribeVpcEndpoints" else ():
        name = entry.get("Name", "")
        if name not in _ENDPOINT_FILTERS and not name.startswith("tag:"):
            raise ApiError("InvalidParameterValue", f"The filter '{name}' is invalid")


@contextmanager
def patch_endpoint_filters() -> Iterator[None]:
    """Patch moto to filter endpoints by vpc-endpoint-id, which it lacks."""
    original = VPCEndPoint.get_filter_value

    def value(endpoint: Any, name: str, *more: Any) -> Any:
        return endpoint.id if name == "vpc-endpoint-id" else original(endpoint, name, *more)

    with patch.object(VPCEndPoint, "get_filter_value", value):
        yield


def check_source(eni: Any, families: list[str], metal_families: list[str]) -> None:
    """Raise NetworkInterfaceNotSupported unless the interface may be mirrored.

    It must be of type interface, in a subnet with IPv4, and attached to an instance of a supported type. Of the
    requester-managed interfaces, only those of RDS and ElastiCache can be mirrored (Traffic Mirroring guide, session
    concepts and limitations). families, metal_families: see instance_types.can_be_source.
    """
    # Assumption: [source-ipv6-only] the code.
    if eni.interface_type != "interface" or eni.subnet.ipv6_native:
        raise _unsupported(eni)
    if eni.requester_managed:
        if eni.requester_id not in MIRRORED_SERVICES:
            raise _unsupported(eni)
        return
    instance = eni.instance
    # Assumption: [source-stopped] [source-terminated] [source-in-between] a stopped or stopping instance is accepted;
    # a pending, shutting-down or terminated one is not, nor an interface that is attaching or detaching.
    if (
        instance is None
        or instance.state not in ("running", "stopping", "stopped")
        or eni.status != "in-use"
        or not instance_types.can_be_source(instance.instance_type, families, metal_families)
    ):
        raise _unsupported(eni)


def _unsupported(eni: Any) -> ApiError:
    return ApiError("NetworkInterfaceNotSupported", f"{eni.id} must be attached to a supported instance")


def accounts_of(eni: Any) -> set[str]:
    """Return the accounts that can mirror an interface: its owner and the owner of its subnet.

    Source: Traffic Mirroring guide, considerations.
    """
    return {eni.owner_id, eni.subnet.ec2_backend.account_id}


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


def orphaned_sessions(store: Store) -> list[Resource]:
    """Return the sessions whose source interface was deleted (Traffic Mirroring guide: EC2 deletes them)."""
    found: list[Resource] = []
    for (account, region), scope in store.scopes.items():
        sessions = scope.resources[SESSION]
        if sessions:
            enis = ec2_backends[account][region].enis
            found += [session for session in sessions.values() if session.fields["NetworkInterfaceId"] not in enis]
    return found


def check_interface_change(account: str, region: str, action: str, parameters: Mapping[str, Any]) -> None:
    """Reject calls that moto accepts and EC2 does not: changes of attached and of requester-managed interfaces."""
    if action in _MANAGED_REJECT:
        eni = interface(account, region, parameters.get("NetworkInterfaceId", ""))
        if eni is not None and eni.requester_managed:
            # Code and text as quoted in issues of Terraform's AWS provider, for a VPC endpoint's interface.
            raise ApiError("AuthFailure", "You do not have permission to access the specified resource.")
    if action == "RunInstances":
        for wanted in (one.get("NetworkInterfaceId", "") for one in parameters.get("NetworkInterfaces", ())):
            eni = interface(account, region, wanted)
            if eni is not None and eni.attachment_id:
                raise ApiError("InvalidNetworkInterface.InUse", f"Interface: [{eni.id}] in use.")
    if action == "DeleteNetworkInterface":
        eni = interface(account, region, parameters.get("NetworkInterfaceId", ""))
        if eni is not None and eni.attachment_id:
            # Code and text as quoted in issues of Terraform's AWS provider.
            raise ApiError("InvalidParameterValue", f"Network interface '{eni.id}' is currently in use.")
    if action == "AttachNetworkInterface":
        eni = interface(account, region, parameters.get("NetworkInterfaceId", ""))
        if eni is not None and eni.attachment_id:
            # Assumption: [attach-attached] the code, "InvalidNetworkInterface.InUse" of the EC2 API Reference.
            raise ApiError("InvalidNetworkInterface.InUse", f"Interface: [{eni.id}] in use.")
    if action == "DetachNetworkInterface":
        wanted = str(parameters.get("AttachmentId", ""))
        if wanted.startswith("ela-attach-"):
            raise ApiError("OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments.")
        for eni in interfaces(account, region).values():
            if eni.attachment_id == wanted and eni.device_index == 0:
                # Assumption: [detach-primary] the code.
                raise ApiError("OperationNotPermitted", "The network interface at device index 0 cannot be detached.")
