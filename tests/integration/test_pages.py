# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the commands of the pages in their order, as a reader does, and compare the output.

A block with a caption is saved as the file of that name. In shell blocks, the commands ansible-playbook and aws are
run. A text block after a shell block is the output of the last command. The exit status of this command is 2 if the
text has an error.
"""

from __future__ import annotations

import os
import pathlib
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.emulator.client import Emulator
from tests.integration import page_states
from tests.integration.conftest import ROOT
from tests.integration.pages import assert_printed, read_blocks

Run = subprocess.CompletedProcess[str]

FOLDER = ROOT / "docs/docsite/rst"
PAGES = [path for path in sorted(FOLDER.glob("*.rst")) if ":caption:" in path.read_text()]
# Playbooks without a caption are run by the page's own tests.
OWN_TESTS = {
    "central_sensors",
    "events",
    "expiry",
    "fleet",
    "fleet_accounts",
    "operations",
    "report",
    "stack",
    "troubleshooting",
}
NOT_RUN = {"ansible-doc", "ansible-galaxy", "export", "pip", "tcpdump"}
FAILED = re.compile(r"^(\[ERROR\]|fatal: )", re.MULTILINE)

# {page: prepares what the page requires}
PREPARE: dict[str, Callable[[Emulator], None]] = {
    "change_sessions": page_states.detach_interface,
    "find_sessions": page_states.create_sessions,
    "from_cloudformation": page_states.create_by_cloudformation,
    "from_lambda": page_states.create_by_lambda,
    "from_terraform": page_states.create_by_terraform,
}


def find_commands(path: pathlib.Path, folder: pathlib.Path) -> Iterator[tuple[list[str], str]]:
    """Yield each command with its output on the page, after saving the files that precede the command."""
    blocks = list(read_blocks(path.read_text()))
    for block, following in zip(blocks, [*blocks[1:], None]):
        if block.file:
            folder.joinpath(block.file).write_text(block.text + "\n")
        if block.language == "shell":
            *commands, last = block.text.replace("\\\n", " ").splitlines()
            yield from ((shlex.split(command, comments=True), "") for command in commands)
            shown = following.text if following and following.language == "text" else ""
            yield shlex.split(last, comments=True), shown


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_commands(
    path: pathlib.Path,
    play: Callable[..., Run],
    emulator: Emulator,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    PREPARE.get(path.stem, lambda _emulator: None)(emulator)
    ran = 0
    for (program, *arguments), shown in find_commands(path, tmp_path):
        if program == "ansible-playbook":
            (name,) = (word for word in arguments if word.endswith(".yml") or word.startswith("vtap.aws."))
            arguments.remove(name)
            done = play(str(tmp_path / name) if name.endswith(".yml") else name, *arguments)
        elif program == "aws":
            env = {"PATH": os.environ["PATH"], **emulator.env}
            tool = ROOT / ".venv/bin/aws"
            done = subprocess.run([tool, *arguments], env=env, capture_output=True, text=True, check=False)
        else:
            assert program in NOT_RUN, program
            continue
        assert done.returncode == (2 if FAILED.search(shown) else 0), done.stdout + done.stderr
        assert_printed(done, shown)
        ran += 1
    assert ran


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.rst")), ids=lambda path: path.stem)
def test_every_playbook_is_tested(path: pathlib.Path) -> None:
    """A playbook has a caption that a command uses, or the page has tests of its own."""
    if path.stem in OWN_TESTS:
        return
    blocks = list(read_blocks(path.read_text()))
    commands = "\n".join(block.text for block in blocks if block.language == "shell")
    for block in blocks:
        if block.language == "yaml":
            assert block.file and block.file in commands, block.text


OUTPUT = Run(
    [],
    0,
    "TASK [Tap] ****\nchanged: [localhost]\n\nPLAY RECAP\ntms-0a1b2c3d4e5f60718 is\n new",
    "[WARNING]: two\n  lines",
)


@pytest.mark.parametrize(
    "text",
    [
        "TASK [Tap] **\nchanged: [localhost]\n\nPLAY RECAP",
        "[WARNING]: two lines\n\nTASK [Tap]\n...\ntms-11111111111111111 is new",
    ],
)
def test_output_as_on_the_page(text: str) -> None:
    assert_printed(OUTPUT, text)


@pytest.mark.parametrize(
    "text",
    ["TASK [Tap]\nok: [localhost]", "PLAY RECAP\n\nTASK [Tap]", "tmf-11111111111111111 is new", "[WARNING]: one"],
)
def test_output_that_differs_from_the_page(text: str) -> None:
    with pytest.raises(AssertionError, match="not printed"):
        assert_printed(OUTPUT, text)
