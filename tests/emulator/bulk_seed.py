# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create thousands of instances with interfaces and, optionally, mirror sessions.

The instances are moto objects in a separate VPC. They are created by moto's constructors, because RunInstances,
AttachNetworkInterface and AttachVolume iterate over all instances, volumes and instance types for each new instance.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.block_device import BlockDeviceType
from moto.ec2.models.elastic_block_store import VolumeAttachment
from moto.ec2.models.instances import Instance, Reservation

from . import lab
from .errors import ApiError
from .identity import DEFAULT_ACCOUNT
from .store import FILTER, SESSION, TARGET, Resource, Store

NETWORK = "10.72.0.0/16"
# Each subnet has about 32,000 addresses.
SUBNETS = {"a": "10.72.0.0/17", "b": "10.72.128.0/17"}
IMAGE = "ami-0a1b2c3d4e5f60701"


def seed(
    store: Store,
    number: int,
    *,
    instance_type: str = "m5.large",
    tags: dict[str, str] | None = None,
    interfaces: int = 1,
    account: str = DEFAULT_ACCOUNT,
    region: str = lab.REGION,
    sessions: dict[str, Any] | None = None,
) -> dict[str, list[str]]:
    """Create instances with these tags, alternately in zones a and b.

    number: how many instances, 0 or more. interfaces: how many interfaces each instance has, 1 or more.
    sessions: {"target": id, "filter": id, "number": 1, "tags": {}}, the last two optional. Every new interface gets
    such a session; quotas and supported instance types are not checked.
    Returns the new ids as {"instances": [], "interfaces": [], "sessions": []}. The ids depend only on account, region
    and the order of calls since the last reset. Raises ValueError for invalid arguments.
    """
    if number < 0 or interfaces < 1:
        raise ValueError("number must be 0 or more, interfaces must be 1 or more")
    mirror = _session_template(store, account, region, sessions)
    ec2 = ec2_backends[account][region]
    # moto copies all reservations for each instance lookup, and TerminateInstances looks up each instance.
    ec2.get_instance = _finder(ec2, type(ec2).get_instance)
    ec2.get_instance_by_id = _finder(ec2, type(ec2).get_instance_by_id)
    subnets = _subnets(ec2)
    for subnet in subnets:
        if len(subnet._subnet_ips) + -(-number // len(subnets)) * interfaces > subnet.cidr.num_addresses - 5:
            raise ValueError(f"not enough free addresses in {subnet.cidr_block}")
    # Reservations remain after their instances are terminated.
    first = sum(known.startswith(f"r-{_id_prefix(ec2)}") for known in ec2.reservations)
    made: dict[str, list[str]] = {"instances": [], "interfaces": [], "sessions": []}
    for index in range(first, first + number):
        machine = _instance(ec2, index, subnets[index % len(subnets)], instance_type, interfaces)
        machine.add_tags(tags or {})
        made["instances"].append(machine.id)
        made["interfaces"] += [eni.id for eni in machine.nics.values()]
    if mirror:
        vnis = (vni for vni in itertools.count(1) if not store.is_vni_used(account, vni))
        for eni in made["interfaces"]:
            fields = {**mirror.fields, "NetworkInterfaceId": eni, "VirtualNetworkId": next(vnis)}
            identifier = f"{SESSION.prefix}-{eni.partition('-')[2]}"
            session = Resource(SESSION, identifier, account, region, fields, dict(mirror.tags), mirror.target_account)
            made["sessions"].append(store.add(session).id)
    return made


def _session_template(store: Store, account: str, region: str, wanted: dict[str, Any] | None) -> Resource | None:
    """Return a template for the sessions, a session that is not stored, or None."""
    if wanted is None:
        return None
    if unknown := sorted(set(wanted) - {"target", "filter", "number", "tags"}):
        raise ValueError(f"unknown key in sessions: {unknown[0]!r}")
    try:
        target = store.get(account, region, TARGET, wanted["target"])
        fields = {
            "TrafficMirrorTargetId": target.id,
            "TrafficMirrorFilterId": store.get_own(account, region, FILTER, wanted["filter"]).id,
            "SessionNumber": wanted.get("number", 1),
        }
    except ApiError as error:
        raise ValueError(error.message) from error
    return Resource(SESSION, "", account, region, fields, wanted.get("tags", {}), target.account)


def _id_prefix(ec2: Any) -> str:
    """Return the first digits of all bulk-seeded ids in an account and region."""
    return "0c" + hashlib.sha256(f"{ec2.account_id} {ec2.region_name}".encode()).hexdigest()[:6]


def _id(prefix: str, ec2: Any, index: int, part: int = 0) -> str:
    return f"{prefix}-{_id_prefix(ec2)}{index:06x}{part:03x}"


def _finder(ec2: Any, otherwise: Callable[[Any, str], Any]) -> Callable[[str], Any]:
    """Return a faster version of moto's lookup: a bulk-seeded instance and its reservation share their digits."""

    def find(instance_id: str) -> Any:
        found = ec2.reservations.get(f"r-{instance_id.removeprefix('i-')}")
        return found.instances[0] if found else otherwise(ec2, instance_id)

    return find


def _subnets(ec2: Any) -> list[Any]:
    """Return the subnets for bulk-seeded instances. The first call creates them and their VPC."""
    ids = {zone: _id("subnet", ec2, index) for index, zone in enumerate(SUBNETS)}
    vpc = _id("vpc", ec2, 0)
    if vpc not in ec2.vpcs:
        with lab.fixed_ids(vpc=iter([vpc]), subnet=iter(ids.values())):
            ec2.create_vpc(NETWORK, tags=[{"Key": "Name", "Value": "bulk-seed"}])
            for zone, cidr in SUBNETS.items():
                tags = {"subnet": {"Name": f"bulk-seed-{zone}"}}
                ec2.create_subnet(vpc, cidr, availability_zone=ec2.region_name + zone, tags=tags)
    return [ec2.get_subnet(wanted) for wanted in ids.values()]


def _instance(ec2: Any, index: int, subnet: Any, instance_type: str, interfaces: int) -> Any:
    """Create a running instance with interfaces and a volume, in a separate reservation."""
    parts = range(interfaces)
    with lab.fixed_ids(
        instance=iter([_id("i", ec2, index)]),
        interface=(_id("eni", ec2, index, part) for part in parts),
        attachment=(_id("eni-attach", ec2, index, part) for part in parts),
        volume=iter([_id("vol", ec2, index)]),
    ):
        machine = Instance(
            ec2, IMAGE, None, [], instance_type=instance_type, region_name=ec2.region_name, subnet_id=subnet.id
        )
        for part in parts[1:]:
            eni = ec2.create_network_interface(subnet, subnet.get_available_subnet_ip(machine))
            machine.attach_eni(eni, part)
        volume = ec2.create_volume(8, subnet.availability_zone)
    machine.nics[0].delete_on_termination = True
    for part, eni in machine.nics.items():
        # moto's random MAC addresses collide in large fleets.
        digits = f"{index:06x}{part:04x}"
        eni.mac_address = "02:" + ":".join(digits[at : at + 2] for at in range(0, 10, 2))
    # Same steps as moto's attach_volume.
    volume.attachment = VolumeAttachment(volume, machine, machine.root_device_name, "attached")
    machine.block_device_mapping[machine.root_device_name] = BlockDeviceType(
        volume_id=volume.id,
        status=volume.status,
        size=volume.size,
        attach_time=volume.attachment.attach_time,
        delete_on_termination=True,
    )
    reservation = Reservation(_id("r", ec2, index), ec2.account_id)
    reservation.instances.append(machine)
    ec2.reservations[reservation.id] = reservation
    return machine
