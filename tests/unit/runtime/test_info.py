# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import SESSION, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._runtime.info import check_filters, check_ids, select


class Reader:
    """Sessions with these tags, found by id."""

    def __init__(self, **sessions):
        self.sessions, self.asked = sessions, []

    def describe(self, kind, filters, part_tags):
        self.asked.append(filters)
        ids = filters.get("traffic-mirror-session-id", self.sessions)
        return [{kind.id_option: one, "tags": self.sessions[one]} for one in ids if one in self.sessions]


def found(reader, ids=None, **filters):
    checked = check_filters(SESSION, {name.replace("tag_", "tag:"): value for name, value in filters.items()})
    return [row[SESSION.id_option] for row in select(SESSION, reader, ids, checked)]


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
def test_tags_are_matched_here(filters, expected):
    reader = Reader(b={"Team": "soc"}, a={"Team": "netsec"}, c={"Star": "*", "Port": "443"})
    assert found(reader, **filters) == expected


def test_many_wildcards_take_no_time():
    reader = Reader(a={"Team": "a" * 256}, b={"Team": "a" * 255 + "b"})
    assert found(reader, tag_Team="*a" * 40 + "*b") == ["b"]
    assert found(reader, tag_Team="*" * 300) == ["a", "b"]


def test_names_and_filters_both_count():
    reader = Reader(a={"Name": "x"}, b={"Name": "x", "Team": "soc"}, c={"Name": "X"}, d={})
    rows = select(SESSION, reader, None, {}, ["x", "y"])
    assert [row[SESSION.id_option] for row in rows] == ["a", "b"]
    rows = select(SESSION, reader, ["b", "c"], check_filters(SESSION, {"tag:Team": "*"}), ["x"])
    assert [row[SESSION.id_option] for row in rows] == ["b"]
    assert select(SESSION, reader, None, {}, []) == []


def test_filters_of_targets_that_ec2_does_not_have():
    class Targets:
        def describe(self, kind, filters, part_tags):
            assert filters == {}
            kinds = {"a": "network-interface", "b": "gateway-load-balancer-endpoint"}
            rows = [{kind.id_option: one, "type": type_, "tags": {}} for one, type_ in kinds.items()]
            return [rows[0], {**rows[1], "gateway_load_balancer_endpoint_id": "vpce-1"}]

    for name, value in (("type", "gateway-*"), ("gateway-load-balancer-endpoint-id", "vpce-1")):
        (row,) = select(TARGET, Targets(), None, check_filters(TARGET, {name: value}))
        assert row[TARGET.id_option] == "b"
    with pytest.raises(ValidationError, match="unknown type"):
        check_filters(SESSION, {"type": "x"})


def test_documented_filters_go_to_ec2_as_strings():
    reader = Reader()
    select(SESSION, reader, None, check_filters(SESSION, {"session-number": 1, "owner-id": ["1", "2"], "tag:a": "b"}))
    assert reader.asked == [{"session-number": ["1"], "owner-id": ["1", "2"]}]


def test_an_id_that_does_not_exist_is_not_in_the_list():
    assert found(Reader(a={}), ids=["a", "z"]) == ["a"]
    assert found(Reader(a={}), ids=[]) == []


def test_ids_and_the_id_filter_both_count():
    reader = Reader(a={}, b={}, c={})
    filters = check_filters(SESSION, {"traffic-mirror-session-id": ["b", "c"]})
    assert [row[SESSION.id_option] for row in select(SESSION, reader, ["a", "b"], filters)] == ["b"]
    assert select(SESSION, reader, ["a"], filters) == []


def test_many_ids_are_asked_for_in_parts():
    many = [f"{n:03}" for n in range(450)]
    reader = Reader(**{one: {} for one in many})
    filters = check_filters(SESSION, {"owner-id": ["1", "2"]})
    assert len(select(SESSION, reader, many, filters)) == 450
    assert [len(asked["traffic-mirror-session-id"]) for asked in reader.asked] == [198, 198, 54]
    assert all(asked["owner-id"] == ["1", "2"] for asked in reader.asked)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"vpc-id": "x"}, r"unknown vpc-id\. Known: description, network-interface-id, owner-id, .*tag-key, tag:KEY"),
        ({"network_interface_id": "x"}, "unknown network_interface_id"),
        ({"Tag:a": "x"}, "unknown Tag:a"),
        ({"owner-id": {"a": 1}}, "owner-id must be a value or a list"),
        ({"owner-id": [None]}, "owner-id must be a value or a list"),
    ],
)
def test_bad_filters(filters, message):
    with pytest.raises(ValidationError, match=message):
        check_filters(SESSION, filters)


def test_bad_ids():
    with pytest.raises(ValidationError, match="traffic_mirror_session_ids must be tms-"):
        check_ids(SESSION, ["tms-" + "0" * 17, "tmf-" + "0" * 17])


def test_all_pages_are_read_and_sorted():
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
