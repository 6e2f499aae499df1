# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook server and the plugin in_process print what ansible-playbook prints, in the same order."""

from __future__ import annotations

import re

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.add_host: {name: "{{ item }}", ansible_connection: local}
      loop: [one, two]
    - vtap.aws.ec2_traffic_mirror_filter_info: {region: eu-west-1, filters: {"tag:Team": "{{ item }}"}}
      loop: [a, b, c]
- hosts: one,two
  gather_facts: false
  vars: {kept: [1]}
  tasks:
    - ansible.builtin.debug: {msg: "{{ inventory_hostname }} {{ item }}"}
      loop: [a, b]
    - ansible.builtin.set_fact: {own: "{{ inventory_hostname }}", kept: "{{ kept + [2] }}"}
      when: inventory_hostname == "one"
    - ansible.builtin.assert: {that: item != "b", quiet: true}
      loop: [a, b, c]
      register: checked
      ignore_errors: true
    - ansible.builtin.debug:
        msg: "{{ own | default('none') }} {{ kept }} {{ checked.results | map(attribute='failed') }}"
    - ansible.builtin.debug: {msg: "{{ hostvars.one.own }}"}
      delegate_to: localhost
    - ansible.builtin.fail: {msg: stopped}
      when: inventory_hostname == "two"
    - ansible.builtin.debug: {msg: last}
"""


def test_output_is_that_of_ansible_playbook(play):
    # With more forks, the order of hosts is not the same in each run.
    served, started = play(PLAYBOOK, "--forks=1"), play(PLAYBOOK, "--forks=1", as_user=True)
    assert (served.returncode, served.stdout, served.stderr) == (started.returncode, started.stdout, started.stderr)


def test_tasks_have_no_process_of_their_own(play):
    """tests/task_process.py is for one version of ansible-core. With another, tests are slower."""
    ask = "- ansible.builtin.debug: {msg: \"process {{ lookup('ansible.builtin.pipe', 'echo $PPID') }}\"}"
    done = play(f"- hosts: localhost\n  gather_facts: false\n  tasks:\n    {ask}\n    {ask}\n")
    processes = re.findall(r"process (\d+)", done.stdout)
    assert len(processes) == 2 and len(set(processes)) == 1, done.stdout + done.stderr
