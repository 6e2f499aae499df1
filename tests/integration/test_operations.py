# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page on operations: its playbooks, its commands and their output."""

from __future__ import annotations

import configparser
import fcntl
import re
import shlex
import subprocess

import pytest
import yaml

from tests.integration.conftest import ROOT, recap
from tests.integration.pages import find_blocks, without_space

PAGE = (ROOT / "docs/docsite/rst/operations.rst").read_text()
SCHEDULED, REGIONS, PATHS, IMPORTED, ENVIRONMENT = find_blocks(PAGE, "yaml")


def shown(start):
    """Return the only output of the page whose first line has this text."""
    found = [one for one in find_blocks(PAGE, "text") if start in one.splitlines()[0]]
    assert len(found) == 1, (start, found)
    return found[0]


def assert_printed(done, text, failed=False):
    """Assert that the output has this text. The length of its lines differs between versions of ansible-core."""
    assert (done.returncode != 0) is failed, done.stdout + done.stderr
    assert without_space(text) in without_space(done.stdout + done.stderr), done.stdout + done.stderr


def test_scheduled_playbook(play, emulator):
    assert_printed(play(SCHEDULED), shown("TASK [Fleet]"))
    again = play(SCHEDULED)
    assert recap(again)["changed"] == recap(again)["failed"] == 0, again.stdout + again.stderr

    ec2 = emulator.client()
    other = ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    session = ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"][0]["TrafficMirrorSessionId"]
    ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session, TrafficMirrorFilterId=other)
    message = shown("Repaired drift").partition("Action failed: ")[2]
    done = play(SCHEDULED)
    assert_printed(done, message, failed=True)
    assert recap(done)["changed"] == 1
    assert recap(play(SCHEDULED))["failed"] == 0


def test_limit(play, emulator):
    message = shown("The plan creates 5 sessions").partition("Module failed: ")[2]
    assert_printed(play(SCHEDULED, "-e", "max_creates=3"), message, failed=True)
    assert not emulator.client().describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert recap(play(SCHEDULED, "-e", "max_creates=100%"))["changed"] == 1


def test_estimated_duration(play, emulator):
    """The estimate of the page, and the table, whose formula a run proves for 1,005 sessions."""
    emulator.bulk_seed(1000)
    done = play(SCHEDULED, "--check", "--diff", "-e", "max_creates=100%")
    assert shown("Estimated duration").splitlines()[0] in done.stdout.splitlines(), done.stdout + done.stderr
    rows = re.findall(r"^(\d+) +(\d+) +``(?:under 1 min|(\d+) min (\d+) s)``$", PAGE, re.MULTILINE)
    assert len(rows) == 5
    for sessions, seconds, minutes, rest in rows:
        assert int(seconds) == (int(sessions) - 50) / 5
        assert not minutes or int(seconds) == int(minutes) * 60 + int(rest)


@pytest.fixture
def two_regions(emulator, monkeypatch, tmp_path):
    emulator.seed(region="us-east-1")
    # The default is in the home folder of the user, which the tests replace.
    monkeypatch.setitem(emulator.env, "ANSIBLE_ASYNC_DIR", str(tmp_path / "async"))
    return emulator


def count_sessions(emulator):
    return [
        len(emulator.client("ec2", region=region).describe_traffic_mirror_sessions()["TrafficMirrorSessions"])
        for region in ("eu-west-1", "us-east-1")
    ]


@pytest.mark.parametrize("check", [True, False])
def test_async_fleets(play, two_regions, check):
    done = play(REGIONS.replace("delay: 30", "delay: 2"), *(["--check"] if check else []))
    assert done.returncode == 0, done.stdout + done.stderr
    # The number of retries depends on the speed of the machine.
    retry = re.compile(r"^FAILED - RETRYING: .*\n", re.MULTILINE)
    assert_printed(done, retry.sub("", shown("TASK [Start the fleets]")).partition("TASK [Show the results]")[2])
    printed = retry.sub("", done.stdout)
    assert without_space(retry.sub("", shown("TASK [Start the fleets]"))) in without_space(printed), printed
    assert count_sessions(two_regions) == ([0, 0] if check else [5, 5])


