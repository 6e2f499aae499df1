# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API calls of each task, compared with the table that make bench prints."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from tests.bench import bare, path_account
from tests.bench.subjects import FILTER_ID, ITEMS, PLAY, SCRIPTS, TARGET_ID
from tests.integration.inprocess import installed, run

ITEM = ITEMS[0]
FLEET = {
    "name": "ids",
    "sources": [{"instance_types": ["m5.*", "c5.*"]}],
    "targets": [{"traffic_mirror_target_id": TARGET_ID}],
    "traffic_mirror_filter_id": FILTER_ID,
}
# The calls of every run of a fleet, and those of a fleet whose target is a load balancer.
READS = [
    "DescribeInstances",
    "DescribeNetworkInterfaces",
    "DescribeTrafficMirrorFilters",
    "DescribeTrafficMirrorSessions",
    "DescribeTrafficMirrorTargets",
]
DESCRIBES = [*READS, "DescribeLoadBalancers"]


def substitute(options):
    """Return the options with the loop variable `item` replaced."""
    return json.loads(re.sub(r"\{\{ item\.(\w+) \}\}", lambda found: ITEM[found[1]], json.dumps(options)))


@pytest.fixture
def calls(emulator):
    """Return a function that returns the sorted actions since its last call."""

    def since():
        found = sorted(entry["action"] for entry in emulator.log())
        emulator.clear_log()
        return found

    with installed():
        yield since


def test_tasks_make_the_calls_of_the_table(emulator, calls):
    actual, table = {}, {}
    for task in filter(lambda one: one.ours, PLAY):
        result = run(task.of.rpartition(".")[2], emulator.env, substitute(task.options))
        assert not result.get("failed") and result["changed"] == (task.status == "changed"), result
        actual[task.label], table[task.label] = calls(), sorted(task.calls)
    assert actual == table


def test_scripts_make_the_calls_of_the_table(emulator, calls):
    ec2, actual, table = emulator.client(), {}, {}
    for script in SCRIPTS:
        bare.run(ec2, script.does, ITEM["interface"], ITEM["name"], FILTER_ID, TARGET_ID)
        actual[script.does], table[script.does] = calls(), sorted(script.calls)
    assert actual == table


SESSIONS, FILTERS, TARGETS = (f"DescribeTrafficMirror{kind}s" for kind in ("Session", "Filter", "Target"))
REFERENCES = {"traffic_mirror_filter_id": FILTER_ID, "traffic_mirror_target_id": TARGET_ID}
LAB = {
    "web": "eni-0a1b2c3d4e5f60718",
    "app-1": "eni-0a1b2c3d4e5f60721",
    "app-2": "eni-0a1b2c3d4e5f60722",
    "db": "eni-0a1b2c3d4e5f60751",
    "sensor": "eni-0a1b2c3d4e5f60741",
}
APP = "i-0a1b2c3d4e5f60721"
NLB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors-b/0a1b2c3d4e5f6072"


def replacement(*calls):
    """Return a plan's calls, each action asked once by DryRun first."""
    return [*(f"DryRun {call}" for call in dict.fromkeys(calls)), *calls]


MOVE = replacement("CreateTrafficMirrorSession", "DeleteTrafficMirrorSession", "DeleteTags")


class Story:
    """Tasks that run one after the other, and the calls that each makes, in order.

    ids: the ids of the resources that the tasks returned, by the label of the task.
    """

    def __init__(self, emulator):
        self.emulator, self.ec2, self.ids = emulator, emulator.client(), {}

    def assert_calls(self, label, module, options, *calls):
        """Run a task. Assert that it succeeds and makes these calls. Returns the id of the resource."""
        self.emulator.clear_log()
        result = run(f"ec2_traffic_mirror_{module}", self.emulator.env, options)
        assert not result.get("failed"), (label, result)
        made = [("DryRun " if entry["dry_run"] else "") + entry["action"] for entry in self.emulator.log()]
        assert made == list(calls), label
        assert result["changed"] == any(not call.startswith("Describe") for call in calls), label
        key = f"traffic_mirror_{module}"
        self.ids[label] = result[key].get(f"{key}_id")
        return self.ids[label]

    def set_tag(self, resource, key, value):
        self.ec2.create_tags(Resources=[resource], Tags=[{"Key": key, "Value": value}])


