# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which session of an interface gets which packets, by filter ids. Pure. Each combination is decided once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._model.resource_types import DIRECTIONS, FILTER, ModuleParams
from .._resources.filter_overlap import accepts_packets, has_packet, is_shadowed, takes_packets


class FilterTable:
    """The filters of the account.

    rows: by id. unreadable: why they could not be read, otherwise empty. Answers that depend on an unknown filter
    are None.
    """

    def __init__(self, filters: Iterable[ModuleParams] = (), unreadable: str = "") -> None:
        self.rows = {filter_of(row): row for row in filters}
        self.unreadable = unreadable
        self._answers: dict[tuple[Any, ...], bool] = {}

    def accepts_packets(self, filter_id: Any) -> bool | None:
        """Whether the filter accepts any packet."""
        rows = self._rows(filter_id)
        if rows is None:
            return None
        return self._answer(("accepts", filter_id), lambda: accepts_packets(rows[0]))

    def list_directions(self, filter_id: str) -> tuple[str, ...]:
        """The directions of the packets that the rules of a filter accept. Raises KeyError for an unknown filter."""
        row, key = self.rows[filter_id], ("directions", filter_id)
        return tuple(
            one
            for one in DIRECTIONS
            if self._answer((*key, one), lambda one=one: has_packet([_of_direction(row, one)], []))
        )

    def is_shadowed(self, filter_id: Any, lower: Iterable[str]) -> bool | None:
        """Whether a session with this filter gets no packet. lower: the filters of the sessions with lower numbers."""
        lower = frozenset(lower)
        if filter_id in lower:
            return True
        if not lower:
            return False
        rows = self._rows(filter_id, *lower)
        if rows is None:
            return None
        return self._answer(("shadowed", filter_id, lower), lambda: is_shadowed(rows[0], rows[1:]))

    def takes_packets(self, new: Any, old: str | None, victim: str, lower: Iterable[str]) -> bool | None:
        """Whether a session loses packets if the filter of a session with a lower number changes from old to new.

        old: None if the other session is created. victim: the filter of the session that loses packets. lower: the
        filters of the other sessions with lower numbers than the victim.
        """
        lower = frozenset(lower)
        if new == old or victim in lower or victim == old:
            return False
        rows = self._rows(new, victim, *lower, *([] if old is None else [old]))
        if rows is None:
            return None
        old_row, others = (None if old is None else rows[-1]), rows[2 : 2 + len(lower)]
        key = ("takes", new, old, victim, lower)
        return self._answer(key, lambda: takes_packets(rows[0], old_row, rows[1], others))

    def _rows(self, *filter_ids: Any) -> list[ModuleParams] | None:
        if any(one not in self.rows for one in filter_ids):
            return None
        return [self.rows[one] for one in filter_ids]

    def _answer(self, key: tuple[Any, ...], decide: Any) -> bool:
        if key not in self._answers:
            self._answers[key] = decide()
        return self._answers[key]


def _of_direction(row: ModuleParams, direction: str) -> ModuleParams:
    """The filter with the rules of one direction only, without network services."""
    return {"network_services": [], "rules": [rule for rule in row["rules"] if rule["direction"] == direction]}


def filter_of(row: ModuleParams) -> str:
    """The id of a filter, or of the filter of a session."""
    return str(row[FILTER.id_option])
