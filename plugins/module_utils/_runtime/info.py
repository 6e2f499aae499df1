# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries of the info modules.

All ids, names and filters are compared with the resources that EC2 returns. Filters are also sent to EC2 where it
supports them, so that it returns fewer resources. EC2 documents neither tag filters nor wildcards for these resource
types.
"""

from __future__ import annotations

from typing import Any

from .._ec2.client import VALUES_PER_REQUEST, Ec2
from .._model.errors import ValidationError
from .._model.placeholders import is_placeholder, outside_check_mode, parse_placeholder
from .._model.resource_types import ModuleParams, ResourceType
from .._model.text import list_some, truncate
from .._model.validation import check_id, check_not_boolean, check_text
from .._model.wildcards import has_wildcard, matches_wildcards


def check_filters(resource_type: ResourceType, filters: ModuleParams, check_mode: bool = False) -> dict[str, list[str]]:
    """Return the filters with their values as lists of strings.

    check_mode: omit placeholders of ids, which match nothing. Raises ValidationError for an unknown filter name or an
    invalid value.
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
    checked = {name: _strings(name, value) for name, value in filters.items()}
    return {
        name: _without_placeholders(f"filters: {name}", values, check_mode) if name.endswith("-id") else values
        for name, values in checked.items()
    }


def check_ids(resource_type: ResourceType, ids: list[str] | None, check_mode: bool = False) -> list[str] | None:
    """Return the ids without placeholders, None if the option is omitted.

    check_mode: accept placeholders of ids. Raises ValidationError for an id that is malformed or of another resource
    type.
    """
    if ids is None:
        return None
    option = f"{resource_type.id_option}s"
    for one in ids:
        if parse_placeholder(one, resource_type.prefix) is None:
            check_id(option, one, resource_type.prefix)
    return _without_placeholders(option, ids, check_mode)


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
    if not all(filters.values()) or ids == [] or names == []:
        return []  # nothing matches an empty list, but EC2 would ignore it
    rows = [
        row
        for chunk in _server_side_filters(resource_type, ids, filters)
        for row in ec2.describe(resource_type, filters=chunk, child_tags=True)
    ]
    selected = {
        row[resource_type.id_option]: row
        for row in rows
        if (ids is None or row[resource_type.id_option] in ids)
        and (names is None or row["tags"].get("Name") in names)
        and all(_matches_filter(row, name, values) for name, values in filters.items())
    }
    return [row for _id, row in sorted(selected.items())]


def _server_side_filters(
    resource_type: ResourceType, ids: list[str] | None, filters: dict[str, list[str]]
) -> list[dict[str, list[str]]]:
    """Return the filters of each Describe call. None has more values than a request can have.

    If ids are listed, or a filter by id has many values, only ids are sent. Otherwise the filters with the fewest
    values are sent.
    """
    id_filter = f"{resource_type.tag_type}-id"
    supported = {
        name: sorted(set(values)) for name, values in filters.items() if _is_supported(resource_type, name, values)
    }
    listed = supported.get(id_filter)
    if ids is not None:
        wanted = sorted(set(ids) & set(listed) if listed is not None else set(ids))
    elif listed is not None and sum(map(len, supported.values())) > VALUES_PER_REQUEST:
        wanted = listed
    else:
        sent: dict[str, list[str]] = {}
        for name, values in sorted(supported.items(), key=lambda item: len(item[1])):
            if sum(map(len, sent.values())) + len(values) <= VALUES_PER_REQUEST:
                sent[name] = values
        return [sent]
    starts = range(0, len(wanted), VALUES_PER_REQUEST)
    return [{id_filter: wanted[start : start + VALUES_PER_REQUEST]} for start in starts]


def _is_supported(resource_type: ResourceType, name: str, values: list[str]) -> bool:
    """Whether EC2 supports a filter with these values.

    EC2 omits a field that is not set, so it is not known to match the value that the field has in results.
    """
    unset = [str(f.unset) for f in resource_type.fields if f.unset is not None and f.option == _option(name)]
    return name in resource_type.filters and not any(has_wildcard(value) or value in unset for value in values)


def _matches_filter(row: ModuleParams, name: str, values: list[str]) -> bool:
    """Whether a resource matches a filter, with the wildcards of EC2 (see wildcards.py)."""
    if name == "tag-key":
        texts = list(row["tags"])
    elif name.startswith("tag:"):
        texts = [text for key, text in row["tags"].items() if name == f"tag:{key}"]
    else:
        texts = [str(row[option]) for option in (_option(name),) if option in row]
    return any(matches_wildcards(value, text) for value in values for text in texts)


def _option(name: str) -> str:
    """Return the option whose value a filter compares."""
    return name.replace("-", "_")


def _without_placeholders(option: str, ids: list[str], check_mode: bool) -> list[str]:
    """Return the ids without placeholders. Raises ValidationError for a placeholder outside check mode."""
    placeholders = [one for one in ids if is_placeholder(one)]
    if placeholders and not check_mode:
        raise ValidationError(outside_check_mode(option, truncate(placeholders[0])))
    return [one for one in ids if one not in placeholders]


def _strings(name: str, value: Any) -> list[str]:
    """Return the values of a filter as strings. Raises ValidationError for invalid values."""
    values = value if isinstance(value, list) else [value]
    for one in values:
        if one is None or isinstance(one, (dict, list)):
            raise ValidationError(f"filters: {truncate(name)} must be a value or a list of values.")
        check_not_boolean("filters", truncate(name), one)
        check_text(f"filters: {truncate(name)}", str(one))
    return [str(one) for one in values]
