# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet: the sessions of many interfaces, kept in line with a selection. C(plan) says for each interface what to do
and why; what to do to one session is session.plan's business. Pure: nothing here calls anything.

A session belongs to a fleet if this account owns it and its tag C(FLEET) has the fleet's name. No other is touched.
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
from .._resources import session
from .options import SESSIONS_PER_ACCOUNT, Fleet
from .plan_entry import AwsState, DeletionSkipped, PlanEntry, _id, grouped
from .selection import Interface, ineligible
from .target_assignment import Assignment, Target, numbers_taken, place


def plan(fleet: Fleet, aws_state: AwsState) -> list[PlanEntry]:
    """One row for each interface that is selected, excluded from the selection, or has a session of the fleet, sorted
    by interface. Several for an interface only if it has several sessions of the fleet, of which one stays."""
    by_interface = grouped(aws_state.sessions)
    instead: set[str] = set()
    tried: set[str] = set()
    while True:
        rows = _plan(fleet, aws_state, by_interface, instead)
        # Where the fleet's own session finds no place, one that may be adopted may have a place already. Where that one
        # has none either, the own session keeps to its plan.
        unassigned = {row.interface_id: row for row in rows if row.unassigned}
        placeless = {one for one, row in unassigned.items() if row.plan.before is not None} - tried
        more = {one for one in placeless if _adoptable(fleet, by_interface[one], aws_state) is not None}
        fewer = instead.intersection(unassigned)
        if not more and not fewer:
            return rows
        instead = (instead | more) - fewer
        tried |= more


def _plan(
    fleet: Fleet, aws_state: AwsState, by_interface: dict[str, list[ModuleParams]], instead: set[str]
) -> list[PlanEntry]:
    """instead: interfaces whose session of the fleet gives way to one that is adopted."""
    rows: list[PlanEntry] = []
    desired: list[tuple[Interface, ModuleParams | None]] = []
    gone = {
        interface: mine
        for interface, there in by_interface.items()
        if (mine := owned(fleet, there, aws_state.limits.foreign))
    }
    for one in aws_state.interfaces:
        if one.id in gone and one.attached_to and one.instance is None:
            # EC2 is eventually consistent. What is not known of the instance must not end its mirroring.
            rows += [_kept(row, one, ineligible(one, aws_state.limits) or "") for row in gone.pop(one.id)]
            continue
        if not any(selector.matches(one) for selector in fleet.sources):
            continue
        there = by_interface.get(one.id, [])
        mine = gone.pop(one.id, [])
        current, extra = (mine[0], mine[1:]) if mine else (None, [])
        if current is None or one.id in instead:
            current, extra = _adoptable(fleet, there, aws_state), mine
        excluded = next((at for at, selector in enumerate(fleet.exclude) if selector.matches(one)), None)
        reason = ineligible(one, aws_state.limits, mirrored=current is not None)
        if excluded is not None:
            reason = f"excluded by exclude[{excluded}]"
        others = [row for row in there if row is not current and row not in extra]
        if reason is None and current is None and len(others) >= SESSIONS_PER_INTERFACE:
            reason = f"it has {len(others)} sessions of others, and EC2 takes {SESSIONS_PER_INTERFACE}"
        if current is not None:
            # Of two sessions of one fleet on an interface one is too many, whatever purge says of others.
            kept_session_id = _id(current) if reason is None or not fleet.purge else None
            made = (_deletion(row, one, f"{_id(current)} is the fleet's on this interface") for row in extra)
            rows += [replace(row, kept_session_id=kept_session_id) for row in made]
        if reason is None:
            desired.append((one, current))
        elif mine:
            rows.append(replace(_removal(fleet, mine[0], one, reason), ineligible=excluded is None))
        else:
            rows.append(PlanEntry(one.id, "skip", reason, one, ineligible=excluded is None))
    known = {one.id: one for one in aws_state.interfaces}
    reason = "it is no longer selected" if fleet.present else "state is absent"
    for interface, mine in gone.items():
        rows += [replace(_removal(fleet, row, known.get(interface), reason), selected=False) for row in mine]
    seated = _plan_assignments(fleet, aws_state, desired, by_interface, rows)
    # What is adopted only after the removals, which may make the room for it, is not the fleet's when they are due.
    waiting = instead.intersection(row.interface_id for row in seated if row.after_deletions)
    rows = [replace(row, kept_session_id=None) if row.interface_id in waiting else row for row in rows] + seated
    for row in rows:
        there = by_interface.get(row.interface_id, [])
        mine = owned(fleet, there, aws_state.limits.foreign)
        row.others = tuple(_id(one) for one in there if one not in mine and one != row.plan.before)
    return sorted(rows, key=lambda row: (row.interface_id, row.session.get("session_number", 0)))


