# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Execution of a fleet's plan against the emulator: results, and failures that stay with their interface."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import Status
from ansible_collections.vtap.aws.plugins.module_utils._batch.stop_rules import MAX_REFUSALS
from ansible_collections.vtap.aws.plugins.module_utils._ec2 import client
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.discovery import describe_current, resolve
from ansible_collections.vtap.aws.plugins.module_utils._fleet.executor import FleetExecutor
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._fleet.report import format_plan, vni_map
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError

from tests.unit.fleet.builders import options
from tests.unit.fleet.runs import (
    CREATE,
    DELETE,
    PARAMS,
    WEB,
    assert_reports_truth,
    connect,
    delete_interface_calls,
    list_calls,
    list_fleet_sessions,
    plan_fleet,
)

WORKERS = 5
# The interfaces that PARAMS select.
SOURCES = [f"eni-0a1b2c3d4e5f607{end}" for end in ("18", "21", "22", "23", "41", "42")]
MANY = [{"tags": {"Role": "many"}}]


def test_fleet_lifecycle(run_fleet, running):
    run = run_fleet()
    assert run.summary == {"created": 6} and run.changed and run.counts() == (6, 0)
    assert len({one["virtual_network_id"] for one in vni_map(run.entries)}) == 6
    assert_reports_truth(run, running)
    run = run_fleet()
    assert run.summary == {"unchanged": 6} and not run.changed and len(vni_map(run.entries)) == 6
    run = run_fleet(description="ids", tags={"Team": "x"})
    assert run.summary == {"updated": 6} and run.changed and run.counts() == (6, 0)
    assert_reports_truth(run, running)
    run = run_fleet(state="absent")
    assert run.summary == {"deleted": 6} and run.changed and list_fleet_sessions(running) == run.sessions == []


def test_describe_reads_all_pages(run_fleet, emulator, monkeypatch):
    monkeypatch.setattr(client, "PAGE_SIZE", 5)
    assert run_fleet().summary == {"created": 6}
    assert (len(list_calls(emulator, "DescribeNetworkInterfaces")), len(list_calls(emulator, "DescribeInstances"))) == (
        3,
        2,
    )


def test_check_mode_assumes_missing_references(running, emulator):
    params = options(
        **{**PARAMS, "targets": [{"traffic_mirror_target_name": "new"}], "traffic_mirror_filter_name": "also new"}
    )
    fleet = Fleet.from_options(params)
    ec2 = connect(running)
    state = describe_current(fleet, resolve(fleet, params, ec2, True), ec2)
    entries = planner.plan(fleet, state)
    assert [entry.action for entry in entries] == ["create"] * 6
    assert str(entries[0].describe()["traffic_mirror_target_id"]) == "tmt-(known after apply: new)"
    assert "  new  " in format_plan(entries, 1, state, [])
    with pytest.raises(ConflictError, match=r"targets\[0\]: no target is named new"):
        resolve(fleet, {**params, "traffic_mirror_filter_name": "lab-filter"}, ec2, False)


# One interface


@pytest.mark.parametrize("refused", SOURCES)
def test_refused_interface_does_not_stop_others(run_fleet, running, emulator, refused):
    emulator.settings(denied=[f"ec2:CreateTrafficMirrorSession {refused}"])
    run = run_fleet()
    assert run.failures == {refused: "UnauthorizedOperation"} and run.summary == {"created": 5, "failed": 1}
    assert run.counts() == (5, 1) and run.changed
    assert_reports_truth(run, running)
    emulator.settings(denied=[])
    assert run_fleet().summary == {"created": 1, "unchanged": 5}


def test_action_denied_for_some_interfaces_is_tried_for_all(run_fleet, emulator):
    """A policy may allow the action for some interfaces only."""
    denied = emulator.bulk_seed(150, tags={"Role": "many"})["interfaces"][1:150:2]
    emulator.settings(denied=[f"ec2:CreateTrafficMirrorSession {interface}" for interface in denied])
    run = run_fleet(sources=MANY)
    assert run.failures == dict.fromkeys(denied, "UnauthorizedOperation") and run.summary["created"] == 75


