# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The document of a report: the runs of one or more fleets, as JSON. Pure.

The pages and tables are functions of this document. The guide C(report) documents its keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .._batch.entry import SUMMARY_KEYS
from .._model.errors import ValidationError
from .._model.text import quote
from .vni_clashes import find_vni_clashes

Document = dict[str, Any]
VERSION = 1
# Why a plan changes a session, see FleetEntry.cause.
CAUSES = ("new_match", "drift", "adoption", "removal")
COVERAGE_KEYS = ("selected", "excluded", "ineligible", "stopped", "eligible", "mirrored", "unmirrored")
# The keys of a fleet with their values if nothing is known. A key whose value is None here is a text or None, one of
# _NUMBERS a number or None.
_UNKNOWN: Document = {
    "label": None,
    "account_id": None,
    "region": None,
    "fleet": None,
    "error": None,
    "carried_out": False,
    "min_coverage": None,
    "fixed_virtual_network_id": False,
    "estimated_duration": None,
    "summary": {},
    "causes": {},
    "coverage": {},
    "plan": [],
    "vni_map": [],
    "pending": {},
    "notes": [],
    "warnings": [],
}
_ROWS = {
    "plan": ("network_interface_id", "action", "reason"),
    "vni_map": ("virtual_network_id", "network_interface_id", "traffic_mirror_target_id"),
}
_COVERAGE_ROWS = {
    "reasons": ("class", "reason", "count"),
    "zones": ("availability_zone", *COVERAGE_KEYS),
    "dead_sessions": ("traffic_mirror_session_id", "network_interface_id", "reason"),
    "unverified": ("resource", "reason", "sessions"),
}
_NUMBERS = ("estimated_duration", "virtual_network_id", "count", "sessions", *COVERAGE_KEYS)


def create_fleet(**known: Any) -> Document:
    """The part of a document for one fleet. known: its keys, see _UNKNOWN."""
    return {**_UNKNOWN, **known}


def build_document(fleets: Iterable[Document], created_at: str, check_mode: bool, limit: str | None = None) -> Document:
    """The document of a report.

    fleets: see create_fleet. created_at: RFC 3339. limit: the pattern that limited the hosts of the run.
    """
    fleets = list(fleets)
    rows = (
        {**row, **{key: fleet[key] for key in ("label", "account_id", "region", "fixed_virtual_network_id")}}
        for fleet in fleets
        for row in fleet["vni_map"]
    )
    return {
        "version": VERSION,
        "created_at": created_at,
        "check_mode": check_mode,
        "limit": limit,
        "totals": _sum_fleets(fleets),
        "vni_clashes": find_vni_clashes(rows),
        "fleets": fleets,
    }


def is_counted(fleet: Document) -> bool:
    """Whether the totals include the fleet: its coverage is known.

    A filter or target that does not exist yet makes the plan invalid only if the run failed for it: in check mode, an
    earlier task may create it.
    """
    return bool(fleet["coverage"]) and not (fleet["pending"] and fleet["error"] is not None)


def _sum_fleets(fleets: list[Document]) -> Document:
    counted = [fleet for fleet in fleets if is_counted(fleet)]

    def add(part: str, keys: Iterable[str]) -> dict[str, int]:
        return {key: sum(fleet[part].get(key, 0) for fleet in counted) for key in keys}

    return {
        "fleets": len(fleets),
        "failed": sum(fleet["error"] is not None for fleet in fleets),
        "counted": len(counted),
        "summary": add("summary", SUMMARY_KEYS),
        "causes": add("causes", CAUSES),
        "coverage": add("coverage", COVERAGE_KEYS),
        "dead_sessions": sum(len(fleet["coverage"]["dead_sessions"]) for fleet in counted),
        "stopped_sessions": sum(fleet["coverage"]["stopped_sessions"] for fleet in counted),
    }


def parse_document(text: str, name: str) -> Document:
    """Parse a document. name: of its source, for messages. Raises ValidationError."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"{name} is not JSON: {type(error).__name__}.") from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        version = document.get("version") if isinstance(document, dict) else None
        raise ValidationError(f"{name} is not a report of version {VERSION}: version is {quote(str(version))}.")
    fleets = document.get("fleets")
    problem = None if isinstance(document.get("check_mode"), bool) else "check_mode is not a boolean"
    if not isinstance(fleets, list):
        problem = "fleets is not a list"
    else:
        found = (_find_problem(fleet, f"fleets[{index}]") for index, fleet in enumerate(fleets))
        problem = problem or next(filter(None, found), None)
    if problem is not None:
        raise ValidationError(f"{name} is not a report: {problem}. Write it again with vtap.aws.")
    return {**document, "fleets": [create_fleet(**fleet) for fleet in document["fleets"]]}


def _find_problem(fleet: Any, name: str) -> str | None:
    """Why a part of a document is not that of a fleet, None if it is."""
    if not isinstance(fleet, dict):
        return f"{name} is not a dictionary"
    whole = create_fleet(**fleet)
    for key, unknown in _UNKNOWN.items():
        known = (int if key in _NUMBERS else str) if unknown is None else type(unknown)
        if not isinstance(whole[key], known) and whole[key] != unknown:
            return f"{name}.{key} is of type {type(whole[key]).__name__}"
    coverage = whole["coverage"]
    tables: list[tuple[str, Any, tuple[str, ...]]] = [
        (f"{name}.{key}", whole[key], keys) for key, keys in _ROWS.items()
    ]
    if coverage:
        numbers = (*COVERAGE_KEYS, "stopped_sessions")
        tables += [(f"{name}.coverage", [coverage], numbers)]
        tables += [(f"{name}.coverage.{key}", coverage.get(key), keys) for key, keys in _COVERAGE_ROWS.items()]
    for part in ("summary", "causes"):
        tables.append((f"{name}.{part}", [whole[part]], tuple(whole[part])))
    return next(filter(None, (_find_row_problem(*table) for table in tables)), None)


def _find_row_problem(name: str, rows: Any, keys: tuple[str, ...]) -> str | None:
    """Why a value is not a list of rows with these keys, None if it is."""
    if not isinstance(rows, list):
        return f"{name} is not a list"
    for row in rows:
        if not isinstance(row, dict):
            return f"{name} has an entry that is not a dictionary"
        for key in keys:
            is_number = key in _NUMBERS or name.endswith((".summary", ".causes", ".coverage"))
            if not isinstance(row.get(key), int if is_number else str):
                return f"{name} has an entry whose {key} is missing or not a {'number' if is_number else 'text'}"
    return None
