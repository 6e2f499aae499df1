# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rule lists, from plain values: what is refused beforehand, and every step from any list to any other."""

from __future__ import annotations

import ipaddress
import os

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.api_objects import sort_rules
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, RULE
from ansible_collections.vtap.aws.plugins.module_utils._resources import filter as filter_resource
from ansible_collections.vtap.aws.plugins.module_utils._resources import filter_rules, rule_coverage
from hypothesis import given, settings
from hypothesis import strategies as st

TMF = "tmf-0a1b2c3d4e5f60718"
CIDRS = ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "192.168.0.0/16", "::/0", "2001:db8::/32"]


def rule(number=100, direction="ingress", action="accept", **more):
    """One entry of the option rules."""
    base = {"source_cidr": "0.0.0.0/0", "destination_cidr": "0.0.0.0/0"}
    return {"direction": direction, "rule_number": number, "action": action, **base, **more}


def wanted(entries, **options):
    params = {"state": "present", "name": "f", "purge_tags": True, "allow_replacement": False, "purge_rules": True}
    made = DesiredState.from_options(FILTER, {**params, "rules": entries, **options})
    filter_resource.check(made)
    return made


def rows(entries, tags=None):
    """What Describe would show of these rules."""
    parts = wanted(entries).parts
    return [
        {**part.values, "tags": tags or {}, RULE.id_option: f"tmfr-{at:017x}"} for at, part in enumerate(parts, start=1)
    ]


def values(row):
    return {field.option: row[field.option] for field in RULE.fields}


def steps(current, entries, purge=True):
    """The lists from the first to the last, and the steps between them. Checks what must hold for each."""
    changes, kept = filter_rules.match(current, wanted(entries).parts, purge)
    lists, made = [[values(row) for row in current]], []
    for step in filter_rules.sequence(changes, kept):
        now = list(lists[-1])
        if step.before is not None:
            now.remove(step.before)
        if step.after is not None:
            now.append(step.after)
        lists.append(now)
        made.append(step)
    for one in lists:
        numbers = [(row["direction"], row["rule_number"]) for row in one]
        assert len(set(numbers)) == len(numbers), "two rules with one number"
        assert len(one) <= 10
        assert all(1 <= number <= 32766 for _direction, number in numbers)
    return lists, made


