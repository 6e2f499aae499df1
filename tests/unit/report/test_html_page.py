# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML page: its content, and that no value becomes markup."""

from __future__ import annotations

import html.parser
import re

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.text import printable
from ansible_collections.vtap.aws.plugins.module_utils._report.coverage_bars import format_percentage, render_bar
from ansible_collections.vtap.aws.plugins.module_utils._report.html_page import render_html
from ansible_collections.vtap.aws.plugins.module_utils._report.html_style import SCRIPT, STYLE
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.report.documents import (
    create_fleet,
    document,
    drift,
    fleet,
    mixed_document,
    mixed_rows,
    new_match,
    row,
    unmirrored,
)
from tools import browser_check

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "</style><!--",
    "\"><svg onload='alert(1)'>",
    "' onmouseover='alert(1)",
    "&lt;b&gt; &amp;",
    "a\x00b\x1b[2Jc\r\nd\te",
    "\u202egnp.exe\u2066",
    "{{ 7 * 7 }} ${x} `",
    "\ud800",
    "None",
]
VALUES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))
EMPTY = ("meta", "br", "input", "rect")


class Parser(html.parser.HTMLParser):
    """Collects the elements with their attributes, and the texts outside scripts and styles."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, tuple(name for name, _value in attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, tuple(name for name, _value in attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)


def parse(page):
    parser = Parser()
    parser.feed(page)
    parser.close()
    assert not parser.open
    return parser


def with_value(value):
    """A document in which every text that comes from elsewhere is this value."""
    one = {"instance_name": value, "availability_zone": value, "reason": value}
    rows = [
        drift(1, changes={value: [value, value]}, **one),
        new_match(2, **one),
        unmirrored(3, reason=value, instance_name=value),
        row(4, **one),
    ]
    more = {"label": value, "error": value, "notes": [value], "warnings": [value], "pending": {"targets": [value]}}
    first = fleet(rows, fleet=value, region=value, min_coverage=value, **more)
    first["coverage"]["unverified"] = [{"resource": value, "reason": value, "sessions": 1}]
    first["coverage"]["dead_sessions"] = [
        {"traffic_mirror_session_id": value, "network_interface_id": value, "reason": value}
    ]
    return document(first, create_fleet(label="other", error=value, account_id=value), limit=value)


HARMLESS = parse(render_html(with_value("x")))


def assert_harmless(value):
    """The page with this value has the elements of the page with a harmless one, and the value as text."""
    parsed = parse(render_html(with_value(value)))
    # An error has line breaks, which are the only elements that a value adds.
    found, expected = ([one for one in elements if one[0] != "br"] for elements in (parsed.elements, HARMLESS.elements))
    assert found == expected
    assert any(printable(value) in text for text in parsed.texts)


@settings(max_examples=60)
@given(VALUES.filter(lambda value: value.strip() and value.splitlines()[0].strip()))
def test_no_value_becomes_markup(value):
    assert_harmless(value)


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_value(value):
    assert_harmless(value)


def test_page_loads_nothing():
    page = render_html(mixed_document())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src &#x27;none&#x27;; ")
    assert not re.search(
        r"(src|href|action|url)\s*[=(]\s*[\"']?(?!#)[a-z/]", page.replace(STYLE, "").replace(SCRIPT, "")
    )
    assert "url(" not in STYLE and "@import" not in STYLE and "fetch" not in SCRIPT
    # The policy blocks style attributes.
    assert " style=" not in page
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">') and 'name="viewport"' in page


def test_order_and_content():
    parsed = parse(render_html(mixed_document(limit="web")))
    text = " ".join(parsed.texts)
    parts = [
        "Fleet ids-prod",
        "--limit web",
        "95%",
        "2 eligible interfaces are not mirrored",
        "Repaired drift",
        "1 of 33 interfaces of fleet ids-prod failed",
        "AssumeRole failed: AccessDenied: not authorized",
        "Delete one of them.",
        "The plan exceeds max_deletes",
        "92.8%",
        "all targets are at capacity",
        "packet_length",
        "filter tmf-0a1b2c3d4e5f60718 accepts no packets",
        "Several interfaces use one VNI",
        "Sources by VNI",
        "exclude[1] matches no interface",
    ]
    text = re.sub(r"\s+", " ", text)
    places = [text.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)


def test_check_mode_and_no_result():
    text = " ".join(parse(render_html(document(fleet(mixed_rows(3), estimated_duration=130), check_mode=True))).texts)
    assert "Check mode: nothing was changed." in text and "would not be mirrored" in text
    assert "Drift to repair" in text and "Repaired drift" not in text and "Estimated duration: 2 min 10 s." in text
    text = " ".join(parse(render_html(document(create_fleet(error="no credentials")))).texts)
    assert "The coverage is unknown" in text and "Account unknown" in text


def test_plan_that_was_not_carried_out():
    page = render_html(document(fleet([new_match(1)], carried_out=False, coverage={}, error="max_creates allows 0")))
    assert "not carried out" in page and "<td>done</td>" not in page


def test_percentage_is_100_only_if_all_are_mirrored():
    assert format_percentage(9999, 10000) == "99.9%" and format_percentage(7, 7) == "100%"
    assert format_percentage(0, 0) == "-"
    assert 'width="98.5%"' in render_bar(9999, 10000) and 'width="100%"' in render_bar(7, 7)


def test_page_in_a_browser(tmp_path):
    """No overflow, no cut text, no error and no request, also with hostile and long values and with many rows."""
    program = browser_check.find_browser()
    if program is None:
        pytest.skip("no Chromium is installed")
    long = with_value("x" * 400)
    documents = [mixed_document(), long, *map(with_value, HOSTILE[:5]), document(fleet(mixed_rows(1500)))]
    pages = [tmp_path / f"{index}.html" for index in range(len(documents))]
    for page, one in zip(pages, documents):
        page.write_text(render_html(one), encoding="utf-8")
    with browser_check.Browser(program) as browser:
        assert [problem for page in pages for problem in browser_check.check(browser, str(page))] == []


def test_search(tmp_path):
    """The search box shows the rows that contain all words, and opens no other."""
    program = browser_check.find_browser()
    if program is None:
        pytest.skip("no Chromium is installed")
    page = tmp_path / "page.html"
    page.write_text(render_html(document(fleet([row(number) for number in range(30)]))))
    search = """new Promise((done) => {
      const box = document.querySelector('[data-table=table-vni-map]');
      const input = box.querySelector('input');
      input.value = 'WEB-2 eu-west-1c';
      input.dispatchEvent(new Event('input'));
      setTimeout(() => done([box.hidden, box.querySelector('output').textContent,
        Array.from(document.querySelectorAll('#table-vni-map tbody tr:not([hidden])'), (one) => one.cells[0].innerText)
      ]), 400);
    })"""
    with browser_check.Browser(program) as browser:
        opened = browser_check.Page(browser, page.as_uri(), 1280)
        found = opened.call("Runtime.evaluate", expression=search, returnByValue=True, awaitPromise=True)
    numbers = [str(number) for number in (2, *range(20, 30)) if number % 3 == 2]
    assert found["result"]["value"] == [False, f"{len(numbers)} of 30 rows", numbers]
