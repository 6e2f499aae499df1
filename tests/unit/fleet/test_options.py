# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation of the options of a fleet."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError

from tests.unit.fleet.builders import options


@pytest.mark.parametrize(
    ("given_options", "message"),
    [
        ({"sources": [{}]}, r"sources\[0\] must have at least one of"),
        ({"sources": None}, "state: present requires sources"),
        ({"sources": [{"vpc_ids": ["vpc-1"]}]}, r"sources\[0\]: vpc_ids must be vpc-"),
        ({"sources": [{"tags": {"a": None}}]}, "tags: a must be a value"),
        ({"exclude": [{"tags": {"Mirror": False}}]}, r"exclude\[0\]: tags: Mirror is a boolean.*quote the value"),
        ({"exclude": [{"tags": {"Mirror": ["x", True]}}]}, "tags: Mirror is a boolean"),
        ({"targets": [{}]}, r"targets\[0\] must have exactly one of"),
        ({"targets": [{"traffic_mirror_target_name": "x", "capacity": 0}]}, "capacity must be 1 or more"),
        ({"session_numbers": "3-1"}, "session_numbers must be a number or LOWEST-HIGHEST within 1 to 32766"),
        ({"session_numbers": "0"}, "session_numbers must be"),
        ({"max_deletes": "101%"}, "max_deletes must be a number"),
        ({"max_deletes": "-1"}, "max_deletes must be a number"),
        ({"name": ""}, "name must have 1 to 256 characters"),
        ({"traffic_mirror_filter_id": None}, "traffic_mirror_filter_id or traffic_mirror_filter_name"),
    ],
)
def test_invalid_options_fail(given_options, message):
    with pytest.raises(ValidationError, match=message):
        Fleet.from_options(options(**given_options))
