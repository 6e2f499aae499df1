# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instance types that support Traffic Mirroring. Pure.

Source: Traffic Mirroring guide, "What is Traffic Mirroring?", supported instance types, read on SOURCE_DATE. The guide
lists families: one list for virtualized types, one for bare metal types (Nitro v2 only). The EC2 API does not return
whether a type is supported.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .patterns import Patterns

SOURCE_DATE = "2026-11-25"
_VIRTUALIZED = """
    a1 c4 c5 c5a c5ad c5d c5n c6a c6g c6gd c6gn c6i c6id c6in c7a c7g c7gd c7i c7i-flex
    d2 d3 d3en dl1 dl2q f2 g3 g4ad g4dn g5 g5g g6 g6e g6f gr6 gr6f h1 hpc6a hpc6id hpc7a
    i3 i3en i4g i4i i7i im4gn inf1 inf2 is4gen
    m4 m5 m5a m5ad m5d m5dn m5n m5zn m6a m6g m6gd m6i m6id m6idn m6in m7a m7g m7gd m7i m7i-flex
    mac1 mac2 mac2-m1ultra mac2-m2 mac2-m2pro
    p3 p3dn p4d p4de p5 p5e r4 r5 r5a r5ad r5b r5d r5dn r5n r6a r6g r6gd r6i r6id r6idn r6in r7a r7g r7gd r7i r7iz
    t3 t3a t4g trn1 trn1n u-3tb1 u-6tb1 u-9tb1 u-12tb1 u-18tb1 u-24tb1
    u7i-6tb u7i-8tb u7i-12tb u7in-16tb u7in-24tb u7in-32tb u7inh-32tb vt1 x1 x1e x2gd x2idn x2iedn x2iezn z1d
"""
_METAL = """
    a1 c5 c5d c6g c6gd g5g i3 m5 m5d m6g m6gd mac1 mac2 mac2-m1ultra mac2-m2 mac2-m2pro r5 r5b r5d r6g r6gd x2gd z1d
"""
VIRTUALIZED_FAMILIES = frozenset(_VIRTUALIZED.split())
METAL_FAMILIES = frozenset(_METAL.split())


@dataclass(frozen=True)
class SupportedTypes:
    """The instance types that a task treats as supported.

    replaced: entries of O(supported_instance_types), which replace the built-in list; empty: the built-in list. added:
    entries of O(additional_instance_types). An entry is a type (C(m8g.large)), a pattern (C(m8g.*)), or a family
    (C(m8g)), which stands for the virtualized sizes of the family.
    """

    replaced: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def supports(self, instance_type: str) -> bool:
        """Whether instances of this type are sources."""
        return self._is_in_list(instance_type) or _match_entry(self.added, instance_type)

    def is_added(self, instance_type: str) -> bool:
        """Whether only O(additional_instance_types) has the type."""
        return not self._is_in_list(instance_type) and _match_entry(self.added, instance_type)

    def _is_in_list(self, instance_type: str) -> bool:
        return _match_entry(self.replaced, instance_type) if self.replaced else _is_built_in(instance_type)


def get_family(instance_type: str) -> str:
    """The family of an instance type, such as C(m8g) of C(m8g.large)."""
    return instance_type.partition(".")[0]


def is_bare_metal(instance_type: str) -> bool:
    """Whether the size is a bare metal size, such as C(metal) or C(metal-24xl)."""
    return "metal" in instance_type.partition(".")[2]


@lru_cache(maxsize=4096)
def _match_entry(entries: tuple[str, ...], instance_type: str) -> bool:
    """Whether one of the entries, see SupportedTypes, has the type. Cached, because an account has few types."""
    if not is_bare_metal(instance_type) and get_family(instance_type) in entries:
        return True
    return Patterns.of(entries).match(instance_type)


def _is_built_in(instance_type: str) -> bool:
    """Whether the guide lists the instance type as a source.

    The bare metal sizes of the listed families are all named C(metal). Sizes such as C(metal-24xl) are of later Nitro
    versions.
    """
    family, _dot, size = instance_type.partition(".")
    if is_bare_metal(instance_type):
        return size == "metal" and family in METAL_FAMILIES
    return family in VIRTUALIZED_FAMILIES
