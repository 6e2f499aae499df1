# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests and properties of the expiry options and of the tag that stores them."""

from __future__ import annotations

import contextlib
import string
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.api_objects import add_expires_at
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.expiry import (
    Expiry,
    ExpiryOptions,
    format_tag,
    parse_tag,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)
PAST, FUTURE = "2026-11-26T12:00:00Z", "2026-11-26T16:00:00Z"
TIMES = st.datetimes(timezones=st.just(timezone.utc)).map(lambda one: one.replace(microsecond=0))
DURATIONS = st.integers(1, 366 * 24 * 60)  # minutes
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59)


def parse(now=NOW, **options):
    return ExpiryOptions.from_options(options, now)


def format_offset(offset):
    return f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"


def spell(minutes, units):
    """Return a duration in these units and minutes."""
    text = ""
    for unit, length in {"w": 7 * 24 * 60, "d": 24 * 60, "h": 60}.items():
        if unit in units and minutes >= length:
            text += f"{minutes // length}{unit}"
            minutes %= length
    return text + (f"{minutes}m" if minutes or not text else "")


@given(TIMES, st.none() | DURATIONS)
def test_tag_round_trip(time, minutes):
    expiry = Expiry(time, None if minutes is None else f"{minutes}m")
    assert parse_tag(expiry.tag) == expiry
    assert parse(expires_at=expiry.expires_at).given == Expiry(time)
    # EC2 User Guide, "Tag restrictions".
    assert set(expiry.tag) <= set(string.ascii_letters + string.digits + " +-=._:/@")


@given(TIMES, TIMES)
def test_order_of_the_texts_is_the_order_of_the_times(one, other):
    assert (Expiry(one).expires_at <= Expiry(other).expires_at) == (one <= other)


@given(TIMES, OFFSETS, st.sampled_from("Tt "))
def test_offsets_are_equal_instants(time, offset, separator):
    try:
        local = time + timedelta(minutes=offset)
    except OverflowError:
        return
    text = f"{local.replace(tzinfo=None).isoformat(separator)}{format_offset(offset)}"
    given_options = parse(expires_at=text)
    assert given_options.given == Expiry(time)
    assert given_options.choose_tag(Expiry(time, "4h").tag) == Expiry(time, "4h").tag


@given(DURATIONS, st.sets(st.sampled_from("wdh")), st.sets(st.sampled_from("wdh")), TIMES)
def test_spellings_of_a_duration_are_equal(minutes, units, other_units, time):
    given_options = parse(expires_in=spell(minutes, units))
    assert given_options.given.time == NOW + timedelta(minutes=minutes)
    current = Expiry(time, spell(minutes, other_units)).tag
    assert given_options.choose_tag(current) == current


@given(st.none() | TIMES, st.none() | DURATIONS, st.fixed_dictionaries({}, optional={"expires_at": TIMES}))
def test_second_run_keeps_the_tag(time, minutes, options):
    options = {key: Expiry(value).expires_at for key, value in options.items()} or {"expires_in": "4h"}
    current = None if time is None else Expiry(time, minutes and f"{minutes}m").tag
    chosen = parse(**options).choose_tag(current)
    later = parse(NOW + timedelta(hours=9), **options)
    assert chosen is not None and later.choose_tag(chosen) == chosen


@given(st.text())
def test_any_text(text):
    """A text is valid or leads to a message with the option. No other error occurs."""
    parse_tag(text)
    for options in ({"expires_in": text}, {"expires_at": text}):
        with contextlib.suppress(ValidationError):
            assert parse(**options).removes == (options == {"expires_at": ""})


@pytest.mark.parametrize("text", ["4h", "240m", "1d12h", "1w", "1w2d3h4m", "366d", "1m", "0d1m", "04h"])
def test_valid_durations(text):
    assert parse(expires_in=text).given.duration == text


INVALID_DURATIONS = ("", "4", "0m", "0h", "366d1m", "4H", "4 h", "1h1d", "1h1h", "-4h", "1.5h", "4s", "\u0664h")


