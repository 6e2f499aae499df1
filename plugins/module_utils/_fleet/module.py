# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ec2_traffic_mirror_fleet module: argument spec, run, result."""

from __future__ import annotations

from typing import Any, NoReturn

# Imported first, because it stops garbage collection before most modules are loaded.
from .._runtime.module import create_module, error_details, format_conflict

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule  # isort: skip
from .._batch.guards import describe_held_back
from .._batch.results import (
    BATCH_OPTIONS,
    MAX_DIFF_LINES,
    MAX_FAILED_ROWS,
    connect_batch,
    describe_entries,
    describe_failure,
    estimate_duration,
    format_failures,
    is_changed,
    limit_rows,
    sort_failures,
    verify_permissions,
)
from .._ec2.client import Ec2
from .._ec2.error_messages import format_error
from .._ec2.errors import Ec2Error
from .._model.errors import ConflictError, DryRunExecutedError, ValidationError
from .._model.placeholders import with_placeholders
from .._model.text import printable
from .._report.files import FILE_OPTIONS
from .._runtime.argument_spec import COMMON_OPTIONS
from .._runtime.executor import retry_on_stale
from .._runtime.record import RETRY_DELAYS
from .coverage import Coverage, measure_coverage, sessions_after
from .discovery import READERS, describe_current, resolve
from .executor import FleetExecutor
from .guards import check_eligible, check_limits, plan_guarded
from .options import MANAGED_SERVICES, Fleet
from .plan_entry import AwsState, FleetEntry, count_causes
from .report import format_plan, list_notes, list_warnings, pending, vni_map
from .run_report import RunReport
from .selection import STATES, TAG_SOURCES

_LIST = {"type": "list", "elements": "str"}
_SELECTOR = {
    "type": "list",
    "elements": "dict",
    "options": {
        "network_interface_ids": _LIST,
        "instance_ids": _LIST,
        "vpc_ids": _LIST,
        "subnet_ids": _LIST,
        "availability_zones": _LIST,
        "instance_types": _LIST,
        "tags": {"type": "dict"},
        "tag_source": {"choices": list(TAG_SOURCES), "default": "any"},
        "interfaces": {"choices": ["all", "primary"], "default": "all"},
        "instance_states": {**_LIST, "choices": list(STATES)},
    },
}


def fleet_module() -> AnsibleAWSModule:
    """Create the module and parse its options."""
    return create_module(
        argument_spec={
            "state": {"choices": ["present", "absent"], "default": "present"},
            "name": {"required": True},
            "sources": _SELECTOR,
            "exclude": _SELECTOR,
            "targets": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "traffic_mirror_target_id": {},
                    "traffic_mirror_target_name": {},
                    "capacity": {"type": "int"},
                    "availability_zones": _LIST,
                },
            },
            "traffic_mirror_filter_id": {},
            "traffic_mirror_filter_name": {},
            "session_numbers": {},
            "packet_length": {"type": "int"},
            "virtual_network_id": {"type": "int"},
            "vni_range": {},
            "description": {},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "adopt": {"type": "bool", "default": False},
            "adopt_fleets": _LIST,
            "purge": {"type": "bool", "default": True},
            "on_stopped": {"choices": ["keep", "delete"], "default": "keep"},
            "on_ineligible": {"choices": ["skip", "fail"], "default": "skip"},
            "supported_instance_types": _LIST,
            "additional_instance_types": _LIST,
            "managed_services": {**_LIST, "choices": list(MANAGED_SERVICES)},
            "participant_interfaces": {"type": "bool", "default": False},
            "max_creates": {},
            "max_updates": {},
            "min_coverage": {},
            **{f"report_{name}": spec for name, spec in FILE_OPTIONS.items()},
            **BATCH_OPTIONS,
            **COMMON_OPTIONS,
        },
        mutually_exclusive=[
            ("traffic_mirror_filter_id", "traffic_mirror_filter_name"),
            ("virtual_network_id", "vni_range"),
        ],
        supports_check_mode=True,
    )


