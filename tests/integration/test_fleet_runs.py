# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fleets that are killed half-way or run twice at once: the next run ends where an undisturbed one would, and no
interface ever has two sessions of the fleet."""

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
    - name: Keep it
      vtap.aws.ec2_traffic_mirror_fleet:
        region: eu-west-1
        name: ids
        state: "{{ state | default('present') }}"
        sources:
          - instance_types: [m5.*, c5.*]
        targets:
          - traffic_mirror_target_name: lab-target
        traffic_mirror_filter_name: lab-filter
        description: "{{ about | default(omit) }}"
        tags: "{{ tags_given | default({}) }}"
        api_rate: "{{ rate | default(1000) }}"
        api_burst: "{{ burst | default(1000) }}"
        workers: 3
"""
SLOW = ("-e", "rate=4", "-e", "burst=1")
INTERFACES = 6


@pytest.fixture
def sessions(emulator):
    """Every session there is."""
    ec2 = emulator.client()
    return lambda: ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]


@pytest.fixture
def kill_after(emulator, tmp_path):
    """SIGKILL a run and all it started once EC2 has seen so many calls of an action."""
    mark = f"HOME={tmp_path}".encode()

    def family():
        # Ansible's workers lead sessions of their own, so no process group has them all; the environment tells.
        for place in pathlib.Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if mark in place.read_bytes().split(b"\0"):
                    yield int(place.parent.name)

    def kill(process, action, calls):
        deadline = time.monotonic() + 60
        while sum(entry["action"] == action for entry in emulator.log()) < calls:
            assert process.poll() is None and time.monotonic() < deadline, process.communicate()
            time.sleep(0.02)
        while pids := list(family()):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.poll()
        process.communicate()
        time.sleep(0.3)  # what was under way arrives

    return kill


@pytest.mark.parametrize("calls", [1, 3, 5])
def test_killed_while_it_creates(start, play, kill_after, sessions, calls):
    kill_after(start(FLEET, *SLOW), "CreateTrafficMirrorSession", calls)
    assert 0 < len(sessions()) < INTERFACES
    done = play(FLEET)
    assert done.returncode == 0, done.stdout + done.stderr
    made = sessions()
    assert len({row["NetworkInterfaceId"] for row in made}) == len(made) == INTERFACES
    assert all({"Key": "vtap:fleet", "Value": "ids"} in row["Tags"] for row in made)
    assert "changed=0" in play(FLEET).stdout


def test_killed_while_it_changes_and_tags(start, play, kill_after, sessions):
    play(FLEET)
    given = ("-e", "about=ids", "-e", '{"tags_given": {"Team": "netsec"}}')
    kill_after(start(FLEET, *SLOW, *given), "CreateTags", 2)
    done = play(FLEET, *given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {row["Description"] for row in sessions()} == {"ids"}
    wanted = [{"Key": "Team", "Value": "netsec"}, {"Key": "vtap:fleet", "Value": "ids"}]
    assert all(row["Tags"] == wanted for row in sessions())
    assert "changed=0" in play(FLEET, *given).stdout


def test_killed_while_it_removes(start, play, kill_after, sessions):
    play(FLEET)
    kill_after(start(FLEET, *SLOW, "-e", "state=absent"), "DeleteTrafficMirrorSession", 2)
    assert 0 < len(sessions()) < INTERFACES
    done = play(FLEET, "-e", "state=absent")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sessions() == []


@pytest.mark.parametrize("lag", [0, 3], ids=["at once", "shown late"])
def test_two_runs_at_once(start, play, emulator, sessions, lag):
    emulator.knobs(lag={"reads": lag})
    runs = [start(FLEET, "-e", f"about=run{number}") for number in (1, 2)]
    for process in runs:
        stdout, stderr = process.communicate()
        assert process.returncode == 0, stdout + stderr
    emulator.knobs(lag=None)
    done = play(FLEET, "-e", "about=after")
    assert done.returncode == 0, done.stdout + done.stderr
    assert max(Counter(row["NetworkInterfaceId"] for row in sessions()).values()) == 1
    assert len(sessions()) == INTERFACES
    assert "changed=0" in play(FLEET, "-e", "about=after").stdout


def test_a_run_that_creates_and_one_that_removes(start, play, sessions):
    play(FLEET)
    runs = [start(FLEET, "-e", "about=again"), start(FLEET, "-e", "state=absent")]
    for process in runs:
        stdout, stderr = process.communicate()
        assert process.returncode == 0, stdout + stderr
    assert max(Counter(row["NetworkInterfaceId"] for row in sessions()).values(), default=1) == 1
    done = play(FLEET)
    assert done.returncode == 0 and len(sessions()) == INTERFACES, done.stdout + done.stderr