@pytest.mark.parametrize("method", ["start_entry", "replan", "resolve_refusal"])
@pytest.mark.parametrize("code", [None, "IncorrectState"])
def test_exception_in_a_worker_concerns_one_interface(running, emulator, monkeypatch, method, code):
    """A defect must not lose the plan, the summary and the sessions of the other interfaces."""

    def raise_for_web(self, entry, *failure):
        if entry.key == WEB:
            raise KeyError("defect")
        return original(self, entry, *failure)

    original = getattr(FleetExecutor, method)
    monkeypatch.setattr(FleetExecutor, method, raise_for_web)
    run = plan_fleet(running)
    # Without a refusal, replan and resolve_refusal are not called.
    emulator.settings(fail={CREATE: [code, 6]} if code else {})
    run.execute()
    is_called = method == "start_entry" or code is not None
    expected = {WEB: ""} if is_called else {}
    assert {key: error for key, error in run.failures.items() if error == ""} == expected
    if code is None:
        assert run.summary == ({"created": 5, "failed": 1} if is_called else {"created": 6})
        assert run.counts() == (5, 1) if is_called else (6, 0)
    assert all("Unexpected KeyError" in entry.error for entry in run.entries if entry.key in expected)
    assert len(run.entries) == 6 == sum(run.counts())
    assert_reports_truth(run, running)


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize("body", ["html", "text", "empty", "cut"])
def test_reply_that_is_not_ec2s_is_no_failure(run_fleet, running, emulator, body, executed):
    reply = {"count": 1, "status": 200, "body": body, "executed": executed}
    emulator.settings(replace_replies={CREATE: reply})
    run = run_fleet()
    assert run.summary == {"created": 6} and run.changed and len(list_fleet_sessions(running)) == 6
    assert_reports_truth(run, running)


@pytest.mark.parametrize("executed", [False, True])
def test_replies_that_are_not_ec2s_do_not_stop_others(run_fleet, running, emulator, executed):
    """More such replies than one interface gets attempts."""
    reply = {"count": 7, "status": 200, "body": "html", "executed": executed}
    emulator.settings(replace_replies={CREATE: reply})
    run = run_fleet()
    created = {session["NetworkInterfaceId"] for session in list_fleet_sessions(running)}
    assert run.failures == dict.fromkeys(set(SOURCES) - created, "") and run.counts() == (
        len(created),
        6 - len(created),
    )
    assert bool(run.failures) != executed and run.changed and created
    assert_reports_truth(run, running)
    assert run_fleet().failures == {} and len(list_fleet_sessions(running)) == 6


def test_lost_replies_create_no_duplicates(run_fleet, running, emulator):
    emulator.settings(drop_replies={CREATE: 3})
    run = run_fleet()
    assert run.summary == {"created": 6}
    assert max(Counter(session["NetworkInterfaceId"] for session in list_fleet_sessions(running)).values()) == 1


def test_session_of_a_lost_reply_has_the_planned_vni(run_fleet, running, emulator):
    emulator.settings(drop_replies={CREATE: 3})
    run = run_fleet(vni_range="1000-1009")
    vnis = {session["NetworkInterfaceId"]: session["VirtualNetworkId"] for session in list_fleet_sessions(running)}
    assert len(vnis) == 6 and vnis == {entry.key: entry.vni for entry in run.entries if entry.action == "create"}
    assert len(set(vnis.values())) == 6
    assert_reports_truth(run, running)


def test_deletion_with_lost_replies_counts_as_change(run_fleet, running, emulator):
    run_fleet(sources=[{"network_interface_ids": [WEB]}])
    emulator.settings(drop_replies={DELETE: 5})  # as often as botocore sends it
    run = run_fleet(state="absent")
    assert run.changed and run.summary == {"deleted": 1} and list_fleet_sessions(running) == []


def test_interface_deleted_before_creation_is_skipped(run_fleet, emulator):
    deletion = delete_interface_calls(emulator, "eni-0a1b2c3d4e5f60723")
    emulator.settings(interleave=[{"after": "DescribeNetworkInterfaces", "calls": 1, "do": deletion}])
    run = run_fleet()
    assert run.summary == {"created": 5, "skipped": 1}
    assert run.skips == {"eni-0a1b2c3d4e5f60723": "the interface was deleted during the run"}
    assert run.counts() == (5, 0) and run.coverage["ineligible"] == 1


def test_interface_deleted_with_its_session_is_skipped(run_fleet, emulator):
    run_fleet()
    deletion = delete_interface_calls(emulator, "eni-0a1b2c3d4e5f60723")
    emulator.settings(interleave=[{"after": "DescribeNetworkInterfaces", "calls": 1, "do": deletion}])
    assert run_fleet(description="ids").summary == {"updated": 5, "skipped": 1}


