#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_fleet
version_added: 0.1.0
short_description: Manage the VPC Traffic Mirroring sessions of many network interfaces
description:
  - Manages one traffic mirror session for each network interface that matches a selection, for example by tags.
  - These sessions form a fleet. Each run creates sessions for new matches, updates sessions that differ from the task,
    and deletes sessions whose interface no longer matches.
  - The module first creates a plan, with an action and a reason for each interface. In check mode it returns the plan
    and changes nothing.
  - Every session of a fleet has the tag C(vtap:fleet) with the name of the fleet. The module changes and deletes only
    sessions of this account with this tag, except for sessions that O(adopt) or O(adopt_fleets) add to the fleet.
  - A packet is mirrored once, by the session with the lowest number whose filter accepts it. By default, new sessions
    have higher numbers than all other sessions of the interface, so no other session loses packets.
notes:
  - Existing sessions keep their target and session number. A target that is added to O(targets) only gets new sessions,
    and sessions whose target is removed from the list or exceeds its capacity. A session is never deleted because there
    is no other target or session number for it. It stays as it is, with a warning.
  - Sessions are created and updated before any session is deleted. Sessions that need the capacity or the session
    number of a deleted session follow after the deletions.
  - If a call fails for one interface, the module continues with the other interfaces. The task then fails and lists the
    interfaces in RV(failed_interfaces). Rerun the task to finish.
author:
  - The vtap.aws contributors (@vtap)
