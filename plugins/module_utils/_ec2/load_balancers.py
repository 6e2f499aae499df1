# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of load balancers, from the Elastic Load Balancing API (version 2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable

from .errors import Ec2Error

OPERATION = "DescribeLoadBalancers"
# Maximum number of ARNs in one request (Elastic Load Balancing API Reference, DescribeLoadBalancers).
_ARNS_PER_REQUEST = 20
_UNREADABLE = "the load balancers could not be read"


def describe_states(create_client: Callable[[], Any], arns: Iterable[str]) -> dict[str, str]:
    """Return the states by ARN, such as C(active); a load balancer that does not exist is not in the result.

    create_client: creates a boto3 client of C(elbv2). Raises Ec2Error with the service's code, or with the name of the
    exception if no reply arrived. Its message has no details, which could contain secrets.
    """
    states: dict[str, str] = {}
    arns, failure = list(arns), None
    try:
        client = create_client()
    except Exception as error:  # see _add_states
        failure = Ec2Error(OPERATION, type(error).__name__, _UNREADABLE, sent=False)
    if failure is not None:
        raise failure  # not within the except block, see Ec2.call
    for start in range(0, len(arns), _ARNS_PER_REQUEST):
        chunk = arns[start : start + _ARNS_PER_REQUEST]
        if not _add_states(client, chunk, states):
            # The API refuses the whole request if one of the load balancers does not exist.
            for arn in chunk:
                _add_states(client, [arn], states)
    return states


def _add_states(client: Any, arns: list[str], states: dict[str, str]) -> bool:
    """Add the states of these load balancers. Returns false if one does not exist. Raises Ec2Error."""
    code = ""
    try:
        rows = client.describe_load_balancers(LoadBalancerArns=arns)["LoadBalancers"]
        states.update({row["LoadBalancerArn"]: row["State"]["Code"] for row in rows})
        return True
    except Exception as error:  # as for EC2, the SDK raises more than its own exceptions
        response = getattr(error, "response", None) or {}
        code = str(response.get("Error", {}).get("Code", "")) or type(error).__name__
    if "NotFound" in code:
        return False
    raise Ec2Error(OPERATION, code, _UNREADABLE)
