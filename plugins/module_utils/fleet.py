# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet: the sessions of many interfaces, kept in line with a selection. C(plan) says for each interface what to do
and why; what to do to one session is session.plan's business. Pure: nothing here calls anything.

A session belongs to a fleet if this account owns it and its tag C(FLEET) has the fleet's name. No other is touched.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.vtap.aws.plugins.module_utils import instance_types, resource, session
from ansible_collections.vtap.aws.plugins.module_utils import plan as planning
from ansible_collections.vtap.aws.plugins.module_utils.placement import Band, Seat, Target, numbers_taken, place
from ansible_collections.vtap.aws.plugins.module_utils.plan import Pending, Plan, Wanted
from ansible_collections.vtap.aws.plugins.module_utils.resource import (
    FILTER,
    SESSION,
    SESSIONS_PER_INTERFACE,
    TARGET,
    BadInput,
    Options,
    Refused,
)
from ansible_collections.vtap.aws.plugins.module_utils.selection import (
    Interface,
    Limits,
    Selector,
    check_types,
    check_zones,
    ineligible,
)
from ansible_collections.vtap.aws.plugins.module_utils.tags import FLEET, TagRules, check_name
from ansible_collections.vtap.aws.plugins.module_utils.words import quote

# Traffic Mirroring guide, quotas: sessions per account, not adjustable; sources of an interface target of most types.
SESSIONS_PER_ACCOUNT = 10000
SOURCES_PER_INTERFACE_TARGET = 10
# A message gives so many reasons at most.
REASONS = 3
ACTIONS = ("create", "change", "leave", "delete", "skip")
LIMITS = {"max_creates": "create", "max_changes": "change", "max_deletes": "delete"}


class Spared(Refused):
    """A session that was to be removed stays after all."""


@dataclass(frozen=True)
class Fleet:
    """What a task asks for.

    name: of the fleet. present: C(state). sources, exclude: see Selector. targets: what each entry says. values: the
    options of sessions that all have in common. tags: their tag rules, the mark among them. band: the session numbers.
    limits: as given, by option.
    """

    name: str
    present: bool
    sources: tuple[Selector, ...]
    exclude: tuple[Selector, ...]
    targets: tuple[Options, ...]
    values: Options
    tags: TagRules
    band: Band
    adopt: bool
    purge: bool
    instance_types: tuple[str, ...]
    limits: dict[str, tuple[int, bool]]

    @classmethod
    def from_options(cls, params: Options) -> Fleet:
        """Raises BadInput for options that cannot be right whatever EC2 holds."""
        name = params["name"]
        check_name("name", name)
        if params["traffic_mirror_filter_name"] is not None:
            check_name("traffic_mirror_filter_name", params["traffic_mirror_filter_name"])
        check_types("supported_instance_types", params["supported_instance_types"] or ())
        present = params["state"] == "present"
        if present:
            _check_needed(params)
        given = [one for one in SESSION.fields if params.get(one.option) is not None]
        return cls(
            name=name,
            present=present,
            sources=_selectors("sources", params),
            exclude=_selectors("exclude", params),
            targets=tuple(_target(f"targets[{at}]", given) for at, given in enumerate(params["targets"] or ())),
            values={one.option: one.parse(params[one.option]) for one in given},
            tags=replace(TagRules.from_options({**params, "name": None}), marks={FLEET: name}),
            band=Band.parse(params["session_numbers"]),
            adopt=params["adopt"],
            purge=params["purge"],
            instance_types=tuple(params["supported_instance_types"] or instance_types.SUPPORTED),
            limits={option: _limit(option, params[option]) for option in LIMITS if params[option] is not None},
        )


@dataclass(frozen=True)
class World:
    """What is there. interfaces: those the selection may mean. sessions: all that the account sees. targets: of the
    fleet. filter_id: of the fleet. limits: what EC2 mirrors. target_names: the Name tags of all targets, by id."""

    sessions: list[Options]
    interfaces: list[Interface]
    targets: tuple[Target, ...]
    filter_id: str | Pending | None
    limits: Limits
    target_names: dict[str, str] = field(default_factory=dict)


