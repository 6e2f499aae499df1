# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The style and the script of the HTML page. They have no values of a report."""

from __future__ import annotations

from .markup import Markup
from .tables import FLEET_COLUMN, TABLES

_COLORS = """
:root { color-scheme: light dark; --text: #1b2330; --soft: #566173; --line: #d8dde6; --page: #f4f6f9; --card: #ffffff;
  --good: #0b7a53; --alarm: #b3261e; --alarm-page: #fdecea; --notice: #8a5300; --notice-page: #fff4e0;
  --link: #0b57b0; --bar: #0b7a53; --missing: #e2554a; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6eaf0; --soft: #a3adbd; --line: #39424f; --page: #12161c; --card: #1b212a; --good: #55d3a4;
    --alarm: #ff9c92; --alarm-page: #3a1d1b; --notice: #ffc56b; --notice-page: #38290f; --link: #8ab8ff;
    --bar: #2fae80; --missing: #d9584d; }
}
"""
_LAYOUT = """
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; overflow-wrap: anywhere; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
header, main { max-width: 80rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.75rem; }
h1 { font-size: 1.15rem; line-height: 1.3; margin: 0; color: var(--soft); font-weight: 600; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 .75rem; }
h3 { font-size: 1rem; margin: 0; display: inline; }
p { margin: 0 0 .75rem; }
a { color: var(--link); }
code { font: .875em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
small { color: var(--soft); font-size: .875em; }
.run { margin: .25rem 0 1rem; font-size: 1.05rem; }
.banner { background: var(--notice-page); color: var(--notice); border: 1px solid currentColor; border-radius: .5rem;
  padding: .75rem 1rem; margin-bottom: 1rem; font-weight: 600; }
.banner p { margin: 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem;
  margin-bottom: 1.25rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0 .25rem;
  margin: 0 0 1.25rem; }
.none { color: var(--soft); margin: 0; }
"""
_SUMMARY = """
.verdict { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1.25rem; align-items: center; }
.verdict .share { font-size: 3rem; line-height: 1.1; font-weight: 700; margin: 0; font-variant-numeric: tabular-nums; }
.verdict h2 { font-size: 1.5rem; margin: 0; }
.verdict p { margin: 0; }
.verdict .words:first-child, .verdict .bar { grid-column: 1 / -1; }
.verdict .bar { height: 1rem; margin-top: .75rem; }
.verdict.alarm .share, .verdict.alarm h2, td.alarm { color: var(--alarm); }
.verdict.good .share, .verdict.good h2 { color: var(--good); }
.bar { display: block; width: 100%; height: .85rem; border-radius: .3rem; }
.bar .mirrored { fill: var(--bar); }
.bar .missing { fill: var(--missing); }
.cards { list-style: none; margin: 1.25rem 0 0; padding: 0; display: grid; gap: .75rem;
  grid-template-columns: repeat(auto-fit, minmax(7.6rem, 1fr)); }
.cards a { display: flex; flex-direction: column; height: 100%; padding: .75rem; color: inherit;
  text-decoration: none; border: 1px solid var(--line); border-radius: .5rem; }
.cards a:hover, .cards a:focus-visible { border-color: var(--link); }
.number { font-size: 1.75rem; line-height: 1.2; font-weight: 700; font-variant-numeric: tabular-nums; }
.label { font-weight: 600; }
.detail { color: var(--soft); font-size: .875rem; }
.word { margin-top: auto; padding-top: .35rem; font-size: .875rem; font-weight: 700; }
.zero .number, .zero .label { color: var(--soft); font-weight: 500; }
.cards .alarm a { background: var(--alarm-page); border-color: var(--alarm); }
.cards .alarm .number, .cards .alarm .word { color: var(--alarm); }
.cards .notice a { background: var(--notice-page); border-color: var(--notice); }
.cards .notice .number, .cards .notice .word { color: var(--notice); }
"""
_TABLES = """
.scroll { overflow-x: auto; margin: .5rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
td { unicode-bidi: isolate; }
thead th { color: var(--soft); font-weight: 600; font-size: .875rem; white-space: nowrap; }
td code, .short { white-space: nowrap; }
.rows small { display: block; white-space: nowrap; }
.count { color: var(--soft); font-weight: 400; font-variant-numeric: tabular-nums; }
details { border-top: 1px solid var(--line); padding: .6rem 0 0; margin-bottom: .6rem; }
details:last-child { margin-bottom: 0; }
details:first-of-type { border-top: 0; }
details details { border-top: 0; margin-left: 1.1rem; }
summary { cursor: pointer; padding: .15rem 0; }
.changes { list-style: none; margin: .25rem 0 0; padding: 0; font-size: .875rem; }
del { color: var(--alarm); } ins { color: var(--good); text-decoration: none; font-weight: 600; }
.search { margin: .25rem 0; color: var(--soft); }
.search input { font: inherit; color: var(--text); background: var(--page); border: 1px solid var(--soft);
  border-radius: .4rem; padding: .35rem .6rem; width: 20rem; max-width: 100%; }
.bars td { font-variant-numeric: tabular-nums; vertical-align: middle; }
.bars td:nth-child(2) { width: 30%; min-width: 8rem; }
.bars th { font-weight: 500; }
.bars .account th, .bars .account td { font-weight: 700; }
.bars .region th { padding-left: 1rem; } .bars .zone th { padding-left: 2rem; }
.bars .zone { font-size: .875rem; color: var(--soft); } .bars .zone .bar { height: .5rem; }
.bars tbody + tbody .account th, .bars tbody + tbody .account td { padding-top: 1.25rem; }
.bars .alarm { font-weight: 600; }
"""
_NARROW = """
@media screen and (max-width: 48rem) {
  header, main { padding: 0 .75rem; } header { padding-top: 1rem; }
  section { padding: 1rem; }
  .verdict { grid-template-columns: 1fr; } .verdict .share { font-size: 2.5rem; } .verdict h2 { font-size: 1.25rem; }
  .cards { grid-template-columns: 1fr 1fr; }
  .rows thead, .bars thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .rows, .rows tbody, .rows tr, .bars, .bars tbody, .bars tr { display: block; }
  .rows tr { border-bottom: 2px solid var(--line); padding: .5rem 0; }
  .rows tr[hidden] { display: none; }
  .rows td { display: grid; grid-template-columns: 6rem minmax(0, 1fr); border: 0; padding: .1rem 0; }
  .rows td:empty { display: none; }
  .rows td::before { color: var(--soft); font-size: .875rem; }
  .rows td > * { grid-column: 2; }
  .bars tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  .bars th, .bars td { display: inline-block; border: 0; padding: 0 .75rem 0 0; }
  .bars tr > th, .bars td:nth-child(2) { display: block; width: 100%; padding-right: 0; }
  .bars tbody + tbody .account th, .bars tbody + tbody .account td { padding-top: 0; }
  .bars .region { padding-left: .75rem; } .bars .zone { padding-left: 1.5rem; }
  .bars .region th, .bars .zone th { padding-left: 0; }
  td code, .rows small, .short { white-space: normal; }
  .search label { display: block; } .search input { width: 100%; }
}
"""
_PRINT = """
@media print {
  :root { color-scheme: light; --text: #000; --soft: #444; --line: #bbb; --page: #fff; --card: #fff; --good: #075e40;
    --alarm: #9c1c15; --alarm-page: #fff; --notice: #6d4200; --notice-page: #fff; --bar: #0b7a53; --missing: #e2554a; }
  body { font-size: 10pt; } table { font-size: 8pt; } th, td { padding-right: .5rem; }
  thead th, .bars .zone { font-size: inherit; }
  header, main { max-width: none; padding: 0; }
  section { border: 0; border-top: 1px solid #999; border-radius: 0; padding: .75rem 0; margin: 0; }
  nav, .search { display: none; }
  .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .cards { grid-template-columns: repeat(5, 1fr); gap: .4rem; } .cards a { padding: .4rem; }
  .scroll { overflow: visible; }
  tr, .cards li, .verdict { break-inside: avoid; }
  h2, summary { break-after: avoid; }
  td code, .rows small, .short { white-space: normal; }
  details:not(.large)::details-content { content-visibility: visible; block-size: auto; }
}
"""


