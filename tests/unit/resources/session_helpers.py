# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helpers for the unit tests of session plans: fixed Describe results and planning."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._model import api_objects
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import NLB, SESSION
from ansible_collections.vtap.aws.plugins.module_utils._resources import session

WEB, DB = "eni-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60751"
FILTER, TARGET, TARGET_2 = "tmf-0a1b2c3d4e5f60718", "tmt-0a1b2c3d4e5f60718", "tmt-0a1b2c3d4e5f60719"
NEW = {"network_interface_id": WEB, "traffic_mirror_filter_id": FILTER, "traffic_mirror_target_id": TARGET}


class FakeReader:
    """Returns these sessions, and records the Describe calls.

    types: target types by id, Network Load Balancer if not listed. named: filters and targets with Name tags. foreign:
    whether the sessions belong to another account. Ids of 17 zeros do not exist.
    """

    def __init__(self, *sessions, types=None, named=None, foreign=False):
        self.sessions, self.types, self.named, self.foreign = list(sessions), types or {}, named or [], foreign
        self.calls = []

    def describe(self, resource_type, ids=(), filters=None, child_tags=False):
        self.calls.append(resource_type.key)
        if resource_type is SESSION:
            on = (filters or {}).get("network-interface-id")
            rows = [r for r in self.sessions if on is None or r["network_interface_id"] in on]
            return [r for r in rows if not ids or r[SESSION.id_option] in ids]
        if ids:
            return [
                {resource_type.id_option: one, "type": self.types.get(one, NLB)} for one in ids if "0" * 17 not in one
            ]
        return [row for row in self.named if resource_type.id_option in row]

    def is_foreign(self, owner):
        self.calls.append("owner")
        return self.foreign


def session_row(number=1, digit="1", interface=WEB, **members):
    name = members.pop("name", None)
    reply = {
        "TrafficMirrorSessionId": f"tms-{digit * 17}",
        "NetworkInterfaceId": interface,
        "SessionNumber": number,
        "TrafficMirrorFilterId": FILTER,
        "TrafficMirrorTargetId": TARGET,
        "VirtualNetworkId": 77,
        "OwnerId": "123456789012",
        "Tags": [{"Key": "Name", "Value": name}] if name else [],
        **members,
    }
    return api_objects.from_api(SESSION, reply, "arn:aws:ec2:eu-west-1")


def plan_session(reader, check_mode=False, **options):
    params = {"state": "present", "purge_tags": True, "allow_replacement": False, **options}
    desired = DesiredState.from_options(SESSION, params)
    session.check(desired)
    return session.create_planner(params)(desired, reader, check_mode)


def operations(plan):
    return [action.operation for action in plan.actions]
