#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_stack_info
version_added: 0.1.0
short_description: Return existing Traffic Mirroring resources as the document of a stack
description:
  - Returns filters, targets and sessions as the lists that M(vtap.aws.ec2_traffic_mirror_stack) accepts.
  - Use it to bring existing resources, created by hand, by a script or by Terraform, into a stack. With O(name), use it
    to copy or to compare the document of a stack.
notes:
  - An entry has the name of the resource if no other resource of its type in the account and region has this name.
    Otherwise the entry has its id. A session refers to its filter and target in the same way.
  - The entries have all options that a task can set. Tags of AWS and ownership marks are omitted.
author:
  - The vtap.aws contributors (@vtap)
options:
  name:
    description:
      - Return the resources of this stack.
      - If omitted, return all resources of the account and region that belong to no fleet, stack or CloudFormation
        stack. Resources of other accounts are never returned.
    type: str
extends_documentation_fragment:
  - vtap.aws.common
  - vtap.aws.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
seealso:
  - module: vtap.aws.ec2_traffic_mirror_stack
  - module: vtap.aws.ec2_traffic_mirror_session_info
"""

EXAMPLES = r"""
- name: Read everything that belongs to no fleet or stack
  vtap.aws.ec2_traffic_mirror_stack_info:
    region: eu-west-1
  register: existing

- name: Take it over as a stack
  vtap.aws.ec2_traffic_mirror_stack:
    region: eu-west-1
    name: imported
    filters: "{{ existing.stack.filters }}"
    targets: "{{ existing.stack.targets }}"
    sessions: "{{ existing.stack.sessions }}"
    adopt: true

- name: Read the document of the stack
  vtap.aws.ec2_traffic_mirror_stack_info:
    region: eu-west-1
    name: imported
  register: imported
"""

RETURN = r"""
stack:
  description: The document. Its lists are options of M(vtap.aws.ec2_traffic_mirror_stack).
  returned: always
  type: dict
  contains:
    name:
      description: The name of the stack.
      type: str
      returned: when O(name) is set
      sample: web-ids
    filters:
      description: The filters, see O(vtap.aws.ec2_traffic_mirror_stack#module:filters).
      type: list
      elements: dict
      returned: always
      sample:
        - name: dns-and-tls
          description: ''
          network_services: [amazon-dns]
          rules:
            - direction: ingress
              rule_number: 100
              action: accept
              protocol: tcp
              source_cidr: 0.0.0.0/0
              destination_cidr: 0.0.0.0/0
              source_port: ''
              destination_port: '443'
              description: ''
              tags: {}
          tags: {}
    targets:
      description: The targets, see O(vtap.aws.ec2_traffic_mirror_stack#module:targets).
      type: list
      elements: dict
      returned: always
      sample:
        - name: sensors
          network_load_balancer_arn: >-
            arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors/0a1b2c3d4e5f6071
          description: ''
          tags: {}
    sessions:
      description:
        - The sessions, see O(vtap.aws.ec2_traffic_mirror_stack#module:sessions).
        - C(expires_at) is omitted if the session does not expire or has expired.
      type: list
      elements: dict
      returned: always
      sample:
        - name: web-1
          network_interface_id: eni-0a1b2c3d4e5f60718
          session_number: 1
          packet_length: 8500
          virtual_network_id: 7159709
          description: ''
          traffic_mirror_filter_name: dns-and-tls
          traffic_mirror_target_name: sensors
          expires_at: '2026-11-26T16:00:00Z'
          tags: {}
error:
  description: The error of the EC2 API.
  returned: when the task fails because of an EC2 error
  type: dict
  contains:
    code:
      description: The EC2 error code. An empty string if EC2 sent no reply.
      type: str
      returned: always
      sample: UnauthorizedOperation
    message:
      description: The EC2 error message.
      type: str
      returned: always
      sample: You are not authorized to perform this operation.
    operation:
      description: The EC2 API action that failed.
      type: str
      returned: always
      sample: DescribeTrafficMirrorSessions
"""

from ..module_utils._stack.module import run_stack_info


def main():
    run_stack_info()


if __name__ == "__main__":
    main()
