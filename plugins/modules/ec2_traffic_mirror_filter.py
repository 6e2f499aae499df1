#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_filter
version_added: 0.1.0
short_description: Create, update and delete VPC Traffic Mirroring filters
description:
  - Manages traffic mirror filters with their rules, network services and tags.
  - A filter determines which traffic of a source network interface is mirrored. Several sessions can use one filter.
  - A rule applies to one direction, and a network service to both. A filter without rules and network services mirrors
    no traffic.
  - The module creates the filter if it does not exist. It updates an existing filter only where the filter differs from
    the task.
  - 'In check mode the module changes nothing and returns the predicted result. The ids of new filters and rules are
    placeholders such as C(tmf-(known after apply: dns and web\)). All modules of the collection accept placeholders as
    ids in check mode.'
notes:
  - The module finds the filter by O(traffic_mirror_filter_id), or else by O(name). One of the two is required.
  - If several filters have the name, the task fails and lists them. If no filter has the name, the module creates one.
  - A name identifies one filter of the account and region. A task that would give it to a second filter fails. EC2 does
    not enforce this. If two tasks create filters of the same name at the same time, both fail and name both filters.
    Delete one of them.
  - Rule changes are ordered to avoid gaps. Traffic that is mirrored both before and after the update stays mirrored
    during the update, where EC2 allows it.
  - If a task fails part-way, the error lists the completed calls and the id of a new filter. Completed calls are not
    rolled back. Rerun the task to finish.
author:
  - The vtap.aws contributors (@vtap)
options:
  state:
    description:
      - V(present) creates or updates the filter. V(absent) deletes the filter and its rules.
      - A filter that sessions use is not deleted. The task fails and lists the sessions.
    type: str
    choices: [present, absent]
    default: present
  traffic_mirror_filter_id:
    description:
      - The id of an existing filter, V(tmf-) followed by 8 or 17 hexadecimal digits. EC2 assigns the ids of new
        filters.
    type: str
    aliases: [id]
  name:
    description:
      - The Name tag of the filter, 1 to 256 characters. Required to create a filter.
      - Without O(traffic_mirror_filter_id), the name identifies the filter. With O(traffic_mirror_filter_id), the
        module sets the Name tag to this value.
    type: str
  description:
    description:
      - The description of the filter. An empty string means no description.
      - EC2 cannot change the description of an existing filter. See O(allow_replacement).
    type: str
  network_services:
    description:
      - The AWS network services whose traffic is mirrored, in both directions. V(amazon-dns) is the DNS server that AWS
        provides in the VPC.
      - An empty list removes all network services. If omitted, an existing filter keeps its network services.
    type: list
    elements: str
    choices: [amazon-dns]
  rules:
    description:
      - The rules of the filter, at most ten for each direction. EC2 allows ten rules for a filter and does not document
        whether this limit applies to each direction or to both together. If EC2 rejects a rule, the task fails.
      - EC2 evaluates the rules of a direction in the order of their numbers, lowest first. The first rule that matches
        a packet applies. A packet that matches no rule is not mirrored.
      - Direction and number identify a rule. Omitted suboptions, except tags, are reset to their defaults.
      - A rule that differs is modified in place and keeps its id. A rule of which only the number differs is renumbered
        in place and keeps its id.
      - If omitted, an existing filter keeps its rules. An empty list deletes all rules, unless O(purge_rules=false).
    type: list
    elements: dict
    suboptions:
      direction:
        description:
          - The direction of the traffic at the source network interface. V(ingress) is inbound and V(egress) is
            outbound traffic.
        type: str
        choices: [ingress, egress]
        required: true
      rule_number:
        description:
          - The position of the rule in the evaluation order of its direction, 1 to 2147483647. Each number can be used
            once per direction.
          - EC2 does not document a maximum. Numbers up to 32766 are valid for the similar rules of network ACLs.
        type: int
        required: true
      action:
        description:
          - V(accept) mirrors the packets that match the rule. V(reject) does not mirror them.
        type: str
        choices: [accept, reject]
        required: true
      protocol:
        description:
          - The protocol, as a name such as V(tcp), V(udp), V(icmp), V(icmpv6), V(gre) or V(esp), or as an IANA protocol
            number, 1 to 255.
          - V(all), V(-1) and V(0) mean any protocol. Results have V(all).
        type: str
        default: all
      source_cidr:
        description:
          - The source CIDR block, IPv4 such as V(10.0.0.0/8) or IPv6 such as V(2001:db8::/32). V(0.0.0.0/0) is any IPv4
            address, V(::/0) any IPv6 address.
          - The host bits must be zero. O(rules[].destination_cidr) must be of the same address family.
        type: str
        required: true
      destination_cidr:
        description:
          - The destination CIDR block, in the same format as O(rules[].source_cidr).
        type: str
        required: true
      source_port:
        description:
          - The source port, such as V(443), or a range of ports, such as V(8000-8100). Ports are 0 to 65535.
          - An empty string means any port. Ports are allowed only if O(rules[].protocol) is V(tcp) or V(udp).
        type: str
        default: ''
      destination_port:
        description:
          - The destination port or range of ports, in the same format as O(rules[].source_port).
        type: str
        default: ''
      description:
        description:
          - The description of the rule. An empty string means no description.
        type: str
        default: ''
      tags:
        description:
          - The tags of the rule. If omitted, an existing rule keeps its tags.
          - O(purge_tags) applies to the tags of rules as well. O(default_tags) are also set on the rules in this list.
        type: dict
      traffic_mirror_filter_rule_id:
        description:
          - The id of the rule, as the info module returns it. The module ignores it and finds the rule by direction and
            number.
        type: str
  purge_rules:
    description:
      - Whether to delete rules of the filter that are not in O(rules).
      - The option has no effect if O(rules) is omitted.
    type: bool
    default: true
  allow_replacement:
    description:
      - Whether the module may replace the filter to change its O(description). If V(false), the task fails instead.
      - The module creates a filter with all rules, network services and tags of the old filter. It modifies all
        sessions of this account that use the old filter to use the new one. The sessions keep their ids. Then the
        module deletes the old filter.
      - O(name) is required, because the next run finds the new filter by its name.
      - During the replacement, the new filter has the tag C(vtap:replaces). The next run uses this tag to resume an
        interrupted replacement.
    type: bool
    default: false
