# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's query protocol in both directions, driven by botocore's ec2 service model.

Requests are parsed to dicts by API member name and validated against the model. Replies are validated against the
model before they are sent. Replies with a new structure are also parsed with botocore's parser and compared.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import botocore.parsers
import botocore.serialize
import botocore.session
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from .errors import NOT_XML, ApiError, invalid_value, missing, xml_escape

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
INT32 = 2**31
_TEXT = re.compile(r">[^<]+<")
# Values in replies of EC2 that the model lacks, such as nat_gateway, where it lists natGateway.
_UNLISTED = {
    "NetworkInterfaceType": ("nat_gateway",),
    # Of endpoints: examples of the EC2 API Reference contain "available" and "pendingAcceptance".
    "State": ("available", "deleted", "deleting", "expired", "failed", "pending", "pendingAcceptance", "rejected"),
}
# (action, member, XML without text) of replies that passed the round trip.
_verified: set[tuple[str, str, str]] = set()


@functools.cache
def model() -> ServiceModel:
    """Return botocore's ec2/2016-11-15 service model."""
    return botocore.session.Session().get_service_model("ec2")


@functools.cache
def operation(action: str) -> OperationModel | None:
    """Return the operation model of an action, None if EC2 has no such action."""
    return model().operation_model(action) if action in model().operation_names else None


