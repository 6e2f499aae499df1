# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run all tests of ansible-test sanity, without an ignore file.

ansible-test requires a folder .../ansible_collections/vtap/aws next to amazon.aws, so the tracked and untracked files
of the checkout are copied to such a tree. ansible-test also downloads a pip bootstrap script; a replacement that uses
the pip of this Python is placed in its cache.

sanity.py [--environment FOLDER] [--python X.Y] [arguments of ansible-test sanity]: uses the ansible-core, amazon.aws
and Python of .venv or of another environment; --python selects another interpreter on PATH. Without other arguments,
all tests run, pylint and pep8 on plugins only.
"""

from __future__ import annotations

import argparse
import ast
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Runs in the interpreter that requires pip.
GET_PIP = f"""\
import subprocess, sys
wanted = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
pip = [{sys.executable!r}, "-m", "pip", "--python", sys.executable, "--quiet", "--disable-pip-version-check"]
subprocess.check_call([*pip, "install", *wanted])
"""
# The file names for ansible-core 2.17; 2.18 and 2.19; 2.20 and 2.21.
BOOTSTRAPS = ("get_pip_23_1_2.py", "get_pip_24_2.py", "get_pip_25_2.py")
# Half of the processor time of all tests: pylint infers types, and most Python code of the checkout is not part of the
# collection. In that code, make lint finds such errors with ruff and mypy.
SLOW = ("--test", "pylint", "--test", "pep8", "plugins/")
OTHERS = ("--skip-test", "pylint", "--skip-test", "pep8")


def stage(tree: pathlib.Path, collections: pathlib.Path) -> pathlib.Path:
    """Copy the collection into the tree and link amazon.aws of collections. Returns the folder of the copy."""
    (tree / "vtap").mkdir(parents=True)
    (tree / "amazon").symlink_to(collections / "ansible_collections/amazon", target_is_directory=True)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (tree / "vtap/aws" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / "vtap/aws" / name)
    return tree / "vtap/aws"


def pip_settings() -> str:
    """Return pip's configuration from files and PIP_* variables, which ansible-test would hide from pip."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    settings: dict[str, dict[str, str]] = {}
    # Variables come last, because they override files.
    for line in sorted(listed, key=lambda line: line.startswith(":env:")):
        name, _equals, value = line.partition("=")
        section, _dot, key = name.partition(".")
        settings.setdefault("global" if section == ":env:" else section, {})[key] = ast.literal_eval(value).replace(
            "\n", "\n  "
        )
    return "".join(
        f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
        for section, keys in settings.items()
    )


def run(command: list[str], staged: pathlib.Path, environment: dict[str, str]) -> tuple[int, int]:
    """Run ansible-test. Returns the exit status and the number of tests that ran."""
    ran = 0
    with subprocess.Popen(
        command, cwd=staged, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            ran += line.startswith("Running sanity test")
            print(line, end="", flush=True)
    return process.returncode, ran


def main() -> int:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--environment", type=pathlib.Path, default=ROOT / ".venv")
    parser.add_argument("--python")
    options, more = parser.parse_known_args()
    place = options.environment.absolute()
    home = place / "sanity"
    cache = home / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    for name in BOOTSTRAPS:
        (cache / name).write_text(GET_PIP)
    ask = [place / "bin/python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    version = options.python or subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
    command = [str(place / "bin/ansible-test"), "sanity", "--local", "--python", version]
    path = os.pathsep.join([str(place / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "HOME": str(home), "PATH": path}
    environment.pop("ANSIBLE_COLLECTIONS_PATH", None)
    pip_conf = home / ".config/pip/pip.conf"
    pip_conf.parent.mkdir(parents=True, exist_ok=True)
    # Outside the checkout, because git ignores build folders and ansible-test would skip all files.
    with tempfile.TemporaryDirectory(prefix="sanity-") as folder:
        staged = stage(pathlib.Path(folder, "ansible_collections"), place / "collections")
        try:
            # The index URL may contain a password.
            pip_conf.touch(mode=0o600)
            pip_conf.write_text(pip_settings())
            runs = [run([*command, *part], staged, environment) for part in ([more] if more else (OTHERS, SLOW))]
        finally:
            pip_conf.unlink()
    # ansible-test succeeds even if it runs no test.
    if all(status == 0 and ran for status, ran in runs):
        print(f"ansible-test sanity found nothing wrong: {sum(ran for _status, ran in runs)} tests ran")
        return 0
    return max(status for status, _ran in runs) or 1


if __name__ == "__main__":
    sys.exit(main())
