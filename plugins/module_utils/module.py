# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place that knows AnsibleAWSModule: argument specs, results, failures."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any, Callable, NoReturn

# Loading EC2's service model makes some hundred thousand objects that all live until the process ends. Looking for
# garbage among them takes about a fifth of a task's time and finds nothing.
gc.disable()

from ansible.module_utils.common.validation import check_type_float, check_type_int  # noqa: E402
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule  # noqa: E402

from ansible_collections.vtap.aws.plugins.module_utils import advice, info, words  # noqa: E402
from ansible_collections.vtap.aws.plugins.module_utils.apply import (  # noqa: E402
    PAUSES,
    Halted,
    Interrupted,
    Outcome,
    converge,
    patient,
    refusals,
    wait_for,
)
from ansible_collections.vtap.aws.plugins.module_utils.ec2 import Ec2, Ec2Error  # noqa: E402
from ansible_collections.vtap.aws.plugins.module_utils.pace import Pace  # noqa: E402
from ansible_collections.vtap.aws.plugins.module_utils.plan import Pending, Plan, Wanted  # noqa: E402
from ansible_collections.vtap.aws.plugins.module_utils.resource import (  # noqa: E402
    BadInput,
    Field,
    Kind,
    Options,
    Refused,
    check_number,
)

# What a play may set once for the whole action group, so every module must take it.
DEFAULTS = {
    "default_tags": {"type": "dict"},
    "ignore_tag_keys": {"type": "list", "elements": "str", "no_log": False},
    "ignore_tag_key_prefixes": {"type": "list", "elements": "str", "no_log": False},
    "verify_permissions": {"type": "bool", "default": False},
}
# The first one that certainly has DescribeTrafficMirrorFilterRules; 1.34.123 does not.
BOTOCORE = "1.34.126"
# A day. What needs as many seconds as no clock can count to would fail after the change.
WAIT_TIMEOUT = 86400
_NUMBERS = {"int": check_type_int, "float": check_type_float}
MakePlan = Callable[[Wanted, Ec2, bool], Plan]


def opened(argument_spec: dict[str, Any], **more: Any) -> AnsibleAWSModule:
    """The module with its options read, each failure one of the module's.

    AnsibleModule ends with a traceback where a number is infinite, or too large for a float.
    """
    try:
        module = AnsibleAWSModule(argument_spec=argument_spec, **more)
    except OverflowError:
        module = AnsibleAWSModule(argument_spec=_unread(argument_spec), **more)
        option, value = next(_too_large(argument_spec, module.params))
        fail(module, msg=f"{option}: {words.short(value)} is too large.")
    module.require_botocore_at_least(BOTOCORE, reason="to see and to tag the rules of filters")
    return module


def _unread(argument_spec: dict[str, Any]) -> dict[str, Any]:
    """The same options, with numbers as they come."""
    return {
        option: {
            **one,
            **({"type": "raw"} if one.get("type") in _NUMBERS else {}),
            **({"options": _unread(one["options"])} if "options" in one else {}),
        }
        for option, one in argument_spec.items()
    }


def _too_large(argument_spec: dict[str, Any], params: Options) -> Iterator[tuple[str, Any]]:
    """Options and their values that make AnsibleModule's check of numbers overflow."""
    for option, one in argument_spec.items():
        value = params.get(option)
        if one.get("type") in _NUMBERS:
            try:
                _NUMBERS[one["type"]](value)
            except OverflowError:
                yield option, value
            except TypeError:
                pass
        if "options" in one:
            for entry in value if isinstance(value, list) else [value]:
                yield from _too_large(one["options"], entry or {})


def resource_module(
    kind: Kind, references: dict[str, tuple[str, Kind]] | None = None, more: dict[str, Any] | None = None
) -> AnsibleAWSModule:
    """A module that makes, changes and removes objects of this kind, with its options read.

    references: the options that name another object by its Name tag, each with the option that takes its id.
    more: the argument spec of what only this kind has.
    """
    references = references or {}
    return opened(
        argument_spec={
            "state": {"choices": ["present", "absent"], "default": "present"},
            kind.id_option: {"aliases": ["id"]},
            "name": {},
            **{option: {} for option in (*references, *kind.read_only)},
            **{field.option: _spec(field) for field in kind.fields},
            **({kind.parts.listed: _part_spec(kind.parts)} if kind.parts else {}),
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
            *([kind.identifying] if len(kind.natural_keys) > 1 else []),
        ],
        supports_check_mode=True,
    )


def _spec(field: Field) -> dict[str, Any]:
    """The argument spec of one option."""
    return {
        "type": field.type,
        **({"elements": "str"} if field.type == "list" else {}),
        **({"choices": list(field.choices)} if field.choices else {}),
        **({"required": True} if field.required else {}),
    }


def _part_spec(kind: Kind) -> dict[str, Any]:
    """The argument spec of the list of an object's parts. An entry is the whole of a part, so there are defaults."""
    options = {
        field.option: {**_spec(field), **({} if field.unset is None else {"default": field.unset})}
        for field in kind.fields
    }
    return {"type": "list", "elements": "dict", "options": {kind.id_option: {}, "tags": {"type": "dict"}, **options}}


