# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a task: its calls, the ids they created, its failures, and the message of a failed task."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .._ec2.error_messages import format_error
from .._ec2.errors import Ec2Error
from .._model.desired_state import CreatedIdRef
from .._model.errors import AmbiguousMatchError
from .._model.plan import Action, Plan
from .._model.resource_types import FILTER, ApiParams, ModuleParams
from .._model.text import quote

# Delays in seconds before the reads that follow a failure; one budget for the whole task. EC2 documents no bound for
# its eventual consistency. Terraform's provider does not wait at all, so a longer wait is unlikely to help.
RETRY_DELAYS = (0.0, 0.25, 0.5, 1.0, 2.0)
# The answer to a client token that was sent before with other parameters. The earlier call was carried out.
TOKEN_USED = "IdempotentParameterMismatch"

Identity = tuple[Any, ...]


@dataclass(frozen=True)
class Call:
    """A planned call.

    params: the parameters, with the known ids of created resources. identity: equal for all calls of a task that do the
    same to the same resource, possibly with other parameters. For a Create, the reference that it fulfils, and for a
    child resource the id of its parent; otherwise the operation and the id of the changed resource.
    """

    action: Action
    params: ApiParams
    identity: Identity


@dataclass(frozen=True)
class Failure:
    """A failed attempt of a call, or a failed Describe.

    error: Ec2Error, or the ConflictError or ValidationError of a plan. call: None for a Describe. is_dry_run: whether
    only the permission for the call was checked.
    """

    error: Exception
    call: Call | None = None
    is_dry_run: bool = False

    @property
    def is_unknown(self) -> bool:
        """Whether EC2 may have carried out the call, with this or an earlier attempt."""
        if self.call is None or self.is_dry_run or not isinstance(self.error, Ec2Error):
            return False
        return self.error.may_have_been_carried_out or self.error.code == TOKEN_USED

    def describe(self) -> str:
        """Return the failure as sentences."""
        if isinstance(self.error, Ec2Error):
            return format_error(self.error, self.call.action if self.call else None)
        return str(self.error)


