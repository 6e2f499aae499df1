# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only mirror filters have: no natural key, network services and rules that EC2 changes by calls of their own, and
a description that it cannot change. C(look_up) reads what C(plan) must know; C(plan) is pure.

A filter that replaces another has the tag C(REPLACES) with the other's id until the replacement is through. Both have
the same name meanwhile, and without a natural key nothing else would tell the next run which is which.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

from .._model.desired_state import CreatedIdRef, DesiredState
from .._model.errors import ConflictError, NotFoundError, ValidationError
from .._model.matching import differences, find_match
from .._model.plan import Action, Plan, create_action, delete_action, move_actions, plan_absence, tag_actions
from .._model.resource_types import FILTER, RULE, ModuleParams
from .._model.tags import REPLACES, TagChange, TagRules
from .._model.text import quote
from . import filter_rules as rules
from .references import IN_USE_OPTIONS, Reader, check_unused, sessions_using


@dataclass(frozen=True)
class CurrentState:
    """What is known when the plan is made.

    current: the filter meant, None if there is none. successor: the one that an earlier run has begun to replace it by.
    users: the sessions of the current one, where the plan turns on them. finished: whether the current one has replaced
    another, which is gone, and still has the mark. ids: of all filters that were there.
    """

    current: ModuleParams | None = None
    successor: ModuleParams | None = None
    users: tuple[ModuleParams, ...] = ()
    finished: bool = False
    ids: frozenset[str] = frozenset()


def check(desired: DesiredState) -> None:
    """Raise ValidationError unless the task says which filter it means, with rules that a filter can have."""
    if desired.id is None and desired.name is None:
        raise ValidationError("Say which filter: traffic_mirror_filter_id or name.")
    services = desired.values.get("network_services", [])
    if len(set(services)) < len(services):
        raise ValidationError(f"network_services must not name a service twice, not {', '.join(services)}.")
    rules.check(desired.parts or ())


def make_plan(params: ModuleParams) -> Callable[[DesiredState, Reader, bool], Plan]:
    """For module.run: look and plan."""

    def look_and_plan(desired: DesiredState, reader: Reader, _predict: bool) -> Plan:
        found = describe_current(desired, reader)
        made = plan(desired, found)
        check_unused(FILTER, made, found.users, params)
        return made

    return look_and_plan


def describe_current(desired: DesiredState, reader: Reader) -> CurrentState:
    """Read what the plan must know, in one Describe unless the task leaves no other way. Raises ConflictError,
    Ec2Error."""
    tagged = any(rule.tags.tags is not None or rule.tags.desired() for rule in desired.parts or ())
    tagged = tagged or _may_replace(desired)  # the new filter's rules get the tags of the old one's
    rows = reader.describe(FILTER, ids=(desired.id,), part_tags=tagged) if desired.id is not None else []
    settled = bool(rows) and _is_unambiguous(desired, rows[0])
    may_follow = desired.id is None or _may_replace(desired)
    if not settled and (rows or may_follow):
        # Another filter may have the name: EC2 documents no tag filter here, so the tags are compared on this side.
        rows = reader.describe(FILTER, part_tags=tagged)
    ids = frozenset(row[FILTER.id_option] for row in rows)
    successors = [row for row in rows if row["tags"].get(REPLACES) in ids] if _may_replace(desired) else []
    others = [row for row in rows if row not in successors]
    current = find_match(desired, others)
    if current is None and desired.id is not None and may_follow:
        current = find_match(replace(desired, id=None), others)  # it was replaced, and its place has its name
    if current is None:
        return CurrentState(ids=ids)
    used = not desired.present or _replaces(desired, current)
    return CurrentState(
        current=current,
        successor=next((row for row in successors if row["tags"][REPLACES] == current[FILTER.id_option]), None),
        users=tuple(sessions_using(FILTER, current, reader)) if used else (),
        finished=current["tags"].get(REPLACES) not in (None, *ids),
        ids=ids,
    )


