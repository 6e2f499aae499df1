# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens when the world moves between a plan and its end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils import apply
from ansible_collections.vtap.aws.plugins.module_utils.apply import (
    Halted,
    Interrupted,
    Outcome,
    Outrun,
    converge,
    refusals,
    wait_for,
)
from ansible_collections.vtap.aws.plugins.module_utils.ec2 import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils.plan import Action, Made, Pending, Plan
from ansible_collections.vtap.aws.plugins.module_utils.resource import (
    FILTER,
    RULE,
    SESSION,
    BadInput,
    InUse,
    NotThere,
)

ROW = {"TrafficMirrorSessionId": "tms-new", "NetworkInterfaceId": "eni-1", "SessionNumber": 1}
CREATE = Action("CreateTrafficMirrorSession", {"SessionNumber": 1}, "session", "new", kind=SESSION, creates=True)
OTHER = Action("CreateTrafficMirrorSession", {"SessionNumber": 2}, "session", "new", kind=SESSION, creates=True)
MODIFY = Action("ModifyTrafficMirrorSession", {"Description": "x"}, "session tms-1", "description", kind=SESSION)
DELETE = Action("DeleteTrafficMirrorSession", {}, "session tms-1", "absent", gone_is_done=True)
TAG = Action("CreateTags", {"Tags": []}, "session tms-1", "tags")
NOTHING = Plan(before={"tags": {}}, after={"tags": {}})
TAKEN = Ec2Error("CreateTrafficMirrorSession", "InvalidParameterValue", "number is already being used")
GONE = Ec2Error("X", "InvalidTrafficMirrorSessionId.NotFound", "gone")
DENIED = Ec2Error("X", "UnauthorizedOperation", "no")
LOST = Ec2Error("X", "", "connection closed")
SLOW_DOWN = Ec2Error("X", "RequestLimitExceeded", "slow down", resent=True)
REPEATED = Ec2Error("X", "InvalidParameterValue", "already mirrored", resent=True)


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
    monkeypatch.setattr(apply.time, "sleep", slept.append)
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
    outcome = converge(plans(new(CREATE), NOTHING), Ec2(TAKEN))
    assert outcome.actions == ()


def test_somebody_else_made_it_another_way():
    outcome = converge(plans(new(CREATE), Plan((MODIFY,), after={"tags": {}})), Ec2(TAKEN))
    assert outcome.actions == (MODIFY,)


def test_any_refused_create_makes_us_look_again():
    strange = Ec2Error("CreateTrafficMirrorSession", "SomethingNobodyDocuments", "no")
    assert converge(plans(new(CREATE), NOTHING), Ec2(strange)).actions == ()
    ec2 = Ec2(strange)
    with pytest.raises(Interrupted, match="SomethingNobodyDocuments"):
        converge(plans(new(CREATE)), ec2)
    assert ec2.calls == ["CreateTrafficMirrorSession"]


def test_what_took_the_number_does_not_show_yet(pauses):
    outcome = converge(plans(new(CREATE), new(CREATE), new(CREATE), new(OTHER)), Ec2(TAKEN))
    assert outcome.actions == (OTHER,)
    assert pauses == list(apply.PAUSES[:3])


def test_what_took_the_number_never_shows(pauses):
    ec2 = Ec2(TAKEN)
    with pytest.raises(Interrupted, match="choose another session_number"):
        converge(plans(new(CREATE)), ec2)
    assert ec2.calls == ["CreateTrafficMirrorSession"]
    assert pauses == list(apply.PAUSES)


def test_a_lost_reply_to_a_create_that_was_carried_out():
    assert converge(plans(new(CREATE), NOTHING), Ec2(LOST)).actions == (CREATE,)


def test_a_lost_reply_to_a_create_that_was_not():
    with pytest.raises(Interrupted, match="got no reply"):
        converge(plans(new(CREATE)), Ec2(LOST))


@pytest.mark.parametrize("error", [DENIED, Ec2Error("X", "RequestLimitExceeded", "slow down")])
def test_what_a_fresh_look_cannot_mend(error):
    ec2 = Ec2(error)
    with pytest.raises(Interrupted):
        converge(plans(new(CREATE)), ec2)
    assert len(ec2.calls) == 1


def test_a_filter_that_was_just_made(pauses):
    unseen = Ec2Error("CreateTrafficMirrorSession", "InvalidTrafficMirrorFilterId.NotFound", "no such filter")
    ec2 = Ec2(unseen, unseen)
    assert converge(plans(new(CREATE)), ec2).actions == (CREATE,)
    assert len(ec2.calls) == 3
    assert pauses == list(apply.PAUSES[:2])
    missing = Ec2(*[unseen] * 9)
    with pytest.raises(Interrupted, match="check traffic_mirror_filter_id"):
        converge(plans(new(CREATE)), missing)
    assert len(missing.calls) == len(apply.PAUSES) + 1


