# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The coverage of accounts, regions and zones as bars of the HTML page. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .document import COVERAGE_KEYS, Document, is_counted
from .markup import Markup, element, join
from .tables import name_fleet

_OTHERS = ("excluded", "ineligible", "stopped")
_HEADINGS = ("Account, region, zone", "Coverage", "Mirrored", "Not mirrored", "Not eligible")


def format_percentage(mirrored: int, eligible: int) -> str:
    """The share of mirrored interfaces, rounded down, so that 100% means all."""
    return f"{mirrored * 1000 // eligible / 10:g}%" if eligible else "-"


def render_bar(mirrored: int, eligible: int) -> Markup:
    """A bar. The text next to it has the values. An unmirrored part is always visible."""
    if not eligible:
        return Markup("")
    share = mirrored * 100 / eligible
    share = share if mirrored == eligible else min(share, 98.5)
    width = f"{share:.4g}%"
    return element(
        "svg",
        element("rect", class_="missing", width="100%", height="100%"),
        element("rect", class_="mirrored", width=width, height="100%"),
        class_="bar",
        aria_hidden="true",
        focusable="false",
    )


def render_coverage(document: Document) -> Markup:
    """The table with a group of rows for each account: the account, its regions and their zones.

    Accounts with a fleet that has no result come first, then those with the most interfaces that are not mirrored.
    """
    accounts: dict[str, list[Document]] = {}
    for fleet in document["fleets"]:
        accounts.setdefault(fleet["account_id"] or "", []).append(fleet)
    sums = {account: _add(filter(is_counted, fleets)) for account, fleets in accounts.items()}
    order = sorted(
        accounts,
        key=lambda account: (
            all(fleet["coverage"] for fleet in accounts[account]),
            -sums[account]["unmirrored"],
            account,
        ),
    )
    head = element("tr", *(element("th", heading, scope="col") for heading in _HEADINGS))
    bodies = (element("tbody", *_render_account(account, accounts[account], sums[account])) for account in order)
    return element("div", element("table", element("thead", head), *bodies, class_="bars"), class_="scroll")


def _add(fleets: Iterable[Document]) -> Document:
    """The numbers of these fleets, which have a coverage, together."""
    coverages = [fleet["coverage"] for fleet in fleets]
    return {key: sum(coverage[key] for coverage in coverages) for key in COVERAGE_KEYS}


def _render_account(account: str, fleets: list[Document], total: Document) -> Iterable[Markup]:
    name = f"Account {account or 'unknown'}"
    if len(fleets) > 1 and total["selected"]:
        yield _render_row("account", name, total)
    else:
        yield element("tr", element("th", name, scope="rowgroup", colspan=len(_HEADINGS)), class_="account")
    for fleet in sorted(
        fleets, key=lambda fleet: (-(fleet["coverage"] or {"unmirrored": 0})["unmirrored"], name_fleet(fleet))
    ):
        names = [fleet["region"] or "unknown region", fleet["fleet"], f"({fleet['label']})" if fleet["label"] else None]
        name = " ".join(filter(None, names))
        if not fleet["coverage"]:
            yield _render_unknown(name, "The run has no result. See Failures.")
            continue
        yield _render_row("region", name, fleet["coverage"])
        if not is_counted(fleet):
            yield _render_unknown("", "Not included in the totals, because the filter or a target does not exist.")
        for zone in fleet["coverage"]["zones"]:
            yield _render_row("zone", zone["availability_zone"] or "unknown zone", zone)


def _render_row(class_: str, name: str, numbers: Document) -> Markup:
    others = ", ".join(f"{numbers[key]:,} {key}" for key in _OTHERS if numbers[key])
    missing = f"{numbers['unmirrored']:,} not mirrored" if numbers["unmirrored"] else None
    counts = f"{numbers['mirrored']:,} of {numbers['eligible']:,} "
    share = element("strong", format_percentage(numbers["mirrored"], numbers["eligible"]))
    return element(
        "tr",
        element("th", name, scope="row"),
        element("td", render_bar(numbers["mirrored"], numbers["eligible"])),
        element("td", join(counts, share)) if numbers["eligible"] else element("td", "none eligible"),
        element("td", missing, class_="alarm"),
        element("td", others),
        class_=class_,
    )


def _render_unknown(name: str, text: str) -> Markup:
    return element("tr", element("th", name, scope="row"), element("td", text, colspan=4), class_="region")
