# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small network with fixed ids, so that examples in the documentation run unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from . import lab_paths, managed_interfaces
from .identity import DEFAULT_ACCOUNT, partition
from .store import FILTER, RULE, TARGET, Resource, Store

REGION = "eu-west-1"
VPC = "vpc-0a1b2c3d4e5f60701"
SUBNETS = {"a": "subnet-0a1b2c3d4e5f60711", "b": "subnet-0a1b2c3d4e5f60712"}
# name: (id, type, subnet, interfaces, the primary first)
INSTANCES = {
    "web": ("i-0a1b2c3d4e5f60718", "m5.large", "a", ("eni-0a1b2c3d4e5f60718",)),
    "app": (
        "i-0a1b2c3d4e5f60721",
        "c5.large",
        "a",
        ("eni-0a1b2c3d4e5f60721", "eni-0a1b2c3d4e5f60722", "eni-0a1b2c3d4e5f60723"),
    ),
    "old": ("i-0a1b2c3d4e5f60731", "t2.micro", "a", ("eni-0a1b2c3d4e5f60731",)),
    "sensor": ("i-0a1b2c3d4e5f60741", "m5.xlarge", "b", ("eni-0a1b2c3d4e5f60741",)),
    "sensor-b": ("i-0a1b2c3d4e5f60742", "m5.xlarge", "b", ("eni-0a1b2c3d4e5f60742",)),
    "db": ("i-0a1b2c3d4e5f60751", "t3.medium", "b", ("eni-0a1b2c3d4e5f60751",)),
}
UNATTACHED = "eni-0a1b2c3d4e5f60761"
ENDPOINT = "vpce-0a1b2c3d4e5f60771"
BALANCERS = {"sensors": "0a1b2c3d4e5f6071", "sensors-b": "0a1b2c3d4e5f6072"}
# The interfaces of the load balancers in both subnets, a first, and of the endpoint. name: ids, last number of the
# addresses. The addresses do not change those of later interfaces.
NODES = {
    "sensors": (("eni-0a1b2c3d4e5f60791", "eni-0a1b2c3d4e5f60792"), 101),
    "sensors-b": (("eni-0a1b2c3d4e5f60793", "eni-0a1b2c3d4e5f60794"), 102),
}
ENDPOINT_INTERFACE, ENDPOINT_ADDRESS = "eni-0a1b2c3d4e5f60795", "10.71.0.103"
FILTER_ID = "tmf-0a1b2c3d4e5f60718"
RULE_IDS = {"ingress": "tmfr-0a1b2c3d4e5f60718", "egress": "tmfr-0a1b2c3d4e5f60719"}
TARGET_ID = "tmt-0a1b2c3d4e5f60718"


def balancer_arn(account: str, region: str, name: str) -> str:
    """Return the ARN of one of the lab's Network Load Balancers."""
    where = f"{partition(region)}:elasticloadbalancing:{region}:{account}"
    return f"arn:{where}:loadbalancer/net/{name}/{BALANCERS[name]}"


def names(account: str = DEFAULT_ACCOUNT, region: str = REGION) -> dict[str, Any]:
    """Return the lab's ids: strings, and {name: id} for subnets, instances, interfaces, load_balancers and rules.

    An interface has the name of its instance; those of app are app-1, app-2 and app-3. One is unattached. nodes:
    {load balancer: its interfaces in subnets a and b}. endpoint_interface: the interface of the endpoint, in subnet a.
    """
    interfaces: dict[str, str] = {
        name if len(enis) == 1 else f"{name}-{index}": eni
        for name, (_id, _type, _subnet, enis) in INSTANCES.items()
        for index, eni in enumerate(enis, 1)
    }
    found: dict[str, Any] = {
        "account": account,
        "region": region,
        "vpc": VPC,
        "subnets": dict(SUBNETS),
        "instances": {name: instance[0] for name, instance in INSTANCES.items()},
        "interfaces": {**interfaces, "unattached": UNATTACHED},
        "load_balancers": {name: balancer_arn(account, region, name) for name in BALANCERS},
        "nodes": {name: list(ids) for name, (ids, _number) in NODES.items()},
        "endpoint": ENDPOINT,
        "endpoint_interface": ENDPOINT_INTERFACE,
        "filter": FILTER_ID,
        "rules": dict(RULE_IDS),
        "target": TARGET_ID,
    }
    found.update(lab_paths.names(account, region, found["load_balancers"]))
    return found


@contextmanager
def fixed_ids(**ids: Iterator[str]) -> Iterator[None]:
    """Patch moto's id generators to return these ids in order."""
    where = {
        "vpc": "vpcs.random_vpc_id",
        "subnet": "subnets.random_subnet_id",
        "instance": "instances.random_instance_id",
        "interface": "elastic_network_interfaces.random_eni_id",
        "acl": "network_acls.random_network_acl_id",
        "group": "security_groups.random_security_group_id",
        "route_table": "route_tables.random_route_table_id",
        "attachment": "instances.random_eni_attach_id",
        "volume": "elastic_block_store.random_volume_id",
        "endpoint": "vpcs.random_vpc_ep_id",
    }
    with ExitStack() as stack:
        for name, supply in ids.items():
            stack.enter_context(patch(f"moto.ec2.models.{where[name]}", lambda supply=supply: next(supply)))
        yield


