# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a plan over many objects."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import Status
from ansible_collections.vtap.aws.plugins.module_utils._batch.plan_table import format_table

from tests.unit.batch.fakes import entry

HEADING = ("action", "object", "name", "reason")


def show(entries, max_lines=10, notes=()):
    """The lines of the table."""
    text = format_table(
        entries, HEADING, lambda one: (one.action, one.key, "name", one.reason), max_lines, "objects", notes
    )
    assert text.endswith("\n")
    return text.splitlines()


def test_columns_are_aligned():
    entries = [entry(1, action="create", reason="a long reason"), entry(2, action="delete", reason="short")]
    assert show(entries)[:3] == [
        "action  object     name  reason",
        "create  tms-00001  name  a long reason",
        "delete  tms-00002  name  short",
    ]


def test_unchanged_entries_have_no_line():
    assert show([entry(1, action="unchanged")]) == ["0 to create, 0 to update, 0 to delete, 1 unchanged, 0 skipped"]


@pytest.mark.parametrize("count", [3, 4, 100])
@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_each_action_has_a_maximum_of_lines(action, count):
    lines = show([entry(number, action=action) for number in range(count)], max_lines=3)
    more = [line for line in lines if "more" in line]
    assert len(lines) == 1 + 3 + (count > 3) + 1
    assert [line.split() for line in more] == ([[action, "...", "and", str(count - 3), "more"]] if count > 3 else [])


def test_actions_do_not_share_the_maximum():
    lines = show([entry(number, action=action) for action in ("delete", "create") for number in range(2)], max_lines=2)
    assert [line.split()[0] for line in lines[1:-1]] == ["create", "create", "delete", "delete"]


def test_skips_are_grouped_by_reason():
    reasons = ["not supported", "not supported", "at capacity"]
    lines = show([entry(number, action="skip", reason=reason) for number, reason in enumerate(reasons)])
    assert [line.split() for line in lines[1:-1]] == [
        ["skip", "tms-00002", "name", "at", "capacity"],
        ["skip", "2", "objects", "not", "supported"],
    ]


def test_reasons_have_a_maximum_of_lines():
    lines = show([entry(number, action="skip", reason=f"reason {number}") for number in range(30)], max_lines=4)
    assert len(lines) == 1 + 4 + 1 + 1 and lines[-2].split() == ["skip", "...", "and", "26", "more", "reasons"]


def test_deletions_that_are_held_back_are_marked_and_counted_apart():
    entries = [entry(1, action="delete", status=Status.HELD_BACK), entry(2, action="delete")]
    lines = show(entries)
    assert [line.split("  ")[0] for line in lines[1:3]] == ["delete (held back)", "delete"]
    assert lines[-1] == "0 to create, 0 to update, 1 to delete, 0 unchanged, 0 skipped, 1 deletions held back"


def test_notes_precede_the_counts():
    assert show([entry(1, action="create")], notes=["exclude[0] matches no interface"])[-2] == (
        "exclude[0] matches no interface"
    )


@pytest.mark.parametrize("text", ["web\ncreate  eni-1", "\x1b[31mred", "a\rb", "\u202eevil"])
def test_control_characters_are_escaped(text):
    """Names come from tags, which other users can set."""
    lines = show([entry(1, action="create", reason=text)], notes=[text])
    assert len(lines) == 4 and all(line.isprintable() for line in lines)
