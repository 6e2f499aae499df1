# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Execution of plans over many objects: failures stay with their object, and hopeless calls are not sent."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import EntrySkipped, Status, summarize
from ansible_collections.vtap.aws.plugins.module_utils._batch.stop_rules import (
    ACCOUNT_CODES,
    MAX_REFUSALS,
    QUOTA_CODES,
)
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Plan

from tests.unit.batch.fakes import (
    CREATE,
    DELETE,
    MARK,
    MODIFY,
    FakeEc2,
    act,
    by_status,
    entry,
    get_id,
    modifications,
    refuse_ids,
    refuse_operation,
    run,
    tag,
)

WORKERS = pytest.mark.parametrize("workers", [1, 5, 50])
INVALID = "InvalidParameterValue"
DEFECTS = [KeyError("x"), TypeError("x"), RecursionError("x"), MemoryError()]


# One object


@pytest.mark.parametrize("code", [INVALID, "UnauthorizedOperation", "InvalidID", "IncorrectState", "", "Unknown"])
@pytest.mark.parametrize("position", [0, 14, 29])
def test_refused_object_does_not_stop_others(position, code):
    entries = modifications(30)
    ec2 = run(entries, FakeEc2(refuse_ids(code, position)))
    assert by_status(entries, Status.FAILED) == [get_id(position)]
    assert len(by_status(entries, Status.DONE)) == 29 and len(set(ec2.list_ids(MODIFY))) == 30
    assert entries[position].error_code == code and MODIFY in entries[position].error
    assert not entries[position].is_changed and summarize(entries)["failed"] == 1


@pytest.mark.parametrize(("operation", "action"), [(CREATE, "create"), (MODIFY, "update")])
def test_change_of_another_client_is_not_counted(operation, action):
    """EC2 refuses the call, and the object then has the desired state."""
    entries = [entry(1, act(operation, 1), action=action, changes={"x": [1, 2]}), *modifications(3)[2:]]
    others = {"id": get_id(1), "tags": MARK}
    run(entries, FakeEc2(refuse_ids(INVALID, 1)), replan=lambda _entry: Plan(before=others, after=others))
    assert (entries[0].status, entries[0].action, entries[0].changes) == (Status.DONE, "unchanged", None)
    assert entries[0].result == others and not entries[0].is_changed
    assert summarize(entries)["unchanged"] == 1 and summarize(entries)["updated"] == 1


def test_object_that_another_client_deleted_is_not_counted():
    one = entry(1, act(DELETE, 1), action="delete", reason="no longer matches")
    one.plan = replace(one.plan, after=None)
    run([one], FakeEc2(refuse_ids("InvalidTrafficMirrorSessionId.NotFound", 1)))
    assert (one.status, one.action, one.result) == (Status.DONE, "skip", None)
    assert one.reason == "no longer matches; deleted by another client" and summarize([one])["deleted"] == 0


