# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet's plan: what it does, what it never does, and that doing it leaves nothing to do."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext, suppress
from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet import guards, plan_entry, planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet import report as fleet_report
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._fleet.plan_entry import AwsState
from ansible_collections.vtap.aws.plugins.module_utils._fleet.selection import Instance, Interface, Limits
from ansible_collections.vtap.aws.plugins.module_utils._fleet.target_assignment import (
    Assignment,
    NumberRange,
    Target,
    place,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import UnresolvedRef
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, ValidationError
from hypothesis import given, settings
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
LIMITS = Limits(("m5.*",), frozenset(), frozenset([OTHER]))


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


def world(interfaces=(), sessions=(), targets=None, limits=LIMITS):
    return AwsState(list(sessions), list(interfaces), tuple(targets or [target(1)]), FILTER_ID, limits)


def applied(rows, sessions):
    """The sessions after the plan, as EC2 would have them."""
    left = {row["traffic_mirror_session_id"]: row for row in sessions}
    fresh = 10**6
    for row in rows:
        for action in row.plan.actions:
            if action.operation.startswith("Delete") and action.operation != "DeleteTags":
                del left[action.params["TrafficMirrorSessionId"]]
        if row.action == "create":
            fresh += 1
            made = {**session(fresh, 0), **row.plan.after}
            left[made["traffic_mirror_session_id"]] = made
        if row.action == "update":
            left[row.plan.before["traffic_mirror_session_id"]] = row.plan.after
    return list(left.values())


def only(rows):
    assert len(rows) == 1, rows
    return rows[0]


@st.composite
def worlds(draw):
    """Interfaces of all sorts, sessions of the fleet and of others on them, two or three targets."""
    count = draw(st.integers(0, 12))
    interfaces = [
        interface(
            number,
            mirror=draw(st.booleans()) or draw(st.booleans()),
            zone=draw(st.sampled_from("abc")),
            instance_type=draw(st.sampled_from(["m5.large", "m5.large", "m5.metal", "t2.micro"])),
            owner_id=draw(st.sampled_from([MINE, MINE, MINE, OTHER])),
        )
        for number in range(1, count + 1)
    ]
    sessions = []
    for on in range(1, count + 3):  # two of them on interfaces that are not there
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
    return world(interfaces, sessions, targets)


fleets = st.builds(
    lambda adopt, purge, numbers: Fleet.from_options(options(adopt=adopt, purge=purge, session_numbers=numbers)),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["1-3", "2", "1-32766", "4-5"]),
)


@settings(deadline=None, max_examples=300)
@given(fleets, worlds())
def test_a_second_run_has_nothing_to_do(wanted, there):
    rows = planner.plan(wanted, there)
    again = planner.plan(wanted, replace(there, sessions=applied(rows, there.sessions)))
    assert [row.describe() for row in again if row.plan.actions] == []


@settings(deadline=None, max_examples=300)
@given(fleets, worlds())
def test_nothing_foreign_is_written(wanted, there):
    foreign = {
        row["traffic_mirror_session_id"]
        for row in there.sessions
        if row["owner_id"] != MINE
        or row["tags"].get("vtap:fleet", "ids") != "ids"
        or (not row["tags"] and not wanted.adopt)
    }
    written = {
        one
        for row in planner.plan(wanted, there)
        for action in row.plan.actions
        for one in (action.params.get("TrafficMirrorSessionId"), *action.params.get("Resources", ()))
    }
    assert not written & foreign


@settings(deadline=None, max_examples=300)
@given(fleets, worlds())
def test_numbers_capacity_and_quota_hold(wanted, there):
    rows = planner.plan(wanted, there)
    after = applied(rows, there.sessions)
    places = Counter((row["network_interface_id"], row["session_number"]) for row in after)
    assert max(places.values(), default=1) == 1
    load = Counter(row["traffic_mirror_target_id"] for row in after)
    before = Counter(row["traffic_mirror_target_id"] for row in there.sessions)
    for one in there.targets:
        assert one.capacity is None or load[one.id] <= max(one.capacity, before[one.id])
    for row in rows:
        if row.action in ("create", "update"):
            assert wanted.session_numbers.lowest <= row.session["session_number"] <= wanted.session_numbers.highest
        if row.action == "create":
            assert Counter(one["network_interface_id"] for one in after)[row.interface_id] <= 3


