# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON 1.1 protocol of the Resource Groups Tagging API, driven by botocore's service model."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from .errors import NOT_XML, ApiError, printable
from .replies import Answer

TARGET = "ResourceGroupsTaggingAPI_20170126"
# The codes of EC2 and of the gates that differ in JSON services (Resource Groups Tagging API Reference, common errors).
_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "InvalidParameterValue": "InvalidParameterException",
}
_MAX_MESSAGE = 2048


@functools.cache
def model() -> ServiceModel:
    """Return botocore's resourcegroupstaggingapi/2017-01-26 service model."""
    return botocore.session.Session().get_service_model("resourcegroupstaggingapi")


def invalid(message: str) -> ApiError:
    """Return InvalidParameterException, the API's only code for invalid requests."""
    return ApiError("InvalidParameterException", message)


def parse(action: str, body: bytes) -> dict[str, Any]:
    """Return the validated members of a request.

    Raises ApiError: UnknownOperationException, SerializationException (no JSON, types), InvalidParameterException.
    """
    if action not in model().operation_names:
        raise ApiError("UnknownOperationException", f"Unknown operation {action}")
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ApiError("SerializationException", f"The request is not valid JSON: {type(error).__name__}") from error
    result: dict[str, Any] = _checked(model().operation_model(action).input_shape, given, "")
    return result


def reply(action: str, result: Mapping[str, Any]) -> Answer:
    """Return the answer. Raises ValueError if the result does not conform to the model."""
    try:
        _checked(model().operation_model(action).output_shape, result, action)
    except ApiError as error:
        raise ValueError(str(error)) from error
    return _answer(200, result, "OK")


def failure(error: ApiError) -> Answer:
    """Return the answer with an error. Characters that XML cannot carry become U+FFFD, as in EC2's errors."""
    code = _CODES.get(error.code, error.code)
    status = 400 if error.status < 500 else 500
    return _answer(status, {"__type": code, "Message": printable(error.message)[:_MAX_MESSAGE]}, code)


def _answer(status: int, data: Mapping[str, Any], code: str) -> Answer:
    return Answer(status, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(data).encode(), code)


def _checked(shape: Shape, value: Any, path: str) -> Any:
    """Return the value without null members. Raises SerializationException or InvalidParameterException."""
    if isinstance(shape, StructureShape):
        return _structure(shape, value, path)
    if isinstance(shape, ListShape):
        _check_type(value, list, path)
        _check_length(shape, value, path)
        return [_checked(shape.member, member, f"{path}.{index}") for index, member in enumerate(value, 1)]
    if isinstance(shape, MapShape):
        _check_type(value, dict, path)
        _check_length(shape, value, path)
        for key in value:
            _checked(shape.key, key, f"{path} key")
        return {key: _checked(shape.value, member, f"{path}.{key}") for key, member in value.items()}
    if shape.type_name in ("integer", "long"):
        _check_type(value, int, path)
    elif shape.type_name == "boolean":
        _check_type(value, bool, path)
    else:
        _check_type(value, str, path)
        _check_length(shape, value, path)
        # Assumption: [not-xml] the characters that EC2 rejects.
        if NOT_XML.search(value):
            raise invalid(f"The value of {path} contains invalid characters: {value}")
        # The enum of FailureInfo.ErrorCode is incomplete: its documentation also allows the codes of other services.
        if shape.name != "ErrorCode" and getattr(shape, "enum", None) and value not in shape.enum:
            raise invalid(f"The value of {path} must be one of {', '.join(shape.enum)}")
    return value


def _structure(shape: StructureShape, value: Any, path: str) -> dict[str, Any]:
    _check_type(value, dict, path)
    given = {name: member for name, member in value.items() if member is not None}
    for name in given:
        # Assumption: [tagging-api-unknown-member] unknown members are rejected; services often ignore them.
        if name not in shape.members:
            raise ApiError("SerializationException", f"Unknown member {name} in {path or 'the request'}")
    for name in shape.required_members:
        if name not in given:
            raise invalid(f"{path}.{name} is required".lstrip("."))
    return {name: _checked(shape.members[name], member, f"{path}.{name}".lstrip(".")) for name, member in given.items()}


def _check_type(value: Any, expected: type, path: str) -> None:
    # A boolean is no integer.
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise ApiError("SerializationException", f"{path or 'The request'} is not of type {expected.__name__}")


def _check_length(shape: Shape, value: Any, path: str) -> None:
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max")
    if len(value) < low or (high is not None and len(value) > high):
        raise invalid(f"The length of {path} must be between {low} and {high}")
