#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_filter
version_added: 0.1.0
short_description: Create, change and remove VPC Traffic Mirroring filters
description:
  - A traffic mirror filter says which packets of a source network interface are copied. Sessions use it, and one filter
    can serve many sessions.
  - A filter has rules and network services. Without either it copies nothing, and rules for one direction copy
    packets of that direction only.
  - The module creates the filter that the task describes, with its rules, network services and tags, changes it where
    it differs, or leaves it alone. It makes one call to EC2 if there is nothing to do. To create a filter it makes that
    call, one for the filter, one to see whether it is the only one of its name, one for each rule and one for the
    network services.
  - In check mode it changes nothing and returns what the real run would, except for values that only EC2 can know
    in advance, which are the ids of new filters and rules.
notes:
  - The filter is found by O(traffic_mirror_filter_id), or else by O(name); one of the two is needed. If several filters
    have the name, the task fails and lists them. If none has it, the filter is created.
  - EC2 lets any number of filters have one name. If two tasks create a filter of the same name at the same moment, one
    of them removes its own again and goes on with the other's.
  - The calls are made in such an order that packets that are copied before and after the change stay copied in between
    wherever that is possible.
  - If a task fails half-way, it says what was done and which filter is new, and the next run finishes it. Nothing is
    taken back, for somebody else may go on with it by then.
author:
  - The vtap.aws contributors (@vtap)
options:
  state:
    description:
      - V(present) creates or changes the filter, V(absent) removes it with its rules.
      - A filter that sessions use is not removed; the task fails and names the sessions.
    type: str
    choices: [present, absent]
    default: present
  traffic_mirror_filter_id:
    description:
      - The id of an existing filter, V(tmf-) and 8 or 17 hexadecimal digits. EC2 chooses the ids of new ones.
    type: str
    aliases: [id]
  name:
    description:
      - The Name tag of the filter, 1 to 256 characters. Needed to create one.
      - It identifies the filter if O(traffic_mirror_filter_id) is not given, and renames it if that is given too.
    type: str
  description:
    description:
      - A description; an empty string is none.
      - EC2 cannot change the description of a filter; see O(allow_replacement).
    type: str
  network_services:
    description:
      - The services of the VPC whose packets are copied, in both directions. V(amazon-dns) is the DNS server that AWS
        provides.
      - An empty list removes them. If it is left out, a filter keeps the ones that it has.
    type: list
    elements: str
    choices: [amazon-dns]
  rules:
    description:
      - The rules of the filter, at most ten over both directions. EC2 goes through the rules of a direction from the
        lowest number to the highest, and the first one that fits a packet decides. A packet that none fits is not
        copied.
      - A direction and a number identify a rule. What is given here is the whole rule; except for its tags, what it
        leaves out is reset.
      - Rules are compared field by field, and one that differs is changed in place. One that only got another number is
        renumbered in place. Both keep their ids.
      - If it is left out, a filter keeps the rules that it has. An empty list removes them, unless
        O(purge_rules=false).
    type: list
    elements: dict
    suboptions:
      direction:
        description:
          - The direction of the packets as the source interface sees it, V(ingress) for those that it receives and
            V(egress) for those that it sends.
        type: str
        choices: [ingress, egress]
        required: true
      rule_number:
        description:
          - The place of the rule among those of its direction, 1 to 32766. No two rules of a direction can have the
            same number.
        type: int
        required: true
      action:
        description:
          - V(accept) copies the packets that fit the rule, V(reject) does not.
        type: str
        choices: [accept, reject]
        required: true
      protocol:
        description:
          - The protocol of the packets, a name such as V(tcp), V(udp), V(icmp), V(icmpv6), V(gre) or V(esp), or one of
            IANA's numbers, 1 to 255.
          - V(all) or V(-1) is any protocol.
        type: str
        default: all
      source_cidr:
        description:
          - The network that the packets come from, IPv4 such as V(10.0.0.0/8) or IPv6 such as V(2001:db8::/32).
            V(0.0.0.0/0) is any IPv4 address, V(::/0) any IPv6 address.
          - No bits may be set beyond the prefix, and O(rules[].destination_cidr) must be of the same family.
        type: str
        required: true
      destination_cidr:
        description:
          - The network that the packets go to, in the form of O(rules[].source_cidr).
        type: str
        required: true
      source_port:
        description:
          - The port that the packets come from, V(443), or a range, V(8000-8100). Ports are 0 to 65535.
          - An empty string is any port. Ports can only be given if O(rules[].protocol) is V(tcp) or V(udp).
        type: str
        default: ''
      destination_port:
        description:
          - The port that the packets go to, in the form of O(rules[].source_port).
        type: str
        default: ''
      description:
        description:
          - A description of the rule; an empty string is none.
        type: str
        default: ''
      tags:
        description:
          - The tags of the rule. If it is left out, an existing rule keeps its tags.
          - O(purge_tags) holds for them as it does for the tags of the filter. O(default_tags) are set on the rules
            listed here too.
          - If EC2 shows the filter without the tags of its rules, the module makes one more call to learn them.
        type: dict
      traffic_mirror_filter_rule_id:
        description:
          - The id of the rule, as an info module returns it. It is not used to find the rule.
        type: str
  purge_rules:
    description:
      - Whether rules of the filter that O(rules) does not list are removed.
      - It has no effect if O(rules) is left out.
    type: bool
    default: true
  allow_replacement:
    description:
      - Whether a filter may be replaced by a new one to get another O(description). Otherwise the task fails.
      - A new filter is made with all rules, network services and tags. All sessions of the account that use the old one
        are moved to it, and keep their ids. Then the old one is removed.
      - O(name) is needed, for it is how the next run finds the new filter.
      - While this is under way the new filter has the tag C(vtap:replaces). By it the next run finishes what an
        interrupted one began.
    type: bool
    default: false
