# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as one HTML page that loads nothing. Pure.

The sections that require action come first.
"""

from __future__ import annotations

import base64
import hashlib

from .document import Document
from .html_sections import list_sections
from .html_style import SCRIPT, STYLE
from .html_summary import render_summary
from .markup import Markup, element, join


def render_html(document: Document) -> str:
    """The page as text."""
    title = "Traffic Mirroring report"
    names = sorted({fleet["fleet"] for fleet in document["fleets"] if fleet["fleet"]})
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_content_policy()),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title}: {', '.join(names)}" if len(names) == 1 else title),
        element("style", STYLE),
    )
    sections = list_sections(document)
    header = element(
        "header",
        element("h1", title),
        element("p", _describe_run(document, names), class_="run"),
        _render_banner(document),
    )
    links = (element("li", element("a", one.heading, href=f"#{one.identifier}")) for one in sections)
    main = element(
        "main",
        render_summary(document),
        element("nav", element("ul", *links), aria_label="Sections"),
        *(one.render() for one in sections),
    )
    body = element("body", header, main, element("script", SCRIPT))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _content_policy() -> str:
    """The policy that forbids all requests. The hashes allow the style and the script of the page only."""
    style, script = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (STYLE, SCRIPT))
    allowed = f"style-src 'sha256-{style}'; script-src 'sha256-{script}'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _describe_run(document: Document, names: list[str]) -> Markup:
    fleets = document["fleets"]
    created = document["created_at"]
    parts = [element("time", created.replace("T", " ").replace("Z", " UTC"), datetime=created)]
    if len(fleets) == 1:
        one = fleets[0]
        place = [one["label"], one["account_id"] or "unknown account", one["region"] or "unknown region"]
        parts += [element("bdi", text) for text in place if text]
    else:
        accounts = {fleet["account_id"] for fleet in fleets if fleet["account_id"]}
        regions = {fleet["region"] for fleet in fleets if fleet["region"]}
        parts.append(Markup(f"{len(fleets):,} fleets, {len(accounts):,} accounts, {len(regions):,} regions"))
    if len(names) == 1:
        parts.insert(0, join("Fleet ", element("strong", names[0])))
    return join(*(join(Markup(" · ") if index else None, part) for index, part in enumerate(parts)))


def _render_banner(document: Document) -> Markup:
    lines = []
    if document["check_mode"]:
        lines.append(element("p", "Check mode: nothing was changed. The report shows what the run would do."))
    if document["limit"]:
        lines.append(
            element("p", "The run was limited to a part of the hosts: --limit ", element("code", document["limit"]))
        )
    return element("div", *lines, class_="banner") if lines else Markup("")
