# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Discovery against the emulator: references, interfaces and instances, targets and what is behind them."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._fleet import discovery
from ansible_collections.vtap.aws.plugins.module_utils._fleet.discovery import describe_current, resolve
from ansible_collections.vtap.aws.plugins.module_utils._fleet.options import Fleet
from ansible_collections.vtap.aws.plugins.module_utils._fleet.plan_entry import Destination
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import (
    AmbiguousMatchError,
    ConflictError,
    NotFoundError,
    ValidationError,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.placeholders import UnresolvedRef

from tests.unit.fleet.builders import options
from tests.unit.fleet.runs import PARAMS, WEB, list_calls, web_session_params

LAB_FILTER, LAB_TARGET = "tmf-0a1b2c3d4e5f60718", "tmt-0a1b2c3d4e5f60718"
SENSOR, SENSOR_MACHINE = "eni-0a1b2c3d4e5f60741", "i-0a1b2c3d4e5f60741"
SUBNETS = {"a": "subnet-0a1b2c3d4e5f60711", "b": "subnet-0a1b2c3d4e5f60712"}
LARGE, SMALL = "c5n.18xlarge", "m5.large"


@pytest.fixture
def read(running, emulator):
    """Resolve the references of a fleet and read the state. Returns both."""

    def run(check_mode=False, **given):
        client = Ec2(running[1], sts=lambda: None, create_client=emulator.client)
        params = options(**{**PARAMS, **given})
        fleet = Fleet.from_options(params, check_mode)
        references = resolve(fleet, params, client, check_mode)
        return references, describe_current(fleet, references, client)

    return run


def create_target(running, name, **members):
    tags = [{"ResourceType": "traffic-mirror-target", "Tags": [{"Key": "Name", "Value": name}]}]
    reply = running[1].create_traffic_mirror_target(**members, TagSpecifications=tags)
    return reply["TrafficMirrorTarget"]["TrafficMirrorTargetId"]


def create_filter(running, name):
    tags = [{"ResourceType": "traffic-mirror-filter", "Tags": [{"Key": "Name", "Value": name}]}]
    return running[1].create_traffic_mirror_filter(TagSpecifications=tags)["TrafficMirrorFilter"][
        "TrafficMirrorFilterId"
    ]


def named(*names, **fields):
    return [{"traffic_mirror_target_name": name, **fields} for name in names]


@pytest.mark.parametrize(
    "given",
    [{}, {"traffic_mirror_filter_id": LAB_FILTER, "targets": [{"traffic_mirror_target_id": LAB_TARGET}]}],
)
def test_references_are_found_by_name_and_by_id(read, given):
    references, state = read(**given)
    assert references.filter_id == state.filter_id == LAB_FILTER
    assert [one.id for one in state.targets] == [LAB_TARGET]
    assert state.filters.accepts_packets(LAB_FILTER) is True


MISSING_ID = "0a1b2c3d4e5f60799"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"traffic_mirror_filter_name": "dns"}, "traffic_mirror_filter_name: no filter is named dns"),
        ({"traffic_mirror_filter_id": f"tmf-{MISSING_ID}"}, f"filter tmf-{MISSING_ID} does not exist"),
        ({"targets": named("lab-target", "x")}, r"targets\[1\]: no target is named x .*Existing targets: .*lab-target"),
        ({"targets": [{"traffic_mirror_target_id": f"tmt-{MISSING_ID}"}]}, f"targets.0.: target tmt-{MISSING_ID} does"),
    ],
)
def test_missing_references_fail(read, given, message):
    with pytest.raises(NotFoundError, match=message):
        read(**given)


def test_check_mode_assumes_that_missing_names_are_created_earlier(read):
    references, state = read(True, traffic_mirror_filter_name="dns", targets=named("x", capacity=7))
    assert references.filter_id == UnresolvedRef("dns", "tmf") and references.targets == (None,)
    (target,) = state.targets
    assert (target.id, target.type, target.capacity) == (UnresolvedRef("x", "tmt"), None, 7)
    with pytest.raises(NotFoundError):
        read(True, targets=[{"traffic_mirror_target_id": f"tmt-{MISSING_ID}"}])


