# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of a plan over many objects: status, object after the run, summary."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import SUMMARY_KEYS, Entry, Status, summarize

from tests.unit.batch.fakes import MODIFY, act, entry

BEFORE, AFTER, RESULT = {"id": "tms-00001", "tags": {}}, {"id": "tms-00001", "tags": {"vtap:fleet": "ids"}}, {"x": 1}


@pytest.mark.parametrize(
    ("status", "after"),
    [
        (Status.PLANNED, AFTER),
        (Status.DONE, RESULT),
        (Status.HELD_BACK, BEFORE),
        (Status.FAILED, BEFORE),
        (Status.NOT_TRIED, BEFORE),
    ],
)
def test_object_after_the_run(status, after):
    assert entry(1, act(MODIFY, 1), status=status, result=RESULT).after == after


@pytest.mark.parametrize("status", Status)
def test_only_planned_entries_with_calls_are_open(status):
    assert entry(1, act(MODIFY, 1), status=status).is_open == (status is Status.PLANNED)
    assert not entry(1, status=status).is_open


def test_skipped_entry_keeps_its_object():
    one = entry(1, act(MODIFY, 1), changes={"description": ["", "x"]})
    one.skip("deleted")
    assert (one.action, one.reason, one.changes, one.is_open) == ("skip", "deleted", None, False)
    assert one.after == one.plan.before == BEFORE and not one.has_failed


@pytest.mark.parametrize("status", [Status.FAILED, Status.NOT_TRIED])
def test_failed_entry(status):
    one = entry(1, act(MODIFY, 1))
    one.fail("InvalidParameterValue", "text", status)
    assert one.has_failed and one.status is status and (one.error_code, one.error) == ("InvalidParameterValue", "text")


def test_summary_counts_each_entry_once_by_what_was_done():
    entries = [
        *[entry(1, action="create", status=Status.DONE)] * 2,
        entry(1, action="create", status=Status.FAILED),
        entry(1, action="create", status=Status.NOT_TRIED),
        entry(1, action="update", status=Status.PLANNED),
        entry(1, action="unchanged"),
        entry(1, action="delete", status=Status.HELD_BACK),
        entry(1, action="delete", status=Status.DONE),
        entry(1, action="skip"),
    ]
    assert summarize(entries) == {
        "created": 2,
        "updated": 1,
        "unchanged": 1,
        "deleted": 1,
        "skipped": 1,
        "held_back": 1,
        "failed": 2,
    }


def test_summary_has_all_keys():
    """Templates can use each key without a default."""
    assert summarize([]) == dict.fromkeys(SUMMARY_KEYS, 0)


def test_a_skipped_deletion_keeps_its_reason():
    """Coverage counts excluded and ineligible interfaces by this reason."""
    deletion, update = (Entry("a", action, "excluded by exclude[0]") for action in ("delete", "update"))
    deletion.skip("session has another tag")
    update.skip("interface was deleted")
    assert deletion.reason == "excluded by exclude[0]; session has another tag"
    assert update.reason == "interface was deleted"
