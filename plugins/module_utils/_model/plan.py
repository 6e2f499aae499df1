# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is and what should be to the calls that make it so, as values. Pure: nothing here calls anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Callable

from .api_objects import fields_to_reset, to_api_params
from .desired_state import CreatedIdRef, DesiredState, UnresolvedRef
from .errors import ConflictError
from .matching import differences, has_values
from .resource_types import SESSION, ApiParams, ModuleParams, ResourceType
from .tags import TAGS_PER_RESOURCE, TagChange
from .text import quote


@dataclass(frozen=True)
class Action:
    """One call to EC2.

    operation, params: the action and its members. resource: what it works on, in words. reason: why.
    resource_type: of the object or part in the reply that the result shows, None if there is none. creates: whether it
    makes it. missing_is_success: whether an object that is already gone is as good as a success.
    on: the resources that IAM checks.
    """

    operation: str
    params: ApiParams
    resource: str
    reason: str
    resource_type: ResourceType | None = None
    creates: bool = False
    missing_is_success: bool = False
    on: tuple[str, ...] = ()

    @property
    def pending(self) -> bool:
        """Whether it needs the id of an object that does not exist yet."""
        return any(isinstance(one, (UnresolvedRef, CreatedIdRef)) for one in _single(self.params))

    @property
    def needs_created_id(self) -> bool:
        """Whether it needs the id of an object that an earlier call of the plan makes."""
        return any(isinstance(one, CreatedIdRef) for one in _single(self.params))

    def with_created_ids(self, ids: dict[ResourceType, str]) -> ApiParams:
        """Its members with the ids that earlier calls gave."""

        def fill(value: Any) -> Any:
            if isinstance(value, list):
                return [fill(one) for one in value]
            return ids[value.resource_type] if isinstance(value, CreatedIdRef) else value

        return {member: fill(value) for member, value in self.params.items()}

    def describe(self) -> dict[str, str]:
        """For people: the three things a result says of each call."""
        return {"operation": self.operation, "resource": self.resource, "reason": self.reason}


@dataclass(frozen=True)
class Plan:
    """The calls in their order, and the object before and after them.

    before, after: the object in the options' words, None if there is none. In C(after) the keys that only EC2 knows
    in advance are left out. replaces: whether one object takes the place of another, so that EC2 is asked first whether
    that may be removed. duplicates: whether an object, which is not the one that the plan makes, has come meanwhile and
    takes its place; None where EC2 itself sees to it that there is but one.
    """

    actions: tuple[Action, ...] = ()
    before: ModuleParams | None = None
    after: ModuleParams | None = None
    replaces: bool = False
    duplicates: Callable[[ModuleParams], bool] | None = None


def create_action(
    resource_type: ResourceType, values: ModuleParams, tags: TagChange, reason: str, parent: str | CreatedIdRef = ""
) -> Action:
    """The call that makes an object with these values and tags. Tags go along, so it never exists without them.

    parent: the id of the object that it is a part of.
    """
    params = {
        **({resource_type.parent: parent} if resource_type.parent else {}),
        **to_api_params(resource_type, values),
    }
    if tags.write:
        params["TagSpecifications"] = [{"ResourceType": resource_type.tag_type, "Tags": _tag_list(tags.write)}]
    return Action(
        f"Create{resource_type.api}",
        params,
        resource=resource_type.label({**values, "tags": tags.write}),
        reason=reason,
        resource_type=resource_type,
        creates=True,
        on=(*([str(parent)] if parent else []), *_referenced(resource_type, params), f"a new {resource_type.tag_type}"),
    )


def modify_actions(
    resource_type: ResourceType, current: ModuleParams, values: ModuleParams, parent: str = ""
) -> list[Action]:
    """The one call that gives the object these values, none if there are none to give.

    parent: the id of the object that it is a part of.
    """
    if not differences(resource_type, current, values):
        return []
    params = {resource_type.id_member: current[resource_type.id_option], **to_api_params(resource_type, values)}
    removed = fields_to_reset(resource_type, values)
    if removed:
        params["RemoveFields"] = removed
    changed = differences(resource_type, current, values).items()
    reason = ", ".join(f"{option}: {_show(current.get(option))} -> {_show(value)}" for option, value in changed)
    on = (*([parent] if parent else []), current[resource_type.id_option], *_referenced(resource_type, params))
    return [
        Action(
            f"Modify{resource_type.api}",
            params,
            resource_type.label(current),
            reason,
            resource_type=resource_type,
            on=on,
        )
    ]


