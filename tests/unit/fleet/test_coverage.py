# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Coverage: which interfaces count as mirrored, and why others do not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import Status
from ansible_collections.vtap.aws.plugins.module_utils._batch.guards import parse_limit
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.coverage import CLASSES, measure_coverage, sessions_after
from ansible_collections.vtap.aws.plugins.module_utils._fleet.filter_table import FilterTable
from ansible_collections.vtap.aws.plugins.module_utils._fleet.plan_entry import Destination, Selection
from ansible_collections.vtap.aws.plugins.module_utils._fleet.target_assignment import Target
from ansible_collections.vtap.aws.plugins.module_utils._model.placeholders import UnresolvedRef

from tests.unit.fleet.builders import (
    ALL_FILTER,
    DNS_FILTER,
    EMPTY_FILTER,
    FILTER_ID,
    HIDDEN,
    LIMITS,
    MINE,
    MIXED_FILTER,
    OTHER,
    OTHER_FILTER,
    aws_state,
    fleet,
    interface,
    measure,
    session,
    target,
    target_id,
)

NO_PROBLEM = Destination()


def classify_only(state, **given_options):
    """The class and the reason of the only interface."""
    coverage, _sessions = measure(fleet(**given_options), state)
    return get_only_class(coverage)


def get_only_class(coverage):
    classes = [(name, reason) for name in CLASSES for reason, ids in coverage.classes[name].items() for _one in ids]
    assert len(classes) == 1, classes
    return classes[0]


SHADOWED = "sessions with lower numbers mirror the same packets"


@pytest.mark.parametrize(
    ("own", "lower", "expected"),
    [
        (FILTER_ID, [FILTER_ID], ("unmirrored", SHADOWED)),
        (OTHER_FILTER, [FILTER_ID], ("unmirrored", SHADOWED)),
        (FILTER_ID, [OTHER_FILTER], ("mirrored", "")),
        (FILTER_ID, [EMPTY_FILTER], ("mirrored", "")),
        # Network services are a class of packets of their own, which rules do not accept.
        (DNS_FILTER, [FILTER_ID], ("mirrored", "")),
        (DNS_FILTER, [MIXED_FILTER], ("unmirrored", SHADOWED)),
        (FILTER_ID, [DNS_FILTER], ("mirrored", "")),
        (MIXED_FILTER, [FILTER_ID], ("mirrored", "")),
        (MIXED_FILTER, [FILTER_ID, DNS_FILTER], ("unmirrored", SHADOWED)),
        (ALL_FILTER, [FILTER_ID, DNS_FILTER], ("mirrored", "")),
        (EMPTY_FILTER, [], ("unmirrored", f"filter {EMPTY_FILTER} accepts no packets")),
        (EMPTY_FILTER, [FILTER_ID], ("unmirrored", f"filter {EMPTY_FILTER} accepts no packets")),
    ],
)
def test_session_counts_only_if_packets_remain(own, lower, expected):
    others = [session(9 - at, 1, session_number=at, filter_id=one, tags={}) for at, one in enumerate(lower, 1)]
    state = aws_state([interface(1)], [*others, session(1, 1, session_number=5, filter_id=own)], filter_id=own)
    coverage, _sessions = measure(fleet(), state)
    assert get_only_class(coverage) == expected
    assert [reason for _session, reason in coverage.dead] == ([] if expected[0] == "mirrored" else [expected[1]])


def test_reason_names_the_fleet_whose_sessions_have_lower_numbers():
    sessions = [session(1, 1, tags={"vtap:fleet": "soc"}), session(2, 1, session_number=2)]
    reason = "sessions with lower numbers (fleet soc) mirror the same packets"
    assert classify_only(aws_state([interface(1)], sessions)) == ("unmirrored", reason)


@pytest.mark.parametrize("purge", [True, False])
@pytest.mark.parametrize(
    ("destination", "expected", "unverified"),
    [
        (NO_PROBLEM, "mirrored", []),
        (Destination(problem="the target's endpoint vpce-1 does not exist"), "unmirrored", []),
        (Destination(unverified="owned by account 1"), "mirrored", [(target_id(1), "owned by account 1")]),
        (None, "mirrored", [(target_id(1), "the target is not visible to this account")]),
    ],
)
def test_resource_of_the_target_decides(purge, destination, expected, unverified):
    destinations = {} if destination is None else {target_id(1): destination}
    state = aws_state([interface(1)], [session(1, 1)], destinations=destinations)
    coverage, _sessions = measure(fleet(purge=purge), state)
    assert get_only_class(coverage) == (expected, destination.problem if destination else "")
    assert list(coverage.unverified.items()) == [(key, 1) for key in unverified]


