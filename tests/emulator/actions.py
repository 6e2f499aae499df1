# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions that the emulator implements, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import describe, filters, network, paths, sessions, tags, targets
from .calls import Call
from .store import FILTER, RULE, SESSION, TARGET

ACTIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "CreateTrafficMirrorFilter": filters.create,
    "CreateTrafficMirrorFilterRule": filters.create_rule,
    "CreateTrafficMirrorSession": sessions.create,
    "CreateTrafficMirrorTarget": targets.create,
    "DeleteTrafficMirrorFilter": filters.delete,
    "DeleteTrafficMirrorFilterRule": filters.delete_rule,
    "DeleteTrafficMirrorSession": sessions.delete,
    "DeleteTrafficMirrorTarget": targets.delete,
    "DescribeTrafficMirrorFilters": describe.make_action(FILTER),
    "DescribeTrafficMirrorFilterRules": describe.make_action(RULE),
    "DescribeTrafficMirrorSessions": describe.make_action(SESSION),
    "DescribeTrafficMirrorTargets": describe.make_action(TARGET),
    "ModifyTrafficMirrorFilterNetworkServices": filters.modify_network_services,
    "ModifyTrafficMirrorFilterRule": filters.modify_rule,
    "ModifyTrafficMirrorSession": sessions.modify,
}

# Actions that cover moto's resources as well.
SHARED: dict[str, Callable[[Call], dict[str, Any]]] = {
    "CreateTags": tags.create,
    "DeleteTags": tags.delete,
    "DescribeInstances": network.instances,
    "DescribeManagedPrefixLists": paths.listing,
    "DescribeNetworkAcls": paths.listing,
    "DescribeNetworkInterfaces": network.interfaces,
    "DescribeRouteTables": paths.listing,
    "DescribeSecurityGroups": paths.listing,
    "DescribeSubnets": paths.listing,
    "DescribeTags": tags.describe_all,
    "DescribeVpcEndpointServiceConfigurations": paths.listing,
    "DescribeVpcEndpointServices": paths.listing,
    "DescribeVpcEndpoints": paths.endpoints,
    "DescribeVpcPeeringConnections": paths.listing,
    "GetManagedPrefixListEntries": paths.prefix_list_entries,
}
