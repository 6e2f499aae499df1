# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of the stack module: filters, targets and sessions that refer to each other, in one document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .lab import ApiObject, Lab, named, tags
from .scenario import (
    ACTOR,
    APP,
    DB,
    NLB,
    OTHER_SENSOR,
    SECONDARY,
    SENSOR,
    STACK_TAG,
    TARGET,
    WEB,
    Scenario,
    State,
    create_filter,
    create_session,
    create_target,
    create_unrelated,
    filter_rule,
    find_differences,
)

NAME = "ids"
# The name of the stack after the scenario "rename".
RENAMED = "renamed"
# The lists of the document, with the id prefix of their resources.
LISTS = {"filters": "tmf", "targets": "tmt", "sessions": "tms"}
DESTINATIONS = {"network_interface_id": "NetworkInterfaceId", "network_load_balancer_arn": "NetworkLoadBalancerArn"}
Document = dict[str, list[dict[str, Any]]]


def _rule(direction: str, number: int, protocol: str, **more: Any) -> dict[str, Any]:
    anywhere = {"action": "accept", "source_cidr": "0.0.0.0/0", "destination_cidr": "0.0.0.0/0"}
    return {"direction": direction, "rule_number": number, "protocol": protocol, **anywhere, **more}


def _session(name: str, interface: str, traffic_mirror_filter: str, target: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "network_interface_id": interface,
        "traffic_mirror_filter_name": traffic_mirror_filter,
        "traffic_mirror_target_name": target,
        "description": "new",
        "tags": {"Team": "b"},
        **more,
    }


# The document of all scenarios, except for the interface and the destination that "replace" changes.
_DOCUMENT: Document = {
    "filters": [
        {
            "name": "dns",
            "description": "new",
            "network_services": ["amazon-dns"],
            "rules": [_rule("ingress", 100, "17", tags={"Why": "dns"}), _rule("egress", 200, "6")],
            "tags": {"Team": "b"},
        },
        {
            "name": "tls",
            "description": "new",
            "network_services": [],
            "rules": [_rule("ingress", 10, "6")],
            "tags": {"Team": "b"},
        },
    ],
    "targets": [
        {"name": "one", "network_interface_id": SENSOR, "tags": {"Team": "b"}},
        {"name": "two", "network_load_balancer_arn": NLB, "tags": {"Team": "b"}},
    ],
    "sessions": [
        _session("web-dns", WEB, "dns", "one", session_number=2),
        _session("web-tls", WEB, "tls", "two", session_number=3),
        _session("db", DB, "dns", "one", session_number=1),
        _session("app", APP, "tls", "one"),
    ],
}
_OWN_NAMES = {(LISTS[option], one["name"]) for option, entries in _DOCUMENT.items() for one in entries}


def _is_own(row: ApiObject) -> bool:
    """Whether a resource belongs to the stack, or is one that the scenario "adopt" adds to it."""
    return _mark(row) in (NAME, RENAMED) or (_prefix(row), tags(row).get("Name")) in _OWN_NAMES


def _mark(row: ApiObject) -> str | None:
    return tags(row).get(STACK_TAG)


def _prefix(row: ApiObject) -> str:
    if "TrafficMirrorSessionId" in row:
        return "tms"
    return "tmt" if "TrafficMirrorTargetId" in row else "tmf"


def _replacing_document() -> Document:
    """Return the document with another interface for a session, and another destination for a target."""
    targets = [
        {**one, "network_interface_id": OTHER_SENSOR} if one["name"] == "one" else one for one in _DOCUMENT["targets"]
    ]
    sessions = [
        {**one, "network_interface_id": SECONDARY} if one["name"] == "app" else one for one in _DOCUMENT["sessions"]
    ]
    return {**_DOCUMENT, "targets": targets, "sessions": sessions}


def _options(document: Document, **given: Any) -> Callable[[State], dict[str, Any]]:
    common = {"name": NAME, "api_rate": 1000, "api_burst": 1000, "workers": 4}
    return lambda _state: {**common, **document, **given}


def _seed(
    stack: str | None = NAME, *, description: str = "new", differs: bool = False, unlisted: bool = False
) -> Callable[[Lab], None]:
    """Create the resources of the document.

    stack: the ownership mark. description: of the filters. differs: resources differ from the document in what EC2 can
    change. unlisted: the stack has other resources, too.
    """

    def seed(lab: Lab) -> None:
        create_unrelated(lab)
        mark = {} if stack is None else {STACK_TAG: stack}
        old = {"Team": "a", "Old": "x"} if differs else {"Team": "b"}

        def own(name: str) -> dict[str, str]:
            return {**mark, **old, "Name": name}

        rules = [filter_rule("ingress", 100, Protocol=6), filter_rule("ingress", 300, Protocol=17)]
        dns = create_filter(lab.ec2, own("dns"), rules, Description=description)
        tls = create_filter(lab.ec2, own("tls"), [filter_rule("ingress", 10, Protocol=6)], Description="new")
        one = create_target(lab.ec2, own("one"), NetworkInterfaceId=SENSOR)
        two = create_target(lab.ec2, own("two"), NetworkLoadBalancerArn=NLB)
        if unlisted:
            unused = create_filter(lab.ec2, own("unlisted"), rules)
            sensor = create_target(lab.ec2, own("unlisted"), NetworkInterfaceId=OTHER_SENSOR)
            create_session(lab.ec2, APP, 7, own("unlisted a"), sensor, unused)
            create_session(lab.ec2, DB, 7, own("unlisted b"), one, unused)
        more = {"Description": "old" if differs else "new"}
        # With differs, each session of WEB takes the session number of the next one.
        first = 1 if differs else 2
        create_session(lab.ec2, WEB, first, own("web-dns"), one, dns, **more)
        create_session(lab.ec2, WEB, first + 1, own("web-tls"), two, tls, **more)
        create_session(lab.ec2, DB, 1, own("db"), one, dns, **more)
        create_session(lab.ec2, APP, 1, own("app"), one, tls, **more)

    return seed


