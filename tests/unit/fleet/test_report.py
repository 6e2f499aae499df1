# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of a fleet's plan: table, warnings, notes, pending references, VNI map."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import Status
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet import report as fleet_report
from ansible_collections.vtap.aws.plugins.module_utils._fleet.coverage import measure_coverage, sessions_after
from ansible_collections.vtap.aws.plugins.module_utils._fleet.plan_entry import Destination
from ansible_collections.vtap.aws.plugins.module_utils._fleet.target_assignment import Target
from ansible_collections.vtap.aws.plugins.module_utils._model.placeholders import UnresolvedRef
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fleet.builders import (
    DETACHED,
    EMPTY_FILTER,
    FLEETS,
    OTHER_FILTER,
    PROPERTY,
    aws_state,
    aws_states,
    fleet,
    interface,
    session,
    target,
    target_id,
)

HEADING = ["action", "interface", "instance", "session", "number", "target", "reason"]


def format_plan(current, max_lines=10, hold=False, notes=(), **given_options):
    entries = planner.plan(fleet(**given_options), current, hold)
    return fleet_report.format_plan(entries, max_lines, current, list(notes))


def list_warnings(current, hold=False, **given_options):
    one_fleet = fleet(**given_options)
    entries = planner.plan(one_fleet, current, hold)
    sessions = sessions_after(current.sessions, entries, True)
    coverage = measure_coverage(one_fleet, current, entries, sessions)
    return fleet_report.list_warnings(one_fleet, current, entries, coverage, sessions)


def test_table_shows_changed_options():
    table = format_plan(aws_state([interface(1)], [session(1, 1)]), packet_length=128)
    assert "  packet_length 8500 -> 128\n" in table


def test_table_shows_placeholders_of_changed_options():
    missing = Target(UnresolvedRef("new", "tmt"), None, None)
    table = format_plan(aws_state([interface(1)], [session(1, 1)], targets=[missing]))
    assert f"  traffic_mirror_target_id '{target_id(1)}' -> 'tmt-(known after apply: new)'\n" in table


def test_table_shows_adoptions_with_the_changed_options():
    renamed = aws_state([interface(1)], [session(1, 1, tags={"vtap:fleet": "old"})])
    adopts = "  adopts tms-00000000000000001"
    assert f"{adopts} of fleet old; tags\n" in format_plan(renamed, adopt_fleets=["old"])
    assert f"{adopts} of fleet old; packet_length 8500 -> 128, tags\n" in format_plan(
        renamed, adopt_fleets=["old"], packet_length=128
    )
    assert f"{adopts}; tags\n" in format_plan(aws_state([interface(1)], [session(1, 1, tags={})]), adopt=True)


def test_table_has_aligned_columns_heading_and_counts():
    state = aws_state([interface(1), interface(2, instance_type="m6i.metal"), interface(3)], [session(3, 3)])
    heading, *lines, counts, end = format_plan(state).split("\n")
    assert heading.split() == HEADING and end == ""
    assert counts == "1 to create, 0 to update, 0 to delete, 1 unchanged, 1 skipped"
    for line in lines:
        assert all(line[heading.index(one) - 2 : heading.index(one)] == "  " for one in HEADING[1:])
    assert [line.split()[0] for line in lines] == ["create", "skip"]
    assert lines[0].endswith("new match") and "(new)" in lines[0]


def test_table_shows_names_and_number_of_omitted_lines():
    state = aws_state([interface(at, name="web") for at in range(1, 6)])
    state = replace(state, known_targets={target_id(1): {"type": "x", "tags": {"Name": "sensors"}}})
    lines = format_plan(state, 2).splitlines()
    assert all("  sensors  " in line and " (web)  " in line for line in lines[1:3])
    assert lines[3] == "create  ... and 3 more"


def test_table_groups_skips_by_reason():
    state = aws_state([interface(at, instance_type="m6i.metal") for at in (1, 2)])
    (line,) = format_plan(state).splitlines()[1:-1]
    assert line.split()[:3] == ["skip", "2", "interfaces"]


def test_table_marks_deletions_that_are_held_back():
    state = aws_state([interface(1, mirror=False), interface(2, state="terminated")], [session(1, 1), session(2, 2)])
    _heading, held, deletion, counts = format_plan(state, hold=True).splitlines()
    assert held.startswith("delete (held back)  eni-") and "no longer matches sources[0]" in held
    assert deletion.startswith("delete   ") and deletion.endswith("instance is terminated")
    assert counts == "0 to create, 0 to update, 1 to delete, 0 unchanged, 0 skipped, 1 deletions held back"


def test_table_has_notes_before_the_counts():
    table = format_plan(aws_state([interface(1)]), notes=["exclude[0] matches no interface", "a\x1bb"])
    assert table.splitlines()[-3:-1] == ["exclude[0] matches no interface", r"a\x1bb"]


@pytest.mark.parametrize("name", ["web\ncreate  eni-1", "\x1b[31mred", "a\rb", r"tab\state", "\u202eevil"])
def test_table_escapes_control_characters_of_names(name):
    text = format_plan(aws_state([interface(1, name=name)]))
    assert text.count("\n") == 3 and all(line.isprintable() for line in text.splitlines())


