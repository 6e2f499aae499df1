# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner of a fleet. C(plan) returns an action and a reason for each interface. Pure: it calls no API.

The calls for a single session come from session.plan. A session belongs to a fleet if this account owns the session
and its tag C(FLEET) has the fleet's name. Other sessions are never changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .._model.desired_state import DesiredState
from .._model.errors import ConflictError
from .._model.plan import Plan, delete_action
from .._model.resource_types import FILTER, SESSION, SESSIONS_PER_INTERFACE, TARGET, ModuleParams
from .._model.tags import FLEET
from .._resources import session as session_resource
from .options import SESSIONS_PER_ACCOUNT, Fleet
from .plan_entry import AwsState, DeletionSkipped, PlanEntry, get_session_id, group_by_interface
from .selection import Interface, find_ineligible_reason
from .target_assignment import Assignment, Target, assign_targets, list_session_numbers

Desired = list[tuple[Interface, "ModuleParams | None"]]


def plan(fleet: Fleet, aws_state: AwsState) -> list[PlanEntry]:
    """The plan's entries, sorted by interface.

    An interface has an entry if a source matches it, even if it is also excluded, or if it has a session of the fleet.
    It has several entries only if it has several sessions of the fleet; all but one are deleted.
    """
    by_interface = group_by_interface(aws_state.sessions)
    adopting: set[str] = set()
    tried: set[str] = set()
    while True:
        entries = _plan(fleet, aws_state, by_interface, adopting)
        # If the fleet's session gets no target or session number, an adoptable session of the interface may already
        # have both. If the adoptable session gets none either, the plan for the fleet's session applies.
        unassigned = {entry.interface_id: entry for entry in entries if entry.unassigned}
        candidates = {interface for interface, entry in unassigned.items() if entry.plan.before is not None} - tried
        added = {one for one in candidates if _find_adoptable(fleet, by_interface[one], aws_state) is not None}
        failed = adopting.intersection(unassigned)
        if not added and not failed:
            return entries
        adopting = (adopting | added) - failed
        tried |= added


def _plan(
    fleet: Fleet, aws_state: AwsState, by_interface: dict[str, list[ModuleParams]], adopting: set[str]
) -> list[PlanEntry]:
    """The entries of one attempt. adopting: interfaces where an adopted session replaces the fleet's session."""
    entries: list[PlanEntry] = []
    desired: Desired = []
    unmatched = {
        interface_id: owned
        for interface_id, sessions in by_interface.items()
        if (owned := list_owned(fleet, sessions, aws_state.limits.foreign))
    }
    for interface in aws_state.interfaces:
        if interface.id in unmatched and interface.attached_to and interface.instance is None:
            # EC2 is eventually consistent: a session must not be deleted because its instance is not visible yet.
            reason = find_ineligible_reason(interface, aws_state.limits) or ""
            entries += [_keep(session, interface, reason) for session in unmatched.pop(interface.id)]
        elif any(selector.matches(interface) for selector in fleet.sources):
            owned = unmatched.pop(interface.id, [])
            sessions = by_interface.get(interface.id, [])
            entries += _plan_matched(fleet, aws_state, interface, owned, sessions, adopting, desired)
    known = {interface.id: interface for interface in aws_state.interfaces}
    reason = "no longer matches sources" if fleet.present else "state is absent"
    for interface_id, owned in unmatched.items():
        entries += [
            replace(_plan_removal(fleet, session, known.get(interface_id), reason), selected=False) for session in owned
        ]
    assigned = _plan_assignments(fleet, aws_state, desired, by_interface, entries)
    # If adoption waits for capacity that a deletion frees, the adopted session is not the fleet's when that deletion
    # runs. So the deletion must not depend on it.
    waiting = adopting.intersection(entry.interface_id for entry in assigned if entry.after_deletions)
    entries = [
        replace(entry, kept_session_id=None) if entry.interface_id in waiting else entry for entry in entries
    ] + assigned
    for entry in entries:
        sessions = by_interface.get(entry.interface_id, [])
        owned = list_owned(fleet, sessions, aws_state.limits.foreign)
        entry.others = tuple(
            get_session_id(session) for session in sessions if session not in owned and session != entry.plan.before
        )
    return sorted(entries, key=lambda entry: (entry.interface_id, entry.session.get("session_number", 0)))


