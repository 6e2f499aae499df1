# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Duplicate names: two clients that create a filter at the same time."""

from __future__ import annotations

import re

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._runtime import executor
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import (
    ConcurrentCreate,
    PartialFailure,
    apply_until_stable,
)

from tests.unit.runtime.fake_ec2 import (
    CREATE_FILTER,
    CREATE_RULE,
    DENIED,
    FILTER_NOT_FOUND,
    NO_CHANGE,
    NO_RESPONSE,
    FakeFilterEc2,
    filter_plan,
    planner,
)


class DuplicateFilterEc2(FakeFilterEc2):
    """Also describes filters: returns or raises the responses in order, and the last one from then on."""

    def __init__(self, *responses, script=()):
        super().__init__(*script)
        self.responses = [[{"traffic_mirror_filter_id": filter_id} for filter_id in ids] for ids in responses]

    def describe(self, resource_type):
        rows = self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]
        if isinstance(rows, Exception):
            raise rows
        return rows


NEW, LESSER, GREATER = "tmf-new", "tmf-a", "tmf-z"


def unique_filter_plan(*actions, **facts):
    return filter_plan(*actions, duplicates=lambda row: row["traffic_mirror_filter_id"] != "tmf-old", **facts)


def test_filter_without_duplicate_is_kept(delays):
    ec2 = DuplicateFilterEc2(["tmf-old", NEW])
    assert apply_until_stable(planner(unique_filter_plan(CREATE_FILTER, CREATE_RULE)), ec2).actions == (
        CREATE_FILTER,
        CREATE_RULE,
    )
    assert ec2.calls == [CREATE_FILTER.operation, CREATE_RULE.operation] and delays == []


@pytest.mark.parametrize("error", [None, FILTER_NOT_FOUND])
def test_filter_with_the_greater_id_is_deleted_at_once(error, delays):
    ec2 = DuplicateFilterEc2([LESSER, NEW], script=[None, error])
    assert apply_until_stable(planner(unique_filter_plan(CREATE_FILTER, CREATE_RULE), NO_CHANGE), ec2).actions == ()
    assert ec2.calls == [CREATE_FILTER.operation, "DeleteTrafficMirrorFilter"]
    assert delays == [executor.RETRY_DELAYS[0]]


def test_filter_with_the_lesser_id_is_kept_if_the_duplicate_is_deleted(delays):
    ec2 = DuplicateFilterEc2([NEW, GREATER], [NEW, GREATER], [NEW])
    assert apply_until_stable(planner(unique_filter_plan(CREATE_FILTER, CREATE_RULE)), ec2).actions == (
        CREATE_FILTER,
        CREATE_RULE,
    )
    assert ec2.calls == [CREATE_FILTER.operation, CREATE_RULE.operation] and delays == list(
        executor.DUPLICATE_CHECK_DELAYS[:2]
    )


def test_filter_with_the_lesser_id_is_deleted_if_the_duplicate_stays(delays):
    ec2 = DuplicateFilterEc2([NEW, GREATER])
    assert apply_until_stable(planner(unique_filter_plan(CREATE_FILTER, CREATE_RULE), NO_CHANGE), ec2).actions == ()
    assert ec2.calls == [CREATE_FILTER.operation, "DeleteTrafficMirrorFilter"]
    assert delays == [*executor.DUPLICATE_CHECK_DELAYS, executor.RETRY_DELAYS[0]]


def test_repeated_duplicates_fail():
    ec2 = DuplicateFilterEc2([LESSER, NEW])
    with pytest.raises(ConcurrentCreate, match="Another client kept creating the same resource, filter;"):
        apply_until_stable(planner(unique_filter_plan(CREATE_FILTER)), ec2)
    assert ec2.calls == [CREATE_FILTER.operation, "DeleteTrafficMirrorFilter"] * (1 + len(executor.RETRY_DELAYS))


@pytest.mark.parametrize("error", [DENIED, NO_RESPONSE])
def test_failure_names_both_filters_if_the_delete_fails(error):
    both = "Two filters now have this name: tmf-new (created by this task) and tmf-a. Delete one."
    with pytest.raises(
        PartialFailure, match=rf"X.* for filter tmf-new.*: .* {re.escape(both)} Completed: \S+ on filter\.$"
    ) as failure:
        apply_until_stable(
            planner(unique_filter_plan(CREATE_FILTER, CREATE_RULE)),
            DuplicateFilterEc2([LESSER, NEW], script=[None, error]),
        )
    assert failure.value.completed == [CREATE_FILTER]


def test_failed_duplicate_check_names_the_new_filter():
    ec2 = DuplicateFilterEc2([])
    ec2.responses = [Ec2Error("DescribeTrafficMirrorFilters", "RequestLimitExceeded", "slow down")]
    with pytest.raises(PartialFailure, match=r"RequestLimitExceeded.*The new filter is tmf-new; "):
        apply_until_stable(planner(unique_filter_plan(CREATE_FILTER, CREATE_RULE)), ec2)
