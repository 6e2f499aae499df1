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
    """An Ec2 with sessions that have these tags. Keyword arguments: tags by session id.

    Applies only the filter by id; the others are up to select.
    """

    def __init__(self, **sessions):
        self.sessions, self.queries = sessions, []

    def describe(self, resource_type, filters, child_tags):
        assert sum(map(len, filters.values())) <= 200, "too many values in one request"
        assert not any(set("*?\\") & set(value) for values in filters.values() for value in values), (
            "a wildcard was sent"
        )
        self.queries.append(filters)
        ids = filters.get("traffic-mirror-session-id", self.sessions)
        return [self.row(resource_type, one) for one in ids if one in self.sessions]

    def row(self, resource_type, one):
        return {resource_type.id_option: one, "tags": self.sessions[one], "owner_id": "1", "session_number": 7} | {
            "network_interface_id": f"eni-{one}",
            "description": "" if one == "a" else f"the {one}",
            "packet_length": 0,
        }


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
        ({"description": "the b"}, ["b"]),
        ({"description": "the *"}, ["b", "c"]),
        ({"description": ["the ?", "x"], "tag_Team": "soc"}, ["b"]),
        ({"description": "the"}, []),
        ({"description": ""}, ["a"]),
        ({"network-interface-id": "eni-[ab]"}, []),
        ({"network-interface-id": ["eni-?", "eni-b"]}, ["a", "b", "c"]),
        ({"traffic-mirror-session-id": "[ab]"}, []),
        ({"traffic-mirror-session-id": ["?", "b"], "tag-key": "Star"}, ["c"]),
        ({"session-number": "7", "owner-id": ["2", "1"]}, ["a", "b", "c"]),
        ({"session-number": 8}, []),
        ({"session-number": "?"}, ["a", "b", "c"]),
        ({"packet-length": 0}, ["a", "b", "c"]),
        ({"owner-id": "\\1"}, ["a", "b", "c"]),
        ({"virtual-network-id": "*"}, []),
    ],
)
def test_filters_are_applied_to_the_results(filters, expected):
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
            assert filters == {}, filters
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


def test_values_that_ec2_may_not_match_are_not_sent():
    ec2 = FakeEc2(a={})
    assert select_ids(ec2, **{"description": "", "packet-length": 0, "owner-id": "*", "session-number": 7}) == ["a"]
    assert ec2.queries == [{"session-number": ["7"]}]


def test_ids_that_do_not_exist_are_omitted():
    assert select_ids(FakeEc2(a={}), ids=["a", "z"]) == ["a"]
    assert select_ids(FakeEc2(a={}), ids=[]) == []


def test_ids_and_the_id_filter_are_combined():
    ec2 = FakeEc2(a={}, b={}, c={})
    filters = check_filters(SESSION, {"traffic-mirror-session-id": ["b", "c"]})
    assert [row[SESSION.id_option] for row in select(SESSION, ec2, ["a", "b"], filters)] == ["b"]
    assert select(SESSION, ec2, ["a"], filters) == []
    wild = check_filters(SESSION, {"traffic-mirror-session-id": ["?", "x*"], "network-interface-id": "eni-[b]*"})
    assert select(SESSION, ec2, ["a", "b"], wild) == []
    wild["network-interface-id"] = ["eni-b"]
    assert [row[SESSION.id_option] for row in select(SESSION, ec2, ["a", "b"], wild)] == ["b"]
    assert select(SESSION, ec2, [], {}) == []


def test_repeated_values_lead_to_one_row():
    ec2 = FakeEc2(a={}, b={})
    assert select_ids(ec2, ids=["b", "a", "b"]) == ["a", "b"]
    assert select_ids(ec2, **{"traffic-mirror-session-id": ["a"] * 300}) == ["a"]


def test_many_ids_are_split_into_several_requests():
    ids = [f"{n:03}" for n in range(450)]
    filters = check_filters(SESSION, {"owner-id": ["1", "2"]})
    by_filter = {**filters, "traffic-mirror-session-id": ids}
    for arguments in ((ids, filters), (None, by_filter)):
        ec2 = FakeEc2(**{one: {} for one in [*ids, "x"]})
        assert [row[SESSION.id_option] for row in select(SESSION, ec2, *arguments)] == ids
        assert [len(query["traffic-mirror-session-id"]) for query in ec2.queries] == [200, 200, 50]


@pytest.mark.parametrize("name", ["network-interface-id", "owner-id", "description", "tag:Team"])
def test_many_values_of_any_filter_are_matched_by_the_module(name):
    values = {"network-interface-id": "eni-b", "owner-id": "1", "description": "the b", "tag:Team": "soc"}
    many = [f"x{n}" for n in range(250)]
    ec2 = FakeEc2(b={"Team": "soc"}, c={})
    filters = check_filters(SESSION, {name: [*many, values[name]], "session-number": 7})
    expected = ["b", "c"] if name == "owner-id" else ["b"]
    assert [row[SESSION.id_option] for row in select(SESSION, ec2, None, filters)] == expected
    assert ec2.queries == [{"session-number": ["7"]}]


def test_two_filters_with_many_values_share_the_limit():
    ec2 = FakeEc2(b={})
    filters = {
        "network-interface-id": [*(f"x{n}" for n in range(120)), "eni-b"],
        "owner-id": list(map(str, range(100))),
    }
    assert [row[SESSION.id_option] for row in select(SESSION, ec2, None, check_filters(SESSION, filters))] == ["b"]
    assert [sorted(query) for query in ec2.queries] == [["owner-id"]]


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
        (
            {"tag:Mirror": True},
            'filters: tag:Mirror is a boolean.* Quote the value: tag:Mirror: "true" or tag:Mirror: "yes"',
        ),
        (
            {"description": ["x", False]},
            'filters: description is a boolean.* description: "false" or description: "no"',
        ),
    ],
)
def test_invalid_filters_raise_validation_error(filters, message):
    with pytest.raises(ValidationError, match=message):
        check_filters(SESSION, filters)


def test_invalid_ids_raise_validation_error():
    with pytest.raises(ValidationError, match="traffic_mirror_session_ids must be tms-"):
        check_ids(SESSION, ["tms-" + "0" * 17, "tmf-" + "0" * 17])


PLACEHOLDER = "tms-(known after apply: tap *)"


def test_placeholders_match_nothing_in_check_mode():
    existing = "tms-" + "0" * 17
    assert check_ids(SESSION, None, check_mode=True) is None
    assert check_ids(SESSION, [PLACEHOLDER, existing], check_mode=True) == [existing]
    ec2 = FakeEc2(a={}, **{existing: {}})
    assert select(SESSION, ec2, check_ids(SESSION, [PLACEHOLDER], check_mode=True), {}) == []
    filters = {"traffic-mirror-filter-id": "tmf-(known after apply: f)", "tag-key": "*"}
    assert select(SESSION, ec2, None, check_filters(SESSION, filters, check_mode=True)) == []
    assert ec2.queries == []


@pytest.mark.parametrize("name", ["traffic-mirror-session-id", "traffic-mirror-target-id", "network-interface-id"])
def test_placeholders_are_refused_outside_check_mode(name):
    with pytest.raises(ValidationError, match="traffic_mirror_session_ids: tms-.known after apply.* is a placeholder"):
        check_ids(SESSION, [PLACEHOLDER])
    with pytest.raises(ValidationError, match=f"filters: {name}: .* is a placeholder that check mode returned"):
        check_filters(SESSION, {name: ["x", "tmt-(known after apply: y)"]})
    assert check_filters(SESSION, {"description": PLACEHOLDER}) == {"description": [PLACEHOLDER]}


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
