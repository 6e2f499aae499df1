# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Selection of interfaces: sources, exclude, tags and eligibility."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet import report as fleet_report
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet

from tests.unit.fleet.builders import LIMITS, OTHER, aws_state, get_only, interface, options, session


@pytest.mark.parametrize(
    ("interface_fields", "message"),
    [
        ({"type": "nat_gateway"}, "interface type is nat_gateway"),
        ({"requester_managed": True}, "managed by an AWS service"),
        ({"owner_id": OTHER}, f"owned by account {OTHER}"),
        ({"ipv6_only": True}, "IPv6-only"),
        ({"instance_type": "m6i.metal"}, "m6i.metal is bare metal without support for Traffic Mirroring"),
        ({"instance_type": "t2.micro"}, "t2.micro is not in supported_instance_types"),
        ({"instance": None, "attached_to": "", "tags": {"Mirror": "yes"}}, "not attached"),
        ({"instance": None, "tags": {"Mirror": "yes"}}, f"instance i-{1:017x} is not visible yet"),
    ],
)
def test_ineligible_interface_is_skipped_with_reason(interface_fields, message):
    state = aws_state([interface(1, **interface_fields)], [session(1, 1, tags={})])
    entry = get_only(planner.plan(Fleet.from_options(options()), state))
    assert entry.action == "skip" and entry.ineligible and message in entry.reason


def test_session_of_ineligible_interface_is_deleted():
    entry = get_only(
        planner.plan(Fleet.from_options(options()), aws_state([interface(1, ipv6_only=True)], [session(1, 1)]))
    )
    assert entry.action == "delete" and entry.ineligible


@pytest.mark.parametrize("instance_type", ["t2.micro", "m6i.metal"])
def test_supported_instance_types_keeps_existing_sessions(instance_type):
    """An existing session proves that EC2 supports the type, so an outdated list must not delete the session."""
    state = aws_state([interface(1, instance_type=instance_type)], [session(1, 1)])
    assert get_only(planner.plan(Fleet.from_options(options()), state)).action == "unchanged"
    untagged = replace(state, sessions=[session(1, 1, tags={})])
    assert get_only(planner.plan(Fleet.from_options(options(adopt=True)), untagged)).action == "update"
    assert get_only(planner.plan(Fleet.from_options(options()), untagged)).action == "skip"


def test_interface_of_target_is_skipped():
    limits = replace(LIMITS, targets=frozenset([interface(1).id]))
    entry = get_only(planner.plan(Fleet.from_options(options()), aws_state([interface(1)], limits=limits)))
    assert (entry.action, entry.reason) == ("skip", "the interface is a mirror target")


def test_sessions_of_unmatched_interfaces_are_deleted():
    fleet = Fleet.from_options(options())
    entries = planner.plan(fleet, aws_state([interface(1), interface(2, mirror=False)], [session(2, 2), session(3, 3)]))
    assert [(entry.action, entry.selected) for entry in entries] == [
        ("create", True),
        ("delete", False),
        ("delete", False),
    ]
    assert [entry.describe().get("instance_id") for entry in entries[1:]] == [f"i-{2:017x}", None]
    assert fleet_report.coverage(entries)["selected"] == 1


def test_exclude_overrides_sources():
    fleet = Fleet.from_options(options(exclude=[{"network_interface_ids": [interface(1).id]}]))
    entry = get_only(planner.plan(fleet, aws_state([interface(1)], [session(1, 1)])))
    assert (entry.action, entry.reason) == ("delete", "excluded by exclude[0]")


def test_session_is_kept_while_instance_is_not_visible():
    entry = get_only(
        planner.plan(Fleet.from_options(options()), aws_state([interface(1, instance=None)], [session(1, 1)]))
    )
    assert (entry.action, entry.reason) == ("skip", f"instance i-{1:017x} is not visible yet")


def test_stopped_instance_is_not_selected():
    assert planner.plan(Fleet.from_options(options()), aws_state([interface(1, state="stopped")])) == []


def test_interface_tags_override_instance_tags():
    fleet = Fleet.from_options(options())
    assert [entry.action for entry in planner.plan(fleet, aws_state([interface(1, tags={"Mirror": "no"})]))] == []
    on_instance = Fleet.from_options(options(sources=[{"tags": {"Mirror": "*"}, "tag_source": "instance"}]))
    assert get_only(planner.plan(on_instance, aws_state([interface(1, tags={"Mirror": "no"})]))).action == "create"


@pytest.mark.parametrize(
    ("tag_source", "tags", "is_excluded"),
    [
        ("any", {"Mirror": "yes"}, True),
        ("any", {"Role": "sensor"}, True),
        ("any", {"Mirror": "yes", "Role": "sensor"}, True),
        ("any", {"Role": "web"}, False),
        ("instance", {"Role": "sensor"}, False),
        ("interface", {"Mirror": "yes"}, False),
        ("interface", {"Role": "sensor"}, True),
    ],
)
def test_exclude_matches_tags_of_interface_or_instance(tag_source, tags, is_excluded):
    """The instance has the tag Mirror: yes, its interface has another value of the key."""
    state = aws_state([interface(1, tags={"Mirror": "other", "Role": "sensor"})])
    selected = [{"instance_types": ["*"]}]
    fleet = Fleet.from_options(options(sources=selected, exclude=[{"tags": tags, "tag_source": tag_source}]))
    assert get_only(planner.plan(fleet, state)).action == ("skip" if is_excluded else "create")
