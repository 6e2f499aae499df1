#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_session
version_added: 0.1.0
short_description: Create, update and delete VPC Traffic Mirroring sessions
description:
  - Manages traffic mirror sessions.
  - A session mirrors traffic of a source network interface to a target. A filter determines which packets are mirrored.
    A monitoring appliance such as Zeek or Suricata receives the packets at the target.
  - EC2 encapsulates mirrored packets in VXLAN and sends them to UDP port 4789 of the target.
  - The module creates the session if it does not exist. It updates an existing session only where the session differs
    from the task.
  - 'In check mode the module changes nothing and returns the predicted result. The id of a new session is a placeholder
    such as C(tms-(known after apply: web to sensor\)). All modules of the collection accept placeholders as ids in
    check mode. Other values that EC2 assigns, such as a random VNI, are omitted.'
notes:
  - "The module finds the session by the first of these that matches: O(traffic_mirror_session_id);
    O(network_interface_id) and O(session_number); O(name), with O(network_interface_id) among the sessions of that
    interface first."
  - If several sessions match, the task fails and lists the candidates.
  - The module never changes sessions of other accounts.
  - EC2 identifies a session by its interface and session number. Without O(name), the task therefore changes any
    session of that interface and number that carries no ownership mark. With O(name), it changes only a session that
    has this name or none. See O(adopt).
  - EC2 does not enforce unique names. The module checks a name before it writes it. Runs at the same time can create
    two sessions of one name; a later task that identifies the session by name alone then fails and lists both.
author:
  - The vtap.aws contributors (@vtap)
options:
  state:
    description:
      - V(present) creates or updates the session. V(absent) deletes the session.
      - With V(absent), O(network_interface_id) and O(session_number), only a session of that interface and number is
        deleted. A session elsewhere that has the O(name) is not deleted.
    type: str
    choices: [present, absent]
    default: present
  traffic_mirror_session_id:
    description:
      - The id of an existing session, V(tms-) followed by 8 or 17 hexadecimal digits. EC2 assigns the ids of new
        sessions.
    type: str
    aliases: [id]
  name:
    description:
      - The Name tag of the session, 1 to 256 characters.
      - The name identifies one session of the account and region. A task that would give it to a second session fails.
      - For a label that several sessions share, use O(tags) with the key Name, and O(session_number) instead of
        O(name).
    type: str
  network_interface_id:
    description:
      - The source network interface, V(eni-) followed by 8 or 17 hexadecimal digits. Required to create a session.
      - The interface must be attached to an instance of a supported type and must not be a mirror target. An interface
        can have at most three sessions.
      - EC2 cannot change the interface of an existing session. See O(allow_replacement).
    type: str
  session_number:
    description:
      - The evaluation order of the session on its interface, 1 to 32766, lowest first. The first session whose filter
        accepts a packet mirrors it.
      - If omitted, a new session gets the lowest free number of the interface, and an existing session keeps its
        number. The task must then identify the session by O(name) or O(traffic_mirror_session_id).
    type: int
  traffic_mirror_filter_id:
    description:
      - The filter, V(tmf-) followed by 8 or 17 hexadecimal digits. It determines which packets are mirrored.
      - Creating a session requires O(traffic_mirror_filter_id) or O(traffic_mirror_filter_name).
    type: str
  traffic_mirror_filter_name:
    description:
      - The Name tag of the filter. Exactly one filter must have this name.
      - In check mode, a missing filter is assumed to be created earlier in the play. See RV(pending).
    type: str
  traffic_mirror_target_id:
    description:
      - The target that receives the mirrored packets, V(tmt-) followed by 8 or 17 hexadecimal digits. It can be a
        target that another account shares.
      - Creating a session requires O(traffic_mirror_target_id) or O(traffic_mirror_target_name).
    type: str
  traffic_mirror_target_name:
    description:
      - The Name tag of the target. Exactly one target must have this name.
      - Use O(traffic_mirror_target_id) for a target of another account, because EC2 may not return its tags to this
        account.
      - In check mode, a missing target is assumed to be created earlier in the play. See RV(pending).
    type: str
  packet_length:
    description:
      - The number of bytes of each packet to mirror, 1 to 65535. With a Network Load Balancer as the target, 1 to 8500.
      - The VPC Traffic Mirroring guide documents a minimum of 35 for IPv4 traffic and 55 for IPv6 traffic, the EC2 API
        Reference a minimum of 1. The module accepts 1 or more.
      - V(0) mirrors whole packets. With a Network Load Balancer as the target, EC2 then reports 8500.
      - If omitted, a new session mirrors whole packets, and an existing session keeps its packet length.
    type: int
  virtual_network_id:
    description:
      - The VXLAN network identifier (VNI) of the mirrored packets, 0 to 16777215.
      - If omitted, EC2 assigns a random VNI to a new session, and an existing session keeps its VNI.
    type: int
  description:
    description:
      - The description of the session. An empty string removes it.
    type: str
  expires_in:
    description:
      - The time from now until the session expires, as weeks, days, hours and minutes, such as V(4h), V(90m) or
        V(1d12h). The units V(w), V(d), V(h) and V(m) are in this order. The range is V(1m) to V(366d).
      - The module stores the time and the duration in the tag C(vtap:expires). A later task with the same duration
        keeps the time. Another duration, also of an expired session, counts from the time of that task.
      - EC2 has no expiry of sessions. The playbook C(vtap.aws.expire) deletes expired sessions. Until its next run, an
        expired session mirrors packets and is charged.
      - If the session has expired, the task leaves the session unchanged and prints a warning. Exceptions are a new
        duration, a new time, and an empty O(expires_at).
      - "The time is that of the host that runs the module. In check mode, a new time is omitted: C(diff) and
        RV(traffic_mirror_session) then have neither C(expires_at) nor the tag."
      - With O(state=absent), the option has no effect. O(expires_in) and O(expires_at) are mutually exclusive.
    type: str
  expires_at:
    description:
      - The time at which the session expires, such as V(2026-11-26T16:00:00Z) or V(2026-11-26T17:00:00+01:00). The
        format is RFC 3339, with a time zone and without fractions of seconds. Quote the value in YAML.
      - "The module stores the time in the tag C(vtap:expires). Expired sessions: see O(expires_in)."
      - With a time in the past, an existing session expires at once, and a missing session is not created. The task
        prints a warning in both cases.
      - An empty string removes the expiry. If O(expires_in) and O(expires_at) are omitted, the session keeps its
        expiry. The tag cannot be changed with O(tags), and O(purge_tags) does not remove it.
      - With O(state=absent), the session is deleted only if it has this expiry, or no expiry if the option is an empty
        string. Otherwise the task fails, for example because another task renewed the session.
    type: str
  allow_replacement:
    description:
      - Whether the module may replace a session to move it to another interface. It creates a session on the new
        interface and then deletes the old session. If V(false), the task fails instead.
      - The new session gets the settings and tags of the old session, including the VNI, unless the task sets other
        values. The expiry is kept. The tag C(vtap:fleet) is not copied, so the new session does not belong to a fleet.
      - Before the replacement, the module checks with C(DryRun) that EC2 allows deleting the old session.
      - The old session is the one with O(traffic_mirror_session_id). If that is omitted, and no session on the
        interface has this O(name), it is the session of this name on another interface. It is then replaced only if
        that interface no longer exists, is attached to nothing, or belongs to an instance that is shutting down or
        terminated. The session of a running or stopped instance is moved only by its id.
      - O(name) is required, because the next run finds the new session by its name.
      - EC2 deletes the sessions of an interface with the interface. If the old interface no longer exists, the task
        therefore creates a session, which requires O(traffic_mirror_filter_id) and O(traffic_mirror_target_id) or their
        names.
      - During the replacement, the new session has the tag C(vtap:replaces), and both sessions mirror traffic. The next
        run uses this tag to resume an interrupted replacement. To cancel the replacement, delete the session that has
        the tag.
    type: bool
    default: false
