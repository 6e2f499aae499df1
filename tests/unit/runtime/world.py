# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An Ec2 in memory with a lag, client tokens and a scripted outcome for each call."""

from __future__ import annotations

import copy

from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.api_objects import from_api
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, RULE, SESSION, TARGET

# What happens to a call. "refused": a code that is not due to a lag. "stale": a code that may be.
OUTCOMES = ("ok", "lost after", "lost before", "refused", "stale", "refused retry", "executed retry", "expired", "slow")
ACCOUNT = "123456789012"


class WorldEc2:
    """Filters, sessions and targets in memory.

    outcomes: of the write calls in order, then "ok". reads: outcomes of the Describe calls: "ok" or an error code. lag:
    the number of Describe calls that return the state before a write. references: whether calls that name a filter that
    Describe does not return yet fail.
    """

    arn_base = "arn:aws:ec2:eu-west-1"
    region = "eu-west-1"

    def __init__(self, outcomes=(), reads=(), lag=0, references=False):
        self.outcomes, self.reads, self.lag, self.references = list(outcomes), list(reads), lag, references
        self.objects = {FILTER: {}, SESSION: {}, TARGET: {}}
        self.visible, self.remaining = None, 0
        self.tokens, self.created, self.count = {}, [], 0

    def is_foreign(self, owner):
        return False

    def interface(self, _interface_id):
        return None

    def describe(self, resource_type, ids=(), filters=None, child_tags=False):
        code = self.reads.pop(0) if self.reads else "ok"
        if code != "ok":
            raise Ec2Error(f"Describe{resource_type.api}s", code, "no")
        objects = self.shown()
        if self.remaining:
            self.remaining -= 1
        rows = [from_api(resource_type, copy.deepcopy(row), self.arn_base) for row in objects[resource_type].values()]
        for name, values in (filters or {}).items():
            rows = [row for row in rows if row[name.replace("-", "_")] in values]
        return sorted(
            (row for row in rows if not ids or row[resource_type.id_option] in ids),
            key=lambda row: row[resource_type.id_option],
        )

    def shown(self):
        """Return the objects that Describe returns now."""
        return self.visible if self.remaining else self.objects

    def dry_run(self, operation, **params):
        return None

    def call(self, operation, **params):
        outcome = self.outcomes.pop(0) if self.outcomes else "ok"
        if outcome == "lost before":
            raise Ec2Error(operation, "", "connection closed")
        is_deletion = operation.startswith("Delete") and operation != "DeleteTags"
        refusals = {
            "refused": ("UnsupportedOperation", False),
            "stale": ("TrafficMirrorFilterInUse" if is_deletion else "InvalidTrafficMirrorFilterId.NotFound", False),
            "refused retry": ("InvalidParameterValue", True),
            "expired": ("RequestExpired", False),
            "slow": ("RequestLimitExceeded", False),
        }
        if outcome in refusals:
            code, retried = refusals[outcome]
            raise Ec2Error(operation, code, "no", retried)
        reply = self.execute(operation, params)
        if outcome == "lost after":
            raise Ec2Error(operation, "", "connection closed")
        if outcome == "executed retry":
            raise Ec2Error(operation, "InvalidParameterValue", "already done", True)
        return reply

    def execute(self, operation, params):
        """Carry out a call. Returns the response, as of a call with the same client token if there was one."""
        params = copy.deepcopy(params)
        token = params.pop("ClientToken", None)
        if token in self.tokens:
            known, reply = self.tokens[token]
            if known != params:
                raise Ec2Error(operation, "IdempotentParameterMismatch", "other parameters")
            return copy.deepcopy(reply)
        self.check_references(operation, params)
        before = {one: copy.deepcopy(objects) for one, objects in self.shown().items()}
        reply = getattr(self, f"do_{operation[:6]}")(operation, params)
        if self.lag:
            self.visible, self.remaining = before, self.lag
        if token is not None:
            self.tokens[token] = (params, copy.deepcopy(reply))
        return reply

    def check_references(self, operation, params):
        known = self.shown() if self.references else self.objects
        filter_id = params.get("TrafficMirrorFilterId")
        if filter_id is not None and filter_id not in {**known[FILTER]}.keys() & self.objects[FILTER].keys():
            raise Ec2Error(operation, "InvalidTrafficMirrorFilterId.NotFound", "no such filter")

    def new_id(self, resource_type):
        self.count += 1
        return f"{resource_type.prefix}-{self.count:017x}"

    def do_Create(self, operation, params):  # noqa: N802
        if operation == "CreateTags":
            return self.tag(params, lambda tags, pairs: {**tags, **pairs})
        resource_type = next(one for one in (RULE, FILTER, SESSION, TARGET) if operation == f"Create{one.api}")
        specification = params.pop("TagSpecifications", [])
        tags = specification[0]["Tags"] if specification else []
        row = {**params, resource_type.id_member: self.new_id(resource_type), "Tags": tags}
        if resource_type is RULE:
            rows = self.rules_of(params["TrafficMirrorFilterId"], params["TrafficDirection"])
            if any(one["RuleNumber"] == row["RuleNumber"] for one in rows):
                raise Ec2Error(operation, "TrafficMirrorFilterRuleAlreadyExists", "taken")
            rows.append(row)
        else:
            defaults = {
                FILTER: {"IngressFilterRules": [], "EgressFilterRules": [], "NetworkServices": []},
                SESSION: {"VirtualNetworkId": self.count, "OwnerId": ACCOUNT},
                TARGET: {"OwnerId": ACCOUNT},
            }
            if resource_type is SESSION:
                self.check_number(operation, row)
            self.objects[resource_type][row[resource_type.id_member]] = {**defaults[resource_type], **row}
        self.created.append(row[resource_type.id_member])
        return {resource_type.api: row}

    def check_number(self, operation, row):
        key = ("NetworkInterfaceId", "SessionNumber")
        if any(all(row[one] == other[one] for one in key) for other in self.objects[SESSION].values()):
            raise Ec2Error(operation, "InvalidParameterValue", "number is already being used")

    def do_Modify(self, operation, params):  # noqa: N802
        if operation == "ModifyTrafficMirrorFilterNetworkServices":
            row = self.objects[FILTER][params["TrafficMirrorFilterId"]]
            added = params.get("AddNetworkServices", [])
            if set(added) & set(row["NetworkServices"]):
                raise Ec2Error(operation, "InvalidParameterValue", "already mirrored")
            kept = [one for one in row["NetworkServices"] if one not in params.get("RemoveNetworkServices", [])]
            row["NetworkServices"] = kept + added
            return {FILTER.api: row}
        session_id = params.pop("TrafficMirrorSessionId")
        self.objects[SESSION][session_id].update(params)
        return {SESSION.api: self.objects[SESSION][session_id]}

    def do_Delete(self, operation, params):  # noqa: N802
        if operation == "DeleteTags":
            return self.tag(params, lambda tags, pairs: {key: tags[key] for key in tags if key not in pairs})
        resource_type = next(one for one in (FILTER, SESSION, TARGET) if operation == f"Delete{one.api}")
        deleted = params[resource_type.id_member]
        if resource_type is FILTER and any(
            one["TrafficMirrorFilterId"] == deleted for one in self.objects[SESSION].values()
        ):
            raise Ec2Error(operation, "TrafficMirrorFilterInUse", "in use")
        if self.objects[resource_type].pop(deleted, None) is None:
            raise Ec2Error(operation, f"Invalid{resource_type.id_member}.NotFound", "gone")
        return {}

    def rules_of(self, filter_id, direction):
        return self.objects[FILTER][filter_id][f"{direction.title()}FilterRules"]

    def tag(self, params, change):
        for resource_id in params["Resources"]:
            rows = [objects[resource_id] for objects in self.objects.values() if resource_id in objects]
            if not rows:
                raise Ec2Error("CreateTags", "InvalidID", "no such resource")
            tags = change(
                {tag["Key"]: tag["Value"] for tag in rows[0]["Tags"]},
                {tag["Key"]: tag.get("Value", "") for tag in params["Tags"]},
            )
            rows[0]["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        return {}
