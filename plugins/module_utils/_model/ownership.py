# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Protection of resources that belong to something else: another name, an ownership mark, another account.

EC2 enforces no unique names. A name is unique only among the resources that these modules named one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Callable

from .desired_state import DesiredState
from .errors import TransientError
from .plan import Plan
from .resource_types import SESSION, TARGET, ModuleParams, ResourceType
from .tags import CLOUDFORMATION, FLEET, OWNERSHIP_MARKS, REPLACES, STACK
from .text import quote

# Whether an owner is another account. It may call STS.
IsForeign = Callable[["str | None"], bool]
_MARKED_BY = {
    FLEET: "fleet {0} created it (tag vtap:fleet)",
    STACK: "stack {0} created it (tag vtap:stack)",
    CLOUDFORMATION: "CloudFormation stack {0} created it (tag aws:cloudformation:stack-id)",
}
_TAKEN_OVER = {
    FLEET: "fleet {0}. Exclude it there, or the fleet creates another {1}.",
    STACK: "stack {0}. Remove it there, or the next run of the stack fails or creates another {1}.",
    CLOUDFORMATION: "CloudFormation stack {0}. Remove it there if the stack still exists.",
}


def protect(desired: DesiredState, plan: Plan, *matched: ModuleParams | None) -> Plan:
    """Return the plan with warnings about the matched resources. Raises TransientError, see check_guard."""
    for one in matched:
        check_guard(desired, plan, one)
    warnings = [text for one in matched for text in warnings_for(desired, plan, one)]
    return replace(plan, warnings=(*warnings, *plan.warnings))


def check_guard(desired: DesiredState, plan: Plan, matched: ModuleParams | None) -> None:
    """Raise TransientError if the plan changes a resource that belongs to something else, unless the task adopts it.

    matched: the resource that the task matched, None if none. A match by id may have another name. An ownership mark
    always requires O(adopt). A stack adopts only resources without a mark. An earlier task may just have changed the
    name or removed the mark.
    """
    if matched is None or not plan.actions:
        return
    if desired.stacks:
        _check_stack(desired, matched)
        return
    reasons = list_other_owners(desired, matched)
    if reasons:
        raise TransientError(
            f"{desired.resource_type.label(matched)} was not changed: {', and '.join(reasons)}. "
            f"{_alternative(desired, matched)}To take it over, set adopt: true."
        )


def list_other_owners(desired: DesiredState, matched: ModuleParams | None) -> list[str]:
    """Return why the guard refuses a change of the resource that the task matched, none if the task may change it."""
    if matched is None or desired.adopt:
        return []
    tags = matched["tags"]
    reasons = [_MARKED_BY[mark].format(tags[mark]) for mark in OWNERSHIP_MARKS if mark in tags]
    if is_other_name(desired, matched):
        reasons.insert(0, f"its Name is {quote(tags['Name'])}, not {quote(desired.name or '')}")
    return reasons


def is_of_stack(desired: DesiredState, row: ModuleParams) -> bool:
    """Whether a resource has the mark of the stack that the desired resource belongs to."""
    return row["tags"].get(STACK) in desired.stacks


def _check_stack(desired: DesiredState, matched: ModuleParams) -> None:
    """Raise TransientError if the matched resource is not one of the stack, unless it has no mark and is adopted."""
    tags, label = matched["tags"], desired.resource_type.label(matched)
    if is_of_stack(desired, matched):
        return
    reasons = [_MARKED_BY[mark].format(tags[mark]) for mark in OWNERSHIP_MARKS if mark in tags]
    if reasons:
        remedy = "List that stack in adopt_stacks, or use" if STACK in tags else "Delete it, or use"
        raise TransientError(
            f"{label} does not belong to stack {desired.stacks[0]}: {', and '.join(reasons)}. "
            f"{_alternative(desired, matched)}{remedy} another {desired.resource_type.noun}."
        )
    if not desired.adopt:
        raise TransientError(
            f"{label} exists and does not belong to stack {desired.stacks[0]}: it has no tag {STACK}. "
            f"{_alternative(desired, matched)}To take it over, set adopt: true."
        )


def is_other_name(desired: DesiredState, matched: ModuleParams | None) -> bool:
    """Whether the guard refuses a change of the matched resource, because it has another name than the task gives.

    A resource with the task's id, or created to replace the resource with that id, may have another name.
    """
    if matched is None or desired.name is None or desired.adopt or is_of_stack(desired, matched):
        return False
    if desired.id is not None and desired.id in (
        matched[desired.resource_type.id_option],
        matched["tags"].get(REPLACES),
    ):
        return False
    return matched["tags"].get("Name") not in (None, desired.name)


