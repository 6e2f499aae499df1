#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_stack
version_added: 0.1.0
short_description: Manage filters, targets and sessions of VPC Traffic Mirroring as one document
description:
  - Manages the filters, targets and sessions that belong together as a stack. The task lists all of them. No state file
    is required.
  - The module creates a plan over all resources, with an action and a reason for each. In check mode it returns the
    plan and changes nothing. Otherwise it carries out the plan in dependency order, with parallel calls.
  - Every filter, target and session of a stack has the tag C(vtap:stack) with the name of the stack. The module changes
    and deletes only resources with this tag, except for resources that O(adopt) or O(adopt_stacks) add to the stack.
  - Resources of the stack that the task no longer lists are deleted. See O(purge).
notes:
  - An entry is identified by its name or its id. A name identifies one resource of its type in the account and region,
    as for the modules of the single resources.
  - Filters and targets are created and changed first, then sessions. Resources that are no longer listed are deleted
    last, sessions before filters and targets. Only if a session needs the interface or the session number of a session
    that is no longer listed, that session is deleted first.
  - A session that gets the session number of another session of the stack is changed after the other session. Sessions
    cannot exchange their numbers in one run, and targets cannot exchange their destinations. Such a task fails before
    the first change.
  - A task that cannot be carried out as a whole, as far as Describe calls show, fails before the first change.
  - If a call fails for one resource, the module continues with the resources that do not depend on that resource. The
    task then fails and lists the failed resources in RV(failed_resources). Completed calls are not rolled back. Rerun
    the task to finish.
  - A replacement switches all sessions of the account that use the replaced filter or target, including sessions
    outside the stack.
  - EC2 does not enforce unique names. Two runs at the same time can create two filters of one name. Because both belong
    to the stack, the next run keeps one, switches the sessions of the stack to it, and deletes the other.
author:
  - The vtap.aws contributors (@vtap)
