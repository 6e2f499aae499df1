# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of rule changes: validation of the option, and the order of the calls."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.api_objects import from_api, sort_rules
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import RULE
from ansible_collections.vtap.aws.plugins.module_utils._resources import filter_rules, rule_coverage
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.resources.rule_options import described_rules, desired_state, rule, rule_lists, rule_values

TMF = "tmf-0a1b2c3d4e5f60718"
NUMBERS = (*range(1, 11), 100, 32766, 2**31 - 1)


def run_steps(current, entries, purge=True):
    """Return the rules after each step, beginning with the current rules, and the steps. Check EC2's constraints."""
    changes, kept = filter_rules.pair_rules(current, desired_state(entries).children, purge)
    lists, steps = [[rule_values(row) for row in current]], []
    for step in filter_rules.order_steps(changes, kept):
        rules = list(lists[-1])
        if step.before is not None:
            rules.remove(step.before)
        if step.after is not None:
            rules.append(step.after)
        lists.append(rules)
        steps.append(step)
    for rules in lists:
        numbers = [(row["direction"], row["rule_number"]) for row in rules]
        assert len(set(numbers)) == len(numbers), "two rules have the same number"
        assert len(rules) <= max(len(lists[0]), len(lists[-1]), 10), "more rules than before, after and EC2's limit"
        for direction in ("ingress", "egress"):
            count, *ends = (sum(r["direction"] == direction for r in one) for one in (rules, lists[0], lists[-1]))
            assert count <= max(*ends, 10), "more rules in a direction than before, after and EC2's limit"
        assert all(1 <= number <= 2**31 - 1 for _direction, number in numbers)
    return lists, steps


def find_gaps(lists):
    """Return the indexes of the lists that do not accept every packet that the first and the last list accept."""
    always_accepted = rule_coverage.accepted_boxes(
        lists[-1], rule_coverage.accepted_boxes(lists[0], [rule_coverage.ALL])
    )
    return [at for at, rules in enumerate(lists) if not rule_coverage.accepts_all(rules, always_accepted)]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([rule(1), rule(1, action="reject")], "rules: ingress 1 is listed twice"),
        ([rule(0)], "rules: ingress 0: rule_number must be 1 to 2147483647, not 0"),
        ([rule(2**31)], "rules: ingress 2147483648: rule_number must be 1 to 2147483647, not 2147483648"),
        (
            [rule(1, source_cidr="::/0")],
            "source_cidr and destination_cidr must both be IPv4 or both IPv6, not ::/0 and 0",
        ),
        ([rule(1, source_cidr="10.0.0.1/8")], r"source_cidr must not have host bits set.*use 10\.0\.0\.0/8"),
        (
            [rule(1, destination_cidr="2001:DB8::1/32")],
            "destination_cidr must not have host bits set.*use 2001:db8::/32",
        ),
        ([rule(1, source_cidr="10.0.0.0")], "source_cidr must be a network such as"),
        ([rule(1, source_cidr="10.0.0.0/33")], "source_cidr must be a network such as"),
        ([rule(1, source_cidr="10.0.0.0/255.0.0.0")], "source_cidr must be a network such as"),
        ([rule(1, source_cidr="")], "source_cidr must be a network such as"),
        ([rule(1, source_port="443")], "ingress 1: source_port requires protocol tcp or udp, not all"),
        ([rule(1, protocol="icmp", destination_port="1")], "destination_port requires protocol tcp or udp, not icmp"),
        ([rule(1, protocol="tcp", source_port="8100-8000")], "source_port must not start above its end.*8000-8100"),
        ([rule(1, protocol="tcp", source_port="65536")], "source_port must be a port or a range.*0 to 65535"),
        ([rule(1, protocol="tcp", source_port="1-2-3")], "source_port must be a port or a range"),
        ([rule(1, protocol="tcp", source_port="http")], "source_port must be a port or a range"),
        ([rule(1, protocol="tpc")], "protocol must be 0 to 255 or one of all, icmp, .*not 'tpc'"),
        ([rule(1, protocol="256")], "protocol must be 0 to 255"),
        ([rule(1, protocol="-2")], "protocol must be 0 to 255"),
        ([rule(1, protocol="0", source_port="1")], "source_port requires protocol tcp or udp, not all"),
        ([rule(1, tags={"a": True})], 'rules: ingress 1: tags: a is a boolean.* Quote the value: a: "true"'),
        ([rule(1, tags={"": "x"})], "rules: ingress 1: tags: a key must have 1 to 128 characters"),
    ],
)
def test_invalid_rules(entries, message):
    with pytest.raises(ValidationError, match=message):
        desired_state(entries)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"protocol": "6"}, {"protocol": "tcp"}),
        ({"protocol": "UDP", "source_port": "53-53"}, {"protocol": "udp", "source_port": "53"}),
        ({"protocol": "ipv6-icmp"}, {"protocol": "icmpv6"}),
        ({"protocol": "-1"}, {"protocol": "all"}),
        ({"protocol": "0"}, {"protocol": "all"}),
        ({"protocol": "000"}, {"protocol": "all"}),
        ({"rule_number": 2**31 - 1}, {"rule_number": 2147483647}),
        ({"protocol": "254"}, {"protocol": "254"}),
        ({"protocol": "tcp", "destination_port": " 8000 - 8100 "}, {"destination_port": "8000-8100"}),
        ({"source_cidr": "2001:0DB8:0::/32", "destination_cidr": "::/0"}, {"source_cidr": "2001:db8::/32"}),
        ({}, {"protocol": "all", "source_port": "", "destination_port": "", "description": ""}),
    ],
)
def test_values_are_normalized(options, expected):
    (child,) = desired_state([rule(**options)]).children
    assert {option: child.values[option] for option in expected} == expected


