# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Execution of plans: look, decide, act, each a function of the record of the task (record.py).

Look: describe the current state and plan the remaining calls. Act: send the next call of the plan in progress.
C(decide) returns the next step:

==================================================================================  ====================================
known                                                                               next step
==================================================================================  ====================================
nothing                                                                             look
the first plan                                                                      follow it
the next call was not sent yet                                                      send it
no call remains                                                                     finish
the next call failed with a final error                                             fail
the next call failed otherwise                                                      look after a delay

After that look, if its plan has a call that this task completed (Describe is stale):
EC2 refused the call, and eventual consistency may be the cause                     send the call again
the call may have been carried out, and was sent once                               send the call again
otherwise                                                                           look after a delay

After that look, otherwise:
the new plan does not have the call; it may have been carried out                   it is complete; follow the new plan
the new plan does not have the call; EC2 refused it                                 follow the new plan
the client token was used before: an earlier attempt was carried out                look after a delay
EC2 refused the call, and eventual consistency may be the cause                     follow the new plan, send it again
the call may have been carried out, and was sent once                               follow the new plan, send it again
the call, or an earlier attempt, may have been carried out                          look after a delay
EC2 refused the call, and the new plan has other parameters                         follow the new plan
EC2 refused the call                                                                fail
==================================================================================  ====================================

A look after a delay fails instead if no delay remains; all looks of a task share RETRY_DELAYS. A call that is sent
again cannot create a second resource: all attempts of a Create have the same client token, until EC2 refused all of
them and the parameters change. A completed call is never sent again. A deletion of a resource that does not exist is
complete if an earlier attempt may have deleted the resource, otherwise it is skipped.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable, TypeVar

from .._ec2.client import Ec2
from .._ec2.error_messages import format_error
from .._ec2.errors import ACCOUNT_CODES, QUOTA_CODES, Ec2Error
from .._model.api_objects import from_api
from .._model.desired_state import CreatedIdRef
from .._model.errors import AmbiguousMatchError, ConflictError, TransientError, ValidationError
from .._model.matching import matches, merge_reply
from .._model.plan import Action, Plan
from .._model.resource_types import ApiParams, ModuleParams, ResourceType
from .record import TOKEN_USED, Call, Failure, Record, TaskFailed, list_calls

# Errors that no other attempt of this task can resolve. A deletion in progress does not explain these quotas.
FINAL_CODES = (
    ACCOUNT_CODES
    | QUOTA_CODES
    | {
        "TagLimitExceeded",
        "TrafficMirrorSessionsPerTargetLimitExceeded",
        "TrafficMirrorSourcesPerTargetLimitExceeded",
    }
)
# Errors that occur while EC2 still counts a session, rule or target that was just deleted.
_STALE_CODES = frozenset(
    (
        "InterfaceInUseByTrafficMirrorSession",
        "InterfaceInUseByTrafficMirrorTarget",
        "NlbInUseByTrafficMirrorTarget",
        "TrafficMirrorFilterRuleLimitExceeded",
        "TrafficMirrorSessionsPerInterfaceLimitExceeded",
    )
)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome:
    """The result of a task.

    before, after: the resource, as module options, before and after the task; None if it does not exist.
    expected: the resource after the task according to the plan. actions: the completed calls that changed something.
    warnings: messages for the user.
    """

    before: ModuleParams | None
    after: ModuleParams | None
    expected: ModuleParams | None
    actions: tuple[Action, ...]
    warnings: tuple[str, ...] = ()


class Step(enum.Enum):
    """A step of a task, see the table of the module."""

    LOOK = enum.auto()
    FOLLOW = enum.auto()
    SEND = enum.auto()
    FINISH = enum.auto()
    FAIL = enum.auto()


def execute(make_plan: Callable[[], Plan], ec2: Ec2) -> Outcome:
    """Run a task.

    make_plan: reads the current state and returns the plan. Raises TaskFailed, and the errors of make_plan if they
    occur before the first call.
    """
    record = Record()
    while True:
        step = decide(record)
        try:
            if step is Step.LOOK and _pause(record):
                look(record, make_plan)
            elif step is Step.FOLLOW and record.seen is not None:
                record.follow(record.seen)
            elif step is Step.SEND:
                send(record, ec2)
            elif step is Step.FINISH and record.first is not None and record.plan is not None:
                actions = tuple(call.action for call in record.done)
                return Outcome(record.first.before, record.after, record.plan.after, actions, record.first.warnings)
            else:
                raise TaskFailed(record) from record.failures[0].error
        except (ValidationError, ConflictError, Ec2Error) as error:
            if not record.done and not record.failures:
                raise
            record.failures.append(Failure(error))
            raise TaskFailed(record) from error


