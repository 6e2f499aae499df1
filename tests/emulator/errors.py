# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's errors and the XML documents that carry them."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

# Characters that XML 1.0 cannot carry, not even as character references.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# The server-class codes and the few client-class ones that are not plain 400 ("Error codes for the Amazon EC2 API").
STATUS = {
    "DryRunOperation": 412,
    "UnauthorizedOperation": 403,
    "AccessDenied": 403,
    "InvalidClientTokenId": 403,
    "ExpiredToken": 403,
    "AuthFailure": 401,
    "InternalError": 500,
    "InternalFailure": 500,
    "InternalServiceException": 500,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
    "Unavailable": 503,
}


class UnsupportedError(Exception):
    """An IAM feature that the emulator does not support. Ignoring it would make the emulator less strict than IAM."""


class ApiError(Exception):
    """An error reply of EC2: code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status of the code; default 400."""
        return STATUS.get(self.code, 400)


def invalid_value(parameter: str, value: object, why: str = "") -> ApiError:
    """Return InvalidParameterValue with EC2's usual message."""
    tail = f". {why}" if why else ""
    return ApiError("InvalidParameterValue", f"Value ({value}) for parameter {parameter} is invalid{tail}")


def missing(parameter: str) -> ApiError:
    """Return MissingParameter with EC2's usual message."""
    return ApiError("MissingParameter", f"The request must contain the parameter {parameter}")


def combination(message: str) -> ApiError:
    """Return InvalidParameterCombination with this message."""
    return ApiError("InvalidParameterCombination", message)


def xml_escape(text: str) -> str:
    """Return text as XML character data. CR becomes a reference, because XML parsers read a plain CR as a newline."""
    return escape(text, {"\r": "&#13;"})


def printable(text: str) -> str:
    """Return text with U+FFFD for each character that XML cannot carry."""
    return NOT_XML.sub("\ufffd", text)


def _error_elements(error: ApiError) -> str:
    code, message = (xml_escape(printable(text)) for text in (error.code, error.message))
    return f"<Code>{code}</Code><Message>{message}</Message>"


def ec2_envelope(error: ApiError, request_id: str) -> bytes:
    """Return the XML of an EC2 error (EC2 API Reference)."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Response><Errors><Error>{_error_elements(error)}</Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>"
    ).encode()


def query_envelope(error: ApiError, request_id: str) -> bytes:
    """Return the XML of an error of the other query services (STS, IAM, ELBv2)."""
    return (
        f"<ErrorResponse><Error><Type>Sender</Type>{_error_elements(error)}</Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()
