# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Executor of a fleet's plan: what a fleet adds to the executor of plans over many objects."""

from __future__ import annotations

from collections import Counter
from typing import cast

from .._batch.entry import Entry, EntrySkipped
from .._batch.executor import BatchExecutor
from .._ec2.client import Ec2
from .._ec2.errors import Ec2Error
from .._model.plan import Plan
from .._model.resource_types import SESSION, TARGET
from .._runtime.record import TaskFailed
from .coverage import sessions_after
from .options import Fleet
from .plan_entry import DUPLICATE, AwsState, FleetEntry, Selection, group_by_interface
from .planner import DELETIONS, describe_plan, find_current_target, find_duplicates, replan
from .target_assignment import Target, TargetPool

_FULL_TARGET_CODES = ("TrafficMirrorSourcesPerTargetLimitExceeded", "TrafficMirrorSessionsPerTargetLimitExceeded")
_UNSUPPORTED, _INTERFACE_NOT_FOUND = "NetworkInterfaceNotSupported", "InvalidNetworkInterfaceID.NotFound"


class FleetExecutor:
    """Executes the plan of one run of a fleet. workers: number of parallel calls, 1 or more.

    sessions: all sessions as EC2 returned them last. duplicate_check_error: why the check for duplicates failed.
    """

    def __init__(self, fleet: Fleet, aws_state: AwsState, ec2: Ec2, workers: int) -> None:
        self._fleet, self._aws_state, self._ec2 = fleet, aws_state, ec2
        self._batch = BatchExecutor(self, ec2, workers)
        self._pool = TargetPool([], [])
        self._by_interface = group_by_interface(aws_state.sessions)
        self._unsupported: dict[str, str] = {}  # EC2's text by instance type, for types that an option added
        self._entries: list[FleetEntry] = []
        self.sessions = aws_state.sessions
        self.duplicate_check_error: Ec2Error | None = None

    def run(self, entries: list[FleetEntry]) -> None:
        """Execute all entries and store the outcome in them. Appends the deletions of duplicates."""
        self._entries = entries
        planned = sessions_after(self.sessions, entries, is_planned=True)
        load = Counter(session.get(TARGET.id_option) for session in planned)
        self._pool = TargetPool(list(self._aws_state.targets), [load[one.id] for one in self._aws_state.targets])
        self._batch.run(list(entries))
        created = {entry.key for entry in entries if entry.action == "create"}
        if created:
            entries += self._delete_duplicates(created)

    def start_phase(self, phase: int, entries: list[Entry]) -> None:
        """Before deletions, skip those that are not valid any more by the sessions that EC2 returns now.

        The preceding creations and updates can take many minutes at EC2's API rate. Deletions of duplicates are always
        checked, because one of the fleet's sessions must remain. Raises Ec2Error.
        """
        is_late = any(entry.is_changed for entry in self._entries)
        if phase != DELETIONS or not any(is_late or entry.reason.startswith(DUPLICATE) for entry in entries):
            return
        self.sessions = self._ec2.describe(SESSION)
        by_interface = group_by_interface(self.sessions)
        for entry in entries:
            try:
                replan(self._fleet, self._aws_state, cast(FleetEntry, entry), by_interface.get(entry.key, []))
            except EntrySkipped as skipped:
                entry.skip(str(skipped))

    def replan(self, entry: Entry) -> Plan:
        """Plan the entry again, see planner.replan."""
        sessions = self._ec2.describe(SESSION, filters={"network-interface-id": [entry.key]})
        return replan(self._fleet, self._aws_state, cast(FleetEntry, entry), sessions)

    def resolve_refusal(self, entry: Entry, failure: TaskFailed) -> Plan | None:
        """Try the next target if a target is full. Skip an interface that EC2 does not support or that was deleted."""
        entry = cast(FleetEntry, entry)
        code = failure.error.code if isinstance(failure.error, Ec2Error) else ""
        if entry.adds_to_target and entry.target is not None and code in _FULL_TARGET_CODES:
            return self._use_next_target(entry, entry.target)
        if failure.action is not None and failure.action.creates and code == _UNSUPPORTED:
            message = failure.error.message if isinstance(failure.error, Ec2Error) else ""
            self._skip_unsupported(entry, f"{_UNSUPPORTED}: {message}")
        elif failure.action is not None and failure.action.creates and code == _INTERFACE_NOT_FOUND:
            entry.skip("the interface was deleted during the run")
            entry.selection = Selection.INELIGIBLE
        return None

    def start_entry(self, entry: Entry) -> Plan:
        """Skip a type that EC2 does not support, and do not use a target that is full."""
        entry = cast(FleetEntry, entry)
        instance = entry.interface.instance if entry.interface is not None else None
        if entry.action == "create" and instance is not None and instance.type in self._unsupported:
            self._skip_unsupported(entry, self._unsupported[instance.type])
        elif entry.adds_to_target and entry.target is not None and self._pool.is_full(entry.target):
            return self._use_next_target(entry, entry.target) or entry.plan
        return entry.plan

    def _skip_unsupported(self, entry: FleetEntry, text: str) -> None:
        """Skip an interface whose instance type EC2 does not support.

        The refusal is assumed for other instances of the type only if the user added the type: EC2 documents support
        for the others, so their refusal concerns one interface.
        """
        instance = entry.interface.instance if entry.interface is not None else None
        if instance is not None and self._fleet.types.is_added(instance.type):
            self._unsupported.setdefault(instance.type, text)
        entry.skip(text + (f" (instance type {instance.type})" if instance is not None else ""))
        entry.selection = Selection.INELIGIBLE

    def _use_next_target(self, entry: FleetEntry, full: Target) -> Plan | None:
        """Return the plan with the next target that has capacity. Without one, skip a new session and keep an old."""
        self._pool.mark_full(full)
        index = self._pool.take(entry.interface.zone if entry.interface is not None else "")
        current = entry.plan.before
        if index is not None:
            entry.target = self._aws_state.targets[index]
        elif current is None:
            entry.skip("all targets are at capacity")
            entry.problem = entry.reason
            return None
        else:
            entry.target = find_current_target(self._aws_state, current)
            entry.problem = f"keeps target {entry.target.id}: no other target has capacity"
        sessions = self._by_interface.get(entry.key, [])
        plan = replan(self._fleet, self._aws_state, entry, sessions)
        entry.action, entry.reason, entry.changes = describe_plan(self._fleet, plan)
        return plan

    def _delete_duplicates(self, created: set[str]) -> list[FleetEntry]:
        """Delete duplicates that a concurrent run created. Returns their entries.

        created: the ids of the interfaces on which this run created sessions.
        """
        try:
            self.sessions = self._ec2.describe(SESSION)
        except Ec2Error as error:
            self.duplicate_check_error = error  # reported with the results, which stay valid
            return []
        duplicates = find_duplicates(self._fleet, self._aws_state, created, self.sessions)
        self._batch.run(list(duplicates))
        return duplicates