# Many interfaces


def test_action_that_is_denied_stops_after_fifty_refusals(run_fleet, running, emulator):
    emulator.bulk_seed(150, tags={"Role": "many"})
    emulator.settings(denied=[f"ec2:{CREATE}"])
    run = run_fleet(sources=MANY)
    assert run.summary == {"failed": 150} and not run.changed and run.counts() == (0, 150)
    assert MAX_REFUSALS <= len(list_calls(emulator, CREATE)) < MAX_REFUSALS + WORKERS
    assert all(f"ec2:{CREATE}" in entry.error for entry in run.entries if entry.status is Status.FAILED)
    assert all("UnauthorizedOperation" in entry.error for entry in run.entries)
    assert len(run.coverage["reasons"]) == 1  # failures are counted by code


def test_filter_that_was_deleted_stops_after_fifty_refusals(running, emulator):
    emulator.bulk_seed(70, tags={"Role": "many"})
    run = plan_fleet(running, sources=MANY)
    running[1].delete_traffic_mirror_filter(TrafficMirrorFilterId="tmf-0a1b2c3d4e5f60718")
    run.execute()
    assert set(run.failures.values()) == {"InvalidTrafficMirrorFilterId.NotFound"} and len(run.failures) == 70
    assert 70 - MAX_REFUSALS - WORKERS < sum(one.status is Status.NOT_TRIED for one in run.entries) <= 20


@pytest.mark.parametrize("calls", [0, 1, 10, 39])
def test_expired_credentials_keep_what_was_done(running, emulator, calls):
    """calls: the number of calls before the credentials expire."""
    emulator.bulk_seed(40, tags={"Role": "many"})
    run = plan_fleet(running, sources=MANY)
    emulator.clear_log()
    emulator.settings(credential_calls=calls)
    run.execute()
    emulator.settings(credential_calls=None)
    assert run.summary == {**({"created": calls} if calls else {}), "failed": 40 - calls}
    assert set(run.failures.values()) == {"RequestExpired"} and run.counts() == (calls, 40 - calls)
    assert calls < len(list_calls(emulator, CREATE)) <= calls + 1 + WORKERS
    assert run.executor.duplicate_check_error.code == "RequestExpired"
    assert_reports_truth(run, running)


def test_quota_of_the_account_stops_creations_only(run_fleet, running, emulator):
    emulator.bulk_seed(60, tags={"Role": "many"})
    run_fleet(sources=[{"network_interface_ids": [WEB]}])
    emulator.clear_log()
    emulator.settings(quotas={"sessions": 21})
    run = run_fleet(sources=[*MANY, {"network_interface_ids": [WEB]}], description="new")
    assert run.summary == {"created": 20, "updated": 1, "failed": 40} and run.counts() == (21, 40)
    assert set(run.failures.values()) == {"TrafficMirrorSessionLimitExceeded"}
    assert len(list_calls(emulator, CREATE)) <= 20 + 1 + WORKERS
    assert all("TrafficMirrorSessionLimitExceeded" in one.error for one in run.entries if one.has_failed)
    assert_reports_truth(run, running)
    emulator.settings(quotas=None)
    assert run_fleet(sources=[*MANY, {"network_interface_ids": [WEB]}], description="new").summary == {
        "created": 40,
        "unchanged": 21,
    }


# Reads during the run


def test_unconfirmed_deletions_fail(run_fleet, running, emulator):
    run_fleet(sources=[{"network_interface_ids": [WEB]}])
    run = plan_fleet(running, sources=[{"instance_types": ["c5.*"]}])
    emulator.settings(denied=["ec2:DescribeTrafficMirrorSessions"])
    run.execute()
    emulator.settings(denied=[])
    assert run.failures == {WEB: "UnauthorizedOperation"} and run.summary == {"created": 3, "failed": 1}
    assert run.executor.duplicate_check_error.code == "UnauthorizedOperation"
    assert len(list_fleet_sessions(running)) == 4
    assert_reports_truth(run, running)


def test_failed_duplicate_check_keeps_results(running, emulator):
    run = plan_fleet(running)
    emulator.settings(denied=["ec2:DescribeTrafficMirrorSessions"])
    run.execute()
    emulator.settings(denied=[])
    assert run.changed and run.summary == {"created": 6} and run.counts() == (6, 0)
    assert run.executor.duplicate_check_error.code == "UnauthorizedOperation"
    assert_reports_truth(run, running)
