# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS and the host of the rulebook as docs/docsite/rst/events.rst creates them, in the emulator."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from typing import Any

import yaml

from tests.eda import events
from tests.eda.rulebook import Rulebook
from tests.emulator.client import ROOT, Emulator
from tests.integration.fleet_accounts import FLEET, HUB, WEB, documented_policy, seed_accounts

GUIDE = ROOT / "docs/docsite/rst/events.rst"
SHELL = re.compile(r"^\.\. code-block:: shell\n\n((?:   .*\n|\n)+)", re.MULTILINE)
# Version 1 of the command ignores AWS_ENDPOINT_URL for SQS, but not its own option.
AWS = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }\n'
REGION, QUEUE = events.REGION, "vtap-fleet"
ROLE = f"arn:aws:iam::{WEB}:role/mirror"
INVENTORY = {
    "mirrored": {
        "vars": {"vtap_fleet": {**FLEET, "sources": [{"tags": {"Role": "web"}}]}},
        "hosts": {
            "hub": {"vtap_region": REGION},
            "web": {"vtap_region": REGION, "vtap_role_arn": ROLE, "vtap_external_id": "vtap-7"},
        },
    }
}


class Failed(Exception):
    """An expectation was not met."""


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait until the condition is true. Returns time.monotonic(). Raises Failed after this time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.1)
    return time.monotonic()


class Place:
    """The emulator with queue and rules, and the folder of the rulebook. venv: where ansible-rulebook is installed."""

    def __init__(self, emulator: Emulator, venv: pathlib.Path, folder: pathlib.Path) -> None:
        self.emulator, self.venv, self.folder = emulator, venv, folder
        seed_accounts(emulator)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
        self._base = {**kept, "HOME": str(folder), "NO_PROXY": "127.0.0.1", "AWS_PAGER": ""}
        (folder / ".ansible").mkdir()
        (folder / ".ansible/collections").symlink_to(venv / "collections")
        (folder / "inventory.yml").write_text(yaml.safe_dump(INVENTORY))
        (folder / "vars.yml").write_text(f"vtap_queue: {QUEUE}\nvtap_region: {REGION}\n")
        copy, queue, rules, bus, *sender = map(textwrap.dedent, SHELL.findall(GUIDE.read_text()))
        self._sender = "".join(sender)
        self.commands(HUB, copy + queue + rules + bus)

    def commands(self, account: str, text: str) -> None:
        """Run commands of the guide as the administrator of an account."""
        environment = {**self._base, **self.emulator.env_for(account)}
        del environment["AWS_DEFAULT_REGION"]  # the commands set the region
        environment["PATH"] = os.pathsep.join([str(pathlib.Path(sys.executable).parent), self._base["PATH"]])
        bash = ["bash", "-euo", "pipefail", "-c", AWS + text]
        done = subprocess.run(bash, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"a command of the guide failed: {done.stderr.strip()}")

    def add_member(self) -> None:
        """Create the role and the rules of the account WEB, which send to the bus of HUB."""
        # As set in the account of the queue.
        variables = f"account={HUB}\nregion={REGION}\nexport AWS_DEFAULT_REGION=$region\ncd vtap-events\n"
        self.commands(WEB, variables + self._sender)

    def start(self) -> Rulebook:
        """Start the rulebook as a user with the documented policies. Waits until it reads the queue."""
        files = self.venv / "collections/ansible_collections/vtap/aws/extensions/eda/files"
        policy = json.loads((files / "rulebook_policy.json").read_text())
        policy["Statement"] += documented_policy(HUB)["Statement"]
        policy["Statement"].append({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE})
        environment = {**self._base, **self.emulator.user(policy, name="rulebook")}
        environment["ANSIBLE_NOCOLOR"] = "1"
        arguments = ["--rulebook", "vtap.aws.fleet", "--inventory", "inventory.yml", "--vars", "vars.yml"]
        self.emulator.clear_log()
        rulebook = Rulebook(self.venv, arguments, self.folder, environment)
        wait_for(lambda: not rulebook.is_alive or self.calls("GetQueueUrl") > 0, 90, "the rulebook reads the queue")
        if not rulebook.is_alive:
            raise Failed("the rulebook ended: " + "".join(rulebook.output))
        return rulebook

    def calls(self, action: str) -> int:
        """Return how often an action was called successfully in HUB since the rulebook started."""
        wanted = (action, "OK", HUB)
        return sum((entry["action"], entry["code"], entry["account"]) == wanted for entry in self.emulator.log())

    def send(self, *entries: events.Entry, account: str = HUB) -> None:
        """Send events to the default bus of an account, as AWS services do."""
        bridge = self.emulator.client("events", account)
        for first in range(0, len(entries), 10):
            reply = bridge.put_events(Entries=list(entries[first : first + 10]))
            if any("ErrorCode" in entry for entry in reply["Entries"]):
                raise Failed(f"PutEvents: {reply['Entries']}")

    def send_messages(self, *bodies: str) -> None:
        """Send messages that do not come from EventBridge."""
        sqs = self.emulator.client("sqs", HUB)
        url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        for body in bodies:
            sqs.send_message(QueueUrl=url, MessageBody=body)

    def tag(self, *instances: str, account: str = HUB) -> None:
        """Set the tag that the fleet selects."""
        self.emulator.client("ec2", account).create_tags(
            Resources=list(instances), Tags=[{"Key": "Role", "Value": "web"}]
        )

    def sessions(self, account: str = HUB) -> int:
        """Return the number of sessions."""
        ec2: Any = self.emulator.client("ec2", account)
        return len(ec2.describe_traffic_mirror_sessions(MaxResults=1000)["TrafficMirrorSessions"])
