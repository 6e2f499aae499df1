# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is and what should be to the calls that make it so, as values. Pure: nothing here calls anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Callable

from ansible_collections.vtap.aws.plugins.module_utils import resource
from ansible_collections.vtap.aws.plugins.module_utils.resource import (
    Ambiguous,
    BadInput,
    Kind,
    Members,
    Options,
    Refused,
)
from ansible_collections.vtap.aws.plugins.module_utils.tags import TAGS_PER_RESOURCE, TagChange, TagRules
from ansible_collections.vtap.aws.plugins.module_utils.words import quote, short


@dataclass(frozen=True)
class Pending:
    """The id of an object that does not exist yet: in check mode, one of this name that an earlier task would make."""

    name: str

    def __str__(self) -> str:
        return f"the one named {self.name}"


@dataclass(frozen=True)
class Made:
    """The id of the object of this kind that an earlier call of the same plan makes."""

    kind: Kind

    def __str__(self) -> str:
        return f"the new {self.kind.noun}"


@dataclass(frozen=True)
class Wanted:
    """What a task asks for.

    present: C(state). id, name: as given. values: the options of the kind's fields that are given, plus the read-only
    ones, in the spelling that results have. tags: the tag rules. allow_replacement: as given.
    parts: what the object's parts should be, None if the task does not say; each has values for all its fields.
    purge_parts: whether parts that are not among these go.
    """

    kind: Kind
    present: bool
    id: str | None
    name: str | None
    values: Options
    tags: TagRules
    allow_replacement: bool = False
    parts: tuple[Wanted, ...] | None = None
    purge_parts: bool = True

    @classmethod
    def from_options(cls, kind: Kind, params: Options) -> Wanted:
        """Raises BadInput for options that cannot be right whatever EC2 holds."""
        wanted = cls(
            kind=kind,
            present=params["state"] == "present",
            id=params.get(kind.id_option),
            name=params.get("name"),
            values={
                **{option: params[option] for option in kind.read_only if params.get(option) is not None},
                **{f.option: f.parse(params[f.option]) for f in kind.fields if params.get(f.option) is not None},
            },
            tags=TagRules.from_options(params),
            allow_replacement=params["allow_replacement"],
        )
        if wanted.id is not None:
            resource.check_id(kind.id_option, wanted.id, kind.prefix)
        if kind.parts is None or params.get(kind.parts.listed) is None:
            return wanted
        parts = tuple(cls._part(kind.parts, params, part) for part in params[kind.parts.listed])
        return replace(wanted, parts=parts, purge_parts=params[f"purge_{kind.parts.listed}"])

    @classmethod
    def _part(cls, kind: Kind, params: Options, given: Options) -> Wanted:
        """One part as its entry in the list says, which is the whole of it: what it leaves out is not set."""
        label = " ".join(short(given.get(option)) for option in kind.identifying)
        try:
            values = {
                field.option: field.unset if given.get(field.option) is None else field.parse(given[field.option])
                for field in kind.fields
            }
            tags = TagRules.from_options({**params, "name": None, "tags": given.get("tags")})
        except BadInput as error:
            raise BadInput(f"{kind.listed}: {label}: {error}") from error
        return cls(kind, True, None, None, values, tags)

    def key(self, options: tuple[str, ...]) -> Options | None:
        """These options with their values, None unless all are given."""
        if not options or any(option not in self.values for option in options):
            return None
        return {option: self.values[option] for option in options}


