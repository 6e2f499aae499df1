# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner of a fleet. C(plan) returns an action and a reason for each interface. Pure: it calls no API.

The calls for a single session come from session.plan. A session belongs to a fleet if this account owns the session
and its tag C(FLEET) has the fleet's name or that of an adopted fleet. Other sessions are never changed. If an interface
has a session of the fleet, this session is kept, whatever sessions could be adopted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from .._batch.entry import DIFFERS, EntrySkipped, Status, list_changes
from .._model.desired_state import DesiredState
from .._model.errors import ConflictError
from .._model.plan import Plan, delete_action, tag_actions
from .._model.resource_types import FILTER, SESSION, SESSIONS_PER_INTERFACE, TARGET, ModuleParams
from .._model.tags import FLEET, TagRules
from .._resources import session as session_resource
from .classification import Candidate, classify
from .options import SESSIONS_PER_ACCOUNT, Fleet
from .ownership import find_adoptable, list_owned
from .plan_entry import DUPLICATE, AwsState, FleetEntry, Selection, get_session_id, group_by_interface
from .selection import Interface
from .session_numbers import NumberChoice, choose_number, keep_number
from .target_assignment import Assignment, Target, assign_targets
from .vni_assignment import assign_vnis, list_vnis

# The phases of a run. Deletions follow creations, so that mirroring has no gap; entries that need the capacity of a
# deleted session follow the deletions.
FIRST, DELETIONS, AFTER_DELETIONS = 0, 1, 2


@dataclass(frozen=True)
class Desired:
    """An interface that is to have a session.

    current: the existing session, None if it is to be created. others: the other sessions of the interface, without
    those that the plan deletes. choice: the session number. vni: the VNI, if the fleet has a range of VNIs.
    """

    candidate: Candidate
    current: ModuleParams | None
    others: tuple[ModuleParams, ...]
    choice: NumberChoice
    vni: int | None = None

    @property
    def interface(self) -> Interface:
        """The interface."""
        return self.candidate.interface


def plan(fleet: Fleet, aws_state: AwsState, hold_deletions: bool = False) -> list[FleetEntry]:
    """The plan's entries, sorted by interface.

    An interface has an entry if a source matches it, even if it is also excluded, or if it has a session of the fleet.
    hold_deletions: hold back the deletions of sessions that may mirror packets.
    """
    by_interface = group_by_interface(aws_state.sessions)
    entries: list[FleetEntry] = []
    desired: list[Desired] = []
    for interface in aws_state.interfaces if fleet.present else ():
        sessions = by_interface.get(interface.id, [])
        removals, one = _plan_interface(fleet, aws_state, interface, sessions, hold_deletions)
        entries += removals
        desired += [one] if one is not None else []
    known = {interface.id for interface in aws_state.interfaces}
    reason = "the interface does not exist" if fleet.present else "state is absent"
    for interface_id, sessions in by_interface.items():
        if interface_id not in known:
            entries += [
                _plan_removal(fleet, one, None, reason) for one in list_owned(fleet, sessions, aws_state.limits)
            ]
    if hold_deletions:
        for entry in entries:
            if entry.action == "delete" and not entry.is_safe_deletion:
                entry.status = Status.HELD_BACK
    entries += _plan_sessions(fleet, aws_state, desired, entries)
    for entry in entries:
        mine = {get_session_id(one) for one in list_owned(fleet, by_interface.get(entry.key, ()), aws_state.limits)}
        mine |= {get_session_id(entry.plan.before)} if entry.plan.before else set()
        ids = (get_session_id(session) for session in by_interface.get(entry.key, ()))
        entry.others = tuple(one for one in ids if one not in mine)
    return sorted(entries, key=lambda entry: (entry.key, entry.session.get("session_number", 0)))


