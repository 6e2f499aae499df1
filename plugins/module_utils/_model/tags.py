# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tags an object should have, and what to change to get there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .errors import ValidationError
from .text import list_some, quote, truncate
from .validation import check_text

# "Restrictions" in the EC2 user guide, "Tag your Amazon EC2 resources".
KEY_LENGTH, VALUE_LENGTH, TAGS_PER_RESOURCE = 128, 256, 50
RESERVED = "aws:"
# On a filter or session that is to replace another: the other's id, until the replacement is through.
REPLACES = "vtap:replaces"
# On a session that a fleet made: the fleet's name.
FLEET = "vtap:fleet"
MARKS = (REPLACES, FLEET)


@dataclass(frozen=True)
class TagChange:
    """What to write (key: value), what to remove (keys), and all tags of the object afterwards."""

    write: dict[str, str]
    remove: tuple[str, ...]
    result: dict[str, str]


@dataclass(frozen=True)
class TagRules:
    """The tag options of a task.

    tags: what O(tags) says, None when it is not given; only then does O(purge) remove anything.
    defaults: written under tags, so a key in both has the value of tags.
    name: the value of the Name tag, None to leave it to tags.
    ignore_keys, ignore_prefixes: keys that are never written nor removed, like those that begin with C(aws:) and
    MARKS. marks: those of MARKS that are written all the same.
    """

    tags: dict[str, str] | None = None
    purge: bool = True
    defaults: dict[str, str] = field(default_factory=dict)
    name: str | None = None
    ignore_keys: tuple[str, ...] = ()
    ignore_prefixes: tuple[str, ...] = ()
    marks: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_options(cls, params: dict[str, Any]) -> TagRules:
        """The rules that a module's options state. Raises ValidationError for tags that EC2 cannot hold."""
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
            # What is left of a variable that is empty; every key begins with it.
            raise ValidationError("ignore_tag_key_prefixes must not have an empty entry, which would ignore every tag.")
        if name is not None:
            check_name("name", name)
            tagged = (rules.tags or {}).get("Name", name)
            if tagged != name:
                raise ValidationError(
                    f"name says {quote(name)} but tags say Name {quote(tagged)}; give one of the two."
                )
            if rules.protects("Name"):
                raise ValidationError(
                    "name needs the Name tag, which ignore_tag_keys or ignore_tag_key_prefixes exclude."
                )
        if len(rules.desired()) > TAGS_PER_RESOURCE:
            raise ValidationError(
                f"tags, default_tags and name make {len(rules.desired())} tags, EC2 takes {TAGS_PER_RESOURCE}."
            )
        return rules

    def desired(self) -> dict[str, str]:
        """The tags that the object must have, whatever else it has."""
        desired = {**self.defaults, **(self.tags or {})}
        if self.name is not None:
            desired["Name"] = self.name
        return desired

    def protects(self, key: str) -> bool:
        """Whether this key is never written nor removed."""
        return key.startswith((RESERVED, *self.ignore_prefixes)) or key in (*self.ignore_keys, *MARKS)

    def change(self, current: dict[str, str]) -> TagChange:
        """What to change on an object with these tags.

        Raises ValidationError when a tag that only AWS may set is wanted with a value it does not have: an object that
        an info module returned can be fed back whole, so such a tag is no error as long as it is already there.
        """
        desired = self.desired()
        reserved = sorted(k for k, v in desired.items() if k.startswith(RESERVED) and current.get(k) != v)
        if reserved:
            option = "tags" if set(reserved) & set(self.tags or {}) else "default_tags"
            raise ValidationError(
                f"{option}: keys beginning with {RESERVED} are reserved for AWS: {list_some(reserved)}."
            )
        write = {k: v for k, v in desired.items() if not self.protects(k) and current.get(k) != v}
        write.update({k: v for k, v in self.marks.items() if current.get(k) != v})
        purge = self.purge and self.tags is not None
        remove = tuple(sorted(k for k in current if purge and k not in desired and not self.protects(k)))
        kept = {k: v for k, v in current.items() if k not in remove}
        return TagChange(write, remove, dict(sorted({**kept, **write}.items())))

    def inherited(self, current: dict[str, str]) -> TagRules:
        """The rules for a new object that takes the place of one with these tags: it gets what that one would have,
        except what only AWS may set and the mark of a replacement."""
        whole = self.change(current).result
        kept = {key: value for key, value in whole.items() if not key.startswith(RESERVED) and key != REPLACES}
        return replace(self, tags=kept, defaults={}, ignore_keys=(), ignore_prefixes=())


def check_name(option: str, name: str) -> None:
    """Raise ValidationError unless this can be the value of a Name tag, or of the mark of a fleet."""
    if not 1 <= len(name) <= VALUE_LENGTH:
        raise ValidationError(f"{option} must have 1 to {VALUE_LENGTH} characters, not {len(name)}.")
    check_text(option, name)


def _strings(option: str, tags: dict[Any, Any]) -> dict[str, str]:
    """These tags as strings, the only thing EC2 stores: C(443) becomes C("443")."""
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