def _label_cells() -> str:
    """The rules that label the cells of rows on narrow screens."""
    rules = []
    for table in TABLES:
        for index, column in enumerate((*table.columns, FLEET_COLUMN), 1):
            rules.append(f'  .{table.name} td:nth-child({index})::before {{ content: "{column.heading}"; }}')
    return "\n".join(["@media screen and (max-width: 48rem) {", *rules, "}\n"])


STYLE = Markup("".join([_COLORS, _LAYOUT, _SUMMARY, _TABLES, _NARROW, _label_cells(), _PRINT]))

# Search in a table: shows the rows that contain all words. The texts are read once, because there can be 10,000 rows.
SCRIPT = Markup("""
"use strict";
for (const box of document.querySelectorAll(".search")) {
  const table = document.getElementById(box.dataset.table);
  const input = box.querySelector("input");
  const output = box.querySelector("output");
  let texts = null;
  let timer = 0;
  const search = () => {
    const rows = table.tBodies[0].rows;
    texts ||= Array.from(rows, (row) => Array.from(row.cells, (cell) => cell.textContent).join(" ").toLowerCase());
    const words = input.value.toLowerCase().split(" ").filter(Boolean);
    let shown = 0;
    texts.forEach((text, index) => {
      const matches = words.every((word) => text.includes(word));
      rows[index].hidden = !matches;
      shown += matches;
    });
    output.textContent = words.length ? shown + " of " + texts.length + " rows" : "";
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 150);
  });
  box.hidden = false;
}
""")
