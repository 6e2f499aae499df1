# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hypothesis strategies of documents and of resources that belong to something else."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION, TARGET
from hypothesis import strategies as st

from tests.unit.resources.rule_options import rule
from tests.unit.stack.runs import (
    APP1,
    APP2,
    BALANCER,
    LAB_FILTER,
    LAB_TARGET,
    NAME,
    SENSOR,
    SENSOR_B,
    WEB,
    filter_entry,
    options,
    session_entry,
    target_entry,
)

FILTERS, TARGETS, SESSIONS = ("a", "b", "c"), ("x", "y", "z"), ("p", "q", "r", "s")
DESTINATIONS = {
    "eni": ("network_interface_id", SENSOR),
    "eni-b": ("network_interface_id", SENSOR_B),
    "nlb": ("network_load_balancer_arn", BALANCER),
}
TAGS = st.sampled_from([None, None, {}, {"Env": "prod"}, {"Env": "test", "Team": "net"}])
RULES = st.sampled_from([None, None, [], [rule(100)], [rule(100, action="reject"), rule(200)], [rule(200)]])
# by_id: whether an entry of a document refers to the resource by its id, if there is one.
BY_ID = st.sampled_from([False, False, False, True])


def _optional(values, none=2):
    return st.sampled_from([None] * none + list(values))


def shapes(least=0):
    """Documents without the options at the top. least: the number of entries of each list."""
    lists = {
        "filters": st.lists(FILTER_SHAPE, min_size=least, max_size=3, unique_by=lambda one: one["name"]),
        "targets": st.lists(
            TARGET_SHAPE,
            min_size=least,
            max_size=3,
            unique_by=(lambda one: one["name"], lambda one: one["destination"]),
        ),
        "sessions": st.lists(
            SESSION_SHAPE,
            min_size=least * 2,
            max_size=4,
            unique_by=(lambda one: one["name"], lambda one: (one["interface"], one["number"] or one["name"])),
        ),
    }
    return st.fixed_dictionaries(lists)


FILTER_SHAPE = st.fixed_dictionaries(
    {
        "name": st.sampled_from(FILTERS),
        "description": _optional(["", "d1", "d2"]),
        "network_services": _optional([[], ["amazon-dns"]], 4),
        "rules": RULES,
        "tags": TAGS,
        "by_id": BY_ID,
    }
)
TARGET_SHAPE = st.fixed_dictionaries(
    {
        "name": st.sampled_from(TARGETS),
        "destination": st.sampled_from(list(DESTINATIONS)),
        "tags": TAGS,
        "by_id": BY_ID,
    }
)
SESSION_SHAPE = st.fixed_dictionaries(
    {
        "name": st.sampled_from(SESSIONS),
        "interface": st.sampled_from([WEB, APP1, APP2]),
        "number": _optional([1, 2, 3]),
        "filter": st.integers(0, 3),
        "target": st.integers(0, 3),
        "filter_by_id": BY_ID,
        "target_by_id": BY_ID,
        "packet_length": _optional([0, 100, 9000], 3),
        "virtual_network_id": _optional([5, 77], 4),
        "description": _optional(["", "new"]),
        "tags": TAGS,
        "expires_at": _optional(["", "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2099-01-01T01:00:00Z"], 6),
        "by_id": BY_ID,
    }
)
# Options at the top of the second document, and the lists that it omits.
TOP = st.fixed_dictionaries(
    {
        "allow_replacement": st.booleans(),
        "adopt": st.booleans(),
        "purge": st.sampled_from([True, True, True, False]),
        "purge_tags": st.booleans(),
        "max_deletes": st.sampled_from(["100", "100", "10 or 10%", "0"]),
        "name": st.sampled_from([NAME, NAME, NAME, "renamed"]),
        "default_tags": st.sampled_from([None, None, {"Env": "all", "Owner": "me"}]),
        "omitted": st.sampled_from([()] * 6 + [("sessions",), ("filters",), ("targets", "filters")]),
    }
)
MARKS = {
    "none": {},
    "fleet": {"vtap:fleet": "web"},
    "stack": {"vtap:stack": "other"},
    "cloudformation": {"aws:cloudformation:stack-id": "arn:aws:cloudformation:eu-west-1:123456789012:stack/s/1"},
}
FOREIGN = st.fixed_dictionaries(
    {
        "filters": st.lists(st.tuples(st.sampled_from([*FILTERS, ""]), st.sampled_from(list(MARKS))), max_size=2),
        "targets": st.lists(
            st.tuples(st.sampled_from([*TARGETS, ""]), st.sampled_from(list(MARKS)), st.sampled_from(["eni-b", "nlb"])),
            max_size=1,
        ),
        "sessions": st.lists(
            st.tuples(
                st.sampled_from([*SESSIONS, "", ""]),
                st.sampled_from(list(MARKS)),
                st.sampled_from([WEB, APP1, APP2]),
                st.sampled_from([1, 2, 7]),
            ),
            max_size=2,
            unique_by=lambda one: one[2:],
        ),
    }
)


