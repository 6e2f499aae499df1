# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits of a plan: their format, what they count, and what happens to a plan that exceeds them."""

from __future__ import annotations

import re

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import Status
from ansible_collections.vtap.aws.plugins.module_utils._batch.guards import (
    Limit,
    describe_held_back,
    parse_limit,
)
from ansible_collections.vtap.aws.plugins.module_utils._fleet import guards, planner
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, ValidationError
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fleet.builders import PROPERTY, aws_state, fleet, interface, session, target


@pytest.mark.parametrize(
    ("text", "number", "percentage"),
    [
        ("0", 0, None),
        ("20", 20, None),
        ("999999999", 999999999, None),
        ("0%", None, 0),
        ("10%", None, 10),
        ("100 %", None, 100),
        ("10 or 10%", 10, 10),
        (" 10  or\t10 %\n", 10, 10),
        ("007", 7, None),
    ],
)
def test_limit_is_parsed(text, number, percentage):
    assert parse_limit("max_deletes", text) == Limit(number, percentage)


INVALID = [
    *(
        "",
        " ",
        "%",
        "or",
        "-1",
        "+1",
        "1.5",
        "1e3",
        "0x10",
        "1_000",
        "1,000",
        "ten",
        "10 10%",
        "1000000000",
        "9" * 5000,
    ),
    *("101%", "120%", "-1%", "1.5%", "10%%", "999999999%", "10 or 101%", "10 or 10", "10% or 10", "10% or 10%"),
    *(
        "10or10%",
        "10 or10%",
        "10or 10%",
        "10 OR 10%",
        "10 or 10% or 10",
        "10 or",
        "or 10%",
        "10 and 10%",
        "all",
        "{{ x }}",
    ),
    *("\u0663", "\u0661\u0660%", "\uff11\uff10", "10\u066a", "\u00b2", "10 or \u0661\u0660%", "10\0"),
]


@pytest.mark.parametrize("text", INVALID, ids=lambda text: ascii(text[:20]))
@pytest.mark.parametrize("both", [True, False])
def test_invalid_limit_fails(text, both):
    with pytest.raises(ValidationError) as raised:
        parse_limit("max_deletes", text, both)
    message = str(raised.value)
    assert message.startswith("max_deletes must be a number from 0 to 999999999 or a percentage from 0% to 100%")
    assert ("such as '10 or 10%'" in message) is both
    assert len(message) < 400 and message.isprintable()


def test_limit_can_be_without_both_parts():
    assert parse_limit("min_coverage", "95%", both=False) == Limit(None, 95)
    with pytest.raises(ValidationError, match=r"percentage from 0% to 100%, not '10 or 10%'"):
        parse_limit("min_coverage", "10 or 10%", both=False)


SPACES = st.text(" \t", max_size=3)
PARTS = st.text("0123456789 or%-.e\u0663\u00a0", max_size=12)


@PROPERTY
@given(st.text(max_size=30) | PARTS)
def test_any_text_is_a_limit_or_an_error(text):
    """Reference: the texts that consist of the documented parts."""
    words = re.sub(r"\s*%", "%", text).split()
    is_number = len(words) in (1, 3) and all(re.fullmatch("[0-9]{1,9}%?", one) for one in words[::2])
    shape = tuple("%" if one.endswith("%") else "or" if one == "or" else "n" for one in words)
    is_valid = is_number and shape in (("n",), ("%",), ("n", "or", "%"))
    is_valid = is_valid and all(int(one[:-1]) <= 100 for one in words if one.endswith("%"))
    try:
        limit = parse_limit("max_deletes", text)
    except ValidationError:
        assert not is_valid
    else:
        assert is_valid
        assert parse_limit("max_deletes", str(limit)) == limit


