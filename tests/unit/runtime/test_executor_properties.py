# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any sequence of outcomes of calls: a task never creates a second resource, and a failure tells all that happened."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, RULE, SESSION
from ansible_collections.vtap.aws.plugins.module_utils._resources import filter as filter_resource
from ansible_collections.vtap.aws.plugins.module_utils._resources import session
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import execute
from ansible_collections.vtap.aws.plugins.module_utils._runtime.record import TaskFailed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.resources.rule_options import rule
from tests.unit.runtime.several import NAMES, plan_several, seed_target
from tests.unit.runtime.world import OUTCOMES, WorldEc2

WEB, DB = "eni-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60751"
DEFAULTS = {"state": "present", "purge_tags": True, "purge_rules": True, "allow_replacement": False, "adopt": False}
RULES = [rule(100, protocol="udp", source_port="53"), rule(200, "egress", protocol="tcp", source_port="443")]
FILTER_TASK = {"name": "mine", "description": "new", "rules": RULES, "network_services": ["amazon-dns"]}
SESSION_TASK = {"name": "mine", "network_interface_id": WEB, "description": "new"}
PROPERTY = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
FAULTS = given(
    outcomes=st.lists(st.sampled_from(OUTCOMES) | st.just("ok"), max_size=12),
    reads=st.lists(st.sampled_from(["ok"] * 6 + ["RequestLimitExceeded", ""]), max_size=8),
    lag=st.integers(0, 9),
    references=st.booleans(),
)


def run(ec2, resource_type, **options):
    params = {**DEFAULTS, **options}
    module = {FILTER: filter_resource, SESSION: session}[resource_type]
    desired = DesiredState.from_options(resource_type, params)
    make_plan = module.create_planner(params)
    return execute(lambda: make_plan(desired, ec2, False), ec2)


def seed(ec2):
    """Create the resources that the session tasks refer to. Returns their ids as options."""
    target = ec2.execute("CreateTrafficMirrorTarget", {"NetworkInterfaceId": DB, "Type": "network-interface"})
    used = ec2.execute("CreateTrafficMirrorFilter", {})
    return {
        "traffic_mirror_target_id": target["TrafficMirrorTarget"]["TrafficMirrorTargetId"],
        "traffic_mirror_filter_id": used["TrafficMirrorFilter"]["TrafficMirrorFilterId"],
    }


def create_filter(ec2):
    return FILTER, FILTER_TASK


def replace_filter(ec2):
    old = run(ec2, FILTER, **{**FILTER_TASK, "description": "old", "rules": RULES[:1]}).after
    run(ec2, SESSION, **{**SESSION_TASK, **seed(ec2), "traffic_mirror_filter_id": old["traffic_mirror_filter_id"]})
    return FILTER, {**FILTER_TASK, "allow_replacement": True}


def create_session(ec2):
    return SESSION, {**SESSION_TASK, **seed(ec2)}


def replace_session(ec2):
    task = {**SESSION_TASK, **seed(ec2)}
    old = run(ec2, SESSION, **task).after["traffic_mirror_session_id"]
    return SESSION, {
        **task,
        "traffic_mirror_session_id": old,
        "network_interface_id": "eni-0a1b2c3d4e5f60721",
        "allow_replacement": True,
    }


def check_failure(error, ec2, ids):
    """Check that the message names each new resource, or says that its Create may have been carried out."""
    for created in set(ec2.created) - ids:
        resource_type = next(one for one in (FILTER, SESSION, RULE) if created.startswith(f"{one.prefix}-"))
        unknown = f"EC2 may have carried out: Create{resource_type.api} on "
        assert created in error.message or unknown in error.message, error.message
    assert error.message.startswith(str(error.failures[0].describe()))
    assert bool(error.completed) == ("Completed: " in error.message)


@PROPERTY
@FAULTS
@pytest.mark.parametrize("scenario", [create_filter, replace_filter, create_session, replace_session])
def test_no_outcome_creates_a_second_resource(scenario, outcomes, reads, lag, references):
    ec2 = WorldEc2()
    resource_type, options = scenario(ec2)
    ids, expected = set(ec2.created), len(ec2.objects[resource_type])
    ec2.outcomes, ec2.reads, ec2.lag, ec2.references = outcomes, ["ok", *reads], lag, references
    try:
        outcome = run(ec2, resource_type, **options)
    except TaskFailed as error:
        check_failure(error, ec2, ids)
    except (ConflictError, Ec2Error):
        assert set(ec2.created) == ids  # before the first call
    else:
        (current,) = [row for row in ec2.objects[resource_type].values() if row.get("Description") == "new"]
        assert outcome.after[resource_type.id_option] == current[resource_type.id_member]
        if resource_type is FILTER:
            assert len(current["IngressFilterRules"]) == len(current["EgressFilterRules"]) == 1
            assert current["NetworkServices"] == ["amazon-dns"]
    for new_type in (FILTER, SESSION):
        assert sum(one.startswith(f"{new_type.prefix}-") for one in set(ec2.created) - ids) <= 1

    # The next run without faults and lag reaches the desired state.
    ec2.outcomes, ec2.reads, ec2.lag, ec2.remaining = [], [], 0, 0
    run(ec2, resource_type, **options)
    assert len(ec2.objects[resource_type]) == expected + ("allow_replacement" not in options)
    assert run(ec2, resource_type, **options).actions == ()


@PROPERTY
@FAULTS
def test_no_outcome_mixes_up_several_resources(outcomes, reads, lag, references):
    ec2 = WorldEc2()
    target = seed_target(ec2)
    ids = set(ec2.created)
    ec2.outcomes, ec2.reads, ec2.lag, ec2.references = outcomes, ["ok", *reads], lag, references
    try:
        execute(lambda: plan_several(ec2, target), ec2)
    except TaskFailed as error:
        check_failure(error, ec2, ids)
        tags = {row_id: row["Tags"] for objects in ec2.objects.values() for row_id, row in objects.items()}
        for reference, created_id in error.created_ids.items():
            assert tags[created_id] == [{"Key": "Name", "Value": reference.key}]
    except (ConflictError, Ec2Error):
        assert set(ec2.created) == ids  # before the first call

    # The next run without faults and lag creates only what is missing, and each session has the filter of its name.
    ec2.outcomes, ec2.reads, ec2.lag, ec2.remaining = [], [], 0, 0
    execute(lambda: plan_several(ec2, target), ec2)
    names = {row_id: row["Tags"][0]["Value"] for row_id, row in ec2.objects[FILTER].items()}
    assert sorted(names.values()) == sorted(NAMES)
    for row in ec2.objects[FILTER].values():
        assert [one["RuleNumber"] for one in row["IngressFilterRules"]] == [100]
    sessions = ec2.objects[SESSION].values()
    assert sorted(row["Tags"][0]["Value"] for row in sessions) == sorted(NAMES)
    assert all(names[row["TrafficMirrorFilterId"]] == row["Tags"][0]["Value"] for row in sessions)
