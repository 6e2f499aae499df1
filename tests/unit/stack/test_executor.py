# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Failures, lost replies and concurrent runs of stacks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import Status
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION, TARGET

from tests.unit.resources.rule_options import rule
from tests.unit.stack.runs import (
    APP1,
    APP2,
    DESCRIBES,
    SENSOR,
    SENSOR_B,
    WEB,
    StackRun,
    assert_reports_truth,
    connect,
    document,
    filter_entry,
    find_named,
    list_calls,
    list_marked,
    list_writes,
    options,
    read_resources,
    session_entry,
    target_entry,
)

CREATE_FILTER, CREATE_SESSION = "CreateTrafficMirrorFilter", "CreateTrafficMirrorSession"
ALL = {"filters": ["f", "g"], "targets": ["t", "u"], "sessions": ["p", "q", "r"]}


def full_document(**given):
    """Two filters, two targets and three sessions: p uses f and t, q uses g and u, r uses f and u."""
    return options(
        filters=[filter_entry("f", rules=[rule(100)]), filter_entry("g", rules=[rule(100), rule(200)])],
        targets=[target_entry("t", network_interface_id=SENSOR), target_entry("u", network_interface_id=SENSOR_B)],
        sessions=[
            session_entry("p", "f", "t", WEB, 1),
            session_entry("q", "g", "u", APP1),
            session_entry("r", "f", "u", APP2, tags={"Env": "prod"}),
        ],
        **given,
    )


def assert_complete(run, running):
    """The next run finishes, and the one after it changes nothing, with three calls."""
    run(full_document())
    assert list_marked(running) == ALL
    running[0].clear_log()
    last = run(full_document())
    assert last.summary == {"unchanged": 7} and sorted(list_calls(running[0])) == DESCRIBES


def test_first_run(run, running, emulator):
    emulator.clear_log()
    first = run(full_document())
    assert first.summary == {"created": 7} and first.changed
    calls = list_calls(emulator)
    assert sorted(calls[:3]) == DESCRIBES and len(list_writes(emulator)) == len(calls) - 3 == 2 + 3 + 2 + 3
    assert_reports_truth(first, running)
    assert_complete(run, running)


def test_more_pages_are_read(run, running, emulator):
    run(full_document())
    emulator.settings(pages={"size": 1, "empty": True})
    assert run(full_document()).summary == {"unchanged": 7}


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "IncorrectState"])
@pytest.mark.parametrize("executed", [2, 1])
def test_dependents_of_failed_filter_are_not_tried(plan, run, running, emulator, code, executed):
    """executed: the number of failing calls. With 1, only one of the two filters fails."""
    planned = plan(full_document())
    emulator.clear_log()
    emulator.settings(fail={CREATE_FILTER: [code, executed]})
    planned.execute()
    emulator.settings(fail=None)
    failed = {one.key for one in planned.entries if one.status is Status.FAILED}
    assert failed <= {"filter f", "filter g"} and len(failed) == executed
    dependents = {"filter f": {"session p", "session r"}, "filter g": {"session q"}}
    not_tried = {one.key: one for one in planned.entries if one.status is Status.NOT_TRIED}
    assert set(not_tried) == set().union(*(dependents[key] for key in failed))
    for one in not_tried.values():
        assert one.error_code == code and one.error.startswith("Not tried because filter ") and one.after is None
    assert list_calls(emulator).count(CREATE_SESSION) == 3 - len(not_tried)
    assert list_marked(running)["targets"] == ["t", "u"]
    assert planned.changed
    assert_reports_truth(planned, running)
    assert_complete(run, running)


def test_failed_rule_of_new_filter(plan, run, running, emulator):
    """The filter exists then, without all its rules."""
    planned = plan(full_document())
    emulator.settings(fail={"CreateTrafficMirrorFilterRule": ["UnauthorizedOperation", 3]})
    planned.execute()
    emulator.settings(fail=None)
    assert {one.key for one in planned.entries if one.status is Status.FAILED} == {"filter f", "filter g"}
    assert list_marked(running) == {**ALL, "sessions": []}
    assert_complete(run, running)


def test_failed_update_of_filter_does_not_stop_new_sessions(run, plan, running, emulator):
    run(document())
    changed = filter_entry("f", rules=[rule(100)])
    planned = plan(document(filters=[changed], sessions=(("s", WEB), ("new", APP1))))
    emulator.settings(fail={"CreateTrafficMirrorFilterRule": ["UnauthorizedOperation", 1]})
    planned.execute()
    assert planned.failures == {"filter f": "UnauthorizedOperation"}
    assert list_marked(running)["sessions"] == ["new", "s"]


