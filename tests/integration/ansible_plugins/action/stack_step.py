# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a stack task of a test playbook in check mode, then twice without, and compare the results.

Options:

  options              of the module, in addition to module_defaults
  changed              whether the task changes anything (default: true)
  summary              the counts of the summary that are not zero (default: not compared)
  plan                 "action type name" of each row of the plan, in order, as regular expressions (default: not
                       compared)
  calls                the calls of the real run other than Describe, in any order; "DryRun ACTION" for a dry run
                       (default: not compared). Before them must be three Describe calls, more only if the task fails
  warns                regular expressions that the warnings must match; [] means no warnings (default: [])
  fails_with           a regular expression that the message of a task that must fail matches (default: none)
  fails_in_check_mode  whether check mode fails too (default: true; false for errors of EC2, whose results differ)
  settings             of the emulator, set before check mode and again before the real run (default: none)
  assigned             keys that EC2 assigns and that check mode omits, besides ids (default: none)

Returns predicted, result and rerun, the results of the three runs, and result_log, the emulator's log entries of the
second. The third run must make three Describe calls, change nothing and return the same resources. It is omitted if the
second fails.
"""

from __future__ import annotations

import re
from collections import Counter

from tests.integration.ansible_plugins.action.fleet_step import warnings
from tests.integration.ansible_plugins.action.step import PlanStep, Result, comparable, failing, fails_with

READS = ["DescribeTrafficMirrorFilters", "DescribeTrafficMirrorTargets", "DescribeTrafficMirrorSessions"]
LISTS = ("filters", "targets", "sessions")
# The keys of the result that must be the same in check mode.
PREDICTED = ("changed", "failed", "summary", "estimated_duration", "plan", "diff", "omitted")


class ActionModule(PlanStep):
    """The action plugin. It fails with a list of the failed comparisons."""

    kind, reruns_failures = "stack", False

    def _wrong_runs(self, came: Result) -> list[str]:
        wrong = wrong_result(self._step, came["result"], came["result_log"])
        return [*wrong, *wrong_prediction(self._step, came["predicted"], came["result"])]

    def _wrong_second_run(self, came: Result, log: list[Result]) -> list[str]:
        return wrong_rerun(came["rerun"], came["result"], [one["action"] for one in log])


def wrong_result(step: Result, result: Result, log: list[Result]) -> list[str]:
    """Compare the real run with the expectations of the step. log: its calls."""
    message = step.get("fails_with")
    if message is None and result["failed"]:
        return [f"expected no failure, got {result['msg']!r}"]
    if message is not None and not fails_with(result, message):
        return [f"expected a failure with {message!r}, got {result.get('msg')!r}"]
    counts = {key: count for key, count in result.get("summary", {}).items() if count}
    rows = [f"{row['action']} {row['type']} {row['name']}" for row in result.get("plan", [])]
    calls = [("DryRun " if one["dry_run"] else "") + one["action"] for one in log]
    reads = [one for one in calls if one.startswith("Describe")]
    wanted = [*READS, *step.get("calls", [])] if message is None else [*reads, *step.get("calls", [])]
    warned, patterns = warnings(result), step.get("warns", [])
    return failing(
        {
            f"changed is {step.get('changed', True)}": result["changed"] == step.get("changed", True),
            f"expected summary {step.get('summary')}, got {counts}": step.get("summary", counts) == counts,
            f"expected plan {step.get('plan')}, got {rows}": "plan" not in step
            or (
                len(rows) == len(step["plan"])
                and all(re.fullmatch(pattern, row) for pattern, row in zip(step["plan"], rows))
            ),
            f"expected calls {wanted}, got {calls}": "calls" not in step or Counter(calls) == Counter(wanted),
            f"expected no warning, got {warned}": patterns or not warned,
            **{f"expected a warning {one!r}, got {warned}": re.search(one, warned, re.MULTILINE) for one in patterns},
        }
    )


def wrong_prediction(step: Result, predicted: Result, result: Result) -> list[str]:
    """Compare check mode with the real run."""
    if not step.get("fails_in_check_mode", True):
        return failing({f"expected no failure of check mode, got {predicted.get('msg')!r}": not predicted["failed"]})
    if step.get("fails_with") is not None and not fails_with(predicted, step["fails_with"]):
        return [f"expected a failure of check mode, got {predicted.get('msg')!r}"]
    same = {
        f"{key} in check mode: {predicted.get(key)}, in the real run: {result.get(key)}": predicted.get(key)
        == result.get(key)
        for key in PREDICTED
    }
    for key in LISTS:
        expected, known = predicted.get(key, {}), result.get(key, {})
        same[f"{key} in check mode: {list(expected)}, in the real run: {list(known)}"] = list(expected) == list(known)
        for name in expected.keys() & known.keys():
            ours, theirs = comparable(expected[name], known[name], step.get("assigned", []))
            same[f"{key} {name} in check mode: {ours}, in the real run: {theirs}"] = ours == theirs
    warned, came = warnings(predicted), warnings(result)
    same[f"warnings in check mode: {warned}, in the real run: {came}"] = warned == came
    return failing(same)


def wrong_rerun(rerun: Result, result: Result, calls: list[str]) -> list[str]:
    """Compare a second run with the first. calls: of the second run."""
    if rerun["failed"]:
        return [f"expected no failure of the second run, got {rerun['msg']!r}"]
    planned = [row for row in rerun["plan"] if row["action"] != "skip"]
    return failing(
        {
            f"expected no changes in the second run, got {planned}": not (rerun["changed"] or planned),
            f"expected three Describe calls of the second run, got {calls}": calls == READS,
            **{f"the second run returns the same {key}": rerun[key] == result[key] for key in LISTS},
        }
    )
