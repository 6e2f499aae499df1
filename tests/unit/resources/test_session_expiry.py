# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of the expiry in session plans."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import (
    ConflictError,
    NotFoundError,
    TransientError,
    ValidationError,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import CLOUDFORMATION, OWNERSHIP_MARKS

from tests.unit.resources.session_helpers import (
    DB,
    NEW,
    TARGET_2,
    WEB,
    FakeReader,
    operations,
    plan_session,
    session_row,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)
EARLIER = "2026-11-26T10:00:00Z"
PAST, FUTURE, LATER = "2026-11-26T11:00:00Z", "2026-11-26T16:00:00Z", "2026-11-26T20:00:00Z"
MARKS = pytest.mark.parametrize("mark", OWNERSHIP_MARKS)
KEY = {"network_interface_id": WEB, "session_number": 1}


def expiring(tag, name="web", **members):
    """A session with this tag EXPIRES, None for none."""
    tags = {"Name": name, "vtap:expires": tag}
    pairs = [{"Key": key, "Value": value} for key, value in tags.items() if value is not None]
    return session_row(**{"Tags": pairs, **members})


def plan_at(reader, check_mode=False, **options):
    return plan_session(reader, check_mode, NOW, **options)


def tags_after(plan):
    return plan.after["tags"].get("vtap:expires")


def test_create_sets_the_tag_by_the_same_call():
    for check_mode in (False, True):
        plan = plan_at(FakeReader(), check_mode, **NEW, session_number=1, expires_in="4h", tags={"a": "b"})
        (action,) = plan.actions
        assert action.params["TagSpecifications"][0]["Tags"] == [
            {"Key": "a", "Value": "b"},
            {"Key": "vtap:expires", "Value": f"{FUTURE} 4h"},
        ]
        assert tags_after(plan) == (None if check_mode else f"{FUTURE} 4h")
        assert plan.warnings == ()
    assert tags_after(plan_at(FakeReader(), True, **NEW, session_number=1, expires_at=FUTURE)) == FUTURE


@pytest.mark.parametrize(
    ("tag", "options", "after"),
    [
        (FUTURE, {"tags": {}, "purge_tags": True}, FUTURE),
        (FUTURE, {"expires_at": FUTURE}, FUTURE),
        (FUTURE, {"expires_at": "2026-11-26T18:00:00+02:00"}, FUTURE),
        (f"{FUTURE} 1d", {"expires_at": FUTURE}, f"{FUTURE} 1d"),
        (f"{LATER} 4h", {"expires_in": "240m"}, f"{LATER} 4h"),
        ("soon", {}, "soon"),
    ],
)
def test_unchanged(tag, options, after):
    row = expiring(tag)
    for check_mode in (False, True):
        plan = plan_at(FakeReader(row), check_mode, **KEY, **options)
        assert (operations(plan), tags_after(plan), plan.warnings) == ([], after, ())


@pytest.mark.parametrize(
    ("tag", "options", "after", "reason"),
    [
        (FUTURE, {"expires_at": LATER}, LATER, f"vtap:expires={LATER}"),
        (f"{FUTURE} 4h", {"expires_at": LATER}, LATER, f"vtap:expires={LATER}"),
        (f"{FUTURE} 4h", {"expires_in": "8h"}, f"{LATER} 8h", "vtap:expires=(now + 8h)"),
        (LATER, {"expires_in": "8h"}, f"{LATER} 8h", "vtap:expires=(now + 8h)"),
        (f"{PAST} 4h", {"expires_in": "8h"}, f"{LATER} 8h", "vtap:expires=(now + 8h)"),
        (PAST, {"expires_at": LATER}, LATER, f"vtap:expires={LATER}"),
        ("soon", {"expires_in": "8h"}, f"{LATER} 8h", "vtap:expires=(now + 8h)"),
    ],
)
def test_changed(tag, options, after, reason):
    row = expiring(tag)
    for check_mode in (False, True):
        plan = plan_at(FakeReader(row), check_mode, **KEY, **options)
        assert operations(plan) == ["CreateTags"] and plan.warnings == ()
        assert plan.actions[0].params["Tags"] == [{"Key": "vtap:expires", "Value": after}]
        assert plan.actions[0].reason == f"tags to set: {reason}"
        assert tags_after(plan) == (None if check_mode and "now" in reason else after)


def test_one_call_for_all_tags():
    plan = plan_at(FakeReader(expiring(None)), **KEY, expires_in="4h", tags={"a": "b"})
    assert operations(plan) == ["CreateTags"]
    assert {tag["Key"] for tag in plan.actions[0].params["Tags"]} == {"a", "vtap:expires"}


