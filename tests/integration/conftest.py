# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures that run playbooks as users do: ansible-playbook, the installed collection, and an endpoint over HTTP.

make matrix sets VTAP_ENVIRONMENT, the folder of another environment, and VTAP_MODULE_PYTHON, the interpreter of the
modules.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.emulator.client import Emulator
from tests.integration.fleet_accounts import playbook_runner, seed_accounts

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAYBOOKS = ROOT / "tests/integration/playbooks"
PLACE = pathlib.Path(os.environ.get("VTAP_ENVIRONMENT", ROOT / ".venv"))
MODULE_PYTHON = os.environ.get("VTAP_MODULE_PYTHON", sys.executable)
PLUGINS = {
    "ANSIBLE_ACTION_PLUGINS": str(ROOT / "tests/integration/ansible_plugins/action"),
    "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/integration/ansible_plugins/callback"),
}


def recap(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Return the counts of the play recap: {"ok": 2, "changed": 1, ...}."""
    return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", done.stdout.partition("PLAY RECAP")[2])}


@pytest.fixture(scope="session")
def running() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.reset()
    return running


@pytest.fixture(scope="session")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment variables of the plugins that save one interpreter per task, see in_process.py.

    The first run of each module in all playbooks of this process starts an interpreter.
    """
    return {**PLUGINS, "VTAP_RUNS": str(tmp_path_factory.mktemp("runs"))}


@pytest.fixture
def start(emulator: Emulator, tmp_path: pathlib.Path, plugins: dict[str, str]) -> Callable[..., subprocess.Popen[str]]:
    """Return a function that starts a playbook against a fresh lab.

    playbook: a file in tests/integration/playbooks, the full name of a playbook in a collection, or YAML text.
    in_process: whether YAML text runs with the plugins. The other playbooks always do.
    """

    def begin(playbook: str, *arguments: str, in_process: bool = False) -> subprocess.Popen[str]:
        path, used_plugins = PLAYBOOKS / playbook if playbook.endswith(".yml") else playbook, plugins
        if "\n" in playbook:
            used_plugins = plugins if in_process else {}
            path = tmp_path / "playbook.yml"
            path.write_text(playbook)
        return subprocess.Popen(
            [
                PLACE / "bin/ansible-playbook",
                *("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={MODULE_PYTHON}"),
                *("-e", f"emulator={emulator.url}"),
                *arguments,
                path,
            ],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_COLLECTIONS_PATH": str(PLACE / "collections"),
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_PIPELINING": "true",
                "ANSIBLE_REMOTE_TMP": str(tmp_path / "tmp"),
                **used_plugins,
                **emulator.env,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin


@pytest.fixture
def play(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function like start that waits for the end of the playbook."""

    def run(playbook: str, *arguments: str, in_process: bool = False) -> subprocess.CompletedProcess[str]:
        process = start(playbook, *arguments, in_process=in_process)
        stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    return run


@pytest.fixture
def accounts(emulator: Emulator) -> Emulator:
    """The emulator with the accounts and roles of the playbook fleet_accounts."""
    seed_accounts(emulator)
    return emulator


@pytest.fixture
def fleets(play: Callable[..., subprocess.CompletedProcess[str]], tmp_path: pathlib.Path) -> Callable[..., object]:
    """Return a function that runs the playbook fleet_accounts, see playbook_runner."""
    return playbook_runner(play, tmp_path)
