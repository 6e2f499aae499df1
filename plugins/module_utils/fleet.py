# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet: the sessions of many interfaces, kept in line with a selection. C(look_up) reads all it takes, in whole
pages; C(plan) is pure and says for each interface what to do and why. What to do to one session is session.plan's
business.

A session belongs to a fleet if this account owns it and its tag C(FLEET) has the fleet's name. No other is touched.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.vtap.aws.plugins.module_utils import instance_types, resource, session
from ansible_collections.vtap.aws.plugins.module_utils import plan as planning
from ansible_collections.vtap.aws.plugins.module_utils.ec2 import VALUES_PER_REQUEST, Ec2
from ansible_collections.vtap.aws.plugins.module_utils.lookup import id_of
from ansible_collections.vtap.aws.plugins.module_utils.placement import Band, Seat, Target, numbers_taken, place
from ansible_collections.vtap.aws.plugins.module_utils.plan import Pending, Plan, Wanted
from ansible_collections.vtap.aws.plugins.module_utils.resource import (
    ENI,
    FILTER,
    SESSION,
    SESSIONS_PER_INTERFACE,
    TARGET,
    BadInput,
    NotThere,
    Options,
    Refused,
)
from ansible_collections.vtap.aws.plugins.module_utils.selection import (
    Instance,
    Interface,
    Limits,
    Selector,
    ineligible,
    server_side,
)
from ansible_collections.vtap.aws.plugins.module_utils.tags import FLEET, VALUE_LENGTH, TagRules

