# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only mirror targets have: one destination out of three kinds, and nothing but tags that EC2 could change.
C(look_up) reads what C(plan) must know; C(plan) is pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Callable

from ansible_collections.vtap.aws.plugins.module_utils import lookup
from ansible_collections.vtap.aws.plugins.module_utils import plan as planning
from ansible_collections.vtap.aws.plugins.module_utils.lookup import Reader
from ansible_collections.vtap.aws.plugins.module_utils.plan import Made, Plan, Wanted
from ansible_collections.vtap.aws.plugins.module_utils.resource import (
    ENI,
    GWLBE,
    NLB,
    NLB_PACKET_LENGTH,
    SESSION,
    TARGET,
    BadInput,
    NotThere,
    Options,
    Refused,
)
from ansible_collections.vtap.aws.plugins.module_utils.words import quote, short

TYPES = {
    "network_interface_id": ENI,
    "network_load_balancer_arn": NLB,
    "gateway_load_balancer_endpoint_id": GWLBE,
}


@dataclass(frozen=True)
class Found:
    """What is known when the plan is made.

    current: the target meant, None if there is none. replaced: the one of the task's id or name that has another
    destination, where it may be replaced by the current one or by one to be made. users: the sessions of the one that
    is to go.
    """

    current: Options | None = None
    replaced: Options | None = None
    users: tuple[Options, ...] = ()


def check(wanted: Wanted) -> None:
    """Raise BadInput unless the task says which target it means, and no other type than that of the destination."""
    destination = _destination(wanted)
    if wanted.id is None and wanted.name is None and not destination:
        raise BadInput(f"Say which target: {TARGET.id_option}, {', '.join(TYPES)}, or name.")
    for option in destination:
        if wanted.values.get("type", TYPES[option]) != TYPES[option]:
            raise BadInput(
                f"type of a target with {option} is {TYPES[option]}, not {short(wanted.values['type'])}; "
                "it cannot be set."
            )


def make_plan(params: Options) -> Callable[[Wanted, Reader, bool], Plan]:
    """For module.run: look and plan."""

    def look_and_plan(wanted: Wanted, reader: Reader, _predict: bool) -> Plan:
        found = look_up(wanted, reader)
        if found.replaced is not None:
            planning.check_owner(TARGET, found.replaced, reader.is_foreign)
        made = plan(wanted, found)
        planning.check_own(TARGET, made, reader.is_foreign)
        lookup.check_unused(TARGET, made, found.users, params)
        return made

    return look_and_plan


def look_up(wanted: Wanted, reader: Reader) -> Found:
    """Read what the plan must know, in one Describe unless the task leaves no other way. Raises Refused, Ec2Error."""
    rows, destination = _rows(wanted, reader), _destination(wanted)
    current, replaced = None, None
    if wanted.present and wanted.allow_replacement and wanted.name and destination:
        current = planning.find(replace(wanted, id=None), [row for row in rows if planning.has(row, destination)])
        others = [row for row in rows if current is None or row[TARGET.id_option] != current[TARGET.id_option]]
        by_id = any(row[TARGET.id_option] == wanted.id for row in others)  # if not, it was replaced or is the current
        replaced = planning.find(replace(wanted, id=wanted.id if by_id else None, values={}), others)
        if current is not None and replaced is not None and wanted.id == current[TARGET.id_option]:
            raise Refused(
                f"The name is that of {TARGET.label(replaced)}, the id is that of {TARGET.label(current)}. "
                "Correct the options, or rename or remove one of them first."
            )
    else:
        current = planning.find(wanted, rows)
    leaving = replaced if wanted.present else current
    return Found(current, replaced, tuple(lookup.users(TARGET, leaving, reader)) if leaving else ())


def plan(wanted: Wanted, found: Found) -> Plan:
    """The calls that make the target what the task wants. Raises BadInput, Refused."""
    current = found.current
    if not wanted.present:
        return planning.absent(wanted, current)
    if found.replaced is not None:
        return _plan_replace(wanted, found, found.replaced)
    if current is None:
        return _plan_create(wanted, wanted.values, "it does not exist")
    planning.check_read_only(wanted, current)
    _check_fixed(wanted, current)
    tags = wanted.tags.change(current["tags"])
    return Plan(tuple(planning.retag(TARGET, current, tags)), before=current, after={**current, "tags": tags.result})


def count_sessions(params: Options, rows: list[Options], reader: Reader) -> list[Options]:
    """For module.run_info: the targets with how many sessions use each, if the task asks for that.

    One Describe of all sessions, however many targets there are.
    """
    if not params["session_count"] or not rows:
        return rows
    used = Counter(session["traffic_mirror_target_id"] for session in reader.describe(SESSION))
    return [{**row, "session_count": used[row[TARGET.id_option]]} for row in rows]


