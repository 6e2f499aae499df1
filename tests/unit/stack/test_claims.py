# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which resources are those of the document: claims, marks, duplicates and unfinished replacements."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION, TARGET

from tests.unit.stack.runs import (
    APP1,
    BALANCER,
    LAB_FILTER,
    LAB_TARGET,
    SENSOR,
    SENSOR_B,
    WEB,
    create_filter,
    document,
    filter_entry,
    find_named,
    lab_session,
    list_marked,
    list_tags,
    only_sessions,
    options,
    read_resources,
    session_entry,
    target_entry,
)

# Claims


def test_entry_with_the_natural_key_of_an_unlisted_resource_renames_it(run, plan, running):
    run(document())
    old = {one: find_named(running, one, name) for one, name in ((TARGET, "t"), (SESSION, "s"))}
    params = document(targets=(("new-t", SENSOR),), sessions=(session_entry("new-s", "f", "new-t", WEB, 1),))
    assert run(params).summary == {"unchanged": 1, "updated": 2}
    for one, name in ((TARGET, "new-t"), (SESSION, "new-s")):
        assert find_named(running, one, name)[one.id_option] == old[one][one.id_option]


def test_id_takes_precedence_over_name(run, running):
    run(document(targets=(), sessions=()))
    filter_id = find_named(running, FILTER, "f")[FILTER.id_option]
    entries = [filter_entry("f"), filter_entry("g", traffic_mirror_filter_id=filter_id)]
    assert run(document(filters=entries, targets=(), sessions=())).summary == {"created": 1, "updated": 1}
    assert find_named(running, FILTER, "g")[FILTER.id_option] == filter_id
    assert list_marked(running)["filters"] == ["f", "g"]


def test_two_entries_for_one_resource_are_refused(run, refuse, running):
    run(only_sessions(lab_session("a", WEB, 1)))
    session_id = find_named(running, SESSION, "a")[SESSION.id_option]
    entries = [lab_session(None, WEB, None, traffic_mirror_session_id=session_id), lab_session("b", WEB, 1)]
    message = refuse(only_sessions(*entries))
    assert all(text in message for text in ("session b: ", session_id, "of the document")), message


def test_session_number_of_a_session_with_a_new_target_type_is_refused(run, refuse):
    """The packet length that EC2 reports for s cannot be predicted: 8500 may be the default of the old target."""
    targets = [target_entry("n", network_load_balancer_arn=BALANCER), target_entry("t", network_interface_id=SENSOR)]
    run(document(targets=targets, sessions=[session_entry("s", "f", "n", WEB, 1)]))
    entries = [session_entry("p", "f", "t", WEB, 1), session_entry("s", "f", "t", WEB)]
    message = refuse(document(targets=targets, sessions=entries))
    assert all(text in message for text in ("session p: ", "session s of the document")), message


@pytest.mark.parametrize("mark", ["vtap:fleet", "vtap:stack", "aws:cloudformation:stack-id"])
@pytest.mark.parametrize("adopt", [False, True])
def test_resources_of_others_are_refused(refuse, emulator, mark, adopt):
    emulator.tags(LAB_FILTER, **{mark: "other"})
    message = refuse(options(filters=[filter_entry("lab-filter")], adopt=adopt))
    assert all(text in message for text in ("filter lab-filter: ", "other", mark)), message
    assert ("adopt_stacks" in message) == (mark == "vtap:stack")


def test_adoption_of_unmarked_resources(run, refuse, running):
    params = options(filters=[filter_entry("lab-filter")], targets=[target_entry("lab-target")])
    message = refuse(params)
    assert all(text in message for text in ("filter lab-filter: ", "set adopt: true")), message
    adopted = run({**params, "adopt": True})
    assert adopted.summary == {"updated": 2} and {one.reason for one in adopted.entries} == {"adopted"}
    assert run(params).summary == {"unchanged": 2}
    assert list_marked(running) == {"filters": ["lab-filter"], "targets": ["lab-target"], "sessions": []}


def test_stack_is_renamed(run, running):
    run(document(filters=("f", "g")))
    renamed = run(document(name="new", adopt_stacks=["ids"]))
    assert renamed.summary == {"updated": 3, "deleted": 1}
    assert {one.reason for one in renamed.entries if one.action == "update"} == {"adopted from stack ids"}
    assert list_marked(running) == {"filters": [], "targets": [], "sessions": []}
    assert list_marked(running, "new") == {"filters": ["f"], "targets": ["t"], "sessions": ["s"]}
    assert run(document(name="new")).summary == {"unchanged": 3}