@settings(deadline=None, max_examples=200)
@given(fleets, worlds())
def test_a_new_target_moves_no_session(wanted, there):
    wanted = replace(wanted, purge=True)  # or a session without room stays where it is until there is some
    settled = replace(there, sessions=applied(planner.plan(wanted, there), there.sessions))
    more = replace(settled, targets=(target(9, None, "abc"), *settled.targets))
    moved = [row for row in planner.plan(wanted, more) if row.action in ("update", "delete")]
    # A session that is only now adopted had no place before.
    assert [row for row in moved if row.plan.before["tags"]] == []


@settings(deadline=None, max_examples=300)
@given(fleets, worlds())
def test_without_purge_no_interface_loses_its_last_session(wanted, there):
    wanted = replace(wanted, purge=False)

    def mirrored(sessions):
        return {row["network_interface_id"] for row in planner.owned(wanted, sessions, frozenset([OTHER]))}

    assert mirrored(there.sessions) <= mirrored(applied(planner.plan(wanted, there), there.sessions))


def test_a_selected_interface_gets_a_session():
    row = only(planner.plan(Fleet.from_options(options()), world([interface(1), interface(2, mirror=False)])))
    assert (row.action, row.session["session_number"]) == ("create", 1)
    tags = row.plan.actions[0].params["TagSpecifications"][0]["Tags"]
    assert tags == [{"Key": "vtap:fleet", "Value": "ids"}]


@pytest.mark.parametrize(
    ("given_there", "words"),
    [
        ({"type": "nat_gateway"}, "its type is nat_gateway"),
        ({"requester_managed": True}, "managed by an AWS service"),
        ({"owner_id": OTHER}, f"belongs to account {OTHER}"),
        ({"ipv6_only": True}, "IPv6-only"),
        ({"instance_type": "m5.metal"}, "bare metal"),
        ({"instance_type": "t2.micro"}, "t2.micro is not among supported_instance_types"),
        ({"instance": None, "attached_to": "", "tags": {"Mirror": "yes"}}, "not attached"),
        ({"instance": None, "tags": {"Mirror": "yes"}}, f"its instance i-{1:017x} does not show yet"),
    ],
)
def test_why_an_interface_cannot_be_mirrored(given_there, words):
    there = world([interface(1, **given_there)], [session(1, 1, tags={})])
    row = only(planner.plan(Fleet.from_options(options()), there))
    assert row.action == "skip" and row.ineligible and words in row.reason


def test_an_interface_that_became_ineligible_counts_as_such():
    row = only(planner.plan(Fleet.from_options(options()), world([interface(1, ipv6_only=True)], [session(1, 1)])))
    assert row.action == "delete" and row.ineligible


@pytest.mark.parametrize("instance_type", ["t2.micro", "m5.metal"])
def test_a_list_of_instance_types_removes_no_session(instance_type):
    """EC2 made it, so EC2 mirrors the type; a list that is out of date must not end that."""
    there = world([interface(1, instance_type=instance_type)], [session(1, 1)])
    assert only(planner.plan(Fleet.from_options(options()), there)).action == "unchanged"
    unmarked = replace(there, sessions=[session(1, 1, tags={})])
    assert only(planner.plan(Fleet.from_options(options(adopt=True)), unmarked)).action == "update"
    assert only(planner.plan(Fleet.from_options(options()), unmarked)).action == "skip"


def test_an_interface_that_is_a_target_is_skipped():
    limits = replace(LIMITS, targets=frozenset([interface(1).id]))
    row = only(planner.plan(Fleet.from_options(options()), world([interface(1)], limits=limits)))
    assert (row.action, row.reason) == ("skip", "it is itself a mirror target")


def test_three_sessions_of_others():
    others = [session(number, 1, session_number=number + 10, tags={}) for number in (1, 2, 3)]
    row = only(planner.plan(Fleet.from_options(options()), world([interface(1)], others)))
    assert (row.action, row.reason) == ("skip", "it has 3 sessions of others, and EC2 takes 3")


