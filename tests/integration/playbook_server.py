# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-playbook in forks of one process, because its start takes more processor time than most playbooks.

The process imports Ansible, the modules and their service models once. Each run is a fork with its environment,
configuration and output; the code of ansible-playbook is unchanged, except by the plugin in_process. Requests and
replies are lines of JSON:
{"arguments": [...], "environment": {...}, "stdout": path, "stderr": path}, and the exit status.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pathlib
import subprocess
import sys
import traceback
import warnings
from types import TracebackType
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]


class PlaybookServer:
    """The process, seen from the tests."""

    def __init__(self, python: pathlib.Path, environment: dict[str, str]) -> None:
        """Start it. environment: what all runs have in common; plugin folders cannot differ between runs."""
        command = [python, "-m", "tests.integration.playbook_server"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(
        self, arguments: list[str], environment: dict[str, str], folder: pathlib.Path
    ) -> subprocess.CompletedProcess[str]:
        """Run ansible-playbook. folder: for the files with the output."""
        files = {name: folder / name for name in ("stdout", "stderr")}
        request = {"arguments": arguments, "environment": environment, **{k: str(v) for k, v in files.items()}}
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        status = int(self._process.stdout.readline())
        return subprocess.CompletedProcess(arguments, status, *(path.read_text() for path in files.values()))

    def __enter__(self) -> PlaybookServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def preload_ansible() -> None:
    """Import ansible-playbook and the modules, so that forks inherit them."""
    importlib.import_module("ansible.cli.playbook")
    loader = importlib.import_module("ansible.plugins.loader")
    loader.init_plugin_loader()
    # Each run calls init_plugin_loader again.
    warnings.filterwarnings("ignore", message="AnsibleCollectionFinder has already been configured")
    importlib.import_module("ansible.plugins.action.normal")
    # Each run loads most plugins of these types, with the definitions of their options.
    for kind in ("become", "cache", "callback", "connection", "filter", "inventory", "shell", "strategy", "test"):
        list(getattr(loader, f"{kind}_loader").all(class_only=True))
    importlib.import_module("tests.module_process").preload()
    # The modules have disabled garbage collection. It stays so, because it would copy the memory that forks share.
    gc.freeze()


def reload_configuration() -> None:
    """Read the environment and ~/.ansible.cfg again, but keep the definitions of the plugins' options."""
    constants = importlib.import_module("ansible.constants")
    definitions = constants.config._plugins
    # Other modules of Ansible refer to the module.
    importlib.reload(constants)
    constants.config._plugins.update(definitions)


def run_in_fork(request: dict[str, Any]) -> int:
    """Run ansible-playbook in this process. Returns the exit status."""
    descriptors = [os.open(os.devnull, os.O_RDONLY)]
    created = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    descriptors += [os.open(request[name], created, 0o600) for name in ("stdout", "stderr")]
    for at, descriptor in enumerate(descriptors):
        os.dup2(descriptor, at)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["environment"])
    # Each client and each uri task would load the certificates of the system. The emulator has no TLS.
    os.environ.setdefault("SSL_CERT_FILE", os.devnull)
    reload_configuration()
    sys.argv = ["ansible-playbook", *request["arguments"]]
    status = 70
    try:
        importlib.import_module("ansible.cli.playbook").main(sys.argv)
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    # Deletes temporary files. A normal end would also free each imported object, which takes longer.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def main() -> None:
    preload_ansible()
    for line in sys.stdin:
        process = os.fork()
        if not process:
            os._exit(run_in_fork(json.loads(line)))
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
