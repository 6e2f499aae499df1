# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what the path of mirrored packets depends on, in batches. A call that is denied leaves its part unknown."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from .._ec2.client import PAGE_SIZE, VALUES_PER_REQUEST, Ec2
from .._ec2.errors import Ec2Error
from .._ec2.services import LOAD_BALANCING, MONITORING, iam_action
from .._model.resource_types import ApiParams, ModuleParams, ResourceType
from . import routes, security_groups
from .addresses import VXLAN_PORT
from .aws_state import AwsState, Balancer, TargetGroup, get_port, group_ids, list_target_ids, node_description
from .findings import ReadFailure

# Actions with a smaller page size than most (EC2's service model).
_PAGE_SIZES = {"DescribeRouteTables": 100}
# A listener of a Network Load Balancer that receives mirrored packets (Traffic Mirroring guide, "Traffic mirror
# targets"). The listeners of a Gateway Load Balancer have no protocol; they receive all packets.
_PROTOCOLS = ("UDP", "TCP_UDP")
_CROSS_ZONE = "load_balancing.cross_zone.enabled"
# Metrics of source instances in CloudWatch: bytes that were mirrored, and bytes that a session accepted but that were
# not mirrored, because other traffic has priority (Traffic Mirroring guide, "Monitor mirrored traffic").
_MIRRORED = ("NetworkMirrorIn", "NetworkMirrorOut")
_SKIPPED = ("NetworkSkipMirrorIn", "NetworkSkipMirrorOut")
_STATUS_CODES = ("Complete", "PartialData")  # others are errors (CloudWatch API Reference, MetricDataResult)
# Maximum number of queries in one request (CloudWatch API Reference, GetMetricData).
_QUERIES_PER_REQUEST = 500
_HOUR, _PERIOD = 3600, 300  # seconds; basic monitoring has one datapoint in five minutes