options:
  state:
    description:
      - V(present) creates, updates and deletes sessions as needed. V(absent) deletes all sessions of the fleet.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the fleet, 1 to 256 characters. Each fleet in an account and region must have a different name.
    type: str
    required: true
  sources:
    description:
      - The network interfaces to mirror. An interface is selected if it matches at least one entry. It matches an entry
        if it matches all criteria of the entry.
      - Required with O(state=present).
    type: list
    elements: dict
    suboptions: &selector
      network_interface_ids:
        description: Ids of network interfaces.
        type: list
        elements: str
      instance_ids:
        description: Ids of instances. All interfaces of these instances match.
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
        description: Names of Availability Zones, such as V(eu-west-1a).
        type: list
        elements: str
      instance_types:
        description: Instance types, such as V(m5.large) or V(m5.*). The wildcards V(*) and V(?) are supported.
        type: list
        elements: str
      tags:
        description:
          - Tag keys with their values. The value of each key is a string, or a list of strings of which one must match.
            All keys must match.
          - The wildcards V(*) and V(?) are supported in values, so V(*) matches any value. A backslash escapes them.
          - Quote V(yes), V(no), V(on), V(off), V(1) and V(1.10), in values as well as in keys. YAML reads them as
            booleans and numbers, which the module rejects as values.
        type: dict
      tag_source:
        description:
          - The tags to compare, of the V(interface), of its V(instance), or V(any) for both.
          - If both have a key with different values, V(any) uses the value of the interface in O(sources), and matches
            either value in O(exclude).
        type: str
        choices: [any, interface, instance]
        default: any
      interfaces:
        description: Whether all interfaces of an instance match, or only the primary interface.
        type: str
        choices: [all, primary]
        default: all
      instance_states:
        description:
          - States of the instance. The default is V(running) in O(sources) and any state in O(exclude).
          - Sessions are created for instances in these states only. The sessions of instances that are pending,
            stopping or stopped are kept or deleted as O(on_stopped) says, unless the state is listed here.
        type: list
        elements: str
        choices: [pending, running, shutting-down, stopping, stopped, terminated]
  exclude:
    description:
      - Network interfaces to exclude from the selection, in the same format as O(sources).
      - Exclude the instances that receive mirrored traffic behind a load balancer or an endpoint if O(sources) match
        them. Otherwise mirrored traffic is mirrored again.
    type: list
    elements: dict
    suboptions: *selector
  targets:
    description:
      - The targets of the sessions. A new session uses the least-loaded target with free capacity in its Availability
        Zone, otherwise in another zone.
      - Required with O(state=present).
    type: list
    elements: dict
    suboptions:
      traffic_mirror_target_id:
        description:
          - The id of the target. Each entry requires either this option or O(targets[].traffic_mirror_target_name).
        type: str
      traffic_mirror_target_name:
        description:
          - The Name tag of the target. Exactly one target must have this name.
        type: str
      capacity:
        description:
          - The maximum number of sessions of the target, 1 or more.
          - The default is the EC2 quota if the target is a network interface, 10 or 100 sources depending on the type
            of its instance. Otherwise there is no limit.
        type: int
      availability_zones:
        description:
          - The Availability Zones of the target. The default is the zone of the interface if the target is a network
            interface. Otherwise the zones are unknown.
        type: list
        elements: str
  traffic_mirror_filter_id:
    description:
      - The id of the filter that all sessions use. O(state=present) requires this option or
        O(traffic_mirror_filter_name).
    type: str
  traffic_mirror_filter_name:
    description:
      - The Name tag of the filter that all sessions use. Exactly one filter must have this name.
      - In check mode, missing filters and targets that are given by name are assumed to be created earlier in the play.
        The task prints a warning and returns their names in RV(pending).
    type: str
  session_numbers:
    description:
      - The session numbers that the fleet may use, as a number or as a range V(LOWEST-HIGHEST) within V(1-32766). A new
        session gets the lowest free number of its interface. An existing session with a number outside the range gets a
        number of the range if one is free.
      - If omitted, a new session gets the next number above all other sessions of its interface. An existing session
        keeps its number, unless a new filter would take packets from another session. It then gets the next number
        above all others.
      - With this option, sessions of the fleet can take packets from sessions outside the fleet. The task then prints a
        warning.
      - A session that would get no packets, because sessions with lower numbers mirror the same packets, is not
        created.
    type: str
  packet_length:
    description:
      - The number of bytes of each packet to mirror, 1 to 65535. With a Network Load Balancer as the target, 1 to 8500.
      - The VPC Traffic Mirroring guide documents a minimum of 35 for IPv4 traffic and 55 for IPv6 traffic, the EC2 API
        Reference a minimum of 1. The module accepts 1 or more.
      - V(0) mirrors whole packets. If omitted, new sessions mirror whole packets, and existing sessions keep their
        packet length.
    type: int
  virtual_network_id:
    description:
      - The VXLAN network identifier (VNI) of all sessions, 0 to 16777215.
      - If this option and O(vni_range) are omitted, EC2 assigns a random VNI to each session, which no other session of
        the account has.
    type: int
  vni_range:
    description:
      - The VXLAN network identifiers (VNIs) that the fleet may use, as a range V(LOWEST-HIGHEST) within V(0-16777215).
        Each session gets a VNI that no other session of the account and region has, so that a sensor can identify the
        source interface by the VNI. See RV(vni_map).
      - The VNI is a hash of the interface id. If another session has this VNI, the session gets the next free VNI. An
        existing session keeps a VNI of the range if no other session has this VNI.
      - If sessions of several accounts share a target, set a different range for each account. EC2 documents no check
        for duplicates.
      - If the range has fewer free VNIs than the fleet has sessions, the task fails before any change.
    type: str
  description:
    description:
      - The description of all sessions. An empty string removes it.
    type: str
  adopt:
    description:
      - Whether to adopt sessions that belong to no fleet. A session is adopted if this account owns it, its interface
        is selected and has no session of the fleet, and it uses the filter and one of the targets of the fleet.
      - Sessions of a stack or of CloudFormation, and sessions with an expiry, are never adopted.
    type: bool
    default: false
  adopt_fleets:
    description:
      - Names of other fleets whose sessions become sessions of this fleet, for example to rename a fleet. All sessions
        of these fleets are then treated as sessions of this fleet, also those that do not match.
    type: list
    elements: str
  purge:
    description:
      - Whether to delete sessions of the fleet whose interface is no longer selected or cannot be mirrored.
    type: bool
    default: true
  on_stopped:
    description:
      - Whether to V(keep) or to V(delete) the sessions of instances that match O(sources) but are not running. EC2
        charges for these sessions. If they are deleted, the interface gets another VNI when the instance starts again,
        unless O(virtual_network_id) or O(vni_range) is set.
    type: str
    choices: [keep, delete]
    default: keep
  on_ineligible:
    description:
      - The handling of selected interfaces that EC2 cannot mirror. V(skip) skips them. V(fail) fails the task before
        any change.
    type: str
    choices: [skip, fail]
    default: skip
  supported_instance_types:
    description:
      - The instance types that EC2 can mirror, with the wildcards V(*) and V(?). If omitted or empty, the module uses
        the lists of the VPC Traffic Mirroring guide of 2026-11-25, one of virtualized and one of bare metal types.
      - A list set here replaces both lists. For example, V(c5n.*) includes the bare metal type V(c5n.metal), which EC2
        cannot mirror. Exclude such types with O(exclude[].instance_types).
      - The list applies only to new sessions.
    type: list
    elements: str
  additional_instance_types:
    description:
      - Instance types that EC2 can mirror in addition to those of the lists. An entry is a type such as V(m8g.large), a
        pattern such as V(m8g.*), or a family such as V(m8g), which stands for its virtualized types.
      - If EC2 does not support one of these types, the run tries no further instance of this type.
    type: list
    elements: str
  managed_services:
    description:
      - AWS services whose network interfaces are sources if they match. EC2 can mirror interfaces of Amazon RDS and
        Amazon ElastiCache. They have no instance, so select them by VPC, subnet, zone or id.
    type: list
    elements: str
    choices: [rds, elasticache]
  participant_interfaces:
    description:
      - Whether interfaces of other accounts in subnets that this account owns and shares are sources if they match.
        Their instances and tags are not visible, so select them by VPC, subnet, zone or id.
    type: bool
    default: false
  tags:
    description:
      - The tags of each session of the fleet, as a dictionary. Keys have 1 to 128 characters, values 0 to 256.
      - A session can have 50 tags, not counting those of AWS.
      - The tag C(vtap:fleet), which marks the sessions of a fleet, is set in addition.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether to remove tags of the sessions that are not in O(tags). It has an effect only if O(tags) is set; V({})
        removes all tags.
      - The Name tag, tags of AWS, ownership marks, the expiry of sessions, and tags that O(ignore_tag_keys) or
        O(ignore_tag_key_prefixes) match are never removed.
    type: bool
    default: true
  max_creates:
    description:
      - The maximum number of sessions to create, as a number from 0 to 999999999, as a percentage of the selected
        interfaces from 0% to 100%, rounded down, or as both, such as V(10 or 10%), of which the higher applies.
      - If the plan exceeds it, the task fails before any change.
    type: str
  max_updates:
    description:
      - The maximum number of sessions to update, in the same format as O(max_creates). The percentage refers to the
        existing sessions of the fleet.
      - If the plan exceeds it, the task fails before any change.
    type: str
  max_deletes:
    description:
      - The maximum number of sessions to delete, in the same format as O(max_creates). The percentage refers to the
        existing sessions of the fleet.
      - If the plan exceeds it, the deletions are held back. All other changes are made. The task then fails and prints
        the plan. The same applies, whatever this option is, to a plan that deletes every session of the fleet.
      - Sessions whose interface does not exist or whose instance is terminated do not count and are always deleted.
      - The limit does not apply to O(state=absent).
    type: str
    default: 10 or 10%
  min_coverage:
    description:
      - The minimum of the eligible interfaces that must be mirrored, as a number or as a percentage from 0% to 100%.
        See RV(coverage).
      - If fewer are mirrored after all changes, the task fails.
    type: str
  report_html:
    description:
      - The path of an HTML page that describes the run. The page has no external resources.
      - The file is written on the host that runs the module, also in check mode and after a failed run. Its lists are
        complete also after a failed run. The directory must exist. An existing file is replaced.
      - Writing a report does not change C(changed).
    type: path
  report_json:
    description:
      - The path of the report as JSON, as for O(report_html). M(vtap.aws.ec2_traffic_mirror_report) combines the JSON
        files of several fleets.
    type: path
  report_csv:
    description:
      - The path of the report as a table with a row for each interface, as for O(report_html).
    type: path