def connect(module: AnsibleAWSModule, pace: Pace | None = None, config: Any = None) -> Ec2:
    """EC2 as the module's connection options say. pace: see Ec2. config: botocore's, under the option aws_config.

    Raises BadInput for an aws_config that botocore does not take; AnsibleAWSModule reports the other options.
    """
    try:
        client = module.client("ec2", config=config)
    except Exception as error:  # botocore's own, and what Python says of unknown arguments
        if not module.params.get("aws_config"):
            raise
        raise BadInput(f"aws_config: botocore does not take it: {words.short(error)}") from error
    return Ec2(client, sts=lambda: module.client("sts"), pace=pace)


def run(module: AnsibleAWSModule, kind: Kind, check: Callable[[Wanted], None], make_plan: MakePlan) -> NoReturn:
    """One task, from options to result.

    check: raises BadInput for options of this kind that cannot be right. make_plan: looks and plans; its last
    argument says whether this is check mode.
    """
    try:
        wanted = Wanted.from_options(kind, module.params)
        check(wanted)
        check_number("wait_timeout", module.params["wait_timeout"], 1, WAIT_TIMEOUT, " seconds")
        ec2 = connect(module)
        if module.check_mode:
            plan = patient(lambda: make_plan(wanted, ec2, True), iter(PAUSES))
            if module.params["verify_permissions"]:
                _verify(module, plan, ec2)
            outcome = Outcome(plan.before, plan.after, plan.after, plan.actions)
        else:
            outcome = converge(lambda: make_plan(wanted, ec2, False), ec2)
    except Halted as error:
        fail(module, msg=str(error), changed=True)
    except (BadInput, Refused) as error:
        fail(module, msg=str(error))
    except Interrupted as error:
        fail(module, msg=str(error), error=details(error.error), changed=bool(error.done))
    except Ec2Error as error:
        fail(module, msg=advice.explain(error), error=details(error))
    if not module.check_mode:
        _wait(module, outcome, kind, ec2)
    pending = {
        field.option: action.params[field.member].name
        for action in outcome.actions
        for field in kind.fields
        if isinstance(action.params.get(field.member), Pending)
    }
    finish(
        module,
        changed=bool(outcome.actions),
        diff={"before": outcome.before or {}, "after": outcome.after or {}},
        actions=[action.describe() for action in outcome.actions],
        **{kind.key: outcome.after or {}},
        **({"pending": pending} if pending else {}),
    )


def run_info(
    kind: Kind,
    more: dict[str, Any] | None = None,
    complete: Callable[[dict[str, Any], list[Options], Ec2], list[Options]] | None = None,
) -> NoReturn:
    """The whole of an info module.

    more: the argument spec of what only this kind has. complete: given the options, adds to the rows found.
    """
    ids_option = f"{kind.id_option}s"
    module = opened(
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
        filters = info.check_filters(kind, module.params["filters"])
        ids = info.check_ids(kind, module.params[ids_option])
        ec2 = connect(module)
        rows = info.select(kind, ec2, ids, filters, module.params["names"])
        if complete is not None:
            rows = complete(module.params, rows, ec2)
    except BadInput as error:
        fail(module, msg=str(error))
    except Ec2Error as error:
        fail(module, msg=advice.explain(error), error=details(error))
    finish(module, changed=False, **{f"{kind.key}s": rows})


def finish(module: AnsibleAWSModule, **result: Any) -> NoReturn:
    """Exit with this result."""
    gc.freeze()  # the interpreter looks for garbage once more as it ends
    module.exit_json(**result)
    raise AssertionError("exit_json ends the module")


def fail(module: AnsibleAWSModule, msg: str, **result: Any) -> NoReturn:
    """End as failed with this result. The message, which may hold names from EC2, is made printable."""
    gc.freeze()
    module.fail_json(msg=words.printable(msg), **result)
    raise AssertionError("fail_json ends the module")


def details(error: Ec2Error) -> dict[str, str]:
    """What a result says of a refusal."""
    return {"code": error.code, "message": error.message, "operation": error.operation}


def _verify(module: AnsibleAWSModule, plan: Plan, ec2: Ec2) -> None:
    refused, unasked = refusals(plan, ec2)
    if unasked:
        text = (
            f"verify_permissions: {'; '.join(unasked)}: this needs an id that does not exist yet, so EC2 could not be "
            "asked about it."
        )
        module.warn(words.printable(text))
    if refused:
        raise Refused(f"EC2 would refuse {len(refused)} of {len(plan.actions)} calls. {' '.join(refused)}")


def _wait(module: AnsibleAWSModule, outcome: Outcome, kind: Kind, ec2: Ec2) -> None:
    """Wait if the task says so. Ends the module if EC2 does not show in time what was done."""
    if not (module.params["wait"] and outcome.actions):
        return
    row = outcome.after or outcome.before or {}
    done = f"EC2 carried out the change of {kind.noun} {row.get(kind.id_option)}, and nothing is lost, but "
    result = {"changed": True, kind.key: outcome.after or {}}
    timeout = module.params["wait_timeout"]
    try:
        if not wait_for(outcome, kind, ec2, timeout):
            why = f"it did not show it within wait_timeout, {timeout} s. Run the task again, or with a longer one."
            fail(module, msg=done + why, **result)
    except Ec2Error as error:
        why = f"whether it shows it could not be seen: {advice.explain(error)}"
        fail(module, msg=done + why, error=details(error), **result)