def test_table_without_changes_has_only_counts():
    counts = "0 to create, 0 to update, 0 to delete, 1 unchanged, 0 skipped\n"
    assert format_plan(aws_state([interface(1)], [session(1, 1)])) == counts


@PROPERTY
@given(FLEETS, aws_states(), st.integers(0, 3))
def test_table_is_bounded_and_has_every_action(one_fleet, state, max_lines):
    """At most max_lines lines of each of four actions, the numbers of omitted lines, the heading and the counts."""
    entries = planner.plan(one_fleet, state)
    lines = fleet_report.format_plan(entries, max_lines, state, []).splitlines()
    assert len(lines) <= 4 * (max_lines + 1) + 2
    assert {line.split()[0] for line in lines[1:-1]} == {one.action for one in entries} - {"unchanged"}


def test_plan_without_problems_has_no_warnings():
    interfaces = [interface(1), interface(2), interface(3, mirror=False), interface(4, state="stopped")]
    assert list_warnings(aws_state(interfaces, [session(2, 2), session(4, 4)])) == []


def test_unmirrored_interfaces_are_a_warning():
    state = aws_state([interface(1), interface(2), interface(3)], targets=[target(1, capacity=1)])
    assert list_warnings(state) == [
        f"Eligible interfaces that are not mirrored (2): {interface(2).id}, {interface(3).id}. "
        "Reasons: 2 x all targets are at capacity."
    ]


def test_empty_selection_is_a_warning():
    state = aws_state([interface(1, tags={"Mirror": "no"})])
    (message,) = list_warnings(state)
    assert message.startswith("sources match no interface. Check sources, the region and the account.")


@pytest.mark.parametrize(
    ("sessions", "targets", "given_options", "problem"),
    [
        ([session(1, 1, target=9)], [target(1, 0)], {}, f"keeps target {target_id(9)}, which"),
        (
            [session(1, 1, session_number=9), session(2, 1, session_number=3, filter_id=OTHER_FILTER, tags={})],
            [target(1)],
            {"session_numbers": "3"},
            "keeps session number 9: no free session number in 3",
        ),
        (
            [session(1, 1, filter_id=OTHER_FILTER), session(2, 1, session_number=32766, tags={})],
            [target(1)],
            {},
            "another session has the highest session number, 32766",
        ),
    ],
)
def test_sessions_kept_for_want_of_a_better_place_are_a_warning(sessions, targets, given_options, problem):
    messages = list_warnings(aws_state([interface(1)], sessions, targets), **given_options)
    (message,) = (one for one in messages if "Sessions kept" in one)
    assert message.startswith(f"Sessions kept although the options differ (1): 1 x {problem}")


def with_vni(one, vni):
    return {**one, "virtual_network_id": vni}


@pytest.mark.parametrize(
    ("other", "given_options", "is_warned"),
    [
        (session(2, 2), {}, True),
        (session(2, 2, tags={}), {}, True),
        (session(2, 2, target=2), {}, False),
        (session(2, 2), {"virtual_network_id": 7}, False),
        # The fleet cannot change the VNI of this session.
        (session(2, 2, tags={}), {"virtual_network_id": 7}, True),
        (session(2, 2), {"vni_range": "7-9"}, False),
    ],
)
def test_equal_vnis_at_one_target_are_a_warning(other, given_options, is_warned):
    interfaces = [interface(1), interface(2, mirror="vtap:fleet" in other["tags"])]
    sessions = [with_vni(session(1, 1), 7), with_vni(other, 7)]
    state = aws_state(interfaces, sessions, [target(1), target(2)])
    messages = [one for one in list_warnings(state, **given_options) if "VNIs" in one]
    assert (
        messages
        == [
            f"VNIs that several interfaces use at one target (1): 7 at {target_id(1)} ({interface(1).id}, "
            f"{interface(2).id}). A sensor cannot tell the packets of these interfaces apart. Set vni_range."
        ]
        * is_warned
    )


def test_equal_vnis_outside_the_fleet_are_no_warning():
    sessions = [session(1, 1), *(with_vni(session(at, at, tags={}), 7) for at in (2, 3))]
    assert list_warnings(aws_state([interface(1)], sessions)) == []


def test_sessions_that_mirror_nothing_are_a_warning():
    """Also where the interface is not selected, but not those of stopped instances."""
    interfaces = [interface(1), interface(2, tags={"Mirror": "yes"}, **DETACHED), interface(3, state="stopped")]
    sessions = [session(at, at, filter_id=EMPTY_FILTER) for at in (1, 2, 3)]
    message = next(
        one
        for one in list_warnings(aws_state(interfaces, sessions, filter_id=EMPTY_FILTER), purge=False)
        if "charged" in one
    )
    assert message == (
        f"Sessions that mirror nothing but are charged (2): tms-{1:017x}, tms-{2:017x}. Reasons: 1 x filter "
        f"{EMPTY_FILTER} accepts no packets; 1 x not attached to an instance."
    )


