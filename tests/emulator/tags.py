# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateTags, DeleteTags and DescribeTags, for the ids that are ours. What is moto's stays moto's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import checks, describe, views
from .calls import Call
from .errors import ApiError, missing
from .store import KINDS, Thing, kind_of

# Sends an action on to moto and gives back its reply in API member names; raises ApiError for moto's errors.
Forward = Callable[[str, dict[str, Any]], dict[str, Any]]
_FILTERS = {"key": "Key", "value": "Value", "resource-id": "ResourceId", "resource-type": "ResourceType", "tag:": ""}
MAX_IDS = 1000


def create(call: Call, forward: Forward) -> dict[str, Any]:
    """Set tags. All or nothing: one bad id or one full resource and none is changed."""
    given = call.parameters
    _check_ids(given["Resources"])
    if not given["Tags"]:
        raise missing("Tag")
    pairs = {key: value or "" for key, value in checks.tags(given["Tags"])}
    checks.tag_limit(pairs)
    call.checked()
    things, others = _things(call, given["Resources"])
    for thing in things:
        checks.tag_limit({**thing.tags, **pairs})
    if others:
        forward("CreateTags", {"Resources": others, "Tags": given["Tags"]})
    for thing in things:
        call.will_change(thing)
        thing.tags.update(pairs)
    return {}


def delete(call: Call, forward: Forward) -> dict[str, Any]:
    """Delete tags: a key alone whatever its value, a key and value only that pair, no Tags all but the aws: ones.

    Source: the botocore model, DeleteTagsRequest.
    """
    given = call.parameters
    _check_ids(given["Resources"])
    pairs = checks.tags(given.get("Tags", []), values_needed=False)
    if len(pairs) > MAX_IDS:
        raise ApiError("InvalidParameterValue", f"More than {MAX_IDS} tags in one request")
    call.checked()
    things, others = _things(call, given["Resources"])
    if others:
        forward("DeleteTags", {**given, "Resources": others})
    for thing in things:
        call.will_change(thing)
        if not pairs:
            thing.tags = {key: value for key, value in thing.tags.items() if key.startswith("aws:")}
        for key, value in pairs:
            if value is None or thing.tags.get(key) == value:
                thing.tags.pop(key, None)
    return {}


def describe_all(call: Call, forward: Forward) -> dict[str, Any]:
    """Our tags and moto's, in one list that is paged as a whole."""
    given = call.parameters
    filters = describe.check_filters(given.get("Filters", []), _FILTERS)
    position = describe.check_paging(call)
    call.checked()
    rows = [
        {"ResourceId": thing.id, "ResourceType": kind.resource_type, **tag}
        for kind in KINDS
        for thing in call.world.visible(call.account, call.region, kind).values()
        if thing.account == call.account
        # Guess: [lag-hides-tags] an object's tags show as late as the object.
        for tag in (views.described(call.world, thing) or {}).get("Tags", [])
    ]
    mine = [row for row in rows if _passes(row, filters)]
    theirs = forward("DescribeTags", {"Filters": given["Filters"]} if given.get("Filters") else {})
    # moto does not know tag:<key>, and gives everything.
    by_tag = [pair for pair in filters if pair[0].startswith("tag:")]
    rows = mine + [row for row in theirs.get("Tags", []) if _passes(row, by_tag)]
    keyed = sorted(((f"{row['ResourceId']} {row['Key']}", row) for row in rows), key=lambda pair: pair[0])
    page, token = describe.cut(call, keyed, position)
    return {"Tags": page, **token}


def _passes(row: dict[str, str], filters: list[tuple[str, list[str]]]) -> bool:
    for name, values in filters:
        if name.startswith("tag:"):
            if row["Key"] != name[4:] or row["Value"] not in values:
                return False
        # Guess: [tags-no-wildcards] no wildcards in what concerns our objects.
        elif row[_FILTERS[name]] not in values:
            return False
    return True


def _check_ids(ids: list[str]) -> None:
    if not ids:
        raise missing("ResourceId")
    if len(ids) > MAX_IDS:
        raise ApiError("InvalidParameterValue", f"More than {MAX_IDS} resources in one request")


def _things(call: Call, ids: list[str]) -> tuple[list[Thing], list[str]]:
    """Our objects among the ids, and the ids that are not ours. Raises InvalidID for one that does not exist."""
    things, others = [], []
    for wanted in dict.fromkeys(ids):
        kind = kind_of(wanted)
        if kind is None:
            others.append(wanted)
            continue
        try:
            things.append(call.get_own(kind, wanted))
        except ApiError as error:
            if error.code == "UnauthorizedOperation":
                raise
            # Guess: [tagging-not-there] InvalidID, "bad id when tagging" in the EC2 API Reference, and not the dotted
            # NotFound.
            raise ApiError("InvalidID", f"The ID '{wanted}' is not valid") from error
    return things, others
