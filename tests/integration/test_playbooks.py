# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the test playbooks, the README's first playbook, the modules' examples and the teardown playbook."""

from __future__ import annotations

import ast
import re
import subprocess
import textwrap

import pytest
import yaml

from tests.integration.conftest import PLAYBOOKS, ROOT

MODULES = sorted(path for path in (ROOT / "plugins/modules").glob("*.py"))


def recap(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Return the counts of the play recap: {"ok": 2, "changed": 1, ...}."""
    return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", done.stdout.partition("PLAY RECAP")[2])}


@pytest.mark.parametrize("name", sorted(path.stem for path in PLAYBOOKS.glob("*.yml")))
def test_playbook(play, name):
    done = play(f"{name}.yml")
    counts = recap(done)
    assert done.returncode == 0 and counts["failed"] == 0 and counts["ok"] > 0, done.stdout + done.stderr


def test_first_playbook_of_the_readme(play, emulator):
    playbook = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    tasks = len(yaml.safe_load(playbook)[0]["tasks"])

    foreseen = play(playbook, "--check", "--diff")
    assert foreseen.returncode == 0, foreseen.stdout + foreseen.stderr
    assert recap(foreseen)["changed"] == tasks, foreseen.stdout
    diff = re.findall(r'^\+ +"(\w+)": (.*?),?$', foreseen.stdout, re.MULTILINE)
    assert {("session_number", "1"), ("destination_port", '"443"'), ("type", '"network-load-balancer"')} <= set(diff)
    assert not [key for key, _value in diff if key.endswith("_id") and key != "network_interface_id"], (
        "check mode returned a generated id"
    )
    assert not [call for call in emulator.log() if not call["action"].startswith("Describe")]

    done = play(playbook, "--diff")
    assert recap(done)["changed"] == tasks, done.stdout + done.stderr
    came = re.findall(r'^\+ +"(\w+)": (.*?),?$', done.stdout, re.MULTILINE)
    assert set(diff) <= set(came), "check mode reported a change that the real run did not make"

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
    done = play(yaml.safe_dump(playbook, sort_keys=False))
    counts = recap(done)
    assert done.returncode == 0 and counts["failed"] == 0, done.stdout + done.stderr
    assert counts["ok"] == len(playbook[0]["tasks"]) - counts["skipped"], done.stdout


def test_teardown(play, emulator):
    """The playbook deletes all resources with the tag and no others. Check mode reports the same number."""
    ec2 = emulator.client()
    lab, tags = emulator.lab, [{"Key": "Team", "Value": "netsec"}]

    def tagged(kind):
        return {"TagSpecifications": [{"ResourceType": f"traffic-mirror-{kind}", "Tags": tags}]}

    def session(interface, target, the_filter, **more):
        made = ec2.create_traffic_mirror_session(
            NetworkInterfaceId=lab["interfaces"][interface],
            SessionNumber=1,
            TrafficMirrorTargetId=target["TrafficMirrorTargetId"],
            TrafficMirrorFilterId=the_filter["TrafficMirrorFilterId"],
            **more,
        )
        return made["TrafficMirrorSession"]

    def left():
        return (
            [s["TrafficMirrorSessionId"] for s in ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]],
            [t["TrafficMirrorTargetId"] for t in ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"]],
            [f["TrafficMirrorFilterId"] for f in ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]],
        )

    the_filter = ec2.create_traffic_mirror_filter(**tagged("filter"))["TrafficMirrorFilter"]
    for interface, destination in (
        ("web", {"NetworkInterfaceId": lab["interfaces"]["sensor"]}),
        ("db", {"NetworkLoadBalancerArn": lab["load_balancers"]["sensors-b"]}),
    ):
        target = ec2.create_traffic_mirror_target(**destination, **tagged("target"))["TrafficMirrorTarget"]
        session(interface, target, the_filter, **tagged("session"))
    kept = session("app-1", {"TrafficMirrorTargetId": lab["target"]}, the_filter)["TrafficMirrorSessionId"]
    there = left()
    the_tag = ("-e", "vtap_tag_key=Team", "-e", "vtap_tag_value=netsec")

    refused = play("vtap.aws.teardown", *the_tag)
    assert refused.returncode == 2 and "Nothing was deleted: " in refused.stdout + refused.stderr
    assert kept in refused.stdout + refused.stderr
    assert left() == there
    ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=kept, TrafficMirrorFilterId=lab["filter"])

    def run(*arguments):
        done = play("vtap.aws.teardown", *the_tag, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return recap(done)["changed"], done.stdout.count("changed: [localhost]")

    foreseen = run("--check")
    assert left() == there, "check mode deleted a resource"
    assert run() == foreseen == (3, 5)
    assert left() == ([kept], [lab["target"]], [lab["filter"]])
    assert run() == (0, 0)


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
