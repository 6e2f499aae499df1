# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks share before their first run: the options of the command, and the line about the machine."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform


def parse_arguments(program: str, docstring: str | None) -> argparse.Namespace:
    """Parse --rounds and --quick. program: the module. docstring: of the module; its first line is the description."""
    summary = (docstring or "").split("\n\n", maxsplit=1)[0]
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=summary)
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds (default: %(default)s)")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one round with a tenth of the sessions: checks the calls, times are not meaningful",
    )
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"--rounds must be 1 or more, not {arguments.rounds}")
    return arguments


def print_machine() -> None:
    """Print the versions and the load. Other processes on the machine make times unreliable."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("ansible-core", "boto3"))
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    print(f"\nPython {platform.python_version()}, {versions}; {cores} cores, load {load:.1f} before the run")
    if load > cores / 2:
        print("The machine was under load; the times are not reliable.")
