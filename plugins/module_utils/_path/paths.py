# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings on all conditions of a mirrored packet's way, by session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from .._ec2.client import Ec2
from .._fleet.filter_table import FilterTable
from .._model.resource_types import FILTER, SESSION, TARGET, ModuleParams
from .discovery import Discovery
from .evidence import instance_of, judge_metrics
from .filters import judge_filter
from .findings import Finding, Status, worst
from .network import judge_network
from .packets import Packet
from .source import judge_source
from .target import judge_target

_KEYS = (SESSION.id_option, "network_interface_id")


@dataclass(frozen=True)
class SessionPath:
    """The way of the packets of one session, and what was found on it."""

    session: ModuleParams
    findings: list[Finding] = field(default_factory=list)

    @property
    def verdict(self) -> Status:
        """The worst status of the findings."""
        return worst(self.findings)

    @property
    def label(self) -> str:
        """The session in tables: its name, otherwise its id; the interface if it has no session."""
        named = self.session.get("tags", {}).get("Name")
        return str(named or next((self.session[one] for one in _KEYS if one in self.session), "-"))

    @property
    def open_findings(self) -> list[Finding]:
        """The findings that are not ok."""
        return [finding for finding in self.findings if finding.status is not Status.OK]

    def describe(self, only_open: bool = False) -> ModuleParams:
        """The result of the session. only_open: without findings that are ok."""
        session = self.session
        options = (SESSION.id_option, "network_interface_id", "session_number", FILTER.id_option, TARGET.id_option)
        return {
            **{option: session[option] for option in options if option in session},
            **({"name": session["tags"]["Name"]} if "Name" in session.get("tags", {}) else {}),
            "verdict": self.verdict.value,
            "findings": [one.describe() for one in (self.open_findings if only_open else self.findings)],
        }


def trace_paths(
    selected: Iterable[ModuleParams],
    sessions: Iterable[ModuleParams],
    packet: Packet | None,
    metrics: bool,
    ec2: Ec2,
) -> list[SessionPath]:
    """Read what the sessions depend on, and judge it.

    selected: the sessions to judge. sessions: all of the account. metrics: whether to read CloudWatch. Raises Ec2Error.
    """
    selected = list(selected)
    by_interface: dict[str, list[ModuleParams]] = defaultdict(list)
    sources: dict[str, set[str]] = defaultdict(set)
    for session in sessions:
        by_interface[session["network_interface_id"]].append(session)
        sources[session[TARGET.id_option]].add(session["network_interface_id"])
    discovery = Discovery(ec2)
    filters = FilterTable(discovery.read_all(FILTER).values() if selected else ())
    targets = discovery.read_all(TARGET) if selected else {}
    used = [targets[one] for one in {session[TARGET.id_option] for session in selected} if one in targets]
    foreign = {row[TARGET.id_option] for row in used if ec2.is_foreign(row.get("owner_id"))}
    own = [row for row in used if row[TARGET.id_option] not in foreign]
    state = discovery.read({session["network_interface_id"] for session in selected}, own)
    if metrics:
        discovery.read_metrics(filter(None, (instance_of(session, state) for session in selected)))
    paths = []
    for session in selected:
        target = targets.get(session[TARGET.id_option])
        is_foreign = session[TARGET.id_option] in foreign
        others = by_interface[session["network_interface_id"]]
        findings = [
            *judge_source(session, target, state),
            *judge_filter(session, others, filters, packet, state),
            *judge_network(session, target, is_foreign, state),
            *judge_target(session, target, len(sources[session[TARGET.id_option]]), is_foreign, state),
            *(judge_metrics(session, state) if metrics else ()),
        ]
        paths.append(SessionPath(session, findings))
    return paths
