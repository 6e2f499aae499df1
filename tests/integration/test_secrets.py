# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets do not appear at -vvvv: neither in the output, nor in the log of Ansible, nor in the call log."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from urllib.parse import quote

import pytest
import yaml

from tests.integration.conftest import ROOT
from tools import iam

ROLE = "arn:aws:iam::123456789012:role/mirror"
PREFIX = "vtap.aws.ec2_traffic_mirror_"
MODULES = ("filter", "target", "session", "fleet", "filter_info", "target_info", "session_info")


def task(module, fails=False, **options):
    return {f"{PREFIX}{module}": options, **({"ignore_errors": True} if fails else {})}


def tasks(lab, modules):
    """Return tasks that succeed, that fail in EC2 or in the module, and that raise an exception.

    modules: which, without the common part of their names.
    """
    web = lab["interfaces"]["web"]
    whole = {"traffic_mirror_filter_name": "ids", "traffic_mirror_target_name": "ids", "session_number": 1}
    fleet = {
        "name": "ids",
        "sources": [{"network_interface_ids": [lab["interfaces"]["db"]]}],
        "targets": [{"traffic_mirror_target_name": "ids"}],
        "traffic_mirror_filter_name": "ids",
    }
    rule = {"direction": "ingress", "rule_number": 1, "action": "accept"}
    rule |= {"source_cidr": "0.0.0.0/0", "destination_cidr": "0.0.0.0/0"}
    nowhere = {"endpoint_url": "http://127.0.0.1:9", "aws_config": {"retries": {"max_attempts": 0}}}
    listed = [
        task("filter", name="ids", rules=[rule]),
        task("target", name="ids", network_interface_id=lab["interfaces"]["sensor"]),
        task("session", name="web", network_interface_id=web, **whole),
        task("fleet", **fleet),
        *(task(f"{kind}_info") for kind in ("filter", "target", "session")),
        # Errors of EC2, of the module, of the argument spec, of the connection, and of the client.
        task("session", fails=True, network_interface_id=lab["interfaces"]["old"], **whole),
        task("filter", fails=True, name="ids", description="another"),
        task("target", fails=True, name="none", state="lost"),
        *(task(f"{kind}_info", fails=True, **nowhere) for kind in ("filter", "target", "session")),
        task("fleet", fails=True, **{**fleet, **nowhere}),
        task("session", fails=True, name="web", state="absent", endpoint_url="no url"),
    ]
    return [one for one in listed if next(iter(one)).removeprefix(PREFIX) in modules]


def run_logged(tmp_path, play, env):
    """Run a play with all output that Ansible has. The log is tmp_path/ansible.log."""
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(yaml.safe_dump([play], sort_keys=False))
    return subprocess.run(
        [
            pathlib.Path(sys.executable).with_name("ansible-playbook"),
            *("-vvvv", "--diff", "-i", "localhost,", "-c", "local"),
            *("-e", f"ansible_python_interpreter={sys.executable}", playbook),
        ],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv/collections"),
            "ANSIBLE_DISPLAY_TRACEBACK": "always",
            "ANSIBLE_LOG_PATH": str(tmp_path / "ansible.log"),
            "ANSIBLE_REMOTE_TMP": str(tmp_path / "tmp"),
            **env,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("given", "modules", "failures"),
    # All modules read the environment by the same function.
    [("in the environment", ("filter", "target", "session", "session_info"), 5), ("as options", MODULES, 8)],
)
def test_secrets_are_not_logged(emulator, tmp_path, given, modules, failures):
    principal = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "123456789012"}}
    iam_client = emulator.client("iam")
    iam_client.create_role(RoleName="mirror", AssumeRolePolicyDocument=json.dumps({"Statement": [principal]}))
    iam_client.put_role_policy(RoleName="mirror", PolicyName="all", PolicyDocument=json.dumps(iam.policy()))
    made = emulator.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]
    # Random like real secrets, so that a search has no false hits. The emulator does not verify signatures.
    secrets = [made["SecretAccessKey"], made["SessionToken"]]
    assert all(len(secret) > 30 for secret in secrets)
    names = ("access_key", "secret_key", "session_token")
    options = dict(zip(names, (made["AccessKeyId"], *secrets)))
    variables = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    env = {**emulator.env, **dict(zip(variables, options.values()))}
    play = {"name": "All modules", "hosts": "localhost", "gather_facts": False, "tasks": tasks(emulator.lab, modules)}
    if given == "as options":
        env = {name: value for name, value in env.items() if name not in variables}
        # From a file, because Ansible prints its command line.
        (tmp_path / "secrets.yml").write_text(yaml.safe_dump({"secret": options}))
        play["vars_files"] = [str(tmp_path / "secrets.yml")]
        play["module_defaults"] = {"group/vtap.aws.aws": {name: f"{{{{ secret.{name} }}}}" for name in names}}
    done = run_logged(tmp_path, play, env)
    texts = {
        "stdout": done.stdout,
        "stderr": done.stderr,
        "log": (tmp_path / "ansible.log").read_text(),
        "calls": json.dumps(emulator.log()),
    }
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed=0" in done.stdout and f"ignored={failures}" in done.stdout, done.stdout[-2000:]
    # The logs are complete, including tracebacks, so a secret would be found.
    assert "module_args" in texts["log"] and "CreateTrafficMirrorSession" in texts["calls"]
    assert "Traceback" in texts["stdout"] + texts["stderr"]
    for name, text in texts.items():
        for secret in secrets:
            assert secret not in text, f"a secret is in {name}"


