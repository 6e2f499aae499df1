# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet's argument spec, and its way from options to result."""

from __future__ import annotations

from collections import Counter
from typing import Any, NoReturn

# Imported first: it stops garbage collection before much is loaded.
from .._runtime.module import connect, create_module, details, fail, finish

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule  # isort: skip
from .._ec2.client import Ec2, config_for  # isort: skip
from .._ec2.error_messages import format_error
from .._ec2.errors import Ec2Error
from .._ec2.rate_limiter import BURST, PER_SECOND, RateLimiter
from .._model.errors import ConflictError, ValidationError
from .._model.plan import Plan
from .._model.text import printable
from .._model.validation import check_number
from .._runtime.argument_spec import DEFAULTS
from .._runtime.executor import RETRY_DELAYS, dry_run_errors, retry_on_stale
from . import report as fleet_report
from .discovery import READERS, describe_current, resolve
from .executor import FleetExecutor, Results
from .guards import check_limits
from .options import LIMITS, SUMMARY_KEYS, Fleet
from .plan_entry import AwsState, PlanEntry, summary
from .planner import plan
from .selection import STATES, TAG_SOURCES

# Lines of each action that the diff shows; the result's plan has all.
SHOWN = 100
WORKERS = 50
# The range of the pace, in calls per second: a pause that no clock can count to would be a failure half-way.
SLOWEST, FASTEST = 0.01, 100000
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
    """The module with its options read."""
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
            **DEFAULTS,
        },
        mutually_exclusive=[("traffic_mirror_filter_id", "traffic_mirror_filter_name")],
        supports_check_mode=True,
    )


def run_fleet(module: AnsibleAWSModule) -> NoReturn:
    """One task, from options to result."""
    rows: list[PlanEntry] | None = None
    try:
        desired = Fleet.from_options(module.params)
        _check_speed(module.params)
        ec2 = connect(
            module,
            RateLimiter(module.params["api_burst"], module.params["api_rate"]),
            config_for(max(READERS, module.params["workers"])),
        )
        aws_state = _look(module, desired, ec2)
        rows = plan(desired, aws_state)
        check_limits(desired, rows)
        ineligible_entries = [row for row in rows if row.ineligible]
        if ineligible_entries and module.params["on_ineligible"] == "fail":
            raise ConflictError(
                f"{len(ineligible_entries)} selected interfaces cannot be mirrored and on_ineligible is fail; nothing "
                f"was changed. The first: {ineligible_entries[0].interface_id}: {ineligible_entries[0].reason}."
            )
        if module.params["verify_permissions"]:
            _verify(rows, ec2)
        foreseen = [(row, row.session) for row in rows if row.action in ("create", "update", "unchanged")]
        diff = {"prepared": fleet_report.table(rows, SHOWN, aws_state.target_names)}
        if module.check_mode:
            results = Results(foreseen, changed=any(row.plan.actions for row in rows))
        else:
            results = FleetExecutor(desired, aws_state, ec2, module.params["workers"]).run(rows)
    except (ValidationError, ConflictError) as error:
        fail(module, msg=str(error), **_plan_of(rows))
    except Ec2Error as error:
        fail(module, msg=format_error(error), error=details(error), **_plan_of(rows))
    pending = fleet_report.pending(aws_state)
    for text in fleet_report.warnings(rows, pending) if desired.present else ():
        module.warn(printable(text))
    shown: dict[str, Any] = {
        **_plan_of(rows),
        **({"pending": pending} if pending else {}),
        "changed": results.changed,
        "coverage": fleet_report.coverage(rows),
        "vni_map": fleet_report.vni_map(results.sessions),
        "failed_interfaces": results.failed,
        "diff": diff,
    }
    if results.failed:
        fail(module, msg=_failures(desired, rows, results), **shown)
    if results.duplicate_check_error:
        said = format_error(results.duplicate_check_error)
        fail(
            module,
            msg=f"The plan of fleet {desired.name} was carried out, but nobody looked whether another run made the "
            f"same sessions: {said} Run the task again; it removes what is there twice.",
            error=details(results.duplicate_check_error),
            **shown,
        )
    finish(module, **shown)


def _failures(desired: Fleet, rows: list[PlanEntry], results: Results) -> str:
    failed = results.failed
    codes = Counter(one["code"] or "no code" for one in failed).most_common()
    counts = ", ".join(f"{count} x {code}" for code, count in codes)
    others = "the rest is done" if results.changed else "nothing was changed"
    return (
        f"{len(failed)} of {len(rows)} interfaces of fleet {desired.name} failed ({counts}), {others}. Once the cause "
        "is put right, run the task again to finish. "
        f"The first: {failed[0]['network_interface_id']}: {failed[0]['reason']}"
    )


def _look(module: AnsibleAWSModule, desired: Fleet, ec2: Ec2) -> AwsState:
    if not desired.present:
        return describe_current(desired, None, ec2)
    # What is only just made may not show yet; everything else is read when it does.
    references = retry_on_stale(lambda: resolve(desired, module.params, ec2, module.check_mode), iter(RETRY_DELAYS))
    return describe_current(desired, references, ec2)


def _check_speed(params: dict[str, Any]) -> None:
    check_number("workers", params["workers"], 1, WORKERS)
    check_number("api_rate", params["api_rate"], SLOWEST, FASTEST)
    check_number("api_burst", params["api_burst"], 1, FASTEST)


def _verify(rows: list[PlanEntry], ec2: Ec2) -> None:
    """Ask EC2 once for each action of the plan."""
    firsts = {action.operation: action for row in reversed(rows) for action in row.plan.actions if not action.pending}
    refused, _unasked = dry_run_errors(Plan(tuple(firsts.values())), ec2)
    if refused:
        raise ConflictError(
            f"EC2 would refuse {len(refused)} of {len(firsts)} actions; nothing was changed. {' '.join(refused)}"
        )


def _plan_of(rows: list[PlanEntry] | None) -> dict[str, Any]:
    """The part of the result that tells the plan, nothing if none was made."""
    if rows is None:
        return {}
    return {
        "plan": [row.describe() for row in rows],
        "summary": {SUMMARY_KEYS[action]: count for action, count in summary(rows).items()},
    }
