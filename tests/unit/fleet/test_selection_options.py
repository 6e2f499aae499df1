# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation of the entries of sources and exclude."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet.selection import check_types
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError

from tests.unit.fleet.interfaces import source


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (False, 'sources[0]: tags: Port is a boolean, and EC2 requires a string. Quote the value: Port: "false" or'),
        (["x", True], 'Quote the value: Port: "true" or Port: "yes"'),
        (80, 'sources[0]: tags: Port is a number, and EC2 requires a string. Quote the value, for example Port: "80".'),
        (1.5, 'Port: "1.5". In a template, use the filter string: {{ VALUE | string }}.'),
        (["80", 80], 'Port: "80"'),
        (0, 'Port: "0"'),
        (float("nan"), 'Port: "nan"'),
        (10**150, "a number with too many digits"),
        (None, "sources[0]: tags: Port must be a value, a list of values, or '*' for any"),
        ({}, "Port must be a value"),
        ([], "Port must be a value"),
        ([["x"]], "Port must be a value"),
        (["x", None], "Port must be a value"),
    ],
)
def test_tag_values_must_be_strings(value, message):
    with pytest.raises(ValidationError) as error:
        source(tags={"Port": value})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "sources[0] must have at least one of network_interface_ids, instance_ids"),
        ({"interfaces": "primary"}, "sources[0] must have at least one of"),
        ({"tags": {}}, "sources[0]: tags must not be empty"),
        ({"vpc_ids": []}, "sources[0]: vpc_ids must not be empty"),
        ({"vpc_ids": ["subnet-0a1b2c3d"]}, "sources[0]: vpc_ids must be vpc- followed by"),
        ({"availability_zones": ["eu west"]}, "sources[0]: availability_zones must be names such as eu-west-1a"),
        ({"instance_types": ["[m]5.large"]}, "sources[0]: instance_types must be instance types such as m5.large"),
        ({"instance_types": ["m5"]}, "sources[0]: instance_types: 'm5' is a family, not an instance type; use m5.*."),
    ],
)
def test_invalid_criteria_are_rejected(options, message):
    with pytest.raises(ValidationError) as error:
        source(**options)
    assert message in str(error.value)


def test_families_are_valid_where_types_are_listed():
    check_types("additional_instance_types", ["m8g", "m8g.*", "u7i-12tb.224xlarge", "m?"])
    for wrong in ("", "M5.large", "m5.large ", "m5,c5"):
        with pytest.raises(ValidationError, match="additional_instance_types must be instance types such as"):
            check_types("additional_instance_types", [wrong])
