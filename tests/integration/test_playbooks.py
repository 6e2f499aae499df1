# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the test playbooks, the README's first playbook and the modules' examples."""

from __future__ import annotations

import ast

import pytest
import yaml

from tests.integration.conftest import PLAYBOOKS, ROOT, recap
from tests.integration.pages import find_blocks

MODULES = sorted(path for path in (ROOT / "plugins/modules").glob("*.py"))


@pytest.mark.parametrize("name", sorted(path.stem for path in PLAYBOOKS.glob("*.yml")))
def test_playbook(play, name):
    done = play(f"{name}.yml")
    counts = recap(done)
    assert done.returncode == 0 and counts["failed"] == 0 and counts["ok"] > 0, done.stdout + done.stderr


def assert_plan_shown(done, shown):
    """Assert that the output of ansible-playbook has the plan that the documentation shows."""
    assert done.returncode == 0 and shown in done.stdout, done.stdout + done.stderr


def test_first_playbook_of_the_readme(play, emulator, monkeypatch):
    # Some versions of amazon.aws cause notices in some versions of ansible-core, see the known issues.
    monkeypatch.setitem(emulator.env, "ANSIBLE_DEPRECATION_WARNINGS", "false")
    readme = (ROOT / "README.md").read_text()
    playbook, plan = find_blocks(readme, "yaml")[0], find_blocks(readme, "text")[0]
    foreseen = play(playbook, "--check", "--diff", as_user=True)
    assert_plan_shown(foreseen, plan)
    assert not [call for call in emulator.log() if not call["action"].startswith("Describe")]
    done = play(playbook, "--diff", as_user=True)
    assert_plan_shown(done, plan)
    assert recap(done)["changed"] == 1 and not done.stderr, done.stdout + done.stderr
    again = play(playbook, "--diff", as_user=True)
    assert recap(again) == {**recap(done), "changed": 0}, again.stdout + again.stderr


@pytest.mark.parametrize("page", ["fleet", "stack"])
def test_first_playbook_of_a_guide(play, page):
    """The first playbook of the guide prints the plan in the guide."""
    text = (ROOT / f"docs/docsite/rst/{page}.rst").read_text()
    done = play(find_blocks(text, "yaml")[0], "--check", "--diff", as_user=True)
    assert_plan_shown(done, find_blocks(text, "text")[0])


def test_guide_to_stacks(play, tmp_path, monkeypatch):
    """The other playbook of the guide: existing resources are taken over."""
    monkeypatch.setenv("HOME", str(tmp_path))
    _first, imported = find_blocks((ROOT / "docs/docsite/rst/stack.rst").read_text(), "yaml")
    done = play(imported)
    assert recap(done)["changed"] == 2 and recap(done)["failed"] == 0, done.stdout + done.stderr
    assert [row["name"] for row in yaml.safe_load((tmp_path / "mirror.yml").read_text())["filters"]] == ["lab-filter"]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_examples(play, module):
    """Run the EXAMPLES of the module as one play."""
    assignments = [node for node in ast.parse(module.read_text()).body if isinstance(node, ast.Assign)]
    examples = next(ast.literal_eval(node.value) for node in assignments if node.targets[0].id == "EXAMPLES")
    playbook = [{"name": "Examples", "hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(examples)}]
    done = play(yaml.safe_dump(playbook, sort_keys=False))
    counts = recap(done)
    assert done.returncode == 0 and counts["failed"] == 0, done.stdout + done.stderr
    assert counts["ok"] == len(playbook[0]["tasks"]) - counts["skipped"], done.stdout


FAILING = """
- name: Failing
  hosts: localhost
  gather_facts: false
  tasks:
    - name: An interface that cannot be mirrored
      vtap.aws.ec2_traffic_mirror_session:
        network_interface_id: eni-0a1b2c3d4e5f60731
        session_number: 1
        traffic_mirror_filter_id: {filter}
        traffic_mirror_target_id: tmt-0a1b2c3d4e5f60718
"""


@pytest.mark.parametrize(
    ("wanted_filter", "told"),
    [
        (
            "tmf-0a1b2c3d4e5f60718",
            [
                "CreateTrafficMirrorSession",
                "network_interface_id eni-0a1b2c3d4e5f60731",
                "NetworkInterfaceNotSupported",
                "attached to an instance of a supported type",
            ],
        ),
        (
            "tmf-00000000000000000",
            ["InvalidTrafficMirrorFilterId.NotFound", "check traffic_mirror_filter_id and region"],
        ),
        ("dns", ["traffic_mirror_filter_id must be tmf- followed by 8 or 17 hexadecimal digits, not 'dns'"]),
    ],
    ids=["unsupported", "missing", "malformed"],
)
def test_error_message_names_option_and_cause(play, wanted_filter, told):
    done = play(FAILING.format(filter=wanted_filter))
    assert done.returncode == 2 and recap(done)["failed"] == 1, done.stdout + done.stderr
    for words in told:
        assert words in " ".join((done.stdout + done.stderr).split()), done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
