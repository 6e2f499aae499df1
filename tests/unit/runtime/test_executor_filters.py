# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Execution of plans with several resources: a filter, its rules and its sessions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import CreatedIdRef
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import InUseError, NotFoundError, ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Action, Plan
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER
from ansible_collections.vtap.aws.plugins.module_utils._runtime import executor
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import (
    PartialFailure,
    PlanFailed,
    apply_until_stable,
    dry_run_errors,
)

from tests.unit.runtime.fake_ec2 import (
    CREATE_FILTER,
    CREATE_RULE,
    DELETE,
    DELETE_FILTER,
    DENIED,
    FILTER_IN_USE,
    FILTER_NOT_FOUND,
    MODIFY,
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
    "ModifyTrafficMirrorFilterNetworkServices", {"TrafficMirrorFilterId": CreatedIdRef(FILTER)}, "filter", "", FILTER
)


def test_rules_get_the_filter_id_and_the_result_has_the_rule_ids():
    ec2 = FakeFilterEc2()
    outcome = apply_until_stable(planner(filter_plan(CREATE_FILTER, CREATE_RULE)), ec2)
    assert ec2.params[1] == {"TrafficMirrorFilterId": "tmf-new", "Tags": ["tmf-new"]}
    assert outcome.after["traffic_mirror_filter_id"] == "tmf-new" and outcome.after["tags"] == {"Name": "f"}
    (rule,) = outcome.after["rules"]
    assert rule["traffic_mirror_filter_rule_id"] == "tmfr-1" and rule["tags"] == {"Why": "dns"}


def test_create_rule_is_retried_while_the_new_filter_is_not_found(delays):
    outcome = apply_until_stable(
        planner(filter_plan(CREATE_FILTER, CREATE_RULE)), FakeFilterEc2(None, FILTER_NOT_FOUND, FILTER_NOT_FOUND, None)
    )
    assert outcome.actions == (CREATE_FILTER, CREATE_RULE)
    assert delays == list(executor.RETRY_DELAYS[:2])


INVALID = Ec2Error("X", "InvalidParameterValue", "no")
CREATE_OTHER_RULE = replace(CREATE_RULE, resource="another rule", params={})
NEW_FILTER_SENTENCE = r"The new filter is tmf-new; the next run resumes with it\."


def test_failure_names_the_new_filter_without_all_rules():
    ec2 = FakeFilterEc2(None, None, INVALID, INVALID)
    left = filter_plan(replace(CREATE_RULE, params={}))
    with pytest.raises(PlanFailed, match=rf"X failed for rule.*Completed: CreateT.*{NEW_FILTER_SENTENCE}"):
        apply_until_stable(planner(filter_plan(CREATE_FILTER, CREATE_OTHER_RULE, CREATE_RULE), left), ec2)
    assert ec2.calls == [CREATE_FILTER.operation, *[CREATE_RULE.operation] * 3]


def test_network_service_added_by_another_client_replans():
    outcome = apply_until_stable(
        planner(filter_plan(CREATE_FILTER, ADD_SERVICE, CREATE_OTHER_RULE), filter_plan(CREATE_OTHER_RULE)),
        FakeFilterEc2(None, INVALID),
    )
    assert outcome.actions == (CREATE_FILTER, CREATE_OTHER_RULE)


def test_network_service_without_response_is_added_again_if_missing():
    """The new plan contains the same call, with the id of the created filter."""
    left = filter_plan(replace(ADD_SERVICE, params={}, resource="filter tmf-new"))
    assert apply_until_stable(
        planner(filter_plan(CREATE_FILTER, ADD_SERVICE), left), FakeFilterEc2(None, NO_RESPONSE)
    ).actions == (CREATE_FILTER, left.actions[0])


