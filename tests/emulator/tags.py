# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateTags, DeleteTags and DescribeTags of mirroring resources and of moto's resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import checks, describe, moto_tags, views
from .calls import Call
from .errors import ApiError, missing
from .store import RESOURCE_TYPES, Resource, resource_type_of

_FILTERS = {"key": "Key", "value": "Value", "resource-id": "ResourceId", "resource-type": "ResourceType", "tag:": ""}
MAX_IDS = 1000
TagRow = dict[str, str]


def create(call: Call) -> dict[str, Any]:
    """Set tags. If one id is invalid or one resource exceeds the tag limit, no resource is changed."""
    given = call.parameters
    _check_ids(given["Resources"])
    if not given["Tags"]:
        raise missing("Tag")
    pairs = {key: value or "" for key, value in checks.tags(given["Tags"])}
    checks.tag_limit(pairs)
    call.mark_validated()
    resources, others = _split_ids(call, given["Resources"])
    for present in (*(resource.tags for resource in resources), *(moto_tags.current(call, each) for each in others)):
        checks.tag_limit({**present, **pairs})
    moto_tags.change(call, others, lambda present: {**present, **pairs})
    for resource in resources:
        call.start_lag(resource)
        resource.tags.update(pairs)
    return {}


def delete(call: Call) -> dict[str, Any]:
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
    moto_tags.change(call, others, lambda present: _without(present, pairs))
    for resource in resources:
        call.start_lag(resource)
        resource.had_tags = resource.had_tags or bool(resource.tags)
        resource.tags = _without(resource.tags, pairs)
    return {}


def _without(present: Mapping[str, str], pairs: list[tuple[str, str | None]]) -> dict[str, str]:
    """Return the tags that DeleteTags keeps."""
    if not pairs:
        return {key: value for key, value in present.items() if checks.is_reserved(key)}
    deleted = dict(pairs)
    return {key: value for key, value in present.items() if key not in deleted or deleted[key] not in (None, value)}


def describe_all(call: Call) -> dict[str, Any]:
    """Return the tags of mirroring resources and moto's resources in one paginated list."""
    given = call.parameters
    filters = describe.parse_filters(given.get("Filters", []), _FILTERS)
    position = describe.parse_paging(call)
    call.mark_validated()
    # Assumption: [tags-no-wildcards] no wildcards for mirroring resources.
    exact = [_test(name, values, lambda values: values.__contains__) for name, values in filters]
    wild = [_test(name, values, describe.value_matcher) for name, values in filters]
    rows = [
        *(row for row in _mirroring_rows(call) if all(test(row) for test in exact)),
        *(row for row in _moto_rows(call) if all(test(row) for test in wild)),
    ]
    keyed = sorted(((f"{row['ResourceId']} {row['Key']}", row) for row in rows), key=lambda pair: pair[0])
    page, token = describe.paginate(call, keyed, position)
    return {"Tags": page, **token}


def _test(
    name: str, values: list[str], matcher: Callable[[list[str]], Callable[[str], bool]]
) -> Callable[[TagRow], bool]:
    """Return a predicate of rows for one filter. matcher: returns the predicate of a value."""
    if name.startswith("tag:"):
        # Values are exact for all resources, and resource types too.
        return lambda row: row["Key"] == name[4:] and row["Value"] in values
    is_match = values.__contains__ if name == "resource-type" else matcher(values)
    return lambda row: is_match(row[_FILTERS[name]])


def described(call: Call) -> Iterator[tuple[Resource, list[TagRow]]]:
    """Return (resource, tags as Describe returns them) of the account's mirroring resources."""
    for resource_type in RESOURCE_TYPES:
        for resource in call.store.visible(call.account, call.region, resource_type).values():
            # Assumption: [lag-hides-tags] the tags of a resource lag like the resource.
            if resource.account == call.account:
                row = views.describe_resource(call.store, resource)
                if row is not None:
                    yield resource, row["Tags"]


def _mirroring_rows(call: Call) -> Iterator[TagRow]:
    for resource, tags in described(call):
        for tag in tags:
            yield {"ResourceId": resource.id, "ResourceType": resource.resource_type.type_name, **tag}


def _moto_rows(call: Call) -> Iterator[TagRow]:
    for identifier, tags in moto_tags.described(call):
        name = moto_tags.type_name(identifier)
        for key, value in tags.items():
            yield {"ResourceId": identifier, "ResourceType": name, "Key": key, "Value": value}


def check_specifications(parameters: Mapping[str, Any]) -> None:
    """Check the TagSpecifications, at any depth, of a request that moto answers."""
    for name, value in parameters.items():
        members = value if isinstance(value, list) else [value]
        for member in members:
            if not isinstance(member, dict):
                continue
            if name in ("TagSpecifications", "TagSpecification"):
                pairs = checks.tags(member.get("Tags", []))
                checks.tag_limit({key: tag or "" for key, tag in pairs})
            check_specifications(member)


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
            moto_tags.check_exists(call.account, call.region, wanted)
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
