# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the targets of tests/integration/targets with ansible-test, against the emulator or a real account.

    python -m tools.ansible_test_integration [TARGET ...]             against the emulator
    python -m tools.ansible_test_integration --real [TARGET ...]      in a real account

A real account requires --real and the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION; profiles are
not used. See docs/docsite/rst/testing.rst for the created resources and costs. Other options, as --name=value, are
passed to ansible-test.
"""

from __future__ import annotations

import argparse
import configparser
import contextlib
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping

from tests.emulator.client import Emulator
from tools.sanity import ROOT, stage

TARGETS = "tests/integration/targets"
RAN = re.compile(r"Running (\S+) integration test role")
# Against the emulator, modules run in process, see the plugin.
IN_PROCESS = f"""\
[defaults]
callback_plugins = {ROOT}/tests/integration/ansible_plugins/callback
internal_poll_interval = 0.01
[in_process]
runs = {{runs}}
"""
# The report of the target emulator_fidelity, in the staged tree.
REPORT = "fidelity.json"


def real_account(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of a real account. Raises KeyError with the name of a missing variable."""
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not region:
        raise KeyError("AWS_REGION")
    settings = {
        "aws_access_key": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_key": environment["AWS_SECRET_ACCESS_KEY"],
        "aws_region": region,
    }
    if token := environment.get("AWS_SESSION_TOKEN"):
        settings["security_token"] = token
    return settings


@contextlib.contextmanager
def account(real: bool) -> Iterator[dict[str, str]]:
    """Return the settings of the account. The emulator runs within the context."""
    if real:
        yield real_account(os.environ)
        return
    with Emulator() as emulator:
        yield {
            "aws_access_key": emulator.env["AWS_ACCESS_KEY_ID"],
            "aws_secret_key": emulator.env["AWS_SECRET_ACCESS_KEY"],
            "aws_region": emulator.env["AWS_REGION"],
            "aws_endpoint_url": emulator.url,
        }
        # The permissions that a role for a real account requires, see docs/docsite/rst/testing.rst.
        (ROOT / "build").mkdir(exist_ok=True)
        actions = sorted({entry["action"] for entry in emulator.log()})
        (ROOT / "build/actions.txt").write_text("".join(f"{action}\n" for action in actions))


def write_settings(file: pathlib.Path, settings: Mapping[str, str]) -> None:
    """Write the file whose keys ansible-test passes as variables to targets with the alias cloud/aws."""
    parser = configparser.ConfigParser(interpolation=None)
    parser["default"] = {**settings, "resource_prefix": f"vtap-test-{secrets.token_hex(4)}"}
    # ansible-test reads the file with interpolation.
    for name, value in parser["default"].items():
        parser["default"][name] = value.replace("%", "%%")
    file.touch(mode=0o600)
    with file.open("w") as stream:
        parser.write(stream)


def run(staged: pathlib.Path, targets: list[str], arguments: list[str], home: pathlib.Path) -> tuple[int, list[str]]:
    """Run ansible-test. Returns the exit status and the targets that ran."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    tool = pathlib.Path(sys.executable).with_name("ansible-test")
    command = [str(tool), "integration", "--local", "--python", version, *arguments, *targets]
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    # Exclude the caller's settings for AWS and Ansible. The file contains the settings.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
    environment = {**clean, "HOME": str(home), "PATH": path}
    ran = []
    with subprocess.Popen(
        command, cwd=staged, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if found := RAN.search(line):
                ran.append(found.group(1))
    return process.returncode, ran


def report(file: pathlib.Path) -> None:
    """Copy the report of emulator_fidelity, if it exists, to build/."""
    if file.exists():
        (ROOT / "build").mkdir(exist_ok=True)
        shutil.copy2(file, ROOT / "build/fidelity.json")
        different = [entry["key"] for entry in json.loads(file.read_text()) if entry["result"] == "DIFFERENT"]
        print(f"Wrong assumptions, details in build/fidelity.json: {', '.join(different) or 'none'}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the integration targets with ansible-test.", allow_abbrev=False)
    parser.add_argument("--real", action="store_true", help="use the real account of AWS_ACCESS_KEY_ID")
    parser.add_argument("targets", nargs="*", help="default: all except setup_*")
    given, arguments = parser.parse_known_args()
    present = sorted(path.name for path in (ROOT / TARGETS).iterdir() if path.is_dir())
    targets = given.targets or [name for name in present if not name.startswith("setup_")]
    home = ROOT / ".venv/integration"
    home.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    # Outside the checkout, see tools/sanity.py.
    with tempfile.TemporaryDirectory(prefix="integration-") as folder:
        staged = stage(pathlib.Path(folder, "ansible_collections"), ROOT / ".venv/collections")
        try:
            with account(given.real) as settings:
                settings["fidelity_report"] = str(staged / REPORT)
                write_settings(staged / "tests/integration/cloud-config-aws.ini", settings)
                if not given.real:
                    runs = pathlib.Path(folder, "runs")
                    runs.mkdir()
                    (staged / "tests/integration/integration.cfg").write_text(IN_PROCESS.format(runs=runs))
                status, ran = run(staged, targets, arguments, home)
        except KeyError as error:
            print(f"--real needs {error.args[0]} in the environment", file=sys.stderr)
            return 2
        report(staged / REPORT)
    # ansible-test succeeds even if it skips every target.
    if skipped := [name for name in targets if name not in ran]:
        print(f"These targets did not run: {', '.join(skipped)}", file=sys.stderr)
        return status or 1
    where = "a real account" if given.real else "the emulator"
    print(f"{len(ran)} targets ran against {where} in {time.monotonic() - began:.0f} seconds")
    return status


if __name__ == "__main__":
    sys.exit(main())
