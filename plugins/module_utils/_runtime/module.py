# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place that knows AnsibleAWSModule: argument specs, results, failures."""

from __future__ import annotations

import gc
from typing import Any, Callable, NoReturn

# Loading EC2's service model makes some hundred thousand objects that all live until the process ends. Looking for
# garbage among them takes about a fifth of a task's time and finds nothing.
gc.disable()

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from .._model.errors import ConflictError, ValidationError
from .argument_spec import DEFAULTS, WAIT_TIMEOUT, _part_spec, _spec, _too_large, _unread
from .._model.desired_state import DesiredState, UnresolvedRef
from .._ec2.client import Ec2
from .._ec2.errors import Ec2Error
from .._model.resource_types import ModuleParams, ResourceType
from .executor import (
    Outcome,
    PartialFailure,
    PlanFailed,
    RETRY_DELAYS,
    apply_until_stable,
    dry_run_errors,
    retry_on_stale,
    wait_for,
)
from .._model.plan import Plan
from .._ec2.rate_limiter import RateLimiter
from .info import check_filters, check_ids, select
from .._model.validation import check_number
from .._ec2.error_messages import format_error
from .._model.text import printable, truncate

# The first one that certainly has DescribeTrafficMirrorFilterRules; 1.34.123 does not.
BOTOCORE = "1.34.126"
MakePlan = Callable[[DesiredState, Ec2, bool], Plan]


def create_module(argument_spec: dict[str, Any], **more: Any) -> AnsibleAWSModule:
    """The module with its options read, each failure one of the module's.

    AnsibleModule ends with a traceback where a number is infinite, or too large for a float.
    """
    try:
        module = AnsibleAWSModule(argument_spec=argument_spec, **more)
    except OverflowError:
        module = AnsibleAWSModule(argument_spec=_unread(argument_spec), **more)
        option, value = next(_too_large(argument_spec, module.params))
        fail(module, msg=f"{option}: {truncate(value)} is too large.")
    module.require_botocore_at_least(BOTOCORE, reason="to see and to tag the rules of filters")
    return module


def resource_module(
    resource_type: ResourceType,
    references: dict[str, tuple[str, ResourceType]] | None = None,
    more: dict[str, Any] | None = None,
) -> AnsibleAWSModule:
    """A module that makes, changes and removes objects of this kind, with its options read.

    references: the options that name another object by its Name tag, each with the option that takes its id.
    more: the argument spec of what only this kind has.
    """
    references = references or {}
    return create_module(
        argument_spec={
            "state": {"choices": ["present", "absent"], "default": "present"},
            resource_type.id_option: {"aliases": ["id"]},
            "name": {},
            **{option: {} for option in (*references, *resource_type.read_only)},
            **{field.option: _spec(field) for field in resource_type.fields},
            **({resource_type.parts.listed: _part_spec(resource_type.parts)} if resource_type.parts else {}),
            **(more or {}),
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            **DEFAULTS,
            "allow_replacement": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 120},
        },
        mutually_exclusive=[
            *((option, id_option) for option, (id_option, _kind) in references.items()),
            *([resource_type.identifying] if len(resource_type.natural_keys) > 1 else []),
        ],
        supports_check_mode=True,
    )


def connect(module: AnsibleAWSModule, rate_limiter: RateLimiter | None = None, config: Any = None) -> Ec2:
    """EC2 as the module's connection options say. rate_limiter: see Ec2. config: botocore's, under the option
    aws_config.

    Raises ValidationError for an aws_config that botocore does not take; AnsibleAWSModule reports the other options.
    """
    try:
        client = module.client("ec2", config=config)
    except Exception as error:  # botocore's own, and what Python says of unknown arguments
        if not module.params.get("aws_config"):
            raise
        raise ValidationError(f"aws_config: botocore does not take it: {truncate(error)}") from error
    return Ec2(client, sts=lambda: module.client("sts"), rate_limiter=rate_limiter)


