# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lifecycle of a session through a microburst proxy that throttles, resets and drops replies."""

from __future__ import annotations

import json
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

PLAYBOOK = """\
- name: Session lifecycle
  hosts: localhost
  gather_facts: false
  module_defaults:
    group/vtap.aws.aws: {region: eu-west-1, endpoint_url: "{{ proxy }}"}
  vars:
    session: {network_interface_id: eni-0a1b2c3d4e5f60718, session_number: 1}
    parts: {traffic_mirror_filter_id: tmf-0a1b2c3d4e5f60718, traffic_mirror_target_id: tmt-0a1b2c3d4e5f60718}
  tasks:
    - {vtap.aws.ec2_traffic_mirror_session: , args: "{{ session | combine(parts) }}", register: made}
    - {vtap.aws.ec2_traffic_mirror_session: , args: "{{ session | combine({'description': 'x'}) }}", register: changed}
    - {vtap.aws.ec2_traffic_mirror_session_info: , register: found}
    - {vtap.aws.ec2_traffic_mirror_session: , args: "{{ session | combine({'state': 'absent'}) }}", register: removed}
    - {vtap.aws.ec2_traffic_mirror_session_info: , register: left}
    - ansible.builtin.assert:
        that:
          - made.changed and changed.changed and removed.changed
          - found.traffic_mirror_sessions == [changed.traffic_mirror_session]
          - found.traffic_mirror_sessions[0].arn == made.traffic_mirror_session.arn
          - left.traffic_mirror_sessions == []
"""
RULES = {
    "reply cut": {"response": {"abort_frac": 0.3}},
    "request reset": {"reset": True},
    "throttled": {"error": {"code": "RequestLimitExceeded", "status": 503}},
    "internal error": {"error": {"code": "InternalError", "status": 500}},
}
OPERATIONS = ["Describe", "Create", "Modify", "Delete"]


@pytest.fixture
def proxy(emulator):
    """Start microburst as a proxy for the emulator. Yields its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = pathlib.Path(sys.executable).with_name("microburst")
    process = subprocess.Popen(
        [command, "--upstream", emulator.url, "--port", str(port), "--no-resign"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _attempt in range(100):
            try:
                ask(f"{url}/_microburst/rules")
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait()


def ask(url, data=None):
    request = urllib.request.Request(
        url,
        data=None if data is None else json.dumps(data).encode(),
        method="GET" if data is None else "PATCH",
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as reply:
        return json.loads(reply.read())


@pytest.mark.parametrize("fault", RULES)
def test_session_lifecycle_with_faults(play, emulator, proxy, fault):
    rules = [
        {
            "service": "ec2",
            "operation": f"{verb}TrafficMirrorSession{'s' if verb == 'Describe' else ''}",
            "times": 1,
            **RULES[fault],
        }
        for verb in OPERATIONS
    ]
    ask(f"{proxy}/_microburst/rules", rules)
    done = play(PLAYBOOK, "-e", f"proxy={proxy}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(ask(f"{proxy}/_microburst/fired")) == len(OPERATIONS)
    # EC2 executes a call twice only after a lost reply.
    carried_out = [entry["action"] for entry in emulator.log() if entry["code"] == "OK"]
    again = 2 if fault == "reply cut" else 1
    assert carried_out.count("CreateTrafficMirrorSession") == again
    assert carried_out.count("ModifyTrafficMirrorSession") == again
    assert carried_out.count("DeleteTrafficMirrorSession") == 1
