# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is and what should be to the calls that make it so, as values. Pure: nothing here calls anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.vtap.aws.plugins.module_utils import resource
from ansible_collections.vtap.aws.plugins.module_utils.resource import BadInput, Kind, Members, Options, Refused
from ansible_collections.vtap.aws.plugins.module_utils.tags import TAGS_PER_RESOURCE, TagChange, TagRules


@dataclass(frozen=True)
class Pending:
    """The id of an object that does not exist yet: in check mode, one that an earlier task would make."""

    name: str


@dataclass(frozen=True)
class Wanted:
    """What a task asks for.

    present: C(state). id, name: as given. values: the options of the kind's fields that are given, plus the read-only
    ones. tags: the tag rules. allow_replacement: as given.
    """

    kind: Kind
    present: bool
    id: str | None
    name: str | None
    values: Options
    tags: TagRules
    allow_replacement: bool = False

    @classmethod
    def from_options(cls, kind: Kind, params: Options) -> Wanted:
        """Raises BadInput for options that cannot be right whatever EC2 holds."""
        wanted = cls(
            kind=kind,
            present=params["state"] == "present",
            id=params.get(kind.id_option),
            name=params.get("name"),
            values={
                option: params[option]
                for option in (*(f.option for f in kind.fields), *resource.READ_ONLY)
                if params.get(option) is not None
            },
            tags=TagRules.from_options(params),
            allow_replacement=params["allow_replacement"],
        )
        if wanted.id is not None:
            resource.check_id(kind.id_option, wanted.id, kind.prefix)
        for declared in kind.fields:
            if declared.option in wanted.values:
                declared.check(wanted.values[declared.option])
        return wanted

    def key(self, options: tuple[str, ...]) -> Options | None:
        """These options with their values, None unless all are given."""
        if not options or any(option not in self.values for option in options):
            return None
        return {option: self.values[option] for option in options}


@dataclass(frozen=True)
class Action:
    """One call to EC2.

    operation, params: the action and its members. resource: what it works on, in words. reason: why.
    kind: of the object in the reply, None if the reply holds none. creates: whether it makes that object.
    gone_is_done: whether an object that is already gone is as good as a success.
    on: the resources that IAM checks, besides the one that a Create makes.
    """

    operation: str
    params: Members
    resource: str
    reason: str
    kind: Kind | None = None
    creates: bool = False
    gone_is_done: bool = False
    on: tuple[str, ...] = ()

    @property
    def pending(self) -> bool:
        """Whether it needs the id of an object that does not exist yet."""
        return any(isinstance(value, Pending) for value in self.params.values())

    def describe(self) -> dict[str, str]:
        """For people: the three things a result says of each call."""
        return {"operation": self.operation, "resource": self.resource, "reason": self.reason}


@dataclass(frozen=True)
class Plan:
    """The calls in their order, and the object before and after them.

    before, after: the object in the options' words, None if there is none. In C(after) the keys that only EC2 knows
    in advance are left out. undo: whether what the plan has made is removed again if a later call is refused.
    """

    actions: tuple[Action, ...] = ()
    before: Options | None = None
    after: Options | None = None
    undo: bool = False


def find(wanted: Wanted, rows: Iterable[Options]) -> Options | None:
    """The one object that the task means, None if it does not exist.

    rows: every object that could be it. In this order: its id, its natural key, its name within its scope. Raises
    Refused if there are several, or if two of the three point at different objects.
    """
    kind, rows = wanted.kind, list(rows)
    key, scope = wanted.key(kind.natural_key), {o: wanted.values[o] for o in kind.name_scope if o in wanted.values}
    by_id = [row for row in rows if wanted.id is not None and row[kind.id_option] == wanted.id]
    by_key = [row for row in rows if key is not None and has(row, key)]
    by_name = [row for row in rows if wanted.name is not None and row["tags"].get("Name") == wanted.name]
    by_name = [row for row in by_name if has(row, scope)]
    if wanted.id is not None:
        candidates, words = by_id, f"{kind.id_option} {wanted.id}"
    elif by_key:
        candidates, words = by_key, " and ".join(f"{option} {value}" for option, value in (key or {}).items())
    else:
        candidates, words = by_name, f"name {wanted.name}"
    if len(candidates) > 1:
        raise Refused(
            f"{words} fits {len(candidates)} {kind.noun}s, give {kind.id_option}: {_labels(kind, candidates)}."
        )
    if not candidates:
        return None
    one = candidates[0]
    others = [row for row in by_key if row is not one]
    if one not in by_name:
        others += [row for row in by_name if row not in others]
    if others:
        raise Refused(
            f"The options point at different {kind.noun}s: {words} at {kind.label(one)}, "
            f"the rest at {_labels(kind, others)}. Correct the options, or rename or renumber one of them first."
        )
    return one


