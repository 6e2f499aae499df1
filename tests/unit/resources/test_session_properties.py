# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Property-based tests of the session module's guarantees, against the emulator over HTTP.

The initial sessions on the interfaces and the options of the task are arbitrary.
"""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION
from ansible_collections.vtap.aws.plugins.module_utils._resources import session
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import execute
from ansible_collections.vtap.aws.plugins.module_utils._runtime.record import TaskFailed
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.unit.emulator_state import create_prerequisites, replace_sessions
from tests.unit.property_settings import EMULATED

WEB, DB = "eni-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60751"
ASSIGNED_BY_EC2 = {"traffic_mirror_session_id", "arn", "owner_id", "virtual_network_id", "packet_length"}
NAMES = ["tap", "other", "third"]
PAST, FUTURE, EXPIRES = "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "vtap:expires"


@pytest.fixture(scope="module")
def prerequisites(running):
    return create_prerequisites(running)


# filter and target are positions in the prerequisites.
TAGS = st.dictionaries(st.sampled_from(["a", "b", "keep", "cost:x"]), st.sampled_from(["", "1"]), max_size=3)
EXISTING = st.fixed_dictionaries(
    {
        "NetworkInterfaceId": st.sampled_from([WEB, WEB, DB]),
        "SessionNumber": st.sampled_from([1, 2, 7]),
        "filter": st.integers(0, 1),
        "target": st.integers(0, 2),
    },
    optional={
        "PacketLength": st.sampled_from([35, 100, 8500]),
        "VirtualNetworkId": st.sampled_from([0, 5, 16777215]),
        "Description": st.sampled_from(["old", "x"]),
        "Name": st.sampled_from(NAMES),
        "tags": TAGS,
        "expiry": st.sampled_from([FUTURE, PAST, f"{FUTURE} 4h", f"{PAST} 4h", "soon"]),
        "aws_tags": st.sampled_from([{"aws:stack": "s"}, {"aws:stack": "s"}, {"vtap:fleet": "f", "vtap:stack": "s"}]),
    },
)
OPTIONS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["present"] * 5 + ["absent"]),
        "identity": st.sampled_from(["number", "number", "name", "only name", "id", "only id", "other interface"]),
        "traffic_mirror_filter": st.integers(0, 1),
        "traffic_mirror_target": st.integers(0, 2),
        "position": st.integers(0, 3),
        "purge_tags": st.booleans(),
        "allow_replacement": st.booleans(),
        "adopt": st.booleans(),
    },
    optional={
        "renumbered": st.sampled_from([1, 2, 3]),
        "renamed": st.sampled_from(NAMES),
        "packet_length": st.sampled_from([0, 35, 100, 8500, 8501]),
        "virtual_network_id": st.sampled_from([0, 5, 77]),
        "description": st.sampled_from(["", "x", "new"]),
        "tags": TAGS,
        "expiry": st.sampled_from([{"expires_in": "4h"}, *({"expires_at": one} for one in (FUTURE, FUTURE, PAST, ""))]),
        "default_tags": TAGS,
        "ignore_tag_keys": st.just(["keep"]),
        "ignore_tag_key_prefixes": st.just(["cost:"]),
    },
)


def identify(rows, options):
    """Return the options that identify a session: one of these, if there are any."""
    row = rows[options["position"] % len(rows)] if rows else None
    interface, number = (row["NetworkInterfaceId"], row["SessionNumber"]) if row else (WEB, 1)
    tags = {tag["Key"]: tag["Value"] for tag in row["Tags"]} if row else {}
    identity, identifying = options["identity"], {}
    if identity == "other interface":
        return {"network_interface_id": DB if interface == WEB else WEB, "name": tags.get("Name", "tap")}
    if identity.endswith("id") and row:
        identifying["traffic_mirror_session_id"] = row["TrafficMirrorSessionId"]
    if not identity.startswith("only") or not row:
        identifying["network_interface_id"] = interface
    if identity == "number" or not row:
        identifying["session_number"] = number
    if identity.endswith("name"):
        identifying["name"] = tags.get("Name", "tap")
    if "renumbered" in options and identity != "number":
        identifying["session_number"] = options["renumbered"]
    if "renamed" in options and not identity.endswith("name"):
        identifying["name"] = options["renamed"]
    return identifying


def run_task(prerequisites, options, identifying, check_mode=False):
    """Run a task. Return ((error or None, changed, before, after), the names of the calls)."""
    emulator, client, filters, targets = prerequisites
    params = dict(options)
    for key in ("identity", "position", "renumbered", "renamed"):
        params.pop(key, None)
    params.update(identifying)
    params.update(params.pop("expiry", {}))
    params["traffic_mirror_filter_id"] = filters[params.pop("traffic_mirror_filter")]
    params["traffic_mirror_target_id"] = targets[params.pop("traffic_mirror_target")]
    ec2 = Ec2(client, sts=lambda: client)
    emulator.clear_log()
    try:
        desired = DesiredState.from_options(SESSION, params)
        session.check(desired)
        make_plan = session.create_planner(params)
        if check_mode:
            plan = make_plan(desired, ec2, True)
            outcome = None, bool(plan.actions), plan.before, plan.after
        else:
            applied = execute(lambda: make_plan(desired, ec2, False), ec2)
            outcome = None, bool(applied.actions), applied.before, applied.after
    except (ValidationError, ConflictError) as error:
        outcome = str(error), False, None, None
    except TaskFailed as error:
        raise AssertionError(f"EC2 rejected a planned call: {error}") from error
    return outcome, [entry["action"] for entry in emulator.log() if not entry["dry_run"]]


def describe_replies(prerequisites):
    rows = prerequisites[1].describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    return sorted(rows, key=lambda row: (row["NetworkInterfaceId"], row["SessionNumber"]))


@settings(EMULATED, max_examples=30)
@given(existing=st.lists(EXISTING, max_size=4), options=OPTIONS)
def test_guarantees(prerequisites, existing, options):
    replace_sessions(prerequisites, [with_expiry(one) for one in existing])
    initial = describe_replies(prerequisites)
    protected = protected_tags(initial, options)

    identifying = identify(initial, options)
    predicted, calls = run_task(prerequisites, options, identifying, check_mode=True)
    assert all(call.startswith("Describe") for call in calls)
    assert describe_replies(prerequisites) == initial

    outcome, calls = run_task(prerequisites, options, identifying)
    error, changed, after = outcome[0], outcome[1], outcome[3]
    event(f"{(error or str(changed))[:40]}")
    assert predicted[:3] == outcome[:3]
    if error:
        assert describe_replies(prerequisites) == initial
        return
    if after is None:
        assert predicted[3] is None
    else:
        assert set(after) - set(predicted[3]) <= ASSIGNED_BY_EC2
        assert predicted[3] == {key: without_new_time(after, outcome[2])[key] for key in predicted[3]}
        assert after in describe_sessions(prerequisites)
    writes = [call for call in calls if not call.startswith("Describe")]
    assert all(writes.count(call) <= 1 for call in writes)
    assert changed == bool(writes) == (describe_replies(prerequisites) != initial)
    assert (
        protected_tags(describe_replies(prerequisites), options).items()
        >= {
            key: value
            for key, value in protected.items()
            if key in {row["TrafficMirrorSessionId"] for row in describe_replies(prerequisites)}
        }.items()
    )

    after_first_run = describe_replies(prerequisites)
    second, calls = run_task(prerequisites, options, identifying)
    assert second == (None, False, after, after)
    assert describe_replies(prerequisites) == after_first_run
    # A reported 8500 may be the default or a value that was set. The type of the target decides.
    may_be_default = options.get("packet_length") == 0 and after is not None and after["packet_length"] == 8500
    tag = "" if after is None else after["tags"].get(EXPIRES, "")
    if options.get("expiry", {}).get("expires_at") == PAST or (tag.startswith(PAST) and options["state"] == "present"):
        assert set(calls) == {"DescribeTrafficMirrorSessions"} and len(calls) <= 2  # more to detect duplicate names
        return
    assert calls == ["DescribeTrafficMirrorSessions"] + ["DescribeTrafficMirrorTargets"] * may_be_default


def with_expiry(entry):
    """Return an existing session with its expiry as a tag."""
    members = dict(entry)
    expiry = members.pop("expiry", None)
    return members if expiry is None else {**members, "tags": {**members.get("tags", {}), EXPIRES: expiry}}


def without_new_time(after, before):
    """Return the session without a time that the task set by a duration, which check mode omits."""
    tag, old = after["tags"].get(EXPIRES, ""), (before or {"tags": {}})["tags"].get(EXPIRES)
    if " " not in tag or tag == old:
        return after
    return {**after, "tags": {key: value for key, value in after["tags"].items() if key != EXPIRES}}


def describe_sessions(prerequisites):
    return Ec2(prerequisites[1], sts=lambda: prerequisites[1]).describe(SESSION)


def protected_tags(rows, options):
    """Return the tags, by session id, that a task with these options must not change."""
    keys, prefixes = options.get("ignore_tag_keys", []), ("aws:", *options.get("ignore_tag_key_prefixes", []))
    return {
        row["TrafficMirrorSessionId"]: {
            tag["Key"]: tag["Value"] for tag in row["Tags"] if tag["Key"] in keys or tag["Key"].startswith(prefixes)
        }
        for row in rows
    }
