# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the fleet module with scripts and with loops of the session module. Start: python -m tests.bench.fleets

Every figure is for a whole process: ansible-playbook with one fleet task, ansible-playbook with a loop of the session
module, or a script (bare_fleet.py). The time spent in the emulator, from its log, is listed separately.

The exit status is 1 if a run makes more calls than expected, misses a session, or exceeds the memory limit. Times are
compared with targets, but do not fail the run.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from tests.emulator.client import Emulator

from .measure import Broken, environment, play_command
from .process import Command, Run, run_process
from .subjects import FILTER_ID, SESSION, TARGET_ID
from .table import align, verdict

FLEET = "vtap.aws.ec2_traffic_mirror_fleet"
SIZES = (100, 1000, 10000)
LOOPED = 50
# Fractions of sessions to update and to delete in the repair scenario.
DRIFTED, GONE = 0.1, 0.05
MOST_CALLS, MOST_RATIO, MOST_MIB, LEAST_GAIN, LEAST_USE = 60, 1.1, 400, 50, 0.95
# Calls that write the tags of RETAGGED sessions.
RETAGGED, MOST_TAG_CALLS = 5000, 20
# EC2's bucket for each write action has 50 tokens and refills 5 per second. Ten times that shortens the run.
BUCKET = (500, 50)
UNBOUND = {"api_rate": 100000, "api_burst": 100000}
_MARK = {"vtap:fleet": "bench"}


class Bench:
    """Runs against one emulator. work: a directory for playbooks and Ansible's files."""

    def __init__(self, emulator: Emulator, work: pathlib.Path) -> None:
        self.emulator, self.work = emulator, work
        self.env = environment(emulator, work)
        self.ec2 = emulator.client()
        self.missed: list[str] = []

    def bulk_seed(self, number: int, mirrored: bool, tagged: bool = True) -> dict[str, list[str]]:
        """Create instances, optionally with a fleet session each."""
        sessions = {"target": TARGET_ID, "filter": FILTER_ID, "tags": _MARK} if mirrored else None
        return self.emulator.bulk_seed(number, tags={"Mirror": "yes"} if tagged else None, sessions=sessions)

    def drifted(self, number: int) -> dict[str, list[str]]:
        """Create a fleet with this many sessions, of which some were changed and some must be deleted."""
        self.emulator.reset()
        self.bulk_seed(round(number * GONE), mirrored=True, tagged=False)
        there = self.bulk_seed(number - round(number * GONE), mirrored=True)
        for session in there["sessions"][: round(number * DRIFTED)]:
            self.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session, Description="by hand")
        return there

    def unmark(self) -> None:
        """Delete the fleet's marks, because the session module does not change sessions of a fleet."""
        sessions = self.ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
        if ids := [row["TrafficMirrorSessionId"] for row in sessions]:
            self.ec2.delete_tags(Resources=ids, Tags=[{"Key": "vtap:fleet"}])

    def fleet(self, **options: Any) -> Run:
        """Run one fleet task."""
        fleet = {
            "name": "bench",
            "sources": [{"tags": {"Mirror": "yes"}}],
            "targets": [{"traffic_mirror_target_id": TARGET_ID}],
            "traffic_mirror_filter_name": "lab-filter",
            "description": "",
            **options,
        }
        return self._play([{FLEET: fleet}])

    def loop(self, items: list[dict[str, Any]]) -> Run:
        """Run the session module in a loop over the items."""
        session = {
            "network_interface_id": "{{ item.interface }}",
            "session_number": 1,
            "traffic_mirror_filter_id": FILTER_ID,
            "traffic_mirror_target_id": TARGET_ID,
            "description": "",
            "state": "{{ item.state }}",
        }
        return self._play([{SESSION: session, "loop": items}])

    def script(self, what: str, mode: str = "standard", workers: int = 10) -> Run:
        """Run bare_fleet.py."""
        script = pathlib.Path(__file__).with_name("bare_fleet.py")
        command: Command = [sys.executable, script, what, str(workers), mode, FILTER_ID, TARGET_ID]
        return run_process(self.emulator, command, self.env, self.work)

    def expect_sessions(self, what: str, number: int) -> None:
        """Record a miss unless there are `number` sessions on as many interfaces."""
        pages = self.ec2.get_paginator("describe_traffic_mirror_sessions").paginate()
        found = Counter(row["NetworkInterfaceId"] for page in pages for row in page["TrafficMirrorSessions"])
        if len(found) != number or max(found.values(), default=1) > 1:
            self.missed.append(f"{what}: {found.total()} sessions on {len(found)} interfaces, not on {number}")

    def _play(self, tasks: list[dict[str, Any]]) -> Run:
        play = self.work / "playbook.yml"
        play.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))  # JSON is YAML
        return run_process(self.emulator, play_command(play), self.env, self.work)


