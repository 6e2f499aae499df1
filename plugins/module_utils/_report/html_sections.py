# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sections of the HTML page. Pure."""

from __future__ import annotations

from typing import NamedTuple

from .coverage_bars import render_coverage
from .document import Document
from .markup import Markup, element, join
from .tables import (
    CHANGED,
    CLASHES,
    DEAD,
    ERRORS,
    FAILED_CHANGES,
    HELD_BACK,
    NOT_MIRRORED,
    REASONS,
    UNVERIFIED,
    VNI_MAP,
    Table,
    TableRow,
    describe_fleet,
    list_coverage_rows,
    list_rows,
    render_details,
)

# The groups of changes: cause, heading, explanation.
_CAUSES = (
    ("drift", "Drift", "Sessions of the fleet that differed from the task, and duplicates."),
    ("new_match", "New matches", "Selected interfaces that had no session."),
    ("adoption", "Adoptions", "Sessions that became sessions of the fleet."),
    ("removal", "Removals", "Sessions whose interface is no longer selected or cannot be mirrored."),
)
_CLASSES = (
    ("unmirrored", "Could be mirrored"),
    ("ineligible", "Cannot be mirrored by EC2"),
    ("stopped", "Instance is not running"),
    ("excluded", "Excluded by the task"),
)

_DEAD = "EC2 charges for these sessions, and they mirror nothing. Correct the cause or exclude the interfaces."


class Section(NamedTuple):
    """A section. identifier: the target of links."""

    identifier: str
    heading: str
    content: Markup

    def render(self) -> Markup:
        """The section as an element."""
        return element("section", element("h2", self.heading), self.content, id=self.identifier)


def list_sections(document: Document) -> list[Section]:
    """The sections in the order of the page."""
    return [
        Section("failures", "Failures", _render_failures(document)),
        Section("held-back", "Held back deletions", _render_held_back(document)),
        Section("coverage", "Coverage by account, region and zone", render_coverage(document)),
        Section("unmirrored", "Not mirrored", _render_not_mirrored(document)),
        Section("changes", "Planned changes" if document["check_mode"] else "Changes", _render_changes(document)),
        Section("dead", "Dead sessions", _render_dead(document)),
        Section("vni", "VNI map", _render_vni_map(document)),
        Section("notes", "Warnings and notes", _render_notes(document)),
    ]


def _is_single(document: Document) -> bool:
    return len(document["fleets"]) == 1


def _render_none(text: str) -> Markup:
    return element("p", text, class_="none")


def _render_group(
    document: Document,
    table: Table,
    rows: list[TableRow],
    identifier: str,
    heading: str,
    text: str = "",
    is_open: bool = True,
) -> Markup:
    """A collapsible table with its heading; empty without rows."""
    if not rows:
        return Markup("")
    content = join(element("p", text) if text else None, table.render(rows, _is_single(document), identifier))
    return render_details(heading, len(rows), content, is_open)


def _render_failures(document: Document) -> Markup:
    errors = [(fleet, fleet) for fleet in document["fleets"] if fleet["error"] is not None]
    failed = list_rows(document, "plan", lambda row: row.get("status") in ("failed", "not_tried"))
    if not errors and not failed:
        return _render_none("None.")
    return join(
        _render_group(document, ERRORS, errors, "table-errors", "Failed fleets"),
        _render_group(document, FAILED_CHANGES, failed, "table-failed", "Failed changes"),
    )


def _render_held_back(document: Document) -> Markup:
    rows = list_rows(document, "plan", lambda row: row.get("status") == "held_back")
    if not rows:
        return _render_none("None.")
    text = (
        "The plan exceeds max_deletes or deletes every session of a fleet. These sessions were not deleted. If the "
        "deletions are intended, increase max_deletes for one run."
    )
    return _render_group(document, HELD_BACK, rows, "table-held-back", "Sessions", text)


def _render_not_mirrored(document: Document) -> Markup:
    groups = []
    for name, heading in _CLASSES:
        rows = list_rows(document, "plan", lambda row, name=name: row.get("coverage") == name)  # type: ignore[misc]
        reasons = [(fleet, row) for fleet, row in list_coverage_rows(document, "reasons") if row["class"] == name]
        if not reasons:
            continue
        counts = REASONS.render(reasons, _is_single(document), f"table-reasons-{name}")
        interfaces = _render_group(document, NOT_MIRRORED, rows, f"table-{name}", "Interfaces", is_open=False)
        count = sum(row["count"] for _fleet, row in reasons)
        groups.append(render_details(heading, count, join(counts, interfaces), name == "unmirrored"))
    return join(*groups) if groups else _render_none("Every selected interface is mirrored.")


def _render_changes(document: Document) -> Markup:
    groups = []
    for cause, heading, text in _CAUSES:
        rows = [
            (fleet, {**row, "shown_status": _describe_status(document, fleet, row)})
            for fleet, row in list_rows(document, "plan", lambda row, cause=cause: row.get("cause") == cause)  # type: ignore[misc]
        ]
        groups.append(_render_group(document, CHANGED, rows, f"table-{cause}", heading, text))
    return join(*groups) if any(groups) else _render_none("None.")


def _describe_status(document: Document, fleet: Document, row: Document) -> str:
    if "status" in row:
        return str(row["status"]).replace("_", " ")
    if document["check_mode"]:
        return "planned"
    return "done" if fleet["carried_out"] else "not carried out"


def _render_dead(document: Document) -> Markup:
    # The rows of the plan have the instance and the zone.
    key = "traffic_mirror_session_id"
    planned = {str(row[key]): row for _fleet, row in list_rows(document, "plan", lambda row: bool(row.get(key)))}
    rows = [
        (fleet, {**planned.get(row[key], {}), **row}) for fleet, row in list_coverage_rows(document, "dead_sessions")
    ]
    stopped = document["totals"]["stopped_sessions"]
    note = f"Sessions of stopped instances, which are also charged: {stopped:,}." if stopped else ""
    if not rows:
        return _render_none(note or "None.")
    return join(
        _render_group(document, DEAD, rows, "table-dead", "Sessions", _DEAD),
        element("p", note) if note else None,
    )


def _render_vni_map(document: Document) -> Markup:
    clashes = [
        ({**one, "fleet": None}, {**clash, **one}) for clash in document["vni_clashes"] for one in clash["interfaces"]
    ]
    text = "Several interfaces use one VNI at the same target. The sensor cannot identify the source by the VNI."
    rows = list_rows(document, "vni_map")
    rows.sort(key=lambda row: row[1]["virtual_network_id"])
    if not rows:
        return _render_none("No session has a VNI yet.")
    return join(
        _render_group(document, CLASHES, clashes, "table-clashes", "Clashes", text),
        _render_group(document, VNI_MAP, rows, "table-vni-map", "Sources by VNI"),
    )


def _render_notes(document: Document) -> Markup:
    parts = []
    unverified = list_coverage_rows(document, "unverified")
    for fleet in document["fleets"]:
        lines = [*fleet["warnings"], *fleet["notes"]]
        if lines:
            heading = None if _is_single(document) else element("h3", describe_fleet(fleet))
            parts.append(join(heading, element("ul", *(element("li", line) for line in lines))))
    text = "Sessions that count as mirrored although it cannot be read whether packets arrive."
    parts.append(_render_group(document, UNVERIFIED, unverified, "table-unverified", "Unverified", text))
    return join(*parts) if any(parts) else _render_none("None.")
