#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask AWS what the emulator guesses. In one module, because there are many guesses and each takes several calls."""

from __future__ import annotations

DOCUMENTATION = r"""
module: compare_guesses
short_description: Ask AWS what the emulator guesses
description:
  - For each guess it makes some calls, looks at what the last one brought, and compares that with the emulator's
    answer. What the calls made is removed again.
  - No difference and no failure stops it.
author:
  - The vtap.aws contributors (@vtap)
options:
  preparations:
    description: The calls that make what several guesses need.
    type: list
    elements: dict
    required: true
  bases:
    description: Parameters that steps have in common, by the name that they use.
    type: dict
    required: true
  guesses:
    description: See the variables of the target.
    type: list
    elements: dict
    required: true
  unsettled:
    description: The guesses that are not asked about, each with the reason.
    type: list
    elements: dict
    required: true
  names:
    description: What C($name) stands for in parameters and answers.
    type: dict
    required: true
  tags:
    description: The tags of everything that is made.
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
    pass  # AnsibleAWSModule says so

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

KINDS = {
    "create_traffic_mirror_session": ("TrafficMirrorSession", "traffic-mirror-session"),
    "create_traffic_mirror_target": ("TrafficMirrorTarget", "traffic-mirror-target"),
    "create_traffic_mirror_filter": ("TrafficMirrorFilter", "traffic-mirror-filter"),
    "create_traffic_mirror_filter_rule": ("TrafficMirrorFilterRule", "traffic-mirror-filter-rule"),
    "create_vpc_endpoint": ("VpcEndpoint", "vpc-endpoint"),
}


def filled(value, names):
    """The value with every $name in its texts replaced; one that is not known yet stays."""
    if isinstance(value, dict):
        return {key: filled(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [filled(member, names) for member in value]
    if isinstance(value, str):
        return re.sub(r"\$([a-z_]+)", lambda found: str(names.get(found.group(1), found.group(0))), value)
    return value


class Asker:
    """The calls of one guess after the other."""

    def __init__(self, client, bases, tags, pause):
        self.client = client
        self.bases = bases
        self.tags = [{"Key": key, "Value": value} for key, value in tags.items()]
        self.pause = pause
        self.made = []

    def ask(self, steps, names):
        """Make the calls. Returns what is known afterwards: codes, code, message, reply and the names."""
        known = {"codes": [], "code": "", "message": "", "reply": {}, "names": names}
        for step in steps:
            for each in step.get("each", [""]):
                names["each"] = each
                self._step(step, known)
        return known

    def _step(self, step, known):
        names = known["names"]
        parameters = filled({**self.bases.get(step.get("like"), {}), **step.get("with", {})}, names)
        if step["call"] in KINDS and "TagSpecifications" not in parameters:
            parameters["TagSpecifications"] = [{"ResourceType": KINDS[step["call"]][1], "Tags": self.tags}]
        deadline = time.monotonic() + step.get("patience", 0)
        while True:
            known["code"], known["message"], known["reply"] = self._call(step["call"], parameters)
            if "until" not in step or jmespath.search(step["until"], known) or time.monotonic() > deadline:
                break
            time.sleep(min(5, max(self.pause, 1)))
        known["codes"].append(known["code"])
        for name, path in step.get("save", {}).items():
            names[name] = jmespath.search(path, known["reply"])
        if known["code"] == "OK" and not step["call"].startswith("describe"):
            time.sleep(self.pause)

    def _call(self, call, parameters):
        try:
            reply = getattr(self.client, call)(**parameters)
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"], {}
        except (botocore.exceptions.BotoCoreError, AttributeError, TypeError, ValueError) as error:
            # Ours, not AWS's: it shows as a difference.
            return type(error).__name__, str(error), {}
        reply.pop("ResponseMetadata", None)
        if call in KINDS:
            kind = KINDS[call][0]
            self.made.append((kind, reply[kind][f"{kind}Id"]))
        return "OK", "", json.loads(json.dumps(reply, default=str))

    def tidy(self):
        """Remove what was made since the last time, the last first. What is gone already is left to EC2's refusal."""
        for kind, identifier in reversed(self.made):
            if kind == "VpcEndpoint":
                self._call("delete_vpc_endpoints", {"VpcEndpointIds": [identifier]})
            else:
                words = re.sub(r"(?<!^)([A-Z])", r"_\1", kind).lower()
                self._call(f"delete_{words}", {f"{kind}Id": identifier})
        self.made = []


def compare(asker, guesses, names):
    """Ask about every guess. Returns the answers."""
    answers = []
    for guess in guesses:
        known = asker.ask(guess["steps"], dict(names))
        said = filled(guess["emulator"], known["names"])
        says = jmespath.search(guess.get("show", "code"), known)
        asker.tidy()
        answers.append(
            {
                "key": guess["key"],
                "asks": guess["asks"],
                "emulator": said,
                "ec2": says,
                "result": "same" if said == says else "DIFFERENT",
                "codes": known["codes"],
                "message": known["message"],
                "reply": known["reply"],
            }
        )
    return answers


def main():
    lists = {
        name: {"type": "list", "elements": "dict", "required": True}
        for name in ("preparations", "guesses", "unsettled")
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
    asker = Asker(client, module.params["bases"], module.params["tags"], module.params["pause"])
    prepared = asker.ask(module.params["preparations"], dict(module.params["names"]))
    if set(prepared["codes"]) != {"OK"}:
        module.fail_json(msg=f"The preparations failed: {prepared['codes']} {prepared['message']}")
    # They stay to the end.
    asker.made = []
    answers = compare(asker, module.params["guesses"], prepared["names"])
    different = [answer["key"] for answer in answers if answer["result"] == "DIFFERENT"]
    table = [
        f"{one['key']}: emulator says {json.dumps(one['emulator'])}, EC2 says {json.dumps(one['ec2'])}: {one['result']}"
        for one in answers
    ]
    table += [f"{one['key']}: not asked, {one['why']}" for one in module.params["unsettled"]]
    module.exit_json(changed=True, answers=answers, different=different, table=table)


if __name__ == "__main__":
    main()
