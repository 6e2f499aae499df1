# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events as AWS services send them to EventBridge, as entries of PutEvents.

Sources: Amazon EC2 User Guide (state change events), Tagging AWS Resources User Guide (tag change events), CloudTrail
User Guide (record contents).
"""

from __future__ import annotations

import json
from typing import Any

Entry = dict[str, Any]
ACCOUNT, REGION = "123456789012", "eu-west-1"
# Amazon EC2 User Guide, state change events.
STATES = ("pending", "running", "stopping", "stopped", "shutting-down", "terminated")


def _entry(source: str, detail_type: str, detail: dict[str, Any], *resources: str) -> Entry:
    return {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": list(resources)}


def _arn(resource: str, identifier: str) -> str:
    return f"arn:aws:ec2:{REGION}:{ACCOUNT}:{resource}/{identifier}"


def state_change(instance: str, state: str = "running") -> Entry:
    """An instance entered a state."""
    detail = {"instance-id": instance, "state": state}
    return _entry("aws.ec2", "EC2 Instance State-change Notification", detail, _arn("instance", instance))


def tag_change(identifier: str, resource_type: str = "instance", service: str = "ec2", **tags: str) -> Entry:
    """Tags of a resource changed. tags: all tags of the resource after the change."""
    detail = {
        "changed-tag-keys": sorted(tags),
        "tags": tags,
        "service": service,
        "resource-type": resource_type,
        "version": 1,
    }
    return _entry("aws.tag", "Tag Change on Resource", detail, _arn(resource_type, identifier))


def api_call(name: str, error: str = "", source: str = "ec2") -> Entry:
    """CloudTrail recorded an API call. error: the error code of a failed call."""
    detail: dict[str, Any] = {
        "eventVersion": "1.10",
        "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci"},
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "requestParameters": {"deviceIndex": 1},
    }
    if error:
        detail["errorCode"] = error
    return _entry(f"aws.{source}", "AWS API Call via CloudTrail", detail)