def plan(desired: DesiredState, found: CurrentState) -> Plan:
    """The calls that make the filter what the task wants. Raises ValidationError, ConflictError."""
    current = found.current
    if not desired.present:
        return plan_absence(desired, current)
    if current is None:
        return _plan_create(desired, found)
    if _replaces(desired, current):
        return _plan_replace(desired, found, current)
    if found.successor is not None:
        raise _unfinished_replacement(current, found.successor)
    tags = desired.tags.change(current["tags"])
    actions, after = _changes(desired, current, _without_mark(tags) if found.finished else tags)
    return Plan(tuple(actions), before=current, after=after)


def _plan_create(desired: DesiredState, found: CurrentState) -> Plan:
    if desired.id is not None:
        raise NotFoundError(
            f"There is no filter {desired.id}. EC2 chooses the ids of new filters: to create one, "
            f"leave {FILTER.id_option} out and give name."
        )
    actions, after = _creation(desired, "it does not exist", desired.tags.change({}))
    return Plan(tuple(actions), after=after, duplicates=_duplicates(desired, found))


def _plan_replace(desired: DesiredState, found: CurrentState, current: ModuleParams) -> Plan:
    """Another description: a new filter with all that the old one has, its sessions move there, then it goes."""
    label = FILTER.label(current)
    if not _may_replace(desired):
        raise ConflictError(
            f"{label}: EC2 cannot change the description of a filter, from {quote(current['description'])} to "
            f"{quote(desired.values['description'])}. To have a new filter made with all rules, its sessions moved "
            "there and this one removed, give name and allow_replacement: true."
        )
    whole = _with_inherited_values(desired, current)
    inherited = desired.tags.inherited(current["tags"])
    new_id: str | CreatedIdRef
    if found.successor is None:
        tags = inherited.change({})
        marked = replace(tags, write={**tags.write, REPLACES: current[FILTER.id_option]})
        calls, after = _creation(whole, f"it replaces {label}, whose description cannot change", marked)
        new_id, last = CreatedIdRef(FILTER), TagChange({}, (REPLACES,), tags.result)
    else:
        if differences(FILTER, found.successor, {"description": desired.values["description"]}):
            raise _unfinished_replacement(current, found.successor)
        new_id, last = found.successor[FILTER.id_option], _without_mark(inherited.change(found.successor["tags"]))
        calls, after = _changes(whole, found.successor, TagChange({}, (), last.result))
    moves = move_actions(FILTER, found.users, new_id)
    removal = delete_action(FILTER, current, "its replacement is there")
    marks = tag_actions(FILTER, {**after, FILTER.id_option: new_id}, last)
    actions = (*calls, *moves, removal, *marks)
    return Plan(actions, before=current, after=after, replaces=True, duplicates=_duplicates(desired, found))


def _unfinished_replacement(current: ModuleParams, successor: ModuleParams) -> ConflictError:
    """What to say of a replacement that was begun and is not what the task wants now."""
    return ConflictError(
        f"{FILTER.label(current)} was to be replaced by {FILTER.label(successor)}, which is not finished and has the "
        f"description {quote(successor['description'])}. Run the task with that description to finish it, or give the "
        f"sessions of {successor[FILTER.id_option]} the other filter and remove it."
    )


def _creation(desired: DesiredState, reason: str, tags: TagChange) -> tuple[list[Action], ModuleParams]:
    """The calls that make this filter with all its parts, and the filter as far as it can be foreseen."""
    services = desired.values.get("network_services", [])
    values = {"description": desired.values.get("description", ""), "network_services": services}
    rule_calls, after = rules.plan(CreatedIdRef(FILTER), [], desired.parts or (), purge=True)
    creation = create_action(FILTER, values, tags, reason)
    calls = [creation, *_services("Add", CreatedIdRef(FILTER), creation.resource, services), *rule_calls]
    return calls, {**values, RULE.listed: after, "tags": tags.result}


