# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Execution of plans with several resources: a filter, its rules and its sessions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import CreatedIdRef
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import InUseError, NotFoundError, ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Action, Plan
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, RULE
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import dry_run_errors, execute
from ansible_collections.vtap.aws.plugins.module_utils._runtime.record import RETRY_DELAYS, TaskFailed

from tests.unit.runtime.fake_ec2 import (
    CREATE_FILTER,
    CREATE_RULE,
    DELETE,
    DELETE_FILTER,
    DENIED,
    FILTER_IN_USE,
    FILTER_NOT_FOUND,
    INVALID,
    MODIFY,
    NEW_FILTER,
    NO_RESPONSE,
    NOT_FOUND,
    SWITCH_SESSION,
    TAG,
    FakeEc2,
    FakeFilterEc2,
    filter_plan,
    planner,
)

ADD_SERVICE = Action(
    "ModifyTrafficMirrorFilterNetworkServices", {"TrafficMirrorFilterId": NEW_FILTER}, "filter", "", FILTER
)
KNOWN_ID = {"TrafficMirrorFilterId": "tmf-new"}
CREATE_OTHER_RULE = replace(
    CREATE_RULE,
    resource="another rule",
    params={**CREATE_RULE.params, "RuleNumber": 2},
    creates=CreatedIdRef(RULE, "ingress 2"),
)
ADD_RULE = replace(CREATE_RULE, params={**CREATE_RULE.params, **KNOWN_ID})
ADD_OTHER_RULE = replace(CREATE_OTHER_RULE, params={**CREATE_OTHER_RULE.params, **KNOWN_ID})
NAMES_FILTER = r"The new filter 'dns' is tmf-new; the next run resumes with it\."


def test_rules_get_the_filter_id_and_the_result_has_the_rule_ids():
    ec2 = FakeFilterEc2()
    outcome = execute(planner(filter_plan(CREATE_FILTER, CREATE_RULE)), ec2)
    assert ec2.params[1] == {**CREATE_RULE.params, **KNOWN_ID}
    assert outcome.after["traffic_mirror_filter_id"] == "tmf-new" and outcome.after["tags"] == {"Name": "f"}
    (rule,) = outcome.after["rules"]
    assert rule["traffic_mirror_filter_rule_id"] == "tmfr-1" and rule["tags"] == {"Why": "dns"}


def test_each_create_has_its_own_token():
    ec2 = FakeFilterEc2()
    execute(planner(filter_plan(CREATE_FILTER, ADD_SERVICE, CREATE_RULE, CREATE_OTHER_RULE)), ec2)
    assert ec2.tokens[1] is None and len(set(ec2.tokens)) == 4


def test_create_rule_is_retried_while_the_new_filter_is_not_found(delays):
    """Describe does not return the new filter either."""
    ec2 = FakeFilterEc2(None, FILTER_NOT_FOUND, FILTER_NOT_FOUND, None)
    assert execute(planner(filter_plan(CREATE_FILTER, CREATE_RULE)), ec2).actions == (CREATE_FILTER, CREATE_RULE)
    assert delays == list(RETRY_DELAYS[:2]) and len(set(ec2.tokens)) == 2


def test_new_filter_that_is_never_found_is_created_once(delays):
    ec2 = FakeFilterEc2(None, *[FILTER_NOT_FOUND] * 9)
    lag = r"EC2 does not return the completed changes yet\."
    with pytest.raises(TaskFailed, match=rf"InvalidTrafficMirrorFilterId\.NotFound.*{NAMES_FILTER} {lag}"):
        execute(planner(filter_plan(CREATE_FILTER, CREATE_RULE)), ec2)
    assert ec2.calls == [CREATE_FILTER.operation, *[CREATE_RULE.operation] * (1 + len(RETRY_DELAYS))]
    assert delays == list(RETRY_DELAYS)


