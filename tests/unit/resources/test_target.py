# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for targets, from plain values."""

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
OPTIONS = {"state": "present", "purge_tags": True, "allow_replacement": False}


class Reader:
    """What Describe would show to ACCOUNT."""

    def __init__(self, *targets, sessions=()):
        self.rows = {TARGET: list(targets), SESSION: list(sessions)}
        self.calls = []

    def describe(self, kind, ids=(), filters=None, part_tags=False):
        self.calls.append((kind.noun, "ids" if ids else "filtered" if filters else "all"))
        rows = [row for row in self.rows[kind] if not ids or row[kind.id_option] in ids]
        for name, values in (filters or {}).items():
            rows = [row for row in rows if row.get(name.replace("-", "_")) in values]
        return rows

    def is_foreign(self, owner):
        return owner != ACCOUNT


def a_target(digit="1", name="t", description="", owner=ACCOUNT, tags=(), **destination):
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


def a_session(digit="1", on="1", owner=ACCOUNT, length=8500):
    return {
        "traffic_mirror_session_id": f"tms-{digit * 17}",
        "traffic_mirror_target_id": f"tmt-{on * 17}",
        "network_interface_id": "eni-" + digit * 17,
        "session_number": 1,
        "packet_length": length,
        "owner_id": owner,
        "tags": {},
    }


def plan(reader, **options):
    params = {**OPTIONS, **options}
    wanted = DesiredState.from_options(TARGET, params)
    target.check(wanted)
    return target.make_plan(params)(wanted, reader, False)


def calls(made):
    return [action.operation for action in made.actions]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Say which target: traffic_mirror_target_id, network_interface_id, .*or name"),
        ({"network_interface_id": "eni-1"}, "network_interface_id must be eni- followed by"),
        ({"gateway_load_balancer_endpoint_id": "vpc-1"}, "gateway_load_balancer_endpoint_id must be vpce- followed by"),
        ({"network_load_balancer_arn": NLB.replace("/net/", "/app/")}, "must be the ARN of a Network Load Balancer"),
        ({"network_load_balancer_arn": "sensors"}, "must be the ARN of a Network Load Balancer.*not 'sensors'"),
    ],
)
def test_bad_options(options, message):
    reader = Reader()
    with pytest.raises(ValidationError, match=message):
        plan(reader, **options)
    assert reader.calls == []


@pytest.mark.parametrize(
    ("destination", "type_"),
    [
        ({"network_interface_id": ENI}, "network-interface"),
        ({"network_load_balancer_arn": NLB}, "network-load-balancer"),
        ({"gateway_load_balancer_endpoint_id": VPCE}, "gateway-load-balancer-endpoint"),
    ],
)
def test_create(destination, type_):
    made = plan(Reader(), **destination, name="t", description="d")
    assert calls(made) == ["CreateTrafficMirrorTarget"]
    assert made.after == {**destination, "description": "d", "type": type_, "tags": {"Name": "t"}}


def test_create_lacks_a_destination():
    with pytest.raises(ValidationError, match="lacks one of: network_interface_id, network_load_balancer_arn, gateway"):
        plan(Reader(), name="t")
    with pytest.raises(ValidationError, match="type of a target with network_interface_id is network-interface, not n"):
        plan(Reader(), network_interface_id=ENI, type="network-load-balancer")
    with pytest.raises(NotFoundError, match="There is no target tmt-1.*none is shared with it"):
        plan(Reader(), traffic_mirror_target_id="tmt-" + "1" * 17, network_interface_id=ENI)


def test_one_call_to_find_it_in_every_way():
    row = a_target()
    for options in (
        {"network_load_balancer_arn": NLB},
        {"network_load_balancer_arn": NLB, "name": "t"},
        {"network_load_balancer_arn": NLB, "name": "t", "allow_replacement": True},
        {"traffic_mirror_target_id": row[TARGET.id_option]},
        {"traffic_mirror_target_id": row[TARGET.id_option], "name": "t", "network_load_balancer_arn": NLB},
        {"name": "t"},
        {option: value for option, value in row.items() if option != "tags"},
    ):
        reader = Reader(row, a_target("2", "u", NetworkInterfaceId=ENI))
        assert calls(plan(reader, **options)) == []
        assert len(reader.calls) == 1, options


