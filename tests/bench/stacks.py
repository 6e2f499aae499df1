# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the stack module with a script and with tasks of the single modules. Start: python -m tests.bench.stacks

The stack has 5 filters of 6 rules, 5 targets and 50 sessions. It is created, left unchanged, changed in five places and
deleted, and left unchanged among 10,000 sessions of other owners. The figures are:

stack           the time that one stack task adds to a playbook
script          a whole process of bare_stack.py
single tasks    the time that loops of the filter, target and session module over the same document add to a playbook

The first task of each module in a playbook is not timed, because ansible-playbook packs the module for it. The time
spent in the emulator, from its log, is listed separately. The runs of a round follow each other.

The exit status is 1 if a stack task, or the script, makes other calls than expected. Times are compared with targets,
but do not fail the run.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.emulator.client import Emulator

from .measure import Broken, environment, play_command
from .stack_document import (
    CHANGE,
    CREATE,
    DELETE,
    FILTERS,
    RULES,
    SCENARIOS,
    TARGETS,
    UNCHANGED,
    Document,
    Task,
    change,
    document,
    expected_calls,
    single_tasks,
)
from .start import parse_arguments, print_machine
from .subjects import FILTER, FILTER_ID, SESSION, TARGET, TARGET_ID
from .table import align, verdict

STACK = "vtap.aws.ec2_traffic_mirror_stack"
# EC2 allows 10 sources per interface target, so 50 sessions are the maximum of 5 targets.
SESSIONS, OTHERS, QUICK_PART = 50, 10000, 10
MOST_RATIO, LEAST_GAIN = 1.5, 15
WORKERS = 10
# Without a rate limit, as the emulator and the script.
UNBOUND = {"api_rate": 100000, "api_burst": 100000}

_RESULT = re.compile(r"(ok|changed|failed|skipping|fatal): \[localhost\]")


@dataclass(frozen=True)
class Run:
    """A scenario as tasks or as a process: wall time in seconds, and the API calls."""

    seconds: float
    log: list[dict[str, Any]]

    @property
    def emulator(self) -> float:
        return float(sum(entry["seconds"] for entry in self.log))

    @property
    def calls(self) -> Counter[str]:
        return Counter(entry["action"] for entry in self.log)


@dataclass(frozen=True)
class Step:
    """Tasks of a playbook that are timed together. changed: the number of results that must be changed."""

    name: str
    tasks: list[Task]
    changed: int


@dataclass(frozen=True)
class Round:
    """The runs of one scenario that follow each other. single is None if the scenario has no single tasks."""

    stack: Run
    script: Run
    single: Run | None = None


