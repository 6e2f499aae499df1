# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that between them make every call that a module can make, with what there is before and what must be after.

What must be after is looked up in the emulator, never asked of the module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .lab import Lab, Row, named, tags

State = dict[str, Row]
WEB, DB, APP = "eni-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60751", "eni-0a1b2c3d4e5f60721"
SENSOR, OTHER_SENSOR = "eni-0a1b2c3d4e5f60741", "eni-0a1b2c3d4e5f60742"
FILTER, TARGET = "tmf-0a1b2c3d4e5f60718", "tmt-0a1b2c3d4e5f60718"
NLB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors-b/0a1b2c3d4e5f6072"
# Objects that somebody else makes during a run have it.
ACTOR = {"By": "actor"}
FLEET = {"vtap:fleet": "ids"}


@dataclass(frozen=True)
class Scenario:
    """A task with what is there before it.

    options: of the module, given the state before. furnish: makes what is there. mine: whether an object is the task's,
    or changes with it; all others must stay as they are, byte for byte. wrong: what is not as wanted, in words; its
    second argument is the state before. rival: what somebody else makes in the task's place, given the state.
    kept: whether what the rival makes must stay. several: how many calls of each action there are on purpose.
    """

    name: str
    module: str
    options: Callable[[State], dict[str, Any]]
    furnish: Callable[[Lab], None]
    mine: Callable[[Row], bool]
    wrong: Callable[[State, State], list[str]]
    rival: Callable[[Any, State], None] | None = None
    kept: bool = False
    many: bool = False
    writes: bool = field(default=True)

    @property
    def label(self) -> str:
        return f"{self.module} {self.name}"