def _plan_interface(
    fleet: Fleet, aws_state: AwsState, interface: Interface, sessions: list[ModuleParams], hold_deletions: bool
) -> tuple[list[FleetEntry], Desired | None]:
    """The deletions and skips of an interface, and the session that it is to have."""
    owned = list_owned(fleet, sessions, aws_state.limits)
    deleted = [] if hold_deletions else owned[1:]
    current = owned[0] if owned else find_adoptable(fleet, aws_state, sessions)
    candidate = classify(fleet, interface, aws_state.limits, mirrored=current is not None)
    entries = [_plan_deletion(one, interface, f"{DUPLICATE} of {get_session_id(owned[0])}") for one in owned[1:]]
    is_stopped = candidate.selection is Selection.STOPPED
    if candidate.is_hidden and owned:
        kept = _keep(fleet, owned[0], interface, candidate.reason)
        entries.append(replace(kept, selection=candidate.selection))
    elif candidate.selection is Selection.ELIGIBLE or (is_stopped and (candidate.creates or fleet.keeps_stopped)):
        if current is None and not candidate.creates:
            entries.append(_skip(candidate, candidate.reason))
        else:
            others = tuple(one for one in sessions if one is not current and one not in deleted)
            choice = _choose_number(fleet, aws_state, current, others)
            if choice.number is not None:
                return entries, Desired(candidate, current, others, choice)
            entries.append(_plan_unassigned(fleet, candidate, current, choice.problem))
    elif owned:
        reason = f"{candidate.reason}; on_stopped is delete" if is_stopped else candidate.reason
        entries.append(replace(_plan_removal(fleet, owned[0], interface, reason), selection=candidate.selection))
    elif candidate.selection is not Selection.NOT_SELECTED:
        entries.append(_skip(candidate, candidate.reason))
    return entries, None


def _choose_number(
    fleet: Fleet, aws_state: AwsState, current: ModuleParams | None, others: Iterable[ModuleParams]
) -> NumberChoice:
    """The session number of an interface, given its other sessions."""
    numbers, others = fleet.session_numbers, list(others)
    if current is not None:
        return keep_number(numbers, aws_state.filter_id, aws_state.filters, current, others)
    if len(others) >= SESSIONS_PER_INTERFACE:
        return NumberChoice(None, f"session limit reached: {len(others)} sessions outside this fleet")
    return choose_number(numbers, aws_state.filter_id, aws_state.filters, others)


def _plan_sessions(
    fleet: Fleet, aws_state: AwsState, desired: list[Desired], removals: list[FleetEntry]
) -> list[FleetEntry]:
    """The entries of the interfaces that are to have a session. removals: the entries of all other interfaces."""
    load = Counter(session[TARGET.id_option] for session in aws_state.sessions)
    freed = [entry.session for entry in removals if entry.action == "delete" and entry.status is Status.PLANNED]
    freed_interfaces = {session["network_interface_id"] for session in freed}
    kept = [one.current for one in desired if one.current is not None]
    other_load = load - Counter(session[TARGET.id_option] for session in (*freed, *kept))
    assignments = [
        Assignment(one.interface.id, one.interface.zone, one.current[TARGET.id_option] if one.current else None)
        for one in desired
    ]
    targets = assign_targets(assignments, aws_state.targets, other_load)
    vnis = _assign_vnis(fleet, aws_state, [one for one in desired if one.current or targets[one.interface.id]], freed)
    freed_vnis = list_vnis(freed)
    own_count = sum(one.get("owner_id") not in aws_state.limits.foreign for one in aws_state.sessions)
    entries, created = [], 0
    for one in sorted(desired, key=lambda one: one.interface.id):
        target = targets[one.interface.id]
        one = replace(one, vni=vnis.get(one.interface.id))
        full_quota = own_count + created >= SESSIONS_PER_ACCOUNT
        if one.current is None and target is None:
            entries.append(_plan_unassigned(fleet, one.candidate, None, "all targets are at capacity"))
            continue
        if one.current is None and own_count - len(freed) + created >= SESSIONS_PER_ACCOUNT:
            reason = f"TrafficMirrorSessionLimitExceeded: the quota is {SESSIONS_PER_ACCOUNT} sessions per account"
            entries.append(_plan_unassigned(fleet, one.candidate, None, reason))
            continue
        try:
            entry = _plan_session(fleet, aws_state, one, target)
        except ConflictError as error:
            if one.current is None:
                raise  # it concerns all new sessions
            entries.append(_plan_unassigned(fleet, one.candidate, one.current, str(error)))
            continue
        if entry.target is not None and entry.adds_to_target:
            capacity = entry.target.capacity
            is_full = capacity is not None and load[str(entry.target.id)] >= capacity
            entry.phase = AFTER_DELETIONS if is_full or (one.current is None and full_quota) else FIRST
            load[str(entry.target.id)] += 1
        if entry.key in freed_interfaces and "session_number" in (entry.changes or {}):
            # The number may be that of a duplicate, and the lowest number decides which session is kept.
            entry.phase = AFTER_DELETIONS
        if entry.vni in freed_vnis and (one.current is None or "virtual_network_id" in (entry.changes or {})):
            entry.phase = AFTER_DELETIONS
        created += entry.action == "create"
        entries.append(entry)
    return entries


