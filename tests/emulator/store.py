# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exists: the four kinds of objects, per account and region, and who may see what."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .errors import ApiError


@dataclass(frozen=True)
class Kind:
    """One of the four kinds: the names EC2 has for it."""

    name: str
    prefix: str
    noun: str

    @property
    def id_member(self) -> str:
        """The API member that holds an id, e.g. TrafficMirrorSessionId."""
        return f"TrafficMirror{self.noun}Id"

    @property
    def ids_member(self) -> str:
        """The API member that holds the ids to describe."""
        return f"TrafficMirror{self.noun}Ids"

    @property
    def resource_type(self) -> str:
        """The name in tags and ARNs."""
        return f"traffic-mirror-{self.name}"

    def not_found(self, wanted: str) -> ApiError:
        """The dotted code: the one Terraform's acceptance tests meet, not the one the EC2 API Reference lists."""
        # Guess: the text.
        message = f"The {self.resource_type} ID '{wanted}' does not exist"
        return ApiError(f"InvalidTrafficMirror{self.noun}Id.NotFound", message)


SESSION = Kind("session", "tms", "Session")
FILTER = Kind("filter", "tmf", "Filter")
RULE = Kind("filter-rule", "tmfr", "FilterRule")
TARGET = Kind("target", "tmt", "Target")
KINDS = (SESSION, FILTER, RULE, TARGET)


def kind_of(identifier: str) -> Kind | None:
    """The kind an id's prefix names, None if it is none of ours."""
    return next((kind for kind in KINDS if identifier.startswith(f"{kind.prefix}-")), None)


@dataclass
class Thing:
    """One object. fields are in API member names, unset ones absent; tags include aws: ones."""

    kind: Kind
    id: str
    account: str
    region: str
    fields: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    # Which account owns a session's target; None for the other kinds.
    target_account: str | None = None
    hidden_reads: int = 0
    hidden_until: float = 0.0

    @property
    def hidden(self) -> bool:
        """Whether eventual consistency still keeps it from being described."""
        return self.hidden_reads > 0 or time.monotonic() < self.hidden_until

    def tag_set(self) -> list[dict[str, str]]:
        """The tags as the API gives them, sorted by key."""
        return [{"Key": key, "Value": self.tags[key]} for key in sorted(self.tags)]


class Place:
    """One account's objects in one region, and its remembered client tokens."""

    def __init__(self) -> None:
        self.things: dict[Kind, dict[str, Thing]] = {kind: {} for kind in KINDS}
        # (action, token) -> (request, reply)
        self.tokens: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {}


class World:
    """Everything, everywhere."""

    def __init__(self) -> None:
        self.places: dict[tuple[str, str], Place] = {}
        # (owner, region, target id) -> consumer accounts
        self.shares: dict[tuple[str, str, str], set[str]] = {}

    def reset(self) -> None:
        """Forget everything."""
        self.places.clear()
        self.shares.clear()

    def place(self, account: str, region: str) -> Place:
        """That account's objects in that region."""
        return self.places.setdefault((account, region), Place())

    def in_region(self, region: str) -> Iterator[tuple[str, Place]]:
        """(account, place) of all accounts that have anything in the region."""
        return ((account, place) for (account, where), place in list(self.places.items()) if where == region)

    def own(self, account: str, region: str, kind: Kind) -> dict[str, Thing]:
        """The account's own objects of a kind by id."""
        return self.place(account, region).things[kind]

    def add(self, thing: Thing) -> Thing:
        """Put an object where it belongs."""
        self.own(thing.account, thing.region, thing.kind)[thing.id] = thing
        return thing

    def visible(self, account: str, region: str, kind: Kind) -> dict[str, Thing]:
        """What the account may describe: its own, targets shared with it, and sessions others point at its targets.

        Source: Traffic Mirroring guide, "Cross-account traffic mirroring targets".
        """
        seen: dict[str, Thing] = {}
        for owner, place in self.in_region(region):
            for thing in place.things[kind].values():
                # Of two of the same id, which only the lab's fixed ids make possible, the account's own counts.
                if owner == account or (thing.id not in seen and self._reaches(thing, account)):
                    seen[thing.id] = thing
        return seen

    def _reaches(self, thing: Thing, account: str) -> bool:
        if thing.kind is TARGET:
            return account in self.shares.get((thing.account, thing.region, thing.id), ())
        return thing.kind is SESSION and thing.target_account == account

    def get(self, account: str, region: str, kind: Kind, wanted: str) -> Thing:
        """An object the account can see, or that kind's NotFound."""
        mine = self.own(account, region, kind).get(wanted)
        thing = mine or self.visible(account, region, kind).get(wanted)
        if thing is None:
            raise kind.not_found(wanted)
        return thing

    def get_own(self, account: str, region: str, kind: Kind, wanted: str) -> Thing:
        """An object the account owns; NotFound if it cannot see it, UnauthorizedOperation if it only sees it."""
        thing = self.get(account, region, kind, wanted)
        if thing.account != account:
            # Guess: the code for touching another account's object.
            raise ApiError("UnauthorizedOperation", f"You are not authorized to perform this operation on {wanted}.")
        return thing

    def target_of(self, session: Thing) -> Thing:
        """The target a session points at, whoever owns it and whether or not it is still shared."""
        owner = session.target_account or session.account
        return self.own(owner, session.region, TARGET)[session.fields["TrafficMirrorTargetId"]]

    def sessions_on_target(self, target: Thing) -> list[Thing]:
        """All accounts' sessions on a target."""
        return [
            session
            for _account, place in self.in_region(target.region)
            for session in place.things[SESSION].values()
            if session.fields["TrafficMirrorTargetId"] == target.id and session.target_account == target.account
        ]

    def new_id(self, kind: Kind) -> str:
        """A fresh id: the prefix and 17 hex digits."""
        return f"{kind.prefix}-0{random.getrandbits(64):016x}"
