# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers, listeners and target health of Elastic Load Balancing, and metrics of CloudWatch."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest

from tests.emulator import identity
from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import NLB, NLB_B, OTHER, OWNER, VPC, refused
from tests.emulator_tests.users import User

Clients = Callable[..., Any]
WEB, SENSOR, SENSOR_B = "i-0a1b2c3d4e5f60718", "i-0a1b2c3d4e5f60741", "i-0a1b2c3d4e5f60742"
BALANCERS = "sg-0a1b2c3d4e5f60783"
CROSS_ZONE = "load_balancing.cross_zone.enabled"


@pytest.fixture
def elb(clients: Clients) -> Any:
    return clients(service="elbv2")


@pytest.fixture
def cloudwatch(clients: Clients) -> Any:
    return clients(service="cloudwatch")


def group(emulator: Emulator, name: str = "sensors") -> str:
    return str(emulator.lab["target_groups"][name])


def health(elb: Any, arn: str) -> dict[str, tuple[str, str]]:
    """Return {target: (state, reason)}."""
    rows = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {row["Target"]["Id"]: (row["TargetHealth"]["State"], row["TargetHealth"].get("Reason", "")) for row in rows}


def listener(elb: Any, balancer: str, arn: str, port: int = 4789, protocol: str = "UDP") -> dict[str, Any]:
    action = {"Type": "forward", "TargetGroupArn": arn}
    made = elb.create_listener(LoadBalancerArn=balancer, Protocol=protocol, Port=port, DefaultActions=[action])
    found: dict[str, Any] = made["Listeners"][0]
    return found


def new_group(elb: Any, name: str = "more", protocol: str = "UDP", target_type: str = "instance") -> str:
    made = elb.create_target_group(Name=name, Protocol=protocol, Port=4789, VpcId=VPC, TargetType=target_type)
    return str(made["TargetGroups"][0]["TargetGroupArn"])


@pytest.mark.parametrize(("name", "balancer", "groups"), [("sensors", NLB, None), ("sensors-b", NLB_B, [BALANCERS])])
def test_lab_forwards_vxlan_to_healthy_targets(
    elb: Any, emulator: Emulator, name: str, balancer: str, groups: list[str] | None
) -> None:
    (row,) = elb.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"]
    assert (row["State"]["Code"], row.get("SecurityGroups")) == ("active", groups)
    (found,) = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    assert (found["ListenerArn"], found["Protocol"], found["Port"]) == (emulator.lab["listeners"][name], "UDP", 4789)
    assert "SslPolicy" not in found
    arn = group(emulator, name)
    assert found["DefaultActions"][0]["TargetGroupArn"] == arn
    (target_group,) = elb.describe_target_groups(LoadBalancerArn=balancer)["TargetGroups"]
    kind = "instance" if name == "sensors" else "ip"
    assert (target_group["TargetGroupArn"], target_group["TargetType"]) == (arn, kind)
    targets = [SENSOR, SENSOR_B] if kind == "instance" else ["10.71.1.4", "10.71.1.5"]
    assert health(elb, arn) == dict.fromkeys(targets, ("healthy", ""))


