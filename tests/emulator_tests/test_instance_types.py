# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instance types: supported sources, and targets with 100 sources."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.emulator import instance_types
from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import APP_1, DB, SUBNET, WEB, eni_target, refused, session

IMAGE = "ami-0a1b2c3d4e5f60701"
UNSUPPORTED = "NetworkInterfaceNotSupported"


def run_instance(ec2: Any, instance_type: str) -> str:
    """Run an instance. Returns the id of its interface."""
    run = ec2.run_instances(ImageId=IMAGE, InstanceType=instance_type, MinCount=1, MaxCount=1, SubnetId=SUBNET)
    return str(run["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"])


@pytest.mark.parametrize("name", ["m7i-flex.large", "u7i-12tb.224xlarge", "m5.metal", "mac2-m2pro.metal", "x2gd.metal"])
def test_supported_types(ec2: Any, name: str) -> None:
    eni = run_instance(ec2, name)
    session(ec2, eni)
    rows = ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert [row["NetworkInterfaceId"] for row in rows] == [eni]


@pytest.mark.parametrize(
    "name",
    [
        "t2.micro",
        "m8g.large",
        "c7gn.large",
        "i7ie.large",
        "m5n.metal",
        "m6i.metal",
        "c7i.metal-24xl",
        "mac-m4.metal",
    ],
)
def test_unsupported_types(ec2: Any, name: str) -> None:
    with refused(UNSUPPORTED):
        session(ec2, run_instance(ec2, name))


def test_families_can_be_set(ec2: Any, emulator: Emulator) -> None:
    virtualized, metal = APP_1, run_instance(ec2, "m5.metal")
    emulator.settings(source_families=["m5"], source_metal_families=[])
    session(ec2, WEB)
    for eni in (virtualized, metal):
        with refused(UNSUPPORTED):
            session(ec2, eni)
    emulator.settings(source_families=[], source_metal_families=["m5"])
    session(ec2, metal)
    with refused(UNSUPPORTED):
        session(ec2, WEB, 2)


@pytest.mark.parametrize(
    ("name", "is_large"),
    [
        ("m5.24xlarge", True),
        ("m8g.48xlarge", True),
        ("m5.metal", False),
        ("m5a.24xlarge", False),
        ("p3.2xlarge", False),
    ],
)
def test_sources_per_target_depend_on_the_type_of_the_target(
    ec2: Any, emulator: Emulator, name: str, is_large: bool
) -> None:
    emulator.settings(quotas={"sources_per_target": 1, "sources_per_large_target": 2})
    target = eni_target(ec2, run_instance(ec2, name))
    session(ec2, WEB, TrafficMirrorTargetId=target)
    if is_large:
        session(ec2, APP_1, TrafficMirrorTargetId=target)
    with refused("TrafficMirrorSourcesPerTargetLimitExceeded"):
        session(ec2, DB, TrafficMirrorTargetId=target)


def test_default_quotas(emulator: Emulator) -> None:
    """The numbers of the guide's quotas page."""
    quotas = emulator.settings()["quotas"]
    assert (quotas["sources_per_target"], quotas["sources_per_large_target"]) == (10, 100)


def test_data_is_well_formed() -> None:
    """The numbers of entries are those of the guide's lists as read on 2026-11-25."""
    for names, pattern, count in (
        (instance_types.FAMILIES, r"[a-z0-9]+(-[a-z0-9]+)?", 125),
        (instance_types.METAL_FAMILIES, r"[a-z0-9]+(-[a-z0-9]+)?", 23),
        (instance_types.TYPES_WITH_100_SOURCES, r"[a-z0-9]+(-[a-z0-9]+)?\.[0-9]+xlarge", 141),
    ):
        assert [name for name in names if not re.fullmatch(pattern, name)] == []
        assert len(names) == len(set(names)) == count
    assert set(instance_types.METAL_FAMILIES) <= set(instance_types.FAMILIES)