def test_planned_session_of_a_broken_target_is_not_mirrored():
    state = aws_state([interface(1)], destinations={target_id(1): Destination(problem="x")})
    coverage, _sessions = measure(fleet(), state)
    assert get_only_class(coverage) == ("unmirrored", "x")
    assert [row["traffic_mirror_session_id"] for row in coverage.describe()["dead_sessions"]] == [
        f"tms-(known after apply: {interface(1).id} 1)"
    ]


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        (FilterTable(), "the filter is not visible to this account"),
        (FilterTable(unreadable="Describe failed: Denied"), "Describe failed: Denied"),
    ],
)
def test_session_with_an_unreadable_filter_is_unverified(filters, reason):
    coverage, _sessions = measure(fleet(), aws_state([interface(1)], [session(1, 1)], filters=filters))
    assert get_only_class(coverage) == ("mirrored", "")
    assert coverage.describe()["unverified"] == [{"resource": FILTER_ID, "reason": reason, "sessions": 1}]


def test_interfaces_of_participants_are_unverified():
    limits = replace(LIMITS, own_subnets=frozenset([interface(1).subnet_id]))
    shared = interface(1, owner_id=OTHER, tags={"Mirror": "yes"}, **HIDDEN)
    coverage, _sessions = measure(fleet(), aws_state([shared], limits=limits))
    assert get_only_class(coverage) == ("mirrored", "")
    ((resource, reason),) = coverage.unverified
    assert resource == f"account {OTHER}" and "instances are not visible" in reason


def test_interface_of_a_managed_service_needs_no_instance():
    limits = replace(LIMITS, managed_services=frozenset(["rds"]))
    database = interface(1, managed_by="amazon-rds", attached_to="", tags={"Mirror": "yes"}, **HIDDEN)
    coverage, _sessions = measure(fleet(), aws_state([database], limits=limits))
    assert get_only_class(coverage) == ("mirrored", "") and not coverage.unverified


def test_filter_and_targets_that_do_not_exist_yet_are_unverified():
    targets = [Target(UnresolvedRef("sensors", "tmt"), None, None)]
    state = aws_state([interface(1)], targets=targets, filter_id=UnresolvedRef("dns", "tmf"), destinations={})
    coverage, _sessions = measure(fleet(), state)
    assert get_only_class(coverage) == ("mirrored", "")
    assert coverage.unverified == {
        ("tmt-(known after apply: sensors)", "the target does not exist yet"): 1,
        ("tmf-(known after apply: dns)", "the filter does not exist yet"): 1,
    }


@pytest.mark.parametrize("state_name", ["pending", "stopping", "stopped"])
def test_sessions_of_stopped_instances_are_shown_apart(state_name):
    state = aws_state([interface(1, state=state_name)], [session(1, 1)])
    coverage, _sessions = measure(fleet(), state)
    assert get_only_class(coverage) == ("stopped", f"instance is {state_name}")
    assert (coverage.stopped_sessions, coverage.dead) == (1, [])
    coverage, _sessions = measure(fleet(on_stopped="delete"), state)
    assert (get_only_class(coverage)[0], coverage.stopped_sessions) == ("stopped", 0)


@pytest.mark.parametrize(
    ("purge", "fields", "dead"),
    [
        (True, {"state": "terminated"}, []),
        (False, {"state": "terminated"}, ["instance is terminated"]),
        (False, {"attached_to": "", **HIDDEN}, ["not attached to an instance"]),
        (False, {"mirror": False}, []),
    ],
)
def test_sessions_that_purge_keeps_are_dead_if_they_mirror_nothing(purge, fields, dead):
    coverage, _sessions = measure(fleet(purge=purge), aws_state([interface(1, **fields)], [session(1, 1)]))
    assert [reason for _session, reason in coverage.dead] == dead
    assert coverage.eligible == 0


def test_session_of_a_deleted_interface_is_dead():
    entries = planner.plan(fleet(purge=False), aws_state([], [session(1, 1)]))
    coverage = measure_coverage(fleet(), aws_state(), entries, [session(1, 1)])
    assert coverage.dead == [(session(1, 1), "the interface does not exist")]


def test_second_session_of_the_fleet_is_no_victim_and_counts_once():
    """Both sessions are there after the run if the deletion is held back."""
    state = aws_state([interface(1)], [session(1, 1), session(2, 1, session_number=2)])
    coverage, _sessions = measure(fleet(), state, hold=True)
    assert get_only_class(coverage) == ("mirrored", "")
    assert coverage.victims == [] and [one for one, _reason in coverage.dead] == [state.sessions[1]]


