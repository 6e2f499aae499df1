# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages of conflicts state the region once."""

from __future__ import annotations

import types

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import AmbiguousMatchError, ConflictError
from ansible_collections.vtap.aws.plugins.module_utils._runtime.record import Failure, Record, TaskFailed

from tests.unit.runtime.bad_input import module

EC2 = types.SimpleNamespace(region="eu-west-1")
DESCRIBE_FAILED = Ec2Error("DescribeTrafficMirrorFilters", "InternalError", "x", region="eu-west-1")


def failed(*errors):
    return TaskFailed(Record(failures=[Failure(error) for error in errors]))


@pytest.mark.parametrize("error", [ConflictError("no."), AmbiguousMatchError("no."), failed(ConflictError("no."))])
def test_conflict_starts_with_the_region(error):
    assert module.format_conflict(error, EC2).startswith("eu-west-1: no.")


def test_region_of_an_ec2_error_is_not_repeated():
    message = module.format_conflict(failed(DESCRIBE_FAILED, ConflictError("no.")), EC2)
    assert message.startswith("DescribeTrafficMirrorFilters failed in eu-west-1: ") and message.count("eu-west-1") == 1
