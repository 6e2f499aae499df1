# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator with microburst in front of it, and what there is in the emulator, asked directly."""

from __future__ import annotations

import json
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request
from functools import cached_property
from types import TracebackType
from typing import Any

from tests.emulator.client import Emulator

from . import child

Row = dict[str, Any]


class Proxy:
    """microburst in front of a URL."""

    def __init__(self, upstream: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [str(pathlib.Path(sys.executable).with_name("microburst")), "--upstream", upstream]
        self._process = subprocess.Popen(
            [*command, "--port", str(port), "--no-resign"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for attempt in range(200):
            try:
                self.rules([])
                return
            except OSError:
                if attempt == 199 or self._process.poll() is not None:
                    self.stop()
                    raise
                time.sleep(0.1)

    def rules(self, rules: list[dict[str, Any]]) -> None:
        """These rules and no others."""
        self._ask("rules", "POST", rules)

    def fired(self) -> list[dict[str, Any]]:
        """What rules did since the last time."""
        found: list[dict[str, Any]] = self._ask("fired", "GET")
        self._ask("fired", "DELETE")
        return found

    def _ask(self, name: str, method: str, data: Any = None) -> Any:
        body = None if data is None else json.dumps(data).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_microburst/{name}", data=body, method=method, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as reply:
            return json.loads(reply.read())

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


class Lab:
    """One emulator and one proxy."""

    def __init__(self) -> None:
        self.emulator = Emulator()
        try:
            self.proxy = Proxy(self.emulator.url)
        except BaseException:
            self.emulator.stop()
            raise

    @cached_property
    def ec2(self) -> Any:
        """A client that knows of no proxy."""
        return self.emulator.client()

    def run(
        self, module: str, options: dict[str, Any], around: child.Around | None = None, *, direct: bool = False
    ) -> child.Ended:
        """One run of a module, through the proxy unless direct."""
        return self.start(module, options, around, direct=direct).wait()

    def start(
        self, module: str, options: dict[str, Any], around: child.Around | None = None, *, direct: bool = False
    ) -> child.Running:
        env = self.emulator.env if direct else {**self.emulator.env, "AWS_ENDPOINT_URL": self.proxy.url}
        return child.start(module, options, env, around)

    def reset(self) -> None:
        """Everything as at the start."""
        self.emulator.reset()
        self.calm()

    def calm(self) -> None:
        """No more faults."""
        self.proxy.rules([])
        self.emulator.knobs(drop_replies=None, fail=None, denied=None, lag=None, interleave=None)

    def state(self) -> dict[str, Row]:
        """Every session, filter and target by its id, whole."""
        found: dict[str, Row] = {}
        for noun in ("Session", "Filter", "Target"):
            describe = getattr(self.ec2, f"describe_traffic_mirror_{noun.lower()}s")
            token: dict[str, str] = {}
            while True:
                page = describe(MaxResults=1000, **token)
                found.update({row[f"TrafficMirror{noun}Id"]: row for row in page[f"TrafficMirror{noun}s"]})
                if not page.get("NextToken"):
                    break
                token = {"NextToken": page["NextToken"]}
        return found

    def actions(self) -> list[str]:
        """The actions that runs have called since clear_log, in their order."""
        return [entry["action"] for entry in self.emulator.log() if not entry["interleaved"]]

    def stop(self) -> None:
        self.proxy.stop()
        self.emulator.stop()

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def tags(row: Row) -> dict[str, str]:
    """The tags of a row, as a dict."""
    return {tag["Key"]: tag["Value"] for tag in row.get("Tags", ())}


def named(state: dict[str, Row], prefix: str, name: str) -> list[Row]:
    """The rows of this kind (tms, tmf, tmt) with this name."""
    return [row for found, row in state.items() if found.startswith(f"{prefix}-") and tags(row).get("Name") == name]