@PROPERTY
@given(
    st.none() | st.integers(0, 999999999),
    st.none() | st.integers(0, 100),
    st.integers(0, 12000),
    st.lists(SPACES, min_size=3, max_size=3),
)
def test_limit_is_the_higher_part(number, percentage, total, spaces):
    if number is None and percentage is None:
        return
    parts = ([str(number)] if number is not None else []) + (
        [f"{percentage}{spaces[0]}%"] if percentage is not None else []
    )
    limit = parse_limit("max_creates", f"{spaces[1]}{' or '.join(parts)}{spaces[2]}")
    assert limit == Limit(number, percentage)
    assert limit.value(total) == max(number or 0, int((percentage or 0) * total / 100 + 1e-9))
    assert limit.is_reached(total, total) is ((number or 0) <= total)
    enough = max(number or 0, -(-(percentage or 0) * total // 100))
    assert limit.is_reached(enough, total) and not (enough and limit.is_reached(enough - 1, total))


def plan_deletions(deleted, existing, safe=0, adopted=0, **given_options):
    """Return the fleet and the entries of a plan that deletes sessions whose tag no longer matches.

    existing: the number of the fleet's sessions. safe: further ones, of terminated instances and deleted interfaces.
    adopted: further sessions that the plan adopts.
    """
    first = existing + 1
    interfaces = [interface(at, mirror=at > deleted) for at in range(1, existing + adopted + 1)]
    interfaces += [interface(first + adopted + at, state="terminated") for at in range(0, safe, 2)]
    sessions = [
        session(at, at, tags={} if first <= at < first + adopted else None) for at in range(1, first + adopted + safe)
    ]
    one_fleet = fleet(adopt=True, **given_options)
    return one_fleet, planner.plan(one_fleet, aws_state(interfaces, sessions))


@pytest.mark.parametrize(
    ("limit", "deleted", "existing", "is_held"),
    [
        ("10 or 10%", 10, 50, False),
        ("10 or 10%", 11, 50, True),
        ("10 or 10%", 11, 110, False),
        ("10 or 10%", 12, 119, True),
        ("10 or 10%", 2, 3, False),
        ("0", 1, 50, True),
        ("1", 1, 50, False),
        ("50%", 25, 50, False),
        ("50%", 26, 50, True),
        ("100%", 49, 50, False),
        ("0%", 0, 50, False),
    ],
)
def test_deletions_over_the_limit_are_held_back(limit, deleted, existing, is_held):
    message = guards.find_excess_deletions(*plan_deletions(deleted, existing, max_deletes=limit))
    assert (message is not None) is is_held
    if message is not None:
        assert message.startswith(
            f"The plan deletes {deleted} session{'s' if deleted > 1 else ''}; max_deletes allows "
        )
        assert re.search(rf"Reasons: {deleted} x no longer matches sources\[0\].* \(eni-0*1[,)]", message)


@pytest.mark.parametrize("limit", ["0", "10 or 10%", "100%", "999999999"])
@pytest.mark.parametrize(("existing", "adopted"), [(1, 0), (5, 0), (1, 1), (5, 20)])
def test_deleting_every_session_of_the_fleet_is_held_back(limit, existing, adopted):
    """Also if the fleet adopts other sessions at the same time."""
    message = guards.find_excess_deletions(*plan_deletions(existing, existing, adopted=adopted, max_deletes=limit))
    assert message.startswith(f"The plan deletes every session of fleet ids ({existing}). Reasons: {existing} x ")
    assert "state: absent" in message


@pytest.mark.parametrize(
    ("limit", "deleted", "existing", "is_held"),
    [("1", 1, 2, False), ("50%", 1, 2, False), ("50%", 2, 3, True), ("100%", 1, 1, True), ("0", 0, 0, False)],
)
def test_sessions_of_ended_instances_and_deleted_interfaces_do_not_count(limit, deleted, existing, is_held):
    """Neither as deletions nor as sessions of the fleet."""
    one_fleet, entries = plan_deletions(deleted, existing, safe=20, max_deletes=limit)
    assert sum(entry.action == "delete" for entry in entries) == deleted + 20
    assert (guards.find_excess_deletions(one_fleet, entries) is not None) is is_held


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "stopped"},
        {"attached_to": "", "instance": None},
        {"tags": {"Role": "sensor"}},
        {"owner_id": "210987654321"},
    ],
)
def test_other_deletions_count(fields):
    """Of stopped instances, detached, excluded and ineligible interfaces."""
    one_fleet = fleet(on_stopped="delete", exclude=[{"tags": {"Role": "sensor"}}], max_deletes="0")
    sessions = [session(1, 1), session(2, 2)]
    entries = planner.plan(one_fleet, aws_state([interface(1, **fields), interface(2)], sessions))
    assert [entry.action for entry in entries] == ["delete", "unchanged"]
    assert guards.find_excess_deletions(one_fleet, entries).startswith(
        "The plan deletes 1 session; max_deletes allows 0."
    )


def test_second_sessions_of_an_interface_count():
    one_fleet = fleet(max_deletes="0")
    sessions = [session(1, 1), session(2, 1, session_number=2)]
    assert guards.find_excess_deletions(one_fleet, planner.plan(one_fleet, aws_state([interface(1)], sessions)))


def test_limits_do_not_apply_to_absent():
    one_fleet = fleet(state="absent", max_deletes="0")
    entries = planner.plan(one_fleet, aws_state([], [session(1, 1)]))
    assert guards.find_excess_deletions(one_fleet, entries) is None
    guards.check_limits(one_fleet, entries)


