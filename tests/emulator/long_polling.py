# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long polling of SQS queues: wait for a message without holding the emulator's lock."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from moto.sqs import sqs_backends

from .identity import Caller

TARGET = "AmazonSQS.ReceiveMessage"
# The maximum of SQS (API Reference, ReceiveMessage). moto rejects longer times.
MAX_WAIT = 20
INTERVAL = 0.05


def wait_for_message(lock: threading.RLock, caller: Caller, body: bytes) -> bytes:
    """Wait until the queue of a ReceiveMessage request has a message, or until its time is over.

    moto would sleep in the call, and other calls would wait for the lock. Returns the body of a request that does not
    wait, or the same body if moto rejects it or does not wait either. Requests of the query protocol are not supported.
    """
    try:
        request = json.loads(body)
        wait = int(request.get("WaitTimeSeconds", _default_wait(lock, caller, request)))
    except (AttributeError, TypeError, ValueError):
        return body
    if not 0 < wait <= MAX_WAIT:
        return body
    end = time.monotonic() + wait
    while time.monotonic() < end and not _has_message(lock, caller, request):
        time.sleep(INTERVAL)
    return json.dumps({**request, "WaitTimeSeconds": 0}).encode()


def _queue(caller: Caller, request: dict[str, Any]) -> Any:
    """Return moto's queue, None if it does not exist."""
    return sqs_backends[caller.account][caller.region].queues.get(str(request.get("QueueUrl")).rpartition("/")[2])


def _default_wait(lock: threading.RLock, caller: Caller, request: dict[str, Any]) -> int:
    with lock:
        queue = _queue(caller, request)
        return 0 if queue is None else int(queue.receive_message_wait_time_seconds)


def _has_message(lock: threading.RLock, caller: Caller, request: dict[str, Any]) -> bool:
    """Return whether the queue has a visible message or does not exist."""
    with lock:
        queue = _queue(caller, request)
        return queue is None or any(message.visible for message in queue.messages)
