# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages for EC2 errors: what failed, why, and what to do."""

from __future__ import annotations

import re

from .._model.plan import Action
from .denials import denied_action, is_denied_by_policy
from .errors import Ec2Error
from .remedies import find_remedy


def format_error(error: Ec2Error, action: Action | None = None) -> str:
    """Return the message for an error: the failed call, the resource and region, EC2's code and text,
    and what to do.

    action: the planned call that failed; None for a Describe call. A denied call names the IAM permission that it
    requires.
    """
    remedy = find_remedy(error)
    sentences = (_failure(error, action), _required_permission(error, action), remedy, _next_step(error, remedy))
    return " ".join(filter(None, sentences))


def _failure(error: Ec2Error, action: Action | None) -> str:
    """Return what failed and why."""
    resource = f" for {action.resource}" if action else ""
    region = f" in {error.region}" if error.region else ""
    text = _sentence(_without_encoded_message(error.message))
    if not error.operation:
        return f"The EC2 client could not be created{region}: {error.code}: {text}"
    if error.no_response:
        return f"{error.operation}{resource}{region} got no reply from EC2: {text}"
    if error.sent:
        return f"{error.operation} failed{resource}{region}: {error.code}: {text}"
    return f"{error.operation}{resource}{region} could not be sent: {error.code}: {text}"


def _required_permission(error: Ec2Error, action: Action | None) -> str:
    """Return the IAM permission that a denied call requires, as a sentence. Empty for any other error."""
    if not is_denied_by_policy(error) or not denied_action(error).startswith("ec2:"):
        return ""
    if action is None:
        # Describe actions do not support resource-level permissions, and EC2's text names no resource.
        return f"It needs ec2:{error.operation} on *."
    return f"It needs ec2:{error.operation}{_permission_scope(action)}."


def _next_step(error: Ec2Error, remedy: str) -> str:
    """Return what else to do if the outcome of the call is unknown."""
    if not error.no_response:
        return ""
    if error.operation.startswith("Describe"):
        return "" if remedy else "Check region, endpoint_url and network."
    if remedy:
        return "Then rerun the task; it detects whether EC2 completed the call."
    return "Check endpoint, network and credentials, then rerun the task; it detects whether EC2 completed the call."


def _permission_scope(action: Action) -> str:
    """Return the resources on which IAM checks a call, preceded by the tagging permission if the call sets tags."""
    tagging = " and ec2:CreateTags" if "TagSpecifications" in action.params else ""
    return f"{tagging} on {', '.join(action.on)}" if action.on else tagging


def _without_encoded_message(text: str) -> str:
    """Return EC2's text without the encoded details of a denied call, which have about a thousand characters.

    They remain in C(error) of the result.
    """
    return re.sub(r"\s*Encoded authorization failure message: \S+", "", text)


def _sentence(text: str) -> str:
    """Return the text with a final period."""
    return text if text.endswith((".", "!")) else f"{text}."
