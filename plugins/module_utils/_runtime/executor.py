# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Execution of plans, with a new plan if the state of EC2 changed in the meantime."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Callable, TypeVar

from .._ec2.client import Ec2
from .._ec2.error_messages import format_error
from .._ec2.errors import Ec2Error
from .._model.api_objects import from_api
from .._model.errors import AmbiguousMatchError, ConflictError, TransientError, ValidationError
from .._model.matching import matches, merge_reply
from .._model.plan import Action, Plan, delete_action
from .._model.resource_types import ApiParams, ModuleParams, ResourceType

# Delays in seconds between reads of a resource that EC2 may not return yet. EC2 documents no bound for its eventual
# consistency. Terraform's provider does not wait at all, so a longer wait is unlikely to help.
RETRY_DELAYS = (0.0, 0.25, 0.5, 1.0, 2.0)
# Delays in seconds between checks for a duplicate name. The client that created the duplicate may delete it.
DUPLICATE_CHECK_DELAYS = (0.25, 0.5, 1.0)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome:
    """The result of a task.

    before, after: the resource, as module options, before and after the task; None if it does not exist.
    expected: the resource after the task according to the plan. actions: the completed calls that changed something.
    """

    before: ModuleParams | None
    after: ModuleParams | None
    expected: ModuleParams | None
    actions: tuple[Action, ...]


class PlanFailed(Exception):
    """A call of a plan failed.

    plan, action, error: the plan, its failed call, and the error. completed: the calls completed before. created_ids:
    the ids of the resources they created. Completed calls are not rolled back, because another client may already use
    the new resources, or the replaced resource may already be deleted.
    """

    def __init__(
        self, plan: Plan, action: Action, error: Ec2Error, completed: list[Action], created_ids: dict[ResourceType, str]
    ) -> None:
        self.plan, self.action, self.error = plan, action, error
        self.completed, self.created_ids = completed, created_ids
        remaining = plan.actions[plan.actions.index(action) + 1 :]
        sentences = [format_error(error, action)]
        sentences += [f"Completed: {_list_calls(completed)}."] if completed else []
        sentences += _list_created(created_ids)
        sentences += [f"Not sent: {_list_calls(remaining)}."] if remaining else []
        super().__init__(" ".join(sentences))

    @property
    def can_replan(self) -> bool:
        """Whether a new plan may succeed, because another client made the change first or a response was lost.

        EC2 documents no error code for a duplicate session number or an already enabled network service, so this
        includes all codes except those for missing permissions and throttling.
        """
        return not (self.error.denied or self.error.throttled)

    @property
    def may_have_succeeded(self) -> bool:
        """Whether EC2 may have completed the call: no response arrived, or the error is the response to a retry."""
        return self.error.no_response or self.error.retried

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed after a delay, because EC2 is eventually consistent."""
        return self.error.not_found or self.error.in_use


class ConcurrentCreate(ConflictError):
    """Another client created a resource of the same name at the same time. The plan's resource was deleted."""


class PartialFailure(ConflictError):
    """Some calls were completed, but reading the state for the remaining calls failed or revealed a conflict.

    cause: the error. completed: the completed calls. created_ids: the ids of the resources they created.
    """

    def __init__(self, cause: Exception, completed: list[Action], created_ids: dict[ResourceType, str]) -> None:
        self.cause, self.completed, self.created_ids = cause, completed, created_ids
        text = format_error(cause) if isinstance(cause, Ec2Error) else str(cause)
        super().__init__(" ".join([text, f"Completed: {_list_calls(completed)}.", *_list_created(created_ids)]))