def test_a_full_band():
    others = [session(number, 1, session_number=number, tags={}) for number in (1, 2)]
    rows = planner.plan(Fleet.from_options(options(session_numbers="1-2")), world([interface(1)], others))
    assert (only(rows).action, only(rows).reason) == ("skip", "other sessions have all of its session numbers 1-2")
    assert fleet_report.coverage(rows) == {"selected": 1, "eligible": 1, "mirrored": 0, "unmirrored": [interface(1).id]}


def test_what_left_the_selection_is_still_known():
    wanted = Fleet.from_options(options())
    rows = planner.plan(wanted, world([interface(1), interface(2, mirror=False)], [session(2, 2), session(3, 3)]))
    assert [(row.action, row.selected) for row in rows] == [("create", True), ("delete", False), ("delete", False)]
    assert [row.describe().get("instance_id") for row in rows[1:]] == [f"i-{2:017x}", None]
    assert fleet_report.coverage(rows)["selected"] == 1


def test_exclude_wins_and_removes():
    wanted = Fleet.from_options(options(exclude=[{"network_interface_ids": [interface(1).id]}]))
    row = only(planner.plan(wanted, world([interface(1)], [session(1, 1)])))
    assert (row.action, row.reason) == ("delete", "excluded by exclude[0]")


def test_a_session_whose_instance_does_not_show_yet_stays():
    row = only(planner.plan(Fleet.from_options(options()), world([interface(1, instance=None)], [session(1, 1)])))
    assert (row.action, row.reason) == ("skip", f"its instance i-{1:017x} does not show yet")


def test_of_two_sessions_of_the_fleet_one_stays():
    rows = planner.plan(
        Fleet.from_options(options()), world([interface(1)], [session(2, 1, session_number=2), session(1, 1)])
    )
    assert [(row.action, row.session["session_number"]) for row in rows] == [("unchanged", 1), ("delete", 2)]


def test_a_second_session_goes_whatever_purge_says():
    there = world([interface(1)], [session(2, 1, session_number=2), session(1, 1)])
    rows = planner.plan(Fleet.from_options(options(purge=False)), there)
    assert [row.action for row in rows] == ["unchanged", "delete"]


THREE = [session(number, 1, session_number=number) for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("shown", "removed"),
    [
        (THREE, [2, 3]),
        (THREE[1:], [3]),
        (THREE[2:], [2]),
        ([session(1, 1, tags={}), *THREE[1:]], [3]),
        ([*THREE[1:], session(4, 1)], [2, 3]),
        ([], [2, 3]),
    ],
)
def test_the_last_session_of_the_fleet_is_never_one_too_many(shown, removed):
    """The first of three is to stay; a look before the others go decides which of them really do."""
    wanted, there = Fleet.from_options(options()), world([interface(1)], THREE)
    find_duplicates = planner.plan(wanted, there)[1:]
    due = []
    for number, row in enumerate(find_duplicates, 2):
        with suppress(plan_entry.DeletionSkipped):
            assert planner.replan(wanted, there, row, shown).actions in (row.plan.actions, ())
            due.append(number)
    assert due == removed


@pytest.mark.parametrize(("purge", "spared"), [(True, False), (False, True)])
def test_what_is_excluded_may_lose_its_last_session(purge, spared):
    wanted = Fleet.from_options(options(purge=purge, exclude=[{"network_interface_ids": [interface(1).id]}]))
    there = world([interface(1)], THREE[:2])
    double = planner.plan(wanted, there)[1]
    assert double.action == "delete"
    with pytest.raises(plan_entry.DeletionSkipped) if spared else nullcontext():
        planner.replan(wanted, there, double, THREE[1:2])


OWN = "no target has room for it"


@pytest.mark.parametrize(
    ("adopt", "purge", "expected"),
    [
        (False, False, [("skip", f"{OWN}, but purge is false")]),
        (True, False, [("skip", f"{OWN}, but purge is false")]),
        (True, True, [("delete", OWN)]),
    ],
)
def test_a_session_does_not_give_way_to_one_without_a_target(adopt, purge, expected):
    """Both are on interface 2, where the only place of the target is that of interface 1."""
    sessions = [session(1, 1), session(2, 2, target=9), session(3, 2, session_number=2, tags={})]
    there = world([interface(1), interface(2)], sessions, [target(1, 1)])
    rows = planner.plan(Fleet.from_options(options(adopt=adopt, purge=purge)), there)
    assert [(row.action, row.reason) for row in rows[1:]] == expected
    assert rows[1].session["traffic_mirror_session_id"] == f"tms-{2:017x}"


