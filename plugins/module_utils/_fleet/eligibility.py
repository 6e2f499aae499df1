# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Eligibility of network interfaces: what EC2 can mirror. Pure.

Sources: Traffic Mirroring guide, "Traffic mirror sessions", "Limitations" and "Considerations", and Amazon VPC User
Guide, "Responsibilities and permissions for owners and participants", read on 2026-11-25.
"""

from __future__ import annotations

from dataclasses import dataclass

from .instance_types import SupportedTypes, is_bare_metal
from .selection import Interface

# The requesters of the requester-managed interfaces that EC2 mirrors, with the value of O(managed_services) that allows
# them.
_SERVICES = {"amazon-rds": "rds", "amazon-elasticache": "elasticache"}


@dataclass(frozen=True)
class Limits:
    """Limits of what EC2 mirrors.

    types: the supported instance types. targets: ids of interfaces that are mirror targets. foreign: ids of other
    accounts. managed_services: the services whose interfaces the user allows, of C(rds) and C(elasticache).
    own_subnets: ids of the caller's subnets in which the user allows interfaces of other accounts (participants in a
    shared VPC).
    """

    types: SupportedTypes
    targets: frozenset[str]
    foreign: frozenset[str]
    managed_services: frozenset[str] = frozenset()
    own_subnets: frozenset[str] = frozenset()


def find_ineligible_reason(interface: Interface, limits: Limits, mirrored: bool = False) -> str | None:
    """The reason why EC2 cannot mirror the interface, None if it can. The reason has no id of the interface.

    An interface can be mirrored by its owner or by the owner of its subnet. For interfaces of participants, RDS and
    ElastiCache, EC2 returns no instance, so neither the type nor the state of the instance is checked.

    mirrored: whether the interface has a session. If so, EC2 has accepted its instance type, whatever limits list.
    """
    is_foreign = interface.owner_id in limits.foreign
    if is_foreign and interface.subnet_id not in limits.own_subnets:
        return f"owned by account {interface.owner_id}"
    if interface.type != "interface":
        return f"interface type is {interface.type}; EC2 mirrors only interface"
    if interface.managed_by:
        reason = _find_service_reason(interface.managed_by, limits.managed_services)
    else:
        reason = _find_instance_reason(interface, is_foreign)
    if reason is not None:
        return reason
    if interface.ipv6_only:
        return "subnet is IPv6-only"
    if interface.id in limits.targets:
        return "the interface is a mirror target"
    if interface.instance is None or mirrored:
        return None
    return _find_type_reason(interface.instance.type, limits.types)


def _find_service_reason(managed_by: str, managed_services: frozenset[str]) -> str | None:
    """The reason why an interface with this requester cannot be mirrored, None if it can."""
    service = _SERVICES.get(managed_by)
    if service in managed_services:
        return None
    # Requesters without an alias have the id of an account or a role, for example one per Lambda function.
    requester = managed_by if managed_by.startswith("amazon-") else "an AWS service"
    remedy = f"; set managed_services to include {service}" if service else ""
    return f"managed by {requester} (requester-managed){remedy}"


def _find_instance_reason(interface: Interface, is_foreign: bool) -> str | None:
    """The reason why the instance cannot be mirrored, None if it can or if its owner is another account."""
    if not interface.attached_to:
        return "not attached to an instance"
    if is_foreign:
        return None
    if interface.instance is None:
        return "instance is not visible yet"
    if interface.instance.state in ("shutting-down", "terminated"):
        return f"instance is {interface.instance.state}"
    return None


def _find_type_reason(instance_type: str, types: SupportedTypes) -> str | None:
    """The reason why instances of this type cannot be mirrored, None if they can."""
    if types.supports(instance_type):
        return None
    if types.replaced:
        return f"instance type {instance_type} is not in supported_instance_types"
    if is_bare_metal(instance_type):
        return f"instance type {instance_type} is bare metal without support for Traffic Mirroring"
    return f"instance type {instance_type} is not in the built-in list; see additional_instance_types"