def _pairs(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def _specification(kind: str, values: dict[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": f"traffic-mirror-{kind}", "Tags": _pairs(values)}] if values else []


def make_session(
    ec2: Any,
    interface: str,
    number: int,
    given: dict[str, str],
    target: str = TARGET,
    mirror_filter: str = FILTER,
    **more: Any,
) -> str:
    """A session, made directly. Returns its id."""
    made = ec2.create_traffic_mirror_session(
        NetworkInterfaceId=interface,
        SessionNumber=number,
        TrafficMirrorTargetId=target,
        TrafficMirrorFilterId=mirror_filter,
        TagSpecifications=_specification("session", given),
        **more,
    )
    return str(made["TrafficMirrorSession"]["TrafficMirrorSessionId"])


def make_filter(ec2: Any, given: dict[str, str], rules: Iterable[Row] = (), **more: Any) -> str:
    """A filter, made directly. Returns its id."""
    made = ec2.create_traffic_mirror_filter(TagSpecifications=_specification("filter", given), **more)
    found = str(made["TrafficMirrorFilter"]["TrafficMirrorFilterId"])
    for rule in rules:
        ec2.create_traffic_mirror_filter_rule(TrafficMirrorFilterId=found, **rule)
    return found


def make_target(ec2: Any, given: dict[str, str], **destination: str) -> str:
    """A target, made directly. Returns its id."""
    made = ec2.create_traffic_mirror_target(TagSpecifications=_specification("target", given), **destination)
    return str(made["TrafficMirrorTarget"]["TrafficMirrorTargetId"])


def _theirs(lab: Lab) -> None:
    """What belongs to nobody's task: one of each kind."""
    target = make_target(lab.ec2, {"Name": "theirs"}, GatewayLoadBalancerEndpointId="vpce-0a1b2c3d4e5f60771")
    found = make_filter(lab.ec2, {"Name": "theirs"}, [_rule("ingress", 7)], Description="theirs")
    make_session(lab.ec2, WEB, 9, {"Name": "theirs", "Team": "other"}, target, found, Description="theirs")
    make_session(lab.ec2, DB, 9, {}, Description="theirs too")


def _rule(direction: str, number: int, **more: Any) -> Row:
    everywhere = {"SourceCidrBlock": "0.0.0.0/0", "DestinationCidrBlock": "0.0.0.0/0"}
    return {"TrafficDirection": direction, "RuleNumber": number, "RuleAction": "accept", **everywhere, **more}


def _is(row: Row, wanted: Row) -> list[str]:
    """Which members of the row are not as wanted."""
    return [
        f"{member} is {row.get(member)!r} and not {value!r}"
        for member, value in wanted.items()
        if row.get(member) != value
    ]


def _one(rows: list[Row], wanted: Row, given: dict[str, str], what: str) -> list[str]:
    """What is wrong about the rows, of which there must be just one, with these members and tags."""
    if len(rows) != 1:
        return [f"there are {len(rows)} of {what}"]
    wrong = _is(rows[0], wanted)
    return wrong if tags(rows[0]) == given else [*wrong, f"tags of {what} are {tags(rows[0])}"]


# Sessions


def _my_session(row: Row) -> bool:
    here = (row.get("NetworkInterfaceId"), row.get("SessionNumber")) in ((WEB, 1), (DB, 1))
    return "TrafficMirrorSessionId" in row and (here or tags(row).get("Name") == "mine")


def _sessions(state: State) -> list[Row]:
    return [row for row in state.values() if _my_session(row)]


def _session_furnished(lab: Lab) -> None:
    _theirs(lab)
    old = {"Name": "mine", "Team": "a", "Old": "x"}
    make_session(lab.ec2, WEB, 1, old, Description="old", VirtualNetworkId=77)


_SESSION = {
    "name": "mine",
    "network_interface_id": WEB,
    "session_number": 1,
    "traffic_mirror_filter_name": "lab-filter",
    "traffic_mirror_target_name": "lab-target",
    "description": "new",
    "tags": {"Team": "b"},
}
_AS_WANTED = {"Description": "new", "TrafficMirrorFilterId": FILTER, "TrafficMirrorTargetId": TARGET}


def _session_on(interface: str) -> Callable[[State, State], list[str]]:
    wanted = {**_AS_WANTED, "NetworkInterfaceId": interface, "SessionNumber": 1}
    return lambda state, _before: _one(_sessions(state), wanted, {"Name": "mine", "Team": "b"}, "the session")


def _rival_session(interface: str) -> Callable[[Any, State], None]:
    def make(ec2: Any, state: State) -> None:
        if not any(
            (row.get("NetworkInterfaceId"), row.get("SessionNumber")) == (interface, 1) for row in state.values()
        ):
            make_session(ec2, interface, 1, ACTOR, Description="theirs")

    return make


def _id_of_mine(state: State) -> str:
    (found,) = [row["TrafficMirrorSessionId"] for row in _sessions(state)]
    return str(found)


SESSIONS = [
    Scenario("create", "session", lambda _: _SESSION, _theirs, _my_session, _session_on(WEB), _rival_session(WEB)),
    Scenario(
        "change", "session", lambda _: _SESSION, _session_furnished, _my_session, _session_on(WEB), _rival_session(WEB)
    ),
    Scenario(
        "replace",
        "session",
        lambda _: {**_SESSION, "network_interface_id": DB, "allow_replacement": True},
        _session_furnished,
        _my_session,
        _session_on(DB),
        _rival_session(DB),
    ),
    Scenario(
        "replace by id",
        "session",
        lambda state: {**_SESSION, "network_interface_id": DB, "allow_replacement": True, "id": _id_of_mine(state)},
        _session_furnished,
        _my_session,
        _session_on(DB),
        _rival_session(DB),
    ),
    Scenario(
        "absent",
        "session",
        lambda _: {"network_interface_id": WEB, "session_number": 1, "state": "absent"},
        _session_furnished,
        _my_session,
        lambda state, _before: [f"{row} is there" for row in _sessions(state)],
        _rival_session(WEB),
    ),
]

# Filters


def _my_filter(row: Row) -> bool:
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


def _filter_furnished(description: str, used: bool) -> Callable[[Lab], None]:
    def furnish(lab: Lab) -> None:
        _theirs(lab)
        rules = [
            _rule("ingress", 100, Protocol=6, SourcePortRange=_PORT_443),
            _rule("ingress", 300, Protocol=1),
            _rule("egress", 300, Protocol=17),
        ]
        old = {"Name": "mine", "Team": "a", "Old": "x"}
        found = make_filter(lab.ec2, old, rules, Description=description)
        for interface in (WEB, DB) if used else ():
            make_session(lab.ec2, interface, 1, {"Name": "user"}, mirror_filter=found)

    return furnish


def _filter_as_wanted(state: State, before: State) -> list[str]:
    rows = named(state, "tmf", "mine")
    wrong = _one(rows, {"Description": "new", "NetworkServices": ["amazon-dns"]}, {"Name": "mine", "Team": "b"}, "it")
    if len(rows) != 1:
        return wrong
    rules = {
        (rule["TrafficDirection"], rule["RuleNumber"], rule.get("Protocol"), tags(rule).get("Why"))
        for rule in rows[0]["IngressFilterRules"] + rows[0]["EgressFilterRules"]
    }
    if rules != {("ingress", 100, 17, "dns"), ("egress", 200, 6, None), ("ingress", 10, 1, None)}:
        wrong.append(f"the rules are {sorted(map(str, rules))}")
    return wrong + _users(state, before, "TrafficMirrorFilterId", rows[0])


def _users(state: State, before: State, member: str, used: Row) -> list[str]:
    """The sessions that use it are the same as before, and use it now."""
    users = {found for found, row in before.items() if tags(row).get("Name") == "user"}
    gone = [found for found in users if found not in state and "By" not in tags(before[found])]
    astray = [found for found in users & set(state) if state[found][member] != used[member]]
    return [f"session {found} is gone" for found in gone] + [f"session {found} was left behind" for found in astray]


def _rival_filter(ec2: Any, state: State) -> None:
    if len(named(state, "tmf", "mine")) < 2:
        make_filter(ec2, {**ACTOR, "Name": "mine"}, Description="new")


FILTERS = [
    Scenario("create", "filter", lambda _: _FILTER, _theirs, _my_filter, _filter_as_wanted, _rival_filter),
    Scenario(
        "change",
        "filter",
        lambda _: _FILTER,
        _filter_furnished("new", used=True),
        _my_filter,
        _filter_as_wanted,
        _rival_filter,
    ),
    Scenario(
        "replace",
        "filter",
        lambda _: {**_FILTER, "allow_replacement": True, "purge_tags": True},
        _filter_furnished("old", used=True),
        _my_filter,
        _filter_as_wanted,
        _rival_filter,
    ),
    Scenario(
        "absent",
        "filter",
        lambda _: {"name": "mine", "state": "absent"},
        _filter_furnished("old", used=False),
        _my_filter,
        lambda state, _before: [f"{row} is there" for row in named(state, "tmf", "mine")],
        _rival_filter,
    ),
]

# Targets


def _my_target(row: Row) -> bool:
    if "TrafficMirrorSessionId" in row:
        return tags(row).get("Name") == "user"
    destination = (row.get("NetworkInterfaceId"), row.get("NetworkLoadBalancerArn"))
    return "Type" in row and (tags(row).get("Name") == "mine" or SENSOR in destination)


_TARGET = {"name": "mine", "network_interface_id": SENSOR, "tags": {"Team": "b"}}


def _target_furnished(used: bool, **destination: str) -> Callable[[Lab], None]:
    def furnish(lab: Lab) -> None:
        _theirs(lab)
        found = make_target(lab.ec2, {"Name": "mine", "Team": "a", "Old": "x"}, **destination)
        for interface in (WEB, DB) if used else ():
            make_session(lab.ec2, interface, 1, {"Name": "user"}, target=found)

    return furnish


def _target_as_wanted(state: State, before: State) -> list[str]:
    rows = [row for row in state.values() if "Type" in row and _my_target(row)]
    wrong = _one(rows, {"NetworkInterfaceId": SENSOR}, {"Name": "mine", "Team": "b"}, "the target")
    return wrong + (_users(state, before, "TrafficMirrorTargetId", rows[0]) if len(rows) == 1 else [])


def _rival_target(ec2: Any, state: State) -> None:
    if not any(row.get("NetworkInterfaceId") == SENSOR for row in state.values()):
        make_target(ec2, ACTOR, NetworkInterfaceId=SENSOR)


TARGETS = [
    Scenario("create", "target", lambda _: _TARGET, _theirs, _my_target, _target_as_wanted, _rival_target),
    Scenario(
        "retag",
        "target",
        lambda _: _TARGET,
        _target_furnished(True, NetworkInterfaceId=SENSOR),
        _my_target,
        _target_as_wanted,
        _rival_target,
    ),
    Scenario(
        "replace",
        "target",
        lambda _: {**_TARGET, "allow_replacement": True},
        _target_furnished(True, NetworkLoadBalancerArn=NLB),
        _my_target,
        _target_as_wanted,
        _rival_target,
    ),
    Scenario(
        "absent",
        "target",
        lambda _: {"name": "mine", "state": "absent"},
        _target_furnished(False, NetworkInterfaceId=SENSOR),
        _my_target,
        lambda state, _before: [f"{row} is there" for row in named(state, "tmt", "mine")],
    ),
]

# Fleets

SIZE = 8


def crowd(lab: Lab, size: int) -> list[str]:
    """So many interfaces that the fleet's task selects, the last of them only while it selects all. Returns them."""
    first = lab.emulator.crowd(size - size // 4, tags={"Role": "web"})["interfaces"]
    return first + lab.emulator.crowd(size // 4, tags={"Role": "web", "Part": "b"})["interfaces"]


def _in_fleet(row: Row) -> bool:
    return tags(row).get("vtap:fleet") == "ids"


def _fleet_furnished(size: int, mirrored: bool) -> Callable[[Lab], None]:
    def furnish(lab: Lab) -> None:
        _theirs(lab)
        interfaces = crowd(lab, size)
        make_target(lab.ec2, {"Name": "second"}, NetworkLoadBalancerArn=NLB)
        other = make_filter(lab.ec2, {"Name": "others"})
        make_session(lab.ec2, interfaces[0], 3, {"vtap:fleet": "others"}, mirror_filter=other)
        make_session(lab.ec2, interfaces[-1], 1, {"Name": "by hand"})
        for interface in interfaces if mirrored else ():
            make_session(lab.ec2, interface, 2, {**FLEET, "Old": "x", "Team": "a"}, Description="old")

    return furnish


def _fleet(**given: Any) -> Callable[[State], dict[str, Any]]:
    options = {
        "name": "ids",
        "sources": [{"tags": {"Role": "web"}}],
        "targets": [{"traffic_mirror_target_name": "lab-target"}],
        "traffic_mirror_filter_name": "lab-filter",
        "api_rate": 1000,
        "api_burst": 1000,
        "workers": 4,
    }
    return lambda _state: {**options, **given}


def fleet_sessions(state: State) -> list[Row]:
    """Those of the fleet."""
    return [row for row in state.values() if _in_fleet(row)]


def _mirrored(size: int, given: dict[str, str], **members: Any) -> Callable[[State, State], list[str]]:
    """One session of the fleet on so many interfaces, each with these tags besides the mark and these members."""

    def wrong(state: State, before: State) -> list[str]:
        rows = fleet_sessions(state)
        places = {row["NetworkInterfaceId"] for row in rows}
        second = named(before, "tmt", "second")[0]["TrafficMirrorTargetId"]
        wanted = {**members, "TrafficMirrorTargetId": second if members.get("TrafficMirrorTargetId") else TARGET}
        found = [] if len(places) == len(rows) == size else [f"{len(rows)} sessions on {len(places)} interfaces"]
        for row in rows:
            found += _is(row, wanted)
            found += [] if tags(row) == {**FLEET, **given} else [f"tags of {row} are {tags(row)}"]
        return found

    return wrong


def _rival_in_fleet(ec2: Any, state: State) -> None:
    """Somebody takes numbers on the fleet's interfaces."""
    hands = [row for row in state.values() if tags(row).get("Name") == "by hand"]
    others = [row for row in state.values() if tags(row).get("vtap:fleet") == "others"]
    for row in hands + others:
        interface = row["NetworkInterfaceId"]
        if not any(tags(one) == ACTOR and one.get("NetworkInterfaceId") == interface for one in state.values()):
            taken = {one["SessionNumber"] for one in state.values() if one.get("NetworkInterfaceId") == interface}
            if len(taken) < 2:
                make_session(ec2, interface, min({1, 2, 3} - taken), ACTOR, Description="theirs")


def fleets(size: int) -> list[Scenario]:
    """The scenarios of a fleet of this size."""
    rest = size - size // 4
    kept = {"rival": _rival_in_fleet, "kept": True, "many": True}

    def one(name: str, mirrored: bool, options: Any, wrong: Any) -> Scenario:
        return Scenario(name, "fleet", options, _fleet_furnished(size, mirrored), _in_fleet, wrong, **kept)  # type: ignore[arg-type]

    as_was = {"Old": "x", "Team": "a"}
    return [
        one(
            "create",
            False,
            _fleet(description="new", tags={"Team": "b"}),
            _mirrored(size, {"Team": "b"}, Description="new"),
        ),
        one(
            "change",
            True,
            _fleet(description="new", tags={"Team": "b"}),
            _mirrored(size, {"Team": "b"}, Description="new"),
        ),
        one(
            "move",
            True,
            _fleet(targets=[{"traffic_mirror_target_name": "second"}], tags=as_was),
            _mirrored(size, as_was, TrafficMirrorTargetId="second"),
        ),
        one("purge", True, _fleet(exclude=[{"tags": {"Part": "b"}}], tags=as_was), _mirrored(rest, as_was)),
        one(
            "absent",
            True,
            lambda _state: {"name": "ids", "state": "absent"},
            lambda state, _before: [f"{row} is there" for row in fleet_sessions(state)],
        ),
    ]


def _infos() -> list[Scenario]:
    def nothing(_row: Row) -> bool:
        return False

    return [
        Scenario(
            "list", f"{kind}_info", lambda _: {"names": ["theirs"]}, _theirs, nothing, lambda _s, _b: [], writes=False
        )
        for kind in ("session", "filter", "target")
    ]


ALL = [*SESSIONS, *FILTERS, *TARGETS, *fleets(SIZE), *_infos()]
