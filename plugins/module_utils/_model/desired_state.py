# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired state of a resource, and references to ids that do not exist yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from .errors import ValidationError
from .expiry import ExpiryOptions
from .placeholders import UnassignedId, UnresolvedRef, outside_check_mode, parse_placeholder
from .resource_types import SESSION, ModuleParams, ResourceType
from .tags import FLEET, STACK, TagRules
from .text import quote, truncate
from .validation import check_id


@dataclass(frozen=True)
class CreatedIdRef(UnassignedId):
    """The id of a resource that an earlier call of the same plan creates.

    key: says which resource of the type, see DesiredState.new_id.
    """

    resource_type: ResourceType
    key: str

    @property
    def placeholder(self) -> str:
        """The placeholder that a task of the single module returns for the resource in check mode."""
        return str(UnresolvedRef(self.key, self.resource_type.prefix))

    def __str__(self) -> str:
        return f"the new {self.resource_type.noun} {quote(self.key)}"


@dataclass(frozen=True)
class DesiredState:
    """The desired state of one resource, from the options of a task.

    present: whether O(state=present). id, name: the options, None if omitted.
    values: the options for the fields of the resource type and the read-only options, without omitted options. The
    values have their canonical spelling (see Converter). tags: the tag rules. allow_replacement, adopt: the options.
    children: the desired state of the child resources, each with values for all fields; None if the option is omitted.
    purge_children: whether to delete child resources that are not in C(children). stacks: for a resource of a stack,
    the values of the tag STACK that mark the resources of that stack: its name and the names to adopt. expiry: the
    expiry options of a session; None to ignore that a session expires.
    """

    resource_type: ResourceType
    present: bool
    id: str | None
    name: str | None
    values: ModuleParams
    tags: TagRules
    allow_replacement: bool = False
    adopt: bool = False
    children: tuple[DesiredState, ...] | None = None
    purge_children: bool = True
    stacks: tuple[str, ...] = ()
    expiry: ExpiryOptions | None = None

    @classmethod
    def from_options(
        cls, resource_type: ResourceType, params: ModuleParams, check_mode: bool = False, now: datetime | None = None
    ) -> DesiredState:
        """Create the desired state from module options. Makes no call.

        check_mode: accept placeholders of ids (see placeholders.py). now: the time of the task, None for the clock of
        this host. Raises ValidationError for invalid options.
        """
        desired = cls(
            resource_type=resource_type,
            present=params["state"] == "present",
            id=params.get(resource_type.id_option),
            name=params.get("name"),
            values={
                **{option: params[option] for option in resource_type.read_only if params.get(option) is not None},
                **{
                    f.option: f.parse(params[f.option])
                    for f in resource_type.fields
                    if params.get(f.option) is not None
                },
            },
            tags=TagRules.from_options(params),
            allow_replacement=params["allow_replacement"],
            adopt=params["adopt"],
            expiry=ExpiryOptions.from_options(params, now) if resource_type is SESSION else None,
        )
        if desired.id is not None and desired.unresolved_id is None:
            check_id(resource_type.id_option, desired.id, resource_type.prefix)
        if desired.adopt:
            desired = replace(desired, tags=replace(desired.tags, removed_marks=(FLEET, STACK)))
        if not check_mode:
            desired.check_resolved()
        if resource_type.children is None or params.get(resource_type.children.list_option) is None:
            return desired
        option = resource_type.children.list_option
        children = tuple(cls._child(resource_type.children, params, entry) for entry in params[option])
        return replace(desired, children=children, purge_children=params[f"purge_{option}"])

    @classmethod
    def _child(cls, resource_type: ResourceType, params: ModuleParams, entry: ModuleParams) -> DesiredState:
        """Create the desired state of a child resource from its list entry.

        Omitted suboptions, except tags, have the value that resets the field. Raises ValidationError.
        """
        label = " ".join(truncate(entry.get(option)) for option in resource_type.identifying)
        try:
            values = {
                field.option: field.unset if entry.get(field.option) is None else field.parse(entry[field.option])
                for field in resource_type.fields
            }
            tags = TagRules.from_options({**params, "name": None, "tags": entry.get("tags")})
        except ValidationError as error:
            raise ValidationError(f"{resource_type.list_option}: {label}: {error}") from error
        return cls(resource_type, True, None, None, values, tags)

    @property
    def unresolved_id(self) -> UnresolvedRef | None:
        """The reference if the id is a placeholder, otherwise None."""
        return parse_placeholder(self.id, self.resource_type.prefix)

    @property
    def new_id(self) -> CreatedIdRef:
        """The reference to the resource if a call of the plan creates it. It is equal in all plans of a task.

        Its key is the name, otherwise the natural key. A plan must not have two resources with the same reference.
        """
        natural_key = (str(self.values[o]) for o in self.resource_type.identifying if o in self.values)
        return CreatedIdRef(self.resource_type, self.name or " ".join(natural_key))

    def check_resolved(self) -> None:
        """Raise ValidationError if an id of the task is a placeholder."""
        ids = {self.resource_type.id_option: self.unresolved_id, **self.values}
        for option, value in ids.items():
            if isinstance(value, UnresolvedRef):
                raise ValidationError(outside_check_mode(option, value))

    def key(self, options: tuple[str, ...]) -> ModuleParams | None:
        """Return the values of these options, or None if the task omits any of them or if there are none."""
        if not options or any(option not in self.values for option in options):
            return None
        return {option: self.values[option] for option in options}
