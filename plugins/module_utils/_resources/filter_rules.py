# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of a filter: validation of the option, and the calls that turn the current rules into the desired rules.

All functions are pure: they make no calls to EC2.

The filter stays in effect while its rules change, and each call changes one rule. Three constraints determine the order
of the calls:

1. Two rules never have the same number in one direction. There are never more rules than the filter has before or
   after the changes, unless these are fewer than EC2's limit; the same applies to the rules of each direction. A rule
   that blocks another change is changed first. If rules block each other, for example when two rules swap numbers, one
   of them temporarily gets a free number. A free number always exists, since there are more numbers than rules.
2. A packet that is accepted both before the first call and after the last call is accepted after each call in between.
   This is evaluated for the whole list, because the effect of a rule depends on the rules before it. For example, an
   accept rule is narrowed only after the rule that takes over its packets exists, and a reject rule is created only
   after the accept rule for its exceptions.
3. Otherwise, calls that mirror more packets come first and calls that mirror fewer packets come last. Mirroring too
   much for a moment is better than missing packets.

If no remaining call satisfies constraint 2, the next call in the order of constraint 3 is used. This happens only when
rules that are modified in place take over parts of each other's packets. A temporary additional rule would avoid that
gap, but an interrupted run would leave the additional rule behind, permanently if purge_rules is false.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Callable

from .._model.api_objects import sort_rules
from .._model.desired_state import CreatedIdRef, DesiredState
from .._model.errors import ConflictError, ValidationError
from .._model.matching import differences
from .._model.plan import Action, create_action, delete_action, modify_actions, tag_actions
from .._model.resource_types import DIRECTIONS, RULE, RULES_PER_FILTER, ModuleParams
from .._model.tags import TagChange, TagRules, is_reserved
from .rule_coverage import ALL, accepted_boxes, accepts_all, intersect_with_rules

# The range of temporary numbers: that of rule numbers of network ACLs, which are similar. EC2 documents no range.
_MIN_NUMBER, _MAX_NUMBER = 1, 32766


@dataclass(frozen=True)
class RuleChange:
    """The change from a current rule to a desired rule.

    old: the current rule, None to create one. new: the desired rule, None to delete the current one. is_replacement:
    whether the two rules are unrelated, and the current one is modified only because the filter has no capacity for
    another rule.
    """

    old: ModuleParams | None
    new: DesiredState | None
    is_replacement: bool = False


@dataclass(frozen=True)
class Step:
    """One call: the rule of this change before and after the call, None if the rule does not exist."""

    change: RuleChange
    before: ModuleParams | None
    after: ModuleParams | None


def check_rules(desired: tuple[DesiredState, ...]) -> None:
    """Raise ValidationError if no filter can have this list of rules, regardless of limits."""
    seen = set()
    for rule in desired:
        values = rule.values
        label = f"rules: {values['direction']} {values['rule_number']}"
        if _key(values) in seen:
            raise ValidationError(f"{label} is listed twice; rule_number must be unique within a direction.")
        seen.add(_key(values))
        families = [ipaddress.ip_network(values[option]).version for option in ("source_cidr", "destination_cidr")]
        if families[0] != families[1]:
            raise ValidationError(
                f"{label}: source_cidr and destination_cidr must both be IPv4 or both IPv6, not "
                f"{values['source_cidr']} and {values['destination_cidr']}."
            )
        for option in ("source_port", "destination_port"):
            if values[option] and values["protocol"] not in ("tcp", "udp"):
                raise ValidationError(f"{label}: {option} requires protocol tcp or udp, not {values['protocol']}.")


def plan_rule_changes(
    filter_id: str | CreatedIdRef, current: list[ModuleParams], desired: tuple[DesiredState, ...] | None, purge: bool
) -> tuple[list[Action], list[ModuleParams]]:
    """Return the calls that change the current rules to the desired rules, and the resulting rules.

    desired: None leaves all rules unchanged. purge: whether rules that are not desired are deleted. Created rules have
    no id in the result. Raises ConflictError if a direction would have too many rules.
    """
    if desired is None:
        return [], current
    changes, kept = pair_rules(current, desired, purge)
    actions = [_plan_step(step, filter_id) for step in order_steps(changes, kept)]
    removals: list[Action] = []
    after = list(kept)
    for change in changes:
        if change.new is None:
            continue
        old = change.old or {"tags": {}}
        if change.is_replacement:
            # The old tags are removed first, so that the new rule does not inherit them if the run is interrupted.
            removal, tags = _replacement_tags(change.new.tags, old["tags"])
            removals += tag_actions(RULE, old, removal)
            old = {**old, "tags": removal.result}
        else:
            tags = change.new.tags.change(old["tags"])
        row = {**old, **change.new.values, "tags": tags.result}
        after.append(row)
        if change.old:
            actions += tag_actions(RULE, {**row, "tags": old["tags"]}, tags)
    return [*removals, *actions], sort_rules(after)