@pytest.mark.parametrize("adopt", [False, True])
def test_a_session_does_not_give_way_to_one_without_a_number(adopt):
    sessions = [
        session(1, 1, session_number=5),
        session(2, 1, session_number=7, tags={}),
        session(3, 1, filter_id=OTHER_FILTER, tags={}),
    ]
    wanted = Fleet.from_options(options(adopt=adopt, purge=False, session_numbers="1"))
    row = only(planner.plan(wanted, world([interface(1)], sessions)))
    assert (row.action, row.session["traffic_mirror_session_id"]) == ("skip", f"tms-{1:017x}")
    assert row.reason == "other sessions have all of its session numbers 1-1, but purge is false"


def test_the_place_that_one_does_not_take_over_goes_to_the_next():
    """Two change over to what they may adopt, and the target has room for one."""
    sessions = [
        session(1, 1, target=9),
        session(2, 1, session_number=2, tags={}),
        session(3, 2, target=9),
        session(4, 2, session_number=2, tags={}),
    ]
    there = world([interface(1), interface(2)], sessions, [target(1, 1)])
    rows = planner.plan(Fleet.from_options(options(adopt=True, purge=False)), there)
    assert [(row.action, row.session["traffic_mirror_session_id"]) for row in rows] == [
        ("delete", f"tms-{1:017x}"),
        ("update", f"tms-{2:017x}"),
        ("skip", f"tms-{3:017x}"),
    ]


def test_what_is_adopted_takes_the_number_of_the_session_that_gives_way():
    sessions = [session(1, 1, session_number=2, target=9), session(2, 1, session_number=3, tags={})]
    wanted = Fleet.from_options(options(adopt=True, session_numbers="2"))
    rows = planner.plan(wanted, world([interface(1)], sessions, [target(1, 1)]))
    assert [(row.action, row.after_deletions) for row in rows] == [("delete", False), ("update", True)]
    assert rows[1].changes["session_number"] == [3, 2]


def test_the_nearest_and_least_loaded_target():
    targets = (target(1, None, "a"), target(2, None, "b"), target(3, None, "b"))
    there = world([interface(number, zone="b") for number in (1, 2)], targets=targets)
    rows = planner.plan(Fleet.from_options(options()), there)
    assert [row.session["traffic_mirror_target_id"] for row in rows] == [targets[1].id, targets[2].id]


def test_a_session_that_needs_freed_room_comes_last():
    there = world([interface(1)], [session(1, 2)], [target(1, 1)])
    rows = planner.plan(Fleet.from_options(options()), there)
    assert [(row.action, row.after_deletions) for row in rows] == [("create", True), ("delete", False)]


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"max_creates": "1"}, r"max_creates allows 1; .*3 x new match \(eni-0*1, \.\.\.\)"),
        ({"max_creates": "50%"}, "50% of 3 = 1"),
    ],
)
def test_limits(limit, words):
    wanted = Fleet.from_options(options(**limit))
    rows = planner.plan(wanted, world([interface(number) for number in (1, 2, 3)]))
    with pytest.raises(ConflictError, match=words):
        guards.check_limits(wanted, rows)


def test_a_selection_of_nothing_does_not_empty_the_fleet():
    wanted = Fleet.from_options(options())
    with pytest.raises(ConflictError, match="while the fleet has 1 sessions"):
        guards.check_limits(wanted, planner.plan(wanted, world([], [session(1, 1)])))


def test_an_exclusion_of_everything_does_not_empty_the_fleet():
    wanted = Fleet.from_options(options(exclude=[{"instance_types": ["*"]}]))
    with pytest.raises(ConflictError, match=r"Nothing is left .*1 x excluded by exclude\[0\] \(eni-"):
        guards.check_limits(wanted, planner.plan(wanted, world([interface(1)], [session(1, 1)])))