@pytest.fixture
def story(emulator):
    with installed():
        yield Story(emulator)


def test_session_names(story):
    key = {"network_interface_id": LAB["web"], "session_number": 1}
    create = "CreateTrafficMirrorSession"
    # With this packet length, no task reads the target.
    one = story.assert_calls("create", "session", {**key, **REFERENCES, "packet_length": 128}, SESSIONS, create)
    story.assert_calls("give a first name", "session", {**key, "name": "a"}, SESSIONS, SESSIONS, "CreateTags")
    for identity in ({"id": one}, {"name": "a"}, key, {**key, "name": "a"}, {"id": one, **key, "name": "a"}):
        story.assert_calls("no-op", "session", identity, SESSIONS)
    story.assert_calls("rename by id", "session", {"id": one, "name": "b"}, SESSIONS, SESSIONS, "CreateTags")
    adopt = {**key, "name": "c", "adopt": True}
    story.assert_calls("rename by number with adopt", "session", adopt, SESSIONS, SESSIONS, "CreateTags")
    modify = "ModifyTrafficMirrorSession"
    story.assert_calls("renumber by id", "session", {"id": one, "session_number": 2}, SESSIONS, SESSIONS, modify)
    story.assert_calls("renumber by name", "session", {"name": "c", "session_number": 3}, SESSIONS, SESSIONS, modify)
    by_interface = {"name": "c", "network_interface_id": LAB["web"], "session_number": 4}
    story.assert_calls("renumber by interface and name", "session", by_interface, SESSIONS, modify)
    named = {**REFERENCES, "network_interface_id": LAB["db"], "name": "d"}
    story.assert_calls("create with name", "session", named, SESSIONS, SESSIONS, create)
    story.set_tag(one, "vtap:fleet", "ids")
    story.assert_calls("adopt from a fleet", "session", {"id": one, "adopt": True}, SESSIONS, "DeleteTags")
    deleted = {"id": one, "state": "absent"}
    story.assert_calls("absent by id", "session", deleted, SESSIONS, "DeleteTrafficMirrorSession")
    story.assert_calls("absent already", "session", deleted, SESSIONS)


def test_session_moves(story):
    def move(label, interface, *reads, **more):
        options = {"name": "a", "network_interface_id": LAB[interface], "allow_replacement": True, **more}
        return options, story.assert_calls(label, "session", options, *reads, *MOVE)

    created = {"name": "a", "network_interface_id": LAB["web"], "packet_length": 128, **REFERENCES}
    one = story.assert_calls("create", "session", created, *[SESSIONS] * 2, "CreateTrafficMirrorSession")
    options, one = move("by id", "app-2", *[SESSIONS] * 3, id=one)
    story.assert_calls("by id again", "session", options, *[SESSIONS] * 2)
    interface = story.ec2.describe_network_interfaces(NetworkInterfaceIds=[LAB["app-2"]])["NetworkInterfaces"][0]
    story.ec2.detach_network_interface(AttachmentId=interface["Attachment"]["AttachmentId"])
    options, one = move("off a detached interface", "app-1", *[SESSIONS] * 2, "DescribeNetworkInterfaces")
    story.assert_calls("off a detached interface again", "session", options, SESSIONS)
    story.emulator.settings(transitions={"seconds": 600})
    story.ec2.terminate_instances(InstanceIds=[APP])
    reads = (*[SESSIONS] * 2, "DescribeNetworkInterfaces", "DescribeInstances")
    options, new = move("off an instance that is shutting down", "db", *reads)
    # As if the run had been killed after the Create.
    rest = {"name": "b", "network_interface_id": LAB["web"], "packet_length": 128, **REFERENCES}
    old = story.assert_calls("create another", "session", rest, *[SESSIONS] * 2, "CreateTrafficMirrorSession")
    story.set_tag(old, "Name", "a")
    story.set_tag(new, "vtap:replaces", old)
    finish = ("DeleteTrafficMirrorSession", "DeleteTags")
    story.assert_calls("finish an interrupted replacement", "session", options, *[SESSIONS] * 2, *finish)


