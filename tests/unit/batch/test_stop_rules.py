# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When calls of an action are not sent any more."""

from __future__ import annotations

from itertools import chain, repeat

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._batch.stop_rules import (
    ACCOUNT_CODES,
    MAX_REFUSALS,
    QUOTA_CODES,
    StopRules,
)
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.batch.fakes import CREATE, MODIFY

ANY_CODES = ["InvalidParameterValue", "UnauthorizedOperation", "", "RequestLimitExceeded"]


def find_stop(outcomes, operation=CREATE):
    """The stop of an operation after these outcomes. outcomes: (operation, code), or (operation, None) for success."""
    rules = StopRules()
    for one, code in outcomes:
        if code is None:
            rules.add_success(one)
        else:
            rules.add_refusal(one, Ec2Error(one, code, "no"))
    return rules.find([operation])


@pytest.mark.parametrize("code", ANY_CODES)
def test_stop_after_fifty_refusals(code):
    assert find_stop(repeat((CREATE, code), MAX_REFUSALS - 1)) is None
    stop = find_stop(repeat((CREATE, code), MAX_REFUSALS))
    assert stop.code == code and stop.reason.startswith("Not tried after 50 failures in a row: ")
    assert CREATE in stop.reason and code in stop.reason


@pytest.mark.parametrize("code", ANY_CODES)
def test_other_actions_continue(code):
    assert find_stop(repeat((CREATE, code), 1000), MODIFY) is None


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(1, 30)), max_size=12))
def test_action_stops_only_after_fifty_refusals_of_one_code_without_success(sequences):
    """The same rule in other words: a part of the outcomes without a success has one code at least fifty times."""
    codes, parts = [code for code, count in sequences for _number in range(count)], [[]]
    for code in codes:
        parts = [*parts, []] if code is None else parts
        parts[-1] += [code] if code else []
    longest = max(part.count(code) for part in parts for code in "ab")
    assert (find_stop((CREATE, code) for code in codes) is not None) == (longest >= MAX_REFUSALS)


@pytest.mark.parametrize(
    "outcomes",
    [
        [*repeat("a", 49), None, *repeat("a", 49)],
        [*repeat("a", 49), *repeat("b", 49), *repeat("c", 49)],
        list(chain.from_iterable(repeat(["a", None], 500))),
        [str(number) for number in range(500)],
    ],
)
def test_other_mixes_do_not_stop(outcomes):
    assert find_stop((CREATE, code) for code in outcomes) is None


def test_success_of_another_action_does_not_count():
    outcomes = chain.from_iterable(repeat([(CREATE, "a"), (MODIFY, None)], MAX_REFUSALS))
    assert find_stop(outcomes) is not None


def test_success_does_not_lift_a_stop():
    """Calls of other workers can end after the stop."""
    assert find_stop([*repeat((CREATE, "a"), MAX_REFUSALS), (CREATE, None)]) is not None


@pytest.mark.parametrize("operation", [CREATE, MODIFY])
@pytest.mark.parametrize("code", sorted(ACCOUNT_CODES))
def test_account_codes_stop_all_actions_at_once(code, operation):
    stop = find_stop([(CREATE, code)], operation)
    assert stop.code == code and stop.reason.startswith("Not tried after this failure: CreateTrafficMirrorSession")


@pytest.mark.parametrize("code", sorted(QUOTA_CODES))
def test_quotas_stop_one_action_at_once(code):
    assert find_stop([(CREATE, code)]).code == code
    assert find_stop([(CREATE, code)], MODIFY) is None


@pytest.mark.parametrize(
    "code", ["TrafficMirrorSourcesPerTargetLimitExceeded", "TrafficMirrorSessionsPerInterfaceLimitExceeded"]
)
def test_quotas_of_one_object_do_not_stop(code):
    assert find_stop([(CREATE, code)]) is None


def test_first_failure_is_the_reason():
    assert find_stop([(CREATE, "RequestExpired"), (CREATE, "AuthFailure")]).code == "RequestExpired"
    outcomes = chain.from_iterable(zip(repeat((CREATE, "a"), MAX_REFUSALS), repeat((CREATE, "b"), MAX_REFUSALS + 1)))
    assert find_stop(outcomes).code == "a"


def test_any_of_several_actions_stops():
    rules = StopRules()
    rules.add_refusal(MODIFY, Ec2Error(MODIFY, "TrafficMirrorSessionLimitExceeded", "no"))
    assert rules.find([CREATE, MODIFY]) is not None and rules.find([CREATE]) is None and rules.find([]) is None
