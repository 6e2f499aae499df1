# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only mirror sessions have: numbers on an interface, a packet length that depends on the target, and a source
interface that EC2 cannot change. C(look_up) reads what C(plan) must know; C(plan) is pure.

A session that replaces another has the tag C(REPLACES) with the other's id until that one is gone: the next run, which
finds the new session, would not know of the old one otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

from .._model.desired_state import CreatedIdRef, DesiredState, UnresolvedRef
from .._model.errors import ConflictError, NotFoundError, ValidationError
from .._model.matching import check_needed, check_read_only, differences, find_match, without_unresolved
from .._model.plan import (
    Plan,
    check_owned_by_caller,
    create_action,
    delete_action,
    modify_actions,
    plan_absence,
    tag_actions,
)
from .._model.resource_types import (
    ENI,
    FILTER,
    GWLBE,
    NLB,
    NLB_PACKET_LENGTH,
    SESSION,
    SESSIONS_PER_INTERFACE,
    TARGET,
    ModuleParams,
    ResourceType,
)
from .._model.tags import REPLACES, TagChange, check_name
from .references import Reader, resolve_name

# The options that name an object by its Name tag, and what they stand for.
REFERENCES = {
    "traffic_mirror_filter_name": ("traffic_mirror_filter_id", FILTER),
    "traffic_mirror_target_name": ("traffic_mirror_target_id", TARGET),
}
REMOVE_MARK = TagChange({}, (REPLACES,), {})


@dataclass(frozen=True)
class CurrentState:
    """What is known when the plan is made.

    current: the session meant, None if there is none. neighbours: all sessions of the interface that the task names,
    or else of the current one's. target_type: of the target that the session will have, None where nobody asked.
    replaced: the one that the current one was made to replace and that is still there.
    """

    current: ModuleParams | None = None
    neighbours: tuple[ModuleParams, ...] = ()
    target_type: str | None = None
    replaced: ModuleParams | None = None


def check(desired: DesiredState) -> None:
    """Raise ValidationError unless the task says which session it means."""
    on_interface = "network_interface_id" in desired.values
    if desired.id is None and desired.name is None and not (on_interface and "session_number" in desired.values):
        raise ValidationError(
            "Say which session: traffic_mirror_session_id, network_interface_id with session_number or name, or name."
        )


def make_plan(params: ModuleParams) -> Callable[[DesiredState, Reader, bool], Plan]:
    """For module.run: look and plan, with the filter and target names that these options give turned into ids."""

    def look_and_plan(desired: DesiredState, reader: Reader, predict: bool) -> Plan:
        for option in REFERENCES:
            if params.get(option) is not None:
                check_name(option, params[option])
        if desired.present:
            desired = replace(desired, values={**desired.values, **resolve(params, reader, predict)})
        made = plan(desired, describe_current(desired, reader, predict))
        check_owned_by_caller(SESSION, made, reader.is_foreign)
        return made

    return look_and_plan


def resolve(params: ModuleParams, reader: Reader, predict: bool) -> ModuleParams:
    """The ids of the filter and the target that the task gives by name, keyed by the options that take ids.

    predict: check mode, where one that does not exist yet is Pending. Raises NotFoundError for it otherwise, and
    ConflictError for a name that several have.
    """
    return {
        id_option: resolve_name(resource_type, option, params[option], reader, predict)
        for option, (id_option, resource_type) in REFERENCES.items()
        if params.get(option) is not None
    }


