# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a fleet's plan with several workers: what makes or changes something first, removals after it."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.vtap.aws.plugins.module_utils import fleet as fleets
from ansible_collections.vtap.aws.plugins.module_utils.advice import explain
from ansible_collections.vtap.aws.plugins.module_utils.apply import Halted, Interrupted, converge
from ansible_collections.vtap.aws.plugins.module_utils.ec2 import Ec2, Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils.fleet import Fleet, Row, Spared, World
from ansible_collections.vtap.aws.plugins.module_utils.plan import Plan
from ansible_collections.vtap.aws.plugins.module_utils.resource import SESSION, BadInput, Options, Refused

# So many refusals of an action that was never carried out, because nobody may or because the filter or the target is
# not there, and the rest is not tried: it would take hours to be told the same for thousands.
REFUSALS = 10
NO_REFERENCE = re.compile(r"InvalidTrafficMirror(Filter|Target)(I[dD]\.)?Not?Found")


@dataclass
class Results:
    """What came of a plan. sessions: as they are now, with their rows. failed: what the result lists.
    changed: whether any call did something. unchecked: why nobody looked whether another run made the same sessions."""

    sessions: list[tuple[Row, Options]] = field(default_factory=list)
    failed: list[Options] = field(default_factory=list)
    changed: bool = False
    unchecked: Ec2Error | None = None


class Crew:
    """Workers for one run of one fleet. workers: how many at once, 1 or more."""

    def __init__(self, fleet: Fleet, world: World, ec2: Ec2, workers: int) -> None:
        self._fleet, self._world, self._ec2, self._workers = fleet, world, ec2, workers
        self._results = Results()
        self._lock = threading.Lock()
        self._allowed: set[str] = set()  # EC2 actions that were carried out at least once
        self._refused: dict[str, list[Interrupted]] = defaultdict(list)  # by EC2 action

    def run(self, rows: list[Row]) -> Results:
        """Carry the plan out, all of it, whatever becomes of single rows.

        Rows whose interface turns out to be unsupported or gone become skips.
        """
        self._results.sessions += [(row, row.plan.after or {}) for row in rows if row.action == "leave"]
        self._all(row for row in rows if row.action in ("create", "change") and not row.late)
        self._all(self._still_due([row for row in rows if row.action == "delete"]))
        self._all(row for row in rows if row.late)
        created = {row.interface_id for row in rows if row.action == "create"}
        if created:
            rows += self._without_doubles(created)
        self._results.sessions.sort(key=lambda pair: pair[0].interface_id)
        self._results.failed.sort(key=lambda one: str(one["network_interface_id"]))
        return self._results

    def _still_due(self, removals: list[Row]) -> list[Row]:
        """The rows but for those that a fresh look forbids, which become skips. What was written before, at EC2's pace,
        may have taken many minutes since the first look, and where one of several sessions goes another must be left.
        """
        if not any(self._results.changed or row.stays for row in removals):
            return removals
        try:
            there = fleets.grouped(self._ec2.describe(SESSION))
        except Ec2Error as error:
            for row in removals:
                self._fail(row, error.code, explain(error))
            return []
        due = []
        instead: dict[str, Options | None] = {}
        for row in removals:
            shown = there.get(row.interface_id, [])
            try:
                fleets.replan(self._fleet, self._world, row, shown)
            except Spared as spared:
                _skip(row, str(spared))
            else:
                due.append(row)
            if row.stays is not None:
                instead[row.stays] = fleets.staying(self._fleet, self._world, row, shown)
        self._correct(instead)
        return due

    def _correct(self, instead: dict[str, Options | None]) -> None:
        """Let the results say what a fresh look shows. instead: by the id of the session that should be there, the one
        that is, None if there is none."""
        sessions, self._results.sessions = self._results.sessions, []
        for row, found in sessions:
            now = instead.get(found[SESSION.id_option], found)
            if now is None:
                _skip(row, "no session of the fleet is left on this interface")
                row.unseated = True
            else:
                same = now[SESSION.id_option] == found[SESSION.id_option]
                self._results.sessions.append((row, found if same else now))

    def _without_doubles(self, created: set[str]) -> list[Row]:
        """Remove what another run made on the same interfaces. Returns the rows of what was removed."""
        try:
            there = self._ec2.describe(SESSION)
        except Ec2Error as error:
            self._results.unchecked = error  # what was done is not forgotten for that
            return []
        extra = fleets.doubles(self._fleet, self._world, created, there)
        self._all(extra)
        return extra

    def _all(self, rows: Iterable[Row]) -> None:
        with ThreadPoolExecutor(self._workers) as pool:
            for _done in pool.map(self._one, rows):
                pass  # a defect in a worker is raised here

    def _one(self, row: Row) -> None:
        closed = next((action.operation for action in row.plan.actions if self._is_closed(action.operation)), None)
        if closed is not None:
            reason = f"Not tried: {closed} was refused {REFUSALS} times and never carried out, see the others."
            self._fail(row, self._refused[closed][0].error.code, reason)
            return
        looks = iter([row.plan])

        def make_plan() -> Plan:
            planned = next(looks, None)
            if planned is not None:
                return planned
            there = self._ec2.describe(SESSION, filters={"network-interface-id": [row.interface_id]})
            return fleets.replan(self._fleet, self._world, row, there)

        try:
            outcome = converge(make_plan, self._ec2)
        except Interrupted as stop:
            self._interrupted(row, stop)
        except Halted as error:
            self._fail(row, "", str(error), changed=True)
        except Spared as spared:
            _skip(row, str(spared))
        except (Refused, BadInput) as error:
            self._fail(row, "", str(error))
        except Ec2Error as error:
            self._fail(row, error.code, explain(error))
        else:
            with self._lock:
                self._results.changed |= bool(outcome.actions)
                self._allowed.update(action.operation for action in outcome.actions)
                if outcome.after is not None:
                    self._results.sessions.append((row, outcome.after))

    def _is_closed(self, operation: str) -> bool:
        """Whether EC2 seems to refuse the action altogether, and not only for some interfaces."""
        with self._lock:
            return operation not in self._allowed and len(self._refused[operation]) >= REFUSALS

    def _interrupted(self, row: Row, stop: Interrupted) -> None:
        with self._lock:
            self._allowed.update(action.operation for action in stop.done)
            if stop.error.denied or NO_REFERENCE.match(stop.error.code):
                self._refused[stop.action.operation].append(stop)
        of_type = f" (instance type {row.interface.instance.type})" if row.interface and row.interface.instance else ""
        reasons = {
            "NetworkInterfaceNotSupported": f"NetworkInterfaceNotSupported: {stop.error.message}{of_type}",
            "InvalidNetworkInterfaceID.NotFound": "it vanished during the run",
        }
        if stop.action.creates and stop.error.code in reasons:
            _skip(row, reasons[stop.error.code])
            row.ineligible = True
            return
        self._fail(row, stop.error.code, str(stop), changed=bool(stop.done))

    def _fail(self, row: Row, code: str, reason: str, changed: bool = False) -> None:
        row.failed = True
        with self._lock:
            self._results.changed |= changed
            self._results.failed.append(
                {"network_interface_id": row.interface_id, "action": row.action, "code": code, "reason": reason}
            )


def _skip(row: Row, reason: str) -> None:
    row.action, row.reason, row.plan = "skip", reason, Plan()
