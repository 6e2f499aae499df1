#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_target
version_added: 0.1.0
short_description: Create, update and delete VPC Traffic Mirroring targets
description:
  - Manages traffic mirror targets.
  - A target is the destination of mirrored traffic. It is a network interface, a Network Load Balancer or a Gateway
    Load Balancer endpoint. A monitoring appliance such as Zeek or Suricata receives the packets there, encapsulated in
    VXLAN on UDP port 4789.
  - The module creates the target if it does not exist. It updates the tags of an existing target only where they differ
    from the task.
  - EC2 can change only the tags of an existing target. To change the destination, see O(allow_replacement).
  - 'In check mode the module changes nothing and returns the predicted result. The id of a new target is a placeholder
    such as C(tmt-(known after apply: sensor\)). All modules of the collection accept placeholders as ids in check
    mode.'
notes:
  - The module finds the target by the first of these that matches, its id, its destination, its O(name). One of them is
    required. If several targets match, the task fails and lists them.
  - A network interface or Network Load Balancer can be the destination of one target only. Without O(name), a task with
    a destination therefore changes any target of that destination that carries no ownership mark. With O(name), it
    changes only a target that has this name or none. See O(adopt). To send packets to the target of another team, set
    its id on your sessions instead.
  - A name identifies one target of the account and region. A task that would give it to a second target fails. EC2 does
    not enforce this, so runs at the same time can create two targets of one name.
  - Sessions can use a target that another account shares with this account. The info module lists such targets. This
    module never changes them.
author:
  - The vtap.aws contributors (@vtap)
options:
  state:
    description:
      - V(present) creates or updates the target. V(absent) deletes the target.
      - With V(absent) and a destination, only the target of that destination is deleted. Another target that has the
        O(name) is not deleted.
      - A target that sessions use is not deleted. The task fails and lists the sessions.
    type: str
    choices: [present, absent]
    default: present
  traffic_mirror_target_id:
    description:
      - The id of an existing target, V(tmt-) followed by 8 or 17 hexadecimal digits. EC2 assigns the ids of new
        targets.
    type: str
    aliases: [id]
  name:
    description:
      - The Name tag of the target, 1 to 256 characters.
      - The name identifies the target if the task does not set the id, and no target has the destination.
    type: str
  network_interface_id:
    description:
      - The destination network interface, V(eni-) followed by 8 or 17 hexadecimal digits.
      - The interface must not be the source of a session.
      - O(network_interface_id), O(network_load_balancer_arn) and O(gateway_load_balancer_endpoint_id) are mutually
        exclusive. One of them is required to create a target.
    type: str
  network_load_balancer_arn:
    description:
      - The ARN of the destination Network Load Balancer.
      - The load balancer must have a listener for UDP port 4789 to receive mirrored traffic. EC2 does not check this.
    type: str
  gateway_load_balancer_endpoint_id:
    description:
      - The id of the destination Gateway Load Balancer endpoint, V(vpce-) followed by 8 or 17 hexadecimal digits.
    type: str
  description:
    description:
      - The description of the target. An empty string means no description.
      - EC2 cannot change the description of an existing target. The task fails if only the description differs, even
        with O(allow_replacement=true), because a network interface or Network Load Balancer can have one target only.
        Delete the target first.
    type: str
  allow_replacement:
    description:
      - Whether the module may replace the target by a target with another destination. If V(false), the task fails if
        the target that it identifies has another destination.
      - The module uses the existing target of the new destination, or creates one. A created target gets the
        description and the tags of the old target, unless the task sets other values.
      - The module modifies each session of this account that uses the old target to use the new one. The sessions keep
        their ids. Then the module deletes the old target. In check mode RV(actions) lists the sessions to modify.
      - O(name) is required, because the next run finds the new target by its name. The target of this name with another
        destination is replaced.
      - If EC2 rejects the change of a session, the old target stays. The error lists the sessions that were modified
        and those that were not. Rerun the task to finish.
      - The task fails if sessions of other accounts use the old target, because only their owners can modify them. It
        also fails if the new destination is a Network Load Balancer and a session mirrors more than 8500 bytes of each
        packet.
    type: bool
    default: false
  type:
    description:
      - The type of the destination, as the info module returns it.
      - It cannot be set. The task fails if the target has another type.
    type: str
  session_count:
    description:
      - The number of sessions that use the target, as the info module returns it.
      - The module accepts and ignores it.
    type: int
extends_documentation_fragment:
  - vtap.aws.common
  - vtap.aws.lifecycle
  - vtap.aws.ownership
  - vtap.aws.in_use
  - amazon.aws.common.modules
  - amazon.aws.region.modules
