# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for mirror sessions. describe_current reads the current state from EC2; plan is pure.

Sessions differ from the other resource types in three ways: session numbers are unique on an interface, the packet
length depends on the target, and EC2 cannot change the source interface.

A name identifies one session of the account. The module checks this with one more Describe whenever a task is about to
write a Name from its name.

A session that replaces another session has the tag REPLACES with the id of the old session until the old session is
deleted. The next run finds the new session and, by this tag, the old one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

from .._model.desired_state import DesiredState
from .._model.errors import ConflictError, NotFoundError, TransientError, ValidationError
from .._model.expiry import Expiry
from .._model.matching import check_create_options, check_read_only, differences
from .._model.ownership import is_other_name, protect, writes_name
from .._model.plan import (
    Plan,
    check_owned_by_caller,
    create_action,
    delete_action,
    modify_actions,
    plan_absence,
    plan_unresolved,
    tag_actions,
)
from .._model.resource_types import (
    FILTER,
    NLB,
    NLB_PACKET_LENGTH,
    SESSION,
    SESSIONS_PER_INTERFACE,
    TARGET,
    ModuleParams,
)
from .._model.tags import REPLACES, TagChange, check_name, check_tag_count
from .packet_length import describe_target, is_default, reported_length
from .references import Reader, not_found_error, resolve_name
from .session_expiry import check_deletion, find_expired, omit_new_time, plan_expired, set_expiry
from .session_identity import find_by_name, find_session, may_replace
from .target_sources import check_sources

# The options that identify a resource by its Name tag, with the option for its id and its type.
REFERENCES = {
    "traffic_mirror_filter_name": ("traffic_mirror_filter_id", FILTER),
    "traffic_mirror_target_name": ("traffic_mirror_target_id", TARGET),
}
REMOVE_MARK = TagChange({}, (REPLACES,), {})


@dataclass(frozen=True)
class CurrentState:
    """The state that the plan is based on.

    current: the session that the task identifies, None if it does not exist. interface_sessions: all sessions on the
    interface of the task, or on the current session's interface if the task has none. target_type: the type of the
    session's desired target, None if it was not read. replaced: the session that the current one was created to
    replace, if that session still exists.
    """

    current: ModuleParams | None = None
    interface_sessions: tuple[ModuleParams, ...] = ()
    target_type: str | None = None
    replaced: ModuleParams | None = None


def check(desired: DesiredState) -> None:
    """Raise ValidationError if the task identifies no session."""
    has_interface = "network_interface_id" in desired.values
    if desired.id is None and desired.name is None and not (has_interface and "session_number" in desired.values):
        raise ValidationError(
            "Identify the session by traffic_mirror_session_id, by network_interface_id with session_number or name, "
            "or by name."
        )


def create_planner(params: ModuleParams) -> Callable[[DesiredState, Reader, bool], Plan]:
    """Return the planning function for module.run.

    params: the module options. The planning function resolves the filter and target names in these options to ids.
    """

    def describe_and_plan(desired: DesiredState, reader: Reader, check_mode: bool) -> Plan:
        for option in REFERENCES:
            if params.get(option) is not None:
                check_name(option, params[option])
        if desired.unresolved_id is not None:
            return plan_unresolved(desired)
        has_passed = desired.expiry is not None and desired.expiry.find_expired(None) is not None
        if desired.present and not has_passed:
            desired = replace(desired, values={**desired.values, **resolve_references(params, reader, check_mode)})
        state = describe_current(desired, reader, check_mode)
        result = plan(desired, state)
        check_owned_by_caller(SESSION, result, reader.is_foreign)
        if check_mode:
            result = omit_new_time(desired, result)
        return protect(desired, result, state.current, state.replaced)

    return describe_and_plan


def resolve_references(params: ModuleParams, reader: Reader, check_mode: bool) -> ModuleParams:
    """Return the ids of the filter and the target that the task names, keyed by the options for ids.

    check_mode: return an UnresolvedRef for a name that no resource has. Raises NotFoundError for such a name outside
    check mode, and AmbiguousMatchError for a name that several resources have.
    """
    return {
        id_option: resolve_name(resource_type, option, params[option], reader, check_mode)
        for option, (id_option, resource_type) in REFERENCES.items()
        if params.get(option) is not None
    }


