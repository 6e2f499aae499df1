# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation of the options of a fleet."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.guards import Limit
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.placeholders import UnresolvedRef

from tests.unit.fleet.builders import fleet, options, target_id

PLACEHOLDERS = {"traffic_mirror_filter_id": "tmf-(known after apply: dns)"}
PENDING_TARGET = {"traffic_mirror_target_id": "tmt-(known after apply: sensors)"}


@pytest.mark.parametrize(
    ("given_options", "message"),
    [
        ({"sources": [{}]}, r"sources\[0\] must have at least one of"),
        ({"sources": None}, "state: present requires sources"),
        ({"sources": [], "targets": None}, "state: present requires sources, targets"),
        ({"sources": [{"vpc_ids": ["vpc-1"]}]}, r"sources\[0\]: vpc_ids must be vpc-"),
        ({"sources": [{"tags": {"a": None}}]}, "tags: a must be a value"),
        ({"exclude": [{"tags": {"Mirror": False}}]}, r"exclude\[0\]: tags: Mirror is a boolean.*Quote the value"),
        ({"exclude": [{"vpc_ids": ["vpc-0a1b2c3d"]}, {"tags": {"Port": 80}}]}, r"exclude\[1\]: tags: Port is a number"),
        ({"targets": [{}]}, r"targets\[0\] must have exactly one of"),
        (
            {"targets": [{"traffic_mirror_target_name": "x", "traffic_mirror_target_id": target_id(1)}]},
            r"targets\[0\] must have exactly one of",
        ),
        ({"targets": [{"traffic_mirror_target_id": "tms-0a1b2c3d"}]}, r"traffic_mirror_target_id must be tmt-"),
        ({"targets": [{"traffic_mirror_target_name": ""}]}, "traffic_mirror_target_name must have 1 to 256"),
        ({"targets": [{"traffic_mirror_target_name": "x", "capacity": 0}]}, "capacity must be 1 or more"),
        (
            {"targets": [{"traffic_mirror_target_name": "x", "availability_zones": ["a b"]}]},
            r"targets\[0\]: availability_zones must be names",
        ),
        ({"session_numbers": ""}, "session_numbers must be a number or LOWEST-HIGHEST"),
        ({"name": ""}, "name must have 1 to 256 characters"),
        ({"traffic_mirror_filter_id": None}, "traffic_mirror_filter_id or traffic_mirror_filter_name"),
        (
            {"traffic_mirror_filter_id": None, "traffic_mirror_filter_name": ""},
            "traffic_mirror_filter_name must have 1",
        ),
        ({"adopt_fleets": ["ids"]}, r"adopt_fleets\[0\] must be the name of another fleet, not 'ids'"),
        ({"adopt_fleets": ["old", ""]}, r"adopt_fleets\[1\] must have 1 to 256 characters"),
        ({"adopt_fleets": ["old"], "state": "absent"}, "adopt_fleets requires state: present"),
        ({"supported_instance_types": ["M5"]}, "supported_instance_types must be instance types"),
        ({"additional_instance_types": [""]}, "additional_instance_types must be instance types"),
        ({"packet_length": 65536}, "packet_length must be"),
        ({"virtual_network_id": 2**24}, "virtual_network_id must be"),
        ({"tags": {"vtap:fleet": True}}, "vtap:fleet is a boolean"),
    ],
)
def test_invalid_options_fail(given_options, message):
    with pytest.raises(ValidationError, match=message):
        fleet(**given_options)


@pytest.mark.parametrize("option", ["max_creates", "max_updates", "max_deletes", "min_coverage"])
@pytest.mark.parametrize("text", ["", " ", "101%", "-1", "1e3", "ten"])
def test_invalid_limits_name_their_option(option, text):
    with pytest.raises(ValidationError, match=f"^{option} must be a number from 0 to 999999999 or a percentage"):
        fleet(**{option: text})


def test_limits_are_optional_except_for_deletions():
    one_fleet = fleet(max_creates="10 or 5%", min_coverage="95%")
    assert one_fleet.limits == {"max_creates": Limit(10, 5), "max_deletes": Limit(10, 10)}
    assert one_fleet.min_coverage == Limit(None, 95)
    assert fleet().min_coverage is None
    with pytest.raises(ValidationError, match="min_coverage must be"):
        fleet(min_coverage="10 or 95%")


@pytest.mark.parametrize("given_options", [PLACEHOLDERS, {"targets": [PENDING_TARGET]}])
def test_placeholders_are_valid_only_in_check_mode(given_options):
    with pytest.raises(ValidationError, match="is a placeholder that check mode returned"):
        fleet(**given_options)
    Fleet.from_options(options(**given_options), check_mode=True)


def test_placeholder_of_the_filter_is_a_reference():
    one_fleet = Fleet.from_options(options(**PLACEHOLDERS), check_mode=True)
    assert one_fleet.values["traffic_mirror_filter_id"] == UnresolvedRef("dns", "tmf", registered=True)


def test_placeholder_of_another_type_fails():
    wrong = {"traffic_mirror_target_id": "tmf-(known after apply: dns)"}
    with pytest.raises(ValidationError, match=r"targets\[0\]: traffic_mirror_target_id must be tmt-"):
        Fleet.from_options(options(targets=[wrong]), check_mode=True)


def test_absent_requires_only_the_name():
    one_fleet = fleet(state="absent", sources=None, targets=None, traffic_mirror_filter_id=None)
    assert not one_fleet.present and one_fleet.sources == ()


def test_session_options_and_tags_are_shared():
    one_fleet = fleet(packet_length=128, description="x", tags={"Team": "soc"})
    assert (one_fleet.values["packet_length"], one_fleet.values["description"]) == (128, "x")
    assert "virtual_network_id" not in one_fleet.values and "session_number" not in one_fleet.values
    assert one_fleet.tags.change({}).write == {"Team": "soc", "vtap:fleet": "ids"}
    named = fleet(tags={"Name": "mirror"})  # several sessions can share a label
    assert named.tags.change({"Name": "old"}).write["Name"] == "mirror"


def test_name_of_the_fleet_is_not_the_name_of_its_sessions():
    assert "Name" not in fleet().tags.change({}).write
