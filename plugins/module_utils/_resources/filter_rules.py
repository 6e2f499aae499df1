# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of a filter: what can be checked beforehand, and the calls that turn one list into another. Pure.

Each call is one step from one whole list to the next, and the filter works all the while. So the order of the calls is
chosen by three rules:

1. A number is never given to two rules, and there are never more rules than EC2 takes. What stands in the way goes
   first; rules that stand in each other's way, as when two are swapped, are untied by giving one of them a number that
   is free, for which there is always room since there are more numbers than rules.
2. What is copied before the first call and after the last one is copied after each call in between. Whether it would be
   is worked out for the whole list, since what a rule does depends on the rules before it: an accept can be narrowed
   only after what takes over from it is there, a reject can come only after the accept that goes around it.
3. Otherwise what copies more comes first and what copies less last: too much for a moment is better than too little.

Where no call is left that keeps the second rule, the next one in the order of the third is made all the same. That
happens only when rules that change in place take over parts of each other's packets. A further rule for the while would
bridge even that, but a run that is interrupted would leave it behind, where purge_rules is false for good.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Callable

from .._model.api_objects import sort_rules
from .._model.desired_state import CreatedIdRef, DesiredState
from .._model.errors import ConflictError, ValidationError
from .._model.matching import differences
from .._model.plan import Action, create_action, delete_action, modify_actions, tag_actions
from .._model.resource_types import RULE, RULES_PER_FILTER, ModuleParams
from .rule_coverage import ALL, copied, copies_all, within

_LOWEST, _HIGHEST = 1, 32766


@dataclass(frozen=True)
class Change:
    """One rule that becomes another, None where there is none.

    is_replacement: whether the old one and the new one have nothing in common but the call that turns one into the
    other.
    """

    old: ModuleParams | None
    new: DesiredState | None
    is_replacement: bool = False


@dataclass(frozen=True)
class Step:
    """One call: what the rule of this change is before and after it, None if it does not exist."""

    change: Change
    before: ModuleParams | None
    after: ModuleParams | None


def check(desired: tuple[DesiredState, ...]) -> None:
    """Raise ValidationError for a list of rules that no filter can have."""
    if len(desired) > RULES_PER_FILTER:
        raise ValidationError(f"rules: {len(desired)} are given, and a filter takes 0 to {RULES_PER_FILTER}.")
    seen = set()
    for rule in desired:
        values = rule.values
        label = f"rules: {values['direction']} {values['rule_number']}"
        if _key(values) in seen:
            raise ValidationError(f"{label} is given twice; a rule_number is unique among the rules of its direction.")
        seen.add(_key(values))
        families = [ipaddress.ip_network(values[option]).version for option in ("source_cidr", "destination_cidr")]
        if families[0] != families[1]:
            raise ValidationError(
                f"{label}: source_cidr and destination_cidr must both be IPv4 or both IPv6, not "
                f"{values['source_cidr']} and {values['destination_cidr']}."
            )
        for option in ("source_port", "destination_port"):
            if values[option] and values["protocol"] not in ("tcp", "udp"):
                raise ValidationError(f"{label}: {option} needs protocol tcp or udp, not {values['protocol']}.")


def plan(
    filter_id: str | CreatedIdRef, current: list[ModuleParams], desired: tuple[DesiredState, ...] | None, purge: bool
) -> tuple[list[Action], list[ModuleParams]]:
    """The calls that make the rules what is wanted, and the rules afterwards, without ids where EC2 gives new ones.

    desired: None leaves all alone. purge: whether rules that are not wanted go. Raises ConflictError if there would be
    too many.
    """
    if desired is None:
        return [], current
    changes, kept = match(current, desired, purge)
    actions = [_action(step, filter_id) for step in sequence(changes, kept)]
    after = list(kept)
    for change in changes:
        if change.new is None:
            continue
        old = change.old or {"tags": {}}
        # A rule that takes over from one that goes must not inherit its tags.
        rules = replace(change.new.tags, tags=change.new.tags.tags or {}) if change.is_replacement else change.new.tags
        tags = rules.change(old["tags"])
        row = {**old, **change.new.values, "tags": tags.result}
        after.append(row)
        if change.old:
            actions += tag_actions(RULE, {**row, "tags": old["tags"]}, tags)
    return actions, sort_rules(after)


