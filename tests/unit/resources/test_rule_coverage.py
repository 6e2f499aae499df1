# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of the set of packets that a list of rules accepts."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._model.api_objects import sort_rules
from ansible_collections.vtap.aws.plugins.module_utils._resources import rule_coverage
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.resources.rule_options import desired_state, rule_lists


@settings(max_examples=100)
@given(entries=rule_lists(), data=st.data())
def test_accepted_boxes_agree_with_first_matching_rule(entries, data):
    """A packet is in an accepted box if and only if the first rule that matches the packet accepts the packet."""
    listed = [child.values for child in desired_state(entries).children]
    values = []
    for low, high in rule_coverage.ALL:
        edges = [
            edge
            for row in listed
            for r in [rule_coverage.matching_box(row)[len(values)]]
            for edge in (r[0] - 1, *r, r[1] + 1)
        ]
        values.append(data.draw(st.sampled_from([e for e in [low, high, *edges] if low <= e <= high])))
    packet = tuple((value, value) for value in values)
    first_match = next((row for row in sort_rules(listed) if rule_coverage.intersect_with_rules([packet], [row])), None)
    is_accepted = first_match is not None and first_match["action"] == "accept"
    assert rule_coverage.accepts_all(listed, [packet]) == is_accepted
    assert bool(rule_coverage.accepted_boxes(listed, [packet])) == is_accepted
    boxes = rule_coverage.accepted_boxes(listed, [rule_coverage.ALL])
    containing = [box for box in boxes if all(low <= value <= high for value, (low, high) in zip(values, box))]
    assert len(containing) == is_accepted, "the boxes overlap or are incomplete"
