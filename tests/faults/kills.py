# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed at one of their calls, and runs that meet another of the same task."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass

from . import child
from .cells import Verdict, settle, touched, vanished
from .lab import Lab
from .scenarios import Scenario


@dataclass(frozen=True)
class Kill:
    """SIGKILL at the nth call: before it is sent, or once it is served, before the module learns of it."""

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


def kills(scenario: Scenario, calls: int, number: int, chance: random.Random) -> list[Kill]:
    """So many kills of a scenario that makes so many calls."""
    return [Kill(scenario, chance.randint(1, calls), chance.random() < 0.5) for _kill in range(number)]


def judge_kill(kill: Kill, lab: Lab) -> Verdict:
    """Furnish, run and kill, run again, and a third time."""

    def end(number: int, _action: str) -> None:
        if number == kill.nth:
            os.kill(os.getpid(), signal.SIGKILL)

    lab.reset()
    kill.scenario.furnish(lab)
    before = lab.state()
    options = kill.scenario.options(before)
    around = child.Around(after=end) if kill.served else child.Around(before=end)
    ended = lab.run(kill.scenario.module, options, around, direct=True)
    _quiet(lab)
    wrong = [] if ended.how == "killed" else [f"it was not killed but {ended.how}: {ended.text[-500:]}"]
    after = lab.state()
    wrong += touched(kill.scenario, before, after) + vanished(kill.scenario, after)
    more, refused = settle(kill.scenario, lab, options, before)
    return Verdict("DEFECT" if wrong or more else "refused" if refused else "done", (*wrong, *more))


def judge_pair(pair: Pair, lab: Lab) -> Verdict:
    """Furnish, run twice at once, run again, and another time."""
    lab.reset()
    pair.scenario.furnish(lab)
    before = lab.state()
    options = pair.scenario.options(before)
    runs = [lab.start(pair.scenario.module, options, child.Around(pause=1.0), direct=True) for _run in range(2)]
    ends = [run.wait() for run in runs]
    wrong = [f"{end.how}: {end.text[-1500:]}" for end in ends if end.how not in ("done", "failed")]
    wrong += [f"it says nothing: {end.text}" for end in ends if end.how == "failed" and len(end.message) < 20]
    after = lab.state()
    wrong += touched(pair.scenario, before, after) + vanished(pair.scenario, after)
    more, refused = settle(pair.scenario, lab, options, before)
    failed = any(end.how == "failed" for end in ends)
    how = "refused" if refused else "failed" if failed else "done"
    message = " | ".join(end.message for end in ends if end.how == "failed")
    return Verdict("DEFECT" if wrong or more else how, (*wrong, *more), message)


def _quiet(lab: Lab) -> None:
    """Wait for what was under way when the run was killed."""
    seen = -1
    while (now := len(lab.emulator.log())) != seen:
        seen = now
        time.sleep(0.05)
