# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fleet's plan says to people and to later tasks: counts, coverage, a table, the sensor's map."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from .._model.desired_state import UnresolvedRef
from .._model.resource_types import FILTER, SESSION, TARGET, ModuleParams
from .._model.text import list_some, printable
from .plan_entry import AwsState, PlanEntry, summary

# How the last line counts each action.
COUNTED = {
    "create": "to create",
    "update": "to update",
    "delete": "to delete",
    "unchanged": "unchanged",
    "skip": "skipped",
}
HEADING = ("action", "interface", "instance", "session", "number", "target", "reason")


def coverage(rows: list[PlanEntry]) -> ModuleParams:
    """What of the selection is mirrored, once the plan is through."""
    seated = [row for row in rows if row.action in ("create", "update", "unchanged")]
    # A change that failed leaves the session that is there.
    unmirrored_entries = [row for row in rows if row.unassigned or (row.action == "create" and row.failed)]
    unmirrored = sorted(row.interface_id for row in unmirrored_entries)
    mirrored = {row.interface_id for row in seated}.difference(unmirrored)
    return {
        "selected": len({row.interface_id for row in rows if row.selected}),
        "eligible": len(mirrored) + len(unmirrored),
        "mirrored": len(mirrored),
        "unmirrored": unmirrored,
    }


def pending(aws_state: AwsState) -> ModuleParams:
    """The names in check mode of what does not exist yet: of the filter, and of targets."""
    targets = [target.id.name for target in aws_state.targets if isinstance(target.id, UnresolvedRef)]
    return {
        **({FILTER.id_option: aws_state.filter_id.name} if isinstance(aws_state.filter_id, UnresolvedRef) else {}),
        **({"targets": targets} if targets else {}),
    }


def warnings(rows: list[PlanEntry], pending_names: ModuleParams) -> list[str]:
    """What is no failure and should not go unseen. pending_names: see pending."""
    said = []
    if pending_names:
        names = [pending_names.get(FILTER.id_option), *pending_names.get("targets", ())]
        said.append(
            f"These do not exist, and check mode takes them for what an earlier task makes: "
            f"{list_some(filter(None, names))}."
        )
    if not any(row.selected for row in rows):
        said.append("sources select no interface. Check sources, and the region and account.")
    unmirrored_entries = [row for row in rows if row.unassigned]
    if unmirrored_entries:
        reasons = Counter(row.reason for row in unmirrored_entries).most_common()
        said.append(
            f"{len(unmirrored_entries)} interfaces could be mirrored and are not: "
            f"{list_some(row.interface_id for row in unmirrored_entries)}. "
            f"Why: {'; '.join(f'{count} x {reason}' for reason, count in reasons)}."
        )
    return said


def table(rows: list[PlanEntry], most: int, target_names: dict[str, str]) -> str:
    """The plan as text: a heading, a line for each row that changes something and each reason to skip, then counts.

    most: how many lines of each action are listed. target_names: the Name tags of targets, by id.
    """
    lines: list[tuple[str, ...]] = []
    for action in ("create", "update", "delete"):
        chosen = [row for row in rows if row.action == action]
        lines += [_cells(row, target_names) for row in chosen[:most]]
        lines += [(action, f"... and {len(chosen) - most} more")] if len(chosen) > most else []
    skipped: dict[str, list[PlanEntry]] = defaultdict(list)
    for row in rows:
        if row.action == "skip":
            skipped[row.reason].append(row)
    for reason, same in sorted(skipped.items()):
        several = ("skip", f"{len(same)} interfaces", "", "", "", "", reason)
        lines.append(_cells(same[0], target_names) if len(same) == 1 else several)
    counts = summary(rows)
    counted = ", ".join(f"{counts[action]} {words}" for action, words in COUNTED.items())
    return "\n".join([*_aligned([HEADING, *lines] if lines else []), counted, ""])


def _aligned(lines: list[tuple[str, ...]]) -> list[str]:
    """The cells in columns. Names come from tags, so what a terminal would obey is escaped."""
    shown = [tuple(map(printable, line)) for line in lines]
    # A line that is no row of the table does not make its columns wider.
    full = [line for line in shown if len(line) == len(HEADING)]
    widths = [max(map(len, column)) for column in zip(*full)] or [0]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in shown]


def vni_map(sessions: Iterable[tuple[PlanEntry, ModuleParams]]) -> list[ModuleParams]:
    """For the sensor: which interface and instance each virtual network id is."""
    return [
        {
            "virtual_network_id": found["virtual_network_id"],
            "network_interface_id": row.interface_id,
            **({"instance_id": row.interface.instance.id} if row.interface and row.interface.instance else {}),
            TARGET.id_option: found[TARGET.id_option],
        }
        for row, found in sessions
        if "virtual_network_id" in found and TARGET.id_option in found
    ]


def _cells(row: PlanEntry, target_names: dict[str, str]) -> tuple[str, ...]:
    """The columns of HEADING."""
    found, instance = row.session, row.interface.instance if row.interface else None
    name = instance.tags.get("Name") if instance else None
    target = found.get(TARGET.id_option, row.target.id if row.target else None)
    changes = [
        option if isinstance(after, dict) else f"{option} {before!r} -> {after!r}"
        for option, (before, after) in (row.changes or {}).items()
    ]
    return (
        row.action,
        row.interface_id,
        f"{instance.id if instance else '-'}{f' ({name})' if name else ''}",
        found.get(SESSION.id_option, "(new)" if row.action == "create" else "-"),
        str(found.get("session_number", "-")),
        target.name if isinstance(target, UnresolvedRef) else target_names.get(target or "", target or "-"),
        ", ".join(changes) or row.reason,
    )
