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

from ansible_collections.vtap.aws.plugins.module_utils import lookup, rules
from ansible_collections.vtap.aws.plugins.module_utils import plan as planning
from ansible_collections.vtap.aws.plugins.module_utils.lookup import Reader
from ansible_collections.vtap.aws.plugins.module_utils.plan import Action, Made, Plan, Wanted
from ansible_collections.vtap.aws.plugins.module_utils.resource import (
    FILTER,
    RULE,
    BadInput,
    NotThere,
    Options,
    Refused,
)
from ansible_collections.vtap.aws.plugins.module_utils.tags import REPLACES, TagChange, TagRules
from ansible_collections.vtap.aws.plugins.module_utils.words import quote


@dataclass(frozen=True)
class Found:
    """What is known when the plan is made.

    current: the filter meant, None if there is none. successor: the one that an earlier run has begun to replace it by.
    users: the sessions of the current one, where the plan turns on them. finished: whether the current one has replaced
    another, which is gone, and still has the mark. ids: of all filters that were there.
    """

    current: Options | None = None
    successor: Options | None = None
    users: tuple[Options, ...] = ()
    finished: bool = False
    ids: frozenset[str] = frozenset()


def check(wanted: Wanted) -> None:
    """Raise BadInput unless the task says which filter it means, with rules that a filter can have."""
    if wanted.id is None and wanted.name is None:
        raise BadInput("Say which filter: traffic_mirror_filter_id or name.")
    services = wanted.values.get("network_services", [])
    if len(set(services)) < len(services):
        raise BadInput(f"network_services must not name a service twice, not {', '.join(services)}.")
    rules.check(wanted.parts or ())


def make_plan(params: Options) -> Callable[[Wanted, Reader, bool], Plan]:
    """For module.run: look and plan."""

    def look_and_plan(wanted: Wanted, reader: Reader, _predict: bool) -> Plan:
        found = look_up(wanted, reader)
        made = plan(wanted, found)
        lookup.check_unused(FILTER, made, found.users, params)
        return made

    return look_and_plan


def look_up(wanted: Wanted, reader: Reader) -> Found:
    """Read what the plan must know, in one Describe unless the task leaves no other way. Raises Refused, Ec2Error."""
    tagged = any(rule.tags.tags is not None or rule.tags.wanted() for rule in wanted.parts or ())
    tagged = tagged or _may_replace(wanted)  # the new filter's rules get the tags of the old one's
    rows = reader.describe(FILTER, ids=(wanted.id,), part_tags=tagged) if wanted.id is not None else []
    settled = bool(rows) and _stands_alone(wanted, rows[0])
    may_follow = wanted.id is None or _may_replace(wanted)
    if not settled and (rows or may_follow):
        # Another filter may have the name: EC2 documents no tag filter here, so the tags are compared on this side.
        rows = reader.describe(FILTER, part_tags=tagged)
    ids = frozenset(row[FILTER.id_option] for row in rows)
    successors = [row for row in rows if row["tags"].get(REPLACES) in ids] if _may_replace(wanted) else []
    others = [row for row in rows if row not in successors]
    current = planning.find(wanted, others)
    if current is None and wanted.id is not None and may_follow:
        current = planning.find(replace(wanted, id=None), others)  # it was replaced, and its place has its name
    if current is None:
        return Found(ids=ids)
    used = not wanted.present or _replaces(wanted, current)
    return Found(
        current=current,
        successor=next((row for row in successors if row["tags"][REPLACES] == current[FILTER.id_option]), None),
        users=tuple(lookup.users(FILTER, current, reader)) if used else (),
        finished=current["tags"].get(REPLACES) not in (None, *ids),
        ids=ids,
    )


def plan(wanted: Wanted, found: Found) -> Plan:
    """The calls that make the filter what the task wants. Raises BadInput, Refused."""
    current = found.current
    if not wanted.present:
        return planning.absent(wanted, current)
    if current is None:
        return _plan_create(wanted, found)
    if _replaces(wanted, current):
        return _plan_replace(wanted, found, current)
    if found.successor is not None:
        raise _begun(current, found.successor)
    tags = wanted.tags.change(current["tags"])
    actions, after = _changes(wanted, current, _unmarked(tags) if found.finished else tags)
    return Plan(tuple(actions), before=current, after=after)


def _plan_create(wanted: Wanted, found: Found) -> Plan:
    if wanted.id is not None:
        raise NotThere(
            f"There is no filter {wanted.id}. EC2 chooses the ids of new filters: to create one, "
            f"leave {FILTER.id_option} out and give name."
        )
    actions, after = _creation(wanted, "it does not exist", wanted.tags.change({}))
    return Plan(tuple(actions), after=after, rivals=_rivals(wanted, found))


def _plan_replace(wanted: Wanted, found: Found, current: Options) -> Plan:
    """Another description: a new filter with all that the old one has, its sessions move there, then it goes."""
    label = FILTER.label(current)
    if not _may_replace(wanted):
        raise Refused(
            f"{label}: EC2 cannot change the description of a filter, from {quote(current['description'])} to "
            f"{quote(wanted.values['description'])}. To have a new filter made with all rules, its sessions moved "
            "there and this one removed, give name and allow_replacement: true."
        )
    whole = _inheriting(wanted, current)
    carried = wanted.tags.carried(current["tags"])
    new_id: str | Made
    if found.successor is None:
        tags = carried.change({})
        marked = replace(tags, write={**tags.write, REPLACES: current[FILTER.id_option]})
        calls, after = _creation(whole, f"it replaces {label}, whose description cannot change", marked)
        new_id, last = Made(FILTER), TagChange({}, (REPLACES,), tags.result)
    else:
        if planning.differences(FILTER, found.successor, {"description": wanted.values["description"]}):
            raise _begun(current, found.successor)
        new_id, last = found.successor[FILTER.id_option], _unmarked(carried.change(found.successor["tags"]))
        calls, after = _changes(whole, found.successor, TagChange({}, (), last.result))
    moves = planning.move(FILTER, found.users, new_id)
    removal = planning.delete(FILTER, current, "its replacement is there")
    marks = planning.retag(FILTER, {**after, FILTER.id_option: new_id}, last)
    actions = (*calls, *moves, removal, *marks)
    return Plan(actions, before=current, after=after, replaces=True, rivals=_rivals(wanted, found))


