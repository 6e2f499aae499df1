# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Break one condition of a mirrored packet's way in a test playbook, and repair it, with ec2_traffic_mirror_path_info.

Options:

  options  of the module, in addition to module_defaults; they select one session
  breaks   calls that break the condition, in order, each a dict with one of
             ec2, elbv2   the name of a boto3 method, with parameters
             control      a request of the control API (tests/emulator/control.py), such as "PUT settings", with body
  repairs  calls that repair it
  finding  the finding of the broken lab: stage, status, message and optionally fix, the last two as regular expressions

The findings before and after must be the same, without this finding, and without a problem. The broken lab must have
the finding once, and the verdict of the session is its worst status. Returns the result of the broken lab.
"""

from __future__ import annotations

import re
from typing import Any

import boto3
from ansible.plugins.action import ActionBase

from tests.integration.ansible_plugins.action.step import ActionModule as Step
from tests.integration.ansible_plugins.action.step import Result, failing

ORDER = ("ok", "unknown", "problem")


class ActionModule(Step):
    """The action plugin. It fails with a list of the failed comparisons."""

    def run(self, tmp: Any = None, task_vars: Any = None) -> Result:
        ActionBase.run(self, tmp, task_vars)
        self._variables = task_vars or {}
        self._emulator = self._variables["emulator"]
        self._kind = "path_info"
        step, options = dict(self._task.args), self._task.args.get("options", {})
        before = self._run(options, check=False)
        self._carry_out(step["breaks"])
        broken = self._run(options, check=False)
        self._carry_out(step["repairs"])
        after = self._run(options, check=False)
        wrong = compare(step["finding"], before, broken, after)
        return {**broken, "failed": True, "msg": f"Failed comparisons: {'; '.join(wrong)}."} if wrong else broken

    def _carry_out(self, calls: list[Result]) -> None:
        for call in calls:
            if "control" in call:
                method, name = call["control"].split()
                self._request(method, name, call.get("body"))
                continue
            service = "ec2" if "ec2" in call else "elbv2"
            keys = {"aws_access_key_id": "AKIARZPUZDIKAAAAAAAA", "aws_secret_access_key": "emulator-secret-key"}
            client = boto3.client(service, "eu-west-1", endpoint_url=self._emulator, **keys)
            getattr(client, call[service])(**call.get("parameters", {}))


def compare(expected: Result, before: Result, broken: Result, after: Result) -> list[str]:
    """Compare the three results with the expected finding."""
    failed = [result["msg"] for result in (before, broken, after) if result["failed"]]
    if failed:
        return [f"expected no failure, got {failed}"]
    findings = [broken_one for path in broken["paths"] for broken_one in path["findings"]]
    found = [
        one
        for one in findings
        if one["stage"] == expected["stage"]
        and one["status"] == expected["status"]
        and re.search(expected["message"], one["message"])
        and re.search(expected.get("fix", ""), one["fix"])
    ]
    usual = [one for path in before["paths"] for one in path["findings"]]
    verdicts = [path["verdict"] for path in broken["paths"]]
    worst = max((one["status"] for one in findings), key=ORDER.index)
    return failing(
        {
            f"expected one path, got {len(broken['paths'])}": len(broken["paths"]) == 1,
            f"expected finding {expected}, got {findings}": len(found) == 1,
            f"the finding has no ids: {found}": all(one["ids"] for one in found),
            f"expected a fix of {found}": all(one["fix"] for one in found if one["status"] != "ok"),
            f"the repaired lab has the finding: {usual}": not any(one in usual for one in found),
            f"the repaired lab has a problem: {usual}": not any(one["status"] == "problem" for one in usual),
            f"the repair changes nothing else: {before['paths']}, {after['paths']}": before["paths"] == after["paths"],
            f"the verdict is {verdicts}, the worst status {worst}": verdicts == [worst],
            "it reports no change": not (before["changed"] or broken["changed"] or after["changed"]),
        }
    )
