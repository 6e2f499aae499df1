# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def delays(monkeypatch):
    """Replace sleep by a recorder. Returns the list of the recorded delays in seconds."""
    from ansible_collections.vtap.aws.plugins.module_utils._runtime import executor

    recorded = []
    monkeypatch.setattr(executor.time, "sleep", recorded.append)
    return recorded


@pytest.fixture(scope="module")
def ec2():
    """Return a boto3 client of EC2 that sends no requests."""
    from tests.unit.runtime.bad_input import create_client

    return create_client()
