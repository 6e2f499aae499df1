# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters and targets against the emulator over HTTP: from any rules to any others, and every way to be interrupted."""

from __future__ import annotations

import os

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, RULE, SESSION, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import REPLACES
from ansible_collections.vtap.aws.plugins.module_utils._resources import filter as filter_resource
from ansible_collections.vtap.aws.plugins.module_utils._resources import session, target
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import Outcome, PlanFailed, apply_until_stable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.resources.test_filter_rules import entries, rule

MODULES = {SESSION: session, FILTER: filter_resource, TARGET: target}
WEB, DB = "eni-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60751"
SENSOR = "eni-0a1b2c3d4e5f60741"
NLB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors-b/0a1b2c3d4e5f6072"
DEFAULTS = {"state": "present", "purge_tags": True, "purge_rules": True, "allow_replacement": False}
DNS = rule(100, protocol="udp", source_port="53", tags={"Why": "dns"})
TLS = rule(200, "egress", protocol="tcp", source_port="443")


@pytest.fixture
def lab(running):
    running[0].reset()
    return running


def task(lab, kind, check=False, ec2=None, **options):
    """What one task comes to; in check mode, what it foresees."""
    params = {**DEFAULTS, **options}
    wanted = DesiredState.from_options(kind, params)
    MODULES[kind].check(wanted)
    make_plan = MODULES[kind].make_plan(params)
    ec2 = ec2 or Ec2(lab[1], sts=lambda: lab[1])
    if check:
        plan = make_plan(wanted, ec2, True)
        return Outcome(plan.before, plan.after, plan.after, plan.actions)
    return apply_until_stable(lambda: make_plan(wanted, ec2, False), ec2)


def called(lab, **options):
    """What the task comes to, and its calls."""
    lab[0].clear_log()
    outcome = task(lab, **options)
    return outcome, [entry["action"] for entry in lab[0].log() if not entry["dry_run"]]


def shown(lab, kind):
    return Ec2(lab[1], sts=lambda: lab[1]).describe(kind)


def unmatched(row):
    """The rule without what only EC2 can know."""
    return {option: value for option, value in row.items() if option != RULE.id_option}


TAGS = st.dictionaries(st.sampled_from(["a", "keep", "b"]), st.sampled_from(["", "1"]), max_size=2)


@settings(
    derandomize="CI" in os.environ,
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    before=entries(),
    after=entries(),
    tags=st.lists(st.none() | TAGS, min_size=20, max_size=20),
    shown_tags=st.booleans(),
    default_tags=st.none() | TAGS,
    purge_tags=st.booleans(),
)
def test_from_any_rules_to_any_others(running, before, after, tags, shown_tags, default_tags, purge_tags):
    """Check mode predicts; the result is what was asked for; a second run makes one call and changes nothing."""
    emulator, client = running
    emulator.knobs(rule_tags=shown_tags)
    for row in shown(running, FILTER):
        client.delete_traffic_mirror_filter(TrafficMirrorFilterId=row[FILTER.id_option])
    before = [{**one, "tags": said} for one, said in zip(before, tags)]
    after = [{**one, "tags": said} for one, said in zip(after, tags[10:])]
    made = task(running, FILTER, name="f", rules=before).after
    for row in made["rules"]:
        emulator.tags(row[RULE.id_option], **{"aws:stack": "s"})
    options = {"rules": after, "default_tags": default_tags, "purge_tags": purge_tags, "ignore_tag_keys": ["keep"]}

    foreseen, looks = called(running, kind=FILTER, check=True, name="f", **options)
    assert all(call.startswith("Describe") for call in looks)
    came, calls = called(running, kind=FILTER, name="f", **options)
    (now,) = shown(running, FILTER)
    listed = DesiredState.from_options(
        FILTER, {"state": "present", "allow_replacement": False, "purge_rules": True, **options}
    )
    wanted = {(one.values["direction"], one.values["rule_number"]): one for one in listed.parts}
    assert {(row["direction"], row["rule_number"]) for row in now["rules"]} == set(wanted)
    for row in now["rules"]:
        one = wanted[row["direction"], row["rule_number"]]
        assert {option: row[option] for option in one.values} == one.values
    if shown_tags:
        assert came.after == now
        kept = {row[RULE.id_option] for row in made["rules"]} & {row[RULE.id_option] for row in now["rules"]}
        assert all("aws:stack" in row["tags"] for row in now["rules"] if row[RULE.id_option] in kept)
    assert [action.describe() for action in foreseen.actions] == [action.describe() for action in came.actions]
    assert [unmatched(row) for row in foreseen.after["rules"]] == [unmatched(row) for row in came.after["rules"]]
    assert [call for call in calls if not call.startswith("Describe")] == [action.operation for action in came.actions]

    again, calls = called(running, kind=FILTER, name="f", **options)
    assert again.actions == () and again.after == came.after
    concerned = not shown_tags and after and (default_tags or any(one["tags"] is not None for one in after))
    assert calls == ["DescribeTrafficMirrorFilters"] + ["DescribeTrafficMirrorFilterRules"] * bool(concerned)


