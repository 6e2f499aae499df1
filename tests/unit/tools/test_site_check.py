# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check of the documentation site finds dead links, boxes without room, and pages that are too wide."""

from __future__ import annotations

import sys

import pytest

from tools import browser_check, site_check

HEAD = '<!DOCTYPE html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Page</title>'
GOOD = (
    '<article id="top"><a href="other.html#part">other</a> <a href="#top">top</a> <a href="https://example.com/a?b#c">x'
    '</a> <a href="mailto:a@example.com">mail</a><table><tr><td>cell</td></tr></table><pre>code</pre></article>'
)
LONG_LINE = "word " * 60
SCROLLS = f'<pre style="overflow-x: auto">{LONG_LINE}</pre>'


def write(folder, **pages):
    for name, body in {"other": '<h1 id="part">Other</h1>', **pages}.items():
        (folder / f"{name}.html").write_text(f"{HEAD}<body>{body}", encoding="utf-8")


def test_good_links(tmp_path):
    write(tmp_path, page=GOOD)
    assert list(site_check.check_links(tmp_path)) == []


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("missing.html", "dead link"),
        ("missing.html#part", "dead link"),
        ("other.html#missing", "dead anchor"),
        ("#missing", "dead anchor"),
        ("https://", "malformed URL"),
        ("https://example.com/a b", "malformed URL"),
        ("http//example.com", "dead link"),
        ("javascript:alert(1)", "malformed URL"),
    ],
)
def test_dead_link(tmp_path, reference, problem):
    write(tmp_path, page=f'<p>First</p>\n<a href="{reference}">link</a>')
    assert list(site_check.check_links(tmp_path)) == [f"page.html:2: {problem}: {reference}"]


def test_missing_image(tmp_path):
    write(tmp_path, page='<img src="missing.png">')
    assert list(site_check.check_links(tmp_path)) == ["page.html:1: dead link: missing.png"]


@pytest.fixture(scope="module")
def browser():
    program = browser_check.find_browser()
    if program is None:
        pytest.skip("no Chromium is installed")
    with browser_check.Browser(program) as opened:
        yield opened


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        (GOOD, {}),
        # A box that scrolls is for phones, and for output.
        (f"<article>{SCROLLS}</article>", {1280: "the longest line has 300 characters"}),
        (f'<article class="highlight-text">{SCROLLS}</article>', {}),
        (
            f'<article><div style="overflow-x: auto"><table><td style="min-width: 700px">{SCROLLS}</table></div>',
            {1280: "px"},
        ),
        (
            '<article style="width: 300px"><table style="width: 350px"><td>cell</table></article>',
            {1280: "leaves its column", 390: "leaves its column"},
        ),
        (
            '<article><table><td style="display: flex; max-width: 100px"><p style="min-width: 200px">text</table>',
            {1280: "the content of a cell leaves it", 390: "the content of a cell leaves it"},
        ),
        (f"<article><pre>{LONG_LINE}</pre></article>", {1280: "the page is", 390: "the page is"}),
        (
            f'<article><pre style="overflow: hidden">{LONG_LINE}</pre></article>',
            {1280: "is cut off", 390: "is cut off"},
        ),
        ('<article><div style="min-width: 500px">wide</div></article>', {390: "the page is 5"}),
    ],
)
def test_layout(browser, tmp_path, body, problems):
    write(tmp_path, page=body)
    found = list(site_check.check_layout(browser, tmp_path / "page.html"))
    for width in (1280, 390):
        of_width = [line for line in found if f"page.html at {width} px: " in line]
        assert any(problems[width] in line for line in of_width) if width in problems else of_width == [], found


def test_exit_status(tmp_path, monkeypatch, capsys):
    """Without Chromium, only links are checked."""
    monkeypatch.setattr(site_check, "find_browser", lambda: None)
    monkeypatch.setattr(sys, "argv", ["site_check", str(tmp_path)])
    write(tmp_path, page=f"<article><pre>{LONG_LINE}</pre></article>")
    assert site_check.main() == 0
    assert capsys.readouterr().out.startswith("The layout of the pages is not checked")
    write(tmp_path, page='<a href="missing.html">link</a>')
    assert site_check.main() == 1
    assert "dead link: missing.html" in capsys.readouterr().out
