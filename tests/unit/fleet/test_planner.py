# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans of a fleet: creations, updates, deletions, and sessions that stay for want of a better place."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import EntrySkipped, Status
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.plan_entry import Selection
from ansible_collections.vtap.aws.plugins.module_utils._fleet.target_assignment import Target
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError
from ansible_collections.vtap.aws.plugins.module_utils._model.placeholders import UnresolvedRef

from tests.unit.fleet.builders import (
    DETACHED,
    HIDDEN,
    OTHER,
    OTHER_FILTER,
    aws_state,
    fleet,
    get_only,
    interface,
    session,
    target,
    target_id,
)

HIGHEST = 32766


def plan(current, hold=False, **given_options):
    return planner.plan(fleet(**given_options), current, hold)


def plan_one(current, hold=False, **given_options):
    return get_only(plan(current, hold, **given_options))


def others_on(*numbers, **fields):
    """Sessions outside the fleet on interface 1."""
    return [session(10 + number, 1, session_number=number, **{"tags": {}, **fields}) for number in numbers]


def test_new_match_gets_session():
    entry = plan_one(aws_state([interface(1), interface(2, mirror=False)]))
    assert (entry.action, entry.reason, entry.session["session_number"]) == ("create", "new match", 1)
    tags = entry.plan.actions[0].params["TagSpecifications"][0]["Tags"]
    assert tags == [{"Key": "vtap:fleet", "Value": "ids"}]


@pytest.mark.parametrize("session_numbers", [None, "1-3"])
def test_session_limit_skips_interface(session_numbers):
    """Also if the sessions belong to other accounts."""
    others = [*others_on(11, 12), *others_on(13, owner=OTHER)]
    entry = plan_one(aws_state([interface(1)], others), session_numbers=session_numbers)
    assert (entry.action, entry.reason) == ("skip", "session limit reached: 3 sessions outside this fleet")
    assert (entry.selection, entry.problem) == (Selection.ELIGIBLE, entry.reason)


@pytest.mark.parametrize(
    ("others", "session_numbers", "reason"),
    [
        (others_on(1, 2, filter_id=OTHER_FILTER), "1-2", "no free session number in 1-2"),
        (
            others_on(HIGHEST, filter_id=OTHER_FILTER),
            None,
            f"another session has the highest session number, {HIGHEST}",
        ),
        (others_on(4), None, "would get no packets: sessions with lower numbers mirror the same packets"),
        (others_on(1), "2", "would get no packets: sessions with lower numbers mirror the same packets"),
    ],
)
def test_interface_without_session_number_is_skipped(others, session_numbers, reason):
    entry = plan_one(aws_state([interface(1)], others), session_numbers=session_numbers)
    assert (entry.action, entry.reason, entry.plan.actions) == ("skip", reason, ())


def test_new_sessions_use_least_loaded_target_in_zone():
    targets = (target(1, None, "a"), target(2, None, "b"), target(3, None, "b"))
    state = aws_state([interface(number, zone="b") for number in (1, 2)], targets=targets)
    assert [entry.session["traffic_mirror_target_id"] for entry in plan(state)] == [targets[1].id, targets[2].id]


def test_creation_waits_for_freed_capacity():
    """A held-back deletion frees no capacity."""
    state = aws_state([interface(1), interface(2, mirror=False)], [session(1, 2)], [target(1, 1)])
    creation, deletion = plan(state)
    assert (creation.action, deletion.action) == ("create", "delete") and creation.phase > deletion.phase
    skipped, held = plan(state, hold=True)
    assert (skipped.action, skipped.problem) == ("skip", "all targets are at capacity")
    assert (held.action, held.status) == ("delete", Status.HELD_BACK)


def test_capacity_of_sessions_that_are_deleted_anyway_is_free():
    """The deletions of sessions of terminated instances are not held back."""
    state = aws_state([interface(1), interface(2, state="terminated")], [session(1, 2)], [target(1, 1)])
    for hold in (False, True):
        creation, deletion = plan(state, hold)
        assert (creation.action, deletion.status) == ("create", Status.PLANNED)


