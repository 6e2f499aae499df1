# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Safety limits: how many objects a run may create, update or delete."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from .._model.errors import ConflictError, ValidationError
from .._model.text import quote
from .entry import Entry, summarize

# The number of reasons in a message.
MAX_REASONS = 3


@dataclass(frozen=True)
class Limit:
    """A limit such as C(20), C(10%) or C(10 or 10%), whichever is more. None: not part of the limit."""

    number: int | None
    percentage: int | None

    def value(self, total: int) -> int:
        """The limit as a number. total: what the percentage refers to. The percentage is rounded down."""
        return max(self.number or 0, total * (self.percentage or 0) // 100)

    def is_reached(self, count: int, total: int) -> bool:
        """Whether this count is at least the limit. The percentage is not rounded."""
        return count >= (self.number or 0) and count * 100 >= total * (self.percentage or 0)

    def describe(self, total: int) -> str:
        """The limit as text: C(20), or C(7 (10 or 10% of 71))."""
        return str(self) if self.percentage is None else f"{self.value(total)} ({self} of {total})"

    def __str__(self) -> str:
        parts = [] if self.number is None else [str(self.number)]
        return " or ".join(parts + ([] if self.percentage is None else [f"{self.percentage}%"]))


def parse_limit(option: str, text: str, both: bool = True) -> Limit:
    """Parse a limit. both: whether a number together with a percentage is allowed. Raises ValidationError."""
    match = re.fullmatch(r"\s*(?:([0-9]{1,9})(?:\s+or\s+([0-9]{1,9})\s*%)?|([0-9]{1,9})\s*%)\s*", text)
    number, percentage = (None, None) if match is None else (match[1], match[2] or match[3])
    is_valid = match is not None and int(percentage or 0) <= 100 and (both or None in (number, percentage))
    if not is_valid:
        shapes = "a number from 0 to 999999999 or a percentage from 0% to 100%"
        shapes += ", or both such as '10 or 10%', of which the higher applies" if both else ""
        raise ValidationError(f"{option} must be {shapes}, not {quote(text)}.")
    return Limit(*(None if one is None else int(one) for one in (number, percentage)))


def list_reasons(entries: Iterable[Entry]) -> str:
    """The most frequent reasons of the entries, each with its count and an example."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        by_reason[entry.reason].append(entry.key)
    frequent = sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
    more = [f"and {len(frequent) - MAX_REASONS} other reasons"] if len(frequent) > MAX_REASONS else []
    return "; ".join(
        [f"{len(keys)} x {reason} ({keys[0]}{', ...' if keys[1:] else ''})" for reason, keys in frequent[:MAX_REASONS]]
        + more
    )


def need_deletions(message: str, error: ConflictError) -> ConflictError:
    """The error of a run whose other changes need the deletions that are held back. message: why they are held back."""
    return ConflictError(f"{message} Nothing was changed, because other changes need the deletions: {error}")


def describe_held_back(message: str, entries: Iterable[Entry], check_mode: bool) -> str:
    """The message of a run that held back deletions. message: why, as sentences."""
    if check_mode:
        return f"{message} The deletions would be held back, and all other changes made."
    done = summarize(entries)
    others = ", ".join(f"{done[key]} {key}" for key in ("created", "updated", "deleted", "failed") if done[key])
    return f"{message} The deletions were held back. Other changes: {others or 'none'}."