class Bench:
    """Runs against one emulator. work: a directory for playbooks and Ansible's files."""

    def __init__(self, emulator: Emulator, work: pathlib.Path, sessions: int) -> None:
        self.emulator, self.work, self.sessions = emulator, work, sessions
        self.env = environment(emulator, work)
        self.missed: list[str] = []
        self.documents: tuple[Document, Document] = ({}, {})

    def fresh(self) -> tuple[Document, Document]:
        """Return the document, and the document with five changes, for an account without the stack."""
        self.emulator.reset()
        stack = document(self.emulator.bulk_seed(self.sessions + TARGETS)["interfaces"], self.sessions)
        return stack, change(stack)

    def stack(self, *scenarios: str) -> dict[str, Run]:
        """Run one stack task for each scenario. The account is not reset unless the stack is created."""
        if CREATE in scenarios:
            self.documents = self.fresh()
        stack, changed = ({STACK: {**one, **UNBOUND, "workers": WORKERS}} for one in self.documents)
        gone = {STACK: {"name": stack[STACK]["name"], "state": "absent", **UNBOUND, "workers": WORKERS}}
        tasks = {CREATE: stack, UNCHANGED: stack, CHANGE: changed, DELETE: gone}
        first = {STACK: {"name": "warm-up", "state": "absent"}}
        steps = [Step(one, [tasks[one]], 0 if one == UNCHANGED else 1) for one in scenarios]
        return self._play([Step("warm-up", [first], 0), *steps])

    def single(self) -> dict[str, Run]:
        """Run loops of the single modules for each scenario."""
        stack, changed = self.fresh()
        everything = FILTERS + TARGETS + self.sessions
        warm_up = [{module: {"name": "warm-up", "state": "absent"}} for module in (FILTER, TARGET, SESSION)]
        return self._play(
            [
                Step("warm-up", warm_up, 0),
                Step(CREATE, single_tasks(stack), everything),
                Step(UNCHANGED, single_tasks(stack), 0),
                Step(CHANGE, single_tasks(changed), 5),
                Step(DELETE, single_tasks(changed, absent=True), everything),
            ]
        )

    def scripts(self) -> dict[str, Run]:
        """Run bare_stack.py for each scenario."""
        stack, changed = self.fresh()
        return {
            CREATE: self.script("present", stack),
            UNCHANGED: self.script("present", stack),
            CHANGE: self.script("present", changed),
            DELETE: self.script("absent", changed),
        }

    def script(self, what: str, stack: Document) -> Run:
        """Run bare_stack.py once."""
        path = self.work / "document.json"
        path.write_text(json.dumps(stack))
        script = pathlib.Path(__file__).with_name("bare_stack.py")
        self.emulator.clear_log()
        command = [sys.executable, str(script), what, str(path), str(WORKERS)]
        begin = time.perf_counter()
        done = subprocess.run(command, env=self.env, cwd=self.work, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - begin
        if done.returncode:
            raise Broken(f"{script.name} {what}: {done.stderr[-2000:]}")
        return Run(seconds, self.emulator.log())

    def crowd(self, others: int) -> None:
        """Create the stack in an account with other sessions. The script creates what the module then accepts."""
        self.documents = self.fresh()
        self.script("present", self.documents[0])
        self.emulator.bulk_seed(others, sessions={"target": TARGET_ID, "filter": FILTER_ID, "tags": {"Team": "other"}})

    def expect_calls(self, what: str, run: Run, expected: Counter[str]) -> bool:
        """Return whether the calls are those. Otherwise, record the differences."""
        actions = sorted(action for action in run.calls | expected if run.calls[action] != expected[action])
        if actions:
            wrong = ", ".join(f"{run.calls[action]} {action} instead of {expected[action]}" for action in actions)
            self.missed.append(f"{what}: {wrong}")
        return not actions

    def _play(self, steps: list[Step]) -> dict[str, Run]:
        """Run a playbook. A step lasts from the last result before it to its own last result."""
        play = self.work / "playbook.yml"
        tasks = [task for step in steps for task in step.tasks]
        play.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))  # JSON is YAML
        self.emulator.clear_log()
        ends: list[float] = []
        statuses: list[str] = []
        lines: list[str] = []
        with subprocess.Popen(
            play_command(play),
            env=self.env,
            cwd=self.work,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                now = time.time()
                lines.append(line)
                if result := _RESULT.match(line):
                    ends.append(now)
                    statuses.append(result[1])
        output = "".join(lines)[-2000:]
        if process.returncode:
            raise Broken(output)
        log = self.emulator.log()
        runs: dict[str, Run] = {}
        begin, done = 0.0, 0
        for step in steps:
            last = done + sum(len(task.get("loop", [None])) for task in step.tasks)
            found = Counter(statuses[done:last])
            if found != Counter({"changed": step.changed, "ok": last - done - step.changed}):
                raise Broken(f"{step.name}: {dict(found)}, expected {step.changed} of {last - done} changed\n{output}")
            end = ends[last - 1]
            runs[step.name] = Run(end - begin, [entry for entry in log if begin <= entry["time"] < end])
            begin, done = end, last
        return runs


def _rows(bench: Bench, name: str, rounds: list[Round], expected: Counter[str]) -> tuple[str, ...]:
    """Return the row of a scenario: medians of the rounds, and medians of the ratios within each round."""
    met = [bench.expect_calls(f"{name} by a stack", one.stack, expected) for one in rounds]
    for one in rounds:
        bench.expect_calls(f"{name} by a script", one.script, expected)
    ratio = median(one.stack.seconds / one.script.seconds for one in rounds)
    singles = [(one.single, one.single.seconds / one.stack.seconds) for one in rounds if one.single]
    gain = median(gain for _single, gain in singles) if singles else 0.0
    calls = sorted({one.stack.calls.total() for one in rounds})

    def of(runs: list[Run]) -> tuple[str, str, str]:
        return (
            f"{median(run.calls.total() for run in runs):.0f}",
            f"{median(run.seconds for run in runs):.2f}",
            f"{median(run.emulator for run in runs):.2f}",
        )

    return (
        name,
        verdict(f"{'-'.join(map(str, calls))} of {expected.total()}", all(met)),
        *of([one.stack for one in rounds])[1:],
        *of([one.script for one in rounds]),
        verdict(f"{ratio:.2f} of {MOST_RATIO}", ratio <= MOST_RATIO),
        *(of([single for single, _gain in singles]) if singles else ("", "", "")),
        verdict(f"{gain:.0f} x, target {LEAST_GAIN}", gain >= LEAST_GAIN) if singles else "",
    )


def scenarios(bench: Bench, rounds: int) -> list[tuple[str, ...]]:
    """Create, keep, change and delete the stack in every way."""
    found: dict[str, list[Round]] = {scenario: [] for scenario in SCENARIOS}
    for number in range(1, rounds + 1):
        begin = time.monotonic()
        stack, script, single = bench.stack(*SCENARIOS), bench.scripts(), bench.single()
        for scenario in SCENARIOS:
            found[scenario].append(Round(stack[scenario], script[scenario], single[scenario]))
        print(f"round {number} of {rounds}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return [_rows(bench, name, found[name], expected_calls(name, bench.sessions)) for name in SCENARIOS]


def crowded(bench: Bench, rounds: int, others: int) -> tuple[str, ...]:
    """Keep the stack among other sessions."""
    bench.crowd(others)
    found = []
    for _round in range(rounds):
        stack, script = bench.stack(UNCHANGED)[UNCHANGED], bench.script("present", bench.documents[0])
        found.append(Round(stack, script))
    expected = expected_calls(UNCHANGED, bench.sessions, others)
    return _rows(bench, f"{UNCHANGED}, {others:,} other sessions", found, expected)


def main() -> int:
    arguments = parse_arguments("tests.bench.stacks", __doc__)
    part, rounds = (QUICK_PART, 1) if arguments.quick else (1, arguments.rounds)
    sessions, others = SESSIONS // part, OTHERS // part
    print_machine()
    with tempfile.TemporaryDirectory() as work, Emulator() as emulator:
        bench = Bench(emulator, pathlib.Path(work), sessions)
        try:
            rows = [*scenarios(bench, rounds), crowded(bench, rounds, others)]
        except Broken as error:
            print(error, file=sys.stderr)
            return 2
    one_stack = f"{FILTERS} filters of {RULES} rules, {TARGETS} targets, {sessions} sessions"
    head = (
        *(one_stack, "calls of stack", "s", "emulator"),
        *("script: calls", "s", "emulator", "stack / script"),
        *("single tasks: calls", "s", "emulator", "stack is faster"),
    )
    print(f"{rounds} rounds. Medians over the rounds; ratios are medians of those within each round.\n")
    print(align(head, rows))
    print("", *bench.missed, sep="\n" if bench.missed else "")
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