extends_documentation_fragment:
  - vtap.aws.batch
  - vtap.aws.common
  - amazon.aws.common.modules
  - amazon.aws.region.modules
seealso:
  - module: vtap.aws.ec2_traffic_mirror_report
  - module: vtap.aws.ec2_traffic_mirror_session
  - module: vtap.aws.ec2_traffic_mirror_filter
  - module: vtap.aws.ec2_traffic_mirror_target
"""

EXAMPLES = r"""
- name: Mirror all instances of two instance families in an Availability Zone, except the sensors
  vtap.aws.ec2_traffic_mirror_fleet:
    region: eu-west-1
    name: ids-prod
    sources:
      - instance_types: [m5.*, c5.*]
        availability_zones: [eu-west-1a]
    exclude:
      - tags:
          Name: sensor*
      - tags:
          Mirror: "no"
    targets:
      - traffic_mirror_target_name: lab-target
    traffic_mirror_filter_name: lab-filter
    min_coverage: 95%
    report_html: /tmp/ids-prod.html

- name: Rename the fleet
  vtap.aws.ec2_traffic_mirror_fleet:
    region: eu-west-1
    name: ids-production
    adopt_fleets: [ids-prod]
    sources:
      - instance_types: [m5.*, c5.*]
        availability_zones: [eu-west-1a]
    exclude:
      - tags:
          Name: sensor*
      - tags:
          Mirror: "no"
    targets:
      - traffic_mirror_target_name: lab-target
    traffic_mirror_filter_name: lab-filter

