# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account of the bench of paths: sessions to interfaces, load balancers and endpoints in one VPC.

Of the sessions, half are to interfaces, with 10 sources per target as EC2 allows, 3 in 10 to Network Load Balancers and
2 in 10 to Gateway Load Balancer endpoints. The service of one endpoint belongs to the account, that of the other does
not. A rule with a prefix list opens the security group of the sensors. Every tenth interface target has another
security group: its sessions have the verdict problem, all others unknown, because the MTU is not visible.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tests.emulator.client import Emulator

from .subjects import FILTER_ID

SOURCES_PER_TARGET, SESSIONS_PER_BALANCER, CLOSED = 10, 200, 10
# The number of sessions to interfaces, load balancers and endpoints, of ten.
SHARES = (5, 3, 2)
SENSORS = 4
CALLS_PER_1000, CALLS_PER_BALANCER, CALLS_PER_FURTHER_GROUP, CALLS_PER_PREFIX_LIST = 60, 5, 2, 1
_SERVICE = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a1b2c3d4e5f60799"
_VXLAN = {"IpProtocol": "udp", "FromPort": 4789, "ToPort": 4789}


@dataclass(frozen=True)
class Account:
    """What was created. closed: the sessions with the verdict problem. balancers: the number of load balancers."""

    sessions: list[str]
    closed: frozenset[str]
    balancers: int

    @property
    def summary(self) -> dict[str, int]:
        """The number of sessions by verdict."""
        return {"ok": 0, "unknown": len(self.sessions) - len(self.closed), "problem": len(self.closed)}

    @property
    def most_calls(self) -> int:
        """The number of calls that the module may make. One load balancer has a second target group."""
        per_session = CALLS_PER_1000 * math.ceil(len(self.sessions) / 1000)
        return per_session + CALLS_PER_BALANCER * self.balancers + CALLS_PER_FURTHER_GROUP + CALLS_PER_PREFIX_LIST

    def sample(self, number: int) -> list[str]:
        """Return sessions from the whole account, of all types of targets."""
        return self.sessions[:: max(1, len(self.sessions) // number)][:number]


class Builder:
    """Creates resources in the VPC of bulk_seed."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator, self.ec2, self.elbv2 = emulator, emulator.client(), emulator.client("elbv2")
        self.sensors = emulator.bulk_seed(SENSORS, instance_type="m5.xlarge")
        row = self.ec2.describe_network_interfaces(NetworkInterfaceIds=self.sensors["interfaces"][:1])
        self.vpc = row["NetworkInterfaces"][0]["VpcId"]
        subnets = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["Subnets"]
        self.subnets = sorted(row["SubnetId"] for row in subnets)
        self.open_group = self._open_group(subnets)
        self.open(self.sensors["interfaces"])

    def _open_group(self, subnets: list[Any]) -> str:
        entries = [{"Cidr": row["CidrBlock"]} for row in subnets]
        prefix_list = self.ec2.create_managed_prefix_list(
            PrefixListName="sources", MaxEntries=10, AddressFamily="IPv4", Entries=entries
        )["PrefixList"]["PrefixListId"]
        made = self.ec2.create_security_group(GroupName="sensors", Description="VXLAN", VpcId=self.vpc)["GroupId"]
        rule = {**_VXLAN, "PrefixListIds": [{"PrefixListId": prefix_list}]}
        self.ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[rule])
        return str(made)

    def open(self, interfaces: list[str]) -> None:
        """Set the security group that allows VXLAN."""
        for one in interfaces:
            self.ec2.modify_network_interface_attribute(NetworkInterfaceId=one, Groups=[self.open_group])

    def mirror(self, number: int, **destination: str) -> list[str]:
        """Create a target and this number of sessions to it. Returns the ids of the sessions."""
        made = self.ec2.create_traffic_mirror_target(**destination)["TrafficMirrorTarget"]
        sessions = {"target": made["TrafficMirrorTargetId"], "filter": FILTER_ID}
        return self.emulator.bulk_seed(number, sessions=sessions)["sessions"]

    def target_group(self, name: str, protocol: str, port: int) -> str:
        """Create a target group with the sensors. Returns its ARN."""
        made = self.elbv2.create_target_group(
            Name=name, Protocol=protocol, Port=port, VpcId=self.vpc, HealthCheckProtocol="TCP", HealthCheckPort="22"
        )["TargetGroups"][0]["TargetGroupArn"]
        self.elbv2.register_targets(TargetGroupArn=made, Targets=[{"Id": one} for one in self.sensors["instances"]])
        return str(made)

    def balancer(self, name: str, groups: int = 1) -> str:
        """Create a Network Load Balancer with this number of target groups. Returns its ARN."""
        arn = self._balancer(name, "network")
        forward = [{"TargetGroupArn": self.target_group(f"{name}-{nth}", "UDP", 4789)} for nth in range(groups)]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{**one, "Weight": 1} for one in forward]}}
        self.elbv2.create_listener(LoadBalancerArn=arn, Protocol="UDP", Port=4789, DefaultActions=[action])
        return arn

    def service(self) -> str:
        """Create a Gateway Load Balancer and an endpoint service. Returns the name of the service."""
        arn = self._balancer("gateway", "gateway")
        action = {"Type": "forward", "TargetGroupArn": self.target_group("gateway", "GENEVE", 6081)}
        self.elbv2.create_listener(LoadBalancerArn=arn, DefaultActions=[action])
        made = self.ec2.create_vpc_endpoint_service_configuration(
            GatewayLoadBalancerArns=[arn], AcceptanceRequired=False
        )
        return str(made["ServiceConfiguration"]["ServiceName"])

    def endpoint(self, service: str) -> str:
        """Create a Gateway Load Balancer endpoint. Returns its id."""
        made = self.ec2.create_vpc_endpoint(
            VpcId=self.vpc, ServiceName=service, VpcEndpointType="GatewayLoadBalancer", SubnetIds=self.subnets[:1]
        )
        return str(made["VpcEndpoint"]["VpcEndpointId"])

    def _balancer(self, name: str, balancer_type: str) -> str:
        made = self.elbv2.create_load_balancer(Name=name, Type=balancer_type, Subnets=self.subnets)
        arn = str(made["LoadBalancers"][0]["LoadBalancerArn"])
        # Without cross-zone load balancing, the zone of each registered target counts.
        attributes = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
        self.elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)
        return arn


def seed(emulator: Emulator, number: int) -> Account:
    """Create an account with this number of sessions, a multiple of 10."""
    emulator.reset()
    builder = Builder(emulator)
    to_interfaces, to_balancers, to_endpoints = (share * number // sum(SHARES) for share in SHARES)
    sessions: list[str] = []
    closed: list[str] = []
    for nth, part in enumerate(_split(to_interfaces, math.ceil(to_interfaces / SOURCES_PER_TARGET))):
        sensor = emulator.bulk_seed(1, instance_type="m5.xlarge")["interfaces"]
        made = builder.mirror(part, NetworkInterfaceId=sensor[0])
        sessions += made
        if nth % CLOSED == 0:
            closed += made
        else:
            builder.open(sensor)
    balancers = math.ceil(number / SESSIONS_PER_BALANCER)
    for nth, part in enumerate(_split(to_balancers, balancers)):
        arn = builder.balancer(f"sensors-{nth}", groups=1 if nth else 2)
        sessions += builder.mirror(part, NetworkLoadBalancerArn=arn)
    for service, part in zip((builder.service(), _SERVICE), _split(to_endpoints, 2), strict=True):
        sessions += builder.mirror(part, GatewayLoadBalancerEndpointId=builder.endpoint(service))
    return Account(sessions, frozenset(closed), balancers + 1)


def _split(number: int, parts: int) -> list[int]:
    """Return parts of about the same size."""
    return [number * (nth + 1) // parts - number * nth // parts for nth in range(parts)]