def test_sessions_of_others_that_lose_packets_are_victims():
    others = [
        session(2, 1, session_number=2, filter_id=OTHER_FILTER, tags={}),
        session(3, 1, session_number=3, filter_id=DNS_FILTER, tags={}),
    ]
    coverage, _sessions = measure(fleet(), aws_state([interface(1)], [session(1, 1), *others]))
    assert coverage.victims == others[:1]


def test_second_session_of_the_fleet_does_not_hide_a_victim():
    sessions = [session(1, 1), session(2, 1, session_number=2), session(3, 1, session_number=3, tags={})]
    coverage, _sessions = measure(fleet(), aws_state([interface(1)], sessions), hold=True)
    assert coverage.victims == sessions[2:]


def test_interface_of_a_failed_creation_is_unmirrored():
    state = aws_state([interface(1), interface(2)])
    entries = planner.plan(fleet(), state)
    entries[0].fail("AccessDenied", "no")
    entries[1].status, entries[1].result = Status.DONE, {**session(2, 2), **entries[1].plan.after}
    sessions = sessions_after([], entries, is_planned=False)
    assert sessions == [entries[1].result]
    coverage = measure_coverage(fleet(), state, entries, sessions)
    assert coverage.classes["unmirrored"] == {"create failed: AccessDenied": [interface(1).id]}
    assert coverage.classes["mirrored"] == {"": [interface(2).id]}


def test_interface_that_ec2_does_not_support_becomes_ineligible():
    state = aws_state([interface(1)])
    (entry,) = planner.plan(fleet(), state)
    entry.skip("NetworkInterfaceNotSupported: no")
    entry.selection = Selection.INELIGIBLE
    coverage = measure_coverage(fleet(), state, [entry], [])
    assert get_only_class(coverage) == ("ineligible", "NetworkInterfaceNotSupported: no")


def test_session_that_disappeared_during_the_run_is_unmirrored():
    """The plan keeps the session, but EC2 does not return it after the run."""
    state = aws_state([interface(1)], [session(1, 1)])
    entries = planner.plan(fleet(), state)
    coverage = measure_coverage(fleet(), state, entries, [])
    assert get_only_class(coverage)[0] == "unmirrored" and "during the run" in get_only_class(coverage)[1]


@pytest.mark.parametrize("status", list(Status))
def test_sessions_after_a_run_have_what_was_done(status):
    """One entry of each action with this status. Sessions that are not returned any more are not added again."""
    one_fleet, own = fleet(description="new"), {"tags": {"vtap:fleet": "ids"}}
    state = aws_state(
        [interface(1), interface(2), interface(3, mirror=False), interface(4)],
        [session(2, 2, **own), session(3, 3, **own), session(4, 4, **own)],
    )
    entries = planner.plan(one_fleet, state)
    assert [entry.action for entry in entries] == ["create", "update", "delete", "update"]
    for entry in entries:
        entry.status = status
        entry.result = entry.plan.after
        if entry.action == "create":
            entry.result = {**session(1, 1), **entry.plan.after}
    after = sessions_after(state.sessions[:2], entries, is_planned=False)
    numbers = [(one["traffic_mirror_session_id"][-1], one["description"]) for one in after]
    assert sorted(numbers) == ([("1", "new"), ("2", "new")] if status is Status.DONE else [("2", ""), ("3", "")])


@pytest.mark.parametrize(
    ("required", "is_enough"),
    [
        (None, True),
        ("0", True),
        ("2", True),
        ("3", False),
        ("66%", True),
        ("67%", False),
        ("100%", False),
    ],
)
def test_shortfall(required, is_enough):
    """Two of three eligible interfaces are mirrored. Neither stopped nor ineligible ones count."""
    interfaces = [*map(interface, (1, 2, 3)), interface(4, state="stopped"), interface(5, instance_type="t2.micro")]
    coverage, _sessions = measure(fleet(), aws_state(interfaces, targets=[target(1, 2)]))
    limit = None if required is None else parse_limit("min_coverage", required, both=False)
    message = coverage.find_shortfall(limit)
    assert message == (None if is_enough else f"2 of 3 eligible interfaces are mirrored; min_coverage is {required}.")


@pytest.mark.parametrize(("required", "is_enough"), [("100%", True), ("0", True), ("1", False)])
def test_shortfall_without_eligible_interfaces(required, is_enough):
    coverage, _sessions = measure(fleet(), aws_state())
    assert (coverage.find_shortfall(parse_limit("min_coverage", required, both=False)) is None) is is_enough


def test_adopted_sessions_count():
    state = aws_state([interface(1)], [session(1, 1, tags={}, owner=MINE)])
    assert classify_only(state)[0] == "unmirrored"
    assert classify_only(state, adopt=True) == ("mirrored", "")