def no_op(bench: Bench, sizes: Iterable[int], rounds: int) -> str:
    """Compare a fleet run without changes with a script that reads the same. The runs of a pair follow each other."""
    rows = []
    for size in sizes:
        bench.emulator.reset()
        bench.bulk_seed(size, mirrored=True)
        pairs = [(bench.fleet(), bench.script("read")) for _round in range(rounds)]
        fleets, scripts = zip(*pairs, strict=True)
        calls, mib = max(len(run.log) for run in fleets), max(run.mib for run in fleets)
        if calls > MOST_CALLS or any(run.writes() for run in fleets):
            bench.missed.append(f"no-op over {size}: {calls} calls, {len(fleets[0].writes())} of them writes")
        if mib > MOST_MIB:
            bench.missed.append(f"no-op over {size}: {mib} MiB")
        ratio = median(fleet.seconds / script.seconds for fleet, script in pairs)
        seconds = median(run.seconds for run in fleets)
        rows.append(
            (
                f"{size}",
                verdict(f"{calls} of {MOST_CALLS}", calls <= MOST_CALLS),
                f"{seconds:.2f}",
                f"{median(run.emulator for run in fleets):.2f}",
                f"{median(run.seconds for run in scripts):.2f}",
                f"{median(run.emulator for run in scripts):.2f}",
                verdict(f"{ratio:.2f}", ratio <= MOST_RATIO) if size == SIZES[-1] else f"{ratio:.2f}",
                f"{seconds / size * 1000:.2f}",
                verdict(f"{mib} of {MOST_MIB}", mib <= MOST_MIB),
            )
        )
    head = ("no-op", "calls", "s", "emulator", "script s", "emulator", "/ script", "ms each", "MiB")
    return align(head, rows)


def retag(bench: Bench, size: int) -> str:
    """Change the tags of all sessions, then adopt all sessions of another fleet."""
    rows = []
    for what, options in (
        ("retag", {"tags": {"Team": "a"}}),
        ("adopt", {"tags": {"Team": "a"}, "name": "other", "adopt_fleets": ["bench"]}),
    ):
        if what == "retag":
            bench.emulator.reset()
            bench.bulk_seed(size, mirrored=True)
        run = bench.fleet(**options)
        calls = run.writes()
        is_met = len(calls) <= MOST_TAG_CALLS and all(one["action"] in ("CreateTags", "DeleteTags") for one in calls)
        if not is_met or not calls:
            bench.missed.append(f"{what} {size}: {len(calls)} writes")
        judgement = verdict(f"{len(calls)} of {MOST_TAG_CALLS}", is_met)
        rows.append((f"{what} {size}", judgement, f"{run.seconds:.2f}", f"{run.emulator:.2f}"))
    return align(("tags", "writes", "s", "emulator"), rows)


def _against_loop(
    bench: Bench, what: str, size: int, setup: Callable[[int], list[dict[str, Any]]], left: int
) -> list[Any]:
    """Return the rows of one scenario: fleet, thread pool, and a loop of the session module over fewer items."""
    setup(size)
    fleet = bench.fleet(**UNBOUND)
    bench.expect_sessions(f"{what} by a fleet", left)
    setup(size)
    script = bench.script(what)
    bench.expect_sessions(f"{what} by a script", left)
    items = setup(LOOPED)
    bench.unmark()
    loop = bench.loop(items)
    gain = (loop.seconds / len(items)) / (fleet.seconds / size)
    failed = len(fleet.writes()) - len(fleet.writes("OK"))
    if failed:
        bench.missed.append(f"{what} by a fleet: {failed} calls failed")

    def row(name: str, run: Run, sessions: int, judgement: str) -> tuple[str, ...]:
        each = run.seconds / sessions * 1000
        return (
            f"{what} {sessions}: {name}",
            f"{len(run.log)}",
            f"{run.seconds:.2f}",
            f"{run.emulator:.2f}",
            f"{each:.2f}",
            judgement,
        )

    return [
        row(
            "fleet",
            fleet,
            size,
            verdict(f"{gain:.0f} x cheaper than the loop, target {LEAST_GAIN}", gain >= LEAST_GAIN),
        ),
        row("thread pool", script, size, f"the fleet takes {fleet.seconds / script.seconds:.2f} of it"),
        row("loop", loop, len(items), ""),
    ]


