# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task asks for, and references to ids that are not known yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .errors import ValidationError
from .resource_types import ModuleParams, ResourceType
from .tags import TagRules
from .text import truncate
from .validation import check_id


@dataclass(frozen=True)
class UnresolvedRef:
    """The id of an object that does not exist yet: in check mode, one of this name that an earlier task would make."""

    name: str

    def __str__(self) -> str:
        return f"the one named {self.name}"


@dataclass(frozen=True)
class CreatedIdRef:
    """The id of the object of this kind that an earlier call of the same plan makes."""

    resource_type: ResourceType

    def __str__(self) -> str:
        return f"the new {self.resource_type.noun}"


@dataclass(frozen=True)
class DesiredState:
    """What a task asks for.

    present: C(state). id, name: as given. values: the options of the kind's fields that are given, plus the read-only
    ones, in the spelling that results have. tags: the tag rules. allow_replacement: as given.
    parts: what the object's parts should be, None if the task does not say; each has values for all its fields.
    purge_parts: whether parts that are not among these go.
    """

    resource_type: ResourceType
    present: bool
    id: str | None
    name: str | None
    values: ModuleParams
    tags: TagRules
    allow_replacement: bool = False
    parts: tuple[DesiredState, ...] | None = None
    purge_parts: bool = True

    @classmethod
    def from_options(cls, resource_type: ResourceType, params: ModuleParams) -> DesiredState:
        """Raises ValidationError for options that cannot be right whatever EC2 holds."""
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
        )
        if desired.id is not None:
            check_id(resource_type.id_option, desired.id, resource_type.prefix)
        if resource_type.parts is None or params.get(resource_type.parts.listed) is None:
            return desired
        parts = tuple(cls._part(resource_type.parts, params, part) for part in params[resource_type.parts.listed])
        return replace(desired, parts=parts, purge_parts=params[f"purge_{resource_type.parts.listed}"])

    @classmethod
    def _part(cls, resource_type: ResourceType, params: ModuleParams, given: ModuleParams) -> DesiredState:
        """One part as its entry in the list says, which is the whole of it: what it leaves out is not set."""
        label = " ".join(truncate(given.get(option)) for option in resource_type.identifying)
        try:
            values = {
                field.option: field.unset if given.get(field.option) is None else field.parse(given[field.option])
                for field in resource_type.fields
            }
            tags = TagRules.from_options({**params, "name": None, "tags": given.get("tags")})
        except ValidationError as error:
            raise ValidationError(f"{resource_type.listed}: {label}: {error}") from error
        return cls(resource_type, True, None, None, values, tags)

    def key(self, options: tuple[str, ...]) -> ModuleParams | None:
        """These options with their values, None unless all are given."""
        if not options or any(option not in self.values for option in options):
            return None
        return {option: self.values[option] for option in options}
