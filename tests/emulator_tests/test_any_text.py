# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any text in requests: tags keep it or are rejected, and errors that quote it are valid XML."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import botocore.parsers
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.emulator.client import Emulator
from tests.emulator.errors import ApiError, ec2_envelope, query_envelope
from tests.emulator.tagging_wire import failure
from tests.emulator_tests.conftest import Factory
from tests.emulator_tests.helpers import FILTER, RULE, SUBNET, TARGET, WEB, raw, refused, session

INSTANCE = "i-0a1b2c3d4e5f60718"
# One of each class of characters that XML can carry, and markup.
ODD = [
    "\r",
    "\n",
    "\t",
    " ",
    " a ",
    "a\r\nb\rc\n\td",
    "\u00a0",
    "\u0085",
    "\u2028\u2029",
    "\x7f\x9f",
    "e\u0301",
    "\u200d\ufeff\ufffd",
    "\U0001f600\U0010ffff",
    "<&>\"']]>",
    "&#13;&amp;<!--x--><![CDATA[y]]>",
    "\\ % + = ; %0D ?*",
]
# Characters that XML cannot carry.
NOT_PRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
NOT_XML = ["\0", "a\x01b", "\x0b", "\x0c", "\x1b[0m", "\x1f", "\ufffe", "\uffff"]


def tags_of(ec2: Any, identifier: str) -> dict[str, str]:
    rows = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [identifier]}])["Tags"]
    return {row["Key"]: row["Value"] for row in rows}


def written_tags(ec2: Any, key: str, value: str) -> dict[str, list[dict[str, str]]]:
    """Set a tag in every way, and return the tags of every reply that contains it, by the name of the call."""
    tags = [{"Key": key, "Value": value}]

    def specification(resource_type: str) -> dict[str, Any]:
        return {"TagSpecifications": [{"ResourceType": resource_type, "Tags": tags}]}

    eni = ec2.create_network_interface(SubnetId=SUBNET, **specification("network-interface"))["NetworkInterface"]
    run = ec2.run_instances(
        ImageId="ami-12345678", MinCount=1, MaxCount=1, SubnetId=SUBNET, **specification("instance")
    )["Instances"][0]
    made = ec2.create_traffic_mirror_filter(**specification("traffic-mirror-filter"))["TrafficMirrorFilter"]
    mirror = session(ec2, **specification("traffic-mirror-session"))
    ids = [FILTER, RULE, TARGET, WEB, INSTANCE]
    ec2.delete_tags(Resources=ids)
    ec2.create_tags(Resources=ids, Tags=tags)
    (described,) = ec2.describe_traffic_mirror_filters(TrafficMirrorFilterIds=[FILTER])["TrafficMirrorFilters"]
    found = {
        "CreateNetworkInterface": eni["TagSet"],
        "RunInstances": run["Tags"],
        "CreateTrafficMirrorFilter": made["Tags"],
        "CreateTrafficMirrorSession": mirror["Tags"],
        "filter": described["Tags"],
        "rule": described["IngressFilterRules"][0]["Tags"],
        "target": ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"][0]["Tags"],
        "session": ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"][0]["Tags"],
    }
    for identifier in (WEB, eni["NetworkInterfaceId"]):
        (row,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[identifier])["NetworkInterfaces"]
        found[identifier] = row["TagSet"]
    for identifier in (INSTANCE, run["InstanceId"]):
        (whole,) = ec2.describe_instances(InstanceIds=[identifier])["Reservations"]
        found[identifier] = whole["Instances"][0]["Tags"]
    everything = [eni["NetworkInterfaceId"], run["InstanceId"], mirror["TrafficMirrorSessionId"], *ids]
    for identifier in everything:
        found[f"DescribeTags {identifier}"] = [{"Key": k, "Value": v} for k, v in tags_of(ec2, identifier).items()]
    return found


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_tags_with_any_character(ec2: Any, text: str) -> None:
    key = "k" + text + "k"
    for name, tags in written_tags(ec2, key, text).items():
        assert tags == [{"Key": key, "Value": text}], name
    by_value = ec2.describe_tags(Filters=[{"Name": "key", "Values": [key.replace("\\", "\\\\")]}])["Tags"]
    assert INSTANCE in {row["ResourceId"] for row in by_value}


@pytest.mark.parametrize("text", NOT_XML, ids=ascii)
def test_characters_that_xml_cannot_carry(ec2: Any, text: str) -> None:
    before = ec2.describe_tags()["Tags"]
    for tag in ({"Key": "k" + text, "Value": "v"}, {"Key": "k", "Value": text}):
        spec = [{"ResourceType": "network-interface", "Tags": [tag]}]
        for call in (
            lambda tag=tag: ec2.create_tags(Resources=[FILTER], Tags=[tag]),
            lambda tag=tag: ec2.create_tags(Resources=[WEB], Tags=[tag]),
            lambda spec=spec: ec2.create_network_interface(SubnetId=SUBNET, TagSpecifications=spec),
        ):
            with refused("InvalidParameterValue"):
                call()
    for call in (
        lambda: ec2.create_traffic_mirror_filter(Description=text),
        lambda: ec2.create_network_interface(SubnetId=SUBNET, Description=text),
    ):
        with refused("InvalidParameterValue"):
            call()
    assert ec2.describe_tags()["Tags"] == before


