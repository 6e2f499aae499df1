# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of session plans: creation, updates, references and ownership."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import (
    ConflictError,
    NotFoundError,
    ValidationError,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION

from tests.unit.resources.session_helpers import (
    FILTER,
    NEW,
    TARGET,
    TARGET_2,
    WEB,
    FakeReader,
    operations,
    plan_session,
    session_row,
)


@pytest.mark.parametrize("missing", ["traffic_mirror_filter_id", "traffic_mirror_target_id"])
def test_create_requires_filter_and_target(missing):
    options = {key: value for key, value in NEW.items() if key != missing}
    with pytest.raises(ValidationError, match=f"creating it requires: {missing}"):
        plan_session(FakeReader(), **options, session_number=1)


@pytest.mark.parametrize(("taken", "number"), [([], 1), ([1], 2), ([2], 1), ([1, 3], 2), ([5, 1], 2), ([32766], 1)])
def test_create_uses_the_lowest_free_number(taken, number):
    reader = FakeReader(*(session_row(n, str(at), name=f"n{n}") for at, n in enumerate(taken)))
    result = plan_session(reader, **NEW, name="web")
    assert result.actions[0].params["SessionNumber"] == number
    assert reader.calls == ["traffic_mirror_session"] * 2, "the second one checks that no session has the name"


def test_create_is_one_call_with_tags():
    result = plan_session(FakeReader(), **NEW, session_number=1, name="web", tags={"a": 1}, default_tags={"b": "2"})
    (action,) = result.actions
    assert action.params == {
        "NetworkInterfaceId": WEB,
        "SessionNumber": 1,
        "TrafficMirrorFilterId": FILTER,
        "TrafficMirrorTargetId": TARGET,
        "TagSpecifications": [
            {
                "ResourceType": "traffic-mirror-session",
                "Tags": [{"Key": "Name", "Value": "web"}, {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
            }
        ],
    }


def test_update_is_one_modify_call():
    current = session_row(PacketLength=100, Description="old")
    result = plan_session(
        FakeReader(current),
        traffic_mirror_session_id=current[SESSION.id_option],
        network_interface_id=WEB,
        session_number=2,
        traffic_mirror_target_id=TARGET_2,
        packet_length=0,
        virtual_network_id=9,
        description="",
    )
    (action,) = result.actions
    assert action.params == {
        "TrafficMirrorSessionId": current[SESSION.id_option],
        "SessionNumber": 2,
        "TrafficMirrorTargetId": TARGET_2,
        "VirtualNetworkId": 9,
        "RemoveFields": ["packet-length", "description"],
    }


def test_omitted_options_are_not_changed():
    current = session_row(PacketLength=100, Description="old", Tags=[{"Key": "a", "Value": "1"}])
    assert operations(plan_session(FakeReader(current), **NEW, session_number=1)) == []


def test_tags_are_added_before_others_are_removed_except_at_the_limit():
    tags = [{"Key": str(n), "Value": ""} for n in range(50)]
    below_limit = plan_session(
        FakeReader(session_row(Tags=tags[:3])), network_interface_id=WEB, session_number=1, tags={"new": 1}
    )
    assert operations(below_limit) == ["CreateTags", "DeleteTags"]
    at_limit = plan_session(
        FakeReader(session_row(Tags=tags)), network_interface_id=WEB, session_number=1, tags={"new": 1}
    )
    assert operations(at_limit) == ["DeleteTags", "CreateTags"]


def test_session_limit_of_an_interface():
    rows = [session_row(n, str(n), name=f"n{n}") for n in (1, 2, 3)]
    with pytest.raises(ConflictError, match="TrafficMirrorSessionsPerInterfaceLimitExceeded.*has 3 sessions"):
        plan_session(FakeReader(*rows), **NEW, name="fourth")


def test_owner_and_arn_are_read_only():
    current = session_row()
    options = {key: value for key, value in current.items() if key != "tags"}
    assert operations(plan_session(FakeReader(current), **options)) == []
    for option, value in (("owner_id", "999999999999"), ("arn", "arn:aws:ec2:x")):
        with pytest.raises(ConflictError, match=f"{option} is .* it cannot be set"):
            plan_session(FakeReader(current), **{**options, option: value})


def test_filter_and_target_by_name():
    tmf = {"traffic_mirror_filter_id": FILTER, "tags": {"Name": "dns"}}
    options = {
        "network_interface_id": WEB,
        "session_number": 1,
        "traffic_mirror_filter_name": "dns",
        "traffic_mirror_target_id": TARGET,
    }
    assert plan_session(FakeReader(named=[tmf]), **options).actions[0].params["TrafficMirrorFilterId"] == FILTER
    with pytest.raises(ConflictError, match="traffic_mirror_filter_name: 2 filters are named dns"):
        plan_session(FakeReader(named=[tmf, {**tmf, "traffic_mirror_filter_id": "tmf-" + "1" * 17}]), **options)
    with pytest.raises(NotFoundError, match="traffic_mirror_filter_name: no filter is named dns"):
        plan_session(FakeReader(), **options)
    assert operations(plan_session(FakeReader(), state="absent", **options)) == []


@pytest.mark.parametrize("current", [None, session_row()])
def test_check_mode_accepts_a_name_that_does_not_exist(current):
    result = plan_session(
        FakeReader(*filter(None, [current])),
        check_mode=True,
        network_interface_id=WEB,
        session_number=1,
        traffic_mirror_filter_name="dns",
        traffic_mirror_target_id=TARGET,
    )
    (action,) = result.actions
    assert action.pending
    assert str(result.after["traffic_mirror_filter_id"]) == "tmf-(known after apply: dns)"
    assert result.after["traffic_mirror_target_id"] == TARGET


def test_check_mode_rejects_a_filter_id_that_does_not_exist():
    with pytest.raises(NotFoundError, match="InvalidTrafficMirrorFilterId.NotFound"):
        plan_session(
            FakeReader(), check_mode=True, **{**NEW, "traffic_mirror_filter_id": "tmf-" + "0" * 17}, session_number=1
        )


def test_unshared_target_is_kept_but_not_assigned():
    unshared = "tmt-" + "0" * 17
    current = session_row(TrafficMirrorTargetId=unshared)
    options = {"network_interface_id": WEB, "session_number": 1, "packet_length": 128}
    assert operations(plan_session(FakeReader(current), check_mode=True, **options)) == ["ModifyTrafficMirrorSession"]
    with pytest.raises(NotFoundError, match=r"InvalidTrafficMirrorTargetId\.NotFound"):
        plan_session(
            FakeReader(session_row()),
            check_mode=True,
            **{**NEW, "traffic_mirror_target_id": unshared},
            session_number=1,
        )


@pytest.mark.parametrize("options", [{"description": "new"}, {"tags": {"a": ""}}, {"state": "absent"}])
def test_changes_to_a_foreign_session_fail(options):
    reader = FakeReader(session_row(name="web"), foreign=True)
    with pytest.raises(ConflictError, match="owner 123456789012.*belongs to another account"):
        plan_session(reader, network_interface_id=WEB, session_number=1, **options)


def test_unchanged_foreign_session_takes_one_describe():
    reader = FakeReader(session_row(), foreign=True)
    assert operations(plan_session(reader, **NEW, session_number=1)) == []
    assert reader.calls == ["traffic_mirror_session"]