@pytest.mark.parametrize("number", [None, 0, -1])
def test_any_protocol_of_ec2_is_no_change(number):
    reply = {"TrafficMirrorFilterRuleId": "tmfr-1", "TrafficDirection": "ingress", "RuleNumber": 40000} | {
        "RuleAction": "accept",
        "SourceCidrBlock": "0.0.0.0/0",
        "DestinationCidrBlock": "0.0.0.0/0",
        **({} if number is None else {"Protocol": number}),
    }
    row = from_api(RULE, reply, "")
    assert row["protocol"] == "all"
    entries = [{option: value for option, value in row.items() if option != RULE.id_option}]
    assert filter_rules.plan_rule_changes(TMF, [row], desired_state(entries).children, True) == ([], [row])


def test_renumbering_modifies_the_rule_in_one_call():
    current = described_rules([rule(100, protocol="udp", destination_port="53"), rule(200)])
    actions, after = filter_rules.plan_rule_changes(
        TMF, current, desired_state([rule(150, protocol="udp", destination_port="53"), rule(200)]).children, True
    )
    (action,) = actions
    assert action.params == {"TrafficMirrorFilterRuleId": current[0][RULE.id_option], "RuleNumber": 150}
    assert [row[RULE.id_option] for row in after] == [row[RULE.id_option] for row in current]