@dataclass
class Row:
    """One interface in the plan.

    action: one of ACTIONS. reason: why. interface: None if it does not show. plan: the calls. target: the session's,
    None where there is nothing to make. changes: option to [before, after]. late: whether it needs room or a number
    that a removal makes free. ineligible: whether EC2 could not mirror it. unseated: whether it could, but there is no
    place for it or nothing is left of what it had. others: the ids of the interface's sessions that are not the
    fleet's. selected: whether sources mean it. failed: whether EC2 did not let it pass. stays: the id of the session
    beside which this one, that goes, is one too many; None if it goes anyway.
    """

    interface_id: str
    action: str
    reason: str
    interface: Interface | None = None
    plan: Plan = field(default_factory=Plan)
    target: Target | None = None
    changes: dict[str, list[Any]] | None = None
    late: bool = False
    ineligible: bool = False
    unseated: bool = False
    others: tuple[str, ...] = ()
    selected: bool = True
    failed: bool = False
    stays: str | None = None

    @property
    def session(self) -> Options:
        """The session as it will be, as it is if it goes, empty if there is none."""
        return self.plan.after or self.plan.before or {}

    def describe(self) -> Options:
        """As results have it."""
        instance = self.interface.instance if self.interface else None
        known = {
            "instance_id": instance.id if instance else None,
            SESSION.id_option: self.session.get(SESSION.id_option),
            "session_number": self.session.get("session_number"),
            TARGET.id_option: self.session.get(TARGET.id_option),
            "changes": self.changes,
            "other_session_ids": list(self.others) or None,
        }
        return {
            "network_interface_id": self.interface_id,
            "action": self.action,
            "reason": self.reason,
            **{option: value for option, value in known.items() if value is not None},
        }


def plan(fleet: Fleet, world: World) -> list[Row]:
    """One row for each interface that is selected, excluded from the selection, or has a session of the fleet, sorted
    by interface. Several for an interface only if it has several sessions of the fleet, of which one stays."""
    by_interface = grouped(world.sessions)
    instead: set[str] = set()
    tried: set[str] = set()
    while True:
        rows = _plan(fleet, world, by_interface, instead)
        # Where the fleet's own session finds no place, one that may be adopted may have a place already. Where that one
        # has none either, the own session keeps to its plan.
        unseated = {row.interface_id: row for row in rows if row.unseated}
        placeless = {one for one, row in unseated.items() if row.plan.before is not None} - tried
        more = {one for one in placeless if _adoptable(fleet, by_interface[one], world) is not None}
        fewer = instead.intersection(unseated)
        if not more and not fewer:
            return rows
        instead = (instead | more) - fewer
        tried |= more


def _plan(fleet: Fleet, world: World, by_interface: dict[str, list[Options]], instead: set[str]) -> list[Row]:
    """instead: interfaces whose session of the fleet gives way to one that is adopted."""
    rows: list[Row] = []
    wanted: list[tuple[Interface, Options | None]] = []
    gone = {
        interface: mine
        for interface, there in by_interface.items()
        if (mine := owned(fleet, there, world.limits.foreign))
    }
    for one in world.interfaces:
        if one.id in gone and one.attached_to and one.instance is None:
            # EC2 is eventually consistent. What is not known of the instance must not end its mirroring.
            rows += [_kept(row, one, ineligible(one, world.limits) or "") for row in gone.pop(one.id)]
            continue
        if not any(selector.fits(one) for selector in fleet.sources):
            continue
        there = by_interface.get(one.id, [])
        mine = gone.pop(one.id, [])
        current, extra = (mine[0], mine[1:]) if mine else (None, [])
        if current is None or one.id in instead:
            current, extra = _adoptable(fleet, there, world), mine
        excluded = next((at for at, selector in enumerate(fleet.exclude) if selector.fits(one)), None)
        reason = ineligible(one, world.limits, mirrored=current is not None)
        if excluded is not None:
            reason = f"excluded by exclude[{excluded}]"
        others = [row for row in there if row is not current and row not in extra]
        if reason is None and current is None and len(others) >= SESSIONS_PER_INTERFACE:
            reason = f"it has {len(others)} sessions of others, and EC2 takes {SESSIONS_PER_INTERFACE}"
        if current is not None:
            # Of two sessions of one fleet on an interface one is too many, whatever purge says of others.
            stays = _id(current) if reason is None or not fleet.purge else None
            made = (_deletion(row, one, f"{_id(current)} is the fleet's on this interface") for row in extra)
            rows += [replace(row, stays=stays) for row in made]
        if reason is None:
            wanted.append((one, current))
        elif mine:
            rows.append(replace(_removal(fleet, mine[0], one, reason), ineligible=excluded is None))
        else:
            rows.append(Row(one.id, "skip", reason, one, ineligible=excluded is None))
    known = {one.id: one for one in world.interfaces}
    reason = "it is no longer selected" if fleet.present else "state is absent"
    for interface, mine in gone.items():
        rows += [replace(_removal(fleet, row, known.get(interface), reason), selected=False) for row in mine]
    seated = _seated(fleet, world, wanted, by_interface, rows)
    # What is adopted only after the removals, which may make the room for it, is not the fleet's when they are due.
    waiting = instead.intersection(row.interface_id for row in seated if row.late)
    rows = [replace(row, stays=None) if row.interface_id in waiting else row for row in rows] + seated
    for row in rows:
        there = by_interface.get(row.interface_id, [])
        mine = owned(fleet, there, world.limits.foreign)
        row.others = tuple(_id(one) for one in there if one not in mine and one != row.plan.before)
    return sorted(rows, key=lambda row: (row.interface_id, row.session.get("session_number", 0)))


