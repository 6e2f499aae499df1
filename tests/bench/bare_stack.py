# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, correct or delete a stack without Ansible: python bare_stack.py WHAT DOCUMENT WORKERS

WHAT is "present": read the filters, targets and sessions, create those that do not exist, and change those that differ;
or "absent": read them and delete all of the stack. DOCUMENT is a JSON file with the options name, filters, targets and
sessions of the stack module. The script uses a thread pool and the tags of the module, and checks no options.
"""

from __future__ import annotations

import json
import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

ApiObject = dict[str, Any]
_KINDS = ("Filter", "Target", "Session")
_PROTOCOLS = {"tcp": 6, "udp": 17}


def _id(row: ApiObject, kind: str) -> str:
    return str(row[f"TrafficMirror{kind}Id"])


def _tags(row: ApiObject) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in row["Tags"]}


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _differing(wanted: ApiObject, row: ApiObject) -> ApiObject:
    return {key: value for key, value in wanted.items() if row.get(key) != value}


def _rule(options: ApiObject) -> ApiObject:
    """Return a rule as the API describes it."""
    first, _dash, last = options["destination_port"].partition("-")
    return {
        "TrafficDirection": options["direction"],
        "RuleNumber": options["rule_number"],
        "RuleAction": options["action"],
        "Protocol": _PROTOCOLS[options["protocol"]],
        "SourceCidrBlock": options["source_cidr"],
        "DestinationCidrBlock": options["destination_cidr"],
        "DestinationPortRange": {"FromPort": int(first), "ToPort": int(last or first)},
    }


class Script:
    """document: the options of the stack. workers: the number of parallel calls."""

    def __init__(self, document: ApiObject, workers: int) -> None:
        self.document = document
        self.pool = ThreadPoolExecutor(workers)
        self.ec2 = boto3.client("ec2", config=Config(max_pool_connections=workers, retries={"mode": "standard"}))
        self.stack: dict[str, list[ApiObject]] = dict(zip(_KINDS, self.pool.map(self.read, _KINDS), strict=True))
        self.found = {kind: {_tags(row)["Name"]: row for row in rows} for kind, rows in self.stack.items()}

    def read(self, kind: str) -> list[ApiObject]:
        """Return the resources of the stack."""
        pages = self.ec2.get_paginator(f"describe_traffic_mirror_{kind.lower()}s").paginate(
            PaginationConfig={"PageSize": 1000}
        )
        rows = (row for page in pages for row in page[f"TrafficMirror{kind}s"])
        return [row for row in rows if _tags(row).get("vtap:stack") == self.document["name"]]

    def present(self) -> None:
        filters = self.pool.map(self.apply_filter, self.document["filters"])
        targets = self.pool.map(self.apply_target, self.document["targets"])
        ids = {"Filter": dict(filters), "Target": dict(targets)}
        list(self.pool.map(lambda entry: self.apply_session(entry, ids), self.document["sessions"]))

    def absent(self) -> None:
        def delete(kind: str, row: ApiObject) -> None:
            getattr(self.ec2, f"delete_traffic_mirror_{kind.lower()}")(**{f"TrafficMirror{kind}Id": _id(row, kind)})

        list(self.pool.map(lambda row: delete("Session", row), self.stack["Session"]))
        rest = [(kind, row) for kind in ("Target", "Filter") for row in self.stack[kind]]
        list(self.pool.map(lambda pair: delete(*pair), rest))

    def apply_filter(self, entry: ApiObject) -> tuple[str, str]:
        """Create or correct a filter. Returns its name and id."""
        row = self.found["Filter"].get(entry["name"])
        if row is None:
            made = self.ec2.create_traffic_mirror_filter(
                Description=entry["description"], TagSpecifications=self.specification("filter", entry)
            )
            row = made["TrafficMirrorFilter"]
        else:
            self.retag(entry, row, "Filter")
        filter_id = _id(row, "Filter")
        services = set(entry["network_services"]).difference(row.get("NetworkServices", ()))
        if services:
            self.ec2.modify_traffic_mirror_filter_network_services(
                TrafficMirrorFilterId=filter_id, AddNetworkServices=sorted(services)
            )
        there = {
            (rule["TrafficDirection"], rule["RuleNumber"]): rule
            for rule in row.get("IngressFilterRules", []) + row.get("EgressFilterRules", [])
        }
        for rule in map(_rule, entry["rules"]):
            known = there.get((rule["TrafficDirection"], rule["RuleNumber"]))
            if known is None:
                self.ec2.create_traffic_mirror_filter_rule(TrafficMirrorFilterId=filter_id, **rule)
            elif _differing(rule, known):
                self.ec2.modify_traffic_mirror_filter_rule(
                    TrafficMirrorFilterRuleId=known["TrafficMirrorFilterRuleId"], **rule
                )
        return entry["name"], filter_id

    def apply_target(self, entry: ApiObject) -> tuple[str, str]:
        """Create or correct a target. Returns its name and id."""
        row = self.found["Target"].get(entry["name"])
        if row is None:
            made = self.ec2.create_traffic_mirror_target(
                NetworkInterfaceId=entry["network_interface_id"],
                Description=entry["description"],
                TagSpecifications=self.specification("target", entry),
            )
            row = made["TrafficMirrorTarget"]
        else:
            self.retag(entry, row, "Target")
        return entry["name"], _id(row, "Target")

    def apply_session(self, entry: ApiObject, ids: dict[str, dict[str, str]]) -> None:
        """Create or correct a session. ids: the ids of filters and targets by name."""
        row = self.found["Session"].get(entry["name"])
        wanted = {
            "SessionNumber": entry["session_number"],
            "TrafficMirrorFilterId": ids["Filter"][entry["traffic_mirror_filter_name"]],
            "TrafficMirrorTargetId": ids["Target"][entry["traffic_mirror_target_name"]],
            "VirtualNetworkId": entry["virtual_network_id"],
            "Description": entry["description"],
        }
        if row is None:
            self.ec2.create_traffic_mirror_session(
                NetworkInterfaceId=entry["network_interface_id"],
                TagSpecifications=self.specification("session", entry),
                **wanted,
            )
            return
        if changes := _differing(wanted, row):
            self.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=_id(row, "Session"), **changes)
        self.retag(entry, row, "Session")

    def specification(self, kind: str, entry: ApiObject) -> list[ApiObject]:
        """Return the tags of a new resource."""
        tags = {"Name": entry["name"], "vtap:stack": self.document["name"], **entry["tags"]}
        return [{"ResourceType": f"traffic-mirror-{kind}", "Tags": _pairs(tags)}]

    def retag(self, entry: ApiObject, row: ApiObject, kind: str) -> None:
        """Write the tags that differ."""
        if changes := _differing(entry["tags"], _tags(row)):
            self.ec2.create_tags(Resources=[_id(row, kind)], Tags=_pairs(changes))


def main(what: str, document: str, workers: str) -> None:
    script = Script(json.loads(pathlib.Path(document).read_text()), int(workers))
    {"present": script.present, "absent": script.absent}[what]()
    script.pool.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
