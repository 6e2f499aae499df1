# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of identity: how each type of resource is found, and when a name is checked."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import (
    AmbiguousMatchError,
    ConflictError,
    TransientError,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.matching import find_match
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION, TARGET

from tests.unit.resources import test_filter, test_target
from tests.unit.resources.session_helpers import DB, NEW, WEB, FakeReader, operations, plan_session, session_row
from tests.unit.resources.test_filter import filter_row, plan_filter
from tests.unit.resources.test_target import ENI, NLB, OTHER, plan_target, target_row

OPTIONS = {"state": "present", "purge_tags": True, "allow_replacement": False, "adopt": False}
SESSIONS = [
    session_row(1, "1", WEB, name="one"),
    session_row(2, "2", WEB, name="two"),
    session_row(1, "3", DB, name="three"),
    session_row(2, "4", DB, name="two"),
    session_row(3, "5", DB),
]
SENSOR = "eni-" + "4" * 17
TARGETS = [
    target_row("1", "one"),
    target_row("2", "two", NetworkInterfaceId=ENI),
    target_row("3", None, NetworkInterfaceId=SENSOR),
]
IN_TRANSITION = [*TARGETS, target_row("4", "x", NetworkInterfaceId=ENI)]
FILTERS = [filter_row("1", "one"), filter_row("2", "two")]
NAMES = pytest.mark.parametrize(
    ("plan", "reader", "create"),
    [
        (plan_session, FakeReader, NEW),
        (plan_filter, test_filter.FakeReader, {}),
        (plan_target, test_target.FakeReader, {"network_load_balancer_arn": test_target.NLB_2}),
    ],
    ids=["session", "filter", "target"],
)
ROWS = {plan_session: session_row, plan_filter: filter_row, plan_target: target_row}


@pytest.mark.parametrize(
    ("resource_type", "rows", "options", "expected"),
    [
        # The id decides, whatever the other options match.
        (SESSION, SESSIONS, {"id": "1"}, "1"),
        (SESSION, SESSIONS, {"id": "1", "network_interface_id": DB, "session_number": 1, "name": "two"}, "1"),
        (SESSION, SESSIONS, {"id": "9", "network_interface_id": DB, "session_number": 1, "name": "three"}, None),
        # Then the natural key, whatever the name matches.
        (SESSION, SESSIONS, {"network_interface_id": WEB, "session_number": 2, "name": "one"}, "2"),
        (SESSION, SESSIONS, {"network_interface_id": DB, "session_number": 3, "name": "one"}, "5"),
        # Then the name: among the sessions of the interface, if the task has one.
        (SESSION, SESSIONS, {"network_interface_id": WEB, "name": "two"}, "2"),
        (SESSION, SESSIONS, {"network_interface_id": WEB, "name": "three"}, None),
        (SESSION, SESSIONS, {"network_interface_id": DB, "session_number": 9, "name": "three"}, "3"),
        (SESSION, SESSIONS, {"name": "three", "session_number": 2}, "3"),
        (SESSION, SESSIONS, {"name": "two"}, AmbiguousMatchError),
        (FILTER, FILTERS, {"id": "1", "name": "two"}, "1"),
        (FILTER, FILTERS, {"name": "two"}, "2"),
        (FILTER, FILTERS, {"name": "three"}, None),
        (FILTER, [*FILTERS, filter_row("3", "two")], {"name": "two"}, AmbiguousMatchError),
        (TARGET, TARGETS, {"id": "1", "name": "two", "network_interface_id": ENI}, "1"),
        (TARGET, TARGETS, {"name": "one", "network_interface_id": ENI}, "2"),
        (TARGET, TARGETS, {"name": "one", "network_interface_id": SENSOR}, "3"),
        (TARGET, TARGETS, {"name": "two"}, "2"),
        (TARGET, TARGETS, {"name": "two", "network_load_balancer_arn": test_target.NLB_2}, "2"),
        (TARGET, TARGETS, {"gateway_load_balancer_endpoint_id": test_target.VPCE}, None),
        # EC2 can return two resources with one natural key while one replaces the other. The name tells which.
        (
            TARGET,
            IN_TRANSITION,
            {"network_interface_id": ENI, "name": "x"},
            "4",
        ),
        (
            TARGET,
            IN_TRANSITION,
            {"network_interface_id": ENI},
            AmbiguousMatchError,
        ),
    ],
)
def test_find_match(resource_type, rows, options, expected):
    options = dict(options)
    if "id" in options:
        options[resource_type.id_option] = f"{resource_type.prefix}-{options.pop('id') * 17}"
    desired = DesiredState.from_options(resource_type, {**OPTIONS, **options})
    if expected is AmbiguousMatchError:
        with pytest.raises(AmbiguousMatchError, match=f"identify one by {resource_type.id_option}"):
            find_match(desired, rows)
        return
    found = find_match(desired, rows)
    assert (found and found[resource_type.id_option]) == (expected and f"{resource_type.prefix}-{expected * 17}")