def test_an_endpoint_is_matched_here_and_the_name_tells_two_apart():
    rows = [a_target(digit, name, GatewayLoadBalancerEndpointId=VPCE) for digit, name in (("1", "t"), ("2", "u"))]
    reader = Reader(*rows)
    with pytest.raises(ConflictError, match="fits 2 targets"):
        plan(reader, gateway_load_balancer_endpoint_id=VPCE)
    made = plan(reader, gateway_load_balancer_endpoint_id=VPCE, name="u")
    assert calls(made) == [] and made.after == rows[1]
    assert reader.calls == [("target", "all")] * 2


def test_the_name_of_one_and_the_destination_of_another():
    reader = Reader(a_target(), a_target("2", "u", NetworkInterfaceId=ENI))
    with pytest.raises(ConflictError, match=r"point at different targets.*tmt-2+ .*tmt-1+ "):
        plan(reader, name="t", network_interface_id=ENI)


def test_a_free_name_is_given_to_what_is_at_the_destination():
    made = plan(Reader(a_target()), name="new", network_load_balancer_arn=NLB)
    assert calls(made) == ["CreateTags"] and made.after["tags"] == {"Name": "new"}


def test_nothing_but_tags_can_be_changed():
    with pytest.raises(ConflictError, match="cannot get another destination.*give name and allow_replacement: true"):
        plan(Reader(a_target()), name="t", network_interface_id=ENI)
    for leave in (False, True):
        with pytest.raises(ConflictError, match="description of target .* is '' and EC2 cannot change it to 'new'"):
            plan(
                Reader(a_target()), name="t", network_load_balancer_arn=NLB, description="new", allow_replacement=leave
            )
    with pytest.raises(ConflictError, match="type is network-load-balancer .* it cannot be set"):
        plan(Reader(a_target()), name="t", type="network-interface")


def test_a_replacement_makes_moves_and_removes():
    reader = Reader(
        a_target(description="d", tags={"Team": "a", "aws:x": "y"}), sessions=[a_session("1"), a_session("2")]
    )
    made = plan(reader, name="t", network_interface_id=ENI, allow_replacement=True)
    assert calls(made) == [
        "CreateTrafficMirrorTarget",
        "ModifyTrafficMirrorSession",
        "ModifyTrafficMirrorSession",
        "DeleteTrafficMirrorTarget",
    ]
    assert made.actions[1].params["TrafficMirrorTargetId"] == CreatedIdRef(TARGET)
    assert made.after == {
        "network_interface_id": ENI,
        "type": "network-interface",
        "description": "d",
        "owner_id": ACCOUNT,
        "tags": {"Name": "t", "Team": "a"},
    }
    assert made.before["traffic_mirror_target_id"] == "tmt-" + "1" * 17


@pytest.mark.parametrize("name", ["t", "u", None])
def test_a_replacement_takes_the_target_that_is_there(name):
    """Without a name, with another one, or with the same: as the last run left it when it was interrupted."""
    reader = Reader(a_target(), a_target("2", name, NetworkInterfaceId=ENI), sessions=[a_session()])
    made = plan(reader, name="t", network_interface_id=ENI, allow_replacement=True)
    tagged = [] if name == "t" else ["CreateTags"]
    assert calls(made) == [*tagged, "ModifyTrafficMirrorSession", "DeleteTrafficMirrorTarget"]
    assert made.after["traffic_mirror_target_id"] == "tmt-" + "2" * 17


def test_what_is_taken_keeps_its_own_tags():
    there = a_target("2", None, NetworkInterfaceId=ENI, tags={"Team": "b", "Own": "1"})
    reader = Reader(a_target(tags={"Team": "a", "More": "2"}), there)
    options = {"name": "t", "network_interface_id": ENI, "allow_replacement": True}
    assert plan(reader, **options).after["tags"] == {"Name": "t", "Own": "1", "Team": "b"}
    assert plan(reader, **options, tags={"Team": "c"}).after["tags"] == {"Name": "t", "Team": "c"}


