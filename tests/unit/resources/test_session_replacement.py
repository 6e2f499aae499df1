# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of session plans: replacement by a session on another interface."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import (
    ConflictError,
    NotFoundError,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import REPLACES

from tests.unit.resources.session_helpers import (
    DB,
    FILTER,
    NEW,
    TARGET,
    WEB,
    FakeReader,
    operations,
    plan_session,
    session_row,
)

GONE = {DB: None}  # a session found by name is moved only off an interface that cannot send packets


def test_interface_change_requires_name_and_allow_replacement():
    on_db = session_row(1, "1", DB, name="tap")
    for allow_replacement, name in ((False, "tap"), (True, None)):
        with pytest.raises(ConflictError, match="cannot change the interface of a session"):
            plan_session(
                FakeReader(on_db),
                traffic_mirror_session_id=on_db[SESSION.id_option],
                network_interface_id=WEB,
                name=name,
                allow_replacement=allow_replacement,
            )


def test_replacement_inherits_settings_and_tags():
    old = session_row(
        3,
        "1",
        DB,
        PacketLength=100,
        Description="d",
        Tags=[{"Key": key, "Value": "v"} for key in ("Name", "keep", "aws:x")],
    )
    reader = FakeReader(old, interfaces=GONE)
    result = plan_session(reader, network_interface_id=WEB, name="v", allow_replacement=True)
    assert operations(result) == ["CreateTrafficMirrorSession", "DeleteTrafficMirrorSession", "DeleteTags"]
    assert result.replaces and REPLACES not in result.after["tags"]
    create, delete, untag = (action.params for action in result.actions)
    assert untag["Tags"] == [{"Key": REPLACES}]
    assert delete == {"TrafficMirrorSessionId": old[SESSION.id_option]}
    assert {tag["Key"] for tag in create.pop("TagSpecifications")[0]["Tags"]} == {"Name", "keep", REPLACES}
    assert create == {
        "NetworkInterfaceId": WEB,
        "SessionNumber": 3,
        "TrafficMirrorFilterId": FILTER,
        "TrafficMirrorTargetId": TARGET,
        "PacketLength": 100,
        "VirtualNetworkId": 77,
        "Description": "d",
    }


def test_interrupted_replacement_is_finished():
    """The next run finds the new session by its interface, and the old session by the tag of the new one."""
    old = session_row(3, "1", DB, name="tap")
    tags = [{"Key": "Name", "Value": "tap"}, {"Key": REPLACES, "Value": old[SESSION.id_option]}]
    new = session_row(3, "2", WEB, Tags=tags)
    options = {"network_interface_id": WEB, "session_number": 3, "name": "tap", "allow_replacement": True}
    result = plan_session(FakeReader(old, new), **options)
    assert operations(result) == ["DeleteTrafficMirrorSession", "DeleteTags"]
    assert result.actions[0].params == {"TrafficMirrorSessionId": old[SESSION.id_option]}
    assert result.after["tags"] == {"Name": "tap"}
    assert operations(plan_session(FakeReader(new), **options)) == ["DeleteTags"]
    other = session_row(3, "1", DB, name="renamed")
    with pytest.raises(
        ConflictError, match="which has another name now. To delete the old session, set traffic_mirror_session_id"
    ):
        plan_session(FakeReader(other, new), **options)
    assert operations(plan_session(FakeReader(old, new), **{**options, "allow_replacement": False})) == []


@pytest.mark.parametrize("name", ["tap", "before"])
def test_interrupted_replacement_by_id_is_finished(name):
    """The tag of the session on the new interface identifies the session that the task replaces by id."""
    old = session_row(3, "1", DB, name=name)
    tags = [{"Key": "Name", "Value": "tap"}, {"Key": REPLACES, "Value": old[SESSION.id_option]}]
    new = session_row(3, "2", WEB, Tags=tags)
    options = {"traffic_mirror_session_id": old[SESSION.id_option], "network_interface_id": WEB, "name": "tap"}
    result = plan_session(FakeReader(old, new), **options, allow_replacement=True)
    assert operations(result) == ["DeleteTrafficMirrorSession", "DeleteTags"]
    assert result.actions[0].params == {"TrafficMirrorSessionId": old[SESSION.id_option]}
    assert operations(plan_session(FakeReader(new), **options, allow_replacement=True)) == ["DeleteTags"]
    message = {"tap": "cannot be moved to eni-", "before": "name 'tap' is already the name of session tms-2"}[name]
    with pytest.raises(ConflictError, match=message):
        plan_session(FakeReader(old, new), **options)


def test_replacement_with_a_used_session_number():
    old, other = session_row(1, "1", DB, name="tap"), session_row(1, "2", WEB, name="other")
    reader = FakeReader(old, other, interfaces=GONE)
    options = {"network_interface_id": WEB, "name": "tap", "allow_replacement": True}
    assert plan_session(reader, **options).actions[0].params["SessionNumber"] == 2
    with pytest.raises(ConflictError, match="session tms-2.* its Name is 'other', not 'tap'.*choose another session_n"):
        plan_session(reader, **options, session_number=1)
    with pytest.raises(ConflictError, match="name 'tap' is already the name of session tms-1"):
        plan_session(reader, **options, session_number=1, adopt=True)


def test_replacement_with_an_ambiguous_name_fails():
    rows = session_row(1, "1", DB, name="tap"), session_row(2, "2", DB, name="tap")
    with pytest.raises(ConflictError, match="name 'tap' is already the name of session tms-1.*; session tms-2"):
        plan_session(FakeReader(*rows, interfaces=GONE), **NEW, name="tap", allow_replacement=True)


def test_old_id_identifies_the_new_session_after_a_replacement():
    new = session_row(1, "2", WEB, name="tap")
    options = {"traffic_mirror_session_id": "tms-" + "1" * 17, "network_interface_id": WEB, "name": "tap"}
    assert operations(plan_session(FakeReader(new), **options, allow_replacement=True)) == []
    with pytest.raises(NotFoundError):
        plan_session(FakeReader(new), **options)
    assert operations(plan_session(FakeReader(new), **options, allow_replacement=True, state="absent")) == []
