# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lag of moto's instances, interfaces, load balancers and endpoints: Describe returns them as they were.

Before a call that can change them, copies are made of all resources of the account and region. After the call, the copy
of each changed resource is stored as its lag. This is slow for thousands of resources, and only done with the setting.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from . import machines
from .store import Delay, Lag, Store

INTERFACE, INSTANCE, BALANCER, ENDPOINT = "interface", "instance", "load-balancer", "endpoint"
Copies = dict[tuple[str, str], tuple[Any, Any]]
# The actions that moto answers: backends, attribute with the resources, type, options that name resources.
_PATCHED: dict[str, tuple[Any, str, str, tuple[str, ...]]] = {
    "DescribeLoadBalancers": (elbv2_backends, "load_balancers", BALANCER, ("LoadBalancerArns.", "Names.")),
    "DescribeVpcEndpoints": (ec2_backends, "vpc_end_points", ENDPOINT, ("VpcEndpointId.",)),
}


def copies(account: str, region: str) -> Copies:
    """Return (copy, comparable state) of each resource of moto, by (type, id)."""
    return {key: (_copied(key[0], found), _state(key[0], found)) for key, found in _resources(account, region)}


def start(store: Store, account: str, region: str, before: Copies, delay: Callable[[], Delay | None]) -> None:
    """Start the lag of each resource that differs from its copy."""
    after = dict(_resources(account, region))
    lags = store.moto_lags.setdefault((account, region), {})
    for key in {*before, *after}:
        former, state = before.get(key, (None, None))
        if key in after and _state(key[0], after[key]) == state:
            continue
        wait = delay()
        if wait is not None:
            # A change during a lag keeps the state that is shown.
            shown = lags[key].row if key in lags and not lags[key].over else former
            lags[key] = Lag(wait.reads, wait.until, shown)


def shown(
    store: Store, account: str, region: str, kind: str, present: dict[str, Any], read: Iterable[str] | None = None
) -> dict[str, Any]:
    """Return the resources of a type that Describe returns, by id, and count one read for each.

    read: the ids that the call names; None: all.
    """
    lags = store.moto_lags.get((account, region))
    if not lags:
        return present
    result, only = dict(present), None if read is None else set(read)
    for (of_kind, identifier), lag in list(lags.items()):
        if of_kind != kind:
            continue
        if lag.over:
            del lags[of_kind, identifier]
            continue
        if lag.row is None:
            result.pop(identifier, None)
        else:
            result[identifier] = lag.row
        if only is None or identifier in only:
            lag.reads -= 1
    return result


def is_hidden(store: Store, account: str, region: str, kind: str, identifier: str) -> bool:
    """Return whether a resource is new and not yet described. Counts one read if so."""
    lag = store.moto_lags.get((account, region), {}).get((kind, identifier))
    if lag is None or lag.over or lag.row is not None:
        return False
    lag.reads -= 1
    return True


@contextmanager
def patched(store: Store, account: str, region: str, action: str, parameters: Mapping[str, str]) -> Iterator[None]:
    """Patch moto so that its Describe of load balancers or endpoints returns lagging ones as they were."""
    if action not in _PATCHED or not store.moto_lags.get((account, region)):
        yield
        return
    backends, attribute, kind, options = _PATCHED[action]
    where = backends[account][region]
    present = getattr(where, attribute)
    wanted = {value for name, value in parameters.items() if name.startswith(options)}
    # A load balancer is named by ARN or by name, which is in the ARN: .../loadbalancer/net/NAME/ID.
    read = [key for key in _lagging(store, account, region, kind) if wanted & {key, *key.split("/")[2:3]}]
    overlay = shown(store, account, region, kind, present, read if wanted else None)
    with patch.object(where, attribute, type(present)(overlay)):
        yield


def _lagging(store: Store, account: str, region: str, kind: str) -> list[str]:
    return [identifier for of_kind, identifier in store.moto_lags[account, region] if of_kind == kind]


def _resources(account: str, region: str) -> Iterator[tuple[tuple[str, str], Any]]:
    ec2 = ec2_backends[account][region]
    for eni in ec2.enis.values():
        yield (INTERFACE, eni.id), eni
    for reservation in ec2.reservations.values():
        for machine in reservation.instances:
            yield (INSTANCE, machine.id), machine
    for endpoint in ec2.vpc_end_points.values():
        yield (ENDPOINT, endpoint.id), endpoint
    for balancer in elbv2_backends[account][region].load_balancers.values():
        yield (BALANCER, balancer.arn), balancer


def _copied(kind: str, found: Any) -> Any:
    """Return a copy that later changes of the resource do not change."""
    former = copy.copy(found)
    for name, value in vars(found).items():
        if isinstance(value, (list, dict, set)):
            setattr(former, name, copy.copy(value))
    if kind in (INTERFACE, INSTANCE):
        former.former_tags = dict(machines.tags_of(found))
    if kind == INSTANCE:
        former._state = copy.copy(found._state)
        former.nics = {index: _copied(INTERFACE, eni) for index, eni in found.nics.items()}
    return former


def _state(kind: str, found: Any) -> Any:
    if kind == INTERFACE:
        return machines.interface(found)
    if kind == INSTANCE:
        return machines.instance(found)
    return {name: copy.copy(value) for name, value in vars(found).items() if isinstance(value, (str, int, list, dict))}
