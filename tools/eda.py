# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the rulebook vtap.aws.fleet with ansible-rulebook and events: make eda

eda.py [SCENARIO ...]: the scenarios of tests/eda, default: all. ansible-rulebook requires Java 17 and an older botocore
than .venv has, so it gets an environment in build/eda/venv, which is reused. Without Java, Python 3.12 or jq, the tests
are skipped and the exit status is 0.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.fetch_amazon_aws import fetch  # noqa: E402
from tools.matrix import Skipped, interpreter  # noqa: E402

VENV = ROOT / "build/eda/venv"
COLLECTIONS = VENV / "collections"
PYTHON, JAVA = "3.12", 17
ANSIBLE = "14.5.0"  # amazon.aws 11.4.0
PINS = (ROOT / "requirements/eda.in", ROOT / "requirements/eda-constraints.txt")


def check_programs() -> None:
    """Raise Skipped if Java or jq is missing."""
    home = os.environ.get("JAVA_HOME")
    java = str(pathlib.Path(home, "bin/java")) if home else "java"
    if shutil.which(java) is None:
        raise Skipped(f"no Java {JAVA} here: {java} not found")
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', shown)
    if not found or int(found.group(1)) < JAVA:
        raise Skipped(f"no Java {JAVA} here: {java} -version: {(shown.splitlines() or ['no output'])[0]}")
    if shutil.which("jq") is None:
        raise Skipped("jq not found, which the commands of the guide require")


def create() -> None:
    """Create the environment unless it exists with the same pins, and install the built collection."""
    made_of = VENV / "made-of"
    pins = "".join([interpreter(PYTHON), ANSIBLE, *(path.read_text() for path in PINS)])
    if not made_of.exists() or made_of.read_text() != pins:
        run(interpreter(PYTHON), "-m", "venv", "--clear", VENV)
        pip = (VENV / "bin/python", "-m", "pip", "--disable-pip-version-check", "--quiet")
        run(*pip, "install", "-r", PINS[0], "-c", PINS[1])
        fetch(ANSIBLE, COLLECTIONS)
        made_of.write_text(pins)
    (tarball,) = (ROOT / "dist").glob("vtap-aws-*.tar.gz")
    run(VENV / "bin/ansible-galaxy", "collection", "install", tarball, "--force", "-p", COLLECTIONS)


def run(*command: str | pathlib.Path) -> None:
    """Run a command of the installation. Raises CalledProcessError with its output printed."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        print(done.stdout, end="")
        done.check_returncode()


def main() -> int:
    try:
        check_programs()
        interpreter(PYTHON)
    except Skipped as reason:
        print(f"skipped: {reason}")
        return 0
    try:
        create()
    except subprocess.CalledProcessError as error:
        print(f"FAILED: the installation failed: {' '.join(map(str, error.cmd))}")
        return 1
    return subprocess.run([sys.executable, "-m", "tests.eda", VENV, *sys.argv[1:]], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
