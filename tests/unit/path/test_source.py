# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings on the source of a session."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._path.findings import Status
from ansible_collections.vtap.aws.plugins.module_utils._path.source import judge_source

from tests.unit.path.builders import SOURCE, SOURCE_SUBNET
from tests.unit.path.surroundings import (
    ENDPOINT_TARGET,
    ENI_TARGET,
    NLB_TARGET,
    SOURCE_ENI,
    SOURCE_INSTANCE,
    ZONE,
    assert_ok,
    failed,
    instance,
    interface,
    only,
    problem,
    session,
    surroundings,
    unknown,
)

DETACHED = interface(SOURCE_ENI, SOURCE, SOURCE_SUBNET, ZONE)


def judge(found, **changes):
    findings = judge_source(session(**changes), ENI_TARGET, found)
    assert {finding.stage for finding in findings} == {"source"}
    return findings


def test_source_without_problems():
    findings = judge(surroundings())
    assert_ok(findings, 1)
    assert findings[0].ids == (SOURCE_ENI, SOURCE_INSTANCE)
    assert "running" in findings[0].message


def test_interface_does_not_exist():
    finding = problem(judge(surroundings(without=[SOURCE_ENI])))
    assert "does not exist" in finding.message and finding.ids == (SOURCE_ENI,)


def test_interfaces_cannot_be_read():
    denied = "ec2:DescribeNetworkInterfaces"
    finding = unknown(judge(surroundings(without=[SOURCE_ENI], failures=failed(denied))))
    assert denied in finding.message and denied in finding.fix


def test_an_interface_that_was_read_is_judged_although_a_later_read_was_denied():
    assert_ok(judge(surroundings(failures=failed("ec2:DescribeNetworkInterfaces"))), 1)


def test_detached():
    finding = problem(judge(surroundings(DETACHED)))
    assert finding.message == f"{SOURCE_ENI}: not attached to an instance"
    assert finding.fix == "Attach the interface to an instance."


@pytest.mark.parametrize("state", ["pending", "stopping", "stopped", "shutting-down", "terminated"])
def test_instance_does_not_run(state):
    instances = {SOURCE_INSTANCE: instance(SOURCE_INSTANCE, state=state)}
    finding = problem(judge(surroundings(instances=instances)))
    assert state in finding.message and finding.ids == (SOURCE_ENI, SOURCE_INSTANCE)
    assert finding.fix == {
        "pending": "Wait until the instance runs.",
        "stopping": "Start the instance.",
        "stopped": "Start the instance.",
    }.get(state, "Delete the session.")


@pytest.mark.parametrize("type_", ["t2.micro", "c7gn.large", "m8g.large", "m7i.metal-24xl", "g4dn.metal"])
def test_unsupported_type(type_):
    instances = {SOURCE_INSTANCE: instance(SOURCE_INSTANCE, type_)}
    finding = problem(judge(surroundings(instances=instances)))
    assert type_ in finding.message and finding.ids == (SOURCE_INSTANCE,)


@pytest.mark.parametrize("type_", ["t3a.micro", "m5.metal", "c7gd.large", "hpc7a.96xlarge"])
def test_supported_type(type_):
    assert_ok(judge(surroundings(instances={SOURCE_INSTANCE: instance(SOURCE_INSTANCE, type_)})), 1)


def test_instances_cannot_be_read():
    finding = unknown(judge(surroundings(instances={}, failures=failed("ec2:DescribeInstances"))))
    assert finding.fix == "Allow ec2:DescribeInstances." and SOURCE_INSTANCE in finding.ids


def test_instance_is_not_visible():
    finding = unknown(judge(surroundings(instances={})))
    assert "cannot be read" in finding.message and "Allow" not in finding.fix


def test_an_interface_of_an_aws_service_has_no_instance():
    row = {**DETACHED, "RequesterManaged": True, "RequesterId": "amazon-rds"}
    assert f"the instance of {SOURCE_ENI} cannot be read" in unknown(judge(surroundings(row))).message


def test_ipv6_only():
    row = surroundings().interfaces[SOURCE_ENI]
    finding = problem(judge(surroundings({**row, "Ipv6Native": True})))
    assert "IPv6-only" in finding.message and finding.ids == (SOURCE_SUBNET,)


@pytest.mark.parametrize("length", [0, 1447, 8500])
@pytest.mark.parametrize(
    ("target", "limit"),
    [
        (ENI_TARGET, "the MTU of the target minus 54 bytes are truncated (IPv6: 74)"),
        (NLB_TARGET, "exceed 8500 bytes are truncated;"),
        (ENDPOINT_TARGET, "exceed 8446 bytes are truncated (IPv6: 8426)"),
    ],
)
def test_size_of_packets_is_a_hint(length, target, limit):
    findings = judge_source(session(packet_length=length), target, surroundings())
    finding = only(findings, Status.UNKNOWN)
    assert limit in finding.message and "truncated" in finding.message and finding.ids == (SOURCE_ENI,)
    assert len(findings) == 2


@pytest.mark.parametrize("length", [1, 100, 1446])
def test_short_packets_are_not_truncated(length):
    assert_ok(judge(surroundings(), packet_length=length), 1)


def test_size_of_packets_is_not_judged_without_a_target():
    assert_ok(judge_source(session(packet_length=0), None, surroundings()), 1)
