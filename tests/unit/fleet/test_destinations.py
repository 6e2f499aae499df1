# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resources behind targets: whether they exist and work, as far as Describe calls show."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._fleet.destinations import read_destinations, read_interfaces
from ansible_collections.vtap.aws.plugins.module_utils._fleet.plan_entry import Destination
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import ENI, GWLBE, NLB

from tests.unit.fleet.builders import DETACHED, HIDDEN, MINE, OTHER, interface, target_id

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors/0a1b2c3d4e5f6071"
ENDPOINT = "vpce-0a1b2c3d4e5f60771"
SENSOR = interface(9)
# EC2 action: member of the response, member with the id, filter.
DESCRIBES = {
    "DescribeNetworkInterfaces": ("NetworkInterfaces", "NetworkInterfaceId", "network-interface-id"),
    "DescribeInstances": ("Reservations", "InstanceId", "instance-id"),
    "DescribeVpcEndpoints": ("VpcEndpoints", "VpcEndpointId", "vpc-endpoint-id"),
}
DENIED, INTERNAL = "UnauthorizedOperation", "InternalError"


class FakeEc2:
    """An Ec2 with these rows by action, and codes of errors by action. calls: action and ids."""

    def __init__(self, *, balancers=None, errors=None, **rows):
        self.rows, self.balancers, self.errors, self.calls = rows, balancers or {}, errors or {}, []

    def is_foreign(self, owner):
        return owner not in (None, MINE)

    def pages(self, operation, filters=None):
        member, id_member, filter_name = DESCRIBES[operation]
        self._call(operation, filters[filter_name])
        for row in self.rows.get(operation, []):
            if row[id_member] in filters[filter_name]:
                yield {member: [{"Instances": [row]}] if member == "Reservations" else [row]}

    @property
    def services(self):
        return self

    def load_balancers(self, arns):
        self._call("DescribeLoadBalancers", arns)
        return {arn: {"State": {"Code": self.balancers[arn]}} for arn in arns if arn in self.balancers}

    def _call(self, operation, ids):
        self.calls.append((operation, list(ids)))
        if operation in self.errors:
            raise Ec2Error(operation, self.errors[operation], "no")


def target_row(number, type_, owner_id=MINE, **fields):
    return {"traffic_mirror_target_id": target_id(number), "type": type_, "owner_id": owner_id, "tags": {}, **fields}


INTERFACE_TARGET = target_row(1, ENI, network_interface_id=SENSOR.id)
BALANCER_TARGET = target_row(2, NLB, network_load_balancer_arn=ARN)
ENDPOINT_TARGET = target_row(3, GWLBE, gateway_load_balancer_endpoint_id=ENDPOINT)
ALL_TARGETS = [INTERFACE_TARGET, BALANCER_TARGET, ENDPOINT_TARGET]


def read_one(target, ec2, interfaces=()):
    destinations = read_destinations([target], {one.id: one for one in interfaces}, ec2)
    assert list(destinations) == [target["traffic_mirror_target_id"]]
    return destinations[target["traffic_mirror_target_id"]]


LABEL = f"the target's network interface {SENSOR.id}"


@pytest.mark.parametrize(
    ("sensor", "expected"),
    [
        (SENSOR, Destination("a", "m5.large")),
        (interface(9, state="stopped"), Destination("a", "m5.large", f"the instance of {LABEL} is stopped")),
        (interface(9, state="terminated"), Destination("a", "m5.large", f"the instance of {LABEL} is terminated")),
        (interface(9, **DETACHED), Destination("a", problem=f"{LABEL} is not attached to an instance")),
        (interface(9, **HIDDEN), Destination("a", unverified="the state of the target's instance is not visible")),
        (
            interface(9, managed_by="an AWS service", **DETACHED),
            Destination("a", unverified="the state of the target's instance is not visible"),
        ),
    ],
)
def test_interface(sensor, expected):
    """An interface that was read already costs no call."""
    ec2 = FakeEc2()
    assert read_one(INTERFACE_TARGET, ec2, [sensor]) == expected
    assert ec2.calls == []


API_INTERFACE = {
    "NetworkInterfaceId": SENSOR.id,
    "AvailabilityZone": "b",
    "Attachment": {"InstanceId": SENSOR.attached_to, "DeviceIndex": 0},
}
API_INSTANCE = {"InstanceId": SENSOR.attached_to, "InstanceType": "c5n.18xlarge", "State": {"Name": "running"}}


def test_interface_that_was_not_read_is_read_with_its_instance():
    ec2 = FakeEc2(DescribeNetworkInterfaces=[API_INTERFACE], DescribeInstances=[API_INSTANCE])
    assert read_one(INTERFACE_TARGET, ec2) == Destination("b", "c5n.18xlarge")
    assert ec2.calls == [
        ("DescribeNetworkInterfaces", [SENSOR.id]),
        ("DescribeInstances", [SENSOR.attached_to]),
    ]