class Killed(BaseException):
    """What no code of ours catches."""


class Unlucky(Ec2):
    """Fails at the nth write: C(denied) and C(killed) before it, C(lost) and C(cut) after it was carried out."""

    def __init__(self, client, nth, fault):
        super().__init__(client, sts=lambda: client)
        self.left, self.fault = nth, fault

    def call(self, operation, **params):
        if operation.startswith("Describe") or params.get("DryRun"):
            return super().call(operation, **params)
        self.left -= 1
        if self.left == 0 and self.fault == "denied":
            raise Ec2Error(operation, "UnauthorizedOperation", "no")
        if self.left == 0 and self.fault == "killed":
            raise Killed
        reply = super().call(operation, **params)
        if self.left == 0 and self.fault == "lost":
            raise Ec2Error(operation, "", "connection closed")
        if self.left == 0:
            raise Killed
        return reply


def nothing(lab):
    return {}


def a_filter(lab):
    task(
        lab, FILTER, name="f", description="old", rules=[DNS, TLS], network_services=["amazon-dns"], tags={"Team": "a"}
    )
    return {}


def two_sessions(lab):
    """On a filter and a target of ours. Returns the sessions' ids."""
    a_filter(lab)
    task(lab, TARGET, name="t", network_load_balancer_arn=NLB, tags={"Team": "a"})
    names = {"traffic_mirror_filter_name": "f", "traffic_mirror_target_name": "t"}
    made = [task(lab, SESSION, network_interface_id=eni, session_number=1, **names).after for eni in (WEB, DB)]
    return {row[SESSION.id_option] for row in made}


def two_sessions_and_a_target(lab):
    ids = two_sessions(lab)
    lab[1].create_traffic_mirror_target(NetworkInterfaceId=SENSOR)
    return ids


NEW_RULES = [rule(200, "egress", protocol="tcp", source_port="443"), rule(100, "egress", protocol="icmp"), rule(150)]
SCENARIOS = {
    "create": (nothing, FILTER, {"name": "f", "rules": [DNS, TLS], "network_services": ["amazon-dns"]}),
    "change": (a_filter, FILTER, {"name": "f", "rules": NEW_RULES, "network_services": [], "tags": {"Team": "b"}}),
    "filter": (
        two_sessions,
        FILTER,
        {"name": "f", "description": "new", "rules": NEW_RULES, "allow_replacement": True},
    ),
    "target": (two_sessions, TARGET, {"name": "t", "network_interface_id": SENSOR, "allow_replacement": True}),
    "adopted target": (
        two_sessions_and_a_target,
        TARGET,
        {"name": "t", "network_interface_id": SENSOR, "allow_replacement": True},
    ),
}


@pytest.mark.parametrize("fault", ["denied", "killed", "lost", "cut"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_interrupted_at_every_call(lab, name, fault):
    """Whatever call it is: no session is lost, nothing is half made unsaid, and the next run ends as if nothing was."""
    furnish, kind, options = SCENARIOS[name]
    furnish(lab)
    goal = strip(task(lab, kind, **options).after)
    count = len(shown(lab, kind))
    nth = 0
    while True:
        nth += 1
        lab[0].reset()
        sessions = furnish(lab)
        had = {row[kind.id_option] for row in shown(lab, kind)}
        try:
            outcome = task(lab, kind, ec2=Unlucky(lab[1], nth, fault), **options)
        except Killed:
            pass
        except PlanFailed as stop:
            assert fault in ("denied", "lost")
            check_told(stop, lab, kind, had, nth)
        else:
            # A lost reply does no harm where the next look shows what came of the call.
            assert strip(outcome.after) == goal
            if nth > len(outcome.actions):
                break
        assert {row[SESSION.id_option] for row in shown(lab, SESSION)} == set(sessions)
        assert strip(task(lab, kind, **options).after) == goal
        assert task(lab, kind, **options).actions == ()
        assert len(shown(lab, kind)) == count
        assert not [row for row in shown(lab, kind) if REPLACES in row["tags"]]
        users = [row[kind.id_option] for row in shown(lab, SESSION)]
        (now,) = [row for row in shown(lab, kind) if row["tags"].get("Name") == options["name"]]
        assert set(users) <= {now[kind.id_option]}
    assert nth > 3


def check_told(stop, lab, kind, had, nth):
    """The message says what was done and what not, and what became of what was made."""
    text = str(stop)
    assert (nth == 1) or "Done before: " in text
    assert ("Not done: " in text) == (stop.action is not stop.plan.actions[-1])
    if any(action.creates and not action.resource_type.parent for action in stop.done):
        new = {row[kind.id_option] for row in shown(lab, kind)} - had
        assert all(f"The new {kind.noun} is {one}, and the next run goes on with it." in text for one in new)


def strip(found):
    """Without the ids that differ from run to run."""
    ids = (FILTER.id_option, TARGET.id_option, RULE.id_option, "arn")
    kept = {option: value for option, value in found.items() if option not in ids}
    return {**kept, **({"rules": [strip(row) for row in kept["rules"]]} if "rules" in kept else {})}
