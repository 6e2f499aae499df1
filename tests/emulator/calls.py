# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of one API call: account, region, parameters, dry run and client token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import checks, moto_lag, views
from .errors import ApiError
from .settings import Settings
from .store import Lag, Resource, ResourceType, Store, new_delay


def _no_moto(action: str, _parameters: Mapping[str, Any]) -> dict[str, Any]:
    raise AssertionError(f"this call cannot send {action} to moto")


class Replay(Exception):
    """A repeated request with a known client token; .reply is the stored reply."""

    def __init__(self, reply: dict[str, Any]) -> None:
        super().__init__("replay")
        self.reply = reply


@dataclass
class Call:
    """A call to an action of the emulator. parameters: by API member name, without DryRun and ClientToken."""

    store: Store
    settings: Settings
    account: str
    region: str
    action: str
    parameters: dict[str, Any]
    dry_run: bool = False
    client_token: str | None = None
    # Sends an EC2 action to moto: (action, parameters) -> reply, both by API member name. Raises ApiError.
    ask_moto: Callable[[str, Mapping[str, Any]], dict[str, Any]] = _no_moto
    is_validated: bool = field(default=False, init=False)
    # Resources that this call described in an older state. Each call counts as one read of their lag.
    after_reply: list[Resource] = field(default_factory=list, init=False)

    def mark_validated(self) -> None:
        """Finish request validation. Every action calls it after syntax checks and before it reads any resource.

        Raises DryRunOperation for a dry run; Replay or IdempotentParameterMismatch for a known client token.
        """
        # Assumption: [dry-run-depth] a dry run checks permissions and syntax, not existence, conflicts or quotas.
        self.is_validated = True
        checks.client_token(self.client_token)
        if self.dry_run:
            raise ApiError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
        if self.client_token is None:
            return
        # Assumption: [token-per-action] [token-for-ever] [token-tags-count] [token-after-deletion] tokens are stored
        # per action without expiry, tags are part of the request, and a replay after deletion does not create the
        # resource again.
        known = self.store.scope(self.account, self.region).tokens.get((self.action, self.client_token))
        if known is None:
            return
        if known[0] != self.parameters:
            raise ApiError(
                "IdempotentParameterMismatch",
                f"The client token {self.client_token} was already used with other parameters",
            )
        raise Replay(known[1])

    def remember(self, reply: dict[str, Any]) -> None:
        """Store the reply for later requests with the same client token."""
        if self.client_token is not None:
            scope = self.store.scope(self.account, self.region)
            scope.tokens[self.action, self.client_token] = (self.parameters, reply)

    def count_read(self) -> None:
        """Count one read for every resource that this call described in an older state."""
        self.store.count_reads(self.after_reply)
        self.after_reply.clear()

    def own(self, resource_type: ResourceType) -> dict[str, Resource]:
        """Return the caller's resources of a type by id."""
        return self.store.own(self.account, self.region, resource_type)

    def get(self, resource_type: ResourceType, wanted: str) -> Resource:
        """Return a resource that is visible to the caller. Raises NotFound."""
        return self._seen(self.store.get(self.account, self.region, resource_type, wanted))

    def get_own(self, resource_type: ResourceType, wanted: str) -> Resource:
        """Return a resource of the caller. Raises NotFound or UnauthorizedOperation."""
        return self._seen(self.store.get_own(self.account, self.region, resource_type, wanted))

    def _seen(self, resource: Resource) -> Resource:
        """Return the resource, or raise NotFound if it is new and the lag also applies to references."""
        if self.settings["lag"]["references"] and resource.lag is not None and not resource.is_described:
            resource.lag.reads -= 1
            raise resource.resource_type.not_found(resource.id)
        return resource

    def hides(self, kind: str, identifier: str) -> bool:
        """Return whether a resource of moto is new and the lag also applies to references. kind: see moto_lag.py."""
        if not self.settings["lag"]["references"]:
            return False
        return moto_lag.is_hidden(self.store, self.account, self.region, kind, identifier)

    def create(
        self,
        resource_type: ResourceType,
        fields: dict[str, Any],
        tags: dict[str, str],
        target_account: str | None = None,
    ) -> Resource:
        """Create a resource. Describe returns it after the lag setting's delay."""
        resource = Resource(
            resource_type,
            self.store.generate_id(resource_type),
            self.account,
            self.region,
            {name: value for name, value in fields.items() if value is not None},
            tags,
            target_account,
            lag=_new_lag(self.settings, None),
        )
        return self.store.add(resource)

    def start_lag(self, resource: Resource) -> None:
        """Start the lag. Call it before a resource or a tag changes: Describe returns the old state during the lag."""
        start_lag(self.store, self.settings, resource)

    def remove(self, resource: Resource) -> None:
        """Delete a resource. Describe still returns it during the lag."""
        self.start_lag(resource)
        self.store.remove(resource)

    def check_quota(self, resource_type: ResourceType, setting: str, code: str) -> None:
        """Raise ApiError with the code if the account has reached the quota."""
        limit = self.settings["quotas"][setting]
        if len(self.own(resource_type)) >= limit:
            raise ApiError(code, f"The limit of {limit} {setting} per account is reached")


def start_lag(store: Store, settings: Settings, resource: Resource) -> None:
    """Start a resource's lag, see Call.start_lag."""
    # Assumption: [lag-of-changes] changes and deletions lag like creations.
    resource.lag = _new_lag(settings, views.describe_resource(store, resource))


def _new_lag(settings: Settings, row: dict[str, Any] | None) -> Lag | None:
    delay = new_delay(settings["lag"])
    return Lag(delay.reads, delay.until, row) if delay else None
