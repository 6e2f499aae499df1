# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired tags of a resource, and the tag changes that are necessary."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .errors import ConflictError, ValidationError
from .text import quote, truncate
from .validation import check_not_boolean, check_text

# "Restrictions" in the EC2 user guide, "Tag your Amazon EC2 resources".
KEY_LENGTH, VALUE_LENGTH, TAGS_PER_RESOURCE = 128, 256, 50
RESERVED = "aws:"
# Tag of a new filter or session during a replacement: the id of the resource that it replaces.
REPLACES = "vtap:replaces"
# Tag of a session with the time at which it expires, see expiry.py.
EXPIRES = "vtap:expires"
# Ownership marks: the tag of a session that a fleet created, of a resource that a stack created (both have its name),
# and of a resource of a CloudFormation stack (AWS CloudFormation User Guide, "Resource tag").
FLEET = "vtap:fleet"
STACK = "vtap:stack"
CLOUDFORMATION = "aws:cloudformation:stack-id"
OWNERSHIP_MARKS = (FLEET, STACK, CLOUDFORMATION)
INTERNAL_TAGS = (REPLACES, EXPIRES, FLEET, STACK)


@dataclass(frozen=True)
class TagChange:
    """A tag change.

    write: tags to set. remove: keys of tags to delete. result: all tags of the resource after the change.
    """

    write: dict[str, str]
    remove: tuple[str, ...]
    result: dict[str, str]


@dataclass(frozen=True)
class TagRules:
    """The tag options of a task.

    tags: the option O(tags), None if omitted. purge: the option O(purge_tags); it has an effect only if C(tags) is set.
    defaults: the option O(default_tags). C(tags) takes precedence.
    name: the value of the Name tag; None if only C(tags) sets it.
    ignore_keys, ignore_prefixes: keys, and prefixes of keys, that are never set or deleted. The same applies to keys
    with the prefix C(aws:) and to INTERNAL_TAGS. internal_tags: the INTERNAL_TAGS to set nevertheless. removed_marks:
    the INTERNAL_TAGS to remove.
    """

    tags: dict[str, str] | None = None
    purge: bool = True
    defaults: dict[str, str] = field(default_factory=dict)
    name: str | None = None
    ignore_keys: tuple[str, ...] = ()
    ignore_prefixes: tuple[str, ...] = ()
    internal_tags: dict[str, str] = field(default_factory=dict)
    removed_marks: tuple[str, ...] = ()

    @classmethod
    def from_options(cls, params: dict[str, Any]) -> TagRules:
        """Create the rules from module options. Raises ValidationError for invalid tags."""
        tags, name = params.get("tags"), params.get("name")
        rules = cls(
            tags=None if tags is None else _strings("tags", tags),
            purge=params["purge_tags"],
            defaults=_strings("default_tags", params.get("default_tags") or {}),
            name=name,
            ignore_keys=tuple(params.get("ignore_tag_keys") or ()),
            ignore_prefixes=tuple(params.get("ignore_tag_key_prefixes") or ()),
        )
        if "" in rules.ignore_prefixes:
            # Every key has the empty prefix. It is probably an empty variable.
            raise ValidationError("ignore_tag_key_prefixes must not have an empty entry, because it matches every tag.")
        if name is not None:
            check_name("name", name)
            tagged = (rules.tags or {}).get("Name", name)
            if tagged != name:
                raise ValidationError(
                    f"name is {quote(name)} but tags sets Name to {quote(tagged)}; set only one of them."
                )
            if rules.is_ignored("Name"):
                raise ValidationError(
                    "name sets the Name tag, which ignore_tag_keys or ignore_tag_key_prefixes excludes."
                )
        if "Name" in rules.defaults:
            raise ValidationError("default_tags must not set Name, because it would name all resources alike.")
        return rules

    def desired(self) -> dict[str, str]:
        """Return the tags that the resource must have, without internal tags."""
        desired = {**self.defaults, **(self.tags or {})}
        if self.name is not None:
            desired["Name"] = self.name
        return desired

    def is_ignored(self, key: str) -> bool:
        """Whether ignore_keys or ignore_prefixes exclude the tag with this key."""
        return key in self.ignore_keys or key.startswith(self.ignore_prefixes)

    def is_protected(self, key: str) -> bool:
        """Whether the tag with this key must not be set or deleted."""
        return is_reserved(key) or key in INTERNAL_TAGS or self.is_ignored(key)

    def change(self, current: dict[str, str]) -> TagChange:
        """Return the change that a resource with these current tags needs.

        The Name tag is never removed. Raises ValidationError if the options set a reserved tag or one of INTERNAL_TAGS
        to a value that the resource does not have; an unchanged one is not an error, so that results of an info module
        can be used as options. Raises ConflictError if the resource would have too many tags.
        """
        desired = self.desired()
        self._check_settable(desired, current)
        write = {k: v for k, v in desired.items() if not self.is_protected(k) and current.get(k) != v}
        write.update({k: v for k, v in self.internal_tags.items() if current.get(k) != v})
        purge = self.purge and self.tags is not None
        unlisted = (k for k in current if purge and k not in desired and k != "Name" and not self.is_protected(k))
        remove = tuple(sorted({*unlisted, *(mark for mark in self.removed_marks if mark in current)}))
        kept = {k: v for k, v in current.items() if k not in remove}
        result = dict(sorted({**kept, **write}.items()))
        if write:
            check_tag_count(result)
        return TagChange(write, remove, result)

    def _check_settable(self, desired: dict[str, str], current: dict[str, str]) -> None:
        for key, value in desired.items():
            if current.get(key) == value or self.internal_tags.get(key) == value or self.is_ignored(key):
                continue
            if key in self.removed_marks:
                continue  # the tag that an info module returned before this task removed it
            option = "tags" if key in (self.tags or {}) else "default_tags"
            if is_reserved(key):
                raise ValidationError(
                    f"{option}: {truncate(key)}: keys that begin with {RESERVED} are reserved for AWS, in any case of "
                    "letters."
                )
            if key in INTERNAL_TAGS:
                remedy = " Set the expiry of a session by its options." if key == EXPIRES else ""
                raise ValidationError(f"{option}: {key} is set only by the modules of this collection.{remedy}")

    def for_replacement(self, current: dict[str, str]) -> TagRules:
        """Return the tag rules for the replacement of a resource with these current tags.

        The replacement gets the tags that the replaced resource would have after the change, except reserved tags and
        INTERNAL_TAGS. Raises ValidationError if the options set such a tag: the replacement does not have it.
        """
        self._check_settable(self.desired(), {})
        result = self.change(current).result
        kept = {key: value for key, value in result.items() if not (is_reserved(key) or key in INTERNAL_TAGS)}
        return replace(self, tags=kept, defaults={}, ignore_keys=(), ignore_prefixes=())


