#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_filter_info
version_added: 0.1.0
short_description: List VPC Traffic Mirroring filters
description:
  - Lists the traffic mirror filters of a region with their rules, sorted by id. The module reads all pages.
  - A filter determines which traffic of a source network interface is mirrored.
  - EC2 returns only filters of the calling account.
  - If several of O(traffic_mirror_filter_ids), O(names) and O(filters) are given, the module returns the filters that
    match all of them.
author:
  - The vtap.aws contributors (@vtap)
options:
  traffic_mirror_filter_ids:
    description:
      - Return only filters with these ids.
      - Ids that do not exist are ignored.
      - In check mode, the module also ignores placeholders of ids that an earlier task returned. Outside check mode a
        placeholder is an error.
    type: list
    elements: str
    aliases: ['ids']
  names:
    description:
      - Return only filters whose Name tag equals one of these values. Wildcards are not supported.
      - Names that no filter has are ignored.
    type: list
    elements: str
  filters:
    description:
      - Return only traffic mirror filters that match all of these API filters. Each API filter takes one value, or a
        list of values of which one must match.
      - "The supported filters of C(DescribeTrafficMirrorFilters) are V(description) and V(traffic-mirror-filter-id)."
      - V(tag:KEY) matches traffic mirror filters whose tag C(KEY) has one of the values. V(tag-key) matches those that
        have a tag with one of these keys. EC2 does not document these two for traffic mirror filters, so the module
        compares the tags.
      - Values can have the wildcards V(*) (any text) and V(?) (one character). A backslash escapes them, as in V(\\*).
        EC2 does not document wildcards for traffic mirror filters, so the module compares these values.
      - Names and values are case-sensitive. Quote values that YAML reads as booleans, such as V("yes"). The task fails
        for any other filter name.
    type: dict
    default: {}
seealso:
  - module: vtap.aws.ec2_traffic_mirror_filter
  - module: vtap.aws.ec2_traffic_mirror_session_info
  - module: vtap.aws.ec2_traffic_mirror_target_info
  - name: Traffic mirror filters
    description: Filters and rules in the VPC Traffic Mirroring guide.
    link: https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-filters.html
extends_documentation_fragment:
  - vtap.aws.common
  - vtap.aws.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
"""

EXAMPLES = r"""
- name: List all filters of the region
  vtap.aws.ec2_traffic_mirror_filter_info:
    region: eu-west-1

- name: Get one filter with its rules
  vtap.aws.ec2_traffic_mirror_filter_info:
    region: eu-west-1
    ids: [tmf-0a1b2c3d4e5f60718]

- name: List filters by tag
  vtap.aws.ec2_traffic_mirror_filter_info:
    region: eu-west-1
    filters:
      tag:Team: netsec

- name: List filters whose description begins with DNS
  vtap.aws.ec2_traffic_mirror_filter_info:
    region: eu-west-1
    filters:
      description: DNS*

- name: Get a filter by name
  vtap.aws.ec2_traffic_mirror_filter_info:
    region: eu-west-1
    names: [lab-filter]
  register: found

- name: Pass the filter with all its rules to the filter module, which reports no change
  vtap.aws.ec2_traffic_mirror_filter:
    region: eu-west-1
  args: "{{ item }}"
  loop: "{{ found.traffic_mirror_filters }}"
  loop_control:
    label: "{{ item.traffic_mirror_filter_id }}"
"""

RETURN = r"""
traffic_mirror_filters:
  description:
    - The filters, sorted by id.
    - Each entry can be used as the options of M(vtap.aws.ec2_traffic_mirror_filter), which then reports no change.
    - Filters have no owner and no ARN, because EC2 does not return the owner of a filter.
  returned: always
  type: list
  elements: dict
  contains:
    description:
      description: The description. An empty string if it has none.
      returned: always
      type: str
      sample: DNS and web
    network_services:
      description: The network services whose traffic is mirrored.
      returned: always
      type: list
      elements: str
      sample: [amazon-dns]
    rules:
      description: The rules, V(ingress) before V(egress), each direction sorted by rule number.
      returned: always
      type: list
      elements: dict
      contains:
        action:
          description: Whether matching packets are mirrored, V(accept), or not, V(reject).
          returned: always
          type: str
          sample: accept
        description:
          description: The description. An empty string if it has none.
          returned: always
          type: str
          sample: requests
        destination_cidr:
          description: The destination CIDR block.
          returned: always
          type: str
          sample: 0.0.0.0/0
        destination_port:
          description: The destination port or range of ports. An empty string means any port.
          returned: always
          type: str
          sample: '443'
        direction:
          description: The direction of the traffic at the source network interface, V(ingress) or V(egress).
          returned: always
          type: str
          sample: ingress
        protocol:
          description: The name of the protocol, or its number if it has no name. V(all) means any protocol.
          returned: always
          type: str
          sample: tcp
        rule_number:
          description: The position of the rule in the evaluation order of its direction, lowest first.
          returned: always
          type: int
          sample: 100
        source_cidr:
          description: The source CIDR block.
          returned: always
          type: str
          sample: 0.0.0.0/0
        source_port:
          description: The source port or range of ports. An empty string means any port.
          returned: always
          type: str
          sample: ''
        tags:
          description: The tags of the rule.
          returned: always
          type: dict
          sample: {'Ticket': 'NET-17'}
        traffic_mirror_filter_rule_id:
          description: The id of the rule.
          returned: always
          type: str
          sample: tmfr-0a1b2c3d4e5f60718
    tags:
      description: The tags of the filter.
      returned: always
      type: dict
      sample: {'Name': 'dns and web', 'Team': 'netsec'}
    traffic_mirror_filter_id:
      description: The id of the filter.
      returned: always
      type: str
      sample: tmf-0a1b2c3d4e5f60718
"""

from ..module_utils._model.resource_types import FILTER
from ..module_utils._runtime.module import run_info


def main():
    run_info(FILTER)


if __name__ == "__main__":
    main()
