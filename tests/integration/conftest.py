# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures that run playbooks: ansible-playbook, the installed collection, and an endpoint over HTTP.

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
from tests.integration.playbook_server import PlaybookServer

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

    The first run of each module in all playbooks starts an interpreter.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # all workers of pytest share it
    (folder / "runs").mkdir(exist_ok=True)
    return {**PLUGINS, "VTAP_RUNS": str(folder / "runs")}


COMMON = {
    "PATH": os.environ["PATH"],
    "LC_ALL": "C.UTF-8",
    "ANSIBLE_COLLECTIONS_PATH": str(PLACE / "collections"),
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_PIPELINING": "true",
}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, plugins: dict[str, str]) -> Iterator[PlaybookServer]:
    home = {"HOME": str(tmp_path_factory.mktemp("server"))}
    with PlaybookServer(PLACE / "bin/python", {**COMMON, **plugins, **home}) as one:
        yield one


@pytest.fixture
def prepare(emulator: Emulator, tmp_path: pathlib.Path) -> Callable[..., tuple[list[str], dict[str, str]]]:
    """Return a function that returns the arguments and the environment of ansible-playbook.

    playbook: a file in tests/integration/playbooks, the full name of a playbook in a collection, or YAML text.
    """

    def prepared(playbook: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
        path = str(PLAYBOOKS / playbook) if playbook.endswith(".yml") else playbook
        if "\n" in playbook:
            path = str(tmp_path / "playbook.yml")
            pathlib.Path(path).write_text(playbook)
        local = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={MODULE_PYTHON}"]
        own = {"HOME": str(tmp_path), "ANSIBLE_REMOTE_TMP": str(tmp_path / "tmp")}
        return [*local, "-e", f"emulator={emulator.url}", *arguments, path], {**COMMON, **own, **emulator.env}

    return prepared


@pytest.fixture
def start(prepare: Callable[..., tuple[list[str], dict[str, str]]]) -> Callable[..., subprocess.Popen[str]]:
    """Return a function that starts ansible-playbook as a user does. The arguments are those of prepare."""

    def begin(playbook: str, *arguments: str) -> subprocess.Popen[str]:
        given, environment = prepare(playbook, *arguments)
        command = [PLACE / "bin/ansible-playbook", *given]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return begin


@pytest.fixture
def play(
    start: Callable[..., subprocess.Popen[str]],
    prepare: Callable[..., tuple[list[str], dict[str, str]]],
    server: PlaybookServer,
    plugins: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs a playbook. The arguments are those of prepare.

    as_user: whether ansible-playbook and each module have an interpreter of their own. Otherwise the run is a fork of
    the playbook server, with the plugins.
    """
    output = tmp_path_factory.mktemp("output")

    def run(playbook: str, *arguments: str, as_user: bool = False) -> subprocess.CompletedProcess[str]:
        if as_user:
            process = start(playbook, *arguments)
            stdout, stderr = process.communicate()
            return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
        given, environment = prepare(playbook, *arguments)
        return server.run(given, {**environment, **plugins}, output)

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
