# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ec2_traffic_mirror_stack module: argument spec, run, result."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, NoReturn

# Imported first, because it stops garbage collection before most modules are loaded.
from .._runtime.module import connect, create_module, error_details, fail, finish, format_conflict

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
from .._model.resource_types import SESSION
from .._model.tags import check_name
from .._model.text import printable
from .._resources.session import REFERENCES
from .._runtime.argument_spec import COMMON_OPTIONS, WAIT_OPTIONS, exclusive_options, resource_options
from .._runtime.executor import retry_on_stale, wait_until_visible
from .._runtime.record import RETRY_DELAYS
from .document import build_document
from .executor import StackExecutor
from .guards import plan_guarded
from .options import EXTRA_OPTIONS, LISTS, TYPES, Stack
from .plan_entry import StackEntry
from .report import format_plan, list_pending, list_resources, list_warnings


def stack_module() -> AnsibleAWSModule:
    """Create the module and parse its options."""
    return create_module(
        argument_spec={
            "state": {"choices": ["present", "absent"], "default": "present"},
            "name": {"required": True},
            **{option: _list_spec(option) for option in LISTS},
            "purge": {"type": "bool", "default": True},
            "purge_tags": {"type": "bool", "default": True},
            "adopt": {"type": "bool", "default": False},
            "adopt_stacks": {"type": "list", "elements": "str"},
            "allow_replacement": {"type": "bool", "default": False},
            **BATCH_OPTIONS,
            **COMMON_OPTIONS,
            **WAIT_OPTIONS,
        },
        supports_check_mode=True,
    )


def _list_spec(option: str) -> dict[str, Any]:
    """The argument spec of a list of the document: the options of the single module that concern one resource."""
    resource_type = LISTS[option]
    references = REFERENCES if resource_type is SESSION else {}
    return {
        "type": "list",
        "elements": "dict",
        "options": resource_options(resource_type, references, EXTRA_OPTIONS.get(resource_type)),
        "mutually_exclusive": exclusive_options(resource_type, references),
    }


def run_stack(module: AnsibleAWSModule) -> NoReturn:
    """Run the module: plan, check the limit of deletions, execute, return the result."""
    entries: list[StackEntry] | None = None
    try:
        stack = Stack.from_options(module.params, module.check_mode)
        ec2 = connect_batch(module)
        # A filter or target that an earlier task has just created may not be visible yet.
        entries, excess = retry_on_stale(lambda: plan_guarded(stack, ec2, module.check_mode), iter(RETRY_DELAYS))
        warnings, pending = list_warnings(entries), list_pending(entries)
        if module.params["verify_permissions"]:
            verify_permissions(module, entries, ec2)
        duration, first_line = estimate_duration(module, entries)
        table = first_line + format_plan(entries, MAX_DIFF_LINES)
        if not module.check_mode:
            StackExecutor(ec2, module.params["workers"]).run(entries)
    except ConflictError as error:
        plan_result = limit_rows(describe_entries(module, entries))
        changed = isinstance(error, DryRunExecutedError)
        fail(module, msg=format_conflict(error, ec2), changed=changed, **plan_result)
    except ValidationError as error:
        fail(module, msg=str(error))
    except Ec2Error as error:
        plan_result = limit_rows(describe_entries(module, entries))
        fail(module, msg=format_error(error), error=error_details(error), **plan_result)
    for warning in warnings:
        module.warn(printable(warning))
    result: dict[str, Any] = {
        **describe_entries(module, entries),
        **list_resources(entries),
        **({"pending": pending} if pending else {}),
        "changed": is_changed(entries, module.check_mode),
        "estimated_duration": duration,
        "failed_resources": [{**entry.identity, **describe_failure(entry)} for entry in sort_failures(entries)],
        "diff": {"prepared": table},
    }
    messages = []
    if any(entry.has_failed for entry in entries):
        messages.append(format_failures(entries, f"resources of stack {stack.name}"))
    if excess is not None:
        messages.append(describe_held_back(excess, entries, module.check_mode))
    messages += _wait(module, entries, ec2, result)
    if not messages:
        finish(module, **result)
    lines = format_plan(entries, MAX_FAILED_ROWS).splitlines() if excess is not None else []
    fail(module, msg=[f"{ec2.region}: {' '.join(messages)}", *lines], **limit_rows(result))


def run_stack_info() -> NoReturn:
    """Run the info module of stacks and end it with its result."""
    module = create_module(argument_spec={"name": {}, **COMMON_OPTIONS}, supports_check_mode=True)
    name = module.params["name"]
    try:
        if name is not None:
            check_name("name", name)
        ec2 = connect(module)
        rows = {
            one: [row for row in ec2.describe(one, child_tags=True) if not ec2.is_foreign(row.get("owner_id"))]
            for one in TYPES
        }
    except ValidationError as error:
        fail(module, msg=str(error))
    except Ec2Error as error:
        fail(module, msg=format_error(error), error=error_details(error))
    document = build_document(rows, name, datetime.now(timezone.utc))
    finish(module, changed=False, stack={**({} if name is None else {"name": name}), **document})


def _wait(module: AnsibleAWSModule, entries: list[StackEntry], ec2: Ec2, result: dict[str, Any]) -> list[str]:
    """If O(wait) is set, wait until Describe returns the completed changes. Returns the problem in a list, if any.

    result: gets the error of a failed Describe.
    """
    changed = [entry.outcome for entry in entries if entry.is_changed and not entry.has_failed]
    if module.check_mode or not module.params["wait"] or not changed:
        return []
    timeout = module.params["wait_timeout"]
    try:
        if not wait_until_visible(changed, ec2, timeout):
            reason = "Rerun the task, or increase wait_timeout."
            return [f"EC2 did not return all completed changes within {timeout} s. {reason}"]
    except Ec2Error as error:
        result["error"] = error_details(error)
        return [f"Waiting for EC2 to return the completed changes failed: {format_error(error)}"]
    return []
