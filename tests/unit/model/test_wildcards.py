# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of EC2's wildcards in filter values."""

from __future__ import annotations

import re

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.wildcards import has_wildcard, matches_wildcards
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("a", "a", True),
        ("a", "A", False),
        ("", "", True),
        ("*", "", True),
        ("?", "", False),
        ("a*c", "abbbc", True),
        ("a*c", "abbb", False),
        ("a?c", "a\nc", True),
        ("\\*", "*", True),
        ("\\*", "x", False),
        ("\\\\", "\\", True),
        ("a\\", "a\\", True),
        ("[ab]", "a", False),
        ("**a**", "ba", True),
    ],
)
def test_matches(value, text, expected):
    assert matches_wildcards(value, text) == expected


def test_many_wildcards_match_in_polynomial_time():
    assert not matches_wildcards("*a" * 40 + "*b", "a" * 256)
    assert matches_wildcards("*" * 300, "a" * 256)


@given(value=st.text("ab*?\\", max_size=8), text=st.text("ab*?\\", max_size=8))
def test_matches_like_a_regular_expression(value, text):
    tokens = re.findall(r"\\.|.", value, re.DOTALL)
    pattern = "".join({"*": ".*", "?": "."}.get(token) or re.escape(token[-1]) for token in tokens)
    assert matches_wildcards(value, text) == bool(re.fullmatch(pattern, text, re.DOTALL))
    assert has_wildcard(value) or matches_wildcards(value, text) == (value == text)
