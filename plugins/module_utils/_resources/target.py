# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for mirror targets. describe_current reads the current state from EC2; plan is pure.

A target has one destination, of one of three types. EC2 can change only the tags of a target.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Callable

from .._model.desired_state import CreatedIdRef, DesiredState
from .._model.errors import ConflictError, NotFoundError, ValidationError
from .._model.matching import check_read_only, differences, find_match, has_values
from .._model.ownership import check_name_free, is_other_name, protect, writes_name
from .._model.plan import (
    Plan,
    check_owned_by_caller,
    check_owner,
    create_action,
    delete_action,
    move_actions,
    plan_absence,
    plan_unresolved,
    tag_actions,
)
from .._model.resource_types import ENI, GWLBE, NLB, NLB_PACKET_LENGTH, SESSION, TARGET, ModuleParams
from .._model.text import quote, truncate
from .references import IN_USE_OPTIONS, Reader, check_unused, describe_sessions_using, list_resources

# The option for each destination, and the type of its targets.
TYPES = {
    "network_interface_id": ENI,
    "network_load_balancer_arn": NLB,
    "gateway_load_balancer_endpoint_id": GWLBE,
}


@dataclass(frozen=True)
class CurrentState:
    """The state that the plan is based on.

    current: the target that the task identifies, None if it does not exist. replaced: the target with the task's id or
    name but another destination, if the task allows its replacement by the current target or by a new one. users: the
    sessions that use the target to delete.
    """

    current: ModuleParams | None = None
    replaced: ModuleParams | None = None
    users: tuple[ModuleParams, ...] = ()


def check(desired: DesiredState) -> None:
    """Raise ValidationError if the task identifies no target, or its type does not match its destination."""
    destination = _destination(desired)
    if desired.id is None and desired.name is None and not destination:
        raise ValidationError(f"Identify the target by {TARGET.id_option}, {', '.join(TYPES)}, or by name.")
    for option in destination:
        if desired.values.get("type", TYPES[option]) != TYPES[option]:
            raise ValidationError(
                f"type of a target with {option} is {TYPES[option]}, not {truncate(desired.values['type'])}; "
                "type is read-only."
            )


def create_planner(params: ModuleParams) -> Callable[[DesiredState, Reader, bool], Plan]:
    """Return the planning function for module.run. params: the module options."""

    def describe_and_plan(desired: DesiredState, reader: Reader, _check_mode: bool) -> Plan:
        if desired.unresolved_id is not None:
            return plan_unresolved(desired)
        state = describe_current(desired, reader)
        if state.replaced is not None:
            check_owner(TARGET, state.replaced, reader.is_foreign)
        result = plan(desired, state)
        check_owned_by_caller(TARGET, result, reader.is_foreign)
        result = protect(desired, result, state.current, state.replaced)
        check_unused(TARGET, result, state.users, params)
        return result

    return describe_and_plan


def describe_current(desired: DesiredState, reader: Reader) -> CurrentState:
    """Read the state that the plan requires, in one Describe call where possible. Raises ConflictError, Ec2Error."""
    rows, destination = _describe_candidates(desired, reader), _destination(desired)
    current, replaced = None, None
    if desired.present and desired.allow_replacement and desired.name and destination:
        current = find_match(replace(desired, id=None), [row for row in rows if has_values(row, destination)])
        others = [row for row in rows if current is None or row[TARGET.id_option] != current[TARGET.id_option]]
        # The id matches no other target if it is that of the current target or of a target that was replaced before.
        has_id = any(row[TARGET.id_option] == desired.id for row in others)
        replaced = find_match(replace(desired, id=desired.id if has_id else None, values={}), others)
        if current is not None and replaced is not None and desired.id == current[TARGET.id_option]:
            raise ConflictError(
                f"name matches {TARGET.label(replaced)}, but {TARGET.id_option} matches {TARGET.label(current)}. "
                "Correct the options, or rename or delete one of these targets first."
            )
    else:
        current = find_match(desired, rows)
    # A task with an id creates a target only to replace another one.
    creates = desired.id is None or replaced is not None
    if (current or creates) and writes_name(desired, current) and not is_other_name(desired, current):
        check_name_free(desired, rows, (current, replaced), reader.is_foreign)
    to_delete = replaced if desired.present else current
    users = describe_sessions_using(TARGET, to_delete, reader) if to_delete else ()
    return CurrentState(current, replaced, tuple(users))


def plan(desired: DesiredState, state: CurrentState) -> Plan:
    """Return the calls that bring the target to the desired state.

    Raises ValidationError, NotFoundError, ConflictError.
    """
    current = state.current
    if not desired.present:
        return plan_absence(desired, current)
    if state.replaced is not None:
        return _plan_replace(desired, state, state.replaced)
    if current is None:
        return _plan_create(desired, desired.values, "does not exist")
    check_read_only(desired, current)
    _check_fixed(desired, current)
    tags = desired.tags.change(current["tags"])
    return Plan(tuple(tag_actions(TARGET, current, tags)), before=current, after={**current, "tags": tags.result})


def count_sessions(params: ModuleParams, rows: list[ModuleParams], reader: Reader) -> list[ModuleParams]:
    """Return the targets with the number of sessions that use each, if the option session_count is true.

    For module.run_info. One Describe of all sessions, for any number of targets.
    """
    if not params["session_count"] or not rows:
        return rows
    counts = Counter(session.get("traffic_mirror_target_id") for session in reader.describe(SESSION))
    return [{**row, "session_count": counts[row[TARGET.id_option]]} for row in rows]


