# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page on sensors in a central account: its playbooks run in order, in one central and two member accounts."""

from __future__ import annotations

import json
import re
import shlex
import subprocess

import pytest
import yaml

from tests.emulator.identity import access_key
from tests.integration.conftest import PLACE, ROOT
from tests.integration.fleet_accounts import DATA, HUB, WEB, sessions
from tests.integration.pages import find_blocks, without_space
from tests.integration.test_paths import without_new_ids
from tools import iam

PAGE = (ROOT / "docs/docsite/rst/central_sensors.rst").read_text()
# The ids of the page, in the order of its regions.
PAGE_TARGETS = ("tmt-0f1e2d3c4b5a69781", "tmt-0f1e2d3c4b5a69782")
REGIONS = ("eu-west-1", "us-east-1")
HOSTS = ((WEB, "eu-west-1"), (WEB, "us-east-1"), (DATA, "eu-west-1"))


def block(language, start):
    """Return the only code block of the page that has this text in one of its first two lines."""
    found = [one for one in find_blocks(PAGE, language) if start in "\n".join(one.splitlines()[:2])]
    assert len(found) == 1, (start, found)
    return found[0]


def absent(playbook, task_name):
    """Return the playbook with state: absent in this task."""
    plays = yaml.safe_load(playbook)
    task = next(task for task in plays[0]["tasks"] if task["name"] == task_name)
    next(options for key, options in task.items() if key.startswith("vtap.aws."))["state"] = "absent"
    return yaml.safe_dump(plays, sort_keys=False)


def assert_printed(done, shown):
    """Assert that the output has the lines of the page, next to each other, in any order."""
    lines = [line.rstrip() for line in without_new_ids(done.stdout).splitlines()]
    expected = sorted(line.rstrip() for line in without_new_ids(shown).splitlines())
    windows = (lines[at : at + len(expected)] for at in range(len(lines)))
    assert any(sorted(window) == expected for window in windows), done.stdout + done.stderr


def allow_members(emulator):
    """Give the roles of the members the permissions of the page, with targets of the central account only."""
    for account in (WEB, DATA):
        policy = iam.policy()
        parts = ("Describe", "Sessions", "FiltersAndRules", "Tags")
        policy["Statement"] = [one for one in policy["Statement"] if one["Sid"] in parts]
        text = json.dumps(policy).replace(iam.REGION, "*").replace(iam.ACCOUNT, account)
        wide = "arn:aws:ec2:*:*:traffic-mirror-target/*"
        assert text.count(wide) == 1
        text = text.replace(wide, block("text", "arn:aws:ec2:*:"))
        client = emulator.client("iam", account, "us-east-1")
        client.put_role_policy(RoleName="mirror", PolicyName="fleet", PolicyDocument=text)


@pytest.fixture
def central(accounts, play, monkeypatch, tmp_path):
    """Create and share the targets of the page. Returns a function that runs a playbook in an account.

    inventory: whether it runs on the hosts of the page's inventory. .targets: the ids by region.
    """
    allow_members(accounts)
    targets = block("yaml", "Create the targets in the central account")
    for done in (play(targets, "--check"), play(targets)):
        assert done.returncode == 0, done.stdout + done.stderr
    assert_printed(done, block("text", "TASK [Show the ARNs]"))
    created = re.findall(r"traffic-mirror-target/(tmt-\w+)", done.stdout)
    assert len(created) == 2
    for target in created:
        accounts.share(target, WEB, DATA)

    def with_real_ids(text):
        for shown, target in zip(PAGE_TARGETS, created):
            text = text.replace(shown, target)
        return text

    def run(playbook, *arguments, account=HUB, inventory=False, failed=False):
        monkeypatch.setitem(accounts.env, "AWS_ACCESS_KEY_ID", access_key(account))
        hosts = tmp_path / "inventory.yml"
        hosts.write_text(with_real_ids(block("yaml", "mirrored:")))
        where = ("-i", str(hosts), "-e", "vtap_hosts=mirrored") if inventory else ()
        done = play(with_real_ids(playbook), *where, *arguments)
        assert (done.returncode != 0) is failed, done.stdout + done.stderr
        return done

    run.targets = dict(zip(REGIONS, created))
    return run


