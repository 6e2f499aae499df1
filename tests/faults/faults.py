# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults: microburst rules for one call of an action, lag, and changes by another client."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .lab import ApiObject, Lab, tags
from .scenario import ACTOR, Scenario

Rule = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """A fault. rules: for microburst. lasting: until the end of the run. options: additional options of the task."""

    name: str
    rules: tuple[Rule, ...]
    lasting: bool = False
    options: tuple[tuple[str, Any], ...] = ()


def _error(code: str, status: int) -> Rule:
    return {"error": {"code": code, "status": status}}


# EC2 executes the call, then the connection is closed before the first byte of the reply.
_LOST = {"response": {"abort_bytes": 0}}
_HALF = {"response": {"abort_frac": 0.5}}
_LIMIT, _INTERNAL = _error("RequestLimitExceeded", 503), _error("InternalError", 500)
_UNAVAILABLE = _error("Unavailable", 503)
_RESET = {"reset": True}

FAULTS = [
    Fault("throttled", ({**_LIMIT, "times": 2},)),
    Fault("throttled on", (_LIMIT,), lasting=True),
    Fault("5xx", ({**_INTERNAL, "times": 1}, {**_UNAVAILABLE, "times": 1})),
    Fault("5xx on", (_INTERNAL,), lasting=True),
    Fault("reset", ({**_RESET, "times": 2},)),
    Fault("reset on", (_RESET,), lasting=True),
    Fault("lost", ({**_LOST, "times": 1},)),
    Fault("lost on", (_LOST,), lasting=True),
    Fault("half", ({**_HALF, "times": 1},)),
    Fault("half on", (_HALF,), lasting=True),
    Fault("slow", ({"latency": {"min": 150, "max": 150}, "times": 2},)),
    # Slower than the task's read timeout.
    Fault(
        "too slow",
        ({"latency": {"min": 900, "max": 900}, "times": 1},),
        options=(("aws_config", {"read_timeout": 0.4}),),
    ),
    Fault("denied", (_error("UnauthorizedOperation", 403),), lasting=True),
]
# Number of reads that still return the old state. AT_ONCE: the task waits, and a second run follows immediately.
# OF_REFERENCES: calls that name a new resource fail as well.
AT_ONCE = "lag 3, the next at once"
OF_REFERENCES = "lag 3 of references"
LAGS = {"lag 1": 1, "lag 3": 3, AT_ONCE: 3, OF_REFERENCES: 3}
# Replies to an action that are not EC2's, from its first call on; see replace_replies of the emulator's settings.
HTML: dict[str, dict[str, Any]] = {
    "html": {"count": 1},
    "html, executed": {"count": 1, "executed": True},
    "html on": {"count": 999},
}
# The credentials expire before the nth call of the run.
EXPIRED = "expired"
ACTORS = ("deletes", "creates", "changes")


def rules(fault: Fault, action: str, nth: int) -> list[Rule]:
    """Return rules that inject the fault at the nth call of the action. The first matching rule applies."""
    which = {"service": "ec2", "operation": action}
    earlier = [{**which, "latency": {"min": 0, "max": 0}, "times": nth - 1}] if nth > 1 else []
    return [*earlier, *({**which, **rule} for rule in fault.rules)]


def act(what: str, scenario: Scenario, lab: Lab, state: dict[str, ApiObject]) -> None:
    """Let another client delete, create or change the resources of the task."""
    ec2 = lab.ec2
    own = {found: row for found, row in state.items() if scenario.is_own(row)}
    if what == "creates" and scenario.concurrent is not None:
        scenario.concurrent(ec2, state)
    for found, row in own.items():
        doing: Callable[[Any, str, ApiObject], None] | None = {"deletes": _delete, "changes": _change}.get(what)
        if doing is not None:
            with contextlib.suppress(ec2.exceptions.ClientError):  # a resource in use cannot be deleted
                doing(ec2, found, row)


def _delete(ec2: Any, found: str, row: ApiObject) -> None:
    if found.startswith("tms-") and tags(row).get("Name") != "user":
        ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=found)
    elif found.startswith("tmf-"):
        ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=found)
    elif found.startswith("tmt-"):
        ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=found)


def _change(ec2: Any, found: str, row: ApiObject) -> None:
    if tags(row).get("Name") == "user":
        return
    ec2.create_tags(Resources=[found], Tags=[{"Key": key, "Value": value} for key, value in ACTOR.items()])
    if found.startswith("tms-"):
        ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=found, Description="changed by others")
    elif found.startswith("tmf-"):
        for rule in row["IngressFilterRules"][:1]:
            ec2.delete_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId=rule["TrafficMirrorFilterRuleId"])
        ec2.create_traffic_mirror_filter_rule(
            TrafficMirrorFilterId=found,
            TrafficDirection="egress",
            RuleNumber=999,
            RuleAction="reject",
            SourceCidrBlock="10.9.0.0/16",
            DestinationCidrBlock="10.9.0.0/16",
        )