@dataclass(frozen=True)
class Action:
    """One call to EC2.

    operation, params: the action and its members. resource: what it works on, in words. reason: why.
    kind: of the object or part in the reply that the result shows, None if there is none. creates: whether it makes it.
    gone_is_done: whether an object that is already gone is as good as a success.
    on: the resources that IAM checks.
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
        return any(isinstance(one, (Pending, Made)) for one in _single(self.params))

    @property
    def needs_made(self) -> bool:
        """Whether it needs the id of an object that an earlier call of the plan makes."""
        return any(isinstance(one, Made) for one in _single(self.params))

    def filled(self, ids: dict[Kind, str]) -> Members:
        """Its members with the ids that earlier calls gave."""

        def fill(value: Any) -> Any:
            if isinstance(value, list):
                return [fill(one) for one in value]
            return ids[value.kind] if isinstance(value, Made) else value

        return {member: fill(value) for member, value in self.params.items()}

    def describe(self) -> dict[str, str]:
        """For people: the three things a result says of each call."""
        return {"operation": self.operation, "resource": self.resource, "reason": self.reason}


@dataclass(frozen=True)
class Plan:
    """The calls in their order, and the object before and after them.

    before, after: the object in the options' words, None if there is none. In C(after) the keys that only EC2 knows
    in advance are left out. replaces: whether one object takes the place of another, so that EC2 is asked first whether
    that may be removed. rivals: whether an object, which is not the one that the plan makes, has come meanwhile and
    takes its place; None where EC2 itself sees to it that there is but one.
    """

    actions: tuple[Action, ...] = ()
    before: Options | None = None
    after: Options | None = None
    replaces: bool = False
    rivals: Callable[[Options], bool] | None = None


def find(wanted: Wanted, rows: Iterable[Options]) -> Options | None:
    """The one object that the task means, None if it does not exist.

    rows: every object that could be it. In this order: its id, its natural key, its name within its scope. Raises
    Ambiguous if there are several, Refused if two of the three point at different objects.
    """
    kind, rows = wanted.kind, list(rows)
    key = next((key for options in kind.natural_keys if (key := wanted.key(options))), None)
    scope = {option: wanted.values[option] for option in kind.name_scope if option in wanted.values}
    by_id = [row for row in rows if wanted.id is not None and row[kind.id_option] == wanted.id]
    by_key = [row for row in rows if key is not None and has(row, key)]
    by_name = [row for row in rows if wanted.name is not None and row["tags"].get("Name") == wanted.name]
    by_name = [row for row in by_name if has(row, scope)]
    if wanted.id is not None:
        candidates, words = by_id, f"{kind.id_option} {wanted.id}"
    elif by_key:
        # What EC2 does not hold to be unique may still be told apart by its name.
        candidates = [row for row in by_key if row in by_name] if len(by_key) > 1 else by_key
        candidates, words = (
            candidates or by_key,
            " and ".join(f"{option} {value}" for option, value in (key or {}).items()),
        )
    else:
        candidates, words = by_name, f"name {wanted.name}"
    if len(candidates) > 1:
        raise Ambiguous(
            f"{words} fits {len(candidates)} {kind.noun}s, give {kind.id_option}: {_labels(kind, candidates)}."
        )
    if not candidates:
        return None
    one = candidates[0]
    others = [row for row in by_key if row is not one and one not in by_key]
    if one not in by_name:
        others += [row for row in by_name if row not in others]
    if others:
        raise Refused(
            f"The options point at different {kind.noun}s: {words} at {kind.label(one)}, "
            f"the rest at {_labels(kind, others)}. Correct the options, or rename or renumber one of them first."
        )
    return one


def has(row: Options, values: Options) -> bool:
    """Whether the object has these values, and its parts have those of theirs."""
    return all(_is(row.get(option), value) for option, value in values.items())


def shows(kind: Kind, row: Options, expected: Options, before: Options) -> bool:
    """Whether a described object is as expected, whatever tags somebody else has given it or its parts meanwhile.

    before: the object before the change, which says what tags have gone.
    """
    parts = kind.parts.listed if kind.parts else ""
    tags = expected.get("tags", {})
    removed = before.get("tags", {}).keys() - tags.keys()
    if not tags.items() <= row["tags"].items() or not removed.isdisjoint(row["tags"]):
        return False
    if not has(row, {option: value for option, value in expected.items() if option not in ("tags", parts)}):
        return False
    if not kind.parts or parts not in expected:
        return True
    old = {part[kind.parts.id_option]: part for part in before.get(parts, ())}
    return len(row[parts]) == len(expected[parts]) and all(
        shows(kind.parts, part, wanted, old.get(part[kind.parts.id_option], {}))
        for part, wanted in zip(row[parts], expected[parts])
    )


def differences(kind: Kind, current: Options, values: Options) -> Options:
    """Those of the values that the object does not have and a task can ask for."""
    return {
        f.option: values[f.option]
        for f in kind.fields
        if f.change != "never" and f.option in values and current.get(f.option) != values[f.option]
    }


def create(kind: Kind, values: Options, tags: TagChange, reason: str, parent: str | Made = "") -> Action:
    """The call that makes an object with these values and tags. Tags go along, so it never exists without them.

    parent: the id of the object that it is a part of.
    """
    params = {**({kind.parent: parent} if kind.parent else {}), **resource.members(kind, values)}
    if tags.write:
        params["TagSpecifications"] = [{"ResourceType": kind.resource_type, "Tags": _tag_list(tags.write)}]
    return Action(
        f"Create{kind.api}",
        params,
        resource=kind.label({**values, "tags": tags.write}),
        reason=reason,
        kind=kind,
        creates=True,
        on=(*([str(parent)] if parent else []), *_referenced(kind, params), f"a new {kind.resource_type}"),
    )


def modify(kind: Kind, current: Options, values: Options, parent: str = "") -> list[Action]:
    """The one call that gives the object these values, none if there are none to give.

    parent: the id of the object that it is a part of.
    """
    if not differences(kind, current, values):
        return []
    params = {kind.id_member: current[kind.id_option], **resource.members(kind, values)}
    removed = resource.resets(kind, values)
    if removed:
        params["RemoveFields"] = removed
    changed = differences(kind, current, values).items()
    reason = ", ".join(f"{option}: {_show(current.get(option))} -> {_show(value)}" for option, value in changed)
    on = (*([parent] if parent else []), current[kind.id_option], *_referenced(kind, params))
    return [Action(f"Modify{kind.api}", params, kind.label(current), reason, kind=kind, on=on)]


def retag(kind: Kind, current: Options, change: TagChange) -> list[Action]:
    """The calls that change the tags, each only if there is something for it to do."""
    found, actions, on = current[kind.id_option], [], (str(current[kind.id_option]),)
    if change.write:
        reason = f"tags to set: {', '.join(f'{key}={value}' for key, value in sorted(change.write.items()))}"
        params = {"Resources": [found], "Tags": _tag_list(change.write)}
        actions.append(Action("CreateTags", params, kind.label(current), reason, on=on))
    if change.remove:
        reason = f"tags to remove: {', '.join(change.remove)}"
        params = {"Resources": [found], "Tags": [{"Key": key} for key in change.remove]}
        actions.append(Action("DeleteTags", params, kind.label(current), reason, on=on))
    # New tags first, so that a refusal takes nothing away; but never above the number that EC2 holds.
    if len({**current["tags"], **change.write}) > TAGS_PER_RESOURCE:
        actions.reverse()
    return actions


def move(kind: Kind, sessions: Iterable[Options], new_id: str | Made) -> list[Action]:
    """The calls that give each of these sessions another filter or target. The sessions keep their ids."""
    return [
        replace(action, kind=None)
        for row in sessions
        for action in modify(resource.SESSION, row, {kind.id_option: new_id})
    ]


def delete(kind: Kind, current: Options, reason: str, parent: str = "") -> Action:
    """The call that removes the object. parent: the id of the object that it is a part of."""
    found = current[kind.id_option]
    params, on = {kind.id_member: found}, (*([parent] if parent else []), found)
    return Action(f"Delete{kind.api}", params, kind.label(current), reason, gone_is_done=True, on=on)


def absent(wanted: Wanted, current: Options | None) -> Plan:
    """The plan that removes the object. Raises Refused if it is not in all the one that the task describes."""
    kind = wanted.kind
    if current is None:
        return Plan()
    if wanted.id is None and any(key and not has(current, key) for key in map(wanted.key, kind.natural_keys)):
        return Plan()  # another one has the name; where the task says, there is none
    for option in kind.identifying:
        if option in wanted.values and wanted.values[option] != current.get(option):
            raise Refused(
                f"{kind.label(current)} is not on {option} {wanted.values[option]}; nothing was removed. "
                f"Correct {option} or leave it out."
            )
    if wanted.name is not None and current["tags"].get("Name") != wanted.name:
        raise Refused(
            f"{kind.label(current)} is not named {quote(wanted.name)}; nothing was removed. "
            "Correct name or leave it out."
        )
    return Plan((delete(kind, current, "state is absent"),), before=current)


def check_needed(wanted: Wanted, values: Options) -> None:
    """Raise BadInput unless these values suffice to make the object."""
    missing = [option for option in wanted.kind.needed if option not in values]
    if missing:
        raise BadInput(f"No such {wanted.kind.noun} exists, and to create one the task lacks: {', '.join(missing)}.")


def check_read_only(wanted: Wanted, current: Options) -> None:
    """Raise Refused if the task states an owner or ARN that the object does not have."""
    for option in wanted.kind.read_only:
        if wanted.values.get(option, current.get(option)) != current.get(option):
            label = wanted.kind.label(current)
            raise Refused(
                f"{option} is {current.get(option)} for {label}, not {short(wanted.values[option])}; it cannot be set."
            )


def check_own(kind: Kind, plan: Plan, is_foreign: Callable[[str | None], bool]) -> None:
    """Raise Refused if the plan would touch an object of another account.

    is_foreign: says so of an owner; asked only if there is something to do, since it may take a call.
    """
    if plan.actions and plan.before is not None:
        check_owner(kind, plan.before, is_foreign)


def check_owner(kind: Kind, found: Options, is_foreign: Callable[[str | None], bool]) -> None:
    """Raise Refused if the object belongs to another account."""
    if is_foreign(found.get("owner_id")):
        raise Refused(f"{kind.label(found)} belongs to another account; only its owner can change or remove it.")


def unknown_dropped(found: Options) -> Options:
    """The object without the keys whose value nobody but EC2 knows yet."""
    return {key: value for key, value in found.items() if not isinstance(value, Pending)}


def learned(after: Options, kind: Kind, row: Options) -> Options:
    """The object with what EC2's reply shows of it, or of one of its parts.

    Tags are those of the plan: they are what was asked for, and a Modify reply does not hold them. So are the parts of
    the object where the reply is not about one of them: each has a reply of its own.
    """
    if kind.parent:
        parts = [
            {**row, "tags": part["tags"]} if all(part[o] == row[o] for o in kind.identifying) else part
            for part in after[kind.listed]
        ]
        return {**after, kind.listed: parts}
    kept = {kind.parts.listed: after[kind.parts.listed]} if kind.parts else {}
    return {**row, **kept, "tags": after["tags"]}


def _is(value: Any, expected: Any) -> bool:
    if isinstance(expected, list) and isinstance(value, list) and any(isinstance(one, dict) for one in expected):
        return len(value) == len(expected) and all(has(row, values) for row, values in zip(value, expected))
    return bool(value == expected)


def _single(params: Members) -> Iterable[Any]:
    for value in params.values():
        yield from value if isinstance(value, list) else [value]


def _referenced(kind: Kind, params: Members) -> list[str]:
    return [str(params[field.member]) for field in kind.fields if field.prefix and field.member in params]


def _tag_list(tags: dict[str, str]) -> list[Members]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _labels(kind: Kind, rows: Iterable[Options]) -> str:
    return "; ".join(kind.label(row) for row in rows)


def _show(value: Any) -> str:
    return str(value) if isinstance(value, (Pending, Made)) else repr(value)
