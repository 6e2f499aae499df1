# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Execution of a fleet's plan against the emulator: results, failed calls, lost replies."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2 import client
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._fleet import plan_entry, planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet import report as fleet_report
from ansible_collections.vtap.aws.plugins.module_utils._fleet.discovery import describe_current, resolve
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError

from tests.unit.fleet.builders import options
from tests.unit.fleet.runs import (
    CREATE,
    DELETE,
    PARAMS,
    WEB,
    create_executor,
    delete_interface_calls,
    list_calls,
    list_fleet_sessions,
)


def test_fleet_lifecycle(run_fleet, running):
    entries, results = run_fleet()
    assert plan_entry.summary(entries)["create"] == 6 and results.changed and not results.failed
    assert len({one["virtual_network_id"] for one in fleet_report.vni_map(results.sessions)}) == 6
    entries, results = run_fleet()
    assert plan_entry.summary(entries) == {"create": 0, "update": 0, "unchanged": 6, "delete": 0, "skip": 0}
    assert not results.changed and len(fleet_report.vni_map(results.sessions)) == 6
    entries, results = run_fleet(description="ids")
    assert plan_entry.summary(entries)["update"] == 6 and results.changed
    entries, results = run_fleet(state="absent")
    assert plan_entry.summary(entries)["delete"] == 6 and list_fleet_sessions(running) == []


def test_describe_reads_all_pages(run_fleet, emulator, monkeypatch):
    monkeypatch.setattr(client, "PAGE_SIZE", 5)
    entries, results = run_fleet()
    assert plan_entry.summary(entries)["create"] == 6 and not results.failed
    assert (len(list_calls(emulator, "DescribeNetworkInterfaces")), len(list_calls(emulator, "DescribeInstances"))) == (
        2,
        2,
    )


def test_check_mode_assumes_missing_references(running, emulator):
    params = options(
        **{**PARAMS, "targets": [{"traffic_mirror_target_name": "new"}], "traffic_mirror_filter_name": "also new"}
    )
    fleet = Fleet.from_options(params)
    ec2 = Ec2(running[1], sts=lambda: None)
    entries = planner.plan(fleet, describe_current(fleet, resolve(fleet, params, ec2, True), ec2))
    assert plan_entry.summary(entries)["create"] == 6
    assert str(entries[0].describe()["traffic_mirror_target_id"]) == "tmt-(known after apply: new)"
    assert "  new  " in fleet_report.table(entries, 1, {})
    with pytest.raises(ConflictError, match=r"targets\[0\]: no target is named new"):
        resolve(fleet, {**params, "traffic_mirror_filter_name": "lab-filter"}, ec2, False)


def test_failed_call_does_not_stop_other_interfaces(run_fleet, emulator):
    emulator.settings(fail={CREATE: ["TrafficMirrorSessionLimitExceeded", 1]})
    _entries, results = run_fleet()
    assert [one["code"] for one in results.failed] == ["TrafficMirrorSessionLimitExceeded"]
    entries, results = run_fleet()
    assert plan_entry.summary(entries)["create"] == 1 and not results.failed


def test_unsupported_interface_is_skipped(run_fleet, emulator):
    emulator.settings(source_families=["c5"])
    entries, results = run_fleet()
    assert not results.failed
    skipped = [entry for entry in entries if entry.action == "skip"]
    assert len(skipped) == 3 and all(entry.reason.startswith("NetworkInterfaceNotSupported") for entry in skipped)
    assert all("m5." in entry.reason for entry in skipped)


def test_denied_action_is_skipped_after_ten_failures(run_fleet, emulator):
    emulator.bulk_seed(40, tags={"Role": "many"})
    emulator.settings(denied=["ec2:CreateTrafficMirrorSession"])
    _entries, results = run_fleet(sources=[{"tags": {"Role": "many"}}])
    assert len(results.failed) == 40 and not results.changed
    assert len(list_calls(emulator, CREATE)) <= 10 + 5  # at most one more for each worker
    assert any("ec2:CreateTrafficMirrorSession" in one["reason"] for one in results.failed)
    assert any(
        "Skipped: CreateTrafficMirrorSession failed 10 times without a success" in one["reason"]
        for one in results.failed
    )


