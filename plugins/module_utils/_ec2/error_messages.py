# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about EC2's refusals."""

from __future__ import annotations

import re

from .._model.plan import Action
from .errors import Ec2Error

# Codes from "Error codes for the Amazon EC2 API" and the replies that public clients quote, without the suffix
# Exception, which comes and goes (see Ec2Error). The limits are those of the Traffic Mirroring guide, "Quotas".
_ADVICE = {
    "NetworkInterfaceNotSupported": (
        "The source must be an interface that is attached to an instance of a supported, virtualized type (not T2, "
        "not bare metal). See the instance types in the Traffic Mirroring guide."
    ),
    "InterfaceInUseByTrafficMirrorTarget": (
        "An interface that is a mirror target cannot be a source as well, nor be in a second target: use another "
        "interface, or remove the target."
    ),
    "InterfaceInUseByTrafficMirrorSession": (
        "An interface that is a mirror source cannot be a target as well: use another one, or remove its sessions."
    ),
    "TrafficMirrorSessionsPerInterfaceLimitExceeded": "An interface takes 3 sessions: remove one of them.",
    "TrafficMirrorSourcesPerTargetLimitExceeded": (
        "A network interface as the target takes 10 sources (100 on the largest instance types): "
        "use a Network Load Balancer as the target."
    ),
    "TrafficMirrorSessionsPerTargetLimitExceeded": (
        "The target takes no more sessions: use another target, or a Network Load Balancer."
    ),
    "TrafficMirrorSessionLimitExceeded": "The account takes 10,000 sessions in a region: remove unused ones.",
    "TrafficMirrorTargetLimitExceeded": "The account takes 10,000 targets in a region: remove unused ones.",
    "TrafficMirrorFilterLimitExceeded": "The account takes 10,000 filters in a region: remove unused ones.",
    "TrafficMirrorFilterRuleLimitExceeded": "A filter takes 10 rules: remove or merge some.",
    "TrafficMirrorFilterRuleAlreadyExists": (
        "Somebody else gives the filter rules just now: run the task again, it looks at what is there."
    ),
    "TrafficMirrorFilterInUse": "Remove the sessions that use the filter first, or give them another filter.",
    "TrafficMirrorTargetInUse": "Remove the sessions that use the target first, or give them another target.",
    "NlbInUseByTrafficMirrorTarget": (
        "The load balancer is in a target already, perhaps one of another account: use that, or another load balancer."
    ),
    "InvalidTrafficMirrorTarget": (
        "The target's interface must exist in this account and region: check network_interface_id and region."
    ),
    "UnauthorizedOperation": "Allow the action in an IAM policy of the caller.",
    "AuthFailure": "The credentials are not valid in this region or account: check profile, access_key and region.",
    "NoCredentialsError": "Give access_key and secret_key, or profile, or set what the AWS SDK reads.",
    "RequestLimitExceeded": (
        "EC2 throttles the account. Run fewer tasks at once, or retry longer: "
        "aws_config: {retries: {mode: adaptive, max_attempts: 20}}."
    ),
    "TagLimitExceeded": "A resource takes 50 tags: remove some, or leave purge_tags on.",
    "TagPolicyViolation": "A tag policy of the organization forbids these tags: correct tags or default_tags.",
    "ConcurrentTagAccess": "Someone else changes the same tags just now: run the task again.",
}
# Both families of NotFound codes name the missing thing: InvalidTrafficMirrorFilterId.NotFound and
# InvalidTrafficMirrorFilterNotFound.
_MISSING = {
    "TrafficMirrorSession": "The session is gone: run the task again.",
    "TrafficMirrorFilter": (
        "There is no such filter in this account and region: check traffic_mirror_filter_id and region."
    ),
    "TrafficMirrorTarget": (
        "There is no such target in this account and region, and none is shared with it: "
        "check traffic_mirror_target_id and region."
    ),
    "TrafficMirrorFilterRule": "The rule is gone: run the task again.",
    "NetworkInterface": "There is no such interface in this account and region: check network_interface_id and region.",
    "NetworkLoadBalancer": (
        "There is no such load balancer in this account and region: check network_load_balancer_arn and region."
    ),
    "VpcEndpoint": (
        "There is no such endpoint in this account and region: check gateway_load_balancer_endpoint_id and region."
    ),
}


def format_error(error: Ec2Error, action: Action | None = None) -> str:
    """One message: the call and what it was for, EC2's code and words, and what to do."""
    what = f"{error.operation} on {action.resource}" if action else error.operation
    if error.no_response and error.operation.startswith("Describe"):
        return f"{what} got no reply from EC2: {_sentence(error.message)} Check region, endpoint_url and network."
    if error.no_response:
        return (
            f"{what} got no reply from EC2: {_sentence(error.message)} Check endpoint, network and credentials, then "
            "run the task again; it finds out whether the call was carried out."
        )
    text = f"{what} was refused: {error.code}: {_sentence(error.message)}"
    if action is not None and error.denied:
        text += f" It needs ec2:{error.operation}{_on(action)}."
    elif error.denied and error.code != "AuthFailure":
        # A call that describes: IAM knows no resources for it, and EC2 names none.
        text += f" It needs ec2:{error.operation} on *."
    return " ".join(filter(None, (text, _advice(error))))


def _advice(error: Ec2Error) -> str:
    if error.code in _ADVICE:
        return _ADVICE[error.code]
    missing = re.match(
        r"(?:Invalid)?(TrafficMirror(?:Session|FilterRule|Filter|Target)|NetworkInterface|NetworkLoadBalancer|VpcEndpoint)"
        r"(?:I[dD]\.|Arn\.|\.)?No(?:t)?Found$",
        error.code,
    )
    if missing:
        return _MISSING[missing.group(1)]
    if error.duplicate:
        return "Another session has this interface and number: choose another session_number."
    return ""


def _on(action: Action) -> str:
    tagging = " and ec2:CreateTags" if "TagSpecifications" in action.params else ""
    return f"{tagging} on {', '.join(action.on)}" if action.on else tagging


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!")) else f"{text}."
