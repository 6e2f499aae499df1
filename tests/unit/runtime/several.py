# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for several resources: two filters with a rule of the same number each, and a session for each filter."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import CreatedIdRef, DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Plan
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION
from ansible_collections.vtap.aws.plugins.module_utils._resources import filter as filter_resource
from ansible_collections.vtap.aws.plugins.module_utils._resources import session

from tests.unit.resources.rule_options import rule

DEFAULTS = {"state": "present", "purge_tags": True, "purge_rules": True, "allow_replacement": False, "adopt": False}
SENSOR = "eni-0a1b2c3d4e5f60741"
# By name: the port of the filter's only rule, and the interface of the session with that filter.
NAMES = {"dns": ("53", "eni-0a1b2c3d4e5f60718"), "tls": ("443", "eni-0a1b2c3d4e5f60751")}
DNS, TLS = (CreatedIdRef(FILTER, name) for name in NAMES)


def seed_target(ec2):
    """Create the target of the sessions. Returns its id."""
    return ec2.execute("CreateTrafficMirrorTarget", {"NetworkInterfaceId": SENSOR})["TrafficMirrorTarget"][
        "TrafficMirrorTargetId"
    ]


def plan_several(ec2, target_id, **filter_options):
    """Read the state of ec2 and plan. filter_options: further options of both filters."""
    parts, actions = {}, []
    for name, (port, _interface) in NAMES.items():
        rules = [rule(100, protocol="udp", destination_port=port)]
        desired = DesiredState.from_options(FILTER, {**DEFAULTS, "name": name, "rules": rules, **filter_options})
        state = filter_resource.describe_current(desired, ec2)
        parts[desired.new_id] = filter_resource.plan(desired, state)
    for name, (_port, interface) in NAMES.items():
        new_filter = CreatedIdRef(FILTER, name)
        values = {
            "traffic_mirror_filter_id": parts[new_filter].after.get(FILTER.id_option, new_filter),
            "traffic_mirror_target_id": target_id,
        }
        desired = DesiredState.from_options(SESSION, {**DEFAULTS, "name": name, "network_interface_id": interface})
        desired = replace(desired, values={**desired.values, **values})
        state = session.describe_current(desired, ec2, False)
        parts[desired.new_id] = session.plan(desired, state)
    for part in parts.values():
        actions += part.actions
    return Plan(tuple(actions), replaces=any(part.replaces for part in parts.values()), parts=parts)
