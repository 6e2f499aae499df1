# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four Describe actions: ids, filters and pagination."""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from . import checks, views
from .calls import Call
from .errors import ApiError, combination, missing
from .store import FILTER, RULE, SESSION, TARGET, Resource, ResourceType

PAGE = 1000
MAX_FILTER_VALUES = 200
# Ends the position in a token that follows an empty page. No tag key contains it.
_EMPTY = "\0"
ListedItem = TypeVar("ListedItem")

# The filters that botocore's model documents, and the member each one compares. tag: and tag-key are not documented.
FILTERS: dict[ResourceType, dict[str, str]] = {
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


def make_action(resource_type: ResourceType) -> Callable[[Call], dict[str, Any]]:
    """Return the Describe action of a resource type."""
    return lambda call: _describe(call, resource_type)


def _describe(call: Call, resource_type: ResourceType) -> dict[str, Any]:
    given = call.parameters
    ids = list(dict.fromkeys(given.get(resource_type.ids_member, [])))
    for wanted in ids:
        checks.resource_id(resource_type, wanted, resource_type.id_member)
    # Assumption: [ids-with-pages] the code, and that the combination is rejected, as in other EC2 Describes.
    if ids and ("MaxResults" in given or "NextToken" in given):
        raise combination(
            f"The parameter {resource_type.ids_member} cannot be used with the parameter MaxResults or NextToken"
        )
    known = FILTERS[resource_type]
    # AWS's own tools send tag:<key> for the three types, and it is not documented. See the setting tag_filters.
    if call.settings["tag_filters"] and resource_type is not RULE:
        known = {**known, "tag:": "Tags"}
    filters = parse_filters(given.get("Filters", []), known)
    tests = [filter_test(name, values, known) for name, values in filters]
    if resource_type is RULE and "TrafficMirrorFilterId" in given:
        checks.resource_id(FILTER, given["TrafficMirrorFilterId"], "TrafficMirrorFilterId")
    position = parse_paging(call)
    call.mark_validated()
    seen = _read(call, resource_type, ids)
    for wanted in ids:
        # Assumption: [one-id-missing] one nonexistent id fails the whole call.
        if wanted not in seen:
            raise resource_type.not_found(wanted)
    resources = [seen[wanted] for wanted in ids] if ids else list(seen.values())
    if resource_type is RULE and "TrafficMirrorFilterId" in given:
        call.get_own(FILTER, given["TrafficMirrorFilterId"])
        resources = [t for t in resources if t.fields["TrafficMirrorFilterId"] == given["TrafficMirrorFilterId"]]

    def shown(resource: Resource) -> dict[str, Any] | None:
        return views.describe_resource(call.store, resource, viewer=call.account)

    def passes(resource: Resource) -> bool:
        if not tests:
            return True
        row = shown(resource) or {}
        return all(test(row) for test in tests)

    keyed = sorted(((resource.id, resource) for resource in resources), key=lambda pair: pair[0])
    page, token = paginate(call, keyed, position, passes, paged=not ids)
    rows = [row for resource in page if (row := shown(resource)) is not None]
    if resource_type is FILTER and not call.settings["rule_tags"]:
        for rule in (r for row in rows for r in (*row["IngressFilterRules"], *row["EgressFilterRules"])):
            del rule["Tags"]
    return {f"TrafficMirror{resource_type.noun}s": rows, **token}


def _read(call: Call, resource_type: ResourceType, ids: Sequence[str]) -> dict[str, Resource]:
    """Return the resources that Describe returns to the caller, by id, and count one read for each lagging resource.

    ids: the requested ids. Only these resources count a read, so that waiting for one resource does not affect others.
    """
    resources = call.store.visible(call.account, call.region, resource_type)
    rules = call.store.visible(call.account, call.region, RULE) if resource_type is FILTER else {}
    read = [resource for resource in resources.values() if not ids or resource.id in ids]
    read += [rule for rule in rules.values() if not ids or rule.fields[FILTER.id_member] in ids]
    call.after_reply.extend(resource for resource in read if resource.is_lagging)
    return {wanted: resource for wanted, resource in resources.items() if resource.is_described}


def parse_filters(filters: Sequence[dict[str, Any]], known: dict[str, str]) -> list[tuple[str, list[str]]]:
    """Return (name, values) of each filter. Raises InvalidParameterValue for an unknown name, FilterLimitExceeded."""
    pairs = []
    for entry in filters:
        if "Name" not in entry:
            raise missing("Filter.Name")
        name, values = entry["Name"], entry.get("Values", [])
        # Assumption: [filter-unknown] InvalidParameterValue, which other EC2 Describes send, and not the InvalidFilter
        # also documented.
        # Assumption: [filter-by-tag] tag:<key> is rejected like any undocumented filter, although some clients send it.
        by_tag = name.startswith("tag:") and name != "tag:" and "tag:" in known
        if not by_tag and (name not in known or name == "tag:"):
            raise ApiError("InvalidParameterValue", f"The filter '{name}' is invalid")
        if not values:
            # Assumption: [filter-no-values] a filter without values is rejected.
            raise ApiError("InvalidParameterValue", f"The filter '{name}' has no values")
        pairs.append((name, values))
    if sum(len(values) for _name, values in pairs) > MAX_FILTER_VALUES:
        raise ApiError("FilterLimitExceeded", f"The maximum of {MAX_FILTER_VALUES} filter values is exceeded")
    return pairs


def filter_test(name: str, values: list[str], known: dict[str, str]) -> Callable[[dict[str, Any]], bool]:
    """Return a predicate of rows for one filter: one of the values matches, case-sensitively."""
    if name.startswith("tag:"):
        key, is_match = name[4:], value_matcher(values)
        return lambda row: any(tag["Key"] == key and is_match(tag["Value"]) for tag in row.get("Tags", []))
    # Assumption: [filter-no-wildcards] [filter-numbers-decimal] no wildcards; numbers compare as decimal text.
    member = known[name]
    return lambda row: member in row and str(row[member]) in values


def value_matcher(values: list[str]) -> Callable[[str], bool]:
    """Return a predicate: any of the values, case-sensitive, with the wildcards * and ?.

    A backslash escapes * and ? (EC2 User Guide, "Filter your resources").
    """
    plain = {value for value in values if not re.search(r"[*?\\]", value)}
    patterns = "|".join(_pattern(value) for value in values if value not in plain)
    wild = re.compile(patterns, re.DOTALL) if patterns else None
    return lambda value: value in plain or (wild is not None and wild.fullmatch(value) is not None)


def _pattern(value: str) -> str:
    marks = {"*": ".*", "?": "."}
    parts = re.findall(r"\\.|.", value, re.DOTALL)
    return "".join(marks.get(part) or re.escape(part[1:] if len(part) > 1 else part) for part in parts)


def parse_paging(call: Call, least: int = 5, most: int = 1000) -> str:
    """Return the id after which the page starts, or "". Raises InvalidParameterValue, InvalidNextToken.

    least, most: the limits of MaxResults.
    """
    given = call.parameters
    if "MaxResults" in given:
        # Assumption: [max-results-range] the code outside the limits.
        checks.integer(given["MaxResults"], least, most, "MaxResults")
    if "NextToken" not in given:
        return ""
    try:
        mark, position = json.loads(base64.urlsafe_b64decode(given["NextToken"]))
    except (ValueError, TypeError, binascii.Error):
        mark, position = "", ""
    # Assumption: [page-token-of-other-request] a token is valid only with the request that returned it.
    if mark != _request_hash(call) or not isinstance(position, str):
        raise ApiError("InvalidNextToken", f"The token '{given['NextToken']}' is invalid")
    return position


def paginate(
    call: Call,
    rows: Iterable[tuple[str, ListedItem]],
    position: str,
    passes: Callable[[ListedItem], bool] = lambda _row: True,
    paged: bool = True,
) -> tuple[list[ListedItem], dict[str, str]]:
    """Return one page of the matching rows, and {"NextToken": ...} if there are more pages.

    rows: (key, row) pairs sorted by key. The function reads only as many rows as the page requires. The setting `pages`
    makes pages shorter, adds empty pages and shuffles the rows (botocore model: a page can have fewer rows than
    MaxResults, and only the absence of a token ends the list; no order is documented). paged: False for a request with
    ids, which has one page.
    """
    setting = call.settings["pages"]
    if paged and setting["empty"] and not position.endswith(_EMPTY):
        return [], _token(call, position + _EMPTY)
    position = position.removesuffix(_EMPTY)
    if setting["shuffle"]:
        rows = sorted(((hashlib.sha256(key.encode()).hexdigest(), row) for key, row in rows), key=lambda pair: pair[0])
    size = min(call.parameters.get("MaxResults", PAGE), setting["size"] if paged and setting["size"] else PAGE)
    rest = ((key, row) for key, row in rows if key > position and passes(row))
    page = list(itertools.islice(rest, size))
    found = [row for _key, row in page]
    return (found, {}) if next(rest, None) is None else (found, _token(call, page[-1][0]))


def _token(call: Call, position: str) -> dict[str, str]:
    text = json.dumps([_request_hash(call), position])
    return {"NextToken": base64.urlsafe_b64encode(text.encode()).decode()}


def _request_hash(call: Call) -> str:
    asked = {name: value for name, value in call.parameters.items() if name not in ("MaxResults", "NextToken")}
    text = json.dumps([call.account, call.region, call.action, asked], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
