#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_target
version_added: 0.1.0
short_description: Create, change and remove VPC Traffic Mirroring targets
description:
  - A traffic mirror target is where copies of packets go, so that a sensor such as Zeek or Suricata can read them. Its
    destination is a network interface, a Network Load Balancer or a Gateway Load Balancer endpoint. The copies travel
    in VXLAN to UDP port 4789.
  - The module creates the target that the task describes, changes its tags where they differ, adopts it if it is
    already there, or leaves it alone.
  - EC2 can change nothing of a target but its tags. For another destination see O(allow_replacement).
  - In check mode it changes nothing and returns what the real run would, except for values that only EC2 can know
    in advance, such as the id of a new target.
notes:
  - The target is found by the first of these that the task gives, its id, its destination, its O(name). One of them is
    needed. If several targets fit, the task fails and lists them.
  - An interface or a Network Load Balancer can be in one target only. A task that gives the destination adopts the
    target that is there, and sets its Name tag if O(name) is given.
  - A target of another account that is shared with this one can be used by sessions and is listed by the info module.
    This module never changes it.
author:
  - The vtap.aws contributors (@vtap)
options:
  state:
    description:
      - V(present) creates or changes the target, V(absent) removes it. If the destination that the task gives has no
        target, nothing is removed, even if another one has the O(name).
      - A target that sessions use is not removed; the task fails and names the sessions.
    type: str
    choices: [present, absent]
    default: present
  traffic_mirror_target_id:
    description:
      - The id of an existing target, V(tmt-) and 8 or 17 hexadecimal digits. EC2 chooses the ids of new ones.
    type: str
    aliases: [id]
  name:
    description:
      - The Name tag of the target, 1 to 256 characters.
      - It identifies the target if the task gives neither id nor destination.
    type: str
  network_interface_id:
    description:
      - The network interface that gets the copies, V(eni-) and 8 or 17 hexadecimal digits.
      - It must not be the source of a session.
      - At most one of O(network_interface_id), O(network_load_balancer_arn) and O(gateway_load_balancer_endpoint_id)
        can be given, and one of them is needed to create a target.
    type: str
  network_load_balancer_arn:
    description:
      - The ARN of the Network Load Balancer that gets the copies.
      - It needs a listener for UDP port 4789, or no copy arrives. EC2 does not look whether it has one.
    type: str
  gateway_load_balancer_endpoint_id:
    description:
      - The Gateway Load Balancer endpoint that gets the copies, V(vpce-) and 8 or 17 hexadecimal digits.
    type: str
  description:
    description:
      - A description; an empty string is none.
      - EC2 cannot change the description of a target. Another one on the same destination is refused even with
        O(allow_replacement=true), because an interface or a Network Load Balancer cannot be in two targets at a time.
        Remove the target first.
    type: str
  allow_replacement:
    description:
      - Whether the target may be replaced by one with another destination. Otherwise the task fails if the target that
        it means has another destination.
      - A target with the new destination is made, or taken if it is already there. If it is made, it has the
        description and the tags of the old one where the task does not change them.
      - Each session of this account that uses the old target is moved to the new one, and keeps its id. Then the old
        target is removed. In check mode RV(actions) lists the sessions that would be moved.
      - O(name) is needed, for it is how the next run finds the new target. The target of that name with another
        destination is the one that is replaced, so do not allow it where two targets shall have one name.
      - If a session cannot be moved, nothing is lost. The task says which sessions were moved and which were not, and
        the next run finishes it.
      - The task fails if sessions of other accounts use the old target, for only their owners can move them, or if a
        session copies more than 8500 bytes of a packet and the new destination is a Network Load Balancer.
    type: bool
    default: false
  type:
    description:
      - The type of the target, as an info module returns it.
      - It cannot be set. The task fails if the target has another type.
    type: str
  session_count:
    description:
      - The number of sessions that use the target, as an info module returns it.
      - It cannot be set and is ignored.
    type: int
extends_documentation_fragment:
  - vtap.aws.defaults
  - vtap.aws.resource
  - vtap.aws.owned
  - vtap.aws.used
  - amazon.aws.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - module: vtap.aws.ec2_traffic_mirror_target_info
  - module: vtap.aws.ec2_traffic_mirror_session
  - module: vtap.aws.ec2_traffic_mirror_filter
  - name: Traffic mirror targets
    description: What targets are, in the VPC Traffic Mirroring guide.
    link: https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-targets.html
