# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ec2_traffic_mirror_fleet module: argument spec, run, result."""

from __future__ import annotations

from collections import Counter
from typing import Any, NoReturn

# Imported first, because it stops garbage collection before most modules are loaded.
from .._runtime.module import connect, create_module, error_details, fail, finish, format_conflict

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule  # isort: skip
from .._batch.entry import Status, summarize
from .._ec2.client import Ec2, config_for  # isort: skip
from .._ec2.error_messages import format_error
from .._ec2.errors import Ec2Error
from .._ec2.rate_limiter import BURST, PER_SECOND, RateLimiter
from .._model.errors import ConflictError, DryRunExecutedError, ValidationError
from .._model.placeholders import with_placeholders
from .._model.plan import Plan
from .._model.text import printable
from .._model.validation import check_number
from .._runtime.argument_spec import COMMON_OPTIONS
from .._runtime.executor import dry_run_errors, retry_on_stale
from .._runtime.record import RETRY_DELAYS
from .coverage import Coverage, measure_coverage, sessions_after
from .discovery import READERS, describe_current, resolve
from .executor import FleetExecutor
from .guards import check_eligible, check_limits, describe_held_back, find_excess_deletions
from .options import MANAGED_SERVICES, Fleet
from .ownership import check_other_fleets
from .plan_entry import AwsState, FleetEntry
from .planner import plan
from .report import format_plan, list_notes, list_warnings, pending, vni_map
from .selection import STATES, TAG_SOURCES

# The number of lines of each action in the diff. The plan in the result is complete.
MAX_DIFF_LINES = 100
# The number of rows of each list in the result of a failed task, and of lines of each action in its message: Ansible
# prints the whole result of a failed task.
MAX_FAILED_ROWS = 20
MAX_WORKERS = 50
# The range of api_rate, in calls per second. A much lower rate could overflow time.sleep in the middle of a run.
MIN_RATE, MAX_RATE = 0.01, 100000
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
            "max_deletes": {"default": "10 or 10%"},
            "min_coverage": {},
            "include_unchanged": {"type": "bool", "default": False},
            "workers": {"type": "int", "default": 10},
            "api_rate": {"type": "float", "default": PER_SECOND},
            "api_burst": {"type": "int", "default": BURST},
            **COMMON_OPTIONS,
        },
        mutually_exclusive=[("traffic_mirror_filter_id", "traffic_mirror_filter_name")],
        supports_check_mode=True,
    )


def run_fleet(module: AnsibleAWSModule) -> NoReturn:
    """Run the module: plan, check the limits, execute, return the result."""
    entries: list[FleetEntry] | None = None
    excess, executor = None, None
    try:
        fleet = Fleet.from_options(module.params, module.check_mode)
        _check_rate_options(module.params)
        ec2 = connect(
            module,
            RateLimiter(module.params["api_burst"], module.params["api_rate"]),
            config_for(max(READERS, module.params["workers"])),
        )
        aws_state = _read_state(module, fleet, ec2)
        entries = plan(fleet, aws_state)
        check_other_fleets(fleet, aws_state, entries)
        excess = find_excess_deletions(fleet, entries)
        if excess is not None:
            entries = plan(fleet, aws_state, hold_deletions=True)
        check_limits(fleet, entries)
        if module.params["on_ineligible"] == "fail":
            check_eligible(entries)
        if module.params["verify_permissions"]:
            _verify_permissions(entries, ec2)
        notes = list_notes(fleet, aws_state)
        table = format_plan(entries, MAX_DIFF_LINES, aws_state, notes)
        if not module.check_mode:
            executor = FleetExecutor(fleet, aws_state, ec2, module.params["workers"])
            executor.run(entries)
    except ConflictError as error:
        is_changed = isinstance(error, DryRunExecutedError)
        fail(module, msg=format_conflict(error, ec2), changed=is_changed, **_limit_rows(_format_plan(module, entries)))
    except ValidationError as error:
        fail(module, msg=str(error))
    except Ec2Error as error:
        details = error_details(error)
        fail(module, msg=format_error(error), error=details, **_limit_rows(_format_plan(module, entries)))
    last_read = aws_state.sessions if executor is None else executor.sessions
    sessions = sessions_after(last_read, entries, is_planned=executor is None)
    coverage = measure_coverage(fleet, aws_state, entries, sessions)
    for warning in list_warnings(fleet, aws_state, entries, coverage):
        module.warn(printable(warning))
    pending_names = pending(aws_state)
    changed = any(entry.plan.actions and entry.is_open for entry in entries) if executor is None else False
    result: dict[str, Any] = {
        **_format_plan(module, entries),
        **({"pending": pending_names} if pending_names else {}),
        "changed": changed or any(entry.is_changed for entry in entries),
        "coverage": with_placeholders(coverage.describe()),
        "notes": notes,
        "failed_interfaces": _list_failures(entries),
        "diff": {"prepared": table},
    }
    messages = _list_problems(module, fleet, entries, coverage, excess, executor)
    if not messages:
        finish(module, vni_map=with_placeholders(vni_map(entries)), **result)
    lines = format_plan(entries, MAX_FAILED_ROWS, aws_state, notes).splitlines() if excess is not None else []
    check_error = executor.duplicate_check_error if executor is not None else None
    if check_error is not None:
        result["error"] = error_details(check_error)
    fail(module, msg=[f"{ec2.region}: {' '.join(messages)}", *lines], **_limit_rows(result))


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
        messages.append(_format_failures(fleet, entries))
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