- name: Delete all sessions of the fleet
  vtap.aws.ec2_traffic_mirror_fleet:
    region: eu-west-1
    name: ids-production
    state: absent
"""

RETURN = r"""
plan:
  description:
    - The planned action for each interface, without unchanged sessions unless O(include_unchanged=true).
    - Check mode and the real run return the same plan, unless EC2 rejects a call in the real run.
    - If the task fails, it has at most 20 entries. See RV(omitted).
  returned: when the plan was created
  type: list
  elements: dict
  contains:
    network_interface_id:
      description: The network interface.
      type: str
      returned: always
      sample: eni-0a1b2c3d4e5f60718
    action:
      description: The planned action, V(create), V(update), V(unchanged), V(delete) or V(skip).
      type: str
      returned: always
      sample: create
    reason:
      description: The reason for the action.
      type: str
      returned: always
      sample: new match
    cause:
      description:
        - Why the plan changes the session. V(new_match) if an interface without a session of the fleet matches.
          V(drift) if a session of the fleet differs from the task, or if an interface has two sessions of the fleet.
          V(adoption) if the fleet adopts the session. V(removal) if the fleet deletes the session for another reason,
          such as an interface that no longer matches.
      type: str
      returned: when action is V(create), V(update) or V(delete)
      sample: new_match
    status:
      description:
        - V(held_back) if a safety limit prevents the deletion, V(failed) if a call failed, V(not_tried) if no call was
          sent because all such calls fail.
      type: str
      returned: when the action was not carried out
      sample: held_back
    instance_id:
      description: The instance that the interface is attached to.
      type: str
      returned: when EC2 returns the interface and its instance
      sample: i-0a1b2c3d4e5f60718
    traffic_mirror_session_id:
      description: The existing session.
      type: str
      returned: when the session existed before the task
      sample: tms-0a1b2c3d4e5f60718
    session_number:
      description: The current or planned session number.
      type: int
      returned: when the interface has or gets a session
      sample: 1
    traffic_mirror_target_id:
      description: The current or planned target.
      type: str
      returned: when the interface has or gets a session, and the target exists
      sample: tmt-0a1b2c3d4e5f60718
    problem:
      description:
        - Why an eligible interface gets no session, or why its session keeps a target or session number that the
          options do not allow.
      type: str
      returned: when there is such a problem
      sample: all targets are at capacity
    other_session_ids:
      description: Sessions of the interface that do not belong to the fleet. The module does not change them.
      type: list
      elements: str
      returned: when the interface has such sessions
      sample: [tms-0a1b2c3d4e5f60719]
    changes:
      description: The session options that change, each with the old and the new value.
      type: dict
      returned: when action is V(update)
      sample: {'packet_length': [0, 128]}
