# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of a path: Describe of subnets, security groups, ACLs, route tables, peerings, prefix lists, endpoints.

The rows are those of moto, with the corrections of path_rows.py. The emulator implements ids, filters and pages,
because moto ignores unknown filters and does not page these actions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from . import describe, path_rows, prerequisites
from .calls import Call
from .errors import ApiError, combination, missing
from .machines import ApiObject
from .path_filters import FILTERS, Getter

Correction = Callable[[Call, ApiObject], ApiObject]


@dataclass(frozen=True)
class _Listing:
    """A Describe action: the members of the reply and the request, and the codes for ids.

    prefix: of ids; None: ids are names. limits: of MaxResults, as in botocore's model. not_found, malformed: codes of
    "Error codes for the Amazon EC2 API".
    """

    rows: str
    id: str
    ids: str
    prefix: str | None
    malformed: str
    not_found: str
    limits: tuple[int, int] = (5, 1000)
    correct: Correction = field(default=lambda _call, row: row)


_LISTINGS = {
    "DescribeManagedPrefixLists": _Listing(
        "PrefixLists",
        "PrefixListId",
        "PrefixListIds",
        "pl",
        "InvalidPrefixListId.Malformed",
        "InvalidPrefixListID.NotFound",
        (1, 100),
    ),
    "DescribeNetworkAcls": _Listing(
        "NetworkAcls",
        "NetworkAclId",
        "NetworkAclIds",
        "acl",
        "InvalidNetworkAclId.Malformed",
        "InvalidNetworkAclID.NotFound",
    ),
    "DescribeRouteTables": _Listing(
        "RouteTables",
        "RouteTableId",
        "RouteTableIds",
        "rtb",
        "InvalidRouteTableId.Malformed",
        "InvalidRouteTableID.NotFound",
        (5, 100),
        path_rows.route_table,
    ),
    "DescribeSecurityGroups": _Listing(
        "SecurityGroups", "GroupId", "GroupIds", "sg", "InvalidGroupId.Malformed", "InvalidGroup.NotFound"
    ),
    "DescribeSubnets": _Listing(
        "Subnets", "SubnetId", "SubnetIds", "subnet", "InvalidSubnetID.Malformed", "InvalidSubnetID.NotFound"
    ),
    "DescribeVpcEndpointServiceConfigurations": _Listing(
        "ServiceConfigurations",
        "ServiceId",
        "ServiceIds",
        "vpce-svc",
        "InvalidVpcEndpointServiceId.Malformed",
        "InvalidVpcEndpointServiceId.NotFound",
        (1, 2**31),
        path_rows.service_configuration,
    ),
    "DescribeVpcEndpointServices": _Listing(
        "ServiceDetails", "ServiceName", "ServiceNames", None, "", "InvalidServiceName", (1, 2**31)
    ),
    "DescribeVpcPeeringConnections": _Listing(
        "VpcPeeringConnections",
        "VpcPeeringConnectionId",
        "VpcPeeringConnectionIds",
        "pcx",
        "InvalidVpcPeeringConnectionId.Malformed",
        "InvalidVpcPeeringConnectionID.NotFound",
        correct=path_rows.peering,
    ),
}


# The name of a service that is not of AWS, without wildcards.
_CUSTOM_SERVICE = re.compile(r"[\w.-]+\.vpce-svc-[0-9a-f]+")


def listing(call: Call) -> dict[str, Any]:
    """Return one page of the rows of a Describe action, sorted by id."""
    what, given = _LISTINGS[call.action], call.parameters
    ids = list(dict.fromkeys(given.get(what.ids, ())))
    if what.prefix:
        for wanted in ids:
            _check_id(what.prefix, wanted, what.malformed)
    if ids and ("MaxResults" in given or "NextToken" in given):
        raise combination(f"The parameter {what.ids} cannot be used with the parameter MaxResults or NextToken")
    known = FILTERS[call.action]
    names = dict.fromkeys((*known, "tag-key", "tag:"), "")
    filters = describe.parse_filters(given.get("Filters", []), names)
    tests = [_test(name, values, known) for name, values in filters]
    position = describe.parse_paging(call, *what.limits)
    call.mark_validated()
    rows = {row[what.id]: what.correct(call, row) for row in _all_rows(call, what)}
    for wanted in ids:
        if wanted not in rows:
            raise ApiError(what.not_found, f"The ID '{wanted}' does not exist")
    group_names = given.get("GroupNames", ())
    chosen = [rows[wanted] for wanted in ids] if ids else list(rows.values())
    if group_names:
        chosen = _default_vpc_groups(call, chosen, group_names)
    keyed = sorted(((row[what.id], row) for row in chosen), key=lambda pair: pair[0])
    paged = not (ids or group_names)
    page, token = describe.paginate(call, keyed, position, lambda row: all(test(row) for test in tests), paged)
    found = {what.rows: page, **token}
    if call.action == "DescribeVpcEndpointServices":
        return {"ServiceNames": [row["ServiceName"] for row in page], **found}
    return found


