# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How messages show what a task or EC2 says: on one line, without control characters, and no longer than is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# An ARN of a load balancer is not longer.
LENGTH = 140
# Of many values a message shows so many.
SHOWN = 8


def printable(text: str) -> str:
    """The text with what is not printable as C(\\x1b) or C(\\n): a terminal would take it for a command."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def truncate(value: Any) -> str:
    """A value as a word of a message."""
    if isinstance(value, int) and abs(value) >= 10**LENGTH:
        return "a number of too many digits"  # Python refuses to write some of these
    text = printable(str(value)[: LENGTH + 1])
    return text if len(text) <= LENGTH else f"{text[:LENGTH]}..."


def quote(text: str) -> str:
    """A text in quotation marks."""
    quoted = repr(text[: LENGTH + 1])
    return quoted if len(quoted) <= LENGTH + 2 else f"{quoted[:LENGTH]}...{quoted[0]}"


def list_some(values: Iterable[Any]) -> str:
    """The first of these values, and how many more there are."""
    words = [truncate(one) for one in values]
    more = [f"and {len(words) - SHOWN} more"] if len(words) > SHOWN else []
    return ", ".join(words[:SHOWN] + more)
