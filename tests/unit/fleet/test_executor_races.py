# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions that other clients create, delete or untag during a run of a fleet."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2

from tests.unit.fleet.runs import (
    CREATE,
    DELETE,
    WEB,
    FleetRun,
    assert_reports_truth,
    delete_session_call,
    list_calls,
    list_fleet_sessions,
    plan_fleet,
    web_session_params,
)

UNTAGGED = "session no longer has this fleet's tag"


def create_concurrently(number):
    """A concurrent run of the fleet creates a session on the interface of the web server after this run's Describe."""
    return [
        {"after": "DescribeTrafficMirrorSessions", "do": [{"action": CREATE, "parameters": web_session_params(number)}]}
    ]


@pytest.mark.parametrize("number", [1, 2, 32766])
def test_concurrent_runs_create_no_duplicates(run_fleet, running, emulator, number):
    emulator.settings(interleave=create_concurrently(number))
    run = run_fleet()
    assert not run.failures and run.counts() == (6, 0)
    sessions = [session for session in list_fleet_sessions(running) if session["NetworkInterfaceId"] == WEB]
    assert [session["SessionNumber"] for session in sessions] == [1]
    assert_reports_truth(run, running)


def test_two_runs_at_the_same_time_create_one_session_for_each_interface(running, emulator):
    emulator.bulk_seed(60, tags={"Role": "many"})
    runs = [plan_fleet(running, sources=[{"tags": {"Role": "many"}}]) for _number in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(FleetRun.execute, runs))
    sessions = list_fleet_sessions(running)
    assert len(sessions) == 60 == len({session["NetworkInterfaceId"] for session in sessions})
    for run in runs:
        assert not run.failures and run.counts() == (60, 0)
        assert_reports_truth(run, running)
    assert sum(entry.is_changed for run in runs for entry in run.entries) == 60


def test_two_runs_at_the_same_time_assign_the_same_vnis(running, emulator):
    """Each session has a VNI of the range, and no two have the same."""
    emulator.bulk_seed(40, tags={"Role": "many"})
    options = {"sources": [{"tags": {"Role": "many"}}], "vni_range": "1000-1063"}
    runs = [plan_fleet(running, **options) for _number in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(FleetRun.execute, runs))
    vnis = {session["NetworkInterfaceId"]: session["VirtualNetworkId"] for session in list_fleet_sessions(running)}
    assert len(vnis) == 40 == len(set(vnis.values())) and all(1000 <= vni <= 1063 for vni in vnis.values())
    planned = {entry.key: entry.vni for run in runs for entry in run.entries if entry.action != "delete"}
    assert vnis == {key: planned[key] for key in vnis}
    assert {entry.action for entry in plan_fleet(running, **options).entries} == {"unchanged"}


def test_concurrent_session_with_the_same_number_becomes_the_fleets(run_fleet, running, emulator):
    """The Create is refused. The next plan finds the session and changes it."""
    emulator.settings(interleave=create_concurrently(1))
    run = run_fleet(description="ids")
    assert run.summary == {"created": 6} and run.changed and len(list_fleet_sessions(running)) == 6
    assert {session["Description"] for session in list_fleet_sessions(running)} == {"ids"}
    assert_reports_truth(run, running)


@pytest.mark.parametrize(("description", "is_late"), [(None, False), ("new", False), ("new", True)])
def test_last_session_is_not_deleted(running, emulator, duplicates, description, is_late):
    """Another client deletes the session to keep, before the first call or (is_late) after the last update."""
    run = plan_fleet(running, sources=[{"network_interface_ids": [WEB]}], description=description)
    assert [entry.action for entry in run.entries] == ["unchanged" if description is None else "update", "delete"]
    if is_late:
        emulator.settings(
            interleave=[{"after": "ModifyTrafficMirrorSession", "do": [delete_session_call(duplicates[0])]}]
        )
    else:
        running[1].delete_traffic_mirror_session(TrafficMirrorSessionId=duplicates[0])
    run.execute()
    assert not run.failures
    assert [session["TrafficMirrorSessionId"] for session in list_fleet_sessions(running)] == duplicates[1:]
    skipped = "the fleet's other session was deleted or no longer has this fleet's tag"
    assert run.skips == {WEB: f"duplicate of {duplicates[0]}; {skipped}"}
    assert [one["traffic_mirror_session_id"] for one in run.sessions] == duplicates[1:] and run.counts() == (1, 0)


