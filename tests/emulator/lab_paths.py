# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the lab that lets mirrored packets arrive: security groups, listeners and target groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from .identity import partition

CIDR, VXLAN = "10.71.0.0/16", 4789
NETWORK_ACL = "acl-0a1b2c3d4e5f60784"
ROUTE_TABLE = "rtb-0a1b2c3d4e5f60785"
# sensors: of the interfaces of both sensors. balancers: of the load balancer sensors-b; sensors has no security group.
SECURITY_GROUPS = {
    "default": "sg-0a1b2c3d4e5f60781",
    "sensors": "sg-0a1b2c3d4e5f60782",
    "balancers": "sg-0a1b2c3d4e5f60783",
}
# By name of the load balancer: the ids in ARNs, and the type of the targets.
LISTENERS = {"sensors": "0a1b2c3d4e5f6073", "sensors-b": "0a1b2c3d4e5f6074"}
TARGET_GROUPS = {"sensors": "0a1b2c3d4e5f6075", "sensors-b": "0a1b2c3d4e5f6076"}
TARGET_TYPES = {"sensors": "instance", "sensors-b": "ip"}


def names(account: str, region: str, balancers: Mapping[str, str]) -> dict[str, Any]:
    """Return the ids of this part of the lab. balancers: the ARN of each load balancer."""
    return {
        "security_groups": dict(SECURITY_GROUPS),
        "network_acl": NETWORK_ACL,
        "route_table": ROUTE_TABLE,
        "listeners": {
            name: f"{arn.replace(':loadbalancer/', ':listener/')}/{LISTENERS[name]}" for name, arn in balancers.items()
        },
        "target_groups": {name: target_group_arn(account, region, name) for name in TARGET_GROUPS},
    }


def target_group_arn(account: str, region: str, name: str) -> str:
    """Return the ARN of the target group of a load balancer of the lab."""
    where = f"{partition(region)}:elasticloadbalancing:{region}:{account}"
    return f"arn:{where}:targetgroup/{name}/{TARGET_GROUPS[name]}"


def seed_security_groups(ec2: Any, vpc: str, sensors: list[str]) -> None:
    """Create the groups in the lab's VPC. sensors: the interfaces that get the group sensors."""
    default = SECURITY_GROUPS["default"]
    # EC2's rule of every default group, which moto lacks (Amazon VPC User Guide, default security groups).
    ec2.authorize_security_group_ingress(default, "-1", None, None, [], source_groups=[{"GroupId": default}])
    for name in ("sensors", "balancers"):
        made = ec2.create_security_group(f"lab-{name}", f"VXLAN to {name}", vpc, tags={"Name": f"lab-{name}"})
        ec2.authorize_security_group_ingress(made.id, "udp", str(VXLAN), str(VXLAN), [{"CidrIp": CIDR}])
    group = ec2.get_security_group_from_id(SECURITY_GROUPS["sensors"])
    for eni in sensors:
        ec2.enis[eni]._group_set[:] = [group]


def seed_listener(account: str, region: str, name: str, arn: str, vpc: str, sensors: Mapping[str, str]) -> None:
    """Create a load balancer's listener and target group with all sensors. sensors: {instance: interface}."""
    backend, ec2 = elbv2_backends[account][region], ec2_backends[account][region]
    balancer = backend.load_balancers[arn]
    balancer.attrs["load_balancing.cross_zone.enabled"] = "true"
    group = backend.create_target_group(
        name,
        vpc_id=vpc,
        protocol="UDP",
        port=str(VXLAN),
        healthcheck_protocol="TCP",
        healthcheck_port="22",
        healthcheck_enabled="true",
        target_type=TARGET_TYPES[name],
    )
    del backend.target_groups[group.arn]
    group.arn = target_group_arn(account, region, name)
    backend.target_groups[group.arn] = group
    enis = [ec2.enis[eni] for eni in sensors.values()]
    ids = list(sensors) if group.target_type == "instance" else [eni.private_ip_address for eni in enis]
    group.register([{"Id": identifier} for identifier in ids])
    action = {"Type": "forward", "TargetGroupArn": group.arn}
    listener = backend.create_listener(arn, "UDP", str(VXLAN), None, None, [action])
    del balancer.listeners[listener.arn]
    listener.arn = f"{arn.replace(':loadbalancer/', ':listener/')}/{LISTENERS[name]}"
    balancer.listeners[listener.arn] = listener
