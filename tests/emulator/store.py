# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exists: the four kinds of objects, per account and region, and who may see what."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
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
        # Guess: [not-found-text] the text.
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
class Lag:
    """What Describe shows of an object until it shows the object as it is: for so many reads, and up to a moment.

    row: as it was before it changed or went, None if there was none. until: of time.monotonic().
    """

    row: dict[str, Any] | None
    reads: int
    until: float

    @property
    def over(self) -> bool:
        return self.reads <= 0 and time.monotonic() >= self.until


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
    gone: bool = False
    lag: Lag | None = None

    @property
    def lagging(self) -> bool:
        """Whether eventual consistency still keeps it from being described as it is."""
        return self.lag is not None and not self.lag.over

    @property
    def described(self) -> bool:
        """Whether Describe shows it at all."""
        return self.lag.row is not None if self.lag is not None and self.lagging else not self.gone

    def tag_set(self) -> list[dict[str, str]]:
        """The tags as the API gives them, sorted by key."""
        return [{"Key": key, "Value": self.tags[key]} for key in sorted(self.tags)]


class Place:
    """One account's objects in one region, and its remembered client tokens."""

    def __init__(self) -> None:
        self.things: dict[Kind, dict[str, Thing]] = {kind: {} for kind in KINDS}
        # Deleted, and described for a while yet.
        self.gone: dict[Kind, dict[str, Thing]] = {kind: {} for kind in KINDS}
        # (action, token) -> (request, reply)
        self.tokens: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {}


def _interface_key(session: Thing) -> tuple[str, str, str]:
    return session.account, session.region, session.fields["NetworkInterfaceId"]


def _target_key(session: Thing) -> tuple[str, str, str]:
    return session.target_account or session.account, session.region, session.fields["TrafficMirrorTargetId"]


class World:
    """Everything, everywhere."""

    def __init__(self) -> None:
        self.places: dict[tuple[str, str], Place] = {}
        # (owner, region, target id) -> consumer accounts
        self.shares: dict[tuple[str, str, str], set[str]] = {}
        # Where to find sessions without going through all of them; see add, remove and change_session.
        # (account, region, interface id) -> id -> session
        self._on_interface: dict[tuple[str, str, str], dict[str, Thing]] = {}
        # (target's owner, region, target id) -> (account, id) -> session
        self._on_target: dict[tuple[str, str, str], dict[tuple[str, str], Thing]] = {}
        # account -> VNI -> how many of its sessions have it
        self._vnis: dict[str, Counter[int]] = {}

    def reset(self) -> None:
        """Forget everything."""
        for everything in (self.places, self.shares, self._on_interface, self._on_target, self._vnis):
            everything.clear()

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
        if thing.kind is SESSION:
            self._on_interface.setdefault(_interface_key(thing), {})[thing.id] = thing
            self._enter(thing)
        return thing

    def remove(self, thing: Thing) -> None:
        """Delete an object."""
        place = self.place(thing.account, thing.region)
        del place.things[thing.kind][thing.id]
        thing.gone = True
        if thing.lagging:
            place.gone[thing.kind][thing.id] = thing
        if thing.kind is SESSION:
            key = _interface_key(thing)
            del self._on_interface[key][thing.id]
            if not self._on_interface[key]:
                del self._on_interface[key]
            self._leave(thing)

    def read_once(self, things: Iterable[Thing]) -> None:
        """Count a read for the lag of these, and forget those that are gone and show no more."""
        for thing in things:
            if thing.lag is not None:
                thing.lag.reads -= 1
            if thing.gone and not thing.lagging:
                self.place(thing.account, thing.region).gone[thing.kind].pop(thing.id, None)

    def change_session(self, session: Thing, fields: dict[str, Any], target_account: str) -> None:
        """Give a session new fields, on the same interface, and the account of its target."""
        self._leave(session)
        session.fields, session.target_account = fields, target_account
        self._enter(session)

    def _enter(self, session: Thing) -> None:
        self._on_target.setdefault(_target_key(session), {})[session.account, session.id] = session
        self._vnis.setdefault(session.account, Counter())[session.fields["VirtualNetworkId"]] += 1

    def _leave(self, session: Thing) -> None:
        key = _target_key(session)
        del self._on_target[key][session.account, session.id]
        if not self._on_target[key]:
            del self._on_target[key]
        self._vnis[session.account][session.fields["VirtualNetworkId"]] -= 1

    def visible(self, account: str, region: str, kind: Kind) -> dict[str, Thing]:
        """What the account may describe: its own, targets shared with it, and sessions others point at its targets.

        Source: Traffic Mirroring guide, "Cross-account traffic mirroring targets".
        """
        seen: dict[str, Thing] = {}
        for owner, place in self.in_region(region):
            for thing in (*place.things[kind].values(), *place.gone[kind].values()):
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
        if mine is not None:
            return mine
        for _owner, place in self.in_region(region):
            thing = place.things[kind].get(wanted)
            if thing is not None and self._reaches(thing, account):
                return thing
        raise kind.not_found(wanted)

    def get_own(self, account: str, region: str, kind: Kind, wanted: str) -> Thing:
        """An object the account owns; NotFound if it cannot see it, UnauthorizedOperation if it only sees it."""
        thing = self.get(account, region, kind, wanted)
        if thing.account != account:
            # Guess: [foreign-change] the code for touching another account's object.
            raise ApiError("UnauthorizedOperation", f"You are not authorized to perform this operation on {wanted}.")
        return thing

    def target_of(self, session: Thing) -> Thing:
        """The target a session points at, whoever owns it and whether or not it is still shared."""
        owner = session.target_account or session.account
        return self.own(owner, session.region, TARGET)[session.fields["TrafficMirrorTargetId"]]

    def sessions_on_target(self, target: Thing) -> list[Thing]:
        """All accounts' sessions on a target."""
        return list(self._on_target.get((target.account, target.region, target.id), {}).values())

    def sessions_on_interface(self, account: str, region: str, interface: str) -> list[Thing]:
        """The account's sessions on an interface."""
        return list(self._on_interface.get((account, region, interface), {}).values())

    def vni_used(self, account: str, vni: int) -> bool:
        """Whether any session of the account has it, in any region."""
        return self._vnis.get(account, Counter())[vni] > 0

    def new_id(self, kind: Kind) -> str:
        """A fresh id: the prefix and 17 hex digits."""
        return f"{kind.prefix}-0{random.getrandbits(64):016x}"