def test_duplicate_is_deleted_although_the_kept_session_gets_a_higher_number(run_fleet, running):
    """The new filter would take packets from the session with number 3, so the kept session moves above it."""
    other = running[1].create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    kept = running[1].create_traffic_mirror_session(**web_session_params(1, TrafficMirrorFilterId=other))
    running[1].create_traffic_mirror_session(**web_session_params(2))
    running[1].create_traffic_mirror_session(**web_session_params(3, TagSpecifications=[], Description="other"))
    run = run_fleet(sources=[{"network_interface_ids": [WEB]}])
    assert run.summary == {"updated": 1, "deleted": 1}
    (session,) = list_fleet_sessions(running)
    assert session["TrafficMirrorSessionId"] == kept["TrafficMirrorSession"]["TrafficMirrorSessionId"]
    assert session["SessionNumber"] == 4
    assert_reports_truth(run, running)


@pytest.mark.parametrize("description", [None, "new"])
def test_interface_that_loses_all_sessions_is_unmirrored(running, emulator, duplicates, description):
    run = plan_fleet(running, sources=[{"network_interface_ids": [WEB]}], description=description)
    calls = [delete_session_call(one) for one in duplicates]
    if description is None:
        for one in duplicates:
            running[1].delete_traffic_mirror_session(TrafficMirrorSessionId=one)
    else:
        emulator.settings(interleave=[{"after": "ModifyTrafficMirrorSession", "do": calls}])
    run.execute()
    assert not run.failures and run.sessions == [] and run.counts() == (0, 1)
    assert run.coverage["unmirrored_interfaces"] == [WEB]
    assert [one["reason"] for one in run.coverage["reasons"]] == [
        "the fleet's session was deleted or lost this fleet's tag during the run"
    ]


def test_only_deletions_of_duplicates_are_rechecked(run_fleet, running, emulator, duplicates):
    """Without preceding creations and updates, only deletions of duplicates need another Describe."""
    run_fleet(sources=[{"instance_types": ["c5.*"]}], purge=False)
    emulator.clear_log()
    run_fleet(sources=[{"instance_types": ["c5.*"]}])
    assert len(list_calls(emulator, DELETE)) == 1 and len(list_calls(emulator, "DescribeTrafficMirrorSessions")) == 1
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
    run = run_fleet(state="absent")
    assert run.skips == {WEB: f"state is absent; {UNTAGGED}"} and run.summary == {"skipped": 1}
    assert not run.changed and len(list_calls(emulator, DELETE)) == 1


@pytest.mark.parametrize(
    ("action", "tag"), [("DeleteTags", {"Key": "vtap:fleet"}), ("CreateTags", {"Key": "vtap:fleet", "Value": "other"})]
)
def test_session_that_leaves_the_fleet_during_creations_is_kept(run_fleet, running, emulator, action, tag):
    """Another client removes or changes the fleet's tag of a session while this run creates sessions."""
    run_fleet(sources=[{"network_interface_ids": [WEB]}])
    kept = list_fleet_sessions(running)[0]["TrafficMirrorSessionId"]
    retag = {"action": action, "parameters": {"Resources": [kept], "Tags": [tag]}}
    emulator.settings(interleave=[{"after": CREATE, "do": [retag]}])
    run = run_fleet(sources=[{"instance_types": ["c5.*"]}])
    assert run.summary == {"created": 3, "skipped": 1}
    assert run.skips == {WEB: f"no longer matches sources[0]: instance type is m5.large, not c5.*; {UNTAGGED}"}
    assert_reports_truth(run, running)
    assert kept in [one["traffic_mirror_session_id"] for one in run.sessions]


