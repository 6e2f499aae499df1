# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assignment of VNIs of a range to the sessions of a fleet. Pure and stable: a session keeps a VNI that is valid."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from .._model.errors import ConflictError
from .._model.resource_types import ModuleParams
from .number_range import NumberRange


def assign_vnis(
    vnis: NumberRange, current: Mapping[str, int | None], used: Iterable[int], freed: Iterable[int]
) -> dict[str, int]:
    """The VNI of the session of each interface, by interface id. No two are equal, and none is used elsewhere.

    current: the VNI of the existing session by interface id, None without a session. used: the VNIs of all other
    sessions that remain. freed: the VNIs of sessions that the plan deletes; they are assigned only if no other VNI is
    free. A session keeps a VNI of the range, unless another session has it too. Raises ConflictError if the range is
    too small.
    """
    taken = {vni for vni in used if vni in vnis}
    foreign = len(taken)
    assigned: dict[str, int] = {}
    # Of two sessions with one VNI, the one keeps it that would get it anew.
    for interface in sorted(current, key=lambda one: (_hash(vnis, one) != current[one], one)):
        vni = current[interface]
        if vni is not None and vni in vnis and vni not in taken:
            assigned[interface] = vni
            taken.add(vni)
    remaining = sorted(current.keys() - assigned.keys())
    if len(remaining) > vnis.size - len(taken):
        raise ConflictError(
            f"vni_range {vnis} has {vnis.size} VNIs, of which {foreign} are used by other sessions, and "
            f"{len(current)} sessions of the fleet need one each. Nothing was changed. Set a larger vni_range."
        )
    avoided = taken | {vni for vni in freed if vni in vnis}
    for interface in remaining:
        vni = _find_free(vnis, interface, avoided if len(avoided) < vnis.size else taken)
        assigned[interface] = vni
        taken.add(vni)
        avoided.add(vni)
    return assigned


def list_vnis(sessions: Iterable[ModuleParams]) -> set[int]:
    """The VNIs of sessions."""
    return {session["virtual_network_id"] for session in sessions if "virtual_network_id" in session}


def _find_free(vnis: NumberRange, interface: str, taken: set[int]) -> int:
    """The first free VNI from the hash of the interface on. The range has a free one."""
    vni = _hash(vnis, interface)
    while vni in taken:
        vni = vnis.lowest if vni == vnis.highest else vni + 1
    return vni


def _hash(vnis: NumberRange, interface: str) -> int:
    """A VNI of the range that depends only on the range and the id of the interface."""
    digest = hashlib.sha256(interface.encode()).digest()
    return vnis.lowest + int.from_bytes(digest[:8], "big") % vnis.size
