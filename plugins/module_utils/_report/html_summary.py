# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first screen of the HTML page: the coverage, and the numbers that require attention. Pure."""

from __future__ import annotations

from typing import NamedTuple

from .._batch.duration import format_duration
from .coverage_bars import format_percentage, render_bar
from .document import Document
from .markup import Markup, element, join


class Card(NamedTuple):
    """A number with its label. level: how it is marked if it is not 0, C(alarm), C(notice) or C(plain)."""

    label: str
    number: int
    section: str
    level: str = "plain"
    detail: str = ""


# The word for a marked card, because the color alone does not suffice.
_LEVEL_WORDS = {"alarm": "Action required", "notice": "Notice", "plain": ""}


def render_summary(document: Document) -> Markup:
    """The section with the coverage and the cards."""
    return element(
        "section",
        _render_verdict(document),
        element("ul", *map(_render_card, _list_cards(document)), class_="cards"),
        aria_label="Summary",
    )


def _render_verdict(document: Document) -> Markup:
    totals, coverage = document["totals"], document["totals"]["coverage"]
    mirrored, eligible = coverage["mirrored"], coverage["eligible"]
    others = totals["fleets"] - totals["counted"]
    level = "alarm" if coverage["unmirrored"] or others else "good"
    share = element("p", format_percentage(mirrored, eligible), class_="share") if eligible else None
    words = [element("h2", _describe_coverage(document)), element("p", " ".join(_list_remarks(document)))]
    picture = render_bar(mirrored, eligible)
    return element("div", share, element("div", *words, class_="words"), picture, class_=f"verdict {level}")


def _describe_coverage(document: Document) -> str:
    totals, coverage = document["totals"], document["totals"]["coverage"]
    missing = coverage["unmirrored"]
    if not totals["counted"]:
        return "The coverage is unknown"
    if not coverage["eligible"]:
        return "No interface is eligible"
    if not missing:
        return f"All eligible interfaces {'would be' if document['check_mode'] else 'are'} mirrored"
    verb = "would not be" if document["check_mode"] else "is not" if missing == 1 else "are not"
    return f"{missing:,} eligible {'interface' if missing == 1 else 'interfaces'} {verb} mirrored"


def _list_remarks(document: Document) -> list[str]:
    """The sentences below the heading."""
    totals, coverage = document["totals"], document["totals"]["coverage"]
    would = "would be" if document["check_mode"] else "are"
    remarks = []
    if coverage["eligible"]:
        remarks.append(f"{coverage['mirrored']:,} of {coverage['eligible']:,} eligible interfaces {would} mirrored.")
    required = {fleet["min_coverage"] for fleet in document["fleets"]} - {None}
    if required:
        remarks.append(f"Required minimum: {', '.join(sorted(map(str, required)))}.")
    if totals["counted"] < totals["fleets"]:
        others = totals["fleets"] - totals["counted"]
        remarks.append(f"Not included: {others:,} of {totals['fleets']:,} fleets, see Failures.")
    durations = [fleet["estimated_duration"] for fleet in document["fleets"] if fleet["estimated_duration"] is not None]
    if document["check_mode"] and durations:
        longest = " (longest run)" if len(document["fleets"]) > 1 else ""
        remarks.append(f"Estimated duration{longest}: {format_duration(max(durations))}.")
    return remarks


def _list_cards(document: Document) -> list[Card]:
    totals, check_mode = document["totals"], document["check_mode"]
    summary, causes = totals["summary"], totals["causes"]
    stopped = totals["stopped_sessions"]
    dead = f"and {stopped:,} of stopped instances" if stopped else ""
    drift, held = (
        ("Drift to repair", "Deletions to hold back") if check_mode else ("Repaired drift", "Held back deletions")
    )
    return [
        Card("Failed fleets", totals["failed"], "failures", "alarm", f"of {totals['fleets']:,}"),
        Card("Failed changes", summary["failed"], "failures", "alarm"),
        Card(held, summary["held_back"], "held-back", "alarm"),
        Card(drift, causes["drift"], "changes", "notice"),
        Card("New matches", causes["new_match"], "changes"),
        Card("To adopt" if check_mode else "Adopted", causes["adoption"], "changes"),
        Card("To remove" if check_mode else "Removed", causes["removal"], "changes"),
        Card("Dead sessions", totals["dead_sessions"], "dead", "notice", dead),
        Card("VNI clashes", len(document["vni_clashes"]), "vni", "alarm"),
    ]


def _render_card(card: Card) -> Markup:
    level = card.level if card.number else "zero"
    word = _LEVEL_WORDS.get(level)
    label = element("span", card.label, class_="label")
    content = join(
        element("span", f"{card.number:,}", class_="number"),
        label,
        element("span", card.detail, class_="detail") if card.detail else None,
        element("span", word, class_="word") if word else None,
    )
    return element("li", element("a", content, href=f"#{card.section}"), class_=level)
