# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet's plan carried out against the emulator, with what can go wrong on the way."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2 import client
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._ec2.rate_limiter import RateLimiter
from ansible_collections.vtap.aws.plugins.module_utils._fleet import plan_entry, planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet import report as fleet_report
from ansible_collections.vtap.aws.plugins.module_utils._fleet.discovery import describe_current, resolve
from ansible_collections.vtap.aws.plugins.module_utils._fleet.executor import FleetExecutor
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError

from tests.unit.fleet.test_planner import options

WEB = "eni-0a1b2c3d4e5f60718"
PARAMS = {
    "sources": [{"instance_types": ["m5.*", "c5.*"]}],
    "targets": [{"traffic_mirror_target_name": "lab-target"}],
    "traffic_mirror_filter_id": None,
    "traffic_mirror_filter_name": "lab-filter",
}
CREATE = "CreateTrafficMirrorSession"
DELETE = "DeleteTrafficMirrorSession"


@pytest.fixture
def emulator(running):
    running[0].reset()
    return running[0]


def planned(ec2, **given):
    """The crew of one run, and the rows of its plan."""
    params = options(**{**PARAMS, **given})
    wanted = Fleet.from_options(params)
    world = describe_current(wanted, resolve(wanted, params, ec2, False) if wanted.present else None, ec2)
    return FleetExecutor(wanted, world, ec2, workers=5), planner.plan(wanted, world)


@pytest.fixture
def run(running, emulator):
    """One run: the rows of its plan and its results."""

    def once(rate_limiter=None, **given):
        crew, rows = planned(Ec2(running[1], sts=lambda: None, rate_limiter=rate_limiter), **given)
        return rows, crew.run(rows)

    return once


def calls(emulator, action):
    return [entry for entry in emulator.log() if entry["action"] == action]


def marked(running):
    found = running[1].describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    return [row for row in found if {"Key": "vtap:fleet", "Value": "ids"} in row["Tags"]]


def test_from_nothing_to_nothing(run, running):
    rows, results = run()
    assert plan_entry.summary(rows)["create"] == 6 and results.changed and not results.failed
    assert len({one["virtual_network_id"] for one in fleet_report.vni_map(results.sessions)}) == 6
    rows, results = run()
    assert plan_entry.summary(rows) == {"create": 0, "update": 0, "unchanged": 6, "delete": 0, "skip": 0}
    assert not results.changed and len(fleet_report.vni_map(results.sessions)) == 6
    rows, results = run(description="ids")
    assert plan_entry.summary(rows)["update"] == 6 and results.changed
    rows, results = run(state="absent")
    assert plan_entry.summary(rows)["delete"] == 6 and marked(running) == []


def test_more_than_one_page(run, emulator, monkeypatch):
    monkeypatch.setattr(client, "PAGE", 5)
    rows, results = run()
    assert plan_entry.summary(rows)["create"] == 6 and not results.failed
    assert (len(calls(emulator, "DescribeNetworkInterfaces")), len(calls(emulator, "DescribeInstances"))) == (2, 2)


def test_check_mode_plans_with_what_an_earlier_task_would_make(running, emulator):
    params = options(
        **{**PARAMS, "targets": [{"traffic_mirror_target_name": "new"}], "traffic_mirror_filter_name": "also new"}
    )
    wanted = Fleet.from_options(params)
    ec2 = Ec2(running[1], sts=lambda: None)
    rows = planner.plan(wanted, describe_current(wanted, resolve(wanted, params, ec2, True), ec2))
    assert plan_entry.summary(rows)["create"] == 6
    assert "traffic_mirror_target_id" not in rows[0].describe() and "  new  " in fleet_report.table(rows, 1, {})
    with pytest.raises(ConflictError, match=r"targets\[0\]: there is no target named new"):
        resolve(wanted, {**params, "traffic_mirror_filter_name": "lab-filter"}, ec2, False)


