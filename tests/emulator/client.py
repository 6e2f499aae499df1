# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the emulator as a subprocess and call its control API. Standard library only.

with Emulator() as emulator:
    emulator.settings(throttle="published")
    subprocess.run(["aws", "ec2", "describe-traffic-mirror-targets"], env={**os.environ, **emulator.env})
    print(emulator.log())
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request
from types import TracebackType
from typing import Any

from .identity import DEFAULT_ACCOUNT, SECRET_KEY, access_key

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Emulator:
    """A running emulator: .url, .env (the AWS_* variables for subprocesses) and the control calls."""

    def __init__(
        self,
        *,
        port: int = 0,
        settings: dict[str, Any] | None = None,
        log_file: str | None = None,
        python: str | None = None,
    ) -> None:
        """Start the emulator. Raises RuntimeError if it exits during startup.

        port: 0 selects a free port. python: an interpreter with moto installed; default: VTAP_EMULATOR_PYTHON, which
        make matrix sets, else the running interpreter.
        """
        python = python or os.environ.get("VTAP_EMULATOR_PYTHON") or sys.executable
        command = [python, "-m", "tests.emulator", "--port", str(port), "--settings", json.dumps(settings or {})]
        if log_file:
            command += ["--log", log_file]
        # moto cannot be imported if AWS_PROFILE names a missing profile.
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=clean)
        self.url = self._announced_url()
        self._clients: dict[tuple[str, str, str], Any] = {}
        self.env = self.env_for()

    def _announced_url(self) -> str:
        assert self._process.stdout is not None
        url = ""
        for line in self._process.stdout:
            if line.startswith("export AWS_ENDPOINT_URL="):
                url = line.strip().partition("=")[2]
            # The last line of the announcement.
            if line.startswith("# target:"):
                return url
        raise RuntimeError(f"the emulator ended with status {self._process.wait()}")

    def env_for(self, account: str = DEFAULT_ACCOUNT, region: str = "eu-west-1") -> dict[str, str]:
        """Return the AWS_* variables for a subprocess that uses this account and region."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": access_key(account),
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            # Exclude the developer's AWS configuration and the instance metadata service.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(
        self, service: str = "ec2", account: str = DEFAULT_ACCOUNT, region: str = "eu-west-1", **more: Any
    ) -> Any:
        """Return a boto3 client for an account and region. more: other arguments of boto3.client.

        Without `more`, clients are cached, because creating a client takes half a second.
        """
        key = (service, account, region)
        if not more and key in self._clients:
            return self._clients[key]
        client = self.client_of(self.env_for(account, region), service, **more)
        if not more:
            self._clients[key] = client
        return client

    def client_of(self, env: dict[str, str], service: str, **more: Any) -> Any:
        """Return a boto3 client with the credentials and the region of AWS_* variables. more: as for client."""
        import boto3  # imported here because programs that only start the emulator do not require boto3

        return boto3.client(
            service,
            region_name=env["AWS_DEFAULT_REGION"],
            endpoint_url=self.url,
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            **more,
        )

    def user(self, policy: dict[str, Any], name: str = "mirror", account: str = DEFAULT_ACCOUNT) -> dict[str, str]:
        """Create an IAM user with one inline policy. Returns the AWS_* variables for a subprocess.

        A reset deletes the user; the access key then belongs to the account's root user.
        """
        iam = self.client("iam", account)
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        secret = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        return {**self.env_for(account), **secret}

    def call(self, method: str, name: str, data: Any = None) -> Any:
        """Send one control request. Raises ValueError with the emulator's error message."""
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{name}", data=body, method=method)
        # Ignore proxy variables of the environment.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]) from None

    def log(self, *, moto: bool = True) -> list[dict[str, Any]]:
        """Return the calls since the last clear; moto=False omits calls that concern neither mirroring nor tags.

        Each entry is {"n", "time", "account", "region", "action", "parameters" (API member names), "dry_run", "code"
        ("OK" or the error code), "seconds" (processing time, without waiting for other calls and without sending),
        "interleaved" (sent by the interleave setting, not by a client), "dropped" (the client received no reply)}.
        """
        ours = ("CreateTags", "DeleteTags", "DescribeTags", "TagResources", "UntagResources", "GetResources")
        entries: list[dict[str, Any]] = self.call("GET", "log")
        return [e for e in entries if moto or "TrafficMirror" in e["action"] or e["action"] in ours]

    def clear_log(self) -> None:
        """Clear the call log."""
        self.call("DELETE", "log")

    def settings(self, **values: Any) -> dict[str, Any]:
        """Change settings; None restores a default. Returns all settings. See settings.py."""
        result: dict[str, Any] = self.call("PUT", "settings", values)
        return result

    def reset(self) -> None:
        """Restore the initial state, including the lab."""
        self.call("POST", "reset")

    @property
    def lab(self) -> dict[str, Any]:
        """The ids of the lab's resources, see lab.names."""
        result: dict[str, Any] = self.call("GET", "lab")
        return result

    def seed(self, account: str = DEFAULT_ACCOUNT, region: str = "eu-west-1") -> dict[str, Any]:
        """Create the lab in another account or region. Returns the ids."""
        result: dict[str, Any] = self.call("POST", "seed", {"account": account, "region": region})
        return result

    def bulk_seed(
        self,
        number: int,
        *,
        instance_type: str = "m5.large",
        tags: dict[str, str] | None = None,
        interfaces: int = 1,
        account: str = DEFAULT_ACCOUNT,
        region: str = "eu-west-1",
        sessions: dict[str, Any] | None = None,
    ) -> dict[str, list[str]]:
        """Create `number` instances with these tags and `interfaces` interfaces each, in a separate VPC.

        sessions: {"target": id, "filter": id, "number": 1, "tags": {}}, number and tags optional, adds a session to
        each new interface; quotas and supported instance types are not checked. Returns the new ids as
        {"instances": [], "interfaces": [], "sessions": []}. The same calls after a reset return the same ids.
        """
        given = {"number": number, "instance_type": instance_type, "tags": tags, "interfaces": interfaces}
        where = {"account": account, "region": region}
        result: dict[str, list[str]] = self.call("POST", "bulk_seed", {**given, **where, "sessions": sessions})
        return result

    def add_interface(self, kind: str, **more: Any) -> str:
        """Create an interface that no client can create. kind and more: see interface_kinds.create. Returns the id."""
        return str(self.call("POST", "interface", {"kind": kind, **more})["id"])

    def delete_interface(self, identifier: str) -> None:
        """Delete an interface as the AWS service or the account that owns it does."""
        self.call("DELETE", "interface", {"id": identifier})

    def tags(self, identifier: str, **tags: str) -> None:
        """Set tags, including aws: tags, on a mirroring resource: tags(id, **{"aws:x": "y"})."""
        self.call("POST", "tags", {"id": identifier, "tags": tags})

    def endpoint_state(self, endpoint: str, state: str, **where: str) -> None:
        """Set the state of a VPC endpoint, see prerequisites.ENDPOINT_STATES. where: account and region."""
        self.call("PUT", "endpoint_state", {"endpoint": endpoint, "state": state, **where})

    def add_metrics(self, instance: str, metrics: dict[str, float], minutes_ago: float = 10, **where: str) -> None:
        """Add a datapoint of each AWS/EC2 metric of an instance. where: account and region."""
        self.call("POST", "metrics", {"instance": instance, "metrics": metrics, "minutes_ago": minutes_ago, **where})

    def share(self, target: str, *accounts: str) -> None:
        """Share a target with these accounts and no others."""
        self.call("POST", "share", {"target": target, "accounts": list(accounts)})

    def stop(self) -> None:
        """Stop the emulator."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
