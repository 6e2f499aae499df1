# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call in progress: who, where, what, and the point up to which a dry run goes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from . import checks, views
from .errors import ApiError
from .knobs import Knobs
from .store import Kind, Lag, Thing, World


class Replay(Exception):
    """A known client token came with the same request: .reply is what was answered then."""

    def __init__(self, reply: dict[str, Any]) -> None:
        super().__init__("replay")
        self.reply = reply


@dataclass
class Call:
    """A call to one of our actions. parameters are in API member names, without DryRun and ClientToken."""

    world: World
    knobs: Knobs
    account: str
    region: str
    action: str
    parameters: dict[str, Any]
    dry_run: bool = False
    client_token: str | None = None
    passed: bool = field(default=False, init=False)
    # What this read did not show as it is: one read the fewer to wait, once the reply is made.
    after_reply: list[Thing] = field(default_factory=list, init=False)

    def checked(self) -> None:
        """To be called by every action once the request itself is found well-formed, before it looks at what exists.

        Raises DryRunOperation for a dry run; Replay or IdempotentParameterMismatch for a known client token.
        """
        # Guess: [dry-run-depth] a dry run checks permissions and syntax, not existence, conflicts or quotas.
        self.passed = True
        checks.client_token(self.client_token)
        if self.dry_run:
            raise ApiError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
        if self.client_token is None:
            return
        # Guess: [token-per-action] [token-for-ever] [token-tags-count] [token-after-deletion] tokens are remembered per
        # action, for ever, tags count as part of the request, and a replay after the object's deletion does not make it
        # again.
        known = self.world.place(self.account, self.region).tokens.get((self.action, self.client_token))
        if known is None:
            return
        if known[0] != self.parameters:
            raise ApiError(
                "IdempotentParameterMismatch",
                f"The client token {self.client_token} was used before with other parameters",
            )
        raise Replay(known[1])

    def remember(self, reply: dict[str, Any]) -> None:
        """Keep the reply for a replay of the same client token."""
        if self.client_token is not None:
            place = self.world.place(self.account, self.region)
            place.tokens[self.action, self.client_token] = (self.parameters, reply)

    def read_done(self) -> None:
        """Count this read for the things it did not show as they are."""
        self.world.read_once(self.after_reply)
        self.after_reply.clear()

    def own(self, kind: Kind) -> dict[str, Thing]:
        """The caller's own objects of a kind by id."""
        return self.world.own(self.account, self.region, kind)

    def get(self, kind: Kind, wanted: str) -> Thing:
        """An object the caller can see, or NotFound."""
        return self.world.get(self.account, self.region, kind, wanted)

    def get_own(self, kind: Kind, wanted: str) -> Thing:
        """An object the caller owns, or NotFound, or UnauthorizedOperation."""
        return self.world.get_own(self.account, self.region, kind, wanted)

    def create(
        self, kind: Kind, fields: dict[str, Any], tags: dict[str, str], target_account: str | None = None
    ) -> Thing:
        """Add an object, not to be described before the lag knob allows."""
        thing = Thing(
            kind,
            self.world.new_id(kind),
            self.account,
            self.region,
            {name: value for name, value in fields.items() if value is not None},
            tags,
            target_account,
            lag=self._lag(None),
        )
        return self.world.add(thing)

    def will_change(self, thing: Thing) -> None:
        """To be called before an object or its tags change: Describe shows it as it was while the lag knob says so."""
        # Guess: [lag-of-changes] changes and deletions may show as late as what is made.
        thing.lag = self._lag(views.described(self.world, thing))

    def remove(self, thing: Thing) -> None:
        """Delete an object, which Describe shows for a while yet if the lag knob says so."""
        self.will_change(thing)
        self.world.remove(thing)

    def _lag(self, row: dict[str, Any] | None) -> Lag | None:
        lag = self.knobs["lag"]
        if not (lag["reads"] or lag["seconds"]):
            return None
        return Lag(row, lag["reads"], time.monotonic() + lag["seconds"])

    def quota(self, kind: Kind, knob: str, code: str) -> None:
        """Raise the code if the account already has as many as the quota allows."""
        limit = self.knobs["quotas"][knob]
        if len(self.own(kind)) >= limit:
            raise ApiError(code, f"The limit of {limit} {knob} per account is reached")
