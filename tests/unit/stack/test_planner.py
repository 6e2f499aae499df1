# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans of stacks: order, what waits for what, early deletions and refusals."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER

from tests.unit.stack.runs import (
    APP1,
    BALANCER,
    ENDPOINT,
    LAB_FILTER,
    LAB_TARGET,
    SENSOR,
    SENSOR_B,
    WEB,
    document,
    filter_entry,
    find_named,
    lab_session,
    only_sessions,
    options,
    read_resources,
    target_entry,
)

# Order


def test_creations_are_in_dependency_order(plan):
    planned = plan(document(filters=("f", "g")))
    assert planned.order == [["filter f", "filter g", "target t"], ["session s"]]
    session = planned.entry("session s")
    assert {one.key for one in session.needs} == {"filter f", "target t"} and session.position == (1, 0)


def test_deletions_are_last_and_in_reverse_order(run, plan):
    run(document(filters=("f", "kept")))
    planned = plan(document(filters=("g", "kept"), targets=(("u", SENSOR_B),), sessions=(("v", APP1),)))
    assert planned.excess is None
    assert planned.order == [["filter g", "target u"], ["session v"], ["session s"], ["filter f", "target t"]]
    assert {one.key for one in planned.entry("filter f").needs} == {"session s"}


@pytest.mark.parametrize("given", [{"state": "absent"}, {"state": "absent", "purge": False}])
def test_absent_deletes_in_reverse_order(run, plan, given):
    run(document())
    planned = plan(options(**given))
    assert planned.order == [["session s"], ["filter f", "target t"]] and planned.excess is None
    assert {one.reason for one in planned.entries} == {"state is absent"}


def test_filter_is_deleted_after_sessions_switch(run, plan):
    run(document(filters=("f", "g")))
    planned = plan(document(filters=("g",)))
    assert planned.order == [["session s"], ["filter f"]]
    assert [one.key for one in planned.entry("filter f").needs] == ["session s"]


def test_replaced_filter_is_deleted_after_sessions_switch(run, plan, running):
    run(document())
    old = find_named(running, FILTER, "f")[FILTER.id_option]
    planned = plan(document(filters=(filter_entry("f", description="new"),), allow_replacement=True))
    assert planned.order == [["filter f"], ["session s"], [f"filter {old}"]]
    assert planned.entry("filter f").reason.endswith("cannot change description")
    assert planned.entry(f"filter {old}").reason == "replaced by another filter"
    assert {one.key for one in planned.entry(f"filter {old}").needs} == {"filter f", "session s"}


def test_sessions_without_entry_are_switched_by_the_deletion(run, plan, running):
    """The session of another client uses the replaced filter."""
    run(document())
    old = find_named(running, FILTER, "f")[FILTER.id_option]
    running[1].create_traffic_mirror_session(
        NetworkInterfaceId=APP1, SessionNumber=1, TrafficMirrorFilterId=old, TrafficMirrorTargetId=LAB_TARGET
    )
    params = document(filters=(filter_entry("f", description="new"),), allow_replacement=True)
    calls = [one.operation for one in plan(params).entry(f"filter {old}").plan.actions]
    assert calls[:2] == ["ModifyTrafficMirrorSession", "DeleteTrafficMirrorFilter"]
    assert run(params).failures == {}
    new = find_named(running, FILTER, "f")[FILTER.id_option]
    used = {row[FILTER.id_option] for row in read_resources(running).values() if "session_number" in row}
    assert used == {new} and run(params).summary == {"unchanged": 3}


# What an entry needs from another one


def test_session_number_chain(run, plan):
    run(only_sessions(*(lab_session(name, WEB, number) for name, number in (("a", 1), ("b", 2), ("c", 3)))))
    params = only_sessions(*(lab_session(name, WEB, number) for name, number in (("a", 2), ("b", 3), ("c", 4))))
    assert plan(params).order == [["session c"], ["session b"], ["session a"]]
    assert [one.position for one in plan(params).entries] == [(1, 0), (1, 1), (1, 2)]
    assert run(params).failures == {} and run(params).summary == {"unchanged": 3}


def test_session_number_cycle_is_refused(run, refuse):
    run(only_sessions(lab_session("a", WEB, 1), lab_session("b", WEB, 2)))
    message = refuse(only_sessions(lab_session("a", WEB, 2), lab_session("b", WEB, 1)))
    assert all(text in message for text in ("session a: ", "session_number 2", WEB)), message


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_session_takes_the_number_of_a_moved_session(run, plan, names):
    run(only_sessions(lab_session("a", WEB, 1)))
    entries = {"a": lab_session("a", APP1, 1), "b": lab_session("b", WEB, 1)}
    params = only_sessions(*(entries[name] for name in names), allow_replacement=True)
    assert plan(params).order == [["session a"], ["session b"]]
    assert run(params).failures == {} and run(params).summary == {"unchanged": 2}


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_new_sessions_with_and_without_number(run, names):
    """The session without a number gets one that no entry of the document has."""
    entries = {"a": lab_session("a", WEB), "b": lab_session("b", WEB, 1)}
    params = only_sessions(*(entries[name] for name in names))
    assert run(params).failures == {} and run(params).summary == {"unchanged": 2}


