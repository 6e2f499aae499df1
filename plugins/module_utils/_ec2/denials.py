# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls that a policy denied: the service, the action and the policy to change.

The texts are from the IAM User Guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

import re

from .errors import Ec2Error

# Policies that can deny a call, by their name in the text of the error, and what to do for each. A deny in any of them
# wins over IAM policies that allow the call.
POLICIES = {
    "service control policy": (
        "A service control policy of the organization denies {action}; no IAM policy of the account can allow it. Ask "
        "the administrators of the organization."
    ),
    "resource control policy": (
        "A resource control policy of the organization denies {action}; no IAM policy of the account can allow it. Ask "
        "the administrators of the organization."
    ),
    "permissions boundary": (
        "The permissions boundary of the caller does not allow {action}: change the boundary. An IAM policy alone "
        "cannot allow the call."
    ),
    "session policy": (
        "The session policy of these temporary credentials does not allow {action}: create credentials with a session "
        "policy that allows it, or without one."
    ),
    "VPC endpoint policy": (
        "The policy of the VPC endpoint that the call passes does not allow {action}: change that policy, or use "
        "another endpoint."
    ),
    "resource-based policy": "The policy of the resource denies {action}: change that policy.",
    "trust policy": "The trust policy of the role does not allow {action}: change the trust policy.",
    "explicit deny": (
        "A Deny statement applies to the caller, and no Allow statement can override it: remove {action} from the Deny "
        "statement or restrict the statement."
    ),
}


def is_denied_by_policy(error: Ec2Error) -> bool:
    """Whether a policy denied the call."""
    return error.code in ("UnauthorizedOperation", "AccessDenied")


def denied_action(error: Ec2Error) -> str:
    """Return the IAM action that was denied, such as C(ec2:CreateTags).

    Most texts name it. botocore's texts name the call to another service that was to return credentials.
    """
    named = re.search(r"not authorized to perform:? ([\w-]+:\w+)", error.message)
    if named:
        return named[1]
    called = re.search(r"when calling the (\w+) operation", error.message)
    operation = called[1] if called else error.operation
    if error.sent:
        return f"ec2:{operation}"
    return f"sso:{operation}" if operation == "GetRoleCredentials" else f"sts:{operation if called else 'AssumeRole'}"


def permission_remedy(error: Ec2Error) -> str:
    """Return what to do about a denied call."""
    action = denied_action(error)
    is_role = action.startswith("sts:AssumeRole")
    for policy, remedy in POLICIES.items():
        # The resource-based policy of a role is its trust policy.
        if policy in error.message and not (is_role and policy == "resource-based policy"):
            return remedy.format(action=action)
    if is_role:
        return (
            f"The role of the credentials cannot be assumed: allow {action} on the role in an IAM policy of the "
            "caller, and allow the caller in the trust policy of the role. Check role_arn of the profile."
        )
    return f"Allow {action} in an IAM policy of the caller."
