# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cause of each change: alerts fire on drift, but not on new matches."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import Status
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.plan_entry import CAUSES, count_causes
from hypothesis import given

from tests.unit.fleet.builders import FLEETS, OTHER_FILTER, PROPERTY, aws_state, aws_states, fleet, interface, session

OLD = {"vtap:fleet": "old"}


@pytest.mark.parametrize(
    ("interfaces", "sessions", "options", "expected"),
    [
        ([interface(1)], [], {}, {"new_match": 1}),
        ([interface(1)], [session(1, 1)], {}, {}),
        ([interface(1)], [session(1, 1)], {"description": "x"}, {"drift": 1}),
        ([interface(1)], [session(1, 1, filter_id=OTHER_FILTER)], {}, {"drift": 1}),
        ([interface(1)], [session(1, 1, target=2)], {}, {"drift": 1}),
        ([interface(1)], [session(1, 1)], {"tags": {"Team": "a"}}, {"drift": 1}),
        ([interface(1)], [session(1, 1), session(2, 1, session_number=2)], {}, {"drift": 1}),
        ([interface(1)], [session(1, 1, tags={})], {"adopt": True}, {"adoption": 1}),
        ([interface(1)], [session(1, 1, tags=OLD)], {"adopt_fleets": ["old"]}, {"adoption": 1}),
        # Neither the sources match, nor does purge allow the deletion: the session gets only the name of the fleet.
        (
            [interface(1, mirror=False)],
            [session(1, 1, tags=OLD)],
            {"adopt_fleets": ["old"], "purge": False},
            {"adoption": 1},
        ),
        ([interface(1, mirror=False)], [session(1, 1)], {}, {"removal": 1}),
        ([], [session(1, 1)], {}, {"removal": 1}),
        ([], [session(1, 1)], {"state": "absent"}, {"removal": 1}),
        ([interface(1, ipv6_only=True)], [], {}, {}),
    ],
)
def test_cause(interfaces, sessions, options, expected):
    entries = planner.plan(fleet(**options), aws_state(interfaces, sessions))
    assert {cause: count for cause, count in count_causes(entries).items() if count} == expected


def test_changes_that_were_not_carried_out_do_not_count():
    entries = planner.plan(fleet(description="x"), aws_state([interface(1), interface(2)], [session(1, 1)]))
    update, creation = entries
    update.fail("UnauthorizedOperation", "no")
    creation.status = Status.DONE
    assert count_causes(entries) == {"new_match": 1, "drift": 0, "adoption": 0, "removal": 0}
    assert [entry.describe()["cause"] for entry in entries] == ["drift", "new_match"]


@PROPERTY
@given(FLEETS, aws_states())
def test_every_change_has_a_cause(one_fleet, state):
    for entry in planner.plan(one_fleet, state):
        assert (entry.cause in CAUSES) == (entry.action in ("create", "update", "delete"))
        assert (entry.cause is None) == (not entry.plan.actions)
