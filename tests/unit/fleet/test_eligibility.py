# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Eligibility of interfaces: what EC2 can mirror."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet.eligibility import Limits, find_ineligible_reason
from ansible_collections.vtap.aws.plugins.module_utils._fleet.instance_types import SupportedTypes
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fleet.interfaces import INTERFACE, MACHINE, interface

OWN, OTHER = INTERFACE.owner_id, "210987654321"
SERVICE = replace(INTERFACE, managed_by="amazon-rds", attached_to="", instance=None)
PARTICIPANT = replace(INTERFACE, owner_id=OTHER, instance=None)
LIMITS = Limits(SupportedTypes(), frozenset(), frozenset([OTHER]))
ALL_SERVICES = replace(LIMITS, managed_services=frozenset(["rds", "elasticache"]))
SHARED = replace(LIMITS, own_subnets=frozenset([INTERFACE.subnet_id]))


def test_interface_of_a_supported_instance_is_eligible():
    assert find_ineligible_reason(INTERFACE, LIMITS) is None


@pytest.mark.parametrize("state", ["pending", "running", "stopping", "stopped"])
def test_instances_that_can_run_again_are_eligible(state):
    assert find_ineligible_reason(interface(state=state), LIMITS) is None


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (replace(INTERFACE, owner_id=OTHER), f"owned by account {OTHER}"),
        (replace(INTERFACE, type="nat_gateway"), "interface type is nat_gateway; EC2 mirrors only interface"),
        (interface(state="shutting-down"), "instance is shutting-down"),
        (interface(state="terminated"), "instance is terminated"),
        (replace(INTERFACE, instance=None), "instance is not visible yet"),
        (replace(INTERFACE, instance=None, attached_to=""), "not attached to an instance"),
        (replace(INTERFACE, ipv6_only=True), "subnet is IPv6-only"),
        (
            interface(type="t2.micro"),
            "instance type t2.micro is not in the built-in list; see additional_instance_types",
        ),
        (interface(type="m6i.metal"), "instance type m6i.metal is bare metal without support for Traffic Mirroring"),
    ],
)
def test_reasons(candidate, reason):
    assert find_ineligible_reason(candidate, LIMITS) == reason


@pytest.mark.parametrize("instance_type", ["m5.large", "m5.metal"])
def test_replaced_list_is_named_in_the_reason(instance_type):
    limits = replace(LIMITS, types=SupportedTypes(replaced=("c5.*",), added=("m8g",)))
    reason = f"instance type {instance_type} is not in supported_instance_types"
    assert find_ineligible_reason(interface(type=instance_type), limits) == reason
    assert find_ineligible_reason(interface(type="m8g.large"), limits) is None


def test_target_cannot_be_a_source():
    limits = replace(LIMITS, targets=frozenset([INTERFACE.id]))
    assert find_ineligible_reason(INTERFACE, limits) == "the interface is a mirror target"


@pytest.mark.parametrize("instance_type", ["t2.micro", "m6i.metal"])
def test_session_proves_that_ec2_accepts_the_type(instance_type):
    assert find_ineligible_reason(interface(type=instance_type), LIMITS) is not None
    assert find_ineligible_reason(interface(type=instance_type), LIMITS, mirrored=True) is None


@pytest.mark.parametrize(
    ("managed_by", "allowed", "reason"),
    [
        ("amazon-rds", ["rds"], None),
        ("amazon-elasticache", ["elasticache"], None),
        (
            "amazon-rds",
            ["elasticache"],
            "managed by amazon-rds (requester-managed); set managed_services to include rds",
        ),
        (
            "amazon-elasticache",
            [],
            "managed by amazon-elasticache (requester-managed); set managed_services to include elasticache",
        ),
        ("amazon-elb", ["rds", "elasticache"], "managed by amazon-elb (requester-managed)"),
        ("an AWS service", ["rds"], "managed by an AWS service (requester-managed)"),
        # Requesters without an alias. Reasons have no ids, because interfaces are counted by reason.
        ("440000000017", ["rds"], "managed by an AWS service (requester-managed)"),
        ("AROA2EXAMPLE7LAMBDA22:web", ["rds"], "managed by an AWS service (requester-managed)"),
    ],
)
def test_only_allowed_services_are_eligible(managed_by, allowed, reason):
    limits = replace(LIMITS, managed_services=frozenset(allowed))
    assert find_ineligible_reason(replace(SERVICE, managed_by=managed_by), limits) == reason


