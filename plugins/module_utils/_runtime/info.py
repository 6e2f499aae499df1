# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an info module asks EC2, and what it picks out itself because EC2 documents no tag filter for these objects."""

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
    """The filters with their values as lists of strings. Raises ValidationError for a name that EC2 does not
    document."""
    known = {*resource_type.filters, *(option.replace("_", "-") for option in resource_type.own_filters)}
    unknown = sorted(
        name for name in filters if name not in known and name != "tag-key" and not name.startswith("tag:")
    )
    if unknown:
        raise ValidationError(
            f"filters: unknown {list_some(unknown)}. Known: {', '.join(sorted(known))}, tag-key, tag:KEY "
            "(names are case-sensitive and written with hyphens)."
        )
    return {name: _strings(name, value) for name, value in filters.items()}


def check_ids(resource_type: ResourceType, ids: list[str] | None) -> list[str] | None:
    """The ids as given. Raises ValidationError for one that is none of this kind."""
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
    """The objects that fit all filters, each by any of its values, sorted by id.

    ids: None for all, else only these; an id that does not exist is not in the list. names: None for all, else only
    those with one of these Name tags. Raises Ec2Error.
    """
    by_id = f"{resource_type.tag_type}-id"
    asked = {name: values for name, values in filters.items() if name in resource_type.filters}
    picked = {name: values for name, values in filters.items() if name not in asked}
    if ids is not None:
        asked[by_id] = sorted(set(ids) & set(asked.get(by_id, ids)))
    if not all(filters.values()) or not asked.get(by_id, True):
        return []  # a filter without a value fits nothing; EC2 would take it for no filter at all
    # Only a list of ids gets too long for one request.
    chunks: Iterable[dict[str, list[str]]] = [asked]
    others = sum(len(values) for name, values in asked.items() if name != by_id)
    room = max(VALUES_PER_REQUEST - others, 1)
    if len(asked.get(by_id, ())) > room:
        chunks = [{**asked, by_id: asked[by_id][at : at + room]} for at in range(0, len(asked[by_id]), room)]
    rows = [row for chunk in chunks for row in ec2.describe(resource_type, filters=chunk, part_tags=True)]
    rows = [row for row in rows if names is None or row["tags"].get("Name") in names]
    rows = [
        row for row in rows if all(_matches_filter(resource_type, row, name, values) for name, values in picked.items())
    ]
    return sorted(rows, key=lambda row: row[resource_type.id_option])


def _matches_filter(resource_type: ResourceType, row: ModuleParams, name: str, values: list[str]) -> bool:
    """Whether the object fits this filter that EC2 does not know, with its wildcards: C(*) for any text, C(?) for one
    character."""
    if name == "tag-key":
        texts = list(row["tags"])
    elif name.startswith("tag:"):
        texts = [text for key, text in row["tags"].items() if name == f"tag:{key}"]
    else:
        texts = [
            str(row[option])
            for option in resource_type.own_filters
            if name == option.replace("_", "-") and option in row
        ]
    return any(_matches(_parts(value), text) for value in values for text in texts)


def _parts(value: str) -> list[str]:
    """A filter value in pieces, each a wildcard or one character; after a backslash it stands for itself."""
    return re.findall(r"\\.|.", value, re.DOTALL)


def _matches(parts: list[str], text: str) -> bool:
    """Whether the pieces fit the whole text. Only the last C(*) ever takes more, so many of them take no longer: a
    regular expression would try every way to share the text among them."""
    at = piece = 0
    star, resume = -1, 0
    while at < len(text):
        if piece < len(parts) and parts[piece] == "*":
            star, resume = piece, at
            piece += 1
        elif piece < len(parts) and (parts[piece] == "?" or parts[piece][-1] == text[at]):
            piece, at = piece + 1, at + 1
        elif star >= 0:
            resume += 1
            piece, at = star + 1, resume
        else:
            return False
    return all(part == "*" for part in parts[piece:])


def _strings(name: str, value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    for one in values:
        if one is None or isinstance(one, (dict, list)):
            raise ValidationError(f"filters: {truncate(name)} must be a value or a list of values.")
        check_text(f"filters: {truncate(name)}", str(one))
    return [str(one) for one in values]
