# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages for EC2 errors: what failed, why, and what to do."""

from __future__ import annotations

import re

from .._model.plan import Action
from .errors import Ec2Error

# What to do, by error code. The codes are from "Error codes for the Amazon EC2 API" and from replies that public
# clients quote, without the optional suffix Exception (see Ec2Error). The limits are from the Traffic Mirroring guide,
# "Quotas".
_REMEDIES = {
    "NetworkInterfaceNotSupported": (
        "The source must be an interface that is attached to an instance of a supported type. T2 and most bare metal "
        "types are not supported. See the instance types in the Traffic Mirroring guide."
    ),
    "InterfaceInUseByTrafficMirrorTarget": (
        "An interface that is a mirror target cannot be a mirror source or belong to a second target: use another "
        "interface, or delete the target."
    ),
    "InterfaceInUseByTrafficMirrorSession": (
        "An interface that is a mirror source cannot be a target: use another interface, or delete the sessions of "
        "this interface."
    ),
    "TrafficMirrorSessionsPerInterfaceLimitExceeded": (
        "An interface can have at most 3 sessions: delete one of its sessions."
    ),
    "TrafficMirrorSourcesPerTargetLimitExceeded": (
        "A target that is a network interface can have at most 10 sources (100 on the largest instance types): "
        "use a Network Load Balancer as the target."
    ),
    "TrafficMirrorSessionsPerTargetLimitExceeded": (
        "The target has the maximum number of sessions: use another target, or a Network Load Balancer."
    ),
    "TrafficMirrorSessionLimitExceeded": (
        "An account can have at most 10,000 sessions in a region: delete unused sessions."
    ),
    "TrafficMirrorTargetLimitExceeded": (
        "An account can have at most 10,000 targets in a region: delete unused targets."
    ),
    "TrafficMirrorFilterLimitExceeded": (
        "An account can have at most 10,000 filters in a region: delete unused filters."
    ),
    "TrafficMirrorFilterRuleLimitExceeded": "A filter can have at most 10 rules: delete or merge rules.",
    "TrafficMirrorFilterRuleAlreadyExists": "Another client is changing the rules of this filter. Rerun the task.",
    "TrafficMirrorFilterInUse": (
        "Delete the sessions that use the filter first, or change them to use another filter."
    ),
    "TrafficMirrorTargetInUse": (
        "Delete the sessions that use the target first, or change them to use another target."
    ),
    "NlbInUseByTrafficMirrorTarget": (
        "The load balancer already belongs to a target, possibly of another account: use that target, or another load "
        "balancer."
    ),
    "InvalidTrafficMirrorTarget": (
        "The interface of the target must exist in this account and region: check network_interface_id and region."
    ),
    "UnauthorizedOperation": "Allow the action in an IAM policy of the caller.",
    "AuthFailure": "The credentials are not valid in this region or account: check profile, access_key and region.",
    "NoCredentialsError": (
        "Set access_key and secret_key, or profile, or configure AWS credentials (environment, ~/.aws/credentials, "
        "instance profile)."
    ),
    "RequestLimitExceeded": (
        "EC2 throttles the account. Run fewer tasks at the same time, or allow more retries: "
        "aws_config: {retries: {mode: adaptive, max_attempts: 20}}."
    ),
    "TagLimitExceeded": "A resource can have at most 50 tags: remove tags, or set purge_tags to true.",
    "TagPolicyViolation": "A tag policy of the organization forbids these tags: correct tags or default_tags.",
    "ConcurrentTagAccess": "Another client is changing the same tags. Rerun the task.",
}
# What to do for codes such as InvalidTrafficMirrorFilterId.NotFound and InvalidTrafficMirrorFilterNotFound, by the
# resource type in the code.
_NOT_FOUND_REMEDIES = {
    "TrafficMirrorSession": "The session was deleted. Rerun the task.",
    "TrafficMirrorFilter": (
        "The filter does not exist in this account and region: check traffic_mirror_filter_id and region."
    ),
    "TrafficMirrorTarget": (
        "The target does not exist in this account and region and is not shared with this account: "
        "check traffic_mirror_target_id and region."
    ),
    "TrafficMirrorFilterRule": "The rule was deleted. Rerun the task.",
    "NetworkInterface": (
        "The interface does not exist in this account and region: check network_interface_id and region."
    ),
    "NetworkLoadBalancer": (
        "The load balancer does not exist in this account and region: check network_load_balancer_arn and region."
    ),
    "VpcEndpoint": (
        "The endpoint does not exist in this account and region: check gateway_load_balancer_endpoint_id and region."
    ),
}


def format_error(error: Ec2Error, action: Action | None = None) -> str:
    """Return the message for an error: the failed call, the resource and region, EC2's code and text,
    and what to do.

    action: the planned call that failed; None for a Describe call. A denied call names the IAM permission that it
    requires.
    """
    resource = f" for {action.resource}" if action else ""
    region = f" in {error.region}" if error.region else ""
    text = _sentence(error.message)
    if error.no_response:
        failure = f"{error.operation}{resource}{region} got no reply from EC2: {text}"
        if error.operation.startswith("Describe"):
            return f"{failure} Check region, endpoint_url and network."
        return (
            f"{failure} Check endpoint, network and credentials, then rerun the task; it detects whether EC2 completed "
            "the call."
        )
    if error.sent:
        failure = f"{error.operation} failed{resource}{region}: {error.code}: {text}"
    else:
        failure = f"{error.operation}{resource}{region} could not be sent: {error.code}: {text}"
    return " ".join(filter(None, (failure, _required_permission(error, action), _remedy(error))))


def _required_permission(error: Ec2Error, action: Action | None) -> str:
    """Return the IAM permission that a denied call requires, as a sentence. Empty for any other error."""
    if action is not None and error.denied:
        return f"It needs ec2:{error.operation}{_permission_scope(action)}."
    if error.denied and error.code != "AuthFailure":
        # Describe actions do not support resource-level permissions, and EC2's text names no resource.
        return f"It needs ec2:{error.operation} on *."
    return ""


def _remedy(error: Ec2Error) -> str:
    """Return what to do about an error. Empty for an unknown code."""
    if error.code in _REMEDIES:
        return _REMEDIES[error.code]
    not_found = re.match(
        r"(?:Invalid)?(TrafficMirror(?:Session|FilterRule|Filter|Target)|NetworkInterface|NetworkLoadBalancer|VpcEndpoint)"
        r"(?:I[dD]\.|Arn\.|\.)?No(?:t)?Found$",
        error.code,
    )
    if not_found:
        return _NOT_FOUND_REMEDIES[not_found.group(1)]
    if error.duplicate:
        return "Another session has this interface and number: choose another session_number."
    return ""


def _permission_scope(action: Action) -> str:
    """Return the resources on which IAM checks a call, preceded by the tagging permission if the call sets tags."""
    tagging = " and ec2:CreateTags" if "TagSpecifications" in action.params else ""
    return f"{tagging} on {', '.join(action.on)}" if action.on else tagging


def _sentence(text: str) -> str:
    """Return the text with a final period."""
    return text if text.endswith((".", "!")) else f"{text}."
