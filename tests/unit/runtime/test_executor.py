# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Execution of session plans: concurrent changes, lost responses, eventual consistency."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, NotFoundError
from ansible_collections.vtap.aws.plugins.module_utils._model.placeholders import UnresolvedRef
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Action, Plan
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import dry_run_errors, execute
from ansible_collections.vtap.aws.plugins.module_utils._runtime.record import RETRY_DELAYS, TaskFailed

from tests.unit.runtime.fake_ec2 import (
    CREATE,
    CREATE_NEXT_NUMBER,
    DELETE,
    DENIED,
    DUPLICATE_NUMBER,
    EXPIRED,
    INVALID,
    MODIFY,
    NO_CHANGE,
    NO_RESPONSE,
    NOT_FOUND,
    NOT_SENT,
    REJECTED_RETRY,
    TAG,
    THROTTLED,
    TOKEN_USED,
    UNTAG_NEW,
    FakeEc2,
    planner,
    session_plan,
)

MODIFICATION = session_plan(MODIFY)


def test_identical_concurrent_create_is_no_change():
    outcome = execute(planner(session_plan(CREATE), NO_CHANGE), FakeEc2(DUPLICATE_NUMBER))
    assert outcome.actions == ()


def test_different_concurrent_create_is_modified():
    outcome = execute(planner(session_plan(CREATE), MODIFICATION), FakeEc2(DUPLICATE_NUMBER))
    assert outcome.actions == (MODIFY,)


def test_any_failed_create_replans_once():
    undocumented = Ec2Error("CreateTrafficMirrorSession", "UndocumentedCode", "no")
    assert execute(planner(session_plan(CREATE), NO_CHANGE), FakeEc2(undocumented)).actions == ()
    ec2 = FakeEc2(undocumented)
    with pytest.raises(TaskFailed, match="UndocumentedCode"):
        execute(planner(session_plan(CREATE)), ec2)
    assert ec2.calls == ["CreateTrafficMirrorSession"]


def test_number_that_was_just_freed_is_tried_again(delays):
    assert execute(planner(session_plan(CREATE)), FakeEc2(DUPLICATE_NUMBER, DUPLICATE_NUMBER)).actions == (CREATE,)
    assert delays == list(RETRY_DELAYS[:2])


def test_duplicate_number_replans_until_describe_returns_it():
    create, other = session_plan(CREATE), session_plan(CREATE_NEXT_NUMBER)
    ec2 = FakeEc2(*[DUPLICATE_NUMBER] * 3)
    assert execute(planner(create, create, create, other), ec2).actions == (CREATE_NEXT_NUMBER,)
    assert [params["SessionNumber"] for params in ec2.params] == [1, 1, 1, 2]


def test_duplicate_number_fails_if_describe_never_returns_it(delays):
    ec2 = FakeEc2(*[DUPLICATE_NUMBER] * 9)
    with pytest.raises(TaskFailed, match="choose another session_number"):
        execute(planner(session_plan(CREATE)), ec2)
    assert len(ec2.calls) == 1 + len(RETRY_DELAYS)
    assert delays == list(RETRY_DELAYS)


@pytest.mark.parametrize("error", [DENIED, NOT_SENT, EXPIRED, THROTTLED, Ec2Error("X", "OptInRequired", "no")])
def test_final_errors_do_not_replan(error):
    ec2 = FakeEc2(error)
    with pytest.raises(TaskFailed) as failure:
        execute(planner(session_plan(CREATE), AssertionError), ec2)
    assert len(ec2.calls) == 1 and failure.value.error is error and failure.value.action == CREATE


def test_create_is_retried_while_the_filter_is_not_found(delays):
    not_found = Ec2Error("CreateTrafficMirrorSession", "InvalidTrafficMirrorFilterId.NotFound", "no such filter")
    ec2 = FakeEc2(not_found, not_found)
    assert execute(planner(session_plan(CREATE)), ec2).actions == (CREATE,)
    assert len(ec2.calls) == 3 and len(set(ec2.tokens)) == 1
    assert delays == list(RETRY_DELAYS[:2])
    missing = FakeEc2(*[not_found] * 9)
    with pytest.raises(TaskFailed, match="check traffic_mirror_filter_id"):
        execute(planner(session_plan(CREATE)), missing)
    assert len(missing.calls) == len(RETRY_DELAYS) + 1


def test_session_deleted_before_modify_is_created_again():
    outcome = execute(planner(MODIFICATION, session_plan(CREATE)), FakeEc2(NOT_FOUND))
    assert outcome.actions == (CREATE,)