def writes(bench: Bench, size: int) -> str:
    """Create and repair a fleet without throttling."""

    def fresh(number: int) -> list[dict[str, Any]]:
        bench.emulator.reset()
        return [{"interface": one, "state": "present"} for one in bench.bulk_seed(number, mirrored=False)["interfaces"]]

    def drifted(number: int) -> list[dict[str, Any]]:
        there = bench.drifted(number)["interfaces"]
        gone = bench.ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
        away = [row["NetworkInterfaceId"] for row in gone if row["NetworkInterfaceId"] not in set(there)]
        return [{"interface": one, "state": "present"} for one in there] + [
            {"interface": one, "state": "absent"} for one in away
        ]

    rows = _against_loop(bench, "create", size, fresh, size)
    rows += _against_loop(bench, "repair", size, drifted, size - round(size * GONE))
    return align(("no throttling", "calls", "s", "emulator", "ms each", ""), rows)


def throttled(bench: Bench, size: int) -> str:
    """Create a fleet within EC2's throttling limits, with different retry strategies."""
    burst, rate = BUCKET
    paced = {"api_rate": rate, "api_burst": burst}
    ways: dict[str, Callable[[], Run]] = {
        "fleet": lambda: bench.fleet(**paced),
        "fleet, 50 workers": lambda: bench.fleet(**paced, workers=50),
        "fleet that expects twice as much": lambda: bench.fleet(api_rate=2 * rate, api_burst=2 * burst),
        "thread pool, retries legacy": lambda: bench.script("create", "legacy"),
        "thread pool, retries standard": lambda: bench.script("create", "standard"),
        "thread pool, retries adaptive": lambda: bench.script("create", "adaptive"),
    }
    rows = []
    for name, run_it in ways.items():
        bench.emulator.reset()
        bench.bulk_seed(size, mirrored=False)
        bench.emulator.settings(throttle={"CreateTrafficMirrorSession": [burst, rate]})
        try:
            run = run_it()
        except Broken as error:
            rows.append((name, "failed", "", "", ""))
            print(error, file=sys.stderr)
            continue
        calls = run.writes()
        span = calls[-1]["time"] - calls[0]["time"]
        bound = (len(run.writes("OK")) - burst) / rate
        use = bound / span
        ours = name.startswith("fleet")
        if ours:
            bench.expect_sessions(name, size)
        refused = len(run.writes("RequestLimitExceeded"))
        rows.append(
            (
                name,
                f"{span:.2f}",
                f"{bound:.2f}",
                verdict(f"{use:.1%}", use >= LEAST_USE) if ours else f"{use:.1%}",
                f"{refused}",
            )
        )
    head = (
        f"create {size}, bucket {burst} and {rate}/s",
        "writing s",
        "bound s",
        "of what the bucket allows",
        "refused calls",
    )
    return align(head, rows)


def _arguments() -> argparse.Namespace:
    summary = (__doc__ or "").split("\n\n", maxsplit=1)[0]
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fleets", description=summary)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the no-op (default: %(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the size: checks the calls, times are not meaningful"
    )
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    part, rounds = (10, 1) if arguments.quick else (1, arguments.rounds)
    with tempfile.TemporaryDirectory() as work, Emulator() as emulator:
        bench = Bench(emulator, pathlib.Path(work))
        try:
            print(f"\n{no_op(bench, [size // part for size in SIZES], rounds)}", flush=True)
            print(f"\n{retag(bench, RETAGGED // part)}", flush=True)
            print(f"\n{writes(bench, 1000 // part)}", flush=True)
            # More than the bucket size, otherwise no call is throttled.
            print(f"\n{throttled(bench, 1000 if part == 1 else BUCKET[0] + 100)}", flush=True)
        except Broken as error:
            print(error, file=sys.stderr)
            return 2
    print("", *bench.missed, sep="\n" if bench.missed else "")
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