@pytest.mark.parametrize("tag", [f"{FUTURE} 4h", PAST, "soon"])
def test_removal(tag):
    plan = plan_at(FakeReader(expiring(tag)), **KEY, expires_at="", tags={"vtap:expires": tag})
    assert operations(plan) == ["DeleteTags"] and tags_after(plan) is None and plan.warnings == ()
    again = plan_at(FakeReader(expiring(None)), **KEY, expires_at="", tags={"vtap:expires": tag})
    assert again.actions == ()


def test_tags_cannot_set_the_expiry():
    for options in ({"tags": {"vtap:expires": FUTURE}}, {"default_tags": {"vtap:expires": FUTURE}}):
        with pytest.raises(ValidationError, match="vtap:expires is set only by .* Set the expiry of a session by"):
            plan_at(FakeReader(expiring(LATER)), **KEY, **options)
        assert plan_at(FakeReader(expiring(FUTURE)), **KEY, **options).actions == ()


@pytest.mark.parametrize("given", ["tags", "default_tags"])
def test_changed_time_with_the_tags_of_an_info_module(given):
    options = {**KEY, "expires_at": LATER, given: {"vtap:expires": f"{FUTURE} 4h"}}
    assert tags_after(plan_at(FakeReader(expiring(f"{FUTURE} 4h")), **options)) == LATER
    assert plan_at(FakeReader(expiring(LATER)), **options).actions == ()


EXPIRED = [
    (PAST, {}, None),
    (f"{PAST} 4h", {"expires_in": "4h"}, None),
    (PAST, {"expires_at": PAST}, None),
    (FUTURE, {"expires_at": PAST}, PAST),
    (None, {"expires_at": PAST}, PAST),
    ("2026-11-26T12:00:00Z", {}, None),
]


@pytest.mark.parametrize(("tag", "options", "written"), EXPIRED)
@pytest.mark.parametrize("check_mode", [False, True])
def test_expired_session_is_left(tag, options, written, check_mode):
    """The task changes at most the expiry, reads nothing more, and warns."""
    reader, row = FakeReader(), expiring(tag)
    reader.sessions.append(row)
    more = {"description": "new", "traffic_mirror_target_id": TARGET_2, "tags": {"a": "b"}, "session_number": 1}
    plan = plan_at(reader, check_mode, network_interface_id=WEB, **more, **options)
    assert operations(plan) == (["CreateTags"] if written else [])
    assert plan.after == {**row, "tags": {**row["tags"], "vtap:expires": written or tag}}
    (warning,) = plan.warnings
    assert f"expired at {written or tag.partition(' ')[0]}; the other options of this task were not" in warning
    assert "vtap.aws.expire" in warning
    assert reader.calls == ["traffic_mirror_session"] + ["owner"] * bool(written)


def test_expired_nameless_session_gets_no_name():
    row = expiring(FUTURE, Tags=[])
    plan = plan_at(FakeReader(row), **KEY, name="web", expires_at=PAST)
    assert operations(plan) == ["CreateTags"] and "Name" not in plan.after["tags"]
    assert not any("has no Name" in warning for warning in plan.warnings)


@pytest.mark.parametrize("identity", [{"session_number": 1}, {"name": "web"}])
def test_past_time_creates_nothing(identity):
    for check_mode in (False, True):
        plan = plan_at(FakeReader(), check_mode, **NEW, **identity, expires_at=PAST)
        assert (plan.actions, plan.before, plan.after) == ((), None, None)
        (warning,) = plan.warnings
        assert f"was not created, because expires_at {PAST} is in the past" in warning


def test_past_time_does_not_require_filter_and_target():
    """They may be deleted with the session. Check mode equals the real run."""
    names = {"traffic_mirror_filter_name": "missing", "traffic_mirror_target_name": "missing"}
    for check_mode in (False, True):
        reader = FakeReader()
        plan = plan_at(reader, check_mode, **KEY, **names, expires_at=PAST)
        assert plan.actions == () and len(plan.warnings) == 1
        assert reader.calls == ["traffic_mirror_session"]


def test_unknown_id_with_a_past_time():
    with pytest.raises(NotFoundError):
        plan_at(FakeReader(), traffic_mirror_session_id="tms-" + "9" * 17, expires_at=PAST)


