# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity, all of it, with no ignore file.

It must run in a folder named .../ansible_collections/vtap/aws with amazon.aws beside it, so the files that git tracks
or would track are copied into such a tree. It also wants a pip bootstrap script from a host of its own; a stand-in
that uses the pip of this Python lies in a home directory of this tree.

sanity.py [--environment FOLDER] [--python X.Y] [arguments of ansible-test sanity]: with the ansible-core, amazon.aws
and Python of .venv or of another environment; --python names another interpreter on PATH.
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
# Run by the interpreter of the environment that is to have pip.
GET_PIP = f"""\
import subprocess, sys
wanted = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
pip = [{sys.executable!r}, "-m", "pip", "--python", sys.executable, "--quiet", "--disable-pip-version-check"]
subprocess.check_call([*pip, "install", *wanted])
"""
# The names that ansible-core looks for: 2.17; 2.18 and 2.19; 2.20 and 2.21.
BOOTSTRAPS = ("get_pip_23_1_2.py", "get_pip_24_2.py", "get_pip_25_2.py")


def stage(tree: pathlib.Path, collections: pathlib.Path) -> pathlib.Path:
    """Copy the collection into the tree, with the amazon.aws of collections. Returns its folder there."""
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
    """What pip is told by the user's files and PIP_* variables, of which ansible-test's pip would see nothing."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    settings: dict[str, dict[str, str]] = {}
    # The variables come last: they win over the files.
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
    ran = 0
    # Outside of the checkout: below it, ansible-test would take git's word that all of this is ignored.
    with tempfile.TemporaryDirectory(prefix="sanity-") as folder:
        staged = stage(pathlib.Path(folder, "ansible_collections"), place / "collections")
        try:
            # An index's address may hold a password.
            pip_conf.touch(mode=0o600)
            pip_conf.write_text(pip_settings())
            with subprocess.Popen(
                [*command, *more],
                cwd=staged,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    ran += line.startswith("Running sanity test")
                    print(line, end="", flush=True)
        finally:
            pip_conf.unlink()
    # ansible-test is content when it found nothing to test; we are not.
    if process.returncode == 0 and ran:
        print(f"ansible-test sanity found nothing wrong: {ran} tests ran")
        return 0
    return process.returncode or 1


if __name__ == "__main__":
    sys.exit(main())
