# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings on the network between source and target."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._path.findings import Status
from ansible_collections.vtap.aws.plugins.module_utils._path.network import judge_network

from tests.unit.path.builders import (
    LOCAL,
    OTHER_VPC,
    SOURCE,
    SOURCE_SUBNET,
    TARGET,
    TARGET_SUBNET,
    acl_entry,
    entries,
    group,
    network_acl,
    peering,
    permission,
    route,
    route_table,
)
from tests.unit.path.surroundings import (
    ARN,
    BALANCER_GROUP,
    ENDPOINT,
    ENDPOINT_TARGET,
    ENI_TARGET,
    NLB_TARGET,
    NODE,
    NODE_ENI,
    OTHER_ZONE,
    SENSOR_ENI,
    SENSOR_GROUP,
    SENSOR_INSTANCE,
    SOURCE_ENI,
    SOURCE_GROUP,
    ZONE,
    assert_ok,
    balancer,
    failed,
    interface,
    node,
    only,
    problem,
    registered,
    session,
    surroundings,
    unknown,
)

CIDR = "10.0.0.0/16"
CLOSED, ENDPOINT_ENI = group(SENSOR_GROUP, permission("192.168.0.0/16")), "eni-endpoint"
ALLOW = [acl_entry(100, egress=egress) for egress in (True, False)]
DENY_IN = acl_entry(50, action="deny", egress=False)
DENY_OUT = acl_entry(50, action="deny", egress=True)
DENIED = {
    "security_groups": "ec2:DescribeSecurityGroups",
    "network_acls": "ec2:DescribeNetworkAcls",
    "route_tables": "ec2:DescribeRouteTables",
}


def judge(target, found, is_foreign=False):
    findings = judge_network(session(), target, is_foreign, found)
    assert {finding.stage for finding in findings} <= {"network"}
    return findings


def with_groups(*changed):
    """The security groups with these changed."""
    return {**surroundings().security_groups, **{one["GroupId"]: one for one in changed}}


def behind_balancer(*more, **changes):
    """AwsState with a load balancer. more: interfaces. changes: of the surroundings."""
    return surroundings(*more, **{"balancers": {ARN: balancer()}, **changes})


def acls(*source, target=()):
    """One network ACL for each subnet. source, target: entries."""
    return [
        network_acl("acl-1", [SOURCE_SUBNET], *source, *ALLOW),
        network_acl("acl-2", [TARGET_SUBNET], *target, *ALLOW),
    ]


def test_interface_as_target():
    findings = judge(ENI_TARGET, surroundings())
    assert_ok(findings, 4)
    assert "rtb-1" in findings[0].message and "outbound" in findings[1].message and "inbound" in findings[2].message
    assert f"security group {SENSOR_GROUP} of {SENSOR_ENI}" in findings[3].message


def test_security_group_of_the_target():
    finding = problem(judge(ENI_TARGET, surroundings(security_groups=with_groups(CLOSED))))
    assert finding.ids == (SENSOR_ENI, SENSOR_GROUP) and "10.0.1.5/32" in finding.fix


def test_security_group_of_the_target_refers_to_that_of_the_source():
    allowed = with_groups(group(SENSOR_GROUP, permission(groups=[SOURCE_GROUP])))
    assert_ok(judge(ENI_TARGET, surroundings(security_groups=allowed)), 4)
    other = with_groups(group(SENSOR_GROUP, permission(groups=[SENSOR_GROUP])))
    problem(judge(ENI_TARGET, surroundings(security_groups=other)))


def test_prefix_list():
    groups = with_groups(group(SENSOR_GROUP, permission(lists=["pl-1"])))
    assert_ok(judge(ENI_TARGET, surroundings(security_groups=groups, prefix_lists={"pl-1": entries("10.0.1.0/24")})))
    problem(judge(ENI_TARGET, surroundings(security_groups=groups, prefix_lists={"pl-1": entries("10.0.2.0/24")})))
    assert "pl-1" in unknown(judge(ENI_TARGET, surroundings(security_groups=groups))).ids


