# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports of the collection by name from a checkout in any folder, and fixtures for all unit tests."""

from __future__ import annotations

import os
import pathlib
import sys
import tempfile
import time
import types

import hypothesis
import pytest

from tests.emulator.client import Emulator
from tests.unit.shared_client import create_client

ROOT = pathlib.Path(__file__).resolve().parents[2]


def pytest_configure(config):
    # Without time limits, because the speed of the machine is no property of the code. In CI each run uses the same
    # examples, elsewhere new ones.
    hypothesis.settings.register_profile("unit", deadline=None, derandomize="CI" in os.environ, max_examples=50)
    hypothesis.settings.load_profile("unit")
    if ROOT.parents[1].name == "ansible_collections":
        return
    tree = tempfile.TemporaryDirectory(prefix="collection-")
    config.add_cleanup(tree.cleanup)
    link = pathlib.Path(tree.name, "ansible_collections/vtap/aws")
    link.parent.mkdir(parents=True)
    link.symlink_to(ROOT, target_is_directory=True)
    sys.path.insert(0, tree.name)


@pytest.fixture(scope="session", autouse=True)
def no_sleep():
    """Replace the delays between retries, so that no test sleeps."""
    from ansible_collections.vtap.aws.plugins.module_utils._runtime import executor

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executor, "time", types.SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic))
        yield


@pytest.fixture(scope="session")
def emulator_process():
    """Return the running emulator and an EC2 client for it."""
    with Emulator() as emulator:
        yield emulator, create_client(emulator)


@pytest.fixture(scope="module")
def running(emulator_process):
    """Return the emulator and the client in their initial state. All test files share one emulator process."""
    emulator_process[0].reset()
    return emulator_process
