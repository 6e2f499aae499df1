# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet's argument spec, and its way from options to result."""

from __future__ import annotations

from collections import Counter
from typing import Any, NoReturn

# First of all: it switches the search for garbage off before much is loaded.
from ansible_collections.vtap.aws.plugins.module_utils.module import (
    DEFAULTS,
    connect,
    details,
    fail,
    finish,
    opened,
)

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule  # isort: skip
from ansible_collections.vtap.aws.plugins.module_utils import advice, fleet, fleet_report, pace, words  # isort: skip
from ansible_collections.vtap.aws.plugins.module_utils.apply import PAUSES, patient, refusals
from ansible_collections.vtap.aws.plugins.module_utils.crew import Crew, Results
from ansible_collections.vtap.aws.plugins.module_utils.ec2 import Ec2, Ec2Error, config_for
from ansible_collections.vtap.aws.plugins.module_utils.fleet import Fleet, Row
from ansible_collections.vtap.aws.plugins.module_utils.fleet_world import READERS, look_up, resolve
from ansible_collections.vtap.aws.plugins.module_utils.plan import Plan
from ansible_collections.vtap.aws.plugins.module_utils.resource import BadInput, Refused, check_number
from ansible_collections.vtap.aws.plugins.module_utils.selection import STATES, TAGS_ON

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
        "tags_on": {"choices": list(TAGS_ON), "default": "any"},
        "interfaces": {"choices": ["all", "primary"], "default": "all"},
        "instance_states": {**_LIST, "choices": list(STATES)},
    },
}


def fleet_module() -> AnsibleAWSModule:
    """The module with its options read."""
    return opened(
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
            **{option: {} for option in fleet.LIMITS},
            "workers": {"type": "int", "default": 10},
            "writes_per_second": {"type": "float", "default": pace.PER_SECOND},
            "write_burst": {"type": "int", "default": pace.BURST},
            **DEFAULTS,
        },
        mutually_exclusive=[("traffic_mirror_filter_id", "traffic_mirror_filter_name")],
        supports_check_mode=True,
    )


def run_fleet(module: AnsibleAWSModule) -> NoReturn:
    """One task, from options to result."""
    rows: list[Row] | None = None
    try:
        wanted = Fleet.from_options(module.params)
        _check_speed(module.params)
        ec2 = connect(
            module,
            pace.Pace(module.params["write_burst"], module.params["writes_per_second"]),
            config_for(max(READERS, module.params["workers"])),
        )
        world = _look(module, wanted, ec2)
        rows = fleet.plan(wanted, world)
        fleet.check_limits(wanted, rows)
        barred = [row for row in rows if row.ineligible]
        if barred and module.params["on_ineligible"] == "fail":
            raise Refused(
                f"{len(barred)} selected interfaces cannot be mirrored and on_ineligible is fail; nothing was changed. "
                f"The first: {barred[0].interface_id}: {barred[0].reason}."
            )
        if module.params["verify_permissions"]:
            _verify(rows, ec2)
        foreseen = [(row, row.session) for row in rows if row.action in ("create", "change", "leave")]
        diff = {"prepared": fleet_report.table(rows, SHOWN, world.target_names)}
        if module.check_mode:
            results = Results(foreseen, changed=any(row.plan.actions for row in rows))
        else:
            results = Crew(wanted, world, ec2, module.params["workers"]).run(rows)
    except (BadInput, Refused) as error:
        fail(module, msg=str(error), **_plan_of(rows))
    except Ec2Error as error:
        fail(module, msg=advice.explain(error), error=details(error), **_plan_of(rows))
    pending = fleet_report.pending(world)
    for text in fleet_report.warnings(rows, pending) if wanted.present else ():
        module.warn(words.printable(text))
    shown: dict[str, Any] = {
        **_plan_of(rows),
        **({"pending": pending} if pending else {}),
        "changed": results.changed,
        "coverage": fleet_report.coverage(rows),
        "virtual_networks": fleet_report.vni_map(results.sessions),
        "failed_interfaces": results.failed,
        "diff": diff,
    }
    if results.failed:
        fail(module, msg=_failures(wanted, rows, results), **shown)
    if results.unchecked:
        said = advice.explain(results.unchecked)
        fail(
            module,
            msg=f"The plan of fleet {wanted.name} was carried out, but nobody looked whether another run made the same "
            f"sessions: {said} Run the task again; it removes what is there twice.",
            error=details(results.unchecked),
            **shown,
        )
    finish(module, **shown)


def _failures(wanted: Fleet, rows: list[Row], results: Results) -> str:
    failed = results.failed
    codes = Counter(one["code"] or "no code" for one in failed).most_common()
    counts = ", ".join(f"{count} x {code}" for code, count in codes)
    others = "the rest is done" if results.changed else "nothing was changed"
    return (
        f"{len(failed)} of {len(rows)} interfaces of fleet {wanted.name} failed ({counts}), {others}. Once the cause "
        "is put right, run the task again to finish. "
        f"The first: {failed[0]['network_interface_id']}: {failed[0]['reason']}"
    )


def _look(module: AnsibleAWSModule, wanted: Fleet, ec2: Ec2) -> fleet.World:
    if not wanted.present:
        return look_up(wanted, None, ec2)
    # What is only just made may not show yet; everything else is read when it does.
    references = patient(lambda: resolve(wanted, module.params, ec2, module.check_mode), iter(PAUSES))
    return look_up(wanted, references, ec2)


def _check_speed(params: dict[str, Any]) -> None:
    check_number("workers", params["workers"], 1, WORKERS)
    check_number("writes_per_second", params["writes_per_second"], SLOWEST, FASTEST)
    check_number("write_burst", params["write_burst"], 1, FASTEST)


def _verify(rows: list[Row], ec2: Ec2) -> None:
    """Ask EC2 once for each action of the plan."""
    firsts = {action.operation: action for row in reversed(rows) for action in row.plan.actions if not action.pending}
    refused, _unasked = refusals(Plan(tuple(firsts.values())), ec2)
    if refused:
        raise Refused(
            f"EC2 would refuse {len(refused)} of {len(firsts)} actions; nothing was changed. {' '.join(refused)}"
        )


def _plan_of(rows: list[Row] | None) -> dict[str, Any]:
    """The part of the result that tells the plan, nothing if none was made."""
    return {} if rows is None else {"plan": [row.describe() for row in rows], "summary": fleet.summary(rows)}
