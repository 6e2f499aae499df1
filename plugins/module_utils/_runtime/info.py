# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries of the info modules.

EC2 documents no tag filters for these resource types, so the info modules apply them to the results.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .._ec2.client import VALUES_PER_REQUEST, Ec2
from .._model.errors import ValidationError
from .._model.resource_types import ModuleParams, ResourceType
from .._model.text import list_some, truncate
from .._model.validation import check_id, check_text


def check_filters(resource_type: ResourceType, filters: ModuleParams) -> dict[str, list[str]]:
    """Return the filters with their values as lists of strings.

    Raises ValidationError for an unknown filter name or an invalid value.
    """
    known = {*resource_type.filters, *(option.replace("_", "-") for option in resource_type.client_side_filters)}
    unknown = sorted(
        name for name in filters if name not in known and name != "tag-key" and not name.startswith("tag:")
    )
    if unknown:
        raise ValidationError(
            f"filters: unknown filter names {list_some(unknown)}. Valid names: {', '.join(sorted(known))}, tag-key, "
            "tag:KEY. Names are case-sensitive and have hyphens."
        )
    return {name: _strings(name, value) for name, value in filters.items()}


def check_ids(resource_type: ResourceType, ids: list[str] | None) -> list[str] | None:
    """Return the ids unchanged. Raises ValidationError for an id that is malformed or of another resource type."""
    for one in ids or ():
        check_id(f"{resource_type.id_option}s", one, resource_type.prefix)
    return ids


def select(
    resource_type: ResourceType,
    ec2: Ec2,
    ids: list[str] | None,
    filters: dict[str, list[str]],
    names: list[str] | None = None,
) -> list[ModuleParams]:
    """Return the resources that match ids, names and all filters, sorted by id. Raises Ec2Error.

    ids: None for all ids; an id that does not exist is not in the result. filters: values by filter name (see
    check_filters); a filter matches if one of its values matches. names: values of the Name tag, None for any.
    """
    id_filter = f"{resource_type.tag_type}-id"
    server_side = {name: values for name, values in filters.items() if name in resource_type.filters}
    client_side = {name: values for name, values in filters.items() if name not in server_side}
    if ids is not None:
        server_side[id_filter] = sorted(set(ids) & set(server_side.get(id_filter, ids)))
    if not all(filters.values()) or not server_side.get(id_filter, True):
        return []  # a filter without values matches nothing, but EC2 would ignore it
    # Only the list of ids may exceed the limit of a request.
    chunks: Iterable[dict[str, list[str]]] = [server_side]
    others = sum(len(values) for name, values in server_side.items() if name != id_filter)
    limit = max(VALUES_PER_REQUEST - others, 1)
    if len(server_side.get(id_filter, ())) > limit:
        chunks = [
            {**server_side, id_filter: server_side[id_filter][start : start + limit]}
            for start in range(0, len(server_side[id_filter]), limit)
        ]
    rows = [row for chunk in chunks for row in ec2.describe(resource_type, filters=chunk, child_tags=True)]
    rows = [row for row in rows if names is None or row["tags"].get("Name") in names]
    rows = [
        row
        for row in rows
        if all(_matches_filter(resource_type, row, name, values) for name, values in client_side.items())
    ]
    return sorted(rows, key=lambda row: row[resource_type.id_option])


def _matches_filter(resource_type: ResourceType, row: ModuleParams, name: str, values: list[str]) -> bool:
    """Whether a resource matches a client-side filter.

    The wildcards in values are EC2's: C(*) matches any text, C(?) one character, and a backslash escapes a wildcard.
    """
    if name == "tag-key":
        texts = list(row["tags"])
    elif name.startswith("tag:"):
        texts = [text for key, text in row["tags"].items() if name == f"tag:{key}"]
    else:
        texts = [
            str(row[option])
            for option in resource_type.client_side_filters
            if name == option.replace("_", "-") and option in row
        ]
    return any(_matches_pattern(_tokenize(value), text) for value in values for text in texts)


def _tokenize(value: str) -> list[str]:
    """Split a filter value into tokens: wildcards, characters, and escaped characters with their backslash."""
    return re.findall(r"\\.|.", value, re.DOTALL)


def _matches_pattern(tokens: list[str], text: str) -> bool:
    """Whether the tokens match the whole text.

    Backtracks only to the last C(*), so the time is at most proportional to the product of both lengths. A regular
    expression would take exponential time for many wildcards.
    """
    position = token = 0
    star, resume = -1, 0
    while position < len(text):
        if token < len(tokens) and tokens[token] == "*":
            star, resume = token, position
            token += 1
        elif token < len(tokens) and (tokens[token] == "?" or tokens[token][-1] == text[position]):
            token, position = token + 1, position + 1
        elif star >= 0:
            resume += 1
            token, position = star + 1, resume
        else:
            return False
    return all(one == "*" for one in tokens[token:])


def _strings(name: str, value: Any) -> list[str]:
    """Return the values of a filter as strings. Raises ValidationError for invalid values."""
    values = value if isinstance(value, list) else [value]
    for one in values:
        if one is None or isinstance(one, (dict, list)):
            raise ValidationError(f"filters: {truncate(name)} must be a value or a list of values.")
        check_text(f"filters: {truncate(name)}", str(one))
    return [str(one) for one in values]