@NAMES
@pytest.mark.parametrize("adopt", [False, True])
def test_new_resource_needs_a_free_name(plan, reader, create, adopt):
    """A filter that has the name is the filter of the task."""
    row = ROWS[plan](**({"interface": DB, "name": "tap"} if plan is plan_session else {"name": "tap"}))
    if plan is plan_filter:
        assert operations(plan(reader(row), name="tap")) == []
        return
    if plan is plan_target:
        with pytest.raises(ConflictError, match="EC2 cannot change the destination of a target"):
            plan(reader(row), **create, name="tap", adopt=adopt)
        return
    with pytest.raises(TransientError, match="name 'tap' is already the name of session"):
        plan(reader(row), **create, name="tap", adopt=adopt)


@NAMES
def test_rename_by_id_needs_no_adopt_but_a_free_name(plan, reader, create):
    row, other = ROWS[plan](digit="1", name="old"), ROWS[plan](digit="2", name="taken")
    if plan is plan_session:
        other = session_row(1, "2", DB, name="taken")
    id_option = next(option for option in row if option.endswith("_id") and str(row[option]).endswith("1" * 17))
    result = plan(reader(row, other), **{id_option: row[id_option]}, name="new")
    assert operations(result) == ["CreateTags"] and result.after["tags"]["Name"] == "new"
    with pytest.raises(TransientError, match=r"name 'taken' is already the name of \w+ tm\w-2+"):
        plan(reader(row, other), **{id_option: row[id_option]}, name="taken", adopt=True)


@NAMES
def test_name_in_tags_only_labels(plan, reader, create):
    """Several resources can have the label, no other Describe looks for it, and it replaces any Name."""
    row, other = ROWS[plan](digit="1", name="old"), ROWS[plan](digit="2", name="label")
    id_option = next(option for option in row if option.endswith("_id") and str(row[option]).endswith("1" * 17))
    fake = reader(row, other)
    result = plan(fake, **{id_option: row[id_option]}, tags={"Name": "label"})
    assert operations(result) == ["CreateTags"] and len(fake.calls) == (2 if plan is plan_session else 1)
    assert operations(plan(reader(row, other), **{id_option: row[id_option]}, tags={})) == []


@NAMES
@pytest.mark.parametrize("options", [{}, {"name": "tap"}])
def test_unchanged_resource_takes_one_describe(plan, reader, create, options):
    row = ROWS[plan](name="tap")
    fake = reader(row)
    identity = {"network_interface_id": WEB, "session_number": 1} if plan is plan_session else {}
    identity = {"network_load_balancer_arn": NLB} if plan is plan_target else identity
    options = options or ({"name": "tap"} if plan is plan_filter else {})
    assert operations(plan(fake, **identity, **options)) == [] and len(fake.calls) == 1


def test_name_is_checked_with_one_more_describe_only_if_it_is_written():
    rows = [session_row(1, "1", WEB, name="tap"), session_row(2, "2", WEB)]
    for options, count in (
        ({"session_number": 1, "name": "tap", "description": "d"}, 1),
        ({"session_number": 2, "name": "new"}, 2),
        ({"session_number": 3, "name": "new"}, 2),
        ({"session_number": 3}, 1),
        ({"session_number": 3, "tags": {"Name": "tap"}}, 1),
        ({"session_number": 1, "name": "tap", "state": "absent"}, 1),
    ):
        reader = FakeReader(*rows)
        plan_session(reader, **{**NEW, **options})
        assert reader.calls.count("traffic_mirror_session") == count, options


