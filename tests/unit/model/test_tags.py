# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import TagChange, TagRules
from hypothesis import given
from hypothesis import strategies as st

KEYS = st.sampled_from(["a", "b", "Name", "aws:stack", "cost:1", "cost:2", "keep"])
TAGS = st.dictionaries(KEYS, st.sampled_from(["", "1", "2"]))
OWN = TAGS.map(lambda tags: {key: value for key, value in tags.items() if not key.startswith("aws:")})
RULES = st.builds(
    TagRules,
    tags=st.none() | OWN,
    purge=st.booleans(),
    defaults=OWN,
    name=st.none() | st.just("web"),
    ignore_keys=st.just(()) | st.just(("keep",)),
    ignore_prefixes=st.just(()) | st.just(("cost:",)),
)


def options(**given_options):
    return {"purge_tags": True, **given_options}


@given(current=TAGS, rules=RULES)
def test_result_equals_the_tags_after_the_calls(current, rules):
    change = rules.change(current)
    tags_after = {key: value for key, value in {**current, **change.write}.items() if key not in change.remove}
    assert change.result == tags_after


@given(current=TAGS, rules=RULES)
def test_second_run_changes_nothing(current, rules):
    again = rules.change(rules.change(current).result)
    assert (again.write, again.remove) == ({}, ())


@given(current=TAGS, rules=RULES)
def test_reserved_and_ignored_tags_are_unchanged(current, rules):
    change = rules.change(current)
    protected = {key for key in (*current, *change.result) if key.startswith("aws:") or rules.is_protected(key)}
    assert {key: change.result.get(key) for key in protected} == {key: current.get(key) for key in protected}


@given(current=TAGS, rules=RULES)
def test_desired_tags_are_set_and_no_others(current, rules):
    change = rules.change(current)
    desired = {key: value for key, value in rules.desired().items() if not rules.is_protected(key)}
    assert desired.items() <= change.result.items()
    assert set(change.result) <= set(current) | set(desired)
    if rules.purge and rules.tags is not None:
        assert all(rules.is_protected(key) for key in set(change.result) - set(desired))


def test_tags_take_precedence_over_default_tags():
    rules = TagRules.from_options(options(tags={"a": "task"}, default_tags={"a": "default", "b": "default"}))
    assert rules.change({}).result == {"a": "task", "b": "default"}


def test_default_tags_alone_purge_nothing():
    rules = TagRules.from_options(options(default_tags={"a": "1"}))
    assert rules.change({"old": "1"}).result == {"a": "1", "old": "1"}


def test_empty_tags_purge_all_except_default_and_aws_tags():
    rules = TagRules.from_options(options(tags={}, default_tags={"a": "1"}))
    assert rules.change({"old": "1", "aws:x": "y"}).result == {"a": "1", "aws:x": "y"}


def test_values_are_compared_as_strings():
    rules = TagRules.from_options(options(tags={"port": 443, "on": True}))
    assert rules.change({"port": "443", "on": "True"}).write == {}


def test_existing_aws_tag_is_accepted_if_unchanged():
    rules = TagRules.from_options(options(tags={"aws:stack": "s"}))
    assert rules.change({"aws:stack": "s"}).write == {}
    with pytest.raises(ValidationError, match="^tags: .*aws:stack"):
        rules.change({})
    with pytest.raises(ValidationError, match="^default_tags: .*aws:stack"):
        TagRules.from_options(options(tags={}, default_tags={"aws:stack": "s"})).change({})


@pytest.mark.parametrize(
    ("given_options", "message"),
    [
        ({"tags": {"": "x"}}, "tags: a key must have 1 to 128"),
        ({"tags": {"k" * 129: "x"}}, "tags: a key must have 1 to 128 characters, not 129"),
        ({"default_tags": {"a": "v" * 257}}, "default_tags: the value of a must have 0 to 256 characters, not 257"),
        ({"tags": {"a": None}}, "tags: the value of a must be a string"),
        ({"tags": {"a": ["b"]}}, "tags: the value of a must be a string"),
        ({"name": ""}, "name must have 1 to 256 characters, not 0"),
        ({"name": "n" * 257}, "name must have 1 to 256 characters, not 257"),
        ({"name": "a", "tags": {"Name": "b"}}, "name is 'a' but tags sets Name to 'b'"),
        ({"name": "a", "ignore_tag_keys": ["Name"]}, "name sets the Name tag"),
        ({"name": "a", "ignore_tag_key_prefixes": ["Na"]}, "name sets the Name tag"),
        ({"tags": {str(n): "" for n in range(51)}}, "set 51 tags; a resource can have at most 50"),
    ],
)
def test_invalid_tags_raise_validation_error(given_options, message):
    with pytest.raises(ValidationError, match=message):
        TagRules.from_options(options(**given_options))


def test_fleet_tag_is_set_only_as_internal_tag():
    rules = TagRules.from_options({"tags": {"vtap:fleet": "mine"}, "purge_tags": True})
    assert rules.change({"vtap:fleet": "theirs", "Team": "x"}) == TagChange({}, ("Team",), {"vtap:fleet": "theirs"})
    fleet_rules = replace(rules, internal_tags={"vtap:fleet": "ids"})
    assert (
        fleet_rules.change({}).result == {"vtap:fleet": "ids"} and fleet_rules.change({"vtap:fleet": "ids"}).write == {}
    )
