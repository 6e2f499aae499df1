# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook vtap.aws.fleet_accounts: hosts, changes and the report."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from tests.integration.conftest import PLACE
from tests.integration.fleet_accounts import (
    CREATED,
    DATA,
    FLEET,
    HUB,
    WEB,
    fleet_with,
    host,
    local,
    sessions,
)

PREDICTED = "7 of 7 would be mirrored; would create 7, update 0, delete 0; 0 unchanged, 1 skipped"
UNCHANGED = "7 of 7 mirrored; created 0, updated 0, deleted 0; 7 unchanged, 1 skipped"
SUMMARY = dict.fromkeys(("created", "updated", "unchanged", "deleted", "skipped", "held_back", "failed"), 0)
COVERAGE = dict.fromkeys(("selected", "excluded", "ineligible", "stopped", "eligible", "mirrored", "unmirrored"), 0)


def writes(emulator):
    return [call for call in emulator.log() if not re.match("Describe|AssumeRole|GET ", call["action"])]


def test_accounts_and_regions(fleets, accounts):
    """Check mode predicts each host, the run changes only the listed accounts and regions, the second run nothing."""
    hosts = {
        "hub": {"vtap_region": "us-east-1"},
        "web-eu": host(WEB, "eu-west-1", vtap_external_id="vtap-7"),
        "web-us": host(WEB, "us-east-1", vtap_external_id="vtap-7"),
        "data": host(DATA, "eu-west-1", vtap_fleet={**FLEET, "exclude": [{"instance_types": ["c5.*"]}]}),
    }
    part = "4 of 4 mirrored; created 4, updated 0, deleted 0; 0 unchanged, 4 skipped"
    part_predicted = "4 of 4 would be mirrored; would create 4, update 0, delete 0; 0 unchanged, 4 skipped"
    total = "4 of 4 hosts: 25 of 25"

    predicted = fleets(hosts, "--check", "--diff")
    assert predicted.returncode == 0, predicted.text
    whole = dict.fromkeys(("web-eu", "web-us", "hub"), PREDICTED) | {"data": part_predicted}
    assert predicted.lines == {name: f"{hosts[name]['vtap_region']}: {line}" for name, line in whole.items()}
    assert predicted.sums == [
        f"{total} would be mirrored; would create 25, update 0, delete 0; 0 unchanged, 7 skipped",
        "0 of 4 hosts failed",
    ]
    assert predicted.stdout.count("new match") == 25
    assert not writes(accounts)

    done = fleets(hosts)
    assert done.returncode == 0 and "[ERROR]" not in done.text, done.text
    whole = dict.fromkeys(("web-eu", "web-us", "hub"), CREATED) | {"data": part}
    assert done.lines == {name: f"{hosts[name]['vtap_region']}: {line}" for name, line in whole.items()}
    assert done.sums == [
        f"{total} mirrored; created 25, updated 0, deleted 0; 0 unchanged, 7 skipped",
        "0 of 4 hosts failed",
    ]
    assert predicted.stats == {**done.stats, "check_mode": True}
    assert done.stats == {
        "check_mode": False,
        "hosts": 4,
        "counted": 4,
        "vni_clashes": [],
        "failed": [],
        "summary": SUMMARY | {"created": 25, "skipped": 7},
        "causes": {"new_match": 25, "drift": 0, "adoption": 0, "removal": 0},
        "coverage": COVERAGE | {"selected": 32, "eligible": 25, "mirrored": 25, "excluded": 3, "ineligible": 4},
    }
    assert {name: counts["changed"] for name, counts in done.recap.items()} == dict.fromkeys(hosts, 1)
    session_counts = {
        (account, region): len(sessions(accounts, account, region))
        for account in (HUB, WEB, DATA)
        for region in ("eu-west-1", "us-east-1")
    }
    expected = dict.fromkeys(session_counts, 7)
    assert session_counts == {**expected, (HUB, "eu-west-1"): 0, (DATA, "eu-west-1"): 4, (DATA, "us-east-1"): 0}
    assert {entry["OwnerId"] for entry in sessions(accounts, WEB, "us-east-1")} == {WEB}

    accounts.clear_log()
    again = fleets(hosts)
    assert again.returncode == 0 and again.lines["web-us"] == f"us-east-1: {UNCHANGED}", again.text
    assert sum(counts["changed"] for counts in again.recap.values()) == 0
    assert not writes(accounts)