def _plan_create(desired: DesiredState, values: ModuleParams, reason: str) -> Plan:
    if desired.id is not None:
        raise NotFoundError(
            f"target {desired.id} does not exist in this account and region, and is not shared with this account. EC2 "
            f"assigns the ids of new targets: to create a target, omit {TARGET.id_option}."
        )
    destinations = [option for option in TYPES if option in values]
    if not destinations:
        raise ValidationError(f"The target does not exist, and creating it requires one of: {', '.join(TYPES)}.")
    target_type = TYPES[destinations[0]]
    values = {option: value for option, value in values.items() if option in TARGET.immutable_options}
    tags = desired.tags.change({})
    after = {"description": "", **values, "type": target_type, "tags": tags.result}
    return Plan((create_action(desired.new_id, values, tags, reason),), after=after)


def _plan_replace(desired: DesiredState, state: CurrentState, old: ModuleParams) -> Plan:
    """Plan a change of the destination: create or reuse the target of the new destination, switch the sessions to that
    target, and delete the old target."""
    _check_replaceable(desired, state, old)
    new_id: str | CreatedIdRef
    if state.current is None:
        inheriting = replace(desired, id=None, tags=desired.tags.for_replacement(old["tags"]))
        values = {"description": old["description"], **desired.values}
        new = _plan_create(inheriting, values, f"replaces {TARGET.label(old)}, whose destination cannot be changed")
        new_id, after = desired.new_id, {**(new.after or {}), "owner_id": old.get("owner_id")}
    else:
        new = plan(desired, replace(state, replaced=None))  # a reused target does not inherit the old target's tags
        new_id, after = state.current[TARGET.id_option], new.after or {}
    reason = f"replaced by the target with {' '.join(next(iter(_destination(desired).items())))}"
    actions = (*new.actions, *move_actions(TARGET, state.users, new_id), delete_action(TARGET, old, reason))
    return Plan(actions, before=old, after=after, replaces=True)


def _check_replaceable(desired: DesiredState, state: CurrentState, old: ModuleParams) -> None:
    """Raise ConflictError if any session of the old target cannot be switched to the new target."""
    new = state.current
    if new is not None and new.get("owner_id") != old.get("owner_id"):
        raise ConflictError(
            f"{TARGET.label(old)} cannot be replaced by {TARGET.label(new)}, which belongs to another account. Set "
            f"{TARGET.id_option}: {new[TARGET.id_option]} on the sessions instead."
        )
    foreign = [row for row in state.users if row.get("owner_id") != old.get("owner_id")]
    if foreign:
        raise ConflictError(
            f"{TARGET.label(old)} cannot be replaced: sessions of other accounts use it: "
            f"{list_resources(SESSION, foreign)}. Only the owners of these sessions can switch them to another target."
        )
    too_long = [row for row in state.users if row["packet_length"] > NLB_PACKET_LENGTH]
    if too_long and "network_load_balancer_arn" in desired.values:
        raise ConflictError(
            f"{TARGET.label(old)} cannot be replaced by a Network Load Balancer target, which accepts a packet_length "
            f"of 1 to {NLB_PACKET_LENGTH}. Reduce packet_length of these sessions first: "
            f"{list_resources(SESSION, too_long)}."
        )


def _check_fixed(desired: DesiredState, current: ModuleParams) -> None:
    """Raise ConflictError if the task changes a property of the target that EC2 cannot change."""
    label, changed = TARGET.label(current), differences(TARGET, current, desired.values)
    destinations = [option for option in TYPES if option in changed]
    if destinations:
        raise ConflictError(
            f"{label}: EC2 cannot change the destination of a target, to {changed[destinations[0]]}. To create or "
            "reuse the target of that destination, switch the sessions to it and delete this target, set name and "
            "allow_replacement: true."
        )
    if changed:
        raise ConflictError(
            f"{label}: EC2 cannot change the description of a target, from {quote(current['description'])} to "
            f"{quote(changed['description'])}. A destination can have only one target, so this target cannot be "
            "replaced. Omit description, or delete the target first."
        )


def _destination(desired: DesiredState) -> ModuleParams:
    """Return the destination in the task, as one option with its value; empty if the task has none."""
    return {option: desired.values[option] for option in TYPES if option in desired.values}


def _describe_candidates(desired: DesiredState, reader: Reader) -> list[ModuleParams]:
    """Return every target that the task may identify, in one Describe call unless the id is not sufficient."""
    destination = _destination(desired)
    if desired.id is not None:
        rows = reader.describe(TARGET, ids=(desired.id,))
        is_match = rows and has_values(rows[0], destination) and desired.name in (None, rows[0]["tags"].get("Name"))
        if is_match or (desired.name is None and not destination):
            return rows
    elif desired.name is None:
        ((option, value),) = destination.items()
        filter_name = option.replace("_", "-")
        if filter_name in TARGET.filters:
            return reader.describe(TARGET, filters={filter_name: [value]})
    # EC2 documents no filter for names or Gateway Load Balancer endpoints, so both are compared here.
    return reader.describe(TARGET)


OPTIONS: dict[str, Any] = {
    "session_count": {"type": "int"},
    **IN_USE_OPTIONS,
}
INFO_OPTIONS: dict[str, Any] = {"session_count": {"type": "bool", "default": False}}
