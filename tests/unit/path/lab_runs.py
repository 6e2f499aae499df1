# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths in the lab of the emulator."""

from __future__ import annotations

from collections import Counter

import boto3
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION
from ansible_collections.vtap.aws.plugins.module_utils._path.paths import trace_paths

WEB, APP, APP2 = "eni-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60721", "eni-0a1b2c3d4e5f60722"
SENSOR = "eni-0a1b2c3d4e5f60741"


def connect_as(emulator, env):
    """An Ec2 with the credentials of these AWS_* variables."""
    keys = {name: env[name.upper()] for name in ("aws_access_key_id", "aws_secret_access_key")}
    region = env["AWS_REGION"]
    clients = {}

    def create_client(service):
        if service not in clients:
            clients[service] = boto3.client(service, region_name=region, endpoint_url=emulator.url, **keys)
        return clients[service]

    return Ec2(create_client("ec2"), sts=lambda: create_client("sts"), create_client=create_client)


def trace(ec2, packet=None, metrics=False, select=lambda _session: True):
    """The paths of the sessions, by interface. select: which sessions."""
    sessions = ec2.describe(SESSION)
    paths = trace_paths(filter(select, sessions), sessions, packet, metrics, ec2)
    return {path.session["network_interface_id"]: path for path in paths}


def create_target(client, **resource):
    return client.create_traffic_mirror_target(**resource)["TrafficMirrorTarget"]["TrafficMirrorTargetId"]


def create_session(client, lab, interface_id, target=None, number=1, length=100, **more):
    """Create a session with the filter of the lab. target: default: that of the lab."""
    reply = client.create_traffic_mirror_session(
        NetworkInterfaceId=interface_id,
        TrafficMirrorTargetId=target or lab["target"],
        TrafficMirrorFilterId=more.pop("filter_id", lab["filter"]),
        SessionNumber=number,
        PacketLength=length,
        **more,
    )
    return reply["TrafficMirrorSession"]["TrafficMirrorSessionId"]


def create_all_types(client, lab):
    """One session per target type, and the second load balancer, which has security groups."""
    create_session(client, lab, WEB, create_target(client, NetworkInterfaceId=SENSOR))
    create_session(client, lab, APP)
    arn = lab["load_balancers"]["sensors-b"]
    create_session(client, lab, APP2, create_target(client, NetworkLoadBalancerArn=arn))
    endpoint = create_target(client, GatewayLoadBalancerEndpointId=lab["endpoint"])
    create_session(client, lab, lab["interfaces"]["app-3"], endpoint)


def create_own_service(emulator, lab):
    """An endpoint whose service the account owns: a Gateway Load Balancer in zone b with the sensor. Returns ids."""
    client, balancing = emulator.client(), emulator.client("elbv2")
    reply = balancing.create_load_balancer(Name="gateway", Type="gateway", Subnets=[lab["subnets"]["b"]])
    arn = reply["LoadBalancers"][0]["LoadBalancerArn"]
    group = balancing.create_target_group(
        Name="appliances",
        Protocol="GENEVE",
        Port=6081,
        VpcId=lab["vpc"],
        TargetType="instance",
        HealthCheckProtocol="TCP",
        HealthCheckPort="22",
    )["TargetGroups"][0]["TargetGroupArn"]
    balancing.register_targets(TargetGroupArn=group, Targets=[{"Id": lab["instances"]["sensor"]}])
    balancing.create_listener(LoadBalancerArn=arn, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])
    service = client.create_vpc_endpoint_service_configuration(GatewayLoadBalancerArns=[arn], AcceptanceRequired=False)[
        "ServiceConfiguration"
    ]["ServiceName"]
    endpoint = client.create_vpc_endpoint(
        VpcEndpointType="GatewayLoadBalancer",
        VpcId=lab["vpc"],
        ServiceName=service,
        SubnetIds=[lab["subnets"]["b"]],
    )["VpcEndpoint"]["VpcEndpointId"]
    return {"arn": arn, "target_group": group, "service": service, "endpoint": endpoint}


def by_stage(path):
    """The messages that are not ok, by stage."""
    found = {}
    for finding in path.findings:
        if finding.status.value != "ok":
            found.setdefault(finding.stage, []).append(finding)
    return found


def run_instance(client, subnet_id, **more):
    """Run an instance of a supported type. Returns the id of its interface."""
    given = {"ImageId": "ami-0a1b2c3d4e5f60701", "InstanceType": "m5.large", "SubnetId": subnet_id, **more}
    reply = client.run_instances(MinCount=1, MaxCount=1, **given)
    return reply["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"]


def add_remote_sensor(client, names):
    """A session whose target is in a peered VPC, with a security group that has a prefix list. Returns ids."""
    vpc = client.create_vpc(CidrBlock="10.80.0.0/16")["Vpc"]["VpcId"]
    subnet = client.create_subnet(VpcId=vpc, CidrBlock="10.80.0.0/24", AvailabilityZone="eu-west-1a")["Subnet"]
    prefix_list = client.create_managed_prefix_list(
        PrefixListName="sources", Entries=[{"Cidr": "10.71.0.0/16"}], MaxEntries=5, AddressFamily="IPv4"
    )["PrefixList"]["PrefixListId"]
    group = client.create_security_group(GroupName="remote", Description="x", VpcId=vpc)["GroupId"]
    ports = {"IpProtocol": "udp", "FromPort": 4789, "ToPort": 4789}
    client.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[{**ports, "PrefixListIds": [{"PrefixListId": prefix_list}]}]
    )
    interface = run_instance(client, subnet["SubnetId"], SecurityGroupIds=[group])
    peering = client.create_vpc_peering_connection(VpcId=names["vpc"], PeerVpcId=vpc)
    peering = peering["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    client.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    client.create_route(
        RouteTableId=names["route_table"], DestinationCidrBlock="10.80.0.0/16", VpcPeeringConnectionId=peering
    )
    create_session(client, names, names["interfaces"]["db"], create_target(client, NetworkInterfaceId=interface))
    return {"interface": interface, "prefix_list": prefix_list, "peering": peering, "group": group}


def count(emulator):
    """The number of calls by action, since the last clear of the log."""
    return Counter(entry["action"] for entry in emulator.log())


def seed(emulator, client, names, number):
    """Sessions of many interfaces, and one for each type of target."""
    create_all_types(client, names)
    add_remote_sensor(client, names)
    emulator.bulk_seed(number, sessions={"target": names["target"], "filter": names["filter"]})
