# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings on the source of a session. Pure."""

from __future__ import annotations

from .._fleet.coverage import find_interface_problem
from .._fleet.instance_types import SupportedTypes
from .._model.resource_types import ENI, GWLBE, NLB_PACKET_LENGTH, ModuleParams
from .aws_state import AwsState
from .findings import Finding, Status, not_readable

# Bytes that VXLAN adds to a mirrored packet over IPv4 and IPv6 (Traffic Mirroring guide, "MTU and packet length
# limitations"), the smallest MTU of an interface in a VPC (EC2 User Guide, "Network maximum transmission unit"), and
# the MTU of Gateway Load Balancer endpoints (Traffic Mirroring guide, "Quotas").
_OVERHEAD, _OVERHEAD_IPV6, _SMALLEST_MTU, _GWLBE_MTU = 54, 74, 1500, 8500
# What to do about an instance in these states.
_FIXES = {
    "pending": "Wait until the instance runs.",
    "stopping": "Start the instance.",
    "stopped": "Start the instance.",
    "shutting-down": "Delete the session.",
    "terminated": "Delete the session.",
}


def judge_source(session: ModuleParams, target: ModuleParams | None, state: AwsState) -> list[Finding]:
    """The findings on the source interface of a session."""
    interface_id = session["network_interface_id"]
    interface = state.parse_interface(interface_id)
    if interface is None:
        failure = state.find_failure("DescribeNetworkInterfaces")
        if failure:
            return [not_readable("source", interface_id, failure, [interface_id])]
        message = f"{interface_id} does not exist, or belongs to another account"
        fix = "Delete the session if the interface was deleted."
        return [Finding("source", Status.PROBLEM, message, fix, (interface_id,))]
    problem = find_interface_problem(interface)
    ids = tuple(filter(None, (interface_id, interface.attached_to)))
    if problem:
        state_name = interface.instance.state if interface.instance else ""
        fix = _FIXES.get(state_name, "Attach the interface to an instance.")
        return [Finding("source", Status.PROBLEM, f"{interface_id}: {problem}", fix, ids)]
    instance = interface.instance
    if instance is None:
        label, fix = f"the instance of {interface_id}", "Check the state and the type of the instance."
        findings = [not_readable("source", label, state.find_failure("DescribeInstances"), ids, fix)]
    else:
        message = f"{interface_id} is attached, and its instance is running"
        findings = [Finding("source", Status.OK, message, ids=ids)]
        if not SupportedTypes().supports(instance.type):
            message = (
                f"instance type {instance.type} of {instance.id} is not in the list of supported types of 2026-11-25"
            )
            fix = "Use an instance type that supports Traffic Mirroring."
            findings.append(Finding("source", Status.PROBLEM, message, fix, (instance.id,)))
    if interface.ipv6_only:
        message = f"{interface.subnet_id} is IPv6-only; EC2 does not mirror its interfaces"
        fix = "Use an interface in a subnet with IPv4 addresses."
        findings.append(Finding("source", Status.PROBLEM, message, fix, (interface.subnet_id,)))
    return [*findings, *_judge_size(session, target)]


def _judge_size(session: ModuleParams, target: ModuleParams | None) -> list[Finding]:
    """A hint about packets that can be too large for the target, unless the session truncates all of them."""
    length = session.get("packet_length", 0)
    if target is None or 0 < length <= _SMALLEST_MTU - _OVERHEAD:
        return []
    compare = "Check the MTU of the source"
    if target.get("type") == ENI:
        limit = f"the MTU of the target minus {_OVERHEAD} bytes are truncated (IPv6: {_OVERHEAD_IPV6})"
        compare = "Compare the MTU of the source with that of the target"
    elif target.get("type") == GWLBE:
        limit = f"{_GWLBE_MTU - _OVERHEAD} bytes are truncated (IPv6: {_GWLBE_MTU - _OVERHEAD_IPV6})"
    else:
        limit = f"{NLB_PACKET_LENGTH} bytes are truncated"
    message = f"packets that exceed {limit}; the MTU is not visible"
    fix = f"{compare}, if the sensor reports truncated packets."
    return [Finding("source", Status.UNKNOWN, message, fix, (session["network_interface_id"],))]