def _seated(
    fleet: Fleet,
    world: World,
    wanted: list[tuple[Interface, Options | None]],
    by_interface: dict[str, list[Options]],
    removals: list[Row],
) -> list[Row]:
    """The rows of the interfaces that should have a session, given what the others remove."""
    now = Counter(row[TARGET.id_option] for row in world.sessions)
    own = sum(1 for row in world.sessions if row.get("owner_id") not in world.limits.foreign)
    rows: list[Row] = []
    numbers: dict[str, int] = {}
    going = {_id(row.session) for row in removals if row.action == "delete"}
    left = {one.id: [row for row in by_interface.get(one.id, ()) if _id(row) not in going] for one, _current in wanted}
    for one, current in wanted:
        others_there = (row for row in left[one.id] if row is not current)
        number = fleet.band.choose(numbers_taken(others_there), current["session_number"] if current else None)
        if number is None:
            rows.append(_unseated(fleet, one, current, f"other sessions have all of its session numbers {fleet.band}"))
        else:
            numbers[one.id] = number
    wanted = [(one, current) for one, current in wanted if one.id in numbers]
    freed = [row.session for row in (*removals, *rows) if row.action == "delete"]
    staying = [current for _one, current in wanted if current is not None]
    others = now - Counter(row[TARGET.id_option] for row in (*freed, *staying))
    seats = [Seat(one.id, one.zone, current[TARGET.id_option] if current else None) for one, current in wanted]
    placed = place(seats, world.targets, others)
    created = 0
    for one, current in sorted(wanted, key=lambda pair: pair[0].id):
        target = placed[one.id]
        if target is None:
            rows.append(_unseated(fleet, one, current, "no target has room for it"))
            continue
        if current is None and own - len(freed) + created >= SESSIONS_PER_ACCOUNT:
            reason = (
                f"TrafficMirrorSessionLimitExceeded: the account would have more than {SESSIONS_PER_ACCOUNT} sessions"
            )
            rows.append(_unseated(fleet, one, None, reason))
            continue
        row = _seat(fleet, world, one, target, numbers[one.id], current, left[one.id])
        changes = row.changes or {}
        moves = row.action == "create" or TARGET.id_option in changes
        if moves:
            full = target.capacity is not None and now[str(target.id)] >= target.capacity
            row.late = full or (current is None and own + created >= SESSIONS_PER_ACCOUNT)
            now[str(target.id)] += 1
        if "session_number" in changes:
            row.late |= numbers[one.id] in numbers_taken(by_interface[one.id])
        created += row.action == "create"
        rows.append(row)
    return rows


def _seat(
    fleet: Fleet,
    world: World,
    one: Interface,
    target: Target,
    number: int,
    current: Options | None,
    there: list[Options],
) -> Row:
    """The row of one interface that should have a session with this target and number.

    current: its session, None if it has none. there: all sessions of the interface.
    """
    values = {
        **fleet.values,
        "network_interface_id": one.id,
        "session_number": number,
        FILTER.id_option: world.filter_id,
        TARGET.id_option: target.id,
    }
    wanted = Wanted(SESSION, True, None, None, values, fleet.tags)
    made = session.plan(wanted, session.Found(current, tuple(there), target.type))
    if current is None:
        return Row(one.id, "create", "new match", one, made, target)
    if not made.actions:
        return Row(one.id, "leave", "its session is as it should be", one, made, target)
    adopted = FLEET not in current["tags"]
    changes = _changes(current, made.after or {})
    why = f"{_id(current)} is adopted" if adopted else f"its session differs in {', '.join(changes)}"
    return Row(one.id, "change", why, one, made, target, changes)