def test_gone_between_look_and_modify():
    outcome = converge(plans(Plan((MODIFY,), after={"tags": {}}), new(CREATE)), Ec2(GONE))
    assert outcome.actions == (CREATE,)


def test_gone_between_look_and_delete():
    assert converge(plans(Plan((DELETE,))), Ec2(GONE)).actions == ()
    resent = Ec2Error("X", "InvalidTrafficMirrorSessionId.NotFound", "gone", resent=True)
    assert converge(plans(Plan((DELETE,))), Ec2(resent)).actions == (DELETE,)


def test_a_named_object_that_does_not_show_yet(pauses):
    assert converge(plans(NotThere("no"), NotThere("no"), new(CREATE)), Ec2()).actions == (CREATE,)
    assert len(pauses) == 2
    with pytest.raises(NotThere):
        converge(plans(NotThere("no")), Ec2())


def test_half_way_says_what_was_done_and_what_not():
    with pytest.raises(Interrupted) as stopped:
        converge(plans(Plan((MODIFY, TAG, DELETE), after={"tags": {}})), Ec2(None, DENIED))
    text = str(stopped.value)
    assert "Done before: ModifyTrafficMirrorSession on session tms-1." in text
    assert "Not done: DeleteTrafficMirrorSession on session tms-1." in text
    assert stopped.value.done == [MODIFY]


NEW_ONE = r"The new session is tms-new, and the next run goes on with it\."


def test_a_replacement_that_may_not_end_does_not_begin():
    ec2 = Ec2(None)
    ec2.dry_run = lambda operation, **params: DENIED
    with pytest.raises(Interrupted, match="UnauthorizedOperation"):
        converge(plans(new(CREATE, DELETE, replaces=True)), ec2)
    assert ec2.calls == []


@pytest.mark.parametrize("error", [DENIED, LOST, REPEATED, SLOW_DOWN], ids=["denied", "lost", "refused", "throttled"])
def test_of_a_replacement_that_stops_both_stay(error):
    """The old one may be gone, whatever the reply was, and somebody else may have finished the replacement."""
    ec2 = Ec2(None, None, error)
    with pytest.raises(Interrupted, match=NEW_ONE):
        converge(plans(new(CREATE, DELETE, replaces=True)), ec2)
    assert ec2.calls == [DELETE.operation, CREATE.operation, DELETE.operation]


@pytest.mark.parametrize("deletion", [None, GONE], ids=["removed", "was gone"])
def test_the_new_one_stays_once_the_old_one_is_gone(deletion):
    ec2 = Ec2(None, None, deletion, DENIED)
    with pytest.raises(Interrupted, match=NEW_ONE):
        converge(plans(new(CREATE, DELETE, TAG, replaces=True)), ec2)
    assert ec2.calls == [DELETE.operation, CREATE.operation, DELETE.operation, TAG.operation]


def test_permissions_are_asked_for_each_call_and_listed_together():
    ec2 = Ec2(DENIED, None, DENIED)
    refused, unasked = refusals(Plan((MODIFY, TAG, DELETE)), ec2)
    assert len(refused) == 2
    assert unasked == []
    waiting = Action("CreateTrafficMirrorSession", {"TrafficMirrorFilterId": Pending("dns")}, "session", "new")
    assert refusals(Plan((waiting,)), Ec2()) == ([], ["CreateTrafficMirrorSession on session"])


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


MAKE = Action("CreateTrafficMirrorFilter", {}, "filter", "new", kind=FILTER, creates=True)
PART = Action(
    "CreateTrafficMirrorFilterRule",
    {"TrafficMirrorFilterId": Made(FILTER), "Tags": [Made(FILTER)]},
    "rule",
    "new",
    kind=RULE,
    creates=True,
)
MOVE = Action("ModifyTrafficMirrorSession", {"TrafficMirrorFilterId": Made(FILTER)}, "session", "moves")
REMOVE = Action("DeleteTrafficMirrorFilter", {}, "filter tmf-old", "replaced", gone_is_done=True)
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
    outcome = converge(plans(a_filter(MAKE, PART)), ec2)
    assert ec2.members[1] == {"TrafficMirrorFilterId": "tmf-new", "Tags": ["tmf-new"]}
    assert outcome.after["traffic_mirror_filter_id"] == "tmf-new" and outcome.after["tags"] == {"Name": "f"}
    (part,) = outcome.after["rules"]
    assert part["traffic_mirror_filter_rule_id"] == "tmfr-1" and part["tags"] == {"Why": "dns"}


