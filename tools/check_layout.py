# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the imports of plugins/module_utils and of the emulator, and the size of files and functions.

A package of plugins/module_utils may import only lower packages, with relative imports. The emulator must not depend on
the collection. Prints a line for each violation; the exit status is 1 if there is one.
"""

from __future__ import annotations

import ast
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[1]
# From the lowest to the highest. A package may import itself and lower packages.
PACKAGES = ("_model", "_ec2", "_resources", "_runtime", "_batch", "_report", "_fleet", "_stack", "_path")
OURS = "ansible_collections.vtap"
EMULATOR = ("tests", "emulator")
FORBIDDEN_IMPORTS = ("ansible", "ansible_collections", "plugins", "tests", "tools")
# Names in string literals of the emulator: a module to import, or a path of the collection.
FORBIDDEN_TEXT = re.compile(r"(?<![\w.-])(ansible_collections|ansible|plugins)(?=[./\\]|$)")
# Maximum lines of a file and a function. Files in plugins/modules are mostly documentation and have no limit.
MAX_FILE, MAX_FUNCTION = 400, 60


def imported(path: pathlib.Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, module) of each import of the collection, for example plugins.module_utils._model.tags.

    An absolute import is returned with its full name.
    """
    package = path.parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, one.name) for one in node.names if one.name.startswith(OURS))
        elif isinstance(node, ast.ImportFrom) and not node.level:
            if (node.module or "").startswith(OURS):
                yield node.lineno, node.module or ""
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            # "from . import x" imports a module, "from .x import y" a name of a module.
            names = [one.name for one in node.names] if not node.module else [""]
            yield from ((node.lineno, ".".join(filter(None, [*base, name]))) for name in names)


def wrong_imports(path: pathlib.Path, tree: ast.Module) -> Iterator[str]:
    """Yield a line for each forbidden import of a file in plugins."""
    parts = path.parts
    own = PACKAGES.index(parts[2]) if parts[:2] == ("plugins", "module_utils") and parts[2] in PACKAGES else None
    for line, name in imported(path, tree):
        if name.startswith(OURS):
            yield f"{path}:{line}: use a relative import for {name}"
            continue
        package = name.split(".")[2] if name.startswith("plugins.module_utils.") else ""
        if package not in PACKAGES:
            yield f"{path}:{line}: {name} is in no package of plugins/module_utils"
        elif own is not None and PACKAGES.index(package) > own:
            yield f"{path}:{line}: {parts[2]} must not import {package}; allowed: {', '.join(PACKAGES[: own + 1])}"


def emulator_dependencies(path: pathlib.Path, tree: ast.Module) -> Iterator[str]:
    """Yield a line for each dependency of an emulator file on the collection, Ansible, or other code of the checkout.

    Other code of the checkout could import the collection itself. String literals are checked because a file can import
    or read what a string names.
    """
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for name in absolute_names(path, node):
                parts = tuple(name.split("."))
                if parts[0] in FORBIDDEN_IMPORTS and parts[:2] != EMULATOR:
                    yield f"{path}:{node.lineno}: the emulator must not import {name}"
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (match := FORBIDDEN_TEXT.search(node.value))
        ):
            yield f"{path}:{node.lineno}: the emulator must not name {match[1]} in a string"


def absolute_names(path: pathlib.Path, node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the full names that a statement imports. The root of the checkout is the top of relative imports."""
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    package = path.parent.parts
    base = package[: max(len(package) - node.level + 1, 0)] if node.level else ()
    return [".".join([*base, *filter(None, [node.module]), one.name]) for one in node.names]


def too_large(path: pathlib.Path, text: str, tree: ast.Module) -> Iterator[str]:
    """Yield a line for a file and each function that is too long."""
    if (lines := len(text.splitlines())) > MAX_FILE and path.parts[:2] != ("plugins", "modules"):
        yield f"{path}: {lines} lines; at most {MAX_FILE}"
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > MAX_FUNCTION:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines; at most {MAX_FUNCTION}"


def violations(path: pathlib.Path, text: str) -> list[str]:
    """Return the violations in a Python file. path: relative to the root of the checkout."""
    tree = ast.parse(text)
    found = list(too_large(path, text, tree))
    if path.parts[0] == "plugins":
        found += wrong_imports(path, tree)
    elif path.parts[:2] == EMULATOR:
        found += emulator_dependencies(path, tree)
    return found


def main() -> int:
    command = ["git", "ls-files", "-co", "--exclude-standard", "*.py"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    found = [
        line
        for name in listed
        if (ROOT / name).is_file()
        for line in violations(pathlib.Path(name), (ROOT / name).read_text())
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
