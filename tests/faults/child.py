# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module as Ansible does, but in a fork of a process that has already imported it.

The module is the installed one, with amazon.aws's AnsibleAWSModule and client. Arguments and result are JSON. A test
can shorten the sleeps between attempts and hook into the calls, see Hook.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import pathlib
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.module_process import PREFIX, preload, set_arguments

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / ".venv/collections"
# Seconds after which a run counts as hanging.
TIMEOUT = 120.0

# Called before a request is sent or after the reply, with the number of the call, from 1, and the action.
Hook = Callable[[int, str], None]


@dataclass(frozen=True)
class Hooks:
    """Hooks around the calls of a run, in the process of the run. pause: the factor for all sleeps."""

    before: Hook | None = None
    after: Hook | None = None
    pause: float = 0.02


@dataclass(frozen=True)
class RunResult:
    """The outcome of a run. how: done, failed, killed or crashed (a defect). result: the JSON of the module."""

    how: str
    result: dict[str, Any] = field(default_factory=dict)
    text: str = ""

    @property
    def message(self) -> str:
        return str(self.result.get("msg", ""))

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))


@functools.cache
def load() -> None:
    """Import everything that a run requires, including EC2's service model, so that forks inherit it."""
    sys.path.insert(0, str(COLLECTIONS))
    preload()


@dataclass
class Running:
    """A running module. wait() returns the outcome."""

    pid: int
    reading: int
    deadline: float = field(default_factory=lambda: time.monotonic() + TIMEOUT)

    def wait(self) -> RunResult:
        """Wait for the end of the run. A run that exceeds the deadline is killed and counts as crashed."""
        text, late = b"", False
        with os.fdopen(self.reading, "rb", buffering=0) as pipe:
            while True:
                ready, _writable, _broken = select.select([pipe], [], [], max(0.0, self.deadline - time.monotonic()))
                if not ready:
                    late = True
                    os.kill(self.pid, signal.SIGKILL)
                    break
                chunk = pipe.read(1 << 16)
                if not chunk:
                    break
                text += chunk
        _pid, status = os.waitpid(self.pid, 0)
        return _ended("hung\n" if late else "", text.decode(errors="replace"), status)


def _ended(note: str, text: str, status: int) -> RunResult:
    if note or "Traceback (most recent call last)" in text:
        return RunResult("crashed", text=note + text)
    if os.WIFSIGNALED(status):
        return RunResult("killed" if os.WTERMSIG(status) == signal.SIGKILL else "crashed", text=text)
    try:
        result = json.loads(text.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return RunResult("crashed", text=text)
    return RunResult("failed" if result.get("failed") else "done", result, text)


def start(module: str, options: dict[str, Any], env: dict[str, str], hooks: Hooks | None = None) -> Running:
    """Start a module. module: the name without ec2_traffic_mirror_. env: AWS_* variables."""
    load()
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Running(pid, reading)
    try:
        os.close(reading)
        for standard in (1, 2):
            os.dup2(writing, standard)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        _main(module, options, env, hooks or Hooks())
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)


def run(module: str, options: dict[str, Any], env: dict[str, str], hooks: Hooks | None = None) -> RunResult:
    """Start a module and wait for the outcome."""
    return start(module, options, env, hooks).wait()


def _main(module: str, options: dict[str, Any], env: dict[str, str], hooks: Hooks) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "ANSIBLE_"))]:
        del os.environ[name]
    os.environ.update(env)
    set_arguments(options)
    sleep: Callable[[float], None] = time.sleep
    clock: Any = time
    clock.sleep = lambda seconds: sleep(seconds * hooks.pause)
    # The rate limiter measures time itself, so speed up its clock as well.
    limiter = importlib.import_module(f"{PREFIX.partition('modules')[0]}module_utils._ec2.rate_limiter").RateLimiter
    burst, per_second, now, _sleep = limiter.__init__.__defaults__
    limiter.__init__.__defaults__ = (burst, per_second, lambda: now() / hooks.pause, time.sleep)
    with _hooked(hooks):
        try:
            importlib.import_module(PREFIX + module).main()
        except SystemExit:
            return


@contextmanager
def _hooked(hooks: Hooks) -> Iterator[None]:
    """Call the hooks around every HTTP request of the module's clients, one at a time, except requests of the hooks."""
    endpoint = importlib.import_module("botocore.endpoint").Endpoint
    send, lock, count = endpoint._send, threading.RLock(), [0]
    busy = threading.local()

    def call(hook: Hook | None, number: int, action: str) -> None:
        if hook is not None:
            busy.now = True
            try:
                hook(number, action)
            finally:
                busy.now = False

    def sent(self: Any, request: Any) -> Any:
        if getattr(busy, "now", False):
            return send(self, request)
        body = request.body if isinstance(request.body, str) else (request.body or b"").decode()
        action = dict(part.partition("=")[::2] for part in body.split("&")).get("Action", "")
        with lock:
            count[0] += 1
            number = count[0]
            call(hooks.before, number, action)
        reply = send(self, request)
        if hooks.after is not None:
            with lock:
                call(hooks.after, number, action)
        return reply

    if hooks.before is not None or hooks.after is not None:
        endpoint._send = sent
    yield
