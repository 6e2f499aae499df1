# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the tasks of a playbook in the process of ansible-playbook, instead of a fork per task.

A fork and the memory it copies take more processor time than most tasks. A task still has its own copy of the task and
the host, and its results are still pickled. The tasks of several hosts run in sequence. Only ansible-core 2.19, which
make test uses, is changed: the worker processes of other versions differ.
"""

from __future__ import annotations

import copy
import importlib
import queue
import sys
from multiprocessing.reduction import ForkingPickler
from typing import Any

import ansible

VERSION = "2.19."


class _Results:
    """The results that tasks send to the thread of the strategy, which prints them.

    The thread receives them at the end of a task, so that it never runs during a task: a module that runs in this
    process replaces sys.stdout and other state of the process.
    """

    def __init__(self) -> None:
        self._sent: queue.Queue[Any] = queue.Queue()
        self._held: list[Any] | None = None
        self._is_handling = False

    def put(self, message: Any) -> None:
        """Send a message: at once, or at the end of the task."""
        pickled = bytes(ForkingPickler.dumps(message))
        if self._held is None:
            self._sent.put(pickled)
        else:
            self._held.append(pickled)

    def get(self) -> Any:
        """Return the next message. The caller has handled the previous one."""
        if self._is_handling:
            self._sent.task_done()
        self._is_handling = True
        return ForkingPickler.loads(self._sent.get())

    def begin_task(self) -> None:
        self._held = []

    def end_task(self) -> None:
        """Send the messages of the task, and wait until they are handled."""
        held, self._held = self._held or [], None
        for message in held:
            self._sent.put(message)
        self._sent.join()


class _Output:
    """A stream with the method getvalue(), which ansible-core calls after each task to detect direct output."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def getvalue(self) -> str:
        return ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def run_tasks_here() -> None:
    """Make later playbooks of this process run their tasks here."""
    if not ansible.__version__.startswith(VERSION):
        return
    worker: Any = importlib.import_module("ansible.executor.process.worker")
    results = _Results()

    def start(self: Any) -> None:
        self._host = copy.copy(self._host)
        self._task = self._task.copy(exclude_tasks=True)
        streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = map(_Output, streams)
        results.begin_task()
        try:
            with worker._task.TaskContext(self._task):
                self._run()
        finally:
            sys.stdout, sys.stderr = streams
            results.end_task()

    worker.WorkerProcess.start = start
    worker.FinalQueue.put = lambda _self, message: results.put(message)
    worker.FinalQueue.get = lambda _self: results.get()
