# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every subject once, record the end of each item, and assign the API calls to items by time.

ansible-playbook prints an item's line as soon as the item is done, so the time between two lines is what the later
item cost, start of its process included, and what a play costs once falls away. A script's items end with its process.
The first item of a loop is not timed: it carries what the loop costs once.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from tests.emulator.client import Emulator

from .subjects import FILTER_ID, ITEMS, PLAY, SCRIPTS, TARGET_ID, Subject, playbook

ROOT = pathlib.Path(__file__).resolve().parents[2]
_TASK = re.compile(r"TASK \[(.*)\] \**$")
_ITEM = re.compile(r"(ok|changed|failed|skipping): \[localhost\] => \(item=")


class Broken(Exception):
    """A subject did not produce the expected result."""


@dataclass(frozen=True)
class Span:
    """The begin and end of an item, by the clock of the call log."""

    subject: Subject
    begin: float
    end: float


@dataclass(frozen=True)
class Figures:
    """The results of a subject in one round: seconds and actions of each item."""

    seconds: float
    calls: tuple[tuple[str, ...], ...]


def environment(emulator: Emulator, work: pathlib.Path) -> dict[str, str]:
    """Return a minimal environment, without the developer's credentials, Ansible settings and Python settings."""
    settings = work / "ansible.cfg"
    settings.write_text("")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(work),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_HOME": str(work / "ansible"),
        "ANSIBLE_REMOTE_TMP": str(work / "ansible/tmp"),
        "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".venv/collections")),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "1",
        # Ansible does not flush its output, whose lines are timed.
        "PYTHONUNBUFFERED": "1",
        **emulator.env,
    }


def play_command(playbook: pathlib.Path) -> list[str | pathlib.Path]:
    """Return the ansible-playbook command."""
    return [
        pathlib.Path(sys.executable).with_name("ansible-playbook"),
        *("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"),
        playbook,
    ]


class Bench:
    """Rounds against one emulator. work: a directory for the playbook and Ansible's files."""

    def __init__(self, emulator: Emulator, work: pathlib.Path, items: int) -> None:
        self.emulator = emulator
        self.work = work
        self.items = items
        self.play = work / "playbook.yml"
        self.play.write_text(json.dumps(playbook(items)))  # JSON is YAML
        self.env = environment(emulator, work)

    def round(self) -> dict[Subject, Figures]:
        """Run every subject once on a fresh lab. Raises Broken."""
        self.emulator.reset()
        spans = [*self._run_play(), *(span for subject in SCRIPTS for span in self._run_script(subject))]
        log = self.emulator.log()
        return {subject: self._figures(subject, spans, log) for subject in (*PLAY, *SCRIPTS)}

    def _figures(self, subject: Subject, spans: list[Span], log: list[dict[str, Any]]) -> Figures:
        mine = [span for span in spans if span.subject is subject]
        if len(mine) != self.items:
            raise Broken(f"{subject.label}: {len(mine)} items, expected {self.items}")
        calls = tuple(tuple(e["action"] for e in log if span.begin <= e["time"] < span.end) for span in mine)
        return Figures((mine[-1].end - mine[0].end) / (len(mine) - 1), calls)

    def _run_play(self) -> list[Span]:
        spans: list[Span] = []
        lines: list[str] = []
        subjects = {subject.label: subject for subject in PLAY}
        subject, begin = PLAY[0], time.time()
        with subprocess.Popen(
            play_command(self.play),
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
                if task := _TASK.match(line):
                    subject, begin = subjects[task[1]], now
                elif item := _ITEM.match(line):
                    if item[1] != subject.status:
                        lines.append(f"{subject.label}: {item[1]}, expected {subject.status}\n")
                        process.kill()
                        break
                    spans.append(Span(subject, begin, now))
                    begin = now
        if process.returncode:
            raise Broken("".join(lines[-30:]))
        return spans

    def _run_script(self, subject: Subject) -> list[Span]:
        script = pathlib.Path(__file__).with_name("bare.py")
        spans = []
        begin = time.time()
        for item in ITEMS[: self.items]:
            values = (subject.does, item["interface"], item["name"], FILTER_ID, TARGET_ID)
            done = subprocess.run(
                [sys.executable, script, *values],
                env=self.env,
                cwd=self.work,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise Broken(f"{subject.label}: {done.stderr}")
            end = time.time()
            spans.append(Span(subject, begin, end))
            begin = end
        return spans