extends_documentation_fragment:
  - vtap.aws.defaults
  - vtap.aws.resource
  - vtap.aws.used
  - amazon.aws.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - module: vtap.aws.ec2_traffic_mirror_filter_info
  - module: vtap.aws.ec2_traffic_mirror_session
  - module: vtap.aws.ec2_traffic_mirror_target
  - name: Traffic mirror filters
    description: What filters and their rules are, in the VPC Traffic Mirroring guide.
    link: https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-filters.html
"""

EXAMPLES = r"""
- name: Copy DNS, and HTTPS to the server and back
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

- name: Do not copy what the server sends to the backup server, and keep the other rules
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

- name: Give the rule for the backup server number 10; the list is complete, as others would be removed
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

- name: Change the description, which takes a new filter; sessions of the old one are moved to it
  vtap.aws.ec2_traffic_mirror_filter:
    region: eu-west-1
    name: dns and web
    description: DNS and web without backups
    allow_replacement: true

- name: Remove the filter
  vtap.aws.ec2_traffic_mirror_filter:
    region: eu-west-1
    name: dns and web
    state: absent
"""

RETURN = r"""
traffic_mirror_filter:
  description:
    - The filter; empty when it does not exist.
    - In check mode the ids that only EC2 can know in advance are left out.
    - It has neither owner nor ARN, since EC2 does not say who owns a filter. It shows an account only its own.
  returned: success
  type: dict
  contains:
    description:
      description: The description; an empty string if it has none.
      returned: when the filter exists
      type: str
      sample: DNS and web
    network_services:
      description: The network services whose packets are copied.
      returned: when the filter exists
      type: list
      elements: str
      sample: [amazon-dns]
    rules:
      description: The rules, first those for ingress, then those for egress, each by number.
      returned: when the filter exists
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
          returned: always, except for new rules in check mode
          type: str
          sample: tmfr-0a1b2c3d4e5f60718
    tags:
      description: The tags.
      returned: when the filter exists
      type: dict
      sample: {'Name': 'dns and web', 'Team': 'netsec'}
    traffic_mirror_filter_id:
      description: The id of the filter.
      returned: when the filter exists
      type: str
      sample: tmf-0a1b2c3d4e5f60718
actions:
  description: The calls that changed something, or in check mode would, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    operation:
      description: The EC2 action.
      type: str
      returned: always
      sample: ModifyTrafficMirrorFilterRule
    resource:
      description: What it works on.
      type: str
      returned: always
      sample: rule tmfr-0a1b2c3d4e5f60718 (direction ingress, rule_number 100)
    reason:
      description: Why it is needed.
      type: str
      returned: always
      sample: "destination_port: '443' -> '8443'"
error:
  description: What EC2 said.
  returned: when EC2 refused a call
  type: dict
  contains:
    code:
      description: EC2's error code; an empty string if there was no reply.
      type: str
      returned: always
      sample: UnauthorizedOperation
    message:
      description: EC2's words.
      type: str
      returned: always
      sample: You are not authorized to perform this operation.
    operation:
      description: The EC2 action.
      type: str
      returned: always
      sample: CreateTrafficMirrorFilterRule
"""

from ..module_utils._model.resource_types import FILTER
from ..module_utils._resources import filter as filter_resource
from ..module_utils._runtime.module import resource_module, run


def main():
    module = resource_module(FILTER, more=filter_resource.OPTIONS)
    run(module, FILTER, filter_resource.check, filter_resource.make_plan(module.params))


if __name__ == "__main__":
    main()
