# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replies without the member that EC2 always returns, by the service model of botocore."""

from __future__ import annotations

import botocore.session
import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.sdk_errors import find_missing

from tools import iam

READS = sorted(
    {
        need.action
        for needs in iam.NEEDS.values()
        for need in needs
        if need.action.startswith(("Describe", "Get")) and need.service == "ec2"
    }
)


@pytest.mark.parametrize("operation", READS)
def test_list_of_rows(operation):
    """The member is a list of structures in the service model, so that a reply of EC2 is never refused."""
    model = botocore.session.get_session().get_service_model("ec2").operation_model(operation)
    member = find_missing(operation, {})
    shape = model.output_shape.members[member]
    assert (shape.type_name, shape.member.type_name) == ("list", "structure")
    assert find_missing(operation, {member: []}) is None
