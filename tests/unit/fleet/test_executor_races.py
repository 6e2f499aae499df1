# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions that other clients create, delete or untag during a run of a fleet."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._fleet import plan_entry
from ansible_collections.vtap.aws.plugins.module_utils._fleet import report as fleet_report

from tests.unit.fleet.runs import (
    CREATE,
    DELETE,
    WEB,
    create_executor,
    delete_session_call,
    list_calls,
    list_fleet_sessions,
    web_session_params,
)


def create_concurrently(number):
    """A concurrent run of the fleet creates a session on the interface of the web server after this run's Describe."""
    return [
        {"after": "DescribeTrafficMirrorSessions", "do": [{"action": CREATE, "parameters": web_session_params(number)}]}
    ]


@pytest.mark.parametrize("number", [1, 2])
def test_concurrent_runs_create_no_duplicates(run_fleet, running, emulator, number):
    emulator.settings(interleave=create_concurrently(number))
    _entries, results = run_fleet()
    assert not results.failed
    sessions = [session for session in list_fleet_sessions(running) if session["NetworkInterfaceId"] == WEB]
    assert [session["SessionNumber"] for session in sessions] == [1]


@pytest.mark.parametrize(("description", "is_late"), [(None, False), ("new", False), ("new", True)])
def test_last_session_is_not_deleted(running, emulator, duplicates, description, is_late):
    """Another client deletes the session to keep, before the first call or (is_late) after the last update."""
    given = {"sources": [{"network_interface_ids": [WEB]}], "description": description}
    executor, entries = create_executor(Ec2(running[1], sts=lambda: None), **given)
    assert [entry.action for entry in entries] == ["unchanged" if description is None else "update", "delete"]
    if is_late:
        emulator.settings(
            interleave=[{"after": "ModifyTrafficMirrorSession", "do": [delete_session_call(duplicates[0])]}]
        )
    else:
        running[1].delete_traffic_mirror_session(TrafficMirrorSessionId=duplicates[0])
    results = executor.run(entries)
    assert not results.failed
    assert [session["TrafficMirrorSessionId"] for session in list_fleet_sessions(running)] == duplicates[1:]
    assert (entries[1].action, entries[1].reason) == (
        "skip",
        f"{duplicates[0]} was deleted or no longer has this fleet's tag; {duplicates[1]} is kept",
    )
    assert [found["traffic_mirror_session_id"] for _row, found in results.sessions] == duplicates[1:]
    assert fleet_report.coverage(entries)["mirrored"] == 1


@pytest.mark.parametrize("description", [None, "new"])
def test_interface_that_loses_all_sessions_is_unmirrored(running, emulator, duplicates, description):
    given = {"sources": [{"network_interface_ids": [WEB]}], "description": description}
    executor, entries = create_executor(Ec2(running[1], sts=lambda: None), **given)
    calls = [delete_session_call(one) for one in duplicates]
    if description is None:
        for one in duplicates:
            running[1].delete_traffic_mirror_session(TrafficMirrorSessionId=one)
    else:
        emulator.settings(interleave=[{"after": "ModifyTrafficMirrorSession", "do": calls}])
    results = executor.run(entries)
    assert not results.failed and results.sessions == []
    assert fleet_report.coverage(entries) == {"selected": 1, "eligible": 1, "mirrored": 0, "unmirrored": [WEB]}
    assert (entries[0].action, entries[0].reason) == (
        "skip",
        "the fleet's session was deleted or lost this fleet's tag during the run",
    )


