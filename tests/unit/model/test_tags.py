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
def test_result_is_what_the_calls_leave(current, rules):
    change = rules.change(current)
    left = {key: value for key, value in {**current, **change.write}.items() if key not in change.remove}
    assert change.result == left


@given(current=TAGS, rules=RULES)
def test_second_run_changes_nothing(current, rules):
    again = rules.change(rules.change(current).result)
    assert (again.write, again.remove) == ({}, ())


@given(current=TAGS, rules=RULES)
def test_reserved_and_ignored_tags_survive(current, rules):
    change = rules.change(current)
    guarded = {key for key in (*current, *change.result) if key.startswith("aws:") or rules.protects(key)}
    assert {key: change.result.get(key) for key in guarded} == {key: current.get(key) for key in guarded}


@given(current=TAGS, rules=RULES)
def test_every_wanted_tag_is_there_and_no_other_is_made(current, rules):
    change = rules.change(current)
    wanted = {key: value for key, value in rules.desired().items() if not rules.protects(key)}
    assert wanted.items() <= change.result.items()
    assert set(change.result) <= set(current) | set(wanted)
    if rules.purge and rules.tags is not None:
        assert all(rules.protects(key) for key in set(change.result) - set(wanted))


def test_tags_win_over_default_tags():
    rules = TagRules.from_options(options(tags={"a": "task"}, default_tags={"a": "default", "b": "default"}))
    assert rules.change({}).result == {"a": "task", "b": "default"}


def test_default_tags_alone_purge_nothing():
    rules = TagRules.from_options(options(default_tags={"a": "1"}))
    assert rules.change({"old": "1"}).result == {"a": "1", "old": "1"}


def test_empty_tags_purge_all_but_the_defaults():
    rules = TagRules.from_options(options(tags={}, default_tags={"a": "1"}))
    assert rules.change({"old": "1", "aws:x": "y"}).result == {"a": "1", "aws:x": "y"}


def test_values_compare_as_strings():
    rules = TagRules.from_options(options(tags={"port": 443, "on": True}))
    assert rules.change({"port": "443", "on": "True"}).write == {}


def test_reserved_tag_that_is_there_can_be_fed_back():
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
        ({"name": "a", "tags": {"Name": "b"}}, "name says 'a' but tags say Name 'b'"),
        ({"name": "a", "ignore_tag_keys": ["Name"]}, "name needs the Name tag"),
        ({"name": "a", "ignore_tag_key_prefixes": ["Na"]}, "name needs the Name tag"),
        ({"tags": {str(n): "" for n in range(51)}}, "make 51 tags, EC2 takes 50"),
    ],
)
def test_bad_tags_are_refused(given_options, message):
    with pytest.raises(ValidationError, match=message):
        TagRules.from_options(options(**given_options))


def test_the_mark_of_a_fleet_is_its_own():
    rules = TagRules.from_options({"tags": {"vtap:fleet": "mine"}, "purge_tags": True})
    assert rules.change({"vtap:fleet": "theirs", "Team": "x"}) == TagChange({}, ("Team",), {"vtap:fleet": "theirs"})
    marking = replace(rules, marks={"vtap:fleet": "ids"})
    assert marking.change({}).result == {"vtap:fleet": "ids"} and marking.change({"vtap:fleet": "ids"}).write == {}
