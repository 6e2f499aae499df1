# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of selection: what matches, what is explained, and which API filters are used."""

from __future__ import annotations

import itertools
from dataclasses import replace

from ansible_collections.vtap.aws.plugins.module_utils._fleet.selection import (
    Instance,
    Selector,
    build_api_filters,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fleet.interfaces import ENIS, INTERFACE, MACHINES, SUBNETS, VPCS, ZONES, matches_as_regex


def subsets(values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


TAG_VALUES = ("yes", "no", "", "y*", "?o")
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "network_interface_ids": subsets(ENIS),
        "instance_ids": subsets(MACHINES),
        "vpc_ids": subsets(VPCS),
        "subnet_ids": subsets(SUBNETS),
        "availability_zones": subsets(ZONES),
        "instance_types": subsets(["m5.large", "m5.*", "c?.large", "*"]),
        "tags": st.dictionaries(
            st.sampled_from(["Mirror", "Role"]), st.one_of(st.sampled_from(TAG_VALUES), subsets(TAG_VALUES)), min_size=1
        ),
        "tag_source": st.sampled_from(["any", "interface", "instance"]),
        "interfaces": st.sampled_from(["all", "primary"]),
        "instance_states": subsets(["running", "stopped", "terminated"]),
    },
).filter(lambda options: set(options) - {"tag_source", "interfaces", "instance_states"})
TAGS = st.dictionaries(st.sampled_from(["Mirror", "Role"]), st.sampled_from(["yes", "no", ""]))
MACHINE_VALUES = st.builds(
    Instance,
    st.sampled_from(MACHINES),
    st.sampled_from(["m5.large", "c5.large", "t2.micro"]),
    st.sampled_from(["running", "stopped"]),
    TAGS,
)


@st.composite
def interfaces(draw):
    machine = draw(st.none() | MACHINE_VALUES)
    return replace(
        INTERFACE,
        id=draw(st.sampled_from(ENIS)),
        vpc_id=draw(st.sampled_from(VPCS)),
        subnet_id=draw(st.sampled_from(SUBNETS)),
        zone=draw(st.sampled_from(ZONES)),
        primary=draw(st.booleans()),
        tags=draw(TAGS),
        attached_to=machine.id if machine else draw(st.sampled_from(["", MACHINES[0]])),
        instance=machine,
    )


def as_list(value):
    return value if isinstance(value, list) else [value]


def matches_by_definition(options, candidate, excludes):
    """Whether an interface matches the options, criterion by criterion as documented."""
    machine, tag_source = candidate.instance, options.get("tag_source", "any")
    own = candidate.tags if tag_source != "instance" else {}
    inherited = machine.tags if machine and tag_source != "interface" else {}
    states = options.get("instance_states", None if excludes else ["running"])

    def allows(option, value):
        return option not in options or value in options[option]

    def allows_tag(key, allowed):
        values = [tags[key] for tags in (own, inherited) if key in tags]
        values = values if excludes else values[:1]
        return any(matches_as_regex(one, value) for one, value in itertools.product(as_list(allowed), values))

    return (
        allows("network_interface_ids", candidate.id)
        and allows("instance_ids", candidate.attached_to)
        and allows("vpc_ids", candidate.vpc_id)
        and allows("subnet_ids", candidate.subnet_id)
        and allows("availability_zones", candidate.zone)
        and (options.get("interfaces") != "primary" or candidate.primary)
        and (states is None or machine is None or machine.state in states)
        and (
            "instance_types" not in options
            or (machine is not None and any(matches_as_regex(one, machine.type) for one in options["instance_types"]))
        )
        and all(allows_tag(key, allowed) for key, allowed in options.get("tags", {}).items())
    )


@given(options=OPTIONS, candidate=interfaces(), excludes=st.booleans())
def test_match_is_as_defined_and_mismatches_are_explained(options, candidate, excludes):
    selector = Selector.from_options("sources[0]", options, excludes)
    is_match = matches_by_definition(options, candidate, excludes)
    assert selector.matches(candidate) is is_match
    assert bool(selector.explain_mismatch(candidate)) is not is_match
    any_state = {**options, "instance_states": ["running", "stopped"]}
    assert selector.matches_except_state(candidate) is matches_by_definition(any_state, candidate, excludes)


# Values of a filter of DescribeNetworkInterfaces.
FILTERED = {
    "network-interface-id": lambda candidate: candidate.id,
    "attachment.instance-id": lambda candidate: candidate.attached_to,
    "vpc-id": lambda candidate: candidate.vpc_id,
    "subnet-id": lambda candidate: candidate.subnet_id,
    "availability-zone": lambda candidate: candidate.zone,
}


@given(
    entries=st.lists(OPTIONS, min_size=1, max_size=3),
    candidates=st.lists(interfaces(), max_size=5),
    max_values=st.integers(0, 6),
)
def test_api_filters_pass_all_matches(entries, candidates, max_values):
    sources = [Selector.from_options("sources[0]", options, False) for options in entries]
    filters = build_api_filters(sources, max_values)
    assert sum(map(len, filters.values())) <= max_values
    for candidate in candidates:
        if any(selector.matches(candidate) for selector in sources):
            assert all(FILTERED[name](candidate) in values for name, values in filters.items())