def apply_until_stable(make_plan: Callable[[], Plan], ec2: Ec2) -> Outcome:
    """Plan and apply, again with a new plan as long as an error may be due to a stale plan.

    make_plan: reads the current state and returns the plan. Raises PlanFailed and PartialFailure, which include the
    completed calls of all attempts, and the errors of make_plan.
    """
    delays = iter(RETRY_DELAYS)
    first: Plan | None = None
    failure: PlanFailed | None = None
    completed: list[Action] = []
    created_ids: dict[ResourceType, str] = {}
    while True:
        try:
            plan = retry_on_stale(make_plan, delays)
        except (ValidationError, ConflictError, Ec2Error) as cause:
            if completed:
                raise PartialFailure(cause, completed, created_ids) from cause
            raise
        first = first or plan
        if failure is not None and failure.may_have_succeeded and not _still_needed(plan, failure):
            completed.append(failure.action)  # the new plan does not contain the call, so EC2 completed it
            resource_type = failure.action.resource_type
            if (
                resource_type is not None
                and failure.plan.before is None
                and plan.before
                and resource_type.id_option in plan.before
            ):
                created_ids[resource_type] = plan.before[resource_type.id_option]
        if failure is not None and plan.actions == failure.plan.actions and not failure.is_transient:
            # Do not repeat a call that found a duplicate or that EC2 may have completed. Read the state again until it
            # shows the duplicate or the completed change.
            can_replan = failure.error.duplicate or failure.may_have_succeeded
        else:
            try:
                after, changes = apply(plan, ec2)
                return Outcome(first.before, after, plan.after, (*completed, *changes))
            except PartialFailure as error:
                raise PartialFailure(
                    error.cause, [*completed, *error.completed], {**created_ids, **error.created_ids}
                ) from error.cause
            except ConcurrentCreate as error:
                delay = next(delays, None)
                if delay is None:
                    raise (PartialFailure(error, completed, created_ids) if completed else error) from None
                time.sleep(delay)
                failure = None
                continue
            except PlanFailed as error:
                failure, can_replan = error, error.can_replan
                completed += failure.completed
                created_ids.update(failure.created_ids)
        delay = next(delays, None)
        if delay is None or not can_replan:
            raise PlanFailed(failure.plan, failure.action, failure.error, completed, created_ids) from failure.error
        time.sleep(delay)


def retry_on_stale(read: Callable[[], Result], delays: Iterator[float]) -> Result:
    """Return the result of C(read). Repeats it after each delay if the state of EC2 may be stale (TransientError)."""
    while True:
        try:
            return read()
        except TransientError:
            delay = next(delays, None)
            if delay is None:
                raise
            time.sleep(delay)


def apply(plan: Plan, ec2: Ec2) -> tuple[ModuleParams | None, list[Action]]:
    """Run the plan. Returns the resource according to EC2's responses, and the calls that changed something.

    The tags in the result are those of the plan, because the response to a Modify call has none. Raises PlanFailed,
    ConcurrentCreate, PartialFailure.
    """
    after = plan.after
    completed: list[Action] = []
    ids: dict[ResourceType, str] = {}
    for action in plan.actions if plan.replaces else ():
        # Detect a missing permission to delete before the first call, not after half of the replacement.
        error = ec2.dry_run(action.operation, **action.params) if action.missing_is_success else None
        if error is not None and error.denied:
            raise PlanFailed(plan, action, error, completed, ids)
    for action in plan.actions:
        try:
            reply = _call_with_retry(
                action, action.with_created_ids(ids), ec2, may_lag=action.needs_created_id or bool(completed)
            )
        except Ec2Error as error:
            if action.missing_is_success and error.not_found:
                completed += [action] if error.retried else []  # an earlier attempt deleted the resource
                continue
            raise PlanFailed(plan, action, error, completed, ids) from error
        completed.append(action)
        if action.resource_type is not None and after is not None:
            row = from_api(action.resource_type, reply[action.resource_type.api], ec2.arn_base)
            if action.creates and not action.resource_type.parent_id_member:
                ids[action.resource_type] = row[action.resource_type.id_option]
                try:
                    _resolve_duplicate(plan, action, ids[action.resource_type], ec2)
                except AmbiguousMatchError as duplicate:
                    raise PartialFailure(duplicate, completed, {}) from duplicate
                except Ec2Error as error:
                    raise PartialFailure(error, completed, ids) from error
            after = merge_reply(after, action.resource_type, row)
    return after, completed