TEXT = st.text(st.characters(exclude_categories=[]), max_size=40).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)
ANY_BYTES = TEXT | st.binary(max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANY_BYTES)
@example(b"")
@example(b"\0")
@example(b"\xff\xfe")
@example(b"\xed\xa0\x80")
@example(b"<a>]]>&\r\n")
@example("\ufffe\U0001f600".encode())
def test_errors_are_valid_xml(running: Emulator, text: bytes) -> None:
    """Each form quotes the text where no text is valid."""
    forms: list[dict[str, Any]] = [
        {"Action": b"x" + text},
        {"Action": b"TrafficMirror" + text},
        {"Action": "DescribeTrafficMirrorFilters", "TrafficMirrorFilterId.1": b"x" + text},
        {"Action": "DescribeTrafficMirrorFilters", "Filter.1.Name": b"x" + text, "Filter.1.Value.1": text},
        {"Action": "DescribeTrafficMirrorFilters", "Filter.1.Name": "tag:x", "Filter.1.Value.1": text},
        {"Action": "DescribeTrafficMirrorFilters", "NextToken": b"x" + text},
        {"Action": "DescribeTrafficMirrorFilters", "MaxResults": b"x" + text},
        {"Action": "CreateTags", "ResourceId.1": b"x" + text, "Tag.1.Key": "a", "Tag.1.Value": "b"},
        {"Action": "CreateTags", "ResourceId.1": FILTER, "Tag.1.Key": b"AWS:" + text, "Tag.1.Value": text},
        {"Action": "CreateTags", "ResourceId.1": WEB, "Tag.1.Key": b"k" * 128 + text, "Tag.1.Value": text},
        {"Action": "CreateTags", "ResourceId.1": WEB, "Tag.1.Key": "a", "Tag.1.Value": b"v" * 257 + text},
        {"Action": "CreateTrafficMirrorFilter", "Description": b"d" * 256 + text},
        {"Action": "CreateTrafficMirrorFilter", "Description": "d", "ClientToken": b"x " + text},
        {"Action": "DescribeInstances", "InstanceId.1": b"x" + text},
        {"Action": "DescribeNetworkInterfaces", "Filter.1.Name": b"x" + text, "Filter.1.Value.1": "x"},
        {"Action": "DescribeVpcs", "VpcId.1": b"x" + text},
        {"Action": "DescribeSubnets", "SubnetId.1": b"subnet-" + text},
        {"Action": "DescribeVpcs", b"x" + text: "x"},
        {"Action": "DescribeTags", b"x" + text: text},
    ]
    for form in forms:
        status, _code, body = raw(running, form)
        assert 400 <= status < 500, (form, body)
        ET.fromstring(body)
        parsed = botocore.parsers.create_parser("ec2").parse(
            {"headers": {}, "status_code": status, "body": body.encode()}, None
        )
        assert parsed["Error"]["Code"], body


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.text(min_size=1, max_size=127), value=st.text(max_size=256))
def test_any_tag_is_kept_or_rejected(running: Emulator, key: str, value: str) -> None:
    ec2 = running.client()
    ids = [FILTER, WEB, INSTANCE]
    ec2.delete_tags(Resources=ids)
    code = ""
    try:
        ec2.create_tags(Resources=ids, Tags=[{"Key": key, "Value": value}])
    except ClientError as error:
        code = error.response["Error"]["Code"]
    assert code in ("", "InvalidParameterValue")
    assert [tags_of(ec2, each) for each in ids] == [{} if code else {key: value}] * 3


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=[]), max_size=40))
@example("\0\ud800]]>\ufffe\r<&>")
def test_envelopes(text: str) -> None:
    error, expected = ApiError(text, text), NOT_PRINTABLE.sub("\ufffd", text)
    for body, path in ((ec2_envelope(error, "x"), "Errors/Error"), (query_envelope(error, "x"), "Error")):
        found = ET.fromstring(body)
        assert (found.findtext(f"{path}/Code"), found.findtext(f"{path}/Message")) == (expected, expected)
    assert json.loads(failure(ApiError("x", text)).body)["Message"] == expected


@pytest.mark.parametrize("text", [*ODD, *NOT_XML], ids=ascii)
def test_errors_of_query_services(clients: Factory, text: str) -> None:
    sts = clients(service="sts")
    with refused("ValidationError", "is invalid"):
        sts.assume_role(RoleArn=f"x{text}", RoleSessionName="s")