def parse(action: str, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Parse the form of a request to a dict by API member name.

    Raises ApiError: UnknownParameter, MissingParameter, InvalidParameterValue (type, enum, a repeated name).
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
    """Return the parameter name of a member in a request, as in botocore's EC2Serializer."""
    if "queryName" in shape.serialization:
        return str(shape.serialization["queryName"])
    wire = str(shape.serialization.get("name", name))
    return wire[0].upper() + wire[1:]


@functools.cache
def _request_names(shape: StructureShape) -> dict[str, str]:
    return {_request_name(name, member): name for name, member in shape.members.items()}


def _structure(shape: StructureShape, node: Any, path: str) -> dict[str, Any]:
    if not isinstance(node, dict):
        raise invalid_value(path, node, "A structure is expected")
    known = _request_names(shape)
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
        if not re.fullmatch(r"[1-9][0-9]{0,5}", index):
            raise ApiError("UnknownParameter", f"The parameter {path}.{index} is not recognized")
    return [_value(shape.member, node[index], f"{path}.{index}") for index in sorted(node, key=int)]


def _value(shape: Shape, node: Any, path: str) -> Any:
    if isinstance(shape, StructureShape):
        return _structure(shape, node, path)
    if isinstance(shape, ListShape):
        return _list(shape, node, path)
    if isinstance(node, dict):
        raise ApiError("UnknownParameter", f"The parameter {path}.{next(iter(node))} is not recognized")
    # Assumption: [not-xml] characters that XML cannot carry are rejected in every parameter, and so are the surrogates
    # that stand for bytes that are not UTF-8.
    if NOT_XML.search(node):
        raise invalid_value(path, node, "It contains invalid characters")
    if shape.type_name in ("integer", "long"):
        if not re.fullmatch(r"-?[0-9]{1,19}", node) or (shape.type_name == "integer" and abs(int(node)) >= INT32):
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


@functools.cache
def _serializer() -> Any:
    return botocore.serialize.create_serializer("ec2", include_validation=True)


@functools.cache
def _parser() -> Any:
    return botocore.parsers.create_parser("ec2")


def encode(action: str, parameters: Mapping[str, Any]) -> bytes:
    """Return the request body. Raises botocore.exceptions.ParamValidationError for invalid parameters."""
    return urlencode(form(action, parameters)).encode()


def form(action: str, parameters: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the form of a request as pairs, see encode."""
    request = _serializer().serialize_to_request(dict(parameters), model().operation_model(action))
    return list(request["body"].items())


def decode(action: str, body: bytes) -> dict[str, Any]:
    """Parse a successful reply as botocore does, without ResponseMetadata."""
    shape = model().operation_model(action).output_shape
    parsed = _parser().parse({"headers": {}, "status_code": 200, "body": body}, shape)
    parsed.pop("ResponseMetadata", None)
    return dict(parsed)


def reply(action: str, result: Mapping[str, Any], request_id: str) -> bytes:
    """Return the XML of a successful reply. Raises ValueError if the result does not conform to the model."""
    shape = model().operation_model(action).output_shape
    if shape is None:
        return _body(action, request_id, "<return>true</return>")
    parts = []
    for name, value in result.items():
        if name not in shape.members:
            raise ValueError(f"{action} has no member {name}")
        member = shape.members[name]
        before, after = _tags(name, member)
        # Check each row separately, so that a row with a new structure does not cause a check of the whole page.
        parts.append(before)
        for part in [[row] for row in value] if isinstance(member, ListShape) and value else [value]:
            text = _write(member, part, f"{action}.{name}")
            _check_round_trip(action, name, part, f"{before}{text}{after}")
            parts.append(text)
        parts.append(after)
    return _body(action, request_id, "".join(parts))


def _body(action: str, request_id: str, inner: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{action}Response xmlns="{NAMESPACE}">'
        f"<requestId>{request_id}</requestId>{inner}</{action}Response>"
    ).encode()


def _check_round_trip(action: str, name: str, value: Any, xml: str) -> None:
    """Raise ValueError unless botocore parses this member of a reply to the same value.

    The result depends only on the XML elements, because the writers check the types of texts. One check per structure
    is sufficient.
    """
    form = (action, name, _TEXT.sub("><", xml))
    if form in _verified and not NOT_XML.search(xml):
        return
    if (again := decode(action, _body(action, "", xml))) != {name: value}:
        raise ValueError(f"{action}: botocore parses the reply to {again}, expected {name} {value}")
    _verified.add(form)


def _write(shape: Shape, value: Any, path: str) -> str:
    try:
        return _writer(shape)(value)
    except ValueError as error:
        raise ValueError(f"{path}{error}") from None


@functools.cache
def _writer(shape: Shape) -> Callable[[Any], str]:
    """Return a function that writes a value of the shape as XML. It raises ValueError for an invalid value."""
    if isinstance(shape, StructureShape):
        return _structure_writer(shape)
    if isinstance(shape, ListShape):
        write_member = _writer(shape.member)
        return lambda value: "".join([f"<item>{write_member(member)}</item>" for member in value])
    if shape.type_name == "boolean":
        return lambda value: ("true" if value else "false") if isinstance(value, bool) else _reject(shape, value)
    if shape.type_name in ("integer", "long"):
        return lambda value: (
            _reject(shape, value) if not isinstance(value, int) or isinstance(value, bool) else str(value)
        )
    if shape.type_name == "timestamp":
        return lambda value: _timestamp(value) if _is_whole_second(value) else _reject(shape, value)
    if shape.type_name != "string":
        raise ValueError(f" is of type {shape.type_name}")
    enum = (*(getattr(shape, "enum", None) or ()), *_UNLISTED.get(shape.name, ()))
    if enum:
        return lambda value: xml_escape(value) if value in enum else _reject(shape, value)
    return lambda value: xml_escape(value) if isinstance(value, str) else _reject(shape, value)


def _structure_writer(shape: StructureShape) -> Callable[[Any], str]:
    # Filled on demand, because EC2 has structures with a hundred members.
    known: dict[str, tuple[str, Callable[[Any], str], str]] = {}

    def write(value: Any) -> str:
        parts = []
        for name, member in value.items():
            if name not in known:
                if name not in shape.members:
                    raise ValueError(f" has no member {name}")
                before, after = _tags(name, shape.members[name])
                known[name] = before, _writer(shape.members[name]), after
            before, write_member, after = known[name]
            try:
                parts.append(f"{before}{write_member(member)}{after}")
            except ValueError as error:
                raise ValueError(f".{name}{error}") from None
        return "".join(parts)

    return write


def _tags(name: str, shape: Shape) -> tuple[str, str]:
    tag = shape.serialization.get("name", name)
    return f"<{tag}>", f"</{tag}>"


def _reject(shape: Shape, value: Any) -> str:
    enum = getattr(shape, "enum", None)
    raise ValueError(f": {value!r} is not " + (f"one of {enum}" if enum else f"of type {shape.type_name}"))


def _is_whole_second(value: Any) -> bool:
    return isinstance(value, datetime) and value.utcoffset() == timedelta(0) and value.microsecond == 0


def _timestamp(value: datetime) -> str:
    """Format a timestamp like EC2."""
    return f"{value.isoformat()[:19]}.000Z"
