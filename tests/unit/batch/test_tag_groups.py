# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups of tag calls with equal tags."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch import tag_groups
from ansible_collections.vtap.aws.plugins.module_utils._batch.tag_groups import group_tags, split_tags
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import CreatedIdRef
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Action, Plan, tag_actions
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import TagRules
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.batch.fakes import MODIFY, TAG, UNTAG, act, entry, get_id, tag, untag
from tests.unit.fleet.builders import PROPERTY


@pytest.mark.parametrize(
    ("actions", "others"),
    [
        ((tag(1),), ()),
        ((untag(1),), ()),
        ((tag(1), untag(1)), ()),
        ((act(MODIFY, 1), tag(1)), (act(MODIFY, 1),)),
        ((act(MODIFY, 1), tag(1), untag(1)), (act(MODIFY, 1),)),
        ((act(MODIFY, 1),), (act(MODIFY, 1),)),
        ((), ()),
    ],
)
def test_tag_calls_are_split_from_the_plan(actions, others):
    plan = Plan(actions, before={"x": 1}, after={"x": 2})
    rest, deferred = split_tags(plan)
    assert rest == Plan(others, before={"x": 1}, after={"x": 2}) and deferred == actions[len(others) :]


@pytest.mark.parametrize(
    "actions",
    [
        (untag(1), tag(1)),
        (tag(1), act(MODIFY, 1)),
        (tag(1), act(MODIFY, 1), untag(1)),
        (act(MODIFY, 1), Action(TAG, {"Resources": [CreatedIdRef(SESSION, "web")], "Tags": []}, "session", "new")),
    ],
    ids=["exceeds the limit of tags", "tags first", "tags around", "created by the plan"],
)
def test_tag_calls_that_depend_on_order_stay_in_the_plan(actions):
    plan = Plan(actions)
    assert split_tags(plan) == (plan, ())


@pytest.mark.parametrize(("count", "is_split"), [(48, True), (49, True), (50, False)])
def test_session_with_the_maximum_of_tags_is_not_grouped(count, is_split):
    """50 tags are the maximum: one must be deleted before another can be created."""
    current = {f"old{number}": "x" for number in range(count)}
    row = {"traffic_mirror_session_id": get_id(1), "tags": current}
    rules = TagRules(tags={}, purge=True, internal_tags={"vtap:fleet": "ids"})
    plan = Plan(tuple(tag_actions(SESSION, row, rules.change(current))))
    assert {action.operation for action in plan.actions} == {TAG, UNTAG}
    assert bool(split_tags(plan)[1]) == is_split


TAGS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x"]), min_size=1, max_size=2)


@PROPERTY
@given(tags=st.lists(TAGS, max_size=30), size=st.integers(1, 4), operation=st.sampled_from([TAG, UNTAG]))
def test_groups_have_equal_tags_and_each_call_once(tags, size, operation):
    """size: the maximum number of resources in one call."""
    make = {TAG: tag, UNTAG: lambda number, one: untag(number, *one)}[operation]
    actions = [make(number, one) for number, one in enumerate(tags)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tag_groups, "RESOURCES_PER_CALL", size)
        groups = group_tags(operation, [(entry(number), (action,)) for number, action in enumerate(actions)])
    resources = [one for group in groups for one in group.params["Resources"]]
    assert sorted(resources) == [get_id(number) for number in range(len(tags))]
    for group in groups:
        assert 1 <= len(group.members) == len(group.params["Resources"]) <= size
        assert all(action.params["Tags"] == group.params["Tags"] for _entry, action in group.members)
    # No more calls than necessary.
    counts = Counter(str(action.params["Tags"]) for action in actions)
    assert len(groups) == sum(-(-count // size) for count in counts.values())


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (1000, 1), (1001, 2), (2500, 3)])
def test_thousand_resources_per_call(count, calls):
    assert len(group_tags(TAG, [(entry(number), (tag(number),)) for number in range(count)])) == calls


def test_groups_are_of_one_operation():
    pairs = [(entry(1), (tag(1), untag(1))), (entry(2), (untag(2),))]
    assert [group.params["Resources"] for group in group_tags(TAG, pairs)] == [[get_id(1)]]
    assert [group.params["Resources"] for group in group_tags(UNTAG, pairs)] == [[get_id(1), get_id(2)]]


@pytest.mark.parametrize("count", [2, 3, 7, 1000])
def test_halves_have_all_members(count):
    (group,) = group_tags(TAG, [(entry(number), (tag(number),)) for number in range(count)])
    first, second = group.halves()
    assert first.members + second.members == group.members and abs(len(first.members) - len(second.members)) <= 1