def test_check_mode_accepts_placeholders(read):
    placeholder = {"traffic_mirror_target_id": "tmt-(known after apply: x)"}
    _references, state = read(
        True,
        traffic_mirror_filter_name=None,
        traffic_mirror_filter_id="tmf-(known after apply: dns)",
        targets=[placeholder],
    )
    assert state.filter_id == UnresolvedRef("dns", "tmf", registered=True)
    assert state.targets[0].id == UnresolvedRef("x", "tmt", registered=True)


def test_names_of_several_resources_fail(read, running):
    create_filter(running, "lab-filter")
    with pytest.raises(AmbiguousMatchError, match="traffic_mirror_filter_name: 2 filters are named lab-filter"):
        read()
    create_target(running, "lab-target", NetworkInterfaceId=SENSOR)
    with pytest.raises(AmbiguousMatchError, match=r"targets\[0\]: 2 targets are named lab-target"):
        read(traffic_mirror_filter_name=None, traffic_mirror_filter_id=LAB_FILTER)


def test_two_entries_for_one_target_fail(read):
    with pytest.raises(ConflictError, match="two entries refer to the same target"):
        read(targets=[*named("lab-target"), {"traffic_mirror_target_id": LAB_TARGET}])


def test_packet_length_depends_on_the_type_of_the_targets(read):
    with pytest.raises(ValidationError, match="packet_length"):
        read(packet_length=9000)


def test_filter_with_an_id_need_not_be_readable(read, emulator):
    emulator.settings(denied=["ec2:DescribeTrafficMirrorFilters"])
    references, state = read(traffic_mirror_filter_name=None, traffic_mirror_filter_id=LAB_FILTER)
    assert references.filter_id == LAB_FILTER
    assert state.filters.accepts_packets(LAB_FILTER) is None
    assert state.filters.unreadable == "DescribeTrafficMirrorFilters failed: UnauthorizedOperation"
    with pytest.raises(Ec2Error):
        read()


@pytest.mark.parametrize(
    ("machine_type", "given", "capacity"),
    [(SMALL, {}, 10), (LARGE, {}, 100), (LARGE, {"capacity": 3}, 3), (SMALL, {"capacity": 500}, 500)],
)
def test_capacity_of_an_interface_depends_on_the_type_of_its_instance(read, running, machine_type, given, capacity):
    running[1].stop_instances(InstanceIds=[SENSOR_MACHINE])
    running[1].modify_instance_attribute(InstanceId=SENSOR_MACHINE, InstanceType={"Value": machine_type})
    running[1].start_instances(InstanceIds=[SENSOR_MACHINE])
    target_id = create_target(running, "sensor", NetworkInterfaceId=SENSOR)
    _references, state = read(targets=named("sensor", **given))
    (target,) = state.targets
    assert (target.id, target.capacity, target.zones) == (target_id, capacity, frozenset(["eu-west-1b"]))
    assert state.destinations[target_id].instance_type == machine_type
    _references, state = read(targets=named("sensor", availability_zones=["eu-west-1a"]))
    assert state.targets[0].zones == frozenset(["eu-west-1a"])


def test_load_balancers_and_endpoints_have_no_capacity(read, running, emulator):
    create_target(running, "endpoint", GatewayLoadBalancerEndpointId=emulator.lab["endpoint"])
    _references, state = read(targets=named("lab-target", "endpoint"))
    assert [(one.capacity, one.zones) for one in state.targets] == [(None, frozenset())] * 2
    assert list(state.destinations.values()) == [Destination()] * 2


def test_instances_belong_to_their_interfaces(read):
    _references, state = read(sources=[{"instance_types": ["*"]}])
    interfaces = {one.id: one for one in state.interfaces}
    assert interfaces[WEB].instance.type == "m5.large" and interfaces[WEB].zone == "eu-west-1a"
    assert interfaces["eni-0a1b2c3d4e5f60761"].instance is None  # detached
    assert interfaces[SENSOR].id not in state.limits.targets


