# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builders of options, AWS states and plans of fleets, for the tests of the planner and the executor."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import Status
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.coverage import measure_coverage, sessions_after
from ansible_collections.vtap.aws.plugins.module_utils._fleet.eligibility import Limits
from ansible_collections.vtap.aws.plugins.module_utils._fleet.filter_table import FilterTable
from ansible_collections.vtap.aws.plugins.module_utils._fleet.instance_types import SupportedTypes
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._fleet.plan_entry import AwsState, Destination
from ansible_collections.vtap.aws.plugins.module_utils._fleet.selection import Instance, Interface
from ansible_collections.vtap.aws.plugins.module_utils._fleet.target_assignment import Target
from ansible_collections.vtap.aws.plugins.module_utils._resources.filter_overlap import has_packet
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.unit.resources.rule_options import described_rules, rule

PROPERTY = settings(suppress_health_check=[HealthCheck.too_slow])
MINE, OTHER = "123456789012", "210987654321"
# FILTER_ID accepts all IPv4 packets, OTHER_FILTER some of them.
FILTER_ID, OTHER_FILTER = "tmf-0a1b2c3d4e5f60718", "tmf-0a1b2c3d4e5f60719"
# DNS_FILTER has only a network service. EMPTY_FILTER accepts nothing. MIXED_FILTER overlaps with the other three.
DNS_FILTER, EMPTY_FILTER, MIXED_FILTER = "tmf-0a1b2c3d4e5f6071a", "tmf-0a1b2c3d4e5f6071b", "tmf-0a1b2c3d4e5f6071c"
# The network service is in the filter as well, and IPv6 packets.
ALL_FILTER = "tmf-0a1b2c3d4e5f6071d"
OPTIONS = {
    "state": "present",
    "name": "ids",
    "sources": [{"tags": {"Mirror": "yes"}}],
    "exclude": None,
    "targets": [{"traffic_mirror_target_id": "tmt-0a1b2c3d4e5f60701"}],
    "traffic_mirror_filter_id": FILTER_ID,
    "traffic_mirror_filter_name": None,
    "session_numbers": None,
    "vni_range": None,
    "tags": None,
    "purge_tags": True,
    "adopt": False,
    "adopt_fleets": None,
    "purge": True,
    "on_stopped": "keep",
    "supported_instance_types": None,
    "additional_instance_types": None,
    "managed_services": None,
    "participant_interfaces": False,
    "max_creates": None,
    "max_updates": None,
    "max_deletes": "10 or 10%",
    "min_coverage": None,
}
LIMITS = Limits(SupportedTypes(), frozenset(), frozenset([OTHER]))


def options(**given):
    return {**OPTIONS, **given}


def fleet(**given):
    return Fleet.from_options(options(**given))


def filter_row(filter_id, *rules, services=()):
    """A filter as EC2 describes it. rules: entries of the option rules."""
    return {
        "traffic_mirror_filter_id": filter_id,
        "network_services": list(services),
        "rules": described_rules(rules),
        "tags": {},
    }


ANY_IPV4 = [rule(100, direction) for direction in ("ingress", "egress")]
ANY_IPV6 = [rule(200, direction, source_cidr="::/0", destination_cidr="::/0") for direction in ("ingress", "egress")]
FILTERS = {
    row["traffic_mirror_filter_id"]: row
    for row in (
        filter_row(FILTER_ID, *ANY_IPV4),
        filter_row(OTHER_FILTER, rule(1, protocol="tcp", destination_port="443")),
        filter_row(DNS_FILTER, services=["amazon-dns"]),
        filter_row(EMPTY_FILTER, rule(1, action="reject"), rule(2, protocol="tcp", source_cidr="10.0.0.0/8")),
        filter_row(
            MIXED_FILTER,
            rule(1, action="reject", protocol="tcp", destination_port="443", source_cidr="10.0.0.0/8"),
            rule(2, protocol="tcp"),
            services=["amazon-dns"],
        ),
        filter_row(ALL_FILTER, *ANY_IPV4, *ANY_IPV6, services=["amazon-dns"]),
    )
}