def _alternative(desired: DesiredState, matched: ModuleParams) -> str:
    """Return the way to do without the resource of somebody else, as a sentence."""
    if not desired.present:
        return ""
    if desired.resource_type is TARGET and desired.id != matched[TARGET.id_option]:
        return (
            "A destination can have only one target: to send packets to it, set "
            f"{TARGET.id_option}: {matched[TARGET.id_option]} on your sessions. "
        )
    if desired.resource_type is SESSION and desired.id is None:
        return "To create another session on the interface, choose another session_number. "
    return ""


def warnings_for(desired: DesiredState, plan: Plan, matched: ModuleParams | None) -> tuple[str, ...]:
    """Return warnings about what the plan does to the matched resource."""
    if matched is None or not desired.present:
        return ()
    label, tags = desired.resource_type.label(matched), matched["tags"]
    warnings = []
    named = plan.after is not None and plan.after["tags"].get("Name") == desired.name
    if desired.name is not None and "Name" not in tags and named and not plan.replaces:
        warnings.append(f"{label} has no Name; it gets the name {quote(desired.name)} of this task.")
    if REPLACES in tags and REPLACES in (plan.after or matched)["tags"] and not desired.allow_replacement:
        warnings.append(
            f"{label} was created to replace {tags[REPLACES]}, and the replacement is not finished. To finish it, set "
            f"allow_replacement: true. To keep both, remove the tag {REPLACES}."
        )
    if plan.actions and desired.adopt and not desired.stacks:
        warnings += [
            f"{label} was taken over from {text.format(tags[mark], desired.resource_type.noun)}"
            for mark, text in _TAKEN_OVER.items()
            if mark in tags
        ]
    return tuple(warnings)


def name_holders(
    desired: DesiredState,
    rows: Iterable[ModuleParams],
    others_than: Iterable[ModuleParams | None],
    is_foreign: IsForeign,
) -> list[ModuleParams]:
    """Return the account's resources among these rows, other than the given ones, that have the task's name."""
    id_option = desired.resource_type.id_option
    known = {row[id_option] for row in others_than if row is not None}
    named = [row for row in rows if row["tags"].get("Name") == desired.name and row[id_option] not in known]
    return [row for row in named if not is_foreign(row.get("owner_id"))]


def writes_name(desired: DesiredState, current: ModuleParams | None) -> bool:
    """Whether the task sets a Name tag from its name: at creation, or if the resource has another Name or none."""
    return (
        desired.present and desired.name is not None and (current or {"tags": {}})["tags"].get("Name") != desired.name
    )


def check_name_free(
    desired: DesiredState,
    rows: Iterable[ModuleParams],
    others_than: Iterable[ModuleParams | None],
    is_foreign: IsForeign,
) -> None:
    """Raise TransientError if other resources have the task's name. Parameters as for name_holders."""
    holders = name_holders(desired, rows, others_than, is_foreign)
    if holders:
        raise duplicate_name_error(desired, holders)


def duplicate_name_error(desired: DesiredState, holders: list[ModuleParams]) -> TransientError:
    """Return the error for a name that other resources have, with the ways out."""
    resource_type, holder_id = desired.resource_type, holders[0][desired.resource_type.id_option]
    noun, interface = resource_type.noun, desired.values.get("network_interface_id")
    if resource_type is SESSION and interface not in (None, holders[0].get("network_interface_id")):
        change = (
            f"To move it to {interface}, set {resource_type.id_option}: {holder_id} and allow_replacement: true; "
            "without the id, a session moves only from an interface that is no longer in use."
        )
    else:
        change = f"To change it, set {resource_type.id_option}: {holder_id}."
    shared = " and session_number" if resource_type is SESSION else ""
    return TransientError(
        f"name {quote(desired.name or '')} is already the name of {_labels(resource_type, holders)}. {change} To "
        f"create a second {noun}, use another name. For a label that several {noun}s share, use tags: "
        f"{{Name: ...}}{shared}."
    )


def _labels(resource_type: ResourceType, rows: list[ModuleParams]) -> str:
    more = [f"and {len(rows) - 3} more"] if len(rows) > 3 else []
    return "; ".join([resource_type.label(row) for row in rows[:3]] + more)
