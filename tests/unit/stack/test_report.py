# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of a stack: the table, warnings, pending names, and the resources by name."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._stack.report import (
    format_plan,
    list_pending,
    list_resources,
    list_warnings,
)

from tests.unit.stack.runs import (
    APP1,
    LAB_FILTER,
    LAB_TARGET,
    SENSOR_B,
    WEB,
    assert_reports_truth,
    document,
    filter_entry,
    find_named,
    options,
    read_resources,
    session_entry,
    target_entry,
)


def lines_of(text):
    return [" ".join(line.split()) for line in text.splitlines()]


def test_table_of_creations(plan):
    assert lines_of(format_plan(plan(document()).entries, 10)) == [
        "action resource name id reason",
        "create filter f (new) does not exist",
        "create target t (new) does not exist",
        "create session s (new) does not exist",
        "3 to create, 0 to update, 0 to delete, 0 unchanged, 0 skipped",
    ]


def test_table_of_changes(run, plan, running):
    run(document(filters=("f", "g")))
    session = session_entry("s", "f", "t", WEB, description="new", tags={"A": "1"})
    planned = plan(
        document(targets=[target_entry("t", network_interface_id=SENSOR_B)], sessions=[session], allow_replacement=True)
    )
    lines = lines_of(format_plan(planned.entries, 10))
    target = next(row for row in read_resources(running).values() if row["tags"].get("Name") == "t")[TARGET.id_option]
    unlisted = find_named(running, FILTER, "g")[FILTER.id_option]
    assert any(line.startswith(f"update target t {target} replaced, because EC2 cannot change") for line in lines)
    (line,) = (line for line in lines if line.startswith("update session s "))
    assert "description '' -> 'new'" in line and "tmt-(known after apply: t)" in line
    assert f"delete filter g {unlisted} not listed in filters" in lines
    assert any(line.startswith(f"delete target {target} ") and "replaced by" in line for line in lines)
    assert lines[-1] == "0 to create, 2 to update, 2 to delete, 1 unchanged, 0 skipped"


def test_table_is_limited(plan):
    lines = lines_of(format_plan(plan(document(filters=("f", "g", "h"))).entries, 2))
    assert "create ... and 3 more" in lines and lines[-1].startswith("5 to create")


def test_check_mode_reports_pending_names(plan):
    entries = [
        session_entry("a", "later", "lab-target", WEB),
        session_entry("b", "later", "soon", APP1),
        session_entry("c", None, "lab-target", APP1, traffic_mirror_filter_id="tmf-(known after apply: f)"),
    ]
    planned = plan(options(sessions=entries), check_mode=True)
    assert list_pending(planned.entries) == {
        "traffic_mirror_filter_id": ["later"],
        "traffic_mirror_target_id": ["soon"],
    }
    warnings = [one for one in list_warnings(planned.entries) if "Check mode assumes" in one]
    assert [one.partition(" yet.")[0] for one in warnings] == [
        "traffic_mirror_filter_name: no filter is named later",
        "traffic_mirror_target_name: no target is named soon",
    ]


def test_entries_of_the_document_are_not_pending(plan):
    planned = plan(document(), check_mode=True)
    assert list_pending(planned.entries) == {} and list_warnings(planned.entries) == []


def test_planned_resources_have_placeholders(plan):
    rows = list_resources(plan(document(), check_mode=True).entries)
    session = rows["sessions"]["s"]
    assert session["traffic_mirror_session_id"] == "tms-(known after apply: s)"
    assert session["traffic_mirror_filter_id"] == rows["filters"]["f"]["traffic_mirror_filter_id"]
    assert session["traffic_mirror_filter_id"] == "tmf-(known after apply: f)"
    assert session["traffic_mirror_target_id"] == "tmt-(known after apply: t)"


def test_result_of_check_mode_is_valid_in_check_mode(plan):
    """A later task of the same play in check mode gets the placeholders."""
    rows = list_resources(plan(document(), check_mode=True).entries)
    ids = {one.id_option: rows[f"{one.noun}s"][name][one.id_option] for one, name in ((FILTER, "f"), (TARGET, "t"))}
    later = plan(options(name="other", sessions=[session_entry("s2", interface=APP1, **ids)]), check_mode=True)
    assert later.summary == {"created": 1} and list_pending(later.entries) == {}


def test_resources_after_a_run(run, running):
    run(document(filters=("f", "g")))
    done = run(document())
    rows = list_resources(done.entries)
    assert {option: list(rows[option]) for option in rows} == {"filters": ["f"], "targets": ["t"], "sessions": ["s"]}
    assert_reports_truth(done, running)


def test_entry_by_id_has_its_id_as_key(run):
    entry = filter_entry(None, traffic_mirror_filter_id=LAB_FILTER)
    assert list(list_resources(run(options(filters=[entry], adopt=True)).entries)["filters"]) == [LAB_FILTER]


def test_held_back_resources_of_one_name_are_all_reported(run, plan, running):
    """Two unlisted filters of the stack have the same name."""
    run(document())
    for _number in range(2):
        running[1].create_traffic_mirror_filter(
            TagSpecifications=[
                {
                    "ResourceType": "traffic-mirror-filter",
                    "Tags": [{"Key": "Name", "Value": "old"}, {"Key": "vtap:stack", "Value": "ids"}],
                }
            ]
        )
    planned = plan(document(max_deletes="0"))
    assert planned.summary == {"held_back": 2, "unchanged": 3}
    assert len(list_resources(planned.entries)["filters"]) == 3
    assert len({one.key for one in planned.entries}) == 5


def test_items_of_results(plan):
    assert [one.identity for one in plan(document()).entries] == [
        {"type": "filter", "name": "f"},
        {"type": "target", "name": "t"},
        {"type": "session", "name": "s"},
    ]


def test_shadowed_session_is_a_warning(plan, running):
    running[1].create_traffic_mirror_session(
        NetworkInterfaceId=WEB, SessionNumber=1, TrafficMirrorFilterId=LAB_FILTER, TrafficMirrorTargetId=LAB_TARGET
    )
    planned = plan(options(sessions=[session_entry("s", "lab-filter", "lab-target", WEB, 2)]))
    (warning,) = list_warnings(planned.entries)
    assert "gets no packets" in warning
