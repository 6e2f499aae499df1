# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions whose filter or target the same run replaces: results, repeated attempts and waiting."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import wait_until_visible

from tests.unit.stack.runs import (
    SENSOR_B,
    WEB,
    assert_reports_truth,
    document,
    filter_entry,
    session_entry,
    target_entry,
)

# What the run changes in the session, besides the filter or target that the replacement changes.
CHANGES = {
    "nothing": {},
    "description": {"description": "new"},
    "tags": {"tags": {"Env": "prod"}},
    "both": {"description": "new", "tags": {"Env": "prod"}},
}
REPLACED = {
    "filter": {"filters": [filter_entry("f", description="new")]},
    "target": {"targets": [target_entry("t", network_interface_id=SENSOR_B)]},
}


def replacing(replaced, change):
    session = session_entry("s", "f", "t", WEB, **CHANGES[change])
    return document(sessions=[session], allow_replacement=True, **REPLACED[replaced])


@pytest.mark.parametrize("replaced", REPLACED)
@pytest.mark.parametrize("change", CHANGES)
def test_session_of_replaced_resource_is_reported(run, plan, running, replaced, change):
    run(document())
    done = run(replacing(replaced, change))
    assert done.failures == {}
    assert_reports_truth(done, running)
    assert plan(replacing(replaced, change)).summary == {"unchanged": 3}


@pytest.mark.parametrize("replaced", REPLACED)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("code", ["InvalidTrafficMirrorFilterId.NotFound", "InvalidTrafficMirrorTargetId.NotFound"])
def test_session_of_replaced_resource_is_planned_again(run, plan, running, emulator, replaced, change, code):
    """EC2 refuses the first call that switches the session, and the first one that sets tags.

    The first call with DryRun fails, too.
    """
    run(document())
    done = plan(replacing(replaced, change))
    emulator.settings(fail={"ModifyTrafficMirrorSession": [code, 2], "CreateTags": ["InvalidID", 1]})
    done.execute()
    emulator.settings(fail=None)
    assert done.failures == {}, [one.error for one in done.entries]
    assert_reports_truth(done, running)
    assert plan(replacing(replaced, change)).summary == {"unchanged": 3}


@pytest.mark.parametrize("replaced", REPLACED)
@pytest.mark.parametrize("change", CHANGES)
def test_wait_finds_session_of_replaced_resource(run, plan, running, replaced, change):
    run(document())
    done = run(replacing(replaced, change))
    assert done.changed
    assert wait_until_visible([one.outcome for one in done.entries if one.is_changed], done.ec2, 1)


@pytest.mark.parametrize("replaced", REPLACED)
@pytest.mark.parametrize("change", CHANGES)
def test_entry_without_filter_and_target_is_reported(run, running, replaced, change):
    """The entry sets only other options of its session, which uses the replaced filter or target."""
    run(document())
    session = session_entry("s", interface=WEB, **CHANGES[change])
    params = document(sessions=[session], allow_replacement=True, **REPLACED[replaced])
    done = run(params)
    assert done.failures == {}
    assert_reports_truth(done, running)
    assert run(params).summary == {"unchanged": 3}


@pytest.mark.parametrize("replaced", REPLACED)
def test_wait_ignores_the_replaced_resource_if_its_deletion_failed(run, plan, emulator, replaced):
    """The module waits for entries that have not failed. The old resource remains, and EC2 returns it."""
    run(document())
    done = plan(replacing(replaced, "nothing"))
    # The first call is a dry run.
    emulator.settings(fail={f"DeleteTrafficMirror{replaced.title()}": ["IncorrectState", 2]})
    done.execute()
    emulator.settings(fail=None)
    assert list(done.failures.values()) == ["IncorrectState"]
    outcomes = [one.outcome for one in done.entries if one.is_changed and not one.has_failed]
    assert wait_until_visible(outcomes, done.ec2, 1)
