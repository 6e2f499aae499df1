# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that version, contents and links are consistent in galaxy.yml, the changelog, the README and the pages."""

from __future__ import annotations

import ast
import re

import pytest
import yaml

from tools.matrix import ROOT

GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text())
RELEASES = yaml.safe_load((ROOT / "changelogs/changelog.yaml").read_text())["releases"]
CHANGELOG = (ROOT / "CHANGELOG.rst").read_text()
# The release summary of a version that is not released yet.
NEXT = ROOT / f"changelogs/fragments/{GALAXY['version']}.yml"

# The demo requires the emulator, which only a checkout has.
PLAYBOOKS = sorted(path.stem for path in ROOT.glob("playbooks/*.yml") if path.stem != "demo")
RULEBOOKS = sorted(path.stem for path in ROOT.glob("extensions/eda/rulebooks/*.yml"))


def parse_version(version):
    """Return a version such as "0.1.0" as a tuple of integers."""
    return tuple(int(part) for part in version.split("."))


def documentation(path):
    """Return the documentation of a module or a filter plugin."""
    if path.suffix == ".yml":
        return yaml.safe_load(path.read_text())["DOCUMENTATION"]
    assigned = (node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign))
    (text,) = (ast.literal_eval(node.value) for node in assigned if node.targets[0].id == "DOCUMENTATION")
    return yaml.safe_load(text)


# The version in which each module and filter plugin was added.
ADDED = {
    path.stem: documentation(path)["version_added"]
    for pattern in ("plugins/modules/*.py", "plugins/filter/*.yml")
    for path in ROOT.glob(pattern)
}


def changelog_entries():
    """Return the names of modules, plugins and playbooks in the list of each kind in CHANGELOG.rst."""
    return re.findall(r"^- vtap\.aws\.(\w+) - \S", CHANGELOG, re.MULTILINE)


def test_version_is_the_newest_release_or_waits_for_its_release():
    newest = max(map(parse_version, RELEASES), default=(0,))
    version = parse_version(GALAXY["version"])
    assert version == newest or (version > newest and "release_summary" in yaml.safe_load(NEXT.read_text()))
    assert newest != version or not NEXT.exists(), "a released version has a fragment"


def test_changelog_has_every_release():
    assert re.findall(r"^v(\S+)\n=+$", CHANGELOG, re.MULTILINE) == sorted(RELEASES, key=parse_version, reverse=True)


@pytest.mark.parametrize("name", sorted(ADDED))
def test_modules_and_filters_are_added_in_a_release(name):
    if ADDED[name] in RELEASES:
        assert changelog_entries().count(name) == 1
    else:
        assert ADDED[name] == GALAXY["version"]


def test_changelog_or_fragment_has_every_playbook_and_rulebook():
    added = yaml.safe_load(NEXT.read_text()) if NEXT.exists() else {}
    names = changelog_entries() + [entry["name"] for entry in added.get("add object.playbook", [])]
    assert [name for name in [*PLAYBOOKS, "demo"] if names.count(name) != 1] == []
    text = CHANGELOG + added.get("release_summary", "")
    assert [name for name in RULEBOOKS if f"rulebook ``vtap.aws.{name}``" not in text] == []


def test_readme_tables_have_all_contents():
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("|")]
    # A name can begin with "..." for the prefix of all modules.
    named = {name.replace("...", "vtap.aws.ec2_traffic_mirror") for row in rows for name in re.findall("`(.*?)`", row)}
    assert [name for name in [*ADDED, *PLAYBOOKS, *RULEBOOKS] if f"vtap.aws.{name}" not in named] == []


def test_commands_have_the_version():
    pages = [ROOT / "README.md", ROOT / "tools/execution-environment.yml", *ROOT.glob("docs/docsite/rst/*.rst")]
    found = {name for page in pages for name in re.findall(r"vtap-aws-\d[\w.-]*\.tar\.gz", page.read_text())}
    assert found == {f"vtap-aws-{GALAXY['version']}.tar.gz"}


def test_links_lead_to_one_repository():
    repository = GALAXY["repository"]
    edit = yaml.safe_load((ROOT / "docs/docsite/links.yml").read_text())["edit_on_github"]
    assert repository == f"https://github.com/{edit['repository']}"
    assert GALAXY["homepage"] == repository
    assert GALAXY["issues"] == f"{repository}/issues"
    assert GALAXY["documentation"] == f"{repository}/tree/{edit['branch']}/docs"
