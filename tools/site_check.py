# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the pages of the documentation site.

    python -m tools.site_check build/docs/html

Links: the file and the anchor of each internal link must exist. External links are checked for syntax only, without
network. Layout, in a headless Chromium at the width of a desktop and of a phone: see tools/browser_check.py for the
text. Tables, code blocks and images must not leave their column. On a phone, they may scroll inside their own box. On a
desktop, only output may (the language text), because it has the lines that the command prints. Other code must be
rewrapped.

Prints a line for each problem; the exit status is 1 if there is one. Without Chromium, only links are checked.
"""

from __future__ import annotations

import html.parser
import json
import pathlib
import sys
import urllib.parse
from collections.abc import Iterator

from tools.browser_check import NAMES, WIDTHS, Browser, Page, find_browser, to_url

# Returns the problems of tables, code blocks and images. The column is the article, or the body of a page without one.
LAYOUT = r"""
((mayScroll) => {
  const problems = [];
  const column = (document.querySelector("article") ?? document.body).getBoundingClientRect();
  const scrolls = (box) => ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
  for (const box of document.querySelectorAll("table, pre, img")) {
    const scrollers = [];
    for (let one = box; one; one = one.parentElement) if (scrolls(one)) scrollers.push(one);
    const edge = (scrollers.at(-1) ?? box).getBoundingClientRect();
    if (!edge.width) continue;
    const text = box.textContent.trim().replace(/\s+/g, " ").slice(0, 60) || box.src;
    const name = `${box.tagName.toLowerCase()} ${JSON.stringify(text)}`;
    const narrow = scrollers.find((one) => one.scrollWidth > one.clientWidth + 1);
    if (edge.right > column.right + 1 || edge.left < column.left - 1) problems.push(`${name} leaves its column`);
    else if (narrow && !mayScroll && !narrow.closest(".highlight-text")) {
      const longest = Math.max(...box.textContent.split("\n").map((line) => line.length));
      const hint = box.tagName === "PRE" ? `, the longest line has ${longest} characters` : "";
      problems.push(`${name} needs ${narrow.scrollWidth} px and has ${narrow.clientWidth} px${hint}`);
    }
  }
  for (const cell of document.querySelectorAll("td, th")) {
    if (cell.scrollWidth <= cell.clientWidth + 1) continue;
    problems.push(`the content of a cell leaves it: ${cell.textContent.trim().replace(/\s+/g, " ").slice(0, 60)}`);
  }
  return problems;
})
"""


class Links(html.parser.HTMLParser):
    """The anchors of a page, and the references with their lines."""

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__()
        self.anchors = {""}
        self.references: list[tuple[int, str]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value or "")
            elif name in ("href", "src") and value is not None:
                self.references.append((self.getpos()[0], value))


def check_links(folder: pathlib.Path) -> Iterator[str]:
    """Yield a line for each dead internal link and each malformed external link of the pages in a folder."""
    pages = {path: Links(path) for path in sorted(folder.resolve().rglob("*.html"))}
    for path, links in pages.items():
        for line, reference in links.references:
            problem = _find_link_problem(path, reference, pages)
            if problem:
                yield f"{path.relative_to(folder.resolve())}:{line}: {problem}: {reference}"


def _find_link_problem(path: pathlib.Path, reference: str, pages: dict[pathlib.Path, Links]) -> str:
    """Return the problem of a reference, empty if it has none."""
    try:
        parts = urllib.parse.urlsplit(reference)
    except ValueError:
        return "malformed URL"
    if parts.scheme in ("mailto", "data"):
        return ""
    if parts.scheme or parts.netloc:
        is_valid = parts.scheme in ("http", "https") and parts.hostname and not set(reference) & set(' <>"{}|\\^`')
        return "" if is_valid else "malformed URL"
    target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return "dead link"
    if target in pages and urllib.parse.unquote(parts.fragment) not in pages[target].anchors:
        return "dead anchor"
    return ""


def check_layout(browser: Browser, path: pathlib.Path) -> Iterator[str]:
    """Yield a line for each problem of a page in the browser. The page is loaded once, because that takes most time."""
    page = Page(browser, to_url(str(path)), WIDTHS[0])
    for width in WIDTHS:
        page.set_width(width)
        may_scroll = json.dumps(width < max(WIDTHS))
        for problem in [*page.evaluate(f"{LAYOUT}({may_scroll})"), *page.list_problems()]:
            yield f"{path.name} at {width} px: {problem}"
    page.close()


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    problems = list(check_links(folder))
    program = find_browser()
    if program is None:
        print(f"The layout of the pages is not checked, because none of these is installed: {', '.join(NAMES)}.")
    else:
        with Browser(program) as browser:
            for path in sorted(folder.rglob("*.html")):
                problems += check_layout(browser, path)
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
