# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Coverage: which of the selected interfaces are mirrored, as far as Describe calls show. Pure.

A session mirrors packets if its instance runs, the target's resource exists, its filter accepts packets, and sessions
with lower numbers of the interface leave some of them (Traffic Mirroring guide, "Traffic mirror sessions").
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._batch.entry import Status
from .._batch.guards import Limit
from .._model.placeholders import UnresolvedRef
from .._model.plan import add_placeholders
from .._model.resource_types import FILTER, SESSION, TARGET, ModuleParams
from .filter_table import filter_of
from .options import Fleet
from .ownership import list_owned
from .plan_entry import AwsState, FleetEntry, Selection, get_session_id, group_by_interface
from .selection import Interface
from .session_numbers import describe_lower

CLASSES = ("excluded", "ineligible", "stopped", "mirrored", "unmirrored")


@dataclass
class Coverage:
    """The coverage of a fleet.

    classes: one of CLASSES to reason to interface ids; mirrored interfaces have the reason "". dead: sessions of the
    fleet that mirror nothing, except those of stopped instances: (session, reason). stopped_sessions: the number of
    sessions of stopped instances. unverified: (resource, reason) to the number of sessions that count as mirrored
    although it cannot be read whether packets arrive. victims: sessions outside the fleet that lose packets to it.
    zones: the Availability Zone of each interface of a class.
    """

    classes: dict[str, dict[str, list[str]]] = field(default_factory=lambda: {one: {} for one in CLASSES})
    dead: list[tuple[ModuleParams, str]] = field(default_factory=list)
    stopped_sessions: int = 0
    unverified: Counter[tuple[str, str]] = field(default_factory=Counter)
    victims: list[ModuleParams] = field(default_factory=list)
    zones: dict[str, str] = field(default_factory=dict)

    def count(self, name: str) -> int:
        """The number of interfaces of a class."""
        return sum(map(len, self.classes[name].values()))

    @property
    def eligible(self) -> int:
        """The number of interfaces that could be mirrored."""
        return self.count("mirrored") + self.count("unmirrored")

    def add(self, name: str, reason: str, interface_id: str) -> None:
        """Add an interface to a class."""
        self.classes[name].setdefault(reason, []).append(interface_id)

    def describe(self) -> ModuleParams:
        """The result C(coverage)."""
        return {
            **_describe_counts({name: self.count(name) for name in CLASSES}),
            "zones": [
                {"availability_zone": zone, **_describe_counts(counts)}
                for zone, counts in sorted(self._count_zones().items())
            ],
            "reasons": [
                {"class": name, "reason": reason, "count": len(ids)}
                for name in CLASSES
                for reason, ids in sorted(self.classes[name].items(), key=lambda pair: (-len(pair[1]), pair[0]))
                if reason
            ],
            "unmirrored_interfaces": sorted(one for ids in self.classes["unmirrored"].values() for one in ids),
            "stopped_sessions": self.stopped_sessions,
            "dead_sessions": [
                {
                    SESSION.id_option: get_session_id(session),
                    "network_interface_id": session["network_interface_id"],
                    "reason": reason,
                }
                for session, reason in self.dead
            ],
            "unverified": [
                {"resource": resource, "reason": reason, "sessions": count}
                for (resource, reason), count in sorted(self.unverified.items())
            ],
        }

    def _count_zones(self) -> dict[str, Counter[str]]:
        """The numbers of interfaces by class, for each zone."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for name, reasons in self.classes.items():
            for ids in reasons.values():
                for interface_id in ids:
                    counts[self.zones.get(interface_id, "")][name] += 1
        return counts

    def find_shortfall(self, required: Limit | None) -> str | None:
        """The message if fewer interfaces are mirrored than required, otherwise None."""
        mirrored = self.count("mirrored")
        if required is None or required.is_reached(mirrored, self.eligible):
            return None
        return f"{mirrored} of {self.eligible} eligible interfaces are mirrored; min_coverage is {required}."


def _describe_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """The numbers of interfaces of the classes with their sums. counts: by class."""
    return {
        "selected": sum(counts.values()),
        **{name: counts[name] for name in ("excluded", "ineligible", "stopped")},
        "eligible": counts["mirrored"] + counts["unmirrored"],
        **{name: counts[name] for name in ("mirrored", "unmirrored")},
    }


def sessions_after(
    sessions: Iterable[ModuleParams], entries: Iterable[FleetEntry], is_planned: bool
) -> list[ModuleParams]:
    """The sessions after the run, planned ones with placeholders as ids.

    sessions: the last that EC2 returned. is_planned: the run was not carried out, and the entries count as complete. A
    session that existed before and that EC2 does not return any more is not added again.
    """
    after: dict[str, ModuleParams] = {get_session_id(session): session for session in sessions}
    for entry in entries:
        if entry.status is not Status.DONE and not (is_planned and entry.status is Status.PLANNED):
            continue
        before = entry.plan.before
        exists = before is None or after.pop(get_session_id(before), None) is not None
        if entry.after is not None and exists:
            session = add_placeholders(SESSION, entry.after)
            after[get_session_id(session)] = session
    return list(after.values())


def measure_coverage(
    fleet: Fleet, aws_state: AwsState, entries: Iterable[FleetEntry], sessions: Iterable[ModuleParams]
) -> Coverage:
    """The coverage. sessions: see sessions_after."""
    main: dict[str, FleetEntry] = {}
    for entry in entries:
        if entry.key not in main or entry.selection is not Selection.NOT_SELECTED:
            main[entry.key] = entry
    coverage, by_interface = Coverage(), group_by_interface(sessions)
    for entry in main.values():
        _measure_interface(fleet, aws_state, coverage, entry, by_interface.get(entry.key, []))
    return coverage


def _measure_interface(
    fleet: Fleet, aws_state: AwsState, coverage: Coverage, entry: FleetEntry, sessions: list[ModuleParams]
) -> None:
    """Add an interface to the coverage. sessions: of the interface."""
    if entry.interface is not None:
        coverage.zones[entry.key] = entry.interface.zone
    owned = list_owned(fleet, sessions, aws_state.limits)
    if entry.selection is Selection.STOPPED:
        coverage.add("stopped", find_interface_problem(entry.interface) or "", entry.key)
        coverage.stopped_sessions += len(owned)
        return
    problems = [_find_problem(aws_state, entry.interface, session, sessions) for session in owned]
    coverage.dead += [(session, problem) for session, problem in zip(owned, problems) if problem]
    flowing = [session for session, problem in zip(owned, problems) if not problem]
    coverage.victims += _find_victims(aws_state, flowing, [one for one in sessions if one not in owned])
    if entry.selection is Selection.ELIGIBLE and flowing:
        coverage.add("mirrored", "", entry.key)
        coverage.unverified.update(_find_unverified(aws_state, flowing[0], entry))
    elif entry.selection is Selection.ELIGIBLE:
        coverage.add("unmirrored", problems[0] if owned else _explain_missing(entry), entry.key)
    elif entry.selection is not Selection.NOT_SELECTED:
        coverage.add(entry.selection.value, entry.reason, entry.key)


def _explain_missing(entry: FleetEntry) -> str:
    """The reason why an eligible interface has no session."""
    if entry.has_failed:
        return f"{entry.action} failed: {entry.error_code or 'see failed_interfaces'}"
    if entry.action == "skip":
        return entry.problem or entry.reason
    return "the fleet's session was deleted or lost this fleet's tag during the run"


def find_interface_problem(interface: Interface | None) -> str:
    """Why no packets can be mirrored on an interface that has a session, empty if they can."""
    if interface is None:
        return "the interface does not exist"
    instance = interface.instance
    if instance is not None and instance.state != "running":
        return f"instance is {instance.state}"
    if not interface.attached_to and not interface.managed_by:
        return "not attached to an instance"
    return ""


def _find_problem(
    aws_state: AwsState, interface: Interface | None, session: ModuleParams, sessions: list[ModuleParams]
) -> str:
    """Why a session mirrors nothing, empty if it does as far as known. sessions: of the interface."""
    problem = find_interface_problem(interface)
    destination = aws_state.destinations.get(session.get(TARGET.id_option, ""))
    problem = problem or (destination.problem if destination else "")
    filter_id = session[FILTER.id_option]
    if problem:
        return problem
    if aws_state.filters.accepts_packets(filter_id) is False:
        return f"filter {filter_id} accepts no packets"
    lower = [one for one in sessions if one["session_number"] < session["session_number"]]
    if aws_state.filters.is_shadowed(filter_id, map(filter_of, lower)):
        return describe_lower(lower)
    return ""


def _find_victims(aws_state: AwsState, flowing: list[ModuleParams], others: list[ModuleParams]) -> list[ModuleParams]:
    """The other sessions of an interface that lose packets to sessions of the fleet. flowing: those that mirror."""
    return [
        victim
        for victim in others
        if any(
            session["session_number"] < victim["session_number"]
            and aws_state.filters.takes_packets(
                session[FILTER.id_option],
                None,
                filter_of(victim),
                (filter_of(one) for one in others if one["session_number"] < victim["session_number"]),
            )
            for session in flowing
        )
    ]


def _find_unverified(aws_state: AwsState, session: ModuleParams, entry: FleetEntry) -> list[tuple[str, str]]:
    """What cannot be read about a session that counts as mirrored: (resource, reason)."""
    target_id, filter_id = session.get(TARGET.id_option, ""), session[FILTER.id_option]
    unverified = []
    destination = aws_state.destinations.get(target_id)
    if isinstance(target_id, UnresolvedRef):
        unverified.append((str(target_id), "the target does not exist yet"))
    elif destination is None or destination.unverified:
        reason = destination.unverified if destination else "the target is not visible to this account"
        unverified.append((str(target_id), reason))
    if isinstance(filter_id, UnresolvedRef):
        unverified.append((str(filter_id), "the filter does not exist yet"))
    elif aws_state.filters.accepts_packets(filter_id) is None:
        unverified.append((str(filter_id), aws_state.filters.unreadable or "the filter is not visible to this account"))
    interface = entry.interface
    if interface is not None and interface.instance is None and not interface.managed_by:
        owner = f"account {interface.owner_id}"
        unverified.append((owner, "the state and the type of its instances are not visible to this account"))
    return unverified