def test_failed_host_does_not_stop_other_hosts(fleets, accounts):
    accounts.settings(fail={"CreateTrafficMirrorSession": ["TrafficMirrorSessionLimitExceeded", 1]})
    hosts = {
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
        "no-role": "eu-west-1",
        "no-id": "us-east-1",
        "too-many": "us-east-1",
        "partly": "eu-west-1: 6 of 7 mirrored, 1 unmirrored; created 6, updated 0, deleted 0, failed 1; "
        "0 unchanged, 1 skipped",
        "ok": "eu-west-1: 0 of 0 mirrored; created 0, updated 0, deleted 0; 0 unchanged, 0 skipped",
    }
    assert done.sums == [
        "2 of 5 hosts: 6 of 7 mirrored, 1 unmirrored; created 6, updated 0, deleted 0, failed 1; "
        "0 unchanged, 1 skipped",
        "4 of 5 hosts failed: no-role, no-id, too-many, partly",
    ]
    assert done.stats["failed"] == ["no-role", "no-id", "too-many", "partly"]
    assert {name: counts["failed"] for name, counts in done.recap.items()} == {**dict.fromkeys(hosts, 1), "ok": 0}

    for name, account in (("no-role", "444444444444"), ("no-id", WEB)):
        denied = f"not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::{account}:role/mirror"
        assert denied in done.messages[name]
    assert "The plan creates 7 sessions; max_creates allows 3" in done.messages["too-many"]
    assert "1 of 8 interfaces of fleet ids-prod failed" in done.messages["partly"]
    assert "TrafficMirrorSessionLimitExceeded" in done.messages["partly"]
    assert len(sessions(accounts, WEB, "eu-west-1")) == 6
    assert not sessions(accounts, WEB, "us-east-1") and not sessions(accounts, DATA, "us-east-1")
    # The output does not contain the plan, which can have thousands of interfaces.
    assert '"plan"' not in done.text


