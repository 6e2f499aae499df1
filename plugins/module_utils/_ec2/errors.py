# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The error type of all EC2 calls."""

from __future__ import annotations

import re

# EC2 returns the first ("Request throttling for the Amazon EC2 API"). botocore treats the others as throttling too.
THROTTLING_CODES = ("RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequests")
# Errors of EC2 itself ("Error codes for the Amazon EC2 API", server error codes). Their texts do not say whether EC2
# carried out the call.
SERVER_ERROR_CODES = (
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "ServerInternal",
    "ServiceUnavailable",
    "Unavailable",
)
# Errors that concern the credentials or the account, and quotas of the account for one action. No retry mends them
# ("Error codes for the Amazon EC2 API").
ACCOUNT_CODES = frozenset(
    (
        "AuthFailure",
        "Blocked",
        "ExpiredToken",
        "InvalidClientTokenId",
        "OptInRequired",
        "PendingVerification",
        "RequestExpired",
        "SignatureDoesNotMatch",
    )
)
QUOTA_CODES = frozenset(
    ("TrafficMirrorFilterLimitExceeded", "TrafficMirrorSessionLimitExceeded", "TrafficMirrorTargetLimitExceeded")
)


class Ec2Error(Exception):
    """A call that EC2 rejected, that got no response, or that botocore did not send.

    operation: the EC2 action; empty if the client could not be created.
    code: EC2's error code, without the suffix C(Exception) that some documents and replies append. If C(sent) is false,
    the name of the exception, or the error code of the service that refused credentials, such as STS. Empty if no
    response of EC2 arrived: no reply, or a reply of a proxy; EC2 may or may not have completed the call.
    message: the error text of EC2 or botocore, without secrets.
    retried: whether an earlier attempt of the call may have succeeded.
    region: the region of the EC2 client, if known.
    sent: whether botocore sent the request.
    """

    def __init__(
        self,
        operation: str,
        code: str,
        message: str,
        retried: bool = False,
        region: str | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(f"{operation}: {code}: {message}" if code else f"{operation}: {message}")
        self.operation = operation
        self.code = re.sub(r"Exception$", "", code)
        self.message = message
        self.retried = retried
        self.region = region
        self.sent = sent

    @property
    def no_response(self) -> bool:
        """Whether no response arrived."""
        return not self.code

    @property
    def may_have_been_carried_out(self) -> bool:
        """Whether EC2 may have carried out the call.

        No response of EC2 arrived, EC2 had an internal error, or an earlier attempt had such an outcome.
        """
        return self.no_response or self.retried or self.code in SERVER_ERROR_CODES

    @property
    def not_found(self) -> bool:
        """Whether a resource of the call does not exist.

        The EC2 API Reference lists C(InvalidTrafficMirrorSessionNotFound) and, for targets,
        C(InvalidTrafficMirrorTargetNoFound). EC2 returns C(InvalidTrafficMirrorSessionId.NotFound) in practice.
        CreateTags and DeleteTags return C(InvalidID).
        """
        return bool(re.search(r"No(t)?Found$", self.code)) or self.code == "InvalidID"

    @property
    def in_use(self) -> bool:
        """Whether a filter or target cannot be deleted because sessions use it."""
        return self.code in ("TrafficMirrorFilterInUse", "TrafficMirrorTargetInUse")

    @property
    def duplicate(self) -> bool:
        """Whether another resource already has the natural key.

        EC2 documents no error code for sessions; public clients search the error text for "already being used".
        """
        target_exists = self.operation == "CreateTrafficMirrorTarget" and self.code.endswith(
            "InUseByTrafficMirrorTarget"
        )
        return target_exists or "AlreadyExists" in self.code or "already being used" in self.message

    @property
    def denied(self) -> bool:
        """Whether the caller lacks a permission or has invalid credentials."""
        # The last code is that of other services than EC2 (CloudWatch API Reference, common errors).
        return self.code in ("UnauthorizedOperation", "AuthFailure", "AccessDenied", "AccessDeniedException")

    @property
    def throttled(self) -> bool:
        """Whether EC2 throttled the call."""
        return self.code in THROTTLING_CODES
