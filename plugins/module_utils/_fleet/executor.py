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

from .._ec2.client import Ec2
from .._ec2.error_messages import format_error
from .._ec2.errors import Ec2Error
from .._model.errors import ConflictError, ValidationError
from .._model.plan import Plan
from .._model.resource_types import SESSION, ModuleParams
from .._runtime.executor import PartialFailure, PlanFailed, apply_until_stable
from .options import Fleet
from .plan_entry import AwsState, DeletionSkipped, PlanEntry, grouped
from .planner import find_duplicates, replan, session_to_keep

# So many refusals of an action that was never carried out, because nobody may or because the filter or the target is
# not there, and the rest is not tried: it would take hours to be told the same for thousands.
REFUSALS = 10
NO_REFERENCE = re.compile(r"InvalidTrafficMirror(Filter|Target)(I[dD]\.)?Not?Found")


@dataclass
class Results:
    """What came of a plan. sessions: as they are now, with their rows. failed: what the result lists.
    changed: whether any call did something. duplicate_check_error: why nobody looked whether another run made the same
    sessions."""

    sessions: list[tuple[PlanEntry, ModuleParams]] = field(default_factory=list)
    failed: list[ModuleParams] = field(default_factory=list)
    changed: bool = False
    duplicate_check_error: Ec2Error | None = None


class FleetExecutor:
    """Workers for one run of one fleet. workers: how many at once, 1 or more."""

    def __init__(self, fleet: Fleet, aws_state: AwsState, ec2: Ec2, workers: int) -> None:
        self._fleet, self._aws_state, self._ec2, self._workers = fleet, aws_state, ec2, workers
        self._results = Results()
        self._lock = threading.Lock()
        self._allowed: set[str] = set()  # EC2 actions that were carried out at least once
        self._refused: dict[str, list[PlanFailed]] = defaultdict(list)  # by EC2 action

    def run(self, rows: list[PlanEntry]) -> Results:
        """Carry the plan out, all of it, whatever becomes of single rows.

        Rows whose interface turns out to be unsupported or gone become skips.
        """
        self._results.sessions += [(row, row.plan.after or {}) for row in rows if row.action == "unchanged"]
        self._all(row for row in rows if row.action in ("create", "update") and not row.after_deletions)
        self._all(self._recheck_deletions([row for row in rows if row.action == "delete"]))
        self._all(row for row in rows if row.after_deletions)
        created = {row.interface_id for row in rows if row.action == "create"}
        if created:
            rows += self._delete_duplicates(created)
        self._results.sessions.sort(key=lambda pair: pair[0].interface_id)
        self._results.failed.sort(key=lambda one: str(one["network_interface_id"]))
        return self._results

    def _recheck_deletions(self, removals: list[PlanEntry]) -> list[PlanEntry]:
        """The rows but for those that a fresh look forbids, which become skips. What was written before, at EC2's pace,
        may have taken many minutes since the first look, and where one of several sessions goes another must be left.
        """
        if not any(self._results.changed or row.kept_session_id for row in removals):
            return removals
        try:
            there = grouped(self._ec2.describe(SESSION))
        except Ec2Error as error:
            for row in removals:
                self._fail(row, error.code, format_error(error))
            return []
        due = []
        instead: dict[str, ModuleParams | None] = {}
        for row in removals:
            shown = there.get(row.interface_id, [])
            try:
                replan(self._fleet, self._aws_state, row, shown)
            except DeletionSkipped as spared:
                _skip(row, str(spared))
            else:
                due.append(row)
            if row.kept_session_id is not None:
                instead[row.kept_session_id] = session_to_keep(self._fleet, self._aws_state, row, shown)
        self._correct(instead)
        return due

    def _correct(self, instead: dict[str, ModuleParams | None]) -> None:
        """Let the results say what a fresh look shows. instead: by the id of the session that should be there, the one
        that is, None if there is none."""
        sessions, self._results.sessions = self._results.sessions, []
        for row, found in sessions:
            now = instead.get(found[SESSION.id_option], found)
            if now is None:
                _skip(row, "no session of the fleet is left on this interface")
                row.unassigned = True
            else:
                same = now[SESSION.id_option] == found[SESSION.id_option]
                self._results.sessions.append((row, found if same else now))

    def _delete_duplicates(self, created: set[str]) -> list[PlanEntry]:
        """Remove what another run made on the same interfaces. Returns the rows of what was removed."""
        try:
            there = self._ec2.describe(SESSION)
        except Ec2Error as error:
            self._results.duplicate_check_error = error  # what was done is not forgotten for that
            return []
        extra = find_duplicates(self._fleet, self._aws_state, created, there)
        self._all(extra)
        return extra

    def _all(self, rows: Iterable[PlanEntry]) -> None:
        with ThreadPoolExecutor(self._workers) as pool:
            for _done in pool.map(self._one, rows):
                pass  # a defect in a worker is raised here

    def _one(self, row: PlanEntry) -> None:
        closed = next((action.operation for action in row.plan.actions if self._keeps_failing(action.operation)), None)
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
            return replan(self._fleet, self._aws_state, row, there)

        try:
            outcome = apply_until_stable(make_plan, self._ec2)
        except PlanFailed as stop:
            self._record_failure(row, stop)
        except PartialFailure as error:
            self._fail(row, "", str(error), changed=True)
        except DeletionSkipped as spared:
            _skip(row, str(spared))
        except (ConflictError, ValidationError) as error:
            self._fail(row, "", str(error))
        except Ec2Error as error:
            self._fail(row, error.code, format_error(error))
        else:
            with self._lock:
                self._results.changed |= bool(outcome.actions)
                self._allowed.update(action.operation for action in outcome.actions)
                if outcome.after is not None:
                    self._results.sessions.append((row, outcome.after))

    def _keeps_failing(self, operation: str) -> bool:
        """Whether EC2 seems to refuse the action altogether, and not only for some interfaces."""
        with self._lock:
            return operation not in self._allowed and len(self._refused[operation]) >= REFUSALS

    def _record_failure(self, row: PlanEntry, stop: PlanFailed) -> None:
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

    def _fail(self, row: PlanEntry, code: str, reason: str, changed: bool = False) -> None:
        row.failed = True
        with self._lock:
            self._results.changed |= changed
            self._results.failed.append(
                {"network_interface_id": row.interface_id, "action": row.action, "code": code, "reason": reason}
            )


def _skip(row: PlanEntry, reason: str) -> None:
    row.action, row.reason, row.plan = "skip", reason, Plan()