def test_a_refusal_stops_only_its_interface(run, emulator):
    emulator.knobs(fail={CREATE: ["TrafficMirrorSessionLimitExceeded", 1]})
    _rows, results = run()
    assert [one["code"] for one in results.failed] == ["TrafficMirrorSessionLimitExceeded"]
    rows, results = run()
    assert plan_entry.summary(rows)["create"] == 1 and not results.failed


def test_an_interface_that_ec2_does_not_support_is_skipped(run, emulator):
    emulator.knobs(source_families=["c5"])
    rows, results = run()
    assert not results.failed
    skipped = [row for row in rows if row.action == "skip"]
    assert len(skipped) == 3 and all(row.reason.startswith("NetworkInterfaceNotSupported") for row in skipped)
    assert all("m5." in row.reason for row in skipped)


def test_what_is_never_allowed_is_not_tried_for_each(run, emulator):
    emulator.crowd(40, tags={"Role": "many"})
    emulator.knobs(denied=["ec2:CreateTrafficMirrorSession"])
    _rows, results = run(sources=[{"tags": {"Role": "many"}}])
    assert len(results.failed) == 40 and not results.changed
    assert len(calls(emulator, CREATE)) <= 10 + 5  # and one for each worker at most
    assert any("ec2:CreateTrafficMirrorSession" in one["reason"] for one in results.failed)
    assert any("Not tried: " in one["reason"] for one in results.failed)


def test_a_filter_that_is_not_there_is_not_tried_for_each(run, emulator):
    emulator.crowd(40, tags={"Role": "many"})
    missing = "tmf-0a1b2c3d4e5f60799"
    _rows, results = run(sources=[{"tags": {"Role": "many"}}], traffic_mirror_filter_id=missing)
    assert len(results.failed) == 40 and not results.changed
    assert {one["code"] for one in results.failed} == {"InvalidTrafficMirrorFilterId.NotFound"}
    assert sum("Not tried: " in one["reason"] for one in results.failed) >= 25
    assert any(missing in one["reason"] for one in results.failed)


def test_what_is_forbidden_for_some_is_tried_for_all(run, emulator):
    """A policy may allow only some interfaces; the others must not suffer from those."""
    forbidden = emulator.crowd(40, tags={"Role": "many"})["interfaces"][1:40:2]
    emulator.knobs(denied=[f"ec2:CreateTrafficMirrorSession {interface}" for interface in forbidden])
    _rows, results = run(sources=[{"tags": {"Role": "many"}}])
    assert [one["network_interface_id"] for one in results.failed] == sorted(forbidden)
    assert {one["code"] for one in results.failed} == {"UnauthorizedOperation"}


def test_lost_replies_make_no_doubles(run, running, emulator):
    emulator.knobs(drop_replies={CREATE: 3})
    _rows, results = run()
    assert not results.failed
    assert max(Counter(row["NetworkInterfaceId"] for row in marked(running)).values()) == 1


def test_a_removal_whose_replies_are_all_lost_counts(run, running, emulator):
    run(sources=[{"network_interface_ids": [WEB]}])
    emulator.knobs(drop_replies={DELETE: 5})  # as often as botocore sends it
    _rows, results = run(state="absent")
    assert results.changed and not results.failed and marked(running) == []


def test_what_is_taken_from_the_fleet_while_its_removal_fails_is_kept(run, running, emulator):
    run(sources=[{"network_interface_ids": [WEB]}])
    kept = marked(running)[0]["TrafficMirrorSessionId"]
    untag = {"action": "DeleteTags", "parameters": {"Resources": [kept], "Tags": [{"Key": "vtap:fleet"}]}}
    emulator.knobs(fail={DELETE: ["IncorrectState", 1]}, interleave=[{"after": DELETE, "do": [untag]}])
    rows, results = run(state="absent")
    assert [(row.action, row.reason) for row in rows] == [("skip", "its session is not the fleet's any more")]
    assert not results.changed and not results.failed and len(calls(emulator, DELETE)) == 1