def test_update_is_one_modify_with_protocol_and_removed_fields():
    current = described_rules([rule(protocol="tcp", destination_port="80", source_port="1", description="x")])
    (action,), _after = filter_rules.plan_rule_changes(
        TMF, current, desired_state([rule(protocol="tcp", destination_port="443", action="reject")]).children, True
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


def test_removing_the_protocol_removes_the_ports():
    current = described_rules([rule(protocol="tcp", destination_port="80")])
    (action,), _after = filter_rules.plan_rule_changes(TMF, current, desired_state([rule()]).children, True)
    assert action.params["RemoveFields"] == ["protocol", "destination-port-range"]


def test_swapping_two_rules_uses_a_temporary_number():
    dns, web = {"protocol": "udp", "destination_port": "53"}, {"protocol": "tcp", "destination_port": "443"}
    lists, steps = run_steps(described_rules([rule(1, **dns), rule(2, **web)]), [rule(1, **web), rule(2, **dns)])
    assert [(step.before["rule_number"], step.after["rule_number"]) for step in steps] == [(2, 3), (1, 2), (3, 1)]
    assert find_gaps(lists) == []


def test_ten_rules_can_rotate_their_numbers():
    ports = [{"protocol": "tcp", "destination_port": str(port)} for port in range(1, 11)]
    before = [rule(n, **port) for n, port in enumerate(ports, start=1)]
    after = [rule(n, **port) for n, port in enumerate([ports[-1], *ports[:-1]], start=1)]
    lists, steps = run_steps(described_rules(before), after)
    assert len(steps) == 11
    assert find_gaps(lists) == []


def test_full_filter_replaces_a_rule_by_a_wider_one_in_one_call():
    narrow = [rule(n, protocol="tcp", destination_port=str(n)) for n in range(1, 11)]
    wide = [*narrow[1:], rule(50, protocol="tcp", destination_port="1-9")]
    lists, steps = run_steps(described_rules(narrow), wide)
    assert [(step.before["rule_number"], step.after["rule_number"]) for step in steps] == [(1, 50)]
    assert find_gaps(lists) == []


def test_replaced_rule_in_a_full_filter_does_not_pass_on_its_tags():
    current = described_rules([rule(n) for n in range(1, 11)], tags={"Team": "old", "aws:x": "y"})
    entries = [*[rule(n) for n in range(1, 10)], rule(20, "egress")]
    actions, after = filter_rules.plan_rule_changes(TMF, current, desired_state(entries).children, True)
    assert [action.operation for action in actions] == ["DeleteTags", "ModifyTrafficMirrorFilterRule"]
    assert after[-1]["tags"] == {"aws:x": "y"}


TAGS = st.dictionaries(st.sampled_from(["Name", "Team", "cost:a", "cost:b", "x"]), st.sampled_from(["1", "2"]))
OLD_TAGS = st.builds(lambda tags, more: {**tags, **more}, TAGS, st.sampled_from([{}, {"aws:x": "y"}, {"AWS:z": ""}]))


@settings(max_examples=120)
@given(
    old=OLD_TAGS,
    new=st.none() | TAGS,
    options=st.fixed_dictionaries(
        {
            "purge_tags": st.booleans(),
            "ignore_tag_keys": st.sampled_from([[], ["Team"], ["Team", "x", "cost:a"]]),
            "ignore_tag_key_prefixes": st.sampled_from([[], ["cost:"], ["T", "x"]]),
            "default_tags": st.sampled_from([{}, {"Team": "1"}, {"cost:b": "2", "y": "1"}]),
        }
    ),
)
def test_replacing_rule_never_inherits_tags(old, new, options):
    """A rule that takes the place of another gets the tags that it would be created with, and reserved ones remain."""
    current = described_rules([rule(n) for n in range(1, 11)], tags=old)
    entry = rule(20, "egress", **({} if new is None else {"tags": new}))
    children = desired_state([*[rule(n) for n in range(1, 10)], entry], **options).children
    (create,), _after = filter_rules.plan_rule_changes(TMF, [], (children[-1],), True)
    specification = create.params.get("TagSpecifications", [{"Tags": []}])[0]["Tags"]
    expected = {tag["Key"]: tag["Value"] for tag in specification}
    actions, after = filter_rules.plan_rule_changes(TMF, current, children, True)
    reserved = {key: value for key, value in old.items() if key.lower().startswith("aws:")}
    (replaced,) = (row for row in after if row["direction"] == "egress")
    assert replaced["tags"] == {**reserved, **expected}
    tags = dict(old)
    for action in actions:
        if replaced[RULE.id_option] not in action.params.get("Resources", [action.params.get(RULE.id_member)]):
            continue
        if action.operation == "DeleteTags":
            tags = {
                key: value for key, value in tags.items() if key not in [one["Key"] for one in action.params["Tags"]]
            }
        elif action.operation == "CreateTags":
            tags.update((one["Key"], one["Value"]) for one in action.params["Tags"])
        else:
            assert {**reserved, **expected}.items() >= tags.items(), "the new rule has tags of the old one"
    assert tags == replaced["tags"]


def test_rules_are_created_before_others_are_deleted():
    current = described_rules([rule(1, protocol="tcp", destination_port="443")])
    _lists, steps = run_steps(current, [rule(5, protocol="tcp"), rule(6, action="reject", protocol="udp")])
    assert [(step.before is None, step.after is None) for step in steps] == [
        (True, False),
        (True, False),
        (False, True),
    ]
    assert [step.after["action"] for step in steps[:2]] == ["accept", "reject"]


def test_reject_rule_is_created_after_the_accept_rule_for_its_exceptions():
    lists, steps = run_steps(
        described_rules([rule(10)]),
        [rule(1, source_cidr="10.1.0.0/16"), rule(5, source_cidr="10.0.0.0/8", action="reject"), rule(10)],
    )
    assert [step.after["rule_number"] for step in steps] == [1, 5]
    assert find_gaps(lists) == []


def test_unlisted_rules_are_kept_without_purging():
    current = described_rules([rule(1), rule(2, action="reject")])
    actions, after = filter_rules.plan_rule_changes(TMF, current, desired_state([rule(3)]).children, False)
    assert [action.operation for action in actions] == ["CreateTrafficMirrorFilterRule"]
    assert [row["rule_number"] for row in after] == [1, 2, 3]
    message = "the filter would have 11 ingress rules; EC2 allows 10 .*only with purge_rules: true"
    with pytest.raises(ConflictError, match=message):
        filter_rules.plan_rule_changes(TMF, current, desired_state([rule(n) for n in range(3, 12)]).children, False)


def test_ec2_decides_about_more_than_ten_rules_of_both_directions():
    entries = [rule(n, direction) for direction in ("ingress", "egress") for n in range(1, 11)]
    actions, after = filter_rules.plan_rule_changes(TMF, [], desired_state(entries).children, True)
    assert len(actions) == len(after) == 20
    with pytest.raises(ConflictError, match=r"would have 11 ingress rules; EC2 allows 10 rules for a filter"):
        filter_rules.plan_rule_changes(TMF, [], desired_state([*entries, rule(11)]).children, True)


def test_rules_beyond_the_limit_that_ec2_returned_are_no_change():
    current = described_rules([rule(n) for n in range(1, 13)])
    children = desired_state([rule(n) for n in range(1, 13)]).children
    assert filter_rules.plan_rule_changes(TMF, current, children, True) == ([], current)


def test_rules_without_optional_members_are_replaced():
    """EC2's service model requires no member of a rule in replies."""
    current = [from_api(RULE, {"TrafficMirrorFilterRuleId": "tmfr-1", "SourceCidrBlock": "odd"}, "")]
    actions, _after = filter_rules.plan_rule_changes(TMF, current, desired_state([rule(1)]).children, True)
    assert sorted(action.operation for action in actions) == [
        "CreateTrafficMirrorFilterRule",
        "DeleteTrafficMirrorFilterRule",
    ]


def test_omitted_rules_are_kept_and_an_empty_list_deletes_all():
    current = described_rules([rule(1)])
    assert filter_rules.plan_rule_changes(TMF, current, None, True) == ([], current)
    actions, after = filter_rules.plan_rule_changes(TMF, current, (), True)
    assert [action.operation for action in actions] == ["DeleteTrafficMirrorFilterRule"]
    assert after == []


def test_listed_numbers_are_reassigned_without_purging():
    dns, web = {"protocol": "udp", "destination_port": "53"}, {"protocol": "tcp", "destination_port": "443"}
    current = described_rules([rule(1, **dns), rule(2, **web), rule(3)])
    lists, _made = run_steps(current, [rule(1, **web), rule(2, protocol="icmp")], purge=False)
    assert [(row["rule_number"], row["protocol"]) for row in sort_rules(lists[-1])] == [
        (1, "tcp"),
        (2, "icmp"),
        (3, "all"),
    ]


@settings(max_examples=120)
@given(before=rule_lists(NUMBERS), after=rule_lists(NUMBERS), purge=st.booleans())
def test_any_list_changes_to_any_other(before, after, purge):
    check_change(before, after, purge)


@settings(max_examples=30)
@given(before=rule_lists(NUMBERS, (8, 20)), after=rule_lists(NUMBERS, (8, 20)), purge=st.booleans())
def test_any_long_list_changes_to_any_other(before, after, purge):
    """EC2 may allow ten rules for each direction."""
    check_change(before, after, purge)


def check_change(before, after, purge):
    current = described_rules(before)
    try:
        lists, steps = run_steps(current, after, purge)
    except ConflictError:
        assert not purge
        return
    listed = [child.values for child in desired_state(after).children]
    numbers = {(row["direction"], row["rule_number"]) for row in listed}
    kept = [] if purge else [rule_values(r) for r in current if (r["direction"], r["rule_number"]) not in numbers]
    assert sort_rules(lists[-1]) == sort_rules([*listed, *kept])
    # At most one call for each rule that differs, plus the calls for temporary numbers.
    assert (
        len(steps) <= sum(row not in lists[-1] for row in lists[0]) + sum(row not in lists[0] for row in lists[-1]) + 5
    )
    actions, predicted = filter_rules.plan_rule_changes(TMF, current, desired_state(after).children, purge)
    assert [rule_values(row) for row in predicted] == sort_rules(lists[-1])
    remaining, kept = filter_rules.pair_rules(
        [{**row, RULE.id_option: "x"} for row in predicted], desired_state(after).children, purge
    )
    assert list(filter_rules.order_steps(remaining, kept)) == []
    assert len(actions) == len(steps)


@settings(max_examples=120)
@given(before=rule_lists(numbers=(10, 20, 30, 40)), after=rule_lists(numbers=(10, 20, 30, 40, 50)))
def test_no_gaps_if_the_filter_has_capacity_for_both_lists(before, after):
    """If both lists fit and no rule is modified in place, an order of the calls without gaps exists."""
    numbers = {(row["direction"], row["rule_number"]) for row in before}
    after = [row for row in after if (row["direction"], row["rule_number"]) not in numbers]
    lists, _made = run_steps(described_rules(before), after[: 10 - len(before)])
    assert find_gaps(lists) == []
