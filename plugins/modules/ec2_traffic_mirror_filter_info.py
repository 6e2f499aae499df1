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
  - Lists the traffic mirror filters of one region with their rules, sorted by id, however many there are.
  - A filter says which packets of a source network interface are copied.
  - EC2 shows an account only its own filters.
  - If several of O(traffic_mirror_filter_ids), O(names) and O(filters) are given, a filter must fit all of them.
author:
  - The vtap.aws contributors (@vtap)
options:
  traffic_mirror_filter_ids:
    description:
      - Only the filters with these ids.
      - An id that does not exist is simply not in the list.
    type: list
    elements: str
    aliases: ['ids']
  names:
    description:
      - Only the filters whose Name tag is exactly one of these; there are no wildcards.
      - A name that none has is simply not in the list.
    type: list
    elements: str
  filters:
    description:
      - Only the traffic mirror filters that fit all of these filters. A filter has one value, or a list of which any
        will do.
      - "The names are those of EC2's C(DescribeTrafficMirrorFilters): V(description), V(traffic-mirror-filter-id)."
      - V(tag:KEY) fits traffic mirror filters whose tag C(KEY) has one of the values; V(tag-key) fits those that have
        a tag with one of these keys. EC2 does not document them here, so the module compares the tags itself, with
        EC2's wildcards V(*) and V(?).
      - Names and values are case-sensitive. Any other name is refused.
    type: dict
    default: {}
seealso:
  - module: vtap.aws.ec2_traffic_mirror_filter
  - module: vtap.aws.ec2_traffic_mirror_session_info
  - module: vtap.aws.ec2_traffic_mirror_target_info
  - name: Traffic mirror filters
    description: What filters and their rules are, in the VPC Traffic Mirroring guide.
    link: https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-filters.html
extends_documentation_fragment:
  - vtap.aws.defaults
  - vtap.aws.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: List all filters of the region
  vtap.aws.ec2_traffic_mirror_filter_info:
    region: eu-west-1

- name: Which rules does this filter have?
  vtap.aws.ec2_traffic_mirror_filter_info:
    region: eu-west-1
    ids: [tmf-0a1b2c3d4e5f60718]

- name: List the filters of the security team
  vtap.aws.ec2_traffic_mirror_filter_info:
    region: eu-west-1
    filters:
      tag:Team: netsec

- name: Look up a filter by its name
  vtap.aws.ec2_traffic_mirror_filter_info:
    region: eu-west-1
    names: [lab-filter]
  register: found

- name: Keep it as it is, with all its rules
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
    - Each can be given to M(vtap.aws.ec2_traffic_mirror_filter) as it stands, and changes nothing there.
    - They have neither owner nor ARN, since EC2 does not say who owns a filter.
  returned: always
  type: list
  elements: dict
  contains:
    description:
      description: The description; an empty string if it has none.
      returned: always
      type: str
      sample: DNS and web
    network_services:
      description: The network services whose packets are copied.
      returned: always
      type: list
      elements: str
      sample: [amazon-dns]
    rules:
      description: The rules, first those for ingress, then those for egress, each by number.
      returned: always
      type: list
      elements: dict
      contains:
        action:
          description: Whether the packets that fit are copied, V(accept), or not, V(reject).
          returned: always
          type: str
          sample: accept
        description:
          description: The description; an empty string if it has none.
          returned: always
          type: str
          sample: requests
        destination_cidr:
          description: The network that the packets go to.
          returned: always
          type: str
          sample: 0.0.0.0/0
        destination_port:
          description: The port, or the range of ports, that the packets go to; an empty string is any.
          returned: always
          type: str
          sample: '443'
        direction:
          description: The direction of the packets as the source interface sees it, V(ingress) or V(egress).
          returned: always
          type: str
          sample: ingress
        protocol:
          description: The protocol, by its name if it has one and else its number; V(all) is any.
          returned: always
          type: str
          sample: tcp
        rule_number:
          description: The place of the rule among those of its direction; the lowest comes first.
          returned: always
          type: int
          sample: 100
        source_cidr:
          description: The network that the packets come from.
          returned: always
          type: str
          sample: 0.0.0.0/0
        source_port:
          description: The port, or the range of ports, that the packets come from; an empty string is any.
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
      description: The tags.
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
