# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQS: long polling does not delay other calls, and policies of users are evaluated."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.client import Emulator

Clients = Callable[..., Any]
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:events"


def bodies(reply: dict[str, Any]) -> list[str]:
    return [message["Body"] for message in reply.get("Messages", [])]


def seconds(call: Callable[[], Any]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


@pytest.fixture
def sqs(clients: Clients) -> Any:
    return clients(service="sqs")


@pytest.fixture
def url(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName="events")["QueueUrl"])


@pytest.mark.parametrize("by_default", [False, True], ids=["of the call", "of the queue"])
def test_a_message_ends_the_wait(sqs: Any, url: str, clients: Clients, by_default: bool) -> None:
    wait = {} if by_default else {"WaitTimeSeconds": 20}
    if by_default:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"ReceiveMessageWaitTimeSeconds": "20"})
    received: list[str] = []
    poll = threading.Thread(target=lambda: received.extend(bodies(sqs.receive_message(QueueUrl=url, **wait))))
    began = time.monotonic()
    poll.start()
    time.sleep(0.3)
    assert seconds(clients().describe_traffic_mirror_targets) < 5, "other calls are answered meanwhile"
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    poll.join()
    assert received == ["hello"] and time.monotonic() - began < 10


def test_the_wait_ends_without_a_message(sqs: Any, url: str) -> None:
    assert 0.9 < seconds(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)) < 5
    assert seconds(lambda: sqs.receive_message(QueueUrl=url)) < 0.9


def test_a_message_in_flight_is_not_received_twice(sqs: Any, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="once")
    assert bodies(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)) == ["once"]
    assert bodies(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)) == []


@pytest.mark.parametrize(
    ("wait", "queue", "code"),
    [(21, "events", "InvalidParameterValue"), (5, "none", "AWS.SimpleQueueService.NonExistentQueue")],
)
def test_bad_requests_fail_at_once(sqs: Any, url: str, wait: int, queue: str, code: str) -> None:
    def receive() -> None:
        with pytest.raises(ClientError) as caught:
            sqs.receive_message(QueueUrl=url.replace("events", queue), WaitTimeSeconds=wait)
        assert caught.value.response["Error"]["Code"] == code

    assert seconds(receive) < 1


def test_policies_of_users(emulator: Emulator, url: str) -> None:
    policy = {"Effect": "Allow", "Action": ["sqs:GetQueueUrl", "sqs:DeleteMessage"], "Resource": QUEUE}
    user = emulator.user({"Version": "2012-10-17", "Statement": [policy]})
    sqs = emulator.client_of(user, "sqs")
    assert sqs.get_queue_url(QueueName="events")["QueueUrl"].endswith("/events")
    # The batch requires the permission of the single action.
    reply = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": "none"}])
    assert [entry["Id"] for entry in reply["Failed"]] == ["1"]
    for call in (
        lambda: sqs.receive_message(QueueUrl=url),
        lambda: sqs.get_queue_url(QueueName="other"),
        lambda: sqs.send_message(QueueUrl=url, MessageBody="x"),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "AccessDenied"
        assert "not authorized to perform: sqs:" in caught.value.response["Error"]["Message"]
