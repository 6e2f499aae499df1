# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._runtime.info import check_filters, check_ids, select


class FakeEc2:
    """An Ec2 with sessions that have these tags. Keyword arguments: tags by session id."""

    def __init__(self, **sessions):
        self.sessions, self.queries = sessions, []

    def describe(self, resource_type, filters, child_tags):
        self.queries.append(filters)
        ids = filters.get("traffic-mirror-session-id", self.sessions)
        return [{resource_type.id_option: one, "tags": self.sessions[one]} for one in ids if one in self.sessions]


def select_ids(ec2, ids=None, **filters):
    checked = check_filters(SESSION, {name.replace("tag_", "tag:"): value for name, value in filters.items()})
    return [row[SESSION.id_option] for row in select(SESSION, ec2, ids, checked)]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["a", "b", "c"]),
        ({"tag_Team": "netsec"}, ["a"]),
        ({"tag_Team": ["netsec", "soc"]}, ["a", "b"]),
        ({"tag_Team": "NETSEC"}, []),
        ({"tag_Team": "*s*c"}, ["a", "b"]),
        ({"tag_Team": "so?"}, ["b"]),
        ({"tag_Team": "so\\?"}, []),
        ({"tag_Star": "\\*"}, ["c"]),
        ({"tag_Team": "*", "tag_Star": "*"}, []),
        ({"tag_Port": 443}, ["c"]),
        ({"tag-key": "Team"}, ["a", "b"]),
        ({"tag-key": ["Star", "Team"]}, ["a", "b", "c"]),
        ({"tag-key": "T*"}, ["a", "b"]),
        ({"tag_Team": []}, []),
    ],
)
def test_tag_filters_are_applied_to_the_results(filters, expected):
    ec2 = FakeEc2(b={"Team": "soc"}, a={"Team": "netsec"}, c={"Star": "*", "Port": "443"})
    assert select_ids(ec2, **filters) == expected


def test_many_wildcards_match_in_polynomial_time():
    ec2 = FakeEc2(a={"Team": "a" * 256}, b={"Team": "a" * 255 + "b"})
    assert select_ids(ec2, tag_Team="*a" * 40 + "*b") == ["b"]
    assert select_ids(ec2, tag_Team="*" * 300) == ["a", "b"]


def test_names_and_filters_are_combined():
    ec2 = FakeEc2(a={"Name": "x"}, b={"Name": "x", "Team": "soc"}, c={"Name": "X"}, d={})
    rows = select(SESSION, ec2, None, {}, ["x", "y"])
    assert [row[SESSION.id_option] for row in rows] == ["a", "b"]
    rows = select(SESSION, ec2, ["b", "c"], check_filters(SESSION, {"tag:Team": "*"}), ["x"])
    assert [row[SESSION.id_option] for row in rows] == ["b"]
    assert select(SESSION, ec2, None, {}, []) == []


def test_client_side_filters_of_targets():
    class Targets:
        def describe(self, resource_type, filters, child_tags):
            assert filters == {}
            types = {"a": "network-interface", "b": "gateway-load-balancer-endpoint"}
            rows = [{resource_type.id_option: one, "type": type_, "tags": {}} for one, type_ in types.items()]
            return [rows[0], {**rows[1], "gateway_load_balancer_endpoint_id": "vpce-1"}]

    for name, value in (("type", "gateway-*"), ("gateway-load-balancer-endpoint-id", "vpce-1")):
        (row,) = select(TARGET, Targets(), None, check_filters(TARGET, {name: value}))
        assert row[TARGET.id_option] == "b"
    with pytest.raises(ValidationError, match="unknown filter names type"):
        check_filters(SESSION, {"type": "x"})


def test_documented_filters_are_sent_as_strings():
    ec2 = FakeEc2()
    select(SESSION, ec2, None, check_filters(SESSION, {"session-number": 1, "owner-id": ["1", "2"], "tag:a": "b"}))
    assert ec2.queries == [{"session-number": ["1"], "owner-id": ["1", "2"]}]


def test_ids_that_do_not_exist_are_omitted():
    assert select_ids(FakeEc2(a={}), ids=["a", "z"]) == ["a"]
    assert select_ids(FakeEc2(a={}), ids=[]) == []


def test_ids_and_the_id_filter_are_combined():
    ec2 = FakeEc2(a={}, b={}, c={})
    filters = check_filters(SESSION, {"traffic-mirror-session-id": ["b", "c"]})
    assert [row[SESSION.id_option] for row in select(SESSION, ec2, ["a", "b"], filters)] == ["b"]
    assert select(SESSION, ec2, ["a"], filters) == []


def test_many_ids_are_split_into_several_requests():
    ids = [f"{n:03}" for n in range(450)]
    ec2 = FakeEc2(**{one: {} for one in ids})
    filters = check_filters(SESSION, {"owner-id": ["1", "2"]})
    assert len(select(SESSION, ec2, ids, filters)) == 450
    assert [len(query["traffic-mirror-session-id"]) for query in ec2.queries] == [198, 198, 54]
    assert all(query["owner-id"] == ["1", "2"] for query in ec2.queries)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (
            {"vpc-id": "x"},
            r"unknown filter names vpc-id\. Valid names: description, network-interface-id, .*tag-key, tag:KEY",
        ),
        ({"network_interface_id": "x"}, "unknown filter names network_interface_id"),
        ({"Tag:a": "x"}, "unknown filter names Tag:a"),
        ({"owner-id": {"a": 1}}, "owner-id must be a value or a list"),
        ({"owner-id": [None]}, "owner-id must be a value or a list"),
    ],
)
def test_invalid_filters_raise_validation_error(filters, message):
    with pytest.raises(ValidationError, match=message):
        check_filters(SESSION, filters)


def test_invalid_ids_raise_validation_error():
    with pytest.raises(ValidationError, match="traffic_mirror_session_ids must be tms-"):
        check_ids(SESSION, ["tms-" + "0" * 17, "tmf-" + "0" * 17])


def test_describe_reads_all_pages_and_sorts_by_id():
    class Client:
        def __init__(self):
            self.meta = self.events = self
            self.partition, self.region_name, self.tokens = "aws", "eu-west-1", []

        def register(self, name, handler):
            pass

        def describe_traffic_mirror_sessions(self, MaxResults, NextToken=None):  # noqa: N803
            self.tokens.append(NextToken)
            rows = [{"TrafficMirrorSessionId": f"tms-{9 - len(self.tokens)}"}]
            return {"TrafficMirrorSessions": rows, "NextToken": {None: "a", "a": "b", "b": ""}[NextToken]}

    client = Client()
    rows = Ec2(client, sts=lambda: client).describe(SESSION)
    assert client.tokens == [None, "a", "b"]
    assert [row[SESSION.id_option] for row in rows] == ["tms-6", "tms-7", "tms-8"]