def test_failure_names_a_filter_whose_create_had_no_response():
    there = replace(filter_plan(CREATE_OTHER_RULE), before={"traffic_mirror_filter_id": "tmf-new"})
    with pytest.raises(PlanFailed, match=NEW_FILTER_SENTENCE):
        apply_until_stable(planner(filter_plan(CREATE_FILTER, CREATE_RULE), there), FakeFilterEc2(NO_RESPONSE, INVALID))


@pytest.mark.parametrize("then", [ValidationError("the task lacks"), DENIED, NotFoundError("gone")])
def test_failed_replanning_lists_completed_calls(then):
    with pytest.raises(PartialFailure, match="Completed: ModifyT") as failure:
        apply_until_stable(planner(Plan((MODIFY, TAG), after={"tags": {}}), *[then] * 9), FakeEc2(None, NOT_FOUND))
    assert failure.value.completed == [MODIFY]


def test_delete_filter_is_retried_while_switched_sessions_use_it(delays):
    outcome = apply_until_stable(
        planner(filter_plan(CREATE_FILTER, SWITCH_SESSION, DELETE_FILTER)),
        FakeFilterEc2(None, None, FILTER_IN_USE, FILTER_IN_USE, None),
    )
    assert outcome.actions == (CREATE_FILTER, SWITCH_SESSION, DELETE_FILTER)
    assert delays == list(executor.RETRY_DELAYS[:2])


def test_delete_filter_is_retried_while_deleted_sessions_use_it(delays):
    used = InUseError("in use by tms-1")
    assert apply_until_stable(planner(used, used, Plan((DELETE_FILTER,))), FakeFilterEc2()).actions == (DELETE_FILTER,)
    assert apply_until_stable(planner(Plan((DELETE_FILTER,))), FakeFilterEc2(FILTER_IN_USE, FILTER_IN_USE)).actions == (
        DELETE_FILTER,
    )
    with pytest.raises(InUseError):
        apply_until_stable(planner(used), FakeFilterEc2())


def test_dry_run_errors_cannot_check_calls_that_need_a_new_id():
    failures, unverified = dry_run_errors(filter_plan(CREATE_FILTER, CREATE_RULE, SWITCH_SESSION), FakeEc2(None))
    assert failures == []
    assert unverified == ["CreateTrafficMirrorFilterRule on rule", "ModifyTrafficMirrorSession on session"]


def test_conflict_in_replanning_lists_completed_calls(delays):
    with pytest.raises(PartialFailure, match="in use by tms-1. Completed: ModifyTrafficMirrorSession on") as failure:
        apply_until_stable(
            planner(Plan((MODIFY, DELETE), after={"tags": {}}), InUseError("in use by tms-1.")),
            FakeEc2(None, *[FILTER_IN_USE] * 6),
        )
    assert failure.value.completed == [MODIFY]
    with pytest.raises(PartialFailure, match=r"X failed: UnauthorizedOperation: no\..* Completed: Modify"):
        apply_until_stable(
            planner(Plan((MODIFY, DELETE), after={"tags": {}}), DENIED), FakeEc2(None, *[FILTER_IN_USE] * 6)
        )


@pytest.mark.parametrize("then", [filter_plan(TAG), DENIED], ids=["fails", "cannot plan"])
def test_failure_names_a_filter_created_by_an_earlier_attempt(then):
    """A rule gets no response, and the new plan fails. The filter exists."""
    with pytest.raises((PlanFailed, PartialFailure), match=NEW_FILTER_SENTENCE):
        apply_until_stable(
            planner(filter_plan(CREATE_FILTER, CREATE_RULE), then), FakeFilterEc2(None, NO_RESPONSE, DENIED)
        )


def test_failed_call_in_the_new_plan_is_not_completed():
    with pytest.raises(PlanFailed) as failure:
        apply_until_stable(
            planner(filter_plan(CREATE_FILTER, CREATE_RULE), filter_plan(replace(CREATE_RULE, params={}))),
            FakeFilterEc2(None, NO_RESPONSE, DENIED),
        )
    assert failure.value.completed == [CREATE_FILTER]