def _check(document: Document, stack: str = NAME) -> Callable[[State, State], list[str]]:
    """Check that the resources with the mark of the stack are those of the document, and no others."""

    def errors(state: State, _before: State) -> list[str]:
        marked = {found: row for found, row in state.items() if _mark(row) in (NAME, RENAMED)}
        wrong = []
        for option, prefix in LISTS.items():
            names = sorted(str(tags(row).get("Name")) for found, row in marked.items() if found.startswith(prefix))
            if names != sorted(entry["name"] for entry in document[option]):
                wrong.append(f"the {option} of the stack are {names}")
        if wrong:
            return wrong
        for option, prefix in LISTS.items():
            for entry in document[option]:
                (row,) = named(marked, prefix, entry["name"])
                expected_tags = {**entry["tags"], "Name": entry["name"], STACK_TAG: stack}
                found = [] if tags(row) == expected_tags else [f"the tags are {tags(row)}"]
                found += find_differences(row, _expected_members(option, entry, marked))
                found += _find_rule_differences(entry, row) if option == "filters" else []
                wrong += [f"{option}: {entry['name']}: {one}" for one in found]
        return wrong

    return errors


def _expected_members(option: str, entry: dict[str, Any], marked: State) -> ApiObject:
    """Return the members of EC2's object that an entry of the document determines."""
    if option == "filters":
        return {"Description": entry["description"], "NetworkServices": entry["network_services"]}
    destination = {member: entry[one] for one, member in DESTINATIONS.items() if one in entry}
    if option == "targets":
        return destination
    (used_filter,) = named(marked, "tmf", entry["traffic_mirror_filter_name"])
    (used_target,) = named(marked, "tmt", entry["traffic_mirror_target_name"])
    return {
        **destination,
        "SessionNumber": entry.get("session_number", 1),
        "Description": entry["description"],
        "TrafficMirrorFilterId": used_filter["TrafficMirrorFilterId"],
        "TrafficMirrorTargetId": used_target["TrafficMirrorTargetId"],
    }


def _find_rule_differences(entry: dict[str, Any], row: ApiObject) -> list[str]:
    rules = {
        (rule["TrafficDirection"], rule["RuleNumber"], str(rule.get("Protocol")), tags(rule).get("Why"))
        for rule in row["IngressFilterRules"] + row["EgressFilterRules"]
    }
    expected = {
        (rule["direction"], rule["rule_number"], rule["protocol"], rule.get("tags", {}).get("Why"))
        for rule in entry["rules"]
    }
    return [] if rules == expected else [f"the rules are {sorted(map(str, rules))}"]


def _check_absence(state: State, _before: State) -> list[str]:
    return [f"{row} still exists" for row in state.values() if _mark(row) in (NAME, RENAMED)]


def _concurrent_resources(ec2: Any, state: State) -> None:
    """Let another client create a filter of a listed name, and what EC2 allows only once: a target and a session."""
    if len(named(state, "tmf", "dns")) < 2:
        create_filter(ec2, {**ACTOR, "Name": "dns"}, Description="new")
    if not any(_prefix(row) == "tmt" and row.get("NetworkInterfaceId") == SENSOR for row in state.values()):
        create_target(ec2, ACTOR, NetworkInterfaceId=SENSOR)
    taken = {row.get("SessionNumber") for row in state.values() if row.get("NetworkInterfaceId") == DB}
    if 1 not in taken and len(taken) < 3:
        create_session(ec2, DB, 1, ACTOR, Description="theirs")


def _concurrent_user(ec2: Any, state: State) -> None:
    """Let another client use a filter that the task deletes."""
    used = [*named(state, "tmf", "unlisted"), *named(state, "tmf", "tls")]
    if used and not any(tags(row) == ACTOR for row in state.values()):
        create_session(ec2, SECONDARY, 5, ACTOR, TARGET, used[0]["TrafficMirrorFilterId"], Description="theirs")


def _one(
    name: str,
    options: Callable[[State], dict[str, Any]],
    seed: Callable[[Lab], None],
    errors: Callable[[State, State], list[str]],
    concurrent: Callable[[Any, State], None] = _concurrent_resources,
) -> Scenario:
    return Scenario(name, "stack", options, seed, _is_own, errors, concurrent, many=True)


STACKS = [
    _one("create", _options(_DOCUMENT), create_unrelated, _check(_DOCUMENT)),
    _one("change", _options(_DOCUMENT), _seed(differs=True), _check(_DOCUMENT)),
    _one(
        "replace",
        _options(_replacing_document(), allow_replacement=True),
        _seed(description="old"),
        _check(_replacing_document()),
    ),
    _one("purge", _options(_DOCUMENT, max_deletes="100"), _seed(unlisted=True), _check(_DOCUMENT), _concurrent_user),
    _one("adopt", _options(_DOCUMENT, adopt=True), _seed(None, differs=True), _check(_DOCUMENT)),
    _one(
        "rename",
        _options(_DOCUMENT, name=RENAMED, adopt_stacks=[NAME]),
        _seed(differs=True),
        _check(_DOCUMENT, RENAMED),
    ),
    _one(
        "absent",
        lambda _state: {"name": NAME, "state": "absent", "api_rate": 1000, "api_burst": 1000},
        _seed(unlisted=True),
        _check_absence,
        _concurrent_user,
    ),
]
