# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a report: check of their paths, and writing."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from .._model.errors import ValidationError
from .._model.text import truncate
from .csv_table import render_csv
from .document import Document
from .html_page import render_html

_RENDERERS: dict[str, Callable[[Document], str]] = {"html": render_html, "json": json.dumps, "csv": render_csv}
# The argument spec of the paths.
FILE_OPTIONS: dict[str, Any] = {name: {"type": "path"} for name in _RENDERERS}


def format_now() -> str:
    """The current time as RFC 3339 in UTC."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_files(params: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """The paths of the files by format. Checks that each can be written. Raises ValidationError.

    params: see FILE_OPTIONS. prefix: of the names of the options, such as C(report_).
    """
    paths = {name: params[prefix + name] for name in _RENDERERS if params.get(prefix + name) is not None}
    for name, path in paths.items():
        problem = _find_problem(path)
        if problem is not None:
            raise ValidationError(f"{prefix}{name}: {truncate(path)}: {problem}")
    if len(set(map(os.path.realpath, paths.values()))) < len(paths):
        options = " and ".join(prefix + name for name in paths)
        raise ValidationError(f"{options} must be different files.")
    return paths


def _find_problem(path: str) -> str | None:
    """Why a file cannot be written, None if it can."""
    try:
        mode = os.stat(path).st_mode if path else stat.S_IFREG
        if not stat.S_ISREG(mode):
            kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
            return f"the path is {kind}. Give the path of a file."
    except (FileNotFoundError, NotADirectoryError):
        pass  # the checks below are more precise
    except (OSError, ValueError) as error:  # ValueError: a null character, or text that is no Unicode
        return f"{truncate(getattr(error, 'strerror', None) or error)}. Give the path of a file."
    folder = os.path.dirname(os.path.realpath(path))
    if not path:
        return "the path is empty. Give the path of a file."
    if not os.path.isdir(folder):
        return f"the directory {truncate(folder)} does not exist. Create it."
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the directory {truncate(folder)} is not writable for the user that runs the module."
    return None


def write_files(files: dict[str, str], document: Document) -> None:
    """Write the report in each format. Raises OSError.

    files: see check_files. A reader never sees a part of a file.
    """
    for name, path in files.items():
        _replace_file(os.path.realpath(path), _RENDERERS[name](document))


def _replace_file(path: str, text: str) -> None:
    """Replace a file. It keeps its mode; a new file has the default mode of the user."""
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    # AnsibleModule.atomic_move ends the module if it fails, without the result of the run.
    handle, temporary = tempfile.mkstemp(prefix=".vtap-", dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