def test_what_was_just_made_and_is_not_known_yet_is_tried_again(pauses):
    outcome = converge(plans(a_filter(MAKE, PART)), Filters(None, UNKNOWN, UNKNOWN, None))
    assert outcome.actions == (MAKE, PART)
    assert pauses == list(apply.PAUSES[:2])


BAD = Ec2Error("X", "InvalidParameterValue", "no")
LAST = replace(PART, resource="another rule", params={})
NEW_FILTER = r"The new filter is tmf-new, and the next run goes on with it\."


def test_a_whole_without_all_its_parts_is_named():
    ec2 = Filters(None, None, BAD, BAD)
    left = a_filter(replace(PART, params={}))
    with pytest.raises(Interrupted, match=rf"X on rule was refused.*Done before: CreateT.*{NEW_FILTER}"):
        converge(plans(a_filter(MAKE, LAST, PART), left), ec2)
    assert ec2.calls == [MAKE.operation, *[PART.operation] * 3]


def test_a_network_service_that_somebody_else_adds():
    add = Action(
        "ModifyTrafficMirrorFilterNetworkServices", {"TrafficMirrorFilterId": Made(FILTER)}, "filter", "", FILTER
    )
    outcome = converge(plans(a_filter(MAKE, add, LAST), a_filter(LAST)), Filters(None, BAD))
    assert outcome.actions == (MAKE, LAST)


def test_a_service_without_a_reply_that_the_fresh_look_does_not_show():
    """The same call is still to be made, on a filter that by now has an id."""
    add = Action(
        "ModifyTrafficMirrorFilterNetworkServices", {"TrafficMirrorFilterId": Made(FILTER)}, "filter", "", FILTER
    )
    left = a_filter(replace(add, params={}, resource="filter tmf-new"))
    assert converge(plans(a_filter(MAKE, add), left), Filters(None, LOST)).actions == (MAKE, left.actions[0])


def test_a_filter_whose_create_got_no_reply_is_named():
    there = replace(a_filter(LAST), before={"traffic_mirror_filter_id": "tmf-new"})
    with pytest.raises(Interrupted, match=NEW_FILTER):
        converge(plans(a_filter(MAKE, PART), there), Filters(LOST, BAD))


@pytest.mark.parametrize("then", [BadInput("the task lacks"), DENIED, NotThere("gone")])
def test_whatever_the_fresh_look_ends_with_what_was_done_is_said(then):
    with pytest.raises(Halted, match="Done before: ModifyT") as stop:
        converge(plans(Plan((MODIFY, TAG), after={"tags": {}}), *[then] * 9), Ec2(None, GONE))
    assert stop.value.done == [MODIFY]


def test_sessions_that_moved_may_still_seem_to_use_the_old_one(pauses):
    outcome = converge(plans(a_filter(MAKE, MOVE, REMOVE)), Filters(None, None, USED, USED, None))
    assert outcome.actions == (MAKE, MOVE, REMOVE)
    assert pauses == list(apply.PAUSES[:2])


def test_sessions_that_are_gone_may_still_show(pauses):
    used = InUse("in use by tms-1")
    assert converge(plans(used, used, Plan((REMOVE,))), Filters()).actions == (REMOVE,)
    assert converge(plans(Plan((REMOVE,))), Filters(USED, USED)).actions == (REMOVE,)
    with pytest.raises(InUse):
        converge(plans(used), Filters())


def test_permissions_on_what_the_plan_itself_makes_cannot_be_asked():
    refused, unasked = refusals(a_filter(MAKE, PART, MOVE), Ec2(None))
    assert refused == []
    assert unasked == ["CreateTrafficMirrorFilterRule on rule", "ModifyTrafficMirrorSession on session"]


def test_all_attempts_count_when_it_stops():
    lost = Ec2(LOST, None, DENIED)
    with pytest.raises(Interrupted, match="Done before: CreateTrafficMirrorSession on session; Modify") as stop:
        converge(plans(new(CREATE), Plan((MODIFY, DELETE), after={"tags": {}})), lost)
    assert stop.value.done == [CREATE, MODIFY]


def test_a_fresh_look_that_forbids_the_rest_says_what_was_done(pauses):
    with pytest.raises(Halted, match="in use by tms-1. Done before: ModifyTrafficMirrorSession on") as halted:
        converge(plans(Plan((MODIFY, DELETE), after={"tags": {}}), InUse("in use by tms-1.")), Ec2(None, *[USED] * 6))
    assert halted.value.done == [MODIFY]
    with pytest.raises(Halted, match=r"X was refused: UnauthorizedOperation: no\..* Done before: Modify"):
        converge(plans(Plan((MODIFY, DELETE), after={"tags": {}}), DENIED), Ec2(None, *[USED] * 6))