def test_cross_zone_is_turned_off_and_on(elb: Any) -> None:
    def value() -> str:
        rows = elb.describe_load_balancer_attributes(LoadBalancerArn=NLB)["Attributes"]
        return str(next(row["Value"] for row in rows if row["Key"] == CROSS_ZONE))

    assert value() == "true"
    for wanted in ("false", "true"):
        elb.modify_load_balancer_attributes(LoadBalancerArn=NLB, Attributes=[{"Key": CROSS_ZONE, "Value": wanted}])
        assert value() == wanted
    made = elb.create_load_balancer(Name="plain", Type="network", Subnets=["subnet-0a1b2c3d4e5f60711"])
    rows = elb.describe_load_balancer_attributes(LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"])
    assert {"Key": CROSS_ZONE, "Value": "false"} in rows["Attributes"]


def test_target_group_has_cross_zone_attribute(elb: Any, emulator: Emulator) -> None:
    rows = elb.describe_target_group_attributes(TargetGroupArn=group(emulator))["Attributes"]
    assert {"Key": CROSS_ZONE, "Value": "use_load_balancer_configuration"} in rows


def test_listener_is_deleted_and_created(elb: Any, emulator: Emulator) -> None:
    arn = group(emulator)
    elb.delete_listener(ListenerArn=emulator.lab["listeners"]["sensors"])
    assert elb.describe_listeners(LoadBalancerArn=NLB)["Listeners"] == []
    assert elb.describe_target_groups(LoadBalancerArn=NLB)["TargetGroups"] == []
    assert elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]["LoadBalancerArns"] == []
    assert health(elb, arn) == dict.fromkeys([SENSOR, SENSOR_B], ("unused", "Target.NotInUse"))
    listener(elb, NLB, arn)
    assert health(elb, arn) == dict.fromkeys([SENSOR, SENSOR_B], ("healthy", ""))


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("unhealthy", "Target.FailedHealthChecks"),
        ("initial", "Elb.RegistrationInProgress"),
        ("draining", "Target.DeregistrationInProgress"),
        ("unused", "Target.NotInUse"),
    ],
)
def test_health_is_set(elb: Any, emulator: Emulator, state: str, reason: str) -> None:
    emulator.settings(target_health={SENSOR: state, "sensors-b 10.71.1.5": state, "sensors 10.71.1.4": state})
    assert health(elb, group(emulator)) == {SENSOR: (state, reason), SENSOR_B: ("healthy", "")}
    expected = {"10.71.1.4": ("healthy", ""), "10.71.1.5": (state, reason)}
    assert health(elb, group(emulator, "sensors-b")) == expected
    emulator.settings(target_health=None)
    assert health(elb, group(emulator))[SENSOR] == ("healthy", "")


def test_health_setting_is_checked(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="unknown states"):
        emulator.settings(target_health={SENSOR: "fine"})


def test_stopped_instance_gets_no_traffic(elb: Any, ec2: Any, emulator: Emulator) -> None:
    ec2.stop_instances(InstanceIds=[SENSOR])
    emulator.settings(target_health={SENSOR: "healthy"})
    assert health(elb, group(emulator))[SENSOR] == ("unused", "Target.InvalidState")
    assert health(elb, group(emulator, "sensors-b"))["10.71.1.4"] == ("unhealthy", "Target.Timeout")
    ec2.start_instances(InstanceIds=[SENSOR])
    assert health(elb, group(emulator))[SENSOR] == ("healthy", "")


def test_target_in_zone_of_no_balancer_is_unused(elb: Any) -> None:
    made = elb.create_load_balancer(Name="zone-b", Type="network", Subnets=["subnet-0a1b2c3d4e5f60712"])
    arn = new_group(elb)
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": WEB}, {"Id": SENSOR}])
    listener(elb, made["LoadBalancers"][0]["LoadBalancerArn"], arn)
    assert health(elb, arn) == {WEB: ("unused", "Target.NotInUse"), SENSOR: ("healthy", "")}


def test_deregistered_target_is_not_listed(elb: Any, emulator: Emulator) -> None:
    elb.deregister_targets(TargetGroupArn=group(emulator), Targets=[{"Id": SENSOR}])
    assert list(health(elb, group(emulator))) == [SENSOR_B]


def test_balancer_without_groups_cannot_get_them(elb: Any) -> None:
    with refused("InvalidConfigurationRequest"):
        elb.set_security_groups(LoadBalancerArn=NLB, SecurityGroups=[BALANCERS])
    elb.set_security_groups(LoadBalancerArn=NLB_B, SecurityGroups=["sg-0a1b2c3d4e5f60782"])
    (row,) = elb.describe_load_balancers(Names=["sensors-b"])["LoadBalancers"]
    assert row["SecurityGroups"] == ["sg-0a1b2c3d4e5f60782"]


def test_listener_is_checked(elb: Any, emulator: Emulator) -> None:
    arn = new_group(elb)
    with refused("DuplicateListener"):
        listener(elb, NLB, arn)
    with refused("IncompatibleProtocols"):
        listener(elb, NLB, arn, 4790, "TCP_UDP")
    with refused("TargetGroupAssociationLimit"):
        listener(elb, NLB, group(emulator, "sensors-b"), 4790)
    both = new_group(elb, "both", "TCP_UDP")
    assert listener(elb, NLB, both, 4790, "TCP_UDP")["Protocol"] == "TCP_UDP"