def test_after_a_replacement_the_old_id_finds_the_new_target():
    reader = Reader(a_target("2", NetworkInterfaceId=ENI))
    options = {"traffic_mirror_target_id": "tmt-" + "1" * 17, "name": "t", "network_interface_id": ENI}
    assert calls(plan(reader, **options, allow_replacement=True)) == []
    with pytest.raises(NotFoundError):
        plan(reader, **options)


def test_what_cannot_be_replaced():
    options = {"name": "t", "network_interface_id": ENI, "allow_replacement": True}
    foreign = a_session("7", owner=OTHER)
    with pytest.raises(ConflictError, match=r"sessions of other accounts use it.*tms-7+ "):
        plan(Reader(a_target(), sessions=[a_session(), foreign]), **options)
    with pytest.raises(
        ConflictError, match=r"owner 210987654321\) belongs to another account and cannot take the name"
    ):
        plan(Reader(a_target(), a_target("2", None, owner=OTHER, NetworkInterfaceId=ENI)), **options)
    long = [a_session("8", length=9000), a_session("9", length=0)]
    with pytest.raises(
        ConflictError, match=r"takes a packet_length of 1 to 8500; these sessions have more: session tms-8+ "
    ) as no:
        plan(
            Reader(a_target(NetworkInterfaceId=ENI), sessions=long),
            name="t",
            network_load_balancer_arn=NLB,
            allow_replacement=True,
        )
    assert "tms-9" not in str(no.value)
    for reader in (Reader(a_target(owner=OTHER)), Reader(a_target(owner=OTHER), a_target("2", NetworkInterfaceId=ENI))):
        with pytest.raises(
            ConflictError, match=r"^target tmt-1+ .*owner 210987654321\) belongs to another account; only"
        ):
            plan(reader, **options, traffic_mirror_target_id="tmt-" + "1" * 17)
    two = Reader(a_target("1"), a_target("3", NetworkLoadBalancerArn=NLB_2))
    with pytest.raises(ConflictError, match="name t fits 2 targets"):
        plan(two, **options)
    with pytest.raises(ConflictError, match=r"The name is that of target tmt-1+ .*the id is that of target tmt-2+ "):
        plan(
            Reader(a_target(), a_target("2", "u", NetworkInterfaceId=ENI)),
            **options,
            traffic_mirror_target_id="tmt-" + "2" * 17,
        )


def test_a_shared_target_is_never_touched():
    reader = Reader(a_target(name=None, owner=OTHER))
    assert calls(plan(reader, network_load_balancer_arn=NLB)) == []
    reader.rows[SESSION] = [a_session()]
    for options in ({"tags": {"a": "b"}}, {"state": "absent"}, {"name": "t"}):
        with pytest.raises(ConflictError, match="owner 210987654321.*belongs to another account"):
            plan(reader, network_load_balancer_arn=NLB, **options)


def test_removal_in_use_names_the_sessions_of_anyone():
    reader = Reader(a_target(), sessions=[a_session("1"), a_session("2", owner=OTHER), a_session("3", on="9")])
    with pytest.raises(InUseError, match=r"in use and was not removed.*tms-1+ .*tms-2+ .*owner 210987654321"):
        plan(reader, name="t", state="absent")
    removed = ["tms-" + digit * 17 for digit in "12"]
    assert calls(plan(reader, name="t", state="absent", removed_session_ids=removed)) == ["DeleteTrafficMirrorTarget"]
    assert calls(plan(Reader(), name="t", state="absent")) == []


def test_sessions_are_counted_in_one_describe_and_only_if_asked():
    reader = Reader(sessions=[a_session("1"), a_session("2"), a_session("3", on="9")])
    rows = [a_target("1"), a_target("2")]
    assert target.count_sessions({"session_count": False}, rows, reader) == rows and reader.calls == []
    counted = target.count_sessions({"session_count": True}, rows, reader)
    assert [row["session_count"] for row in counted] == [2, 0]
    assert reader.calls == [("session", "all")]