def test_the_permission_to_read_prefix_lists_is_named():
    groups = with_groups(group(SENSOR_GROUP, permission(lists=["pl-1"])))
    action = "ec2:GetManagedPrefixListEntries"
    found = surroundings(security_groups=groups, failures=failed(action))
    finding = unknown(judge(ENI_TARGET, found))
    assert action in finding.message + finding.fix, finding


def test_the_permission_to_read_peering_connections_is_named():
    action, table = "ec2:DescribeVpcPeeringConnections", _peered()
    finding = unknown(judge(ENI_TARGET, surroundings(_remote(), route_tables=[table], failures=failed(action))))
    assert action in finding.message + finding.fix, finding


@pytest.mark.parametrize(
    ("source", "target", "name"), [([DENY_OUT], [], "acl-1"), ([], [DENY_IN], "acl-2"), ([DENY_IN], [DENY_OUT], None)]
)
def test_network_acls(source, target, name):
    findings = judge(ENI_TARGET, surroundings(network_acls=acls(*source, target=target)))
    if name is None:
        assert_ok(findings, 4)
    else:
        assert name in problem(findings).ids


def _peered():
    """A route table that sends the target's addresses to a peering connection."""
    hop = route("10.0.2.0/24", ("VpcPeeringConnectionId", "pcx-1"))
    return route_table("rtb-1", LOCAL, hop, main=True)


def _remote():
    """The sensor in another VPC."""
    row = surroundings().interfaces[SENSOR_ENI]
    return {**row, "VpcId": OTHER_VPC}


def test_peering():
    given = {"route_tables": [_peered()]}
    assert_ok(judge(ENI_TARGET, surroundings(_remote(), peerings={"pcx-1": peering("pcx-1")}, **given)), 4)
    pending = {"pcx-1": peering("pcx-1", "pending-acceptance")}
    assert "pcx-1" in problem(judge(ENI_TARGET, surroundings(_remote(), peerings=pending, **given))).ids


def test_no_route_to_the_other_vpc():
    assert "rtb-1" in problem(judge(ENI_TARGET, surroundings(_remote()))).ids
    without = [route_table("rtb-1", route("10.0.1.0/24", ("GatewayId", "local")), main=True)]
    assert "no route" in problem(judge(ENI_TARGET, surroundings(_remote(), route_tables=without))).message


@pytest.mark.parametrize("what", DENIED)
@pytest.mark.parametrize("target", [ENI_TARGET, NLB_TARGET])
def test_a_denied_read_is_unknown(what, target):
    nothing = type(getattr(surroundings(), what))()
    found = behind_balancer(node(), failures=failed(DENIED[what]), **{what: nothing})
    if target is NLB_TARGET:
        found.balancers[ARN].row["SecurityGroups"] = [BALANCER_GROUP]
    findings = judge(target, found)
    open_findings = [finding for finding in findings if finding.status is not Status.OK]
    assert open_findings and {finding.status for finding in open_findings} == {Status.UNKNOWN}
    assert all(DENIED[what] in finding.message and finding.fix == f"Allow {DENIED[what]}." for finding in open_findings)
    assert len(findings) > len(open_findings)  # the others are judged


def test_interfaces_without_an_ipv4_address():
    def without_address(interface_id):
        row = {**surroundings().interfaces[interface_id], "PrivateIpAddresses": []}
        return {key: value for key, value in row.items() if key != "PrivateIpAddress"}

    for target in (ENI_TARGET, NLB_TARGET, ENDPOINT_TARGET):
        assert judge(target, behind_balancer(without_address(SOURCE_ENI), node())) == []
    assert "no IPv4 address" in problem(judge(ENI_TARGET, surroundings(without_address(SENSOR_ENI)))).message
    # Behind a load balancer or endpoint, such an interface counts as not visible.
    sensor = unknown(judge(NLB_TARGET, behind_balancer(without_address(SENSOR_ENI), node())))
    assert SENSOR_INSTANCE in sensor.message
    hidden_node = {key: value for key, value in node().items() if key != "PrivateIpAddress"}
    assert "not visible" in unknown(judge(NLB_TARGET, behind_balancer(hidden_node))).message
    found = surroundings(hidden_node, endpoints={ENDPOINT: {"NetworkInterfaceIds": [NODE_ENI]}})
    assert "not visible" in unknown(judge(ENDPOINT_TARGET, found)).message