@pytest.mark.parametrize(
    ("inventory", "arguments", "message"),
    [
        ("localhost,", ("-e", "vtap_hosts=mirrored"), "vtap_hosts (mirrored)"),
        # --limit excludes localhost and all hosts of vtap_hosts, but not all of the inventory.
        ("web,data,", ("-e", "vtap_hosts=web", "--limit", "data"), "vtap_hosts (web) and --limit (data)"),
        ("web,data,", ("-e", '{"vtap_hosts": ["web", "hub"]}', "--limit", "data"), "(web,hub) and --limit (data)"),
        # Without hosts, in a file that does not exist, or without -i, the inventory is empty.
        ("missing.yml", ("--limit", "web"), "vtap_hosts (all) and --limit (web)"),
        ("missing.yml", (), "vtap_hosts (all)"),
        ("missing.yml", ("--check",), "vtap_hosts (all)"),
        ("web,", ("--limit", "data"), "--limit"),
        # Not all hosts.
        ("web,", ("-e", "vtap_hosts={{ nothing }}"), "'nothing' is undefined"),
        ("web,", ("-e", "vtap_hosts="), "hosts"),
    ],
)
def test_no_host_is_an_error(inventory, arguments, message, tmp_path):
    done = subprocess.run(
        [PLACE / "bin/ansible-playbook", "-i", inventory, *arguments, "vtap.aws.fleet_accounts"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(PLACE / "collections"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    text = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0 and message in text, text
    assert "TASK [Assume the role]" not in text and "PLAY [Report]" not in text


def test_limit_and_pattern(fleets, accounts):
    """--limit and vtap_hosts together select the hosts, also with a list of patterns and the implicit localhost."""
    hosts = {name: local(vtap_fleet={"name": "ids-prod", "state": "absent"}) for name in ("one", "two", "three")}
    patterns = json.dumps({"vtap_hosts": ["one", "thr*", "localhost"]})
    done = fleets(hosts, "-e", patterns, "--limit", "two,three")
    assert done.returncode == 0 and set(done.lines) == {"three"}, done.text
    assert done.stats["hosts"] == 1 and not writes(accounts)


@pytest.mark.usefixtures("accounts")
def test_check_mode_reports_what_is_missing(fleets):
    """No earlier task creates a filter or target, so check mode fails as the run would."""
    targets = [{"traffic_mirror_target_name": f"sensor-{index}"} for index in range(12)]
    hosts = {
        "filter": local(vtap_fleet=fleet_with(traffic_mirror_filter_name="no-filter")),
        "targets": host(DATA, "us-east-1", vtap_fleet=fleet_with(targets=targets)),
        "ok": local(),
    }
    done = fleets(hosts, "--check")
    assert done.returncode == 2 and done.stats["failed"] == ["filter", "targets"], done.text
    assert done.messages["filter"] == (
        "Filter or target not found in us-east-1: no-filter. The run without check mode would fail. "
        "Create them, or correct vtap_fleet."
    )
    assert ": sensor-0, sensor-1, " in done.messages["targets"] and "sensor-9 and 2 more. " in done.messages["targets"]
    # The run without check mode would create nothing for them.
    assert done.lines == {"filter": "us-east-1", "targets": "us-east-1", "ok": f"us-east-1: {PREDICTED}"}
    assert done.sums[0] == f"1 of 3 hosts: {PREDICTED}"
    assert done.stats["summary"]["created"] == 7

    done = fleets(hosts)
    assert done.stats["failed"] == ["filter", "targets"], done.text
    assert "no-filter" in done.messages["filter"] and "sensor-0" in done.messages["targets"]
    assert done.sums[0] == f"1 of 3 hosts: {CREATED}"


def test_held_back_deletions(fleets, accounts):
    """A failed host has its counts in its line and in the sums."""
    fewer = fleet_with(exclude=[{"instance_types": ["c5.*"]}], max_deletes="0")
    hosts = {"hub": local(), "web": host(WEB, "us-east-1", vtap_external_id="vtap-7")}
    assert fleets(hosts).returncode == 0
    hosts["web"]["vtap_fleet"] = fewer
    count = re.compile(r"(\w+ \w+) 3 deletions; (\d+) unchanged")

    predicted = fleets(hosts, "--check")
    done = fleets(hosts)
    for run, verb in ((predicted, "hold back"), (done, "held back")):
        assert run.returncode == 2 and run.stats["failed"] == ["web"], run.text
        assert count.search(run.lines["web"]).groups() == (verb, "4")
        assert "held back" not in run.lines["hub"] and count.search(run.sums[0]).groups() == (verb, "11")
        assert run.stats["summary"]["held_back"] == 3 and run.stats["summary"]["deleted"] == 0
        assert "max_deletes" in run.messages["web"]
    assert len(sessions(accounts, WEB, "us-east-1")) == 7


def test_equal_vnis_at_one_target_are_listed(fleets, accounts):
    """Of hosts in the same account and region, which share the targets as accounts do by AWS RAM."""
    shared = {"exclude": [{"instance_types": ["c5.*"]}], "packet_length": 100}
    first, second = (fleet_with(name=name, vni_range="7-90", **shared) for name in ("first", "second"))
    second["sources"] = [{"instance_types": ["c5.*"]}]
    second["exclude"] = None
    hosts = {"first": local(vtap_fleet=first), "second": local(vtap_fleet=second)}
    done = fleets(hosts)
    assert done.returncode == 0 and done.stats["vni_clashes"] == [] and len(done.sums) == 2, done.text

    # VNIs that someone changed by hand, on one interface of each fleet.
    client = accounts.client("ec2", HUB, "us-east-1")
    rows = sessions(accounts, HUB, "us-east-1")
    ids = {one["NetworkInterfaceId"]: one for one in rows}
    chosen = [next(one for one in rows if {"Key": "vtap:fleet", "Value": name} in one["Tags"]) for name in hosts]
    for one in chosen:
        client.modify_traffic_mirror_session(
            TrafficMirrorSessionId=one["TrafficMirrorSessionId"], VirtualNetworkId=4242, SessionNumber=1
        )
    for fleet in (first, second):
        del fleet["vni_range"]
    done = fleets(hosts)
    target = chosen[0]["TrafficMirrorTargetId"]
    interfaces = [one["NetworkInterfaceId"] for one in chosen]
    assert len(ids) == 7 and done.returncode == 0, done.text
    assert done.stats["vni_clashes"] == [
        {
            "traffic_mirror_target_id": target,
            "virtual_network_id": 4242,
            "interfaces": [
                {"label": name, "account_id": None, "region": None, "network_interface_id": one["NetworkInterfaceId"]}
                for name, one in zip(hosts, chosen)
            ],
        }
    ]
    assert done.sums[2:] == [
        f"Several interfaces use VNI 4242 at {target}: {', '.join(interfaces)}",
        "Sensors cannot tell the packets of these interfaces apart. Set a different vni_range for each host.",
    ]

    first["virtual_network_id"] = second["virtual_network_id"] = 5
    done = fleets(hosts)
    assert done.returncode == 0 and done.stats["vni_clashes"] == [], done.text
