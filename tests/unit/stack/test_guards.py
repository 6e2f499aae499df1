# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limit of deletions of a stack."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._stack.guards import find_excess_deletions
from ansible_collections.vtap.aws.plugins.module_utils._stack.options import Stack
from ansible_collections.vtap.aws.plugins.module_utils._stack.plan_entry import StackEntry

from tests.unit.stack.runs import document, filter_entry, list_marked, options


def message(max_deletes, deletions, existing, replaced=0, created=1, **given):
    """The message for a plan with these numbers of deletions, deletions of replaced resources, and creations."""
    stack = Stack.from_options(options(max_deletes=max_deletes, **given))
    entries = [
        StackEntry(key=f"filter f{one}", action="delete", reason="not listed in filters", is_replaced=one >= deletions)
        for one in range(deletions + replaced)
    ]
    entries += [StackEntry(key=f"filter n{one}", action="create", reason="does not exist") for one in range(created)]
    return find_excess_deletions(stack, entries, existing)


@pytest.mark.parametrize(
    ("max_deletes", "deletions", "existing", "is_excess"),
    [
        ("10 or 10%", 10, 11, False),
        ("10 or 10%", 11, 12, True),
        ("10 or 10%", 11, 110, False),
        ("10 or 10%", 12, 110, True),
        ("0", 0, 5, False),
        ("0", 1, 5, True),
        ("100", 5, 5, False),
        ("4", 5, 5, True),
        ("50%", 2, 4, False),
        ("50%", 2, 3, True),
    ],
)
def test_limit(max_deletes, deletions, existing, is_excess):
    assert (message(max_deletes, deletions, existing) is not None) == is_excess


@pytest.mark.parametrize(("deletions", "created"), [(1, 0), (5, 0), (5, 1)])
def test_deletion_of_everything(deletions, created):
    """Whatever the limit, unless the document has other resources."""
    text = message("100", deletions, deletions, created=created)
    assert (text is None) == bool(created)
    assert text is None or f"deletes every resource of stack ids ({deletions})" in text


def test_replaced_resources_are_no_deletions():
    assert message("0", 0, 1, replaced=1) is None
    assert message("1", 1, 3, replaced=2) is None


def test_absent_has_no_limit():
    assert message("0", 5, 5, state="absent") is None


def test_messages():
    every = message("100", 5, 5, created=0)
    assert every.startswith(
        "The plan deletes every resource of stack ids (5). Reasons: 5 x not listed in filters (filt"
    )
    assert "state: absent" in every
    limit = message("10%", 2, 5)
    assert limit.startswith("The plan deletes 2 resources; max_deletes allows 0 (10% of 5). Reasons: 2 x not listed")
    assert message("0", 1, 5).startswith("The plan deletes 1 resource; max_deletes allows 0. ")


@pytest.mark.parametrize(
    ("given", "marked"),
    [
        ({"filters": [filter_entry("g")]}, {"filters": ["f", "g"], "targets": ["t"], "sessions": ["s"]}),
        (
            {"filters": [], "targets": [], "sessions": [], "max_deletes": "100"},
            {"filters": ["f"], "targets": ["t"], "sessions": ["s"]},
        ),
    ],
)
def test_held_back_deletions_leave_resources(run, running, given, marked):
    """Other changes are made. The next run reports the deletions again."""
    run(document())
    params = {**document(max_deletes="0", sessions=(), targets=()), "targets": None, "sessions": None, **given}
    if "sessions" not in given:
        params["sessions"] = []
    first, second = run(params), run(params)
    assert list_marked(running) == marked
    for one, changed in ((first, len(marked["filters"]) == 2), (second, False)):
        assert one.excess is not None and one.changed == changed and one.failures == {}
        assert one.summary["held_back"] == sum(entry.action == "delete" for entry in one.entries)
    held = {entry.key for entry in first.entries if entry.status.value == "held_back"}
    assert {"filter f", "session s"} <= held


def test_deletions_count_marked_resources_only(run, running):
    """The lab has other filters and targets. The stack loses its only filter."""
    run(options(filters=[filter_entry("f")]))
    assert run(options(filters=[], max_deletes="100")).excess.startswith("The plan deletes every")
    assert run(options(filters=[filter_entry("g")], max_deletes="50%")).excess.startswith("The plan deletes 1 resource")
    assert list_marked(running)["filters"] == ["f", "g"]


def test_purge_false_deletes_nothing(run, running):
    run(document())
    kept = run(document(filters=("g",), targets=(), sessions=(), purge=False))
    assert kept.summary == {"created": 1} and kept.excess is None
    assert list_marked(running) == {"filters": ["f", "g"], "targets": ["t"], "sessions": ["s"]}


def test_omitted_lists_are_left_alone(run, running):
    run(document(filters=("f", "g")))
    only_filters = {**document(filters=("f",)), "targets": None, "sessions": None}
    assert run(only_filters).summary == {"deleted": 1, "unchanged": 1}
    assert list_marked(running) == {"filters": ["f"], "targets": ["t"], "sessions": ["s"]}
