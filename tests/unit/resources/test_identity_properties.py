# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Property-based tests of identity, against the emulator over HTTP: nothing of somebody else's is changed.

The existing sessions, filters and targets have arbitrary names and ownership marks. The task identifies any of them in
any way, with and without adopt.
"""

from __future__ import annotations

import re

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._resources import filter as filter_resource
from ansible_collections.vtap.aws.plugins.module_utils._resources import session, target
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import execute
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.unit.property_settings import EMULATED

MODULES = {SESSION: session, FILTER: filter_resource, TARGET: target}
WEB, DB = "eni-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60751"
LAB_FILTER, LAB_TARGET = "tmf-0a1b2c3d4e5f60718", "tmt-0a1b2c3d4e5f60718"
NLB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors-b/0a1b2c3d4e5f6072"
# The natural keys of the existing resources. A filter has none.
PLACES = {
    SESSION: [{"network_interface_id": eni, "session_number": number} for eni, number in ((WEB, 1), (WEB, 2), (DB, 1))],
    FILTER: [{}, {}, {}],
    TARGET: [
        {"network_interface_id": "eni-0a1b2c3d4e5f60741"},
        {"network_load_balancer_arn": NLB},
        {"gateway_load_balancer_endpoint_id": "vpce-0a1b2c3d4e5f60771"},
    ],
}
MARKS = ("vtap:fleet", "vtap:stack", "aws:cloudformation:stack-id")
NAMES = ["tap", "other"]
TAGS = st.dictionaries(
    st.sampled_from(["a", "b"] * 5 + ["aws:x", "AWS:y", *MARKS]), st.sampled_from(["", "1", "1"]), max_size=2
)
# The tags of a resource: each optional one is in half of them, each mark in some.
EXISTING = st.builds(
    lambda name, mark, more: {"a": "", **({"Name": name} if name else {}), **dict.fromkeys(mark, "1"), **more},
    st.sampled_from([None, *NAMES, *NAMES]),
    st.sampled_from([(), (), (), (), *((mark,) for mark in MARKS), MARKS]),
    st.sampled_from([{}, {}, {"aws:x": "1"}]),
)
# at, to: the positions of the existing resources that the task identifies by id and by natural key.
OPTIONS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["present", "present", "present", "absent"]),
        "at": st.integers(0, 2),
        "to": st.integers(0, 2),
        "by": st.sampled_from([("id",), ("key",), ("part of the key",), ("id", "key"), ("id", "part of the key"), ()]),
        "is_live": st.sampled_from([False, False, True]),
        "purge_tags": st.booleans(),
        "allow_replacement": st.sampled_from([True, True, False]),
        "adopt": st.booleans(),
        "default_tags": st.sampled_from([None, None, {"b": "2"}]),
    },
    optional={
        "name": st.sampled_from(NAMES),
        "tags": TAGS,
        "description": st.sampled_from(["", "", "new"]),
        "expires_at": st.sampled_from(["2099-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]),
    },
)


class LivenessEc2(Ec2):
    """An EC2 client for which the interfaces of existing sessions are attached, or do not exist."""

    def __init__(self, client, is_live):
        super().__init__(client, sts=lambda: client)
        self.is_live = is_live

    def interface(self, network_interface_id):
        return {"Attachment": {"InstanceOwnerId": "amazon-aws"}} if self.is_live else None


@pytest.fixture(scope="module")
def emulated(running):
    return running


def create(emulated, resource_type, existing):
    """Delete all resources of this type except the lab's, and create these. existing: tags, None for no resource."""
    emulator, client = emulated
    keep = {LAB_FILTER, LAB_TARGET}
    for row in describe(emulated, SESSION):
        client.delete_traffic_mirror_session(TrafficMirrorSessionId=row[SESSION.id_option])
    for row in describe(emulated, resource_type):
        if row[resource_type.id_option] not in keep:
            call(client, f"Delete{resource_type.api}", **{resource_type.id_member: row[resource_type.id_option]})
    ids = []
    for place, tags in zip(PLACES[resource_type], existing):
        if tags is None:
            ids.append(None)
            continue
        params = {field.member: place[field.option] for field in resource_type.fields if field.option in place}
        if resource_type is SESSION:
            params |= {"TrafficMirrorFilterId": LAB_FILTER, "TrafficMirrorTargetId": LAB_TARGET}
        pairs = [{"Key": key, "Value": value} for key, value in tags.items() if not key.startswith("aws:")]
        params["TagSpecifications"] = [{"ResourceType": resource_type.tag_type, "Tags": pairs}]
        reply = call(client, f"Create{resource_type.api}", **params)[resource_type.api]
        ids.append(reply[resource_type.id_member])
        if aws_tags := {key: value for key, value in tags.items() if key.startswith("aws:")}:
            emulator.tags(ids[-1], **aws_tags)
    return ids


def call(client, operation, **params):
    return Ec2(client, sts=lambda: client).call(operation, **params)


def describe(emulated, resource_type):
    return Ec2(emulated[1], sts=lambda: emulated[1]).describe(resource_type)


