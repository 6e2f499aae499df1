# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running ansible-rulebook, and the playbook runs that it starts."""

from __future__ import annotations

import math
import os
import pathlib
import subprocess
import threading
from dataclasses import dataclass
from types import TracebackType

# A replacement of ansible-playbook that also logs when each run begins and ends. ansible-rulebook prints the output of
# a failed run twice, so its output does not show the number of runs.
WRAPPER = """#!/bin/sh
echo "$$ $(date +%s.%N)" >> {log}
{program} "$@"
status=$?
echo "$$ $(date +%s.%N) $status" >> {log}
exit $status
"""


@dataclass
class Run:
    """A run of the playbook, in seconds since 1970. ended: 0 while it runs."""

    began: float
    ended: float = 0
    status: int = 0

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class Rulebook:
    """The process. Its runs are logged to a file in folder."""

    def __init__(
        self, venv: pathlib.Path, arguments: list[str], folder: pathlib.Path, environment: dict[str, str]
    ) -> None:
        self._log = folder / "runs.log"
        self._log.touch()
        wrapper = folder / "bin/ansible-playbook"
        wrapper.parent.mkdir(exist_ok=True)
        wrapper.write_text(WRAPPER.format(log=self._log, program=venv / "bin/ansible-playbook"))
        wrapper.chmod(0o755)
        path = os.pathsep.join([str(wrapper.parent), str(venv / "bin"), environment["PATH"]])
        self.output: list[str] = []
        self._process = subprocess.Popen(
            [venv / "bin/ansible-rulebook", *arguments],
            cwd=folder,
            env={**environment, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        self.output.extend(self._process.stdout)

    @property
    def runs(self) -> list[Run]:
        """The runs so far, in the order of their beginning."""
        found: dict[str, Run] = {}
        for line in self._log.read_text().splitlines():
            number, moment, *status = line.split()
            if status:
                found[number].ended, found[number].status = float(moment), int(status[0])
            else:
                found[number] = Run(float(moment))
        return list(found.values())

    @property
    def is_running(self) -> bool:
        """Whether a run has not ended."""
        return any(not run.ended for run in self.runs)

    @property
    def most_at_once(self) -> int:
        """The largest number of runs at the same time."""
        runs = self.runs
        return max(
            (sum(other.began <= run.began < (other.ended or math.inf) for other in runs) for run in runs), default=0
        )

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """Stop the process and read the rest of its output."""
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._reader.join(timeout=5)

    def __enter__(self) -> Rulebook:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