def endpoints(call: Call) -> dict[str, Any]:
    """Return one page of VPC endpoints, sorted by id."""
    given = call.parameters
    if given.get("VpcEndpointIds") and ("MaxResults" in given or "NextToken" in given):
        raise combination("The parameter VpcEndpointIds cannot be used with the parameter MaxResults or NextToken")
    prerequisites.check_endpoint_filters(call.action, given)
    position = describe.parse_paging(call, 1, 2**31)
    call.mark_validated()
    asked = {name: value for name, value in given.items() if name not in ("MaxResults", "NextToken")}
    rows = call.ask_moto(call.action, asked).get("VpcEndpoints", [])
    keyed = sorted(((row["VpcEndpointId"], row) for row in rows), key=lambda pair: pair[0])
    page, token = describe.paginate(call, keyed, position, paged="VpcEndpointIds" not in given)
    return {"VpcEndpoints": page, **token}


def prefix_list_entries(call: Call) -> dict[str, Any]:
    """Return one page of the entries of a prefix list, sorted by CIDR."""
    given = call.parameters
    _check_id("pl", given["PrefixListId"], "InvalidPrefixListId.Malformed")
    position = describe.parse_paging(call, 1, 100)
    call.mark_validated()
    known = {row["PrefixListId"] for row in call.ask_moto("DescribeManagedPrefixLists", {})["PrefixLists"]}
    if given["PrefixListId"] not in known:
        raise ApiError("InvalidPrefixListID.NotFound", f"The ID '{given['PrefixListId']}' does not exist")
    asked = {name: value for name, value in given.items() if name in ("PrefixListId", "TargetVersion")}
    rows = call.ask_moto(call.action, asked).get("Entries", [])
    keyed = sorted(((row["Cidr"], row) for row in rows), key=lambda pair: pair[0])
    page, token = describe.paginate(call, keyed, position)
    return {"Entries": page, **token}


def _all_rows(call: Call, what: _Listing) -> Iterator[ApiObject]:
    """Yield all rows of moto, which pages some actions, and the services of the account's endpoints."""
    asked: dict[str, Any] = {}
    if call.action == "DescribeVpcEndpointServices":
        yield from path_rows.services(call)
        configured = _configured_services(call)
        if configured is not None:
            # moto has 256 services of AWS. Describing them takes an eighth of a second.
            if not configured:
                return
            asked = {"ServiceNames": configured}
    while True:
        reply = call.ask_moto(call.action, asked)
        yield from reply.get(what.rows, [])
        if not reply.get("NextToken"):
            break
        asked = {"NextToken": reply["NextToken"]}


def _configured_services(call: Call) -> list[str] | None:
    """Return the names of the account's endpoint services in the first service-name filter of the call.

    None if the call has no such filter, or also asks for services of AWS.
    """
    values = next((one["Values"] for one in call.parameters.get("Filters", []) if one["Name"] == "service-name"), None)
    if values is None or call.parameters.get("ServiceNames") or not all(map(_CUSTOM_SERVICE.fullmatch, values)):
        return None
    return sorted(path_rows.configured_services(call) & set(values))


def _check_id(prefix: str, value: str, code: str) -> None:
    if not re.fullmatch(rf"{prefix}-([0-9a-f]{{8}}|[0-9a-f]{{17}})", value):
        raise ApiError(code, f'Invalid id: "{value}" (expecting "{prefix}-...")')


def _default_vpc_groups(call: Call, rows: list[ApiObject], names: list[str]) -> list[ApiObject]:
    """Return the groups of the default VPC with these names (botocore model: GroupNames applies to the default VPC)."""
    if not all(names):
        raise missing("GroupName")
    vpcs = {row["VpcId"] for row in call.ask_moto("DescribeVpcs", {})["Vpcs"] if row["IsDefault"]}
    found = [row for row in rows if row["VpcId"] in vpcs and row["GroupName"] in names]
    for name in names:
        if name not in {row["GroupName"] for row in found}:
            raise ApiError("InvalidGroup.NotFound", f"The security group '{name}' does not exist in default VPC")
    return found


def _test(name: str, values: list[str], known: dict[str, Getter]) -> Callable[[ApiObject], bool]:
    """Return a predicate for one filter, see describe.value_matcher."""
    matches = describe.value_matcher(values)

    def passes(row: ApiObject) -> bool:
        if name.startswith("tag:"):
            found = [tag["Value"] for tag in row.get("Tags", ()) if tag["Key"] == name[4:]]
        elif name == "tag-key":
            found = [tag["Key"] for tag in row.get("Tags", ())]
        else:
            found = list(known[name](row))
        return any(matches(_text(value)) for value in found)

    return passes


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
