#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call to AWS by boto3, for tests only: what no module does, and what AWS shall refuse."""

from __future__ import annotations

DOCUMENTATION = r"""
module: aws_call
short_description: One call to AWS, for tests only
description:
  - Makes a call and returns its code, which is V(OK) or AWS's error code, and its reply.
  - Parameters are not checked by botocore first, so that AWS gets to see what is wrong with them.
author:
  - The vtap.aws contributors (@vtap)
options:
  service:
    description: The service.
    type: str
    default: ec2
  call:
    description: The method of its boto3 client.
    type: str
    required: true
  parameters:
    description: Its parameters.
    type: dict
    default: {}
  accept:
    description: The error codes that do not make the task fail.
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
    pass  # AnsibleAWSModule says so

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
