# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure API calls and wall time per looped task of the modules and of other collections.

A round is one playbook that loops every task over the same items, then the same calls as bare boto3 scripts, one
process for each item. The time of an item is what it adds to its loop, as measure.py says; a round's figure is the mean
over its items but the first. The rounds follow each other, so that whatever slows the machine down slows all alike.
Calls come from the emulator's log, and are counted for every item of every round.

Ends with 1 if a task, or the script beside it, makes other calls than it should. Wall time is reported and judged, but
does not fail the run: it depends on the machine and on what else it does.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile
import time

from tests.emulator.client import Emulator

from .measure import Bench, Broken
from .start import print_machine
from .subjects import ITEMS
from .table import Rounds, misses, table


def _arguments() -> argparse.Namespace:
    summary = (__doc__ or "").split("\n\n", maxsplit=1)[0]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=summary)
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds (default: %(default)s)")
    parser.add_argument(
        "--items", type=int, default=3, help=f"items of each loop, 2 to {len(ITEMS)} (default: %(default)s)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="one round of two items: checks the calls, times are not meaningful"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.items = 1, 2
    if arguments.rounds < 1:
        parser.error(f"--rounds must be 1 or more, not {arguments.rounds}")
    if not 2 <= arguments.items <= len(ITEMS):
        parser.error(f"--items must be 2 to {len(ITEMS)}, not {arguments.items}")
    return arguments


def _rounds(count: int, items: int) -> Rounds:
    rounds: Rounds = []
    with tempfile.TemporaryDirectory() as work, Emulator() as emulator:
        bench = Bench(emulator, pathlib.Path(work), items)
        for number in range(1, count + 1):
            begin = time.monotonic()
            rounds.append(bench.round())
            print(f"round {number} of {count}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return rounds


def main() -> int:
    arguments = _arguments()
    print_machine()
    try:
        rounds = _rounds(arguments.rounds, arguments.items)
    except Broken as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{arguments.rounds} rounds of {arguments.items} items. ", end="")
    print("Medians over the rounds; ratios are medians of those within each round.\n")
    print(table(rounds))
    missed = misses(rounds)
    print("", *missed, sep="\n" if missed else "")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