def _plan_create(wanted: Wanted, values: Options, reason: str) -> Plan:
    if wanted.id is not None:
        raise NotThere(
            f"There is no target {wanted.id} in this account and region, and none is shared with it. EC2 chooses the "
            f"ids of new targets: to create one, leave {TARGET.id_option} out."
        )
    destinations = [option for option in TYPES if option in values]
    if not destinations:
        raise BadInput(f"No such target exists, and to create one the task lacks one of: {', '.join(TYPES)}.")
    type_ = TYPES[destinations[0]]
    values = {option: value for option, value in values.items() if option in TARGET.fixed}
    tags = wanted.tags.change({})
    after = {"description": "", **values, "type": type_, "tags": tags.result}
    return Plan((planning.create(TARGET, values, tags, reason),), after=after)


def _plan_replace(wanted: Wanted, found: Found, old: Options) -> Plan:
    """Another destination: its target is made, or taken if it is there, the sessions move, the old one goes."""
    _check_movable(wanted, found, old)
    new_id: str | Made
    if found.current is None:
        carrying = replace(wanted, id=None, tags=wanted.tags.carried(old["tags"]))
        values = {"description": old["description"], **wanted.values}
        made = _plan_create(carrying, values, f"it replaces {TARGET.label(old)}, whose destination cannot change")
        new_id, after = Made(TARGET), {**(made.after or {}), "owner_id": old["owner_id"]}
    else:
        made = plan(wanted, replace(found, replaced=None))  # what is taken keeps the tags that it has
        new_id, after = found.current[TARGET.id_option], made.after or {}
    reason = f"the target of {' '.join(next(iter(_destination(wanted).items())))} takes its place"
    actions = (*made.actions, *planning.move(TARGET, found.users, new_id), planning.delete(TARGET, old, reason))
    return Plan(actions, before=old, after=after, replaces=True)


def _check_movable(wanted: Wanted, found: Found, old: Options) -> None:
    """Raise Refused if not all sessions of the old target can be given the new one."""
    new = found.current
    if new is not None and new.get("owner_id") != old.get("owner_id"):
        raise Refused(
            f"{TARGET.label(new)} belongs to another account and cannot take the name and place of "
            f"{TARGET.label(old)}. Give its id to the sessions instead."
        )
    foreign = [row for row in found.users if row.get("owner_id") != old.get("owner_id")]
    if foreign:
        raise Refused(
            f"{TARGET.label(old)} cannot be replaced: sessions of other accounts use it, and only their owners can "
            f"move them: {lookup.listing(SESSION, foreign)}."
        )
    long = [row for row in found.users if row["packet_length"] > NLB_PACKET_LENGTH]
    if long and "network_load_balancer_arn" in wanted.values:
        raise Refused(
            f"{TARGET.label(old)} cannot be replaced by a Network Load Balancer, which takes a packet_length of 1 to "
            f"{NLB_PACKET_LENGTH}; these sessions have more: {lookup.listing(SESSION, long)}."
        )


def _check_fixed(wanted: Wanted, current: Options) -> None:
    """Raise Refused if the task wants of this target what EC2 cannot change."""
    label, changed = TARGET.label(current), planning.differences(TARGET, current, wanted.values)
    moved = [option for option in TYPES if option in changed]
    if moved:
        raise Refused(
            f"{label} cannot get another destination, {changed[moved[0]]}: EC2 cannot change a target. To have the "
            "target of that destination made or taken, the sessions moved there and this one removed, give name and "
            "allow_replacement: true."
        )
    if changed:
        raise Refused(
            f"description of {label} is {quote(current['description'])} and EC2 cannot change it to "
            f"{quote(changed['description'])}. A destination has only one target, so a new one cannot be made "
            "beside it: leave description out, or remove the target first."
        )


def _destination(wanted: Wanted) -> Options:
    """The destination that the task gives, as one option with its value; empty if it gives none."""
    return {option: wanted.values[option] for option in TYPES if option in wanted.values}


def _rows(wanted: Wanted, reader: Reader) -> list[Options]:
    """Every target that could be meant, in one Describe unless the id does not settle it."""
    destination = _destination(wanted)
    if wanted.id is not None:
        rows = reader.describe(TARGET, ids=(wanted.id,))
        settled = rows and planning.has(rows[0], destination) and wanted.name in (None, rows[0]["tags"].get("Name"))
        if settled or (wanted.name is None and not destination):
            return rows
    elif wanted.name is None:
        ((option, value),) = destination.items()
        by_destination = option.replace("_", "-")
        if by_destination in TARGET.filters:
            return reader.describe(TARGET, filters={by_destination: [value]})
    # By the name, or an endpoint: EC2 documents no filter for either, so they are compared on this side.
    return reader.describe(TARGET)


OPTIONS: dict[str, Any] = {
    "session_count": {"type": "int"},
    **lookup.OPTIONS,
}
INFO_OPTIONS: dict[str, Any] = {"session_count": {"type": "bool", "default": False}}