def decide(record: Record) -> Step:
    """Return the next step, see the table of the module."""
    failed, seen = record.failed, record.seen
    if failed is None:
        if record.plan is None:
            return Step.LOOK if seen is None else Step.FOLLOW
        return Step.SEND if record.remaining else Step.FINISH
    if failed.call is None or is_final(failed.error):
        return Step.FAIL
    if seen is None:
        return Step.LOOK
    attempts = record.count_unknown(failed.call.identity)
    may_repeat = is_stale(failed.error) or (failed.is_unknown and attempts == 1)
    if isinstance(failed.error, Ec2Error) and failed.error.code == TOKEN_USED:
        may_repeat = False
    if record.is_stale(seen):
        return Step.SEND if may_repeat else Step.LOOK
    planned = record.find(seen, failed.call.identity)
    if planned is None or may_repeat:
        return Step.FOLLOW
    if attempts:
        return Step.LOOK
    return Step.FOLLOW if planned.params != failed.call.params else Step.FAIL


def look(record: Record, make_plan: Callable[[], Plan]) -> None:
    """Read the state and plan. Raises the errors of make_plan."""
    record.seen = retry_on_stale(make_plan, record.delays)
    record.lags = record.is_stale(record.seen)


def send(record: Record, ec2: Ec2) -> None:
    """Send the next call and store its result in the record.

    Raises AmbiguousMatchError if it created a duplicate name, and Ec2Error if that cannot be checked.
    """
    if record.plan is None or not _check_permissions(record, record.plan, ec2):
        return
    call = record.call_of(record.remaining[0])
    token = {"ClientToken": record.token(call)} if call.action.creates else {}
    try:
        reply = ec2.call(call.action.operation, **call.params, **token)
    except Ec2Error as error:
        failure = Failure(error, call)
        if not (call.action.missing_is_success and error.not_found):
            record.fail(failure)
            return
        if failure.is_unknown or record.count_unknown(call.identity):
            record.complete(call)  # an earlier attempt deleted the resource
        record.settle(call.identity)
    else:
        _store_reply(record, call, reply, ec2)
    record.position, record.failed, record.seen = record.position + 1, None, None
    if call.action.creates:
        _check_name(record, call, ec2)


def is_final(error: Exception) -> bool:
    """Whether no other attempt of the task can resolve an error. botocore already repeated throttled calls."""
    if not isinstance(error, Ec2Error):
        return True
    return error.denied or error.throttled or not error.sent or error.code in FINAL_CODES


def is_stale(error: Exception) -> bool:
    """Whether EC2's eventual consistency may cause an error, so that the same call may succeed after a delay."""
    if not isinstance(error, Ec2Error):
        return False
    # EC2 documents no code for a network service that is on or off already.
    is_service = error.operation == "ModifyTrafficMirrorFilterNetworkServices"
    return error.not_found or error.in_use or error.duplicate or is_service or error.code in _STALE_CODES


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


def dry_run_errors(plan: Plan, ec2: Ec2) -> tuple[list[str], list[str]]:
    """Check the calls of a plan with DryRun.

    Returns the messages of the failed checks, and the calls that cannot be checked because they need the id of a
    resource that does not exist yet.
    """
    failures, unverified = [], []
    for action in plan.actions:
        if action.pending:
            unverified.append(list_calls([action]))
            continue
        error = ec2.dry_run(action.operation, **action.params)
        if error is not None:
            failures.append(format_error(error, action))
    return failures, unverified


def wait_until_visible(outcomes: list[tuple[ResourceType, Outcome]], ec2: Ec2, timeout: int) -> bool:
    """Wait until Describe returns these outcomes. Returns whether it did so within the timeout (seconds).

    These resources have no state attribute in EC2. The function waits until Describe returns the expected values and no
    longer returns replaced and deleted resources. Raises Ec2Error.
    """
    deadline, delay = time.monotonic() + timeout, 0.5
    while True:
        outcomes = [
            (resource_type, outcome)
            for resource_type, group in _group(outcomes)
            for outcome in _list_invisible(resource_type, group, ec2)
        ]
        remaining = deadline - time.monotonic()
        if not outcomes or remaining <= 0:
            return not outcomes
        time.sleep(min(delay, remaining))
        delay = min(delay * 2, 5.0)


