# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Duplicate names: two clients that create a filter at the same time."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import AmbiguousMatchError
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import execute
from ansible_collections.vtap.aws.plugins.module_utils._runtime.record import TaskFailed

from tests.unit.runtime.fake_ec2 import CREATE_FILTER, CREATE_RULE, FakeFilterEc2, filter_plan, planner


class DuplicateFilterEc2(FakeFilterEc2):
    """Also describes filters with these ids, or raises an error."""

    def __init__(self, *ids, error=None):
        super().__init__()
        self.ids, self.error, self.described = ids, error, 0

    def describe(self, resource_type):
        self.described += 1
        if self.error is not None:
            raise self.error
        return [{"traffic_mirror_filter_id": filter_id} for filter_id in self.ids]


PLAN = filter_plan(CREATE_FILTER, CREATE_RULE, duplicates=lambda row: row["traffic_mirror_filter_id"] != "tmf-old")


@pytest.mark.parametrize("ids", [("tmf-old", "tmf-new"), ("tmf-old",)], ids=["returned", "lag"])
def test_filter_without_duplicate_is_kept(ids, delays):
    ec2 = DuplicateFilterEc2(*ids)
    assert execute(planner(PLAN), ec2).actions == (CREATE_FILTER, CREATE_RULE)
    assert ec2.described == 1 and delays == []


@pytest.mark.parametrize("ids", [("tmf-a", "tmf-new"), ("tmf-new", "tmf-z"), ("tmf-a",), ("tmf-a", "tmf-z")])
def test_task_fails_and_names_all_filters_of_the_name(ids):
    """No filter is deleted: the other client may already use either of them."""
    ec2 = DuplicateFilterEc2(*ids)
    with pytest.raises(
        TaskFailed, match=r"Another client .* This task created tmf-new\. Delete all but one"
    ) as failure:
        execute(planner(PLAN), ec2)
    assert all(one in failure.value.message for one in ids)
    assert ec2.calls == [CREATE_FILTER.operation]
    assert isinstance(failure.value.error, AmbiguousMatchError)
    assert failure.value.completed == [CREATE_FILTER]
    assert failure.value.message.endswith("Not sent: CreateTrafficMirrorFilterRule on rule.")


def test_failed_duplicate_check_names_the_new_filter():
    ec2 = DuplicateFilterEc2(error=Ec2Error("DescribeTrafficMirrorFilters", "RequestLimitExceeded", "slow down"))
    match = r"RequestLimitExceeded.*The new filter 'dns' is tmf-new; .*Not sent: CreateT.*Rule"
    with pytest.raises(TaskFailed, match=match):
        execute(planner(PLAN), ec2)
