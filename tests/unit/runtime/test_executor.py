# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens when the world moves between a plan and its end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import CreatedIdRef, UnresolvedRef
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import InUseError, NotFoundError, ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Action, Plan
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, RULE, SESSION
from ansible_collections.vtap.aws.plugins.module_utils._runtime import executor
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import (
    ConcurrentCreate,
    Outcome,
    PartialFailure,
    PlanFailed,
    apply_until_stable,
    dry_run_errors,
    wait_for,
)

ROW = {"TrafficMirrorSessionId": "tms-new", "NetworkInterfaceId": "eni-1", "SessionNumber": 1}
CREATE = Action(
    "CreateTrafficMirrorSession", {"SessionNumber": 1}, "session", "new", resource_type=SESSION, creates=True
)
OTHER = Action(
    "CreateTrafficMirrorSession", {"SessionNumber": 2}, "session", "new", resource_type=SESSION, creates=True
)
MODIFY = Action(
    "ModifyTrafficMirrorSession", {"Description": "x"}, "session tms-1", "description", resource_type=SESSION
)
DELETE = Action("DeleteTrafficMirrorSession", {}, "session tms-1", "absent", missing_is_success=True)
TAG = Action("CreateTags", {"Tags": []}, "session tms-1", "tags")
NOTHING = Plan(before={"tags": {}}, after={"tags": {}})
TAKEN = Ec2Error("CreateTrafficMirrorSession", "InvalidParameterValue", "number is already being used")
GONE = Ec2Error("X", "InvalidTrafficMirrorSessionId.NotFound", "gone")
DENIED = Ec2Error("X", "UnauthorizedOperation", "no")
LOST = Ec2Error("X", "", "connection closed")
SLOW_DOWN = Ec2Error("X", "RequestLimitExceeded", "slow down", retried=True)
REPEATED = Ec2Error("X", "InvalidParameterValue", "already mirrored", retried=True)


class Ec2:
    """Answers calls from a script of errors (None for success) and notes them."""

    arn_base = "arn:aws:ec2:eu-west-1"

    def __init__(self, *script):
        self.script, self.calls = list(script), []

    def call(self, operation, **params):
        self.calls.append(operation)
        errors = [error for error in self.script[:1] if error]
        del self.script[:1]
        if errors:
            raise errors[0]
        return {"TrafficMirrorSession": ROW}

    def dry_run(self, operation, **params):
        self.calls.append(operation)
        return self.script.pop(0)


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """No test waits; each sees how long it would have."""
    slept = []
    monkeypatch.setattr(executor.time, "sleep", slept.append)
    return slept


def plans(*script):
    """A planner that makes these plans, the last one for ever."""
    left = list(script)

    def make():
        plan = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(plan, Exception):
            raise plan
        return plan

    return make


def new(*actions, **facts):
    return Plan(actions, after={"tags": {}}, **facts)


def test_somebody_else_made_it_just_so():
    outcome = apply_until_stable(plans(new(CREATE), NOTHING), Ec2(TAKEN))
    assert outcome.actions == ()


def test_somebody_else_made_it_another_way():
    outcome = apply_until_stable(plans(new(CREATE), Plan((MODIFY,), after={"tags": {}})), Ec2(TAKEN))
    assert outcome.actions == (MODIFY,)


def test_any_refused_create_makes_us_look_again():
    strange = Ec2Error("CreateTrafficMirrorSession", "SomethingNobodyDocuments", "no")
    assert apply_until_stable(plans(new(CREATE), NOTHING), Ec2(strange)).actions == ()
    ec2 = Ec2(strange)
    with pytest.raises(PlanFailed, match="SomethingNobodyDocuments"):
        apply_until_stable(plans(new(CREATE)), ec2)
    assert ec2.calls == ["CreateTrafficMirrorSession"]


def test_what_took_the_number_does_not_show_yet(pauses):
    outcome = apply_until_stable(plans(new(CREATE), new(CREATE), new(CREATE), new(OTHER)), Ec2(TAKEN))
    assert outcome.actions == (OTHER,)
    assert pauses == list(executor.RETRY_DELAYS[:3])


