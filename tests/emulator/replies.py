# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP replies: request ids, and replies of proxies that are not those of AWS."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

# In XML the id is an element of its own; a text that quotes the element has escaped brackets.
_REQUEST_ID = re.compile(rb"<requestid>([^<]+)</requestid>", re.IGNORECASE)
# Bodies of the replace_replies setting: content type and text. "cut" is the first half of the original reply.
BODIES = {
    "html": ("text/html", "<html><head><title>502 Bad Gateway</title></head><body><br>Bad Gateway</body></html>"),
    "text": ("text/plain", "upstream connect error or disconnect/reset before headers"),
    "empty": ("text/plain", ""),
    "cut": ("text/xml;charset=UTF-8", '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Err'),
}


@dataclass(frozen=True)
class Answer:
    """An HTTP reply. code: "OK" or the error code in the body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    code: str


def with_request_id(answer: Answer) -> Answer:
    """Return the answer with the header x-amzn-requestid, equal to the request id in the body.

    A reply without a request id in the body gets a new one.
    """
    found = _REQUEST_ID.search(answer.body) if answer.body.startswith(b"<") else None
    others = [(name, value) for name, value in answer.headers if name.lower() != "x-amzn-requestid"]
    present = {name.lower(): value for name, value in answer.headers}.get("x-amzn-requestid")
    identifier = found.group(1).decode() if found else present or str(uuid.uuid4())
    return Answer(answer.status, [*others, ("x-amzn-requestid", identifier)], answer.body, answer.code)


def replacement(ordered: dict[str, Any], answer: Answer | None) -> Answer:
    """Return the reply that the replace_replies setting orders. answer: the reply of an executed call."""
    content_type, text = BODIES[ordered["body"]]
    is_cut = ordered["body"] == "cut" and answer is not None
    body = answer.body[: len(answer.body) // 2] if is_cut and answer else text.encode()
    return Answer(ordered["status"], [("Content-Type", content_type)], body, answer.code if answer else "")
