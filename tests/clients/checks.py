# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Python programs share: the environment that tools/clients.py sets, counted checks, and the control API."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable
from typing import Any

Step = Callable[[], None]


class MismatchError(Exception):
    """A reply differs from the expected one."""


class Checks:
    """Counted comparisons. .lab: the ids of the lab and "sources", the ids of 12 more network interfaces."""

    def __init__(self) -> None:
        self.count = 0
        self.lab: dict[str, Any] = json.loads(os.environ["CLIENTS_LAB"])

    def same(self, what: str, got: object, expected: object) -> None:
        """Count a check. Raises MismatchError if the values differ."""
        self.count += 1
        if got != expected:
            raise MismatchError(f"{what}\n  got      {got!r}\n  expected {expected!r}")

    def run(self, name: str, steps: dict[str, Step]) -> int:
        """Run the steps and print the number of checks of each. Returns the exit status: 1 after a failure."""
        try:
            for step, function in steps.items():
                before = self.count
                function()
                print(f"  {step}: {self.count - before}", flush=True)
        except (MismatchError, RuntimeError) as error:
            print(f"{name}: FAILED: {error}")
            return 1
        print(f"{name}: {self.count} checks passed")
        return 0


def control(method: str, name: str, data: Any = None) -> Any:
    """Send a request to the control API of the emulator at AWS_ENDPOINT_URL. Returns the JSON data of the reply."""
    body = None if data is None else json.dumps(data).encode()
    url = f"{os.environ['AWS_ENDPOINT_URL']}/_emulator/{name}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, data=body, method=method), timeout=30) as reply:
        return json.load(reply)


def calls(action: str) -> list[dict[str, Any]]:
    """Return the logged calls of an action since the last clear of the log. See Emulator.log in tests/emulator."""
    return [entry for entry in control("GET", "log") if entry["action"] == action]