def test_what_took_the_number_never_shows(pauses):
    ec2 = Ec2(TAKEN)
    with pytest.raises(PlanFailed, match="choose another session_number"):
        apply_until_stable(plans(new(CREATE)), ec2)
    assert ec2.calls == ["CreateTrafficMirrorSession"]
    assert pauses == list(executor.RETRY_DELAYS)


def test_a_lost_reply_to_a_create_that_was_carried_out():
    assert apply_until_stable(plans(new(CREATE), NOTHING), Ec2(LOST)).actions == (CREATE,)


def test_a_lost_reply_to_a_create_that_was_not():
    with pytest.raises(PlanFailed, match="got no reply"):
        apply_until_stable(plans(new(CREATE)), Ec2(LOST))


@pytest.mark.parametrize("error", [DENIED, Ec2Error("X", "RequestLimitExceeded", "slow down")])
def test_what_a_fresh_look_cannot_mend(error):
    ec2 = Ec2(error)
    with pytest.raises(PlanFailed):
        apply_until_stable(plans(new(CREATE)), ec2)
    assert len(ec2.calls) == 1


def test_a_filter_that_was_just_made(pauses):
    unseen = Ec2Error("CreateTrafficMirrorSession", "InvalidTrafficMirrorFilterId.NotFound", "no such filter")
    ec2 = Ec2(unseen, unseen)
    assert apply_until_stable(plans(new(CREATE)), ec2).actions == (CREATE,)
    assert len(ec2.calls) == 3
    assert pauses == list(executor.RETRY_DELAYS[:2])
    missing = Ec2(*[unseen] * 9)
    with pytest.raises(PlanFailed, match="check traffic_mirror_filter_id"):
        apply_until_stable(plans(new(CREATE)), missing)
    assert len(missing.calls) == len(executor.RETRY_DELAYS) + 1


def test_gone_between_look_and_modify():
    outcome = apply_until_stable(plans(Plan((MODIFY,), after={"tags": {}}), new(CREATE)), Ec2(GONE))
    assert outcome.actions == (CREATE,)


def test_gone_between_look_and_delete():
    assert apply_until_stable(plans(Plan((DELETE,))), Ec2(GONE)).actions == ()
    retried = Ec2Error("X", "InvalidTrafficMirrorSessionId.NotFound", "gone", retried=True)
    assert apply_until_stable(plans(Plan((DELETE,))), Ec2(retried)).actions == (DELETE,)


def test_a_named_object_that_does_not_show_yet(pauses):
    assert apply_until_stable(plans(NotFoundError("no"), NotFoundError("no"), new(CREATE)), Ec2()).actions == (CREATE,)
    assert len(pauses) == 2
    with pytest.raises(NotFoundError):
        apply_until_stable(plans(NotFoundError("no")), Ec2())


def test_half_way_says_what_was_done_and_what_not():
    with pytest.raises(PlanFailed) as stopped:
        apply_until_stable(plans(Plan((MODIFY, TAG, DELETE), after={"tags": {}})), Ec2(None, DENIED))
    text = str(stopped.value)
    assert "Done before: ModifyTrafficMirrorSession on session tms-1." in text
    assert "Not done: DeleteTrafficMirrorSession on session tms-1." in text
    assert stopped.value.done == [MODIFY]


NEW_ONE = r"The new session is tms-new, and the next run goes on with it\."


def test_a_replacement_that_may_not_end_does_not_begin():
    ec2 = Ec2(None)
    ec2.dry_run = lambda operation, **params: DENIED
    with pytest.raises(PlanFailed, match="UnauthorizedOperation"):
        apply_until_stable(plans(new(CREATE, DELETE, replaces=True)), ec2)
    assert ec2.calls == []


@pytest.mark.parametrize("error", [DENIED, LOST, REPEATED, SLOW_DOWN], ids=["denied", "lost", "refused", "throttled"])
def test_of_a_replacement_that_stops_both_stay(error):
    """The old one may be gone, whatever the reply was, and somebody else may have finished the replacement."""
    ec2 = Ec2(None, None, error)
    with pytest.raises(PlanFailed, match=NEW_ONE):
        apply_until_stable(plans(new(CREATE, DELETE, replaces=True)), ec2)
    assert ec2.calls == [DELETE.operation, CREATE.operation, DELETE.operation]


