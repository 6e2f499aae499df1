# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Existing resources as a document, and the document as the options of a task."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._stack.document import build_document, is_listed
from ansible_collections.vtap.aws.plugins.module_utils._stack.options import LISTS

from tests.unit.resources.rule_options import rule
from tests.unit.stack.runs import (
    APP1,
    APP2,
    BALANCER,
    ENDPOINT,
    LAB_FILTER,
    LAB_TARGET,
    SENSOR,
    WEB,
    connect,
    document,
    filter_entry,
    list_writes,
    options,
    read_resources,
    session_entry,
    target_entry,
)

ENTRIES = {"filters": filter_entry, "targets": target_entry, "sessions": session_entry}

NOW = datetime(2026, 11, 26, tzinfo=timezone.utc)


def read_document(running, stack=None):
    ec2 = connect(running)
    return build_document({one: ec2.describe(one, child_tags=True) for one in LISTS.values()}, stack, NOW)


def sort_entries(found):
    """The document without the order, which is that of ids."""
    return {option: sorted(found[option], key=lambda one: one["name"]) for option in found}


def as_options(found, **given):
    """The document as the options of a task, completed as Ansible does."""
    return options(**{option: [ENTRIES[option](**one) for one in found[option]] for option in found}, **given)


def tag_specifications(kind, **tags):
    return [{"ResourceType": f"traffic-mirror-{kind}", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]


@pytest.fixture
def manual(running, emulator):
    """Resources that were created by hand: named, unnamed, with equal names, with tags of AWS, and of others."""
    client = running[1]
    filters = [
        client.create_traffic_mirror_filter(**given)["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
        for given in (
            {"Description": "web", "TagSpecifications": tag_specifications("filter", Name="web", Team="net")},
            {"TagSpecifications": tag_specifications("filter", Name="twice")},
            {"TagSpecifications": tag_specifications("filter", Name="twice")},
            {},
            {"TagSpecifications": tag_specifications("filter", Name="other", **{"vtap:stack": "other"})},
        )
    ]
    client.modify_traffic_mirror_filter_network_services(
        TrafficMirrorFilterId=filters[0], AddNetworkServices=["amazon-dns"]
    )
    client.create_traffic_mirror_filter_rule(
        TrafficMirrorFilterId=filters[0],
        TrafficDirection="ingress",
        RuleNumber=100,
        RuleAction="accept",
        Protocol=6,
        SourceCidrBlock="0.0.0.0/0",
        DestinationCidrBlock="10.0.0.0/8",
        DestinationPortRange={"FromPort": 443, "ToPort": 443},
        Description="tls",
        TagSpecifications=tag_specifications("filter-rule", Why="tls"),
    )
    targets = [
        client.create_traffic_mirror_target(**given)["TrafficMirrorTarget"]["TrafficMirrorTargetId"]
        for given in (
            {"NetworkInterfaceId": SENSOR, "TagSpecifications": tag_specifications("target", Name="eni")},
            {"NetworkLoadBalancerArn": BALANCER, "Description": "nlb"},
            {"GatewayLoadBalancerEndpointId": ENDPOINT, "TagSpecifications": tag_specifications("target", Name="gw")},
        )
    ]
    emulator.tags(targets[0], **{"aws:created-by": "me"})
    sessions = (
        (WEB, 1, filters[0], targets[0], {"PacketLength": 100, "Description": "x"}, {"Name": "s", "Env": "prod"}),
        (WEB, 2, filters[1], targets[1], {}, {}),
        (APP1, 7, filters[3], targets[2], {"VirtualNetworkId": 5}, {"Name": "gw"}),
        (APP2, 1, LAB_FILTER, LAB_TARGET, {}, {"Name": "fleet", "vtap:fleet": "ids"}),
    )
    for interface, number, filter_id, target_id, more, tags in sessions:
        client.create_traffic_mirror_session(
            NetworkInterfaceId=interface,
            SessionNumber=number,
            TrafficMirrorFilterId=filter_id,
            TrafficMirrorTargetId=target_id,
            **({"TagSpecifications": tag_specifications("session", **tags)} if tags else {}),
            **more,
        )
    return {"filters": filters, "targets": targets}


@pytest.mark.parametrize(
    ("tags", "unmarked", "of_ids"),
    [
        ({}, True, False),
        ({"Name": "x", "aws:x": "y"}, True, False),
        ({"vtap:stack": "ids"}, False, True),
        ({"vtap:stack": "other"}, False, False),
        ({"vtap:fleet": "ids"}, False, False),
        ({"aws:cloudformation:stack-id": "ids"}, False, False),
        ({"vtap:replaces": "tmf-1"}, True, False),
    ],
)
def test_listed_resources(tags, unmarked, of_ids):
    assert is_listed({"tags": tags}, None) == unmarked and is_listed({"tags": tags}, "ids") == of_ids


def test_identities_and_references(running, manual):
    found = read_document(running)
    ids = {option: [one.get("name") or one[LISTS[option].id_option] for one in found[option]] for option in found}
    filters, targets = manual["filters"], manual["targets"]
    assert sorted(ids["filters"]) == sorted(["lab-filter", "web", *filters[1:4]])
    assert sorted(ids["targets"]) == sorted(["lab-target", "eni", "gw", targets[1]])
    by_number = {one["session_number"]: one for one in found["sessions"]}
    assert sorted(by_number) == [1, 2, 7]
    assert {key: by_number[1][key] for key in by_number[1] if "traffic_mirror" in key} == {
        "traffic_mirror_filter_name": "web",
        "traffic_mirror_target_name": "eni",
    }
    assert by_number[2]["traffic_mirror_filter_id"] == filters[1]
    assert by_number[2]["traffic_mirror_target_id"] == targets[1] and "name" not in by_number[2]
    (entry,) = (one for one in found["filters"] if one.get("name") == "web")
    assert entry["tags"] == {"Team": "net"} and entry["network_services"] == ["amazon-dns"]
    assert entry["rules"][0]["tags"] == {"Why": "tls"} and entry["rules"][0]["destination_port"] == "443"
    (entry,) = (one for one in found["targets"] if one.get("name") == "eni")
    assert entry["tags"] == {} and entry["network_interface_id"] == SENSOR


def test_reference_outside_the_document_is_an_id(run, running):
    """The session of the stack uses the lab's filter, which is not in the stack."""
    run(options(sessions=[session_entry("s", "lab-filter", "lab-target", WEB)]))
    (entry,) = read_document(running, "ids")["sessions"]
    assert entry["traffic_mirror_filter_id"] == LAB_FILTER and entry["traffic_mirror_target_id"] == LAB_TARGET
    assert read_document(running, "ids")["filters"] == []


def test_adoption_of_everything_writes_only_marks(run, plan, running, manual):
    before = read_resources(running)
    params = as_options(read_document(running), adopt=True)
    calls = {action["operation"] for one in plan(params).planned for action in one["calls"]}
    assert calls == {"CreateTags"}
    running[0].clear_log()
    assert run(params).failures == {}
    assert list_writes(running[0]) == ["CreateTags"] * 2  # one call for filters and targets, one for sessions
    after = read_resources(running)
    for key, row in before.items():
        is_of_other = any(mark in row["tags"] for mark in ("vtap:stack", "vtap:fleet"))
        assert after[key] == (row if is_of_other else {**row, "tags": {**row["tags"], "vtap:stack": "ids"}})
    count = sum(len(params[option]) for option in LISTS)
    assert run(params).summary == {"unchanged": count}
    assert run(as_options(read_document(running, "ids"))).summary == {"unchanged": count}


def test_document_of_a_stack_is_the_stack(run, running):
    params = document(
        filters=[filter_entry("f", description="d", rules=[rule(100)], tags={"A": "1"}), filter_entry("g")],
        sessions=[session_entry("s", "f", "t", WEB, 3, tags={}, description="x", virtual_network_id=5)],
    )
    run(params)
    found = read_document(running, "ids")
    assert run(as_options(found)).summary == {"unchanged": 4}
    assert read_document(running, "none") == {"filters": [], "targets": [], "sessions": []}
    run(options(state="absent"))
    assert run(as_options(found)).summary == {"created": 4}
    assert sort_entries(read_document(running, "ids")) == sort_entries(found)


def test_document_has_every_settable_option(run, running):
    run(document())
    found = read_document(running, "ids")
    for option, resource_type in ((o, t) for o, t in LISTS.items()):
        (entry,) = found[option]
        expected = {field.option for field in resource_type.fields if field.change != "never"}
        missing = expected - set(entry) - {FILTER.id_option, TARGET.id_option}
        other_destinations = {"network_load_balancer_arn", "gateway_load_balancer_endpoint_id"}
        assert missing <= (other_destinations if resource_type is TARGET else set())
        assert "type" not in entry and "owner_id" not in entry and SESSION.id_option not in entry
