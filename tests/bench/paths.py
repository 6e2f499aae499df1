# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the path module with a script that makes calls for each session. Start: python -m tests.bench.paths

The module checks all sessions of an account (path_account.py), the script (bare_path.py) a sample of the same sessions.
Every figure is for a whole process: ansible-playbook with one task, or the script. "ms each" is the time divided by the
number of sessions. The time spent in the emulator, from its log, is listed separately. The runs of a round follow each
other.

The exit status is 1 if the module makes more calls than expected or a call that changes something: 60 per 1,000
sessions, 5 per load balancer, 2 per further target group and 1 per prefix list. It is 2 if the module or the script
finds other problems than those of the account. Times do not fail the run.
"""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile
import time
from statistics import median

from tests.emulator.client import Emulator

from .measure import Broken, environment, play_command
from .path_account import Account, seed
from .process import Command, Run, run_process
from .start import parse_arguments, print_machine
from .table import align, verdict

PATH = "vtap.aws.ec2_traffic_mirror_path_info"
# The number of sessions, and whether to read metrics.
SCENARIOS = ((100, False), (1000, False), (1000, True), (10000, False))
SAMPLE, QUICK_PART = 50, 10

Pair = tuple[Run, Run]


class Bench:
    """Runs against one emulator. work: a directory for playbooks and Ansible's files."""

    def __init__(self, emulator: Emulator, work: pathlib.Path) -> None:
        self.emulator, self.work = emulator, work
        self.env = environment(emulator, work)
        self.missed: list[str] = []

    def module(self, account: Account, metrics: bool) -> Run:
        """Run one task over all sessions. Raises Broken if the verdicts are not those of the account."""
        # failed_when requires no further task, so the time includes only what a user's task with register takes.
        task = {
            PATH: {"metrics": metrics},
            "register": "path",
            "failed_when": f"path.summary | default({{}}) != {account.summary}",
        }
        play = self.work / "playbook.yml"
        play.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))  # JSON is YAML
        return run_process(self.emulator, play_command(play), self.env, self.work)

    def script(self, account: Account, metrics: bool, number: int) -> Run:
        """Run bare_path.py over a sample. Raises Broken if it finds other problems than those of the account."""
        script, sample = pathlib.Path(__file__).with_name("bare_path.py"), account.sample(number)
        command: Command = [sys.executable, script, "yes" if metrics else "no", *sample]
        run = run_process(self.emulator, command, self.env, self.work)
        found = {line.partition(" ")[0] for line in run.output.splitlines() if " has a problem: " in line}
        if found != account.closed.intersection(sample):
            raise Broken(f"{script.name} found these problems:\n{run.output[-2000:]}")
        return run

    def row(self, account: Account, metrics: bool, pairs: list[Pair]) -> tuple[str, ...]:
        """Return the row of a scenario: medians of the rounds, and medians of the ratios within each round."""
        size, sample = len(account.sessions), len(account.sample(SAMPLE))
        name = f"{size:,}{' with metrics' if metrics else ''}"
        modules, scripts = zip(*pairs, strict=True)
        calls, most = max(len(run.log) for run in modules), account.most_calls
        if calls > most:
            self.missed.append(f"{name}: {calls} calls, expected at most {most}")
        for action in sorted({entry["action"] for run in modules for entry in run.writes()}):
            self.missed.append(f"{name}: the module called {action}")
        gain = median(script.seconds / sample / (module.seconds / size) for module, script in pairs)

        def each(runs: tuple[Run, ...], number: int) -> tuple[str, str, str]:
            seconds = median(run.seconds for run in runs)
            emulator = median(run.emulator for run in runs)
            return f"{seconds:.2f}", f"{emulator:.2f}", f"{seconds / number * 1000:.2f}"

        return (
            name,
            verdict(f"{calls} of {most}", calls <= most),
            *each(modules, size),
            f"{max(run.mib for run in modules)}",
            f"{sample}: {median(len(run.log) for run in scripts):.0f}",
            *each(scripts, sample),
            f"{gain:.1f} x",
        )


def _rows(bench: Bench, part: int, rounds: int) -> list[tuple[str, ...]]:
    rows, account = [], Account([], frozenset(), 0)
    for size, metrics in SCENARIOS:
        begin = time.monotonic()
        if len(account.sessions) != size // part:
            account = seed(bench.emulator, size // part)
        pairs = [(bench.module(account, metrics), bench.script(account, metrics, SAMPLE)) for _round in range(rounds)]
        rows.append(bench.row(account, metrics, pairs))
        print(f"sessions: {rows[-1][0]}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return rows


def main() -> int:
    arguments = parse_arguments("tests.bench.paths", __doc__)
    part, rounds = (QUICK_PART, 1) if arguments.quick else (1, arguments.rounds)
    print_machine()
    with tempfile.TemporaryDirectory() as work, Emulator() as emulator:
        bench = Bench(emulator, pathlib.Path(work))
        try:
            rows = _rows(bench, part, rounds)
        except Broken as error:
            print(error, file=sys.stderr)
            return 2
    head = (
        *("sessions", "calls of the module", "s", "emulator", "ms each", "MiB"),
        *("script: sessions, calls", "s", "emulator", "ms each", "module is faster"),
    )
    print(f"{rounds} rounds. Medians over the rounds; ratios are medians of those within each round.\n")
    print(align(head, rows))
    print("", *bench.missed, sep="\n" if bench.missed else "")
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
