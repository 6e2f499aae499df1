# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the test playbooks, the README's first playbook and the modules' examples."""

from __future__ import annotations

import ast
import re
import textwrap

import pytest
import yaml

from tests.integration.conftest import PLAYBOOKS, ROOT, recap

MODULES = sorted(path for path in (ROOT / "plugins/modules").glob("*.py"))


@pytest.mark.parametrize("name", sorted(path.stem for path in PLAYBOOKS.glob("*.yml")))
def test_playbook(play, name):
    done = play(f"{name}.yml")
    counts = recap(done)
    assert done.returncode == 0 and counts["failed"] == 0 and counts["ok"] > 0, done.stdout + done.stderr


def without_space(text):
    """Return the text without the line breaks of ansible-playbook, which differ between versions."""
    return "".join(text.split())


def test_first_playbook_of_the_readme(play, emulator):
    playbook = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    tasks = len(yaml.safe_load(playbook)[0]["tasks"])

    foreseen = play(playbook, "--check", "--diff")
    assert foreseen.returncode == 0, foreseen.stdout + foreseen.stderr
    assert recap(foreseen)["changed"] == tasks, foreseen.stdout
    diff = re.findall(r'^\+ +"(\w+)": (.*?),?$', foreseen.stdout, re.MULTILINE)
    assert {("session_number", "1"), ("destination_port", '"443"'), ("type", '"network-load-balancer"')} <= set(diff)
    ids = {value for key, value in diff if key.endswith("_id") and key != "network_interface_id"}
    assert ids == {
        '"tmf-(known after apply: dns-and-tls)"',
        '"tmfr-(known after apply: ingress 100)"',
        '"tmfr-(known after apply: egress 100)"',
        '"tmt-(known after apply: sensors)"',
        '"tms-(known after apply: web to sensors)"',
    }
    warned = without_space(foreseen.stderr)
    assert without_space("traffic_mirror_filter_name: no filter is named dns-and-tls yet") in warned, foreseen.stderr
    assert without_space("traffic_mirror_target_name: no target is named sensors yet") in warned, foreseen.stderr
    assert not [call for call in emulator.log() if not call["action"].startswith("Describe")]

    done = play(playbook, "--diff")
    assert recap(done)["changed"] == tasks, done.stdout + done.stderr
    assert without_space("Check mode assumes") not in without_space(done.stderr), done.stderr
    came = re.findall(r'^\+ +"(\w+)": (.*?),?$', done.stdout, re.MULTILINE)
    known = {(key, value) for key, value in diff if value not in ids}
    assert known <= set(came), "check mode reported a change that the real run did not make"

    again = play(playbook, "--diff")
    assert recap(again)["changed"] == 0 and recap(again)["ok"] == tasks, again.stdout + again.stderr
    assert not re.search(r"^[+-] ", again.stdout, re.MULTILINE), again.stdout


def test_guide_to_fleets(play):
    """The first playbook of the guide prints the plan in the guide."""
    blocks = re.findall(
        r"^.. code-block:: (\w+)\n\n((?:   .*\n|\n)+)", (ROOT / "docs/docsite/rst/fleet.rst").read_text(), re.MULTILINE
    )
    playbook = next(textwrap.dedent(text) for language, text in blocks if language == "yaml")
    shown = next(textwrap.dedent(text).strip() for language, text in blocks if language == "text")
    done = play(playbook, "--check", "--diff")
    assert done.returncode == 0 and shown in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_examples(play, module):
    """Run the EXAMPLES of the module as one play."""
    assignments = [node for node in ast.parse(module.read_text()).body if isinstance(node, ast.Assign)]
    examples = next(ast.literal_eval(node.value) for node in assignments if node.targets[0].id == "EXAMPLES")
    playbook = [{"name": "Examples", "hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(examples)}]
    done = play(yaml.safe_dump(playbook, sort_keys=False), in_process=True)
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
