# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expiry of the sessions of a stack: an entry whose time has passed means that the session is absent."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION
from ansible_collections.vtap.aws.plugins.module_utils._stack.document import build_document
from ansible_collections.vtap.aws.plugins.module_utils._stack.options import TYPES
from ansible_collections.vtap.aws.plugins.module_utils._stack.report import list_resources, list_warnings

from tests.unit.stack.runs import (
    APP1,
    LAB_FILTER,
    LAB_TARGET,
    SENSOR,
    WEB,
    connect,
    document,
    find_named,
    lab_session,
    list_marked,
    list_writes,
    only_sessions,
    options,
    target_entry,
)

PAST, FUTURE = "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


def expired(name="s", interface=WEB, number=1, **given):
    return lab_session(name, interface, number, expires_at=PAST, **given)


def describe(run):
    return [(one.action, one.key, one.reason) for one in run.entries]


def test_time_is_a_tag(run, running):
    params = only_sessions(lab_session("s", WEB, 1, expires_at=FUTURE))
    first = run(params)
    assert find_named(running, SESSION, "s")["tags"]["vtap:expires"] == FUTURE
    assert list_resources(first.entries)["sessions"]["s"]["expires_at"] == FUTURE
    assert run(params).summary == {"unchanged": 1}
    assert run(only_sessions(lab_session("s", WEB, 1, tags={}))).summary == {"unchanged": 1}, "omitted: kept"
    assert run(only_sessions(lab_session("s", WEB, 1, expires_at=""))).summary == {"updated": 1}
    assert "vtap:expires" not in find_named(running, SESSION, "s")["tags"]


@pytest.mark.parametrize("given", [{}, {"purge": False}, {"max_deletes": "0"}])
def test_expired_session_is_deleted(run, running, plan, given):
    run(only_sessions(lab_session("s", WEB, 1), lab_session("kept", APP1, 1)))
    params = {**only_sessions(expired(), lab_session("kept", APP1, 1)), **given}
    assert plan(params, True).planned == plan(params).planned and plan(params).excess is None
    done = run(params)
    assert describe(done)[0] == ("delete", "session s", f"expired at {PAST}")
    assert done.summary == {"deleted": 1, "unchanged": 1}
    assert list_marked(running)["sessions"] == ["kept"]
    again = run(params)
    assert describe(again)[0] == ("skip", "session s", f"expired at {PAST}") and not again.changed
    assert list_resources(again.entries)["sessions"].keys() == {"kept"}


def test_last_session(run, running):
    """The limit that nothing would be left does not apply."""
    run(only_sessions(lab_session("s", WEB, 1)))
    done = run({**only_sessions(expired()), "max_deletes": "0"})
    assert done.excess is None and list_marked(running)["sessions"] == []


def test_held_back_deletions_do_not_concern_expired_sessions(run, running):
    run(only_sessions(*(lab_session(name, WEB, number) for number, name in enumerate(("s", "t"), 1))))
    done = run({**only_sessions(expired()), "max_deletes": "0"})
    assert done.excess is not None and done.summary == {"deleted": 1, "held_back": 1}
    assert list_marked(running)["sessions"] == ["t"]


@pytest.mark.parametrize("mark", [None, "vtap:fleet", "vtap:stack"])
@pytest.mark.parametrize("by_id", [False, True])
def test_session_that_does_not_belong_to_the_stack_is_left(running, emulator, run, mark, by_id):
    created = running[1].create_traffic_mirror_session(
        NetworkInterfaceId=WEB, SessionNumber=1, TrafficMirrorFilterId=LAB_FILTER, TrafficMirrorTargetId=LAB_TARGET
    )["TrafficMirrorSession"]["TrafficMirrorSessionId"]
    emulator.tags(created, Name="s", **({mark: "other"} if mark else {}))
    entry = expired(traffic_mirror_session_id=created) if by_id else expired()
    emulator.clear_log()
    done = run(only_sessions(entry, adopt=True))
    assert done.summary == {"skipped": 1} and list_writes(emulator) == []
    assert find_named(running, SESSION, "s")["traffic_mirror_session_id"] == created


