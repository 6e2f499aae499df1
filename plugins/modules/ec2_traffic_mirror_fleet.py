#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_fleet
version_added: 0.1.0
short_description: Keep the VPC Traffic Mirroring sessions of many interfaces in line with tags
description:
  - One task says which network interfaces are mirrored, to which targets and through which filter. The module makes
    the sessions that are missing, changes those that differ, and removes those whose interface left the selection.
  - It first makes a plan with an action and a reason for each interface. Check mode returns this plan and changes
    nothing.
  - Every session it makes has the tag C(vtap:fleet) with the name of the fleet. Only sessions of this account with this
    tag are ever changed or removed, apart from O(adopt).
  - Everything is read in whole pages, so the number of calls does not grow with each interface.
notes:
  - An interface keeps its target and session number from run to run. A target that is added gets only new sessions.
  - Sessions are removed last. If EC2 refuses some calls, the rest goes on, the task fails at the end and lists them in
    RV(failed_interfaces), and running it again finishes the work.
author:
  - The vtap.aws contributors (@vtap)
options:
  state:
    description:
      - V(present) keeps the fleet in line, V(absent) removes all its sessions.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the fleet, 1 to 256 characters. Fleets of one account and region must have different names.
    type: str
    required: true
  sources:
    description:
      - Which interfaces are mirrored. An interface is selected if it fits any entry, and it fits an entry if it fits
        all that the entry gives. Needed unless O(state=absent).
    type: list
    elements: dict
    suboptions: &selector
      network_interface_ids:
        description: Ids of interfaces.
        type: list
        elements: str
      instance_ids:
        description: Ids of instances; all their interfaces fit.
        type: list
        elements: str
      vpc_ids:
        description: Ids of VPCs.
        type: list
        elements: str
      subnet_ids:
        description: Ids of subnets.
        type: list
        elements: str
      availability_zones:
        description: Names of availability zones, such as V(eu-west-1a).
        type: list
        elements: str
      instance_types:
        description: Instance types, with V(*) and V(?), such as V(m5.*).
        type: list
        elements: str
      tags:
        description:
          - Keys, each with a value, a list of values of which one must be there, or V(*) for any value.
          - Values are text. V(yes), V(no), V(on) and V(off) must be quoted, or YAML makes V(true) and V(false) of them,
            which are refused.
        type: dict
      tag_source:
        description:
          - Whose tags count. With V(any) an interface has the tags of its instance as well. Where both have a key,
            O(sources) go by the interface's own value, and O(exclude) leaves out what has the value on either.
        type: str
        choices: [any, interface, instance]
        default: any
      interfaces:
        description: Whether all interfaces of an instance fit or only the primary one.
        type: str
        choices: [all, primary]
        default: all
      instance_states:
        description:
          - States of the instance. Entries of O(sources) that give none take V(running) ones, those of O(exclude) all.
        type: list
        elements: str
        choices: [pending, running, shutting-down, stopping, stopped, terminated]
  exclude:
    description:
      - Which of the selected interfaces are left out after all, in the words of O(sources). Exclude the sensors where
        O(sources) may mean them too; or those behind a load balancer or an endpoint get copies of their copies.
    type: list
    elements: dict
    suboptions: *selector
  targets:
    description:
      - Where the copies go. A new session goes to a target in the zone of its interface that has room, or else in
        another zone, of several to the least loaded. Needed unless O(state=absent).
    type: list
    elements: dict
    suboptions:
      traffic_mirror_target_id:
        description: The id of the target. Give one of this and O(targets[].traffic_mirror_target_name).
        type: str
      traffic_mirror_target_name:
        description: The Name tag of the target.
        type: str
      capacity:
        description:
          - How many sessions it takes, 1 or more. By default 10 if it is a network interface, which is EC2's limit for
            most instance types, and no limit otherwise.
        type: int
      availability_zones:
        description:
          - The zones it is in. By default that of the interface if it is a network interface, and none otherwise.
        type: list
        elements: str
  traffic_mirror_filter_id:
    description:
      - The filter of all sessions. One of this and O(traffic_mirror_filter_name) is needed unless O(state=absent).
    type: str
  traffic_mirror_filter_name:
    description:
      - The Name tag of the filter, which exactly one must have.
      - In check mode filters and targets that do not exist are taken for ones that an earlier task would create. The
        task warns of it, and RV(pending) has their names.
    type: str
  session_numbers:
    description:
      - The session numbers that the fleet uses, a number or two with a hyphen, within V(1-32766). A session gets the
        lowest that is free on its interface.
    type: str
    default: 1-32766
  packet_length:
    description:
      - How many bytes of each packet are copied, 1 to 65535, with a Network Load Balancer as the target 1 to 8500. V(0)
        copies whole packets. If it is left out, sessions keep theirs.
    type: int
  virtual_network_id:
    description:
      - The VXLAN network identifier of all sessions, 0 to 16777215. If it is left out, EC2 chooses one for each, by
        which a sensor can tell the interfaces apart; see RV(vni_map).
    type: int
  description:
    description:
      - The description of all sessions. An empty string removes it.
    type: str
  adopt:
    description:
      - Whether a session of this account without the mark of any fleet is taken over if it has a selected interface,
        the filter and one of the targets.
    type: bool
    default: false
  purge:
    description:
      - Whether sessions of the fleet are removed whose interface is not selected any more or cannot be mirrored.
    type: bool
    default: true
  on_ineligible:
    description:
      - Whether selected interfaces that EC2 cannot mirror are skipped, or make the task fail before it changes
        anything.
    type: str
    choices: [skip, fail]
    default: skip
  supported_instance_types:
    description:
      - The instance types that EC2 mirrors, with V(*) and V(?), in place of the collection's own list, which follows
        the VPC Traffic Mirroring guide. Bare metal is never among them. It decides only about new sessions. An empty
        list is as good as none.
    type: list
    elements: str
  max_creates:
    description:
      - The most sessions that may be created, a number from 0 to 999999999 or a percentage, 0% to 100%, of the
        selected interfaces, rounded down. Above it the task fails before it changes anything.
    type: str
  max_updates:
    description:
      - The most sessions that may be changed, a number or a percentage of the sessions that the fleet has, rounded
        down.
    type: str
  max_deletes:
    description:
      - The most sessions that may be removed, a number or a percentage of the sessions that the fleet has, rounded
        down.
    type: str
  workers:
    description:
      - How many sessions are worked on at once, 1 to 50. The default is enough for O(api_rate=5.0) unless EC2
        takes more than two seconds for each call.
    type: int
    default: 10
  api_rate:
    description:
      - The rate at which EC2 allows each action that changes something, in calls per second, 0.01 to 100000. The
        default is what EC2 publishes. Raise it if AWS raised it for the account, lower it to leave room for others. If
        EC2 refuses calls all the same, the module slows down by itself.
    type: float
    default: 5.0
  api_burst:
    description:
      - How many such calls EC2 allows at once before O(api_rate) counts, 1 to 100000.
    type: int
    default: 50
  verify_permissions:
    description:
      - Ask EC2 by its C(DryRun) parameter, once for each action of the plan, before the first change, in check mode or
        not. The task fails if any would be refused.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run in C(check_mode) and predicts the result without changing anything.
    support: full
  diff_mode:
    description: Returns a table of what was changed, or would be, in C(diff).
    support: full
  idempotent:
    description: When run twice in a row with the same arguments, the second run changes nothing.
    support: full