options:
  state:
    description:
      - V(present) creates, updates and deletes resources as needed. V(absent) deletes all resources of the stack and
        ignores the lists.
      - A filter or target that sessions outside the stack use is not deleted. The task then fails before the first
        change and lists these sessions. The same applies to resources that O(purge) deletes.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the stack, 1 to 256 characters. Each stack in an account and region must have a different name.
    type: str
    required: true
  filters:
    description:
      - The filters of the stack. If omitted, its filters are left unchanged. An empty list means that it has none.
      - Each entry requires O(filters[].name) or O(filters[].traffic_mirror_filter_id). The options are those of
        M(vtap.aws.ec2_traffic_mirror_filter).
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The Name tag of the filter, 1 to 256 characters. Required to create a filter.
        type: str
      traffic_mirror_filter_id:
        description:
          - The id of an existing filter.
        type: str
        aliases: [id]
      description:
        description:
          - The description of the filter. An empty string means no description. A change requires O(allow_replacement).
        type: str
      network_services:
        description:
          - The AWS network services whose traffic is mirrored. If omitted, an existing filter keeps its network
            services.
        type: list
        elements: str
        choices: [amazon-dns]
      rules:
        description:
          - The rules of the filter. See O(vtap.aws.ec2_traffic_mirror_filter#module:rules).
          - If omitted, an existing filter keeps its rules. An empty list deletes all rules, unless
            O(filters[].purge_rules=false).
        type: list
        elements: dict
        suboptions:
          direction:
            description: The direction of the traffic at the source interface.
            type: str
            choices: [ingress, egress]
            required: true
          rule_number:
            description: The position in the evaluation order of its direction, 1 to 2147483647.
            type: int
            required: true
          action:
            description: Whether packets that match the rule are mirrored.
            type: str
            choices: [accept, reject]
            required: true
          protocol:
            description: The protocol, as a name such as V(tcp) or as an IANA number, 1 to 255. V(all) is any protocol.
            type: str
            default: all
          source_cidr:
            description: The source CIDR block, IPv4 or IPv6.
            type: str
            required: true
          destination_cidr:
            description: The destination CIDR block, of the same address family.
            type: str
            required: true
          source_port:
            description: The source port or range of ports, such as V(8000-8100). An empty string means any port.
            type: str
            default: ''
          destination_port:
            description: The destination port or range of ports. An empty string means any port.
            type: str
            default: ''
          description:
            description: The description of the rule.
            type: str
            default: ''
          tags:
            description: The tags of the rule. If omitted, an existing rule keeps its tags.
            type: dict
          traffic_mirror_filter_rule_id:
            description: The id of the rule, as info modules return it. It is ignored.
            type: str
      purge_rules:
        description:
          - Whether to delete rules of the filter that are not in O(filters[].rules).
        type: bool
        default: true
      tags:
        description:
          - The tags of the filter. If omitted, an existing filter keeps its tags.
        type: dict
        aliases: [resource_tags]
  targets:
    description:
      - The targets of the stack. If omitted, its targets are left unchanged. An empty list means that it has none.
      - Each entry requires O(targets[].name) or O(targets[].traffic_mirror_target_id). The options are those of
        M(vtap.aws.ec2_traffic_mirror_target).
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The Name tag of the target, 1 to 256 characters.
        type: str
      traffic_mirror_target_id:
        description:
          - The id of an existing target.
        type: str
        aliases: [id]
      network_interface_id:
        description:
          - The destination network interface. It must not be the source of a session.
          - O(targets[].network_interface_id), O(targets[].network_load_balancer_arn) and
            O(targets[].gateway_load_balancer_endpoint_id) are mutually exclusive. One is required to create a target.
            A change requires O(allow_replacement).
        type: str
      network_load_balancer_arn:
        description:
          - The ARN of the destination Network Load Balancer.
        type: str
      gateway_load_balancer_endpoint_id:
        description:
          - The id of the destination Gateway Load Balancer endpoint.
        type: str
      description:
        description:
          - The description of the target. EC2 cannot change it.
        type: str
      type:
        description:
          - The type of the target, as info modules return it. It cannot be set.
        type: str
      owner_id:
        description:
          - The account that owns the target, as info modules return it. It cannot be set.
        type: str
      arn:
        description:
          - The ARN of the target, as info modules return it. It cannot be set.
        type: str
      tags:
        description:
          - The tags of the target. If omitted, an existing target keeps its tags.
        type: dict
        aliases: [resource_tags]
  sessions:
    description:
      - The sessions of the stack. If omitted, its sessions are left unchanged. An empty list means that it has none.
      - Each entry requires O(sessions[].name) or O(sessions[].traffic_mirror_session_id). The options are those of
        M(vtap.aws.ec2_traffic_mirror_session).
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The Name tag of the session, 1 to 256 characters. Required to create a session.
        type: str
      traffic_mirror_session_id:
        description:
          - The id of an existing session.
        type: str
        aliases: [id]
      network_interface_id:
        description:
          - The source network interface. Required to create a session. A change requires O(allow_replacement).
        type: str
      session_number:
        description:
          - The evaluation order of the session on its interface, 1 to 32766, lowest first.
          - If omitted, a new session gets the lowest free number, and an existing session keeps its number.
        type: int
      traffic_mirror_filter_name:
        description:
          - The name of the filter. It is a filter in O(filters), otherwise another filter of the account and region.
          - Required to create a session, unless O(sessions[].traffic_mirror_filter_id) is set.
        type: str
      traffic_mirror_filter_id:
        description:
          - The id of the filter.
        type: str
      traffic_mirror_target_name:
        description:
          - The name of the target. It is a target in O(targets), otherwise another target of the account and region.
          - Required to create a session, unless O(sessions[].traffic_mirror_target_id) is set.
        type: str
      traffic_mirror_target_id:
        description:
          - The id of the target. It can be a target that another account shares.
        type: str
      packet_length:
        description:
          - The number of bytes of each packet to mirror, 1 to 65535, with a Network Load Balancer 1 to 8500. V(0)
            mirrors whole packets.
        type: int
      virtual_network_id:
        description:
          - The VXLAN network identifier (VNI) of the mirrored packets, 0 to 16777215. If omitted, EC2 assigns one.
        type: int
      description:
        description:
          - The description of the session. An empty string removes it.
        type: str
      expires_at:
        description:
          - The time at which the session expires, such as V(2026-11-26T16:00:00Z) or V(2026-11-26T17:00:00+01:00). The
            format is RFC 3339, with a time zone and without fractions of seconds. Quote the value in YAML.
          - If the time has passed, the entry describes an absent session. An existing session of the stack is deleted
            even if O(purge) is V(false). A missing session is not created. The deletion does not count towards
            O(max_deletes).
          - The time is that of the host that runs the module. It is stored in the tag C(vtap:expires).
          - An empty string removes the expiry. If this option is omitted, an existing session keeps the expiry, and
            the task does not evaluate it.
        type: str
      owner_id:
        description:
          - The account that owns the session, as info modules return it. It cannot be set.
        type: str
      arn:
        description:
          - The ARN of the session, as info modules return it. It cannot be set.
        type: str
      tags:
        description:
          - The tags of the session. If omitted, an existing session keeps its tags.
        type: dict
        aliases: [resource_tags]
  purge:
    description:
      - Whether to delete resources of the stack that the task does not list. Lists that the task omits are not purged.
    type: bool
    default: true
  max_deletes:
    description:
      - The maximum number of resources to delete, as a number from 0 to 999999999, as a percentage of the existing
        resources of the stack from 0% to 100%, rounded down, or as both, such as V(10 or 10%), of which the higher
        applies. Replaced resources, duplicates and expired sessions do not count.
      - If the plan exceeds it, the deletions are held back. All other changes are made. The task then fails and prints
        the plan. The same applies, whatever this option is, to a plan that deletes every resource of the stack and
        creates none.
      - The limit does not apply to O(state=absent).
    type: str
    default: 10 or 10%
  adopt:
    description:
      - Whether the stack may take over existing resources that an entry matches and that have no ownership mark.
      - An entry matches a resource by its id, its name, the interface and number of a session, or the destination of a
        target. Without O(adopt), the task fails if an entry matches a resource outside the stack.
      - Resources of a fleet, of another stack and of CloudFormation are never taken over. See O(adopt_stacks).
    type: bool
    default: false
  adopt_stacks:
    description:
      - Names of stacks whose resources this stack takes over. Use it to rename a stack or to merge stacks.
      - Their resources that the task does not list are deleted. See O(purge).
    type: list
    elements: str
  allow_replacement:
    description:
      - Whether the module may replace resources to change what EC2 cannot change, the description of a filter, the
        destination of a target and the interface of a session. If V(false), the task fails before the first change.
      - The module creates the new resource, switches the sessions to it, and then deletes the old one. See
        O(vtap.aws.ec2_traffic_mirror_filter#module:allow_replacement),
        O(vtap.aws.ec2_traffic_mirror_target#module:allow_replacement) and
        O(vtap.aws.ec2_traffic_mirror_session#module:allow_replacement).
    type: bool
    default: false
  purge_tags:
    description:
      - Whether to remove tags of a resource that are not in the tags of its entry. It has an effect only on entries
        with tags.
      - The Name tag, tags of AWS, ownership marks, the expiry of sessions, and tags that O(ignore_tag_keys) or
        O(ignore_tag_key_prefixes) match are never removed.
    type: bool
    default: true
  wait:
    description:
      - Whether to wait after a change until EC2 returns the new state.
      - Set it if the same task may run again within seconds.
    type: bool
    default: false
  wait_timeout:
    description:
      - The maximum time to wait with O(wait=true), in seconds, 1 to 86400.
    type: int
    default: 120
extends_documentation_fragment:
  - vtap.aws.batch
  - vtap.aws.common
  - amazon.aws.common.modules
  - amazon.aws.region.modules
seealso:
  - module: vtap.aws.ec2_traffic_mirror_stack_info
  - module: vtap.aws.ec2_traffic_mirror_filter
  - module: vtap.aws.ec2_traffic_mirror_target
  - module: vtap.aws.ec2_traffic_mirror_session
  - module: vtap.aws.ec2_traffic_mirror_fleet
"""

EXAMPLES = r"""
- name: Mirror DNS and HTTPS of two web servers
  vtap.aws.ec2_traffic_mirror_stack:
    region: eu-west-1
    name: web-ids
    filters:
      - name: dns-and-tls
        network_services: [amazon-dns]
        rules:
          - direction: ingress
            rule_number: 100
            action: accept
            protocol: tcp
            destination_port: "443"
            source_cidr: 0.0.0.0/0
            destination_cidr: 0.0.0.0/0
    targets:
      - name: sensors
        network_load_balancer_arn: >-
          arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors-b/0a1b2c3d4e5f6072
    sessions:
      - name: web-1
        network_interface_id: eni-0a1b2c3d4e5f60718
        traffic_mirror_filter_name: dns-and-tls
        traffic_mirror_target_name: sensors
      - name: web-2
        network_interface_id: eni-0a1b2c3d4e5f60721
        traffic_mirror_filter_name: dns-and-tls
        traffic_mirror_target_name: sensors

- name: Mirror the second server to a target that another stack or team manages
  vtap.aws.ec2_traffic_mirror_stack:
    region: eu-west-1
    name: web-forensics
    sessions:
      - name: web-2-forensics
        network_interface_id: eni-0a1b2c3d4e5f60721
        traffic_mirror_filter_name: lab-filter
        traffic_mirror_target_name: lab-target
        packet_length: 128

- name: Delete the first stack
  vtap.aws.ec2_traffic_mirror_stack:
    region: eu-west-1
    name: web-ids
    state: absent
"""

RETURN = r"""
plan:
  description:
    - The planned action for each resource, in the order of execution, without unchanged resources unless
      O(include_unchanged=true).
    - Check mode and the real run return the same plan, unless EC2 rejects a call in the real run.
    - If the task fails, it has at most 20 entries. See RV(omitted).
  returned: when the plan was created
  type: list
  elements: dict
  contains:
    type:
      description: The type of the resource, V(filter), V(target) or V(session).
      type: str
      returned: always
      sample: session
    name:
      description: The name of the resource, its id if it has no name.
      type: str
      returned: always
      sample: web-1
    action:
      description: The planned action, V(create), V(update), V(unchanged), V(delete) or V(skip).
      type: str
      returned: always
      sample: create
    reason:
      description: The reason for the action.
      type: str
      returned: always
      sample: does not exist
    status:
      description:
        - V(held_back) if a safety limit prevents the deletion, V(failed) if a call failed, V(not_tried) if no call was
          sent because a resource that it depends on failed or all such calls fail.
      type: str
      returned: when the action was not carried out
      sample: held_back
    changes:
      description: The options that change, each with the old and the new value.
      type: dict
      returned: when action is V(update)
      sample: {'session_number': [1, 2]}
    traffic_mirror_filter_id:
      description: The id of a filter.
      type: str
      returned: when the filter existed before the task
      sample: tmf-0a1b2c3d4e5f60718
    traffic_mirror_target_id:
      description: The id of a target.
      type: str
      returned: when the target existed before the task
      sample: tmt-0a1b2c3d4e5f60718
    traffic_mirror_session_id:
      description: The id of a session.
      type: str
      returned: when the session existed before the task
      sample: tms-0a1b2c3d4e5f60718
summary:
  description:
    - The number of resources by what was done, in check mode by what would be done. Deletions that a safety limit holds
      back and resources whose calls failed or were not tried are counted separately.
  returned: when the plan was created
  type: dict
  sample: {'created': 4, 'updated': 0, 'unchanged': 0, 'deleted': 0, 'skipped': 0, 'held_back': 0, 'failed': 0}
estimated_duration:
  description:
    - The time in seconds that the changes of the plan take at O(api_rate) and O(api_burst), rounded up. V(0) if the
      burst limit is sufficient. The plan in C(diff) begins with it.
    - The time for reading the account, and delays if EC2 throttles calls, are not included.
  returned: when the plan was carried out, or in check mode
  type: int
  sample: 0
filters:
  description:
    - The filters of the stack after the task by name, without a name by id. For the keys of a filter, see
      RV(vtap.aws.ec2_traffic_mirror_filter#module:traffic_mirror_filter).
  returned: when the plan was carried out, or in check mode
  type: dict
  sample:
    dns-and-tls:
      traffic_mirror_filter_id: tmf-0a1b2c3d4e5f60719
      description: ''
      network_services: [amazon-dns]
      rules: []
      tags: {'Name': dns-and-tls, 'vtap:stack': web-ids}
targets:
  description:
    - The targets of the stack after the task by name, without a name by id. For the keys of a target, see
      RV(vtap.aws.ec2_traffic_mirror_target#module:traffic_mirror_target).
  returned: when the plan was carried out, or in check mode
  type: dict
  sample:
    sensors:
      traffic_mirror_target_id: tmt-0a1b2c3d4e5f60719
      network_load_balancer_arn: >-
        arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors-b/0a1b2c3d4e5f6072
      type: network-load-balancer
      description: ''
      tags: {'Name': sensors, 'vtap:stack': web-ids}
sessions:
  description:
    - The sessions of the stack after the task by name, without a name by id. For the keys of a session, see
      RV(vtap.aws.ec2_traffic_mirror_session#module:traffic_mirror_session).
  returned: when the plan was carried out, or in check mode
  type: dict
  sample:
    web-1:
      traffic_mirror_session_id: tms-0a1b2c3d4e5f60718
      network_interface_id: eni-0a1b2c3d4e5f60718
      session_number: 1
      traffic_mirror_filter_id: tmf-0a1b2c3d4e5f60719
      traffic_mirror_target_id: tmt-0a1b2c3d4e5f60719
      packet_length: 8500
      virtual_network_id: 7159709
      description: ''
      tags: {'Name': web-1, 'vtap:stack': web-ids}
pending:
  description:
    - The names of filters and targets outside the document that do not exist yet and are assumed to be created earlier
      in the play, by the option for their ids.
  returned: in check mode, when a filter or target does not exist yet
  type: dict
  sample: {'traffic_mirror_filter_id': [dns]}
failed_resources:
  description:
    - The resources for which the planned action failed. Empty in check mode. It has at most 20 entries, see
      RV(omitted).
  returned: when the plan was carried out, or in check mode
  type: list
  elements: dict
  contains:
    type:
      description: The type of the resource.
      type: str
      returned: always
      sample: session
    name:
      description: The name of the resource, its id if it has no name.
      type: str
      returned: always
      sample: web-1
    action:
      description: The planned action.
      type: str
      returned: always
      sample: create
    code:
      description: The EC2 error code. An empty string if EC2 sent no reply or the cause is not an EC2 error.
      type: str
      returned: always
      sample: NetworkInterfaceNotSupported
    reason:
      description: The failure, with the failed call and what was completed.
      type: str
      returned: always
      sample: NetworkInterfaceNotSupported from CreateTrafficMirrorSession in eu-west-1
    tried:
      description: Whether a call was sent for the resource.
      type: bool
      returned: always
      sample: true
omitted:
  description: The number of entries that the lists and dicts of a failed task omit, by name.
  returned: when the task fails and one of them has more than 20 entries
  type: dict
  sample: {'plan': 12}
error:
  description: The error of the EC2 API.
  returned: when the task fails before the first change, or while waiting, because of an EC2 error
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

from ..module_utils._stack.module import run_stack, stack_module


def main():
    run_stack(stack_module())


if __name__ == "__main__":
    main()