def describe_current(desired: DesiredState, reader: Reader, check_mode: bool) -> CurrentState:
    """Read the state that the plan requires, in one Describe call where possible.

    check_mode: also read the target, to predict the packet length that EC2 will report, and the filter. A missing
    filter or target is an error, as in a real run. Raises ConflictError, Ec2Error.
    """
    interface = desired.values.get("network_interface_id")
    if interface is not None and (desired.present or desired.id is None):
        rows = _describe_sessions_on(interface, reader)
        if desired.id is not None and not any(row[SESSION.id_option] == desired.id for row in rows):
            rows += reader.describe(SESSION, ids=(desired.id,))
    elif desired.id is not None:
        rows = reader.describe(SESSION, ids=(desired.id,))
    else:
        # EC2 documents no tag filter for sessions, so the Name tags are compared here.
        rows = [row for row in reader.describe(SESSION) if row["tags"].get("Name") == desired.name]
    current = find_session(desired, rows)
    # A task with an id creates a session only to replace the one with the id.
    is_named = current is not None or (interface is not None and desired.id is None)
    writes = writes_name(desired, current) or _needs_replacement(desired, current)
    if is_named and writes and not is_other_name(desired, current):
        current = find_by_name(desired, current, reader)
    if desired.present and find_expired(desired, current) is not None:
        return CurrentState(current)  # the task changes nothing that depends on more
    number = desired.values.get("session_number")
    renumbers = desired.present and current is not None and number not in (None, current.get("session_number"))
    if interface is None and current is not None and renumbers:
        rows = _describe_sessions_on(current.get("network_interface_id", ""), reader)
    target = describe_target(desired, current, reader, check_mode) if desired.present else None
    if desired.present and check_mode:
        _check_references(desired, current, target, reader)
    may_be_replacement = may_replace(desired) and interface is not None and current is not None
    return CurrentState(
        current=current,
        interface_sessions=tuple(row for row in rows if interface in (None, row.get("network_interface_id"))),
        target_type=target.get("type") if target else None,
        replaced=_find_replaced(desired, current, reader) if may_be_replacement and current is not None else None,
    )


def plan(desired: DesiredState, state: CurrentState) -> Plan:
    """Return the calls that bring the session to the desired state.

    Raises ValidationError, NotFoundError, ConflictError.
    """
    current = state.current
    if not desired.present:
        absence = plan_absence(desired, current)
        if absence.actions and current is not None:
            check_deletion(desired, current)
        return absence
    expired, desired = find_expired(desired, current), set_expiry(desired, current)
    if current is None:
        return _plan_create(desired, state, expired)
    check_read_only(desired, current)
    if expired is not None:
        return plan_expired(desired, current, expired)
    if _is_moved(desired, current):
        return _plan_replace(desired, state, current)
    return _finish_replacement(_plan_update(desired, state, current), desired, state, current)


def _plan_create(desired: DesiredState, state: CurrentState, expired: Expiry | None) -> Plan:
    """Plan a session that does not exist. expired: see find_expired."""
    if desired.id is not None:
        raise NotFoundError(
            f"session {desired.id} does not exist in this account and region. EC2 assigns the ids of new sessions: to "
            f"create a session, omit {SESSION.id_option} and set network_interface_id with session_number or name."
        )
    if expired is not None:
        return plan_expired(desired, None, expired)
    values = _settable(desired.values)
    check_create_options(desired, values)
    values.setdefault("session_number", _free_number(state.interface_sessions))
    return _plan_new_session(desired, state, values, "does not exist")


