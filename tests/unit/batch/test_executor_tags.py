# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of many objects: grouped calls, refused groups, order of CreateTags and DeleteTags."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import EntrySkipped, Status, summarize
from ansible_collections.vtap.aws.plugins.module_utils._batch.stop_rules import MAX_REFUSALS
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._runtime.record import RETRY_DELAYS
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.batch.fakes import (
    CREATE,
    MODIFY,
    TAG,
    UNTAG,
    FakeEc2,
    act,
    by_status,
    entry,
    get_id,
    ids_of,
    refuse_ids,
    refuse_operation,
    run,
    tag,
    untag,
)
from tests.unit.fleet.builders import PROPERTY

MISSING = "InvalidID"


def retagged(count, *more):
    return [entry(number, *more, tag(number), untag(number)) for number in range(count)]


def test_five_thousand_objects_are_retagged_by_ten_calls():
    entries = retagged(5000)
    ec2 = run(entries)
    assert [operation for operation, _params in ec2.calls] == [TAG] * 5 + [UNTAG] * 5
    for operation in (TAG, UNTAG):
        assert sorted(ec2.list_ids(operation)) == by_status(entries, Status.DONE) == [one.key for one in entries]
    assert all(one.is_changed and one.result == one.plan.after for one in entries)


@pytest.mark.parametrize("sets", [2, 10])
def test_calls_grow_with_the_number_of_different_tags(sets):
    entries = [entry(number, tag(number, {"Team": str(number % sets)})) for number in range(5000)]
    ec2 = run(entries)
    assert len(ec2.calls) == sets * -(-5000 // sets // 1000)
    for _operation, params in ec2.calls:
        team = params["Tags"][0]["Value"]
        assert set(params["Resources"]) <= {get_id(number) for number in range(5000) if str(number % sets) == team}


def test_tags_follow_the_other_calls_of_all_objects():
    ec2 = run([entry(number, act(MODIFY, number), tag(number)) for number in range(30)])
    assert [operation for operation, _params in ec2.calls] == [MODIFY] * 30 + [TAG]


@pytest.mark.parametrize("position", [0, 1, 499, 500, 998, 999])
def test_one_refused_object_does_not_stop_its_group(position):
    entries = retagged(1000)
    ec2 = run(entries, FakeEc2(refuse_ids("TagPolicyViolation", position)))
    assert by_status(entries, Status.FAILED) == [get_id(position)] and len(by_status(entries, Status.DONE)) == 999
    assert entries[position].error_code == "TagPolicyViolation" and not entries[position].is_changed
    assert sorted(ec2.list_ids(TAG, ec2.done)) == by_status(entries, Status.DONE)
    # Each halving is two calls, and the last one is of a single object.
    assert len([1 for operation, _params in ec2.calls if operation == TAG]) <= 1 + 2 * 10
    assert sorted(ec2.list_ids(UNTAG)) == by_status(entries, Status.DONE)


@pytest.mark.parametrize("count", [2, 7, 20])
def test_several_refused_objects(count):
    refused = range(0, 1000, 1000 // count)
    entries = retagged(1000)
    ec2 = run(entries, FakeEc2(refuse_ids("TagPolicyViolation", *refused)))
    assert by_status(entries, Status.FAILED) == list(map(get_id, refused))
    assert len(ec2.calls) <= 2 + 2 * 10 * len(refused)


@pytest.mark.parametrize("workers", [1, 5])
def test_refused_and_successful_groups_do_not_stop(workers):
    """A quarter of 200 different values is not allowed."""
    entries = [entry(number, tag(number, {"Team": str(number % 200)})) for number in range(400)]

    def refuse(operation, params):
        team = int(params["Tags"][0]["Value"])
        return Ec2Error(operation, "TagPolicyViolation", "no") if team % 4 == 0 else None

    run(entries, FakeEc2(refuse), workers)
    assert by_status(entries, Status.FAILED) == [one.key for one in entries[::4]]
    assert by_status(entries, Status.NOT_TRIED) == []


def test_object_that_was_deleted_meanwhile_is_skipped():
    def replan(_entry):
        raise EntrySkipped("deleted")

    entries = retagged(1000)
    ec2 = run(entries, FakeEc2(refuse_ids(MISSING, 500)), replan=replan)
    assert (entries[500].action, entries[500].reason) == ("skip", "deleted")
    assert summarize(entries)["updated"] == 999 and summarize(entries)["failed"] == 0
    assert get_id(500) not in ec2.list_ids(UNTAG)


def test_object_that_was_created_again_meanwhile_is_not_untagged():
    """The new plan has all calls, and the resource of the first plan does not exist any more."""

    def replan(one):
        return replace(one.plan, actions=(act(CREATE, 500),))

    entries = retagged(1000)
    ec2 = run(entries, FakeEc2(refuse_ids(MISSING, 500, operations=[TAG, UNTAG])), replan=replan)
    assert len(by_status(entries, Status.DONE)) == 1000 and ec2.list_ids(CREATE) == [get_id(500)]
    assert get_id(500) not in ec2.list_ids(UNTAG)


def test_another_plan_of_a_refused_tag_call_is_carried_out():
    def resolve_refusal(one, _failure):
        return replace(one.plan, actions=(act(MODIFY, 500),))

    entries = retagged(1000)
    ec2 = run(entries, FakeEc2(refuse_ids("X", 500, operations=[TAG])), resolve_refusal=resolve_refusal)
    assert ec2.list_ids(MODIFY) == [get_id(500)] and len(by_status(entries, Status.DONE)) == 1000


@pytest.mark.parametrize(
    ("code", "attempts"),
    [
        ("UnauthorizedOperation", 1),
        ("TagPolicyViolation", 1),
        ("RequestLimitExceeded", 1),
        ("", 2),
        # A missing resource may be due to eventual consistency.
        (MISSING, 1 + len(RETRY_DELAYS)),
    ],
)
@pytest.mark.parametrize("operation", [TAG, UNTAG])
def test_action_that_is_refused_for_all_stops(operation, code, attempts):
    """attempts: of a call for a single object."""
    entries = retagged(5000)
    ec2 = run(entries, FakeEc2(refuse_operation(code, operation)))
    sent = [1 for name, _params in ec2.calls if name == operation]
    assert MAX_REFUSALS <= len(sent) <= attempts * (MAX_REFUSALS + 5)
    assert summarize(entries)["failed"] == 5000 and by_status(entries, Status.DONE) == []
    assert all(one.is_changed == (operation == UNTAG) for one in entries)
    assert all(one.error_code == code and operation in one.error for one in entries)
    if operation == TAG:
        assert ec2.list_ids(UNTAG) == []


def test_expired_credentials_stop_at_once():
    entries = retagged(5000)
    ec2 = run(entries, FakeEc2(refuse_operation("RequestExpired", TAG, UNTAG)))
    assert len(ec2.calls) <= 1 + 5 and summarize(entries)["failed"] == 5000


def test_objects_that_failed_before_get_no_tags():
    entries = retagged(30, act(MODIFY, 0))
    for number, one in enumerate(entries):
        one.plan = replace(one.plan, actions=(act(MODIFY, number), *one.plan.actions[1:]))
    ec2 = run(entries, FakeEc2(refuse_ids("X", 3, 4, operations=[MODIFY])))
    assert by_status(entries, Status.FAILED) == [get_id(3), get_id(4)]
    for operation in (TAG, UNTAG):
        assert sorted(ec2.list_ids(operation)) == by_status(entries, Status.DONE)


def test_object_that_was_planned_again_gets_only_the_tags_of_the_new_plan():
    def replan(one):
        return replace(one.plan, actions=(act(MODIFY, 1, Number=2), tag(1, {"new": "x"})))

    def refuse(operation, params):
        return Ec2Error(operation, "X", "no") if operation == MODIFY and "Number" not in params else None

    entries = [entry(1, act(MODIFY, 1), tag(1, {"old": "x"}))]
    ec2 = run(entries, FakeEc2(refuse), replan=replan)
    assert [params["Tags"] for operation, params in ec2.calls if operation == TAG] == [[{"Key": "new", "Value": "x"}]]


def test_tags_that_need_the_place_of_others_are_written_alone():
    """A session with 50 tags: DeleteTags first."""
    entries = [entry(0, untag(0), tag(0)), *retagged(10)[1:]]
    ec2 = run(entries, FakeEc2(refuse_ids("X", 0, operations=[UNTAG])))
    assert by_status(entries, Status.FAILED) == [get_id(0)] and get_id(0) not in ec2.list_ids(TAG)
    ec2 = run([entry(0, untag(0), tag(0))])
    assert [operation for operation, _params in ec2.calls] == [UNTAG, TAG]


@pytest.mark.parametrize("executed", [True, False])
def test_lost_reply_to_a_group_is_no_failure(executed):
    entries, lost = retagged(100), []

    def refuse(operation, params):
        if operation == TAG and len(params["Resources"]) == 100:
            lost.append(params)
            return Ec2Error(operation, "", "no reply")
        return None

    ec2 = FakeEc2(refuse)
    run(entries, ec2)
    assert len(lost) == 1 and len(by_status(entries, Status.DONE)) == 100 and all(one.is_changed for one in entries)


@pytest.mark.parametrize("error", [KeyError("x"), MemoryError()])
def test_exception_in_a_tag_call_fails_only_its_group(error):
    entries = [entry(number, tag(number, {"Team": str(number % 3)})) for number in range(30)]

    def refuse(operation, params):
        return error if params["Tags"][0]["Value"] == "1" else None

    run(entries, FakeEc2(refuse))
    assert by_status(entries, Status.FAILED) == [one.key for one in entries[1::3]]
    assert len(by_status(entries, Status.DONE)) == 20 and "bug" in entries[1].error


OUTCOMES = st.sampled_from([None] * 4 + ["InvalidParameterValue", "UnauthorizedOperation", MISSING])
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "calls": st.sampled_from([(), (MODIFY,), (MODIFY,)]),
            "tags": st.sampled_from([(), (TAG,), (UNTAG,), (TAG, UNTAG), (UNTAG, TAG)]),
            "team": st.sampled_from("ab"),
            "refused": st.fixed_dictionaries(dict.fromkeys((MODIFY, TAG, UNTAG), OUTCOMES)),
            "phase": st.integers(0, 1),
        }
    ),
    max_size=20,  # fewer refusals than those that stop an action
)


