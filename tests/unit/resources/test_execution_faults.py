# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks against the emulator over HTTP, with a lag of all reads, replies that are not XML, and expired credentials."""

from __future__ import annotations

import functools

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._runtime.record import TaskFailed
from botocore.config import Config

from tests.unit.resources.test_interruptions import (
    DB,
    DNS,
    SCENARIOS,
    TLS,
    WEB,
    create_filter,
    create_nothing,
    describe,
    run_and_log,
    run_task,
    without_ids,
)
from tests.unit.shared_client import create_client

NAMES = {"traffic_mirror_filter_name": "lab-filter", "traffic_mirror_target_name": "lab-target"}
SESSION_TASK = {"name": "s", "network_interface_id": WEB, "session_number": 1, **NAMES}


@pytest.fixture(scope="module")
def unretried(running):
    """Return the emulator and a client that sends each call once."""
    return running[0], create_client(running[0], config=Config(retries={"max_attempts": 0}))


def create_session(emulated):
    """Create a session. Returns its id, as the option for the task that moves it."""
    row = run_task(emulated, SESSION, **SESSION_TASK).after
    return {"traffic_mirror_session_id": row["traffic_mirror_session_id"]}


ALL = {
    **SCENARIOS,
    "create session": (create_nothing, SESSION, SESSION_TASK),
    "replace session": (
        create_session,
        SESSION,
        {**SESSION_TASK, "network_interface_id": DB, "allow_replacement": True},
    ),
}


def prepare(emulated, name):
    """Create the prerequisites of a scenario. Returns the resource type and the options of its task."""
    create_prerequisites, resource_type, options = ALL[name]
    emulated[0].reset()
    created = create_prerequisites(emulated)
    return resource_type, {**options, **(created if name == "replace session" else {})}


@functools.cache
def outcome_without_faults(emulated, name):
    """Run the task of a scenario. Returns the resource and the number of resources of its type afterwards."""
    resource_type, options = prepare(emulated, name)
    after = run_task(emulated, resource_type, **options).after
    return without_values_of_ec2(after), len(describe(emulated, resource_type))


def finish(emulated, name, faults):
    """Run a task with faults, then without, and check each outcome. Returns the failure, None without one."""
    emulator = emulated[0]
    expected, count = outcome_without_faults(emulated, name)
    resource_type, options = prepare(emulated, name)
    before = ids_of(emulated)
    emulator.settings(**faults)
    failure = None
    try:
        outcome = run_task(emulated, resource_type, **options)
    except TaskFailed as error:
        failure = error
    except Ec2Error as error:
        failure = error  # before the first call
    emulator.settings(**dict.fromkeys(faults))
    for _read in range(faults.get("lag", {}).get("reads", 0)):
        ids_of(emulated)
    made = ids_of(emulated) - before
    if isinstance(failure, TaskFailed):
        text = failure.message
        assert all(one in text or "EC2 may have carried out: Create" in text for one in made), text
    elif failure is not None:
        assert not made
    else:
        assert without_values_of_ec2(outcome.after) == expected
    after = run_task(emulated, resource_type, **options).after
    assert without_values_of_ec2(after) == expected
    assert run_task(emulated, resource_type, **options).actions == ()
    assert len(describe(emulated, resource_type)) == count
    return failure


def ids_of(emulated):
    return {row[one.id_option] for one in (SESSION, FILTER, TARGET) for row in describe(emulated, one)}


def without_values_of_ec2(row):
    row = without_ids(row)
    return {key: value for key, value in row.items() if key not in ("traffic_mirror_session_id", "virtual_network_id")}


@pytest.mark.parametrize("reads", [1, 3, 15])
@pytest.mark.parametrize("name", ALL)
def test_lag_of_everything(emulated, name, reads):
    failure = finish(emulated, name, {"lag": {"reads": reads, "references": True}})
    assert failure is None or reads == 15


