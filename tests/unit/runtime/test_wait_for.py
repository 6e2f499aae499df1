# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting until Describe returns the outcome of a task."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import (
    Outcome,
    wait_until_visible,
)

from tests.unit.runtime.fake_ec2 import MODIFY, FakeEc2


def filter_row(filter_id, tags=("Name", "Team"), description="new", rules=((1, ("Why",)), (2, ()))):
    rule_rows = [{"rule_number": n, "tags": dict.fromkeys(keys, "x")} for n, keys in rules]
    return {
        "traffic_mirror_filter_id": filter_id,
        "description": description,
        "tags": dict.fromkeys(tags, "x"),
        "rules": [{"traffic_mirror_filter_rule_id": f"tmfr-{row['rule_number']}", **row} for row in rule_rows],
    }


CURRENT = filter_row("tmf-1")
OLD = filter_row("tmf-1", ("Name", "Old"), "old", ((1, ("Old",)), (2, ())))
OTHER = filter_row("tmf-2")
REPLACED = filter_row("tmf-0", ("Name", "Old"))


@pytest.mark.parametrize(
    ("before", "after", "described", "expected_result"),
    [
        (OLD, CURRENT, [CURRENT], True),
        (OLD, CURRENT, [OLD], False),
        (OLD, CURRENT, [filter_row("tmf-1", description="old")], False),
        (OLD, CURRENT, [filter_row("tmf-1", ("Name",))], False),
        (OLD, CURRENT, [filter_row("tmf-1", ("Name", "Team", "Old"))], False),
        (OLD, CURRENT, [filter_row("tmf-1", ("Name", "Team", "other client"))], True),
        (OLD, CURRENT, [filter_row("tmf-1", rules=((1, ("Why",)),))], False),
        (OLD, CURRENT, [filter_row("tmf-1", rules=((1, ("Why", "Old")), (2, ())))], False),
        (OLD, CURRENT, [filter_row("tmf-1", rules=((1, ("Why",)), (2, ("other client",))))], True),
        (OLD, CURRENT, [], False),
        (None, CURRENT, [CURRENT], True),
        (None, CURRENT, [], False),
        (OLD, None, [], True),
        (OLD, None, [OLD], False),
        (REPLACED, CURRENT, [CURRENT], True),
        (REPLACED, CURRENT, [CURRENT, REPLACED], False),
        (None, None, [], True),
    ],
)
@pytest.mark.parametrize("others", [0, 1])
def test_compares_describe_with_the_outcomes(before, after, described, expected_result, others):
    """others: the number of other outcomes, which EC2 returns. All resources are then read at once."""

    def describe(resource_type, ids=(), child_tags=False):
        assert resource_type is FILTER and child_tags and len(ids) == 1 - others
        return [row for row in [*described, OTHER] if not ids or row["traffic_mirror_filter_id"] in ids]

    ec2 = FakeEc2()
    ec2.describe = describe
    known = {"description", "tags", "rules"}
    expected = {key: value for key, value in after.items() if key in known} if after else None
    outcomes = [(FILTER, Outcome(before, after, expected, (MODIFY,)))]
    outcomes += [(FILTER, Outcome(None, OTHER, {"tags": {}}, (MODIFY,)))] * others
    assert wait_until_visible(outcomes, ec2, timeout=0) is expected_result
