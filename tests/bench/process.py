# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a whole process against the emulator: wall time, peak memory and API calls."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from tests.emulator.client import Emulator

from .measure import Broken

Command = list[str | pathlib.Path]


@dataclass(frozen=True)
class Run:
    """A process. seconds: wall time. mib: peak memory of the largest process. log: the API calls. output: its text."""

    seconds: float
    mib: int
    log: list[dict[str, Any]]
    output: str = ""

    @property
    def emulator(self) -> float:
        return float(sum(entry["seconds"] for entry in self.log))

    def writes(self, code: str | None = None) -> list[dict[str, Any]]:
        """Return the calls other than Describe and Get, optionally only those with an error code."""
        calls = (entry for entry in self.log if not entry["action"].startswith(("Describe", "Get")))
        return [entry for entry in calls if code in (None, entry["code"])]


def run_process(emulator: Emulator, command: Command, env: dict[str, str], work: pathlib.Path) -> Run:
    """Run a command in the directory `work`. Raises Broken with the end of its output if it fails."""
    emulator.clear_log()
    with open(work / "output", "w+", encoding="utf-8") as output:
        begin = time.perf_counter()
        process = subprocess.Popen(command, env=env, cwd=work, stdout=output, stderr=subprocess.STDOUT)
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise Broken(f"{command[-1]}: {text[-2000:]}")
    # Kibibytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_maxrss * unit // 2**20, emulator.log(), text)