def _group(outcomes: list[tuple[ResourceType, Outcome]]) -> list[tuple[ResourceType, list[Outcome]]]:
    """Group outcomes by resource type."""
    types = dict.fromkeys(resource_type for resource_type, _outcome in outcomes)
    return [(one, [outcome for resource_type, outcome in outcomes if resource_type is one]) for one in types]


def _list_invisible(resource_type: ResourceType, outcomes: list[Outcome], ec2: Ec2) -> list[Outcome]:
    """Return the outcomes that Describe does not return yet. Reads one resource by its id, several with all others."""
    ids = [(_id_of(resource_type, one.before), _id_of(resource_type, one.after)) for one in outcomes]
    read = {one for pair in ids for one in pair if one}
    if len(outcomes) == 1:
        rows = [row for one in sorted(read) for row in ec2.describe(resource_type, ids=(one,), child_tags=True)]
    else:
        rows = ec2.describe(resource_type, child_tags=True)
    by_id = {row[resource_type.id_option]: row for row in rows}
    return [
        outcome
        for outcome, (old_id, new_id) in zip(outcomes, ids)
        if (old_id in by_id and old_id != new_id)
        or (new_id and not _is_visible(resource_type, by_id.get(new_id), outcome))
    ]


def _id_of(resource_type: ResourceType, row: ModuleParams | None) -> str | None:
    return (row or {}).get(resource_type.id_option)


def _is_visible(resource_type: ResourceType, row: ModuleParams | None, outcome: Outcome) -> bool:
    return row is not None and matches(resource_type, row, outcome.expected or {}, outcome.before or {})


def _pause(record: Record) -> bool:
    """Wait before a look that follows a failure. Returns false if no delay remains."""
    if record.failed is not None:
        delay = next(record.delays, None)
        if delay is None:
            return False
        time.sleep(delay)
    return True


def _check_permissions(record: Record, plan: Plan, ec2: Ec2) -> bool:
    """Check each action of a replacement once with DryRun, before its first call. Returns false if one is denied.

    A missing permission is then detected before the first call, not after half of the replacement. The replaced
    resource takes the place of the one that does not exist yet. A call for a new resource that replaces none cannot be
    checked.
    """
    if not plan.replaces or record.position > 0:
        return True
    for action in (*plan.actions, *plan.later):
        ids = {**_replaced_ids(plan, action), **record.created_by_ref}
        if action.operation in record.checked or not action.created_refs <= ids.keys():
            continue
        record.checked.add(action.operation)
        error = ec2.dry_run(action.operation, **action.with_created_ids(ids))
        if error is not None and error.denied:
            record.fail(Failure(error, record.call_of(action), is_dry_run=True))
            return False
    return True


def _replaced_ids(plan: Plan, action: Action) -> dict[CreatedIdRef, str]:
    """Return the ids of the resources that the new resources in the parameters of an action replace."""
    replaced = {reference: plan.part(reference).before for reference in action.created_refs}
    return {one: before[one.resource_type.id_option] for one, before in replaced.items() if before is not None}


def _store_reply(record: Record, call: Call, reply: ApiParams, ec2: Ec2) -> None:
    """Store a completed call and the resource in its response.

    The tags of the resource are those of the plan, because the response to a Modify call has none.
    """
    resource_type = call.action.resource_type
    if resource_type is None:
        record.complete(call)
        return
    row = from_api(resource_type, reply[resource_type.api], ec2.arn_base)
    record.complete(call, row[resource_type.id_option] if call.action.creates else None)
    if record.after is not None:
        record.after = merge_reply(record.after, resource_type, row)


def _check_name(record: Record, call: Call, ec2: Ec2) -> None:
    """Raise AmbiguousMatchError if another client created a resource of the same name at the same time.

    Neither is deleted: the other client may already use either of them.
    """
    reference = call.action.creates
    if reference is None or record.plan is None or reference.resource_type.parent_id_member:
        return
    resource_type, duplicates = reference.resource_type, record.plan.part(reference).duplicates
    if duplicates is None:
        return
    created_id = record.created_ids[call.identity]
    ids = [row[resource_type.id_option] for row in ec2.describe(resource_type) if duplicates(row)]
    others = [one for one in ids if one != created_id]
    if others:
        raise AmbiguousMatchError(
            f"Another client created a {resource_type.noun} of the same name at the same time: {', '.join(others)}. "
            f"This task created {created_id}. Delete all but one of them, then rerun the task; it resumes with the "
            "other one."
        )
