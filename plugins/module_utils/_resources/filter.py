# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for mirror filters. describe_current reads the current state from EC2; plan is pure.

Filters differ from the other resource types in three ways: they have no natural key, separate calls change their
network services and rules, and EC2 cannot change their description.

A filter that replaces another filter has the tag REPLACES with the id of the old filter until the replacement is
complete. Until then both filters have the same name, and the tag tells the next run which filter is the new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

from .._model.desired_state import CreatedIdRef, DesiredState
from .._model.errors import AmbiguousMatchError, ConflictError, NotFoundError, ValidationError
from .._model.matching import differences, find_match
from .._model.ownership import check_name_free, protect, writes_name
from .._model.plan import (
    Action,
    Plan,
    create_action,
    delete_action,
    move_actions,
    plan_absence,
    plan_unresolved,
    tag_actions,
)
from .._model.resource_types import FILTER, RULE, ModuleParams
from .._model.tags import REPLACES, TagChange, TagRules, check_tag_count
from .._model.text import quote
from .filter_rules import check_rules, plan_rule_changes
from .references import IN_USE_OPTIONS, Reader, check_unused, describe_sessions_using


@dataclass(frozen=True)
class CurrentState:
    """The state that the plan is based on.

    current: the filter that the task identifies, None if it does not exist. successor: the filter that an earlier,
    unfinished run created to replace the current filter. users: the sessions that use the current filter, if the plan
    deletes or replaces the filter. replacement_done: whether the current filter still has the tag REPLACES although the
    filter that it replaced no longer exists. ids: the ids of all described filters.
    """

    current: ModuleParams | None = None
    successor: ModuleParams | None = None
    users: tuple[ModuleParams, ...] = ()
    replacement_done: bool = False
    ids: frozenset[str] = frozenset()


def check(desired: DesiredState) -> None:
    """Raise ValidationError if the task identifies no filter, or lists network services or rules that are invalid."""
    if desired.id is None and desired.name is None:
        raise ValidationError("Identify the filter by traffic_mirror_filter_id or by name.")
    services = desired.values.get("network_services", [])
    if len(set(services)) < len(services):
        raise ValidationError(f"network_services must not list a service twice, not {', '.join(services)}.")
    check_rules(desired.children or ())


def create_planner(params: ModuleParams) -> Callable[[DesiredState, Reader, bool], Plan]:
    """Return the planning function for module.run. params: the module options."""

    def describe_and_plan(desired: DesiredState, reader: Reader, _check_mode: bool) -> Plan:
        if desired.unresolved_id is not None:
            return plan_unresolved(desired)
        state = describe_current(desired, reader)
        result = plan(desired, state)
        result = protect(desired, result, state.current)
        check_unused(FILTER, result, state.users, params)
        return result

    return describe_and_plan


def describe_current(desired: DesiredState, reader: Reader) -> CurrentState:
    """Read the state that the plan requires, in one Describe call where possible. Raises ConflictError, Ec2Error."""
    needs_rule_tags = any(rule.tags.tags is not None or rule.tags.desired() for rule in desired.children or ())
    needs_rule_tags = needs_rule_tags or _may_replace(desired)  # the new filter's rules inherit the old rules' tags
    rows = reader.describe(FILTER, ids=(desired.id,), child_tags=needs_rule_tags) if desired.id is not None else []
    is_unambiguous = bool(rows) and _is_unambiguous(desired, rows[0])
    may_match_name = desired.id is None or _may_replace(desired)
    if not is_unambiguous and (rows or may_match_name):
        # Another filter may have the name. EC2 documents no tag filter for this call, so the tags are compared here.
        rows = reader.describe(FILTER, child_tags=needs_rule_tags)
    ids = frozenset(row[FILTER.id_option] for row in rows)
    successors = [row for row in rows if row["tags"].get(REPLACES) in ids] if _may_replace(desired) else []
    others = [row for row in rows if row not in successors]
    current = find_match(desired, others)
    if current is None and desired.id is not None and may_match_name:
        # An earlier run replaced the filter with this id; the new filter has the name.
        current = find_match(replace(desired, id=None), others)
    if writes_name(desired, current) or (current and _may_replace(desired) and _needs_replacement(desired, current)):
        check_name_free(desired, others, (current,), reader.is_foreign)
    if current is None:
        return CurrentState(ids=ids)
    pending = [row for row in successors if row["tags"][REPLACES] == current[FILTER.id_option]]
    if len(pending) > 1:
        raise AmbiguousMatchError(
            f"{FILTER.label(current)} has {len(pending)} unfinished replacements: "
            f"{'; '.join(map(FILTER.label, pending))}. Delete all but one of them, then rerun the task."
        )
    needs_users = not desired.present or _needs_replacement(desired, current)
    return CurrentState(
        current=current,
        successor=pending[0] if pending else None,
        users=tuple(describe_sessions_using(FILTER, current, reader)) if needs_users else (),
        replacement_done=current["tags"].get(REPLACES) not in (None, *ids),
        ids=ids,
    )


