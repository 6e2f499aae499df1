# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules as module options and as described by EC2, and a strategy for lists of rules."""

from __future__ import annotations

import ipaddress

from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, RULE
from ansible_collections.vtap.aws.plugins.module_utils._resources import filter as filter_resource
from hypothesis import strategies as st

CIDRS = ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "192.168.0.0/16", "::/0", "2001:db8::/32"]


def rule(number=100, direction="ingress", action="accept", **more):
    """Return one entry of the option rules."""
    base = {"source_cidr": "0.0.0.0/0", "destination_cidr": "0.0.0.0/0"}
    return {"direction": direction, "rule_number": number, "action": action, **base, **more}


def desired_state(entries, **options):
    """Return the validated desired state of a filter with these rules."""
    params = {
        "state": "present",
        "name": "f",
        "purge_tags": True,
        "allow_replacement": False,
        "adopt": False,
        "purge_rules": True,
    }
    desired = DesiredState.from_options(FILTER, {**params, "rules": entries, **options})
    filter_resource.check(desired)
    return desired


def described_rules(entries, tags=None):
    """Return the rules as described by EC2, with ids and the same tags for each."""
    children = desired_state(entries).children
    return [
        {**child.values, "tags": tags or {}, RULE.id_option: f"tmfr-{at:017x}"}
        for at, child in enumerate(children, start=1)
    ]


def rule_values(row):
    """Return the rule without its id and tags."""
    return {field.option: row[field.option] for field in RULE.fields}


PORT_MATCHES = st.fixed_dictionaries(
    {"protocol": st.sampled_from(["tcp", "udp"])},
    optional={
        "source_port": st.sampled_from(["1", "53", "1-100", "50-443"]),
        "destination_port": st.sampled_from(["53", "443", "1-100", "50-443", "0-65535"]),
    },
)
MATCHES = st.one_of(st.just({}), PORT_MATCHES, st.sampled_from([{"protocol": "icmp"}, {"protocol": "47"}]))


@st.composite
def rule_lists(draw, numbers=(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100, 32766), sizes=(0, 10)):
    """Draw a valid value of the option rules with overlapping matches.

    sizes: the minimum and maximum number of rules, before the list is limited to ten rules in each direction.
    """
    pairs = st.tuples(st.sampled_from(["ingress", "egress"]), st.sampled_from(numbers))
    keys = draw(st.sets(pairs, min_size=sizes[0], max_size=sizes[1]))
    for direction in ("ingress", "egress"):
        keys -= set(sorted(key for key in keys if key[0] == direction)[10:])
    drawn = []
    for direction, number in sorted(keys):
        version = draw(st.sampled_from([4, 4, 6]))
        cidrs = [cidr for cidr in CIDRS if ipaddress.ip_network(cidr).version == version]
        more = {"source_cidr": draw(st.sampled_from(cidrs)), "destination_cidr": draw(st.sampled_from(cidrs))}
        more["description"] = draw(st.sampled_from(["", "", "x"]))
        action = draw(st.sampled_from(["accept", "accept", "reject"]))
        drawn.append(rule(number, direction, action, **more, **draw(MATCHES)))
    return drawn
