# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateTags, DeleteTags and DescribeTags of mirroring resources and moto's resources."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.client import Emulator
from tests.emulator_tests.helpers import (
    FILTER,
    GONE,
    RULE,
    SUBNET,
    TARGET,
    VPC,
    WEB,
    new_filter,
    refused,
    session,
    tag_spec,
    without_metadata,
)

INSTANCE = "i-0a1b2c3d4e5f60718"
RESERVED = ["aws:x", "AWS:x", "Aws:x", "aWs:", "AWS:cloudformation:stack-name"]


def put(ec2: Any, *ids: str, **tags: str) -> None:
    ec2.create_tags(Resources=list(ids), Tags=[{"Key": k, "Value": v} for k, v in tags.items()])


def tags_of(ec2: Any, identifier: str) -> dict[str, str]:
    rows = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [identifier]}])["Tags"]
    return {row["Key"]: row["Value"] for row in rows}


def test_all_resource_types(ec2: Any) -> None:
    made = session(ec2)["TrafficMirrorSessionId"]
    put(ec2, FILTER, RULE, TARGET, made, a="1")
    rows = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["a"]}])["Tags"]
    assert {row["ResourceId"]: row["ResourceType"] for row in rows} == {
        FILTER: "traffic-mirror-filter",
        RULE: "traffic-mirror-filter-rule",
        TARGET: "traffic-mirror-target",
        made: "traffic-mirror-session",
    }
    a = {"Key": "a", "Value": "1"}
    assert a in ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"][0]["Tags"]
    assert a in ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"][0]["IngressFilterRules"][0]["Tags"]
    assert a in ec2.describe_traffic_mirror_filter_rules()["TrafficMirrorFilterRules"][0]["Tags"]
    assert a in ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"][0]["Tags"]
    assert a in ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"][0]["Tags"]


def test_tag_value_is_replaced(ec2: Any) -> None:
    put(ec2, FILTER, Name="other")
    assert tags_of(ec2, FILTER) == {"Name": "other"}


def test_mirroring_and_moto_resources_in_one_call(ec2: Any) -> None:
    put(ec2, FILTER, VPC, shared="x")
    assert tags_of(ec2, FILTER)["shared"] == "x"
    assert tags_of(ec2, VPC) == {"Name": "lab", "shared": "x"}
    both = ec2.describe_tags(Filters=[{"Name": "tag:shared", "Values": ["x"]}])["Tags"]
    assert [row["ResourceId"] for row in both] == [FILTER, VPC]
    ec2.delete_tags(Resources=[FILTER, VPC], Tags=[{"Key": "shared"}])
    assert tags_of(ec2, FILTER) == {"Name": "lab-filter"}
    assert tags_of(ec2, VPC) == {"Name": "lab"}


def test_moto_resources_only(ec2: Any) -> None:
    put(ec2, WEB, x="y")
    assert tags_of(ec2, WEB) == {"Name": "web", "x": "y"}


def test_delete_tags(ec2: Any, emulator: Emulator) -> None:
    emulator.tags(FILTER, **{"aws:cloudformation:stack-name": "s"})
    put(ec2, FILTER, a="1", b="2", c="", d="4", e="5")

    def delete(*tags: dict[str, str]) -> dict[str, str]:
        ec2.delete_tags(Resources=[FILTER], Tags=list(tags))
        return tags_of(ec2, FILTER)

    assert "a" not in delete({"Key": "a"})
    assert delete({"Key": "b", "Value": "other"})["b"] == "2"
    assert delete({"Key": "b", "Value": ""})["b"] == "2"
    assert "b" not in delete({"Key": "b", "Value": "2"})
    assert "c" not in delete({"Key": "c", "Value": ""})
    assert delete({"Key": "absent"})["d"] == "4"
    with refused("InvalidParameterValue"):
        delete({"Key": "aws:cloudformation:stack-name"})
    # Without Tags, all tags except aws: tags are deleted.
    assert delete() == {"aws:cloudformation:stack-name": "s"}


@pytest.mark.parametrize("identifier", [f"tmf-{GONE}", f"tmfr-{GONE}", f"tms-{GONE}", f"tmt-{GONE}", "tmf-junk"])
def test_tags_of_nonexistent_resource(ec2: Any, identifier: str) -> None:
    with refused("InvalidID"):
        put(ec2, TARGET, identifier, a="b")
    with refused("InvalidID"):
        ec2.delete_tags(Resources=[TARGET, identifier])
    # The existing resource is unchanged.
    assert tags_of(ec2, TARGET) == {"Name": "lab-target"}


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([{"Key": "aws:x", "Value": "1"}], "InvalidParameterValue"),
        ([{"Key": "", "Value": "1"}], "InvalidParameterValue"),
        ([{"Key": "k" * 128, "Value": "1"}], "InvalidParameterValue"),
        ([{"Key": "k", "Value": "v" * 257}], "InvalidParameterValue"),
        ([{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}], "InvalidParameterValue"),
        ([{"Key": f"k{n}", "Value": ""} for n in range(51)], "TagLimitExceeded"),
        # One too many, including the existing Name tag.
        ([{"Key": f"k{n}", "Value": ""} for n in range(50)], "TagLimitExceeded"),
        ([], "MissingParameter"),
    ],
    ids=lambda v: str(v)[:40],
)
def test_invalid_tags(ec2: Any, tags: list[dict[str, str]], code: str) -> None:
    with refused(code):
        ec2.create_tags(Resources=[FILTER], Tags=tags)
    assert tags_of(ec2, FILTER) == {"Name": "lab-filter"}


