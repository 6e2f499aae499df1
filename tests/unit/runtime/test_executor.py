# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Execution of session plans: concurrent changes, lost responses, eventual consistency."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import UnresolvedRef
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import NotFoundError
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Action, Plan
from ansible_collections.vtap.aws.plugins.module_utils._runtime import executor
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import (
    PlanFailed,
    apply_until_stable,
    dry_run_errors,
)

from tests.unit.runtime.fake_ec2 import (
    CREATE,
    CREATE_NEXT_NUMBER,
    DELETE,
    DENIED,
    DUPLICATE_NUMBER,
    MODIFY,
    NO_CHANGE,
    NO_RESPONSE,
    NOT_FOUND,
    REJECTED_RETRY,
    TAG,
    THROTTLED,
    FakeEc2,
    planner,
    session_plan,
)


def test_identical_concurrent_create_is_no_change():
    outcome = apply_until_stable(planner(session_plan(CREATE), NO_CHANGE), FakeEc2(DUPLICATE_NUMBER))
    assert outcome.actions == ()


def test_different_concurrent_create_is_modified():
    outcome = apply_until_stable(
        planner(session_plan(CREATE), Plan((MODIFY,), after={"tags": {}})), FakeEc2(DUPLICATE_NUMBER)
    )
    assert outcome.actions == (MODIFY,)


def test_any_failed_create_replans_once():
    undocumented = Ec2Error("CreateTrafficMirrorSession", "UndocumentedCode", "no")
    assert apply_until_stable(planner(session_plan(CREATE), NO_CHANGE), FakeEc2(undocumented)).actions == ()
    ec2 = FakeEc2(undocumented)
    with pytest.raises(PlanFailed, match="UndocumentedCode"):
        apply_until_stable(planner(session_plan(CREATE)), ec2)
    assert ec2.calls == ["CreateTrafficMirrorSession"]


def test_duplicate_number_replans_until_describe_returns_it(delays):
    outcome = apply_until_stable(
        planner(session_plan(CREATE), session_plan(CREATE), session_plan(CREATE), session_plan(CREATE_NEXT_NUMBER)),
        FakeEc2(DUPLICATE_NUMBER),
    )
    assert outcome.actions == (CREATE_NEXT_NUMBER,)
    assert delays == list(executor.RETRY_DELAYS[:3])


def test_duplicate_number_fails_if_describe_never_returns_it(delays):
    ec2 = FakeEc2(DUPLICATE_NUMBER)
    with pytest.raises(PlanFailed, match="choose another session_number"):
        apply_until_stable(planner(session_plan(CREATE)), ec2)
    assert ec2.calls == ["CreateTrafficMirrorSession"]
    assert delays == list(executor.RETRY_DELAYS)


def test_create_without_response_counts_if_the_session_exists():
    assert apply_until_stable(planner(session_plan(CREATE), NO_CHANGE), FakeEc2(NO_RESPONSE)).actions == (CREATE,)


def test_create_without_response_fails_if_the_session_does_not_exist():
    with pytest.raises(PlanFailed, match="got no reply"):
        apply_until_stable(planner(session_plan(CREATE)), FakeEc2(NO_RESPONSE))


@pytest.mark.parametrize("error", [DENIED, Ec2Error("X", "RequestLimitExceeded", "slow down")])
def test_denied_and_throttled_calls_do_not_replan(error):
    ec2 = FakeEc2(error)
    with pytest.raises(PlanFailed):
        apply_until_stable(planner(session_plan(CREATE)), ec2)
    assert len(ec2.calls) == 1


def test_create_is_retried_while_the_filter_is_not_found(delays):
    not_found = Ec2Error("CreateTrafficMirrorSession", "InvalidTrafficMirrorFilterId.NotFound", "no such filter")
    ec2 = FakeEc2(not_found, not_found)
    assert apply_until_stable(planner(session_plan(CREATE)), ec2).actions == (CREATE,)
    assert len(ec2.calls) == 3
    assert delays == list(executor.RETRY_DELAYS[:2])
    missing = FakeEc2(*[not_found] * 9)
    with pytest.raises(PlanFailed, match="check traffic_mirror_filter_id"):
        apply_until_stable(planner(session_plan(CREATE)), missing)
    assert len(missing.calls) == len(executor.RETRY_DELAYS) + 1


def test_session_deleted_before_modify_is_created_again():
    outcome = apply_until_stable(planner(Plan((MODIFY,), after={"tags": {}}), session_plan(CREATE)), FakeEc2(NOT_FOUND))
    assert outcome.actions == (CREATE,)


def test_session_deleted_before_delete_is_no_change():
    assert apply_until_stable(planner(Plan((DELETE,))), FakeEc2(NOT_FOUND)).actions == ()
    retried = Ec2Error("X", "InvalidTrafficMirrorSessionId.NotFound", "gone", retried=True)
    assert apply_until_stable(planner(Plan((DELETE,))), FakeEc2(retried)).actions == (DELETE,)


