# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of plans for targets, with fixed Describe results."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model import api_objects, resource_types
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import CreatedIdRef, DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import (
    ConflictError,
    InUseError,
    NotFoundError,
    ValidationError,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._resources import target

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/{}/0a1b2c3d4e5f6072"
NLB, NLB_2 = ARN.format("a"), ARN.format("b")
ENI, VPCE = "eni-" + "5" * 17, "vpce-" + "6" * 17
ACCOUNT, OTHER = "123456789012", "210987654321"
TYPES = {"NetworkInterfaceId": resource_types.ENI, "NetworkLoadBalancerArn": resource_types.NLB}
OPTIONS = {"state": "present", "purge_tags": True, "allow_replacement": False, "adopt": False}


class FakeReader:
    """Returns these targets and sessions to ACCOUNT, and records the Describe calls."""

    def __init__(self, *targets, sessions=()):
        self.rows = {TARGET: list(targets), SESSION: list(sessions)}
        self.calls = []

    def describe(self, resource_type, ids=(), filters=None, child_tags=False):
        self.calls.append((resource_type.noun, "ids" if ids else "filtered" if filters else "all"))
        rows = [row for row in self.rows[resource_type] if not ids or row[resource_type.id_option] in ids]
        for name, values in (filters or {}).items():
            rows = [row for row in rows if row.get(name.replace("-", "_")) in values]
        return rows

    def is_foreign(self, owner):
        return owner != ACCOUNT


def target_row(digit="1", name="t", description="", owner=ACCOUNT, tags=(), **destination):
    destination = destination or {"NetworkLoadBalancerArn": NLB}
    pairs = {**dict(tags), **({"Name": name} if name else {})}
    reply = {
        "TrafficMirrorTargetId": f"tmt-{digit * 17}",
        "OwnerId": owner,
        "Type": TYPES.get(next(iter(destination)), resource_types.GWLBE),
        "Tags": [{"Key": key, "Value": value} for key, value in pairs.items()],
        **({"Description": description} if description else {}),
        **destination,
    }
    return api_objects.from_api(TARGET, reply, "arn:aws:ec2:eu-west-1")


def session_row(digit="1", target_digit="1", owner=ACCOUNT, length=8500):
    return {
        "traffic_mirror_session_id": f"tms-{digit * 17}",
        "traffic_mirror_target_id": f"tmt-{target_digit * 17}",
        "network_interface_id": "eni-" + digit * 17,
        "session_number": 1,
        "packet_length": length,
        "owner_id": owner,
        "tags": {},
    }


def plan_target(reader, **options):
    params = {**OPTIONS, **options}
    desired = DesiredState.from_options(TARGET, params)
    target.check(desired)
    return target.create_planner(params)(desired, reader, False)


def operations(plan_):
    return [action.operation for action in plan_.actions]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Identify the target by traffic_mirror_target_id, network_interface_id, .*or by name"),
        ({"network_interface_id": "eni-1"}, "network_interface_id must be eni- followed by"),
        ({"gateway_load_balancer_endpoint_id": "vpc-1"}, "gateway_load_balancer_endpoint_id must be vpce- followed by"),
        ({"network_load_balancer_arn": NLB.replace("/net/", "/app/")}, "must be the ARN of a Network Load Balancer"),
        ({"network_load_balancer_arn": "sensors"}, "must be the ARN of a Network Load Balancer.*not 'sensors'"),
    ],
)
def test_invalid_options(options, message):
    reader = FakeReader()
    with pytest.raises(ValidationError, match=message):
        plan_target(reader, **options)
    assert reader.calls == []


@pytest.mark.parametrize(
    ("destination", "target_type"),
    [
        ({"network_interface_id": ENI}, "network-interface"),
        ({"network_load_balancer_arn": NLB}, "network-load-balancer"),
        ({"gateway_load_balancer_endpoint_id": VPCE}, "gateway-load-balancer-endpoint"),
    ],
)
def test_create(destination, target_type):
    result = plan_target(FakeReader(), **destination, name="t", description="d")
    assert operations(result) == ["CreateTrafficMirrorTarget"]
    assert result.after == {**destination, "description": "d", "type": target_type, "tags": {"Name": "t"}}


def test_create_requires_a_destination():
    with pytest.raises(
        ValidationError, match="creating it requires one of: network_interface_id, network_load_balancer_arn, gateway"
    ):
        plan_target(FakeReader(), name="t")
    with pytest.raises(ValidationError, match="type of a target with network_interface_id is network-interface, not n"):
        plan_target(FakeReader(), network_interface_id=ENI, type="network-load-balancer")
    with pytest.raises(
        NotFoundError, match="target tmt-1.* does not exist in this account and region, and is not shared"
    ):
        plan_target(FakeReader(), traffic_mirror_target_id="tmt-" + "1" * 17, network_interface_id=ENI)


