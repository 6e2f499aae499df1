# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The runner of the integration targets uses a real account only on request, and fails if no target ran."""

from __future__ import annotations

import configparser
import os
import pathlib
import subprocess
import sys

import pytest

from tests.integration.conftest import ROOT
from tools.ansible_test_integration import real_account, write_settings

KEYS = {"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "a%b/c", "AWS_REGION": "eu-west-1"}


def runner(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "tools.ansible_test_integration", *arguments],
        cwd=ROOT,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_real_account_requires_credentials_in_environment() -> None:
    for name in KEYS:
        with pytest.raises(KeyError, match=name):
            real_account({key: value for key, value in KEYS.items() if key != name})
    done = runner("--real", AWS_PROFILE="default", AWS_REGION="eu-west-1")
    assert (done.returncode, done.stderr) == (2, "--real needs AWS_ACCESS_KEY_ID in the environment\n")


def test_cloud_config_contains_the_credentials(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "cloud-config-aws.ini"
    write_settings(file, real_account({**KEYS, "AWS_SESSION_TOKEN": "%t"}))
    assert file.stat().st_mode & 0o777 == 0o600
    parser = configparser.ConfigParser()
    parser.read(file)
    settings = dict(parser.items("default"))
    assert settings.pop("resource_prefix").startswith("vtap-test-")
    assert settings == {
        "aws_access_key": "AKIA1",
        "aws_secret_key": "a%b/c",
        "aws_region": "eu-west-1",
        "security_token": "%t",
    }


def test_run_without_targets_fails() -> None:
    done = runner("ec2_traffic_mirror_filter", "--exclude=ec2_traffic_mirror_filter")
    assert done.returncode != 0, done.stdout
    assert "These targets did not run: ec2_traffic_mirror_filter" in done.stderr
