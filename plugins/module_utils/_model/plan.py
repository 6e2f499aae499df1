# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans: the API calls that change the current state of a resource into the desired state. Makes no calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from .api_objects import fields_to_reset, to_api_params
from .desired_state import CreatedIdRef, DesiredState
from .errors import ConflictError
from .expiry import format_tag
from .matching import differences, has_values
from .placeholders import UnassignedId, UnresolvedRef
from .resource_types import SESSION, ApiParams, ModuleParams, ResourceType
from .tags import EXPIRES, TAGS_PER_RESOURCE, TagChange
from .text import quote


@dataclass(frozen=True)
class Action:
    """One planned call to EC2.

    operation, params: the EC2 action and its parameters. resource: the label of the resource, for messages.
    reason: why the call is necessary, for results.
    resource_type: the type of the resource in the response to merge into the result, None if there is none.
    creates: the reference that the call fulfils, None if it creates no resource. missing_is_success: whether a
    not-found error counts as success. on: the resources on which IAM checks the call.
    """

    operation: str
    params: ApiParams
    resource: str
    reason: str
    resource_type: ResourceType | None = None
    creates: CreatedIdRef | None = None
    missing_is_success: bool = False
    on: tuple[str, ...] = ()

    @property
    def pending(self) -> bool:
        """Whether a parameter is the id of a resource that does not exist yet."""
        return any(isinstance(one, UnassignedId) for one in _parameter_values(self.params))

    @property
    def created_refs(self) -> set[CreatedIdRef]:
        """The references in the parameters to resources that earlier calls of the plan create."""
        return {one for one in _parameter_values(self.params) if isinstance(one, CreatedIdRef)}

    def with_created_ids(self, ids: dict[CreatedIdRef, str]) -> ApiParams:
        """Return the parameters with references replaced by ids. References that are not in C(ids) are kept."""

        def fill(value: Any) -> Any:
            if isinstance(value, list):
                return [fill(one) for one in value]
            return ids.get(value, value) if isinstance(value, CreatedIdRef) else value

        return {member: fill(value) for member, value in self.params.items()}

    def describe(self) -> dict[str, str]:
        """Return the entry of the call in the result's C(actions)."""
        return {"operation": self.operation, "resource": self.resource, "reason": self.reason}


@dataclass(frozen=True)
class Plan:
    """The calls of a task in order, and the resource before and after the calls.

    A plan for several resources has the calls of all of them, and in C(parts) the plan of each resource except child
    resources, by DesiredState.new_id. Its C(before), C(after) and C(duplicates) are None.

    before, after: the resource as module options, None if it does not exist. C(after) omits values that EC2 assigns.
    replaces: whether the plan, or a part of it, replaces a resource. Its calls are then checked with DryRun before the
    first call. later: calls of the same replacement that another plan carries out; they are checked together with
    those of this plan. duplicates: whether a resource was created by another client in the meantime and duplicates the
    one that the plan creates. None if EC2 itself prevents duplicates. warnings: messages for the user.
    """

    actions: tuple[Action, ...] = ()
    before: ModuleParams | None = None
    after: ModuleParams | None = None
    replaces: bool = False
    later: tuple[Action, ...] = ()
    duplicates: Callable[[ModuleParams], bool] | None = None
    warnings: tuple[str, ...] = ()
    parts: dict[CreatedIdRef, Plan] = field(default_factory=dict)

    def part(self, reference: CreatedIdRef) -> Plan:
        """Return the plan for one resource, which is not a child resource."""
        return self.parts.get(reference, self)


def create_action(
    new_id: CreatedIdRef, values: ModuleParams, tags: TagChange, reason: str, parent: str | CreatedIdRef = ""
) -> Action:
    """Return the call that creates a resource with these values and tags.

    new_id: the reference that the call fulfils. parent: for a child resource, the id of its parent. The tags are set by
    the same call, so the resource never exists without them.
    """
    resource_type = new_id.resource_type
    params = {
        **({resource_type.parent_id_member: parent} if resource_type.parent_id_member else {}),
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
        creates=new_id,
        on=(
            *([str(parent)] if parent else []),
            *_referenced_ids(resource_type, params),
            f"a new {resource_type.tag_type}",
        ),
    )


def modify_actions(
    resource_type: ResourceType, current: ModuleParams, values: ModuleParams, parent: str = ""
) -> list[Action]:
    """Return the call that sets these values on a resource, in a list. The list is empty if nothing differs.

    parent: for a child resource, the id of its parent.
    """
    if not differences(resource_type, current, values):
        return []
    params = {resource_type.id_member: current[resource_type.id_option], **to_api_params(resource_type, values)}
    reset = fields_to_reset(resource_type, values)
    if reset:
        params["RemoveFields"] = reset
    changed = differences(resource_type, current, values).items()
    reason = ", ".join(
        f"{option}: {_format_value(current.get(option))} -> {_format_value(value)}" for option, value in changed
    )
    on = (*([parent] if parent else []), current[resource_type.id_option], *_referenced_ids(resource_type, params))
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
    """Return the calls that change the tags of a resource: CreateTags, DeleteTags, both or none."""
    resource_id, actions, on = current[resource_type.id_option], [], (str(current[resource_type.id_option]),)
    if change.write:
        texts = {key: format_tag(value) if key == EXPIRES else value for key, value in change.write.items()}
        reason = f"tags to set: {', '.join(f'{key}={text}' for key, text in sorted(texts.items()))}"
        params = {"Resources": [resource_id], "Tags": _tag_list(change.write)}
        actions.append(Action("CreateTags", params, resource_type.label(current), reason, on=on))
    if change.remove:
        reason = f"tags to remove: {', '.join(change.remove)}"
        params = {"Resources": [resource_id], "Tags": [{"Key": key} for key in change.remove]}
        actions.append(Action("DeleteTags", params, resource_type.label(current), reason, on=on))
    # CreateTags comes first, so that no tag is lost if it fails, unless the resource would exceed the tag limit.
    if len({**current["tags"], **change.write}) > TAGS_PER_RESOURCE:
        actions.reverse()
    return actions


