# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of the number of sources that a target accepts, in check mode."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import TransientError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import ENI, GWLBE, NLB
from ansible_collections.vtap.aws.plugins.module_utils._resources.target_sources import (
    TYPES_WITH_MORE_SOURCES,
    check_sources,
)

from tests.emulator.instance_types import TYPES_WITH_100_SOURCES
from tests.unit.resources.session_helpers import (
    DB,
    INSTANCE,
    NEW,
    SENSOR,
    TARGET,
    TARGET_2,
    WEB,
    FakeReader,
    operations,
    plan_session,
    session_row,
)

ATTACHED = {"Attachment": {"InstanceId": INSTANCE}}
DENIED = Ec2Error("DescribeInstances", "UnauthorizedOperation", "no")
LARGE = sorted(TYPES_WITH_MORE_SOURCES)[0]


def target_row(target_type=ENI):
    return {
        "traffic_mirror_target_id": TARGET,
        "type": target_type,
        "network_interface_id": SENSOR,
        "owner_id": "123456789012",
        "tags": {},
    }


def source(at):
    return f"eni-{at:017x}"


def reader_with(count, instance_type="m5.large", **given):
    """Return a reader with this number of sources of the target, each with one session."""
    sessions = [session_row(1, "1", source(at)) for at in range(count)]
    return FakeReader(*sessions, instances={INSTANCE: {"InstanceType": instance_type}}, **given)


def test_types_with_more_sources_equal_the_emulators():
    assert sorted(TYPES_WITH_MORE_SOURCES) == sorted(TYPES_WITH_100_SOURCES)
    assert len(TYPES_WITH_MORE_SOURCES) == len(TYPES_WITH_100_SOURCES) == 141


@pytest.mark.parametrize(("instance_type", "limit"), [("m5.large", 10), ("m5.23xlarge", 10), (LARGE, 100)])
def test_limit_depends_on_the_instance_type(instance_type, limit):
    check_sources(target_row(), WEB, reader_with(limit - 1, instance_type))
    with pytest.raises(
        TransientError,
        match=rf"^TrafficMirrorSourcesPerTargetLimitExceeded: target {TARGET} .* has {limit} sources, and EC2 allows "
        rf"{limit} with instance type {instance_type}\. Use another target or a Network Load Balancer",
    ):
        check_sources(target_row(), WEB, reader_with(limit, instance_type))


def test_interfaces_are_counted_not_sessions():
    sessions = [session_row(number, str(number), source(at)) for at in range(9) for number in (1, 2, 3)]
    check_sources(target_row(), WEB, FakeReader(*sessions))


@pytest.mark.parametrize("count", [10, 12])
def test_further_session_of_a_source_is_accepted(count):
    """Also if the target has more sources than its instance type accepts now, because its instance was resized."""
    check_sources(target_row(), source(3), reader_with(count))


@pytest.mark.parametrize("target_type", [NLB, GWLBE])
def test_other_targets_accept_any_number_without_a_call(target_type):
    reader = reader_with(20)
    check_sources(target_row(target_type), WEB, reader)
    assert reader.calls == []


@pytest.mark.parametrize(
    "given",
    [
        {"foreign": True},
        {"interfaces": {SENSOR: None}},
        {"interfaces": {SENSOR: {}}},
        {"interfaces": {SENSOR: {"Attachment": {"InstanceOwnerId": "amazon-aws"}}}},
        {"interfaces": {SENSOR: DENIED}},
        {"interfaces": {SENSOR: ATTACHED}, "instance": None},
        {"interfaces": {SENSOR: ATTACHED}, "instance": DENIED},
        {"interfaces": {SENSOR: ATTACHED}, "instance": {}},
    ],
)
def test_unknown_instance_type_is_not_judged(given):
    instance = given.get("instance", {"InstanceType": "m5.large"})
    reader = reader_with(20, **{key: value for key, value in given.items() if key != "instance"})
    reader.instances = {INSTANCE: instance}
    check_sources(target_row(), WEB, reader)


def test_instance_is_read_only_from_ten_sources():
    reader = reader_with(9)
    check_sources(target_row(), WEB, reader)
    assert "interface" not in reader.calls and "instance" not in reader.calls


def test_sources_are_counted_in_check_mode_only():
    reader = reader_with(10, types={TARGET: ENI, TARGET_2: ENI})
    options = {**NEW, "session_number": 1}
    assert operations(plan_session(reader, **options)) == ["CreateTrafficMirrorSession"]
    with pytest.raises(TransientError, match="TrafficMirrorSourcesPerTargetLimitExceeded"):
        plan_session(reader, True, **options)
    assert operations(plan_session(reader, True, **{**options, "traffic_mirror_target_id": TARGET_2})) == [
        "CreateTrafficMirrorSession"
    ]


def test_update_counts_sources_if_it_changes_the_target():
    reader = reader_with(10, types={TARGET: ENI, TARGET_2: ENI})
    reader.sessions.append(session_row(1, "2", DB, TrafficMirrorTargetId=TARGET_2))
    options = {"network_interface_id": DB, "session_number": 1}
    assert operations(plan_session(reader, True, **options, description="d")) == ["ModifyTrafficMirrorSession"]
    with pytest.raises(TransientError, match="TrafficMirrorSourcesPerTargetLimitExceeded"):
        plan_session(reader, True, **options, traffic_mirror_target_id=TARGET)
