# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only mirror targets have: one destination out of three kinds, and nothing but tags that EC2 could change.
C(look_up) reads what C(plan) must know; C(plan) is pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Callable

from .._model.desired_state import CreatedIdRef, DesiredState
from .._model.errors import ConflictError, NotFoundError, ValidationError
from .._model.matching import check_read_only, differences, find_match, has_values
from .._model.plan import (
    Plan,
    check_owned_by_caller,
    check_owner,
    create_action,
    delete_action,
    move_actions,
    plan_absence,
    tag_actions,
)
from .._model.resource_types import ENI, GWLBE, NLB, NLB_PACKET_LENGTH, SESSION, TARGET, ModuleParams
from .._model.text import quote, truncate
from .references import IN_USE_OPTIONS, Reader, check_unused, list_resources, sessions_using

TYPES = {
    "network_interface_id": ENI,
    "network_load_balancer_arn": NLB,
    "gateway_load_balancer_endpoint_id": GWLBE,
}


@dataclass(frozen=True)
class CurrentState:
    """What is known when the plan is made.

    current: the target meant, None if there is none. replaced: the one of the task's id or name that has another
    destination, where it may be replaced by the current one or by one to be made. users: the sessions of the one that
    is to go.
    """

    current: ModuleParams | None = None
    replaced: ModuleParams | None = None
    users: tuple[ModuleParams, ...] = ()


def check(desired: DesiredState) -> None:
    """Raise ValidationError unless the task says which target it means, and no other type than that of the
    destination."""
    destination = _destination(desired)
    if desired.id is None and desired.name is None and not destination:
        raise ValidationError(f"Say which target: {TARGET.id_option}, {', '.join(TYPES)}, or name.")
    for option in destination:
        if desired.values.get("type", TYPES[option]) != TYPES[option]:
            raise ValidationError(
                f"type of a target with {option} is {TYPES[option]}, not {truncate(desired.values['type'])}; "
                "it cannot be set."
            )


def make_plan(params: ModuleParams) -> Callable[[DesiredState, Reader, bool], Plan]:
    """For module.run: look and plan."""

    def look_and_plan(desired: DesiredState, reader: Reader, _predict: bool) -> Plan:
        found = describe_current(desired, reader)
        if found.replaced is not None:
            check_owner(TARGET, found.replaced, reader.is_foreign)
        made = plan(desired, found)
        check_owned_by_caller(TARGET, made, reader.is_foreign)
        check_unused(TARGET, made, found.users, params)
        return made

    return look_and_plan


def describe_current(desired: DesiredState, reader: Reader) -> CurrentState:
    """Read what the plan must know, in one Describe unless the task leaves no other way. Raises ConflictError,
    Ec2Error."""
    rows, destination = _rows(desired, reader), _destination(desired)
    current, replaced = None, None
    if desired.present and desired.allow_replacement and desired.name and destination:
        current = find_match(replace(desired, id=None), [row for row in rows if has_values(row, destination)])
        others = [row for row in rows if current is None or row[TARGET.id_option] != current[TARGET.id_option]]
        by_id = any(row[TARGET.id_option] == desired.id for row in others)  # if not, it was replaced or is the current
        replaced = find_match(replace(desired, id=desired.id if by_id else None, values={}), others)
        if current is not None and replaced is not None and desired.id == current[TARGET.id_option]:
            raise ConflictError(
                f"The name is that of {TARGET.label(replaced)}, the id is that of {TARGET.label(current)}. "
                "Correct the options, or rename or remove one of them first."
            )
    else:
        current = find_match(desired, rows)
    leaving = replaced if desired.present else current
    return CurrentState(current, replaced, tuple(sessions_using(TARGET, leaving, reader)) if leaving else ())


def plan(desired: DesiredState, found: CurrentState) -> Plan:
    """The calls that make the target what the task wants. Raises ValidationError, ConflictError."""
    current = found.current
    if not desired.present:
        return plan_absence(desired, current)
    if found.replaced is not None:
        return _plan_replace(desired, found, found.replaced)
    if current is None:
        return _plan_create(desired, desired.values, "it does not exist")
    check_read_only(desired, current)
    _check_fixed(desired, current)
    tags = desired.tags.change(current["tags"])
    return Plan(tuple(tag_actions(TARGET, current, tags)), before=current, after={**current, "tags": tags.result})


def count_sessions(params: ModuleParams, rows: list[ModuleParams], reader: Reader) -> list[ModuleParams]:
    """For module.run_info: the targets with how many sessions use each, if the task asks for that.

    One Describe of all sessions, however many targets there are.
    """
    if not params["session_count"] or not rows:
        return rows
    used = Counter(session["traffic_mirror_target_id"] for session in reader.describe(SESSION))
    return [{**row, "session_count": used[row[TARGET.id_option]]} for row in rows]


