# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings on the target of a session."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._path.findings import Status
from ansible_collections.vtap.aws.plugins.module_utils._path.target import judge_target

from tests.unit.path.builders import SOURCE, TARGET, TARGET_SUBNET
from tests.unit.path.surroundings import (
    ARN,
    ENDPOINT,
    ENDPOINT_TARGET,
    ENI_TARGET,
    NLB_TARGET,
    OTHER_ZONE,
    SENSOR_ENI,
    SENSOR_INSTANCE,
    SOURCE_ENI,
    SOURCE_INSTANCE,
    ZONE,
    assert_ok,
    balancer,
    failed,
    instance,
    interface,
    only,
    problem,
    registered,
    session,
    surroundings,
    target_group,
    unknown,
)

NOT_ALLOWED = "is not allowed"


def judge(target, found, sources=1, is_foreign=False):
    findings = judge_target(session(), target, sources, is_foreign, found)
    assert {finding.stage for finding in findings} == {"target"}
    return findings


def assert_denied(finding, action):
    assert f"{action} {NOT_ALLOWED}" in finding.message and finding.fix == f"Allow {action}."


@pytest.mark.parametrize("target", [ENI_TARGET, NLB_TARGET, ENDPOINT_TARGET])
def test_target_of_another_account(target):
    finding = unknown(judge({**target, "owner_id": "222222222222"}, surroundings(), is_foreign=True))
    assert "222222222222" in finding.message and "not visible" in finding.message and finding.ids == ("tmt-1",)


def test_target_is_not_visible():
    finding = unknown(judge(None, surroundings()))
    assert finding.message == "tmt-1 cannot be read" and "Allow" not in finding.fix
    action = "ec2:DescribeTrafficMirrorTargets"
    assert_denied(unknown(judge(None, surroundings(failures=failed(action)))), action)


def test_unknown_type():
    assert "quantum" in unknown(judge({**ENI_TARGET, "type": "quantum"}, surroundings())).message


# Network interfaces.


def test_interface():
    findings = judge(ENI_TARGET, surroundings())
    assert_ok(findings, 2)
    assert findings[0].ids == (SENSOR_ENI, SENSOR_INSTANCE)


def test_interface_does_not_exist():
    finding = problem(judge(ENI_TARGET, surroundings(without=[SENSOR_ENI])))
    assert "does not exist" in finding.message and finding.ids == (SENSOR_ENI,)


def test_interfaces_cannot_be_read():
    action = "ec2:DescribeNetworkInterfaces"
    found = surroundings(without=[SENSOR_ENI], failures=failed(action))
    assert_denied(unknown(judge(ENI_TARGET, found)), action)


def test_interface_is_detached():
    detached = interface(SENSOR_ENI, TARGET, TARGET_SUBNET, OTHER_ZONE)
    finding = problem(judge(ENI_TARGET, surroundings(detached)))
    assert "not attached" in finding.message and finding.ids == (SENSOR_ENI,)


@pytest.mark.parametrize("state", ["pending", "stopped", "terminated"])
def test_instance_does_not_run(state):
    finding = problem(
        judge(ENI_TARGET, surroundings(instances={SENSOR_INSTANCE: instance(SENSOR_INSTANCE, "m5.large", state)}))
    )
    assert state in finding.message and finding.ids == (SENSOR_ENI, SENSOR_INSTANCE)


def test_instances_cannot_be_read():
    action = "ec2:DescribeInstances"
    finding = unknown(judge(ENI_TARGET, surroundings(instances={}, failures=failed(action)), sources=500))
    assert finding.fix == f"Allow {action}."
    assert "Allow" not in unknown(judge(ENI_TARGET, surroundings(instances={}), sources=500)).fix