def test_id_that_was_replaced(running, run):
    """The name identifies the session, as on reruns of other entries."""
    run(only_sessions(lab_session("s", WEB, 1), lab_session("kept", APP1, 1)))
    kept = lab_session("kept", APP1, 1)
    entry = expired(traffic_mirror_session_id="tms-" + "9" * 17)
    assert run(only_sessions(entry, kept)).summary == {"deleted": 1, "unchanged": 1}
    assert list_marked(running)["sessions"] == ["kept"]


def test_session_by_id(running, run):
    run(only_sessions(lab_session("s", WEB, 1)))
    entry = expired(None, traffic_mirror_session_id=find_named(running, SESSION, "s")["traffic_mirror_session_id"])
    assert run(only_sessions(entry)).summary == {"deleted": 1}


def test_other_entries_get_number_and_interface(run, plan, running):
    """An expired entry does not count as one of the interface."""
    numbers = (("s", 1), ("b", 2), ("c", 3))
    run(only_sessions(*(lab_session(name, WEB, number) for name, number in numbers)))
    entries = [expired(), *(lab_session(name, WEB, number) for name, number in (*numbers[1:], ("new", 1)))]
    params = only_sessions(*entries)
    assert plan(params).order == [["session s"], ["session new"]]
    assert run(params).failures == {} and list_marked(running)["sessions"] == ["b", "c", "new"]


def test_interface_becomes_a_destination(run):
    run(document(targets=(("t", SENSOR),), sessions=(("s", WEB),)))
    targets = (("t", SENSOR), target_entry("u", network_interface_id=WEB))
    assert run(document(targets=targets, sessions=(expired(),))).failures == {}


def test_filter_and_target_that_only_an_expired_session_uses(run, running):
    run(document(filters=("f", "g"), targets=(("t", SENSOR),), sessions=(("s", WEB),)))
    params = options(filters=[], targets=[], sessions=[expired()], max_deletes="2")
    done = run(params)
    assert "deletes 3 resources" in done.excess and list_marked(running)["sessions"] == []
    done = run({**params, "max_deletes": "100", "filters": [{**document()["filters"][0], "name": "new"}]})
    assert done.failures == {} and list_marked(running) == {"filters": ["new"], "targets": [], "sessions": []}


def test_references_of_an_expired_entry_need_not_exist(run):
    assert run(only_sessions(expired(traffic_mirror_filter_name="missing"))).summary == {"skipped": 1}


def test_names_are_unique_with_expired_entries(refuse):
    message = refuse(only_sessions(expired(), lab_session("s", APP1, 1)))
    assert "several entries have name s" in message


def test_expired_tag_without_a_time_in_the_document(run, running, emulator):
    """Only the document decides. The tag is kept."""
    run(only_sessions(lab_session("s", WEB, 1)))
    row = find_named(running, SESSION, "s")
    emulator.tags(row["traffic_mirror_session_id"], **{"vtap:expires": PAST})
    done = run(only_sessions(lab_session("s", WEB, 1, description="new")))
    assert done.summary == {"updated": 1} and list_warnings(done.entries) == []
    row = find_named(running, SESSION, "s")
    assert (row["description"], row["tags"]["vtap:expires"]) == ("new", PAST)
    assert run(only_sessions(lab_session("s", WEB, 1, expires_at=FUTURE))).summary == {"updated": 1}


def test_invalid_time(refuse):
    assert refuse(only_sessions(lab_session("s", WEB, expires_at="4h"))).startswith("sessions: s: expires_at: '4h'")


def test_document_has_the_time(run, running):
    params = only_sessions(lab_session("s", WEB, 1, expires_at=FUTURE))
    run(params)
    ec2 = connect(running)
    for year, time in ((2099, None), (2098, FUTURE)):
        now = datetime(year, 1, 1, tzinfo=timezone.utc)
        (entry,) = build_document({one: ec2.describe(one) for one in TYPES}, "ids", now)["sessions"]
        assert entry.get("expires_at") == time and entry["tags"] == {}
        given = {**params["sessions"][0], "expires_at": None, **entry}
        assert run({**params, "sessions": [given]}).summary == {"unchanged": 1}