def owned(fleet: Fleet, sessions: Iterable[Options], foreign: frozenset[str]) -> list[Options]:
    """Those of the sessions that belong to the fleet, the one to keep first: two runs at once choose the same."""
    mine = [row for row in sessions if row["tags"].get(FLEET) == fleet.name and row.get("owner_id") not in foreign]
    return sorted(mine, key=lambda row: (row["session_number"] not in fleet.band, row["session_number"], _id(row)))


def replan(fleet: Fleet, world: World, row: Row, there: list[Options]) -> Plan:
    """The calls for one interface, given what a fresh look shows of it. Raises Refused if there is no place, Spared if
    what was to be removed must not be."""
    if row.interface is None or row.target is None:
        return _replan_removal(fleet, world, row, there)
    mine = owned(fleet, there, world.limits.foreign)
    current = mine[0] if mine else _adoptable(fleet, there, world)
    taken = numbers_taken(one for one in there if one is not current)
    number = fleet.band.choose(taken, current["session_number"] if current else None)
    if number is None:
        raise Refused(f"{row.interface_id}: other sessions now have all of its session numbers {fleet.band}.")
    return _seat(fleet, world, row.interface, row.target, number, current, there).plan


def _replan_removal(fleet: Fleet, world: World, row: Row, there: list[Options]) -> Plan:
    found = next((one for one in there if _id(one) == _id(row.session)), None)
    if found is None:
        return replace(row.plan, actions=())
    if not owned(fleet, [found], world.limits.foreign):
        raise Spared("its session is not the fleet's any more")
    if row.stays is not None and staying(fleet, world, row, there) is found:
        raise Spared(f"{row.stays} is not the fleet's on this interface, so {_id(found)} stays")
    return row.plan


def staying(fleet: Fleet, world: World, row: Row, there: list[Options]) -> Options | None:
    """The session of the fleet that stays where the row removes one that is too many, given what a fresh look shows of
    the interface: the one that was to stay, else the first; None if there is none."""
    mine = owned(fleet, there, world.limits.foreign)
    return min(mine, key=lambda one: _id(one) != row.stays, default=None)


def doubles(fleet: Fleet, world: World, interfaces: set[str], sessions: list[Options]) -> list[Row]:
    """Rows that remove what another run of the same fleet made at the same time: all but one on each of the interfaces.

    sessions: all of them, as a look after this run's own shows them.
    """
    by_interface = grouped(one for one in sessions if one["network_interface_id"] in interfaces)
    return [
        _deletion(row, None, "another run of the fleet made it at the same time")
        for there in by_interface.values()
        for row in owned(fleet, there, world.limits.foreign)[1:]
    ]


def summary(rows: Iterable[Row]) -> dict[str, int]:
    """How many rows have each action."""
    counts = Counter(row.action for row in rows)
    return {action: counts[action] for action in ACTIONS}


def check_limits(fleet: Fleet, rows: list[Row]) -> None:
    """Raise Refused if the plan does more than the task allows, or would empty the fleet by an empty selection."""
    counts, had = summary(rows), sum(1 for row in rows if row.plan.before is not None)
    selected = sum(1 for row in rows if row.selected)
    if fleet.present and counts["delete"] and counts["delete"] == had and not counts["create"]:
        raise Refused(
            f"Nothing is left of what sources select, while the fleet has {had} sessions; nothing was changed. They "
            f"would go for: {_why(rows, 'delete')}. Correct the task, or say state: absent to remove the fleet."
        )
    for option, action in LIMITS.items():
        if option not in fleet.limits:
            continue
        number, percent = fleet.limits[option]
        whole = selected if action == "create" else had
        most = whole * number // 100 if percent else number
        if counts[action] > most:
            of = f"{number}% of {whole} = {most}" if percent else str(most)
            raise Refused(
                f"The plan has {counts[action]} interfaces to {action}, and {option} allows {of}; nothing was changed. "
                f"Why: {_why(rows, action)}. Raise {option}, or correct the task."
            )


