# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of session plans: a session found by name moves only off an interface that sends no packets."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import (
    ConflictError,
    TransientError,
    ValidationError,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import CLOUDFORMATION, FLEET, REPLACES, STACK

from tests.unit.resources.session_helpers import (
    DB,
    INSTANCE,
    NEW,
    WEB,
    FakeReader,
    operations,
    plan_session,
    session_row,
)

MOVE = ["CreateTrafficMirrorSession", "DeleteTrafficMirrorSession", "DeleteTags"]
OPTIONS = {**NEW, "name": "tap", "allow_replacement": True}
ON_DB = session_row(1, "1", DB, name="tap")
DENIED = Ec2Error("DescribeInstances", "UnauthorizedOperation", "no")
ATTACHED = {"Attachment": {"InstanceId": INSTANCE, "Status": "attached"}}


def states(*names):
    return [({DB: ATTACHED}, {INSTANCE: {"InstanceType": "m5.large", "State": {"Name": name}}}) for name in names]


DEAD = [
    ({DB: None}, {}),
    ({DB: {"Status": "available"}}, {}),
    ({DB: {"Attachment": {}}}, {}),
    *states("shutting-down", "terminated"),
]
LIVE = [
    *states("pending", "running", "stopping", "stopped", "a new state"),
    ({DB: ATTACHED}, {INSTANCE: {"InstanceType": "m5.large"}}),
    ({DB: ATTACHED}, {INSTANCE: None}),  # not visible
    ({DB: ATTACHED}, {INSTANCE: DENIED}),
    ({DB: DENIED}, {}),
    ({DB: Ec2Error("DescribeNetworkInterfaces", "", "connection closed")}, {}),
    ({DB: {"Attachment": {"InstanceOwnerId": "amazon-elb"}}}, {}),  # of a service
]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(("interfaces", "instances"), DEAD)
def test_session_moves_off_an_interface_that_sends_nothing(interfaces, instances, check_mode):
    plan = plan_session(FakeReader(ON_DB, interfaces=interfaces, instances=instances), check_mode, **OPTIONS)
    assert operations(plan) == MOVE and plan.before == ON_DB
    assert plan.after["network_interface_id"] == WEB and plan.after["tags"] == {"Name": "tap"}


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(("interfaces", "instances"), LIVE)
def test_live_session_moves_only_by_its_id(interfaces, instances, check_mode):
    reader = FakeReader(ON_DB, interfaces=interfaces, instances=instances)
    session_id = ON_DB[SESSION.id_option]
    with pytest.raises(TransientError, match="name 'tap' is already the name of session tms-1") as error:
        plan_session(reader, check_mode, **OPTIONS)
    assert f"traffic_mirror_session_id: {session_id}" in str(error.value) and WEB in str(error.value)
    failed = [one for one in (*interfaces.values(), *instances.values()) if isinstance(one, Ec2Error)]
    assert all(f"{one.operation}" in str(error.value) and one.message in str(error.value) for one in failed)
    assert operations(plan_session(reader, check_mode, **OPTIONS, traffic_mirror_session_id=session_id)) == MOVE


@pytest.mark.parametrize(("interfaces", "instances"), [DEAD[0], LIVE[0]])
def test_name_of_another_interface_fails_without_allow_replacement(interfaces, instances):
    reader = FakeReader(ON_DB, interfaces=interfaces, instances=instances)
    with pytest.raises(TransientError, match="already the name of session tms-1"):
        plan_session(reader, **{**OPTIONS, "allow_replacement": False})
    assert "interface" not in reader.calls


def test_name_given_to_several_interfaces_fails_instead_of_wandering():
    """The second task of a loop with one name must not move the session that the first task created."""
    on_web = session_row(1, "2", WEB, name="tap")
    for row, interface in ((ON_DB, WEB), (on_web, DB)):
        with pytest.raises(ConflictError, match="already the name"):
            plan_session(FakeReader(row), **{**OPTIONS, "network_interface_id": interface})


def test_move_is_refused_if_several_sessions_have_the_name():
    rows = [ON_DB, session_row(2, "2", DB, name="tap")]
    with pytest.raises(ConflictError, match=r"name of session tms-1.*; session tms-2"):
        plan_session(FakeReader(*rows, interfaces={DB: None}), **OPTIONS)
    # By its id, too: after the move, the name would not identify the new session.
    with pytest.raises(ConflictError, match=r"name of session tms-2"):
        plan_session(FakeReader(*rows), **OPTIONS, traffic_mirror_session_id=ON_DB[SESSION.id_option])


@pytest.mark.parametrize("mark", [FLEET, STACK, CLOUDFORMATION])
def test_session_with_a_mark_moves_only_if_adopted(mark):
    tags = [{"Key": "Name", "Value": "tap"}, {"Key": mark, "Value": "x"}]
    reader = FakeReader(session_row(1, "1", DB, Tags=tags), interfaces={DB: None})
    with pytest.raises(ConflictError, match=f"was not changed: .*{mark}.*set adopt: true"):
        plan_session(reader, **OPTIONS)
    plan = plan_session(reader, **OPTIONS, adopt=True)
    assert operations(plan) == MOVE and plan.after["tags"] == {"Name": "tap"}
    written = {tag["Key"] for tag in plan.actions[0].params["TagSpecifications"][0]["Tags"]}
    assert written == {"Name", REPLACES}
    assert ["was taken over from" in warning for warning in plan.warnings] == [True]


def test_natural_key_precedes_a_name_on_another_interface():
    """Interface and number identify an unnamed session. The name, which a dead session has, is refused for it."""
    reader = FakeReader(ON_DB, session_row(1, "2", WEB), interfaces={DB: None})
    with pytest.raises(ConflictError, match="already the name of session tms-1"):
        plan_session(reader, **OPTIONS, session_number=1)
    assert "interface" not in reader.calls


def test_mark_of_a_move_counts_as_a_tag():
    tags = {f"k{n}": "" for n in range(49)}
    old = session_row(1, "1", DB, Tags=[{"Key": key, "Value": ""} for key in tags] + [{"Key": "Name", "Value": "tap"}])
    with pytest.raises(ConflictError, match="TagLimitExceeded: the resource would have 51 tags"):
        plan_session(FakeReader(old, interfaces={DB: None}), **OPTIONS)


def test_move_refuses_a_reserved_tag_that_the_new_session_cannot_have():
    """Otherwise the next run would refuse it, after the first one was carried out."""
    tags = [{"Key": "Name", "Value": "tap"}, {"Key": "aws:x", "Value": "1"}]
    options = {**OPTIONS, "tags": {"aws:x": "1"}}
    reader = FakeReader(session_row(1, "1", DB, Tags=tags), interfaces={DB: None})
    with pytest.raises(ValidationError, match="tags: aws:x: keys that begin with aws: are reserved"):
        plan_session(reader, **options)


def test_renamed_task_finishes_a_replacement_by_id():
    """The session that replaces the task's id is the task's session, also if the task's name changed since."""
    old = session_row(1, "1", DB, name="tap")
    tags = [{"Key": "Name", "Value": "tap"}, {"Key": REPLACES, "Value": old[SESSION.id_option]}]
    options = {**OPTIONS, "name": "new name", "traffic_mirror_session_id": old[SESSION.id_option]}
    plan = plan_session(FakeReader(old, session_row(1, "2", WEB, Tags=tags)), **options)
    assert operations(plan) == ["CreateTags", "DeleteTrafficMirrorSession", "DeleteTags"]
    assert plan.after["tags"] == {"Name": "new name"}
