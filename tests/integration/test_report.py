# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of a fleet and of the playbook vtap.aws.fleet_accounts."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import stat

import pytest
import yaml

from tests.integration.conftest import ROOT
from tests.integration.fleet_accounts import DATA, FLEET, HUB, WEB, fleet_with, host, local
from tests.integration.pages import find_blocks
from tools import browser_check

LAB = {**FLEET, "name": "ids", "region": "eu-west-1"}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "report"
    path.mkdir()
    return path


def read_report(folder):
    """The combined report: JSON, and the rows of the CSV table."""
    document = json.loads((folder / "report.json").read_text())
    with (folder / "report.csv").open(newline="") as file:
        return document, list(csv.DictReader(file))


def fleets_of(document):
    return {fleet["label"]: fleet for fleet in document["fleets"]}


def assert_fine_in_browser(page):
    """Check a page, if Chromium is installed."""
    program = browser_check.find_browser()
    if program is not None:
        with browser_check.Browser(program) as browser:
            assert browser_check.check(browser, str(page)) == []


@pytest.mark.skipif(browser_check.find_browser() is None, reason="no Chromium is installed")
def test_browser_check_finds_problems(tmp_path):
    """It could not fail otherwise."""
    page = tmp_path / "page.html"
    with browser_check.Browser(browser_check.find_browser()) as browser:
        for body in ("<p style='width: 3000px'>wide</p>", "<script>undefinedFunction()</script>"):
            page.write_text(f"<!DOCTYPE html><html lang='en'><title>x</title><body>{body}</body></html>")
            assert browser_check.check(browser, str(page)) != [], body
        page.write_text("<!DOCTYPE html><html lang='en'><title>x</title><body><p>fine</p></body></html>")
        assert browser_check.check(browser, str(page)) == []


def play_fleet(play, *arguments, report, **options):
    """Run a fleet. report: its files by format. options: of the module in addition to those of the lab."""
    options.update({f"report_{name}": path for name, path in report.items()})
    task = {"vtap.aws.ec2_traffic_mirror_fleet": {**LAB, **options}, "register": "result"}
    shown = {"ansible.builtin.debug": {"msg": "RESULT {{ result | to_json }}"}}
    playbook = [{"hosts": "localhost", "gather_facts": False, "tasks": [{**task, "ignore_errors": True}, shown]}]
    done = play(f"{yaml.safe_dump(playbook)}\n", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    printed = json.loads(re.search(r'"msg": (".*RESULT .*")', done.stdout)[1])
    return json.loads(printed.partition("RESULT ")[2])


def test_report_of_one_fleet(play, emulator, folder):
    """Check mode, a run, and a run without changes write all files and change nothing by that."""
    files = {name: str(folder / f"ids.{name}") for name in ("html", "json", "csv")}
    predicted = play_fleet(play, "--check", report=files)
    assert predicted["changed"] and predicted["report"] == files
    document = json.loads((folder / "ids.json").read_text())
    assert document["check_mode"] and not document["fleets"][0]["carried_out"]
    assert "Check mode: nothing was changed." in (folder / "ids.html").read_text()

    result = play_fleet(play, report=files)
    document = json.loads((folder / "ids.json").read_text())
    fleet = document["fleets"][0]
    assert not document["check_mode"] and fleet["carried_out"] and fleet["error"] is None
    assert (fleet["account_id"], fleet["region"], fleet["fleet"]) == (HUB, "eu-west-1", "ids")
    for key in ("summary", "causes", "estimated_duration", "notes"):
        assert fleet[key] == result[key]
    assert fleet["coverage"] == result["coverage"]
    assert document["totals"]["causes"] == {"new_match": 7, "drift": 0, "adoption": 0, "removal": 0}
    zones = result["coverage"]["zones"]
    assert [zone["availability_zone"] for zone in zones] == ["eu-west-1a", "eu-west-1b"]
    assert sum(zone["mirrored"] for zone in zones) == result["coverage"]["mirrored"] == 7
    web = next(row for row in fleet["plan"] if row["instance_name"] == "web")
    assert (web["coverage"], web["cause"], web["availability_zone"]) == ("mirrored", "new_match", "eu-west-1a")
    assert web["traffic_mirror_session_id"].startswith("tms-")
    vnis = {row["network_interface_id"]: row["virtual_network_id"] for row in result["vni_map"]}
    assert {row["network_interface_id"]: row["virtual_network_id"] for row in fleet["vni_map"]} == vnis
    with (folder / "ids.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["network_interface_id"]: int(row["virtual_network_id"] or 0) for row in rows if row["cause"]} == vnis
    assert stat.S_IMODE((folder / "ids.json").stat().st_mode) == 0o644

    emulator.clear_log()
    again = play_fleet(play, report=files)
    assert not again["changed"] and not [one for one in emulator.log() if "Describe" not in one["action"]]
    document = json.loads((folder / "ids.json").read_text())
    # The report has the unchanged sessions, which the result omits.
    assert {row["action"] for row in document["fleets"][0]["plan"]} == {"unchanged", "skip"}
    assert sorted(path.name for path in folder.iterdir()) == ["ids.csv", "ids.html", "ids.json"]

    absent = play_fleet(play, report=files, state="absent", sources=None, targets=None)
    assert absent["changed"] and absent["causes"]["removal"] == 7
    assert json.loads((folder / "ids.json").read_text())["totals"]["causes"]["removal"] == 7
    assert_fine_in_browser(folder / "ids.html")


def test_playbook_of_the_guide(play, tmp_path, emulator):
    """The second task alerts on repaired drift, but not on new matches."""
    text = (ROOT / "docs/docsite/rst/report.rst").read_text()
    playbook = find_blocks(text, "yaml")[0]
    first = play(playbook)
    assert first.returncode == 0 and "Repaired drift" not in first.stdout, first.stdout + first.stderr
    ec2 = emulator.client()
    session = ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"][0]["TrafficMirrorSessionId"]
    ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session, TrafficMirrorFilterId=other_filter(ec2))
    second = play(playbook)
    assert f"Repaired drift: 1 sessions. See {tmp_path}/ids-prod.html." in second.stdout, second.stdout
    document = json.loads((tmp_path / "ids-prod.json").read_text())
    assert document["totals"]["causes"] == {"new_match": 0, "drift": 1, "adoption": 0, "removal": 0}
    drifted = [row for row in document["fleets"][0]["plan"] if row.get("cause") == "drift"]
    assert [list(row["changes"]) for row in drifted] == [["traffic_mirror_filter_id"]]


def other_filter(ec2):
    """The id of a new filter."""
    return ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]


