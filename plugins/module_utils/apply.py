# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs plans: in their order, and over again from a fresh look when the world moved meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Callable, TypeVar

from ansible_collections.vtap.aws.plugins.module_utils import advice, resource
from ansible_collections.vtap.aws.plugins.module_utils.ec2 import Ec2, Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils.plan import Action, Plan, delete, learned, shows
from ansible_collections.vtap.aws.plugins.module_utils.resource import (
    Ambiguous,
    BadInput,
    Kind,
    Members,
    Options,
    Refused,
    Unsettled,
)

# Seconds between looks at something that EC2 may not show yet. EC2 gives no bound for its eventual consistency;
# Terraform's provider works without any wait, so what needs more than these is not going to appear.
PAUSES = (0.0, 0.25, 0.5, 1.0, 2.0)
# Seconds between looks at another object of the same name, which whoever made it may remove again.
YIELDING = (0.25, 0.5, 1.0)
Looked = TypeVar("Looked")


@dataclass(frozen=True)
class Outcome:
    """What came of a task: the object before and after it (None if there is none) and the calls that did something.

    expected: the object afterwards as the plan foresaw it.
    """

    before: Options | None
    after: Options | None
    expected: Options | None
    actions: tuple[Action, ...]


class Interrupted(Exception):
    """A plan that EC2 did not let pass.

    action, error: the call that failed and why. done: the calls carried out before it. made: the ids of what they had
    made. Nothing of it is taken back: by then somebody else may go on with it, or it may be all there is.
    """

    def __init__(self, plan: Plan, action: Action, error: Ec2Error, done: list[Action], made: dict[Kind, str]) -> None:
        self.plan, self.action, self.error, self.done, self.made = plan, action, error, done, made
        rest = plan.actions[plan.actions.index(action) + 1 :]
        parts = [advice.explain(error, action)]
        parts += [f"Done before: {_list(done)}."] if done else []
        parts += _new(made)
        parts += [f"Not done: {_list(rest)}."] if rest else []
        super().__init__(" ".join(parts))

    @property
    def outdated(self) -> bool:
        """Whether a fresh look may show that the plan no longer fits: someone else was faster, or a reply was lost.

        EC2 documents no code for a session whose interface and number are taken, nor for a network service that is on,
        so any refusal counts that another look can mend.
        """
        return not (self.error.denied or self.error.throttled)

    @property
    def uncertain(self) -> bool:
        """Whether the call may have been carried out: no reply came, or what is refused is only its repetition."""
        return self.error.unanswered or self.error.resent

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed in a moment: EC2 is eventually consistent."""
        return self.error.not_found or self.error.in_use


class Outrun(Refused):
    """Somebody else made another object of the same name at the same moment; what the plan had made is gone again."""


class Halted(Refused):
    """A fresh look that a call made necessary failed, or showed that the rest must not be done.

    refusal: why. done: the calls carried out before. made: the ids of what they had made.
    """

    def __init__(self, refusal: Exception, done: list[Action], made: dict[Kind, str]) -> None:
        self.refusal, self.done, self.made = refusal, done, made
        text = advice.explain(refusal) if isinstance(refusal, Ec2Error) else str(refusal)
        super().__init__(" ".join([text, f"Done before: {_list(done)}.", *_new(made)]))


def converge(make_plan: Callable[[], Plan], ec2: Ec2) -> Outcome:
    """Plan and apply until the plan holds.

    make_plan: looks and plans. Raises Interrupted and Halted, which say what was done in all attempts together, and
    what make_plan raises.
    """
    pauses = iter(PAUSES)
    first: Plan | None = None
    stop: Interrupted | None = None
    done: list[Action] = []
    made: dict[Kind, str] = {}
    while True:
        try:
            plan = patient(make_plan, pauses)
        except (BadInput, Refused, Ec2Error) as refusal:
            if done:
                raise Halted(refusal, done, made) from refusal
            raise
        first = first or plan
        if stop is not None and stop.uncertain and not _holds(plan, stop):
            done.append(stop.action)  # its reply was lost, but the fresh look shows that it was carried out
            kind = stop.action.kind
            if kind is not None and stop.plan.before is None and plan.before and kind.id_option in plan.before:
                made[kind] = plan.before[kind.id_option]
        if stop is not None and plan.actions == stop.plan.actions and not stop.passing:
            # What is taken stays taken, and what may have been carried out is not done twice: only a look that shows
            # who has it, or that it is there, leads on.
            worth_a_look = stop.error.duplicate or stop.uncertain
        else:
            try:
                after, acted = apply(plan, ec2)
                return Outcome(first.before, after, plan.after, (*done, *acted))
            except Halted as halted:
                raise Halted(halted.refusal, [*done, *halted.done], {**made, **halted.made}) from halted.refusal
            except Outrun as outrun:
                pause = next(pauses, None)
                if pause is None:
                    raise (Halted(outrun, done, made) if done else outrun) from None
                time.sleep(pause)
                stop = None
                continue
            except Interrupted as interrupted:
                stop, worth_a_look = interrupted, interrupted.outdated
                done += stop.done
                made.update(stop.made)
        pause = next(pauses, None)
        if pause is None or not worth_a_look:
            raise Interrupted(stop.plan, stop.action, stop.error, done, made) from stop.error
        time.sleep(pause)


def patient(look: Callable[[], Looked], pauses: Iterator[float]) -> Looked:
    """What a look comes to, made again after each pause while what EC2 shows is in the way and may be out of date."""
    while True:
        try:
            return look()
        except Unsettled:
            pause = next(pauses, None)
            if pause is None:
                raise
            time.sleep(pause)


def apply(plan: Plan, ec2: Ec2) -> tuple[Options | None, list[Action]]:
    """Run the plan. Returns the object as EC2's reply shows it, and the calls that did something.

    Tags come from the plan: they are what was asked for, and a Modify reply does not hold them. Raises Interrupted,
    Outrun, Halted.
    """
    after = plan.after
    done: list[Action] = []
    ids: dict[Kind, str] = {}
    for action in plan.actions if plan.replaces else ():
        # What is going to be refused must not be found out half-way.
        refusal = ec2.dry_run(action.operation, **action.params) if action.gone_is_done else None
        if refusal is not None and refusal.denied:
            raise Interrupted(plan, action, refusal, done, ids)
    for action in plan.actions:
        try:
            reply = _call(action, action.filled(ids), ec2, patient=action.needs_made or bool(done))
        except Ec2Error as error:
            if action.gone_is_done and error.not_found:
                done += [action] if error.resent else []  # the reply to the first was lost, not the call
                continue
            raise Interrupted(plan, action, error, done, ids) from error
        done.append(action)
        if action.kind is not None and after is not None:
            row = resource.read(action.kind, reply[action.kind.api], ec2.arn_base)
            if action.creates and not action.kind.parent:  # parts go with the whole
                ids[action.kind] = row[action.kind.id_option]
                try:
                    _yield(plan, action, ids[action.kind], ec2)
                except Ambiguous as two:
                    raise Halted(two, done, {}) from two
                except Ec2Error as error:
                    raise Halted(error, done, ids) from error
            after = learned(after, action.kind, row)
    return after, done


def _yield(plan: Plan, action: Action, made_id: str, ec2: Ec2) -> None:
    """Remove what the action has made, and raise Outrun, if somebody else made another of its name at the same moment.

    The one of the greater id goes at once; the other if that one stays, as it does whose maker looked too early to see
    this one. So never do both stay, and rarely do both go. Raises Ec2Error, and Ambiguous if the own one cannot go.
    """
    kind = action.kind
    if kind is None or plan.rivals is None:
        return
    for pause in (*YIELDING, None):
        rows = ec2.describe(kind)
        rivals = [row[kind.id_option] for row in rows if row[kind.id_option] != made_id and plan.rivals(row)]
        if not rivals:
            return
        if pause is None or made_id > min(rivals):
            break
        time.sleep(pause)
    removal = delete(kind, {kind.id_option: made_id, "tags": {}}, "another one was made at the same moment")
    try:
        ec2.call(removal.operation, **removal.params)
    except Ec2Error as error:
        if not error.not_found:
            raise Ambiguous(
                f"{advice.explain(error, removal)} There are two {kind.noun}s of the name now, {made_id} of this task "
                f"and {min(rivals)}. Remove one of them."
            ) from error
    raise Outrun(
        f"Again and again somebody else made another {action.resource} at the same moment. That of this task was "
        "removed again. Run it again when nobody else makes it."
    )


def _call(action: Action, params: Members, ec2: Ec2, patient: bool) -> Members:
    """The call, made again after a pause while EC2 does not know of what the plan has just done.

    patient: whether there is such a thing.
    """
    pauses = iter(PAUSES if patient else ())
    while True:
        try:
            return ec2.call(action.operation, **params)
        except Ec2Error as error:
            lags = error.in_use or (error.not_found and action.needs_made)
            pause = next(pauses, None)
            if pause is None or not lags:
                raise
        time.sleep(pause)


def refusals(plan: Plan, ec2: Ec2) -> tuple[list[str], list[str]]:
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
            refused.append(advice.explain(error, action))
    return refused, unasked


def wait_for(outcome: Outcome, kind: Kind, ec2: Ec2, timeout: int) -> bool:
    """Wait until Describe shows the outcome. Returns whether it did within the timeout (seconds).

    The objects have no state in EC2: all there is to wait for is that they show, as they should be, and that what they
    take the place of is gone. Raises Ec2Error.
    """
    before, after = (row or {} for row in (outcome.before, outcome.after))
    is_there, was_there = after.get(kind.id_option), before.get(kind.id_option)
    deadline, pause = time.monotonic() + timeout, 0.5
    while True:
        rows = ec2.describe(kind, ids=(is_there,), part_tags=True) if is_there else []
        old = ec2.describe(kind, ids=(was_there,)) if was_there and was_there != is_there else []
        if not old and (not is_there or any(shows(kind, row, outcome.expected or {}, before) for row in rows)):
            return True
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 2, 5.0)


def _holds(plan: Plan, stop: Interrupted) -> bool:
    """Whether the plan has to make the call that failed, be it with an id that was not known before."""
    failed = stop.action
    return any(
        one.operation == failed.operation and (one.resource == failed.resource or failed.kind in stop.made)
        for one in plan.actions
    )


def _new(made: dict[Kind, str]) -> list[str]:
    return [f"The new {kind.noun} is {made_id}, and the next run goes on with it." for kind, made_id in made.items()]


def _list(actions: Iterable[Action]) -> str:
    return "; ".join(f"{action.operation} on {action.resource}" for action in actions)
