# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters and targets of sessions: in the document or outside, by name or id."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION

from tests.unit.stack.runs import (
    APP1,
    LAB_FILTER,
    LAB_TARGET,
    WEB,
    create_filter,
    document,
    filter_entry,
    find_named,
    lab_session,
    list_writes,
    only_sessions,
    options,
    read_resources,
    session_entry,
)

# References


def test_references_outside_the_document(run, running):
    by_id = session_entry(
        "b", None, None, WEB, traffic_mirror_filter_id=LAB_FILTER, traffic_mirror_target_id=LAB_TARGET
    )
    assert run(only_sessions(lab_session("a"), by_id)).summary == {"created": 2}
    used = {row[FILTER.id_option] for row in (find_named(running, SESSION, name) for name in "ab")}
    assert used == {LAB_FILTER}


def test_name_of_the_document_takes_precedence(run, running):
    """Another filter of the account has the name of an entry that is identified by its id."""
    run(options(filters=[filter_entry("f")]))
    running[1].create_traffic_mirror_filter(
        TagSpecifications=[{"ResourceType": "traffic-mirror-filter", "Tags": [{"Key": "Name", "Value": "f"}]}]
    )
    params = options(filters=[filter_entry("f")], sessions=[session_entry("s", "f", "lab-target", WEB)])
    assert run(params).summary == {"created": 1, "unchanged": 1}
    owned = {row["tags"].get("vtap:stack") for row in read_resources(running).values() if "rules" in row}
    used = find_named(running, SESSION, "s")[FILTER.id_option]
    assert read_resources(running)[used]["tags"]["vtap:stack"] == "ids" and None in owned


def test_reference_to_an_entry_by_id(run, plan, running):
    run(document())
    filter_id = find_named(running, FILTER, "f")[FILTER.id_option]
    session = session_entry("s", None, "t", WEB, traffic_mirror_filter_id=filter_id)
    changed = filter_entry("f", description="new", traffic_mirror_filter_id=filter_id)
    params = document(filters=[changed], sessions=[session], allow_replacement=True)
    assert run(params).failures == {}
    new = find_named(running, FILTER, "f")[FILTER.id_option]
    assert new != filter_id and find_named(running, SESSION, "s")[FILTER.id_option] == new
    assert run(params).summary == {"unchanged": 3}


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ({"traffic_mirror_filter_id": "tmf-0a1b2c3d4e5f60700"}, ["tmf-0a1b2c3d4e5f60700 does not exist"]),
        ({"traffic_mirror_target_id": "tmt-0a1b2c3d4e5f60700"}, ["tmt-0a1b2c3d4e5f60700 does not exist"]),
        ({"traffic_mirror_session_id": "tms-0a1b2c3d4e5f60700"}, ["tms-0a1b2c3d4e5f60700 does not exist"]),
    ],
)
def test_unknown_ids_are_refused(refuse, given, texts):
    entry = session_entry(
        "s",
        None if "traffic_mirror_filter_id" in given else "lab-filter",
        None if "traffic_mirror_target_id" in given else "lab-target",
        WEB,
        **given,
    )
    message = refuse(only_sessions(entry))
    assert all(text in message for text in ("session s: ", *texts)), message


@pytest.mark.parametrize("option", ["filter", "target"])
def test_unknown_name_is_refused_outside_check_mode(plan, running, option):
    entry = session_entry("s", **{"filter": "lab-filter", "target": "lab-target", option: "none"}, interface=WEB)
    with pytest.raises(ConflictError, match=f"session s: traffic_mirror_{option}_name: no {option} is named none"):
        plan(only_sessions(entry))
    planned = plan(only_sessions(entry), check_mode=True)
    assert [one["action"] for one in planned.planned] == ["create"] and list_writes(running[0]) == []


def test_ambiguous_name_is_refused(refuse, running):
    for _number in range(2):
        create_filter(running, "twice")
    message = refuse(only_sessions(session_entry("s", "twice", "lab-target", WEB)))
    assert all(text in message for text in ("session s: ", "2 filters are named twice")), message


def test_placeholder_in_check_mode(plan):
    entry = session_entry("s", None, "lab-target", WEB, traffic_mirror_filter_id="tmf-(known after apply: f)")
    assert plan(only_sessions(entry), check_mode=True).summary == {"created": 1}


def test_entry_with_placeholder_in_check_mode(plan):
    """An earlier task of the play creates the filter, for example the module of filters."""
    placeholder = "tmf-(known after apply: f)"
    entries = [session_entry("s", "f", "lab-target", WEB)]
    entries.append(session_entry("r", None, "lab-target", APP1, traffic_mirror_filter_id=placeholder))
    filters = [filter_entry("f", traffic_mirror_filter_id=placeholder)]
    planned = plan(options(filters=filters, sessions=entries), check_mode=True)
    assert planned.summary == {"unchanged": 1, "created": 2}
    used = {one["calls"][0]["operation"]: one["name"] for one in planned.planned if one["calls"]}
    assert list(used) == ["CreateTrafficMirrorSession"]
