#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_target_info
version_added: 0.1.0
short_description: List VPC Traffic Mirroring targets
description:
  - Lists traffic mirror targets of one region, sorted by id, however many there are.
  - A target is where copies of packets go. Its destination is a network interface, a Network Load Balancer or a Gateway
    Load Balancer endpoint.
  - EC2 also shows the targets that other accounts share with this one. Such targets are in the list; their
    RV(traffic_mirror_targets[].owner_id) is the other account.
  - If several of O(traffic_mirror_target_ids), O(names) and O(filters) are given, a target must fit all of them.
author:
  - The vtap.aws contributors (@vtap)
options:
  traffic_mirror_target_ids:
    description:
      - Only the targets with these ids.
      - An id that does not exist is simply not in the list.
    type: list
    elements: str
    aliases: ['ids']
  names:
    description:
      - Only the targets whose Name tag is exactly one of these; there are no wildcards.
      - A name that none has is simply not in the list.
    type: list
    elements: str
  filters:
    description:
      - Only the targets that fit all of these filters. A filter has one value, or a list of which any will do.
      - "The names are those of EC2's C(DescribeTrafficMirrorTargets): V(description), V(network-interface-id),
        V(network-load-balancer-arn), V(owner-id), V(traffic-mirror-target-id)."
      - V(tag:KEY) fits targets whose tag C(KEY) has one of the values; V(tag-key) fits targets that have a tag with
        one of these keys. V(type) and V(gateway-load-balancer-endpoint-id) fit the targets with these.
      - EC2 does not document these four for targets, so the module compares them itself, with EC2's wildcards V(*)
        and V(?).
      - Names and values are case-sensitive. Any other name is refused.
    type: dict
    default: {}
  session_count:
    description:
      - Whether to count the sessions that use each target. This takes one more paginated C(Describe) for all of them.
      - EC2 also shows the sessions that other accounts point at a target of this account, and they count. Of a target
        of another account, it shows only the sessions of this account.
    type: bool
    default: false
seealso:
  - module: vtap.aws.ec2_traffic_mirror_target
  - module: vtap.aws.ec2_traffic_mirror_session_info
  - module: vtap.aws.ec2_traffic_mirror_filter_info
  - name: Traffic mirror targets
    description: What targets are, in the VPC Traffic Mirroring guide.
    link: https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-targets.html
extends_documentation_fragment:
  - vtap.aws.defaults
  - vtap.aws.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: List all targets of the region, with the number of sessions that use them
  vtap.aws.ec2_traffic_mirror_target_info:
    region: eu-west-1
    session_count: true

- name: Which target has this interface?
  vtap.aws.ec2_traffic_mirror_target_info:
    region: eu-west-1
    filters:
      network-interface-id: eni-0a1b2c3d4e5f60741

- name: List the Network Load Balancers that are targets of the security team
  vtap.aws.ec2_traffic_mirror_target_info:
    region: eu-west-1
    filters:
      type: network-load-balancer
      tag:Team: netsec

- name: Look up a target by its name
  vtap.aws.ec2_traffic_mirror_target_info:
    region: eu-west-1
    names: [lab-target]
  register: found

- name: Keep it as it is
  vtap.aws.ec2_traffic_mirror_target:
    region: eu-west-1
  args: "{{ item }}"
  loop: "{{ found.traffic_mirror_targets }}"
  loop_control:
    label: "{{ item.traffic_mirror_target_id }}"
"""

RETURN = r"""
traffic_mirror_targets:
  description:
    - The targets, sorted by id.
    - Each can be given to M(vtap.aws.ec2_traffic_mirror_target) as it stands, and changes nothing there.
  returned: always
  type: list
  elements: dict
  contains:
    arn:
      description: The ARN of the target.
      returned: always
      type: str
      sample: arn:aws:ec2:eu-west-1:123456789012:traffic-mirror-target/tmt-0a1b2c3d4e5f60718
    description:
      description: The description; an empty string if it has none.
      returned: always
      type: str
      sample: Zeek
    gateway_load_balancer_endpoint_id:
      description: The Gateway Load Balancer endpoint that gets the copies.
      returned: when the target is one
      type: str
      sample: vpce-0a1b2c3d4e5f60771
    network_interface_id:
      description: The network interface that gets the copies.
      returned: when the target is one
      type: str
      sample: eni-0a1b2c3d4e5f60741
    network_load_balancer_arn:
      description: The ARN of the Network Load Balancer that gets the copies.
      returned: when the target is one
      type: str
      sample: arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors/0a1b2c3d4e5f6071
    owner_id:
      description: The account that owns the target.
      returned: always
      type: str
      sample: '123456789012'
    session_count:
      description: The number of sessions that use the target, as far as EC2 shows them.
      returned: when O(session_count=true)
      type: int
      sample: 3
    tags:
      description: The tags.
      returned: always
      type: dict
      sample: {'Name': 'sensor', 'Team': 'netsec'}
    traffic_mirror_target_id:
      description: The id of the target.
      returned: always
      type: str
      sample: tmt-0a1b2c3d4e5f60718
    type:
      description:
        - The type of the destination, V(network-interface), V(network-load-balancer) or
          V(gateway-load-balancer-endpoint).
      returned: always
      type: str
      sample: network-interface
"""

from ..module_utils._model.resource_types import TARGET
from ..module_utils._resources import target
from ..module_utils._runtime.module import run_info


def main():
    run_info(TARGET, more=target.INFO_OPTIONS, complete=target.count_sessions)


if __name__ == "__main__":
    main()
