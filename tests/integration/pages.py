# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the examples of a page, and compare their output with the page."""

from __future__ import annotations

import re
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

# Values that differ from run to run, and what replaces them in a comparison.
VALUES = (
    (re.compile(r"\b(tm[sft]|tmfr)-[0-9a-f]{17}\b"), r"\1-ID"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "TIME"),
    (re.compile(r"(virtual_network_id\W+|\bVNI )\d+"), r"\1VNI"),
    (re.compile(r"\*{2,}|={2,}"), "*"),
)


@dataclass(frozen=True)
class Block:
    """A code block. file: the caption, or an empty string."""

    language: str
    file: str
    text: str


def read_blocks(text: str) -> Iterator[Block]:
    """Yield the code blocks of Markdown or reStructuredText in their order, also those in tables."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if fence := re.fullmatch(r"```(\w+)", line):
            rest = lines[at + 1 :]
            yield Block(fence[1], "", "\n".join(rest[: rest.index("```")]))
        elif start := re.fullmatch(r"[ *-]*\.\. code-block:: (\w+)", line):
            indent = len(line) - len(line.lstrip(" *-"))
            rest = lines[at + 1 :]
            ends = (end for end, one in enumerate(rest) if one.strip() and len(one) - len(one.lstrip()) <= indent)
            code = textwrap.dedent("\n".join(rest[: next(ends, len(rest))])).strip()
            caption = re.match(r":caption: (.+)\n\n", code)
            yield Block(start[1], caption[1] if caption else "", code[caption.end() :] if caption else code)


def find_blocks(text: str, language: str) -> list[str]:
    """Return the texts of the code blocks in this language."""
    return [block.text for block in read_blocks(text) if block.language == language]


def without_space(text: str) -> str:
    """Return the text without the line breaks of ansible-playbook, which differ between versions."""
    return "".join(text.split())


def normalize(text: str) -> str:
    """Return the text without values, lengths of lines and quoting that differ between runs or versions."""
    for pattern, replacement in VALUES:
        text = pattern.sub(replacement, text)
    # ansible-core 2.17 and 2.18 print the JSON of a failed result, later versions the message.
    return without_space(text.replace("[ERROR]: Task failed: Module failed: ", "").replace('\\"', '"'))


def assert_printed(done: subprocess.CompletedProcess[str], text: str) -> None:
    """Assert that the output has the parts of this text in order. A line ``...`` stands for omitted output.

    ansible-core prints warnings and errors to standard error. A part is compared without the paragraphs found there.
    """
    output, errors = normalize(done.stdout), normalize(done.stderr)
    for part in re.split(r"^\.\.\.\n", text, flags=re.MULTILINE):
        paragraphs = filter(None, map(normalize, part.split("\n\n")))
        wanted = "".join(paragraph for paragraph in paragraphs if paragraph not in errors)
        _before, found, output = output.partition(wanted) if wanted else ("", "-", output)
        assert found, f"not printed:\n{part}\nprinted:\n{done.stdout}{done.stderr}"
