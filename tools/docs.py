# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation in build/docs: antsibull-docs generates the module pages, Sphinx renders all pages.

The front page of the site is written here. It lists the sections of docs/docsite/extra-docs.yml, and the modules before
the section Reference. tools/site has the configuration of Sphinx and the style sheet. tools/site_check.py checks the
result.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/docs"
SITE = ROOT / "tools/site"
# The title of a page that antsibull-docs generated: collection, name, type, short description.
PLUGIN_TITLE = re.compile(r"^vtap\.aws\.(\w+) (\w+) -- (.+)$", re.MULTILINE)
PICTURE = (".. image:: images/mirroring.svg", "   :alt: Source, session with filter, target and sensor")


def front_page(galaxy: dict[str, Any], sections: list[dict[str, Any]], plugins: dict[str, str]) -> str:
    """Return the front page.

    sections: as in extra-docs.yml. plugins: the text of each generated page by its name.
    """
    first = ", then ".join(f":doc:`docsite/{page}`" for page in sections[0]["toctree"])
    lines = ["vtap.aws", "========", "", galaxy["description"], "", *PICTURE, "", f"Start with {first}.", ""]
    for section in sections:
        title = section["title"]
        if title == "Reference":
            lines += ["Modules", "-------", "", *_plugin_table(plugins)]
        lines += [title, "-" * len(title), "", *_page_list(title, [f"docsite/{page}" for page in section["toctree"]])]
    return "\n".join([*lines, ""])


def _page_list(title: str, entries: list[str], *options: str) -> list[str]:
    return [
        ".. toctree::",
        f"   :caption: {title}",
        "   :maxdepth: 1",
        *(f"   :{one}:" for one in options),
        "",
        *(f"   {one}" for one in entries),
        "",
    ]


def _plugin_table(plugins: dict[str, str]) -> Iterator[str]:
    """Yield a table of the plugins, and the list of their pages for the sidebar."""
    entries = []
    yield from (".. list-table::", "   :widths: 45 55", "")
    for page, text in sorted(plugins.items(), key=lambda one: PLUGIN_TITLE.findall(one[1])):
        found = PLUGIN_TITLE.search(text)
        if found is None:
            raise SystemExit(f"{page}.rst has no title of a plugin")
        name = found[1] if found[2] == "module" else f"{found[1]} ({found[2]})"
        entries.append(f"{name} <{page}>")
        yield from (f"   * - :doc:`{name} <{page}>`", f"     - {found[3]}")
    yield ""
    yield from _page_list("Modules", entries, "hidden")


def write_front_page() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    sections = yaml.safe_load((ROOT / "docs/docsite/extra-docs.yml").read_text())["sections"]
    pages = [path for path in BUILD.glob("*.rst") if path.stem.endswith(("_module", "_filter"))]
    (BUILD / "index.rst").write_text(front_page(galaxy, sections, {path.stem: path.read_text() for path in pages}))


def main() -> int:
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True, mode=0o755)
    tool = pathlib.Path(sys.executable).with_name
    options = ["--use-current", "--squash-hierarchy", "--no-indexes", "--fail-on-error", "--dest-dir", str(BUILD)]
    subprocess.run([tool("antsibull-docs"), "collection", *options, "vtap.aws"], check=True)
    # Without plugins that read environment variables, the page has no content.
    (BUILD / "environment_variables.rst").unlink()
    shutil.copytree(ROOT / "docs/docsite/images", BUILD / "images")  # antsibull-docs copies only pages
    write_front_page()
    lint = ["lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all", str(ROOT)]
    while True:
        linted = subprocess.run([tool("antsibull-docs"), *lint], stdout=subprocess.PIPE, text=True, check=False)
        print(linted.stdout, end="")
        # antsibull-docs copies the collection to a folder with a random name that appears in the pages. One name in
        # forty ends with an underscore and is parsed as a reference. Repeat in that case.
        if 'Unknown target name: "antsibull-docs-' not in linted.stdout:
            break
    linted.check_returncode()
    sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-c", str(SITE)]
    subprocess.run([*sphinx, str(BUILD), str(BUILD / "html")], check=True)
    check = [sys.executable, "-m", "tools.site_check", str(BUILD / "html")]
    return subprocess.run(check, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
