# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2's refusals as one error type."""

from __future__ import annotations

import re

# EC2 says the first ("Request throttling for the Amazon EC2 API"); botocore takes the others for the same.
THROTTLED = ("RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequests")


class Ec2Error(Exception):
    """A call that EC2 refused, or whose reply never came.

    operation: the EC2 action. code: EC2's error code without the C(Exception) that some documents and replies append
    to it, or the name of botocore's error if it sent nothing; empty when no reply came, and then nobody knows whether
    the call was carried out. message: EC2's words.
    retried: whether botocore had sent the call before, so that an earlier one may have been carried out.
    """

    def __init__(self, operation: str, code: str, message: str, retried: bool = False) -> None:
        super().__init__(f"{operation}: {code}: {message}" if code else f"{operation}: {message}")
        self.operation = operation
        self.code = re.sub(r"Exception$", "", code)
        self.message = message
        self.retried = retried

    @property
    def no_response(self) -> bool:
        return not self.code

    @property
    def not_found(self) -> bool:
        """Whether the object itself is missing.

        The EC2 API Reference lists C(InvalidTrafficMirrorSessionNotFound) and, for targets,
        C(InvalidTrafficMirrorTargetNoFound); EC2 answers clients with C(InvalidTrafficMirrorSessionId.NotFound).
        C(InvalidID) is what CreateTags and DeleteTags say.
        """
        return bool(re.search(r"No(t)?Found$", self.code)) or self.code == "InvalidID"

    @property
    def in_use(self) -> bool:
        """Whether a filter or target cannot go because sessions use it."""
        return self.code in ("TrafficMirrorFilterInUse", "TrafficMirrorTargetInUse")

    @property
    def duplicate(self) -> bool:
        """Whether another object has the natural key already. EC2 documents no code for sessions; clients that meet
        the refusal look for these words in its text."""
        second = self.operation == "CreateTrafficMirrorTarget" and self.code.endswith("InUseByTrafficMirrorTarget")
        return second or "AlreadyExists" in self.code or "already being used" in self.message

    @property
    def denied(self) -> bool:
        return self.code in ("UnauthorizedOperation", "AuthFailure", "AccessDenied")

    @property
    def throttled(self) -> bool:
        return self.code in THROTTLED
