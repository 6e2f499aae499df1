# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""References between resources: names resolved to ids, and the sessions that use a filter or target."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from .._model.errors import AmbiguousMatchError, InUseError, NotFoundError
from .._model.placeholders import UnresolvedRef
from .._model.plan import Plan
from .._model.resource_types import SESSION, ApiParams, ModuleParams, ResourceType

# Module options for resource types that sessions use: filters and targets.
IN_USE_OPTIONS = {"removed_session_ids": {"type": "list", "elements": "str"}}

# The maximum number of resources listed in a message.
MAX_LISTED = 10


class Reader(Protocol):
    """The read methods of the EC2 client that planning requires."""

    def describe(
        self,
        resource_type: ResourceType,
        ids: tuple[str, ...] = ...,
        filters: dict[str, list[str]] | None = ...,
        child_tags: bool = ...,
    ) -> list[ModuleParams]:
        """The resources of this type."""

    def is_foreign(self, owner: str | None) -> bool:
        """Whether this account id is not the caller's."""

    def interface(self, network_interface_id: str) -> ApiParams | None:
        """The network interface, None if it does not exist. Raises Ec2Error."""

    def instance(self, instance_id: str) -> ApiParams | None:
        """The instance, None if it does not exist or is not visible. Raises Ec2Error."""


def resolve_name(
    resource_type: ResourceType, option: str, name: str, reader: Reader, check_mode: bool
) -> str | UnresolvedRef:
    """Return the id of the only resource of this type with this Name tag.

    option: the module option that has the name, for messages. check_mode: return an UnresolvedRef if no resource has
    the name. Raises NotFoundError if no resource has the name outside check mode, and AmbiguousMatchError if several
    resources have it. Both messages list the candidates.
    """
    return match_name(resource_type, option, name, reader.describe(resource_type), check_mode)


def match_name(
    resource_type: ResourceType, option: str, name: str, rows: list[ModuleParams], check_mode: bool
) -> str | UnresolvedRef:
    """Return the id of the only resource among rows with this Name tag. Parameters and errors as for resolve_name."""
    matches = [row for row in rows if row["tags"].get("Name") == name]
    if len(matches) > 1:
        raise AmbiguousMatchError(
            f"{option}: {len(matches)} {resource_type.noun}s are named {name}; identify one by "
            f"{resource_type.id_option}: {list_resources(resource_type, matches)}."
        )
    if matches:
        resource_id: str = matches[0][resource_type.id_option]
        return resource_id
    if check_mode:
        return UnresolvedRef(name, resource_type.prefix)
    named = [row for row in rows if "Name" in row["tags"]]
    candidates = (
        f"Named {resource_type.noun}s: {list_resources(resource_type, named)}."
        if named
        else f"No {resource_type.noun} has a Name tag."
    )
    raise NotFoundError(f"{option}: no {resource_type.noun} is named {name} in this account and region. {candidates}")


def pending_warning(option: str, noun: str, name: str) -> str:
    """Return the warning of check mode about a name that no resource has.

    option: the module option that has the name. noun: of the resource type.
    """
    return (
        f"{option}: no {noun} is named {name} yet. Check mode assumes that an earlier task creates it; "
        "otherwise the real run fails."
    )


def not_found_error(resource_type: ResourceType, resource_id: str) -> NotFoundError:
    """Return the error for a filter or target that does not exist, with the code that EC2 uses."""
    return NotFoundError(
        f"Invalid{resource_type.api}Id.NotFound: {resource_type.noun} {resource_id} does not exist in this account and "
        f"region. Correct {resource_type.id_option}, or create the {resource_type.noun} first."
    )


def describe_sessions_using(resource_type: ResourceType, resource: ModuleParams, reader: Reader) -> list[ModuleParams]:
    """Return the sessions that use this filter or target, including sessions of other accounts if EC2 returns them."""
    return reader.describe(SESSION, filters={f"{resource_type.tag_type}-id": [resource[resource_type.id_option]]})


def check_unused(
    resource_type: ResourceType, plan: Plan, sessions: Iterable[ModuleParams], params: ModuleParams
) -> None:
    """Raise InUseError if the plan deletes a resource that any of these sessions uses.

    params: the module options. Sessions in removed_session_ids are ignored because an earlier task deletes them.
    """
    users = [row for row in sessions if row[SESSION.id_option] not in (params.get("removed_session_ids") or ())]
    if users and plan.before is not None and plan.after is None:
        ignored = ", or list those that an earlier task deletes in removed_session_ids"
        raise InUseError(
            f"{resource_type.label(plan.before)} is in use and was not deleted. Sessions: "
            f"{list_resources(SESSION, users)}. Delete these sessions or switch them to another {resource_type.noun}"
            f"{ignored if 'removed_session_ids' in params else ''}."
        )


def list_resources(resource_type: ResourceType, rows: list[ModuleParams]) -> str:
    """Return the labels of the resources as one string, with at most MAX_LISTED labels and the number of others."""
    more = [f"and {len(rows) - MAX_LISTED} more"] if len(rows) > MAX_LISTED else []
    return "; ".join([resource_type.label(row) for row in rows[:MAX_LISTED]] + more)
