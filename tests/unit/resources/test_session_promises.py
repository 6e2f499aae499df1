# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From any sessions on an interface and any options: the promises, against the emulator over HTTP."""

from __future__ import annotations

import os

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION
from ansible_collections.vtap.aws.plugins.module_utils._resources import session
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import PlanFailed, apply_until_stable
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from tests.unit.lab import furnish, with_choice

WEB, DB = "eni-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60751"
LATE = {"traffic_mirror_session_id", "arn", "owner_id", "virtual_network_id", "packet_length"}
NAMES = ["tap", "other", "third"]


@pytest.fixture(scope="module")
def world(running):
    return with_choice(running)


# Positions stand for the ids that the world makes: the lab's and its own.
TAGS = st.dictionaries(st.sampled_from(["a", "b", "keep", "cost:x"]), st.sampled_from(["", "1"]), max_size=3)
EXISTING = st.fixed_dictionaries(
    {
        "NetworkInterfaceId": st.sampled_from([WEB, WEB, DB]),
        "SessionNumber": st.sampled_from([1, 2, 7]),
        "filter": st.integers(0, 1),
        "target": st.integers(0, 2),
    },
    optional={
        "PacketLength": st.sampled_from([1, 100, 8500]),
        "VirtualNetworkId": st.sampled_from([0, 5, 16777215]),
        "Description": st.sampled_from(["old", "x"]),
        "Name": st.sampled_from(NAMES),
        "tags": TAGS,
        "aws_tags": st.just({"aws:stack": "s"}),
    },
)
OPTIONS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["present"] * 5 + ["absent"]),
        "identity": st.sampled_from(["number", "number", "name", "name alone", "id", "id alone", "moved"]),
        "traffic_mirror_filter": st.integers(0, 1),
        "traffic_mirror_target": st.integers(0, 2),
        "which": st.integers(0, 3),
        "purge_tags": st.booleans(),
        "allow_replacement": st.booleans(),
    },
    optional={
        "renumbered": st.sampled_from([1, 2, 3]),
        "renamed": st.sampled_from(NAMES),
        "packet_length": st.sampled_from([0, 1, 100, 8500, 8501]),
        "virtual_network_id": st.sampled_from([0, 5, 77]),
        "description": st.sampled_from(["", "x", "new"]),
        "tags": TAGS,
        "default_tags": TAGS,
        "ignore_tag_keys": st.just(["keep"]),
        "ignore_tag_key_prefixes": st.just(["cost:"]),
    },
)


def identify(rows, options):
    """The options that say which session is meant: by this way of identity, one of these if there are any."""
    row = rows[options["which"] % len(rows)] if rows else None
    interface, number = (row["NetworkInterfaceId"], row["SessionNumber"]) if row else (WEB, 1)
    tags = {tag["Key"]: tag["Value"] for tag in row["Tags"]} if row else {}
    way, said = options["identity"], {}
    if way == "moved":
        return {"network_interface_id": DB if interface == WEB else WEB, "name": tags.get("Name", "tap")}
    if way.startswith("id") and row:
        said["traffic_mirror_session_id"] = row["TrafficMirrorSessionId"]
    if not way.endswith("alone") or not row:
        said["network_interface_id"] = interface
    if way == "number" or not row:
        said["session_number"] = number
    if way.startswith("name"):
        said["name"] = tags.get("Name", "tap")
    if "renumbered" in options and way != "number":
        said["session_number"] = options["renumbered"]
    if "renamed" in options and not way.startswith("name"):
        said["name"] = options["renamed"]
    return said


def run(world, options, start, check=False):
    """One task. Returns what it comes to and what it called: (error or None, changed, before, after), calls."""
    emulator, client, filters, targets = world
    params = dict(options)
    for word in ("identity", "which", "renumbered", "renamed"):
        params.pop(word, None)
    params.update(start)
    params["traffic_mirror_filter_id"] = filters[params.pop("traffic_mirror_filter")]
    params["traffic_mirror_target_id"] = targets[params.pop("traffic_mirror_target")]
    ec2 = Ec2(client, sts=lambda: client)
    emulator.clear_log()
    try:
        wanted = DesiredState.from_options(SESSION, params)
        session.check(wanted)
        make_plan = session.make_plan(params)
        if check:
            plan = make_plan(wanted, ec2, True)
            came = None, bool(plan.actions), plan.before, plan.after
        else:
            outcome = apply_until_stable(lambda: make_plan(wanted, ec2, False), ec2)
            came = None, bool(outcome.actions), outcome.before, outcome.after
    except (ValidationError, ConflictError) as error:
        came = str(error), False, None, None
    except PlanFailed as error:
        raise AssertionError(f"EC2 refused what was planned: {error}") from error
    return came, [entry["action"] for entry in emulator.log() if not entry["dry_run"]]


def shown(world):
    rows = world[1].describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    return sorted(rows, key=lambda row: (row["NetworkInterfaceId"], row["SessionNumber"]))


# Explaining a failure would take minutes of calls. In CI the same examples run each time; elsewhere each run looks at
# others.
@settings(
    derandomize="CI" in os.environ,
    max_examples=250,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(existing=st.lists(EXISTING, max_size=4), options=OPTIONS)
def test_promises(world, existing, options):
    furnish(world, existing)
    start = shown(world)
    guarded = tags_that_stay(start, options)

    said = identify(start, options)
    foreseen, looks = run(world, options, said, check=True)
    assert all(call.startswith("Describe") for call in looks)
    assert shown(world) == start

    came, calls = run(world, options, said)
    error, changed, after = came[0], came[1], came[3]
    event(f"{(error or str(changed))[:40]}")
    assert foreseen[:3] == came[:3]
    if error:
        assert shown(world) == start
        return
    if after is None:
        assert foreseen[3] is None
    else:
        assert set(after) - set(foreseen[3]) <= LATE
        assert foreseen[3] == {key: after[key] for key in foreseen[3]}
        assert after in world_as_options(world)
    writes = [call for call in calls if not call.startswith("Describe")]
    assert all(writes.count(call) <= 1 for call in writes)
    assert changed == bool(writes) == (shown(world) != start)
    assert (
        tags_that_stay(shown(world), options).items()
        >= {
            key: value
            for key, value in guarded.items()
            if key in {row["TrafficMirrorSessionId"] for row in shown(world)}
        }.items()
    )

    after_first = shown(world)
    again, calls = run(world, options, said)
    assert again == (None, False, after, after)
    assert shown(world) == after_first
    # A reported 8500 may be the default or a value of its own; only the target's type tells.
    ambiguous = options.get("packet_length") == 0 and after is not None and after["packet_length"] == 8500
    assert calls == ["DescribeTrafficMirrorSessions"] + ["DescribeTrafficMirrorTargets"] * ambiguous


def world_as_options(world):
    return Ec2(world[1], sts=lambda: world[1]).describe(SESSION)


def tags_that_stay(rows, options):
    """Per session the tags that no task with these options may touch."""
    keys, prefixes = options.get("ignore_tag_keys", []), ("aws:", *options.get("ignore_tag_key_prefixes", []))
    return {
        row["TrafficMirrorSessionId"]: {
            tag["Key"]: tag["Value"] for tag in row["Tags"] if tag["Key"] in keys or tag["Key"].startswith(prefixes)
        }
        for row in rows
    }