@dataclass
class Record:
    """The calls and failures of a task. The steps of the executor are functions of it.

    first: the first plan. plan: the plan in progress. position: the number of its calls that are complete. after: the
    resource according to the plan and the responses. seen: the plan of a Describe that is not followed yet. failed: the
    last attempt of the next call, None if it was not sent yet. done: the completed calls. created_ids: the ids of the
    created resources, also of child resources, by identity of the call. failures: the failed attempts in order, without
    those of calls that were completed or became unnecessary. tokens: the client token of each Create and the
    parameters that it was first sent with. lags: whether the last Describe did not return a completed change. checked:
    the operations whose permission was checked. delays: the remaining delays.
    """

    first: Plan | None = None
    plan: Plan | None = None
    position: int = 0
    after: ModuleParams | None = None
    seen: Plan | None = None
    failed: Failure | None = None
    done: list[Call] = field(default_factory=list)
    created_ids: dict[Identity, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    tokens: dict[Identity, tuple[str, ApiParams]] = field(default_factory=dict)
    lags: bool = False
    checked: set[str] = field(default_factory=set)
    delays: Iterator[float] = field(default_factory=lambda: iter(RETRY_DELAYS))

    @property
    def remaining(self) -> tuple[Action, ...]:
        """The calls of the plan in progress that are not complete."""
        return self.plan.actions[self.position :] if self.plan else ()

    @property
    def created_by_ref(self) -> dict[CreatedIdRef, str]:
        """The ids of the created resources except child resources."""
        return {identity[0]: created_id for identity, created_id in self.created_ids.items() if len(identity) == 1}

    def call_of(self, action: Action) -> Call:
        """Return a planned call with the ids that are known."""
        params = action.with_created_ids(self.created_by_ref)
        return Call(action, params, _identity(action, params))

    def find(self, plan: Plan, identity: Identity) -> Call | None:
        """Return the call of a plan with this identity, None if the plan has none."""
        return next((call for call in map(self.call_of, plan.actions) if call.identity == identity), None)

    def is_stale(self, plan: Plan) -> bool:
        """Whether the plan has a call that this task completed: Describe does not return the completed change yet."""
        return any(
            call.identity == one.identity and (one.action.creates or call.params == one.params)
            for call in map(self.call_of, plan.actions)
            for one in self.done
        )

    def count_unknown(self, identity: Identity) -> int:
        """Return the number of attempts of a call that EC2 may have carried out."""
        return sum(
            failure.is_unknown for failure in self.failures if failure.call and failure.call.identity == identity
        )

    def token(self, call: Call) -> str:
        """Return the client token of a Create: the same one for all attempts that may create the same resource.

        A Create with changed parameters gets another token if EC2 refused all attempts: EC2 could have stored the
        first token with the refused parameters.
        """
        token, params = self.tokens.get(call.identity, (str(uuid.uuid4()), call.params))
        if params != call.params and not self.count_unknown(call.identity):
            token, params = str(uuid.uuid4()), call.params
        self.tokens[call.identity] = (token, params)
        return token

    def fail(self, failure: Failure) -> None:
        """Store a failed attempt of the next call."""
        self.failed, self.seen = failure, None
        self.failures.append(failure)

    def complete(self, call: Call, created_id: str | None = None) -> None:
        """Store a completed call. created_id: the id of the resource that it created, if known."""
        self.done.append(call)
        if created_id is not None:
            self.created_ids[call.identity] = created_id
        self.settle(call.identity)

    def settle(self, identity: Identity) -> None:
        """Remove the failed attempts of a call that is complete or unnecessary."""
        self.failures = [one for one in self.failures if one.call is None or one.call.identity != identity]

    def follow(self, plan: Plan) -> None:
        """Continue with this plan. A call that may have been carried out and is not in the plan is complete."""
        failed, call = self.failed, self.failed.call if self.failed else None
        if failed is not None and call is not None and self.find(plan, call.identity) is None:
            if self.count_unknown(call.identity):
                self.complete(call, _find_created_id(call, plan))
            self.settle(call.identity)
        self.first = self.first or plan
        self.plan, self.position, self.after = plan, 0, plan.after
        self.seen, self.failed = None, None


class TaskFailed(Exception):
    """A task failed after its first Describe.

    message: all failures, the first cause first, and what the task did and did not do. failures: see Record. error: the
    first cause. action: the call that the first cause is about, None for a Describe. completed: the completed calls.
    created_ids: the ids of the created resources except child resources. Completed calls are not rolled back, because
    another client may already use the new resources, or the replaced resource may already be deleted.
    """

    def __init__(self, record: Record) -> None:
        self.failures = tuple(record.failures)
        self.error = self.failures[0].error
        first_call = self.failures[0].call
        self.action = first_call.action if first_call else None
        self.completed = [call.action for call in record.done]
        self.created_ids = record.created_by_ref
        self.message = _message(record)
        super().__init__(self.message)


def list_calls(actions: Iterable[Action]) -> str:
    """Return the calls as text for a message."""
    return "; ".join(f"{action.operation} on {action.resource}" for action in actions)


def _message(record: Record) -> str:
    """Return the message of a failed task."""
    first, *later = dict.fromkeys(failure.describe() for failure in record.failures)
    sentences = [first, *(f"Then: {text}" for text in later)]
    unknown = {one.call.identity: one.call.action for one in record.failures if one.call and one.is_unknown}
    if unknown:
        sentences.append(f"EC2 may have carried out: {list_calls(unknown.values())}. The next run detects it.")
    if record.done:
        sentences.append(f"Completed: {'; '.join(_describe_done(call, record) for call in record.done)}.")
    # The next run cannot resume with a resource whose name is ambiguous; the error lists it.
    ambiguous = [str(one.error) for one in record.failures if isinstance(one.error, AmbiguousMatchError)]
    sentences += [
        f"The new {reference.resource_type.noun} {quote(reference.key)} is {created_id}; the next run resumes with it."
        for reference, created_id in record.created_by_ref.items()
        if not any(created_id in text for text in ambiguous)
    ]
    if record.lags:
        sentences.append("EC2 does not return the completed changes yet.")
    was_sent = record.failed is not None and not record.failed.is_dry_run
    remaining = record.remaining[1:] if was_sent else record.remaining
    sentences += [f"Not sent: {list_calls(remaining)}."] if remaining else []
    return " ".join(sentences)


def _describe_done(call: Call, record: Record) -> str:
    """Return a completed call as text, with the id of a child resource that it created."""
    created_id = record.created_ids.get(call.identity) if len(call.identity) > 1 else None
    return list_calls([call.action]) + (f" ({created_id})" if created_id else "")


def _identity(action: Action, params: ApiParams) -> Identity:
    """Return the identity of a call, see Call."""
    if action.creates:
        parent = action.creates.resource_type.parent_id_member
        return (action.creates, params[parent]) if parent else (action.creates,)
    # The Actions of plan.py have the id of the changed resource first.
    ids = [value for member, value in params.items() if member.endswith("Id")]
    return (action.operation, *params.get("Resources", ids[:1]))


def _find_created_id(call: Call, plan: Plan) -> str | None:
    """Return the id of the resource that a call created, from a plan that was made later. None if it is unknown."""
    reference = call.action.creates
    if reference is None:
        return None
    resource_type = reference.resource_type
    if not resource_type.parent_id_member:
        return (plan.part(reference).after or {}).get(resource_type.id_option)
    parent_id = call.params[resource_type.parent_id_member]
    parents = [one.after for one in (plan, *plan.parts.values()) if one.after]
    values = {one.option: call.params.get(one.member) for one in resource_type.fields}
    ids = (
        row.get(resource_type.id_option)
        for parent in parents
        if parent.get(FILTER.id_option) == parent_id
        for row in parent.get(resource_type.list_option, ())
        if all(row[option] == values[option] for option in resource_type.identifying)
    )
    return next(ids, None)
