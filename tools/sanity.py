# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity, all of it, with no ignore file.

It must run in a folder named .../ansible_collections/vtap/aws with amazon.aws beside it, so the files that git tracks
or would track are copied into such a tree. It also wants a pip bootstrap script from a host of its own; a stand-in
that uses Python's ensurepip lies in a home directory of this tree.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
GET_PIP = """\
import subprocess, sys
wanted = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL)
subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted])
"""
BOOTSTRAP = "get_pip_24_2.py"  # the name that ansible-core 2.19 looks for


def stage(tree: pathlib.Path) -> pathlib.Path:
    """Copy the collection into the tree. Returns its folder there."""
    amazon = ROOT / ".venv/collections/ansible_collections/amazon"
    (tree / "vtap").mkdir(parents=True)
    (tree / "amazon").symlink_to(amazon, target_is_directory=True)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (tree / "vtap/aws" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / "vtap/aws" / name)
    return tree / "vtap/aws"


def main() -> int:
    home = ROOT / ".venv/sanity"
    cache = home / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / BOOTSTRAP).write_text(GET_PIP)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = [str(pathlib.Path(sys.executable).with_name("ansible-test")), "sanity", "--local", "--python", version]
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "HOME": str(home), "PATH": path}
    environment.pop("ANSIBLE_COLLECTIONS_PATH", None)
    # Outside of the checkout: below it, ansible-test would take git's word that all of this is ignored.
    with tempfile.TemporaryDirectory(prefix="sanity-") as folder:
        done = subprocess.run(
            [*command, *sys.argv[1:]],
            cwd=stage(pathlib.Path(folder, "ansible_collections")),
            env=environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    print(done.stdout)
    # ansible-test is content when it found nothing to test; we are not.
    return done.returncode or int("All targets skipped" in done.stdout)


if __name__ == "__main__":
    sys.exit(main())