extends_documentation_fragment:
  - vtap.aws.defaults
  - amazon.aws.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - module: vtap.aws.ec2_traffic_mirror_session
  - module: vtap.aws.ec2_traffic_mirror_filter
  - module: vtap.aws.ec2_traffic_mirror_target
"""

EXAMPLES = r"""
- name: Mirror every instance of two types in a zone
  vtap.aws.ec2_traffic_mirror_fleet:
    region: eu-west-1
    name: ids-prod
    sources:
      - instance_types: [m5.*, c5.*]
        availability_zones: [eu-west-1a]
    exclude:
      - tags:
          Mirror: "no"
    targets:
      - traffic_mirror_target_name: lab-target
    traffic_mirror_filter_name: lab-filter
    session_numbers: 1-3
    max_deletes: 10%

- name: Stop mirroring them
  vtap.aws.ec2_traffic_mirror_fleet:
    region: eu-west-1
    name: ids-prod
    state: absent
"""

RETURN = r"""
plan:
  description: What was to be done, by interface. The same in check mode and in the real run, unless EC2 refused.
  returned: when the plan was made
  type: list
  elements: dict
  contains:
    network_interface_id:
      description: The interface.
      type: str
      returned: always
      sample: eni-0a1b2c3d4e5f60718
    action:
      description: V(create), V(change), V(leave), V(delete) or V(skip).
      type: str
      returned: always
      sample: create
    reason:
      description: Why.
      type: str
      returned: always
      sample: new match
    instance_id:
      description: Its instance.
      type: str
      returned: when the interface shows and is attached to one
      sample: i-0a1b2c3d4e5f60718
    traffic_mirror_session_id:
      description: The session.
      type: str
      returned: when it existed before
      sample: tms-0a1b2c3d4e5f60718
    session_number:
      description: The number that the session has or will have.
      type: int
      returned: when there is or will be a session
      sample: 1
    traffic_mirror_target_id:
      description: The target that the session has or will have.
      type: str
      returned: when there is or will be a session, on a target that exists
      sample: tmt-0a1b2c3d4e5f60718
    other_session_ids:
      description: The sessions of the interface that are not the fleet's. They are never touched.
      type: list
      elements: str
      returned: when there are any
      sample: [tms-0a1b2c3d4e5f60719]
    changes:
      description: What changes of the session, each with the value before and after.
      type: dict
      returned: when action is V(change)
      sample: {'packet_length': [0, 128]}
