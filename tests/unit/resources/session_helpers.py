# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helpers for the unit tests of session plans: fixed Describe results and planning."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._model import api_objects
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import NLB, SESSION
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import TARGET as TARGET_TYPE
from ansible_collections.vtap.aws.plugins.module_utils._resources import session

WEB, DB = "eni-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60751"
FILTER, TARGET, TARGET_2 = "tmf-0a1b2c3d4e5f60718", "tmt-0a1b2c3d4e5f60718", "tmt-0a1b2c3d4e5f60719"
NEW = {"network_interface_id": WEB, "traffic_mirror_filter_id": FILTER, "traffic_mirror_target_id": TARGET}


INSTANCE = "i-0a1b2c3d4e5f60718"
SENSOR = "eni-0a1b2c3d4e5f60741"


class FakeReader:
    """Returns these sessions, and records the Describe calls.

    types: target types by id, Network Load Balancer if not listed. named: filters and targets with Name tags. foreign:
    whether the sessions belong to another account. interfaces, instances: the replies by id, None for one that does not
    exist, or an exception; those that are not listed exist, the interfaces attached to the instance INSTANCE, which
    runs. Ids of 17 zeros do not exist.
    """

    def __init__(self, *sessions, types=None, named=None, foreign=False, interfaces=None, instances=None):
        self.sessions, self.types, self.named, self.foreign = list(sessions), types or {}, named or [], foreign
        self.interfaces, self.instances = interfaces or {}, instances or {}
        self.calls = []

    def describe(self, resource_type, ids=(), filters=None, child_tags=False):
        self.calls.append(resource_type.key)
        if resource_type is SESSION:
            rows = [r for r in self.sessions if not ids or r[SESSION.id_option] in ids]
            for name, values in (filters or {}).items():
                rows = [r for r in rows if r[name.replace("-", "_")] in values]
            return rows
        if ids:
            destination = {"network_interface_id": SENSOR} if resource_type is TARGET_TYPE else {}
            return [
                {resource_type.id_option: one, "type": self.types.get(one, NLB), "tags": {}, **destination}
                for one in ids
                if "0" * 17 not in one
            ]
        return [row for row in self.named if resource_type.id_option in row]

    def is_foreign(self, owner):
        self.calls.append("owner")
        return self.foreign

    def interface(self, network_interface_id):
        self.calls.append("interface")
        return reply(self.interfaces.get(network_interface_id, {"Attachment": {"InstanceId": INSTANCE}}))

    def instance(self, instance_id):
        self.calls.append("instance")
        return reply(self.instances.get(instance_id, {"InstanceType": "m5.large", "State": {"Name": "running"}}))


def reply(value):
    """Return the value, or raise it if it is an exception."""
    if isinstance(value, Exception):
        raise value
    return value


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


def plan_session(reader, check_mode=False, now=None, **options):
    params = {"state": "present", "purge_tags": True, "allow_replacement": False, "adopt": False, **options}
    desired = DesiredState.from_options(SESSION, params, check_mode, now)
    session.check(desired)
    return session.create_planner(params)(desired, reader, check_mode)


def operations(plan):
    return [action.operation for action in plan.actions]
