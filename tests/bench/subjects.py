# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: the looped tasks, the scripts beside them, and what each should cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SESSION = "vtap.aws.ec2_traffic_mirror_session"
VPC = "amazon.aws.ec2_vpc_net"
REFERENCE = "amazon.aws.ec2_vpc_net_info"
PING = "ansible.builtin.ping"
BARE = "bare boto3"
# The wall time of one of our tasks, as a part of the reference's.
WALL_TARGET = 0.75

DESCRIBE = "DescribeTrafficMirrorSessions"
CREATE = "CreateTrafficMirrorSession"
MODIFY = "ModifyTrafficMirrorSession"
DELETE = "DeleteTrafficMirrorSession"

# The lab's fixed ids (tests/emulator/lab.py, which cannot be imported without loading all of moto).
FILTER = "tmf-0a1b2c3d4e5f60718"
TARGET = "tmt-0a1b2c3d4e5f60718"
_LAB_VPC = "vpc-0a1b2c3d4e5f60701"
# Those of its interfaces that can be mirrored, each of which takes three sessions.
_INTERFACES = [f"eni-0a1b2c3d4e5f607{end}" for end in ("18", "21", "22", "23", "41", "42", "51")]
ITEMS: list[dict[str, Any]] = [
    {"interface": eni, "number": number, "net": f"10.{100 + len(_INTERFACES) * number + index}.0.0/16"}
    for number in (1, 2, 3)
    for index, eni in enumerate(_INTERFACES)
]


@dataclass(frozen=True, eq=False)
class Subject:
    """One row of the table.

    of: the module, or BARE. does: what each item does; it is also what the scripts and our tasks have in common.
    options: the module's. status: what each item must come to. calls: the calls that each item should make, if there
    is a target.
    """

    of: str
    does: str
    options: dict[str, Any] = field(default_factory=dict)
    status: str = "changed"
    calls: tuple[str, ...] | None = None

    @property
    def label(self) -> str:
        return f"{self.of}: {self.does}" if self.does else self.of

    @property
    def ours(self) -> bool:
        return self.of.startswith("vtap.aws.")


_KEY = {"network_interface_id": "{{ item.interface }}", "session_number": "{{ item.number }}"}
_CREATE = {
    **_KEY,
    "traffic_mirror_filter_id": FILTER,
    "traffic_mirror_target_id": TARGET,
    "description": "first",
    "tags": {"Name": "bench", "Team": "netsec", "Stage": "one"},
}
_CHANGE = {**_CREATE, "description": "second"}
_CHANGE_TAGS = {**_CHANGE, "description": "third", "tags": {"Name": "bench", "Team": "core"}}
_VPC = {"name": "bench", "cidr_block": "{{ item.net }}"}

# One playbook, in the only order that needs no reset in between; the others' tasks are strewn among ours, and the
# reference is in the middle.
PLAY = (
    Subject(SESSION, "create", _CREATE, calls=(DESCRIBE, CREATE)),
    Subject(VPC, "create", _VPC),
    Subject(SESSION, "no-op", _CREATE, "ok", calls=(DESCRIBE,)),
    Subject(VPC, "no-op", _VPC, "ok"),
    Subject(SESSION + "_info", "", {"filters": {"network-interface-id": "{{ item.interface }}"}}, "ok", (DESCRIBE,)),
    Subject(REFERENCE, "", {"vpc_ids": [_LAB_VPC]}, "ok"),
    Subject(SESSION, "change", _CHANGE, calls=(DESCRIBE, MODIFY)),
    Subject(PING, "", {}, "ok"),
    Subject(SESSION, "change with tags", _CHANGE_TAGS, calls=(DESCRIBE, MODIFY, "CreateTags", "DeleteTags")),
    Subject(VPC, "absent", {**_VPC, "state": "absent"}),
    Subject(SESSION, "absent", {**_KEY, "state": "absent"}, calls=(DESCRIBE, DELETE)),
)
# Then the same again as scripts; see bare.py.
SCRIPTS = tuple(Subject(BARE, does, calls=None) for does in ("create", "no-op", "change", "change with tags", "absent"))


def playbook(count: int) -> list[dict[str, Any]]:
    """A play that runs each of PLAY for the first items."""
    tasks = [
        {
            "name": subject.label,
            subject.of: subject.options,
            "loop": ITEMS[:count],
            "loop_control": {"label": "{{ item.interface }} {{ item.number }}"},
        }
        for subject in PLAY
    ]
    return [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