def test_interfaces_that_are_targets_are_limits(read, running):
    create_target(running, "sensor", NetworkInterfaceId=SENSOR)
    _references, state = read()
    assert state.limits.targets == {SENSOR}


def test_interfaces_of_sessions_outside_the_selection_are_read_by_id(read, running, emulator):
    """The filters of the sources hide them, which is no reason to delete the sessions as if they did not exist."""
    running[1].create_traffic_mirror_session(**web_session_params(1))
    emulator.clear_log()
    _references, state = read(sources=[{"subnet_ids": [SUBNETS["b"]]}])
    (web,) = (one for one in state.interfaces if one.subnet_id == SUBNETS["a"])
    assert (web.id, web.instance.state) == (WEB, "running")
    assert len(list_calls(emulator, "DescribeNetworkInterfaces")) == 2
    emulator.clear_log()
    read(sources=[{"subnet_ids": list(SUBNETS.values())}])
    assert len(list_calls(emulator, "DescribeNetworkInterfaces")) == 1


@pytest.mark.parametrize(("reader", "nothing"), [("_read_interfaces", []), ("_read_instances", {})])
def test_what_describe_omits_is_read_by_id_for_own_sessions(read, running, monkeypatch, reader, nothing):
    """EC2 is eventually consistent. Other interfaces are not read again."""
    running[1].create_traffic_mirror_session(**web_session_params(1))
    monkeypatch.setattr(discovery, reader, lambda *_args: nothing)
    _references, state = read(sources=[{"instance_types": ["*"]}])
    visible = [one for one in state.interfaces if one.instance is not None]
    assert [(one.id, one.instance.state) for one in visible] == [(WEB, "running")]


def test_targets_of_own_sessions_are_checked_too(read, running, emulator):
    """A target that is no longer in the list keeps its sessions."""
    old = create_target(running, "old", NetworkInterfaceId=SENSOR)
    unused = create_target(running, "unused", GatewayLoadBalancerEndpointId=emulator.lab["endpoint"])
    running[1].create_traffic_mirror_session(**{**web_session_params(1), "TrafficMirrorTargetId": old})
    running[1].stop_instances(InstanceIds=[SENSOR_MACHINE])
    _references, state = read()
    assert state.destinations.keys() == {old, LAB_TARGET}
    assert state.destinations[old].problem.endswith("is stopped")
    assert {old, unused, LAB_TARGET} == state.known_targets.keys()
    assert state.target_names[unused] == "unused"


def test_participants_are_limits_only_by_option(read, emulator):
    emulator.seed("210987654321")
    interface_id = emulator.add_interface("participant", tags={"Mirror": "yes"})
    sources = [{"vpc_ids": [emulator.lab["vpc"]]}]
    _references, state = read(sources=sources)
    assert interface_id in [one.id for one in state.interfaces]
    assert state.limits.own_subnets == frozenset()
    assert not list_calls(emulator, "DescribeSubnets")
    _references, state = read(sources=sources, participant_interfaces=True)
    assert set(SUBNETS.values()) <= state.limits.own_subnets


def test_foreign_accounts_are_those_of_interfaces(running, emulator):
    emulator.seed("210987654321")
    emulator.add_interface("participant")
    client = Ec2(running[1], sts=lambda: emulator.client(service="sts"), create_client=emulator.client)
    params = options(**{**PARAMS, "sources": [{"vpc_ids": [emulator.lab["vpc"]]}]})
    fleet = Fleet.from_options(params)
    state = describe_current(fleet, resolve(fleet, params, client, False), client)
    assert state.limits.foreign == {"210987654321"}


def test_fleet_to_delete_reads_only_sessions(running, emulator):
    fleet = Fleet.from_options(options(state="absent"))
    emulator.clear_log()
    state = describe_current(fleet, None, Ec2(running[1], sts=lambda: None))
    assert (state.interfaces, state.targets, state.filter_id) == ([], (), None)
    assert [entry["action"] for entry in emulator.log()] == ["DescribeTrafficMirrorSessions"]