def run_fleet(module: AnsibleAWSModule) -> NoReturn:
    """Run the module: plan, check the limits, execute, return the result."""
    entries: list[FleetEntry] | None = None
    excess, executor = None, None
    report = RunReport(module)
    try:
        report.check()
        fleet = Fleet.from_options(module.params, module.check_mode)
        report.ec2 = ec2 = connect_batch(module, READERS)
        report.aws_state = aws_state = _read_state(module, fleet, ec2)
        entries, excess = plan_guarded(fleet, aws_state)
        report.entries = entries
        check_limits(fleet, entries)
        if module.params["on_ineligible"] == "fail":
            check_eligible(entries)
        if module.params["verify_permissions"]:
            verify_permissions(module, entries, ec2)
        notes = list_notes(fleet, aws_state)
        duration, first_line = estimate_duration(module, entries)
        table = first_line + format_plan(entries, MAX_DIFF_LINES, aws_state, notes)
        if not module.check_mode:
            report.carried_out = True
            executor = FleetExecutor(fleet, aws_state, ec2, module.params["workers"])
            executor.run(entries)
    except ConflictError as error:
        plan_result = limit_rows(describe_entries(module, entries))
        changed = isinstance(error, DryRunExecutedError)
        report.fail(msg=format_conflict(error, ec2), changed=changed, **plan_result)
    except ValidationError as error:
        report.fail(msg=str(error))
    except Ec2Error as error:
        details = error_details(error)
        report.fail(msg=format_error(error), error=details, **limit_rows(describe_entries(module, entries)))
    last_read = aws_state.sessions if executor is None else executor.sessions
    sessions = sessions_after(last_read, entries, is_planned=executor is None)
    report.coverage = coverage = measure_coverage(fleet, aws_state, entries, sessions)
    warnings = list_warnings(fleet, aws_state, entries, coverage, sessions)
    for warning in warnings:
        module.warn(printable(warning))
    report.details = {
        # Without calls, the page states no duration.
        "estimated_duration": duration if first_line else None,
        "notes": notes,
        "warnings": warnings,
    }
    result = {
        **_build_result(module, aws_state, entries, coverage),
        "estimated_duration": duration,
        "notes": notes,
        "diff": {"prepared": table},
    }
    messages = _list_problems(module, fleet, entries, coverage, excess, executor)
    if not messages:
        report.finish(vni_map=with_placeholders(vni_map(entries)), **result)
    lines = format_plan(entries, MAX_FAILED_ROWS, aws_state, notes).splitlines() if excess is not None else []
    check_error = executor.duplicate_check_error if executor is not None else None
    if check_error is not None:
        result["error"] = error_details(check_error)
    report.fail(msg=[f"{ec2.region}: {' '.join(messages)}", *lines], **limit_rows(result))


def _build_result(
    module: AnsibleAWSModule, aws_state: AwsState, entries: list[FleetEntry], coverage: Coverage
) -> dict[str, Any]:
    """The keys of the result that describe the run, without those of the plan's text."""
    pending_names = pending(aws_state)
    return {
        **describe_entries(module, entries),
        **({"pending": pending_names} if pending_names else {}),
        "changed": is_changed(entries, module.check_mode),
        "causes": count_causes(entries),
        "coverage": with_placeholders(coverage.describe()),
        "failed_interfaces": [
            {"network_interface_id": entry.key, **describe_failure(entry)} for entry in sort_failures(entries)
        ],
    }


def _list_problems(
    module: AnsibleAWSModule,
    fleet: Fleet,
    entries: list[FleetEntry],
    coverage: Coverage,
    excess: str | None,
    executor: FleetExecutor | None,
) -> list[str]:
    """The reasons for which the task fails at its end, as sentences; empty if it succeeds."""
    messages = []
    if any(entry.has_failed for entry in entries):
        messages.append(format_failures(entries, f"interfaces of fleet {fleet.name}"))
    if excess is not None:
        messages.append(describe_held_back(excess, entries, module.check_mode))
    shortfall = coverage.find_shortfall(fleet.min_coverage) if fleet.present else None
    if shortfall is not None:
        messages.append(shortfall)
    if executor is not None and executor.duplicate_check_error is not None:
        start = "The" if messages else "All changes were made, but the"
        messages.append(
            f"{start} check for duplicates from a concurrent run failed: "
            f"{format_error(executor.duplicate_check_error)} Rerun the task for fleet {fleet.name}; it deletes "
            "duplicates."
        )
    return messages


def _read_state(module: AnsibleAWSModule, fleet: Fleet, ec2: Ec2) -> AwsState:
    if not fleet.present:
        return describe_current(fleet, None, ec2)
    # A filter or target that an earlier task has just created may not be visible yet.
    references = retry_on_stale(lambda: resolve(fleet, module.params, ec2, module.check_mode), iter(RETRY_DELAYS))
    return describe_current(fleet, references, ec2)
