# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: one emulator for all tests, reset before each test, and boto3 clients."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config

from tests.emulator.client import Emulator
from tests.emulator.identity import DEFAULT_ACCOUNT
from tests.emulator_tests.users import User

Factory = Callable[..., Any]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Start the emulator with a log file."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    log_file = tmp_path_factory.mktemp("emulator") / "calls.jsonl"
    with Emulator(log_file=str(log_file)) as emulator:
        emulator.log_file = log_file  # type: ignore[attr-defined]
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    """Return the emulator in its initial state."""
    running.reset()
    return running


@pytest.fixture(scope="session")
def made() -> dict[tuple[str, str, str], Any]:
    """Return the cache of clients, because creating a client is slow."""
    return {}


@pytest.fixture
def clients(emulator: Emulator, made: dict[tuple[str, str, str], Any]) -> Factory:
    """Reset the lab. Returns clients(account, region, service): boto3 clients without validation and retries."""
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)

    def make(account: str = DEFAULT_ACCOUNT, region: str = "eu-west-1", service: str = "ec2") -> Any:
        key = (account, region, service)
        if key not in made:
            made[key] = emulator.client(service, account, region, config=config)
        return made[key]

    return make


@pytest.fixture
def ec2(clients: Factory) -> Any:
    """Reset the lab and return an EC2 client of its account."""
    return clients()


@pytest.fixture
def user(emulator: Emulator, clients: Factory) -> User:
    """Return an IAM user who may call every action of EC2."""
    return User(emulator, clients(service="iam"))