def interface(number, *, mirror=True, zone="a", **given):
    """An interface of a running instance. given: its fields; instance_type, state and name: of the instance."""
    tags = {**({"Mirror": "yes"} if mirror else {}), **({"Name": given.pop("name")} if "name" in given else {})}
    instance = Instance(f"i-{number:017x}", given.pop("instance_type", "m5.large"), given.pop("state", "running"), tags)
    fields = {
        "id": f"eni-{number:017x}",
        "owner_id": MINE,
        "vpc_id": "vpc-0a1b2c3d",
        "subnet_id": "subnet-0a1b2c3d",
        "zone": zone,
        "type": "interface",
        "managed_by": "",
        "ipv6_only": False,
        "primary": True,
        "tags": {},
        "attached_to": instance.id,
        "instance": instance,
    }
    return Interface(**{**fields, **given})


# Fields of an interface that is attached to no instance, and of one whose instance EC2 does not return.
DETACHED = {"attached_to": "", "instance": None}
HIDDEN = {"instance": None}


def session(number, on, *, session_number=1, target=1, owner=MINE, filter_id=FILTER_ID, tags=None):
    return {
        "traffic_mirror_session_id": f"tms-{number:017x}",
        "network_interface_id": f"eni-{on:017x}",
        "session_number": session_number,
        "traffic_mirror_filter_id": filter_id,
        "traffic_mirror_target_id": target_id(target),
        "packet_length": 8500,
        "virtual_network_id": number,
        "description": "",
        "owner_id": owner,
        "tags": {"vtap:fleet": "ids"} if tags is None else tags,
    }


def target_id(number):
    return f"tmt-0a1b2c3d4e5f607{number:02x}"


def target(number, capacity=None, zones=()):
    return Target(target_id(number), "network-load-balancer", capacity, frozenset(zones))


def aws_state(interfaces=(), sessions=(), targets=None, limits=LIMITS, **given):
    """A state with all FILTERS, in which all targets exist and work. given: other fields of AwsState."""
    sessions, targets = list(sessions), tuple(targets or [target(1)])
    ids = {*(one.id for one in targets), *(one["traffic_mirror_target_id"] for one in sessions)}
    fields = {
        "filter_id": FILTER_ID,
        "filters": FilterTable(FILTERS.values()),
        "known_targets": {one: {"type": "network-load-balancer", "tags": {}} for one in ids},
        "destinations": {one: Destination() for one in ids},
    }
    return AwsState(sessions, list(interfaces), targets, limits=limits, **{**fields, **given})


def is_owned(one_fleet, one):
    """Whether a session belongs to the fleet."""
    names = {one_fleet.name, *one_fleet.adopt_fleets}
    return one.get("owner_id", MINE) == MINE and one["tags"].get("vtap:fleet") in names


def on_interface(interface_id, sessions):
    """The sessions of an interface in the order in which EC2 evaluates them."""
    found = [one for one in sessions if one["network_interface_id"] == interface_id]
    return sorted(found, key=lambda one: one["session_number"])


def list_lower(one, sessions):
    """The sessions with lower numbers. sessions: of the interface."""
    return [other for other in sessions if other["session_number"] < one["session_number"]]


def filters_of(sessions):
    return [FILTERS[one["traffic_mirror_filter_id"]] for one in sessions]


def gets_packet(one, sessions):
    """Whether a session mirrors any packet. sessions: of the interface."""
    return has_packet(filters_of([one]), filters_of(list_lower(one, sessions)))


def apply_plan(entries, sessions):
    """The sessions that exist after the plan. The deletions that are held back are not made."""
    left = {session["traffic_mirror_session_id"]: session for session in sessions}
    new_id = 10**6
    for entry in entries:
        if entry.status is Status.HELD_BACK:
            continue
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


def measure(one_fleet, state, hold=False):
    """The coverage that check mode predicts, and the sessions after the plan."""
    entries = planner.plan(one_fleet, state, hold)
    sessions = sessions_after(state.sessions, entries, is_planned=True)
    return measure_coverage(one_fleet, state, entries, sessions), sessions


def get_only(entries):
    assert len(entries) == 1, entries
    return entries[0]


