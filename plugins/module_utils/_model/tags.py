# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired tags of a resource, and the tag changes that are necessary."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .errors import ValidationError
from .text import list_some, quote, truncate
from .validation import check_text

# "Restrictions" in the EC2 user guide, "Tag your Amazon EC2 resources".
KEY_LENGTH, VALUE_LENGTH, TAGS_PER_RESOURCE = 128, 256, 50
RESERVED = "aws:"
# Tag of a new filter or session during a replacement: the id of the resource that it replaces.
REPLACES = "vtap:replaces"
# Tag of a session that a fleet created: the fleet's name.
FLEET = "vtap:fleet"
INTERNAL_TAGS = (REPLACES, FLEET)


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
    with the prefix C(aws:) and to INTERNAL_TAGS. internal_tags: the INTERNAL_TAGS to set nevertheless.
    """

    tags: dict[str, str] | None = None
    purge: bool = True
    defaults: dict[str, str] = field(default_factory=dict)
    name: str | None = None
    ignore_keys: tuple[str, ...] = ()
    ignore_prefixes: tuple[str, ...] = ()
    internal_tags: dict[str, str] = field(default_factory=dict)

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
            if rules.is_protected("Name"):
                raise ValidationError(
                    "name sets the Name tag, which ignore_tag_keys or ignore_tag_key_prefixes excludes."
                )
        if len(rules.desired()) > TAGS_PER_RESOURCE:
            raise ValidationError(
                f"tags, default_tags and name set {len(rules.desired())} tags; a resource can have at most "
                f"{TAGS_PER_RESOURCE}."
            )
        return rules

    def desired(self) -> dict[str, str]:
        """Return the tags that the resource must have, without internal tags."""
        desired = {**self.defaults, **(self.tags or {})}
        if self.name is not None:
            desired["Name"] = self.name
        return desired

    def is_protected(self, key: str) -> bool:
        """Whether the tag with this key must not be set or deleted."""
        return key.startswith((RESERVED, *self.ignore_prefixes)) or key in (*self.ignore_keys, *INTERNAL_TAGS)

    def change(self, current: dict[str, str]) -> TagChange:
        """Return the change that a resource with these current tags needs.

        Raises ValidationError if the options set a tag with the prefix C(aws:) to a value that the resource does not
        have. An unchanged one is not an error, so results of an info module can be used as options.
        """
        desired = self.desired()
        reserved = sorted(k for k, v in desired.items() if k.startswith(RESERVED) and current.get(k) != v)
        if reserved:
            option = "tags" if set(reserved) & set(self.tags or {}) else "default_tags"
            raise ValidationError(
                f"{option}: keys beginning with {RESERVED} are reserved for AWS: {list_some(reserved)}."
            )
        write = {k: v for k, v in desired.items() if not self.is_protected(k) and current.get(k) != v}
        write.update({k: v for k, v in self.internal_tags.items() if current.get(k) != v})
        purge = self.purge and self.tags is not None
        remove = tuple(sorted(k for k in current if purge and k not in desired and not self.is_protected(k)))
        kept = {k: v for k, v in current.items() if k not in remove}
        return TagChange(write, remove, dict(sorted({**kept, **write}.items())))

    def for_replacement(self, current: dict[str, str]) -> TagRules:
        """Return the tag rules for the replacement of a resource with these current tags.

        The replacement gets the tags that the replaced resource would have after the change, except tags with the
        prefix C(aws:) and REPLACES.
        """
        result = self.change(current).result
        kept = {key: value for key, value in result.items() if not key.startswith(RESERVED) and key != REPLACES}
        return replace(self, tags=kept, defaults={}, ignore_keys=(), ignore_prefixes=())


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
        if len(str(value)) > VALUE_LENGTH:
            raise ValidationError(
                f"{option}: the value of {truncate(key)} must have 0 to {VALUE_LENGTH} characters, not "
                f"{len(str(value))}."
            )
        check_text(f"{option}: a key", str(key))
        check_text(f"{option}: the value of {truncate(key)}", str(value))
    return {str(key): str(value) for key, value in tags.items()}
