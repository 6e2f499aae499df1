# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of two documents that are applied one after the other, against the emulator over HTTP."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import Status
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.placeholders import is_placeholder
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._stack.options import LISTS
from ansible_collections.vtap.aws.plugins.module_utils._stack.report import list_resources
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.unit.property_settings import EMULATED
from tests.unit.stack.documents import FOREIGN, TOP, build, create_foreign, shapes, type_of
from tests.unit.stack.runs import (
    DESCRIBES,
    StackRun,
    assert_reports_truth,
    connect,
    list_calls,
    list_writes,
    options,
    read_resources,
)


def plan_or_refusal(running, params, check_mode):
    """The planned run, or the message of the refusal."""
    try:
        return StackRun(connect(running), params, check_mode)
    except (ConflictError, ValidationError) as error:
        return str(error)


def apply_document(running, params):
    """Run a task in check mode and for real, and check everything that holds for every run.

    Returns the run, None if the task was refused before the first call.
    """
    emulator = running[0]
    before = read_resources(running)
    emulator.clear_log()
    predicted = plan_or_refusal(running, params, True)
    run = plan_or_refusal(running, params, False)
    assert list_writes(emulator) == [] and read_resources(running) == before
    if isinstance(run, str):
        event("refused")
        assert predicted == run or "is named" in run  # check mode assumes that an earlier task creates it
        return None
    assert predicted.planned == run.planned and predicted.excess == run.excess
    emulator.clear_log()
    run.execute()
    assert run.failures == {}, [(one.key, one.error) for one in run.entries if one.has_failed]
    writes = list_writes(emulator)
    planned = [call["operation"] for one in run.planned for call in one["calls"]]
    assert [one for one in sorted(writes) if "Tags" not in one] == [one for one in sorted(planned) if "Tags" not in one]
    assert len(writes) <= len(planned) and list_calls(emulator) == writes
    assert run.changed == bool(writes) == (read_resources(running) != before)
    assert_reports_truth(run, running)
    assert_predicted(predicted, run)
    assert_foreign_unchanged(run, before, read_resources(running))
    assert_document_exists(run, read_resources(running))
    return run


def assert_predicted(predicted, run):
    """The results of check mode are those of the run, except for what EC2 assigns."""
    expected, actual = list_resources(predicted.entries), list_resources(run.entries)
    assert {one: sorted(rows) for one, rows in expected.items()} == {one: sorted(rows) for one, rows in actual.items()}
    for option, rows in expected.items():
        for name, row in rows.items():
            known = {key: value for key, value in row.items() if not is_placeholder(value) and key != "rules"}
            assert known == {key: actual[option][name][key] for key in known}, (option, name)


def assert_foreign_unchanged(run, before, after):
    """Resources without the mark of the stack are as before, unless they are adopted.

    A session can use another filter or target, if the run replaced it.
    """
    for resource_id, row in before.items():
        if run.stack.owns(row):
            continue
        new = after.get(resource_id)
        if new is None or run.stack.owns(new):
            adopting = [one for one in run.entries if one.desired.adopt and one.plan.before is not None]
            ids = [one.plan.before[one.resource_type.id_option] for one in adopting]
            assert resource_id in ids and (new is not None or adopting[0].desired.allow_replacement)
            assert not any(mark in row["tags"] for mark in ("vtap:fleet", "vtap:stack", "aws:cloudformation:stack-id"))
            continue
        if type_of(row) is SESSION:
            for one in (FILTER, TARGET):
                if row[one.id_option] not in after:
                    row = {**row, one.id_option: new[one.id_option], "packet_length": new["packet_length"]}
        assert new == row


def assert_document_exists(run, after):
    """Each entry of the document is exactly one resource with its values. Nothing else has the mark, after a purge."""
    stack, listed = run.stack, set()
    owned = {key: row for key, row in after.items() if stack.owns(row)}
    ids = {}
    for resource_type in LISTS.values():
        for item in stack.listed(resource_type):
            rows = [
                row
                for row in owned.values()
                if type_of(row) is resource_type and row["tags"].get("Name") == item.desired.name
            ]
            assert len(rows) == 1, item.label
            row, desired = rows[0], item.desired
            assert row["tags"]["vtap:stack"] == stack.name
            ids[(resource_type, item.desired.name)] = row[resource_type.id_option]
            listed.add(row[resource_type.id_option])
            for option, value in desired.values.items():
                if option in (FILTER.id_option, TARGET.id_option) and value not in after:
                    continue  # the run replaced the filter or target with this id
                if option == "packet_length" and value == 0:
                    assert row[option] in (0, 8500)
                    continue
                assert row[option] == value, (item.label, option)
            for option, name in item.names.items():
                one = FILTER if "filter" in option else TARGET
                expected = ids.get((one, name)) or next(
                    key for key, other in after.items() if type_of(other) is one and other["tags"].get("Name") == name
                )
                assert row[one.id_option] == expected, (item.label, option)
            assert desired.tags.desired().items() <= row["tags"].items()
            assert "vtap:replaces" not in row["tags"]
            if desired.tags.tags is not None and desired.tags.purge:
                assert set(row["tags"]) - {"vtap:expires"} == {*desired.tags.desired(), "Name", "vtap:stack"}
            if desired.expiry is not None:
                current = row["tags"].get("vtap:expires")
                assert desired.expiry.choose_tag(current) == current
            if desired.children is not None:
                assert [one["rule_number"] for one in row["rules"]] == sorted(
                    one.values["rule_number"] for one in desired.children
                )
    held = any(one.status is Status.HELD_BACK for one in run.entries)
    assert held == (run.excess is not None)
    for key, row in owned.items():
        assert key in listed or held or not stack.deletes(type_of(row)), row


def assert_second_run_changes_nothing(running, params, is_held):
    running[0].clear_log()
    run = StackRun(connect(running), params).execute()
    assert sorted(list_calls(running[0])) == DESCRIBES
    assert not run.changed and [one for one in run.planned if one["calls"]] == []
    assert (run.excess is not None) == is_held


def names_replaced_id(run, params, after):
    """Whether the document has an id that the run replaced: the next run does not find it."""
    ids = [
        value
        for option in LISTS
        for entry in params[option] or ()
        for key, value in entry.items()
        if key.startswith("traffic_mirror_") and key.endswith("_id") and value is not None
    ]
    return any(one not in after for one in ids)


@settings(EMULATED, max_examples=18)
@given(FOREIGN, shapes(1), st.one_of(shapes(1), shapes()), TOP)
def test_two_documents(running, foreign, first, second, top):
    running[0].reset()
    create_foreign(running, foreign)
    params = build(first)
    run = apply_document(running, params)
    if run is not None:
        assert_second_run_changes_nothing(running, params, run.excess is not None)
    params = build(second, read_resources(running), **top)
    run = apply_document(running, params)
    if run is not None:
        event(f"second: {'held' if run.excess else 'changed' if run.changed else 'unchanged'}")
        if not names_replaced_id(run, params, read_resources(running)):
            assert_second_run_changes_nothing(running, params, run.excess is not None)


@settings(EMULATED, max_examples=12)
@given(shapes(1), shapes(1), st.booleans())
def test_documents_without_other_resources(running, first, second, absent):
    """With allow_replacement, a run that is not refused ends as documented; state absent deletes everything."""
    running[0].reset()
    initial = read_resources(running)
    apply_document(running, build(first))
    params = build(second, read_resources(running), allow_replacement=True, max_deletes="100")
    apply_document(running, params)
    if absent:
        run = StackRun(connect(running), options(state="absent")).execute()
        assert run.failures == {} and read_resources(running) == initial