@pytest.mark.parametrize("error", [INVALID, NO_RESPONSE], ids=["refused", "no response"])
def test_filter_is_created_once_while_describe_does_not_return_it(error, delays):
    """The call for the rule fails with an error that is not due to the lag."""
    plan, left = filter_plan(CREATE_FILTER, CREATE_RULE), filter_plan(ADD_RULE)
    ec2 = FakeFilterEc2(None, error, error)
    with pytest.raises(TaskFailed, match=NAMES_FILTER):
        execute(planner(plan), ec2)
    assert ec2.calls.count(CREATE_FILTER.operation) == 1 and delays == list(RETRY_DELAYS)
    ec2 = FakeFilterEc2(None, error)
    seen_later = planner(plan, plan, plan, left, filter_plan())
    if error is INVALID:
        with pytest.raises(TaskFailed, match=NAMES_FILTER):
            execute(seen_later, ec2)
    else:
        assert execute(seen_later, ec2).actions == (CREATE_FILTER, CREATE_RULE)
    assert ec2.calls.count(CREATE_FILTER.operation) == 1


def test_failure_names_the_new_filter_without_all_rules():
    ec2 = FakeFilterEc2(None, None, INVALID)
    with pytest.raises(TaskFailed, match=rf"X failed for rule.*Completed: CreateT.* \(tmfr-1\)\. {NAMES_FILTER}"):
        execute(planner(filter_plan(CREATE_FILTER, CREATE_OTHER_RULE, CREATE_RULE), filter_plan(ADD_RULE)), ec2)
    assert ec2.calls == [CREATE_FILTER.operation, *[CREATE_RULE.operation] * 2]


def test_network_service_added_by_another_client_replans():
    outcome = execute(
        planner(filter_plan(CREATE_FILTER, ADD_SERVICE, CREATE_OTHER_RULE), filter_plan(ADD_OTHER_RULE)),
        FakeFilterEc2(None, INVALID),
    )
    assert outcome.actions == (CREATE_FILTER, ADD_OTHER_RULE)


def test_network_service_without_response_is_added_again_if_missing():
    """The new plan contains the same call, with the id of the created filter."""
    left = filter_plan(replace(ADD_SERVICE, params=KNOWN_ID, resource="filter tmf-new"))
    ec2 = FakeFilterEc2(None, NO_RESPONSE)
    assert execute(planner(filter_plan(CREATE_FILTER, ADD_SERVICE), left), ec2).actions == (
        CREATE_FILTER,
        left.actions[0],
    )
    ec2 = FakeFilterEc2(None, NO_RESPONSE, INVALID)
    plans = planner(filter_plan(CREATE_FILTER, ADD_SERVICE), left, left, filter_plan())
    assert execute(plans, ec2).actions == (CREATE_FILTER, left.actions[0])


@pytest.mark.parametrize("replaced", [None, {"traffic_mirror_filter_id": "tmf-old"}])
def test_failure_names_a_filter_whose_create_had_no_response(replaced):
    there = filter_plan(ADD_OTHER_RULE, before=replaced or {"traffic_mirror_filter_id": "tmf-new"})
    there = replace(there, after={**there.after, "traffic_mirror_filter_id": "tmf-new"})
    with pytest.raises(TaskFailed, match=NAMES_FILTER) as failure:
        execute(
            planner(filter_plan(CREATE_FILTER, CREATE_RULE, before=replaced), there),
            FakeFilterEc2(NO_RESPONSE, INVALID),
        )
    assert failure.value.created_ids == {NEW_FILTER: "tmf-new"}


def test_failure_names_a_rule_whose_create_had_no_response():
    row = {"direction": "ingress", "rule_number": 1, "tags": {}, "traffic_mirror_filter_rule_id": "tmfr-9"}
    seen = Plan((TAG,), after={"traffic_mirror_filter_id": "tmf-new", "rules": [row], "tags": {}})
    with pytest.raises(TaskFailed, match=r"Completed: CreateTrafficMirrorFilterRule on rule \(tmfr-9\)\."):
        execute(planner(filter_plan(ADD_RULE), seen), FakeFilterEc2(NO_RESPONSE, DENIED))


