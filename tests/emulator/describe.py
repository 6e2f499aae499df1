# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four Describes: ids, filters, pages."""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from . import checks, views
from .calls import Call
from .errors import ApiError, combination, missing
from .store import FILTER, RULE, SESSION, TARGET, Kind, Thing

PAGE = 1000
MAX_FILTER_VALUES = 200
Row = TypeVar("Row")

# The filters botocore's model documents, by the member they look at. tag: and tag-key are not among them.
FILTERS: dict[Kind, dict[str, str]] = {
    SESSION: {
        "description": "Description",
        "network-interface-id": "NetworkInterfaceId",
        "owner-id": "OwnerId",
        "packet-length": "PacketLength",
        "session-number": "SessionNumber",
        "traffic-mirror-filter-id": "TrafficMirrorFilterId",
        "traffic-mirror-session-id": "TrafficMirrorSessionId",
        "traffic-mirror-target-id": "TrafficMirrorTargetId",
        "virtual-network-id": "VirtualNetworkId",
    },
    FILTER: {"description": "Description", "traffic-mirror-filter-id": "TrafficMirrorFilterId"},
    RULE: {
        "traffic-mirror-filter-rule-id": "TrafficMirrorFilterRuleId",
        "traffic-mirror-filter-id": "TrafficMirrorFilterId",
        "rule-number": "RuleNumber",
        "rule-action": "RuleAction",
        "traffic-direction": "TrafficDirection",
        "protocol": "Protocol",
        "source-cidr-block": "SourceCidrBlock",
        "destination-cidr-block": "DestinationCidrBlock",
        "description": "Description",
    },
    TARGET: {
        "description": "Description",
        "network-interface-id": "NetworkInterfaceId",
        "network-load-balancer-arn": "NetworkLoadBalancerArn",
        "owner-id": "OwnerId",
        "traffic-mirror-target-id": "TrafficMirrorTargetId",
    },
}


def describer(kind: Kind) -> Callable[[Call], dict[str, Any]]:
    """The Describe action of a kind."""
    return lambda call: _describe(call, kind)


def _describe(call: Call, kind: Kind) -> dict[str, Any]:
    given = call.parameters
    ids = list(dict.fromkeys(given.get(kind.ids_member, [])))
    for wanted in ids:
        checks.identifier(kind, wanted, kind.id_member)
    # Guess: [ids-with-pages] the code, and that it is refused at all, as in other EC2 Describes.
    if ids and ("MaxResults" in given or "NextToken" in given):
        raise combination(f"The parameter {kind.ids_member} cannot be used with the parameter MaxResults or NextToken")
    filters = check_filters(given.get("Filters", []), FILTERS[kind])
    if kind is RULE and "TrafficMirrorFilterId" in given:
        checks.identifier(FILTER, given["TrafficMirrorFilterId"], "TrafficMirrorFilterId")
    position = check_paging(call)
    call.checked()
    seen = _read(call, kind, ids)
    for wanted in ids:
        # Guess: [one-id-missing] one id that is not there fails the whole call.
        if wanted not in seen:
            raise kind.not_found(wanted)
    things = [seen[wanted] for wanted in ids] if ids else list(seen.values())
    if kind is RULE and "TrafficMirrorFilterId" in given:
        call.get_own(FILTER, given["TrafficMirrorFilterId"])
        things = [t for t in things if t.fields["TrafficMirrorFilterId"] == given["TrafficMirrorFilterId"]]

    def shown(thing: Thing) -> dict[str, Any] | None:
        return views.described(call.world, thing, viewer=call.account)

    def passes(thing: Thing) -> bool:
        return not filters or matches(shown(thing) or {}, filters, FILTERS[kind])

    keyed = sorted(((thing.id, thing) for thing in things), key=lambda pair: pair[0])
    page, token = cut(call, keyed, position, passes)
    rows = [row for thing in page if (row := shown(thing)) is not None]
    if kind is FILTER and not call.knobs["rule_tags"]:
        for rule in (r for row in rows for r in (*row["IngressFilterRules"], *row["EgressFilterRules"])):
            del rule["Tags"]
    return {f"TrafficMirror{kind.noun}s": rows, **token}


