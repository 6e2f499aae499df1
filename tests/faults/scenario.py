# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Scenario class, and the functions that create and check its objects.

Checks read the emulator's state; they never use a result of the module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .lab import ApiObject, Lab, tags

State = dict[str, ApiObject]
WEB, DB, APP = "eni-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60751", "eni-0a1b2c3d4e5f60721"
# Not the primary interface of its instance, so it can be detached.
SECONDARY = "eni-0a1b2c3d4e5f60723"
SENSOR, OTHER_SENSOR = "eni-0a1b2c3d4e5f60741", "eni-0a1b2c3d4e5f60742"
FILTER, TARGET = "tmf-0a1b2c3d4e5f60718", "tmt-0a1b2c3d4e5f60718"
NLB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors-b/0a1b2c3d4e5f6072"
# The tags of objects that another client creates during a run.
ACTOR = {"By": "actor"}
FLEET = {"vtap:fleet": "ids"}
STACK_TAG = "vtap:stack"


@dataclass(frozen=True)
class Scenario:
    """A task, the state that precedes it, and checks of the state that it must reach.

    options: returns the module's options, from the state before the task.
    seed: creates the objects that exist before the task.
    is_own: whether the task may change an object. Every other object must stay byte for byte the same.
    errors: returns the differences between the state after the task (first argument) and the expected state; the
    second argument is the state before the task.
    concurrent: creates what a concurrent client would create in the task's place, from the present state.
    many: the module manages several resources, so only the first and the last call of each action get faults.
    writes: whether the module changes anything.
    """

    name: str
    module: str
    options: Callable[[State], dict[str, Any]]
    seed: Callable[[Lab], None]
    is_own: Callable[[ApiObject], bool]
    errors: Callable[[State, State], list[str]]
    concurrent: Callable[[Any, State], None] | None = None
    many: bool = False
    writes: bool = field(default=True)

    @property
    def label(self) -> str:
        return f"{self.module} {self.name}"

    @property
    def has_wait(self) -> bool:
        """Whether the module has the option wait."""
        return self.module != "fleet"


def _pairs(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def _specification(kind: str, values: dict[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": f"traffic-mirror-{kind}", "Tags": _pairs(values)}] if values else []


def create_session(
    ec2: Any,
    interface: str,
    number: int,
    given: dict[str, str],
    target: str = TARGET,
    traffic_mirror_filter: str = FILTER,
    **more: Any,
) -> str:
    """Create a session through the EC2 API. Returns the session id."""
    made = ec2.create_traffic_mirror_session(
        NetworkInterfaceId=interface,
        SessionNumber=number,
        TrafficMirrorTargetId=target,
        TrafficMirrorFilterId=traffic_mirror_filter,
        TagSpecifications=_specification("session", given),
        **more,
    )
    return str(made["TrafficMirrorSession"]["TrafficMirrorSessionId"])


def create_filter(ec2: Any, given: dict[str, str], rules: Iterable[ApiObject] = (), **more: Any) -> str:
    """Create a filter through the EC2 API. Returns the filter id."""
    made = ec2.create_traffic_mirror_filter(TagSpecifications=_specification("filter", given), **more)
    found = str(made["TrafficMirrorFilter"]["TrafficMirrorFilterId"])
    for rule in rules:
        ec2.create_traffic_mirror_filter_rule(TrafficMirrorFilterId=found, **rule)
    return found


def create_target(ec2: Any, given: dict[str, str], **destination: str) -> str:
    """Create a target through the EC2 API. Returns the target id."""
    made = ec2.create_traffic_mirror_target(TagSpecifications=_specification("target", given), **destination)
    return str(made["TrafficMirrorTarget"]["TrafficMirrorTargetId"])


def create_unrelated(lab: Lab) -> None:
    """Create objects that no task manages: a target, a filter with a rule, and two sessions."""
    target = create_target(lab.ec2, {"Name": "theirs"}, GatewayLoadBalancerEndpointId="vpce-0a1b2c3d4e5f60771")
    found = create_filter(lab.ec2, {"Name": "theirs"}, [filter_rule("ingress", 7)], Description="theirs")
    create_session(lab.ec2, WEB, 9, {"Name": "theirs", "Team": "other"}, target, found, Description="theirs")
    create_session(lab.ec2, DB, 9, {}, Description="theirs too")


def filter_rule(direction: str, number: int, **more: Any) -> ApiObject:
    everywhere = {"SourceCidrBlock": "0.0.0.0/0", "DestinationCidrBlock": "0.0.0.0/0"}
    return {"TrafficDirection": direction, "RuleNumber": number, "RuleAction": "accept", **everywhere, **more}


def find_differences(row: ApiObject, expected: ApiObject) -> list[str]:
    """Return a line for each member of the row that differs from the expected one."""
    return [
        f"{member} is {row.get(member)!r}, expected {value!r}"
        for member, value in expected.items()
        if row.get(member) != value
    ]


def check_single(rows: list[ApiObject], expected: ApiObject, given: dict[str, str], what: str) -> list[str]:
    """Check that there is exactly one row, with these members and tags. Returns the differences."""
    if len(rows) != 1:
        return [f"expected one {what}, found {len(rows)}"]
    errors = find_differences(rows[0], expected)
    return errors if tags(rows[0]) == given else [*errors, f"tags of {what} are {tags(rows[0])}"]
