# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fake EC2 and fake steps for the executor of plans over many objects, and entries for it."""

from __future__ import annotations

import threading

from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import Entry
from ansible_collections.vtap.aws.plugins.module_utils._batch.executor import BatchExecutor
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Action, Plan

CREATE, MODIFY, DELETE = (f"{verb}TrafficMirrorSession" for verb in ("Create", "Modify", "Delete"))
TAG, UNTAG = "CreateTags", "DeleteTags"
MARK = {"vtap:fleet": "ids"}


class FakeEc2:
    """An Ec2 whose calls succeed, except those that a function refuses.

    refuse: returns the error for an operation and its parameters, None for success. It is called by one thread at a
    time. calls: the operation and the parameters of all calls in order. done: those of the successful calls.
    """

    def __init__(self, refuse=lambda operation, params: None):
        self.calls, self.done, self._refuse, self._lock = [], [], refuse, threading.Lock()

    def call(self, operation, **params):
        with self._lock:
            self.calls.append((operation, params))
            error = self._refuse(operation, params)
            if error is not None:
                raise error
            self.done.append((operation, params))
        return {}

    def list_ids(self, operation, calls=None):
        """The ids in the calls of an operation: of all calls, or of these."""
        chosen = [params for name, params in (self.calls if calls is None else calls) if name == operation]
        return [one for params in chosen for one in ids_of(params)]


class FakeSteps:
    """Steps that do nothing. methods: functions that replace them."""

    def __init__(self, **methods):
        self.__dict__.update(methods)

    def start_phase(self, phase, entries):
        pass

    def start_entry(self, entry):
        return entry.plan

    def replan(self, entry):
        return entry.plan

    def resolve_refusal(self, entry, failure):
        return None


def ids_of(params):
    """The ids of the objects that a call changes."""
    return params.get("Resources") or [params["TrafficMirrorSessionId"]]


def refuse_ids(code, *numbers, operations=(CREATE, MODIFY, DELETE, TAG, UNTAG)):
    """A function for FakeEc2 that refuses the calls for these entries with a code."""
    refused = set(map(get_id, numbers))

    def refuse(operation, params):
        is_refused = operation in operations and refused.intersection(ids_of(params))
        return Ec2Error(operation, code, "no") if is_refused else None

    return refuse


def refuse_operation(code, *operations):
    """A function for FakeEc2 that refuses all calls of these operations with a code."""
    return lambda operation, params: Ec2Error(operation, code, "no") if operation in operations else None


def get_id(number):
    return f"tms-{number:05d}"


def act(operation, number, **params):
    """A call of a plan for the entry with this number."""
    params = {"TrafficMirrorSessionId": get_id(number), **params}
    return Action(operation, params, get_id(number), "reason", missing_is_success=operation == DELETE)


def tag(number, tags=None):
    pairs = [{"Key": key, "Value": value} for key, value in (MARK if tags is None else tags).items()]
    return Action(TAG, {"Resources": [get_id(number)], "Tags": pairs}, get_id(number), "reason")


def untag(number, *keys):
    pairs = [{"Key": key} for key in keys or ("old",)]
    return Action(UNTAG, {"Resources": [get_id(number)], "Tags": pairs}, get_id(number), "reason")


def entry(number, *actions, **fields):
    """An entry with these calls, by default an update. fields: further fields of Entry."""
    before, after = {"id": get_id(number), "tags": {}}, {"id": get_id(number), "tags": MARK}
    fields = {"action": "update", "reason": "differs", **fields}
    return Entry(get_id(number), plan=Plan(actions, before=before, after=after), **fields)


def modifications(count):
    return [entry(number, act(MODIFY, number)) for number in range(count)]


def run(entries, ec2=None, workers=5, **methods):
    """Execute the entries. methods: of the steps. Returns the fake EC2."""
    ec2 = ec2 or FakeEc2()
    BatchExecutor(FakeSteps(**methods), ec2, workers).run(entries)
    return ec2


def by_status(entries, status):
    """The keys of the entries with this status."""
    return [one.key for one in entries if one.status is status]
