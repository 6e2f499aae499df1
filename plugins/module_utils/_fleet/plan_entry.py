# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of the account that a plan starts from, and an entry of a fleet's plan."""

from __future__ import annotations

import enum
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from .._batch.entry import Entry, Status
from .._model.placeholders import UnresolvedRef
from .._model.resource_types import SESSION, TARGET, ModuleParams
from .._model.tags import FLEET
from .._report.document import CAUSES
from .eligibility import Limits
from .filter_table import FilterTable
from .selection import Interface
from .target_assignment import Target

# The beginning of the reason to delete a second session of the fleet on an interface.
DUPLICATE = "duplicate"


class Selection(enum.Enum):
    """What the options and EC2 say about an interface. The values appear in results.

    NOT_SELECTED: no entry of sources matches. STOPPED: sources match, but the instance is not running. ELIGIBLE: EC2
    can mirror it.
    """

    NOT_SELECTED = "not_selected"
    EXCLUDED = "excluded"
    INELIGIBLE = "ineligible"
    STOPPED = "stopped"
    ELIGIBLE = "eligible"


@dataclass(frozen=True)
class Destination:
    """What receives the packets of a target.

    zone: Availability Zone of a network interface, otherwise empty. instance_type: of the interface's instance, if
    known. problem: why it receives no packets, empty if it can. unverified: why that cannot be checked.
    """

    zone: str = ""
    instance_type: str | None = None
    problem: str = ""
    unverified: str = ""


@dataclass(frozen=True)
class AwsState:
    """The resources of the account and region that a plan depends on.

    sessions: all that the account can describe. interfaces: those that the sources may match, and those of the fleet's
    sessions. targets: of the fleet. filter_id: of the fleet; None to delete the fleet. filters: of the account.
    limits: which interfaces EC2 can mirror. known_targets: all that the account can describe, by id. destinations: of
    the fleet's targets and those of its sessions, by target id.
    """

    sessions: list[ModuleParams]
    interfaces: list[Interface]
    targets: tuple[Target, ...]
    filter_id: str | UnresolvedRef | None
    limits: Limits
    filters: FilterTable = field(default_factory=FilterTable)
    known_targets: dict[str, ModuleParams] = field(default_factory=dict)
    destinations: dict[str, Destination] = field(default_factory=dict)

    @property
    def target_names(self) -> dict[str, str]:
        """The Name tags of the targets, by id."""
        return {key: row["tags"]["Name"] for key, row in self.known_targets.items() if "Name" in row["tags"]}


@dataclass
class FleetEntry(Entry):
    """One interface of the plan; a second session of the fleet on the interface has an entry of its own.

    key: id of the interface. interface: None if EC2 does not return it. target: of the session; None if the entry
    neither creates nor updates. selection: see Selection; NOT_SELECTED also for second sessions. problem: why an
    eligible interface gets no session, or why its session keeps a number or target that the options do not allow.
    others: ids of the interface's sessions outside this fleet. vni: of the session, if the fleet has a range of VNIs.
    """

    interface: Interface | None = None
    target: Target | None = None
    selection: Selection = Selection.NOT_SELECTED
    problem: str = ""
    others: tuple[str, ...] = ()
    vni: int | None = None

    @property
    def session(self) -> ModuleParams:
        """The planned session, the existing session if the plan deletes it, or {} without a session."""
        return self.plan.after or self.plan.before or {}

    @property
    def adds_to_target(self) -> bool:
        """Whether the entry adds a session to its target."""
        return self.action == "create" or TARGET.id_option in (self.changes or {})

    @property
    def cause(self) -> str | None:
        """Why the plan changes the session, one of CAUSES; None if the action changes nothing.

        C(drift): a session of the fleet differs from the task, or is a second one of its interface. C(adoption): the
        session becomes one of the fleet. C(removal): the fleet does not need the session any more.
        """
        if self.action == "create":
            return "new_match"
        if self.action == "delete":
            return "drift" if self.reason.startswith(DUPLICATE) else "removal"
        if self.action != "update" or self.plan.before is None:
            return None
        fleets = [(session or {}).get("tags", {}).get(FLEET) for session in (self.plan.before, self.plan.after)]
        return "drift" if fleets[0] == fleets[1] else "adoption"

    @property
    def is_safe_deletion(self) -> bool:
        """Whether the entry deletes a session that mirrors nothing: its interface or its instance does not exist."""
        return self.action == "delete" and (
            self.interface is None
            or (
                self.interface.instance is not None and self.interface.instance.state in ("shutting-down", "terminated")
            )
        )

    def describe(self) -> ModuleParams:
        """The entry as an item of the result C(plan)."""
        instance = self.interface.instance if self.interface else None
        session = self.session
        optional = {
            "cause": self.cause,
            "instance_id": instance.id if instance else None,
            SESSION.id_option: session.get(SESSION.id_option),
            "session_number": session.get("session_number"),
            TARGET.id_option: session.get(TARGET.id_option),
            "problem": self.problem or None,
            "other_session_ids": list(self.others) or None,
        }
        return {
            "network_interface_id": self.key,
            **self.describe_action(),
            **{option: value for option, value in optional.items() if value is not None},
        }


def count_causes(entries: Iterable[FleetEntry]) -> dict[str, int]:
    """The number of entries by cause. Entries that were not carried out, or will not be, do not count."""
    carried_out = (entry for entry in entries if entry.status in (Status.PLANNED, Status.DONE))
    counts = Counter(entry.cause for entry in carried_out)
    return {cause: counts[cause] for cause in CAUSES}


def group_by_interface(sessions: Iterable[ModuleParams]) -> dict[str, list[ModuleParams]]:
    """The sessions by network interface id."""
    by_interface: dict[str, list[ModuleParams]] = defaultdict(list)
    for session in sessions:
        by_interface[session["network_interface_id"]].append(session)
    return by_interface


def get_session_id(session: ModuleParams) -> str:
    """The id of a session."""
    return str(session[SESSION.id_option])
