# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fleet's plan says to people and to later tasks: counts, coverage, a table, the sensor's map."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from ansible_collections.vtap.aws.plugins.module_utils.fleet import ACTIONS, Row, World, summary
from ansible_collections.vtap.aws.plugins.module_utils.plan import Pending
from ansible_collections.vtap.aws.plugins.module_utils.resource import FILTER, SESSION, TARGET, Options
from ansible_collections.vtap.aws.plugins.module_utils.words import few, printable

HEADING = ("action", "interface", "instance", "session", "number", "target", "reason")


def coverage(rows: list[Row]) -> Options:
    """What of the selection is mirrored, once the plan is through."""
    seated = [row for row in rows if row.action in ("create", "change", "leave")]
    # A change that failed leaves the session that is there.
    blind = [row for row in rows if row.unseated or (row.action == "create" and row.failed)]
    unmirrored = sorted(row.interface_id for row in blind)
    mirrored = {row.interface_id for row in seated}.difference(unmirrored)
    return {
        "selected": len({row.interface_id for row in rows if row.selected}),
        "eligible": len(mirrored) + len(unmirrored),
        "mirrored": len(mirrored),
        "unmirrored": unmirrored,
    }


def pending(world: World) -> Options:
    """The names in check mode of what does not exist yet: of the filter, and of targets."""
    targets = [target.id.name for target in world.targets if isinstance(target.id, Pending)]
    return {
        **({FILTER.id_option: world.filter_id.name} if isinstance(world.filter_id, Pending) else {}),
        **({"targets": targets} if targets else {}),
    }


def warnings(rows: list[Row], pending_names: Options) -> list[str]:
    """What is no failure and should not go unseen. pending_names: see pending."""
    said = []
    if pending_names:
        names = [pending_names.get(FILTER.id_option), *pending_names.get("targets", ())]
        said.append(
            f"These do not exist, and check mode takes them for what an earlier task makes: {few(filter(None, names))}."
        )
    if not any(row.selected for row in rows):
        said.append("sources select no interface. Check sources, and the region and account.")
    blind = [row for row in rows if row.unseated]
    if blind:
        reasons = Counter(row.reason for row in blind).most_common()
        said.append(
            f"{len(blind)} interfaces could be mirrored and are not: {few(row.interface_id for row in blind)}. "
            f"Why: {'; '.join(f'{count} x {reason}' for reason, count in reasons)}."
        )
    return said


def table(rows: list[Row], most: int, target_names: dict[str, str]) -> str:
    """The plan as text: a heading, a line for each row that changes something and each reason to skip, then counts.

    most: how many lines of each action are listed. target_names: the Name tags of targets, by id.
    """
    lines: list[tuple[str, ...]] = []
    for action in ("create", "change", "delete"):
        chosen = [row for row in rows if row.action == action]
        lines += [_cells(row, target_names) for row in chosen[:most]]
        lines += [(action, f"... and {len(chosen) - most} more")] if len(chosen) > most else []
    skipped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.action == "skip":
            skipped[row.reason].append(row)
    for reason, same in sorted(skipped.items()):
        several = ("skip", f"{len(same)} interfaces", "", "", "", "", reason)
        lines.append(_cells(same[0], target_names) if len(same) == 1 else several)
    counts = summary(rows)
    counted = ", ".join(f"{counts[action]} {action}" for action in ACTIONS)
    return "\n".join([*_aligned([HEADING, *lines] if lines else []), counted, ""])


def _aligned(lines: list[tuple[str, ...]]) -> list[str]:
    """The cells in columns. Names come from tags, so what a terminal would obey is escaped."""
    shown = [tuple(map(printable, line)) for line in lines]
    # A line that is no row of the table does not make its columns wider.
    full = [line for line in shown if len(line) == len(HEADING)]
    widths = [max(map(len, column)) for column in zip(*full)] or [0]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in shown]


def vni_map(sessions: Iterable[tuple[Row, Options]]) -> list[Options]:
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


def _cells(row: Row, target_names: dict[str, str]) -> tuple[str, ...]:
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
        target.name if isinstance(target, Pending) else target_names.get(target or "", target or "-"),
        ", ".join(changes) or row.reason,
    )
