#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_path_info
version_added: 0.1.0
short_description: Explain why mirrored packets do not arrive at a sensor
description:
  - Checks the conditions on the way of mirrored packets, for each session, in the order in which a packet meets them.
  - A finding has a status and a fix. The status is V(ok) if the condition holds, V(problem) if it does not hold, and
    V(unknown) if it depends on something that cannot be read. The verdict of a session is the worst status of its
    findings.
  - The module reads EC2, Elastic Load Balancing and, with O(metrics=true), CloudWatch. It changes nothing and sends no
    packets.
notes:
  - In check mode, an interface, fleet or stack without sessions has the status V(unknown) instead of V(problem),
    because an earlier task may create sessions.
  - The stages are C(source), the source interface and its instance; C(filter), the filter and the other sessions of the
    interface; C(network), routes, network ACLs and security groups for UDP port 4789; C(target), the resource that
    receives the packets; and C(evidence), the metrics of CloudWatch.
  - If a call is denied, the findings that depend on it have the status V(unknown) and name the permission. Only
    C(ec2:DescribeTrafficMirrorSessions) is always required.
  - EC2 does not return the MTU of interfaces. Unless the session has a C(packet_length) of at most 1446, the module
    therefore reports a hint about truncated packets with the status V(unknown).
  - The sensor must accept VXLAN on UDP port 4789. The module cannot check the software on the sensor.
  - Inbound packets that the security groups or network ACLs of the source drop are not mirrored. O(packet) does not
    check them.
author:
  - The vtap.aws contributors (@vtap)
options:
  traffic_mirror_session_ids:
    description:
      - Check the sessions with these ids. An id that does not exist is a finding.
      - If none of O(traffic_mirror_session_ids), O(network_interface_ids), O(fleet) and O(stack) is set, all sessions
        of the account and region are checked.
    type: list
    elements: str
    aliases: [ids]
  network_interface_ids:
    description:
      - Check the sessions of these source interfaces. An interface without a session is a finding.
    type: list
    elements: str
  fleet:
    description:
      - Check the sessions of this fleet.
    type: str
  stack:
    description:
      - Check the sessions of this stack.
    type: str
  packet:
    description:
      - A packet that the source interface sends or receives. For each session, a finding of the stage C(filter) states
        whether the session mirrors the packet, and which rule of which filter decides.
      - If a port is omitted, the packets with all ports are traced. The finding then states which packets are mirrored.
    type: dict
    suboptions:
      direction:
        description: The direction at the source interface. V(ingress) is inbound and V(egress) is outbound traffic.
        type: str
        choices: [ingress, egress]
        required: true
      protocol:
        description: The protocol, as a name such as V(tcp) or as an IANA protocol number, 1 to 255.
        type: str
        default: tcp
      source:
        description: The source address, IPv4 or IPv6.
        type: str
        required: true
      destination:
        description: The destination address, of the same address family.
        type: str
        required: true
      source_port:
        description: The source port, 0 to 65535. Allowed only with V(tcp) and V(udp).
        type: int
      destination_port:
        description: The destination port, 0 to 65535. Allowed only with V(tcp) and V(udp).
        type: int
  metrics:
    description:
      - Whether to read how many bytes CloudWatch recorded as mirrored or skipped on the source instances in the last
        hour.
      - CloudWatch charges for these requests.
    type: bool
    default: false
  fail_on:
    description:
      - Fail the task if a session has this verdict or a worse one. V(unknown) includes V(problem). The message of the
        task is then the table of the findings.
      - If omitted, the task succeeds whatever the findings are.
    type: str
    choices: [problem, unknown]
extends_documentation_fragment:
  - vtap.aws.common
  - vtap.aws.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
seealso:
  - module: vtap.aws.ec2_traffic_mirror_session_info
  - module: vtap.aws.ec2_traffic_mirror_fleet
  - module: vtap.aws.ec2_traffic_mirror_stack
"""

EXAMPLES = r"""
- name: Check all sessions of a fleet, and what CloudWatch has seen
  vtap.aws.ec2_traffic_mirror_path_info:
    region: eu-west-1
    fleet: ids-prod
    metrics: true
  register: path

- name: Print the findings as a table
  ansible.builtin.debug:
    msg: "{{ path.table.splitlines() }}"

- name: Trace HTTPS packets of a client
  vtap.aws.ec2_traffic_mirror_path_info:
    region: eu-west-1
    network_interface_ids: [eni-0a1b2c3d4e5f60718]
    packet:
      direction: ingress
      source: 198.51.100.7
      destination: 10.0.1.10
      destination_port: 443
"""

RETURN = r"""
paths:
  description:
    - The sessions with their findings, sorted by interface and session number. A missing session, an interface without
      a session, and a fleet or stack without sessions have an entry with one finding.
    - If the task fails because of O(fail_on), only the sessions that fail, without findings that are V(ok), at most 20.
  returned: always
  type: list
  elements: dict
  contains:
    traffic_mirror_session_id:
      description: The session.
      type: str
      returned: when there is a session
      sample: tms-0a1b2c3d4e5f60718
    name:
      description: The Name tag of the session.
      type: str
      returned: when the session has a Name tag
      sample: web-1
    network_interface_id:
      description: The source interface.
      type: str
      returned: when it is known
      sample: eni-0a1b2c3d4e5f60718
    session_number:
      description: The session number.
      type: int
      returned: when there is a session
      sample: 1
    traffic_mirror_filter_id:
      description: The filter of the session.
      type: str
      returned: when there is a session
      sample: tmf-0a1b2c3d4e5f60718
    traffic_mirror_target_id:
      description: The target of the session.
      type: str
      returned: when there is a session
      sample: tmt-0a1b2c3d4e5f60718
    verdict:
      description: The worst status of the findings, V(ok), V(unknown) or V(problem).
      type: str
      returned: always
      sample: problem
    findings:
      description: The findings, in the order in which a packet meets the conditions.
      type: list
      elements: dict
      returned: always
      contains:
        stage:
          description: The stage, V(source), V(filter), V(network), V(target) or V(evidence).
          type: str
          returned: always
          sample: network
        status:
          description: V(ok), V(problem), or V(unknown) if the condition depends on something that cannot be read.
          type: str
          returned: always
          sample: problem
        message:
          description: What was found.
          type: str
          returned: always
          sample: security group sg-0a1b2c3d4e5f60718 of eni-0a1b2c3d4e5f60741 does not allow UDP 4789 from 10.0.1.10
        fix:
          description: What to do. An empty string if the condition holds.
          type: str
          returned: always
          sample: Allow inbound UDP 4789 from 10.0.1.10/32 in sg-0a1b2c3d4e5f60718.
        ids:
          description: The ids and ARNs of the resources concerned.
          type: list
          elements: str
          returned: always
          sample: [eni-0a1b2c3d4e5f60741, sg-0a1b2c3d4e5f60718]
summary:
  description: The number of sessions by verdict.
  returned: always
  type: dict
  sample: {'ok': 10, 'unknown': 0, 'problem': 1}
table:
  description:
    - The findings that are not V(ok) as text, problems first, at most 100 lines. Sessions with the same finding share a
      line.
  returned: if the task succeeds
  type: str
  sample: |
    status   stage   session  finding
    problem  source  web      eni-0a1b2c3d4e5f60718: instance is stopped
                              -> Start the instance.
    1 session: 1 problem, 0 unknown, 0 ok
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

from ..module_utils._path.module import run_path_info


def main():
    run_path_info()


if __name__ == "__main__":
    main()
