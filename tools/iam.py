# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The EC2 actions that each module calls, and the IAM policies generated from them.

Run this file after a change to NEEDS: it rewrites the generated parts of docs/docsite/rst/iam.rst.
"""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs/docsite/rst/iam.rst"
REGION, ACCOUNT = "eu-west-1", "123456789012"
# Resource types of the Service Authorization Reference for EC2.
FILTER, RULE, SESSION = "traffic-mirror-filter", "traffic-mirror-filter-rule", "traffic-mirror-session"
TARGET, INTERFACE, ENDPOINT = "traffic-mirror-target", "network-interface", "vpc-endpoint"
# Targets of any account, because other accounts can share targets (AWS RAM).
ANY_TARGET = f"*:{TARGET}"
ELB = "elasticloadbalancing"


@dataclass(frozen=True)
class Need:
    """An EC2 action that a module calls.

    action: the name without the prefix. why: the tasks that call it, shown on the page. on: the resource types that IAM
    checks the action against; empty if the action does not support resource-level permissions. optional: whether tasks
    run without it; C(why) then also says what they do without it. service: the prefix of the action.
    """

    action: str
    why: str
    on: tuple[str, ...] = ()
    optional: bool = False
    service: str = "ec2"

    @property
    def part(self) -> str:
        """The Sid of the policy statement that contains the action."""
        if self.action.startswith(("Describe", "Get")):
            return "Describe"
        suffixes = {"Session": "Sessions", "Target": "Targets", "Tags": "Tags"}
        return next((part for suffix, part in suffixes.items() if self.action.endswith(suffix)), "FiltersAndRules")


NEEDS: dict[str, tuple[Need, ...]] = {
    "ec2_traffic_mirror_filter": (
        Need("DescribeTrafficMirrorFilters", "every task"),
        Need("DescribeTrafficMirrorFilterRules", "tags of rules, if EC2 returns rules without tags"),
        Need("DescribeTrafficMirrorSessions", "deleting or replacing a filter: the sessions that use it"),
        Need("CreateTrafficMirrorFilter", "creating or replacing a filter", (FILTER,)),
        Need("CreateTrafficMirrorFilterRule", "creating rules", (FILTER, RULE)),
        Need(
            "DeleteTrafficMirrorFilter",
            "deleting or replacing a filter, and resolving a duplicate that a concurrent run created",
            (FILTER,),
        ),
        Need("DeleteTrafficMirrorFilterRule", "deleting rules (O(purge_rules))", (FILTER, RULE)),
        Need("ModifyTrafficMirrorFilterNetworkServices", "changing O(network_services)", (FILTER,)),
        Need("ModifyTrafficMirrorFilterRule", "changing rules", (FILTER, RULE)),
        Need(
            "ModifyTrafficMirrorSession",
            "replacing a filter: switches its sessions to the new filter",
            (FILTER, SESSION),
        ),
        Need("CreateTags", "setting tags, also on new filters and rules", (FILTER, RULE)),
        Need("DeleteTags", "deleting tags (O(purge_tags)), and completing a replacement", (FILTER, RULE)),
    ),
    "ec2_traffic_mirror_target": (
        Need("DescribeTrafficMirrorTargets", "every task"),
        Need("DescribeTrafficMirrorSessions", "deleting or replacing a target: the sessions that use it"),
        Need("CreateTrafficMirrorTarget", "creating or replacing a target", (INTERFACE, TARGET, ENDPOINT)),
        Need("DeleteTrafficMirrorTarget", "deleting or replacing a target", (TARGET,)),
        Need(
            "ModifyTrafficMirrorSession",
            "replacing a target: switches its sessions to the new target",
            (SESSION, TARGET),
        ),
        Need("CreateTags", "setting tags, also on new targets", (TARGET,)),
        Need("DeleteTags", "deleting tags (O(purge_tags))", (TARGET,)),
    ),
    "ec2_traffic_mirror_session": (
        Need("DescribeTrafficMirrorSessions", "every task"),
        Need("DescribeTrafficMirrorFilters", "O(traffic_mirror_filter_name), and check mode"),
        Need(
            "DescribeTrafficMirrorTargets",
            "O(traffic_mirror_target_name), check mode, and packet lengths that depend on the target",
        ),
        Need(
            "DescribeNetworkInterfaces",
            "moving a session by its name (O(allow_replacement)), and check mode with a target that is an interface. "
            "Without it, a session is not moved by name, and check mode does not check the number of sources",
            optional=True,
        ),
        Need("DescribeInstances", "the same tasks, to read the state or type of the instance", optional=True),
        Need(
            "CreateTrafficMirrorSession",
            "creating a session, and moving it to another interface",
            (INTERFACE, FILTER, SESSION, ANY_TARGET),
        ),
        Need("DeleteTrafficMirrorSession", "deleting a session, and moving it to another interface", (SESSION,)),
        Need("ModifyTrafficMirrorSession", "changing a session", (FILTER, SESSION, ANY_TARGET)),
        Need("CreateTags", "setting tags, also on new sessions", (SESSION,)),
        Need("DeleteTags", "deleting tags (O(purge_tags))", (SESSION,)),
    ),
    "ec2_traffic_mirror_fleet": (
        Need("DescribeInstances", "selection by instance type, state and tags"),
        Need(
            "DescribeLoadBalancers",
            "coverage: the state of targets. Without it, these targets are unverified",
            optional=True,
            service=ELB,
        ),
        Need("DescribeNetworkInterfaces", "selection, and the state of targets"),
        Need("DescribeSubnets", "O(participant_interfaces)"),
        Need(
            "DescribeTrafficMirrorFilters",
            "O(traffic_mirror_filter_name), and coverage. With O(traffic_mirror_filter_id), tasks run without it; the "
            "filters are then unverified",
        ),
        Need("DescribeTrafficMirrorSessions", "every task"),
        Need("DescribeTrafficMirrorTargets", "every task with O(state=present)"),
        Need(
            "DescribeVpcEndpoints",
            "coverage: the state of targets. Without it, these targets are unverified",
            optional=True,
        ),
        Need("CreateTrafficMirrorSession", "creating sessions", (INTERFACE, FILTER, SESSION, ANY_TARGET)),
        Need("DeleteTrafficMirrorSession", "deleting sessions", (SESSION,)),
        Need("ModifyTrafficMirrorSession", "changing sessions", (FILTER, SESSION, ANY_TARGET)),
        Need("CreateTags", "setting tags: each session of a fleet has the tag C(vtap:fleet)", (SESSION,)),
        Need("DeleteTags", "deleting tags (O(purge_tags))", (SESSION,)),
    ),
    "ec2_traffic_mirror_stack": (
        Need("DescribeTrafficMirrorFilters", "every task"),
        Need("DescribeTrafficMirrorFilterRules", "tags of rules, if EC2 returns rules without tags"),
        Need("DescribeTrafficMirrorSessions", "every task"),
        Need("DescribeTrafficMirrorTargets", "every task"),
        Need(
            "DescribeNetworkInterfaces",
            "new sources of a target that is an interface and has ten sources. Without it, the number of sources is "
            "not checked before the first call",
            optional=True,
        ),
        Need("DescribeInstances", "the same tasks, to read the type of the instance", optional=True),
        Need("CreateTrafficMirrorFilter", "creating or replacing filters", (FILTER,)),
        Need("CreateTrafficMirrorFilterRule", "creating rules", (FILTER, RULE)),
        Need("CreateTrafficMirrorSession", "creating or replacing sessions", (INTERFACE, FILTER, SESSION, ANY_TARGET)),
        Need("CreateTrafficMirrorTarget", "creating or replacing targets", (INTERFACE, TARGET, ENDPOINT)),
        Need("DeleteTrafficMirrorFilter", "deleting or replacing filters", (FILTER,)),
        Need("DeleteTrafficMirrorFilterRule", "deleting rules (O(filters[].purge_rules))", (FILTER, RULE)),
        Need("DeleteTrafficMirrorSession", "deleting or replacing sessions", (SESSION,)),
        Need("DeleteTrafficMirrorTarget", "deleting or replacing targets", (TARGET,)),
        Need("ModifyTrafficMirrorFilterNetworkServices", "changing O(filters[].network_services)", (FILTER,)),
        Need("ModifyTrafficMirrorFilterRule", "changing rules", (FILTER, RULE)),
        Need("ModifyTrafficMirrorSession", "changing sessions", (FILTER, SESSION, ANY_TARGET)),
        Need(
            "CreateTags",
            "setting tags: each filter, target and session of a stack has the tag C(vtap:stack)",
            (FILTER, RULE, SESSION, TARGET),
        ),
        Need(
            "DeleteTags",
            "deleting tags (O(purge_tags)), and completing a replacement",
            (FILTER, RULE, SESSION, TARGET),
        ),
    ),
    "ec2_traffic_mirror_filter_info": (
        Need("DescribeTrafficMirrorFilters", "every task"),
        Need("DescribeTrafficMirrorFilterRules", "tags of rules, if EC2 returns rules without tags"),
    ),
    "ec2_traffic_mirror_target_info": (
        Need("DescribeTrafficMirrorTargets", "every task"),
        Need("DescribeTrafficMirrorSessions", "O(session_count)"),
    ),
    "ec2_traffic_mirror_session_info": (Need("DescribeTrafficMirrorSessions", "every task"),),
    "ec2_traffic_mirror_path_info": (
        Need("DescribeTrafficMirrorSessions", "every task"),
        Need("DescribeTrafficMirrorFilters", "the filters. Without it, they are unknown", optional=True),
        Need("DescribeTrafficMirrorTargets", "the targets. Without it, they are unknown", optional=True),
        Need("DescribeNetworkInterfaces", "sources, targets and load balancers", optional=True),
        Need("DescribeInstances", "the state and type of instances", optional=True),
        Need("DescribeSecurityGroups", "security groups", optional=True),
        Need("DescribeNetworkAcls", "network ACLs", optional=True),
        Need("DescribeRouteTables", "routes, and the Amazon DNS server for O(packet)", optional=True),
        Need("DescribeVpcPeeringConnections", "routes through peering connections", optional=True),
        Need("GetManagedPrefixListEntries", "prefix lists in security groups and routes", optional=True),
        *(
            Need(action, f"targets that are Gateway Load Balancer endpoints: {what}", optional=True)
            for action, what in (
                ("DescribeVpcEndpoints", "their state"),
                ("DescribeVpcEndpointServices", "the owner of their service"),
                ("DescribeVpcEndpointServiceConfigurations", "the load balancers of services of this account"),
            )
        ),
        *(
            Need(action, f"targets that are Network Load Balancers: {what}", optional=True, service=ELB)
            for action, what in (
                ("DescribeLoadBalancers", "their state"),
                ("DescribeLoadBalancerAttributes", "cross-zone load balancing"),
                ("DescribeListeners", "their listeners"),
                ("DescribeTargetGroupAttributes", "cross-zone load balancing"),
                ("DescribeTargetHealth", "the health of their targets"),
            )
        ),
        Need("GetMetricData", "O(metrics)", optional=True, service="cloudwatch"),
    ),
    "ec2_traffic_mirror_stack_info": (
        Need("DescribeTrafficMirrorFilters", "every task"),
        Need("DescribeTrafficMirrorFilterRules", "tags of rules, if EC2 returns rules without tags"),
        Need("DescribeTrafficMirrorSessions", "every task"),
        Need("DescribeTrafficMirrorTargets", "every task"),
    ),
}


def policy(*modules: str) -> dict[str, Any]:
    """The least policy that these modules require. modules: names in NEEDS; all of them if none is given."""
    needs = [need for module in modules or NEEDS for need in NEEDS[module]]
    parts = ("Describe", "Sessions", "FiltersAndRules", "Targets", "Tags")
    statements = [_statement(part, [need for need in needs if need.part == part]) for part in parts]
    return {"Version": "2012-10-17", "Statement": [statement for statement in statements if statement["Action"]]}


def _statement(part: str, needs: Iterable[Need]) -> dict[str, Any]:
    """One statement with all these actions and all their resource types.

    It allows the same as a statement for each action, because IAM ignores resource types that an action does not
    support.
    """
    types = {one for need in needs for one in need.on}
    if ANY_TARGET in types:
        types.discard(TARGET)
    return {
        "Sid": part,
        "Effect": "Allow",
        "Action": sorted({f"{need.service}:{need.action}" for need in needs}),
        "Resource": [_arn(one) for one in sorted(types, key=lambda one: one.rpartition(":")[2])] or "*",
    }


def _arn(resource_type: str) -> str:
    account, _colon, name = resource_type.rpartition(":")
    return f"arn:aws:ec2:{REGION}:{account or ACCOUNT}:{name}/*"


def written(page: str) -> str:
    """The page with its generated parts replaced. Raises SystemExit if a marker is missing."""
    blocks = {"all": _json(policy()), "modules": "\n".join(_section(module) for module in NEEDS)}
    for name, text in blocks.items():
        before, begin, rest = page.partition(f".. generated by tools/iam.py: {name}\n")
        _old, end, after = rest.partition(".. end of generated part\n")
        if not begin or not end:
            raise SystemExit(f"{PAGE.name}: no markers for {name}")
        page = f"{before}{begin}\n{text}\n{end}{after}"
    return page


def _section(module: str) -> str:
    title = f"vtap.aws.{module}"
    lines = [
        f"* ``{need.action}``{' (optional)' if need.optional else ''}: {_format(need.why)}" for need in NEEDS[module]
    ]
    return "\n".join([title, "^" * len(title), "", *lines, "", _json(policy(module))])


def _format(text: str) -> str:
    return re.sub(r"[OC]\(([^)]+)\)", r"``\1``", text)


def _json(document: dict[str, Any]) -> str:
    lines = json.dumps(document, indent=2).splitlines()
    return "\n".join([".. code-block:: json", "", *(f"   {line}" for line in lines), ""])


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