# Traffic Mirroring guide, quotas: sessions per account, not adjustable; sources of an interface target of most types.
SESSIONS_PER_ACCOUNT = 10000
SOURCES_PER_INTERFACE_TARGET = 10
ACTIONS = ("create", "change", "leave", "delete", "skip")
LIMITS = {"max_creates": "create", "max_changes": "change", "max_deletes": "delete"}


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
        if not 1 <= len(name) <= VALUE_LENGTH:
            raise BadInput(f"name must have 1 to {VALUE_LENGTH} characters, not {len(name)}.")
        present = params["state"] == "present"
        if present:
            _check_needed(params)
        given = [one for one in SESSION.fields if params.get(one.option) is not None]
        return cls(
            name=name,
            present=present,
            sources=_selectors("sources", params, ("running",)),
            exclude=_selectors("exclude", params, None),
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
    fleet. filter_id: of the fleet. limits: what EC2 mirrors. foreign: accounts that are not the caller's."""

    sessions: list[Options]
    interfaces: list[Interface]
    targets: tuple[Target, ...]
    filter_id: str | Pending | None
    limits: Limits


@dataclass
class Row:
    """One interface in the plan.

    action: one of ACTIONS. reason: why. interface: None if it is not selected. plan: the calls. target: the session's,
    None where there is nothing to make. changes: option to [before, after]. late: whether it needs room that a removal
    makes. ineligible: whether EC2 could not mirror it. unseated: whether it could, but there is no place for it.
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
        }
        return {
            "network_interface_id": self.interface_id,
            "action": self.action,
            "reason": self.reason,
            **{option: value for option, value in known.items() if value is not None},
        }


def look_up(fleet: Fleet, params: Options, ec2: Ec2, predict: bool) -> World:
    """Read everything, in whole pages. params: the task's options. Raises Refused, Ec2Error."""
    sessions = ec2.describe(SESSION)
    if not fleet.present:
        foreign = _foreign((row.get("owner_id") for row in sessions), ec2)
        return World(sessions, [], (), None, Limits((), frozenset(), foreign))
    known = ec2.describe(TARGET)
    filter_id = fleet.values.get(FILTER.id_option)
    if filter_id is None:
        filter_id = id_of(FILTER, "traffic_mirror_filter_name", params["traffic_mirror_filter_name"], ec2, predict)
    elif predict and not ec2.describe(FILTER, ids=(filter_id,)):
        raise session.missing(FILTER, filter_id)
    filters = server_side(fleet.sources, VALUES_PER_REQUEST)
    # An instance can have interfaces in other subnets and VPCs than its own, but not in another zone.
    by_zone = {name: values for name, values in filters.items() if name == "availability-zone"}
    instances = {
        row["InstanceId"]: Instance.read(row)
        for page in ec2.pages("DescribeInstances", by_zone)
        for reservation in page["Reservations"]
        for row in reservation["Instances"]
    }
    interfaces = [
        Interface.read(row, instances)
        for page in ec2.pages("DescribeNetworkInterfaces", filters)
        for row in page["NetworkInterfaces"]
    ]
    foreign = _foreign([*(row.get("owner_id") for row in sessions), *(one.owner_id for one in interfaces)], ec2)
    in_targets = frozenset(row["network_interface_id"] for row in known if "network_interface_id" in row)
    zones = _zones(fleet, known, interfaces, ec2)
    targets = tuple(_resolve(at, given, known, zones, predict) for at, given in enumerate(fleet.targets))
    if len({target.id for target in targets}) < len(targets):
        raise Refused("targets: two entries are the same target; remove one.")
    for target in targets:
        session.check_length(fleet.values.get("packet_length"), target.type)
    return World(sessions, interfaces, targets, filter_id, Limits(fleet.instance_types, in_targets, foreign))


def plan(fleet: Fleet, world: World) -> list[Row]:
    """One row for each interface that is selected, excluded from the selection, or has a session of the fleet, sorted
    by interface. Several for an interface only if it has several sessions of the fleet, of which one stays."""
    by_interface: dict[str, list[Options]] = defaultdict(list)
    for found in world.sessions:
        by_interface[found["network_interface_id"]].append(found)
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
        current, extra = (mine[0], mine[1:]) if mine else (_adoptable(fleet, there, world), [])
        rows += [_removal(fleet, row, one, f"the fleet has {_id(mine[0])} on the interface already") for row in extra]
        excluded = next((at for at, selector in enumerate(fleet.exclude) if selector.fits(one)), None)
        reason = f"exclude[{excluded}] leaves it out" if excluded is not None else ineligible(one, world.limits)
        others = [row for row in there if row is not current and row not in extra]
        if reason is None and current is None and len(others) >= SESSIONS_PER_INTERFACE:
            reason = f"it has {len(others)} sessions of others, and EC2 takes {SESSIONS_PER_INTERFACE}"
        if reason is None:
            wanted.append((one, current))
        elif mine:
            rows.append(replace(_removal(fleet, mine[0], one, reason), ineligible=excluded is None))
        else:
            rows.append(Row(one.id, "skip", reason, one, ineligible=excluded is None))
    for mine in gone.values():
        reason = "it is no longer selected" if fleet.present else "state is absent"
        rows += [_removal(fleet, row, None, reason) for row in mine]
    rows += _seated(fleet, world, wanted, by_interface, rows)
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
    for one, current in wanted:
        others_there = (row for row in by_interface.get(one.id, ()) if row is not current)
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
        row = _seat(fleet, world, one, target, numbers[one.id], current, by_interface.get(one.id, []))
        moves = row.action == "create" or (row.changes or {}).get(TARGET.id_option) is not None
        if moves:
            full = target.capacity is not None and now[str(target.id)] >= target.capacity
            row.late = full or (current is None and own + created >= SESSIONS_PER_ACCOUNT)
            now[str(target.id)] += 1
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
        return Row(one.id, "create", "it is selected and has no session of the fleet", one, made, target)
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


def replanned(fleet: Fleet, world: World, row: Row, ec2: Ec2) -> Plan:
    """The calls for one interface after a fresh look at its sessions. Raises Refused if there is no place for it."""
    if row.interface is None or row.target is None:
        return row.plan
    there = ec2.describe(SESSION, filters={"network-interface-id": [row.interface_id]})
    mine = owned(fleet, there, world.limits.foreign)
    current = mine[0] if mine else _adoptable(fleet, there, world)
    taken = numbers_taken(one for one in there if one is not current)
    number = fleet.band.choose(taken, current["session_number"] if current else None)
    if number is None:
        raise Refused(f"{row.interface_id}: other sessions now have all of its session numbers {fleet.band}.")
    return _seat(fleet, world, row.interface, row.target, number, current, there).plan


def doubles(fleet: Fleet, world: World, interfaces: set[str], ec2: Ec2) -> list[Row]:
    """Rows that remove what another run of the same fleet made at the same time: all but one on each interface."""
    by_interface: dict[str, list[Options]] = defaultdict(list)
    for one in ec2.describe(SESSION):
        if one["network_interface_id"] in interfaces:
            by_interface[one["network_interface_id"]].append(one)
    return [
        _removal(fleet, row, None, "another run of the fleet made it at the same time")
        for there in by_interface.values()
        for row in owned(fleet, there, world.limits.foreign)[1:]
    ]


def check_limits(fleet: Fleet, rows: list[Row]) -> None:
    """Raise Refused if the plan does more than the task allows, or would empty the fleet by an empty selection."""
    counts, had = summary(rows), sum(1 for row in rows if row.plan.before is not None)
    selected = sum(1 for row in rows if row.interface is not None)
    if fleet.present and fleet.purge and counts["delete"] and not selected:
        raise Refused(
            f"sources select no interface, while the fleet has {had} sessions; nothing was changed. Correct sources, "
            "or say state: absent to remove the fleet."
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
                f"Look at the plan in the result, then raise {option} or correct sources."
            )


def summary(rows: Iterable[Row]) -> dict[str, int]:
    """How many rows have each action."""
    counts = Counter(row.action for row in rows)
    return {action: counts[action] for action in ACTIONS}


def coverage(rows: list[Row]) -> Options:
    """What of the selection is mirrored, once the plan is through."""
    mirrored = sum(1 for row in rows if row.action in ("create", "change", "leave"))
    blind = sorted(row.interface_id for row in rows if row.unseated)
    return {
        "selected": len({row.interface_id for row in rows if row.interface is not None}),
        "eligible": mirrored + len(blind),
        "mirrored": mirrored,
        "unmirrored": blind,
    }


def table(rows: list[Row], most: int) -> str:
    """The plan for people: a line for each row that changes something, then counts. most: lines for each action."""
    lines = []
    for action in ("create", "change", "delete"):
        chosen = [row for row in rows if row.action == action]
        lines += [_line(row) for row in chosen[:most]]
        lines += [f"{action:<7} ... and {len(chosen) - most} more"] if len(chosen) > most else []
    reasons = Counter((row.action, row.reason) for row in rows if row.action == "skip")
    lines += [f"{action:<7} {count} x {reason}" for (action, reason), count in sorted(reasons.items())]
    counts = summary(rows)
    return "\n".join([*lines, ", ".join(f"{counts[action]} {action}" for action in ACTIONS), ""])


def vni_map(sessions: Iterable[tuple[Row, Options]]) -> list[Options]:
    """For the sensor: which interface and instance each virtual network id is."""
    return [
        {
            "virtual_network_id": found["virtual_network_id"],
            "network_interface_id": row.interface_id,
            **({"instance_id": row.interface.instance.id} if row.interface and row.interface.instance else {}),
            TARGET.id_option: found[TARGET.id_option],
        }
        for row, found in sessions
        if "virtual_network_id" in found and TARGET.id_option in found
    ]


def _line(row: Row) -> str:
    found, instance = row.session, row.interface.instance if row.interface else None
    where = f"number {found.get('session_number')} to {found.get(TARGET.id_option, 'a target not made yet')}"
    return f"{row.action:<7} {row.interface_id} {instance.id if instance else '-'} {where}: {row.reason}"


def _removal(fleet: Fleet, found: Options, one: Interface | None, reason: str) -> Row:
    if not fleet.purge and fleet.present:
        return _kept(found, one, f"{reason}, but purge is false")
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


def _resolve(at: int, given: Options, known: list[Options], zones: dict[str, set[str]], predict: bool) -> Target:
    """The target that an entry means."""
    label, wanted, name = f"targets[{at}]", given.get(TARGET.id_option), given.get("traffic_mirror_target_name")
    rows = [row for row in known if (row[TARGET.id_option] == wanted if wanted else row["tags"].get("Name") == name)]
    if len(rows) > 1:
        raise Refused(f"{label}: {len(rows)} targets have the name {name}; give traffic_mirror_target_id.")
    if not rows:
        if predict and name:
            return Target(Pending(name), None, given.get("capacity"), frozenset(given.get("availability_zones") or ()))
        raise NotThere(f"{label}: there is no target {wanted or f'named {name}'} in this account and region.")
    row = rows[0]
    default = SOURCES_PER_INTERFACE_TARGET if row["type"] == ENI else None
    capacity = default if given.get("capacity") is None else given["capacity"]
    where = frozenset(given.get("availability_zones") or zones.get(row[TARGET.id_option], set()))
    return Target(row[TARGET.id_option], row["type"], capacity, where)


def _zones(fleet: Fleet, known: list[Options], interfaces: list[Interface], ec2: Ec2) -> dict[str, set[str]]:
    """The zones of the fleet's interface targets, by target id. They matter only where there is a choice."""
    if len(fleet.targets) < 2:
        return {}
    names = {given.get("traffic_mirror_target_name") for given in fleet.targets if not given.get("availability_zones")}
    ids = {given.get(TARGET.id_option) for given in fleet.targets if not given.get("availability_zones")}
    meant = {
        row["network_interface_id"]: row[TARGET.id_option]
        for row in known
        if "network_interface_id" in row and (row[TARGET.id_option] in ids or row["tags"].get("Name") in names)
    }
    zones = {meant[one.id]: {one.zone} for one in interfaces if one.id in meant}
    unread = sorted(interface for interface, target in meant.items() if target not in zones)
    if unread:
        for page in ec2.pages("DescribeNetworkInterfaces", {"network-interface-id": unread[:VALUES_PER_REQUEST]}):
            for row in page["NetworkInterfaces"]:
                zones[meant[row["NetworkInterfaceId"]]] = {row["AvailabilityZone"]}
    return zones


def _foreign(owners: Iterable[str | None], ec2: Ec2) -> frozenset[str]:
    return frozenset(owner for owner in set(owners) if owner and ec2.is_foreign(owner))


def _check_needed(params: Options) -> None:
    missing = [option for option in ("sources", "targets") if not params[option]]
    if params[FILTER.id_option] is None and params["traffic_mirror_filter_name"] is None:
        missing.append("traffic_mirror_filter_id or traffic_mirror_filter_name")
    if missing:
        raise BadInput(f"state: present needs {', '.join(missing)}.")


def _selectors(option: str, params: Options, states: tuple[str, ...] | None) -> tuple[Selector, ...]:
    given = params[option] or ()
    return tuple(Selector.from_options(f"{option}[{at}]", one, states) for at, one in enumerate(given))


def _target(label: str, given: Options) -> Options:
    wanted, name = given.get(TARGET.id_option), given.get("traffic_mirror_target_name")
    if (wanted is None) == (name is None):
        raise BadInput(f"{label} must have one of traffic_mirror_target_id and traffic_mirror_target_name.")
    if wanted is not None:
        resource.check_id(f"{label}: {TARGET.id_option}", wanted, TARGET.prefix)
    if given.get("capacity") is not None and given["capacity"] < 1:
        raise BadInput(f"{label}: capacity must be 1 or more, not {given['capacity']}.")
    return given


def _limit(option: str, text: str) -> tuple[int, bool]:
    """The number and whether it is a percentage."""
    digits, percent = text.strip().removesuffix("%"), text.strip().endswith("%")
    if not digits.isdecimal() or (percent and int(digits) > 100):
        raise BadInput(f"{option} must be a number, 0 or more, or a percentage, 0% to 100%, not {text!r}.")
    return int(digits), percent


def _id(row: Options) -> str:
    return str(row[SESSION.id_option])
