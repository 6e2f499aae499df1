# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Selection of interfaces: criteria, tags, explanations and mistyped values."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet.selection import (
    Instance,
    Interface,
    Selector,
    build_api_filters,
    find_unknown_values,
)

from tests.unit.fleet.interfaces import (
    DETACHED,
    ENIS,
    INTERFACE,
    MACHINE,
    MACHINES,
    NOT_VISIBLE,
    SUBNETS,
    VPCS,
    ZONES,
    exclusion,
    interface,
    source,
)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"RequesterManaged": True, "RequesterId": "amazon-rds"}, "amazon-rds"),
        ({"RequesterManaged": True}, "an AWS service"),
        # Interfaces that a program of the user created, such as a container network plugin.
        ({"RequesterManaged": False, "RequesterId": "AROAEXAMPLE:i-0a1b2c3d"}, ""),
        ({}, ""),
    ],
)
def test_requester_is_read_only_of_requester_managed_interfaces(response, expected):
    assert Interface.from_api({"NetworkInterfaceId": ENIS[0], **response}).managed_by == expected


def test_interface_and_instance_are_read_from_replies():
    found = Interface.from_api(
        {
            "NetworkInterfaceId": ENIS[0],
            "OwnerId": "123456789012",
            "VpcId": VPCS[0],
            "SubnetId": SUBNETS[0],
            "AvailabilityZone": ZONES[0],
            "InterfaceType": "interface",
            "RequesterManaged": False,
            "Attachment": {"InstanceId": MACHINE.id, "DeviceIndex": 0},
            "TagSet": [],
        }
    )
    machine = Instance.from_api(
        {
            "InstanceId": MACHINE.id,
            "InstanceType": "m5.large",
            "State": {"Name": "running"},
            "Tags": [{"Key": "Mirror", "Value": "yes"}],
        }
    )
    assert found == NOT_VISIBLE
    assert found.with_instance({machine.id: machine}) == INTERFACE


@pytest.mark.parametrize(
    ("options", "candidate", "text"),
    [
        ({"network_interface_ids": [ENIS[1]]}, INTERFACE, f"network interface is {ENIS[0]}, not {ENIS[1]}"),
        ({"instance_ids": [MACHINES[1]]}, INTERFACE, f"instance is {MACHINES[0]}, not {MACHINES[1]}"),
        ({"instance_ids": [MACHINES[1]]}, DETACHED, "not attached to an instance"),
        ({"vpc_ids": [VPCS[1]]}, INTERFACE, f"VPC is {VPCS[0]}, not {VPCS[1]}"),
        ({"subnet_ids": [SUBNETS[1]]}, INTERFACE, f"subnet is {SUBNETS[0]}, not {SUBNETS[1]}"),
        ({"availability_zones": [ZONES[1]]}, INTERFACE, "availability zone is eu-west-1a, not eu-west-1b"),
        ({"instance_types": ["c5.*", "m5.?"]}, INTERFACE, "instance type is m5.large, not c5.* or m5.?"),
        ({"instance_types": ["*"]}, DETACHED, "not attached to an instance"),
        ({"instance_types": ["*"]}, NOT_VISIBLE, "instance type is unknown, because the instance is not visible"),
        ({"tags": {"Mirror": "no"}}, INTERFACE, "tag Mirror is 'yes', not 'no'"),
        ({"tags": {"Mirror": ["no", "off"]}}, INTERFACE, "tag Mirror is 'yes', not 'no' or 'off'"),
        ({"tags": {"Role": ["yes", "on"]}}, INTERFACE, "tag Role is missing; 'yes' or 'on' is required"),
        ({"tags": {"Role": "*"}}, INTERFACE, "tag Role is missing"),
        ({"tags": {"mirror": "yes"}}, INTERFACE, "tag mirror is missing; 'yes' is required"),
        ({"tags": {"Mirror": "yes"}}, NOT_VISIBLE, "tag Mirror is unknown, because the instance is not visible"),
        (
            {"tags": {"Mirror": "yes"}, "tag_source": "interface"},
            NOT_VISIBLE,
            "tag Mirror is missing; 'yes' is required",
        ),
        ({"tags": {"Mirror": ""}}, INTERFACE, "tag Mirror is 'yes', not ''"),
        ({"tags": {"a\x1b": "b"}}, interface({"a\x1b": "\x1b"}), r"tag a\x1b is '\x1b', not 'b'"),
        (
            {"vpc_ids": [VPCS[0]], "interfaces": "primary"},
            replace(INTERFACE, primary=False),
            "not the primary interface of the instance",
        ),
        ({"vpc_ids": [VPCS[0]]}, interface(state="stopped"), "instance is stopped, not running"),
        # The criteria have a fixed order.
        ({"tags": {"Mirror": "no"}, "vpc_ids": [VPCS[1]]}, INTERFACE, f"VPC is {VPCS[0]}, not {VPCS[1]}"),
        ({"tags": {"Mirror": "no"}}, interface(state="stopped"), "tag Mirror is 'yes', not 'no'"),
    ],
)
def test_mismatch_names_the_first_criterion_that_fails(options, candidate, text):
    assert not source(**options).matches(candidate)
    assert source(**options).explain_mismatch(candidate) == text


