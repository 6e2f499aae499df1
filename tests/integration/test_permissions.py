# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run every module as an IAM user with the documented policy, and with parts of it."""

from __future__ import annotations

import copy
import functools
import re

import pytest

from tests.emulator.lab import names
from tests.integration.inprocess import installed, run
from tools import iam

LAB = names()
INTERFACES, FILTER, TARGET = LAB["interfaces"], LAB["filter"], LAB["target"]
WEB, DB, APP = INTERFACES["web"], INTERFACES["db"], INTERFACES["app-1"]
READ = re.compile("Describe|GET |GetCallerIdentity|CreateUser|PutUserPolicy|CreateAccessKey")
ANY = {"source_cidr": "0.0.0.0/0", "destination_cidr": "0.0.0.0/0", "action": "accept"}


def specification(kind, **tags):
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"TagSpecifications": [{"ResourceType": f"traffic-mirror-{kind}", "Tags": pairs}]}


def create_session(ec2, interface=WEB, target=TARGET, the_filter=FILTER, **tags):
    made = ec2.create_traffic_mirror_session(
        NetworkInterfaceId=interface,
        SessionNumber=1,
        TrafficMirrorTargetId=target,
        TrafficMirrorFilterId=the_filter,
        **specification("session", **(tags or {"Name": "web"})),
    )
    return made["TrafficMirrorSession"]["TrafficMirrorSessionId"]


def create_target(ec2, interface="sensor"):
    made = ec2.create_traffic_mirror_target(
        NetworkInterfaceId=INTERFACES[interface], **specification("target", Name="ids", Old="1")
    )
    return made["TrafficMirrorTarget"]["TrafficMirrorTargetId"]