def run(
    module: AnsibleAWSModule, resource_type: ResourceType, check: Callable[[DesiredState], None], make_plan: MakePlan
) -> NoReturn:
    """One task, from options to result.

    check: raises ValidationError for options of this kind that cannot be right. make_plan: looks and plans; its last
    argument says whether this is check mode.
    """
    try:
        desired = DesiredState.from_options(resource_type, module.params)
        check(desired)
        check_number("wait_timeout", module.params["wait_timeout"], 1, WAIT_TIMEOUT, " seconds")
        ec2 = connect(module)
        if module.check_mode:
            plan = retry_on_stale(lambda: make_plan(desired, ec2, True), iter(RETRY_DELAYS))
            if module.params["verify_permissions"]:
                _verify(module, plan, ec2)
            outcome = Outcome(plan.before, plan.after, plan.after, plan.actions)
        else:
            outcome = apply_until_stable(lambda: make_plan(desired, ec2, False), ec2)
    except PartialFailure as error:
        fail(module, msg=str(error), changed=True)
    except (ValidationError, ConflictError) as error:
        fail(module, msg=str(error))
    except PlanFailed as error:
        fail(module, msg=str(error), error=details(error.error), changed=bool(error.done))
    except Ec2Error as error:
        fail(module, msg=format_error(error), error=details(error))
    if not module.check_mode:
        _wait(module, outcome, resource_type, ec2)
    pending = {
        field.option: action.params[field.member].name
        for action in outcome.actions
        for field in resource_type.fields
        if isinstance(action.params.get(field.member), UnresolvedRef)
    }
    finish(
        module,
        changed=bool(outcome.actions),
        diff={"before": outcome.before or {}, "after": outcome.after or {}},
        actions=[action.describe() for action in outcome.actions],
        **{resource_type.key: outcome.after or {}},
        **({"pending": pending} if pending else {}),
    )


def run_info(
    resource_type: ResourceType,
    more: dict[str, Any] | None = None,
    complete: Callable[[dict[str, Any], list[ModuleParams], Ec2], list[ModuleParams]] | None = None,
) -> NoReturn:
    """The whole of an info module.

    more: the argument spec of what only this kind has. complete: given the options, adds to the rows found.
    """
    ids_option = f"{resource_type.id_option}s"
    module = create_module(
        argument_spec={
            ids_option: {"type": "list", "elements": "str", "aliases": ["ids"]},
            "names": {"type": "list", "elements": "str"},
            "filters": {"type": "dict", "default": {}},
            **(more or {}),
            **DEFAULTS,
        },
        supports_check_mode=True,
    )
    try:
        filters = check_filters(resource_type, module.params["filters"])
        ids = check_ids(resource_type, module.params[ids_option])
        ec2 = connect(module)
        rows = select(resource_type, ec2, ids, filters, module.params["names"])
        if complete is not None:
            rows = complete(module.params, rows, ec2)
    except ValidationError as error:
        fail(module, msg=str(error))
    except Ec2Error as error:
        fail(module, msg=format_error(error), error=details(error))
    finish(module, changed=False, **{f"{resource_type.key}s": rows})


def finish(module: AnsibleAWSModule, **result: Any) -> NoReturn:
    """Exit with this result."""
    gc.freeze()  # the interpreter looks for garbage once more as it ends
    module.exit_json(**result)
    raise AssertionError("exit_json ends the module")


def fail(module: AnsibleAWSModule, msg: str, **result: Any) -> NoReturn:
    """End as failed with this result. The message, which may hold names from EC2, is made printable."""
    gc.freeze()
    module.fail_json(msg=printable(msg), **result)
    raise AssertionError("fail_json ends the module")


def details(error: Ec2Error) -> dict[str, str]:
    """What a result says of a refusal."""
    return {"code": error.code, "message": error.message, "operation": error.operation}


def _verify(module: AnsibleAWSModule, plan: Plan, ec2: Ec2) -> None:
    refused, unasked = dry_run_errors(plan, ec2)
    if unasked:
        text = (
            f"verify_permissions: {'; '.join(unasked)}: this needs an id that does not exist yet, so EC2 could not be "
            "asked about it."
        )
        module.warn(printable(text))
    if refused:
        raise ConflictError(f"EC2 would refuse {len(refused)} of {len(plan.actions)} calls. {' '.join(refused)}")


def _wait(module: AnsibleAWSModule, outcome: Outcome, resource_type: ResourceType, ec2: Ec2) -> None:
    """Wait if the task says so. Ends the module if EC2 does not show in time what was done."""
    if not (module.params["wait"] and outcome.actions):
        return
    row = outcome.after or outcome.before or {}
    changed = f"{resource_type.noun} {row.get(resource_type.id_option)}"
    done = f"EC2 carried out the change of {changed}, and nothing is lost, but "
    result = {"changed": True, resource_type.key: outcome.after or {}}
    timeout = module.params["wait_timeout"]
    try:
        if not wait_for(outcome, resource_type, ec2, timeout):
            why = f"it did not show it within wait_timeout, {timeout} s. Run the task again, or with a longer one."
            fail(module, msg=done + why, **result)
    except Ec2Error as error:
        why = f"whether it shows it could not be seen: {format_error(error)}"
        fail(module, msg=done + why, error=details(error), **result)