def pair_rules(
    current: list[ModuleParams], desired: tuple[DesiredState, ...], purge: bool
) -> tuple[list[RuleChange], list[ModuleParams]]:
    """Pair current rules with desired rules. Return the changes, and the rules that are kept because they are not
    listed.

    A desired rule is paired with the current rule that has the same number and content, else the same content, else the
    same number. An unpaired desired rule is created. Only if the filter has no capacity for it, a rule that would be
    deleted is modified instead, preferably one of the same direction. Raises ConflictError if a direction would have
    too many rules.
    """
    old, new = list(current), list(desired)
    numbers = {_key(rule.values) for rule in desired}
    changes: list[RuleChange] = []
    criteria: list[Callable[[ModuleParams, ModuleParams], bool]] = [
        lambda row, values: _key(row) == _key(values) and _content(row) == _content(values),
        lambda row, values: (purge or _key(row) in numbers) and _content(row) == _content(values),
        lambda row, values: _key(row) == _key(values),
    ]
    for is_match in criteria:
        for rule in list(new):
            row = next((row for row in old if is_match(row, rule.values)), None)
            if row is not None:
                changes.append(RuleChange(row, rule))
                old.remove(row)
                new.remove(rule)
    unneeded = [row for row in old if purge or _key(row) in numbers]
    kept = [row for row in old if row not in unneeded]
    final = [*kept, *(rule.values for rule in desired)]
    _check_limit(current, final)
    excess = max(len(current) + len(new) - _capacity(current, final), 0)
    for same_direction in (True, False):
        for rule in list(new):
            rows = _of_direction(unneeded, rule.values["direction"]) if same_direction else unneeded
            if rows and excess > 0:
                row = rows[0]
                changes.append(RuleChange(row, rule, is_replacement=True))
                unneeded.remove(row)
                new.remove(rule)
                excess -= 1
    changes += [RuleChange(row, None) for row in unneeded]
    changes += [RuleChange(None, rule) for rule in new]
    return changes, kept


def _check_limit(current: list[ModuleParams], final: list[ModuleParams]) -> None:
    """Raise ConflictError if a direction would have more rules than EC2 allows for a filter.

    EC2 does not document whether its limit applies to each direction or to both together, so EC2 checks the sum. A
    direction that already has more rules, which EC2 then allows, can keep that number.
    """
    for direction in DIRECTIONS:
        count = len(_of_direction(final, direction))
        if count > max(RULES_PER_FILTER, len(_of_direction(current, direction))):
            raise ConflictError(
                f"rules: the filter would have {count} {direction} rules; EC2 allows {RULES_PER_FILTER} rules for a "
                "filter. List fewer rules; unlisted rules are deleted only with purge_rules: true."
            )


def _capacity(before: Iterable[ModuleParams], after: Iterable[ModuleParams]) -> int:
    """Return the number of rules that may exist at once (constraint 1)."""
    return max(len(list(before)), len(list(after)), RULES_PER_FILTER)


def _of_direction(rows: Iterable[ModuleParams], direction: str) -> list[ModuleParams]:
    return [row for row in rows if row.get("direction") == direction]


def _replacement_tags(rules: TagRules, old: dict[str, str]) -> tuple[TagChange, TagChange]:
    """Return the tag changes before and after a rule takes the place of an unrelated rule.

    rules: the tag rules of the new rule. old: the tags of the replaced rule. The new rule gets only the tags that it
    would be created with; reserved tags cannot be removed.
    """
    reserved = {key: value for key, value in old.items() if is_reserved(key)}
    result = rules.change(reserved).result
    kept = {key: value for key, value in old.items() if result.get(key) == value}
    write = {key: value for key, value in result.items() if key not in kept}
    return TagChange({}, tuple(sorted(old.keys() - kept.keys())), kept), TagChange(write, (), result)


