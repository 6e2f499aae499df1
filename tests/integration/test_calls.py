# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API calls of each task, compared with the table that make bench prints."""

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
DESCRIBES = [
    "DescribeInstances",
    "DescribeNetworkInterfaces",
    "DescribeTrafficMirrorSessions",
    "DescribeTrafficMirrorTargets",
]


def substitute(options):
    """Return the options with the loop variable `item` replaced."""
    return json.loads(re.sub(r"\{\{ item\.(\w+) \}\}", lambda found: ITEM[found[1]], json.dumps(options)))


@pytest.fixture
def calls(emulator):
    """Return a function that returns the sorted actions since its last call."""

    def since():
        found = sorted(entry["action"] for entry in emulator.log())
        emulator.clear_log()
        return found

    with installed():
        yield since


def test_tasks_make_the_calls_of_the_table(emulator, calls):
    actual, table = {}, {}
    for task in filter(lambda one: one.ours, PLAY):
        result = run(task.of.rpartition(".")[2], emulator.env, substitute(task.options))
        assert not result.get("failed") and result["changed"] == (task.status == "changed"), result
        actual[task.label], table[task.label] = calls(), sorted(task.calls)
    assert actual == table


def test_scripts_make_the_calls_of_the_table(emulator, calls):
    ec2, actual, table = emulator.client(), {}, {}
    for script in SCRIPTS:
        bare.run(ec2, script.does, ITEM["interface"], ITEM["name"], FILTER_ID, TARGET_ID)
        actual[script.does], table[script.does] = calls(), sorted(script.calls)
    assert actual == table


@pytest.mark.parametrize(("check", "created"), [(True, []), (False, ["CreateTrafficMirrorSession"] * 6)])
def test_fleet_describes_each_resource_type_once_and_sends_one_call_per_session(emulator, calls, check, created):
    result = run("ec2_traffic_mirror_fleet", emulator.env, FLEET, check=check)
    assert not result.get("failed"), result["msg"]
    # Check mode also reads the filter. A real run reads the sessions again, to detect duplicates of a concurrent run.
    more = ["DescribeTrafficMirrorFilters"] if check else ["DescribeTrafficMirrorSessions"]
    assert calls() == sorted([*DESCRIBES, *more, *created])
    run("ec2_traffic_mirror_fleet", emulator.env, FLEET, check=check)
    assert len(calls()) == len(DESCRIBES) + check