@pytest.mark.parametrize("denied", [[], ["ec2:CreateTags"]])
def test_session_is_deleted_only_after_adoption(running, emulator, denied):
    """Only the session without the tag has a target with capacity; the order of session numbers is irrelevant."""
    sensor_target = running[1].create_traffic_mirror_target(NetworkInterfaceId="eni-0a1b2c3d4e5f60741")
    target = sensor_target["TrafficMirrorTarget"]["TrafficMirrorTargetId"]
    ids = [
        running[1].create_traffic_mirror_session(**members)["TrafficMirrorSession"]["TrafficMirrorSessionId"]
        for members in (
            web_session_params(1, TrafficMirrorTargetId=target),
            web_session_params(2, TagSpecifications=[]),
        )
    ]
    targets = [{"traffic_mirror_target_name": "lab-target", "capacity": 1}]
    emulator.settings(denied=denied)
    executor, entries = create_executor(
        Ec2(running[1], sts=lambda: None),
        sources=[{"network_interface_ids": [WEB]}],
        targets=targets,
        adopt=True,
    )
    assert [(entry.action, entry.session["traffic_mirror_session_id"]) for entry in entries] == [
        ("delete", ids[0]),
        ("update", ids[1]),
    ]
    results = executor.run(entries)
    emulator.settings(denied=[])
    assert [session["TrafficMirrorSessionId"] for session in list_fleet_sessions(running)] == (
        [ids[0]] if denied else [ids[1]]
    )
    assert bool(results.failed) == bool(denied) and fleet_report.coverage(entries)["mirrored"] == 1


def test_only_deletions_of_duplicates_are_rechecked(run_fleet, running, emulator, duplicates):
    """Without preceding creations and updates, only deletions of duplicates need another Describe."""
    run_fleet(sources=[{"instance_types": ["c5.*"]}], purge=False)
    emulator.clear_log()
    run_fleet(sources=[{"instance_types": ["c5.*"]}], max_deletes="2")
    assert len(list_calls(emulator, DELETE)) == 2 and len(list_calls(emulator, "DescribeTrafficMirrorSessions")) == 1
    for number in (1, 2):
        running[1].create_traffic_mirror_session(**web_session_params(number))
    emulator.clear_log()
    run_fleet(sources=[{"instance_types": ["c5.*"]}, {"network_interface_ids": [WEB]}])
    assert len(list_calls(emulator, DELETE)) == 1 and len(list_calls(emulator, "DescribeTrafficMirrorSessions")) == 2


def test_session_untagged_during_failed_deletion_is_kept(run_fleet, running, emulator):
    run_fleet(sources=[{"network_interface_ids": [WEB]}])
    kept = list_fleet_sessions(running)[0]["TrafficMirrorSessionId"]
    untag = {"action": "DeleteTags", "parameters": {"Resources": [kept], "Tags": [{"Key": "vtap:fleet"}]}}
    emulator.settings(fail={DELETE: ["IncorrectState", 1]}, interleave=[{"after": DELETE, "do": [untag]}])
    entries, results = run_fleet(state="absent")
    assert [(entry.action, entry.reason) for entry in entries] == [("skip", "session no longer has this fleet's tag")]
    assert not results.changed and not results.failed and len(list_calls(emulator, DELETE)) == 1


def test_session_untagged_during_creations_is_kept(run_fleet, running, emulator):
    """Another client removes the fleet's tag from a session while this run creates sessions."""
    run_fleet(sources=[{"network_interface_ids": [WEB]}])
    kept = list_fleet_sessions(running)[0]["TrafficMirrorSessionId"]
    untag = {"action": "DeleteTags", "parameters": {"Resources": [kept], "Tags": [{"Key": "vtap:fleet"}]}}
    emulator.settings(interleave=[{"after": CREATE, "do": [untag]}])
    entries, results = run_fleet(sources=[{"instance_types": ["c5.*"]}])
    assert not results.failed and plan_entry.summary(entries)["create"] == 3
    assert [entry.reason for entry in entries if entry.action == "skip"] == ["session no longer has this fleet's tag"]
    sessions = running[1].describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert kept in [session["TrafficMirrorSessionId"] for session in sessions]


def test_session_deleted_during_run_is_recreated(run_fleet, running, emulator):
    run_fleet()
    session = next(one for one in list_fleet_sessions(running) if one["NetworkInterfaceId"] == WEB)
    session_id = session["TrafficMirrorSessionId"]
    emulator.settings(interleave=[{"after": "DescribeNetworkInterfaces", "do": [delete_session_call(session_id)]}])
    _entries, results = run_fleet(description="ids")
    assert not results.failed
    sessions = list_fleet_sessions(running)
    assert len(sessions) == 6 and {session["Description"] for session in sessions} == {"ids"}
