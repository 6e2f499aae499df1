# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed at one of their calls, and concurrent runs of the same task."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass

from . import child
from .cases import Verdict, check_next_runs, find_lost_replacement, find_unrelated_changes
from .lab import Lab
from .scenario import Scenario


@dataclass(frozen=True)
class Kill:
    """SIGKILL at the nth call: before the request, or, if served, after its execution and before the reply."""

    scenario: Scenario
    nth: int
    served: bool

    @property
    def label(self) -> str:
        return f"{self.scenario.label}: killed {'after' if self.served else 'before'} call {self.nth}"


@dataclass(frozen=True)
class Pair:
    """Two runs of the same task that start together."""

    scenario: Scenario
    nth: int

    @property
    def label(self) -> str:
        return f"{self.scenario.label}: two at once, {self.nth}"


def kills(scenario: Scenario, calls: int, number: int, rng: random.Random) -> list[Kill]:
    """Return `number` random kills of a scenario with this many calls."""
    return [Kill(scenario, rng.randint(1, calls), rng.random() < 0.5) for _kill in range(number)]


def judge_kill(kill: Kill, lab: Lab) -> Verdict:
    """Seed the lab, run and kill the task, then run it twice, and check every outcome."""

    def end(number: int, _action: str) -> None:
        if number == kill.nth:
            os.kill(os.getpid(), signal.SIGKILL)

    lab.reset()
    kill.scenario.seed(lab)
    before = lab.state()
    options = kill.scenario.options(before)
    hooks = child.Hooks(after=end) if kill.served else child.Hooks(before=end)
    ended = lab.run(kill.scenario.module, options, hooks, direct=True)
    _wait_for_calls(lab)
    errors = [] if ended.how == "killed" else [f"the run was not killed: {ended.how}: {ended.text[-500:]}"]
    after = lab.state()
    errors += find_unrelated_changes(kill.scenario, before, after) + find_lost_replacement(kill.scenario, before, after)
    more, conflict = check_next_runs(kill.scenario, lab, options, before)
    return Verdict("DEFECT" if errors or more else "conflict" if conflict else "done", (*errors, *more))


def judge_pair(pair: Pair, lab: Lab) -> Verdict:
    """Seed the lab, run the task twice concurrently, then twice in sequence, and check every outcome."""
    lab.reset()
    pair.scenario.seed(lab)
    before = lab.state()
    options = pair.scenario.options(before)
    runs = [lab.start(pair.scenario.module, options, child.Hooks(pause=1.0), direct=True) for _run in range(2)]
    ends = [run.wait() for run in runs]
    errors = [f"{end.how}: {end.text[-1500:]}" for end in ends if end.how not in ("done", "failed")]
    errors += [f"the message is too short: {end.text}" for end in ends if end.how == "failed" and len(end.message) < 20]
    after = lab.state()
    errors += find_unrelated_changes(pair.scenario, before, after) + find_lost_replacement(pair.scenario, before, after)
    more, conflict = check_next_runs(pair.scenario, lab, options, before, concurrent=True)
    failed = any(end.how == "failed" for end in ends)
    how = "conflict" if conflict else "failed" if failed else "done"
    message = " | ".join(end.message for end in ends if end.how == "failed")
    return Verdict("DEFECT" if errors or more else how, (*errors, *more), message)


def _wait_for_calls(lab: Lab) -> None:
    """Wait for the end of calls that were in progress when the run was killed."""
    seen = -1
    while (now := len(lab.emulator.log())) != seen:
        seen = now
        time.sleep(0.05)
