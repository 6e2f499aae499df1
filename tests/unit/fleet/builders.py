# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builders of options, AWS states and plans of fleets, for the tests of the planner and the executor."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._fleet.plan_entry import AwsState
from ansible_collections.vtap.aws.plugins.module_utils._fleet.selection import Instance, Interface, Limits
from ansible_collections.vtap.aws.plugins.module_utils._fleet.target_assignment import Target
from hypothesis import strategies as st

MINE, OTHER = "123456789012", "210987654321"
FILTER_ID, OTHER_FILTER = "tmf-0a1b2c3d4e5f60718", "tmf-0a1b2c3d4e5f60719"
OPTIONS = {
    "state": "present",
    "name": "ids",
    "sources": [{"tags": {"Mirror": "yes"}}],
    "exclude": None,
    "targets": [{"traffic_mirror_target_id": "tmt-0a1b2c3d4e5f60701"}],
    "traffic_mirror_filter_id": FILTER_ID,
    "traffic_mirror_filter_name": None,
    "session_numbers": "1-3",
    "tags": None,
    "purge_tags": True,
    "adopt": False,
    "purge": True,
    "supported_instance_types": None,
    "max_creates": None,
    "max_updates": None,
    "max_deletes": None,
}
LIMITS = Limits((), frozenset(), frozenset([OTHER]))


def options(**given):
    return {**OPTIONS, **given}


def interface(number, *, mirror=True, zone="a", **given):
    tags = {"Mirror": "yes"} if mirror else {}
    instance = Instance(f"i-{number:017x}", given.pop("instance_type", "m5.large"), given.pop("state", "running"), tags)
    fields = {
        "id": f"eni-{number:017x}",
        "owner_id": MINE,
        "vpc_id": "vpc-0a1b2c3d",
        "subnet_id": "subnet-0a1b2c3d",
        "zone": zone,
        "type": "interface",
        "requester_managed": False,
        "ipv6_only": False,
        "primary": True,
        "tags": {},
        "attached_to": instance.id,
        "instance": instance,
    }
    return Interface(**{**fields, **given})


def session(number, on, *, session_number=1, target=1, owner=MINE, filter_id=FILTER_ID, tags=None):
    return {
        "traffic_mirror_session_id": f"tms-{number:017x}",
        "network_interface_id": f"eni-{on:017x}",
        "session_number": session_number,
        "traffic_mirror_filter_id": filter_id,
        "traffic_mirror_target_id": f"tmt-0a1b2c3d4e5f607{target:02x}",
        "packet_length": 8500,
        "virtual_network_id": number,
        "description": "",
        "owner_id": owner,
        "tags": {"vtap:fleet": "ids"} if tags is None else tags,
    }


def target(number, capacity=None, zones=()):
    return Target(f"tmt-0a1b2c3d4e5f607{number:02x}", "network-load-balancer", capacity, frozenset(zones))


def aws_state(interfaces=(), sessions=(), targets=None, limits=LIMITS):
    return AwsState(list(sessions), list(interfaces), tuple(targets or [target(1)]), FILTER_ID, limits)


def apply_plan(entries, sessions):
    """The sessions that exist after the plan."""
    left = {session["traffic_mirror_session_id"]: session for session in sessions}
    new_id = 10**6
    for entry in entries:
        for action in entry.plan.actions:
            if action.operation.startswith("Delete") and action.operation != "DeleteTags":
                del left[action.params["TrafficMirrorSessionId"]]
        if entry.action == "create":
            new_id += 1
            created = {**session(new_id, 0), **entry.plan.after}
            left[created["traffic_mirror_session_id"]] = created
        if entry.action == "update":
            left[entry.plan.before["traffic_mirror_session_id"]] = entry.plan.after
    return list(left.values())


def get_only(entries):
    assert len(entries) == 1, entries
    return entries[0]


@st.composite
def aws_states(draw):
    """States with eligible and ineligible interfaces, sessions of this and other fleets, and one to three targets."""
    count = draw(st.integers(0, 12))
    interfaces = [
        interface(
            number,
            mirror=draw(st.booleans()) or draw(st.booleans()),
            zone=draw(st.sampled_from("abc")),
            instance_type=draw(st.sampled_from(["m5.large", "m5.large", "m5.metal", "m6i.metal", "t2.micro"])),
            owner_id=draw(st.sampled_from([MINE, MINE, MINE, OTHER])),
        )
        for number in range(1, count + 1)
    ]
    sessions = []
    for on in range(1, count + 3):  # two of them on interfaces that do not exist
        numbers = draw(st.lists(st.integers(1, 5), unique=True, max_size=3))
        for number in numbers:
            tags = draw(st.sampled_from([{}, {"vtap:fleet": "ids"}, {"vtap:fleet": "ids"}, {"vtap:fleet": "other"}]))
            sessions.append(
                session(
                    len(sessions) + 1,
                    on,
                    session_number=number,
                    target=draw(st.integers(1, 4)),
                    owner=draw(st.sampled_from([MINE, MINE, OTHER])),
                    filter_id=draw(st.sampled_from([FILTER_ID, OTHER_FILTER])),
                    tags=tags,
                )
            )
    capacity = st.sampled_from([None, 1, 2, 5])
    targets = [
        target(number, draw(capacity), draw(st.sets(st.sampled_from("abc"))))
        for number in draw(st.permutations([1, 2, 3]))
    ][: draw(st.integers(1, 3))]
    return aws_state(interfaces, sessions, targets)


FLEETS = st.builds(
    lambda adopt, purge, numbers: Fleet.from_options(options(adopt=adopt, purge=purge, session_numbers=numbers)),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["1-3", "2", "1-32766", "4-5"]),
)
