# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that the README names every part of the collection, and links to every page."""

from __future__ import annotations

import re

import pytest

from tools.matrix import ROOT

README = (ROOT / "README.md").read_text()
PAGES = ROOT / "docs/docsite/rst"
LINKS = re.findall(r"\]\(docs/docsite/rst/(\w+)\.rst(?:#([\w-]+))?\)", README)
# make demo runs this playbook.
NOT_FOR_USERS = {"demo"}


@pytest.mark.parametrize(
    "pattern", ["plugins/modules/*.py", "plugins/filter/*.yml", "playbooks/*.yml", "extensions/eda/rulebooks/*.yml"]
)
def test_readme_names_every_part(pattern):
    names = {path.stem for path in ROOT.glob(pattern)} - NOT_FOR_USERS
    assert names
    assert [name for name in sorted(names) if f"`vtap.aws.{name}`" not in README] == []


def test_readme_links_to_every_page():
    assert {path.stem for path in PAGES.glob("*.rst")} - {page for page, _anchor in LINKS} == set()


def test_links_to_sections_exist():
    anchors = [(page, anchor) for page, anchor in LINKS if anchor]
    assert anchors
    for page, anchor in anchors:
        titles = re.findall(r"^(\w.*)\n[-=^]{3,}$", (PAGES / f"{page}.rst").read_text(), re.MULTILINE)
        assert anchor in [title.lower().replace(" ", "-") for title in titles], (page, anchor)


def test_pictures_have_a_text_and_exist():
    pictures = re.findall(r"!\[([^]]*)\]\(([^)]+)\)", README)
    assert pictures
    for text, path in pictures:
        assert text.strip()
        assert (ROOT / path).is_file()
