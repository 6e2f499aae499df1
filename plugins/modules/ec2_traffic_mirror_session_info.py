#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_session_info
version_added: 0.1.0
short_description: List VPC Traffic Mirroring sessions
description:
  - Lists traffic mirror sessions of one region, sorted by id, however many there are.
  - A session copies the packets of a source network interface that match a filter to a target.
  - EC2 also shows the sessions that other accounts point at a target of this account. Such sessions are in the list;
    their RV(traffic_mirror_sessions[].owner_id) is the other account.
  - If several of O(traffic_mirror_session_ids), O(names) and O(filters) are given, a session must fit all of them.
author:
  - The vtap.aws contributors (@vtap)
options:
  traffic_mirror_session_ids:
    description:
      - Only the sessions with these ids.
      - An id that does not exist is simply not in the list.
    type: list
    elements: str
    aliases: ['ids']
  names:
    description:
      - Only the sessions whose Name tag is exactly one of these; there are no wildcards.
      - A name that none has is simply not in the list.
    type: list
    elements: str
  filters:
    description:
      - Only the sessions that fit all of these filters. A filter has one value, or a list of which any will do.
      - "The names are those of EC2's C(DescribeTrafficMirrorSessions): V(description), V(network-interface-id),
        V(owner-id), V(packet-length), V(session-number), V(traffic-mirror-filter-id), V(traffic-mirror-session-id),
        V(traffic-mirror-target-id), V(virtual-network-id)."
      - V(tag:KEY) fits sessions whose tag C(KEY) has one of the values; V(tag-key) fits sessions that have a tag with
        one of these keys. EC2 does not document them for sessions, so the module compares the tags itself, with EC2's
        wildcards V(*) and V(?).
      - Names and values are case-sensitive. Any other name is refused.
    type: dict
    default: {}
seealso:
  - module: vtap.aws.ec2_traffic_mirror_session
  - module: vtap.aws.ec2_traffic_mirror_filter_info
  - module: vtap.aws.ec2_traffic_mirror_target_info
  - name: Traffic mirror sessions
    description: What sessions are, in the VPC Traffic Mirroring guide.
    link: https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-sessions.html
extends_documentation_fragment:
  - vtap.aws.defaults
  - vtap.aws.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: List all sessions of the region
  vtap.aws.ec2_traffic_mirror_session_info:
    region: eu-west-1

- name: Which sessions does this interface have?
  vtap.aws.ec2_traffic_mirror_session_info:
    region: eu-west-1
    filters:
      network-interface-id: eni-0a1b2c3d4e5f60718

- name: List what the security team mirrors to this target
  vtap.aws.ec2_traffic_mirror_session_info:
    region: eu-west-1
    filters:
      traffic-mirror-target-id: tmt-0a1b2c3d4e5f60718
      tag:Team: netsec
  register: mirrors

- name: Keep those sessions as they are
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
  args: "{{ item }}"
  loop: "{{ mirrors.traffic_mirror_sessions }}"
  loop_control:
    label: "{{ item.traffic_mirror_session_id }}"
"""

RETURN = r"""
traffic_mirror_sessions:
  description:
    - The sessions, sorted by id.
    - Each can be given to M(vtap.aws.ec2_traffic_mirror_session) as it stands, and changes nothing there.
  returned: always
  type: list
  elements: dict
  contains:
    arn:
      description: The ARN of the session.
      returned: always
      type: str
      sample: arn:aws:ec2:eu-west-1:123456789012:traffic-mirror-session/tms-0a1b2c3d4e5f60718
    description:
      description: The description; an empty string if it has none.
      returned: always
      type: str
      sample: web to sensor
    network_interface_id:
      description: The network interface whose traffic is copied.
      returned: always
      type: str
      sample: eni-0a1b2c3d4e5f60718
    owner_id:
      description: The account that owns the session.
      returned: always
      type: str
      sample: '123456789012'
    packet_length:
      description:
        - How many bytes of each packet are copied; V(0) means all of them.
        - With a Network Load Balancer as the target EC2 reports V(8500) if the packet length was never set.
      returned: always
      type: int
      sample: 8500
    session_number:
      description: The place of the session among those of the interface; the lowest comes first.
      returned: always
      type: int
      sample: 1
    tags:
      description: The tags.
      returned: always
      type: dict
      sample: {'Team': 'netsec'}
    traffic_mirror_filter_id:
      description: The filter that says which packets are copied.
      returned: always
      type: str
      sample: tmf-0a1b2c3d4e5f60718
    traffic_mirror_session_id:
      description: The id of the session.
      returned: always
      type: str
      sample: tms-0a1b2c3d4e5f60718
    traffic_mirror_target_id:
      description: The target that the copies are sent to.
      returned: always
      type: str
      sample: tmt-0a1b2c3d4e5f60718
    virtual_network_id:
      description: The VXLAN network identifier (VNI) in the header of the copies.
      returned: always
      type: int
      sample: 7159709
"""

from ..module_utils._model.resource_types import SESSION
from ..module_utils._runtime.module import run_info


def main():
    run_info(SESSION)


if __name__ == "__main__":
    main()
