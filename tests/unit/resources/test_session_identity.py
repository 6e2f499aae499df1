# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of session plans: the options that identify a session, and their validation."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import (
    ConflictError,
    NotFoundError,
    ValidationError,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Plan
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION

from tests.unit.resources.session_helpers import (
    DB,
    NEW,
    TARGET,
    WEB,
    FakeReader,
    operations,
    plan_session,
    session_row,
)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Identify the session by"),
        ({"network_interface_id": WEB}, "Identify the session by"),
        ({"session_number": 1}, "Identify the session by"),
        ({"network_interface_id": WEB, "session_number": 0}, "session_number must be 1 to 32766, not 0"),
        ({"network_interface_id": WEB, "session_number": 32767}, "session_number must be 1 to 32766, not 32767"),
        ({"name": "a", "virtual_network_id": -1}, "virtual_network_id must be 0 to 16777215, not -1"),
        ({"name": "a", "virtual_network_id": 16777216}, "virtual_network_id must be 0 to 16777215, not 16777216"),
        ({"name": "a", "packet_length": -1}, r"packet_length must be 0 \(reset\) or 1 to 65535, not -1"),
        ({"name": "a", "packet_length": 65536}, r"packet_length must be 0 \(reset\) or 1 to 65535, not 65536"),
        ({"name": "a", "network_interface_id": "eni-1"}, "network_interface_id must be eni- followed by 8 or 17"),
        ({"name": "a", "network_interface_id": WEB + "0"}, "network_interface_id must be eni-"),
        ({"name": "a", "network_interface_id": WEB.upper()}, "network_interface_id must be eni-"),
        ({"name": "a", "traffic_mirror_filter_id": TARGET}, "traffic_mirror_filter_id must be tmf-"),
        ({"name": "a", "traffic_mirror_target_id": "tmt-"}, "traffic_mirror_target_id must be tmt-"),
        ({"traffic_mirror_session_id": "tms-xyz"}, "traffic_mirror_session_id must be tms-"),
    ],
)
def test_invalid_options_fail_without_a_call(options, message):
    reader = FakeReader()
    with pytest.raises(ValidationError, match=message):
        plan_session(reader, **options)
    assert reader.calls == []


def test_session_identified_by_name_is_renumbered():
    current = session_row(1, name="web")
    result = plan_session(FakeReader(current), **NEW, name="web", session_number=2)
    assert operations(result) == ["ModifyTrafficMirrorSession"]
    assert result.after["session_number"] == 2


def test_session_identified_by_number_is_renamed():
    result = plan_session(FakeReader(session_row(1)), **NEW, name="web", session_number=1)
    assert operations(result) == ["CreateTags"]


def test_renumber_to_a_used_number_fails():
    one, two = session_row(1, "1", name="one"), session_row(2, "2", name="two")
    for reader, options in (
        (FakeReader(one, two), {"network_interface_id": WEB, "traffic_mirror_session_id": one[SESSION.id_option]}),
        (FakeReader(one, two), {"traffic_mirror_session_id": one[SESSION.id_option]}),
        (FakeReader(one, two), {"name": "one"}),
    ):
        with pytest.raises(ConflictError) as error:
            plan_session(reader, **options, session_number=2)
        assert one[SESSION.id_option] in str(error.value) and two[SESSION.id_option] in str(error.value)
    with pytest.raises(ConflictError, match="session tms-2.*was not changed: its Name is 'two', not 'one'"):
        plan_session(FakeReader(one, two), network_interface_id=WEB, name="one", session_number=2)


def test_ambiguous_name_fails():
    one, two = session_row(1, "1", name="web"), session_row(2, "2", name="web")
    with pytest.raises(ConflictError, match=f"matches 2 sessions.*{one[SESSION.id_option]}.*{two[SESSION.id_option]}"):
        plan_session(FakeReader(one, two), network_interface_id=WEB, name="web")
    assert operations(plan_session(FakeReader(one, two), network_interface_id=WEB, name="web", session_number=2)) == []


def test_unknown_id_fails():
    with pytest.raises(NotFoundError, match="session tms-.* does not exist in this account and region"):
        plan_session(FakeReader(), **NEW, session_number=1, traffic_mirror_session_id="tms-" + "9" * 17)


def test_session_of_the_interface_is_preferred_by_name():
    """Two sessions can have one name after parallel runs. The one on the task's interface is the session."""
    on_db, on_web = session_row(1, "1", DB, name="tap"), session_row(2, "2", name="tap")
    result = plan_session(FakeReader(on_db, on_web), **NEW, name="tap", description="d")
    assert operations(result) == ["ModifyTrafficMirrorSession"]
    assert result.before[SESSION.id_option] == on_web[SESSION.id_option]


def test_absent_ignores_other_sessions_with_the_name():
    one, other = session_row(1, "1", WEB, name="tap"), session_row(2, "2", WEB, name="tap")
    options = {"state": "absent", "network_interface_id": WEB, "session_number": 1, "name": "tap"}
    result = plan_session(FakeReader(one, other), **options)
    assert (
        operations(result) == ["DeleteTrafficMirrorSession"]
        and result.before[SESSION.id_option] == one[SESSION.id_option]
    )
    assert plan_session(FakeReader(other), **options) == Plan()


@pytest.mark.parametrize(
    "options",
    [
        {"traffic_mirror_session_id": "tms-" + "1" * 17},
        {"network_interface_id": WEB, "session_number": 1},
        {"network_interface_id": WEB, "name": "web"},
        {"name": "web"},
    ],
)
def test_absent_by_every_identification(options):
    current = session_row(name="web")
    assert operations(plan_session(FakeReader(current), state="absent", **options)) == ["DeleteTrafficMirrorSession"]
    assert operations(plan_session(FakeReader(), state="absent", **options)) == []


@pytest.mark.parametrize(
    "options",
    [
        {"traffic_mirror_session_id": "tms-" + "1" * 17, "network_interface_id": DB},
        {"traffic_mirror_session_id": "tms-" + "1" * 17, "session_number": 2},
        {"network_interface_id": WEB, "session_number": 1, "name": "other"},
    ],
)
def test_absent_fails_if_an_option_does_not_match(options):
    with pytest.raises(ConflictError, match="nothing was deleted"):
        plan_session(FakeReader(session_row(name="web")), state="absent", **options)
