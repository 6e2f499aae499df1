# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every module with every fault at every call, killed runs, and concurrent runs. Start: python -m tests.faults

A fault case is one task with one fault at one of its calls: throttling, a 5xx error, a connection reset before the call
is executed, a lost reply, a truncated reply, a slow reply, or a denied action, once or until the end of the run. Other
cases delay the visibility of changes, or let another client delete, create or change the same resource between two
calls. The task must reach the desired state, or fail with a message that names the EC2 action and the created
resources. The next run must reach the desired state, and the run after that must change nothing. Duplicates and changes
of unrelated resources are defects. The exit status is 1 if there is a defect.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import random
import signal
import sys
import time
import traceback
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from . import child, fleet_scenarios, scenarios
from .cases import VERBS, FaultCase, Verdict, cases, judge, run_without_fault, verb
from .kills import Kill, Pair, judge_kill, judge_pair, kills
from .lab import Lab
from .table import COLUMNS, HOW, column, table

Job = FaultCase | Kill | Pair
FLEET_SIZE = 500
_jobs: list[Job] = []
_lab: list[Lab] = []


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="run a small sample of each part")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="seed of the random choices")
    parser.add_argument(
        "--only", default="", help="only scenarios with this prefix, for example: session, filter replace"
    )
    parser.add_argument("--sample", type=int, help="number of fault cases to choose at random")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # runs the cleanup of the labs
    return run(given.quick, given.seed, given.processes, given.only, given.sample)


def run(quick: bool, seed: int, processes: int, only: str, sample: int | None) -> int:
    """Run everything and print the tables. Returns the exit status."""
    began = time.monotonic()
    print(f"seed {seed}", flush=True)
    child.load()
    with ExitStack() as stack:
        labs = [stack.enter_context(Lab()) for _number in range(processes)]
        _jobs[:] = plan(labs[0], quick, random.Random(seed), only, sample)
        fork = multiprocessing.get_context("fork")
        free: Any = fork.SimpleQueue()
        for number in range(processes):
            free.put(number)
        with ProcessPoolExecutor(processes, fork, _take_lab, (labs, free)) as pool:
            verdicts = []
            for job, verdict in zip(_jobs, pool.map(_run_job, range(len(_jobs)))):
                verdicts.append(verdict)
                if verdict.how == "DEFECT":
                    print(f"DEFECT {job.label}", *verdict.why, sep="\n    ", flush=True)
    return print_results(verdicts, time.monotonic() - began)


def plan(lab: Lab, quick: bool, rng: random.Random, only: str, sample: int | None) -> list[Job]:
    """Return the jobs, the long ones first, so that all processes are busy until the end."""
    number = dict(zip(("kills", "fleet", "pairs", "playbooks"), (3, 0, 2, 0) if quick else (290, 20, 150, 24)))
    chosen = [one for one in scenarios.ALL if one.label.startswith(only)]
    calls = {one.label: run_without_fault(one, lab) for one in chosen}
    matrix = [case for one in chosen for case in cases(one, calls[one.label])]
    if quick or sample is not None:
        places = rng.sample(range(len(matrix)), min(len(matrix), 20 if sample is None else sample))
        matrix = [matrix[place] for place in sorted(places)]
    whole = [replace(case, whole=True) for case in matrix if not case.fault.startswith("actor")]
    jobs: list[Job] = [*matrix, *rng.sample(whole, min(len(whole), number["playbooks"]))]
    writers = [one for one in chosen if one.writes]
    names = ("create", "change", "replace")
    small = [one for one in writers if one.name.partition(" ")[0] in names or one.module == "stack"]
    for count, one in zip(_shares(number["kills"], len(small)), small):
        jobs += kills(one, len(calls[one.label]), count, rng)
    for count, one in zip(_shares(number["pairs"], len(writers)), writers):
        jobs += [Pair(one, nth) for nth in range(1, count + 1)]
    if not only or "fleet".startswith(only):
        large = [one for one in fleet_scenarios.fleets(FLEET_SIZE) if one.name in ("create", "change")]
        large = [replace(one, name=f"{one.name} {FLEET_SIZE}") for one in large]
        for count, one in zip(_shares(number["fleet"], len(large)), large):
            # At least one call per session, after the Describe calls.
            jobs = [*kills(one, FLEET_SIZE, count, rng), *jobs]
    return jobs


def _shares(number: int, parts: int) -> list[int]:
    return [number // parts + (at < number % parts) for at in range(parts)] if parts else []


def _take_lab(labs: list[Lab], free: Any) -> None:
    _lab[:] = [labs[free.get()]]


def _run_job(number: int) -> Verdict:
    job, lab = _jobs[number], _lab[0]
    try:
        if isinstance(job, Kill):
            return judge_kill(job, lab)
        return judge_pair(job, lab) if isinstance(job, Pair) else judge(job, lab)
    except Exception:  # a defect of this program must not hide the results of other cases
        return Verdict("DEFECT", (traceback.format_exc(),))


def print_results(verdicts: list[Verdict], seconds: float) -> int:
    """Print the result tables. Returns the exit status."""
    by_scenario: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    by_verb: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    others: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for job, verdict in zip(_jobs, verdicts):
        if not isinstance(job, FaultCase):
            others[job.scenario.label, "killed" if isinstance(job, Kill) else "two at once"][verdict.how] += 1
        elif job.whole:
            others[job.scenario.label, "ansible-playbook"][verdict.how] += 1
        else:
            by_scenario[job.scenario.label, column(job.fault)][verdict.how] += 1
            by_verb[f"{job.scenario.module} {verb(job.action)}", column(job.fault)][verdict.how] += 1
    print("\nDone / failed, then done by the next run / conflict that a person must resolve; ! marks defects\n")
    print(table("scenario", COLUMNS, by_scenario), "\n")
    modules = dict.fromkeys(one.module for one in scenarios.ALL)
    rows = {f"{module} {name}": at for at, (module, name) in enumerate(itertools.product(modules, VERBS))}
    print(table("module, verb", COLUMNS, dict(sorted(by_verb.items(), key=lambda item: rows[item[0][0]]))), "\n")
    print(table("scenario", ("ansible-playbook", "killed", "two at once"), dict(sorted(others.items()))), "\n")
    counts = Counter(verdict.how for verdict in verdicts)
    print(f"{len(verdicts)} in {seconds:.0f} s: {', '.join(f'{counts[how]} {how}' for how in HOW)}")
    return 1 if counts["DEFECT"] else 0


if __name__ == "__main__":
    sys.exit(main())