def test_tag_limits(ec2: Any, emulator: Emulator) -> None:
    emulator.tags(FILTER, **{"aws:x": "1"})
    put(ec2, FILTER, **{f"k{n}": "" for n in range(48)}, **{"k" * 127: "v" * 256})
    # 50 tags; aws: tags do not count.
    assert len(tags_of(ec2, FILTER)) == 51
    with refused("TagLimitExceeded"):
        put(ec2, FILTER, more="x")
    put(ec2, FILTER, k0="changed")


def test_dry_runs(ec2: Any) -> None:
    with refused("DryRunOperation"):
        ec2.create_tags(Resources=[FILTER], Tags=[{"Key": "a", "Value": "b"}], DryRun=True)
    with refused("DryRunOperation"):
        ec2.delete_tags(Resources=[FILTER], DryRun=True)
    assert tags_of(ec2, FILTER) == {"Name": "lab-filter"}


def test_tags_are_deleted_with_the_resource(ec2: Any) -> None:
    put(ec2, RULE, a="b")
    ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=FILTER)
    assert tags_of(ec2, RULE) == {}
    assert tags_of(ec2, FILTER) == {}


def test_describe_tags_pagination(ec2: Any) -> None:
    session(ec2, TagSpecifications=tag_spec("session", **{f"k{n}": "v" for n in range(10)}))
    everything = ec2.describe_tags()["Tags"]
    pages = list(ec2.get_paginator("describe_tags").paginate(PaginationConfig={"PageSize": 6}))
    assert [row for page in pages for row in page["Tags"]] == everything
    assert all(len(page["Tags"]) == 6 for page in pages[:-1])
    assert {row["ResourceId"] for row in everything} > {FILTER, TARGET, WEB, VPC}


def test_describe_tags_filters(ec2: Any) -> None:
    only = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["traffic-mirror-target"]}])["Tags"]
    assert [(row["ResourceId"], row["Value"]) for row in only] == [(TARGET, "lab-target")]
    with refused("InvalidParameterValue"):
        ec2.describe_tags(Filters=[{"Name": "bogus", "Values": ["x"]}])


@pytest.mark.parametrize("key", RESERVED)
def test_reserved_keys(ec2: Any, key: str) -> None:
    tags = [{"Key": "a", "Value": "b"}, {"Key": key, "Value": "c"}]

    def specification(resource_type: str) -> list[dict[str, Any]]:
        return [{"ResourceType": resource_type, "Tags": tags}]

    before = (ec2.describe_tags()["Tags"], len(ec2.describe_network_interfaces()["NetworkInterfaces"]))
    template = {"InstanceType": "m5.large", "TagSpecifications": specification("instance")}
    for call in (
        lambda: ec2.create_tags(Resources=[FILTER], Tags=tags),
        lambda: ec2.create_tags(Resources=[WEB], Tags=tags),
        lambda: ec2.create_tags(Resources=[INSTANCE, FILTER], Tags=tags),
        lambda: ec2.delete_tags(Resources=[FILTER], Tags=tags),
        lambda: ec2.delete_tags(Resources=[WEB], Tags=[{"Key": key}]),
        lambda: ec2.create_traffic_mirror_filter(TagSpecifications=specification("traffic-mirror-filter")),
        lambda: session(ec2, TagSpecifications=specification("traffic-mirror-session")),
        lambda: ec2.create_network_interface(SubnetId=SUBNET, TagSpecifications=specification("network-interface")),
        lambda: ec2.run_instances(
            ImageId="ami-12345678", MinCount=1, MaxCount=1, TagSpecifications=specification("instance")
        ),
        lambda: ec2.create_launch_template(LaunchTemplateName="x", LaunchTemplateData=template),
    ):
        with refused("InvalidParameterValue", "reserved"):
            call()
    after = (ec2.describe_tags()["Tags"], len(ec2.describe_network_interfaces()["NetworkInterfaces"]))
    assert after == before


@pytest.mark.parametrize("resource", [FILTER, WEB, INSTANCE, VPC])
def test_tag_limit_of_all_resources(ec2: Any, resource: str) -> None:
    put(ec2, resource, **{f"k{n}": "" for n in range(49)})
    with refused("TagLimitExceeded"):
        put(ec2, resource, more="x")
    with refused("TagLimitExceeded"):
        put(ec2, resource, k0="changed", more="x")
    put(ec2, resource, k0="changed")
    assert len(tags_of(ec2, resource)) == 50


