# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Formatting of values for messages: on char line, without control characters, with limited length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# Maximum length of one value, in characters; enough for the ARN of a load balancer.
MAX_LENGTH = 140
# Maximum number of values in a list.
MAX_VALUES = 8


def printable(text: str) -> str:
    """Return the text with escaped unprintable characters (C(\\x1b), C(\\n)), which could be terminal commands."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def truncate(value: Any) -> str:
    """Return a value as text, printable and shortened to MAX_LENGTH characters."""
    if isinstance(value, int) and abs(value) >= 10**MAX_LENGTH:
        return "a number with too many digits"  # Python limits the conversion of large integers to text
    text = printable(str(value)[: MAX_LENGTH + 1])
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}..."


def quote(text: str) -> str:
    """Return a text in quotation marks, shortened to MAX_LENGTH characters."""
    quoted = repr(text[: MAX_LENGTH + 1])
    return quoted if len(quoted) <= MAX_LENGTH + 2 else f"{quoted[:MAX_LENGTH]}...{quoted[0]}"


def count_of(number: int, noun: str) -> str:
    """Return a number with a noun whose plural ends in s, such as C(1 session) or C(2 sessions)."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def list_some(values: Iterable[Any]) -> str:
    """Return the first MAX_VALUES values as text, and the number of omitted values."""
    texts = [truncate(value) for value in values]
    more = [f"and {len(texts) - MAX_VALUES} more"] if len(texts) > MAX_VALUES else []
    return ", ".join(texts[:MAX_VALUES] + more)