def task_params(resource_type, ids, options):
    """Return the module options of the task."""
    params = {key: value for key, value in options.items() if key not in ("at", "to", "by", "is_live")}
    place, existing_id = PLACES[resource_type][options["to"]], ids[options["at"]] or next(filter(None, ids), None)
    if "id" in options["by"]:
        params[resource_type.id_option] = existing_id or f"{resource_type.prefix}-{'9' * 17}"
    if options["by"] and options["by"][-1] != "id":
        params |= place
    if resource_type is SESSION:
        if "key" not in options["by"]:
            params.pop("session_number", None)
        params |= {"traffic_mirror_filter_id": LAB_FILTER, "traffic_mirror_target_id": LAB_TARGET}
    has_key = "key" in options["by"] and resource_type is not FILTER
    if not has_key and "id" not in options["by"]:
        params.setdefault("name", NAMES[0])
    return {"purge_rules": True, **params}


def make_planner(emulated, resource_type, params, is_live):
    """Return a function that plans the task: check mode -> Plan. Raises ValidationError for invalid options."""
    desired = DesiredState.from_options(resource_type, params)
    MODULES[resource_type].check(desired)
    plan = MODULES[resource_type].create_planner(params)
    ec2 = LivenessEc2(emulated[1], is_live)
    return (lambda check_mode=False: plan(desired, ec2, check_mode)), ec2


def outcome_of(plan, *args):
    """Return (the plan, None), or (None, the message of its error)."""
    try:
        return plan(*args), None
    except (ValidationError, ConflictError) as error:
        return None, str(error)


def changed_ids(action, resource_type):
    """Return the ids of the existing resources of this type that a call changes."""
    ids = action.params.get("Resources", [])
    if action.operation in (f"Modify{resource_type.api}", f"Delete{resource_type.api}"):
        ids = [action.params[resource_type.id_member]]
    return [one for one in ids if isinstance(one, str)]


def written_tags(action):
    """Return the tags that a call sets."""
    specifications = [tag for one in action.params.get("TagSpecifications", []) for tag in one["Tags"]]
    tags = specifications + (action.params["Tags"] if action.operation == "CreateTags" else [])
    return {tag["Key"]: tag["Value"] for tag in tags}


def check_plan(plan, resource_type, params, rows):
    """Check the calls of a plan. rows: the existing resources by id."""
    name, task_id = params.get("name"), params.get(resource_type.id_option)
    deleted = {
        one for action in plan.actions if "Delete" in action.operation for one in changed_ids(action, resource_type)
    }
    deleted -= {
        one for action in plan.actions if action.operation == "DeleteTags" for one in action.params["Resources"]
    }
    for action in plan.actions:
        ids = changed_ids(action, resource_type)
        for row in (rows[one] for one in ids if one in rows):
            if not params["adopt"]:
                assert not {*MARKS} & row["tags"].keys(), "an ownership mark requires adopt"
                is_other = name is not None and row["tags"].get("Name") not in (None, name)
                assert not is_other or row[resource_type.id_option] == task_id, "another Name requires adopt"
        tags = written_tags(action)
        assert not {*MARKS} & tags.keys()
        assert not [key for key in tags if key.lower().startswith("aws:")]
        if name is not None and tags.get("Name") == name:
            holders = {one for one, row in rows.items() if row["tags"].get("Name") == name}
            assert not holders - {*ids} - deleted, "the name of another resource"
        if action.operation == "DeleteTags":
            assert "Name" not in {tag["Key"] for tag in action.params["Tags"]}


def summary(plan):
    """Return the operations of a plan, for Hypothesis' statistics."""
    return ", ".join(action.operation for action in plan.actions) or "nothing"


@pytest.mark.parametrize("resource_type", [SESSION, FILTER, TARGET], ids=lambda one: one.noun)
@settings(EMULATED, max_examples=20)
@given(existing=st.tuples(*[st.one_of(EXISTING, EXISTING, EXISTING, st.none())] * 3), options=OPTIONS)
def test_identity(emulated, resource_type, existing, options):
    ids = create(emulated, resource_type, existing)
    before = {row[resource_type.id_option]: row for row in describe(emulated, resource_type)}
    params = task_params(resource_type, ids, options)
    try:
        make_plan, ec2 = make_planner(emulated, resource_type, params, options["is_live"])
    except ValidationError:
        event("invalid")
        return

    predicted, predicted_error = outcome_of(make_plan, True)
    planned, error = outcome_of(make_plan)
    event(re.sub(r"tm.-\w+|\(.*?\)", "X", error)[:60] if error else summary(planned))
    assert error == predicted_error
    if planned is None:
        return
    assert [(one.operation, one.params) for one in predicted.actions] == [
        (one.operation, one.params) for one in planned.actions
    ]
    assert (predicted.before, predicted.after, predicted.warnings) == (
        planned.before,
        planned.after,
        planned.warnings,
    ) or (
        resource_type is SESSION  # check mode predicts the packet length
    )
    check_plan(planned, resource_type, params, before)

    outcome = execute(make_plan, ec2)
    assert [one.operation for one in outcome.actions] == [one.operation for one in planned.actions]
    after = {row[resource_type.id_option]: row for row in describe(emulated, resource_type)}
    named = {one for one in after if one in before and "Name" in before[one]["tags"]}
    assert all("Name" in after[one]["tags"] for one in named)
    touched = {one for action in planned.actions for one in changed_ids(action, resource_type)}
    assert {one: row for one, row in before.items() if one not in touched} == {
        one: row for one, row in after.items() if one in before and one not in touched
    }
    again, error = outcome_of(make_plan)
    assert (error, again.actions if again else None) == (None, ())
