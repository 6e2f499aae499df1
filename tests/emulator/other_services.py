# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to Elastic Load Balancing and CloudWatch, and calls that the emulator itself sends to moto."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from . import load_balancing, metrics, permissions, query_wire, wire
from .calls import Call
from .errors import ApiError, printable
from .replies import Answer
from .requests import Request
from .settings import Settings
from .store import Store

# Services whose name in error types differs from that in signatures.
_NAMESPACES = {"monitoring": "cloudwatch"}
# Sends a request to moto.
Moto = Callable[[Request], Answer]


def ask_moto(moto: Moto, request: Request, action: str, form: list[tuple[str, str]]) -> bytes:
    """Send an action with this form to moto as the caller of the request. Returns the body. Raises moto's ApiError."""
    version = dict(request.pairs).get("Version", "2016-11-15")
    pairs = [("Action", action), ("Version", version), *form]
    environ = {
        **request.environ,
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
    }
    body = urlencode(pairs, errors="surrogateescape").encode()
    answer = moto(replace(request, environ=environ, body=body, action=action, pairs=pairs, parameters=dict(form)))
    if answer.status >= 400:
        found = re.search(r"<Message>(.*?)</Message>", answer.body.decode(), re.DOTALL)
        raise ApiError(answer.code, html.unescape(found.group(1)) if found else "")
    return answer.body


def ec2_asker(moto: Moto, request: Request) -> Callable[[str, Mapping[str, Any]], dict[str, Any]]:
    """Return a function that sends an EC2 action to moto: (action, parameters) -> reply by API member name."""

    def ask(action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        form = [pair for pair in wire.form(action, parameters) if pair[0] not in ("Action", "Version")]
        return wire.decode(action, ask_moto(moto, request, action, form))

    return ask


def is_json_metrics(request: Request) -> bool:
    """Return whether the request is one to CloudWatch in its JSON protocol."""
    return request.caller.service == metrics.SIGNING_NAME and is_json(request)


def is_json(request: Request) -> bool:
    """Return whether the request is one in a JSON protocol, which CloudWatch, SQS and EventBridge use."""
    return bool(request.environ.get("HTTP_X_AMZ_TARGET"))


def json_failure(request: Request, error: ApiError) -> Answer:
    """Return the answer with an error to a JSON request. The header has the code of the query protocol."""
    status = 400 if error.status < 500 else 500
    service = _NAMESPACES.get(request.caller.service, request.caller.service)
    body = {"__type": f"com.amazonaws.{service}#{error.code}", "message": printable(error.message)}
    headers = [
        ("Content-Type", "application/x-amz-json-1.0"),
        ("x-amzn-query-error", f"{error.code};{'Sender' if status == 400 else 'Receiver'}"),
    ]
    return Answer(status, headers, json.dumps(body).encode(), error.code)


def serve(moto: Moto, request: Request, request_id: str, store: Store, settings: Settings) -> Answer | None:
    """Answer a call to one of the two services. Returns None if moto answers it."""
    who, action = request.caller, request.action
    if who.service == permissions.LOAD_BALANCING:
        if action not in load_balancing.ACTIONS:
            load_balancing.check_change(who.account, who.region, action, request.pairs)
            return None
        call = Call(store, settings, who.account, who.region, action, {})
        result = load_balancing.answer(call, request.pairs, lambda name, form: ask_moto(moto, request, name, form))
        body = query_wire.reply(load_balancing.SERVICE, action, result, request_id)
        return Answer(200, [("Content-Type", "text/xml")], body, "OK")
    if who.service == metrics.SIGNING_NAME:
        if action == "PutMetricData":
            metrics.check_put(request.parameters)
        if action == "GetMetricData":
            is_json = is_json_metrics(request)
            given = metrics.parse(request.pairs, request.parameters, is_json)
            return metrics.reply(metrics.get(who, settings, given), is_json, request_id)
    return None