def _plan_create(desired: DesiredState, values: ModuleParams, reason: str) -> Plan:
    if desired.id is not None:
        raise NotFoundError(
            f"There is no target {desired.id} in this account and region, and none is shared with it. EC2 chooses the "
            f"ids of new targets: to create one, leave {TARGET.id_option} out."
        )
    destinations = [option for option in TYPES if option in values]
    if not destinations:
        raise ValidationError(f"No such target exists, and to create one the task lacks one of: {', '.join(TYPES)}.")
    type_ = TYPES[destinations[0]]
    values = {option: value for option, value in values.items() if option in TARGET.fixed}
    tags = desired.tags.change({})
    after = {"description": "", **values, "type": type_, "tags": tags.result}
    return Plan((create_action(TARGET, values, tags, reason),), after=after)


def _plan_replace(desired: DesiredState, found: CurrentState, old: ModuleParams) -> Plan:
    """Another destination: its target is made, or taken if it is there, the sessions move, the old one goes."""
    _check_movable(desired, found, old)
    new_id: str | CreatedIdRef
    if found.current is None:
        carrying = replace(desired, id=None, tags=desired.tags.inherited(old["tags"]))
        values = {"description": old["description"], **desired.values}
        made = _plan_create(carrying, values, f"it replaces {TARGET.label(old)}, whose destination cannot change")
        new_id, after = CreatedIdRef(TARGET), {**(made.after or {}), "owner_id": old["owner_id"]}
    else:
        made = plan(desired, replace(found, replaced=None))  # what is taken keeps the tags that it has
        new_id, after = found.current[TARGET.id_option], made.after or {}
    reason = f"the target of {' '.join(next(iter(_destination(desired).items())))} takes its place"
    actions = (*made.actions, *move_actions(TARGET, found.users, new_id), delete_action(TARGET, old, reason))
    return Plan(actions, before=old, after=after, replaces=True)


def _check_movable(desired: DesiredState, found: CurrentState, old: ModuleParams) -> None:
    """Raise ConflictError if not all sessions of the old target can be given the new one."""
    new = found.current
    if new is not None and new.get("owner_id") != old.get("owner_id"):
        raise ConflictError(
            f"{TARGET.label(new)} belongs to another account and cannot take the name and place of "
            f"{TARGET.label(old)}. Give its id to the sessions instead."
        )
    foreign = [row for row in found.users if row.get("owner_id") != old.get("owner_id")]
    if foreign:
        raise ConflictError(
            f"{TARGET.label(old)} cannot be replaced: sessions of other accounts use it, and only their owners can "
            f"move them: {list_resources(SESSION, foreign)}."
        )
    long = [row for row in found.users if row["packet_length"] > NLB_PACKET_LENGTH]
    if long and "network_load_balancer_arn" in desired.values:
        raise ConflictError(
            f"{TARGET.label(old)} cannot be replaced by a Network Load Balancer, which takes a packet_length of 1 to "
            f"{NLB_PACKET_LENGTH}; these sessions have more: {list_resources(SESSION, long)}."
        )


def _check_fixed(desired: DesiredState, current: ModuleParams) -> None:
    """Raise ConflictError if the task wants of this target what EC2 cannot change."""
    label, changed = TARGET.label(current), differences(TARGET, current, desired.values)
    moved = [option for option in TYPES if option in changed]
    if moved:
        raise ConflictError(
            f"{label} cannot get another destination, {changed[moved[0]]}: EC2 cannot change a target. To have the "
            "target of that destination made or taken, the sessions moved there and this one removed, give name and "
            "allow_replacement: true."
        )
    if changed:
        raise ConflictError(
            f"description of {label} is {quote(current['description'])} and EC2 cannot change it to "
            f"{quote(changed['description'])}. A destination has only one target, so a new one cannot be made "
            "beside it: leave description out, or remove the target first."
        )


def _destination(desired: DesiredState) -> ModuleParams:
    """The destination that the task gives, as one option with its value; empty if it gives none."""
    return {option: desired.values[option] for option in TYPES if option in desired.values}


def _rows(desired: DesiredState, reader: Reader) -> list[ModuleParams]:
    """Every target that could be meant, in one Describe unless the id does not settle it."""
    destination = _destination(desired)
    if desired.id is not None:
        rows = reader.describe(TARGET, ids=(desired.id,))
        settled = rows and has_values(rows[0], destination) and desired.name in (None, rows[0]["tags"].get("Name"))
        if settled or (desired.name is None and not destination):
            return rows
    elif desired.name is None:
        ((option, value),) = destination.items()
        by_destination = option.replace("_", "-")
        if by_destination in TARGET.filters:
            return reader.describe(TARGET, filters={by_destination: [value]})
    # By the name, or an endpoint: EC2 documents no filter for either, so they are compared on this side.
    return reader.describe(TARGET)


OPTIONS: dict[str, Any] = {
    "session_count": {"type": "int"},
    **IN_USE_OPTIONS,
}
INFO_OPTIONS: dict[str, Any] = {"session_count": {"type": "bool", "default": False}}