def test_sessions_outside_the_fleet_are_listed():
    others = [*others_on(1, filter_id=OTHER_FILTER), *others_on(2, filter_id=OTHER_FILTER, owner=OTHER)]
    entry = plan_one(aws_state([interface(1)], others))
    assert (entry.action, entry.session["session_number"]) == ("create", 3)
    assert entry.describe()["other_session_ids"] == [f"tms-{11:017x}", f"tms-{12:017x}"]
    adoptable = [*others_on(1), *others_on(2, owner=OTHER)]
    adopted = plan_one(aws_state([interface(1)], adoptable), adopt=True)
    assert (adopted.action, adopted.describe()["other_session_ids"]) == ("update", [f"tms-{12:017x}"])


def test_absent_deletes_only_sessions_of_the_fleet():
    sessions = [session(1, 1), session(2, 1, session_number=2, tags={}), session(3, 2, owner=OTHER)]
    entry = plan_one(aws_state([], sessions), state="absent", sources=None, targets=None, purge=False)
    assert (entry.action, entry.session["traffic_mirror_session_id"]) == ("delete", f"tms-{1:017x}")


EXCLUDE = [{"tags": {"Role": "sensor"}}]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"state": "terminated"}, "instance is terminated"),
        ({"mirror": False}, "no longer matches sources[0]: tag Mirror is missing; 'yes' is required"),
        ({"tags": {"Mirror": "no"}}, "no longer matches sources[0]: tag Mirror is 'no', not 'yes'"),
        ({"tags": {"Role": "sensor"}}, "excluded by exclude[0] (tag Role 'sensor')"),
        ({"state": "stopped"}, "instance is stopped; on_stopped is delete"),
        ({"ipv6_only": True}, "subnet is IPv6-only"),
        ({"tags": {"Mirror": "yes"}, **DETACHED}, "not attached to an instance"),
        (None, "the interface does not exist"),
    ],
)
def test_reason_of_a_deletion(fields, reason):
    interfaces = [] if fields is None else [interface(1, **fields)]
    state = aws_state(interfaces, [session(1, 1)])
    entry = plan_one(state, on_stopped="delete", exclude=EXCLUDE)
    assert (entry.action, entry.reason) == ("delete", reason)
    kept = plan_one(state, on_stopped="delete", exclude=EXCLUDE, purge=False)
    assert (kept.action, kept.reason, kept.plan.actions) == ("skip", f"{reason}; kept because purge is false", ())
    assert entry.is_safe_deletion is (reason in ("instance is terminated", "the interface does not exist"))
    assert plan_one(state, hold=True, on_stopped="delete", exclude=EXCLUDE).is_open is entry.is_safe_deletion


@pytest.mark.parametrize("state_name", ["pending", "stopping", "stopped"])
@pytest.mark.parametrize(
    ("given_options", "existing", "without"),
    [
        ({}, "unchanged", "skip"),
        ({"on_stopped": "delete"}, "delete", "skip"),
        ({"purge": False, "on_stopped": "delete"}, "skip", "skip"),
    ],
)
def test_stopped_instances_keep_their_sessions_and_get_none(state_name, given_options, existing, without):
    stopped = interface(1, state=state_name)
    assert plan_one(aws_state([stopped], [session(1, 1)]), **given_options).action == existing
    entry = plan_one(aws_state([stopped]), **given_options)
    assert (entry.action, entry.reason) == (without, f"instance is {state_name}")


@pytest.mark.parametrize("on_stopped", ["keep", "delete"])
def test_stopped_instances_that_sources_name_get_sessions(on_stopped):
    sources = [{"tags": {"Mirror": "yes"}, "instance_states": ["running", "stopped"]}]
    state = aws_state([interface(1, state="stopped"), interface(2, state="stopped")], [session(1, 1)])
    entries = plan(state, sources=sources, on_stopped=on_stopped)
    assert [entry.action for entry in entries] == ["unchanged", "create"]