def _plan_matched(
    fleet: Fleet,
    aws_state: AwsState,
    interface: Interface,
    owned: list[ModuleParams],
    sessions: list[ModuleParams],
    adopting: set[str],
    desired: Desired,
) -> list[PlanEntry]:
    """The deletions and skips of an interface that a source matches.

    owned: the fleet's sessions of the interface, the one to keep first. sessions: all sessions of the interface.
    desired: gets the interface and its current session appended if it is to have a session.
    """
    entries: list[PlanEntry] = []
    current, extra = (owned[0], owned[1:]) if owned else (None, [])
    if current is None or interface.id in adopting:
        current, extra = _find_adoptable(fleet, sessions, aws_state), owned
    excluded_by = next((index for index, selector in enumerate(fleet.exclude) if selector.matches(interface)), None)
    reason = find_ineligible_reason(interface, aws_state.limits, mirrored=current is not None)
    if excluded_by is not None:
        reason = f"excluded by exclude[{excluded_by}]"
    others = [session for session in sessions if session is not current and session not in extra]
    if reason is None and current is None and len(others) >= SESSIONS_PER_INTERFACE:
        reason = f"session limit reached: {len(others)} sessions outside this fleet"
    if current is not None:
        # Duplicates of the fleet are deleted even if purge is false.
        kept_session_id = get_session_id(current) if reason is None or not fleet.purge else None
        deletions = (_plan_deletion(one, interface, f"duplicate of {get_session_id(current)}") for one in extra)
        entries += [replace(entry, kept_session_id=kept_session_id) for entry in deletions]
    if reason is None:
        desired.append((interface, current))
    elif owned:
        entries.append(replace(_plan_removal(fleet, owned[0], interface, reason), ineligible=excluded_by is None))
    else:
        entries.append(PlanEntry(interface.id, "skip", reason, interface, ineligible=excluded_by is None))
    return entries


def _plan_assignments(
    fleet: Fleet,
    aws_state: AwsState,
    desired: Desired,
    by_interface: dict[str, list[ModuleParams]],
    removals: list[PlanEntry],
) -> list[PlanEntry]:
    """The entries of the interfaces that are to have a session. removals: the entries of all other interfaces."""
    load = Counter(session[TARGET.id_option] for session in aws_state.sessions)
    account_sessions = sum(1 for one in aws_state.sessions if one.get("owner_id") not in aws_state.limits.foreign)
    deleted = {get_session_id(entry.session) for entry in removals if entry.action == "delete"}
    remaining = {
        interface.id: [one for one in by_interface.get(interface.id, ()) if get_session_id(one) not in deleted]
        for interface, _current in desired
    }
    numbers, entries = _assign_numbers(fleet, desired, remaining)
    desired = [(interface, current) for interface, current in desired if interface.id in numbers]
    freed = [entry.session for entry in (*removals, *entries) if entry.action == "delete"]
    kept = [current for _interface, current in desired if current is not None]
    other_load = load - Counter(session[TARGET.id_option] for session in (*freed, *kept))
    assignments = [
        Assignment(interface.id, interface.zone, current[TARGET.id_option] if current else None)
        for interface, current in desired
    ]
    targets = assign_targets(assignments, aws_state.targets, other_load)
    created = 0
    for interface, current in sorted(desired, key=lambda pair: pair[0].id):
        target = targets[interface.id]
        if target is None:
            entries.append(_plan_unassigned(fleet, interface, current, "all targets are at capacity"))
            continue
        if current is None and account_sessions - len(freed) + created >= SESSIONS_PER_ACCOUNT:
            reason = f"TrafficMirrorSessionLimitExceeded: the quota is {SESSIONS_PER_ACCOUNT} sessions per account"
            entries.append(_plan_unassigned(fleet, interface, None, reason))
            continue
        number = numbers[interface.id]
        entry = _plan_session(fleet, aws_state, interface, target, number, current, remaining[interface.id])
        changes = entry.changes or {}
        if entry.action == "create" or TARGET.id_option in changes:
            is_full = target.capacity is not None and load[str(target.id)] >= target.capacity
            entry.after_deletions = is_full or (current is None and account_sessions + created >= SESSIONS_PER_ACCOUNT)
            load[str(target.id)] += 1
        if "session_number" in changes:
            entry.after_deletions |= number in list_session_numbers(by_interface[interface.id])
        created += entry.action == "create"
        entries.append(entry)
    return entries