def test_sessions_that_lose_packets_are_a_warning():
    others = [session(2, 1, session_number=2, tags={}), session(3, 1, session_number=3, tags={"vtap:fleet": "soc"})]
    (message,) = list_warnings(aws_state([interface(1)], others), session_numbers="1")
    assert message == (
        "Sessions outside this fleet that lose packets to it, because they have higher session numbers (1): "
        f"tms-{2:017x}."
    )
    assert len(list_warnings(aws_state([interface(1)], others))) == 1  # by default only that it is not mirrored


def test_unknown_families_are_one_warning():
    types = ["m8g.large", "m8g.metal-24xl", "x9.large", "m6i.metal", "m5.large"]
    state = aws_state([interface(at, instance_type=one) for at, one in enumerate(types)])
    (message,) = list_warnings(state)
    assert (
        message.startswith("Selected interfaces that are not mirrored")
        and "types (3): m8g (2), x9 (1). If AWS" in message
    )
    assert list_warnings(state, supported_instance_types=["m5.*"]) == []
    (message,) = list_warnings(state, additional_instance_types=["m8g", "x9.*"])
    assert message.startswith("Selected interfaces that are not mirrored") and "types (1): m8g (1)." in message


def test_unknown_ids_and_tag_keys_are_a_warning():
    state = aws_state([interface(1)])
    (message,) = list_warnings(state, exclude=[{"tags": {"Rolle": "sensor"}}])
    assert message == "exclude[0]: nothing has tag key Rolle"


def test_many_reasons_are_shortened():
    destinations = {target_id(at): Destination(problem=f"problem {at}") for at in range(1, 9)}
    sessions = [session(at, at, target=at) for at in range(1, 9)]
    targets = [target(at) for at in range(1, 9)]
    state = aws_state([interface(at) for at in range(1, 9)], sessions, targets, destinations=destinations)
    unmirrored, dead = list_warnings(state)
    for message in (unmirrored, dead):
        assert "1 x problem 5; and 3 other reasons." in message and "problem 6" not in message


def test_references_that_do_not_exist_yet():
    unlimited, limited = (Target(UnresolvedRef(name, "tmt"), None, one) for name, one in (("a", None), ("b", 10)))
    state = aws_state([interface(1)], targets=[unlimited, limited, target(1)], filter_id=UnresolvedRef("dns", "tmf"))
    assert fleet_report.pending(state) == {"traffic_mirror_filter_id": "dns", "targets": ["a", "b"]}
    missing, capacity = list_warnings(state)
    assert missing.startswith("Filter or target not found: dns, a, b. Check mode assumes")
    assert capacity.startswith("The capacity of a is unknown. Check mode assumes that it is unlimited")
    (missing,) = list_warnings(replace(state, targets=(limited,)))
    assert missing.startswith("Filter or target not found: dns, b.")
    assert fleet_report.pending(aws_state()) == {}


def test_absent_fleet_has_neither_warnings_nor_notes():
    state = aws_state([], [session(1, 1)])
    given_options = {"state": "absent", "sources": None, "exclude": [{"tags": {"Role": "sensor"}}]}
    assert list_warnings(state, **given_options) == []
    assert fleet_report.list_notes(fleet(**given_options), state) == []


def test_exclude_entries_that_match_nothing_are_notes():
    exclude = [{"tags": {"Role": "sensor"}}, {"vpc_ids": [interface(1).vpc_id]}, {"instance_types": ["p5.*"]}]
    state = aws_state([interface(1)])
    notes = fleet_report.list_notes(fleet(exclude=exclude), state)
    assert notes == ["exclude[0] matches no interface", "exclude[2] matches no interface"]


def test_vni_map_has_sessions_that_exist_and_known_vnis():
    interfaces = [
        interface(1),
        interface(2),
        interface(3, **DETACHED),
        interface(4, mirror=False),
    ]
    sessions = [session(2, 2), session(3, 3), session(4, 4)]
    entries = planner.plan(fleet(purge=False), aws_state(interfaces, sessions))
    rows = fleet_report.vni_map(entries)
    assert [(row["network_interface_id"], row["virtual_network_id"]) for row in rows] == [
        (interface(at).id, at) for at in (2, 3, 4)
    ]
    assert ["instance_id" in row for row in rows] == [True, False, True]
    assert all(row["traffic_mirror_target_id"] == target_id(1) for row in rows)
    created = entries[0]
    created.status, created.result = Status.DONE, {**created.plan.after, "virtual_network_id": 77}
    assert fleet_report.vni_map(entries)[0]["virtual_network_id"] == 77


@pytest.mark.parametrize("hold", [True, False])
def test_vni_map_omits_only_deleted_sessions(hold):
    state = aws_state([interface(1, mirror=False)], [session(1, 1)])
    rows = fleet_report.vni_map(planner.plan(fleet(), state, hold))
    assert [row["virtual_network_id"] for row in rows] == ([1] if hold else [])