def test_session_deleted_before_delete_is_no_change():
    assert execute(planner(Plan((DELETE,))), FakeEc2(NOT_FOUND)).actions == ()
    retried = Ec2Error("X", "InvalidTrafficMirrorSessionId.NotFound", "gone", retried=True)
    assert execute(planner(Plan((DELETE,))), FakeEc2(retried)).actions == (DELETE,)


def test_deletion_whose_response_was_lost_is_complete():
    assert execute(planner(Plan((DELETE,))), FakeEc2(NO_RESPONSE, NOT_FOUND)).actions == (DELETE,)
    assert execute(planner(Plan((DELETE,)), Plan()), FakeEc2(NO_RESPONSE)).actions == (DELETE,)


def test_all_retries_of_a_task_share_the_delays(delays):
    with pytest.raises(TaskFailed):
        execute(
            planner(NotFoundError("no"), NotFoundError("no"), session_plan(CREATE)), FakeEc2(*[DUPLICATE_NUMBER] * 9)
        )
    assert delays == list(RETRY_DELAYS) and sum(delays) < 4


def test_planning_is_retried_while_a_named_resource_is_not_found(delays):
    assert execute(planner(NotFoundError("no"), NotFoundError("no"), session_plan(CREATE)), FakeEc2()).actions == (
        CREATE,
    )
    assert len(delays) == 2
    with pytest.raises(NotFoundError):
        execute(planner(NotFoundError("no")), FakeEc2())


# Responses that were lost, and client tokens


def test_create_without_response_counts_if_the_session_exists():
    outcome = execute(planner(session_plan(CREATE), NO_CHANGE), FakeEc2(NO_RESPONSE))
    assert outcome.actions == (CREATE,)


@pytest.mark.parametrize("error", [NO_RESPONSE, REJECTED_RETRY])
def test_create_without_response_is_sent_again_with_its_token(error):
    ec2 = FakeEc2(error)
    assert execute(planner(session_plan(CREATE)), ec2).actions == (CREATE,)
    assert len(ec2.tokens) == 2 and len(set(ec2.tokens)) == 1 and ec2.tokens[0]


def test_replanned_create_without_response_keeps_the_token():
    """EC2 answers that the token was used with other parameters, so the first Create was carried out."""
    ec2 = FakeEc2(NO_RESPONSE, TOKEN_USED)
    plans = planner(session_plan(CREATE), session_plan(CREATE_NEXT_NUMBER), session_plan(CREATE_NEXT_NUMBER), NO_CHANGE)
    assert execute(plans, ec2).actions == (CREATE_NEXT_NUMBER,)
    assert [params["SessionNumber"] for params in ec2.params] == [1, 2] and len(set(ec2.tokens)) == 1


def test_create_whose_token_was_used_is_not_sent_again():
    ec2 = FakeEc2(NO_RESPONSE, TOKEN_USED)
    with pytest.raises(TaskFailed, match="EC2 may have carried out: CreateTrafficMirrorSession on session"):
        execute(planner(session_plan(CREATE)), ec2)
    assert len(ec2.calls) == 2


def test_refused_create_with_other_parameters_gets_another_token():
    ec2 = FakeEc2(INVALID)
    assert execute(planner(session_plan(CREATE), session_plan(CREATE_NEXT_NUMBER)), ec2).actions == (
        CREATE_NEXT_NUMBER,
    )
    assert len(set(ec2.tokens)) == 2


def test_only_a_create_has_a_token():
    ec2 = FakeEc2()
    execute(planner(Plan((MODIFY, TAG, DELETE), after={"tags": {}})), ec2)
    assert ec2.tokens == [None] * 3


@pytest.mark.parametrize("action", [CREATE, MODIFY])
def test_call_without_response_is_sent_only_twice(action, delays):
    before = session_plan(action)
    ec2 = FakeEc2(NO_RESPONSE, NO_RESPONSE)
    assert execute(planner(before, before, before, NO_CHANGE), ec2).actions == (action,)
    assert ec2.calls == [action.operation] * 2
    assert delays == list(RETRY_DELAYS[:3])
    ec2 = FakeEc2(*[NO_RESPONSE] * 9)
    with pytest.raises(TaskFailed, match=rf"got no reply.*EC2 may have carried out: {action.operation} on session"):
        execute(planner(before), ec2)
    assert ec2.calls == [action.operation] * 2


