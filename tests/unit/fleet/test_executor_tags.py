# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of a fleet's sessions, against the emulator: calls for many sessions, and sessions that EC2 refuses."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.stop_rules import MAX_REFUSALS

from tests.unit.fleet.runs import (
    CREATE,
    assert_reports_truth,
    list_calls,
    plan_fleet,
)

MANY = {"sources": [{"tags": {"Role": "many"}}]}
LAB = {"target": "tmt-0a1b2c3d4e5f60718", "filter": "tmf-0a1b2c3d4e5f60718"}


def seed(emulator, count, **tags):
    """Create interfaces with a session each. Returns the ids of interfaces and sessions."""
    seeded = emulator.bulk_seed(count, tags={"Role": "many"}, sessions={**LAB, "tags": tags})
    emulator.clear_log()
    return seeded["interfaces"], seeded["sessions"]


def count_changes(emulator):
    """The number of calls that change something, by action."""
    return Counter(call["action"] for call in emulator.log() if not call["action"].startswith("Describe"))


@pytest.mark.parametrize(
    ("count", "before", "options", "calls"),
    [
        (1001, {"Old": "x"}, {"adopt": True, "tags": {"New": "x"}}, {"CreateTags": 2, "DeleteTags": 2}),
        (9, {}, {"adopt": True}, {"CreateTags": 1}),
        (9, {"vtap:fleet": "old"}, {"adopt_fleets": ["old"]}, {"CreateTags": 1}),
        (9, {"vtap:fleet": "ids", "Old": "x"}, {"tags": {"New": "x"}}, {"CreateTags": 1, "DeleteTags": 1}),
        (9, {"vtap:fleet": "ids", "Old": "x"}, {"tags": {}}, {"DeleteTags": 1}),
    ],
)
def test_sessions_with_equal_tags_are_retagged_a_thousand_per_call(running, emulator, count, before, options, calls):
    seed(emulator, count, **before)
    run = plan_fleet(running, **MANY, **options).execute()
    assert run.summary == {"updated": count} and run.counts() == (count, 0)
    assert all(entry.is_changed for entry in run.entries)
    assert count_changes(emulator) == calls
    assert_reports_truth(run, running)
    assert plan_fleet(running, **MANY, **options).summary == {"unchanged": count}


def test_session_that_may_not_be_tagged_fails_alone(running, emulator):
    _interfaces, sessions = seed(emulator, 200, **{"vtap:fleet": "ids", "Old": "x"})
    emulator.settings(denied=[f"ec2:CreateTags {sessions[70]}"])
    run = plan_fleet(running, **MANY, tags={"New": "x"}).execute()
    emulator.settings(denied=[])
    assert run.summary == {"updated": 199, "failed": 1} and set(run.failures.values()) == {"UnauthorizedOperation"}
    changes = count_changes(emulator)
    assert changes["CreateTags"] <= 1 + 2 * 8 and changes["DeleteTags"] == 1
    # The session has neither lost its old tags nor counts as changed.
    assert_reports_truth(run, running)
    assert [entry.key for entry in run.entries if not entry.is_changed] == list(run.failures)


def test_session_that_is_deleted_meanwhile_is_created_again(running, emulator):
    interfaces, sessions = seed(emulator, 100, **{"vtap:fleet": "ids", "Old": "x"})
    run = plan_fleet(running, **MANY, tags={"New": "x"})
    running[1].delete_traffic_mirror_session(TrafficMirrorSessionId=sessions[70])
    run.execute()
    assert run.summary == {"updated": 100} and run.counts() == (100, 0)
    assert [call["parameters"]["NetworkInterfaceId"] for call in list_calls(emulator, CREATE)] == [interfaces[70]]
    assert_reports_truth(run, running)


def test_interface_that_is_deleted_meanwhile_is_skipped(running, emulator):
    interfaces, _sessions = seed(emulator, 100, **{"vtap:fleet": "ids", "Old": "x"})
    run = plan_fleet(running, **MANY, tags={"New": "x"})
    emulator.delete_interface(interfaces[70])  # with its session
    run.execute()
    assert run.summary == {"updated": 99, "skipped": 1}
    assert run.skips == {interfaces[70]: "the interface was deleted during the run"}


def test_denied_tags_stop(running, emulator):
    seed(emulator, 300, **{"vtap:fleet": "ids", "Old": "x"})
    emulator.settings(denied=["ec2:CreateTags"])
    run = plan_fleet(running, **MANY, tags={"New": "x"}).execute()
    emulator.settings(denied=[])
    assert run.summary == {"failed": 300} and not run.changed
    assert set(run.failures.values()) == {"UnauthorizedOperation"}
    assert count_changes(emulator) == {"CreateTags": MAX_REFUSALS}
    assert_reports_truth(run, running)


def test_sessions_with_the_maximum_of_tags_are_retagged_alone(running, emulator):
    """A session has at most 50 tags. One must be deleted before another can be set."""
    full = {f"Old{number}": "x" for number in range(49)}
    seed(emulator, 3, **{"vtap:fleet": "ids", **full})
    seed(emulator, 20, **{"vtap:fleet": "ids", "Old0": "x"})
    run = plan_fleet(running, **MANY, tags={"New": "x"}).execute()
    assert run.summary == {"updated": 23}
    assert count_changes(emulator) == {"CreateTags": 3 + 1, "DeleteTags": 3 + 1}
    assert_reports_truth(run, running)


def test_tags_of_changed_sessions_are_grouped(running, emulator):
    seed(emulator, 30, **{"vtap:fleet": "ids"})
    run = plan_fleet(running, **MANY, tags={"New": "x"}, description="new").execute()
    assert run.summary == {"updated": 30}
    assert count_changes(emulator) == {"ModifyTrafficMirrorSession": 30, "CreateTags": 1}
    assert_reports_truth(run, running)


def test_session_that_cannot_be_changed_gets_no_tags(running, emulator):
    """Otherwise a session would be adopted that has another target or description than the fleet's."""
    _interfaces, sessions = seed(emulator, 30)
    emulator.settings(denied=[f"ec2:ModifyTrafficMirrorSession {sessions[7]}"])
    run = plan_fleet(running, **MANY, adopt=True, description="new").execute()
    emulator.settings(denied=[])
    assert run.summary == {"updated": 29, "failed": 1} and run.counts() == (29, 1)
    assert count_changes(emulator)["CreateTags"] == 1
    assert_reports_truth(run, running)
