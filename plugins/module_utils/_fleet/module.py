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
from . import report as fleet_report
from .discovery import READERS, describe_current, resolve
from .executor import FleetExecutor, Results
from .guards import check_limits
from .options import LIMITS, SUMMARY_KEYS, Fleet
from .plan_entry import AwsState, PlanEntry, summary
from .planner import plan
from .selection import STATES, TAG_SOURCES

# The number of lines of each action in the diff. The plan in the result is complete.
MAX_DIFF_LINES = 100
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
            "session_numbers": {"default": "1-32766"},
            "packet_length": {"type": "int"},
            "virtual_network_id": {"type": "int"},
            "description": {},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "adopt": {"type": "bool", "default": False},
            "purge": {"type": "bool", "default": True},
            "on_ineligible": {"choices": ["skip", "fail"], "default": "skip"},
            "supported_instance_types": _LIST,
            **{option: {} for option in LIMITS},
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
    entries: list[PlanEntry] | None = None
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
        check_limits(fleet, entries)
        _check_eligible(module, entries)
        if module.params["verify_permissions"]:
            _verify_permissions(entries, ec2)
        predicted = [(entry, entry.session) for entry in entries if entry.action in ("create", "update", "unchanged")]
        diff = {"prepared": fleet_report.table(entries, MAX_DIFF_LINES, aws_state.target_names)}
        if module.check_mode:
            results = Results(predicted, changed=any(entry.plan.actions for entry in entries))
        else:
            results = FleetExecutor(fleet, aws_state, ec2, module.params["workers"]).run(entries)
    except ConflictError as error:
        is_changed = isinstance(error, DryRunExecutedError)
        fail(module, msg=format_conflict(error, ec2), changed=is_changed, **_format_plan(entries))
    except ValidationError as error:
        fail(module, msg=str(error), **_format_plan(entries))
    except Ec2Error as error:
        fail(module, msg=format_error(error), error=error_details(error), **_format_plan(entries))
    pending = fleet_report.pending(aws_state)
    for warning in fleet_report.warnings(entries, pending) if fleet.present else ():
        module.warn(printable(warning))
    result: dict[str, Any] = {
        **_format_plan(entries),
        **({"pending": pending} if pending else {}),
        "changed": results.changed,
        "coverage": fleet_report.coverage(entries),
        "vni_map": with_placeholders(fleet_report.vni_map(results.sessions)),
        "failed_interfaces": results.failed,
        "diff": diff,
    }
    if results.failed:
        fail(module, msg=_format_failures(fleet, ec2.region, entries, results), **result)
    if results.duplicate_check_error:
        fail(
            module,
            msg="All changes were made, but the check for duplicates from a concurrent run failed: "
            f"{format_error(results.duplicate_check_error)} Rerun the task for fleet {fleet.name}; it deletes "
            "duplicates.",
            error=error_details(results.duplicate_check_error),
            **result,
        )
    finish(module, **result)


def _format_failures(fleet: Fleet, region: str, entries: list[PlanEntry], results: Results) -> str:
    failed = results.failed
    codes = Counter(failure["code"] or "no code" for failure in failed).most_common()
    counts = ", ".join(f"{count} x {code}" for code, count in codes)
    others = "All other changes were made." if results.changed else "Nothing was changed."
    return (
        f"{len(failed)} of {len(entries)} interfaces of fleet {fleet.name} in {region} failed ({counts}). {others} "
        "Correct the cause and rerun the task. "
        f"First failure: {failed[0]['network_interface_id']}: {failed[0]['reason']}"
    )


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


def _check_eligible(module: AnsibleAWSModule, entries: list[PlanEntry]) -> None:
    """Raise ConflictError if on_ineligible is fail and EC2 cannot mirror a selected interface."""
    ineligible = [entry for entry in entries if entry.ineligible]
    if ineligible and module.params["on_ineligible"] == "fail":
        raise ConflictError(
            f"{len(ineligible)} selected interfaces cannot be mirrored, and on_ineligible is fail. Nothing was "
            f"changed. First interface: {ineligible[0].interface_id}: {ineligible[0].reason}."
        )


def _verify_permissions(entries: list[PlanEntry], ec2: Ec2) -> None:
    """Raise ConflictError if a dry run of one call of each EC2 action of the plan fails."""
    first_calls = {
        action.operation: action for entry in reversed(entries) for action in entry.plan.actions if not action.pending
    }
    errors, _unverified = dry_run_errors(Plan(tuple(first_calls.values())), ec2)
    if errors:
        raise ConflictError(
            f"verify_permissions: {len(errors)} of {len(first_calls)} actions would fail. Nothing was changed. "
            f"{' '.join(errors)}"
        )


def _format_plan(entries: list[PlanEntry] | None) -> dict[str, Any]:
    """The plan and the summary of the result; empty if no plan was created."""
    if entries is None:
        return {}
    return {
        "plan": with_placeholders([entry.describe() for entry in entries]),
        "summary": {SUMMARY_KEYS[action]: count for action, count in summary(entries).items()},
    }