def _assign_numbers(
    fleet: Fleet, desired: Desired, remaining: dict[str, list[ModuleParams]]
) -> tuple[dict[str, int], list[PlanEntry]]:
    """The session number of each interface by id, and the entries of the interfaces that get none.

    remaining: by interface id, the sessions that the plan does not delete.
    """
    numbers: dict[str, int] = {}
    entries: list[PlanEntry] = []
    for interface, current in desired:
        used = list_session_numbers(session for session in remaining[interface.id] if session is not current)
        number = fleet.session_numbers.choose(used, current["session_number"] if current else None)
        if number is None:
            reason = f"no free session number in {fleet.session_numbers}"
            entries.append(_plan_unassigned(fleet, interface, current, reason))
        else:
            numbers[interface.id] = number
    return numbers, entries


def _plan_session(
    fleet: Fleet,
    aws_state: AwsState,
    interface: Interface,
    target: Target,
    number: int,
    current: ModuleParams | None,
    sessions: list[ModuleParams],
) -> PlanEntry:
    """The entry of an interface that is to have a session with this target and session number.

    current: the existing session, or None. sessions: all sessions of the interface.
    """
    values = {
        **fleet.values,
        "network_interface_id": interface.id,
        "session_number": number,
        FILTER.id_option: aws_state.filter_id,
        TARGET.id_option: target.id,
    }
    desired = DesiredState(SESSION, True, None, None, values, fleet.tags)
    session_plan = session_resource.plan(desired, session_resource.CurrentState(current, tuple(sessions), target.type))
    if current is None:
        return PlanEntry(interface.id, "create", "new match", interface, session_plan, target)
    if not session_plan.actions:
        return PlanEntry(interface.id, "unchanged", "up to date", interface, session_plan, target)
    changes = _list_changes(current, session_plan.after or {})
    is_adopted = FLEET not in current["tags"]
    reason = f"adopts {get_session_id(current)}" if is_adopted else f"differs in {', '.join(changes)}"
    return PlanEntry(interface.id, "update", reason, interface, session_plan, target, changes)


def list_owned(fleet: Fleet, sessions: Iterable[ModuleParams], foreign: frozenset[str]) -> list[ModuleParams]:
    """The sessions that belong to the fleet, the one to keep first. Concurrent runs choose the same session.

    foreign: ids of other accounts.
    """
    owned = [one for one in sessions if one["tags"].get(FLEET) == fleet.name and one.get("owner_id") not in foreign]
    return sorted(
        owned,
        key=lambda one: (
            one["session_number"] not in fleet.session_numbers,
            one["session_number"],
            get_session_id(one),
        ),
    )


def replan(fleet: Fleet, aws_state: AwsState, entry: PlanEntry, sessions: list[ModuleParams]) -> Plan:
    """The calls for one entry, given the sessions that its interface has now.

    Raises ConflictError if no session number is free, and DeletionSkipped if a deletion is no longer valid.
    """
    if entry.interface is None or entry.target is None:
        return _replan_deletion(fleet, aws_state, entry, sessions)
    owned = list_owned(fleet, sessions, aws_state.limits.foreign)
    current = owned[0] if owned else _find_adoptable(fleet, sessions, aws_state)
    used = list_session_numbers(session for session in sessions if session is not current)
    number = fleet.session_numbers.choose(used, current["session_number"] if current else None)
    if number is None:
        raise ConflictError(
            f"{entry.interface_id}: another client took the last free session number in {fleet.session_numbers}. "
            "Delete a session of this interface or extend session_numbers."
        )
    return _plan_session(fleet, aws_state, entry.interface, entry.target, number, current, sessions).plan


