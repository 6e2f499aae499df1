# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each playbook beside this file shows one behaviour, with its own assertions."""

from __future__ import annotations

import pytest

from tests.integration.conftest import PLAYBOOKS


@pytest.mark.parametrize("name", sorted(path.stem for path in PLAYBOOKS.glob("*.yml")))
def test_playbook(play, name):
    done = play(f"{name}.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed=0" in done.stdout and "ok=0" not in done.stdout, done.stdout
