# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook vtap.aws.fleet_accounts: one inventory, several emulated accounts and regions."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tools import iam

HUB, WEB, DATA = "123456789012", "210987654321", "333333333333"
FLEET = {
    "name": "ids-prod",
    "sources": [{"instance_types": ["*"]}],
    "targets": [{"traffic_mirror_target_name": "lab-target"}],
    "traffic_mirror_filter_name": "lab-filter",
}
# The lab has eight attached interfaces. The interface of the t2.micro cannot be mirrored.
CREATED = "7 created, 0 updated, 0 unchanged, 0 deleted, 1 skipped, 7 of 7 mirrored"
UNCHANGED = "0 created, 0 updated, 7 unchanged, 0 deleted, 1 skipped, 7 of 7 mirrored"


def host(account, region, **more):
    return {"vtap_region": region, "vtap_role_arn": f"arn:aws:iam::{account}:role/mirror", **more}


def sessions(emulator, account, region):
    return emulator.client("ec2", account, region).describe_traffic_mirror_sessions()["TrafficMirrorSessions"]


def writes(emulator):
    return [call for call in emulator.log() if not re.match("Describe|AssumeRole|GET ", call["action"])]


def documented_policy(account):
    """The statements of the policy that docs/docsite/rst/fleet_accounts.rst requires, for every region."""
    document = iam.policy()
    document["Statement"] = [one for one in document["Statement"] if one["Sid"] in ("Describe", "Sessions", "Tags")]
    return json.dumps(document).replace(iam.REGION, "*").replace(iam.ACCOUNT, account)


@pytest.fixture
def accounts(emulator):
    """Three accounts with a lab in two regions. Two have a role that trusts the first, one with an external id."""
    for account in (HUB, WEB, DATA):
        for region in ("eu-west-1", "us-east-1"):
            if (account, region) != (HUB, "eu-west-1"):
                emulator.seed(account, region)
    for account, condition in ((WEB, {"StringEquals": {"sts:ExternalId": "vtap-7"}}), (DATA, {})):
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": HUB}, "Condition": condition}
        iam_client = emulator.client("iam", account, "us-east-1")
        iam_client.create_role(RoleName="mirror", AssumeRolePolicyDocument=json.dumps({"Statement": [statement]}))
        iam_client.put_role_policy(RoleName="mirror", PolicyName="fleet", PolicyDocument=documented_policy(account))
    emulator.clear_log()
    return emulator


@pytest.fixture
def fleets(play, tmp_path):
    """Return a function that runs the playbook for hosts. Its result has the report: lines, sums, stats, recap."""
    (tmp_path / ".ansible.cfg").write_text("[defaults]\nshow_custom_stats = true\n")

    def run(hosts, *arguments, playbook="vtap.aws.fleet_accounts"):
        inventory = tmp_path / "inventory.yml"
        inventory.write_text(
            yaml.safe_dump({"mirrored": {"vars": {"vtap_fleet": FLEET}, "hosts": hosts}}, sort_keys=False)
        )
        # The implicit host localhost is not part of this group.
        done = play(playbook, "-i", str(inventory), "-e", "vtap_hosts=mirrored", *arguments)
        report = done.stdout.partition("PLAY [Report]")[2]
        done.lines = dict(re.findall(r"^(?:ok|failed): \[(.+?)\] (?:=> )?\(item=(.*?)\)", report, re.MULTILINE))
        done.sums = re.findall(r'^        "(.*?)",?$', report, re.MULTILINE)
        stats = re.search(r"RUN: (.*)", report)
        done.stats = json.loads(stats[1])["vtap_fleet_accounts"] if stats else None
        done.recap = {
            name: {key: int(count) for key, count in re.findall(r"(\w+)=(\d+)", counts)}
            for name, counts in re.findall(r"^(\S+) +: (ok=.*)$", report, re.MULTILINE)
        }
        done.text = done.stdout + done.stderr
        return done

    return run


def test_accounts_and_regions(fleets, accounts):
    """Check mode predicts each host, the run changes only the listed accounts and regions, the second run nothing."""
    hosts = {
        "hub": {"vtap_region": "us-east-1"},
        "web-eu": host(WEB, "eu-west-1", vtap_external_id="vtap-7"),
        "web-us": host(WEB, "us-east-1", vtap_external_id="vtap-7"),
        "data": host(DATA, "eu-west-1", vtap_fleet={**FLEET, "exclude": [{"instance_types": ["c5.*"]}]}),
    }
    lines = {
        "hub": f"us-east-1: {CREATED}",
        "web-eu": f"eu-west-1: {CREATED}",
        "web-us": f"us-east-1: {CREATED}",
        "data": "eu-west-1: 4 created, 0 updated, 0 unchanged, 0 deleted, 4 skipped, 4 of 4 mirrored",
    }
    sums = ["25 created, 0 updated, 0 unchanged, 0 deleted, 7 skipped, 25 of 25 mirrored", "0 of 4 hosts failed"]

    predicted = fleets(hosts, "--check", "--diff")
    assert predicted.returncode == 0, predicted.text
    assert (predicted.lines, predicted.sums) == (lines, sums), predicted.text
    assert predicted.stdout.count("new match") == 25
    assert not writes(accounts)

    done = fleets(hosts)
    assert done.returncode == 0 and not done.stderr, done.text
    assert (done.lines, done.sums, done.stats) == (lines, sums, predicted.stats), done.text
    assert done.stats == {
        "hosts": 4,
        "failed": [],
        "summary": {"created": 25, "updated": 0, "unchanged": 0, "deleted": 0, "skipped": 7},
        "coverage": {"selected": 32, "eligible": 25, "mirrored": 25, "unmirrored": 0},
    }
    assert {name: counts["changed"] for name, counts in done.recap.items()} == dict.fromkeys(hosts, 1)
    session_counts = {
        (account, region): len(sessions(accounts, account, region))
        for account in (HUB, WEB, DATA)
        for region in ("eu-west-1", "us-east-1")
    }
    assert session_counts == {
        (HUB, "eu-west-1"): 0,
        (HUB, "us-east-1"): 7,
        (WEB, "eu-west-1"): 7,
        (WEB, "us-east-1"): 7,
        (DATA, "eu-west-1"): 4,
        (DATA, "us-east-1"): 0,
    }
    assert {entry["OwnerId"] for entry in sessions(accounts, WEB, "us-east-1")} == {WEB}

    accounts.clear_log()
    again = fleets(hosts)
    assert again.returncode == 0 and again.lines["web-us"] == f"us-east-1: {UNCHANGED}", again.text
    assert sum(counts["changed"] for counts in again.recap.values()) == 0
    assert not writes(accounts)


