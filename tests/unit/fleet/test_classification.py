# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Classes of interfaces: excluded, ineligible, stopped, eligible or not selected, with the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet.classification import classify
from ansible_collections.vtap.aws.plugins.module_utils._fleet.plan_entry import Selection
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fleet.builders import (
    DETACHED,
    FLEETS,
    HIDDEN,
    LIMITS,
    OTHER,
    PROPERTY,
    aws_states,
    fleet,
    interface,
)

EXCLUDE = [{"tags": {"Role": "sensor"}}, {"vpc_ids": ["vpc-0a1b2c3e"]}]
ENDED, STOPPED = ("shutting-down", "terminated"), ("pending", "stopping", "stopped")


def classify_one(mirrored=True, limits=LIMITS, sources=None, **fields):
    given_sources = {"sources": sources} if sources else {}
    return classify(fleet(exclude=EXCLUDE, **given_sources), interface(1, **fields), limits, mirrored)


@pytest.mark.parametrize(
    ("fields", "mirrored", "selection", "reason"),
    [
        ({}, False, Selection.ELIGIBLE, ""),
        ({}, True, Selection.ELIGIBLE, ""),
        ({"instance_type": "t2.micro"}, True, Selection.ELIGIBLE, ""),
        ({"mirror": False}, False, Selection.NOT_SELECTED, ""),
        (
            {"mirror": False},
            True,
            Selection.NOT_SELECTED,
            "no longer matches sources[0]: tag Mirror is missing; 'yes' is required",
        ),
        ({"tags": {"Role": "sensor"}}, True, Selection.EXCLUDED, "excluded by exclude[0] (tag Role 'sensor')"),
        ({"vpc_id": "vpc-0a1b2c3e"}, False, Selection.EXCLUDED, "excluded by exclude[1] (VPC vpc-0a1b2c3e)"),
        # The first entry that matches is the reason. An excluded interface is excluded whatever EC2 mirrors.
        (
            {"tags": {"Role": "sensor"}, "vpc_id": "vpc-0a1b2c3e", "ipv6_only": True, "state": "stopped"},
            False,
            Selection.EXCLUDED,
            "excluded by exclude[0] (tag Role 'sensor')",
        ),
        ({"ipv6_only": True}, True, Selection.INELIGIBLE, "subnet is IPv6-only"),
        ({"ipv6_only": True, "state": "stopped"}, True, Selection.INELIGIBLE, "subnet is IPv6-only"),
        (
            {"tags": {"Mirror": "yes"}, **DETACHED},
            True,
            Selection.INELIGIBLE,
            "not attached to an instance",
        ),
        ({"owner_id": OTHER}, False, Selection.INELIGIBLE, f"owned by account {OTHER}"),
    ],
)
def test_class_and_reason(fields, mirrored, selection, reason):
    candidate = classify_one(mirrored, **fields)
    assert (candidate.selection, candidate.reason) == (selection, reason)
    assert candidate.creates is (selection is Selection.ELIGIBLE)


@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("mirrored", [True, False])
@pytest.mark.parametrize("fields", [{}, {"mirror": False}, {"tags": {"Role": "sensor"}}])
def test_ended_instances_are_never_selected(state, mirrored, fields):
    """Whether or not they still have tags that match: the reason is the end of the instance."""
    candidate = classify_one(mirrored, state=state, **fields)
    assert (candidate.selection, candidate.reason) == (Selection.NOT_SELECTED, f"instance is {state}")


@pytest.mark.parametrize("state", ENDED)
def test_ended_instance_that_sources_name_is_ineligible(state):
    candidate = classify_one(state=state, sources=[{"tags": {"Mirror": "yes"}, "instance_states": [state]}])
    assert (candidate.selection, candidate.reason) == (Selection.INELIGIBLE, f"instance is {state}")


@pytest.mark.parametrize("state", STOPPED)
@pytest.mark.parametrize("mirrored", [True, False])
def test_stopped_instances_are_a_class_of_their_own(state, mirrored):
    candidate = classify_one(mirrored, state=state)
    assert (candidate.selection, candidate.reason) == (Selection.STOPPED, f"instance is {state}")
    assert not candidate.creates


@pytest.mark.parametrize("state", STOPPED)
def test_stopped_instance_that_sources_name_gets_a_session(state):
    candidate = classify_one(state=state, sources=[{"tags": {"Mirror": "yes"}, "instance_states": [state]}])
    assert (candidate.selection, candidate.creates) == (Selection.STOPPED, True)