@pytest.mark.parametrize("then", [ValidationError("the task lacks"), DENIED, NotFoundError("gone")])
def test_failed_replanning_lists_completed_calls(then):
    with pytest.raises(TaskFailed, match="Completed: ModifyT") as failure:
        execute(planner(Plan((MODIFY, TAG), after={"tags": {}}), *[then] * 9), FakeEc2(None, NOT_FOUND))
    assert failure.value.completed == [MODIFY] and failure.value.error is NOT_FOUND


def test_delete_filter_is_retried_while_switched_sessions_use_it(delays):
    ec2 = FakeFilterEc2(None, None, FILTER_IN_USE, FILTER_IN_USE, None)
    outcome = execute(planner(filter_plan(CREATE_FILTER, SWITCH_SESSION, DELETE_FILTER)), ec2)
    assert outcome.actions == (CREATE_FILTER, SWITCH_SESSION, DELETE_FILTER)
    assert ec2.calls.count(SWITCH_SESSION.operation) == 1
    assert delays == list(RETRY_DELAYS[:2])


def test_delete_filter_is_retried_while_deleted_sessions_use_it():
    used = InUseError("in use by tms-1")
    assert execute(planner(used, used, Plan((DELETE_FILTER,))), FakeFilterEc2()).actions == (DELETE_FILTER,)
    assert execute(planner(Plan((DELETE_FILTER,))), FakeFilterEc2(FILTER_IN_USE, FILTER_IN_USE)).actions == (
        DELETE_FILTER,
    )
    with pytest.raises(InUseError):
        execute(planner(used), FakeFilterEc2())


def test_conflict_in_replanning_follows_the_refusal():
    with pytest.raises(TaskFailed, match="FilterInUse.* Then: in use by tms-1. Completed: Modify") as failure:
        execute(
            planner(Plan((MODIFY, DELETE), after={"tags": {}}), InUseError("in use by tms-1.")),
            FakeEc2(None, *[FILTER_IN_USE] * 6),
        )
    assert failure.value.completed == [MODIFY]


@pytest.mark.parametrize("then", [filter_plan(TAG), DENIED], ids=["fails", "cannot plan"])
def test_failure_names_a_filter_created_by_an_earlier_attempt(then):
    """A rule gets no response, and the new plan fails. The filter exists."""
    with pytest.raises(TaskFailed, match=NAMES_FILTER):
        execute(planner(filter_plan(CREATE_FILTER, CREATE_RULE), then), FakeFilterEc2(None, NO_RESPONSE, DENIED))


def test_failed_call_in_the_new_plan_is_not_completed():
    with pytest.raises(TaskFailed) as failure:
        execute(
            planner(filter_plan(CREATE_FILTER, CREATE_RULE), filter_plan(ADD_RULE)),
            FakeFilterEc2(None, NO_RESPONSE, DENIED),
        )
    assert failure.value.completed == [CREATE_FILTER]


def test_calls_for_a_new_filter_are_checked_on_the_replaced_one():
    before = {"traffic_mirror_filter_id": "tmf-old", "tags": {}, "rules": []}
    ec2 = FakeFilterEc2()
    plan = filter_plan(CREATE_FILTER, CREATE_RULE, SWITCH_SESSION, DELETE_FILTER, replaces=True, before=before)
    execute(planner(plan), ec2)
    old = {"TrafficMirrorFilterId": "tmf-old"}
    assert ec2.checked == [
        (CREATE_FILTER.operation, {}),
        (CREATE_RULE.operation, {**CREATE_RULE.params, **old}),
        (SWITCH_SESSION.operation, old),
        (DELETE_FILTER.operation, {}),
    ]


def test_dry_run_errors_cannot_check_calls_that_need_a_new_id():
    failures, unverified = dry_run_errors(filter_plan(CREATE_FILTER, CREATE_RULE, SWITCH_SESSION), FakeEc2())
    assert failures == []
    assert unverified == ["CreateTrafficMirrorFilterRule on rule", "ModifyTrafficMirrorSession on session"]
