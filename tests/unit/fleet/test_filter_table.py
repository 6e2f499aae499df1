# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers about filters by their ids."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet import filter_table
from ansible_collections.vtap.aws.plugins.module_utils._fleet.filter_table import FilterTable
from ansible_collections.vtap.aws.plugins.module_utils._model.placeholders import UnresolvedRef
from ansible_collections.vtap.aws.plugins.module_utils._resources import filter_overlap
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fleet.builders import (
    ALL_FILTER,
    DNS_FILTER,
    EMPTY_FILTER,
    FILTER_ID,
    FILTERS,
    MIXED_FILTER,
    OTHER_FILTER,
    PROPERTY,
)

IDS = st.sampled_from(sorted(FILTERS))
SOME_IDS = st.lists(IDS, max_size=3)
UNKNOWN = "tmf-unknown"


@pytest.fixture
def table():
    return FilterTable(FILTERS.values())


@pytest.mark.parametrize("filter_id", sorted(FILTERS))
def test_filter_accepts_packets_by_rules_or_services(table, filter_id):
    assert table.accepts_packets(filter_id) is (filter_id != EMPTY_FILTER)


@PROPERTY
@given(IDS, SOME_IDS)
def test_shadow_is_a_matter_of_packets(filter_id, lower):
    """Reference: no packet that only this filter accepts."""
    table = FilterTable(FILTERS.values())
    has_packet = filter_overlap.has_packet([FILTERS[filter_id]], [FILTERS[one] for one in lower])
    if filter_id != EMPTY_FILTER or lower:
        assert table.is_shadowed(filter_id, lower) is not has_packet
    assert table.is_shadowed(filter_id, reversed(lower)) is table.is_shadowed(filter_id, lower)


@PROPERTY
@given(IDS, st.none() | IDS, IDS, SOME_IDS)
def test_taken_packets_are_those_that_the_victim_has_before(new, old, victim, lower):
    """Reference: a packet that the new filter and the victim accept, and that no lower session took before."""
    table = FilterTable(FILTERS.values())
    before = [FILTERS[one] for one in (*([] if old is None else [old]), *lower)]
    expected = filter_overlap.has_packet([FILTERS[new], FILTERS[victim]], before)
    assert table.takes_packets(new, old, victim, lower) is expected


def test_network_services_are_packets_of_their_own(table):
    assert table.is_shadowed(DNS_FILTER, [FILTER_ID]) is False
    assert table.is_shadowed(DNS_FILTER, [FILTER_ID, MIXED_FILTER]) is True
    assert table.takes_packets(MIXED_FILTER, None, DNS_FILTER, []) is True
    assert table.takes_packets(FILTER_ID, None, DNS_FILTER, []) is False


@pytest.mark.parametrize("unknown", [UNKNOWN, UnresolvedRef("dns", "tmf")])
def test_answers_about_unknown_filters_are_unknown(table, unknown):
    assert table.accepts_packets(unknown) is None
    assert table.is_shadowed(unknown, [FILTER_ID]) is None
    assert table.is_shadowed(FILTER_ID, [OTHER_FILTER, str(unknown)]) is None
    assert table.takes_packets(unknown, FILTER_ID, OTHER_FILTER, []) is None
    assert table.takes_packets(FILTER_ID, None, UNKNOWN, []) is None
    assert table.takes_packets(FILTER_ID, UNKNOWN, OTHER_FILTER, []) is None
    assert table.takes_packets(FILTER_ID, None, OTHER_FILTER, [UNKNOWN]) is None


def test_equal_filters_need_not_be_known():
    table = FilterTable(unreadable="denied")
    assert table.unreadable == "denied"
    assert table.is_shadowed(UNKNOWN, [FILTER_ID, UNKNOWN]) is True
    assert table.is_shadowed(UNKNOWN, []) is False
    assert table.takes_packets(UNKNOWN, UNKNOWN, FILTER_ID, []) is False
    assert table.takes_packets(UNKNOWN, None, FILTER_ID, [FILTER_ID]) is False


def test_each_combination_is_decided_once(table, monkeypatch):
    """The combination, not the interface or the order of sessions, decides."""
    decided = []
    for name in ("accepts_packets", "is_shadowed", "takes_packets"):
        function = getattr(filter_overlap, name)
        monkeypatch.setattr(
            filter_table, name, lambda *rows, function=function: decided.append(rows) or function(*rows)
        )
    for _interface in range(50):
        table.accepts_packets(FILTER_ID)
        table.is_shadowed(OTHER_FILTER, [FILTER_ID, DNS_FILTER])
        table.is_shadowed(OTHER_FILTER, iter([DNS_FILTER, FILTER_ID]))
        table.takes_packets(ALL_FILTER, None, OTHER_FILTER, [DNS_FILTER, MIXED_FILTER])
        table.takes_packets(ALL_FILTER, None, OTHER_FILTER, [MIXED_FILTER, DNS_FILTER])
        table.takes_packets(ALL_FILTER, FILTER_ID, OTHER_FILTER, [MIXED_FILTER, DNS_FILTER])
    assert len(decided) == 4