@pytest.mark.parametrize(("check", "limit", "polls"), [(True, 7200, 0), (False, 7200, 1), (False, 4, 1)])
def test_polled_fleet(play, emulator, two_regions, check, limit, polls):
    """With poll, async supports check mode and --diff, prints a line for each poll, and kills the run at the limit."""
    emulator.bulk_seed(80)
    playbook = SCHEDULED.replace("      register: fleet", f"      async: {limit}\n      poll: 1\n      register: fleet")
    done = play(playbook, "--diff", "-e", "max_creates=100%", *(["--check"] if check else []))
    assert done.stdout.count("ASYNC POLL on localhost") >= polls, done.stdout + done.stderr
    if limit == 4:
        # Either Ansible or the wrapper of the job is first.
        assert done.returncode == 2 and re.search("Timeout exceeded|did not complete within", done.stdout), done.stdout
        assert play(SCHEDULED, "-e", "max_creates=100%").returncode == 0
    else:
        assert done.returncode == 0 and "Estimated duration: under 1 min" in done.stdout, done.stdout + done.stderr
    assert count_sessions(two_regions) == [0 if check else 85, 0]


def test_cron_line_skips_a_run_that_overlaps(tmp_path):
    command = shown("ANSIBLE_LOG_PATH").partition(" mirror ")[2]
    command = command.replace("/run/lock/ids-prod", str(tmp_path / "lock"))
    command = command.replace("/usr/bin/ansible-playbook /etc/mirror/fleet.yml", f"touch {tmp_path}/done")
    with open(tmp_path / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert subprocess.run(shlex.split(command), check=False).returncode == 75
        assert not (tmp_path / "done").exists()
    subprocess.run(shlex.split(command), check=True)
    assert (tmp_path / "done").exists()


def test_systemd_units():
    service, timer = find_blocks(PAGE, "ini")
    units = {}
    for name, text in (("service", service), ("timer", timer)):
        units[name] = configparser.RawConfigParser()
        units[name].read_string(text)
    assert (
        units["service"]["Service"]["ExecStart"].startswith("/") and units["timer"]["Timer"]["OnCalendar"] == "hourly"
    )


def test_paths(play, emulator):
    assert play(SCHEDULED).returncode == 0
    assert recap(play(PATHS))["ok"] == 1
    emulator.client("elbv2").delete_listener(ListenerArn=emulator.lab["listeners"]["sensors"])
    assert_printed(play(PATHS), shown("sessions with the verdict problem"), failed=True)


def test_imported_playbook(play):
    """The playbook for AWX runs the playbook of the collection, which requires a region for each host."""
    done = play(IMPORTED)
    assert done.returncode == 2 and "vtap_region" in done.stdout + done.stderr, done.stdout + done.stderr


def test_execution_environment():
    """The definition names the tarball that ansible-galaxy builds, and adds it to the build context."""
    definition, meta = yaml.safe_load(ENVIRONMENT), yaml.safe_load((ROOT / "galaxy.yml").read_text())
    tarball = f"{meta['namespace']}-{meta['name']}-{meta['version']}.tar.gz"
    assert [row["name"] for row in definition["dependencies"]["galaxy"]["collections"]] == [tarball]
    assert [row["src"] for row in definition["additional_build_files"]] == [tarball]


def test_known_issue(play, emulator, monkeypatch):
    """The notice of amazon.aws, if the installed versions print it, can be hidden."""
    message = shown("DEPRECATION WARNING")
    playbook = SCHEDULED.replace("          - instance_types: [t2.*]\n", "")
    done = play(playbook, "--check")
    if without_space(message) not in without_space(done.stdout + done.stderr):
        pytest.skip("these versions of ansible-core and amazon.aws do not print it")
    monkeypatch.setitem(emulator.env, "ANSIBLE_DEPRECATION_WARNINGS", "false")
    hidden = play(playbook, "--check")
    assert "DEPRECATION" not in hidden.stdout + hidden.stderr
    assert recap(hidden) == recap(done)