def test_expired_session_of_another_name():
    """Its expiry does not hide that the task must not change it."""
    with pytest.raises(ConflictError, match="its Name is 'theirs', not 'web'"):
        plan_at(FakeReader(expiring(PAST, name="theirs")), **NEW, name="web", session_number=1)


@pytest.mark.parametrize(
    ("options", "after"),
    [
        ({}, f"{FUTURE} 4h"),
        ({"expires_in": "4h"}, f"{FUTURE} 4h"),
        ({"expires_at": LATER}, LATER),
        ({"expires_at": ""}, None),
        ({"tags": {"vtap:expires": f"{FUTURE} 4h"}}, f"{FUTURE} 4h"),
    ],
)
def test_replacement_keeps_the_expiry(options, after):
    row = expiring(f"{FUTURE} 4h")
    for check_mode in (False, True):
        plan = plan_at(
            FakeReader(row),
            check_mode,
            traffic_mirror_session_id=row["traffic_mirror_session_id"],
            name="web",
            network_interface_id=DB,
            allow_replacement=True,
            **options,
        )
        assert operations(plan)[0] == "CreateTrafficMirrorSession" and tags_after(plan) == after
        tags = {one["Key"]: one["Value"] for one in plan.actions[0].params["TagSpecifications"][0]["Tags"]}
        assert tags.get("vtap:expires") == after


def test_expired_session_is_not_replaced():
    row = expiring(PAST)
    plan = plan_at(
        FakeReader(row),
        traffic_mirror_session_id=row["traffic_mirror_session_id"],
        name="web",
        network_interface_id=DB,
        allow_replacement=True,
    )
    assert plan.actions == () and len(plan.warnings) == 1


@pytest.mark.parametrize("options", [{}, {"expires_at": FUTURE}, {"expires_in": "1h"}])
def test_deletion(options):
    plan = plan_at(FakeReader(expiring(f"{FUTURE} 4h")), **KEY, state="absent", **options)
    assert operations(plan) == ["DeleteTrafficMirrorSession"]


@pytest.mark.parametrize(
    ("tag", "state"), [(f"{LATER} 4h", f"expires at {LATER}"), (None, "has no expiry"), ("soon", "has no expiry")]
)
def test_deletion_of_a_renewed_session(tag, state):
    with pytest.raises(TransientError, match=f"{state}, and expires_at is {FUTURE}; nothing was deleted"):
        plan_at(FakeReader(expiring(tag)), **KEY, state="absent", expires_at=FUTURE)


def test_deletion_of_a_session_that_must_not_expire():
    with pytest.raises(TransientError, match=f"expires at {FUTURE}, and expires_at is empty; nothing was deleted"):
        plan_at(FakeReader(expiring(f"{FUTURE} 4h")), **KEY, state="absent", expires_at="")
    for tag in (None, "soon"):
        plan = plan_at(FakeReader(expiring(tag)), **KEY, state="absent", expires_at="")
        assert operations(plan) == ["DeleteTrafficMirrorSession"]


def test_deletion_of_a_session_that_does_not_exist():
    assert plan_at(FakeReader(), **KEY, state="absent", expires_at=FUTURE).actions == ()


def marked(mark):
    """An expired session with an ownership mark."""
    tags = {"Name": "web", "vtap:expires": PAST, mark: "s"}
    return session_row(Tags=[{"Key": key, "Value": value} for key, value in tags.items()])


@MARKS
@pytest.mark.parametrize("options", [{"expires_at": EARLIER}, {"expires_at": FUTURE}, {"description": "new"}])
def test_expired_session_of_another_owner_is_protected(mark, options):
    with pytest.raises(ConflictError, match=f"was not changed: .*tag {mark}"):
        plan_at(FakeReader(marked(mark)), **KEY, **options)
    assert plan_at(FakeReader(marked(mark)), **KEY, state="present").warnings == ()


@MARKS
@pytest.mark.parametrize("expires_at", [FUTURE, EARLIER])
def test_change_of_the_expiry_adopts(mark, expires_at):
    plan = plan_at(FakeReader(marked(mark)), **KEY, adopt=True, expires_at=expires_at)
    assert tags_after(plan) == expires_at and (mark in plan.after["tags"]) == (mark == CLOUDFORMATION)
    assert any("was taken over from" in one for one in plan.warnings)


@MARKS
def test_expired_session_that_is_left_is_not_adopted(mark):
    plan = plan_at(FakeReader(marked(mark)), **KEY, adopt=True, description="new")
    assert plan.actions == () and mark in plan.after["tags"]
    (warning,) = plan.warnings
    assert "expired at" in warning