def is_reserved(key: str) -> bool:
    """Whether the key of a tag is reserved for AWS: it begins with C(aws:), in any case of letters."""
    return key.lower().startswith(RESERVED)


def check_tag_count(tags: dict[str, str]) -> None:
    """Raise ConflictError if a resource cannot have so many tags. Tags of AWS do not count (EC2 User Guide)."""
    count = sum(not is_reserved(key) for key in tags)
    if count > TAGS_PER_RESOURCE:
        raise ConflictError(
            f"TagLimitExceeded: the resource would have {count} tags, and EC2 allows {TAGS_PER_RESOURCE}. List fewer "
            "tags, or remove tags with purge_tags: true."
        )


def check_name(option: str, name: str) -> None:
    """Raise ValidationError unless this is a valid value of a Name tag or a valid name of a fleet."""
    if not 1 <= len(name) <= VALUE_LENGTH:
        raise ValidationError(f"{option} must have 1 to {VALUE_LENGTH} characters, not {len(name)}.")
    check_text(option, name)


def _strings(option: str, tags: dict[Any, Any]) -> dict[str, str]:
    """Return the tags with keys and values converted to strings. Raises ValidationError for invalid tags."""
    for key, value in tags.items():
        if not 1 <= len(str(key)) <= KEY_LENGTH:
            raise ValidationError(
                f"{option}: a key must have 1 to {KEY_LENGTH} characters, not {len(str(key))}: {truncate(key)}."
            )
        if value is None or isinstance(value, (dict, list)):
            raise ValidationError(f"{option}: the value of {truncate(key)} must be a string; use '' for an empty one.")
        check_not_boolean(option, truncate(key), value)
        if len(str(value)) > VALUE_LENGTH:
            raise ValidationError(
                f"{option}: the value of {truncate(key)} must have 0 to {VALUE_LENGTH} characters, not "
                f"{len(str(value))}."
            )
        check_text(f"{option}: a key", str(key))
        check_text(f"{option}: the value of {truncate(key)}", str(value))
    return {str(key): str(value) for key, value in tags.items()}
