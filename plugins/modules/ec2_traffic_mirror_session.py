#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_session
version_added: 0.1.0
short_description: Create, change and remove VPC Traffic Mirroring sessions
description:
  - A traffic mirror session copies the packets of a source network interface that match a filter to a target, where a
    sensor such as Zeek or Suricata reads them. The copies travel in VXLAN to UDP port 4789 of the target.
  - The module creates the session that the task describes, changes it where it differs, adopts it if it is already
    there, or leaves it alone. It makes one call to EC2 if there is nothing to do and one more for each change.
  - In check mode it changes nothing and returns what the real run would, except for values that only EC2 can know
    in advance, such as the id of a new session.
notes:
  - "The session is found by the first of these that the task gives: O(traffic_mirror_session_id);
    O(network_interface_id) and O(session_number); O(network_interface_id) and O(name); O(name). If that is not clear,
    or if two of them point at different sessions, the task fails and lists the candidates."
  - Sessions of other accounts are never changed.
  - O(network_interface_id) and O(session_number) identify a session to EC2, so a task that gives them adopts whatever
    session is there, and sets its Name tag if O(name) is given.
author:
  - The vtap.aws contributors (@vtap)
options:
  state:
    description:
      - V(present) creates or changes the session, V(absent) removes it. If there is none where
        O(network_interface_id) and O(session_number) say, nothing is removed, even if another one has the O(name).
    type: str
    choices: [present, absent]
    default: present
  traffic_mirror_session_id:
    description:
      - The id of an existing session, V(tms-) and 8 or 17 hexadecimal digits.
    type: str
    aliases: [id]
  name:
    description:
      - The Name tag of the session, 1 to 256 characters.
      - Within one interface, or within the whole account if O(network_interface_id) is not given, it identifies the
        session. Sessions of different interfaces can have the same name.
    type: str
  network_interface_id:
    description:
      - The source, V(eni-) and 8 or 17 hexadecimal digits. Needed to create a session.
      - The interface must be attached to an instance of a supported type, must not be a mirror target, and takes three
        sessions.
      - EC2 cannot change the interface of a session; see O(allow_replacement).
    type: str
  session_number:
    description:
      - The place of the session among those of the interface, 1 to 32766. A packet is copied by the first session,
        in the order of these numbers, whose filter accepts it.
      - If it is left out, a new session gets the lowest number that is free on the interface, and an existing one keeps
        its number. That needs O(name), or the task could not find the session again.
    type: int
  traffic_mirror_filter_id:
    description:
      - The filter that says which packets are copied, V(tmf-) and 8 or 17 hexadecimal digits.
      - A filter is needed to create a session, by its id or by O(traffic_mirror_filter_name).
    type: str
  traffic_mirror_filter_name:
    description:
      - The Name tag of the filter, which exactly one filter must have.
      - In check mode a filter that does not exist is taken for one that an earlier task would create, and RV(pending)
        says so.
    type: str
  traffic_mirror_target_id:
    description:
      - The target that gets the copies, V(tmt-) and 8 or 17 hexadecimal digits. It can belong to another account that
        shares it.
      - A target is needed to create a session, by its id or by O(traffic_mirror_target_name).
    type: str
  traffic_mirror_target_name:
    description:
      - The Name tag of the target, which exactly one target must have. Give a target of another account by its id, for
        EC2 need not show its tags to this one.
      - In check mode a target that does not exist is taken for one that an earlier task would create, and RV(pending)
        says so.
    type: str
  packet_length:
    description:
      - How many bytes of each packet are copied, 1 to 65535, with a Network Load Balancer as the target 1 to 8500.
      - V(0) copies whole packets. With a Network Load Balancer as the target EC2 then reports 8500, and the module
        makes one more call to learn the type of the target.
      - If it is left out, a new session copies whole packets and an existing one keeps its length.
    type: int
  virtual_network_id:
    description:
      - The VXLAN network identifier (VNI) in the header of the copies, 0 to 16777215.
      - If it is left out, EC2 chooses a random one for a new session and an existing one keeps its own.
    type: int
  description:
    description:
      - A description. An empty string removes it.
    type: str
  allow_replacement:
    description:
      - Whether a session may be moved to another interface by making a new one there and then removing the old one.
        The new one has all that the old one had and the task does not change, its virtual network id included. Only a
        fleet that the old one belongs to does not take the new one.
        EC2 is asked beforehand, by C(DryRun), whether the old one may be removed.
      - The old session is the one with this O(traffic_mirror_session_id), or, if no session of the interface has this
        O(name), the one on another interface that has it. O(name) is needed in both cases, for it is how the next run
        finds the new session.
      - While this is under way the new session has the tag C(vtap:replaces). By it the next run finishes what an
        interrupted one began. Until then both copy packets. To go back instead, remove the session that has the tag.
      - "In a loop that gives one name to several interfaces, each interface gets its own session: only the first of
        them in the loop may take over a session from another interface. The same play for several hosts cannot be
        recognized so, and there each host needs a name of its own."
    type: bool
    default: false