extends_documentation_fragment:
  - vtap.aws.common
  - vtap.aws.lifecycle
  - vtap.aws.in_use
  - amazon.aws.common.modules
  - amazon.aws.region.modules
seealso:
  - module: vtap.aws.ec2_traffic_mirror_filter_info
  - module: vtap.aws.ec2_traffic_mirror_session
  - module: vtap.aws.ec2_traffic_mirror_target
  - name: Traffic mirror filters
    description: Filters and rules in the VPC Traffic Mirroring guide.
    link: https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-filters.html
"""

EXAMPLES = r"""
- name: Mirror DNS and inbound HTTPS with its replies
  vtap.aws.ec2_traffic_mirror_filter:
    region: eu-west-1
    name: dns and web
    description: DNS and web
    network_services: [amazon-dns]
    rules:
      - direction: ingress
        rule_number: 100
        action: accept
        protocol: tcp
        source_cidr: 0.0.0.0/0
        destination_cidr: 0.0.0.0/0
        destination_port: "443"
        description: requests
        tags:
          Ticket: NET-17
      - direction: egress
        rule_number: 100
        action: accept
        protocol: tcp
        source_cidr: 0.0.0.0/0
        destination_cidr: 0.0.0.0/0
        source_port: "443"
        description: replies
    tags:
      Team: netsec

- name: Reject traffic to the backup server and keep the other rules
  vtap.aws.ec2_traffic_mirror_filter:
    region: eu-west-1
    name: dns and web
    purge_rules: false
    rules:
      - direction: egress
        rule_number: 50
        action: reject
        source_cidr: 0.0.0.0/0
        destination_cidr: 10.71.1.20/32
        description: backups

- name: Renumber the rule for the backup server to 10 (rules that are not listed are deleted)
  vtap.aws.ec2_traffic_mirror_filter:
    region: eu-west-1
    name: dns and web
    rules:
      - direction: ingress
        rule_number: 100
        action: accept
        protocol: tcp
        source_cidr: 0.0.0.0/0
        destination_cidr: 0.0.0.0/0
        destination_port: "443"
        description: requests
      - direction: egress
        rule_number: 10
        action: reject
        source_cidr: 0.0.0.0/0
        destination_cidr: 10.71.1.20/32
        description: backups
      - direction: egress
        rule_number: 100
        action: accept
        protocol: tcp
        source_cidr: 0.0.0.0/0
        destination_cidr: 0.0.0.0/0
        source_port: "443"
        description: replies

- name: Change the description by replacing the filter, and switch its sessions to the new filter
  vtap.aws.ec2_traffic_mirror_filter:
    region: eu-west-1
    name: dns and web
    description: DNS and web without backups
    allow_replacement: true

- name: Delete the filter
  vtap.aws.ec2_traffic_mirror_filter:
    region: eu-west-1
    name: dns and web
    state: absent
"""

RETURN = r"""
traffic_mirror_filter:
  description:
    - The filter. Empty if it does not exist.
    - In check mode, the ids of a new filter and of new rules are placeholders.
    - It has no owner and no ARN, because EC2 does not return the owner of a filter. EC2 returns only filters of the
      calling account.
  returned: success
  type: dict
  contains:
    description:
      description: The description. An empty string if it has none.
      returned: when the filter exists
      type: str
      sample: DNS and web
    network_services:
      description: The network services whose traffic is mirrored.
      returned: when the filter exists
      type: list
      elements: str
      sample: [amazon-dns]
    rules:
      description: The rules, V(ingress) before V(egress), each direction sorted by rule number.
      returned: when the filter exists
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
          returned: always, except for new rules in check mode
          type: str
          sample: tmfr-0a1b2c3d4e5f60718
    tags:
      description: The tags of the filter.
      returned: when the filter exists
      type: dict
      sample: {'Name': 'dns and web', 'Team': 'netsec'}
    traffic_mirror_filter_id:
      description: The id of the filter.
      returned: when the filter exists
      type: str
      sample: tmf-0a1b2c3d4e5f60718
actions:
  description: The EC2 calls that changed something, in order. In check mode, the calls that the real run would make.
  returned: success
  type: list
  elements: dict
  contains:
    operation:
      description: The EC2 API action.
      type: str
      returned: always
      sample: ModifyTrafficMirrorFilterRule
    resource:
      description: The resource that the call changes.
      type: str
      returned: always
      sample: rule tmfr-0a1b2c3d4e5f60718 (direction ingress, rule_number 100)
    reason:
      description: The reason for the call.
      type: str
      returned: always
      sample: "destination_port: '443' -> '8443'"
error:
  description: The EC2 call that failed and the error that EC2 returned.
  returned: when an EC2 call failed
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
      sample: CreateTrafficMirrorFilterRule
"""

from ..module_utils._model.resource_types import FILTER
from ..module_utils._resources import filter as filter_resource
from ..module_utils._runtime.module import resource_module, run


def main():
    module = resource_module(FILTER, extra_options=filter_resource.OPTIONS)
    run(module, FILTER, filter_resource.check, filter_resource.create_planner(module.params))


if __name__ == "__main__":
    main()
