# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe requests for the network between source and target: pages, validation, unknown ids, filters, policies."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest

from tests.emulator.client import Emulator
from tests.emulator.path_filters import FILTERS
from tests.emulator_tests.helpers import VPC, refused
from tests.emulator_tests.users import User, allow

LISTINGS = {
    "DescribeManagedPrefixLists": ("PrefixLists", "PrefixListId"),
    "DescribeNetworkAcls": ("NetworkAcls", "NetworkAclId"),
    "DescribeRouteTables": ("RouteTables", "RouteTableId"),
    "DescribeSecurityGroups": ("SecurityGroups", "GroupId"),
    "DescribeSubnets": ("Subnets", "SubnetId"),
    "DescribeVpcEndpointServices": ("ServiceDetails", "ServiceName"),
    "DescribeVpcEndpoints": ("VpcEndpoints", "VpcEndpointId"),
    "DescribeVpcPeeringConnections": ("VpcPeeringConnections", "VpcPeeringConnectionId"),
}


def snake(action: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", action).lower()


@pytest.mark.parametrize("action", LISTINGS)
def test_pages_are_short_empty_and_shuffled(ec2: Any, emulator: Emulator, action: str) -> None:
    for block in ("10.72.0.0/16", "10.73.0.0/16"):
        other = ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
        ec2.create_vpc_peering_connection(VpcId=VPC, PeerVpcId=other)
        ec2.create_vpc_endpoint(VpcId=VPC, ServiceName="com.amazonaws.eu-west-1.s3")
    rows, key = LISTINGS[action]
    call = getattr(ec2, snake(action))
    everything = {row[key] for row in call()[rows]}
    assert len(everything) > 1
    emulator.settings(pages={"size": 40 if rows == "ServiceDetails" else 1, "empty": True, "shuffle": True})
    pages = [page[rows] for page in ec2.get_paginator(snake(action)).paginate()]
    found = [row[key] for page in pages for row in page]
    assert (len(found), set(found)) == (len(everything), everything)
    assert [] in pages


@pytest.mark.parametrize("action", [*LISTINGS, "GetManagedPrefixListEntries"])
def test_request_is_validated(ec2: Any, action: str) -> None:
    call = getattr(ec2, snake(action))
    more = {"PrefixListId": "pl-0123456789abcdef0"} if action.startswith("Get") else {}
    with refused("InvalidParameterValue"):
        call(MaxResults=0, **more)
    with refused("InvalidNextToken"):
        call(NextToken="x", **more)
    with refused("DryRunOperation"):
        call(DryRun=True, **more)
    if not more:
        with refused("InvalidParameterValue", "no-such-filter"):
            call(Filters=[{"Name": "no-such-filter", "Values": ["x"]}])


@pytest.mark.parametrize(
    ("call", "ids", "unknown", "not_found", "malformed"),
    [
        ("security_groups", "GroupIds", "sg", "InvalidGroup.NotFound", "InvalidGroupId.Malformed"),
        ("network_acls", "NetworkAclIds", "acl", "InvalidNetworkAclID.NotFound", "InvalidNetworkAclId.Malformed"),
        ("route_tables", "RouteTableIds", "rtb", "InvalidRouteTableID.NotFound", "InvalidRouteTableId.Malformed"),
        ("subnets", "SubnetIds", "subnet", "InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed"),
        (
            "vpc_peering_connections",
            "VpcPeeringConnectionIds",
            "pcx",
            "InvalidVpcPeeringConnectionID.NotFound",
            "InvalidVpcPeeringConnectionId.Malformed",
        ),
        (
            "managed_prefix_lists",
            "PrefixListIds",
            "pl",
            "InvalidPrefixListID.NotFound",
            "InvalidPrefixListId.Malformed",
        ),
    ],
)
def test_unknown_id(ec2: Any, call: str, ids: str, unknown: str, not_found: str, malformed: str) -> None:
    describe = getattr(ec2, f"describe_{call}")
    with refused(not_found):
        describe(**{ids: [f"{unknown}-0123456789abcdef0"]})
    with refused(malformed):
        describe(**{ids: ["x"]})
    with refused("InvalidParameterCombination"):
        describe(**{ids: [f"{unknown}-0123456789abcdef0"]}, MaxResults=5)


def test_group_names_apply_to_default_vpc(ec2: Any) -> None:
    (row,) = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    assert row["VpcId"] != VPC
    with refused("InvalidGroup.NotFound"):
        ec2.describe_security_groups(GroupNames=["lab-sensors"])


def test_filters_are_documented() -> None:
    model = botocore.session.Session().get_service_model("ec2")
    for action, known in FILTERS.items():
        text = model.operation_model(action).input_shape.members["Filters"].documentation
        documented = set(re.findall(r"<code>([A-Za-z0-9.:-]+)</code>", text))
        assert set(known) <= documented, action


@pytest.mark.parametrize("action", [*LISTINGS, "GetManagedPrefixListEntries"])
def test_policy_denies_action(user: User, emulator: Emulator, action: str) -> None:
    more = {"PrefixListId": "pl-0123456789abcdef0"} if action.startswith("Get") else {}
    user.may(allow("DescribeInstances"))
    with refused("UnauthorizedOperation", f"ec2:{action}"):
        getattr(user.ec2, snake(action))(**more)
    entry = emulator.log()[-1]
    assert (entry["action"], entry["code"]) == (action, "UnauthorizedOperation")
    user.may(allow(action))
    if not more:
        getattr(user.ec2, snake(action))()


def test_policy_of_prefix_list_entries_names_the_list(user: User, ec2: Any) -> None:
    made = ec2.create_managed_prefix_list(PrefixListName="one", MaxEntries=1, AddressFamily="IPv4")
    prefix_list = made["PrefixList"]["PrefixListId"]
    arn = f"arn:aws:ec2:eu-west-1:123456789012:prefix-list/{prefix_list}"
    user.may(allow("GetManagedPrefixListEntries", on=arn))
    assert user.ec2.get_managed_prefix_list_entries(PrefixListId=prefix_list)["Entries"] == []
    with refused("UnauthorizedOperation", "prefix-list/pl-0123456789abcdef0"):
        user.ec2.get_managed_prefix_list_entries(PrefixListId="pl-0123456789abcdef0")
