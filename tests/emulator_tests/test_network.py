# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances and interfaces come in pages."""

from __future__ import annotations

from typing import Any

from .helpers import GONE, SUBNET, WEB, refused


def test_interfaces_come_in_pages(ec2: Any) -> None:
    every = [row["NetworkInterfaceId"] for row in ec2.describe_network_interfaces()["NetworkInterfaces"]]
    assert len(every) == 9
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = ec2.describe_network_interfaces(MaxResults=5, **token)
        assert len(page["NetworkInterfaces"]) <= 5
        found += [row["NetworkInterfaceId"] for row in page["NetworkInterfaces"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == sorted(every)


def test_instances_come_in_pages(ec2: Any) -> None:
    first = ec2.describe_instances(MaxResults=5)
    second = ec2.describe_instances(MaxResults=5, NextToken=first["NextToken"])
    assert (len(first["Reservations"]), len(second["Reservations"]), "NextToken" in second) == (5, 1, False)
    ids = [row["Instances"][0]["InstanceId"] for page in (first, second) for row in page["Reservations"]]
    assert ids == sorted(set(ids))


def test_what_is_filtered_is_paged(ec2: Any) -> None:
    filters = [{"Name": "subnet-id", "Values": [SUBNET]}]
    first = ec2.describe_network_interfaces(MaxResults=5, Filters=filters)
    assert {row["SubnetId"] for row in first["NetworkInterfaces"]} == {SUBNET}
    with refused("InvalidNextToken"):
        ec2.describe_network_interfaces(MaxResults=5, NextToken=first["NextToken"])


def test_what_is_refused(ec2: Any) -> None:
    with refused("InvalidParameterCombination"):
        ec2.describe_network_interfaces(NetworkInterfaceIds=[WEB], MaxResults=5)
    with refused("InvalidParameterValue", "MaxResults"):
        ec2.describe_network_interfaces(MaxResults=1001)
    with refused("InvalidParameterValue", "The filter 'colour' is invalid"):
        ec2.describe_instances(Filters=[{"Name": "colour", "Values": ["red"]}])
    with refused("InvalidNetworkInterfaceID.NotFound"):
        ec2.describe_network_interfaces(NetworkInterfaceIds=[f"eni-{GONE}"])
    with refused("DryRunOperation"):
        ec2.describe_instances(DryRun=True)
