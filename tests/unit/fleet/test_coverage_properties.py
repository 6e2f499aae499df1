# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of coverage, whatever the state and the options."""

from __future__ import annotations

from collections import Counter

from ansible_collections.vtap.aws.plugins.module_utils._fleet.coverage import CLASSES
from ansible_collections.vtap.aws.plugins.module_utils._resources.filter_overlap import has_packet
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fleet.builders import (
    FILTERS,
    FLEETS,
    PROPERTY,
    aws_states,
    filters_of,
    gets_packet,
    is_owned,
    list_lower,
    measure,
    on_interface,
)


@PROPERTY
@given(FLEETS, aws_states(), st.booleans())
def test_coverage_adds_up(one_fleet, state, hold):
    coverage, _sessions = measure(one_fleet, state, hold)
    result = coverage.describe()
    counts = {name: result[name] for name in CLASSES}
    assert result["selected"] == sum(counts.values())
    assert result["eligible"] == result["mirrored"] + result["unmirrored"]
    reasons = Counter()
    for row in result["reasons"]:
        assert row["reason"] and row["count"] > 0
        reasons[row["class"]] += row["count"]
    assert reasons == Counter({name: count for name, count in counts.items() if count and name != "mirrored"})
    listed = [one for name in CLASSES for ids in coverage.classes[name].values() for one in ids]
    assert len(listed) == len(set(listed)) == result["selected"]
    assert result["unmirrored_interfaces"] == sorted(
        one for ids in coverage.classes["unmirrored"].values() for one in ids
    )


@PROPERTY
@given(FLEETS, aws_states(), st.booleans())
def test_every_selected_interface_counts(one_fleet, state, hold):
    """The tags select an interface, whatever the state of its instance. Reference: the tags."""
    coverage, _sessions = measure(one_fleet, state, hold)
    listed = {one for name in CLASSES for ids in coverage.classes[name].values() for one in ids}
    ended = {one.id for one in state.interfaces if one.instance and one.instance.state == "terminated"}
    hidden = {one.id for one in state.interfaces if one.attached_to and one.instance is None}
    tags = {one.id: {**(one.instance.tags if one.instance else {}), **one.tags} for one in state.interfaces}
    selected = {key for key, one in tags.items() if "Mirror" in one}
    assert listed - hidden == selected - ended - hidden
    excluded = {one for ids in coverage.classes["excluded"].values() for one in ids}
    assert excluded - hidden == {one for one in selected - ended - hidden if "Role" in tags[one]}


@PROPERTY
@given(FLEETS, aws_states(), st.booleans())
def test_mirrored_interfaces_get_packets(one_fleet, state, hold):
    """Reference: a packet that the session mirrors, a running instance, and a target that works."""
    coverage, sessions = measure(one_fleet, state, hold)
    interfaces = {one.id: one for one in state.interfaces}
    unreadable = {one for one in FILTERS if state.filters.accepts_packets(one) is None}
    for name in ("mirrored", "unmirrored"):
        for interface_id in (one for ids in coverage.classes[name].values() for one in ids):
            assert interfaces[interface_id].instance.state == "running"
            here = on_interface(interface_id, sessions)
            working = [
                one
                for one in here
                if is_owned(one_fleet, one) and not state.destinations[one["traffic_mirror_target_id"]].problem
            ]
            is_known = unreadable.isdisjoint(one["traffic_mirror_filter_id"] for one in here)
            if is_known:
                assert any(gets_packet(one, here) for one in working) is (name == "mirrored")
            assert working or name == "unmirrored"


@PROPERTY
@given(FLEETS, aws_states(), st.booleans())
def test_sessions_that_mirror_nothing_are_dead_or_of_stopped_instances(one_fleet, state, hold):
    coverage, sessions = measure(one_fleet, state, hold)
    dead = [one for one, _reason in coverage.dead]
    assert all(is_owned(one_fleet, one) and reason for one, reason in coverage.dead)
    assert all(one in sessions for one in dead) and all(dead.count(one) == 1 for one in dead)
    stopped = {one for ids in coverage.classes["stopped"].values() for one in ids}
    assert coverage.stopped_sessions == sum(
        is_owned(one_fleet, one) and one["network_interface_id"] in stopped for one in sessions
    )
    assert not stopped & {one["network_interface_id"] for one in dead}
    readable = [one for one in FILTERS if state.filters.accepts_packets(one) is not None]
    for one in sessions:
        here = on_interface(one["network_interface_id"], sessions)
        is_known = all(other["traffic_mirror_filter_id"] in readable for other in here)
        if is_owned(one_fleet, one) and one["network_interface_id"] not in stopped and is_known:
            assert gets_packet(one, here) or one in dead


@PROPERTY
@given(FLEETS, aws_states(), st.booleans())
def test_victims_lose_packets_to_the_fleet(one_fleet, state, hold):
    """Reference: without the fleet, a victim would mirror a packet that a session of the fleet mirrors."""
    coverage, sessions = measure(one_fleet, state, hold)
    stopped = {one for ids in coverage.classes["stopped"].values() for one in ids}
    inactive = [one for one, _reason in coverage.dead]
    inactive += [one for one in sessions if one["network_interface_id"] in stopped]
    unreadable = {one for one in FILTERS if state.filters.accepts_packets(one) is None}
    for victim in sessions:
        here = on_interface(victim["network_interface_id"], sessions)
        own = [one for one in list_lower(victim, here) if is_owned(one_fleet, one) and one not in inactive]
        others = [one for one in list_lower(victim, here) if not is_owned(one_fleet, one)]
        if unreadable.isdisjoint(one["traffic_mirror_filter_id"] for one in here):
            loses = any(has_packet(filters_of([one, victim]), filters_of(others)) for one in own)
            is_victim = loses and not is_owned(one_fleet, victim)
            assert coverage.victims.count(victim) == is_victim
