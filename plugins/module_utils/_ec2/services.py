# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read calls of other AWS services: Elastic Load Balancing (version 2) and CloudWatch."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Callable

from .._model.resource_types import ApiParams
from .errors import Ec2Error

try:
    from botocore import xform_name
except ImportError:
    xform_name = None  # AnsibleAWSModule reports the missing library before this name is used

LOAD_BALANCING, MONITORING = "elbv2", "cloudwatch"
# The prefix of IAM actions by boto3's name of the service.
_PREFIXES = {LOAD_BALANCING: "elasticloadbalancing", MONITORING: "cloudwatch"}
# The members of requests and responses for paging.
_TOKENS = {LOAD_BALANCING: ("Marker", "NextMarker"), MONITORING: ("NextToken", "NextToken")}
# Maximum number of ARNs in one request (Elastic Load Balancing API Reference, DescribeLoadBalancers).
_ARNS_PER_REQUEST = 20


def iam_action(service: str, operation: str) -> str:
    """Return the IAM action of an operation, such as C(elasticloadbalancing:DescribeListeners)."""
    return f"{_PREFIXES[service]}:{operation}"


class Services:
    """The clients of other services. Thread-safe. create_client: creates a boto3 client of a service."""

    def __init__(self, create_client: Callable[[str], Any]) -> None:
        self._create_client = create_client
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def call(self, service: str, operation: str, **params: Any) -> ApiParams:
        """Call one operation and return its response.

        Raises Ec2Error with the service's code, or with the name of the exception if no reply arrived. Its message has
        no details, which could contain secrets.
        """
        sent, response = False, {}
        try:
            with self._lock:
                if service not in self._clients:
                    self._clients[service] = self._create_client(service)
            sent = True
            response = getattr(self._clients[service], xform_name(operation))(**params)
            if isinstance(response, dict):
                return response
            code = "InvalidReply"
        except Exception as error:  # as for EC2, the SDK raises more than its own exceptions
            reply = getattr(error, "response", None) or {}
            code = str(reply.get("Error", {}).get("Code", "")) or type(error).__name__
        # Not within the except block, see Ec2.call.
        raise Ec2Error(operation, code, f"{_PREFIXES[service]} could not be read", sent=sent)

    def pages(self, service: str, operation: str, member: str, **params: Any) -> list[ApiParams]:
        """Return the rows of all pages of an operation. Raises Ec2Error.

        member: the member of the response that has the rows.
        """
        rows: list[ApiParams] = []
        token_in, token_out = _TOKENS[service]
        token: dict[str, str] = {}
        while True:
            page = self.call(service, operation, **params, **token)
            found = page.get(member)
            if not isinstance(found, list):
                raise Ec2Error(operation, "InvalidReply", f"{_PREFIXES[service]} could not be read")
            rows += found
            if not page.get(token_out):
                return rows
            token = {token_in: page[token_out]}

    def load_balancers(self, arns: Iterable[str]) -> dict[str, ApiParams]:
        """Return load balancers by ARN. One that does not exist is not in the result. Raises Ec2Error."""
        arns, rows = list(arns), {}
        for start in range(0, len(arns), _ARNS_PER_REQUEST):
            chunk = arns[start : start + _ARNS_PER_REQUEST]
            found = self._find_load_balancers(chunk)
            if found is None:
                # The API refuses the whole request if one of the load balancers does not exist.
                found = [row for arn in chunk for row in self._find_load_balancers([arn]) or ()]
            rows.update({row.get("LoadBalancerArn", ""): row for row in found})
        return rows

    def _find_load_balancers(self, arns: list[str]) -> list[ApiParams] | None:
        """Return these load balancers, None if one does not exist. Raises Ec2Error."""
        try:
            return self.pages(LOAD_BALANCING, "DescribeLoadBalancers", "LoadBalancers", LoadBalancerArns=arns)
        except Ec2Error as error:
            if "NotFound" in error.code:
                return None
            failure = Ec2Error(error.operation, error.code, error.message, sent=error.sent)
        raise failure