def _begun(current: Options, successor: Options) -> Refused:
    """What to say of a replacement that was begun and is not what the task wants now."""
    return Refused(
        f"{FILTER.label(current)} was to be replaced by {FILTER.label(successor)}, which is not finished and has the "
        f"description {quote(successor['description'])}. Run the task with that description to finish it, or give the "
        f"sessions of {successor[FILTER.id_option]} the other filter and remove it."
    )


def _creation(wanted: Wanted, reason: str, tags: TagChange) -> tuple[list[Action], Options]:
    """The calls that make this filter with all its parts, and the filter as far as it can be foreseen."""
    services = wanted.values.get("network_services", [])
    values = {"description": wanted.values.get("description", ""), "network_services": services}
    rule_calls, after = rules.plan(Made(FILTER), [], wanted.parts or (), purge=True)
    creation = planning.create(FILTER, values, tags, reason)
    calls = [creation, *_services("Add", Made(FILTER), creation.resource, services), *rule_calls]
    return calls, {**values, RULE.listed: after, "tags": tags.result}


def _changes(wanted: Wanted, current: Options, tags: TagChange) -> tuple[list[Action], Options]:
    """The calls that change an existing filter, and the filter after them."""
    found, label = current[FILTER.id_option], FILTER.label(current)
    have: list[str] = current["network_services"]
    services: list[str] = wanted.values.get("network_services", have)
    off, on = [one for one in have if one not in services], [one for one in services if one not in have]
    rule_calls, after = rules.plan(found, current[RULE.listed], wanted.parts, wanted.purge_parts)
    # What copies more comes first and what copies less last, as among the rules.
    more, less = _services("Add", found, label, on), _services("Remove", found, label, off)
    calls = [*more, *rule_calls, *less, *planning.retag(FILTER, current, tags)]
    services = [*(one for one in have if one not in off), *on]
    return calls, {**current, "network_services": services, RULE.listed: after, "tags": tags.result}


def _rivals(wanted: Wanted, found: Found) -> Callable[[Options], bool]:
    """Whether a filter has the name that is wanted and was not there before: EC2 lets any number have it."""
    return lambda row: row["tags"].get("Name") == wanted.name and row[FILTER.id_option] not in found.ids


def _services(verb: str, filter_id: str | Made, label: str, names: list[str]) -> list[Action]:
    """The call that adds or removes (verb) these network services, none if there are none."""
    if not names:
        return []
    params = {FILTER.id_member: filter_id, f"{verb}NetworkServices": names}
    reason = f"network_services to {verb.lower()}: {', '.join(names)}"
    operation = "ModifyTrafficMirrorFilterNetworkServices"
    return [Action(operation, params, label, reason, kind=FILTER, on=(str(filter_id),))]


def _inheriting(wanted: Wanted, current: Options) -> Wanted:
    """What the task wants of a new filter that takes the place of this one: all that it does not say is as it was."""
    parts = wanted.parts or ()
    stated = {(rule.values["direction"], rule.values["rule_number"]): rule for rule in parts}
    inherited = []
    for row in current[RULE.listed]:
        rule = stated.pop((row["direction"], row["rule_number"]), None)
        if rule is None and wanted.parts is not None and wanted.purge_parts:
            continue
        values = {field.option: row[field.option] for field in RULE.fields}
        rule = rule or Wanted(RULE, True, None, None, values, TagRules())
        inherited.append(replace(rule, tags=rule.tags.carried(row["tags"])))
    values = {"network_services": current["network_services"], **wanted.values}
    return replace(wanted, values=values, parts=(*inherited, *stated.values()), purge_parts=True)


def _replaces(wanted: Wanted, current: Options) -> bool:
    """Whether the filter cannot become what is wanted but by replacing it."""
    return wanted.present and not FILTER.fixed.isdisjoint(planning.differences(FILTER, current, wanted.values))


def _may_replace(wanted: Wanted) -> bool:
    """Whether the filter may be replaced: the name is how the next run finds the new one."""
    return wanted.present and wanted.allow_replacement and wanted.name is not None


def _stands_alone(wanted: Wanted, row: Options) -> bool:
    """Whether no other filter comes into it: none can have the name that is wanted, none replaces or is replaced."""
    named = wanted.name in (None, row["tags"].get("Name"))
    return named and REPLACES not in row["tags"] and not _replaces(wanted, row)


def _unmarked(tags: TagChange) -> TagChange:
    """The change of tags that also takes the mark of a finished replacement away."""
    left = {key: value for key, value in tags.result.items() if key != REPLACES}
    return TagChange(tags.write, (*tags.remove, REPLACES), left)


OPTIONS = {
    "purge_rules": {"type": "bool", "default": True},
    **lookup.OPTIONS,
}