@pytest.mark.parametrize(("type_", "limit"), [("m5.large", 10), ("c5.24xlarge", 100), ("m8a.48xlarge", 100)])
def test_number_of_sources(type_, limit):
    found = surroundings(instances={SENSOR_INSTANCE: instance(SENSOR_INSTANCE, type_)})
    assert_ok(judge(ENI_TARGET, found, limit), 2)
    finding = problem(judge(ENI_TARGET, found, limit + 1))
    assert finding.message == f"sources of {SENSOR_ENI}: {limit + 1}; EC2 allows {limit} with instance type {type_}"


# Network Load Balancers.


def judge_balancer(*health, more=(), failures=(), **changes):
    """The findings on a target that is a load balancer. changes: see balancer. more: interfaces."""
    found = surroundings(*more, balancers={ARN: balancer(*health, **changes)}, failures=dict(failures))
    return judge(NLB_TARGET, found, sources=1000)


def test_balancer():
    assert_ok(judge_balancer(), 3)


def test_balancers_cannot_be_read():
    action = "elasticloadbalancing:DescribeLoadBalancers"
    assert_denied(unknown(judge(NLB_TARGET, surroundings(failures=failed(action)))), action)


def test_another_failure_is_not_reported_as_a_missing_permission():
    """Discovery stores such a failure as C(ACTION (CODE))."""
    failures = failed("elasticloadbalancing:DescribeLoadBalancers", code="Throttling")
    finding = unknown(judge(NLB_TARGET, surroundings(failures=failures)))
    assert "Throttling" in finding.message
    assert NOT_ALLOWED not in finding.message and "Allow" not in finding.fix, finding


def test_balancer_does_not_exist():
    finding = problem(judge_balancer(row=None))
    assert "does not exist" in finding.message and finding.ids == (ARN,)


@pytest.mark.parametrize("state", ["provisioning", "failed"])
def test_balancer_is_not_active(state):
    assert state in problem(judge_balancer(state=state)).message


def test_balancer_is_impaired_but_active():
    assert_ok(judge_balancer(state="active_impaired"), 3)


def test_no_listener():
    finding = problem(judge_balancer(listeners=[]))
    assert finding.message == "load balancer sensors has no listener for UDP port 4789" and finding.ids == (ARN,)


def test_listeners_cannot_be_read():
    action = "elasticloadbalancing:DescribeListeners"
    assert_denied(unknown(judge_balancer(listeners=None, health=None, failures=failed(action))), action)


def test_health_cannot_be_read():
    action = "elasticloadbalancing:DescribeTargetHealth"
    assert_denied(unknown(judge_balancer(health=None, failures=failed(action))), action)


def test_no_targets():
    assert "has no registered targets" in problem(judge_balancer(health=[])).message


@pytest.mark.parametrize("state", ["unhealthy", "initial", "draining", "unused", "unavailable"])
def test_no_healthy_target(state):
    finding = problem(judge_balancer(registered(SENSOR_INSTANCE, state), registered("10.0.2.50", state)))
    assert f"{SENSOR_INSTANCE}, 10.0.2.50" in finding.message
    assert finding.ids == (ARN, SENSOR_INSTANCE, "10.0.2.50")


def test_one_healthy_target_is_enough():
    findings = judge_balancer(registered("10.0.2.50", "unhealthy"), registered(SENSOR_INSTANCE))
    assert_ok(findings, 3)
    assert findings[-1].ids == (ARN, SENSOR_INSTANCE)


# The source is in ZONE, the sensor in OTHER_ZONE.
SAME_ZONE = interface("eni-near", "10.0.1.70", "subnet-near", ZONE, "i-near")


def test_no_target_in_the_zone_of_the_source():
    finding = problem(judge_balancer(cross_zone=False))
    assert ZONE in finding.message and "cross-zone load balancing is off" in finding.message
    assert finding.ids == (ARN, SENSOR_INSTANCE) and ZONE in finding.fix


def test_cross_zone_is_unknown():
    action = "elasticloadbalancing:DescribeLoadBalancerAttributes"
    failures = failed(action)
    assert_denied(unknown(judge_balancer(cross_zone=None, failures=failures)), action)
    near = registered("i-near")
    assert_ok(judge_balancer(near, more=[SAME_ZONE], cross_zone=None, failures=failures), 3)


