# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entry points of the modules: options, results and failures by AnsibleAWSModule."""

from __future__ import annotations

import gc
from typing import Any, Callable, NoReturn

# Loading EC2's service model creates several hundred thousand objects that exist until the process ends. Garbage
# collection takes about a fifth of a task's time and frees nothing.
gc.disable()

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from .._model.api_objects import add_expires_at
from .._model.errors import ConflictError, DryRunExecutedError, ValidationError
from .argument_spec import (
    COMMON_OPTIONS,
    MAX_WAIT_TIMEOUT,
    WAIT_OPTIONS,
    exclusive_options,
    find_too_large,
    resource_options,
    without_number_types,
)
from .._model.desired_state import DesiredState
from .._model.placeholders import (
    UnresolvedRef,
    is_placeholder,
    outside_check_mode,
    with_placeholders,
)
from .._ec2.client import Ec2, sts_config
from .._ec2.errors import Ec2Error
from .._ec2.sdk_errors import may_be_invalid_config
from .._ec2.secrets import sdk_text
from .._model.resource_types import ModuleParams, ResourceType
from .._resources.references import pending_warning
from .executor import (
    Outcome,
    dry_run_errors,
    execute,
    retry_on_stale,
    wait_until_visible,
)
from .record import RETRY_DELAYS, TaskFailed
from .._model.plan import Plan, add_placeholders
from .._ec2.rate_limiter import RateLimiter
from .info import check_filters, check_ids, select
from .._model.validation import check_number
from .._ec2.error_messages import format_error
from .._model.text import printable, truncate

# The oldest version known to have DescribeTrafficMirrorFilterRules; 1.34.123 does not have it.
MIN_BOTOCORE = "1.34.126"
MakePlan = Callable[[DesiredState, Ec2, bool], Plan]


def create_module(argument_spec: dict[str, Any], **module_args: Any) -> AnsibleAWSModule:
    """Create the module with validated options. Fails the module for invalid options or an outdated botocore.

    module_args: further arguments of AnsibleAWSModule. AnsibleModule raises OverflowError for a number that is infinite
    or too large for a float. The options are then read without number types, to name the option in the message.
    """
    try:
        module = AnsibleAWSModule(argument_spec=argument_spec, **module_args)
    except OverflowError:
        module = AnsibleAWSModule(argument_spec=without_number_types(argument_spec), **module_args)
        option, value = next(find_too_large(argument_spec, module.params))
        fail(module, msg=f"{option}: {truncate(value)} is too large.")
    module.require_botocore_at_least(MIN_BOTOCORE, reason="to read and tag filter rules")
    return module


def resource_module(
    resource_type: ResourceType,
    references: dict[str, tuple[str, ResourceType]] | None = None,
    extra_options: dict[str, Any] | None = None,
    exclusive: tuple[str, ...] = (),
) -> AnsibleAWSModule:
    """Create the module that manages resources of this type, with validated options.

    references: for each option that identifies another resource by its Name tag, the option that takes its id and the
    type of that resource. extra_options: the argument spec of further options. exclusive: those of which a task can set
    only one.
    """
    references = references or {}
    return create_module(
        argument_spec={
            "state": {"choices": ["present", "absent"], "default": "present"},
            **resource_options(resource_type, references, extra_options),
            "purge_tags": {"type": "bool", "default": True},
            **COMMON_OPTIONS,
            **WAIT_OPTIONS,
            "allow_replacement": {"type": "bool", "default": False},
            "adopt": {"type": "bool", "default": False},
        },
        mutually_exclusive=[*exclusive_options(resource_type, references), *([exclusive] if exclusive else [])],
        supports_check_mode=True,
    )