def _plan_session(fleet: Fleet, aws_state: AwsState, one: Desired, target: Target | None) -> FleetEntry:
    """The entry of an interface that is to have a session. target: None to keep that of the existing session."""
    interface, current, selection = one.interface, one.current, one.candidate.selection
    problems = [f"keeps session number {one.choice.number}: {one.choice.problem}"] if one.choice.problem else []
    if target is None and current is not None:
        target = find_current_target(aws_state, current)
        problems.append(f"keeps target {target.id}, which {_unusable(aws_state, target)}: no other target has capacity")
    if target is None:
        raise AssertionError("a new session has a target")
    session_plan = plan_calls(fleet, aws_state, one, target)
    action, reason, changes = describe_plan(fleet, session_plan)
    problem = "; ".join(problems)
    return FleetEntry(
        key=interface.id,
        action=action,
        reason=reason,
        plan=session_plan,
        changes=changes,
        interface=interface,
        target=target,
        selection=selection,
        problem=problem,
        vni=one.vni,
    )


def _assign_vnis(
    fleet: Fleet, aws_state: AwsState, desired: list[Desired], freed: list[ModuleParams]
) -> dict[str, int]:
    """The VNI of each session by interface id, {} if the fleet has no range. freed: the sessions to be deleted."""
    if fleet.vni_range is None:
        return {}
    own = {get_session_id(one) for one in (*freed, *(one.current for one in desired if one.current is not None))}
    current = {one.interface.id: (one.current or {}).get("virtual_network_id") for one in desired}
    used = list_vnis(one for one in aws_state.sessions if get_session_id(one) not in own)
    return assign_vnis(fleet.vni_range, current, used, list_vnis(freed))


def plan_calls(fleet: Fleet, aws_state: AwsState, one: Desired, target: Target) -> Plan:
    """The calls for a session with this target."""
    values = {
        **fleet.values,
        "network_interface_id": one.interface.id,
        "session_number": one.choice.number,
        FILTER.id_option: aws_state.filter_id,
        TARGET.id_option: target.id,
        **({} if one.vni is None else {"virtual_network_id": one.vni}),
    }
    desired = DesiredState(SESSION, True, None, None, values, fleet.tags)
    # Whether a lower session gets all packets is decided by choose_number, exactly, so without these sessions here.
    state = session_resource.CurrentState(one.current, () if one.current is None else one.others, target.type)
    return session_resource.plan(desired, state)


def describe_plan(fleet: Fleet, session_plan: Plan) -> tuple[str, str, dict[str, list[Any]] | None]:
    """The action, its reason and the changed options of an interface that is to have a session."""
    current = session_plan.before
    if current is None:
        return "create", "new match", None
    if not session_plan.actions:
        return "unchanged", "up to date", None
    changes, owner = list_changes(current, session_plan.after or {}), current["tags"].get(FLEET)
    if owner == fleet.name:
        return "update", f"{DIFFERS} {', '.join(changes)}", changes
    return "update", f"adopts {get_session_id(current)}" + (f" of fleet {owner}" if owner else ""), changes


def find_current_target(aws_state: AwsState, current: ModuleParams) -> Target:
    """The target of an existing session, which may not be one of the fleet."""
    target_id = current[TARGET.id_option]
    known = aws_state.known_targets.get(target_id)
    fleet_target = next((one for one in aws_state.targets if one.id == target_id), None)
    return fleet_target or Target(target_id, known["type"] if known else None, None)


def _unusable(aws_state: AwsState, target: Target) -> str:
    return "is at capacity" if target in aws_state.targets else "is not in targets"


