# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for the tests of paths."""

from __future__ import annotations

import pytest


@pytest.fixture
def lab(running):
    """The emulator in its initial state, its client, and the ids of the lab."""
    running[0].reset()
    return running[0], running[1], running[0].lab