def test_planning_is_retried_while_a_named_resource_is_not_found(delays):
    assert apply_until_stable(
        planner(NotFoundError("no"), NotFoundError("no"), session_plan(CREATE)), FakeEc2()
    ).actions == (CREATE,)
    assert len(delays) == 2
    with pytest.raises(NotFoundError):
        apply_until_stable(planner(NotFoundError("no")), FakeEc2())


def test_failure_lists_completed_and_remaining_calls():
    with pytest.raises(PlanFailed) as failure:
        apply_until_stable(planner(Plan((MODIFY, TAG, DELETE), after={"tags": {}})), FakeEc2(None, DENIED))
    text = str(failure.value)
    assert "Completed: ModifyTrafficMirrorSession on session tms-1." in text
    assert "Not sent: DeleteTrafficMirrorSession on session tms-1." in text
    assert failure.value.completed == [MODIFY]


NEW_SESSION_SENTENCE = r"The new session is tms-new; the next run resumes with it\."


def test_replacement_without_delete_permission_makes_no_call():
    ec2 = FakeEc2(None)
    ec2.dry_run = lambda operation, **params: DENIED
    with pytest.raises(PlanFailed, match="UnauthorizedOperation"):
        apply_until_stable(planner(session_plan(CREATE, DELETE, replaces=True)), ec2)
    assert ec2.calls == []


@pytest.mark.parametrize(
    "error",
    [DENIED, NO_RESPONSE, REJECTED_RETRY, THROTTLED],
    ids=["denied", "no response", "rejected retry", "throttled"],
)
def test_failed_replacement_keeps_both_sessions(error):
    """EC2 may have deleted the old session, and another client may have completed the replacement."""
    ec2 = FakeEc2(None, None, error)
    with pytest.raises(PlanFailed, match=NEW_SESSION_SENTENCE):
        apply_until_stable(planner(session_plan(CREATE, DELETE, replaces=True)), ec2)
    assert ec2.calls == [DELETE.operation, CREATE.operation, DELETE.operation]


@pytest.mark.parametrize("deletion", [None, NOT_FOUND], ids=["deleted", "not found"])
def test_failed_replacement_keeps_the_new_session_after_the_delete(deletion):
    ec2 = FakeEc2(None, None, deletion, DENIED)
    with pytest.raises(PlanFailed, match=NEW_SESSION_SENTENCE):
        apply_until_stable(planner(session_plan(CREATE, DELETE, TAG, replaces=True)), ec2)
    assert ec2.calls == [DELETE.operation, CREATE.operation, DELETE.operation, TAG.operation]


def test_dry_run_errors_lists_all_failures_and_unverified_calls():
    ec2 = FakeEc2(DENIED, None, DENIED)
    failures, unverified = dry_run_errors(Plan((MODIFY, TAG, DELETE)), ec2)
    assert len(failures) == 2
    assert unverified == []
    waiting = Action("CreateTrafficMirrorSession", {"TrafficMirrorFilterId": UnresolvedRef("dns")}, "session", "new")
    assert dry_run_errors(Plan((waiting,)), FakeEc2()) == ([], ["CreateTrafficMirrorSession on session"])


def test_failure_lists_completed_calls_of_all_attempts():
    lost = FakeEc2(NO_RESPONSE, None, DENIED)
    with pytest.raises(PlanFailed, match="Completed: CreateTrafficMirrorSession on session; Modify") as failure:
        apply_until_stable(planner(session_plan(CREATE), Plan((MODIFY, DELETE), after={"tags": {}})), lost)
    assert failure.value.completed == [CREATE, MODIFY]


def test_rejected_retry_counts_as_completed_if_the_new_plan_omits_the_call():
    """botocore retries a call without response. Adding a network service twice is an error."""
    before, left = Plan((TAG, MODIFY), after={"tags": {}}), Plan((MODIFY,), after={"tags": {}})
    assert apply_until_stable(planner(before, left), FakeEc2(REJECTED_RETRY)).actions == (TAG, MODIFY)
    ec2 = FakeEc2(REJECTED_RETRY)
    with pytest.raises(PlanFailed):
        apply_until_stable(planner(before), ec2)
    assert ec2.calls == ["CreateTags"]


@pytest.mark.parametrize(("action", "error"), [(CREATE, NO_RESPONSE), (MODIFY, REJECTED_RETRY)])
def test_completed_call_without_response_is_not_repeated(action, error, delays):
    before = session_plan(action)
    ec2 = FakeEc2(error)
    assert apply_until_stable(planner(before, before, before, NO_CHANGE), ec2).actions == (action,)
    assert ec2.calls == [action.operation]
    assert delays == list(executor.RETRY_DELAYS[:3])
