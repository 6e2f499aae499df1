# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What discovery reads, and the number of calls."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._path.aws_state import node_description
from ansible_collections.vtap.aws.plugins.module_utils._path.discovery import Discovery
from ansible_collections.vtap.aws.plugins.module_utils._path.findings import Status

from tests.unit.batch.runs import connect
from tests.unit.path.lab_runs import (
    APP,
    APP2,
    SENSOR,
    WEB,
    add_remote_sensor,
    by_stage,
    count,
    create_all_types,
    create_own_service,
    create_session,
    create_target,
    seed,
    trace,
)

ELB = ("DescribeLoadBalancer", "DescribeListeners", "DescribeTargetGroup", "DescribeTargetHealth")


def is_of_balancer(action):
    return action.startswith(ELB)


def test_node_description():
    arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors/50dc6c495c0c9199"
    assert node_description(arn) == "ELB net/sensors/50dc6c495c0c9199"


def test_nothing_is_read_about_nothing(running, lab):
    ec2 = connect(running)
    lab[0].clear_log()
    found = Discovery(ec2).read([], [])
    assert not lab[0].log() and not found.interfaces and not found.failures


def test_a_path_through_a_peering_connection_and_a_prefix_list(running, lab):
    _emulator, client, names = lab
    remote = add_remote_sensor(client, names)
    (path,) = trace(connect(running)).values()
    assert path.verdict is Status.OK, by_stage(path)
    ids = {one for finding in path.findings for one in finding.ids}
    assert {remote["peering"], remote["group"]} <= ids


def test_a_prefix_list_is_read_once(running, lab):
    emulator, client, names = lab
    remote = add_remote_sensor(client, names)
    route = {"RouteTableId": names["route_table"], "DestinationPrefixListId": remote["prefix_list"]}
    client.create_route(**route, VpcPeeringConnectionId=remote["peering"])
    create_session(client, names, WEB, create_target(client, NetworkInterfaceId=SENSOR))
    create_session(client, names, APP)
    emulator.clear_log()
    trace(connect(running))
    assert count(emulator)["GetManagedPrefixListEntries"] == 1


def test_a_prefix_list_in_the_outbound_rules_of_a_load_balancer(running, lab):
    """It is read for load balancers only: no other outbound rules apply to mirrored packets."""
    emulator, client, names = lab
    prefix_list = client.create_managed_prefix_list(
        PrefixListName="sensors", Entries=[{"Cidr": "10.71.1.0/24"}], MaxEntries=5, AddressFamily="IPv4"
    )["PrefixList"]["PrefixListId"]
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    to_list = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": prefix_list}]}
    for name in ("balancers", "sensors"):
        group = {"GroupId": names["security_groups"][name]}
        client.authorize_security_group_egress(**group, IpPermissions=[to_list])
        client.revoke_security_group_egress(**group, IpPermissions=[everything])
    create_session(client, names, WEB, create_target(client, NetworkInterfaceId=SENSOR))
    emulator.clear_log()
    assert trace(connect(running))[WEB].verdict is Status.OK
    assert count(emulator)["GetManagedPrefixListEntries"] == 0
    arn = names["load_balancers"]["sensors-b"]
    create_session(client, names, APP, create_target(client, NetworkLoadBalancerArn=arn))
    path = trace(connect(running))[APP]
    assert path.verdict is Status.OK, by_stage(path)
    assert count(emulator)["GetManagedPrefixListEntries"] == 1


def test_nodes_of_a_load_balancer(running, lab):
    """The interfaces of the load balancer are found by their description."""
    emulator, client, names = lab
    arn, nodes = names["load_balancers"]["sensors"], names["nodes"]["sensors"]
    create_session(client, names, APP)
    found = Discovery(connect(running)).read([APP], [{"network_load_balancer_arn": arn}])
    assert set(nodes) <= set(found.interfaces)
    (path,) = trace(connect(running)).values()
    assert path.verdict is Status.OK, by_stage(path)
    for node in nodes:
        emulator.delete_interface(node)
    (path,) = trace(connect(running)).values()
    assert [one for one in by_stage(path)["network"] if arn in one.ids]


def test_a_stopped_instance_a_closed_group_and_a_balancer_without_healthy_targets(running, lab):
    emulator, client, names = lab
    create_all_types(client, names)
    client.stop_instances(InstanceIds=[names["instances"]["web"]])
    for one in ("sensor", "sensor-b"):
        client.modify_network_interface_attribute(
            NetworkInterfaceId=names["interfaces"][one], Groups=[names["security_groups"]["default"]]
        )
    emulator.settings(target_health={names["instances"][one]: "unhealthy" for one in ("sensor", "sensor-b")})
    paths = trace(connect(running))
    problems = {
        key: {finding.stage for finding in path.findings if finding.status is Status.PROBLEM}
        for key, path in paths.items()
    }
    # The default group allows packets of its members. Behind a load balancer, the group of the source does not count.
    assert problems == {
        WEB: {"source"},
        APP: {"network", "target"},
        APP2: {"network"},
        names["interfaces"]["app-3"]: set(),
    }


def test_a_load_balancer_that_does_not_exist(running, lab):
    _emulator, client, names = lab
    create_all_types(client, names)
    running[0].client("elbv2").delete_load_balancer(LoadBalancerArn=names["load_balancers"]["sensors-b"])
    paths = trace(connect(running))
    (finding,) = (one for one in paths[APP2].findings if one.status is Status.PROBLEM)
    assert (finding.stage, "does not exist" in finding.message) == ("target", True)
    assert not [one for one in paths[APP].findings if one.status is Status.PROBLEM]


