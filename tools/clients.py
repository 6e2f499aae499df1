# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the programs in tests/clients, which call the emulator with AWS clients other than boto3: make clients.

clients.py [NAME ...]: the clients, default: all. SDKs and tools are installed into build/clients in the versions that
go.sum, package-lock.json and custodian.txt pin. A client whose program (go, node, npm) is not installed is skipped.
The exit status is 1 if a program or an installation failed.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.emulator.client import Emulator  # noqa: E402

SOURCES = ROOT / "tests/clients"
PLACE = ROOT / "build/clients"
# The aws command of this environment, and the folder of Go's official archives, which is often not on PATH.
SEARCH = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/local/go/bin"])
# Interfaces besides the lab's, for lists of several pages.
SOURCE_INTERFACES = 12


@dataclass(frozen=True)
class Client:
    """A client. programs: those it requires. install: returns the command of the test. version: of the client."""

    name: str
    programs: tuple[str, ...]
    install: Callable[[], list[str]]
    version: Callable[[], str]


def install_go() -> list[str]:
    """Build the Go program. Modules and build cache are in build/clients, too."""
    place = PLACE / "go"
    settings = {
        "GOMODCACHE": str(place / "modules"),
        "GOCACHE": str(place / "cache"),
        # Go's default is a read-only module cache, which rm -rf cannot delete.
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",
    }
    program = str(place / "clients")
    _run(_program("go"), "build", "-o", program, ".", folder=SOURCES / "go", more=settings)
    return [program]


def install_js() -> list[str]:
    """Install the packages next to a copy of the JavaScript program, if package-lock.json changed."""
    place = PLACE / "js"
    lock = SOURCES / "js/package-lock.json"
    if not _is_installed(place, lock):
        shutil.copytree(SOURCES / "js", place, dirs_exist_ok=True)
        _run(_program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", folder=place)
        _mark_installed(place, lock)
    shutil.copytree(SOURCES / "js", place, dirs_exist_ok=True)
    # Notices about the end of support for this version of Node.js are not results.
    return [_program("node"), "--no-warnings", str(place / "main.mjs")]


def install_cli() -> list[str]:
    """Return the command: the aws command is part of .venv."""
    return [sys.executable, "-m", "tests.clients.cli"]


def install_custodian() -> list[str]:
    """Install Cloud Custodian in a virtual environment, if custodian.txt changed."""
    place = PLACE / "custodian"
    pins = SOURCES / "custodian.txt"
    if not _is_installed(place, pins):
        _run(sys.executable, "-m", "venv", "--clear", str(place / "venv"))
        pip = (str(place / "venv/bin/python"), "-m", "pip", "--disable-pip-version-check", "--quiet")
        _run(*pip, "install", "--no-deps", "-r", str(pins))
        _mark_installed(place, pins)
    return [sys.executable, "-m", "tests.clients.custodian", str(place / "venv/bin/custodian"), str(place / "run")]


def _is_installed(place: pathlib.Path, pins: pathlib.Path) -> bool:
    stamp = place / "installed"
    return stamp.is_file() and stamp.read_text() == pins.read_text()


def _mark_installed(place: pathlib.Path, pins: pathlib.Path) -> None:
    (place / "installed").write_text(pins.read_text())


def _program(name: str) -> str:
    found = shutil.which(name, path=SEARCH)
    if found is None:
        raise FileNotFoundError(name)
    return found


def _run(*command: str, folder: pathlib.Path = ROOT, more: dict[str, str] | None = None) -> None:
    """Run an installation. Raises CalledProcessError."""
    subprocess.run(command, cwd=folder, check=True, env={**os.environ, **(more or {})})


def _match(path: str, pattern: str) -> str:
    found = re.search(pattern, (SOURCES / path).read_text())
    return found.group(1) if found else "unknown"


def _js_version() -> str:
    packages = json.loads((SOURCES / "js/package-lock.json").read_text())["packages"]
    return f"client-ec2 {packages['node_modules/@aws-sdk/client-ec2']['version']}"


def _cli_version() -> str:
    shown = subprocess.run([_program("aws"), "--version"], check=True, capture_output=True, text=True).stdout
    return shown.split()[0].replace("/", " ")


CLIENTS = (
    Client("go", ("go",), install_go, lambda: _match("go/go.mod", r"(service/ec2 v\S+)")),
    Client("js", ("node", "npm"), install_js, _js_version),
    Client("aws", ("aws",), install_cli, _cli_version),
    Client("custodian", (), install_custodian, lambda: _match("custodian.txt", r"(c7n==\S+)")),
)


def run_client(client: Client, emulator: Emulator) -> tuple[str, ...]:
    """Install and run one client. Returns its row of the summary: name, version, result, seconds."""
    print(f"== {client.name}", flush=True)
    for program in client.programs:
        if shutil.which(program, path=SEARCH) is None:
            print(f"{program}: not found, skipped")
            return client.name, "", f"skipped: no {program}", ""
    began = time.monotonic()
    try:
        command = client.install()
        result = _test(command, emulator)
    except subprocess.CalledProcessError as error:
        print(f"{client.name}: the installation failed: {' '.join(error.cmd)}: status {error.returncode}")
        return client.name, "", "FAILED: installation", ""
    return client.name, client.version(), result, f"{time.monotonic() - began:.1f}"


def _test(command: list[str], emulator: Emulator) -> str:
    """Run the program in the emulator's initial state. Returns "<n> checks" or "FAILED"."""
    emulator.reset()
    lab = {**emulator.lab, "sources": emulator.bulk_seed(SOURCE_INTERFACES)["interfaces"]}
    # Exclude the developer's AWS settings and proxies. Programs find the aws command on PATH.
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    more = {"CLIENTS_LAB": json.dumps(lab), "NO_PROXY": "127.0.0.1", "PATH": SEARCH}
    environment = {**kept, **emulator.env, **more}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = ""
        for line in process.stdout:
            print(line, end="", flush=True)
    passed = re.search(r": (\d+) checks passed", line)
    return f"{passed.group(1)} checks" if passed and process.returncode == 0 else "FAILED"


def summary(rows: list[tuple[str, ...]]) -> str:
    """Return the rows as a table."""
    table = [("client", "version", "result", "seconds"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def main() -> int:
    """Run the clients and print the summary. Returns the exit status."""
    names = [client.name for client in CLIENTS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", choices=[*names, []], help="the clients, default: all")
    wanted = parser.parse_args().name or names
    PLACE.mkdir(parents=True, exist_ok=True)
    with Emulator() as emulator:
        rows = [run_client(client, emulator) for client in CLIENTS if client.name in wanted]
    print(f"\n{summary(rows)}")
    return 1 if any(row[2].startswith("FAILED") for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
