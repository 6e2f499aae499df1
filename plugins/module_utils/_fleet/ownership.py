# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which sessions belong to a fleet, and which ones it may adopt. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .._model.errors import ConflictError
from .._model.resource_types import FILTER, TARGET, ModuleParams
from .._model.tags import FLEET
from .._model.text import quote
from .eligibility import Limits
from .options import Fleet
from .plan_entry import AwsState, FleetEntry, Selection, get_session_id

# A session with such a tag belongs to a stack or to CloudFormation, has an expiry, or is an unfinished replacement.
_OWNED_ELSEWHERE = ("vtap:", "aws:cloudformation:")


def list_owned(fleet: Fleet, sessions: Iterable[ModuleParams], limits: Limits) -> list[ModuleParams]:
    """The sessions that belong to the fleet, the one to keep first. Concurrent runs choose the same session."""
    names, numbers = {fleet.name, *fleet.adopt_fleets}, fleet.session_numbers
    owned = [one for one in sessions if one["tags"].get(FLEET) in names and one.get("owner_id") not in limits.foreign]
    return sorted(
        owned,
        key=lambda one: (
            one["tags"][FLEET] != fleet.name,
            numbers is not None and one["session_number"] not in numbers,
            one["session_number"],
            get_session_id(one),
        ),
    )


def find_adoptable(fleet: Fleet, aws_state: AwsState, sessions: Iterable[ModuleParams]) -> ModuleParams | None:
    """The session that O(adopt) adds to the fleet: it has the filter and a target of the fleet and no owner."""
    if not fleet.adopt:
        return None
    targets = {target.id for target in aws_state.targets}
    candidates = [
        session
        for session in sessions
        if not any(key.startswith(_OWNED_ELSEWHERE) for key in session["tags"])
        and session.get("owner_id") not in aws_state.limits.foreign
        and session[FILTER.id_option] == aws_state.filter_id
        and session[TARGET.id_option] in targets
    ]
    return min(candidates, key=lambda session: session["session_number"], default=None)


def check_other_fleets(fleet: Fleet, aws_state: AwsState, entries: Iterable[FleetEntry]) -> None:
    """Raise ConflictError if another fleet has the same selection, filter and targets as this new fleet.

    That is probably a fleet that was renamed: its sessions would get all packets, and those of the new fleet none.
    """
    entries = list(entries)
    if any(list_owned(fleet, aws_state.sessions, aws_state.limits)) or not fleet.present:
        return
    selected = {entry.key for entry in entries if entry.selection in (Selection.ELIGIBLE, Selection.STOPPED)}
    unable = {entry.key for entry in entries if entry.action == "skip"}
    targets = {target.id for target in aws_state.targets}
    others: dict[str, set[str]] = {}
    for session in aws_state.sessions:
        if FLEET in session["tags"] and session.get("owner_id") not in aws_state.limits.foreign:
            is_same = session[FILTER.id_option] == aws_state.filter_id and session[TARGET.id_option] in targets
            others.setdefault(session["tags"][FLEET], set()).add(session["network_interface_id"] if is_same else "")
    # Interfaces that get no session from this fleet may have none of the other fleet for the same reason.
    same = next((name for name, one in sorted(others.items()) if selected - unable <= one <= selected), None)
    if same is not None:
        raise ConflictError(
            f"Fleet {quote(same)} has the same selection, filter and targets: it has sessions "
            f"on {len(others[same])} interfaces. Nothing was changed. To rename it to {quote(fleet.name)}, set "
            f"adopt_fleets: [{quote(same)}]."
        )
