# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of a fleet's plan: pending references, warnings, notes, the table of the diff, the VNI map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import cast

from .._batch.plan_table import format_reason, format_table
from .._model.placeholders import UnresolvedRef, with_placeholders
from .._model.resource_types import FILTER, SESSION, TARGET, ModuleParams
from .._model.text import list_some
from .._report.vni_clashes import find_vni_clashes
from .coverage import Coverage
from .instance_types import VIRTUALIZED_FAMILIES, get_family
from .options import Fleet
from .ownership import list_owned
from .plan_entry import AwsState, FleetEntry, Selection, get_session_id
from .selection import find_unknown_values

_HEADING = ("action", "interface", "instance", "session", "number", "target", "reason")
# The number of reasons in a warning.
_MAX_REASONS = 5


def pending(aws_state: AwsState) -> ModuleParams:
    """In check mode, the names of the filter and the targets that do not exist yet."""
    targets = [target.id.name for target in aws_state.targets if isinstance(target.id, UnresolvedRef)]
    return {
        **({FILTER.id_option: aws_state.filter_id.name} if isinstance(aws_state.filter_id, UnresolvedRef) else {}),
        **({"targets": targets} if targets else {}),
    }


def list_warnings(
    fleet: Fleet,
    aws_state: AwsState,
    entries: list[FleetEntry],
    coverage: Coverage,
    sessions: list[ModuleParams],
) -> list[str]:
    """Warnings of the plan and of the coverage. sessions: see sessions_after."""
    if not fleet.present:
        return []
    messages = [
        *_pending_warnings(aws_state),
        *find_unknown_values((*fleet.sources, *fleet.exclude), aws_state.interfaces),
    ]
    if not any(entry.selection is not Selection.NOT_SELECTED for entry in entries):
        messages.append("sources match no interface. Check sources, the region and the account.")
    messages += _type_warnings(fleet, entries)
    unmirrored = coverage.classes["unmirrored"]
    if unmirrored:
        ids = [one for group in unmirrored.values() for one in group]
        causes = _count_reasons({reason: len(group) for reason, group in unmirrored.items()})
        messages.append(
            f"Eligible interfaces that are not mirrored ({len(ids)}): {list_some(sorted(ids))}. Reasons: {causes}."
        )
    kept = Counter(entry.problem for entry in entries if entry.problem and entry.plan.before is not None)
    if kept:
        messages.append(f"Sessions kept although the options differ ({sum(kept.values())}): {_count_reasons(kept)}.")
    if coverage.dead:
        dead = list_some(get_session_id(session) for session, _reason in coverage.dead)
        causes = _count_reasons(Counter(reason for _session, reason in coverage.dead))
        messages.append(
            f"Sessions that mirror nothing but are charged ({len(coverage.dead)}): {dead}. Reasons: {causes}."
        )
    if coverage.victims:
        messages.append(
            "Sessions outside this fleet that lose packets to it, because they have higher session numbers "
            f"({len(coverage.victims)}): {list_some(map(get_session_id, coverage.victims))}."
        )
    return messages + _vni_warnings(fleet, aws_state, sessions)


def _pending_warnings(aws_state: AwsState) -> list[str]:
    references = [aws_state.filter_id, *(target.id for target in aws_state.targets)]
    names = [one.name for one in references if isinstance(one, UnresolvedRef)]
    if not names:
        return []
    messages = [
        f"Filter or target not found: {list_some(names)}. Check mode assumes that an earlier task creates it; "
        "otherwise the real run fails."
    ]
    unlimited = [one.id.name for one in aws_state.targets if isinstance(one.id, UnresolvedRef) and one.capacity is None]
    if unlimited:
        messages.append(
            f"The capacity of {list_some(unlimited)} is unknown. Check mode assumes that it is unlimited; set capacity "
            "if the target is a network interface."
        )
    return messages


