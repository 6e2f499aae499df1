# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of a fleet's plan: coverage, pending references, warnings, the table of the diff, the VNI map."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from .._model.placeholders import UnresolvedRef
from .._model.resource_types import FILTER, SESSION, TARGET, ModuleParams
from .._model.text import list_some, printable
from .plan_entry import AwsState, PlanEntry, summary

# The labels of the counts in the last line of the table, by action.
COUNT_LABELS = {
    "create": "to create",
    "update": "to update",
    "delete": "to delete",
    "unchanged": "unchanged",
    "skip": "skipped",
}
HEADING = ("action", "interface", "instance", "session", "number", "target", "reason")


def coverage(entries: list[PlanEntry]) -> ModuleParams:
    """How many of the selected interfaces are mirrored after the plan."""
    with_session = [entry for entry in entries if entry.action in ("create", "update", "unchanged")]
    # If an update fails, the existing session remains.
    without_session = [entry for entry in entries if entry.unassigned or (entry.action == "create" and entry.failed)]
    unmirrored = sorted(entry.interface_id for entry in without_session)
    mirrored = {entry.interface_id for entry in with_session}.difference(unmirrored)
    return {
        "selected": len({entry.interface_id for entry in entries if entry.selected}),
        "eligible": len(mirrored) + len(unmirrored),
        "mirrored": len(mirrored),
        "unmirrored": unmirrored,
    }


def pending(aws_state: AwsState) -> ModuleParams:
    """In check mode, the names of the filter and the targets that do not exist yet."""
    targets = [target.id.name for target in aws_state.targets if isinstance(target.id, UnresolvedRef)]
    return {
        **({FILTER.id_option: aws_state.filter_id.name} if isinstance(aws_state.filter_id, UnresolvedRef) else {}),
        **({"targets": targets} if targets else {}),
    }


def warnings(entries: list[PlanEntry], pending_names: ModuleParams) -> list[str]:
    """Warnings: unresolved references, an empty selection, eligible interfaces without a session.

    pending_names: the return value of pending().
    """
    messages = []
    if pending_names:
        names = [pending_names.get(FILTER.id_option), *pending_names.get("targets", ())]
        messages.append(
            f"Filter or target not found: {list_some(filter(None, names))}. "
            "Check mode assumes that an earlier task creates it; otherwise the real run fails."
        )
    if not any(entry.selected for entry in entries):
        messages.append("sources match no interface. Check sources, the region and the account.")
    unassigned = [entry for entry in entries if entry.unassigned]
    if unassigned:
        reasons = Counter(entry.reason for entry in unassigned).most_common()
        messages.append(
            f"{len(unassigned)} eligible interfaces are not mirrored: "
            f"{list_some(entry.interface_id for entry in unassigned)}. "
            f"Reasons: {'; '.join(f'{count} x {reason}' for reason, count in reasons)}."
        )
    return messages


def table(entries: list[PlanEntry], max_lines: int, target_names: dict[str, str]) -> str:
    """The plan as text: a heading, a line for each creation, update and deletion and each reason to skip, the counts.

    max_lines: the number of lines of each action. target_names: the Name tags of targets, by id.
    """
    lines: list[tuple[str, ...]] = []
    for action in ("create", "update", "delete"):
        chosen = [entry for entry in entries if entry.action == action]
        lines += [_format_cells(entry, target_names) for entry in chosen[:max_lines]]
        lines += [(action, f"... and {len(chosen) - max_lines} more")] if len(chosen) > max_lines else []
    skipped: dict[str, list[PlanEntry]] = defaultdict(list)
    for entry in entries:
        if entry.action == "skip":
            skipped[entry.reason].append(entry)
    for reason, group in sorted(skipped.items()):
        group_cells = ("skip", f"{len(group)} interfaces", "", "", "", "", reason)
        lines.append(_format_cells(group[0], target_names) if len(group) == 1 else group_cells)
    counts = summary(entries)
    count_line = ", ".join(f"{counts[action]} {label}" for action, label in COUNT_LABELS.items())
    return "\n".join([*_align([HEADING, *lines] if lines else []), count_line, ""])


def _align(lines: list[tuple[str, ...]]) -> list[str]:
    """Align the cells in columns. Names come from tags, so control characters are escaped."""
    escaped = [tuple(map(printable, line)) for line in lines]
    # The "... and N more" lines have fewer cells and do not widen the columns.
    full = [line for line in escaped if len(line) == len(HEADING)]
    widths = [max(map(len, column)) for column in zip(*full)] or [0]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in escaped]


def vni_map(sessions: Iterable[tuple[PlanEntry, ModuleParams]]) -> list[ModuleParams]:
    """The interface and instance of each virtual network id, for the configuration of sensors."""
    return [
        {
            "virtual_network_id": session["virtual_network_id"],
            "network_interface_id": entry.interface_id,
            **({"instance_id": entry.interface.instance.id} if entry.interface and entry.interface.instance else {}),
            TARGET.id_option: session[TARGET.id_option],
        }
        for entry, session in sessions
        if "virtual_network_id" in session and TARGET.id_option in session
    ]


def _format_cells(entry: PlanEntry, target_names: dict[str, str]) -> tuple[str, ...]:
    """The cells of an entry, in the columns of HEADING."""
    session, instance = entry.session, entry.interface.instance if entry.interface else None
    name = instance.tags.get("Name") if instance else None
    target = session.get(TARGET.id_option, entry.target.id if entry.target else None)
    changes = [
        option if isinstance(after, dict) else f"{option} {before!r} -> {after!r}"
        for option, (before, after) in (entry.changes or {}).items()
    ]
    return (
        entry.action,
        entry.interface_id,
        f"{instance.id if instance else '-'}{f' ({name})' if name else ''}",
        session.get(SESSION.id_option, "(new)" if entry.action == "create" else "-"),
        str(session.get("session_number", "-")),
        target.name if isinstance(target, UnresolvedRef) else target_names.get(target or "", target or "-"),
        ", ".join(changes) or entry.reason,
    )