def _plan_new_session(
    desired: DesiredState, state: CurrentState, values: ModuleParams, reason: str, mark: dict[str, str] | None = None
) -> Plan:
    """Return the plan that creates a session with these values, which include the interface and the session number.

    mark: a temporary tag of the session.
    """
    if len(state.interface_sessions) >= SESSIONS_PER_INTERFACE:
        # EC2 would reject the call. This check reports the error in check mode, too.
        raise TransientError(
            f"TrafficMirrorSessionsPerInterfaceLimitExceeded: {values['network_interface_id']} has "
            f"{len(state.interface_sessions)} sessions, and EC2 allows {SESSIONS_PER_INTERFACE}. Delete one of: "
            f"{'; '.join(map(SESSION.label, state.interface_sessions))}."
        )
    tags = desired.tags.change({})
    written = {**tags.write, **(mark or {})}
    check_tag_count(written)
    action = create_action(desired.new_id, values, replace(tags, write=written), reason)
    after = {**values, "description": values.get("description", ""), "tags": tags.result}
    length = reported_length(values.get("packet_length", 0), state.target_type)
    return Plan((action,), after=_predicted(after, length), warnings=_shadow_warnings(values, state))


def _shadow_warnings(values: ModuleParams, state: CurrentState) -> tuple[str, ...]:
    """Return a warning if a session with a lower number already mirrors all packets of the new session.

    A packet is mirrored once, by the first session whose filter accepts it (Traffic Mirroring guide, sessions).
    """
    return tuple(
        f"The new session of {values['network_interface_id']} gets no packets: {SESSION.label(row)} has a lower "
        f"session_number and the same filter."
        for row in state.interface_sessions
        if row.get("session_number", values["session_number"]) < values["session_number"]
        and row.get("traffic_mirror_filter_id") == values["traffic_mirror_filter_id"]
    )[:1]


def _plan_update(desired: DesiredState, state: CurrentState, current: ModuleParams) -> Plan:
    values = differences(SESSION, current, desired.values)
    _check_number_free(values, state, current)
    if values.get("packet_length") == 0 and is_default(current["packet_length"], state.target_type):
        del values["packet_length"]
    if "traffic_mirror_target_id" in values and desired.values.get("packet_length") == NLB_PACKET_LENGTH:
        values["packet_length"] = NLB_PACKET_LENGTH  # the reported value may be the default of the old target
    tags = desired.tags.change(current["tags"])
    actions = (*modify_actions(SESSION, current, values), *tag_actions(SESSION, current, tags))
    length: int | None = values.get("packet_length", current["packet_length"])
    if "traffic_mirror_target_id" in values or "packet_length" in values:
        # A reported 8500 may be the default of the old target, which can change with the target. A packet length that
        # was set does not change.
        is_uncertain = length == NLB_PACKET_LENGTH and "packet_length" not in values and state.target_type != NLB
        length = None if is_uncertain else reported_length(length, state.target_type)
    return Plan(actions, before=current, after=_predicted({**current, **values, "tags": tags.result}, length))


def _plan_replace(desired: DesiredState, state: CurrentState, current: ModuleParams) -> Plan:
    """Plan a change of the interface: create a session with the current session's settings on the new interface, then
    delete the current session."""
    if not may_replace(desired):
        raise ConflictError(
            f"{SESSION.label(current)} cannot be moved to {desired.values['network_interface_id']}: EC2 cannot change "
            "the interface of a session. To create a new session on that interface and delete this session, set name "
            "and allow_replacement: true."
        )
    values = {field.option: current[field.option] for field in SESSION.fields}
    values.update(_settable(desired.values))
    used_numbers = [row.get("session_number") for row in state.interface_sessions]
    if "session_number" in desired.values:
        _check_number_free(values, state, current)
    elif values["session_number"] in used_numbers:
        values["session_number"] = _free_number(state.interface_sessions)
    if "packet_length" not in desired.values and is_default(current["packet_length"], state.target_type):
        values["packet_length"] = 0
    inheriting = replace(desired, tags=desired.tags.for_replacement(current["tags"]))
    reason = f"replaces {SESSION.label(current)}, whose interface cannot be changed"
    new = _plan_new_session(inheriting, state, values, reason, {REPLACES: current[SESSION.id_option]})
    deletion = delete_action(SESSION, current, "replaced by another session")
    untag = tag_actions(SESSION, {**(new.after or {}), SESSION.id_option: desired.new_id}, REMOVE_MARK)
    return replace(new, actions=(*new.actions, deletion, *untag), before=current, replaces=True)