@PROPERTY
@given(drawn=ENTRIES, workers=st.integers(1, 4))
def test_each_object_gets_its_calls_in_order_until_one_is_refused(drawn, workers):
    """Whatever is grouped and refused: the result is that of each entry alone."""

    def build(number, one):
        make = {TAG: lambda: tag(number, {one["team"]: "x"}), UNTAG: lambda: untag(number, one["team"])}
        return [*(act(name, number) for name in one["calls"]), *(make[name]() for name in one["tags"])]

    def refuse(operation, params):
        codes = [drawn[int(one[-5:])]["refused"][operation] for one in ids_of(params)]
        return next((Ec2Error(operation, code, "no") for code in codes if code), None)

    def replan(one):
        done = list_done(one.key)
        return replace(one.plan, actions=tuple(action for action in one.plan.actions if action.operation not in done))

    def list_done(key):
        return [operation for operation, params in ec2.done if key in ids_of(params)]

    ec2 = FakeEc2(refuse)
    entries = [entry(number, *build(number, one), phase=one["phase"]) for number, one in enumerate(drawn)]
    run(entries, ec2, workers, replan=replan)
    for one, given_entry in zip(entries, drawn):
        expected, failure = [], None
        for operation in (*given_entry["calls"], *given_entry["tags"]):
            failure = given_entry["refused"][operation]
            if failure is not None:
                break
            expected.append(operation)
        assert list_done(one.key) == expected
        planned = [*given_entry["calls"], *given_entry["tags"]]
        status = Status.PLANNED if not planned else Status.DONE if failure is None else Status.FAILED
        assert one.status is status and one.error_code == (failure or "") and one.is_changed == bool(expected)
