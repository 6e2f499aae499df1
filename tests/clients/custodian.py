# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run policies of Cloud Custodian against the emulator and check their results with boto3.

Cloud Custodian has the resource types aws.mirror-session (delete, tag actions) and aws.mirror-target (tag actions),
and none for filters. Its tag actions call the Resource Groups Tagging API. boto3 creates the resources.

custodian.py COMMAND FOLDER: the custodian command, and a folder for policies and their output.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
from typing import Any

import boto3

from .checks import Checks, MismatchError, calls, control

SESSION, TARGET = "aws.mirror-session", "aws.mirror-target"


class Custodian(Checks):
    """The steps. .sessions: the ids of the 12 sessions, by session number."""

    def __init__(self, command: str, folder: pathlib.Path) -> None:
        super().__init__()
        self.command = command
        self.folder = folder
        self.ec2 = boto3.client("ec2")
        self.sessions: dict[int, str] = {}

    def policies(self, *policies: dict[str, Any], arguments: tuple[str, ...] = (), status: int = 0) -> list[list[Any]]:
        """Run policies in order. Returns the ids of the resources that each one matched, in order of their numbers.

        Raises MismatchError with the output of the command if its exit status is not `status`.
        """
        named = [{"name": f"policy-{index}", **policy} for index, policy in enumerate(policies)]
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "policies.json"
        path.write_text(json.dumps({"policies": named}))
        output = self.folder / "output"
        # Without a cache, each policy reads the present state.
        line = [self.command, "run", "--output-dir", str(output), "--cache-period", "0", *arguments, str(path)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode != status:
            raise MismatchError(f"custodian ended with status {done.returncode}\n{done.stderr.strip()}")
        self.output = done.stderr
        found = []
        for policy in named:
            resources = output / str(policy["name"]) / "resources.json"
            rows = json.loads(resources.read_text())
            ids = [row.get("TrafficMirrorSessionId") or row.get("TrafficMirrorTargetId") for row in rows]
            found.append(sorted(ids))
        return found

    def ids(self, *numbers: int) -> list[str]:
        """Return the ids of the sessions with these numbers, sorted."""
        return sorted(self.sessions[number] for number in numbers)

    def tags_of(self, member: str, identifier: str) -> dict[str, str]:
        """Return the tags of a session or target that Describe returns. member: "Session" or "Target"."""
        describe = getattr(self.ec2, f"describe_traffic_mirror_{member.lower()}s")
        row = describe(**{f"TrafficMirror{member}Ids": [identifier]})[f"TrafficMirror{member}s"][0]
        return {tag["Key"]: tag["Value"] for tag in row["Tags"]}

    def create(self) -> None:
        """Create 12 sessions, numbers 1 to 12: the even ones have the tag team=net, number 12 has a packet length."""
        for number, source in enumerate(self.lab["sources"], 1):
            tags = [{"Key": "Name", "Value": f"session-{number}"}]
            if not number % 2:
                tags.append({"Key": "team", "Value": "net"})
            made = self.ec2.create_traffic_mirror_session(
                NetworkInterfaceId=source,
                TrafficMirrorTargetId=self.lab["target"],
                TrafficMirrorFilterId=self.lab["filter"],
                SessionNumber=number,
                TagSpecifications=[{"ResourceType": "traffic-mirror-session", "Tags": tags}],
                **({"PacketLength": 100} if number == 12 else {}),
            )
            self.sessions[number] = made["TrafficMirrorSession"]["TrafficMirrorSessionId"]
        self.same("sessions", len(set(self.sessions.values())), 12)

    def filter(self) -> None:
        found = self.policies(
            {"resource": SESSION},
            {"resource": SESSION, "filters": [{"SessionNumber": 3}]},
            {"resource": SESSION, "filters": [{"type": "value", "key": "PacketLength", "op": "lt", "value": 8500}]},
            {"resource": SESSION, "filters": [{"tag:team": "net"}]},
            {"resource": SESSION, "filters": [{"tag:team": "absent"}]},
            {"resource": TARGET, "filters": [{"Type": "network-load-balancer"}, {"tag:Name": "lab-target"}]},
        )
        even = range(2, 13, 2)
        names = ("all sessions", "by number", "by packet length", "by tag", "without a tag")
        numbers = (range(1, 13), (3,), (12,), even, set(range(1, 13)) - set(even))
        for name, expected, ids in zip(names, numbers, found[:5], strict=True):
            self.same(name, ids, self.ids(*expected))
        self.same("targets", found[5], [self.lab["target"]])

    def dry_run(self) -> None:
        control("DELETE", "log")
        [found] = self.policies({"resource": SESSION, "actions": ["delete"]}, arguments=("--dryrun",))
        self.same("matches of a dry run", len(found), 12)
        self.same("deletions of a dry run", calls("DeleteTrafficMirrorSession"), [])

    def tag(self) -> None:
        owner = {"type": "tag", "tags": {"Owner": "a & b", "team": "sec"}}
        self.policies({"resource": SESSION, "filters": [{"SessionNumber": 2}], "actions": [owner]})
        tags = {"Name": "session-2", "Owner": "a & b", "team": "sec"}
        self.same("tags of a session", self.tags_of("Session", self.sessions[2]), tags)
        found = self.policies(
            {
                "resource": SESSION,
                "filters": [{"tag:Owner": "a & b"}],
                "actions": [{"type": "rename-tag", "old_keys": ["Owner"], "new_key": "Contact"}],
            },
            {
                "resource": SESSION,
                "filters": [{"tag:Contact": "present"}],
                "actions": [{"type": "remove-tag", "tags": ["team", "Name"]}],
            },
            {"resource": TARGET, "actions": [{"type": "tag", "tags": {"Owner": "target"}}]},
            {
                "resource": TARGET,
                "filters": [{"tag:Owner": "target"}],
                "actions": [{"type": "remove-tag", "tags": ["Name"]}],
            },
        )
        self.same("sessions and targets by their new tags", found, [self.ids(2)] * 2 + [[self.lab["target"]]] * 2)
        self.same("tag renamed, tags removed", self.tags_of("Session", self.sessions[2]), {"Contact": "a & b"})
        self.same("tags of the target", self.tags_of("Target", self.lab["target"]), {"Owner": "target"})

    def mark(self) -> None:
        """Mark sessions for deletion tomorrow, and delete those that are due, one day early."""
        op = {"type": "mark-for-op", "tag": "due", "op": "delete", "days": 1}
        due: dict[str, Any] = {"type": "marked-for-op", "tag": "due", "op": "delete"}
        found = self.policies(
            {"resource": SESSION, "filters": [{"tag:team": "net"}, {"SessionNumber": 4}], "actions": [op]},
            {"resource": SESSION, "filters": [due]},
            {"resource": SESSION, "filters": [{**due, "skew": 1}]},
        )
        mark = self.tags_of("Session", self.sessions[4])["due"]
        self.same(f"mark {mark!r}", bool(re.search(r": delete@\d{4}/\d\d/\d\d$", mark)), True)
        self.same("marked, due today, due tomorrow", found, [self.ids(4), [], self.ids(4)])
        self.policies({"resource": SESSION, "filters": [{**due, "skew": 1}], "actions": ["delete"]})
        [left] = self.policies({"resource": SESSION})
        self.same("sessions after deletion", left, self.ids(*set(self.sessions) - {4}))

    def errors(self) -> None:
        control("PUT", "settings", {"fail": {"DeleteTrafficMirrorSession": ["UnauthorizedOperation", 1]}})
        fifth = {"resource": SESSION, "filters": [{"SessionNumber": 5}]}
        # With the tag Name, these are more than EC2's 50. TagResources reports the failure in a successful reply.
        many = {"type": "tag", "tags": {f"key-{index}": "" for index in range(50)}}
        self.policies({**fifth, "actions": ["delete"]}, {**fifth, "actions": [many]}, status=2)
        for error in ("UnauthorizedOperation", "TagLimitExceeded"):
            self.same(f"{error} in the output", error in self.output, True)
        control("PUT", "settings", {"fail": None})
        [left] = self.policies(fifth)
        self.same("session after the errors", left, self.ids(5))
        self.same("tags after the errors", self.tags_of("Session", self.sessions[5]), {"Name": "session-5"})

    def delete(self) -> None:
        self.policies({"resource": SESSION, "actions": ["delete"]})
        [left] = self.policies({"resource": SESSION})
        self.same("sessions after the deletion of all", left, [])


def main() -> int:
    """Run all steps. Returns the exit status."""
    custodian = Custodian(sys.argv[1], pathlib.Path(sys.argv[2]))
    steps = {
        "create": custodian.create,
        "filter": custodian.filter,
        "dry run": custodian.dry_run,
        "tag": custodian.tag,
        "mark": custodian.mark,
        "errors": custodian.errors,
        "delete": custodian.delete,
    }
    return custodian.run("custodian", steps)


if __name__ == "__main__":
    sys.exit(main())