def describe_current(desired: DesiredState, reader: Reader, predict: bool) -> CurrentState:
    """Read what the plan must know, in one Describe unless the task leaves no other way.

    predict: check mode, where the target and the filter are looked at as well: the first to know the packet length
    that EC2 will report, both to say that one is missing as the real run would. Raises ConflictError, Ec2Error.
    """
    interface = desired.values.get("network_interface_id")
    if interface is not None and (desired.present or desired.id is None):
        rows = _on(interface, reader)
        if desired.id is not None and not any(row[SESSION.id_option] == desired.id for row in rows):
            rows += reader.describe(SESSION, ids=(desired.id,))
    elif desired.id is not None:
        rows = reader.describe(SESSION, ids=(desired.id,))
    else:
        # By the name alone: EC2 documents no tag filter for sessions, so the tags are compared here.
        rows = [row for row in reader.describe(SESSION) if row["tags"].get("Name") == desired.name]
    current = _find(desired, rows)
    may_replace = _may_replace(desired) and interface is not None
    if may_replace and desired.id is None and (current is None or current["tags"].get("Name") != desired.name):
        current = _find_on_other_interface(desired, current, reader)
    number = desired.values.get("session_number")
    if interface is None and current is not None and number not in (None, current["session_number"]):
        rows = _on(current["network_interface_id"], reader)
    found = CurrentState(
        current=current,
        neighbours=tuple(row for row in rows if interface in (None, row["network_interface_id"])),
        target_type=_target_type(desired, current, reader, predict) if desired.present else None,
        replaced=_find_replaced(desired, current, reader) if may_replace and current is not None else None,
    )
    if desired.present and predict:
        _require_filter(desired, current, reader)
    return found


def plan(desired: DesiredState, found: CurrentState) -> Plan:
    """The calls that make the session what the task wants. Raises ValidationError, ConflictError."""
    current = found.current
    if not desired.present:
        return plan_absence(desired, current)
    if current is None:
        return _plan_create(desired, found)
    check_read_only(desired, current)
    if not SESSION.fixed.isdisjoint(differences(SESSION, current, desired.values)):
        return _plan_replace(desired, found, current)
    return _finished(_plan_change(desired, found, current), desired, found, current)


def _plan_create(desired: DesiredState, found: CurrentState) -> Plan:
    if desired.id is not None:
        raise NotFoundError(
            f"There is no session {desired.id}. EC2 chooses the ids of new sessions: to create one, "
            f"leave {SESSION.id_option} out and give network_interface_id with session_number or name."
        )
    values = _without_read_only(desired.values)
    check_needed(desired, values)
    values.setdefault("session_number", _free_number(found.neighbours))
    return _creation(desired, found, values, "it does not exist")


def _creation(
    desired: DesiredState, found: CurrentState, values: ModuleParams, reason: str, mark: dict[str, str] | None = None
) -> Plan:
    """The plan that makes a session with these values, which include the interface and the number.

    mark: a tag that it has only for the time being.
    """
    if len(found.neighbours) >= SESSIONS_PER_INTERFACE:
        # EC2 would refuse it; said here so that check mode says it too.
        raise ConflictError(
            f"TrafficMirrorSessionsPerInterfaceLimitExceeded: {values['network_interface_id']} has "
            f"{len(found.neighbours)} sessions, and EC2 takes {SESSIONS_PER_INTERFACE}. Remove one of: "
            f"{'; '.join(map(SESSION.label, found.neighbours))}."
        )
    tags = desired.tags.change({})
    action = create_action(SESSION, values, replace(tags, write={**tags.write, **(mark or {})}), reason)
    after = {**values, "description": values.get("description", ""), "tags": tags.result}
    return Plan((action,), after=_known(after, _reported_length(values.get("packet_length", 0), found.target_type)))


def _plan_change(desired: DesiredState, found: CurrentState, current: ModuleParams) -> Plan:
    values = differences(SESSION, current, desired.values)
    _check_number(values, found, current)
    if values.get("packet_length") == 0 and _is_default(current["packet_length"], found.target_type):
        del values["packet_length"]
    if "traffic_mirror_target_id" in values and desired.values.get("packet_length") == NLB_PACKET_LENGTH:
        values["packet_length"] = NLB_PACKET_LENGTH  # what is reported may be the old target's default
    tags = desired.tags.change(current["tags"])
    actions = (*modify_actions(SESSION, current, values), *tag_actions(SESSION, current, tags))
    length: int | None = values.get("packet_length", current["packet_length"])
    if "traffic_mirror_target_id" in values or "packet_length" in values:
        # A reported 8500 may be the old target's default, which need not outlive the move; an own value does.
        uncertain = length == NLB_PACKET_LENGTH and "packet_length" not in values and found.target_type != NLB
        length = None if uncertain else _reported_length(length, found.target_type)
    return Plan(actions, before=current, after=_known({**current, **values, "tags": tags.result}, length))


