# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks for the tests of permissions: functions that prepare the lab and return the options of a module."""

from __future__ import annotations

import boto3

from tests.emulator.lab import names

LAB = names()
INTERFACES, FILTER, TARGET = LAB["interfaces"], LAB["filter"], LAB["target"]
WEB, DB, APP = INTERFACES["web"], INTERFACES["db"], INTERFACES["app-1"]
ANY = {"source_cidr": "0.0.0.0/0", "destination_cidr": "0.0.0.0/0", "action": "accept"}


def specification(kind, **tags):
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"TagSpecifications": [{"ResourceType": f"traffic-mirror-{kind}", "Tags": pairs}]}


def create_session(ec2, interface=WEB, target=TARGET, the_filter=FILTER, **tags):
    made = ec2.create_traffic_mirror_session(
        NetworkInterfaceId=interface,
        SessionNumber=1,
        TrafficMirrorTargetId=target,
        TrafficMirrorFilterId=the_filter,
        **specification("session", **(tags or {"Name": "web"})),
    )
    return made["TrafficMirrorSession"]["TrafficMirrorSessionId"]


def create_target(ec2, interface="sensor"):
    made = ec2.create_traffic_mirror_target(
        NetworkInterfaceId=INTERFACES[interface], **specification("target", Name="ids", Old="1")
    )
    return made["TrafficMirrorTarget"]["TrafficMirrorTargetId"]


