# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import (
    CLOUDFORMATION,
    FLEET,
    INTERNAL_TAGS,
    REPLACES,
    STACK,
    TagChange,
    TagRules,
)
from hypothesis import given
from hypothesis import strategies as st

KEYS = st.sampled_from(["a", "b", "Name", "aws:stack", "AWS:x", "cost:1", "cost:2", "keep", *INTERNAL_TAGS])
TAGS = st.dictionaries(KEYS, st.sampled_from(["", "1", "2"]))
OWN = TAGS.map(lambda tags: {key: value for key, value in tags.items() if ":" not in key or key.startswith("cost:")})
RULES = st.builds(
    TagRules,
    tags=st.none() | OWN,
    purge=st.booleans(),
    defaults=OWN.map(lambda tags: {key: value for key, value in tags.items() if key != "Name"}),
    name=st.none() | st.just("web"),
    ignore_keys=st.just(()) | st.just(("keep",)),
    ignore_prefixes=st.just(()) | st.just(("cost:",)),
    removed_marks=st.just(()) | st.just((FLEET, STACK)),
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
    protected = {key for key in (*current, *change.result) if key.lower().startswith("aws:") or rules.is_protected(key)}
    protected -= set(rules.removed_marks)
    assert {key: change.result.get(key) for key in protected} == {key: current.get(key) for key in protected}


@given(current=TAGS, rules=RULES)
def test_desired_tags_are_set_and_no_others(current, rules):
    change = rules.change(current)
    desired = {key: value for key, value in rules.desired().items() if not rules.is_protected(key)}
    assert desired.items() <= change.result.items()
    assert set(change.result) <= set(current) | set(desired)
    if rules.purge and rules.tags is not None:
        assert all(rules.is_protected(key) or key == "Name" for key in set(change.result) - set(desired))


@given(current=TAGS, rules=RULES)
def test_name_is_never_removed(current, rules):
    assert "Name" not in rules.change(current).remove


@given(current=TAGS, rules=RULES)
def test_marks_are_never_written_and_removed_only_by_adoption(current, rules):
    change = rules.change(current)
    assert not {*INTERNAL_TAGS, CLOUDFORMATION} & change.write.keys()
    assert {*INTERNAL_TAGS} & {*change.remove} == {*rules.removed_marks} & current.keys()
    assert not {*INTERNAL_TAGS, CLOUDFORMATION, "AWS:x"} & rules.for_replacement(current).change({}).write.keys()


@given(current=TAGS, rules=RULES)
def test_tags_of_the_resource_are_accepted_as_option(current, rules):
    """The tags that an info module returns, also reserved ones, change nothing."""
    fed_back = replace(rules, tags=current, defaults={}, name=None, removed_marks=())
    assert fed_back.change(current) == TagChange({}, (), dict(sorted(current.items())))


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
    rules = TagRules.from_options(options(tags={"port": 443, "share": 0.5}))
    assert rules.change({"port": "443", "share": "0.5"}).write == {}


@pytest.mark.parametrize(("value", "spellings"), [(True, ("true", "yes")), (False, ("false", "no"))])
@pytest.mark.parametrize("option", ["tags", "default_tags"])
def test_boolean_raises_validation_error_with_the_spelling(option, value, spellings):
    with pytest.raises(ValidationError) as failure:
        TagRules.from_options(options(**{"tags": {}, option: {"on": value}}))
    assert str(failure.value) == (
        f"{option}: on is a boolean, and EC2 requires a string. Quote the value: "
        f'on: "{spellings[0]}" or on: "{spellings[1]}".'
    )


def test_existing_aws_tag_is_accepted_if_unchanged():
    rules = TagRules.from_options(options(tags={"aws:stack": "s"}))
    assert rules.change({"aws:stack": "s"}).write == {}
    with pytest.raises(ValidationError, match="^tags: .*aws:stack"):
        rules.change({})
    with pytest.raises(ValidationError, match="^default_tags: .*aws:stack"):
        TagRules.from_options(options(tags={}, default_tags={"aws:stack": "s"})).change({})


@pytest.mark.parametrize("key", ["aws:x", "AWS:x", "Aws:cloudformation:stack-id", "aWs:"])
def test_reserved_keys_are_refused_in_any_case(key):
    for option in ("tags", "default_tags"):
        rules = TagRules.from_options(options(**{option: {key: "1"}}))
        for current in ({}, {key: "2"}):
            with pytest.raises(ValidationError, match=f"^{option}: {key}: keys that begin with aws: are reserved"):
                rules.change(current)
    assert TagRules.from_options(options(tags={})).change({key: "1"}).remove == ()


@pytest.mark.parametrize("key", INTERNAL_TAGS)
def test_marks_are_refused_unless_the_resource_has_the_value(key):
    rules = TagRules.from_options(options(tags={key: "1"}))
    for current in ({}, {key: "2"}):
        with pytest.raises(ValidationError, match=f"^tags: {key} is set only by the modules of this collection"):
            rules.change(current)
    assert rules.change({key: "1"}) == TagChange({}, (), {key: "1"})


def test_adoption_removes_the_marks_of_fleets_and_stacks():
    """A mark in tags, from an info module, is not an error in the second run, when the resource has no mark."""
    marks = {FLEET: "ids", STACK: "s", CLOUDFORMATION: "arn", REPLACES: "tms-1"}
    rules = replace(TagRules.from_options(options(tags={FLEET: "ids"})), removed_marks=(FLEET, STACK))
    change = rules.change(marks)
    assert change == TagChange({}, (FLEET, STACK), {CLOUDFORMATION: "arn", REPLACES: "tms-1"})
    assert rules.change(change.result).remove == () and rules.change(change.result).write == {}


def test_tag_limit_counts_the_result_without_reserved_tags():
    tags = {f"k{n}": "" for n in range(49)}
    reserved = {f"aws:{n}": "" for n in range(10)}
    assert len(TagRules.from_options(options(tags={**tags, "last": ""})).change(reserved).result) == 60
    with pytest.raises(ConflictError, match="TagLimitExceeded: the resource would have 51 tags, and EC2 allows 50"):
        TagRules.from_options(options(tags={**tags, "a": "", "b": ""})).change(reserved)
    added = TagRules.from_options(options(tags={"a": "", "b": ""}, purge_tags=False))
    with pytest.raises(ConflictError, match="would have 51 tags"):
        added.change({**tags, **reserved})
    assert len(replace(added, purge=True).change({**tags, **reserved}).result) == 12
    # Nothing to set: a resource with more tags, if EC2 ever allows them, is not an error.
    assert replace(added, tags=None).change({**tags, "a": "", "b": ""}).write == {}


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
        ({"default_tags": {"Name": "a"}}, "default_tags must not set Name, because it would name all resources alike"),
        ({"name": "a", "default_tags": {"Name": "a"}}, "default_tags must not set Name"),
    ],
)
def test_invalid_tags_raise_validation_error(given_options, message):
    with pytest.raises(ValidationError, match=message):
        TagRules.from_options(options(**given_options))


def test_fleet_tag_is_set_only_as_internal_tag():
    rules = TagRules.from_options({"tags": {"vtap:fleet": "theirs"}, "purge_tags": True})
    assert rules.change({"vtap:fleet": "theirs", "Team": "x"}) == TagChange({}, ("Team",), {"vtap:fleet": "theirs"})
    fleet_rules = replace(rules, tags={"vtap:fleet": "ids"}, internal_tags={"vtap:fleet": "ids"})
    assert (
        fleet_rules.change({}).result == {"vtap:fleet": "ids"} and fleet_rules.change({"vtap:fleet": "ids"}).write == {}
    )