def plan(desired: DesiredState, state: CurrentState) -> Plan:
    """Return the calls that bring the filter to the desired state. Raises NotFoundError, ConflictError."""
    current = state.current
    if not desired.present:
        return plan_absence(desired, current)
    if current is None:
        return _plan_create(desired, state)
    if _needs_replacement(desired, current):
        return _plan_replace(desired, state, current)
    if state.successor is not None:
        raise _unfinished_replacement_error(current, state.successor)
    tags = desired.tags.change(current["tags"])
    actions, after = _update_actions(desired, current, _remove_mark(tags) if state.replacement_done else tags)
    return Plan(tuple(actions), before=current, after=after)


def _plan_create(desired: DesiredState, state: CurrentState) -> Plan:
    if desired.id is not None:
        raise NotFoundError(
            f"filter {desired.id} does not exist in this account and region. EC2 assigns the ids of new filters: to "
            f"create a filter, omit {FILTER.id_option} and set name."
        )
    actions, after = _create_actions(desired, "does not exist", desired.tags.change({}))
    return Plan(tuple(actions), after=after, duplicates=_is_duplicate(desired, state))


def _plan_replace(desired: DesiredState, state: CurrentState, current: ModuleParams) -> Plan:
    """Plan a change of the description: create or complete a new filter, switch the sessions to the new filter, and
    delete the old filter."""
    label = FILTER.label(current)
    if not _may_replace(desired):
        raise ConflictError(
            f"{label}: EC2 cannot change the description of a filter, from {quote(current['description'])} to "
            f"{quote(desired.values['description'])}. To create a new filter with the same rules, switch the sessions "
            "to the new filter and delete this filter, set name and allow_replacement: true."
        )
    merged = _with_inherited_values(desired, current)
    inherited = desired.tags.for_replacement(current["tags"])
    new_id: str | CreatedIdRef
    if state.successor is None:
        tags = inherited.change({})
        marked = replace(tags, write={**tags.write, REPLACES: current[FILTER.id_option]})
        check_tag_count(marked.write)
        actions, after = _create_actions(merged, f"replaces {label}, whose description cannot be changed", marked)
        new_id, final_tags = desired.new_id, TagChange({}, (REPLACES,), tags.result)
    else:
        if differences(FILTER, state.successor, {"description": desired.values["description"]}):
            raise _unfinished_replacement_error(current, state.successor)
        new_id, final_tags = (
            state.successor[FILTER.id_option],
            _remove_mark(inherited.change(state.successor["tags"])),
        )
        actions, after = _update_actions(merged, state.successor, TagChange({}, (), final_tags.result))
    switches = move_actions(FILTER, state.users, new_id)
    deletion = delete_action(FILTER, current, "replaced by another filter")
    tagging = tag_actions(FILTER, {**after, FILTER.id_option: new_id}, final_tags)
    return Plan(
        (*actions, *switches, deletion, *tagging),
        before=current,
        after=after,
        replaces=True,
        duplicates=_is_duplicate(desired, state),
    )


def _unfinished_replacement_error(current: ModuleParams, successor: ModuleParams) -> ConflictError:
    """Return the error for an unfinished replacement that does not match the task."""
    new_id = successor[FILTER.id_option]
    return ConflictError(
        f"{FILTER.label(current)}: the replacement by {FILTER.label(successor)} with the description "
        f"{quote(successor['description'])} is not finished. Run the task with that description to finish the "
        f"replacement, or switch the sessions of {new_id} to {current[FILTER.id_option]} and delete {new_id}."
    )