def lost(lists):
    """The lists in between that do not copy what the first and the last both do."""
    always = rule_coverage.copied(lists[-1], rule_coverage.copied(lists[0], [rule_coverage.ALL]))
    return [at for at, one in enumerate(lists) if not rule_coverage.copies_all(one, always)]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([rule(n) for n in range(1, 12)], "rules: 11 are given, and a filter takes 0 to 10"),
        ([rule(1), rule(1, action="reject")], "rules: ingress 1 is given twice"),
        ([rule(0)], "rules: ingress 0: rule_number must be 1 to 32766, not 0"),
        ([rule(32767)], "rules: ingress 32767: rule_number must be 1 to 32766, not 32767"),
        (
            [rule(1, source_cidr="::/0")],
            "source_cidr and destination_cidr must both be IPv4 or both IPv6, not ::/0 and 0",
        ),
        ([rule(1, source_cidr="10.0.0.1/8")], r"source_cidr must not have bits set beyond .*write 10\.0\.0\.0/8"),
        ([rule(1, destination_cidr="2001:DB8::1/32")], "destination_cidr must not have bits set.*write 2001:db8::/32"),
        ([rule(1, source_cidr="10.0.0.0")], "source_cidr must be a network such as"),
        ([rule(1, source_cidr="10.0.0.0/33")], "source_cidr must be a network such as"),
        ([rule(1, source_cidr="10.0.0.0/255.0.0.0")], "source_cidr must be a network such as"),
        ([rule(1, source_cidr="")], "source_cidr must be a network such as"),
        ([rule(1, source_port="443")], "ingress 1: source_port needs protocol tcp or udp, not all"),
        ([rule(1, protocol="icmp", destination_port="1")], "destination_port needs protocol tcp or udp, not icmp"),
        ([rule(1, protocol="tcp", source_port="8100-8000")], "source_port must not begin above its end.*8000-8100"),
        ([rule(1, protocol="tcp", source_port="65536")], "source_port must be a port or a range.*0 to 65535"),
        ([rule(1, protocol="tcp", source_port="1-2-3")], "source_port must be a port or a range"),
        ([rule(1, protocol="tcp", source_port="http")], "source_port must be a port or a range"),
        ([rule(1, protocol="tpc")], "protocol must be 1 to 255 or one of all, icmp, .*not 'tpc'"),
        ([rule(1, protocol="0")], "protocol must be 1 to 255"),
        ([rule(1, protocol="256")], "protocol must be 1 to 255"),
        ([rule(1, tags={"": "x"})], "rules: ingress 1: tags: a key must have 1 to 128 characters"),
    ],
)
def test_bad_rules_are_refused_before_anything_is_read(entries, message):
    with pytest.raises(ValidationError, match=message):
        wanted(entries)


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        ({"protocol": "6"}, {"protocol": "tcp"}),
        ({"protocol": "UDP", "source_port": "53-53"}, {"protocol": "udp", "source_port": "53"}),
        ({"protocol": "ipv6-icmp"}, {"protocol": "icmpv6"}),
        ({"protocol": "-1"}, {"protocol": "all"}),
        ({"protocol": "254"}, {"protocol": "254"}),
        ({"protocol": "tcp", "destination_port": " 8000 - 8100 "}, {"destination_port": "8000-8100"}),
        ({"source_cidr": "2001:0DB8:0::/32", "destination_cidr": "::/0"}, {"source_cidr": "2001:db8::/32"}),
        ({}, {"protocol": "all", "source_port": "", "destination_port": "", "description": ""}),
    ],
)
def test_spellings(given_, shown):
    (part,) = wanted([rule(**given_)]).parts
    assert {option: part.values[option] for option in shown} == shown


def test_a_new_number_is_one_modify_that_keeps_the_rule():
    current = rows([rule(100, protocol="udp", destination_port="53"), rule(200)])
    actions, after = filter_rules.plan(
        TMF, current, wanted([rule(150, protocol="udp", destination_port="53"), rule(200)]).parts, True
    )
    (action,) = actions
    assert action.params == {"TrafficMirrorFilterRuleId": current[0][RULE.id_option], "RuleNumber": 150}
    assert [row[RULE.id_option] for row in after] == [row[RULE.id_option] for row in current]


def test_a_changed_rule_is_one_modify_with_the_protocol_and_the_resets():
    current = rows([rule(protocol="tcp", destination_port="80", source_port="1", description="x")])
    (action,), _after = filter_rules.plan(
        TMF, current, wanted([rule(protocol="tcp", destination_port="443", action="reject")]).parts, True
    )
    assert action.operation == "ModifyTrafficMirrorFilterRule"
    assert action.params == {
        "TrafficMirrorFilterRuleId": current[0][RULE.id_option],
        "RuleAction": "reject",
        "DestinationPortRange": {"FromPort": 443, "ToPort": 443},
        "Protocol": 6,
        "RemoveFields": ["source-port-range", "description"],
    }
    assert "destination_port: '80' -> '443'" in action.reason and "protocol" not in action.reason


def test_protocol_and_ports_go_together():
    current = rows([rule(protocol="tcp", destination_port="80")])
    (action,), _after = filter_rules.plan(TMF, current, wanted([rule()]).parts, True)
    assert action.params["RemoveFields"] == ["protocol", "destination-port-range"]


def test_two_rules_swap_over_a_free_number():
    dns, web = {"protocol": "udp", "destination_port": "53"}, {"protocol": "tcp", "destination_port": "443"}
    lists, made = steps(rows([rule(1, **dns), rule(2, **web)]), [rule(1, **web), rule(2, **dns)])
    assert [(step.before["rule_number"], step.after["rule_number"]) for step in made] == [(2, 3), (1, 2), (3, 1)]
    assert lost(lists) == []