def test_session_of_a_hidden_instance_is_kept():
    entry = plan_one(aws_state([interface(1, **HIDDEN)], [session(1, 1)]))
    assert (entry.action, entry.reason) == ("skip", "instance is not visible yet")


MOVED = {"traffic_mirror_target_id": [target_id(9), target_id(1)]}


@pytest.mark.parametrize(
    ("target_on", "targets", "changes", "problem"),
    [
        # The target was removed from the list.
        (9, [target(1)], MOVED, ""),
        (
            9,
            [target(1, 1)],
            None,
            f"keeps target {target_id(9)}, which is not in targets: no other target has capacity",
        ),
        # The target lost its capacity, of two sessions.
        (1, [target(1, 1)], None, f"keeps target {target_id(1)}, which is at capacity: no other target has capacity"),
        (1, [target(1, 1), target(2)], {"traffic_mirror_target_id": [target_id(1), target_id(2)]}, ""),
        (1, [target(1, 2)], None, ""),
    ],
)
def test_session_without_a_better_target_stays(target_on, targets, changes, problem):
    """Interface 1 has the only place of target 1."""
    sessions = [session(1, 1), session(2, 2, target=target_on)]
    first, second = plan(aws_state([interface(1), interface(2)], sessions, targets))
    assert (first.action, first.problem) == ("unchanged", "")
    assert (second.action, second.changes) == ("update" if changes else "unchanged", changes)
    assert (second.problem, second.session["traffic_mirror_session_id"]) == (problem, f"tms-{2:017x}")


def test_session_that_stays_gets_the_other_options():
    state = aws_state([interface(1)], [session(1, 1, session_number=9, target=9)], [target(1, 0)])
    entry = plan_one(state, session_numbers="1-3", description="new")
    assert (entry.action, sorted(entry.changes)) == ("update", ["description", "session_number"])
    assert entry.problem.startswith(f"keeps target {target_id(9)}")


@pytest.mark.parametrize("purge", [True, False])
def test_session_without_a_better_number_stays(purge):
    sessions = [*others_on(1, filter_id=OTHER_FILTER), session(1, 1, session_number=9)]
    entry = plan_one(aws_state([interface(1)], sessions), session_numbers="1", purge=purge)
    assert (entry.action, entry.problem) == ("unchanged", "keeps session number 9: no free session number in 1")


def test_session_whose_new_filter_would_take_packets_stays_as_it_is_if_no_number_is_higher():
    sessions = [session(1, 1, filter_id=OTHER_FILTER), *others_on(HIGHEST)]
    entry = plan_one(aws_state([interface(1)], sessions), description="new")
    assert (entry.action, entry.plan.actions) == ("skip", ())
    assert entry.problem == f"another session has the highest session number, {HIGHEST}"
    assert entry.session == sessions[0]


def test_session_with_too_many_tags_stays_as_it_is():
    tags = {"vtap:fleet": "ids", **{f"key{number}": "" for number in range(49)}}
    state = aws_state([interface(1), interface(2)], [session(1, 1, tags=tags)])
    first, second = plan(state, tags={"Team": "soc"}, purge_tags=False)
    assert (first.action, first.session, second.action) == ("skip", state.sessions[0], "create")
    assert first.problem.startswith("TagLimitExceeded: the resource would have 51 tags")


def test_too_many_tags_in_the_task_fail():
    with pytest.raises(ConflictError, match="TagLimitExceeded"):
        plan(aws_state([interface(1)]), tags={f"key{number}": "" for number in range(50)})


