# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs plans: in their order, and over again from a fresh look when the world moved meanwhile."""

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

# Seconds between looks at something that EC2 may not show yet. EC2 gives no bound for its eventual consistency;
# Terraform's provider works without any wait, so what needs more than these is not going to appear.
RETRY_DELAYS = (0.0, 0.25, 0.5, 1.0, 2.0)
# Seconds between looks at another object of the same name, which whoever made it may remove again.
DUPLICATE_CHECK_DELAYS = (0.25, 0.5, 1.0)
Looked = TypeVar("Looked")


@dataclass(frozen=True)
class Outcome:
    """What came of a task: the object before and after it (None if there is none) and the calls that did something.

    expected: the object afterwards as the plan foresaw it.
    """

    before: ModuleParams | None
    after: ModuleParams | None
    expected: ModuleParams | None
    actions: tuple[Action, ...]


class PlanFailed(Exception):
    """A plan that EC2 did not let pass.

    action, error: the call that failed and why. done: the calls carried out before it. made: the ids of what they had
    made. Nothing of it is taken back: by then somebody else may go on with it, or it may be all there is.
    """

    def __init__(
        self, plan: Plan, action: Action, error: Ec2Error, done: list[Action], made: dict[ResourceType, str]
    ) -> None:
        self.plan, self.action, self.error, self.done, self.made = plan, action, error, done, made
        rest = plan.actions[plan.actions.index(action) + 1 :]
        parts = [format_error(error, action)]
        parts += [f"Done before: {_list(done)}."] if done else []
        parts += _new(made)
        parts += [f"Not done: {_list(rest)}."] if rest else []
        super().__init__(" ".join(parts))

    @property
    def outdated(self) -> bool:
        """Whether a fresh look may show that the plan no longer matches: someone else was faster, or a reply was lost.

        EC2 documents no code for a session whose interface and number are taken, nor for a network service that is on,
        so any refusal counts that another look can mend.
        """
        return not (self.error.denied or self.error.throttled)

    @property
    def uncertain(self) -> bool:
        """Whether the call may have been carried out: no reply came, or what is refused is only its repetition."""
        return self.error.no_response or self.error.retried

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed in a moment: EC2 is eventually consistent."""
        return self.error.not_found or self.error.in_use


class ConcurrentCreate(ConflictError):
    """Somebody else made another object of the same name at the same moment; what the plan had made is gone again."""


class PartialFailure(ConflictError):
    """A fresh look that a call made necessary failed, or showed that the rest must not be done.

    refusal: why. done: the calls carried out before. made: the ids of what they had made.
    """

    def __init__(self, refusal: Exception, done: list[Action], made: dict[ResourceType, str]) -> None:
        self.refusal, self.done, self.made = refusal, done, made
        text = format_error(refusal) if isinstance(refusal, Ec2Error) else str(refusal)
        super().__init__(" ".join([text, f"Done before: {_list(done)}.", *_new(made)]))


def apply_until_stable(make_plan: Callable[[], Plan], ec2: Ec2) -> Outcome:
    """Plan and apply until the plan holds.

    make_plan: looks and plans. Raises PlanFailed and PartialFailure, which say what was done in all attempts together,
    and what make_plan raises.
    """
    pauses = iter(RETRY_DELAYS)
    first: Plan | None = None
    stop: PlanFailed | None = None
    done: list[Action] = []
    made: dict[ResourceType, str] = {}
    while True:
        try:
            plan = retry_on_stale(make_plan, pauses)
        except (ValidationError, ConflictError, Ec2Error) as refusal:
            if done:
                raise PartialFailure(refusal, done, made) from refusal
            raise
        first = first or plan
        if stop is not None and stop.uncertain and not _still_needed(plan, stop):
            done.append(stop.action)  # its reply was lost, but the fresh look shows that it was carried out
            resource_type = stop.action.resource_type
            if (
                resource_type is not None
                and stop.plan.before is None
                and plan.before
                and resource_type.id_option in plan.before
            ):
                made[resource_type] = plan.before[resource_type.id_option]
        if stop is not None and plan.actions == stop.plan.actions and not stop.is_transient:
            # What is taken stays taken, and what may have been carried out is not done twice: only a look that shows
            # who has it, or that it is there, leads on.
            worth_a_look = stop.error.duplicate or stop.uncertain
        else:
            try:
                after, acted = apply(plan, ec2)
                return Outcome(first.before, after, plan.after, (*done, *acted))
            except PartialFailure as halted:
                raise PartialFailure(halted.refusal, [*done, *halted.done], {**made, **halted.made}) from halted.refusal
            except ConcurrentCreate as outrun:
                pause = next(pauses, None)
                if pause is None:
                    raise (PartialFailure(outrun, done, made) if done else outrun) from None
                time.sleep(pause)
                stop = None
                continue
            except PlanFailed as interrupted:
                stop, worth_a_look = interrupted, interrupted.outdated
                done += stop.done
                made.update(stop.made)
        pause = next(pauses, None)
        if pause is None or not worth_a_look:
            raise PlanFailed(stop.plan, stop.action, stop.error, done, made) from stop.error
        time.sleep(pause)


def retry_on_stale(look: Callable[[], Looked], pauses: Iterator[float]) -> Looked:
    """What a look comes to, made again after each pause while what EC2 shows is in the way and may be out of date."""
    while True:
        try:
            return look()
        except TransientError:
            pause = next(pauses, None)
            if pause is None:
                raise
            time.sleep(pause)


def apply(plan: Plan, ec2: Ec2) -> tuple[ModuleParams | None, list[Action]]:
    """Run the plan. Returns the object as EC2's reply shows it, and the calls that did something.

    Tags come from the plan: they are what was asked for, and a Modify reply does not hold them. Raises PlanFailed,
    ConcurrentCreate, PartialFailure.
    """
    after = plan.after
    done: list[Action] = []
    ids: dict[ResourceType, str] = {}
    for action in plan.actions if plan.replaces else ():
        # What is going to be refused must not be found out half-way.
        refusal = ec2.dry_run(action.operation, **action.params) if action.missing_is_success else None
        if refusal is not None and refusal.denied:
            raise PlanFailed(plan, action, refusal, done, ids)
    for action in plan.actions:
        try:
            reply = _call(action, action.with_created_ids(ids), ec2, may_lag=action.needs_created_id or bool(done))
        except Ec2Error as error:
            if action.missing_is_success and error.not_found:
                done += [action] if error.retried else []  # the reply to the first was lost, not the call
                continue
            raise PlanFailed(plan, action, error, done, ids) from error
        done.append(action)
        if action.resource_type is not None and after is not None:
            row = from_api(action.resource_type, reply[action.resource_type.api], ec2.arn_base)
            if action.creates and not action.resource_type.parent:  # parts go with the whole
                ids[action.resource_type] = row[action.resource_type.id_option]
                try:
                    _resolve_duplicate(plan, action, ids[action.resource_type], ec2)
                except AmbiguousMatchError as two:
                    raise PartialFailure(two, done, {}) from two
                except Ec2Error as error:
                    raise PartialFailure(error, done, ids) from error
            after = merge_reply(after, action.resource_type, row)
    return after, done


def _resolve_duplicate(plan: Plan, action: Action, made_id: str, ec2: Ec2) -> None:
    """Remove what the action has made, and raise ConcurrentCreate, if somebody else made another of its name at the
    same moment.

    The one of the greater id goes at once; the other if that one stays, as it does whose maker looked too early to see
    this one. So never do both stay, and rarely do both go. Raises Ec2Error, and AmbiguousMatchError if the own one
    cannot go.
    """
    resource_type = action.resource_type
    if resource_type is None or plan.duplicates is None:
        return
    for pause in (*DUPLICATE_CHECK_DELAYS, None):
        rows = ec2.describe(resource_type)
        duplicates = [
            row[resource_type.id_option]
            for row in rows
            if row[resource_type.id_option] != made_id and plan.duplicates(row)
        ]
        if not duplicates:
            return
        if pause is None or made_id > min(duplicates):
            break
        time.sleep(pause)
    removal = delete_action(
        resource_type, {resource_type.id_option: made_id, "tags": {}}, "another one was made at the same moment"
    )
    try:
        ec2.call(removal.operation, **removal.params)
    except Ec2Error as error:
        if not error.not_found:
            raise AmbiguousMatchError(
                f"{format_error(error, removal)} There are two {resource_type.noun}s of the name now, {made_id} of "
                f"this task and {min(duplicates)}. Remove one of them."
            ) from error
    raise ConcurrentCreate(
        f"Again and again somebody else made another {action.resource} at the same moment. That of this task was "
        "removed again. Run it again when nobody else makes it."
    )


def _call(action: Action, params: ApiParams, ec2: Ec2, may_lag: bool) -> ApiParams:
    """The call, made again after a pause while EC2 does not know of what the plan has just done.

    may_lag: whether the plan has done such a thing.
    """
    pauses = iter(RETRY_DELAYS if may_lag else ())
    while True:
        try:
            return ec2.call(action.operation, **params)
        except Ec2Error as error:
            lags = error.in_use or (error.not_found and action.needs_created_id)
            pause = next(pauses, None)
            if pause is None or not lags:
                raise
        time.sleep(pause)


def dry_run_errors(plan: Plan, ec2: Ec2) -> tuple[list[str], list[str]]:
    """What EC2 would refuse of the plan, asked by DryRun, and the calls that could not be asked about.

    The latter need the id of an object that does not exist yet.
    """
    refused, unasked = [], []
    for action in plan.actions:
        if action.pending:
            unasked.append(_list([action]))
            continue
        error = ec2.dry_run(action.operation, **action.params)
        if error is not None:
            refused.append(format_error(error, action))
    return refused, unasked


def wait_for(outcome: Outcome, resource_type: ResourceType, ec2: Ec2, timeout: int) -> bool:
    """Wait until Describe shows the outcome. Returns whether it did within the timeout (seconds).

    The objects have no state in EC2: all there is to wait for is that they show, as they should be, and that what they
    take the place of is gone. Raises Ec2Error.
    """
    before, after = (row or {} for row in (outcome.before, outcome.after))
    is_there, was_there = after.get(resource_type.id_option), before.get(resource_type.id_option)
    deadline, pause = time.monotonic() + timeout, 0.5
    while True:
        rows = ec2.describe(resource_type, ids=(is_there,), part_tags=True) if is_there else []
        old = ec2.describe(resource_type, ids=(was_there,)) if was_there and was_there != is_there else []
        if not old and (
            not is_there or any(matches(resource_type, row, outcome.expected or {}, before) for row in rows)
        ):
            return True
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 2, 5.0)


def _still_needed(plan: Plan, stop: PlanFailed) -> bool:
    """Whether the plan has to make the call that failed, be it with an id that was not known before."""
    failed = stop.action
    return any(
        one.operation == failed.operation and (one.resource == failed.resource or failed.resource_type in stop.made)
        for one in plan.actions
    )


def _new(made: dict[ResourceType, str]) -> list[str]:
    return [
        f"The new {resource_type.noun} is {made_id}, and the next run goes on with it."
        for resource_type, made_id in made.items()
    ]


def _list(actions: Iterable[Action]) -> str:
    return "; ".join(f"{action.operation} on {action.resource}" for action in actions)
