# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation in build/docs: antsibull-docs generates the module pages, Sphinx renders all pages."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/docs"
CONF = """\
project = "vtap.aws"
copyright = "the vtap.aws contributors"
extensions = ["sphinx_antsibull_ext"]
exclude_patterns = ["html"]
# The module pages refer to the documentation of ansible-core and amazon.aws, which is not built here.
suppress_warnings = ["ref.ref"]
smartquotes = False
"""


def main() -> int:
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True, mode=0o755)
    (BUILD / "conf.py").write_text(CONF)
    tool = pathlib.Path(sys.executable).with_name
    pages = ["collection", "--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", str(BUILD)]
    subprocess.run([tool("antsibull-docs"), *pages, "vtap.aws"], check=True)
    lint = ["lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all", str(ROOT)]
    while True:
        linted = subprocess.run([tool("antsibull-docs"), *lint], stdout=subprocess.PIPE, text=True, check=False)
        print(linted.stdout, end="")
        # antsibull-docs copies the collection to a folder with a random name that appears in the pages. One name in
        # forty ends with an underscore and is parsed as a reference. Repeat in that case.
        if 'Unknown target name: "antsibull-docs-' not in linted.stdout:
            break
    linted.check_returncode()
    sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    return subprocess.run([*sphinx, str(BUILD), str(BUILD / "html")], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
