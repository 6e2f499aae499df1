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
  - Lists the traffic mirror targets of a region, sorted by id. The module reads all pages.
  - A target is the destination of mirrored traffic. It is a network interface, a Network Load Balancer or a Gateway
    Load Balancer endpoint.
  - EC2 also returns targets that other accounts share with this account. The RV(traffic_mirror_targets[].owner_id) of
    such a target is the other account.
  - If several of O(traffic_mirror_target_ids), O(names) and O(filters) are given, the module returns the targets that
    match all of them.
author:
  - The vtap.aws contributors (@vtap)
options:
  traffic_mirror_target_ids:
    description:
      - Return only targets with these ids.
      - Ids that do not exist are ignored.
      - In check mode, the module also ignores placeholders of ids that an earlier task returned. Outside check mode a
        placeholder is an error.
    type: list
    elements: str
    aliases: ['ids']
  names:
    description:
      - Return only targets whose Name tag equals one of these values. Wildcards are not supported.
      - Names that no target has are ignored.
    type: list
    elements: str
  filters:
    description:
      - Return only targets that match all of these API filters. Each API filter takes one value, or a list of values of
        which one must match.
      - "The supported filters of C(DescribeTrafficMirrorTargets) are V(description), V(network-interface-id),
        V(network-load-balancer-arn), V(owner-id) and V(traffic-mirror-target-id)."
      - V(tag:KEY) matches targets whose tag C(KEY) has one of the values. V(tag-key) matches targets that have a tag
        with one of these keys. V(type) and V(gateway-load-balancer-endpoint-id) match the return values of these names.
      - EC2 does not document these four for targets, so the module compares them.
      - Values can have the wildcards V(*) (any text) and V(?) (one character). A backslash escapes them, as in V(\\*).
        EC2 does not document wildcards for targets, so the module compares these values.
      - Names and values are case-sensitive. Quote values that YAML reads as booleans, such as V("yes"). The task fails
        for any other filter name.
    type: dict
    default: {}
  session_count:
    description:
      - Whether to return the number of sessions that use each target. Requires permission for
        C(DescribeTrafficMirrorSessions).
      - For a target of this account, sessions of other accounts count as well. For a target of another account, EC2
        returns only sessions of this account, so other sessions do not count.
    type: bool
    default: false
seealso:
  - module: vtap.aws.ec2_traffic_mirror_target
  - module: vtap.aws.ec2_traffic_mirror_session_info
  - module: vtap.aws.ec2_traffic_mirror_filter_info
  - name: Traffic mirror targets
    description: Targets in the VPC Traffic Mirroring guide.
    link: https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-targets.html
extends_documentation_fragment:
  - vtap.aws.common
  - vtap.aws.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
"""

EXAMPLES = r"""
- name: List all targets of the region with the number of sessions that use them
  vtap.aws.ec2_traffic_mirror_target_info:
    region: eu-west-1
    session_count: true

- name: Get the target of an interface
  vtap.aws.ec2_traffic_mirror_target_info:
    region: eu-west-1
    filters:
      network-interface-id: eni-0a1b2c3d4e5f60741

- name: List targets by destination type and tag
  vtap.aws.ec2_traffic_mirror_target_info:
    region: eu-west-1
    filters:
      type: network-load-balancer
      tag:Team: netsec

- name: List the targets of all load balancers whose name begins with sensors-
  vtap.aws.ec2_traffic_mirror_target_info:
    region: eu-west-1
    filters:
      network-load-balancer-arn: "*:loadbalancer/net/sensors-*"

- name: Get a target by name
  vtap.aws.ec2_traffic_mirror_target_info:
    region: eu-west-1
    names: [lab-target]
  register: found

- name: Pass the target to the target module, which reports no change
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
    - Each entry can be used as the options of M(vtap.aws.ec2_traffic_mirror_target), which then reports no change.
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
      description: The description. An empty string if it has none.
      returned: always
      type: str
      sample: Zeek
    gateway_load_balancer_endpoint_id:
      description: The id of the destination Gateway Load Balancer endpoint.
      returned: when the destination is a Gateway Load Balancer endpoint
      type: str
      sample: vpce-0a1b2c3d4e5f60771
    network_interface_id:
      description: The destination network interface.
      returned: when the destination is a network interface
      type: str
      sample: eni-0a1b2c3d4e5f60741
    network_load_balancer_arn:
      description: The ARN of the destination Network Load Balancer.
      returned: when the destination is a Network Load Balancer
      type: str
      sample: arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors/0a1b2c3d4e5f6071
    owner_id:
      description: The id of the account that owns the target.
      returned: always
      type: str
      sample: '123456789012'
    session_count:
      description: The number of sessions that use the target, of those that EC2 returns to this account.
      returned: when O(session_count=true)
      type: int
      sample: 3
    tags:
      description: The tags of the target.
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
    run_info(TARGET, extra_options=target.INFO_OPTIONS, extend=target.count_sessions)


if __name__ == "__main__":
    main()