def _resolve_duplicate(plan: Plan, action: Action, created_id: str, ec2: Ec2) -> None:
    """Delete the created resource and raise ConcurrentCreate if another client created one of the same name.

    A resource is deleted immediately if its id is greater than that of the duplicate. Otherwise it is deleted if the
    duplicate still exists after DUPLICATE_CHECK_DELAYS, which happens if the other client did not see this resource.
    So the two clients never keep both resources and rarely delete both. Raises Ec2Error, and AmbiguousMatchError if the
    created resource cannot be deleted.
    """
    resource_type = action.resource_type
    if resource_type is None or plan.duplicates is None:
        return
    for delay in (*DUPLICATE_CHECK_DELAYS, None):
        rows = ec2.describe(resource_type)
        duplicates = [
            row[resource_type.id_option]
            for row in rows
            if row[resource_type.id_option] != created_id and plan.duplicates(row)
        ]
        if not duplicates:
            return
        if delay is None or created_id > min(duplicates):
            break
        time.sleep(delay)
    deletion = delete_action(
        resource_type, {resource_type.id_option: created_id, "tags": {}}, "another client created a duplicate"
    )
    try:
        ec2.call(deletion.operation, **deletion.params)
    except Ec2Error as error:
        if not error.not_found:
            raise AmbiguousMatchError(
                f"{format_error(error, deletion)} Two {resource_type.noun}s now have this name: {created_id} (created "
                f"by this task) and {min(duplicates)}. Delete one."
            ) from error
    raise ConcurrentCreate(
        f"Another client kept creating the same resource, {action.resource}; this task deleted its own. Rerun the task "
        "when the other client has stopped."
    )


def _call_with_retry(action: Action, params: ApiParams, ec2: Ec2, may_lag: bool) -> ApiParams:
    """Run the call. Repeats it after RETRY_DELAYS if EC2 does not reflect an earlier call of the plan yet.

    may_lag: whether an earlier call of the plan may cause such an error.
    """
    delays = iter(RETRY_DELAYS if may_lag else ())
    while True:
        try:
            return ec2.call(action.operation, **params)
        except Ec2Error as error:
            is_stale = error.in_use or (error.not_found and action.needs_created_id)
            delay = next(delays, None)
            if delay is None or not is_stale:
                raise
        time.sleep(delay)


def dry_run_errors(plan: Plan, ec2: Ec2) -> tuple[list[str], list[str]]:
    """Check the calls of a plan with DryRun.

    Returns the messages of the failed checks, and the calls that cannot be checked because they need the id of a
    resource that does not exist yet.
    """
    failures, unverified = [], []
    for action in plan.actions:
        if action.pending:
            unverified.append(_list_calls([action]))
            continue
        error = ec2.dry_run(action.operation, **action.params)
        if error is not None:
            failures.append(format_error(error, action))
    return failures, unverified


def wait_for(outcome: Outcome, resource_type: ResourceType, ec2: Ec2, timeout: int) -> bool:
    """Wait until Describe returns the outcome. Returns whether it did so within the timeout (seconds).

    These resources have no state attribute in EC2. The function waits until Describe returns the expected values and no
    longer returns a replaced or deleted resource. Raises Ec2Error.
    """
    before, after = (row or {} for row in (outcome.before, outcome.after))
    current_id, previous_id = after.get(resource_type.id_option), before.get(resource_type.id_option)
    deadline, delay = time.monotonic() + timeout, 0.5
    while True:
        rows = ec2.describe(resource_type, ids=(current_id,), child_tags=True) if current_id else []
        old = ec2.describe(resource_type, ids=(previous_id,)) if previous_id and previous_id != current_id else []
        if not old and (
            not current_id or any(matches(resource_type, row, outcome.expected or {}, before) for row in rows)
        ):
            return True
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return False
        time.sleep(min(delay, remaining))
        delay = min(delay * 2, 5.0)


def _still_needed(plan: Plan, failure: PlanFailed) -> bool:
    """Whether the new plan contains the failed call, possibly with an id that did not exist before."""
    failed = failure.action
    return any(
        one.operation == failed.operation
        and (one.resource == failed.resource or failed.resource_type in failure.created_ids)
        for one in plan.actions
    )


def _list_created(created_ids: dict[ResourceType, str]) -> list[str]:
    """Return a sentence for each created resource. created_ids: ids by resource type."""
    return [
        f"The new {resource_type.noun} is {created_id}; the next run resumes with it."
        for resource_type, created_id in created_ids.items()
    ]


def _list_calls(actions: Iterable[Action]) -> str:
    """Return the calls as text for a message."""
    return "; ".join(f"{action.operation} on {action.resource}" for action in actions)
