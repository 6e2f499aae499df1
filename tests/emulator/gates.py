# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that precede every call: throttling, denied actions and injected failures."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .errors import ApiError
from .identity import Caller, partition
from .settings import Settings


def published_limit(action: str, parameters: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return (bucket size, refill per second) of an action, or None if it is not limited.

    Source: EC2 Developer Guide, request throttling. The page lists no Traffic Mirroring action, so its general
    categories apply.
    """
    if action in ("CreateTags", "DeleteTags"):
        return 100, 10
    if action in ("CreateNetworkInterface", "DeleteNetworkInterface"):
        return 100, 5
    if action == "DescribeNetworkInterfaces":
        bare = not {"Filters", "MaxResults", "NetworkInterfaceIds"} & set(parameters)
        return (50, 10) if bare else (100, 20)
    if "TrafficMirror" in action or action == "DescribeTags":
        return (100, 20) if action.startswith("Describe") else (50, 5)
    return None


@dataclass
class Throttle:
    """Token buckets per action, account and region."""

    buckets: dict[tuple[str, str, str], tuple[float, float]] = field(default_factory=dict)

    def take(self, setting: Any, caller: Caller, action: str, parameters: Mapping[str, Any]) -> None:
        """Take a token, or raise RequestLimitExceeded. setting: the value of the throttle setting."""
        if setting is None:
            return
        size_and_refill = published_limit(action, parameters) if setting == "published" else setting.get(action)
        if size_and_refill is None:
            return
        size, refill = size_and_refill
        now, key = time.monotonic(), (caller.account, caller.region, action)
        tokens, then = self.buckets.get(key, (size, now))
        tokens = min(size, tokens + (now - then) * refill)
        if tokens < 1:
            self.buckets[key] = (tokens, now)
            raise ApiError("RequestLimitExceeded", "Request limit exceeded.")
        self.buckets[key] = (tokens - 1, now)


def check_permitted(
    settings: Settings, caller: Caller, service: str, action: str, parameters: Mapping[str, Any]
) -> None:
    """Raise UnauthorizedOperation (AccessDenied outside EC2) if the denied setting forbids the call.

    An entry is an IAM action, with wildcards, or "action id", which denies only calls that contain the id. A call with
    TagSpecifications also requires ec2:CreateTags (Service Authorization Reference).
    """
    wanted = [f"{service}:{action}"]
    if service == "ec2" and parameters.get("TagSpecifications"):
        wanted.append("ec2:CreateTags")
    named = set(_strings(parameters.values()))
    for entry in settings["denied"]:
        pattern, _blank, resource = str(entry).partition(" ")
        for name in wanted:
            if fnmatchcase(name, pattern) and (not resource or resource in named):
                raise _unauthorized(caller, name, resource)


def _strings(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _strings(value.values())
        elif isinstance(value, list):
            yield from _strings(value)


def _unauthorized(caller: Caller, name: str, resource: str) -> ApiError:
    where = partition(caller.region)
    code = "UnauthorizedOperation" if caller.service == "ec2" else "AccessDenied"
    on = f"arn:{where}:ec2:{caller.region}:{caller.account}:*/{resource or '*'}"
    return ApiError(
        code,
        "You are not authorized to perform this operation. "
        f"User: arn:{where}:iam::{caller.account}:user/x is not authorized to perform: {name} on resource: {on} "
        f"because no identity-based policy allows the {name} action",
    )


def check_injected_failure(settings: Settings, action: str) -> None:
    """Raise the error that the fail setting injects for the action, and decrement the count."""
    ordered = settings["fail"].get(action)
    if ordered and ordered[1] > 0:
        ordered[1] -= 1
        raise ApiError(ordered[0], "This failure was injected.")
