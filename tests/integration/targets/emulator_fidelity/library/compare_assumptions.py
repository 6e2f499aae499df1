#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the emulator's assumptions with AWS. One module runs all of them, to save a task per API call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: compare_assumptions
short_description: Compare the emulator's assumptions with AWS
description:
  - Sends the calls of each assumption and compares the last reply with the emulator's answer. Created resources are
    deleted.
  - A difference or an error does not stop the module.
author:
  - The vtap.aws contributors (@vtap)
options:
  preparations:
    description: The calls that create the resources that several assumptions require.
    type: list
    elements: dict
    required: true
  bases:
    description: Common parameters of steps, by name.
    type: dict
    required: true
  assumptions:
    description: The assumptions, see the variables of the target.
    type: list
    elements: dict
    required: true
  untested:
    description: The assumptions that are not compared, each with the reason.
    type: list
    elements: dict
    required: true
  names:
    description: The values of C($name) in parameters and answers.
    type: dict
    required: true
  tags:
    description: The tags of every created resource.
    type: dict
    required: true
  pause:
    description: Seconds to wait after each change.
    type: int
    default: 0
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

import json
import re
import time

try:
    import botocore.config
    import botocore.exceptions
    import jmespath
except ImportError:
    pass  # AnsibleAWSModule reports the missing library

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

RESOURCE_TYPES = {
    "create_traffic_mirror_session": ("TrafficMirrorSession", "traffic-mirror-session"),
    "create_traffic_mirror_target": ("TrafficMirrorTarget", "traffic-mirror-target"),
    "create_traffic_mirror_filter": ("TrafficMirrorFilter", "traffic-mirror-filter"),
    "create_traffic_mirror_filter_rule": ("TrafficMirrorFilterRule", "traffic-mirror-filter-rule"),
    "create_vpc_endpoint": ("VpcEndpoint", "vpc-endpoint"),
}


def substitute(value, names):
    """Return the value with every $name in strings replaced. An unknown name stays unchanged."""
    if isinstance(value, dict):
        return {key: substitute(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [substitute(member, names) for member in value]
    if isinstance(value, str):
        return re.sub(r"\$([a-z_]+)", lambda found: str(names.get(found.group(1), found.group(0))), value)
    return value


class Runner:
    """Sends the calls of the assumptions."""

    def __init__(self, client, bases, tags, pause):
        self.client = client
        self.bases = bases
        self.tags = [{"Key": key, "Value": value} for key, value in tags.items()]
        self.pause = pause
        self.created = []

    def run(self, steps, names):
        """Send the calls. Returns {"codes": [], "code": "", "message": "", "reply": {}, "names": {}}."""
        outcome = {"codes": [], "code": "", "message": "", "reply": {}, "names": names}
        for step in steps:
            for each in step.get("each", [""]):
                names["each"] = each
                self._step(step, outcome)
        return outcome

    def _step(self, step, outcome):
        names = outcome["names"]
        parameters = substitute({**self.bases.get(step.get("like"), {}), **step.get("with", {})}, names)
        if step["call"] in RESOURCE_TYPES and "TagSpecifications" not in parameters:
            parameters["TagSpecifications"] = [{"ResourceType": RESOURCE_TYPES[step["call"]][1], "Tags": self.tags}]
        deadline = time.monotonic() + step.get("timeout", 0)
        while True:
            outcome["code"], outcome["message"], outcome["reply"] = self._call(step["call"], parameters)
            if "until" not in step or jmespath.search(step["until"], outcome) or time.monotonic() > deadline:
                break
            time.sleep(min(5, max(self.pause, 1)))
        outcome["codes"].append(outcome["code"])
        for name, path in step.get("save", {}).items():
            names[name] = jmespath.search(path, outcome["reply"])
        if outcome["code"] == "OK" and not step["call"].startswith("describe"):
            time.sleep(self.pause)

    def _call(self, call, parameters):
        try:
            reply = getattr(self.client, call)(**parameters)
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"], {}
        except (botocore.exceptions.BotoCoreError, AttributeError, TypeError, ValueError) as error:
            # An error on the client's side, which is reported as a difference.
            return type(error).__name__, str(error), {}
        reply.pop("ResponseMetadata", None)
        if call in RESOURCE_TYPES:
            resource_type = RESOURCE_TYPES[call][0]
            self.created.append((resource_type, reply[resource_type][f"{resource_type}Id"]))
        return "OK", "", json.loads(json.dumps(reply, default=str))

    def delete_created(self):
        """Delete the resources created since the last cleanup, in reverse order. Errors are ignored."""
        for resource_type, identifier in reversed(self.created):
            if resource_type == "VpcEndpoint":
                self._call("delete_vpc_endpoints", {"VpcEndpointIds": [identifier]})
            else:
                words = re.sub(r"(?<!^)([A-Z])", r"_\1", resource_type).lower()
                self._call(f"delete_{words}", {f"{resource_type}Id": identifier})
        self.created = []


def compare(runner, assumptions, names):
    """Compare every assumption. Returns a list of results."""
    answers = []
    for assumption in assumptions:
        outcome = runner.run(assumption["steps"], dict(names))
        expected = substitute(assumption["emulator"], outcome["names"])
        actual = jmespath.search(assumption.get("show", "code"), outcome)
        runner.delete_created()
        answers.append(
            {
                "key": assumption["key"],
                "question": assumption["question"],
                "emulator": expected,
                "ec2": actual,
                "result": "same" if expected == actual else "DIFFERENT",
                "codes": outcome["codes"],
                "message": outcome["message"],
                "reply": outcome["reply"],
            }
        )
    return answers


def main():
    lists = {
        name: {"type": "list", "elements": "dict", "required": True}
        for name in ("preparations", "assumptions", "untested")
    }
    module = AnsibleAWSModule(
        argument_spec={
            **lists,
            "bases": {"type": "dict", "required": True},
            "names": {"type": "dict", "required": True},
            "tags": {"type": "dict", "required": True},
            "pause": {"type": "int", "default": 0},
        },
    )
    client = module.client("ec2", aws_config=botocore.config.Config(parameter_validation=False))
    runner = Runner(client, module.params["bases"], module.params["tags"], module.params["pause"])
    preparation = runner.run(module.params["preparations"], dict(module.params["names"]))
    if set(preparation["codes"]) != {"OK"}:
        module.fail_json(msg=f"Creating the common resources failed: {preparation['codes']} {preparation['message']}")
    # remove.yml deletes the common resources at the end.
    runner.created = []
    answers = compare(runner, module.params["assumptions"], preparation["names"])
    different = [answer["key"] for answer in answers if answer["result"] == "DIFFERENT"]
    table = [
        f"{one['key']}: emulator {json.dumps(one['emulator'])}, EC2 {json.dumps(one['ec2'])}: {one['result']}"
        for one in answers
    ]
    table += [f"{one['key']}: not tested: {one['why']}" for one in module.params["untested"]]
    module.exit_json(changed=True, answers=answers, different=different, table=table)


if __name__ == "__main__":
    main()