def create_filter(ec2):
    made = ec2.create_traffic_mirror_filter(Description="old", **specification("filter", Name="ids", Old="1"))
    found = made["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    for number in (100, 200):
        ec2.create_traffic_mirror_filter_rule(
            TrafficMirrorFilterId=found,
            TrafficDirection="ingress",
            RuleNumber=number,
            RuleAction="accept",
            SourceCidrBlock="0.0.0.0/0",
            DestinationCidrBlock=f"10.0.{number}.0/24",
            **specification("filter-rule", Old="1"),
        )
    return found


def rule(number, **more):
    return {"direction": "ingress", "rule_number": number, **ANY, **more}


# The tasks of each module. Each function creates existing resources as root user and returns the module's options.
def session_created(_ec2):
    return {
        "network_interface_id": WEB,
        "session_number": 1,
        "traffic_mirror_filter_name": "lab-filter",
        "traffic_mirror_target_name": "lab-target",
        "name": "web",
    }


def session_changed(ec2):
    other = {"traffic_mirror_target_id": create_target(ec2), "traffic_mirror_filter_id": create_filter(ec2)}
    create_session(ec2, Name="web", Old="1")
    return {"network_interface_id": WEB, "name": "web", **other, "tags": {"New": "1"}, "description": "new"}


def session_moved(ec2):
    moved = {"traffic_mirror_session_id": create_session(ec2), "network_interface_id": DB}
    return {**moved, "name": "web", "allow_replacement": True}


def session_moved_by_name(ec2):
    """From an interface that is attached to nothing."""
    create_session(ec2, INTERFACES["app-2"])
    attached = ec2.describe_network_interfaces(NetworkInterfaceIds=[INTERFACES["app-2"]])["NetworkInterfaces"][0]
    ec2.detach_network_interface(AttachmentId=attached["Attachment"]["AttachmentId"])
    return {"network_interface_id": DB, "name": "web", "allow_replacement": True}


def session_removed(ec2):
    return {"traffic_mirror_session_id": create_session(ec2), "state": "absent"}


def filter_created(_ec2):
    rules = [rule(100, tags={"Why": "all"}), rule(200, source_cidr="10.0.0.0/8")]
    return {"name": "ids", "rules": rules, "network_services": ["amazon-dns"], "tags": {"Team": "netsec"}}


def filter_changed(ec2):
    create_filter(ec2)
    rules = [rule(100, destination_cidr="10.0.100.0/24", description="new", tags={"New": "1"}), rule(300)]
    return {"name": "ids", "rules": rules, "network_services": ["amazon-dns"], "tags": {"New": "1"}}


def filter_emptied(ec2):
    create_filter(ec2)
    return {"name": "ids", "rules": []}


def filter_replaced(ec2):
    found = create_filter(ec2)
    create_session(ec2, the_filter=found)
    return {"name": "ids", "description": "new", "allow_replacement": True}


def filter_removed(ec2):
    return {"traffic_mirror_filter_id": create_filter(ec2), "state": "absent"}


def target_created(_ec2):
    return {"network_interface_id": INTERFACES["sensor"], "name": "ids"}


def target_of_an_endpoint(_ec2):
    return {"gateway_load_balancer_endpoint_id": LAB["endpoint"]}


def target_of_a_balancer(_ec2):
    return {"network_load_balancer_arn": LAB["load_balancers"]["sensors-b"], "name": "ids", "tags": {"Team": "netsec"}}


def target_retagged(ec2):
    return {"traffic_mirror_target_id": create_target(ec2), "tags": {"Name": "ids", "New": "1"}}


def target_replaced(ec2):
    found = create_target(ec2)
    create_session(ec2, target=found)
    return {"network_interface_id": INTERFACES["sensor-b"], "name": "ids", "allow_replacement": True}


def target_removed(ec2):
    return {"traffic_mirror_target_id": create_target(ec2), "state": "absent"}


def fleet_created(_ec2, **more):
    return {
        "name": "ids",
        "sources": [{"network_interface_ids": [WEB, DB]}],
        "targets": [{"traffic_mirror_target_name": "lab-target"}],
        "traffic_mirror_filter_name": "lab-filter",
        **more,
    }


def fleet_changed(ec2):
    """Create a session to update, a session to adopt, and a session to delete."""
    create_session(ec2, WEB, create_target(ec2), create_filter(ec2), **{"vtap:fleet": "ids", "Old": "1"})
    create_session(ec2, DB, Name="db")
    create_session(ec2, APP, **{"vtap:fleet": "ids"})
    return fleet_created(ec2, adopt=True, tags={"New": "1"}, description="new")


def fleet_to_an_endpoint(ec2):
    made = ec2.create_traffic_mirror_target(GatewayLoadBalancerEndpointId=LAB["endpoint"])["TrafficMirrorTarget"]
    targets = [{"traffic_mirror_target_id": made["TrafficMirrorTargetId"]}]
    return fleet_created(ec2, targets=targets, participant_interfaces=True)


def fleet_removed(ec2):
    create_session(ec2, WEB, **{"vtap:fleet": "ids"})
    return {"name": "ids", "state": "absent"}


def stack_created(_ec2):
    return {
        "name": "ids",
        "filters": [filter_created(None)],
        "targets": [target_created(None), {**target_of_an_endpoint(None), "name": "endpoint"}],
        "sessions": [
            {
                "name": "web",
                "network_interface_id": WEB,
                "traffic_mirror_filter_name": "ids",
                "traffic_mirror_target_name": "ids",
            }
        ],
    }


def stack_adopted(ec2):
    """Create a filter, a target and a session to adopt and to change, and a session to delete."""
    create_session(ec2, target=create_target(ec2), the_filter=create_filter(ec2))
    create_session(ec2, APP, **{"vtap:stack": "ids"})
    rules = [rule(100, destination_cidr="10.0.100.0/24", description="new", tags={"New": "1"}), rule(300)]
    changed = {"name": "ids", "rules": rules, "network_services": ["amazon-dns"], "tags": {"New": "1"}}
    session = {"name": "web", "description": "new"}
    return {"name": "ids", "filters": [changed], "targets": [{"name": "ids"}], "sessions": [session], "adopt": True}


def stack_replaced(ec2):
    mark = {"vtap:stack": "ids"}
    found, target = create_filter(ec2), create_target(ec2)
    session = create_session(ec2, target=target, the_filter=found)
    ec2.create_tags(Resources=[found, target, session], Tags=[{"Key": "vtap:stack", "Value": "ids"}])
    create_session(ec2, APP, target=target, the_filter=found, **mark)
    return {
        "name": "ids",
        "filters": [{"name": "ids", "description": "new"}],
        "targets": [{"name": "ids", "network_interface_id": INTERFACES["sensor-b"]}],
        "sessions": [{"name": "web", "network_interface_id": DB}],
        "allow_replacement": True,
    }


def stack_removed(ec2):
    ids = [create_target(ec2), create_filter(ec2)]
    ids.append(create_session(ec2, target=ids[0], the_filter=ids[1]))
    ec2.create_tags(Resources=ids, Tags=[{"Key": "vtap:stack", "Value": "ids"}])
    return {"name": "ids", "state": "absent"}


def everything(ec2):
    create_session(ec2, the_filter=create_filter(ec2))
    return {}


def create_own_service(ec2):
    """Create a Gateway Load Balancer with a sensor, and its endpoint service. Returns the id of an endpoint."""
    keys = {"aws_access_key_id": "AKIARZPUZDIKAAAAAAAA", "aws_secret_access_key": "emulator-secret-key"}
    balancing = boto3.client("elbv2", "eu-west-1", endpoint_url=ec2.meta.endpoint_url, **keys)
    where = {"VpcId": LAB["vpc"]}
    group = {"Protocol": "GENEVE", "Port": 6081, "HealthCheckProtocol": "TCP", "HealthCheckPort": "22", **where}
    arn = balancing.create_load_balancer(Name="gateway", Type="gateway", Subnets=[LAB["subnets"]["b"]])[
        "LoadBalancers"
    ][0]["LoadBalancerArn"]
    group_arn = balancing.create_target_group(Name="appliances", **group)["TargetGroups"][0]["TargetGroupArn"]
    balancing.register_targets(TargetGroupArn=group_arn, Targets=[{"Id": LAB["instances"]["sensor"]}])
    balancing.create_listener(LoadBalancerArn=arn, DefaultActions=[{"Type": "forward", "TargetGroupArn": group_arn}])
    service = ec2.create_vpc_endpoint_service_configuration(GatewayLoadBalancerArns=[arn], AcceptanceRequired=False)
    made = ec2.create_vpc_endpoint(
        VpcEndpointType="GatewayLoadBalancer",
        ServiceName=service["ServiceConfiguration"]["ServiceName"],
        SubnetIds=[LAB["subnets"]["b"]],
        **where,
    )
    return made["VpcEndpoint"]["VpcEndpointId"]


def paths_of_all_types(ec2):
    """Create sessions to targets of all types, one of them in a peered VPC that a prefix list routes packets to."""
    create_session(ec2, WEB)
    endpoint = ec2.create_traffic_mirror_target(GatewayLoadBalancerEndpointId=create_own_service(ec2))
    create_session(ec2, DB, endpoint["TrafficMirrorTarget"]["TrafficMirrorTargetId"])
    vpc = ec2.create_vpc(CidrBlock="10.80.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.80.0.0/24")["Subnet"]["SubnetId"]
    sensor = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    target = ec2.create_traffic_mirror_target(NetworkInterfaceId=sensor)["TrafficMirrorTarget"]
    create_session(ec2, APP, target["TrafficMirrorTargetId"])
    peering = ec2.create_vpc_peering_connection(VpcId=LAB["vpc"], PeerVpcId=vpc)["VpcPeeringConnection"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering["VpcPeeringConnectionId"])
    entries = {"MaxEntries": 1, "AddressFamily": "IPv4", "Entries": [{"Cidr": "10.80.0.0/16"}]}
    prefix_list = ec2.create_managed_prefix_list(PrefixListName="remote", **entries)["PrefixList"]
    ec2.create_route(
        RouteTableId=LAB["route_table"],
        DestinationPrefixListId=prefix_list["PrefixListId"],
        VpcPeeringConnectionId=peering["VpcPeeringConnectionId"],
    )
    packet = {"direction": "egress", "source": "10.71.0.4", "destination": "198.51.100.7", "destination_port": 443}
    return {"metrics": True, "packet": packet}


def path_of_a_session(ec2):
    return {"traffic_mirror_session_ids": [create_session(ec2)], "fail_on": "problem"}


def counted(ec2):
    return {**everything(ec2), "session_count": True}


TASKS = {
    "ec2_traffic_mirror_session": [session_created, session_changed, session_moved, session_removed],
    "ec2_traffic_mirror_filter": [filter_created, filter_changed, filter_emptied, filter_replaced, filter_removed],
    "ec2_traffic_mirror_target": [
        *(target_created, target_of_an_endpoint, target_of_a_balancer),
        *(target_retagged, target_replaced, target_removed),
    ],
    "ec2_traffic_mirror_fleet": [fleet_created, fleet_changed, fleet_to_an_endpoint, fleet_removed],
    "ec2_traffic_mirror_stack": [stack_created, stack_adopted, stack_replaced, stack_removed],
    "ec2_traffic_mirror_filter_info": [everything],
    "ec2_traffic_mirror_target_info": [counted],
    "ec2_traffic_mirror_session_info": [everything],
    "ec2_traffic_mirror_path_info": [paths_of_all_types, path_of_a_session],
    "ec2_traffic_mirror_stack_info": [everything],
}
