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

import pytest
import yaml

from tests.emulator.client import Emulator
from tests.integration.conftest import ROOT
from tools import iam

ROLE = "arn:aws:iam::123456789012:role/mirror"


def task(module, fails=False, **options):
    return {f"vtap.aws.ec2_traffic_mirror_{module}": options, **({"ignore_errors": True} if fails else {})}


def tasks(lab):
    """Return tasks of each module that succeed, that fail in EC2 or in the module, and that raise an exception."""
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
    return [
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


@pytest.mark.parametrize("given", ["in the environment", "as options"])
def test_secrets_are_not_logged(tmp_path, given):
    calls, log = tmp_path / "calls.jsonl", tmp_path / "ansible.log"
    with Emulator(log_file=str(calls)) as emulator:
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
        play = {"name": "All modules", "hosts": "localhost", "gather_facts": False, "tasks": tasks(emulator.lab)}
        if given == "as options":
            env = {name: value for name, value in env.items() if name not in variables}
            # From a file, because Ansible prints its command line.
            (tmp_path / "secrets.yml").write_text(yaml.safe_dump({"secret": options}))
            play["vars_files"] = [str(tmp_path / "secrets.yml")]
            play["module_defaults"] = {"group/vtap.aws.aws": {name: f"{{{{ secret.{name} }}}}" for name in names}}
        playbook = tmp_path / "playbook.yml"
        playbook.write_text(yaml.safe_dump([play], sort_keys=False))
        done = subprocess.run(
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
                "ANSIBLE_LOG_PATH": str(log),
                "ANSIBLE_REMOTE_TMP": str(tmp_path / "tmp"),
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    texts = {"stdout": done.stdout, "stderr": done.stderr, "log": log.read_text(), "calls": calls.read_text()}
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed=0" in done.stdout and "ignored=8" in done.stdout, done.stdout[-2000:]
    # The logs are complete, including tracebacks, so a secret would be found.
    assert "module_args" in texts["log"] and "CreateTrafficMirrorSession" in texts["calls"]
    assert "Traceback" in texts["stdout"] + texts["stderr"]
    for name, text in texts.items():
        for secret in secrets:
            assert secret not in text, f"a secret is in {name}"
