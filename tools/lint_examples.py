# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the module options in the README, the guides and the modules' EXAMPLES with ansible-lint.

ansible-lint checks options in playbooks only. This tool writes the YAML of each other file to a playbook in a temporary
folder, named after the file.
"""

from __future__ import annotations

import ast
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
MODULES = sorted(ROOT.glob("plugins/modules/*.py"))
MARKDOWN_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
RST_BLOCK = re.compile(r"^\.\. code-block:: yaml\n(?:   :caption: .*\n)?\n((?:   .*\n|\n)+)", re.MULTILINE)


def blocks(path: pathlib.Path) -> list[str]:
    """Return the YAML texts in a file: code blocks, or the EXAMPLES of a module."""
    text = path.read_text()
    if path.suffix == ".py":
        constants = [node for node in ast.parse(text).body if isinstance(node, ast.Assign)]
        return [ast.literal_eval(node.value) for node in constants if ast.unparse(node.targets[0]) == "EXAMPLES"]
    return (MARKDOWN_BLOCK if path.suffix == ".md" else RST_BLOCK).findall(text)


def plays(path: pathlib.Path) -> Iterator[dict[str, Any]]:
    """Yield the plays in a file. Lists of tasks become a play. Other YAML, such as an inventory, is omitted."""
    for block in blocks(path):
        entries = yaml.safe_load(textwrap.dedent(block))
        if not isinstance(entries, list):
            continue
        if "hosts" in entries[0]:
            yield from entries
        else:
            yield {"hosts": "localhost", "tasks": entries}


def lint(files: Iterable[pathlib.Path]) -> int:
    """Run ansible-lint on the YAML in these files. Returns its exit status."""
    tool = pathlib.Path(sys.executable).with_name("ansible-lint")
    with tempfile.TemporaryDirectory(prefix="examples-") as folder:
        names = []
        for path in files:
            if found := list(plays(path)):
                names.append(f"playbooks/{path.stem}.yml")
                playbook = pathlib.Path(folder, names[-1])
                playbook.parent.mkdir(exist_ok=True)
                playbook.write_text(yaml.safe_dump(found, sort_keys=False))
        # Other rules check the text, which safe_dump has changed.
        options = ["--offline", "--config-file", str(ROOT / ".ansible-lint"), "--tags", "args[module]"]
        return subprocess.run([tool, *options, *names], cwd=folder, check=False).returncode


def main() -> int:
    return lint([ROOT / "README.md", *sorted(ROOT.glob("docs/docsite/rst/*.rst")), *MODULES])


if __name__ == "__main__":
    sys.exit(main())