def _plan_replace(desired: DesiredState, found: CurrentState, current: ModuleParams) -> Plan:
    """Another interface: a new session there with all that the old one has, then the old one goes."""
    if not _may_replace(desired):
        raise ConflictError(
            f"{SESSION.label(current)} cannot move to {desired.values['network_interface_id']}: EC2 cannot change the "
            "interface of a session. To have a new session made there and this one removed, give name and "
            "allow_replacement: true."
        )
    values = {field.option: current[field.option] for field in SESSION.fields}
    values.update(_without_read_only(desired.values))
    taken = [row["session_number"] for row in found.neighbours]
    if "session_number" not in desired.values and values["session_number"] in taken:
        values["session_number"] = _free_number(found.neighbours)
    if "packet_length" not in desired.values and _is_default(current["packet_length"], found.target_type):
        values["packet_length"] = 0
    moved = replace(desired, tags=desired.tags.inherited(current["tags"]))
    mark = {REPLACES: current[SESSION.id_option]}
    made = _creation(moved, found, values, f"it replaces {SESSION.label(current)}, whose interface cannot change", mark)
    removal = delete_action(SESSION, current, "its replacement is there")
    unmark = tag_actions(SESSION, {**(made.after or {}), SESSION.id_option: CreatedIdRef(SESSION)}, REMOVE_MARK)
    return replace(made, actions=(*made.actions, removal, *unmark), before=current, replaces=True)


def _may_replace(desired: DesiredState) -> bool:
    """Whether the session may be replaced: the name is how the next run finds the new one."""
    return desired.present and desired.allow_replacement and desired.name is not None


def _find_replaced(desired: DesiredState, current: ModuleParams, reader: Reader) -> ModuleParams | None:
    """The session that this one was made to replace, if it is still there. Raises ConflictError if it is another's by
    now."""
    old = current["tags"].get(REPLACES)
    rows = reader.describe(SESSION, ids=(old,)) if old else []
    if rows and desired.id != old and rows[0]["tags"].get("Name") != current["tags"].get("Name"):
        raise ConflictError(
            f"{SESSION.label(current)} was made to replace {SESSION.label(rows[0])}, which has another name. To have "
            f"that removed, give traffic_mirror_session_id: {old}; to keep both, remove the tag {REPLACES} from "
            f"{current[SESSION.id_option]}."
        )
    return rows[0] if rows else None


def _finished(made: Plan, desired: DesiredState, found: CurrentState, current: ModuleParams) -> Plan:
    """The plan with what an interrupted replacement has left to do."""
    if not _may_replace(desired) or REPLACES not in current["tags"]:
        return made
    removal = [delete_action(SESSION, found.replaced, "its replacement is there")] if found.replaced else []
    after = {
        **(made.after or {}),
        "tags": {key: one for key, one in (made.after or {})["tags"].items() if key != REPLACES},
    }
    return replace(made, actions=(*made.actions, *removal, *tag_actions(SESSION, current, REMOVE_MARK)), after=after)


def _find(desired: DesiredState, rows: list[ModuleParams]) -> ModuleParams | None:
    """planning.find, and for a session that is or was replaced: the one that takes or took its name and place."""
    begun = [row for row in rows if desired.id is not None and row["tags"].get(REPLACES) == desired.id]
    if begun and _may_replace(desired):
        return begun[0]
    current = find_match(desired, rows)
    if current is None and desired.id is not None and _may_replace(desired):
        current = find_match(replace(desired, id=None), rows)
        if current is not None and current["tags"].get("Name") != desired.name:
            return None
    return current


def _find_on_other_interface(desired: DesiredState, holder: ModuleParams | None, reader: Reader) -> ModuleParams | None:
    """The session of this name on another interface, which the task allows to be replaced; the holder if there is none.

    holder: what has the wanted interface and number, under another name.
    """
    named = find_match(replace(desired, id=None, values={}), reader.describe(SESSION))
    if named is not None and holder is not None:
        raise ConflictError(
            f"The name is that of {SESSION.label(named)}, the interface and number are those of "
            f"{SESSION.label(holder)}. Remove or renumber one of them first."
        )
    return named or holder


def _on(interface: str, reader: Reader) -> list[ModuleParams]:
    return reader.describe(SESSION, filters={"network-interface-id": [interface]})


def _free_number(neighbours: tuple[ModuleParams, ...]) -> int:
    taken = {row["session_number"] for row in neighbours}
    return next(number for number in range(1, len(taken) + 2) if number not in taken)


