# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals that a run can resolve: full targets, and interfaces whose instance type EC2 does not support."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.unit.fleet.runs import (
    CREATE,
    MODIFY,
    WEB,
    assert_reports_truth,
    list_calls,
    list_fleet_sessions,
    plan_fleet,
)

WORKERS = 5
MANY = [{"tags": {"Role": "many"}}]
BALANCER = {"traffic_mirror_target_name": "lab-target"}
FULL = ("TrafficMirrorSourcesPerTargetLimitExceeded", "TrafficMirrorSessionsPerTargetLimitExceeded")
UNSUPPORTED = "NetworkInterfaceNotSupported"


@pytest.fixture
def sensors(running, emulator):
    """The ids of two targets that are network interfaces, and 20 interfaces with the tag Role: many."""
    emulator.bulk_seed(20, tags={"Role": "many"})
    enis = ("eni-0a1b2c3d4e5f60741", "eni-0a1b2c3d4e5f60742")
    targets = [running[1].create_traffic_mirror_target(NetworkInterfaceId=one) for one in enis]
    return [one["TrafficMirrorTarget"]["TrafficMirrorTargetId"] for one in targets]


def as_targets(ids, **more):
    return [{"traffic_mirror_target_id": one, **more} for one in ids]


def count_loads(running):
    return Counter(session["TrafficMirrorTargetId"] for session in list_fleet_sessions(running))


def list_refused(emulator, *codes):
    return [call for call in emulator.log() if call["code"] in codes]


# Full targets. EC2's quota is lower than the capacity that the plan assumes.


@pytest.mark.parametrize("quota", [0, 1, 4, 9])
def test_next_target_is_used_when_one_is_full(run_fleet, running, emulator, sensors, quota):
    emulator.settings(quotas={"sources_per_target": quota})
    run = run_fleet(sources=MANY, targets=[*as_targets(sensors), BALANCER])
    assert run.summary == {"created": 20} and run.counts() == (20, 0)
    loads = count_loads(running)
    # A target that is not full keeps what the plan assigned to it.
    planned = Counter(entry.plan.after["traffic_mirror_target_id"] for entry in run.entries)
    assert loads == planned and all(loads[one] == min(quota, 7) for one in sensors)
    assert len(list_refused(emulator, *FULL)) <= 2 * WORKERS
    assert_reports_truth(run, running)
    assert run_fleet(sources=MANY, targets=[*as_targets(sensors), BALANCER]).summary == {"unchanged": 20}


@pytest.mark.parametrize("quota", [0, 3])
def test_interfaces_are_skipped_when_all_targets_are_full(run_fleet, running, emulator, sensors, quota):
    emulator.settings(quotas={"sources_per_target": quota})
    run = run_fleet(sources=MANY, targets=as_targets(sensors))
    created = {"created": 2 * quota} if quota else {}
    assert run.summary == {**created, "skipped": 20 - 2 * quota} and run.changed == bool(quota)
    assert set(run.skips.values()) == {"all targets are at capacity"} and run.counts() == (2 * quota, 20 - 2 * quota)
    assert run.coverage["reasons"] == [
        {"class": "unmirrored", "reason": "all targets are at capacity", "count": 20 - 2 * quota}
    ]
    # Each target is tried until it is known to be full, whatever the number of interfaces.
    assert len(list_calls(emulator, CREATE)) <= 2 * quota + 2 * WORKERS
    assert_reports_truth(run, running)


def test_capacity_of_the_next_target_is_respected(run_fleet, running, emulator, sensors):
    emulator.settings(quotas={"sources_per_target": 2})
    targets = [*as_targets(sensors), {**BALANCER, "capacity": 9}]
    run = run_fleet(sources=MANY, targets=targets)
    assert run.summary == {"created": 13, "skipped": 7}
    assert count_loads(running) == {sensors[0]: 2, sensors[1]: 2, "tmt-0a1b2c3d4e5f60718": 9}


@pytest.mark.parametrize("description", [None, "new"])
def test_update_keeps_its_target_when_all_others_are_full(run_fleet, running, emulator, sensors, description):
    run_fleet(sources=MANY)
    emulator.settings(quotas={"sources_per_target": 3})
    options = {"sources": MANY, "targets": as_targets(sensors), "description": description}
    run = run_fleet(**options)
    # The plan moves ten sessions to each target.
    assert count_loads(running) == {sensors[0]: 3, sensors[1]: 3, "tmt-0a1b2c3d4e5f60718": 14}
    kept = [entry for entry in run.entries if entry.problem]
    assert len(kept) == 14 and all("keeps target tmt-0a1b2c3d4e5f60718" in entry.problem for entry in kept)
    assert all("target" not in f"{entry.changes} {entry.reason}" for entry in kept)
    assert run.summary == ({"updated": 20} if description else {"updated": 6, "unchanged": 14})
    assert all(entry.is_changed == (entry.action == "update") for entry in run.entries)
    assert {session.get("Description") for session in list_fleet_sessions(running)} == {description}
    assert run.counts() == (20, 0) and len(list_refused(emulator, *FULL)) <= 2 * WORKERS
    assert_reports_truth(run, running)
    emulator.settings(quotas=None)
    assert run_fleet(**options).summary == {"updated": 14, "unchanged": 6}
    assert count_loads(running) == {sensors[0]: 10, sensors[1]: 10}


