# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of filters and targets against the emulator over HTTP: any rule changes, and interruptions at any call."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, RULE, SESSION, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import REPLACES
from ansible_collections.vtap.aws.plugins.module_utils._resources import filter as filter_resource
from ansible_collections.vtap.aws.plugins.module_utils._resources import session, target
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import Outcome, execute
from ansible_collections.vtap.aws.plugins.module_utils._runtime.record import TaskFailed
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.property_settings import EMULATED
from tests.unit.resources.rule_options import rule, rule_lists

MODULES = {SESSION: session, FILTER: filter_resource, TARGET: target}
WEB, DB = "eni-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60751"
SENSOR = "eni-0a1b2c3d4e5f60741"
NLB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors-b/0a1b2c3d4e5f6072"
DEFAULTS = {"state": "present", "purge_tags": True, "purge_rules": True, "allow_replacement": False, "adopt": False}
DNS = rule(100, protocol="udp", source_port="53", tags={"Why": "dns"})
TLS = rule(200, "egress", protocol="tcp", source_port="443")


def run_task(emulated, resource_type, check_mode=False, ec2=None, **options):
    """Run a task. Return its outcome, in check mode the predicted outcome."""
    params = {**DEFAULTS, **options}
    desired = DesiredState.from_options(resource_type, params)
    MODULES[resource_type].check(desired)
    make_plan = MODULES[resource_type].create_planner(params)
    ec2 = ec2 or Ec2(emulated[1], sts=lambda: emulated[1])
    if check_mode:
        plan = make_plan(desired, ec2, True)
        return Outcome(plan.before, plan.after, plan.after, plan.actions)
    return execute(lambda: make_plan(desired, ec2, False), ec2)


def run_and_log(emulated, **options):
    """Run a task. Return its outcome and the names of its calls."""
    emulated[0].clear_log()
    outcome = run_task(emulated, **options)
    return outcome, [entry["action"] for entry in emulated[0].log() if not entry["dry_run"]]


def describe(emulated, resource_type):
    return Ec2(emulated[1], sts=lambda: emulated[1]).describe(resource_type)


def without_id(row):
    """Return the rule without the id that EC2 assigns."""
    return {option: value for option, value in row.items() if option != RULE.id_option}


TAGS = st.dictionaries(st.sampled_from(["a", "keep", "b"]), st.sampled_from(["", "1"]), max_size=2)


@settings(EMULATED, max_examples=15)
@given(
    before=rule_lists(),
    after=rule_lists(),
    tags=st.lists(st.none() | TAGS, min_size=20, max_size=20),
    returns_tags=st.booleans(),
    default_tags=st.none() | TAGS,
    purge_tags=st.booleans(),
)
def test_any_rules_change_to_any_others(running, before, after, tags, returns_tags, default_tags, purge_tags):
    """Check mode predicts the result, the result is the desired state, and a second run changes nothing."""
    emulator, client = running
    emulator.settings(rule_tags=returns_tags)
    for row in describe(running, FILTER):
        client.delete_traffic_mirror_filter(TrafficMirrorFilterId=row[FILTER.id_option])
    before = [{**entry, "tags": entry_tags} for entry, entry_tags in zip(before, tags)]
    after = [{**entry, "tags": entry_tags} for entry, entry_tags in zip(after, tags[10:])]
    old = run_task(running, FILTER, name="f", rules=before).after
    for row in old["rules"]:
        emulator.tags(row[RULE.id_option], **{"aws:stack": "s"})
    options = {"rules": after, "default_tags": default_tags, "purge_tags": purge_tags, "ignore_tag_keys": ["keep"]}

    predicted, calls = run_and_log(running, resource_type=FILTER, check_mode=True, name="f", **options)
    assert all(call.startswith("Describe") for call in calls)
    outcome, calls = run_and_log(running, resource_type=FILTER, name="f", **options)
    (current,) = describe(running, FILTER)
    desired = DesiredState.from_options(
        FILTER, {"state": "present", "allow_replacement": False, "adopt": False, "purge_rules": True, **options}
    )
    rules = {(child.values["direction"], child.values["rule_number"]): child for child in desired.children}
    assert {(row["direction"], row["rule_number"]) for row in current["rules"]} == set(rules)
    for row in current["rules"]:
        child = rules[row["direction"], row["rule_number"]]
        assert {option: row[option] for option in child.values} == child.values
    if returns_tags:
        assert outcome.after == current
        kept_ids = {row[RULE.id_option] for row in old["rules"]} & {row[RULE.id_option] for row in current["rules"]}
        assert all("aws:stack" in row["tags"] for row in current["rules"] if row[RULE.id_option] in kept_ids)
    assert [action.describe() for action in predicted.actions] == [action.describe() for action in outcome.actions]
    assert [without_id(row) for row in predicted.after["rules"]] == [without_id(row) for row in outcome.after["rules"]]
    assert [call for call in calls if not call.startswith("Describe")] == [
        action.operation for action in outcome.actions
    ]

    second, calls = run_and_log(running, resource_type=FILTER, name="f", **options)
    assert second.actions == () and second.after == outcome.after
    needs_rule_tags = not returns_tags and after and (default_tags or any(entry["tags"] is not None for entry in after))
    assert calls == ["DescribeTrafficMirrorFilters"] + ["DescribeTrafficMirrorFilterRules"] * bool(needs_rule_tags)


class Killed(BaseException):
    """The module process is killed. No code of the collection catches this."""