def _changes(desired: DesiredState, current: ModuleParams, tags: TagChange) -> tuple[list[Action], ModuleParams]:
    """The calls that change an existing filter, and the filter after them."""
    found, label = current[FILTER.id_option], FILTER.label(current)
    have: list[str] = current["network_services"]
    services: list[str] = desired.values.get("network_services", have)
    off, on = [one for one in have if one not in services], [one for one in services if one not in have]
    rule_calls, after = rules.plan(found, current[RULE.listed], desired.parts, desired.purge_parts)
    # What copies more comes first and what copies less last, as among the rules.
    more, less = _services("Add", found, label, on), _services("Remove", found, label, off)
    calls = [*more, *rule_calls, *less, *tag_actions(FILTER, current, tags)]
    services = [*(one for one in have if one not in off), *on]
    return calls, {**current, "network_services": services, RULE.listed: after, "tags": tags.result}


def _duplicates(desired: DesiredState, found: CurrentState) -> Callable[[ModuleParams], bool]:
    """Whether a filter has the name that is wanted and was not there before: EC2 lets any number have it."""
    return lambda row: row["tags"].get("Name") == desired.name and row[FILTER.id_option] not in found.ids


def _services(verb: str, filter_id: str | CreatedIdRef, label: str, names: list[str]) -> list[Action]:
    """The call that adds or removes (verb) these network services, none if there are none."""
    if not names:
        return []
    params = {FILTER.id_member: filter_id, f"{verb}NetworkServices": names}
    reason = f"network_services to {verb.lower()}: {', '.join(names)}"
    operation = "ModifyTrafficMirrorFilterNetworkServices"
    return [Action(operation, params, label, reason, resource_type=FILTER, on=(str(filter_id),))]


def _with_inherited_values(desired: DesiredState, current: ModuleParams) -> DesiredState:
    """What the task wants of a new filter that takes the place of this one: all that it does not say is as it was."""
    parts = desired.parts or ()
    stated = {(rule.values["direction"], rule.values["rule_number"]): rule for rule in parts}
    inherited = []
    for row in current[RULE.listed]:
        rule = stated.pop((row["direction"], row["rule_number"]), None)
        if rule is None and desired.parts is not None and desired.purge_parts:
            continue
        values = {field.option: row[field.option] for field in RULE.fields}
        rule = rule or DesiredState(RULE, True, None, None, values, TagRules())
        inherited.append(replace(rule, tags=rule.tags.inherited(row["tags"])))
    values = {"network_services": current["network_services"], **desired.values}
    return replace(desired, values=values, parts=(*inherited, *stated.values()), purge_parts=True)


def _replaces(desired: DesiredState, current: ModuleParams) -> bool:
    """Whether the filter cannot become what is wanted but by replacing it."""
    return desired.present and not FILTER.fixed.isdisjoint(differences(FILTER, current, desired.values))


def _may_replace(desired: DesiredState) -> bool:
    """Whether the filter may be replaced: the name is how the next run finds the new one."""
    return desired.present and desired.allow_replacement and desired.name is not None


def _is_unambiguous(desired: DesiredState, row: ModuleParams) -> bool:
    """Whether no other filter comes into it: none can have the name that is wanted, none replaces or is replaced."""
    named = desired.name in (None, row["tags"].get("Name"))
    return named and REPLACES not in row["tags"] and not _replaces(desired, row)


def _without_mark(tags: TagChange) -> TagChange:
    """The change of tags that also takes the mark of a finished replacement away."""
    left = {key: value for key, value in tags.result.items() if key != REPLACES}
    return TagChange(tags.write, (*tags.remove, REPLACES), left)


OPTIONS = {
    "purge_rules": {"type": "bool", "default": True},
    **IN_USE_OPTIONS,
}