def test_failed_host_does_not_stop_other_hosts(fleets, accounts):
    accounts.settings(fail={"CreateTrafficMirrorSession": ["TrafficMirrorSessionLimitExceeded", 1]})
    hosts = {
        "no-region": host("555555555555", ""),
        "no-role": host("444444444444", "eu-west-1"),
        "no-id": host(WEB, "us-east-1"),
        "too-many": host(DATA, "us-east-1", vtap_fleet={**FLEET, "max_creates": 3}),
        "partly": host(WEB, "eu-west-1", vtap_external_id="vtap-7"),
        # This host creates no session, so the failed creation is one of the host above.
        "ok": {"vtap_region": "eu-west-1", "vtap_fleet": {"name": "ids-prod", "state": "absent"}},
    }
    done = fleets(hosts)
    assert done.returncode == 2, done.text
    assert done.lines == {
        "no-region": "no region",
        "no-role": "eu-west-1",
        "no-id": "us-east-1",
        "too-many": "us-east-1",
        "partly": "eu-west-1: 7 created, 0 updated, 0 unchanged, 0 deleted, 1 skipped, 6 of 7 mirrored",
        "ok": "eu-west-1: 0 created, 0 updated, 0 unchanged, 0 deleted, 0 skipped, 0 of 0 mirrored",
    }
    assert done.sums == [
        "7 created, 0 updated, 0 unchanged, 0 deleted, 1 skipped, 6 of 7 mirrored",
        "5 of 6 hosts failed: no-region, no-role, no-id, too-many, partly",
    ]
    assert done.stats["failed"] == ["no-region", "no-role", "no-id", "too-many", "partly"]
    assert {name: counts["failed"] for name, counts in done.recap.items()} == {**dict.fromkeys(hosts, 1), "ok": 0}

    report = done.stdout.partition("PLAY [Report]")[2]
    messages = {
        name: json.loads(data)["msg"] for name, data in re.findall(r"^failed: \[(.+?)\].*?=> (.*)$", report, re.M)
    }
    assert messages["no-region"] == "no-region has no vtap_region: set it in the inventory."
    assert "555555555555" not in json.dumps(accounts.log()), "called an API before checking the variables"
    for name, account in (("no-role", "444444444444"), ("no-id", WEB)):
        denied = f"not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::{account}:role/mirror"
        assert denied in messages[name]
    assert "The plan creates 7 sessions; max_creates allows 3" in messages["too-many"]
    assert "1 of 8 interfaces of fleet ids-prod in eu-west-1 failed" in messages["partly"]
    assert "TrafficMirrorSessionLimitExceeded" in messages["partly"]
    assert len(sessions(accounts, WEB, "eu-west-1")) == 6
    assert not sessions(accounts, WEB, "us-east-1") and not sessions(accounts, DATA, "us-east-1")
    # The output does not contain the plan, which can have thousands of interfaces.
    assert '"plan"' not in done.text


WITH_KEYS = """
- import_playbook: vtap.aws.fleet_accounts
- name: Store the credentials for the test
  hosts: mirrored
  gather_facts: false
  tasks:
    - name: Write the credentials
      ansible.builtin.copy:
        content: "{{ vtap_role.sts_creds | to_json }}"
        dest: "{{ inventory_dir }}/{{ inventory_hostname }}.json"
        mode: "0600"
      no_log: true
"""


@pytest.mark.usefixtures("accounts")
def test_output_has_no_credentials(fleets, tmp_path):
    hosts = {
        "ok": host(DATA, "eu-west-1"),
        "over-limit": host(DATA, "us-east-1", vtap_fleet={**FLEET, "max_creates": 3}),
    }
    done = fleets(hosts, "-vvvv", "--diff", playbook=WITH_KEYS)
    assert done.sums[-1] == "1 of 2 hosts failed: over-limit", done.text
    keys = json.loads((tmp_path / "ok.json").read_text())
    assert keys["access_key"] in done.text, "the -vvvv of a task shows its options"
    assert keys["secret_key"] not in done.text and keys["session_token"] not in done.text
    # The session token of the failed host is not available; all session tokens of moto have the same prefix.
    assert keys["session_token"][:17] not in done.text


def test_host_without_role_credentials_makes_no_call(fleets, accounts):
    """The playbook must not use the account of the caller instead of the account of the role."""
    done = fleets({"data": host(DATA, "us-east-1")}, "--start-at-task", "Manage the fleet")
    assert done.returncode == 2 and done.sums[-1] == "1 of 1 hosts failed: data", done.text
    assert "'vtap_role' is undefined" in done.text
    assert not accounts.log()