extends_documentation_fragment:
  - vtap.aws.common
  - vtap.aws.lifecycle
  - vtap.aws.ownership
  - amazon.aws.common.modules
  - amazon.aws.region.modules
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

- name: Mirror only the first 128 bytes of each packet
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    network_interface_id: eni-0a1b2c3d4e5f60718
    session_number: 1
    packet_length: 128

- name: Mirror whole packets again and remove the description
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    network_interface_id: eni-0a1b2c3d4e5f60718
    session_number: 1
    packet_length: 0
    description: ""

- name: Mirror all interfaces of a server, each under its own name, with the lowest free session number of each
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    name: "app to sensor {{ item }}"
    network_interface_id: "{{ item }}"
    traffic_mirror_filter_name: lab-filter
    traffic_mirror_target_name: lab-target
  loop:
    - eni-0a1b2c3d4e5f60721
    - eni-0a1b2c3d4e5f60722

- name: Mirror an interface with a label that other sessions have too
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    network_interface_id: eni-0a1b2c3d4e5f60723
    session_number: 1
    traffic_mirror_filter_name: lab-filter
    traffic_mirror_target_name: lab-target
    tags:
      Name: app to sensor

- name: Set the name of an existing session
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    network_interface_id: eni-0a1b2c3d4e5f60718
    session_number: 1
    name: web to sensor
  register: web

# If the old interface was deleted, EC2 deleted its session, and the task creates a new one. If the old interface is
# only detached, the task replaces the session. The VNI stays the same in both cases.
- name: Mirror the new interface of a rebuilt server
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    name: db to sensor
    network_interface_id: eni-0a1b2c3d4e5f60751
    traffic_mirror_filter_name: lab-filter
    traffic_mirror_target_name: lab-target
    virtual_network_id: 4711
    allow_replacement: true

