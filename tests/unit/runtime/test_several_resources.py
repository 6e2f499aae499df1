# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Execution of plans with several new resources of one type: each reference means one of them."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import CreatedIdRef
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Action, Plan
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, RULE, SESSION
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import execute
from ansible_collections.vtap.aws.plugins.module_utils._runtime.record import TaskFailed

from tests.unit.runtime.fake_ec2 import DELETE_FILTER, DENIED, INVALID, NO_RESPONSE, FakeEc2, planner
from tests.unit.runtime.several import DNS, NAMES, TLS, plan_several, seed_target
from tests.unit.runtime.world import WorldEc2

# The calls of a first run, in order.
CREATES = [*["CreateTrafficMirrorFilter", "CreateTrafficMirrorFilterRule"] * 2, *["CreateTrafficMirrorSession"] * 2]


class LoggingWorld(WorldEc2):
    """Also records the operation and the client token of each call."""

    def __init__(self, **fields):
        super().__init__(**fields)
        self.log = []

    def call(self, operation, **params):
        self.log.append((operation, params.get("ClientToken")))
        return super().call(operation, **params)


def run(ec2, target_id):
    return execute(lambda: plan_several(ec2, target_id), ec2)


def ids_by_name(ec2, resource_type):
    """Return the ids of the resources by Name tag. Fails if two have the same name."""
    rows = ec2.describe(resource_type)
    ids = {row["tags"]["Name"]: row[resource_type.id_option] for row in rows}
    assert len(ids) == len(rows)
    return ids


def check_state(ec2):
    """Check that each rule and session refers to the filter of its name."""
    filters = ids_by_name(ec2, FILTER)
    assert filters.keys() == ids_by_name(ec2, SESSION).keys() == NAMES.keys()
    for row in ec2.describe(FILTER):
        assert [one["destination_port"] for one in row["rules"]] == [NAMES[row["tags"]["Name"]][0]]
    for row in ec2.describe(SESSION):
        name = row["tags"]["Name"]
        assert (row["traffic_mirror_filter_id"], row["network_interface_id"]) == (filters[name], NAMES[name][1])


def test_each_call_gets_the_id_of_its_resource_and_each_create_a_token():
    ec2 = LoggingWorld()
    target = seed_target(ec2)
    outcome = run(ec2, target)
    check_state(ec2)
    assert [action.operation for action in outcome.actions] == [operation for operation, _token in ec2.log] == CREATES
    assert len({token for _operation, token in ec2.log if token}) == len(CREATES)
    assert run(ec2, target).actions == ()


@pytest.mark.parametrize("lost", ["lost after", "lost before"])
@pytest.mark.parametrize("nth", range(len(CREATES)))
def test_lost_reply_of_one_create_repeats_no_other(nth, lost):
    ec2 = LoggingWorld(outcomes=[*["ok"] * nth, lost])
    outcome = run(ec2, seed_target(ec2))
    check_state(ec2)
    assert Counter(action.operation for action in outcome.actions) == Counter(CREATES)
    assert len({token for _operation, token in ec2.log}) == len(CREATES)
    assert len(ec2.log) == len(CREATES) + (lost == "lost before")


@pytest.mark.parametrize("lost", range(-1, len(CREATES) - 1))
def test_failure_names_each_new_resource_once(lost):
    """The last call is refused. The reply of one of the calls before it may be lost (-1: none)."""
    outcomes = ["lost after" if nth == lost else "ok" for nth in range(len(CREATES) - 1)]
    ec2 = WorldEc2(outcomes=[*outcomes, "expired"])
    with pytest.raises(TaskFailed) as failure:
        run(ec2, seed_target(ec2))
    filters, sessions = ids_by_name(ec2, FILTER), ids_by_name(ec2, SESSION)
    first_session = CreatedIdRef(SESSION, "dns")
    assert failure.value.created_ids == {DNS: filters["dns"], TLS: filters["tls"], first_session: sessions["dns"]}
    for text in (
        f"The new filter 'dns' is {filters['dns']}; the next run resumes with it.",
        f"The new filter 'tls' is {filters['tls']}; the next run resumes with it.",
        f"The new session 'dns' is {sessions['dns']}; the next run resumes with it.",
        *(f"({row[RULE.id_option]})" for one in ec2.describe(FILTER) for row in one["rules"]),
    ):
        assert failure.value.message.count(text) == 1
    assert "new session 'tls'" not in failure.value.message