def test_every_identification_takes_one_describe():
    row = target_row()
    for options in (
        {"network_load_balancer_arn": NLB},
        {"network_load_balancer_arn": NLB, "name": "t"},
        {"network_load_balancer_arn": NLB, "name": "t", "allow_replacement": True},
        {"traffic_mirror_target_id": row[TARGET.id_option]},
        {"traffic_mirror_target_id": row[TARGET.id_option], "name": "t", "network_load_balancer_arn": NLB},
        {"name": "t"},
        {option: value for option, value in row.items() if option != "tags"},
    ):
        reader = FakeReader(row, target_row("2", "u", NetworkInterfaceId=ENI))
        assert operations(plan_target(reader, **options)) == []
        assert len(reader.calls) == 1, options


def test_targets_of_one_endpoint_are_identified_by_name():
    rows = [target_row(digit, name, GatewayLoadBalancerEndpointId=VPCE) for digit, name in (("1", "t"), ("2", "u"))]
    reader = FakeReader(*rows)
    with pytest.raises(ConflictError, match="matches 2 targets"):
        plan_target(reader, gateway_load_balancer_endpoint_id=VPCE)
    result = plan_target(reader, gateway_load_balancer_endpoint_id=VPCE, name="u")
    assert operations(result) == [] and result.after == rows[1]
    assert reader.calls == [("target", "all")] * 2


def test_name_and_destination_of_different_targets_fail():
    """The destination identifies the target. Its name is protected, and the task's name is taken."""
    reader = FakeReader(target_row(), target_row("2", "u", NetworkInterfaceId=ENI))
    with pytest.raises(ConflictError, match=r"target tmt-2+ .* was not changed: its Name is 'u', not 't'.*"):
        plan_target(reader, name="t", network_interface_id=ENI)
    with pytest.raises(ConflictError, match=r"name 't' is already the name of target tmt-1+ "):
        plan_target(reader, name="t", network_interface_id=ENI, adopt=True)


def test_target_with_the_destination_is_renamed_only_if_adopted():
    options = {"name": "new", "network_load_balancer_arn": NLB}
    with pytest.raises(
        ConflictError,
        match=r"its Name is 't', not 'new'. A destination can have only one target: to s"
        "end packets to it, set traffic_mirror_target_id: tmt-1+ on your sessions. To take it over, set a",
    ):
        plan_target(FakeReader(target_row()), **options)
    result = plan_target(FakeReader(target_row()), **options, adopt=True)
    assert operations(result) == ["CreateTags"] and result.after["tags"] == {"Name": "new"}


def test_changes_other_than_tags_fail():
    with pytest.raises(
        ConflictError,
        match="EC2 cannot change the destination of a target, to eni-.*set name and allow_replacement: true",
    ):
        plan_target(FakeReader(target_row()), name="t", network_interface_id=ENI)
    for allow in (False, True):
        with pytest.raises(ConflictError, match="EC2 cannot change the description of a target, from '' to 'new'"):
            plan_target(
                FakeReader(target_row()),
                name="t",
                network_load_balancer_arn=NLB,
                description="new",
                allow_replacement=allow,
            )
    with pytest.raises(ConflictError, match="type is network-load-balancer .* it cannot be set"):
        plan_target(FakeReader(target_row()), name="t", type="network-interface")


def test_replacement_creates_switches_sessions_and_deletes():
    reader = FakeReader(
        target_row(description="d", tags={"Team": "a", "aws:x": "y"}), sessions=[session_row("1"), session_row("2")]
    )
    result = plan_target(reader, name="t", network_interface_id=ENI, allow_replacement=True)
    assert operations(result) == [
        "CreateTrafficMirrorTarget",
        "ModifyTrafficMirrorSession",
        "ModifyTrafficMirrorSession",
        "DeleteTrafficMirrorTarget",
    ]
    assert result.actions[1].params["TrafficMirrorTargetId"] == CreatedIdRef(TARGET, "t")
    assert result.after == {
        "network_interface_id": ENI,
        "type": "network-interface",
        "description": "d",
        "owner_id": ACCOUNT,
        "tags": {"Name": "t", "Team": "a"},
    }
    assert result.before["traffic_mirror_target_id"] == "tmt-" + "1" * 17


@pytest.mark.parametrize("name", ["t", "u", None])
def test_replacement_reuses_the_target_of_the_destination(name):
    """The existing target has no name, another name, or the same name (after an interrupted run)."""
    reader = FakeReader(target_row(), target_row("2", name, NetworkInterfaceId=ENI), sessions=[session_row()])
    options = {"name": "t", "network_interface_id": ENI, "allow_replacement": True}
    for old_id in ({}, {"traffic_mirror_target_id": "tmt-" + "1" * 17}):
        if name == "u":
            with pytest.raises(ConflictError, match=r"target tmt-2+ .*was not changed: its Name is 'u', not 't'"):
                plan_target(reader, **options, **old_id)
    result = plan_target(reader, **options, adopt=name == "u")
    tag_operations = [] if name == "t" else ["CreateTags"]
    assert operations(result) == [*tag_operations, "ModifyTrafficMirrorSession", "DeleteTrafficMirrorTarget"]
    assert result.after["traffic_mirror_target_id"] == "tmt-" + "2" * 17