def test_resources_of_other_accounts_do_not_hold_a_name():
    foreign = target_row("1", "tap", owner=OTHER)
    reader = test_target.FakeReader(foreign, target_row("2", None, NetworkInterfaceId=ENI))
    result = plan_target(reader, network_interface_id=ENI, name="tap")
    assert operations(result) == ["CreateTags"]
    with pytest.raises(ConflictError, match="belongs to another account"):
        plan_target(test_target.FakeReader(foreign), name="tap", tags={"a": "b"}, adopt=True)


def test_guard_protects_by_natural_key_only_if_the_plan_has_calls():
    reader = FakeReader(session_row(1, name="theirs"))
    options = {"network_interface_id": WEB, "session_number": 1}
    with pytest.raises(ConflictError, match="its Name is 'theirs', not 'mine'"):
        plan_session(reader, **options, name="mine")
    with pytest.raises(ConflictError, match="is not named 'mine'; nothing was deleted"):
        plan_session(reader, **options, name="mine", state="absent")
    # Without a name, the natural key is the identity.
    assert operations(plan_session(reader, **options, description="d")) == ["ModifyTrafficMirrorSession"]
    assert operations(plan_session(reader, **options, state="absent")) == ["DeleteTrafficMirrorSession"]
    adopted = plan_session(reader, **options, name="mine", adopt=True)
    assert operations(adopted) == ["CreateTags"] and adopted.after["tags"] == {"Name": "mine"}
    assert operations(plan_session(reader, **options, name="mine", adopt=True, state="absent")) == [
        "DeleteTrafficMirrorSession"
    ]


@NAMES
@pytest.mark.parametrize("mark", ["vtap:fleet", "vtap:stack", "aws:cloudformation:stack-id"])
@pytest.mark.parametrize("by_id", [True, False])
def test_mark_requires_adopt_also_to_delete_and_by_id(plan, reader, create, mark, by_id):
    pairs = [{"Key": "Name", "Value": "tap"}, {"Key": mark, "Value": "x"}]
    row = session_row(Tags=pairs) if plan is plan_session else ROWS[plan](name="tap", tags={mark: "x"})
    id_option = next(option for option in row if option.endswith("_id") and str(row[option]).endswith("1" * 17))
    identity = {id_option: row[id_option]} if by_id else {"name": "tap"}
    assert operations(plan(reader(row), **identity)) == []
    for options in ({"tags": {"a": "b"}}, {"state": "absent"}):
        with pytest.raises(ConflictError, match=f"was not changed: .*tag {mark}.*set adopt: true"):
            plan(reader(row), **identity, **options)
        result = plan(reader(row), **identity, **options, adopt=True)
        assert result.actions
        if "tags" in options:
            kept = {mark: "x"} if mark.startswith("aws:") else {}
            assert result.after["tags"] == {"Name": "tap", "a": "b", **kept}
            assert any("was taken over from" in warning for warning in result.warnings)


def test_new_session_without_packets_is_a_warning():
    reader = FakeReader(session_row(1, "1", name="first"))
    (warning,) = plan_session(reader, **NEW, session_number=2).warnings
    assert "gets no packets: session tms-1" in warning and "lower session_number and the same filter" in warning
    assert reader.calls == ["traffic_mirror_session"]
    other_filter = {**NEW, "traffic_mirror_filter_id": "tmf-" + "8" * 17}
    assert plan_session(reader, **other_filter, session_number=2).warnings == ()
    reader = FakeReader(session_row(5, "1", name="later"))
    assert plan_session(reader, **NEW, session_number=2).warnings == ()


def test_replacement_of_a_filter_by_id_needs_an_unambiguous_name():
    """The next run resolves the id, which no longer exists, by the name."""
    reader = test_filter.FakeReader(filter_row("1", "tap"), filter_row("2", "tap"))
    options = {"traffic_mirror_filter_id": test_filter.FILTER_ID, "name": "tap", "allow_replacement": True}
    assert operations(plan_filter(reader, **options, description="old")) == []
    with pytest.raises(ConflictError, match=r"name 'tap' is already the name of filter tmf-2+"):
        plan_filter(reader, **options, description="new")