class Discovery:
    """Fills an AwsState. Raises Ec2Error if a call of EC2 fails for another reason than a missing permission."""

    def __init__(self, ec2: Ec2) -> None:
        self._ec2 = ec2
        self.state = AwsState()

    def read_all(self, resource_type: ResourceType) -> dict[str, ModuleParams]:
        """Read all filters or all targets, by id; none if the call is denied."""
        try:
            return {row[resource_type.id_option]: row for row in self._ec2.describe(resource_type)}
        except Ec2Error as error:
            self._note(error)
            return {}

    def read(self, sources: Iterable[str], targets: Iterable[ModuleParams]) -> AwsState:
        """Read everything about these source interfaces and targets of the caller's account."""
        rows = list(targets)
        destinations = {
            option: {row[option] for row in rows if row.get(option)}
            for option in ("network_interface_id", "network_load_balancer_arn", "gateway_load_balancer_endpoint_id")
        }
        self._read_endpoints(destinations["gateway_load_balancer_endpoint_id"])
        gateways = {arn for arns in self.state.service_balancers.values() for arn in arns}
        self._read_balancers(destinations["network_load_balancer_arn"] | gateways)
        nodes = {one for row in self.state.endpoints.values() for one in row.get("NetworkInterfaceIds", ())}
        self._read_interfaces("network-interface-id", {*sources, *destinations["network_interface_id"], *nodes})
        groups = [group for balancer in self.state.balancers.values() for group in balancer.groups]
        registered = {one for group in groups for one in list_target_ids(group.candidates)}
        instances = {one for one in registered if one.startswith("i-")}
        self._read_interfaces("attachment.instance-id", instances)
        self._read_interfaces("addresses.private-ip-address", registered - instances)
        self._read_interfaces("description", map(node_description, destinations["network_load_balancer_arn"]))
        self._read_instances()
        self._read_network()
        return self.state

    def _read_interfaces(self, filter_name: str, values: Iterable[str]) -> None:
        rows = self._read("DescribeNetworkInterfaces", "NetworkInterfaces", filter_name, values)
        self.state.interfaces.update({row["NetworkInterfaceId"]: row for row in rows})

    def _read_instances(self) -> None:
        attached = {row.get("Attachment", {}).get("InstanceId") for row in self.state.interfaces.values()}
        reservations = self._read("DescribeInstances", "Reservations", "instance-id", attached - {None})
        self.state.instances = {
            row["InstanceId"]: row for reservation in reservations for row in reservation["Instances"]
        }

    def _read_endpoints(self, ids: Iterable[str]) -> None:
        """Read the endpoints, their services, and the load balancers of those services that the caller owns."""
        rows = self._read("DescribeVpcEndpoints", "VpcEndpoints", "vpc-endpoint-id", ids)
        self.state.endpoints = {row["VpcEndpointId"]: row for row in rows}
        names = {row["ServiceName"] for row in rows if row.get("ServiceName")}
        services = self._read("DescribeVpcEndpointServices", "ServiceDetails", "service-name", names)
        self.state.services = {row["ServiceName"]: row for row in services}
        own = [row["ServiceName"] for row in services if row.get("Owner") and not self._ec2.is_foreign(row["Owner"])]
        configurations = self._read(
            "DescribeVpcEndpointServiceConfigurations", "ServiceConfigurations", "service-name", own
        )
        self.state.service_balancers = {
            row["ServiceName"]: list(row.get("GatewayLoadBalancerArns", ())) for row in configurations
        }

    def _read_network(self) -> None:
        rows = self.state.interfaces.values()
        subnets = {row["SubnetId"] for row in rows if row.get("SubnetId")}
        forwarding = {one for balancer in self.state.balancers.values() for one in balancer.security_groups}
        groups = {one for row in rows for one in group_ids(row)} | forwarding
        vpcs = {row["VpcId"] for row in rows if row.get("VpcId")}
        state = self.state
        state.network_acls = self._read("DescribeNetworkAcls", "NetworkAcls", "association.subnet-id", subnets)
        state.route_tables = self._read("DescribeRouteTables", "RouteTables", "vpc-id", vpcs)
        found = self._read("DescribeSecurityGroups", "SecurityGroups", "group-id", groups)
        state.security_groups = {row["GroupId"]: row for row in found}
        peerings = {one for table in state.route_tables for one in routes.peering_ids(table)}
        found = self._read(
            "DescribeVpcPeeringConnections", "VpcPeeringConnections", "vpc-peering-connection-id", peerings
        )
        state.peerings = {row["VpcPeeringConnectionId"]: row for row in found}
        lists = {one for table in state.route_tables for one in routes.prefix_list_ids(table)}
        targets = (
            row for balancer in state.balancers.values() for group in balancer.groups for row in group.candidates
        )
        # The outbound rules of load balancers apply, too.
        outbound = [row for group_id, row in state.security_groups.items() if group_id in forwarding]
        for port in {VXLAN_PORT, *map(get_port, targets)}:
            lists |= security_groups.prefix_list_ids(state.security_groups.values(), port)
            lists |= security_groups.prefix_list_ids(outbound, port, egress=True)
        entries = {one: self._read_prefix_list(one) for one in sorted(lists)}
        state.prefix_lists = {one: rows for one, rows in entries.items() if rows is not None}

    def _read_prefix_list(self, list_id: str) -> list[ApiParams] | None:
        """The entries of a prefix list, None if they cannot be read."""
        if "GetManagedPrefixListEntries" in self.state.failures:
            return None
        try:
            pages = self._ec2.pages("GetManagedPrefixListEntries", PrefixListId=list_id)
            return [entry for page in pages for entry in page["Entries"]]
        except Ec2Error as error:
            if not error.not_found:
                self._note(error)
            return None

    def _read_balancers(self, arns: Iterable[str]) -> None:
        arns = sorted(arns)
        try:
            rows = self._ec2.services.load_balancers(arns)
        except Ec2Error as error:
            self._note(error, LOAD_BALANCING)
            return
        self.state.balancers = {
            arn: self._read_balancer(arn, rows[arn]) if arn in rows else Balancer(None) for arn in arns
        }

    def _read_balancer(self, arn: str, row: ApiParams) -> Balancer:
        """Read the listeners of a load balancer, the target groups, and the health of their targets."""
        default = self._read_cross_zone("DescribeLoadBalancerAttributes", LoadBalancerArn=arn)
        listeners = self._call("DescribeListeners", "Listeners", LoadBalancerArn=arn)
        balancer = Balancer(row)
        if listeners is None:
            return balancer
        listeners = [one for one in listeners if balancer.is_gateway or _receives_vxlan(one)]
        groups = []
        for group_arn in sorted({one for listener in listeners for one in _target_group_arns(listener)}):
            health = self._call("DescribeTargetHealth", "TargetHealthDescriptions", TargetGroupArn=group_arn)
            # The attribute of a target group overrides that of the load balancer, unless it refers to the latter.
            own = self._read_cross_zone("DescribeTargetGroupAttributes", TargetGroupArn=group_arn)
            value = own if own in ("true", "false", None) else default
            groups.append(TargetGroup(group_arn, health, None if value is None else value == "true"))
        return Balancer(row, listeners, tuple(groups))

    def _read_cross_zone(self, operation: str, **params: Any) -> str | None:
        """The attribute for cross-zone load balancing, None if it cannot be read."""
        attributes = self._call(operation, "Attributes", **params)
        if attributes is None:
            return None
        return str({row["Key"]: row.get("Value") for row in attributes}.get(_CROSS_ZONE, ""))

    def read_metrics(self, instance_ids: Iterable[str]) -> None:
        """Read what CloudWatch recorded in the last hour for these source instances."""
        queries = [(one, metric) for one in sorted(set(instance_ids)) for metric in (*_MIRRORED, *_SKIPPED)]
        end = datetime.datetime.now(datetime.timezone.utc)
        period = {"StartTime": end - datetime.timedelta(seconds=_HOUR), "EndTime": end}
        mirrored: dict[str, int] = defaultdict(int)
        skipped: dict[str, int] = defaultdict(int)
        try:
            for start in range(0, len(queries), _QUERIES_PER_REQUEST):
                chunk = queries[start : start + _QUERIES_PER_REQUEST]
                params = [_query(nth, *query) for nth, query in enumerate(chunk)]
                rows = self._ec2.services.pages(
                    MONITORING, "GetMetricData", "MetricDataResults", MetricDataQueries=params, **period
                )
                for row in rows:
                    if row.get("StatusCode") not in _STATUS_CODES:
                        raise Ec2Error("GetMetricData", str(row.get("StatusCode")), "")
                    instance_id, metric = chunk[int(row["Id"][1:])]
                    sums = mirrored if metric in _MIRRORED else skipped
                    sums[instance_id] += int(sum(row.get("Values", ())))
        except Ec2Error as error:
            self._note(error, MONITORING)
        self.state.mirrored, self.state.skipped = dict(mirrored), dict(skipped)

    def _call(self, operation: str, member: str, **params: Any) -> list[ApiParams] | None:
        """The rows of a call of Elastic Load Balancing, None if it failed.

        A denied call is not repeated. Another failure concerns one load balancer, for example one that was deleted.
        """
        failure = self.state.failures.get(operation)
        if failure is not None and not failure.code:
            return None
        try:
            return self._ec2.services.pages(LOAD_BALANCING, operation, member, **params)
        except Ec2Error as error:
            self._note(error, LOAD_BALANCING)
            return None

    def _read(self, operation: str, member: str, filter_name: str, values: Iterable[str]) -> list[ApiParams]:
        """The rows that match one of the values, none if the call is denied."""
        values, rows = sorted(values), []
        if operation in self.state.failures:
            return []
        try:
            for start in range(0, len(values), VALUES_PER_REQUEST):
                filters = {filter_name: values[start : start + VALUES_PER_REQUEST]}
                pages = self._ec2.pages(operation, filters, MaxResults=_PAGE_SIZES.get(operation, PAGE_SIZE))
                rows += [row for page in pages for row in page[member]]
        except Ec2Error as error:
            self._note(error)
        return rows

    def _note(self, error: Ec2Error, service: str | None = None) -> None:
        """Store that a call was denied. Raises other errors of EC2; other services only supplement EC2."""
        if service is None and not error.denied:
            raise error
        action = f"ec2:{error.operation}" if service is None else iam_action(service, error.operation)
        self.state.failures[error.operation] = ReadFailure(action, "" if error.denied else error.code)


def _receives_vxlan(listener: ApiParams) -> bool:
    return listener.get("Port") == VXLAN_PORT and listener.get("Protocol") in _PROTOCOLS


def _target_group_arns(listener: ApiParams) -> Iterator[str]:
    """The target groups that a listener forwards packets to."""
    for action in listener.get("DefaultActions", ()):
        weighted = action.get("ForwardConfig", {}).get("TargetGroups", ())
        for group in weighted or [action]:
            if group.get("TargetGroupArn") and group.get("Weight") != 0:
                yield group["TargetGroupArn"]


def _query(number: int, instance_id: str, metric: str) -> ApiParams:
    """A query of GetMetricData for sums of five minutes."""
    dimensions = [{"Name": "InstanceId", "Value": instance_id}]
    stat = {"Metric": {"Namespace": "AWS/EC2", "MetricName": metric, "Dimensions": dimensions}}
    return {"Id": f"q{number}", "MetricStat": {**stat, "Period": _PERIOD, "Stat": "Sum"}}
