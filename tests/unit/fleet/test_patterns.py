# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wildcards in tag values."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet import patterns
from ansible_collections.vtap.aws.plugins.module_utils._fleet.patterns import Patterns
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fleet.interfaces import INTERFACE, exclusion, interface, matches_as_regex, source


@pytest.mark.parametrize("build", [source, exclusion])
@pytest.mark.parametrize(
    ("value", "tag", "expected"),
    [
        ("web-*", "web-1", True),
        ("*-prod-*", "web-prod-1", True),
        ("web-?", "web-1", True),
        ("web-?", "web-12", False),
        ("web-*", "Web-1", False),
        (["db-*", "web-*"], "web-1", True),
        (["db-*", "web"], "web-1", False),
        ("[w]eb*", "web-1", False),
        ("[w]eb*", "[w]eb-1", True),
        ("*", "", True),
        ("?", "", False),
        ("", "", True),
        ("", "x", False),
        # EC2's escapes, in values with wildcards only.
        ("a\\**", "a*b", True),
        ("a\\**", "ab", False),
        ("a\\*", "a\\*", False),
        ("CORP\\team", "CORP\\team", True),
        ("CORP\\team", "CORPteam", False),
        ("CORP\\\\*", "CORP\\team", True),
    ],
)
def test_tag_values_have_wildcards(build, value, tag, expected):
    assert build(tags={"Name": value}).matches(interface({"Name": tag})) is expected


def test_tag_keys_are_literal():
    assert not source(tags={"Mirr*": "yes"}).matches(INTERFACE)
    assert source(tags={"Mirr*": "yes"}).matches(interface({"Mirr*": "yes"}))


TEXTS = st.text("ab*?\\[]", max_size=5)


@given(values=st.lists(TEXTS, min_size=1, max_size=3), text=TEXTS)
def test_values_match_as_regular_expressions(values, text):
    assert Patterns.of(values).match(text) is any(matches_as_regex(value, text) for value in values)


def test_wildcards_are_compared_once_per_distinct_value(monkeypatch):
    compared = []
    monkeypatch.setattr(
        patterns, "matches_wildcards", lambda pattern, text: compared.append((pattern, text)) or text == "web-1"
    )
    selector = source(tags={"Name": ["web-*", *(f"host-{number}" for number in range(500))]})
    candidates = [interface({"Name": f"web-{number % 7}"}) for number in range(1000)]
    patterns._match_any.cache_clear()
    try:
        assert sum(map(selector.matches, candidates)) == 143
    finally:
        patterns._match_any.cache_clear()
    assert sorted(compared) == [("web-*", f"web-{number}") for number in range(7)]
