# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a fleet task of a test playbook in check mode, then twice without, and compare the results.

Options:

  options              of the module, in addition to module_defaults
  changed              whether the task changes anything (default: true)
  summary              the counts of the summary that are not zero (default: not compared)
  coverage             keys and values of the coverage (default: not compared)
  reasons              {variable: regular expression}; the interface whose id the variable has must have a row with a
                       matching reason
  warns                regular expressions that the warnings must match; [] means no warnings (default: not compared)
  fails_with           a regular expression that the message of a task that must fail matches (default: none)
  fails_in_check_mode  whether check mode fails too (default: true; false for errors of EC2, whose results differ)
  settings             of the emulator, set before check mode and again before the real run (default: none)

Returns predicted, result and rerun, the results of the three runs, and result_log, the emulator's log entries of the
second. The third run must change nothing and return the same coverage; it is omitted if EC2 rejects calls.
"""

from __future__ import annotations

import re

from tests.integration.ansible_plugins.action.step import PlanStep, Result, failing, fails_with, writes

# The keys of the result that must be the same in check mode.
PREDICTED = ("changed", "failed", "summary", "causes", "estimated_duration", "plan", "notes", "diff", "omitted")
# Ids that EC2 assigns, and their placeholders.
ID = re.compile(r"tm[fst]-(\(known after apply[^)]*\)|[0-9a-f]{17})")


class ActionModule(PlanStep):
    """The action plugin. It fails with a list of the failed comparisons."""

    kind, reruns_failures = "fleet", True

    def _wrong_runs(self, came: Result) -> list[str]:
        ids = {name: self._id(name) for name in self._step.get("reasons", {})}
        wrong = wrong_result(self._step, came["result"], ids)
        return [*wrong, *wrong_prediction(self._step, came["predicted"], came["result"])]

    def _wrong_second_run(self, came: Result, log: list[Result]) -> list[str]:
        return wrong_rerun(self._step, came["rerun"], came["result"], writes(log))

    def _id(self, name: str) -> str:
        """Return the value of a variable of the play. It can be a template, such as an item of another variable."""
        return str(self._templar.template(self._variables[name]))


def warnings(result: Result) -> str:
    """Return the warnings as text, with the same text for all ids of mirroring resources."""
    return ID.sub("ID", "\n".join(result.get("warnings", [])))


def coverage(result: Result) -> Result:
    """Return the coverage without the ids of sessions, which check mode does not know."""
    found = dict(result["coverage"])
    found["dead_sessions"] = [(one["network_interface_id"], one["reason"]) for one in found["dead_sessions"]]
    return found


def wrong_result(step: Result, result: Result, ids: dict[str, str]) -> list[str]:
    """Compare the real run with the expectations of the step. ids: of interfaces, by the name of their variable."""
    message = step.get("fails_with")
    if message is None and result["failed"]:
        return [f"expected no failure, got {result['msg']!r}"]
    if message is not None and not fails_with(result, message):
        return [f"expected a failure with {message!r}, got {result.get('msg')!r}"]
    counts = {key: count for key, count in result.get("summary", {}).items() if count}
    reasons = {row["network_interface_id"]: row["reason"] for row in result.get("plan", [])}
    measured = {key: result.get("coverage", {}).get(key) for key in step.get("coverage", {})}
    warned, wanted = warnings(result), step.get("warns")
    return failing(
        {
            f"changed is {step.get('changed', True)}": result["changed"] == step.get("changed", True),
            f"expected summary {step.get('summary')}, got {counts}": step.get("summary", counts) == counts,
            f"expected coverage {step.get('coverage')}, got {measured}": step.get("coverage", {}) == measured,
            f"expected no warning, got {warned}": wanted != [] or not warned,
            **{
                f"expected a warning {one!r}, got {warned}": re.search(one, warned, re.MULTILINE)
                for one in wanted or ()
            },
            **{
                f"expected reason {pattern!r} of {name}, got {reasons}": re.search(
                    pattern, reasons.get(ids[name], "no row")
                )
                for name, pattern in step.get("reasons", {}).items()
            },
        }
    )


def wrong_prediction(step: Result, predicted: Result, result: Result) -> list[str]:
    """Compare check mode with the real run."""
    if not step.get("fails_in_check_mode", True):
        return failing({f"expected no failure of check mode, got {predicted.get('msg')!r}": not predicted["failed"]})
    same = {
        f"{key} in check mode: {predicted.get(key)}, in the real run: {result.get(key)}": predicted.get(key)
        == result.get(key)
        for key in PREDICTED
    }
    if "coverage" in result or "coverage" in predicted:
        planned, measured = coverage(predicted), coverage(result)
        same[f"coverage in check mode: {planned}, in the real run: {measured}"] = planned == measured
    warned, came = warnings(predicted), warnings(result)
    same[f"warnings in check mode: {warned}, in the real run: {came}"] = warned == came
    if step.get("fails_with") is not None:
        same[f"expected a failure of check mode, got {predicted.get('msg')!r}"] = fails_with(
            predicted, step["fails_with"]
        )
    vnis = {row["network_interface_id"]: row for row in result.get("vni_map", [])}
    same["vni_map in check mode has the rows of existing sessions"] = all(
        vnis.get(row["network_interface_id"]) == row for row in predicted.get("vni_map", [])
    )
    return failing(same)


def wrong_rerun(step: Result, rerun: Result, result: Result, sent: list[str]) -> list[str]:
    """Compare a second run with the first: it changes nothing. sent: the calls that can change something."""
    if "coverage" not in result:
        return failing({f"expected no calls of the second run, got {sent}": not sent})
    open_rows = [
        row for row in rerun["plan"] if row["action"] not in ("skip", "unchanged") and row.get("status") != "held_back"
    ]
    return failing(
        {
            f"expected no changes in the second run, got {open_rows}": not (rerun["changed"] or open_rows or sent),
            f"the second run returns coverage {rerun['coverage']}": rerun["coverage"] == result["coverage"],
            f"the second run fails with {rerun.get('msg')!r}": rerun["failed"] == result["failed"],
            "the second run fails with the same message": not rerun["failed"] or fails_with(rerun, step["fails_with"]),
        }
    )
