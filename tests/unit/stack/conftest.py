# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the tests that run stacks against the emulator."""

from __future__ import annotations

import pytest

# The imports of the collection are inside the fixtures: pytest loads this file before the hook pytest_configure of
# tests/unit/conftest.py, which makes the collection importable.


@pytest.fixture
def emulator(running):
    """The emulator in its initial state."""
    running[0].reset()
    return running[0]


@pytest.fixture
def plan(running, emulator):
    """Plan a stack in the present state. Returns the StackRun."""
    from tests.unit.stack.runs import StackRun, connect

    return lambda params, check_mode=False: StackRun(connect(running), params, check_mode)


@pytest.fixture
def run(plan):
    """Run a stack in the present state. Returns the StackRun."""
    return lambda params: plan(params).execute()


@pytest.fixture
def refuse(plan, running):
    """Run a task that must be refused before the first call, in check mode too. Returns the message."""

    def refused(params):
        from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, ValidationError

        from tests.unit.stack.runs import read_resources

        before = read_resources(running)
        running[0].clear_log()
        messages = []
        for check_mode in (True, False):
            with pytest.raises((ConflictError, ValidationError)) as error:
                plan(params, check_mode)
            messages.append(str(error.value))
        assert messages[0] == messages[1] and read_resources(running) == before
        return messages[0]

    return refused