def test_missing_filter_is_skipped_after_ten_failures(run_fleet, emulator):
    emulator.bulk_seed(40, tags={"Role": "many"})
    missing = "tmf-0a1b2c3d4e5f60799"
    _entries, results = run_fleet(sources=[{"tags": {"Role": "many"}}], traffic_mirror_filter_id=missing)
    assert len(results.failed) == 40 and not results.changed
    assert {one["code"] for one in results.failed} == {"InvalidTrafficMirrorFilterId.NotFound"}
    assert sum("Skipped: " in one["reason"] for one in results.failed) >= 25
    assert any(missing in one["reason"] for one in results.failed)


def test_action_denied_for_some_interfaces_is_tried_for_all(run_fleet, emulator):
    """A policy may allow the action for some interfaces only."""
    denied = emulator.bulk_seed(40, tags={"Role": "many"})["interfaces"][1:40:2]
    emulator.settings(denied=[f"ec2:CreateTrafficMirrorSession {interface}" for interface in denied])
    _entries, results = run_fleet(sources=[{"tags": {"Role": "many"}}])
    assert [one["network_interface_id"] for one in results.failed] == sorted(denied)
    assert {one["code"] for one in results.failed} == {"UnauthorizedOperation"}


def test_lost_replies_create_no_duplicates(run_fleet, running, emulator):
    emulator.settings(drop_replies={CREATE: 3})
    _entries, results = run_fleet()
    assert not results.failed
    assert max(Counter(session["NetworkInterfaceId"] for session in list_fleet_sessions(running)).values()) == 1


def test_deletion_with_lost_replies_counts_as_change(run_fleet, running, emulator):
    run_fleet(sources=[{"network_interface_ids": [WEB]}])
    emulator.settings(drop_replies={DELETE: 5})  # as often as botocore sends it
    _entries, results = run_fleet(state="absent")
    assert results.changed and not results.failed and list_fleet_sessions(running) == []


def test_interface_deleted_before_creation_is_skipped(run_fleet, emulator):
    deletion = delete_interface_calls(emulator, "eni-0a1b2c3d4e5f60723")
    emulator.settings(interleave=[{"after": "DescribeNetworkInterfaces", "calls": 1, "do": deletion}])
    entries, results = run_fleet()
    assert not results.failed
    assert [(entry.interface_id, entry.reason) for entry in entries if entry.action == "skip"] == [
        ("eni-0a1b2c3d4e5f60723", "the interface was deleted during the run")
    ]


def test_interface_deleted_with_its_session_is_skipped(run_fleet, emulator):
    run_fleet()
    deletion = delete_interface_calls(emulator, "eni-0a1b2c3d4e5f60723")
    emulator.settings(interleave=[{"after": "DescribeNetworkInterfaces", "calls": 1, "do": deletion}])
    entries, results = run_fleet(description="ids")
    assert not results.failed
    assert plan_entry.summary(entries) == {"create": 0, "update": 5, "unchanged": 0, "delete": 0, "skip": 1}


def test_unconfirmed_deletions_fail(run_fleet, running, emulator):
    run_fleet(sources=[{"network_interface_ids": [WEB]}])
    executor, entries = create_executor(Ec2(running[1], sts=lambda: None), sources=[{"instance_types": ["c5.*"]}])
    emulator.settings(denied=["ec2:DescribeTrafficMirrorSessions"])
    results = executor.run(entries)
    emulator.settings(denied=[])
    assert [(one["action"], one["code"]) for one in results.failed] == [("delete", "UnauthorizedOperation")]
    assert results.duplicate_check_error.code == "UnauthorizedOperation" and len(list_fleet_sessions(running)) == 4


def test_failed_duplicate_check_keeps_results(running, emulator):
    executor, entries = create_executor(Ec2(running[1], sts=lambda: None))
    emulator.settings(denied=["ec2:DescribeTrafficMirrorSessions"])
    results = executor.run(entries)
    assert results.changed and len(results.sessions) == 6 and not results.failed
    assert results.duplicate_check_error.code == "UnauthorizedOperation"