def test_reused_target_keeps_its_tags():
    existing = target_row("2", None, NetworkInterfaceId=ENI, tags={"Team": "b", "Own": "1"})
    reader = FakeReader(target_row(tags={"Team": "a", "More": "2"}), existing)
    options = {"name": "t", "network_interface_id": ENI, "allow_replacement": True}
    assert plan_target(reader, **options).after["tags"] == {"Name": "t", "Own": "1", "Team": "b"}
    assert plan_target(reader, **options, tags={"Team": "c"}).after["tags"] == {"Name": "t", "Team": "c"}


def test_old_id_identifies_the_new_target_after_a_replacement():
    reader = FakeReader(target_row("2", NetworkInterfaceId=ENI))
    options = {"traffic_mirror_target_id": "tmt-" + "1" * 17, "name": "t", "network_interface_id": ENI}
    assert operations(plan_target(reader, **options, allow_replacement=True)) == []
    with pytest.raises(NotFoundError):
        plan_target(reader, **options)


def test_impossible_replacements_fail():
    options = {"name": "t", "network_interface_id": ENI, "allow_replacement": True}
    foreign = session_row("7", owner=OTHER)
    with pytest.raises(ConflictError, match=r"sessions of other accounts use it.*tms-7+ "):
        plan_target(FakeReader(target_row(), sessions=[session_row(), foreign]), **options)
    with pytest.raises(
        ConflictError,
        match=r"target tmt-1+ .*cannot be replaced by .*owner 210987654321\), which belongs to another account",
    ):
        plan_target(FakeReader(target_row(), target_row("2", None, owner=OTHER, NetworkInterfaceId=ENI)), **options)
    long_sessions = [session_row("8", length=9000), session_row("9", length=0)]
    with pytest.raises(
        ConflictError, match=r"accepts a packet_length of 1 to 8500\..*these sessions first: session tms-8+ "
    ) as error:
        plan_target(
            FakeReader(target_row(NetworkInterfaceId=ENI), sessions=long_sessions),
            name="t",
            network_load_balancer_arn=NLB,
            allow_replacement=True,
        )
    assert "tms-9" not in str(error.value)
    for reader in (
        FakeReader(target_row(owner=OTHER)),
        FakeReader(target_row(owner=OTHER), target_row("2", NetworkInterfaceId=ENI)),
    ):
        with pytest.raises(
            ConflictError, match=r"^target tmt-1+ .*owner 210987654321\) belongs to another account; only"
        ):
            plan_target(reader, **options, traffic_mirror_target_id="tmt-" + "1" * 17)
    ambiguous = FakeReader(target_row("1"), target_row("3", NetworkLoadBalancerArn=NLB_2))
    with pytest.raises(ConflictError, match="name t matches 2 targets"):
        plan_target(ambiguous, **options)
    with pytest.raises(
        ConflictError, match=r"name matches target tmt-1+ .*traffic_mirror_target_id matches target tmt-2+ "
    ):
        plan_target(
            FakeReader(target_row(), target_row("2", "u", NetworkInterfaceId=ENI)),
            **options,
            traffic_mirror_target_id="tmt-" + "2" * 17,
        )


def test_changes_to_a_shared_target_fail():
    reader = FakeReader(target_row(name=None, owner=OTHER))
    assert operations(plan_target(reader, network_load_balancer_arn=NLB)) == []
    reader.rows[SESSION] = [session_row()]
    for options in ({"tags": {"a": "b"}}, {"state": "absent"}, {"name": "t"}):
        with pytest.raises(ConflictError, match="owner 210987654321.*belongs to another account"):
            plan_target(reader, network_load_balancer_arn=NLB, **options)


def test_absent_lists_the_sessions_of_all_accounts():
    reader = FakeReader(
        target_row(), sessions=[session_row("1"), session_row("2", owner=OTHER), session_row("3", target_digit="9")]
    )
    with pytest.raises(InUseError, match=r"in use and was not deleted.*tms-1+ .*tms-2+ .*owner 210987654321"):
        plan_target(reader, name="t", state="absent")
    removed_ids = ["tms-" + digit * 17 for digit in "12"]
    assert operations(plan_target(reader, name="t", state="absent", removed_session_ids=removed_ids)) == [
        "DeleteTrafficMirrorTarget"
    ]
    assert operations(plan_target(FakeReader(), name="t", state="absent")) == []


def test_session_count_takes_one_describe():
    reader = FakeReader(sessions=[session_row("1"), session_row("2"), session_row("3", target_digit="9")])
    rows = [target_row("1"), target_row("2")]
    assert target.count_sessions({"session_count": False}, rows, reader) == rows and reader.calls == []
    counted = target.count_sessions({"session_count": True}, rows, reader)
    assert [row["session_count"] for row in counted] == [2, 0]
    assert reader.calls == [("session", "all")]