def _trace_counted(running, emulator, **given):
    ec2 = connect(running)
    emulator.clear_log()
    paths = trace(ec2, **given)
    return paths, count(emulator)


def test_the_calls_do_not_depend_on_the_number_of_sessions(running, lab):
    """Except for one more call per 1,000 sessions, per 200 interfaces or instances, and 125 sources with metrics.

    1,000 sessions: 60 calls, and five per load balancer, and one per prefix list.
    """
    emulator, client, names = lab
    counts = []
    for number in (10, 150, 1000):
        emulator.reset()
        seed(emulator, client, names, number)
        paths, calls = _trace_counted(running, emulator, metrics=True)
        assert len(paths) == number + 5
        counts.append(calls)
    assert counts[1] - counts[0] == {"GetMetricData": 1} and not counts[0] - counts[1]
    more = counts[2] - counts[0]
    pages = {"DescribeTrafficMirrorSessions": 1}  # 1,005 sessions
    assert more == {**pages, "DescribeNetworkInterfaces": 5, "DescribeInstances": 5, "GetMetricData": 8}
    assert calls["GetManagedPrefixListEntries"] == 1
    of_balancers = sum(number for action, number in calls.items() if is_of_balancer(action))
    assert 0 < of_balancers <= 2 * 5
    assert sum(calls.values()) - of_balancers - 1 <= 60
    assert calls["DescribeRouteTables"] == calls["DescribeTrafficMirrorFilters"] == 1


def test_calls_per_load_balancer_with_two_target_groups(running, lab):
    """Five calls per load balancer, and two more for each further target group of the listener."""
    emulator, client, names = lab
    create_session(client, names, APP)
    balancers = running[0].client("elbv2")
    group = {"Protocol": "UDP", "Port": 4789, "VpcId": names["vpc"], "TargetType": "instance"}
    arns = [names["target_groups"]["sensors"]]
    arns += [
        balancers.create_target_group(Name="more", HealthCheckProtocol="TCP", HealthCheckPort="22", **group)[
            "TargetGroups"
        ][0]["TargetGroupArn"]
    ]
    forward = {"TargetGroups": [{"TargetGroupArn": one, "Weight": 1} for one in arns]}
    balancers.modify_listener(
        ListenerArn=names["listeners"]["sensors"], DefaultActions=[{"Type": "forward", "ForwardConfig": forward}]
    )
    _paths, calls = _trace_counted(running, emulator)
    assert sum(number for action, number in calls.items() if is_of_balancer(action)) == 5 + 2, calls


def test_an_endpoint_service_of_the_account(running, lab):
    """The health of the appliances is judged, for the zone of the endpoint."""
    emulator, client, names = lab
    own = create_own_service(emulator, names)
    create_session(client, names, WEB, create_target(client, GatewayLoadBalancerEndpointId=own["endpoint"]))
    (path,) = trace(connect(running)).values()
    assert path.verdict is Status.OK, by_stage(path)
    assert any(own["arn"] in finding.ids for finding in path.findings)
    emulator.settings(target_health={names["instances"]["sensor"]: "unhealthy"})
    (path,) = trace(connect(running)).values()
    (finding,) = (one for one in path.findings if one.status is Status.PROBLEM)
    assert "is healthy: " in finding.message and own["arn"] in finding.ids


@pytest.mark.parametrize(("own", "group", "is_ok"), [("true", "false", False), ("false", "true", True)])
def test_a_target_group_overrides_cross_zone_of_the_load_balancer(running, lab, own, group, is_ok):
    emulator, client, names = lab
    create_session(client, names, APP)
    balancers, key = emulator.client("elbv2"), "load_balancing.cross_zone.enabled"
    balancers.modify_load_balancer_attributes(
        LoadBalancerArn=names["load_balancers"]["sensors"], Attributes=[{"Key": key, "Value": own}]
    )
    balancers.modify_target_group_attributes(
        TargetGroupArn=names["target_groups"]["sensors"], Attributes=[{"Key": key, "Value": group}]
    )
    (path,) = trace(connect(running)).values()
    found = [finding for finding in path.findings if "cross-zone load balancing is off" in finding.message]
    assert [finding.status for finding in found] == ([] if is_ok else [Status.PROBLEM])


def test_a_load_balancer_that_fails_does_not_hide_the_others(running, lab):
    """For example, one that was deleted between two calls."""
    emulator, client, names = lab
    create_all_types(client, names)
    ec2 = connect(running)
    emulator.settings(fail={"DescribeListeners": ["LoadBalancerNotFound", 1]})
    paths = trace(ec2)
    assert sorted(paths[one].verdict.value for one in (APP, APP2)) == ["ok", "unknown"]


@pytest.mark.parametrize("code", ["InternalError", "Forbidden", None])
def test_a_metric_with_an_error_is_unknown(running, lab, monkeypatch, code):
    _emulator, client, names = lab
    create_session(client, names, WEB, create_target(client, NetworkInterfaceId=SENSOR))
    ec2 = connect(running)
    pages = ec2.services.pages

    def with_error(service, operation, member, **params):
        rows = pages(service, operation, member, **params)
        return [{**row, "StatusCode": code} for row in rows] if operation == "GetMetricData" else rows

    monkeypatch.setattr(ec2.services, "pages", with_error)
    (path,) = trace(ec2, metrics=True).values()
    (finding,) = by_stage(path)["evidence"]
    assert finding.status is Status.UNKNOWN and f"GetMetricData failed: {code}" in finding.message
