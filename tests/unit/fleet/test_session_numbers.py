# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Session numbers: no other session loses packets by default, and no session without packets is created."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet.filter_table import FilterTable
from ansible_collections.vtap.aws.plugins.module_utils._fleet.number_range import NumberRange
from ansible_collections.vtap.aws.plugins.module_utils._fleet.session_numbers import (
    NumberChoice,
    choose_number,
    find_victims,
    keep_number,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fleet.builders import (
    ALL_FILTER,
    DNS_FILTER,
    EMPTY_FILTER,
    FILTER_ID,
    FILTERS,
    MIXED_FILTER,
    OTHER_FILTER,
    PROPERTY,
    session,
)

TABLE = FilterTable(FILTERS.values())
HIGHEST = 32766
TAKEN = f"another session has the highest session number, {HIGHEST}"
SHADOWED = "would get no packets: sessions with lower numbers mirror the same packets"


def parse_range(text):
    return NumberRange.parse("session_numbers", text, SESSION.field("session_number"))


def sessions_with(numbers, filter_id=DNS_FILTER, **given_fields):
    """Sessions outside the fleet with these numbers."""
    fields = {"tags": {}, **given_fields}
    return [session(at, 1, session_number=number, filter_id=filter_id, **fields) for at, number in enumerate(numbers)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", (7, 7)),
        ("1-3", (1, 3)),
        (" 1 - 3 ", (1, 3)),
        ("1-1", (1, 1)),
        ("1-32766", (1, HIGHEST)),
        ("007", (7, 7)),
    ],
)
def test_range_is_parsed(text, expected):
    numbers = parse_range(text)
    assert (numbers.lowest, numbers.highest) == expected
    assert parse_range(str(numbers)) == numbers
    assert str(NumberRange(7, 7)) == "7"


@pytest.mark.parametrize(
    "text", ["", " ", "0", "3-1", "1-32767", "-1", "1-", "1e3", "1,2", "1\u20133", "\u0663", "0-3", "9" * 5000]
)
def test_invalid_range_fails(text):
    with pytest.raises(ValidationError, match=r"session_numbers must be a number or LOWEST-HIGHEST within 1 to 32766"):
        parse_range(text)


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ([], NumberChoice(1)),
        ([1], NumberChoice(2)),
        ([7, 3], NumberChoice(8)),
        ([HIGHEST - 1], NumberChoice(HIGHEST)),
        ([1, HIGHEST], NumberChoice(None, TAKEN)),
    ],
)
def test_by_default_a_new_session_comes_last(used, expected):
    assert choose_number(None, FILTER_ID, TABLE, sessions_with(used)) == expected


@pytest.mark.parametrize(
    ("numbers", "used", "expected"),
    [
        ("1-3", [], NumberChoice(1)),
        ("1-3", [1, 3], NumberChoice(2)),
        ("5", [1, 7], NumberChoice(5)),
        ("1-2", [2, 1], NumberChoice(None, "no free session number in 1-2")),
        ("5", [5], NumberChoice(None, "no free session number in 5")),
        (f"{HIGHEST}", [1], NumberChoice(HIGHEST)),
    ],
)
def test_explicit_numbers_have_the_lowest_free_one(numbers, used, expected):
    """Even if sessions with higher numbers lose packets."""
    assert choose_number(parse_range(numbers), ALL_FILTER, TABLE, sessions_with(used)) == expected


@pytest.mark.parametrize(
    ("numbers", "new", "others", "number"),
    [
        (None, FILTER_ID, [(3, FILTER_ID)], None),
        (None, OTHER_FILTER, [(3, FILTER_ID)], None),
        (None, FILTER_ID, [(3, OTHER_FILTER)], 4),
        (None, DNS_FILTER, [(3, FILTER_ID)], 4),
        (None, MIXED_FILTER, [(1, FILTER_ID), (2, DNS_FILTER)], None),
        (None, ALL_FILTER, [(1, FILTER_ID), (2, DNS_FILTER)], 3),
        # Only sessions with lower numbers count.
        ("1-2", FILTER_ID, [(3, FILTER_ID)], 1),
        ("1-2", FILTER_ID, [(1, FILTER_ID)], None),
        ("4", FILTER_ID, [(3, FILTER_ID)], None),
        # A filter without accept rules may get some later. Unknown filters are no reason.
        (None, EMPTY_FILTER, [(3, FILTER_ID)], 4),
        (None, "tmf-unknown", [(3, FILTER_ID)], 4),
        (None, "tmf-unknown", [(3, "tmf-unknown")], None),
    ],
)
def test_session_without_packets_gets_no_number(numbers, new, others, number):
    others = [session(at, 1, session_number=at, filter_id=one, tags={}) for at, one in others]
    choice = choose_number(None if numbers is None else parse_range(numbers), new, TABLE, others)
    assert choice == NumberChoice(number, "" if number else SHADOWED)


