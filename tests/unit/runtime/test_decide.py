# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of transitions in executor.py: each row, by its text."""

from __future__ import annotations

import re

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Plan
from ansible_collections.vtap.aws.plugins.module_utils._runtime import executor
from ansible_collections.vtap.aws.plugins.module_utils._runtime.executor import FINAL_CODES, Step, decide
from ansible_collections.vtap.aws.plugins.module_utils._runtime.record import Failure, Record

from tests.unit.runtime.fake_ec2 import (
    CREATE,
    CREATE_FILTER,
    CREATE_NEXT_NUMBER,
    CREATE_RULE,
    DENIED,
    DUPLICATE_NUMBER,
    EXPIRED,
    INVALID,
    MODIFY,
    NO_CHANGE,
    NO_RESPONSE,
    NOT_FOUND,
    NOT_SENT,
    REJECTED_RETRY,
    THROTTLED,
    TOKEN_USED,
    filter_plan,
    session_plan,
)

ONE_CREATE, OTHER_NUMBER = session_plan(CREATE), session_plan(CREATE_NEXT_NUMBER)
FILTER_AND_RULE = filter_plan(CREATE_FILTER, CREATE_RULE)
REFUSED = Ec2Error("X", "InvalidParameterValue", "no")
INTERNAL_ERROR = Ec2Error("X", "InternalError", "sorry")
TOO_MANY = Ec2Error("X", "TrafficMirrorSessionsPerInterfaceLimitExceeded", "3 sessions")


def after_failures(*errors, plan=ONE_CREATE, seen=None):
    """Return the record of a task whose next call failed with these errors; seen: the plan of the look after that."""
    record = Record()
    record.follow(plan)
    return with_failures(record, *errors, seen=seen)


def with_failures(record, *errors, seen=None):
    for error in errors:
        record.fail(Failure(error, record.call_of(record.remaining[0])))
    record.seen = seen
    return record


def stale(*errors, seen=FILTER_AND_RULE):
    """Return the record of a task that created a filter, failed to create the rule, and does not see the filter."""
    record = Record()
    record.follow(FILTER_AND_RULE)
    record.complete(record.call_of(CREATE_FILTER), "tmf-new")
    record.position = 1
    return with_failures(record, *errors, seen=seen)


def completed():
    record = Record()
    record.follow(NO_CHANGE)
    return record


UNSEEN, STALE, SEEN = (
    "",
    "After that look, if its plan has a call that this task completed",
    "After that look, otherwise",
)
# By section and text of the row: the records, and the step.
ROWS = {
    (UNSEEN, "nothing"): (Step.LOOK, Record()),
    (UNSEEN, "the first plan"): (Step.FOLLOW, Record(seen=ONE_CREATE)),
    (UNSEEN, "the next call was not sent yet"): (Step.SEND, after_failures()),
    (UNSEEN, "no call remains"): (Step.FINISH, completed()),
    (UNSEEN, "the next call failed with a final error"): (
        Step.FAIL,
        *(after_failures(error) for error in (DENIED, THROTTLED, NOT_SENT, EXPIRED)),
        *(after_failures(Ec2Error("X", code, "no")) for code in sorted(FINAL_CODES)),
        *(after_failures(NO_RESPONSE, error) for error in (DENIED, THROTTLED, NOT_SENT)),
    ),
    (UNSEEN, "the next call failed otherwise"): (
        Step.LOOK,
        *(after_failures(error) for error in (REFUSED, NOT_FOUND, NO_RESPONSE, REJECTED_RETRY, TOKEN_USED, TOO_MANY)),
    ),
    (STALE, "EC2 refused the call, and eventual consistency may be the cause"): (
        Step.SEND,
        stale(NOT_FOUND),
        stale(NOT_FOUND, NOT_FOUND),
        stale(NO_RESPONSE, NOT_FOUND),
    ),
    (STALE, "the call may have been carried out, and was sent once"): (Step.SEND, stale(NO_RESPONSE)),
    (STALE, "otherwise"): (
        Step.LOOK,
        *(stale(error) for error in (REFUSED, TOKEN_USED)),
        stale(NO_RESPONSE, NO_RESPONSE),
        stale(NO_RESPONSE, REFUSED),
        stale(REFUSED, seen=filter_plan(CREATE_FILTER)),
    ),
    (SEEN, "the new plan does not have the call; it may have been carried out"): (
        Step.FOLLOW,
        *(after_failures(error, seen=NO_CHANGE) for error in (NO_RESPONSE, REJECTED_RETRY, INTERNAL_ERROR, TOKEN_USED)),
    ),
    (SEEN, "the new plan does not have the call; EC2 refused it"): (
        Step.FOLLOW,
        *(after_failures(error, seen=NO_CHANGE) for error in (REFUSED, DUPLICATE_NUMBER)),
        after_failures(NOT_FOUND, plan=session_plan(MODIFY), seen=ONE_CREATE),
    ),
    (SEEN, "the client token was used before: an earlier attempt was carried out"): (
        Step.LOOK,
        after_failures(TOKEN_USED, seen=ONE_CREATE),
        after_failures(NO_RESPONSE, TOKEN_USED, seen=OTHER_NUMBER),
    ),
    (SEEN, "EC2 refused the call, and eventual consistency may be the cause"): (
        Step.FOLLOW,
        *(after_failures(error, seen=ONE_CREATE) for error in (NOT_FOUND, DUPLICATE_NUMBER, TOO_MANY)),
    ),
    (SEEN, "the call may have been carried out, and was sent once"): (
        Step.FOLLOW,
        *(after_failures(error, seen=ONE_CREATE) for error in (NO_RESPONSE, REJECTED_RETRY, INTERNAL_ERROR)),
    ),
    (SEEN, "the call, or an earlier attempt, may have been carried out"): (
        Step.LOOK,
        after_failures(NO_RESPONSE, NO_RESPONSE, seen=ONE_CREATE),
        after_failures(NO_RESPONSE, REFUSED, seen=ONE_CREATE),
        after_failures(NO_RESPONSE, REFUSED, seen=OTHER_NUMBER),
    ),
    (SEEN, "EC2 refused the call, and the new plan has other parameters"): (
        Step.FOLLOW,
        after_failures(REFUSED, seen=OTHER_NUMBER),
    ),
    (SEEN, "EC2 refused the call"): (
        Step.FAIL,
        after_failures(REFUSED, seen=ONE_CREATE),
        after_failures(INVALID, seen=Plan((CREATE, MODIFY))),
    ),
}


def documented_rows():
    """Return the section and the first cell of each row of the table."""
    table = re.split(r"^=+ +=+$", executor.__doc__, flags=re.MULTILINE)[2]
    section, rows = UNSEEN, []
    for line in table.strip().splitlines():
        if line.startswith("After that look"):
            section = STALE if line.startswith(STALE) else SEEN
        elif line:
            rows.append((section, re.split(r"  +", line)[0]))
    return rows


def test_every_row_has_a_test():
    assert list(ROWS) == documented_rows()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0][:30]} {row[1]}".strip())
def test_row(row):
    step, *records = ROWS[row]
    assert records and [decide(record) for record in records] == [step] * len(records)
