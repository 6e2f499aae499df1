# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured tasks and scripts, and the API calls that each must make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SESSION = "vtap.aws.ec2_traffic_mirror_session"
FILTER = "vtap.aws.ec2_traffic_mirror_filter"
TARGET = "vtap.aws.ec2_traffic_mirror_target"
VPC = "amazon.aws.ec2_vpc_net"
REFERENCE = "amazon.aws.ec2_vpc_net_info"
PING = "ansible.builtin.ping"
BARE = "bare boto3"
# Target: wall time of a task of the collection, relative to the reference.
WALL_TARGET = 0.75

_SESSIONS, _FILTERS, _TARGETS = (f"DescribeTrafficMirror{kind}s" for kind in ("Session", "Filter", "Target"))
_SERVICES = "ModifyTrafficMirrorFilterNetworkServices"
_NEW_RULE, _RULE = "CreateTrafficMirrorFilterRule", "ModifyTrafficMirrorFilterRule"

# The lab's fixed ids (tests/emulator/lab.py, which cannot be imported without loading all of moto).
FILTER_ID = "tmf-0a1b2c3d4e5f60718"
TARGET_ID = "tmt-0a1b2c3d4e5f60718"
_LAB_VPC = "vpc-0a1b2c3d4e5f60701"
# All interfaces of the lab that can be mirrored. An interface cannot be source and destination at the same time, so the
# targets are deleted before the sessions are created.
_INTERFACES = [f"eni-0a1b2c3d4e5f607{end}" for end in ("18", "21", "22", "23", "41", "42", "51")]
ITEMS = [
    {"interface": eni, "name": f"bench-{index}", "net": f"10.{100 + index}.0.0/16"}
    for index, eni in enumerate(_INTERFACES)
]


@dataclass(frozen=True, eq=False)
class Subject:
    """A row of the table or a script.

    of: the module, or BARE. does: what each item does. options: the module's. status: what each item must come to.
    calls: the calls that each item should make, if there is a target. bare_calls: those of the script beside it, where
    it does without some.
    """

    of: str
    does: str
    options: dict[str, Any] = field(default_factory=dict)
    status: str = "changed"
    calls: tuple[str, ...] | None = None
    bare_calls: tuple[str, ...] | None = None

    @property
    def label(self) -> str:
        return f"{self.of}: {self.does}" if self.does else self.of

    @property
    def ours(self) -> bool:
        return self.of.startswith("vtap.aws.")

    @property
    def script(self) -> str:
        """The argument of the script with the same calls. An info task has the calls of a no-op."""
        return f"{self.of.removesuffix('_info').rpartition('_')[2]} {self.does or 'no-op'}"


_KEY = {"network_interface_id": "{{ item.interface }}", "session_number": 1}
_CREATE = {
    **_KEY,
    "traffic_mirror_filter_id": FILTER_ID,
    "traffic_mirror_target_id": TARGET_ID,
    "description": "first",
    "tags": {"Name": "bench", "Team": "netsec", "Stage": "one"},
}
_NAMED = {
    "name": "{{ item.name }}",
    **_KEY,
    "traffic_mirror_filter_id": FILTER_ID,
    "traffic_mirror_target_id": TARGET_ID,
    "description": "first",
    "tags": {"Team": "netsec", "Stage": "one"},
}
_RENAME = {**_KEY, "name": "{{ item.name }} renamed", "adopt": True}
_CHANGE = {**_CREATE, "description": "second"}
_CHANGE_TAGS = {**_CHANGE, "description": "third", "tags": {"Name": "bench", "Team": "core"}}


def _filter(changes: dict[str, dict[str, Any]], services: list[str]) -> dict[str, Any]:
    """Return the options of a filter with ten rules. changes: {"direction number": changed suboptions}."""
    rules = {
        f"{direction} {number}": {
            "direction": direction,
            "rule_number": number,
            "action": "accept",
            "protocol": "tcp",
            "source_cidr": "0.0.0.0/0",
            "destination_cidr": "0.0.0.0/0",
            port_of: port,
        }
        for direction, port_of in (("ingress", "destination_port"), ("egress", "source_port"))
        for number, port in ((100, "22"), (200, "53"), (300, "80"), (400, "443"), (500, "8080"))
    }
    return {
        "name": "{{ item.name }}",
        "description": "first",
        "network_services": services,
        "rules": [{**rule, **changes.get(key, {})} for key, rule in rules.items()],
        "tags": {"Team": "netsec", "Stage": "one"},
    }