def create_filter(ec2):
    made = ec2.create_traffic_mirror_filter(Description="old", **specification("filter", Name="ids", Old="1"))
    found = made["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    for number in (100, 200):
        ec2.create_traffic_mirror_filter_rule(
            TrafficMirrorFilterId=found,
            TrafficDirection="ingress",
            RuleNumber=number,
            RuleAction="accept",
            SourceCidrBlock="0.0.0.0/0",
            DestinationCidrBlock=f"10.0.{number}.0/24",
            **specification("filter-rule", Old="1"),
        )
    return found


def rule(number, **more):
    return {"direction": "ingress", "rule_number": number, **ANY, **more}


# The tasks of each module. Each function creates existing resources as root user and returns the module's options.
def session_created(_ec2):
    return {
        "network_interface_id": WEB,
        "session_number": 1,
        "traffic_mirror_filter_name": "lab-filter",
        "traffic_mirror_target_name": "lab-target",
        "name": "web",
    }


def session_changed(ec2):
    other = {"traffic_mirror_target_id": create_target(ec2), "traffic_mirror_filter_id": create_filter(ec2)}
    create_session(ec2, Name="web", Old="1")
    return {"network_interface_id": WEB, "name": "web", **other, "tags": {"New": "1"}, "description": "new"}


def session_moved(ec2):
    create_session(ec2)
    return {"network_interface_id": DB, "name": "web", "allow_replacement": True}


def session_removed(ec2):
    return {"traffic_mirror_session_id": create_session(ec2), "state": "absent"}


def filter_created(_ec2):
    rules = [rule(100, tags={"Why": "all"}), rule(200, source_cidr="10.0.0.0/8")]
    return {"name": "ids", "rules": rules, "network_services": ["amazon-dns"], "tags": {"Team": "netsec"}}


def filter_changed(ec2):
    create_filter(ec2)
    rules = [rule(100, destination_cidr="10.0.100.0/24", description="new", tags={"New": "1"}), rule(300)]
    return {"name": "ids", "rules": rules, "network_services": ["amazon-dns"], "tags": {"New": "1"}}


def filter_emptied(ec2):
    create_filter(ec2)
    return {"name": "ids", "rules": []}


def filter_replaced(ec2):
    found = create_filter(ec2)
    create_session(ec2, the_filter=found)
    return {"name": "ids", "description": "new", "allow_replacement": True}


def filter_removed(ec2):
    return {"traffic_mirror_filter_id": create_filter(ec2), "state": "absent"}


def target_created(_ec2):
    return {"network_interface_id": INTERFACES["sensor"], "name": "ids"}


def target_of_an_endpoint(_ec2):
    return {"gateway_load_balancer_endpoint_id": LAB["endpoint"]}


def target_of_a_balancer(_ec2):
    return {"network_load_balancer_arn": LAB["load_balancers"]["sensors-b"], "name": "ids", "tags": {"Team": "netsec"}}


def target_retagged(ec2):
    return {"traffic_mirror_target_id": create_target(ec2), "tags": {"Name": "ids", "New": "1"}}


def target_replaced(ec2):
    found = create_target(ec2)
    create_session(ec2, target=found)
    return {"network_interface_id": INTERFACES["sensor-b"], "name": "ids", "allow_replacement": True}


def target_removed(ec2):
    return {"traffic_mirror_target_id": create_target(ec2), "state": "absent"}


def fleet_created(_ec2, **more):
    return {
        "name": "ids",
        "sources": [{"network_interface_ids": [WEB, DB]}],
        "targets": [{"traffic_mirror_target_name": "lab-target"}],
        "traffic_mirror_filter_name": "lab-filter",
        **more,
    }


def fleet_changed(ec2):
    """Create a session to update, a session to adopt, and a session to delete."""
    create_session(ec2, WEB, create_target(ec2), create_filter(ec2), **{"vtap:fleet": "ids", "Old": "1"})
    create_session(ec2, DB, Name="db")
    create_session(ec2, APP, **{"vtap:fleet": "ids"})
    return fleet_created(ec2, adopt=True, tags={"New": "1"}, description="new")


def fleet_removed(ec2):
    create_session(ec2, WEB, **{"vtap:fleet": "ids"})
    return {"name": "ids", "state": "absent"}


def everything(ec2):
    create_session(ec2, the_filter=create_filter(ec2))
    return {}


def counted(ec2):
    return {**everything(ec2), "session_count": True}


TASKS = {
    "ec2_traffic_mirror_session": [session_created, session_changed, session_moved, session_removed],
    "ec2_traffic_mirror_filter": [filter_created, filter_changed, filter_emptied, filter_replaced, filter_removed],
    "ec2_traffic_mirror_target": [
        *(target_created, target_of_an_endpoint, target_of_a_balancer),
        *(target_retagged, target_replaced, target_removed),
    ],
    "ec2_traffic_mirror_fleet": [fleet_created, fleet_changed, fleet_removed],
    "ec2_traffic_mirror_filter_info": [everything],
    "ec2_traffic_mirror_target_info": [counted],
    "ec2_traffic_mirror_session_info": [everything],
}
ALL = [pytest.param(module, task, id=f"{module}-{task.__name__}") for module in TASKS for task in TASKS[module]]
NEEDS = [pytest.param(module, need, id=f"{module}-{need.action}") for module in TASKS for need in iam.NEEDS[module]]


class Bench:
    """Runs tasks in the emulator, each on a fresh lab."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.root = emulator.client()
        self.needed = functools.cache(self._needed)

    def begin(self, task, policy):
        """Seed the task. Returns the options and the AWS_* variables of a user with this policy."""
        self.emulator.reset()
        # The module reads rule tags separately only if EC2 does not return them with the filter.
        self.emulator.settings(rule_tags=False)
        options, env = task(self.root), self.emulator.user(policy)
        self.emulator.clear_log()
        return options, env

    def calls(self, written=False):
        """The log; only what was changed, if that is asked for."""
        log = self.emulator.log()
        return [
            e for e in log if not written or (not READ.match(e["action"]) and not e["dry_run"] and e["code"] == "OK")
        ]

    def _needed(self, module, task):
        """The actions that the task called as a user with its module's policy, which lets all of them pass."""
        options, env = self.begin(task, iam.policy(module))
        asked = run(module, env, {**options, "verify_permissions": True}, check=True)
        assert not asked.get("failed"), asked["msg"]
        assert not self.calls(written=True)
        done = run(module, env, options)
        assert not done.get("failed"), done["msg"]
        again = run(module, env, options)
        assert not again.get("failed") and not again["changed"], again
        actions = {call["action"] for call in self.calls()}
        return actions | {"CreateTags" for call in self.calls() if call["parameters"].get("TagSpecifications")}

    def ids(self):
        """Return the ids of all mirroring resources."""
        rows = [
            *self.root.describe_traffic_mirror_sessions()["TrafficMirrorSessions"],
            *self.root.describe_traffic_mirror_filters()["TrafficMirrorFilters"],
            *self.root.describe_traffic_mirror_targets()["TrafficMirrorTargets"],
        ]
        return {value for row in rows for key, value in row.items() if key == _id_of(row)}


def _id_of(row):
    kinds = ("Session", "Filter", "Target")
    # A session also contains the ids of the filter and target.
    return next(f"TrafficMirror{kind}Id" for kind in kinds if f"TrafficMirror{kind}Id" in row)


@pytest.fixture(scope="module")
def bench(running):
    with installed():
        yield Bench(running)


def without(policy, action):
    """Return the policy without one action."""
    less = copy.deepcopy(policy)
    for statement in less["Statement"]:
        statement["Action"] = [one for one in statement["Action"] if one != f"ec2:{action}"]
    less["Statement"] = [statement for statement in less["Statement"] if statement["Action"]]
    return less


def messages_of(result):
    """Return all messages of a failed result."""
    return " ".join([result["msg"], *(one["reason"] for one in result.get("failed_interfaces", []))])


def comparable(result):
    """Return a result without the members that depend on the user."""
    return {key: value for key, value in result.items() if key != "invocation"}


@pytest.mark.parametrize("module", TASKS)
def test_policy_contains_exactly_the_required_actions(bench, module):
    needed = set().union(*(bench.needed(module, task) for task in TASKS[module]))
    assert needed == {need.action for need in iam.NEEDS[module]}


@pytest.mark.parametrize("module", TASKS)
def test_every_resource_of_the_policy_is_required(bench, module):
    whole = iam.policy(module)
    for at, statement in enumerate(whole["Statement"]):
        for resource in statement["Resource"] if statement["Resource"] != "*" else ():
            less = copy.deepcopy(whole)
            less["Statement"][at]["Resource"] = [one for one in statement["Resource"] if one != resource] or [
                "arn:aws:ec2:eu-west-1:123456789012:nothing/*"
            ]
            concerned = {action.partition(":")[2] for action in statement["Action"]}
            tasks = (task for task in TASKS[module] if concerned & bench.needed(module, task))
            failed = (run(module, env, options).get("failed") for options, env in (bench.begin(t, less) for t in tasks))
            assert any(failed), f"{resource} is not required in {statement['Sid']}"


@pytest.mark.parametrize(("module", "need"), NEEDS)
def test_missing_action_is_reported(bench, module, need):
    """Every task that requires the action fails and names action and resource; verify_permissions reports it first."""
    policy = without(iam.policy(module), need.action)
    # IAM rejects an empty policy.
    policy["Statement"] += [{"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}]
    tasks = [task for task in TASKS[module] if need.action in bench.needed(module, task)]
    assert tasks
    # Every task ends at the first denied Describe.
    for task in tasks if need.on else tasks[:1]:
        options, env = bench.begin(task, policy)
        before = bench.ids()
        bench.emulator.clear_log()
        asked = run(module, env, {**options, "verify_permissions": True}, check=True)
        assert not bench.calls(written=True)
        if asked.get("failed"):
            assert_named(asked, need)
        else:
            assert "verify_permissions could not check" in str(asked.get("warnings")), asked

        done = run(module, env, options)
        if need.action in CHECK_MODE_ONLY and not done.get("failed"):
            assert asked.get("failed")
            continue
        assert done.get("failed"), f"{task.__name__} did not require it"
        assert_named(done, need)
        after = bench.ids()
        for made in after - before:
            assert made in messages_of(done) or made in str(done.get("plan")), f"{task.__name__} did not report {made}"
        if after != before:
            assert done["changed"]


# Actions of check mode only. In a real run EC2 rejects a missing filter or target.
CHECK_MODE_ONLY = ("DescribeTrafficMirrorFilters", "DescribeTrafficMirrorTargets")


def assert_named(result, need):
    text = messages_of(result)
    found = re.search(rf"It needs (?:ec2:\w+ and )?ec2:{need.action}(?: and ec2:\w+)? on (.+?)\.", text)
    assert found, text
    if need.on:
        prefixes = {"network-interface": "eni-", iam.FILTER: "tmf-", iam.RULE: "tmfr-", iam.SESSION: "tms-"}
        prefixes |= {iam.TARGET: "tmt-", "vpc-endpoint": "vpce-"}
        types = [one.rpartition(":")[2] for one in need.on]
        assert any(prefixes[one] in found[1] or one in found[1] or "the new" in found[1] for one in types), text
    else:
        assert found[1] == "*", text


@pytest.mark.parametrize(("module", "task"), ALL)
def test_describe_permissions_suffice_for_info_and_check_mode(bench, module, task):
    look = iam.policy()
    look["Statement"] = [one for one in look["Statement"] if one["Sid"] == "Describe"]
    options, env = bench.begin(task, look)
    result = run(module, env, options, check=True)
    assert not result.get("failed"), result["msg"]
    assert comparable(result) == comparable(run(module, bench.emulator.env, options, check=True))
    if module.endswith("_info"):
        assert not run(module, env, options).get("failed")


DENIED = """
- name: Denied
  hosts: localhost
  gather_facts: false
  tasks:
    - name: A session with tags
      vtap.aws.ec2_traffic_mirror_session:
        access_key: "{{ key }}"
        secret_key: "{{ secret }}"
        network_interface_id: eni-0a1b2c3d4e5f60718
        session_number: 1
        traffic_mirror_filter_name: lab-filter
        traffic_mirror_target_name: lab-target
        tags:
          Team: netsec
        verify_permissions: true
"""


def test_denied_action_in_ansible_playbook(play, emulator):
    env = emulator.user(without(iam.policy("ec2_traffic_mirror_session"), "CreateTags"))
    key = ("-e", f"key={env['AWS_ACCESS_KEY_ID']}", "-e", f"secret={env['AWS_SECRET_ACCESS_KEY']}")
    words = f"needs ec2:CreateTrafficMirrorSession and ec2:CreateTags on {WEB}, {FILTER}, {TARGET}, a new"
    for arguments in (("--check",), ()):
        done = play(DENIED, *key, *arguments)
        assert done.returncode == 2 and words in " ".join((done.stdout + done.stderr).split()), (
            done.stdout + done.stderr
        )