def test_session_deleted_during_run_is_recreated(run_fleet, running, emulator):
    run_fleet()
    session = next(one for one in list_fleet_sessions(running) if one["NetworkInterfaceId"] == WEB)
    session_id = session["TrafficMirrorSessionId"]
    emulator.settings(interleave=[{"after": "DescribeNetworkInterfaces", "do": [delete_session_call(session_id)]}])
    run = run_fleet(description="ids")
    assert not run.failures and run.counts() == (6, 0)
    sessions = list_fleet_sessions(running)
    assert len(sessions) == 6 and {session["Description"] for session in sessions} == {"ids"}
    assert_reports_truth(run, running)


def test_session_that_is_kept_and_deleted_meanwhile_is_skipped(running, emulator):
    """The run only renames the fleet of the session, whose interface is not selected any more."""
    plan_fleet(running, name="old", sources=[{"network_interface_ids": [WEB]}]).execute()
    run = plan_fleet(running, sources=[{"instance_types": ["c5.*"]}], adopt_fleets=["old"], purge=False)
    session_id = next(entry.plan.before["traffic_mirror_session_id"] for entry in run.entries if entry.key == WEB)
    running[1].delete_traffic_mirror_session(TrafficMirrorSessionId=session_id)
    run.execute()
    assert run.summary == {"created": 3, "skipped": 1}
    assert run.skips == {WEB: "the session was deleted during the run"}
    assert_reports_truth(run, running)


class Killed(BaseException):
    """The module process is killed. No code of the collection catches this."""


class FailingEc2(Ec2):
    """An Ec2 that is killed before or after a mutating call, and sends no more of them."""

    def __init__(self, client, killed_at, executed):
        super().__init__(client, sts=lambda: None)
        self.killed_at, self.executed, self.number, self.lock = killed_at, executed, itertools.count(), threading.Lock()

    def call(self, operation, **params):
        if operation.startswith("Describe"):
            return super().call(operation, **params)
        with self.lock:
            number = next(self.number)
            if number < self.killed_at:
                return super().call(operation, **params)
            if number == self.killed_at and self.executed:
                super().call(operation, **params)
        raise Killed


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize("killed_at", range(10))
def test_killed_run_is_completed_by_the_next(run_fleet, running, emulator, duplicates, killed_at, executed):
    """Ten calls: three creations, two updates, two calls to set tags, one to remove tags, two deletions."""
    run_fleet(name="old", sources=[{"network_interface_ids": ["eni-0a1b2c3d4e5f60741"]}], tags={"Old": "x"})
    run_fleet(sources=[{"network_interface_ids": ["eni-0a1b2c3d4e5f60742"]}, {"network_interface_ids": [WEB]}])
    running[1].create_traffic_mirror_session(**web_session_params(2))
    unselected = [{"network_interface_ids": ["eni-0a1b2c3d4e5f60742"]}]
    options = {"exclude": unselected, "description": "new", "tags": {"New": "x"}, "adopt_fleets": ["old"]}
    killed = FleetRun(FailingEc2(running[1], killed_at, executed), **options)
    assert killed.summary == {"created": 3, "updated": 2, "deleted": 2}
    with pytest.raises(Killed):
        killed.execute()
    run = run_fleet(**options)
    assert not run.failures and run.counts() == (5, 0)
    sessions = list_fleet_sessions(running)
    assert len(sessions) == 5 == len({session["NetworkInterfaceId"] for session in sessions})
    for session in sessions:
        assert session["Description"] == "new"
        assert {tag["Key"]: tag["Value"] for tag in session["Tags"]} == {"New": "x", "vtap:fleet": "ids"}
    assert_reports_truth(run, running)
    assert run_fleet(**options).summary == {"unchanged": 5, "skipped": 1}