def has(row: Options, values: Options) -> bool:
    """Whether the object has these values."""
    return all(row.get(option) == value for option, value in values.items())


def differences(kind: Kind, current: Options, values: Options) -> Options:
    """Those of the values that the object does not have."""
    return {
        f.option: values[f.option] for f in kind.fields if f.option in values and current[f.option] != values[f.option]
    }


def create(kind: Kind, values: Options, tags: TagChange, reason: str) -> Action:
    """The call that makes an object with these values and tags. Tags go along, so it never exists without them."""
    params = resource.members(kind, values)
    if tags.write:
        params["TagSpecifications"] = [{"ResourceType": kind.resource_type, "Tags": _tag_list(tags.write)}]
    return Action(
        f"Create{kind.api}",
        params,
        resource=kind.label({**values, "tags": tags.write}),
        reason=reason,
        kind=kind,
        creates=True,
        on=tuple(str(params[f.member]) for f in kind.fields if f.prefix and f.member in params),
    )


def modify(kind: Kind, current: Options, values: Options) -> list[Action]:
    """The one call that gives the object these values, none if there are none to give."""
    if not values:
        return []
    params = {kind.id_member: current[kind.id_option], **resource.members(kind, values)}
    removed = resource.resets(kind, values)
    if removed:
        params["RemoveFields"] = removed
    reason = ", ".join(f"{option}: {_show(current[option])} -> {_show(value)}" for option, value in values.items())
    on = (current[kind.id_option], *(str(params[f.member]) for f in kind.fields if f.prefix and f.member in params))
    return [Action(f"Modify{kind.api}", params, kind.label(current), reason, kind=kind, on=on)]


def retag(kind: Kind, current: Options, change: TagChange) -> list[Action]:
    """The calls that change the tags, each only if there is something for it to do."""
    found, actions = current[kind.id_option], []
    if change.write:
        reason = f"tags to set: {', '.join(f'{key}={value}' for key, value in sorted(change.write.items()))}"
        params = {"Resources": [found], "Tags": _tag_list(change.write)}
        actions.append(Action("CreateTags", params, kind.label(current), reason, on=(found,)))
    if change.remove:
        reason = f"tags to remove: {', '.join(change.remove)}"
        params = {"Resources": [found], "Tags": [{"Key": key} for key in change.remove]}
        actions.append(Action("DeleteTags", params, kind.label(current), reason, on=(found,)))
    # New tags first, so that a refusal takes nothing away; but never above the number that EC2 holds.
    if len({**current["tags"], **change.write}) > TAGS_PER_RESOURCE:
        actions.reverse()
    return actions


def delete(kind: Kind, current: Options, reason: str) -> Action:
    """The call that removes the object."""
    found = current[kind.id_option]
    params = {kind.id_member: found}
    return Action(f"Delete{kind.api}", params, kind.label(current), reason, gone_is_done=True, on=(found,))


def check_needed(wanted: Wanted, values: Options) -> None:
    """Raise BadInput unless these values suffice to make the object."""
    missing = [option for option in wanted.kind.needed if option not in values]
    if missing:
        raise BadInput(f"No such {wanted.kind.noun} exists, and to create one the task lacks: {', '.join(missing)}.")


def check_read_only(wanted: Wanted, current: Options) -> None:
    """Raise Refused if the task states an owner or ARN that the object does not have."""
    for option in resource.READ_ONLY:
        if wanted.values.get(option, current.get(option)) != current.get(option):
            label = wanted.kind.label(current)
            raise Refused(
                f"{option} is {current.get(option)} for {label}, not {wanted.values[option]}; it cannot be set."
            )


def check_own(kind: Kind, plan: Plan, is_foreign: Callable[[str | None], bool]) -> None:
    """Raise Refused if the plan would touch an object of another account.

    is_foreign: says so of an owner; asked only if there is something to do, since it may take a call.
    """
    if plan.actions and plan.before is not None and is_foreign(plan.before.get("owner_id")):
        label = kind.label(plan.before)
        raise Refused(f"{label} belongs to another account; only its owner can change or remove it.")


def unknown_dropped(found: Options) -> Options:
    """The object without the keys whose value nobody but EC2 knows yet."""
    return {key: value for key, value in found.items() if not isinstance(value, Pending)}


def _tag_list(tags: dict[str, str]) -> list[Members]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _labels(kind: Kind, rows: Iterable[Options]) -> str:
    return "; ".join(kind.label(row) for row in rows)


def _show(value: Any) -> str:
    return f"the one named {value.name}" if isinstance(value, Pending) else repr(value)