def test_tag_limit_of_specifications(ec2: Any) -> None:
    def specification(number: int) -> list[dict[str, Any]]:
        tags = [{"Key": f"k{n}", "Value": ""} for n in range(number)]
        return [{"ResourceType": "network-interface", "Tags": tags}]

    ec2.create_network_interface(SubnetId=SUBNET, TagSpecifications=specification(50))
    with refused("TagLimitExceeded"):
        ec2.create_network_interface(SubnetId=SUBNET, TagSpecifications=specification(51))


def test_aws_tags_stay_and_do_not_count(ec2: Any, emulator: Emulator) -> None:
    reserved = {f"aws:{n}": "x" for n in range(30)} | {"AWS:x": "y"}
    emulator.tags(FILTER, **reserved)
    put(ec2, FILTER, **{f"k{n}": "" for n in range(49)})
    with refused("TagLimitExceeded"):
        put(ec2, FILTER, more="x")
    ec2.delete_tags(Resources=[FILTER])
    assert tags_of(ec2, FILTER) == reserved


def test_delete_tags_of_moto_resources(ec2: Any) -> None:
    put(ec2, WEB, a="1", b="2")
    ec2.delete_tags(Resources=[WEB], Tags=[{"Key": "a"}, {"Key": "b", "Value": "other"}])
    assert tags_of(ec2, WEB) == {"Name": "web", "b": "2"}
    ec2.delete_tags(Resources=[WEB, FILTER])
    assert tags_of(ec2, WEB) == tags_of(ec2, FILTER) == {}


@pytest.mark.parametrize("identifier", [f"eni-{GONE}", f"i-{GONE}", f"vpce-{GONE}", f"vpc-{GONE}", f"r-{GONE}", "junk"])
def test_tags_of_nonexistent_moto_resource(ec2: Any, identifier: str) -> None:
    with pytest.raises(ClientError) as caught:
        put(ec2, TARGET, WEB, identifier, a="b")
    assert caught.value.response["Error"]["Code"].startswith("Invalid")
    assert "a" not in tags_of(ec2, TARGET) | tags_of(ec2, WEB)


def test_tags_of_deleted_interface(ec2: Any) -> None:
    made = ec2.create_network_interface(SubnetId=SUBNET)["NetworkInterface"]["NetworkInterfaceId"]
    put(ec2, made, a="b")
    ec2.delete_network_interface(NetworkInterfaceId=made)
    assert tags_of(ec2, made) == {}


def test_tag_filters_are_rejected_by_default(ec2: Any) -> None:
    for call in (
        ec2.describe_traffic_mirror_sessions,
        ec2.describe_traffic_mirror_filters,
        ec2.describe_traffic_mirror_targets,
        ec2.describe_traffic_mirror_filter_rules,
    ):
        with refused("InvalidParameterValue"):
            call(Filters=[{"Name": "tag:Name", "Values": ["x"]}])


def test_tag_filters(ec2: Any, emulator: Emulator) -> None:
    emulator.settings(tag_filters=True)
    made = session(ec2)["TrafficMirrorSessionId"]
    star = new_filter(ec2, TagSpecifications=tag_spec("filter", Name="a*b\nc", x="1"))
    put(ec2, made, TARGET, Name="blue", x="1")

    def ids(noun: str, *filters: tuple[str, list[str]]) -> list[str]:
        call = getattr(ec2, f"describe_traffic_mirror_{noun.lower()}s")
        rows = call(Filters=[{"Name": name, "Values": values} for name, values in filters])
        (found,) = without_metadata(rows).values()
        return [row[f"TrafficMirror{noun}Id"] for row in found]

    assert ids("Session", ("tag:Name", ["blue"])) == [made]
    assert ids("Target", ("tag:Name", ["red", "bl*"])) == [TARGET]
    assert ids("Filter", ("tag:Name", ["lab-filter"])) == [FILTER]
    assert ids("Filter", ("tag:Name", ["a\\*b?c"])) == [star]
    assert ids("Filter", ("tag:Name", ["a\\?b?c"])) == []
    assert ids("Filter", ("tag:Name", ["LAB-FILTER"])) == ids("Filter", ("tag:name", ["lab-filter"])) == []
    assert set(ids("Filter", ("tag:Name", ["*"]))) == {FILTER, star}
    assert ids("Filter", ("tag:Name", ["*"]), ("tag:x", ["1"])) == [star]
    assert ids("Filter", ("tag:absent", ["*"])) == []
    for name in ("tag:", "tag-key", "tag"):
        with refused("InvalidParameterValue"):
            ids("Filter", (name, ["x"]))
    with refused("InvalidParameterValue"):
        ec2.describe_traffic_mirror_filter_rules(Filters=[{"Name": "tag:Name", "Values": ["x"]}])
