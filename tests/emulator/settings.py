# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the emulator: quotas, supported instance types, denied actions, throttling, lag and faults.

quotas              {name: number}, see DEFAULTS
source_families     families of virtualized instance types that can be mirrored
source_metal_families
                    families of bare metal instance types that can be mirrored
types_with_100_sources
                    instance types with the quota sources_per_large_target for targets
accounts            {access key: account}; overrides the account that the key encodes
denied              [IAM action, with wildcards; or "action id" to deny only calls that contain the id]
throttle            "published", or {action: [bucket, refill per second]}; None: no throttling
credential_calls    number of calls after which the credentials of all callers have expired; None: never
lag                 {"reads": n, "seconds": t, "references": bool}: Describe returns the state before a change for the
                    next n reads and t seconds; also of instances, interfaces, load balancers and endpoints. references:
                    calls that name a new resource, which Describe does not return yet, fail with NotFound
transitions         {"reads": n, "seconds": t}: instances are pending, stopping or shutting-down, and interfaces
                    attaching or detaching, for the next n reads and t seconds
pages               {"size": n, "empty": bool, "shuffle": bool}: pages have at most n rows (None: MaxResults); an empty
                    page with a token precedes each page; rows are in random order
interleave          [{"after": action, "calls": n (default 1), "do": [{"action", "parameters", "account", "region"}]}]:
                    the calls are sent once, after the nth following call of the action; default account and region: the
                    caller's
drop_replies        {action: n}: the next n calls are executed, then the connection is closed without a reply
replace_replies     {action, or "*" for all: {"count": n, "status": s, "body": "html", "text", "empty" or "cut",
                    "executed": bool}}: the next n calls get a reply that is not EC2's, before or after execution
fail                {action: [code, n]}: the next n calls fail with the code
target_health       {target id, or "group-name target-id": state}: health of a registered target that receives traffic;
                    states: HEALTH_STATES; default: healthy
hidden_services     [names of endpoint services that DescribeVpcEndpointServices does not return]
rule_tags           whether DescribeTrafficMirrorFilters returns the tags of a filter's rules
tag_filters         whether Describe of sessions, filters and targets accepts the undocumented filters tag:<key>
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError

from . import instance_types, wire
from .replies import BODIES

DEFAULTS: dict[str, Any] = {
    "quotas": {
        "sessions": 10000,
        "targets": 10000,
        "filters": 10000,
        "sessions_per_interface": 3,
        "rules_per_filter": 10,
        "sources_per_target": 10,
        "sources_per_large_target": 100,
    },
    "source_families": instance_types.FAMILIES,
    "source_metal_families": instance_types.METAL_FAMILIES,
    "types_with_100_sources": instance_types.TYPES_WITH_100_SOURCES,
    "accounts": {},
    "denied": [],
    "throttle": None,
    "credential_calls": None,
    "lag": {"reads": 0, "seconds": 0, "references": False},
    "transitions": {"reads": 0, "seconds": 0},
    "pages": {"size": None, "empty": False, "shuffle": False},
    "interleave": [],
    "drop_replies": {},
    "replace_replies": {},
    "fail": {},
    "target_health": {},
    "hidden_services": [],
    "rule_tags": True,
    "tag_filters": False,
}
# Settings whose values are merged with the defaults. Values of other settings replace the default.
_MERGED = ("quotas", "lag", "transitions", "pages")
# States of a target (Elastic Load Balancing API Reference, TargetHealth).
HEALTH_STATES = ("draining", "healthy", "initial", "unavailable", "unhealthy", "unused")
_REPLACEMENT = {"count": 1, "status": 502, "body": "html", "executed": False}
_TYPES: dict[str, tuple[type, ...]] = {
    **{name: (type(value),) for name, value in DEFAULTS.items()},
    "credential_calls": (int,),
    "throttle": (str, dict),
}


class Settings:
    """The present values of all settings, in .values. See DEFAULTS for names and shapes."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = copy.deepcopy(DEFAULTS)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def reset(self) -> None:
        """Restore all defaults."""
        self.values = copy.deepcopy(DEFAULTS)

    def merge(self, given: Mapping[str, Any]) -> None:
        """Change the given settings; None restores a default. Raises ValueError, without changes, if one is invalid."""
        new = dict(self.values)
        for name, value in given.items():
            if name not in DEFAULTS:
                raise ValueError(f"unknown setting {name!r}; valid: {', '.join(DEFAULTS)}")
            new[name] = copy.deepcopy(DEFAULTS[name] if value is None else _checked(name, value))
        self.values = new


def _checked(name: str, value: Any) -> Any:
    if type(value) not in _TYPES[name]:
        raise ValueError(f"setting {name!r}: {value!r} is not of type {' or '.join(t.__name__ for t in _TYPES[name])}")
    if name == "throttle" and isinstance(value, str) and value != "published":
        raise ValueError("setting 'throttle' must be \"published\" or {action: [bucket, refill per second]}")
    if name in _MERGED:
        if unknown := set(value) - set(DEFAULTS[name]):
            raise ValueError(f"setting {name!r} has unknown keys {sorted(unknown)}")
        return {**DEFAULTS[name], **value}
    if name == "interleave":
        _check_interleave(value)
    if name == "replace_replies":
        return {action: _replacement(ordered) for action, ordered in value.items()}
    if name == "target_health" and (unknown := set(value.values()) - set(HEALTH_STATES)):
        raise ValueError(
            f"setting 'target_health': unknown states {sorted(unknown)}; valid: {', '.join(HEALTH_STATES)}"
        )
    if name == "fail" and any(not isinstance(v, list) or len(v) != 2 for v in value.values()):
        raise ValueError("setting 'fail' must be {action: [code, count]}")
    return value


def _replacement(ordered: dict[str, Any]) -> dict[str, Any]:
    complete = {**_REPLACEMENT, **ordered}
    if set(complete) != set(_REPLACEMENT) or complete["body"] not in BODIES:
        raise ValueError(
            f"setting 'replace_replies': valid keys are {', '.join(_REPLACEMENT)}; body: {', '.join(BODIES)}"
        )
    return complete


def _check_interleave(items: list[dict[str, Any]]) -> None:
    for item in items:
        if "after" not in item or "do" not in item:
            raise ValueError("each item of setting 'interleave' requires 'after' and 'do'")
        for step in item["do"]:
            if wire.operation(step.get("action", "")) is None:
                raise ValueError(f"setting 'interleave': unknown action {step.get('action')!r}")
            try:
                wire.encode(step["action"], step.get("parameters", {}))
            except BotoCoreError as error:
                raise ValueError(f"setting 'interleave': {error}") from error
