# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An entry of a stack's plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

from .._batch.entry import Entry
from .._model.desired_state import CreatedIdRef, DesiredState
from .._model.plan import Action, Plan
from .._model.resource_types import FILTER, SESSION, TARGET, ModuleParams, ResourceType
from .._model.tags import TagRules
from .._resources import filter as filter_resource
from .._resources import session as session_resource
from .._resources import target as target_resource
from .._resources.references import Reader
from .._runtime.executor import Outcome

_PLANNERS: dict[ResourceType, Callable[[DesiredState, Reader, bool], Plan]] = {
    FILTER: filter_resource.create_planner({}),
    TARGET: target_resource.create_planner({}),
    SESSION: session_resource.create_planner({}),
}
# The calls of a replacement from the switch of the first session on.
_SWITCH_OR_DELETION = {f"Modify{SESSION.api}", f"Delete{FILTER.api}", f"Delete{TARGET.api}"}
# The position of an entry in the order of execution: the stage, and within it the number of entries that precede it
# because they free what it needs, such as a session number.
Position = tuple[int, int]
# Python 3.9 requires a default after the fields of Entry, all of which but the first have one.
_NONE = DesiredState(SESSION, True, None, None, {}, TagRules())


def plan_resource(desired: DesiredState, reader: Reader) -> Plan:
    """Plan one resource as a task of its module does.

    The existence of a session's filter and target is always checked, because the snapshot has them. Filters of one name
    that concurrent runs create are not detected by a call for each filter: the next run deletes all but one, which it
    can because they have the mark of the stack.
    """
    return replace(_PLANNERS[desired.resource_type](desired, reader, True), duplicates=None)


def split_replacement(plan: Plan) -> tuple[Plan, tuple[Action, ...]]:
    """Split the plan that replaces a filter or target. Other plans are returned as they are.

    Returns the part that creates or updates the new resource, and the calls that switch sessions and delete the old
    one. In a stack, the plans of the sessions are carried out in between.
    """
    at = [index for index, action in enumerate(plan.actions) if action.operation in _SWITCH_OR_DELETION]
    if not plan.replaces or not at:
        return plan, ()  # the plan of a session stays as it is
    return replace(plan, actions=plan.actions[: at[0]], later=plan.actions[at[0] :]), plan.actions[at[0] :]


@dataclass
class StackEntry(Entry):
    """One resource of the plan.

    key: the resource in messages, such as C(session web-1). desired: the desired state, with the ids of the filter and
    the target of a session. name: the key in results. position, rank: in the order of execution. needs: the entries
    that must succeed before this one can be carried out. is_replaced: whether the entry deletes a filter or target that
    another entry replaces. is_duplicate: whether it deletes a second resource of the name of an entry of the document.
    is_expired: whether it deletes a session whose time in the document has passed.
    """

    desired: DesiredState = _NONE
    name: str = ""
    position: Position = (0, 0)
    rank: int = 0
    needs: tuple[StackEntry, ...] = ()
    is_replaced: bool = False
    is_duplicate: bool = False
    is_expired: bool = False

    @property
    def resource_type(self) -> ResourceType:
        """The type of the resource."""
        return self.desired.resource_type

    @property
    def is_complete(self) -> bool:
        """Whether the resource has the planned state: the calls are complete or were not necessary."""
        return not self.is_open and not self.has_failed

    @property
    def outcome(self) -> tuple[ResourceType, Outcome]:
        """What the entry has done, for wait_until_visible. Another entry deletes a resource that this one replaces."""
        before = None if self.plan.later else self.plan.before
        return self.resource_type, Outcome(before, self.result, self.plan.after, self.plan.actions)

    def set_ids(self, ids: dict[CreatedIdRef, str]) -> None:
        """Replace references to new resources by their ids."""

        def fill(row: ModuleParams | None) -> ModuleParams | None:
            return row and {
                key: ids.get(one, one) if isinstance(one, CreatedIdRef) else one for key, one in row.items()
            }

        actions = tuple(replace(action, params=action.with_created_ids(ids)) for action in self.plan.actions)
        self.plan = replace(self.plan, actions=actions, after=fill(self.plan.after))
        self.desired = replace(self.desired, values=fill(self.desired.values) or {})

    @property
    def identity(self) -> ModuleParams:
        """The resource, as keys of the items of results."""
        return {"type": self.resource_type.noun, "name": self.name}

    def describe(self) -> ModuleParams:
        """The entry as an item of the result C(plan)."""
        before = self.plan.before or {}
        id_option = self.resource_type.id_option
        return {
            **self.identity,
            **({id_option: before[id_option]} if id_option in before else {}),
            **self.describe_action(),
        }