def move_actions(
    resource_type: ResourceType, sessions: Iterable[ModuleParams], new_id: str | CreatedIdRef
) -> list[Action]:
    """Return the calls that switch these sessions to another filter or target. The sessions keep their ids."""
    return [
        replace(action, resource_type=None)
        for row in sessions
        for action in modify_actions(SESSION, row, {resource_type.id_option: new_id})
    ]


def delete_action(resource_type: ResourceType, current: ModuleParams, reason: str, parent: str = "") -> Action:
    """Return the call that deletes a resource. parent: for a child resource, the id of its parent."""
    resource_id = current[resource_type.id_option]
    params, on = {resource_type.id_member: resource_id}, (*([parent] if parent else []), resource_id)
    return Action(
        f"Delete{resource_type.api}", params, resource_type.label(current), reason, missing_is_success=True, on=on
    )


def plan_absence(desired: DesiredState, current: ModuleParams | None) -> Plan:
    """Return the plan for O(state=absent). Raises ConflictError if an identifying option differs from the resource."""
    resource_type = desired.resource_type
    if desired.unresolved_id is not None:
        # In check mode, an earlier task is assumed to create the resource.
        current = {**desired.values, resource_type.id_option: desired.unresolved_id, "tags": desired.tags.desired()}
        return Plan((delete_action(resource_type, current, "state is absent"),), before=current)
    if current is None:
        return Plan()
    if desired.id is None and any(
        key and not has_values(current, key) for key in map(desired.key, resource_type.natural_keys)
    ):
        return Plan()  # the name matches a resource with another natural key; none exists with the one of the task
    for option in resource_type.identifying:
        if option in desired.values and desired.values[option] != current.get(option):
            raise ConflictError(
                f"{resource_type.label(current)} does not have {option} {desired.values[option]}; nothing was deleted. "
                f"Correct or omit {option}."
            )
    if desired.name is not None and current["tags"].get("Name") != desired.name and not desired.adopt:
        raise ConflictError(
            f"{resource_type.label(current)} is not named {quote(desired.name)}; nothing was deleted. Correct or omit "
            "name, or set adopt: true."
        )
    return Plan((delete_action(resource_type, current, "state is absent"),), before=current)


def plan_unresolved(desired: DesiredState) -> Plan:
    """Return the plan, in check mode, for a resource whose id is a placeholder: an earlier task would create it."""
    resource_type = desired.resource_type
    if not desired.present:
        return plan_absence(desired, None)
    after = {**desired.values, resource_type.id_option: desired.unresolved_id, "tags": desired.tags.desired()}
    warning = (
        f"{resource_type.noun} {desired.id} does not exist yet. Check mode assumes that the task that creates it sets "
        "these options too, and predicts no change."
    )
    return Plan(before=after, after=after, warnings=(warning,))


def add_placeholders(resource_type: ResourceType, row: ModuleParams) -> ModuleParams:
    """Return the resource with placeholders for the ids that EC2 assigns, also in its child resources.

    The name in a placeholder is the Name tag, otherwise the natural key.
    """
    children = resource_type.children
    if children is not None and children.list_option in row:
        row = {**row, children.list_option: [add_placeholders(children, one) for one in row[children.list_option]]}
    if resource_type.id_option in row:
        return row
    key = (row[option] for option in resource_type.identifying if row.get(option) is not None)
    name = row.get("tags", {}).get("Name") or " ".join(map(str, key))
    return {**row, resource_type.id_option: str(UnresolvedRef(name, resource_type.prefix))}


def check_owned_by_caller(resource_type: ResourceType, plan: Plan, is_foreign: Callable[[str | None], bool]) -> None:
    """Raise ConflictError if the plan changes a resource of another account.

    is_foreign: whether an owner is another account. Called only if the plan has actions, because it may call STS.
    """
    if plan.actions and plan.before is not None:
        check_owner(resource_type, plan.before, is_foreign)


def check_owner(resource_type: ResourceType, row: ModuleParams, is_foreign: Callable[[str | None], bool]) -> None:
    """Raise ConflictError if the resource belongs to another account."""
    if is_foreign(row.get("owner_id")):
        raise ConflictError(
            f"{resource_type.label(row)} belongs to another account; only its owner can change or delete it."
        )


def _parameter_values(params: ApiParams) -> Iterable[Any]:
    """Iterate over the values of parameters and the entries of list values."""
    for value in params.values():
        yield from value if isinstance(value, list) else [value]


def _referenced_ids(resource_type: ResourceType, params: ApiParams) -> list[str]:
    """Return the resource ids in the parameters, as strings."""
    return [str(params[field.member]) for field in resource_type.fields if field.prefix and field.member in params]


def _tag_list(tags: dict[str, str]) -> list[ApiParams]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _format_value(value: Any) -> str:
    """Return a value as text for a reason."""
    return str(value) if isinstance(value, UnassignedId) else repr(value)
