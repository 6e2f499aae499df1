# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Resource Groups Tagging API: TagResources, UntagResources, GetResources, GetTagKeys and GetTagValues."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.emulator import identity, tagging_api, tagging_wire
from tests.emulator.client import Emulator
from tests.emulator_tests.conftest import Factory
from tests.emulator_tests.helpers import (
    FILTER,
    GONE,
    NLB,
    OTHER,
    OWNER,
    RULE,
    TARGET,
    VPC,
    WEB,
    refused,
    session,
    without_metadata,
)

INSTANCE = "i-0a1b2c3d4e5f60718"


def arn(resource: str, account: str = OWNER, region: str = "eu-west-1") -> str:
    names = {
        "tmf": "traffic-mirror-filter",
        "tmfr": "traffic-mirror-filter-rule",
        "tms": "traffic-mirror-session",
        "tmt": "traffic-mirror-target",
        "eni": "network-interface",
        "i": "instance",
        "vpc": "vpc",
    }
    return f"arn:aws:ec2:{region}:{account}:{names[resource.partition('-')[0]]}/{resource}"


@pytest.fixture
def api(clients: Factory) -> Any:
    return clients(service="resourcegroupstaggingapi")


def found(api: Any, **given: Any) -> dict[str, dict[str, str]]:
    pages = api.get_paginator("get_resources").paginate(**given)
    rows = [row for page in pages for row in page["ResourceTagMappingList"]]
    tags = {row["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in row["Tags"]} for row in rows}
    assert len(tags) == len(rows)
    return tags


def tag_rows(ec2: Any) -> dict[tuple[str, str], dict[str, str]]:
    """Return {(type, id): tags} of DescribeTags."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for row in ec2.describe_tags()["Tags"]:
        rows.setdefault((row["ResourceType"], row["ResourceId"]), {})[row["Key"]] = row["Value"]
    return rows


def assert_agrees(api: Any, ec2: Any) -> None:
    """Compare GetResources with DescribeTags. Resources without tags, which had some, are in GetResources only."""
    where = f"arn:aws:ec2:eu-west-1:{OWNER}:"
    expected = {f"{where}{kind}/{identifier}": tags for (kind, identifier), tags in tag_rows(ec2).items()}
    got = found(api, ResourceTypeFilters=["ec2"])
    assert {key: tags for key, tags in got.items() if tags} == expected


def raw_api(emulator: Emulator, action: str, body: bytes, service: str = "tagging") -> tuple[int, dict[str, Any]]:
    """Send a JSON request without botocore. Returns (HTTP status, reply)."""
    scope = f"{identity.access_key(OWNER)}/20260101/eu-west-1/{service}/aws4_request"
    headers = {"X-Amz-Target": f"ResourceGroupsTaggingAPI_20170126.{action}"}
    if service:
        headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    request = urllib.request.Request(emulator.url + "/", data=body, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_actions_are_in_the_model() -> None:
    assert set(tagging_api._ACTIONS) <= set(tagging_wire.model().operation_names)


def test_all_resource_types(api: Any, ec2: Any, emulator: Emulator) -> None:
    made = session(ec2)["TrafficMirrorSessionId"]
    emulator.tags(FILTER, **{"aws:cloudformation:stack-name": "s"})
    arns = [*(arn(each) for each in (FILTER, RULE, TARGET, made, WEB, INSTANCE, VPC)), NLB]
    assert api.tag_resources(ResourceARNList=arns, Tags={"a": "1", "b": ""})["FailedResourcesMap"] == {}
    assert_agrees(api, ec2)
    assert set(found(api, TagFilters=[{"Key": "a"}])) == set(arns)
    a = {"Key": "a", "Value": "1"}
    assert a in ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"][0]["Tags"]
    assert a in ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"][0]["IngressFilterRules"][0]["Tags"]
    assert a in ec2.describe_network_interfaces(NetworkInterfaceIds=[WEB])["NetworkInterfaces"][0]["TagSet"]
    assert a in ec2.describe_instances(InstanceIds=[INSTANCE])["Reservations"][0]["Instances"][0]["Tags"]
    assert api.untag_resources(ResourceARNList=arns, TagKeys=["a", "absent"])["FailedResourcesMap"] == {}
    assert_agrees(api, ec2)
    assert found(api, TagFilters=[{"Key": "a"}]) == {}
    assert found(api)[arn(FILTER)] == {"Name": "lab-filter", "aws:cloudformation:stack-name": "s", "b": ""}


@pytest.mark.parametrize("resource", [FILTER, WEB])
def test_resources_that_had_tags_are_returned(api: Any, ec2: Any, resource: str) -> None:
    never = ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    api.untag_resources(ResourceARNList=[arn(resource)], TagKeys=["Name"])
    assert found(api)[arn(resource)] == {}
    assert arn(RULE) not in found(api)
    # DeleteTags of a resource without tags is not a tag.
    ec2.delete_tags(Resources=[never, RULE], Tags=[{"Key": "absent"}])
    assert {arn(never), arn(RULE)}.isdisjoint(found(api))
    assert found(api, ResourceARNList=[arn(never)]) == {}


def test_filters(api: Any, ec2: Any) -> None:
    ec2.create_tags(Resources=[FILTER, TARGET], Tags=[{"Key": "env", "Value": "prod"}])
    ec2.create_tags(Resources=[RULE], Tags=[{"Key": "env", "Value": "test"}, {"Key": "x", "Value": ""}])

    def ids(*filters: dict[str, Any], **given: Any) -> set[str]:
        return {each.rpartition("/")[2] for each in found(api, TagFilters=list(filters), **given)}

    assert ids({"Key": "env"}) == {FILTER, TARGET, RULE}
    assert ids({"Key": "env", "Values": []}) == {FILTER, TARGET, RULE}
    assert ids({"Key": "env", "Values": ["prod", "other"]}) == {FILTER, TARGET}
    assert ids({"Key": "env", "Values": ["prod", "test"]}) == {FILTER, TARGET, RULE}
    assert ids({"Key": "env", "Values": ["prod", "test"]}, {"Key": "x"}) == {RULE}
    assert ids({"Key": "env", "Values": ["p*"]}) == set()
    assert ids({"Key": "ENV"}) == set()
    assert ids({"Key": "env"}, ResourceTypeFilters=["ec2:traffic-mirror-filter"]) == {FILTER}
    assert ids({"Key": "env"}, ResourceTypeFilters=["ec2:traffic-mirror-target", "elasticloadbalancing"]) == {TARGET}
    only = found(api, ResourceARNList=[arn(TARGET), arn(f"tmf-{GONE}")])
    assert only == {arn(TARGET): {"Name": "lab-target", "env": "prod"}}
    assert all(each.startswith("arn:aws:ec2:") for each in found(api, ResourceTypeFilters=["ec2"]))


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_pages(api: Any, ec2: Any, size: int) -> None:
    session(ec2)
    everything = found(api)
    got, token, pages = [], "", 0
    while True:
        reply = api.get_resources(ResourcesPerPage=size, PaginationToken=token)
        assert len(reply["ResourceTagMappingList"]) <= size
        got += [row["ResourceARN"] for row in reply["ResourceTagMappingList"]]
        token, pages = reply["PaginationToken"], pages + 1
        if not token:
            break
    assert got == sorted(everything)
    assert pages == -(-len(got) // size)


def test_tags_per_page(api: Any, ec2: Any) -> None:
    ec2.create_tags(Resources=[FILTER, RULE, TARGET], Tags=[{"Key": f"k{n}", "Value": ""} for n in range(40)])
    first = api.get_resources(TagsPerPage=100, TagFilters=[{"Key": "k0"}])
    assert len(first["ResourceTagMappingList"]) == 2
    rest = api.get_resources(TagsPerPage=100, TagFilters=[{"Key": "k0"}], PaginationToken=first["PaginationToken"])
    assert (len(rest["ResourceTagMappingList"]), rest["PaginationToken"]) == (1, "")


def test_tokens_of_other_requests(api: Any) -> None:
    token = api.get_resources(ResourcesPerPage=1)["PaginationToken"]
    for wrong in ("junk", "e30=", token[:-4], "\u00e9"):
        with refused("PaginationTokenExpiredException"):
            api.get_resources(PaginationToken=wrong)
    with refused("PaginationTokenExpiredException"):
        api.get_resources(PaginationToken=token, ResourceTypeFilters=["ec2"])


def test_keys_and_values(api: Any, ec2: Any) -> None:
    ec2.create_tags(Resources=[FILTER], Tags=[{"Key": "k", "Value": "2"}])
    ec2.create_tags(Resources=[TARGET], Tags=[{"Key": "k", "Value": "1"}])
    assert {"k", "Name"} <= set(api.get_tag_keys()["TagKeys"])
    assert without_metadata(api.get_tag_values(Key="k")) == {"PaginationToken": "", "TagValues": ["1", "2"]}
    with refused("PaginationTokenExpiredException"):
        api.get_tag_keys(PaginationToken="x")


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("tag_resources", {"ResourceARNList": [], "Tags": {"a": "b"}}),
        ("tag_resources", {"ResourceARNList": [arn(FILTER)], "Tags": {}}),
        ("tag_resources", {"ResourceARNList": [arn(FILTER)]}),
        ("tag_resources", {"ResourceARNList": [arn(FILTER)] * 2, "Tags": {"a": "b"}}),
        ("tag_resources", {"ResourceARNList": [arn(f"tmf-{n:017x}") for n in range(21)], "Tags": {"a": "b"}}),
        ("tag_resources", {"ResourceARNList": [FILTER], "Tags": {"a": "b"}}),
        ("tag_resources", {"ResourceARNList": [arn(FILTER)], "Tags": {f"k{n}": "" for n in range(51)}}),
        *(
            ("tag_resources", {"ResourceARNList": [arn(FILTER)], "Tags": {key: "b"}})
            for key in ("aws:a", "AWS:a", "Aws:a", "aWs:", "", "k" * 129, "a\0b", "a\ufffeb")
        ),
        ("tag_resources", {"ResourceARNList": [arn(FILTER)], "Tags": {"k": "v" * 257}}),
        ("untag_resources", {"ResourceARNList": [arn(FILTER)], "TagKeys": []}),
        ("untag_resources", {"ResourceARNList": [arn(FILTER)], "TagKeys": ["a", "a"]}),
        ("untag_resources", {"ResourceARNList": [arn(FILTER)], "TagKeys": ["AWS:a"]}),
        ("untag_resources", {"ResourceARNList": [arn(FILTER)], "TagKeys": [f"k{n}" for n in range(51)]}),
        ("get_resources", {"ResourcesPerPage": 0}),
        ("get_resources", {"ResourcesPerPage": 101}),
        ("get_resources", {"TagsPerPage": 99}),
        ("get_resources", {"ResourceARNList": []}),
        ("get_resources", {"ResourceARNList": ["tmf-1"]}),
        *(
            ("get_resources", {"ResourceARNList": [arn(FILTER)], **more})
            for more in ({"TagFilters": [{"Key": "a"}]}, {"ResourceTypeFilters": ["ec2"]}, {"ResourcesPerPage": 5})
        ),
        ("get_resources", {"TagFilters": [{"Values": ["x"]}]}),
        ("get_resources", {"TagFilters": [{"Key": "a", "Values": ["x"] * 21}]}),
        ("get_resources", {"TagFilters": [{"Key": f"k{n}"} for n in range(51)]}),
        ("get_resources", {"ResourceTypeFilters": ["ec2:mirror"]}),
        ("get_resources", {"ResourceTypeFilters": [""]}),
        ("get_resources", {"ResourceTypeFilters": ["ec2"] * 101}),
        ("get_resources", {"ExcludeCompliantResources": True}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_invalid_requests(api: Any, action: str, given: dict[str, Any]) -> None:
    before = found(api)
    with refused("InvalidParameterException"):
        getattr(api, action)(**given)
    assert found(api) == before


def test_failures_of_single_resources(api: Any, ec2: Any, clients: Factory, emulator: Emulator) -> None:
    emulator.seed(OTHER)
    full = ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    ec2.create_tags(Resources=[full], Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])
    expected = {
        arn(f"tmf-{GONE}"): (400, "InvalidID"),
        arn(f"eni-{GONE}"): (400, "InvalidNetworkInterfaceID.NotFound"),
        arn(f"i-{GONE}"): (400, "InvalidInstanceID.NotFound"),
        arn(full): (400, "TagLimitExceeded"),
        arn(FILTER, OTHER): (400, "InvalidParameterException"),
        arn(FILTER, region="us-east-1"): (400, "InvalidParameterException"),
        arn(TARGET).replace(":aws:", ":aws-cn:"): (400, "InvalidParameterException"),
        arn(TARGET).replace("mirror-target", "mirror-filter"): (400, "InvalidParameterException"),
        NLB + "0": (400, "LoadBalancerNotFound"),
    }
    failed = api.tag_resources(ResourceARNList=[*expected, arn(TARGET)], Tags={"a": "b"})["FailedResourcesMap"]
    assert {key: (each["StatusCode"], each["ErrorCode"]) for key, each in failed.items()} == expected
    assert all(each["ErrorMessage"] for each in failed.values())
    assert set(found(api, TagFilters=[{"Key": "a"}])) == {arn(TARGET)}
    other = clients(OTHER, service="resourcegroupstaggingapi")
    assert found(other, TagFilters=[{"Key": "a"}]) == {}
    assert all(f":{OTHER}:" in each for each in found(other))


@pytest.mark.parametrize("resource", [FILTER, WEB])
def test_limit_does_not_count_reserved_tags(api: Any, emulator: Emulator, resource: str) -> None:
    if resource == FILTER:
        emulator.tags(FILTER, **{f"aws:{n}": "" for n in range(5)}, **{"AWS:x": ""})
    tags = {f"k{n}": "" for n in range(49)}
    assert api.tag_resources(ResourceARNList=[arn(resource)], Tags=tags)["FailedResourcesMap"] == {}
    failed = api.tag_resources(ResourceARNList=[arn(resource)], Tags={"more": ""})["FailedResourcesMap"]
    assert failed[arn(resource)]["ErrorCode"] == "TagLimitExceeded"
    assert api.tag_resources(ResourceARNList=[arn(resource)], Tags={"k0": "changed"})["FailedResourcesMap"] == {}


@pytest.mark.parametrize("resource", [FILTER, WEB, INSTANCE])
def test_lag(api: Any, ec2: Any, emulator: Emulator, resource: str) -> None:
    describe = {
        FILTER: ec2.describe_traffic_mirror_filters,
        WEB: ec2.describe_network_interfaces,
        INSTANCE: ec2.describe_instances,
    }[resource]
    emulator.settings(lag={"reads": 2})
    api.tag_resources(ResourceARNList=[arn(resource)], Tags={"late": "x"})
    for visible in (False, False, True):
        # Reads of tags do not count.
        for _again in range(2):
            assert (arn(resource) in found(api, TagFilters=[{"Key": "late"}])) is visible
            assert_agrees(api, ec2)
        assert ("late" in str(describe())) is visible


@pytest.mark.parametrize(
    ("allowed", "action", "code"),
    [
        ([], "TagResources", "AccessDeniedException"),
        (["ec2:CreateTags"], "TagResources", "AccessDeniedException"),
        (["tag:TagResources"], "TagResources", "UnauthorizedOperation"),
        (["tag:TagResources", "ec2:CreateTags"], "TagResources", ""),
        (["tag:UntagResources"], "UntagResources", "UnauthorizedOperation"),
        (["tag:UntagResources", "ec2:DeleteTags"], "UntagResources", ""),
        (["tag:*"], "GetResources", ""),
        (["ec2:*"], "GetResources", "AccessDeniedException"),
    ],
)
def test_identity_policies(emulator: Emulator, allowed: list[str], action: str, code: str) -> None:
    statements = [{"Effect": "Allow", "Action": [*allowed, "sts:GetCallerIdentity"], "Resource": "*"}]
    env = emulator.user({"Version": "2012-10-17", "Statement": statements})
    api = emulator.client_of(env, "resourcegroupstaggingapi")
    request = {
        "TagResources": lambda: api.tag_resources(ResourceARNList=[arn(FILTER)], Tags={"a": "b"}),
        "UntagResources": lambda: api.untag_resources(ResourceARNList=[arn(FILTER)], TagKeys=["Name"]),
        "GetResources": api.get_resources,
    }[action]
    if code == "AccessDeniedException":
        with refused(code, f"tag:{action}"):
            request()
        return
    failed = request().get("FailedResourcesMap", {})
    assert {each["ErrorCode"] for each in failed.values()} == ({code} if code else set())
    assert all(each["StatusCode"] == 403 for each in failed.values())


def test_load_balancer_requires_add_tags(api: Any, emulator: Emulator) -> None:
    emulator.settings(denied=["elasticloadbalancing:*Tags"])
    for failed in (
        api.tag_resources(ResourceARNList=[NLB, arn(FILTER)], Tags={"a": "b"}),
        api.untag_resources(ResourceARNList=[NLB, arn(FILTER)], TagKeys=["a"]),
    ):
        assert {key: each["ErrorCode"] for key, each in failed["FailedResourcesMap"].items()} == {NLB: "AccessDenied"}


def test_denied_setting(api: Any, emulator: Emulator) -> None:
    emulator.settings(denied=["tag:UntagResources", f"ec2:CreateTags {FILTER}"])
    with refused("AccessDeniedException"):
        api.untag_resources(ResourceARNList=[arn(TARGET)], TagKeys=["Name"])
    failed = api.tag_resources(ResourceARNList=[arn(FILTER), arn(TARGET)], Tags={"a": "b"})["FailedResourcesMap"]
    assert {key: each["ErrorCode"] for key, each in failed.items()} == {arn(FILTER): "UnauthorizedOperation"}


def test_faults(api: Any, emulator: Emulator) -> None:
    emulator.settings(fail={"GetResources": ["ThrottledException", 1]})
    with refused("ThrottledException"):
        api.get_resources()
    api.get_resources()
    assert [entry["action"] for entry in emulator.log()] == ["GetResources"] * 2


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{",
        b"\xff",
        b"[" * 100000,
        b'"x"',
        b'{"Nope": 1}',
        b'{"ResourcesPerPage": "5"}',
        b'{"ResourcesPerPage": true}',
        b'{"ResourcesPerPage": 1.5}',
        b'{"TagFilters": {}}',
        b'{"TagFilters": [{"Key": 1}]}',
        b'{"TagFilters": [null]}',
        b'{"TagFilters": [{"Key": "\\ud800"}]}',
        b'{"ResourceARNList": ["\\u0000]]>\\ud800\\ufffe"]}',
        b'{"\\ud800\\u0001": 1}',
    ],
    ids=lambda value: str(value[:30]),
)
def test_malformed_bodies(emulator: Emulator, body: bytes) -> None:
    status, reply = raw_api(emulator, "GetResources", body)
    assert status == 400
    assert reply["__type"] in ("SerializationException", "InvalidParameterException")
    # The message has only characters that XML and UTF-8 can carry.
    reply["Message"].encode()
    assert not any(bad in reply["Message"] for bad in ("\0", "\x01", "\ufffe"))


def test_other_requests(emulator: Emulator) -> None:
    assert raw_api(emulator, "GetResources", b"{}")[0] == 200
    assert raw_api(emulator, "GetResources", b"")[0] == 200
    assert raw_api(emulator, "Nope", b"{}")[1]["__type"] == "UnknownOperationException"
    assert raw_api(emulator, "GetResources", b"{}", "ec2")[1]["__type"] == "InvalidSignatureException"
    assert raw_api(emulator, "GetResources", b"{}", "")[1]["__type"] == "MissingAuthenticationTokenException"