def _create_actions(desired: DesiredState, reason: str, tags: TagChange) -> tuple[list[Action], ModuleParams]:
    """Return the calls that create this filter with its services and rules, and the predicted filter."""
    services = desired.values.get("network_services", [])
    values = {"description": desired.values.get("description", ""), "network_services": services}
    rule_actions, rules = plan_rule_changes(desired.new_id, [], desired.children or (), purge=True)
    create = create_action(desired.new_id, values, tags, reason)
    actions = [create, *_service_actions("Add", desired.new_id, create.resource, services), *rule_actions]
    return actions, {**values, RULE.list_option: rules, "tags": tags.result}


def _update_actions(desired: DesiredState, current: ModuleParams, tags: TagChange) -> tuple[list[Action], ModuleParams]:
    """Return the calls that update an existing filter, and the resulting filter."""
    filter_id, label = current[FILTER.id_option], FILTER.label(current)
    old_services: list[str] = current["network_services"]
    new_services: list[str] = desired.values.get("network_services", old_services)
    added = [service for service in new_services if service not in old_services]
    removed = [service for service in old_services if service not in new_services]
    rule_actions, rules = plan_rule_changes(
        filter_id, current[RULE.list_option], desired.children, desired.purge_children
    )
    # As for rules, changes that mirror more packets come first, and changes that mirror fewer packets last.
    add = _service_actions("Add", filter_id, label, added)
    remove = _service_actions("Remove", filter_id, label, removed)
    actions = [*add, *rule_actions, *remove, *tag_actions(FILTER, current, tags)]
    services = [*(service for service in old_services if service not in removed), *added]
    return actions, {**current, "network_services": services, RULE.list_option: rules, "tags": tags.result}


def _is_duplicate(desired: DesiredState, state: CurrentState) -> Callable[[ModuleParams], bool]:
    """Return a predicate for filters that got the same name since the describe. EC2 does not enforce unique names."""
    return lambda row: row["tags"].get("Name") == desired.name and row[FILTER.id_option] not in state.ids


def _service_actions(verb: str, filter_id: str | CreatedIdRef, label: str, names: list[str]) -> list[Action]:
    """Return the call that adds or removes these network services, an empty list if there are no names.

    verb: "Add" or "Remove".
    """
    if not names:
        return []
    params = {FILTER.id_member: filter_id, f"{verb}NetworkServices": names}
    reason = f"network_services to {verb.lower()}: {', '.join(names)}"
    operation = "ModifyTrafficMirrorFilterNetworkServices"
    return [Action(operation, params, label, reason, resource_type=FILTER, on=(str(filter_id),))]


def _with_inherited_values(desired: DesiredState, current: ModuleParams) -> DesiredState:
    """Return the desired state of a filter that replaces this one: values that the task omits are inherited."""
    children = desired.children or ()
    listed = {(rule.values["direction"], rule.values["rule_number"]): rule for rule in children}
    inherited = []
    for row in current[RULE.list_option]:
        rule = listed.pop((row["direction"], row["rule_number"]), None)
        if rule is None and desired.children is not None and desired.purge_children:
            continue
        values = {field.option: row[field.option] for field in RULE.fields}
        rule = rule or DesiredState(RULE, True, None, None, values, TagRules())
        inherited.append(replace(rule, tags=rule.tags.for_replacement(row["tags"])))
    values = {"network_services": current["network_services"], **desired.values}
    return replace(desired, values=values, children=(*inherited, *listed.values()), purge_children=True)


def _needs_replacement(desired: DesiredState, current: ModuleParams) -> bool:
    """Whether the desired state requires a new filter, because EC2 cannot change the filter in place."""
    return desired.present and not FILTER.immutable_options.isdisjoint(differences(FILTER, current, desired.values))


def _may_replace(desired: DesiredState) -> bool:
    """Whether the task allows a replacement. A name is required, because the next run finds the new filter by name."""
    return desired.present and desired.allow_replacement and desired.name is not None


def _is_unambiguous(desired: DesiredState, row: ModuleParams) -> bool:
    """Whether other filters are irrelevant to the plan: the name does not change, and no replacement is involved."""
    has_name = desired.name in (None, row["tags"].get("Name"))
    return has_name and REPLACES not in row["tags"] and not _needs_replacement(desired, row)


def _remove_mark(tags: TagChange) -> TagChange:
    """Return the tag change with the additional removal of the tag REPLACES."""
    remaining = {key: value for key, value in tags.result.items() if key != REPLACES}
    return TagChange(tags.write, (*tags.remove, REPLACES), remaining)


OPTIONS = {
    "purge_rules": {"type": "bool", "default": True},
    **IN_USE_OPTIONS,
}
