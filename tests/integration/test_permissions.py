# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run every module as an IAM user with the documented policy, and with parts of it."""

from __future__ import annotations

import copy
import functools
import re

import pytest

from tests.integration.inprocess import installed, run
from tests.integration.permission_tasks import FILTER, TARGET, TASKS, WEB, session_moved_by_name
from tools import iam

READ = re.compile("Describe|GET |Get[A-Z]|CreateUser|PutUserPolicy|CreateAccessKey")
ALL = [pytest.param(module, task, id=f"{module}-{task.__name__}") for module in TASKS for task in TASKS[module]]
NEEDS = [
    pytest.param(module, need, id=f"{module}-{need.action}")
    for module in TASKS
    for need in iam.NEEDS[module]
    if not need.optional
]


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
        statement["Action"] = [one for one in statement["Action"] if one.partition(":")[2] != action]
    less["Statement"] = [statement for statement in less["Statement"] if statement["Action"]]
    return less


def messages_of(result):
    """Return all messages of a failed result."""
    failures = [*result.get("failed_interfaces", []), *result.get("failed_resources", [])]
    return " ".join([result["msg"], *(one["reason"] for one in failures)])


def resources_of(result):
    """Return the resources that a failed result lists, as text."""
    return str([result.get(key) for key in ("plan", "filters", "targets", "sessions")])


def comparable(result):
    """Return a result without the members that depend on the user."""
    return {key: value for key, value in result.items() if key != "invocation"}


@pytest.mark.parametrize("module", TASKS)
def test_policy_contains_exactly_the_required_actions(bench, module):
    needed = set().union(*(bench.needed(module, task) for task in TASKS[module]))
    assert needed <= {need.action for need in iam.NEEDS[module]}
    assert needed >= {need.action for need in iam.NEEDS[module] if not need.optional}


@pytest.mark.parametrize("module", [module for module in TASKS if any(need.optional for need in iam.NEEDS[module])])
def test_no_task_fails_without_optional_actions(bench, module):
    whole = less = iam.policy(module)
    for need in iam.NEEDS[module]:
        less = without(less, need.action) if need.optional else less
    for task in TASKS[module]:
        results = []
        for policy in (whole, less):
            options, env = bench.begin(task, policy)
            results += [run(module, env, options, check=check) for check in (True, False)]
        assert not any(result.get("failed") for result in results), results
        assert results[0]["changed"] == results[2]["changed"] and results[1]["changed"] == results[3]["changed"]


PATHS = "ec2_traffic_mirror_path_info"


@pytest.mark.parametrize("need", [need for need in iam.NEEDS[PATHS] if need.optional], ids=lambda need: need.action)
def test_a_finding_names_the_missing_action(bench, need):
    """What depends on the action is unknown; it is neither a failure nor a problem."""
    task = next(task for task in TASKS[PATHS] if need.action in bench.needed(PATHS, task))
    options, env = bench.begin(task, without(iam.policy(PATHS), need.action))
    result = run(PATHS, env, options)
    assert not result.get("failed") and not result["changed"], result
    findings = findings_of(result)
    naming = [one for one in findings if f"{need.service}:{need.action}" in one["message"]]
    assert naming and {one["status"] for one in naming} == {"unknown"}, findings
    assert f"Allow {need.service}:{need.action}." in {one["fix"] for one in naming}
    as_root = run(PATHS, bench.emulator.env, options)
    assert len(result["paths"]) == len(as_root["paths"])
    assert all(one in findings_of(as_root) for one in findings if one["status"] == "problem")


def findings_of(result):
    return [finding for path in result["paths"] for finding in path["findings"]]


def test_a_session_is_moved_by_name_only_if_its_interface_can_be_read(bench):
    module = "ec2_traffic_mirror_session"
    policy = iam.policy(module)
    options, env = bench.begin(session_moved_by_name, without(policy, "DescribeNetworkInterfaces"))
    refused = run(module, env, options)
    assert refused["failed"] and not bench.calls(written=True), refused
    options, env = bench.begin(session_moved_by_name, policy)
    assert run(module, env, options)["changed"]


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
            assert made in messages_of(done) or made in resources_of(done), f"{task.__name__} did not report {made}"
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