def match(
    current: list[ModuleParams], desired: tuple[DesiredState, ...], purge: bool
) -> tuple[list[Change], list[ModuleParams]]:
    """Which rule becomes which, and the rules that stay because nothing is said of them.

    A rule stays what it is: where it was, or under another number, or else it is the number that tells which one is
    changed. Only if EC2 has no room for a new rule beside all the old ones, one that goes is turned into it.
    Raises ConflictError if there would be too many.
    """
    old, new = list(current), list(desired)
    numbers = {_key(rule.values) for rule in desired}
    changes: list[Change] = []
    tests: list[Callable[[ModuleParams, ModuleParams], bool]] = [
        lambda row, values: _key(row) == _key(values) and _content(row) == _content(values),
        lambda row, values: (purge or _key(row) in numbers) and _content(row) == _content(values),
        lambda row, values: _key(row) == _key(values),
    ]
    for same in tests:
        for rule in list(new):
            row = next((row for row in old if same(row, rule.values)), None)
            if row is not None:
                changes.append(Change(row, rule))
                old.remove(row)
                new.remove(rule)
    going = [row for row in old if purge or _key(row) in numbers]
    kept = [row for row in old if row not in going]
    if len(kept) + len(desired) > RULES_PER_FILTER:
        raise ConflictError(
            f"rules: with those that are not listed and stay, since purge_rules is false, the filter would have "
            f"{len(kept) + len(desired)} rules, and EC2 takes {RULES_PER_FILTER}."
        )
    crowded = max(len(current) + len(new) - RULES_PER_FILTER, 0)
    changes += [Change(row, rule, is_replacement=True) for row, rule in zip(going[:crowded], new[:crowded])]
    changes += [Change(row, None) for row in going[crowded:]]
    changes += [Change(None, rule) for rule in new[crowded:]]
    return changes, kept


def sequence(changes: list[Change], kept: list[ModuleParams]) -> Iterator[Step]:
    """The calls in their order, as the module's docstring says. kept: the rules that stay as they are."""
    goal = {at: change.new.values if change.new else None for at, change in enumerate(changes)}
    live = {at: _values(change.old) for at, change in enumerate(changes) if change.old}
    live.update((len(changes) + at, _values(row)) for at, row in enumerate(kept))
    todo = [at for at, change in enumerate(changes) if live.get(at) != goal[at]]
    todo.sort(key=lambda at: _rank(live.get(at), goal[at]))
    final = [*filter(None, goal.values()), *kept]
    always = copied(final, copied(live.values(), [ALL])) if todo else []
    parked: set[int] = set()

    def keeps(at: int, after: ModuleParams | None) -> bool:
        then = {**live, at: after}
        touched = within(always, filter(None, (live.get(at), after)))
        return copies_all(filter(None, then.values()), touched)

    def matches(at: int) -> bool:
        desired = goal[at]
        if desired is None:
            return True
        taken = any(_key(row) == _key(desired) for other, row in live.items() if other != at)
        return not taken and (at in live or len(live) < RULES_PER_FILTER)

    def detours() -> list[tuple[int, ModuleParams | None]]:
        blocked = [at for at in todo if at in live and at not in parked and not matches(at)]
        used = {row["rule_number"] for row in (*live.values(), *final)}
        return [
            (at, {**live[at], "rule_number": n}) for at in blocked for n in _free_numbers(live[at]["rule_number"], used)
        ]

    while todo:
        choices = [*((at, goal[at]) for at in todo if matches(at)), *detours()]
        at, after = next((choice for choice in choices if keeps(*choice)), choices[0])
        yield Step(changes[at], live.get(at), after)
        if after == goal[at]:
            todo.remove(at)
        else:
            parked.add(at)
        if after is None:
            del live[at]
        else:
            live[at] = after


def _action(step: Step, filter_id: str | CreatedIdRef) -> Action:
    change, before, after = step.change, step.before, step.after
    if before is None and after is not None and change.new is not None:
        return create_action(RULE, after, change.new.tags.change({}), "the filter does not have it", filter_id)
    row = {**(change.old or {}), **(before or {})}
    if after is None:
        return delete_action(RULE, row, "it is not among rules", str(filter_id))
    values = differences(RULE, row, after)
    if any(values.get(option) for option in ("source_port", "destination_port")):
        # EC2 refuses ports without the protocol in the same request (a comment in Terraform's provider).
        values["protocol"] = after["protocol"]
    return modify_actions(RULE, row, values, str(filter_id))[0]


def _key(values: ModuleParams) -> tuple[str, int]:
    return values["direction"], values["rule_number"]


def _values(row: ModuleParams) -> ModuleParams:
    """The rule without its id and tags."""
    return {field.option: row[field.option] for field in RULE.fields}


def _content(values: ModuleParams) -> ModuleParams:
    """What the rule does: all but its number and description."""
    return {f.option: values[f.option] for f in RULE.fields if f.option not in ("rule_number", "description")}


def _rank(before: ModuleParams | None, after: ModuleParams | None) -> tuple[int, bool, int]:
    """What is done earlier if nothing else decides: what copies more, then by direction and number."""
    if after is None:
        order = 3
    elif before is None:
        order = 0 if after["action"] == "accept" else 2
    else:
        order = 1
    row = after or before or {}
    return order, row["direction"] != "ingress", row["rule_number"]


def _free_numbers(number: int, used: set[int]) -> Iterator[int]:
    """Numbers that no rule has or will have: the next above and below this one, the lowest and the highest."""
    above, below = range(number + 1, _HIGHEST + 1), range(number - 1, _LOWEST - 1, -1)
    for numbers in (above, below, range(_LOWEST, _HIGHEST + 1), range(_HIGHEST, _LOWEST - 1, -1)):
        yield from (found for found in [next((n for n in numbers if n not in used), None)] if found is not None)
