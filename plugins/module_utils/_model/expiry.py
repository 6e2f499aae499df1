# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The expiry of a session: the options O(expires_in) and O(expires_at), and the tag EXPIRES. Makes no calls.

The value of the tag is a time, such as C(2026-11-26T16:00:00Z). If a task set it by O(expires_in), the duration follows
after a space: C(2026-11-26T16:00:00Z 4h). A later task with the same duration therefore keeps the time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from .errors import ValidationError
from .text import quote

MIN_DURATION, MAX_DURATION = timedelta(minutes=1), timedelta(days=366)
_DURATION = re.compile("(?:([0-9]{1,6})w)?(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?")
# RFC 3339, section 5.6, without fractions of seconds. A template converts a YAML timestamp to a text with a space.
_TIME = re.compile(
    "([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    "(?P<zone>[Zz]|(?P<sign>[+-])(?P<hours>[0-9]{2}):(?P<minutes>[0-5][0-9]))?"
)


@dataclass(frozen=True)
class Expiry:
    """When a session expires.

    time: in UTC, in whole seconds. duration: the text of the option O(expires_in) that led to the time, None if
    O(expires_at) set it.
    """

    time: datetime
    duration: str | None = None

    @property
    def expires_at(self) -> str:
        """The time as in results, such as C(2026-11-26T16:00:00Z). The order of these texts is that of the times."""
        return self.time.replace(tzinfo=None).isoformat() + "Z"

    @property
    def tag(self) -> str:
        """The value of the tag EXPIRES."""
        return " ".join(filter(None, (self.expires_at, self.duration)))

    def matches(self, current: Expiry) -> bool:
        """Whether a session with the current expiry is left as it is by a task that sets this one."""
        if self.duration is None:
            return self.time == current.time
        return current.duration is not None and _parse_duration(self.duration) == _parse_duration(current.duration)


@dataclass(frozen=True)
class ExpiryOptions:
    """The expiry options of a task.

    now: the time of the task, in UTC. given: the expiry that O(expires_at), or O(expires_in) from now on, sets; None if
    both are omitted. removes: whether the task removes the expiry.
    """

    now: datetime
    given: Expiry | None = None
    removes: bool = False

    @classmethod
    def from_options(cls, params: dict[str, Any], now: datetime | None = None) -> ExpiryOptions:
        """Parse the options of a module. now: None for the clock of this host. Raises ValidationError."""
        now = (now or datetime.now(timezone.utc)).replace(microsecond=0)
        duration, time = params.get("expires_in"), params.get("expires_at")
        if duration is not None:
            return cls(now, Expiry(now + _check_duration(duration), duration))
        if time:
            return cls(now, Expiry(_check_time(time)))
        return cls(now, removes=time is not None)

    @property
    def given_time(self) -> str | None:
        """The option O(expires_at), normalized, None if it is omitted. An empty string removes the expiry."""
        if self.given is not None:
            return self.given.expires_at if self.given.duration is None else None
        return "" if self.removes else None

    def choose_tag(self, current: str | None) -> str | None:
        """Return the tag EXPIRES that the session is to have. current: the tag that it has. None stands for no tag."""
        if self.removes:
            return None
        expiry = parse_tag(current)
        if self.given is None or (expiry is not None and self.given.matches(expiry)):
            return current
        return self.given.tag

    def find_expired(self, current: str | None) -> Expiry | None:
        """Return the expiry of the session after the task if its time has passed, otherwise None. current: its tag."""
        expiry = parse_tag(self.choose_tag(current))
        return expiry if expiry is not None and expiry.time <= self.now else None


def parse_tag(value: str | None) -> Expiry | None:
    """Return the expiry in a tag EXPIRES, None if there is no tag or if another client set a malformed one."""
    time_text, space, duration = (value or "").partition(" ")
    time = _parse_time(time_text)
    if time is None or (space and _parse_duration(duration) is None):
        return None
    return Expiry(time, duration or None)


def format_tag(value: str) -> str:
    """Return a tag EXPIRES for the reason of a call. A duration stands for the time, which depends on the clock."""
    expiry = parse_tag(value)
    return value if expiry is None or expiry.duration is None else f"(now + {expiry.duration})"


def _check_duration(text: str) -> timedelta:
    duration = _parse_duration(text)
    if duration is None:
        raise ValidationError(
            "expires_in must be a duration from 1m to 366d in weeks (w), days (d), hours (h) and minutes (m), such as "
            f"4h or 1d12h, not {quote(text)}."
        )
    return duration


def _check_time(text: str) -> datetime:
    time = _parse_time(text)
    if time is not None:
        return time
    parts = _TIME.fullmatch(text)
    problem = "has no time zone" if parts is not None and parts["zone"] is None else "is not a time in RFC 3339 format"
    raise ValidationError(
        f"expires_at: {quote(text)} {problem}. Give the date, the time to the second, and Z (UTC) or an offset, in "
        'quotes: "2026-11-26T16:00:00Z" or "2026-11-26T17:00:00+01:00".'
    )


def _parse_duration(text: str) -> timedelta | None:
    """Return the duration, None if the text is malformed or out of range."""
    parts = _DURATION.fullmatch(text)
    if parts is None:
        return None
    weeks, days, hours, minutes = (int(part or 0) for part in parts.groups())
    duration = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    return duration if MIN_DURATION <= duration <= MAX_DURATION else None


def _parse_time(text: str) -> datetime | None:
    """Return the time in UTC, None if the text is malformed, has no time zone or is out of the range of datetime."""
    parts = _TIME.fullmatch(text)
    if parts is None or parts["zone"] is None:
        return None
    offset = timedelta(hours=int(parts["hours"] or 0), minutes=int(parts["minutes"] or 0))
    year, month, day, hour, minute, second = (int(part) for part in parts.groups()[:6])
    try:
        zone = timezone(-offset if parts["sign"] == "-" else offset)
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
