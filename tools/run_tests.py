# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run every part of make test, then print a line per part and the first failure.

run_tests.py [PART ...]: targets of the Makefile, default: all of PHASES. The output of a part is written to
build/test/PART.log. The exit status is 1 if a part failed.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / "build/test"
# Phases run in sequence, the lanes of a phase in parallel, and the parts of a lane in sequence. integration runs alone,
# because it starts several processes at a time.
PHASES = (
    (("sanity", "docs"), ("lint", "emulator-test", "targets"), ("unit",)),
    (("integration",),),
)
# Maximum number of printed lines of a failure.
SHOWN = 60


@dataclass(frozen=True)
class Outcome:
    """The outcome of a part. seconds: wall time. cpu: processor time of all processes, in seconds."""

    part: str
    status: int
    output: str
    seconds: float
    cpu: float

    @property
    def passed(self) -> int:
        """The number of passed tests; 1 for a part without a test count."""
        counted = re.findall(r"(\d+) passed|found nothing wrong: (\d+) tests|(\d+) targets ran", self.output)
        return sum(int(number) for found in counted for number in found if number) or int(not self.status)

    @property
    def failed(self) -> int:
        counted = re.findall(r"(\d+) (?:failed|errors?)\b", "\n".join(self.output.splitlines()[-3:]))
        return (sum(map(int, counted)) or 1) if self.status else 0


def run(part: str) -> Outcome:
    """Run a part and wait for the end."""
    began = time.monotonic()
    log = LOGS / f"{part}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(["make", "--no-print-directory", part], cwd=ROOT, stdout=file, stderr=file)
        _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    text = log.read_text(errors="replace")
    return Outcome(part, process.returncode, text, seconds, used.ru_utime + used.ru_stime)


def first_failure(output: str) -> list[str]:
    """Return the relevant lines of a failed part: pytest's first failure, or the end of other output."""
    lines = output.rstrip().splitlines()
    # pytest prints "=== FAILURES ===", then "___ name ___" for each failure.
    starts = [at for at, line in enumerate(lines) if re.fullmatch(r"=+ (?:FAILURES|ERRORS) =+", line)]
    if starts:
        names = [at for at, line in enumerate(lines) if at > starts[0] and re.match(r"_{3,} .* _{3,}$|=+ ", line)]
        names.append(len(lines))
        block = lines[names[0] : names[1]]
        return block if len(block) <= SHOWN else [block[0], "[...]", *block[-SHOWN:]]
    return [line for line in lines if not re.match(r"make(\[\d+\])?: \*\*\*", line)][-SHOWN // 2 :]


def table(outcomes: Iterable[Outcome]) -> str:
    """Return the table with a line per part."""
    rows = [("part", "result", "passed", "failed", "seconds", "CPU s")]
    for one in outcomes:
        result = "FAILED" if one.status else "ok"
        rows.append((one.part, result, str(one.passed), str(one.failed), f"{one.seconds:.0f}", f"{one.cpu:.0f}"))
    widths = [max(map(len, column)) for column in zip(*rows)]
    aligned = ([cell.ljust if at < 2 else cell.rjust for at, cell in enumerate(row)] for row in rows)
    return "\n".join("  ".join(align(width) for align, width in zip(row, widths)) for row in aligned)


def main() -> int:
    chosen = sys.argv[1:] or [part for lanes in PHASES for lane in lanes for part in lane]
    LOGS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    outcomes: dict[str, Outcome] = {}

    def follow(lane: Iterable[str]) -> None:
        for part in lane:
            if part in chosen:
                done = outcomes[part] = run(part)
                print(f"{part}: {'FAILED' if done.status else 'ok'} in {done.seconds:.0f} s", flush=True)

    for lanes in PHASES:
        threads = [threading.Thread(target=follow, args=(lane,), daemon=True) for lane in lanes]
        for thread in threads:
            thread.start()  # a daemon, so that an interrupt ends the run instead of starting the next part
        for thread in threads:
            thread.join()
    print("", table(outcomes[part] for part in chosen), "", sep="\n")
    failures = [outcomes[part] for part in chosen if outcomes[part].status]
    counted = f"{len(chosen)} parts in {time.monotonic() - began:.0f} s"
    if not failures:
        print(f"{counted}: all passed")
        return 0
    print(f"{counted}: {len(failures)} FAILED: {', '.join(one.part for one in failures)}")
    print(f"First failure, full output in {LOGS.relative_to(ROOT) / failures[0].part}.log:\n")
    print(*first_failure(failures[0].output), sep="\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
