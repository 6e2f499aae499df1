# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a task with ansible-playbook and return the registered result."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from . import child

if TYPE_CHECKING:
    from .lab import Lab


def run(lab: Lab, module: str, options: dict[str, Any]) -> child.RunResult:
    """Run one task in a separate play, through the proxy."""
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        task = {
            "name": "Run the module",
            f"vtap.aws.ec2_traffic_mirror_{module}": options,
            "register": "done",
            "ignore_errors": True,
        }
        keep = {
            "name": "Store the result",
            "ansible.builtin.copy": {"content": "{{ done | to_json }}", "dest": f"{place}/result"},
        }
        play = {"name": "Run one task", "hosts": "localhost", "gather_facts": False, "tasks": [task, keep]}
        (place / "play.yml").write_text(json.dumps([play]))
        done = subprocess.run(
            [
                pathlib.Path(sys.executable).with_name("ansible-playbook"),
                *("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"),
                place / "play.yml",
            ],
            env={
                "PATH": os.environ["PATH"],
                "HOME": folder,
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_COLLECTIONS_PATH": str(child.COLLECTIONS),
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_PIPELINING": "true",
                "ANSIBLE_REMOTE_TMP": f"{folder}/tmp",
                **lab.emulator.env,
                "AWS_ENDPOINT_URL": lab.proxy.url,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        text = done.stdout + done.stderr
        if "Traceback (most recent call last)" in text or not (place / "result").exists():
            return child.RunResult("crashed", text=text)
        result = json.loads((place / "result").read_text())
    return child.RunResult("failed" if result.get("failed") else "done", result, text)