def tag_actions(resource_type: ResourceType, current: ModuleParams, change: TagChange) -> list[Action]:
    """The calls that change the tags, each only if there is something for it to do."""
    found, actions, on = current[resource_type.id_option], [], (str(current[resource_type.id_option]),)
    if change.write:
        reason = f"tags to set: {', '.join(f'{key}={value}' for key, value in sorted(change.write.items()))}"
        params = {"Resources": [found], "Tags": _tag_list(change.write)}
        actions.append(Action("CreateTags", params, resource_type.label(current), reason, on=on))
    if change.remove:
        reason = f"tags to remove: {', '.join(change.remove)}"
        params = {"Resources": [found], "Tags": [{"Key": key} for key in change.remove]}
        actions.append(Action("DeleteTags", params, resource_type.label(current), reason, on=on))
    # New tags first, so that a refusal takes nothing away; but never above the number that EC2 holds.
    if len({**current["tags"], **change.write}) > TAGS_PER_RESOURCE:
        actions.reverse()
    return actions


def move_actions(
    resource_type: ResourceType, sessions: Iterable[ModuleParams], new_id: str | CreatedIdRef
) -> list[Action]:
    """The calls that give each of these sessions another filter or target. The sessions keep their ids."""
    return [
        replace(action, resource_type=None)
        for row in sessions
        for action in modify_actions(SESSION, row, {resource_type.id_option: new_id})
    ]


def delete_action(resource_type: ResourceType, current: ModuleParams, reason: str, parent: str = "") -> Action:
    """The call that removes the object. parent: the id of the object that it is a part of."""
    found = current[resource_type.id_option]
    params, on = {resource_type.id_member: found}, (*([parent] if parent else []), found)
    return Action(
        f"Delete{resource_type.api}", params, resource_type.label(current), reason, missing_is_success=True, on=on
    )


def plan_absence(desired: DesiredState, current: ModuleParams | None) -> Plan:
    """The plan that removes the object. Raises ConflictError if it is not in all the one that the task describes."""
    resource_type = desired.resource_type
    if current is None:
        return Plan()
    if desired.id is None and any(
        key and not has_values(current, key) for key in map(desired.key, resource_type.natural_keys)
    ):
        return Plan()  # another one has the name; where the task says, there is none
    for option in resource_type.identifying:
        if option in desired.values and desired.values[option] != current.get(option):
            raise ConflictError(
                f"{resource_type.label(current)} is not on {option} {desired.values[option]}; nothing was removed. "
                f"Correct {option} or leave it out."
            )
    if desired.name is not None and current["tags"].get("Name") != desired.name:
        raise ConflictError(
            f"{resource_type.label(current)} is not named {quote(desired.name)}; nothing was removed. "
            "Correct name or leave it out."
        )
    return Plan((delete_action(resource_type, current, "state is absent"),), before=current)


def check_owned_by_caller(resource_type: ResourceType, plan: Plan, is_foreign: Callable[[str | None], bool]) -> None:
    """Raise ConflictError if the plan would touch an object of another account.

    is_foreign: says so of an owner; asked only if there is something to do, since it may take a call.
    """
    if plan.actions and plan.before is not None:
        check_owner(resource_type, plan.before, is_foreign)


def check_owner(resource_type: ResourceType, found: ModuleParams, is_foreign: Callable[[str | None], bool]) -> None:
    """Raise ConflictError if the object belongs to another account."""
    if is_foreign(found.get("owner_id")):
        raise ConflictError(
            f"{resource_type.label(found)} belongs to another account; only its owner can change or remove it."
        )


def _single(params: ApiParams) -> Iterable[Any]:
    for value in params.values():
        yield from value if isinstance(value, list) else [value]


def _referenced(resource_type: ResourceType, params: ApiParams) -> list[str]:
    return [str(params[field.member]) for field in resource_type.fields if field.prefix and field.member in params]


def _tag_list(tags: dict[str, str]) -> list[ApiParams]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _show(value: Any) -> str:
    return str(value) if isinstance(value, (UnresolvedRef, CreatedIdRef)) else repr(value)
