# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States in between of moto's instances and attachments: pending, stopping, shutting-down, attaching, detaching.

moto finishes RunInstances, StartInstances, StopInstances, TerminateInstances, AttachNetworkInterface and
DetachNetworkInterface at once. With the setting `transitions`, an instance or interface first gets the state in
between, and moto finishes the call after the delay. Source of the states: EC2 User Guide, "Amazon EC2 instance state
changes"; botocore model, AttachmentStatus and NetworkInterfaceStatus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest.mock import patch

from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance, InstanceState

from .store import Delay, Store

# Codes of the instance states (EC2 API Reference, InstanceState).
_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "stopping": 64}
Key = tuple[str, str, str]


@dataclass
class Transition(Delay):
    """A state in between. finish: completes moto's call, called when the delay is over."""

    finish: Callable[[], Any]


def key_of(resource: Any) -> Key:
    """Return (account, region, id) of an instance or interface of moto."""
    return resource.ec2_backend.account_id, resource.ec2_backend.region_name, resource.id


def settle(store: Store) -> set[tuple[str, str]]:
    """Finish the transitions whose delay is over. Returns (account, region) of the changed resources."""
    changed = set()
    for key, transition in list(store.transitions.items()):
        if transition.over:
            del store.transitions[key]
            transition.finish()
            changed.add(key[:2])
    return changed


def finish(store: Store, resource: Any) -> None:
    """Finish a resource's transition immediately, because another call changes the resource."""
    transition = store.transitions.pop(key_of(resource), None)
    if transition is not None:
        transition.finish()


def count_reads(store: Store, resources: Iterable[Any]) -> None:
    """Count one read for each of the described resources that is in a state in between."""
    if not store.transitions:
        return
    for resource in resources:
        transition = store.transitions.get(key_of(resource))
        if transition is not None:
            transition.reads -= 1


@contextmanager
def delayed(store: Store, delay: Callable[[], Delay | None]) -> Iterator[None]:
    """Patch moto for one call, so that changes of instances and attachments pass through the state in between.

    delay: returns the delay of a transition, None without transitions.
    """
    if delay() is None:
        yield
        return

    def begin(resource: Any, completion: Callable[[], Any]) -> None:
        wait = delay()
        if wait is None:
            raise AssertionError("the setting cannot change during a call")
        store.transitions[key_of(resource)] = Transition(wait.reads, wait.until, completion)

    with (
        patch.object(EC2Backend, "run_instances", _running(store, EC2Backend.run_instances, begin)),
        patch.object(Instance, "start", _changing(store, Instance.start, "pending", begin)),
        patch.object(Instance, "stop", _changing(store, Instance.stop, "stopping", begin)),
        patch.object(Instance, "terminate", _changing(store, Instance.terminate, "shutting-down", begin)),
        patch.object(Instance, "attach_eni", _attaching(Instance.attach_eni, begin)),
        patch.object(Instance, "detach_eni", _detaching(Instance.detach_eni, begin)),
    ):
        yield


Begin = Callable[[Any, Callable[[], Any]], None]


def _running(store: Store, original: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    def run_instances(backend: Any, *args: Any, **kwargs: Any) -> Any:
        launched = original(backend, *args, **kwargs)
        for machine in launched.instances:
            # The interfaces of a new instance do not change apart from the instance.
            for eni in machine.nics.values():
                finish(store, eni)
            _set_state(machine, "pending")
            begin(machine, partial(_set_state, machine, "running"))
        return launched

    return run_instances


def _changing(store: Store, original: Callable[[Any], Any], state: str, begin: Begin) -> Callable[[Any], Any]:
    def change(machine: Any) -> Any:
        before = machine._state
        if before.name in ("shutting-down", "terminated"):
            return before
        finish(store, machine)
        before = machine._state
        _set_state(machine, state)
        begin(machine, partial(original, machine))
        return before

    return change


def _attaching(original: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    def attach_eni(machine: Any, eni: Any, device_index: int) -> Any:
        attachment = original(machine, eni, device_index)
        eni.status = "attaching"
        begin(eni, partial(_finish_attachment, eni))
        return attachment

    return attach_eni


def _detaching(original: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    def detach_eni(machine: Any, eni: Any) -> None:
        eni.status = "detaching"
        begin(eni, partial(_detach, original, machine, eni))

    return detach_eni


def _finish_attachment(eni: Any) -> None:
    eni.status = "in-use"


def _detach(original: Callable[..., Any], machine: Any, eni: Any) -> None:
    # The instance can have been terminated meanwhile, which detached the interface.
    if eni.instance is machine:
        original(machine, eni)


def _set_state(machine: Any, state: str) -> None:
    machine._state = InstanceState(state, _CODES[state])
