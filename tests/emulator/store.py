# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stored mirroring resources per account and region, and which accounts can see them."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import ApiError


@dataclass(frozen=True)
class ResourceType:
    """A mirroring resource type and its names in the API."""

    name: str
    prefix: str
    noun: str

    @property
    def id_member(self) -> str:
        """The API member of one id, for example TrafficMirrorSessionId."""
        return f"TrafficMirror{self.noun}Id"

    @property
    def ids_member(self) -> str:
        """The API member of a list of ids in a Describe request."""
        return f"TrafficMirror{self.noun}Ids"

    @property
    def type_name(self) -> str:
        """The name of the resource type in tag specifications and ARNs."""
        return f"traffic-mirror-{self.name}"

    def not_found(self, wanted: str) -> ApiError:
        """Return NotFound with the code of Terraform's acceptance tests. The EC2 API Reference lists another code."""
        # Assumption: [not-found-text] the text.
        message = f"The {self.type_name} ID '{wanted}' does not exist"
        return ApiError(f"InvalidTrafficMirror{self.noun}Id.NotFound", message)


SESSION = ResourceType("session", "tms", "Session")
FILTER = ResourceType("filter", "tmf", "Filter")
RULE = ResourceType("filter-rule", "tmfr", "FilterRule")
TARGET = ResourceType("target", "tmt", "Target")
RESOURCE_TYPES = (SESSION, FILTER, RULE, TARGET)


def resource_type_of(identifier: str) -> ResourceType | None:
    """Return the mirroring resource type of an id, None for other ids."""
    return next(
        (resource_type for resource_type in RESOURCE_TYPES if identifier.startswith(f"{resource_type.prefix}-")), None
    )


@dataclass
class Delay:
    """A wait for a number of reads and for a time. reads: remaining reads. until: time.monotonic() value."""

    reads: int
    until: float

    @property
    def over(self) -> bool:
        return self.reads <= 0 and time.monotonic() >= self.until


def new_delay(setting: Mapping[str, Any]) -> Delay | None:
    """Return a delay that starts now, None without one. setting: {"reads": number, "seconds": number}."""
    if not (setting["reads"] or setting["seconds"]):
        return None
    return Delay(setting["reads"], time.monotonic() + setting["seconds"])


@dataclass
class Lag(Delay):
    """The state that Describe returns until a change is visible.

    row: the state before the change, None before the creation. For moto's resources, a copy of the object.
    """

    row: Any


@dataclass
class Resource:
    """A mirroring resource. fields: by API member name, without unset ones. tags: including aws: tags.

    had_tags: whether tags were deleted; the Resource Groups Tagging API returns resources that ever had a tag.
    """

    resource_type: ResourceType
    id: str
    account: str
    region: str
    fields: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    # The account that owns a session's target; None for other resource types.
    target_account: str | None = None
    deleted: bool = False
    lag: Lag | None = None
    had_tags: bool = False

    @property
    def is_lagging(self) -> bool:
        """Whether Describe still returns an older state."""
        return self.lag is not None and not self.lag.over

    @property
    def is_described(self) -> bool:
        """Whether Describe returns the resource."""
        return self.lag.row is not None if self.lag is not None and self.is_lagging else not self.deleted

    def tag_set(self) -> list[dict[str, str]]:
        """Return the tags in the API's form, sorted by key."""
        return [{"Key": key, "Value": self.tags[key]} for key in sorted(self.tags)]


class Scope:
    """The resources and client tokens of one account in one region."""

    def __init__(self) -> None:
        self.resources: dict[ResourceType, dict[str, Resource]] = {
            resource_type: {} for resource_type in RESOURCE_TYPES
        }
        # Deleted resources that Describe still returns.
        self.deleted: dict[ResourceType, dict[str, Resource]] = {resource_type: {} for resource_type in RESOURCE_TYPES}
        # (action, token) -> (request, reply)
        self.tokens: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {}


def _interface_key(session: Resource) -> tuple[str, str, str]:
    return session.account, session.region, session.fields["NetworkInterfaceId"]


def _target_key(session: Resource) -> tuple[str, str, str]:
    return session.target_account or session.account, session.region, session.fields["TrafficMirrorTargetId"]


