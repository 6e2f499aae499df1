# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of a fleet against the emulator: plan, results, calls and sessions."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._fleet import planner
from ansible_collections.vtap.aws.plugins.module_utils._fleet.coverage import measure_coverage, sessions_after
from ansible_collections.vtap.aws.plugins.module_utils._fleet.discovery import describe_current, resolve
from ansible_collections.vtap.aws.plugins.module_utils._fleet.executor import FleetExecutor
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION

from tests.unit.batch.runs import BatchRun, connect
from tests.unit.fleet.builders import options

WEB = "eni-0a1b2c3d4e5f60718"
PARAMS = {
    "sources": [{"instance_types": ["m5.*", "c5.*"]}],
    "targets": [{"traffic_mirror_target_name": "lab-target"}],
    "traffic_mirror_filter_id": None,
    "traffic_mirror_filter_name": "lab-filter",
}
CREATE = "CreateTrafficMirrorSession"
MODIFY = "ModifyTrafficMirrorSession"
DELETE = "DeleteTrafficMirrorSession"


class FleetRun(BatchRun):
    """One run of a fleet. It has a plan, and after execute() results.

    given: options that differ from PARAMS.
    """

    def __init__(self, ec2, workers=5, **given):
        params = options(**{**PARAMS, **given})
        self.fleet = Fleet.from_options(params)
        references = resolve(self.fleet, params, ec2, False) if self.fleet.present else None
        self.aws_state = describe_current(self.fleet, references, ec2)
        self.entries = planner.plan(self.fleet, self.aws_state)
        self.executor = FleetExecutor(self.fleet, self.aws_state, ec2, workers)

    def execute(self):
        self.executor.run(self.entries)
        return self

    @property
    def skips(self):
        """The reasons of the skipped interfaces."""
        return {entry.key: entry.reason for entry in self.entries if entry.action == "skip"}

    @property
    def sessions(self):
        """The sessions that the run reports."""
        return sessions_after(self.executor.sessions, self.entries, is_planned=False)

    @property
    def coverage(self):
        return measure_coverage(self.fleet, self.aws_state, self.entries, self.sessions).describe()

    def counts(self):
        """The numbers of mirrored and unmirrored interfaces."""
        return self.coverage["mirrored"], self.coverage["unmirrored"]


def plan_fleet(running, **given):
    """Plan one run."""
    return FleetRun(connect(running), **given)


def assert_reports_truth(run, running):
    """The reported sessions are those that EC2 has, with equal targets and tags."""
    described = connect(running).describe(SESSION)
    assert {one[SESSION.id_option]: one for one in run.sessions} == {one[SESSION.id_option]: one for one in described}


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