KEY, SECRET = "AKIARZPUZDIKAAAAAAAA", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEAEaDKq/xN0+Zh3rL7bWqiK1AVq" * 4


def failing_environments(tmp_path):
    """Return, for each cause, the environment variables and a part of the message."""
    process = tmp_path / "process"
    process.write_text(f"#!/bin/sh\necho 'no session for {SECRET} {TOKEN}' >&2\nexit 1\n")
    process.chmod(0o700)
    (tmp_path / "malformed").write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key {SECRET}\n")
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {process}\n")
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    return {
        "malformed file": ({"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "malformed")}, "Unable to parse config file"),
        "credential_process": ({"AWS_CONFIG_FILE": str(tmp_path / "config")}, "no session for"),
        "line break in the secret key": (
            {**keys, "AWS_SECRET_ACCESS_KEY": f"{SECRET}\n"},
            "secret_key (environment variable AWS_SECRET_ACCESS_KEY) begins or ends with",
        ),
        "line break in the token": (
            {**keys, "AWS_SESSION_TOKEN": f"{TOKEN}\r\n"},
            "session_token (environment variable AWS_SESSION_TOKEN) begins or ends with",
        ),
        "proxy with a password": (
            {**keys, "HTTPS_PROXY": f"http://user:{TOKEN.replace('/', '')}@127.0.0.1:9"},
            "Failed to connect to proxy URL",
        ),
    }


@pytest.mark.parametrize(
    "cause",
    [
        "malformed file",
        "credential_process",
        "line break in the secret key",
        "line break in the token",
        "proxy with a password",
    ],
)
def test_secrets_of_broken_sources_are_not_logged(tmp_path, cause):
    """Without an emulator, because nothing is sent."""
    variables, says = failing_environments(tmp_path)[cause]
    options = {"region": "eu-west-1", "aws_config": {"retries": {"max_attempts": 0}}}
    # An info module, and one that makes changes. All modules connect by the same function.
    listed = [task("session_info", fails=True, **options)]
    listed += [task("fleet", fails=True, name="web", state="absent", **options)]
    play = {"name": "Failing calls", "hosts": "localhost", "gather_facts": False, "tasks": listed}
    done = run_logged(tmp_path, play, {"AWS_EC2_METADATA_DISABLED": "true", **variables})
    texts = {"stdout": done.stdout, "stderr": done.stderr, "log": (tmp_path / "ansible.log").read_text()}
    assert done.returncode == 0 and f"ignored={len(listed)}" in done.stdout, done.stdout + done.stderr
    assert texts["log"].count(says) >= len(listed) and "Traceback" in texts["log"], done.stdout
    for name, text in texts.items():
        for secret in (SECRET, TOKEN, TOKEN.replace("/", ""), json.dumps(TOKEN)[1:-1], quote(TOKEN, safe="")):
            assert secret not in text, f"a secret is in {name}"
