# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets the modules of a test playbook run in Ansible's own worker processes.

A module normally runs in an interpreter of its own, which unpacks and compiles a zip file, imports boto3 and parses
EC2's service model: half a second of processor time, all of it the same for every task. This plugin does that once, in
the process from which Ansible forks its workers, where main() then runs. The first run of each of our modules in a
playbook, and the first in check mode, still has an interpreter of its own, as for users; so has a task with the
variable in_process: false. Everything else is as without the plugin: templating, module_defaults, environment, the
argument spec, the HTTP requests, the registered result. Only the pauses in which a module waits for what EC2 does not
show yet are shortened.

Not a plugin of the collection: conftest.py and tools/ansible_test_integration.py name its folder.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib.util
import io
import json
import os
import pathlib
import re
import tempfile
import time
import types
import typing
import unittest.mock
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
from ansible.module_utils import basic
from ansible.parsing.ajson import AnsibleJSONEncoder
from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import module_loader

OURS = "vtap.aws.ec2_traffic_mirror_"
# Modules that prepare what ours are tested with. The action plugin of uri executes it by this name.
PREPARING = re.compile(r"ansible\.legacy\.(uri|aws_call)|aws_call|amazon\.aws\.\w+")
# Since 2.19 ansible-core names the way in which arguments and results are serialized.
PROFILE = ("legacy",) if hasattr(basic, "_ANSIBLE_PROFILE") else ()

# What sleeps in a module are multiplied by.
PAUSE = 0.02

execute_in_interpreter = ActionBase._execute_module


def execute_module(
    self: Any, module_name: str | None = None, module_args: Any = None, task_vars: Any = None, **more: Any
) -> Any:
    """Stand in for ActionBase._execute_module."""
    name, variables = module_name or self._task.action, task_vars or {}
    ours = name.startswith(OURS)
    in_process = self._templar.template(variables.get("in_process", True)) if ours else PREPARING.fullmatch(name)
    if not in_process or (ours and is_first(f"{name}-{'check' if self._task.check_mode else 'run'}")):
        return execute_in_interpreter(self, module_name, module_args, task_vars=task_vars, **more)
    arguments = self._task.args if module_args is None else module_args
    self._update_module_args(name, arguments, variables)
    environment: dict[str, str] = {}
    self._compute_environment_string(environment)
    with unittest.mock.patch.dict(os.environ, environment):
        printed = printed_by(main_of(name), arguments)
    return self._parse_returned_data({"stdout": printed, "stderr": ""}, *PROFILE)


def is_first(run: str) -> bool:
    """Whether there was no such run in this playbook. Workers share nothing but files."""
    try:
        pathlib.Path(os.environ["VTAP_RUNS"], run).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def main_of(name: str) -> Any:
    """The main() of a module of a collection, of ansible-core, or of a role."""
    if not name.startswith("ansible.") and name.count(".") == 2:
        collection, _dot, module = name.rpartition(".")
        return importlib.import_module(f"ansible_collections.{collection}.plugins.modules.{module}").main
    spec = importlib.util.spec_from_file_location("module_in_process", module_loader.find_plugin(name, ".py"))
    assert spec is not None and spec.loader is not None
    module_in_process = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module_in_process)
    return module_in_process.main


def printed_by(main: Any, arguments: dict[str, Any]) -> str:
    """What a module's main() prints when it gets these arguments."""
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, cls=encoder()).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    printed = io.StringIO()
    with as_module(), contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        main()
    return printed.getvalue()


def encoder() -> Any:
    """What Ansible encodes a module's arguments with."""
    if not PROFILE:
        return AnsibleJSONEncoder
    encoding = importlib.import_module("ansible.module_utils.common.json")
    return encoding.get_module_encoder("legacy", encoding.Direction.CONTROLLER_TO_MODULE)


@contextlib.contextmanager
def as_module() -> Iterator[None]:
    """Let ansible-core take this process for a module's: it then keeps warnings for the result."""
    internal: Any = importlib.import_module("ansible.module_utils._internal") if PROFILE else types.SimpleNamespace()
    sleep, clock = time.sleep, typing.cast(typing.Any, time)
    internal.is_controller = False
    clock.sleep = lambda seconds: sleep(seconds * PAUSE)
    try:
        yield
    finally:
        internal.is_controller = True
        clock.sleep = sleep


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Load everything as the play begins."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "in_process"

    def v2_playbook_on_start(self, _playbook: Any) -> None:
        folder = tempfile.TemporaryDirectory(prefix="runs-")
        atexit.register(folder.cleanup)
        os.environ["VTAP_RUNS"] = folder.name
        for kind in ("session", "filter", "target", "fleet", "session_info", "filter_info", "target_info"):
            importlib.import_module(f"ansible_collections.vtap.aws.plugins.modules.ec2_traffic_mirror_{kind}")
        loader = botocore.session.create_loader()
        botocore.session.create_loader = lambda *_: loader
        boto3.session.Session().client("ec2", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
        gc.enable()  # which the modules switch off, as their processes end soon
        gc.freeze()
        ActionBase._execute_module = execute_module
