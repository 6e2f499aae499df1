# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killed and concurrent runs of a fleet: the next run reaches the desired state, and no interface has duplicates.

The output of a failed run of a large fleet is limited.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import time
from collections import Counter

import pytest

FLEET = """
- name: A fleet
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Manage the fleet
      vtap.aws.ec2_traffic_mirror_fleet:
        region: eu-west-1
        name: ids
        state: "{{ state | default('present') }}"
        sources:
          - instance_types: "{{ instance_types | default(['m5.*', 'c5.*']) }}"
        targets:
          - traffic_mirror_target_name: lab-target
        traffic_mirror_filter_name: lab-filter
        description: "{{ description | default(omit) }}"
        tags: "{{ tags_given | default({}) }}"
        api_rate: "{{ rate | default(1000) }}"
        api_burst: "{{ burst | default(1000) }}"
        workers: 3
"""
# The limit for all that ansible-playbook prints about a failed fleet, in bytes: about five screens of text.
MAX_OUTPUT = 40_000
# Slow enough to be killed between two calls, also on a busy machine.
SLOW = ("-e", "rate=1", "-e", "burst=1")
INTERFACES = 6


@pytest.fixture
def sessions(emulator):
    """Return a function that describes all sessions."""
    ec2 = emulator.client()
    return lambda: ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]


@pytest.fixture
def kill_after(emulator, tmp_path):
    """Return a function that kills a run and its child processes after a number of calls of an action."""
    home = f"HOME={tmp_path}".encode()

    def find_processes():
        # Ansible's workers are session leaders, so no process group has all processes. HOME identifies them.
        for place in pathlib.Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if home in place.read_bytes().split(b"\0"):
                    yield int(place.parent.name)

    def kill(process, action, calls):
        deadline = time.monotonic() + 60
        while sum(entry["action"] == action for entry in emulator.log()) < calls:
            assert process.poll() is None and time.monotonic() < deadline, process.communicate()
            time.sleep(0.02)
        while pids := list(find_processes()):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.poll()
        process.communicate()
        time.sleep(0.3)  # requests in flight arrive

    return kill


@pytest.mark.parametrize("calls", [1, 3, 5])
def test_rerun_after_kill_during_creations(start, play, kill_after, sessions, calls):
    kill_after(start(FLEET, *SLOW), "CreateTrafficMirrorSession", calls)
    assert 0 < len(sessions()) < INTERFACES
    done = play(FLEET)
    assert done.returncode == 0, done.stdout + done.stderr
    created = sessions()
    assert len({row["NetworkInterfaceId"] for row in created}) == len(created) == INTERFACES
    assert all({"Key": "vtap:fleet", "Value": "ids"} in row["Tags"] for row in created)
    assert "changed=0" in play(FLEET).stdout


def test_rerun_after_kill_during_updates(start, play, kill_after, sessions):
    play(FLEET)
    given = ("-e", "description=ids", "-e", '{"tags_given": {"Team": "netsec"}}')
    kill_after(start(FLEET, *SLOW, *given), "ModifyTrafficMirrorSession", 3)
    updated = [row for row in sessions() if "Description" in row]
    assert 0 < len(updated) < INTERFACES
    done = play(FLEET, *given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {row["Description"] for row in sessions()} == {"ids"}
    expected = [{"Key": "Team", "Value": "netsec"}, {"Key": "vtap:fleet", "Value": "ids"}]
    assert all(row["Tags"] == expected for row in sessions())
    assert "changed=0" in play(FLEET, *given).stdout


def test_rerun_after_kill_during_deletions(start, play, kill_after, sessions):
    play(FLEET)
    kill_after(start(FLEET, *SLOW, "-e", "state=absent"), "DeleteTrafficMirrorSession", 2)
    assert 0 < len(sessions()) < INTERFACES
    done = play(FLEET, "-e", "state=absent")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sessions() == []


@pytest.mark.parametrize("lag", [0, 3], ids=["consistent", "eventually consistent"])
def test_concurrent_runs_create_no_duplicates(start, play, emulator, sessions, lag):
    emulator.settings(lag={"reads": lag})
    runs = [start(FLEET, "-e", f"description=run{number}") for number in (1, 2)]
    for process in runs:
        stdout, stderr = process.communicate()
        assert process.returncode == 0, stdout + stderr
    emulator.settings(lag=None)
    done = play(FLEET, "-e", "description=after")
    assert done.returncode == 0, done.stdout + done.stderr
    assert max(Counter(row["NetworkInterfaceId"] for row in sessions()).values()) == 1
    assert len(sessions()) == INTERFACES
    assert "changed=0" in play(FLEET, "-e", "description=after").stdout


def test_concurrent_update_and_deletion(start, play, sessions):
    play(FLEET)
    runs = [start(FLEET, "-e", "description=again"), start(FLEET, "-e", "state=absent")]
    for process in runs:
        stdout, stderr = process.communicate()
        assert process.returncode == 0, stdout + stderr
    assert max(Counter(row["NetworkInterfaceId"] for row in sessions()).values(), default=1) == 1
    done = play(FLEET)
    assert done.returncode == 0 and len(sessions()) == INTERFACES, done.stdout + done.stderr


def assert_limited(done, *texts):
    """Assert that the play failed with these texts, and that the output is limited."""
    output = done.stdout + done.stderr
    assert done.returncode == 2 and "Traceback" not in output, output[:MAX_OUTPUT]
    assert len(output.encode()) < MAX_OUTPUT, output[:MAX_OUTPUT]
    for text in texts:
        assert text in " ".join(output.split()), output


def test_output_if_thousands_of_creations_fail(play, emulator, sessions):
    emulator.bulk_seed(2000)
    emulator.settings(denied=["ec2:CreateTrafficMirrorSession"])
    done = play(FLEET, "-e", "burst=100000", "-e", "rate=100000", "--diff", "-v")
    assert_limited(
        done,
        "2006 of 2006 interfaces of fleet ids failed (",
        " x UnauthorizedOperation). Not tried: ",
        '"omitted": {"coverage.unmirrored_interfaces": 1986, "failed_interfaces": 1986, "plan": 1986}',
        '"summary": {"created": 0, "deleted": 0, "failed": 2006, "held_back": 0',
    )
    assert sessions() == []
    # 50 refusals stop the action. The calls of the other workers are under way.
    refused = [entry for entry in emulator.log() if entry["action"] == "CreateTrafficMirrorSession"]
    assert 50 <= len(refused) <= 53


def test_output_if_thousands_of_deletions_are_held_back(play, emulator):
    lab = emulator.lab
    with_sessions = {"target": lab["target"], "filter": lab["filter"], "tags": {"vtap:fleet": "ids"}}
    emulator.bulk_seed(2000, instance_type="c5.large", sessions=with_sessions)
    done = play(FLEET, "-e", '{"instance_types": ["m5.*"]}', "--diff", "-v")
    assert_limited(
        done,
        "The plan deletes every session of fleet ids (2000). Reasons: 2000 x no longer matches sources[0]: instance "
        "type is c5.large, not m5.* (eni-",
        "delete ... and 1980 more",
        '"omitted": {"plan": 1983}',
    )
    calls = [entry["action"] for entry in emulator.log() if not entry["action"].startswith("Describe")]
    assert calls == ["CreateTrafficMirrorSession"] * 3
