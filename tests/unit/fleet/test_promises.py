# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From any sessions and any options of a fleet: the promises, against the emulator over HTTP."""

from __future__ import annotations

import os
import re

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._fleet import guards, planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.discovery import describe_current, resolve
from ansible_collections.vtap.aws.plugins.module_utils._fleet.executor import FleetExecutor
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from tests.unit.fleet.test_planner import options as fleet_options
from tests.unit.lab import furnish, with_choice

ENIS = [f"eni-0a1b2c3d4e5f607{end}" for end in ("18", "21", "22", "51")]
LATE = {"traffic_mirror_session_id", "arn", "owner_id", "virtual_network_id", "packet_length"}
MARK = "vtap:fleet"
EXISTING = st.fixed_dictionaries(
    {
        "NetworkInterfaceId": st.sampled_from(ENIS),
        "SessionNumber": st.sampled_from([1, 2, 3, 9]),
        "filter": st.integers(0, 1),
        "target": st.integers(0, 2),
        "tags": st.sampled_from([{}, {}, {MARK: "ids"}, {MARK: "ids"}, {MARK: "other"}, {MARK: "ids", "Team": "x"}]),
        "aws_tags": st.sampled_from([{}, {"aws:stack": "s"}]),
    },
    optional={"PacketLength": st.sampled_from([1, 100, 8500]), "Description": st.sampled_from(["old", "x"])},
)
OPTIONS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["present"] * 5 + ["absent"]),
        "selected": st.sets(st.sampled_from(ENIS), min_size=1),
        "excluded": st.sets(st.sampled_from(ENIS), max_size=2),
        "places": st.lists(
            st.tuples(st.integers(0, 2), st.sampled_from([None, None, 1, 2])),
            min_size=1,
            max_size=3,
            unique_by=lambda pair: pair[0],
        ),
        "session_numbers": st.sampled_from(["1-3", "1-32766", "2", "8-9"]),
        "adopt": st.booleans(),
        "purge": st.booleans(),
        "purge_tags": st.booleans(),
    },
    optional={
        "packet_length": st.sampled_from([0, 1, 8500]),
        "description": st.sampled_from(["", "x"]),
        "tags": st.sampled_from([{}, {"Team": "x"}, {"Team": "y", "Stage": "z"}]),
    },
)


@pytest.fixture(scope="module")
def world(running):
    running[0].reset()
    return with_choice(running)


def run(world, drawn, check):
    """One task: its plan as results have it, the rows with the session that each foresees, and whether it changed."""
    client, filters, targets = world[1:]
    given_options = dict(drawn)
    selected, excluded = given_options.pop("selected"), given_options.pop("excluded")
    params = fleet_options(
        sources=[{"network_interface_ids": sorted(selected)}],
        exclude=[{"network_interface_ids": sorted(excluded)}] if excluded else None,
        targets=[
            {"traffic_mirror_target_id": targets[at], "capacity": most} for at, most in given_options.pop("places")
        ],
        traffic_mirror_filter_id=filters[0],
        **given_options,
    )
    wanted, ec2 = Fleet.from_options(params), Ec2(client, sts=lambda: client)
    there = describe_current(wanted, resolve(wanted, params, ec2, check) if wanted.present else None, ec2)
    rows = planner.plan(wanted, there)
    guards.check_limits(wanted, rows)
    plan = [row.describe() for row in rows]
    foreseen = [(row.interface_id, row.plan.after) for row in rows if row.action in ("create", "update", "unchanged")]
    if check:
        return plan, foreseen, any(row.plan.actions for row in rows)
    results = FleetExecutor(wanted, there, ec2, workers=3).run(rows)
    assert results.failed == []
    assert [row.describe() for row in rows] == plan
    return plan, foreseen, results.changed


def shown(world):
    rows = Ec2(world[1], sts=lambda: world[1]).describe(SESSION)
    return {row["traffic_mirror_session_id"]: row for row in rows}


# As in test_properties.py.
@settings(
    derandomize="CI" in os.environ,
    max_examples=100,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    existing=st.lists(EXISTING, max_size=8),
    drawn=OPTIONS,
)
def test_promises(world, existing, drawn):
    furnish(world, existing)
    start = shown(world)
    try:
        foreseen = run(world, drawn, check=True)
    except ConflictError as refusal:
        event("refused")
        with pytest.raises(ConflictError, match=re.escape(str(refusal))):
            run(world, drawn, check=False)
        assert shown(world) == start
        return
    assert shown(world) == start, "check mode changed something"

    came = run(world, drawn, check=False)
    event(f"changed: {came[2]}")
    assert came == foreseen
    after = shown(world)
    assert came[2] == (after != start)
    for interface, wanted in foreseen[1]:
        mine = [row for row in after.values() if row["network_interface_id"] == interface]
        mine = [row for row in mine if row["tags"].get(MARK) == "ids"]
        assert len(mine) == 1 and set(mine[0]) - set(wanted) <= LATE
        assert wanted == {key: mine[0][key] for key in wanted}
    for key, row in start.items():
        if row["tags"].get(MARK, "ids" if drawn["adopt"] else "") != "ids":
            assert after[key] == row, "a session of somebody else was touched"
        if key in after:
            aws = {tag: value for tag, value in row["tags"].items() if tag.startswith("aws:")}
            assert aws.items() <= after[key]["tags"].items()

    again = run(world, drawn, check=False)
    assert not again[2] and shown(world) == after
