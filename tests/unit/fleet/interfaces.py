# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builders of interfaces and selectors, for the tests of selection and eligibility."""

from __future__ import annotations

import re
from dataclasses import replace

from ansible_collections.vtap.aws.plugins.module_utils._fleet.selection import Instance, Interface, Selector

ENIS = ("eni-0a1b2c3d", "eni-0a1b2c3e")
MACHINES = ("i-0a1b2c3d", "i-0a1b2c3e")
VPCS = ("vpc-0a1b2c3d", "vpc-0a1b2c3e")
SUBNETS = ("subnet-0a1b2c3d", "subnet-0a1b2c3e")
ZONES = ("eu-west-1a", "eu-west-1b")
MACHINE = Instance(MACHINES[0], "m5.large", "running", {"Mirror": "yes"})
INTERFACE = Interface(
    id=ENIS[0],
    owner_id="123456789012",
    vpc_id=VPCS[0],
    subnet_id=SUBNETS[0],
    zone=ZONES[0],
    type="interface",
    managed_by="",
    ipv6_only=False,
    primary=True,
    tags={},
    attached_to=MACHINE.id,
    instance=MACHINE,
)
DETACHED = replace(INTERFACE, attached_to="", instance=None)
NOT_VISIBLE = replace(INTERFACE, instance=None)


def interface(tags=None, **instance_fields):
    """Return an interface with these tags. instance_fields: of its instance."""
    return replace(INTERFACE, tags=tags or {}, instance=replace(MACHINE, **instance_fields))


def source(**options):
    """Return the first entry of sources."""
    return Selector.from_options("sources[0]", options, False)


def exclusion(**options):
    """Return the first entry of exclude."""
    return Selector.from_options("exclude[0]", options, True)


def matches_as_regex(value, text):
    """Whether a value matches, by a regular expression."""
    if not re.search(r"[*?]", value):
        return value == text
    pieces = re.findall(r"\\.|[^\\]|\\$", value, re.DOTALL)
    regex = "".join({"*": "(?s:.*)", "?": "(?s:.)"}.get(piece) or re.escape(piece[-1]) for piece in pieces)
    return re.fullmatch(regex, text) is not None
