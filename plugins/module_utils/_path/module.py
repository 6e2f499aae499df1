# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ec2_traffic_mirror_path_info module: argument spec, selection of sessions, result."""

from __future__ import annotations

from collections import Counter
from typing import Any, NoReturn

# Imported first, because it stops garbage collection before most modules are loaded.
from .._runtime.module import connect, create_module, error_details, fail, finish

from .._batch.results import limit_rows  # isort: skip
from .._ec2.client import Ec2  # isort: skip
from .._ec2.error_messages import format_error
from .._ec2.errors import Ec2Error
from .._model.errors import ValidationError
from .._model.resource_types import DIRECTIONS, SESSION, ModuleParams
from .._model.tags import FLEET, STACK, check_name
from .._model.validation import check_id
from .._runtime.argument_spec import COMMON_OPTIONS
from .._runtime.info import check_ids
from .findings import Finding, Status
from .packets import parse_packet
from .paths import SessionPath, trace_paths
from .table import format_table

_LIST = {"type": "list", "elements": "str"}
_SELECTIONS = ("traffic_mirror_session_ids", "network_interface_ids", "fleet", "stack")


def run_path_info() -> NoReturn:
    """Run the module and end it with its result."""
    module = create_module(
        argument_spec={
            "traffic_mirror_session_ids": {**_LIST, "aliases": ["ids"]},
            "network_interface_ids": _LIST,
            "fleet": {},
            "stack": {},
            "packet": {
                "type": "dict",
                "options": {
                    "direction": {"choices": DIRECTIONS, "required": True},
                    "protocol": {"default": "tcp"},
                    "source": {"required": True},
                    "destination": {"required": True},
                    "source_port": {"type": "int"},
                    "destination_port": {"type": "int"},
                },
            },
            "metrics": {"type": "bool", "default": False},
            "fail_on": {"choices": ["problem", "unknown"]},
            **COMMON_OPTIONS,
        },
        mutually_exclusive=[_SELECTIONS],
        supports_check_mode=True,
    )
    try:
        selection = _parse_selection(module.params, module.check_mode)
        packet = None if module.params["packet"] is None else parse_packet(module.params["packet"])
        ec2 = connect(module)
        sessions = _read_sessions(ec2)
        selected = _select(selection, sessions)
        paths = _list_missing(selection, selected, module.check_mode)
        paths += trace_paths(selected, sessions, packet, module.params["metrics"], ec2)
    except ValidationError as error:
        fail(module, msg=str(error))
    except Ec2Error as error:
        fail(module, msg=format_error(error), error=error_details(error))
    table = format_table(paths)
    verdicts = Counter(path.verdict.value for path in paths)
    result: dict[str, Any] = {
        "paths": [path.describe() for path in paths],
        "summary": {status.value: verdicts[status.value] for status in Status},
        "table": table,
    }
    limit = module.params["fail_on"]
    failing = [path for path in paths if limit is not None and not path.verdict < Status(limit)]
    if not failing:
        finish(module, changed=False, **result)
    worse = "" if limit == Status.PROBLEM.value else " or problem"
    head = f"{ec2.region}: sessions with the verdict {limit}{worse}: {len(failing)} of {len(paths)}."
    del result["table"]  # the message has it
    result["paths"] = [path.describe(only_open=True) for path in failing]
    fail(module, msg=[head, *table.splitlines()], **limit_rows(result))


def _parse_selection(params: ModuleParams, check_mode: bool) -> ModuleParams:
    """Return the options that select sessions. Raises ValidationError."""
    ids = check_ids(SESSION, params["traffic_mirror_session_ids"], check_mode)
    for one in params["network_interface_ids"] or ():
        check_id("network_interface_ids", one, "eni")
    for option in ("fleet", "stack"):
        if params[option] is not None:
            check_name(option, params[option])
    return {**{option: params[option] for option in _SELECTIONS}, SESSION.id_option: ids}


def _read_sessions(ec2: Ec2) -> list[ModuleParams]:
    """The sessions of the caller's account, sorted by interface and number. Raises Ec2Error."""
    own = (row for row in ec2.describe(SESSION) if not ec2.is_foreign(row.get("owner_id")))
    return sorted(own, key=lambda row: (str(row.get("network_interface_id")), row.get("session_number", 0)))


def _select(selection: ModuleParams, sessions: list[ModuleParams]) -> list[ModuleParams]:
    """The selected sessions. An option that is None does not restrict the selection."""
    ids, interfaces = (
        None if selection[option] is None else set(selection[option])
        for option in (SESSION.id_option, "network_interface_ids")
    )
    marks = {FLEET: selection["fleet"], STACK: selection["stack"]}
    return [
        row
        for row in sessions
        if (ids is None or row[SESSION.id_option] in ids)
        and (interfaces is None or row.get("network_interface_id") in interfaces)
        and all(value is None or row["tags"].get(mark) == value for mark, value in marks.items())
    ]


def _list_missing(selection: ModuleParams, selected: list[ModuleParams], check_mode: bool) -> list[SessionPath]:
    """An entry with one finding for each selected session, interface, fleet and stack that has no session.

    check_mode: whether an earlier task may create the sessions of an interface, a fleet or a stack.
    """
    found = {row[option] for row in selected for option in (SESSION.id_option, "network_interface_id")}
    missing = [
        (
            {SESSION.id_option: one},
            f"session {one} does not exist in this account and region, or another account owns it",
            "Correct the id, or check the session in the account of its owner.",
        )
        for one in dict.fromkeys(selection[SESSION.id_option] or ())
        if one not in found
    ]
    paths = [SessionPath(key, [_not_found(key, message, fix, Status.PROBLEM)]) for key, message, fix in missing]
    missing = [
        ({"network_interface_id": one}, f"no session mirrors {one}", "Create a session for the interface.")
        for one in dict.fromkeys(selection["network_interface_ids"] or ())
        if one not in found
    ]
    missing += [
        ({}, f"{option} {selection[option]} has no sessions", f"Check the name of the {option}, and the region.")
        for option in ("fleet", "stack")
        if selection[option] is not None and not selected
    ]
    status = Status.UNKNOWN if check_mode else Status.PROBLEM
    later = "; in check mode, an earlier task may create one" if check_mode else ""
    return paths + [
        SessionPath(key, [_not_found(key, f"{message}{later}", fix, status)]) for key, message, fix in missing
    ]


def _not_found(key: ModuleParams, message: str, fix: str, status: Status) -> Finding:
    return Finding("source", status, message, fix, tuple(key.values()))
