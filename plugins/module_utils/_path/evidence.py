# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings on what CloudWatch recorded for the source of a session. Pure.

CloudWatch has metrics of instances, not of single interfaces or sessions (Traffic Mirroring guide, "Monitor mirrored
traffic").
"""

from __future__ import annotations

from collections.abc import Iterator

from .._model.resource_types import ModuleParams
from .aws_state import AwsState
from .findings import Finding, Status, not_readable


def instance_of(session: ModuleParams, state: AwsState) -> str:
    """The instance of the source of a session, empty if unknown."""
    attachment = state.interfaces.get(session["network_interface_id"], {}).get("Attachment") or {}
    return str(attachment.get("InstanceId", ""))


def judge_metrics(session: ModuleParams, state: AwsState) -> Iterator[Finding]:
    """The findings on the bytes of the last hour."""
    instance_id = instance_of(session, state)
    ids = (instance_id,)
    failure = state.find_failure("GetMetricData")
    if not instance_id:
        ids = (session["network_interface_id"],)
        yield not_readable("evidence", "the metrics of the source", None, ids, "Check the instance of the source.")
        return
    if failure:
        yield not_readable("evidence", f"the metrics of {instance_id}", failure, ids)
        return
    mirrored, skipped = state.mirrored.get(instance_id, 0), state.skipped.get(instance_id, 0)
    if mirrored:
        yield Finding("evidence", Status.OK, f"{instance_id} mirrored {mirrored} bytes in the last hour", ids=ids)
    else:
        message = f"{instance_id} mirrored no bytes in the last hour: no packet matched, or none was sent"
        fix = "Send a packet that the filter accepts, and read the metrics after five minutes."
        yield Finding("evidence", Status.UNKNOWN, message, fix, ids)
    if skipped:
        message = f"{instance_id} skipped {skipped} bytes in the last hour, because other traffic has priority"
        fix = "Use a larger instance, a narrower filter or a smaller packet_length."
        yield Finding("evidence", Status.PROBLEM, message, fix, ids)