def test_failed_deletion_of_session_keeps_filter(run, plan, running, emulator):
    run(full_document())
    planned = plan(options(state="absent"))
    emulator.settings(fail={"DeleteTrafficMirrorSession": ["UnauthorizedOperation", 3]})
    planned.execute()
    emulator.settings(fail=None)
    assert planned.summary == {"failed": 7} and not planned.changed
    tried = {one.key for one in planned.entries if one.status is Status.FAILED}
    assert tried == {"session p", "session q", "session r"}
    assert list_marked(running) == ALL
    assert_reports_truth(planned, running)
    assert run(options(state="absent")).summary == {"deleted": 7}
    assert list_marked(running) == {"filters": [], "targets": [], "sessions": []}


def test_failed_switch_keeps_the_replaced_filter(run, plan, running, emulator):
    run(document())
    old = find_named(running, FILTER, "f")[FILTER.id_option]
    params = document(filters=[filter_entry("f", description="new")], allow_replacement=True)
    planned = plan(params)
    emulator.settings(fail={"ModifyTrafficMirrorSession": ["IncorrectState", 2]})  # the first one is a dry run
    planned.execute()
    emulator.settings(fail=None)
    assert planned.failures == {"session s": "IncorrectState", f"filter {old}": "IncorrectState"}
    assert find_named(running, SESSION, "s")[FILTER.id_option] == old
    assert run(params).failures == {}
    assert find_named(running, FILTER, "f")["description"] == "new"
    assert find_named(running, SESSION, "s")[FILTER.id_option] != old
    assert run(params).summary == {"unchanged": 3}


def test_failed_replacement_leaves_sessions_and_the_old_filter(run, plan, running, emulator):
    run(document())
    before = read_resources(running)
    old = find_named(running, FILTER, "f")[FILTER.id_option]
    params = document(filters=[filter_entry("f", description="new")], allow_replacement=True)
    planned = plan(params)
    emulator.settings(fail={CREATE_FILTER: ["IncorrectState", 2]})  # the first one is a dry run
    planned.execute()
    emulator.settings(fail=None)
    statuses = {one.key: one.status for one in planned.entries if one.has_failed}
    assert statuses == {
        "filter f": Status.FAILED,
        "session s": Status.NOT_TRIED,
        f"filter {old}": Status.NOT_TRIED,
    }
    assert read_resources(running) == before and not planned.changed
    assert run(params).failures == {} and run(params).summary == {"unchanged": 3}


def test_failed_early_deletion_prevents_the_session_that_needs_it(run, plan, running, emulator):
    run(document(sessions=[("old", WEB), ("app", APP1)]))
    entries = [session_entry("new", "f", "t", WEB, 1), session_entry("app", "f", "t", APP1, description="new")]
    full = [session_entry(f"more-{one}", "f", "t", WEB, one) for one in (2, 3)]
    run(document(sessions=[session_entry("old", "f", "t", WEB, 9), *full, entries[1]]))
    planned = plan(document(sessions=[*full, entries[0], entries[1]]))
    emulator.settings(fail={"DeleteTrafficMirrorSession": ["UnauthorizedOperation", 1]})
    planned.execute()
    emulator.settings(fail=None)
    assert planned.entry("session old").status is Status.FAILED
    assert planned.entry("session new").status is Status.NOT_TRIED
    assert list_marked(running)["sessions"] == ["app", "more-2", "more-3", "old"]
    assert run(document(sessions=[*full, *entries])).failures == {}
    assert list_marked(running)["sessions"] == ["app", "more-2", "more-3", "new"]


def test_replacement_without_permission_changes_nothing(run, plan, running, emulator):
    """DryRun detects it before the first call."""
    run(document())
    before = read_resources(running)
    planned = plan(document(filters=[filter_entry("f", description="new")], allow_replacement=True))
    emulator.settings(denied=["ec2:DeleteTrafficMirrorFilter"])
    emulator.clear_log()
    planned.execute()
    emulator.settings(denied=None)
    assert planned.failures["filter f"] == "UnauthorizedOperation"
    assert list_writes(emulator) == [] and read_resources(running) == before


@pytest.mark.parametrize(
    "operation", [CREATE_FILTER, "CreateTrafficMirrorFilterRule", "CreateTrafficMirrorTarget", CREATE_SESSION]
)
@pytest.mark.parametrize("count", [1, 7])
def test_lost_replies_create_no_duplicates(run, running, emulator, operation, count):
    """With 7 lost replies, botocore gives up, and the entry is planned again."""
    emulator.settings(drop_replies={operation: count})
    first = run(full_document())
    emulator.settings(drop_replies=None)
    assert_reports_truth(first, running)
    run(full_document())
    assert list_marked(running) == ALL
    assert_complete(run, running)


