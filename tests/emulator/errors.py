# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's errors and their envelopes."""

from __future__ import annotations

from xml.sax.saxutils import escape

# The server-class codes and the few client-class ones that are not plain 400 ("Error codes for the Amazon EC2 API").
STATUS = {
    "DryRunOperation": 412,
    "UnauthorizedOperation": 403,
    "AccessDenied": 403,
    "InvalidClientTokenId": 403,
    "AuthFailure": 401,
    "InternalError": 500,
    "InternalFailure": 500,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
    "Unavailable": 503,
}


class Unknown(Exception):
    """What IAM would know and the emulator does not: an error of the emulator, for to pass over it would be laxer."""


class ApiError(Exception):
    """A refusal that EC2 would send: a code and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status, 400 unless the code has its own."""
        return STATUS.get(self.code, 400)


def invalid_value(parameter: str, value: object, why: str = "") -> ApiError:
    """InvalidParameterValue in EC2's usual words."""
    tail = f". {why}" if why else ""
    return ApiError("InvalidParameterValue", f"Value ({value}) for parameter {parameter} is invalid{tail}")


def missing(parameter: str) -> ApiError:
    """MissingParameter in EC2's usual words."""
    return ApiError("MissingParameter", f"The request must contain the parameter {parameter}")


def combination(message: str) -> ApiError:
    """InvalidParameterCombination with the message given."""
    return ApiError("InvalidParameterCombination", message)


def ec2_envelope(error: ApiError, request_id: str) -> bytes:
    """The XML EC2 sends for an error (EC2 API Reference)."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Response><Errors><Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        f"</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    ).encode()


def query_envelope(error: ApiError, request_id: str) -> bytes:
    """The XML that the other query services (STS, IAM, ELBv2) send for an error."""
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(error.code)}</Code>"
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()