def _read(call: Call, kind: Kind, ids: Sequence[str]) -> dict[str, Thing]:
    """What the caller may see now. Each call is one read for the lag of what it does not show as it is.

    ids: what it asks for. Only for that is it a read, so that who waits for one thing does not wait for another.
    """
    things = call.world.visible(call.account, call.region, kind)
    rules = call.world.visible(call.account, call.region, RULE) if kind is FILTER else {}
    read = [thing for thing in things.values() if not ids or thing.id in ids]
    read += [rule for rule in rules.values() if not ids or rule.fields[FILTER.id_member] in ids]
    call.after_reply.extend(thing for thing in read if thing.lagging)
    return {wanted: thing for wanted, thing in things.items() if thing.described}


def check_filters(filters: Sequence[dict[str, Any]], known: dict[str, str]) -> list[tuple[str, list[str]]]:
    """(name, values) of each filter. Raises InvalidParameterValue for a name not known, FilterLimitExceeded."""
    pairs = []
    for entry in filters:
        if "Name" not in entry:
            raise missing("Filter.Name")
        name, values = entry["Name"], entry.get("Values", [])
        # Guess: [filter-unknown] InvalidParameterValue, which other EC2 Describes send, and not the InvalidFilter also
        # documented.
        # Guess: [filter-by-tag] tag:<key> is refused like any undocumented filter, though clients in the wild use it.
        if name not in known and not (name.startswith("tag:") and "tag:" in known):
            raise ApiError("InvalidParameterValue", f"The filter '{name}' is invalid")
        if not values:
            # Guess: [filter-no-values] a filter without values is refused.
            raise ApiError("InvalidParameterValue", f"The filter '{name}' has no values")
        pairs.append((name, values))
    if sum(len(values) for _name, values in pairs) > MAX_FILTER_VALUES:
        raise ApiError("FilterLimitExceeded", f"The maximum of {MAX_FILTER_VALUES} filter values is exceeded")
    return pairs


def matches(row: dict[str, Any], filters: list[tuple[str, list[str]]], known: dict[str, str]) -> bool:
    """Whether a row passes: any of a filter's values, all of the filters, case-sensitive."""
    # Guess: [filter-no-wildcards] [filter-numbers-decimal] no wildcards, and numbers compare as written in decimal.
    return all(known[name] in row and str(row[known[name]]) in values for name, values in filters)


def check_paging(call: Call) -> str:
    """After which id the page starts, "" for the first. Raises InvalidParameterValue, InvalidNextToken."""
    given = call.parameters
    if "MaxResults" in given:
        # Guess: [max-results-range] the code outside 5 to 1000.
        checks.whole(given["MaxResults"], 5, 1000, "MaxResults")
    if "NextToken" not in given:
        return ""
    try:
        mark, position = json.loads(base64.urlsafe_b64decode(given["NextToken"]))
    except (ValueError, TypeError, binascii.Error):
        mark, position = "", ""
    # Guess: [page-token-of-other-request] a token goes only with the request it came from.
    if mark != _mark(call) or not isinstance(position, str):
        raise ApiError("InvalidNextToken", f"The token '{given['NextToken']}' is invalid")
    return position


def cut(
    call: Call, rows: Iterable[tuple[str, Row]], position: str, passes: Callable[[Row], bool] = lambda _row: True
) -> tuple[list[Row], dict[str, str]]:
    """One page of those of the (key, row) pairs, sorted by key, that pass; and {"NextToken": ...} if there is more.

    Only what the page needs is looked at.
    """
    rest = ((key, row) for key, row in rows if key > position and passes(row))
    page = list(itertools.islice(rest, call.parameters.get("MaxResults", PAGE)))
    found = [row for _key, row in page]
    if next(rest, None) is None:
        return found, {}
    text = json.dumps([_mark(call), page[-1][0]])
    return found, {"NextToken": base64.urlsafe_b64encode(text.encode()).decode()}


def _mark(call: Call) -> str:
    asked = {name: value for name, value in call.parameters.items() if name not in ("MaxResults", "NextToken")}
    text = json.dumps([call.account, call.region, call.action, asked], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