def test_destination_chain_is_refused(run, refuse):
    """A replaced target keeps its destination until the sessions are switched, so a chain takes two runs."""
    run(document(targets=(("t", SENSOR), ("u", SENSOR_B))))
    moved = [target_entry("t", network_interface_id=SENSOR_B), target_entry("u", network_load_balancer_arn=BALANCER)]
    message = refuse(document(targets=moved, allow_replacement=True))
    assert all(text in message for text in ("target t: ", "target u", "two runs")), message
    first = document(targets=(("t", SENSOR), moved[1]), allow_replacement=True)
    for params, updated in ((first, 1), (document(targets=moved, allow_replacement=True), 2)):
        assert run(params).failures == {}
        assert run(params).summary == {"unchanged": 4}, updated


def test_destination_cycle_is_refused(run, refuse):
    run(document(targets=(("t", SENSOR), ("u", SENSOR_B))))
    message = refuse(document(targets=(("t", SENSOR_B), ("u", SENSOR)), allow_replacement=True))
    assert all(text in message for text in ("target t: ", "target u")), message


# Early deletions


@pytest.mark.parametrize("count", [1, 3])
def test_unlisted_sessions_of_a_full_interface_are_deleted_early(run, plan, count):
    app = lab_session("app", APP1, 1)
    run(only_sessions(app, *(lab_session(f"old-{one}", WEB, one) for one in range(1, 4))))
    kept = [app, *(lab_session(f"old-{one}", WEB, one) for one in range(1, 4 - count))]
    params = only_sessions(*kept, lab_session("new", WEB, 9))
    planned = plan(params)
    assert planned.order[-1] == ["session new"] and planned.entry("session new").position == (1, 1)
    assert run(params).failures == {} and run(params).summary == {"unchanged": 5 - count}


def test_unlisted_session_with_the_number_is_deleted_early(run, plan):
    run(only_sessions(lab_session("old", WEB, 1), lab_session("s", WEB, 2)))
    planned = plan(only_sessions(lab_session("s", WEB, 1)))
    assert planned.order == [["session old"], ["session s"]]


def test_session_without_interface_gets_the_number_of_an_unlisted_one(run, plan):
    """The entry identifies its session by name alone."""
    run(only_sessions(lab_session("old", WEB, 1), lab_session("s", WEB, 2)))
    params = only_sessions(lab_session("s", None, 1))
    assert plan(params).order == [["session old"], ["session s"]]
    assert run(params).failures == {} and run(params).summary == {"unchanged": 1}


def test_other_unlisted_sessions_are_deleted_last(run, plan):
    full = [lab_session(f"old-{one}", WEB, one) for one in range(1, 4)]
    kept = lab_session("kept", APP1, 1)
    run(only_sessions(*full, kept, lab_session("app", APP1, 2)))
    planned = plan(only_sessions(lab_session("new", WEB, 9), lab_session("more", APP1, 9), kept))
    assert planned.order == [
        ["session more", "session old-1", "session old-2", "session old-3"],
        ["session new"],
        ["session app"],
    ]


def test_target_on_the_interface_of_an_unlisted_session(run, plan):
    run(only_sessions(lab_session("old", SENSOR), lab_session("kept", WEB)))
    params = only_sessions(lab_session("kept", WEB), targets=[target_entry("t", network_interface_id=SENSOR)])
    assert plan(params).order == [["session old"], ["target t"]]
    assert run(params).failures == {} and run(params).summary == {"unchanged": 2}


def test_refusal_because_of_held_back_deletions_says_so(run, refuse):
    """Without the early deletions, which are held back, the new session has no room."""
    run(only_sessions(*(lab_session(f"old-{one}", WEB, one) for one in range(1, 4))))
    message = refuse({**only_sessions(lab_session("new", WEB, 9)), "max_deletes": "0"})
    assert all(text in message for text in ("session new: ", "max_deletes")), message


def test_sessions_are_not_deleted_early_without_purge(run, refuse):
    run(only_sessions(*(lab_session(f"old-{one}", WEB, one) for one in range(1, 4))))
    message = refuse(only_sessions(lab_session("new", WEB, 9), purge=False))
    assert all(text in message for text in ("session new: ", "SessionsPerInterfaceLimitExceeded")), message


# Refusals


def test_filter_used_by_another_session_is_not_deleted(run, refuse, running):
    run(document(targets=(), sessions=()))
    filter_id = find_named(running, FILTER, "f")[FILTER.id_option]
    running[1].create_traffic_mirror_session(
        NetworkInterfaceId=WEB, SessionNumber=1, TrafficMirrorFilterId=filter_id, TrafficMirrorTargetId=LAB_TARGET
    )
    message = refuse(options(state="absent"))
    assert all(text in message for text in (filter_id, "is in use")), message


@pytest.mark.parametrize(
    "destination", [{"network_interface_id": SENSOR_B}, {"gateway_load_balancer_endpoint_id": ENDPOINT}]
)
def test_replacement_needs_permission(run, refuse, destination):
    run(document())
    message = refuse(document(targets=[target_entry("t", **destination)]))
    assert all(text in message for text in ("target t: ", "allow_replacement: true")), message


def test_more_than_three_sessions_of_an_interface_are_refused(refuse, running):
    for number in (1, 2):
        running[1].create_traffic_mirror_session(
            NetworkInterfaceId=WEB,
            SessionNumber=number,
            TrafficMirrorFilterId=LAB_FILTER,
            TrafficMirrorTargetId=LAB_TARGET,
        )
    entries = [lab_session(name, WEB, number) for name, number in (("a", 3), ("b", 4))]
    message = refuse(only_sessions(*entries))
    assert all(text in message for text in ("session b: ", "SessionsPerInterfaceLimitExceeded")), message