@pytest.mark.parametrize("deletion", [None, GONE], ids=["removed", "was gone"])
def test_the_new_one_stays_once_the_old_one_is_gone(deletion):
    ec2 = Ec2(None, None, deletion, DENIED)
    with pytest.raises(PlanFailed, match=NEW_ONE):
        apply_until_stable(plans(new(CREATE, DELETE, TAG, replaces=True)), ec2)
    assert ec2.calls == [DELETE.operation, CREATE.operation, DELETE.operation, TAG.operation]


def test_permissions_are_asked_for_each_call_and_listed_together():
    ec2 = Ec2(DENIED, None, DENIED)
    refused, unasked = dry_run_errors(Plan((MODIFY, TAG, DELETE)), ec2)
    assert len(refused) == 2
    assert unasked == []
    waiting = Action("CreateTrafficMirrorSession", {"TrafficMirrorFilterId": UnresolvedRef("dns")}, "session", "new")
    assert dry_run_errors(Plan((waiting,)), Ec2()) == ([], ["CreateTrafficMirrorSession on session"])


def a_row(found, tags=("Name", "Team"), description="new", rules=((1, ("Why",)), (2, ()))):
    parts = [{"rule_number": n, "tags": dict.fromkeys(keys, "x")} for n, keys in rules]
    return {
        "traffic_mirror_filter_id": found,
        "description": description,
        "tags": dict.fromkeys(tags, "x"),
        "rules": [{"traffic_mirror_filter_rule_id": f"tmfr-{part['rule_number']}", **part} for part in parts],
    }


THERE = a_row("tmf-1")
OLD = a_row("tmf-1", ("Name", "Old"), "old", ((1, ("Old",)), (2, ())))
REPLACED = a_row("tmf-0", ("Name", "Old"))


@pytest.mark.parametrize(
    ("before", "after", "shown", "settled"),
    [
        (OLD, THERE, [THERE], True),
        (OLD, THERE, [OLD], False),
        (OLD, THERE, [a_row("tmf-1", description="old")], False),
        (OLD, THERE, [a_row("tmf-1", ("Name",))], False),
        (OLD, THERE, [a_row("tmf-1", ("Name", "Team", "Old"))], False),
        (OLD, THERE, [a_row("tmf-1", ("Name", "Team", "somebody else's"))], True),
        (OLD, THERE, [a_row("tmf-1", rules=((1, ("Why",)),))], False),
        (OLD, THERE, [a_row("tmf-1", rules=((1, ("Why", "Old")), (2, ())))], False),
        (OLD, THERE, [a_row("tmf-1", rules=((1, ("Why",)), (2, ("somebody else's",))))], True),
        (OLD, THERE, [], False),
        (None, THERE, [THERE], True),
        (None, THERE, [], False),
        (OLD, None, [], True),
        (OLD, None, [OLD], False),
        (REPLACED, THERE, [THERE], True),
        (REPLACED, THERE, [THERE, REPLACED], False),
        (None, None, [], True),
    ],
)
def test_waiting_until_it_shows(before, after, shown, settled):
    def describe(kind, ids, part_tags=False):
        assert kind is FILTER
        return [row for row in shown if row["traffic_mirror_filter_id"] in ids]

    ec2 = Ec2()
    ec2.describe = describe
    known = {"description", "tags", "rules"}
    expected = {key: value for key, value in after.items() if key in known} if after else None
    assert wait_for(Outcome(before, after, expected, (MODIFY,)), FILTER, ec2, timeout=0) is settled


