# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a module as Ansible makes it, but in a fork of a process that has loaded everything already.

The module is the installed one, with amazon.aws's own AnsibleAWSModule and client; its arguments come in and its result
goes out as JSON, as between Ansible and a module. What a test changes is how long it sleeps between its attempts, and
what happens around its calls: see Hook.
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

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / ".venv/collections"
PREFIX = "ansible_collections.vtap.aws.plugins.modules.ec2_traffic_mirror_"
MODULES = ("session", "filter", "target", "fleet", "session_info", "filter_info", "target_info")
# No run takes so many seconds unless it hangs.
LONGEST = 120.0

# Called with the number of the call, from 1, and its action: before it is sent, or after its reply has come.
Hook = Callable[[int, str], None]


@dataclass(frozen=True)
class Around:
    """What a test does around the calls of a run, in the run's own process. pause: what sleeps are multiplied by."""

    before: Hook | None = None
    after: Hook | None = None
    pause: float = 0.02


@dataclass(frozen=True)
class Ended:
    """How a run ended. how: done, failed, killed or broke, which is a defect. result: what the module printed."""

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
    """Load everything that a run needs, EC2's service model above all, so that forks have it."""
    sys.path.insert(0, str(COLLECTIONS))
    for name in MODULES:
        importlib.import_module(PREFIX + name)
    import boto3
    import botocore.session

    loader = botocore.session.create_loader()
    botocore.session.create_loader = lambda *_: loader
    boto3.session.Session().client("ec2", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")


@dataclass
class Running:
    """A run under way. wait() gives its end."""

    pid: int
    reading: int
    deadline: float = field(default_factory=lambda: time.monotonic() + LONGEST)

    def wait(self) -> Ended:
        """Read to the end. A run that takes too long is killed, and broke."""
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


def _ended(note: str, text: str, status: int) -> Ended:
    if note or "Traceback (most recent call last)" in text:
        return Ended("broke", text=note + text)
    if os.WIFSIGNALED(status):
        return Ended("killed" if os.WTERMSIG(status) == signal.SIGKILL else "broke", text=text)
    try:
        result = json.loads(text.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return Ended("broke", text=text)
    return Ended("failed" if result.get("failed") else "done", result, text)


def start(module: str, options: dict[str, Any], env: dict[str, str], around: Around | None = None) -> Running:
    """Start a module (its name without ec2_traffic_mirror_) with these options and AWS_* variables."""
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
        _main(module, options, env, around or Around())
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)


def run(module: str, options: dict[str, Any], env: dict[str, str], around: Around | None = None) -> Ended:
    """start() and wait()."""
    return start(module, options, env, around).wait()


def _main(module: str, options: dict[str, Any], env: dict[str, str], around: Around) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "ANSIBLE_"))]:
        del os.environ[name]
    os.environ.update(env)
    basic: Any = importlib.import_module("ansible.module_utils.basic")
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    sleep: Callable[[float], None] = time.sleep
    clock: Any = time
    clock.sleep = lambda seconds: sleep(seconds * around.pause)
    # The fleet's pace has its own clock, which must go as fast.
    pace = importlib.import_module(f"{PREFIX.partition('modules')[0]}module_utils._ec2.rate_limiter").RateLimiter
    burst, per_second, now, _sleep = pace.__init__.__defaults__
    pace.__init__.__defaults__ = (burst, per_second, lambda: now() / around.pause, time.sleep)
    with _hooked(around):
        try:
            importlib.import_module(PREFIX + module).main()
        except SystemExit:
            return


@contextmanager
def _hooked(around: Around) -> Iterator[None]:
    """Call the hooks around every HTTP request of the module's clients, one at a time; not around the hooks' own."""
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
            call(around.before, number, action)
        reply = send(self, request)
        if around.after is not None:
            with lock:
                call(around.after, number, action)
        return reply

    if around.before is not None or around.after is not None:
        endpoint._send = sent
    yield
