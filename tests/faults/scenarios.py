# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All scenarios. Together their tasks make every API call that the modules can make."""

from __future__ import annotations

from typing import Any

from .fleet_scenarios import fleets
from .lab import ApiObject
from .resource_scenarios import FILTERS, SESSIONS, TARGETS
from .scenario import Scenario, create_unrelated
from .stack_scenarios import STACKS

SIZE = 8


def _infos() -> list[Scenario]:
    def nothing(_row: ApiObject) -> bool:
        return False

    def one(kind: str, options: dict[str, Any]) -> Scenario:
        return Scenario(
            "list", f"{kind}_info", lambda _: options, create_unrelated, nothing, lambda _s, _b: [], writes=False
        )

    return [*(one(kind, {"names": ["theirs"]}) for kind in ("session", "filter", "target")), one("stack", {})]


ALL = [*SESSIONS, *FILTERS, *TARGETS, *fleets(SIZE), *STACKS, *_infos()]