def test_interface_of_another_account_is_eligible_only_in_own_subnets():
    assert find_ineligible_reason(PARTICIPANT, SHARED) is None
    elsewhere = replace(PARTICIPANT, subnet_id="subnet-0a1b2c3e")
    assert find_ineligible_reason(elsewhere, SHARED) == f"owned by account {OTHER}"


def test_own_subnets_change_nothing_for_own_interfaces():
    assert find_ineligible_reason(replace(INTERFACE, instance=None), SHARED) == "instance is not visible yet"
    assert find_ineligible_reason(interface(state="terminated"), SHARED) == "instance is terminated"


@pytest.mark.parametrize(("candidate", "limits"), [(SERVICE, ALL_SERVICES), (PARTICIPANT, SHARED)])
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"ipv6_only": True}, "subnet is IPv6-only"),
        ({"type": "efa"}, "interface type is efa; EC2 mirrors only interface"),
        ({"id": "eni-0a1b2c3e"}, "the interface is a mirror target"),
    ],
)
def test_interfaces_without_visible_instance_have_the_other_limits(candidate, limits, fields, reason):
    limits = replace(limits, targets=frozenset(["eni-0a1b2c3e"]))
    assert find_ineligible_reason(candidate, limits) is None
    assert find_ineligible_reason(replace(candidate, **fields), limits) == reason


def test_participant_interface_must_be_attached_and_of_an_allowed_service():
    detached = replace(PARTICIPANT, attached_to="")
    assert find_ineligible_reason(detached, SHARED) == "not attached to an instance"
    database = replace(SERVICE, owner_id=OTHER)
    assert "set managed_services" in find_ineligible_reason(database, SHARED)
    assert find_ineligible_reason(database, replace(SHARED, managed_services=frozenset(["rds"]))) is None


INTERFACES = st.builds(
    replace,
    st.just(INTERFACE),
    owner_id=st.sampled_from([OWN, OTHER]),
    type=st.sampled_from(["interface", "efa"]),
    managed_by=st.sampled_from(["", "amazon-rds", "amazon-elb", "440000000017"]),
    ipv6_only=st.booleans(),
    attached_to=st.sampled_from(["", MACHINE.id]),
    instance=st.none()
    | st.builds(
        replace,
        st.just(MACHINE),
        type=st.sampled_from(["m5.large", "t2.micro", "m6i.metal"]),
        state=st.sampled_from(["running", "stopped", "terminated"]),
    ),
)


@given(candidate=INTERFACES, limits=st.sampled_from([LIMITS, ALL_SERVICES, SHARED]), mirrored=st.booleans())
def test_reason_has_no_id_of_the_interface(candidate, limits, mirrored):
    reason = find_ineligible_reason(candidate, limits, mirrored)
    ids = (candidate.id, candidate.subnet_id, candidate.vpc_id, MACHINE.id, "440000000017")
    assert reason is None or not any(one in reason for one in ids)


@given(candidate=INTERFACES, limits=st.sampled_from([LIMITS, ALL_SERVICES, SHARED]))
def test_a_session_changes_only_the_reason_of_the_type(candidate, limits):
    without, with_session = (find_ineligible_reason(candidate, limits, mirrored) for mirrored in (False, True))
    assert with_session == (None if without and without.startswith("instance type") else without)