def test_nothing_is_judged_without_the_source_or_the_target():
    """Other stages have the findings on these."""
    for target in (ENI_TARGET, NLB_TARGET, ENDPOINT_TARGET):
        assert judge(target, behind_balancer(node(), without=[SOURCE_ENI])) == []
        assert judge(target, behind_balancer(node()), is_foreign=True) == []
    assert judge(None, surroundings()) == []
    assert judge(ENI_TARGET, surroundings(without=[SENSOR_ENI])) == []
    assert judge({**ENI_TARGET, "type": "quantum"}, surroundings()) == []
    assert judge(NLB_TARGET, surroundings()) == judge(ENDPOINT_TARGET, surroundings()) == []
    assert judge(NLB_TARGET, behind_balancer(balancers={ARN: balancer(row=None)})) == []


# Network Load Balancers.


def test_balancer_without_security_groups():
    findings = judge(NLB_TARGET, behind_balancer(node()))
    assert_ok(findings)
    assert [one.message for one in findings if NODE in one.message]  # routes and network ACLs to the node
    assert findings[-1].message == f"targets of load balancer sensors accept UDP from {SOURCE}: {SENSOR_INSTANCE}"


@pytest.mark.parametrize("allows", [True, False])
def test_security_groups_of_the_balancer(allows):
    rules = group(BALANCER_GROUP, permission("10.0.1.0/24" if allows else "10.0.9.0/24"), egress=[permission(CIDR)])
    balancers = {ARN: balancer(groups=[BALANCER_GROUP])}
    found = behind_balancer(node(), balancers=balancers, security_groups=with_groups(rules))
    findings = judge(NLB_TARGET, found)
    if allows:
        assert_ok(findings)
        assert [one for one in findings if one.ids == (ARN, BALANCER_GROUP)]
    else:
        assert problem(findings).ids == (ARN, BALANCER_GROUP)


def test_outbound_rules_of_the_balancer():
    """The module's docstring: the outbound rules apply to the packets that a load balancer forwards."""
    rules = group(BALANCER_GROUP, permission(CIDR), egress=[permission("192.168.0.0/16")])
    balancers = {ARN: balancer(groups=[BALANCER_GROUP])}
    found = behind_balancer(node(), balancers=balancers, security_groups=with_groups(rules))
    assert BALANCER_GROUP in problem(judge(NLB_TARGET, found)).ids


def test_registered_target_that_does_not_allow_the_source():
    found = behind_balancer(node(), security_groups=with_groups(CLOSED))
    assert problem(judge(NLB_TARGET, found)).ids == (SENSOR_ENI, SENSOR_GROUP)


@pytest.mark.parametrize("target_id", [SENSOR_INSTANCE, TARGET])
def test_registered_targets_by_instance_and_by_address(target_id):
    found = behind_balancer(
        node(), balancers={ARN: balancer(registered(target_id))}, security_groups=with_groups(CLOSED)
    )
    assert problem(judge(NLB_TARGET, found)).ids == (SENSOR_ENI, SENSOR_GROUP)


def test_port_of_a_registered_target():
    """The load balancer forwards the packets of its listener to the port of the target."""
    target = {**registered(SENSOR_INSTANCE)["Target"], "Port": 5000}
    balancers = {ARN: balancer({**registered(SENSOR_INSTANCE), "Target": target}, groups=[BALANCER_GROUP])}
    rules = permission(CIDR, ports=(5000, 5000)), permission(CIDR)
    opened = [group(SENSOR_GROUP, rules[0]), group(BALANCER_GROUP, rules[1], egress=[rules[0]])]
    assert_ok(judge(NLB_TARGET, behind_balancer(node(), balancers=balancers, security_groups=with_groups(*opened))))
    closed = [group(SENSOR_GROUP, rules[1]), opened[1]]
    finding = problem(
        judge(NLB_TARGET, behind_balancer(node(), balancers=balancers, security_groups=with_groups(*closed)))
    )
    assert finding.ids == (SENSOR_ENI, SENSOR_GROUP) and "UDP 5000" in finding.message and "UDP 5000" in finding.fix