summary:
  description:
    - The number of entries by what was done, in check mode by what would be done. Deletions that a safety limit holds
      back and entries whose calls failed or were not tried are counted separately.
  returned: when the plan was created
  type: dict
  sample: {'created': 2, 'updated': 0, 'unchanged': 10, 'deleted': 1, 'skipped': 3, 'held_back': 0, 'failed': 0}
estimated_duration:
  description:
    - The time in seconds that the changes of the plan take at O(api_rate) and O(api_burst), rounded up. V(0) if the
      burst limit is sufficient. The plan in C(diff) begins with it.
    - The time for reading the account, and delays if EC2 throttles calls, are not included.
  returned: when the plan was carried out, or in check mode
  type: int
  sample: 1990
causes:
  description:
    - The number of entries of RV(plan) by cause, without deletions that a safety limit holds back and entries whose
      calls failed or were not tried. An alert on repaired drift tests RV(causes.drift).
    - After a change of the options, all sessions that the change concerns count as drift once. A session that was
      deleted outside the fleet counts as a new match, because EC2 does not return deleted sessions.
  returned: when the plan was carried out, or in check mode
  type: dict
  contains:
    new_match:
      description: Sessions of interfaces that had no session of the fleet.
      type: int
      returned: always
      sample: 2
    drift:
      description: Sessions of the fleet that differed from the task, and second sessions of an interface.
      type: int
      returned: always
      sample: 1
    adoption:
      description: Sessions that became sessions of the fleet.
      type: int
      returned: always
      sample: 0
    removal:
      description: Sessions that the fleet did not need any more.
      type: int
      returned: always
      sample: 1
notes:
  description: Remarks on the plan that concern no single interface, such as entries of O(exclude) that match nothing.
  returned: when the plan was carried out, or in check mode
  type: list
  elements: str
  sample: ["exclude[1] matches no interface"]
pending:
  description:
    - The names of the filter and of targets that do not exist yet and are assumed to be created earlier in the play.
  returned: in check mode, when the filter or a target does not exist yet
  type: dict
  sample: {'traffic_mirror_filter_id': 'dns', 'targets': ['sensors']}
coverage:
  description:
    - Which of the selected interfaces are mirrored after the task. C(selected) is the sum of C(excluded),
      C(ineligible), C(stopped), C(mirrored) and C(unmirrored).
    - An interface counts as mirrored only if packets can reach the target, as far as Describe calls show. Its instance
      runs, the resource of the target works, the filter accepts packets, and sessions with lower numbers of the
      interface leave some of them. Routes, security groups and listeners are not checked.
  returned: when the plan was carried out, or in check mode
  type: dict
  contains:
    selected:
      description: The number of interfaces that O(sources) select, including excluded and ineligible interfaces.
      type: int
      returned: always
      sample: 16
    excluded:
      description: The number of selected interfaces that O(exclude) excludes.
      type: int
      returned: always
      sample: 1
    ineligible:
      description: The number of selected interfaces that EC2 cannot mirror.
      type: int
      returned: always
      sample: 1
    stopped:
      description: The number of selected interfaces whose instance is not running.
      type: int
      returned: always
      sample: 1
    eligible:
      description: The number of interfaces that could be mirrored, the sum of C(mirrored) and C(unmirrored).
      type: int
      returned: always
      sample: 13
    mirrored:
      description: The number of interfaces that are mirrored.
      type: int
      returned: always
      sample: 12
    unmirrored:
      description: The number of interfaces that could be mirrored and are not.
      type: int
      returned: always
      sample: 1
    zones:
      description:
        - The same numbers for each Availability Zone, as dicts with C(availability_zone), C(selected), C(excluded),
          C(ineligible), C(stopped), C(eligible), C(mirrored) and C(unmirrored).
      type: list
      elements: dict
      returned: always
      sample:
        - availability_zone: eu-west-1a
          selected: 16
          excluded: 1
          ineligible: 1
          stopped: 1
          eligible: 13
          mirrored: 12
          unmirrored: 1
    reasons:
      description: Why interfaces are not mirrored, as dicts with C(class), C(reason) and C(count).
      type: list
      elements: dict
      returned: always
      sample: [{'class': 'unmirrored', 'reason': 'all targets are at capacity', 'count': 1}]
    unmirrored_interfaces:
      description: The ids of the unmirrored interfaces.
      type: list
      elements: str
      returned: always
      sample: [eni-0a1b2c3d4e5f60721]
    stopped_sessions:
      description: The number of sessions of the fleet on instances that are not running. EC2 charges for them.
      type: int
      returned: always
      sample: 1
    dead_sessions:
      description:
        - Other sessions of the fleet that mirror nothing, as dicts with C(traffic_mirror_session_id),
          C(network_interface_id) and C(reason). EC2 charges for them.
      type: list
      elements: dict
      returned: always
      sample:
        - traffic_mirror_session_id: tms-0a1b2c3d4e5f60718
          network_interface_id: eni-0a1b2c3d4e5f60718
          reason: filter tmf-0a1b2c3d4e5f60718 accepts no packets
    unverified:
      description:
        - What could not be read about sessions that count as mirrored, as dicts with C(resource), C(reason) and
          C(sessions), the number of sessions.
      type: list
      elements: dict
      returned: always
      sample: [{'resource': 'tmt-0a1b2c3d4e5f60718', 'reason': 'owned by account 210987654321', 'sessions': 12}]