def _type_warnings(fleet: Fleet, entries: list[FleetEntry]) -> list[str]:
    """A warning for selected instances whose family is in none of the lists."""
    families = Counter(
        get_family(entry.interface.instance.type)
        for entry in entries
        if entry.selection is Selection.INELIGIBLE
        and entry.interface is not None
        and entry.interface.instance is not None
        and not fleet.types.supports(entry.interface.instance.type)
        and get_family(entry.interface.instance.type) not in VIRTUALIZED_FAMILIES
    )
    if not families or fleet.types.replaced:
        return []
    listed = ", ".join(f"{family} ({count})" for family, count in sorted(families.items()))
    return [
        "Selected interfaces that are not mirrored, because their instance families are not in the list of supported "
        f"types ({sum(families.values())}): {listed}. If AWS supports a family, add it to additional_instance_types; "
        "otherwise exclude it."
    ]


def _vni_warnings(fleet: Fleet, aws_state: AwsState, sessions: list[ModuleParams]) -> list[str]:
    """A warning for VNIs of the fleet that other sessions at the same target have too."""
    own = {get_session_id(one) for one in list_owned(fleet, sessions, aws_state.limits)}
    is_fixed = "virtual_network_id" in fleet.values
    rows = [
        {**with_placeholders(one), "fixed_virtual_network_id": is_fixed and get_session_id(one) in own}
        for one in sessions
        if "virtual_network_id" in one and TARGET.id_option in one
    ]
    of_fleet = {(one[TARGET.id_option], one["virtual_network_id"]) for one in rows if get_session_id(one) in own}
    clashes = [
        f"{one['virtual_network_id']} at {one[TARGET.id_option]} "
        f"({', '.join(interface['network_interface_id'] for interface in one['interfaces'])})"
        for one in find_vni_clashes(rows)
        if (one[TARGET.id_option], one["virtual_network_id"]) in of_fleet
    ]
    if not clashes:
        return []
    return [
        f"VNIs that several interfaces use at one target ({len(clashes)}): {list_some(clashes)}. A sensor cannot tell "
        "the packets of these interfaces apart. Set vni_range."
    ]


def _count_reasons(reasons: dict[str, int]) -> str:
    frequent = Counter(reasons).most_common()
    more = [f"and {len(frequent) - _MAX_REASONS} other reasons"] if len(frequent) > _MAX_REASONS else []
    return "; ".join([f"{count} x {reason}" for reason, count in frequent[:_MAX_REASONS]] + more)


def list_notes(fleet: Fleet, aws_state: AwsState) -> list[str]:
    """Lines of the plan that concern no interface: entries of O(exclude) that match nothing."""
    if not fleet.present:
        return []
    return [
        f"{selector.label} matches no interface"
        for selector in fleet.exclude
        if not any(selector.matches(interface) for interface in aws_state.interfaces)
    ]


def format_plan(entries: list[FleetEntry], max_lines: int, aws_state: AwsState, notes: list[str]) -> str:
    """The plan as a table. max_lines: the number of lines of each action."""
    names = aws_state.target_names
    return format_table(
        entries,
        _HEADING,
        lambda entry: _format_cells(cast(FleetEntry, entry), names),
        max_lines,
        "interfaces",
        notes,
    )


def vni_map(entries: Iterable[FleetEntry]) -> list[ModuleParams]:
    """The interface and instance of each virtual network id, for the configuration of sensors."""
    rows = []
    for entry in entries:
        session = entry.after
        instance = entry.interface.instance if entry.interface else None
        if session and "virtual_network_id" in session and TARGET.id_option in session:
            rows.append(
                {
                    "virtual_network_id": session["virtual_network_id"],
                    "network_interface_id": entry.key,
                    **({"instance_id": instance.id} if instance else {}),
                    TARGET.id_option: session[TARGET.id_option],
                }
            )
    return rows


def _format_cells(entry: FleetEntry, target_names: dict[str, str]) -> tuple[str, ...]:
    """The cells of an entry, in the columns of _HEADING."""
    session, instance = entry.session, entry.interface.instance if entry.interface else None
    name = instance.tags.get("Name") if instance else None
    target = session.get(TARGET.id_option, entry.target.id if entry.target else None)
    return (
        entry.action,
        entry.key,
        f"{instance.id if instance else '-'}{f' ({name})' if name else ''}",
        session.get(SESSION.id_option, "(new)" if entry.action == "create" else "-"),
        str(session.get("session_number", "-")),
        target.name if isinstance(target, UnresolvedRef) else target_names.get(target or "", target or "-"),
        format_reason(entry),
    )
