# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP requests as AWS requests: caller, action and parameters."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from . import tagging_api, tagging_wire, wire
from .errors import ApiError
from .identity import Caller, caller

Environ = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """An AWS request. parameters: by API member name if the action is in the EC2 service model."""

    environ: Environ
    body: bytes
    caller: Caller
    action: str
    pairs: list[tuple[str, str]]
    parameters: dict[str, Any]
    # A request to the Resource Groups Tagging API.
    is_tagging: bool = False


def read(environ: Environ, body: bytes, accounts: Mapping[str, str]) -> Request:
    """Return the request in an HTTP request. accounts: the setting of that name."""
    who = caller(environ.get("HTTP_AUTHORIZATION", ""), accounts)
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if who.service == tagging_api.SERVICE or target.startswith(tagging_wire.TARGET):
        action, parameters = target.rpartition(".")[2], {}
        # If parsing fails, the log contains no parameters.
        with contextlib.suppress(ApiError):
            parameters = tagging_wire.parse(action, body)
        return Request(environ, body, who, action, [], parameters, is_tagging=True)
    if target:
        try:
            parameters = json.loads(body or b"{}")
        except ValueError:
            parameters = {}
        return Request(environ, body, who, target.rpartition(".")[2], [], parameters)
    form = "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", "")
    # Bytes that are not UTF-8 become surrogates, which wire.parse rejects.
    text = body.decode("utf-8", "surrogateescape") if form else environ.get("QUERY_STRING", "")
    pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape")
    flat = dict(pairs)
    if "Action" not in flat:
        return Request(environ, body, who, f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}", pairs, flat)
    parameters = {key: value for key, value in pairs if key not in ("Action", "Version")}
    if wire.operation(flat["Action"]) and who.service in ("ec2", ""):
        # If parsing fails, the log contains the parameter names of the request.
        with contextlib.suppress(ApiError):
            parameters = wire.parse(flat["Action"], pairs)
    return Request(environ, body, who, flat["Action"], pairs, parameters)