MAKE = Action("CreateTrafficMirrorFilter", {}, "filter", "new", resource_type=FILTER, creates=True)
PART = Action(
    "CreateTrafficMirrorFilterRule",
    {"TrafficMirrorFilterId": CreatedIdRef(FILTER), "Tags": [CreatedIdRef(FILTER)]},
    "rule",
    "new",
    resource_type=RULE,
    creates=True,
)
MOVE = Action("ModifyTrafficMirrorSession", {"TrafficMirrorFilterId": CreatedIdRef(FILTER)}, "session", "moves")
REMOVE = Action("DeleteTrafficMirrorFilter", {}, "filter tmf-old", "replaced", missing_is_success=True)
RULE_ROW = {"TrafficMirrorFilterRuleId": "tmfr-1", "TrafficMirrorFilterId": "tmf-new", "RuleNumber": 1}
RULE_ROW.update(TrafficDirection="ingress", RuleAction="accept", SourceCidrBlock="::/0", DestinationCidrBlock="::/0")
UNKNOWN = Ec2Error("X", "InvalidTrafficMirrorFilterId.NotFound", "not yet")
USED = Ec2Error("X", "TrafficMirrorFilterInUse", "still in use")


class Filters(Ec2):
    """Also notes the members, and answers about filters and rules."""

    def __init__(self, *script):
        super().__init__(*script)
        self.members = []

    def call(self, operation, **params):
        self.members.append(params)
        super().call(operation, **params)
        return {"TrafficMirrorFilter": {"TrafficMirrorFilterId": "tmf-new"}, "TrafficMirrorFilterRule": RULE_ROW}


def a_filter(*actions, **facts):
    part = {"direction": "ingress", "rule_number": 1, "tags": {"Why": "dns"}}
    return Plan(actions, after={"rules": [part], "tags": {"Name": "f"}}, **facts)


def test_a_part_gets_the_id_of_the_whole_and_the_result_that_of_the_part():
    ec2 = Filters()
    outcome = apply_until_stable(plans(a_filter(MAKE, PART)), ec2)
    assert ec2.members[1] == {"TrafficMirrorFilterId": "tmf-new", "Tags": ["tmf-new"]}
    assert outcome.after["traffic_mirror_filter_id"] == "tmf-new" and outcome.after["tags"] == {"Name": "f"}
    (part,) = outcome.after["rules"]
    assert part["traffic_mirror_filter_rule_id"] == "tmfr-1" and part["tags"] == {"Why": "dns"}


def test_what_was_just_made_and_is_not_known_yet_is_tried_again(pauses):
    outcome = apply_until_stable(plans(a_filter(MAKE, PART)), Filters(None, UNKNOWN, UNKNOWN, None))
    assert outcome.actions == (MAKE, PART)
    assert pauses == list(executor.RETRY_DELAYS[:2])


BAD = Ec2Error("X", "InvalidParameterValue", "no")
LAST = replace(PART, resource="another rule", params={})
NEW_FILTER = r"The new filter is tmf-new, and the next run goes on with it\."


def test_a_whole_without_all_its_parts_is_named():
    ec2 = Filters(None, None, BAD, BAD)
    left = a_filter(replace(PART, params={}))
    with pytest.raises(PlanFailed, match=rf"X on rule was refused.*Done before: CreateT.*{NEW_FILTER}"):
        apply_until_stable(plans(a_filter(MAKE, LAST, PART), left), ec2)
    assert ec2.calls == [MAKE.operation, *[PART.operation] * 3]


def test_a_network_service_that_somebody_else_adds():
    add = Action(
        "ModifyTrafficMirrorFilterNetworkServices",
        {"TrafficMirrorFilterId": CreatedIdRef(FILTER)},
        "filter",
        "",
        FILTER,
    )
    outcome = apply_until_stable(plans(a_filter(MAKE, add, LAST), a_filter(LAST)), Filters(None, BAD))
    assert outcome.actions == (MAKE, LAST)


def test_a_service_without_a_reply_that_the_fresh_look_does_not_show():
    """The same call is still to be made, on a filter that by now has an id."""
    add = Action(
        "ModifyTrafficMirrorFilterNetworkServices",
        {"TrafficMirrorFilterId": CreatedIdRef(FILTER)},
        "filter",
        "",
        FILTER,
    )
    left = a_filter(replace(add, params={}, resource="filter tmf-new"))
    assert apply_until_stable(plans(a_filter(MAKE, add), left), Filters(None, LOST)).actions == (MAKE, left.actions[0])


