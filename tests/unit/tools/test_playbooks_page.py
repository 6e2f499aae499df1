# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page on playbooks has all variables of each playbook and of the rulebook, and no others."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs/docsite/rst/playbooks.rst"
SECTIONS = {
    "teardown": ROOT / "playbooks/teardown.yml",
    "expire": ROOT / "playbooks/expire.yml",
    "fleet_accounts": ROOT / "playbooks/fleet_accounts.yml",
    "Rulebook fleet": ROOT / "extensions/eda/rulebooks/fleet.yml",
}
VARIABLE = re.compile(r"\bvtap_[a-z]\w*")


def read_section(title):
    """Return the section of the page with this title."""
    return re.search(rf"^{title}\n-+\n(.*?)(?=^\S[^\n]*\n---|\Z)", PAGE.read_text(), re.DOTALL | re.MULTILINE)[1]


def list_texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from (str(key), *list_texts(value))
    elif isinstance(node, list):
        for one in node:
            yield from list_texts(one)
    else:
        yield str(node)


def list_assigned(node: Any) -> Iterator[str]:
    """Yield the names of the variables that a playbook sets itself."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("vars", "ansible.builtin.set_fact") and isinstance(value, dict):
                yield from value
            elif key == "ansible.builtin.set_stats":
                yield from value["data"]
            elif key == "register":
                yield value
            yield from list_assigned(value)
    elif isinstance(node, list):
        for one in node:
            yield from list_assigned(one)


def list_inputs(path):
    """Return the variables that a playbook or rulebook reads and does not set."""
    document = yaml.safe_load(path.read_text())
    read = {name for text in list_texts(document) for name in VARIABLE.findall(text)}
    return read - set(list_assigned(document))


def list_documented(section):
    """Return the variables of the tables of a section."""
    return set(re.findall(r"^   \* - ``(vtap_\w+)``$", section, re.MULTILINE))


@pytest.mark.parametrize("title", SECTIONS)
def test_page_has_all_variables(title):
    assert list_documented(read_section(title)) == list_inputs(SECTIONS[title])


@pytest.mark.parametrize("title", SECTIONS)
def test_comment_of_the_file_has_all_variables(title):
    head = SECTIONS[title].read_text().partition("\n---\n")[0]
    assert set(re.findall(r"^#   (vtap_\w+) ", head, re.MULTILINE)) == list_inputs(SECTIONS[title])


@pytest.mark.parametrize("title", SECTIONS)
def test_page_has_the_defaults(title):
    """A default that is a literal in the file is the default of the page."""
    found = re.findall(r"(vtap_[a-z]\w*) \| default\((omit|'[^']+'|\w+)\)", SECTIONS[title].read_text())
    rows = dict(re.findall(r"\* - ``(vtap_\w+)``\n     - [^\n]+\n     - ([^\n]+)\n", read_section(title)))
    omitted = {name for name, default in found if default == "omit"}
    for name, default in found:
        assert name in omitted or rows[name].strip("`") == default.strip("'"), name


def test_every_playbook_for_users_has_a_section():
    assert {path.stem for path in (ROOT / "playbooks").glob("*.yml")} - {"demo"} <= set(SECTIONS)


def test_a_variable_that_is_only_read_is_an_input(tmp_path):
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(
        "- vars: {vtap_set: 1}\n  tasks:\n    - debug: {msg: '{{ vtap_set }} {{ vtap_read }} {{ vtap_registered }}'}\n"
        "      register: vtap_registered\n"
    )
    assert list_inputs(playbook) == {"vtap_read"}