def test_update_uses_the_next_target(run_fleet, running, emulator, sensors):
    run_fleet(sources=MANY, targets=as_targets(sensors))
    running[1].create_traffic_mirror_target(
        NetworkLoadBalancerArn=emulator.lab["load_balancers"]["sensors-b"],
        TagSpecifications=[{"ResourceType": "traffic-mirror-target", "Tags": [{"Key": "Name", "Value": "balancer-b"}]}],
    )
    emulator.settings(fail={MODIFY: [FULL[0], 1]})
    run = run_fleet(sources=MANY, targets=[BALANCER, {"traffic_mirror_target_name": "balancer-b"}])
    assert run.summary == {"updated": 20} and run.counts() == (20, 0)
    assert not set(count_loads(running)) & set(sensors) and len(list_refused(emulator, *FULL)) == 1
    assert_reports_truth(run, running)


@pytest.mark.parametrize("code", FULL)
def test_both_codes_of_full_targets(run_fleet, emulator, sensors, code):
    emulator.settings(fail={CREATE: [code, 1]})
    run = run_fleet(sources=[{"network_interface_ids": [WEB]}], targets=[BALANCER])
    assert run.summary == {"skipped": 1} and run.skips == {WEB: "all targets are at capacity"}
    assert len(list_calls(emulator, CREATE)) == 1


# Unsupported types. EC2's list is shorter than that of the plan.


@pytest.mark.parametrize("added", [["t2"], ["t2.*"], ["t2.micro"]])
def test_refusal_of_an_added_type_is_remembered(run_fleet, emulator, added):
    emulator.bulk_seed(40, instance_type="t2.micro", tags={"Role": "many"})
    emulator.bulk_seed(5, tags={"Role": "many"})
    run = run_fleet(sources=MANY, additional_instance_types=added)
    assert run.summary == {"created": 5, "skipped": 40} and run.counts() == (5, 0) and run.coverage["ineligible"] == 40
    assert all(UNSUPPORTED in reason and "t2.micro" in reason for reason in run.skips.values())
    assert 1 <= len(list_refused(emulator, UNSUPPORTED)) <= WORKERS
    assert len({one["reason"] for one in run.coverage["reasons"]}) <= WORKERS


def test_refusal_of_an_added_type_does_not_concern_other_types(run_fleet, emulator):
    of_types = [
        set(emulator.bulk_seed(5, instance_type=one, tags={"Role": "many"})["interfaces"])
        for one in ("t2.micro", "t2.small")
    ]
    run_fleet(sources=MANY, additional_instance_types=["t2"])
    refused = {call["parameters"]["NetworkInterfaceId"] for call in list_refused(emulator, UNSUPPORTED)}
    assert all(refused & interfaces for interfaces in of_types)


@pytest.mark.parametrize("option", [None, "supported_instance_types", "additional_instance_types"])
def test_refusal_of_a_documented_type_concerns_one_interface(run_fleet, emulator, option):
    """EC2 documents support for the type, or the user lists it; then one refusal is not due to the type."""
    interfaces = emulator.bulk_seed(30, tags={"Role": "many"})["interfaces"]
    emulator.settings(fail={CREATE: [UNSUPPORTED, 3]})
    run = run_fleet(sources=MANY, **({option: ["m5"]} if option else {}))
    assert run.summary == {"created": 27, "skipped": 3} and run.coverage["ineligible"] == 3
    assert len(list_calls(emulator, CREATE)) == 30 and run.counts() == (27, 0)
    assert set(run.skips) < set(interfaces)


def test_many_unsupported_interfaces_do_not_stop_the_action(run_fleet, emulator):
    emulator.bulk_seed(70, instance_type="c5.large", tags={"Role": "many"})
    emulator.bulk_seed(3, instance_type="m5.large", tags={"Role": "many"})
    emulator.settings(source_families=["m5"])
    assert run_fleet(sources=MANY).summary == {"created": 3, "skipped": 70}


def test_types_are_forgotten_after_the_run(running, emulator):
    emulator.bulk_seed(10, instance_type="t2.micro", tags={"Role": "many"})
    options = {"sources": MANY, "additional_instance_types": ["t2"]}
    assert plan_fleet(running, **options).execute().summary == {"skipped": 10}
    emulator.settings(source_families=["t2"])
    assert plan_fleet(running, **options).execute().summary == {"created": 10}
