# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeInstances and DescribeNetworkInterfaces: moto's rows, in pages, which moto does not make of interfaces."""

from __future__ import annotations

from typing import Any

from . import describe
from .calls import Call
from .errors import combination
from .tags import Forward

# Those of the documented filters that a client of ours sends; any other is refused.
_INTERFACE_FILTERS = dict.fromkeys(
    (
        "attachment.instance-id",
        "availability-zone",
        "description",
        "group-id",
        "network-interface-id",
        "private-ip-address",
        "status",
        "subnet-id",
        "tag-key",
        "tag:",
        "vpc-id",
    ),
    "",
)
_INSTANCE_FILTERS = dict.fromkeys(
    (
        "availability-zone",
        "instance-id",
        "instance-state-name",
        "instance-type",
        "private-ip-address",
        "subnet-id",
        "tag-key",
        "tag:",
        "vpc-id",
    ),
    "",
)


def interfaces(call: Call, forward: Forward) -> dict[str, Any]:
    """One page of network interfaces, by id."""
    asked, position = _asked(call, "NetworkInterfaceIds", _INTERFACE_FILTERS)
    rows = forward(call.action, asked).get("NetworkInterfaces", [])
    keyed = sorted(((row["NetworkInterfaceId"], row) for row in rows), key=lambda pair: pair[0])
    page, token = describe.cut(call, keyed, position)
    return {"NetworkInterfaces": page, **token}


def instances(call: Call, forward: Forward) -> dict[str, Any]:
    """One page of reservations. Guess: MaxResults counts them; here each has one instance, as the lab makes them."""
    asked, position = _asked(call, "InstanceIds", _INSTANCE_FILTERS)
    rows: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        reply = forward(call.action, {**asked, **token})
        rows += reply.get("Reservations", [])
        if not reply.get("NextToken"):
            break
        token = {"NextToken": reply["NextToken"]}
    keyed = sorted(((row["Instances"][0]["InstanceId"], row) for row in rows), key=lambda pair: pair[0])
    page, more = describe.cut(call, keyed, position)
    return {"Reservations": page, **more}


def _asked(call: Call, ids: str, known: dict[str, str]) -> tuple[dict[str, Any], str]:
    """What to ask moto, which is everything at once, and where the page starts."""
    given = call.parameters
    if given.get(ids) and ("MaxResults" in given or "NextToken" in given):
        raise combination(f"The parameter {ids} cannot be used with the parameter MaxResults or NextToken")
    describe.check_filters(given.get("Filters", []), known)
    position = describe.check_paging(call)
    call.checked()
    return {name: value for name, value in given.items() if name not in ("MaxResults", "NextToken")}, position