def test_filter_names_and_replacements(story):
    rule = {"direction": "egress", "rule_number": 100, "action": "accept"}
    rules = [{**rule, "source_cidr": "0.0.0.0/0", "destination_cidr": "0.0.0.0/0"}]
    create = ("CreateTrafficMirrorFilter", "CreateTrafficMirrorFilterRule")
    made = story.assert_calls("create", "filter", {"name": "a", "rules": rules}, FILTERS, create[0], FILTERS, create[1])
    for identity in ({"name": "a"}, {"id": made}, {"id": made, "name": "a"}):
        story.assert_calls("no-op", "filter", identity, FILTERS)
    story.assert_calls("rename by id", "filter", {"id": made, "name": "b"}, FILTERS, FILTERS, "CreateTags")
    story.set_tag(made, "vtap:stack", "edge")
    story.assert_calls("adopt from a stack", "filter", {"name": "b", "adopt": True}, FILTERS, "DeleteTags")
    session = {"network_interface_id": LAB["web"], "session_number": 1, **REFERENCES, "traffic_mirror_filter_id": made}
    story.assert_calls("create a session", "session", session, SESSIONS, "CreateTrafficMirrorSession")
    options = {"name": "b", "description": "new", "allow_replacement": True}
    calls = replacement(*create, "ModifyTrafficMirrorSession", "DeleteTrafficMirrorFilter", "DeleteTags")
    # After the Create, one more Describe detects duplicate names.
    calls.insert(calls.index(create[0]) + 1, FILTERS)
    story.assert_calls("replace", "filter", options, FILTERS, SESSIONS, *calls)
    story.assert_calls("replace again", "filter", options, FILTERS)


def test_target_names_and_replacements(story):
    key = {"network_interface_id": LAB["sensor"]}
    made = story.assert_calls("create", "target", key, TARGETS, "CreateTrafficMirrorTarget")
    story.assert_calls("name a target without a Name", "target", {**key, "name": "a"}, TARGETS, "CreateTags")
    for identity in (key, {**key, "name": "a"}, {"name": "a"}, {"id": made}, {"id": made, "name": "a"}):
        story.assert_calls("no-op", "target", identity, TARGETS)
    story.assert_calls("rename with adopt", "target", {**key, "name": "b", "adopt": True}, TARGETS, "CreateTags")
    story.assert_calls("rename by id", "target", {"id": made, "name": "c"}, TARGETS, TARGETS, "CreateTags")
    story.set_tag(made, "vtap:stack", "edge")
    story.assert_calls("adopt from a stack", "target", {"id": made, "adopt": True}, TARGETS, "DeleteTags")
    session = {"network_interface_id": LAB["web"], "session_number": 1, **REFERENCES, "traffic_mirror_target_id": made}
    story.assert_calls("create a session", "session", session, SESSIONS, "CreateTrafficMirrorSession")
    options = {"name": "c", "network_load_balancer_arn": NLB, "allow_replacement": True}
    calls = ("CreateTrafficMirrorTarget", "ModifyTrafficMirrorSession", "DeleteTrafficMirrorTarget")
    story.assert_calls("replace", "target", options, TARGETS, SESSIONS, *replacement(*calls))
    story.assert_calls("replace again", "target", options, TARGETS)


def test_name_among_10000_sessions(story):
    """A task with a name reads all pages only before it writes the name. EC2's pages have 1000 sessions."""
    story.emulator.settings(quotas={"sessions": 20000})
    others = {"target": TARGET_ID, "filter": FILTER_ID, "tags": {"Name": "other"}}
    assert len(story.emulator.bulk_seed(5000, interfaces=2, sessions=others)["sessions"]) == 10000
    options = {"name": "a", "network_interface_id": LAB["web"], **REFERENCES}
    story.assert_calls("create", "session", options, *[SESSIONS] * 11, "CreateTrafficMirrorSession")
    story.assert_calls("no-op", "session", options, SESSIONS)


@pytest.mark.parametrize(("check", "created"), [(True, []), (False, ["CreateTrafficMirrorSession"] * 6)])
def test_fleet_describes_each_resource_type_once_and_sends_one_call_per_session(emulator, calls, check, created):
    result = run("ec2_traffic_mirror_fleet", emulator.env, FLEET, check=check)
    assert not result.get("failed"), result["msg"]
    # A real run reads the sessions again, to detect duplicates of a concurrent run.
    more = [] if check else ["DescribeTrafficMirrorSessions"]
    assert calls() == sorted([*DESCRIBES, *more, *created])
    run("ec2_traffic_mirror_fleet", emulator.env, FLEET, check=check)
    assert len(calls()) == len(DESCRIBES)