seealso:
  - module: vtap.aws.ec2_traffic_mirror_target_info
  - module: vtap.aws.ec2_traffic_mirror_session
  - module: vtap.aws.ec2_traffic_mirror_filter
  - name: Traffic mirror targets
    description: Targets in the VPC Traffic Mirroring guide.
    link: https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-targets.html
"""

EXAMPLES = r"""
- name: Create a target for a network interface
  vtap.aws.ec2_traffic_mirror_target:
    region: eu-west-1
    name: sensor
    network_interface_id: eni-0a1b2c3d4e5f60741
    description: Zeek
    tags:
      Team: netsec

- name: Create a target for a Network Load Balancer
  vtap.aws.ec2_traffic_mirror_target:
    region: eu-west-1
    name: sensors-b
    network_load_balancer_arn: >-
      arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors-b/0a1b2c3d4e5f6072

- name: Create a target for a Gateway Load Balancer endpoint
  vtap.aws.ec2_traffic_mirror_target:
    region: eu-west-1
    name: inspection
    gateway_load_balancer_endpoint_id: vpce-0a1b2c3d4e5f60771

- name: Replace the target after the sensor was rebuilt, and switch its sessions to the new target
  vtap.aws.ec2_traffic_mirror_target:
    region: eu-west-1
    name: sensor
    network_interface_id: eni-0a1b2c3d4e5f60742
    allow_replacement: true

- name: Delete a target by name
  vtap.aws.ec2_traffic_mirror_target:
    region: eu-west-1
    name: sensor
    state: absent

- name: List the sessions that use another target
  vtap.aws.ec2_traffic_mirror_session_info:
    region: eu-west-1
    filters:
      traffic-mirror-target-id: tmt-0a1b2c3d4e5f60718
  register: users

- name: Delete these sessions
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    traffic_mirror_session_id: "{{ item }}"
    state: absent
  loop: "{{ users.traffic_mirror_sessions | map(attribute='traffic_mirror_session_id') | list }}"

- name: Delete the target, and in check mode ignore the sessions that the previous task would delete
  vtap.aws.ec2_traffic_mirror_target:
    region: eu-west-1
    traffic_mirror_target_id: tmt-0a1b2c3d4e5f60718
    removed_session_ids: "{{ users.traffic_mirror_sessions | map(attribute='traffic_mirror_session_id') | list }}"
    state: absent
"""

RETURN = r"""
traffic_mirror_target:
  description:
    - The target. Empty if it does not exist.
    - In check mode, the id of a new target is a placeholder. C(arn) and C(owner_id) are omitted.
  returned: success
  type: dict
  contains:
    arn:
      description: The ARN of the target.
      returned: when the target exists
      type: str
      sample: arn:aws:ec2:eu-west-1:123456789012:traffic-mirror-target/tmt-0a1b2c3d4e5f60718
    description:
      description: The description. An empty string if it has none.
      returned: when the target exists
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
      returned: when the target exists
      type: str
      sample: '123456789012'
    tags:
      description: The tags of the target.
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
  description: The EC2 calls that changed something, in order. In check mode, the calls that the real run would make.
  returned: success
  type: list
  elements: dict
  contains:
    operation:
      description: The EC2 API action.
      type: str
      returned: always
      sample: CreateTags
    resource:
      description: The resource that the call changes.
      type: str
      returned: always
      sample: target tmt-0a1b2c3d4e5f60718 (network_interface_id eni-0a1b2c3d4e5f60741, owner 123456789012)
    reason:
      description: The reason for the call.
      type: str
      returned: always
      sample: 'tags to set: Name=sensor'
error:
  description: The EC2 call that failed and the error that EC2 returned.
  returned: when an EC2 call failed
  type: dict
  contains:
    code:
      description: The EC2 error code. An empty string if EC2 sent no reply.
      type: str
      returned: always
      sample: InvalidTrafficMirrorTarget
    message:
      description: The EC2 error message.
      type: str
      returned: always
      sample: The interface ID 'eni-0a1b2c3d4e5f60749' does not exist
    operation:
      description: The EC2 API action that failed.
      type: str
      returned: always
      sample: CreateTrafficMirrorTarget
"""

from ..module_utils._model.resource_types import TARGET
from ..module_utils._resources import target
from ..module_utils._runtime.module import resource_module, run


def main():
    module = resource_module(TARGET, extra_options=target.OPTIONS)
    run(module, TARGET, target.check, target.create_planner(module.params))


if __name__ == "__main__":
    main()
