# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of extensions/eda: patterns tried with EventBridge's sample events, and policies."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from tests.eda import events
from tests.emulator.client import Emulator
from tests.integration.conftest import PLACE, ROOT

EXTENSIONS = PLACE / "collections/ansible_collections/vtap/aws/extensions/eda"
FILES = {path.name: path for path in (EXTENSIONS / "files").iterdir()}
PATTERNS = ("state_change.json", "tag_change.json", "attach_interface.json")
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:vtap-fleet"
BUS = "arn:aws:events:eu-west-1:123456789012:event-bus/vtap-fleet"
WEB, ENI = "i-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60718"

MATCHES = {
    "state_change.json": [
        *(events.state_change(WEB, state) for state in ("running", "stopped", "terminated")),
    ],
    "tag_change.json": [
        events.tag_change(WEB, Role="web"),
        events.tag_change(ENI, "network-interface", Role="web"),
    ],
    "attach_interface.json": [events.api_call("AttachNetworkInterface")],
}
OTHERS = [
    *(events.state_change(WEB, state) for state in ("pending", "stopping", "shutting-down")),
    # Sessions of the fleet itself.
    events.tag_change("tms-0a1b2c3d4e5f60718", "traffic-mirror-session", **{"vtap:fleet": "ids"}),
    events.tag_change("vol-0a1b2c3d4e5f60718", "volume", Role="web"),
    events.tag_change("db", "instance", service="neptune", Role="web"),
    events.api_call("AttachNetworkInterface", error="Client.InvalidParameterValue"),
    events.api_call("DetachNetworkInterface"),
    events.api_call("AttachNetworkInterface", source="sqs"),
]


def load(name: str) -> Any:
    return json.loads(FILES[name].read_text())


def statements(name: str) -> list[dict[str, Any]]:
    document = load(name)
    assert document["Version"] == "2012-10-17"
    return list(document["Statement"])


@pytest.fixture
def matched(emulator: Emulator) -> Any:
    """Return a function that sends an event and returns the names of the patterns that match."""
    sqs, bridge = emulator.client("sqs"), emulator.client("events")
    urls = {}
    for name in PATTERNS:
        queue = name.partition(".")[0]
        urls[name] = sqs.create_queue(QueueName=queue)["QueueUrl"]
        arn = QUEUE.replace("vtap-fleet", queue)
        bridge.put_rule(Name=queue, EventPattern=FILES[name].read_text())
        bridge.put_targets(Rule=queue, Targets=[{"Id": "queue", "Arn": arn}])

    def send(entry: events.Entry) -> list[str]:
        assert bridge.put_events(Entries=[entry])["Entries"][0]["EventId"]
        return [name for name, url in urls.items() if sqs.receive_message(QueueUrl=url).get("Messages")]

    return send


@pytest.mark.parametrize("name", PATTERNS)
def test_each_pattern_matches_its_events_only(matched: Any, name: str) -> None:
    assert [matched(entry) for entry in MATCHES[name]] == [[name]] * len(MATCHES[name])


def test_no_pattern_matches_other_events(matched: Any) -> None:
    assert [matched(entry) for entry in OTHERS] == [[]] * len(OTHERS)


def test_the_rulebook_accepts_the_types_of_the_patterns() -> None:
    (rules,) = yaml.safe_load((EXTENSIONS / "rulebooks/fleet.yml").read_text())
    accepted = re.findall(r'"([A-Z].*?)"', rules["rules"][0]["condition"])
    assert sorted(accepted) == sorted(kind for name in PATTERNS for kind in load(name)["detail-type"])
    assert rules["execution_strategy"] == "sequential"


def test_only_rules_of_the_account_may_send_to_the_queue() -> None:
    allow, deny = statements("queue_policy.json")
    assert allow["Principal"] == {"Service": "events.amazonaws.com"} and allow["Action"] == "sqs:SendMessage"
    rules = "arn:aws:events:eu-west-1:123456789012:rule/vtap-fleet*"
    assert allow["Condition"] == {"ArnLike": {"aws:SourceArn": rules}}
    assert deny["Effect"] == "Deny" and deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert {allow["Resource"], deny["Resource"]} == {QUEUE}


def test_the_policies_of_the_bus_and_its_senders_name_the_same_bus() -> None:
    (bus,), (sender,) = statements("bus_policy.json"), statements("sender_policy.json")
    assert bus["Resource"] == sender["Resource"] == BUS
    assert bus["Action"] == sender["Action"] == "events:PutEvents"
    assert bus["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    assert statements("sender_trust.json")[0]["Principal"] == {"Service": "events.amazonaws.com"}


def test_the_rulebook_policy_allows_reading_and_nothing_else(emulator: Emulator) -> None:
    url = emulator.client("sqs").create_queue(QueueName="vtap-fleet")["QueueUrl"]
    emulator.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    user = emulator.user(load("rulebook_policy.json"))
    sqs = emulator.client_of(user, "sqs")
    assert sqs.get_queue_url(QueueName="vtap-fleet")["QueueUrl"] == url
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    entries = [{"Id": "1", "ReceiptHandle": message["ReceiptHandle"]}]
    assert sqs.delete_message_batch(QueueUrl=url, Entries=entries)["Successful"] == [{"Id": "1"}]
    for call in (
        lambda: sqs.send_message(QueueUrl=url, MessageBody="{}"),
        lambda: sqs.purge_queue(QueueUrl=url),
        lambda: sqs.get_queue_url(QueueName="other"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            call()


def test_the_guide_names_every_file() -> None:
    guide = pathlib.Path(ROOT / "docs/docsite/rst/events.rst").read_text()
    assert [name for name in FILES if name not in guide] == []