def test_an_interface_that_vanishes(run, emulator):
    gone = [{"action": "DetachNetworkInterface", "parameters": {"AttachmentId": attachment(emulator), "Force": True}}]
    gone += [{"action": "DeleteNetworkInterface", "parameters": {"NetworkInterfaceId": "eni-0a1b2c3d4e5f60723"}}]
    emulator.knobs(interleave=[{"after": "DescribeNetworkInterfaces", "calls": 1, "do": gone}])
    rows, results = run()
    assert not results.failed
    assert [(row.interface_id, row.reason) for row in rows if row.action == "skip"] == [
        ("eni-0a1b2c3d4e5f60723", "it vanished during the run")
    ]


def test_an_interface_that_vanishes_with_its_session(run, emulator):
    run()
    gone = [{"action": "DetachNetworkInterface", "parameters": {"AttachmentId": attachment(emulator), "Force": True}}]
    gone += [{"action": "DeleteNetworkInterface", "parameters": {"NetworkInterfaceId": "eni-0a1b2c3d4e5f60723"}}]
    emulator.knobs(interleave=[{"after": "DescribeNetworkInterfaces", "calls": 1, "do": gone}])
    rows, results = run(description="ids")
    assert not results.failed
    assert plan_entry.summary(rows) == {"create": 0, "update": 5, "unchanged": 0, "delete": 0, "skip": 1}


def attachment(emulator):
    found = emulator.client().describe_network_interfaces(NetworkInterfaceIds=["eni-0a1b2c3d4e5f60723"])[
        "NetworkInterfaces"
    ][0]
    return found["Attachment"]["AttachmentId"]


def on_web(number, **more):
    """The members that make a session of the fleet on the web server's interface."""
    return {
        "NetworkInterfaceId": WEB,
        "SessionNumber": number,
        "TrafficMirrorTargetId": "tmt-0a1b2c3d4e5f60718",
        "TrafficMirrorFilterId": "tmf-0a1b2c3d4e5f60718",
        "TagSpecifications": [
            {"ResourceType": "traffic-mirror-session", "Tags": [{"Key": "vtap:fleet", "Value": "ids"}]}
        ],
        **more,
    }


def other_run(number):
    """Another run of the fleet makes a session on the web server's interface after we have looked."""
    return [{"after": "DescribeTrafficMirrorSessions", "do": [{"action": CREATE, "parameters": on_web(number)}]}]


@pytest.mark.parametrize("number", [1, 2])
def test_two_runs_at_once_make_no_doubles(run, running, emulator, number):
    emulator.knobs(interleave=other_run(number))
    _rows, results = run()
    assert not results.failed
    there = [row for row in marked(running) if row["NetworkInterfaceId"] == WEB]
    assert [row["SessionNumber"] for row in there] == [1]


@pytest.fixture
def two(running, emulator):
    """The ids of two sessions of the fleet on the web server's interface, the one to keep first."""
    made = [running[1].create_traffic_mirror_session(**on_web(number)) for number in (1, 2)]
    return [one["TrafficMirrorSession"]["TrafficMirrorSessionId"] for one in made]


def removal(session):
    return {"action": DELETE, "parameters": {"TrafficMirrorSessionId": session}}


@pytest.mark.parametrize(("description", "late"), [(None, False), ("new", False), ("new", True)])
def test_the_last_session_is_not_one_too_many(running, emulator, two, description, late):
    """A person removes the session that was to stay: before the first call, or after the last change."""
    given = {"sources": [{"network_interface_ids": [WEB]}], "description": description}
    crew, rows = planned(Ec2(running[1], sts=lambda: None), **given)
    assert [row.action for row in rows] == ["unchanged" if description is None else "update", "delete"]
    if late:
        emulator.knobs(interleave=[{"after": "ModifyTrafficMirrorSession", "do": [removal(two[0])]}])
    else:
        running[1].delete_traffic_mirror_session(TrafficMirrorSessionId=two[0])
    results = crew.run(rows)
    assert not results.failed and [row["TrafficMirrorSessionId"] for row in marked(running)] == two[1:]
    assert (rows[1].action, rows[1].reason) == (
        "skip",
        f"{two[0]} is not the fleet's on this interface, so {two[1]} stays",
    )
    assert [found["traffic_mirror_session_id"] for _row, found in results.sessions] == two[1:]
    assert fleet_report.coverage(rows)["mirrored"] == 1