"""

EXAMPLES = r"""
- name: Make the interface of the sensor a target
  vtap.aws.ec2_traffic_mirror_target:
    region: eu-west-1
    name: sensor
    network_interface_id: eni-0a1b2c3d4e5f60741
    description: Zeek
    tags:
      Team: netsec

- name: Make a Network Load Balancer a target
  vtap.aws.ec2_traffic_mirror_target:
    region: eu-west-1
    name: sensors-b
    network_load_balancer_arn: >-
      arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors-b/0a1b2c3d4e5f6072

- name: Make a Gateway Load Balancer endpoint a target
  vtap.aws.ec2_traffic_mirror_target:
    region: eu-west-1
    name: inspection
    gateway_load_balancer_endpoint_id: vpce-0a1b2c3d4e5f60771

- name: The sensor was rebuilt and has another interface; its sessions are moved to the new target
  vtap.aws.ec2_traffic_mirror_target:
    region: eu-west-1
    name: sensor
    network_interface_id: eni-0a1b2c3d4e5f60742
    allow_replacement: true

- name: Remove the target of the sensor
  vtap.aws.ec2_traffic_mirror_target:
    region: eu-west-1
    name: sensor
    state: absent

- name: Which sessions use this target?
  vtap.aws.ec2_traffic_mirror_session_info:
    region: eu-west-1
    filters:
      traffic-mirror-target-id: tmt-0a1b2c3d4e5f60718
  register: users

- name: Remove them
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    traffic_mirror_session_id: "{{ item }}"
    state: absent
  loop: "{{ users.traffic_mirror_sessions | map(attribute='traffic_mirror_session_id') | list }}"

- name: Remove the target, also in check mode, where the sessions are still there
  vtap.aws.ec2_traffic_mirror_target:
    region: eu-west-1
    traffic_mirror_target_id: tmt-0a1b2c3d4e5f60718
    removed_session_ids: "{{ users.traffic_mirror_sessions | map(attribute='traffic_mirror_session_id') | list }}"
    state: absent
"""

RETURN = r"""
traffic_mirror_target:
  description:
    - The target; empty when it does not exist.
    - In check mode the keys that only EC2 can know in advance are left out.
  returned: success
  type: dict
  contains:
    arn:
      description: The ARN of the target.
      returned: when the target exists
      type: str
      sample: arn:aws:ec2:eu-west-1:123456789012:traffic-mirror-target/tmt-0a1b2c3d4e5f60718
    description:
      description: The description; an empty string if it has none.
      returned: when the target exists
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
      returned: when the target exists
      type: str
      sample: '123456789012'
    tags:
      description: The tags.
      returned: when the target exists
      type: dict
      sample: {'Name': 'sensor', 'Team': 'netsec'}
    traffic_mirror_target_id:
      description: The id of the target.
      returned: when the target exists
      type: str
      sample: tmt-0a1b2c3d4e5f60718
    type:
      description:
        - The type of the destination, V(network-interface), V(network-load-balancer) or
          V(gateway-load-balancer-endpoint).
      returned: when the target exists
      type: str
      sample: network-interface
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
      sample: CreateTags
    resource:
      description: What it works on.
      type: str
      returned: always
      sample: target tmt-0a1b2c3d4e5f60718 (network_interface_id eni-0a1b2c3d4e5f60741, owner 123456789012)
    reason:
      description: Why it is needed.
      type: str
      returned: always
      sample: 'tags to set: Name=sensor'
error:
  description: What EC2 said.
  returned: when EC2 refused a call
  type: dict
  contains:
    code:
      description: EC2's error code; an empty string if there was no reply.
      type: str
      returned: always
      sample: InvalidTrafficMirrorTarget
    message:
      description: EC2's words.
      type: str
      returned: always
      sample: The interface ID 'eni-0a1b2c3d4e5f60749' does not exist
    operation:
      description: The EC2 action.
      type: str
      returned: always
      sample: CreateTrafficMirrorTarget
"""

from ..module_utils._model.resource_types import TARGET
from ..module_utils._resources import target
from ..module_utils._runtime.module import resource_module, run


def main():
    module = resource_module(TARGET, more=target.OPTIONS)
    run(module, TARGET, target.check, target.make_plan(module.params))


if __name__ == "__main__":
    main()