class FailingEc2(Ec2):
    """Fails at the nth write call.

    fault: "denied" and "killed" fail before EC2 carries out the call, "lost" and "cut" afterwards. "denied" and "lost"
    raise an error, "killed" and "cut" end the process.
    """

    def __init__(self, client, nth, fault):
        super().__init__(client, sts=lambda: client)
        self.remaining, self.fault = nth, fault

    def call(self, operation, **params):
        if operation.startswith("Describe") or params.get("DryRun"):
            return super().call(operation, **params)
        self.remaining -= 1
        if self.remaining == 0 and self.fault == "denied":
            raise Ec2Error(operation, "UnauthorizedOperation", "no")
        if self.remaining == 0 and self.fault == "killed":
            raise Killed
        reply = super().call(operation, **params)
        if self.remaining == 0 and self.fault == "lost":
            raise Ec2Error(operation, "", "connection closed")
        if self.remaining == 0:
            raise Killed
        return reply


def create_nothing(emulated):
    """Return the ids of the created sessions: none."""
    return {}


def create_filter(emulated):
    """Create a filter. Return the ids of the created sessions: none."""
    run_task(
        emulated,
        FILTER,
        name="f",
        description="old",
        rules=[DNS, TLS],
        network_services=["amazon-dns"],
        tags={"Team": "a"},
    )
    return {}


def create_sessions(emulated):
    """Create a filter, a target and two sessions. Return the ids of the sessions."""
    create_filter(emulated)
    run_task(emulated, TARGET, name="t", network_load_balancer_arn=NLB, tags={"Team": "a"})
    names = {"traffic_mirror_filter_name": "f", "traffic_mirror_target_name": "t"}
    created = [
        run_task(emulated, SESSION, network_interface_id=eni, session_number=1, **names).after for eni in (WEB, DB)
    ]
    return {row[SESSION.id_option] for row in created}


def create_sessions_and_second_target(emulated):
    """As create_sessions, plus the target of the new destination."""
    ids = create_sessions(emulated)
    emulated[1].create_traffic_mirror_target(NetworkInterfaceId=SENSOR)
    return ids


NEW_RULES = [rule(200, "egress", protocol="tcp", source_port="443"), rule(100, "egress", protocol="icmp"), rule(150)]
SCENARIOS = {
    "create": (create_nothing, FILTER, {"name": "f", "rules": [DNS, TLS], "network_services": ["amazon-dns"]}),
    "update": (create_filter, FILTER, {"name": "f", "rules": NEW_RULES, "network_services": [], "tags": {"Team": "b"}}),
    "replace filter": (
        create_sessions,
        FILTER,
        {"name": "f", "description": "new", "rules": NEW_RULES, "allow_replacement": True},
    ),
    "replace target": (
        create_sessions,
        TARGET,
        {"name": "t", "network_interface_id": SENSOR, "allow_replacement": True},
    ),
    "reuse target": (
        create_sessions_and_second_target,
        TARGET,
        {"name": "t", "network_interface_id": SENSOR, "allow_replacement": True},
    ),
}


@pytest.mark.parametrize("fault", ["denied", "killed", "lost", "cut"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_next_run_completes_an_interrupted_run(emulated, name, fault):
    """A fault at any call deletes no session, the error reports the state, and the next run completes the task."""
    create_prerequisites, resource_type, options = SCENARIOS[name]
    create_prerequisites(emulated)
    outcome = run_task(emulated, resource_type, **options)
    expected, operations = without_ids(outcome.after), [action.operation for action in outcome.actions]
    count = len(describe(emulated, resource_type))
    nth = 0
    while True:
        nth += 1
        assert nth < 40, "the task never ends without a fault"
        emulated[0].reset()
        sessions = create_prerequisites(emulated)
        old_ids = {row[resource_type.id_option] for row in describe(emulated, resource_type)}
        try:
            outcome = run_task(emulated, resource_type, ec2=FailingEc2(emulated[1], nth, fault), **options)
        except Killed:
            pass
        except TaskFailed as error:
            assert fault in ("denied", "lost")
            check_error(error, emulated, resource_type, options["name"], old_ids, operations[:nth], operations[nth:])
        else:
            # The task continues if a Describe call shows the result of the call whose reply was lost.
            assert without_ids(outcome.after) == expected
            if nth > len(outcome.actions):
                break
        assert {row[SESSION.id_option] for row in describe(emulated, SESSION)} == set(sessions)
        assert without_ids(run_task(emulated, resource_type, **options).after) == expected
        assert run_task(emulated, resource_type, **options).actions == ()
        assert len(describe(emulated, resource_type)) == count
        assert not [row for row in describe(emulated, resource_type) if REPLACES in row["tags"]]
        used_ids = [row[resource_type.id_option] for row in describe(emulated, SESSION)]
        (current,) = [row for row in describe(emulated, resource_type) if row["tags"].get("Name") == options["name"]]
        assert set(used_ids) <= {current[resource_type.id_option]}
    assert nth > 3


def check_error(error, emulated, resource_type, name, old_ids, sent, not_sent):
    """Check that the message lists the completed calls, the calls that were not sent, and the created resource."""
    text = str(error)
    assert error.action.operation == sent[-1]
    assert [action.operation for action in error.completed] == sent[:-1]
    assert ("Completed: " in text) == bool(sent[:-1])
    assert ("Not sent: " in text) == bool(not_sent)
    if any(action.creates and not action.resource_type.parent_id_member for action in error.completed):
        new_ids = {row[resource_type.id_option] for row in describe(emulated, resource_type)} - old_ids
        assert all(
            f"The new {resource_type.noun} '{name}' is {new_id}; the next run resumes with it." in text
            for new_id in new_ids
        )


def without_ids(resource):
    """Return the resource without the ids that EC2 assigns."""
    ids = (FILTER.id_option, TARGET.id_option, RULE.id_option, "arn")
    kept = {option: value for option, value in resource.items() if option not in ids}
    return {**kept, **({"rules": [without_ids(row) for row in kept["rules"]]} if "rules" in kept else {})}
