# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Describe calls returned about the path of mirrored packets. Pure."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field

from .._fleet.selection import Instance, Interface
from .._model.resource_types import ApiParams
from .addresses import VXLAN_PORT, Place
from .findings import ReadFailure

_NODE = "network_load_balancer"  # the type of a load balancer's interfaces (EC2 API Reference, NetworkInterface)


@dataclass(frozen=True)
class TargetGroup:
    """A target group that a load balancer forwards mirrored packets to.

    health: the registered targets with their health, None if unknown. cross_zone: whether cross-zone load balancing is
    on for the target group, None if unknown.
    """

    arn: str
    health: list[ApiParams] | None = None
    cross_zone: bool | None = None

    @property
    def healthy(self) -> list[ApiParams]:
        """The healthy targets."""
        return [row for row in self.health or () if row.get("TargetHealth", {}).get("State") == "healthy"]

    @property
    def candidates(self) -> list[ApiParams]:
        """The targets that packets are for: the healthy ones, or all if no target is healthy."""
        return self.healthy or list(self.health or ())


@dataclass(frozen=True)
class Balancer:
    """A Network Load Balancer or Gateway Load Balancer with what is behind it.

    row: as Elastic Load Balancing describes it, None if it does not exist. listeners: those for mirrored packets, None
    if unknown. groups: the target groups of these listeners.
    """

    row: ApiParams | None
    listeners: list[ApiParams] | None = None
    groups: tuple[TargetGroup, ...] = ()

    @property
    def zones(self) -> set[str]:
        """The Availability Zones that are enabled for the load balancer."""
        zones = (zone.get("ZoneName", "") for zone in (self.row or {}).get("AvailabilityZones", ()))
        return set(filter(None, zones))

    @property
    def is_gateway(self) -> bool:
        """Whether it is a Gateway Load Balancer."""
        return (self.row or {}).get("Type") == "gateway"

    @property
    def vpc_id(self) -> str:
        """The VPC of the load balancer."""
        return str((self.row or {}).get("VpcId", ""))

    @property
    def security_groups(self) -> list[str]:
        """The ids of its security groups. A load balancer without security groups accepts all packets."""
        return list((self.row or {}).get("SecurityGroups", ()))