def test_rejected_retry_counts_as_completed_if_the_new_plan_omits_the_call():
    """botocore retries a call without response. Adding a network service twice is an error."""
    before, left = Plan((TAG, MODIFY), after={"tags": {}}), Plan((MODIFY,), after={"tags": {}})
    assert execute(planner(before, left), FakeEc2(REJECTED_RETRY)).actions == (TAG, MODIFY)
    ec2 = FakeEc2(REJECTED_RETRY, INVALID)
    with pytest.raises(TaskFailed):
        execute(planner(before), ec2)
    assert ec2.calls == ["CreateTags"] * 2


# Completed calls


def test_completed_call_is_not_sent_again_while_describe_is_stale(delays):
    before = Plan((MODIFY, TAG, DELETE), after={"tags": {}})
    ec2 = FakeEc2(None, None, Ec2Error("X", "TrafficMirrorFilterInUse", "still"), NO_RESPONSE)
    assert execute(planner(before), ec2).actions == (MODIFY, TAG, DELETE)
    assert ec2.calls == [MODIFY.operation, TAG.operation, *[DELETE.operation] * 3]


def test_created_session_is_not_created_again_while_describe_does_not_return_it(delays):
    ec2 = FakeEc2(None, *[NOT_FOUND] * 9)
    with pytest.raises(TaskFailed, match=rf"{NAMES_SESSION} EC2 does not return the completed changes yet\.$"):
        execute(planner(session_plan(CREATE, UNTAG_NEW)), ec2)
    assert ec2.calls == [CREATE.operation, *[UNTAG_NEW.operation] * (1 + len(RETRY_DELAYS))]
    assert delays == list(RETRY_DELAYS)


# Messages


def test_failure_lists_completed_and_remaining_calls():
    with pytest.raises(TaskFailed) as failure:
        execute(planner(Plan((MODIFY, TAG, DELETE), after={"tags": {}})), FakeEc2(None, DENIED))
    assert "Completed: ModifyTrafficMirrorSession on session tms-1." in failure.value.message
    assert "Not sent: DeleteTrafficMirrorSession on session tms-1." in failure.value.message
    assert failure.value.completed == [MODIFY]


def test_failure_lists_completed_calls_of_all_attempts():
    lost = FakeEc2(NO_RESPONSE, None, DENIED)
    with pytest.raises(TaskFailed, match="Completed: CreateTrafficMirrorSession on session; Modify") as failure:
        execute(planner(session_plan(CREATE), Plan((MODIFY, DELETE), after={"tags": {}})), lost)
    assert failure.value.completed == [CREATE, MODIFY]


DEAD = Ec2Error("DescribeTrafficMirrorSessions", "EndpointConnectionError", "no route", sent=False)
SLOW = Ec2Error("DescribeTrafficMirrorSessions", "RequestLimitExceeded", "slow down", retried=True)


@pytest.mark.parametrize(
    ("first", "then", "unknown"),
    [(NO_RESPONSE, DEAD, True), (INVALID, SLOW, False), (DUPLICATE_NUMBER, SLOW, False), (REJECTED_RETRY, DEAD, True)],
    ids=["lost reply, dead network", "refused, throttled", "duplicate, throttled", "refused retry, dead network"],
)
def test_later_failure_does_not_hide_the_first(first, then, unknown):
    with pytest.raises(TaskFailed) as failure:
        execute(planner(session_plan(CREATE, DELETE), then), FakeEc2(first))
    message = failure.value.message
    assert failure.value.error is first
    assert message.index(first.message) < message.index("Then: DescribeTrafficMirrorSessions")
    assert ("EC2 may have carried out: CreateTrafficMirrorSession on session." in message) == unknown
    assert message.endswith("Not sent: DeleteTrafficMirrorSession on session tms-1.")


def test_refusal_does_not_hide_that_an_earlier_attempt_may_have_been_carried_out():
    with pytest.raises(TaskFailed, match=r"connection closed.*Then: X .*no.*may have carried out: Create") as failure:
        execute(planner(session_plan(CREATE)), FakeEc2(NO_RESPONSE, DENIED))
    assert failure.value.error is NO_RESPONSE


def test_repeated_failures_are_listed_once():
    with pytest.raises(TaskFailed) as failure:
        execute(planner(session_plan(CREATE)), FakeEc2(*[DUPLICATE_NUMBER] * 9))
    assert failure.value.message.count("already being used") == 1


def test_failures_of_calls_that_succeeded_later_are_not_listed():
    with pytest.raises(TaskFailed) as failure:
        execute(planner(session_plan(CREATE, TAG)), FakeEc2(NOT_FOUND, None, DENIED))
    assert failure.value.error is DENIED and "NotFound" not in failure.value.message


# Replacements

NAMES_SESSION = r"The new session 'web' is tms-new; the next run resumes with it\."
REPLACED = {"traffic_mirror_session_id": "tms-1", "tags": {}}


