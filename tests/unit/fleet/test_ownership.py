# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which sessions belong to a fleet, which ones it adopts, and fleets that look like a renamed one."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.ownership import (
    check_other_fleets,
    find_adoptable,
    list_owned,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fleet.builders import (
    FLEETS,
    LIMITS,
    OTHER,
    OTHER_FILTER,
    PROPERTY,
    aws_state,
    aws_states,
    fleet,
    interface,
    is_owned,
    session,
    target,
)

OLD, SOC = {"vtap:fleet": "old"}, {"vtap:fleet": "soc"}


def ids(sessions):
    return [int(one["traffic_mirror_session_id"][4:], 16) for one in sessions]


@PROPERTY
@given(FLEETS, aws_states(), st.randoms())
def test_owned_sessions_have_the_tag_and_one_order(one_fleet, state, random):
    """Concurrent runs read the sessions in any order, and keep the same one."""
    owned = list_owned(one_fleet, state.sessions, LIMITS)
    assert {*ids(owned)} == {*ids(one for one in state.sessions if is_owned(one_fleet, one))}
    shuffled = list(state.sessions)
    random.shuffle(shuffled)
    assert list_owned(one_fleet, shuffled, LIMITS) == owned


@pytest.mark.parametrize(
    ("sessions", "numbers", "expected"),
    [
        ([session(1, 1, session_number=2), session(2, 1, session_number=1)], None, [2, 1]),
        # The own session, whatever the numbers, before one of an adopted fleet.
        ([session(1, 1, session_number=1, tags=OLD), session(2, 1, session_number=9)], "1-3", [2, 1]),
        ([session(1, 1, session_number=1), session(2, 1, session_number=5)], "4-5", [2, 1]),
        ([session(2, 1), session(1, 1)], None, [1, 2]),
        ([session(1, 1, tags=SOC), session(2, 1, owner=OTHER), session(3, 1, tags={})], None, []),
    ],
)
def test_session_to_keep_comes_first(sessions, numbers, expected):
    assert ids(list_owned(fleet(session_numbers=numbers, adopt_fleets=["old"]), sessions, LIMITS)) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"tags": {"vtap:fleet": "soc"}},
        {"tags": {"vtap:stack": "lab"}},
        {"tags": {"vtap:expires": "2026-12-01"}},
        {"tags": {"vtap:replaces": "tms-0a1b2c3d"}},
        {"tags": {"aws:cloudformation:stack-id": "arn:aws:cloudformation:eu-west-1:123456789012:stack/lab/1"}},
        {"owner": OTHER},
        {"filter_id": OTHER_FILTER},
        {"target": 2},
    ],
)
def test_sessions_of_other_owners_are_not_adopted(fields):
    given_fields = {"tags": {}, **fields}
    state = aws_state([interface(1)], [session(1, 1, **given_fields)])
    assert find_adoptable(fleet(adopt=True), state, state.sessions) is None
    (entry,) = planner.plan(fleet(adopt=True), state)
    assert entry.plan.before is None


def test_adopted_is_the_session_that_gets_packets_first():
    sessions = [session(1, 1, session_number=7, tags={}), session(2, 1, session_number=3, tags={"Name": "web"})]
    state = aws_state([interface(1)], sessions)
    assert find_adoptable(fleet(adopt=True), state, sessions) is sessions[1]
    assert find_adoptable(fleet(), state, sessions) is None
    assert find_adoptable(fleet(adopt=True), state, []) is None


def sessions_on(*numbers, **fields):
    return [session(10 + number, number, **{"tags": SOC, **fields}) for number in numbers]


@pytest.mark.parametrize(
    ("sessions", "is_refused"),
    [
        (sessions_on(1, 2), True),
        # Fleets that mirror other interfaces, with another filter or to other targets are other fleets.
        (sessions_on(1), False),
        (sessions_on(1, 2, 9), False),
        (sessions_on(1, 2, filter_id=OTHER_FILTER), False),
        (sessions_on(1, 2, target=3), False),
        ([*sessions_on(1), *sessions_on(2, target=3)], False),
        ([*sessions_on(1), *sessions_on(2, target=2)], True),
        # Neither sessions without a fleet nor those of other accounts are a fleet of this account.
        (sessions_on(1, 2, tags={}), False),
        (sessions_on(1, 2, owner=OTHER), False),
        # A fleet that has sessions is not new.
        ([*sessions_on(1, 2), session(1, 1, session_number=9)], False),
        ([*sessions_on(1, 2), session(1, 9)], False),
    ],
)
def test_new_fleet_like_another_one_fails(sessions, is_refused):
    state = aws_state([interface(1), interface(2)], sessions, [target(1), target(2)])
    with (
        pytest.raises(ConflictError, match=r"Fleet 'soc' .*on 2 interfaces\. .*set adopt_fleets: \['soc'\]\.")
        if is_refused
        else nullcontext()
    ):
        check_other_fleets(fleet(), state, planner.plan(fleet(), state))


def test_interfaces_that_get_no_session_do_not_hide_the_other_fleet():
    """EC2 cannot mirror interface 2, interface 3 has three sessions of others, and interface 4 is stopped."""
    full = [session(30 + number, 3, session_number=number, tags={}) for number in (1, 2, 3)]
    interfaces = [
        interface(1),
        interface(2, instance_type="t2.micro"),
        interface(3),
        interface(4, state="stopped"),
    ]
    state = aws_state(interfaces, [*sessions_on(1), *full])
    with pytest.raises(ConflictError, match=r"adopt_fleets: \['soc'\]"):
        check_other_fleets(fleet(), state, planner.plan(fleet(), state))


@pytest.mark.parametrize("given_options", [{"adopt_fleets": ["soc"]}, {"state": "absent"}])
def test_other_fleet_is_accepted_if_the_task_names_it_or_deletes(given_options):
    one_fleet = fleet(**given_options)
    state = aws_state([interface(1)] if one_fleet.present else [], sessions_on(1))
    check_other_fleets(one_fleet, state, planner.plan(one_fleet, state))


def test_empty_selection_is_not_like_another_fleet():
    state = aws_state([], sessions_on(1))
    check_other_fleets(fleet(), state, planner.plan(fleet(), state))