def test_mismatch_of_an_exclusion_has_the_tags_of_interface_and_instance():
    selector = exclusion(tags={"Mirror": "no"})
    assert selector.explain_mismatch(interface({"Mirror": "on"})) == "tag Mirror is 'on' and 'yes', not 'no'"
    assert selector.explain_mismatch(interface({"Mirror": "yes"})) == "tag Mirror is 'yes', not 'no'"


def test_explanations_of_long_lists_are_short():
    many = [f"{number:x}".rjust(300, "v") for number in range(1000)]
    for options in (
        {"tags": {"Mirror": many}},
        {"tags": {"Other": many}},
        {"vpc_ids": [f"vpc-{n:08x}" for n in range(1000)]},
    ):
        text = source(**options).explain_mismatch(INTERFACE)
        assert "and 992 more" in text and len(text) < 1500
    keys = {f"key {number}": "*" for number in range(50)}
    text = exclusion(tags=keys).describe()
    assert "and 42 more" in text and len(text) < 1500


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"tags": {"Mirror": ["no", "y*"]}}, "tag Mirror 'no' or 'y*'"),
        ({"vpc_ids": [VPCS[0]], "instance_states": ["running"]}, f"VPC {VPCS[0]}, instance running"),
        (
            {"tags": {"Mirror": "*"}, "instance_types": ["m5.*"], "interfaces": "primary"},
            "instance type m5.*, tag Mirror '*', primary interface",
        ),
    ],
)
def test_description_of_an_exclusion_lists_its_criteria(options, text):
    assert exclusion(**options).describe() == text


def test_state_is_checked_apart_from_the_other_criteria():
    stopped = interface(state="stopped")
    assert source(tags={"Mirror": "yes"}).matches_except_state(stopped)
    assert not source(tags={"Mirror": "yes"}).matches(stopped)
    assert source(tags={"Mirror": "yes"}, instance_states=["stopped"]).matches(stopped)
    assert not source(tags={"Mirror": "no"}).matches_except_state(stopped)
    assert exclusion(tags={"Mirror": "yes"}).matches(stopped)
    assert source(vpc_ids=[VPCS[0]]).matches(NOT_VISIBLE)


def test_interface_tags_override_instance_tags_in_sources():
    overridden = interface({"Mirror": "no"})
    assert not source(tags={"Mirror": "yes"}).matches(overridden)
    assert source(tags={"Mirror": "no"}).matches(overridden)
    assert source(tags={"Mirror": "yes"}, tag_source="instance").matches(overridden)
    assert not source(tags={"Mirror": "yes"}, tag_source="interface").matches(INTERFACE)


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
    candidate = interface({"Mirror": "other", "Role": "sensor"})
    assert exclusion(tags=tags, tag_source=tag_source).matches(candidate) is is_excluded


def test_api_filters_have_the_criteria_that_all_sources_have():
    sources = [source(vpc_ids=[VPCS[1]], availability_zones=[ZONES[0]]), source(vpc_ids=[VPCS[0]])]
    assert build_api_filters(sources, 200) == {"vpc-id": sorted(VPCS)}
    assert build_api_filters(sources, 1) == {}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"vpc_ids": ["vpc-12345678", VPCS[0]]}, "vpc_ids vpc-12345678"),
        ({"network_interface_ids": ["eni-12345678"]}, "network_interface_ids eni-12345678"),
        ({"instance_ids": ["i-12345678"]}, "instance_ids i-12345678"),
        ({"subnet_ids": ["subnet-12345678"]}, "subnet_ids subnet-12345678"),
        ({"tags": {"Mirorr": "yes"}}, "tag key Mirorr"),
        ({"tags": {"b\n": "1", "a": "1"}}, r"tag key a, b\n"),
        ({"tags": {"Role": "web"}, "tag_source": "instance"}, "tag key Role"),
        ({"tags": {"Mirror": "yes"}, "tag_source": "interface"}, "tag key Mirror"),
        (
            {"vpc_ids": ["vpc-12345678"], "tags": {"Mirorr": "*", "Role": "x"}},
            "vpc_ids vpc-12345678; tag key Mirorr",
        ),
        (
            {"tags": {"true": "x"}},
            "tag key true (YAML reads unquoted yes, no, on and off as booleans; quote the key)",
        ),
    ],
)
def test_values_that_nothing_has_are_named(options, text):
    candidates = [interface({"Role": "web"}), DETACHED]
    known = source(vpc_ids=[VPCS[0]], tags={"Mirror": "other value", "Role": "other value"})
    unknown = Selector.from_options("exclude[1]", options, True)
    assert find_unknown_values([known, unknown], candidates) == [f"exclude[1]: nothing has {text}"]


def test_long_lists_of_unknown_values_are_shortened():
    selector = source(vpc_ids=[f"vpc-{number:08x}" for number in range(1000)], tags={f"k{n}": "*" for n in range(1000)})
    (text,) = find_unknown_values([selector], [])
    assert text.count("and 992 more") == 2 and len(text) < 500
