# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of a report: what a run did with each interface. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .._model.resource_types import SESSION, ModuleParams
from .coverage import Coverage
from .plan_entry import FleetEntry, Selection
from .report import vni_map


def describe_rows(entries: Sequence[FleetEntry], coverage: Coverage | None) -> list[ModuleParams]:
    """The rows of the plan, also unchanged ones, with what a report adds to them.

    coverage: None if the plan was not carried out; then no session has a VNI yet.
    """
    classes = {
        interface_id: (name, reason)
        for name, reasons in (coverage.classes if coverage is not None else {}).items()
        for reason, ids in reasons.items()
        for interface_id in ids
    }
    rows = []
    for entry in entries:
        # A second session on the interface has a row of its own, which is in no class.
        selected = entry.selection is not Selection.NOT_SELECTED
        name, reason = classes.get(entry.key, (None, None)) if selected else (None, None)
        session = (entry.after if coverage is not None else None) or {}
        rows.append(
            {
                **entry.describe(),
                # Only the result has the id of a new session.
                **({SESSION.id_option: session[SESSION.id_option]} if SESSION.id_option in session else {}),
                **_describe_interface(entry),
                "coverage": name,
                "coverage_reason": reason,
                "virtual_network_id": session.get("virtual_network_id"),
                **({"error_code": entry.error_code, "error": entry.error} if entry.has_failed else {}),
            }
        )
    return rows


def describe_vni_map(entries: Sequence[FleetEntry]) -> list[ModuleParams]:
    """The rows of the VNI map with the zone and the Name tag."""
    return [{**row, **_describe_interface(entry)} for entry in entries for row in vni_map([entry])]


def _describe_interface(entry: FleetEntry) -> ModuleParams:
    """The zone of the interface and the Name tag of its instance."""
    interface = entry.interface
    instance = interface.instance if interface is not None else None
    return {
        "availability_zone": interface.zone if interface is not None else None,
        "instance_name": instance.tags.get("Name") if instance is not None else None,
    }