def _removal(fleet: Fleet, found: Options, one: Interface | None, reason: str) -> Row:
    """A session that the fleet has no use for any more goes, if the task allows it."""
    if not fleet.purge and fleet.present:
        return _kept(found, one, f"{reason}, but purge is false")
    return _deletion(found, one, reason)


def _deletion(found: Options, one: Interface | None, reason: str) -> Row:
    made = Plan((planning.delete(SESSION, found, reason),), before=found)
    return Row(found["network_interface_id"], "delete", reason, one, made)


def _kept(found: Options, one: Interface | None, reason: str) -> Row:
    """A session that is left alone though the fleet has no use for it."""
    return Row(found["network_interface_id"], "skip", reason, one, Plan(before=found, after=found))


def _unseated(fleet: Fleet, one: Interface, current: Options | None, reason: str) -> Row:
    """No place for this interface: a session that it has must go, unless it is not the fleet's yet."""
    if current is None or FLEET not in current["tags"]:
        return Row(one.id, "skip", reason, one, unseated=True)
    return replace(_removal(fleet, current, one, reason), unseated=True)


def _adoptable(fleet: Fleet, sessions: list[Options], world: World) -> Options | None:
    """The session of nobody's fleet that is one of this fleet in all but the mark, if the task allows to take it."""
    if not fleet.adopt:
        return None
    targets = {target.id for target in world.targets}
    fitting = [
        row
        for row in sessions
        if FLEET not in row["tags"]
        and row.get("owner_id") not in world.limits.foreign
        and row[FILTER.id_option] == world.filter_id
        and row[TARGET.id_option] in targets
    ]
    return min(fitting, key=lambda row: row["session_number"], default=None)


def _changes(before: Options, after: Options) -> dict[str, list[Any]]:
    return {key: [before.get(key), after[key]] for key in after if after[key] != before.get(key)}


def _check_needed(params: Options) -> None:
    missing = [option for option in ("sources", "targets") if not params[option]]
    if params[FILTER.id_option] is None and params["traffic_mirror_filter_name"] is None:
        missing.append("traffic_mirror_filter_id or traffic_mirror_filter_name")
    if missing:
        raise BadInput(f"state: present needs {', '.join(missing)}.")


def _selectors(option: str, params: Options) -> tuple[Selector, ...]:
    given = params[option] or ()
    return tuple(Selector.from_options(f"{option}[{at}]", one, option == "exclude") for at, one in enumerate(given))


def _target(label: str, given: Options) -> Options:
    wanted, name = given.get(TARGET.id_option), given.get("traffic_mirror_target_name")
    if (wanted is None) == (name is None):
        raise BadInput(f"{label} must have one of traffic_mirror_target_id and traffic_mirror_target_name.")
    if wanted is not None:
        resource.check_id(f"{label}: {TARGET.id_option}", wanted, TARGET.prefix)
    if name is not None:
        check_name(f"{label}: traffic_mirror_target_name", name)
    check_zones(f"{label}: availability_zones", given.get("availability_zones") or ())
    if given.get("capacity") is not None:
        resource.check_number(f"{label}: capacity", given["capacity"], 1)
    return given


def _limit(option: str, text: str) -> tuple[int, bool]:
    """The number and whether it is a percentage."""
    found = re.fullmatch(r"\s*([0-9]{1,9})(%?)\s*", text)
    number, percent = (int(found[1]), bool(found[2])) if found else (101, True)
    if percent and number > 100:
        raise BadInput(f"{option} must be a number, 0 to 999999999, or a percentage, 0% to 100%, not {quote(text)}.")
    return number, percent


def _why(rows: list[Row], action: str) -> str:
    """The most frequent reasons of this action, each with an example."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.action == action:
            by_reason[row.reason].append(row.interface_id)
    frequent = sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
    more = [f"and {len(frequent) - REASONS} other reasons"] if len(frequent) > REASONS else []
    return "; ".join(
        [f"{len(ids)} x {reason} ({ids[0]}{', ...' if ids[1:] else ''})" for reason, ids in frequent[:REASONS]] + more
    )


def grouped(sessions: Iterable[Options]) -> dict[str, list[Options]]:
    """The sessions by interface."""
    found: dict[str, list[Options]] = defaultdict(list)
    for row in sessions:
        found[row["network_interface_id"]].append(row)
    return found


def _id(row: Options) -> str:
    return str(row[SESSION.id_option])
