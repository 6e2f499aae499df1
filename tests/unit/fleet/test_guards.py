# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits of a plan."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet import guards, planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError

from tests.unit.fleet.builders import aws_state, interface, options, session


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (
            {"max_creates": "1"},
            r"creates 3 sessions; max_creates allows 1\. Nothing .* Reasons: 3 x new match \(eni-0*1, \.\.\.\)",
        ),
        ({"max_creates": "50%"}, r"max_creates allows 1 \(50% of 3\)"),
    ],
)
def test_plan_over_limit_fails(limit, message):
    fleet = Fleet.from_options(options(**limit))
    entries = planner.plan(fleet, aws_state([interface(number) for number in (1, 2, 3)]))
    with pytest.raises(ConflictError, match=message):
        guards.check_limits(fleet, entries)


def test_empty_selection_fails():
    fleet = Fleet.from_options(options())
    with pytest.raises(ConflictError, match="delete all 1 sessions of fleet ids; nothing was changed"):
        guards.check_limits(fleet, planner.plan(fleet, aws_state([], [session(1, 1)])))


def test_exclusion_of_all_interfaces_fails():
    fleet = Fleet.from_options(options(exclude=[{"instance_types": ["*"]}]))
    with pytest.raises(
        ConflictError, match=r"The plan would delete all 1 sessions .*Reasons: 1 x excluded by exclude\[0\] \(eni-"
    ):
        guards.check_limits(fleet, planner.plan(fleet, aws_state([interface(1)], [session(1, 1)])))