def _plan_assignments(
    fleet: Fleet,
    aws_state: AwsState,
    desired: list[tuple[Interface, ModuleParams | None]],
    by_interface: dict[str, list[ModuleParams]],
    removals: list[PlanEntry],
) -> list[PlanEntry]:
    """The rows of the interfaces that should have a session, given what the others remove."""
    now = Counter(row[TARGET.id_option] for row in aws_state.sessions)
    own = sum(1 for row in aws_state.sessions if row.get("owner_id") not in aws_state.limits.foreign)
    rows: list[PlanEntry] = []
    numbers: dict[str, int] = {}
    going = {_id(row.session) for row in removals if row.action == "delete"}
    left = {one.id: [row for row in by_interface.get(one.id, ()) if _id(row) not in going] for one, _current in desired}
    for one, current in desired:
        others_there = (row for row in left[one.id] if row is not current)
        number = fleet.session_numbers.choose(
            numbers_taken(others_there), current["session_number"] if current else None
        )
        if number is None:
            rows.append(
                _plan_unassigned(
                    fleet, one, current, f"other sessions have all of its session numbers {fleet.session_numbers}"
                )
            )
        else:
            numbers[one.id] = number
    desired = [(one, current) for one, current in desired if one.id in numbers]
    freed = [row.session for row in (*removals, *rows) if row.action == "delete"]
    kept = [current for _one, current in desired if current is not None]
    others = now - Counter(row[TARGET.id_option] for row in (*freed, *kept))
    seats = [Assignment(one.id, one.zone, current[TARGET.id_option] if current else None) for one, current in desired]
    placed = place(seats, aws_state.targets, others)
    created = 0
    for one, current in sorted(desired, key=lambda pair: pair[0].id):
        target = placed[one.id]
        if target is None:
            rows.append(_plan_unassigned(fleet, one, current, "no target has room for it"))
            continue
        if current is None and own - len(freed) + created >= SESSIONS_PER_ACCOUNT:
            reason = (
                f"TrafficMirrorSessionLimitExceeded: the account would have more than {SESSIONS_PER_ACCOUNT} sessions"
            )
            rows.append(_plan_unassigned(fleet, one, None, reason))
            continue
        row = _assign(fleet, aws_state, one, target, numbers[one.id], current, left[one.id])
        changes = row.changes or {}
        moves = row.action == "create" or TARGET.id_option in changes
        if moves:
            full = target.capacity is not None and now[str(target.id)] >= target.capacity
            row.after_deletions = full or (current is None and own + created >= SESSIONS_PER_ACCOUNT)
            now[str(target.id)] += 1
        if "session_number" in changes:
            row.after_deletions |= numbers[one.id] in numbers_taken(by_interface[one.id])
        created += row.action == "create"
        rows.append(row)
    return rows


def _assign(
    fleet: Fleet,
    aws_state: AwsState,
    one: Interface,
    target: Target,
    number: int,
    current: ModuleParams | None,
    there: list[ModuleParams],
) -> PlanEntry:
    """The row of one interface that should have a session with this target and number.

    current: its session, None if it has none. there: all sessions of the interface.
    """
    values = {
        **fleet.values,
        "network_interface_id": one.id,
        "session_number": number,
        FILTER.id_option: aws_state.filter_id,
        TARGET.id_option: target.id,
    }
    desired = DesiredState(SESSION, True, None, None, values, fleet.tags)
    made = session.plan(desired, session.CurrentState(current, tuple(there), target.type))
    if current is None:
        return PlanEntry(one.id, "create", "new match", one, made, target)
    if not made.actions:
        return PlanEntry(one.id, "unchanged", "its session is as it should be", one, made, target)
    adopted = FLEET not in current["tags"]
    changes = _changes(current, made.after or {})
    why = f"{_id(current)} is adopted" if adopted else f"its session differs in {', '.join(changes)}"
    return PlanEntry(one.id, "update", why, one, made, target, changes)


def owned(fleet: Fleet, sessions: Iterable[ModuleParams], foreign: frozenset[str]) -> list[ModuleParams]:
    """Those of the sessions that belong to the fleet, the one to keep first: two runs at once choose the same."""
    mine = [row for row in sessions if row["tags"].get(FLEET) == fleet.name and row.get("owner_id") not in foreign]
    return sorted(
        mine, key=lambda row: (row["session_number"] not in fleet.session_numbers, row["session_number"], _id(row))
    )


