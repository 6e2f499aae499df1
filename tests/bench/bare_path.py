# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the path of sessions one after the other, without Ansible: python bare_path.py METRICS SESSION...

METRICS is "yes" or "no". For each session, the script reads the session, the filter and the target, both interfaces
with their instances, the routes and network ACLs, the security groups of the target, and what is behind a load balancer
or endpoint. It compares states and ports, not addresses, and prints the sessions with a problem.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterator
from typing import Any

import boto3

ApiObject = dict[str, Any]
_PORT = 4789
_METRICS = ("NetworkMirrorIn", "NetworkMirrorOut", "NetworkSkipMirrorIn", "NetworkSkipMirrorOut")


class Script:
    """Checks one session after the other. metrics: whether to read CloudWatch."""

    def __init__(self, metrics: bool) -> None:
        self.ec2, self.elbv2 = boto3.client("ec2"), boto3.client("elbv2")
        self.cloudwatch = boto3.client("cloudwatch") if metrics else None

    def problems(self, session_id: str) -> Iterator[str]:
        """Yield what keeps the packets of a session from arriving."""
        session = self.one("TrafficMirrorSession", session_id)
        rules = self.one("TrafficMirrorFilter", session["TrafficMirrorFilterId"])
        target = self.one("TrafficMirrorTarget", session["TrafficMirrorTargetId"])
        if not rules["IngressFilterRules"] + rules["EgressFilterRules"] + rules["NetworkServices"]:
            yield "the filter has no rules"
        source = self.one("NetworkInterface", session["NetworkInterfaceId"])
        yield from self.instance_problems(source)
        if not self.routes(source):
            yield "the source has no routes"
        yield from self.acl_problems(source, egress=True)
        if "NetworkInterfaceId" in target:
            yield from self.receiver_problems(self.one("NetworkInterface", target["NetworkInterfaceId"]))
        elif "NetworkLoadBalancerArn" in target:
            yield from self.balancer_problems(target["NetworkLoadBalancerArn"])
        else:
            yield from self.endpoint_problems(target["GatewayLoadBalancerEndpointId"])
        if self.cloudwatch and not sum(self.metrics(source["Attachment"]["InstanceId"])):
            print(f"{session_id}: nothing was mirrored in the last hour")

    def one(self, resource: str, identifier: str) -> ApiObject:
        """Return a resource of EC2 by id."""
        name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in resource)
        found = getattr(self.ec2, f"describe{name}s")(**{f"{resource}Ids": [identifier]})
        row: ApiObject = found[f"{resource}s"][0]
        return row

    def find(self, operation: str, member: str, name: str, value: str) -> list[ApiObject]:
        """Return the resources of EC2 that match a filter."""
        found: list[ApiObject] = getattr(self.ec2, operation)(Filters=[{"Name": name, "Values": [value]}])[member]
        return found

    def instance_problems(self, interface: ApiObject) -> Iterator[str]:
        if "InstanceId" not in interface.get("Attachment", {}):
            yield f"{interface['NetworkInterfaceId']} is not attached"
            return
        found = self.ec2.describe_instances(InstanceIds=[interface["Attachment"]["InstanceId"]])
        state = found["Reservations"][0]["Instances"][0]["State"]["Name"]
        if state != "running":
            yield f"the instance of {interface['NetworkInterfaceId']} is {state}"

    def routes(self, interface: ApiObject) -> list[ApiObject]:
        """Return the active routes of the subnet: of its route table, or of the main route table of the VPC."""
        tables = self.find("describe_route_tables", "RouteTables", "association.subnet-id", interface["SubnetId"])
        if not tables:
            tables = self.find("describe_route_tables", "RouteTables", "vpc-id", interface["VpcId"])
        return [route for table in tables for route in table["Routes"] if route["State"] == "active"]

    def acl_problems(self, interface: ApiObject, egress: bool) -> Iterator[str]:
        """Yield a problem if the first rule of the subnet's network ACL for the port is not an allow rule."""
        subnet = interface["SubnetId"]
        acl = self.find("describe_network_acls", "NetworkAcls", "association.subnet-id", subnet)[0]
        for entry in sorted(acl["Entries"], key=lambda row: int(row["RuleNumber"])):
            ports = entry.get("PortRange", {"From": 0, "To": 65535})
            if (
                entry["Egress"] == egress
                and entry["Protocol"] in ("-1", "17")
                and _has_port(ports["From"], ports["To"])
            ):
                if entry["RuleAction"] != "allow":
                    yield f"the network ACL of {subnet} denies the packets"
                return

    def receiver_problems(self, interface: ApiObject) -> Iterator[str]:
        """Yield the problems of an interface that receives packets."""
        yield from self.instance_problems(interface)
        yield from self.acl_problems(interface, egress=False)
        groups = [group["GroupId"] for group in interface["Groups"]]
        found = self.ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"]
        rules = [rule for group in found for rule in group["IpPermissions"]]
        for rule in rules:
            for row in rule["PrefixListIds"]:
                self.ec2.get_managed_prefix_list_entries(PrefixListId=row["PrefixListId"])
        if not any(
            rule["IpProtocol"] in ("-1", "udp") and _has_port(rule.get("FromPort", 0), rule.get("ToPort", 65535))
            for rule in rules
        ):
            yield f"the security groups of {interface['NetworkInterfaceId']} do not allow the packets"

    def balancer_problems(self, arn: str) -> Iterator[str]:
        state = self.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"]
        if state != "active":
            yield f"{arn} is {state}"
        self.elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)
        listeners = self.elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        receivers = [action for row in listeners if row.get("Port", _PORT) == _PORT for action in row["DefaultActions"]]
        if not receivers:
            yield f"{arn} has no listener"
        for action in receivers:
            for group in action.get("ForwardConfig", {}).get("TargetGroups") or [action]:
                yield from self.group_problems(group["TargetGroupArn"], with_targets="Port" in listeners[0])

    def group_problems(self, arn: str, with_targets: bool) -> Iterator[str]:
        """Yield the problems of a target group. with_targets: whether to check the registered targets."""
        self.elbv2.describe_target_group_attributes(TargetGroupArn=arn)
        rows = self.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        healthy = [row["Target"]["Id"] for row in rows if row["TargetHealth"]["State"] == "healthy"]
        if not healthy:
            yield f"{arn} has no healthy target"
        for instance in healthy if with_targets else ():
            name = "attachment.instance-id"
            for interface in self.find("describe_network_interfaces", "NetworkInterfaces", name, instance):
                yield from self.receiver_problems(interface)

    def endpoint_problems(self, endpoint_id: str) -> Iterator[str]:
        endpoint = self.one("VpcEndpoint", endpoint_id)
        if endpoint["State"] != "available":
            yield f"{endpoint_id} is {endpoint['State']}"
        for identifier in endpoint["NetworkInterfaceIds"]:
            yield from self.acl_problems(self.one("NetworkInterface", identifier), egress=False)
        name = endpoint["ServiceName"]
        operation, member = "describe_vpc_endpoint_service_configurations", "ServiceConfigurations"
        for service in self.find(operation, member, "service-name", name):
            for arn in service["GatewayLoadBalancerArns"]:
                yield from self.balancer_problems(arn)

    def metrics(self, instance: str) -> list[float]:
        """Return the values of the last hour."""
        assert self.cloudwatch
        end = datetime.datetime.now(datetime.timezone.utc)
        dimensions = [{"Name": "InstanceId", "Value": instance}]
        queries = []
        for nth, name in enumerate(_METRICS):
            metric = {"Namespace": "AWS/EC2", "MetricName": name, "Dimensions": dimensions}
            queries.append({"Id": f"q{nth}", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}})
        found = self.cloudwatch.get_metric_data(
            MetricDataQueries=queries, StartTime=end - datetime.timedelta(hours=1), EndTime=end
        )
        return [value for row in found["MetricDataResults"] for value in row["Values"]]


def _has_port(first: int, last: int) -> bool:
    return first <= _PORT <= last


def main(metrics: str, *sessions: str) -> None:
    script = Script(metrics == "yes")
    for session in sessions:
        problems = list(script.problems(session))
        if problems:
            print(f"{session} has a problem: {'; '.join(problems)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