@pytest.mark.parametrize(
    ("given_options", "reason"),
    [
        ({"description": "new"}, "differs in description"),
        ({"packet_length": 100, "tags": {"Team": "soc"}}, "differs in packet_length, tags"),
    ],
)
def test_update_has_the_differences_as_reason(given_options, reason):
    entry = plan_one(aws_state([interface(1)], [session(1, 1)]), **given_options)
    assert (entry.action, entry.reason, entry.phase) == ("update", reason, planner.FIRST)


def test_quota_of_the_account(monkeypatch):
    """Of four sessions: sessions of other accounts do not count, deleted ones only until they are deleted."""
    monkeypatch.setattr(planner, "SESSIONS_PER_ACCOUNT", 3)
    sessions = [session(1, 1), session(2, 2), session(3, 9, tags={}), session(4, 9, session_number=2, owner=OTHER)]
    interfaces = [interface(1), interface(2, mirror=False), interface(3), interface(4)]
    unchanged, deletion, creation, skipped = plan(aws_state(interfaces, sessions))
    assert (unchanged.action, deletion.action, creation.action) == ("unchanged", "delete", "create")
    assert creation.phase > deletion.phase
    assert skipped.action == "skip" and skipped.problem.startswith("TrafficMirrorSessionLimitExceeded: the quota is 3")
    held = plan(aws_state(interfaces, sessions), hold=True)
    assert [entry.action for entry in held] == ["unchanged", "delete", "skip", "skip"]


def test_filter_and_targets_of_earlier_tasks_are_references():
    dns, sensors = UnresolvedRef("dns", "tmf"), UnresolvedRef("sensors", "tmt")
    entries = plan(
        aws_state([interface(1), interface(2)], [session(1, 1)], [Target(sensors, None, None)], filter_id=dns)
    )
    assert [entry.action for entry in entries] == ["update", "create"]
    for entry in entries:
        assert entry.session["traffic_mirror_filter_id"] == dns
        assert entry.session["traffic_mirror_target_id"] == sensors


def test_item_of_the_result():
    sessions = [session(1, 1), session(2, 2)]
    state = aws_state([interface(1, name="web"), interface(2, mirror=False), interface(3, ipv6_only=True)], sessions)
    update, held, skipped = plan(state, hold=True, description="new")
    assert update.describe() == {
        "network_interface_id": interface(1).id,
        "action": "update",
        "reason": "differs in description",
        "cause": "drift",
        "instance_id": interface(1).attached_to,
        "traffic_mirror_session_id": f"tms-{1:017x}",
        "session_number": 1,
        "traffic_mirror_target_id": target_id(1),
        "changes": {"description": ["", "new"]},
    }
    assert (held.describe()["action"], held.describe()["status"]) == ("delete", "held_back")
    assert skipped.describe() == {
        "network_interface_id": interface(3).id,
        "action": "skip",
        "reason": "subnet is IPv6-only",
        "instance_id": interface(3).attached_to,
    }


@pytest.mark.parametrize(
    ("now", "number", "problem"),
    [
        ([], 1, None),
        (others_on(1, filter_id=OTHER_FILTER), 2, None),
        (others_on(1), None, "would get no packets"),
        (others_on(1, 2, 3), None, "session limit reached: 3"),
        (others_on(HIGHEST, filter_id=OTHER_FILTER), None, "another session has the highest session number"),
    ],
)
def test_creation_is_planned_again_with_the_sessions_of_the_interface(now, number, problem):
    state = aws_state([interface(1)])
    entry = plan_one(state)
    if problem is None:
        again = planner.replan(fleet(), state, entry, now)
        assert [action.params["SessionNumber"] for action in again.actions] == [number]
    else:
        with pytest.raises(EntrySkipped, match=f"^{problem}"):
            planner.replan(fleet(), state, entry, now)
        assert entry.problem.startswith(problem)


def test_creation_is_complete_if_a_concurrent_run_made_the_session():
    state = aws_state([interface(1)])
    entry = plan_one(state)
    assert planner.replan(fleet(), state, entry, [session(1, 1)]).actions == ()
