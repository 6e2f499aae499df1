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

# Actions with a smaller bucket if the request has neither filters, ids nor pagination (EC2 Developer Guide).
_UNFILTERED = (
    "DescribeInstances",
    "DescribeInstanceStatus",
    "DescribeNetworkInterfaces",
    "DescribeSecurityGroups",
    "DescribeSnapshots",
    "DescribeSpotInstanceRequests",
    "DescribeVolumes",
)
# Actions with a bucket of their own: (bucket size, refill per second).
_OWN_BUCKETS: dict[str, tuple[float, float]] = {
    "CreateTags": (100, 10),
    "DeleteTags": (100, 10),
    "CreateNetworkInterface": (100, 5),
    "DeleteNetworkInterface": (100, 5),
}


def published_limit(action: str, parameters: Mapping[str, Any]) -> tuple[float, float]:
    """Return (bucket size, refill per second) of an EC2 action.

    Source: EC2 Developer Guide, request throttling, read 2026-11-25. The page lists no Traffic Mirroring action, so its
    general categories apply: Describe 100 and 20, without filters and pagination 50 and 10 for seven actions; changes
    50 and 5.
    """
    if action in _OWN_BUCKETS:
        return _OWN_BUCKETS[action]
    if not action.startswith(("Describe", "Get", "List", "Search")):
        return 50, 5
    bare = not any(name in ("Filters", "MaxResults") or name.endswith("Ids") for name in parameters)
    return (50, 10) if bare and action in _UNFILTERED else (100, 20)


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


def check_expiry(settings: Settings, service: str) -> None:
    """Raise RequestExpired (ExpiredToken outside EC2) if the credential_calls setting is used up; count the call.

    Source: "Error codes for the Amazon EC2 API"; STS, "Common errors".
    """
    left = settings["credential_calls"]
    if left is None or not service:
        return
    if left <= 0:
        if service == "ec2":
            raise ApiError("RequestExpired", "Request has expired.")
        raise ApiError("ExpiredToken", "The security token included in the request is expired")
    settings.values["credential_calls"] = left - 1


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