def test_requests_are_validated(elb: Any) -> None:
    for wrong in ({}, {"LoadBalancerArn": NLB, "ListenerArns": ["x"]}):
        with refused("ValidationError", "either listener ARNs or a load balancer ARN"):
            elb.describe_listeners(**wrong)
    with refused("ValidationError", "between 1 and 400"):
        elb.describe_load_balancers(PageSize=401)
    with refused("ValidationError", "marker"):
        elb.describe_load_balancers(Marker="x")
    with refused("ValidationError", "TargetGroupArn"):
        elb.describe_target_health()
    with refused("ValidationError", "at the same time"):
        elb.describe_load_balancers(Names=["sensors"], LoadBalancerArns=[NLB])
    with refused("LoadBalancerNotFound"):
        elb.describe_load_balancer_attributes(LoadBalancerArn=NLB + "0")
    with refused("TargetGroupNotFound"):
        elb.describe_target_health(TargetGroupArn=NLB.replace("loadbalancer/net", "targetgroup"))


def test_pages_are_short_empty_and_shuffled(elb: Any, emulator: Emulator) -> None:
    listener(elb, NLB, new_group(elb), 4790)
    emulator.settings(pages={"size": 1, "empty": True, "shuffle": True})
    for name, member, more in (
        ("describe_load_balancers", "LoadBalancers", {}),
        ("describe_target_groups", "TargetGroups", {}),
        ("describe_listeners", "Listeners", {"LoadBalancerArn": NLB}),
    ):
        pages = [page[member] for page in elb.get_paginator(name).paginate(**more)]
        assert sorted(len(page) for page in pages)[:2] == [0, 0]
        assert sum(len(page) for page in pages) == (3 if name == "describe_target_groups" else 2)


def test_twenty_load_balancers_per_request(elb: Any) -> None:
    assert elb.describe_load_balancers(LoadBalancerArns=[NLB] * 20)["LoadBalancers"]
    with refused("ValidationError", "20"):
        elb.describe_load_balancers(LoadBalancerArns=[NLB] * 21)


READS = {
    "DescribeListeners": {"LoadBalancerArn": NLB},
    "DescribeLoadBalancerAttributes": {"LoadBalancerArn": NLB},
    "DescribeLoadBalancers": {},
    "DescribeTargetGroupAttributes": {"TargetGroupArn": "sensors"},
    "DescribeTargetGroups": {},
    "DescribeTargetHealth": {"TargetGroupArn": "sensors"},
}


@pytest.mark.parametrize("action", READS)
def test_policy_denies_action(user: User, emulator: Emulator, action: str) -> None:
    given = {name: group(emulator) if value == "sensors" else value for name, value in READS[action].items()}
    call = getattr(user.load_balancing, "".join(f"_{c.lower()}" if c.isupper() else c for c in action).lstrip("_"))
    with refused("AccessDenied", f"elasticloadbalancing:{action}"):
        call(**given)
    entry = emulator.log()[-1]
    assert (entry["action"], entry["code"]) == (action, "AccessDenied")
    user.may({"Effect": "Allow", "Action": f"elasticloadbalancing:{action}", "Resource": "*"})
    call(**given)


NOW = datetime.now(timezone.utc).replace(microsecond=0)


def query(metric: str, identifier: str = "a", instance: str = WEB, stat: str = "Sum", **more: Any) -> dict[str, Any]:
    dimensions = [{"Name": "InstanceId", "Value": instance}]
    found = {"Namespace": more.pop("namespace", "AWS/EC2"), "MetricName": metric, "Dimensions": dimensions}
    return {"Id": identifier, "MetricStat": {"Metric": found, "Period": 300, "Stat": stat, **more}}


def request(*queries: dict[str, Any], **more: Any) -> dict[str, Any]:
    now = datetime.now(timezone.utc)
    times = {"StartTime": now - timedelta(hours=2), "EndTime": now + timedelta(minutes=1)}
    return {"MetricDataQueries": list(queries), **times, **more}


