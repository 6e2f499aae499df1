# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is unknown if a call is denied."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._path.findings import Status

from tests.unit.batch.runs import connect
from tests.unit.path.lab_runs import (
    APP,
    add_remote_sensor,
    by_stage,
    connect_as,
    count,
    create_all_types,
    create_own_service,
    create_session,
    create_target,
    run_instance,
    seed,
    trace,
)
from tools import iam

MODULE = "ec2_traffic_mirror_path_info"
# The stage that a denied action makes unknown.
STAGES = {
    "DescribeTrafficMirrorFilters": "filter",
    "DescribeTrafficMirrorTargets": "target",
    "DescribeNetworkInterfaces": "source",
    "DescribeInstances": "source",
    "DescribeSecurityGroups": "network",
    "DescribeNetworkAcls": "network",
    "DescribeRouteTables": "network",
    "DescribeVpcPeeringConnections": "network",
    "GetManagedPrefixListEntries": "network",
    "DescribeVpcEndpoints": "target",
    "DescribeVpcEndpointServices": "target",
    "DescribeVpcEndpointServiceConfigurations": "target",
    "DescribeLoadBalancers": "target",
    "DescribeLoadBalancerAttributes": "target",
    "DescribeListeners": "target",
    "DescribeTargetGroupAttributes": "target",
    "DescribeTargetHealth": "target",
    "GetMetricData": "evidence",
}


def _user(emulator, *denied):
    """An Ec2 of a user with the policy of the module without these actions."""
    policy = copy.deepcopy(iam.policy(MODULE))
    for statement in policy["Statement"]:
        statement["Action"] = [one for one in statement["Action"] if one.partition(":")[2] not in denied]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Action"]]
    policy["Statement"] += [{"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}]
    return connect_as(emulator, emulator.user(policy))


def test_the_table_has_the_optional_actions_of_the_policy():
    assert set(STAGES) == {need.action for need in iam.NEEDS[MODULE] if need.optional}


def _expectations(lab):
    """Create sessions whose findings depend on every action. Returns the ids of the lab."""
    emulator, client, names = lab
    create_all_types(client, names)
    add_remote_sensor(client, names)
    target = create_target(client, GatewayLoadBalancerEndpointId=create_own_service(emulator, names)["endpoint"])
    create_session(client, names, run_instance(client, names["subnets"]["a"]), target)
    emulator.add_metrics(names["instances"]["web"], {"NetworkMirrorIn": 100})
    return names


def test_the_policy_of_the_module_is_sufficient(running, lab):
    _expectations(lab)
    as_user, as_root = trace(_user(lab[0]), metrics=True), trace(connect(running), metrics=True)
    assert {key: path.describe() for key, path in as_user.items()} == {
        key: path.describe() for key, path in as_root.items()
    }


@pytest.mark.parametrize("action", STAGES)
def test_a_denied_action_makes_its_stage_unknown(running, lab, action):
    _expectations(lab)
    before, paths = trace(connect(running), metrics=True), trace(_user(lab[0], action), metrics=True)
    assert set(paths) == set(before)
    findings = [finding for path in paths.values() for finding in path.findings]
    naming = [finding for finding in findings if action in finding.message + finding.fix]
    assert naming, f"no finding names {action}"
    assert {finding.status for finding in naming} == {Status.UNKNOWN}
    assert STAGES[action] in {finding.stage for finding in naming}
    # A missing permission is no problem of the path, and no proof that a condition holds.
    for key, path in paths.items():
        assert not [finding for finding in path.findings if finding.status is Status.PROBLEM]
        new = [one for one in path.findings if one.status is Status.OK and one not in before[key].findings]
        assert not new, new
        assert before[key].verdict < path.verdict or before[key].verdict is path.verdict


@pytest.mark.parametrize("action", STAGES)
def test_a_denied_action_hides_no_stage_that_does_not_depend_on_it(running, lab, action):
    """Every session has findings on the source, the filter and the target, whatever is denied."""
    _expectations(lab)
    for path in trace(_user(lab[0], action), metrics=True).values():
        assert {"source", "filter", "target", "evidence"} <= {finding.stage for finding in path.findings}


def test_all_optional_actions_are_denied(lab):
    _expectations(lab)
    paths = trace(_user(lab[0], *STAGES), metrics=True)
    assert len(paths) == 6 and {path.verdict for path in paths.values()} == {Status.UNKNOWN}
    assert {finding.status for path in paths.values() for finding in path.findings} == {Status.UNKNOWN}


def test_denied_sessions_are_an_error(lab):
    _expectations(lab)
    with pytest.raises(Ec2Error) as error:
        trace(_user(lab[0], "DescribeTrafficMirrorSessions"))
    assert (error.value.operation, error.value.denied) == ("DescribeTrafficMirrorSessions", True)


@pytest.mark.parametrize("cross_zone", ["true", "false"])
def test_cross_zone_is_unknown_if_a_target_group_can_override_it(running, lab, cross_zone):
    """The source is in zone a, the sensors are in zone b."""
    emulator, client, names = lab
    create_session(client, names, APP)
    emulator.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=names["load_balancers"]["sensors"],
        Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": cross_zone}],
    )
    (path,) = trace(_user(emulator, "DescribeTargetGroupAttributes")).values()
    found = [finding for finding in by_stage(path).get("target", []) if "cross-zone" in finding.message]
    assert [finding.status for finding in found] == [Status.UNKNOWN], path.findings
    assert "DescribeTargetGroupAttributes" in found[0].message


def test_a_denied_action_is_called_once(lab):
    """No call is repeated that was denied, with two load balancers and several chunks."""
    emulator, client, names = lab
    seed(emulator, client, names, 450)
    ec2 = _user(emulator, *STAGES)
    emulator.clear_log()
    trace(ec2, metrics=True)
    calls = count(emulator)
    assert {action: number for action, number in calls.items() if action in STAGES and number > 1} == {}
