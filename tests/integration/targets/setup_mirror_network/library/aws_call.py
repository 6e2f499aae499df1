#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call an AWS API with boto3, for tests: calls without a module, and calls that must fail."""

from __future__ import annotations

DOCUMENTATION = r"""
module: aws_call
short_description: Call an AWS API, for tests only
description:
  - Sends a call and returns the reply and a code, V(OK) or AWS's error code.
  - botocore does not validate the parameters, so that AWS validates them.
author:
  - The vtap.aws contributors (@vtap)
options:
  service:
    description: The name of the service in boto3.
    type: str
    default: ec2
  call:
    description: The method of the boto3 client.
    type: str
    required: true
  parameters:
    description: The parameters of the call.
    type: dict
    default: {}
  accept:
    description: Error codes that do not fail the task.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

import json

try:
    import botocore.config
    import botocore.exceptions
except ImportError:
    pass  # AnsibleAWSModule reports the missing library

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule


def main():
    module = AnsibleAWSModule(
        argument_spec={
            "service": {"type": "str", "default": "ec2"},
            "call": {"type": "str", "required": True},
            "parameters": {"type": "dict", "default": {}},
            "accept": {"type": "list", "elements": "str", "default": []},
        },
    )
    client = module.client(module.params["service"], aws_config=botocore.config.Config(parameter_validation=False))
    try:
        reply = getattr(client, module.params["call"])(**module.params["parameters"])
    except botocore.exceptions.ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code not in module.params["accept"]:
            module.fail_json(msg=f"{code}: {message}", code=code)
        module.exit_json(changed=False, code=code, message=message, reply={})
    reply.pop("ResponseMetadata", None)
    module.exit_json(changed=True, code="OK", message="", reply=json.loads(json.dumps(reply, default=str)))


if __name__ == "__main__":
    main()