@pytest.mark.parametrize("description", [None, "new"])
def test_what_a_look_shows_to_be_without_a_session_is_not_mirrored(running, emulator, two, description):
    given = {"sources": [{"network_interface_ids": [WEB]}], "description": description}
    crew, rows = planned(Ec2(running[1], sts=lambda: None), **given)
    gone = [removal(one) for one in two]
    if description is None:
        for one in two:
            running[1].delete_traffic_mirror_session(TrafficMirrorSessionId=one)
    else:
        emulator.knobs(interleave=[{"after": "ModifyTrafficMirrorSession", "do": gone}])
    results = crew.run(rows)
    assert not results.failed and results.sessions == []
    assert fleet_report.coverage(rows) == {"selected": 1, "eligible": 1, "mirrored": 0, "unmirrored": [WEB]}
    assert (rows[0].action, rows[0].reason) == ("skip", "no session of the fleet is left on this interface")


@pytest.mark.parametrize("denied", [[], ["ec2:CreateTags"]])
def test_a_session_gives_way_only_to_one_that_was_adopted(running, emulator, denied):
    """The fleet's own has no room, the other one has; which of them has the lower number does not matter."""
    elsewhere = running[1].create_traffic_mirror_target(NetworkInterfaceId="eni-0a1b2c3d4e5f60741")
    target = elsewhere["TrafficMirrorTarget"]["TrafficMirrorTargetId"]
    ids = [
        running[1].create_traffic_mirror_session(**members)["TrafficMirrorSession"]["TrafficMirrorSessionId"]
        for members in (on_web(1, TrafficMirrorTargetId=target), on_web(2, TagSpecifications=[]))
    ]
    targets = [{"traffic_mirror_target_name": "lab-target", "capacity": 1}]
    emulator.knobs(denied=denied)
    crew, rows = planned(
        Ec2(running[1], sts=lambda: None),
        sources=[{"network_interface_ids": [WEB]}],
        targets=targets,
        adopt=True,
    )
    assert [(row.action, row.session["traffic_mirror_session_id"]) for row in rows] == [
        ("delete", ids[0]),
        ("update", ids[1]),
    ]
    results = crew.run(rows)
    emulator.knobs(denied=[])
    assert [row["TrafficMirrorSessionId"] for row in marked(running)] == ([ids[0]] if denied else [ids[1]])
    assert bool(results.failed) == bool(denied) and fleet_report.coverage(rows)["mirrored"] == 1


def test_only_doubles_cost_a_look(run, running, emulator, two):
    """Nothing is written before the removals: only where one of several goes does another look decide."""
    run(sources=[{"instance_types": ["c5.*"]}], purge=False)
    emulator.clear_log()
    run(sources=[{"instance_types": ["c5.*"]}], max_deletes="2")
    assert len(calls(emulator, DELETE)) == 2 and len(calls(emulator, "DescribeTrafficMirrorSessions")) == 1
    for number in (1, 2):
        running[1].create_traffic_mirror_session(**on_web(number))
    emulator.clear_log()
    run(sources=[{"instance_types": ["c5.*"]}, {"network_interface_ids": [WEB]}])
    assert len(calls(emulator, DELETE)) == 1 and len(calls(emulator, "DescribeTrafficMirrorSessions")) == 2


def test_what_is_taken_from_the_fleet_meanwhile_is_not_removed(run, running, emulator):
    """Somebody keeps a session by taking the mark away while the others are still being made."""
    run(sources=[{"network_interface_ids": [WEB]}])
    kept = marked(running)[0]["TrafficMirrorSessionId"]
    untag = {"action": "DeleteTags", "parameters": {"Resources": [kept], "Tags": [{"Key": "vtap:fleet"}]}}
    emulator.knobs(interleave=[{"after": CREATE, "do": [untag]}])
    rows, results = run(sources=[{"instance_types": ["c5.*"]}])
    assert not results.failed and plan_entry.summary(rows)["create"] == 3
    assert [row.reason for row in rows if row.action == "skip"] == ["its session is not the fleet's any more"]
    found = running[1].describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert kept in [row["TrafficMirrorSessionId"] for row in found]


