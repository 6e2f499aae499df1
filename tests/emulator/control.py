# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's own interface, JSON over HTTP under /_emulator/."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import crowd, lab
from .identity import DEFAULT_ACCOUNT
from .store import TARGET, Thing, kind_of

if TYPE_CHECKING:
    from .server import Emulator


def handle(emulator: Emulator, method: str, path: str, body: bytes) -> tuple[int, Any]:
    """Answer a control request: (HTTP status, data for JSON). 400 and {"error": ...} for what makes no sense."""
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
        "GET knobs": lambda: emulator.knobs.values,
        "PUT knobs": lambda: _turn(emulator, given),
        "POST reset": emulator.reset,
        "GET lab": lab.names,
        "POST seed": lambda: lab.seed(
            emulator.world, given.get("account", DEFAULT_ACCOUNT), given.get("region", lab.REGION)
        ),
        "POST crowd": lambda: _crowd(emulator, given),
        "POST tags": lambda: _find(emulator, given, given["id"]).tags.update(given["tags"]),
        "POST share": lambda: _share(emulator, given),
    }
    route = routes.get(f"{method} {name}")
    if route is None:
        return None
    result = route()
    return {} if result is None else result


def _crowd(emulator: Emulator, given: dict[str, Any]) -> dict[str, list[str]]:
    made = crowd.seed(emulator.world, **given)
    # Else the garbage collector looks at all of them again and again, and some calls take half a second for no reason.
    gc.freeze()
    return made


def _turn(emulator: Emulator, given: dict[str, Any]) -> dict[str, Any]:
    emulator.knobs.merge(given)
    if "throttle" in given:
        emulator.throttle.buckets.clear()
    return emulator.knobs.values


def _find(emulator: Emulator, given: dict[str, Any], wanted: str) -> Thing:
    """The object of that id; "account" and "region" in the request choose between several of the same id."""
    kind = kind_of(wanted)
    if kind is None:
        raise ValueError(f"{wanted!r} is no id of ours")
    found = [
        place.things[kind][wanted]
        for (account, region), place in emulator.world.places.items()
        if wanted in place.things[kind]
        and given.get("account", account) == account
        and given.get("region", region) == region
    ]
    if not found:
        raise ValueError(f"there is no {wanted!r}")
    # The lab's ids are the same wherever it is seeded: the first seeded one is meant, unless told.
    return found[0]


def _share(emulator: Emulator, given: dict[str, Any]) -> dict[str, list[str]]:
    """Share a target with exactly these accounts, as AWS RAM would; an empty list ends the sharing."""
    target = _find(emulator, given, given["target"])
    if target.kind is not TARGET:
        raise ValueError("only targets can be shared")
    accounts = [str(account) for account in given["accounts"]]
    emulator.world.shares[target.account, target.region, target.id] = set(accounts)
    return {"accounts": accounts}