def _find_replaced(desired: DesiredState, current: ModuleParams, reader: Reader) -> ModuleParams | None:
    """Return the session that the current one was created to replace, None if that session no longer exists.

    Raises ConflictError if that session was renamed.
    """
    old = current["tags"].get(REPLACES)
    rows = reader.describe(SESSION, ids=(old,)) if old else []
    if rows and desired.id != old and rows[0]["tags"].get("Name") != current["tags"].get("Name"):
        raise ConflictError(
            f"{SESSION.label(current)} was created to replace {SESSION.label(rows[0])}, which has another name now. To "
            f"delete the old session, set traffic_mirror_session_id: {old}. To keep both sessions, remove the tag "
            f"{REPLACES} from {current[SESSION.id_option]}."
        )
    return rows[0] if rows else None


def _finish_replacement(update: Plan, desired: DesiredState, state: CurrentState, current: ModuleParams) -> Plan:
    """Return the plan with the remaining calls of an interrupted replacement."""
    if not may_replace(desired) or REPLACES not in current["tags"]:
        return update
    deletion = [delete_action(SESSION, state.replaced, "replaced by another session")] if state.replaced else []
    after = update.after or {}
    after = {**after, "tags": {key: value for key, value in after["tags"].items() if key != REPLACES}}
    return replace(
        update, actions=(*update.actions, *deletion, *tag_actions(SESSION, current, REMOVE_MARK)), after=after
    )


def _describe_sessions_on(interface: str, reader: Reader) -> list[ModuleParams]:
    return reader.describe(SESSION, filters={"network-interface-id": [interface]})


def _free_number(interface_sessions: tuple[ModuleParams, ...]) -> int:
    """Return the lowest session number that none of these sessions has."""
    used = {row.get("session_number") for row in interface_sessions}
    return next(number for number in range(1, len(used) + 2) if number not in used)


def _check_number_free(values: ModuleParams, state: CurrentState, current: ModuleParams) -> None:
    """Raise ConflictError if another session on the interface has the new session number."""
    holders = [row for row in state.interface_sessions if row.get("session_number") == values.get("session_number", "")]
    if holders:
        interface = values.get("network_interface_id", current.get("network_interface_id"))
        # The other session may be deleted or renumbered already.
        raise TransientError(
            f"{SESSION.label(current)} cannot get session_number {values['session_number']} of {interface}: "
            f"{SESSION.label(holders[0])} has this number. Renumber or delete {holders[0][SESSION.id_option]} first."
        )


def _check_references(
    desired: DesiredState, current: ModuleParams | None, target: ModuleParams | None, reader: Reader
) -> None:
    """Check what EC2 checks in a real run: that the filter exists, and that the target accepts another source.

    For check mode. target: the desired target if it was read. Raises NotFoundError, TransientError.
    """
    filter_id = desired.values.get("traffic_mirror_filter_id")
    is_new = current is None or current.get("traffic_mirror_filter_id") != filter_id
    if isinstance(filter_id, str) and is_new and not reader.describe(FILTER, ids=(filter_id,)):
        raise not_found_error(FILTER, filter_id)
    interface = desired.values.get("network_interface_id") or (current or {}).get("network_interface_id")
    if target is not None and interface is not None:
        check_sources(target, interface, reader)


def _predicted(after: ModuleParams, length: int | None) -> ModuleParams:
    """Return the session with this reported packet length, without values that EC2 assigns.

    length: None to omit the packet length.
    """
    predicted = {**after, "packet_length": length}
    if length is None:
        del predicted["packet_length"]
    return predicted


def _is_moved(desired: DesiredState, current: ModuleParams) -> bool:
    """Whether the task requires another interface than the session has."""
    return not SESSION.immutable_options.isdisjoint(differences(SESSION, current, desired.values))


def _needs_replacement(desired: DesiredState, current: ModuleParams | None) -> bool:
    """Whether the task replaces the session by one with the same name on another interface."""
    return current is not None and may_replace(desired) and _is_moved(desired, current)


def _settable(values: ModuleParams) -> ModuleParams:
    """Return the values without read-only ones."""
    return {field.option: values[field.option] for field in SESSION.fields if field.option in values}