summary:
  description: How many interfaces have each action in RV(plan).
  returned: when the plan was made
  type: dict
  sample: {'created': 2, 'updated': 0, 'unchanged': 10, 'deleted': 1, 'skipped': 3}
pending:
  description: The names of the filter, and of targets, that do not exist yet.
  returned: in check mode, when an earlier task would first have to create some
  type: dict
  sample: {'traffic_mirror_filter_id': 'dns', 'targets': ['sensors']}
coverage:
  description: What of the selection is mirrored after the task.
  returned: when the plan was carried out, or in check mode
  type: dict
  contains:
    selected:
      description: How many interfaces O(sources) select, those that are excluded or cannot be mirrored among them.
      type: int
      returned: always
      sample: 15
    eligible:
      description: How many of them can be mirrored.
      type: int
      returned: always
      sample: 13
    mirrored:
      description: How many have a session of the fleet.
      type: int
      returned: always
      sample: 12
    unmirrored:
      description: Those that could be mirrored and are not, for want of room or a session number, or because it failed.
      type: list
      elements: str
      returned: always
      sample: [eni-0a1b2c3d4e5f60721]
vni_map:
  description: For the sensor, which interface each VXLAN network identifier stands for.
  returned: when the plan was carried out, or in check mode for sessions that exist
  type: list
  elements: dict
  contains:
    virtual_network_id:
      description: The VXLAN network identifier.
      type: int
      returned: always
      sample: 7159709
    network_interface_id:
      description: The interface whose packets carry it.
      type: str
      returned: always
      sample: eni-0a1b2c3d4e5f60718
    instance_id:
      description: Its instance.
      type: str
      returned: always
      sample: i-0a1b2c3d4e5f60718
    traffic_mirror_target_id:
      description: The target that gets them.
      type: str
      returned: always
      sample: tmt-0a1b2c3d4e5f60718
failed_interfaces:
  description: What EC2 did not let pass.
  returned: when the plan was carried out, or in check mode, where it is empty
  type: list
  elements: dict
  contains:
    network_interface_id:
      description: The interface.
      type: str
      returned: always
      sample: eni-0a1b2c3d4e5f60718
    action:
      description: What was to be done.
      type: str
      returned: always
      sample: create
    code:
      description: EC2's error code; an empty string if it was not EC2 that refused, or there was no reply.
      type: str
      returned: always
      sample: TrafficMirrorSourcesPerTargetLimitExceeded
    reason:
      description: What happened and what to do.
      type: str
      returned: always
      sample: "CreateTrafficMirrorSession was refused: TrafficMirrorSourcesPerTargetLimitExceeded"
error:
  description: What EC2 said to a call that describes.
  returned: when EC2 refused one
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
      sample: DescribeInstances
"""

from ..module_utils._fleet.module import fleet_module, run_fleet


def main():
    run_fleet(fleet_module())


if __name__ == "__main__":
    main()
