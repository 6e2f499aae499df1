# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of the modules that manage one session, filter or target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .lab import ApiObject, Lab, named, tags
from .scenario import (
    ACTOR,
    DB,
    FILTER,
    NLB,
    SECONDARY,
    SENSOR,
    TARGET,
    WEB,
    Scenario,
    State,
    check_single,
    create_filter,
    create_session,
    create_target,
    create_unrelated,
    filter_rule,
)

# Sessions


def _is_own_session(row: ApiObject) -> bool:
    here = (row.get("NetworkInterfaceId"), row.get("SessionNumber")) in ((WEB, 1), (DB, 1))
    return "TrafficMirrorSessionId" in row and (here or tags(row).get("Name") == "mine")


def _own_sessions(state: State) -> list[ApiObject]:
    return [row for row in state.values() if _is_own_session(row)]


def _seed_session(lab: Lab, interface: str = WEB) -> None:
    create_unrelated(lab)
    old = {"Name": "mine", "Team": "a", "Old": "x"}
    create_session(lab.ec2, interface, 1, old, Description="old", VirtualNetworkId=77)


def _seed_detached_session(lab: Lab) -> None:
    """Seed a session and detach its interface. A session found by name moves only off such an interface."""
    _seed_session(lab, SECONDARY)
    (interface,) = lab.ec2.describe_network_interfaces(NetworkInterfaceIds=[SECONDARY])["NetworkInterfaces"]
    lab.ec2.detach_network_interface(AttachmentId=interface["Attachment"]["AttachmentId"])


_SESSION = {
    "name": "mine",
    "network_interface_id": WEB,
    "session_number": 1,
    "traffic_mirror_filter_name": "lab-filter",
    "traffic_mirror_target_name": "lab-target",
    "description": "new",
    "tags": {"Team": "b"},
}
_EXPECTED = {"Description": "new", "TrafficMirrorFilterId": FILTER, "TrafficMirrorTargetId": TARGET}


def _check_session(interface: str) -> Callable[[State, State], list[str]]:
    expected = {**_EXPECTED, "NetworkInterfaceId": interface, "SessionNumber": 1}
    return lambda state, _before: check_single(_own_sessions(state), expected, {"Name": "mine", "Team": "b"}, "session")


def _concurrent_session(interface: str) -> Callable[[Any, State], None]:
    def make(ec2: Any, state: State) -> None:
        if not any(
            (row.get("NetworkInterfaceId"), row.get("SessionNumber")) == (interface, 1) for row in state.values()
        ):
            create_session(ec2, interface, 1, ACTOR, Description="theirs")

    return make


def _own_session_id(state: State) -> str:
    (found,) = [row["TrafficMirrorSessionId"] for row in _own_sessions(state)]
    return str(found)


SESSIONS = [
    Scenario(
        "create",
        "session",
        lambda _: _SESSION,
        create_unrelated,
        _is_own_session,
        _check_session(WEB),
        _concurrent_session(WEB),
    ),
    Scenario(
        "change",
        "session",
        lambda _: _SESSION,
        _seed_session,
        _is_own_session,
        _check_session(WEB),
        _concurrent_session(WEB),
    ),
    Scenario(
        "replace",
        "session",
        lambda _: {**_SESSION, "network_interface_id": DB, "allow_replacement": True},
        _seed_detached_session,
        _is_own_session,
        _check_session(DB),
        _concurrent_session(DB),
    ),
    Scenario(
        "replace by id",
        "session",
        lambda state: {**_SESSION, "network_interface_id": DB, "allow_replacement": True, "id": _own_session_id(state)},
        _seed_session,
        _is_own_session,
        _check_session(DB),
        _concurrent_session(DB),
    ),
    Scenario(
        "absent",
        "session",
        lambda _: {"network_interface_id": WEB, "session_number": 1, "state": "absent"},
        _seed_session,
        _is_own_session,
        lambda state, _before: [f"{row} still exists" for row in _own_sessions(state)],
        _concurrent_session(WEB),
    ),
]

# Filters


def _is_own_filter(row: ApiObject) -> bool:
    if "TrafficMirrorSessionId" in row:
        return tags(row).get("Name") == "user"
    return "EgressFilterRules" in row and tags(row).get("Name") == "mine"


_DNS = {"direction": "ingress", "rule_number": 100, "protocol": "udp", "source_port": "53", "tags": {"Why": "dns"}}
_TLS = {"direction": "egress", "rule_number": 200, "protocol": "tcp", "source_port": "443"}
_ICMP = {"direction": "ingress", "rule_number": 10, "protocol": "icmp"}


def _rules(*given: dict[str, Any]) -> list[dict[str, Any]]:
    anywhere = {"action": "accept", "source_cidr": "0.0.0.0/0", "destination_cidr": "0.0.0.0/0"}
    return [{**anywhere, **one} for one in given]


_FILTER = {
    "name": "mine",
    "description": "new",
    "network_services": ["amazon-dns"],
    "rules": _rules(_DNS, _TLS, _ICMP),
    "tags": {"Team": "b"},
}
_PORT_443 = {"FromPort": 443, "ToPort": 443}


