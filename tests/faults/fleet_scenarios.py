# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of the fleet module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .lab import ApiObject, Lab, named, tags
from .scenario import (
    ACTOR,
    FLEET,
    NLB,
    TARGET,
    Scenario,
    State,
    create_filter,
    create_session,
    create_target,
    create_unrelated,
    find_differences,
)

# The name of the fleet after the scenario "rename".
RENAMED = "renamed"


def _create_interfaces(lab: Lab, size: int) -> list[str]:
    """Create `size` interfaces that the source of the fleet selects. Returns the ids.

    The last quarter also has the tag Part: b.
    """
    first = lab.emulator.bulk_seed(size - size // 4, tags={"Role": "web"})["interfaces"]
    return first + lab.emulator.bulk_seed(size // 4, tags={"Role": "web", "Part": "b"})["interfaces"]


def _is_own_fleet_session(row: ApiObject) -> bool:
    return tags(row).get("vtap:fleet") in ("ids", RENAMED)


def _seed_fleet(size: int, mirrored: bool) -> Callable[[Lab], None]:
    def seed(lab: Lab) -> None:
        create_unrelated(lab)
        interfaces = _create_interfaces(lab, size)
        create_target(lab.ec2, {"Name": "second"}, NetworkLoadBalancerArn=NLB)
        # An empty filter takes no packets from the sessions of the fleet, whatever the session numbers are.
        other = create_filter(lab.ec2, {"Name": "others"})
        create_session(lab.ec2, interfaces[0], 3, {"vtap:fleet": "others"}, traffic_mirror_filter=other)
        create_session(lab.ec2, interfaces[-1], 1, {"Name": "by hand"}, traffic_mirror_filter=other)
        for interface in interfaces if mirrored else ():
            create_session(lab.ec2, interface, 2, {**FLEET, "Old": "x", "Team": "a"}, Description="old")

    return seed


def _fleet_options(**given: Any) -> Callable[[State], dict[str, Any]]:
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


def fleet_sessions(state: State) -> list[ApiObject]:
    """Return the sessions of the fleet."""
    return [row for row in state.values() if _is_own_fleet_session(row)]


def _check_fleet(size: int, given: dict[str, str], **members: Any) -> Callable[[State, State], list[str]]:
    """Check that `size` interfaces have one fleet session each, with these tags (besides the fleet tag) and members."""

    def errors(state: State, before: State) -> list[str]:
        rows = fleet_sessions(state)
        places = {row["NetworkInterfaceId"] for row in rows}
        second = named(before, "tmt", "second")[0]["TrafficMirrorTargetId"]
        expected = {**members, "TrafficMirrorTargetId": second if members.get("TrafficMirrorTargetId") else TARGET}
        found = [] if len(places) == len(rows) == size else [f"{len(rows)} sessions on {len(places)} interfaces"]
        for row in rows:
            found += find_differences(row, expected)
            found += [] if tags(row) == {**FLEET, **given} else [f"tags of {row} are {tags(row)}"]
        return found

    return errors


def _concurrent_fleet_sessions(ec2: Any, state: State) -> None:
    """Let another client take session numbers on the fleet's interfaces."""
    manual = [row for row in state.values() if tags(row).get("Name") == "by hand"]
    others = [row for row in state.values() if tags(row).get("vtap:fleet") == "others"]
    for row in manual + others:
        interface = row["NetworkInterfaceId"]
        if not any(tags(one) == ACTOR and one.get("NetworkInterfaceId") == interface for one in state.values()):
            taken = {one["SessionNumber"] for one in state.values() if one.get("NetworkInterfaceId") == interface}
            if len(taken) < 2:
                other, number = row["TrafficMirrorFilterId"], max(taken) + 1
                create_session(ec2, interface, number, ACTOR, traffic_mirror_filter=other, Description="theirs")


def fleets(size: int) -> list[Scenario]:
    """Return the scenarios of a fleet with this many interfaces."""
    rest = size - size // 4
    common = {"concurrent": _concurrent_fleet_sessions, "many": True}

    def one(name: str, mirrored: bool, options: Any, errors: Any) -> Scenario:
        return Scenario(name, "fleet", options, _seed_fleet(size, mirrored), _is_own_fleet_session, errors, **common)  # type: ignore[arg-type]

    unchanged = {"Old": "x", "Team": "a"}
    return [
        one(
            "create",
            False,
            _fleet_options(description="new", tags={"Team": "b"}),
            _check_fleet(size, {"Team": "b"}, Description="new"),
        ),
        one(
            "change",
            True,
            _fleet_options(description="new", tags={"Team": "b"}),
            _check_fleet(size, {"Team": "b"}, Description="new"),
        ),
        one(
            "move",
            True,
            _fleet_options(targets=[{"traffic_mirror_target_name": "second"}], tags=unchanged),
            _check_fleet(size, unchanged, TrafficMirrorTargetId="second"),
        ),
        one(
            "purge",
            True,
            _fleet_options(exclude=[{"tags": {"Part": "b"}}], tags=unchanged, max_deletes="100%"),
            _check_fleet(rest, unchanged),
        ),
        one(
            "rename",
            True,
            _fleet_options(name=RENAMED, adopt_fleets=["ids"], tags=unchanged),
            _check_fleet(size, {**unchanged, "vtap:fleet": RENAMED}),
        ),
        one(
            "absent",
            True,
            lambda _state: {"name": "ids", "state": "absent"},
            lambda state, _before: [f"{row} still exists" for row in fleet_sessions(state)],
        ),
    ]