@dataclass
class AwsState:
    """What the calls returned. Rows are as in the responses, by id unless stated otherwise.

    prefix_lists: the entries of readable prefix lists. balancers: by ARN. services: endpoint services by name.
    service_balancers: the ARNs of the Gateway Load Balancers of the caller's own endpoint services, by service name.
    mirrored, skipped: bytes of the last hour by instance id. failures: the calls that failed, by operation.
    """

    interfaces: dict[str, ApiParams] = field(default_factory=dict)
    instances: dict[str, ApiParams] = field(default_factory=dict)
    network_acls: list[ApiParams] = field(default_factory=list)
    route_tables: list[ApiParams] = field(default_factory=list)
    security_groups: dict[str, ApiParams] = field(default_factory=dict)
    peerings: dict[str, ApiParams] = field(default_factory=dict)
    prefix_lists: dict[str, list[ApiParams]] = field(default_factory=dict)
    balancers: dict[str, Balancer] = field(default_factory=dict)
    endpoints: dict[str, ApiParams] = field(default_factory=dict)
    services: dict[str, ApiParams] = field(default_factory=dict)
    service_balancers: dict[str, list[str]] = field(default_factory=dict)
    mirrored: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    failures: dict[str, ReadFailure] = field(default_factory=dict)

    def find_failure(self, *operations: str) -> ReadFailure | None:
        """The first of these calls that failed, None if all succeeded."""
        return next((self.failures[one] for one in operations if one in self.failures), None)

    def parse_interface(self, interface_id: str) -> Interface | None:
        """The interface with its instance, None if EC2 did not return it."""
        row = self.interfaces.get(interface_id)
        if row is None:
            return None
        interface = Interface.from_api(row)
        instance = self.instances.get(interface.attached_to)
        known = {} if instance is None else {interface.attached_to: Instance.from_api(instance)}
        return interface.with_instance(known)

    def find_node(self, arn: str, zone: str) -> ApiParams | None:
        """The interface of a Network Load Balancer in an Availability Zone, None if EC2 did not return it.

        A load balancer has one interface per enabled Availability Zone. Elastic Load Balancing does not return its id;
        the description names the load balancer (AWS Knowledge Center, "Find the IP address of a load balancer").
        """
        return self._references.get((node_description(arn), zone))

    def find_registered(self, target: ApiParams, vpc_id: str) -> ApiParams | None:
        """The interface of a registered target, None if EC2 did not return it.

        An instance receives packets on its primary interface, an address on the interface of the load balancer's VPC
        that has the address. target: C(Target) of DescribeTargetHealth.
        """
        return self._references.get((target["Id"], "")) or self._references.get((vpc_id, target["Id"]))

    def find_endpoint_interface(self, endpoint: ApiParams) -> ApiParams | None:
        """The interface of a Gateway Load Balancer endpoint, which is in one subnet. None if EC2 did not return it."""
        rows = (self.interfaces.get(one, {}) for one in endpoint.get("NetworkInterfaceIds", ()))
        return next((row for row in rows if row.get("PrivateIpAddress")), None)

    @functools.cached_property
    def _references(self) -> dict[tuple[str, str], ApiParams]:
        """The interfaces: nodes by (description, zone), all by (VPC, address), primary ones by (instance, empty).

        Without interfaces that have no IPv4 address: mirrored packets cannot be sent to these.
        """
        found: dict[tuple[str, str], ApiParams] = {}
        for row in (one for one in self.interfaces.values() if one.get("PrivateIpAddress")):
            if row.get("InterfaceType") == _NODE:  # anybody can give an interface this description
                found[(row.get("Description", ""), row.get("AvailabilityZone", ""))] = row
            for one in row.get("PrivateIpAddresses", ()):
                found[(row.get("VpcId", ""), one.get("PrivateIpAddress", ""))] = row
            attachment = row.get("Attachment", {})
            if attachment.get("DeviceIndex") == 0:
                found[(attachment.get("InstanceId", ""), "")] = row
        return found

    def local_cidrs(self, vpc_id: str) -> set[str]:
        """The IPv4 CIDR blocks of a VPC, which have local routes in each of its route tables. Empty if unknown."""
        routes = (
            route for table in self.route_tables if table.get("VpcId") == vpc_id for route in table.get("Routes", ())
        )
        return {
            route["DestinationCidrBlock"]
            for route in routes
            if route.get("GatewayId") == "local" and "DestinationCidrBlock" in route
        }


def node_description(arn: str) -> str:
    """The description of the interfaces of a Network Load Balancer: C(ELB net/NAME/ID)."""
    return f"ELB {arn.partition('loadbalancer/')[2]}"


def balancer_label(arn: str) -> str:
    """A load balancer in messages: C(load balancer NAME)."""
    return f"load balancer {arn.split('/')[2]}"


def to_place(row: ApiParams) -> Place:
    """The place of an interface."""
    return Place(row.get("PrivateIpAddress", ""), row.get("SubnetId", ""), row.get("VpcId", ""))


def group_ids(row: ApiParams) -> list[str]:
    """The security groups of an interface."""
    return [group["GroupId"] for group in row.get("Groups", ())]


def get_port(row: ApiParams) -> int:
    """The port of a registered target, to which the load balancer forwards packets of its listener."""
    return int(row["Target"].get("Port", VXLAN_PORT))


def list_target_ids(rows: Iterable[ApiParams]) -> list[str]:
    """The instance ids and addresses of registered targets."""
    return [str(row["Target"]["Id"]) for row in rows]
