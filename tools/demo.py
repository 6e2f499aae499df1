# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run playbooks/demo.yml of the installed collection against a temporary emulator.

demo.py [FOLDER] [arguments of ansible-playbook]: FOLDER is the environment with ansible-playbook, default: .venv.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.emulator.client import Emulator  # noqa: E402


def main() -> int:
    place, *more = sys.argv[1:] or [str(ROOT / ".venv")]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    with Emulator() as emulator:
        playbook = [f"{place}/bin/ansible-playbook", "-i", "localhost,", *more, "vtap.aws.demo"]
        # YAML output prints multi-line messages as several lines.
        looks = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}
        environment = {**kept, **looks, **emulator.env}
        return subprocess.run(playbook, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
