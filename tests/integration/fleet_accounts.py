# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the playbook vtap.aws.fleet_accounts on several emulated accounts and regions, and parse its report."""

from __future__ import annotations

import json
import re

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
CREATED = "7 of 7 mirrored; created 7, updated 0, deleted 0; 0 unchanged, 1 skipped"
# A playbook that other plays can follow.
IMPORTED = "\n- import_playbook: vtap.aws.fleet_accounts"


def host(account, region, **more):
    return {"vtap_region": region, "vtap_role_arn": f"arn:aws:iam::{account}:role/mirror", **more}


def local(**more):
    """A host without a role."""
    return {"vtap_region": "us-east-1", **more}


def fleet_with(**more):
    return {**FLEET, **more}


def sessions(emulator, account, region):
    return emulator.client("ec2", account, region).describe_traffic_mirror_sessions()["TrafficMirrorSessions"]


def documented_policy(account):
    """The statements of the policy that docs/docsite/rst/fleet_accounts.rst requires, for every region."""
    document = iam.policy()
    document["Statement"] = [one for one in document["Statement"] if one["Sid"] in ("Describe", "Sessions", "Tags")]
    return json.loads(json.dumps(document).replace(iam.REGION, "*").replace(iam.ACCOUNT, account))


def seed_accounts(emulator):
    """Three accounts with a lab in two regions. Two have a role that trusts the first, one with an external id."""
    for account in (HUB, WEB, DATA):
        for region in ("eu-west-1", "us-east-1"):
            if (account, region) != (HUB, "eu-west-1"):
                emulator.seed(account, region)
    for account, condition in ((WEB, {"StringEquals": {"sts:ExternalId": "vtap-7"}}), (DATA, {})):
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": HUB}, "Condition": condition}
        iam_client = emulator.client("iam", account, "us-east-1")
        iam_client.create_role(RoleName="mirror", AssumeRolePolicyDocument=json.dumps({"Statement": [statement]}))
        policy = json.dumps(documented_policy(account))
        iam_client.put_role_policy(RoleName="mirror", PolicyName="fleet", PolicyDocument=policy)
    emulator.clear_log()


def playbook_runner(play, tmp_path):
    """Return a function that runs the playbook for hosts. Its result has the report.

    lines, messages: by host. sums: the lines of all hosts together. stats: the custom stats. recap: counts by host.
    """
    (tmp_path / ".ansible.cfg").write_text("[defaults]\nshow_custom_stats = true\n")

    def run(hosts, *arguments, playbook="vtap.aws.fleet_accounts", as_user=False):
        inventory = tmp_path / "inventory.yml"
        inventory.write_text(
            yaml.safe_dump({"mirrored": {"vars": {"vtap_fleet": FLEET}, "hosts": hosts}}, sort_keys=False)
        )
        # The implicit host localhost is not part of this group.
        done = play(playbook, "-i", str(inventory), "-e", "vtap_hosts=mirrored", *arguments, as_user=as_user)
        report = done.stdout.partition("PLAY [Report]")[2]
        done.lines = dict(re.findall(r"^(?:ok|failed): \[(.+?)\] (?:=> )?\(item=(.*?)\)", report, re.MULTILINE))
        failures = re.finditer(r"^failed: \[(.+?)\].*?=> (?={)", report, re.MULTILINE)
        decode = json.JSONDecoder().raw_decode
        done.messages = {match[1]: decode(report, match.end())[0]["msg"] for match in failures}
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
