# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The snapshot: reads, and the resources after plans."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Plan, delete_action
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import TagRules
from ansible_collections.vtap.aws.plugins.module_utils._stack.snapshot import Snapshot, read_resources

from tests.unit.stack.runs import APP1, LAB_FILTER, LAB_TARGET, WEB, connect, list_calls

OTHER_FILTER = "tmf-0a1b2c3d4e5f60799"


def session_row(number, interface=WEB, filter_id=LAB_FILTER, **more):
    """A session as module options. Its id has the number."""
    return {
        "traffic_mirror_session_id": f"tms-{number:017x}",
        "network_interface_id": interface,
        "session_number": number,
        "traffic_mirror_filter_id": filter_id,
        "traffic_mirror_target_id": LAB_TARGET,
        "tags": {},
        **more,
    }


def filter_row(filter_id=LAB_FILTER, **more):
    return {"traffic_mirror_filter_id": filter_id, "description": "", "tags": {}, **more}


def snapshot_of(sessions=(), filters=(), reader=None):
    return Snapshot({SESSION: list(sessions), FILTER: list(filters), TARGET: []}, reader)


def desired_state(resource_type, name="new", **values):
    return DesiredState(resource_type, True, None, name, values, TagRules(name=name))


def numbers(rows):
    return sorted(row["session_number"] for row in rows)


@pytest.fixture
def sessions():
    return [session_row(1), session_row(2, APP1), session_row(3, WEB, OTHER_FILTER)]


def test_read_makes_three_calls(running, emulator):
    emulator.clear_log()
    snapshot = Snapshot(read_resources(connect(running), rule_tags=False), connect(running))
    assert list_calls(emulator) == [f"DescribeTrafficMirror{one}s" for one in ("Filter", "Target", "Session")]
    assert [row["tags"]["Name"] for row in snapshot.describe(FILTER)] == ["lab-filter"]
    assert len(list_calls(emulator)) == 3


@pytest.mark.parametrize(("rule_tags", "count"), [(False, 0), (True, 1)])
def test_read_of_rule_tags_is_another_call(running, emulator, rule_tags, count):
    emulator.settings(rule_tags=False)
    emulator.clear_log()
    read_resources(connect(running), rule_tags)
    assert len(list_calls(emulator)) == 3 + count


@pytest.mark.parametrize(
    ("ids", "filters", "expected"),
    [
        ((), None, [1, 2, 3]),
        (("tms-00000000000000001", "tms-00000000000000009"), None, [1]),
        ((), {"network-interface-id": [WEB]}, [1, 3]),
        ((), {"network-interface-id": [WEB, APP1]}, [1, 2, 3]),
        ((), {"network-interface-id": ["eni-0"]}, []),
        ((), {"traffic-mirror-filter-id": [OTHER_FILTER]}, [3]),
        ((), {"network-interface-id": [WEB], "traffic-mirror-filter-id": [LAB_FILTER]}, [1]),
        (("tms-00000000000000001",), {"network-interface-id": [APP1]}, []),
    ],
)
def test_describe(sessions, ids, filters, expected):
    assert numbers(snapshot_of(sessions).describe(SESSION, ids=ids, filters=filters)) == expected


def test_created_resource_has_its_reference_as_id():
    snapshot, desired = snapshot_of(), desired_state(FILTER)
    assert snapshot.apply(desired, Plan(after={"description": "", "tags": {"Name": "new"}})) == desired.new_id
    assert snapshot.describe(FILTER, ids=(desired.new_id,))[0]["tags"] == {"Name": "new"}


def test_changed_session_moves_between_interfaces(sessions):
    snapshot = snapshot_of(sessions)
    moved = {**sessions[0], "network_interface_id": APP1}
    assert snapshot.apply(desired_state(SESSION), Plan(before=sessions[0], after=moved)) == "tms-00000000000000001"
    by_interface = {one: snapshot.describe(SESSION, filters={"network-interface-id": [one]}) for one in (WEB, APP1)}
    assert numbers(by_interface[WEB]) == [3] and numbers(by_interface[APP1]) == [1, 2]
    assert len(snapshot.describe(SESSION)) == 3


def test_deleted_session_is_gone(sessions):
    snapshot = snapshot_of(sessions)
    plan = Plan((delete_action(SESSION, sessions[0], "state is absent"),), before=sessions[0])
    assert snapshot.apply(desired_state(SESSION), plan) is None
    assert numbers(snapshot.describe(SESSION)) == [2, 3]
    assert numbers(snapshot.describe(SESSION, filters={"network-interface-id": [WEB]})) == [3]


def test_created_filter_leaves_sessions_of_the_old_one(sessions):
    """The plans of the sessions switch them."""
    old, desired = filter_row(), desired_state(FILTER)
    snapshot = snapshot_of(sessions, [old, filter_row(OTHER_FILTER)])
    assert snapshot.apply(desired, Plan(before=old, after={"description": "new", "tags": {}})) == desired.new_id
    used = [row["traffic_mirror_filter_id"] for row in snapshot.describe(SESSION)]
    assert used == [LAB_FILTER, LAB_FILTER, OTHER_FILTER]
    ids = [row["traffic_mirror_filter_id"] for row in snapshot.describe(FILTER)]
    assert ids == [LAB_FILTER, OTHER_FILTER, desired.new_id]


def test_rows_are_not_changed(sessions):
    snapshot = snapshot_of(sessions)
    snapshot.apply(desired_state(SESSION), Plan(before=sessions[0], after={**sessions[0], "session_number": 9}))
    plan = Plan((delete_action(SESSION, sessions[1], "state is absent"),), before=sessions[1])
    snapshot.apply(desired_state(SESSION), plan)
    assert numbers(sessions) == [1, 2, 3] and numbers(snapshot.describe(SESSION)) == [3, 9]
    assert numbers(snapshot.describe(SESSION, filters={"network-interface-id": [APP1]})) == []


def test_interfaces_and_instances_are_read_from_ec2(running, emulator):
    snapshot = snapshot_of(reader=connect(running))
    assert snapshot.interface(WEB)["NetworkInterfaceId"] == WEB
    assert snapshot.instance("i-0a1b2c3d4e5f60718")["InstanceId"] == "i-0a1b2c3d4e5f60718"
    assert snapshot.is_foreign("210987654321") and not snapshot.is_foreign("123456789012")