@pytest.mark.parametrize("shown", [[], [session(2, 1, session_number=2)]])
def test_a_removal_of_what_a_fresh_look_does_not_show_is_done(shown):
    wanted, there = Fleet.from_options(options(state="absent", sources=None, targets=None)), world([], [session(1, 1)])
    row = only(planner.plan(wanted, there))
    assert planner.replan(wanted, there, row, [session(1, 1), *shown]) == row.plan
    assert planner.replan(wanted, there, row, shown).actions == ()


@pytest.mark.parametrize("now", [{"tags": {}}, {"tags": {"vtap:fleet": "other"}}, {"owner": OTHER}])
def test_what_a_fresh_look_shows_to_be_of_somebody_else_is_not_removed(now):
    wanted, there = Fleet.from_options(options()), world([interface(1, mirror=False)], [session(1, 1)])
    row = only(planner.plan(wanted, there))
    with pytest.raises(plan_entry.DeletionSkipped, match="its session is not the fleet's any more"):
        planner.replan(wanted, there, row, [session(1, 1, **now)])


def test_sessions_of_others_are_named():
    others = [session(1, 1, tags={}), session(2, 1, session_number=2, owner=OTHER)]
    row = only(planner.plan(Fleet.from_options(options()), world([interface(1)], others)))
    assert (row.action, row.session["session_number"]) == ("create", 3)
    assert row.describe()["other_session_ids"] == [f"tms-{1:017x}", f"tms-{2:017x}"]
    adopted = only(planner.plan(Fleet.from_options(options(adopt=True)), world([interface(1)], others)))
    assert (adopted.action, adopted.describe()["other_session_ids"]) == ("update", [f"tms-{2:017x}"])


def test_an_interface_that_failed_is_not_mirrored():
    rows = planner.plan(Fleet.from_options(options()), world([interface(1), interface(2)], [session(2, 2)]))
    rows[0].failed = True
    report = fleet_report.coverage(rows)
    assert (report["eligible"], report["mirrored"], report["unmirrored"]) == (2, 1, [interface(1).id])


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), max_size=30),
    st.lists(st.tuples(st.sampled_from([None, 1, 3]), st.sets(st.sampled_from("abc"))), min_size=1, max_size=6),
    st.lists(st.integers(0, 4), min_size=6, max_size=6),
)
def test_places_are_those_of_the_plain_rule(seats, targets, others):
    """The heaps choose as a look at every target would: in the zone, then the least loaded, then the first."""
    targets = [target(number, capacity, zones) for number, (capacity, zones) in enumerate(targets)]
    seats = [
        Assignment(f"eni-{at:02}", zone, targets[0].id if on == 0 else None) for at, (zone, on) in enumerate(seats)
    ]
    load = {one.id: count for one, count in zip(targets, others, strict=False)}
    placed = place(seats, targets, load)
    first = targets[0]
    kept = [seat.interface for seat in seats if seat.target is not None][: first.capacity]
    load[first.id] += len(kept)
    for seat in seats:
        if seat.interface in kept:
            expected = first
        else:
            room = [one for one in targets if one.capacity is None or load[one.id] < one.capacity]
            expected = min(room, key=lambda one: (seat.zone not in one.zones, load[one.id]), default=None)
            if expected is not None:
                load[expected.id] += 1
        assert placed[seat.interface] is expected


def test_absent_removes_the_fleet_and_nothing_else():
    wanted = Fleet.from_options(options(state="absent", sources=None, targets=None))
    there = world([], [session(1, 1), session(2, 1, session_number=2, tags={}), session(3, 2, owner=OTHER)])
    rows = planner.plan(wanted, there)
    guards.check_limits(wanted, rows)
    assert [(row.action, row.session["traffic_mirror_session_id"]) for row in rows] == [("delete", f"tms-{1:017x}")]