- name: Move the session of a running server to another server
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    traffic_mirror_session_id: "{{ web.traffic_mirror_session.traffic_mirror_session_id }}"
    name: web to sensor
    network_interface_id: eni-0a1b2c3d4e5f60741
    allow_replacement: true

- name: Mirror the database server for four hours
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    name: incident 4711
    network_interface_id: eni-0a1b2c3d4e5f60751
    traffic_mirror_filter_name: lab-filter
    traffic_mirror_target_name: lab-target
    expires_in: 4h

- name: Extend the mirroring until Friday evening
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    name: incident 4711
    expires_at: "2099-11-27T18:00:00+01:00"

- name: Mirror the database server without an end
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    name: incident 4711
    expires_at: ""

- name: Stop mirroring the web server
  vtap.aws.ec2_traffic_mirror_session:
    region: eu-west-1
    name: web to sensor
    state: absent
"""

RETURN = r"""
traffic_mirror_session:
  description:
    - The session. Empty if it does not exist.
    - In check mode, the id of a new session is a placeholder. C(arn), C(owner_id) and a random VNI are omitted.
  returned: success
  type: dict
  contains:
    arn:
      description: The ARN of the session.
      returned: when the session exists
      type: str
      sample: arn:aws:ec2:eu-west-1:123456789012:traffic-mirror-session/tms-0a1b2c3d4e5f60718
    description:
      description: The description. An empty string if it has none.
      returned: when the session exists
      type: str
      sample: web to sensor
    expires_at:
      description:
        - The time at which the session expires, in UTC.
        - In check mode, a time that O(expires_in) would set is omitted.
      returned: when the session exists and has a valid tag C(vtap:expires)
      type: str
      sample: '2026-11-26T16:00:00Z'
    network_interface_id:
      description: The source network interface.
      returned: when the session exists
      type: str
      sample: eni-0a1b2c3d4e5f60718
    owner_id:
      description: The id of the account that owns the session.
      returned: when the session exists
      type: str
      sample: '123456789012'
    packet_length:
      description: The number of bytes of each packet that are mirrored. V(0) means whole packets.
      returned: when the session exists
      type: int
      sample: 8500
    session_number:
      description: The evaluation order of the session on its interface, lowest first.
      returned: when the session exists
      type: int
      sample: 1
    tags:
      description: The tags of the session.
      returned: when the session exists
      type: dict
      sample: {'Team': 'netsec'}
    traffic_mirror_filter_id:
      description: The filter that determines which packets are mirrored.
      returned: when the session exists
      type: str
      sample: tmf-0a1b2c3d4e5f60718
    traffic_mirror_session_id:
      description: The id of the session.
      returned: when the session exists
      type: str
      sample: tms-0a1b2c3d4e5f60718
    traffic_mirror_target_id:
      description: The target that receives the mirrored packets.
      returned: when the session exists
      type: str
      sample: tmt-0a1b2c3d4e5f60718
    virtual_network_id:
      description: The VXLAN network identifier (VNI) of the mirrored packets.
      returned: when the session exists
      type: int
      sample: 7159709
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
      sample: ModifyTrafficMirrorSession
    resource:
      description: The resource that the call changes.
      type: str
      returned: always
      sample: session tms-0a1b2c3d4e5f60718 (network_interface_id eni-0a1b2c3d4e5f60718, session_number 1)
    reason:
      description: The reason for the call.
      type: str
      returned: always
      sample: "description: '' -> 'web to sensor'"
pending:
  description:
    - The filter and the target that do not exist yet and are assumed to be created earlier in the play.
    - The keys are the options that take their ids. The values are the names in the task or in the placeholders.
  returned: in check mode, when the filter or the target does not exist yet
  type: dict
  sample: {'traffic_mirror_filter_id': 'dns'}
error:
  description: The EC2 call that failed and the error that EC2 returned.
  returned: when an EC2 call failed
  type: dict
  contains:
    code:
      description: The EC2 error code. An empty string if EC2 sent no reply.
      type: str
      returned: always
      sample: NetworkInterfaceNotSupported
    message:
      description: The EC2 error message.
      type: str
      returned: always
      sample: eni-0a1b2c3d4e5f60731 must be attached to a supported instance
    operation:
      description: The EC2 API action that failed.
      type: str
      returned: always
      sample: CreateTrafficMirrorSession
"""

from ..module_utils._model.resource_types import SESSION
from ..module_utils._resources import session, session_expiry
from ..module_utils._runtime.module import resource_module, run


def main():
    module = resource_module(
        SESSION,
        references=session.REFERENCES,
        extra_options=session_expiry.OPTIONS,
        exclusive=session_expiry.EXCLUSIVE,
    )
    run(module, SESSION, session.check, session.create_planner(module.params))


if __name__ == "__main__":
    main()