def test_an_interface_with_the_description_of_a_node_is_no_node():
    found = behind_balancer({**node(), "InterfaceType": "interface"})
    assert "not visible" in unknown(judge(NLB_TARGET, found)).message


def test_a_registered_instance_receives_packets_on_its_primary_interface():
    second = interface("eni-second", "10.0.2.50", TARGET_SUBNET, OTHER_ZONE, groups=[SENSOR_GROUP])
    second["Attachment"] = {"InstanceId": SENSOR_INSTANCE, "DeviceIndex": 1}
    findings = judge(NLB_TARGET, behind_balancer(node(), second))
    assert not [one for one in findings if "eni-second" in one.ids]


def test_a_registered_address_can_be_a_secondary_address():
    row = surroundings().interfaces[SENSOR_ENI]
    row = {**row, "PrivateIpAddresses": [*row["PrivateIpAddresses"], {"PrivateIpAddress": "10.0.2.99"}]}
    balancers = {ARN: balancer(registered("10.0.2.99"))}
    found = behind_balancer(node(), row, balancers=balancers, security_groups=with_groups(CLOSED))
    assert problem(judge(NLB_TARGET, found)).ids == (SENSOR_ENI, SENSOR_GROUP)


def test_a_secondary_address_is_the_destination_of_forwarded_packets():
    row = surroundings().interfaces[SENSOR_ENI]
    row = {**row, "PrivateIpAddresses": [*row["PrivateIpAddresses"], {"PrivateIpAddress": "10.0.2.99"}]}
    balancers = {ARN: balancer(registered("10.0.2.99"), groups=[BALANCER_GROUP])}

    def judge_with(allowed):
        rules = with_groups(group(BALANCER_GROUP, permission(CIDR), egress=[permission(allowed)]))
        return judge(NLB_TARGET, behind_balancer(node(), row, balancers=balancers, security_groups=rules))

    assert_ok(judge_with("10.0.2.99/32"))
    assert "outbound UDP 4789 to 10.0.2.99" in problem(judge_with(f"{TARGET}/32")).message


def test_a_target_that_is_registered_with_two_ports():
    """Each port gets packets, in any order."""
    rows = [registered(SENSOR_INSTANCE), registered(SENSOR_INSTANCE)]
    rows[0]["Target"]["Port"] = 5000
    for health in (rows, rows[::-1]):
        found = behind_balancer(node(), balancers={ARN: balancer(*health)})
        assert "UDP 5000" in problem(judge(NLB_TARGET, found)).message


def test_the_same_address_in_another_vpc_is_not_the_registered_target():
    """The filter private-ip-address of DescribeNetworkInterfaces returns the interfaces of all VPCs."""
    twin = interface("eni-twin", TARGET, "subnet-twin", ZONE, groups=[BALANCER_GROUP], VpcId=OTHER_VPC)
    groups = with_groups(group(BALANCER_GROUP))
    found = behind_balancer(node(), twin, balancers={ARN: balancer(registered(TARGET))}, security_groups=groups)
    findings = judge(NLB_TARGET, found)
    assert_ok(findings)
    assert not [one for one in findings if "eni-twin" in one.ids]


def test_a_registered_target_that_is_not_visible_is_unknown():
    """An address outside the account, or of another VPC: its security groups cannot be checked."""
    found = behind_balancer(node(), balancers={ARN: balancer(registered("10.9.0.77"))})
    assert "10.9.0.77" in unknown(judge(NLB_TARGET, found)).message


