# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of session plans: the packet length, which depends on the type of the target."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import ENI, GWLBE, NLB, SESSION

from tests.unit.resources.session_helpers import (
    NEW,
    TARGET,
    TARGET_2,
    FakeReader,
    operations,
    plan_session,
    session_row,
)


def test_maximum_depends_on_the_target_type():
    with pytest.raises(ValidationError, match="1 to 8500 with a Network Load Balancer as the target, not 9000"):
        plan_session(FakeReader(), **NEW, session_number=1, packet_length=9000)
    assert operations(plan_session(FakeReader(types={TARGET: ENI}), **NEW, session_number=1, packet_length=9000))
    kept = session_row(PacketLength=9000, TrafficMirrorTargetId=TARGET_2)
    with pytest.raises(ValidationError, match="This is the session's current value"):
        plan_session(FakeReader(kept, types={TARGET_2: ENI}), traffic_mirror_session_id=kept[SESSION.id_option], **NEW)


@pytest.mark.parametrize(
    ("reported", "target_type", "expected", "describes"),
    [
        (None, NLB, [], 1),
        (None, ENI, [], 1),
        (8500, NLB, [], 2),
        (8500, GWLBE, [], 2),
        (8500, ENI, ["ModifyTrafficMirrorSession"], 2),
        (100, NLB, ["ModifyTrafficMirrorSession"], 1),
    ],
)
def test_reset_is_idempotent(reported, target_type, expected, describes):
    current = session_row(**({"PacketLength": reported} if reported else {}))
    reader = FakeReader(current, types={TARGET: target_type})
    assert operations(plan_session(reader, **NEW, session_number=1, packet_length=0)) == expected
    assert len([call for call in reader.calls if call != "owner"]) == describes


@pytest.mark.parametrize(
    ("options", "target_type", "expected"),
    [
        ({}, NLB, 8500),
        ({}, ENI, 0),
        ({}, GWLBE, None),
        ({"packet_length": 0}, NLB, 8500),
        ({"packet_length": 99}, NLB, 99),
    ],
)
def test_predicted_packet_length(options, target_type, expected):
    result = plan_session(FakeReader(types={TARGET: target_type}), check_mode=True, **NEW, session_number=1, **options)
    assert result.after.get("packet_length") == expected
    assert not {"traffic_mirror_session_id", "arn", "virtual_network_id"} & set(result.after)


def test_default_is_not_predicted_for_a_new_target():
    current = session_row(PacketLength=8500, TrafficMirrorTargetId=TARGET_2)
    result = plan_session(FakeReader(current, types={TARGET: ENI}), check_mode=True, **NEW, session_number=1)
    assert "packet_length" not in result.after


def test_length_equal_to_the_default_is_set_with_a_new_target():
    current = session_row(PacketLength=8500, TrafficMirrorTargetId=TARGET_2)
    result = plan_session(FakeReader(current, types={TARGET: ENI}), **NEW, session_number=1, packet_length=8500)
    assert result.actions[0].params["PacketLength"] == 8500