def create_foreign(running, foreign):
    """Create the resources of FOREIGN. Sessions use the filter and target of the lab."""
    emulator, client = running
    for name, mark in foreign["filters"]:
        reply = client.create_traffic_mirror_filter(Description="d1")
        _tag(emulator, reply["TrafficMirrorFilter"]["TrafficMirrorFilterId"], name, mark)
    for name, mark, destination in foreign["targets"]:
        members = {"network_interface_id": "NetworkInterfaceId", "network_load_balancer_arn": "NetworkLoadBalancerArn"}
        option, value = DESTINATIONS[destination]
        reply = client.create_traffic_mirror_target(**{members[option]: value})
        _tag(emulator, reply["TrafficMirrorTarget"]["TrafficMirrorTargetId"], name, mark)
    for name, mark, interface, number in foreign["sessions"]:
        reply = client.create_traffic_mirror_session(
            NetworkInterfaceId=interface,
            SessionNumber=number,
            TrafficMirrorFilterId=LAB_FILTER,
            TrafficMirrorTargetId=LAB_TARGET,
        )
        _tag(emulator, reply["TrafficMirrorSession"]["TrafficMirrorSessionId"], name, mark)


def _tag(emulator, resource_id, name, mark):
    emulator.tags(resource_id, **({"Name": name} if name else {}), **MARKS[mark])


def build(shapes, existing=None, **top):
    """The options of a task. shapes: a value of shapes(). existing: the resources by id, for references by id."""
    omitted = top.pop("omitted", ())
    if top.get("name", NAME) != NAME:
        top["adopt_stacks"] = [NAME]
    rows = list((existing or {}).values())
    names = {
        "filter": [*(one["name"] for one in shapes["filters"]), "lab-filter"],
        "target": [*(one["name"] for one in shapes["targets"]), "lab-target"],
    }
    lists = {
        "filters": [filter_entry(**_identity(FILTER, one, rows), **_drop(one, "by_id")) for one in shapes["filters"]],
        "targets": [
            target_entry(
                **_identity(TARGET, one, rows),
                **dict([DESTINATIONS[one["destination"]]]),
                **_drop(one, "by_id", "destination"),
            )
            for one in shapes["targets"]
        ],
        "sessions": [_session(one, names, rows) for one in shapes["sessions"]],
    }
    return options(**{option: None if option in omitted else lists[option] for option in lists}, **top)


def _session(shape, names, rows):
    """An entry of sessions. names: those of the filters and targets that the entry can refer to."""
    references = {}
    for key, resource_type in (("filter", FILTER), ("target", TARGET)):
        name = names[key][shape[key] % len(names[key])]
        found = _find_id(resource_type, name, rows) if shape[f"{key}_by_id"] else None
        references[f"traffic_mirror_{key}_{'id' if found else 'name'}"] = found or name
    return session_entry(
        network_interface_id=shape["interface"],
        session_number=shape["number"],
        **references,
        **_identity(SESSION, shape, rows),
        **_drop(shape, "interface", "number", "filter", "target", "filter_by_id", "target_by_id", "by_id"),
    )


def _drop(shape, *keys):
    return {key: value for key, value in shape.items() if key not in keys}


def _identity(resource_type, shape, rows):
    """The option with the id of the entry, if the shape has it and the resource exists."""
    found = _find_id(resource_type, shape["name"], rows) if shape["by_id"] else None
    return {resource_type.id_option: found} if found else {}


def _find_id(resource_type, name, rows):
    """The id of a resource of the stack, or of the lab, with this name."""
    ids = [
        row[resource_type.id_option]
        for row in rows
        if type_of(row) is resource_type
        and row["tags"].get("Name") == name
        and (name.startswith("lab-") or row["tags"].get("vtap:stack") == NAME)
    ]
    return ids[0] if ids else None


def type_of(row):
    """The type of a resource as module options."""
    if SESSION.id_option in row:
        return SESSION
    return FILTER if FILTER.id_option in row else TARGET
