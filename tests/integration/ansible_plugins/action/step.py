# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a task of a test playbook in check mode, then twice without, and compare the results.

The options are documented in tests/integration/playbooks/tasks/step.yml. Returns predicted, result and rerun, the
results of the three runs; predicted_log and result_log, the emulator's log entries of the first two; and log_again, the
length of the log before the third.
"""

from __future__ import annotations

import abc
import contextlib
import json
import re
import urllib.request
from typing import Any

from ansible.plugins.action import ActionBase

try:
    from ansible._internal._display_utils import DeferredWarningContext as WarningContext
except ImportError:  # before ansible-core 2.19
    WarningContext = None

GROUP = "group/vtap.aws.aws"
# Values that EC2 assigns, apart from ids. Check mode omits new ones.
ASSIGNED = ("arn", "owner_id", "virtual_network_id")
EXPIRES = "vtap:expires"  # the tag of a session with the time and, after a space, the duration

Result = dict[str, Any]


class ActionModule(ActionBase):  # type: ignore[misc]
    """The action plugin. It fails with a list of the failed comparisons."""

    def run(self, tmp: Any = None, task_vars: Any = None) -> Result:
        super().run(tmp, task_vars)
        del tmp
        self._variables = task_vars or {}
        self._emulator = self._variables["emulator"]
        self._kind = self._task.args["kind"]
        step = dict(self._task.args)
        begun = self._log_length()
        predicted = self._prepared_run(step, check=True)
        middle = self._log_length()
        result = self._prepared_run(step, check=False)
        log = self._log()
        predicted_log, result_log = log[begun:middle], log[middle:]
        came: Result = {
            "predicted": predicted,
            "result": result,
            "predicted_log": predicted_log,
            "result_log": result_log,
        }
        came["log_again"] = len(log)
        wrong = [*self._wrong_calls(step, predicted_log, result_log), *self._wrong_results(step, predicted, result)]
        if not wrong and "fails_with" not in step:
            came["rerun"] = self._run(step.get("again", step["options"]), check=False)
            wrong = self._wrong_rerun(step, came["rerun"], result, self._log()[len(log) :])
        if wrong:
            return {**came, "failed": True, "msg": f"Failed comparisons: {'; '.join(wrong)}."}
        return came

    def _prepared_run(self, step: Result, check: bool) -> Result:
        if step.get("settings") is not None:
            self._request("PUT", "settings", step["settings"])
        return self._run(step["options"], check)

    def _run(self, options: Result, check: bool) -> Result:
        """Run the module. Returns the result that a task would register."""
        module = f"vtap.aws.ec2_traffic_mirror_{self._kind}"
        arguments: Result = {}
        for defaults in self._task.module_defaults or ():
            for name in (GROUP, module):
                arguments.update(self._templar.template(defaults.get(name) or {}))
        arguments.update(options)
        self._task.check_mode, self._task.diff = check, True
        # Since ansible-core 2.21, the warnings of a module that a plugin runs are moved to the context of the task.
        with WarningContext(variables=self._variables) if WarningContext else contextlib.nullcontext() as context:
            found: Result = self._execute_module(module, arguments, task_vars=self._variables)
            warned = found.get("warnings") or (context.get_warnings() if context else [])
        # Objects since ansible-core 2.19, whose text is in event.msg. A registered result has texts.
        texts = [one if isinstance(one, str) else one.event.msg for one in warned]
        return {"changed": False, "failed": False, **found, **({"warnings": texts} if texts else {})}

    def _wrong_calls(self, step: Result, predicted_log: list[Result], result_log: list[Result]) -> list[str]:
        predicted = [one["action"] for one in predicted_log if not (one["interleaved"] or one["dry_run"])]
        came = [one["action"] for one in result_log if not one["interleaved"]]
        wanted = step.get("calls")
        return failing(
            {
                "check mode sends only read calls": all(
                    re.match("Describe|GetCallerIdentity", one) for one in predicted
                ),
                f"expected calls {wanted}, got {came}": wanted is None or came == wanted,
                f"expected no calls in check mode, got {predicted}": wanted != [] or predicted == [],
            }
        )

    def _wrong_results(self, step: Result, predicted: Result, result: Result) -> list[str]:
        message = step.get("fails_with")
        if message is not None:
            return failing(
                {
                    f"expected a failure with {message!r}, got {result.get('msg')!r}": fails_with(result, message),
                    f"expected a failure of check mode with {message!r}, got {predicted.get('msg')!r}": not step.get(
                        "fails_in_check_mode", True
                    )
                    or fails_with(predicted, message),
                }
            )
        if result["failed"] or predicted["failed"]:
            return [f"expected no failure, got {predicted.get('msg')!r} and {result.get('msg')!r}"]
        key = f"traffic_mirror_{self._kind}"
        resource, after = predicted[key], result[key]
        expected, known = comparable(resource, after, step.get("assigned", []))
        wanted = {**after, **step.get("has", {})}
        return failing(
            {
                f"changed is {step.get('changed', True)}": result["changed"] == step.get("changed", True),
                "changed is the same in check mode": predicted["changed"] == result["changed"],
                "diff.before is the same in check mode": predicted["diff"]["before"] == result["diff"]["before"],
                "diff.after is the resource in check mode": predicted["diff"]["after"] == resource,
                "diff.after is the resource": result["diff"]["after"] == after,
                f"check mode returned {expected}, the real run {known}": expected == known,
                "actions are the same in check mode": predicted["actions"] == result["actions"],
                "diff is empty without a change": result["changed"] or result["diff"]["before"] == after,
                f"expected a resource with {step.get('has')}, got {after}": wanted == after,
            }
        )

    def _wrong_rerun(self, step: Result, rerun: Result, result: Result, log: list[Result]) -> list[str]:
        calls = [one["action"] for one in log]
        wanted = step.get("again_calls", [f"DescribeTrafficMirror{self._kind.capitalize()}s"])
        wrong = failing({f"expected calls {wanted} of the second run, got {calls}": calls == wanted})
        if "rerun_fails_with" in step:
            message = (
                f"expected a failure of the second run with {step['rerun_fails_with']!r}, got {rerun.get('msg')!r}"
            )
            return [*wrong, *failing({message: fails_with(rerun, step["rerun_fails_with"])})]
        if rerun["failed"]:
            return [*wrong, f"expected no failure of the second run, got {rerun['msg']!r}"]
        key = f"traffic_mirror_{self._kind}"
        return [
            *wrong,
            *failing(
                {
                    f"expected no changes in the second run, got {rerun['actions']}": not (
                        rerun["changed"] or rerun["actions"]
                    ),
                    "the second run returns the same resource": rerun[key] == result[key],
                }
            ),
        ]

    def _log(self) -> list[Result]:
        entries: list[Result] = self._request("GET", "log")
        return entries

    def _log_length(self) -> int:
        return len(self._log())

    def _request(self, method: str, name: str, data: Any = None) -> Any:
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(f"{self._emulator}/_emulator/{name}", data=body, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as reply:
            return json.load(reply)


class PlanStep(ActionModule, abc.ABC):
    """An action plugin for a module with a plan over many objects: in check mode, for real, and again.

    kind: of the module. reruns_failures: whether a task that fails runs a second time, unless EC2 rejects calls.
    """

    kind: str
    reruns_failures: bool

    def run(self, tmp: Any = None, task_vars: Any = None) -> Result:
        ActionBase.run(self, tmp, task_vars)
        self._variables = task_vars or {}
        self._emulator = self._variables["emulator"]
        self._kind = self.kind
        self._step = step = dict(self._task.args)
        ends = [self._log_length()]
        predicted = self._prepared_run(step, check=True)
        ends.append(self._log_length())
        result = self._prepared_run(step, check=False)
        log = self._log()
        came = {"predicted": predicted, "result": result, "result_log": log[ends[1] :]}
        wrong = [
            *failing({"check mode sends only read calls": not writes(log[ends[0] : ends[1]])}),
            *self._wrong_runs(came),
        ]
        is_rerun = step.get("fails_in_check_mode", True) and (self.reruns_failures or not result["failed"])
        if not wrong and is_rerun:
            came["rerun"] = self._run(step["options"], check=False)
            wrong = self._wrong_second_run(came, self._log()[len(log) :])
        return {**came, "failed": True, "msg": f"Failed comparisons: {'; '.join(wrong)}."} if wrong else came

    @abc.abstractmethod
    def _wrong_runs(self, came: Result) -> list[str]:
        """Compare the real run with the expectations of the step, and check mode with the real run."""

    @abc.abstractmethod
    def _wrong_second_run(self, came: Result, log: list[Result]) -> list[str]:
        """Compare a second run with the first. log: the calls of the second run."""


def writes(log: list[Result]) -> list[str]:
    """Return the actions of the log that can change something."""
    return [
        one["action"] for one in log if not (one["dry_run"] or re.match("Describe|GetCallerIdentity", one["action"]))
    ]


def comparable(predicted: Result, came: Result, assigned: list[str]) -> tuple[Result, Result]:
    """Return both resources without values that EC2 assigns and values that check mode has placeholders for.

    Check mode also omits the time that a duration from now leads to.
    """
    omitted = {*ASSIGNED, *assigned} - set(predicted)
    known = {option: value for option, value in came.items() if option not in omitted}
    if " " in came.get("tags", {}).get(EXPIRES, "") and EXPIRES not in predicted.get("tags", {}):
        known["tags"] = {key: value for key, value in came["tags"].items() if key != EXPIRES}
        known.pop("expires_at")
    if "rules" in predicted and len(predicted["rules"]) == len(known.get("rules", [])):
        pairs = [without_placeholders(*pair) for pair in zip(predicted["rules"], known["rules"])]
        predicted = {**predicted, "rules": [one for one, _other in pairs]}
        known = {**known, "rules": [other for _one, other in pairs]}
    return without_placeholders(predicted, known)


def without_placeholders(predicted: Result, came: Result) -> tuple[Result, Result]:
    """Return both dicts without the keys for which the prediction has the placeholder of an id with the same prefix."""
    assigned = {
        option
        for option, value in predicted.items()
        if isinstance(value, str)
        and "-(known after apply: " in value
        and str(came.get(option)).startswith(f"{value.partition('(')[0]}0")
    }
    keep: list[Result] = [{k: v for k, v in one.items() if k not in assigned} for one in (predicted, came)]
    return keep[0], keep[1]


def fails_with(result: Result, pattern: str) -> bool:
    """Return whether the module failed with a message that matches the regular expression."""
    return bool(result["failed"] and re.search(pattern, result["msg"]))


def failing(comparisons: dict[str, Any]) -> list[str]:
    """Return the names of the failed comparisons."""
    return [name for name, holds in comparisons.items() if not holds]
