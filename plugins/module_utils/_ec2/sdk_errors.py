# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Classification of exceptions and replies of botocore: whether EC2 may have carried out the call."""

from __future__ import annotations

import re
from typing import Any

from .._model.resource_types import ApiParams
from .errors import SERVER_ERROR_CODES, THROTTLING_CODES

# botocore exceptions for connections that failed before the request was sent, by class name. The names of superclasses
# count too, and older versions of botocore do not have all classes.
_NOT_CONNECTED = ("EndpointConnectionError", "ConnectTimeoutError")
# Texts of SSL errors of a connection that was not established. Other SSL errors can follow the request.
_HANDSHAKE_ERRORS = (
    "CERTIFICATE_VERIFY_FAILED",
    "HANDSHAKE",
    "WRONG_VERSION_NUMBER",
    "UNSUPPORTED_PROTOCOL",
    "No such file",
    "hostname",
)
# Texts of proxy errors of a connection that was not established. With urllib3 1.26, others can follow the request.
_PROXY_ERRORS = ("Failed to establish", "Tunnel connection failed", "refused", "timed out", "Name or service")


def was_not_sent(error: BaseException) -> bool:
    """Whether this exception of one attempt proves that the request did not reach EC2.

    error: an exception of botocore's HTTP client. The ValueError for an invalid header occurs before http.client sends
    the first byte; errors in replies have other types there.
    """
    names = {one.__name__ for one in type(error).__mro__}
    cause = getattr(error, "kwargs", {}).get("error")
    if names.intersection(_NOT_CONNECTED):
        return True
    if "SSLError" in names:
        return any(text in str(error) for text in _HANDSHAKE_ERRORS)
    if "ProxyConnectionError" in names:
        return any(text in str(cause) for text in _PROXY_ERRORS)
    return type(error).__name__ == "HTTPClientError" and isinstance(cause, ValueError)


def may_be_invalid_config(error: BaseException) -> bool:
    """Whether an exception of the creation of a client may be due to the option O(aws_config).

    It is not for errors of files, and of the profile, region, endpoint and credentials, which are other options.
    """
    if isinstance(error, (OSError, UnicodeError)) or "endpoint" in str(error).lower():
        return False
    return (
        re.search("JSON|Profile|ConfigParse|ConfigNotFound|Region|Endpoint|Credential|Token|SSO", type(error).__name__)
        is None
    )


def is_from_ec2(code: str) -> bool:
    """Whether an error code is EC2's. For a reply that is not EC2's, botocore returns the HTTP status or no code."""
    return bool(code) and code != "Unknown" and not code.isdigit()


def is_definite(reply: ApiParams) -> bool:
    """Whether a reply to one attempt says definitely whether EC2 carried out the call."""
    if reply.get("ResponseMetadata", {}).get("HTTPStatusCode", 200) < 300:
        return True
    code = str(reply.get("Error", {}).get("Code", ""))
    return code in THROTTLING_CODES or (is_from_ec2(code) and code not in SERVER_ERROR_CODES)


# The members with the rows, of actions where it is not the action's name without Describe.
_LISTS = {
    "DescribeInstances": "Reservations",
    "DescribeVpcEndpointServiceConfigurations": "ServiceConfigurations",
    "DescribeVpcEndpointServices": "ServiceDetails",
    "GetManagedPrefixListEntries": "Entries",
}


def find_missing(operation: str, reply: Any) -> str | None:
    """Return what a normal reply to this action lacks, None if it is complete.

    EC2 returns empty lists, a created or changed resource with its id, and a request id in every reply.
    Without this check, an HTML page would mean that the account has no sessions.
    """
    if not isinstance(reply, dict):
        return "members"
    metadata = reply.get("ResponseMetadata")
    if metadata and "RequestId" not in metadata:
        return "requestId"
    member = _LISTS.get(operation, operation.partition("Describe")[2])
    if member:
        return None if member in reply else member
    changed = re.fullmatch(
        r"(?:Create|Modify)(TrafficMirror(?:Session|FilterRule|Filter|Target))(?:NetworkServices)?", operation
    )
    if changed is None:
        return None
    return None if f"{changed[1]}Id" in reply.get(changed[1], ()) else f"{changed[1]}Id"
