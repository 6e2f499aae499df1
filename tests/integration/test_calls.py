# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many calls a task costs, and which, by the same table that make bench prints with times."""

from __future__ import annotations

import json
import re

import pytest

from tests.bench import bare
from tests.bench.subjects import FILTER_ID, ITEMS, PLAY, SCRIPTS, TARGET_ID
from tests.integration.inprocess import installed, run

ITEM = ITEMS[0]
FLEET = {
    "name": "ids",
    "sources": [{"instance_types": ["m5.*", "c5.*"]}],
    "targets": [{"traffic_mirror_target_id": TARGET_ID}],
    "traffic_mirror_filter_id": FILTER_ID,
}
LOOK = [
    "DescribeInstances",
    "DescribeNetworkInterfaces",
    "DescribeTrafficMirrorSessions",
    "DescribeTrafficMirrorTargets",
]


def filled(options):
    """The options with the values of the item, as a loop would have them."""
    return json.loads(re.sub(r"\{\{ item\.(\w+) \}\}", lambda found: ITEM[found[1]], json.dumps(options)))


@pytest.fixture
def calls(emulator):
    """Gives the actions called since the last time, sorted."""

    def since():
        found = sorted(entry["action"] for entry in emulator.log())
        emulator.clear_log()
        return found

    with installed():
        yield since


def test_tasks_make_no_more_calls_than_the_table_says(emulator, calls):
    came, table = {}, {}
    for task in filter(lambda one: one.ours, PLAY):
        result = run(task.of.rpartition(".")[2], emulator.env, filled(task.options))
        assert not result.get("failed") and result["changed"] == (task.status == "changed"), result
        came[task.label], table[task.label] = calls(), sorted(task.calls)
    assert came == table


def test_scripts_make_the_calls_that_they_stand_for(emulator, calls):
    ec2, came, table = emulator.client(), {}, {}
    for script in SCRIPTS:
        bare.run(ec2, script.does, ITEM["interface"], ITEM["name"], FILTER_ID, TARGET_ID)
        came[script.does], table[script.does] = calls(), sorted(script.calls)
    assert came == table


@pytest.mark.parametrize(("check", "created"), [(True, []), (False, ["CreateTrafficMirrorSession"] * 6)])
def test_a_fleet_reads_each_kind_once_and_makes_a_call_for_each_session(emulator, calls, check, created):
    result = run("ec2_traffic_mirror_fleet", emulator.env, FLEET, check=check)
    assert not result.get("failed"), result["msg"]
    # Check mode reads the filter as well; what was created is looked at once more, for a second run at the same time.
    more = ["DescribeTrafficMirrorFilters"] if check else ["DescribeTrafficMirrorSessions"]
    assert calls() == sorted([*LOOK, *more, *created])
    run("ec2_traffic_mirror_fleet", emulator.env, FLEET, check=check)
    assert len(calls()) == len(LOOK) + check