@pytest.mark.parametrize("then", [a_filter(TAG), DENIED], ids=["goes on", "cannot look"])
def test_what_an_earlier_attempt_made_is_named(then):
    """The reply to a rule is lost, and the fresh look leads no further: the filter is there."""
    with pytest.raises((Interrupted, Halted), match=NEW_FILTER):
        converge(plans(a_filter(MAKE, PART), then), Filters(None, LOST, DENIED))


def test_a_repetition_that_is_refused_after_a_lost_reply():
    """Adding a network service twice is an error, and botocore repeats what got no reply."""
    before, left = Plan((TAG, MODIFY), after={"tags": {}}), Plan((MODIFY,), after={"tags": {}})
    assert converge(plans(before, left), Ec2(REPEATED)).actions == (TAG, MODIFY)
    ec2 = Ec2(REPEATED)
    with pytest.raises(Interrupted):
        converge(plans(before), ec2)
    assert ec2.calls == ["CreateTags"]


@pytest.mark.parametrize(("action", "error"), [(CREATE, LOST), (MODIFY, REPEATED)])
def test_what_was_carried_out_without_a_reply_does_not_show_yet(action, error, pauses):
    before = new(action)
    ec2 = Ec2(error)
    assert converge(plans(before, before, before, NOTHING), ec2).actions == (action,)
    assert ec2.calls == [action.operation]
    assert pauses == list(apply.PAUSES[:3])


def test_what_the_fresh_look_still_plans_was_not_done():
    with pytest.raises(Interrupted) as stop:
        converge(plans(a_filter(MAKE, PART), a_filter(replace(PART, params={}))), Filters(None, LOST, DENIED))
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
    return a_filter(*actions, rivals=lambda row: row["traffic_mirror_filter_id"] != "tmf-old", **facts)


def test_nobody_else_makes_one(pauses):
    ec2 = Twins(["tmf-old", NEW])
    assert converge(plans(alone(MAKE, PART)), ec2).actions == (MAKE, PART)
    assert ec2.calls == [MAKE.operation, PART.operation] and pauses == []


@pytest.mark.parametrize("refusal", [None, UNKNOWN])
def test_the_one_of_the_greater_id_goes_and_the_other_is_what_there_is(refusal, pauses):
    ec2 = Twins([LESSER, NEW], script=[None, refusal])
    assert converge(plans(alone(MAKE, PART), NOTHING), ec2).actions == ()
    assert ec2.calls == [MAKE.operation, "DeleteTrafficMirrorFilter"]
    assert pauses == [apply.PAUSES[0]]


def test_the_one_of_the_lesser_id_stays_if_the_other_goes(pauses):
    ec2 = Twins([NEW, GREATER], [NEW, GREATER], [NEW])
    assert converge(plans(alone(MAKE, PART)), ec2).actions == (MAKE, PART)
    assert ec2.calls == [MAKE.operation, PART.operation] and pauses == list(apply.YIELDING[:2])


def test_the_one_of_the_lesser_id_goes_if_the_other_stays(pauses):
    ec2 = Twins([NEW, GREATER])
    assert converge(plans(alone(MAKE, PART), NOTHING), ec2).actions == ()
    assert ec2.calls == [MAKE.operation, "DeleteTrafficMirrorFilter"]
    assert pauses == [*apply.YIELDING, apply.PAUSES[0]]


def test_always_somebody_else():
    ec2 = Twins([LESSER, NEW])
    with pytest.raises(Outrun, match="else made another filter at the same moment"):
        converge(plans(alone(MAKE)), ec2)
    assert ec2.calls == [MAKE.operation, "DeleteTrafficMirrorFilter"] * (1 + len(apply.PAUSES))


@pytest.mark.parametrize("error", [DENIED, LOST])
def test_one_that_should_go_and_cannot_is_named(error):
    both = "There are two filters of the name now, tmf-new of this task and tmf-a."
    with pytest.raises(Halted, match=rf"X on filter tmf-new .* {both} Remove .* Done before: \S+ on filter\.$") as stop:
        converge(plans(alone(MAKE, PART)), Twins([LESSER, NEW], script=[None, error]))
    assert stop.value.done == [MAKE]


def test_a_look_for_others_that_fails_names_what_was_made():
    ec2 = Twins([])
    ec2.shown = [Ec2Error("DescribeTrafficMirrorFilters", "RequestLimitExceeded", "slow down")]
    with pytest.raises(Halted, match=r"RequestLimitExceeded.*The new filter is tmf-new, "):
        converge(plans(alone(MAKE, PART)), ec2)