def test_ten_of_ten_rotate():
    ports = [{"protocol": "tcp", "destination_port": str(port)} for port in range(1, 11)]
    before = [rule(n, **port) for n, port in enumerate(ports, start=1)]
    after = [rule(n, **port) for n, port in enumerate([ports[-1], *ports[:-1]], start=1)]
    lists, made = steps(rows(before), after)
    assert len(made) == 11
    assert lost(lists) == []


def test_ten_of_ten_with_one_replaced_by_a_wider_one():
    narrow = [rule(n, protocol="tcp", destination_port=str(n)) for n in range(1, 11)]
    wide = [*narrow[1:], rule(50, protocol="tcp", destination_port="1-9")]
    lists, made = steps(rows(narrow), wide)
    assert [(step.before["rule_number"], step.after["rule_number"]) for step in made] == [(1, 50)]
    assert lost(lists) == []


def test_a_rule_that_takes_the_room_of_another_does_not_inherit_its_tags():
    current = rows([rule(n) for n in range(1, 11)], tags={"Team": "old", "aws:x": "y"})
    entries = [*[rule(n) for n in range(1, 10)], rule(20, "egress")]
    actions, after = filter_rules.plan(TMF, current, wanted(entries).parts, True)
    assert [action.operation for action in actions] == ["ModifyTrafficMirrorFilterRule", "DeleteTags"]
    assert after[-1]["tags"] == {"aws:x": "y"}


def test_what_is_added_comes_before_what_goes():
    current = rows([rule(1, protocol="tcp", destination_port="443")])
    _lists, made = steps(current, [rule(5, protocol="tcp"), rule(6, action="reject", protocol="udp")])
    assert [(step.before is None, step.after is None) for step in made] == [(True, False), (True, False), (False, True)]
    assert [step.after["action"] for step in made[:2]] == ["accept", "reject"]


def test_a_reject_waits_for_the_accept_that_goes_around_it():
    lists, made = steps(
        rows([rule(10)]),
        [rule(1, source_cidr="10.1.0.0/16"), rule(5, source_cidr="10.0.0.0/8", action="reject"), rule(10)],
    )
    assert [step.after["rule_number"] for step in made] == [1, 5]
    assert lost(lists) == []


def test_unlisted_rules_stay_without_purging():
    current = rows([rule(1), rule(2, action="reject")])
    actions, after = filter_rules.plan(TMF, current, wanted([rule(3)]).parts, False)
    assert [action.operation for action in actions] == ["CreateTrafficMirrorFilterRule"]
    assert [row["rule_number"] for row in after] == [1, 2, 3]
    with pytest.raises(ConflictError, match="the filter would have 11 rules, and EC2 takes 10"):
        filter_rules.plan(TMF, current, wanted([rule(n) for n in range(3, 12)]).parts, False)


def test_no_rules_given_leaves_them_and_an_empty_list_removes_them():
    current = rows([rule(1)])
    assert filter_rules.plan(TMF, current, None, True) == ([], current)
    actions, after = filter_rules.plan(TMF, current, (), True)
    assert [action.operation for action in actions] == ["DeleteTrafficMirrorFilterRule"]
    assert after == []


def test_without_purging_a_listed_number_still_changes_hands():
    dns, web = {"protocol": "udp", "destination_port": "53"}, {"protocol": "tcp", "destination_port": "443"}
    current = rows([rule(1, **dns), rule(2, **web), rule(3)])
    lists, _made = steps(current, [rule(1, **web), rule(2, protocol="icmp")], purge=False)
    assert [(row["rule_number"], row["protocol"]) for row in sort_rules(lists[-1])] == [
        (1, "tcp"),
        (2, "icmp"),
        (3, "all"),
    ]


PORTED = st.fixed_dictionaries(
    {"protocol": st.sampled_from(["tcp", "udp"])},
    optional={
        "source_port": st.sampled_from(["1", "53", "1-100", "50-443"]),
        "destination_port": st.sampled_from(["53", "443", "1-100", "50-443", "0-65535"]),
    },
)
MATCHES = st.one_of(st.just({}), PORTED, st.sampled_from([{"protocol": "icmp"}, {"protocol": "47"}]))


