# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateTags, DeleteTags and DescribeTags of mirroring resources. Other ids are forwarded to moto."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import checks, describe, views
from .calls import Call
from .errors import ApiError, missing
from .store import RESOURCE_TYPES, Resource, resource_type_of

# Forwards an action to moto and returns the reply by API member name. Raises ApiError for moto's errors.
Forward = Callable[[str, dict[str, Any]], dict[str, Any]]
_FILTERS = {"key": "Key", "value": "Value", "resource-id": "ResourceId", "resource-type": "ResourceType", "tag:": ""}
MAX_IDS = 1000


def create(call: Call, forward: Forward) -> dict[str, Any]:
    """Set tags. If one id is invalid or one resource exceeds the tag limit, no resource is changed."""
    given = call.parameters
    _check_ids(given["Resources"])
    if not given["Tags"]:
        raise missing("Tag")
    pairs = {key: value or "" for key, value in checks.tags(given["Tags"])}
    checks.tag_limit(pairs)
    call.mark_validated()
    resources, others = _split_ids(call, given["Resources"])
    for resource in resources:
        checks.tag_limit({**resource.tags, **pairs})
    if others:
        forward("CreateTags", {"Resources": others, "Tags": given["Tags"]})
    for resource in resources:
        call.start_lag(resource)
        resource.tags.update(pairs)
    return {}


def delete(call: Call, forward: Forward) -> dict[str, Any]:
    """Delete tags: by key, by key and value, or without Tags all except aws: tags.

    Source: the botocore model, DeleteTagsRequest.
    """
    given = call.parameters
    _check_ids(given["Resources"])
    pairs = checks.tags(given.get("Tags", []), values_needed=False)
    if len(pairs) > MAX_IDS:
        raise ApiError("InvalidParameterValue", f"More than {MAX_IDS} tags in one request")
    call.mark_validated()
    resources, others = _split_ids(call, given["Resources"])
    if others:
        forward("DeleteTags", {**given, "Resources": others})
    for resource in resources:
        call.start_lag(resource)
        if not pairs:
            resource.tags = {key: value for key, value in resource.tags.items() if key.startswith("aws:")}
        for key, value in pairs:
            if value is None or resource.tags.get(key) == value:
                resource.tags.pop(key, None)
    return {}


def describe_all(call: Call, forward: Forward) -> dict[str, Any]:
    """Return the tags of mirroring resources and moto's resources in one paginated list."""
    given = call.parameters
    filters = describe.parse_filters(given.get("Filters", []), _FILTERS)
    position = describe.parse_paging(call)
    call.mark_validated()
    rows = [
        {"ResourceId": resource.id, "ResourceType": resource_type.type_name, **tag}
        for resource_type in RESOURCE_TYPES
        for resource in call.store.visible(call.account, call.region, resource_type).values()
        if resource.account == call.account
        # Assumption: [lag-hides-tags] the tags of a resource lag like the resource.
        for tag in (views.describe_resource(call.store, resource) or {}).get("Tags", [])
    ]
    mine = [row for row in rows if _passes(row, filters)]
    theirs = forward("DescribeTags", {"Filters": given["Filters"]} if given.get("Filters") else {})
    # moto ignores tag:<key> and returns all tags.
    by_tag = [pair for pair in filters if pair[0].startswith("tag:")]
    rows = mine + [row for row in theirs.get("Tags", []) if _passes(row, by_tag)]
    keyed = sorted(((f"{row['ResourceId']} {row['Key']}", row) for row in rows), key=lambda pair: pair[0])
    page, token = describe.paginate(call, keyed, position)
    return {"Tags": page, **token}


def _passes(row: dict[str, str], filters: list[tuple[str, list[str]]]) -> bool:
    for name, values in filters:
        if name.startswith("tag:"):
            if row["Key"] != name[4:] or row["Value"] not in values:
                return False
        # Assumption: [tags-no-wildcards] no wildcards for mirroring resources.
        elif row[_FILTERS[name]] not in values:
            return False
    return True


def _check_ids(ids: list[str]) -> None:
    if not ids:
        raise missing("ResourceId")
    if len(ids) > MAX_IDS:
        raise ApiError("InvalidParameterValue", f"More than {MAX_IDS} resources in one request")


def _split_ids(call: Call, ids: list[str]) -> tuple[list[Resource], list[str]]:
    """Return the mirroring resources among the ids, and the other ids. Raises InvalidID for a nonexistent resource."""
    resources, others = [], []
    for wanted in dict.fromkeys(ids):
        resource_type = resource_type_of(wanted)
        if resource_type is None:
            others.append(wanted)
            continue
        try:
            resources.append(call.get_own(resource_type, wanted))
        except ApiError as error:
            if error.code == "UnauthorizedOperation":
                raise
            # Assumption: [tagging-not-there] InvalidID, "bad id when tagging" in the EC2 API Reference, not the
            # resource type's NotFound code.
            raise ApiError("InvalidID", f"The ID '{wanted}' is not valid") from error
    return resources, others