def test_each_action_of_a_replacement_is_checked_once():
    """The replaced session takes the place of the new one, which does not exist yet."""
    ec2 = FakeEc2()
    execute(planner(session_plan(CREATE, MODIFY, MODIFY, DELETE, UNTAG_NEW, replaces=True, before=REPLACED)), ec2)
    assert ec2.checked == [
        (CREATE.operation, CREATE.params),
        (MODIFY.operation, MODIFY.params),
        (DELETE.operation, {}),
        (UNTAG_NEW.operation, {"Resources": ["tms-1"], "Tags": [{"Key": "old"}]}),
    ]


def test_no_other_plan_is_checked():
    ec2 = FakeEc2()
    execute(planner(session_plan(CREATE, DELETE, before=REPLACED)), ec2)
    assert ec2.checked == []


@pytest.mark.parametrize("denied", [CREATE, DELETE, UNTAG_NEW], ids=lambda action: action.operation)
def test_replacement_without_a_permission_makes_no_call(denied):
    plan = session_plan(CREATE, DELETE, UNTAG_NEW, replaces=True, before=REPLACED)
    ec2 = FakeEc2(denials={denied.operation: DENIED})
    with pytest.raises(TaskFailed, match="UnauthorizedOperation.* Not sent: Create.*; Delete.*; DeleteTags") as failure:
        execute(planner(plan), ec2)
    assert ec2.calls == [] and failure.value.completed == []


@pytest.mark.parametrize("error", [NOT_FOUND, NO_RESPONSE, INVALID], ids=lambda error: error.code)
def test_only_a_denial_stops_a_replacement(error):
    ec2 = FakeEc2(denials={DELETE.operation: error})
    plan = session_plan(CREATE, DELETE, replaces=True, before=REPLACED)
    assert execute(planner(plan), ec2).actions == (CREATE, DELETE)


@pytest.mark.parametrize("is_started", [False, True])
def test_dry_run_that_was_carried_out_stops_the_task(is_started):
    """Ec2.dry_run raises the error. It must not hide an earlier failure."""

    class CarriedOut(FakeEc2):
        def dry_run(self, operation, **params):
            raise ConflictError("carried out.")

    replacement = session_plan(CREATE, DELETE, replaces=True, before=REPLACED)
    ec2 = CarriedOut(*([NO_RESPONSE] if is_started else []))
    plans = planner(session_plan(MODIFY), replacement) if is_started else planner(replacement)
    with pytest.raises(TaskFailed if is_started else ConflictError, match="carried out.") as failure:
        execute(plans, ec2)
    assert ec2.calls == ([MODIFY.operation] if is_started else [])
    assert not is_started or "Completed: ModifyTrafficMirrorSession" in failure.value.message


@pytest.mark.parametrize(
    "error",
    [DENIED, NO_RESPONSE, REJECTED_RETRY, THROTTLED],
    ids=["denied", "no response", "rejected retry", "throttled"],
)
def test_failed_replacement_keeps_both_sessions(error):
    """EC2 may have deleted the old session, and another client may have completed the replacement."""
    ec2 = FakeEc2(None, *[error] * 9)
    with pytest.raises(TaskFailed, match=NAMES_SESSION):
        execute(planner(session_plan(CREATE, DELETE, replaces=True, before=REPLACED)), ec2)
    assert ec2.calls[0] == CREATE.operation and set(ec2.calls[1:]) == {DELETE.operation}


@pytest.mark.parametrize("deletion", [None, NOT_FOUND], ids=["deleted", "not found"])
def test_failed_replacement_keeps_the_new_session_after_the_delete(deletion):
    ec2 = FakeEc2(None, deletion, DENIED)
    with pytest.raises(TaskFailed, match=NAMES_SESSION):
        execute(planner(session_plan(CREATE, DELETE, TAG, replaces=True, before=REPLACED)), ec2)
    assert ec2.calls == [CREATE.operation, DELETE.operation, TAG.operation]


def test_dry_run_errors_lists_all_failures_and_unverified_calls():
    ec2 = FakeEc2(denials={MODIFY.operation: DENIED, DELETE.operation: DENIED})
    failures, unverified = dry_run_errors(Plan((MODIFY, TAG, DELETE)), ec2)
    assert len(failures) == 2
    assert unverified == []
    waiting = Action(
        "CreateTrafficMirrorSession", {"TrafficMirrorFilterId": UnresolvedRef("dns", "tmf")}, "session", "new"
    )
    assert dry_run_errors(Plan((waiting,)), FakeEc2()) == ([], ["CreateTrafficMirrorSession on session"])