def test_a_filter_whose_create_got_no_reply_is_named():
    there = replace(a_filter(LAST), before={"traffic_mirror_filter_id": "tmf-new"})
    with pytest.raises(PlanFailed, match=NEW_FILTER):
        apply_until_stable(plans(a_filter(MAKE, PART), there), Filters(LOST, BAD))


@pytest.mark.parametrize("then", [ValidationError("the task lacks"), DENIED, NotFoundError("gone")])
def test_whatever_the_fresh_look_ends_with_what_was_done_is_said(then):
    with pytest.raises(PartialFailure, match="Done before: ModifyT") as stop:
        apply_until_stable(plans(Plan((MODIFY, TAG), after={"tags": {}}), *[then] * 9), Ec2(None, GONE))
    assert stop.value.done == [MODIFY]


def test_sessions_that_moved_may_still_seem_to_use_the_old_one(pauses):
    outcome = apply_until_stable(plans(a_filter(MAKE, MOVE, REMOVE)), Filters(None, None, USED, USED, None))
    assert outcome.actions == (MAKE, MOVE, REMOVE)
    assert pauses == list(executor.RETRY_DELAYS[:2])


def test_sessions_that_are_gone_may_still_show(pauses):
    used = InUseError("in use by tms-1")
    assert apply_until_stable(plans(used, used, Plan((REMOVE,))), Filters()).actions == (REMOVE,)
    assert apply_until_stable(plans(Plan((REMOVE,))), Filters(USED, USED)).actions == (REMOVE,)
    with pytest.raises(InUseError):
        apply_until_stable(plans(used), Filters())


def test_permissions_on_what_the_plan_itself_makes_cannot_be_asked():
    refused, unasked = dry_run_errors(a_filter(MAKE, PART, MOVE), Ec2(None))
    assert refused == []
    assert unasked == ["CreateTrafficMirrorFilterRule on rule", "ModifyTrafficMirrorSession on session"]


def test_all_attempts_count_when_it_stops():
    lost = Ec2(LOST, None, DENIED)
    with pytest.raises(PlanFailed, match="Done before: CreateTrafficMirrorSession on session; Modify") as stop:
        apply_until_stable(plans(new(CREATE), Plan((MODIFY, DELETE), after={"tags": {}})), lost)
    assert stop.value.done == [CREATE, MODIFY]


def test_a_fresh_look_that_forbids_the_rest_says_what_was_done(pauses):
    with pytest.raises(PartialFailure, match="in use by tms-1. Done before: ModifyTrafficMirrorSession on") as halted:
        apply_until_stable(
            plans(Plan((MODIFY, DELETE), after={"tags": {}}), InUseError("in use by tms-1.")), Ec2(None, *[USED] * 6)
        )
    assert halted.value.done == [MODIFY]
    with pytest.raises(PartialFailure, match=r"X was refused: UnauthorizedOperation: no\..* Done before: Modify"):
        apply_until_stable(plans(Plan((MODIFY, DELETE), after={"tags": {}}), DENIED), Ec2(None, *[USED] * 6))


@pytest.mark.parametrize("then", [a_filter(TAG), DENIED], ids=["goes on", "cannot look"])
def test_what_an_earlier_attempt_made_is_named(then):
    """The reply to a rule is lost, and the fresh look leads no further: the filter is there."""
    with pytest.raises((PlanFailed, PartialFailure), match=NEW_FILTER):
        apply_until_stable(plans(a_filter(MAKE, PART), then), Filters(None, LOST, DENIED))


def test_a_repetition_that_is_refused_after_a_lost_reply():
    """Adding a network service twice is an error, and botocore repeats what got no reply."""
    before, left = Plan((TAG, MODIFY), after={"tags": {}}), Plan((MODIFY,), after={"tags": {}})
    assert apply_until_stable(plans(before, left), Ec2(REPEATED)).actions == (TAG, MODIFY)
    ec2 = Ec2(REPEATED)
    with pytest.raises(PlanFailed):
        apply_until_stable(plans(before), ec2)
    assert ec2.calls == ["CreateTags"]


@pytest.mark.parametrize(("action", "error"), [(CREATE, LOST), (MODIFY, REPEATED)])
def test_what_was_carried_out_without_a_reply_does_not_show_yet(action, error, pauses):
    before = new(action)
    ec2 = Ec2(error)
    assert apply_until_stable(plans(before, before, before, NOTHING), ec2).actions == (action,)
    assert ec2.calls == [action.operation]
    assert pauses == list(executor.RETRY_DELAYS[:3])


