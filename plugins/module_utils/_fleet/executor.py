# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Executor of a fleet's plan: several workers, first creations and updates, then deletions."""

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
from .._runtime.executor import execute
from .._runtime.record import TaskFailed
from .options import Fleet
from .plan_entry import AwsState, DeletionSkipped, PlanEntry, group_by_interface
from .planner import find_duplicates, find_kept_session, replan

# An EC2 action that fails this many times without a success, because it is denied or because the filter or the target
# does not exist, is skipped from then on: thousands of further calls would fail in the same way and could take hours.
MAX_FAILURES = 10
MISSING_REFERENCE = re.compile(r"InvalidTrafficMirror(Filter|Target)(I[dD]\.)?Not?Found")


@dataclass
class Results:
    """The results of a plan.

    sessions: each existing session of the fleet with its entry. failed: the items of the result failed_interfaces.
    changed: whether any call changed something. duplicate_check_error: why the check for duplicates failed.
    """

    sessions: list[tuple[PlanEntry, ModuleParams]] = field(default_factory=list)
    failed: list[ModuleParams] = field(default_factory=list)
    changed: bool = False
    duplicate_check_error: Ec2Error | None = None


class FleetExecutor:
    """Executes the plan of one run of a fleet. workers: number of parallel calls, 1 or more."""

    def __init__(self, fleet: Fleet, aws_state: AwsState, ec2: Ec2, workers: int) -> None:
        self._fleet, self._aws_state, self._ec2, self._workers = fleet, aws_state, ec2, workers
        self._results = Results()
        self._lock = threading.Lock()
        self._succeeded: set[str] = set()  # EC2 actions that succeeded at least once
        self._failures: dict[str, list[Ec2Error]] = defaultdict(list)  # by EC2 action

    def run(self, entries: list[PlanEntry]) -> Results:
        """Execute all entries. A failed entry does not stop the others.

        Updates entries in place: an interface that EC2 does not support or that was deleted becomes a skip, and the
        deletions of duplicates are appended.
        """
        self._results.sessions += [(entry, entry.plan.after or {}) for entry in entries if entry.action == "unchanged"]
        self._apply_all(
            entry for entry in entries if entry.action in ("create", "update") and not entry.after_deletions
        )
        self._apply_all(self._recheck_deletions([entry for entry in entries if entry.action == "delete"]))
        self._apply_all(entry for entry in entries if entry.after_deletions)
        created = {entry.interface_id for entry in entries if entry.action == "create"}
        if created:
            entries += self._delete_duplicates(created)
        self._results.sessions.sort(key=lambda pair: pair[0].interface_id)
        self._results.failed.sort(key=lambda failure: str(failure["network_interface_id"]))
        return self._results

    def _recheck_deletions(self, deletions: list[PlanEntry]) -> list[PlanEntry]:
        """The deletions that are still valid by the sessions that EC2 returns now; the others become skips.

        The preceding creations and updates can take many minutes at EC2's API rate. Deletions of duplicates are always
        checked, because one of the fleet's sessions must remain.
        """
        if not any(self._results.changed or entry.kept_session_id for entry in deletions):
            return deletions
        try:
            by_interface = group_by_interface(self._ec2.describe(SESSION))
        except Ec2Error as error:
            for entry in deletions:
                self._fail(entry, error.code, format_error(error))
            return []
        valid = []
        kept: dict[str, ModuleParams | None] = {}
        for entry in deletions:
            sessions = by_interface.get(entry.interface_id, [])
            try:
                replan(self._fleet, self._aws_state, entry, sessions)
            except DeletionSkipped as skipped:
                _skip(entry, str(skipped))
            else:
                valid.append(entry)
            if entry.kept_session_id is not None:
                kept[entry.kept_session_id] = find_kept_session(self._fleet, self._aws_state, entry, sessions)
        self._update_kept_sessions(kept)
        return valid

    def _update_kept_sessions(self, kept: dict[str, ModuleParams | None]) -> None:
        """Replace sessions of the results by those that EC2 returned last.

        kept: by id of the session that the plan keeps, the session that is kept instead; None without a session.
        """
        sessions, self._results.sessions = self._results.sessions, []
        for entry, session in sessions:
            current = kept.get(session[SESSION.id_option], session)
            if current is None:
                _skip(entry, "the fleet's session was deleted or lost this fleet's tag during the run")
                entry.unassigned = True
            else:
                is_same = current[SESSION.id_option] == session[SESSION.id_option]
                self._results.sessions.append((entry, session if is_same else current))

    def _delete_duplicates(self, created: set[str]) -> list[PlanEntry]:
        """Delete duplicates that a concurrent run created. Returns their entries.

        created: the ids of the interfaces on which this run created sessions.
        """
        try:
            sessions = self._ec2.describe(SESSION)
        except Ec2Error as error:
            self._results.duplicate_check_error = error  # reported with the results, which stay valid
            return []
        duplicates = find_duplicates(self._fleet, self._aws_state, created, sessions)
        self._apply_all(duplicates)
        return duplicates

    def _apply_all(self, entries: Iterable[PlanEntry]) -> None:
        with ThreadPoolExecutor(self._workers) as pool:
            for _done in pool.map(self._apply, entries):
                pass  # raises an unexpected exception of a worker

    def _apply(self, entry: PlanEntry) -> None:
        operations = (action.operation for action in entry.plan.actions)
        failing = next((operation for operation in operations if self._always_fails(operation)), None)
        if failing is not None:
            reason = f"Skipped: {failing} failed {MAX_FAILURES} times without a success; see failed_interfaces."
            self._fail(entry, self._failures[failing][0].code, reason)
            return
        first_plan = iter([entry.plan])

        def make_plan() -> Plan:
            planned = next(first_plan, None)
            if planned is not None:
                return planned
            sessions = self._ec2.describe(SESSION, filters={"network-interface-id": [entry.interface_id]})
            return replan(self._fleet, self._aws_state, entry, sessions)

        try:
            outcome = execute(make_plan, self._ec2)
        except TaskFailed as failure:
            self._record_failure(entry, failure)
        except DeletionSkipped as skipped:
            _skip(entry, str(skipped))
        except (ConflictError, ValidationError) as error:
            self._fail(entry, "", str(error))
        except Ec2Error as error:
            self._fail(entry, error.code, format_error(error))
        else:
            with self._lock:
                self._results.changed |= bool(outcome.actions)
                self._succeeded.update(action.operation for action in outcome.actions)
                if outcome.after is not None:
                    self._results.sessions.append((entry, outcome.after))

    def _always_fails(self, operation: str) -> bool:
        """Whether an EC2 action failed MAX_FAILURES times and never succeeded."""
        with self._lock:
            return operation not in self._succeeded and len(self._failures[operation]) >= MAX_FAILURES

    def _record_failure(self, entry: PlanEntry, failure: TaskFailed) -> None:
        skipped = next((one.error for one in failure.failures if isinstance(one.error, DeletionSkipped)), None)
        error = failure.error if isinstance(failure.error, Ec2Error) else None
        code = error.code if error is not None else ""
        with self._lock:
            self._succeeded.update(action.operation for action in failure.completed)
            if failure.action is not None and error is not None and (error.denied or MISSING_REFERENCE.match(code)):
                self._failures[failure.action.operation].append(error)
        instance = entry.interface.instance if entry.interface else None
        of_type = f" (instance type {instance.type})" if instance else ""
        skip_reasons = {
            "NetworkInterfaceNotSupported": f"NetworkInterfaceNotSupported: {error.message if error else ''}{of_type}",
            "InvalidNetworkInterfaceID.NotFound": "the interface was deleted during the run",
        }
        if skipped is not None and not failure.completed:
            _skip(entry, str(skipped))
        elif failure.action is not None and failure.action.creates and code in skip_reasons:
            _skip(entry, skip_reasons[code])
            entry.ineligible = True
        else:
            self._fail(entry, code, str(failure), changed=bool(failure.completed))

    def _fail(self, entry: PlanEntry, code: str, reason: str, changed: bool = False) -> None:
        entry.failed = True
        with self._lock:
            self._results.changed |= changed
            self._results.failed.append(
                {"network_interface_id": entry.interface_id, "action": entry.action, "code": code, "reason": reason}
            )


def _skip(entry: PlanEntry, reason: str) -> None:
    entry.action, entry.reason, entry.plan = "skip", reason, Plan()