@pytest.mark.parametrize("text", INVALID_DURATIONS)
def test_invalid_durations(text):
    with pytest.raises(ValidationError, match="expires_in must be a duration from 1m to 366d .*, such as 4h or 1d12h"):
        parse(expires_in=text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("2026-11-26T16:00:00", "has no time zone"),
        ("2026-11-26 16:00:00", "has no time zone"),
        *(
            (text, "is not a time in RFC 3339 format")
            for text in (
                "2026-11-26",
                "2026-11-26T16:00Z",
                "2026-11-26T16:00:00.5Z",
                "2026-11-26T16:00:00+0100",
                "2026-11-26T16:00:00+24:00",
                "2026-11-26T24:00:00Z",
                "2026-02-30T16:00:00Z",
                "0001-01-01T00:00:00+01:00",
                "2026-11-26T16:00:00Z 4h",
                "4h",
                " ",
                "\u0662026-11-26T16:00:00Z",
            )
        ),
    ],
)
def test_invalid_times(text, problem):
    with pytest.raises(ValidationError) as error:
        parse(expires_at=text)
    assert str(error.value).startswith(f"expires_at: {text!r} {problem}. Give the date, ")


def test_time_of_the_task_has_whole_seconds():
    given_options = parse(NOW.replace(microsecond=999999), expires_in="4h")
    assert given_options.given.tag == "2026-11-26T16:00:00Z 4h"


@pytest.mark.parametrize(
    ("options", "current", "chosen"),
    [
        ({}, None, None),
        ({}, FUTURE, FUTURE),
        ({}, "soon", "soon"),
        ({"expires_at": ""}, FUTURE, None),
        ({"expires_at": ""}, None, None),
        ({"expires_in": "4h"}, None, f"{FUTURE} 4h"),
        ({"expires_in": "4h"}, "soon", f"{FUTURE} 4h"),
        ({"expires_in": "4h"}, f"{PAST} 240m", f"{PAST} 240m"),
        ({"expires_in": "4h"}, f"{PAST} 5h", f"{FUTURE} 4h"),
        ({"expires_in": "4h"}, FUTURE, f"{FUTURE} 4h"),
        ({"expires_at": FUTURE}, None, FUTURE),
        ({"expires_at": FUTURE}, PAST, FUTURE),
        ({"expires_at": FUTURE}, f"{FUTURE} 4h", f"{FUTURE} 4h"),
        ({"expires_at": FUTURE}, f"{PAST} 4h", FUTURE),
    ],
)
def test_chosen_tag(options, current, chosen):
    assert parse(**options).choose_tag(current) == chosen


@pytest.mark.parametrize(
    ("options", "current", "is_expired"),
    [
        ({}, None, False),
        ({}, PAST, True),
        ({}, f"{PAST} 4h", True),
        ({}, "2026-11-26T12:00:01Z", False),
        ({}, "soon", False),
        ({"expires_in": "4h"}, f"{PAST} 4h", True),
        ({"expires_in": "4h"}, f"{PAST} 5h", False),
        ({"expires_at": PAST}, None, True),
        ({"expires_at": PAST}, FUTURE, True),
        ({"expires_at": FUTURE}, PAST, False),
        ({"expires_at": ""}, PAST, False),
    ],
)
def test_expired(options, current, is_expired):
    assert (parse(**options).find_expired(current) is not None) == is_expired


@pytest.mark.parametrize("value", ["", "soon", f"{FUTURE} ", f"{FUTURE} 4", f"{FUTURE} 4h 4h", "2026-11-26T16:00:00"])
def test_malformed_tags(value):
    assert parse_tag(value) is None
    assert format_tag(value) == value
    assert "expires_at" not in add_expires_at(SESSION, {"tags": {"vtap:expires": value}})


def test_results():
    tags = {"tags": {"vtap:expires": f"{FUTURE} 4h"}}
    assert add_expires_at(SESSION, tags) == {**tags, "expires_at": FUTURE}
    assert add_expires_at(FILTER, tags) == tags
    assert add_expires_at(SESSION, {}) == {}


def test_reason_of_a_call_has_no_time_that_depends_on_the_clock():
    assert format_tag(f"{FUTURE} 4h") == "(now + 4h)"
    assert format_tag(FUTURE) == FUTURE
