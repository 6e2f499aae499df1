# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Executor of a plan over many objects: several workers, phase after phase, tags in groups.

A failed entry does not stop the others. The order within a phase is random, so that an object that EC2 refuses does not
decide which others are tried first.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

from .._ec2.client import Ec2
from .._ec2.error_messages import format_error
from .._ec2.errors import Ec2Error
from .._ec2.rate_limiter import TAG_ACTIONS
from .._model.errors import ConflictError, ValidationError
from .._model.plan import Action, Plan
from .._model.text import truncate
from .._runtime.executor import execute
from .._runtime.record import TaskFailed
from .entry import Entry, EntrySkipped, Status
from .stop_rules import StopRules
from .tag_groups import TagGroup, group_tags, split_tags


class Steps(Protocol):
    """What a kind of plan adds to the executor."""

    def start_phase(self, phase: int, entries: list[Entry]) -> None:
        """Called before a phase with its open entries. It can skip entries. If it raises an error, they fail."""

    def start_entry(self, entry: Entry) -> Plan:
        """Called before the first call of an entry. Returns the plan to carry out. It can skip the entry."""

    def replan(self, entry: Entry) -> Plan:
        """Read the state and plan the entry again, after EC2 refused a call or did not reply.

        Raises EntrySkipped if the entry is no longer necessary, and the errors of a plan.
        """

    def resolve_refusal(self, entry: Entry, failure: TaskFailed) -> Plan | None:
        """Called if a call of the entry failed finally and the entry completed no call.

        Returns another plan to try, or None. It can skip the entry instead.
        """


class BatchExecutor:
    """Executes a plan. workers: number of parallel calls, 1 or more."""

    def __init__(self, steps: Steps, ec2: Ec2, workers: int) -> None:
        self._steps, self._ec2, self._workers = steps, ec2, workers
        self._stops = StopRules()

    def run(self, entries: list[Entry]) -> None:
        """Carry out the open entries, and store the outcome in them."""
        for phase in sorted({entry.phase for entry in entries}):
            self._run_phase(phase, [entry for entry in entries if entry.phase == phase and entry.is_open])

    def _run_phase(self, phase: int, entries: list[Entry]) -> None:
        try:
            self._steps.start_phase(phase, entries)
        except Exception as error:  # see _carry_out
            _fail(entries, error)
        entries = [entry for entry in entries if entry.is_open]
        random.shuffle(entries)
        tags: list[tuple[Entry, tuple[Action, ...]]] = []
        with ThreadPoolExecutor(self._workers) as pool:
            for entry, deferred in zip(entries, pool.map(self._carry_out, entries)):
                tags.append((entry, deferred))
            for operation in TAG_ACTIONS:
                groups = group_tags(operation, ((entry, one) for entry, one in tags if entry.is_open))
                list(pool.map(self._write_tags, groups))
        for entry in entries:
            if entry.is_open:
                entry.status = Status.DONE

    def _carry_out(self, entry: Entry) -> tuple[Action, ...]:
        """Carry out the calls of an entry except for tags, which are returned."""
        try:
            return self._carry_out_plans(entry)
        except EntrySkipped as skipped:
            entry.skip(str(skipped))
            return ()
        except Exception as error:  # a defect that concerns one object must not lose the results of all others
            _fail([entry], error)
            return ()

    def _carry_out_plans(self, entry: Entry) -> tuple[Action, ...]:
        """Carry out the plan of an entry, or other plans if EC2 refuses it. Returns the tag calls that remain."""
        plan: Plan | None = self._steps.start_entry(entry)
        deferred: tuple[Action, ...] = ()
        while plan is not None:
            entry.plan = plan
            plan, deferred = split_tags(plan)
            if not plan.actions:
                entry.result = plan.after
                break
            plan, is_replanned = self._carry_out_plan(entry, plan)
            if is_replanned:
                deferred = ()  # the new plan had all tags
        return deferred

    def _carry_out_plan(self, entry: Entry, first_plan: Plan) -> tuple[Plan | None, bool]:
        """Carry out a plan. Returns another plan to try instead, or None, and whether the entry was planned again."""
        stop = self._stops.find(action.operation for action in first_plan.actions)
        if stop is not None:
            entry.fail(stop.code, stop.reason, Status.NOT_TRIED)
            return None, False
        plans: list[Plan] = []

        def make_plan() -> Plan:
            plans.append(self._steps.replan(entry) if plans else first_plan)
            return plans[-1]

        try:
            outcome = execute(make_plan, self._ec2)
        except TaskFailed as failure:
            return self._handle_failure(entry, failure), len(plans) > 1
        except EntrySkipped as skipped:
            entry.skip(str(skipped))
        else:
            entry.result, entry.is_changed = outcome.after, entry.is_changed or bool(outcome.actions)
            if not entry.is_changed:
                entry.finish_without_calls(outcome.after)
            for action in outcome.actions:
                self._stops.add_success(action.operation)
        return None, len(plans) > 1

    def _handle_failure(self, entry: Entry, failure: TaskFailed) -> Plan | None:
        """Store a failure, unless the entry can be skipped or another plan can be tried."""
        entry.is_changed |= bool(failure.completed)
        for action in failure.completed:
            self._stops.add_success(action.operation)
        error = failure.error if isinstance(failure.error, Ec2Error) else None
        if not failure.completed:
            skipped = next((one.error for one in failure.failures if isinstance(one.error, EntrySkipped)), None)
            if skipped is not None:
                entry.skip(str(skipped))
                return None
            plan = self._steps.resolve_refusal(entry, failure)
            if plan is not None or entry.action == "skip":
                return plan
        if failure.action is not None and error is not None:
            self._stops.add_refusal(failure.action.operation, error)
        entry.fail(error.code if error is not None else "", str(failure))
        return None

    def _write_tags(self, group: TagGroup) -> None:
        """Write the same tags to many resources. A refused group is halved, until single resources are left."""
        groups = [group]
        while groups:
            current = groups.pop()
            stop = self._stops.find([current.operation])
            try:
                if stop is not None:
                    for entry in current.entries:
                        entry.fail(stop.code, stop.reason, Status.NOT_TRIED)
                elif len(current.members) == 1:
                    self._write_tags_of_one(*current.members[0])
                elif not self._send(current):
                    groups += current.halves()
            except Exception as error:  # see _carry_out
                _fail(current.entries, error)

    def _send(self, group: TagGroup) -> bool:
        """Send the call of a group. Returns whether it succeeded."""
        try:
            self._ec2.call(group.operation, **group.params)
        except Ec2Error as error:
            self._stops.add_refusal(group.operation, error)
            return False
        self._stops.add_success(group.operation)
        for entry in group.entries:
            entry.is_changed = True
        return True

    def _write_tags_of_one(self, entry: Entry, action: Action) -> None:
        """Write the tags of one resource. If EC2 refuses, the resource is read and planned again."""
        plan: Plan | None = replace(entry.plan, actions=(action,), after=entry.result)
        while plan is not None:
            plan, is_replanned = self._carry_out_plan(entry, plan)
            if is_replanned and entry.is_open:
                entry.status = Status.DONE  # the new plan had all tags


def _fail(entries: Iterable[Entry], error: Exception) -> None:
    """Store an exception as the failure of these entries."""
    if isinstance(error, Ec2Error):
        code, message = error.code, format_error(error)
    elif isinstance(error, (ConflictError, ValidationError)):
        code, message = "", str(error)
    else:
        code, message = "", f"Unexpected {type(error).__name__}: {truncate(error)}. Please report this as a bug."
    for entry in entries:
        entry.fail(code, message)
