# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of a fleet against the emulator: executor, calls and sessions."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.discovery import describe_current, resolve
from ansible_collections.vtap.aws.plugins.module_utils._fleet.executor import FleetExecutor
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet

from tests.unit.fleet.builders import options

WEB = "eni-0a1b2c3d4e5f60718"
PARAMS = {
    "sources": [{"instance_types": ["m5.*", "c5.*"]}],
    "targets": [{"traffic_mirror_target_name": "lab-target"}],
    "traffic_mirror_filter_id": None,
    "traffic_mirror_filter_name": "lab-filter",
}
CREATE = "CreateTrafficMirrorSession"
DELETE = "DeleteTrafficMirrorSession"


def create_executor(ec2, **given):
    """Return the executor of one run and the entries of its plan. given: options that differ from PARAMS."""
    params = options(**{**PARAMS, **given})
    fleet = Fleet.from_options(params)
    references = resolve(fleet, params, ec2, False) if fleet.present else None
    aws_state = describe_current(fleet, references, ec2)
    return FleetExecutor(fleet, aws_state, ec2, workers=5), planner.plan(fleet, aws_state)


def list_calls(emulator, action):
    return [entry for entry in emulator.log() if entry["action"] == action]


def list_fleet_sessions(running):
    """The sessions of the fleet ids, as EC2 returns them."""
    sessions = running[1].describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    return [session for session in sessions if {"Key": "vtap:fleet", "Value": "ids"} in session["Tags"]]


def delete_interface_calls(emulator, interface_id):
    """The calls that detach and delete an interface."""
    interfaces = emulator.client().describe_network_interfaces(NetworkInterfaceIds=[interface_id])["NetworkInterfaces"]
    attachment_id = interfaces[0]["Attachment"]["AttachmentId"]
    return [
        {"action": "DetachNetworkInterface", "parameters": {"AttachmentId": attachment_id, "Force": True}},
        {"action": "DeleteNetworkInterface", "parameters": {"NetworkInterfaceId": interface_id}},
    ]


def delete_session_call(session_id):
    """The call that deletes a session."""
    return {"action": DELETE, "parameters": {"TrafficMirrorSessionId": session_id}}


def web_session_params(number, **more):
    """The parameters that create a session of the fleet on the interface of the web server."""
    return {
        "NetworkInterfaceId": WEB,
        "SessionNumber": number,
        "TrafficMirrorTargetId": "tmt-0a1b2c3d4e5f60718",
        "TrafficMirrorFilterId": "tmf-0a1b2c3d4e5f60718",
        "TagSpecifications": [
            {"ResourceType": "traffic-mirror-session", "Tags": [{"Key": "vtap:fleet", "Value": "ids"}]}
        ],
        **more,
    }