@pytest.mark.parametrize(
    ("target", "states", "problem"),
    [
        (BALANCER_TARGET, {"balancers": {ARN: "active"}}, ""),
        (BALANCER_TARGET, {"balancers": {ARN: "active_impaired"}}, ""),
        (BALANCER_TARGET, {"balancers": {ARN: "provisioning"}}, f"the target's load balancer {ARN} is provisioning"),
        (BALANCER_TARGET, {"balancers": {ARN: "failed"}}, f"the target's load balancer {ARN} is failed"),
        (BALANCER_TARGET, {}, f"the target's load balancer {ARN} does not exist"),
        (ENDPOINT_TARGET, {"endpoint": "Available"}, ""),
        (ENDPOINT_TARGET, {"endpoint": "available"}, ""),
        (ENDPOINT_TARGET, {"endpoint": "PendingAcceptance"}, f"the target's endpoint {ENDPOINT} is pendingacceptance"),
        (ENDPOINT_TARGET, {"endpoint": "deleted"}, f"the target's endpoint {ENDPOINT} is deleted"),
        (ENDPOINT_TARGET, {}, f"the target's endpoint {ENDPOINT} does not exist"),
        (INTERFACE_TARGET, {}, f"{LABEL} does not exist"),
    ],
)
def test_state_of_the_resource(target, states, problem):
    endpoints = [{"VpcEndpointId": ENDPOINT, "State": states["endpoint"]}] if "endpoint" in states else []
    ec2 = FakeEc2(balancers=states.get("balancers"), DescribeVpcEndpoints=endpoints)
    assert read_one(target, ec2) == Destination(problem=problem)


@pytest.mark.parametrize(
    ("target", "operation"),
    [
        (INTERFACE_TARGET, "DescribeNetworkInterfaces"),
        (BALANCER_TARGET, "DescribeLoadBalancers"),
        (ENDPOINT_TARGET, "DescribeVpcEndpoints"),
    ],
)
def test_resource_that_may_not_be_read_is_unverified(target, operation):
    ec2 = FakeEc2(errors={operation: DENIED})
    assert read_one(target, ec2) == Destination(unverified=f"{operation} failed: {DENIED}")


@pytest.mark.parametrize("code", [INTERNAL, "", "RequestLimitExceeded"])
def test_failure_of_ec2_is_an_error_and_of_another_service_is_not(code):
    """Without Elastic Load Balancing, a fleet can be managed. Without EC2, it cannot."""
    with pytest.raises(Ec2Error):
        read_one(ENDPOINT_TARGET, FakeEc2(errors={"DescribeVpcEndpoints": code}))
    with pytest.raises(Ec2Error):
        read_one(INTERFACE_TARGET, FakeEc2(errors={"DescribeNetworkInterfaces": code}))
    balancer = read_one(BALANCER_TARGET, FakeEc2(errors={"DescribeLoadBalancers": code}))
    assert balancer.unverified == f"DescribeLoadBalancers failed: {code}"


@pytest.mark.parametrize("target", ALL_TARGETS)
def test_target_of_another_account_is_unverified(target):
    ec2 = FakeEc2()
    assert read_one({**target, "owner_id": OTHER}, ec2) == Destination(unverified=f"owned by account {OTHER}")
    assert ec2.calls == []


def test_target_of_a_new_type_is_unverified():
    assert read_one(target_row(1, "satellite"), FakeEc2()).unverified == "unknown type satellite"


def test_targets_of_one_type_share_their_calls():
    endpoints = [f"vpce-{number:017x}" for number in range(450)]
    targets = [
        *(target_row(100 + at, GWLBE, gateway_load_balancer_endpoint_id=one) for at, one in enumerate(endpoints)),
        BALANCER_TARGET,
        target_row(4, NLB, network_load_balancer_arn="arn:other"),
    ]
    rows = [{"VpcEndpointId": one, "State": "available"} for one in endpoints]
    ec2 = FakeEc2(balancers={ARN: "active"}, DescribeVpcEndpoints=rows)
    destinations = read_destinations(targets, {}, ec2)
    assert len(destinations) == 452
    assert [key for key, one in destinations.items() if one.problem] == [target_id(4)]
    operations = [operation for operation, _ids in ec2.calls]
    assert sorted(operations) == ["DescribeLoadBalancers", *["DescribeVpcEndpoints"] * 3]


def test_targets_with_the_same_endpoint_have_the_same_destination():
    """EC2 refuses a second target for an interface and a load balancer, not for an endpoint."""
    twin = {**ENDPOINT_TARGET, "traffic_mirror_target_id": target_id(5)}
    destinations = read_destinations([ENDPOINT_TARGET, twin], {}, FakeEc2())
    assert destinations[target_id(3)] == destinations[target_id(5)] != Destination()


def test_types_without_targets_are_not_read():
    ec2 = FakeEc2(balancers={ARN: "active"})
    read_destinations([BALANCER_TARGET], {}, ec2)
    assert [operation for operation, _ids in ec2.calls] == ["DescribeLoadBalancers"]
    read_destinations([], {}, ec2)
    assert len(ec2.calls) == 1


def test_interfaces_are_read_by_id_with_their_instances():
    detached = {"NetworkInterfaceId": interface(8).id}
    ec2 = FakeEc2(DescribeNetworkInterfaces=[API_INTERFACE, detached], DescribeInstances=[API_INSTANCE])
    found = read_interfaces([interface(7).id, interface(8).id, SENSOR.id], ec2)
    assert list(found) == [SENSOR.id, interface(8).id]
    assert (found[SENSOR.id].instance.type, found[interface(8).id].instance) == ("c5n.18xlarge", None)
    assert read_interfaces([], FakeEc2(errors={"DescribeNetworkInterfaces": INTERNAL})) == {}