def test_group_references_of_registered_targets():
    """A load balancer replaces the security groups of the source by its own."""
    by_balancer = with_groups(group(SENSOR_GROUP, permission(groups=[BALANCER_GROUP])))
    balancers = {ARN: balancer(groups=[BALANCER_GROUP])}
    assert_ok(judge(NLB_TARGET, behind_balancer(node(), balancers=balancers, security_groups=by_balancer)))
    by_source = with_groups(group(SENSOR_GROUP, permission(groups=[SOURCE_GROUP])))
    for balancers in ({ARN: balancer(groups=[BALANCER_GROUP])}, {ARN: balancer()}):
        found = behind_balancer(node(), balancers=balancers, security_groups=by_source)
        assert problem(judge(NLB_TARGET, found)).ids == (SENSOR_ENI, SENSOR_GROUP)


def test_nodes_are_not_visible():
    finding = unknown(judge(NLB_TARGET, behind_balancer()))
    assert f"in {ZONE} is not visible" in finding.message and finding.ids == (ARN,)


def test_network_acls_to_the_node():
    found = behind_balancer(node(), network_acls=acls(DENY_OUT))
    finding = problem(judge(NLB_TARGET, found))
    assert NODE in finding.message and "acl-1" in finding.ids


def test_the_node_in_the_subnet_of_the_source_is_judged():
    """Network ACLs apply between the subnet of the load balancer and that of the registered target only."""
    near = node("10.0.1.20", SOURCE_SUBNET, ZONE, "eni-near")
    found = behind_balancer(node(zone=OTHER_ZONE), near, network_acls=acls(DENY_OUT))
    assert f"outbound UDP 4789 to {TARGET}" in problem(judge(NLB_TARGET, found)).message


def test_the_node_in_the_zone_of_the_source_is_judged():
    near = node("10.0.3.20", "subnet-near", ZONE, "eni-z-near")
    known = [*acls(), network_acl("acl-3", ["subnet-near"], DENY_IN, *ALLOW)]
    found = behind_balancer(node(zone=OTHER_ZONE), near, network_acls=known)
    assert "acl-3" in problem(judge(NLB_TARGET, found)).ids


def test_network_acls_between_the_node_and_the_registered_target():
    """The docstring of _path.network_acls: that way is checked too, with the address of the source."""
    near = node("10.0.1.20", SOURCE_SUBNET, ZONE, "eni-near")
    found = behind_balancer(near, network_acls=acls(target=[DENY_IN]))
    assert "acl-2" in problem(judge(NLB_TARGET, found)).ids


def test_no_targets_and_no_health():
    for changes in ({"health": []}, {"health": None}):
        assert_ok(judge(NLB_TARGET, behind_balancer(node(), balancers={ARN: balancer(**changes)})))


# Gateway Load Balancer endpoints.


def test_endpoint():
    row = interface(ENDPOINT_ENI, "10.0.2.30", TARGET_SUBNET, ZONE)
    endpoints = {ENDPOINT: {"NetworkInterfaceIds": [ENDPOINT_ENI]}}
    findings = judge(ENDPOINT_TARGET, surroundings(row, endpoints=endpoints))
    assert_ok(findings, 3)
    assert "10.0.2.30" in findings[0].message
    found = surroundings(row, endpoints=endpoints, network_acls=acls(target=[DENY_IN]))
    assert "acl-2" in problem(judge(ENDPOINT_TARGET, found)).ids


def test_address_of_the_endpoint_is_not_visible():
    for row in ({}, {"NetworkInterfaceIds": []}, {"NetworkInterfaceIds": [ENDPOINT_ENI]}):
        finding = unknown(judge(ENDPOINT_TARGET, surroundings(endpoints={ENDPOINT: row})))
        assert "not visible" in finding.message and finding.ids == (ENDPOINT,)


def test_only_is_strict():
    """The helper fails if there are two findings of a status."""
    findings = judge(ENI_TARGET, surroundings(network_acls=acls(DENY_OUT, target=[DENY_IN])))
    with pytest.raises(ValueError, match="too many"):
        only(findings, Status.PROBLEM)