@pytest.mark.parametrize("error", DEFECTS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("method", ["start_entry", "replan", "resolve_refusal", "call"])
def test_exception_concerns_one_object(method, error):
    """A defect of the code must not lose the results of the others. replan is called after a refusal."""

    def raise_for_one(one, *_failure):
        if one.key == get_id(7):
            raise error
        return None if method == "resolve_refusal" else one.plan

    def refuse(operation, params):
        if method == "call":
            return error if params["TrafficMirrorSessionId"] == get_id(7) else None
        return refuse_ids(INVALID, 3, 7)(operation, params)

    entries = modifications(30)
    run(entries, FakeEc2(refuse), **({} if method == "call" else {method: raise_for_one}))
    expected = [get_id(7)] if method == "call" else [get_id(3), get_id(7)]
    assert by_status(entries, Status.FAILED) == expected and len(by_status(entries, Status.DONE)) == 30 - len(expected)
    assert entries[7].error.startswith(f"Unexpected {type(error).__name__}: ") and "bug" in entries[7].error


@pytest.mark.parametrize("error", [ConflictError("why"), ValidationError("why"), Ec2Error("Describe", "X", "why")])
@pytest.mark.parametrize("refusals", [0, 1])
def test_object_that_cannot_be_planned_again_fails(error, refusals):
    """The errors of a plan occur in replan, and, if credentials become invalid, in the call."""

    def replan(_entry):
        raise error

    refuse = refuse_ids(INVALID, 7) if refusals else lambda _op, params: error if ids_are(params, 7) else None
    entries = modifications(30)
    run(entries, FakeEc2(refuse), replan=replan)
    assert by_status(entries, Status.FAILED) == [get_id(7)] and len(by_status(entries, Status.DONE)) == 29
    assert "why" in entries[7].error and "bug" not in entries[7].error
    assert (INVALID in entries[7].error) == bool(refusals)  # the first cause is not hidden


def ids_are(params, number):
    return params["TrafficMirrorSessionId"] == get_id(number)


@pytest.mark.parametrize("method", ["start_entry", "replan", "resolve_refusal"])
def test_object_can_be_skipped_at_any_step(method):
    def skip(one, *_failure):
        raise EntrySkipped("not necessary")

    entries = [entry(1, act(MODIFY, 1), tag(1)), entry(2, act(MODIFY, 2), tag(2))]
    ec2 = run(entries, FakeEc2(refuse_ids(INVALID, 1, 2, operations=[MODIFY])), **{method: skip})
    assert [(one.action, one.reason, one.has_failed) for one in entries] == [("skip", "not necessary", False)] * 2
    assert not any(one.is_changed for one in entries) and ec2.done == []  # no tags either


def test_lost_reply_of_completed_call_counts_as_change():
    def replan(one):
        return replace(one.plan, actions=())

    entries = modifications(3)
    run(entries, FakeEc2(refuse_ids("", 1)), replan=replan)
    assert by_status(entries, Status.DONE) == list(map(get_id, range(3))) and entries[1].is_changed


@pytest.mark.parametrize(("code", "is_changed"), [("InvalidTrafficMirrorSessionId.NotFound", False), (None, True)])
def test_deletion_by_another_client_is_no_change(code, is_changed):
    entries = [entry(1, act(DELETE, 1), action="delete")]
    run(entries, FakeEc2(refuse_ids(code, 1) if code else refuse_ids(INVALID)))
    assert entries[0].status is Status.DONE and entries[0].is_changed == is_changed


def test_failure_after_a_completed_call_is_a_change():
    asked = []
    one = entry(1, act(CREATE, 1), act(MODIFY, 1))
    run([one], FakeEc2(refuse_operation(INVALID, MODIFY)), resolve_refusal=lambda *args: asked.append(args))
    assert one.status is Status.FAILED and one.is_changed and f"Completed: {CREATE}" in one.error
    assert asked == []  # another plan could repeat the completed call


@pytest.mark.parametrize(("accepted", "status"), [(3, Status.DONE), (9, Status.FAILED)])
def test_another_plan_is_tried_after_a_refusal(accepted, status):
    def resolve_refusal(one, failure):
        assert failure.error.code == INVALID
        target = one.plan.actions[0].params["Target"] + 1
        return Plan((act(MODIFY, 1, Target=target),), after={"target": target}) if target < 4 else None

    def refuse(operation, params):
        return Ec2Error(operation, INVALID, "no") if params["Target"] < accepted else None

    one = entry(1, act(MODIFY, 1, Target=1))
    ec2 = run([one], FakeEc2(refuse), resolve_refusal=resolve_refusal)
    assert one.status is status and [params["Target"] for _op, params in ec2.calls] == [1, 2, 3]
    assert one.plan.after == {"target": 3}


def test_held_back_entries_are_not_carried_out():
    one = entry(1, act(DELETE, 1), action="delete", status=Status.HELD_BACK)
    assert run([one]).calls == [] and one.status is Status.HELD_BACK


# Phases


def test_phases_follow_one_another_and_include_tags():
    entries = [entry(number, act(MODIFY, number), tag(number)) for number in range(20)]
    entries += [entry(number, act(DELETE, number), action="delete", phase=1) for number in range(20, 40)]
    entries += [entry(number, act(CREATE, number), action="create", phase=2) for number in range(40, 60)]
    started = []
    ec2 = run(entries[::-1], start_phase=lambda phase, _entries: started.append(phase))
    operations = [operation for operation, _params in ec2.calls]
    assert operations == [MODIFY] * 20 + ["CreateTags"] + [DELETE] * 20 + [CREATE] * 20 and started == [0, 1, 2]


def test_start_of_a_phase_can_skip_entries():
    def start_phase(_phase, entries):
        entries[0].skip("not necessary")

    entries = modifications(10)
    ec2 = run(entries, start_phase=start_phase)
    assert len(ec2.calls) == 9 and summarize(entries)["skipped"] == 1


@pytest.mark.parametrize("error", [Ec2Error("Describe", "X", "why"), ValidationError("why"), *DEFECTS])
def test_phase_that_cannot_start_fails_alone(error):
    def start_phase(phase, _entries):
        if phase == 1:
            raise error

    entries = [entry(number, act(MODIFY, number), phase=number % 3) for number in range(30)]
    ec2 = run(entries, start_phase=start_phase)
    assert by_status(entries, Status.FAILED) == [one.key for one in entries if one.phase == 1]
    assert len(by_status(entries, Status.DONE)) == len(ec2.calls) == 20
    assert ("bug" in entries[1].error) == (error in DEFECTS)


def test_order_within_a_phase_is_random():
    """An object that EC2 refuses does not decide which others are tried first."""
    orders = [run(modifications(50), workers=1).list_ids(MODIFY) for _number in range(3)]
    assert len(set(map(tuple, orders))) == 3


# Hopeless calls


@WORKERS
@pytest.mark.parametrize("code", [INVALID, "UnauthorizedOperation", "RequestLimitExceeded", "InvalidFilter.NotFound"])
def test_action_stops_after_fifty_refusals(workers, code):
    entries = modifications(300)
    ec2 = run(entries, FakeEc2(refuse_operation(code, MODIFY)), workers)
    tried = by_status(entries, Status.FAILED)
    assert MAX_REFUSALS <= len(tried) < MAX_REFUSALS + workers and set(ec2.list_ids(MODIFY)) == set(tried)
    assert len(by_status(entries, Status.NOT_TRIED)) == 300 - len(tried)
    for one in entries:
        assert one.error_code == code and code in one.error and MODIFY in one.error and not one.is_changed


def test_stop_of_an_action_does_not_concern_others():
    entries = modifications(100) + [entry(number, act(CREATE, number)) for number in range(100, 200)]
    run(entries, FakeEc2(refuse_operation(INVALID, MODIFY)))
    assert by_status(entries, Status.DONE) == [one.key for one in entries[100:]]


@pytest.mark.parametrize(("workers", "every"), [(1, 2), (1, MAX_REFUSALS), (5, 2), (50, 2)])
def test_mix_of_refusals_and_successes_does_not_stop(workers, every):
    """For example, a policy that allows the action for some objects. every: number of calls of which one succeeds."""
    number = itertools.count(1)

    def refuse(operation, _params):
        return Ec2Error(operation, "UnauthorizedOperation", "no") if next(number) % every else None

    entries = modifications(400)
    ec2 = run(entries, FakeEc2(refuse), workers)
    assert len(ec2.calls) == 400 and by_status(entries, Status.NOT_TRIED) == []


def test_refusals_with_different_codes_do_not_stop():
    number = itertools.count()
    entries = modifications(400)
    ec2 = run(entries, FakeEc2(lambda operation, _params: Ec2Error(operation, f"Code{next(number) % 9}", "no")))
    # After a refusal that is not final, the state is read, and an equal plan is not tried again.
    assert len(set(ec2.list_ids(MODIFY))) == 400 == len(by_status(entries, Status.FAILED))


@WORKERS
@pytest.mark.parametrize("code", sorted(ACCOUNT_CODES))
def test_refusal_of_the_account_stops_all_actions(workers, code):
    entries = modifications(100) + [entry(number, act(CREATE, number)) for number in range(100, 200)]
    entries += [entry(number, act(DELETE, number), action="delete", phase=1) for number in range(200, 300)]
    entries += [entry(number, tag(number)) for number in range(300, 400)]
    ec2 = run(entries, FakeEc2(lambda operation, _params: Ec2Error(operation, code, "no")), workers)
    tried = by_status(entries, Status.FAILED)
    assert 1 <= len(tried) == len(ec2.calls) <= 1 + workers
    not_tried = [one for one in entries if one.status is Status.NOT_TRIED]
    assert len(not_tried) == 400 - len(tried) and {one.error_code for one in not_tried} == {code}
    (message,) = {one.error for one in not_tried}
    assert message.startswith(f"Not tried after this failure: {ec2.calls[0][0][:6]}") and code in message


@WORKERS
@pytest.mark.parametrize("code", sorted(QUOTA_CODES))
def test_quota_of_the_account_stops_one_action(workers, code):
    entries = modifications(100) + [entry(number, act(CREATE, number)) for number in range(100, 200)]
    ec2 = run(entries, FakeEc2(refuse_operation(code, CREATE)), workers)
    assert 1 <= len(ec2.list_ids(CREATE)) <= 1 + workers
    assert by_status(entries, Status.DONE) == [one.key for one in entries[:100]]
    assert all(code in one.error for one in entries[100:])


def test_calls_before_the_refusal_of_the_account_keep_their_results():
    """Credentials can expire in the middle of a run."""
    number = itertools.count()
    entries = modifications(100)
    ec2 = FakeEc2(lambda operation, _params: Ec2Error(operation, "RequestExpired", "no") if next(number) > 39 else None)
    run(entries, ec2)
    done = by_status(entries, Status.DONE)
    assert sorted(ec2.list_ids(MODIFY, ec2.done)) == done and len(done) == 40
    assert all(one.is_changed == (one.key in done) for one in entries) and summarize(entries)["failed"] == 60


def test_resolved_refusals_do_not_stop():
    """For example, interfaces that EC2 does not support are skipped."""

    def resolve_refusal(one, _failure):
        one.skip("not supported")

    entries = modifications(200)
    ec2 = run(entries, FakeEc2(refuse_operation(INVALID, MODIFY)), resolve_refusal=resolve_refusal)
    assert len(set(ec2.list_ids(MODIFY))) == 200 and summarize(entries)["skipped"] == 200