extends_documentation_fragment:
  - vtap.aws.defaults
  - vtap.aws.resource
  - vtap.aws.owned
  - amazon.aws.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - module: vtap.aws.ec2_traffic_mirror_session_info
  - module: vtap.aws.ec2_traffic_mirror_filter
  - module: vtap.aws.ec2_traffic_mirror_target
  - name: What is Traffic Mirroring?
    description: The VPC Traffic Mirroring guide.
    link: https://docs.aws.amazon.com/vpc/latest/mirroring/what-is-traffic-mirroring.html
"""

EXAMPLES = r"""
- name: Mirror the web server to the sensor
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    network_interface_id: eni-0a1b2c3d4e5f60718
    session_number: 1
    traffic_mirror_filter_id: tmf-0a1b2c3d4e5f60718
    traffic_mirror_target_id: tmt-0a1b2c3d4e5f60718
    description: web to sensor
    tags:
      Team: netsec

- name: Copy only the first 128 bytes of each packet
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    network_interface_id: eni-0a1b2c3d4e5f60718
    session_number: 1
    packet_length: 128

- name: Copy whole packets again and remove the description
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    network_interface_id: eni-0a1b2c3d4e5f60718
    session_number: 1
    packet_length: 0
    description: ""

- name: Mirror all interfaces of a server under one name, on the lowest free number of each
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    name: app to sensor
    network_interface_id: "{{ item }}"
    traffic_mirror_filter_name: lab-filter
    traffic_mirror_target_name: lab-target
  loop:
    - eni-0a1b2c3d4e5f60721
    - eni-0a1b2c3d4e5f60722
    - eni-0a1b2c3d4e5f60723

- name: Name the session of the web server, so that it can follow the server
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    network_interface_id: eni-0a1b2c3d4e5f60718
    session_number: 1
    name: web to sensor

- name: The web server was rebuilt and has another interface
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    name: web to sensor
    network_interface_id: eni-0a1b2c3d4e5f60751
    allow_replacement: true

- name: Stop mirroring the web server
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    name: web to sensor
    state: absent
"""

RETURN = r"""
traffic_mirror_session:
  description:
    - The session; empty when it does not exist.
    - In check mode the keys that only EC2 can know in advance are left out.
  returned: success
  type: dict
  contains:
    arn:
      description: The ARN of the session.
      returned: when the session exists
      type: str
      sample: arn:aws:ec2:eu-west-1:123456789012:traffic-mirror-session/tms-0a1b2c3d4e5f60718
    description:
      description: The description; an empty string if it has none.
      returned: when the session exists
      type: str
      sample: web to sensor
    network_interface_id:
      description: The network interface whose traffic is copied.
      returned: when the session exists
      type: str
      sample: eni-0a1b2c3d4e5f60718
    owner_id:
      description: The account that owns the session.
      returned: when the session exists
      type: str
      sample: '123456789012'
    packet_length:
      description: How many bytes of each packet are copied; V(0) means all of them.
      returned: when the session exists
      type: int
      sample: 8500
    session_number:
      description: The place of the session among those of the interface; the lowest comes first.
      returned: when the session exists
      type: int
      sample: 1
    tags:
      description: The tags.
      returned: when the session exists
      type: dict
      sample: {'Team': 'netsec'}
    traffic_mirror_filter_id:
      description: The filter that says which packets are copied.
      returned: when the session exists
      type: str
      sample: tmf-0a1b2c3d4e5f60718
    traffic_mirror_session_id:
      description: The id of the session.
      returned: when the session exists
      type: str
      sample: tms-0a1b2c3d4e5f60718
    traffic_mirror_target_id:
      description: The target that the copies are sent to.
      returned: when the session exists
      type: str
      sample: tmt-0a1b2c3d4e5f60718
    virtual_network_id:
      description: The VXLAN network identifier (VNI) in the header of the copies.
      returned: when the session exists
      type: int
      sample: 7159709
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
      sample: ModifyTrafficMirrorSession
    resource:
      description: What it works on.
      type: str
      returned: always
      sample: session tms-0a1b2c3d4e5f60718 (network_interface_id eni-0a1b2c3d4e5f60718, session_number 1)
    reason:
      description: Why it is needed.
      type: str
      returned: always
      sample: "description: '' -> 'web to sensor'"
pending:
  description: The options whose objects do not exist yet, with the names that the task gives for them.
  returned: in check mode, when an earlier task would first have to create the filter or the target
  type: dict
  sample: {'traffic_mirror_filter_id': 'dns'}
error:
  description: What EC2 said.
  returned: when EC2 refused a call
  type: dict
  contains:
    code:
      description: EC2's error code; an empty string if there was no reply.
      type: str
      returned: always
      sample: NetworkInterfaceNotSupported
    message:
      description: EC2's words.
      type: str
      returned: always
      sample: eni-0a1b2c3d4e5f60731 must be attached to a supported instance
    operation:
      description: The EC2 action.
      type: str
      returned: always
      sample: CreateTrafficMirrorSession
"""

from ..module_utils._model.resource_types import SESSION
from ..module_utils._resources import session
from ..module_utils._runtime.module import resource_module, run


def main():
    module = resource_module(SESSION, references=session.REFERENCES)
    run(module, SESSION, session.check, session.make_plan(module.params))


if __name__ == "__main__":
    main()