# Fields of interfaces. All matching ones are eligible first, so that most interfaces are.
_KINDS = [
    *[{}] * 6,
    {"mirror": False},
    {"mirror": False, "state": "stopped"},
    {"instance_type": "t2.micro"},
    {"instance_type": "m6i.metal"},
    {"state": "stopped"},
    {"state": "stopped"},
    {"state": "pending"},
    {"state": "terminated"},
    {"state": "terminated", "mirror": False},
    {"tags": {"Role": "sensor"}},
    {"tags": {"Role": "sensor"}, "state": "stopped"},
    {"owner_id": OTHER},
    {"ipv6_only": True},
    HIDDEN,
    {**HIDDEN, "tags": {"Mirror": "yes"}},
    {**DETACHED, "tags": {"Mirror": "yes"}},
    {**DETACHED, "tags": {"Mirror": "yes"}, "managed_by": "amazon-rds"},
    {**HIDDEN, "tags": {"Mirror": "yes"}, "owner_id": OTHER},
]
_OWNED_TAGS = [{"vtap:fleet": "ids"}, {"vtap:fleet": "ids"}, {"vtap:fleet": "old"}]
_OTHER_TAGS = [{}, {"Name": "web"}, {"vtap:fleet": "other"}, {"vtap:stack": "lab"}, {"vtap:expires": "2026-12-01"}]


@st.composite
def aws_states(draw):
    """States with interfaces of all kinds, sessions of this, adopted and other fleets, and one to three targets."""
    count = draw(st.integers(0, 9))
    interfaces = [
        interface(number, zone=draw(st.sampled_from("abc")), **draw(st.sampled_from(_KINDS)))
        for number in range(1, count + 1)
    ]
    sessions = []
    for on in range(1, count + 3):  # two of them on interfaces that do not exist
        for number in draw(st.lists(st.sampled_from([1, 2, 3, 4, 5, 32766]), unique=True, max_size=3)):
            sessions.append(
                session(
                    len(sessions) + 1,
                    on,
                    session_number=number,
                    target=draw(st.integers(1, 4)),
                    owner=draw(st.sampled_from([MINE, MINE, MINE, OTHER])),
                    filter_id=draw(st.sampled_from(sorted(FILTERS))),
                    tags=draw(st.sampled_from([*_OWNED_TAGS, *_OTHER_TAGS])),
                )
            )
    capacity = st.sampled_from([None, 1, 2, 5])
    targets = [
        target(number, draw(capacity), draw(st.sets(st.sampled_from("abc"))))
        for number in draw(st.permutations([1, 2, 3]))
    ][: draw(st.integers(1, 3))]
    destination = st.sampled_from([Destination(), Destination(), Destination(problem="x"), Destination(unverified="y")])
    unreadable = draw(st.sets(st.sampled_from(sorted(FILTERS)), max_size=1))
    return aws_state(
        interfaces,
        sessions,
        targets,
        draw(st.sampled_from([LIMITS, Limits(SupportedTypes(), frozenset([f"eni-{1:017x}"]), frozenset([OTHER]))])),
        filter_id=draw(st.sampled_from(sorted(FILTERS))),
        filters=FilterTable(row for filter_id, row in FILTERS.items() if filter_id not in unreadable),
        destinations={target_id(number): draw(destination) for number in range(1, 5)},
    )


FLEETS = st.builds(
    fleet,
    sources=st.sampled_from(
        [[{"tags": {"Mirror": "yes"}}], [{"tags": {"Mirror": "yes"}, "instance_states": ["running", "stopped"]}]]
    ),
    exclude=st.just([{"tags": {"Role": "sensor"}}]),
    adopt=st.booleans(),
    adopt_fleets=st.sampled_from([None, ["old"]]),
    purge=st.booleans(),
    on_stopped=st.sampled_from(["keep", "delete"]),
    session_numbers=st.sampled_from([None, None, "1-3", "2", "1-32766", "4-5"]),
    vni_range=st.sampled_from([None, None, "1-60", "20-90"]),
    max_deletes=st.sampled_from(["0", "1", "50%", "1 or 30%", "100%", "10 or 10%"]),
)
