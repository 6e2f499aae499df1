# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Session numbers: which number a session of a fleet gets, so that no other session loses packets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .._model.resource_types import SESSION, ModuleParams
from .._model.tags import FLEET
from .._model.text import list_some
from .filter_table import FilterTable, filter_of
from .number_range import NumberRange

_HIGHEST = int(SESSION.field("session_number").maximum or 0)


@dataclass(frozen=True)
class NumberChoice:
    """The number for a session. number: None if there is none. problem: why there is none, or no better one."""

    number: int | None
    problem: str = ""


def choose_number(
    numbers: NumberRange | None, filter_id: Any, filters: FilterTable, sessions: Iterable[ModuleParams]
) -> NumberChoice:
    """The number for a new session with this filter.

    numbers: the allowed numbers; None: above those of all other sessions, so that no other session loses packets.
    sessions: of the interface. A session gets no number if sessions with lower numbers would take all its packets.
    """
    sessions = list(sessions)
    used = [session["session_number"] for session in sessions]
    number = max(used, default=0) + 1 if numbers is None else numbers.find_free(used)
    if number is None:
        return NumberChoice(None, f"no free session number in {numbers}")
    if number > _HIGHEST:
        return NumberChoice(None, f"another session has the highest session number, {_HIGHEST}")
    lower = [session for session in sessions if session["session_number"] < number]
    is_empty = filters.accepts_packets(filter_id) is False  # it may get rules later
    if not is_empty and filters.is_shadowed(filter_id, map(filter_of, lower)):
        return NumberChoice(None, f"would get no packets: {describe_lower(lower)}")
    return NumberChoice(number)


def keep_number(
    numbers: NumberRange | None,
    filter_id: Any,
    filters: FilterTable,
    current: ModuleParams,
    sessions: Iterable[ModuleParams],
) -> NumberChoice:
    """The number for an existing session that gets this filter.

    It keeps its number, unless the number is outside the allowed numbers, or the new filter would take packets from
    another session and no numbers are set. Parameters as for choose_number; sessions: without the current one.
    """
    sessions, number = list(sessions), current["session_number"]
    used = [session["session_number"] for session in sessions]
    if numbers is not None:
        if number in numbers:
            return NumberChoice(number)
        free = numbers.find_free(used)
        return NumberChoice(free) if free is not None else NumberChoice(number, f"no free session number in {numbers}")
    if not find_victims(filters, filter_id, current, sessions):
        return NumberChoice(number)
    above = max(used) + 1
    if above <= _HIGHEST:
        return NumberChoice(above)
    return NumberChoice(None, f"another session has the highest session number, {_HIGHEST}")


def find_victims(
    filters: FilterTable, filter_id: Any, current: ModuleParams, sessions: Iterable[ModuleParams]
) -> list[ModuleParams]:
    """The sessions that would lose packets if the current session got this filter and kept its number.

    A session counts if the filters cannot be compared.
    """
    sessions, number = list(sessions), current["session_number"]
    victims = []
    for victim in sessions:
        if victim["session_number"] < number:
            continue
        others = [one for one in sessions if one["session_number"] < victim["session_number"]]
        taken = filters.takes_packets(filter_id, filter_of(current), filter_of(victim), map(filter_of, others))
        if taken is not False:
            victims.append(victim)
    return victims


def describe_lower(sessions: Iterable[ModuleParams]) -> str:
    """Sessions with lower numbers as text, without ids, because reasons are counted. RV(plan) has the ids."""
    fleets = sorted({session["tags"][FLEET] for session in sessions if FLEET in session["tags"]})
    return f"sessions with lower numbers{f' (fleet {list_some(fleets)})' if fleets else ''} mirror the same packets"
