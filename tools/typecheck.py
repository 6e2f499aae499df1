# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run mypy on the collection, the tools and the test programs.

mypy requires the package name ansible_collections.vtap.aws, so the checkout is linked into a tree with this path.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def main() -> int:
    link = ROOT / ".venv/tree/ansible_collections/vtap/aws"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(ROOT, target_is_directory=True)
    # An absolute path, because mypy resolves cache_dir relative to the working directory, which is / below.
    settings = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".venv/mypy")]
    mypy = [sys.executable, "-m", "mypy", *settings]
    plugins = [*mypy, "-p", "ansible_collections.vtap.aws.plugins.module_utils"]
    done = subprocess.run(plugins, env={**os.environ, "MYPYPATH": str(ROOT / ".venv/tree")}, cwd="/", check=False)
    others = [*mypy, "tests/emulator", "tests/bench", "tests/faults", "tests/clients", "tests/eda", "tools"]
    return done.returncode or subprocess.run(others, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