def test_lost_replies_of_a_replacement(run, running, emulator):
    run(document())
    operations = (CREATE_FILTER, "ModifyTrafficMirrorSession", "DeleteTrafficMirrorFilter", "DeleteTags")
    emulator.settings(drop_replies=dict.fromkeys(operations, 1))
    params = document(filters=[filter_entry("f", description="new")], allow_replacement=True)
    replaced = run(params)
    assert replaced.failures == {}
    assert_reports_truth(replaced, running)
    assert run(params).summary == {"unchanged": 3}


def test_resource_deleted_during_the_run(run, plan, running):
    run(full_document())
    planned = plan({**full_document(), "sessions": [session_entry("p", "f", "t", WEB, 1, description="new")]})
    session_id = find_named(running, SESSION, "p")[SESSION.id_option]
    running[1].delete_traffic_mirror_session(TrafficMirrorSessionId=session_id)
    planned.execute()
    assert set(planned.failures) <= {"session p"} and planned.summary["deleted"] == 2
    assert_complete(run, running)


def test_mark_removed_during_the_run_prevents_deletion(run, plan, running, emulator):
    """Only a call that is planned again reads the tags."""
    run(document())
    planned = plan(options(state="absent"))
    session_id = find_named(running, SESSION, "s")[SESSION.id_option]
    running[1].delete_tags(Resources=[session_id], Tags=[{"Key": "vtap:stack"}])
    emulator.settings(fail={"DeleteTrafficMirrorSession": ["IncorrectState", 1]})
    planned.execute()
    assert set(planned.failures) == {"session s", "filter f", "target t"}
    assert session_id in read_resources(running)


@pytest.mark.parametrize("workers", [1, 4])
def test_two_runs_at_the_same_time_converge(run, running, emulator, workers):
    runs = [StackRun(connect(running), full_document(), workers=workers) for _number in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(StackRun.execute, runs))
    third = run({**full_document(), "max_deletes": "100"})
    assert third.failures == {}
    assert list_marked(running) == ALL
    assert_complete(run, running)


def test_two_deletions_at_the_same_time(run, running):
    run(full_document())
    runs = [StackRun(connect(running), options(state="absent")) for _number in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(StackRun.execute, runs))
    assert [one.failures for one in runs] == [{}, {}]
    assert list_marked(running) == {"filters": [], "targets": [], "sessions": []}


@pytest.mark.parametrize("replaced", ["filter", "target"])
def test_two_replacements_at_the_same_time_converge(run, running, emulator, replaced):
    run(document())
    lists = {
        "filter": {"filters": [filter_entry("f", description="new")]},
        "target": {"targets": [target_entry("t", network_interface_id=SENSOR_B)]},
    }
    params = document(allow_replacement=True, max_deletes="100", **lists[replaced])
    runs = [StackRun(connect(running), params) for _number in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(StackRun.execute, runs))
    assert run(params).failures == {}
    assert list_marked(running) == {"filters": ["f"], "targets": ["t"], "sessions": ["s"]}
    assert find_named(running, FILTER, "f")["description"] == ("new" if replaced == "filter" else "")
    destination = SENSOR_B if replaced == "target" else SENSOR
    assert find_named(running, TARGET, "t")["network_interface_id"] == destination
    assert run(params).summary == {"unchanged": 3}


def test_every_interruption_is_finished_by_the_next_run(run, plan, running, emulator):
    """The credentials expire after each number of calls: creations, updates, replacements and deletions."""
    params = full_document(allow_replacement=True)
    params["filters"] = [filter_entry("f", rules=[rule(200)], description="new"), filter_entry("h")]
    params["sessions"] = [
        session_entry("p", "f", "t", WEB, 2),
        session_entry("new", "h", "t", WEB, 1),
        session_entry("r", "h", "u", APP1),
    ]
    for calls in range(30):
        emulator.reset()
        run(full_document())
        planned = plan(params)
        emulator.settings(credential_calls=calls)
        planned.execute()
        emulator.settings(credential_calls=None)
        finished = run(params)
        assert finished.failures == {}, calls
        expected = {"filters": ["f", "h"], "targets": ["t", "u"], "sessions": ["new", "p", "r"]}
        assert list_marked(running) == expected, calls
        assert run(params).summary == {"unchanged": 7}, calls
        if not planned.failures:
            return
    raise AssertionError("the run has more calls than expected")