def replan(fleet: Fleet, aws_state: AwsState, entry: FleetEntry, sessions: list[ModuleParams]) -> Plan:
    """The calls for one entry, given the sessions that its interface has now.

    Raises EntrySkipped if the interface gets no session number, or if the session is no longer the fleet's.
    """
    if entry.interface is None or entry.target is None:
        return _replan_removal(fleet, aws_state, entry, sessions)
    owned = list_owned(fleet, sessions, aws_state.limits)
    current = owned[0] if owned else find_adoptable(fleet, aws_state, sessions)
    others = tuple(session for session in sessions if session is not current)
    choice = _choose_number(fleet, aws_state, current, others)
    if choice.number is None:
        entry.problem = choice.problem
        raise EntrySkipped(choice.problem)
    candidate = Candidate(entry.interface, entry.selection, creates=True)
    return plan_calls(fleet, aws_state, Desired(candidate, current, others, choice, entry.vni), entry.target)


def _replan_removal(fleet: Fleet, aws_state: AwsState, entry: FleetEntry, sessions: list[ModuleParams]) -> Plan:
    """The calls for a session that the fleet does not need: its deletion, or the tag of a session that is kept."""
    session_id = get_session_id(entry.session)
    session = next((one for one in sessions if get_session_id(one) == session_id), None)
    if session is None and entry.action != "delete":
        raise EntrySkipped("the session was deleted during the run")
    if session is None:
        return replace(entry.plan, actions=())
    owned = list_owned(fleet, sessions, aws_state.limits)
    if session not in owned:
        raise EntrySkipped("session no longer has this fleet's tag")
    if entry.reason.startswith(DUPLICATE) and owned[0] is session:
        raise EntrySkipped("the fleet's other session was deleted or no longer has this fleet's tag")
    return entry.plan


def find_duplicates(
    fleet: Fleet, aws_state: AwsState, interfaces: set[str], sessions: list[ModuleParams]
) -> list[FleetEntry]:
    """Entries that delete all but one of the fleet's sessions on each interface, after a concurrent run of the fleet.

    interfaces: the ids of the interfaces to check. sessions: all sessions, read after this run created its sessions.
    """
    by_interface = group_by_interface(one for one in sessions if one["network_interface_id"] in interfaces)
    known = {interface.id: interface for interface in aws_state.interfaces}
    return [
        _plan_deletion(
            duplicate, known.get(duplicate["network_interface_id"]), f"{DUPLICATE} created by a concurrent run"
        )
        for on_interface in by_interface.values()
        for duplicate in list_owned(fleet, on_interface, aws_state.limits)[1:]
    ]


def _plan_removal(fleet: Fleet, session: ModuleParams, interface: Interface | None, reason: str) -> FleetEntry:
    """Delete a session that the fleet does not need, or keep it if purge is false."""
    if not fleet.purge and fleet.present:
        return _keep(fleet, session, interface, f"{reason}; kept because purge is false")
    return _plan_deletion(session, interface, reason)


def _plan_deletion(session: ModuleParams, interface: Interface | None, reason: str) -> FleetEntry:
    deletion = Plan((delete_action(SESSION, session, reason),), before=session)
    return FleetEntry(
        key=session["network_interface_id"],
        action="delete",
        reason=reason,
        plan=deletion,
        phase=DELETIONS,
        interface=interface,
    )


def _keep(fleet: Fleet, session: ModuleParams, interface: Interface | None, reason: str) -> FleetEntry:
    """Skip an interface and leave its session of the fleet unchanged, except for the name of an adopted fleet."""
    change = TagRules(internal_tags={FLEET: fleet.name}).change(session["tags"])
    after = {**session, "tags": change.result}
    session_plan = Plan(tuple(tag_actions(SESSION, session, change)), before=session, after=after)
    action = "update" if session_plan.actions else "skip"
    changes = list_changes(session, after) if session_plan.actions else None
    return FleetEntry(
        key=session["network_interface_id"],
        action=action,
        reason=reason,
        plan=session_plan,
        changes=changes,
        interface=interface,
    )


def _plan_unassigned(fleet: Fleet, candidate: Candidate, current: ModuleParams | None, problem: str) -> FleetEntry:
    """Leave an interface as it is, because of a problem of its session or for want of a target or session number."""
    if current is None or FLEET not in current["tags"]:
        return replace(_skip(candidate, problem), problem=problem)
    kept = _keep(fleet, current, candidate.interface, problem)
    return replace(kept, selection=candidate.selection, problem=problem)


def _skip(candidate: Candidate, reason: str) -> FleetEntry:
    return FleetEntry(
        key=candidate.interface.id,
        action="skip",
        reason=reason,
        interface=candidate.interface,
        selection=candidate.selection,
    )