def test_stacks_do_not_touch_each_other(run, running):
    run(document())
    before = read_resources(running)
    other = run(document(("f2",), (("t2", SENSOR_B),), (("s2", APP1),), name="other"))
    assert other.summary == {"created": 3}
    assert run(options(name="other", state="absent")).summary == {"deleted": 3}
    assert read_resources(running) == before


# Duplicates and unfinished replacements


def test_duplicate_filter_without_sessions_is_deleted(run, plan, running):
    run(document())
    kept = find_named(running, FILTER, "f")[FILTER.id_option]
    double = create_filter(running)
    planned = plan(document())
    assert planned.order == [[f"filter {double}"]] and planned.entries[-1].name == double
    assert run(document()).summary == {"unchanged": 3, "deleted": 1}
    assert find_named(running, FILTER, "f")[FILTER.id_option] == kept


def switch(running, **member):
    """Switch the session s to another filter or target, as an interrupted run did."""
    session_id = find_named(running, SESSION, "s")[SESSION.id_option]
    running[1].modify_traffic_mirror_session(TrafficMirrorSessionId=session_id, **member)


@pytest.mark.parametrize("has_switched", [False, True])
def test_unfinished_replacement_of_a_filter(run, refuse, running, has_switched):
    run(document())
    old = find_named(running, FILTER, "f")[FILTER.id_option]
    new = create_filter(running, description="new", **{"vtap:replaces": old})
    if has_switched:
        switch(running, TrafficMirrorFilterId=new)
    message = refuse(document())
    texts = (f"created to replace {old}, and the replacement is not finished", "allow_replacement: true")
    assert all(text in message for text in texts), message
    params = document(filters=[filter_entry("f", description="new")], allow_replacement=True)
    assert run(params).failures == {}
    row = find_named(running, FILTER, "f")
    assert row[FILTER.id_option] == new and row["tags"] == {"Name": "f", "vtap:stack": "ids"}
    assert find_named(running, SESSION, "s")[FILTER.id_option] == new
    assert run(params).summary == {"unchanged": 3}


@pytest.mark.parametrize("allow", [False, True])
@pytest.mark.parametrize("has_switched", [False, True])
def test_unfinished_replacement_of_a_target(run, running, allow, has_switched):
    run(document())
    reply = running[1].create_traffic_mirror_target(
        NetworkInterfaceId=SENSOR_B, TagSpecifications=list_tags("target", Name="t")
    )
    new = reply["TrafficMirrorTarget"]["TrafficMirrorTargetId"]
    if has_switched:
        switch(running, TrafficMirrorTargetId=new)
    params = document(targets=(("t", SENSOR_B),), allow_replacement=allow)
    assert run(params).failures == {}
    assert find_named(running, TARGET, "t")[TARGET.id_option] == new
    assert find_named(running, SESSION, "s")[TARGET.id_option] == new
    assert run(params).summary == {"unchanged": 3}


@pytest.mark.parametrize("number", [None, 1])
def test_unfinished_replacement_of_a_session(run, refuse, running, number):
    run(only_sessions(lab_session("s", WEB)))
    old = find_named(running, SESSION, "s")[SESSION.id_option]
    running[1].create_traffic_mirror_session(
        NetworkInterfaceId=APP1,
        SessionNumber=1,
        TrafficMirrorFilterId=LAB_FILTER,
        TrafficMirrorTargetId=LAB_TARGET,
        TagSpecifications=list_tags("session", Name="s", **{"vtap:replaces": old}),
    )
    message = refuse(only_sessions(lab_session("s", APP1, number)))
    assert all(text in message for text in ("the replacement is not finished", "allow_replacement: true")), message
    params = only_sessions(lab_session("s", APP1, number), allow_replacement=True)
    assert run(params).failures == {}
    row = find_named(running, SESSION, "s")
    assert row["network_interface_id"] == APP1 and row[SESSION.id_option] != old
    assert row["tags"] == {"Name": "s", "vtap:stack": "ids"}
    assert run(params).summary == {"unchanged": 1}
