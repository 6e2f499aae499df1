# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The query protocol of Elastic Load Balancing and CloudWatch in both directions, driven by botocore's models."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

import botocore.parsers
import botocore.session
from botocore.model import ListShape, ServiceModel, Shape, StructureShape
from botocore.utils import parse_timestamp

from .errors import NOT_XML, ApiError, xml_escape

_INTEGERS = ("integer", "long")


@functools.cache
def model(service: str) -> ServiceModel:
    """Return the service model of elbv2 or cloudwatch."""
    return botocore.session.Session().get_service_model(service)


def invalid(message: str) -> ApiError:
    """Return ValidationError, the code of both services for invalid requests."""
    return ApiError("ValidationError", message)


def parse(service: str, action: str, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Parse the form of a request to a dict by API member name. Raises ValidationError.

    Stricter than AWS, which ignores unknown parameters: they are rejected.
    """
    shape = model(service).operation_model(action).input_shape
    tree: dict[str, Any] = {}
    for key, value in pairs:
        if key in ("Action", "Version"):
            continue
        *path, last = key.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise invalid(f"The parameter {key} is both a value and a structure")
        if last in node:
            raise invalid(f"The parameter {key} is given more than once")
        node[last] = value
    parsed: dict[str, Any] = _value(shape, tree, "")
    return parsed


def _value(shape: Shape, node: Any, path: str) -> Any:
    if isinstance(shape, StructureShape):
        if not isinstance(node, dict):
            raise invalid(f"{path} is not a structure")
        for name in node:
            if name not in shape.members:
                raise invalid(f"The parameter {f'{path}.{name}'.lstrip('.')} is not recognized")
        for name in shape.required_members:
            if name not in node:
                where = f"{path}.{name}".lstrip(".")
                raise invalid(f"Value null at '{where}' failed to satisfy constraint: Member must not be null")
        return {name: _value(shape.members[name], value, f"{path}.{name}".lstrip(".")) for name, value in node.items()}
    if isinstance(shape, ListShape):
        # An empty list is sent as a parameter without value.
        if node == "":
            return []
        members = node.get("member") if isinstance(node, dict) and set(node) == {"member"} else None
        if not isinstance(members, dict) or not all(re.fullmatch("[1-9][0-9]{0,4}", index) for index in members):
            raise invalid(f"{path} is not a list")
        return [_value(shape.member, members[index], f"{path}.{index}") for index in sorted(members, key=int)]
    if isinstance(node, dict) or NOT_XML.search(node):
        raise invalid(f"The value of {path} is invalid")
    return _scalar(shape, node, path)


def _scalar(shape: Shape, node: str, path: str) -> Any:
    try:
        if shape.type_name in _INTEGERS:
            return int(node)
        if shape.type_name in ("float", "double"):
            return float(node)
        if shape.type_name == "timestamp":
            return parse_timestamp(node)
    except ValueError:
        raise invalid(f"The value '{node}' of {path} is not of type {shape.type_name}") from None
    if shape.type_name == "boolean":
        if node not in ("true", "false"):
            raise invalid(f"The value '{node}' of {path} is not of type boolean")
        return node == "true"
    enum = getattr(shape, "enum", None)
    if enum and node not in enum:
        raise invalid(f"Value '{node}' at '{path}' failed to satisfy constraint: Member must satisfy enum value set")
    return node


def check_range(name: str, value: Any, shape: StructureShape) -> None:
    """Raise ValidationError unless the number is in the range that the model documents for the member."""
    low, high = (shape.members[name].metadata.get(end) for end in ("min", "max"))
    if value is not None and not low <= value <= high:
        raise invalid(f"Value '{value}' at '{name}' failed to satisfy constraint: it must be between {low} and {high}")


def decode(service: str, action: str, body: bytes) -> dict[str, Any]:
    """Parse a successful reply as botocore does, without ResponseMetadata."""
    shape = model(service).operation_model(action).output_shape
    parser = botocore.parsers.create_parser("query")
    parsed = parser.parse({"headers": {}, "status_code": 200, "body": body}, shape)
    parsed.pop("ResponseMetadata", None)
    return dict(parsed)


def reply(service: str, action: str, result: Mapping[str, Any], request_id: str) -> bytes:
    """Return the XML of a successful reply. Raises ValueError if botocore does not parse it to the same result."""
    shape = model(service).operation_model(action).output_shape
    wrapper, space = shape.serialization["resultWrapper"], model(service).metadata["xmlNamespace"]
    body = (
        f'<{action}Response xmlns="{space}"><{wrapper}>{_write(shape, result, action)}</{wrapper}>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    ).encode()
    if (again := decode(service, action, body)) != result:
        raise ValueError(f"{action}: botocore parses the reply to {again}, expected {result}")
    return body


def _write(shape: Shape, value: Any, path: str) -> str:
    if isinstance(shape, StructureShape):
        if unknown := set(value) - set(shape.members):
            raise ValueError(f"{path} has no member {', '.join(sorted(unknown))}")
        written = ((name, _write(shape.members[name], member, f"{path}.{name}")) for name, member in value.items())
        return "".join(f"<{name}>{text}</{name}>" for name, text in written)
    if isinstance(shape, ListShape):
        return "".join(f"<member>{_write(shape.member, member, path)}</member>" for member in value)
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    enum = getattr(shape, "enum", None)
    if enum and value not in enum:
        raise ValueError(f"{path}: {value!r} is not one of {enum}")
    return xml_escape(str(value))