def test_failed_runs(play, emulator, folder):
    """The report of a failed run has the complete lists and the error."""
    emulator.bulk_seed(30, tags={"Mirror": "yes"})
    files = {"json": str(folder / "ids.json")}
    limited = play_fleet(play, report=files, max_creates="3")
    fleet = json.loads((folder / "ids.json").read_text())["fleets"][0]
    assert limited["failed"] and len(limited["plan"]) == 20 and limited["report"] == files
    assert fleet["error"] == limited["msg"] and len(fleet["plan"]) == 38 and not fleet["carried_out"]
    assert fleet["coverage"] == {} and fleet["vni_map"] == []

    emulator.settings(fail={"CreateTrafficMirrorSession": ["TrafficMirrorSessionLimitExceeded", 2]})
    partly = play_fleet(play, report=files)
    fleet = json.loads((folder / "ids.json").read_text())["fleets"][0]
    assert partly["failed"] and fleet["carried_out"] and fleet["error"] == partly["msg"]
    # After the first failure, most of the others are not tried.
    assert len(partly["failed_interfaces"]) == 20
    failed = [row for row in fleet["plan"] if row.get("status") in ("failed", "not_tried")]
    assert len(failed) == fleet["summary"]["failed"] == fleet["coverage"]["unmirrored"] > 20
    assert {row["error_code"] for row in failed} == {"TrafficMirrorSessionLimitExceeded"}
    assert len(fleet["vni_map"]) == fleet["coverage"]["mirrored"] == 37 - fleet["summary"]["failed"]
    assert {row["coverage"] for row in fleet["plan"] if "status" in row} == {"unmirrored"}
    emulator.settings(fail=None)
    play_fleet(play, report=files)

    held = play_fleet(play, report=files, sources=[{"instance_types": ["c5.*"]}], max_deletes="0")
    document = json.loads((folder / "ids.json").read_text())
    assert held["failed"] and document["totals"]["summary"]["held_back"] == 34
    # Only the first line of the message, because the others are the plan.
    assert document["fleets"][0]["error"] == held["msg"].splitlines()[0]

    emulator.settings(fail={"DescribeTrafficMirrorSessions": ["UnauthorizedOperation", 9]})
    denied = play_fleet(play, report=files)
    fleet = json.loads((folder / "ids.json").read_text())["fleets"][0]
    assert fleet["error"] == denied["msg"] and fleet["plan"] == [] and fleet["account_id"] == HUB
    assert fleet["summary"] == fleet["coverage"] == {}