def test_fleet_writes_equal_tags_by_one_call(emulator, calls):
    def run_fleet(**more):
        result = run("ec2_traffic_mirror_fleet", emulator.env, {**FLEET, **more})
        assert not result.get("failed") and result["changed"], result
        return calls()

    run_fleet()
    assert run_fleet(tags={"Team": "netsec"}) == sorted([*DESCRIBES, "CreateTags"])
    assert run_fleet(name="ids-b", adopt_fleets=["ids"]) == sorted([*DESCRIBES, "CreateTags"])
    assert run_fleet(name="ids-b", tags={}) == sorted([*DESCRIBES, "DeleteTags"])
    assert run_fleet(name="ids-b", state="absent") == ["DeleteTrafficMirrorSession"] * 6 + [SESSIONS]


@pytest.mark.parametrize(
    ("destination", "options", "more"),
    [
        ({"GatewayLoadBalancerEndpointId": "vpce-0a1b2c3d4e5f60771"}, {}, ["DescribeVpcEndpoints"]),
        ({"NetworkInterfaceId": LAB["app-1"]}, {}, []),
        ({"NetworkInterfaceId": LAB["sensor"]}, {}, ["DescribeInstances", "DescribeNetworkInterfaces"]),
        (
            {"NetworkLoadBalancerArn": NLB},
            {"participant_interfaces": True},
            ["DescribeLoadBalancers", "DescribeSubnets"],
        ),
    ],
    ids=["endpoint", "interface in the selection", "interface outside the selection", "load balancer, participants"],
)
def test_fleet_describes_the_resources_of_its_targets(emulator, calls, destination, options, more):
    made = emulator.client().create_traffic_mirror_target(**destination)["TrafficMirrorTarget"]
    targets = [{"traffic_mirror_target_id": made["TrafficMirrorTargetId"]}]
    sources = [{"availability_zones": ["eu-west-1a"]}]
    calls()
    result = run(
        "ec2_traffic_mirror_fleet", emulator.env, {**FLEET, "sources": sources, "targets": targets, **options}, True
    )
    assert not result.get("failed") and result["changed"], result
    assert calls() == sorted([*READS, *more])


PATH_READS = [
    SESSIONS,
    FILTERS,
    TARGETS,
    "DescribeInstances",
    "DescribeNetworkAcls",
    "DescribeNetworkInterfaces",
    "DescribeRouteTables",
    "DescribeSecurityGroups",
]
BALANCER_READS = [
    "DescribeListeners",
    "DescribeLoadBalancerAttributes",
    "DescribeLoadBalancers",
    "DescribeTargetGroupAttributes",
    "DescribeTargetHealth",
]
ENDPOINT = "vpce-0a1b2c3d4e5f60771"
ENDPOINT_READS = ["DescribeVpcEndpointServices", "DescribeVpcEndpoints"]


@pytest.fixture
def path_calls(emulator, calls):
    """Return a function that runs the path module with these options and returns its sorted calls."""

    def run_path(**options):
        calls()
        result = run("ec2_traffic_mirror_path_info", emulator.env, options)
        assert not result.get("failed") and not result["changed"], result
        return calls()

    return run_path


def mirror(emulator, **destination):
    """Create a target and a session of the web server to it."""
    ec2 = emulator.client()
    made = ec2.create_traffic_mirror_target(**destination)["TrafficMirrorTarget"]["TrafficMirrorTargetId"]
    ec2.create_traffic_mirror_session(
        NetworkInterfaceId=LAB["web"], SessionNumber=1, TrafficMirrorFilterId=FILTER_ID, TrafficMirrorTargetId=made
    )