@pytest.mark.parametrize(
    ("given_options", "words"),
    [
        ({"sources": [{}]}, r"sources\[0\] must have at least one of"),
        ({"sources": None}, "needs sources"),
        ({"sources": [{"vpc_ids": ["vpc-1"]}]}, r"sources\[0\]: vpc_ids must be vpc-"),
        ({"sources": [{"tags": {"a": None}}]}, "tags: a must be a value"),
        ({"exclude": [{"tags": {"Mirror": False}}]}, r"exclude\[0\]: tags: Mirror is true or false.*quote it"),
        ({"exclude": [{"tags": {"Mirror": ["x", True]}}]}, "tags: Mirror is true or false"),
        ({"targets": [{}]}, r"targets\[0\] must have one of"),
        ({"targets": [{"traffic_mirror_target_name": "x", "capacity": 0}]}, "capacity must be 1 or more"),
        ({"session_numbers": "3-1"}, "session_numbers must be a number or LOWEST-HIGHEST within 1 to 32766"),
        ({"session_numbers": "0"}, "session_numbers must be"),
        ({"max_deletes": "101%"}, "max_deletes must be a number"),
        ({"max_deletes": "-1"}, "max_deletes must be a number"),
        ({"name": ""}, "name must have 1 to 256 characters"),
        ({"traffic_mirror_filter_id": None}, "traffic_mirror_filter_id or traffic_mirror_filter_name"),
    ],
)
def test_bad_input(given_options, words):
    with pytest.raises(ValidationError, match=words):
        Fleet.from_options(options(**given_options))


def test_band():
    assert NumberRange.parse("7") == NumberRange(7, 7)
    assert NumberRange.parse("1-3").choose([1, 3], None) == 2
    assert NumberRange.parse("1-3").choose([1, 2], 9) == 3
    assert NumberRange.parse("1-3").choose([2, 3], 1) == 1


def test_tags_are_inherited_unless_the_interface_has_its_own():
    wanted = Fleet.from_options(options())
    assert [row.action for row in planner.plan(wanted, world([interface(1, tags={"Mirror": "no"})]))] == []
    on_instance = Fleet.from_options(options(sources=[{"tags": {"Mirror": "*"}, "tag_source": "instance"}]))
    assert only(planner.plan(on_instance, world([interface(1, tags={"Mirror": "no"})]))).action == "create"


@pytest.mark.parametrize(
    ("tag_source", "tags", "left_out"),
    [
        ("any", {"Mirror": "yes"}, True),
        ("any", {"Role": "sensor"}, True),
        ("any", {"Mirror": "yes", "Role": "sensor"}, True),
        ("any", {"Role": "web"}, False),
        ("instance", {"Role": "sensor"}, False),
        ("interface", {"Mirror": "yes"}, False),
        ("interface", {"Role": "sensor"}, True),
    ],
)
def test_an_exclusion_goes_by_the_tags_of_either(tag_source, tags, left_out):
    """The instance is tagged Mirror: yes, its interface has the key with another value."""
    there = world([interface(1, tags={"Mirror": "other", "Role": "sensor"})])
    selected = [{"instance_types": ["*"]}]
    wanted = Fleet.from_options(options(sources=selected, exclude=[{"tags": tags, "tag_source": tag_source}]))
    assert only(planner.plan(wanted, there)).action == ("skip" if left_out else "create")


def test_what_should_not_go_unseen_is_warned_of():
    there = world([interface(1), interface(2), interface(3)], targets=[target(1, capacity=1)])
    assert fleet_report.warnings(planner.plan(Fleet.from_options(options()), there), {}) == [
        f"2 interfaces could be mirrored and are not: {interface(2).id}, {interface(3).id}. "
        "Why: 2 x no target has room for it."
    ]
    (nothing,) = fleet_report.warnings([], {})
    assert nothing.startswith("sources select no interface.")
    there = replace(
        there, filter_id=UnresolvedRef("dns"), targets=(Target(UnresolvedRef("sensors"), None, None, frozenset()),)
    )
    names = fleet_report.pending(there)
    assert names == {"traffic_mirror_filter_id": "dns", "targets": ["sensors"]}
    (unmade,) = fleet_report.warnings(planner.plan(Fleet.from_options(options()), there), names)
    assert unmade.endswith("what an earlier task makes: dns, sensors.")
    assert fleet_report.pending(world()) == {}


def test_a_stopped_instance_is_not_selected():
    assert planner.plan(Fleet.from_options(options()), world([interface(1, state="stopped")])) == []