@pytest.mark.parametrize("state", STOPPED)
def test_stopped_instance_that_does_not_match_is_not_selected(state):
    candidate = classify_one(state=state, mirror=False)
    assert candidate.selection is Selection.NOT_SELECTED and "tag Mirror is missing" in candidate.reason


def test_running_instance_is_not_selected_if_sources_name_another_state():
    candidate = classify_one(sources=[{"tags": {"Mirror": "yes"}, "instance_states": ["stopped"]}])
    assert candidate.selection is Selection.NOT_SELECTED
    assert candidate.reason == "no longer matches sources[0]: instance is running, not stopped"


def test_one_matching_entry_of_several_sources_is_enough():
    """The states of an entry concern only that entry."""
    sources = [
        {"tags": {"Mirror": "yes"}, "instance_states": ["stopped"]},
        {"vpc_ids": ["vpc-0a1b2c3d"], "instance_states": ["running"]},
    ]
    assert classify_one(sources=sources).selection is Selection.ELIGIBLE
    stopped = classify_one(sources=sources, state="stopped", mirror=False)
    assert (stopped.selection, stopped.creates) == (Selection.STOPPED, False)
    assert classify_one(sources=sources, state="stopped").creates
    elsewhere = classify_one(sources=sources, mirror=False, vpc_id="vpc-0a1b2c3f")
    assert elsewhere.selection is Selection.NOT_SELECTED
    assert "sources[0]: tag Mirror is missing" in elsewhere.reason and "; sources[1]: VPC is" in elsewhere.reason


@pytest.mark.parametrize("fields", [{}, {"mirror": False}, {"tags": {"Mirror": "yes"}}, {"tags": {"Role": "sensor"}}])
def test_interface_of_a_hidden_instance_keeps_its_session(fields):
    """Without the tags of the instance, it is unknown whether the interface is selected."""
    candidate = classify_one(True, **fields, **HIDDEN)
    assert (candidate.selection, candidate.is_hidden) == (Selection.INELIGIBLE, True)
    assert candidate.reason == "instance is not visible yet"


def test_interface_of_a_hidden_instance_gets_no_session():
    assert classify_one(False, **HIDDEN).selection is Selection.NOT_SELECTED
    candidate = classify_one(False, tags={"Mirror": "yes"}, **HIDDEN)
    assert (candidate.selection, candidate.reason) == (Selection.INELIGIBLE, "instance is not visible yet")


def test_interfaces_without_visible_instance_can_be_eligible():
    """Interfaces of Amazon RDS and of participants."""
    limits = replace(LIMITS, managed_services=frozenset(["rds"]), own_subnets=frozenset([interface(1).subnet_id]))
    tags = {"Mirror": "yes"}
    for mirrored in (True, False):
        assert classify_one(mirrored, limits, owner_id=OTHER, tags=tags, **HIDDEN).selection is Selection.ELIGIBLE
        database = classify_one(mirrored, limits, managed_by="amazon-rds", tags=tags, **DETACHED)
        assert database.selection is Selection.ELIGIBLE


@pytest.mark.parametrize("fields", [{}, {"tags": {"Mirror": "yes"}}])
def test_interfaces_of_participants_are_not_hidden(fields):
    """Their sessions are deleted if participant_interfaces is set to false."""
    candidate = classify_one(True, owner_id=OTHER, **fields, **HIDDEN)
    assert not candidate.is_hidden
    assert candidate.selection is (Selection.INELIGIBLE if fields else Selection.NOT_SELECTED)


@PROPERTY
@given(FLEETS, aws_states(), st.booleans())
def test_every_class_but_eligible_has_a_reason(one_fleet, state, mirrored):
    """Only an interface that is neither selected nor mirrored needs none. No reason has an id of the interface."""
    for one in state.interfaces:
        candidate = classify(one_fleet, one, state.limits, mirrored)
        needs_reason = candidate.selection is not Selection.ELIGIBLE and (
            mirrored or candidate.selection is not Selection.NOT_SELECTED
        )
        assert bool(candidate.reason) or not needs_reason
        assert one.id not in candidate.reason and "i-" not in candidate.reason.split(" ")
        assert candidate.creates or candidate.selection is not Selection.ELIGIBLE
        assert not candidate.is_hidden or (mirrored and one.instance is None)
