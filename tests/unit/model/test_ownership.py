# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of the guard: other names, ownership marks, names that other resources have, and their messages."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, TransientError
from ansible_collections.vtap.aws.plugins.module_utils._model.ownership import (
    check_guard,
    duplicate_name_error,
    is_other_name,
    name_holders,
    warnings_for,
    writes_name,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Plan, delete_action
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import (
    CLOUDFORMATION,
    FLEET,
    OWNERSHIP_MARKS,
    REPLACES,
    STACK,
)

OPTIONS = {"state": "present", "purge_tags": True, "allow_replacement": False, "adopt": False}
TYPES = pytest.mark.parametrize("resource_type", [SESSION, FILTER, TARGET], ids=lambda one: one.noun)
WORDS = {
    FLEET: r"fleet ids created it \(tag vtap:fleet\)",
    STACK: r"stack ids created it \(tag vtap:stack\)",
    CLOUDFORMATION: r"CloudFormation stack ids created it \(tag aws:cloudformation:stack-id\)",
}


def desired_state(resource_type, **options):
    return DesiredState.from_options(resource_type, {**OPTIONS, **options})


def row(resource_type, digit="1", owner=None, **tags):
    return {resource_type.id_option: f"{resource_type.prefix}-{digit * 17}", "owner_id": owner, "tags": tags}


def plan_for(resource_type, matched, after=None):
    """Return a plan with one call for the matched resource."""
    return Plan((delete_action(resource_type, matched, "test"),), before=matched, after=after)


@TYPES
@pytest.mark.parametrize("marks", [(), *itertools.combinations(OWNERSHIP_MARKS, 1), OWNERSHIP_MARKS])
@pytest.mark.parametrize("name", [None, "tap", "other"])
@pytest.mark.parametrize("task_name", [None, "tap"])
@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_guard(resource_type, marks, name, task_name, by_id, state):
    """A plan with calls is refused for another Name, except by id, and for any mark, unless the task adopts."""
    matched = row(resource_type, **dict.fromkeys(marks, "ids"), **({"Name": name} if name else {}))
    identity = {resource_type.id_option: matched[resource_type.id_option]} if by_id else {}
    desired = desired_state(resource_type, name=task_name, state=state, **identity)
    plan = plan_for(resource_type, matched)
    is_other = not by_id and task_name == "tap" and name == "other"
    assert is_other_name(desired, matched) == is_other
    check_guard(desired, Plan(before=matched), matched)
    check_guard(desired, plan, None)
    check_guard(desired_state(resource_type, name=task_name, state=state, adopt=True, **identity), plan, matched)
    if not (marks or is_other):
        check_guard(desired, plan, matched)
        return
    reasons = [r"its Name is 'other', not 'tap'"] * is_other + [WORDS[mark] for mark in marks]
    label = f"^{resource_type.noun} {resource_type.prefix}-1+ .*was not changed: " if name else ".* was not changed: "
    with pytest.raises(ConflictError, match=f"{label}{', and '.join(reasons)}. .*set adopt: true") as error:
        check_guard(desired, plan, matched)
    assert isinstance(error.value, TransientError), "an earlier task may just have changed the name or the mark"


@TYPES
def test_id_excuses_only_the_resource_with_the_id(resource_type):
    """With an id and allow_replacement, a target of the destination is matched by its natural key, not by the id."""
    task_id = f"{resource_type.prefix}-{'1' * 17}"
    desired = desired_state(resource_type, name="tap", **{resource_type.id_option: task_id})
    other = row(resource_type, "2", Name="other")
    assert is_other_name(desired, other) and not is_other_name(desired, row(resource_type, "1", Name="other"))
    successor = row(resource_type, "2", Name="other", **{REPLACES: task_id})
    assert not is_other_name(desired, successor)


def test_message_says_how_to_do_without_the_resource():
    def message(resource_type, **options):
        matched = row(resource_type, Name="other")
        desired, plan = desired_state(resource_type, name="tap", **options), plan_for(resource_type, matched)
        with pytest.raises(ConflictError) as error:
            check_guard(desired, plan, matched)
        return str(error.value)

    target_id = "tmt-" + "1" * 17
    assert f"set traffic_mirror_target_id: {target_id} on your sessions. To take it over, set" in message(TARGET)
    assert "choose another session_number. To take it over" in message(SESSION)
    assert "not 'tap'. To take it over, set adopt: true." in message(FILTER)
    assert f"set traffic_mirror_target_id: {target_id} on" in message(
        TARGET, traffic_mirror_target_id="tmt-" + "2" * 17
    )
    assert "on your sessions" not in message(TARGET, state="absent")
    assert "session_number" not in message(SESSION, state="absent")


@TYPES
def test_nameless_match_gets_the_name_with_a_warning(resource_type):
    desired, matched = desired_state(resource_type, name="tap"), row(resource_type)
    (warning,) = warnings_for(desired, plan_for(resource_type, matched, row(resource_type, Name="tap")), matched)
    assert "has no Name; it gets the name 'tap' of this task" in warning
    assert warnings_for(desired, Plan(before=matched, after=matched), matched) == ()
    named = row(resource_type, Name="tap")
    assert warnings_for(desired, plan_for(resource_type, named, named), named) == ()
    assert warnings_for(desired, plan_for(resource_type, matched), None) == ()


@TYPES
@pytest.mark.parametrize("mark", OWNERSHIP_MARKS)
def test_adoption_warns_of_what_the_previous_owner_does(resource_type, mark):
    desired, matched = (
        desired_state(resource_type, name="tap", adopt=True),
        row(resource_type, Name="tap", **{mark: "x"}),
    )
    (warning,) = warnings_for(desired, plan_for(resource_type, matched, matched), matched)
    owner = {
        FLEET: f"fleet x. Exclude it there, or the fleet creates another {resource_type.noun}.",
        STACK: f"stack x. Remove it there, or the next run of the stack fails or creates another {resource_type.noun}.",
        CLOUDFORMATION: "CloudFormation stack x. Remove it there if the stack still exists.",
    }[mark]
    assert warning.endswith(f"was taken over from {owner}")
    assert warnings_for(desired, Plan(before=matched, after=matched), matched) == ()


@TYPES
def test_unfinished_replacement_is_a_warning_unless_the_plan_finishes_it(resource_type):
    matched = row(resource_type, Name="tap", **{REPLACES: "old"})
    unchanged, finished = Plan(before=matched, after=matched), plan_for(resource_type, matched, row(resource_type))
    (warning,) = warnings_for(desired_state(resource_type, name="tap"), unchanged, matched)
    assert "was created to replace old" in warning and "set allow_replacement: true" in warning
    for desired, plan in (
        (desired_state(resource_type, name="tap", allow_replacement=True), unchanged),
        (desired_state(resource_type, name="tap"), finished),
        (desired_state(resource_type, name="tap", state="absent"), finished),
    ):
        assert warnings_for(desired, plan, matched) == ()
    check_guard(desired_state(resource_type, name="tap"), finished, matched)


@TYPES
def test_name_is_written_at_creation_renaming_and_naming(resource_type):
    desired = desired_state(resource_type, name="tap")
    assert writes_name(desired, None)
    assert writes_name(desired, row(resource_type)) and writes_name(desired, row(resource_type, Name="other"))
    assert not writes_name(desired, row(resource_type, Name="tap"))
    for options in ({"name": "tap", "state": "absent"}, {"name": None}, {"tags": {"Name": "tap"}}):
        assert not writes_name(desired_state(resource_type, **options), None)
        assert not writes_name(desired_state(resource_type, **options), row(resource_type, Name="other"))


@TYPES
def test_name_holders_are_own_resources_other_than_the_given_ones(resource_type):
    desired = desired_state(resource_type, name="tap")
    rows = [
        row(resource_type, digit, owner, Name=name)
        for digit, owner, name in (("1", "me", "tap"), ("2", "me", "other"), ("3", "they", "tap"), ("4", None, "tap"))
    ]
    asked = []

    def is_foreign(owner):
        asked.append(owner)
        return owner == "they"

    assert name_holders(desired, [*rows, row(resource_type, "5")], (rows[0], None), is_foreign) == [rows[3]]
    assert asked == ["they", None], "it may call STS, so it is asked only about rows with the name"


@pytest.mark.parametrize(
    ("resource_type", "options", "expected"),
    [
        (SESSION, {}, "To change it, set traffic_mirror_session_id: {id}."),
        (
            SESSION,
            {"network_interface_id": "eni-0a1b2c3d"},
            "To move it to eni-0a1b2c3d, set traffic_mirror_session_id: ",
        ),
        (SESSION, {"network_interface_id": "eni-0a1b2c3d"}, "{id} and allow_replacement: true"),
        (SESSION, {}, "use tags: {{Name: ...}} and session_number."),
        (FILTER, {}, "To change it, set traffic_mirror_filter_id: {id}. To create a second filter, use another name."),
        (FILTER, {}, "For a label that several filters share, use tags: {{Name: ...}}."),
        (TARGET, {"network_interface_id": "eni-0a1b2c3d"}, "To change it, set traffic_mirror_target_id: {id}."),
    ],
)
def test_duplicate_name_is_refused_with_the_ways_out(resource_type, options, expected):
    holders = [row(resource_type, digit, Name="tap") for digit in "12345"]
    error = duplicate_name_error(desired_state(resource_type, name="tap", **options), holders)
    assert isinstance(error, TransientError), "Describe may still return a deleted resource"
    text = str(error)
    assert f"name 'tap' is already the name of {resource_type.noun} {resource_type.prefix}-1" in text
    assert "; and 2 more. " in text and f"{resource_type.prefix}-4" not in text
    assert f"To create a second {resource_type.noun}, use another name." in text
    assert expected.format(id=holders[0][resource_type.id_option]) in text