class Store:
    """The resources of all accounts and regions."""

    def __init__(self) -> None:
        self.scopes: dict[tuple[str, str], Scope] = {}
        # (owner, region, target id) -> consumer accounts
        self.shares: dict[tuple[str, str, str], set[str]] = {}
        # (account, region, id) -> state in between of an instance or interface, see transitions.py
        self.transitions: dict[tuple[str, str, str], Any] = {}
        # (account, region) -> (type, id) -> lag of moto's resources, see moto_lag.py
        self.moto_lags: dict[tuple[str, str], dict[tuple[str, str], Lag]] = {}
        # Indexes of the sessions; maintained by add, remove and change_session.
        # (account, region, interface id) -> id -> session
        self._on_interface: dict[tuple[str, str, str], dict[str, Resource]] = {}
        # (target's owner, region, target id) -> (account, id) -> session
        self._on_target: dict[tuple[str, str, str], dict[tuple[str, str], Resource]] = {}
        # account -> VNI -> number of sessions
        self._vnis: dict[str, Counter[int]] = {}

    def reset(self) -> None:
        """Delete everything."""
        for everything in (
            self.scopes,
            self.shares,
            self.transitions,
            self.moto_lags,
            self._on_interface,
            self._on_target,
            self._vnis,
        ):
            everything.clear()

    def scope(self, account: str, region: str) -> Scope:
        """Return the resources of an account in a region."""
        return self.scopes.setdefault((account, region), Scope())

    def in_region(self, region: str) -> Iterator[tuple[str, Scope]]:
        """Return (account, scope) of all accounts with resources in the region."""
        return ((account, scope) for (account, where), scope in list(self.scopes.items()) if where == region)

    def own(self, account: str, region: str, resource_type: ResourceType) -> dict[str, Resource]:
        """Return the account's resources of a type by id."""
        return self.scope(account, region).resources[resource_type]

    def add(self, resource: Resource) -> Resource:
        """Store a resource. Returns it."""
        self.own(resource.account, resource.region, resource.resource_type)[resource.id] = resource
        if resource.resource_type is SESSION:
            self._on_interface.setdefault(_interface_key(resource), {})[resource.id] = resource
            self._enter(resource)
        return resource

    def remove(self, resource: Resource) -> None:
        """Delete a resource."""
        scope = self.scope(resource.account, resource.region)
        del scope.resources[resource.resource_type][resource.id]
        resource.deleted = True
        if resource.is_lagging:
            scope.deleted[resource.resource_type][resource.id] = resource
        if resource.resource_type is SESSION:
            key = _interface_key(resource)
            del self._on_interface[key][resource.id]
            if not self._on_interface[key]:
                del self._on_interface[key]
            self._leave(resource)

    def count_reads(self, resources: Iterable[Resource]) -> None:
        """Count one read for each resource, and drop deleted resources whose lag is over."""
        for resource in resources:
            if resource.lag is not None:
                resource.lag.reads -= 1
            if resource.deleted and not resource.is_lagging:
                self.scope(resource.account, resource.region).deleted[resource.resource_type].pop(resource.id, None)

    def change_session(self, session: Resource, fields: dict[str, Any], target_account: str) -> None:
        """Replace a session's fields and the target's account. The interface must stay the same."""
        self._leave(session)
        session.fields, session.target_account = fields, target_account
        self._enter(session)

    def _enter(self, session: Resource) -> None:
        self._on_target.setdefault(_target_key(session), {})[session.account, session.id] = session
        self._vnis.setdefault(session.account, Counter())[session.fields["VirtualNetworkId"]] += 1

    def _leave(self, session: Resource) -> None:
        key = _target_key(session)
        del self._on_target[key][session.account, session.id]
        if not self._on_target[key]:
            del self._on_target[key]
        self._vnis[session.account][session.fields["VirtualNetworkId"]] -= 1

    def visible(self, account: str, region: str, resource_type: ResourceType) -> dict[str, Resource]:
        """Return what an account can describe: own resources, shared targets, and others' sessions on own targets.

        Source: Traffic Mirroring guide, "Cross-account traffic mirroring targets".
        """
        seen: dict[str, Resource] = {}
        for owner, scope in self.in_region(region):
            for resource in (*scope.resources[resource_type].values(), *scope.deleted[resource_type].values()):
                # The lab's fixed ids can exist in several accounts. The account's own resource takes precedence.
                if owner == account or (resource.id not in seen and self._reaches(resource, account)):
                    seen[resource.id] = resource
        return seen

    def _reaches(self, resource: Resource, account: str) -> bool:
        if resource.resource_type is TARGET:
            return account in self.shares.get((resource.account, resource.region, resource.id), ())
        return resource.resource_type is SESSION and resource.target_account == account

    def get(self, account: str, region: str, resource_type: ResourceType, wanted: str) -> Resource:
        """Return a resource that is visible to the account. Raises NotFound."""
        mine = self.own(account, region, resource_type).get(wanted)
        if mine is not None:
            return mine
        for _owner, scope in self.in_region(region):
            resource = scope.resources[resource_type].get(wanted)
            if resource is not None and self._reaches(resource, account):
                return resource
        raise resource_type.not_found(wanted)

    def get_own(self, account: str, region: str, resource_type: ResourceType, wanted: str) -> Resource:
        """Return the account's resource. Raises NotFound if not visible, UnauthorizedOperation if not owned."""
        resource = self.get(account, region, resource_type, wanted)
        if resource.account != account:
            # Assumption: [foreign-change] the code for changing another account's resource.
            raise ApiError("UnauthorizedOperation", f"You are not authorized to perform this operation on {wanted}.")
        return resource

    def target_of(self, session: Resource) -> Resource:
        """Return a session's target, also if another account owns it or no longer shares it."""
        owner = session.target_account or session.account
        return self.own(owner, session.region, TARGET)[session.fields["TrafficMirrorTargetId"]]

    def sessions_on_target(self, target: Resource) -> list[Resource]:
        """Return the sessions of all accounts on a target."""
        return list(self._on_target.get((target.account, target.region, target.id), {}).values())

    def sessions_on_interface(self, account: str, region: str, interface: str) -> list[Resource]:
        """Return the account's sessions on an interface."""
        return list(self._on_interface.get((account, region, interface), {}).values())

    def is_vni_used(self, account: str, vni: int) -> bool:
        """Return whether a session of the account uses the VNI, in any region."""
        return self._vnis.get(account, Counter())[vni] > 0

    def generate_id(self, resource_type: ResourceType) -> str:
        """Return a new id: the prefix and 17 hex digits."""
        return f"{resource_type.prefix}-0{random.getrandbits(64):016x}"
