# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the modules of a test playbook in the process of ansible-playbook.

Ansible normally starts an interpreter for each module. It unpacks and compiles a zip file, imports boto3 and parses
EC2's service model, which takes half a second of processor time per task. This plugin imports everything once, and
calls main() in the process that executes the task, see tests/task_process.py. The first run of each module of the
collection, the first run in check mode, tasks with async, and tasks with the variable in_process: false still start an
interpreter. Templating, module_defaults, environment, argument spec, HTTP requests and registered results are
unchanged. Sleeps in modules are shortened.

This is not a plugin of the collection. conftest.py and tools/ansible_test_integration.py configure its folder.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time
import types
import typing
import unittest.mock
from collections.abc import Iterator
from typing import Any

from ansible.module_utils import basic
from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import module_loader

# Ansible loads this file by its path.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4]))

from tests.module_process import preload, printed_by
from tests.task_process import run_tasks_here

DOCUMENTATION = """
name: in_process
type: aggregate
short_description: Run the modules of a test playbook in the process of ansible-playbook
description: The docstring of this file explains how.
options:
  runs:
    description:
      - A folder in which playbooks note the first run of each module.
      - Playbooks with the same folder share the first runs. By default a playbook has a folder of its own.
    type: path
    env: [{name: VTAP_RUNS}]
    ini: [{section: in_process, key: runs}]
"""
OURS = "vtap.aws.ec2_traffic_mirror_"
# Modules of other collections that the tests use. The action plugin of uri executes the module by this name.
PREPARING = re.compile(r"ansible\.legacy\.(uri|aws_call)|aws_call|amazon\.aws\.\w+")
# ansible-core 2.19 introduced named serialization profiles.
PROFILE = ("legacy",) if hasattr(basic, "_ANSIBLE_PROFILE") else ()

# The factor for all sleeps in a module.
PAUSE = 0.02

execute_in_interpreter = ActionBase._execute_module


def execute_module(
    self: Any, module_name: str | None = None, module_args: Any = None, task_vars: Any = None, **more: Any
) -> Any:
    """Replace ActionBase._execute_module."""
    name, variables = module_name or self._task.action, task_vars or {}
    ours = name.startswith(OURS)
    in_process = self._templar.template(variables.get("in_process", True)) if ours else PREPARING.fullmatch(name)
    is_async = bool(self._task.async_val)
    if not in_process or is_async or (ours and is_first(f"{name}-{'check' if self._task.check_mode else 'run'}")):
        return execute_in_interpreter(self, module_name, module_args, task_vars=task_vars, **more)
    arguments = self._task.args if module_args is None else module_args
    self._update_module_args(name, arguments, variables)
    environment: dict[str, str] = {}
    self._compute_environment_string(environment)
    with as_module(), unittest.mock.patch.dict(os.environ, environment):
        printed = printed_by(main_of(name), arguments, encoder())
    parsed = self._parse_returned_data({"stdout": printed, "stderr": ""}, *PROFILE)
    # Since 2.21 an object, of which execute_in_interpreter returns this.
    return parsed.as_result_dict(for_round_trip=True) if hasattr(parsed, "as_result_dict") else parsed


def is_first(run: str) -> bool:
    """Return whether this is the first such run. Processes share the state through files."""
    try:
        pathlib.Path(os.environ["VTAP_RUNS"], run).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def main_of(name: str) -> Any:
    """Return main() of a module of a collection, of ansible-core, or of a role."""
    if not name.startswith("ansible.") and name.count(".") == 2:
        collection, _dot, module = name.rpartition(".")
        return importlib.import_module(f"ansible_collections.{collection}.plugins.modules.{module}").main
    spec = importlib.util.spec_from_file_location("module_in_process", module_loader.find_plugin(name, ".py"))
    assert spec is not None and spec.loader is not None
    module_in_process = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module_in_process)
    return module_in_process.main


def encoder() -> Any:
    """Return the JSON encoder for module arguments."""
    if not PROFILE:
        return importlib.import_module("ansible.parsing.ajson").AnsibleJSONEncoder
    encoding = importlib.import_module("ansible.module_utils.common.json")
    return encoding.get_module_encoder("legacy", encoding.Direction.CONTROLLER_TO_MODULE)


@contextlib.contextmanager
def as_module() -> Iterator[None]:
    """Make ansible-core treat this process as a module, so that warnings are part of the result, and shorten sleeps."""
    internal: Any = importlib.import_module("ansible.module_utils._internal") if PROFILE else types.SimpleNamespace()
    sleep, clock = time.sleep, typing.cast(typing.Any, time)
    internal.is_controller = False
    # The action plugin step runs the module several times in one worker.
    forget_warnings()
    clock.sleep = lambda seconds: sleep(seconds * PAUSE)
    try:
        yield
    finally:
        internal.is_controller = True
        clock.sleep = sleep


def forget_warnings() -> None:
    """Delete the warnings of earlier modules in this process."""
    warnings: Any = importlib.import_module("ansible.module_utils.common.warnings")
    warnings._global_warnings.clear()
    warnings._global_deprecations.clear()


def remove_runs(folder: str, owner: int) -> None:
    """Delete the folder of is_first() at the end of the process that created it; forks inherit this exit handler."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Import all modules when the playbook starts."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "in_process"

    def v2_playbook_on_start(self, _playbook: Any) -> None:
        folder = self.get_option("runs")
        if folder is None:
            folder = tempfile.mkdtemp(prefix="runs-")
            atexit.register(remove_runs, folder, os.getpid())
        os.environ["VTAP_RUNS"] = folder  # for forks
        preload()  # also disables garbage collection, which would copy the memory that forks share
        ActionBase._execute_module = execute_module
        run_tasks_here()