def test_metrics_of_service_are_added_by_control_api(cloudwatch: Any, emulator: Emulator) -> None:
    emulator.add_metrics(WEB, {"NetworkMirrorOut": 1000, "NetworkSkipMirrorOut": 10}, minutes_ago=20)
    emulator.add_metrics(WEB, {"NetworkMirrorOut": 2000}, minutes_ago=40)
    queries = [query("NetworkMirrorOut"), query("NetworkSkipMirrorOut", "b"), query("NetworkMirrorIn", "c")]
    rows = cloudwatch.get_metric_data(**request(*queries))["MetricDataResults"]
    assert [(row["Id"], row["Values"], row["StatusCode"]) for row in rows] == [
        ("a", [1000.0, 2000.0], "Complete"),
        ("b", [10.0], "Complete"),
        ("c", [], "Complete"),
    ]
    assert all(moment.timestamp() % 300 == 0 for moment in rows[0]["Timestamps"])
    oldest_first = cloudwatch.get_metric_data(**request(queries[0], ScanBy="TimestampAscending"))
    assert oldest_first["MetricDataResults"][0]["Values"] == [2000.0, 1000.0]
    other = query("NetworkMirrorOut", instance=SENSOR)
    assert cloudwatch.get_metric_data(**request(other))["MetricDataResults"][0]["Values"] == []


@pytest.mark.parametrize(
    ("stat", "value"), [("Sum", 30.0), ("Average", 15.0), ("Maximum", 20.0), ("Minimum", 10.0), ("SampleCount", 2.0)]
)
def test_statistics(cloudwatch: Any, emulator: Emulator, stat: str, value: float) -> None:
    for number in (10, 20):
        emulator.add_metrics(WEB, {"NetworkMirrorOut": number}, minutes_ago=30)
    given = query("NetworkMirrorOut", stat=stat, Period=3600)
    assert cloudwatch.get_metric_data(**request(given))["MetricDataResults"][0]["Values"] == [value]


def test_namespace_of_service_is_reserved(cloudwatch: Any) -> None:
    datum = {"MetricName": "NetworkMirrorOut", "Value": 1.0, "Dimensions": [{"Name": "InstanceId", "Value": WEB}]}
    with refused("InvalidParameterValue", "Namespace"):
        cloudwatch.put_metric_data(Namespace="AWS/EC2", MetricData=[datum])
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[datum])
    given = query("NetworkMirrorOut", namespace="Own")
    assert cloudwatch.get_metric_data(**request(given))["MetricDataResults"][0]["Values"] == [1.0]


def test_datapoints_are_paged(cloudwatch: Any, emulator: Emulator) -> None:
    for number in range(1, 4):
        emulator.add_metrics(WEB, {"NetworkMirrorOut": number, "NetworkMirrorIn": number}, minutes_ago=number * 10)
    given = request(query("NetworkMirrorOut"), query("NetworkMirrorIn", "b"), MaxDatapoints=4)
    first = cloudwatch.get_metric_data(**given)
    states = [(row["Id"], row["Values"], row["StatusCode"]) for row in first["MetricDataResults"]]
    assert states == [("a", [1.0, 2.0, 3.0], "Complete"), ("b", [1.0], "PartialData")]
    second = cloudwatch.get_metric_data(**given, NextToken=first["NextToken"])
    assert [(row["Id"], row["Values"]) for row in second["MetricDataResults"]] == [("b", [2.0, 3.0])]
    assert "NextToken" not in second
    emulator.settings(pages={"size": 1, "empty": True})
    pages = [page["MetricDataResults"] for page in cloudwatch.get_paginator("get_metric_data").paginate(**given)]
    assert [len(page) for page in pages] == [0, 1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"EndTime": NOW - timedelta(hours=2)}, "ValidationError"),
        ({"NextToken": "x"}, "InvalidNextToken"),
        ({"MaxDatapoints": 0}, "InvalidParameterValue"),
        ({"MetricDataQueries": [query("NetworkMirrorOut"), query("NetworkMirrorIn")]}, "ValidationError"),
        ({"MetricDataQueries": [query("NetworkMirrorOut", "A")]}, "ValidationError"),
        ({"MetricDataQueries": [query("NetworkMirrorOut", Period=90)]}, "InvalidParameterValue"),
        ({"MetricDataQueries": [query("NetworkMirrorOut", f"q{n}") for n in range(501)]}, "ValidationError"),
    ],
)
def test_metric_request_is_validated(cloudwatch: Any, wrong: dict[str, Any], code: str) -> None:
    with refused(code):
        cloudwatch.get_metric_data(**{**request(query("NetworkMirrorOut")), **wrong})


