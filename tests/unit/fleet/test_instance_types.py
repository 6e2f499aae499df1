# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Supported instance types: the data of the modules equals the emulator's, which was written separately."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet.instance_types import (
    METAL_FAMILIES,
    VIRTUALIZED_FAMILIES,
    SupportedTypes,
    get_family,
)

from tests.emulator import instance_types as emulator

BUILT_IN = SupportedTypes()

# By hand, from the Traffic Mirroring guide as read on 2026-11-25.
SUPPORTED = """
    t3.micro t3a.small t4g.nano m4.large m5.large m5zn.12xlarge m7i-flex.large c7i-flex.xlarge c7gd.medium c6gn.16xlarge
    r7iz.32xlarge i7i.large i4g.large f2.6xlarge gr6f.4xlarge p5e.48xlarge trn1n.32xlarge hpc7a.12xlarge
    u-6tb1.56xlarge u7i-12tb.224xlarge u7inh-32tb.480xlarge x2iezn.2xlarge z1d.large
    a1.metal m5.metal m5d.metal c5.metal c5d.metal c6g.metal c6gd.metal m6g.metal m6gd.metal r5.metal r5b.metal
    r5d.metal r6g.metal r6gd.metal x2gd.metal z1d.metal i3.metal g5g.metal mac1.metal mac2.metal mac2-m1ultra.metal
    mac2-m2.metal mac2-m2pro.metal
"""
UNSUPPORTED = """
    t1.micro t2.micro t2.large m1.small m3.large c3.large r3.large m8g.large c8i.large r8g.large x8g.large i7ie.large
    i8g.large c7gn.large g3s.xlarge p2.xlarge p5en.48xlarge trn2.48xlarge hpc7g.4xlarge t8i.large m9g.large
    m8i-flex.large
    mac-m4.metal mac-m4pro.metal c5n.metal m5n.metal m5dn.metal m5zn.metal r5n.metal i3en.metal g4dn.metal i4i.metal
    m6i.metal c6i.metal r6id.metal m7g.metal x2idn.metal x2iezn.metal u-6tb1.metal m7i.metal-24xl c7i.metal-48xl
    r7iz.metal-16xl m8g.metal-24xl m5.metal-24xl
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [*((name, True) for name in SUPPORTED.split()), *((name, False) for name in UNSUPPORTED.split())],
)
def test_modules_and_emulator_decide_as_the_guide(name, expected):
    assert BUILT_IN.supports(name) is expected
    assert emulator.can_be_source(name, emulator.FAMILIES, emulator.METAL_FAMILIES) is expected


def find_differences(names):
    return [
        name
        for name in names
        if BUILT_IN.supports(name) != emulator.can_be_source(name, emulator.FAMILIES, emulator.METAL_FAMILIES)
    ]


def test_modules_and_emulator_decide_alike_for_all_families():
    families = {*VIRTUALIZED_FAMILIES, *METAL_FAMILIES, *emulator.FAMILIES, *emulator.METAL_FAMILIES, "t2", "m8g"}
    names = [f"{family}.{size}" for family in families for size in ("large", "48xlarge", "metal", "metal-48xl")]
    assert find_differences(names) == []


def test_modules_and_emulator_decide_alike_for_all_types_that_moto_lists():
    moto_types = pytest.importorskip("moto.ec2.models.instance_types").INSTANCE_TYPES
    assert len(moto_types) > 700 and {"m5.metal", "t2.micro"} <= set(moto_types)
    assert find_differences(moto_types) == []


@pytest.mark.parametrize(
    ("entries", "name", "expected"),
    [
        ("m8g.large", "m8g.large", True),
        ("m8g.large", "m8g.xlarge", False),
        ("m8g.*", "m8g.large", True),
        ("m8g.*", "m8g.metal-24xl", True),
        ("m8?.large", "m8g.large", True),
        ("*", "t2.micro", True),
        # A family stands for its virtualized sizes.
        ("m8g", "m8g.large", True),
        ("m8g", "m8g.48xlarge", True),
        ("m8g", "m8gd.large", False),
        ("m8g", "m8g.metal-24xl", False),
        ("m8g m8g.metal-24xl", "m8g.metal-24xl", True),
        ("u8i-6tb", "u8i-6tb.112xlarge", True),
        ("t2 c8g", "m8g.large", False),
    ],
)
def test_an_entry_is_a_type_a_pattern_or_a_family(entries, name, expected):
    entries = tuple(entries.split())
    assert not BUILT_IN.supports(name)
    assert SupportedTypes(added=entries).supports(name) is expected
    assert SupportedTypes(added=entries).is_added(name) is expected
    assert SupportedTypes(replaced=entries).supports(name) is expected
    assert not SupportedTypes(replaced=entries).is_added(name)


def test_added_types_extend_the_built_in_list():
    types = SupportedTypes(added=("m8g", "m5.*", "m5"))
    assert types.supports("c5.large") and not types.supports("c5n.metal")
    assert not types.is_added("m5.large") and not types.is_added("m5.metal") and not types.is_added("t2.micro")


def test_replaced_types_decide_without_the_built_in_list():
    types = SupportedTypes(replaced=("c5.*", "m6i.metal"), added=("t2.micro", "c5"))
    supported = [name for name in ("c5.large", "c5.metal", "m5.large", "m6i.metal", "t2.micro") if types.supports(name)]
    assert supported == ["c5.large", "c5.metal", "m6i.metal", "t2.micro"]
    assert [name for name in supported if types.is_added(name)] == ["t2.micro"]


@pytest.mark.parametrize(
    ("name", "family"), [("m8g.large", "m8g"), ("u7i-12tb.224xlarge", "u7i-12tb"), ("m8g.metal-24xl", "m8g")]
)
def test_family_is_the_part_before_the_dot(name, family):
    assert get_family(name) == family
