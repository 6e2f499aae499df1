# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's control API: JSON over HTTP under /_emulator/."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import bulk_seed, interface_kinds, lab, metrics, prerequisites
from .identity import DEFAULT_ACCOUNT
from .store import TARGET, Resource, resource_type_of

if TYPE_CHECKING:
    from .server import Emulator


def handle(emulator: Emulator, method: str, path: str, body: bytes) -> tuple[int, Any]:
    """Answer a control request. Returns (HTTP status, JSON data); 400 and {"error": ...} for an invalid request."""
    try:
        given = json.loads(body) if body else {}
        result = _dispatch(emulator, method, path.removeprefix("/_emulator/").strip("/"), given)
    except (ValueError, KeyError, TypeError) as error:
        return 400, {"error": f"{type(error).__name__}: {error}"}
    return (404, {"error": f"no {method} {path}"}) if result is None else (200, result)


def _dispatch(emulator: Emulator, method: str, name: str, given: dict[str, Any]) -> Any | None:
    routes: dict[str, Callable[[], Any]] = {
        "GET ready": lambda: {"ready": True},
        "GET log": lambda: emulator.log,
        "DELETE log": emulator.log.clear,
        "GET settings": lambda: emulator.settings.values,
        "PUT settings": lambda: _change_settings(emulator, given),
        "POST reset": emulator.reset,
        "GET lab": lab.names,
        "POST seed": lambda: lab.seed(
            emulator.store, given.get("account", DEFAULT_ACCOUNT), given.get("region", lab.REGION)
        ),
        "POST bulk_seed": lambda: _bulk_seed(emulator, given),
        "POST interface": lambda: interface_kinds.create(**given),
        "DELETE interface": lambda: _delete_interface(emulator, given["id"]),
        "PUT endpoint_state": lambda: prerequisites.set_endpoint_state(**given),
        "POST metrics": lambda: metrics.add(**given),
        "POST tags": lambda: _find(emulator, given, given["id"]).tags.update(given["tags"]),
        "POST share": lambda: _share(emulator, given),
    }
    route = routes.get(f"{method} {name}")
    if route is None:
        return None
    result = route()
    return {} if result is None else result


def _bulk_seed(emulator: Emulator, given: dict[str, Any]) -> dict[str, list[str]]:
    made = bulk_seed.seed(emulator.store, **given)
    # Exclude the objects from garbage collection, which would delay single calls by half a second.
    gc.freeze()
    return made


def _delete_interface(emulator: Emulator, identifier: str) -> None:
    interface_kinds.delete(identifier)
    emulator.delete_orphaned_sessions()


def _change_settings(emulator: Emulator, given: dict[str, Any]) -> dict[str, Any]:
    emulator.settings.merge(given)
    if "throttle" in given:
        emulator.throttle.buckets.clear()
    return emulator.settings.values


def _find(emulator: Emulator, given: dict[str, Any], wanted: str) -> Resource:
    """Return the resource with this id; "account" and "region" of the request select one of several."""
    resource_type = resource_type_of(wanted)
    if resource_type is None:
        raise ValueError(f"{wanted!r} is not the id of a mirroring resource")
    found = [
        scope.resources[resource_type][wanted]
        for (account, region), scope in emulator.store.scopes.items()
        if wanted in scope.resources[resource_type]
        and given.get("account", account) == account
        and given.get("region", region) == region
    ]
    if not found:
        raise ValueError(f"{wanted!r} does not exist")
    # Every lab has the same ids. Without account and region, the lab that was seeded first is used.
    return found[0]


def _share(emulator: Emulator, given: dict[str, Any]) -> dict[str, list[str]]:
    """Share a target with these accounts and no others, as AWS RAM does. An empty list ends the sharing."""
    target = _find(emulator, given, given["target"])
    if target.resource_type is not TARGET:
        raise ValueError("only targets can be shared")
    accounts = [str(account) for account in given["accounts"]]
    emulator.store.shares[target.account, target.region, target.id] = set(accounts)
    return {"accounts": accounts}