_PORT: dict[str, dict[str, Any]] = {"ingress 400": {"destination_port": "8443"}}
_RENUMBERED = {**_PORT, "egress 500": {"rule_number": 150}}
_THREE = {
    **_RENUMBERED,
    "ingress 100": {"source_cidr": "10.0.0.0/8"},
    "ingress 200": {"action": "reject"},
    "egress 100": {"source_port": ""},
}
_NEW_FILTER = _filter({}, ["amazon-dns"])
_CREATE_FILTER = (_FILTERS, "CreateTrafficMirrorFilter", _SERVICES, *[_NEW_RULE] * 10)
_DESTINATION = {"network_interface_id": "{{ item.interface }}"}
_NEW_TARGET = {**_DESTINATION, "description": "first", "tags": {"Team": "netsec", "Stage": "one"}}
_NAME = {"name": "{{ item.name }}"}
_GONE = {"state": "absent"}
_VPC = {"name": "bench", "cidr_block": "{{ item.net }}"}

# One playbook, in an order that requires no reset. Tasks of other collections are spread over it, with the reference in
# the middle.
PLAY = (
    Subject(TARGET, "create", _NEW_TARGET, calls=(_TARGETS, "CreateTrafficMirrorTarget")),
    Subject(TARGET, "no-op", _NEW_TARGET, "ok", calls=(_TARGETS,)),
    Subject(VPC, "create", _VPC),
    Subject(TARGET + "_info", "", {"filters": {"network-interface-id": "{{ item.interface }}"}}, "ok", (_TARGETS,)),
    Subject(TARGET, "absent", {**_DESTINATION, **_GONE}, calls=(_TARGETS, _SESSIONS, "DeleteTrafficMirrorTarget")),
    Subject(TARGET, "create with name", {**_NEW_TARGET, **_NAME}, calls=(_TARGETS, "CreateTrafficMirrorTarget")),
    Subject(TARGET, "absent by name", {**_NAME, **_GONE}, calls=(_TARGETS, _SESSIONS, "DeleteTrafficMirrorTarget")),
    Subject(SESSION, "create", _CREATE, calls=(_SESSIONS, "CreateTrafficMirrorSession")),
    Subject(VPC, "no-op", _VPC, "ok"),
    # One more Describe detects duplicate names.
    Subject(FILTER, "create", _NEW_FILTER, calls=(_FILTERS, *_CREATE_FILTER), bare_calls=_CREATE_FILTER),
    Subject(FILTER, "no-op", _NEW_FILTER, "ok", calls=(_FILTERS,)),
    Subject(SESSION, "no-op", _CREATE, "ok", calls=(_SESSIONS,)),
    Subject(REFERENCE, "", {"vpc_ids": [_LAB_VPC]}, "ok"),
    Subject(SESSION + "_info", "", {"filters": {"network-interface-id": "{{ item.interface }}"}}, "ok", (_SESSIONS,)),
    Subject(FILTER + "_info", "", {"names": ["{{ item.name }}"]}, "ok", (_FILTERS,)),
    Subject(FILTER, "change port", _filter(_PORT, ["amazon-dns"]), calls=(_FILTERS, _RULE)),
    Subject(PING, "", {}, "ok"),
    Subject(FILTER, "renumber", _filter(_RENUMBERED, ["amazon-dns"]), calls=(_FILTERS, _RULE)),
    Subject(SESSION, "change", _CHANGE, calls=(_SESSIONS, "ModifyTrafficMirrorSession")),
    Subject(
        SESSION,
        "change with tags",
        _CHANGE_TAGS,
        calls=(_SESSIONS, "ModifyTrafficMirrorSession", "CreateTags", "DeleteTags"),
    ),
    Subject(FILTER, "change three", _filter(_THREE, []), calls=(_FILTERS, *[_RULE] * 3, _SERVICES)),
    Subject(VPC, "absent", {**_VPC, **_GONE}),
    Subject(FILTER, "absent", {**_NAME, **_GONE}, calls=(_FILTERS, _SESSIONS, "DeleteTrafficMirrorFilter")),
    Subject(SESSION, "absent", {**_KEY, **_GONE}, calls=(_SESSIONS, "DeleteTrafficMirrorSession")),
    # Before a Name is written from a name, one more Describe of all sessions checks that no session has the name.
    Subject(SESSION, "create with name", _NAMED, calls=(_SESSIONS, _SESSIONS, "CreateTrafficMirrorSession")),
    Subject(SESSION, "no-op with name", _NAMED, "ok", calls=(_SESSIONS,)),
    Subject(SESSION, "rename", _RENAME, calls=(_SESSIONS, _SESSIONS, "CreateTags")),
    Subject(
        SESSION,
        "absent by name",
        {"name": _RENAME["name"], **_GONE},
        calls=(_SESSIONS, "DeleteTrafficMirrorSession"),
    ),
)
# The same as scripts, which must make the same calls; see bare.py.
SCRIPTS = tuple(
    Subject(BARE, task.script, calls=task.bare_calls or task.calls) for task in PLAY if task.ours and task.does
)


def playbook(count: int) -> list[dict[str, Any]]:
    """Return a play that loops each task of PLAY over the first items."""
    tasks = [
        {
            "name": subject.label,
            subject.of: subject.options,
            "loop": ITEMS[:count],
            "loop_control": {"label": "{{ item.name }}"},
        }
        for subject in PLAY
    ]
    return [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
