# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets of texts with wildcards, for tag values and instance types. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from .._model.wildcards import matches_wildcards


@dataclass(frozen=True)
class Patterns:
    """Texts of which one must match.

    A text with C(*) or C(?) is a pattern with EC2's wildcards and escapes, see wildcards.py. Any other text matches
    only itself; a backslash has no special meaning in it. values: as given. texts, patterns: the two kinds of values.
    """

    values: tuple[str, ...]
    texts: frozenset[str]
    patterns: tuple[str, ...]

    @classmethod
    def of(cls, values: Iterable[str]) -> Patterns:
        """Divide the values into texts and patterns."""
        values = tuple(values)
        patterns = tuple(value for value in values if is_pattern(value))
        return cls(values, frozenset(values).difference(patterns), patterns)

    def match(self, text: str) -> bool:
        """Whether one of the values matches the whole text."""
        return text in self.texts or (bool(self.patterns) and _match_any(self.patterns, text))


def is_pattern(value: str) -> bool:
    """Whether the value has a wildcard, even an escaped one."""
    return "*" in value or "?" in value


# Thousands of interfaces have few instance types and tag values.
@lru_cache(maxsize=16384)
def _match_any(patterns: tuple[str, ...], text: str) -> bool:
    return any(matches_wildcards(pattern, text) for pattern in patterns)