def test_removals_that_cannot_be_confirmed_are_reported(run, running, emulator):
    run(sources=[{"network_interface_ids": [WEB]}])
    crew, rows = planned(Ec2(running[1], sts=lambda: None), sources=[{"instance_types": ["c5.*"]}])
    emulator.knobs(denied=["ec2:DescribeTrafficMirrorSessions"])
    results = crew.run(rows)
    emulator.knobs(denied=[])
    assert [(one["action"], one["code"]) for one in results.failed] == [("delete", "UnauthorizedOperation")]
    assert results.duplicate_check_error.code == "UnauthorizedOperation" and len(marked(running)) == 4


def test_a_last_look_that_fails_forgets_nothing(running, emulator):
    crew, rows = planned(Ec2(running[1], sts=lambda: None))
    emulator.knobs(denied=["ec2:DescribeTrafficMirrorSessions"])
    results = crew.run(rows)
    assert results.changed and len(results.sessions) == 6 and not results.failed
    assert results.duplicate_check_error.code == "UnauthorizedOperation"


def test_sessions_that_others_remove_are_made_again(run, running, emulator):
    run()
    victim = next(row for row in marked(running) if row["NetworkInterfaceId"] == WEB)["TrafficMirrorSessionId"]
    emulator.knobs(interleave=[{"after": "DescribeNetworkInterfaces", "do": [removal(victim)]}])
    _rows, results = run(description="ids")
    assert not results.failed
    assert len(marked(running)) == 6 and {row["Description"] for row in marked(running)} == {"ids"}


def test_the_pace_keeps_within_the_bucket(run, emulator):
    emulator.knobs(throttle={CREATE: [2, 20]})
    _rows, results = run(rate_limiter=RateLimiter(burst=2, per_second=20))
    assert not results.failed
    assert len(calls(emulator, CREATE)) <= 8  # six, and hardly any for nothing


def test_a_bucket_that_somebody_else_empties(run, emulator):
    emulator.knobs(throttle={CREATE: [1, 20]})
    _rows, results = run(rate_limiter=RateLimiter(burst=50, per_second=20))
    assert not results.failed


def test_a_bucket_with_half_the_refill(run, running, emulator):
    """Somebody else takes the other half: the rate limiter finds what is left, and wastes little on finding it."""
    emulator.crowd(100, tags={"Role": "many"})
    emulator.knobs(throttle={CREATE: [5, 50]})
    _rows, results = run(rate_limiter=RateLimiter(burst=50, per_second=100), sources=[{"tags": {"Role": "many"}}])
    assert not results.failed and len(marked(running)) == 100
    assert len(calls(emulator, CREATE)) <= 150


def test_pace_counts_like_a_bucket():
    now, slept = [0.0], []
    rate_limiter = RateLimiter(burst=2, per_second=4, clock=lambda: now[0], sleep=slept.append)
    for _call in range(4):
        rate_limiter.wait("A")
    rate_limiter.wait("B")
    assert slept == [0.25, 0.5]
    now[0] = 10.0
    rate_limiter.throttled("A")
    rate_limiter.wait("A")
    assert slept[2:] == [pytest.approx(1 / (4 * 0.9 * 1.01))]


def test_pace_slows_down_and_recovers_but_never_stops():
    now, slept = [0.0], []
    rate_limiter = RateLimiter(burst=1, per_second=4, clock=lambda: now[0], sleep=slept.append)
    for _refusal in range(1000):
        rate_limiter.throttled("A")
    rate_limiter.wait("A")
    assert slept[-1] == pytest.approx(2, rel=0.02)
    for _call in range(1000):
        now[0] += 10
        rate_limiter.wait("A")
    rate_limiter.wait("A")
    assert slept[-1] == pytest.approx(0.25)