vni_map:
  description: The source interface of each VXLAN network identifier (VNI), for the configuration of sensors.
  returned: success, in check mode without sessions whose VNI EC2 will assign
  type: list
  elements: dict
  contains:
    virtual_network_id:
      description: The VXLAN network identifier (VNI).
      type: int
      returned: always
      sample: 7159709
    network_interface_id:
      description: The source network interface.
      type: str
      returned: always
      sample: eni-0a1b2c3d4e5f60718
    instance_id:
      description: The instance that the interface is attached to.
      type: str
      returned: when EC2 returns the instance
      sample: i-0a1b2c3d4e5f60718
    traffic_mirror_target_id:
      description: The target of the session.
      type: str
      returned: always
      sample: tmt-0a1b2c3d4e5f60718
failed_interfaces:
  description:
    - The interfaces for which the planned action failed. Empty in check mode. It has at most 20 entries, see
      RV(omitted).
  returned: when the plan was carried out, or in check mode
  type: list
  elements: dict
  contains:
    network_interface_id:
      description: The network interface.
      type: str
      returned: always
      sample: eni-0a1b2c3d4e5f60718
    action:
      description: The planned action.
      type: str
      returned: always
      sample: create
    code:
      description: The EC2 error code. An empty string if EC2 sent no reply or the cause is not an EC2 error.
      type: str
      returned: always
      sample: TrafficMirrorSourcesPerTargetLimitExceeded
    reason:
      description: The cause of the failure and how to fix it.
      type: str
      returned: always
      sample: "CreateTrafficMirrorSession failed for session ... in eu-west-1: TrafficMirrorSessionLimitExceeded: ..."
    tried:
      description:
        - Whether a call was sent. V(false) if it was not sent because the same call had failed for other interfaces.
      type: bool
      returned: always
      sample: true
report:
  description: The paths of the files of the report, by format.
  returned: when O(report_html), O(report_json) or O(report_csv) is set and the files were written
  type: dict
  sample: {'html': /tmp/ids-prod.html}
omitted:
  description: The number of entries that are missing in a list of the result, by the name of the list.
  returned: when the task failed and a list has more than 20 entries
  type: dict
  sample: {'plan': 4980}
error:
  description: The C(Describe) call that failed and the error that EC2 returned.
  returned: when a C(Describe) call failed
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
      sample: DescribeInstances
"""

from ..module_utils._fleet.module import fleet_module, run_fleet


def main():
    run_fleet(fleet_module())


if __name__ == "__main__":
    main()
