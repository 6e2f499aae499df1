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
  - Lists the traffic mirror sessions of a region, sorted by id. The module reads all pages.
  - A session mirrors traffic of a source network interface to a target. A filter determines which packets are mirrored.
  - EC2 also returns sessions of other accounts that use a target of this account. The
    RV(traffic_mirror_sessions[].owner_id) of such a session is the other account.
  - If several of O(traffic_mirror_session_ids), O(names) and O(filters) are given, the module returns the sessions that
    match all of them.
author:
  - The vtap.aws contributors (@vtap)
options:
  traffic_mirror_session_ids:
    description:
      - Return only sessions with these ids.
      - Ids that do not exist are ignored.
      - In check mode, the module also ignores placeholders of ids that an earlier task returned. Outside check mode a
        placeholder is an error.
    type: list
    elements: str
    aliases: ['ids']
  names:
    description:
      - Return only sessions whose Name tag equals one of these values. Wildcards are not supported.
      - Names that no session has are ignored.
    type: list
    elements: str
  filters:
    description:
      - Return only sessions that match all of these API filters. Each API filter takes one value, or a list of values
        of which one must match.
      - "The supported filters of C(DescribeTrafficMirrorSessions) are V(description), V(network-interface-id),
        V(owner-id), V(packet-length), V(session-number), V(traffic-mirror-filter-id), V(traffic-mirror-session-id),
        V(traffic-mirror-target-id) and V(virtual-network-id)."
      - V(tag:KEY) matches sessions whose tag C(KEY) has one of the values. V(tag-key) matches sessions that have a tag
        with one of these keys. EC2 does not document these two for sessions, so the module compares the tags.
      - Values can have the wildcards V(*) (any text) and V(?) (one character). A backslash escapes them, as in V(\\*).
        EC2 does not document wildcards for sessions, so the module compares these values.
      - Names and values are case-sensitive. Quote values that YAML reads as booleans, such as V("yes"). The task fails
        for any other filter name.
    type: dict
    default: {}
seealso:
  - module: vtap.aws.ec2_traffic_mirror_session
  - module: vtap.aws.ec2_traffic_mirror_filter_info
  - module: vtap.aws.ec2_traffic_mirror_target_info
  - name: Traffic mirror sessions
    description: Sessions in the VPC Traffic Mirroring guide.
    link: https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-sessions.html
extends_documentation_fragment:
  - vtap.aws.common
  - vtap.aws.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
"""

EXAMPLES = r"""
- name: List all sessions of the region
  vtap.aws.ec2_traffic_mirror_session_info:
    region: eu-west-1

- name: List the sessions of an interface
  vtap.aws.ec2_traffic_mirror_session_info:
    region: eu-west-1
    filters:
      network-interface-id: eni-0a1b2c3d4e5f60718

- name: List sessions by the beginning of their name or description
  vtap.aws.ec2_traffic_mirror_session_info:
    region: eu-west-1
    filters:
      tag:Name: web-*
      description: ["to sensor ?", "to Zeek*"]

- name: List the sessions that use a target and have a tag
  vtap.aws.ec2_traffic_mirror_session_info:
    region: eu-west-1
    filters:
      traffic-mirror-target-id: tmt-0a1b2c3d4e5f60718
      tag:Team: netsec
  register: mirrors

- name: List the sessions that expire, with expires_at in the result
  vtap.aws.ec2_traffic_mirror_session_info:
    region: eu-west-1
    filters:
      tag-key: vtap:expires

- name: Pass these sessions to the session module, which reports no change
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
    - Each entry can be used as the options of M(vtap.aws.ec2_traffic_mirror_session), which then reports no change.
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
      description: The description. An empty string if it has none.
      returned: always
      type: str
      sample: web to sensor
    expires_at:
      description:
        - The time at which the session expires, in UTC. See O(vtap.aws.ec2_traffic_mirror_session#module:expires_at).
        - It may be in the past. The playbook C(vtap.aws.expire) deletes expired sessions.
      returned: when the session has a valid tag C(vtap:expires)
      type: str
      sample: '2026-11-26T16:00:00Z'
    network_interface_id:
      description: The source network interface.
      returned: always
      type: str
      sample: eni-0a1b2c3d4e5f60718
    owner_id:
      description: The id of the account that owns the session.
      returned: always
      type: str
      sample: '123456789012'
    packet_length:
      description:
        - The number of bytes of each packet that are mirrored. V(0) means whole packets.
        - With a Network Load Balancer as the target, EC2 reports V(8500) if the packet length was never set.
      returned: always
      type: int
      sample: 8500
    session_number:
      description: The evaluation order of the session on its interface, lowest first.
      returned: always
      type: int
      sample: 1
    tags:
      description: The tags of the session.
      returned: always
      type: dict
      sample: {'Team': 'netsec'}
    traffic_mirror_filter_id:
      description: The filter that determines which packets are mirrored.
      returned: always
      type: str
      sample: tmf-0a1b2c3d4e5f60718
    traffic_mirror_session_id:
      description: The id of the session.
      returned: always
      type: str
      sample: tms-0a1b2c3d4e5f60718
    traffic_mirror_target_id:
      description: The target that receives the mirrored packets.
      returned: always
      type: str
      sample: tmt-0a1b2c3d4e5f60718
    virtual_network_id:
      description: The VXLAN network identifier (VNI) of the mirrored packets.
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