def connect(module: AnsibleAWSModule, rate_limiter: RateLimiter | None = None, config: Any = None) -> Ec2:
    """Create the EC2 client from the connection options of the module.

    rate_limiter: see Ec2. config: a botocore configuration; the option O(aws_config) takes precedence. Raises
    ValidationError if O(aws_config) is not valid for botocore, and Ec2Error if the client cannot be created for another
    reason, such as an unknown profile or an unreadable file.
    """

    # module.client calls this for errors of botocore. AnsibleAWSModule's method prints their traceback, in which a line
    # of the credentials file can appear.
    def fail_json_aws(exception: BaseException, **_: Any) -> NoReturn:
        raise exception

    def create_client(service: str, **options: Any) -> Any:
        module.fail_json_aws = fail_json_aws
        return module.client(service, **options)

    def create_sts_client() -> Any:
        return create_client("sts", aws_config=sts_config(module.params.get("aws_config")))

    failure: Exception
    try:
        return Ec2(
            create_client("ec2", config=config),
            sts=create_sts_client,
            rate_limiter=rate_limiter,
            create_client=create_client,
        )
    except Exception as error:
        given = (module.params.get(option) for option in ("secret_key", "session_token"))
        text = sdk_text(error, given)
        failure = Ec2Error("", type(error).__name__, text, sent=False)
        if module.params.get("aws_config") and may_be_invalid_config(error):
            failure = ValidationError(f"aws_config is not valid for botocore: {truncate(text)}")
    raise failure  # outside the except block, so that its traceback does not contain the SDK's


def run(
    module: AnsibleAWSModule, resource_type: ResourceType, check: Callable[[DesiredState], None], make_plan: MakePlan
) -> NoReturn:
    """Run the task of a resource module and end the module with its result.

    check: raises ValidationError for options that are invalid for this resource type. make_plan: reads the current
    state and returns the plan; its last argument is true in check mode.
    """
    try:
        desired = DesiredState.from_options(resource_type, module.params, module.check_mode)
        _check_ignored_ids(module)
        check(desired)
        check_number("wait_timeout", module.params["wait_timeout"], 1, MAX_WAIT_TIMEOUT, " seconds")
        ec2 = connect(module)
        if module.check_mode:
            plan = retry_on_stale(lambda: make_plan(desired, ec2, True), iter(RETRY_DELAYS))
            if module.params["verify_permissions"]:
                _verify_permissions(module, plan, ec2)
            outcome = Outcome(plan.before, plan.after, plan.after, plan.actions, plan.warnings)
        else:
            outcome = execute(lambda: make_plan(desired, ec2, False), ec2)
    except TaskFailed as error:
        details = {"error": error_details(error.error)} if isinstance(error.error, Ec2Error) else {}
        fail(module, msg=format_conflict(error, ec2), changed=bool(error.completed), **details)
    except ConflictError as error:
        fail(module, msg=format_conflict(error, ec2), changed=isinstance(error, DryRunExecutedError))
    except ValidationError as error:
        fail(module, msg=str(error))
    except Ec2Error as error:
        fail(module, msg=format_error(error), error=error_details(error))
    if not module.check_mode:
        _wait_until_visible(module, outcome, resource_type, ec2)
    references = {
        field.option: action.params[field.member]
        for action in outcome.actions
        for field in resource_type.fields
        if isinstance(action.params.get(field.member), UnresolvedRef)
    }
    for warning in (*outcome.warnings, *_reference_warnings(references)):
        module.warn(printable(warning))
    before, after = with_placeholders(outcome.before or {}), with_placeholders(outcome.after or {})
    if module.check_mode and after:
        after = add_placeholders(resource_type, after)
    before, after = add_expires_at(resource_type, before), add_expires_at(resource_type, after)
    pending = {option: reference.name for option, reference in references.items()}
    finish(
        module,
        changed=bool(outcome.actions),
        diff={"before": before, "after": after},
        actions=[action.describe() for action in outcome.actions],
        **{resource_type.key: after},
        **({"pending": pending} if pending else {}),
    )


def run_info(
    resource_type: ResourceType,
    extra_options: dict[str, Any] | None = None,
    extend: Callable[[dict[str, Any], list[ModuleParams], Ec2], list[ModuleParams]] | None = None,
) -> NoReturn:
    """Run an info module and end it with its result.

    extra_options: the argument spec of further options. extend: receives the options and the resources, and returns the
    resources with additional values.
    """
    ids_option = f"{resource_type.id_option}s"
    module = create_module(
        argument_spec={
            ids_option: {"type": "list", "elements": "str", "aliases": ["ids"]},
            "names": {"type": "list", "elements": "str"},
            "filters": {"type": "dict", "default": {}},
            **(extra_options or {}),
            **COMMON_OPTIONS,
        },
        supports_check_mode=True,
    )
    try:
        filters = check_filters(resource_type, module.params["filters"], module.check_mode)
        ids = check_ids(resource_type, module.params[ids_option], module.check_mode)
        ec2 = connect(module)
        rows = select(resource_type, ec2, ids, filters, module.params["names"])
        if extend is not None:
            rows = extend(module.params, rows, ec2)
        rows = [add_expires_at(resource_type, row) for row in rows]
    except ValidationError as error:
        fail(module, msg=str(error))
    except Ec2Error as error:
        fail(module, msg=format_error(error), error=error_details(error))
    finish(module, changed=False, **{f"{resource_type.key}s": rows})