def test_new_filter_that_is_not_visible_for_long_is_created_once(emulated):
    emulated[0].clear_log()
    emulated[0].settings(
        lag={"seconds": 8}, fail={"CreateTrafficMirrorFilterRule": ["InvalidTrafficMirrorFilterId.NotFound", 6]}
    )
    with pytest.raises(TaskFailed, match=r"The new filter '[^']+' is (tmf-\w+); the next run resumes with it"):
        run_task(emulated, FILTER, name="f", rules=[DNS, TLS])
    creates = [entry for entry in emulated[0].log() if entry["action"] == "CreateTrafficMirrorFilter"]
    assert [entry["code"] for entry in creates] == ["OK"]


@pytest.mark.parametrize(("body", "count"), [("html", 1), ("cut", 9)])
@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize("name", ["create", "replace filter", "replace session"])
def test_replies_that_are_not_xml(unretried, name, executed, body, count):
    resource_type, options = prepare(unretried, name)
    _outcome, calls = run_and_log(unretried, resource_type=resource_type, **options)
    for action in dict.fromkeys(calls):
        reply = {"count": count, "status": 200, "body": body, "executed": executed}
        failure = finish(unretried, name, {"replace_replies": {action: reply}})
        assert failure is None or action in str(failure)


@pytest.mark.parametrize("name", ["create", "replace session"])
def test_expired_credentials(emulated, name):
    number = 0
    while True:
        failure = finish(emulated, name, {"credential_calls": number})
        if failure is None:
            break
        assert "RequestExpired" in str(failure) or "ExpiredToken" in str(failure)
        number += 1
    assert number >= 2


@pytest.mark.parametrize("action", ["CreateTrafficMirrorFilter", "CreateTrafficMirrorFilterRule"])
def test_client_token_prevents_a_second_resource(emulated, action):
    """The reply is lost as often as botocore sends the call, and Describe does not return the resource yet."""
    failure = finish(emulated, "create", {"drop_replies": {action: 5}, "lag": {"reads": 3}})
    assert failure is None


def test_other_filter_of_the_name_is_named(emulated):
    create_filter(emulated)
    (first,) = [row for row in describe(emulated, FILTER) if row["tags"].get("Name") == "f"]
    emulated[0].reset()
    other = {
        "action": "CreateTrafficMirrorFilter",
        "parameters": {
            "TagSpecifications": [
                {"ResourceType": "traffic-mirror-filter", "Tags": [{"Key": "Name", "Value": "f"}]},
            ]
        },
    }
    emulated[0].settings(interleave=[{"after": "DescribeTrafficMirrorFilters", "do": [other]}])
    with pytest.raises(TaskFailed, match="Another client created a filter of the same name") as failure:
        run_task(emulated, FILTER, name="f", rules=[DNS])
    rows = [row for row in describe(emulated, FILTER) if row["tags"].get("Name") == "f"]
    assert len(rows) == 2 and all(row["traffic_mirror_filter_id"] in failure.value.message for row in rows)
    assert not any(row["rules"] for row in rows) and first["rules"]


def test_name_that_was_just_changed_is_looked_at_again(emulated):
    """Describe still returns the name before a rename, and the mark before an adoption."""
    row = run_task(emulated, SESSION, **SESSION_TASK).after
    by_id = {"traffic_mirror_session_id": row["traffic_mirror_session_id"]}
    emulated[0].settings(lag={"reads": 2})
    run_task(emulated, SESSION, **by_id, name="renamed")
    by_number = {"network_interface_id": row["network_interface_id"], "session_number": row["session_number"]}
    outcome = run_task(emulated, SESSION, **by_number, name="renamed", description="changed")
    assert outcome.after["description"] == "changed"
    emulated[0].settings(lag=None)
    emulated[1].create_tags(Resources=[*by_id.values()], Tags=[{"Key": "vtap:fleet", "Value": "f"}])
    emulated[0].settings(lag={"reads": 2})
    run_task(emulated, SESSION, **by_id, adopt=True)
    assert run_task(emulated, SESSION, **by_id, description="again").after["description"] == "again"