def seed(store: Store, account: str = DEFAULT_ACCOUNT, region: str = REGION) -> dict[str, Any]:
    """Create the lab in an account and region. Returns names(account, region)."""
    ec2 = ec2_backends[account][region]
    groups = iter(lab_paths.SECURITY_GROUPS.values())
    tables = {"acl": iter([lab_paths.NETWORK_ACL]), "route_table": iter([lab_paths.ROUTE_TABLE])}
    with fixed_ids(vpc=iter([VPC]), subnet=iter(SUBNETS.values()), endpoint=iter([ENDPOINT]), group=groups, **tables):
        ec2.create_vpc("10.71.0.0/16", tags=[{"Key": "Name", "Value": "lab"}])
        for index, name in enumerate(SUBNETS):
            ec2.create_subnet(
                VPC, f"10.71.{index}.0/24", availability_zone=region + name, tags={"subnet": {"Name": f"lab-{name}"}}
            )
        ec2.create_vpc_endpoint(
            VPC,
            f"com.amazonaws.vpce.{region}.vpce-svc-0a1b2c3d4e5f60772",
            "GatewayLoadBalancer",
            None,
            [],
            subnet_ids=[SUBNETS["a"]],
            tags={"Name": "lab-endpoint"},
        )
    for name in INSTANCES:
        _instance(ec2, name)
    with fixed_ids(group=groups):
        lab_paths.seed_security_groups(ec2, VPC, list(_sensors().values()))
    with fixed_ids(interface=iter([UNATTACHED])):
        _interface(ec2, "a", "unattached")
    _seed_load_balancers(account, region)
    with fixed_ids(interface=iter([ENDPOINT_INTERFACE])):
        managed_interfaces.add_to_endpoint(ec2, ec2.vpc_end_points[ENDPOINT], ENDPOINT_ADDRESS)
    _seed_mirroring(store, account, region)
    return names(account, region)


def launch(ec2: Any, instance_type: str, subnet: str, tags: dict[str, str]) -> Any:
    """Launch an instance in a subnet of the lab, a or b. Returns moto's instance."""
    reservation = ec2.run_instances(
        "ami-0a1b2c3d4e5f60701",
        1,
        None,
        [],
        instance_type=instance_type,
        is_instance_type_default=True,  # moto would compare the type with all types that it knows
        region_name=ec2.region_name,
        subnet_id=SUBNETS[subnet],
        tags={"instance": tags},
    )
    return reservation.instances[0]


def _instance(ec2: Any, name: str) -> None:
    instance_id, instance_type, subnet, (primary, *others) = INSTANCES[name]
    with fixed_ids(instance=iter([instance_id]), interface=iter([primary])):
        launch(ec2, instance_type, subnet, {"Name": name})
    # EC2's default for the interface created at launch; moto's default is False.
    ec2.enis[primary].delete_on_termination = True
    ec2.enis[primary].add_tags({"Name": name})
    for index, eni in enumerate(others, 1):
        with fixed_ids(interface=iter([eni])):
            _interface(ec2, subnet, f"{name}-{index + 1}")
        ec2.attach_network_interface(eni, instance_id, index)


def _interface(ec2: Any, subnet_name: str, name: str) -> None:
    """Create an interface. Its address is free; moto would choose any address, also one in use."""
    subnet = ec2.get_subnet(SUBNETS[subnet_name])
    ec2.create_network_interface(subnet, subnet.get_available_subnet_ip(None), tags={"Name": name})


def _seed_load_balancers(account: str, region: str) -> None:
    backend = elbv2_backends[account][region]
    for name in BALANCERS:
        balancer = backend.create_load_balancer(
            name, _balancer_groups(name), list(SUBNETS.values()), scheme="internal", loadbalancer_type="network"
        )
        del backend.load_balancers[balancer.arn]
        balancer.arn = balancer_arn(account, region, name)
        balancer.activate()
        backend.load_balancers[balancer.arn] = balancer
        ids, number = NODES[name]
        addresses = {subnet: f"10.71.{index}.{number}" for index, subnet in enumerate(SUBNETS.values())}
        with fixed_ids(interface=iter(ids)):
            managed_interfaces.update_nodes(backend.ec2_backend, balancer, addresses)
        lab_paths.seed_listener(account, region, name, balancer.arn, VPC, _sensors())


def _sensors() -> dict[str, str]:
    """Return {instance: interface} of the sensors."""
    return {INSTANCES[name][0]: INSTANCES[name][3][0] for name in ("sensor", "sensor-b")}


def _balancer_groups(name: str) -> list[str]:
    return [lab_paths.SECURITY_GROUPS["balancers"]] if name == "sensors-b" else []


def _seed_mirroring(store: Store, account: str, region: str) -> None:
    store.add(Resource(FILTER, FILTER_ID, account, region, {"NetworkServices": []}, {"Name": "lab-filter"}))
    for direction, rule_id in RULE_IDS.items():
        fields = {
            "TrafficMirrorFilterId": FILTER_ID,
            "TrafficDirection": direction,
            "RuleNumber": 100,
            "RuleAction": "accept",
            "DestinationCidrBlock": "0.0.0.0/0",
            "SourceCidrBlock": "0.0.0.0/0",
        }
        store.add(Resource(RULE, rule_id, account, region, fields))
    destination = {"NetworkLoadBalancerArn": balancer_arn(account, region, "sensors"), "Type": "network-load-balancer"}
    store.add(Resource(TARGET, TARGET_ID, account, region, destination, {"Name": "lab-target"}))
