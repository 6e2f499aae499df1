# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of the HTML page: columns, rows, a search box. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from .document import Document
from .markup import Markup, element, join, join_lines

# A table with more rows has a search box. One with more than MAX_OPEN rows is collapsed.
MIN_SEARCH_ROWS, MAX_OPEN_ROWS = 10, 100
# A fleet and one row of one of its tables.
TableRow = tuple[Document, Document]


@dataclass(frozen=True)
class Column:
    """A column. heading: also the label of the cell on narrow screens. cell: returns the content of a row's cell."""

    heading: str
    cell: Callable[[TableRow], Any]


@dataclass(frozen=True)
class Table:
    """A kind of table. name: the class of its elements, unique. All tables have the column of the fleet as the last."""

    name: str
    columns: tuple[Column, ...]

    def render(self, rows: Sequence[TableRow], is_single: bool, identifier: str) -> Markup:
        """The table with a search box if it has many rows.

        is_single: whether the document has only one fleet; then there is no column with the fleet. identifier: unique.
        """
        columns = self.columns if is_single else (*self.columns, FLEET_COLUMN)
        head = element("tr", *(element("th", column.heading, scope="col") for column in columns))
        body = (element("tr", *(element("td", column.cell(row)) for column in columns)) for row in rows)
        table = element(
            "table", element("thead", head), element("tbody", *body), id=identifier, class_=f"rows {self.name}"
        )
        search = render_search(identifier) if len(rows) >= MIN_SEARCH_ROWS else None
        return join(search, element("div", table, class_="scroll"))


def render_search(identifier: str) -> Markup:
    """A search box for a table. The script of the page shows it."""
    box = element("input", type="search", autocomplete="off", spellcheck="false")
    label = element("label", "Search this table ", box)
    return element("p", label, " ", element("output"), class_="search", hidden=True, data_table=identifier)


def render_details(heading: str, count: int, content: Markup, is_open: bool, level: str = "h3") -> Markup:
    """A heading with a count, and content that can be collapsed."""
    is_large = count > MAX_OPEN_ROWS
    title = element(level, f"{heading} ", element("span", f"{count:,}", class_="count"))
    class_ = "large" if is_large else None
    return element("details", element("summary", title), content, open=is_open and not is_large, class_=class_)


def list_rows(
    document: Document, key: str, is_chosen: Callable[[Document], bool] = lambda _row: True
) -> list[TableRow]:
    """The rows of a list of all fleets, with their fleet. key: such as C(plan)."""
    return [(fleet, row) for fleet in document["fleets"] for row in fleet[key] if is_chosen(row)]


def list_coverage_rows(document: Document, key: str) -> list[TableRow]:
    """The rows of a list in the coverage of all fleets, with their fleet. key: such as C(dead_sessions)."""
    return [(fleet, row) for fleet in document["fleets"] if fleet["coverage"] for row in fleet["coverage"][key]]


def name_fleet(fleet: Document) -> str:
    """The shortest text that identifies a fleet: its label, otherwise its account and region."""
    return fleet["label"] or " ".join(filter(None, [fleet["account_id"], fleet["region"]])) or "unknown account"


def describe_fleet(fleet: Document) -> Markup:
    """The label of a fleet, its account and region."""
    place = [fleet["account_id"] or "unknown account", fleet["region"] or "unknown region"]
    return join(
        element("span", fleet["label"], " ") if fleet["label"] else None,
        element("small", " ".join(place)),
    )


def render_text(key: str) -> Callable[[TableRow], Any]:
    """The cell with a text of the row."""
    return lambda row: row[1].get(key)


def render_id(key: str) -> Callable[[TableRow], Any]:
    """The cell with an id of the row."""
    return lambda row: None if row[1].get(key) is None else element("code", row[1][key])


def render_instance(row: TableRow) -> Markup:
    """The cell with the Name tag and the id of the instance."""
    name, identifier = row[1].get("instance_name"), row[1].get("instance_id")
    return join(
        element("bdi", name) if name else None,
        " " if name and identifier else None,
        element("code", identifier) if identifier else None,
    )


def render_changes(row: TableRow) -> Markup:
    """The cell with the reason of a row and the changed options."""
    changed = row[1].get("changes")
    items = changed.items() if isinstance(changed, dict) else ()
    listed = (element("li", element("code", option), ": ", *_describe_change(values)) for option, values in items)
    return join(row[1]["reason"], element("ul", *listed, class_="changes") if items else None)


def _describe_change(values: Any) -> Iterable[Markup]:
    before, after = values if isinstance(values, list) and len(values) == 2 else (None, values)
    return (element("del", str(before)), Markup(" → "), element("ins", str(after)))


FLEET_COLUMN = Column("Fleet", lambda row: describe_fleet(row[0]))
_INTERFACE = (
    Column("Interface", render_id("network_interface_id")),
    Column("Instance", render_instance),
    Column("Zone", lambda row: element("span", row[1].get("availability_zone"), class_="short")),
)
_SESSION = Column("Session", render_id("traffic_mirror_session_id"))
CHANGED = Table(
    "changed", (*_INTERFACE, _SESSION, Column("Change", render_changes), Column("Status", render_text("shown_status")))
)
HELD_BACK = Table("held-back", (*_INTERFACE, _SESSION, Column("Reason", render_text("reason"))))
FAILED_CHANGES = Table(
    "failed-changes",
    (
        *_INTERFACE,
        Column(
            "Action",
            lambda row: f"{row[1]['action']}, not tried" if row[1]["status"] == "not_tried" else row[1]["action"],
        ),
        Column("Error", render_text("error")),
    ),
)
NOT_MIRRORED = Table("not-mirrored", (*_INTERFACE, Column("Reason", render_text("coverage_reason"))))
REASONS = Table(
    "reasons", (Column("Reason", render_text("reason")), Column("Interfaces", lambda row: f"{row[1]['count']:,}"))
)
DEAD = Table("dead", (_SESSION, *_INTERFACE, Column("Reason", render_text("reason"))))
CLASHES = Table(
    "clashes",
    (
        Column("VNI", render_text("virtual_network_id")),
        Column("Target", render_id("traffic_mirror_target_id")),
        Column("Interface", render_id("network_interface_id")),
    ),
)
VNI_MAP = Table(
    "vni-map",
    (
        Column("VNI", render_text("virtual_network_id")),
        *_INTERFACE,
        Column("Target", render_id("traffic_mirror_target_id")),
    ),
)
UNVERIFIED = Table(
    "unverified",
    (
        Column("Resource", render_id("resource")),
        Column("Reason", render_text("reason")),
        Column("Sessions", lambda row: f"{row[1]['sessions']:,}"),
    ),
)
ERRORS = Table("errors", (Column("Error", lambda row: join_lines(row[0]["error"])),))
TABLES = (
    CHANGED,
    HELD_BACK,
    FAILED_CHANGES,
    NOT_MIRRORED,
    REASONS,
    DEAD,
    CLASHES,
    VNI_MAP,
    UNVERIFIED,
    ERRORS,
)