@st.composite
def entries(draw, numbers=(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100, 32766)):
    """A list that a filter can have: up to ten rules, crowded numbers, overlapping matches."""
    keys = draw(st.sets(st.tuples(st.sampled_from(["ingress", "egress"]), st.sampled_from(numbers)), max_size=10))
    made = []
    for direction, number in sorted(keys):
        version = draw(st.sampled_from([4, 4, 6]))
        cidrs = [cidr for cidr in CIDRS if ipaddress.ip_network(cidr).version == version]
        more = {"source_cidr": draw(st.sampled_from(cidrs)), "destination_cidr": draw(st.sampled_from(cidrs))}
        more["description"] = draw(st.sampled_from(["", "", "x"]))
        action = draw(st.sampled_from(["accept", "accept", "reject"]))
        made.append(rule(number, direction, action, **more, **draw(MATCHES)))
    return made


@settings(derandomize="CI" in os.environ, max_examples=300, deadline=None)
@given(before=entries(), after=entries(), purge=st.booleans())
def test_from_any_list_to_any_other(before, after, purge):
    current = rows(before)
    try:
        lists, made = steps(current, after, purge)
    except ConflictError:
        assert not purge
        return
    listed = [part.values for part in wanted(after).parts]
    numbers = {(row["direction"], row["rule_number"]) for row in listed}
    kept = [] if purge else [values(r) for r in current if (r["direction"], r["rule_number"]) not in numbers]
    assert sort_rules(lists[-1]) == sort_rules([*listed, *kept])
    # What a call is worth: never more than one for each rule that differs, but for the few that make way.
    assert (
        len(made) <= sum(row not in lists[-1] for row in lists[0]) + sum(row not in lists[0] for row in lists[-1]) + 5
    )
    actions, foreseen = filter_rules.plan(TMF, current, wanted(after).parts, purge)
    assert [values(row) for row in foreseen] == sort_rules(lists[-1])
    again, kept = filter_rules.match([{**row, RULE.id_option: "x"} for row in foreseen], wanted(after).parts, purge)
    assert list(filter_rules.sequence(again, kept)) == []
    assert len(actions) == len(made)


@settings(derandomize="CI" in os.environ, max_examples=300, deadline=None)
@given(before=entries(numbers=(10, 20, 30, 40)), after=entries(numbers=(10, 20, 30, 40, 50)))
def test_what_stays_seen_is_seen_all_the_while_if_there_is_room(before, after):
    """With room for both lists at once an order that loses nothing exists whenever no rule changes in place."""
    numbers = {(row["direction"], row["rule_number"]) for row in before}
    after = [row for row in after if (row["direction"], row["rule_number"]) not in numbers]
    lists, _made = steps(rows(before), after[: 10 - len(before)])
    assert lost(lists) == []


@settings(derandomize="CI" in os.environ, max_examples=200, deadline=None)
@given(entries=entries(), data=st.data())
def test_the_algebra_agrees_with_one_packet(entries, data):
    """A packet is in what is copied exactly if the first rule that fits it accepts it."""
    listed = [part.values for part in wanted(entries).parts]
    point = []
    for low, high in rule_coverage.ALL:
        edges = [
            edge for row in listed for r in [rule_coverage.box(row)[len(point)]] for edge in (r[0] - 1, *r, r[1] + 1)
        ]
        point.append(data.draw(st.sampled_from([e for e in [low, high, *edges] if low <= e <= high])))
    packet = tuple((value, value) for value in point)
    first = next((row for row in sort_rules(listed) if rule_coverage.within([packet], [row])), None)
    accepted = first is not None and first["action"] == "accept"
    assert rule_coverage.copies_all(listed, [packet]) == accepted
    assert bool(rule_coverage.copied(listed, [packet])) == accepted
    everything = rule_coverage.copied(listed, [rule_coverage.ALL])
    inside = [one for one in everything if all(low <= value <= high for value, (low, high) in zip(point, one))]
    assert len(inside) == accepted, "the boxes overlap or miss something"