def _check_number(values: ModuleParams, found: CurrentState, current: ModuleParams) -> None:
    """Raise ConflictError if another session of the interface has the number that this one should get."""
    holders = [row for row in found.neighbours if row["session_number"] == values.get("session_number")]
    if holders:
        raise ConflictError(
            f"session_number {values['session_number']} of {current['network_interface_id']} is wanted for "
            f"{SESSION.label(current)} but {SESSION.label(holders[0])} has it. Renumber or remove that one first."
        )


def _target_type(desired: DesiredState, current: ModuleParams | None, reader: Reader, predict: bool) -> str | None:
    """The type of the target that the session will have, None where neither plan nor prediction turns on it.

    Raises ValidationError for a packet length that this target cannot take, ConflictError for a target that is not
    there.
    """
    values = desired.values
    target = values.get("traffic_mirror_target_id", current and current["traffic_mirror_target_id"])
    if target is None or isinstance(target, UnresolvedRef):
        return None
    old_target, old_length = (
        (current["traffic_mirror_target_id"], current["packet_length"]) if current else (None, None)
    )
    asked = values.get("packet_length")
    length = old_length if asked is None else asked
    changes = target != old_target or length != old_length
    moves_interface = current is not None and values.get("network_interface_id") not in (
        None,
        current["network_interface_id"],
    )
    ambiguous = old_length == NLB_PACKET_LENGTH and (asked == 0 or moves_interface)
    too_long = changes and (length or 0) > NLB_PACKET_LENGTH
    if not (ambiguous or too_long or (predict and (changes or moves_interface))):
        return None
    rows = reader.describe(TARGET, ids=(target,))
    if not rows and target == old_target and not moves_interface:
        return None  # no longer shared with this account; the session keeps it all the same
    if not rows:
        raise missing(TARGET, target)
    found: str = rows[0]["type"]
    if too_long:
        check_length(length, found, "" if asked is not None else " The session has it now; give packet_length.")
    return found


def check_length(length: int | None, target_type: str | None, advice: str = "") -> None:
    """Raise ValidationError unless a target of this type takes this packet length. advice: what the message ends
    with."""
    if target_type == NLB and (length or 0) > NLB_PACKET_LENGTH:
        raise ValidationError(
            f"packet_length must be 0 (reset) or 1 to {NLB_PACKET_LENGTH} with a Network Load Balancer as the target, "
            f"not {length}.{advice}"
        )


def _require_filter(desired: DesiredState, current: ModuleParams | None, reader: Reader) -> None:
    """Raise ConflictError in check mode for a filter that is not there, as EC2 would in the real run."""
    chosen = desired.values.get("traffic_mirror_filter_id")
    if (
        chosen is None
        or isinstance(chosen, UnresolvedRef)
        or (current and current["traffic_mirror_filter_id"] == chosen)
    ):
        return
    if not reader.describe(FILTER, ids=(chosen,)):
        raise missing(FILTER, chosen)


def missing(resource_type: ResourceType, desired: str) -> NotFoundError:
    return NotFoundError(
        f"Invalid{resource_type.api}Id.NotFound: there is no {resource_type.noun} {desired} in this account and "
        f"region. Correct {resource_type.id_option}, or create the {resource_type.noun} first."
    )


def _is_default(length: int, target_type: str | None) -> bool:
    """Whether this is what EC2 reports for a packet length that was never set."""
    return length == 0 or (length == NLB_PACKET_LENGTH and target_type in (NLB, GWLBE))


def _reported_length(length: int | None, target_type: str | None) -> int | None:
    """What EC2 will report for this packet length, None if that cannot be told."""
    if length != 0:
        return length
    return {NLB: NLB_PACKET_LENGTH, ENI: 0}.get(target_type or "")


def _known(after: ModuleParams, length: int | None) -> ModuleParams:
    """The object as predicted: with the packet length that EC2 will report, without what only EC2 knows."""
    known = without_unresolved({**after, "packet_length": length})
    if length is None:
        del known["packet_length"]
    return known


def _without_read_only(values: ModuleParams) -> ModuleParams:
    return {field.option: values[field.option] for field in SESSION.fields if field.option in values}