def test_completed_create_is_recognized_by_its_own_resource(delays):
    """Describe does not return the first filter yet, while the Create of the second one had no reply."""
    first, second = (
        Action("CreateTrafficMirrorFilter", {"Description": one.key}, "filter", "", resource_type=FILTER, creates=one)
        for one in (DNS, TLS)
    )
    found = Plan(after={"traffic_mirror_filter_id": "tmf-tls", "tags": {}})
    stale = Plan((first,), parts={DNS: Plan((first,), after={"tags": {}}), TLS: found})

    class Ec2(FakeEc2):
        def call(self, operation, **params):
            super().call(operation, **params)
            return {"TrafficMirrorFilter": {"TrafficMirrorFilterId": f"tmf-{params['Description']}"}}

    ec2 = Ec2(None, NO_RESPONSE, INVALID)
    with pytest.raises(TaskFailed) as failure:
        execute(planner(Plan((first, second)), stale), ec2)
    assert [params["Description"] for params in ec2.params] == ["dns", "tls", "tls"]
    assert ec2.tokens[0] != ec2.tokens[1] == ec2.tokens[2]
    assert failure.value.created_ids == {DNS: "tmf-dns"}
    assert "may have carried out: CreateTrafficMirrorFilter on filter." in failure.value.message


class RivalWorld(WorldEc2):
    """Another client creates a second filter of the name tls."""

    def call(self, operation, **params):
        reply = super().call(operation, **params)
        if operation == "CreateTrafficMirrorFilter" and "tls" in str(params):
            self.execute(operation, {"TagSpecifications": params["TagSpecifications"]})
        return reply


def test_duplicate_of_one_name_does_not_hide_the_other_resources():
    ec2 = RivalWorld()
    with pytest.raises(TaskFailed) as failure:
        run(ec2, seed_target(ec2))
    (dns, tls, rival) = [row[FILTER.id_option] for row in ec2.describe(FILTER)]
    message = failure.value.message
    assert f"Another client created a filter of the same name at the same time: {rival}." in message
    assert f"This task created {tls}." in message and "The new filter 'tls'" not in message
    assert f"The new filter 'dns' is {dns}; the next run resumes with it." in message


def new_filter(reference, resource):
    """Return the calls that create a filter and a rule."""
    return (
        Action("CreateTrafficMirrorFilter", {}, resource, "", resource_type=FILTER, creates=reference),
        Action(
            "CreateTrafficMirrorFilterRule",
            {"TrafficMirrorFilterId": reference, "TrafficDirection": "ingress", "RuleNumber": 1},
            resource,
            "",
            resource_type=RULE,
            creates=CreatedIdRef(RULE, "ingress 1"),
        ),
    )


def test_permissions_are_checked_on_the_resource_that_is_replaced():
    """The first filter is new and replaces none, so nothing can be checked on it. The second replaces tmf-old."""
    new, replacing = new_filter(DNS, "filter dns"), (*new_filter(TLS, "filter tls"), DELETE_FILTER)
    old = {"traffic_mirror_filter_id": "tmf-old", "tags": {}}
    parts = {DNS: Plan(new), TLS: Plan(replacing, before=old, replaces=True)}
    ec2 = FakeEc2(denials={"DeleteTrafficMirrorFilter": DENIED})
    with pytest.raises(TaskFailed, match="UnauthorizedOperation.* Not sent: CreateTrafficMirrorFilter on filter dns; "):
        execute(planner(Plan((*new, *replacing), replaces=True, parts=parts)), ec2)
    assert ec2.calls == []
    assert ec2.checked == [
        ("CreateTrafficMirrorFilter", {}),
        ("CreateTrafficMirrorFilterRule", {**replacing[1].params, "TrafficMirrorFilterId": "tmf-old"}),
        ("DeleteTrafficMirrorFilter", {}),
    ]


def test_replacements_of_several_filters_move_the_session_of_each():
    ec2 = WorldEc2()
    target = seed_target(ec2)
    run(ec2, target)
    old_ids = set(ids_by_name(ec2, FILTER).values())
    execute(lambda: plan_several(ec2, target, description="changed", allow_replacement=True), ec2)
    check_state(ec2)
    assert old_ids.isdisjoint(ids_by_name(ec2, FILTER).values())
