# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install amazon.aws into .venv/collections.

Users install it from Galaxy. Here it is extracted from the `ansible` package of the package index, which contains the
unchanged collection.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile
import zipfile

COLLECTIONS = pathlib.Path(__file__).resolve().parents[1] / ".venv/collections"
VERSION = "12.3.0"  # amazon.aws 10.1.2
WANTED = "ansible_collections/amazon/aws/"


def fetch(version: str, collections: pathlib.Path) -> None:
    """Extract amazon.aws from this version of the `ansible` package."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
        # Only files are extracted, so the package need not support this Python.
        anyhow = ["--ignore-requires-python", "--only-binary=:all:", "-d", folder]
        subprocess.run([*pip, *anyhow, f"ansible=={version}"], check=True)
        (wheel,) = pathlib.Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(collections, [name for name in archive.namelist() if name.startswith(WANTED)])


if __name__ == "__main__":
    fetch(VERSION, COLLECTIONS)