@pytest.mark.parametrize(
    ("given_options", "message"),
    [
        (
            {"max_creates": "1"},
            r"creates 3 sessions; max_creates allows 1\. Nothing was changed\. Reasons: 3 x new match",
        ),
        ({"max_creates": "0"}, r"max_creates allows 0\."),
        # Of eight selected interfaces, of which one is ineligible, one excluded and one stopped.
        ({"max_creates": "37%"}, r"max_creates allows 2 \(37% of 8\)"),
        ({"max_creates": "38%"}, None),
        ({"max_creates": "3 or 10%"}, None),
        (
            {"max_updates": "0", "description": "new"},
            r"updates 2 sessions; max_updates allows 0\..*differs in description",
        ),
        ({"max_updates": "99%", "description": "new"}, r"max_updates allows 1 \(99% of 2\)"),
        ({"max_updates": "100%", "description": "new"}, None),
        ({"max_updates": "0"}, None),
    ],
)
def test_creations_and_updates_over_the_limit_fail(given_options, message):
    interfaces = [
        *map(interface, range(1, 6)),
        interface(6, instance_type="t2.micro"),
        interface(7, tags={"Role": "sensor"}),
        interface(8, mirror=False),
        interface(9, state="stopped"),
    ]
    one_fleet = fleet(exclude=[{"tags": {"Role": "sensor"}}], **given_options)
    entries = planner.plan(one_fleet, aws_state(interfaces, [session(4, 4), session(5, 5)]))
    if message is None:
        guards.check_limits(one_fleet, entries)
    else:
        with pytest.raises(ConflictError, match=message):
            guards.check_limits(one_fleet, entries)


def test_creations_that_need_held_back_deletions_do_not_count():
    one_fleet = fleet(max_creates="0", max_deletes="0")
    state = aws_state([interface(1), interface(2, mirror=False)], [session(2, 2)], [target(1, 1)])
    with pytest.raises(ConflictError, match="creates 1 session;"):
        guards.check_limits(one_fleet, planner.plan(one_fleet, state))
    guards.check_limits(one_fleet, planner.plan(one_fleet, state, hold_deletions=True))


def test_message_of_held_back_deletions():
    one_fleet = fleet(max_deletes="0")
    interfaces = [interface(1), interface(2, mirror=False), interface(3, state="terminated"), interface(4)]
    state = aws_state(interfaces, [session(2, 2), session(3, 3), session(4, 4)])
    entries = planner.plan(one_fleet, state, hold_deletions=True)
    predicted = describe_held_back("Why.", entries, check_mode=True)
    assert predicted == "Why. The deletions would be held back, and all other changes made."
    for entry in entries:
        if entry.is_open:
            entry.status = Status.DONE
    done = describe_held_back("Why.", entries, check_mode=False)
    assert done == "Why. The deletions were held back. Other changes: 1 created, 1 deleted."
    entries[0].fail("AccessDenied", "no")
    entries[2].fail("AccessDenied", "no")
    done = describe_held_back("Why.", entries, check_mode=False)
    assert done.endswith("Other changes: 2 failed.")
    only = [entry for entry in entries if entry.status is Status.HELD_BACK]
    assert describe_held_back("Why.", only, check_mode=False).endswith("Other changes: none.")


def test_ineligible_interfaces_can_fail_the_task():
    """Neither excluded nor stopped interfaces count."""
    one_fleet = fleet(exclude=[{"tags": {"Role": "sensor"}}])
    others = [interface(1, tags={"Role": "sensor"}), interface(2, state="stopped"), interface(3)]
    guards.check_eligible(planner.plan(one_fleet, aws_state(others)))
    entries = planner.plan(one_fleet, aws_state([*others, interface(4, ipv6_only=True)]))
    with pytest.raises(
        ConflictError,
        match=r"^on_ineligible is fail, and selected interfaces cannot .*1 x subnet is IPv6-only \(eni-0*4\)",
    ):
        guards.check_eligible(entries)


@pytest.mark.parametrize(("others", "is_said"), [((), False), ((interface(2),), True)])
def test_message_says_that_new_sessions_count_in_the_next_run(others, is_said):
    """The first run creates sessions. With them, the same deletions are not all sessions of the fleet."""
    one_fleet = fleet()
    entries = planner.plan(one_fleet, aws_state([interface(1, mirror=False), *others], [session(1, 1)]))
    assert ("The next run does not delete every session" in guards.find_excess_deletions(one_fleet, entries)) is is_said
