# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each module may call, as data, and the policies of docs/docsite/rst/iam.rst made from it: run this to rewrite
the page after a change of the table."""

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
# Those of any account: others may share theirs.
ANY_TARGET = f"*:{TARGET}"


@dataclass(frozen=True)
class Need:
    """An action of EC2. why: what it is for. on: the resource types that EC2 checks it on, none if it knows none."""

    action: str
    why: str
    on: tuple[str, ...] = ()

    @property
    def part(self) -> str:
        """The Sid of the statement that it belongs to."""
        if self.action.startswith("Describe"):
            return "Look"
        ends = {"Session": "Sessions", "Target": "Targets", "Tags": "Tags"}
        return next((part for end, part in ends.items() if self.action.endswith(end)), "FiltersAndRules")


NEEDS: dict[str, tuple[Need, ...]] = {
    "ec2_traffic_mirror_filter": (
        Need("DescribeTrafficMirrorFilters", "every task"),
        Need("DescribeTrafficMirrorFilterRules", "tags of rules, where EC2 does not show them with the filter"),
        Need("DescribeTrafficMirrorSessions", "removing and replacing: the sessions that use the filter"),
        Need("CreateTrafficMirrorFilter", "making and replacing a filter", (FILTER,)),
        Need("CreateTrafficMirrorFilterRule", "new rules", (FILTER, RULE)),
        Need(
            "DeleteTrafficMirrorFilter", "removing and replacing a filter, or the second of two made at once", (FILTER,)
        ),
        Need("DeleteTrafficMirrorFilterRule", "rules that are no longer wanted", (FILTER, RULE)),
        Need("ModifyTrafficMirrorFilterNetworkServices", "O(network_services)", (FILTER,)),
        Need("ModifyTrafficMirrorFilterRule", "rules that change", (FILTER, RULE)),
        Need("ModifyTrafficMirrorSession", "replacing: sessions move to the new filter", (FILTER, SESSION)),
        Need("CreateTags", "tags, also those of a new filter or rule", (FILTER, RULE)),
        Need("DeleteTags", "tags that are no longer wanted, and the end of a replacement", (FILTER, RULE)),
    ),
    "ec2_traffic_mirror_target": (
        Need("DescribeTrafficMirrorTargets", "every task"),
        Need("DescribeTrafficMirrorSessions", "removing and replacing: the sessions that use the target"),
        Need("CreateTrafficMirrorTarget", "making and replacing a target", (INTERFACE, TARGET, ENDPOINT)),
        Need("DeleteTrafficMirrorTarget", "removing and replacing a target", (TARGET,)),
        Need("ModifyTrafficMirrorSession", "replacing: sessions move to the new target", (SESSION, TARGET)),
        Need("CreateTags", "tags, also those of a new target", (TARGET,)),
        Need("DeleteTags", "tags that are no longer wanted", (TARGET,)),
    ),
    "ec2_traffic_mirror_session": (
        Need("DescribeTrafficMirrorSessions", "every task"),
        Need("DescribeTrafficMirrorFilters", "the name of a filter, and check mode"),
        Need("DescribeTrafficMirrorTargets", "the name of a target, check mode, and packet lengths that depend on it"),
        Need("CreateTrafficMirrorSession", "making and moving a session", (INTERFACE, FILTER, SESSION, ANY_TARGET)),
        Need("DeleteTrafficMirrorSession", "removing a session, and moving it to another interface", (SESSION,)),
        Need("ModifyTrafficMirrorSession", "changing a session", (FILTER, SESSION, ANY_TARGET)),
        Need("CreateTags", "tags, also those of a new session", (SESSION,)),
        Need("DeleteTags", "tags that are no longer wanted", (SESSION,)),
    ),
    "ec2_traffic_mirror_fleet": (
        Need("DescribeInstances", "selecting: types, states and tags"),
        Need("DescribeNetworkInterfaces", "selecting, and the zones of targets"),
        Need("DescribeTrafficMirrorFilters", "the name of the filter, and check mode"),
        Need("DescribeTrafficMirrorSessions", "every task"),
        Need("DescribeTrafficMirrorTargets", "every task that does not remove the fleet"),
        Need("CreateTrafficMirrorSession", "sessions of new interfaces", (INTERFACE, FILTER, SESSION, ANY_TARGET)),
        Need("DeleteTrafficMirrorSession", "sessions of interfaces that are no longer selected", (SESSION,)),
        Need("ModifyTrafficMirrorSession", "sessions that change", (FILTER, SESSION, ANY_TARGET)),
        Need("CreateTags", "tags of all sessions: they say which fleet they belong to", (SESSION,)),
        Need("DeleteTags", "tags that are no longer wanted", (SESSION,)),
    ),
    "ec2_traffic_mirror_filter_info": (
        Need("DescribeTrafficMirrorFilters", "every task"),
        Need("DescribeTrafficMirrorFilterRules", "tags of rules, where EC2 does not show them with the filter"),
    ),
    "ec2_traffic_mirror_target_info": (
        Need("DescribeTrafficMirrorTargets", "every task"),
        Need("DescribeTrafficMirrorSessions", "O(session_count)"),
    ),
    "ec2_traffic_mirror_session_info": (Need("DescribeTrafficMirrorSessions", "every task"),),
}


def policy(*modules: str) -> dict[str, Any]:
    """The policy that suffices for these modules, for all if none is named."""
    needs = [need for module in modules or NEEDS for need in NEEDS[module]]
    parts = ("Look", "Sessions", "FiltersAndRules", "Targets", "Tags")
    statements = [_statement(part, [need for need in needs if need.part == part]) for part in parts]
    return {"Version": "2012-10-17", "Statement": [statement for statement in statements if statement["Action"]]}


def _statement(part: str, needs: Iterable[Need]) -> dict[str, Any]:
    """One statement for all of them. An action is not checked on types that only the others know, so it allows no more
    than one for each would."""
    types = {one for need in needs for one in need.on}
    if ANY_TARGET in types:
        types.discard(TARGET)
    return {
        "Sid": part,
        "Effect": "Allow",
        "Action": sorted({f"ec2:{need.action}" for need in needs}),
        "Resource": [_arn(one) for one in sorted(types, key=lambda one: one.rpartition(":")[2])] or "*",
    }


def _arn(resource_type: str) -> str:
    account, _colon, name = resource_type.rpartition(":")
    return f"arn:aws:ec2:{REGION}:{account or ACCOUNT}:{name}/*"


def written(page: str) -> str:
    """The page with what stands between its markers made anew."""
    blocks = {"all": _json(policy()), "modules": "\n".join(_section(module) for module in NEEDS)}
    for name, text in blocks.items():
        before, begin, rest = page.partition(f".. generated by tools/iam.py: {name}\n")
        _old, end, after = rest.partition(".. end of what is generated\n")
        if not begin or not end:
            raise SystemExit(f"{PAGE.name} has no place for {name}")
        page = f"{before}{begin}\n{text}\n{end}{after}"
    return page


def _section(module: str) -> str:
    title = f"vtap.aws.{module}"
    lines = [f"* ``{need.action}``: {_options(need.why)}" for need in NEEDS[module]]
    return "\n".join([title, "^" * len(title), "", *lines, "", _json(policy(module))])


def _options(text: str) -> str:
    return re.sub(r"O\((\w+)\)", r"``\1``", text)


def _json(document: dict[str, Any]) -> str:
    lines = json.dumps(document, indent=2).splitlines()
    return "\n".join([".. code-block:: json", "", *(f"   {line}" for line in lines), ""])


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
