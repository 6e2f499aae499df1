# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2's wildcards in filter values (EC2 user guide, "Filter your resources").

C(*) matches any text, C(?) one character, and a backslash escapes the next character. Values are case-sensitive.
"""

from __future__ import annotations

import re


def has_wildcard(value: str) -> bool:
    """Whether a filter value has a wildcard or a backslash, so that it may match other texts than itself."""
    return re.search(r"[*?\\]", value) is not None


def matches_wildcards(value: str, text: str) -> bool:
    """Whether a filter value matches the whole text.

    Backtracks only to the last C(*), so the time is at most proportional to the product of both lengths. A regular
    expression would take exponential time for many wildcards.
    """
    if not has_wildcard(value):
        return value == text
    tokens = re.findall(r"\\.|.", value, re.DOTALL)  # an escaped character is a token with its backslash
    position = token = 0
    star, resume = -1, 0
    while position < len(text):
        if token < len(tokens) and tokens[token] == "*":
            star, resume = token, position
            token += 1
        elif token < len(tokens) and (tokens[token] == "?" or tokens[token][-1] == text[position]):
            token, position = token + 1, position + 1
        elif star >= 0:
            resume += 1
            token, position = star + 1, resume
        else:
            return False
    return all(one == "*" for one in tokens[token:])