def test_what_the_fresh_look_still_plans_was_not_done():
    with pytest.raises(PlanFailed) as stop:
        apply_until_stable(plans(a_filter(MAKE, PART), a_filter(replace(PART, params={}))), Filters(None, LOST, DENIED))
    assert stop.value.done == [MAKE]


class Twins(Filters):
    """Also shows the filters of a name, one list after the other, the last one for ever."""

    def __init__(self, *shown, script=()):
        super().__init__(*script)
        self.shown = [[{"traffic_mirror_filter_id": found} for found in ids] for ids in shown]

    def describe(self, kind):
        rows = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        if isinstance(rows, Exception):
            raise rows
        return rows


NEW, LESSER, GREATER = "tmf-new", "tmf-a", "tmf-z"


def alone(*actions, **facts):
    return a_filter(*actions, duplicates=lambda row: row["traffic_mirror_filter_id"] != "tmf-old", **facts)


def test_nobody_else_makes_one(pauses):
    ec2 = Twins(["tmf-old", NEW])
    assert apply_until_stable(plans(alone(MAKE, PART)), ec2).actions == (MAKE, PART)
    assert ec2.calls == [MAKE.operation, PART.operation] and pauses == []


@pytest.mark.parametrize("refusal", [None, UNKNOWN])
def test_the_one_of_the_greater_id_goes_and_the_other_is_what_there_is(refusal, pauses):
    ec2 = Twins([LESSER, NEW], script=[None, refusal])
    assert apply_until_stable(plans(alone(MAKE, PART), NOTHING), ec2).actions == ()
    assert ec2.calls == [MAKE.operation, "DeleteTrafficMirrorFilter"]
    assert pauses == [executor.RETRY_DELAYS[0]]


def test_the_one_of_the_lesser_id_stays_if_the_other_goes(pauses):
    ec2 = Twins([NEW, GREATER], [NEW, GREATER], [NEW])
    assert apply_until_stable(plans(alone(MAKE, PART)), ec2).actions == (MAKE, PART)
    assert ec2.calls == [MAKE.operation, PART.operation] and pauses == list(executor.DUPLICATE_CHECK_DELAYS[:2])


def test_the_one_of_the_lesser_id_goes_if_the_other_stays(pauses):
    ec2 = Twins([NEW, GREATER])
    assert apply_until_stable(plans(alone(MAKE, PART), NOTHING), ec2).actions == ()
    assert ec2.calls == [MAKE.operation, "DeleteTrafficMirrorFilter"]
    assert pauses == [*executor.DUPLICATE_CHECK_DELAYS, executor.RETRY_DELAYS[0]]


def test_always_somebody_else():
    ec2 = Twins([LESSER, NEW])
    with pytest.raises(ConcurrentCreate, match="else made another filter at the same moment"):
        apply_until_stable(plans(alone(MAKE)), ec2)
    assert ec2.calls == [MAKE.operation, "DeleteTrafficMirrorFilter"] * (1 + len(executor.RETRY_DELAYS))


@pytest.mark.parametrize("error", [DENIED, LOST])
def test_one_that_should_go_and_cannot_is_named(error):
    both = "There are two filters of the name now, tmf-new of this task and tmf-a."
    with pytest.raises(
        PartialFailure, match=rf"X on filter tmf-new .* {both} Remove .* Done before: \S+ on filter\.$"
    ) as stop:
        apply_until_stable(plans(alone(MAKE, PART)), Twins([LESSER, NEW], script=[None, error]))
    assert stop.value.done == [MAKE]


def test_a_look_for_others_that_fails_names_what_was_made():
    ec2 = Twins([])
    ec2.shown = [Ec2Error("DescribeTrafficMirrorFilters", "RequestLimitExceeded", "slow down")]
    with pytest.raises(PartialFailure, match=r"RequestLimitExceeded.*The new filter is tmf-new, "):
        apply_until_stable(plans(alone(MAKE, PART)), ec2)