def finish(module: AnsibleAWSModule, **result: Any) -> NoReturn:
    """End the module successfully with this result."""
    gc.freeze()  # avoids the garbage collection at interpreter exit
    module.exit_json(**result)
    raise AssertionError("exit_json ends the module")


def fail(module: AnsibleAWSModule, msg: str | list[str], **result: Any) -> NoReturn:
    """End the module as failed with this result. Unprintable characters in the message are escaped.

    msg: the message or its lines.
    """
    gc.freeze()
    module.fail_json(msg="\n".join(map(printable, [msg] if isinstance(msg, str) else msg)), **result)
    raise AssertionError("fail_json ends the module")


def format_conflict(error: ConflictError | TaskFailed, ec2: Ec2) -> str:
    """Return the message for a conflict, with the region. A message that comes from an EC2 error already has it."""
    has_region = isinstance(error, TaskFailed) and isinstance(error.error, Ec2Error)
    return str(error) if has_region else f"{ec2.region}: {error}"


def error_details(error: Ec2Error) -> dict[str, str]:
    """Return the C(error) entry of a result."""
    return {"code": error.code, "message": error.message, "operation": error.operation}


def _check_ignored_ids(module: AnsibleAWSModule) -> None:
    """Raise ValidationError if O(removed_session_ids) has a placeholder outside check mode."""
    for one in module.params.get("removed_session_ids") or ():
        if is_placeholder(one) and not module.check_mode:
            raise ValidationError(outside_check_mode("removed_session_ids", one))


def _reference_warnings(references: dict[str, UnresolvedRef]) -> list[str]:
    """Return a warning for each name that no resource has. references: by the option for the id."""
    return [
        pending_warning(option.replace("_id", "_name"), option.split("_")[2], reference.name)
        for option, reference in references.items()
        if not reference.registered
    ]


def warn_unverified(module: AnsibleAWSModule, calls: list[str]) -> None:
    """Warn of calls that verify_permissions could not check, if there are any."""
    if calls:
        text = (
            f"verify_permissions could not check {'; '.join(calls)}: the call needs the id of a resource that "
            "does not exist yet."
        )
        module.warn(printable(text))


def _verify_permissions(module: AnsibleAWSModule, plan: Plan, ec2: Ec2) -> None:
    """Check the calls of the plan with DryRun. Warns of calls that cannot be checked.

    Raises ConflictError if any call would fail.
    """
    failures, unverified = dry_run_errors(plan, ec2)
    warn_unverified(module, unverified)
    if failures:
        raise ConflictError(
            f"verify_permissions: {len(failures)} of {len(plan.actions)} calls would fail. {' '.join(failures)}"
        )


def _wait_until_visible(module: AnsibleAWSModule, outcome: Outcome, resource_type: ResourceType, ec2: Ec2) -> None:
    """If O(wait) is set, wait until Describe returns the change. Fails the module after O(wait_timeout) seconds."""
    if not (module.params["wait"] and outcome.actions):
        return
    row = outcome.after or outcome.before or {}
    resource = f"{resource_type.noun} {row.get(resource_type.id_option)}"
    completed = f"The change of {resource} is complete, but "
    result = {"changed": True, resource_type.key: add_expires_at(resource_type, outcome.after or {})}
    timeout = module.params["wait_timeout"]
    try:
        if not wait_until_visible([(resource_type, outcome)], ec2, timeout):
            reason = f"EC2 did not return it within {timeout} s. Rerun the task, or increase wait_timeout."
            fail(module, msg=completed + reason, **result)
    except Ec2Error as error:
        reason = f"waiting for EC2 to return it failed: {format_error(error)}"
        fail(module, msg=completed + reason, error=error_details(error), **result)
    except (ConflictError, ValidationError) as error:
        fail(module, msg=f"{completed}waiting for EC2 to return it failed: {error}", **result)
