# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fake of Ec2 with scripted errors, and actions and plans for it."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import CreatedIdRef
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Action, Plan
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, RULE, SESSION

NEW_SESSION, NEW_FILTER = CreatedIdRef(SESSION, "web"), CreatedIdRef(FILTER, "dns")
ROW = {"TrafficMirrorSessionId": "tms-new", "NetworkInterfaceId": "eni-1", "SessionNumber": 1}
CREATE = Action(
    "CreateTrafficMirrorSession", {"SessionNumber": 1}, "session", "new", resource_type=SESSION, creates=NEW_SESSION
)
CREATE_NEXT_NUMBER = Action(
    "CreateTrafficMirrorSession", {"SessionNumber": 2}, "session", "new", resource_type=SESSION, creates=NEW_SESSION
)
MODIFY = Action(
    "ModifyTrafficMirrorSession", {"Description": "x"}, "session tms-1", "description", resource_type=SESSION
)
DELETE = Action("DeleteTrafficMirrorSession", {}, "session tms-1", "absent", missing_is_success=True)
TAG = Action("CreateTags", {"Tags": []}, "session tms-1", "tags")
UNTAG_NEW = Action("DeleteTags", {"Resources": [NEW_SESSION], "Tags": [{"Key": "old"}]}, "session", "replaced")
NO_CHANGE = Plan(before={"tags": {}}, after={"tags": {}})
DUPLICATE_NUMBER = Ec2Error("CreateTrafficMirrorSession", "InvalidParameterValue", "number is already being used")
NOT_FOUND = Ec2Error("X", "InvalidTrafficMirrorSessionId.NotFound", "gone")
DENIED = Ec2Error("X", "UnauthorizedOperation", "no")
NO_RESPONSE = Ec2Error("X", "", "connection closed")
THROTTLED = Ec2Error("X", "RequestLimitExceeded", "slow down", retried=True)
NOT_SENT = Ec2Error("X", "EndpointConnectionError", "no route", sent=False)
EXPIRED = Ec2Error("X", "RequestExpired", "expired")
INVALID = Ec2Error("X", "InvalidParameterValue", "no")
TOKEN_USED = Ec2Error("X", "IdempotentParameterMismatch", "other parameters")
REJECTED_RETRY = Ec2Error("X", "InvalidParameterValue", "already mirrored", retried=True)


class FakeEc2:
    """An Ec2 whose calls raise the errors of a script in order (None for success).

    calls, params, tokens: the operation, the parameters and the client token of each call. checked: the operations and
    parameters of the dry runs, which return the errors in C(denials) by operation.
    """

    arn_base = "arn:aws:ec2:eu-west-1"

    def __init__(self, *script, denials=()):
        self.script, self.calls, self.params, self.tokens = list(script), [], [], []
        self.checked, self.denials = [], dict(denials)

    def call(self, operation, **params):
        self.calls.append(operation)
        self.tokens.append(params.pop("ClientToken", None))
        self.params.append(params)
        errors = [error for error in self.script[:1] if error]
        del self.script[:1]
        if errors:
            raise errors[0]
        return {"TrafficMirrorSession": ROW}

    def dry_run(self, operation, **params):
        self.checked.append((operation, params))
        return self.denials.get(operation)


def planner(*script):
    """Return a planner that returns or raises these in order, and the last one from then on."""
    remaining = list(script)

    def make_plan():
        plan = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        if isinstance(plan, Exception):
            raise plan
        return plan

    return make_plan


def session_plan(*actions, **fields):
    """Return a plan for a session. fields: further fields of Plan."""
    return Plan(actions, after={"tags": {}}, **fields)


CREATE_FILTER = Action("CreateTrafficMirrorFilter", {}, "filter", "new", resource_type=FILTER, creates=NEW_FILTER)
CREATE_RULE = Action(
    "CreateTrafficMirrorFilterRule",
    {"TrafficMirrorFilterId": NEW_FILTER, "TrafficDirection": "ingress", "RuleNumber": 1},
    "rule",
    "new",
    resource_type=RULE,
    creates=CreatedIdRef(RULE, "ingress 1"),
)
SWITCH_SESSION = Action("ModifyTrafficMirrorSession", {"TrafficMirrorFilterId": NEW_FILTER}, "session", "moves")
DELETE_FILTER = Action("DeleteTrafficMirrorFilter", {}, "filter tmf-old", "replaced", missing_is_success=True)
RULE_ROW = {"TrafficMirrorFilterRuleId": "tmfr-1", "TrafficMirrorFilterId": "tmf-new", "RuleNumber": 1}
RULE_ROW.update(TrafficDirection="ingress", RuleAction="accept", SourceCidrBlock="::/0", DestinationCidrBlock="::/0")
FILTER_NOT_FOUND = Ec2Error("X", "InvalidTrafficMirrorFilterId.NotFound", "not yet")
FILTER_IN_USE = Ec2Error("X", "TrafficMirrorFilterInUse", "still in use")


class FakeFilterEc2(FakeEc2):
    """Responds with a filter and a rule."""

    def call(self, operation, **params):
        super().call(operation, **params)
        return {"TrafficMirrorFilter": {"TrafficMirrorFilterId": "tmf-new"}, "TrafficMirrorFilterRule": RULE_ROW}


def filter_plan(*actions, **fields):
    """Return a plan for a filter with a rule. fields: further fields of Plan."""
    rule = {"direction": "ingress", "rule_number": 1, "tags": {"Why": "dns"}}
    return Plan(actions, after={"rules": [rule], "tags": {"Name": "f"}}, **fields)