def _replan_deletion(fleet: Fleet, aws_state: AwsState, entry: PlanEntry, sessions: list[ModuleParams]) -> Plan:
    session_id = get_session_id(entry.session)
    session = next((one for one in sessions if get_session_id(one) == session_id), None)
    if session is None:
        return replace(entry.plan, actions=())
    if not list_owned(fleet, [session], aws_state.limits.foreign):
        raise DeletionSkipped("session no longer has this fleet's tag")
    if entry.kept_session_id is not None and find_kept_session(fleet, aws_state, entry, sessions) is session:
        raise DeletionSkipped(
            f"{entry.kept_session_id} was deleted or no longer has this fleet's tag; {session_id} is kept"
        )
    return entry.plan


def find_kept_session(
    fleet: Fleet, aws_state: AwsState, entry: PlanEntry, sessions: list[ModuleParams]
) -> ModuleParams | None:
    """The session to keep on an interface where the entry deletes a duplicate, given its sessions now.

    It is the session that the plan keeps, otherwise the first of the fleet, otherwise None.
    """
    owned = list_owned(fleet, sessions, aws_state.limits.foreign)
    return min(owned, key=lambda session: get_session_id(session) != entry.kept_session_id, default=None)


def find_duplicates(
    fleet: Fleet, aws_state: AwsState, interfaces: set[str], sessions: list[ModuleParams]
) -> list[PlanEntry]:
    """Entries that delete all but one of the fleet's sessions on each interface, after a concurrent run of the fleet.

    interfaces: the ids of the interfaces to check. sessions: all sessions, read after this run created its sessions.
    """
    by_interface = group_by_interface(one for one in sessions if one["network_interface_id"] in interfaces)
    return [
        _plan_deletion(duplicate, None, "duplicate created by a concurrent run")
        for on_interface in by_interface.values()
        for duplicate in list_owned(fleet, on_interface, aws_state.limits.foreign)[1:]
    ]


def _plan_removal(fleet: Fleet, session: ModuleParams, interface: Interface | None, reason: str) -> PlanEntry:
    """Delete a session that the fleet does not need, or keep it if purge is false."""
    if not fleet.purge and fleet.present:
        return _keep(session, interface, f"{reason}; kept because purge is false")
    return _plan_deletion(session, interface, reason)


def _plan_deletion(session: ModuleParams, interface: Interface | None, reason: str) -> PlanEntry:
    deletion = Plan((delete_action(SESSION, session, reason),), before=session)
    return PlanEntry(session["network_interface_id"], "delete", reason, interface, deletion)


def _keep(session: ModuleParams, interface: Interface | None, reason: str) -> PlanEntry:
    """Skip an interface and leave its session of the fleet unchanged."""
    return PlanEntry(session["network_interface_id"], "skip", reason, interface, Plan(before=session, after=session))


def _plan_unassigned(fleet: Fleet, interface: Interface, current: ModuleParams | None, reason: str) -> PlanEntry:
    """Handle an interface without a target or session number: remove its session, unless it is not the fleet's yet."""
    if current is None or FLEET not in current["tags"]:
        return PlanEntry(interface.id, "skip", reason, interface, unassigned=True)
    return replace(_plan_removal(fleet, current, interface, reason), unassigned=True)


def _find_adoptable(fleet: Fleet, sessions: list[ModuleParams], aws_state: AwsState) -> ModuleParams | None:
    """The session without a fleet tag that has the fleet's filter and one of its targets, if O(adopt) is true."""
    if not fleet.adopt:
        return None
    targets = {target.id for target in aws_state.targets}
    candidates = [
        session
        for session in sessions
        if FLEET not in session["tags"]
        and session.get("owner_id") not in aws_state.limits.foreign
        and session[FILTER.id_option] == aws_state.filter_id
        and session[TARGET.id_option] in targets
    ]
    return min(candidates, key=lambda session: session["session_number"], default=None)


def _list_changes(before: ModuleParams, after: ModuleParams) -> dict[str, list[Any]]:
    return {key: [before.get(key), after[key]] for key in after if after[key] != before.get(key)}