@pytest.mark.parametrize("target_id", ["i-near", "10.0.1.70"])
def test_a_target_in_the_zone_of_the_source(target_id):
    assert_ok(judge_balancer(registered(target_id), more=[SAME_ZONE], cross_zone=False), 3)


def test_an_unhealthy_target_in_the_zone_of_the_source_is_not_enough():
    health = [registered("i-near", "unhealthy"), registered(SENSOR_INSTANCE)]
    finding = problem(judge_balancer(*health, more=[SAME_ZONE], cross_zone=False))
    assert "cross-zone load balancing is off" in finding.message and finding.ids == (ARN, SENSOR_INSTANCE)


@pytest.mark.parametrize(("zone", "is_ok"), [(ZONE, True), (OTHER_ZONE, False), ("all", True)])
def test_zone_of_a_registered_address(zone, is_ok):
    """An address has the zone that Elastic Load Balancing returns. Targets in C(all) receive packets of each zone."""
    findings = judge_balancer(registered("10.9.0.77", AvailabilityZone=zone), cross_zone=False)
    if is_ok:
        assert_ok(findings, 3)
    else:
        problem(findings)


def test_unknown_zone_of_a_registered_target():
    """Whether packets arrive is unknown."""
    finding = unknown(judge_balancer(registered("i-elsewhere"), cross_zone=False))
    assert "the zone of a healthy target of load balancer sensors is not visible" in finding.message


def test_unknown_zone_of_the_source():
    found = surroundings(without=[SOURCE_ENI], balancers={ARN: balancer(cross_zone=False)})
    assert_ok(judge(NLB_TARGET, found), 3)


# Gateway Load Balancer endpoints.


@pytest.mark.parametrize("state", ["available", "Available"])
def test_endpoint(state):
    found = surroundings(endpoints={ENDPOINT: {"State": state, "ServiceName": "com.amazonaws.vpce.x"}})
    findings = judge(ENDPOINT_TARGET, found)
    assert only(findings, Status.OK).message == f"{ENDPOINT} is available"
    assert "com.amazonaws.vpce.x" in unknown(findings).message


@pytest.mark.parametrize("state", ["pendingAcceptance", "pending", "rejected", "deleting", "failed", "expired"])
def test_endpoint_is_not_available(state):
    finding = problem(judge(ENDPOINT_TARGET, surroundings(endpoints={ENDPOINT: {"State": state}})))
    assert state.lower() in finding.message.lower() and finding.ids == (ENDPOINT,)


def test_endpoint_does_not_exist():
    assert "does not exist" in problem(judge(ENDPOINT_TARGET, surroundings())).message


def test_endpoints_cannot_be_read():
    action = "ec2:DescribeVpcEndpoints"
    assert_denied(unknown(judge(ENDPOINT_TARGET, surroundings(failures=failed(action)))), action)


def test_the_source_is_no_part_of_the_target():
    """The findings on the target do not depend on the source, except for the zone."""
    stopped = surroundings(
        instances={**surroundings().instances, SOURCE_INSTANCE: instance(SOURCE_INSTANCE, state="stopped")}
    )
    assert judge(ENI_TARGET, stopped) == judge(ENI_TARGET, surroundings())
    assert all(SOURCE not in one.message and one.status is Status.OK for one in judge(ENI_TARGET, stopped))


def test_a_load_balancer_that_is_not_enabled_in_the_zone_of_the_source():
    """Traffic Mirroring then uses another zone. Which one is not visible."""
    near = registered("i-near")
    assert "not enabled" in unknown(judge_balancer(cross_zone=False, zones=[OTHER_ZONE, "eu-west-1c"])).message
    assert_ok(judge_balancer(cross_zone=True, zones=[OTHER_ZONE]), 3)
    # Every zone has a healthy target.
    assert_ok(judge_balancer(cross_zone=False, zones=[OTHER_ZONE]), 3)
    assert_ok(judge_balancer(near, more=[SAME_ZONE], cross_zone=False, zones=[ZONE]), 3)


