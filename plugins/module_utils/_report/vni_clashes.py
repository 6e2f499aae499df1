# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual network ids (VNIs) that several interfaces use at the same target. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._model.placeholders import is_placeholder

# The keys of a row that identify its interface in the result.
_INTERFACE_KEYS = ("label", "account_id", "region", "network_interface_id")


def find_vni_clashes(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The VNIs by which a target cannot tell its sources apart, sorted by target and VNI.

    rows: sessions, with C(traffic_mirror_target_id), C(virtual_network_id) and C(network_interface_id), optionally with
    C(label), C(account_id) and C(region), and with C(fixed_virtual_network_id): whether the task sets this VNI for all
    sessions of its fleet. Fixed VNIs are no clash among each other. A target has the same id in all accounts that share
    it.

    Each item of the result has C(traffic_mirror_target_id), C(virtual_network_id) and C(interfaces), dicts with
    C(label), C(account_id), C(region) and C(network_interface_id), None for what a row does not have.
    """
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        target_id, vni = row["traffic_mirror_target_id"], row["virtual_network_id"]
        # The name in a placeholder can stand for another target in each account and region.
        keys = ("account_id", "region", "label") if is_placeholder(target_id) else ()
        place = [str(row.get(key) or "") for key in keys]
        groups.setdefault((target_id, vni, *place), []).append(row)
    return [
        {
            "traffic_mirror_target_id": group[0]["traffic_mirror_target_id"],
            "virtual_network_id": group[0]["virtual_network_id"],
            "interfaces": sorted(
                ({key: row.get(key) for key in _INTERFACE_KEYS} for row in group),
                key=lambda interface: [str(interface[key]) for key in _INTERFACE_KEYS],
            ),
        }
        for _key, group in sorted(groups.items())
        if len({row["network_interface_id"] for row in group}) > 1
        and not all(row.get("fixed_virtual_network_id") for row in group)
    ]