def _format_failures(fleet: Fleet, entries: list[FleetEntry]) -> str:
    failed = [entry for entry in entries if entry.has_failed]
    codes = Counter(entry.error_code or "no code" for entry in failed).most_common()
    counts = ", ".join(f"{count} x {code}" for code, count in codes)
    not_tried = sum(entry.status is Status.NOT_TRIED for entry in failed)
    not_tried_text = f"{not_tried} of them were not tried. " if not_tried else ""
    others = "All other changes were made." if any(entry.is_changed for entry in entries) else "Nothing was changed."
    first = min(failed, key=lambda entry: (entry.status is Status.NOT_TRIED, entry.key))
    return (
        f"{len(failed)} of {len(entries)} interfaces of fleet {fleet.name} failed ({counts}). {not_tried_text}{others} "
        f"Correct the cause and rerun the task. First failure: {first.key}: {first.error}"
    )


def _list_failures(entries: list[FleetEntry]) -> list[dict[str, Any]]:
    """The items of the result C(failed_interfaces), those that were tried first."""
    failed = sorted((e for e in entries if e.has_failed), key=lambda e: (e.status is Status.NOT_TRIED, e.key))
    return [
        {
            "network_interface_id": entry.key,
            "action": entry.action,
            "code": entry.error_code,
            "reason": entry.error,
            "tried": entry.status is Status.FAILED,
        }
        for entry in failed
    ]


def _read_state(module: AnsibleAWSModule, fleet: Fleet, ec2: Ec2) -> AwsState:
    if not fleet.present:
        return describe_current(fleet, None, ec2)
    # A filter or target that an earlier task has just created may not be visible yet.
    references = retry_on_stale(lambda: resolve(fleet, module.params, ec2, module.check_mode), iter(RETRY_DELAYS))
    return describe_current(fleet, references, ec2)


def _check_rate_options(params: dict[str, Any]) -> None:
    check_number("workers", params["workers"], 1, MAX_WORKERS)
    check_number("api_rate", params["api_rate"], MIN_RATE, MAX_RATE)
    check_number("api_burst", params["api_burst"], 1, MAX_RATE)


def _verify_permissions(entries: list[FleetEntry], ec2: Ec2) -> None:
    """Raise ConflictError if a dry run of one call of each EC2 action of the plan fails."""
    first_calls = {
        action.operation: action
        for entry in reversed(entries)
        if entry.is_open
        for action in entry.plan.actions
        if not action.pending
    }
    errors, _unverified = dry_run_errors(Plan(tuple(first_calls.values())), ec2)
    if errors:
        raise ConflictError(
            f"verify_permissions: {len(errors)} of {len(first_calls)} actions would fail. Nothing was changed. "
            f"{' '.join(errors)}"
        )


def _format_plan(module: AnsibleAWSModule, entries: list[FleetEntry] | None) -> dict[str, Any]:
    """The plan and the summary of the result; empty if no plan was created."""
    if entries is None:
        return {}
    is_listed = module.params["include_unchanged"]
    rows = [entry.describe() for entry in entries if is_listed or entry.action != "unchanged"]
    return {"plan": with_placeholders(rows), "summary": summarize(entries)}


def _limit_rows(result: dict[str, Any]) -> dict[str, Any]:
    """The result of a failed task with at most MAX_FAILED_ROWS rows in each list, and the numbers of omitted rows."""
    coverage = result.get("coverage", {})
    lists = {**result, **{f"coverage.{key}": value for key, value in coverage.items()}}
    omitted = {
        key: len(value) - MAX_FAILED_ROWS
        for key, value in lists.items()
        if isinstance(value, list) and len(value) > MAX_FAILED_ROWS
    }
    limited = {key: _shorten(value) for key, value in result.items()}
    if coverage:
        limited["coverage"] = {key: _shorten(value) for key, value in coverage.items()}
    return {**limited, **({"omitted": omitted} if omitted else {})}


def _shorten(value: Any) -> Any:
    return value[:MAX_FAILED_ROWS] if isinstance(value, list) else value