def test_report_that_cannot_be_written(play, emulator, folder):
    """The task fails with the result of the run. A run that fails itself has its own message."""
    # The path of the temporary file is longer than 4095 characters.
    deep = folder
    while len(str(deep)) < 4085:
        deep /= "x" * min(200, 4085 - len(str(deep)))
    deep.mkdir(parents=True)
    report = {"json": str(deep / "x.json")}
    result = play_fleet(play, report=report)
    assert result["failed"] and result["changed"] and result["summary"]["created"] == 7
    assert result["msg"].startswith("The run is complete. The report could not be written: ")
    assert "File name too long" in result["msg"] and "report" not in result
    failed = play_fleet(play, report=report, max_updates="0", description="x")
    assert failed["msg"].startswith("eu-west-1: The plan updates 7 sessions")
    assert len([one for one in failed["warnings"] if "The report could not be written" in one]) == 1
    assert list(deep.iterdir()) == []
    assert len(emulator.client().describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == 7


@pytest.mark.parametrize(
    ("report", "message"),
    [
        ({"html": ""}, "report_html: "),
        ({"html": "/tmp"}, "report_html: /tmp: the path is a directory. Give the path of a file."),
        ({"csv": "/nonexistent/x.csv"}, "report_csv: /nonexistent/x.csv: the directory /nonexistent does not exist."),
        (
            {"html": "/tmp/one.html", "json": "/tmp/../tmp/one.html"},
            "report_html and report_json must be different files.",
        ),
    ],
)
def test_invalid_paths(play, emulator, report, message):
    failed = play_fleet(play, report=report)
    assert failed["failed"] and failed["msg"].startswith(message)
    assert not emulator.log()


@pytest.mark.usefixtures("accounts")
def test_accounts_with_a_failed_host(fleets, folder):
    hosts = {
        "web-eu": host(WEB, "eu-west-1", vtap_external_id="vtap-7"),
        "no-role": host("444444444444", "us-east-1"),
        "too-many": host(DATA, "us-east-1", vtap_fleet=fleet_with(max_creates=3)),
        "DATA/eu": host(DATA, "eu-west-1"),
        "bad": {"vtap_region": "eu-west-1", "vtap_fleet": {}},
    }
    plain = fleets(hosts, "--check")
    predicted = fleets(hosts, "--check", "-e", f"vtap_report={folder}")
    assert (plain.lines, plain.sums, plain.messages) == (predicted.lines, predicted.sums, predicted.messages)
    assert plain.returncode == predicted.returncode == 2
    assert "Write the report" not in plain.text and "Write the report" in predicted.text
    document, rows = read_report(folder)
    assert document["check_mode"] and document["totals"]["causes"]["new_match"] == 14
    assert {one["action"] for one in rows if one["label"] == "web-eu"} == {"create", "skip"}

    done = fleets(hosts, "-e", f"vtap_report={folder}")
    assert done.returncode == 2, done.text
    document, rows = read_report(folder)
    assert not document["check_mode"] and document["limit"] is None and document["vni_clashes"] == []
    assert document["totals"]["fleets"] == 5 and document["totals"]["counted"] == 2
    assert document["totals"]["failed"] == 3
    found = fleets_of(document)
    assert list(found) == list(hosts)
    assert {label: bool(fleet["error"]) for label, fleet in found.items()} == {
        **dict.fromkeys(hosts, True),
        "web-eu": False,
        "DATA/eu": False,
    }
    assert {label: (fleet["account_id"], fleet["region"]) for label, fleet in found.items()} == {
        "web-eu": (WEB, "eu-west-1"),
        "no-role": ("444444444444", "us-east-1"),
        "too-many": (DATA, "us-east-1"),
        "DATA/eu": (DATA, "eu-west-1"),
        "bad": (None, "eu-west-1"),
    }
    assert "sts:AssumeRole" in found["no-role"]["error"] and "vtap_fleet is not set" in found["bad"]["error"]
    assert "max_creates allows 3" in found["too-many"]["error"]
    # The plan of the failed host is complete, and nothing of it was carried out.
    assert len(found["too-many"]["plan"]) == 8 and not found["too-many"]["carried_out"]
    assert len(found["web-eu"]["vni_map"]) == 7
    assert [one["error"] for one in rows if one["label"] == "bad"] == [found["bad"]["error"]]
    assert len([one for one in rows if one["label"] == "DATA/eu"]) == 8
    # Special characters of a host do not appear in the name of its file.
    suffix = hashlib.sha1(b"DATA/eu").hexdigest()[:8]
    expected = [f"host-DATA_eu-{suffix}.json", "host-too-many.json", "host-web-eu.json"]
    assert sorted(path.name for path in folder.glob("host-*")) == expected
    assert_fine_in_browser(folder / "index.html")

    # A report of an earlier run is not that of this run, and the report covers only the hosts of this run.
    hosts["web-eu"] = {**hosts["web-eu"], "vtap_external_id": "wrong"}
    limited = fleets(hosts, "-e", f"vtap_report={folder}", "--limit", "web-eu")
    assert limited.returncode == 2
    document, rows = read_report(folder)
    assert document["limit"] == "web-eu" and len(document["fleets"]) == 1
    assert document["fleets"][0]["plan"] == [] and "sts:AssumeRole" in document["fleets"][0]["error"]
    assert "--limit <code>web-eu</code>" in (folder / "index.html").read_text()


def test_same_vni_at_a_shared_target(fleets, accounts, folder):
    """Two accounts that share a target use VNIs of the same range."""
    found = accounts.client("ec2", HUB, "us-east-1").describe_traffic_mirror_targets()["TrafficMirrorTargets"]
    shared = next(
        one["TrafficMirrorTargetId"] for one in found if {"Key": "Name", "Value": "lab-target"} in one["Tags"]
    )
    accounts.share(shared, DATA)
    for account in (HUB, DATA):
        # The interfaces of the lab have the same ids in all accounts.
        accounts.bulk_seed(2, tags={"Role": "bulk"}, account=account, region="us-east-1")
    options = fleet_with(
        sources=[{"tags": {"Role": "bulk"}}],
        targets=[{"traffic_mirror_target_id": shared}],
        vni_range="100-101",
    )
    hosts = {"hub": local(vtap_fleet=options), "data": host(DATA, "us-east-1", vtap_fleet=options)}
    done = fleets(hosts, "-e", f"vtap_report={folder}")
    assert done.returncode == 0, done.text
    document, _rows = read_report(folder)
    assert [one["virtual_network_id"] for one in document["vni_clashes"]] == [100, 101]
    assert [one["label"] for one in document["vni_clashes"][0]["interfaces"]] == ["data", "hub"]
    # The report is no change of the fleet.
    again = fleets(hosts, "-e", f"vtap_report={folder}")
    assert again.returncode == 0 and len(read_report(folder)[0]["vni_clashes"]) == 2
    assert again.lines["hub"].endswith("; 2 unchanged, 0 skipped")


@pytest.mark.parametrize(
    ("value", "more", "message"),
    [
        ("", {}, "vtap_report must be a directory"),
        ("/nonexistent/x", {}, "vtap_report must be a directory"),
        (["/tmp"], {}, "vtap_report must be a directory"),
        ("{folder}", {"report_json": "x.json"}, "vtap_fleet has report_json, and vtap_report is set."),
    ],
)
def test_invalid_variable(fleets, accounts, folder, value, more, message):
    hosts = {"hub": local(vtap_fleet=fleet_with(**more))}
    value = value.format(folder=folder) if isinstance(value, str) else value
    done = fleets(hosts, "--check", "-e", json.dumps({"vtap_report": value}))
    assert done.returncode == 2 and message in done.messages["hub"], done.text
    # The report of a valid directory has the failure.
    written = (
        [message in fleet["error"] for fleet in read_report(folder)[0]["fleets"]] if list(folder.iterdir()) else []
    )
    assert written == ([True] if more else [])
    assert not accounts.log()
