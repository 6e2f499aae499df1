# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short pages, empty pages with a token, and rows in any order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import APP_1, WEB, new_filter, refused, rule_request, session, tag_spec

ACTIONS = {
    "describe_traffic_mirror_filters": "TrafficMirrorFilters",
    "describe_traffic_mirror_filter_rules": "TrafficMirrorFilterRules",
    "describe_traffic_mirror_sessions": "TrafficMirrorSessions",
    "describe_traffic_mirror_targets": "TrafficMirrorTargets",
    "describe_network_interfaces": "NetworkInterfaces",
    "describe_instances": "Reservations",
    "describe_tags": "Tags",
}


def pages(ec2: Any, method: str, **request: Any) -> list[list[Any]]:
    """Return the rows of each page."""
    found, token = [], {}
    while True:
        reply = getattr(ec2, method)(**request, **token)
        found.append(reply[ACTIONS[method]])
        if "NextToken" not in reply:
            return found
        token = {"NextToken": reply["NextToken"]}


def seed(ec2: Any) -> None:
    session(ec2, WEB)
    session(ec2, APP_1)
    for number in range(1, 9):
        ec2.create_traffic_mirror_filter_rule(**rule_request(RuleNumber=number))
        new_filter(ec2, TagSpecifications=tag_spec("filter", a=str(number), b="\u2028 \n"))


@pytest.mark.parametrize("method", ACTIONS)
@pytest.mark.parametrize(
    "setting", [{"size": 1}, {"empty": True}, {"shuffle": True}, {"size": 2, "empty": True, "shuffle": True}], ids=str
)
def test_all_rows_once(ec2: Any, emulator: Emulator, method: str, setting: dict[str, Any]) -> None:
    seed(ec2)
    (everything,) = pages(ec2, method)
    emulator.settings(pages=setting)
    found = pages(ec2, method)
    rows = [row for page in found for row in page]
    assert sorted(map(str, rows)) == sorted(map(str, everything))
    if setting.get("size"):
        assert max(map(len, found)) == min(setting["size"], len(everything))
    if setting.get("empty"):
        assert [len(page) for page in found[::2]] == [0] * (len(found) // 2)
        assert all(found[1::2])
    if setting.get("shuffle") and len(everything) > 9:  # fewer rows keep their order by chance
        assert rows != everything
    assert pages(ec2, method) == found


def test_limit_of_the_request_applies_too(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(pages={"size": 900})
    assert max(map(len, pages(ec2, "describe_network_interfaces", MaxResults=5))) == 5


def test_ids_have_one_page(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(pages={"size": 1, "empty": True})
    ids = [WEB, APP_1]
    (rows,) = pages(ec2, "describe_network_interfaces", NetworkInterfaceIds=ids)
    assert {row["NetworkInterfaceId"] for row in rows} == set(ids)
    assert len(ec2.describe_instances(InstanceIds=["i-0a1b2c3d4e5f60718"])["Reservations"]) == 1
    made = session(ec2)["TrafficMirrorSessionId"]
    assert len(pages(ec2, "describe_traffic_mirror_sessions", TrafficMirrorSessionIds=[made])) == 1


def test_token_of_an_empty_page_is_for_the_same_request(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(pages={"empty": True})
    token = ec2.describe_traffic_mirror_sessions()["NextToken"]
    with refused("InvalidNextToken"):
        ec2.describe_traffic_mirror_targets(NextToken=token)
