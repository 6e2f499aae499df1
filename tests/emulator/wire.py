# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's query protocol in both directions, driven by botocore's ec2 service model.

Requests become dicts in API member names and are refused where the model refuses them. Replies are checked against
the model before they are sent, and parsed back with botocore's own parser, so that no client ever sees a reply
EC2 could not have sent.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import botocore.parsers
import botocore.serialize
import botocore.session
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from .errors import ApiError, invalid_value, missing

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
INT32 = 2**31


@functools.cache
def model() -> ServiceModel:
    """botocore's ec2/2016-11-15 service model."""
    return botocore.session.Session().get_service_model("ec2")


def operation(action: str) -> OperationModel | None:
    """The operation of that name, None if EC2 has none."""
    return model().operation_model(action) if action in model().operation_names else None


def parse(action: str, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The request's form as a dict in API member names.

    Raises ApiError: UnknownParameter, MissingParameter, InvalidParameterValue (type, enum, a name given twice).
    """
    op = model().operation_model(action)
    if op.input_shape is None:
        return {}
    parameters: dict[str, Any] = _structure(op.input_shape, _tree(pairs), "")
    for name in op.input_shape.required_members:
        if name not in parameters:
            raise missing(_request_name(name, op.input_shape.members[name]))
    return parameters


def _tree(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for key, value in pairs:
        if key in ("Action", "Version"):
            continue
        *path, last = key.split(".")
        node = root
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise invalid_value(key, value, "The parameter is both a value and a structure")
        if last in node:
            raise invalid_value(key, value, "The parameter is given more than once")
        node[last] = value
    return root


def _request_name(name: str, shape: Shape) -> str:
    """A member's name on the wire in a request, as in botocore's EC2Serializer."""
    if "queryName" in shape.serialization:
        return str(shape.serialization["queryName"])
    wire = str(shape.serialization.get("name", name))
    return wire[0].upper() + wire[1:]


def _structure(shape: StructureShape, node: Any, path: str) -> dict[str, Any]:
    if not isinstance(node, dict):
        raise invalid_value(path, node, "A structure is expected")
    known = {_request_name(name, member): name for name, member in shape.members.items()}
    result = {}
    for wire, value in node.items():
        where = f"{path}.{wire}" if path else wire
        if wire not in known:
            raise ApiError("UnknownParameter", f"The parameter {where} is not recognized")
        result[known[wire]] = _value(shape.members[known[wire]], value, where)
    return result


def _list(shape: ListShape, node: Any, path: str) -> list[Any]:
    if not isinstance(node, dict):
        raise ApiError("UnknownParameter", f"The parameter {path} is not recognized")
    for index in node:
        if not re.fullmatch(r"[1-9]\d{0,5}", index):
            raise ApiError("UnknownParameter", f"The parameter {path}.{index} is not recognized")
    return [_value(shape.member, node[index], f"{path}.{index}") for index in sorted(node, key=int)]


def _value(shape: Shape, node: Any, path: str) -> Any:
    if isinstance(shape, StructureShape):
        return _structure(shape, node, path)
    if isinstance(shape, ListShape):
        return _list(shape, node, path)
    if isinstance(node, dict):
        raise ApiError("UnknownParameter", f"The parameter {path}.{next(iter(node))} is not recognized")
    if shape.type_name in ("integer", "long"):
        if not re.fullmatch(r"-?\d{1,19}", node) or (shape.type_name == "integer" and abs(int(node)) >= INT32):
            raise invalid_value(path, node, "It must be an integer")
        return int(node)
    if shape.type_name == "boolean":
        if node not in ("true", "false"):
            raise invalid_value(path, node, "It must be true or false")
        return node == "true"
    enum = getattr(shape, "enum", None)
    if enum and node not in enum:
        raise invalid_value(path, node, f"It must be one of {', '.join(enum)}")
    return node


def encode(action: str, parameters: Mapping[str, Any]) -> bytes:
    """The form a client would send. Raises botocore.exceptions.ParamValidationError if they do not fit the model."""
    serializer = botocore.serialize.create_serializer("ec2", include_validation=True)
    request = serializer.serialize_to_request(dict(parameters), model().operation_model(action))
    return urlencode(request["body"]).encode()


def decode(action: str, body: bytes) -> dict[str, Any]:
    """A successful reply as botocore would give it to its caller, without ResponseMetadata."""
    shape = model().operation_model(action).output_shape
    parsed = botocore.parsers.create_parser("ec2").parse({"headers": {}, "status_code": 200, "body": body}, shape)
    parsed.pop("ResponseMetadata", None)
    return dict(parsed)


def reply(action: str, result: Mapping[str, Any], request_id: str) -> bytes:
    """The XML of a successful reply. Raises ValueError if the result does not fit the model."""
    shape = model().operation_model(action).output_shape
    if shape is None:
        inner = "<return>true</return>"
    else:
        check(shape, result, action)
        inner = _members(shape, result)
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{action}Response xmlns="{NAMESPACE}">'
        f"<requestId>{request_id}</requestId>{inner}</{action}Response>"
    ).encode()
    if shape is not None and (again := decode(action, body)) != result:
        raise ValueError(f"{action}: the reply reads back as {again}, not {result}")
    return body


def check(shape: Shape, value: Any, path: str) -> None:
    """Raise ValueError unless the value fits the shape: members, types, enums."""
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            if name not in shape.members:
                raise ValueError(f"{path} has no member {name}")
            check(shape.members[name], member, f"{path}.{name}")
        return
    if isinstance(shape, ListShape):
        for member in value:
            check(shape.member, member, path)
        return
    expected = {"integer": int, "long": int, "boolean": bool, "string": str, "timestamp": datetime}[shape.type_name]
    if not isinstance(value, expected) or isinstance(value, bool) != (expected is bool):
        raise ValueError(f"{path}: {value!r} is not of type {shape.type_name}")
    enum = getattr(shape, "enum", None)
    if enum and value not in enum:
        raise ValueError(f"{path}: {value!r} is not one of {enum}")


def _members(shape: StructureShape, value: Mapping[str, Any]) -> str:
    parts = []
    for name, member in value.items():
        tag = shape.members[name].serialization.get("name", name)
        parts.append(f"<{tag}>{_element(shape.members[name], member)}</{tag}>")
    return "".join(parts)


def _element(shape: Shape, value: Any) -> str:
    if isinstance(shape, StructureShape):
        return _members(shape, value)
    if isinstance(shape, ListShape):
        return "".join(f"<item>{_element(shape.member, member)}</item>" for member in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(value.isoformat() if isinstance(value, datetime) else str(value))
