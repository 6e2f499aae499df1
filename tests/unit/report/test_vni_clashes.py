# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VNIs that several interfaces use at the same target."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._report.vni_clashes import find_vni_clashes
from hypothesis import given
from hypothesis import strategies as st

TARGET, OTHER_TARGET = "tmt-0a1b2c3d4e5f60701", "tmt-0a1b2c3d4e5f60702"
PLACEHOLDER = "tmt-(known after apply: sensors)"


def row(vni, interface, target=TARGET, **more):
    return {
        "virtual_network_id": vni,
        "network_interface_id": f"eni-{interface}",
        "traffic_mirror_target_id": target,
        **more,
    }


def where(clashes):
    return [
        (
            one["traffic_mirror_target_id"],
            one["virtual_network_id"],
            [i["network_interface_id"] for i in one["interfaces"]],
        )
        for one in clashes
    ]


def test_same_vni_at_a_shared_target_of_two_accounts():
    rows = [
        row(7, "b", label="web", account_id="210987654321", region="eu-west-1"),
        row(7, "a", label="data", account_id="333333333333", region="eu-west-1"),
        row(8, "c"),
    ]
    assert find_vni_clashes(rows) == [
        {
            "traffic_mirror_target_id": TARGET,
            "virtual_network_id": 7,
            "interfaces": [
                {
                    "label": "data",
                    "account_id": "333333333333",
                    "region": "eu-west-1",
                    "network_interface_id": "eni-a",
                },
                {
                    "label": "web",
                    "account_id": "210987654321",
                    "region": "eu-west-1",
                    "network_interface_id": "eni-b",
                },
            ],
        }
    ]


def test_no_clash():
    assert not find_vni_clashes([])
    assert not find_vni_clashes([row(7, "a"), row(7, "b", OTHER_TARGET)])
    # Two sessions of one interface are one source.
    assert not find_vni_clashes([row(7, "a"), row(7, "a")])
    assert not find_vni_clashes([row(7, one, fixed_virtual_network_id=True) for one in "ab"])


def test_fixed_vni_clashes_with_an_assigned_one():
    rows = [row(7, "a", fixed_virtual_network_id=True), row(7, "b", fixed_virtual_network_id=False)]
    assert where(find_vni_clashes(rows)) == [(TARGET, 7, ["eni-a", "eni-b"])]


def test_placeholder_of_another_account_is_another_target():
    accounts = ["210987654321", "333333333333"]
    assert not find_vni_clashes([row(7, account, PLACEHOLDER, account_id=account) for account in accounts])
    same = [row(7, one, PLACEHOLDER, account_id=accounts[0], region="eu-west-1") for one in "ab"]
    assert where(find_vni_clashes(same)) == [(PLACEHOLDER, 7, ["eni-a", "eni-b"])]


def test_sorted_by_target_and_number():
    rows = [row(vni, one, target) for target in (OTHER_TARGET, TARGET) for vni in (100, 9) for one in "ab"]
    expected = [(target, vni, ["eni-a", "eni-b"]) for target in (TARGET, OTHER_TARGET) for vni in (9, 100)]
    assert where(find_vni_clashes(rows)) == expected


@given(st.lists(st.builds(row, st.integers(0, 2), st.sampled_from("abc"), st.sampled_from([TARGET, OTHER_TARGET]))))
def test_clash_exactly_where_a_target_has_two_interfaces_with_a_vni(rows):
    expected = {
        (one["traffic_mirror_target_id"], one["virtual_network_id"])
        for one in rows
        for other in rows
        if one["virtual_network_id"] == other["virtual_network_id"]
        and one["traffic_mirror_target_id"] == other["traffic_mirror_target_id"]
        and one["network_interface_id"] != other["network_interface_id"]
    }
    assert {found[:2] for found in where(find_vni_clashes(rows))} == expected


@pytest.mark.parametrize("key", ["account_id", "region", "label"])
def test_an_absent_text_is_not_the_text_none(key):
    """The names in the placeholders stand for the targets of two fleets."""
    rows = [row(7, "a", PLACEHOLDER), row(7, "b", PLACEHOLDER, **{key: "None"})]
    assert find_vni_clashes(rows) == []
    assert len(find_vni_clashes([*rows, row(7, "c", PLACEHOLDER, **{key: None})])) == 1