def test_one_interface(central, accounts):
    playbook = block("yaml", "Mirror one interface to the central account")
    assert_printed(
        central(playbook, account=WEB), block("text", "TASK [Show the target as the member account reads it]")
    )
    assert len(sessions(accounts, WEB, "eu-west-1")) == 1
    central(absent(playbook, "Create a session"), account=WEB)
    assert not sessions(accounts, WEB, "eu-west-1")

    accounts.share(central.targets["eu-west-1"])
    assert "failed=1" in central(playbook, account=WEB, failed=True).stdout


def test_fleets_of_the_members(central, accounts, tmp_path):
    prepare = block("yaml", "Prepare the member accounts")
    assert_printed(central(prepare, inventory=True), block("text", "data-eu-west-1             : ok=3"))
    central("vtap.aws.fleet_accounts", "--check", "--diff", inventory=True)
    done = central("vtap.aws.fleet_accounts", inventory=True)
    assert_printed(done, block("text", "ok: [web-eu-west-1] => (item=eu-west-1: 5 of 5 mirrored; created 5"))
    for account, region in HOSTS:
        used = {row["TrafficMirrorTargetId"] for row in sessions(accounts, account, region)}
        assert used == {central.targets[region]}

    central(block("yaml", "Write the VNI map of the sensors"))
    assert (tmp_path / "vnis.csv").read_text().strip() == block("text", "vni,account,interface")

    remove_target = absent(block("yaml", "Create the targets in the central account"), "Create a target in each region")
    refused = central(remove_target, failed=True)
    message = without_space(without_new_ids(refused.stdout))
    for part in block("text", "eu-west-1: target tmt-... (").split("..."):
        assert without_space(part).strip(";") in message, refused.stdout

    command = next(one for one in find_blocks(PAGE, "shell") if '"state": "absent"' in one)
    central("vtap.aws.fleet_accounts", *shlex.split(command)[-2:], inventory=True)
    assert not any(sessions(accounts, account, region) for account, region in HOSTS)
    central(absent(prepare, "Create the filter"), inventory=True)
    for region in REGIONS:
        accounts.share(central.targets[region])
    central(remove_target)
    for region in REGIONS:
        rows = accounts.client("ec2", HUB, region).describe_traffic_mirror_targets()["TrafficMirrorTargets"]
        assert central.targets[region] not in {row["TrafficMirrorTargetId"] for row in rows}


def test_sharing_ends_first(central, accounts):
    """Without the share, the fleets fail and change nothing, and their sessions can be deleted."""
    central(block("yaml", "Prepare the member accounts"), inventory=True)
    central("vtap.aws.fleet_accounts", inventory=True)
    for region in REGIONS:
        accounts.share(central.targets[region])
    done = central("vtap.aws.fleet_accounts", inventory=True, failed=True)
    assert f"target {central.targets['eu-west-1']} does not exist in this account and region" in done.stdout
    assert [len(sessions(accounts, account, region)) for account, region in HOSTS] == [5, 5, 5]
    removal = '{"vtap_fleet": {"name": "central", "state": "absent"}}'
    central("vtap.aws.fleet_accounts", "-e", removal, inventory=True)
    assert not any(sessions(accounts, account, region) for account, region in HOSTS)


def test_gateway_load_balancer_endpoint(central, accounts):
    done = central(block("yaml", "Mirror a VPC through its Gateway Load Balancer endpoint"), account=WEB)
    assert_printed(done, block("text", "TASK [Show the summary]"))
    assert not sessions(accounts, HUB, "eu-west-1")


@pytest.mark.parametrize("script", [one for one in find_blocks(PAGE, "shell") if "aws ram" in one])
def test_commands(script, accounts):
    """The AWS CLI validates the arguments of the commands without a call."""
    for command in script.replace("\\\n", " ").splitlines():
        done = subprocess.run(
            [PLACE / "bin/aws", *shlex.split(command)[1:], "--generate-cli-skeleton", "output"],
            env=accounts.env_for(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
