# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data: the instance types that support Traffic Mirroring, as globs. O(supported_instance_types) replaces this list.

Source: Traffic Mirroring guide, "Traffic mirror sessions", which lists the supported families. T2 and bare metal sizes
are not supported. A glob cannot exclude bare metal sizes; selection.find_ineligible_reason excludes them.
"""

from __future__ import annotations

_FAMILIES = """
    a1 c4 c5 c5a c5ad c5d c5n c6a c6g c6gd c6gn c6i c6id c6in c7a c7g c7gd c7gn c7i
    d2 d3 d3en g3 g3s g4ad g4dn g5 h1 i3 i3en i4i im4gn inf1 is4gen
    m4 m5 m5a m5ad m5d m5dn m5n m5zn m6a m6g m6gd m6i m6id m6idn m6in m7a m7g m7gd m7i m7i-flex
    p2 p3 p3dn p4d r4 r5 r5a r5ad r5b r5d r5dn r5n r6a r6g r6gd r6i r6id r6idn r6in r7a r7g r7gd r7i r7iz
    t3 t3a t4g u-6tb1 u-9tb1 u-12tb1 x1 x1e x2gd z1d
"""
SUPPORTED = tuple(f"{family}.*" for family in _FAMILIES.split())