def order_steps(changes: list[RuleChange], kept: list[ModuleParams]) -> Iterator[Step]:
    """Yield the steps in the order that the module's docstring defines. kept: the rules that do not change."""
    # Rules are keyed by their index: that of the change, and for the kept rules the numbers after those.
    desired = {at: change.new.values if change.new else None for at, change in enumerate(changes)}
    present = {at: _values(change.old) for at, change in enumerate(changes) if change.old}
    present.update((len(changes) + at, _values(row)) for at, row in enumerate(kept))
    remaining = [at for at, change in enumerate(changes) if present.get(at) != desired[at]]
    remaining.sort(key=lambda at: _priority(present.get(at), desired[at]))
    final = [*filter(None, desired.values()), *kept]
    capacity = _capacity(present.values(), final)
    capacities = {
        direction: _capacity(_of_direction(present.values(), direction), _of_direction(final, direction))
        for direction in DIRECTIONS
    }
    always_accepted = accepted_boxes(final, accepted_boxes(present.values(), [ALL])) if remaining else []
    renumbered: set[int] = set()

    def keeps_accepting(at: int, after: ModuleParams | None) -> bool:
        then = {**present, at: after}
        affected = intersect_with_rules(always_accepted, filter(None, (present.get(at), after)))
        return accepts_all(filter(None, then.values()), affected)

    def is_possible(at: int) -> bool:
        values = desired[at]
        if values is None:
            return True
        others = [row for other, row in present.items() if other != at]
        is_taken = any(_key(row) == _key(values) for row in others)
        in_direction = len(_of_direction(others, values["direction"]))
        return not is_taken and len(others) < capacity and in_direction < capacities[values["direction"]]

    def temporary_numbers() -> list[tuple[int, ModuleParams | None]]:
        blocked = [at for at in remaining if at in present and at not in renumbered and not is_possible(at)]
        used = {_key(row)[1] for row in (*present.values(), *final)}
        return [
            (at, {**present[at], "rule_number": number})
            for at in blocked
            for number in _free_numbers(_key(present[at])[1], used)
        ]

    while remaining:
        candidates = [*((at, desired[at]) for at in remaining if is_possible(at)), *temporary_numbers()]
        at, after = next((candidate for candidate in candidates if keeps_accepting(*candidate)), candidates[0])
        yield Step(changes[at], present.get(at), after)
        if after == desired[at]:
            remaining.remove(at)
        else:
            renumbered.add(at)
        if after is None:
            del present[at]
        else:
            present[at] = after


def _plan_step(step: Step, filter_id: str | CreatedIdRef) -> Action:
    change, before, after = step.change, step.before, step.after
    if before is None and after is not None and change.new is not None:
        tags = change.new.tags.change({})
        return create_action(change.new.new_id, after, tags, "does not exist in the filter", filter_id)
    row = {**(change.old or {}), **(before or {})}
    if after is None:
        return delete_action(RULE, row, "not listed in rules", str(filter_id))
    values = differences(RULE, row, after)
    if any(values.get(option) for option in ("source_port", "destination_port")):
        # EC2 rejects ports without the protocol in the same request (a comment in Terraform's provider).
        values["protocol"] = after["protocol"]
    return modify_actions(RULE, row, values, str(filter_id))[0]


def _key(values: ModuleParams) -> tuple[str, int]:
    return values.get("direction", ""), values.get("rule_number", 0)


def _values(row: ModuleParams) -> ModuleParams:
    """Return the rule without its id and tags. EC2's service model requires no field in replies."""
    return {field.option: row.get(field.option) for field in RULE.fields}


def _content(values: ModuleParams) -> ModuleParams:
    """Return the values that determine the effect of the rule: all except its number and description."""
    return {f.option: values.get(f.option) for f in RULE.fields if f.option not in ("rule_number", "description")}


def _priority(before: ModuleParams | None, after: ModuleParams | None) -> tuple[int, bool, int]:
    """Return the sort key of constraint 3: changes that mirror more packets first, then by direction and number."""
    if after is None:
        order = 3
    elif before is None:
        order = 0 if after["action"] == "accept" else 2
    else:
        order = 1
    direction, number = _key(after or before or {})
    return order, direction != "ingress", number


def _free_numbers(number: int, used: set[int]) -> Iterator[int]:
    """Yield unused numbers: the next above and below this number, the lowest and the highest."""
    above, below = range(number + 1, _MAX_NUMBER + 1), range(number - 1, _MIN_NUMBER - 1, -1)
    for numbers in (above, below, range(_MIN_NUMBER, _MAX_NUMBER + 1), range(_MAX_NUMBER, _MIN_NUMBER - 1, -1)):
        yield from (free for free in [next((n for n in numbers if n not in used), None)] if free is not None)