def _seed_filter(description: str, used: bool) -> Callable[[Lab], None]:
    def seed(lab: Lab) -> None:
        create_unrelated(lab)
        rules = [
            filter_rule("ingress", 100, Protocol=6, SourcePortRange=_PORT_443),
            filter_rule("ingress", 300, Protocol=1),
            filter_rule("egress", 300, Protocol=17),
        ]
        old = {"Name": "mine", "Team": "a", "Old": "x"}
        found = create_filter(lab.ec2, old, rules, Description=description)
        for interface in (WEB, DB) if used else ():
            create_session(lab.ec2, interface, 1, {"Name": "user"}, traffic_mirror_filter=found)

    return seed


def _check_filter(state: State, before: State) -> list[str]:
    rows = named(state, "tmf", "mine")
    errors = check_single(
        rows, {"Description": "new", "NetworkServices": ["amazon-dns"]}, {"Name": "mine", "Team": "b"}, "filter"
    )
    if len(rows) != 1:
        return errors
    rules = {
        (rule["TrafficDirection"], rule["RuleNumber"], rule.get("Protocol"), tags(rule).get("Why"))
        for rule in rows[0]["IngressFilterRules"] + rows[0]["EgressFilterRules"]
    }
    if rules != {("ingress", 100, 17, "dns"), ("egress", 200, 6, None), ("ingress", 10, 1, None)}:
        errors.append(f"the rules are {sorted(map(str, rules))}")
    return errors + _check_users(state, before, "TrafficMirrorFilterId", rows[0])


def _check_users(state: State, before: State, member: str, used: ApiObject) -> list[str]:
    """Check that the sessions that used the old object still exist and use the new one."""
    users = {found for found, row in before.items() if tags(row).get("Name") == "user"}
    gone = [found for found in users if found not in state and "By" not in tags(before[found])]
    astray = [found for found in users & set(state) if state[found][member] != used[member]]
    return [f"session {found} was deleted" for found in gone] + [
        f"session {found} still uses the old object" for found in astray
    ]


def _concurrent_filter(ec2: Any, state: State) -> None:
    if len(named(state, "tmf", "mine")) < 2:
        create_filter(ec2, {**ACTOR, "Name": "mine"}, Description="new")


FILTERS = [
    Scenario(
        "create", "filter", lambda _: _FILTER, create_unrelated, _is_own_filter, _check_filter, _concurrent_filter
    ),
    Scenario(
        "change",
        "filter",
        lambda _: _FILTER,
        _seed_filter("new", used=True),
        _is_own_filter,
        _check_filter,
        _concurrent_filter,
    ),
    Scenario(
        "replace",
        "filter",
        lambda _: {**_FILTER, "allow_replacement": True, "purge_tags": True},
        _seed_filter("old", used=True),
        _is_own_filter,
        _check_filter,
        _concurrent_filter,
    ),
    Scenario(
        "absent",
        "filter",
        lambda _: {"name": "mine", "state": "absent"},
        _seed_filter("old", used=False),
        _is_own_filter,
        lambda state, _before: [f"{row} still exists" for row in named(state, "tmf", "mine")],
        _concurrent_filter,
    ),
]

# Targets


def _is_own_target(row: ApiObject) -> bool:
    if "TrafficMirrorSessionId" in row:
        return tags(row).get("Name") == "user"
    destination = (row.get("NetworkInterfaceId"), row.get("NetworkLoadBalancerArn"))
    return "Type" in row and (tags(row).get("Name") == "mine" or SENSOR in destination)


_TARGET = {"name": "mine", "network_interface_id": SENSOR, "tags": {"Team": "b"}}


def _seed_target(used: bool, **destination: str) -> Callable[[Lab], None]:
    def seed(lab: Lab) -> None:
        create_unrelated(lab)
        found = create_target(lab.ec2, {"Name": "mine", "Team": "a", "Old": "x"}, **destination)
        for interface in (WEB, DB) if used else ():
            create_session(lab.ec2, interface, 1, {"Name": "user"}, target=found)

    return seed


def _check_target(state: State, before: State) -> list[str]:
    rows = [row for row in state.values() if "Type" in row and _is_own_target(row)]
    errors = check_single(rows, {"NetworkInterfaceId": SENSOR}, {"Name": "mine", "Team": "b"}, "target")
    return errors + (_check_users(state, before, "TrafficMirrorTargetId", rows[0]) if len(rows) == 1 else [])


def _concurrent_target(ec2: Any, state: State) -> None:
    if not any(row.get("NetworkInterfaceId") == SENSOR for row in state.values()):
        create_target(ec2, ACTOR, NetworkInterfaceId=SENSOR)


TARGETS = [
    Scenario(
        "create", "target", lambda _: _TARGET, create_unrelated, _is_own_target, _check_target, _concurrent_target
    ),
    Scenario(
        "retag",
        "target",
        lambda _: _TARGET,
        _seed_target(True, NetworkInterfaceId=SENSOR),
        _is_own_target,
        _check_target,
        _concurrent_target,
    ),
    Scenario(
        "replace",
        "target",
        lambda _: {**_TARGET, "allow_replacement": True},
        _seed_target(True, NetworkLoadBalancerArn=NLB),
        _is_own_target,
        _check_target,
        _concurrent_target,
    ),
    Scenario(
        "absent",
        "target",
        lambda _: {"name": "mine", "state": "absent"},
        _seed_target(False, NetworkInterfaceId=SENSOR),
        _is_own_target,
        lambda state, _before: [f"{row} still exists" for row in named(state, "tmt", "mine")],
    ),
]