def test_reason_names_the_other_fleet_and_no_session():
    others = sessions_with([1], FILTER_ID, tags={"vtap:fleet": "soc"})
    choice = choose_number(None, FILTER_ID, TABLE, others)
    assert choice.problem.startswith("would get no packets: sessions with lower numbers (fleet soc)")
    assert "tms-" not in choice.problem


@pytest.mark.parametrize(
    ("number", "numbers", "used", "expected"),
    [
        (3, "1-3", [1], NumberChoice(3)),
        (9, "1-3", [1, 3], NumberChoice(2)),
        (9, "1-2", [1, 2], NumberChoice(9, "no free session number in 1-2")),
        (9, "1-2", [], NumberChoice(1)),
    ],
)
def test_existing_session_outside_the_range_moves_into_it_or_stays(number, numbers, used, expected):
    current = session(20, 1, session_number=number)
    assert keep_number(parse_range(numbers), FILTER_ID, TABLE, current, sessions_with(used)) == expected


@pytest.mark.parametrize(
    ("old", "new", "others", "expected"),
    [
        # The same filter takes nothing that it did not take before.
        (FILTER_ID, FILTER_ID, [(9, FILTER_ID)], NumberChoice(5)),
        (OTHER_FILTER, FILTER_ID, [], NumberChoice(5)),
        (OTHER_FILTER, FILTER_ID, [(4, FILTER_ID)], NumberChoice(5)),
        (OTHER_FILTER, FILTER_ID, [(9, FILTER_ID)], NumberChoice(10)),
        (FILTER_ID, OTHER_FILTER, [(9, FILTER_ID)], NumberChoice(5)),
        # What a lower session takes already is no loss.
        (OTHER_FILTER, FILTER_ID, [(4, FILTER_ID), (9, FILTER_ID)], NumberChoice(5)),
        (OTHER_FILTER, FILTER_ID, [(9, DNS_FILTER)], NumberChoice(5)),
        (OTHER_FILTER, MIXED_FILTER, [(9, DNS_FILTER)], NumberChoice(10)),
        (OTHER_FILTER, FILTER_ID, [(9, EMPTY_FILTER)], NumberChoice(5)),
        # Packets that cannot be compared count as lost.
        (OTHER_FILTER, FILTER_ID, [(9, "tmf-unknown")], NumberChoice(10)),
        ("tmf-unknown", FILTER_ID, [(9, OTHER_FILTER)], NumberChoice(10)),
        (OTHER_FILTER, FILTER_ID, [(HIGHEST, FILTER_ID)], NumberChoice(None, TAKEN)),
    ],
)
def test_changed_filter_moves_a_session_that_would_take_packets(old, new, others, expected):
    """By default. The session has number 5."""
    current = session(20, 1, session_number=5, filter_id=old)
    others = [session(at, 1, session_number=at, filter_id=one, tags={}) for at, one in others]
    assert keep_number(None, new, TABLE, current, others) == expected


@PROPERTY
@given(
    st.sampled_from(sorted(FILTERS)),
    st.sampled_from(sorted(FILTERS)),
    st.dictionaries(st.integers(1, 8), st.sampled_from(sorted(FILTERS)), max_size=3),
)
def test_victims_have_higher_numbers_and_packets_of_both_filters(old, new, others):
    """At the number that keep_number chooses, the session has no victims."""
    rows = [session(at, 1, session_number=at, filter_id=one, tags={}) for at, one in others.items() if at != 5]
    current = session(20, 1, session_number=5, filter_id=old)
    victims = find_victims(TABLE, new, current, rows)
    assert all(one["session_number"] > 5 and one["traffic_mirror_filter_id"] != EMPTY_FILTER for one in victims)
    number = keep_number(None, new, TABLE, current, rows).number
    assert (number != 5) is bool(victims)
    assert not victims or number > max(others)
