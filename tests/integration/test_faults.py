# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lifecycle of a session through a microburst proxy that throttles, resets and drops replies."""

from __future__ import annotations

import pytest

from tests.faults.lab import Proxy

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


@pytest.fixture(scope="module")
def proxy(running):
    """Start a proxy for the emulator."""
    proxy = Proxy(running.url)
    yield proxy
    proxy.stop()


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
    proxy.rules(rules)
    done = play(PLAYBOOK, "-e", f"proxy={proxy.url}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(proxy.fired()) == len(OPERATIONS)
    # EC2 executes a call twice only after a lost reply.
    carried_out = [entry["action"] for entry in emulator.log() if entry["code"] == "OK"]
    again = 2 if fault == "reply cut" else 1
    assert carried_out.count("CreateTrafficMirrorSession") == again
    assert carried_out.count("ModifyTrafficMirrorSession") == again
    assert carried_out.count("DeleteTrafficMirrorSession") == 1