def test_metric_math_is_unsupported(cloudwatch: Any) -> None:
    with refused("InternalError", "metric math"):
        cloudwatch.get_metric_data(**request({"Id": "a", "Expression": "b * 2"}))


def test_old_start_requires_longer_period(cloudwatch: Any, emulator: Emulator) -> None:
    emulator.add_metrics(WEB, {"NetworkMirrorOut": 5}, minutes_ago=10)
    for days, period, values in ((1, 60, [5.0]), (20, 60, []), (20, 300, [5.0]), (70, 300, []), (70, 3600, [5.0])):
        given = request(query("NetworkMirrorOut", Period=period), StartTime=NOW - timedelta(days=days))
        assert cloudwatch.get_metric_data(**given)["MetricDataResults"][0]["Values"] == values


def form(emulator: Emulator, fields: dict[str, str]) -> tuple[int, str]:
    """Send a request in CloudWatch's query protocol, which older botocore uses. Returns (HTTP status, body)."""
    scope = f"{identity.access_key(OWNER)}/20260101/eu-west-1/monitoring/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    data = urllib.parse.urlencode({"Action": "GetMetricData", "Version": "2010-08-01", **fields}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(emulator.url + "/", data=data, headers=headers), timeout=30) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_query_protocol(emulator: Emulator) -> None:
    emulator.add_metrics(WEB, {"NetworkMirrorOut": 7}, minutes_ago=10)
    stat = "MetricDataQueries.member.1.MetricStat"
    fields = {
        "StartTime": (NOW - timedelta(hours=1)).isoformat(),
        "EndTime": (NOW + timedelta(hours=1)).isoformat(),
        "MetricDataQueries.member.1.Id": "a",
        f"{stat}.Metric.Namespace": "AWS/EC2",
        f"{stat}.Metric.MetricName": "NetworkMirrorOut",
        f"{stat}.Metric.Dimensions.member.1.Name": "InstanceId",
        f"{stat}.Metric.Dimensions.member.1.Value": WEB,
        f"{stat}.Period": "300",
        f"{stat}.Stat": "Sum",
    }
    status, body = form(emulator, fields)
    assert (status, "<Values><member>7.0</member></Values>" in body) == (200, True), body
    status, body = form(emulator, {**fields, "Unknown": "1"})
    assert (status, "<Code>ValidationError</Code>" in body) == (400, True)
    emulator.settings(denied=["cloudwatch:GetMetricData"])
    status, body = form(emulator, fields)
    assert (status, "<Code>AccessDenied</Code>" in body) == (403, True)


def test_policy_denies_metrics(user: User, emulator: Emulator) -> None:
    client = boto3.client(
        "cloudwatch",
        region_name="eu-west-1",
        endpoint_url=emulator.url,
        aws_access_key_id=user.key,
        aws_secret_access_key="x",
    )
    with refused("AccessDenied", "cloudwatch:GetMetricData"):
        client.get_metric_data(**request(query("NetworkMirrorOut")))
    entry = emulator.log()[-1]
    assert (entry["action"], entry["code"]) == ("GetMetricData", "AccessDenied")
    user.may({"Effect": "Allow", "Action": "cloudwatch:GetMetricData", "Resource": "*"})
    client.get_metric_data(**request(query("NetworkMirrorOut")))


def test_injected_failure_and_expiry(cloudwatch: Any, elb: Any, emulator: Emulator) -> None:
    emulator.settings(fail={"GetMetricData": ["Throttling", 1], "DescribeListeners": ["Throttling", 1]})
    with refused("Throttling"):
        cloudwatch.get_metric_data(**request(query("NetworkMirrorOut")))
    with refused("Throttling"):
        elb.describe_listeners(LoadBalancerArn=NLB)
    emulator.settings(credential_calls=0)
    with refused("ExpiredToken"):
        cloudwatch.get_metric_data(**request(query("NetworkMirrorOut")))


def test_lab_of_other_account_has_its_own_listeners(emulator: Emulator, clients: Clients) -> None:
    lab = emulator.seed(OTHER)
    elb = clients(OTHER, service="elbv2")
    (found,) = elb.describe_listeners(LoadBalancerArn=lab["load_balancers"]["sensors"])["Listeners"]
    assert found["ListenerArn"] == lab["listeners"]["sensors"]
    assert set(health(elb, lab["target_groups"]["sensors"]).values()) == {("healthy", "")}
