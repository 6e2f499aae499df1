# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fixture for tests that run tasks in the emulator."""

from __future__ import annotations

import pytest


@pytest.fixture
def emulated(running):
    """Reset the emulator. Returns it and an EC2 client."""
    running[0].reset()
    return running
