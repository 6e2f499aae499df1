# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator behind a microburst proxy, and direct access to the emulator."""

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

import boto3

from tests.emulator.client import Emulator

from . import child

ApiObject = dict[str, Any]


class Proxy:
    """A microburst proxy for a URL."""

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
        """Replace all rules."""
        self._ask("rules", "POST", rules)

    def fired(self) -> list[dict[str, Any]]:
        """Return the injected faults since the last call."""
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
    """An emulator and a proxy."""

    def __init__(self) -> None:
        self.emulator = Emulator()
        try:
            self.proxy = Proxy(self.emulator.url)
        except BaseException:
            self.emulator.stop()
            raise
        self._warm_up()

    def _warm_up(self) -> None:
        """Send a call through the proxy. The first one takes seconds, longer than the read timeout of some tasks."""
        env = self.emulator.env
        client = boto3.client(
            "ec2",
            region_name=env["AWS_REGION"],
            endpoint_url=self.proxy.url,
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        )
        client.describe_traffic_mirror_targets()

    @cached_property
    def ec2(self) -> Any:
        """An EC2 client that bypasses the proxy."""
        return self.emulator.client()

    def run(
        self, module: str, options: dict[str, Any], hooks: child.Hooks | None = None, *, direct: bool = False
    ) -> child.RunResult:
        """Run a module, through the proxy unless direct."""
        return self.start(module, options, hooks, direct=direct).wait()

    def start(
        self, module: str, options: dict[str, Any], hooks: child.Hooks | None = None, *, direct: bool = False
    ) -> child.Running:
        env = self.emulator.env if direct else {**self.emulator.env, "AWS_ENDPOINT_URL": self.proxy.url}
        return child.start(module, options, env, hooks)

    def reset(self) -> None:
        """Restore the initial state."""
        self.emulator.reset()
        self.remove_faults()

    def remove_faults(self) -> None:
        """Remove all faults."""
        self.proxy.rules([])
        names = ("drop_replies", "replace_replies", "credential_calls", "fail", "denied", "lag", "interleave")
        self.emulator.settings(**dict.fromkeys(names))

    def state(self) -> dict[str, ApiObject]:
        """Return all sessions, filters and targets by id, as described by EC2."""
        found: dict[str, ApiObject] = {}
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
        """Return the actions called since clear_log, in order."""
        return [entry["action"] for entry in self.emulator.log() if not entry["interleaved"]]

    def stop(self) -> None:
        self.proxy.stop()
        self.emulator.stop()

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def tags(row: ApiObject) -> dict[str, str]:
    """Return the tags of a row as a dict."""
    return {tag["Key"]: tag["Value"] for tag in row.get("Tags", ())}


def named(state: dict[str, ApiObject], prefix: str, name: str) -> list[ApiObject]:
    """Return the rows with this id prefix (tms, tmf, tmt) and Name tag."""
    return [row for found, row in state.items() if found.startswith(f"{prefix}-") and tags(row).get("Name") == name]