def test_each_target_group_needs_a_healthy_target():
    """A listener divides the packets between its target groups."""
    groups = (target_group(registered(SENSOR_INSTANCE)), target_group(registered("i-sick", "unhealthy"), arn="arn:2"))
    finding = problem(judge_balancer(target_groups=groups))
    assert "i-sick" in finding.message and SENSOR_INSTANCE not in finding.message


SERVICE = "com.amazonaws.vpce.eu-west-1.vpce-svc-1"
AVAILABLE = {ENDPOINT: {"State": "available", "ServiceName": SERVICE, "NetworkInterfaceIds": ["eni-endpoint"]}}


def judge_service(*health, **changes):
    """The findings on an endpoint in the other zone, whose service this account owns."""
    row = interface("eni-endpoint", "10.0.2.30", TARGET_SUBNET, OTHER_ZONE)
    state = surroundings(
        row,
        endpoints=AVAILABLE,
        services={SERVICE: {"Owner": "123456789012"}},
        service_balancers={SERVICE: [ARN]},
        balancers={ARN: balancer(*health, zones=[ZONE, OTHER_ZONE], cross_zone=False, **changes)},
    )
    return judge(ENDPOINT_TARGET, state)


def test_own_service_of_an_endpoint():
    """The targets in the zone of the endpoint count, not those in the zone of the source."""
    assert_ok(judge_service(), 4)
    assert OTHER_ZONE in problem(judge_service(registered("i-x", AvailabilityZone=ZONE))).message
    assert "is healthy: " in problem(judge_service(registered(SENSOR_INSTANCE, "unhealthy"))).message


def test_own_service_whose_load_balancer_cannot_be_read():
    state = surroundings(
        endpoints=AVAILABLE,
        services={SERVICE: {"Owner": "123456789012"}},
        service_balancers={SERVICE: [ARN]},
        failures=failed("elasticloadbalancing:DescribeLoadBalancers"),
    )
    assert_denied(unknown(judge(ENDPOINT_TARGET, state)), "elasticloadbalancing:DescribeLoadBalancers")


def test_service_of_another_account():
    state = surroundings(endpoints=AVAILABLE, services={SERVICE: {"Owner": "222222222222"}})
    finding = unknown(judge(ENDPOINT_TARGET, state))
    assert f"{SERVICE} of account 222222222222" in finding.message and "222222222222" in finding.fix


def test_own_service_without_a_working_load_balancer():
    """The checks of a Network Load Balancer apply, except for the port of the listener."""
    failed_row = {**balancer().row, "State": {"Code": "failed"}, "Type": "gateway"}
    assert problem(judge_service(row=failed_row)).message == "load balancer sensors is failed"
    assert problem(judge_service(row=None)).message == "load balancer sensors does not exist"
    gateway = {**balancer().row, "Type": "gateway"}
    finding = problem(judge_service(row=gateway, listeners=[], target_groups=()))
    assert finding.message == "load balancer sensors has no listener" and "4789" not in finding.fix


def test_own_service_without_load_balancers():
    state = surroundings(
        endpoints=AVAILABLE, services={SERVICE: {"Owner": "123456789012"}}, service_balancers={SERVICE: []}
    )
    assert SERVICE in unknown(judge(ENDPOINT_TARGET, state)).message


def test_a_listener_that_forwards_to_no_target_group():
    """Target groups with the weight 0 get no packets."""
    finding = problem(judge_balancer(target_groups=()))
    assert finding.message == "the listener of load balancer sensors forwards to no target group"


def test_unknown_zones_of_a_load_balancer():
    row = {key: value for key, value in balancer().row.items() if key != "AvailabilityZones"}
    unknown(judge_balancer(row=row, cross_zone=False))
    assert_ok(judge_balancer(row=row, cross_zone=True), 3)
