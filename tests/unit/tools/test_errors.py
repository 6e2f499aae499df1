# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page on errors has all codes of the code, with the texts of the messages."""

from __future__ import annotations

import re

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.denials import POLICIES
from ansible_collections.vtap.aws.plugins.module_utils._ec2.remedies import REMEDIES

from tools import errors


def test_the_page_is_what_the_tables_say():
    page = errors.PAGE.read_text()
    assert page == errors.written(page), "run python -m tools.errors"


def test_every_code_is_in_one_group():
    assert sorted(code for group in errors.GROUPS for code in group.meanings) == sorted(REMEDIES)


def test_a_group_has_meanings_for_all_codes_or_for_none():
    assert {len(set(map(bool, group.meanings.values()))) for group in errors.GROUPS} == {1}


def test_page_shows_every_code_and_no_placeholder():
    page = errors.PAGE.read_text()
    shown = re.findall(r"``([\w.]+)``", page)
    assert {*shown} >= {errors.spell(code) for code in REMEDIES}
    assert all(f"``{policy}``" in page for policy in POLICIES)
    assert "{action}" not in page


@pytest.mark.parametrize(
    ("code", "spelling"),
    [
        ("TrafficMirrorTarget.NotFound", "InvalidTrafficMirrorTargetId.NotFound"),
        ("NetworkInterface.Malformed", "InvalidNetworkInterfaceID.Malformed"),
        ("NetworkLoadBalancer.NotFound", "InvalidNetworkLoadBalancerArn.NotFound"),
        ("InvalidTagKey.Malformed", "InvalidTagKey.Malformed"),
        ("InvalidID", "InvalidID"),
    ],
)
def test_spelling(code, spelling):
    assert errors.spell(code) == spelling


def test_a_missing_marker_is_an_error():
    with pytest.raises(SystemExit, match="no markers for codes"):
        errors.written("Errors\n")