def replan(fleet: Fleet, aws_state: AwsState, row: PlanEntry, there: list[ModuleParams]) -> Plan:
    """The calls for one interface, given what a fresh look shows of it. Raises ConflictError if there is no place,
    DeletionSkipped if what was to be removed must not be."""
    if row.interface is None or row.target is None:
        return _replan_removal(fleet, aws_state, row, there)
    mine = owned(fleet, there, aws_state.limits.foreign)
    current = mine[0] if mine else _adoptable(fleet, there, aws_state)
    taken = numbers_taken(one for one in there if one is not current)
    number = fleet.session_numbers.choose(taken, current["session_number"] if current else None)
    if number is None:
        raise ConflictError(
            f"{row.interface_id}: other sessions now have all of its session numbers {fleet.session_numbers}."
        )
    return _assign(fleet, aws_state, row.interface, row.target, number, current, there).plan


def _replan_removal(fleet: Fleet, aws_state: AwsState, row: PlanEntry, there: list[ModuleParams]) -> Plan:
    found = next((one for one in there if _id(one) == _id(row.session)), None)
    if found is None:
        return replace(row.plan, actions=())
    if not owned(fleet, [found], aws_state.limits.foreign):
        raise DeletionSkipped("its session is not the fleet's any more")
    if row.kept_session_id is not None and session_to_keep(fleet, aws_state, row, there) is found:
        raise DeletionSkipped(f"{row.kept_session_id} is not the fleet's on this interface, so {_id(found)} stays")
    return row.plan


def session_to_keep(
    fleet: Fleet, aws_state: AwsState, row: PlanEntry, there: list[ModuleParams]
) -> ModuleParams | None:
    """The session of the fleet that stays where the row removes one that is too many, given what a fresh look shows of
    the interface: the one that was to stay, else the first; None if there is none."""
    mine = owned(fleet, there, aws_state.limits.foreign)
    return min(mine, key=lambda one: _id(one) != row.kept_session_id, default=None)


def find_duplicates(
    fleet: Fleet, aws_state: AwsState, interfaces: set[str], sessions: list[ModuleParams]
) -> list[PlanEntry]:
    """Rows that remove what another run of the same fleet made at the same time: all but one on each of the interfaces.

    sessions: all of them, as a look after this run's own shows them.
    """
    by_interface = grouped(one for one in sessions if one["network_interface_id"] in interfaces)
    return [
        _deletion(row, None, "another run of the fleet made it at the same time")
        for there in by_interface.values()
        for row in owned(fleet, there, aws_state.limits.foreign)[1:]
    ]


def _removal(fleet: Fleet, found: ModuleParams, one: Interface | None, reason: str) -> PlanEntry:
    """A session that the fleet has no use for any more goes, if the task allows it."""
    if not fleet.purge and fleet.present:
        return _kept(found, one, f"{reason}, but purge is false")
    return _deletion(found, one, reason)


def _deletion(found: ModuleParams, one: Interface | None, reason: str) -> PlanEntry:
    made = Plan((delete_action(SESSION, found, reason),), before=found)
    return PlanEntry(found["network_interface_id"], "delete", reason, one, made)


def _kept(found: ModuleParams, one: Interface | None, reason: str) -> PlanEntry:
    """A session that is left alone though the fleet has no use for it."""
    return PlanEntry(found["network_interface_id"], "skip", reason, one, Plan(before=found, after=found))


def _plan_unassigned(fleet: Fleet, one: Interface, current: ModuleParams | None, reason: str) -> PlanEntry:
    """No place for this interface: a session that it has must go, unless it is not the fleet's yet."""
    if current is None or FLEET not in current["tags"]:
        return PlanEntry(one.id, "skip", reason, one, unassigned=True)
    return replace(_removal(fleet, current, one, reason), unassigned=True)


def _adoptable(fleet: Fleet, sessions: list[ModuleParams], aws_state: AwsState) -> ModuleParams | None:
    """The session of nobody's fleet that is one of this fleet in all but the mark, if the task allows to take it."""
    if not fleet.adopt:
        return None
    targets = {target.id for target in aws_state.targets}
    fitting = [
        row
        for row in sessions
        if FLEET not in row["tags"]
        and row.get("owner_id") not in aws_state.limits.foreign
        and row[FILTER.id_option] == aws_state.filter_id
        and row[TARGET.id_option] in targets
    ]
    return min(fitting, key=lambda row: row["session_number"], default=None)


def _changes(before: ModuleParams, after: ModuleParams) -> dict[str, list[Any]]:
    return {key: [before.get(key), after[key]] for key in after if after[key] != before.get(key)}
