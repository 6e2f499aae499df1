# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack of the bench: its document, the same as tasks of the single modules, and the calls of the stack module."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from .subjects import FILTER, SESSION, TARGET

FILTERS, RULES, TARGETS = 5, 6, 5
CREATE, UNCHANGED, CHANGE, DELETE = "create", "unchanged", "five changes", "delete"
SCENARIOS = (CREATE, UNCHANGED, CHANGE, DELETE)
PAGE = 1000

Document = dict[str, Any]
Task = dict[str, Any]
_READS = ("DescribeTrafficMirrorFilters", "DescribeTrafficMirrorTargets", "DescribeTrafficMirrorSessions")


def document(interfaces: list[str], sessions: int) -> Document:
    """Return the options of the stack. interfaces: one for each session, then one for each target."""
    rules = [
        {
            "direction": direction,
            "rule_number": 100 + nth,
            "action": "accept",
            "protocol": protocol,
            "source_cidr": "0.0.0.0/0",
            "destination_cidr": "10.0.0.0/8",
            "destination_port": port,
        }
        for direction in ("ingress", "egress")
        for nth, (protocol, port) in enumerate((("tcp", "22"), ("tcp", "443"), ("udp", "1024-65535")))
    ]
    assert len(rules) == RULES
    tags = {"Team": "netsec", "Stage": "one"}
    return {
        "name": "bench",
        "filters": [
            {
                "name": f"filter-{nth}",
                "description": f"Filter {nth}",
                "network_services": ["amazon-dns"],
                "rules": [dict(rule) for rule in rules],
                "tags": dict(tags),
            }
            for nth in range(FILTERS)
        ],
        "targets": [
            {
                "name": f"target-{nth}",
                "description": f"Target {nth}",
                "network_interface_id": interfaces[sessions + nth],
                "tags": dict(tags),
            }
            for nth in range(TARGETS)
        ],
        "sessions": [
            {
                "name": f"session-{nth}",
                "description": f"Session {nth}",
                "network_interface_id": interfaces[nth],
                "session_number": 1,
                "traffic_mirror_filter_name": f"filter-{nth % FILTERS}",
                "traffic_mirror_target_name": f"target-{nth % TARGETS}",
                "virtual_network_id": 100 + nth,
                "tags": dict(tags),
            }
            for nth in range(sessions)
        ],
    }


def change(stack: Document) -> Document:
    """Return the document with five changes: the port of a rule, a tag of a filter, the descriptions of 3 sessions."""
    changed: Document = json.loads(json.dumps(stack))
    changed["filters"][0]["rules"][1]["destination_port"] = "8443"
    changed["filters"][1]["tags"]["Stage"] = "two"
    for session in changed["sessions"][:3]:
        session["description"] += ", changed"
    return changed


def expected_calls(scenario: str, sessions: int, others: int = 0) -> Counter[str]:
    """Return the calls that a stack task makes. others: the number of other sessions."""
    there = others + (0 if scenario == CREATE else sessions)
    calls = Counter(_READS)
    calls["DescribeTrafficMirrorSessions"] = max(1, -(-there // PAGE))
    if scenario == CREATE:
        calls["CreateTrafficMirrorFilter"] = calls["ModifyTrafficMirrorFilterNetworkServices"] = FILTERS
        calls["CreateTrafficMirrorFilterRule"] = FILTERS * RULES
    if scenario == CHANGE:
        calls.update({"ModifyTrafficMirrorFilterRule": 1, "CreateTags": 1, "ModifyTrafficMirrorSession": 3})
    if scenario == DELETE:
        calls["DeleteTrafficMirrorFilter"] = FILTERS
    if scenario in (CREATE, DELETE):
        verb = "Create" if scenario == CREATE else "Delete"
        calls.update({f"{verb}TrafficMirrorTarget": TARGETS, f"{verb}TrafficMirrorSession": sessions})
    return calls


def _loop(module: str, entries: list[Task], absent: bool) -> Task:
    """Return a task of a single module that loops over entries of the document."""
    options = {"name": "{{ item.name }}", "state": "absent"}
    if not absent:
        options = {option: f"{{{{ item.{option} }}}}" for option in entries[0]}
    return {module: options, "loop": entries, "loop_control": {"label": "{{ item.name }}"}}


def single_tasks(stack: Document, absent: bool = False) -> list[Task]:
    """Return tasks of the single modules that create the stack, or delete it, in dependency order."""
    loops = [
        _loop(module, stack[option], absent)
        for module, option in ((FILTER, "filters"), (TARGET, "targets"), (SESSION, "sessions"))
    ]
    return loops[::-1] if absent else loops