@pytest.mark.parametrize(
    ("destination", "more"),
    [
        ({"NetworkInterfaceId": LAB["sensor"]}, []),
        # The registered targets are addresses. The interfaces of the load balancer are read by their description.
        ({"NetworkLoadBalancerArn": NLB}, [*BALANCER_READS, *["DescribeNetworkInterfaces"] * 2]),
        # The service belongs to another account.
        ({"GatewayLoadBalancerEndpointId": ENDPOINT}, [*ENDPOINT_READS, "GetCallerIdentity"]),
    ],
    ids=["interface", "load balancer", "endpoint"],
)
def test_path_describes_the_resources_of_its_targets(emulator, path_calls, destination, more):
    mirror(emulator, **destination)
    assert path_calls() == sorted([*PATH_READS, *more])
    assert path_calls(metrics=True) == sorted([*PATH_READS, *more, "GetMetricData"])
    assert path_calls(fleet="ids") == path_calls(network_interface_ids=[LAB["db"]]) == [SESSIONS]


def test_path_describes_own_endpoint_service(emulator, path_calls):
    builder = path_account.Builder(emulator)
    endpoint = builder.endpoint(builder.service())
    sensors = ["DescribeNetworkInterfaces"]
    # Of the security group of the sensors.
    prefix_lists = ["GetManagedPrefixListEntries"]
    service = ["DescribeVpcEndpointServiceConfigurations", *BALANCER_READS, *sensors, *prefix_lists]
    builder.mirror(1, GatewayLoadBalancerEndpointId=endpoint)
    assert path_calls() == sorted([*PATH_READS, *ENDPOINT_READS, *service])


def test_path_describes_each_target_group(emulator, path_calls):
    builder = path_account.Builder(emulator)
    builder.mirror(1, NetworkLoadBalancerArn=builder.balancer("sensors-c", groups=2))
    second = ["DescribeTargetGroupAttributes", "DescribeTargetHealth", "GetManagedPrefixListEntries"]
    assert path_calls() == sorted([*PATH_READS, *BALANCER_READS, *["DescribeNetworkInterfaces"] * 2, *second])


def test_path_does_not_repeat_a_denied_call(emulator, path_calls):
    builder = path_account.Builder(emulator)
    builder.mirror(1, NetworkLoadBalancerArn=builder.balancer("sensors-c", groups=2))
    emulator.settings(denied=["elasticloadbalancing:DescribeTargetHealth", "ec2:DescribeInstances"])
    made = Counter(path_calls())
    assert (made["DescribeTargetHealth"], made["DescribeTargetGroupAttributes"], made["DescribeInstances"]) == (1, 2, 1)


def test_path_reads_each_prefix_list_and_peering_connections(emulator, path_calls):
    mirror(emulator, NetworkInterfaceId=LAB["sensor"])
    ec2, lab = emulator.client(), emulator.lab
    for name, port in (("a", 4789), ("b", 4789), ("other", 22)):
        made = ec2.create_managed_prefix_list(PrefixListName=name, MaxEntries=1, AddressFamily="IPv4")
        rule = {"IpProtocol": "udp", "FromPort": port, "ToPort": port}
        lists = [{"PrefixListId": made["PrefixList"]["PrefixListId"]}]
        ec2.authorize_security_group_ingress(
            GroupId=lab["security_groups"]["sensors"], IpPermissions=[{**rule, "PrefixListIds": lists}]
        )
    other = ec2.create_vpc(CidrBlock="10.80.0.0/16")["Vpc"]["VpcId"]
    peering = ec2.create_vpc_peering_connection(VpcId=lab["vpc"], PeerVpcId=other)["VpcPeeringConnection"]
    route = {"RouteTableId": lab["route_table"], "DestinationCidrBlock": "10.80.0.0/16"}
    ec2.create_route(**route, VpcPeeringConnectionId=peering["VpcPeeringConnectionId"])
    more = [*["GetManagedPrefixListEntries"] * 2, "DescribeVpcPeeringConnections"]
    assert path_calls() == sorted([*PATH_READS, *more])


def test_path_reads_in_batches(emulator, path_calls):
    """Batches of 200 interfaces and instances, and of 125 instances with four metrics each."""
    account = path_account.seed(emulator, 1000)
    made = Counter(path_calls())
    assert made["DescribeNetworkInterfaces"] == 6 + 2  # 1052 interfaces; those behind load balancers
    assert made["DescribeInstances"] == 6
    assert (made["DescribeLoadBalancers"], made["DescribeTargetHealth"]) == (1, account.balancers + 1)
    assert made.total() == 52 <= account.most_calls
    assert Counter(path_calls(metrics=True)) - made == {"GetMetricData": 8}
