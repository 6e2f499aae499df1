# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Executor of a stack's plan: what a stack adds to the executor of plans over many objects."""

from __future__ import annotations

from typing import cast

from .._batch.entry import Entry, Status
from .._batch.executor import BatchExecutor
from .._ec2.client import Ec2
from .._model.desired_state import CreatedIdRef
from .._model.plan import Plan
from .._runtime.record import TaskFailed
from .plan_entry import StackEntry, plan_resource, split_replacement


class StackExecutor:
    """Executes the plan of one run of a stack. workers: number of parallel calls, 1 or more."""

    def __init__(self, ec2: Ec2, workers: int) -> None:
        self._ec2 = ec2
        self._batch = BatchExecutor(self, ec2, workers)

    def run(self, entries: list[StackEntry]) -> None:
        """Execute all entries and store the outcome in them."""
        self._batch.run(list(entries))

    def start_phase(self, phase: int, entries: list[Entry]) -> None:
        """Nothing to do before a phase."""

    def start_entry(self, entry: Entry) -> Plan:
        """Fill in the ids of new resources. Do not try an entry if one that it needs has failed."""
        entry = cast(StackEntry, entry)
        failed = next((one for one in entry.needs if not one.is_complete), None)
        if failed is not None:
            entry.fail(failed.error_code, f"Not tried because {failed.key} failed.", Status.NOT_TRIED)
            return Plan(before=entry.plan.before)
        ids: dict[CreatedIdRef, str] = {
            one.desired.new_id: one.result[one.resource_type.id_option] for one in entry.needs if one.result is not None
        }
        entry.set_ids(ids)
        return entry.plan

    def replan(self, entry: Entry) -> Plan:
        """Read the resource and plan it again, as a task of the single module does."""
        entry = cast(StackEntry, entry)
        plan = plan_resource(entry.desired, self._ec2)
        return plan if entry.is_replaced else split_replacement(plan)[0]

    def resolve_refusal(self, entry: Entry, failure: TaskFailed) -> Plan | None:  # noqa: ARG002
        """There is no other plan to try."""
        return None
